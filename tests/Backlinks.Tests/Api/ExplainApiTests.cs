using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Api;

/// <summary>Explanations over HTTP: whatever the domain, the parts told add up to its raw authority.</summary>
public sealed class ExplainApiTests(SampleWebRun sample)
{
    [Fact]
    public async Task The_parts_of_every_domain_add_up_to_its_raw_value()
    {
        await using RunningService service = await sample.ServeAsync();
        using Run run = new DataFolder(await sample.DataAsync()).OpenRun();
        MappedArray<double> raw = run.Array<double>("raw")!;
        int scored = 0;
        for (int node = 0; node < run.Graph.NodeCount; node++)
        {
            JsonElement answer = await service.JsonAsync($"explain/score?level=domain&top=7&target={Answers.Escaped(run.Graph.Names[node])}"), told = answer.GetProperty("explanation");
            Assert.Equal((true, run.Id), (answer.GetProperty("in_index").GetBoolean(), answer.GetProperty("meta").GetProperty("run").Text("id")));
            Assert.Equal(raw[node], told.Number("raw"));
            Assert.Equal(raw[node], Sum(told), 1e-9 * raw[node]);
            Assert.InRange(Math.Abs(told.Number("remainder")), 0, 1e-9 * raw[node]);
            bool insufficient = told.GetProperty("insufficient_data").GetBoolean();
            Assert.Equal(insufficient ? JsonValueKind.Null : JsonValueKind.Number, told.GetProperty("score").ValueKind);
            scored += insufficient ? 0 : 1;
        }
        Assert.InRange(scored, 20, run.Graph.NodeCount - 1);
    }

    [Fact]
    public async Task Each_link_follows_from_its_factors_and_levels_below_add_up_too()
    {
        await using RunningService service = await sample.ServeAsync();
        int links = 0;
        foreach (string target in new[] { "best-guitar-deals.example", "directory.example", "http://directory.example/" })
        {
            JsonElement told = (await service.JsonAsync($"explain/score?depth=3&target={Answers.Escaped(target)}")).GetProperty("explanation");
            Assert.Equal(target.Contains("://", StringComparison.Ordinal) ? "page" : "domain", told.Text("level"));
            foreach (JsonElement link in told.Array("links"))
            {
                Assert.Equal(told.Number("damping") * link.Number("share") * link.Number("source_raw"), link.Number("passes"), 1e-9 * told.Number("raw"));
                JsonElement origin = link.GetProperty("origin"), edge = link.GetProperty("edge");
                Assert.Equal(link.Number("source_raw"), Sum(origin), 1e-9 * link.Number("source_raw"));
                Assert.True(edge.GetProperty("agrees").GetBoolean(), edge.ToString());
                foreach (JsonElement observed in edge.Array("links"))
                {
                    double product = observed.GetProperty("factors").EnumerateObject().Aggregate(1.0, (all, factor) => all * factor.Value.GetDouble());
                    Assert.Equal(observed.Number("weight"), product, 1e-6);
                    links++;
                }
            }
        }
        Assert.True(links > 20);
    }

