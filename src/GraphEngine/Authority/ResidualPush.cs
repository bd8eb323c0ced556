using System.Runtime.CompilerServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Signed residual push on z = t + d·Pᵀz: given z and its residual r = t + d·Pᵀz − z, moves residual into z where it is
/// large and onward to the targets, so that r stays exactly what it is and shrinks:
/// <code>push u:  δ = r(u);  z(u) += δ;  r(u) = 0;  r(v) += d·P(u,v)·δ for every link u→v</code>
/// until |r(v)| ≤ tolerance·max(z(v), floor) everywhere. Andersen, Chung, Lang 2006 with signs, so that corrections of
/// either sign travel (as Ohsaka, Maehara, Kawarabayashi 2015 track changing graphs). Largest first, to a factor of two:
/// a node waits in the queue of its ratio's exponent, the highest queue is served, last come first served.
/// <para>Each push takes |δ|·(1−d) at least out of ‖r‖₁. A link visited costs three scattered places, some ten times
/// what it costs a sweep over all links: good where few nodes are concerned, which is why <see cref="Run"/> has a budget.
/// One thread, one order: repeatable. Memory 1 byte a node and the queues.</para>
/// </summary>
internal sealed unsafe class ResidualPush
{
    private const int Levels = 64;

    private readonly LinkGraph _graph;
    private readonly double* _inverse;
    private readonly double _damping;
    private readonly double* _z;
    private readonly double* _r;
    private readonly double _tolerance;
    private readonly double _floor;
    private readonly byte[] _level; // 1 + the queue a node waits in, 0 if none
    private readonly Queue[] _queues = new Queue[Levels + 1];
    private int _highest;

    public ResidualPush(LinkShares shares, double damping, double* z, double* r, double tolerance, double floor)
    {
        _graph = shares.Graph;
        _inverse = shares.InversePointer;
        _damping = damping;
        _z = z;
        _r = r;
        (_tolerance, _floor) = (tolerance, floor);
        _level = new byte[_graph.NodeCount];
    }

    /// <summary>Nodes pushed so far.</summary>
    public long Pushes { get; private set; }

    /// <summary>Links visited so far.</summary>
    public long Links { get; private set; }

    /// <summary>Called after a node's residual has changed: it waits if its residual is too large.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Note(int node)
    {
        double ratio = Math.Abs(_r[node]) / (_tolerance * Math.Max(_z[node], _floor));
        if (ratio > 1)
            Wait(node, ratio);
    }

    /// <summary>Pushes until nobody waits (true), or <paramref name="budget"/> links have been visited (false; r and z are consistent).</summary>
    public bool Run(long budget, CancellationToken cancel)
    {
        long until = Links + budget;
        for (long turn = 0; _highest > 0; turn++)
        {
            ref Queue queue = ref _queues[_highest];
            if (queue.Count == 0)
            {
                _highest--;
                continue;
            }
            if (Links >= until)
                return false;
            if ((turn & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int node = queue.Pop();
            if (_level[node] != _highest)
                continue; // waits elsewhere since
            _level[node] = 0;
            double ratio = Math.Abs(_r[node]) / (_tolerance * Math.Max(_z[node], _floor));
            if (!(ratio > 1))
                continue;
            if (LevelOf(ratio) < _highest)
                Wait(node, ratio); // residuals of both signs have met
            else
                Push(node);
        }
        return true;
    }

    private void Push(int node)
    {
        double delta = _r[node], passed = delta * _damping * _inverse[node];
        _z[node] += delta;
        _r[node] = 0;
        Pushes++;
        if (passed == 0)
            return;
        long at = _graph.OutOffsets.Pointer[node], end = _graph.OutOffsets.Pointer[node + 1L];
        Links += end - at;
        uint* links = _graph.OutLinks.Pointer;
        float* weights = _graph.OutWeights is null ? null : _graph.OutWeights.Pointer;
        for (; at < end; at++)
        {
            int target = (int)links[at];
            _r[target] += weights == null ? passed : passed * weights[at];
            Note(target);
        }
    }

    private static int LevelOf(double ratio) => Math.Min(1 + Math.ILogB(ratio), Levels);

    private void Wait(int node, double ratio)
    {
        int level = LevelOf(ratio);
        if (level <= _level[node])
            return;
        _level[node] = (byte)level;
        _queues[level].Push(node);
        _highest = Math.Max(_highest, level);
    }

    private struct Queue
    {
        private int[]? _nodes;

        public int Count { get; private set; }

        public void Push(int node)
        {
            _nodes ??= new int[64];
            if (Count == _nodes.Length)
                Array.Resize(ref _nodes, Count * 2);
            _nodes[Count++] = node;
        }

        public int Pop() => _nodes![--Count];
    }
}
