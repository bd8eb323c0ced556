using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

/// <summary>The law of <see cref="StoreGraphs.Update"/>: the bytes of <see cref="StoreGraphs.Build"/>, or null.</summary>
public sealed class StoreGraphsUpdateTests : IDisposable
{
    private static readonly DateTime Start = new(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private sealed record Built(StoreGraphsResult Result, string Pages, string Domains, long Version);

    private static LinkObservation To(string target, string anchor = "bees", Zone zone = Zone.Main, float position = .2f, LinkRel rel = 0, LinkKind kind = LinkKind.Anchor) =>
        new() { Target = target, Anchor = anchor, Zone = zone, Position = position, Rel = rel, Kind = kind };

    private static PageVisit Page(string url, int day, params LinkObservation[] links) => new() { Url = url, At = Start.AddDays(day), Source = "crawl:1", Links = links };

    private static string DomainOf(string host) => string.Join('.', host.Split('.')[^2..]);

    private static StoreGraphsOptions Options(ILinkStore store, Func<string, string, float>? similarity = null, Func<string, string?>? owner = null, LinkProfile? profile = null, int threads = 2)
    {
        var urls = store.Names().ToDictionary(n => n.Id, n => n.Url);
        return new()
        {
            Fold = DomainOf,
            FoldName = "domain",
            Profile = profile ?? LinkProfile.Default,
            Owner = owner,
            Relevance = similarity is null ? null : (s, t) => similarity(urls[s], urls[t]),
            Threads = threads,
        };
    }

    private Built Build(ILinkStore store, StoreGraphsOptions options)
    {
        string pages = _data.NewFolder(), domains = _data.NewFolder();
        return new Built(StoreGraphs.Build(store, pages, domains, options), pages, domains, store.Version);
    }

    private Built? Update(ILinkStore store, Built before, StoreGraphsOptions options, IReadOnlySet<long>? changedTexts = null)
    {
        string pages = _data.NewFolder(), domains = _data.NewFolder();
        using LinkGraph pagesBefore = LinkGraph.Open(before.Pages), domainsBefore = LinkGraph.Open(before.Domains);
        StoreGraphsResult? updated = StoreGraphs.Update(store, pagesBefore, domainsBefore, before.Result.PageIds, before.Version, pages, domains, options, changedTexts);
        if (updated is null)
            Assert.Empty(Directory.EnumerateFileSystemEntries(pages).Concat(Directory.EnumerateFileSystemEntries(domains)));
        return updated is null ? null : new Built(updated, pages, domains, store.Version);
    }

    private Built Discounted(Built built)
    {
        string Discount(string folder)
        {
            string to = _data.NewFolder();
            using LinkGraph graph = LinkGraph.Open(folder);
            ReweighedGraph.Build(graph, to, (u, v) => (u + v) % 3 == 0 ? .1 : 1);
            return to;
        }
        return built with { Pages = Discount(built.Pages), Domains = Discount(built.Domains) };
    }

    private static void Same(Built built, Built updated)
    {
        Assert.Equal(built.Result.PageIds, updated.Result.PageIds);
        foreach ((string expected, string actual) in new[] { (built.Pages, updated.Pages), (built.Domains, updated.Domains) })
        {
            static string[] Files(string folder) => [.. Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Where(f => f != "graph.seal").Order(StringComparer.Ordinal)];
            Assert.Equal(Files(expected), Files(actual));
            foreach (string file in Files(expected))
                Assert.True(File.ReadAllBytes(Path.Combine(expected, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, file))), $"{file} of {Path.GetFileName(expected)} differs");
        }
    }

