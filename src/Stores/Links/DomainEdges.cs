using System.Runtime.InteropServices;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// The edges between domains, from the links of their pages and from reports:
/// <code>
/// F(s,t) = log2(1 + min(32, Σ full))     what s would give t if every link were followed
/// w(s,t) = log2(1 + min(32, Σ weight))   of the links from pages of s to pages of t
/// W(s,t) = w(s,t)                                               in general
///        = w(s,t) · log2(1 + min(32, ΣΣ weight)) / Σ w(·,t)     where other domains of the owner of s link to t as well: the
///                                                               group has one edge, of which each domain has its part
///        = w(s,t) · <see cref="LinkProfile.WithinOwner"/>       where s and t have one owner
/// lost(s) = Σ_t F(s,t) − W(s,t)
/// </code>
/// So Σ_t W + lost = Σ_t F whatever rel and owners say: what nofollow withholds and what a group shares evaporates, and never
/// makes another link of the domain stronger. Since log2(1 + x) is concave and starts at 0, a group's edge is at most the sum
/// of its parts, and W ≤ w ≤ F. No edges from a domain to itself, and none of weight 0.
/// Sums are taken in double in the order of pages, targets and links. 24 bytes a pair of domains.
/// </summary>
internal sealed class DomainEdges
{
    private const double MostWeight = 32; // log2 33: so many full links say all there is to say, the thousandth nothing more

    private readonly record struct Pair(uint Target, double Weight, double Full);

    private readonly Pair[] _pairs;
    private readonly long[] _rows;

    /// <param name="most">Pairs at most: memory that is not used is not taken.</param>
    private DomainEdges(int domains, int most)
    {
        _pairs = GC.AllocateUninitializedArray<Pair>(most);
        _rows = new long[domains + 1L];
        Lost = new double[domains];
    }

    /// <summary>By domain.</summary>
    public double[] Lost { get; }

    /// <summary>Pages of each domain, in order.</summary>
    /// <returns>Those of domain s are Nodes[Rows[s] … Rows[s+1]).</returns>
    public static (long[] Rows, uint[] Nodes) PagesOf(StoreNodes nodes)
    {
        long[] rows = new long[nodes.Domains + 1L];
        uint[] pages = new uint[nodes.Pages];
        foreach (uint domain in nodes.DomainOfPage)
            rows[domain + 1L]++;
        for (int domain = 0; domain < nodes.Domains; domain++)
            rows[domain + 1L] += rows[domain];
        for (int page = 0; page < pages.Length; page++)
            pages[rows[nodes.DomainOfPage[page]]++] = (uint)page;
        for (int domain = nodes.Domains; domain > 0; domain--)
            rows[domain] = rows[domain - 1];
        rows[0] = 0;
        return (rows, pages);
    }

    /// <summary>Groups of owners: equal names of one, a group of its own where the owner is unknown; numbered by their first domain.</summary>
    public static uint[] OwnersOf(StoreNodes nodes, Func<string, string?> owner)
    {
        var groups = new Dictionary<string, uint>(StringComparer.Ordinal);
        uint[] owners = new uint[nodes.Domains];
        uint next = 0;
        for (int domain = 0; domain < owners.Length; domain++)
        {
            if (owner(nodes.DomainName(domain)) is not { } name)
                owners[domain] = next++;
            else if (!groups.TryGetValue(name, out owners[domain]))
                groups.Add(name, owners[domain] = next++);
        }
        return owners;
    }

