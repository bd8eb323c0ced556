using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;
using Backlinks.Tests.Stores;

namespace Backlinks.Tests.Pipeline;

public class StorePagesTests
{
    [Theory]
    [InlineData("https://www.googletagmanager.com/gtag/js?id=G-AB12CD34EF", "G-AB12CD34EF")]
    [InlineData("https://www.google-analytics.com/collect?v=1&tid=UA-1234567-1&cid=5", "UA-1234567-1")]
    [InlineData("https://pagead2.googlesyndication.com/pagead/js/adsbygoogle.js?client=ca-pub-1234567890123456", "ca-pub-1234567890123456")]
    [InlineData("http://counter.example/c.js?id=UX-77001", "counter.example UX-77001")]
    [InlineData("https://stats.example:8443/p.gif?x=1&site_id=4711234#a", "stats.example:8443 4711234")]
    public void The_account_in_the_URL_of_a_service_is_found(string url, string account) => Assert.Equal(account, StorePages.Account(url));

    [Theory]
    [InlineData("https://cdn.example/jquery.min.js?ver=3.7.1")] // a version
    [InlineData("https://fonts.example/css?family=Roboto:400,700")]
    [InlineData("https://x.example/s.js?id=main")] // no digit
    [InlineData("https://x.example/s.js?id=7")] // too short to be anybody's
    [InlineData("https://x.example")]
    [InlineData("x.example")]
    [InlineData("https://UA-1234567-1.example/")] // a host is no account
    public void Versions_families_and_short_numbers_are_no_accounts(string url) => Assert.Null(StorePages.Account(url));

    [Fact]
    public void A_network_is_a_24_of_IPv4_or_a_48_of_IPv6_and_private_ones_say_nothing()
    {
        var marks = new PageMarks();
        string[] addresses = ["192.0.2.7", "192.0.2.200", "::ffff:192.0.2.9", "2001:db8:1:2::3", "2001:db8:1:ffff::9", "127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "fe80::1", "", "no address"];
        Assert.Equal(addresses.Length, marks.Noting(addresses.Select((a, i) => Page(i, a, 0, 0))).Count());
        Assert.Equal(marks.Of(0), marks.Of(1));
        Assert.Equal(marks.Of(0), marks.Of(2));
        Assert.Equal(marks.Of(3), marks.Of(4));
        Assert.NotEqual(marks.Of(0), marks.Of(3));
        Assert.Equal("192.0.2.0/24", Network.NameOf(marks.Of(0).Network));
        Assert.Equal("2001:db8:1::/48", Network.NameOf(marks.Of(3).Network));
        Assert.Equal(5, addresses.Index().Count(a => marks.Of(a.Index).Network != 0));
        Assert.Equal((0ul, 0ul), marks.Of(1000)); // of no page
    }

    [Fact]
    public void Fingerprints_of_short_texts_are_left_out()
    {
        var marks = new PageMarks();
        Assert.Equal(2, marks.Noting([Page(1, "", 77, 39), Page(2, "", 78, 40)]).Count());
        Assert.Equal((0ul, 78ul), (marks.Of(1).SimHash, marks.Of(2).SimHash));
    }

    [Fact]
    public void Domains_that_use_one_account_share_its_key()
    {
        using var folder = new TemporaryFolder();
        using var store = new NaiveLinkStore();
        static PageVisit Visit(string url, params (string Target, LinkKind Kind)[] links) => new()
        {
            Url = url,
            At = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc),
            Source = "crawl:1",
            Links = [.. links.Select(l => new LinkObservation { Target = l.Target, Kind = l.Kind })],
        };
        store.Write([
            Visit("https://a.test/", ("http://counter.example/c.js?id=UX-77001", LinkKind.Script), ("http://counter.example/lib.js", LinkKind.Script)),
            Visit("https://www.b.test/", ("http://counter.example/c.js?v=2&id=UX-77001", LinkKind.Image), ("http://counter.example/lib.js", LinkKind.Script)),
            Visit("https://c.test/", ("http://counter.example/c.js?id=UX-77002", LinkKind.Script), ("https://counter.example/c.js?id=UX-77001", LinkKind.Anchor)), // a link is no use of it
        ]);
        string pages = folder.NewFolder(), domains = folder.NewFolder();
        StoreGraphsResult built = StoreGraphs.Build(store, pages, domains, new StoreGraphsOptions { Fold = host => string.Join('.', host.Split('.')[^2..]), FoldName = "domain" });
        using LinkGraph pageGraph = LinkGraph.Open(pages), domainGraph = LinkGraph.Open(domains);
        SharedKeys keys = StorePages.Accounts(store, pageGraph, domainGraph, built.PageIds, CancellationToken.None);
        ulong[] Of(string name) => keys.Of(domainGraph.Names.Find(name)).ToArray();
        Assert.Equal("counter.example UX-77001", keys.Describe!(Assert.Single(Of("a.test"))));
        Assert.Equal(Of("a.test"), Of("b.test"));
        Assert.Equal("counter.example UX-77002", keys.Describe(Assert.Single(Of("c.test"))));
        Assert.Empty(Of("counter.example"));
    }

    private static StoredPage Page(long id, string address, ulong simHash, int words) =>
        new(id, $"http://a.example/{id}", Granularity.Page, default, null, null, VisitOutcome.Fetched, 200) { Address = address, SimHash = simHash, Words = words };
}
