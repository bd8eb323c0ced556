namespace Backlinks.GraphEngine;

/// <summary>What a pass over all links found of z and of r = t + d·Pᵀz − z.</summary>
/// <param name="Sum">Σz.</param>
/// <param name="Residual">‖r‖₁.</param>
/// <param name="Rounding">What rounding may have hidden of it.</param>
/// <param name="Worst">Largest |r(v)|/max(z(v), floor).</param>
/// <param name="Over">Nodes where that is above the tolerance.</param>
internal readonly record struct AuthorityResidual(double Sum, double Residual, double Rounding, double Worst, int Over);

/// <summary>
/// The state of solving z = t + d·Pᵀz: z and r in double, and the three steps that bring r down: <see cref="Measure"/>
/// (one pass in double, which proves), <see cref="Correct"/> (rounds in float on the equation of the error) and
/// <see cref="Push"/> (the few nodes that are left).
/// </summary>
internal sealed unsafe class AuthoritySolve : IDisposable
{
    /// <summary>Rounds of one correction at most: some three times what the pass in double costs that follows, and the longest a checkpoint waits.</summary>
    private const int CorrectionRounds = 40;

    /// <summary>What one correction can gain: beyond it float has no digits left.</summary>
    private const double FloatGain = 1e-6;

    /// <summary>Nodes over the tolerance, as a share of all, from which pushing one by one loses to sweeping all links.</summary>
    public const double FewNodes = 1.0 / 32;

    private readonly double[] _t;
    private readonly double _damping;
    private readonly double _tolerance;
    private readonly int _threads;
    private readonly HugeArray<double> _scaled;
    private readonly HugeArray<double> _r;
    private readonly HugeArray<double> _z;
    private RankSystem? _system;

    /// <param name="t">n multiples, checked.</param>
    public AuthoritySolve(LinkGraph graph, double[] t, double damping, double tolerance, int threads)
    {
        Shares = new LinkShares(graph, threads);
        Graph = graph;
        _t = t;
        _damping = damping;
        _tolerance = tolerance;
        _threads = threads;
        _scaled = new HugeArray<double>(graph.NodeCount);
        _r = new HugeArray<double>(graph.NodeCount);
        _z = new HugeArray<double>(graph.NodeCount);
        double sum = 0;
        foreach (double each in t)
            sum += each;
        Floor = graph.NodeCount > 0 ? 1e-6 * sum / graph.NodeCount : 0;
    }

    public LinkGraph Graph { get; }

    public LinkShares Shares { get; }

    /// <summary>Residuals are held against z or this, whichever is more: a millionth of the mean teleport, below which a score is nothing.</summary>
    public double Floor { get; }

    public Span<double> Z => new(_z.Pointer, Graph.NodeCount);

    public Span<double> R => new(_r.Pointer, Graph.NodeCount);

    /// <summary>Rounds of float corrections so far.</summary>
    public int Rounds { get; set; }

    /// <summary>Nodes pushed so far.</summary>
    public long Pushes { get; set; }

    /// <summary>
    /// Sets r from z. Nodes that pass nothing on are no unknowns: their z becomes what comes in, and their r 0.
    /// A z below 0, which only rounding makes, becomes 0.
    /// </summary>
    public AuthorityResidual Measure(CancellationToken cancel)
    {
        double* z = _z.Pointer, r = _r.Pointer, scaled = _scaled.Pointer, inverse = Shares.InversePointer;
        long* offsets = Graph.InOffsets.Pointer;
        var parts = new AuthorityResidual[Shares.Ranges.Count];
        Shares.Ranges.Run(Shares.Threads, (_, first, end) =>
        {
            for (int u = first; u < end; u++)
                scaled[u] = (z[u] = Math.Max(z[u], 0)) * inverse[u];
        }, cancel);
        fixed (double* t = _t)
        {
            double* teleport = t;
            Shares.Ranges.Run(Shares.Threads, (range, first, end) =>
            {
                Shares.Rows(scaled, r, first, end, 1);
                double sum = 0, residual = 0, rounding = 0, worst = 0;
                int over = 0;
                for (int v = first; v < end; v++)
                {
                    double y = teleport[v] + _damping * r[v];
                    rounding += y * ((offsets[v + 1L] - offsets[v]) / 4 + 12) * 1.2e-16;
                    if (inverse[v] == 0 || _damping == 0)
                    {
                        z[v] = y;
                        r[v] = 0;
                    }
                    else
                    {
                        double change = Math.Abs(r[v] = y - z[v]);
                        if (change > 0)
                        {
                            residual += change;
                            double ratio = change / Math.Max(z[v], Floor);
                            worst = Math.Max(worst, ratio);
                            if (ratio > _tolerance)
                                over++;
                        }
                    }
                    sum += z[v];
                }
                parts[range] = new AuthorityResidual(sum, residual, rounding, worst, over);
            }, cancel);
        }
        var all = default(AuthorityResidual);
        foreach (AuthorityResidual part in parts)
            all = new(all.Sum + part.Sum, all.Residual + part.Residual, all.Rounding + part.Rounding, Math.Max(all.Worst, part.Worst), all.Over + part.Over);
        return all;
    }

