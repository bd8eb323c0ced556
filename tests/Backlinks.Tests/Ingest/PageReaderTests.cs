using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class PageReaderTests
{
    private const string Self = "https://example.com/a/page";

    [Theory]
    [InlineData(200, "", VisitOutcome.Fetched)]
    [InlineData(203, "", VisitOutcome.Fetched)]
    [InlineData(204, "", VisitOutcome.NotHtml)]
    [InlineData(206, "", VisitOutcome.Truncated)]
    [InlineData(304, "", VisitOutcome.NotModified)]
    [InlineData(301, "Location: /b", VisitOutcome.Redirected)]
    [InlineData(308, "Location: https://other.example/", VisitOutcome.Redirected)]
    [InlineData(302, "", VisitOutcome.NetworkError)]
    [InlineData(302, "Location: mailto:a@b.example", VisitOutcome.NetworkError)]
    [InlineData(302, "Location: /a/page#again", VisitOutcome.Blocked)]
    [InlineData(404, "", VisitOutcome.Gone)]
    [InlineData(410, "", VisitOutcome.Gone)]
    [InlineData(401, "", VisitOutcome.Blocked)]
    [InlineData(403, "", VisitOutcome.Blocked)]
    [InlineData(451, "", VisitOutcome.Blocked)]
    [InlineData(429, "", VisitOutcome.RateLimited)]
    [InlineData(503, "Retry-After: 60", VisitOutcome.RateLimited)]
    [InlineData(503, "", VisitOutcome.ServerError)]
    [InlineData(500, "", VisitOutcome.ServerError)]
    [InlineData(0, "", VisitOutcome.NetworkError)]
    [InlineData(403, "cf-mitigated: challenge", VisitOutcome.Challenged)]
    [InlineData(202, "x-amzn-waf-action: challenge", VisitOutcome.Challenged)]
    public void The_status_decides_the_outcome(int status, string field, VisitOutcome outcome)
    {
        PageVisit visit = Read("<a href=/x>x</a>", status, field);
        Assert.Equal(outcome, visit.Outcome);
        Assert.Equal(outcome is VisitOutcome.Fetched or VisitOutcome.Truncated or VisitOutcome.Redirected ? 1 : 0, visit.Links.Count);
        if (outcome == VisitOutcome.Redirected)
            Assert.Equal(LinkKind.Redirect, visit.Links[0].Kind);
    }

    [Theory]
    [InlineData("<html><head><title>Just a moment...</title></head><body><script>window._cf_chl_opt={}</script></body></html>")]
    [InlineData("<title>example.com</title><p>Please enable JS and disable any ad blocker</p><script src=https://ct.captcha-delivery.com/c.js></script>")]
    [InlineData("<h1>One more step</h1><p>Verify you are human by completing the action below.</p>")]
    public void A_challenge_with_status_200_is_no_page(string html)
    {
        Assert.Equal(VisitOutcome.Challenged, Read(html).Outcome);
        Assert.Equal(VisitOutcome.Challenged, Read(html, 403).Outcome);
    }

    [Fact]
    public void A_page_that_writes_about_challenges_is_a_page()
    {
        string article = "<title>How sites verify you are human</title><p>Verify you are human " + string.Concat(Enumerable.Repeat("and so on and on ", 60)) + "<a href=/1>1</a>";
        Assert.Equal(VisitOutcome.Fetched, Read(article).Outcome);
        string form = "<title>Sign in</title><form action=/in></form><script src=https://js.hcaptcha.com/1/api.js></script>";
        Assert.Equal(VisitOutcome.Fetched, Read(form).Outcome);
    }

    [Theory]
    [InlineData("text/html", "x", true)]
    [InlineData("application/xhtml+xml; charset=utf-8", "x", true)]
    [InlineData("TEXT/HTML", "x", true)]
    [InlineData("application/pdf", "<html>", false)]
    [InlineData("text/plain", "<html>", false)]
    [InlineData("", " \n<!DOCTYPE HTML><p>x", true)]
    [InlineData("", "<!-- x --><p>", true)]
    [InlineData("", "%PDF-1.7", false)]
    [InlineData("", "<abc>", false)]
    public void Only_HTML_is_read(string type, string body, bool html) =>
        Assert.Equal(html ? VisitOutcome.Fetched : VisitOutcome.NotHtml, Read(body, 200, "Content-Type: " + type).Outcome);

    [Fact]
    public void What_is_cut_is_truncated()
    {
        Assert.Equal(VisitOutcome.Truncated, Read("").Outcome);
        Assert.Equal(VisitOutcome.Truncated, Read("<a href=x>", complete: false).Outcome);
        Assert.Equal(VisitOutcome.Truncated, Read("<a href=x>y</a>", options: new() { MaxBody = 14 }).Outcome);
        PageVisit many = Read("<a href=1>1</a><a href=2>2</a><a href=3>3</a>", options: new() { MaxLinks = 2 });
        Assert.Equal((VisitOutcome.Truncated, 2), (many.Outcome, many.Links.Count));
        Assert.Equal(VisitOutcome.Fetched, Read("<a href=1>1</a><a href=2>2</a>", options: new() { MaxLinks = 2 }).Outcome);
    }

    [Fact]
    public void Every_kind_of_link_is_told_with_its_kind()
    {
        PageVisit visit = Read("""
            <link rel=canonical href=/c><link rel="next" href=/n><link rel="alternate stylesheet" href=/s><link rel=icon href=/i>
            <meta http-equiv=Refresh content="5; URL='/r'"><script src=/js></script>
            <body><a href=/a>a</a><map><area href=/area alt=Area></map><iframe src=/f></iframe><img src=/img alt=Image><form action=/form></form>
            <video src=/v></video><object data=/o></object><link rel=canonical href=/late>
            """, 200, "Link: </h>; rel=preload, </hc>; rel=canonical");
        Assert.Equal(
            "HttpLink /h, Canonical /hc, Canonical /c, Alternate /n, Alternate /s, Resource /i, MetaRefresh /r, Script /js, Anchor /a, Area /area, Frame /f, Image /img, Form /form, Media /v, Media /o, Resource /late",
            string.Join(", ", visit.Links.Select(l => $"{l.Kind} {l.Target["https://example.com".Length..]}")));
        Assert.Equal("https://example.com/c", visit.Canonical);
        Assert.Equal(("Area", LinkRel.AnchorIsAlt), (visit.Links[9].Anchor, visit.Links[9].Rel));
    }

    [Fact]
    public void Addresses_are_resolved_against_the_first_base_and_lose_their_fragment()
    {
        PageVisit visit = Read("<a href=x#y>1</a><base target=_top><base href=/b/><base href=/c/><a href='#top'>2</a><a href=mailto:x@y.example>3</a><a href=javascript:void(0)>4</a><a href='?q=ä&amp;r'>5</a>");
        Assert.Equal(["https://example.com/b/x", "https://example.com/b/", "https://example.com/b/?q=%C3%A4&r"], visit.Links.Select(l => l.Target));
        Assert.Equal(["x#y", "#top", "?q=ä&r"], visit.Links.Select(l => l.Href));
        Assert.Empty(Read("<a href='#top'>2</a><a href=' #'>3</a>").Links);
        Assert.Equal(Self, Assert.Single(Read("<a href=''>2</a>").Links).Target);
    }

    [Fact]
    public void Queries_are_encoded_as_their_page_is()
    {
        PageVisit visit = Read(Encoding.Latin1.GetBytes("<a href='/\u00E4?\u00E4'>\u00E4</a>"), 200, "Content-Type: text/html; charset=iso-8859-1");
        LinkObservation link = Assert.Single(visit.Links);
        Assert.Equal(("https://example.com/%C3%A4?%E4", "\u00E4"), (link.Target, link.Anchor));
    }

    [Fact]
    public void Anchors_are_collapsed_cut_between_characters_and_may_be_an_images_text()
    {
        Assert.Equal("a b c", Only("<a href=x> a\n <b>b</b>&nbsp;\t c </a>").Anchor);
        Assert.Equal("one two", Only("<a href=x><div>one</div><div>two</div></a>").Anchor);
        LinkObservation image = Only("<a href=x title=no aria-label=no> <img alt=' two  words '><img alt=more></a>", LinkKind.Anchor);
        Assert.Equal(("two words more", LinkRel.AnchorIsAlt), (image.Anchor, image.Rel));
        Assert.Equal("text", Only("<a href=x><img alt=no>text</a>").Anchor);
        Assert.Equal(new string('\u00E4', 512), Only("<a href=x>" + new string('\u00E4', 600) + "</a>").Anchor);
        Assert.Equal("x" + new string('\u00E4', 511), Only("<a href=x>x" + new string('\u00E4', 600) + "</a>").Anchor);
    }

    [Fact]
    public void Rel_words_become_flags()
    {
        Assert.Equal(LinkRel.Nofollow | LinkRel.Ugc | LinkRel.Noopener, Only("<a href=x rel='NoFollow ugc,noopener'>y</a>").Rel);
        Assert.Equal(LinkRel.Sponsored | LinkRel.External | LinkRel.Noreferrer, Only("<a href=x rel='sponsored external noreferrer'>y</a>").Rel);
        Assert.Equal(LinkRel.Hidden, Only("<div style='Display : NONE'><a href=x>y</a></div>").Rel);
        Assert.Equal(LinkRel.Hidden, Only("<a href=x hidden>y</a>").Rel);
        Assert.Equal(LinkRel.Hidden, Only("<p aria-hidden=true><a href=x>y</a>").Rel);
        Assert.Equal(LinkRel.None, Only("<noscript><a href=x>y</a></noscript>").Rel);
        Assert.Equal(LinkRel.PageNofollow, Only("<meta name=robots content=nofollow><a href=x>y</a>").Rel);
    }

    [Fact]
    public void Robots_of_page_and_header_are_heeded()
    {
        PageVisit visit = Read("<meta name=ROBOTS content='noindex'><a href=x>y</a>");
        Assert.Equal((true, false), (visit.Noindex, visit.Nofollow));
        visit = Read("<meta name=backlinks content=none>");
        Assert.Equal((true, true), (visit.Noindex, visit.Nofollow));
        visit = Read("<meta name=otherbot content=none><template><meta name=robots content=none></template>", 200, "X-Robots-Tag: otherbot: noindex");
        Assert.Equal((false, false), (visit.Noindex, visit.Nofollow));
        Assert.True(Read("x", 200, "X-Robots-Tag: noindex").Noindex);
    }

    [Theory]
    [InlineData("<nav><a href=x>", Zone.Nav)]
    [InlineData("<header><a href=x>", Zone.Header)]
    [InlineData("<header><nav><a href=x>", Zone.Nav)]
    [InlineData("<footer><nav><a href=x>", Zone.Footer)]
    [InlineData("<main><a href=x>", Zone.Main)]
    [InlineData("<article><header><a href=x>", Zone.Main)]
    [InlineData("<main><ul><li><a href=x>", Zone.MainList)]
    [InlineData("<table><tr><td><main><a href=x>", Zone.Main)]
    [InlineData("<main><table><tr><td><a href=x>", Zone.MainList)]
    [InlineData("<main><aside><a href=x>", Zone.Aside)]
    [InlineData("<div role=navigation><a href=x>", Zone.Nav)]
    [InlineData("<div role=contentinfo><a href=x>", Zone.Footer)]
    [InlineData("<div class='wrap site-footer'><a href=x>", Zone.Footer)]
    [InlineData("<ul id=mainMenu><li><a href=x>", Zone.Nav)]
    [InlineData("<div class=breadcrumbs><a href=x>", Zone.Nav)]
    [InlineData("<div id=comments><article><a href=x>", Zone.Comments)]
    [InlineData("<div class=no-sidebar><a href=x>", Zone.Unknown)]
    [InlineData("<div class=content-sidebar-wrap><a href=x>", Zone.Unknown)]
    [InlineData("<div class=page-with-menu><main><a href=x>", Zone.Main)]
    [InlineData("<div class=sidebar><a href=x>", Zone.Aside)]
    [InlineData("<div><p><a href=x>", Zone.Unknown)]
    [InlineData("<nav></nav><a href=x>", Zone.Unknown)]
    public void Zones_come_from_elements_roles_and_names(string html, Zone zone) => Assert.Equal(zone, Only(html).Zone);

    [Fact]
    public void Context_and_position_say_where_in_the_text_a_link_stands()
    {
        string fifty = string.Concat(Enumerable.Repeat("0123 ", 10));
        PageVisit visit = Read($"<nav>{fifty}<a href=n>n</a></nav><p>{fifty}{fifty}<a href=x>here</a> {fifty}{fifty}");
        LinkObservation link = visit.Links[1];
        Assert.Equal(string.Concat(Enumerable.Repeat("0123 ", 12)).Trim(), link.Left);
        Assert.Equal(string.Concat(Enumerable.Repeat("0123 ", 12)).Trim(), link.Right);
        Assert.Equal(0.5, link.Position, 0.03);
        Assert.Equal(0, visit.Links[0].Position);
        Assert.Equal(1, Read("<p>x y z <a href=x></a>").Links[0].Position);
        Assert.Equal(float.NaN, Read("<a href=x></a>").Links[0].Position);
        Assert.Equal("\U0001F600b", Read("\U0001F600b<a href=x>y</a>").Links[0].Left);
    }

    [Fact]
    public void Title_headings_language_text_and_words_are_told()
    {
        PageVisit visit = Read("<!doctype html><html lang=EN-gb><title> A &amp; B\n</title><svg><title>no</title></svg><header>Top <h1>One</h1></header><h2>Two <i>parts</i></h2><p>Some text.</p><style>p{}</style><noscript>no script</noscript><footer>end</footer>");
        Assert.Equal(("A & B", "One\nTwo parts", "en-gb"), (visit.Title, visit.Headings, visit.Language));
        Assert.Equal("no Two parts Some text.", visit.Text);
        Assert.Equal(10, visit.Words);
        Assert.Equal(4096, Read("<p>" + new string('x', 5000)).Text.Length);
        Assert.Equal("de", Read("x", 200, "Content-Language: de, en").Language);
    }

    [Fact]
    public void Near_duplicates_have_near_hashes()
    {
        var random = new Random(5);
        string[] words = [.. Enumerable.Range(0, 600).Select(_ => "w" + random.Next(2000))];
        ulong a = Read("<p>" + string.Join(' ', words)).SimHash, same = Read("<nav>menu menu</nav><div>" + string.Join("\n<b> </b>", words).ToUpperInvariant()).SimHash;
        words[300] = "other";
        ulong near = Read("<p>" + string.Join(' ', words)).SimHash, far = Read("<p>" + string.Join(' ', words.Order(StringComparer.Ordinal))).SimHash;
        Assert.Equal(a, same);
        Assert.InRange(System.Numerics.BitOperations.PopCount(a ^ near), 0, 6);
        Assert.InRange(System.Numerics.BitOperations.PopCount(a ^ far), 16, 48);
        Assert.Equal(0UL, Read("<p>too little text").SimHash);
    }

    [Fact]
    public void The_canonical_counts_in_the_head_and_not_where_it_names_the_page()
    {
        Assert.Equal("", Read($"<link rel=canonical href='{Self}#x'>").Canonical);
        Assert.Equal("https://example.com/h", Read("x", 200, "Link: </h>; rel=\"canonical\"").Canonical);
        Assert.Equal("", Read("<p>x<link rel=canonical href=/evil>").Canonical);
    }

    [Fact]
    public void Times_are_whole_microseconds_and_bodies_have_a_hash()
    {
        PageVisit visit = Read("x");
        Assert.Equal(0, visit.At.Ticks % 10);
        Assert.NotEqual(0UL, visit.ContentHash);
        Assert.NotEqual(visit.ContentHash, Read("y").ContentHash);
        Assert.Equal(1, visit.Bytes);
    }

    [Fact]
    public void A_user_rule_says_what_is_main()
    {
        const string html = "<main><a href=1>1</a></main><div class=story><a href=2>2</a><ul><li><a href=3>3</a></ul></div><nav><a href=2>2</a></nav><a href=4>4</a>";
        PageVisit visit = Read(html, options: new() { Main = ".story, .text" });
        Assert.Equal([Zone.Unknown, Zone.Main, Zone.MainList, Zone.Nav, Zone.Unknown], visit.Links.Select(l => l.Zone));
        Assert.Equal("", visit.Detail);
        Assert.Contains("..bad", Assert.Throws<ArgumentException>(() => Read(html, options: new() { Main = "p, ..bad" })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Read(html, options: new() { Main = " " }));
    }

    [Theory]
    [InlineData("<div>", 60_000)]
    [InlineData("<p>x</p>", 30_000)]
    [InlineData("<b>", 40)]
    public void A_page_too_much_for_a_tree_keeps_the_built_in_zones_and_says_so(string piece, int times)
    {
        PageVisit visit = Read("<main><a href=1>1</a></main>" + string.Concat(Enumerable.Repeat(piece, times)), options: new() { Main = "p" });
        Assert.Equal(Zone.Main, visit.Links[0].Zone);
        Assert.StartsWith("built-in zones", visit.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_pages_are_read_without_failing()
    {
        byte[][] pages = [.. Directory.GetFiles(SharedData.Require("html", "pages"), "*.html").Order(StringComparer.Ordinal).Take(8).Select(File.ReadAllBytes)];
        var random = new Random(11);
        for (int i = 0; i < 200; i++)
        {
            byte[] page = [.. pages[i % pages.Length].Take(random.Next(pages[i % pages.Length].Length + 1))];
            for (int flip = random.Next(50); flip > 0 && page.Length > 0; flip--)
                page[random.Next(page.Length)] ^= (byte)(1 << random.Next(8));
            PageVisit visit = Read(page);
            Assert.Contains(visit.Outcome, new[] { VisitOutcome.Fetched, VisitOutcome.Truncated, VisitOutcome.Challenged });
            Assert.All(visit.Links, l => Assert.True(l.Target.Length <= 2083 && Encoding.UTF8.GetByteCount(l.Anchor) <= 1024 && l.Left.Length <= 60 && l.Right.Length <= 60));
        }
    }

    [Fact]
    public void Random_bytes_of_markup_are_read_without_failing()
    {
        var random = new Random(12);
        const string bytes = "<>/!-=\"'&#;[]? \n\0\rabp1tdscript\u00E4";
        for (int i = 0; i < 5000; i++)
        {
            byte[] page = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 200)).Select(_ => bytes[random.Next(bytes.Length)])));
            Assert.NotNull(Read(page));
        }
    }

    [Theory]
    [InlineData("<div>")]
    [InlineData("<a href=x>")]
    [InlineData("<b><div></b>")]
    [InlineData("<table><a href=x>")]
    [InlineData("<svg><a href=x>")]
    public void Depth_and_links_are_capped(string piece)
    {
        PageVisit visit = Read(string.Concat(Enumerable.Repeat(piece, 30_000)) + "end");
        Assert.InRange(visit.Links.Count, 0, 10_000);
        Assert.EndsWith("end", visit.Text, StringComparison.Ordinal);
    }

    private static LinkObservation Only(string html, LinkKind kind = LinkKind.Anchor) => Read("<!doctype html>" + html).Links.Single(l => l.Kind == kind);

    private static PageVisit Read(string html, int status = 200, string field = "", bool complete = true, PageReaderOptions? options = null) =>
        Read(Encoding.UTF8.GetBytes(html), status, field, complete, options);

    private static PageVisit Read(byte[] html, int status = 200, string field = "", bool complete = true, PageReaderOptions? options = null)
    {
        var fields = new HttpFields();
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
            fields.Add(field[..colon], field[(colon + 1)..].Trim());
        if (fields.Get("Content-Type") is null)
            fields.Add("Content-Type", "text/html; charset=utf-8");
        return PageReader.Read(new PageResponse { Url = WebUrl.TryParse(Self)!, Status = status, Fields = fields, Body = html, Complete = complete, At = new DateTime(638_000_000_000_000_007, DateTimeKind.Utc), Source = "test" }, options);
    }
}
