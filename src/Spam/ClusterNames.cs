using System.Text;

namespace Backlinks.Spam;

/// <summary>
/// Ids that last from run to run: a cluster takes the id of the previous run's cluster with which it shares the most, by
/// Jaccard of members, from <see cref="Same"/> on; best pairs first. A new one is <c>c-</c> and 8 hex digits of a hash (FNV-1a,
/// 64 bits, folded) of its <see cref="Hashed"/> lowest member names; a clash takes the next number.
/// <para>Cost: the members, through an index of the previous members.</para>
/// </summary>
internal static class ClusterNames
{
    private const double Same = 0.5;
    private const int Hashed = 4;

    /// <param name="clusters">Member names of each, in ordinal order.</param>
    public static string[] Of(IReadOnlyList<string[]> clusters, SpamReport? previous)
    {
        string[] ids = new string[clusters.Count];
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach ((int cluster, string id) in Matches(clusters, previous))
            if (ids[cluster] is null && used.Add(id))
                ids[cluster] = id;
        foreach (int cluster in Enumerable.Range(0, ids.Length).Where(i => ids[i] is null).OrderBy(i => string.Join('\n', clusters[i]), StringComparer.Ordinal))
        {
            uint hash = Hash(clusters[cluster]);
            while (!used.Add($"c-{hash:x8}"))
                hash++;
            ids[cluster] = $"c-{hash:x8}";
        }
        return ids;
    }

    private static IEnumerable<(int Cluster, string Id)> Matches(IReadOnlyList<string[]> clusters, SpamReport? previous)
    {
        if (previous is null)
            return [];
        var where = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int p = 0; p < previous.Clusters.Count; p++)
            foreach (SpamMember member in previous.Clusters[p].Members)
                where[member.Name] = p;
        var matches = new List<(double Jaccard, int Cluster, string Id)>();
        for (int c = 0; c < clusters.Count; c++)
        {
            var shared = new SortedDictionary<int, int>();
            foreach (string name in clusters[c])
                if (where.TryGetValue(name, out int p))
                    shared[p] = shared.GetValueOrDefault(p) + 1;
            foreach ((int p, int count) in shared)
                if (count / (double)(clusters[c].Length + previous.Clusters[p].Members.Count - count) is var jaccard && jaccard >= Same)
                    matches.Add((jaccard, c, previous.Clusters[p].Id));
        }
        return matches.OrderByDescending(m => m.Jaccard).ThenBy(m => m.Id, StringComparer.Ordinal).ThenBy(m => m.Cluster).Select(m => (m.Cluster, m.Id));
    }

    private static uint Hash(string[] names)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in Encoding.UTF8.GetBytes(string.Join('\n', names.Take(Hashed))))
            hash = (hash ^ b) * 1099511628211;
        return (uint)(hash ^ (hash >> 32));
    }
}
