using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Structure;

/// <summary>Published facts of a real host graph.</summary>
public class UkHostsTests(UkHosts hosts) : IClassFixture<UkHosts>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static JsonElement Expected =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", "ukwa-1996", "expected.json"))).RootElement;

    [Fact]
    public void Weak_components_are_as_published()
    {
        WeakComponents weak = WeaklyConnectedComponents.Compute(hosts.Require().Graph, cancel: Cancel);
        Assert.Equal(Expected.GetProperty("weakly_connected_components").GetInt32(), weak.Count);
        Assert.Equal(Expected.GetProperty("largest_weak_component").GetInt32(), weak.Largest);
    }

    [Fact]
    public void Degrees_are_as_published()
    {
        LinkGraph graph = hosts.Require();
        DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
        Assert.Equal(Expected.GetProperty("hosts").GetInt32(), graph.NodeCount);
        Assert.Equal(Expected.GetProperty("cross_host_edges").GetInt64(), graph.LinkCount);
        Assert.Equal(Expected.GetProperty("dangling_hosts").GetInt64(), degrees.Dangling);
        Assert.Equal((0, 0), (degrees.SelfLinks, degrees.Isolated));
        foreach ((string name, int node, long value) in new[] { ("max_in_degree", degrees.MaxInNode, degrees.In.Max), ("max_out_degree", degrees.MaxOutNode, degrees.Out.Max) })
        {
            Assert.Equal(Expected.GetProperty(name).GetProperty("host").GetString(), hosts.Hosts[node]);
            Assert.Equal(Expected.GetProperty(name).GetProperty("value").GetInt64(), value);
        }
    }

    [Fact]
    public void Regions_of_the_bow_tie_agree_with_the_components()
    {
        LinkGraph graph = hosts.Require();
        BowTieResult tie = BowTie.Compute(graph, cancel: Cancel);
        WeakComponents weak = WeaklyConnectedComponents.Compute(graph, cancel: Cancel);
        Assert.Equal(StronglyConnectedComponents.Compute(graph, cancel: Cancel).Largest, tie[BowTieRegion.Core]);
        Assert.Equal(graph.NodeCount - weak.Largest, tie[BowTieRegion.Disconnected]);
        Assert.True(tie[BowTieRegion.Out] > tie[BowTieRegion.In], "hosts that were not crawled have in-links only");
    }

    [Fact]
    public void Every_core_is_a_core()
    {
        LinkGraph graph = hosts.Require();
        KCoreResult cores = KCore.Compute(graph, cancel: Cancel);
        Assert.InRange(cores.Degeneracy, 5, 100);
        for (int v = 0; v < graph.NodeCount; v++)
        {
            // v has at least k neighbours with core number ≥ k, and fewer than k+1 with core number ≥ k+1.
            int k = cores.Core[v];
            int[] neighbours = [.. graph.OutOf(v).ToArray().Union(graph.InOf(v).ToArray()).Select(u => cores.Core[u])];
            Assert.True(neighbours.Count(c => c >= k) >= k && neighbours.Count(c => c > k) <= k);
        }
    }
}
