using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Rank;

public sealed class RankLayoutTests
{
    [Theory]
    [InlineData("rank_links", 0, 4_000_000_000)]
    [InlineData("rank_nodes", 1, 1000)]
    [InlineData("rank_self", 0, 77)]
    public void A_layout_that_points_outside_is_refused_even_with_right_checksums(string name, int index, uint value)
    {
        using var folder = new TemporaryFolder();
        TestGraphs.Build(folder.Path, 6, [(0, 1), (1, 2), (2, 2), (2, 0), (3, 0)]);
        uint[] values;
        using (MappedArray<uint> array = MappedArray<uint>.Open(folder.File($"{name}.npy")))
            values = array.Slice(0, (int)array.Length).ToArray();
        values[index] = value;
        Replace(folder, name, values);
        GraphException refused = Assert.Throws<GraphException>(() => LinkGraph.Open(folder.Path));
        Assert.Contains($"{name}.npy", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.Offset > 0);
    }

    [Theory]
    [InlineData("rank_runs", 2)]
    [InlineData("rank_blocks", 0)]
    [InlineData("rank_meta", 3)]
    [InlineData("rank_meta", 0)]
    public void A_layout_with_a_wrong_table_is_refused_even_with_right_checksums(string name, int index)
    {
        using var folder = new TemporaryFolder();
        TestGraphs.Build(folder.Path, 6, [(0, 1), (1, 2), (2, 2), (2, 0), (3, 0)]);
        long[] values, shape;
        using (MappedArray<long> array = MappedArray<long>.Open(folder.File($"{name}.npy")))
            (values, shape) = (array.Slice(0, (int)array.Length).ToArray(), array.Header.Shape);
        values[index] = 1L << 40;
        Replace(folder, name, values, shape);
        Assert.Throws<GraphException>(() => LinkGraph.Open(folder.Path));
    }

    [Fact]
    public void Every_link_stands_in_the_layout_once_in_every_cut()
    {
        foreach (RankLayoutShape shape in new RankLayoutShape[] { new(1, 1, 1000, true), new(4, 2, 1000, true), new(3, 4, 3, false), new(16, 6, 1, false) })
        {
            using var folder = new TemporaryFolder();
            using (var builder = new GraphBuilder(folder.Path, new GraphBuilderOptions { RankShape = shape }))
            {
                foreach (TestLink link in TestGraphs.PowerLaw(500, 6, 2))
                    builder.Add(link.Source, link.Target);
                builder.Build(500);
            }
            using LinkGraph graph = LinkGraph.Open(folder.Path);
            RankLayout layout = RankLayout.Open(graph);
            Assert.Equal(Enumerable.Range(0, 500), Rows(layout).Select(node => (int)node).Order());
            var expected = new List<(uint, uint)>();
            for (uint v = 0; v < 500; v++)
                foreach (uint u in graph.InOf((int)v))
                    if (u != v)
                        expected.Add((u, v));
            Assert.Equal(expected.Order(), Links(layout).Order());
            Assert.Equal(graph.LinkCount, layout.LinkCount + layout.SelfRows.Length);
        }
    }

    private static IEnumerable<uint> Rows(RankLayout layout) => Enumerable.Range(0, layout.Nodes).Select(row => layout.RowNodes[row]);

    /// <summary>(source, target) of all links of the layout, snapshot slots traced back to rows by the layout's description.</summary>
    private static List<(uint Source, uint Target)> Links(RankLayout layout)
    {
        var links = new List<(uint, uint)>();
        for (int block = 0; block < layout.BlockCount; block++)
        {
            int end = block < layout.LinkingBlocks ? layout.EndRow(block) : layout.FirstRow(block + 1);
            for (long run = layout.Blocks[block]; run < layout.Blocks[block + 1]; run++)
            {
                int last = run + 1 < layout.Blocks[block + 1] ? (int)layout.Runs[3 * run + 3] : end;
                long at = layout.Runs[3 * run + 2];
                for (int row = (int)layout.Runs[3 * run]; row < last; row++)
                    for (long k = 0; k < layout.Runs[3 * run + 1]; k++, at++)
                        links.Add((Source(layout, layout.Links[at], block % layout.Stages), layout.RowNodes[row]));
            }
        }
        for (int hub = 0; hub < layout.HubCount; hub++)
            for (long k = 0; k < layout.Hubs[3L * hub + 1]; k++)
                links.Add((Source(layout, layout.Links[layout.Hubs[3L * hub + 2] + k], 0), layout.RowNodes[layout.Hubs[3L * hub]]));
        return links;
    }

    private static uint Source(RankLayout layout, uint slot, int stage)
    {
        if (slot < layout.Linking)
            return layout.RowNodes[slot];
        long at = slot - layout.Linking - (long)(stage & 1) * layout.SnapshotWidth;
        for (int block = stage; block < layout.LinkingBlocks; block += layout.Stages)
        {
            int rows = layout.EndRow(block) - layout.FirstRow(block);
            if (at >= 0 && at < rows)
                return layout.RowNodes[layout.FirstRow(block) + at];
            at -= rows;
        }
        throw new InvalidOperationException($"slot {slot} is in no snapshot of stage {stage}");
    }

    private static void Replace<T>(TemporaryFolder folder, string name, T[] values, params long[] shape) where T : unmanaged
    {
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        File.Delete(folder.File($"{name}.npy"));
        using NpyWriter<T> writer = new(folder.File($"{name}.npy"), shape.Length == 0 ? [values.Length] : shape);
        writer.Write(values);
        manifest.Arrays[name] = writer.Finish("altered");
        manifest.Write(folder.Path);
    }
}
