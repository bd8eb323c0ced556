using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>How many robots.txt are kept, and how long.</summary>
public sealed record RobotsCacheOptions
{
    /// <summary>RFC 9309, 2.4: not longer than a day.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>A deny that comes from an error, not from the site's word, is looked at again sooner.</summary>
    public TimeSpan ErrorLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Beyond these the longest unused go.</summary>
    public int MaxOrigins { get; init; } = 100_000;

    /// <summary>Bytes of files kept in all, for a single robots.txt may have 500 KB.</summary>
    public long MaxBytes { get; init; } = 256_000_000;
}

/// <summary>The robots.txt of one origin as it counts now.</summary>
public sealed record RobotsCacheEntry
{
    /// <summary>scheme://host[:port].</summary>
    public required string Origin { get; init; }

    public required RobotsTxt Robots { get; init; }

    /// <summary>Of the last request for it; 0 where no response came.</summary>
    public int Status { get; init; }

    /// <summary>For people: "robots.txt answered 503"; "" where the file itself decides.</summary>
    public string Reason { get; init; } = "";

    /// <summary>Everything is denied because the file could not be had.</summary>
    public bool Unreachable { get; init; }

    /// <summary>HostDead or Refused where the origin itself cannot be asked, its pages no more than its robots.txt; else null.</summary>
    public VisitOutcome? Failure { get; init; }

    public DateTimeOffset FetchedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What fetching it cost its host, for the politeness of the next request.</summary>
    public int Milliseconds { get; init; }

    public string Address { get; init; } = "";

    /// <summary>Requests made, redirects included.</summary>
    public int Requests { get; init; }
}

/// <summary>
/// The robots.txt of every origin in use, fetched once a day (RFC 9309).
///
/// - 2xx: the file counts (2.3.1.1). Redirects are followed to five hops, over hosts, each hop judged as any request; more,
///   or a redirect to nowhere, counts as no file (2.3.1.2).
/// - 4xx: no file, everything is allowed (2.3.1.3). Except 429, which says "too much", not "none": denied as a 5xx is, as
///   Google does.
/// - 5xx, no connection, no such host, a file cut short before 500 KiB: everything is denied (2.3.1.4) and the entry says
///   why; looked at again after ten minutes. That rules might be missing is reason enough not to guess.
///
/// Many callers may ask for one origin at once: one request is made. A caller's cancellation ends its own wait only.
/// Memory: the parsed files, bounded by count and bytes. Safe for many threads.
/// </summary>
public sealed class RobotsCache(Fetcher fetcher, RobotsCacheOptions? options = null)
{
    private const int MaxRedirects = 5;

    /// <summary>RFC 9309, 2.5: this much must be read; more is not.</summary>
    private const int MaxFile = 500 << 10;

    /// <summary>What an entry weighs beside its file.</summary>
    private const int EntryBytes = 600;

    private readonly RobotsCacheOptions _options = options ?? new();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<(RobotsCacheEntry Entry, long Weight)>> _entries = [];

    /// <summary>Last used first.</summary>
    private readonly LinkedList<(RobotsCacheEntry Entry, long Weight)> _byUse = new();
    private readonly Dictionary<string, Task<RobotsCacheEntry>> _underWay = [];
    private long _weight;

    /// <summary>The entry for the URL's origin, fetched where there is none or it is too old. Never fails but by cancellation.</summary>
    public Task<RobotsCacheEntry> GetAsync(WebUrl url, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        string origin = url.Origin;
        Task<RobotsCacheEntry>? task;
        lock (_lock)
        {
            if (FindFresh(origin) is { } entry)
                return Task.FromResult(entry);
            if (!_underWay.TryGetValue(origin, out task))
                // Started on the pool: not under the lock, and not with the caller's context.
                _underWay.Add(origin, task = Task.Run(() => LoadAsync(origin), CancellationToken.None));
        }
        return cancel.CanBeCanceled ? task.WaitAsync(cancel) : task;
    }

    /// <summary>The entry if it is there and not too old; fetches nothing.</summary>
    public RobotsCacheEntry? TryGet(string origin)
    {
        lock (_lock)
            return FindFresh(origin);
    }

    public int Count
    {
        get
        {
            lock (_lock)
                return _entries.Count;
        }
    }

    private RobotsCacheEntry? FindFresh(string origin)
    {
        if (!_entries.TryGetValue(origin, out LinkedListNode<(RobotsCacheEntry Entry, long Weight)>? node) || node.Value.Entry.ExpiresAt <= fetcher.Options.Clock.GetUtcNow())
            return null;
        _byUse.Remove(node);
        _byUse.AddFirst(node);
        return node.Value.Entry;
    }

