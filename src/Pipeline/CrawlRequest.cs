using System.Globalization;
using System.Text.Json.Serialization;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>
/// A crawl as a user asks for one, on a command line or as JSON: a new one of <see cref="Seeds"/>, or with <see cref="Resume"/> one that is
/// gone on with, where only what limits or paces it may change. What is null is as <see cref="CrawlOptions"/> and
/// <see cref="PolitenessOptions"/> have it, or as the crawl was started with.
/// </summary>
public sealed record CrawlRequest
{
    private static readonly PolitenessOptions Polite = new();

    /// <summary>URLs to start from.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>A crawl to go on with: its id, or "" for the one started last.</summary>
    public string? Resume { get; init; }

    /// <summary>With <see cref="Resume"/>: go on before a damaged place of the frontier's journal.</summary>
    public bool AcceptCut { get; init; }

    [JsonConverter(typeof(LowerCase<ScopeKind>))]
    public ScopeKind? Scope { get; init; }

    /// <summary>Regular expressions: fetch only what matches one of them.</summary>
    public IReadOnlyList<string>? Include { get; init; }

    /// <summary>Regular expressions: fetch nothing that matches one of them.</summary>
    public IReadOnlyList<string>? Exclude { get; init; }

    /// <summary>Links from a seed, at least 0.</summary>
    public int? MaxHops { get; init; }

    /// <summary>URLs to fetch in all, at least 1.</summary>
    public long? MaxPages { get; init; }

    /// <summary>URLs to fetch of one host, at least 1.</summary>
    public long? MaxPagesPerHost { get; init; }

    /// <summary>Requests under way at once, 1 to 1,024.</summary>
    public int? Workers { get; init; }

    /// <summary>Seconds between requests to a host, at least .1; 0 only with <see cref="AllowLoopback"/>.</summary>
    public double? Delay { get; init; }

    /// <summary>Requests under way to one host, 1 to 1,024.</summary>
    public int? ConnectionsPerHost { get; init; }

    /// <summary>Seconds before the second try of a URL.</summary>
    public double? RetryAfter { get; init; }

    /// <summary>Seconds to wait when no host may be asked, before ending.</summary>
    public double? Patience { get; init; }

    public bool? FollowNofollow { get; init; }

    /// <summary>Whether to read the sitemaps that robots.txt names.</summary>
    public bool? Sitemaps { get; init; }

    /// <summary>Whether to look again at pages that the store knows and no link leads to.</summary>
    public bool? KnownPages { get; init; }

    /// <summary>Start from the pages in the store that are due for another look.</summary>
    public bool? Due { get; init; }

    /// <summary>Where people who are crawled can reach the crawler's owner: a URL or mailto:.</summary>
    public string? Contact { get; init; }

    /// <summary>Let addresses of this machine be fetched: for tests and demos.</summary>
    public bool? AllowLoopback { get; init; }

    /// <summary>As curl: <c>HOST1:PORT1:HOST2:PORT2</c>.</summary>
    public IReadOnlyList<string>? ConnectTo { get; init; }

    /// <summary>Ports to allow beside 80, 443, 8080 and 8443.</summary>
    public IReadOnlyList<int>? Ports { get; init; }

    /// <summary>The user's own proxies: http, https or socks5 URLs.</summary>
    public IReadOnlyList<string>? Proxies { get; init; }

    /// <summary>A service of the user's that runs pages' scripts: its URL, with {url} for the page's.</summary>
    public string? Render { get; init; }

    /// <summary>A PEM file with the P-256 key to sign requests with.</summary>
    public string? Sign { get; init; }

    /// <summary>CSS selectors of a page's main text.</summary>
    public string? Main { get; init; }

    /// <summary>A public suffix list newer than the one built in.</summary>
    public string? Psl { get; init; }

