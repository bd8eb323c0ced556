namespace Backlinks.GraphEngine;

/// <summary>The core numbers of a graph.</summary>
public sealed record KCoreResult
{
    /// <summary>n core numbers: the greatest k for which the node is in the k-core.</summary>
    public required int[] Core { get; init; }

    /// <summary>Nodes with core number k, for k from 0 to <see cref="Degeneracy"/>; empty for a graph without nodes.</summary>
    public required int[] Sizes { get; init; }

    /// <summary>The greatest core number; 0 where there are no links.</summary>
    public int Degeneracy => Math.Max(0, Sizes.Length - 1);
}

/// <summary>
/// The k-core is the largest set of nodes each of which has at least k neighbours in the set; a node's core number is the
/// greatest such k. Link farms stand out by core numbers far above their hosts' popularity.
/// <para>Source: V. Batagelj and M. Zaveršnik, "An O(m) algorithm for cores decomposition of networks" (2003).</para>
/// <para>Variant: on the undirected simple graph: u and v are neighbours once if either links to the other, self-links are
/// ignored. Rows of both directions are ascending, so neighbours are merged as they are read and never stored.</para>
/// <para>Input: any graph. Cost: O(n+m), two passes over both directions, the second in random order; 16 bytes a node,
/// nothing for links.</para>
/// <para>Repeatable: sequential, and core numbers are unique.</para>
/// </summary>
public static class KCore
{
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static KCoreResult Compute(LinkGraph graph, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int n = graph.NodeCount;
        int[] degree = new int[n]; // of the graph that is left; in the end the core number
        int greatest = 0;
        for (int v = 0; v < n; v++)
        {
            if ((v & 0xFFFF) == 0)
                Report("counting neighbours", v);
            var neighbours = new Neighbours(graph, v);
            while (neighbours.MoveNext())
                degree[v]++;
            greatest = Math.Max(greatest, degree[v]);
        }

        int[] start = new int[greatest + 2]; // where the nodes of degree d begin in order
        foreach (int d in degree)
            start[d + 1]++;
        for (int d = 1; d < start.Length; d++)
            start[d] += start[d - 1];
        int[] order = new int[n], place = new int[n];
        for (int v = 0; v < n; v++)
        {
            place[v] = start[degree[v]]++;
            order[place[v]] = v;
        }
        for (int d = greatest; d > 0; d--)
            start[d] = start[d - 1];
        start[0] = 0;

        for (int i = 0; i < n; i++)
        {
            if ((i & 0xFFFF) == 0)
                Report("peeling", i);
            int v = order[i];
            var neighbours = new Neighbours(graph, v);
            while (neighbours.MoveNext())
            {
                int u = neighbours.Current;
                if (degree[u] <= degree[v])
                    continue;
                // u loses a neighbour: it changes places with the first node of its degree, whose block then begins later.
                int first = start[degree[u]], w = order[first];
                (order[place[u]], order[first]) = (w, u);
                (place[w], place[u]) = (place[u], first);
                start[degree[u]]++;
                degree[u]--;
            }
        }

        int[] sizes = new int[n == 0 ? 0 : degree[order[n - 1]] + 1];
        foreach (int k in degree)
            sizes[k]++;
        return new KCoreResult { Core = degree, Sizes = sizes };

        void Report(string step, long done)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress(step, done, n, "nodes"));
        }
    }

    /// <summary>The union of two ascending rows, without the node itself.</summary>
    private ref struct Neighbours(LinkGraph graph, int node)
    {
        private readonly ReadOnlySpan<uint> _out = graph.OutOf(node);
        private readonly ReadOnlySpan<uint> _in = graph.InOf(node);
        private readonly uint _self = (uint)node;
        private int _o;
        private int _i;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (_o < _out.Length || _i < _in.Length)
            {
                uint a = _o < _out.Length ? _out[_o] : uint.MaxValue, b = _i < _in.Length ? _in[_i] : uint.MaxValue;
                uint next = Math.Min(a, b);
                if (a == next)
                    _o++;
                if (b == next)
                    _i++;
                if (next != _self)
                {
                    Current = (int)next;
                    return true;
                }
            }
            return false;
        }
    }
}
