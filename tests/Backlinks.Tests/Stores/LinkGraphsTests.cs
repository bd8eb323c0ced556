using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Stores;

public sealed class LinkGraphsTests : IDisposable
{
    private static readonly DateTime Start = new(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static LinkObservation To(string target, LinkKind kind = LinkKind.Anchor, LinkRel rel = 0) => new() { Target = target, Kind = kind, Rel = rel };

    private static PageVisit Page(string url, params LinkObservation[] links) => new() { Url = url, At = Start, Source = "crawl:1", Links = links };

    /// <summary>40 pages of a.example, that all link to b.test; c.test with every kind of link that does not rank.</summary>
    private static List<PageVisit> Web() =>
    [
        .. Enumerable.Range(0, 40).Select(i => Page($"https://{(i % 2 == 0 ? "www." : "")}a.example/{i}", To("https://b.test/"), To("https://b.test/"), To($"https://a.example/{(i + 1) % 40}"))),
        Page("https://b.test/", To("https://c.test/x"), To("https://b.test/")),
        Page("https://c.test/", To("https://a.example/1", rel: LinkRel.Nofollow), To("https://a.example/1", LinkKind.Image), To("https://img.test/i.png", LinkKind.Image), To("https://n.test/", rel: LinkRel.Ugc)),
        Page("https://d.test/", To("https://b.test/", LinkKind.Canonical)) with { Nofollow = true },
        new() { Url = "e.test", At = Start, Source = "ahrefs:1", Granularity = Granularity.Domain, Outcome = VisitOutcome.Reported, Links = [To("b.test", LinkKind.Reported)] },
        Page("https://f.test/", To("https://b.test/")),
        Page("https://f.test/") with { At = Start.AddDays(2) },
        Page("https://f.test/") with { At = Start.AddDays(4) },
    ];

    private static string DomainOf(string host) => host.StartsWith("www.", StringComparison.Ordinal) ? host[4..] : host;

    private (LinkGraph Pages, LinkGraph Domains) Build(ILinkStore store, string name)
    {
        string pages = Directory.CreateDirectory(_data.File($"{name}-pages")).FullName, domains = Directory.CreateDirectory(_data.File($"{name}-domains")).FullName;
        StoreGraphs.Build(store, pages, domains, new StoreGraphsOptions { Fold = DomainOf, FoldName = "domain" }, cancel: TestContext.Current.CancellationToken);
        return (LinkGraph.Open(pages), LinkGraph.Open(domains));
    }

    private static string[] LinksOf(LinkGraph graph) => [.. Enumerable.Range(0, graph.NodeCount).SelectMany(node => graph.OutOf(node).ToArray().Select((target, i) =>
        FormattableString.Invariant($"{graph.Names[node]} {graph.Names[(int)target]} {graph.OutWeight(graph.OutOffsets[node] + i):F3}")))];

    [Fact]
    public void Domains_and_pages_have_the_links_that_rank()
    {
        using var store = new NaiveLinkStore();
        store.Write(Web());
        (LinkGraph pages, LinkGraph domains) = Build(store, "naive");
        using (pages)
        using (domains)
        {
            // Nothing is known of these links but that they are there: zone .5, place exp(-1), no anchor .4 (in a report .8), relevance .75.
            // The one to b.test is on all 40 pages of a.example: it counts once. A canonical is followed whatever the page says.
            double link = .5 * Math.Exp(-1) * .4 * .75, once = link * .3 * (1 + Math.Log10(40));
            string Edge(string ends, double sum) => FormattableString.Invariant($"{ends} {Math.Log2(1 + sum):F3}");
            Assert.Equal([Edge("a.example b.test", once), Edge("b.test c.test", link), Edge("c.test n.test", .05 * link), Edge("d.test b.test", 1), Edge("e.test b.test", 2 * link)],
                LinksOf(domains).Order(StringComparer.Ordinal));
            Assert.Equal(["a.example", "b.test", "c.test", "d.test", "e.test", "f.test", "n.test"], Enumerable.Range(0, domains.NodeCount).Select(n => domains.Names[n]).Order(StringComparer.Ordinal));
            Assert.Equal("domain", domains.Manifest.Granularity);
            string[] links = LinksOf(pages);
            Assert.Equal(1 + 40 + 3, links.Length);
            Assert.Contains(FormattableString.Invariant($"https://www.a.example/2 https://a.example/3 {link:F3}"), links);
            Assert.Equal(2 * 40 + 40 + 4, LinkRecords.Of(pages)!.Count); // with what is withheld and what is folded
            Assert.Equal(1, LinkRecords.Of(domains)!.Count);
            Assert.Equal(-1, pages.Names.Find("https://img.test/i.png"));
            Assert.True(pages.Names.Find("https://n.test/") >= 0);
            MappedArray<uint> domainOf = pages.MapIfPresent<uint>("domains")!;
            for (int node = 0; node < pages.NodeCount; node++)
                Assert.Equal(DomainOf(new Uri(pages.Names[node]).Host), domains.Names[(int)domainOf[node]]);
        }
    }

    [Fact]
    public void Both_stores_give_the_same_bytes_in_any_order_of_writing()
    {
        string[] digests = [.. Enumerable.Range(0, 3).Select(order =>
        {
            List<PageVisit> visits = Web();
            if (order == 1)
                visits.Reverse();
            using ILinkStore store = order == 2 ? new NaiveLinkStore() : DuckDbLinkStore.Open(_data.File($"links{order}.duckdb"));
            foreach (PageVisit[] batch in visits.Chunk(order == 1 ? 7 : 50))
                store.Write(batch);
            (LinkGraph pages, LinkGraph domains) = Build(store, $"order{order}");
            using (pages)
            using (domains)
                return pages.Manifest.Digest() + domains.Manifest.Digest();
        })];
        Assert.Equal(digests[0], digests[1]);
        Assert.Equal(digests[0], digests[2]);
    }

    [Fact]
    public void An_empty_store_gives_empty_graphs()
    {
        using var store = new NaiveLinkStore();
        (LinkGraph pages, LinkGraph domains) = Build(store, "empty");
        using (pages)
        using (domains)
            Assert.Equal((0, 0), (pages.NodeCount, domains.NodeCount));
    }

    private void Fill(IEnumerable<PageVisit> visits)
    {
        using DuckDbLinkStore store = new DataFolder(_data.Path).OpenLinks(readOnly: false);
        foreach (PageVisit[] batch in visits.Chunk(10))
            store.Write(batch);
    }

    [Fact]
    public void A_run_of_the_store_answers_for_domains_and_for_pages()
    {
        Fill(Web());
        Program.Run(_data, "rank", "--with", "harmonic,scc", "--without", "rows").Ok();
        Assert.StartsWith("1,b.test,", Program.Run(_data, "top", "-n", "1", "--csv", "--by", "indegree").Ok().Output.Split('\n')[1]);
        Assert.StartsWith("1,https://b.test/,", Program.Run(_data, "top", "-n", "1", "--csv", "--graph-level", "page", "--by", "indegree").Ok().Output.Split('\n')[1]);
        Assert.Equal("b.test", Program.Run(_data, "show", "b.test", "--json").Ok().Json.GetProperty("name").GetString());
        var page = Program.Run(_data, "show", "https://b.test/", "--json").Ok().Json;
        Assert.Equal(("https://b.test/", 2), (page.GetProperty("name").GetString(), page.GetProperty("scores").GetProperty("indegree").GetProperty("value").GetInt32()));
        Assert.Contains("https://b.test/", Program.Run(_data, "show", "https://b.test/nowhere").Fails(2), StringComparison.Ordinal);
        Assert.Contains("harmonic", Program.Run(_data, "top", "--by", "harmonic", "--graph-level", "page", "--csv").Ok().Output, StringComparison.Ordinal);
        Assert.Equal(40 + 20 + 6, Program.Run(_data, "export", "--format", "csv", "--graph-level", "page").Ok().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length - 1);
    }

    [Fact]
    public void The_same_content_gives_the_same_run_whatever_the_order_it_was_written_in()
    {
        using var other = new TemporaryFolder();
        Fill(Web());
        using (DuckDbLinkStore store = new DataFolder(other.Path).OpenLinks(readOnly: false))
            foreach (PageVisit visit in Enumerable.Reverse(Web()))
                store.Write([visit]);
        byte[][] runs = [.. new[] { _data, other }.Select(data =>
        {
            Program.Run(data, "rank", "--without", "rows").Ok();
            return File.ReadAllBytes(Path.Combine(data.Path, "runs", new DataFolder(data.Path).CurrentRun!, "run.json"));
        })];
        Assert.Equal(runs[0], runs[1]);
    }

    [Fact]
    public void Rank_takes_what_changed_last_and_says_so()
    {
        Program.Run(_data, "import", Inputs.EdgeList(_data, "links.tsv", 100)).Ok();
        string graph = new DataFolder(_data.Path).CurrentGraph!;
        Fill(Web());
        File.SetLastWriteTimeUtc(Path.Combine(_data.Path, "graphs", "current"), DateTime.UtcNow.AddHours(-1));
        Outcome store = Program.Run(_data, "rank", "--json").Ok();
        Assert.Contains("note: ranking the link store", store.Error, StringComparison.Ordinal);
        Assert.StartsWith("store-domains-", store.Json.GetProperty("graph").GetString());
        File.SetLastWriteTimeUtc(Path.Combine(_data.Path, "graphs", "current"), DateTime.UtcNow.AddHours(1));
        Outcome imported = Program.Run(_data, "rank", "--json").Ok();
        Assert.Contains("note: ranking graph", imported.Error, StringComparison.Ordinal);
        Assert.Equal(graph, imported.Json.GetProperty("graph").GetString());
        Assert.StartsWith("store-domains-", Program.Run(_data, "rank", "--store", "--json").Ok().Json.GetProperty("graph").GetString());
        Assert.Equal(graph, Program.Run(_data, "rank", "--graph", graph, "--json").Ok().Json.GetProperty("graph").GetString());
        Assert.Contains("excludes", Program.Run(_data, "rank", "--graph", graph, "--store").Fails(2), StringComparison.Ordinal);
        Program.Run(_data, "rank", "--graph", graph).Ok();
        Assert.Contains("no graph of pages", Program.Run(_data, "top", "--graph-level", "page").Fails(2), StringComparison.Ordinal);
    }

    [Fact]
    public void Hosts_fold_as_asked()
    {
        Fill([Page("https://www.alice.github.io/", To("https://bob.github.io/")), Page("https://shop.acme.test/", To("https://x.acme-labs.test/"))]);
        string[] Domains(string fold)
        {
            Program.Run(_data, "rank", "--fold", fold, "--without", "rows").Ok();
            return [.. Program.Run(_data, "top", "--csv").Ok().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => l.Split(',')[1]).Order(StringComparer.Ordinal)];
        }
        Assert.Equal(["acme-labs.test", "acme.test", "github.io"], Domains("domain"));
        Assert.Equal(["acme-labs.test", "acme.test", "alice.github.io", "bob.github.io"], Domains("psl-private"));
        Assert.Equal(["bob.github.io", "shop.acme.test", "www.alice.github.io", "x.acme-labs.test"], Domains("host"));
        string owners = _data.File("owners.csv");
        File.WriteAllText(owners, "domain,owner\nacme.test,Acme Inc.\nacme-labs.test,Acme Inc.\nbob.github.io,Bob\n");
        Assert.Equal(["Acme Inc.", "Bob", "github.io"], Domains(owners));
        File.WriteAllText(owners, "domain,owner\nacme.test\n");
        Assert.Contains("line 2", Program.Run(_data, "rank", "--fold", owners).Fails(), StringComparison.Ordinal);
        Assert.Contains("no such file", Program.Run(_data, "rank", "--fold", "nonsense").Fails(2), StringComparison.Ordinal);
    }
}
