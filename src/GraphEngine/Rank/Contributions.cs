namespace Backlinks.GraphEngine;

/// <summary>How closely to look at who contributes.</summary>
public sealed record ContributionsOptions
{
    /// <summary>d of the ranking; 0 ≤ d &lt; 1. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>ε: no node's contribution, where its t is 1, is found too small by more than ε/(1−d); > 0. Default 1e-4.</summary>
    public double Epsilon { get; init; } = 1e-4;

    /// <summary>Links after which to stop with what there is, ≥ 1. Default ten million, about a second.</summary>
    public long MaxLinks { get; init; } = 10_000_000;
}

/// <summary>What nodes contribute to the score of one.</summary>
public sealed record ContributionsResult
{
    /// <summary>Nodes found to contribute, ascending.</summary>
    public required int[] Nodes { get; init; }

    /// <summary>p(u) of each: of a unit of teleport at u, at least this arrives in the target's score, over walks of all lengths.</summary>
    public required double[] Values { get; init; }

    /// <summary>ε reached: the true values are above by at most this over 1−d, for these nodes and all others.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Nodes not yet followed further, and how much of each one's own score reaches the target through what was not: for a ranking z,
    /// z(target) = Σ t(u)·p(u) + Σ z(w)·Left(w), exactly.</summary>
    public required (int Node, double Left)[] Rest { get; init; }

    /// <summary>Links visited.</summary>
    public required long Links { get; init; }

    /// <summary>Whether <see cref="Epsilon"/> is what was asked for.</summary>
    public required bool Complete { get; init; }
}

/// <summary>
/// Who makes a node's score: for z = t + d·Pᵀz, z(v) = Σ_u t(u)·M(u,v) with M = (I − dP)⁻¹, and the column M(·,v) is found
/// backwards from v, looking only at what matters (Andersen, Borgs, Chayes, Hopcroft, Mirrokni, Teng 2007):
/// <code>
/// p = 0, r(v) = 1;  while some r(w) > ε:  p(w) += r(w);  r(u) += d·P(u,w)·r(w) for every link u→w;  r(w) = 0
/// M(u,v) = p(u) + Σ_w M(u,w)·r(w)      so 0 ≤ M(u,v) − p(u) ≤ ε/(1−d), as rows of M sum to at most 1/(1−d)
/// </code>
/// An instance has its own workspace (33 bytes a node) and serves one thread; what a search touched is all it clears.
/// First in, first out, so repeatable. At most z(v)/ε nodes are followed, z with t = 1.
/// </summary>
public sealed unsafe class Contributions
{
    private readonly LinkShares _shares;
    private readonly double[] _p;
    private readonly double[] _r;
    private readonly bool[] _waiting;
    private readonly Queue<int> _queue = new();
    private readonly List<int> _touched = [];

    /// <param name="shares">Of the graph, not reversed.</param>
    public Contributions(LinkShares shares)
    {
        if (shares.Reversed)
            throw new ArgumentException("contributions need shares that are not reversed", nameof(shares));
        _shares = shares;
        int n = shares.Graph.NodeCount;
        (_p, _r, _waiting) = (new double[n], new double[n], new bool[n]);
    }

    /// <summary>Finds who contributes to <paramref name="target"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The node or an option is out of range.</exception>
    public ContributionsResult To(int target, ContributionsOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new ContributionsOptions();
        (long links, double epsilon) = Search(target, options, cancel);
        _touched.Sort();
        var result = new ContributionsResult
        {
            Nodes = [.. _touched.Where(u => _p[u] > 0)],
            Values = [.. _touched.Where(u => _p[u] > 0).Select(u => _p[u])],
            Epsilon = epsilon,
            Rest = [.. _touched.Where(u => _r[u] > 0).Select(u => (u, _r[u]))],
            Links = links,
            Complete = epsilon <= options.Epsilon,
        };
        Clear();
        return result;
    }

    /// <summary>Σ_u min(t(u)·q(u), <paramref name="cap"/>) and Σ_u t(u)·q(u) with q = p + r, for t = 1 where null, and the links visited.
    /// M(u,u) ≥ 1, so what waits at a node is its own at least: M(u,v) ≥ q(u).</summary>
    internal (double Capped, double Found, long Links) Capped(int target, double cap, double[]? t, ContributionsOptions options, CancellationToken cancel)
    {
        (long links, _) = Search(target, options, cancel);
        double capped = 0, found = 0;
        foreach (int u in _touched)
        {
            double part = (t is null ? 1 : t[u]) * (_p[u] + _r[u]);
            found += part;
            capped += Math.Min(part, cap);
        }
        Clear();
        return (capped, found, links);
    }

    /// <summary>Leaves p and r in the workspace; returns the links visited and the ε reached.</summary>
    private (long Links, double Epsilon) Search(int target, ContributionsOptions options, CancellationToken cancel)
    {
        LinkGraph graph = _shares.Graph;
        double d = options.Damping, epsilon = options.Epsilon;
        if (target < 0 || target >= graph.NodeCount)
            throw new ArgumentOutOfRangeException(nameof(target), target, $"nodes are 0 to {graph.NodeCount - 1}");
        if (!(d >= 0 && d < 1))
            throw new ArgumentOutOfRangeException(nameof(options), d, "damping must be at least 0 and less than 1");
        if (!(epsilon > 0 && epsilon < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(options), epsilon, "epsilon must be greater than 0");
        if (options.MaxLinks < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxLinks, "max links must be at least 1");
        double* inverse = _shares.InversePointer;
        long* offsets = graph.InOffsets.Pointer;
        uint* sources = graph.InLinks.Pointer;
        float* weights = graph.InWeights is null ? null : graph.InWeights.Pointer;
        long links = 0;
        _r[target] = 1;
        _touched.Add(target);
        _queue.Enqueue(target);
        _waiting[target] = true;
        try
        {
            for (int turn = 0; _queue.Count > 0 && links < options.MaxLinks; turn++)
            {
                if ((turn & 0xFFF) == 0xFFF)
                    cancel.ThrowIfCancellationRequested();
                int w = _queue.Dequeue();
                _waiting[w] = false;
                double r = _r[w], passed = d * r;
                _r[w] = 0;
                _p[w] += r;
                long at = offsets[w], end = offsets[w + 1L];
                links += end - at;
                for (; at < end; at++)
                {
                    int u = (int)sources[at];
                    double more = passed * inverse[u] * (weights == null ? 1 : weights[at]);
                    if (!(more > 0))
                        continue;
                    if (_r[u] == 0 && _p[u] == 0)
                        _touched.Add(u);
                    _r[u] += more;
                    if (_r[u] > epsilon && !_waiting[u])
                    {
                        _waiting[u] = true;
                        _queue.Enqueue(u);
                    }
                }
            }
        }
        catch
        {
            Clear();
            throw;
        }
        double reached = epsilon;
        foreach (int u in _queue)
        {
            reached = Math.Max(reached, _r[u]);
            _waiting[u] = false;
        }
        _queue.Clear();
        return (links, reached);
    }

    private void Clear()
    {
        foreach (int u in _queue)
            _waiting[u] = false;
        _queue.Clear();
        foreach (int u in _touched)
            (_p[u], _r[u]) = (0, 0);
        _touched.Clear();
    }
}
