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

/// <summary>
/// Weighted, personalised PageRank with a proven error bound.
/// <code>x = d·(P̄ᵀx + δ(x)·w) + (1−d)·v      δ(x) = Σ x over dangling nodes</code>
/// v is the teleport vector; w = v (<see cref="DanglingPolicy.Teleport"/>), 1/n (<see cref="DanglingPolicy.Uniform"/>), or
/// each dangling node itself (<see cref="DanglingPolicy.Sink"/>). Page, Brin, Motwani, Winograd 1998; the policies as in
/// Boldi, Posenato, Santini, Vigna 2008 and Gleich 2015.
/// <para>Every policy is solved through y(b) = (I − dP̄ᵀ)⁻¹(1−d)b (<see cref="RankSystem"/>, which gives the method, its cost
/// and why it is repeatable): Teleport is y(v) scaled to sum 1; Sink is y(v) with dangling entries over 1−d; Uniform is
/// y(v) + t·y(1/n) with the t that returns the dangling mass. Scores published are one further Jacobi step, Gx̂, so
/// ‖x − x*‖₁ ≤ d/(1−d)·‖Gx̂ − x̂‖₁, evaluated in double with rounding added: this bound, not the size of the last step, is
/// what the tolerance is held against.</para>
/// </summary>
public static unsafe class PageRank
{
    private const int MostColumns = 16;

    /// <summary>Ranks all nodes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An option or a teleport entry is out of its range.</exception>
    public static PageRankResult Compute(LinkGraph graph, PageRankOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new PageRankOptions();
        return ComputeMany(graph, [options.Teleport], options, progress, cancel)[0];
    }

    /// <summary>
    /// K rankings, one for each teleport vector (null is uniform), in passes of up to 16 that cost little more than one:
    /// sources and links are read once for all. <see cref="PageRankOptions.Teleport"/> is not used.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An option or a teleport entry is out of its range.</exception>
    public static PageRankResult[] ComputeMany(LinkGraph graph, IReadOnlyList<IReadOnlyDictionary<int, double>?> teleports, PageRankOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new PageRankOptions();
        Check(options);
        foreach (IReadOnlyDictionary<int, double>? teleport in teleports)
            Check(graph, teleport);
        if (graph.NodeCount == 0)
            return [.. teleports.Select(_ => new PageRankResult { Scores = [], Rounds = 0, Residual = 0, ErrorBound = 0, Converged = true, DanglingMass = 0, Trace = [] })];
        if (options.Damping == 0)
            return [.. teleports.Select(teleport => WithoutLinks(graph, options, teleport))];
        var results = new PageRankResult[teleports.Count];
        bool mix = options.Dangling == DanglingPolicy.Uniform;
        if (!mix || teleports.All(teleport => teleport is null))
        {
            for (int first = 0; first < teleports.Count; first += MostColumns)
            {
                var group = teleports.Skip(first).Take(MostColumns).ToList();
                using var system = new RankSystem(graph, options.Damping, options.Weighted, options.Threads, ColumnsFor(group.Count));
                using var solve = new RankSolve(system, options, group, raw: options.Dangling == DanglingPolicy.Sink, options.Tolerance, progress, cancel);
                solve.Run();
                system.Release();
                for (int column = 0; column < group.Count; column++)
                    results[first + column] = solve.Publish(column);
            }
            return results;
        }
        // y(1/n) rides along as the last column of each group; errors of both grow by up to 1/(1−d)² when mixed
        double tolerance = options.Tolerance * (1 - options.Damping) * (1 - options.Damping) / 4;
        for (int first = 0; first < teleports.Count; first += MostColumns - 1)
        {
            var group = teleports.Skip(first).Take(MostColumns - 1).Append(null).ToList();
            using var system = new RankSystem(graph, options.Damping, options.Weighted, options.Threads, ColumnsFor(group.Count));
            using var solve = new RankSolve(system, options, group, raw: true, tolerance, progress, cancel);
            solve.Run();
            system.Release();
            for (int column = 0; column + 1 < group.Count; column++)
                results[first + column] = solve.PublishMixed(column, group.Count - 1);
        }
        return results;
    }

    private static int ColumnsFor(int count) => count == 1 ? 1 : count <= 8 ? 8 : 16;

    private static void Check(PageRankOptions options)
    {
        if (!(options.Damping >= 0 && options.Damping < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Damping, "damping must be at least 0 and less than 1");
        if (!(options.Tolerance > 0 && options.Tolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(options), options.Tolerance, "tolerance must be greater than 0");
        if (options.MaxRounds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxRounds, "max rounds must be at least 1");
        if (options.Threads < 0)
            throw new ArgumentOutOfRangeException(nameof(options), options.Threads, "threads must be at least 1, or 0 for all processors");
        if (!Enum.IsDefined(options.Dangling))
            throw new ArgumentOutOfRangeException(nameof(options), options.Dangling, "dangling must be teleport, uniform or sink");
    }

    private static void Check(LinkGraph graph, IReadOnlyDictionary<int, double>? teleport)
    {
        if (teleport is null)
            return;
        foreach ((int node, double weight) in teleport)
            if (node < 0 || node >= graph.NodeCount)
                throw new ArgumentOutOfRangeException(nameof(teleport), node, $"teleport nodes are 0 to {graph.NodeCount - 1}");
            else if (!(weight >= 0 && weight < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(teleport), weight, $"the teleport weight of node {node} must be finite and at least 0");
        if (!(teleport.Values.Sum() is > 0 and < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(teleport), teleport.Count, "at least one teleport weight must be greater than 0, and their sum finite");
    }

    /// <summary>Damping 0: nobody follows a link, x = v.</summary>
    private static PageRankResult WithoutLinks(LinkGraph graph, PageRankOptions options, IReadOnlyDictionary<int, double>? teleport)
    {
        int n = graph.NodeCount;
        double[] scores = new double[n];
        double sum = teleport?.OrderBy(t => t.Key).Sum(t => t.Value) ?? n, dangling = 0;
        for (int node = 0; node < n; node++)
        {
            scores[node] = (teleport is null ? 1 : teleport.GetValueOrDefault(node)) / sum;
            if (graph.OutDegree(node) == 0)
                dangling += scores[node];
        }
        const double rounding = 4e-16; // one division each
        return new PageRankResult { Scores = scores, Rounds = 0, Residual = 0, ErrorBound = rounding, Converged = rounding <= options.Tolerance, DanglingMass = dangling, Trace = [] };
    }
}
