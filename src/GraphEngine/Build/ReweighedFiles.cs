namespace Backlinks.GraphEngine;

/// <summary>A <see cref="ReweighedGraph"/> made of the files of the graph before: all but those that hold weights are taken over.</summary>
internal sealed class ReweighedFiles(LinkGraph graph, string folder, bool takeFiles, CancellationToken cancel)
{
    private readonly record struct Change(int Source, int Target, float Weight);

    private static readonly string[] Weighed = ["out_weights", "in_weights", "rank_linkw", "rank_selfw", "rank_weight", "rank_lost", LinkGraph.LostName, ReweighedGraph.UndiscountedName];

    private readonly SortedDictionary<string, ArrayEntry> _arrays = new(StringComparer.Ordinal);

    public GraphManifest Write(Func<int, int, double> factor, Func<int, bool>? sources)
    {
        double[] lost = Copy(graph.LostWeights!);
        float[] outWeights = Copy(graph.OutWeights!);
        List<Change> changes = Changes(factor, sources, outWeights, lost);
        RankLayout layout = RankLayout.Open(graph);
        (int[] rowOf, float[] linkWeights, float[] selfWeights) = (RowsOf(layout, changes), Copy(layout.LinkWeights!), Copy(layout.SelfWeights!));
        float[] inWeights = Copy(graph.InWeights!);
        double[] rankWeights = Copy(layout.OutWeights!), rankLost = Copy(layout.LostShares!);
        int last = -1;
        foreach ((int source, int target, float weight) in changes)
        {
            int place = graph.InOf(target).BinarySearch((uint)source), self = graph.InOf(target).BinarySearch((uint)target), row = rowOf[target];
            inWeights[graph.InOffsets[target] + place] = weight;
            if (source == target)
                selfWeights[layout.SelfRows.Slice(0, (int)layout.SelfRows.Length).BinarySearch((uint)row)] = weight;
            else
                linkWeights[FirstLink(layout, row) + place - (self >= 0 && self < place ? 1 : 0)] = weight;
            if (source == last)
                continue;
            last = source;
            double sum = 0;
            for (long i = graph.OutOffsets[source]; i < graph.OutOffsets[source + 1L]; i++)
                sum += outWeights[i];
            rankWeights[rowOf[source]] = sum += lost[source];
            rankLost[rowOf[source]] = sum > 0 ? lost[source] / sum : 0;
        }
        foreach ((string name, ArrayEntry entry) in graph.Manifest.Arrays)
            if (!Weighed.Contains(name) && name != "out_counts")
            {
                ReweighedGraph.Take(Path.Combine(graph.Folder, entry.File), Path.Combine(folder, entry.File), takeFiles);
                _arrays.Add(name, entry);
            }
        ArrayEntry before = graph.Manifest.Arrays["out_weights"], undiscounted = before with { File = $"{ReweighedGraph.UndiscountedName}.npy", Meaning = "weight of each of out_links before discounts" };
        ReweighedGraph.Take(Path.Combine(graph.Folder, before.File), Path.Combine(folder, undiscounted.File), takeFiles);
        _arrays.Add(ReweighedGraph.UndiscountedName, undiscounted);
        Add("out_weights", outWeights);
        Add("in_weights", inWeights);
        Add("rank_linkw", linkWeights);
        Add("rank_selfw", selfWeights);
        Add("rank_weight", rankWeights);
        Add("rank_lost", rankLost);
        Add(LinkGraph.LostName, lost);
        var manifest = new GraphManifest
        {
            Nodes = graph.NodeCount,
            Links = graph.LinkCount,
            Observed = graph.LinkCount,
            Granularity = graph.Manifest.Granularity,
            Source = graph.Manifest.Source,
            Arrays = _arrays,
        };
        manifest.Write(folder);
        GraphSeal.TryWrite(folder, manifest);
        return manifest;
    }

    /// <summary>The links that weigh less, by source and target; their weights and what is lost are entered.</summary>
    private List<Change> Changes(Func<int, int, double> factor, Func<int, bool>? sources, float[] outWeights, double[] lost)
    {
        var changes = new List<Change>();
        for (int node = 0; node < graph.NodeCount; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (sources?.Invoke(node) == false)
                continue;
            long at = graph.OutOffsets[node];
            foreach (uint target in graph.OutOf(node))
            {
                float old = outWeights[at], weight = (float)(ReweighedGraph.Factor(factor, node, target) * old);
                if (weight != old)
                {
                    outWeights[at] = weight;
                    lost[node] += (double)old - weight;
                    changes.Add(new Change(node, (int)target, weight));
                }
                at++;
            }
        }
        return changes;
    }

    /// <summary>Rank rows of the nodes that changes name; of others nothing.</summary>
    private int[] RowsOf(RankLayout layout, List<Change> changes)
    {
        int[] rows = new int[graph.NodeCount];
        if (changes.Count > 0)
            for (int row = 0; row < rows.Length; row++)
                rows[layout.RowNodes[row]] = row;
        return rows;
    }

    /// <summary>Where the links of a rank row begin.</summary>
    private static long FirstLink(RankLayout layout, int row)
    {
        for (int hub = 0; hub < layout.HubCount; hub++)
            if (layout.Hubs[3 * hub] == row)
                return layout.Hubs[3 * hub + 2];
        long low = 0, high = layout.Runs.Length / 3 - 1; // the last run that begins at or before the row: empty ones stand before
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            (low, high) = layout.Runs[3 * middle] <= row ? (middle, high) : (low, middle - 1);
        }
        return layout.Runs[3 * low + 2] + (row - layout.Runs[3 * low]) * layout.Runs[3 * low + 1];
    }

    private static T[] Copy<T>(MappedArray<T> array) where T : unmanaged => array.Slice(0, checked((int)array.Length)).ToArray();

    private void Add<T>(string name, T[] values) where T : unmanaged
    {
        cancel.ThrowIfCancellationRequested();
        _arrays.Add(name, NpyWriter<T>.WriteAll(Path.Combine(folder, $"{name}.npy"), values, graph.Manifest.Arrays[name].Meaning));
    }
}
