using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>How <see cref="StoreGraphs"/> builds.</summary>
public sealed record StoreGraphsOptions
{
    /// <summary>The name under which a host stands in the domain graph, such as its registrable domain.</summary>
    public required Func<string, string> Fold { get; init; }

    /// <summary>What <see cref="Fold"/> does, in a word for the manifests: <c>domain</c>, <c>host</c>, …</summary>
    public required string FoldName { get; init; }

    /// <inheritdoc cref="GraphBuilderOptions.MemoryBytes"/>
    public long MemoryBytes { get; init; } = new GraphBuilderOptions().MemoryBytes;

    /// <inheritdoc cref="GraphBuilderOptions.Threads"/>
    public int Threads { get; init; }
}

/// <summary>
/// Two graphs of what a link store knows now.
/// <list type="bullet">
/// <item>A <em>ranking link</em> is live, of a kind that can carry authority (a, area, redirect, canonical, reported) and not
/// withheld by its rel or its page.</item>
/// <item><b>Pages</b>: nodes are the pages that were visited, or that a live link of a ranking kind names, withheld or not;
/// a link p→q where p has at least one ranking link to q; links within a site count, a page's links to itself do not.
/// Array <c>domains</c> (u4, n): the node of each page in the domain graph.</item>
/// <item><b>Domains</b>: nodes are the folded hosts of these pages, and what host or domain reports name. A link A→B where
/// any page (or host) of A links to one of B, of weight log2(1 + c) with c the number of such pairs of pages, at most
/// log2(33): 32 linking pairs say all there is to say, the thousandth footer link nothing more. None from A to itself.
/// Array <c>pages</c> (u4, n): how many pages stand behind each.</item>
/// </list>
/// Nodes are in key order and rows sorted, so the same content gives the same bytes however it came in. Cost: one pass over
/// names, two over arcs, 8 bytes a URL, and the builder's memory.
/// </summary>
public static class StoreGraphs
{
    private const uint NoNode = uint.MaxValue;
    private const double MostPairs = 32;

    /// <summary>Whether links of that kind can carry authority.</summary>
    public static bool Ranks(LinkKind kind) => kind is LinkKind.Anchor or LinkKind.Area or LinkKind.Redirect or LinkKind.Canonical or LinkKind.Reported;

    /// <summary>Builds both graphs.</summary>
    /// <param name="pagesFolder">Existing and empty, as <paramref name="domainsFolder"/>.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="GraphException">The disk is full, for one.</exception>
    public static (GraphManifest Pages, GraphManifest Domains) Build(ILinkStore store, string pagesFolder, string domainsFolder, StoreGraphsOptions options,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        var known = new List<bool>();
        foreach (StoredArc arc in store.Arcs(cancel))
            if (!arc.Lost && Ranks(arc.Kind))
                Set(known, arc.TargetId);
        Nodes nodes = Number(store, known, pagesFolder, options.Fold, progress, cancel);
        using (nodes.PageNames)
        {
            string pairsFolder = Directory.CreateDirectory(Path.Combine(domainsFolder, "pairs.tmp")).FullName;
            try
            {
                // First the distinct pairs, of pages and of hosts; then what lies between two domains is counted.
                using (GraphBuilder pairs = new(pairsFolder, Builder(options, "unknown", null)))
                using (GraphBuilder pages = new(pagesFolder, Builder(options, "page", "pages")))
                {
                    foreach (StoredArc arc in store.Arcs(cancel))
                    {
                        if (arc.Lost || !Ranks(arc.Kind) || (arc.Rel & LinkRel.Withheld) != 0)
                            continue;
                        if (Math.Max(arc.SourceId, arc.TargetId) >= nodes.All.Count)
                            continue; // written after the names were read
                        uint source = nodes.All[(int)arc.SourceId], target = nodes.All[(int)arc.TargetId];
                        if (source == NoNode || target == NoNode)
                            continue;
                        pairs.Add(source, target);
                        if (nodes.PageOf[(int)source] != NoNode && nodes.PageOf[(int)target] != NoNode)
                            pages.Add(nodes.PageOf[(int)source], nodes.PageOf[(int)target]);
                    }
                    pages.AddArray<uint>("domains", nodes.DomainsOfPages(), "node of each page in the domain graph");
                    GraphManifest pagesManifest = pages.Build(nodes.PageNames.Count, nodes.PageNames, progress, cancel);
                    pairs.Build(nodes.PageOf.Count, null, progress, cancel);
                    return (pagesManifest, BuildDomains(pairsFolder, domainsFolder, nodes, options, progress, cancel));
                }
            }
            finally
            {
                Directory.Delete(pairsFolder, recursive: true);
            }
        }
    }