    [Theory]
    [InlineData(true, "default", 4)]
    [InlineData(false, "hint", 2)]
    [InlineData(true, "uniform", 1)]
    public void Any_batches_give_the_bytes_of_a_new_build(bool naive, string profileName, int seeds)
    {
        LinkProfile profile = LinkProfileFile.Find(profileName);
        int updates = 0, nulls = 0;
        for (int seed = 0; seed < seeds; seed++)
        {
            var random = new Random(seed);
            var web = new Web(random, 20 + 60 * seed);
            var texts = new Dictionary<string, int>();
            float Similarity(string s, string t) => (s.Length + t.Length + texts.GetValueOrDefault(s)) % 4 == 0 ? float.NaN : (s.Length * 7 + t.Length + 3 * texts.GetValueOrDefault(s) + texts.GetValueOrDefault(t)) % 11 / 10f;
            string? Owner(string domain) => domain[0] is '0' or '1' or '2' ? "Acme" : null;
            using ILinkStore store = naive ? new NaiveLinkStore() : DuckDbLinkStore.Open(_data.File($"{profileName}{seed}.duckdb"));
            store.Write(web.First());
            StoreGraphsOptions Now(int threads) => Options(store, seed != 1 ? Similarity : null, seed % 3 == 1 ? null : Owner, profile, threads);
            Built before = Build(store, Now(2));
            for (int batch = 1; batch <= 4; batch++)
            {
                List<PageVisit> visits = web.Later(batch, seed == 3 ? 40 : 1 + random.Next(4));
                store.Write(visits);
                if (random.Next(2) == 0)
                    store.Write(web.Again(batch));
                var retold = new HashSet<string>();
                if (random.Next(2) == 0)
                    foreach (PageVisit visit in visits.Where(_ => random.Next(2) == 0))
                        texts[visit.Url] = texts.GetValueOrDefault(visit.Url) + (retold.Add(visit.Url) ? 1 : 0);
                HashSet<long> retoldIds = [.. store.Names().Where(name => retold.Contains(name.Url)).Select(name => name.Id)];
                Built built = Build(store, Now(1));
                Built? updated = Update(store, random.Next(3) == 0 ? Discounted(before) : before, Now(3), retoldIds);
                if (updated is null)
                    nulls++;
                else
                {
                    updates++;
                    Same(built, updated);
                }
                before = updated ?? built;
            }
        }
        Assert.True(updates >= 3 * nulls, $"{updates} updates and {nulls} times none");
    }

    [Fact]
    public void Nothing_changed_gives_the_same_graphs()
    {
        using var store = new NaiveLinkStore();
        Same(Build(store, Options(store)), Update(store, Build(store, Options(store)), Options(store))!);
        store.Write([Page("https://a.test/", 0, To("https://b.test/"))]);
        Built before = Build(store, Options(store));
        Same(before, Update(store, before, Options(store))!);
    }

