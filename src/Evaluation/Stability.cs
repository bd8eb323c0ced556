using Backlinks.GraphEngine;

namespace Backlinks.Evaluation;

/// <summary>How to test whether scores hold.</summary>
public sealed record StabilityOptions
{
    /// <summary>Share of the links to take away, above 0, below 1. Default .01: what two crawls of one site differ by at the least.</summary>
    public double LostShare { get; init; } = .01;

    /// <summary>Seeds, at least 1.</summary>
    public int Seeds { get; init; } = 10;

    public ulong FirstSeed { get; init; } = 1;

    /// <summary>Nodes with fewer referring nodes, themselves not counted, are left out. Default 5: below, one link is a fifth of what is known.</summary>
    public int LeastReferring { get; init; } = 5;
}

/// <summary>What one loss of links did to the scores of the nodes looked at.</summary>
/// <param name="Lost">Links taken away.</param>
/// <param name="Nodes">Nodes looked at.</param>
/// <param name="Median">Of |Δscore|, points, as the others.</param>
/// <param name="OwnLossRank">Spearman correlation of |Δscore| with the share of its raw value that a node got over lost links:
/// 1 would mean that only its own links move a score.</param>
public readonly record struct StabilityRound(ulong Seed, long Lost, int Nodes, double Median, double Upper90, double Upper99, double Most, double OwnLossRank);

/// <summary>All rounds, and their means.</summary>
public sealed record StabilityResult(IReadOnlyList<StabilityRound> Rounds, Estimate Median, Estimate Upper99);

/// <summary>
/// Do scores hold when some links are not seen? Every link is lost independently with the same probability, authority is computed
/// anew, and |Δscore| is taken over the nodes with enough referring nodes. A source that loses a link gives its share to the others,
/// as if the link had been removed; weight that evaporates stays. Cost: a graph written and solved for each seed; the
/// lost links depend on the seed and the order of links alone.
/// </summary>
public static class Stability
{
    /// <param name="authority">Raw authority of a graph, given that of the whole graph as a start, or null for the whole graph itself.</param>
    /// <param name="score">From raw authority to points.</param>
    /// <param name="work">An existing folder for the graphs made; they are removed again.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static StabilityResult Measure(LinkGraph graph, Func<LinkGraph, double[]?, double[]> authority, Func<double, double> score, string work,
        StabilityOptions? options = null, CancellationToken cancel = default)
    {
        StabilityOptions o = options ?? new();
        if (!(o.LostShare > 0 && o.LostShare < 1))
            throw new ArgumentOutOfRangeException(nameof(options), o.LostShare, "the share of links to lose must be above 0 and below 1");
        if (o.Seeds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), o.Seeds, "seeds must be at least 1");
        if (o.LeastReferring < 0)
            throw new ArgumentOutOfRangeException(nameof(options), o.LeastReferring, "the least number of referring nodes must be at least 0");
        double[] whole = authority(graph, null);
        int[] nodes = [.. Enumerable.Range(0, graph.NodeCount).Where(v => graph.InDegree(v) - (graph.InOf(v).Contains((uint)v) ? 1 : 0) >= o.LeastReferring)];
        if (nodes.Length == 0)
            throw new ArgumentException($"no node has {o.LeastReferring} referring nodes: there is nothing to look at", nameof(graph));
        var rounds = new List<StabilityRound>();
        for (int i = 0; i < o.Seeds; i++)
        {
            cancel.ThrowIfCancellationRequested();
            string folder = Directory.CreateDirectory(Path.Combine(work, $"less-{i}")).FullName;
            try
            {
                rounds.Add(Round(graph, whole, nodes, authority, score, folder, o.LostShare, o.FirstSeed + (ulong)i, cancel));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        return new StabilityResult(rounds, Estimate.Of([.. rounds.Select(r => r.Median)]), Estimate.Of([.. rounds.Select(r => r.Upper99)]));
    }

    private static StabilityRound Round(LinkGraph graph, double[] whole, int[] nodes, Func<LinkGraph, double[]?, double[]> authority, Func<double, double> score,
        string folder, double share, ulong seed, CancellationToken cancel)
    {
        double[] ownLoss = new double[graph.NodeCount]; // of z(v), what came over lost links
        long lost = Thin(graph, whole, ownLoss, folder, share, seed, cancel);
        using LinkGraph less = LinkGraph.Open(folder, cancel);
        double[] after = authority(less, whole);
        double[] moved = [.. nodes.Select(v => Math.Abs(score(after[v]) - score(whole[v])))];
        double rank = Measures.Spearman(moved, [.. nodes.Select(v => ownLoss[v] / whole[v])]);
        Array.Sort(moved);
        return new StabilityRound(seed, lost, nodes.Length, Bootstrap.Quantile(moved, .5), Bootstrap.Quantile(moved, .9), Bootstrap.Quantile(moved, .99), moved[^1], rank);
    }

    /// <summary>Builds the graph without the links that the seed takes away.</summary>
    private static long Thin(LinkGraph graph, double[] whole, double[] ownLoss, string folder, double share, ulong seed, CancellationToken cancel)
    {
        const double damping = .85; // only to weigh what was lost against the rest
        var random = new SeededRandom(seed);
        using var builder = new GraphBuilder(folder, new GraphBuilderOptions { Granularity = graph.Manifest.Granularity, Source = new GraphSource("thinned", $"{share}-{seed}") });
        uint[] links = [];
        float[] weights = [];
        long lost = 0;
        for (int u = 0; u < graph.NodeCount; u++)
        {
            if ((u & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            ReadOnlySpan<uint> row = graph.OutOf(u);
            if (row.IsEmpty)
                continue;
            if (links.Length < row.Length)
                (links, weights) = (new uint[row.Length * 2], new float[row.Length * 2]);
            int kept = 0;
            double total = graph.OutTotal(u);
            for (int k = 0; k < row.Length; k++)
            {
                float weight = graph.OutWeight(graph.OutOffsets[u] + k);
                if (random.Unit() < share)
                {
                    ownLoss[row[k]] += damping * weight / total * whole[u];
                    lost++;
                }
                else
                    (links[kept], weights[kept++]) = (row[k], weight);
            }
            builder.AddRow((uint)u, links.AsSpan(0, kept), graph.OutWeights is null ? default : weights.AsSpan(0, kept));
        }
        if (graph.LostWeights is { } evaporated)
            builder.AddLostWeights(evaporated.Slice(0, graph.NodeCount));
        builder.Build(graph.NodeCount, cancel: cancel);
        return lost;
    }
}
