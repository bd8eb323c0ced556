using Backlinks.GraphEngine;

namespace Backlinks.Tests;

public class TestGraphsTests
{
    [Fact]
    public void Links_given_in_any_order_and_twice_become_sorted_rows()
    {
        using TestGraph test = TestGraphs.Weighted(4, (2, 1, 0.5), (0, 3), (2, 0), (2, 1, 1.5), (3, 3));
        LinkGraph graph = test;
        Assert.Equal(4, graph.NodeCount);
        Assert.Equal(4, graph.LinkCount);
        Assert.Equal([0u, 1u], graph.OutOf(2).ToArray());
        Assert.Equal([0u, 3u], graph.InOf(3).ToArray());
        Assert.Equal(2f, graph.OutWeight(graph.OutOffsets[2] + 1));
        Assert.True(Directory.Exists(test.Folder));
        test.Dispose();
        Assert.False(Directory.Exists(test.Folder));
    }

    [Fact]
    public void The_power_law_generator_is_seeded_and_makes_every_hard_case()
    {
        TestLink[] links = TestGraphs.PowerLaw(1000, 8, seed: 1);
        Assert.Equal(links, TestGraphs.PowerLaw(1000, 8, seed: 1));
        Assert.NotEqual(links, TestGraphs.PowerLaw(1000, 8, seed: 2));
        Assert.Contains(links, l => l.Source == l.Target);
        Assert.True(links.Distinct().Count() < links.Length);
        Assert.InRange(links.Select(l => l.Source).Distinct().Count(), 100, 850);
        Assert.True(links.GroupBy(l => l.Target).Max(g => g.Count()) > 20 * links.Length / 1000);
    }
}
