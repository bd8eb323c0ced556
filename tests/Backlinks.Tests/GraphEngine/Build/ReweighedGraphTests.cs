using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Build;

public class ReweighedGraphTests
{
    [Fact]
    public void What_is_taken_from_a_link_evaporates_and_everything_else_stays()
    {
        using var folders = new TemporaryFolder();
        string first = folders.NewFolder(), second = folders.NewFolder();
        using (var names = new NodeNamesWriter(first))
        using (var builder = new GraphBuilder(first, new GraphBuilderOptions { Granularity = "domain" }))
        {
            foreach (string key in new[] { "com.a", "com.b", "com.c" })
                names.Add(System.Text.Encoding.UTF8.GetBytes(key));
            builder.AddRow(0, [1, 2], [2f, 1f]);
            builder.AddRow(2, [0], [5f]);
            builder.AddLostWeights([0.5, 0, 0]);
            builder.AddArray<uint>("pages", [4, 5, 6], "pages");
            builder.Build(3, names);
        }
        using LinkGraph before = LinkGraph.Open(first);
        ReweighedGraph.Build(before, second, (u, v) => (u, v) == (0, 1) ? 0.25 : 1);
        LinkGraph.Verify(second);
        using LinkGraph after = LinkGraph.Open(second);
        Assert.Equal([0.5f, 1f, 5f], after.OutWeights!.Slice(0, 3).ToArray());
        Assert.Equal([5f, 0.5f, 1f], after.InWeights!.Slice(0, 3).ToArray());
        Assert.Equal([2f, 1f, 5f], after.MapIfPresent<float>(ReweighedGraph.UndiscountedName)!.Slice(0, 3).ToArray());
        Assert.Equal([2, 0, 0], after.LostWeights!.Slice(0, 3).ToArray());
        Assert.Equal(before.OutTotal(0), after.OutTotal(0));
        Assert.Equal([4u, 5, 6], after.MapIfPresent<uint>("pages")!.Slice(0, 3).ToArray());
        Assert.Equal("a.com", after.Names[0]);
        Assert.Equal("domain", after.Manifest.Granularity);
    }

    [Theory]
    [InlineData(400, 6, 1)]
    [InlineData(30_000, 12, 2)] // several lanes, stages and blocks
    [InlineData(3_000, 60, 3)]
    public void Files_that_are_taken_over_are_those_that_a_builder_makes(int n, int perNode, int seed)
    {
        using var folders = new TemporaryFolder();
        string first = folders.NewFolder();
        var random = new Random(seed);
        using (var builder = new GraphBuilder(first))
        {
            foreach (IGrouping<uint, TestLink> row in TestGraphs.PowerLaw(n, perNode, seed).Concat([(5, 5), (7, 7)]).GroupBy(l => l.Source).OrderBy(g => g.Key))
            {
                uint[] targets = [.. row.Select(l => l.Target).Distinct().Order()];
                builder.AddRow(row.Key, targets, [.. targets.Select(_ => random.NextSingle())]);
            }
            builder.AddLostWeights([.. Enumerable.Range(0, n).Select(v => v % 3 == 0 ? random.NextDouble() : 0)]);
            builder.Build(n);
        }
        using LinkGraph before = LinkGraph.Open(first);
        string taken = folders.NewFolder(), built = folders.NewFolder();
        static double Factor(int u, int v) => u % 7 == 5 && (u + v) % 2 == 0 ? 0.3 : u % 11 == 0 ? 0 : 1;
        GraphManifest a = ReweighedGraph.Build(before, taken, Factor, sources: u => u % 7 == 5 || u % 11 == 0);
        RankLayout layout = RankLayout.Open(before);
        GraphManifest b = ReweighedGraph.Build(before, built, Factor, new GraphBuilderOptions { RankShape = new RankLayoutShape(layout.Lanes, layout.Stages, Math.Max(2 * RankLayout.HubChunk, before.LinkCount / 256), layout.Local) });
        Assert.Equal(b.Digest(), a.Digest());
        LinkGraph.Verify(taken);
    }

    [Fact]
    public void A_factor_above_1_is_refused()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        using var folders = new TemporaryFolder();
        Assert.Throws<ArgumentOutOfRangeException>(() => ReweighedGraph.Build(graph, folders.NewFolder(), (_, _) => 1.5));
    }
}
