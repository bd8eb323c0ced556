using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Structure;

/// <summary>Published facts of a real page graph.</summary>
public class CnrPagesTests(CnrPages pages) : IClassFixture<CnrPages>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Degrees_are_as_published()
    {
        LinkGraph graph = pages.Require();
        JsonElement expected = JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", "cnr-2000", "expected.json"))).RootElement;
        DegreeResult degrees = Degrees.Compute(graph, cancel: Cancel);
        Assert.Equal(expected.GetProperty("nodes").GetInt32(), graph.NodeCount);
        Assert.Equal(expected.GetProperty("arcs").GetInt64(), graph.LinkCount);
        Assert.Equal(expected.GetProperty("dangling_nodes").GetInt64(), degrees.Dangling);
        Assert.Equal(expected.GetProperty("nodes_without_in_links").GetInt64(), degrees.WithoutInLinks);
        Assert.Equal(expected.GetProperty("self_loops").GetInt64(), degrees.SelfLinks);
        foreach ((string name, int node, long value) in new[] { ("max_in_degree", degrees.MaxInNode, degrees.In.Max), ("max_out_degree", degrees.MaxOutNode, degrees.Out.Max) })
        {
            Assert.Equal(expected.GetProperty(name).GetProperty("id").GetInt32(), node);
            Assert.Equal(expected.GetProperty(name).GetProperty("value").GetInt64(), value);
        }
    }

    [Fact]
    public void Components_bow_tie_and_cores_agree_with_each_other()
    {
        LinkGraph graph = pages.Require();
        StrongComponents strong = StronglyConnectedComponents.Compute(graph, cancel: Cancel);
        WeakComponents weak = WeaklyConnectedComponents.Compute(graph, cancel: Cancel);
        BowTieResult tie = BowTie.Compute(graph, strong, cancel: Cancel);
        KCoreResult cores = KCore.Compute(graph, cancel: Cancel);
        Assert.Equal(strong.Largest, tie[BowTieRegion.Core]);
        Assert.Equal(graph.NodeCount - weak.Largest, tie[BowTieRegion.Disconnected]);
        Assert.Equal(graph.NodeCount, cores.Sizes.Sum());
        int[] place = new int[strong.Count];
        foreach ((int at, int component) in strong.TopologicalOrder.Index())
            place[component] = at;
        for (int u = 0; u < graph.NodeCount; u++)
            foreach (uint v in graph.OutOf(u))
            {
                Assert.True(place[strong.Component[u]] <= place[strong.Component[v]]);
                Assert.True(weak.Component[u] == weak.Component[v]);
            }
    }

    [Fact]
    public void HyperBall_agrees_with_exact_scores_of_a_sample_and_takes_the_same_bytes_on_any_number_of_threads()
    {
        LinkGraph graph = pages.Require();
        Assert.False(HarmonicCentrality.EstimateLinkVisits(graph) <= new HarmonicOptions().ExactLinkVisits);
        HarmonicResult result = HarmonicCentrality.Compute(graph, new HarmonicOptions { Threads = 1 }, cancel: Cancel);
        Assert.Equal((false, 256, true), (result.Exact, result.Registers, result.Complete));
        Assert.Equal(result.Scores, HarmonicCentrality.Compute(graph, new HarmonicOptions { Threads = 3 }, cancel: Cancel).Scores);
        int[] sample = [.. Enumerable.Range(0, 1024).Select(i => (int)(i * 7919L * 41 % graph.NodeCount))];
        HarmonicResult exact = HarmonicCentrality.ComputeExact(graph, sample, cancel: Cancel);
        double mean = sample.Index().Average(s => result.Scores[s.Item] / exact.Scores[s.Index] - 1);
        double square = sample.Index().Average(s => Math.Pow(result.Scores[s.Item] / exact.Scores[s.Index] - 1, 2));
        Assert.InRange(Math.Sqrt(square), 0, 1.5 * result.StandardError);
        Assert.InRange(mean, -result.StandardError * 2, result.StandardError * 2); // balls of one site err together
        Assert.InRange(result.Diameter, exact.Diameter / 2, 84);                   // 84: its diameter, by the exact run
    }
}
