namespace Backlinks.GraphEngine;

/// <summary>Which algorithm computes harmonic centrality.</summary>
public enum HarmonicMethod
{
    /// <summary>Exact where it visits at most <see cref="HarmonicOptions.ExactLinkVisits"/> links, else HyperBall.</summary>
    Auto,

    /// <summary>A search from every node: <see cref="HarmonicCentrality"/>.</summary>
    Exact,

    /// <summary>Probabilistic counters: <see cref="GraphEngine.HyperBall"/>.</summary>
    HyperBall,
}

/// <summary>How to compute harmonic centrality.</summary>
public sealed record HarmonicOptions
{
    public HarmonicMethod Method { get; init; } = HarmonicMethod.Auto;

    /// <summary>Most link visits (<see cref="HarmonicCentrality.EstimateLinkVisits"/>) for which <see cref="HarmonicMethod.Auto"/>
    /// computes exactly; ≥ 0. Default 1e9: some five seconds on two cores.</summary>
    public double ExactLinkVisits { get; init; } = 1e9;

    /// <summary>b: HyperBall counters have 2^b registers of a byte; 4 to 14. Default 8: relative standard error 6.6 %,
    /// 512 bytes a node; each step up divides the error by √2 and doubles memory and time.</summary>
    public int Log2Registers { get; init; } = 8;

    /// <summary>Seeds HyperBall's hash function; runs of different seeds err independently.</summary>
    public ulong Seed { get; init; } = 0x9E3779B97F4A7C15;

    /// <summary>Rounds after which HyperBall stops: paths longer than this are ignored; ≥ 1. Default: none left out.</summary>
    public int MaxRounds { get; init; } = int.MaxValue;

    /// <summary>Private memory above which to refuse, in bytes; 0 means three quarters of what this process may use.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check(long neededBytes, string what, string advice)
    {
        if (MemoryBytes < 0)
            throw new ArgumentException($"{nameof(MemoryBytes)} is {MemoryBytes}; it must be 0 (three quarters of what there is) or more");
        long limit = MemoryBytes == 0 ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3 : MemoryBytes;
        if (neededBytes > limit)
            throw new ArgumentException(FormattableString.Invariant(
                $"{what} needs {neededBytes / 1e6:N0} MB of memory, above the limit of {limit / 1e6:N0} MB: {advice} or raise {nameof(MemoryBytes)}"));
    }
}

/// <summary>Harmonic centrality and what comes with it.</summary>
public sealed record HarmonicResult
{
    /// <summary>n scores H(v), 0 to n−1, which an estimate may exceed. Not divided by n−1.</summary>
    public required double[] Scores { get; init; }

    /// <summary>n numbers of nodes that reach v, v itself included: 1 to n. Whole numbers if <see cref="Exact"/>.</summary>
    public required double[] Reaching { get; init; }

    public required bool Exact { get; init; }

    /// <summary>Relative standard error of each counter, 1.06/√2^b; 0 if <see cref="Exact"/>.</summary>
    public required double StandardError { get; init; }

    /// <summary>Registers 2^b of a counter; 0 if <see cref="Exact"/>.</summary>
    public int Registers { get; init; }

    /// <summary>Seed of the hash function; 0 if <see cref="Exact"/>.</summary>
    public ulong Seed { get; init; }

    /// <summary>The greatest finite distance, if <see cref="Exact"/>; else a distance that is certain to occur, often the
    /// greatest. 0 without links.</summary>
    public required int Diameter { get; init; }

    /// <summary>False if <see cref="HarmonicOptions.MaxRounds"/> cut longer paths off.</summary>
    public bool Complete { get; init; } = true;

    /// <summary>N(t) for t from 0 to <see cref="Diameter"/>: ordered pairs (u,v) with dist(u,v) ≤ t; N(0)=n.</summary>
    public required double[] NeighbourhoodFunction { get; init; }

    /// <summary>Mean distance over ordered pairs of different nodes of which one reaches the other; NaN without any.</summary>
    public double AverageDistance
    {
        get
        {
            double weighted = 0;
            for (int t = 1; t < NeighbourhoodFunction.Length; t++)
                weighted += t * (NeighbourhoodFunction[t] - NeighbourhoodFunction[t - 1]);
            return NeighbourhoodFunction.Length < 2 ? double.NaN : weighted / (NeighbourhoodFunction[^1] - NeighbourhoodFunction[0]);
        }
    }
}

