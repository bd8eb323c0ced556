namespace Backlinks.GraphEngine;

/// <summary>Where a node lies in the bow tie.</summary>
public enum BowTieRegion : byte
{
    /// <summary>In another weak component than the core.</summary>
    Disconnected,

    /// <summary>The largest strong component; of equals the one with the smallest node.</summary>
    Core,

    /// <summary>Reaches the core, is not reached by it.</summary>
    In,

    /// <summary>Reached from the core, does not reach it.</summary>
    Out,

    /// <summary>On a way from In to Out past the core.</summary>
    Tube,

    /// <summary>Hangs on In, Out or another tendril, without a way through.</summary>
    Tendril,
}

/// <summary>A graph's bow tie.</summary>
public sealed record BowTieResult
{
    /// <summary>n regions, one for each node.</summary>
    public required BowTieRegion[] Region { get; init; }

    /// <summary>Nodes in each region, indexed by <see cref="BowTieRegion"/>.</summary>
    public required int[] Sizes { get; init; }

    public int this[BowTieRegion region] => Sizes[(int)region];
}

/// <summary>
/// The shape of the web: a strongly connected core, what leads in, what leads out, and the rest.
/// <para>Source: A. Broder et al., "Graph structure in the Web", WWW 2000.</para>
/// <para>Variant: every node of the core's weak component that is neither core, in, out nor tube counts as tendril, so
/// that the regions are a partition (Broder's text leaves tendrils of tendrils open).</para>
/// <para>Input: any graph; without a cycle the core is the single node 0. Cost: five searches, O(n+m); 5 bytes a node
/// besides the components (<see cref="StronglyConnectedComponents"/> has the peak, 20).</para>
/// <para>Repeatable: sets do not depend on the order of search.</para>
/// </summary>
public static unsafe class BowTie
{
    private const byte FromCore = 1, ToCore = 2, FromIn = 4, ToOut = 8, Weak = 16;

    /// <param name="components">The graph's strong components where they are known already.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static BowTieResult Compute(LinkGraph graph, StrongComponents? components = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int n = graph.NodeCount;
        components ??= StronglyConnectedComponents.Compute(graph, progress, cancel);
        if (components.Component.Length != n)
            throw new ArgumentException($"the components are of {components.Component.Length} nodes, the graph has {n}", nameof(components));
        byte[] marks = new byte[n];
        int[] queue = new int[n];
        Search(FromCore, v => components.Component[v] == 0, forward: true, backward: false);
        Search(ToCore, v => components.Component[v] == 0, forward: false, backward: true);
        Search(FromIn, v => (marks[v] & (ToCore | FromCore)) == ToCore, forward: true, backward: false);
        Search(ToOut, v => (marks[v] & (ToCore | FromCore)) == FromCore, forward: false, backward: true);
        Search(Weak, v => components.Component[v] == 0, forward: true, backward: true);

        var region = new BowTieRegion[n];
        int[] sizes = new int[Enum.GetValues<BowTieRegion>().Length];
        for (int v = 0; v < n; v++)
        {
            byte mark = marks[v];
            region[v] =
                (mark & (FromCore | ToCore)) == (FromCore | ToCore) ? BowTieRegion.Core :
                (mark & FromCore) != 0 ? BowTieRegion.Out :
                (mark & ToCore) != 0 ? BowTieRegion.In :
                (mark & (FromIn | ToOut)) == (FromIn | ToOut) ? BowTieRegion.Tube :
                (mark & Weak) != 0 ? BowTieRegion.Tendril : BowTieRegion.Disconnected;
            sizes[(int)region[v]]++;
        }
        return new BowTieResult { Region = region, Sizes = sizes };

        void Search(byte mark, Func<int, bool> isStart, bool forward, bool backward)
        {
            progress?.Report(new StepProgress("bow tie", System.Numerics.BitOperations.Log2(mark), 5, "searches"));
            int tail = 0;
            for (int v = 0; v < n; v++)
                if (isStart(v))
                {
                    marks[v] |= mark;
                    queue[tail++] = v;
                }
            for (int head = 0; head < tail; head++)
            {
                if ((head & 0xFFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
                if (forward)
                    Visit(graph.OutOffsets.Pointer, graph.OutLinks.Pointer, queue[head]);
                if (backward)
                    Visit(graph.InOffsets.Pointer, graph.InLinks.Pointer, queue[head]);
            }

            void Visit(long* offsets, uint* links, int v)
            {
                for (long i = offsets[v]; i < offsets[v + 1L]; i++)
                    if ((marks[links[i]] & mark) == 0)
                    {
                        marks[links[i]] |= mark;
                        queue[tail++] = (int)links[i];
                    }
            }
        }
    }
}
