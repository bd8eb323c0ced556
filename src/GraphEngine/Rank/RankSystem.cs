using System.Runtime.CompilerServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Solves (I − d·P̄ᵀ)y = b for one right side, or for 8 or 16 at once, where P̄(u,v) = w(u,v)/W(u) and rows of dangling nodes
/// are zero: the linear system behind every PageRank here (Arasu et al. 2002; Del Corso, Gullì, Romani 2005). Dangling
/// nodes pass nothing on, so they are no unknowns: they are evaluated once, in <see cref="Certify"/>.
/// <para>Method: mixed-precision iterative refinement. Inner: Gauss–Seidel in float on c = y/W, in the blocks of
/// <see cref="RankLayout"/>, links of a node to itself solved on the diagonal. Outer: the residual r = b − (I − dP̄ᵀ)ŷ in
/// double, whose error equation the next inner solve takes. Since ‖(I − dP̄ᵀ)⁻¹‖₁ ≤ 1/(1−d), ‖y − ŷ‖₁ ≤ ‖r‖₁/(1−d): the
/// bound is proven, with the rounding of the double pass added.</para>
/// <para>Vectors are row-major: K columns of a row stand together, so that one gather brings them all. Memory: 4 + 8·K
/// bytes a linking node and K·8/stages; 8·K a node for y; 8·K a linking node more once refined. Equal bytes for any number
/// of threads: what runs at once is fixed by the layout, partial sums are added in block order.</para>
/// </summary>
internal sealed unsafe class RankSystem : IDisposable
{
    /// <summary>Vectors beyond this are prefetched from: 2 MiB, about a core's own cache. Changes speed only.</summary>
    private const long CacheBytes = 2 << 20;

    /// <summary>Rows of one piece of <see cref="Each"/>: the order of sums hangs on it.</summary>
    public const int Range = 1 << 14;

    private readonly RankLayout _layout;
    private readonly RankTeam _team;
    private readonly double _damping;
    private readonly bool _weighted;
    private readonly bool _far;
    private readonly int[] _selfCursor;
    private readonly Action<int> _sweep;
    private readonly Action<int> _measuredSweep;
    private readonly double[] _changes;
    private readonly double[] _hubSums;
    private readonly (int Hub, long Start, long Length)[] _hubPieces;

    private readonly HugeArray<float> _c;
    private readonly HugeArray<float> _base;
    private readonly HugeArray<float> _df;
    private HugeArray<double>? _wide;

    /// <param name="columns">K: 1, 8 or 16.</param>
    public RankSystem(LinkGraph graph, double damping, bool weighted, int threads, int columns = 1)
    {
        if (columns is not (1 or 8 or 16))
            throw new ArgumentOutOfRangeException(nameof(columns), columns, "1, 8 or 16");
        Columns = columns;
        _layout = RankLayout.Open(graph);
        _damping = damping;
        _weighted = weighted && _layout.LinkWeights is not null;
        _team = new RankTeam(Math.Min(threads > 0 ? threads : Environment.ProcessorCount, _layout.Lanes));
        _changes = new double[((long)_layout.LinkingBlocks + 1) * columns]; // the last are the hubs'
        var pieces = new List<(int, long, long)>();
        for (int hub = 0; hub < _layout.HubCount; hub++)
            for (long at = 0, degree = _layout.Hubs[3L * hub + 1]; at < degree; at += RankLayout.HubChunk)
                pieces.Add((hub, _layout.Hubs[3L * hub + 2] + at, Math.Min(RankLayout.HubChunk, degree - at)));
        _hubPieces = [.. pieces];
        _hubSums = new double[_hubPieces.Length * columns];
        _c = new HugeArray<float>(_layout.Slots * columns + 8); // eight rows at a time may run over the end
        _base = new HugeArray<float>((long)_layout.Linking * columns);
        _df = new HugeArray<float>(_layout.Linking + 8L);
        _far = 4L * _layout.Linking * columns > CacheBytes;
        (_sweep, _measuredSweep) = (_weighted, _far) switch
        {
            (true, true) => ((Action<int>)Sweep<Yes, No, Yes>, (Action<int>)Sweep<Yes, Yes, Yes>),
            (true, false) => (Sweep<Yes, No, No>, Sweep<Yes, Yes, No>),
            (false, true) => (Sweep<No, No, Yes>, Sweep<No, Yes, Yes>),
            (false, false) => (Sweep<No, No, No>, Sweep<No, Yes, No>),
        };
        Advice.Populate(_layout.Links.Pointer, 4 * _layout.Links.Length);
        if (_weighted)
            Advice.Populate(_layout.LinkWeights!.Pointer, 4 * _layout.LinkCount);
        _selfCursor = SelfCursors();
        SetFactors();
    }

