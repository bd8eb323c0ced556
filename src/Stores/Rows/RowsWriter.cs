using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Backlinks.GraphEngine;
using DuckDB.NET.Data;

namespace Backlinks.Stores;

/// <summary>
/// Writes <c>rows.duckdb</c>. Numbers of links are sorted in memory, their texts put into buckets of that order (<see cref="RowTexts"/>), and
/// rows appended block by block, links in as many parts as there are threads, each in a transaction of its own: DuckDB packs a full row
/// group and puts it on the disk in the thread that appends it, and takes over parts as they are, in the order in which they are committed.
/// Blocks are the smallest there are, as questions read the links of a few pages: of each column one block, read and verified. The form
/// of 1.2 packs texts in half the time that the newest takes, for a file a tenth larger, and is read as fast.
/// </summary>
internal sealed class RowsWriter : IDisposable
{
    private readonly RunWriter _run;
    private readonly DuckDbLinkStore _store;
    private readonly LinkGraph _pageGraph, _domainGraph;
    private readonly RunRowsOptions _options;
    private readonly IProgress<StepProgress>? _progress;
    private readonly CancellationToken _cancel;
    private readonly string _path, _scratch, _settings;
    private readonly int _threads;
    private readonly List<IDisposable> _open = [];

    public RowsWriter(RunWriter run, DuckDbLinkStore store, LinkGraph pages, LinkGraph domains, RunRowsOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        (_run, _store, _pageGraph, _domainGraph, _options, _progress, _cancel) = (run, store, pages, domains, options, progress, cancel);
        _path = run.PathOf(RowSchema.FileName);
        _scratch = _path + ".tmp";
        _threads = options.Threads == 0 ? Environment.ProcessorCount : options.Threads;
        _settings = string.Create(CultureInfo.InvariantCulture, $"Data Source={_path};threads={_threads};memory_limit={options.MemoryBytes >> 20}MiB;temp_directory={_scratch};preserve_insertion_order=true;default_block_size=16384;storage_compatibility_version=v1.2.0");
    }

    /// <summary>Optimised from the start, as it is called once: else all that is read on the way would be held to the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write()
    {
        Directory.CreateDirectory(_scratch);
        _progress?.Report(new StepProgress("reading pages", 0, 0, "pages"));
        RowPages pages = Opened(RowPages.Read(_store, _pageGraph, _domainGraph, _options.Fold, _cancel));
        (string[] kinds, byte[] kindOf) = _store.SourceKinds();
        _progress?.Report(new StepProgress("reading links", 0, 0, "links"));
        RowLinks links = RowLinks.Read(_store, pages, _store.LinkCounts(_cancel), kindOf, _threads, _cancel);
        RowKeys.Write(_run.PathOf(RowKeys.FolderName), pages);
        long now = PageHistory.None;
        foreach (ref readonly RowPages.Seen page in pages.Facts.AsSpan())
            now = Math.Max(now, page.LastVisit);

        _progress?.Report(new StepProgress("reading texts", 0, 0, "links"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancel);
        RowTexts? texts = null;
        RowSums? sums = null;
        StoreGraphs.Both(() => texts = RowTexts.Read(_store, links.Links, _scratch, stop.Token), () => sums = RowSums.Of(pages, links, InCluster(pages.DomainNodes), now, stop.Token), stop, () => texts?.Dispose());
        Opened(texts!);
        _store.ReleaseMemory(); // all is read
        RowScores ofPages = Opened(new RowScores(_run, "page_", _pageGraph, _options, pages.Texts, _cancel)), ofDomains = Opened(new RowScores(_run, "", _domainGraph, _options, pages.Texts, _cancel));
        var rows = new RowTables(pages, links, texts!, sums!, ofPages, ofDomains, [.. kinds.Select(pages.Texts.Add)]);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // names of hosts and domains, and lists, are half of what reading took
        AppendAll(rows, links.Links.Length, now);
    }

    public void Dispose()
    {
        for (int i = _open.Count - 1; i >= 0; i--)
            _open[i].Dispose();
        if (Directory.Exists(_scratch))
            Directory.Delete(_scratch, recursive: true);
    }

    private bool[] InCluster(int[] nodes)
    {
        using MappedArray<uint>? cluster = _run.Map<uint>("cluster");
        return [.. nodes.Select(node => node >= 0 && cluster is not null && cluster[node] > 0)];
    }

    private void AppendAll(RowTables rows, int links, long now)
    {
        try
        {
            using DuckDBConnection first = Connect();
            LinkSchema.Run(first, "SET checkpoint_threshold='1TB'"); // once, at the end
            LinkSchema.Run(first, RowSchema.Create);
            int buckets = (links + RowTexts.BucketLinks - 1) / RowTexts.BucketLinks, parts = Math.Max(1, Math.Min(_threads, buckets));
            long edges = 0, done = 0;
            void Tell(int more)
            {
                _cancel.ThrowIfCancellationRequested();
                _progress?.Report(new StepProgress("writing rows", Interlocked.Add(ref done, more), links, "links"));
            }
            var work = new List<(string Table, Action<RowAppender> Append)>();
            for (int part = 0; part < parts; part++)
            {
                int from = (int)((long)buckets * part / parts), to = (int)((long)buckets * (part + 1) / parts);
                work.Add(("links", appender => rows.AppendLinks(appender, from, to, Tell)));
            }
            work.Add(("edges", appender => edges = rows.AppendEdges(appender, _cancel)));
            work.Add(("pages", appender => rows.AppendPages(appender, _cancel)));
            work.Add(("domains", rows.AppendDomains));
            var connections = new DuckDBConnection?[work.Count];
            try
            {
                try
                {
                    Parallel.ForEach(Partitioner.Create(Enumerable.Range(0, work.Count), EnumerablePartitionerOptions.NoBuffering), new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = _cancel }, i =>
                    {
                        connections[i] = Connect();
                        LinkSchema.Run(connections[i]!, "BEGIN");
                        using RowAppender appender = new(connections[i]!, _path, work[i].Table);
                        work[i].Append(appender);
                        appender.Finish();
                    });
                }
                catch (AggregateException e)
                {
                    ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
                }
                foreach (DuckDBConnection? connection in connections)
                    LinkSchema.Run(connection!, "COMMIT");
            }
            finally
            {
                foreach (DuckDBConnection? connection in connections)
                    connection?.Dispose();
            }
            LinkSchema.Run(first, string.Create(CultureInfo.InvariantCulture,
                $"INSERT INTO facts VALUES ('{RowSchema.Format}', {RowSchema.Version}, {(now == PageHistory.None ? "NULL" : $"make_timestamp({now})")}, {rows.Domains}, {rows.Pages}, {links}, {edges})"));
            LinkSchema.Run(first, "CHECKPOINT");
        }
        catch (DuckDBException e)
        {
            throw RunRows.Told(_path, e.Message, e);
        }
        if (File.Exists(_path + ".wal"))
            throw new StoreException(_path, "was not closed: its log is still there; rank again");
    }

    private DuckDBConnection Connect()
    {
        var connection = new DuckDBConnection(_settings);
        connection.Open();
        return connection;
    }

    private T Opened<T>(T disposable) where T : IDisposable
    {
        _open.Add(disposable);
        return disposable;
    }
}
