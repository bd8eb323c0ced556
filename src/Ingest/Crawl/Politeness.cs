namespace Backlinks.Ingest;

/// <summary>
/// Who may be asked next. Three keys must be free for a request: the host (name without port), its registrable domain, and
/// its address once an answer told it. A key is free while fewer requests are under way than its connections, and its gap is over:
/// <code>
/// host      max(MinGap, Crawl-delay, min(FetchTimeFactor · last fetch, MaxFetchGap)) after the last request ended,
///           or the end of a Retry-After or back-off, if that is later
/// domain    DomainGap after the last request to any of its hosts ended
/// address   AddressGap after the last request to any host known to be there ended
/// </code>
/// With several connections a gap also counts from the start of the request before.
/// <para>
/// Order: turns wait in a heap for their time, then in a second one by how long they are due, which is round-robin over
/// hosts. A host whose domain or address is not free parks there and is looked at again only when that key is: nothing is
/// polled. A key's turn ranks as its longest waiting host, so that where workers are few a host of a crowded domain waits no
/// longer than the others. After it was turned away from its domain for its address's sake three times, its domain stays reserved
/// until the address takes it (always in this order, so no two wait for each other): nobody starves.
/// </para>
/// <para>
/// A decision costs O(log hosts), 2 µs with 100,000 hosts (benchmark ScheduleHosts), and about 600 bytes a host with its keys. Time is the provider's monotonic clock laid on its
/// wall clock at the start: steps of the wall clock neither shorten a gap nor stop the crawl. Equal times are decided in
/// order of arrival: the same calls at the same times give the same order. Not thread-safe; <see cref="Frontier"/> locks.
/// </para>
/// </summary>
internal sealed class Politeness
{
    private const int TurnedAwayTooOften = 3;

    private readonly PriorityQueue<PoliteTurn, (long At, long Number)> _order = new(), _due = new();
    private readonly Dictionary<string, PoliteKey> _domains = new(StringComparer.Ordinal), _addresses = new(StringComparer.Ordinal);
    private readonly TimeProvider _time;
    private readonly long _startUtc, _startStamp;
    private long _number;

    public Politeness(PolitenessOptions options, TimeProvider time)
    {
        options.Check();
        (Options, _time) = (options, time);
        (_startUtc, _startStamp) = (time.GetUtcNow().UtcTicks, time.GetTimestamp());
    }

    public PolitenessOptions Options { get; }

    /// <summary>UTC ticks that never go back.</summary>
    public long Now => _startUtc + _time.GetElapsedTime(_startStamp).Ticks;

    /// <summary>Says which keys a new host has.</summary>
    public void Join(PoliteHost host, string domain)
    {
        if (!Options.Off)
            host.Domain = Key(_domains, domain, Options.DomainGap, Options.ConnectionsPerDomain);
    }

    public void SetAddress(PoliteHost host, string address)
    {
        if (!Options.Off && address.Length > 0)
            host.Address = Key(_addresses, address, Options.AddressGap, Options.ConnectionsPerAddress);
    }

    /// <summary>Gives a host that wants to be fetched its place in the order, unless it has one.</summary>
    public void Enter(PoliteHost host)
    {
        if (host.Wanted && !host.InOrder && !host.Parked && host.Active < Options.ConnectionsPerHost)
            Push(host, Math.Max(host.NextAt, Now)); // a new host stands behind those that are due
    }

    /// <summary>The next host that may be asked; it and its keys are busy until <see cref="Release"/> or <see cref="GiveBack"/>.</summary>
    /// <param name="wait">Ticks until a turn comes due, where there is no host; -1 if nothing waits for time alone.</param>
    public PoliteHost? TryTake(out long wait)
    {
        long now = Now;
        wait = -1;
        while (true)
        {
            for (; _order.TryPeek(out PoliteTurn? come, out (long At, long) place) && place.At <= now; _order.Dequeue())
                _due.Enqueue(come, come is PoliteKey key ? key.Oldest : place);
            if (!_due.TryDequeue(out PoliteTurn? turn, out _))
                break;
            turn.InOrder = false;
            PoliteHost? taken = turn is PoliteHost host ? TryHost(host, now) : FirstWaiting((PoliteKey)turn, now);
            if (taken is not null)
                return taken;
        }
        if (_order.TryPeek(out _, out (long At, long) next))
            wait = next.At - now;
        return null;
    }

