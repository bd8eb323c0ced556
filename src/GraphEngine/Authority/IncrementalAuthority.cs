namespace Backlinks.GraphEngine;

/// <summary>What is known of the last ranking and of what has changed since.</summary>
public sealed record AuthorityChange
{
    /// <summary>The graph that was ranked.</summary>
    public required LinkGraph Before { get; init; }

    /// <summary>Its raw authority, converged with the same damping.</summary>
    public required double[] Raw { get; init; }

    /// <summary>Its t; null for 1 everywhere.</summary>
    public double[]? Teleport { get; init; }

    /// <summary>The number now of each node of then, −1 for one that is gone; null where nodes have kept their numbers (and new ones come last).</summary>
    public int[]? Renumbered { get; init; }

    /// <summary>Nodes of then whose out-links, their weights or what they lose may differ now; null if that is to be found out,
    /// by one pass over both graphs. Nodes that are gone, and those that are new, need not be named.</summary>
    public IReadOnlyCollection<int>? ChangedRows { get; init; }
}

/// <summary>An updated ranking.</summary>
/// <param name="Authority">As <see cref="RawAuthority"/> gives it, within the same tolerance.</param>
/// <param name="ChangedRows">Nodes whose out-links changed, new ones and those gone included.</param>
/// <param name="TouchedMass">‖r‖₁ of the old scores in the new graph, as a share of their sum: how much there was to correct.</param>
/// <param name="Pushed">Whether pushing residuals was enough; false where rounds over all links were taken.</param>
public sealed record IncrementalAuthorityResult(RawAuthorityResult Authority, int ChangedRows, double TouchedMass, bool Pushed);

/// <summary>
/// Raw authority of a graph that differs little from one that was ranked: keeps the old z and corrects it.
/// <code>
/// r(v) = t'(v) − t(v) + d·Σ over changed rows u of (P'(u,v) − P(u,v))·z(u)       the residual of z in the new graph
/// </code>
/// so only rows that differ are read to know what is wrong. Where that is little, <see cref="ResidualPush"/> spreads it, signed and
/// largest first, while that stays local; else <see cref="RawAuthority"/>'s rounds go on from the old z (warm start). Either
/// way a pass in double proves the result, and takes what earlier updates left over with it, so that errors do not add up
/// from run to run.
/// <para>Law: equal to a full computation within the tolerance, ‖z − z_full‖₁ ≤ 2·ErrorBound. Cost: comparing reads both
/// graphs' out-links once in order (none where changed rows are named); the proof is one pass over the links. Memory as
/// <see cref="RawAuthority"/>. Repeatable: equal bytes for any number of threads.</para>
/// </summary>
public static class IncrementalAuthority
{
    /// <summary>‖r‖₁/Σz, in tolerances, up to which pushing is tried: where more is wrong than a thousand tolerances a node on average, it reaches
    /// nearly every node before it fades, and rounds are quicker (benchmark <c>RecomputeLinks</c>).</summary>
    private const double MostTouched = 1000;

    /// <summary>Updates a ranking.</summary>
    /// <param name="options">Of the new ranking; <see cref="RawAuthorityOptions.Teleport"/> is the new t, Start and Checkpoint are not used.</param>
    /// <exception cref="ArgumentException">A length, a node number or an option is out of range.</exception>
    public static IncrementalAuthorityResult Update(LinkGraph graph, AuthorityChange change, RawAuthorityOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new RawAuthorityOptions();
        double[] t = RawAuthority.Check(graph, options);
        Check(graph, change);
        using var solve = new AuthoritySolve(graph, t, options.Damping, options.Tolerance, options.Threads);
        int oldNodes = change.Before.NodeCount;
        int[]? map = change.Renumbered;
        Span<double> z = solve.Z, r = solve.R;
        bool[] carried = new bool[graph.NodeCount];
        double sum = 0, touched = 0;
        for (int old = 0; old < oldNodes; old++)
            if ((map is null ? old : map[old]) is var node && node >= 0 && node < graph.NodeCount)
            {
                z[node] = change.Raw[old];
                r[node] = t[node] - (change.Teleport is null ? 1 : change.Teleport[old]);
                carried[node] = true;
                sum += z[node];
            }
        int[] rows = change.ChangedRows is { } named ? [.. named.Distinct().Order()] : RowChanges.Find(change.Before, graph, map, options.Threads, cancel);
        double d = options.Damping;
        int changed = 0;
        foreach (int old in rows)
            Replace(old, gone: false);
        for (int old = 0; old < oldNodes && (map is not null || oldNodes > graph.NodeCount); old++)
            if (NodeNow(old) < 0)
                Replace(old, gone: true);
        for (int node = 0; node < graph.NodeCount; node++)
            if (!carried[node])
            {
                r[node] += t[node]; // z is 0: what it passes on, pushing will
                changed++;
            }
        for (int node = 0; node < graph.NodeCount; node++)
            touched += Math.Abs(r[node]);
        touched = sum > 0 ? touched / sum : 1;
        bool pushed = touched <= MostTouched * options.Tolerance && solve.Push(graph.LinkCount / 4 + 100_000, cancel);
        int rounds = solve.Rounds;
        RawAuthorityResult authority = RawAuthority.Run(solve, options, pushed ? null : solve.Scan(), null, null, progress, cancel);
        return new IncrementalAuthorityResult(authority, changed, touched, pushed && authority.Rounds == rounds);

        int NodeNow(int old) => map is null ? old < graph.NodeCount ? old : -1 : map[old];

        // takes what the row passed on out of its targets' residuals, and puts in what it passes on now
        void Replace(int old, bool gone)
        {
            int now = NodeNow(old);
            if (!gone && now < 0)
                return; // gone rows have their turn
            changed++;
            Span<double> residual = solve.R;
            double score = change.Raw[old];
            LinkGraph before = change.Before;
            if (before.OutTotal(old) is var total && total > 0)
                for (long i = before.OutOffsets[old]; i < before.OutOffsets[old + 1L]; i++)
                    if (NodeNow((int)before.OutLinks[i]) is var target && target >= 0)
                        residual[target] -= d * score * before.OutWeight(i) / total;
            if (now >= 0 && graph.OutTotal(now) is var totalNow && totalNow > 0)
                for (long i = graph.OutOffsets[now]; i < graph.OutOffsets[now + 1L]; i++)
                    residual[(int)graph.OutLinks[i]] += d * score * graph.OutWeight(i) / totalNow;
        }
    }

