namespace Backlinks.Spam;

/// <summary>
/// Domains that share a rare key: a counter's or advertiser's account, an address, a template.
/// <para>A key counts if 2 groups or more have it, and no more than <see cref="SpamOptions.CommonKeyShare"/> of all domains (at
/// least 8) nor <see cref="SpamOptions.CommonKeyDomains"/> times 20: networks of files, shared hosters, fashionable themes and
/// loopback addresses say nothing. Weak channels (strength below 2) end at <see cref="SpamOptions.CommonKeyDomains"/> itself.</para>
/// Method: (key, node) pairs sorted; O(k log k), 12 bytes a key.
/// </summary>
internal static class KeyGroups
{
    private const double Strong = 2;

    /// <summary>Calls <paramref name="group"/>(key, members ascending) for each key that counts, in order of keys.</summary>
    public static void ForEach(Surroundings at, SharedKeys channel, Action<ulong, int[]> group, CancellationToken cancel)
    {
        int n = at.Graph.NodeCount;
        ulong[] keys = (ulong[])channel.Keys.Clone();
        int[] nodes = new int[keys.Length];
        for (int node = 0; node < n; node++)
            nodes.AsSpan((int)channel.Offsets[node], (int)(channel.Offsets[node + 1] - channel.Offsets[node])).Fill(node);
        Array.Sort(keys, nodes);
        int most = Common(at, channel);
        var members = new List<int>();
        var groups = new List<int>();
        for (int start = 0, end; start < keys.Length; start = end)
        {
            if ((start & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            for (end = start + 1; end < keys.Length && keys[end] == keys[start]; end++)
            {
            }
            if (end - start < 2)
                continue;
            members.Clear();
            members.AddRange(nodes.AsSpan(start, end - start));
            members.Sort();
            Unique(members);
            if (members.Count > most)
                continue;
            groups.Clear();
            foreach (int member in members)
                groups.Add(at.Group[member]);
            if (Surroundings.Distinct(groups) >= 2)
                group(keys[start], [.. members]);
        }
    }

    /// <summary>Ties groups of strong channels; weak ones tie only domains that other evidence ties already: half the web shares an address
    /// with somebody.</summary>
    public static void AddTies(Surroundings at, EvidenceList ties, CancellationToken cancel)
    {
        foreach (SharedKeys channel in at.Input.Channels.Where(c => c.Strength >= Strong))
            ForEach(at, channel, (_, members) => ties.AddGroup(members, EvidenceKind.Key, channel.Strength / 3), cancel);
        bool[] tied = new bool[at.Graph.NodeCount];
        foreach (Evidence tie in ties.Ties)
            tied[tie.A] = tied[tie.B] = true;
        foreach (SharedKeys channel in at.Input.Channels.Where(c => c.Strength < Strong))
            ForEach(at, channel, (_, members) => ties.AddGroup(Array.FindAll(members, m => tied[m]), EvidenceKind.Key, channel.Strength / 3), cancel);
    }

    public static int Common(Surroundings at, SharedKeys channel) =>
        (int)Math.Min(Math.Max(8, at.Options.CommonKeyShare * at.Graph.NodeCount), channel.Strength < Strong ? at.Options.CommonKeyDomains : 20L * at.Options.CommonKeyDomains);

    private static void Unique(List<int> sorted)
    {
        int kept = 0;
        for (int i = 0; i < sorted.Count; i++)
            if (i == 0 || sorted[i] != sorted[kept - 1])
                sorted[kept++] = sorted[i];
        sorted.RemoveRange(kept, sorted.Count - kept);
    }
}
