using System.Numerics;

namespace Backlinks.GraphEngine;

/// <summary>How far a simulation goes.</summary>
public sealed record SimulationOptions
{
    /// <summary>Bound on the error of the target's new raw value, relative to it, at which to stop; > 0. Default 1e-4: on a scale where a
    /// point is a factor of about 1.1 that is less than a hundredth of a point.</summary>
    public double Tolerance { get; init; } = 1e-4;

    /// <summary>Nodes to tell besides the target, those that move most; ≥ 0.</summary>
    public int Movers { get; init; } = 10;

    /// <summary>Links to follow from the changed rows, ≥ 0: with <see cref="BackwardLinks"/> the limit of time, at 100 to 500 ns each as they
    /// lie all over the graph. Default 2^14, which finds who moves; sixteen times as many make no bound better that going back does not. What
    /// is left undone is in the bounds.</summary>
    public long ForwardLinks { get; init; } = 1 << 14;

    /// <summary>Links to follow back from the target, ≥ 0; a 64th of it from each mover. Default 2^18, of which an edit of one link needs a twentieth.</summary>
    public long BackwardLinks { get; init; } = 1 << 18;

    /// <summary>Whether to count the target's ranks: two passes over n numbers. Default true.</summary>
    public bool Ranks { get; init; } = true;
}

/// <summary>A node before and after.</summary>
/// <param name="Before">z(v), as published.</param>
/// <param name="After">ẑ'(v), the new value.</param>
/// <param name="Bound">Certified: |z'(v) − ẑ'(v)| ≤ this, z' the exact solution of the changed graph; rounding and the tolerance that
/// the published values were solved to are in it.</param>
/// <param name="RankBefore">Place from the top, equal values by node number; 0 for movers, and where ranks were not asked for.</param>
/// <param name="RankAfter">The same with what was found of the others; an estimate, as those that hardly move are taken to stand still.</param>
public readonly record struct NodeChange(int Node, double Before, double After, double Bound, int RankBefore, int RankAfter)
{
    public double Change => After - Before;
}

/// <summary>What edits would do.</summary>
public sealed record SimulationResult
{
    public required NodeChange Target { get; init; }

    /// <summary>The nodes that move most, the target and removed nodes not among them, by size.</summary>
    public required IReadOnlyList<NodeChange> Movers { get; init; }

    /// <summary>Certified: no other node that stays moves by more than this.</summary>
    public required double OthersMoveAtMost { get; init; }

    /// <summary>What became of each edit, in their order.</summary>
    public required IReadOnlyList<EditEffect> Effects { get; init; }

    /// <summary>‖r‖₁ that was left: the L1 error over all nodes is at most this over 1−d, and what the published values lack.</summary>
    public required double Residual { get; init; }

    /// <summary>Whether the target's bound is within the tolerance asked for.</summary>
    public required bool WithinTolerance { get; init; }

    /// <summary>Rows that edits changed.</summary>
    public required int RowsChanged { get; init; }

    /// <summary>Links followed, both ways.</summary>
    public required long LinksFollowed { get; init; }
}

