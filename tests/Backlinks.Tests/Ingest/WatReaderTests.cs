using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Pages from Common Crawl's metadata files.</summary>
public sealed class WatReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Links_of_a_page_come_with_kind_rel_and_text()
    {
        PageVisit page = Single(Envelope("200", """ "Content-Type":"text/html","Link":"<https://a.example/full>; rel=canonical","X-Robots-Tag":"noindex" """, """
            "HTML-Metadata":{"Links":[
              {"path":"A@/href","url":"../b#part","text":" two\n words ","rel":"nofollow UGC"},
              {"path":"A@/href","url":"https://c.example/","alt":"a picture"},
              {"path":"IMG@/src","url":"/i.png","alt":"seen"},
              {"path":"FORM@/action","url":"/f","method":"post"},
              {"path":"AREA@/href","url":"/area"},
              {"path":"A@/href","url":"mailto:x@a.example","text":"mail"},
              {"path":"Q@/cite","url":"/cited"},
              {"url":"/no-path"}, 7, null, {"path":"A@/href","target":"_top"}],
             "Head":{"Base":"/base/dir/","Title":" The\ntitle ","Metas":[{"name":"robots","content":"nofollow"},{"http-equiv":"refresh","content":"5; url='/later'"},3],
               "Link":[{"path":"LINK@/href","url":"s.css","rel":"stylesheet"},{"path":"LINK@/href","url":"/de","rel":"alternate"}],
               "Scripts":[{"path":"SCRIPT@/src","url":"x.js"}]}}
            """));
        Assert.Equal(("https://a.example/dir/page", VisitOutcome.Fetched, 200, "The title", "https://a.example/full", true, true),
            (page.Url, page.Outcome, page.Status, page.Title, page.Canonical, page.Noindex, page.Nofollow));
        Assert.Equal(new DateTime(2024, 5, 18, 1, 58, 10, DateTimeKind.Utc), page.At);
        Assert.Equal("192.0.2.7", page.Address);
        Assert.Equal(
            ["Canonical https://a.example/full ", "Resource https://a.example/base/dir/s.css ", "Alternate https://a.example/de ", "Script https://a.example/base/dir/x.js ",
             "Anchor https://a.example/base/b two words", "Anchor https://c.example/ a picture", "Image https://a.example/i.png seen", "Form https://a.example/f ",
             "Area https://a.example/area ", "MetaRefresh https://a.example/later "],
            page.Links.Select(l => $"{l.Kind} {l.Target} {l.Anchor}"));
        Assert.All(page.Links, l => Assert.True(l.Rel.HasFlag(LinkRel.PageNofollow) && float.IsNaN(l.Position)));
        Assert.Equal(LinkRel.Nofollow | LinkRel.Ugc | LinkRel.PageNofollow, page.Links[4].Rel);
        Assert.Equal(LinkRel.AnchorIsAlt | LinkRel.PageNofollow, page.Links[5].Rel);
        Assert.Equal("../b#part", page.Links[4].Href);
    }

    [Theory]
    [InlineData("404", "", VisitOutcome.Gone, 0)]
    [InlineData("410", "", VisitOutcome.Gone, 0)]
    [InlineData("301", "\"Location\":\"/new\"", VisitOutcome.Redirected, 1)]
    [InlineData("304", "", VisitOutcome.NotModified, 0)]
    [InlineData("403", "", VisitOutcome.Blocked, 0)]
    [InlineData("429", "", VisitOutcome.RateLimited, 0)]
    [InlineData("503", "\"Retry-After\":\"5\"", VisitOutcome.RateLimited, 0)]
    [InlineData("503", "", VisitOutcome.ServerError, 0)]
    [InlineData("200", "\"Content-Type\":\"image/png\"", VisitOutcome.NotHtml, 0)]
    [InlineData("200", "\"Content-Type\":\"text/html\"", VisitOutcome.Truncated, 0)] // a page whose links nobody listed
    public void The_outcome_follows_the_status(string status, string headers, VisitOutcome outcome, int links)
    {
        PageVisit page = Single(Envelope(status, headers, "\"Entity-Length\":\"0\""));
        Assert.Equal((outcome, links), (page.Outcome, page.Links.Count));
        if (links > 0)
            Assert.Equal((LinkKind.Redirect, "https://a.example/new"), (page.Links[0].Kind, page.Links[0].Target));
    }

    [Fact]
    public void A_page_that_the_crawler_cut_removes_nothing()
    {
        const string html = """ "HTML-Metadata":{"Head":{},"Links":[{"path":"A@/href","url":"/x"}]} """;
        Assert.Equal(VisitOutcome.Fetched, Single(Envelope("200", "", html)).Outcome);
        PageVisit cut = Single(Envelope("200", "", html).Replace("\"WARC-Type\"", "\"WARC-Truncated\":\"length\",\"WARC-Type\"", StringComparison.Ordinal));
        Assert.Equal((VisitOutcome.Truncated, 1), (cut.Outcome, cut.Links.Count));
    }

    [Fact]
    public void Requests_are_skipped_and_damaged_JSON_is_left_out()
    {
        string whole = Envelope("200", "", "\"Entity-Length\":\"0\"");
        VisitsInMemory store = new();
        VisitImportResult result = Import(store, whole.Replace("\"response\"", "\"request\"", StringComparison.Ordinal), whole[..^5], "[1,2]", "7", "", "{\"Envelope\":3}", "{\"Envelope\":{\"Payload-Metadata\":[]}}", whole);
        Assert.Single(store.All);
        Assert.Equal((9, 2), (result.Records, result.Quarantined));
    }

    [Fact]
    public void A_real_file_is_told_from_a_WARC()
    {
        foreach (string end in new[] { "", ".gz" })
        {
            string path = SharedData.Require("warc", "whirlwind", "whirlwind.warc.wat" + end);
            Assert.Equal(VisitFormat.Wat, VisitImport.Detect(path));
            Assert.Equal(VisitFormat.Warc, VisitImport.Detect(SharedData.Require("warc", "whirlwind", "whirlwind.warc" + end)));
            VisitImportResult result = VisitImport.Import(path, new VisitsInMemory(), cancel: TestContext.Current.CancellationToken);
            Assert.Equal((2, 0, 2, 0), (result.Records, result.Pages, result.Skipped, result.Quarantined)); // the extract describes a request
        }
    }

    internal static string Envelope(string status, string headers, string more, string url = "https://a.example/dir/page") =>
        "{\"Container\":{\"Compressed\":true},\"Envelope\":{\"Payload-Metadata\":{\"Actual-Content-Type\":\"application/http; msgtype=response\",\"HTTP-Response-Metadata\":{\"Headers\":{"
        + headers + "},\"Response-Message\":{\"Version\":\"HTTP/1.1\",\"Status\":\"" + status + "\"}," + more
        + "}},\"Format\":\"WARC/1.0\",\"WARC-Header-Metadata\":{\"WARC-Type\":\"response\",\"WARC-Date\":\"2024-05-18T01:58:10Z\",\"WARC-IP-Address\":\"192.0.2.7\",\"WARC-Target-URI\":\"" + url + "\"}}}";

    private PageVisit Single(string json)
    {
        VisitsInMemory store = new();
        VisitImportResult result = Import(store, json);
        Assert.True(result.Quarantined == 0, result.FirstProblem);
        return Assert.Single(store.All);
    }

    private VisitImportResult Import(VisitsInMemory store, params string[] records)
    {
        WarcWriter warc = new(Packing.Members);
        warc.Record("warcinfo", "", "application/warc-fields", "software: tests"u8.ToArray(), DateTime.UnixEpoch);
        foreach (string json in records)
            warc.Record("metadata", "https://a.example/dir/page", "application/json", Encoding.UTF8.GetBytes(json), new DateTime(2024, 6, 1, 0, 0, 0, DateTimeKind.Utc));
        string path = _folder.File("tests.warc.wat.gz");
        File.WriteAllBytes(path, warc.ToArray());
        return VisitImport.Import(path, store, cancel: TestContext.Current.CancellationToken);
    }
}
