using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>How a frontier is kept and paced.</summary>
public sealed record FrontierOptions
{
    public PolitenessOptions Politeness { get; init; } = new();

    /// <summary>The registrable domain of a host; itself where it has none (addresses). By the built-in public suffix list, private rules too:
    /// <c>a.github.io</c> and <c>b.github.io</c> are different owners.</summary>
    public Func<string, string> DomainOf { get; init; } = host => PublicSuffixList.BuiltIn.DomainOf(host) ?? host;

    /// <summary>Goes on with what stands before a damaged place of the journal; what is cut off is kept beside it.</summary>
    public bool AcceptCut { get; init; }

    /// <summary>Bytes of dead records below which the journal is not compacted: 64 MB are read in a fraction of a second.</summary>
    public long CompactAbove { get; init; } = 64 << 20;
}

/// <summary>
/// The URLs that a crawl has still to fetch, and those it knows: durable, polite, the same order each time.
/// <para>
/// A URL is queued, then leased, then finished with an outcome or put back. Every step is a record of a journal
/// (<see cref="FrontierJournal"/>); <see cref="Commit"/> makes all steps so far durable with one fsync. After a crash what was
/// committed is there; leased URLs are handed out again, and so may be URLs finished since the last commit. A retry is one record, so a
/// URL is never lost between its old and its new place. Reopening also keeps each host's back-off, Crawl-delay and
/// address, and leaves every host alone for its gap, for a request may have been under way when the last process died.
/// </para>
/// <para>
/// Order: hosts by turns (<see cref="Politeness"/>); within a host put-back URLs, urgent ones, then first come first served.
/// URLs with a time join their host's line when it comes.
/// </para>
/// <para>
/// Memory: 12 bytes a queued URL (its text stays on disk and is read when leased), 11 to 21 a URL ever seen, 32 more
/// for one that has a time, ~450 a host: 10 million URLs of 100,000 hosts were 370 MB of resident process (benchmark QueueUrls).
/// There is no disk-based set of seen URLs: 200 million cost about 3 GB. A host's name is its
/// address without port: one machine is one host. When more than half of the journal is dead it is rewritten at a commit
/// or at opening, with everything standing still meanwhile; done URLs keep their 8-byte hash, skipped ones their record.
/// </para>
/// All members may be called from any thread.
/// </summary>
public sealed partial class Frontier : IDisposable
{
    private const string LockName = "frontier.lock";

    private readonly Lock _lock = new(), _commit = new();
    private readonly FrontierOptions _options;
    private readonly Politeness _politeness;
    private readonly string _folder;
    private readonly FileStream _held;
    private readonly FrontierSeen _seen = new();
    private readonly FrontierSlots _slots = new();
    private readonly Dictionary<ulong, FrontierHost> _hosts = []; // by hash of the name
    private readonly List<FrontierHost> _hostList = [];
    private readonly PriorityQueue<(FrontierHost Host, int Slot), (long At, long Number)> _later = new();
    private readonly RecordWriter _record = new();
    private readonly long[] _skipped = new long[256];
    private FrontierJournal _journal = null!;
    private byte[] _readBuffer = new byte[4096];
    private long _queued, _leased, _done, _laterNumber;
    private long _queueFrames, _queueBytes, _deadBytes; // of the journal: what compaction would gain
    private ulong _seed; // of all hashes
    private long _compactNotBelow;
    private bool _disposed;

    private Frontier(string folder, FrontierOptions options, TimeProvider time)
    {
        (_folder, _options) = (folder, options);
        _politeness = new Politeness(options.Politeness, time);
        Directory.CreateDirectory(folder);
        try
        {
            _held = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new ImportException(folder, "another crawl uses this frontier; wait for it or stop it", e);
        }
    }

