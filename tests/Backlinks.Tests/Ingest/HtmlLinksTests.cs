using System.Text;
using System.Text.Json;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Links and anchors of pages against a DOM's.</summary>
public sealed class HtmlLinksTests
{
    private static readonly WebUrl Page = WebUrl.TryParse("http://example.com/index")!;

    /// <summary>Elements whose boundaries divide words.</summary>
    private static readonly HashSet<string> Dividing = new(
        ("address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup main menu nav ol search section summary ul listing pre "
        + "h1 h2 h3 h4 h5 h6 p form plaintext hr xmp li dd dt br table tr td th caption tbody thead tfoot option optgroup legend body").Split(' '), StringComparer.Ordinal);

    /// <summary>Elements without text of the page.</summary>
    private static readonly HashSet<string> Silent = new("script style template textarea title iframe noembed noframes".Split(' '), StringComparer.Ordinal);

    [Fact]
    public void Scrapys_pages_give_their_expected_links()
    {
        string folder = SharedData.Require("html", "scrapy-link-extractor");
        using var document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "links.json")));
        int count = 0;
        foreach (JsonElement page in document.RootElement.GetProperty("pages").EnumerateArray())
        {
            PageVisit visit = Read(File.ReadAllBytes(Path.Combine(folder, page.GetProperty("file").GetString()!)), WebUrl.TryParse(page.GetProperty("document_url").GetString()!)!);
            string[] expected = [.. page.GetProperty("links").EnumerateArray().Select(l =>
            {
                string url = l.GetProperty("url").GetString()!;
                string alt = l.TryGetProperty("alt", out JsonElement value) ? value.GetString()! : "";
                return $"{(l.GetProperty("tag").GetString() == "area" ? "Area" : "Anchor")} {l.GetProperty("href").GetString()} {url.Split('#')[0]} {l.GetProperty("text").GetString()}{alt}";
            })];
            Assert.Equal(expected, visit.Links.Where(l => l.Kind is LinkKind.Anchor or LinkKind.Area).Select(l => $"{l.Kind} {l.Href} {l.Target} {(l.Kind == LinkKind.Anchor && (l.Rel & LinkRel.AnchorIsAlt) != 0 ? "" : l.Anchor)}"));
            count += expected.Length;
        }
        Assert.Equal(18, count);
    }

    [Fact]
    public void Real_pages_have_the_same_links_and_anchors_as_their_DOM()
    {
        int all = 0;
        var wrong = new List<string>();
        foreach (string file in Directory.GetFiles(SharedData.Require("html", "pages"), "*.html").Order(StringComparer.Ordinal))
        {
            byte[] html = File.ReadAllBytes(file);
            List<string> expected = OfDom(html), actual = OfReader(html);
            all += expected.Count;
            wrong.AddRange(Difference(expected, actual).Select(d => $"{Path.GetFileName(file)} {d}"));
        }
        Assert.Equal(2940, all);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {all}\n" + string.Join('\n', wrong.Take(40)));
    }

    internal static PageVisit Read(byte[] html, WebUrl? url = null, PageReaderOptions? options = null)
    {
        var fields = new HttpFields();
        fields.Add("Content-Type", "text/html; charset=utf-8");
        return PageReader.Read(new PageResponse { Url = url ?? Page, Status = 200, Fields = fields, Body = html, At = DateTime.UnixEpoch, Source = "test" }, options);
    }

    private static List<string> OfReader(byte[] html) =>
        [.. Read(html, options: new() { MaxLinks = int.MaxValue, MaxUrl = int.MaxValue }).Links.Where(l => l.Kind is LinkKind.Anchor or LinkKind.Area)
            .Select(l => $"{l.Kind} {l.Target} {((l.Rel & LinkRel.AnchorIsAlt) != 0 ? "" : l.Anchor)}")];

    internal static List<string> OfDom(byte[] html)
    {
        using var document = new HtmlParser().ParseDocument(Encoding.UTF8.GetString(html));
        WebUrl basis = document.QuerySelector("base[href]")?.GetAttribute("href") is { } named && WebUrl.TryParse(named, Page) is { } url ? url : Page;
        var links = new List<string>();
        foreach (IElement element in document.All)
            if (element.LocalName is "a" or "area" && (element.GetAttribute("href") ?? element.GetAttribute("http://www.w3.org/1999/xlink", "href")) is { } href
                && WebUrl.TryParse(href, basis) is { IsHttp: true } target && !(href.AsSpan().Trim().StartsWith('#') && target.PageKey == Page.PageKey))
            {
                var text = new StringBuilder();
                AddText(element, text);
                byte[] bytes = Encoding.UTF8.GetBytes(LinkExtractor.Collapse(text.ToString()));
                links.Add($"{(element.LocalName == "a" ? "Anchor" : "Area")} {target.PageKey} {(element.LocalName == "a" ? Encoding.UTF8.GetString(PageText.Cut(bytes, 1024)) : "")}");
            }
        return links;
    }

    private static void AddText(IElement element, StringBuilder text)
    {
        foreach (INode node in element.ChildNodes)
        {
            if (node is IText data)
                text.Append(data.Data.Replace("\0", "", StringComparison.Ordinal));
            else if (node is IElement child)
            {
                bool html = child.NamespaceUri == "http://www.w3.org/1999/xhtml";
                if (html ? Silent.Contains(child.LocalName) : child.LocalName is "style" or "script")
                    continue;
                bool divides = html && Dividing.Contains(child.LocalName);
                text.Append(divides ? " " : "");
                AddText(child, text);
                text.Append(divides ? " " : "");
            }
        }
    }

    /// <summary>What one multiset has and the other lacks.</summary>
    internal static List<string> Difference(List<string> expected, List<string> actual)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string link in expected)
            counts[link] = counts.GetValueOrDefault(link) + 1;
        foreach (string link in actual)
            counts[link] = counts.GetValueOrDefault(link) - 1;
        return [.. counts.Where(c => c.Value != 0).Select(c => $"{(c.Value > 0 ? "lacks" : "has")} {Math.Abs(c.Value)} {c.Key}")];
    }
}