    /// <summary>Tells what is wrong with it that can be told without the data folder.</summary>
    /// <exception cref="RequestException">A value is out of its range, or two exclude each other.</exception>
    public void Check()
    {
        if (Resume is not null && Seeds.Count > 0)
            throw new RequestException("resume", "{resume} goes on with the URLs the crawl was started with; leave them out, or start a new crawl without {resume}");
        if (AcceptCut && Resume is null)
            throw new RequestException("accept_cut", "{accept_cut} mends a crawl that is gone on with: it needs {resume}");
        Within("max_hops", MaxHops, 0, int.MaxValue);
        Within("workers", Workers, 1, 1024);
        Within("connections_per_host", ConnectionsPerHost, 1, 1024);
        AtLeastOne("max_pages", MaxPages);
        AtLeastOne("max_pages_per_host", MaxPagesPerHost);
        foreach (int port in Ports ?? [])
            if (port is < 1 or > 65535)
                throw new RequestException("ports", $"{{ports}} must be 1 to 65535, not {port.ToString(CultureInfo.InvariantCulture)}");
        if (Resume is not null)
        {
            (string Field, object? Value)[] kept =
            [
                ("scope", Scope), ("include", Include), ("exclude", Exclude), ("max_hops", MaxHops), ("connections_per_host", ConnectionsPerHost), ("retry_after", RetryAfter),
                ("follow_nofollow", FollowNofollow), ("sitemaps", Sitemaps), ("known_pages", KnownPages), ("due", Due), ("contact", Contact), ("allow_loopback", AllowLoopback),
                ("connect_to", ConnectTo), ("ports", Ports), ("proxies", Proxies), ("render", Render), ("sign", Sign), ("main", Main), ("psl", Psl),
            ];
            if (Array.Find(kept, k => k.Value is not null) is { Field: { } changed })
                throw new RequestException(changed, $"{{{changed}}} is what the crawl was started with, and {{resume}} keeps it; start a new crawl to change it");
            return;
        }
        if (Seeds.Count == 0 && Due != true)
            throw new RequestException("seeds", "name at least one URL to start from, or {resume}");
    }

    /// <summary>What a new crawl is to do, checked in every part.</summary>
    /// <param name="contact">For where the request names none.</param>
    /// <exception cref="ArgumentException">A value is out of its range, a seed no URL, an expression or a rule not readable, nobody is named.</exception>
    /// <exception cref="IOException">A file named cannot be read.</exception>
    public CrawlSettings Settings(DataFolder folder, string? contact, CancellationToken cancel = default)
    {
        Check();
        bool loopback = AllowLoopback == true;
        IReadOnlyList<string> seeds = Due == true ? [.. Seeds, .. StoreCrawl.DuePages(folder, cancel)] : Seeds;
        if (seeds.Count == 0)
            throw new RequestException("due", "no page in the store is due for another look yet");
        string? who = Contact ?? contact;
        if (string.IsNullOrWhiteSpace(who) && !loopback)
            throw new RequestException("contact", "say who you are with {contact} URL (a page or mailto:): it is sent with every request, so that people whose sites you crawl can reach you");
        var standard = new CrawlOptions { Seeds = seeds };
        var settings = new CrawlSettings
        {
            Crawl = standard with
            {
                Scope = Scope ?? standard.Scope,
                Include = Include ?? [],
                Exclude = Exclude ?? [],
                MaxHops = MaxHops ?? standard.MaxHops,
                MaxPages = MaxPages ?? standard.MaxPages,
                MaxPagesPerHost = MaxPagesPerHost ?? standard.MaxPagesPerHost,
                Workers = Workers ?? standard.Workers,
                FollowNofollow = FollowNofollow ?? standard.FollowNofollow,
                Sitemaps = Sitemaps ?? standard.Sitemaps,
                KnownPages = KnownPages ?? standard.KnownPages,
                RetryAfter = Seconds("retry_after", RetryAfter) ?? standard.RetryAfter,
                Patience = Seconds("patience", Patience) ?? standard.Patience,
                Pages = new PageReaderOptions { Main = Main },
            },
            Politeness = Politely(Delay ?? Polite.MinGap.TotalSeconds, ConnectionsPerHost ?? Polite.ConnectionsPerHost, loopback),
            UserAgent = UserAgents.Default(RunWriter.EngineVersion, string.IsNullOrWhiteSpace(who) ? "http://localhost/" : who),
            AllowLoopback = loopback,
            ConnectTo = ConnectTo ?? [],
            Ports = Ports ?? [],
            Proxies = [.. (Proxies ?? []).Select(ProxyOf)],
            Psl = Psl is { } list ? Path.GetFullPath(list) : null,
            Renderer = Render,
            SigningKey = Sign is { } file ? Path.GetFullPath(file) : null,
            SigningSite = Sign is null ? "" : SiteOf(who),
        };
        StoreCrawl.CheckSeams(settings);
        settings.Check();
        return settings;
    }

