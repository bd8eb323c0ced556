using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Backlinks.GraphEngine;

/// <summary>The growing balls of <see cref="HyperBall"/>: one counter a node, as it was before the round and after it.</summary>
internal sealed unsafe class Balls : IDisposable
{
    // Below this share of changed nodes a round walks their successors by list; above it, all nodes. The list costs some
    // 20 sequential steps a node, the walk one test a link.
    private const int SparseShare = 16;

    private const int ReportNodes = 1 << 20;

    private readonly LinkGraph _graph;
    private readonly int _registers;
    private readonly int _threads;
    private readonly HyperLogLog _counter;
    private HugeArray<byte> _before;       // n counters; where a node did not change in the round before, the same in both
    private HugeArray<byte> _after;
    private byte[] _changedBefore;       // n: 1 where the round before changed a node
    private byte[] _changedAfter;
    private byte[] _listed;              // n: 1 where a node is in _candidates
    private int[] _changedList = [];     // the changed nodes, if few
    private int[] _candidates = [];      // nodes that may change, if few

    public Balls(LinkGraph graph, int log2Registers, ulong seed, int threads)
    {
        int n = graph.NodeCount;
        _graph = graph;
        _registers = 1 << log2Registers;
        _threads = threads;
        _counter = new HyperLogLog(log2Registers, seed);
        _before = new HugeArray<byte>((long)n * _registers);
        _after = new HugeArray<byte>((long)n * _registers);
        _changedBefore = new byte[n];
        _changedAfter = new byte[n];
        _listed = new byte[n];
        Scores = new double[n];
        Sizes = new double[n];
        FixedRanges.Run(n, FixedRanges.Nodes, threads, (_, start, end) =>
        {
            for (int v = start; v < end; v++)
            {
                _counter.Add(_before.Pointer + (long)v * _registers, (uint)v);
                Sizes[v] = 1;
                _changedBefore[v] = 1;
            }
        }, CancellationToken.None);
        Changed = n;
    }

    /// <summary>H so far.</summary>
    public double[] Scores { get; }

    /// <summary>Sizes of the balls so far.</summary>
    public double[] Sizes { get; }

    /// <summary>Rounds done.</summary>
    public int Round { get; private set; }

    /// <summary>Nodes whose ball grew in the last round; at first all.</summary>
    public int Changed { get; private set; }

    /// <summary>One round. Returns by how much all balls together grew. Reports nodes where a round may take seconds.</summary>
    public double Grow(IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        Round++;
        long done = 0;
        int n = _graph.NodeCount, count = n;
        bool sparse = _changedList.Length > 0;
        if (sparse)
            count = ListCandidates(cancel);
        int ranges = FixedRanges.Count(count, RangeNodes(sparse));
        double[] gained = new double[ranges];
        int[] changed = new int[ranges];
        FixedRanges.Run(count, RangeNodes(sparse), _threads, (range, start, end) =>
        {
            double sum = 0;
            int grown = 0;
            for (int i = start; i < end; i++)
            {
                int v = sparse ? _candidates[i] : i;
                bool grew = Union(v);
                _changedAfter[v] = grew ? (byte)1 : (byte)0;
                if (grew)
                {
                    sum += Measure(v);
                    grown++;
                }
            }
            gained[range] = sum;
            changed[range] = grown;
            if (progress is null || count < ReportNodes)
                return;
            lock (gained)
                if ((done += end - start) / ReportNodes != (done - (end - start)) / ReportNodes)
                    progress.Report(new StepProgress($"harmonic centrality, round {Round}", done, count, "nodes"));
        }, cancel);
        double total = 0;
        Changed = 0;
        for (int range = 0; range < ranges; range++)
        {
            total += gained[range];
            Changed += changed[range];
        }
        Remember(sparse, count);
        (_before, _after) = (_after, _before);
        (_changedBefore, _changedAfter) = (_changedAfter, _changedBefore);
        return total;
    }

    public void Dispose()
    {
        _before.Dispose();
        _after.Dispose();
    }

    private static int RangeNodes(bool sparse) => sparse ? 256 : 1024;

