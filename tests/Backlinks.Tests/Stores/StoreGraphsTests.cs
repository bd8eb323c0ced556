using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

/// <summary>Weights, losses and records of the graphs of a store: by hand, and against the naive ones.</summary>
public sealed class StoreGraphsTests : IDisposable
{
    private static readonly DateTime Start = new(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly TemporaryFolder _data = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.ForEach(g => g.Dispose());
        _data.Dispose();
    }

    private static LinkObservation To(string target, string anchor = "a fine garden", Zone zone = Zone.Main, float position = 0, LinkRel rel = 0, LinkKind kind = LinkKind.Anchor) =>
        new() { Target = target, Anchor = anchor, Zone = zone, Position = position, Rel = rel, Kind = kind };

    private static PageVisit Page(string url, params LinkObservation[] links) => new() { Url = url, At = Start, Source = "crawl:1", Links = links };

    private static string DomainOf(string host) => string.Join('.', host.Split('.')[^2..]);

    private (LinkGraph Pages, LinkGraph Domains) Build(IEnumerable<PageVisit> visits, LinkProfile? profile = null, Func<string, string?>? owner = null, Func<string, string, float>? similarity = null, int threads = 2)
    {
        using var store = new NaiveLinkStore();
        store.Write([.. visits]);
        return Build(store, profile, owner, similarity, threads);
    }

    private (LinkGraph Pages, LinkGraph Domains) Build(ILinkStore store, LinkProfile? profile = null, Func<string, string?>? owner = null, Func<string, string, float>? similarity = null, int threads = 2)
    {
        string pages = _data.NewFolder(), domains = _data.NewFolder();
        var urls = store.Names().ToDictionary(n => n.Id, n => n.Url);
        StoreGraphs.Build(store, pages, domains, new StoreGraphsOptions
        {
            Fold = DomainOf,
            FoldName = "domain",
            Profile = profile ?? LinkProfile.Default,
            Owner = owner,
            Relevance = similarity is null ? null : (s, t) => similarity(urls[s], urls[t]),
            Threads = threads,
        });
        LinkGraph[] graphs = [LinkGraph.Open(pages), LinkGraph.Open(domains)];
        _open.AddRange(graphs);
        return (graphs[0], graphs[1]);
    }

    private static Dictionary<(string, string), double> EdgesOf(LinkGraph graph) => Enumerable.Range(0, graph.NodeCount).SelectMany(node => graph.OutOf(node).ToArray().Select((target, i) =>
        ((graph.Names[node], graph.Names[(int)target]), (double)graph.OutWeight(graph.OutOffsets[node] + i)))).ToDictionary();

    private static double Lost(LinkGraph graph, string name) => graph.LostWeights is null ? 0 : graph.LostWeights[graph.Names.Find(name)];

    private static LinkRecord[] Into(LinkGraph graph, string target) => [.. LinkRecords.Of(graph)!.Into(graph.Names.Find(target))];

    [Fact]
    public void One_page_of_links_weighs_what_the_factors_say()
    {
        (LinkGraph pages, _) = Build([Page("https://a.test/",
            To("https://b.test/main", position: .5f),
            To("https://b.test/footer", zone: Zone.Footer, anchor: "read more", position: 1),
            To("https://b.test/ugc", zone: Zone.MainList, position: .1f, rel: LinkRel.Ugc),
            To("https://b.test/hidden", rel: LinkRel.Hidden),
            To("https://b.test/unknown", zone: Zone.Unknown, anchor: "", position: float.NaN),
            To("https://b.test/canonical", kind: LinkKind.Canonical, rel: LinkRel.PageNofollow),
            To("https://a.test/"))]);
        var edges = EdgesOf(pages);
        Assert.Equal(Math.Exp(-1) * .75, edges[("https://a.test/", "https://b.test/main")], 1e-7);
        Assert.Equal(.1 * .7 * .75, edges[("https://a.test/", "https://b.test/footer")], 1e-7);
        Assert.Equal(.05 * .8 * Math.Exp(-.2) * .75, edges[("https://a.test/", "https://b.test/ugc")], 1e-7);
        Assert.Equal(.5 * Math.Exp(-1) * .4 * .75, edges[("https://a.test/", "https://b.test/unknown")], 1e-7);
        Assert.Equal(1, edges[("https://a.test/", "https://b.test/canonical")]);
        Assert.Equal(5, edges.Count); // neither the hidden one nor the page's link to itself
        Assert.Equal(.95 * .8 * Math.Exp(-.2) * .75, Lost(pages, "https://a.test/"), 1e-7);
        LinkRecord hidden = Assert.Single(Into(pages, "https://b.test/hidden"));
        Assert.Equal((0f, 0f, 1f), (hidden.Weight, hidden.Factors.Zone, hidden.Factors.Rel));
        LinkRecord footer = Assert.Single(Into(pages, "https://b.test/footer"));
        Assert.Equal((AnchorForm.Generic, Zone.Footer, "read more", Start), (footer.Form, footer.Zone, LinkRecords.Of(pages)!.Anchor(footer.Anchor), footer.FirstSeen));
    }