    private async Task<RobotsCacheEntry> LoadAsync(string origin)
    {
        try
        {
            (RobotsCacheEntry entry, int bytes) = await FetchAsync(origin).ConfigureAwait(false);
            Keep(entry, bytes);
            return entry;
        }
        finally
        {
            lock (_lock)
                _underWay.Remove(origin);
        }
    }

    private void Keep(RobotsCacheEntry entry, int bytes)
    {
        long weight = EntryBytes + (entry.Origin.Length * 2) + (2L * bytes);
        lock (_lock)
        {
            if (_entries.Remove(entry.Origin, out LinkedListNode<(RobotsCacheEntry Entry, long Weight)>? old))
                Drop(old);
            _entries.Add(entry.Origin, _byUse.AddFirst((entry, weight)));
            _weight += weight;
            while (_entries.Count > 1 && (_entries.Count > _options.MaxOrigins || _weight > _options.MaxBytes))
            {
                LinkedListNode<(RobotsCacheEntry Entry, long Weight)> last = _byUse.Last!;
                _entries.Remove(last.Value.Entry.Origin);
                Drop(last);
            }
        }
    }

    private void Drop(LinkedListNode<(RobotsCacheEntry Entry, long Weight)> node)
    {
        _byUse.Remove(node);
        _weight -= node.Value.Weight;
    }

    private async Task<(RobotsCacheEntry Entry, int Bytes)> FetchAsync(string origin)
    {
        WebUrl? at = WebUrl.TryParse(origin + "/robots.txt");
        int requests = 0;
        long milliseconds = 0;
        string address = "";
        RobotsCacheEntry Entry(RobotsTxt robots, int status, string reason, bool unreachable = false)
        {
            DateTimeOffset now = fetcher.Options.Clock.GetUtcNow();
            return new RobotsCacheEntry
            {
                Origin = origin,
                Robots = robots,
                Status = status,
                Reason = reason,
                Unreachable = unreachable,
                FetchedAt = now,
                ExpiresAt = now + (unreachable ? _options.ErrorLifetime : _options.Lifetime),
                Milliseconds = (int)Math.Min(int.MaxValue, milliseconds),
                Address = address,
                Requests = requests,
            };
        }
        if (at is null)
            return (Entry(RobotsTxt.DenyAll, 0, "robots.txt cannot be asked for: not a URL", unreachable: true), 0);
        while (true)
        {
            FetchResult result;
            try
            {
                result = await fetcher.FetchAsync(at).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException) // a bug must not end as "everything is allowed"
            {
                result = new FetchResult { Failure = VisitOutcome.NetworkError, Error = e.Message };
            }
            if (requests++ == 0)
                address = result.Address;
            milliseconds += result.Milliseconds;
            string where = requests == 1 ? "robots.txt" : $"robots.txt, redirected to {at.PageKey},";
            if (result.Failure is not null)
                return (Entry(RobotsTxt.DenyAll, 0, $"{where} could not be fetched: {result.Error}", unreachable: true) with { Failure = requests == 1 && result.Failure is (VisitOutcome.HostDead or VisitOutcome.Refused) ? result.Failure : null }, 0);
            switch (result.Status)
            {
                case >= 200 and < 300 when result.Complete || result.Body.Length >= MaxFile:
                    int length = Math.Min(result.Body.Length, MaxFile);
                    return (Entry(RobotsTxt.Parse(result.Body.Span[..length]), result.Status, ""), length);
                case >= 200 and < 300:
                    return (Entry(RobotsTxt.DenyAll, result.Status, $"{where} came incomplete: {result.Error}", unreachable: true), 0);
                case 301 or 302 or 303 or 307 or 308 when requests > MaxRedirects:
                    return (Entry(RobotsTxt.AllowAll, result.Status, $"robots.txt redirects more than {MaxRedirects} times: counts as none"), 0);
                case 301 or 302 or 303 or 307 or 308 when result.Fields.Get("Location") is { } location && WebUrl.TryParse(location, at) is { IsHttp: true } next:
                    at = next;
                    continue;
                case 429 or (>= 500 and < 600):
                    return (Entry(RobotsTxt.DenyAll, result.Status, $"{where} answered {result.Status}", unreachable: true), 0);
                case >= 400 and < 500:
                    return (Entry(RobotsTxt.AllowAll, result.Status, $"{where} answered {result.Status}: counts as none"), 0);
                default: // a redirect to nowhere, 304 without having asked, numbers that HTTP does not have
                    return result.Status is >= 300 and < 400
                        ? (Entry(RobotsTxt.AllowAll, result.Status, $"{where} answered {result.Status} without a target: counts as none"), 0)
                        : (Entry(RobotsTxt.DenyAll, result.Status, $"{where} answered {result.Status}", unreachable: true), 0);
            }
        }
    }
}
