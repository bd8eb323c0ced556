using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks why URL</c>: what became of a page, why it was skipped, delayed or blocked, and why a link of it or to
/// it counts as lost.</summary>
internal static class WhyCommand
{
    /// <param name="Verdict">One word for programs: fetched, queued, delayed, skipped_by_robots, …, blocked, lost, unknown.</param>
    /// <param name="Because">For people, the most important first.</param>
    internal sealed record Answer(string Url, string Verdict, IReadOnlyList<string> Because);

    public static Command Create(Session session)
    {
        Argument<string> target = new("URL") { Description = "The page." };
        Option<string?> crawl = new("--crawl") { Description = "The crawl to ask instead of the one started last.", HelpName = "ID" };
        crawl.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).CrawlIds()));
        var command = new Command("why", "Tell what became of a page, and why.") { target, crawl, session.Json };
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(target)!;
            WebUrl url = WebUrl.TryParse(text) is { IsHttp: true } given ? given
                : (text.Contains("://", StringComparison.Ordinal) ? null : WebUrl.TryParse("https://" + text)) ?? throw new UsageException($"'{text}' is not a URL");
            Answer answer = Ask(session.Folder(parsed), url, parsed.GetValue(crawl), session.Cancel);
            if (!Tells(answer) && !text.Contains("://", StringComparison.Ordinal) && WebUrl.TryParse("http://" + text) is { IsHttp: true } plain
                && Ask(session.Folder(parsed), plain, parsed.GetValue(crawl), session.Cancel) is var other && Tells(other))
                answer = other; // a bare host is a site, by whichever scheme it is known
            if (session.Layout(parsed, csv: false) == Layout.Json)
                Printing.Json(session.Terminal, new JsonObject
                {
                    ["url"] = answer.Url,
                    ["verdict"] = answer.Verdict,
                    ["because"] = new JsonArray([.. answer.Because.Select(b => JsonValue.Create(b))]),
                });
            else
                Printing.Lines(session.Terminal, [Printing.Printable(answer.Url), .. answer.Because.Select(b => "  " + Printing.Printable(b))]);
            return ExitCode.Done;
        });
        return command;
    }

    private static bool Tells(Answer answer) => answer.Verdict is not ("unknown" or "skipped_by_scope");

    internal static Answer Ask(DataFolder folder, WebUrl url, string? crawl, CancellationToken cancel)
    {
        var because = new List<string>();
        string verdict = "unknown", key = url.PageKey;
        string? id = crawl is null && folder.CrawlIds().Count == 0 ? null : folder.CrawlId(crawl);
        bool stored = folder.HasLinks;
        if (id is null && !stored)
            throw new StoreException(folder.Path, "no crawl and no import of pages yet; start with 'backlinks crawl URL' or 'backlinks import FILE.warc.gz'");
        if (id is not null)
            verdict = AskFrontier(folder, id, url, because);
        if (stored)
            try
            {
                using DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
                verdict = AskStore(store, key, verdict, because, cancel);
                if (verdict == "unknown" && id is not null)
                    NotFollowed(folder, id, store, key, because, cancel);
            }
            catch (StoreException e) when (id is not null) // a crawl under way has the store; what its frontier says is worth saying
            {
                because.Add($"what the store knows of it cannot be told now: {e.Message}");
            }
        if (because.Count == 0)
            because.Add("nothing that was crawled or imported links to it");
        return new Answer(key, verdict, because);
    }

    private static string AskFrontier(DataFolder folder, string id, WebUrl url, List<string> because)
    {
        CrawlSettings settings = CrawlSettings.Read(folder, id);
        FrontierEntry? entry = Frontier.Look(Path.Combine(folder.Crawls, id, "frontier"), url.PageKey);
        string? outside = Crawler.ScopeOf(settings.Crawl, settings.DomainOf()).Outside(url, entry?.Hops ?? 0);
        if (entry is null || entry.State == FrontierState.Unknown)
        {
            if (outside is null)
                return "unknown";
            because.Add($"not fetched by crawl {id}: out of scope: {outside}");
            return "skipped_by_scope";
        }
        string way = entry.From.Length > 0 ? $" (found on {entry.From}, {entry.Hops} {(entry.Hops == 1 ? "link" : "links")} from a start)" : " (a start of the crawl)";
        switch (entry.State)
        {
            case FrontierState.Queued:
                string when = entry.ReadyAt is { } ready && ready > DateTimeOffset.UtcNow
                    ? $"its host may be asked again at {Time(ready.UtcDateTime)}" : "its host may be asked now";
                because.Add($"queued in crawl {id}{way}: {Printing.ForPeople(entry.Ahead)} {(entry.Ahead == 1 ? "URL of its host is" : "URLs of its host are")} ahead of it, {when}");
                if (entry.Attempts > 0)
                    because.Add($"tried {entry.Attempts} {(entry.Attempts == 1 ? "time" : "times")} so far: {entry.Detail}");
                because.Add("'backlinks crawl --resume' goes on; if the crawl ended at its budget, give it a higher --max-pages");
                return entry.ReadyAt > DateTimeOffset.UtcNow ? "delayed" : "queued";
            case FrontierState.Done:
                because.Add($"visited by crawl {id}{way}{(entry.Detail.Length > 0 ? ": " + entry.Detail : "")}");
                return "fetched";
            default:
                because.Add($"skipped by crawl {id}{way}: {Reason(entry.State)}: {entry.Detail}");
                return JsonNamingPolicy.SnakeCaseLower.ConvertName(entry.State.ToString());
        }
    }

    /// <summary>Why no link to a page in scope was followed: each of them is of a kind or has a mark that is not, or stands too far out.</summary>
    private static void NotFollowed(DataFolder folder, string id, DuckDbLinkStore store, string key, List<string> because, CancellationToken cancel)
    {
        CrawlOptions options = CrawlSettings.Read(folder, id).Crawl;
        List<StoredLink> links = [.. store.LinksTo(key, cancel).Where(l => l.LostAt is null)];
        if (links.Count == 0)
            return;
        List<StoredLink> followable = links.FindAll(l => Crawler.Follows(l.Kind));
        if (followable.Count == 0)
            because.Insert(0, $"not fetched by crawl {id}: the links to it are of kinds that are not followed ({string.Join(", ", links.Select(l => l.Kind).Distinct())})");
        else if (followable.TrueForAll(l => (l.Rel & LinkRel.PageNofollow) != 0 || ((l.Rel & LinkRel.Nofollow) != 0 && !options.FollowNofollow)))
            because.Insert(0, $"not fetched by crawl {id}: the links to it are nofollow (--follow-nofollow follows those that are not on a nofollow page)");
        else
            because.Insert(0, $"not fetched by crawl {id}: the links to it that were found are more than --max-hops {options.MaxHops} links from a start, or were found by another crawl or import");
    }

    private static string AskStore(DuckDbLinkStore store, string key, string verdict, List<string> because, CancellationToken cancel)
    {
        StoredPage? page = store.FindPage(key);
        if (page is null)
            return verdict;
        List<StoredVisit> visits = [.. store.Visits(key, cancel)];
        if (visits.Count > 0)
        {
            StoredVisit last = visits[^1];
            because.Add($"last visit {Time(last.At)} by {last.Source}: {Outcome(last)}");
            if (last.Outcome >= VisitOutcome.Blocked && last.Outcome != VisitOutcome.NotHtml)
            {
                if (verdict is "fetched" or "unknown")
                    verdict = "blocked";
                because.Add(page.LastVerified is { } verified
                    ? $"that visit could not tell which links are there, so none of them counts as lost; last verified {Time(verified)}"
                    : "no visit could tell which links are there yet");
            }
            else if (verdict == "unknown")
                verdict = "fetched";
            foreach (StoredVisit before in visits.SkipLast(1).TakeLast(4).Reverse())
                because.Add($"before, {Time(before.At)}: {Outcome(before)}");
        }
        if (page.LastOutcome == VisitOutcome.Redirected && store.LinksFrom(key, cancel).FirstOrDefault(l => l is { Kind: LinkKind.Redirect, LostAt: null }) is { } redirect)
            because.Add($"it redirects to {redirect.Target}");
        if (page.Noindex)
            because.Add("it asks not to be indexed (noindex): its links do not count");
        if (page.Canonical.Length > 0)
            because.Add($"it names {page.Canonical} as its canonical page");
        verdict = Losses(store.LinksTo(key, cancel), "to it", l => l.Source, because, verdict);
        return Losses(store.LinksFrom(key, cancel), "of it", l => l.Target, because, verdict);
    }

    private static string Losses(IEnumerable<StoredLink> links, string what, Func<StoredLink, string> other, List<string> because, string verdict)
    {
        const int shown = 5;
        long live = 0, lost = 0, missing = 0;
        var lines = new List<string>();
        foreach (StoredLink link in links)
        {
            if (link.LostAt is { } at)
            {
                if (lost++ < shown)
                    lines.Add($"lost link {what}: {other(link)}: {Words(link.LostReason)}, established {Time(at)}, last seen {Time(link.LastSeen)}");
            }
            else if (link.MissingSince is { } since)
            {
                if (missing++ < shown)
                    lines.Add($"missing link {what}: {other(link)}: not found on {Time(since)}; lost if a check a day or more later does not find it either");
            }
            else
                live++;
        }
        if (live + lost + missing > 0)
            because.Add($"links {what}: {Printing.ForPeople(live)} live, {Printing.ForPeople(missing)} missing, {Printing.ForPeople(lost)} lost");
        because.AddRange(lines);
        return lost > 0 && live == 0 && verdict is ("fetched" or "unknown") ? "lost" : verdict;
    }

    private static string Reason(FrontierState state) => state switch
    {
        FrontierState.SkippedByRobots => "robots.txt forbids it",
        FrontierState.SkippedByScope => "out of scope",
        FrontierState.SkippedByBudget => "the budget is used up",
        FrontierState.SkippedAsTrap => "it looks like a trap",
        _ => "it cannot be fetched",
    };

    private static string Words(LostReason reason) => reason switch
    {
        LostReason.Removed => "the page is there without it",
        LostReason.PageGone => "the page is gone",
        LostReason.RedirectedAway => "the page redirects elsewhere",
        LostReason.Noindex => "the page asks not to be indexed",
        LostReason.NotCanonical => "the page names another as its canonical",
        LostReason.BecameNofollow => "it became nofollow",
        LostReason.HostDead => "the host is dead",
        _ => "reason unknown",
    };

    private static string Outcome(StoredVisit visit) =>
        $"{(visit.Status > 0 ? string.Create(CultureInfo.InvariantCulture, $"HTTP {visit.Status}, ") : "")}{visit.Outcome}"
        + $"{(visit.Detail.Length > 0 ? ": " + visit.Detail : "")}{(visit.Outcome == VisitOutcome.Fetched ? $", {Printing.ForPeople(visit.Links)} links" : "")}";

    private static string Time(DateTime at) => at.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
