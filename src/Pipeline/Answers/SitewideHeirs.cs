using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>
/// What links of a template come to weigh when one of the pages they stand on is gone, or its links pass nothing. Of a link that stands all over a site the
/// heaviest instance counts for all (<see cref="SitewideLinks"/>): without it the next takes its place, with the factor of the pages that are left;
/// where too few are left for a template, each counts on its own. Whether the site then has other templates is not looked at.
/// Cost: the links into each target of a template on that page, and for a page that is gone the pages of its domain, once a site.
/// </summary>
internal sealed class SitewideHeirs(DomainPages pages, LinkRecords records, LinkProfile profile)
{
    private readonly Dictionary<string, int> _pagesOfSites = new(StringComparer.Ordinal);

    /// <summary>An instance whose weight changes.</summary>
    /// <param name="Sum">What it weighs more or less.</param>
    /// <param name="Full">The same if it were followed.</param>
    public readonly record struct Change(int Source, int Target, double Sum, double Full);

    /// <summary>Changes of all instances of the templates on a page, that page's own among them.</summary>
    /// <param name="isTarget">Which of its links are meant.</param>
    /// <param name="withheld">The links stay, but pass nothing; else they are gone.</param>
    public IEnumerable<Change> Without(int page, Func<LinkRecord, bool> isTarget, bool withheld)
    {
        var seen = new HashSet<(uint Target, uint Anchor, Zone Zone)>();
        string site = SitewideLinks.SiteOf(pages.Graph.Names.Key(page));
        foreach (LinkRecord link in records.From(page))
        {
            if (!IsTemplate(link) || !isTarget(link) || !seen.Add((link.Target, link.Anchor, link.Zone)))
                continue;
            LinkRecord[] instances = [.. records.Into((int)link.Target).Where(other => IsTemplate(other) && other.Anchor == link.Anchor && other.Zone == link.Zone
                && SitewideLinks.SiteOf(pages.Graph.Names.Key((int)other.Source)) == site)];
            foreach (Change change in Changes(page, site, instances, withheld))
                yield return change;
        }
    }

    public static bool IsTemplate(LinkRecord link) => (link.Flags & LinkRecordFlags.Sitewide) != 0;

    private IEnumerable<Change> Changes(int page, string site, LinkRecord[] instances, bool withheld)
    {
        LinkWeight[] alone = [.. instances.Select(i => i.Factors with { Sitewide = 1, Rel = withheld && i.Source == (uint)page ? 0 : i.Factors.Rel })];
        bool Stays(int i) => withheld || instances[i].Source != (uint)page;
        int best = -1;
        for (int i = 0; i < instances.Length; i++)
            if (Stays(i) && (best < 0 || (alone[i].Weight, alone[i].Full).CompareTo((alone[best].Weight, alone[best].Full)) > 0))
                best = i;
        int left = instances.Where((_, i) => Stays(i)).Select(i => i.Source).Distinct().Count();
        bool template = profile.IsSitewide(left, PagesOf(site, page) - (withheld ? 0 : 1));
        float factor = (float)profile.OfSitewide(Math.Max(1, left));
        for (int i = 0; i < instances.Length; i++)
        {
            LinkWeight now = alone[i] with { Sitewide = !Stays(i) ? 0 : !template ? 1 : i == best ? factor : 0 };
            double sum = (double)now.Weight - instances[i].Weight, full = (double)now.Full - instances[i].Full;
            if (sum != 0 || full != 0)
                yield return new Change((int)instances[i].Source, (int)instances[i].Target, sum, full);
        }
    }

    /// <summary>Pages of a site whose links are known.</summary>
    private int PagesOf(string site, int page)
    {
        if (_pagesOfSites.TryGetValue(site, out int count))
            return count;
        foreach (int other in pages.Of(pages.DomainOf(page)))
            if (records.NumbersFrom(other).Length > 0 && SitewideLinks.SiteOf(pages.Graph.Names.Key(other)) == site)
                count++;
        return _pagesOfSites[site] = count;
    }
}
