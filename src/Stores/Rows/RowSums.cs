using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>What links add up to, by page, domain, and pair of domains; of kinds that rank alone. One pass over the links, target domain
/// by target domain, so that "seen before" is a number a domain: 40 bytes a page, 100 a domain.</summary>
internal sealed class RowSums
{
    public struct OfPage
    {
        public uint Backlinks, Dofollow, Lost, Refdomains, Internal, LinksExternal, LinksInternal, LinkedDomains;
    }

    public struct OfDomain
    {
        public uint Pages, Visited, Addresses, Backlinks, Dofollow, Lost, New, Refdomains, DofollowRefdomains, Clustered, Ips, Networks, Outlinks, LinkedDomains, DofollowLinkedDomains;
        public long FirstSeen, LastVisited;
    }

    /// <summary>All links from pages of one domain to pages of another.</summary>
    public struct Edge
    {
        public uint Source, Links, Dofollow, New, Lost;
        public long First, Last, LostAt;
    }

    private readonly RowPages _pages;
    private readonly RowLinks _links;
    private readonly int[] _placeOf; // by domain: place of its edge in the list, of the target that is looked at
    private readonly uint[] _seenBy; // by domain: 1 + that target
    private Edge[] _edges = new Edge[64];

    private RowSums(RowPages pages, RowLinks links, long newSince)
    {
        (_pages, _links, NewSince) = (pages, links, newSince);
        (_placeOf, _seenBy) = (new int[pages.Domains], new uint[pages.Domains]);
        (Pages, Domains) = (new OfPage[pages.Count], new OfDomain[pages.Domains]);
    }

    /// <summary>Microseconds since 1970 after which what is seen first is new.</summary>
    public long NewSince { get; }

    public OfPage[] Pages { get; }

    public OfDomain[] Domains { get; }

    /// <summary>Where each page redirects to: the target of its live redirect, the one seen last, then the first by number; −1 for none.</summary>
    public int[] RedirectOf { get; private set; } = [];

    /// <param name="inCluster">Of each domain, whether it is in a spam cluster.</param>
    public static RowSums Of(RowPages pages, RowLinks links, bool[] inCluster, long now, CancellationToken cancel)
    {
        var sums = new RowSums(pages, links, now - RowSchema.NewDays * 86_400_000_000L);
        sums.SumPages();
        sums.SumLinks(inCluster, cancel);
        return sums;
    }

    /// <summary>Whether a link counts as new: it is there, and was first seen lately.</summary>
    public bool IsNew(in RowLink link) => link.IsLive && link.First > NewSince;

    /// <summary>The edges to a domain by their source. Not to be called side by side.</summary>
    public ReadOnlySpan<Edge> EdgesTo(int target)
    {
        int count = 0;
        for (int p = _pages.DomainRows[target]; p < _pages.DomainRows[target + 1]; p++)
            foreach (ref readonly RowLink link in _links.To((int)_pages.PagesOf[p]))
            {
                uint source = _pages.DomainOf[link.Source];
                if (source == (uint)target || !link.Ranks)
                    continue;
                if (_seenBy[source] != (uint)target + 1)
                {
                    if (count == _edges.Length)
                        Array.Resize(ref _edges, 2 * count);
                    _edges[count] = new Edge { Source = source, First = long.MaxValue, Last = long.MinValue, LostAt = long.MinValue };
                    (_seenBy[source], _placeOf[source]) = ((uint)target + 1, count++);
                }
                ref Edge edge = ref _edges[_placeOf[source]];
                edge.First = Math.Min(edge.First, link.First);
                edge.Last = Math.Max(edge.Last, link.Last);
                if (link.IsLive)
                {
                    edge.Links++;
                    edge.Dofollow += link.IsFollowed ? 1u : 0;
                    edge.New += IsNew(link) ? 1u : 0;
                }
                else
                {
                    edge.Lost++;
                    edge.LostAt = Math.Max(edge.LostAt, link.Lost);
                }
            }
        foreach (ref readonly Edge edge in _edges.AsSpan(0, count))
            _seenBy[edge.Source] = 0;
        _edges.AsSpan(0, count).Sort(static (a, b) => a.Source.CompareTo(b.Source));
        return _edges.AsSpan(0, count);
    }