    [Fact]
    public void Nofollow_on_one_link_changes_nothing_for_the_others()
    {
        LinkObservation[] links = [To("https://b.test/"), To("https://c.test/", position: .7f), To("https://c.test/x", zone: Zone.Nav)];
        (LinkGraph before, LinkGraph domainsBefore) = Build([Page("https://a.test/", links)]);
        (LinkGraph after, LinkGraph domainsAfter) = Build([Page("https://a.test/", [links[0] with { Rel = LinkRel.Nofollow }, .. links[1..]])]);
        foreach ((LinkGraph one, LinkGraph other, string name, string[] targets) in new[] { (before, after, "https://a.test/", new[] { "https://c.test/", "https://c.test/x" }), (domainsBefore, domainsAfter, "a.test", ["c.test"]) })
        {
            int node = one.Names.Find(name);
            Assert.Equal(one.OutTotal(node), other.OutTotal(node), 1e-7);
            Assert.All(targets, target => Assert.Equal(EdgesOf(one)[(name, target)], EdgesOf(other)[(name, target)]));
            Assert.Equal(0, Lost(one, name));
        }
        Assert.Equal(EdgesOf(before)[("https://a.test/", "https://b.test/")], Lost(after, "https://a.test/"), 1e-7);
        Assert.Equal(EdgesOf(domainsBefore)[("a.test", "b.test")], Lost(domainsAfter, "a.test"), 1e-7);
        Assert.Equal(0, Assert.Single(Into(after, "https://b.test/")).Weight); // withheld, and on record
    }

    [Fact]
    public void A_link_on_three_of_ten_pages_counts_once_and_on_two_for_itself()
    {
        // 10 pages link to s.test: 6 by one footer link, 4 by others. The menu's link home is of the site itself.
        PageVisit[] visits = [.. Enumerable.Range(0, 10).Select(i => Page($"https://{(i % 2 == 0 ? "www." : "")}a.test/{i}", To("https://a.test/", "home", Zone.Nav),
            i < 6 ? To("https://s.test/", "by s", Zone.Footer) : To("https://s.test/", $"by s {i}", Zone.Footer)))];
        (LinkGraph pages, LinkGraph domains) = Build(visits);
        LinkRecord[] into = Into(pages, "https://s.test/");
        Assert.Equal(10, into.Length);
        LinkRecord best = Assert.Single(into, r => (r.Flags & LinkRecordFlags.SitewideBest) != 0);
        Assert.Equal("https://a.test/1", pages.Names[(int)best.Source]); // all weigh the same: the first page
        double one = .1 * .75, once = one * .3 * (1 + Math.Log10(6));
        Assert.Equal(once, best.Weight, 1e-7);
        Assert.Equal(5, into.Count(r => r.Flags == LinkRecordFlags.Sitewide && r.Weight == 0 && r.Full == 0 && r.Factors is { Sitewide: 0, Zone: .1f }));
        Assert.All(into.Where(r => r.Factors.Sitewide == 0), r => Assert.Equal(best, LinkRecords.Of(pages)!.BestOf(r)));
        Assert.Equal(4, into.Count(r => r.Flags == LinkRecordFlags.None && Math.Abs(r.Weight - one) < 1e-7));
        Assert.Equal(Math.Log2(1 + once + 4 * one), EdgesOf(domains)[("a.test", "s.test")], 1e-6);
        Assert.All(Into(pages, "https://a.test/"), r => Assert.Equal((LinkRecordFlags.Internal, 1f), (r.Flags, r.Factors.Sitewide)));
        Assert.Equal(0, Lost(pages, "https://a.test/1"));
        (LinkGraph unfolded, _) = Build(visits, LinkProfile.Default with { SitewidePages = 7 });
        Assert.All(Into(unfolded, "https://s.test/"), r => Assert.Equal(one, r.Weight, 1e-7));
        (LinkGraph share, _) = Build(visits, LinkProfile.Default with { SitewideShare = .61 });
        Assert.All(Into(share, "https://s.test/"), r => Assert.Equal(one, r.Weight, 1e-7));
        (LinkGraph home, _) = Build(visits, LinkProfile.Default with { SitewideInternal = true });
        Assert.Single(Into(home, "https://a.test/"), r => r.Weight > 0);
    }