    /// <summary>What a crawl was started with, as this request changes it: what limits or paces a crawl may change from one session to the
    /// next; what it is about may not.</summary>
    /// <exception cref="ArgumentException">A value is out of its range or may not change.</exception>
    public CrawlSettings Resumed(CrawlSettings settings)
    {
        Check();
        return settings with
        {
            Crawl = settings.Crawl with
            {
                MaxPages = MaxPages ?? settings.Crawl.MaxPages,
                MaxPagesPerHost = MaxPagesPerHost ?? settings.Crawl.MaxPagesPerHost,
                Workers = Workers ?? settings.Crawl.Workers,
                Patience = Seconds("patience", Patience) ?? settings.Crawl.Patience,
            },
            Politeness = Delay is { } delay ? Politely(delay, settings.Politeness.ConnectionsPerHost, settings.AllowLoopback) : settings.Politeness,
        };
    }

    private static PolitenessOptions Politely(double delay, int connections, bool allowLoopback)
    {
        if (delay < 0.1 && !allowLoopback)
            throw new RequestException("delay", $"{{delay}} {delay.ToString(CultureInfo.InvariantCulture)} would be an attack on somebody's server; at least 0.1 s, or {{allow_loopback}} for your own machine");
        TimeSpan gap = Seconds("delay", delay)!.Value;
        // On loopback all hosts have one address, and it is ours: only the hosts are kept apart.
        return Polite with { MinGap = gap, Off = delay == 0, ConnectionsPerHost = connections, AddressGap = allowLoopback ? TimeSpan.Zero : gap, ConnectionsPerAddress = allowLoopback ? 0 : Polite.ConnectionsPerAddress, DomainGap = gap };
    }

    private static TimeSpan? Seconds(string field, double? seconds) => seconds is null ? null : seconds is >= 0 and <= 1e7 ? TimeSpan.FromSeconds(seconds.Value)
        : throw new RequestException(field, $"{{{field}}} must be 0 to 10,000,000 seconds, not {seconds.Value.ToString(CultureInfo.InvariantCulture)}");

    private static string ProxyOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" or "socks5" ? text
        : throw new RequestException("proxies", $"{{proxies}} '{text}' is no http, https or socks5 URL");

    private static string SiteOf(string? contact) => Uri.TryCreate(contact, UriKind.Absolute, out Uri? uri) && uri.Scheme == "https" ? uri.GetLeftPart(UriPartial.Authority)
        : throw new RequestException("sign", "{sign} needs {contact} with an https URL: that site publishes the public key under /.well-known/http-message-signatures-directory");

    private static void Within(string field, int? value, int least, int most)
    {
        if (value < least || value > most)
            throw new RequestException(field, string.Create(CultureInfo.InvariantCulture, $"{{{field}}} must be {(most == int.MaxValue ? $"at least {least}" : $"{least} to {most}")}, not {value}"));
    }

    private static void AtLeastOne(string field, long? value)
    {
        if (value < 1)
            throw new RequestException(field, string.Create(CultureInfo.InvariantCulture, $"{{{field}}} must be at least 1, not {value}"));
    }
}