/// <summary>
/// What raw authority would be if links were other than they are, without solving the graph again.
/// <code>
/// z' = z + Δ,   (I − dP'ᵀ)Δ = r₀,   r₀ = t' − t + d(P' − P)ᵀz           only at targets of changed rows
/// forward:   Δ̂(u) += r(u);  r(v) += d·P'(u,v)·r(u);  r(u) = 0            Δ = Δ̂ + M'r,  M' = (I − dP'ᵀ)⁻¹
/// backward:  p(x) += ρ(x);  ρ(u) += d·P'(u,x)·ρ(x);  ρ(x) = 0            M'(v,·) = p + ρ-weighted rows of M'
/// </code>
/// Signed forward push (Andersen, Chung, Lang 2006, as used for changing graphs by Ohsaka, Maehara, Kawarabayashi 2015) finds who moves;
/// its bound, ‖r‖₁/(1−d), falls slowly, as what is left spreads over the web. So for the nodes that are told a backward push
/// (Andersen et al. 2007) meets it half-way, as bidirectional estimators do (Lofgren, Banerjee, Goel 2016):
/// <code>Δ(v) = Δ̂(v) + Σ p(u)·r(u) + e,   |e| ≤ max ρ/(1−d) · max(Σ r⁺, Σ r⁻)        the product of what both left</code>
/// Both push what is largest for its cost first (|r|/out-degree; ρ), in levels that fall by four. Changed rows lie over the mapped
/// graph (<see cref="EditedRows"/>), shares are computed while they are pushed, the graph is never copied. A removed node has z' = 0
/// exactly. <para>Bounds are proven: added are the rounding of every sum, d·Σ‖P'(u)−P(u)‖₁·|z−z*|(u) over changed rows, and |z−z*|(v)
/// (<see cref="SolvedAuthority.ErrorAt"/>). Cost: changed rows, links followed (bounded by the options), n for ranks; 24 bytes a node
/// touched. Repeatable: one thread, nodes in order of first touch.</para>
/// </summary>
public static class Simulation
{
    /// <summary>Runs edits in thought.</summary>
    /// <param name="target">The node whose new value is wanted.</param>
    /// <param name="edits">Applied in order.</param>
    /// <exception cref="ArgumentOutOfRangeException">An edit names no node or a weight that is not finite and at least 0, or an option is out of its range.</exception>
    public static SimulationResult Of(SolvedAuthority solved, int target, IReadOnlyList<LinkEdit> edits, SimulationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(solved);
        ArgumentNullException.ThrowIfNull(edits);
        options ??= new SimulationOptions();
        Check(solved.Graph, target, edits, options);
        var rows = new EditedRows(solved.Graph);
        EditEffect[] effects = [.. edits.Select(rows.Apply)];
        return new Push(solved, rows, options, cancel).Run(target, effects);
    }