    [Fact]
    public void Domains_of_one_owner_share_one_edge_and_the_rest_evaporates()
    {
        LinkObservation heavy = To("https://t.test/", zone: Zone.Main), light = To("https://t.test/", zone: Zone.Footer);
        PageVisit[] visits = [Page("https://a.test/", heavy, To("https://b.test/")), Page("https://b.test/", light), Page("https://c.test/", heavy)];
        (_, LinkGraph domains) = Build(visits, owner: d => d is "a.test" or "b.test" ? "Acme" : null);
        double a = Math.Log2(1.75), b = Math.Log2(1.075), group = Math.Log2(1 + .75 + .075);
        var edges = EdgesOf(domains);
        Assert.Equal(a * group / (a + b), edges[("a.test", "t.test")], 1e-6);
        Assert.Equal(b * group / (a + b), edges[("b.test", "t.test")], 1e-6);
        Assert.Equal(a, edges[("c.test", "t.test")], 1e-6);
        Assert.Equal(.1 * a, edges[("a.test", "b.test")], 1e-6);
        Assert.Equal(2 * a, domains.OutTotal(domains.Names.Find("a.test")), 1e-6); // as if nobody owned anything
        Assert.Equal(b, domains.OutTotal(domains.Names.Find("b.test")), 1e-6);
        MappedArray<uint> owners = domains.MapIfPresent<uint>("owners")!;
        Assert.Equal([0u, 0, 1, 2], owners.Slice(0, 4).ToArray());
        (_, LinkGraph off) = Build(visits, LinkProfile.Default.Without(LinkFactorSet.Owner), d => d is "a.test" or "b.test" ? "Acme" : null);
        Assert.Equal(a, EdgesOf(off)[("a.test", "b.test")], 1e-6);
        Assert.Equal(0, Lost(off, "a.test"));
    }

    [Fact]
    public void Reports_of_domains_are_edges_with_records_of_their_own()
    {
        (LinkGraph pages, LinkGraph domains) = Build([new() { Url = "e.test", At = Start, Source = "moz:1", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported,
            Links = [new() { Target = "t.test", Kind = LinkKind.Reported }, new() { Target = "n.test", Kind = LinkKind.Reported, Rel = LinkRel.Nofollow }] }]);
        double weight = .5 * Math.Exp(-1) * .8 * .75;
        Assert.Equal(0, pages.NodeCount);
        Assert.Equal(Math.Log2(1 + weight), Assert.Single(EdgesOf(domains)).Value, 1e-6);
        Assert.Equal(Math.Log2(1 + weight), Lost(domains, "e.test"), 1e-6);
        Assert.Equal(weight, Assert.Single(Into(domains, "t.test")).Weight, 1e-7);
        Assert.Equal(AnchorForm.Unknown, Assert.Single(Into(domains, "n.test")).Form);
    }

    [Fact]
    public void A_report_of_what_was_seen_itself_adds_nothing()
    {
        LinkObservation report = To("https://b.test/", "b", Zone.Unknown, float.NaN, kind: LinkKind.Reported);
        PageVisit crawled = Page("https://a.test/", To("https://b.test/", "b", Zone.Footer), To("https://c.test/", kind: LinkKind.Canonical));
        PageVisit reported = Page("https://a.test/", report, report with { Target = "https://c.test/" }) with { Source = "moz:1", Outcome = VisitOutcome.Reported };
        PageVisit domains = new() { Url = "a.test", At = Start, Source = "moz:2", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported, Links = [report with { Target = "b.test" }, report with { Target = "e.test" }] };
        (LinkGraph pages, LinkGraph sites) = Build([crawled, reported, domains]);
        Assert.Equal([(LinkKind.Anchor, LinkRecordFlags.None, .075), (LinkKind.Reported, LinkRecordFlags.SeenItself, 0)],
            Into(pages, "https://b.test/").Select(r => (r.Kind, r.Flags, Math.Round(r.Weight, 6))));
        double alone = .5 * Math.Exp(-1) * .75;
        Assert.Equal(1 + alone, EdgesOf(pages)[("https://a.test/", "https://c.test/")], 1e-6); // a canonical is no element that a report sees
        Assert.Equal(Math.Log2(1.075), EdgesOf(sites)[("a.test", "b.test")], 1e-6);
        Assert.Equal(Math.Log2(1 + alone), EdgesOf(sites)[("a.test", "e.test")], 1e-6);
        Assert.Equal(LinkRecordFlags.SeenItself, Assert.Single(Into(sites, "b.test")).Flags);
        (LinkGraph uniform, _) = Build([crawled, reported], LinkProfile.Uniform);
        Assert.Equal(1, EdgesOf(uniform)[("https://a.test/", "https://b.test/")]);
    }

