using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

/// <summary>What is said of the links behind an edge must give the edge's weight, and what is withheld must give what sources lose.</summary>
public sealed class EdgeOriginsTests : IDisposable
{
    private readonly TemporaryFolder _data = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.ForEach(g => g.Dispose());
        _data.Dispose();
    }

    private static LinkObservation To(string target, LinkRel rel = 0, Zone zone = Zone.Main, float position = 0) => new() { Target = target, Anchor = "a fine garden", Zone = zone, Position = position, Rel = rel, Kind = LinkKind.Anchor };

    private static PageVisit Page(string url, params LinkObservation[] links) => new() { Url = url, At = new DateTime(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc), Source = "crawl:1", Links = links };

    private static PageVisit Report(string from, string to) => Page(from, new LinkObservation { Target = to, Kind = LinkKind.Reported }) with { Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported, Source = "ahrefs:1" };

    private (LinkGraph Pages, LinkGraph Domains) Build(IEnumerable<PageVisit> visits, LinkProfile? profile = null, Func<string, string?>? owner = null)
    {
        using var store = new NaiveLinkStore();
        store.Write([.. visits]);
        string pages = _data.NewFolder(), domains = _data.NewFolder();
        StoreGraphs.Build(store, pages, domains, new StoreGraphsOptions { Fold = host => string.Join('.', host.Split('.')[^2..]), FoldName = "domain", Profile = profile ?? LinkProfile.Default, Owner = owner });
        LinkGraph[] graphs = [LinkGraph.Open(pages), LinkGraph.Open(domains)];
        _open.AddRange(graphs);
        return (graphs[0], graphs[1]);
    }

    private static readonly PageVisit[] ByHand =
    [
        Page("https://s.test/1", To("https://t.test/"), To("https://t.test/deep", LinkRel.Nofollow)),
        Page("https://www.s.test/2", To("https://t.test/", position: .5f)),
        Page("https://n.test/", To("https://t.test/", LinkRel.Nofollow)),
        Page("https://t.test/deep", To("https://t.test/")),
        Report("r.test", "t.test"),
    ];

    [Fact]
    public void An_edge_between_domains_by_hand()
    {
        (LinkGraph pages, LinkGraph domains) = Build(ByHand);
        EdgeOrigins origins = EdgeOrigins.OfDomains(domains, pages)!;
        int s = domains.Names.Find("s.test"), t = domains.Names.Find("t.test"), n = domains.Names.Find("n.test"), r = domains.Names.Find("r.test");
        EdgeOrigin edge = origins.Between(s, t);
        double sum = .75 + .75 * Math.Exp(-1), full = sum + .75;
        Assert.Equal(3, edge.LinkCount);
        Assert.Equal(sum, edge.Sum, 1e-6);
        Assert.Equal(full, edge.Full, 1e-6);
        Assert.Equal(Math.Log2(1 + sum), edge.Weight, 1e-6);
        Assert.Equal(Math.Log2(1 + full), edge.FullWeight, 1e-6);
        Assert.True(edge.Agrees);
        Assert.Equal(["https://s.test/1", "https://www.s.test/2", "https://s.test/1"], edge.Links.Select(l => l.Source));
        Assert.Equal("a fine garden", edge.Links[0].Anchor);
        Assert.Equal((3L, 1), (origins.Between(s, t, 1).LinkCount, origins.Between(s, t, 1).Links.Count));
        Assert.True(Assert.Single(origins.Between(r, t).Links).Reported);
        IReadOnlyDictionary<int, double> withheld = origins.Withheld(t);
        Assert.Equal([n, s], withheld.Keys.Order());
        Assert.Equal(Math.Log2(1.75), withheld[n], 1e-6); // nothing of it passes
        Assert.Equal(Math.Log2(1 + full) - Math.Log2(1 + sum), withheld[s], 1e-6);
        Assert.Equal((0, 0.0), (origins.Between(t, s).LinkCount, origins.Between(t, s).Stored));
    }

    [Fact]
    public void Every_edge_of_random_stores_follows_from_its_records_and_what_is_withheld_is_what_is_lost()
    {
        var random = new Random(8);
        for (int round = 0; round < 6; round++)
        {
            string[] domainNames = [.. Enumerable.Range(0, 7).Select(i => $"d{i}.test")], urls = [.. Enumerable.Range(0, 40).Select(_ => $"https://{domainNames[random.Next(7)]}/{random.Next(12)}")];
            var visits = urls.Distinct().Select(url => Page(url, [.. Enumerable.Range(0, random.Next(6)).Select(_ =>
                To(urls[random.Next(40)], (LinkRel)(random.Next(3) == 0 ? (int)LinkRel.Nofollow : random.Next(4) == 0 ? (int)LinkRel.Ugc : 0), (Zone)random.Next(3), random.NextSingle()))])).Append(Report("d1.test", "d2.test"));
            bool owned = round % 2 == 1;
            (LinkGraph pages, LinkGraph domains) = Build(visits, owner: owned ? name => name is "d0.test" or "d1.test" or "d2.test" ? "one owner" : null : null);
            foreach ((LinkGraph graph, EdgeOrigins origins) in new[] { (pages, EdgeOrigins.OfPages(pages)!), (domains, EdgeOrigins.OfDomains(domains, pages)!) })
            {
                double[] withheld = new double[graph.NodeCount];
                for (int target = 0; target < graph.NodeCount; target++)
                {
                    foreach (uint source in graph.InOf(target))
                    {
                        EdgeOrigin edge = origins.Between((int)source, target);
                        Assert.True(edge.Agrees, $"{graph.Names[(int)source]} → {graph.Names[target]}: {edge}");
                        Assert.True(edge.LinkCount > 0 && edge.Stored > 0);
                    }
                    foreach ((int source, double weight) in origins.Withheld(target))
                        withheld[source] += weight;
                }
                for (int node = 0; node < graph.NodeCount; node++)
                    Assert.Equal(graph.LostWeights?[node] ?? 0, withheld[node], 1e-4 * (1 + withheld[node]));
            }
        }
    }

    [Fact]
    public void Records_of_another_graph_are_told_from_its_own()
    {
        (LinkGraph pages, LinkGraph domains) = Build(ByHand);
        (LinkGraph others, _) = Build(ByHand, LinkProfile.Hint);
        int s = domains.Names.Find("s.test"), t = domains.Names.Find("t.test");
        Assert.True(EdgeOrigins.OfDomains(domains, pages)!.Between(s, t).Agrees);
        Assert.False(EdgeOrigins.OfDomains(domains, others)!.Between(s, t).Agrees);
    }

    [Fact]
    public void A_discount_is_not_taken_for_a_disagreement()
    {
        (LinkGraph pages, LinkGraph domains) = Build(ByHand);
        string folder = _data.NewFolder();
        ReweighedGraph.Build(domains, folder, (_, _) => .25);
        LinkGraph discounted = LinkGraph.Open(folder);
        _open.Add(discounted);
        int s = domains.Names.Find("s.test"), t = domains.Names.Find("t.test");
        EdgeOrigin edge = EdgeOrigins.OfDomains(discounted, pages)!.Between(s, t);
        Assert.True(edge.Agrees);
        Assert.Equal(4, edge.Stored / discounted.OutWeight(discounted.OutOffsets[s]), 1e-5);
    }

    [Fact]
    public void Graphs_without_records_have_no_origins()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        Assert.Null(EdgeOrigins.OfPages(graph));
        Assert.Null(EdgeOrigins.OfDomains(graph, graph));
    }
}