    /// <summary>The request is over: gaps start.</summary>
    /// <param name="address">The host's address key when it was taken.</param>
    public void Release(PoliteHost host, PoliteKey? address, in FetchReport report)
    {
        host.Active--;
        if (!Options.Off)
        {
            long now = Now;
            host.LastEnd = now;
            host.NextAt = Math.Max(host.NextAt, now + Pause(host, report));
            Free(host.Domain, now);
            Free(address, now);
            if (!string.IsNullOrEmpty(report.Address))
            {
                SetAddress(host, report.Address);
                if (host.Address != address)
                    host.Address!.NextAt = Math.Max(host.Address.NextAt, now + host.Address.Gap);
            }
        }
        Enter(host);
    }

    /// <summary>The host was taken but not asked: as if it had never been its turn.</summary>
    public void GiveBack(PoliteHost host, PoliteKey? address)
    {
        host.Active--;
        long now = Now;
        Free(host.Domain, now, asked: false);
        Free(address, now, asked: false);
        Enter(host);
    }

    public void SetCrawlDelay(PoliteHost host, TimeSpan? delay)
    {
        host.CrawlDelay = Math.Clamp(delay?.Ticks ?? 0, 0, Options.MaxCrawlDelay.Ticks);
        if (!Options.Off && host.LastEnd > 0)
            host.NextAt = Math.Max(host.NextAt, host.LastEnd + host.CrawlDelay);
    }

    /// <summary>Earliest time the host can be asked as things stand; UTC ticks.</summary>
    public long ReadyAt(PoliteHost host) =>
        Math.Max(Math.Max(Now, host.NextAt), Math.Max(host.Domain?.NextAt ?? 0, host.Address?.NextAt ?? 0));

    private PoliteKey Key(Dictionary<string, PoliteKey> keys, string name, TimeSpan? gap, int connections)
    {
        if (!keys.TryGetValue(name, out PoliteKey? key))
            keys.Add(name, key = new PoliteKey { Gap = (gap ?? Options.MinGap).Ticks, Connections = connections == 0 ? int.MaxValue : connections });
        return key;
    }

    // Ticks that the host is left alone after a request.
    private long Pause(PoliteHost host, in FetchReport report)
    {
        long pause = Math.Max(Options.MinGap.Ticks, host.CrawlDelay);
        pause = Math.Max(pause, (long)Math.Min(Options.FetchTimeFactor * report.Took.Ticks, Options.MaxFetchGap.Ticks));
        host.Failures = report.Failed ? host.Failures + 1 : 0;
        if (report.Failed && host.Failures > 1) // once can be chance
            pause = Math.Max(pause, Backoff(host.Failures - 1));
        if (report.RetryAfter is { } after)
            pause = Math.Max(pause, Math.Min(after.Ticks, Options.MaxRetryAfter.Ticks));
        else if (report.RateLimited)
            pause = Math.Max(pause, Backoff(++host.Strikes));
        if (!report.RateLimited && !report.Failed)
            host.Strikes = 0;
        return pause;
    }

    private long Backoff(int times) =>
        (long)Math.Min(Options.Backoff.Ticks * Math.Pow(2, times - 1), Options.MaxRetryAfter.Ticks);

    private void Push(PoliteTurn turn, long at)
    {
        turn.InOrder = true;
        turn.Due = (at, ++_number);
        _order.Enqueue(turn, turn.Due);
    }

    private PoliteHost? TryHost(PoliteHost host, long now)
    {
        if (!host.Wanted)
            return null;
        if (host.NextAt > now) // a Crawl-delay learned meanwhile
            Push(host, host.NextAt);
        else if (Blocker(host, now) is { } key)
            Park(host, key, now);
        else
            return Take(host, now);
        return null;
    }

    // The key came free: the longest waiting host that can use it has it.
    private PoliteHost? FirstWaiting(PoliteKey key, long now)
    {
        while (key.Waiters.Count > 0 && key.Reserved is null && key.Active < key.Connections && key.NextAt <= now)
        {
            PoliteHost host = key.Waiters.Dequeue();
            host.Parked = false;
            if (!host.Wanted || host.NextAt > now)
            {
                if (host.Domain?.Reserved == host)
                    host.Domain.Reserved = null;
                Arm(host.Domain, now);
                Enter(host);
            }
            else if (Blocker(host, now) is { } other)
                Park(host, other, now);
            else
                return Take(host, now);
        }
        Arm(key, now);
        return null;
    }

