using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>How a <see cref="GraphBuilder"/> works.</summary>
public sealed record GraphBuilderOptions
{
    /// <summary>Private memory for the links while they are sorted, in bytes; those beyond it are sorted on disk. The process
    /// takes more: write and text buffers, some 10 MiB a thread, and what the runtime itself needs. The rank layout, when
    /// this memory is free again, takes 8 bytes and a bit a node, which from 64 million nodes on is more than the default.
    /// At least 64 MiB. Default 512 MiB: half of the gigabyte that a small server can spare.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Written to the manifest: <c>page</c>, <c>host</c>, <c>domain</c> or <c>unknown</c>.</summary>
    public string Granularity { get; init; } = "unknown";

    /// <summary>Written to the manifest.</summary>
    public GraphSource? Source { get; init; }

    /// <summary>Links from a node to itself are left out (they are still counted as observed).</summary>
    public bool DropSelfLinks { get; init; }

    /// <summary>How the rank layout is cut; null lets its size decide. For tests.</summary>
    internal RankLayoutShape? RankShape { get; init; }

    /// <summary>For tests: replaces <see cref="MemoryBytes"/> and may be next to nothing.</summary>
    internal long? TinyMemoryBytes { get; init; }
}

/// <summary>
/// Builds a graph folder from links in any order, in bounded memory: rows sorted, duplicates merged, both directions.
/// <para>A radix sort in three passes. (1) Links are partitioned by ranges of their source as they come
/// (<see cref="LinkBuckets{T}"/>; on disk beyond the memory). (2) Bucket after bucket is sorted into rows and merged
/// (<see cref="BucketSorter"/>), written, and partitioned again by target. (3) Those buckets, read in source order, are
/// the rows of the other direction after a counting sort. Scattering m links over the whole graph at once would miss the
/// caches on nearly every one; within a bucket it does not. <see cref="AddRow"/> skips the first two.</para>
/// <para>Buckets are worked on side by side and written in order; weights of duplicates are summed in double in the order
/// they came and rounded once: files are equal byte for byte whatever the threads and the memory.</para>
/// Private memory: see <see cref="GraphBuilderOptions.MemoryBytes"/>. Disk: the graph, and up to 16 bytes a link on the way
/// (32 with weights). Arrays go to the disk while others are made; all are on it before graph.json is written.
/// </summary>
public sealed unsafe class GraphBuilder : IDisposable
{
    /// <summary>The most nodes a graph can have: what one array can index.</summary>
    public const int MaxNodes = 2_147_483_591;

    private const int Staged = 4096; // links gathered before they are partitioned: 32 to 80 KB

    private readonly string _folder;
    private readonly GraphBuilderOptions _options;
    private readonly long _memory;
    private readonly int _threads;
    private readonly Dictionary<string, ArrayEntry> _more = [];
    private readonly List<IDisposable> _open = [];
    private readonly PlainLink[] _staged = new PlainLink[Staged];
    private int _stagedCount;
    private uint _highest; // of any node named
    private long _observed;
    private bool _built, _complete;

    // Links in any order: by source.
    private LinkBuckets<PlainLink>? _plain;
    private LinkBuckets<ObservedLink>? _weighted;
    private ObservedLink[]? _stagedWeighted;
    private int _stagedWeightedCount;

    // Rows: already written, and partitioned by target.
    private RowFiles? _rows;
    private bool _rowsWeighted;
    private LinkBuckets<PlainLink>? _plainByTarget;
    private LinkBuckets<WeighedLink>? _weightedByTarget;
    private WeighedLink[]? _stagedByTarget;

