namespace Backlinks.Spam;

/// <summary>An undirected weighted graph in rows: every edge stands in both rows, no loops, no repeats.</summary>
/// <param name="Offsets">n+1 positions, first 0.</param>
/// <param name="Targets">Neighbours.</param>
/// <param name="Weights">≥ 0, equal in both rows of an edge.</param>
public sealed record WeightedGraph(int[] Offsets, int[] Targets, double[] Weights)
{
    public int NodeCount => Offsets.Length - 1;

    /// <summary>Edges in any order; weights of repeats are summed in the order given, loops are dropped.</summary>
    public static WeightedGraph Of(int nodes, IEnumerable<(int A, int B, double Weight)> edges)
    {
        var list = new List<(int A, int B, double Weight)>(edges);
        int[] offsets = new int[nodes + 1];
        foreach ((int a, int b, _) in list)
            if (a != b)
            {
                offsets[a + 1]++;
                offsets[b + 1]++;
            }
        for (int node = 0; node < nodes; node++)
            offsets[node + 1] += offsets[node];
        int[] next = offsets[..nodes], targets = new int[offsets[nodes]];
        double[] weights = new double[offsets[nodes]];
        for (int i = 0; i < list.Count; i++)
            if (list[i] is var (a, b, weight) && a != b)
            {
                (targets[next[a]], weights[next[a]++]) = (b, weight);
                (targets[next[b]], weights[next[b]++]) = (a, weight);
            }
        return Merge(offsets, targets, weights);
    }

    /// <summary>Sorts each row by target, in the order given among equals, and sums repeats: rows are short, so by insertion, long ones by a stable sort.</summary>
    private static WeightedGraph Merge(int[] offsets, int[] targets, double[] weights)
    {
        int kept = 0, start = 0;
        for (int node = 0; node + 1 < offsets.Length; node++)
        {
            int end = offsets[node + 1], first = kept;
            if (end - start > 1)
                SortRow(targets.AsSpan(start, end - start), weights.AsSpan(start, end - start));
            for (int i = start; i < end; i++)
                if (kept > first && targets[kept - 1] == targets[i])
                    weights[kept - 1] += weights[i];
                else
                {
                    (targets[kept], weights[kept]) = (targets[i], weights[i]);
                    kept++;
                }
            start = end;
            offsets[node + 1] = kept;
        }
        Array.Resize(ref targets, kept);
        Array.Resize(ref weights, kept);
        return new WeightedGraph(offsets, targets, weights);
    }

    private static void SortRow(Span<int> targets, Span<double> weights)
    {
        if (targets.Length > 32)
        {
            long[] keys = new long[targets.Length]; // target, then place: stable
            for (int i = 0; i < keys.Length; i++)
                keys[i] = ((long)targets[i] << 32) | (uint)i;
            Array.Sort(keys);
            double[] copy = weights.ToArray();
            for (int i = 0; i < keys.Length; i++)
                (targets[i], weights[i]) = ((int)(keys[i] >> 32), copy[(int)keys[i]]);
            return;
        }
        for (int i = 1; i < targets.Length; i++)
        {
            (int target, double weight) = (targets[i], weights[i]);
            int j = i - 1;
            for (; j >= 0 && targets[j] > target; j--)
                (targets[j + 1], weights[j + 1]) = (targets[j], weights[j]);
            (targets[j + 1], weights[j + 1]) = (target, weight);
        }
    }
}

/// <summary>How communities are looked for.</summary>
public sealed record LeidenOptions
{
    /// <summary>γ > 0: weight per pair of nodes that a community must exceed.</summary>
    public double Resolution { get; init; } = 0.05;

    /// <summary>θ > 0 of the refinement: how readily a node joins a community that is not the best. Default .01, the paper's.</summary>
    public double Randomness { get; init; } = 0.01;