    [Fact]
    public void Relevance_is_asked_for_each_pair_and_unknown_where_nobody_knows()
    {
        PageVisit[] visits = [Page("https://a.test/", To("https://b.test/"), To("https://c.test/"), To("https://d.test/"))];
        (LinkGraph pages, _) = Build(visits, similarity: (s, t) => t switch { "https://b.test/" => 1, "https://c.test/" => .2f, _ => float.NaN });
        Assert.Equal([1, .6, .75], new[] { "b", "c", "d" }.Select(n => Math.Round(EdgesOf(pages)[("https://a.test/", $"https://{n}.test/")], 6)));
    }

    [Fact]
    public void Popularity_is_the_share_of_the_most_linked()
    {
        (LinkGraph pages, _) = Build([.. Enumerable.Range(0, 4).Select(i => Page($"https://p{i}.test/", To("https://big.test/"), i == 0 ? To("https://small.test/") : To("https://big.test/x")))], LinkProfile.Popularity);
        Assert.Equal(.75, EdgesOf(pages)[("https://p0.test/", "https://big.test/")], 1e-6);
        Assert.Equal(.75 * Math.Sqrt(1 / 4.0), EdgesOf(pages)[("https://p0.test/", "https://small.test/")], 1e-6);
    }

    [Fact]
    public void Pages_of_a_domain_are_listed_in_order()
    {
        (LinkGraph pages, LinkGraph domains) = Build(Random(1, 60));
        MappedArray<long> rows = domains.MapIfPresent<long>("page_rows")!;
        MappedArray<uint> nodes = domains.MapIfPresent<uint>("page_nodes")!, domainOf = pages.MapIfPresent<uint>("domains")!;
        for (int domain = 0; domain < domains.NodeCount; domain++)
        {
            uint[] listed = nodes.Slice(rows[domain], (int)(rows[domain + 1L] - rows[domain])).ToArray();
            Assert.Equal(Enumerable.Range(0, pages.NodeCount).Where(p => domainOf[p] == (uint)domain).Select(p => (uint)p), listed);
        }
        Assert.Equal(pages.NodeCount, rows[domains.NodeCount]);
    }

    [Fact]
    public void Records_add_up_to_the_edges_and_to_what_is_lost_by_both_indexes()
    {
        (LinkGraph pages, _) = Build(Random(2, 80));
        LinkRecords records = LinkRecords.Of(pages)!;
        var edges = EdgesOf(pages);
        long seen = 0;
        for (int node = 0; node < pages.NodeCount; node++)
        {
            LinkRecord[] from = [.. records.From(node)], into = [.. records.Into(node)];
            seen += from.Length;
            Assert.All(from, r => Assert.Equal((uint)node, r.Source));
            Assert.All(into, r => Assert.Equal((uint)node, r.Target));
            Assert.Equal(from.Sum(r => r.Lost), Lost(pages, pages.Names[node]), 1e-9);
            foreach (var group in into.GroupBy(r => r.Source))
            {
                Assert.Equal(group.Sum(r => (double)r.Weight), edges.GetValueOrDefault((pages.Names[(int)group.Key], pages.Names[node])), 1e-6);
                Assert.Equal(group, records.Between((int)group.Key, node));
            }
            Assert.All(into, r => Assert.Equal(r.Factors.Weight, r.Weight));
        }
        Assert.Equal(records.Count, seen);
        Assert.Equal(records.AnchorCount, Enumerable.Range(0, (int)records.AnchorCount).Select(k => records.Anchor((uint)k)).Distinct().Count());
    }

    [Theory]
    [InlineData("default")]
    [InlineData("hint")]
    [InlineData("uniform")]
    public void Any_store_gives_what_the_naive_graphs_have(string profileName)
    {
        LinkProfile profile = LinkProfileFile.Find(profileName);
        static string? Owner(string domain) => domain[0] is '0' or '1' or '2' ? "Acme" : null;
        static float Similarity(string s, string t) => (s.Length + t.Length) % 3 == 0 ? float.NaN : (s.Length * 7 + t.Length) % 11 / 10f;
        for (int seed = 0; seed < 5; seed++)
        {
            using var store = new NaiveLinkStore();
            store.Write(Random(seed, 10 + 30 * seed));
            (LinkGraph pages, LinkGraph domains) = Build(store, profile, Owner, Similarity);
            var naive = new NaiveStoreGraphs(store, profile, DomainOf, Owner, Similarity);
            Same(naive.Pages, naive.PageLost, pages);
            Same(naive.Domains, naive.DomainLost, domains);
            Assert.Equal(naive.Weights, Enumerable.Range(0, (int)LinkRecords.Of(pages)!.Count).Select(i => LinkRecords.Of(pages)![i].Weight).Order());
        }
    }

