using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>A page for each thing that HTTP, URLs, encodings, directives and HTML do to links.</summary>
internal static class HttpLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances)
    {
        Redirects(web, entrances);
        Urls(web, entrances);
        Encodings(web, entrances);
        Directives(web, entrances);
        Markup(web, entrances);
    }

    private static void Redirects(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = Site(web, "redirects.test", "Redirects", entrances);
        SampleSite other = Site(web, "redirects-other.test", "Where others lead", entrances);
        string host = "http://" + site.Host;
        SamplePage end = Text(other, "/landed.html", "Landed", linked: false);
        Text(site, "/end.html", "The end", linked: false);
        foreach (int status in (int[])[301, 302, 303, 307, 308])
            Linked(Redirect(site, $"/r{status}", status, $"{host}/end-{status}.html"));
        foreach (int status in (int[])[301, 302, 303, 307, 308])
            Text(site, $"/end-{status}.html", $"End of a {status}", linked: false);
        Linked(Redirect(site, "/relative", 301, host + "/end.html", "end.html"));
        Linked(Redirect(site, "/fragment", 302, host + "/end.html", "/end.html#here"));
        Linked(Redirect(site, "/across", 301, end.Url));
        Linked(Redirect(site, "/outside", 302, "http://outside-1.example/moved"));
        Linked(Redirect(site, "/self", 302, host + "/self"));
        Linked(Redirect(site, "/loop-a", 302, host + "/loop-b"));
        Redirect(site, "/loop-b", 302, host + "/loop-a");
        Linked(Redirect(site, "/into-the-forbidden", 302, "http://robots-plain.test/private/b.html"));
        // /five-0 … /five-4 redirect, /five-5 is a page; the chain of thirteen is longer than any reader follows.
        Chain("five", 5);
        Chain("thirteen", 13);
        Linked(Refresh("/refresh", "0; url=/refreshed.html", host + "/refreshed.html"));
        Linked(Refresh("/refresh-quoted", "5;URL='http://redirects.test/refreshed-2.html'", host + "/refreshed-2.html"));
        Text(site, "/refreshed.html", "Refreshed", linked: false);
        Text(site, "/refreshed-2.html", "Refreshed again", linked: false);

        void Chain(string name, int length)
        {
            for (int i = 0; i < length; i++)
                Redirect(site, $"/{name}-{i}", i % 2 == 0 ? 301 : 302, $"{host}/{name}-{i + 1}");
            Text(site, $"/{name}-{length}", "At the end of " + name, linked: false);
            Linked(site.Find($"/{name}-0")!);
        }

        void Linked(SamplePage page) => site.Home.Planned.Add(new(page.Url, "Redirect " + page.Path, Place: SampleZone.MainList));

        SamplePage Refresh(string path, string content, string target) => site.Add(new SamplePage(site, path, SamplePageKind.Lab, "Refresh")
        {
            Head = w =>
            {
                w.Raw("<meta http-equiv=\"refresh\" content=\"").Text(content).Raw("\">\n");
                w.Record(target, content[(content.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim('\''), SampleKind.MetaRefresh);
            },
        });
    }

    private static void Urls(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = Site(web, "urls.test", "URLs", entrances);
        SampleSite idn = Site(web, "xn--bcher-kva.example", "Bücher", entrances);
        SampleSite japanese = Site(web, "xn--r8jz45g.test", "例え", entrances);
        string host = "http://" + site.Host;
        SamplePage target = Text(site, "/deep/er/target.html", "Target", linked: false);
        SamplePage query = Text(site, "/deep/er/find?a=1&b=2", "Target with a query", linked: false);
        SamplePage sharp = Text(site, "/stra%C3%9Fe/%C3%BC%20b.html", "Straße", linked: false);
        SamplePage odd = Text(site, "/a%2Fb;c=1/~d/(e)'f.html?q=%C3%A4&r=x%20y", "Odd characters", linked: false);
        SamplePage upper = Text(site, "/Case/Matters.HTML", "Case", linked: false);
        SamplePage lower = Text(site, "/case/matters.html", "Case again", linked: false);
        Text(site, "/deep/forms.html", "Every form of a URL", w =>
        {
            foreach (SamplePage to in (SamplePage[])[target, query, idn.Home])
                foreach (string href in HrefForms.All(to.Url, w.BaseUrl))
                    Line(w, to.Url, href, "form of " + to.Title);
            Line(w, sharp.Url, "/straße/ü b.html", "raw letters");
            Line(w, sharp.Url, "/stra%C3%9Fe/ü%20b.html", "half raw");
            Line(w, odd.Url, "/a%2Fb;c=1/~d/(e)'f.html?q=ä&r=x y", "raw query");
            Line(w, idn.Home.Url, "http://bücher.example/", "IDN");
            Line(w, idn.Home.Url, "http://BÜCHER.example", "IDN in capitals, no slash");
            Line(w, idn.Home.Url, "http://bu\u0308cher.example/", "IDN decomposed");
            Line(w, japanese.Home.Url, "//例え.test/", "IDN of another script");
            Line(w, japanese.Home.Url, "http://例え。test/", "IDN with an ideographic full stop");
            Line(w, upper.Url, upper.Path, "upper");
            Line(w, lower.Url, lower.Path, "lower");
            Line(w, w.Page.Url, "", "empty: the page itself");
            Line(w, w.Page.Url + "?only=query", "?only=query", "a query alone");
            Line(w, host + "/", "../../../..", "above the root");
            Line(w, host + ":8080/other-port", "http://urls.test:8080/other-port", "another port");
        });
        Text(site, "/deep/forms.html?only=query", "The same with a query", linked: false);
        site.Add(new SamplePage(site, "/based.html", SamplePageKind.Lab, "With a base")
        {
            BaseHref = host + "/deep/er/",
            Main = w =>
            {
                Line(w, target.Url, "target.html", "relative to the base");
                Line(w, query.Url, "find?a=1&b=2", "relative with a query");
                Line(w, host + "/deep/forms.html", "../forms.html", "up from the base");
            },
        });
        site.Home.Planned.Add(new(host + "/based.html", "With a base", Place: SampleZone.MainList));
    }

    private static void Encodings(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = Site(web, "encodings.test", "Encodings", entrances);
        Encoding latin = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;
        Encoding japanese = CodePagesEncodingProvider.Instance.GetEncoding(932)!;
        string german = "Größe, Café, “Übung”", kana = "今日は庭で花を植えました";
        Add("/latin-header.html", "text/html; charset=windows-1252", latin, "", german);
        Add("/latin-meta.html", "text/html", latin, "iso-8859-1", german); // the label means windows-1252 (WHATWG Encoding)
        Add("/latin-old-meta.html", "text/html", latin, "", german, w => w.Raw("<meta http-equiv=\"Content-Type\" content=\"text/html; charset=windows-1252\">\n"));
        Add("/sjis-header.html", "text/html;charset=Shift_JIS", japanese, "", kana);
        Add("/sjis-meta.html", "text/html", japanese, "shift_jis", kana);
        Add("/utf16le.html", "text/html", new UnicodeEncoding(false, true), "", german + " " + kana);
        Add("/utf16be.html", "text/html", new UnicodeEncoding(true, true), "", german + " " + kana);
        Add("/utf8-bom.html", "text/html", new UTF8Encoding(true), "", german + " " + kana);
        Add("/header-beats-meta.html", "text/html; charset=utf-8", new UTF8Encoding(false), "windows-1252", german);

        void Add(string path, string type, Encoding encoding, string meta, string text, Action<PageWriter>? head = null)
        {
            SamplePage page = site.Add(new SamplePage(site, path, SamplePageKind.Lab, "Encoded " + path) { ContentType = type, Encoding = encoding, MetaCharset = meta, Head = head, Main = w => Line(w, site.Home.Url, "/", text) });
            site.Home.Planned.Add(new(page.Url, page.Title, Place: SampleZone.MainList));
        }
    }

    private static void Directives(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = Site(web, "directives.test", "Directives", entrances);
        string host = "http://" + site.Host;
        Add("/meta-nofollow.html", nofollow: true);
        Add("/meta-noindex.html", noindex: true);
        Add("/meta-both.html", noindex: true, nofollow: true);
        Add("/header-nofollow.html", nofollow: true, header: true);
        Add("/header-noindex.html", noindex: true, header: true);
        Add("/meta-none.html", noindex: true, nofollow: true, said: "<meta name=\"ROBOTS\" content=\"NONE\">\n");
        Add("/meta-for-us.html", nofollow: true, said: "<meta name=\"backlinks\" content=\"nofollow\">\n");
        Add("/meta-for-another.html", said: "<meta name=\"otherbot\" content=\"noindex, nofollow\">\n");
        Add("/meta-other-words.html", said: "<meta name=\"robots\" content=\"index, follow, max-snippet:-1, noarchive\">\n");
        Add("/header-for-us.html", noindex: true, said: "", headers: [new("X-Robots-Tag", "backlinks: noindex")]);
        Add("/header-for-another.html", said: "", headers: [new("X-Robots-Tag", "otherbot: noindex, nofollow")]);
        // Canonicals: by element, by header, of a copy; translations of one text; pages of one list.
        SamplePage original = Add("/original.html");
        original.Canonical = original.Url;
        Add("/copy.html").Canonical = original.Url;
        Add("/copy-by-header.html").Alternates.Add(new(original.Url, "canonical", Place: SampleZone.Header));
        string[] languages = ["en", "de", "fr"];
        foreach (string language in languages)
        {
            SamplePage page = site.Add(new SamplePage(site, $"/{language}/text.html", SamplePageKind.Lab, "Text " + language) { Language = language });
            page.Alternates.AddRange(languages.Select(l => new PlannedLink($"{host}/{l}/text.html", "alternate " + l, Place: SampleZone.Unknown)));
        }
        site.Home.Planned.Add(new(host + "/en/text.html", "Text in three languages", Place: SampleZone.MainList)); // the others by hreflang alone
        for (int i = 1; i <= 3; i++)
        {
            SamplePage page = site.Add(new SamplePage(site, $"/list/{i}", SamplePageKind.Lab, $"Part {i} of 3"));
            if (i < 3)
                page.Alternates.Add(new($"{host}/list/{i + 1}", "next", Place: SampleZone.Unknown));
        }
        site.Home.Planned.Add(new(host + "/list/1", "A list in parts", Place: SampleZone.MainList));
        SamplePage header = Add("/link-header.html");
        header.Alternates.Add(new(host + "/only-by-link-header.html", "next", Place: SampleZone.Header));
        Text(site, "/only-by-link-header.html", "Only a Link header leads here", linked: false);
        SamplePage chunked = site.Add(new SamplePage(site, "/chunked.html", SamplePageKind.Lab, "In chunks") { Delivery = SampleDelivery.Chunked });
        site.Home.Planned.Add(new(chunked.Url, chunked.Title, Place: SampleZone.MainList));

        SamplePage Add(string path, bool noindex = false, bool nofollow = false, bool header = false, string? said = null, KeyValuePair<string, string>[]? headers = null)
        {
            // A link to a page of its own shows whether it was followed.
            string beyond = path.Replace(".html", "-beyond.html", StringComparison.Ordinal);
            SamplePage page = site.Add(new SamplePage(site, path, SamplePageKind.Lab, "Directive " + path)
            {
                Noindex = noindex,
                Nofollow = nofollow,
                RobotsInHeader = header,
                RobotsSaid = said is not null,
                Head = said is null ? null : w => w.Raw(said),
            });
            page.Headers.AddRange(headers ?? []);
            page.Planned.Add(new(host + beyond, "beyond"));
            Text(site, beyond, "Beyond " + path, linked: false);
            site.Home.Planned.Add(new(page.Url, page.Title, Place: SampleZone.MainList));
            return page;
        }
    }

    private static void Markup(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = Site(web, "markup.test", "Markup", entrances);
        string host = "http://" + site.Host;
        SamplePage[] targets = [.. Enumerable.Range(1, 12).Select(i => Text(site, $"/t{i}.html", "Target " + PageTemplate.Number(i), linked: false))];
        Text(site, "/anchors.html", "Anchors of every kind", w =>
        {
            Written(w, targets[0], "<A HREF=\"/t1.html\">Upper <B>case</B></A>", "/t1.html", "Upper case");
            Written(w, targets[1], "<a href=/t2.html>no quotes</a>", "/t2.html", "no quotes");
            Written(w, targets[2], "<a title='x>y' href='/t3.html'>\n  white\t\tspace \n</a>", "/t3.html", "white space");
            Written(w, targets[3], "<a href=\"/t4&#46;html\">&lt;b&gt; &amp; &eacute;&#x20AC;</a>", "/t4.html", "<b> & é€");
            Written(w, targets[4], "<a href=\"/t5.html\"><span>in</span> <i>many <u>tags</u></i></a>", "/t5.html", "in many tags");
            Written(w, targets[5], "<a href=\"/t6.html\" style=\"display:none\">hidden</a>", "/t6.html", "hidden", SampleRel.Hidden);
            Written(w, targets[6], "<a href=\"/t7.html\" rel=\"NoFollow  NOOPENER\">rel in capitals</a>", "/t7.html", "rel in capitals", SampleRel.Nofollow | SampleRel.Noopener);
            Written(w, targets[7], "<a href=\"/t8.html\" href=\"/t9.html\">the first attribute counts</a>", "/t8.html", "the first attribute counts");
            w.Raw("<!-- <a href=\"/not-1.html\">in a comment</a> --><script>var s = '<a href=\"/not-2.html\">in a script</a>';</script>");
            w.Raw("<textarea><a href=\"/not-3.html\">in a text area</a></textarea><style>a { } /* <a href=\"/not-4.html\"> */</style>\n");
            w.Raw("<p><a name=\"only\">no href</a>, <a href=\"mailto:a@b.example\">mail</a>, <a href=\"javascript:void(0)\">script</a>, <a href=\"tel:123\">call</a>.</p>\n");
        });
        Text(site, "/elements.html", "Other elements", w =>
        {
            w.Raw("<map name=m><area href=\"/t10.html\" alt=\"a corner\" shape=default></map>\n");
            w.Record(targets[9].Url, "/t10.html", SampleKind.Area, SampleRel.None, "a corner");
            w.Raw("<iframe src=\"/t11.html\"></iframe>\n");
            w.Record(targets[10].Url, "/t11.html", SampleKind.Frame);
            w.Raw("<form action=\"/search\" method=get><input name=q></form>\n");
            w.Record(host + "/search", "/search", SampleKind.Form);
            w.Raw("<video src=\"/film.mp4\"></video>\n");
            w.Record(host + "/film.mp4", "/film.mp4", SampleKind.Media);
            w.Link(targets[11].Url, "the last one");
        });

        static void Written(PageWriter w, SamplePage to, string html, string href, string anchor, SampleRel rel = SampleRel.None)
        {
            w.Raw("<p>").Raw(html).Raw("</p>\n");
            w.Record(to.Url, href, SampleKind.Anchor, rel, anchor);
        }
    }

    internal static SampleSite Site(PlantedWeb web, string host, string title, List<SamplePage> entrances, SampleSiteKind kind = SampleSiteKind.Lab)
    {
        SampleSite site = web.Add(new SampleSite(web, host, kind, Topic.All[8], title) { Markup = SampleMarkup.Html5 });
        entrances.Add(site.Add(new SamplePage(site, "/", SamplePageKind.Home, title)));
        PlantedWeb.AddFiles(site);
        return site;
    }

    /// <summary>A page with some text and a link home; linked from the home, or else from where the lab says.</summary>
    internal static SamplePage Text(SampleSite site, string path, string title, Action<PageWriter>? main = null, bool linked = true)
    {
        SamplePage page = site.Add(new SamplePage(site, path, SamplePageKind.Lab, title) { Main = main });
        page.Planned.Add(new(site.Home.Url, "back"));
        if (linked)
            site.Home.Planned.Add(new(page.Url, title, Place: SampleZone.MainList));
        return page;
    }

    internal static SamplePage Redirect(SampleSite site, string path, int status, string to, string? location = null)
    {
        SamplePage page = site.Add(new SamplePage(site, path, SamplePageKind.Redirect, "") { Status = status, RedirectTo = to, Outcome = SampleOutcome.Redirected });
        if (location is not null)
            page.Headers.Add(new("Location", location));
        return page;
    }

    internal static void Line(PageWriter w, string target, string href, string anchor)
    {
        w.Raw("<p>");
        w.Link(target, anchor, SampleRel.None, href);
        w.Raw("</p>\n");
    }
}