    /// <summary>Of the order of nodes and of the refinement's choices.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>
/// Communities by the Leiden algorithm with the constant Potts model.
/// <code>H = Σ over communities c of  e_c − γ·n_c(n_c − 1)/2</code>
/// e_c: weight inside, n_c: nodes. Traag, Van Dooren, Nesterov 2011 (CPM); Traag, Waltman, van Eck, "From Louvain to Leiden:
/// guaranteeing well-connected communities", Scientific Reports 2019. CPM because modularity's own scale grows with the whole
/// graph and merges small farms (Fortunato, Barthélemy 2007); γ here says what density is a community, whatever surrounds it.
/// <para>Variant: fast local moving from a queue; refinement that merges well-connected single nodes by a draw weighed with
/// exp(ΔH/θ); aggregation of the refined parts, starting from the moved ones; until every part stands alone. Communities
/// are connected: a merge without an edge would lose H.</para>
/// Input: symmetric. Cost: some O(m) a pass, few passes; 40 bytes a node, 12 an edge. One thread and a seed: repeatable.
/// </summary>
public static class Leiden
{
    /// <summary>The community of each node, numbered from 0 in order of their lowest node.</summary>
    /// <exception cref="ArgumentOutOfRangeException">γ or θ is not above 0.</exception>
    public static int[] Compute(WeightedGraph graph, LeidenOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new LeidenOptions();
        if (!(options.Resolution > 0) || !(options.Randomness > 0))
            throw new ArgumentOutOfRangeException(nameof(options), options.Resolution > 0 ? options.Randomness : options.Resolution, "resolution and randomness must be above 0");
        int n = graph.NodeCount;
        var random = new Random(options.Seed);
        int[] where = [.. Enumerable.Range(0, n)]; // node of the aggregate graph that holds each node
        var level = new Level(graph, [.. Enumerable.Repeat(1.0, n)]);
        int[] part = [.. Enumerable.Range(0, n)];
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            Move(level, part, options.Resolution, random);
            int parts = Number(part);
            if (parts == level.Count)
                break;
            int[] refined = Refine(level, part, options, random);
            int pieces = Number(refined);
            if (pieces == level.Count) // nothing left to merge well: the parts stand as they are
                break;
            int[] next = new int[pieces];
            for (int node = 0; node < level.Count; node++)
                next[refined[node]] = part[node];
            for (int node = 0; node < n; node++)
                where[node] = refined[where[node]];
            level = level.Aggregate(refined, pieces);
            part = next;
        }
        int[] community = new int[n];
        for (int node = 0; node < n; node++)
            community[node] = part[where[node]];
        return Connected(graph, community);
    }

    /// <summary>H of a partition.</summary>
    public static double Quality(WeightedGraph graph, int[] community, double resolution)
    {
        double inside = 0;
        var sizes = new Dictionary<int, long>();
        for (int node = 0; node < graph.NodeCount; node++)
        {
            sizes[community[node]] = sizes.GetValueOrDefault(community[node]) + 1;
            for (int i = graph.Offsets[node]; i < graph.Offsets[node + 1]; i++)
                if (community[graph.Targets[i]] == community[node])
                    inside += graph.Weights[i];
        }
        return inside / 2 - resolution * sizes.Values.Sum(s => s * (s - 1) / 2.0);
    }

    private static void Move(Level level, int[] part, double gamma, Random random)
    {
        int n = level.Count;
        double[] size = new double[n], weight = new double[n];
        var empty = new Stack<int>();
        for (int node = 0; node < n; node++)
            size[part[node]] += level.Sizes[node];
        for (int c = n - 1; c >= 0; c--)
            if (size[c] == 0)
                empty.Push(c);
        int[] order = [.. Enumerable.Range(0, n)];
        random.Shuffle(order);
        var queue = new Queue<int>(order);
        bool[] waiting = new bool[n];
        Array.Fill(waiting, true);
        var near = new List<int>();
        while (queue.TryDequeue(out int node))
        {
            waiting[node] = false;
            int from = part[node];
            double own = level.Sizes[node];
            size[from] -= own;
            if (size[from] == 0)
                empty.Push(from);
            near.Clear();
            foreach (int i in level.Row(node))
            {
                int c = part[level.Targets[i]];
                if (weight[c] == 0)
                    near.Add(c);
                weight[c] += level.Weights[i];
            }
            int best = from;
            double gain = weight[from] - gamma * own * size[from];
            foreach (int c in near)
                if (weight[c] - gamma * own * size[c] is var other && other > gain + 1e-12)
                    (best, gain) = (c, other);
            if (gain < -1e-12)
                best = empty.Peek();
            foreach (int c in near)
                weight[c] = 0;
            if (size[best] == 0 && empty.Peek() == best)
                empty.Pop();
            else if (size[best] == 0)
                empty = new Stack<int>(empty.Where(c => c != best).Reverse());
            size[best] += own;
            part[node] = best;
            if (best == from)
                continue;
            foreach (int i in level.Row(node))
                if (part[level.Targets[i]] != best && !waiting[level.Targets[i]])
                {
                    waiting[level.Targets[i]] = true;
                    queue.Enqueue(level.Targets[i]);
                }
        }
    }

