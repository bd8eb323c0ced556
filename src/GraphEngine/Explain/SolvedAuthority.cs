namespace Backlinks.GraphEngine;

/// <summary>One number a node, read from an array in memory or from a mapped file alike.</summary>
public readonly struct NodeValues
{
    private readonly double[]? _array;
    private readonly MappedArray<double>? _mapped;

    public NodeValues(double[] values) => _array = values;

    public NodeValues(MappedArray<double> values) => _mapped = values;

    public static implicit operator NodeValues(double[] values) => new(values);

    public static implicit operator NodeValues(MappedArray<double> values) => new(values);

    public long Count => _array?.LongLength ?? _mapped?.Length ?? 0;

    public double this[int node] => _array is not null ? _array[node] : _mapped![node];

    public ReadOnlySpan<double> Slice(int start, int count) => _array is not null ? _array.AsSpan(start, count) : _mapped!.Slice(start, count);
}

/// <summary>
/// A graph with its raw authority z, ready to be explained, edited in thought, or compared:
/// <code>z = t + d·Pᵀz      P(u,v) = w(u,v) / W(u),  W(u) = <see cref="LinkGraph.OutTotal"/>(u)</code>
/// so that the contribution of a link u→v is d·P(u,v)·z(u), that of teleport t(v), and they sum to z(v).
/// Immutable, as long as graph and arrays live.
/// </summary>
public sealed class SolvedAuthority
{
    private double _teleportSum = -1;
    private double[]? _totals;

    /// <param name="raw">z, one a node, ≥ 0.</param>
    /// <param name="teleport">t, one a node, ≥ 0; null is 1 everywhere.</param>
    /// <param name="damping">d, 0 ≤ d &lt; 1.</param>
    /// <param name="tolerance">ε ≥ 0 with |t + d·Pᵀz − z|(v) ≤ ε·z(v) at every node (or a millionth of the mean t where z is less): how exactly z
    /// was solved (<see cref="RawAuthorityResult.MaxRelativeResidual"/>).</param>
    /// <exception cref="ArgumentException">An array is not of the graph's size, or a number is out of its range.</exception>
    public SolvedAuthority(LinkGraph graph, NodeValues raw, NodeValues? teleport = null, double damping = 0.85, double tolerance = 1e-10)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (raw.Count != graph.NodeCount)
            throw new ArgumentException($"raw authority has {raw.Count} elements for {graph.NodeCount} nodes", nameof(raw));
        if (teleport is { } given && given.Count != graph.NodeCount)
            throw new ArgumentException($"teleport has {given.Count} elements for {graph.NodeCount} nodes", nameof(teleport));
        if (!(damping >= 0 && damping < 1))
            throw new ArgumentOutOfRangeException(nameof(damping), damping, "damping must be at least 0 and less than 1");
        if (!(tolerance >= 0 && tolerance < 1))
            throw new ArgumentOutOfRangeException(nameof(tolerance), tolerance, "tolerance must be at least 0 and less than 1");
        Graph = graph;
        Undiscounted = graph.MapIfPresent<float>(ReweighedGraph.UndiscountedName);
        Raw = raw;
        Teleport = teleport;
        Damping = damping;
        Tolerance = tolerance;
    }

    public LinkGraph Graph { get; }

    /// <summary>Weight of each out-link before spam clusters were discounted, beside <see cref="LinkGraph.OutLinks"/>; null where none was.</summary>
    internal MappedArray<float>? Undiscounted { get; }

    /// <summary>z: authority in multiples of what a node without links gets.</summary>
    public NodeValues Raw { get; }

    /// <summary>t, or null where it is 1 everywhere.</summary>
    public NodeValues? Teleport { get; }

    /// <summary>d.</summary>
    public double Damping { get; }

    /// <summary>ε: componentwise relative residual that <see cref="Raw"/> was solved to.</summary>
    public double Tolerance { get; }

    /// <summary>Sums W(u) of all nodes once and keeps them, 8 bytes each: for those who ask again and again. One pass over the links.</summary>
    public SolvedAuthority KeepTotals()
    {
        if (Volatile.Read(ref _totals) is not null)
            return this;
        double[] totals = new double[Graph.NodeCount];
        for (int node = 0; node < totals.Length; node++)
            totals[node] = Graph.OutTotal(node);
        Volatile.Write(ref _totals, totals);
        return this;
    }

    internal bool KeepsTotals => _totals is not null;

    /// <summary>W(u): weight of all links of a node, what evaporates included.</summary>
    public double TotalOf(int node) => _totals is { } totals ? totals[node] : Graph.OutTotal(node);

    public double TeleportOf(int node) => Teleport is { } t ? t[node] : 1;

    /// <summary>
    /// A proven bound on |z − z*|(v), z* the exact solution, from ε alone. With M = (I − dPᵀ)⁻¹ the error is at most ε·X, X = (Mz)(v).
    /// z solves its system for some t̂ with |t̂ − t| ≤ εz; were t̂ ≥ 0, z = Σ a_j with a_j = (dPᵀ)ʲt̂ and X = Σ (j+1)·a_j, whose first J
    /// terms are at most J·z(v) and the rest at most T·d^J·((J+1)/(1−d) + d/(1−d)²), as a_j(v) ≤ dʲ·T, T = Σ|t̂|. That t̂ may be
    /// negative where t is 0 costs a factor of 1/(1−2εJ), that z may be smaller than a millionth of the mean t costs 1e-6·T/(1−d). The J is
    /// taken that is best for this node.
    /// </summary>
    public double ErrorAt(int node)
    {
        double d = Damping, e = Tolerance, z = Raw[node];
        if (e == 0)
            return 0;
        double sum = TeleportSum() / (1 - Math.Min(0.5, 2 * e / (1 - d))), tail = d / ((1 - d) * (1 - d));
        double best = sum * (1 / (1 - d) + tail), power = 1;
        for (int j = 1; j <= 4096 && 2 * e * j < 0.5 && j * z < best; j++)
        {
            power *= d;
            best = Math.Min(best, (j * z + sum * power * ((j + 1) / (1 - d) + tail)) / (1 - 2 * e * j));
        }
        return e * (best + (Teleport is null ? 0 : 1e-6 * sum / (1 - d)));
    }

    private double TeleportSum()
    {
        if (Teleport is not { } t)
            return Graph.NodeCount;
        double known = Volatile.Read(ref _teleportSum);
        if (known >= 0)
            return known;
        double sum = 0;
        foreach (double value in t.Slice(0, Graph.NodeCount))
            sum += value;
        Volatile.Write(ref _teleportSum, sum);
        return sum;
    }
}

/// <summary>A sum that does not lose what is small beside what is large (Neumaier 1974): its error does not grow with the number of terms.</summary>
internal struct ExactSum
{
    private double _sum;
    private double _carry;

    public readonly double Value => _sum + _carry;

    public void Add(double value)
    {
        double next = _sum + value;
        _carry += Math.Abs(_sum) >= Math.Abs(value) ? _sum - next + value : value - next + _sum;
        _sum = next;
    }
}