    private static void Check(LinkGraph graph, int target, IReadOnlyList<LinkEdit> edits, SimulationOptions options)
    {
        int n = graph.NodeCount;
        if ((uint)target >= (uint)n)
            throw new ArgumentOutOfRangeException(nameof(target), target, $"nodes are 0 to {n - 1}");
        foreach (LinkEdit edit in edits)
        {
            bool ofNode = edit.Kind is EditKind.RemoveNode or EditKind.DisavowNode;
            if ((uint)edit.Source >= (uint)n || (!ofNode && (uint)edit.Target >= (uint)n))
                throw new ArgumentOutOfRangeException(nameof(edits), (uint)edit.Source >= (uint)n ? edit.Source : edit.Target, $"nodes are 0 to {n - 1}");
            bool weighs = edit.Kind == EditKind.ReweighLink || (edit.Kind == EditKind.AddLink && !double.IsNaN(edit.Weight));
            if (weighs && !(edit.Weight >= 0 && edit.Weight < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(edits), edit.Weight, "the weight of a link must be finite and at least 0");
            if (!double.IsFinite(edit.Lost))
                throw new ArgumentOutOfRangeException(nameof(edits), edit.Lost, "the change of what evaporates must be finite");
        }
        if (!(options.Tolerance > 0 && options.Tolerance < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(options), options.Tolerance, "tolerance must be greater than 0");
        if (options.Movers < 0)
            throw new ArgumentOutOfRangeException(nameof(options), options.Movers, "movers must be 0 or more");
        if (options.ForwardLinks < 0 || options.BackwardLinks < 0)
            throw new ArgumentOutOfRangeException(nameof(options), Math.Min(options.ForwardLinks, options.BackwardLinks), "links to follow must be 0 or more");
    }

    /// <summary>One simulation while it runs.</summary>
    private sealed class Push(SolvedAuthority solved, EditedRows rows, SimulationOptions options, CancellationToken cancel)
    {
        private const double HalfUlp = 1.2e-16; // 2^-53, and a little for the sums of it

        private readonly LinkGraph _graph = solved.Graph;
        private readonly double _damping = solved.Damping;
        private readonly SparseSums _residual = new();
        private readonly SparseSums _change = new();
        private readonly SparseSums _totals = new();
        private readonly List<double> _costs = []; // 1/(1 + out-degree), by place in the residual

        /// <summary>What rounding may have done to the residual, and what it inherits from the published values, in L1.</summary>
        private double _unsure;
        private long _links;

        public SimulationResult Run(int target, EditEffect[] effects)
        {
            int changed = Begin();
            Forward(target);
            double positive = 0, negative = 0;
            foreach (double r in _residual.Values)
                if (r > 0)
                    positive += r;
                else
                    negative -= r;
            double left = Math.Max(positive, negative) * (1 + HalfUlp * _residual.Count);
            (int Node, double Change)[] found = Estimates();
            (int Node, double Change)[] most = Largest(found, target, options.Movers + 1);
            Moved moved = Find(target, left, options.BackwardLinks);
            Moved[] movers = [.. most.Take(options.Movers).Select(c => Find(c.Node, left, options.BackwardLinks / 64))];
            movers = [.. movers.OrderByDescending(m => Math.Abs(m.Change)).ThenBy(m => m.Node)];
            double others = (most.Length > options.Movers ? Math.Abs(most[^1].Change) : 0) + Outside(left, selfLinked: true);
            return new SimulationResult
            {
                Target = Rank(moved, found),
                Movers = [.. movers.Select(m => Told(m, 0, 0))],
                OthersMoveAtMost = changed == 0 ? 0 : others,
                Effects = effects,
                Residual = positive + negative + _unsure,
                WithinTolerance = moved.Bound <= options.Tolerance * After(moved) || rows.IsRemoved(target),
                RowsChanged = changed,
                LinksFollowed = _links,
            };
        }

        /// <summary>r₀; returns how many rows differ.</summary>
        private int Begin()
        {
            int changed = 0;
            foreach ((int source, EditedRows.Row row) in rows.Rows)
            {
                cancel.ThrowIfCancellationRequested();
                ReadOnlySpan<uint> old = _graph.OutOf(source);
                double total = solved.TotalOf(source), z = solved.Raw[source], differ = 0;
                long start = _graph.OutOffsets[source];
                for (int i = 0, j = 0; i < old.Length || j < row.Targets.Count;)
                {
                    uint before = i < old.Length ? old[i] : uint.MaxValue, after = j < row.Targets.Count ? row.Targets[j] : uint.MaxValue;
                    uint to = Math.Min(before, after);
                    double was = before == to && total > 0 ? _graph.OutWeight(start + i) / total : 0, now = after == to && row.Total > 0 ? row.Weights[j] / row.Total : 0;
                    if (was != now)
                    {
                        ref double r = ref _residual.At((int)to);
                        r += _damping * z * (now - was);
                        differ += Math.Abs(now - was) + 4 * HalfUlp * (now + was);
                        _unsure += HalfUlp * Math.Abs(r);
                    }
                    i += before == to ? 1 : 0;
                    j += after == to ? 1 : 0;
                }
                _links += old.Length + row.Targets.Count;
                if (differ > 0)
                {
                    changed++;
                    // The totals of a row of k links, old and new, are off by k half-ulps each.
                    _unsure += _damping * (differ * solved.ErrorAt(source) + HalfUlp * z * (16 + 8 * differ + old.Length + row.Targets.Count));
                }
            }
            foreach (int node in rows.Removed)
            {
                changed += _graph.OutDegree(node) == 0 && _graph.InDegree(node) == 0 ? 1 : 0;
                _residual.At(node) = 0;
                _change.At(node) = -solved.Raw[node];
            }
            return changed;
        }

        /// <summary>Pushes residual along the links until the bound will do or the links to follow are used up.</summary>
        private void Forward(int target)
        {
            long limit = _links + options.ForwardLinks;
            var queue = new Queue<int>(); // places in the residual
            double level = 0, enough = options.Tolerance * solved.Raw[target] * (1 - _damping) / 16;
            for (int place = 0; place < _residual.Count; place++)
                level = Math.Max(level, Urgency(place));
            while (level > 0 && _links < limit)
            {
                level /= 4;
                double sum = 0;
                for (int place = 0; place < _residual.Count; place++)
                {
                    sum += Math.Abs(_residual.ValueAt(place));
                    if (Urgency(place) >= level)
                        queue.Enqueue(place);
                }
                if (sum <= enough || sum <= 4 * _unsure)
                    return;
                while (_links < limit && queue.TryDequeue(out int place))
                {
                    double r = _residual.ValueAt(place);
                    if (r == 0 || Urgency(place) < level)
                        continue; // pushed since it was queued
                    _residual.ValueAt(place) = 0;
                    int node = _residual.Nodes[place];
                    ref double change = ref _change.At(node);
                    change += r;
                    _unsure += HalfUlp * (Math.Abs(change) + Math.Abs(r) / _costs[place]); // as if it were still to come; and of the row's total
                    Spread(node, r, level, queue);
                }
                queue.Clear();
            }
        }

        /// <summary>What a push gains for what it costs.</summary>
        private double Urgency(int place)
        {
            while (_costs.Count <= place)
            {
                int node = _residual.Nodes[_costs.Count];
                _costs.Add(1.0 / (1 + (rows.RowOf(node)?.Targets.Count ?? _graph.OutDegree(node))));
            }
            return Math.Abs(_residual.ValueAt(place)) * _costs[place];
        }

        private void Spread(int node, double r, double level, Queue<int> queue)
        {
            if ((_links & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (rows.RowOf(node) is { } row)
            {
                double each = row.Total > 0 ? _damping * r / row.Total : 0;
                for (int i = 0; i < row.Targets.Count; i++)
                    Give((int)row.Targets[i], each * row.Weights[i], level, queue);
                _links += row.Targets.Count;
                return;
            }
            double total = solved.TotalOf(node), part = total > 0 ? _damping * r / total : 0;
            ReadOnlySpan<uint> targets = _graph.OutOf(node);
            ReadOnlySpan<float> weights = _graph.OutWeights is { } all ? all.Slice(_graph.OutOffsets[node], targets.Length) : [];
            for (int i = 0; i < targets.Length; i++)
                Give((int)targets[i], weights.IsEmpty ? part : part * weights[i], level, queue);
            _links += targets.Length;
        }

        private void Give(int node, double amount, double level, Queue<int> queue)
        {
            int place = _residual.PlaceOf(node);
            double before = Urgency(place);
            ref double r = ref _residual.ValueAt(place);
            r += amount;
            _unsure += HalfUlp * (Math.Abs(r) + 4 * Math.Abs(amount));
            if (before < level && Urgency(place) >= level)
                queue.Enqueue(place);
        }

        /// <summary>Δ̂ + r of the nodes touched: one step more than was pushed, for free.</summary>
        private (int Node, double Change)[] Estimates()
        {
            var all = new List<(int, double)>(_residual.Count + _change.Count);
            for (int i = 0; i < _change.Count; i++)
                all.Add((_change.Nodes[i], _change.ValueAt(i) + _residual[_change.Nodes[i]]));
            for (int i = 0; i < _residual.Count; i++)
                if (_change.Place(_residual.Nodes[i]) < 0)
                    all.Add((_residual.Nodes[i], _residual.ValueAt(i)));
            return [.. all];
        }

        /// <summary>The largest changes, largest first, the target and removed nodes aside; equal ones by node number.</summary>
        private (int Node, double Change)[] Largest((int Node, double Change)[] found, int target, int count)
        {
            var heap = new PriorityQueue<(int Node, double Change), (double, int)>();
            double floor = 0;
            foreach ((int node, double change) in found)
            {
                double size = Math.Abs(change);
                if (size < floor || size == 0 || node == target || rows.IsRemoved(node))
                    continue;
                heap.Enqueue((node, change), (size, -node));
                if (heap.Count > count)
                    heap.Dequeue();
                floor = heap.Count == count && heap.TryPeek(out _, out (double Size, int) last) ? last.Size : 0;
            }
            var largest = new (int, double)[heap.Count];
            for (int i = largest.Length - 1; i >= 0; i--)
                largest[i] = heap.Dequeue();
            return largest;
        }

        /// <summary>
        /// What the residual left can still do to a node beyond Δ̂ + r: a unit elsewhere comes here with at most d, and what comes returns
        /// with at most d² a time (d where the node may link to itself), so M'(v,u) ≤ d/(1−d²), and M'(v,v) − 1 ≤ d²/(1−d²) as well.
        /// </summary>
        private double Outside(double left, bool selfLinked) =>
            _damping * left / (1 - (selfLinked ? _damping : _damping * _damping)) + _unsure / (1 - _damping);

        private readonly record struct Moved(int Node, double Change, double Bound);

        /// <summary>The change of a node, by what comes back from it where the forward bound will not do.</summary>
        private Moved Find(int node, double left, long budget)
        {
            if (rows.IsRemoved(node))
                return new Moved(node, -solved.Raw[node], 0);
            double change = _change[node] + _residual[node], published = solved.ErrorAt(node);
            bool selfLinked = rows.RowOf(node) is { } row ? EditedRows.WeightIn(row, node) > 0 : _graph.OutOf(node).BinarySearch((uint)node) >= 0;
            double bound = Outside(left, selfLinked), enough = options.Tolerance * Math.Max(solved.Raw[node] + change, 0) - published;
            if (left > 0 && bound > enough / 2 && budget > 0)
            {
                (double more, double rest) = Backward(node, left, Math.Max(enough / 2, 0), budget);
                if (rest < bound)
                    (change, bound) = (_change[node] + more, rest);
            }
            return new Moved(node, change, bound + published + 4 * HalfUlp * (solved.Raw[node] + Math.Abs(change)));
        }

        /// <summary>Σ p(u)·r(u), and a bound on what is missing.</summary>
        private (double Sum, double Bound) Backward(int node, double left, double enough, long budget)
        {
            var open = new SparseSums();
            var done = new SparseSums();
            open.At(node) = 1;
            double level = 1, most = enough * (1 - _damping) / left;
            long from = _links, limit = _links + budget;
            var queue = new Queue<int>();
            while (level > most && _links < limit)
            {
                level = Math.Max(level / 4, most);
                for (int place = 0; place < open.Count; place++)
                    if (open.ValueAt(place) >= level)
                        queue.Enqueue(place);
                while (_links < limit && queue.TryDequeue(out int place))
                {
                    double amount = open.ValueAt(place);
                    if (amount < level)
                        continue;
                    open.ValueAt(place) = 0;
                    int at = open.Nodes[place];
                    done.At(at) += amount;
                    Return(at, amount, open, level, queue);
                }
                queue.Clear();
            }
            double sum = 0, size = 0, largest = 0;
            if (done.Count < _residual.Count)
                for (int i = 0; i < done.Count; i++)
                    Add(_residual[done.Nodes[i]], done.ValueAt(i));
            else
                for (int i = 0; i < _residual.Count; i++)
                    Add(_residual.ValueAt(i), done[_residual.Nodes[i]]);
            for (int i = 0; i < open.Count; i++)
                largest = Math.Max(largest, open.ValueAt(i));
            // p and ρ are sums of positive terms: their relative errors grow by a few half-ulps with each addition at most.
            double rounding = HalfUlp * (4 * (8 + _links - from) + done.Count) * size;
            return (sum, largest * left / (1 - _damping) + rounding + _unsure / (1 - _damping));

            void Add(double r, double p)
            {
                sum += r * p;
                size += Math.Abs(r) * p;
            }
        }

        private void Return(int node, double amount, SparseSums open, double level, Queue<int> queue)
        {
            if ((_links & 0xFF) == 0)
                cancel.ThrowIfCancellationRequested();
            ReadOnlySpan<uint> sources = _graph.InOf(node);
            ReadOnlySpan<float> weights = _graph.InWeights is { } all ? all.Slice(_graph.InOffsets[node], sources.Length) : [];
            for (int i = 0; i < sources.Length; i++)
            {
                int source = (int)sources[i];
                double share = rows.RowOf(source) is { } row ? ShareIn(row, node) : (weights.IsEmpty ? 1 : weights[i]) / TotalOf(source);
                if (share > 0)
                    Take(source, _damping * share * amount, open, level, queue);
            }
            foreach (int source in rows.AddedSources(node))
                if (ShareIn(rows.RowOf(source)!, node) is > 0 and double share)
                    Take(source, _damping * share * amount, open, level, queue);
            _links += sources.Length + 1;
        }

        private static double ShareIn(EditedRows.Row row, int target) => row.Total > 0 ? EditedRows.WeightIn(row, target) / row.Total : 0;

        private static void Take(int node, double amount, SparseSums open, double level, Queue<int> queue)
        {
            int place = open.PlaceOf(node);
            ref double value = ref open.ValueAt(place);
            bool queued = value >= level;
            value += amount;
            if (!queued && value >= level)
                queue.Enqueue(place);
        }

        /// <summary>W(u) of a row that no edit changed; summed once.</summary>
        private double TotalOf(int node)
        {
            if (_graph.OutWeights is null && _graph.LostWeights is null)
                return _graph.OutDegree(node);
            if (solved.KeepsTotals)
                return solved.TotalOf(node);
            ref double total = ref _totals.At(node);
            if (total == 0)
                total = _graph.OutTotal(node);
            return total;
        }

        private double After(Moved moved) => Math.Max(0, solved.Raw[moved.Node] + moved.Change);

        private NodeChange Told(Moved moved, int before, int after) => new(moved.Node, solved.Raw[moved.Node], After(moved), moved.Bound, before, after);

        /// <summary>Adds places from the top: by all published values, then what those that were found to move change in it.</summary>
        private NodeChange Rank(Moved moved, (int Node, double Change)[] found)
        {
            if (!options.Ranks)
                return Told(moved, 0, 0);
            double old = solved.Raw[moved.Node], now = After(moved);
            int before = 1 + CountAbove(old, moved.Node), after = 1 + CountAbove(now, moved.Node) - (old > now ? 1 : 0); // its own old value does not stand before it
            foreach ((int node, double change) in found)
                if (node != moved.Node)
                    after += (Above(solved.Raw[node] + change, node, now, moved.Node) ? 1 : 0) - (Above(solved.Raw[node], node, now, moved.Node) ? 1 : 0);
            return Told(moved, before, rows.IsRemoved(moved.Node) ? 0 : after);
        }

        private static bool Above(double value, int node, double than, int thanNode) => value > than || (value == than && node < thanNode);

        /// <summary>How many nodes have a greater published value, or the same and a lower number.</summary>
        private int CountAbove(double value, int node)
        {
            long count = 0;
            const int window = 1 << 20;
            for (int start = 0; start < _graph.NodeCount; start += window)
            {
                int end = Math.Min(_graph.NodeCount - start, window) + start, middle = Math.Clamp(node, start, end);
                count += CountAtLeast(solved.Raw.Slice(start, middle - start), value) + CountAtLeast(solved.Raw.Slice(middle, end - middle), Math.BitIncrement(value));
            }
            return (int)count;
        }

        private static long CountAtLeast(ReadOnlySpan<double> values, double least)
        {
            Vector<long> counts = default;
            Vector<double> floor = new(least);
            int i = 0;
            for (; i + Vector<double>.Count <= values.Length; i += Vector<double>.Count)
                counts -= Vector.GreaterThanOrEqual(new Vector<double>(values[i..]), floor);
            long count = Vector.Sum(counts);
            for (; i < values.Length; i++)
                count += values[i] >= least ? 1 : 0;
            return count;
        }
    }
}
