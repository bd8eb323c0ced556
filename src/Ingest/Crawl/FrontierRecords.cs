using System.Text;

namespace Backlinks.Ingest;

/// <summary>What a record of the frontier's journal is; its first byte. The numbers are stored: they never change.</summary>
internal enum FrontierRecordKind : byte
{
    /// <summary>A URL that waits, new or again; see <see cref="QueueRecord"/>.</summary>
    Queue = 1,

    /// <summary>The outcome of a queue record; see <see cref="EndRecord"/>.</summary>
    End = 2,

    /// <summary>A URL that was never queued, or was dropped from the queue before the last compaction; see <see cref="SkipRecord"/>.</summary>
    Skip = 3,

    /// <summary>All that is known of a host now; see <see cref="HostRecord"/>.</summary>
    Host = 4,

    /// <summary>8-byte hashes of URLs that are done, written by compaction in the place of their records.</summary>
    Done = 5,

    /// <summary>All before it was on the disk when the next one of its kind was written; see <see cref="FrontierJournal"/>.</summary>
    Commit = 6,
}

[Flags]
internal enum QueueFlags : byte
{
    None = 0,
    Urgent = 1,

    /// <summary>The URL is done and waits for its next visit.</summary>
    FetchedBefore = 2,

    /// <summary>The record that this one replaces was a fetch that counts: its URL is done for the first time.</summary>
    Counts = 4,
}

/// <summary>kind, flags, then variable-length integers hops, redirects, attempts, not before (UTC ticks or 0), bytes back to
/// the queue record it replaces or 0; texts URL, page that led to it (length shared with the URL, then a text), detail.
/// A text is its length and UTF-8.</summary>
internal ref struct QueueRecord
{
    public QueueFlags Flags;
    public int Hops, Redirects, Attempts;
    public long NotBefore, BackToReplaced;
    public ReadOnlySpan<byte> Url, Detail;
    public string From;

    public static QueueRecord Read(ReadOnlySpan<byte> payload, bool withFrom = true)
    {
        var reader = new RecordReader(payload[1..]);
        var record = new QueueRecord
        {
            Flags = (QueueFlags)reader.Byte(),
            Hops = (int)reader.Number(),
            Redirects = (int)reader.Number(),
            Attempts = (int)reader.Number(),
            NotBefore = (long)reader.Number(),
            BackToReplaced = (long)reader.Number(),
            Url = reader.Bytes(),
            From = "",
        };
        if (!withFrom)
            return record; // opening reads millions and needs no more
        int shared = (int)reader.Number();
        ReadOnlySpan<byte> rest = reader.Bytes();
        if (shared > record.Url.Length)
            throw new InvalidDataException("a record shares more with its URL than there is");
        record.From = shared + rest.Length == 0 ? "" : Encoding.UTF8.GetString([.. record.Url[..shared], .. rest]);
        record.Detail = reader.Bytes();
        return record;
    }

    public static void Write(RecordWriter to, QueueFlags flags, int hops, int redirects, int attempts, long notBefore, long backToReplaced,
        ReadOnlySpan<byte> url, ReadOnlySpan<byte> from, ReadOnlySpan<byte> detail)
    {
        to.Start(FrontierRecordKind.Queue);
        to.Byte((byte)flags);
        to.Number((ulong)hops);
        to.Number((ulong)redirects);
        to.Number((ulong)attempts);
        to.Number((ulong)notBefore);
        to.Number((ulong)backToReplaced);
        to.Bytes(url);
        int shared = url.CommonPrefixLength(from);
        to.Number((ulong)shared);
        to.Bytes(from[shared..]);
        to.Bytes(detail);
    }
}

/// <summary>kind, state, change of the number of pages done (0; 1 for the first visit; 2 for -1: done before, now skipped), bytes back to the queue record, text detail.</summary>
internal ref struct EndRecord
{
    public FrontierState State;
    public int Counts;
    public long Back;
    public ReadOnlySpan<byte> Detail;

    public static EndRecord Read(ReadOnlySpan<byte> payload)
    {
        var reader = new RecordReader(payload[1..]);
        return new EndRecord { State = (FrontierState)reader.Byte(), Counts = reader.Byte() switch { 2 => -1, byte counts => counts }, Back = (long)reader.Number(), Detail = reader.Bytes() };
    }

    public static void Write(RecordWriter to, FrontierState state, int counts, long back, ReadOnlySpan<byte> detail)
    {
        to.Start(FrontierRecordKind.End);
        to.Byte((byte)state);
        to.Byte(counts < 0 ? (byte)2 : (byte)counts);
        to.Number((ulong)back);
        to.Bytes(detail);
    }
}

