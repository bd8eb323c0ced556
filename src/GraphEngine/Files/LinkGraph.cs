namespace Backlinks.GraphEngine;

/// <summary>
/// A directed link graph in compressed sparse rows, both directions, over memory-mapped <c>.npy</c> files in one folder:
/// <code>
/// out_offsets  &lt;i8  n+1   row u of out_links is [out_offsets[u], out_offsets[u+1]); first 0, last m
/// out_links    &lt;u4  m     targets of u, ascending, distinct
/// in_offsets   &lt;i8  n+1   the same by target
/// in_links     &lt;u4  m     sources of v, ascending, distinct
/// out_weights  &lt;f4  m     optional: weight of each link, finite, ≥ 0; duplicates summed. in_weights likewise
/// lost_weights &lt;f8  n     optional, weighted graphs: weight of each node's links that goes nowhere, ≥ 0: what rel=nofollow and
///                         the like keep from their targets without giving it to the others
/// out_counts   &lt;u4  m     optional: how many times each link was observed; absent where each was seen once
/// names, name_blocks       optional: see <see cref="NodeNames"/>
/// rank_*                   optional: the layout the rank kernels prefer, see <see cref="RankLayout"/>
/// </code>
/// <c>graph.json</c> (<see cref="GraphManifest"/>) names them with shapes, meanings and checksums, <c>graph.seal</c>
/// remembers the sizes and times at which the checksums were last found right: opening a sealed graph costs
/// milliseconds at any size; a graph whose files changed since is checked in full, and refused with path and offset if
/// they do not match. Immutable, so safe for any number of readers.
/// </summary>
public sealed unsafe class LinkGraph : IDisposable
{
    internal const string LostName = "lost_weights";

    private readonly List<IDisposable> _open = [];

    private LinkGraph(string folder, GraphManifest manifest)
    {
        Folder = folder;
        Manifest = manifest;
        NodeCount = manifest.Nodes;
        LinkCount = manifest.Links;
        OutOffsets = Map<long>("out_offsets");
        OutLinks = Map<uint>("out_links");
        InOffsets = Map<long>("in_offsets");
        InLinks = Map<uint>("in_links");
        OutWeights = MapIfPresent<float>("out_weights");
        InWeights = MapIfPresent<float>("in_weights");
        OutCounts = MapIfPresent<uint>("out_counts");
        LostWeights = MapIfPresent<double>(LostName);
        Names = new NodeNames(NodeCount, MapIfPresent<byte>("names"), MapIfPresent<long>("name_blocks"));
        RequireLength(OutOffsets, NodeCount + 1L);
        RequireLength(InOffsets, NodeCount + 1L);
        RequireLength(OutLinks, LinkCount);
        RequireLength(InLinks, LinkCount);
        foreach (MappedArray<float>? weights in new[] { OutWeights, InWeights })
            if (weights is not null)
                RequireLength(weights, LinkCount);
        if (LostWeights is not null)
            RequireLength(LostWeights, NodeCount);
        if (OutCounts is not null)
            RequireLength(OutCounts, LinkCount);
        if (Names.Blocks is not null)
            RequireLength(Names.Blocks, (NodeCount + (long)NodeNames.BlockSize - 1) / NodeNames.BlockSize + 1);
        if (OutWeights is null != InWeights is null || Names.Blocks is null == Names.Stored)
            throw Refuse(Path.Combine(folder, GraphManifest.FileName), -1, "lists only one array of a pair: weights out and in, or names and their blocks");
        foreach (MappedArray<long> offsets in new[] { OutOffsets, InOffsets })
            if (offsets[0] != 0 || offsets[NodeCount] != LinkCount)
                throw Refuse(offsets.Path, offsets.Header.DataOffset + (offsets[0] != 0 ? 0 : 8L * NodeCount), $"row offsets must run from 0 to {LinkCount}");
    }

    public string Folder { get; }

    public GraphManifest Manifest { get; }

    /// <summary>n.</summary>
    public int NodeCount { get; }

    /// <summary>m, distinct links.</summary>
    public long LinkCount { get; }

    public MappedArray<long> OutOffsets { get; }

    public MappedArray<uint> OutLinks { get; }

    public MappedArray<long> InOffsets { get; }

    public MappedArray<uint> InLinks { get; }

    /// <summary>Null where every link weighs 1.</summary>
    public MappedArray<float>? OutWeights { get; }

    /// <summary>Null where every link weighs 1.</summary>
    public MappedArray<float>? InWeights { get; }

    /// <summary>Null where each link was observed once.</summary>
    public MappedArray<uint>? OutCounts { get; }

    /// <summary>Weight of each node's links that evaporates: it is in the denominator of every share and goes nowhere. Null where none does.</summary>
    public MappedArray<double>? LostWeights { get; }

    public NodeNames Names { get; }

    public long OutDegree(int node) => OutOffsets[node + 1L] - OutOffsets[node];

    public long InDegree(int node) => InOffsets[node + 1L] - InOffsets[node];

    /// <summary>Targets of a node, ascending.</summary>
    public ReadOnlySpan<uint> OutOf(int node) => OutLinks.Slice(OutOffsets[node], checked((int)OutDegree(node)));

    /// <summary>Sources that link to a node, ascending.</summary>
    public ReadOnlySpan<uint> InOf(int node) => InLinks.Slice(InOffsets[node], checked((int)InDegree(node)));

    /// <summary>Weight of the link at <paramref name="position"/> in <see cref="OutLinks"/>.</summary>
    public float OutWeight(long position) => OutWeights is null ? 1 : OutWeights[position];

