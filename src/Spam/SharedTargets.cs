using Backlinks.GraphEngine;
using MathNet.Numerics.Distributions;

namespace Backlinks.Spam;

/// <summary>
/// Boosters that link to the same rare places, and targets that live on the same supporters.
/// <list type="number">
/// <item>Shared rare targets: B·Bᵀ restricted to columns of 2 to <see cref="RareDegree"/> in-links (<see cref="SharedColumns"/>,
/// Gustavson 1978). A pair that shares c of them is told where a Poisson variable of mean λ = Σ over the shared
/// columns (deg−1)/rows, the number that chance would give these two, reaches c with probability below
/// <see cref="Surprise"/>.</item>
/// <item>Overlap of supporters: Bᵀ·B restricted to boosted targets and narrow sources. A pair of targets with c common
/// supporters is told where c ≥ <see cref="SpamOptions.OverlapSupporters"/> and Jaccard c/(a+b−c) ≥
/// <see cref="SpamOptions.Overlap"/>: it finds bipartite farms and blog networks with several customers.</item>
/// </list>
/// The columns are rare by construction, so the exact product is near-linear and MinHash is not needed: cost
/// Σ degree² over columns of degree ≤ 32 and 64.
/// </summary>
internal static class SharedTargets
{
    /// <summary>A place that more link to is no secret.</summary>
    private const int RareDegree = 32;

    /// <summary>One in a million pairs: graphs have millions of pairs that share anything.</summary>
    private const double Surprise = 1e-6;

    public static void AddTies(Surroundings at, bool[] boosted, EvidenceList ties, CancellationToken cancel)
    {
        int rows = Math.Max(1, at.Booster.Count(b => b));
        SharedColumns.ForEach(at.Graph, new SharedColumnsOptions
        {
            Rows = at.Booster,
            MaxDegree = RareDegree,
            MinCount = 3,
            ColumnWeights = Chances(at, rows),
            Threads = at.Options.Threads,
        }, pairs =>
        {
            foreach (SharedPair pair in pairs)
                if (at.Group[pair.First] != at.Group[pair.Second] && pair.Count > pair.Weight && 1 - Poisson.CDF(pair.Weight, pair.Count - 1) < Surprise)
                    ties.Add(pair.First, pair.Second, EvidenceKind.SharedTargets, 1);
        }, null, cancel);
        SharedColumns.ForEach(at.Graph, new SharedColumnsOptions
        {
            Reversed = true,
            Rows = boosted,
            Columns = at.Booster,
            MaxDegree = 64,
            MinCount = at.Options.OverlapSupporters,
            Threads = at.Options.Threads,
        }, pairs =>
        {
            foreach (SharedPair pair in pairs)
                if (at.Group[pair.First] != at.Group[pair.Second] && Jaccard(at.Graph, pair) >= at.Options.Overlap)
                    ties.Add(pair.First, pair.Second, EvidenceKind.Overlap, 1);
        }, null, cancel);
    }

    private static double Jaccard(LinkGraph graph, SharedPair pair) =>
        pair.Count / (double)(graph.InDegree(pair.First) + graph.InDegree(pair.Second) - pair.Count);

    /// <summary>Chance that one more row links to a column. Summed over the columns two rows share, it stays far below their
    /// number wherever columns are rare.</summary>
    private static double[] Chances(Surroundings at, int rows)
    {
        double[] chance = new double[at.Graph.NodeCount];
        for (int node = 0; node < chance.Length; node++)
            chance[node] = Math.Max(0, at.Graph.InDegree(node) - 1) / (double)rows;
        return chance;
    }
}
