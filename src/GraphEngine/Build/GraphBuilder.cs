namespace Backlinks.GraphEngine;

/// <summary>How a <see cref="GraphBuilder"/> works.</summary>
public sealed record GraphBuilderOptions
{
    /// <summary>Private memory the builder may use for buffers and sorting, in bytes; links beyond it are sorted on disk.
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
}

/// <summary>
/// Builds a graph folder from links in any order: rows sorted, duplicates merged, both directions. Weights of
/// duplicates are summed in double in the order they came and rounded once.
/// </summary>
public sealed class GraphBuilder : IDisposable
{
    /// <summary>The most nodes a graph can have: what one array can index.</summary>
    public const int MaxNodes = 2_147_483_591;

    private readonly string _folder;
    private readonly GraphBuilderOptions _options;
    private readonly List<(ulong Link, double Weight, uint Count)> _links = [];
    private bool _weighted;
    private readonly Dictionary<string, ArrayEntry> _more = [];

    /// <param name="folder">An existing empty folder that receives the files.</param>
    public GraphBuilder(string folder, GraphBuilderOptions? options = null)
    {
        _folder = folder;
        _options = options ?? new();
    }

    /// <summary>Adds an unweighted link (weight 1, observed once).</summary>
    public void Add(uint source, uint target) => _links.Add(((ulong)source << 32 | target, 1, 1));

    /// <summary>Adds a weighted link; one such call makes the whole graph weighted. Finite and ≥ 0.</summary>
    public void Add(uint source, uint target, double weight, uint count = 1)
    {
        if (!(weight >= 0 && weight <= float.MaxValue))
            throw new ArgumentOutOfRangeException(nameof(weight), weight, $"the weight of link {source} → {target} must be finite and at least 0");
        _weighted = true;
        _links.Add(((ulong)source << 32 | target, weight, count));
    }

    /// <summary>Adds unweighted links packed as source &lt;&lt; 32 | target: the fast way in.</summary>
    public void AddRange(ReadOnlySpan<ulong> links)
    {
        foreach (ulong link in links)
            _links.Add((link, 1, 1));
    }

    /// <summary>Adds all links of one source: sources ascending, targets ascending and distinct. Not to be mixed with the others.</summary>
    public void AddRow(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights = default)
    {
        for (int i = 0; i < targets.Length; i++)
            if (weights.IsEmpty)
                Add(source, targets[i]);
            else
                Add(source, targets[i], weights[i]);
    }

    /// <summary>Writes a further array beside the links, such as <c>hosts</c>; graph.json lists it under its name.</summary>
    public void AddArray<T>(string name, ReadOnlySpan<T> values, string meaning) where T : unmanaged =>
        _more.Add(name, NpyWriter<T>.WriteAll(Path.Combine(_folder, $"{name}.npy"), values, meaning));

    /// <summary>Sorts, merges duplicates, writes both directions, the rank layout, the names and last graph.json and the seal.</summary>
    public GraphManifest Build(int nodeCount, NodeNamesWriter? names = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        long observed = _links.Sum(l => (long)l.Count);
        var merged = new List<(ulong Link, double Weight, uint Count)>();
        foreach ((ulong link, double weight, uint count) in _links.OrderBy(l => l.Link))
        {
            uint source = (uint)(link >> 32), target = (uint)link;
            if (Math.Max(source, target) >= (uint)nodeCount)
                throw new ArgumentOutOfRangeException(nameof(nodeCount), nodeCount, $"link {source} → {target} names a node that is not among 0 to {nodeCount - 1L}");
            if (source == target && _options.DropSelfLinks)
                continue;
            if (merged.Count > 0 && merged[^1].Link == link)
                merged[^1] = (link, merged[^1].Weight + weight, merged[^1].Count + count);
            else
                merged.Add((link, weight, count));
        }
        var arrays = new SortedDictionary<string, ArrayEntry>(StringComparer.Ordinal);
        Write("out", merged.Select(l => (Row: (uint)(l.Link >> 32), Link: (uint)l.Link, l.Weight)).ToArray(), nodeCount, arrays);
        Write("in", merged.Select(l => (Row: (uint)l.Link, Link: (uint)(l.Link >> 32), l.Weight)).OrderBy(l => l.Row).ToArray(), nodeCount, arrays);
        if (merged.Any(l => l.Count > 1))
            arrays["out_counts"] = NpyWriter<uint>.WriteAll(Path.Combine(_folder, "out_counts.npy"), merged.Select(l => l.Count).ToArray(), "how many times each link of out_links was observed");
        names?.Finish(arrays);
        foreach ((string name, ArrayEntry entry) in _more)
            arrays[name] = entry;
        RankLayout.Write(_folder, nodeCount, merged.Count, arrays, _options, progress, cancel);
        var manifest = new GraphManifest { Nodes = nodeCount, Links = merged.Count, Observed = observed, Granularity = _options.Granularity, Source = _options.Source, Arrays = arrays };
        manifest.Write(_folder);
        GraphSeal.TryWrite(_folder, manifest);
        return manifest;
    }

    public void Dispose()
    {
    }

    private void Write(string side, (uint Row, uint Link, double Weight)[] links, int nodes, SortedDictionary<string, ArrayEntry> arrays)
    {
        long[] offsets = new long[nodes + 1];
        foreach (var link in links)
            offsets[link.Row + 1]++;
        for (int i = 0; i < nodes; i++)
            offsets[i + 1] += offsets[i];
        (string rows, string ends) = side == "out" ? ("source", "targets") : ("target", "sources");
        arrays[$"{side}_offsets"] = NpyWriter<long>.WriteAll(Path.Combine(_folder, $"{side}_offsets.npy"), offsets, $"row of each {rows} in {side}_links, then their number");
        arrays[$"{side}_links"] = NpyWriter<uint>.WriteAll(Path.Combine(_folder, $"{side}_links.npy"), links.Select(l => l.Link).ToArray(), $"{ends} of each {rows}, ascending");
        if (_weighted)
            arrays[$"{side}_weights"] = NpyWriter<float>.WriteAll(Path.Combine(_folder, $"{side}_weights.npy"), links.Select(l => (float)l.Weight).ToArray(), $"weight of each link of {side}_links");
    }
}
