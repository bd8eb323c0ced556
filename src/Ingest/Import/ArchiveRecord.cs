namespace Backlinks.Ingest;

/// <summary>One record of a WARC, WAT or ARC file. Its block lies in the batch it came with.</summary>
internal sealed class ArchiveRecord
{
    /// <summary>Where it can be found: its own offset in a plain file, that of its gzip member else.</summary>
    public required long Offset { get; init; }

    /// <summary>Records before it in the same gzip member.</summary>
    public int Index { get; init; }

    /// <summary>As WARC names it, lower case: response, resource, revisit, metadata …</summary>
    public required string Type { get; init; }

    /// <summary>The URL it is about, without angle brackets; "" where it is about none.</summary>
    public string Target { get; init; } = "";

    public string ContentType { get; init; } = "";

    /// <summary>UTC; null where it cannot be read.</summary>
    public DateTime? At { get; init; }

    /// <summary>The header fields of a WARC record; none in ARC.</summary>
    public HttpFields Fields { get; init; } = new();

    /// <summary>Bytes of the block as declared.</summary>
    public required long Length { get; init; }

    public int Start { get; set; }

    /// <summary>Bytes of the block that were kept, at <see cref="Start"/> of the batch: fewer than <see cref="Length"/> where it
    /// is over the cap or of no interest.</summary>
    public int Kept { get; set; }

    public bool Whole => Kept == Length;

    /// <summary>False where the gzip member around it is damaged, so that only a digest can tell whether the block is.</summary>
    public bool Sound { get; set; } = true;

    public ReadOnlyMemory<byte> Block(ArchiveBatch batch) => batch.Bytes.AsMemory(Start, Kept);
}

/// <summary>Something in a file that was left out, and why.</summary>
/// <param name="Offset">Byte of the file where it is found; -1 where <paramref name="Line"/> tells.</param>
/// <param name="Line">Line of the text, from 1; 0 where <paramref name="Offset"/> tells.</param>
/// <param name="About">A URL or the start of the text; "" where nothing can be told.</param>
internal readonly record struct Quarantined(long Offset, long Line, string Problem, string About = "");

/// <summary>Records that go through reading, parsing and writing together.</summary>
internal sealed class ArchiveBatch
{
    private const int FullBytes = 2 << 20, FullRecords = 1024;

    public byte[] Bytes { get; private set; } = new byte[1 << 20];

    public int Used { get; private set; }

    public List<ArchiveRecord> Records { get; } = [];

    public List<Quarantined> Faults { get; } = [];

    /// <summary>Where reading goes on after this batch: a record's offset, or a gzip member's and the records of it that are done.</summary>
    public (long Offset, int Records) Next { get; set; }

    public bool Full => Used >= FullBytes || Records.Count + Faults.Count >= FullRecords;

    public void Clear()
    {
        Used = 0;
        Records.Clear();
        Faults.Clear();
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Used + bytes.Length > Bytes.Length)
        {
            byte[] larger = new byte[Math.Max(Bytes.Length * 2, Used + bytes.Length)];
            Bytes.AsSpan(0, Used).CopyTo(larger);
            Bytes = larger;
        }
        bytes.CopyTo(Bytes.AsSpan(Used));
        Used += bytes.Length;
    }

    /// <summary>Takes back what was appended since.</summary>
    public void Truncate(int used) => Used = used;
}
