using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Crawls: workers lease URLs from the <see cref="Frontier"/>, ask robots.txt, fetch and read; one committer writes what they
/// found. Order of a commit: first the visits into the store, in one transaction, then the URLs found and the outcome into the
/// frontier, then one fsync. A process killed between the two fetches the same pages again and writes the same visits' links
/// again, which changes nothing; what is in neither was leased and is leased again. So no link is lost and none is doubled.
/// Every hop of a redirect, every sitemap and every robots.txt is a fetch of its own under politeness, scope and robots.
/// Cost: the committer takes what has gathered while it wrote, so batches grow with the load (group commit).
/// </summary>
public sealed class Crawler
{
    private const int LargestBatch = 1_000;

    /// <summary>While enough URLs are queued to keep the workers busy, commits wait for this many pages or this long: a transaction
    /// costs about as much as thirty pages in it.</summary>
    private const int WorthwhileBatch = 500;
    private static readonly TimeSpan LongestGathering = TimeSpan.FromMilliseconds(400);

    private readonly CrawlOptions _options;
    private readonly Frontier _frontier;
    private readonly ILinkStore _store;
    private readonly Fetcher _fetcher;
    private readonly RobotsCache _robots;
    private readonly TimeProvider _time;
    private readonly CrawlScope _scope;
    private readonly TrapGuard _traps = new();
    private readonly PageRendering _rendering;
    private readonly ConcurrentDictionary<string, Rest> _resting = new(StringComparer.Ordinal);
    private readonly StoredSource _source;
    private readonly Channel<Seen> _seen;
    private readonly Dictionary<string, (string ETag, string LastModified)> _validators = new(StringComparer.Ordinal);
    private readonly long[] _outcomes = new long[256];
    private readonly IProgress<StepProgress>? _progress;

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _underWay; // leased and not yet committed
    private long _spent; // of MaxPages: fetched, and leased to be
    private long _fetched, _links, _lost, _bytes;
    private volatile CrawlEnd _end = CrawlEnd.Complete;
    private volatile bool _ending;

    /// <summary>What a worker brings to the committer.</summary>
    private sealed record Seen(FrontierLease Lease, FrontierState State, string Detail)
    {
        public PageVisit? Visit { get; init; }
        public DateTimeOffset? RetryAt { get; init; }
        public bool Attempted { get; init; } = true;
        public List<FrontierUrl> Found { get; } = [];
        public List<(string Url, FrontierState Why, string Detail)> Skipped { get; } = [];
    }

    /// <summary>A host whose circuit is open, and how often it was found so since it last answered.</summary>
    private readonly record struct Rest(DateTimeOffset Until, int Rounds, string Why);

    /// <param name="source">Identifies the crawl in the store; its facts are kept with it.</param>
    /// <param name="domainOf">Host to registrable domain.</param>
    /// <param name="renderer">Shows pages as a browser does; null for raw HTML alone. Stays the caller's.</param>
    /// <exception cref="ArgumentException">An option is out of range or a seed is no http(s) URL.</exception>
    public Crawler(CrawlOptions options, Frontier frontier, ILinkStore store, Fetcher fetcher, RobotsCache robots, StoredSource source,
        Func<string, string> domainOf, TimeProvider? time = null, IProgress<StepProgress>? progress = null, IRenderer? renderer = null)
    {
        options.Check();
        (_options, _frontier, _store, _fetcher, _robots, _source) = (options, frontier, store, fetcher, robots, source);
        _time = time ?? TimeProvider.System;
        _progress = progress;
        _rendering = new PageRendering(renderer, options.Pages);
        _scope = ScopeOf(options, domainOf);
        _seen = Channel.CreateBounded<Seen>(new BoundedChannelOptions(Math.Max(2 * WorthwhileBatch, options.Workers * 4)) { SingleReader = true });
    }