    [Fact]
    public async Task A_link_is_told_with_all_that_stands_behind_it()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement score = (await service.JsonAsync("explain/score?target=best-guitar-deals.example")).GetProperty("explanation"), first = score.Array("links")[0];
        JsonElement answer = await service.JsonAsync($"explain/link?source={first.Text("source")}&target=best-guitar-deals.example&top=1000"), told = answer.GetProperty("explanation"), link = told.GetProperty("link");
        Assert.Equal((true, true), (answer.GetProperty("in_index").GetBoolean(), told.GetProperty("linked").GetBoolean()));
        Assert.Equal(first.Number("passes"), link.Number("passes"));
        JsonElement[] behind = link.GetProperty("edge").Array("links");
        Assert.Equal(link.GetProperty("edge").GetProperty("link_count").GetInt64(), behind.Length);
        Assert.Equal(link.Number("passes"), behind.Sum(l => l.Number("passes")), 1e-9 * score.Number("raw"));
        JsonElement none = (await service.JsonAsync("explain/link?source=best-guitar-deals.example&target=directory.example&level=domain")).GetProperty("explanation");
        Assert.False(none.GetProperty("linked").GetBoolean());
        Assert.Equal(JsonValueKind.Null, none.GetProperty("link").ValueKind);
        JsonElement unknown = await service.JsonAsync("explain/link?source=nobody.example&target=directory.example");
        Assert.Equal((false, false, true), (unknown.GetProperty("in_index").GetBoolean(), unknown.GetProperty("source_in_index").GetBoolean(), unknown.GetProperty("target_in_index").GetBoolean()));
    }

    [Fact]
    public async Task Hosts_and_addresses_mean_their_domain_and_bare_hosts_their_first_page()
    {
        await using RunningService service = await sample.ServeAsync();
        foreach (string target in new[] { "Directory.Example", "domain:directory.example", "directory.example.", "no-such-host.directory.example" })
            Assert.Equal("directory.example", (await service.JsonAsync($"explain/score?level=domain&target={Answers.Escaped(target)}")).GetProperty("explanation").Text("target"));
        foreach (string target in new[] { "directory.example", "http://directory.example:80/#top" })
            Assert.Equal("http://directory.example/", (await service.JsonAsync($"explain/score?level=page&target={Answers.Escaped(target)}")).GetProperty("explanation").Text("target"));
        JsonElement unknown = await service.JsonAsync("explain/score?target=directori.example");
        Assert.False(unknown.GetProperty("in_index").GetBoolean());
        Assert.Equal(JsonValueKind.Null, unknown.GetProperty("explanation").ValueKind);
        Assert.Contains("directory.example", unknown.Array("near").Select(n => n.GetString()));
    }

    [Fact]
    public async Task A_run_of_an_imported_graph_is_explained_without_what_it_does_not_know()
    {
        using TemporaryFolder folder = new();
        Program.Run(folder, "import", Inputs.EdgeList(folder, "g.tsv", 3000)).Ok();
        Program.Run(folder, "rank").Ok();
        await using RunningService service = await sample.ServeAsync(folder.Path);
        JsonElement told = (await service.JsonAsync("explain/score?target=n1.example&top=3")).GetProperty("explanation");
        Assert.Equal(told.Number("raw"), Sum(told), 1e-9 * told.Number("raw"));
        Assert.All(told.Array("links"), link => Assert.False(link.TryGetProperty("edge", out _)));
        Assert.True((await service.JsonAsync($"explain/link?source={told.Array("links")[0].Text("source")}&target=n1.example")).GetProperty("explanation").GetProperty("linked").GetBoolean());
        Assert.Contains("has no graph of pages", (await service.ProblemAsync("invalid_parameter", "explain/score?target=n1.example&level=page")).Text("detail"));
        foreach (string path in new[] { "spam/clusters", "spam/evidence?target=n1.example", "topics", "topics/garden/specialists" })
            Assert.DoesNotContain(folder.Path, (await service.ProblemAsync("not_in_run", path)).ToString());
        Assert.Equal("not_in_run", (await service.ProblemAsync("not_in_run", "disavow/export", new { target = "n1.example" })).Text("code"));
    }

    [Theory]
    [InlineData("explain/score", "target")]
    [InlineData("explain/score?target=", "target")]
    [InlineData("explain/score?target=a.example&targat=b.example", "targat")]
    [InlineData("explain/score?target=a.example&target=b.example", "target")]
    [InlineData("runs/latest/diff/latest?tops=3", "tops")]
    [InlineData("explain/score?target=a.example&level=host", "level")]
    [InlineData("explain/score?target=a.example&top=-1", "top")]
    [InlineData("explain/score?target=a.example&top=x", "top")]
    [InlineData("explain/score?target=a.example&depth=4", "depth")]
    [InlineData("explain/link?target=a.example", "source")]
    [InlineData("graph/neighbourhood?target=a.example&depth=5", "depth")]
    [InlineData("graph/neighbourhood?target=directory.example&depth=5", "depth")]
    [InlineData("graph/neighbourhood?target=directory.example&direction=up", "direction")]
    [InlineData("graph/neighbourhood?target=directory.example&output=csv", "output")]
    [InlineData("graph/path?from=directory.example", "to")]
    [InlineData("graph/path?from=directory.example&to=directory.example&by=hops", "by")]
    [InlineData("spam/clusters?min_score=101", "min_score")]
    [InlineData("spam/clusters?min_score=NaN", "min_score")]
    [InlineData("spam/clusters?limit=0", "limit")]
    [InlineData("spam/clusters?confirmed=maybe", "confirmed")]
    [InlineData("spam/reviews/nonsense", "subject")]
    [InlineData("topics?level=x", "level")]
    [InlineData("topics/garden/specialists?limit=1001", "limit")]
    [InlineData("runs?limit=0", "limit")]
    [InlineData("runs/latest/diff/latest?top=201", "top")]
    public async Task What_a_parameter_may_not_be_is_named(string path, string field)
    {
        await using RunningService service = await sample.ServeAsync();
        if (path.Contains("target=a.example&depth=5", StringComparison.Ordinal))
        {
            Assert.False((await service.JsonAsync(path)).GetProperty("in_index").GetBoolean()); // nothing to look around
            return;
        }
        JsonElement problem = await service.ProblemAsync("invalid_parameter", path);
        Assert.Equal([field], problem.Fields());
        Assert.Contains(field, problem.Text("detail"));
    }

    [Fact]
    public async Task Nothing_that_strangers_write_breaks_an_answer_or_tells_where_the_data_lies()
    {
        await using RunningService service = await sample.ServeAsync();
        string data = await sample.DataAsync();
        string[] hostile =
        [
            "'; DROP TABLE links;--", "<script>alert(1)</script>", "../../etc/passwd", "..%2f..%2f", "\0", "\u202Ebidi", "a\r\nSet-Cookie: x=1", "http://", "http://[::1", "http://user:pass@directory.example:99999/", "domain:", "domain:domain:x", "{x}", "{0}", "%00", "😀", "\ud83d",
            new string('a', 8192), new string('.', 500), "xn--", "xn--a-ecp.ru", "4294967296", "-1", "0x10", "1e5", "NaN", "c-zzzzzzzz", "$(id)", "\"'`", "?a=b&c=d#e", " ", "\t", "javascript:alert(1)", "file:///etc/passwd", "latest",
        ];
        string[] asked =
        [
            "explain/score?target={0}", "explain/score?target={0}&level=page", "explain/score?target=directory.example&level={0}", "explain/score?target=directory.example&top={0}", "explain/score?target=directory.example&run={0}",
            "explain/link?source={0}&target=directory.example", "explain/link?source=directory.example&target={0}&level=domain", "graph/neighbourhood?target={0}&output=dot", "graph/neighbourhood?target=directory.example&direction={0}", "graph/neighbourhood?target={0}&output=graphml",
            "graph/path?from={0}&to=directory.example", "graph/path?from=directory.example&to={0}&by=strength", "spam/clusters?target={0}", "spam/clusters?cursor={0}", "spam/clusters?min_score={0}", "spam/clusters/{0}", "spam/clusters/{0}?output={0}", "spam/evidence?target={0}", "spam/reviews/{0}",
            "topics?level={0}", "topics/{0}/specialists", "runs/{0}", "runs/{0}/diff/latest", "runs/latest/diff/{0}", "runs/latest/diff/latest?target={0}",
        ];
        foreach (string form in asked)
            foreach (string text in hostile)
            {
                string escaped = string.Concat(System.Text.Encoding.UTF8.GetBytes(text).Select(b => $"%{b:X2}"));
                using HttpResponseMessage response = await service.Client.GetAsync(form.Replace("{0}", escaped, StringComparison.Ordinal));
                string answer = await response.Content.ReadAsStringAsync();
                Assert.True((int)response.StatusCode is 200 or 400 or 404 or 410 or 414, $"{(int)response.StatusCode} for {form} with {text[..Math.Min(60, text.Length)]}: {answer}");
                Assert.DoesNotContain(data, answer);
                Assert.False(response.Headers.Contains("Set-Cookie"));
            }
    }

    [Fact]
    public async Task Whoever_has_an_answer_is_told_so_until_a_run_is_published()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        await using RunningService service = await sample.ServeAsync(data);
        var runs = new DataFolder(data);
        foreach (string path in new[] { "explain/score?target=directory.example", "graph/neighbourhood?target=directory.example&depth=1&output=dot", "topics", $"runs/{runs.RunIds()[0]}/diff/latest" })
        {
            using HttpResponseMessage first = await service.Client.GetAsync(path);
            string tag = first.Headers.ETag!.Tag;
            async Task<int> AgainAsync(string address)
            {
                using HttpResponseMessage again = await service.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, address).With("If-None-Match", tag));
                return (int)again.StatusCode;
            }
            Assert.Equal(304, await AgainAsync(path));
            Assert.Equal(200, await AgainAsync(path.Contains('?', StringComparison.Ordinal) ? path.Replace("directory", "labs", StringComparison.Ordinal) : path + "?level=page"));
            File.WriteAllText(Path.Combine(runs.Runs, "current"), runs.RunIds()[0] + "\n");
            Assert.Equal(200, await AgainAsync(path));
            File.WriteAllText(Path.Combine(runs.Runs, "current"), runs.RunIds()[1] + "\n");
        }
    }

    [Fact]
    public async Task A_damaged_run_is_told_as_such_and_others_are_answered_from()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        var runs = new DataFolder(data);
        string good = runs.RunIds()[0], bad = runs.CurrentRun!;
        File.WriteAllText(Path.Combine(runs.Runs, bad, "clusters.json"), "{}");
        JsonElement problem;
        await using (RunningService service = await sample.ServeAsync(data))
        {
            problem = await service.ProblemAsync("run_damaged", "spam/clusters");
            Assert.Contains("clusters.json", problem.Text("detail"));
            Assert.DoesNotContain(data, problem.ToString());
            Assert.True((await service.JsonAsync($"spam/clusters?run={good}")).Array("clusters").Length > 0);
            await service.JsonAsync("explain/score?target=directory.example"); // needs no clusters
        }
        using (FileStream raw = File.OpenWrite(Path.Combine(runs.Runs, good, "raw.npy")))
            raw.SetLength(raw.Length - 8);
        await using RunningService again = await sample.ServeAsync(data);
        problem = await again.ProblemAsync("run_damaged", $"explain/score?target=directory.example&run={good}");
        Assert.DoesNotContain(data, problem.ToString());
        File.Delete(Path.Combine(runs.Runs, good, "run.json"));
        Assert.Equal(good, (await again.JsonAsync("runs")).Array("runs").Single(r => r.GetProperty("problem").ValueKind == JsonValueKind.String).Text("id"));
        await again.ProblemAsync("run_damaged", $"runs/{good}");
        await again.ProblemAsync("unknown_run", "runs/0099-none");
        await again.ProblemAsync("unknown_run", "explain/score?target=directory.example&run=0099-none");
    }

    [Fact]
    public async Task Before_the_first_run_there_is_nothing_to_explain()
    {
        await using OwnService service = await OwnService.StartAsync();
        await service.Client.RefusedAsync(Asking.Get("/api/v1/explain/score?target=a.example"), "no_run");
        await service.Client.RefusedAsync(Asking.Get("/api/v1/runs/latest"), "no_run");
    }

    internal static double Sum(JsonElement told) => told.Number("teleport") + told.Array("links").Sum(l => l.Number("passes")) + told.GetProperty("others").Number("pass") + told.Number("remainder");
}