    private static GraphBuilderOptions Builder(StoreGraphsOptions options, string granularity, string? name) => new()
    {
        MemoryBytes = Math.Max(64L << 20, options.MemoryBytes / 2), // two builders gather links side by side
        Threads = options.Threads,
        Granularity = granularity,
        DropSelfLinks = true,
        Source = name is null ? null : new GraphSource("store", name, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["fold"] = options.FoldName }),
    };

    /// <param name="All">Node by id: the place among all known URLs in key order, pages, hosts and domains alike.</param>
    /// <param name="PageOf">Page node by that place, none for hosts and domains.</param>
    /// <param name="DomainOf">Domain node by that place.</param>
    private sealed record Nodes(List<uint> All, List<uint> PageOf, List<uint> DomainOf, List<byte[]> DomainKeys, NodeNamesWriter PageNames)
    {
        public uint[] DomainsOfPages()
        {
            uint[] domains = new uint[PageNames.Count];
            for (int i = 0; i < PageOf.Count; i++)
                if (PageOf[i] != NoNode)
                    domains[PageOf[i]] = DomainOf[i];
            return domains;
        }
    }

    private static Nodes Number(ILinkStore store, List<bool> known, string folder, Func<string, string> fold, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var nodes = new Nodes([], [], [], [], new NodeNamesWriter(folder));
        try
        {
            var folded = new Dictionary<string, uint>(StringComparer.Ordinal); // by host
            var domains = new Dictionary<string, uint>(StringComparer.Ordinal); // by folded name
            foreach (StoredName name in store.Names(cancel))
            {
                int id = checked((int)name.Id);
                if (!name.Visited && !(id < known.Count && known[id]))
                    continue;
                string key = NodeNames.ToKey(name.Url);
                string host = name.Granularity == Granularity.Page ? HostOf(key) : name.Url;
                if (!folded.TryGetValue(host, out uint domain))
                {
                    string domainName = fold(host);
                    if (!domains.TryGetValue(domainName, out domain))
                        domains.Add(domainName, domain = (uint)domains.Count);
                    folded.Add(host, domain);
                }
                while (nodes.All.Count <= id)
                    nodes.All.Add(NoNode);
                nodes.All[id] = (uint)nodes.PageOf.Count;
                nodes.DomainOf.Add(domain);
                nodes.PageOf.Add(name.Granularity == Granularity.Page ? (uint)nodes.PageNames.Count : NoNode);
                if (name.Granularity == Granularity.Page)
                    nodes.PageNames.Add(Encoding.UTF8.GetBytes(key));
                if (nodes.PageOf.Count % (1 << 16) == 0)
                    progress?.Report(new StepProgress("reading pages", nodes.PageOf.Count, 0, "pages"));
            }
            (byte[] Key, uint Old)[] order = [.. domains.Select(d => (Encoding.UTF8.GetBytes(NodeNames.ToKey(d.Key)), d.Value))];
            Array.Sort(order, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
            uint[] renumbered = new uint[order.Length];
            for (int i = 0; i < order.Length; i++)
                renumbered[order[i].Old] = (uint)i;
            for (int i = 0; i < nodes.DomainOf.Count; i++)
                nodes.DomainOf[i] = renumbered[nodes.DomainOf[i]];
            nodes.DomainKeys.AddRange(order.Select(o => o.Key));
            return nodes;
        }
        catch
        {
            nodes.PageNames.Dispose();
            throw;
        }
    }

    private static GraphManifest BuildDomains(string pairsFolder, string folder, Nodes nodes, StoreGraphsOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        int n = nodes.DomainKeys.Count;
        string countsFolder = Directory.CreateDirectory(Path.Combine(folder, "counts.tmp")).FullName;
        try
        {
            using (LinkGraph pairs = LinkGraph.Open(pairsFolder, cancel))
            using (GraphBuilder counts = new(countsFolder, Builder(options, "unknown", null)))
            {
                for (int node = 0; node < pairs.NodeCount; node++)
                    foreach (uint target in pairs.OutOf(node))
                        counts.Add(nodes.DomainOf[node], nodes.DomainOf[(int)target], 1.0);
                counts.Build(n, null, progress, cancel);
            }
            using LinkGraph summed = LinkGraph.Open(countsFolder, cancel);
            using NodeNamesWriter names = new(folder);
            using GraphBuilder domains = new(folder, Builder(options, options.FoldName == "host" ? "host" : "domain", "domains"));
            foreach (byte[] key in nodes.DomainKeys)
                names.Add(key);
            for (int node = 0; node < n; node++)
            {
                float[] weights = new float[summed.OutDegree(node)];
                for (int i = 0; i < weights.Length; i++)
                    weights[i] = (float)Math.Log2(1 + Math.Min(MostPairs, summed.OutWeight(summed.OutOffsets[node] + i)));
                domains.AddRow((uint)node, summed.OutOf(node), weights);
            }
            uint[] pages = new uint[n];
            for (int i = 0; i < nodes.PageOf.Count; i++)
                pages[nodes.DomainOf[i]] += nodes.PageOf[i] != NoNode ? 1u : 0;
            domains.AddArray<uint>("pages", pages, "pages known of each domain");
            return domains.Build(n, names, progress, cancel);
        }
        finally
        {
            Directory.Delete(countsFolder, recursive: true);
        }
    }

    private static string HostOf(string key)
    {
        int tab = key.IndexOf('\t');
        return tab > 0 ? NodeNames.ReverseLabels(key[..tab]) : NodeNames.FromKey(key);
    }

    private static void Set(List<bool> bits, long id)
    {
        int index = checked((int)id);
        while (bits.Count <= index)
            bits.Add(false);
        bits[index] = true;
    }
}
