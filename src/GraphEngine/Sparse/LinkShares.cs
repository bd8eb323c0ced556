using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Backlinks.GraphEngine;

/// <summary>
/// The matrix of shares of a graph, and its transposed product with one vector or with many at once:
/// <code>
/// P(u,v) = w(u,v)/W(u)     W(u) = Σ out-weights of u + what u loses     y = Pᵀx:  y(v) = Σ over in-links of w(u,v)·x(u)/W(u)
/// </code>
/// Rows of P sum to at most 1; a node that links to nothing has none. In double, straight from the mapped in-links
/// ("pull": no two threads write one place), with x/W written out once so that a link costs one gather and, weighted, one
/// product. K vectors stand interleaved, row-major n × K, so that one gather brings all of a node's; 16 columns are summed
/// in registers at a time. Not the fastest kernel for one ranking, which is <see cref="RankSystem"/>'s in float; the one
/// that proves and corrects what that one finds, and that carries topics.
/// <para>Costs 4 (weighted 8) bytes a link read in order, 8·K a link gathered, 8·K a node written; memory 8 bytes a node,
/// and 8·K for the scaled copy. Equal bytes for any number of threads: pieces of rows are fixed by their links
/// (<see cref="LinkRanges"/>) and each row is added up in one fixed order.</para>
/// </summary>
public sealed unsafe class LinkShares : IDisposable
{
    private readonly LinkGraph _graph;
    private readonly HugeArray<double> _inverse;
    private readonly MappedArray<long> _offsets;
    private readonly MappedArray<uint> _links;
    private readonly MappedArray<float>? _weights;
    private HugeArray<double>? _scaled;

    /// <param name="graph">Must stay open as long as this.</param>
    /// <param name="threads">0 means one for each processor.</param>
    /// <param name="reversed">Take every link backwards: shares are then of what comes in, and nothing is lost.</param>
    public LinkShares(LinkGraph graph, int threads = 0, bool reversed = false)
    {
        _graph = graph;
        Threads = FixedRanges.Threads(threads);
        (_offsets, _links, _weights) = reversed ? (graph.OutOffsets, graph.OutLinks, graph.OutWeights) : (graph.InOffsets, graph.InLinks, graph.InWeights);
        Reversed = reversed;
        Ranges = new LinkRanges(_offsets);
        _inverse = new HugeArray<double>(graph.NodeCount);
        double* inverse = _inverse.Pointer;
        FixedRanges.Run(graph.NodeCount, FixedRanges.Nodes, Threads, (_, first, end) =>
        {
            for (int u = first; u < end; u++)
                inverse[u] = (reversed ? InTotal(graph, u) : graph.OutDegree(u) > 0 ? graph.OutTotal(u) : 0) is var total && total > 0 ? 1 / total : 0;
        }, default);
    }

    public LinkGraph Graph => _graph;

    public bool Reversed { get; }

    internal LinkRanges Ranges { get; }

    internal int Threads { get; }

    /// <summary>1/W(u) of each node; 0 where it passes nothing on.</summary>
    public ReadOnlySpan<double> Inverse => new(_inverse.Pointer, _graph.NodeCount);

    internal double* InversePointer => _inverse.Pointer;

    /// <summary>y = Pᵀx. <paramref name="y"/> may be <paramref name="x"/>.</summary>
    /// <param name="x">n values.</param>
    /// <param name="y">n values, overwritten.</param>
    public void Multiply(ReadOnlySpan<double> x, Span<double> y, CancellationToken cancel = default) => MultiplyMany(x, y, 1, cancel);

    /// <summary>Y = PᵀX for <paramref name="columns"/> vectors at once; the same bytes in each column as one alone.</summary>
    /// <param name="x">n × columns, row-major.</param>
    /// <param name="y">n × columns, overwritten; may be <paramref name="x"/>.</param>
    /// <param name="columns">1 to 1,024.</param>
    public void MultiplyMany(ReadOnlySpan<double> x, Span<double> y, int columns, CancellationToken cancel = default)
    {
        if (columns is < 1 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(columns), columns, "1 to 1024 columns");
        Require(x.Length, columns, nameof(x));
        Require(y.Length, columns, nameof(y));
        fixed (double* from = x, to = y)
            Multiply(from, to, columns, cancel);
    }

    public void Dispose()
    {
        _inverse.Dispose();
        _scaled?.Dispose();
    }

    internal void Multiply(double* x, double* y, int columns, CancellationToken cancel)
    {
        long length = (long)_graph.NodeCount * columns;
        if (_scaled is null || _scaled.Length < length)
        {
            _scaled?.Dispose();
            _scaled = new HugeArray<double>(length);
        }
        double* scaled = _scaled.Pointer, inverse = _inverse.Pointer;
        Ranges.Run(Threads, (_, first, end) => Scale(x, inverse, scaled, first, end, columns), cancel);
        Ranges.Run(Threads, (_, first, end) => Rows(scaled, y, first, end, columns), cancel);
    }

