using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Microsoft.Extensions.DependencyInjection;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Api;

/// <summary>Crawls, imports, runs and what-ifs as jobs, over HTTP against a real web.</summary>
public sealed class JobsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_crawl_and_a_run_are_followed_by_events_to_their_end()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(CrawlTests.Small));
        await using JobService service = await JobService.StartAsync(Data);
        string crawl = await service.PostAsync("crawls", JobService.CrawlOf(server)), run = await service.PostAsync("runs", new { store = true, without = new[] { "topics" } });
        foreach (string id in new[] { crawl, run })
        {
            var events = new List<(string Event, string Id, JsonElement Data)>();
            await foreach ((string, string, JsonElement) told in service.EventsAsync(id))
                events.Add(told);
            Assert.All(events.SkipLast(1), e => Assert.NotEqual("end", e.Event));
            Assert.Equal("end", events[^1].Event);
            Assert.Equal("done", events[^1].Data.GetProperty("state").GetString());
            Assert.Equal(events.Count, events.Select(e => e.Id).Distinct().Count());
            Assert.Contains(events, e => e.Data.GetProperty("state").GetString() == "running" && e.Data.GetProperty("progress").GetProperty("step").GetString()!.Length > 0);
            if (id == crawl) // pages by outcome come with the progress, and end as the result
            {
                string[] told = [.. events.Select(e => e.Data.GetProperty("progress").GetProperty("outcomes")).Where(o => o.ValueKind == JsonValueKind.Object).Select(Sorted)];
                Assert.NotEmpty(told);
                Assert.Equal(Sorted(events[^1].Data.GetProperty("result").GetProperty("counts").GetProperty("outcomes")), told[^1]);
            }
            else
                Assert.All(events, e => Assert.Equal(JsonValueKind.Null, e.Data.GetProperty("progress").GetProperty("outcomes").ValueKind));
            // Who saw the last state is told the end once more, and nothing else.
            (string Event, string Id, JsonElement Data) again = Assert.Single(await service.EventsAsync(id, events[^1].Id).ToListAsync(JobService.Cancel));
            Assert.Equal("end", again.Event);
        }
        CrawlTests.AssertLinks(server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything }), Data, 0);
        JsonElement done = await service.GetAsync($"jobs/{run}");
        Assert.Equal(JobService.AssertWholeRun(Data), done.GetProperty("result").GetProperty("run").GetString());
        Assert.True(done.GetProperty("started").GetDateTimeOffset() >= (await service.GetAsync($"jobs/{crawl}")).GetProperty("ended").GetDateTimeOffset(), "both wrote at once");
        using (Run read = new DataFolder(Data).OpenRun())
        {
            string simulation = await service.PostAsync("simulations", new { target = read.Graph.Names[0], add = new[] { new { source = read.Graph.Names[1] } } });
            Assert.True((await service.WaitAsync(simulation, "done")).GetProperty("result").GetProperty("answer").GetProperty("in_index").GetBoolean());
        }
        JsonElement listed = Assert.Single((await service.GetAsync("crawls")).GetProperty("crawls").EnumerateArray());
        Assert.Equal(crawl, listed.GetProperty("job").GetProperty("id").GetString());
        Assert.Equal(listed.GetProperty("id").GetString(), (await service.GetAsync($"crawls/{crawl}")).GetProperty("id").GetString());
        Assert.Equal([run, crawl], (await service.GetAsync("jobs?limit=1000")).GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("id").GetString()!).Skip(1));
        Assert.Equal([run], (await service.GetAsync("jobs?kind=run&state=done")).GetProperty("jobs").EnumerateArray().Select(j => j.GetProperty("id").GetString()!));
    }

    private static string Sorted(JsonElement outcomes) => string.Join(' ', outcomes.EnumerateObject().Where(o => o.Value.GetInt64() > 0).OrderBy(o => o.Name, StringComparer.Ordinal).Select(o => $"{o.Name} {o.Value}"));

    [Fact]
    public async Task A_cancelled_crawl_keeps_what_it_did_and_another_job_goes_on_with_it()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        await using JobService service = await JobService.StartAsync(Data);
        string id = await service.PostAsync("crawls", JobService.CrawlOf(web.Server));
        await JobService.Until(() => web.Reached, "the crawl to come to the gate");
        using (HttpResponseMessage answer = await service.Client.PostAsync($"crawls/{id}/cancel", null, JobService.Cancel))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        JsonElement stopped = await service.WaitAsync(id, "cancelled");
        Assert.Equal("stopped", stopped.GetProperty("result").GetProperty("counts").GetProperty("end").GetString());
        Assert.True(stopped.GetProperty("result").GetProperty("counts").GetProperty("done").GetInt64() > 0, "nothing was kept");
        Assert.Equal("conflict", (await service.ProblemAsync(HttpStatusCode.Conflict, $"jobs/{id}/cancel")).GetProperty("code").GetString());
        web.Open();
        string crawl = stopped.GetProperty("crawl").GetString()!;
        string more = await service.PostAsync("crawls", new { resume = crawl });
        Assert.Equal(crawl, (await service.WaitAsync(more, "done")).GetProperty("crawl").GetString());
        CrawlTests.AssertLinks(web.Reach, Data, 0);
    }

    [Fact]
    public async Task One_writes_at_a_time_and_who_waits_is_cancelled_at_once()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        await using JobService service = await JobService.StartAsync(Data, options => options with { ImportRoots = [Inputs.Dataset("sample")] },
            services => services.AddSingleton(new WhatIf(_ => { }, (request, _) => request.GetProperty("target").GetString()!)));
        string crawl = await service.PostAsync("crawls", JobService.CrawlOf(web.Server));
        await JobService.Until(() => web.Reached, "the crawl to come to the gate");
        string import = await service.PostAsync("imports", new { paths = new[] { "garden.tsv" } }), run = await service.PostAsync("runs", new { });
        string simulation = await service.PostAsync("simulations", new { target = "a.example" });
        Assert.Equal("a.example", (await service.WaitAsync(simulation, "done")).GetProperty("result").GetProperty("answer").GetString()); // reads only: beside
        Assert.Equal("queued", (await service.GetAsync($"jobs/{import}")).GetProperty("state").GetString());
        using (HttpResponseMessage answer = await service.Client.PostAsync($"runs/{run}/cancel", null, JobService.Cancel))
            Assert.Equal("cancelled", (await answer.Content.ReadFromJsonAsync<JsonElement>(JobService.Cancel)).GetProperty("state").GetString());
        Assert.Equal("not_found", (await service.ProblemAsync(HttpStatusCode.NotFound, $"imports/{run}/cancel")).GetProperty("code").GetString()); // another kind
        web.Open();
        Assert.Equal(1, (await service.WaitAsync(crawl, "done")).GetProperty("attempts").GetInt32());
        JsonElement imported = await service.WaitAsync(import, "done");
        Assert.StartsWith("garden-", imported.GetProperty("result").GetProperty("graph").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await service.GetAsync($"jobs/{run}")).GetProperty("attempts").GetInt32());
    }

    [Fact]
    public async Task A_run_that_is_cancelled_leaves_nothing()
    {
        string edges = Inputs.EdgeList(_folder, "many.tsv", 1_500_000, 200_000);
        await using JobService service = await JobService.StartAsync(Data, options => options with { ImportRoots = [_folder.Path] });
        await service.WaitAsync(await service.PostAsync("imports", new { paths = new[] { edges } }), "done");
        string run = await service.PostAsync("runs", new { tolerance = 1e-300, max_rounds = 1_000_000, with = new[] { "harmonic" }, harmonic = "exact" });
        await foreach ((string _, string _, JsonElement told) in service.EventsAsync(run))
            if (told.GetProperty("progress").GetProperty("done").GetInt64() > 0)
                break;
        await service.Client.PostAsync($"jobs/{run}/cancel", null, JobService.Cancel);
        await service.WaitAsync(run, "cancelled");
        Assert.Null(new DataFolder(Data).CurrentRun);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(Data, "runs")));
    }

    [Fact]
    public async Task While_another_process_writes_a_job_waits_and_says_for_whom()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        using System.Diagnostics.Process other = Program.Start(CrawlTests.Arguments(web.Server, Data));
        await JobService.Until(() => web.Reached, "the other process to come to the gate");
        await using JobService service = await JobService.StartAsync(Data, options => options with { Jobs = options.Jobs with { HeartbeatSeconds = 0.1 } });
        string id = await service.PostAsync("crawls", JobService.CrawlOf(web.Server));
        string message = $"waiting for process {other.Id} that writes to the folder";
        bool alive = false;
        await foreach ((string name, string _, JsonElement told) in service.EventsAsync(id))
            if (told.GetProperty("progress").GetProperty("message").GetString() == message && (alive |= name == "heartbeat" || told.GetProperty("revision").GetInt64() > 6))
                break;
        Assert.True(alive);
        Assert.Contains((await service.GetAsync($"jobs/{id}")).GetProperty("state").GetString(), new[] { "queued", "running" });
        web.Open();
        Program.Wait(other).Ok();
        JsonElement done = await service.WaitAsync(id, "done");
        Assert.Equal(1, done.GetProperty("attempts").GetInt32()); // waiting is no attempt
        CrawlTests.AssertLinks(web.Reach, Data, 0);
    }

    [Fact]
    public async Task More_than_can_wait_is_refused()
    {
        await using GatedWeb web = await GatedWeb.StartAsync();
        await using JobService service = await JobService.StartAsync(Data, options => options with { Jobs = options.Jobs with { Queue = 3 } });
        string crawl = await service.PostAsync("crawls", JobService.CrawlOf(web.Server));
        await JobService.Until(() => web.Reached, "the crawl to come to the gate");
        string[] waiting = [await service.PostAsync("runs", new { }), await service.PostAsync("runs", new { })];
        using (HttpResponseMessage full = await service.Client.PostAsJsonAsync("runs", new { }, JobService.Cancel))
        {
            Assert.Equal("busy", (await JobService.ProblemOf(full, HttpStatusCode.ServiceUnavailable)).GetProperty("code").GetString());
            Assert.NotNull(full.Headers.RetryAfter);
        }
        await service.Client.PostAsync($"jobs/{waiting[0]}/cancel", null, JobService.Cancel);
        await service.PostAsync("runs", new { });
        web.Open();
        await service.WaitAsync(crawl, "done");
    }

    [Theory]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"scope":"galaxy"}""", "scope", "domain, host, prefix, all")]
    [InlineData("crawls", """{"seeds":["nonsense"],"allow_loopback":true}""", "", "nonsense")]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"workers":0,"allow_loopback":true}""", "workers", "workers must be 1 to 1024, not 0")]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"workers":"many"}""", "workers", "a whole number")]
    [InlineData("crawls", """{"seeds":["http://a.example/"]}""", "contact", "say who you are")]
    [InlineData("crawls", """{"resume":"0009-x"}""", "resume", "no crawl '0009-x'")]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"resume":""}""", "resume", "leave them out")]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"allow_loopback":true,"include":["[a"]}""", "", "'[a' is not a")]
    [InlineData("crawls", """{"seeds":["http://a.example/"],"allow_loopback":true,"sign":"/etc/passwd"}""", "sign", "--import-root")]
    [InlineData("crawls", """{"sceds":[]}""", "sceds", "seeds")]
    [InlineData("crawls", "[]", "", "object")]
    [InlineData("crawls", "{", "", "not JSON")]
    [InlineData("runs", """{"damping":1}""", "damping", "at least 0 and less than 1, not 1")]
    [InlineData("runs", """{"dangling":"up"}""", "dangling", "teleport, uniform, sink")]
    [InlineData("runs", """{"with":["everything"]}""", "with", "harmonic, scc, wcc, degrees, core, robust")]
    [InlineData("runs", """{"graph":"x","fold":"domain"}""", "graph", "excludes fold")]
    [InlineData("runs", """{"graph":"x"}""", "graph", "no graph 'x'")]
    [InlineData("runs", """{"since":"0007-x"}""", "since", "no run '0007-x'")]
    [InlineData("runs", """{"profile":"/etc/passwd"}""", "profile", "--import-root")]
    [InlineData("runs", """{"store":true,"tolerance":0.1}""", "tolerance", "imported graphs")]
    [InlineData("imports", """{}""", "paths", "at least one")]
    [InlineData("imports", """{"paths":["/etc/passwd"]}""", "paths", "--import-root")]
    [InlineData("imports", """{"paths":["a"],"granularity":"galaxy"}""", "granularity", "page, host, domain")]
    [InlineData("simulations", """{}""", "target", "is needed")]
    [InlineData("simulations", """{"target":"a.example","add":[{"sauce":"b.example"}]}""", "add", "sauce")]
    [InlineData("schedules", """{"cron":"0 3 * *","kind":"run"}""", "cron", "five fields")]
    [InlineData("schedules", """{"cron":"0 0 30 2 *","kind":"run"}""", "cron", "never comes")]
    [InlineData("schedules", """{"cron":"0 3 * * *","kind":"run","time_zone":"Mars/Olympus"}""", "time_zone", "IANA")]
    [InlineData("schedules", """{"cron":"0 3 * * *"}""", "kind", "crawl, import, run, simulate")]
    [InlineData("schedules", """{"cron":"0 3 * * *","kind":"run","request":{"damping":2}}""", "damping", "less than 1")]
    public async Task A_bad_request_is_told_with_its_field_and_leaves_nothing(string path, string body, string field, string says)
    {
        await using JobService service = await JobService.StartAsync(Data);
        using HttpResponseMessage answer = await service.Client.PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"), JobService.Cancel);
        JsonElement problem = await JobService.ProblemOf(answer, HttpStatusCode.BadRequest);
        Assert.Contains(says, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        if (field.Length > 0)
            Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Empty(service.Jobs.List());
        Assert.Empty(Directory.GetFiles(Data, "*.json", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Without_leave_no_crawl_is_led_to_this_machine()
    {
        await using JobService service = await JobService.StartAsync(Data, options => options with { Jobs = new JobOptions { Contact = "https://example.org/bot" } });
        foreach (object request in (object[])[new { seeds = new[] { "http://a.example/" }, allow_loopback = true }, new { seeds = new[] { "http://a.example/" }, connect_to = new[] { "::127.0.0.1:80" } },
            new { seeds = new[] { "http://a.example/" }, ports = new[] { 22 } }, new { seeds = new[] { "http://a.example/" }, proxies = new[] { "http://10.0.0.1/" } }, new { seeds = new[] { "http://a.example/" }, render = "http://10.0.0.1/{url}" }])
            Assert.Contains("not public", (await service.ProblemAsync(HttpStatusCode.BadRequest, "crawls", request)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Empty(service.Jobs.List());
    }
}
