using System.Globalization;
using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>The frame around every page of a site: head, navigation, breadcrumb, main part, related pages, comments, footer.</summary>
internal static class PageTemplate
{
    private static readonly string[] People = ["Ada", "Ben", "Chloe", "Dmitri", "Eva", "Farid", "Greta", "Hugo", "Ines", "Jun"];
    private static readonly string[] Praise = ["Thank you, this helped a lot.", "I see it another way, but well written.", "We do the same at home.", "More of this, please.", "Did you try it in winter?"];

    public static void Write(PageWriter w)
    {
        SamplePage page = w.Page;
        string lang = page.Language;
        w.Raw("<!DOCTYPE html>\n<html lang=\"").Raw(lang).Raw("\">\n<head>\n");
        if (page.MetaCharset.Length > 0)
            w.Raw("<meta charset=\"").Raw(page.MetaCharset).Raw("\">\n");
        w.Raw("<title>").Text(page.Title + " - " + page.Site.Title).Raw("</title>\n");
        if (page.BaseHref is { } baseHref)
            w.Raw("<base href=\"").Text(baseHref).Raw("\">\n");
        if (!page.RobotsInHeader && !page.RobotsSaid && (w.Noindex || w.Nofollow))
            w.Raw("<meta name=\"robots\" content=\"").Raw(Answers.Directives(w)).Raw("\">\n");
        if (w.Canonical is { } canonical)
        {
            w.Raw("<link rel=\"canonical\" href=\"").Text(canonical).Raw("\">\n");
            w.Record(canonical, canonical, SampleKind.Canonical);
        }
        foreach (PlannedLink alternate in page.Alternates.Where(a => a.Place == SampleZone.Unknown))
        {
            // The anchor holds the relation, with the language behind it.
            string[] parts = alternate.Anchor.Split(' ');
            w.Raw("<link rel=\"").Raw(parts[0]).Raw("\"");
            if (parts.Length > 1)
                w.Raw(" hreflang=\"").Raw(parts[1]).Raw("\"");
            w.Raw(" href=\"").Text(alternate.Target).Raw("\">\n");
            w.Record(alternate.Target, alternate.Target, SampleKind.Alternate);
        }
        string host = "http://" + page.Site.Host;
        w.Raw("<link rel=\"stylesheet\" href=\"").Raw(host).Raw("/css/site.css\">\n");
        w.Record(host + "/css/site.css", host + "/css/site.css", SampleKind.Resource);
        if (page.Site.Counter.Length > 0)
        {
            string counter = "http://counter.example/c.js?id=" + page.Site.Counter;
            w.Raw("<script src=\"").Raw(counter).Raw("\"></script>\n");
            w.Record(counter, counter, SampleKind.Script);
        }
        page.Head?.Invoke(w);
        w.Raw("</head>\n<body>\n");
        if (page.Body is { } body)
            body(w);
        else
            Frame(w);
        w.Raw("</body>\n</html>\n");
    }

    private static void Frame(PageWriter w)
    {
        SamplePage page = w.Page;
        SampleSite site = page.Site;
        w.Enter(SampleZone.Header);
        w.Link(new PlannedLink(site.Home.Url, site.Title, SampleRel.None, SampleZone.Header, AnchorStyle.Image));
        w.Leave();
        w.Enter(SampleZone.Nav);
        w.EnterList("<ul>", "</ul>");
        foreach (PlannedLink link in site.NavLinks)
        {
            w.Raw("<li>");
            w.Link(link);
            w.Raw("</li>");
        }
        w.Leave();
        w.Leave();
        if (page.Section is { } section)
        {
            w.Enter(SampleZone.Nav);
            w.Link(site.Home.Url, "Home");
            w.Raw(" &gt; ");
            w.Link(section.Url, section.Title);
            w.Raw(" &gt; ").Text(page.Title);
            w.Leave();
        }
        w.Enter(SampleZone.Main);
        w.Raw("<h1>").Text(page.Title).Raw("</h1>\n");
        if (page.Main is { } main)
            main(w);
        else
            MainText(w);
        w.Leave();
        Planned(w, SampleZone.Aside, "<h3>See also</h3>");
        Comments(w);
        w.Enter(SampleZone.Footer);
        w.Raw("<p>&copy; 2026 ").Text(site.Owner.Length > 0 ? site.Owner : site.Title).Raw("</p>");
        foreach (PlannedLink link in site.FooterLinks)
        {
            w.Link(link);
            w.Raw(" | ");
        }
        w.Leave();
    }