    /// <param name="folder">An existing folder without a graph, which receives the files.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 64 MiB of memory, or a negative number of threads.</exception>
    /// <exception cref="GraphException">There is no such folder, or a graph is in it.</exception>
    public GraphBuilder(string folder, GraphBuilderOptions? options = null)
    {
        _options = options ?? new();
        _folder = folder;
        if (_options.MemoryBytes < 64L << 20)
            throw new ArgumentOutOfRangeException(nameof(options), _options.MemoryBytes, "MemoryBytes must be at least 64 MiB (67108864)");
        if (_options.Threads < 0)
            throw new ArgumentOutOfRangeException(nameof(options), _options.Threads, "Threads must be 0 (one for each processor) or more");
        _memory = _options.TinyMemoryBytes ?? _options.MemoryBytes;
        _threads = _options.Threads > 0 ? _options.Threads : Environment.ProcessorCount;
        if (!Directory.Exists(folder))
            throw new GraphException(folder, -1, "there is no such folder to build a graph in");
        if (File.Exists(Path.Combine(folder, GraphManifest.FileName)))
            throw new GraphException(folder, -1, "holds a graph already: build in an empty folder");
    }

    /// <summary>Adds an unweighted link (weight 1, observed once).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A node number of <see cref="MaxNodes"/> or more.</exception>
    /// <exception cref="GraphException">Links had to be put on disk and could not.</exception>
    public void Add(uint source, uint target)
    {
        if (_weighted is not null)
        {
            Add(source, target, 1);
            return;
        }
        RequireNoRows();
        Admit(source, target);
        _observed++;
        if (source == target && _options.DropSelfLinks)
            return;
        if (_stagedCount == Staged)
            FlushStaged();
        _staged[_stagedCount++] = new PlainLink((ulong)source << 32 | target);
    }

