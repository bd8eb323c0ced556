namespace Backlinks.GraphEngine;

/// <summary>
/// The same graph with some links weighing less: what is taken from a link evaporates, it does not go to its neighbours.
/// <code>w'(u,v) = f(u,v)·w(u,v)        lost'(u) = lost(u) + Σ (w − w')        0 ≤ f ≤ 1</code>
/// A link keeps its place even at weight 0. <c>undiscounted_weights</c> (f4, m, aligned with out_links) says what each weighed
/// before; all other arrays beside the links are taken over as they are.
/// <para>Who links to whom stays, and with it the order of rank rows: of a weighted graph that knows what it loses only the arrays of weights
/// are written, as they are but for the links that weigh less; every other file is taken. Any other graph is built anew. The bytes are
/// the same. Cost: one call a link of the nodes asked for, 12 bytes a link and 8 a node of memory; or the builder's.</para>
/// </summary>
public static class ReweighedGraph
{
    /// <summary>Name of the array of weights as they were.</summary>
    public const string UndiscountedName = "undiscounted_weights";

    private static readonly string[] Made =
    [
        "out_offsets", "out_links", "in_offsets", "in_links", "out_weights", "in_weights", "out_counts", "names", "name_blocks", LinkGraph.LostName, UndiscountedName,
    ];

    /// <summary>Builds it in <paramref name="folder"/>, existing and empty.</summary>
    /// <param name="factor">f of the link from the first node to the second, 0 to 1; called once for each link, in order.</param>
    /// <param name="sources">False for a node none of whose links weigh less, which is then not asked further; null to ask all.</param>
    /// <param name="takeFiles">Files of other arrays are moved, not copied: for a graph that is given up.</param>
    /// <exception cref="GraphException">The disk is full, for one.</exception>
    public static GraphManifest Build(LinkGraph graph, string folder, Func<int, int, double> factor, GraphBuilderOptions? options = null,
        Func<int, bool>? sources = null, bool takeFiles = false, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(factor);
        if (options?.RankShape is null && graph.LostWeights is not null && graph.InWeights is not null && graph.Manifest.Arrays.ContainsKey("rank_lost"))
            return new ReweighedFiles(graph, folder, takeFiles, cancel).Write(factor, sources);
        options = (options ?? new GraphBuilderOptions()) with { Granularity = graph.Manifest.Granularity, Source = graph.Manifest.Source };
        double[] lost = new double[graph.NodeCount];
        using GraphBuilder builder = new(folder, options);
        using NodeNamesWriter? names = graph.Names.Stored ? new NodeNamesWriter(folder) : null;
        using (NpyWriter<float> before = new(Path.Combine(folder, $"{UndiscountedName}.npy"), graph.LinkCount))
        {
            for (int node = 0; node < graph.NodeCount; node++)
            {
                if ((node & 0xFFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
                lost[node] = graph.LostWeights?[node] ?? 0;
                ReadOnlySpan<uint> targets = graph.OutOf(node);
                if (targets.IsEmpty)
                    continue;
                float[] old = new float[targets.Length], weights = new float[targets.Length];
                for (int i = 0; i < weights.Length; i++)
                {
                    old[i] = graph.OutWeight(graph.OutOffsets[node] + i);
                    weights[i] = (float)(Factor(factor, node, targets[i]) * old[i]);
                    lost[node] += (double)old[i] - weights[i];
                }
                builder.AddRow((uint)node, targets, weights);
                before.Write(old);
            }
            builder.AddFile(UndiscountedName, before.Finish("weight of each of out_links before discounts"));
        }
        builder.AddLostWeights(lost);
        foreach ((string name, ArrayEntry entry) in graph.Manifest.Arrays)
            if (!IsMade(name))
            {
                Take(Path.Combine(graph.Folder, entry.File), Path.Combine(folder, entry.File), takeFiles);
                builder.AddFile(name, entry);
            }
        if (names is not null)
            foreach (ReadOnlySpan<byte> key in graph.Names.EnumerateKeys())
                names.Add(key);
        return builder.Build(graph.NodeCount, names, progress, cancel);
    }

    /// <summary>Whether an array says who links to whom with which weight, and so is made anew.</summary>
    internal static bool IsMade(string name) => Made.Contains(name) || name.StartsWith("rank_", StringComparison.Ordinal);

    internal static double Factor(Func<int, int, double> factor, int source, uint target) => factor(source, (int)target) is >= 0 and <= 1 and double f ? f
        : throw new ArgumentOutOfRangeException(nameof(factor), factor(source, (int)target), $"the factor of link {source} → {target} must be 0 to 1");

    internal static void Take(string from, string to, bool move)
    {
        if (move)
            try
            {
                File.Move(from, to);
                return;
            }
            catch (IOException) when (File.Exists(from))
            {
                // Some systems do not move a file that is mapped; a copy does as well.
            }
        File.Copy(from, to);
    }
}