    [Fact]
    public void A_page_that_nothing_names_any_more_leaves_the_graph_and_its_domain_with_it()
    {
        using var store = new NaiveLinkStore();
        store.Write([Page("https://a.test/", 0, To("https://b.test/1"), To("https://b.test/2")), Page("https://a.test/2", 0, To("https://c.test/"))]);
        Built before = Build(store, Options(store));
        store.Write([Page("https://a.test/", 5, To("https://b.test/2")), Page("https://a.test/", 7, To("https://b.test/2"))]);
        Built updated = Update(store, before, Options(store))!;
        Same(Build(store, Options(store)), updated);
        Assert.Equal((5, 4), (before.Result.Pages.Nodes, updated.Result.Pages.Nodes));
        store.Write([Page("https://a.test/2", 5), Page("https://a.test/2", 7)]);
        Built again = Update(store, updated, Options(store))!;
        Same(Build(store, Options(store)), again);
        Assert.Equal((3, 3, 2), (updated.Result.Domains.Nodes, again.Result.Pages.Nodes, again.Result.Domains.Nodes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_page_more_may_end_a_site_wide_link_elsewhere(bool revisited)
    {
        using var store = new NaiveLinkStore();
        PageVisit[] Site(int first, int count, bool footer, int day = 0) =>
            [.. Enumerable.Range(first, count).Select(i => Page($"https://a.test/{i:D2}", day, footer ? To("https://b.test/", "friends", Zone.Footer) : To("https://c.test/"), To("https://d.test/")))];
        store.Write([.. Site(0, 6, true), .. Site(10, 14, false)]);
        Built before = Build(store, Options(store));
        store.Write(Site(30, 1, false));
        if (revisited)
            store.Write(Site(0, 6, true, day: 1));
        Built updated = Update(store, before, Options(store))!;
        Same(Build(store, Options(store)), updated);
        LinkRecordFlags Flags(string folder)
        {
            using LinkGraph graph = LinkGraph.Open(folder);
            return LinkRecords.Of(graph)!.Into(graph.Names.Find("https://b.test/")).Aggregate(LinkRecordFlags.None, (flags, record) => flags | record.Flags);
        }
        Assert.Equal((LinkRecordFlags.Sitewide | LinkRecordFlags.SitewideBest, LinkRecordFlags.None), (Flags(before.Pages), Flags(updated.Pages))); // 6 of 20, then 6 of 21
    }

    [Fact]
    public void What_does_not_fit_needs_a_new_build()
    {
        using var store = new NaiveLinkStore();
        store.Write([Page("https://a.test/", 0, To("https://b.test/"), To("https://c.test/")), Page("https://d.test/", 0, To("https://b.test/"))]);
        StoreGraphsOptions options = Options(store, owner: static d => d is "a.test" or "b.test" ? "Acme" : null);
        Built before = Build(store, options);
        Assert.NotNull(Update(store, before, options));
        Assert.Null(Update(store, before, options with { Owner = null }));
        Assert.Null(Update(store, before, options with { Owner = static d => d is "a.test" ? "Acme" : null }));
        Assert.Null(Update(store, before, options with { Owner = static d => d is "a.test" or "b.test" or "d.test" ? "Acme" : null }));
        Assert.Null(Update(store, before, options with { FoldName = "host" }));
        Assert.Null(Update(store, before, options with { Profile = LinkProfile.Hint }));
        Assert.Null(Update(store, before with { Version = store.Version + 1 }, options));
        Assert.Null(Update(store, before with { Result = before.Result with { PageIds = [1] } }, options));
        StoreGraphsOptions popular = options with { Profile = LinkProfile.Popularity };
        Assert.Null(Update(store, Build(store, popular), popular));
        Built related = Build(store, options with { Relevance = static (_, _) => .1f });
        Assert.Null(Update(store, related, options));
        store.Write([Page("https://d.test/", 1, To("https://b.test/"), To("https://c.test/"))]);
        Assert.NotNull(Update(store, before, options));
        Assert.Null(Update(store, before, options with { Profile = LinkProfile.Default with { Main = .9 } }));
        store.Write([new() { Url = "3.test", At = Start, Source = "moz:1", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported, Links = [To("8.test", "", Zone.Unknown, float.NaN, kind: LinkKind.Reported)] }]);
        Assert.Null(Update(store, before, options));
        Assert.Null(Update(store, Build(store, options), options));
        Assert.Throws<ArgumentOutOfRangeException>(() => Update(store, before, options with { Profile = LinkProfile.Default with { Footer = -1 } }));
    }

    [Fact]
    public void A_domain_that_was_named_itself_outlives_its_pages()
    {
        using var store = new NaiveLinkStore();
        store.Write([Page("https://a.test/", 0, To("https://b.test/")), new() { Url = "b.test", At = Start, Source = "moz:1", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported }]);
        Built before = Build(store, Options(store));
        store.Write([Page("https://a.test/", 5), Page("https://a.test/", 7)]);
        Assert.Null(Update(store, before, Options(store)));
        Assert.Equal(2, Build(store, Options(store)).Result.Domains.Nodes);
    }

    /// <summary>Ten small sites and more that are found: templates, several links to one target, every rel, zone and kind, reports; pages
    /// that change, come, redirect and go.</summary>
    private sealed class Web(Random random, int pages)
    {
        private static readonly string[] Anchors = ["", "read more", "https://x.test/", "bees", "honey and wax", "»"];
        private readonly Dictionary<int, LinkObservation[]> _links = [];
        private int _pages = pages, _sites = 10;

        private string Url(int page) => page % 29 == 28 ? $"https://{page % _sites}new{page % 5}.test/" : $"https://{(page % 3 == 0 ? "www." : page % 7 == 0 ? "blog." : "")}{page % 10}.test/{page / 10}";

        private T Of<T>(params T[] values) => values[random.Next(values.Length)];

        public List<PageVisit> First() => [.. Enumerable.Range(0, _pages).SelectMany(page => Visits(page, 0))];

        public List<PageVisit> Later(int batch, int changes)
        {
            List<PageVisit> visits = [];
            for (int i = 0; i < changes; i++)
                switch (random.Next(8))
                {
                    case 0:
                        visits.AddRange(Visits(_pages++, 10 * batch));
                        _sites += random.Next(3);
                        break;
                    case 1:
                        visits.AddRange(new[] { 0, 2 }.Select(day => new PageVisit { Url = Url(random.Next(_pages)), At = Start.AddDays(10 * batch + day), Source = "crawl:2", Outcome = VisitOutcome.Gone, Status = 404 }));
                        break;
                    case 2:
                        visits.Add(Page(Url(random.Next(2 * _pages)), 10 * batch) with { Outcome = VisitOutcome.Reported, Source = $"ahrefs:{batch}", Links = [To(Url(random.Next(2 * _pages)), "", Zone.Unknown, float.NaN, kind: LinkKind.Reported)] });
                        break;
                    case 3:
                        visits.Add(Page(Url(random.Next(2 * _pages)), 10 * batch, To(Url(random.Next(_pages)), "", kind: LinkKind.Redirect)) with { Outcome = VisitOutcome.Redirected });
                        break;
                    case 4: // an earlier look
                        visits.AddRange(Visits(random.Next(_pages), -10 * batch));
                        break;
                    default:
                        visits.AddRange(Visits(random.Next(_pages), 10 * batch));
                        break;
                }
            return visits;
        }

        /// <summary>What was changed, seen a second time: what is missing is lost then.</summary>
        public List<PageVisit> Again(int batch) => [.. _links.Where(_ => random.Next(4) == 0).Select(p => Page(Url(p.Key), 10 * batch + 3, p.Value))];

        private List<PageVisit> Visits(int page, int day)
        {
            var links = new List<LinkObservation>();
            if (page % 10 < 4)
                links.Add(To($"https://{page % 10 + 1}.test/", "our friends", Zone.Footer, random.NextSingle(), page % 10 == 2 ? LinkRel.Nofollow : 0));
            if (_links.TryGetValue(page, out LinkObservation[]? before))
                links.AddRange(before.Where(_ => random.Next(3) > 0));
            for (int i = random.Next(before is null ? 8 : 3); i > 0; i--)
                links.Add(To(Url(random.Next(2 * _pages)), random.Next(5) == 0 ? $"text {random.Next(1000)}" : Of(Anchors), (Zone)random.Next(8), random.Next(4) == 0 ? float.NaN : random.NextSingle(),
                    Of(LinkRel.None, LinkRel.None, LinkRel.Nofollow, LinkRel.Ugc, LinkRel.Sponsored | LinkRel.Ugc, LinkRel.Hidden, LinkRel.AnchorIsAlt), Of(LinkKind.Anchor, LinkKind.Anchor, LinkKind.Anchor, LinkKind.Area, LinkKind.Image, LinkKind.Canonical)));
            _links[page] = [.. links];
            List<PageVisit> visits = [Page(Url(page), day, [.. links]) with { Nofollow = page % 13 == 5 }];
            if (page % 3 == 1)
            {
                IEnumerable<LinkObservation> reported = links.Take(2).Select(l => l with { Kind = LinkKind.Reported, Position = float.NaN, Zone = Zone.Unknown });
                PageVisit visit = Page(Url(page), day, [.. reported, To(Url(random.Next(2 * _pages)), "", Zone.Unknown, float.NaN, kind: LinkKind.Reported)]);
                visits.Add(visit with { Source = "ahrefs:1", Outcome = VisitOutcome.Reported });
            }
            return visits;
        }
    }
}
