using System.Numerics;

namespace Backlinks.Spam;

/// <summary>
/// Domains with near-duplicate texts: pairs of 64-bit fingerprints that differ in at most k bits (k ≤ 3).
/// <para>Block permutation (Manku, Jain, Das Sarma, WWW 2007): cut into b blocks, two such fingerprints agree in b−k blocks at
/// least, so they meet in one of C(b,k) tables sorted by b−k blocks. b is the smallest of 4, 5, 6 whose keys of 64·(b−k)/b
/// bits are four times as many as the fingerprints: 4 tables to 16,000, 10 to 8 million, 20 beyond. Exact: no pair is lost, but
/// for texts that everyone has: a value, or a table's key, of more domains than a common key (<see cref="KeyGroups"/>) is a
/// parking page or an error message and is left out.</para>
/// Cost: tables × N log N, 12 bytes a fingerprint and a thread. Pairs come in order, whatever the threads.
/// </summary>
internal static class NearDuplicates
{
    /// <summary>Pairs of domains (lower first) with a near-duplicate, distinct, ascending.</summary>
    public static List<(int A, int B)> Pairs(SharedKeys contents, int bits, int common, int threads = 0, CancellationToken cancel = default)
    {
        (ulong[] prints, int[] nodes) = Distinct(contents, common);
        int blocks = prints.Length <= 1 << 14 ? 4 : prints.Length <= 1 << 23 ? 5 : 6;
        int agree = Math.Max(1, blocks - bits);
        int[] tables = [.. Enumerable.Range(0, 1 << blocks).Where(chosen => BitOperations.PopCount((uint)chosen) == agree)];
        var found = new HashSet<(int, int)>[tables.Length];
        Parallel.For(0, tables.Length, new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads },
            table => Compare(prints, nodes, Mask(tables[table], blocks), bits, common, found[table] = []));
        List<(int A, int B)> pairs = [.. found.SelectMany(f => f).Distinct()];
        pairs.Sort();
        return pairs;
    }

    public static void AddTies(Surroundings at, EvidenceList ties, CancellationToken cancel)
    {
        if (at.Input.Contents is not { } contents)
            return;
        List<(int A, int B)> pairs = Pairs(contents, at.Options.DuplicateBits, KeyGroups.Common(at, contents), at.Options.Threads, cancel);
        int[] joined = [.. Enumerable.Range(0, at.Graph.NodeCount)]; // one text in many spins: tied as one group, see EvidenceList
        foreach ((int a, int b) in pairs)
            if (at.Group[a] != at.Group[b])
                OwnerGroups.Join(joined, a, b);
        var groups = new SortedDictionary<int, List<int>>();
        for (int node = 0; node < joined.Length; node++)
            if (OwnerGroups.Find(joined, node) is var root && root != node)
            {
                if (!groups.TryGetValue(root, out List<int>? members))
                    groups.Add(root, members = [root]);
                members.Add(node);
            }
        foreach (List<int> members in groups.Values)
            ties.AddGroup(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(members), EvidenceKind.Duplicate, 1);
    }

    private static (ulong[] Prints, int[] Nodes) Distinct(SharedKeys contents, int common)
    {
        ulong[] prints = (ulong[])contents.Keys.Clone();
        int[] nodes = new int[prints.Length];
        for (int node = 0; node + 1 < contents.Offsets.Length; node++)
            nodes.AsSpan((int)contents.Offsets[node], (int)(contents.Offsets[node + 1] - contents.Offsets[node])).Fill(node);
        Array.Sort(prints, nodes);
        int kept = 0;
        for (int start = 0, end; start < prints.Length; start = end)
        {
            for (end = start; end < prints.Length && prints[end] == prints[start]; end++)
            {
            }
            Array.Sort(nodes, start, end - start);
            int first = kept, distinct = 0;
            for (int i = start; i < end; i++)
                if (i == start || nodes[i] != nodes[i - 1])
                {
                    (prints[kept], nodes[kept]) = (prints[i], nodes[i]);
                    kept++;
                    distinct++;
                }
            if (prints[first] == 0 || distinct > common)
                kept = first;
        }
        return (prints[..kept], nodes[..kept]);
    }

    private static ulong Mask(int chosen, int blocks)
    {
        ulong mask = 0;
        for (int bit = 0; bit < 64; bit++)
            if ((chosen >> (bit * blocks / 64) & 1) != 0)
                mask |= 1UL << bit;
        return mask;
    }

    private static void Compare(ulong[] prints, int[] nodes, ulong mask, int bits, int common, HashSet<(int, int)> found)
    {
        ulong[] keys = new ulong[prints.Length];
        int[] order = new int[prints.Length];
        for (int i = 0; i < keys.Length; i++)
            (keys[i], order[i]) = (prints[i] & mask, i);
        Array.Sort(keys, order);
        for (int start = 0, end; start < keys.Length; start = end)
        {
            for (end = start + 1; end < keys.Length && keys[end] == keys[start]; end++)
            {
            }
            if (end - start > common * 40) // not this many texts differ in so little by chance
                continue;
            for (int i = start; i < end; i++)
                for (int j = i + 1; j < end; j++)
                    if (nodes[order[i]] != nodes[order[j]] && BitOperations.PopCount(prints[order[i]] ^ prints[order[j]]) <= bits)
                        found.Add((Math.Min(nodes[order[i]], nodes[order[j]]), Math.Max(nodes[order[i]], nodes[order[j]])));
        }
    }
}
