using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Imports files of pages and links into a store: WARC, ARC, WAT, and the backlink exports of other tools. One thread at a
/// time reads, all parse, one more writes, in the order of the file. Each transaction holds visits and how far the
/// file has come, so that a killed import goes on where it was; a visit is the same whenever it is imported, so that
/// doing it twice changes nothing.
/// </summary>
/// <remarks>
/// A file is known by <c>KIND:NAME#HASH</c>, of its name, its length and its first and last 64 KB, so it may be moved.
/// Memory: two pieces of the file a thread (about 10 MB) and the visits of two transactions, whatever the file.
/// </remarks>
public static class VisitImport
{
    public const string Accepted = "WARC, ARC and WAT files, plain or gzip, and backlink exports of Ahrefs, Majestic, Semrush, Moz and Search Console as CSV";

    private const int MaxThreads = 8;

    /// <summary>Tells the format of a file from its content, or from the name of an archive whose start is damaged; null where it
    /// is none of these.</summary>
    /// <exception cref="ImportException">It is much like a backlink export, but lacks columns.</exception>
    public static VisitFormat? Detect(string path)
    {
        if (!File.Exists(path))
            return null;
        byte[] head = FileHead.Read(path);
        if (ArcReader.IsStart(head))
            return VisitFormat.Arc;
        if (WarcReader.IsStart(head))
            return IsWat(path) ? VisitFormat.Wat : VisitFormat.Warc;
        // The start may be what is damaged; an archive's name is rarely wrong.
        string name = Path.GetFileName(path);
        foreach ((string part, VisitFormat format) in new[] { (".wat", VisitFormat.Wat), (".warc", VisitFormat.Warc), (".arc", VisitFormat.Arc) })
            if (name.EndsWith(part, StringComparison.OrdinalIgnoreCase) || name.EndsWith(part + ".gz", StringComparison.OrdinalIgnoreCase))
                return format;
        return CsvExports.Find(path, head) is null ? null : VisitFormat.Csv;
    }

