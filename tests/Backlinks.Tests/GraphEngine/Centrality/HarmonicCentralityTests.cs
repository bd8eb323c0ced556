using Backlinks.GraphEngine;
using Backlinks.Tests.GraphEngine.Structure;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Centrality;

public class HarmonicCentralityTests(UkHosts hosts) : IClassFixture<UkHosts>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_scores()
    {
        using TestGraph graph = TestGraphs.Of(0);
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        Assert.Empty(result.Scores);
        Assert.Equal([0.0], result.NeighbourhoodFunction);
        Assert.Equal((0, double.NaN), (result.Diameter, result.AverageDistance));
    }

    [Fact]
    public void One_node_with_a_self_link_scores_nothing()
    {
        using TestGraph graph = TestGraphs.Of(1, (0, 0));
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        Assert.Equal([0.0], result.Scores);
        Assert.Equal([1.0], result.Reaching);
        Assert.Equal(0, result.Diameter);
        Assert.True(result.Exact && result.Complete && result.StandardError == 0);
    }

    [Fact]
    public void A_star_scores_its_leaves_at_the_centre_and_nothing_at_them()
    {
        using TestGraph graph = TestGraphs.Of(600, [.. Enumerable.Range(0, 600).Where(v => v != 77).Select(v => (TestLink)(v, 77))]);
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        Assert.Equal(599, result.Scores[77]);
        Assert.Equal(599, result.Scores.Sum());
        Assert.Equal([600.0, 1199.0], result.NeighbourhoodFunction);
    }

    [Fact]
    public void A_chain_scores_the_harmonic_numbers()
    {
        const int n = 700; // three batches
        using TestGraph graph = TestGraphs.Of(n, TestGraphs.Chain(n));
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        double harmonic = 0;
        for (int v = 0; v < n; v++)
        {
            Assert.Equal(harmonic, result.Scores[v]);
            Assert.Equal(v + 1, result.Reaching[v]);
            harmonic += 1.0 / (v + 1);
        }
        Assert.Equal(n - 1, result.Diameter);
        Assert.Equal((n + 1) / 3.0, result.AverageDistance, 1e-9);
    }

    [Fact]
    public void A_ring_scores_all_nodes_alike()
    {
        const int n = 300;
        using TestGraph graph = TestGraphs.Of(n, TestGraphs.Chain(n, closed: true));
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        Assert.Equal(Enumerable.Range(1, n - 1).Sum(t => 1.0 / t), result.Scores[0], 1e-12);
        Assert.Single(result.Scores.Distinct());
        Assert.Equal(n * (double)n, result.NeighbourhoodFunction[^1]);
    }

    [Fact]
    public void Scores_are_those_of_the_definition_to_the_last_bit() =>
        NaiveGraph.Gen(mostNodes: 20, mostLinks: 60).Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            HarmonicResult result = HarmonicCentrality.ComputeExact(graph, cancel: Cancel);
            NaiveGraph naive = new(sample.Nodes, sample.Links);
            Assert.Equal(Enumerable.Range(0, sample.Nodes).Select(naive.Harmonic), result.Scores);
            Assert.Equal(Enumerable.Range(0, sample.Nodes).Select(v => (double)naive.Reaching(v)), result.Reaching);
            Assert.Equal(naive.Diameter, result.Diameter);
            Assert.Equal(result.Reaching.Sum(), result.NeighbourhoodFunction[^1]);
        }, iter: 300);

    [Theory, InlineData(1, 2.0), InlineData(2, 6.0), InlineData(3, 20.0)]
    public void Scores_of_a_larger_graph_are_those_of_a_search_from_each_node_for_any_number_of_threads(int seed, double linksPerNode)
    {
        const int n = 1100;
        TestLink[] links = TestGraphs.PowerLaw(n, linksPerNode, seed);
        using TestGraph graph = TestGraphs.Of(n, links);
        HarmonicResult result = HarmonicCentrality.ComputeExact(graph, new HarmonicOptions { Threads = 1 }, cancel: Cancel);
        Assert.Equal(Enumerable.Range(0, n).Select(v => SearchFrom(graph, v)), result.Scores);
        foreach (int threads in new[] { 2, 3, 8 })
        {
            HarmonicResult again = HarmonicCentrality.ComputeExact(graph, new HarmonicOptions { Threads = threads }, cancel: Cancel);
            Assert.Equal(result.Scores, again.Scores);
            Assert.Equal(result.Reaching, again.Reaching);
            Assert.Equal(result.NeighbourhoodFunction, again.NeighbourhoodFunction);
        }
    }

    [Fact]
    public void Some_nodes_score_as_they_do_among_all_in_the_order_given_and_even_twice()
    {
        const int n = 900;
        using TestGraph graph = TestGraphs.Of(n, TestGraphs.PowerLaw(n, 5, seed: 4));
        HarmonicResult all = HarmonicCentrality.ComputeExact(graph, cancel: Cancel);
        int[] some = [899, 3, 3, 500, 0];
        HarmonicResult result = HarmonicCentrality.ComputeExact(graph, some, cancel: Cancel);
        Assert.Equal(some.Select(v => all.Scores[v]), result.Scores);
        Assert.Equal(some.Select(v => all.Reaching[v]), result.Reaching);
        Assert.Throws<ArgumentOutOfRangeException>(() => HarmonicCentrality.ComputeExact(graph, [n], cancel: Cancel));
    }

    [Fact]
    public void A_real_host_graph_is_computed_exactly_and_agrees_with_plain_searches()
    {
        LinkGraph graph = hosts.Require();
        HarmonicResult result = HarmonicCentrality.Compute(graph, cancel: Cancel);
        Assert.True(result.Exact);
        int best = Array.IndexOf(result.Scores, result.Scores.Max());
        foreach (int v in new[] { best, 0, 1, 12_345, 33_333, graph.NodeCount - 1 })
            Assert.Equal(SearchFrom(graph, v), result.Scores[v]);
        Assert.Equal(graph.NodeCount + graph.LinkCount, result.NeighbourhoodFunction[1]);
    }

    [Fact]
    public void The_threshold_decides_between_exact_and_estimated()
    {
        using TestGraph graph = TestGraphs.Of(300, TestGraphs.Chain(300));
        double visits = HarmonicCentrality.EstimateLinkVisits(graph);
        Assert.Equal(2 * 599, visits);
        Assert.True(HarmonicCentrality.Compute(graph, new HarmonicOptions { ExactLinkVisits = visits }, cancel: Cancel).Exact);
        Assert.False(HarmonicCentrality.Compute(graph, new HarmonicOptions { ExactLinkVisits = visits - 1 }, cancel: Cancel).Exact);
    }

    [Fact]
    public void Too_little_memory_is_refused_before_it_is_taken()
    {
        using TestGraph graph = TestGraphs.Of(300, TestGraphs.Chain(300));
        long needed = HarmonicCentrality.ExactBytes(300, 1);
        Assert.Equal(300 * (108 + 16), needed);
        HarmonicOptions options = new() { Threads = 1, MemoryBytes = needed - 1 };
        Assert.Contains("above the limit", Assert.Throws<ArgumentException>(() => HarmonicCentrality.ComputeExact(graph, options, cancel: Cancel)).Message, StringComparison.Ordinal);
        HarmonicCentrality.ComputeExact(graph, options with { MemoryBytes = needed }, cancel: Cancel);
        Assert.Throws<ArgumentException>(() => HarmonicCentrality.ComputeExact(graph, options with { MemoryBytes = -1 }, cancel: Cancel));
    }

    [Fact]
    public void Cancelling_stops_it()
    {
        using TestGraph graph = TestGraphs.Of(3000, TestGraphs.Chain(3000, closed: true));
        Assert.Throws<OperationCanceledException>(() => HarmonicCentrality.ComputeExact(graph, cancel: new CancellationToken(true)));
    }

    // One search from one node, and a sum over distances in ascending order.
    private static double SearchFrom(LinkGraph graph, int start)
    {
        int[] distance = new int[graph.NodeCount];
        Array.Fill(distance, -1);
        distance[start] = 0;
        Queue<int> queue = new([start]);
        var at = new List<int>();
        while (queue.TryDequeue(out int v))
        {
            if (at.Count == distance[v])
                at.Add(0);
            at[distance[v]]++;
            foreach (uint u in graph.InOf(v))
                if (distance[u] < 0)
                {
                    distance[u] = distance[v] + 1;
                    queue.Enqueue((int)u);
                }
        }
        double sum = 0;
        for (int t = 1; t < at.Count; t++)
            sum += (double)at[t] / t;
        return sum;
    }
}