    /// <summary>K.</summary>
    public int Columns { get; }

    public RankLayout Layout => _layout;

    public double Damping => _damping;

    /// <summary>Contributions by slot, K of each.</summary>
    public float* C => _c.Pointer;

    /// <summary>d/(W·(1 − d·w(v,v)/W)) by linking row, 0 where W is 0; eight zeros behind.</summary>
    public float* Df => _df.Pointer;

    /// <summary>W of a linking row.</summary>
    public double OutWeight(int row) => _weighted ? _layout.OutWeights!.Pointer[row] : _layout.OutDegrees.Pointer[row];

    /// <summary>Share of a linking row's weight that goes nowhere.</summary>
    public double LostShare(int row) => _weighted && _layout.LostShares is { } lost ? lost.Pointer[row] : 0;

    /// <summary>Whether any row may lose weight.</summary>
    public bool Loses => _weighted && _layout.LostShares is not null;

    /// <summary>Sets the right sides and the first guess: y is <paramref name="guess"/> everywhere in the columns where b is uniform, else b.</summary>
    /// <param name="b">Right side of each column by rank row; null where it is <paramref name="uniform"/> everywhere.</param>
    public void Start(double[]?[] b, double uniform, double guess)
    {
        float* df = _df.Pointer;
        double d = _damping;
        for (int column = 0; column < Columns; column++)
        {
            double[]? right = b[column];
            float* c = _c.Pointer + column, to = _base.Pointer + column;
            int columns = Columns;
            EachLinkingRow((first, end) =>
            {
                for (int row = first; row < end; row++)
                {
                    double f = df[row] / d;
                    long at = (long)row * columns;
                    to[at] = (float)((right is null ? uniform : right[row]) * f);
                    c[at] = right is null ? (float)(guess * f) : to[at];
                }
            });
        }
    }

    /// <summary>One Gauss–Seidel round over all links into linking nodes; if measured, the L1 change of y by column.</summary>
    public double[]? Round(bool measure)
    {
        _team.Run(measure ? _measuredSweep : _sweep);
        if (!measure)
            return null;
        double[] changes = new double[Columns];
        for (int i = 0; i < _changes.Length; i++)
            changes[i % Columns] += _changes[i] * _damping;
        return changes;
    }

    /// <summary>Σŷ over linking nodes at the present c (and refined part), by column.</summary>
    public double[] LinkingSums()
    {
        double[] sums = new double[Columns];
        double* weights = _weighted ? _layout.OutWeights!.Pointer : null;
        uint* degrees = _layout.OutDegrees.Pointer;
        int columns = Columns;
        for (int column = 0; column < columns; column++)
        {
            float* c = _c.Pointer + column;
            double* wide = _wide is null ? null : _wide.Pointer + column;
            sums[column] = Total(Each(_layout.Linking, (first, end) =>
            {
                double s = 0, t = 0;
                for (int row = first; row < end; row++)
                {
                    double w = weights == null ? degrees[row] : weights[row];
                    s += c[(long)row * columns] * w;
                    if (wide != null)
                        t += wide[(long)row * columns] * w;
                }
                return s + t;
            }));
        }
        return sums;
    }

