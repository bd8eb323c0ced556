using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Structure;

public class BowTieTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_regions()
    {
        using TestGraph graph = TestGraphs.Of(0);
        BowTieResult tie = BowTie.Compute(graph, cancel: Cancel);
        Assert.Empty(tie.Region);
        Assert.All(tie.Sizes, size => Assert.Equal(0, size));
    }

    [Fact]
    public void One_node_is_the_core()
    {
        using TestGraph graph = TestGraphs.Of(1);
        Assert.Equal([BowTieRegion.Core], BowTie.Compute(graph, cancel: Cancel).Region);
    }

    [Fact]
    public void Each_region_of_the_textbook_picture_is_found()
    {
        // core 0→1→2→0, in 3, out 4, tube 3→5→4, tendril of in 6, tendril to out 7, tendril of a tendril 8→6, apart 9→10.
        using TestGraph graph = TestGraphs.Of(11, (0, 1), (1, 2), (2, 0), (3, 0), (2, 4), (3, 5), (5, 4), (3, 6), (7, 4), (8, 6), (9, 10));
        BowTieResult tie = BowTie.Compute(graph, cancel: Cancel);
        Assert.Equal(
            [BowTieRegion.Core, BowTieRegion.Core, BowTieRegion.Core, BowTieRegion.In, BowTieRegion.Out, BowTieRegion.Tube,
                BowTieRegion.Tendril, BowTieRegion.Tendril, BowTieRegion.Tendril, BowTieRegion.Disconnected, BowTieRegion.Disconnected],
            tie.Region);
        Assert.Equal((3, 3, 2), (tie[BowTieRegion.Core], tie[BowTieRegion.Tendril], tie[BowTieRegion.Disconnected]));
    }

    [Fact]
    public void Regions_are_those_of_the_definition() =>
        NaiveGraph.Gen(mostNodes: 16, mostLinks: 24).Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            BowTieResult tie = BowTie.Compute(graph, cancel: Cancel);
            Assert.Equal(new NaiveGraph(sample.Nodes, sample.Links).BowTie(), tie.Region);
            Assert.Equal(sample.Nodes, tie.Sizes.Sum());
        }, iter: 300);

    [Fact]
    public void Components_of_another_graph_are_refused()
    {
        using TestGraph graph = TestGraphs.Of(2);
        using TestGraph other = TestGraphs.Of(3);
        StrongComponents components = StronglyConnectedComponents.Compute(other, cancel: Cancel);
        Assert.Throws<ArgumentException>(() => BowTie.Compute(graph, components, cancel: Cancel));
    }
}
