using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// Links with their weights: 16 bytes a link beside <see cref="SortedLinks"/>. What is not kept (all factors but relevance
/// and site-wide, and the weights once they are <see cref="BySource"/>) is worked out again when records are written.
/// </summary>
internal sealed class WeighedLinks
{
    private readonly LinkProfile _profile;
    private readonly AnchorForm[] _forms;
    private readonly float[] _relevance; // the factor; empty where nobody knows any similarity
    private readonly float[] _sitewide; // empty where no link can be site-wide
    private readonly double[] _popularity; // by target; empty where the profile does not ask for it

    private WeighedLinks(SortedLinks sorted, LinkProfile profile, AnchorForm[] forms, float[] relevance, bool sitewide, double[] popularity)
    {
        (Sorted, _profile, _forms, _relevance, _popularity) = (sorted, profile, forms, relevance, popularity);
        _sitewide = sitewide ? new float[sorted.Links.Length] : [];
        Weight = new float[sorted.Links.Length];
        Full = new float[sorted.Links.Length];
    }

    public SortedLinks Sorted { get; }

    public float[] Weight { get; private set; }

    /// <summary>What each would weigh if it were followed.</summary>
    public float[] Full { get; private set; }

    /// <summary>Weighs the links between pages.</summary>
    /// <param name="owners">Group of each domain, or empty.</param>
    /// <param name="some">Where only some of the rows are here, what the others tell of these.</param>
    public static WeighedLinks OfPages(SortedLinks sorted, StoreNodes nodes, AnchorForm[] forms, uint[] owners, StoreGraphsOptions options, int threads, CancellationToken cancel,
        SomeRows? some = null)
    {
        LinkProfile profile = options.Profile;
        float[] relevance = options.Relevance is null || !profile.Uses(LinkFactorSet.Relevance) ? [] : new float[sorted.Links.Length];
        double[] popularity = profile.Variant == PositionVariant.Popularity && profile.Uses(LinkFactorSet.Position) ? PopularityOf(sorted, threads, cancel) : [];
        int[] pagesOfSites = profile.Uses(LinkFactorSet.Sitewide) ? some?.PagesOfSites ?? PagesOfSites(sorted, nodes) : [];
        var weighed = new WeighedLinks(sorted, profile, forms, relevance, pagesOfSites.Length > 0, popularity);
        sorted.ForRanges(threads, (first, end) =>
        {
            SitewideCandidate[] candidates = [];
            LinkRecordFlags[] flags = [];
            for (int target = first; target < end; target++)
            {
                int start = (int)sorted.Rows[target], count = (int)sorted.Rows[target + 1L] - start;
                if (count == 0)
                    continue;
                if (candidates.Length < count)
                    (candidates, flags) = (new SitewideCandidate[2 * count], new LinkRecordFlags[2 * count]);
                uint domain = nodes.DomainOfPage[target];
                MarkSeen(sorted.Links.AsSpan(start, count));
                for (int k = 0; k < count; k++)
                {
                    ref StoreLink link = ref sorted.Links[start + k];
                    uint from = nodes.DomainOfPage[link.Source];
                    link.Flags |= from == domain ? LinkRecordFlags.Internal : owners.Length > 0 && owners[from] == owners[domain] ? LinkRecordFlags.SameOwner : LinkRecordFlags.None;
                    if (relevance.Length > 0)
                        relevance[start + k] = some is not null && !float.IsNaN(some.Relevance[start + k]) ? some.Relevance[start + k]
                            : (float)profile.OfRelevance(options.Relevance!(nodes.IdOfPage[link.Source], nodes.IdOfPage[target]));
                    if (weighed._sitewide.Length > 0)
                        weighed._sitewide[start + k] = 1;
                    LinkWeight factors = weighed.FactorsOf(start + k);
                    (weighed.Weight[start + k], weighed.Full[start + k]) = (factors.Weight, factors.Full);
                    bool exempt = link.Kind is LinkKind.Redirect or LinkKind.Canonical || (link.Flags & LinkRecordFlags.SeenItself) != 0 || (from == domain && !profile.SitewideInternal);
                    candidates[k] = new SitewideCandidate(exempt ? SitewideLinks.Exempt : nodes.SiteOfPage[link.Source], link.Text, link.Zone, link.Source, factors.Weight, factors.Full);
                }
                if (weighed._sitewide.Length == 0 || count < profile.SitewidePages)
                    continue;
                SitewideLinks.Fold(profile, candidates.AsSpan(0, count), pagesOfSites, weighed._sitewide.AsSpan(start, count), flags);
                for (int k = 0; k < count; k++)
                    if (flags[k] != 0)
                    {
                        sorted.Links[start + k].Flags |= flags[k];
                        LinkWeight factors = weighed.FactorsOf(start + k);
                        (weighed.Weight[start + k], weighed.Full[start + k]) = (factors.Weight, factors.Full);
                    }
            }
        }, cancel);
        return weighed;
    }

