namespace Backlinks.GraphEngine;

/// <summary>How to truncate.</summary>
public sealed record TruncatedPageRankOptions
{
    /// <summary>d of the ranking; 0 &lt; d &lt; 1. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>T: supporters fewer than or exactly this many links away count nothing, 0 to 100. Default 2: a farm's boosters are at 1 and, through its target, at 2.</summary>
    public int Levels { get; init; } = 2;

    /// <summary>t of the ranking; null is 1 everywhere.</summary>
    public double[]? Teleport { get; init; }

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>
/// Truncated PageRank (Becchetti, Castillo, Donato, Leonardi, Baeza-Yates 2006): the score that is left when contributions over
/// paths of at most T links are damped to zero. What close supporters made by hand bring is gone; what the web at large brings is not.
/// <code>
/// z_T = d^−(T+1) · Σ_{k>T} dᵏ(Pᵀ)ᵏt = d^−(T+1) · (z − Σ_{k≤T} dᵏ(Pᵀ)ᵏt)
/// </code>
/// scaled as its authors do, so that z_T and z have one sum where nothing evaporates. Computed as the difference on the right, T products with the
/// shares: exact to the z given, nothing to converge. A node nobody supports from farther than T has 0.
/// </summary>
public static class TruncatedPageRank
{
    /// <summary>z_T by node, ≥ 0.</summary>
    /// <param name="raw">z (<see cref="RawAuthority"/>), converged, with the same damping and t.</param>
    /// <exception cref="ArgumentException">A length or an option is out of range.</exception>
    public static double[] Compute(LinkGraph graph, double[] raw, TruncatedPageRankOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new TruncatedPageRankOptions();
        double d = options.Damping;
        if (!(d > 0 && d < 1))
            throw new ArgumentOutOfRangeException(nameof(options), d, "damping must be greater than 0 and less than 1");
        if (options.Levels is < 0 or > 100)
            throw new ArgumentOutOfRangeException(nameof(options), options.Levels, "levels must be 0 to 100");
        RawAuthority.CheckVector(graph, raw, nameof(raw));
        RawAuthority.CheckVector(graph, options.Teleport, "teleport");
        int n = graph.NodeCount;
        double[] level = new double[n], rest = [.. raw];
        if (options.Teleport is { } t)
            t.CopyTo(level, 0);
        else
            Array.Fill(level, 1);
        using var shares = new LinkShares(graph, options.Threads);
        for (int k = 0; ; k++)
        {
            for (int v = 0; v < n; v++)
                rest[v] -= level[v];
            if (k == options.Levels)
                break;
            shares.Multiply(level, level, cancel);
            for (int v = 0; v < n; v++)
                level[v] *= d;
        }
        double scale = Math.Pow(d, -(options.Levels + 1));
        for (int v = 0; v < n; v++)
            rest[v] = rest[v] > 1e-9 * raw[v] ? rest[v] * scale : 0; // less is what z was not solved for
        return rest;
    }
}
