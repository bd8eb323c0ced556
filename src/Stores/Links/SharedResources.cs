using System.Runtime.InteropServices;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>How <see cref="SharedResources"/> are gathered.</summary>
public sealed record SharedResourcesOptions
{
    /// <summary>Domains that must use a resource for it to be listed, at least 2. Default 2: what one domain uses alone connects nothing.</summary>
    public int LeastDomains { get; init; } = 2;

    /// <summary>Domains beyond which a resource is not listed, at least <see cref="LeastDomains"/>. Default 1,000: an address that
    /// thousands use, such as a style sheet of fonts, is a product and not an account.</summary>
    public int MostDomains { get; init; } = 1000;
}

/// <summary>
/// Addresses of other domains, with a query string, that several domains load scripts, images, frames, style sheets or media
/// from: counters, analytics and advertising accounts, such as <c>http://counter.example/c.js?id=UX-77001</c>. Two domains with
/// one account are likely to have one owner. Keys are whole URLs, so an address that changes from page to page (a time, a random
/// number) is shared by nobody. Loaded where a page of the domain has it now; lost ones are left out.
/// Cost: two passes over names, one over links, 8 bytes a distinct pair of domain and resource; the same for any order of writing.
/// </summary>
public sealed class SharedResources
{
    private readonly uint[][] _domains; // by key
    private readonly Dictionary<uint, int[]> _keys; // by domain

    private SharedResources(string[] keys, uint[][] domains)
    {
        Keys = keys;
        _domains = domains;
        _keys = domains.SelectMany((nodes, key) => nodes.Select(node => (node, key))).GroupBy(p => p.node).ToDictionary(g => g.Key, g => g.Select(p => p.key).ToArray());
    }

    /// <summary>URLs, in the order of their keys (<see cref="NodeNames.ToKey"/>).</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Keys that pages of a domain load, by their place in <see cref="Keys"/>, ascending.</summary>
    public ReadOnlySpan<int> Of(uint domain) => _keys.GetValueOrDefault(domain);

    /// <summary>Domains whose pages load a key, ascending.</summary>
    public ReadOnlySpan<uint> DomainsOf(int key) => _domains[key];

    internal static SharedResources Read(ILinkStore store, LinkGraph domains, Func<string, string> fold, SharedResourcesOptions? options, CancellationToken cancel)
    {
        options ??= new();
        if (options.LeastDomains < 2)
            throw new ArgumentOutOfRangeException(nameof(options), options.LeastDomains, "LeastDomains must be at least 2");
        if (options.MostDomains < options.LeastDomains)
            throw new ArgumentOutOfRangeException(nameof(options), options.MostDomains, $"MostDomains must be at least LeastDomains ({options.LeastDomains})");
        const int none = -1;
        var foldOf = new Dictionary<string, int>(StringComparer.Ordinal); // by host; a number for each folded name
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var nodes = new List<int>(); // of the domain graph, by such a number
        var of = new List<int>(); // such numbers, by the store's of pages
        var queries = new IdSet();
        foreach (StoredName name in store.Names(cancel))
        {
            if (name.Granularity != Granularity.Page)
                continue;
            int id = checked((int)name.Id);
            if (of.Count <= id)
            {
                int length = of.Count;
                CollectionsMarshal.SetCount(of, Math.Max(id + 1, 2 * length));
                CollectionsMarshal.AsSpan(of)[length..].Fill(none);
            }
            ReadOnlySpan<byte> key = name.Key.Span;
            int tab = key.IndexOf((byte)'\t');
            string host = tab > 0 ? NodeNames.ReverseLabels(Encoding.UTF8.GetString(key[..tab])) : NodeNames.FromKey(Encoding.UTF8.GetString(key));
            if (!foldOf.TryGetValue(host, out int folded))
            {
                string domain = fold(host);
                if (!numbers.TryGetValue(domain, out folded))
                {
                    numbers.Add(domain, folded = nodes.Count);
                    nodes.Add(domains.Names.Find(domain));
                }
                foldOf.Add(host, folded);
            }
            of[id] = folded;
            if (key.Contains((byte)'?'))
                queries.Add((uint)id);
        }
        var pairs = new HashSet<ulong>(); // resource << 32 | domain
        foreach (StoredArc arc in store.Arcs(cancel))
            if (!arc.Lost && arc.Kind is (LinkKind.Script or LinkKind.Image or LinkKind.Frame or LinkKind.Resource or LinkKind.Media) && queries.Has((uint)arc.TargetId)
                && arc.SourceId < of.Count && of[(int)arc.SourceId] is >= 0 and int source && source != of[(int)arc.TargetId] && nodes[source] >= 0)
                pairs.Add((ulong)arc.TargetId << 32 | (uint)nodes[source]);
        ulong[] sorted = [.. pairs];
        Array.Sort(sorted);
        var shared = new Dictionary<uint, uint[]>();
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            for (end = start + 1; end < sorted.Length && sorted[end] >> 32 == sorted[start] >> 32; end++)
            {
            }
            if (end - start >= options.LeastDomains && end - start <= options.MostDomains)
                shared.Add((uint)(sorted[start] >> 32), Array.ConvertAll(sorted[start..end], static pair => (uint)pair));
        }
        var keys = new List<string>();
        var users = new List<uint[]>();
        if (shared.Count > 0)
            foreach (StoredName name in store.Names(cancel))
                if (name.Granularity == Granularity.Page && shared.TryGetValue((uint)name.Id, out uint[]? domainsOf))
                {
                    keys.Add(name.Url);
                    users.Add(domainsOf);
                }
        return new SharedResources([.. keys], [.. users]);
    }
}
