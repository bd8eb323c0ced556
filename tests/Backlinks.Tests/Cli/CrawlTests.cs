using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.Cli;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.SampleWeb;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>Crawls of the sample web over real HTTP, held against what its generator planted.</summary>
public sealed class CrawlTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    internal static SampleWebOptions Small => new() { Seed = 7, Sites = 8, PagesPerSite = 8, Hostile = false, Errors = false };

    internal static string[] Arguments(SampleWebServer server, string data, params string[] more) =>
        ["crawl", .. server.Web.Seeds, "--scope", "all", "--allow-loopback", "--connect-to", server.ConnectTo, "--delay", "0", "--retry-after", "0.05",
            "--connections-per-host", "4", "--workers", "8", "--data", data, "--json", .. more];

    [Fact]
    public async Task A_crawl_finds_exactly_what_was_planted()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Small));
        Outcome outcome = Program.Run(Arguments(server, Data)).Ok();
        SampleReach reach = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });
        Assert.Equal("complete", outcome.Json.GetProperty("end").GetString());
        Assert.True(outcome.Json.GetProperty("skipped_by_robots").GetInt64() > 0, "the sample web forbids some pages");
        AssertRequests(server, reach);
        AssertLinks(reach, Data, 0);
    }

    [Fact]
    public async Task Hostile_pages_and_errors_harm_nothing_and_the_rest_is_found_exactly()
    {
        PlantedWeb web = PlantedWeb.Generate(new SampleWebOptions { Seed = 3, Sites = 6, PagesPerSite = 6, Groups = false, Changes = false, HostileLinks = 12_000 });
        await using SampleWebServer server = await SampleWebServer.StartAsync(web, new SampleServerOptions { BombBytes = 64 << 20, SlowSeconds = 2 });
        Program.Run(Arguments(server, Data, "--patience", "3")).Ok();
        SampleReach reach = web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });
        AssertLinks(reach, Data, 0);
    }

    [Fact]
    public async Task Fifty_kills_lose_nothing_and_double_nothing()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Small));
        string[] start = Arguments(server, Data), resume = ["crawl", "--resume", "--data", Data, "--json"];
        var random = new Random(20);
        int killed = 0;
        for (int i = 0; killed < 50 && i < 400; i++)
        {
            // One core's worth of start-up passes before the first request; most kills fall into the work.
            using Process process = Program.Start(new DataFolder(Data).CrawlIds().Count == 0 ? start : resume);
            long before = server.Requests;
            var clock = Stopwatch.StartNew();
            int wanted = random.Next(1, 12);
            // Where the machine is so fast that the crawl is over before the fiftieth kill, the others hit processes that find that out.
            TimeSpan most = i < 60 ? TimeSpan.FromSeconds(60) : TimeSpan.FromMilliseconds(random.Next(20, 400));
            while (!process.HasExited && server.Requests - before < wanted && clock.Elapsed < most)
                await Task.Delay(2, Cancel);
            await Task.Delay(random.Next(30), Cancel);
            if (!process.HasExited)
                killed++;
            process.Kill();
            await process.WaitForExitAsync(Cancel);
        }
        Assert.Equal(50, killed);
        Outcome last = Program.Run(resume).Ok();
        Assert.Equal("complete", last.Json.GetProperty("end").GetString());
        SampleReach reach = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });
        AssertRequests(server, reach);
        AssertLinks(reach, Data, 0);
    }

    [Theory]
    [InlineData(ProcessTests.SigInt)]
    [InlineData(ProcessTests.SigTerm)]
    public async Task A_signal_ends_a_crawl_with_a_word_and_resuming_completes_it_exactly(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no signals to send");
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Small));
        string[] start = Arguments(server, Data);
        start[Array.IndexOf(start, "--delay") + 1] = "0.3"; // so that it cannot be over before the signal comes
        using (Process process = Program.Start(start))
        {
            var clock = Stopwatch.StartNew();
            while (!process.HasExited && server.Requests < 12 && clock.Elapsed < TimeSpan.FromSeconds(60))
                await Task.Delay(2, Cancel);
            Assert.Equal(0, ProcessTests.Signal(process.Id, signal));
            Outcome stopped = Program.Wait(process);
            Assert.Contains("'backlinks crawl --resume", stopped.Fails(ExitCode.Interrupted), StringComparison.Ordinal);
            Assert.Equal("stopped", stopped.Json.GetProperty("end").GetString());
            Assert.True(stopped.Json.GetProperty("queued").GetInt64() > 0, "nothing was left to resume");
        }
        Assert.Equal("complete", Program.Run("crawl", "--resume", "--delay", "0", "--data", Data, "--json").Ok().Json.GetProperty("end").GetString());
        SampleReach reach = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });
        AssertRequests(server, reach);
        AssertLinks(reach, Data, 0);
    }

    [Fact]
    public async Task No_host_is_asked_again_before_its_gap_is_over()
    {
        PlantedWeb web = PlantedWeb.Generate(new SampleWebOptions { Seed = 5, Sites = 6, PagesPerSite = 6, Groups = false, Labs = false, Traps = false, Hostile = false, Errors = false, Changes = false });
        await using SampleWebServer server = await SampleWebServer.StartAsync(web);
        string[] arguments = Arguments(server, Data);
        arguments[Array.IndexOf(arguments, "--delay") + 1] = "0.15";
        arguments[Array.IndexOf(arguments, "--connections-per-host") + 1] = "1";
        Program.Run([.. arguments, "--max-pages", "80"]).Ok();
        int pairs = 0;
        foreach (IGrouping<string, SampleRequest> host in server.Log.GroupBy(r => r.Host))
        {
            SampleRequest[] requests = [.. host.OrderBy(r => r.Start)];
            for (int i = 1; i < requests.Length; i++, pairs++)
            {
                // A request starts at the server after it was sent and before its answer is read; so starts are a gap apart at least.
                Assert.True(requests[i].Start - requests[i - 1].Start >= TimeSpan.FromSeconds(.15), $"{host.Key}: {requests[i - 1].Path} then {requests[i].Path} after {requests[i].Start - requests[i - 1].Start}");
            }
        }
        Assert.True(pairs > 30, "too few requests to show anything");
    }

    [Fact]
    public async Task Why_tells_what_became_of_a_page()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Small));
        Program.Run(Arguments(server, Data)).Ok();
        SampleReach reach = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });

        SamplePage page = reach.Pages.First(p => p.Kind == SamplePageKind.Article);
        JsonElement fetched = Why(page.Url);
        Assert.Equal("fetched", fetched.GetProperty("verdict").GetString());
        Assert.Contains("HTTP 200", Because(fetched), StringComparison.Ordinal);
        using (new DataFolder(Data).OpenLinks(readOnly: false)) // as a crawl under way has it
        {
            JsonElement meanwhile = Why(page.Url);
            Assert.Equal("fetched", meanwhile.GetProperty("verdict").GetString());
            Assert.Contains("cannot be told now", Because(meanwhile), StringComparison.Ordinal);
        }

        (string forbidden, int line) = reach.Disallowed.First(d => d.Value > 0);
        JsonElement robots = Why(forbidden);
        Assert.Equal("skipped_by_robots", robots.GetProperty("verdict").GetString());
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"line {line}:"), Because(robots), StringComparison.Ordinal);

        SampleLink resource = reach.Pages.SelectMany(p => p.Answer(0).Links).First(l => l.Kind == SampleKind.Resource && !reach.Requested.Contains(l.Target));
        Assert.Contains("kinds that are not followed", Because(Why(resource.Target)), StringComparison.Ordinal);
        SamplePage moved = server.Web.Sites.SelectMany(s => s.Pages).First(p => p.RedirectTo is not null && reach.Requested.Contains(p.Url));
        Assert.Contains("it redirects to " + moved.RedirectTo, Because(Why(moved.Url)), StringComparison.Ordinal);

        Assert.Equal("unknown", Why("http://" + page.Site.Host + "/nobody/links/here").GetProperty("verdict").GetString());
        Assert.Contains("'http://[' is not a URL", Program.Run("why", "http://[", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Why_tells_scope_and_budget()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Small));
        string[] arguments = Arguments(server, Data);
        arguments[Array.IndexOf(arguments, "--scope") + 1] = "host";
        Outcome outcome = Program.Run([.. arguments, "--max-pages", "3"]).Ok();
        Assert.Equal("budget", outcome.Json.GetProperty("end").GetString());
        Assert.Equal(3, outcome.Json.GetProperty("done").GetInt64());
        HashSet<string> asked = [.. server.Log.Select(r => r.Url)];
        HashSet<string> hosts = [.. server.Web.Seeds.Select(s => new Uri(s).Host)];
        SampleReach reach = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Host });
        string queued = reach.Requested.First(u => !asked.Contains(u) && Why(u).GetProperty("verdict").GetString() == "queued");
        Assert.Contains("--max-pages", Because(Why(queued)), StringComparison.Ordinal);
        SampleSite other = server.Web.Sites.First(s => !hosts.Contains(s.Host));
        JsonElement scope = Why(other.Home.Url);
        Assert.Equal("skipped_by_scope", scope.GetProperty("verdict").GetString());
        Assert.Contains("the scope is the host", Because(scope), StringComparison.Ordinal);

        Assert.Equal("complete", Program.Run("crawl", "--resume", "--max-pages", "100000", "--data", Data, "--json").Ok().Json.GetProperty("end").GetString());
        Assert.Equal("fetched", Why(queued).GetProperty("verdict").GetString());
    }

    /// <summary>Three looks a day and more apart: what goes in the second epoch is missing then and lost in the third; what could
    /// not be verified is neither.</summary>
    [Fact]
    public async Task What_goes_is_lost_after_two_checks_with_its_reason_and_obstacles_lose_nothing()
    {
        PlantedWeb web = PlantedWeb.Generate(Small with { Seed = 1, Labs = false, Traps = false, Sites = 48 });
        await using SampleWebServer server = await SampleWebServer.StartAsync(web);
        var folder = new DataFolder(Data);
        // Epoch 1 is looked at twice, so that its losses are established and its obstacles repeat.
        foreach ((int epoch, int days) in new[] { (0, 0), (1, 2), (1, 4) })
        {
            server.Epoch = epoch;
            CrawlAt(folder, server, TimeSpan.FromDays(days), web.DeadHosts(epoch));
            using DuckDbLinkStore look = folder.OpenLinks(readOnly: true);
            if (days < 4)
                foreach (StoredLink early in look.Links(cancel: Cancel).Where(l => l.LostAt is not null))
                    Assert.Fail($"lost after one check: {early.Source} → {early.Target}: {early.LostReason}, first seen {early.FirstSeen:u}, missing since {early.MissingSince:u}, lost {early.LostAt:u}; visits: "
                        + string.Join("; ", look.Visits(early.Source, Cancel).Select(v => $"{v.At:u} {v.Outcome} {v.Source} {v.Links}")));
        }
        Dictionary<(string, string), SampleLoss> lost = [];
        foreach (SampleLostLink link in web.Truth.Losses(1))
            // The store counts ugc and sponsored as withheld already: what is that from the start cannot become it.
            if (link.Reason != SampleLoss.BecameNofollow || web.Find(link.Source)!.Answer(0).Links.Any(l => l.Target == link.Target && (l.Rel & (SampleRel.Ugc | SampleRel.Sponsored)) == 0))
                lost[(link.Source, link.Target)] = link.Reason;
        Assert.NotEmpty(lost);
        Assert.NotEmpty(web.Truth.Obstacles(1));
        DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
        var found = new Dictionary<(string, string), SampleLoss>();
        foreach (StoredLink link in store.Links(cancel: Cancel).Where(l => l is { LostAt: not null, Kind: LinkKind.Anchor or LinkKind.Area }))
            found[(link.Source, link.Target)] = (SampleLoss)link.LostReason;
        HashSet<string> read = [.. web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything }).Pages.Select(p => p.Url)];
        foreach (((string source, string target), SampleLoss reason) in lost.Where(l => read.Contains(l.Key.Item1)))
            Assert.True(found.TryGetValue((source, target), out SampleLoss got) && got == reason, $"{source} → {target}: planted {reason}, found {got}; "
                + string.Join("; ", store.LinksFrom(source, Cancel).Where(l => l.Target == target)) + "; " + string.Join("; ", store.Visits(source, Cancel)));
        foreach (((string source, string target), SampleLoss reason) in found)
            Assert.True(lost.ContainsKey((source, target)), $"{source} → {target} was found lost ({reason}) and is not");
        foreach (SampleObstacle obstacle in web.Truth.Obstacles(1).Where(o => read.Contains(o.Source)))
        {
            Assert.DoesNotContain(store.LinksFrom(obstacle.Source, Cancel), l => l.LostAt is not null || l.MissingSince is not null);
            Assert.Equal((int)obstacle.Outcome, (int)store.FindPage(obstacle.Source)!.LastOutcome!);
        }
        Assert.Equal(Enum.GetValues<SampleLoss>().Where(r => r != SampleLoss.None), found.Values.Distinct().Order());
        store.Dispose(); // one opening at a time
        ((string Source, string Target) one, _) = found.First(f => f.Value == SampleLoss.Removed);
        Assert.Contains("the page is there without it", Because(Why(one.Source)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_not_modified_costs_no_body_and_its_links_are_followed()
    {
        PlantedWeb web = PlantedWeb.Generate(Small with { Labs = false, Traps = false, Changes = false });
        await using SampleWebServer server = await SampleWebServer.StartAsync(web);
        Program.Run(Arguments(server, Data)).Ok();
        int first = server.Log.Count;
        Outcome again = Program.Run(Arguments(server, Data)).Ok();
        Assert.True(again.Json.GetProperty("outcomes").GetProperty("not_modified").GetInt64() > 10);
        Assert.Equal(first, server.Log.Count - first);
        AssertLinks(web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything }), Data, 0);
    }

    [Theory]
    [InlineData("/usr/share/debian-reference", "index.en.html", "the package debian-reference-en")]
    public async Task Debians_documentation_is_crawled_with_every_link(string root, string index, string what)
    {
        Assert.SkipUnless(File.Exists(Path.Combine(root, index)), $"needs {what}");
        await using FolderSite site = await FolderSite.StartAsync(root);
        string start = string.Create(CultureInfo.InvariantCulture, $"http://docs.example:80/{index}");
        Outcome outcome = Program.Run("crawl", start, "--scope", "host", "--allow-loopback", "--connect-to", $"::127.0.0.1:{site.Port}", "--delay", "0", "--retry-after", "0.05",
            "--connections-per-host", "4", "--data", Data, "--json").Ok();
        Assert.Equal("complete", outcome.Json.GetProperty("end").GetString());
        using DuckDbLinkStore store = new DataFolder(Data).OpenLinks(readOnly: true);
        var parser = new HtmlParser();
        int pages = 0;
        long links = 0;
        foreach (StoredPage page in store.Pages(cancel: Cancel).Where(p => p.LastOutcome is VisitOutcome.Fetched).ToList())
        {
            var uri = new Uri(page.Url);
            using IDocument document = parser.ParseDocument(await File.ReadAllTextAsync(site.FileOf(uri.AbsolutePath)!, Cancel));
            // Independent of our parser: AngleSharp's tree, .NET's Uri. Links within the page are not links to a page.
            int expected = document.QuerySelectorAll("a[href], area[href]").Count(e => Uri.TryCreate(uri, e.GetAttribute("href"), out Uri? to)
                && to.Scheme is "http" or "https" && !e.GetAttribute("href")!.TrimStart().StartsWith('#'));
            int found = store.LinksFrom(page.Url, Cancel).Count(l => l.Kind is LinkKind.Anchor or LinkKind.Area);
            Assert.True(expected == found, $"{page.Url}: {expected} links by AngleSharp, {found} in the store");
            pages++;
            links += found;
        }
        Assert.True(pages > 10 && links > 1_000, $"{pages} pages, {links} links");
        TestContext.Current.SendDiagnosticMessage($"{pages} pages, {links} links");
    }

    [Fact]
    public void A_crawl_without_a_contact_or_with_a_bad_option_is_refused_in_one_line()
    {
        Assert.Contains("--contact", Program.Run("crawl", "https://a.example/", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("'ftp://a/'", Program.Run("crawl", "ftp://a/", "--allow-loopback", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("attack", Program.Run("crawl", "https://a.example/", "--contact", "https://me.example/", "--delay", "0", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("'('", Program.Run("crawl", "https://a.example/", "--allow-loopback", "--include", "(", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("where the crawl is to start, but --exclude", Program.Run("crawl", "https://a.example/", "--allow-loopback", "--exclude", "a", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("--scope is what the crawl was started with", Program.Run("crawl", "--resume", "--scope", "all", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("at least one URL", Program.Run("crawl", "--allow-loopback", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Assert.Contains("no crawl yet", Program.Run("crawl", "--resume", "--data", Data).Fails(), StringComparison.Ordinal);
        Assert.Contains("no crawl", Program.Run("why", "https://a.example/", "--data", Data).Fails(), StringComparison.Ordinal);
    }

    private JsonElement Why(string url) => Program.Run("why", url, "--data", Data, "--json").Ok().Json;

    private static string Because(JsonElement why) => string.Join('\n', why.GetProperty("because").EnumerateArray().Select(b => b.GetString()));

    /// <summary>Every URL that had to be asked for was, no other was, and none that is forbidden.</summary>
    private static void AssertRequests(SampleWebServer server, SampleReach reach)
    {
        HashSet<string> asked = [.. server.Log.Select(r => r.Url).Where(u => !u.EndsWith("/robots.txt", StringComparison.Ordinal) && server.Web.Find(u)?.Kind != SamplePageKind.Robots && !server.Web.InTrap(u))];
        Assert.DoesNotContain(asked, reach.Disallowed.ContainsKey);
        HashSet<string> requested = [.. reach.Requested.Select(u => u.Replace(":8080/", "/", StringComparison.Ordinal))]; // the server's log has no ports
        Assert.DoesNotContain(requested, u => !asked.Contains(u) && !u.EndsWith("/robots.txt", StringComparison.Ordinal) && !server.Web.InTrap(u));
        Assert.DoesNotContain(asked, u => !requested.Contains(u));
    }

    /// <summary>The links of every page that can be read are in the store as planted: target, kind, rel, zone and anchor, as often as planted.</summary>
    internal static void AssertLinks(SampleReach reach, string data, int epoch)
    {
        using DuckDbLinkStore store = new DataFolder(data).OpenLinks(readOnly: true);
        ILookup<string, StoredLink> stored = store.Links(cancel: Cancel).ToLookup(l => l.Source, StringComparer.Ordinal);
        int pages = 0, links = 0;
        foreach (SamplePage page in reach.Pages)
        {
            string[] planted = [.. page.Answer(epoch).Links.Where(l => l.Target.Length <= 2083).Select(l => Line(l.Target, l.Kind, l.Rel, l.Zone, l.Anchor)).Order(StringComparer.Ordinal)];
            string[] found = [.. stored[page.Url].Select(l => Line(l.Target, (SampleKind)l.Kind, (SampleRel)l.Rel, (SampleZone)l.Zone, l.Anchor)).Order(StringComparer.Ordinal)];
            if (planted.Length > new PageReaderOptions().MaxLinks) // read up to the cap, and known to be incomplete
            {
                Assert.Equal(new PageReaderOptions().MaxLinks, found.Length);
                Assert.Empty(found.Except(planted));
                continue;
            }
            Assert.True(planted.SequenceEqual(found), $"{page.Url}: planted and not found: {string.Join("; ", planted.Except(found).Take(5))}; found and not planted: {string.Join("; ", found.Except(planted).Take(5))}; {planted.Length} planted, {found.Length} found");
            pages++;
            links += found.Length;
        }
        Assert.True(pages > 20 && links > 200, $"{pages} pages with {links} links show nothing");
    }

    /// <summary>The generator names no anchor for an image itself, where the reader keeps its alternative text; of an area's text, which
    /// can be nothing else, it does not say that it is one.</summary>
    private static string Line(string target, SampleKind kind, SampleRel rel, SampleZone zone, string anchor)
    {
        // The generator's anchors are neither cut nor rid of control characters.
        anchor = string.Join(' ', new string([.. anchor.Select(c => char.IsControl(c) ? ' ' : c)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        anchor = anchor.Length > 1024 ? anchor[..1024] : anchor;
        return kind == SampleKind.Image ? $"{target} {kind} {rel & ~SampleRel.AnchorIsAlt} {zone}"
        : kind == SampleKind.Area ? $"{target} {kind} {rel & ~SampleRel.AnchorIsAlt} {zone} '{anchor}'" : $"{target} {kind} {rel} {zone} '{anchor}'";
    }

    private static void CrawlAt(DataFolder folder, SampleWebServer server, TimeSpan later, IEnumerable<string> deadHosts)
    {
        var settings = new CrawlSettings
        {
            Crawl = new CrawlOptions { Seeds = server.Web.Seeds, Scope = ScopeKind.All, RetryAfter = TimeSpan.FromMilliseconds(20), Workers = 8, Patience = TimeSpan.FromSeconds(5) },
            Politeness = new PolitenessOptions { Off = true, ConnectionsPerHost = 4, Backoff = TimeSpan.FromMilliseconds(50), MaxRetryAfter = TimeSpan.FromMilliseconds(200) },
            UserAgent = "backlinks/test (+http://localhost/)",
            AllowLoopback = true,
            ConnectTo = [.. deadHosts.Select(h => h + "::gone.invalid:80"), server.ConnectTo],
        };
        string id;
        using (DataWriter writer = folder.BeginWriting())
            id = writer.NewCrawl("sample", settings.ToJson());
        StoreCrawl.Run(folder, id, settings, null, Cancel, new LaterTime(later),
            fetcher => fetcher with { BreakAfterFailures = 0, Resolve = (host, _) => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound) });
    }

    /// <summary>The system's clock, set forward; its timers run as usual.</summary>
    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
