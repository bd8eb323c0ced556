using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Which links there are, and with which anchor, where tags are misnested: as in a browser's tree.</summary>
public sealed class HtmlTreeTests
{
    [Theory]
    [InlineData("")]
    [InlineData("<a href=1>x")]
    [InlineData("<a href=1>x<a href=2>y</a>z</a>")] // a start tag ends an open a
    [InlineData("<a href=1>x<div>y</a>z</div>w")] // an a across blocks is split
    [InlineData("<a href=1>x<div>y<p>z</a>v</div>w")]
    [InlineData("<a href=1>1<div>2<div>3<div>4<div>5<div>6<div>7<div>8<div>9<div>10<div>11</a>")]
    [InlineData("<p><a href=1>x</p>y<p>z</a>w")] // and opened again where a block's end closed it
    [InlineData("<p>x<a href=1>y<p>z<p>v<a href=2>w</a>u")]
    [InlineData("<b><p><a href=1>x</b>y</a>")]
    [InlineData("<b><a href=1>x<p>y</b>z</a>w")]
    [InlineData("<table><tr><td><a href=1>x</td><td>y</a></td></tr></table>z")] // cells end it
    [InlineData("<table><a href=1>x<tr><td>y</td></tr></table>z")]
    [InlineData("<a href=1>x<table><tr><td><a href=2>y</a></td></tr></table>z</a>w")] // a within a, through a cell
    [InlineData("<table><tr><td>1<tr><td><a href=1>2<td>3</table>4")]
    [InlineData("<ul><li><a href=1>x<li>y<li>z</ul>w")]
    [InlineData("<dl><dt><a href=1>x<dd>y</a><dt>z</dl>")]
    [InlineData("<template><a href=1>x</a></template><a href=2>y</a>")]
    [InlineData("<noscript><a href=1>x</a></noscript>")]
    [InlineData("<head><noscript><link rel=next href=1><a href=2>x</noscript>y")]
    [InlineData("<select><option><a href=1>x</a></select><a href=2>y</a>")]
    [InlineData("<svg><a xlink:href=1><text>x</text></a><title>t<a href=2>y</a></title></svg>z")]
    [InlineData("<svg><a href=1><path/></a><p><a href=2>x</svg>y")]
    [InlineData("<svg><style><a href=1></a></style><foreignObject><a href=2>y</a></foreignObject></svg>")]
    [InlineData("<svg><![CDATA[<a href=1>x</a>]]></svg><![CDATA[<a href=2>y</a>]]>")]
    [InlineData("<math><mi><a href=1>x</a></mi><a href=2>y</a></math>")]
    [InlineData("<title><a href=1>x</a></title><textarea><a href=2></textarea><style><a href=3></style><xmp><a href=4></xmp><a href=5>y</a>")]
    [InlineData("<script><!--<script></script><a href=1>--></script><a href=2>x</a>")]
    [InlineData("<frameset><frame src=1><noframes><a href=2>x</a></noframes></frameset><a href=3>y</a>")]
    [InlineData("<p>x<frameset><a href=3>y</a>")]
    [InlineData("<object><a href=1>x</object>y</a>z")]
    [InlineData("<button><a href=1>x<button>y</a>z")]
    [InlineData("<form><div><a href=1>x</form>y</a></div>z")]
    [InlineData("<!doctype html><p><a href=1>x<table><tr><td>y</table>z")]
    [InlineData("<p><a href=1>x<table><tr><td>y</table>z")] // without a doctype a table may stand in a p
    [InlineData("<map><area href=1><area href=2></map>")]
    [InlineData("<a name=x>y<a href=1>z</a>")]
    [InlineData("<nobr><a href=1>x<nobr>y</a>z")]
    [InlineData("<h1><a href=1>x<h2>y</h1>z</a>")]
    [InlineData("<plaintext><a href=1>x</a>")]
    [InlineData("<iframe><a href=1>x</a></iframe><noembed><a href=2></noembed><a href=3>z")]
    public void Links_and_anchors_are_those_of_the_DOM(string html) => Assert.Equal(HtmlLinksTests.OfDom(Encoding.UTF8.GetBytes(html)).Order(StringComparer.Ordinal), Links(html));