    /// <summary>Imports a file, or the files of a folder and the folders in it in the order of their names.</summary>
    /// <exception cref="ImportException">There is no such file, or nothing in the folder is of a known format.</exception>
    public static VisitImportResult Import(string path, ILinkStore store, VisitImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => Import([path], store, options, progress, cancel);

    /// <inheritdoc cref="Import(string, ILinkStore, VisitImportOptions?, IProgress{StepProgress}?, CancellationToken)"/>
    public static VisitImportResult Import(IReadOnlyList<string> paths, ILinkStore store, VisitImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(store);
        options ??= new();
        VisitImportResult result = new();
        List<(string Path, VisitFormat Format)> files = [];
        foreach (string path in paths)
            if (Directory.Exists(path))
            {
                int before = files.Count;
                foreach (string file in Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                    if (Detect(file) is { } format)
                        files.Add((file, format));
                    else
                        result = result with { Unknown = result.Unknown + 1 };
                if (files.Count == before)
                    throw new ImportException(path, $"the folder holds no file of a known format; accepted are {Accepted}");
            }
            else if (!File.Exists(path))
                throw new ImportException(path, "there is no such file or folder");
            else
                files.Add((path, Detect(path) ?? throw new ImportException(path, $"is of no known format; accepted are {Accepted}")));
        foreach ((string path, VisitFormat format) in files)
        {
            cancel.ThrowIfCancellationRequested();
            string step = files.Count == 1 ? "importing" : $"importing {Path.GetFileName(path)}";
            result = result.Plus(ImportFile(path, format, store, options, step, progress, cancel));
        }
        return result;
    }

    private static VisitImportResult ImportFile(string path, VisitFormat format, ILinkStore store, VisitImportOptions options, string step,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        CsvExport? export = format == VisitFormat.Csv ? CsvExports.Open(path, options.Site) : null;
        string kind = export?.Format.Kind ?? format.ToString().ToLowerInvariant();
        (string id, long length) = Identity(path, kind);
        if (export is not null)
            id += export.Site is { } site ? "@" + site : "";
        StoredSource? before = store.FindSource(id);
        if (before is { Ended: not null } && !options.Again)
            return new VisitImportResult { AlreadyImported = 1 };
        Facts facts = before is { Ended: null } && !options.Again ? Facts.Parse(before.Facts) : new Facts();
        (long Offset, int Records) start = before is { Ended: null } && !options.Again ? (before.Position, facts.Skip) : default;
        DateTime started = before is { Ended: null } ? before.Started : Now();

        using QuarantineList quarantine = new(options.Quarantine, id, Path.GetFileName(path), facts.QuarantineBytes);
        using VisitFile file = export is not null ? new CsvFile(path, export, id, start.Records) : new ArchiveFile(path, format, id, options, start);
        int threads = Math.Clamp(options.Threads > 0 ? options.Threads : Environment.ProcessorCount, 1, MaxThreads);
        VisitPiece[] workers = [.. Enumerable.Range(0, threads).Select(_ => new VisitPiece())];
        List<PageVisit> visits = [];
        VisitImportResult done = new() { Files = 1 };
        (long Offset, int Records) next = start;
        long links = 0;

        // One batch is written while the next is parsed; else the threads that parse wait for the store.
        Task<WriteResult>? writing = null;

        void Written()
        {
            if (writing is null)
                return;
            WriteResult wrote = writing.GetAwaiter().GetResult();
            writing = null;
            done = done with
            {
                Repeated = done.Repeated + wrote.Repeated,
                NewPages = done.NewPages + wrote.NewPages,
                NewLinks = done.NewLinks + wrote.NewLinks,
            };
        }

        void Write(bool ended)
        {
            Written();
            quarantine.Flush();
            facts.Skip = next.Records;
            facts.QuarantineBytes = quarantine.Length;
            PageVisit[] batch = [.. visits];
            StoredSource state = new(id, kind, started, ended ? Now() : null, ended ? length : next.Offset, facts.Text());
            writing = Task.Factory.StartNew(() => store.Write(batch, state, cancel), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            visits.Clear();
            links = 0;
        }

        try
        {
            OrderedWork.Run(workers, take: piece => file.Take(piece, cancel), produce: file.Parse, commit: piece =>
            {
                foreach (PageVisit visit in piece.Visits)
                    links += visit.Links.Count;
                visits.AddRange(piece.Visits);
                foreach (Quarantined fault in piece.Faults)
                    quarantine.Add(fault);
                next = piece.Next;
                done = done with
                {
                    Records = done.Records + piece.Records,
                    Pages = done.Pages + piece.Visits.Count,
                    Links = done.Links + piece.Visits.Sum(v => (long)v.Links.Count),
                    Skipped = done.Skipped + piece.Skipped,
                    Quarantined = done.Quarantined + piece.Faults.Count,
                    FirstProblem = done.FirstProblem.Length > 0 || piece.Faults.Count == 0 ? done.FirstProblem : Describe(path, piece.Faults[0]),
                };
                facts.Add(piece);
                if (visits.Count >= options.BatchVisits || links >= options.BatchLinks)
                    Write(ended: false);
                progress?.Report(new StepProgress(step, Math.Min(next.Offset, length), length, "bytes"));
            }, cancel);
            Write(ended: true);
            Written();
        }
        finally
        {
            if (writing is not null)
                ((IAsyncResult)writing).AsyncWaitHandle.WaitOne(); // the caller may close the store now; what it did stays
        }
        return done with { QuarantineFile = quarantine.Written };
    }

    private static string Describe(string path, Quarantined fault) =>
        $"{path}: {(fault.Line > 0 ? $"line {fault.Line}" : $"at byte {fault.Offset}")}: {fault.Problem}{(fault.About.Length > 0 ? $" ({(fault.About.Length > 200 ? fault.About[..200] : fault.About)})" : "")}";

    private static DateTime Now() => new(DateTime.UtcNow.Ticks / 10 * 10, DateTimeKind.Utc);

    private static (string Id, long Length) Identity(string path, string kind)
    {
        const int end = 1 << 16;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        XxHash3 hash = new();
        byte[] buffer = new byte[end];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, file.Length);
        hash.Append(buffer.AsSpan(0, 8));
        hash.Append(buffer.AsSpan(0, file.ReadAtLeast(buffer, end, throwOnEndOfStream: false)));
        file.Position = Math.Max(0, file.Length - end);
        hash.Append(buffer.AsSpan(0, file.ReadAtLeast(buffer, end, throwOnEndOfStream: false)));
        return ($"{kind}:{Path.GetFileName(path)}#{hash.GetCurrentHashAsUInt64().ToString("x16", CultureInfo.InvariantCulture)[..12]}", file.Length);
    }

    /// <summary>WAT and WARC differ in their records alone: the first one that is no preamble tells.</summary>
    private static bool IsWat(string path)
    {
        using WarcReader reader = new(path, 0);
        ArchiveBatch batch = new();
        for (int records = 0; records < 64 && reader.Read(batch, most: 1); records += batch.Records.Count)
            foreach (ArchiveRecord record in batch.Records)
                if (record.Type is not ("warcinfo" or "request"))
                    return WatReader.IsPage(record);
        return false;
    }

    /// <summary>What a source's facts hold: counts for people, and what a resumed import needs beside the position.</summary>
    private sealed class Facts
    {
        public long Records { get; set; }

        public long Pages { get; set; }

        public long Links { get; set; }

        public long Skipped { get; set; }

        public long Quarantined { get; set; }

        /// <summary>Records done of the gzip member at the position.</summary>
        public int Skip { get; set; }

        /// <summary>Length of the quarantine list that belongs to the position.</summary>
        public long QuarantineBytes { get; set; }

        public void Add(VisitPiece piece)
        {
            Records += piece.Records;
            Pages += piece.Visits.Count;
            foreach (PageVisit visit in piece.Visits)
                Links += visit.Links.Count;
            Skipped += piece.Skipped;
            Quarantined += piece.Faults.Count;
        }

        public string Text() => JsonSerializer.Serialize(this, Layout);

        public static Facts Parse(string text)
        {
            try
            {
                return JsonSerializer.Deserialize<Facts>(text, Layout) ?? new Facts();
            }
            catch (JsonException)
            {
                return new Facts(); // another program's; the position alone counts
            }
        }

        private static readonly JsonSerializerOptions Layout = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    }
}

/// <summary>The first bytes of a file, unpacked where it is gzip.</summary>
internal static class FileHead
{
    private const int Bytes = 1 << 14;

    public static byte[] Read(string path)
    {
        using ArchiveText text = new(path);
        if (text.Packed && !text.NextMember())
            return [];
        while (text.Unread.Length < Bytes && text.Fill())
        {
        }
        return text.Unread.ToArray();
    }
}
