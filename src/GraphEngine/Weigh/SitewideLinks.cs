namespace Backlinks.GraphEngine;

/// <summary>A link as <see cref="SitewideLinks"/> looks at it.</summary>
/// <param name="Site">Number of its site, or <see cref="SitewideLinks.Exempt"/>.</param>
/// <param name="Anchor">Number of its text.</param>
/// <param name="Page">Node of its page.</param>
/// <param name="Weight">Without the site-wide factor, as <paramref name="Full"/>.</param>
public readonly record struct SitewideCandidate(uint Site, uint Anchor, Zone Zone, uint Page, float Weight, float Full);

/// <summary>
/// Links that a template puts on many pages of a site: the same target, anchor and zone on at least 30 % of the site's pages,
/// five at least, count once: the heaviest instance, times .3·(1 + log10 pages); the others have the factor 0.
/// A <em>site</em> is a host, <c>www.</c> before it left out: templates belong to hosts, and the domain above may hold a shop
/// with thousands of pages beside a blog with its own footer. A site's pages are those with links that are known, so that a
/// partial crawl does not hide a template. Redirects and canonicals are exempt, and links within a domain where
/// <see cref="LinkProfile.SitewideInternal"/> is off. Of instances of one weight the first page's counts.
/// Cost: a sort of the links to each target.
/// </summary>
public static class SitewideLinks
{
    /// <summary>The site of a link that is never site-wide.</summary>
    public const uint Exempt = uint.MaxValue;

    /// <summary>The site of a page, as the part of its key (<see cref="NodeNames.ToKey"/>) that names the host.</summary>
    public static string SiteOf(string pageKey)
    {
        int tab = pageKey.IndexOf('\t');
        string host = tab > 0 ? pageKey[..tab] : pageKey;
        return host.EndsWith(".www", StringComparison.Ordinal) ? host[..^4] : host;
    }

    /// <summary>Finds the site-wide links among all links to one target.</summary>
    /// <param name="links">In order of page.</param>
    /// <param name="pagesOfSites">Pages with links of each site.</param>
    /// <param name="factors">Receives the site-wide factor of each.</param>
    /// <param name="flags">Receives the flags of each.</param>
    public static void Fold(LinkProfile profile, ReadOnlySpan<SitewideCandidate> links, ReadOnlySpan<int> pagesOfSites, Span<float> factors, Span<LinkRecordFlags> flags)
    {
        factors[..links.Length].Fill(1);
        flags[..links.Length].Clear();
        if (!profile.Uses(LinkFactorSet.Sitewide) || links.Length < profile.SitewidePages)
            return;
        (uint Site, uint Anchor, Zone Zone, int Link)[] order = new (uint, uint, Zone, int)[links.Length];
        int count = 0;
        for (int i = 0; i < links.Length; i++)
            if (links[i].Site != Exempt)
                order[count++] = (links[i].Site, links[i].Anchor, links[i].Zone, i);
        if (count < profile.SitewidePages)
            return;
        Array.Sort(order, 0, count);
        for (int start = 0, end; start < count; start = end)
        {
            (uint site, uint anchor, Zone zone, _) = order[start];
            int pages = 1, best = order[start].Link;
            for (end = start + 1; end < count && (order[end].Site, order[end].Anchor, order[end].Zone) == (site, anchor, zone); end++)
            {
                int link = order[end].Link;
                pages += links[link].Page != links[order[end - 1].Link].Page ? 1 : 0;
                if ((links[link].Weight, links[link].Full).CompareTo((links[best].Weight, links[best].Full)) > 0)
                    best = link;
            }
            if (!profile.IsSitewide(pages, pagesOfSites[(int)site]))
                continue;
            for (int i = start; i < end; i++)
            {
                factors[order[i].Link] = 0;
                flags[order[i].Link] = LinkRecordFlags.Sitewide;
            }
            factors[best] = (float)profile.OfSitewide(pages);
            flags[best] = LinkRecordFlags.Sitewide | LinkRecordFlags.SitewideBest;
        }
    }
}
