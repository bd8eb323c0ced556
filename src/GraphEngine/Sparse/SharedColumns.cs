namespace Backlinks.GraphEngine;

/// <summary>Which rows share which columns, and from when on that is told.</summary>
public sealed record SharedColumnsOptions
{
    /// <summary>Rows are sources and columns their targets; if true, rows are targets and columns the sources that link to them. Default false.</summary>
    public bool Reversed { get; init; }

    /// <summary>Columns shared by fewer rows than this say nothing; ≥ 2. Default 2: one row alone shares with nobody.</summary>
    public int MinDegree { get; init; } = 2;

    /// <summary>Columns of more rows than this are left out, 2 to 65,536. Default 64: what many link to is no evidence, and the cost is its square.</summary>
    public int MaxDegree { get; init; } = 64;

    /// <summary>Pairs that share fewer columns are not told; ≥ 1. Default 2.</summary>
    public int MinCount { get; init; } = 2;

    /// <summary>Weight of a shared column by node, finite, or null for ln(n/degree), the surprise of one row linking there.</summary>
    public double[]? ColumnWeights { get; init; }

    /// <summary>Columns that count, by node, or null for all.</summary>
    public bool[]? Columns { get; init; }

    /// <summary>Rows that count, by node, or null for all.</summary>
    public bool[]? Rows { get; init; }

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>Two rows and what they share.</summary>
/// <param name="First">Less than <paramref name="Second"/>.</param>
/// <param name="Second">The other row.</param>
/// <param name="Count">Columns that both have, of those that count.</param>
/// <param name="Weight">Sum of those columns' weights.</param>
public readonly record struct SharedPair(int First, int Second, int Count, double Weight);

/// <summary>
/// The upper triangle of B·Bᵀ, where B is the graph's 0/1 matrix cut down to columns of few rows ("rare targets"): pairs of
/// nodes that link to the same little-linked places, or, reversed, that are linked from the same places which link little.
/// <code>count(u,v) = |{c : u→c, v→c, MinDegree ≤ degree(c) ≤ MaxDegree}|,  u &lt; v</code>
/// Method: row by row (Gustavson 1978), each row's partners summed in a dense accumulator a thread. A row takes
/// Σ degree(c) over its columns; all together Σ degree(c)²/2. Pairs come in ascending order of (first, second), batch
/// by batch, so memory is 12 bytes a node a thread and the pairs of one batch of rows, whatever the number of pairs.
/// Links from a node to itself count as any other. Equal output for any number of threads.
/// </summary>
public static class SharedColumns
{
    /// <summary>Links in the rows of one piece.</summary>
    private const int PieceWork = 1 << 13;

    /// <summary>Hands over all pairs, in ascending order, in batches.</summary>
    /// <exception cref="ArgumentException">An option is out of range, or not one value a node.</exception>
    public static void ForEach(LinkGraph graph, SharedColumnsOptions? options, Action<ReadOnlySpan<SharedPair>> batch,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new SharedColumnsOptions();
        int n = graph.NodeCount, threads = FixedRanges.Threads(options.Threads);
        Check(options, n);
        (MappedArray<long> rowOffsets, MappedArray<uint> rowLinks) = options.Reversed ? (graph.InOffsets, graph.InLinks) : (graph.OutOffsets, graph.OutLinks);
        (MappedArray<long> columnOffsets, MappedArray<uint> columnLinks) = options.Reversed ? (graph.OutOffsets, graph.OutLinks) : (graph.InOffsets, graph.InLinks);
        var pieces = new LinkRanges(rowOffsets, PieceWork);
        var spare = new Stack<Accumulator>();
        int together = threads * 8;
        var found = new List<SharedPair>[together];
        for (int first = 0; first < pieces.Count; first += together)
        {
            int count = Math.Min(together, pieces.Count - first);
            pieces.Run(first, first + count, threads, (piece, from, end) =>
            {
                Accumulator? accumulator;
                lock (spare)
                    if (!spare.TryPop(out accumulator))
                        accumulator = new Accumulator(n);
                List<SharedPair> pairs = found[piece % together] ??= [];
                for (int row = from; row < end; row++)
                    accumulator.Row(row, options, n, rowOffsets, rowLinks, columnOffsets, columnLinks, pairs);
                lock (spare)
                    spare.Push(accumulator);
            }, cancel);
            for (int piece = 0; piece < count; piece++)
            {
                List<SharedPair> pairs = found[piece]; // first is a multiple of together
                if (pairs.Count > 0)
                    batch(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pairs));
                pairs.Clear();
            }
            progress?.Report(new StepProgress("comparing rows", pieces[first + count - 1].End, n, "nodes"));
        }
    }

    /// <summary>All pairs in one list, for graphs that have few.</summary>
    public static List<SharedPair> Pairs(LinkGraph graph, SharedColumnsOptions? options = null, CancellationToken cancel = default)
    {
        var all = new List<SharedPair>();
        ForEach(graph, options, pairs => all.AddRange(pairs), null, cancel);
        return all;
    }

    private static void Check(SharedColumnsOptions options, int n)
    {
        if (options.MinDegree < 2 || options.MinDegree > options.MaxDegree)
            throw new ArgumentOutOfRangeException(nameof(options), options.MinDegree, $"the least degree of a shared column must be 2 to the greatest, {options.MaxDegree}");
        if (options.MaxDegree > 1 << 16)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxDegree, "the greatest degree of a shared column must be at most 65536");
        if (options.MinCount < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MinCount, "the least number of shared columns must be at least 1");
        foreach (int length in new[] { options.ColumnWeights?.Length ?? n, options.Columns?.Length ?? n, options.Rows?.Length ?? n })
            if (length != n)
                throw new ArgumentException($"has {length} values where the graph has {n} nodes", nameof(options));
    }

    /// <summary>Sums of one row's partners, dense, and which of them are not 0.</summary>
    private sealed class Accumulator(int n)
    {
        private readonly int[] _counts = new int[n];
        private readonly double[] _weights = new double[n];
        private readonly List<int> _partners = [];

        public unsafe void Row(int row, SharedColumnsOptions options, int nodes, MappedArray<long> rowOffsets, MappedArray<uint> rowLinks,
            MappedArray<long> columnOffsets, MappedArray<uint> columnLinks, List<SharedPair> to)
        {
            if (options.Rows is { } rows && !rows[row])
                return;
            for (long i = rowOffsets.Pointer[row], last = rowOffsets.Pointer[row + 1L]; i < last; i++)
            {
                uint column = rowLinks.Pointer[i];
                long at = columnOffsets.Pointer[column], end = columnOffsets.Pointer[column + 1L], degree = end - at;
                if (degree < options.MinDegree || degree > options.MaxDegree || options.Columns is { } columns && !columns[column])
                    continue;
                double weight = options.ColumnWeights is { } given ? given[column] : Math.Log((double)nodes / degree);
                while (at < end && columnLinks.Pointer[at] <= (uint)row) // ascending: partners behind the row come last
                    at++;
                for (; at < end; at++)
                {
                    int partner = (int)columnLinks.Pointer[at];
                    if (_counts[partner]++ == 0)
                        _partners.Add(partner);
                    _weights[partner] += weight;
                }
            }
            _partners.Sort();
            foreach (int partner in _partners)
            {
                if (_counts[partner] >= options.MinCount && (options.Rows is null || options.Rows[partner]))
                    to.Add(new SharedPair(row, partner, _counts[partner], _weights[partner]));
                (_counts[partner], _weights[partner]) = (0, 0);
            }
            _partners.Clear();
        }
    }
}
