using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>The frontier as one would write it in an hour: lists in memory, searched from end to end; hosts without common
/// domains or addresses. What <see cref="Frontier"/> is held against.</summary>
internal sealed class FrontierModel(FakeTime time)
{
    private readonly List<Entry> _entries = []; // queued and leased, in the order of their records
    private readonly Dictionary<string, FrontierState> _seen = [];
    private readonly List<Host> _hosts = [];
    private long _number, _arrival;

    public long Queued => _entries.Count(e => !e.Leased);

    public long Leased => _entries.Count(e => e.Leased);

    public long Done => _seen.Count(s => s.Value == FrontierState.Done);

    public IReadOnlyDictionary<FrontierState, long> Skipped =>
        _seen.Values.Where(s => s >= FrontierState.SkippedByRobots).GroupBy(s => s).ToDictionary(g => g.Key, g => g.LongCount());

    public int HostFetched(string name) => _hosts.Find(h => h.Name == name) is { } host
        ? host.Done + _entries.Count(e => e.Host == host && e.Leased && !e.FetchedBefore) : 0;

    public bool Add(FrontierUrl url)
    {
        if (!_seen.TryAdd(url.Url, FrontierState.Queued))
            return false;
        Queue(new Entry { Url = url, Host = HostOf(new Uri(url.Url).Host) });
        return true;
    }

    public bool Skip(string url, FrontierState why) => _seen.TryAdd(url, why);

    public Entry? TryLease(out TimeSpan wait)
    {
        foreach (Entry due in _entries.Where(e => e.Later && e.Url.NotBefore <= time.Now).OrderBy(e => e.Url.NotBefore).ThenBy(e => e.Number).ToList())
        {
            due.Later = false;
            Line(due);
        }
        Host? host = _hosts.Where(h => h.Entered && h.At <= time.Now).MinBy(h => (h.At, h.Arrival));
        wait = TimeSpan.Zero;
        if (host is null)
        {
            IEnumerable<DateTimeOffset> times = [.. _hosts.Where(h => h.Entered).Select(h => h.At), .. _entries.Where(e => e.Later).Select(e => e.Url.NotBefore!.Value)];
            wait = Queued == 0 ? Timeout.InfiniteTimeSpan : times.Any() ? times.Min() - time.Now : TimeSpan.FromSeconds(1);
            return null;
        }
        host.Entered = false;
        host.Busy = true;
        Entry entry = host.Urgent.Concat(host.Others).First();
        if (!host.Urgent.Remove(entry))
            host.Others.Remove(entry);
        entry.Leased = true;
        return entry;
    }

    public void Release(Entry entry, TimeSpan took, TimeSpan? retryAfter)
    {
        entry.Released = true;
        entry.Host.Busy = false;
        TimeSpan[] gaps = [TimeSpan.FromSeconds(1), new[] { 5 * took, TimeSpan.FromSeconds(30) }.Min(), retryAfter ?? TimeSpan.Zero];
        entry.Host.NextAt = new[] { entry.Host.NextAt, time.Now + gaps.Max() }.Max();
        Enter(entry.Host);
    }

    public void PutBack(Entry entry)
    {
        Close(entry);
        entry.Host.Urgent.Insert(0, entry);
        Enter(entry.Host);
    }

    public void Finish(Entry entry, FrontierState state, DateTimeOffset? retryAt, DateTimeOffset? recrawlAt)
    {
        Close(entry);
        _entries.Remove(entry);
        bool done = retryAt is null && state == FrontierState.Done;
        if (retryAt is null)
        {
            entry.Host.Done += done == entry.FetchedBefore ? 0 : done ? 1 : -1;
            _seen[entry.Url.Url] = state;
        }
        if (retryAt is not null || (done && recrawlAt is not null))
            Queue(new Entry
            {
                Url = entry.Url with { NotBefore = retryAt ?? recrawlAt, Urgent = entry.Url.Urgent && !done, Redirects = done ? 0 : entry.Url.Redirects },
                Host = entry.Host,
                Attempts = done ? 0 : entry.Attempts + 1,
                FetchedBefore = done || entry.FetchedBefore,
            });
    }

    /// <summary>The process ends after a commit and another opens the folder.</summary>
    public void Reopen()
    {
        foreach (Host host in _hosts)
        {
            host.NextAt = new[] { host.NextAt, time.Now.AddSeconds(1) }.Max();
            (host.Busy, host.Entered) = (false, false);
            host.Urgent.Clear();
            host.Others.Clear();
        }
        foreach (Entry entry in _entries)
        {
            (entry.Leased, entry.Released) = (false, false);
            entry.Later = entry.Url.NotBefore > time.Now;
            if (!entry.Later)
                (entry.Url.Urgent ? entry.Host.Urgent : entry.Host.Others).Add(entry);
        }
        foreach (Host host in _hosts)
            Enter(host);
    }

    private void Queue(Entry entry)
    {
        entry.Number = ++_number;
        _entries.Add(entry);
        entry.Later = entry.Url.NotBefore > time.Now;
        if (!entry.Later)
            Line(entry);
    }

    private void Line(Entry entry)
    {
        (entry.Url.Urgent ? entry.Host.Urgent : entry.Host.Others).Add(entry);
        Enter(entry.Host);
    }

    private void Close(Entry entry)
    {
        entry.Leased = false;
        if (!entry.Released)
        {
            entry.Host.Busy = false;
            Enter(entry.Host);
        }
        entry.Released = false;
    }

    private void Enter(Host host)
    {
        if (host.Busy || host.Entered || host.Urgent.Count + host.Others.Count == 0)
            return;
        (host.Entered, host.At, host.Arrival) = (true, new[] { host.NextAt, time.Now }.Max(), ++_arrival);
    }

    private Host HostOf(string name)
    {
        if (_hosts.Find(h => h.Name == name) is not { } host)
            _hosts.Add(host = new Host { Name = name });
        return host;
    }

    internal sealed class Entry
    {
        public required FrontierUrl Url { get; init; }

        public required Host Host { get; init; }

        public int Attempts { get; init; }

        public bool FetchedBefore { get; init; }

        public long Number;
        public bool Leased, Released, Later;
    }

    internal sealed class Host
    {
        public required string Name { get; init; }

        public readonly List<Entry> Urgent = [], Others = [];
        public DateTimeOffset NextAt, At;
        public long Arrival;
        public bool Busy, Entered;
        public int Done;
    }
}
