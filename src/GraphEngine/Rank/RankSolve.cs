namespace Backlinks.GraphEngine;

/// <summary>
/// Runs a <see cref="RankSystem"/> until each column's error is proven below the tolerance, and turns solutions into
/// rankings. Two readings of a solution ŷ of right side (1−d)v, by column:
/// <code>
/// scaled  x̂ = ŷ/Σŷ; Gx̂ − x̂ = r/Σŷ + κ·v with κ = d·δ(x̂) + 1−d − (1−d)/Σŷ     Teleport, and Uniform with uniform v
/// raw     x̂ = ŷ;    Gx̂ − x̂ = r                                                 Sink, and the parts of Uniform
/// </code>
/// </summary>
internal sealed unsafe class RankSolve : IDisposable
{
    /// <summary>Below this relative change a float solve gains nothing more: 2^-23, a float's precision.</summary>
    private const double FloatFloor = 1.2e-7;

    /// <summary>Pairs of rounds without a gain of 1 % after which float is taken to have no more to give: even at d = .999 a dozen gain more.</summary>
    private const int MostIdle = 12;

    private readonly RankSystem _system;
    private readonly PageRankOptions _options;
    private readonly double _d;
    private readonly int _n;
    private readonly bool _raw;
    private readonly double _tolerance;
    private readonly IProgress<StepProgress>? _progress;
    private readonly CancellationToken _cancel;
    private readonly int _wanted;
    private readonly double[]?[] _b;
    private HugeArray<double>? _y;
    private readonly double[] _residuals;
    private readonly double[] _roundings;
    private readonly double[] _kappas;
    private readonly List<RankRound> _trace = [];
    private RankKernel.PassSums[] _sums = [];
    private int _rounds;

    public RankSolve(RankSystem system, PageRankOptions options, IReadOnlyList<IReadOnlyDictionary<int, double>?> teleports, bool raw,
        double tolerance, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        _system = system;
        _options = options;
        _d = options.Damping;
        _n = system.Layout.Nodes;
        _raw = raw;
        _tolerance = tolerance;
        _progress = progress;
        _cancel = cancel;
        _wanted = teleports.Count;
        _b = new double[system.Columns][];
        for (int column = 0; column < system.Columns; column++)
            _b[column] = RightSide(teleports[Math.Min(column, _wanted - 1)], column < _wanted ? null : _b[_wanted - 1]); // spare columns repeat the last
        _residuals = new double[system.Columns];
        _roundings = new double[system.Columns];
        _kappas = new double[system.Columns];
    }

    private double Uniform => (1 - _d) / _n;

    public void Run()
    {
        _system.Start(_b, Uniform, 1.0 / _n);
        double[] scale = new double[_system.Columns];
        Array.Fill(scale, 1);
        double perChange = 0, before = double.PositiveInfinity;
        int stalls = 0;
        while (true)
        {
            double[] change = _system.Columns == 1 ? InnerOne(scale[0], perChange) : Inner(scale, perChange);
            _y = new HugeArray<double>((long)_n * _system.Columns);
            _sums = _system.Certify(_b, Uniform, _y.Pointer);
            AddLost();
            double worst = 0, worstBound = 0;
            bool exhausted = true;
            perChange = 0.05;
            for (int column = 0; column < _wanted; column++)
            {
                Certified(column);
                double sum = _sums[column].Sum;
                worst = Math.Max(worst, _residuals[column]);
                worstBound = Math.Max(worstBound, Bound(column));
                exhausted &= _residuals[column] <= _roundings[column];
                if (change[column] > 0)
                    perChange = Math.Max(perChange, _residuals[column] * (_raw ? 1 : sum) / change[column]);
                scale[column] = _residuals[column] * (_raw ? 1 : sum) / (1 - _d) * 0.5;
            }
            for (int column = _wanted; column < _system.Columns; column++)
                scale[column] = scale[_wanted - 1];
            perChange = Math.Min(perChange, 1);
            _trace.Add(new RankRound(_rounds, worst, worstBound, true));
            _progress?.Report(new StepProgress("ranking", _rounds, _rounds, "rounds"));
            stalls = worst > before * 0.9 ? stalls + 1 : 0;
            if (worstBound <= _tolerance || _rounds >= _options.MaxRounds || exhausted || stalls == 3)
                return;
            before = worst;
            _y.Dispose(); // y and the extrapolation's vectors never stand at once
            _y = null;
            _system.Refine();
        }
    }

