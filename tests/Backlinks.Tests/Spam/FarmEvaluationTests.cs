using Backlinks.Cli;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

public class FarmEvaluationTests
{
    /// <summary>The bars less two standard errors, on three seeds; <c>backlinks eval farms</c> does more of both.</summary>
    [Fact]
    public void Planted_farms_are_found_over_a_real_host_graph_and_look_alikes_are_not_accused()
    {
        string path = SharedData.Require("graphs", "ukwa-1996", "1996-uk-web-hosts.tsv.gz");
        int[] families = EvalFarms.Sizes(SharedData.Require("lists", "same-owner", "families.json"));
        using TemporaryFolder folder = new();
        GraphImport.Import(path, folder.Path, new GraphImportOptions());
        using LinkGraph background = LinkGraph.Open(folder.Path);
        FarmOutcome outcome = FarmEvaluation.Run(background, EvalFarms.Sites(background), new PlantedFarmsOptions { Farms = 3, LookAlikes = 2, Families = [.. families.Where((_, i) => i % 3 == 0)] }, [1, 2, 3]);
        foreach (KindOutcome kind in outcome.Kinds)
        {
            string told = kind.ToString();
            (double recovered, double recall, double precision) = kind.Kind switch
            {
                PlantedKind.Star or PlantedKind.Dense or PlantedKind.Ring => (0.95, 0.95, 0.95),
                PlantedKind.Bipartite => (0.95, 0.85, 0.95),
                PlantedKind.BlogNetwork => (0.95, 0.8, 0.95),
                _ => (0, 0, 0),
            };
            Assert.True(kind.Recovered.Mean + 2 * kind.Recovered.Error >= recovered, told);
            Assert.True(kind.Recall.Mean + 2 * kind.Recall.Error >= recall, told);
            Assert.True(!(kind.Precision.Mean + 2 * kind.Precision.Error < precision), told);
            if (kind.Kind == PlantedKind.FamilyKnown)
                Assert.Equal(0, kind.GroupsFlagged);
        }
        Assert.True(outcome.LookAlikes.Mean <= 0.01, outcome.LookAlikes.ToString());
        Assert.Equal(3, outcome.GainKept.Count);
        Assert.All(outcome.GainKept, g => Assert.True(g.Value.Mean <= 0.1, g.ToString()));
        Assert.True(outcome.AllPrecision.Mean >= 0.9, outcome.AllPrecision.ToString());
    }

    [Fact]
    public void The_same_seed_plants_the_same_farms()
    {
        using TestGraph background = TestGraphs.Of(500, TestGraphs.PowerLaw(500, 5, 1));
        using TemporaryFolder folder = new();
        var options = new PlantedFarmsOptions { Farms = 1, Largest = 20, Great = 0, LookAlikes = 1, Families = [3] };
        string[] bytes = [.. new[] { 1, 1, 2 }.Select(seed =>
        {
            string at = folder.NewFolder();
            PlantedFarms planted = PlantedFarms.Build(background, null, at, options with { Seed = seed });
            using LinkGraph graph = planted.Input.Graph;
            Assert.Equal(6 + 2 + 4, planted.Groups.Count);
            Assert.All(planted.Groups, g => Assert.Subset(g.Members.ToHashSet(), g.Targets.ToHashSet()));
            Assert.Equal(graph.NodeCount - 500, planted.Groups.Sum(g => g.Members.Distinct().Count()));
            return graph.Manifest.Digest();
        })];
        Assert.Equal(bytes[0], bytes[1]);
        Assert.NotEqual(bytes[0], bytes[2]);
    }

    [Fact]
    public void A_background_without_links_and_a_farm_too_small_are_told()
    {
        using TestGraph none = TestGraphs.Of(3), some = TestGraphs.Of(2, (0, 1));
        Assert.Throws<ArgumentException>(() => PlantedFarms.Build(none, null, "/none"));
        Assert.Throws<ArgumentOutOfRangeException>(() => PlantedFarms.Build(some, null, "/none", new PlantedFarmsOptions { Smallest = 3 }));
    }
}