    private static int[] Refine(Level level, int[] part, LeidenOptions options, Random random)
    {
        int n = level.Count;
        double gamma = options.Resolution;
        int[] piece = [.. Enumerable.Range(0, n)];
        double[] size = (double[])level.Sizes.Clone(), whole = new double[n], toPart = new double[n], outward = new double[n], weight = new double[n];
        bool[] alone = new bool[n];
        Array.Fill(alone, true);
        for (int node = 0; node < n; node++)
        {
            whole[part[node]] += level.Sizes[node];
            foreach (int i in level.Row(node))
                if (part[level.Targets[i]] == part[node])
                    toPart[node] += level.Weights[i];
            outward[node] = toPart[node]; // of each piece: weight to the rest of its part
        }
        int[] order = [.. Enumerable.Range(0, n)];
        random.Shuffle(order);
        var near = new List<int>();
        var chances = new List<double>();
        foreach (int node in order)
        {
            double own = level.Sizes[node];
            if (!alone[node] || toPart[node] < gamma * own * (whole[part[node]] - own))
                continue;
            near.Clear();
            chances.Clear();
            foreach (int i in level.Row(node))
            {
                int other = level.Targets[i];
                if (part[other] != part[node])
                    continue;
                if (weight[piece[other]] == 0)
                    near.Add(piece[other]);
                weight[piece[other]] += level.Weights[i];
            }
            double best = 0, sum = 0;
            foreach (int c in near)
                if (Allowed(c))
                    best = Math.Max(best, weight[c] - gamma * own * size[c]);
            foreach (int c in near)
            {
                double gain = weight[c] - gamma * own * size[c];
                sum += Allowed(c) && gain >= 0 ? Math.Exp((gain - best) / options.Randomness) : 0;
                chances.Add(sum);
            }
            double stay = Math.Exp(-best / options.Randomness), draw = random.NextDouble() * (sum + stay);
            int chosen = chances.FindIndex(c => draw < c);
            if (chosen >= 0 && near[chosen] is var into && into != piece[node])
            {
                outward[into] += toPart[node] - 2 * weight[into];
                size[into] += own;
                size[piece[node]] = 0;
                alone[into] = false; // its first node has company now
                alone[node] = false;
                piece[node] = into;
            }
            foreach (int c in near)
                weight[c] = 0;

            bool Allowed(int c) => c != piece[node] && outward[c] >= gamma * size[c] * (whole[part[node]] - size[c]) - 1e-12;
        }
        return piece;
    }

    /// <summary>Renumbers to 0, 1, … in order of first appearance; returns how many.</summary>
    private static int Number(int[] part)
    {
        var number = new Dictionary<int, int>();
        for (int node = 0; node < part.Length; node++)
        {
            if (!number.TryGetValue(part[node], out int given))
                number.Add(part[node], given = number.Count);
            part[node] = given;
        }
        return number.Count;
    }

    /// <summary>Cuts what is not connected, should the last moves have left such a part, and numbers by lowest node.</summary>
    private static int[] Connected(WeightedGraph graph, int[] community)
    {
        int[] result = new int[community.Length];
        Array.Fill(result, -1);
        int next = 0;
        var stack = new Stack<int>();
        for (int root = 0; root < result.Length; root++)
        {
            if (result[root] >= 0)
                continue;
            result[root] = next;
            stack.Push(root);
            while (stack.TryPop(out int node))
                for (int i = graph.Offsets[node]; i < graph.Offsets[node + 1]; i++)
                    if (result[graph.Targets[i]] < 0 && community[graph.Targets[i]] == community[root])
                    {
                        result[graph.Targets[i]] = next;
                        stack.Push(graph.Targets[i]);
                    }
            next++;
        }
        return result;
    }

    /// <summary>A graph whose nodes stand for several, with their number as size.</summary>
    private sealed class Level(WeightedGraph graph, double[] sizes)
    {
        public int Count => sizes.Length;

        public double[] Sizes => sizes;

        public int[] Targets => graph.Targets;

        public double[] Weights => graph.Weights;

        public Positions Row(int node) => new(graph.Offsets[node], graph.Offsets[node + 1]);

        public Level Aggregate(int[] piece, int pieces)
        {
            double[] together = new double[pieces];
            for (int node = 0; node < sizes.Length; node++)
                together[piece[node]] += sizes[node];
            return new Level(WeightedGraph.Of(pieces, Edges()), together);

            IEnumerable<(int, int, double)> Edges()
            {
                for (int node = 0; node < sizes.Length; node++)
                    for (int i = graph.Offsets[node]; i < graph.Offsets[node + 1]; i++)
                        if (node < graph.Targets[i] && piece[node] != piece[graph.Targets[i]])
                            yield return (piece[node], piece[graph.Targets[i]], graph.Weights[i]);
            }
        }
    }

    /// <summary>Positions start to end − 1, for foreach.</summary>
    private struct Positions(int start, int end)
    {
        private int _at = start - 1;

        public readonly int Current => _at;

        public bool MoveNext() => ++_at < end;

        public readonly Positions GetEnumerator() => this;
    }
}
