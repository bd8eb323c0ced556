using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Build;

public sealed class GraphBuilderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("backlinks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Duplicates_are_merged_and_counted_and_both_directions_agree()
    {
        using (GraphBuilder builder = new(_folder))
        {
            builder.Add(2, 0);
            builder.Add(0, 1);
            builder.Add(2, 0);
            builder.Add(0, 2);
            builder.Build(4, cancel: TestContext.Current.CancellationToken);
        }
        using LinkGraph graph = LinkGraph.Open(_folder, TestContext.Current.CancellationToken);
        LinkGraph.Verify(_folder, TestContext.Current.CancellationToken);
        Assert.Equal(3, graph.LinkCount);
        Assert.Equal(4, graph.Manifest.Observed);
        Assert.Equal([1u, 2u], graph.OutOf(0).ToArray());
        Assert.Equal([0u], graph.OutOf(2).ToArray());
        Assert.Equal([2u], graph.InOf(0).ToArray());
        Assert.Equal([0u], graph.InOf(2).ToArray());
        Assert.Equal([1u, 1u, 2u], graph.OutCounts!.Slice(0, 3).ToArray());
        Assert.Null(graph.OutWeights);
    }
}