    /// <summary>Weighs what reports say of hosts and domains; never site-wide, its relevance unknown.</summary>
    /// <param name="pages">The links between pages: where any leads from domain to domain, a report adds nothing.</param>
    public static WeighedLinks OfReports(SortedLinks sorted, SortedLinks pages, StoreNodes nodes, AnchorForm[] forms, uint[] owners, LinkProfile profile)
    {
        var unseen = new HashSet<ulong>();
        foreach (ref readonly StoreLink link in sorted.Links.AsSpan())
            unseen.Add((ulong)link.Source << 32 | link.Target);
        for (int i = 0; i < pages.Links.Length && unseen.Count > 0; i++)
            unseen.Remove((ulong)nodes.DomainOfPage[pages.Links[i].Source] << 32 | nodes.DomainOfPage[pages.Links[i].Target]);
        var weighed = new WeighedLinks(sorted, profile, forms, [], false, profile.Variant == PositionVariant.Popularity ? PopularityOf(sorted, 1, CancellationToken.None) : []);
        for (int i = 0; i < sorted.Links.Length; i++)
        {
            ref StoreLink link = ref sorted.Links[i];
            link.Flags = (owners.Length > 0 && owners[link.Source] == owners[link.Target] ? LinkRecordFlags.SameOwner : LinkRecordFlags.None)
                | (unseen.Contains((ulong)link.Source << 32 | link.Target) ? LinkRecordFlags.None : LinkRecordFlags.SeenItself);
            LinkWeight factors = weighed.FactorsOf(i);
            (weighed.Weight[i], weighed.Full[i]) = (factors.Weight, factors.Full);
        }
        return weighed;
    }

    /// <summary>The links by their sources; <see cref="Weight"/> and <see cref="Full"/> are there, and no longer here.</summary>
    public OutLinks BySource()
    {
        int nodes = Sorted.Nodes;
        long[] rows = new long[nodes + 1L];
        uint[] numbers = GC.AllocateUninitializedArray<uint>(Sorted.Links.Length);
        OutLink[] links = GC.AllocateUninitializedArray<OutLink>(Sorted.Links.Length);
        foreach (ref readonly StoreLink link in Sorted.Links.AsSpan())
            rows[link.Source + 1L]++;
        for (int node = 0; node < nodes; node++)
            rows[node + 1L] += rows[node];
        for (int i = 0; i < links.Length; i++)
        {
            long place = rows[Sorted.Links[i].Source]++;
            numbers[place] = (uint)i;
            links[place] = new OutLink(Sorted.Links[i].Target, Weight[i], Full[i]);
        }
        for (int node = nodes; node > 0; node--)
            rows[node] = rows[node - 1];
        rows[0] = 0;
        (Weight, Full) = ([], []);
        return new OutLinks(rows, numbers, links);
    }

