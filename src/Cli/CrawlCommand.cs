using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks crawl URL…</c>: fetches a web and writes what it finds into the store; <c>--resume</c> goes on.</summary>
internal static class CrawlCommand
{
    private static readonly CrawlOptions Defaults = new() { Seeds = [] };
    private static readonly PolitenessOptions Polite = new();

    public static Command Create(Session session)
    {
        Argument<string[]> seeds = new("URL") { Description = "Where to start; none with --resume.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> resume = new("--resume") { Description = "Go on with the crawl started last, or with crawl ID.", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne };
        resume.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).CrawlIds()));
        Option<ScopeKind> scope = Choice.Of("--scope", "How far to go from the URLs given.", Defaults.Scope);
        Option<string[]> include = new("--include") { Description = "Fetch only URLs that match one of these regular expressions.", HelpName = "REGEX" };
        Option<string[]> exclude = new("--exclude") { Description = "Fetch no URL that matches one of these regular expressions.", HelpName = "REGEX" };
        Option<int> hops = new("--max-hops") { Description = "Links from a given URL, at most.", HelpName = "N", DefaultValueFactory = _ => Defaults.MaxHops };
        Option<long> pages = new("--max-pages") { Description = "URLs to fetch in all.", HelpName = "N", DefaultValueFactory = _ => Defaults.MaxPages };
        Option<long> hostPages = new("--max-pages-per-host") { Description = "URLs to fetch of one host.", HelpName = "N", DefaultValueFactory = _ => Defaults.MaxPagesPerHost };
        Option<int> workers = new("--workers") { Description = "Requests under way at once.", HelpName = "N", DefaultValueFactory = _ => Defaults.Workers };
        Option<double> delay = new("--delay") { Description = "Seconds between requests to a host, at least (0 only with --allow-loopback).", HelpName = "S", DefaultValueFactory = _ => Polite.MinGap.TotalSeconds };
        Option<int> connections = new("--connections-per-host") { Description = "Requests under way to one host.", HelpName = "N", DefaultValueFactory = _ => Polite.ConnectionsPerHost };
        Option<double> retry = new("--retry-after") { Description = "Seconds before the second try of a URL; doubles with each.", HelpName = "S", DefaultValueFactory = _ => Defaults.RetryAfter.TotalSeconds };
        Option<double> patience = new("--patience") { Description = "Seconds to wait when no host may be asked, before ending.", HelpName = "S", DefaultValueFactory = _ => Defaults.Patience.TotalSeconds };
        Option<bool> followNofollow = new("--follow-nofollow") { Description = "Fetch what rel=nofollow links point at, too." };
        Option<bool> noSitemaps = new("--no-sitemaps") { Description = "Leave the sitemaps that robots.txt names." };
        Option<bool> noKnown = new("--no-known") { Description = "Leave pages that the store knows and no link leads to." };
        Option<bool> due = new("--due") { Description = "Start from the pages in the store that are due for another look." };
        Option<string?> contact = new("--contact") { Description = "Where people you crawl can reach you: a URL or mailto: ($BACKLINKS_CONTACT sets the default).", HelpName = "URL" };
        Option<bool> loopback = new("--allow-loopback") { Description = "Let addresses of this machine be fetched: for tests and demos." };
        Option<string[]> connectTo = new("--connect-to") { Description = "As curl: connections to HOST1:PORT1 go to HOST2:PORT2; empty HOST1 or PORT1 means any.", HelpName = "HOST1:PORT1:HOST2:PORT2" };
        Option<int[]> ports = new("--port") { Description = "A port to allow beside 80, 443, 8080 and 8443.", HelpName = "N" };
        Option<string[]> proxies = new("--proxy") { Description = "A proxy of yours: http, https or socks5 URL.", HelpName = "URL" };
        Option<bool> acceptCut = new("--accept-cut") { Description = "With --resume: go on before a damaged place of the frontier's journal; pages recorded behind it are fetched again." };
        Option<string?> render = new("--render") { Description = "Let this service of yours run pages' scripts where a host needs it: its URL, with {url} for the page's.", HelpName = "URL" };
        Option<string?> sign = new("--sign") { Description = "Sign requests (Web Bot Auth) with the P-256 key of this PEM file; --contact must be an https URL of the site that publishes it.", HelpName = "FILE" };
        Option<string?> main = new("--main") { Description = "CSS selectors of a page's main text, such as 'article, main'.", HelpName = "CSS" };
        Option<string?> psl = new("--psl") { Description = "A public suffix list newer than the one built in.", HelpName = "FILE" };
        var command = new Command("crawl", "Fetch pages politely and keep what links where.")
        {
            seeds, resume, acceptCut, scope, include, exclude, hops, pages, hostPages, workers, delay, connections, retry, patience, followNofollow, noSitemaps, noKnown, due,
            contact, loopback, connectTo, ports, proxies, render, sign, main, psl, session.Json,
        };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
            bool resuming = parsed.GetResult(resume) is not null;
            string[] urls = parsed.GetValue(seeds)!;
            if (resuming && urls.Length > 0)
                throw new UsageException("--resume goes on with the URLs the crawl was started with; leave them out, or start a new crawl without --resume");
            if (parsed.GetValue(acceptCut) && !resuming)
                throw new UsageException("--accept-cut mends a crawl that is gone on with: it needs --resume");
            Within(hops, 0, int.MaxValue);
            Within(workers, 1, 1024);
            Within(connections, 1, 1024);
            WithinLong(pages);
            WithinLong(hostPages);
            foreach (int port in parsed.GetValue(ports) ?? [])
                if (port is < 1 or > 65535)
                    throw new UsageException($"--port must be 1 to 65535, not {port.ToString(CultureInfo.InvariantCulture)}");
            CrawlSettings settings;
            string id = "";
            if (resuming)
            {
                foreach (Option kept in (Option[])[scope, include, exclude, hops, connections, retry, followNofollow, noSitemaps, noKnown, due, contact, loopback, connectTo, ports, proxies, render, sign, main, psl])
                    if (Given(kept))
                        throw new UsageException($"{kept.Name} is what the crawl was started with, and --resume keeps it; start a new crawl to change it");
                id = folder.CrawlId(parsed.GetValue(resume));
                settings = CrawlSettings.Read(folder, id);
                // What limits or paces a crawl may change from one session to the next; what it is about may not.
                settings = settings with
                {
                    Crawl = settings.Crawl with
                    {
                        MaxPages = Given(pages) ? parsed.GetValue(pages) : settings.Crawl.MaxPages,
                        MaxPagesPerHost = Given(hostPages) ? parsed.GetValue(hostPages) : settings.Crawl.MaxPagesPerHost,
                        Workers = Given(workers) ? parsed.GetValue(workers) : settings.Crawl.Workers,
                        Patience = Given(patience) ? Seconds(parsed.GetValue(patience), "--patience") : settings.Crawl.Patience,
                    },
                    Politeness = Given(delay) ? Politely(parsed.GetValue(delay), settings.Politeness.ConnectionsPerHost, settings.AllowLoopback) : settings.Politeness,
                };
            }
            else
            {
                bool allowLoopback = parsed.GetValue(loopback);
                if (parsed.GetValue(due))
                    urls = [.. urls, .. DuePages(folder, session.Cancel)];
                if (urls.Length == 0)
                    throw new UsageException(parsed.GetValue(due) ? "no page in the store is due for another look yet" : "name at least one URL to start from, or --resume");
                string? who = parsed.GetValue(contact) ?? session.Terminal.Environment("BACKLINKS_CONTACT");
                if (string.IsNullOrWhiteSpace(who) && !allowLoopback)
                    throw new UsageException("say who you are with --contact URL (a page or mailto:): it is sent with every request, so that people whose sites you crawl can reach you");
                settings = new CrawlSettings
                {
                    Crawl = new CrawlOptions
                    {
                        Seeds = urls,
                        Scope = parsed.GetValue(scope),
                        Include = parsed.GetValue(include) ?? [],
                        Exclude = parsed.GetValue(exclude) ?? [],
                        MaxHops = parsed.GetValue(hops),
                        MaxPages = parsed.GetValue(pages),
                        MaxPagesPerHost = parsed.GetValue(hostPages),
                        Workers = parsed.GetValue(workers),
                        FollowNofollow = parsed.GetValue(followNofollow),
                        Sitemaps = !parsed.GetValue(noSitemaps),
                        KnownPages = !parsed.GetValue(noKnown),
                        RetryAfter = Seconds(parsed.GetValue(retry), "--retry-after"),
                        Patience = Seconds(parsed.GetValue(patience), "--patience"),
                        Pages = new PageReaderOptions { Main = parsed.GetValue(main) },
                    },
                    Politeness = Politely(parsed.GetValue(delay), parsed.GetValue(connections), allowLoopback),
                    UserAgent = UserAgents.Default(RunWriter.EngineVersion, string.IsNullOrWhiteSpace(who) ? "http://localhost/" : who),
                    AllowLoopback = allowLoopback,
                    ConnectTo = parsed.GetValue(connectTo) ?? [],
                    Ports = parsed.GetValue(ports) ?? [],
                    Proxies = [.. (parsed.GetValue(proxies) ?? []).Select(ProxyOf)],
                    Psl = parsed.GetValue(psl) is { } list ? Path.GetFullPath(list) : null,
                    Renderer = parsed.GetValue(render),
                    SigningKey = parsed.GetValue(sign) is { } file ? Path.GetFullPath(file) : null,
                    SigningSite = parsed.GetValue(sign) is null ? "" : SiteOf(who),
                };
                CheckSeams(settings);
                settings.Check();
            }
            CrawlResult result;
            FrontierCounts counts;
            // One thread: with two, the store and the workers took each other's processors (a fifth more processor time a page). Opened
            // first, so that a store in use leaves no crawl behind that never began.
            using (DuckDbLinkStore store = folder.OpenLinks(readOnly: false, new LinkStoreOptions { Threads = 1 }))
            {
                if (!resuming)
                {
                    using DataWriter writer = folder.BeginWriting();
                    id = writer.NewCrawl(WebUrl.TryParse(urls[0])!.Host, settings.ToJson());
                }
                string[] before = Cuts(folder, id);
                try
                {
                    (result, counts) = Watching.Watch(session, progress => Run(store, folder, id, settings, progress, session.Cancel, acceptCut: parsed.GetValue(acceptCut)));
                }
                finally
                {
                    foreach (string cut in Cuts(folder, id).Except(before))
                        session.Note($"note: the frontier was damaged; what stood behind that place was put aside as {cut}, and its pages are fetched again");
                }
            }
            Print(session, session.Layout(parsed, csv: false), id, result, counts);
            if (result.End != CrawlEnd.Stopped)
                return ExitCode.Done;
            session.Terminal.Error.WriteLine($"backlinks: interrupted with {Printing.ForPeople(counts.Queued)} URLs queued; what was fetched is kept: 'backlinks crawl --resume {id}' goes on");
            return ExitCode.Interrupted;

            bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };

            void Within(Option<int> option, int least, int most)
            {
                if (parsed.GetValue(option) is var value && (value < least || value > most))
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be {(most == int.MaxValue ? $"at least {least}" : $"{least} to {most}")}, not {value}"));
            }

            void WithinLong(Option<long> option)
            {
                if (parsed.GetValue(option) is < 1 and long value)
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} must be at least 1, not {value}"));
            }
        });
        return command;
    }

    /// <summary>Opens what a crawl needs, crawls, and closes it all.</summary>
    /// <param name="time">For tests that look again days later.</param>
    /// <param name="change">For tests that resolve names themselves.</param>
    internal static (CrawlResult Result, FrontierCounts Counts) Run(DataFolder folder, string id, CrawlSettings settings, IProgress<StepProgress>? progress, CancellationToken cancel,
        TimeProvider? time = null, Func<FetcherOptions, FetcherOptions>? change = null)
    {
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: false);
        return Run(store, folder, id, settings, progress, cancel, time, change);
    }

    /// <exception cref="IOException">The crawl could not go on; the message says how it does.</exception>
    internal static (CrawlResult Result, FrontierCounts Counts) Run(DuckDbLinkStore store, DataFolder folder, string id, CrawlSettings settings, IProgress<StepProgress>? progress, CancellationToken cancel,
        TimeProvider? time = null, Func<FetcherOptions, FetcherOptions>? change = null, bool acceptCut = false)
    {
        time ??= TimeProvider.System;
        Func<string, string> domainOf = settings.DomainOf();
        using Frontier frontier = Frontier.Open(Path.Combine(folder.Crawls, id, "frontier"), new FrontierOptions { Politeness = settings.Politeness, DomainOf = domainOf, AcceptCut = acceptCut }, time);
        StoredSource? known = store.FindSource($"crawl:{id}");
        if (known is null && frontier.Counts.Done > 0)
            throw new StoreException(store.Path, $"does not hold what crawl {id} wrote: it was deleted or replaced; put it back, or start a new crawl");
        using ECDsa? key = settings.ReadSigningKey();
        using var fetcher = new Fetcher((change ?? (o => o))(settings.Fetcher() with { Clock = time, Signer = key is null ? null : new RequestSigner(key, settings.SigningSite) }));
        using HttpClient service = Service();
        var robots = new RobotsCache(fetcher, new RobotsCacheOptions { ErrorLifetime = settings.Crawl.RetryAfter });
        StoredSource source = known ?? new StoredSource($"crawl:{id}", "crawl", time.GetUtcNow().UtcDateTime, null, 0, Facts(settings));
        var crawler = new Crawler(settings.Crawl, frontier, store, fetcher, robots, source, domainOf, time, progress, settings.RendererOf(service, fetcher, time));
        try
        {
            CrawlResult result = crawler.RunAsync(cancel).GetAwaiter().GetResult();
            if (result.End == CrawlEnd.Complete)
                store.Write([], source with { Ended = time.GetUtcNow().UtcDateTime });
            return (result, frontier.Counts);
        }
        catch (IOException e)
        {
            const int diskFull = 28; // ENOSPC
            throw new IOException($"{e.Message.TrimEnd('.')}; {(e.HResult == diskFull ? "free some space, then" : "when that is mended,")} 'backlinks crawl --resume' goes on where crawl {id} stopped", e);
        }
    }

    /// <summary>Ends of the journal that were put aside.</summary>
    private static string[] Cuts(DataFolder folder, string id)
    {
        string frontier = Path.Combine(folder.Crawls, id, "frontier");
        return Directory.Exists(frontier) ? Directory.GetFiles(frontier, "*.cut-*") : [];
    }

    /// <summary>For the rendering service, which is the user's: its answers are long in coming, and the renderer has its own limits.</summary>
    private static HttpClient Service() => new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Tells what is wrong with proxies, key and renderer before a crawl is made of them.</summary>
    private static void CheckSeams(CrawlSettings settings)
    {
        using ECDsa? key = settings.ReadSigningKey();
        using var fetcher = new Fetcher(settings.Fetcher() with { Signer = key is null ? null : new RequestSigner(key, settings.SigningSite) });
        using HttpClient service = Service();
        settings.RendererOf(service, fetcher);
    }

    private static string SiteOf(string? contact) => Uri.TryCreate(contact, UriKind.Absolute, out Uri? uri) && uri.Scheme == "https" ? uri.GetLeftPart(UriPartial.Authority)
        : throw new UsageException("--sign needs --contact with an https URL: that site publishes the public key under /.well-known/http-message-signatures-directory");

    private static string Facts(CrawlSettings settings) => new JsonObject
    {
        ["seeds"] = new JsonArray([.. settings.Crawl.Seeds.Take(20).Select(s => JsonValue.Create(s))]),
        ["scope"] = settings.Crawl.Scope.ToString().ToLowerInvariant(),
        ["user_agent"] = settings.UserAgent,
    }.ToJsonString();

    /// <summary>Pages whose observed rate of change says that it is time.</summary>
    private static List<string> DuePages(DataFolder folder, CancellationToken cancel)
    {
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
        DateTime now = DateTime.UtcNow;
        return [.. store.Pages(cancel: cancel)
            .Where(p => p is { Granularity: Granularity.Page, LastVisit: { } last } && now - last >= RecrawlInterval.After(p.Verifications, p.Changes, (p.LastVerified ?? last) - p.FirstSeen))
            .Select(p => p.Url)];
    }

    private static PolitenessOptions Politely(double delay, int connections, bool allowLoopback)
    {
        if (delay < 0.1 && !allowLoopback)
            throw new UsageException($"--delay {delay.ToString(CultureInfo.InvariantCulture)} would be an attack on somebody's server; at least 0.1 s, or --allow-loopback for your own machine");
        TimeSpan gap = Seconds(delay, "--delay");
        // On loopback all hosts have one address, and it is ours: only the hosts are kept apart.
        return Polite with { MinGap = gap, Off = delay == 0, ConnectionsPerHost = connections, AddressGap = allowLoopback ? TimeSpan.Zero : gap, ConnectionsPerAddress = allowLoopback ? 0 : Polite.ConnectionsPerAddress, DomainGap = gap };
    }

    private static TimeSpan Seconds(double seconds, string option) => seconds is >= 0 and <= 1e7 ? TimeSpan.FromSeconds(seconds)
        : throw new UsageException($"{option} must be 0 to 10,000,000 seconds, not {seconds.ToString(CultureInfo.InvariantCulture)}");

    private static string ProxyOf(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https" or "socks5" ? text
        : throw new UsageException($"--proxy '{text}' is no http, https or socks5 URL");

    private static void Print(Session session, Layout layout, string id, CrawlResult result, FrontierCounts counts)
    {
        long Skipped(FrontierState why) => counts.Skipped.GetValueOrDefault(why);
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, new JsonObject
            {
                ["crawl"] = id,
                ["end"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.End.ToString()),
                ["fetched"] = result.Fetched,
                ["links"] = result.Links,
                ["new_lost"] = result.NewLost,
                ["bytes"] = result.Bytes,
                ["seconds"] = result.Took.TotalSeconds,
                ["outcomes"] = new JsonObject(result.Outcomes.Select(o => KeyValuePair.Create<string, JsonNode?>(JsonNamingPolicy.SnakeCaseLower.ConvertName(o.Key), o.Value))),
                ["queued"] = counts.Queued,
                ["done"] = counts.Done,
                ["skipped_by_robots"] = Skipped(FrontierState.SkippedByRobots),
                ["skipped_by_budget"] = Skipped(FrontierState.SkippedByBudget),
                ["skipped_as_trap"] = Skipped(FrontierState.SkippedAsTrap),
                ["hosts"] = counts.Hosts,
            });
            return;
        }
        double seconds = Math.Max(result.Took.TotalSeconds, 1e-3);
        var lines = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture, $"crawl {id}: {result.Fetched:N0} pages and {result.Links:N0} links of {counts.Hosts:N0} hosts in {seconds:0.0} s ({result.Fetched / seconds:0} pages/s)"),
            result.Fetched == 0 && result.End == CrawlEnd.Complete ? "  nothing was left to fetch: the crawl is complete; a new one looks again" : "  " + string.Join(", ", result.Outcomes.Select(o => string.Create(CultureInfo.InvariantCulture, $"{o.Value:N0} {o.Key}"))),
            string.Create(CultureInfo.InvariantCulture, $"  skipped so far: {Skipped(FrontierState.SkippedByRobots):N0} by robots.txt, {Skipped(FrontierState.SkippedByBudget):N0} by budget, {Skipped(FrontierState.SkippedAsTrap):N0} as traps; {result.NewLost:N0} links newly lost"),
        };
        if (result.Outcomes.ContainsKey(nameof(VisitOutcome.Refused)))
            lines.Add("  an address or port that was refused is not asked; 'backlinks why URL' tells which, --port and --allow-loopback allow more");
        string? more = result.End switch
        {
            CrawlEnd.Budget => $"--max-pages is reached and {Printing.ForPeople(counts.Queued)} URLs are queued: 'backlinks crawl --resume --max-pages N' goes on",
            CrawlEnd.Waiting => $"{Printing.ForPeople(counts.Queued)} URLs must wait longer than --patience: 'backlinks crawl --resume' goes on",
            _ => null,
        };
        if (more is not null)
            lines.Add("  " + more);
        lines.Add("  next: 'backlinks rank' ranks what the store holds; 'backlinks why URL' tells what became of a page");
        Printing.Lines(session.Terminal, lines);
    }
}