    /// <summary>The scope that <paramref name="options"/> describe.</summary>
    /// <exception cref="ArgumentException">A seed is no http(s) URL, or an expression is bad.</exception>
    public static CrawlScope ScopeOf(CrawlOptions options, Func<string, string> domainOf)
    {
        var scope = new CrawlScope(options.Scope, options.Seeds.Select(Seed), domainOf, options.Include, options.Exclude, options.MaxHops);
        foreach (string seed in options.Seeds)
            if (scope.Outside(Seed(seed), 0) is { } reason)
                throw new ArgumentException($"'{seed}' is where the crawl is to start, but {reason}");
        return scope;
    }

    /// <summary>Crawls until nothing is left, a budget is used up, or it is cancelled; then everything fetched is committed.</summary>
    /// <exception cref="IOException">The store or the frontier cannot be written (a full disk); what was committed before is
    /// kept and the crawl can be resumed.</exception>
    public async Task<CrawlResult> RunAsync(CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (string seed in _options.Seeds)
            _frontier.Add(new FrontierUrl(Seed(seed).PageKey, Urgent: true));
        foreach (StoredPage page in _store.Pages(cancel: cancel))
        {
            _rendering.Remember(page);
            if (page.LastVerified is not null && (page.ETag.Length > 0 || page.LastModified.Length > 0))
                _validators[page.Url] = (page.ETag, page.LastModified);
            if (_options.KnownPages && page is { Granularity: Granularity.Page, LastVisit: not null } && WebUrl.TryParse(page.Url) is { } known && _scope.Outside(known, 0) is null)
                _frontier.Add(new FrontierUrl(page.Url, From: "an earlier visit"));
        }
        _frontier.Commit();
        _spent = _frontier.Counts.Done;

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task committing = Task.Factory.StartNew(() => CommitAll(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Task[] workers = [.. Enumerable.Range(0, _options.Workers).Select(_ => Task.Run(() => WorkOrEndAllAsync(stop), CancellationToken.None))];
        try
        {
            await Task.WhenAll(workers);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            _end = CrawlEnd.Stopped;
        }
        finally
        {
            _seen.Writer.TryComplete();
            await committing; // a failure to write is the one that matters
        }
        Report(); // the last pages
        _frontier.Commit(); // how long hosts asked to be left alone, learned since the last page
        return new CrawlResult
        {
            End = _end,
            Fetched = _fetched,
            Links = _links,
            NewLost = _lost,
            Bytes = _bytes,
            Took = Stopwatch.GetElapsedTime(start),
            Outcomes = Outcomes(),
        };
    }

    private SortedDictionary<string, long> Outcomes() => new(Enum.GetValues<VisitOutcome>().Where(o => _outcomes[(int)o] > 0)
        .ToDictionary(o => o.ToString(), o => _outcomes[(int)o]), StringComparer.Ordinal);

    private void Report()
    {
        FrontierCounts counts = _frontier.Counts;
        _progress?.Report(new StepProgress("crawling", counts.Done, Math.Min(_options.MaxPages, counts.Done + counts.Queued + counts.Leased), "pages") { Kinds = Outcomes() });
    }

    /// <summary>What one worker cannot do (a frontier that cannot be written) ends all: the others would wait for its lease for ever.</summary>
    private async Task WorkOrEndAllAsync(CancellationTokenSource stop)
    {
        try
        {
            await WorkAsync(stop.Token);
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task WorkAsync(CancellationToken cancel)
    {
        while (!_ending)
        {
            cancel.ThrowIfCancellationRequested();
            Task changed = Volatile.Read(ref _changed).Task;
            FrontierLease? lease = null;
            TimeSpan wait = default;
            bool full = false;
            lock (_seen) // so that the budget is never overdrawn and the end is seen by one
            {
                full = _spent >= _options.MaxPages;
                if (!full && _frontier.TryLease(out lease, out wait))
                {
                    _underWay++;
                    _spent++;
                }
                else if (_underWay == 0 && (full || wait == Timeout.InfiniteTimeSpan || wait > _options.Patience))
                {
                    _end = full && _frontier.Counts.Queued > 0 ? CrawlEnd.Budget : !full && wait != Timeout.InfiniteTimeSpan ? CrawlEnd.Waiting : CrawlEnd.Complete;
                    _ending = true;
                }
            }
            if (lease is not null)
                await VisitAsync(lease, cancel);
            else if (_ending)
                Pulse();
            else
            {
                TimeSpan nap = full || wait == Timeout.InfiniteTimeSpan || wait > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait;
                await Task.WhenAny(changed, Task.Delay(nap, _time, cancel));
            }
        }
    }

    /// <summary>Wakes the workers that found nothing to do.</summary>
    private void Pulse() => Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    private async Task VisitAsync(FrontierLease lease, CancellationToken cancel)
    {
        WebUrl url = WebUrl.TryParse(lease.Url.Url) ?? throw new InvalidOperationException($"the frontier holds '{lease.Url.Url}', which is no URL");
        RobotsCacheEntry? robots = _robots.TryGet(url.Origin);
        if (robots is null)
        {
            robots = await _robots.GetAsync(url, cancel);
            _frontier.SetCrawlDelay(url.Host, robots.Robots.CrawlDelay(_options.Pages.Agent));
            if (_options.Sitemaps)
                foreach (string line in robots.Robots.Sitemaps.Take(50))
                    if (WebUrl.TryParse(line, url) is { } map && _scope.Outside(map, 0) is null)
                        _frontier.Add(new FrontierUrl(map.PageKey, Urgent: true, From: url.Origin + "/robots.txt"));
            _frontier.Release(lease, new FetchReport(TimeSpan.FromMilliseconds(robots.Milliseconds), robots.Address.Length > 0 ? robots.Address : null, Failed: robots.Unreachable));
            _frontier.PutBack(lease);
            lock (_seen)
            {
                _underWay--;
                _spent--;
            }
            Pulse();
            return;
        }
        RobotsVerdict verdict = robots.Robots.Check(_options.Pages.Agent, url.PathAndQuery);
        if (!verdict.Allowed)
        {
            string why = Because(robots, verdict);
            // What could not be asked is asked again; a host without an address is told as such.
            DateTimeOffset again = _time.GetUtcNow() + Backoff(lease.Attempts);
            await _seen.Writer.WriteAsync(new Seen(lease, robots.Failure is not null ? FrontierState.Done : FrontierState.SkippedByRobots, why)
            {
                Visit = new PageVisit { Url = lease.Url.Url, At = Now(), Source = _source.Id, Outcome = robots.Failure ?? VisitOutcome.Disallowed, Detail = why },
                RetryAt = robots is { Unreachable: true, Failure: null } && lease.Attempts + 1 < _options.MaxAttempts ? again > robots.ExpiresAt ? again : robots.ExpiresAt : null,
            }, CancellationToken.None);
            return;
        }
        if (_frontier.HostFetched(url.Host) > _options.MaxPagesPerHost)
        {
            await _seen.Writer.WriteAsync(new Seen(lease, FrontierState.SkippedByBudget,
                string.Create(CultureInfo.InvariantCulture, $"{_options.MaxPagesPerHost} URLs of {url.Host} were fetched: --max-pages-per-host")), CancellationToken.None);
            return;
        }

        if (_traps.Trap(url) is { } trap && lease.Url.From.Length > 0) // learned since it was queued
        {
            await _seen.Writer.WriteAsync(new Seen(lease, FrontierState.SkippedAsTrap, trap), CancellationToken.None);
            return;
        }

        string server = string.Create(CultureInfo.InvariantCulture, $"{url.Host}:{url.Port}");
        if (_resting.TryGetValue(server, out Rest rest) && rest.Until > _time.GetUtcNow())
        {
            await DeferAsync(lease, rest);
            return;
        }
        bool render = _rendering.Concerns(url.Host);
        (string etag, string modified) = render ? ("", "") : _validators.GetValueOrDefault(lease.Url.Url, ("", ""));
        DateTime at = Now();
        FetchResult result = await _fetcher.FetchAsync(url, etag, modified, cancel); // cancelled: the lease is not finished, so the URL is queued on resuming
        if (result.TryAgainIn is { } soon)
        {
            await DeferAsync(lease, _resting.AddOrUpdate(server, _ => Resting(0), (_, old) => old.Until > _time.GetUtcNow() ? old : Resting(old.Rounds)));
            return;

            // Twice as long each time: a host that is down for good must not keep a crawl up; in the end --patience ends it.
            Rest Resting(int rounds) => new(_time.GetUtcNow() + soon * Math.Pow(2, Math.Min(rounds, 10)), rounds + 1, result.Error);
        }
        if (result.Failure is null)
            _resting.TryRemove(server, out _);
        TimeSpan? retryAfter = RetryAfterOf(result);
        int milliseconds = result.Milliseconds;
        bool renderAgain = false;
        PageVisit visit;
        if (result.Failure is { } failure)
            visit = new PageVisit { Url = lease.Url.Url, At = at, Source = _source.Id, Outcome = failure, Detail = result.Error, Address = result.Address, Milliseconds = result.Milliseconds };
        else
        {
            var response = new PageResponse
            {
                Url = url,
                Status = result.Status,
                Fields = result.Fields,
                Body = result.Body,
                Complete = result.Complete,
                At = at,
                Source = _source.Id,
                Address = result.Address,
                Milliseconds = result.Milliseconds,
            };
            visit = PageReader.Read(response, _options.Pages);
            if (render && visit.Outcome == VisitOutcome.Fetched)
            {
                (visit, int rendering, renderAgain) = await _rendering.ReadAsync(visit, response, robots.Robots, cancel);
                milliseconds += rendering; // the browser asked the host as well
            }
        }
        if (!result.Complete && visit.Detail.Length == 0)
            visit = visit with { Detail = result.Error };
        _frontier.Release(lease, new FetchReport(TimeSpan.FromMilliseconds(milliseconds), result.Address.Length > 0 ? result.Address : null, retryAfter,
            visit.Outcome == VisitOutcome.RateLimited, result.Failure is VisitOutcome.TimedOut or VisitOutcome.NetworkError or VisitOutcome.HostDead));
        Interlocked.Add(ref _bytes, result.Body.Length);
        await _seen.Writer.WriteAsync(Judge(lease, url, visit, result, renderAgain), CancellationToken.None);
        Pulse();
    }

    /// <summary>Nothing was sent: no attempt, no visit.</summary>
    private ValueTask DeferAsync(FrontierLease lease, Rest rest) =>
        _seen.Writer.WriteAsync(new Seen(lease, FrontierState.Done, rest.Why) { RetryAt = rest.Until, Attempted = false }, CancellationToken.None);

    /// <summary>Outcome, retry and what to fetch next.</summary>
    private Seen Judge(FrontierLease lease, WebUrl url, PageVisit visit, FetchResult result, bool renderAgain)
    {
        // A page cut by our own caps is as long the next time; a service that failed to render it may be back.
        bool mayPass = MayPass(visit.Outcome) && (visit.Outcome != VisitOutcome.Truncated || renderAgain || (!result.Complete && result.Body.Length < _options.Pages.MaxBody));
        DateTimeOffset? retry = mayPass && lease.Attempts + 1 < _options.MaxAttempts
            ? _time.GetUtcNow() + Backoff(lease.Attempts)
            : null;
        var seen = new Seen(lease, FrontierState.Done, Describe(visit)) { Visit = visit, RetryAt = retry };
        if (visit.Outcome is VisitOutcome.Redirected && lease.Url.Redirects >= _options.MaxRedirects)
        {
            foreach (LinkObservation link in visit.Links)
                seen.Skipped.Add((link.Target, FrontierState.SkippedAsTrap, $"a chain of more than {_options.MaxRedirects} redirects leads to it"));
            return seen;
        }
        if (visit.Outcome == VisitOutcome.NotHtml && MayBeSitemap(lease, result))
        {
            SitemapResult map = Sitemap.Read(result.Body, url);
            if (map.Problem is { } problem)
                seen = seen with { Detail = seen.Detail + "; " + problem };
            foreach (SitemapUrl entry in map.Urls)
                Admit(seen, entry.Url.PageKey, lease.Url.Hops + 1, 0, urgent: false);
            foreach (SitemapUrl inner in map.Sitemaps)
                Admit(seen, inner.Url.PageKey, lease.Url.Hops + 1, 0, urgent: true);
            return seen;
        }
        if (visit.Outcome is VisitOutcome.Fetched or VisitOutcome.Truncated && !PageRendering.Failed(visit)) // shells without their scripts' work are all alike
            _traps.Learn(url, visit.SimHash);
        if (!visit.Nofollow)
            Follow(seen, visit.Links);
        return seen;
    }

    /// <summary>Whether the targets of such links are fetched; images, forms, scripts and files are recorded alone.</summary>
    public static bool Follows(LinkKind kind) => kind is LinkKind.Anchor or LinkKind.Area or LinkKind.Canonical or LinkKind.Alternate
        or LinkKind.Frame or LinkKind.MetaRefresh or LinkKind.Redirect;

    private void Follow(Seen seen, IEnumerable<LinkObservation> links)
    {
        var targets = new HashSet<string>(StringComparer.Ordinal);
        foreach (LinkObservation link in links)
        {
            bool redirect = link.Kind == LinkKind.Redirect;
            if (!Follows(link.Kind))
                continue;
            if ((link.Rel & LinkRel.Nofollow) != 0 && !_options.FollowNofollow)
                continue;
            if (targets.Add(link.Target))
                Admit(seen, link.Target, redirect ? seen.Lease.Url.Hops : seen.Lease.Url.Hops + 1, redirect ? seen.Lease.Url.Redirects + 1 : 0, redirect);
        }
    }

    /// <summary>Queues a URL if scope, traps and what is known of robots.txt let it; what the scope leaves out is not recorded,
    /// for it can be told again at any time.</summary>
    private void Admit(Seen seen, string target, int hops, int redirects, bool urgent)
    {
        if (WebUrl.TryParse(target) is not { } url || _scope.Outside(url, hops) is not null)
            return;
        if (target.Length > _options.Pages.MaxUrl)
            seen.Skipped.Add((target, FrontierState.SkippedAsUnfit, string.Create(CultureInfo.InvariantCulture, $"it is {target.Length} characters long, and {_options.Pages.MaxUrl} is the limit")));
        else if (_traps.Trap(url) is { } trap)
            seen.Skipped.Add((target, FrontierState.SkippedAsTrap, trap));
        else if (_robots.TryGet(url.Origin) is { } robots && robots.Robots.Check(_options.Pages.Agent, url.PathAndQuery) is { Allowed: false } verdict)
            seen.Skipped.Add((target, FrontierState.SkippedByRobots, Because(robots, verdict)));
        else
            seen.Found.Add(new FrontierUrl(target, hops, redirects, urgent, From: seen.Lease.Url.Url));
    }

    private void CommitAll(CancellationTokenSource stop)
    {
        var batch = new List<Seen>(LargestBatch);
        long reported = 0;
        try
        {
            while (More())
            {
                batch.Clear();
                long gathering = Stopwatch.GetTimestamp();
                do
                {
                    while (batch.Count < LargestBatch && _seen.Reader.TryRead(out Seen? seen))
                        batch.Add(seen);
                }
                while (batch.Count < WorthwhileBatch && !_seen.Reader.Completion.IsCompleted && Stopwatch.GetElapsedTime(gathering) < LongestGathering && Busy());
                Commit(batch);
                lock (_seen)
                {
                    _underWay -= batch.Count;
                    _spent -= batch.Count(s => s.State != FrontierState.Done || s.RetryAt is not null);
                }
                Pulse();
                if (_progress is not null && Stopwatch.GetElapsedTime(reported) > TimeSpan.FromMilliseconds(200))
                {
                    reported = Stopwatch.GetTimestamp();
                    Report();
                }
            }
        }
        catch
        {
            stop.Cancel(); // no use in fetching what cannot be kept
            _seen.Writer.TryComplete(); // workers that wait to write end, and so does whoever writes later
            throw;
        }
    }

    /// <summary>Waits for pages to commit. Who watches is told of the last ones meanwhile: a slow server must not hide what came before it.</summary>
    private bool More()
    {
        Task<bool> more = _seen.Reader.WaitToReadAsync().AsTask();
        while (_progress is not null && !more.Wait(TimeSpan.FromMilliseconds(500)))
            Report();
        return more.GetAwaiter().GetResult();
    }

    /// <summary>Lets a moment pass if the workers have plenty to do without what this batch found.</summary>
    private bool Busy()
    {
        if (_ending || _frontier.Counts.Queued < 8 * _options.Workers)
            return false;
        Thread.Sleep(10);
        return true;
    }

    private void Commit(List<Seen> batch)
    {
        List<PageVisit> visits = [.. batch.Where(s => s.Visit is not null).Select(s => s.Visit!)];
        WriteResult written = _store.Write(visits, _source);
        foreach (Seen seen in batch)
        {
            if (seen.Visit is { Outcome: VisitOutcome.NotModified, Nofollow: false } same)
                Follow(seen, _store.LinksFrom(same.Url).Where(l => l.LostAt is null).Select(l => new LinkObservation { Target = l.Target, Kind = l.Kind, Rel = l.Rel }));
            foreach (FrontierUrl url in seen.Found)
                _frontier.Add(url);
            foreach ((string url, FrontierState why, string detail) in seen.Skipped)
                _frontier.Skip(url, why, detail, seen.Lease.Url.Url, seen.Lease.Url.Hops + 1);
            _frontier.Finish(seen.Lease, seen.State, seen.Detail, seen.RetryAt, attempted: seen.Attempted);
            if (seen.Visit is { } visit && seen.State == FrontierState.Done && seen.RetryAt is null)
            {
                _fetched++;
                _links += visit.Links.Count;
                _outcomes[(int)visit.Outcome]++;
            }
        }
        _lost += written.NewLost;
        _frontier.Commit();
    }

    private TimeSpan Backoff(int attempts) => _options.RetryAfter * Math.Pow(2, attempts);

    private static bool MayPass(VisitOutcome outcome) => outcome is VisitOutcome.RateLimited or VisitOutcome.ServerError or VisitOutcome.TimedOut
        or VisitOutcome.NetworkError or VisitOutcome.Truncated;

    /// <summary>robots.txt or a sitemap index named it, or its text begins as one.</summary>
    private static bool MayBeSitemap(FrontierLease lease, FetchResult result)
    {
        if (lease.Url.From.EndsWith("/robots.txt", StringComparison.Ordinal))
            return true;
        ReadOnlySpan<byte> head = result.Body.Span[..Math.Min(result.Body.Length, 1024)];
        return head is [0x1f, 0x8b, ..] || head.IndexOf("<urlset"u8) >= 0 || head.IndexOf("<sitemapindex"u8) >= 0;
    }

    private static string Because(RobotsCacheEntry robots, RobotsVerdict verdict) => verdict.Line > 0 && !robots.Unreachable
        ? string.Create(CultureInfo.InvariantCulture, $"robots.txt line {verdict.Line}: {verdict.Rule}")
        : robots.Reason;

    private static string Describe(PageVisit visit)
    {
        string status = visit.Status > 0 ? string.Create(CultureInfo.InvariantCulture, $"HTTP {visit.Status}, ") : "";
        return $"{status}{visit.Outcome}{(visit.Detail.Length > 0 ? ": " + visit.Detail : "")}";
    }

    /// <summary>Delay-seconds or an HTTP-date (RFC 9110, 10.2.3).</summary>
    private TimeSpan? RetryAfterOf(FetchResult result)
    {
        if (result.Status is not (429 or 503) || result.Fields.Get("Retry-After") is not { } text)
            return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
            return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date) && date > _time.GetUtcNow()
            ? date - _time.GetUtcNow() : null;
    }

    private DateTime Now()
    {
        DateTime now = _time.GetUtcNow().UtcDateTime;
        return new DateTime(now.Ticks / 10 * 10, DateTimeKind.Utc);
    }

    private static WebUrl Seed(string text) => WebUrl.TryParse(text) is { IsHttp: true } url ? url
        : throw new ArgumentException($"'{text}' is not an http or https URL; a seed looks like https://www.example.com/");
}
