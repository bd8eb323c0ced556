using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What a crawl did in one session.</summary>
/// <param name="Id">Its folder in crawls/.</param>
/// <param name="Counts">Of its frontier, all sessions together.</param>
public sealed record CrawlReport(string Id, CrawlResult Result, FrontierCounts Counts);

/// <summary>Crawls into the link store: <c>crawls/&lt;id&gt;</c> keeps what was asked for and the frontier, so that a crawl that ended early or
/// was killed goes on.</summary>
public static class StoreCrawl
{
    /// <summary>Starts a crawl, or goes on with one.</summary>
    /// <param name="id">The crawl to go on with; null for a new one.</param>
    /// <param name="acceptCut">Go on before a damaged place of the frontier's journal.</param>
    /// <param name="started">Told the id once the crawl is on the disk, before anything is fetched.</param>
    /// <param name="cut">Told each file that a damaged end of the journal was put aside as.</param>
    /// <param name="time">The clock of visits and politeness; for demos and tests that look again days later.</param>
    /// <exception cref="StoreException">The store is in use, cannot be read, or does not hold what the crawl wrote.</exception>
    /// <exception cref="IOException">The crawl could not go on; the message says how it does.</exception>
    public static CrawlReport Run(DataFolder folder, CrawlSettings settings, string? id = null, bool acceptCut = false, Action<string>? started = null, Action<string>? cut = null,
        IProgress<StepProgress>? progress = null, TimeProvider? time = null, CancellationToken cancel = default)
    {
        // One thread: with two, the store and the workers took each other's processors (a fifth more processor time a page). Opened
        // first, so that a store in use leaves no crawl behind that never began.
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: false, new LinkStoreOptions { Threads = 1 });
        if (id is null)
        {
            using DataWriter writer = folder.BeginWriting();
            id = writer.NewCrawl(WebUrl.TryParse(settings.Crawl.Seeds[0])!.Host, settings.ToJson());
        }
        started?.Invoke(id);
        string[] before = Cuts(folder, id);
        try
        {
            (CrawlResult result, FrontierCounts counts) = Run(store, folder, id, settings, progress, cancel, time, acceptCut: acceptCut);
            return new CrawlReport(id, result, counts);
        }
        finally
        {
            foreach (string aside in Cuts(folder, id).Except(before))
                cut?.Invoke(aside);
        }
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

    private static (CrawlResult Result, FrontierCounts Counts) Run(DuckDbLinkStore store, DataFolder folder, string id, CrawlSettings settings, IProgress<StepProgress>? progress, CancellationToken cancel,
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
    internal static void CheckSeams(CrawlSettings settings)
    {
        using ECDsa? key = settings.ReadSigningKey();
        using var fetcher = new Fetcher(settings.Fetcher() with { Signer = key is null ? null : new RequestSigner(key, settings.SigningSite) });
        using HttpClient service = Service();
        settings.RendererOf(service, fetcher);
    }

    private static string Facts(CrawlSettings settings) => new JsonObject
    {
        ["seeds"] = new JsonArray([.. settings.Crawl.Seeds.Take(20).Select(s => JsonValue.Create(s))]),
        ["scope"] = settings.Crawl.Scope.ToString().ToLowerInvariant(),
        ["user_agent"] = settings.UserAgent,
    }.ToJsonString();

    /// <summary>Pages whose observed rate of change says that it is time.</summary>
    internal static List<string> DuePages(DataFolder folder, CancellationToken cancel)
    {
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
        DateTime now = DateTime.UtcNow;
        return [.. store.Pages(cancel: cancel)
            .Where(p => p is { Granularity: Granularity.Page, LastVisit: { } last } && now - last >= RecrawlInterval.After(p.Verifications, p.Changes, (p.LastVerified ?? last) - p.FirstSeen))
            .Select(p => p.Url)];
    }
}
