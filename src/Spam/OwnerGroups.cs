namespace Backlinks.Spam;

/// <summary>
/// Who stands behind each domain: domains of one known owner and hosts of one registrable domain are one group. Links within
/// a group are no evidence of anything, and a group counts once wherever supporters are counted.
/// <para>Union by number over both arrays; O(n). A domain with no known owner is a group of its own.</para>
/// </summary>
internal static class OwnerGroups
{
    /// <summary>The group of each node: the lowest node of it.</summary>
    public static int[] Of(SpamInput input)
    {
        int[] group = new int[input.Graph.NodeCount];
        for (int node = 0; node < group.Length; node++)
            group[node] = node;
        foreach (uint[]? numbers in new[] { input.Owners, input.Sites })
        {
            if (numbers is null)
                continue;
            var first = new Dictionary<uint, int>();
            for (int node = 0; node < group.Length; node++)
                if (numbers[node] != 0 && !first.TryAdd(numbers[node], node))
                    Join(group, first[numbers[node]], node);
        }
        for (int node = 0; node < group.Length; node++)
            group[node] = Find(group, node);
        return group;
    }

    public static int Find(int[] group, int node)
    {
        while (group[node] != node)
            node = group[node] = group[group[node]];
        return node;
    }

    /// <summary>The lower root stays, so that the result does not depend on the order.</summary>
    public static void Join(int[] group, int a, int b)
    {
        (a, b) = (Find(group, a), Find(group, b));
        if (a != b)
            group[Math.Max(a, b)] = Math.Min(a, b);
    }
}
