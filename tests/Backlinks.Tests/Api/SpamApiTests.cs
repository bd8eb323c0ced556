using System.Net;
using System.Text;
using System.Text.Json;
using Backlinks.SampleWeb;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Tests.Api;

/// <summary>Clusters, reviews and disavow files over HTTP, on a web with planted farms and honest look-alikes.</summary>
public sealed class SpamApiTests(SampleWebRun sample)
{
    [Fact]
    public async Task Planted_farms_are_named_and_honest_groups_are_not()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement list = await service.JsonAsync("spam/clusters?confirmed=true&limit=1000");
        var members = new List<HashSet<string>>();
        foreach (JsonElement row in list.Array("clusters"))
        {
            JsonElement cluster = (await service.JsonAsync($"spam/clusters/{row.Text("id")}")).GetProperty("cluster");
            JsonElement[] told = cluster.Array("members");
            Assert.Equal(row.GetProperty("members").GetInt32(), told.Length);
            Assert.Equal(row.Number("score"), cluster.Number("score"));
            Assert.True(cluster.Array("reasons").Length > 0);
            Assert.All(told, m => Assert.True(m.Number("raw_without") <= m.Number("raw_with") + 1e-9, m.ToString()));
            Assert.Contains(told, m => m.Number("raw_without") < 0.9 * m.Number("raw_with"));
            members.Add([.. told.Select(m => m.Text("name")!)]);
        }
        foreach (SampleGroup group in sample.Web.Groups)
        {
            string[] domains = [.. group.Hosts.Select(h => sample.Web.FindSite(h)!.Domain).Distinct()];
            int named = members.Select(m => domains.Count(m.Contains)).DefaultIfEmpty(0).Max();
            if (group.Name.StartsWith("sellers", StringComparison.Ordinal))
                continue; // two real sites that also sell links are no group yet
            Assert.True(group.Spam ? named > domains.Length / 2 : named == 0, $"{group.Name}: {named} of {domains.Length}");
        }
    }

    [Fact]
    public async Task Pages_of_clusters_join_without_gap_and_belong_to_one_run()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement all = await service.JsonAsync("spam/clusters");
        string[] ids = [.. all.Array("clusters").Select(c => c.Text("id")!)];
        Assert.Equal(ids.Length, all.GetProperty("meta").GetProperty("total_count").GetInt32());
        Assert.Equal(all.Array("clusters").Select(c => c.Number("score")), all.Array("clusters").Select(c => c.Number("score")).OrderDescending());
        var paged = new List<string>();
        string? cursor = null;
        do
        {
            JsonElement page = await service.JsonAsync($"spam/clusters?limit=2&cursor={cursor}");
            paged.AddRange(page.Array("clusters").Select(c => c.Text("id")!));
            cursor = page.GetProperty("meta").TryGetProperty("next_cursor", out JsonElement next) ? next.GetString() : null;
            if (cursor is not null && paged.Count == 2)
                await service.ProblemAsync("cursor_expired", $"spam/clusters?cursor={cursor}&run={new DataFolder(await sample.DataAsync()).RunIds()[0]}");
        }
        while (cursor is not null);
        Assert.Equal(ids, paged);
        Assert.True(ids.Length > 2);
        foreach (string wrong in new[] { "x", "AAAA", "%3D", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{new DataFolder(await sample.DataAsync()).CurrentRun}:9999")) })
            await service.ProblemAsync("invalid_cursor", $"spam/clusters?cursor={wrong}");
        Assert.Empty((await service.JsonAsync("spam/clusters?min_score=100")).Array("clusters").Where(c => c.Number("score") < 100));
        Assert.False((await service.JsonAsync("spam/clusters?target=nobody.example")).GetProperty("in_index").GetBoolean());
        string first = ids[0], target = (await service.JsonAsync($"spam/clusters/{first}")).GetProperty("cluster").Array("members").First(m => m.Text("role") == "target").Text("name")!;
        Assert.Contains(first, (await service.JsonAsync($"spam/clusters?target={target}")).Array("clusters").Select(c => c.Text("id")));
        await service.ProblemAsync("not_found", "spam/clusters/c-00000000");
    }

    [Fact]
    public async Task Evidence_tells_which_links_come_from_clusters()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement row = (await service.JsonAsync("spam/clusters?limit=1")).Array("clusters")[0];
        JsonElement told = (await service.JsonAsync($"spam/evidence?target={row.Text("first_target")}")).GetProperty("evidence");
        Assert.Equal(("target", row.Text("id")), (told.Text("role"), told.Text("cluster")));
        Assert.Contains(row.Text("id"), told.Array("clusters").Select(c => c.Text("id")));
        Assert.Equal(told.Number("share_from_clusters"), told.Array("clusters").Sum(c => c.Number("share")), 1e-12);
        Assert.InRange(told.GetProperty("in_links_from_clusters").GetInt32(), 1, told.GetProperty("in_links").GetInt32());
        Assert.False((await service.JsonAsync("spam/evidence?target=nobody.example")).GetProperty("in_index").GetBoolean());
    }

    [Fact]
    public async Task A_cluster_is_drawn_with_what_its_scores_mean()
    {
        await using RunningService service = await sample.ServeAsync();
        string id = (await service.JsonAsync("spam/clusters?limit=1")).Array("clusters")[0].Text("id")!;
        JsonElement answer = await service.JsonAsync($"spam/clusters/{id}?output=graph"), graph = answer.GetProperty("graph");
        foreach (JsonElement node in graph.Array("nodes").Where(n => n.GetProperty("distance").GetInt32() < 2))
        {
            JsonElement explained = (await service.JsonAsync($"explain/score?level=domain&target={node.Text("name")}")).GetProperty("explanation");
            Assert.Equal(explained.Number("raw"), node.Number("raw"));
            Assert.Equal(explained.GetProperty("score").ToString(), node.GetProperty("score").ToString());
            Assert.Equal(answer.GetProperty("cluster").Number("score"), node.Number("spam_score"));
        }
        using HttpResponseMessage dot = await service.Client.GetAsync($"spam/clusters/{id}?output=dot");
        Assert.StartsWith("digraph backlinks {", await dot.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_file_proposed_is_read_back_without_problems()
    {
        await using RunningService service = await sample.ServeAsync();
        string target = (await service.JsonAsync("spam/clusters?limit=1")).Array("clusters")[0].Text("first_target")!;
        string file = await ExportAsync(service, new { target });
        Assert.Contains($"# Proposed for {target} from run {new DataFolder(await sample.DataAsync()).CurrentRun}", file);
        JsonElement read = await ParseAsync(service, file);
        Assert.True(read.GetProperty("accepted").GetBoolean());
        Assert.Empty(read.Array("problems"));
        string[] domains = [.. read.Array("entries").Select(e => e.Text("name")!)];
        Assert.NotEmpty(domains);
        string kept = await ExportAsync(service, new { target, review = new Dictionary<string, string> { [domains[0]] = "keep" } });
        Assert.DoesNotContain($"domain:{domains[0]}\n", kept);
        Assert.Equal(domains.Skip(1), (await ParseAsync(service, kept)).Array("entries").Select(e => e.Text("name")!));
        string pages = await ExportAsync(service, new { target, include_subdomains = false });
        JsonElement urls = await ParseAsync(service, pages);
        Assert.True(urls.GetProperty("accepted").GetBoolean());
        Assert.Equal(0, urls.GetProperty("domains").GetInt32());
        string[] hosts = [.. urls.Array("entries").Select(e => new Uri(e.Text("name")!).Host).Distinct()];
        Assert.All(domains, d => Assert.Contains(hosts, host => host == d || host.EndsWith("." + d, StringComparison.Ordinal)));
        Assert.All(hosts, host => Assert.Contains(domains, d => host == d || host.EndsWith("." + d, StringComparison.Ordinal)));
        Assert.Equal(["/review"], (await service.ProblemAsync("invalid_body", "disavow/export", new { target, review = new Dictionary<string, string> { ["x.example"] = "burn" } })).Fields());
        Assert.Equal(["/review"], (await service.ProblemAsync("invalid_body", "disavow/export", new { target, review = new Dictionary<string, string> { ["nobody.example"] = "disavow" } })).Fields());
        Assert.Equal(["/clusters"], (await service.ProblemAsync("invalid_body", "disavow/export", new { target, clusters = new[] { "c-00000000" } })).Fields());
        Assert.Equal(["/min_score"], (await service.ProblemAsync("invalid_body", "disavow/export", new { target, min_score = 7 })).Fields());
        Assert.Equal(["/target"], (await service.ProblemAsync("invalid_body", "disavow/export", new { })).Fields());
        await service.ProblemAsync("not_found", "disavow/export", new { target = "nobody.example" });
    }

    [Fact]
    public async Task What_is_wrong_with_a_file_is_told_by_line()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement read = await ParseAsync(service, "# a comment\ndomain:good.example\ndomain:co.uk\ndomain:github.io\nnonsense\nhttps://a.example/b\ndomain:co.uk.\n");
        Assert.False(read.GetProperty("accepted").GetBoolean());
        Assert.Equal([3, 5, 7], read.Array("problems").Where(p => p.GetProperty("refused").GetBoolean()).Select(p => p.GetProperty("line").GetInt32()));
        Assert.Contains("public suffix", read.Array("problems")[0].Text("text"));
        Assert.Equal(["good.example", "github.io", "https://a.example/b"], read.Array("entries").Select(e => e.Text("name")));
        Assert.True((await ParseAsync(service, "")).GetProperty("accepted").GetBoolean());
        Assert.Contains("at most 2097152", (await ParseAsync(service, new string('#', (2 << 20) + 1))).ToString());
        using var large = new HttpRequestMessage(HttpMethod.Post, "disavow/parse") { Content = new ByteArrayContent(new byte[3 << 20]) };
        using HttpResponseMessage refused = await service.Client.SendAsync(large);
        await Asking.ProblemAsync(refused, "too_large");
    }

    [Fact]
    public async Task Decisions_outlive_the_service_and_files_follow_them()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        string id, target, domain, before;
        await using (RunningService service = await sample.ServeAsync(data))
        {
            JsonElement row = (await service.JsonAsync("spam/clusters?limit=1")).Array("clusters")[0];
            (id, target) = (row.Text("id")!, row.Text("first_target")!);
            before = await ExportAsync(service, new { target });
            domain = before.Split('\n').First(l => l.StartsWith("domain:", StringComparison.Ordinal))[7..];
            Assert.Empty((await service.JsonAsync("spam/reviews")).Array("reviews"));
            await service.ProblemAsync("not_found", $"spam/reviews/{id}");
            JsonElement kept = await service.JsonAsync($"spam/reviews/{domain.ToUpperInvariant()}", new { decision = "dismissed", note = "we know\nthem" }, HttpMethod.Put);
            Assert.Equal((domain, "dismissed"), (kept.Text("subject"), kept.Text("decision")));
            Assert.DoesNotContain($"domain:{domain}\n", await ExportAsync(service, new { target }));
            Assert.Contains($"domain:{domain}\n", await ExportAsync(service, new { target, review = new Dictionary<string, string> { [domain] = "disavow" } }));
            await service.JsonAsync($"spam/reviews/{id}", new { decision = "dismissed" }, HttpMethod.Put);
            Assert.Equal(["/decision"], (await service.ProblemAsync("invalid_body", $"spam/reviews/{id}", new { decision = "toxic" }, HttpMethod.Put)).Fields());
            Assert.Equal(["/note"], (await service.ProblemAsync("invalid_body", $"spam/reviews/{id}", new { decision = "confirmed", note = new string('x', 2001) }, HttpMethod.Put)).Fields());
        }
        await using (RunningService service = await sample.ServeAsync(data))
        {
            Assert.Equal(new[] { domain, id }.Order(StringComparer.Ordinal), (await service.JsonAsync("spam/reviews")).Array("reviews").Select(r => r.Text("subject")!));
            Assert.Equal("dismissed", (await service.JsonAsync($"spam/clusters/{id}")).GetProperty("review").Text("decision"));
            string none = await ExportAsync(service, new { target });
            Assert.Contains($"# Left out after review: {id}", none);
            Assert.DoesNotContain(id, string.Concat(none.Split('\n').Where(l => l.StartsWith("# cluster", StringComparison.Ordinal))));
            foreach (string subject in new[] { id, domain })
            {
                using HttpResponseMessage deleted = await service.SendAsync($"spam/reviews/{subject}", "", HttpMethod.Delete);
                Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
            }
            await service.ProblemAsync("not_found", $"spam/reviews/{id}", "", HttpMethod.Delete);
            Assert.Equal(before, await ExportAsync(service, new { target }));
        }
    }

    [Fact]
    public async Task Decisions_made_side_by_side_are_all_kept_and_a_damaged_list_is_not_overwritten()
    {
        using TemporaryFolder folder = new();
        var reviews = new Reviews(new DataFolder(folder.Path));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Task.Run(() => new Reviews(new DataFolder(folder.Path)).Put($"d{i:00}.example", ReviewDecision.Confirmed, null))));
        Assert.Equal(Enumerable.Range(0, 40).Select(i => $"d{i:00}.example"), reviews.All().Select(r => r.Subject));
        File.WriteAllText(reviews.Path, "{ \"version\": 1, \"reviews\": [ {");
        Assert.Throws<StoreException>(() => reviews.Put("x.example", ReviewDecision.Dismissed, null));
        Assert.StartsWith("{ \"version\"", File.ReadAllText(reviews.Path));
        await using RunningService service = await sample.ServeAsync(folder.Path);
        Assert.DoesNotContain(folder.Path, (await service.ProblemAsync("run_damaged", "spam/reviews")).ToString());
    }

    private static async Task<string> ExportAsync(RunningService service, object body)
    {
        using HttpResponseMessage response = await service.SendAsync("disavow/export", body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        return text;
    }

    private static async Task<JsonElement> ParseAsync(RunningService service, string file)
    {
        using HttpResponseMessage response = await service.Client.PostAsync("disavow/parse", new StringContent(file, Encoding.UTF8, "text/plain"));
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        return JsonDocument.Parse(text).RootElement;
    }
}
