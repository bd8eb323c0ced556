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
        store.Pages().Select(p => (p with { Id = 0 }).ToString()).Concat(["links"]).Concat(store.Links().Select(l => l.ToString()).Order(StringComparer.Ordinal))
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
        AnyVisit.Array[1, 14].Array[1, 8].Sample(batches =>
        {
            string folder = Directory.CreateTempSubdirectory("links-any-").FullName;
            try
            {
                using var naive = new NaiveLinkStore();
                using DuckDbLinkStore store = DuckDbLinkStore.Open(Path.Combine(folder, "links.duckdb"));
                foreach (PageVisit[] batch in batches)
                {
                    Assert.Equal(naive.Write(batch), store.Write(batch));
                    Assert.Equal(Told(naive), Told(store));
                }
                Assert.Equal(naive.Write(batches[0]), store.Write(batches[0]));
                Assert.Equal(Told(naive), Told(store));
                Assert.Equal(naive.Arcs().Select(a => (a.Kind, a.Rel, a.Zone, a.Lost)).Order(), store.Arcs().Select(a => (a.Kind, a.Rel, a.Zone, a.Lost)).Order());
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }, iter: 30, threads: 1);
}