    /// <summary>What evaporates from linking nodes goes the way of dangling mass: both are what P̄ does not pass on.</summary>
    private void AddLost()
    {
        if (!_system.Loses)
            return;
        for (int column = 0; column < _wanted; column++)
        {
            double* y = _y!.Pointer + column;
            int columns = _system.Columns;
            double lost = RankSystem.Total(_system.Each(_system.Layout.Linking, (first, end) =>
            {
                double sum = 0, carry = 0; // Kahan: the bound must not grow with the rows
                for (int row = first; row < end; row++)
                {
                    double term = y[(long)row * columns] * _system.LostShare(row) - carry, next = sum + term;
                    carry = next - sum - term;
                    sum = next;
                }
                return sum;
            }));
            _sums[column].Dangling += lost;
            _sums[column].Rounding += 1e-15 * lost;
        }
    }

    /// <summary>The ranking of a column that stands for itself.</summary>
    public PageRankResult Publish(int column)
    {
        int columns = _system.Columns, linking = _system.Layout.Linking;
        double s = _sums[column].Sum, kappa = _kappas[column], perB = kappa / (1 - _d), stay = 1 / (1 - _d), uniform = Uniform;
        double* y = _y!.Pointer + column;
        double[]? b = _b[column];
        bool raw = _raw;
        return Publish((row, dangling) => raw
            ? (dangling ? y[(long)row * columns] * stay : y[(long)row * columns])
            : y[(long)row * columns] / s + perB * (b is null ? uniform : b[row]), _residuals[column], Bound(column));
    }

    /// <summary>
    /// Uniform dangling with a personalised v: x = y(v) + t·y(1/n), where t·(1−d) = d·δ(x), so
    /// t = d·δ_v/(1 − d − d·δ_u) with δ the dangling mass of each. With e the bounds of the two,
    /// ‖x − x*‖₁ ≤ e_v + t·e_u + |Δt|·(Σy_u + e_u) and |Δt| ≤ d·(e_v + t·e_u)/(1 − d − d·δ_u − d·e_u).
    /// </summary>
    public PageRankResult PublishMixed(int column, int uniformColumn)
    {
        int columns = _system.Columns;
        double ev = Bound(column), eu = Bound(uniformColumn), room = 1 - _d - _d * _sums[uniformColumn].Dangling;
        double t = _d * _sums[column].Dangling / room, off = _d * (ev + t * eu) / Math.Max(room - _d * eu, 1e-300);
        double bound = ev + t * eu + off * (_sums[uniformColumn].Sum + _residuals[uniformColumn] + eu);
        double* y = _y!.Pointer + column, u = _y.Pointer + uniformColumn;
        return Publish((row, _) => y[(long)row * columns] + t * u[(long)row * columns], _residuals[column] + t * _residuals[uniformColumn], bound);
    }

    public void Dispose() => _y?.Dispose();

    private PageRankResult Publish(Func<int, bool, double> score, double residual, double bound)
    {
        double[] scores = GC.AllocateUninitializedArray<double>(_n);
        uint* nodes = _system.Layout.RowNodes.Pointer;
        int linking = _system.Layout.Linking;
        double danglingMass = RankSystem.Total(_system.Each(_n, (first, end) =>
        {
            double mass = 0;
            for (int row = first; row < end; row++)
            {
                bool dangling = row >= linking || _system.OutWeight(row) == 0;
                double value = Math.Max(score(row, dangling), 0);
                scores[nodes[row]] = value;
                if (dangling)
                    mass += value;
            }
            return mass;
        }));
        return new PageRankResult
        {
            Scores = scores,
            Rounds = _rounds,
            Residual = residual,
            ErrorBound = bound,
            Converged = bound <= _options.Tolerance,
            DanglingMass = danglingMass,
            Trace = _trace,
        };
    }

    /// <summary>(1−d)·v by rank row, v of sum 1; null for uniform.</summary>
    private double[]? RightSide(IReadOnlyDictionary<int, double>? teleport, double[]? same)
    {
        if (teleport is null || same is not null)
            return same;
        double[] byNode = new double[_n], b = new double[_n];
        double sum = 0;
        foreach ((int node, double weight) in teleport.OrderBy(t => t.Key))
            sum += byNode[node] = weight;
        uint* nodes = _system.Layout.RowNodes.Pointer;
        for (int row = 0; row < _n; row++)
            b[row] = (1 - _d) * (byNode[nodes[row]] / sum);
        return b;
    }

    private double Bound(int column) => _d / (1 - _d) * (_residuals[column] + _roundings[column]) + _roundings[column];