    private static PoliteKey? Blocker(PoliteHost host, long now) =>
        !IsFree(host.Domain, host, now) ? host.Domain : !IsFree(host.Address, host, now) ? host.Address : null;

    private static bool IsFree(PoliteKey? key, PoliteHost host, long now) => key is null ||
        (key.Active < key.Connections && key.NextAt <= now && (key.Reserved is null ? !key.HasOlder(host) : key.Reserved == host));

    private void Park(PoliteHost host, PoliteKey key, long now)
    {
        host.Parked = true;
        key.Waiters.Enqueue(host, host.Due);
        if (key == host.Address && host.Domain is { Reserved: null } domain && ++host.TurnedAway >= TurnedAwayTooOften)
            domain.Reserved = host; // it is free now, or the domain would be what blocks
        Arm(key, now);
    }

    private PoliteHost Take(PoliteHost host, long now)
    {
        host.Active++;
        host.TurnedAway = 0;
        if (Options.ConnectionsPerHost > 1 && !Options.Off)
            host.NextAt = now + Math.Max(Options.MinGap.Ticks, host.CrawlDelay);
        if (host.Domain?.Reserved == host)
            host.Domain.Reserved = null;
        Use(host.Domain, now);
        Use(host.Address, now);
        return host;
    }

    private void Use(PoliteKey? key, long now)
    {
        if (key is null)
            return;
        key.Active++;
        if (key.Connections > 1)
            key.NextAt = now + key.Gap;
        Arm(key, now);
    }

    private void Free(PoliteKey? key, long now, bool asked = true)
    {
        if (key is null)
            return;
        key.Active--;
        if (asked)
            key.NextAt = Math.Max(key.NextAt, now + key.Gap);
        Arm(key, now);
    }

    // A key that somebody waits for and that will be free by time alone has a turn of its own in the order.
    private void Arm(PoliteKey? key, long now)
    {
        if (key is { InOrder: false, Reserved: null, HasWaiters: true } && key.Active < key.Connections)
            Push(key, Math.Max(key.NextAt, now));
    }
}

/// <summary>What can stand in the order of turns.</summary>
internal abstract class PoliteTurn
{
    /// <summary>Its place: UTC ticks, then order of arrival.</summary>
    public (long At, long Number) Due;

    public bool InOrder;
}

/// <summary>A host as politeness sees it.</summary>
internal class PoliteHost : PoliteTurn
{
    public PoliteKey? Domain, Address;

    /// <summary>UTC ticks before which it is left alone.</summary>
    public long NextAt;

    /// <summary>UTC ticks of the end of the last request; 0 for none.</summary>
    public long LastEnd;

    /// <summary>Ticks; 0 for none.</summary>
    public long CrawlDelay;

    /// <summary>Requests under way.</summary>
    public int Active;

    /// <summary>429s and 503s without Retry-After in a row.</summary>
    public int Strikes;

    /// <summary>Failures to connect in a row.</summary>
    public int Failures;

    public int TurnedAway;

    /// <summary>It has something to fetch.</summary>
    public bool Wanted;

    /// <summary>It waits at a key.</summary>
    public bool Parked;
}

/// <summary>A registrable domain or an address: what several hosts share.</summary>
internal sealed class PoliteKey : PoliteTurn
{
    private PriorityQueue<PoliteHost, (long, long)>? _waiters; // few keys ever have any

    public required long Gap { get; init; }

    public required int Connections { get; init; }

    public int Active;

    public long NextAt;

    /// <summary>The only host that may have it next.</summary>
    public PoliteHost? Reserved;

    public PriorityQueue<PoliteHost, (long, long)> Waiters => _waiters ??= new();

    public bool HasWaiters => _waiters is { Count: > 0 };

    /// <summary>Since when the longest waiting one is due.</summary>
    public (long, long) Oldest => _waiters is not null && _waiters.TryPeek(out _, out (long, long) due) ? due : default;

    public bool HasOlder(PoliteHost host) =>
        _waiters is not null && _waiters.TryPeek(out _, out (long, long) due) && due.CompareTo(host.Due) < 0;
}