    /// <summary>to = x/W for rows <paramref name="first"/> to before <paramref name="end"/>.</summary>
    internal static void Scale(double* x, double* inverse, double* to, int first, int end, int columns)
    {
        for (int u = first; u < end; u++)
        {
            double factor = inverse[u];
            for (long i = (long)u * columns, last = i + columns; i < last; i++)
                to[i] = x[i] * factor;
        }
    }

    /// <summary>Rows <paramref name="first"/> to before <paramref name="end"/> of the product, from x/W.</summary>
    internal void Rows(double* scaled, double* y, int first, int end, int columns)
    {
        long* offsets = _offsets.Pointer;
        uint* links = _links.Pointer;
        float* weights = _weights is null ? null : _weights.Pointer;
        for (int v = first; v < end; v++)
        {
            long at = offsets[v], last = offsets[v + 1L];
            if (columns == 1)
                y[v] = Sum(scaled, links, weights, at, last);
            else
                Sums(scaled, links, weights, at, last, columns, y + (long)v * columns);
        }
    }

    /// <summary>Four sums that take links in turn, added at the end: the gathers of four links are on their way at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Sum(double* scaled, uint* links, float* weights, long at, long end)
    {
        double a = 0, b = 0, c = 0, d = 0;
        if (weights == null)
        {
            for (; at + 4 <= end; at += 4)
            {
                a += scaled[links[at]];
                b += scaled[links[at + 1]];
                c += scaled[links[at + 2]];
                d += scaled[links[at + 3]];
            }
            for (; at < end; at++)
                a += scaled[links[at]];
        }
        else
        {
            for (; at + 4 <= end; at += 4)
            {
                a += weights[at] * scaled[links[at]];
                b += weights[at + 1] * scaled[links[at + 1]];
                c += weights[at + 2] * scaled[links[at + 2]];
                d += weights[at + 3] * scaled[links[at + 3]];
            }
            for (; at < end; at++)
                a += weights[at] * scaled[links[at]];
        }
        return a + b + (c + d);
    }

    private static void Sums(double* scaled, uint* links, float* weights, long first, long end, int columns, double* to)
    {
        int column = 0;
        for (; column + 16 <= columns; column += 16)
        {
            Vector256<double> a = default, b = default, c = default, d = default;
            for (long at = first; at < end; at++)
            {
                double* row = scaled + (long)links[at] * columns + column;
                Vector256<double> w = Vector256.Create(weights == null ? 1.0 : weights[at]);
                a += w * Vector256.Load(row);
                b += w * Vector256.Load(row + 4);
                c += w * Vector256.Load(row + 8);
                d += w * Vector256.Load(row + 12);
            }
            a.Store(to + column);
            b.Store(to + column + 4);
            c.Store(to + column + 8);
            d.Store(to + column + 12);
        }
        for (; column + 8 <= columns; column += 8)
        {
            Vector256<double> a = default, b = default;
            for (long at = first; at < end; at++)
            {
                double* row = scaled + (long)links[at] * columns + column;
                Vector256<double> w = Vector256.Create(weights == null ? 1.0 : weights[at]);
                a += w * Vector256.Load(row);
                b += w * Vector256.Load(row + 4);
            }
            a.Store(to + column);
            b.Store(to + column + 4);
        }
        for (; column + 4 <= columns; column += 4)
        {
            Vector256<double> a = default;
            for (long at = first; at < end; at++)
                a += Vector256.Create(weights == null ? 1.0 : weights[at]) * Vector256.Load(scaled + (long)links[at] * columns + column);
            a.Store(to + column);
        }
        for (; column < columns; column++)
        {
            double a = 0;
            for (long at = first; at < end; at++)
                a += (weights == null ? 1.0 : weights[at]) * scaled[(long)links[at] * columns + column];
            to[column] = a;
        }
    }

    private static double InTotal(LinkGraph graph, int node)
    {
        if (graph.InWeights is null)
            return graph.InDegree(node);
        double sum = 0;
        foreach (float weight in graph.InWeights.Slice(graph.InOffsets[node], checked((int)graph.InDegree(node))))
            sum += weight;
        return sum;
    }

    private void Require(int length, int columns, string name)
    {
        if (length != (long)_graph.NodeCount * columns)
            throw new ArgumentException($"has {length} values where {_graph.NodeCount} nodes of {columns} columns need {(long)_graph.NodeCount * columns}", name);
    }
}