/// <summary>kind, state, hash of the whole URL (8 bytes), hops, texts URL (its start, if it is very long), detail, page that led to it.</summary>
internal ref struct SkipRecord
{
    /// <summary>Bytes of a URL that are kept: more is a <c>data:</c> URL or an attack, and nobody asks for it by name.</summary>
    public const int MaxUrl = 4096;

    public FrontierState State;
    public ulong Hash;
    public int Hops;
    public ReadOnlySpan<byte> Url, Detail, From;

    public static SkipRecord Read(ReadOnlySpan<byte> payload)
    {
        var reader = new RecordReader(payload[1..]);
        return new SkipRecord
        {
            State = (FrontierState)reader.Byte(),
            Hash = reader.Fixed(),
            Hops = (int)reader.Number(),
            Url = reader.Bytes(),
            Detail = reader.Bytes(),
            From = reader.Bytes(),
        };
    }

    public static void Write(RecordWriter to, FrontierState state, ulong hash, int hops, ReadOnlySpan<byte> url, ReadOnlySpan<byte> detail, ReadOnlySpan<byte> from)
    {
        to.Start(FrontierRecordKind.Skip);
        to.Byte((byte)state);
        to.Fixed(hash);
        to.Number((ulong)hops);
        to.Bytes(url.Length > MaxUrl ? url[..MaxUrl] : url);
        to.Bytes(detail);
        to.Bytes(from);
    }
}

/// <summary>kind, text name, pages done, not to be asked before (UTC ticks), Crawl-delay (ticks), 429s in a row, failures in a row, text address.</summary>
internal ref struct HostRecord
{
    public ReadOnlySpan<byte> Name, Address;
    public int Done, Strikes, Failures;
    public long NextAt, CrawlDelay;

    public static HostRecord Read(ReadOnlySpan<byte> payload)
    {
        var reader = new RecordReader(payload[1..]);
        return new HostRecord
        {
            Name = reader.Bytes(),
            Done = (int)reader.Number(),
            NextAt = (long)reader.Number(),
            CrawlDelay = (long)reader.Number(),
            Strikes = (int)reader.Number(),
            Failures = (int)reader.Number(),
            Address = reader.Bytes(),
        };
    }

    public static void Write(RecordWriter to, FrontierHost host)
    {
        to.Start(FrontierRecordKind.Host);
        to.Bytes(Encoding.UTF8.GetBytes(host.Name));
        to.Number((ulong)host.Done);
        to.Number((ulong)host.NextAt);
        to.Number((ulong)host.CrawlDelay);
        to.Number((ulong)host.Strikes);
        to.Number((ulong)host.Failures);
        to.Bytes(Encoding.UTF8.GetBytes(host.AddressName));
    }
}

/// <summary>Takes a record apart. A record that passed its checksum and does not fit is of another program.</summary>
internal ref struct RecordReader(ReadOnlySpan<byte> left)
{
    private ReadOnlySpan<byte> _left = left;

    public byte Byte()
    {
        if (_left.IsEmpty)
            throw new InvalidDataException("a record ends early");
        byte value = _left[0];
        _left = _left[1..];
        return value;
    }

    public ulong Fixed()
    {
        if (_left.Length < 8)
            throw new InvalidDataException("a record ends early");
        ulong value = System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(_left);
        _left = _left[8..];
        return value;
    }

    /// <summary>7 bits a byte, lowest first, the top bit set on all but the last.</summary>
    public ulong Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Byte();
            value |= (ulong)(b & 127) << shift;
            if (b < 128)
                return value;
        }
        throw new InvalidDataException("a number of a record has no end");
    }

    public ReadOnlySpan<byte> Bytes()
    {
        ulong length = Number();
        if (length > (ulong)_left.Length)
            throw new InvalidDataException("a text of a record is longer than the record");
        ReadOnlySpan<byte> bytes = _left[..(int)length];
        _left = _left[(int)length..];
        return bytes;
    }
}

/// <summary>Puts a record together; reused.</summary>
internal sealed class RecordWriter
{
    private byte[] _bytes = new byte[512];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Start(FrontierRecordKind kind)
    {
        _length = 0;
        Byte((byte)kind);
    }

    public void Byte(byte value) => Room(1)[0] = value;

    public void Fixed(ulong value) => System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(Room(8), value);

    public void Number(ulong value)
    {
        for (; value >= 128; value >>= 7)
            Byte((byte)(value | 128));
        Byte((byte)value);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Number((ulong)bytes.Length);
        bytes.CopyTo(Room(bytes.Length));
    }

    private Span<byte> Room(int bytes)
    {
        if (_length + bytes > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + bytes));
        _length += bytes;
        return _bytes.AsSpan(_length - bytes, bytes);
    }
}
