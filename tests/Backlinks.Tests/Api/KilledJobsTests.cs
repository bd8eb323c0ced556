using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Api;

/// <summary>What jobs are after the service ended, was killed, or left a folder that is not as it should be.</summary>
public sealed class KilledJobsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task When_the_service_ends_a_crawl_is_interrupted_and_the_next_one_goes_on_with_it()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        string crawl, queued;
        await using (JobService service = await JobService.StartAsync(Data))
        {
            crawl = await service.PostAsync("crawls", JobService.CrawlOf(web.Server));
            queued = await service.PostAsync("runs", new { store = true, without = new[] { "topics" } });
            await JobService.Until(() => web.Reached, "the crawl to come to the gate");
        }
        Assert.Equal("interrupted", Kept(crawl).GetProperty("state").GetString());
        Assert.Equal("queued", Kept(queued).GetProperty("state").GetString());
        web.Open();
        await using (JobService service = await JobService.StartAsync(Data))
        {
            JsonElement done = await service.WaitAsync(crawl, "done");
            Assert.Equal((2, 0), (done.GetProperty("attempts").GetInt32(), done.GetProperty("interruptions").GetInt32())); // an orderly end is no kill
            await service.WaitAsync(queued, "done");
        }
        Assert.Single(new DataFolder(Data).CrawlIds());
        CrawlTests.AssertLinks(web.Reach, Data, 0);
        JobService.AssertWholeRun(Data);
    }

    [Fact]
    public async Task Kills_in_the_middle_of_a_crawl_and_of_a_run_lose_nothing()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        string crawl, run;
        using (Served served = await Served.StartAsync(Data))
        {
            crawl = await served.PostAsync("crawls", JobService.CrawlOf(web.Server));
            run = await served.PostAsync("runs", new { store = true });
            await JobService.Until(() => web.Reached && Kept(crawl).TryGetProperty("crawl", out _), "the crawl to come to the gate");
            served.Kill();
        }
        Assert.Equal("running", Kept(crawl).GetProperty("state").GetString());
        web.Open();
        using (Served served = await Served.StartAsync(Data))
        {
            Assert.Equal(2, (await served.GetAsync("jobs")).GetProperty("jobs").GetArrayLength());
            JsonElement done = await served.WaitAsync(crawl, "done");
            Assert.Equal((2, 1), (done.GetProperty("attempts").GetInt32(), done.GetProperty("interruptions").GetInt32()));
            Assert.Single(new DataFolder(Data).CrawlIds());
            await served.WaitAsync(run, "done");
            served.Kill();
        }
        string published = JobService.AssertWholeRun(Data);
        for (int tries = 0; ; tries++) // a kill that comes after the end shows nothing, and is tried again
        {
            using (Served served = await Served.StartAsync(Data))
            {
                run = await served.PostAsync("runs", new { store = true, damping = 0.5 });
                // The run is under way when it builds; whatever it built by then must never be seen.
                await JobService.Until(() => Building().Length > 0 || Kept(run).GetProperty("state").GetString() == "done", "the run to build");
                served.Kill();
            }
            if (Kept(run).GetProperty("state").GetString() == "running" && new DataFolder(Data).RunIds().Count == tries + 1)
                break;
            published = JobService.AssertWholeRun(Data);
            Assert.True(tries < 20, "no kill came in the middle of a run");
        }
        Assert.Equal(published, JobService.AssertWholeRun(Data));
        using (Served served = await Served.StartAsync(Data))
        {
            JsonElement done = await served.WaitAsync(run, "done");
            Assert.Equal((2, 1), (done.GetProperty("attempts").GetInt32(), done.GetProperty("interruptions").GetInt32()));
            Assert.Equal(JobService.AssertWholeRun(Data), done.GetProperty("result").GetProperty("run").GetString());
            Assert.NotEqual(published, new DataFolder(Data).CurrentRun);
            Assert.Empty(Building());
            served.Kill();
        }
        CrawlTests.AssertLinks(web.Reach, Data, 0);
    }

    [Fact]
    public async Task After_too_many_kills_a_job_is_given_up()
    {
        await using (JobService service = await JobService.StartAsync(Data))
            await service.WaitAsync(await service.PostAsync("runs", new { }), "failed");
        string file = Path.Combine(Data, "jobs", "000001-run.json");
        string killed = File.ReadAllText(file).Replace("\"state\": \"failed\"", "\"state\": \"running\"", StringComparison.Ordinal);
        Assert.Contains("\"running\"", killed, StringComparison.Ordinal);
        for (int kills = 2; kills <= 3; kills++)
        {
            File.WriteAllText(file, killed.Replace("\"interruptions\": 0", $"\"interruptions\": {kills}", StringComparison.Ordinal));
            await using JobService service = await JobService.StartAsync(Data);
            JsonElement job = await service.WaitAsync("000001-run", "failed");
            Assert.Equal(kills == 3, job.GetProperty("error").GetProperty("detail").GetString()!.Contains("was killed 4 times", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_kill_after_a_run_was_published_makes_no_second_one()
    {
        string id, made;
        await using (JobService service = await JobService.StartAsync(Data, options => options with { ImportRoots = [Inputs.Dataset("sample")] }))
        {
            await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { "garden.tsv" } }), "done");
            id = await service.PostAsync("runs", new { });
            made = (await service.WaitAsync(id, "done")).GetProperty("result").GetProperty("run").GetString()!;
        }
        string file = Path.Combine(Data, "jobs", id + ".json");
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"state\": \"done\"", "\"state\": \"running\"", StringComparison.Ordinal)); // as it was before the end was noted
        await using (JobService service = await JobService.StartAsync(Data))
        {
            JsonElement again = await service.WaitAsync(id, "done");
            Assert.Equal((2, made), (again.GetProperty("attempts").GetInt32(), again.GetProperty("result").GetProperty("run").GetString()));
            Assert.Equal([made], new DataFolder(Data).RunIds());
            string another = await service.PostAsync("runs", new { }); // the same asked for anew is another run
            Assert.NotEqual(made, (await service.WaitAsync(another, "done")).GetProperty("result").GetProperty("run").GetString());
        }
    }

    [Fact]
    public async Task Torn_and_unknown_files_among_jobs_are_passed_over()
    {
        string id;
        await using (JobService service = await JobService.StartAsync(Data))
            await service.WaitAsync(id = await service.PostAsync("runs", new { }), "failed");
        string jobs = Path.Combine(Data, "jobs");
        string whole = File.ReadAllText(Path.Combine(jobs, id + ".json"));
        File.WriteAllText(Path.Combine(jobs, "000007-run.json"), whole[..(whole.Length / 2)]);
        File.WriteAllText(Path.Combine(jobs, "000008-run.json"), whole); // of another id
        File.WriteAllText(Path.Combine(jobs, "000009-run.json"), "");
        File.WriteAllText(Path.Combine(jobs, "000010-run.json.99.tmp"), "half");
        File.WriteAllText(Path.Combine(jobs, "notes.txt"), "mine");
        Directory.CreateDirectory(Path.Combine(jobs, "folder.json"));
        await using (JobService service = await JobService.StartAsync(Data))
        {
            Assert.Equal([id], service.Jobs.List().Select(j => j.Id));
            await service.WaitAsync(await service.PostAsync("runs", new { }), "failed");
        }
        Assert.False(File.Exists(Path.Combine(jobs, "000010-run.json.99.tmp")));
        Assert.True(File.Exists(Path.Combine(jobs, "notes.txt")) && File.Exists(Path.Combine(jobs, "000007-run.json")));
    }

    [Fact]
    public async Task A_second_service_on_the_folder_lists_and_starts_nothing()
    {
        await using JobService first = await JobService.StartAsync(Data);
        string id = await first.PostAsync("runs", new { });
        await first.WaitAsync(id, "failed");
        await using JobService second = await JobService.StartAsync(Data);
        Assert.Equal([id], second.Jobs.List().Select(j => j.Id));
        Assert.Equal("busy", (await second.ProblemAsync(System.Net.HttpStatusCode.ServiceUnavailable, "runs")).GetProperty("code").GetString());
    }

    private string[] Building() => [.. new[] { "graphs", "runs" }.Select(f => Path.Combine(Data, f)).Where(Directory.Exists).SelectMany(f => Directory.GetDirectories(f, ".building-*"))];

    /// <summary>A job as its file has it.</summary>
    private JsonElement Kept(string id) => JsonDocument.Parse(File.ReadAllText(Path.Combine(Data, "jobs", id + ".json"))).RootElement;

    /// <summary>The program <c>backlinks serve</c> as a process of its own.</summary>
    private sealed class Served : IDisposable
    {
        private readonly Process _process;
        private readonly HttpClient _client;

        private Served(Process process, string address) => (_process, _client) = (process, new HttpClient { BaseAddress = new Uri(address + "/api/v1/") });

        public static async Task<Served> StartAsync(string data)
        {
            Process process = Program.Start("serve", "--urls", "http://127.0.0.1:0", "--local-crawls", "--data", data);
            var said = new System.Text.StringBuilder();
            while (await process.StandardError.ReadLineAsync(JobService.Cancel) is { } line)
            {
                said.AppendLine(line);
                if (line.Split(' ').FirstOrDefault(word => word.StartsWith("http://127.0.0.1:", StringComparison.Ordinal)) is not { } address)
                    continue;
                _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
                return new Served(process, address.TrimEnd(';', ',', '/'));
            }
            throw new InvalidOperationException($"the service did not start: {said}");
        }

        public async Task<string> PostAsync(string path, object body)
        {
            using HttpResponseMessage answer = await _client.PostAsJsonAsync(path, body, JobService.Cancel);
            return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>(JobService.Cancel)).GetProperty("id").GetString()!;
        }

        public Task<JsonElement> GetAsync(string path) => _client.GetFromJsonAsync<JsonElement>(path, JobService.Cancel);

        public async Task<JsonElement> WaitAsync(string id, string state)
        {
            for (var clock = Stopwatch.StartNew(); ; await Task.Delay(20, JobService.Cancel))
            {
                JsonElement job = await GetAsync($"jobs/{id}");
                if (job.GetProperty("state").GetString() == state)
                    return job;
                Assert.False(job.GetProperty("state").GetString() is "failed" or "cancelled" || clock.Elapsed > TimeSpan.FromMinutes(3), job.ToString());
            }
        }

        public void Kill()
        {
            _process.Kill(); // SIGKILL
            _process.WaitForExit();
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                Kill();
            _process.Dispose();
            _client.Dispose();
        }
    }
}