    /// <param name="allowed">Pages that differ, as measured: see what <see cref="OpenElements"/> leaves out.</param>
    [Theory]
    [InlineData(0, 4000, 11)]
    [InlineData(1, 4000, 1)]
    public void Random_pages_have_the_links_of_their_DOM(int wild, int pages, int allowed)
    {
        var random = new Random(3 + wild);
        int different = 0, links = 0;
        var examples = new List<(string Html, string Difference)>();
        for (int page = 0; page < pages; page++)
        {
            string html = wild == 0 ? Sloppy(random) : Soup(random);
            List<string> expected = HtmlLinksTests.OfDom(Encoding.UTF8.GetBytes(html));
            links += expected.Count;
            List<string> difference = HtmlLinksTests.Difference(Bare(expected), Bare(Links(html)));
            if (difference.Count > 0)
            {
                different++;
                examples.Add((html, string.Join("; ", difference)));
            }
        }
        Assert.True(different <= allowed, $"{different} of {pages} ({links} links)\n" + string.Join('\n', examples.OrderBy(e => e.Html.Length).Take(20).Select(e => e.Html + "\n    " + e.Difference)));
    }

    /// <summary>The words of an anchor in order of their numbers: a tree moves what stands in a table outside its cells before it, and with it the order and the spaces.</summary>
    private static List<string> Bare(IEnumerable<string> links) => [.. links.Select(l =>
    {
        int target = l.IndexOf(' ', 8);
        return target < 0 ? l : l[..target] + string.Join(' ', l[target..].Replace(" ", "", StringComparison.Ordinal).Split('w').Order(StringComparer.Ordinal));
    })];

    private static string[] Links(string html) =>
        [.. HtmlLinksTests.Read(Encoding.UTF8.GetBytes(html)).Links.Where(l => l.Kind is LinkKind.Anchor or LinkKind.Area)
            .Select(l => $"{l.Kind} {l.Target} {((l.Rel & LinkRel.AnchorIsAlt) != 0 ? "" : l.Anchor)}").Order(StringComparer.Ordinal)];

    /// <summary>Nested elements of ordinary pages of which some lack their end tag or have it too early.</summary>
    private static string Sloppy(Random random)
    {
        var html = new StringBuilder("<!doctype html>");
        int link = 0, word = 0;
        void Element(int depth)
        {
            string[] names = depth > 6 ? ["a"] : ["a", "a", "a", "p", "div", "span", "b", "i", "ul", "table", "h2", "section", "font", "em", "center", "dl", "form", "nav"];
            string name = names[random.Next(names.Length)];
            html.Append(name == "a" ? $"<a href={link++}>" : $"<{name}>");
            bool drop = random.Next(12) == 0, early = random.Next(12) == 0;
            if (name is "ul" or "table" or "dl")
                for (int i = random.Next(3); i >= 0; i--)
                {
                    html.Append(name == "ul" ? "<li>" : name == "dl" ? (i % 2 == 0 ? "<dt>" : "<dd>") : i % 2 == 0 ? "<tr><td>" : "<td>");
                    Content(depth + 1);
                    html.Append(random.Next(2) == 0 ? "" : name == "ul" ? "</li>" : name == "dl" ? "" : "</td>");
                }
            else
                Content(depth + 1);
            if (early && html[^1] == '>' && html.ToString().LastIndexOf('<') is > 20 and int at)
                html.Insert(at, $"</{name}>");
            else if (!drop)
                html.Append($"</{name}>");
        }
        void Content(int depth)
        {
            for (int i = random.Next(4); i > 0; i--)
                if (random.Next(2) == 0 || depth > 7)
                    html.Append($"w{word++}");
                else
                    Element(depth);
        }
        for (int i = 0; i < 4; i++)
            Element(0);
        return html.ToString();
    }

    /// <summary>Tags in no order at all.</summary>
    private static string Soup(Random random)
    {
        string[] names = ["a", "a", "a", "p", "div", "b", "i", "span", "ul", "li", "table", "tr", "td", "tbody", "h1", "button", "dl", "dd", "object", "svg", "template", "form", "nobr", "caption", "th"];
        var html = new StringBuilder(random.Next(2) == 0 ? "<!doctype html>" : "");
        for (int i = 0, n = random.Next(4, 20); i < n; i++)
        {
            string name = names[random.Next(names.Length)];
            html.Append(random.Next(5) switch
            {
                0 => $"w{i}",
                1 or 2 => $"</{name}>",
                _ => name == "a" ? $"<a href={i}>" : $"<{name}>",
            });
        }
        return html.ToString();
    }
}
