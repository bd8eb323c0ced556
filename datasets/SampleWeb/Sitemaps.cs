using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>Sitemaps in the forms of sitemaps.org: XML, an index of a gzip file, plain text, RSS.</summary>
internal static class Sitemaps
{
    /// <summary>Adds the files to the site and returns the one for robots.txt.</summary>
    public static string Plant(SampleSite site, IReadOnlyList<string> urls, int form)
    {
        string host = "http://" + site.Host;
        switch (form)
        {
            case 0:
                return Add(site, "/sitemap.xml", "application/xml", PlantedWeb.Utf8(Xml(urls)), urls);
            case 1:
                string part = Add(site, "/maps/part-1.xml.gz", "application/gzip", PlantedWeb.StoredGzip(PlantedWeb.Utf8(Xml(urls))), urls);
                string index = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n<sitemap><loc>" + Escape(part) + "</loc><lastmod>2026-01-05</lastmod></sitemap>\n</sitemapindex>\n";
                return Add(site, "/sitemap-index.xml", "text/xml; charset=utf-8", PlantedWeb.Utf8(index), [part]);
            case 2:
                return Add(site, "/urls.txt", "text/plain", PlantedWeb.Utf8(string.Join("\r\n", urls) + "\r\n"), urls);
            default:
                StringBuilder rss = new("<?xml version=\"1.0\"?>\n<rss version=\"2.0\"><channel><title>News</title><link>" + host + "/</link><description>All</description>\n");
                foreach (string url in urls)
                    rss.Append("<item><title>A text</title><link>").Append(Escape(url)).Append("</link></item>\n");
                return Add(site, "/feed.rss", "application/rss+xml", PlantedWeb.Utf8(rss.Append("</channel></rss>\n").ToString()), urls);
        }
    }

    private static string Add(SampleSite site, string path, string type, byte[] bytes, IReadOnlyList<string> listed) =>
        site.Add(new SamplePage(site, path, SamplePageKind.Sitemap, "") { ContentType = type, Outcome = SampleOutcome.NotHtml, File = () => bytes, Listed = listed }).Url;

    private static string Xml(IEnumerable<string> urls)
    {
        StringBuilder xml = new("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
        foreach (string url in urls)
            xml.Append("<url><loc>").Append(Escape(url)).Append("</loc><changefreq>weekly</changefreq></url>\n");
        return xml.Append("</urlset>\n").ToString();
    }

    private static string Escape(string url) => url.Replace("&", "&amp;", StringComparison.Ordinal);
}
