using System.Diagnostics;
using System.Globalization;
using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using HtmlTokenizer = Backlinks.Ingest.HtmlTokenizer;

namespace Backlinks.Benchmarks;

/// <summary>
/// How many pages a second does one core read, against AngleSharp in the same run, and how long do hostile pages hold it up?
/// <c>ReadPages [--pages DIR] [--seconds S]</c>: the html files of a folder beside generated pages of 57 KB. What is compared reads less:
/// AngleSharp parses, and its links are resolved with the same URL parser and given their anchors; zones, text, contexts and hashes are
/// left out.
/// </summary>
public static class ReadPages
{
    private static readonly WebUrl Page = WebUrl.TryParse("https://example.com/a/page.html")!;

    public static int Run(string[] args)
    {
        string? folder = Option(args, "--pages");
        double seconds = double.Parse(Option(args, "--seconds") ?? "3", CultureInfo.InvariantCulture);
        if (folder is not null && !Compare("real pages", [.. Directory.GetFiles(folder, "*.html").Order(StringComparer.Ordinal).Select(File.ReadAllBytes)], seconds))
            return 1;
        var random = new Random(1);
        if (!Compare("generated pages", [.. Enumerable.Range(0, 200).Select(_ => Generate(random))], seconds))
            return 1;
        return Hostile() ? 0 : 1;
    }

    private static bool Compare(string name, byte[][] pages, double seconds)
    {
        long bytes = pages.Sum(p => (long)p.Length), links = 0;
        foreach (byte[] page in pages)
        {
            string[] expected = [.. ByAngleSharp(page).Select(l => Row(l.Target, l.Anchor)).Order(StringComparer.Ordinal)];
            string[] actual = [.. Read(page).Links.Where(l => l.Kind is LinkKind.Anchor or LinkKind.Area).Select(l => Row(l.Target, (l.Rel & LinkRel.AnchorIsAlt) != 0 ? "" : l.Anchor.Replace(" ", "", StringComparison.Ordinal))).Order(StringComparer.Ordinal)];
            if (!expected.SequenceEqual(actual))
            {
                Console.Error.WriteLine($"{name}: the links are not AngleSharp's: {expected.Except(actual).FirstOrDefault()} / {actual.Except(expected).FirstOrDefault()}");
                return false;
            }
            links += actual.Length;
        }
        double ours = Rate(pages, page => Read(page).Links.Count, seconds), theirs = Rate(pages, page => ByAngleSharp(page).Count, seconds), tokens = Rate(pages, Tokens, seconds);
        double size = (double)bytes / pages.Length;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: {pages.Length} of {size / 1000:F0} KB, {links} links a and area, equal to AngleSharp's"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  PageReader {ours:F0} pages/s {ours * size / 1e6:F0} MB/s   AngleSharp {theirs:F0} pages/s {theirs * size / 1e6:F0} MB/s   {ours / theirs:F1} times   tokens alone {tokens * size / 1e6:F0} MB/s"));
        return true;
    }