    /// <summary>
    /// Evaluates r = b − (I − dP̄ᵀ)ŷ in double, at the present c (plus the refined part). Writes ŷ + r to
    /// <paramref name="y"/>, n × K (a Jacobi step nearer), and r, over W, as the right side of the next inner solve.
    /// </summary>
    public RankKernel.PassSums[] Certify(double[]?[] b, double uniform, double* y)
    {
        AddToWide();
        bool wide = _wide is not null;
        double** rights = stackalloc double*[16];
        var pins = new System.Runtime.InteropServices.GCHandle[Columns];
        try
        {
            for (int column = 0; column < Columns; column++)
                if (b[column] is { } right)
                {
                    pins[column] = System.Runtime.InteropServices.GCHandle.Alloc(right, System.Runtime.InteropServices.GCHandleType.Pinned);
                    rights[column] = (double*)pins[column].AddrOfPinnedObject();
                }
                else
                    rights[column] = null;
            var pass = new RankKernel.Pass
            {
                Links = _layout.Links.Pointer,
                Weights = _weighted ? _layout.LinkWeights!.Pointer : null,
                C = wide ? _wide!.Pointer : _c.Pointer,
                Columns = Columns,
                B = rights,
                Uniform = uniform,
                Damping = _damping,
                Y = y,
                Base = _base.Pointer,
                Df = _df.Pointer,
                OutDegrees = _layout.OutDegrees.Pointer,
                OutWeights = _weighted ? _layout.OutWeights!.Pointer : null,
                Linking = _layout.Linking,
            };
            return (_weighted, wide, _far) switch
            {
                (false, false, false) => Certify<No, No, No>(pass),
                (false, false, true) => Certify<No, No, Yes>(pass),
                (false, true, false) => Certify<No, Yes, No>(pass),
                (false, true, true) => Certify<No, Yes, Yes>(pass),
                (true, false, false) => Certify<Yes, No, No>(pass),
                (true, false, true) => Certify<Yes, No, Yes>(pass),
                (true, true, false) => Certify<Yes, Yes, No>(pass),
                (true, true, true) => Certify<Yes, Yes, Yes>(pass),
            };
        }
        finally
        {
            foreach (System.Runtime.InteropServices.GCHandle pin in pins)
                if (pin.IsAllocated)
                    pin.Free();
        }
    }

    /// <summary>Moves to the next inner solve: c so far becomes the refined part; the error starts at what one Jacobi step gives.</summary>
    public void Refine()
    {
        if (_wide is null)
        {
            _wide = new HugeArray<double>(_layout.Slots * Columns);
            AddToWide();
        }
        EachLinkingRow((first, end) => Span(_base, first, end).CopyTo(Span(_c, first, end)));
    }

    /// <summary>r of a linking row and column, as the last <see cref="Certify"/> left it (to float precision).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Residual(int row, int column) =>
        _df.Pointer[row] > 0 ? _base.Pointer[(long)row * Columns + column] * _damping / _df.Pointer[row] : 0;

    /// <summary>Runs <paramref name="work"/> on fixed ranges of 0 … count-1, on all threads; what it returns for each comes back in order.</summary>
    public double[] Each(int count, Func<int, int, double> work)
    {
        double[] sums = new double[(count + Range - 1) / Range];
        _team.Run(_ =>
        {
            for (int part; (part = _team.Next()) < sums.Length;)
                sums[part] = work(part * Range, Math.Min(count, (part + 1) * Range));
        });
        return sums;
    }

    public static double Total(double[] parts)
    {
        double sum = 0;
        foreach (double part in parts)
            sum += part;
        return sum;
    }

    /// <summary>Frees the vectors that only rounds need.</summary>
    public void Release()
    {
        _c.Dispose();
        _wide?.Dispose();
        _wide = null;
    }

    public void Dispose()
    {
        _team.Dispose();
        Release();
        _base.Dispose();
        _df.Dispose();
    }

    private Span<float> Span(HugeArray<float> array, int first, int end) => new(array.Pointer + (long)first * Columns, (end - first) * Columns);

    private void EachLinkingRow(Action<int, int> work) => Each(_layout.Linking, (first, end) =>
    {
        work(first, end);
        return 0;
    });

