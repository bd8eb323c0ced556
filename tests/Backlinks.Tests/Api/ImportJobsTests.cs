using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Api;

/// <summary>Imports of files of the service's machine and of files that are sent; runs removed when new ones come.</summary>
public sealed class ImportJobsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Only_files_below_the_folders_allowed_are_read()
    {
        string root = _folder.NewFolder(), outside = _folder.NewFolder();
        File.Copy(Inputs.Dataset("sample", "garden.tsv"), Path.Combine(outside, "secret.tsv"));
        File.Copy(Inputs.Dataset("sample", "garden.tsv"), Path.Combine(root, "garden.tsv"));
        Directory.CreateDirectory(root + "-beside");
        File.Copy(Inputs.Dataset("sample", "garden.tsv"), Path.Combine(root + "-beside", "garden.tsv"));
        File.CreateSymbolicLink(Path.Combine(root, "link.tsv"), Path.Combine(outside, "secret.tsv"));
        Directory.CreateSymbolicLink(Path.Combine(root, "linked"), outside);
        Directory.CreateSymbolicLink(Path.Combine(Directory.CreateDirectory(Path.Combine(root, "deep", "er")).FullName, "linked"), outside);
        await using JobService service = await JobService.StartAsync(Data, options => options with { ImportRoots = [root] });
        foreach (string path in new[] { "../x", "..", Path.Combine(outside, "secret.tsv"), root + "-beside/garden.tsv", root + "/../" + Path.GetFileName(outside) + "/secret.tsv", "/etc/passwd", "a\0b", "link.tsv", "linked/secret.tsv", "linked", "deep" })
        {
            JsonElement problem = await service.ProblemAsync(HttpStatusCode.BadRequest, "imports", new { paths = new[] { path } });
            Assert.Equal("paths", problem.GetProperty("errors")[0].GetProperty("field").GetString());
            Assert.Equal("profile", (await service.ProblemAsync(HttpStatusCode.BadRequest, "runs", new { profile = path })).GetProperty("errors")[0].GetProperty("field").GetString());
        }
        Assert.Empty(service.Jobs.List());
        await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { "garden.tsv" } }), "done");
        JsonElement again = await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { Path.Combine(root, "garden.tsv") } }), "done");
        Assert.False(again.GetProperty("result").GetProperty("counts").GetProperty("new").GetBoolean());
        JsonElement missing = await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { "nothing.tsv" } }), "failed");
        Assert.Contains("there is no such file", missing.GetProperty("error").GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Files_that_are_sent_are_imported_and_removed()
    {
        await using JobService service = await JobService.StartAsync(Data, options => options with { MaxUploadBytes = 100_000, MaxBodyBytes = 1000 });
        byte[] garden = File.ReadAllBytes(Inputs.Dataset("sample", "garden.tsv"));
        using var raw = new ByteArrayContent(garden) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using HttpResponseMessage sent = await service.Client.PostAsync("imports?name=../../my%20garden.tsv", raw, JobService.Cancel);
        JsonElement first = await service.WaitAsync((await sent.Content.ReadFromJsonAsync<JsonElement>(JobService.Cancel)).GetProperty("id").GetString()!, "done");
        Assert.StartsWith("my-garden-", first.GetProperty("result").GetProperty("graph").GetString(), StringComparison.Ordinal);
        string[] csv = Directory.GetFiles(Inputs.Dataset("tiny", "exports"), "*.csv");
        using var parts = new MultipartFormDataContent
        {
            { new StringContent("""{"again":true}""", Encoding.UTF8, "application/json"), "request" },
            { new ByteArrayContent(File.ReadAllBytes(csv[0])), "file", Path.GetFileName(csv[0]) },
        };
        using HttpResponseMessage posted = await service.Client.PostAsync("imports", parts, JobService.Cancel);
        JsonElement second = await service.WaitAsync((await posted.Content.ReadFromJsonAsync<JsonElement>(JobService.Cancel)).GetProperty("id").GetString()!, "done");
        Assert.True(second.GetProperty("result").GetProperty("counts").GetProperty("new_links").GetInt64() > 0, second.ToString());
        Assert.True(second.GetProperty("request").GetProperty("again").GetBoolean());

        using var large = new ByteArrayContent(new byte[200_000]) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        using (HttpResponseMessage refused = await service.Client.PostAsync("imports", large, JobService.Cancel))
            Assert.Equal("too_large", (await JobService.ProblemOf(refused, HttpStatusCode.RequestEntityTooLarge)).GetProperty("code").GetString());
        using var withPaths = new MultipartFormDataContent { { new StringContent("""{"granularity":"galaxy"}"""), "request" }, { new ByteArrayContent(garden), "file", "garden.tsv" } };
        using (HttpResponseMessage refused = await service.Client.PostAsync("imports", withPaths, JobService.Cancel))
            Assert.Equal("invalid_body", (await JobService.ProblemOf(refused, HttpStatusCode.BadRequest)).GetProperty("code").GetString());
        using var nothing = new MultipartFormDataContent { { new StringContent("{}"), "request" } };
        using (HttpResponseMessage refused = await service.Client.PostAsync("imports", nothing, JobService.Cancel))
            Assert.Contains("no file", (await JobService.ProblemOf(refused, HttpStatusCode.BadRequest)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        await JobService.Until(() => Directory.GetFileSystemEntries(Path.Combine(Data, "uploads")).Length == 0, "the uploads to be removed");
        Assert.Equal(2, service.Jobs.List().Count);
    }

    [Fact]
    public async Task When_a_run_is_published_old_ones_go_but_not_pinned_ones_nor_those_being_read()
    {
        await using JobService service = await JobService.StartAsync(Data, options => options with { KeepRuns = 2, ImportRoots = [Inputs.Dataset("sample")] });
        await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { "garden.tsv" } }), "done");
        var runs = new List<string>();
        async Task Rank(double damping) => runs.Add((await service.WaitAsync(await service.PostAsync("runs", new { damping }), "done")).GetProperty("result").GetProperty("run").GetString()!);
        await Rank(.1);
        await Rank(.2);
        using (HttpResponseMessage pinned = await service.Client.PostAsync($"runs/{runs[0]}/pin", null, JobService.Cancel))
            Assert.Equal(HttpStatusCode.OK, pinned.StatusCode);
        await Rank(.3);
        Assert.Equal(runs, new DataFolder(Data).RunIds());
        using (RunLease read = service.Lease(runs[1]))
        {
            await Rank(.4);
            Assert.Equal(runs, new DataFolder(Data).RunIds());
        }
        await Rank(.5);
        Assert.Equal([runs[0], runs[3], runs[4]], new DataFolder(Data).RunIds());
        using (HttpResponseMessage unpinned = await service.Client.DeleteAsync($"runs/{runs[0]}/pin", JobService.Cancel))
            Assert.Equal(HttpStatusCode.OK, unpinned.StatusCode);
        await Rank(.6);
        Assert.Equal([runs[4], runs[5]], new DataFolder(Data).RunIds());
        Assert.Single(new DataFolder(Data).GraphIds());
        Assert.Equal("unknown_run", (await service.ProblemAsync(HttpStatusCode.NotFound, $"runs/{runs[0]}/pin")).GetProperty("code").GetString());
    }
}