    private static bool Hostile()
    {
        string Repeat(string piece) => string.Concat(Enumerable.Repeat(piece, 1_000_000 / Encoding.UTF8.GetByteCount(piece)));
        string Numbered(string piece) => string.Concat(Enumerable.Range(0, 1_000_000 / (piece.Length + 4)).Select(i => piece.Replace("#", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        (string Name, string Html)[] pages =
        [
            ("<div>", Repeat("<div>")), ("<a", Repeat("<a")), ("<a ", Repeat("<a ")), ("<", Repeat("<")), ("&", Repeat("&")), ("&#", Repeat("&#")),
            ("&notit", Repeat("&notit")), ("&CounterClockwiseContourIntegral", Repeat("&CounterClockwiseContourIntegral")), ("&nGt;", Repeat("&nGt;")),
            ("<!--", Repeat("<!--")), ("<!-- -", "<!--" + Repeat("-")), ("<!", Repeat("<!")), ("</", Repeat("</")), ("<?", Repeat("<?")), ("<a b=", Repeat("<a b=")),
            ("<a b='", Repeat("<a b='\"")), ("quotes", Repeat("<a b=\"'\" c='\"'>")), ("</p>", Repeat("</p>")), ("<p>", Repeat("<p>")), ("<p></p>", Repeat("<p></p>")),
            ("<b>…</p>", string.Concat(Enumerable.Repeat("<button>" + string.Concat(Enumerable.Repeat("<b>", 500)), 1)) + Repeat("</p>")),
            ("<title>", "<title>" + Repeat("</titl")), ("<script>", "<script>" + Repeat("</scrip")), ("<script><!--", "<script>" + Repeat("<!--<script")), ("<textarea>", "<textarea>" + Repeat("<a href=x>")),
            ("attributes", "<a " + Numbered(" a#=b") + ">"), ("tags of 300 attributes", Repeat("<a " + string.Concat(Enumerable.Range(0, 300).Select(i => $" a{i}")) + ">")),
            ("formatting", Numbered("<b id=#>")), ("formatting in p", string.Concat(Enumerable.Range(0, 500).Select(i => $"<b id={i}>")) + Repeat("<p>x")), ("<b><div></b>", Repeat("<b><div></b>")), ("<b>*500 <div></b>", Repeat(string.Concat(Enumerable.Repeat("<b>", 250)) + string.Concat(Enumerable.Repeat("<div>", 250)) + string.Concat(Enumerable.Repeat("</b>", 250)))),
            ("<ul><li>", Repeat("<ul><li>")), ("<li> over <b>", "<ul>" + string.Concat(Enumerable.Repeat("<b>", 500)) + Repeat("<li></li>")), ("<a href>", Numbered("<a href=#>")), ("<a><p>", Numbered("<a href=#>x<p>")), ("<a> then <p>x", "<p><a href=1>" + Repeat("<p>x")), ("<a><div></a>", Numbered("<a href=#><div>x</a>")),
            ("<table>", Repeat("<table>")), ("<table><tr><td>", Repeat("<table><tr><td>")), ("<table><a>", Numbered("<table><a href=#>")), ("<svg>", Repeat("<svg>")), ("<svg><a>", Numbered("<svg><a href=#>")), ("</x>", string.Concat(Enumerable.Repeat("<svg>", 500)) + Repeat("</x>")), ("<template>", Repeat("<template>")), ("<select><option>", Repeat("<select><option>")), ("<h1>", Repeat("<h1>x")), ("<img alt>", Numbered("<img src=# alt=x>")), ("<meta>", Repeat("<meta name=robots content=noindex>")), ("<link>", Numbered("<link rel='a b c d' href=#>")), ("words", Repeat("a ")), ("spaces", Repeat(" ")), ("NUL", Repeat("\0")), ("class words", Repeat("<div class='" + string.Concat(Enumerable.Repeat("a-b ", 250)) + "'></div>")), ("\u00A0", Repeat("\u00A0")),
        ];
        double worst = 0;
        foreach ((string name, string html) in pages)
        {
            byte[] page = Encoding.UTF8.GetBytes(html);
            PageVisit visit = Read(page), again = Read(page);
            if (visit.Outcome is not (VisitOutcome.Fetched or VisitOutcome.Truncated) || visit.Links.Count > 10_000 || !visit.Links.SequenceEqual(again.Links))
            {
                Console.Error.WriteLine($"{name}: {visit.Outcome}, {visit.Links.Count} links");
                return false;
            }
            double time = Machine.Best(3, () => Read(page)) * 1e3 / (page.Length / 1e6);
            worst = Math.Max(worst, time);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {time,7:F1} ms a MB  {visit.Links.Count,6} links  {name}"));
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"hostile pages: at worst {worst:F1} ms a MB"));
        return true;
    }

    // Longer anchors are cut at 1,024 bytes.
    private static string Row(string target, string anchor) => target + " " + anchor[..Math.Min(anchor.Length, 250)];

    private static double Rate(byte[][] pages, Func<byte[], int> read, double seconds)
    {
        foreach (byte[] page in pages)
            _ = read(page); // compiled
        var watch = Stopwatch.StartNew();
        long done = 0, sum = 0;
        while (watch.Elapsed.TotalSeconds < seconds)
            foreach (byte[] page in pages)
            {
                sum += read(page);
                done++;
            }
        return sum < 0 ? 0 : done / watch.Elapsed.TotalSeconds;
    }

    private static PageVisit Read(byte[] html)
    {
        var fields = new HttpFields();
        fields.Add("Content-Type", "text/html; charset=utf-8");
        return PageReader.Read(new PageResponse { Url = Page, Status = 200, Fields = fields, Body = html, At = DateTime.UnixEpoch, Source = "benchmark" });
    }

    private static int Tokens(byte[] html)
    {
        var tokens = new HtmlTokenizer(html, new HtmlAttribute[HtmlTokenizer.MaxAttributes]);
        int count = 0;
        for (HtmlToken token = tokens.Read(); token != HtmlToken.End; token = tokens.Read())
            if (token == HtmlToken.StartTag)
            {
                count++;
                if (HtmlTag.Of(tokens.Raw) is HtmlTag.Script or HtmlTag.Style)
                    tokens.Content = HtmlContent.Script;
            }
        return count;
    }

    private static List<(string Target, string Anchor)> ByAngleSharp(byte[] html)
    {
        using IDocument document = new HtmlParser().ParseDocument(Encoding.UTF8.GetString(html));
        WebUrl basis = document.QuerySelector("base[href]")?.GetAttribute("href") is { } named && WebUrl.TryParse(named, Page) is { } url ? url : Page;
        var links = new List<(string, string)>();
        foreach (IElement element in document.All)
            if (element.LocalName is "a" or "area" && (element.GetAttribute("href") ?? element.GetAttribute("http://www.w3.org/1999/xlink", "href")) is { Length: <= 2083 } href
                && WebUrl.TryParse(href, basis) is { IsHttp: true } target && target.PageKey.Length <= 2083 && !(href.AsSpan().Trim().StartsWith('#') && target.PageKey == Page.PageKey))
            {
                // Without white space: blocks within an anchor divide words for us and not for TextContent.
                string text = element.LocalName == "a" ? string.Concat(Texts(element).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)) : "";
                links.Add((target.PageKey, text));
            }
        return links;
    }

    private static string Texts(IElement element) => element.QuerySelector("style, script, noembed, noframes, iframe, textarea") is null ? element.TextContent
        : string.Concat(element.Descendants<IText>().Where(t => t.ParentElement?.LocalName is not ("style" or "script" or "noembed" or "noframes" or "iframe" or "textarea")).Select(t => t.Data));

    /// <summary>A page of about 57 KB as sites make them: head, menus, an article with links and lists, a footer.</summary>
    private static byte[] Generate(Random random)
    {
        string[] words = [.. Enumerable.Range(0, 400).Select(i => string.Concat(Enumerable.Range(0, random.Next(2, 10)).Select(_ => (char)('a' + random.Next(26)))))];
        string Words(int n) => string.Join(' ', Enumerable.Range(0, n).Select(_ => words[random.Next(words.Length)]));
        var html = new StringBuilder($"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{Words(6)}</title>\n<meta name=\"description\" content=\"{Words(20)}\"><link rel=\"canonical\" href=\"/a/page.html\">");
        html.Append("<link rel=\"stylesheet\" href=\"/css/site.css\"><script>var x = {a: 1 < 2, b: '" + new string('x', 6000) + "'};</script></head>\n<body class=\"page page-id-1\"><div class=\"header-wrap\"><nav class=\"main-nav\"><ul>");
        for (int i = 0; i < 30; i++)
            html.Append(CultureInfo.InvariantCulture, $"\n<li class=\"menu-item menu-item-{i}\"><a class=\"link\" href=\"/section/{words[i]}?a=1&amp;b={i}\">{Words(2)}</a></li>");
        html.Append("</ul></nav></div>\n<main><article class=\"post\">");
        while (html.Length < 50_000)
        {
            html.Append(CultureInfo.InvariantCulture, $"\n<h2 id=\"s{random.Next(1000)}\">{Words(4)}</h2>\n<p class=\"text\" data-block=\"{random.Next()}\">{Words(60)} <a href=\"https://{words[random.Next(400)]}.example.org/{words[random.Next(400)]}\" rel=\"nofollow noopener\" target=\"_blank\">{Words(3)}</a>, {Words(50)} &mdash; <em>{Words(5)}</em>.</p>");
            html.Append(CultureInfo.InvariantCulture, $"\n<div class=\"figure\"><img src=\"/img/{random.Next()}.jpg\" width=\"640\" height=\"480\" alt=\"{Words(4)}\"><span class=\"caption\">{Words(10)}</span></div><ul>");
            for (int i = 0; i < 4; i++)
                html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"../{words[random.Next(400)]}/{random.Next(100000)}.html\"><b>{Words(2)}</b> {Words(2)}</a></li>");
            html.Append("</ul>");
        }
        html.Append("</article></main><footer class=\"site-footer\">");
        for (int i = 0; i < 40; i++)
            html.Append(CultureInfo.InvariantCulture, $"<div class=\"col\"><a href=\"/about/{i}\">{Words(2)}</a></div>\n");
        return Encoding.UTF8.GetBytes(html.Append("</footer></body></html>\n").ToString());
    }

    private static string? Option(string[] args, string name)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : null;
    }
}