    /// <summary>Paragraphs with the planned links in them, then those of lists, then tables now and then.</summary>
    public static void MainText(PageWriter w)
    {
        SamplePage page = w.Page;
        Snippet? snippet = Array.Find(Snippet.All, s => s.Language == page.Language);
        List<PlannedLink> inText = page.Planned.FindAll(l => l.Place == SampleZone.Main);
        int paragraphs = Math.Max(w.Random.Between(2, 5), inText.Count);
        if (page.NearDuplicateOf is not null)
            w.Raw("<p>Printed from our archive.</p>\n");
        for (int i = 0; i < paragraphs; i++)
        {
            if (i == 2)
            {
                w.Raw("<h2>");
                w.Text(Prose.Title(w.Random, page.Site.Topic)).Raw("</h2>\n");
            }
            w.Raw("<p>");
            if (snippet is not null)
                w.Text(snippet.Sentences[i % snippet.Sentences.Length]).Raw(" ");
            w.Raw(Prose.Sentence(w.Random, page.Site.Topic)).Raw(" ");
            if (i < inText.Count)
            {
                w.Raw("See also ");
                w.Link(inText[i]);
                w.Raw(" for more. ");
            }
            for (int n = w.Random.Between(2, 4); n > 0; n--)
                w.Raw(Prose.Sentence(w.Random, page.Site.Topic)).Raw(" ");
            w.Raw("</p>\n");
        }
        List<PlannedLink> inList = page.Planned.FindAll(l => l.Place == SampleZone.MainList);
        if (inList.Count > 0)
        {
            bool table = (SeededRandom.Hash(11, page.Url) & 3) == 0;
            w.EnterList(table ? "<table>" : "<ul>", table ? "</table>" : "</ul>");
            foreach (PlannedLink link in inList)
            {
                w.Raw(table ? "<tr><td>" : "<li>");
                w.Link(link);
                w.Raw(table ? "</td></tr>\n" : "</li>\n");
            }
            w.Leave();
        }
        Pad(w);
    }

    private static void Planned(PageWriter w, SampleZone place, string title)
    {
        List<PlannedLink> links = w.Page.Planned.FindAll(l => l.Place == place);
        if (links.Count == 0)
            return;
        w.Enter(place);
        w.Raw(title);
        w.EnterList("<ul>", "</ul>");
        foreach (PlannedLink link in links)
        {
            w.Raw("<li>");
            w.Link(link);
            w.Raw("</li>");
        }
        w.Leave();
        w.Leave();
    }

    private static void Comments(PageWriter w)
    {
        List<PlannedLink> links = w.Page.Planned.FindAll(l => l.Place == SampleZone.Comments);
        if (links.Count == 0)
            return;
        w.Enter(SampleZone.Comments);
        w.Raw("<h3>Comments</h3>\n");
        foreach (PlannedLink link in links)
        {
            w.Raw("<p><b>").Raw(w.Dice.Pick(People)).Raw("</b>: ").Raw(w.Dice.Pick(Praise)).Raw(" ");
            w.Link(link);
            w.Raw("</p>\n");
        }
        w.Leave();
    }

    /// <summary>More paragraphs until the page is as long as asked: drawn from a stock per topic, for speed.</summary>
    private static void Pad(PageWriter w)
    {
        int want = w.Page.Site.Web.Options.PadTo;
        if (want <= w.Html.Length)
            return;
        string[] stock = Stock(w.Page.Site.Topic);
        SeededRandom dice = new(w.Random.Next());
        while (w.Html.Length < want - 300)
            w.Raw("<p>").Raw(stock[dice.Below(stock.Length)]).Raw("</p>\n");
    }

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, string[]> Stocks = new();

    private static string[] Stock(Topic topic) => Stocks.GetOrAdd(topic.Name, _ =>
    {
        SeededRandom random = SeededRandom.For(0, topic.Name);
        string[] stock = new string[400];
        for (int i = 0; i < stock.Length; i++)
        {
            StringBuilder text = new();
            for (int n = 0; n < 6; n++)
            {
                Prose.AppendSentence(text, random, topic);
                text.Append(' ');
            }
            stock[i] = text.ToString();
        }
        return stock;
    });

    /// <summary>A number for people and paths.</summary>
    public static string Number(int n) => n.ToString(CultureInfo.InvariantCulture);
}
