namespace Backlinks.GraphEngine;

/// <summary>How to spread trust or distrust.</summary>
public sealed record TrustOptions
{
    /// <summary>d; 0 ≤ d &lt; 1. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Certified ‖error‖₁ as a share of the sum at which to stop; > 0 and &lt; 1. Default 1e-8.</summary>
    public double Tolerance { get; init; } = 1e-8;

    /// <summary>Rounds after which to stop unconverged; ≥ 1. Default 1,000.</summary>
    public int MaxRounds { get; init; } = 1000;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>Trust or distrust.</summary>
/// <param name="Values">By node, ≥ 0, in multiples of the mean teleport: 0 where no seed reaches.</param>
/// <param name="ErrorBound">Certified: ‖error‖₁ as a share of the sum of values.</param>
public sealed record TrustResult(double[] Values, int Rounds, double ErrorBound, bool Converged);

/// <summary>
/// TrustRank (Gyöngyi, Garcia-Molina, Pedersen 2004): z = t + d·Pᵀz with t on trusted seeds alone, n in all, shared by their weights;
/// good pages seldom link to spam, so trust decays towards it. Anti-TrustRank (Krishnan, Raj 2006): the same on the reversed
/// graph from known spam; who links to spam is seldom good. Both converged, unlike the 20 rounds of the papers.
/// <para>Trust is solved as any raw authority is (<see cref="RawAuthority"/>). The other direction has no rank layout: rounds in double over the
/// mapped links (<see cref="LinkShares"/>), z ← t + d·Pᵀz from t, until ‖r‖₁ ≤ tolerance·(1−d)·Σz, which certifies the
/// error; some 110 rounds of one product each.</para>
/// </summary>
public static class Trust
{
    /// <summary>Trust from seeds, along links.</summary>
    /// <param name="seeds">Positive weights by node.</param>
    /// <exception cref="ArgumentException">No seeds, or a seed or an option is out of range.</exception>
    public static TrustResult From(LinkGraph graph, IReadOnlyDictionary<int, double> seeds, TrustOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => Spread(graph, seeds, reversed: false, options, progress, cancel);

    /// <summary>Distrust from known spam, against links.</summary>
    /// <param name="seeds">Positive weights by node.</param>
    /// <exception cref="ArgumentException">No seeds, or a seed or an option is out of range.</exception>
    public static TrustResult Against(LinkGraph graph, IReadOnlyDictionary<int, double> seeds, TrustOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => Spread(graph, seeds, reversed: true, options, progress, cancel);

    /// <summary>t of seeds: n in all, shared by their weights.</summary>
    /// <exception cref="ArgumentException">No seeds, or one is out of range.</exception>
    public static double[] Teleport(int nodes, IReadOnlyDictionary<int, double> seeds)
    {
        if (seeds.Count == 0)
            throw new ArgumentException("at least one seed is needed", nameof(seeds));
        double[] t = new double[nodes];
        double sum = 0;
        foreach ((int node, double weight) in seeds.OrderBy(seed => seed.Key))
        {
            if (node < 0 || node >= nodes)
                throw new ArgumentOutOfRangeException(nameof(seeds), node, $"seeds are nodes 0 to {nodes - 1}");
            if (!(weight > 0 && weight < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(seeds), weight, $"the weight of seed {node} must be finite and greater than 0");
            sum += t[node] = weight;
        }
        foreach (int node in seeds.Keys)
            t[node] *= nodes / sum;
        return t;
    }

    private static TrustResult Spread(LinkGraph graph, IReadOnlyDictionary<int, double> seeds, bool reversed, TrustOptions? options,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        options ??= new TrustOptions();
        double d = options.Damping;
        if (!(d >= 0 && d < 1))
            throw new ArgumentOutOfRangeException(nameof(options), d, "damping must be at least 0 and less than 1");
        if (!(options.Tolerance > 0 && options.Tolerance < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Tolerance, "tolerance must be greater than 0 and less than 1");
        if (options.MaxRounds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxRounds, "max rounds must be at least 1");
        int n = graph.NodeCount;
        double[] t = Teleport(n, seeds);
        if (!reversed)
        {
            // |r(v)| ≤ τ·max(z(v), 1e-6·t̄) everywhere makes the bound τ·(1 + 1e-6)/(1−d) at most
            RawAuthorityResult raw = RawAuthority.Compute(graph, new RawAuthorityOptions
            {
                Damping = d,
                Tolerance = options.Tolerance * (1 - d) / 2,
                MaxRounds = options.MaxRounds,
                Teleport = t,
                Threads = options.Threads,
            }, progress, cancel);
            return new TrustResult(raw.Raw, raw.Rounds, raw.ErrorBound, raw.ErrorBound <= options.Tolerance);
        }
        double[] z = [.. t], next = new double[n];
        using var shares = new LinkShares(graph, options.Threads, reversed: true);
        var parts = new (double Residual, double Sum)[FixedRanges.Count(n)];
        double bound = double.PositiveInfinity;
        int rounds = 0;
        while (rounds < options.MaxRounds && bound > options.Tolerance)
        {
            shares.Multiply(z, next, cancel);
            FixedRanges.Run(n, FixedRanges.Nodes, shares.Threads, (range, first, end) =>
            {
                double residual = 0, sum = 0;
                for (int v = first; v < end; v++)
                {
                    double y = t[v] + d * next[v];
                    residual += Math.Abs(y - z[v]);
                    sum += z[v] = y;
                }
                parts[range] = (residual, sum);
            }, cancel);
            rounds++;
            double change = parts.Sum(part => part.Residual), total = parts.Sum(part => part.Sum);
            bound = d * change / (1 - d) / total + 1e-15; // the residual of the new z is d·Pᵀ of the change
            if (rounds % 16 == 0)
                progress?.Report(new StepProgress("spreading distrust", rounds, 0, "rounds"));
        }
        return new TrustResult(z, rounds, bound, bound <= options.Tolerance);
    }
}