    /// <summary>Adds a weighted link; one such call makes the whole graph weighted.</summary>
    /// <param name="weight">Finite and ≥ 0, at most the largest float.</param>
    /// <param name="count">How many times the link was observed, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Node, weight or count is out of range.</exception>
    /// <exception cref="GraphException">Links had to be put on disk and could not.</exception>
    public void Add(uint source, uint target, double weight, uint count = 1)
    {
        if (!(weight >= 0 && weight <= float.MaxValue))
            throw new ArgumentOutOfRangeException(nameof(weight), weight, $"the weight of link {source} → {target} must be finite, at least 0 and at most {float.MaxValue}");
        if (count == 0)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"link {source} → {target} must have been observed at least once");
        RequireNoRows();
        Admit(source, target);
        _observed += count;
        if (_weighted is null)
        {
            FlushStaged();
            BeginWeights();
            _stagedWeighted = new ObservedLink[Staged];
        }
        if (source == target && _options.DropSelfLinks)
            return;
        if (_stagedWeightedCount == Staged)
            FlushStaged();
        _stagedWeighted![_stagedWeightedCount++] = new ObservedLink((ulong)source << 32 | target, weight, count);
    }

    /// <summary>Adds unweighted links packed as source &lt;&lt; 32 | target: the fast way in.</summary>
    /// <inheritdoc cref="Add(uint, uint)"/>
    public void AddRange(ReadOnlySpan<ulong> links)
    {
        if (_weighted is not null || _options.DropSelfLinks)
        {
            foreach (ulong link in links)
                Add((uint)(link >> 32), (uint)link);
            return;
        }
        RequireNoRows();
        FlushStaged();
        while (links.Length > 0)
        {
            ReadOnlySpan<ulong> some = links[..Math.Min(links.Length, Staged)]; // stays in the cache between the two loops
            ulong sources = 0;
            uint targets = 0;
            foreach (ulong link in some)
            {
                sources = Math.Max(sources, link);
                targets = Math.Max(targets, (uint)link);
            }
            Admit((uint)(sources >> 32), targets);
            _observed += some.Length;
            Partition(MemoryMarshal.Cast<ulong, PlainLink>(some));
            links = links[some.Length..];
        }
    }

    /// <summary>
    /// Adds all links of one source: sources ascending, targets ascending and distinct. Written at once, so this is the
    /// fastest way; not to be mixed with the others. Sources without links need no call.
    /// </summary>
    /// <param name="weights">One for each target in every call, or none in any. Finite and ≥ 0.</param>
    /// <exception cref="ArgumentException">Out of order or range, or weights in some calls only.</exception>
    /// <exception cref="GraphException">The disk is full, for one.</exception>
    public void AddRow(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights = default)
    {
        if (targets.IsEmpty)
            return;
        CheckRow(source, targets, weights);
        _observed += targets.Length;
        int self = _options.DropSelfLinks ? targets.BinarySearch(source) : -1;
        try
        {
            OpenRows(!weights.IsEmpty);
            _rows!.EndRows(source);
            if (self < 0)
                AppendToRow(source, targets, weights);
            else
            {
                AppendToRow(source, targets[..self], weights.IsEmpty ? default : weights[..self]);
                AppendToRow(source, targets[(self + 1)..], weights.IsEmpty ? default : weights[(self + 1)..]);
            }
            _rows.EndRows(source + 1L);
        }
        catch (Exception e) when (e is IOException and not GraphException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    /// <summary>Writes a further array beside the links, such as <c>hosts</c>; graph.json lists it under its name.</summary>
    public void AddArray<T>(string name, ReadOnlySpan<T> values, string meaning) where T : unmanaged =>
        _more.Add(name, NpyWriter<T>.WriteAll(Path.Combine(_folder, $"{name}.npy"), values, meaning));

    /// <summary>Lists a further array that was written into the graph's folder already.</summary>
    public void AddFile(string name, ArrayEntry file) => _more.Add(name, file);

    /// <summary>Writes how much weight each of n nodes loses (<see cref="LinkGraph.LostWeights"/>); the links must have weights.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A weight is not finite and at least 0.</exception>
    public void AddLostWeights(ReadOnlySpan<double> weights)
    {
        for (int node = 0; node < weights.Length; node++)
            if (!(weights[node] >= 0 && weights[node] < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(weights), weights[node], $"what node {node} loses must be finite and at least 0");
        AddArray(LinkGraph.LostName, weights, "weight of each node's links that goes nowhere");
    }

    /// <summary>Sorts, merges duplicates, writes both directions, the rank layout, the names and last graph.json and the seal.</summary>
    /// <param name="nodeCount">n, at least the highest node named plus 1, at most <see cref="MaxNodes"/>.</param>
    /// <param name="names">The names of all n nodes, or null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A link names a node that is not below <paramref name="nodeCount"/>.</exception>
    /// <exception cref="GraphException">Weights of a link sum to more than a float, or the disk is full.</exception>
    public GraphManifest Build(int nodeCount, NodeNamesWriter? names = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        if (_built)
            throw new InvalidOperationException("a GraphBuilder builds one graph");
        if (nodeCount is < 0 or > MaxNodes)
            throw new ArgumentOutOfRangeException(nameof(nodeCount), nodeCount, $"a graph has 0 to {MaxNodes} nodes");
        if (_observed > 0 && _highest >= (uint)nodeCount)
            throw new ArgumentOutOfRangeException(nameof(nodeCount), nodeCount, $"a link names node {_highest}, but nodes are 0 to {nodeCount - 1L}");
        if (names is not null && names.Count != nodeCount)
            throw new ArgumentException($"there are {names.Count} names for {nodeCount} nodes", nameof(names));
        _built = true;
        try
        {
            return BuildOnce(nodeCount, names, progress, cancel);
        }
        catch (OverflowException e)
        {
            throw new GraphException(_folder, -1, e.Message, e);
        }
        catch (Exception e) when (e is IOException and not GraphException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    /// <summary>Frees memory and temporary files; without a completed <see cref="Build"/> also what was written of the graph.</summary>
    public void Dispose()
    {
        foreach (IDisposable open in _open)
            open.Dispose();
        _open.Clear();
        if (_complete || !_built)
            return;
        _complete = true;
        foreach (string side in new[] { "out", "in" })
            foreach (string array in new[] { "offsets", "links", "weights", "counts" })
                File.Delete(Path.Combine(_folder, $"{side}_{array}.npy"));
    }

    private GraphManifest BuildOnce(int nodes, NodeNamesWriter? names, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        FlushStaged();
        if (_rows is null)
            SortRows(nodes, progress, cancel);
        _rows!.EndRows(nodes);
        if (_rowsWeighted)
            _rows.RequireWeights();
        long links = _rows.Links;
        var arrays = new SortedDictionary<string, ArrayEntry>(StringComparer.Ordinal);
        var outArrays = new Dictionary<string, ArrayEntry>();
        _rows.Complete(outArrays);
        Task outFlushed = Task.Run(_rows.Flush, CancellationToken.None), inFlushed = Task.CompletedTask; // wait for the disk, not for us
        using RowFiles inRows = new(_folder, "in");
        try
        {
            Transpose(inRows, nodes, links, progress, cancel);
            if (inRows.Links != links)
                throw new InvalidOperationException($"{links} links went out and {inRows.Links} came in: this is a fault of GraphBuilder");
            if (_rowsWeighted)
                inRows.RequireWeights();
            inRows.Complete(arrays);
            inFlushed = Task.Run(inRows.Flush, CancellationToken.None);
            names?.Finish(arrays);
            foreach ((string name, ArrayEntry entry) in outArrays.Concat(_more))
                arrays[name] = entry;
            RankLayout.Write(_folder, nodes, links, arrays, _options, progress, cancel);
        }
        finally
        {
            Task.WhenAll(outFlushed, inFlushed).GetAwaiter().GetResult();
        }
        cancel.ThrowIfCancellationRequested();
        var manifest = new GraphManifest
        {
            Nodes = nodes,
            Links = links,
            Observed = _observed,
            Granularity = _options.Granularity,
            Source = _options.Source,
            Arrays = arrays,
        };
        manifest.Write(_folder);
        _complete = true;
        GraphSeal.TryWrite(_folder, manifest);
        return manifest;
    }

    // Pass 2: buckets by source become rows, and links on their way to pass 3.
    private void SortRows(int nodes, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        uint highest = (uint)Math.Max(nodes - 1, 0);
        long links = (_plain?.Count ?? 0) + (_weighted?.Count ?? 0);
        long used = _weighted?.UsedBytes ?? _plain?.UsedBytes ?? 0; // once there are weights, the others are on disk
        bool spilled = _weighted?.Spilled ?? _plain?.Spilled ?? false; // then all of the pool is resident, whatever is in use
        if (spilled || used > _memory / 8 * 3)
        {
            if (_weighted is not null)
                _weighted.SpillAll();
            else
                _plain!.SpillAll();
            used = 0;
        }
        _plain?.Widen(highest);
        _plain?.EndAppend();
        _weighted?.Widen(highest);
        _weighted?.EndAppend();
        OpenRows(_weighted is not null, _memory / 4 * 3 - used);
        long width = 1L << (_weighted?.Shift ?? _plain?.Shift ?? 0);
        if (_plain is not null || _weighted is not null)
            RunBuckets(nodes, width, links, "sorting links",
                (sorter, first, rows) =>
                {
                    if (_weighted is not null)
                        sorter.SortAndMerge(_plain, _weighted, first, rows);
                    else
                        sorter.SortAndMerge(_plain!, first, rows, highest);
                },
                sorted =>
                {
                    _rows!.Append(sorted);
                    long at = 0;
                    for (long r = 0; r < sorted.Rows; r++)
                        for (long end = sorted.Ends[r]; at < end;)
                        {
                            int some = (int)Math.Min(end - at, Staged);
                            PartitionByTarget((uint)(sorted.FirstRow + r), new(sorted.Links + at, some),
                                sorted.Weights == null ? default : new(sorted.Weights + at, some));
                            at += some;
                        }
                },
                progress, cancel);
        Close(_plain);
        Close(_weighted);
    }

    // Pass 3: buckets by target, each in source order, become the rows of the other direction.
    private void Transpose(RowFiles inRows, int nodes, long links, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        FlushStagedByTarget();
        uint highest = (uint)Math.Max(nodes - 1, 0);
        _plainByTarget?.Widen(highest);
        _plainByTarget?.EndAppend();
        _weightedByTarget?.Widen(highest);
        _weightedByTarget?.EndAppend();
        RunBuckets(nodes, 1L << (_weightedByTarget?.Shift ?? _plainByTarget!.Shift), links, "transposing links",
            (sorter, first, rows) =>
            {
                if (_weightedByTarget is not null)
                    sorter.Transpose(_weightedByTarget, first, rows);
                else
                    sorter.Transpose(_plainByTarget!, first, rows);
            },
            sorted => inRows.Append(sorted),
            progress, cancel);
        Close(_plainByTarget);
        Close(_weightedByTarget);
    }

    private void RunBuckets(int nodes, long width, long links, string step, Action<BucketSorter, long, long> sort, Action<SortedRows> write,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        long next = 0, buckets = (nodes + width - 1) / width, done = 0;
        BucketSorter[] sorters = [.. Enumerable.Range(0, (int)Math.Clamp(_threads, 1, Math.Max(1, buckets))).Select(i =>
            new BucketSorter(new NativeBuffer(Path.Combine(_folder, $"bucket{i}.spill"), _memory / 4 / _threads)))];
        try
        {
            OrderedWork.Run(sorters,
                take: sorter =>
                {
                    sorter.Bucket = next;
                    return next++ < buckets;
                },
                produce: sorter => sort(sorter, sorter.Bucket * width, Math.Min(width, nodes - sorter.Bucket * width)),
                commit: sorter =>
                {
                    write(sorter.Result);
                    done += sorter.Result.Count;
                    progress?.Report(new StepProgress(step, Math.Min(done, links), links, "links"));
                },
                cancel);
        }
        finally
        {
            foreach (BucketSorter sorter in sorters)
                sorter.Dispose();
        }
    }

    private void OpenRows(bool weighted, long? memory = null)
    {
        if (_rows is not null)
            return;
        _rows = Opened(new RowFiles(_folder, "out"));
        _rowsWeighted = weighted;
        string spill = Path.Combine(_folder, "targets.spill");
        if (weighted)
            _weightedByTarget = Opened(new LinkBuckets<WeighedLink>(spill, memory ?? _memory / 4 * 3));
        else
            _plainByTarget = Opened(new LinkBuckets<PlainLink>(spill, memory ?? _memory / 4 * 3));
    }

    private void CheckRow(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights)
    {
        if (_plain is not null || _weighted is not null || _stagedCount > 0 && _rows is null)
            throw new InvalidOperationException("AddRow cannot be mixed with Add");
        if (_built)
            throw new InvalidOperationException("the graph has been built");
        if (_rows is not null && source < _rows.Rows)
            throw new ArgumentOutOfRangeException(nameof(source), source, $"sources must ascend: rows up to {_rows.Rows - 1} have been added");
        if (!weights.IsEmpty && weights.Length != targets.Length)
            throw new ArgumentException($"node {source} has {targets.Length} targets but {weights.Length} weights", nameof(weights));
        if (_rows is not null && _rowsWeighted == weights.IsEmpty)
            throw new ArgumentException($"node {source} has {(weights.IsEmpty ? "no " : "")}weights where the rows before have {(weights.IsEmpty ? "" : "none")}", nameof(weights));
        for (int i = 1; i < targets.Length; i++)
            if (targets[i] <= targets[i - 1])
                throw new ArgumentException($"the targets of node {source} must ascend, but {targets[i]} follows {targets[i - 1]}", nameof(targets));
        foreach (float weight in weights)
            if (!(weight >= 0 && weight <= float.MaxValue))
                throw new ArgumentOutOfRangeException(nameof(weights), weight, $"weights of links from {source} must be finite and at least 0");
        Admit(source, targets[^1]);
    }

    private void AppendToRow(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights)
    {
        _rows!.AppendLinks(targets, weights);
        for (int i = 0; i < targets.Length; i += Staged)
        {
            int some = Math.Min(Staged, targets.Length - i);
            PartitionByTarget(source, targets.Slice(i, some), weights.IsEmpty ? default : weights.Slice(i, some));
        }
    }

    // At most Staged links. In this phase _staged holds links turned round.
    private void PartitionByTarget(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights)
    {
        if (_stagedCount + targets.Length > Staged)
            FlushStagedByTarget();
        if (weights.IsEmpty)
        {
            Span<PlainLink> staged = _staged.AsSpan(_stagedCount, targets.Length);
            for (int i = 0; i < staged.Length; i++)
                staged[i] = new PlainLink((ulong)targets[i] << 32 | source);
        }
        else
        {
            Span<WeighedLink> staged = (_stagedByTarget ??= new WeighedLink[Staged]).AsSpan(_stagedCount, targets.Length);
            for (int i = 0; i < staged.Length; i++)
                staged[i] = new WeighedLink((ulong)targets[i] << 32 | source, weights[i]);
        }
        _stagedCount += targets.Length;
    }

    private void FlushStagedByTarget()
    {
        _plainByTarget?.Append(_staged.AsSpan(0, _stagedCount), _highest);
        _weightedByTarget?.Append(_stagedByTarget.AsSpan(0, _stagedCount), _highest);
        _stagedCount = 0;
    }

    private void FlushStaged()
    {
        if (_rows is not null)
            return; // staged are links turned round
        if (_stagedCount > 0)
            Partition(_staged.AsSpan(0, _stagedCount));
        _stagedCount = 0;
        if (_stagedWeightedCount > 0)
        {
            try
            {
                _weighted!.Append(_stagedWeighted.AsSpan(0, _stagedWeightedCount), _highest);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw NotWritten(e);
            }
        }
        _stagedWeightedCount = 0;
    }

    private void BeginWeights()
    {
        try
        {
            _plain?.SpillAll(); // those before weigh 1; the memory is for what comes
            _weighted = Opened(new LinkBuckets<ObservedLink>(Path.Combine(_folder, "weighted.spill"), _memory / 4 * 3));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    private void Partition(ReadOnlySpan<PlainLink> links)
    {
        try
        {
            _plain ??= Opened(new LinkBuckets<PlainLink>(Path.Combine(_folder, "links.spill"), _memory / 4 * 3));
            _plain.Append(links, _highest);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotWritten(e);
        }
    }

    private void RequireNoRows()
    {
        if (_built || _rows is not null)
            throw new InvalidOperationException(_built ? "the graph has been built" : "Add cannot be mixed with AddRow");
    }

    private void Admit(uint source, uint target)
    {
        uint higher = Math.Max(source, target);
        if (higher >= MaxNodes)
            throw new ArgumentOutOfRangeException(source >= MaxNodes ? nameof(source) : nameof(target), higher, $"node numbers are 0 to {MaxNodes - 1}");
        _highest = Math.Max(_highest, higher);
    }

    private T Opened<T>(T part) where T : IDisposable
    {
        _open.Add(part);
        return part;
    }

    private void Close(IDisposable? part)
    {
        if (part is null)
            return;
        part.Dispose();
        _open.Remove(part);
    }

    private GraphException NotWritten(Exception e) =>
        new(_folder, -1, $"the graph cannot be written: {e.Message.TrimEnd('.')}; see that there is space and permission, then build it again", e);
}