    /// <summary>What <see cref="Inner"/> does, for one column and with <see cref="RankExtrapolation"/>.</summary>
    private double[] InnerOne(double scale, double residualPerChange)
    {
        using var extrapolation = new RankExtrapolation(_system);
        int start = _rounds;
        double last = 0, sum = 1, change = 0, best = double.PositiveInfinity;
        int idle = 0;
        while (_rounds + 2 <= _options.MaxRounds)
        {
            _cancel.ThrowIfCancellationRequested();
            change = extrapolation.TwoRounds();
            _rounds += 2;
            if (!_raw && _rounds - start < 10)
                sum = 1 - _d + _d * _system.LinkingSums()[0];
            double rate = last > 0 ? Math.Min(change / last, 1) : _d;
            double perChange = residualPerChange > 0 ? residualPerChange : Math.Min(0.9, Math.Sqrt(rate) + 0.15);
            double goal = Goal(perChange, sum, scale);
            _trace.Add(new RankRound(_rounds, change / sum, _d / (1 - _d) * perChange * change / sum, false));
            idle = change < 0.99 * best ? 0 : idle + 1;
            if (change <= goal || idle == MostIdle)
                break;
            double left = 2 * Math.Log(goal / change) / Math.Log(Math.Clamp(rate, 0.05, 0.99));
            _progress?.Report(new StepProgress("ranking", _rounds, _rounds + (long)Math.Ceiling(left), "rounds"));
            if (change < best * 2) // an extrapolation that did harm is followed by plain rounds
                extrapolation.Apply();
            best = Math.Min(best, change);
            last = change;
        }
        if (_rounds + 1 == _options.MaxRounds && (_rounds == start || change > Goal(1, sum, scale)))
        {
            _rounds++;
            change = _system.Round(measure: true)![0];
        }
        return [change];
    }

    private double Goal(double residualPerChange, double sum, double scale) =>
        Math.Max(_tolerance * 0.8 * (1 - _d) / Math.Max(_d, 1e-3) / residualPerChange * sum, FloatFloor * scale);

    /// <summary>Gauss–Seidel rounds until the tolerance seems met or float has no more to give; returns the last L1 changes.</summary>
    private double[] Inner(double[] scale, double residualPerChange)
    {
        int start = _rounds, next = _rounds + 3, lastAt = 0;
        double[] last = [], sums = [], change = new double[_system.Columns];
        while (_rounds < _options.MaxRounds)
        {
            _cancel.ThrowIfCancellationRequested();
            bool measure = ++_rounds >= next || _rounds == _options.MaxRounds;
            if (_system.Round(measure) is not { } measured)
                continue;
            change = measured;
            if (sums.Length == 0 || lastAt - start < 8)
                sums = [.. _system.LinkingSums().Select(linking => _raw ? 1 : 1 - _d + _d * linking)]; // Σy = Σb + d·Σ_linking y; settles early
            double worstRate = 0, left = 0, worst = 0, worstBound = 0;
            for (int column = 0; column < _wanted; column++)
            {
                double rate = last.Length > 0 && last[column] > 0 ? Math.Pow(change[column] / last[column], 1.0 / (_rounds - lastAt)) : _d;
                double perChange = residualPerChange > 0 ? residualPerChange : Math.Min(0.9, rate + 0.15); // ‖r‖ over the last change, as seen
                double goal = Goal(perChange, sums[column], scale[column]);
                worstRate = Math.Max(worstRate, rate);
                worst = Math.Max(worst, change[column] / sums[column]);
                worstBound = Math.Max(worstBound, _d / (1 - _d) * perChange * change[column] / sums[column]);
                if (change[column] > goal)
                    left = Math.Max(left, Math.Log(goal / change[column]) / Math.Log(Math.Clamp(rate, 0.05, 0.99)));
            }
            _trace.Add(new RankRound(_rounds, worst, worstBound, false));
            if (left <= 0 || (_rounds - start > 8 && worstRate > 0.999))
                break;
            _progress?.Report(new StepProgress("ranking", _rounds, _rounds + (long)Math.Ceiling(left), "rounds"));
            (last, lastAt) = (change, _rounds);
            next = _rounds + (int)Math.Clamp(Math.Ceiling(left), 1, _rounds - start < 8 ? 4 : 8);
        }
        return change;
    }

    /// <summary>Sets the residual ‖Gx̂ − x̂‖₁ of a column, what rounding may add to it, and κ.</summary>
    private void Certified(int column)
    {
        int linking = _system.Layout.Linking;
        RankKernel.PassSums sums = _sums[column];
        double[]? b = _b[column];
        double s = _raw ? 1 : sums.Sum, uniform = Uniform;
        double kappa = _raw ? 0 : _d * sums.Dangling / s + 1 - _d - (1 - _d) / s, perB = kappa / (1 - _d);
        double residual = RankSystem.Total(_system.Each(linking, (first, end) =>
        {
            double sum = 0;
            for (int row = first; row < end; row++)
                sum += Math.Abs(_system.Residual(row, column) / s + perB * (b is null ? uniform : b[row]));
            return sum;
        }));
        double dangling = b is null ? uniform * (_n - linking) : b.AsSpan(linking).ToArray().Sum();
        _kappas[column] = kappa;
        _residuals[column] = (residual + Math.Abs(perB) * dangling) * (1 + 1e-6); // r is kept in float
        _roundings[column] = sums.Rounding / s + 4e-16;
    }
}
