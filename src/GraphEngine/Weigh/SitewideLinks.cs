namespace Backlinks.GraphEngine;

/// <summary>
/// Links that a template puts on many pages of a site. A <em>site</em> is a host, <c>www.</c> before it left out: templates
/// belong to hosts, and the domain above may hold a shop with thousands of pages beside a blog with its own footer.
/// </summary>
public static class SitewideLinks
{
    /// <summary>The site of a page, as the part of its key (<see cref="NodeNames.ToKey"/>) that names the host.</summary>
    public static string SiteOf(string pageKey)
    {
        int tab = pageKey.IndexOf('\t');
        string host = tab > 0 ? pageKey[..tab] : pageKey;
        return host.EndsWith(".www", StringComparison.Ordinal) ? host[..^4] : host;
    }
}
