namespace Backlinks.GraphEngine;

/// <summary>
/// Harmonic centrality H(v) = Σ_{u≠v} 1/dist(u,v), estimated for all nodes at once:
/// B(v,0) = {v}, B(v,t) = B(v,t−1) ∪ ⋃_{u→v} B(u,t−1), H(v) = Σ_t (|B(v,t)| − |B(v,t−1)|)/t,
/// each ball B kept as a HyperLogLog counter of 2^b registers, for which union is the maximum register by register.
/// <para>Source: P. Boldi and S. Vigna, "In-core computation of geometric centralities with HyperBall", ICDM workshops
/// 2013. Size of a counter: O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (2017), the improved
/// raw estimator: without the seam that HyperLogLog has where linear counting ends, so that sizes never shrink from
/// round to round.</para>
/// <para>Variant: registers are bytes, for the vector unit's maximum (5-bit registers as in LAW's code would take 5/8 of
/// the memory and several times the instructions). A ball takes in only those predecessors that changed in the round
/// before, the others being contained already; once few changed, only their successors are looked at. |B(v,1)| − 1 is
/// not estimated: it is the in-degree.</para>
/// <para>Input: any graph; weights are ignored. Cost: each round, links from changed nodes × 2^b bytes of maximum; private
/// memory 2·2^b + 27 bytes a node, nothing for links. Relative standard error of a counter ≤ 1.06/√2^b.</para>
/// <para>Repeatable: hashes depend on node number and seed; maxima are exact; sums run in node order. The number of
/// threads cannot change a bit.</para>
/// </summary>
public static class HyperBall
{
    public const int LeastLog2Registers = 4;
    public const int MostLog2Registers = 14;

    /// <summary>1.06/√2^b, the relative standard error of a counter.</summary>
    public static double StandardError(int log2Registers) => 1.06 / Math.Sqrt(1 << log2Registers);

    /// <summary>Bytes of private memory, the result included.</summary>
    public static long Bytes(int nodes, int log2Registers) => nodes * ((2L << log2Registers) + 27);

    /// <exception cref="ArgumentException">An option out of range, or more memory needed than allowed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HarmonicResult Compute(LinkGraph graph, HarmonicOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new();
        int b = options.Log2Registers;
        if (b is < LeastLog2Registers or > MostLog2Registers)
            throw new ArgumentOutOfRangeException(nameof(options), b, $"Log2Registers must be {LeastLog2Registers} to {MostLog2Registers}");
        if (options.MaxRounds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxRounds, "MaxRounds must be at least 1");
        int threads = FixedRanges.Threads(options.Threads);
        options.Check(Bytes(graph.NodeCount, b), $"HyperBall with 2^{b} registers for {graph.NodeCount:N0} nodes",
            b > LeastLog2Registers ? $"use a smaller {nameof(options.Log2Registers)}" : "use a larger machine");
        using var balls = new Balls(graph, b, options.Seed, threads);
        var within = new List<double> { graph.NodeCount };
        while (balls.Changed > 0 && balls.Round < options.MaxRounds)
        {
            double gained = balls.Grow(progress, cancel);
            if (balls.Changed > 0)
                within.Add(within[^1] + gained);
            progress?.Report(new StepProgress($"harmonic centrality, {balls.Changed:N0} balls growing", balls.Round, 0, "rounds"));
        }
        return new HarmonicResult
        {
            Scores = balls.Scores,
            Reaching = balls.Sizes,
            Exact = false,
            StandardError = StandardError(b),
            Registers = 1 << b,
            Seed = options.Seed,
            Diameter = within.Count - 1,
            Complete = balls.Changed == 0,
            NeighbourhoodFunction = [.. within],
        };
    }
}
