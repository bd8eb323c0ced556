namespace Backlinks.GraphEngine;

/// <summary>Where the walk goes from a node without outgoing weight.</summary>
public enum DanglingPolicy
{
    /// <summary>To the teleport vector (strongly preferential; LAW, Common Crawl). The default.</summary>
    Teleport,

    /// <summary>To any node with equal probability, whatever the teleport vector (weakly preferential; NetworkX's option).</summary>
    Uniform,

    /// <summary>Nowhere: it stays, as if the node linked to itself (sink preferential).</summary>
    Sink,
}

/// <summary>How to rank.</summary>
public sealed record PageRankOptions
{
    /// <summary>d: probability of following a link; 0 ≤ d &lt; 1. Default .85, everyone's convention since 1998.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Certified bound on ‖x−x*‖₁ at which to stop; > 0. Default 1e-9: a top-1000 score then has 5 digits.</summary>
    public double Tolerance { get; init; } = 1e-9;

    /// <summary>Rounds after which to stop unconverged; ≥ 1.</summary>
    public int MaxRounds { get; init; } = 1000;

    public DanglingPolicy Dangling { get; init; } = DanglingPolicy.Teleport;

    /// <summary>Use link weights where the graph has them. Default true.</summary>
    public bool Weighted { get; init; } = true;

    /// <summary>Teleport weights by node (any positive scale), or null for uniform. Nodes not named get 0.</summary>
    public IReadOnlyDictionary<int, double>? Teleport { get; init; }

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>One round of a ranking.</summary>
/// <param name="Round">From 1.</param>
/// <param name="Residual">L1 change of the round, relative to the sum of scores.</param>
/// <param name="Bound">Estimated, or at certifying rounds certified, bound on the L1 error.</param>
/// <param name="Certified">Whether <see cref="Bound"/> is proven.</param>
public readonly record struct RankRound(int Round, double Residual, double Bound, bool Certified);

/// <summary>A ranking.</summary>
public sealed record PageRankResult
{
    /// <summary>x: n scores, ≥ 0, sum 1.</summary>
    public required double[] Scores { get; init; }

    /// <summary>Passes over the links.</summary>
    public required int Rounds { get; init; }

    /// <summary>‖Gx−x‖₁ of the published scores' predecessor, computed in double precision.</summary>
    public required double Residual { get; init; }

    /// <summary>Certified: ‖x−x*‖₁ is at most this, rounding included.</summary>
    public required double ErrorBound { get; init; }

    /// <summary>Whether <see cref="ErrorBound"/> ≤ the tolerance asked for.</summary>
    public required bool Converged { get; init; }

    /// <summary>Share of the score held by nodes without outgoing weight, 0 to 1.</summary>
    public required double DanglingMass { get; init; }

    public required IReadOnlyList<RankRound> Trace { get; init; }
}

/// <summary>STUB</summary>
public static class PageRank
{
    public static PageRankResult Compute(LinkGraph graph, PageRankOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => throw new NotImplementedException();

    /// <summary>K rankings at once, one for each teleport vector.</summary>
    public static PageRankResult[] ComputeMany(LinkGraph graph, IReadOnlyList<IReadOnlyDictionary<int, double>?> teleports, PageRankOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => throw new NotImplementedException();
}