    private void AddToWide()
    {
        if (_wide is null)
            return;
        float* c = _c.Pointer;
        double* wide = _wide.Pointer;
        EachLinkingRow((first, end) =>
        {
            for (long i = (long)first * Columns; i < (long)end * Columns; i++)
            {
                wide[i] += c[i];
                c[i] = 0;
            }
        });
    }

    /// <summary>df = d/(W·(1 − d·w(v,v)/W)), 0 where W is 0.</summary>
    private void SetFactors()
    {
        float* df = _df.Pointer;
        uint* degrees = _layout.OutDegrees.Pointer;
        double* weights = _weighted ? _layout.OutWeights!.Pointer : null;
        double d = _damping;
        EachLinkingRow((first, end) =>
        {
            for (int row = first; row < end; row++)
            {
                double w = weights == null ? degrees[row] : weights[row];
                df[row] = w > 0 ? (float)(d / w) : 0;
            }
        });
        for (long i = 0; i < _layout.SelfRows.Length; i++)
        {
            int row = (int)_layout.SelfRows.Pointer[i];
            double w = OutWeight(row), self = _weighted ? _layout.SelfWeights!.Pointer[i] : 1;
            df[row] = w > 0 ? (float)(d / (w - d * self)) : 0;
        }
    }

    private void Sweep<TWeighted, TMeasured, TFar>(int thread) where TWeighted : IFlag where TMeasured : IFlag where TFar : IFlag
    {
        uint* links = _layout.Links.Pointer;
        float* weights = TWeighted.On ? _layout.LinkWeights!.Pointer : null;
        int stages = _layout.Stages, lanes = _layout.Lanes;
        bool snapshots = _layout.SnapshotWidth > 0;
        if (snapshots)
        {
            for (int lane; (lane = _team.Next()) < lanes;)
                Snapshot(lane, 0, wide: false);
            _team.Meet();
        }
        for (int stage = 0; stage < stages; stage++)
        {
            for (int lane; (lane = _team.Next()) < lanes;)
            {
                SweepBlock<TWeighted, TMeasured, TFar>(lane * stages + stage, links, weights);
                if (snapshots && stage + 1 < stages)
                    Snapshot(lane, stage + 1, wide: false);
            }
            _team.Meet();
        }
        if (_hubPieces.Length == 0)
            return;
        for (int piece; (piece = _team.Next()) < _hubPieces.Length;)
        {
            (int hub, long start, long length) = _hubPieces[piece];
            if (_layout.Hubs.Pointer[3L * hub] >= _layout.Linking)
                continue;
            float* weight = TWeighted.On ? weights + start : null;
            fixed (double* sums = &_hubSums[piece * Columns])
                if (Columns == 1)
                    *sums = RankKernel.LongSum<TWeighted, TFar>(links + start, weight, length, _c.Pointer);
                else if (Columns == 8)
                    RankManyKernel.LongSum<TWeighted, No>(links + start, weight, length, _c.Pointer, sums);
                else
                    RankManyKernel.LongSum<TWeighted, Yes>(links + start, weight, length, _c.Pointer, sums);
        }
        _team.Meet();
        if (thread == 0)
            SetHubs<TMeasured>();
    }

    private void SweepBlock<TWeighted, TMeasured, TFar>(int block, uint* links, float* weights)
        where TWeighted : IFlag where TMeasured : IFlag where TFar : IFlag
    {
        long* runs = _layout.Runs.Pointer;
        long run = _layout.Blocks.Pointer[block], endRun = _layout.Blocks.Pointer[block + 1];
        int endRow = _layout.EndRow(block);
        fixed (double* changes = &_changes[block * Columns])
        {
            new Span<double>(changes, Columns).Clear();
            if (Columns == 1)
                *changes = RankKernel.Sweep<TWeighted, TMeasured, TFar>(runs, run, endRun, endRow, links, weights, _c.Pointer, _base.Pointer, _df.Pointer);
            else if (Columns == 8)
                RankManyKernel.Sweep<TWeighted, TMeasured, No>(runs, run, endRun, endRow, links, weights, _c.Pointer, _base.Pointer, _df.Pointer, changes);
            else
                RankManyKernel.Sweep<TWeighted, TMeasured, Yes>(runs, run, endRun, endRow, links, weights, _c.Pointer, _base.Pointer, _df.Pointer, changes);
        }
    }