    private static void Check(LinkGraph graph, AuthorityChange change)
    {
        int n = change.Before.NodeCount;
        RawAuthority.CheckVector(change.Before, change.Raw, "raw");
        RawAuthority.CheckVector(change.Before, change.Teleport, "teleport");
        if (change.Renumbered is { } map)
        {
            if (map.Length != n)
                throw new ArgumentException($"renumbers {map.Length} nodes where the graph before has {n}", nameof(change));
            bool[] taken = new bool[graph.NodeCount];
            foreach (int node in map)
                if (node >= graph.NodeCount || node < -1)
                    throw new ArgumentOutOfRangeException(nameof(change), node, $"nodes are renumbered −1 to {graph.NodeCount - 1}");
                else if (node >= 0 && taken[node])
                    throw new ArgumentException($"two nodes are renumbered {node}", nameof(change));
                else if (node >= 0)
                    taken[node] = true;
        }
        foreach (int row in change.ChangedRows ?? [])
            if (row < 0 || row >= n)
                throw new ArgumentOutOfRangeException(nameof(change), row, $"changed rows are 0 to {n - 1}");
    }
}

/// <summary>Finds the nodes whose out-links differ between two graphs.</summary>
public static class RowChanges
{
    /// <summary>Nodes of <paramref name="before"/>, ascending, that are still there and whose targets, weights or losses differ; links to
    /// nodes that are gone differ too.</summary>
    /// <param name="renumbered">As <see cref="AuthorityChange.Renumbered"/>.</param>
    public static unsafe int[] Find(LinkGraph before, LinkGraph after, int[]? renumbered, int threads = 0, CancellationToken cancel = default)
    {
        var ranges = new LinkRanges(before.OutOffsets);
        var found = new List<int>[ranges.Count];
        ranges.Run(FixedRanges.Threads(threads), (piece, first, end) =>
        {
            List<int> rows = found[piece] = [];
            uint[] mapped = [];
            for (int old = first; old < end; old++)
            {
                int now = renumbered is null ? old : renumbered[old];
                if (now >= 0 && now < after.NodeCount && !Same(old, now, ref mapped))
                    rows.Add(old);
            }
        }, cancel);
        return [.. found.SelectMany(rows => rows)];

        bool Same(int old, int now, ref uint[] mapped)
        {
            long a = before.OutOffsets.Pointer[old], b = after.OutOffsets.Pointer[now], degree = before.OutOffsets.Pointer[old + 1L] - a;
            if (after.OutOffsets.Pointer[now + 1L] - b != degree)
                return false;
            if ((before.LostWeights is { } lost ? lost.Pointer[old] : 0) != (after.LostWeights is { } lostNow ? lostNow.Pointer[now] : 0))
                return false;
            int count = checked((int)degree);
            ReadOnlySpan<uint> targets = new(before.OutLinks.Pointer + a, count), targetsNow = new(after.OutLinks.Pointer + b, count);
            if (renumbered is not null)
            {
                if (mapped.Length < count)
                    mapped = new uint[count * 2];
                bool ascending = true;
                for (int i = 0; i < count; i++)
                {
                    int target = renumbered[targets[i]];
                    if (target < 0)
                        return false;
                    mapped[i] = (uint)target;
                    ascending &= i == 0 || mapped[i] > mapped[i - 1];
                }
                if (!ascending)
                    return false; // its weights stand in another order: read it again
                targets = mapped.AsSpan(0, count);
            }
            if (!targets.SequenceEqual(targetsNow))
                return false;
            if (before.OutWeights is null && after.OutWeights is null)
                return true;
            for (int i = 0; i < count; i++)
                if (before.OutWeight(a + i) != after.OutWeight(b + i))
                    return false;
            return true;
        }
    }
}
