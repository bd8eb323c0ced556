using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Centrality;

public class SimilarDomainsTests
{
    [Fact]
    public void A_node_that_nobody_links_to_is_like_none()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1));
        SimilarDomainsResult result = SimilarDomains.To(graph, 0, 10);
        Assert.Empty(result.Domains);
        Assert.True(result.Complete);
    }

    [Fact]
    public void Nodes_that_the_same_sources_link_to_alike_have_similarity_one()
    {
        using TestGraph graph = TestGraphs.Of(6, (0, 3), (0, 4), (1, 3), (1, 4), (2, 5), (1, 5));
        SimilarDomain[] similar = SimilarDomains.To(graph, 3, 10).Domains;
        Assert.Equal((4, 2), (similar[0].Node, similar[0].Shared));
        Assert.Equal(1, similar[0].Similarity, 1e-12);
        Assert.Single(similar); // 5 shares one source, which is too few
        Assert.Equal([4, 5], SimilarDomains.To(graph, 3, 10, new SimilarDomainsOptions { LeastShared = 1 }).Domains.Select(s => s.Node));
        Assert.Empty(SimilarDomains.To(graph, 3, 0).Domains);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Random_graphs_agree_with_dense_cosines(bool weighted)
    {
        const int n = 120;
        TestLink[] links = TestGraphs.PowerLaw(n, 6, 8);
        using TestGraph graph = weighted ? TestGraphs.Weighted(n, links) : TestGraphs.Of(n, [.. links.DistinctBy(l => (l.Source, l.Target))]);
        double[,] a = new double[n, n];
        for (int u = 0; u < n; u++)
            for (int i = 0; i < graph.Graph.OutDegree(u); i++)
                a[u, graph.Graph.OutOf(u)[i]] = graph.Graph.OutWeight(graph.Graph.OutOffsets[u] + i) * Math.Log(1 + (double)n / graph.Graph.OutDegree(u));
        for (int v = 0; v < n; v++)
        {
            var expected = Enumerable.Range(0, n).Where(x => x != v).Select(x => (Node: x, Cosine: Dot(v, x) / Math.Sqrt(Dot(v, v) * Dot(x, x)),
                Shared: Enumerable.Range(0, n).Count(u => graph.Graph.OutOf(u).Contains((uint)v) && graph.Graph.OutOf(u).Contains((uint)x))))
                .Where(x => x.Shared >= 2 && x.Cosine > 0).OrderByDescending(x => x.Cosine).ToList();
            SimilarDomain[] found = SimilarDomains.To(graph, v, n).Domains;
            foreach (int few in new[] { 1, 3, 10 })
                Assert.Equal(found.Take(few), SimilarDomains.To(graph, v, few).Domains);
            Assert.Equal(expected.Select(x => x.Node).Order(), found.Select(s => s.Node).Order());
            for (int i = 0; i < found.Length; i++)
            {
                Assert.Equal(expected[i].Cosine, found[i].Similarity, 1e-6);
                Assert.Equal(expected.First(x => x.Node == found[i].Node).Shared, found[i].Shared);
            }
        }

        double Dot(int v, int x) => Enumerable.Range(0, n).Sum(u => a[u, v] * a[u, x]);
    }

    [Fact]
    public void Norms_that_are_kept_change_nothing()
    {
        TestLink[] links = [.. Enumerable.Range(0, 600).SelectMany(u => new TestLink[] { (u, 600), (u, 601), (u, 602 + u % 5), (u, 610 + u % 90) })];
        using TestGraph graph = TestGraphs.Of(700, links);
        var kept = new SimilarDomainsOptions { Norms = new ProfileNorms() };
        for (int pass = 0; pass < 2; pass++)
            foreach (int node in new[] { 600, 601, 603, 650 })
                Assert.Equal(SimilarDomains.To(graph, node, 5).Domains, SimilarDomains.To(graph, node, 5, kept).Domains);
        Assert.Equal([600, 601], kept.Norms.Known.Keys.Order());
    }

    [Fact]
    public void Sources_that_link_to_all_are_passed_over_and_that_is_said()
    {
        TestLink[] links = [.. Enumerable.Range(2, 48).Select(v => (TestLink)(0, v)), .. Enumerable.Range(2, 4).Select(v => (TestLink)(1, v))];
        using TestGraph graph = TestGraphs.Of(50, links);
        SimilarDomainsResult result = SimilarDomains.To(graph, 2, 50, new SimilarDomainsOptions { LeastShared = 1, MostOut = 10 });
        Assert.Equal((false, 1), (result.Complete, result.Sources));
        Assert.Equal([3, 4, 5], result.Domains.Select(s => s.Node));
        Assert.False(SimilarDomains.To(graph, 2, 50, new SimilarDomainsOptions { MostLinks = 5 }).Complete);
        Assert.Equal(47, SimilarDomains.To(graph, 2, 50, new SimilarDomainsOptions { LeastShared = 1 }).Domains.Length);
    }

    [Fact]
    public void Bad_input_is_refused_with_the_range()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => SimilarDomains.To(graph, 2, 1)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => SimilarDomains.To(graph, 0, -1));
        Assert.Contains("1 or more", Assert.Throws<ArgumentOutOfRangeException>(() => SimilarDomains.To(graph, 0, 1, new SimilarDomainsOptions { LeastShared = 0 })).Message);
    }
}