    private void SetHubs<TMeasured>() where TMeasured : IFlag
    {
        int changes = _layout.LinkingBlocks * Columns;
        Array.Clear(_changes, changes, Columns);
        double[] sums = new double[Columns];
        for (int piece = 0; piece < _hubPieces.Length;)
        {
            int hub = _hubPieces[piece].Hub;
            long row = _layout.Hubs[3L * hub];
            SumPieces(hub, ref piece, sums);
            for (int column = 0; column < Columns && row < _layout.Linking; column++)
            {
                float* c = _c.Pointer + row * Columns + column, df = _df.Pointer + row;
                float value = (float)(_base.Pointer[row * Columns + column] + *df * sums[column]);
                if (TMeasured.On && *df > 0)
                    _changes[changes + column] += Math.Abs((double)value - *c) / *df;
                *c = value;
            }
        }
    }

    /// <summary>Adds a hub's pieces in order; returns how many there were.</summary>
    private int SumPieces(int hub, ref int piece, double[] sums)
    {
        Array.Clear(sums);
        int first = piece;
        for (; piece < _hubPieces.Length && _hubPieces[piece].Hub == hub; piece++)
            for (int column = 0; column < Columns; column++)
                sums[column] += _hubSums[piece * Columns + column];
        return piece - first;
    }

    /// <summary>Copies the rows of block (lane, stage) to their places in that stage's snapshot.</summary>
    private void Snapshot(int lane, int stage, bool wide)
    {
        int block = lane * _layout.Stages + stage, first = _layout.FirstRow(block), count = (_layout.EndRow(block) - first) * Columns;
        long to = _layout.Linking + (long)(stage & 1) * _layout.SnapshotWidth, from = (long)first * Columns;
        for (int before = stage; before < block; before += _layout.Stages)
            to += _layout.EndRow(before) - _layout.FirstRow(before);
        to *= Columns;
        if (wide)
            new ReadOnlySpan<double>(_wide!.Pointer + from, count).CopyTo(new Span<double>(_wide.Pointer + to, count));
        else
            new ReadOnlySpan<float>(_c.Pointer + from, count).CopyTo(new Span<float>(_c.Pointer + to, count));
    }

    /// <summary>For each linking block (and behind the last) the first entry of rank_self at or behind its first row.</summary>
    private int[] SelfCursors()
    {
        var rows = new ReadOnlySpan<uint>(_layout.SelfRows.Pointer, checked((int)_layout.SelfRows.Length));
        int[] cursors = new int[_layout.LinkingBlocks + 1];
        for (int block = 0; block <= _layout.LinkingBlocks; block++)
        {
            int at = rows.BinarySearch((uint)(block < _layout.LinkingBlocks ? _layout.FirstRow(block) : _layout.BlockedLinking));
            cursors[block] = at < 0 ? ~at : at;
        }
        return cursors;
    }

    private double SelfWeight(int row)
    {
        int at = row < _layout.Linking ? new ReadOnlySpan<uint>(_layout.SelfRows.Pointer, (int)_layout.SelfRows.Length).BinarySearch((uint)row) : -1;
        return at < 0 ? 0 : _weighted ? _layout.SelfWeights!.Pointer[at] : 1;
    }