    // Changed nodes (whose two counters differ and must be made equal) and their successors.
    private int ListCandidates(CancellationToken cancel)
    {
        long* offsets = _graph.OutOffsets.Pointer;
        uint* links = _graph.OutLinks.Pointer;
        int count = 0;
        foreach (int u in _changedList)
            List(u);
        int own = count;
        for (int i = 0; i < own; i++)
        {
            if ((i & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int u = _candidates[i];
            for (long at = offsets[u]; at < offsets[u + 1L]; at++)
                if (_listed[links[at]] == 0)
                    List((int)links[at]);
        }
        return count;

        void List(int v)
        {
            if (count == _candidates.Length)
                Array.Resize(ref _candidates, (int)Math.Min(Array.MaxLength, Math.Max(1024, count * 2L)));
            _candidates[count++] = v;
            _listed[v] = 1;
        }
    }

    // Keeps a list of the changed nodes for the next round, or drops it where they are many.
    private void Remember(bool sparse, int count)
    {
        if (sparse)
            for (int i = 0; i < count; i++)
            {
                _listed[_candidates[i]] = 0;
                _changedBefore[_candidates[i]] = 0; // becomes the array of the round after next, which a list leaves unswept
            }
        int[] list = [];
        if (Changed > 0 && Changed <= _graph.NodeCount / SparseShare)
        {
            list = new int[Changed];
            int at = 0;
            if (sparse)
            {
                for (int i = 0; i < count; i++)
                    if (_changedAfter[_candidates[i]] != 0)
                        list[at++] = _candidates[i];
            }
            else
            {
                Array.Clear(_changedBefore); // as above, for all nodes once
                for (int v = 0; v < _graph.NodeCount; v++)
                    if (_changedAfter[v] != 0)
                        list[at++] = v;
            }
        }
        _changedList = list;
    }

    // after[v] = max(before[v], before[u] of the changed predecessors u). True if that is more than before[v].
    [SkipLocalsInit]
    private bool Union(int v)
    {
        byte* before = _before.Pointer, own = before + (long)v * _registers, result = _after.Pointer + (long)v * _registers;
        byte* most = own;
        uint* links = _graph.InLinks.Pointer;
        const int batch = 64;
        uint* changed = stackalloc uint[batch]; // found first, so that their counters can be fetched ahead of use
        int found = 0;
        for (long at = _graph.InOffsets.Pointer[v], end = _graph.InOffsets.Pointer[v + 1L]; at < end; at++)
        {
            uint u = links[at];
            if (_changedBefore[u] == 0 || u == (uint)v)
                continue;
            Fetch(before + u * (long)_registers);
            changed[found++] = u;
            if (found == batch)
            {
                Max(most, result, before, changed, found, _registers);
                most = result;
                found = 0;
            }
        }
        if (found > 0)
        {
            Max(most, result, before, changed, found, _registers);
            most = result;
        }
        if (most == own)
        {
            if (_changedBefore[v] != 0)
                Buffer.MemoryCopy(own, result, _registers, _registers);
            return false;
        }
        return !new ReadOnlySpan<byte>(own, _registers).SequenceEqual(new ReadOnlySpan<byte>(result, _registers));
    }

    private static void Max(byte* own, byte* result, byte* counters, uint* nodes, int count, int registers)
    {
        if (registers >= 64)
            for (int r = 0; r < registers; r += 64)
            {
                Vector512<byte> max = Vector512.Load(own + r);
                for (int i = 0; i < count; i++)
                    max = Vector512.Max(max, Vector512.Load(counters + nodes[i] * (long)registers + r));
                max.Store(result + r);
            }
        else
            for (int r = 0; r < registers; r += 16)
            {
                Vector128<byte> max = Vector128.Load(own + r);
                for (int i = 0; i < count; i++)
                    max = Vector128.Max(max, Vector128.Load(counters + nodes[i] * (long)registers + r));
                max.Store(result + r);
            }
    }

    private void Fetch(byte* counter)
    {
        if (Sse.IsSupported)
            for (int r = 0; r < _registers && r < 512; r += 64)
                Sse.Prefetch0(counter + r);
    }

    // Enters the growth of v's ball into its score.
    private double Measure(int v)
    {
        double size;
        if (Round == 1)
        {
            // Known without a counter. Later differences are between two estimates, which err in the same direction.
            long inDegree = _graph.InOffsets.Pointer[v + 1L] - _graph.InOffsets.Pointer[v];
            Scores[v] = inDegree - (_graph.InOf(v).BinarySearch((uint)v) >= 0 ? 1 : 0);
            size = _counter.Estimate(_after.Pointer + (long)v * _registers);
        }
        else
        {
            size = _counter.Estimate(_after.Pointer + (long)v * _registers);
            Scores[v] += Math.Max(0, size - Sizes[v]) / Round;
        }
        double growth = size - Sizes[v];
        Sizes[v] = size;
        return growth;
    }
}
