using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>Writes a page's HTML and, link by link, the record of what it wrote: the truth is made here, never parsed.</summary>
internal sealed class PageWriter(SamplePage page, ulong textSeed, bool changed)
{
    private readonly Stack<(SampleZone Zone, SampleZone Place, string Close)> _open = new();
    private SampleZone _zone, _place;
    private readonly SampleLoss _loss = changed && page.Change is { } change ? change.Loss : SampleLoss.None;

    public SamplePage Page { get; } = page;

    public StringBuilder Html { get; } = new(8192);

    public List<SampleLink> Links { get; } = new(32);

    /// <summary>Of the page's text; near-duplicates share it.</summary>
    public SeededRandom Random { get; } = new(textSeed);

    /// <summary>Of the page's own markup, so that a link less does not move the others.</summary>
    public SeededRandom Dice { get; } = new(SeededRandom.Hash(textSeed, page.Url));

    public bool Changed => changed;

    public bool Nofollow => Page.Nofollow || (_loss == SampleLoss.BecameNofollow && WholePage);

    public bool Noindex => Page.Noindex || _loss == SampleLoss.Noindex;

    public string? Canonical => _loss == SampleLoss.NotCanonical ? Page.Site.Home.Url : Page.Canonical;

    public string BaseUrl => Page.BaseHref ?? Page.Url;

    /// <summary>Half of the pages that become nofollow do so as a whole, the others link by link.</summary>
    private bool WholePage => (SeededRandom.Hash(7, Page.Url) & 1) == 0;

    public PageWriter Raw(string html)
    {
        Html.Append(html);
        return this;
    }

    /// <summary>Escapes what HTML needs escaped in text and in quoted attributes.</summary>
    public PageWriter Text(string text)
    {
        Escape(Html, text);
        return this;
    }

    public PageWriter Paragraph(int sentences)
    {
        Html.Append("<p>");
        for (int i = 0; i < sentences; i++)
        {
            if (i > 0)
                Html.Append(' ');
            Prose.AppendSentence(Html, Random, Page.Site.Topic);
        }
        Html.Append("</p>\n");
        return this;
    }

    /// <summary>Opens a part of the page in the site's markup.</summary>
    public void Enter(SampleZone place)
    {
        (string open, string close) = Page.Site.Markup switch
        {
            SampleMarkup.Html5 => place switch
            {
                SampleZone.Nav => ("<nav>", "</nav>"),
                SampleZone.Header => ("<header>", "</header>"),
                SampleZone.Main => ("<main>", "</main>"),
                SampleZone.Aside => ("<aside>", "</aside>"),
                SampleZone.Footer => ("<footer>", "</footer>"),
                _ => ("<section id=\"comments\" class=\"comments\">", "</section>"),
            },
            SampleMarkup.Aria => place switch
            {
                SampleZone.Nav => ("<div role=\"navigation\">", "</div>"),
                SampleZone.Header => ("<div role=\"banner\">", "</div>"),
                SampleZone.Main => ("<div role=\"main\">", "</div>"),
                SampleZone.Aside => ("<div role=\"complementary\">", "</div>"),
                SampleZone.Footer => ("<div role=\"contentinfo\">", "</div>"),
                _ => ("<div role=\"region\" id=\"comments\" aria-label=\"Comments\">", "</div>"),
            },
            SampleMarkup.Classes => place switch
            {
                SampleZone.Nav => ("<div class=\"nav\">", "</div>"),
                SampleZone.Header => ("<div class=\"header\">", "</div>"),
                SampleZone.Main => ("<div class=\"content\" id=\"content\">", "</div>"),
                SampleZone.Aside => ("<div class=\"sidebar\">", "</div>"),
                SampleZone.Footer => ("<div class=\"footer\">", "</div>"),
                _ => ("<div class=\"comments\">", "</div>"),
            },
            _ => ("<div>", "</div>"),
        };
        _open.Push((_zone, _place, close));
        _place = place;
        _zone = Page.Site.Markup == SampleMarkup.Bare ? SampleZone.Unknown : place;
        Html.Append(open).Append('\n');
    }