    /// <summary>W(u): what a link's weight is divided by to get its share; the sum of a node's out-weights and of what it loses.
    /// 0 for a node that links to nothing.</summary>
    public double OutTotal(int node)
    {
        double sum = 0;
        if (OutWeights is null)
            return OutDegree(node);
        foreach (float weight in OutWeights.Slice(OutOffsets[node], checked((int)OutDegree(node))))
            sum += weight;
        return sum + (LostWeights is null ? 0 : LostWeights[node]);
    }

    /// <summary>Opens the graph in <paramref name="folder"/>.</summary>
    /// <exception cref="GraphException">Missing, truncated, altered or of a newer version.</exception>
    public static LinkGraph Open(string folder, CancellationToken cancel = default)
    {
        GraphManifest manifest = GraphManifest.Read(folder);
        if (!GraphSeal.Holds(folder, manifest))
        {
            Verify(folder, manifest, cancel);
            GraphSeal.TryWrite(folder, manifest);
        }
        return Map(folder, manifest);
    }

    /// <summary>Checks every byte of every array against <c>graph.json</c>, that every row is ascending and in range, and
    /// that weights are finite and at least 0.</summary>
    /// <exception cref="GraphException">With path and offset of the first fault.</exception>
    public static void Verify(string folder, CancellationToken cancel = default) =>
        Verify(folder, GraphManifest.Read(folder), cancel);

    /// <summary>The array <paramref name="name"/> of the manifest, mapped, or null; it lives as long as the graph.</summary>
    public MappedArray<T>? MapIfPresent<T>(string name) where T : unmanaged =>
        Manifest.Arrays.ContainsKey(name) ? Map<T>(name) : null;

    /// <summary>Takes all arrays out of this process's resident memory: for a graph of which little is read from here on. What is read again is
    /// mapped again.</summary>
    public void Forget()
    {
        foreach (IMapped array in _open.OfType<IMapped>())
            array.Forget();
    }

    public void Dispose()
    {
        foreach (IDisposable array in _open)
            array.Dispose();
        _open.Clear();
    }

    internal static LinkGraph Map(string folder, GraphManifest manifest) => new(folder, manifest);

    private MappedArray<T> Map<T>(string name) where T : unmanaged
    {
        try
        {
            if (!Manifest.Arrays.TryGetValue(name, out ArrayEntry? entry))
                throw new GraphException(Path.Combine(Folder, GraphManifest.FileName), -1, $"names no array '{name}': import the graph again");
            if (Path.GetFileName(entry.File) != entry.File)
                throw new GraphException(Path.Combine(Folder, GraphManifest.FileName), -1, $"array '{name}' names a file outside its folder");
            MappedArray<T> array = MappedArray<T>.Open(Path.Combine(Folder, entry.File));
            _open.Add(array);
            if (!array.Header.Shape.AsSpan().SequenceEqual(entry.Shape))
                throw new GraphException(array.Path, 10, $"has another shape than {GraphManifest.FileName} says: import the graph again");
            return array;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private void RequireLength<T>(MappedArray<T> array, long length) where T : unmanaged
    {
        if (array.Length != length)
            throw Refuse(array.Path, 10, $"has {array.Length} elements where the graph needs {length}");
    }

    private GraphException Refuse(string path, long offset, string problem)
    {
        Dispose();
        return new GraphException(path, offset, $"{problem}: import the graph again");
    }

    private static void Verify(string folder, GraphManifest manifest, CancellationToken cancel)
    {
        foreach ((string name, ArrayEntry entry) in manifest.Arrays)
            entry.Verify(folder, name, GraphManifest.FileName, "import the graph again", cancel);
        using LinkGraph graph = Map(folder, manifest);
        VerifyRows(graph.OutOffsets, graph.OutLinks, graph.NodeCount, cancel);
        VerifyRows(graph.InOffsets, graph.InLinks, graph.NodeCount, cancel);
        RankLayout.Verify(graph, cancel);
        VerifyWeights(graph.OutWeights, cancel);
        VerifyWeights(graph.InWeights, cancel);
        if (graph.LostWeights is { } lost)
            for (int node = 0; node < lost.Length; node++)
                if (!(lost[node] >= 0 && lost[node] < double.PositiveInfinity))
                    throw new GraphException(lost.Path, lost.Header.DataOffset + 8L * node, $"node {node} loses the weight {lost[node]}, which is not finite and at least 0: import the graph again");
    }

    private static void VerifyRows(MappedArray<long> offsets, MappedArray<uint> links, int nodes, CancellationToken cancel)
    {
        long start = 0;
        for (int node = 0; node < nodes; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            long end = offsets.Pointer[node + 1L];
            if (end < start || end > links.Length)
                throw new GraphException(offsets.Path, offsets.Header.DataOffset + 8 * (node + 1L), $"row offset {end} is out of order or range: import the graph again");
            long last = -1;
            for (long i = start; i < end; i++)
            {
                uint link = links.Pointer[i];
                if (link <= last || link >= (uint)nodes)
                    throw new GraphException(links.Path, links.Header.DataOffset + 4 * i, link >= (uint)nodes
                        ? $"a link names node {link} of {nodes}: import the graph again"
                        : $"the links of node {node} are not in ascending order: import the graph again");
                last = link;
            }
            start = end;
        }
    }

    private static void VerifyWeights(MappedArray<float>? weights, CancellationToken cancel)
    {
        for (long i = 0; i < weights?.Length; i++)
        {
            if ((i & 0xFFFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (!(weights.Pointer[i] >= 0 && weights.Pointer[i] <= float.MaxValue))
                throw new GraphException(weights.Path, weights.Header.DataOffset + 4 * i, $"a link has the weight {weights.Pointer[i]}, which is not finite and at least 0: import the graph again");
        }
    }
}
