namespace Backlinks.GraphEngine;

/// <summary>How concentrated a node's supporters may be.</summary>
public sealed record RobustPageRankOptions
{
    /// <summary>d of the ranking; 0 ≤ d &lt; 1. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>δ: the share of a node's score that one contributor is counted for at most; > 0 to 1. Default 1e-3, as measured by its authors.</summary>
    public double Cap { get; init; } = 1e-3;

    /// <summary>How closely contributions are found, as a share of the cap; &gt; 0 to 1. Default .1: a node is followed to those that link to it where more than that passes through it.</summary>
    public double Accuracy { get; init; } = 0.1;

    /// <summary>t of the ranking; null is 1 everywhere.</summary>
    public double[]? Teleport { get; init; }

    /// <summary>Links to look at for one node at most; ≥ 1. Default 50,000: what is not found by then counts uncapped.</summary>
    public long MaxLinks { get; init; } = 50_000;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>
/// Robust PageRank: a score in which no single contributor counts for more than a cap (Andersen, Borgs, Chayes, Hopcroft, Jain,
/// Mirrokni, Teng 2008):
/// <code>Robust(v) = Σ_u min(t(u)·M(u,v), δ·z(v))        told as Robust(v)/z(v), 0 to 1</code>
/// A page whose score comes from a few thousand made-up pages has much of it in contributions above the cap; one that the web at
/// large links to has not. Contributions are found backwards (<see cref="Contributions"/>, where M is defined) with ε = Accuracy·δ·z(v);
/// what is left is many small ones and counts in full, so the ratio is an upper bound, whatever the accuracy. Nodes with few contributors of any kind
/// are below by arithmetic: compare only nodes of high score (the top quarter, where it was measured).
/// <para>Cost: at most 1/(Accuracy·δ) nodes followed for each node asked for; memory 33 bytes a node a thread. Equal bytes for any number of threads.</para>
/// </summary>
public static class RobustPageRank
{
    /// <summary>Robust(v)/z(v) of each of <paramref name="nodes"/>, in their order.</summary>
    /// <param name="raw">z of all nodes (<see cref="RawAuthority"/>).</param>
    /// <exception cref="ArgumentException">A node, a length or an option is out of range.</exception>
    public static double[] Ratios(LinkGraph graph, double[] raw, IReadOnlyList<int> nodes, RobustPageRankOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new RobustPageRankOptions();
        if (!(options.Cap > 0 && options.Cap <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Cap, "the cap must be greater than 0 and at most 1");
        if (!(options.Accuracy > 0 && options.Accuracy <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Accuracy, "the accuracy must be greater than 0 and at most 1");
        RawAuthority.CheckVector(graph, raw, nameof(raw));
        RawAuthority.CheckVector(graph, options.Teleport, "teleport");
        foreach (int node in nodes)
            if (node < 0 || node >= graph.NodeCount)
                throw new ArgumentOutOfRangeException(nameof(nodes), node, $"nodes are 0 to {graph.NodeCount - 1}");
        using var shares = new LinkShares(graph, options.Threads);
        double most = options.Teleport is { Length: > 0 } t ? Math.Max(t.Max(), 1e-300) : 1;
        double[] ratios = new double[nodes.Count];
        const int piece = 64;
        var spare = new Stack<Contributions>();
        long done = 0;
        FixedRanges.Run(nodes.Count, piece, shares.Threads, (range, first, end) =>
        {
            Contributions? search;
            lock (spare)
                if (!spare.TryPop(out search))
                    search = new Contributions(shares);
            for (int i = first; i < end; i++)
            {
                double score = raw[nodes[i]], cap = options.Cap * score;
                if (!(score > 0))
                    continue;
                (double capped, double found, _) = search.Capped(nodes[i], cap, options.Teleport, new ContributionsOptions
                {
                    Damping = options.Damping,
                    Epsilon = options.Accuracy * cap / most,
                    MaxLinks = options.MaxLinks,
                }, cancel);
                ratios[i] = Math.Clamp((capped + Math.Max(score - found, 0)) / score, 0, 1);
            }
            lock (spare)
                spare.Push(search);
            progress?.Report(new StepProgress("robust PageRank", Interlocked.Add(ref done, end - first), nodes.Count, "nodes"));
        }, cancel);
        return ratios;
    }

    /// <summary>The nodes of highest score, a share of all (default a quarter), by descending score and then by number.</summary>
    public static int[] Top(double[] raw, double share = 0.25) =>
        share is > 0 and <= 1 ? [.. Enumerable.Range(0, raw.Length).OrderByDescending(node => raw[node]).ThenBy(node => node).Take((int)Math.Ceiling(raw.Length * share))]
        : throw new ArgumentOutOfRangeException(nameof(share), share, "the share must be greater than 0 and at most 1");
}
