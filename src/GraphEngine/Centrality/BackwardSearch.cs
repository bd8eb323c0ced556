using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Backlinks.GraphEngine;

/// <summary>
/// Breadth-first search along in-links from up to 256 nodes at once, bit j of every set standing for start j; see
/// <see cref="HarmonicCentrality"/>. One instance belongs to one thread and serves any number of batches; a batch costs
/// what it reaches, not n.
/// </summary>
internal sealed unsafe class BackwardSearch : IDisposable
{
    /// <summary>Starts in a batch: one vector of 256 bits, so that what a node has seen and is about to see is one cache line.</summary>
    public const int Width = 256;

    /// <summary>64 for a state, 36 for an entry of the frontier, 4 and 4 for the lists of nodes.</summary>
    public const long BytesPerNode = 108;

    private readonly LinkGraph _graph;
    private readonly HugeArray<byte> _states;
    private readonly HugeArray<byte> _gains;
    private readonly int[] _frontier; // nodes that gained starts in the round before; _gains says which
    private readonly int[] _touched;  // nodes that gain in this round
    private readonly int[] _visited;  // nodes to clear before the next batch
    private readonly BitCounters _counters = new();

    public BackwardSearch(LinkGraph graph)
    {
        _graph = graph;
        _states = new HugeArray<byte>((long)graph.NodeCount * sizeof(State));
        _gains = new HugeArray<byte>((long)graph.NodeCount * sizeof(Vector256<ulong>));
        _frontier = new int[graph.NodeCount];
        _touched = new int[graph.NodeCount];
        _visited = new int[graph.NodeCount];
    }

    /// <summary>Of the last batch: [t] is the number of pairs of a start and a node at distance t from which it is reached.</summary>
    public List<long> Pairs { get; } = [];

    /// <param name="size">Starts, 1 to <see cref="Width"/>.</param>
    /// <param name="start">Start number j.</param>
    /// <param name="scores">H of each start.</param>
    /// <param name="reaching">Nodes that reach each start, itself included.</param>
    public void Run(int size, Func<int, int> start, Span<double> scores, Span<double> reaching, CancellationToken cancel)
    {
        State* state = (State*)_states.Pointer;
        Vector256<ulong>* gains = (Vector256<ulong>*)_gains.Pointer;
        long* offsets = _graph.InOffsets.Pointer;
        uint* links = _graph.InLinks.Pointer;
        int visited = 0, frontier = 0;
        for (int j = 0; j < size; j++)
        {
            int v = start(j);
            if (state[v].Seen == Vector256<ulong>.Zero)
                _visited[visited++] = v;
            state[v].Seen = state[v].Seen.WithElement(j >> 6, state[v].Seen.GetElement(j >> 6) | 1UL << j);
        }
        for (; frontier < visited; frontier++)
        {
            _frontier[frontier] = _visited[frontier];
            gains[frontier] = state[_frontier[frontier]].Seen;
        }
        scores.Clear();
        reaching.Fill(1);
        Pairs.Clear();
        Pairs.Add(size);
        Span<int> counts = stackalloc int[Width];
        for (int t = 1; frontier > 0; t++)
        {
            int touched = 0;
            for (int i = 0; i < frontier; i++)
            {
                if ((i & 0xFFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
                Vector256<ulong> gain = gains[i];
                long at = offsets[_frontier[i]], end = offsets[_frontier[i] + 1L];
                if (i + 1 < frontier && Sse.IsSupported)
                    Sse.Prefetch0(links + offsets[_frontier[i + 1]]);
                for (; at < end; at++)
                {
                    if (Sse.IsSupported)
                        Sse.Prefetch0(state + links[Math.Min(at + 8, end - 1)]);
                    int u = (int)links[at];
                    Vector256<ulong> fresh = Vector256.AndNot(gain, state[u].Seen);
                    if (fresh == Vector256<ulong>.Zero)
                        continue;
                    if (state[u].Next == Vector256<ulong>.Zero)
                        _touched[touched++] = u;
                    state[u].Next |= fresh;
                }
            }
            frontier = touched;
            if (touched == 0)
                break;
            for (int i = 0; i < touched; i++)
            {
                int u = _touched[i];
                Vector256<ulong> gain = state[u].Next;
                if (state[u].Seen == Vector256<ulong>.Zero)
                    _visited[visited++] = u;
                state[u].Seen |= gain;
                state[u].Next = Vector256<ulong>.Zero;
                _frontier[i] = u;
                gains[i] = gain;
                _counters.Add(gain);
            }
            _counters.TakeTo(counts);
            long pairs = 0;
            for (int j = 0; j < size; j++)
            {
                pairs += counts[j];
                reaching[j] += counts[j];
                scores[j] += (double)counts[j] / t;
            }
            Pairs.Add(pairs);
        }
        for (int i = 0; i < visited; i++)
            state[_visited[i]].Seen = Vector256<ulong>.Zero;
    }

    public void Dispose()
    {
        _states.Dispose();
        _gains.Dispose();
    }

    private struct State
    {
        /// <summary>Starts that this node reaches within the rounds so far.</summary>
        public Vector256<ulong> Seen;

        /// <summary>Starts that it turns out to reach in this round; zero between rounds.</summary>
        public Vector256<ulong> Next;
    }

    /// <summary>256 counters, bit-sliced: plane k holds bit k of each, so adding a vector of bits is a ripple-carry of a few
    /// vector instructions, most often one or two.</summary>
    private sealed class BitCounters
    {
        private readonly Vector256<ulong>[] _planes = new Vector256<ulong>[32]; // counts are at most n < 2³¹

        public void Add(Vector256<ulong> carry)
        {
            for (int k = 0; carry != Vector256<ulong>.Zero; k++)
            {
                Vector256<ulong> plane = _planes[k];
                _planes[k] = plane ^ carry;
                carry &= plane;
            }
        }

        /// <summary>Reads the counters and sets them to zero.</summary>
        public void TakeTo(Span<int> counts)
        {
            counts.Clear();
            for (int k = 0; k < _planes.Length; k++)
            {
                for (int word = 0; word < 4; word++)
                    for (ulong bits = _planes[k].GetElement(word); bits != 0; bits &= bits - 1)
                        counts[word * 64 + BitOperations.TrailingZeroCount(bits)] += 1 << k;
                _planes[k] = Vector256<ulong>.Zero;
            }
        }
    }
}