    /// <summary>Opens the frontier of a folder, or starts one. One process at a time may have it open.</summary>
    /// <exception cref="ImportException">In use, or damaged: with file and offset.</exception>
    public static Frontier Open(string folder, FrontierOptions? options = null, TimeProvider? time = null)
    {
        var frontier = new Frontier(folder, options ?? new FrontierOptions(), time ?? TimeProvider.System);
        try
        {
            frontier.OpenJournal();
            return frontier;
        }
        catch
        {
            frontier.Dispose();
            throw;
        }
    }

    /// <summary>Queues a URL.</summary>
    /// <returns>False if it was seen before: queued, done or skipped.</returns>
    /// <exception cref="ArgumentException">Not an absolute URL with a host.</exception>
    public bool Add(in FrontierUrl url)
    {
        byte[] text = Encoding.UTF8.GetBytes(url.Url);
        ReadOnlySpan<byte> name = HostIn(text);
        if (name.IsEmpty)
            throw new ArgumentException($"'{url.Url}' has no host: only absolute URLs can be queued", nameof(url));
        byte[] from = Encoding.UTF8.GetBytes(url.From);
        ulong hash = Hash(text);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_seen.Add(hash))
                return false;
            long notBefore = Math.Max(url.NotBefore?.UtcTicks ?? 0, 0);
            Queue(HostOf(name), url.Urgent ? QueueFlags.Urgent : 0, url.Hops, url.Redirects, 0, notBefore, 0, text, from, []);
            return true;
        }
    }

    /// <summary>Notes that a URL will not be fetched, and why; it counts as seen.</summary>
    /// <param name="why">One of the skipped states.</param>
    /// <returns>False if it was seen before: nothing was noted.</returns>
    public bool Skip(string url, FrontierState why, string detail, string from, int hops)
    {
        if (why < FrontierState.SkippedByRobots)
            throw new ArgumentOutOfRangeException(nameof(why), why, "a reason to skip");
        byte[] text = Encoding.UTF8.GetBytes(url);
        ulong hash = Hash(text);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_seen.Add(hash))
                return false;
            SkipRecord.Write(_record, why, hash, hops, text, Encoding.UTF8.GetBytes(detail), Encoding.UTF8.GetBytes(from));
            _journal.Append(_record.Written);
            _skipped[(int)why]++;
            return true;
        }
    }

    /// <summary>The next URL of a host whose host, domain and address are all free now.</summary>
    /// <param name="wait">Where there is none: nothing can be ready sooner unless a URL is added or put back;
    /// <see cref="Timeout.InfiniteTimeSpan"/> if nothing is queued. Where everything queued waits for leases to be released, it is a short time to ask again after.</param>
    public bool TryLease([NotNullWhen(true)] out FrontierLease? lease, out TimeSpan wait)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            long now = _politeness.Now;
            while (_later.TryPeek(out (FrontierHost Host, int Slot) due, out (long At, long) time) && time.At <= now)
            {
                _later.Dequeue();
                due.Host.Append(_slots, due.Slot);
                _politeness.Enter(due.Host);
            }
            if (_politeness.TryTake(out long ticks) is FrontierHost host)
            {
                lease = Lease(host);
                wait = TimeSpan.Zero;
                return true;
            }
            lease = null;
            if (_later.TryPeek(out _, out (long At, long) next))
                ticks = ticks < 0 ? next.At - now : Math.Min(ticks, next.At - now);
            wait = _queued == 0 ? Timeout.InfiniteTimeSpan
                : ticks >= 0 ? TimeSpan.FromTicks(ticks)
                : _options.Politeness.Off ? TimeSpan.FromMilliseconds(10)
                : TimeSpan.FromTicks(Math.Max(_options.Politeness.MinGap.Ticks, TimeSpan.TicksPerMillisecond));
            return false;
        }
    }

    /// <summary>The request is over and its connection closed: gaps start now. The URL stays leased until <see cref="Finish"/> or <see cref="PutBack"/>.</summary>
    public void Release(FrontierLease lease, in FetchReport report)
    {
        lock (_lock)
        {
            Expect(lease, unreleased: true);
            lease.Released = true;
            FrontierHost host = lease.Host!;
            PoliteKey? before = host.Address;
            _politeness.Release(host, lease.Address, report);
            bool news = host.Address != before || !host.Asked;
            if (host.Address != before)
                host.AddressName = report.Address!;
            if (!_options.Politeness.Off && (news || host.NextAt - _politeness.Now > _options.Politeness.MinGap.Ticks))
                Note(host); // or a crash would forget that it asked for more
        }
    }

    /// <summary>The URL was not fetched after all; it goes to the front of its host's queue. After <see cref="Release"/> where the lease
    /// was used for another request to the host (robots.txt); without it the host counts as not asked.</summary>
    public void PutBack(FrontierLease lease)
    {
        lock (_lock)
        {
            Close(lease);
            lease.Host!.Prepend(_slots, lease.Slot);
            _queued++;
            _politeness.Enter(lease.Host);
        }
    }

    /// <summary>What came of a leased URL. Call <see cref="Release"/> first if a request was made; without it the host counts as not asked.</summary>
    /// <param name="state"><see cref="FrontierState.Done"/> or a reason to skip; ignored where <paramref name="retryAt"/> is given.</param>
    /// <param name="detail">For people: the rule of robots.txt, the error.</param>
    /// <param name="retryAt">The URL is queued again for then, its attempts one more.</param>
    /// <param name="recrawlAt">Where it is done: when to fetch it again; it is queued for then, its attempts 0.</param>
    /// <param name="attempted">False where nothing was sent: with <paramref name="retryAt"/> the attempts stay as they were.</param>
    public void Finish(FrontierLease lease, FrontierState state, string detail = "", DateTimeOffset? retryAt = null, DateTimeOffset? recrawlAt = null, bool attempted = true)
    {
        if (retryAt is null && state is FrontierState.Unknown or FrontierState.Queued)
            throw new ArgumentOutOfRangeException(nameof(state), state, "Done, a reason to skip, or any with a time to retry");
        byte[] text = Encoding.UTF8.GetBytes(detail);
        lock (_lock)
        {
            Close(lease);
            FrontierHost host = lease.Host!;
            long replaced = _slots[lease.Slot].Offset;
            _slots.GiveBack(lease.Slot);
            bool done = retryAt is null && state == FrontierState.Done;
            int counts = lease.FetchedBefore == done || retryAt is not null ? 0 : done ? 1 : lease.FetchedBefore ? -1 : 0;
            host.Done += counts;
            _done += counts;
            DateTimeOffset? again = retryAt ?? (done ? recrawlAt : null);
            if (again is { } at)
            {
                FrontierUrl url = lease.Url;
                QueueFlags flags = (url.Urgent && !done ? QueueFlags.Urgent : 0) | (done || lease.FetchedBefore ? QueueFlags.FetchedBefore : 0) |
                    (counts > 0 ? QueueFlags.Counts : 0);
                Queue(host, flags, url.Hops, done ? 0 : url.Redirects, done ? 0 : lease.Attempts + (attempted ? 1 : 0), Math.Max(at.UtcTicks, 1), replaced,
                    Encoding.UTF8.GetBytes(url.Url), Encoding.UTF8.GetBytes(url.From), text);
                return;
            }
            EndRecord.Write(_record, state, counts, _journal.Length - replaced, text);
            _journal.Append(_record.Written);
            _deadBytes += FrontierJournal.FrameBytes + _record.Written.Length;
            if (!done)
                _skipped[(int)state]++;
        }
    }

    /// <summary>Crawl-delay of a host, as its robots.txt says; null for none.</summary>
    public void SetCrawlDelay(string host, TimeSpan? delay)
    {
        lock (_lock)
        {
            FrontierHost known = HostOf(Encoding.UTF8.GetBytes(host));
            long before = known.CrawlDelay;
            _politeness.SetCrawlDelay(known, delay);
            if (known.CrawlDelay != before)
                Note(known);
        }
    }

    /// <summary>Tells where a host is before its first answer does, so that hosts of one address are not asked at once.</summary>
    public void SetAddress(string host, string address)
    {
        lock (_lock)
        {
            FrontierHost known = HostOf(Encoding.UTF8.GetBytes(host));
            if (known.AddressName == address || _options.Politeness.Off)
                return;
            known.AddressName = address;
            _politeness.SetAddress(known, address);
        }
    }

    /// <summary>Makes everything that was added, skipped and finished so far durable; returns when it is on the disk.</summary>
    /// <exception cref="IOException">The disk is full or failing. Memory is as before: commit again when there is room.</exception>
    public void Commit()
    {
        lock (_commit)
        {
            long length;
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_journal.IsCommitted)
                    return;
                if (TryCompact())
                    return;
                length = _journal.PrepareCommit();
                _deadBytes += FrontierJournal.FrameBytes + 17;
            }
            _journal.Flush(length);
        }
    }

    /// <summary>Pages of a host that are done or leased: what a budget counts. Visits after the first are not counted.</summary>
    public int HostFetched(string host)
    {
        lock (_lock)
            return _hosts.TryGetValue(Hash(Encoding.UTF8.GetBytes(host)), out FrontierHost? known) ? known.Done + known.Leased : 0;
    }

    public FrontierCounts Counts
    {
        get
        {
            lock (_lock)
                return new FrontierCounts(_queued, _leased, _done, _hostList.Count,
                    Enumerable.Range(0, 256).Where(i => _skipped[i] > 0).ToDictionary(i => (FrontierState)i, i => _skipped[i]));
        }
    }

    /// <summary>The URL was ever queued or skipped. From memory.</summary>
    public bool Knows(string url)
    {
        byte[] text = Encoding.UTF8.GetBytes(url);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _seen.Contains(Hash(text));
        }
    }

    /// <summary>What is known of a URL; null if it was never seen. Reads the whole journal: for people's questions.</summary>
    public FrontierEntry? Find(string url)
    {
        FrontierHost? host;
        byte[] text = Encoding.UTF8.GetBytes(url);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_seen.Contains(Hash(text)))
                return null;
            _journal.Spill();
            _hosts.TryGetValue(Hash(HostIn(text)), out host);
        }
        // A compaction meanwhile renames a new file over the old; whichever is opened is whole.
        FrontierEntry? entry = FrontierLook.Find(_journal.Path, url);
        if (entry is not { State: FrontierState.Queued } || host is null)
            return entry;
        lock (_lock)
            return entry with { ReadyAt = new DateTimeOffset(Math.Max(_politeness.ReadyAt(host), entry.ReadyAt?.UtcTicks ?? 0), TimeSpan.Zero) };
    }

    /// <summary>As <see cref="Find"/> for a frontier that is not open, or open elsewhere: then as of its last write. Null too where there is no frontier.</summary>
    /// <exception cref="ImportException">The file is not a frontier.</exception>
    public static FrontierEntry? Look(string folder, string url) =>
        FrontierLook.Find(Path.Combine(folder, FrontierJournal.FileName), url);

    /// <summary>Gives up the folder. What was not committed may be lost.</summary>
    public void Dispose()
    {
        lock (_commit)
            lock (_lock)
            {
                if (_disposed)
                    return;
                _disposed = true;
                _journal?.Dispose();
                _seen.Dispose();
                _held?.Dispose();
            }
    }

    // Of the queue records, those not in use any more, by their mean size.
    private long DeadBytes => _deadBytes + (_queueFrames == 0 ? 0 : (long)(_queueBytes * (1 - (_queued + _leased) / (double)_queueFrames)));

    private bool TryCompact()
    {
        if (_journal.Length < _compactNotBelow || DeadBytes <= Math.Max(_options.CompactAbove, _journal.Length / 2))
            return false;
        try
        {
            Compact();
            return true;
        }
        catch (IOException e) when (e is not ImportException)
        {
            _compactNotBelow = _journal.Length * 5 / 4; // no room for a second file: the one we have still does
            return false;
        }
    }

    private FrontierLease Lease(FrontierHost host)
    {
        int slot = host.TakeFirst(_slots);
        QueueRecord record = QueueRecord.Read(_journal.Read(_slots[slot].Offset, ref _readBuffer));
        bool again = record.Flags.HasFlag(QueueFlags.FetchedBefore);
        _queued--;
        _leased++;
        if (!again)
            host.Leased++;
        var lease = new FrontierLease
        {
            Url = new FrontierUrl(Encoding.UTF8.GetString(record.Url), record.Hops, record.Redirects, record.Flags.HasFlag(QueueFlags.Urgent),
                record.NotBefore > 0 ? new DateTimeOffset(record.NotBefore, TimeSpan.Zero) : null, record.From),
            Attempts = record.Attempts,
            FetchedBefore = again,
            Host = host,
            Address = host.Address,
            Slot = slot,
        };
        _politeness.Enter(host);
        return lease;
    }

    private void Expect(FrontierLease lease, bool unreleased = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (lease.Over || (unreleased && lease.Released))
            throw new InvalidOperationException($"the lease of {lease.Url.Url} is {(lease.Over ? "over" : "released")} already");
    }

    private void Close(FrontierLease lease)
    {
        Expect(lease);
        lease.Over = true;
        _leased--;
        if (!lease.FetchedBefore)
            lease.Host!.Leased--;
        if (!lease.Released)
            _politeness.GiveBack(lease.Host!, lease.Address);
    }

    private void Queue(FrontierHost host, QueueFlags flags, int hops, int redirects, int attempts, long notBefore, long replaced,
        ReadOnlySpan<byte> url, ReadOnlySpan<byte> from, ReadOnlySpan<byte> detail)
    {
        QueueRecord.Write(_record, flags, hops, redirects, attempts, notBefore, replaced == 0 ? 0 : _journal.Length - replaced, url, from, detail);
        int slot = _slots.Add(_journal.Append(_record.Written), flags.HasFlag(QueueFlags.Urgent));
        _queueFrames++;
        _queueBytes += FrontierJournal.FrameBytes + _record.Written.Length;
        Wait(host, slot, notBefore);
    }

    private void Wait(FrontierHost host, int slot, long notBefore)
    {
        _queued++;
        if (notBefore > _politeness.Now)
        {
            _later.Enqueue((host, slot), (notBefore, ++_laterNumber));
            return;
        }
        host.Append(_slots, slot);
        _politeness.Enter(host);
    }

    private void Note(FrontierHost host)
    {
        host.Asked = true;
        HostRecord.Write(_record, host);
        _journal.Append(_record.Written);
        _deadBytes += FrontierJournal.FrameBytes + _record.Written.Length;
    }

    private FrontierHost HostOf(ReadOnlySpan<byte> name)
    {
        ulong hash = Hash(name);
        if (!_hosts.TryGetValue(hash, out FrontierHost? host))
        {
            host = new FrontierHost(Encoding.UTF8.GetString(name)) { Number = _hostList.Count };
            _hosts.Add(hash, host);
            _hostList.Add(host);
            _politeness.Join(host, _options.DomainOf(host.Name));
        }
        return host;
    }

    private ulong Hash(ReadOnlySpan<byte> text) => XxHash3.HashToUInt64(text, (long)_seed);

    // The host of a serialised URL: no user, no port; brackets of IPv6 stay.
    internal static ReadOnlySpan<byte> HostIn(ReadOnlySpan<byte> url)
    {
        int start = url.IndexOf("://"u8);
        if (start <= 0)
            return [];
        ReadOnlySpan<byte> host = url[(start + 3)..];
        int end = host.IndexOfAny((byte)'/', (byte)'?', (byte)'#');
        if (end >= 0)
            host = host[..end];
        host = host[(host.LastIndexOf((byte)'@') + 1)..];
        int colon = host.LastIndexOf((byte)':');
        return colon > host.LastIndexOf((byte)']') ? host[..colon] : host;
    }
}
