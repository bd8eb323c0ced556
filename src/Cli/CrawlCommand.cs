using System.CommandLine;
using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
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
            var request = new CrawlRequest
            {
                Seeds = parsed.GetValue(seeds)!,
                Resume = resuming ? parsed.GetValue(resume) ?? "" : null,
                AcceptCut = parsed.GetValue(acceptCut),
                Scope = Given(scope),
                Include = Words(include),
                Exclude = Words(exclude),
                MaxHops = Given(hops),
                MaxPages = Given(pages),
                MaxPagesPerHost = Given(hostPages),
                Workers = Given(workers),
                Delay = Given(delay),
                ConnectionsPerHost = Given(connections),
                RetryAfter = Given(retry),
                Patience = Given(patience),
                FollowNofollow = Given(followNofollow),
                Sitemaps = !Given(noSitemaps),
                KnownPages = !Given(noKnown),
                Due = Given(due),
                Contact = parsed.GetValue(contact),
                AllowLoopback = Given(loopback),
                ConnectTo = Words(connectTo),
                Ports = parsed.GetValue(ports) is { Length: > 0 } numbers ? numbers : null,
                Proxies = Words(proxies),
                Render = parsed.GetValue(render),
                Sign = parsed.GetValue(sign),
                Main = parsed.GetValue(main),
                Psl = parsed.GetValue(psl),
            };
            request.Check();
            string? id = resuming ? folder.CrawlId(parsed.GetValue(resume)) : null;
            CrawlSettings settings = id is null ? request.Settings(folder, session.Terminal.Environment("BACKLINKS_CONTACT"), session.Cancel) : request.Resumed(CrawlSettings.Read(folder, id));
            var cuts = new List<string>();
            CrawlReport report;
            try
            {
                report = Watching.Watch(session, progress => StoreCrawl.Run(folder, settings, id, request.AcceptCut, cut: cuts.Add, progress: progress, cancel: session.Cancel));
            }
            finally
            {
                foreach (string cut in cuts)
                    session.Note($"note: the frontier was damaged; what stood behind that place was put aside as {cut}, and its pages are fetched again");
            }
            Print(session, session.Layout(parsed, csv: false), report);
            if (report.Result.End != CrawlEnd.Stopped)
                return ExitCode.Done;
            session.Terminal.Error.WriteLine($"backlinks: interrupted with {Printing.ForPeople(report.Counts.Queued)} URLs queued; what was fetched is kept: 'backlinks crawl --resume {report.Id}' goes on");
            return ExitCode.Interrupted;

            T? Given<T>(Option<T> option) where T : struct => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;

            string[]? Words(Option<string[]> option) => parsed.GetValue(option) is { Length: > 0 } words ? words : null;
        });
        return command;
    }

    private static void Print(Session session, Layout layout, CrawlReport report)
    {
        (string id, CrawlResult result, FrontierCounts counts) = report;
        long Skipped(FrontierState why) => counts.Skipped.GetValueOrDefault(why);
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, Reports.Describe(report));
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
