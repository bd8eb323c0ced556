using Backlinks.GraphEngine;
using Backlinks.Stores;
using CsCheck;

namespace Backlinks.Tests.Stores;

public sealed class LinkStoreTests : IDisposable
{
    private static readonly DateTime Start = new(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly string _folder = Directory.CreateTempSubdirectory("links-test-").FullName;

    private string File => Path.Combine(_folder, "links.duckdb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PageVisit Visit(string url, double hours, VisitOutcome outcome, params LinkObservation[] links) =>
        new() { Url = url, At = Start.AddHours(hours), Source = "crawl:1", Outcome = outcome, Links = links };

    private static LinkObservation To(string target, string anchor = "", LinkRel rel = 0, LinkKind kind = LinkKind.Anchor) =>
        new() { Target = target, Anchor = anchor, Rel = rel, Kind = kind };

    private static string Told(ILinkStore store) => string.Join("\n",
        store.Pages().Select(p => (p with { Id = 0 }).ToString()).Concat(["contents"]).Concat(store.Contents().Concat(store.Contents(texts: false)).Select(p => (p with { Id = 0 }).ToString()).Order(StringComparer.Ordinal)).Concat(["links"]).Concat(store.Links().Select(l => l.ToString()).Order(StringComparer.Ordinal))
            .Concat(["visits"]).Concat(store.Pages().SelectMany(p => store.Visits(p.Url)).Select(v => v.ToString()))
            .Append($"{store.Count()} version {store.Version}"));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    // Few pages, targets and times, so that everything meets everything.
    private static readonly Gen<PageVisit> AnyVisit =
        from page in Gen.Int[0, 3]
        from hour in Gen.Int[0, 12]
        from source in Gen.Int[0, 2]
        from outcome in OneOf(VisitOutcome.Fetched, VisitOutcome.Fetched, VisitOutcome.Fetched, VisitOutcome.NotModified, VisitOutcome.NotModified,
            VisitOutcome.Redirected, VisitOutcome.Gone, VisitOutcome.HostDead, VisitOutcome.Reported, VisitOutcome.Reported, VisitOutcome.Blocked, VisitOutcome.Truncated, VisitOutcome.NotHtml)
        from content in Gen.Int[0, 3]
        from flags in OneOf(0, 0, 0, 0, 1, 2, 4)
        from links in (from target in Gen.Int[0, 4]
                       from kind in OneOf(LinkKind.Anchor, LinkKind.Anchor, LinkKind.Canonical, LinkKind.Reported)
                       from rel in OneOf(LinkRel.None, LinkRel.None, LinkRel.Nofollow, LinkRel.External)
                       from text in Gen.Int[0, 2]
                       from first in Gen.Int[-8, 8]
                       from last in Gen.Int[-4, 14]
                       from lost in Gen.Int[-8, 14]
                       select new LinkObservation
                       {
                           Target = $"https://t.example/{target}",
                           Kind = kind,
                           Rel = rel,
                           Anchor = $"anchor {text}",
                           Zone = (Zone)text,
                           Position = text == 0 ? float.NaN : text / 4f,
                           FirstSeen = first < 0 ? null : Start.AddHours(first * 9),
                           LastSeen = last < 0 ? null : Start.AddHours(last * 9),
                           LostAt = lost < 0 ? null : Start.AddHours(lost * 9),
                           LostReason = lost < 0 ? LostReason.None : (LostReason)(lost % 3),
                       }).Array[0, 3]
        select new PageVisit
        {
            Url = page == 0 ? "https://t.example/1" : $"https://p{page}.example/",
            At = Start.AddHours(hour * 9),
            Source = $"crawl:{source}",
            Outcome = outcome,
            Status = 200 + (int)outcome,
            Detail = $"detail {content}",
            Title = content == 0 ? "" : $"title {content}",
            ETag = $"tag {content}",
            Words = content,
            ContentHash = (ulong)content,
            Noindex = flags == 1,
            Nofollow = flags == 2,
            Canonical = flags == 4 ? "https://t.example/0" : "",
            Links = links,
        };

    [Fact]
    public void Any_visits_in_any_order_and_any_batches_give_what_the_naive_store_gives() =>
        AnyVisit.Array[1, 16].Array[1, 4].Sample(batches =>
        {
            string folder = Directory.CreateTempSubdirectory("links-any-").FullName;
            try
            {
                using var naive = new NaiveLinkStore();
                using DuckDbLinkStore store = DuckDbLinkStore.Open(Path.Combine(folder, "links.duckdb"));
                foreach (PageVisit[] batch in batches)
                {
                    long version = store.Version;
                    Assert.Equal(naive.Write(batch), store.Write(batch));
                    Assert.Equal(Told(naive), Told(store));
                    Assert.Equal(Names(naive, version), Names(store, version));
                    Assert.Equal(Arcs(naive, version), Arcs(store, version));
                }
                Assert.Equal(naive.Write(batches[0]), store.Write(batches[0]));
                Assert.Equal(Told(naive), Told(store));
                Assert.Equal(Arcs(naive), Arcs(store));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }, iter: int.Parse(Environment.GetEnvironmentVariable("BACKLINKS_TEST_CASES") ?? "12", System.Globalization.CultureInfo.InvariantCulture), threads: 1);

    // Numbers of URLs and anchors differ between stores; what they stand for does not.
    private static List<string> Arcs(ILinkStore store, long version = -1)
    {
        var urls = (version < 0 ? store.Names() : store.Names(version)).ToDictionary(n => n.Id, n => n.Url + n.Granularity);
        var anchors = (version < 0 ? store.Anchors() : store.Anchors(version)).ToDictionary(a => a.Number, a => System.Text.Encoding.UTF8.GetString(a.Utf8.Span));
        return [.. (version < 0 ? store.Arcs() : store.Arcs(version)).Select(a => string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{urls[a.SourceId]} {urls[a.TargetId]} {a.Kind} {a.Rel} {a.Zone} {a.Position} {a.Lost} {a.Ordinal} {a.FirstSeen} {anchors[a.Text]}")).Order(StringComparer.Ordinal)];
    }

    private static List<string> Names(ILinkStore store, long version) => [.. store.Names(version).Select(n => $"{n.Url} {n.Granularity} {n.Visited}")];

    private DuckDbLinkStore Opened(params PageVisit[] visits)
    {
        DuckDbLinkStore store = DuckDbLinkStore.Open(File);
        foreach (PageVisit visit in visits)
            store.Write([visit]);
        return store;
    }

    [Fact]
    public void The_same_page_twice_gives_no_duplicates_and_two_links_to_one_target_stay_two()
    {
        LinkObservation[] links = [To("https://b.example/", "first"), To("https://b.example/", "second")];
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Fetched, links), Visit("https://a.example/", 1, VisitOutcome.Fetched, links));
        Assert.Equal(["first", "second"], store.LinksFrom("https://a.example/").Select(l => l.Anchor));
        Assert.Equal((2, 2, 2), store.Count());
        Assert.All(store.LinksTo("https://b.example/"), l => Assert.Equal((Start, Start.AddHours(1)), (l.FirstSeen, l.LastSeen)));
    }

    [Fact]
    public void The_same_batch_again_changes_nothing()
    {
        PageVisit visit = Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/"));
        using DuckDbLinkStore store = Opened(visit);
        string before = Told(store);
        Assert.Equal(new WriteResult(1, 1, 0, 0, 0), store.Write([visit]));
        Assert.Equal(before, Told(store));
    }

    [Theory]
    [InlineData(23.9, false)]
    [InlineData(24, true)]
    public void A_link_is_lost_after_two_checks_a_day_apart(double between, bool lost)
    {
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/")),
            Visit("https://a.example/", 1, VisitOutcome.Fetched), Visit("https://a.example/", 1 + between, VisitOutcome.Fetched));
        StoredLink link = Assert.Single(store.LinksTo("https://b.example/"));
        Assert.Equal(lost ? (LostReason.Removed, Start.AddHours(1 + between), null) : (LostReason.None, null, Start.AddHours(1)), (link.LostReason, link.LostAt, link.MissingSince));
        Assert.Equal(lost, Assert.Single(store.Arcs()).Lost);
    }

    [Theory]
    [InlineData(VisitOutcome.Gone, LostReason.PageGone)]
    [InlineData(VisitOutcome.HostDead, LostReason.HostDead)]
    [InlineData(VisitOutcome.Redirected, LostReason.RedirectedAway)]
    [InlineData(VisitOutcome.Fetched, LostReason.Removed)]
    public void The_reason_of_a_loss_is_what_the_second_check_found(VisitOutcome outcome, LostReason reason)
    {
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/")),
            Visit("https://a.example/", 24, VisitOutcome.Gone), Visit("https://a.example/", 48, outcome));
        Assert.Equal(reason, Assert.Single(store.LinksTo("https://b.example/")).LostReason);
    }

    [Theory]
    [InlineData(LostReason.Noindex)]
    [InlineData(LostReason.NotCanonical)]
    [InlineData(LostReason.BecameNofollow)]
    public void A_link_that_stops_counting_is_lost_though_it_is_still_seen(LostReason reason)
    {
        PageVisit Now(double hours) => Visit("https://a.example/", hours, VisitOutcome.Fetched, To("https://b.example/", rel: reason == LostReason.BecameNofollow ? LinkRel.Nofollow : 0)) with
        {
            Noindex = reason == LostReason.Noindex,
            Canonical = reason == LostReason.NotCanonical ? "https://c.example/" : "",
        };
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/")), Now(24), Now(48));
        StoredLink link = Assert.Single(store.LinksTo("https://b.example/"));
        Assert.Equal((reason, Start.AddHours(48), Start.AddHours(48)), (link.LostReason, link.LostAt, link.LastSeen));
        store.Write([Visit("https://a.example/", 72, VisitOutcome.Fetched, To("https://b.example/"))]);
        link = Assert.Single(store.LinksTo("https://b.example/"));
        Assert.Equal((LostReason.None, null, Start), (link.LostReason, link.LostAt, link.FirstSeen));
    }

    [Theory]
    [InlineData(VisitOutcome.Blocked)]
    [InlineData(VisitOutcome.Challenged)]
    [InlineData(VisitOutcome.RateLimited)]
    [InlineData(VisitOutcome.ServerError)]
    [InlineData(VisitOutcome.TimedOut)]
    [InlineData(VisitOutcome.NetworkError)]
    [InlineData(VisitOutcome.Truncated)]
    [InlineData(VisitOutcome.Disallowed)]
    [InlineData(VisitOutcome.Refused)]
    [InlineData(VisitOutcome.NotHtml)]
    [InlineData(VisitOutcome.Reported)]
    public void What_could_not_be_verified_removes_nothing(VisitOutcome outcome)
    {
        using DuckDbLinkStore store = Opened([Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/")),
            .. Enumerable.Range(1, 5).Select(day => Visit("https://a.example/", 24 * day, outcome))]);
        StoredLink link = Assert.Single(store.LinksTo("https://b.example/"));
        Assert.Equal((LostReason.None, null, null, Start), (link.LostReason, link.LostAt, link.MissingSince, link.LastVerified));
        StoredPage page = store.FindPage("https://a.example/")!;
        Assert.Equal((Start.AddDays(5), Start, outcome), (page.LastVisit, page.LastVerified, page.LastOutcome));
    }

    [Fact]
    public void A_visit_that_comes_late_adds_what_it_saw_and_undoes_nothing()
    {
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 100, VisitOutcome.Fetched, To("https://b.example/", "new")), Visit("https://a.example/", 60, VisitOutcome.Fetched),
            Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/", "old"), To("https://c.example/")) with { Title = "old" });
        StoredLink kept = Assert.Single(store.LinksTo("https://b.example/")), gone = Assert.Single(store.LinksTo("https://c.example/"));
        Assert.Equal(("new", Start, Start.AddHours(100), null), (kept.Anchor, kept.FirstSeen, kept.LastSeen, kept.LostAt));
        Assert.Equal((Start, LostReason.Removed, Start.AddHours(100)), (gone.LastSeen, gone.LostReason, gone.LostAt));
        Assert.Equal("", store.FindPage("https://a.example/")!.Title);
        Assert.Equal(Start, store.FindPage("https://b.example/")!.FirstSeen);
    }

