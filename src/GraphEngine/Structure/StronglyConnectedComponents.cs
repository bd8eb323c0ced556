namespace Backlinks.GraphEngine;

/// <summary>The strongly connected components of a graph.</summary>
public sealed record StrongComponents
{
    /// <summary>n numbers: the component of each node, from 0. Numbered by descending size, then by smallest member.</summary>
    public required int[] Component { get; init; }

    /// <summary>Nodes in each component, descending.</summary>
    public required int[] Sizes { get; init; }

    /// <summary>All component numbers in an order in which every link between two components leads from an earlier one
    /// to a later one.</summary>
    public required int[] TopologicalOrder { get; init; }

    public int Count => Sizes.Length;

    /// <summary>Nodes in the largest component; 0 for a graph without nodes.</summary>
    public int Largest => Sizes.Length > 0 ? Sizes[0] : 0;
}

/// <summary>
/// Sets of nodes that all reach each other along links.
/// <para>Source: D. J. Pearce, "A space-efficient algorithm for finding strongly connected components", Information
/// Processing Letters 116 (2016), algorithm PEA_FIND_SCC3: Tarjan's (1972) with one number a node.</para>
/// <para>Variant: imperative, because recursion overflows the stack on any chain of pages; a node is never on both of
/// Pearce's stacks, so they grow towards each other in one array. Components finish sinks first, which yields the
/// topological order for nothing.</para>
/// <para>Input: any graph. Cost: O(n+m) time, one pass over the out-links and no other access to links; 12 bytes a node
/// while searching, then at most 20 with the result, nothing for links.</para>
/// <para>Repeatable: sequential; numbers depend on the components alone.</para>
/// </summary>
public static unsafe class StronglyConnectedComponents
{
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static StrongComponents Compute(LinkGraph graph, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(graph);
        int n = graph.NodeCount;
        int[] component = new int[n];
        Search(graph, component, progress, cancel);
        // Search numbers components n−1, n−2, … in finishing order, sinks first: ascending numbers are topological.
        (int[] sizes, int[] numberOfLabel) = ComponentNumbering.Renumber(component);
        int[] order = new int[sizes.Length];
        int at = 0;
        foreach (int number in numberOfLabel)
            if (number >= 0)
                order[at++] = number;
        progress?.Report(new StepProgress("strong components", n, n, "nodes"));
        return new StrongComponents { Component = component, Sizes = sizes, TopologicalOrder = order };
    }

    /// <param name="low">n zeros; on return the component of each node, n−1 downwards.</param>
    private static void Search(LinkGraph graph, int[] low, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        int n = low.Length;
        long* offsets = graph.OutOffsets.Pointer;
        uint* links = graph.OutLinks.Pointer;
        // low[v]: 0 not seen; 1 and up: the least search index v is known to reach; −1 and down: finished, its component.
        // Read as unsigned a finished node is above every open one, so min() passes over it by itself.
        int[] stack = new int[n]; // from below the path of the search, from above the nodes whose component is still open
        int[] next = new int[n];  // beside the path: the link to follow next, within the row (< 2³¹); ~ of it if no root
        int path = 0, open = n, index = 1, found = 0;
        long seen = 0;
        for (int start = 0; start < n; start++)
        {
            if (low[start] == 0)
                Enter(start);
            while (path > 0)
            {
                int v = stack[path - 1], i = next[path - 1];
                bool root = i >= 0;
                i = root ? i : ~i;
                long row = offsets[v];
                int degree = (int)(offsets[v + 1L] - row);
                uint least = (uint)low[v];
                if (i > 0) // back from the target of link i−1
                    least = Math.Min(least, (uint)low[links[row + i - 1]]);
                int child = -1;
                while (i < degree && child < 0)
                {
                    int w = (int)links[row + i++];
                    if (low[w] == 0)
                        child = w;
                    else
                        least = Math.Min(least, (uint)low[w]);
                }
                root &= least == (uint)low[v];
                low[v] = (int)least;
                if (child >= 0)
                {
                    next[path - 1] = root ? i : ~i;
                    Enter(child);
                    continue;
                }
                path--;
                if (root)
                    Close(v);
                else
                    stack[--open] = v;
            }
        }
        for (int v = 0; v < n; v++)
            low[v] += n; // −1 → n−1

        void Enter(int v)
        {
            if ((++seen & 0xFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("strong components", seen, n, "nodes"));
            }
            low[v] = index++;
            stack[path] = v;
            next[path++] = 0;
        }

        void Close(int v)
        {
            found--;
            while (open < n && (uint)low[stack[open]] >= (uint)low[v])
            {
                low[stack[open++]] = found;
                index--;
            }
            low[v] = found;
            index--;
        }
    }
}
