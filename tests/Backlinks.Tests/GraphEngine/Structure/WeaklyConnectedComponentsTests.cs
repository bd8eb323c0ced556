using Backlinks.GraphEngine;
using CsCheck;
using QuikGraph;
using QuikGraph.Algorithms;

namespace Backlinks.Tests.GraphEngine.Structure;

public class WeaklyConnectedComponentsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_components()
    {
        using TestGraph graph = TestGraphs.Of(0);
        WeakComponents weak = WeaklyConnectedComponents.Compute(graph, cancel: Cancel);
        Assert.Empty(weak.Component);
        Assert.Equal((0, 0), (weak.Count, weak.Largest));
    }

    [Fact]
    public void Nodes_without_links_or_only_self_links_stay_alone()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 0), (2, 2));
        Assert.Equal([0, 1, 2], WeaklyConnectedComponents.Compute(graph, cancel: Cancel).Component);
    }

    [Fact]
    public void Direction_does_not_matter_and_numbers_go_by_size_then_smallest_member()
    {
        using TestGraph graph = TestGraphs.Of(8, (7, 1), (3, 1), (6, 4), (2, 0));
        WeakComponents weak = WeaklyConnectedComponents.Compute(graph, cancel: Cancel);
        Assert.Equal([1, 0, 1, 0, 2, 3, 2, 0], weak.Component);
        Assert.Equal([3, 2, 2, 1], weak.Sizes);
    }

    [Fact]
    public void Components_are_those_of_QuikGraph_for_any_number_of_threads()
    {
        const int n = 20_000;
        TestLink[] links = TestGraphs.PowerLaw(n, 0.8, seed: 5);
        using TestGraph graph = TestGraphs.Of(n, links);
        WeakComponents weak = WeaklyConnectedComponents.Compute(graph, threads: 1, cancel: Cancel);
        var other = new AdjacencyGraph<int, SEdge<int>>();
        other.AddVertexRange(Enumerable.Range(0, n));
        other.AddEdgeRange(links.Select(l => new SEdge<int>((int)l.Source, (int)l.Target)));
        var expected = new Dictionary<int, int>();
        Assert.Equal(other.WeaklyConnectedComponents(expected), weak.Count);
        Assert.InRange(weak.Count, 100, n / 2);
        Assert.Equal(weak.Count, Enumerable.Range(0, n).Select(v => (expected[v], weak.Component[v])).Distinct().Count());
        foreach (int threads in new[] { 2, 3, 8 })
            Assert.Equal(weak.Component, WeaklyConnectedComponents.Compute(graph, threads, cancel: Cancel).Component);
    }

    [Fact]
    public void Components_are_those_of_the_definition() =>
        NaiveGraph.Gen(mostLinks: 12).Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            WeakComponents weak = WeaklyConnectedComponents.Compute(graph, cancel: Cancel);
            Assert.Equal(new NaiveGraph(sample.Nodes, sample.Links).WeakComponents(), weak.Component);
            Assert.Equal(weak.Sizes, Enumerable.Range(0, weak.Count).Select(c => weak.Component.Count(x => x == c)));
        }, iter: 200);

    [Fact]
    public void A_negative_number_of_threads_is_refused()
    {
        using TestGraph graph = TestGraphs.Of(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => WeaklyConnectedComponents.Compute(graph, threads: -1, cancel: Cancel));
    }
}