    [Fact]
    public void Another_tools_dates_are_its_links_dates()
    {
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Reported, To("https://b.example/", kind: LinkKind.Reported) with
        {
            FirstSeen = Start.AddDays(-90),
            LastSeen = Start.AddDays(-20),
            LostAt = Start.AddDays(-10),
            LostReason = LostReason.PageGone,
        }));
        StoredLink link = Assert.Single(store.LinksTo("https://b.example/"));
        Assert.Equal((Start.AddDays(-90), Start.AddDays(-20), Start.AddDays(-10), LostReason.PageGone), (link.FirstSeen, link.LastSeen, link.LostAt, link.LostReason));
        store.Write([Visit("https://a.example/", 1, VisitOutcome.Fetched, To("https://b.example/"))]);
        Assert.All(store.LinksTo("https://b.example/"), l => Assert.Null(l.LostAt)); // the page has an element that points there
    }

    [Fact]
    public void Links_from_and_to_a_page_are_all_links_whether_few_or_many()
    {
        PageVisit[] visits = [.. Enumerable.Range(0, 70).Select(i => Visit($"https://p{i}.example/", i, VisitOutcome.Fetched, To("https://many.example/", $"{i}"), To($"https://few.example/{i / 3}", $"few {i}"), To("https://many.example/", "again")))];
        using var naive = new NaiveLinkStore();
        using DuckDbLinkStore store = DuckDbLinkStore.Open(File);
        naive.Write(visits);
        store.Write(visits);
        foreach (string url in new[] { "https://many.example/", "https://few.example/0", "https://few.example/23", "https://p5.example/", "https://nowhere.example/" })
        {
            Assert.Equal(naive.LinksTo(url).Select(l => l.ToString()).Order(), store.LinksTo(url).Select(l => l.ToString()).Order());
            Assert.Equal(naive.LinksFrom(url).Select(l => l.ToString()).Order(), store.LinksFrom(url).Select(l => l.ToString()).Order());
        }
        Assert.Equal((140, 3), (store.LinksTo("https://many.example/").Count(), store.LinksTo("https://few.example/0").Count()));
    }

    [Fact]
    public void What_changed_since_a_version_is_told()
    {
        using DuckDbLinkStore store = Opened(Visit("https://a.example/", 0, VisitOutcome.Fetched, To("https://b.example/")), Visit("https://c.example/", 0, VisitOutcome.Fetched, To("https://a.example/")));
        long version = store.Version;
        store.Write([Visit("https://c.example/", 1, VisitOutcome.NotModified), Visit("https://d.example/", 1, VisitOutcome.Blocked)]);
        Assert.Equal(["https://c.example/", "https://d.example/"], store.Pages(version).Select(p => p.Url));
        Assert.Equal(["https://c.example/"], store.Links(version).Select(l => l.Source));
        Assert.Equal(["https://a.example/", "https://c.example/", "https://d.example/"], store.Names(version).Select(n => n.Url));
        Assert.Single(store.Arcs(version));
        Assert.Single(store.Anchors(version));
        Assert.Empty(store.Names(store.Version).Select(n => n.Url).Concat(store.Arcs(store.Version).Select(a => $"{a}")).Concat(store.Anchors(store.Version).Select(a => $"{a.Number}")));
    }

    [Fact]
    public void Odd_texts_come_back_as_they_are_but_for_NUL()
    {
        string odd = "nul \0 quote ' \u202E \U0001F600 end";
        PageVisit visit = Visit("https://xn--bcher-kva.example:8080/a%20b?c=d,e", 0, VisitOutcome.Fetched, To("https://[::1]/", odd) with { Left = odd, Right = odd, Href = odd }) with { Title = odd, Detail = odd };
        using DuckDbLinkStore store = Opened(visit);
        StoredLink link = Assert.Single(store.LinksFrom(visit.Url));
        odd = odd.Replace('\0', '\uFFFD');
        Assert.Equal((odd, odd, odd, odd, "https://[::1]/"), (link.Anchor, link.Left, link.Right, link.Href, link.Target));
        Assert.Equal((odd, odd), (store.FindPage(visit.Url)!.Title, store.FindPage(visit.Url)!.Detail));
    }

    [Fact]
    public void A_source_remembers_how_far_it_came()
    {
        var source = new StoredSource("warc:a.warc.gz", "warc", Start, null, 1000, "{}");
        using (DuckDbLinkStore store = DuckDbLinkStore.Open(File))
        {
            store.Write([Visit("https://a.example/", 0, VisitOutcome.Fetched) with { Source = source.Id }], source);
            store.Write([], source with { Position = 2000, Ended = Start.AddHours(1) });
        }
        using DuckDbLinkStore again = DuckDbLinkStore.Open(File, readOnly: true);
        Assert.Equal(source with { Position = 2000, Ended = Start.AddHours(1) }, again.FindSource(source.Id));
        Assert.Single(again.Sources());
        Assert.Null(again.FindSource("crawl:1"));
    }
}