    private static void Same(Dictionary<(string, string), double> edges, Dictionary<string, double> lost, LinkGraph graph)
    {
        var built = EdgesOf(graph);
        foreach (var (pair, weight) in edges)
            Assert.True(Math.Abs(weight - built.GetValueOrDefault(pair)) <= 1e-6 * Math.Max(1, weight), $"{pair}: {weight} and not {built.GetValueOrDefault(pair)}");
        Assert.All(built.Keys, pair => Assert.Contains(pair, edges.Keys));
        for (int node = 0; node < graph.NodeCount; node++)
            Assert.Equal(lost.GetValueOrDefault(graph.Names[node]), Lost(graph, graph.Names[node]), 1e-6);
    }

    [Fact]
    public void Bytes_do_not_depend_on_threads()
    {
        using DuckDbLinkStore store = DuckDbLinkStore.Open(_data.File("links.duckdb"));
        store.Write(Random(5, 400));
        string[] digests = [.. new[] { 1, 2, 8 }.Select(threads => Build(store, owner: d => d[..1], similarity: (s, t) => s.Length % 10 / 10f, threads: threads)).Select(g => g.Pages.Manifest.Digest() + g.Domains.Manifest.Digest())];
        Assert.Single(digests.Distinct());
    }

    [Fact]
    public void A_profile_out_of_range_is_refused() =>
        Assert.Contains("zone.footer must be 0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => Build([], LinkProfile.Default with { Footer = -1 })).Message, StringComparison.Ordinal);

    // Ten small sites; templates, several links to one target, every rel, zone and kind, reports of domains, lost links.
    private static List<PageVisit> Random(int seed, int pages)
    {
        var random = new Random(seed);
        string[] anchors = ["", "read more", "https://x.test/", "bees", "honey and wax", "»"];
        string Url(int page) => $"https://{(page % 3 == 0 ? "www." : page % 7 == 0 ? "blog." : "")}{page % 10}.test/{page / 10}";
        T Of<T>(params T[] values) => values[random.Next(values.Length)];
        List<PageVisit> visits = [];
        for (int page = 0; page < pages; page++)
        {
            var links = new List<LinkObservation>();
            if (page % 10 < 4)
                links.Add(To($"https://{page % 10 + 1}.test/", "our friends", Zone.Footer, random.NextSingle(), page % 10 == 2 ? LinkRel.Nofollow : 0));
            for (int i = random.Next(8); i > 0; i--)
                links.Add(To(Url(random.Next(2 * pages)), Of(anchors), (Zone)random.Next(8), random.Next(4) == 0 ? float.NaN : random.NextSingle(),
                    Of(LinkRel.None, LinkRel.None, LinkRel.Nofollow, LinkRel.Ugc, LinkRel.Sponsored | LinkRel.Ugc, LinkRel.Hidden, LinkRel.AnchorIsAlt), Of(LinkKind.Anchor, LinkKind.Anchor, LinkKind.Anchor, LinkKind.Area, LinkKind.Image, LinkKind.Canonical)));
            visits.Add(Page(Url(page), [.. links]) with { Nofollow = page % 13 == 5 });
            if (page % 3 == 1)
            {
                IEnumerable<LinkObservation> reported = links.Take(2).Select(l => l with { Kind = LinkKind.Reported, Position = float.NaN, Zone = Zone.Unknown });
                PageVisit visit = Page(Url(page), [.. reported, To(Url(random.Next(2 * pages)), "", Zone.Unknown, float.NaN, kind: LinkKind.Reported)]);
                visits.Add(visit with { Source = "ahrefs:1", Outcome = VisitOutcome.Reported });
            }
            if (page % 17 == 3)
                visits.AddRange(Enumerable.Range(2, 2).Select(day => Page(Url(page)) with { At = Start.AddDays(day) }));
        }
        visits.Add(new() { Url = "3.test", At = Start, Source = "moz:1", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported, Links = [To("8.test", "", Zone.Unknown, float.NaN, kind: LinkKind.Reported), To("shop.3.test", kind: LinkKind.Reported)] });
        return visits;
    }
}