    private void SumPages()
    {
        uint[] seenBy = new uint[_pages.Addresses.Length];
        for (int domain = 0; domain < Domains.Length; domain++)
        {
            ref OfDomain sum = ref Domains[domain];
            (sum.FirstSeen, sum.LastVisited) = (long.MaxValue, PageHistory.None);
            for (int p = _pages.DomainRows[domain]; p < _pages.DomainRows[domain + 1]; p++)
            {
                ref readonly RowPages.Seen page = ref _pages.Facts[_pages.PagesOf[p]];
                sum.Pages += page.Granularity == Granularity.Page ? 1u : 0;
                sum.Visited += page.Granularity == Granularity.Page && page.Looked ? 1u : 0;
                sum.FirstSeen = Math.Min(sum.FirstSeen, page.First);
                sum.LastVisited = Math.Max(sum.LastVisited, page.LastVisit);
                if (page.Address > 0 && seenBy[page.Address] != (uint)domain + 1)
                    (seenBy[page.Address], sum.Addresses) = ((uint)domain + 1, sum.Addresses + 1);
            }
        }
    }

    private void SumLinks(bool[] inCluster, CancellationToken cancel)
    {
        uint[] followedBy = new uint[Domains.Length], addressBy = new uint[_pages.Addresses.Length], networkBy = new uint[_pages.Networks.Length];
        uint[] pageBy = new uint[Domains.Length]; // by domain: 1 + page it was seen to link to last
        uint[] domainBy = new uint[Pages.Length]; // by page: 1 + domain it was seen to link to last
        uint[] seenBy = new uint[Domains.Length];
        RedirectOf = new int[Pages.Length];
        Array.Fill(RedirectOf, -1);
        long[] redirectSeen = new long[Pages.Length];
        for (int target = 0; target < Domains.Length; target++)
        {
            if ((target & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            ref OfDomain into = ref Domains[target];
            uint mark = (uint)target + 1;
            for (int p = _pages.DomainRows[target]; p < _pages.DomainRows[target + 1]; p++)
            {
                int page = (int)_pages.PagesOf[p];
                ref OfPage to = ref Pages[page];
                foreach (ref readonly RowLink link in _links.To(page))
                {
                    if (!link.Ranks)
                        continue;
                    uint source = _pages.DomainOf[link.Source];
                    ref OfPage from = ref Pages[link.Source];
                    if (link.Kind == LinkKind.Redirect && link.IsLive && (RedirectOf[link.Source] < 0 || link.Last > redirectSeen[link.Source]
                        || (link.Last == redirectSeen[link.Source] && page < RedirectOf[link.Source])))
                        (RedirectOf[link.Source], redirectSeen[link.Source]) = (page, link.Last);
                    if (source == (uint)target)
                    {
                        to.Internal += link.IsLive ? 1u : 0;
                        from.LinksInternal += link.IsLive ? 1u : 0;
                        continue;
                    }
                    if (!link.IsLive)
                    {
                        to.Lost++;
                        into.Lost++;
                        continue;
                    }
                    ref OfDomain of = ref Domains[source];
                    bool followed = link.IsFollowed;
                    to.Backlinks++;
                    into.Backlinks++;
                    from.LinksExternal++;
                    of.Outlinks++;
                    to.Dofollow += followed ? 1u : 0;
                    into.Dofollow += followed ? 1u : 0;
                    into.New += IsNew(link) ? 1u : 0;
                    if (pageBy[source] != (uint)page + 1)
                        (pageBy[source], to.Refdomains) = ((uint)page + 1, to.Refdomains + 1);
                    if (domainBy[link.Source] != mark)
                        (domainBy[link.Source], from.LinkedDomains) = (mark, from.LinkedDomains + 1);
                    if (seenBy[source] != mark)
                    {
                        seenBy[source] = mark;
                        into.Refdomains++;
                        into.Clustered += inCluster[source] ? 1u : 0;
                        of.LinkedDomains++;
                    }
                    if (followed && followedBy[source] != mark)
                    {
                        followedBy[source] = mark;
                        into.DofollowRefdomains++;
                        of.DofollowLinkedDomains++;
                    }
                    ref readonly RowPages.Seen seen = ref _pages.Facts[link.Source];
                    if (seen.Address > 0 && addressBy[seen.Address] != mark)
                        (addressBy[seen.Address], into.Ips) = (mark, into.Ips + 1);
                    if (seen.Network > 0 && networkBy[seen.Network] != mark)
                        (networkBy[seen.Network], into.Networks) = (mark, into.Networks + 1);
                }
            }
        }
    }
}
