using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>A piece of a file on its way from reading to the store; each worker has one.</summary>
internal sealed class VisitPiece
{
    public ArchiveBatch Batch { get; } = new();

    public RowBlock Rows { get; } = new();

    public List<PageVisit> Visits { get; } = [];

    /// <summary>What was left out, in the order of the file.</summary>
    public List<Quarantined> Faults { get; } = [];

    public long Records { get; set; }

    public long Skipped { get; set; }

    /// <summary>Where reading goes on behind this piece.</summary>
    public (long Offset, int Records) Next { get; set; }

    public void Clear()
    {
        Visits.Clear();
        Faults.Clear();
        Records = Skipped = 0;
    }
}

/// <summary>A file that yields visits: pieces are taken in order, then parsed side by side.</summary>
internal abstract class VisitFile : IDisposable
{
    /// <summary>Takes the next piece; false at the end of the file.</summary>
    public abstract bool Take(VisitPiece piece, CancellationToken cancel);

    public abstract void Parse(VisitPiece piece);

    public abstract void Dispose();
}

/// <summary>A WARC, ARC or WAT file.</summary>
internal sealed class ArchiveFile : VisitFile
{
    private const int Margin = 1 << 16; // HTTP header fields before the body

    private readonly ArchiveReader _reader;
    private readonly ArchivePages? _pages;
    private readonly Func<WatReader>? _newWat;
    private readonly System.Collections.Concurrent.ConcurrentBag<WatReader> _wat = [];

    public ArchiveFile(string path, VisitFormat format, string source, VisitImportOptions options, (long Offset, int Records) start)
    {
        // The JSON of one page has been met up to 10 MB: ten thousand links and the page's own headers.
        int maxBlock = format == VisitFormat.Wat ? 4 * options.Pages.MaxBody : options.Pages.MaxBody + Margin;
        _reader = format switch
        {
            VisitFormat.Arc => new ArcReader(path, maxBlock),
            VisitFormat.Wat => new WarcReader(path, maxBlock, WatReader.IsPage),
            _ => new WarcReader(path, maxBlock, ArchivePages.IsPage),
        };
        if (format == VisitFormat.Wat)
            _newWat = () => new WatReader(source, options);
        else
            _pages = new ArchivePages(source, options);
        if (start != default)
            _reader.Seek(start);
    }

    public override bool Take(VisitPiece piece, CancellationToken cancel) => _reader.Read(piece.Batch, cancel: cancel);

    public override void Parse(VisitPiece piece)
    {
        ArchiveBatch batch = piece.Batch;
        WatReader? wat = _newWat is null ? null : _wat.TryTake(out WatReader? idle) ? idle : _newWat();
        piece.Clear();
        piece.Next = batch.Next;
        piece.Faults.AddRange(batch.Faults);
        foreach (ArchiveRecord record in batch.Records)
        {
            PageVisit? visit = wat is not null
                ? wat.Read(record, record.Block(batch).Span, out string? problem)
                : _pages!.Read(record, batch, out problem);
            piece.Records++;
            if (visit is not null)
                piece.Visits.Add(visit);
            else if (problem is not null)
                piece.Faults.Add(new Quarantined(record.Offset, 0, problem, record.Target));
            else
                piece.Skipped++;
        }
        if (wat is not null)
            _wat.Add(wat);
    }

    public override void Dispose() => _reader.Dispose();
}
