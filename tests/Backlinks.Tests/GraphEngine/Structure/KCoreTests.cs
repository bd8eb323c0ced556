using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Structure;

public class KCoreTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_cores()
    {
        using TestGraph graph = TestGraphs.Of(0);
        KCoreResult cores = KCore.Compute(graph, cancel: Cancel);
        Assert.Empty(cores.Core);
        Assert.Empty(cores.Sizes);
        Assert.Equal(0, cores.Degeneracy);
    }

    [Fact]
    public void Self_links_make_no_core()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 0), (1, 1));
        Assert.Equal([0, 0], KCore.Compute(graph, cancel: Cancel).Core);
    }

    [Fact]
    public void A_link_both_ways_is_one_neighbour()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1), (1, 0), (1, 0));
        Assert.Equal([1, 1], KCore.Compute(graph, cancel: Cancel).Core);
    }

    [Fact]
    public void A_clique_of_six_with_a_tail_has_core_five_and_the_tail_one()
    {
        List<TestLink> links = [(5, 6), (6, 7)];
        for (int u = 0; u < 6; u++)
            for (int v = 0; v < u; v++)
                links.Add(u % 2 == 0 ? (u, v) : (v, u));
        using TestGraph graph = TestGraphs.Of(9, [.. links]);
        KCoreResult cores = KCore.Compute(graph, cancel: Cancel);
        Assert.Equal([5, 5, 5, 5, 5, 5, 1, 1, 0], cores.Core);
        Assert.Equal([1, 2, 0, 0, 0, 6], cores.Sizes);
        Assert.Equal(5, cores.Degeneracy);
    }

    [Fact]
    public void Core_numbers_are_those_of_the_definition() =>
        NaiveGraph.Gen(mostNodes: 18, mostLinks: 80).Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            Assert.Equal(new NaiveGraph(sample.Nodes, sample.Links).Cores(), KCore.Compute(graph, cancel: Cancel).Core);
        }, iter: 300);
}