    /// <summary>Writes a record for each link, and the texts they use.</summary>
    /// <param name="bySource">Of these links.</param>
    public void Write(string folder, OutLinks bySource, AnchorTable anchors, GraphBuilder graph, int threads, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        using LinkRecordsWriter writer = new(folder, Sorted.Nodes, Sorted.Links.Length, threads);
        uint[] numbers = new uint[anchors.Count]; // + 1; texts are numbered as records use them
        for (int i = 0; i < Sorted.Links.Length; i++)
        {
            if ((i & 0xFFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("writing links", i, Sorted.Links.Length, "links"));
            }
            ref readonly StoreLink link = ref Sorted.Links[i];
            ref uint number = ref numbers[link.Text];
            if (number == 0)
                number = writer.AddText(anchors[link.Text]) + 1;
            writer.Add(RecordOf(i, number - 1));
        }
        writer.Finish(graph, bySource.Rows, bySource.Numbers);
    }

    /// <summary>The record of a link.</summary>
    /// <param name="text">Number that its anchor has among the records.</param>
    public LinkRecord RecordOf(int i, uint text)
    {
        ref readonly StoreLink link = ref Sorted.Links[i];
        LinkWeight factors = FactorsOf(i);
        return new LinkRecord(i, link.Source, link.Target, link.Kind, link.Ordinal, link.Rel, link.Zone, FormOf(link), link.Position, text, link.FirstSeen, link.Flags, factors, factors.Weight);
    }

    private LinkWeight FactorsOf(int i)
    {
        ref readonly StoreLink link = ref Sorted.Links[i];
        LinkWeight factors = LinkWeight.Of(_profile, link.Kind, link.Rel, link.Zone, link.Position, FormOf(link), float.NaN, _popularity.Length > 0 ? _popularity[link.Target] : double.NaN);
        if (_relevance.Length > 0 && link.Kind is not (LinkKind.Redirect or LinkKind.Canonical))
            factors = factors with { Relevance = _relevance[i] };
        return (link.Flags & LinkRecordFlags.SeenItself) != 0 ? factors with { Sitewide = 0 } : _sitewide.Length > 0 ? factors with { Sitewide = _sitewide[i] } : factors;
    }

    // A report does not say which element it saw: where the page is known to link, it saw that. Kinds are in order within a source.
    private static void MarkSeen(Span<StoreLink> row)
    {
        uint seen = StoreNodes.NoNode; // the last source with an element
        foreach (ref StoreLink link in row)
            if (link.Kind is LinkKind.Anchor or LinkKind.Area)
                seen = link.Source;
            else if (link.Kind == LinkKind.Reported && link.Source == seen)
                link.Flags = LinkRecordFlags.SeenItself;
    }

    private AnchorForm FormOf(in StoreLink link) => AnchorForms.Of(_forms[link.Text], link.Kind, link.Rel);

    // Pages with links: redirects have none of their own.
    private static int[] PagesOfSites(SortedLinks sorted, StoreNodes nodes)
    {
        bool[] links = new bool[nodes.Pages];
        foreach (ref readonly StoreLink link in sorted.Links.AsSpan())
            if (link.Kind is not (LinkKind.Redirect or LinkKind.Canonical))
                links[link.Source] = true;
        int[] pages = new int[nodes.Sites];
        for (int page = 0; page < links.Length; page++)
            pages[nodes.SiteOfPage[page]] += links[page] ? 1 : 0;
        return pages;
    }

    private static double[] PopularityOf(SortedLinks sorted, int threads, CancellationToken cancel)
    {
        double[] sources = new double[sorted.Nodes];
        sorted.ForRanges(threads, (first, end) =>
        {
            for (int node = first; node < end; node++)
                for (long i = sorted.Rows[node]; i < sorted.Rows[node + 1L]; i++)
                    sources[node] += i == sorted.Rows[node] || sorted.Links[i].Source != sorted.Links[i - 1].Source ? 1 : 0;
        }, cancel);
        double most = Math.Max(1, sources.DefaultIfEmpty().Max());
        for (int node = 0; node < sources.Length; node++)
            sources[node] /= most;
        return sources;
    }
}

/// <summary>What a part of a graph's rows does not tell by itself.</summary>
/// <param name="PagesOfSites">Pages with links of each site.</param>
/// <param name="Relevance">Factor of each link of the part where it is known, NaN where it is to be asked for.</param>
internal sealed record SomeRows(int[] PagesOfSites, float[] Relevance);