/// <summary>
/// H(v) = Σ_{u≠v} 1/dist(u,v) over all nodes u that reach v along links; 1/∞ = 0.
/// <para>Source: P. Boldi and S. Vigna, "Axioms for centrality", Internet Mathematics 10 (2014). In-direction as LAW and
/// Common Crawl publish it: a node is central if many nodes reach it in few clicks.</para>
/// <para>Variant: breadth-first search backwards from 256 nodes v at once, one bit each (M. Then et al., "The more the
/// merrier: efficient multi-source graph traversal", VLDB 2014). Nodes with neighbouring numbers, in a web graph pages of
/// one site, share most of their search. New bits are counted by position in bit-sliced counters, so
/// H(v) = Σ_t c_t(v)/t is a sum of at most <see cref="HarmonicResult.Diameter"/> terms with exact integer c_t, added in
/// ascending t. <see cref="Compute"/> goes over to <see cref="HyperBall"/> where that would take too long.</para>
/// <para>Input: any graph; weights are ignored. Cost: ⌈n/256⌉ searches, each visiting a link about as often as there are
/// rounds in which its end gains bits (3 to 10 times on web graphs); 108 bytes a node <em>and thread</em>, nothing for links.</para>
/// <para>Repeatable: scores depend on integer counts only, so threads and batches cannot change a bit.</para>
/// </summary>
public static class HarmonicCentrality
{
    /// <summary>Exact or estimated scores, whichever <paramref name="options"/> choose.</summary>
    /// <exception cref="ArgumentException">An option out of range, or more memory needed than allowed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HarmonicResult Compute(LinkGraph graph, HarmonicOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        options ??= new();
        if (!(options.ExactLinkVisits >= 0))
            throw new ArgumentOutOfRangeException(nameof(options), options.ExactLinkVisits, "ExactLinkVisits must be 0 or more");
        bool exact = options.Method switch
        {
            HarmonicMethod.Exact => true,
            HarmonicMethod.HyperBall => false,
            HarmonicMethod.Auto => EstimateLinkVisits(graph) <= options.ExactLinkVisits,
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Method, "Method must be Auto, Exact or HyperBall"),
        };
        return exact ? ComputeExact(graph, options, progress, cancel) : HyperBall.Compute(graph, options, progress, cancel);
    }

    /// <summary>A lower estimate of the links that exact computation visits: ⌈n/256⌉·(n+m). Two cores do some 2·10⁸ a second.</summary>
    public static double EstimateLinkVisits(LinkGraph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return Math.Ceiling(graph.NodeCount / (double)BackwardSearch.Width) * ((double)graph.NodeCount + graph.LinkCount);
    }

    /// <summary>Bytes of private memory that exact computation takes on <paramref name="threads"/> threads.</summary>
    public static long ExactBytes(int nodes, int threads) =>
        nodes * (BackwardSearch.BytesPerNode * Math.Min(threads, FixedRanges.Count(nodes, BackwardSearch.Width)) + 16);

    /// <summary>Exact scores of all nodes.</summary>
    /// <exception cref="ArgumentException">An option out of range, or more memory needed than allowed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HarmonicResult ComputeExact(LinkGraph graph, HarmonicOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return ComputeExact(graph, graph.NodeCount, i => i, options ?? new(), progress, cancel);
    }

    /// <summary>Exact scores of some nodes, in the order given: what a few nodes are worth, or how good an estimate is.
    /// The diameter and the neighbourhood function are those of these nodes as ends of paths.</summary>
    /// <exception cref="ArgumentException">A node out of range, an option out of range, or more memory needed than allowed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static HarmonicResult ComputeExact(LinkGraph graph, IReadOnlyList<int> nodes, HarmonicOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(nodes);
        foreach (int node in nodes)
            if ((uint)node >= (uint)graph.NodeCount)
                throw new ArgumentOutOfRangeException(nameof(nodes), node, $"nodes are 0 to {graph.NodeCount - 1L}");
        return ComputeExact(graph, nodes.Count, i => nodes[i], options ?? new(), progress, cancel);
    }

    private static HarmonicResult ComputeExact(LinkGraph graph, int count, Func<int, int> node, HarmonicOptions options,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        int batches = FixedRanges.Count(count, BackwardSearch.Width);
        int workers = Math.Max(1, Math.Min(FixedRanges.Threads(options.Threads), batches));
        options.Check(ExactBytes(graph.NodeCount, workers), $"exact harmonic centrality of {graph.NodeCount:N0} nodes on {workers} threads",
            $"use fewer threads or {nameof(HarmonicMethod.HyperBall)}");
        double[] scores = new double[count], reaching = new double[count];
        var pairs = new List<long>(); // pairs[t]: ordered pairs at distance t
        int nextBatch = -1;
        long done = 0;
        FixedRanges.Run(workers, 1, workers, (_, _, _) =>
        {
            if (Volatile.Read(ref nextBatch) + 1 >= batches)
                return; // the others were faster: no memory need be taken
            using var search = new BackwardSearch(graph);
            while (true)
            {
                int batch = Interlocked.Increment(ref nextBatch);
                if (batch >= batches)
                    return;
                int start = batch * BackwardSearch.Width, size = Math.Min(BackwardSearch.Width, count - start);
                search.Run(size, i => node(start + i), scores.AsSpan(start, size), reaching.AsSpan(start, size), cancel);
                lock (pairs)
                {
                    for (int t = 0; t < search.Pairs.Count; t++)
                        if (t < pairs.Count)
                            pairs[t] += search.Pairs[t];
                        else
                            pairs.Add(search.Pairs[t]);
                    done += size;
                    progress?.Report(new StepProgress("harmonic centrality, exact", done, count, "nodes"));
                }
            }
        }, cancel);
        double[] within = new double[Math.Max(1, pairs.Count)];
        long sum = 0; // n² pairs of 2³¹ nodes still fit
        for (int t = 0; t < pairs.Count; t++)
            within[t] = sum += pairs[t];
        return new HarmonicResult
        {
            Scores = scores,
            Reaching = reaching,
            Exact = true,
            StandardError = 0,
            Diameter = within.Length - 1,
            NeighbourhoodFunction = within,
        };
    }
}
