using Backlinks.GraphEngine;
using CsCheck;
using QuikGraph;
using QuikGraph.Algorithms;

namespace Backlinks.Tests.GraphEngine.Structure;

public class StronglyConnectedComponentsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_components()
    {
        using TestGraph graph = TestGraphs.Of(0);
        StrongComponents strong = StronglyConnectedComponents.Compute(graph, cancel: Cancel);
        Assert.Empty(strong.Component);
        Assert.Equal((0, 0), (strong.Count, strong.Largest));
        Assert.Empty(strong.TopologicalOrder);
    }

    [Fact]
    public void A_single_node_with_or_without_a_self_link_is_one_component()
    {
        foreach (TestLink[] links in new TestLink[][] { [], [(0, 0)] })
        {
            using TestGraph graph = TestGraphs.Of(1, links);
            Assert.Equal([0], StronglyConnectedComponents.Compute(graph, cancel: Cancel).Component);
        }
    }

    [Fact]
    public void A_ring_is_one_component_and_a_chain_is_one_for_each_node()
    {
        using TestGraph ring = TestGraphs.Of(100, TestGraphs.Chain(100, closed: true));
        Assert.Equal([100], StronglyConnectedComponents.Compute(ring, cancel: Cancel).Sizes);
        using TestGraph chain = TestGraphs.Of(100, TestGraphs.Chain(100));
        StrongComponents each = StronglyConnectedComponents.Compute(chain, cancel: Cancel);
        Assert.Equal(Enumerable.Range(0, 100), each.Component);
        Assert.Equal(Enumerable.Range(0, 100), each.TopologicalOrder);
    }

    [Fact]
    public void Components_are_numbered_by_size_then_by_smallest_member()
    {
        // 5↔6, 0↔4, the ring 1→2→3→1, and 7 alone; 7 → 5 → 1, 0 → 1.
        using TestGraph graph = TestGraphs.Of(8, (5, 6), (6, 5), (0, 4), (4, 0), (1, 2), (2, 3), (3, 1), (7, 5), (5, 1), (0, 1));
        StrongComponents strong = StronglyConnectedComponents.Compute(graph, cancel: Cancel);
        Assert.Equal([1, 0, 0, 0, 1, 2, 2, 3], strong.Component);
        Assert.Equal([3, 2, 2, 1], strong.Sizes);
        Assert.Equal(0, strong.TopologicalOrder[^1]);
    }

    [Fact]
    public void A_chain_of_three_hundred_thousand_pages_does_not_overflow_the_stack()
    {
        const int n = 300_000;
        using TestGraph ring = TestGraphs.Of(n, TestGraphs.Chain(n, closed: true));
        Assert.Equal(n, StronglyConnectedComponents.Compute(ring, cancel: Cancel).Largest);
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void Components_are_those_of_QuikGraph(int seed)
    {
        const int n = 3000;
        TestLink[] links = TestGraphs.PowerLaw(n, 3, seed);
        using TestGraph graph = TestGraphs.Of(n, links);
        StrongComponents strong = StronglyConnectedComponents.Compute(graph, cancel: Cancel);
        var other = new AdjacencyGraph<int, SEdge<int>>();
        other.AddVertexRange(Enumerable.Range(0, n));
        other.AddEdgeRange(links.Select(l => new SEdge<int>((int)l.Source, (int)l.Target)));
        var expected = new Dictionary<int, int>();
        Assert.Equal(other.StronglyConnectedComponents(expected), strong.Count);
        Assert.Equal(Partition(v => expected[v]), Partition(v => strong.Component[v]));

        int[] Partition(Func<int, int> label) // the smallest member of each node's component
        {
            var first = new Dictionary<int, int>();
            return [.. Enumerable.Range(0, n).Select(v => first.TryAdd(label(v), v) ? v : first[label(v)])];
        }
    }

    [Fact]
    public void Components_and_their_order_are_those_of_the_definition() =>
        NaiveGraph.Gen().Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            StrongComponents strong = StronglyConnectedComponents.Compute(graph, cancel: Cancel);
            Assert.Equal(new NaiveGraph(sample.Nodes, sample.Links).StrongComponents(), strong.Component);
            Assert.Equal(strong.Sizes, Enumerable.Range(0, strong.Count).Select(c => strong.Component.Count(x => x == c)));
            Assert.Equal(Enumerable.Range(0, strong.Count), strong.TopologicalOrder.Order());
            Assert.All(sample.Links, l => Assert.True(
                Array.IndexOf(strong.TopologicalOrder, strong.Component[l.Source]) <= Array.IndexOf(strong.TopologicalOrder, strong.Component[l.Target])));
        }, iter: 300);

    [Fact]
    public void Cancelling_stops_it()
    {
        using TestGraph graph = TestGraphs.Of(200_000, TestGraphs.Chain(200_000));
        Assert.Throws<OperationCanceledException>(() => StronglyConnectedComponents.Compute(graph, cancel: new CancellationToken(true)));
    }
}
