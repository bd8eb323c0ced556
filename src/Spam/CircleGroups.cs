namespace Backlinks.Spam;

/// <summary>
/// Reciprocity and cycles among domains that could be boosters.
/// <para>Ties: u ↔ v that link to each other; and u → v on a cycle, where the strongly connected component (Tarjan 1972, made
/// iterative) of the graph of boosters and their links alone has 3 to <see cref="LargestShare"/> of all its nodes. Honest webs
/// have one giant component and hardly any of middling size (Broder et al. 2000); the giant one is left out, and within it
/// reciprocity still speaks. Chance makes d_out·d_in/m reciprocal pairs a node: thousandths.</para>
/// Input: links within a group are left out. Cost O(m), 16 bytes a node. One thread: nodes in order.
/// </summary>
internal static class CircleGroups
{
    /// <summary>Components with a larger share of all boosters are the web's own core.</summary>
    private const double LargestShare = 0.1;

    private const int SmallestGiant = 10;

    /// <summary>Weight of a tie that holds a component together: a ring by its links alone is so thin that any density cuts it into arcs.</summary>
    private const double Together = 0.25;

    public static void AddTies(Surroundings at, EvidenceList ties, CancellationToken cancel)
    {
        int n = at.Graph.NodeCount;
        int[] component = Components(at, cancel, out List<int> sizes);
        int largest = Math.Max(SmallestGiant, (int)(LargestShare * at.Booster.Count(b => b)));
        var members = new List<int>?[sizes.Count];
        for (int u = 0; u < n; u++)
            if (at.Booster[u] && sizes[component[u]] >= 3 && sizes[component[u]] <= largest)
                (members[component[u]] ??= []).Add(u);
        foreach (List<int> circle in members.OfType<List<int>>())
            ties.AddGroup(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(circle), EvidenceKind.Circle, Together);
        for (int u = 0; u < n; u++)
        {
            if (!at.Booster[u])
                continue;
            bool cycle = sizes[component[u]] >= 3 && sizes[component[u]] <= largest;
            foreach (uint link in at.Graph.OutOf(u))
            {
                int v = (int)link;
                if (!at.Booster[v] || at.Group[u] == at.Group[v])
                    continue;
                bool mutual = at.Links(v, u);
                if (mutual ? u < v : cycle && component[u] == component[v])
                    ties.Add(u, v, EvidenceKind.Circle, mutual ? 1 : 0.5);
            }
        }
    }

    private static int[] Components(Surroundings at, CancellationToken cancel, out List<int> sizes)
    {
        int n = at.Graph.NodeCount, next = 0;
        int[] index = new int[n], low = new int[n], component = new int[n];
        Array.Fill(component, -1);
        sizes = [];
        var stack = new Stack<int>();
        var calls = new Stack<(int Node, int Link)>();
        for (int root = 0; root < n; root++)
        {
            if (index[root] != 0 || !at.Booster[root])
                continue;
            cancel.ThrowIfCancellationRequested();
            Enter(root);
            while (calls.TryPop(out (int Node, int Link) call))
            {
                int u = call.Node;
                ReadOnlySpan<uint> links = at.Graph.OutOf(u);
                int i = call.Link;
                for (; i < links.Length; i++)
                {
                    int v = (int)links[i];
                    if (!at.Booster[v] || at.Group[u] == at.Group[v])
                        continue;
                    if (index[v] == 0)
                        break;
                    if (component[v] < 0)
                        low[u] = Math.Min(low[u], index[v]);
                }
                if (i < links.Length)
                {
                    calls.Push((u, i + 1));
                    Enter((int)links[i]);
                    continue;
                }
                if (low[u] == index[u])
                {
                    int size = 0, member;
                    do
                    {
                        member = stack.Pop();
                        component[member] = sizes.Count;
                        size++;
                    }
                    while (member != u);
                    sizes.Add(size);
                }
                if (calls.TryPeek(out (int Node, int Link) caller))
                    low[caller.Node] = Math.Min(low[caller.Node], low[u]);
            }
        }
        return component;

        void Enter(int node)
        {
            index[node] = low[node] = ++next;
            stack.Push(node);
            calls.Push((node, 0));
        }
    }
}
