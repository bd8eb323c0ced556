using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Structure;

public class DegreesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_degrees()
    {
        using TestGraph graph = TestGraphs.Of(0);
        DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
        Assert.Equal((0, 0, -1, -1), (degrees.In.Max, degrees.Out.Max, degrees.MaxInNode, degrees.MaxOutNode));
        Assert.Equal(0, degrees.Average);
    }

    [Fact]
    public void A_node_that_links_to_itself_only_has_a_degree_of_one_both_ways()
    {
        using TestGraph graph = TestGraphs.Of(1, (0, 0));
        DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
        Assert.Equal((1, 1, 0, 0, 0), (degrees.In.Max, degrees.Out.Max, degrees.Dangling, degrees.WithoutInLinks, degrees.Isolated));
        Assert.Equal(1, degrees.SelfLinks);
    }

    [Fact]
    public void A_star_has_one_hub()
    {
        using TestGraph graph = TestGraphs.Of(7, (1, 3), (2, 3), (4, 3), (5, 3), (3, 3));
        DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
        Assert.Equal((3, 5L, 1, 1L), (degrees.MaxInNode, degrees.In.Max, degrees.MaxOutNode, degrees.Out.Max));
        Assert.Equal([0, 5], degrees.In.Degree);
        Assert.Equal([6, 1], degrees.In.Nodes);
        Assert.Equal((2, 6, 2, 1), (degrees.Dangling, degrees.WithoutInLinks, degrees.Isolated, degrees.SelfLinks));
    }

    [Fact]
    public void Counts_are_those_of_the_link_list() =>
        NaiveGraph.Gen().Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
            TestLink[] links = [.. sample.Links.Distinct()];
            long[] ins = [.. Enumerable.Range(0, sample.Nodes).Select(v => links.LongCount(l => l.Target == v))];
            long[] outs = [.. Enumerable.Range(0, sample.Nodes).Select(v => links.LongCount(l => l.Source == v))];
            Assert.Equal(ins.GroupBy(d => d).OrderBy(g => g.Key).Select(g => (g.Key, g.LongCount())), degrees.In.Degree.Zip(degrees.In.Nodes));
            Assert.Equal(outs.GroupBy(d => d).OrderBy(g => g.Key).Select(g => (g.Key, g.LongCount())), degrees.Out.Degree.Zip(degrees.Out.Nodes));
            Assert.Equal(links.Count(l => l.Source == l.Target), degrees.SelfLinks);
            if (sample.Nodes > 0)
                Assert.Equal((Array.IndexOf(ins, ins.Max()), Array.IndexOf(outs, outs.Max())), (degrees.MaxInNode, degrees.MaxOutNode));
        }, iter: 200);
}