    /// <summary>What <see cref="Measure"/> would find where z is 0: r is t. Costs no pass over the links.</summary>
    public AuthorityResidual MeasureNothing()
    {
        _t.CopyTo(R);
        return Scan();
    }

    /// <summary>Sums up r as it stands, where it is known without a pass over the links. Rounding is not counted: this proves nothing.</summary>
    public AuthorityResidual Scan()
    {
        double sum = 0, residual = 0, worst = 0;
        int over = 0;
        double* inverse = Shares.InversePointer;
        for (int v = 0; v < Graph.NodeCount; v++)
        {
            sum += _z.Pointer[v];
            if (_r.Pointer[v] == 0 || inverse[v] == 0)
                continue; // who passes nothing on is set right by the next pass
            double change = Math.Abs(_r.Pointer[v]), ratio = change / Math.Max(_z.Pointer[v], Floor);
            residual += change;
            worst = Math.Max(worst, ratio);
            if (ratio > _tolerance)
                over++;
        }
        return new AuthorityResidual(sum, residual, 0, worst, over);
    }

    /// <summary>
    /// z += e with (I − dPᵀ)e = r solved in float by <see cref="RankSystem"/>'s Gauss–Seidel rounds, until their change is a
    /// millionth of ‖r‖₁, or below <paramref name="goal"/>, or there were enough for one correction.
    /// </summary>
    public void Correct(double residual, double goal, int mostRounds, CancellationToken cancel)
    {
        _system ??= new RankSystem(Graph, _damping, weighted: true, _threads);
        RankSystem system = _system;
        int n = Graph.NodeCount, linking = system.Layout.Linking;
        uint* nodes = system.Layout.RowNodes.Pointer;
        double* z = _z.Pointer, r = _r.Pointer;
        double[] right = GC.AllocateUninitializedArray<double>(n);
        system.Each(n, (first, end) =>
        {
            for (int row = first; row < end; row++)
                right[row] = r[nodes[row]];
            return 0;
        });
        system.Start([right], 0, 0);
        goal = Math.Max(goal, FloatGain * residual);
        mostRounds = Math.Min(mostRounds, CorrectionRounds);
        using (var extrapolation = new RankExtrapolation(system))
        {
            double best = double.PositiveInfinity;
            for (int round = 0; round + 2 <= mostRounds; round += 2)
            {
                cancel.ThrowIfCancellationRequested();
                double change = extrapolation.TwoRounds();
                Rounds += 2;
                if (change <= goal)
                    break;
                if (change < best * 2 && round + 4 <= mostRounds) // the last rounds are plain: an extrapolation is no step of its own
                    extrapolation.Apply();
                best = Math.Min(best, change);
            }
            if (mostRounds == 1)
            {
                system.Round(measure: false);
                Rounds++;
            }
        }
        float* c = system.C, factors = system.Df;
        system.Each(linking, (first, end) =>
        {
            for (int row = first; row < end; row++)
                if (factors[row] > 0)
                    z[nodes[row]] += c[row] * system.OutWeight(row);
            return 0;
        });
    }

    /// <summary>Pushes from the nodes over the tolerance by the r there is; false if that took more than <paramref name="budget"/> links.</summary>
    public bool Push(long budget, CancellationToken cancel)
    {
        var push = new ResidualPush(Shares, _damping, _z.Pointer, _r.Pointer, _tolerance / 2, Floor); // half: the pass that proves rounds otherwise
        for (int v = 0; v < Graph.NodeCount; v++)
            push.Note(v);
        bool done = push.Run(budget, cancel);
        Pushes += push.Pushes;
        return done;
    }

    public void Dispose()
    {
        _system?.Dispose();
        Shares.Dispose();
        _scaled.Dispose();
        _r.Dispose();
        _z.Dispose();
    }
}