    public static DomainEdges Sum(StoreNodes nodes, long[] pageRows, uint[] pages, OutLinks links, OutLinks reports, CancellationToken cancel)
    {
        var edges = new DomainEdges(nodes.Domains, checked(links.Links.Length + reports.Links.Length));
        int pairs = 0;
        ulong[] keys = new ulong[256]; // target << 32 | place in values
        (float Weight, float Full)[] values = new (float, float)[256];
        int count = 0;
        void Add(uint target, float weight, float full)
        {
            if (count == keys.Length)
            {
                Array.Resize(ref keys, 2 * count);
                Array.Resize(ref values, 2 * count);
            }
            keys[count] = (ulong)target << 32 | (uint)count;
            values[count++] = (weight, full);
        }
        for (int domain = 0; domain < nodes.Domains; domain++)
        {
            if ((domain & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            count = 0;
            for (long p = pageRows[domain]; p < pageRows[domain + 1L]; p++)
                foreach (OutLink link in links.Of(pages[p]))
                    if (nodes.DomainOfPage[link.Target] is var target && target != (uint)domain && link.Full > 0)
                        Add(target, link.Weight, link.Full);
            foreach (OutLink link in reports.Of((uint)domain))
                if (link.Full > 0)
                    Add(link.Target, link.Weight, link.Full);
            Array.Sort(keys, 0, count);
            for (int start = 0, end; start < count; start = end)
            {
                uint target = (uint)(keys[start] >> 32);
                double weight = 0, full = 0;
                for (end = start; end < count && (uint)(keys[end] >> 32) == target; end++)
                {
                    (float w, float f) = values[(uint)keys[end]];
                    weight += w;
                    full += f;
                }
                edges._pairs[pairs++] = new Pair(target, weight, full);
            }
            edges._rows[domain + 1L] = pairs;
        }
        return edges;
    }

    /// <summary>Adds the edges to the builder, and says what each domain loses.</summary>
    /// <param name="owners">Group of each domain, or empty.</param>
    public void Write(GraphBuilder graph, uint[] owners, LinkProfile profile)
    {
        bool shares = owners.Length > 0 && profile.Uses(LinkFactorSet.Owner);
        Dictionary<ulong, (double Sum, double Edges)> groups = shares ? Groups(owners) : [];
        var targets = new List<uint>();
        var weights = new List<float>();
        for (int domain = 0; domain < Lost.Length; domain++)
        {
            targets.Clear();
            weights.Clear();
            for (long i = _rows[domain]; i < _rows[domain + 1L]; i++)
            {
                Pair pair = _pairs[i];
                double weight = Edge(pair.Weight);
                if (shares && owners[domain] == owners[pair.Target])
                    weight *= profile.OfOwner(same: true);
                else if (shares && groups.TryGetValue((ulong)owners[domain] << 32 | pair.Target, out (double Sum, double Edges) group) && group.Edges > 0)
                    weight *= Math.Min(1, Edge(group.Sum) / group.Edges);
                float rounded = (float)weight;
                Lost[domain] += Math.Max(0, Edge(pair.Full) - (rounded > 0 ? weight : 0));
                if (rounded <= 0)
                    continue;
                targets.Add(pair.Target);
                weights.Add(rounded);
            }
            graph.AddRow((uint)domain, CollectionsMarshal.AsSpan(targets), CollectionsMarshal.AsSpan(weights));
        }
    }

    private static double Edge(double sum) => Math.Log2(1 + Math.Min(MostWeight, sum));

    // By group and target: Σ weight and Σ w of the group's domains, where it has several; in order of domain.
    private Dictionary<ulong, (double Sum, double Edges)> Groups(uint[] owners)
    {
        var sums = new Dictionary<ulong, (double Sum, double Edges)>();
        int[] members = new int[owners.Length];
        foreach (uint owner in owners)
            members[owner]++;
        for (int domain = 0; domain < owners.Length; domain++)
            for (long i = _rows[domain]; members[owners[domain]] > 1 && i < _rows[domain + 1L]; i++)
            {
                Pair pair = _pairs[i];
                ref (double Sum, double Edges) sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, (ulong)owners[domain] << 32 | pair.Target, out _);
                sum = (sum.Sum + pair.Weight, sum.Edges + Edge(pair.Weight));
            }
        return sums;
    }
}
