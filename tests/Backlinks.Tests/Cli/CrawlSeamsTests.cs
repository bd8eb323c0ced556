using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Backlinks.Cli;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>Crawls that render, go through a proxy, sign, or meet an open circuit: what the options add to a plain crawl.</summary>
public sealed class CrawlSeamsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Links_that_scripts_make_are_found_and_a_host_that_needs_no_rendering_is_rendered_three_times()
    {
        await using LoopbackServer site = Site();
        var service = new RenderingService();
        await using LoopbackServer endpoint = service.Start();
        string[] start = Arguments(site, "http://app.example/", "http://same.example/1", "--render", service.Template);
        // In two sessions, so that what the second renders was read from crawl.json.
        Assert.Equal("budget", Program.Run([.. start, "--max-pages", "5"]).Ok().Json.GetProperty("end").GetString());
        int before = service.Asked.Count;
        Assert.Equal("complete", Program.Run("crawl", "--resume", "--max-pages", "1000", "--data", Data, "--json").Ok().Json.GetProperty("end").GetString());
        Assert.True(service.Asked.Count > before, "the second session rendered nothing");

        using DuckDbLinkStore store = Open();
        foreach (string page in (string[])["", "a", "b", "c", "d"])
        {
            StoredPage stored = store.FindPage("http://app.example/" + page)!;
            Assert.Equal((VisitOutcome.Fetched, 200, "rendered"), (stored.LastOutcome, stored.Status, stored.Detail));
            Assert.Equal(System.IO.Hashing.XxHash3.HashToUInt64(System.Text.Encoding.UTF8.GetBytes(Shell)), stored.ContentHash);
            Assert.Equal(["http://app.example/a", "http://app.example/b", "http://app.example/c", "http://app.example/d", "http://app.example/private/x", "http://else.example/"], Anchors(store, stored.Url));
        }
        // Three in each session: what agreed is not kept for the next.
        Assert.InRange(service.Asked.Count(u => u.StartsWith("http://same.example/", StringComparison.Ordinal)), 3, 6);
        Assert.Equal(9, Enumerable.Range(1, 9).Count(i => store.FindPage(Page(i))?.LastOutcome == VisitOutcome.Fetched && Anchors(store, Page(i)).SequenceEqual([Page(i + 1)])));
        Assert.DoesNotContain(service.Asked, u => u.Contains("private", StringComparison.Ordinal) || u.Contains("else.example", StringComparison.Ordinal));
        Assert.DoesNotContain(site.Heads, h => h.StartsWith("GET /private", StringComparison.Ordinal));

        static string Page(int i) => string.Create(CultureInfo.InvariantCulture, $"http://same.example/{i}");
    }

    [Fact]
    public async Task Rendering_of_a_host_stops_after_three_pages_that_agree()
    {
        await using LoopbackServer site = Site();
        var service = new RenderingService();
        await using LoopbackServer endpoint = service.Start();
        Program.Run(Arguments(site, "http://same.example/1", "--render", service.Template)).Ok();
        Assert.Equal(["http://same.example/1", "http://same.example/2", "http://same.example/3"], service.Asked);
        using DuckDbLinkStore store = Open();
        Assert.Equal(VisitOutcome.Fetched, store.FindPage("http://same.example/9")!.LastOutcome);
    }

    [Fact]
    public async Task A_page_that_is_not_rendered_loses_no_link_and_one_that_is_rendered_without_it_does()
    {
        await using LoopbackServer site = Site();
        var service = new RenderingService();
        await using LoopbackServer endpoint = service.Start();
        string[] all = ["http://app.example/a", "http://app.example/b", "http://app.example/c", "http://app.example/d", "http://app.example/private/x", "http://else.example/"];
        CrawlAt(site, 0, service.Template);
        using (DuckDbLinkStore store = Open())
            Assert.Equal(all, Anchors(store, "http://app.example/"));

        service.Fails = true;
        CrawlAt(site, 2, service.Template);
        CrawlAt(site, 4, service.Template);
        AssertNothingGone("not rendered: the rendering service answered 404");
        CrawlAt(site, 6, null); // the user forgets --render
        CrawlAt(site, 8, null);
        AssertNothingGone("not rendered: an earlier crawl rendered pages of this host, this one does not: see --render");

        (service.Fails, service.Links) = (false, service.Links[1..]);
        CrawlAt(site, 10, service.Template);
        CrawlAt(site, 12, service.Template);
        using (DuckDbLinkStore store = Open())
        {
            StoredLink lost = Assert.Single(store.LinksFrom("http://app.example/", Cancel), l => l is { Kind: LinkKind.Anchor, LostAt: not null });
            Assert.Equal(("http://app.example/a", LostReason.Removed), (lost.Target, lost.LostReason));
        }

        void AssertNothingGone(string why)
        {
            using DuckDbLinkStore store = Open();
            StoredPage page = store.FindPage("http://app.example/")!;
            Assert.Equal((VisitOutcome.Truncated, why), (page.LastOutcome, page.Detail));
            Assert.All(store.Links(cancel: Cancel), l => Assert.True(l.LostAt is null && l.MissingSince is null, $"{l.Source} → {l.Target}"));
            Assert.Equal(all, Anchors(store, "http://app.example/"));
        }
    }

    [Theory]
    [InlineData("""{"html":"<a href=/x>x</a>","url":"http://else.example/"}""", "not rendered: the browser ended at another site, http://else.example/")]
    [InlineData("""{"html":"<a href=/x>x</a>","url":"http://app.example/private/y"}""", "not rendered: the browser ended at http://app.example/private/y, which robots.txt forbids")]
    [InlineData("""{"html":"<a href=/x>x</a>","status":404}""", "not rendered: the browser got status 404")]
    [InlineData("""{"html":""}""", "not rendered: the body is empty")]
    public async Task A_rendering_of_another_page_is_none(string answer, string why)
    {
        await using LoopbackServer site = Site();
        var service = new RenderingService { Answer = answer };
        await using LoopbackServer endpoint = service.Start();
        CrawlAt(site, 0, service.Template);
        using DuckDbLinkStore store = Open();
        StoredPage page = store.FindPage("http://app.example/")!;
        Assert.Equal((VisitOutcome.Truncated, why), (page.LastOutcome, page.Detail));
        Assert.Empty(Anchors(store, page.Url));
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_crawl_goes_through_a_proxy_which_hears_of_allowed_addresses_only(string scheme)
    {
        await using var site = new LoopbackServer(async (head, stream, stop) =>
        {
            await stream.WriteAsync(head.StartsWith("GET /robots.txt ", StringComparison.Ordinal) ? LoopbackServer.Response("200 OK", "User-agent: *\nDisallow: /private", "Content-Type: text/plain")
                : Html("<a href=/one>1</a> <a href=/private/x>p</a> <a href=http://10.0.0.1/>intern</a> <a href=http://169.254.169.254/latest>cloud</a>"), stop);
            return true;
        });
        await using var proxy = new LoopbackProxy();
        // Only a.example leads to the site: the other addresses are what they are.
        Program.Run("crawl", "http://a.example/", "--scope", "all", "--allow-loopback", "--connect-to", $"a.example:80:127.0.0.1:{site.Port}", "--delay", "0", "--retry-after", "0.02",
            "--proxy", $"{scheme}://127.0.0.1:{proxy.Port}", "--workers", "4", "--data", Data, "--json").Ok();
        Assert.All(proxy.Targets, t => Assert.Equal($"127.0.0.1:{site.Port}", t));
        Assert.NotEmpty(proxy.Targets);
        Assert.Equal(proxy.Targets.Count, site.Connections);
        using DuckDbLinkStore store = Open();
        Assert.Equal((VisitOutcome.Fetched, VisitOutcome.Fetched), (store.FindPage("http://a.example/")!.LastOutcome, store.FindPage("http://a.example/one")!.LastOutcome));
        Assert.DoesNotContain(site.Heads, h => h.StartsWith("GET /private", StringComparison.Ordinal));
        foreach (string inner in (string[])["http://10.0.0.1/", "http://169.254.169.254/latest"])
            Assert.NotEqual(VisitOutcome.Fetched, store.FindPage(inner)!.LastOutcome);
    }

    [Fact]
    public async Task Requests_are_signed_in_this_session_and_the_next()
    {
        string file = _folder.File("key.pem");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(file, key.ExportECPrivateKeyPem());
        await using LoopbackServer site = Site();
        Program.Run(Arguments(site, "http://same.example/1", "--sign", file, "--contact", "https://me.example/bot", "--max-pages", "2")).Ok();
        int first = site.Heads.Count;
        Program.Run("crawl", "--resume", "--max-pages", "1000", "--data", Data, "--json").Ok();
        Assert.True(site.Heads.Count > first, "nothing was left for the second session");
        string id = new RequestSigner(key, "https://me.example").KeyId;
        Assert.All(site.Heads, h =>
        {
            Assert.Contains("\r\nSignature-Agent: \"https://me.example\"\r\n", h, StringComparison.Ordinal);
            Assert.Contains($";keyid=\"{id}\"", h, StringComparison.Ordinal);
            Assert.Contains("\r\nSignature: sig=:", h, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Keys_proxies_and_renderers_that_cannot_be_used_are_one_error_and_no_crawl()
    {
        using var wrong = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var good = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(_folder.File("none.pem"), "no key");
        File.WriteAllText(_folder.File("wrong.pem"), wrong.ExportECPrivateKeyPem());
        File.WriteAllText(_folder.File("public.pem"), good.ExportSubjectPublicKeyInfoPem());
        File.WriteAllText(_folder.File("good.pem"), good.ExportECPrivateKeyPem());
        foreach (string name in (string[])["none.pem", "wrong.pem", "public.pem"])
            Assert.Contains($"{name} is not the PEM file of a private EC key on P-256", Fails(ExitCode.Usage, "--sign", _folder.File(name), "--contact", "https://me.example/"), StringComparison.Ordinal);
        Assert.Contains("absent.pem", Fails(ExitCode.Failed, "--sign", _folder.File("absent.pem"), "--contact", "https://me.example/"), StringComparison.Ordinal);
        Assert.Contains("https URL", Fails(ExitCode.Usage, "--sign", _folder.File("good.pem"), "--contact", "mailto:me@me.example"), StringComparison.Ordinal);
        Assert.Contains("{url}", Fails(ExitCode.Usage, "--render", "http://127.0.0.1:3000/", "--allow-loopback"), StringComparison.Ordinal);
        Assert.Contains("not an endpoint", Fails(ExitCode.Usage, "--render", "here?{url}", "--allow-loopback"), StringComparison.Ordinal);
        Assert.Contains("--proxy 'ftp://p/'", Fails(ExitCode.Usage, "--proxy", "ftp://p/", "--allow-loopback"), StringComparison.Ordinal);
        Assert.Empty(new DataFolder(Data).CrawlIds());

        string Fails(int code, params string[] more) => Program.Run(["crawl", "http://a.example/", "--data", Data, .. more]).Fails(code);
    }

    /// <summary>Three requests fail and open the circuit twice; the URLs that meet it open have as many tries left as before.</summary>
    [Fact]
    public async Task An_open_circuit_is_no_attempt_and_no_visit()
    {
        int asked = 0;
        await using var site = new LoopbackServer(async (head, stream, stop) =>
        {
            if (head.StartsWith("GET /robots.txt ", StringComparison.Ordinal))
                await stream.WriteAsync(LoopbackServer.Response("404 None", "", "Connection: close"), stop);
            else if (++asked > 3)
                await stream.WriteAsync(Html("<p>here", "Connection: close"), stop);
            else
                await stream.WriteAsync("no HTTP\r\n\r\n"u8.ToArray(), stop);
            return false;
        });
        string[] seeds = [.. Enumerable.Range(1, 6).Select(i => $"http://a.example/{i}")];
        CrawlSettings settings = Settings(site, null, seeds);
        (CrawlResult result, FrontierCounts counts) = Run(settings with { Crawl = settings.Crawl with { Workers = 1 } }, 0,
            o => o with { BreakAfterFailures = 2, BreakDuration = TimeSpan.FromSeconds(0.5) });
        Assert.Equal((CrawlEnd.Complete, 6L), (result.End, counts.Done));
        using DuckDbLinkStore store = Open();
        StoredVisit[] visits = [.. seeds.SelectMany(s => store.Visits(s, Cancel))];
        Assert.Equal((3, 6), (visits.Count(v => v.Outcome == VisitOutcome.NetworkError), visits.Count(v => v.Outcome == VisitOutcome.Fetched)));
        Assert.Equal(9, visits.Length);
        Assert.Equal(9, asked);
    }

    private const string Shell = "<!doctype html><title>App</title><div id=root></div><script src=/app.js></script>";

    private static byte[] Html(string html, params string[] fields) => LoopbackServer.Response("200 OK", html, ["Content-Type: text/html", .. fields]);

    /// <summary>app.example is empty without scripts; pages 1 to 9 of same.example lead to the next each.</summary>
    private static LoopbackServer Site() => new(async (head, stream, stop) =>
    {
        string path = head.Split(' ')[1];
        await stream.WriteAsync(path == "/robots.txt" ? LoopbackServer.Response("200 OK", "User-agent: *\nDisallow: /private", "Content-Type: text/plain")
            : head.Contains("Host: app.example", StringComparison.Ordinal) ? head.Contains("If-None-Match", StringComparison.Ordinal)
                ? LoopbackServer.Response("304 Not Modified") : Html(Shell, "ETag: \"1\"")
            : path.Length == 2 ? Html(Numbered(path)) : LoopbackServer.Response("404 None"), stop);
        return true;
    });

    private static string Numbered(string path) => string.Create(CultureInfo.InvariantCulture, $"<title>{path}</title><p><a href=/{path[1] - '0' + 1}>next</a>");

    private string[] Arguments(LoopbackServer site, params string[] more) => ["crawl", .. more, "--scope", "host", "--allow-loopback", "--connect-to", site.Rule, "--delay", "0", "--retry-after", "0.02",
        "--connections-per-host", "1", "--workers", "4", "--data", Data, "--json"];

    private static CrawlSettings Settings(LoopbackServer site, string? renderer, params string[] seeds) => new()
    {
        Crawl = new CrawlOptions { Seeds = seeds, Scope = ScopeKind.Host, RetryAfter = TimeSpan.FromMilliseconds(10), Workers = 4 },
        Politeness = new PolitenessOptions { Off = true, ConnectionsPerHost = 1, Backoff = TimeSpan.FromMilliseconds(20), MaxRetryAfter = TimeSpan.FromMilliseconds(100) },
        UserAgent = "backlinks/test (+http://localhost/)",
        AllowLoopback = true,
        ConnectTo = [site.Rule],
        Renderer = renderer,
    };

    private void CrawlAt(LoopbackServer site, int days, string? renderer) => Run(Settings(site, renderer, "http://app.example/"), days, o => o);

    private (CrawlResult Result, FrontierCounts Counts) Run(CrawlSettings settings, int days, Func<FetcherOptions, FetcherOptions> change)
    {
        var folder = new DataFolder(Data);
        string id;
        using (DataWriter writer = folder.BeginWriting())
            id = writer.NewCrawl("seams", settings.ToJson());
        return StoreCrawl.Run(folder, id, settings, null, Cancel, new LaterTime(TimeSpan.FromDays(days)), change);
    }

    private DuckDbLinkStore Open() => new DataFolder(Data).OpenLinks(readOnly: true);

    private static string[] Anchors(DuckDbLinkStore store, string page) =>
        [.. store.LinksFrom(page, Cancel).Where(l => l is { Kind: LinkKind.Anchor, LostAt: null }).Select(l => l.Target).Order(StringComparer.Ordinal)];

    /// <summary>Stands for a browser behind an endpoint: what scripts would have made of app.example, and same.example as it is.</summary>
    private sealed class RenderingService
    {
        private int _port;

        public ConcurrentQueue<string> Asked { get; } = [];

        public string[] Links { get; set; } = ["/a", "/b", "/c", "/d", "/private/x", "http://else.example/"];

        public bool Fails { get; set; }

        public string? Answer { get; init; }

        public string Template => $"http://127.0.0.1:{_port}/render?url={{url}}";

        public LoopbackServer Start()
        {
            var server = new LoopbackServer(async (head, stream, stop) =>
            {
                var url = new Uri(Uri.UnescapeDataString(head.Split(' ')[1]["/render?url=".Length..]));
                Asked.Enqueue(url.AbsoluteUri);
                await stream.WriteAsync(Fails ? LoopbackServer.Response("404 None")
                    : Answer is not null ? LoopbackServer.Response("200 OK", Answer, "Content-Type: application/json")
                    : Html(url.Host == "same.example" ? Numbered(url.AbsolutePath) : $"<title>{url.AbsolutePath}</title><main>{string.Concat(Links.Select(l => $"<p><a href={l}>to {l}</a>"))}</main>"), stop);
                return true;
            });
            _port = server.Port;
            return server;
        }
    }

    /// <summary>The system's clock, set forward; its timers run as usual.</summary>
    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