    /// <summary>A list or table: within the main text a zone of its own.</summary>
    public void EnterList(string open, string close)
    {
        _open.Push((_zone, _place, close));
        if (_place == SampleZone.Main)
            _place = SampleZone.MainList;
        if (_zone == SampleZone.Main)
            _zone = SampleZone.MainList;
        Html.Append(open);
    }

    public void Leave()
    {
        (_zone, _place, string close) = _open.Pop();
        Html.Append(close).Append('\n');
    }

    /// <summary>A link as planned, in a form drawn for it; after a change perhaps none, or a nofollow one.</summary>
    public bool Link(PlannedLink link, string? href = null)
    {
        if (_loss == SampleLoss.Removed && link.Place == SampleZone.Main && Page.Planned.IndexOf(link) % 2 == 0)
        {
            Html.Append("nothing");
            return false;
        }
        SampleRel rel = link.Rel;
        if (_loss == SampleLoss.BecameNofollow && !WholePage)
            rel |= SampleRel.Nofollow;
        href ??= HrefForms.Plain(Dice, link.Target, BaseUrl);
        switch (link.Style)
        {
            case AnchorStyle.Image:
                string image = "http://" + Page.Site.Host + "/img/logo.png";
                OpenAnchor(href, rel);
                Html.Append("<img src=\"/img/logo.png\" alt=\"");
                Escape(Html, link.Anchor);
                Html.Append("\"></a>");
                Record(link.Target, href, SampleKind.Anchor, rel | (link.Anchor.Length > 0 ? SampleRel.AnchorIsAlt : 0), link.Anchor);
                Record(image, "/img/logo.png", SampleKind.Image, SampleRel.None, "");
                break;
            case AnchorStyle.Empty:
                OpenAnchor(href, rel);
                Html.Append("</a>");
                Record(link.Target, href, SampleKind.Anchor, rel, "");
                break;
            default:
                string anchor = link.Style == AnchorStyle.Naked ? link.Target : link.Anchor;
                OpenAnchor(href, rel);
                Escape(Html, anchor);
                Html.Append("</a>");
                Record(link.Target, href, SampleKind.Anchor, rel, anchor);
                break;
        }
        return true;
    }

    public void Link(string target, string anchor, SampleRel rel = SampleRel.None, string? href = null) =>
        Link(new PlannedLink(target, anchor, rel, SampleZone.Unknown), href);

    /// <summary>Notes a link whose HTML the caller writes.</summary>
    public void Record(string target, string href, SampleKind kind, SampleRel rel = SampleRel.None, string anchor = "")
    {
        if (Nofollow)
            rel |= SampleRel.PageNofollow;
        Links.Add(new SampleLink(Page.Url, target, href, kind, rel, _zone, _place, anchor));
    }

    private void OpenAnchor(string href, SampleRel rel)
    {
        Html.Append("<a href=\"");
        Escape(Html, href);
        Html.Append('"');
        if ((rel & ~(SampleRel.PageNofollow | SampleRel.Hidden | SampleRel.AnchorIsAlt)) != 0)
            Html.Append(" rel=\"").Append(RelText(rel)).Append('"');
        if ((rel & SampleRel.Hidden) != 0)
            Html.Append(" style=\"display:none\"");
        Html.Append('>');
    }

    private static string RelText(SampleRel rel)
    {
        List<string> words = [];
        foreach (SampleRel one in Enum.GetValues<SampleRel>())
            if (one is not (SampleRel.None or SampleRel.PageNofollow or SampleRel.Hidden or SampleRel.AnchorIsAlt) && (rel & one) != 0)
                words.Add(one.ToString().ToLowerInvariant());
        return string.Join(' ', words);
    }

    public static void Escape(StringBuilder html, string text)
    {
        if (text.AsSpan().IndexOfAny("&<>\"") < 0)
        {
            html.Append(text);
            return;
        }
        foreach (char c in text)
            _ = c switch
            {
                '&' => html.Append("&amp;"),
                '<' => html.Append("&lt;"),
                '>' => html.Append("&gt;"),
                '"' => html.Append("&quot;"),
                _ => html.Append(c),
            };
    }
}