    private RankKernel.PassSums[] Certify<TWeighted, TWide, TFar>(RankKernel.Pass pass) where TWeighted : IFlag where TWide : IFlag where TFar : IFlag
    {
        var sums = new RankKernel.PassSums[(_layout.BlockCount + 1) * Columns];
        _team.Run(_ =>
        {
            for (int stage = 0; stage < _layout.Stages; stage++)
            {
                if (_layout.SnapshotWidth > 0)
                {
                    for (int lane; (lane = _team.Next()) < _layout.Lanes;)
                        Snapshot(lane, stage, TWide.On);
                    _team.Meet();
                }
                for (int lane; (lane = _team.Next()) < _layout.Lanes;)
                    CertifyBlock<TWeighted, TWide, TFar>(lane * _layout.Stages + stage, pass, sums);
                _team.Meet();
            }
            for (int block; (block = _layout.LinkingBlocks + _team.Next()) < _layout.BlockCount;)
                CertifyBlock<TWeighted, TWide, TFar>(block, pass, sums);
            _team.Meet();
            for (int piece; (piece = _team.Next()) < _hubPieces.Length;)
                fixed (double* to = &_hubSums[piece * Columns])
                    if (Columns == 1)
                        *to = RankKernel.DoubleSum<TWeighted, TWide, TFar>(pass, _hubPieces[piece].Start, _hubPieces[piece].Length);
                    else
                        RankManyKernel.DoubleSum<TWeighted, TWide>(pass, _hubPieces[piece].Start, _hubPieces[piece].Length, to);
        });
        double[] q = new double[Columns];
        Span<RankKernel.PassSums> hubSums = sums.AsSpan(_layout.BlockCount * Columns);
        for (int hub = 0, piece = 0; hub < _layout.HubCount; hub++)
        {
            int pieces = SumPieces(hub, ref piece, q), row = (int)_layout.Hubs[3L * hub];
            for (int column = 0; column < Columns; column++)
                RankKernel.CertifyRow(pass, row, column, q[column], (Math.Min(RankLayout.HubChunk, _layout.Hubs[3L * hub + 1]) + 4 * pieces) * (Columns == 1 ? 1 : 4), SelfWeight(row), TWide.On, ref hubSums[column]);
        }
        var all = new RankKernel.PassSums[Columns];
        for (int i = 0; i < sums.Length; i++)
        {
            all[i % Columns].Sum += sums[i].Sum;
            all[i % Columns].Dangling += sums[i].Dangling;
            all[i % Columns].Rounding += sums[i].Rounding + 1e-15 * sums[i].Sum / sums.Length; // of adding up blocks
        }
        return all;
    }

    private void CertifyBlock<TWeighted, TWide, TFar>(int block, in RankKernel.Pass pass, RankKernel.PassSums[] sums)
        where TWeighted : IFlag where TWide : IFlag where TFar : IFlag
    {
        long* runs = _layout.Runs.Pointer, blocks = _layout.Blocks.Pointer;
        Span<RankKernel.PassSums> s = sums.AsSpan(block * Columns, Columns);
        bool linking = block < _layout.LinkingBlocks;
        int self = linking ? _selfCursor[block] : 0, selfEnd = linking ? _selfCursor[block + 1] : 0;
        int endRow = linking ? _layout.EndRow(block) : _layout.FirstRow(block + 1);
        for (long run = blocks[block]; run < blocks[block + 1]; run++)
        {
            long* entry = runs + 3 * run;
            long degree = entry[1], first = entry[2];
            int row = (int)entry[0], end = run + 1 < blocks[block + 1] ? (int)entry[3] : endRow;
            for (; self < selfEnd && _layout.SelfRows.Pointer[self] < (uint)end; self++) // pieces of the run between rows that link to themselves
            {
                int own = (int)_layout.SelfRows.Pointer[self];
                CertifyRows<TWeighted, TWide, TFar>(pass, row, own, degree, first, 0, s);
                first += (own - row) * degree;
                CertifyRows<TWeighted, TWide, TFar>(pass, own, own + 1, degree, first, TWeighted.On ? _layout.SelfWeights!.Pointer[self] : 1, s);
                first += degree;
                row = own + 1;
            }
            CertifyRows<TWeighted, TWide, TFar>(pass, row, end, degree, first, 0, s);
        }
    }

    private static void CertifyRows<TWeighted, TWide, TFar>(in RankKernel.Pass pass, int row, int end, long degree, long first, double self, Span<RankKernel.PassSums> sums)
        where TWeighted : IFlag where TWide : IFlag where TFar : IFlag
    {
        if (pass.Columns == 1)
            RankKernel.Certify<TWeighted, TWide, TFar>(pass, row, end, degree, first, self, ref sums[0]);
        else
            RankManyKernel.Certify<TWeighted, TWide>(pass, row, end, degree, first, self, sums);
    }
}
