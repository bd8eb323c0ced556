namespace Backlinks.GraphEngine;

/// <summary>
/// Where walkers start, as multiples t(v) of what an ordinary node gets (the teleport of <c>RawAuthority</c>):
/// <code>t(v) = 1/|o(v)| + G·s(v)</code>
/// o(v) is the group of nodes of v's owner (alone if unknown), G the number of groups, s the seed distribution (sum 1) or absent.
/// Scaled to sum 1 that is ½ uniform over owners and ½ over seeds. Uniform over owners, not over domains: registering a thousand
/// domains is cheap, and must not buy a thousand shares (Gyöngyi and Garcia-Molina 2005 on farms; Gyöngyi et al. 2004 on seeds).
/// </summary>
public static class Teleport
{
    /// <summary>t, or null where it is 1 everywhere.</summary>
    /// <param name="nodes">n.</param>
    /// <param name="owners">Owner group of each node, any numbers; <see cref="uint.MaxValue"/> for a node of its own. Null: all are of their own.</param>
    /// <param name="seeds">Weights of trusted nodes on any scale, or null.</param>
    /// <exception cref="ArgumentException">A seed is no node, a weight is not finite and at least 0, or all are 0.</exception>
    public static double[]? Of(int nodes, ReadOnlySpan<uint> owners, IReadOnlyDictionary<int, double>? seeds)
    {
        if (owners.IsEmpty && seeds is null)
            return null;
        double[] t = new double[nodes];
        Array.Fill(t, 1);
        int groups = nodes;
        if (!owners.IsEmpty)
        {
            if (owners.Length != nodes)
                throw new ArgumentException($"there are {owners.Length} owners for {nodes} nodes", nameof(owners));
            var sizes = new Dictionary<uint, int>();
            foreach (uint owner in owners)
                if (owner != uint.MaxValue)
                    sizes[owner] = sizes.GetValueOrDefault(owner) + 1;
            for (int node = 0; node < nodes; node++)
                if (owners[node] != uint.MaxValue)
                    t[node] = 1.0 / sizes[owners[node]];
            groups = nodes - sizes.Values.Sum() + sizes.Count;
        }
        if (seeds is null)
            return t;
        double sum = 0;
        foreach ((int node, double weight) in seeds.OrderBy(s => s.Key))
        {
            if (node < 0 || node >= nodes)
                throw new ArgumentOutOfRangeException(nameof(seeds), node, $"seeds are nodes 0 to {nodes - 1}");
            if (!(weight >= 0 && weight < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(seeds), weight, $"the weight of seed {node} must be finite and at least 0");
            sum += weight;
        }
        if (!(sum > 0 && sum < double.PositiveInfinity))
            throw new ArgumentOutOfRangeException(nameof(seeds), sum, "at least one seed must have a weight above 0, and their sum be finite");
        foreach ((int node, double weight) in seeds.OrderBy(s => s.Key))
            t[node] += groups * (weight / sum);
        return t;
    }
}
