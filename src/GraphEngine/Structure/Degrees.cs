namespace Backlinks.GraphEngine;

/// <summary>How many nodes have how many links in one direction.</summary>
/// <param name="Degree">The degrees that occur, ascending.</param>
/// <param name="Nodes">Nodes of each of them.</param>
public sealed record DegreeDistribution(IReadOnlyList<long> Degree, IReadOnlyList<long> Nodes)
{
    /// <summary>The greatest degree; 0 for a graph without nodes.</summary>
    public long Max => Degree.Count > 0 ? Degree[^1] : 0;

    /// <summary>Nodes without links in this direction.</summary>
    public long Zero => Degree.Count > 0 && Degree[0] == 0 ? Nodes[0] : 0;
}

/// <summary>The degrees of a graph. Self-links count in both directions.</summary>
public sealed record DegreeResult
{
    public required DegreeDistribution In { get; init; }

    public required DegreeDistribution Out { get; init; }

    /// <summary>The node with the most in-links, the smallest of equals; -1 for a graph without nodes.</summary>
    public required int MaxInNode { get; init; }

    /// <summary>The node with the most out-links, the smallest of equals; -1 for a graph without nodes.</summary>
    public required int MaxOutNode { get; init; }

    /// <summary>Nodes without out-links.</summary>
    public long Dangling => Out.Zero;

    /// <summary>Nodes without in-links.</summary>
    public long WithoutInLinks => In.Zero;

    /// <summary>Nodes without links in either direction.</summary>
    public required long Isolated { get; init; }

    /// <summary>Links from a node to itself.</summary>
    public required long SelfLinks { get; init; }

    /// <summary>m/n; 0 for a graph without nodes.</summary>
    public required double Average { get; init; }
}

/// <summary>
/// In- and out-degree distributions, maxima, dangling and unlinked nodes, self-links.
/// <para>Cost: O(n) over the offsets, and a binary search in each out-row for self-links; memory for the degrees that
/// occur, at most √(2m) in each direction. Repeatable: counts.</para>
/// </summary>
public static class Degrees
{
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static DegreeResult Compute(LinkGraph graph, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int n = graph.NodeCount;
        var ins = new Dictionary<long, long>();
        var outs = new Dictionary<long, long>();
        int maxIn = -1, maxOut = -1;
        long isolated = 0, selfLinks = 0;
        for (int v = 0; v < n; v++)
        {
            if ((v & 0xFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("degrees", v, n, "nodes"));
            }
            long inDegree = graph.InDegree(v), outDegree = graph.OutDegree(v);
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(ins, inDegree, out _)++;
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(outs, outDegree, out _)++;
            if (maxIn < 0 || inDegree > graph.InDegree(maxIn))
                maxIn = v;
            if (maxOut < 0 || outDegree > graph.OutDegree(maxOut))
                maxOut = v;
            if (inDegree == 0 && outDegree == 0)
                isolated++;
            if (graph.OutOf(v).BinarySearch((uint)v) >= 0)
                selfLinks++;
        }
        return new DegreeResult
        {
            In = Sorted(ins),
            Out = Sorted(outs),
            MaxInNode = maxIn,
            MaxOutNode = maxOut,
            Isolated = isolated,
            SelfLinks = selfLinks,
            Average = n == 0 ? 0 : (double)graph.LinkCount / n,
        };
    }

    private static DegreeDistribution Sorted(Dictionary<long, long> counts)
    {
        long[] degrees = [.. counts.Keys.Order()];
        return new DegreeDistribution(degrees, [.. degrees.Select(d => counts[d])]);
    }
}
