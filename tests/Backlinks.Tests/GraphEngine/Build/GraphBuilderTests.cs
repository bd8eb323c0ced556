using System.Diagnostics;
using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests;

public sealed class GraphBuilderTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void No_nodes_and_no_links_make_a_graph()
    {
        using LinkGraph graph = Build(0, [], weighted: false);
        Assert.Equal((0, 0L, 0L), (graph.NodeCount, graph.LinkCount, graph.Manifest.Observed));
    }

    [Fact]
    public void Nodes_without_links_have_empty_rows()
    {
        using LinkGraph graph = Build(100_000, [(99_998, 3)], weighted: false);
        Assert.Equal(1, graph.OutDegree(99_998));
        Assert.Equal(0, graph.OutDegree(99_999));
        Assert.Equal([99_998u], graph.InOf(3).ToArray());
    }

    [Fact]
    public void One_node_may_link_to_itself()
    {
        using LinkGraph graph = Build(1, [(0, 0)], weighted: false);
        Assert.Equal([0u], graph.OutOf(0).ToArray());
        Assert.Equal([0u], graph.InOf(0).ToArray());
    }

    [Fact]
    public void Dropped_self_links_are_still_observed()
    {
        foreach (bool rows in new[] { false, true })
        {
            using LinkGraph graph = Build(3, [(1, 0), (1, 1), (1, 2), (2, 2)], weighted: false, new() { DropSelfLinks = true }, rows);
            Assert.Equal([0u, 2u], graph.OutOf(1).ToArray());
            Assert.Equal((2L, 4L), (graph.LinkCount, graph.Manifest.Observed));
        }
    }

    [Fact]
    public void Duplicates_are_counted_and_their_weights_summed()
    {
        using LinkGraph plain = Build(4, [(2, 0), (0, 1), (2, 0), (0, 2)], weighted: false);
        Assert.Equal([1u, 1u, 2u], plain.OutCounts!.Slice(0, 3).ToArray());
        Assert.Null(plain.OutWeights);
        Assert.Equal(4, plain.Manifest.Observed);
        using LinkGraph weighted = Build(4, [new(2, 0, 0.25, 3), new(0, 1, 2), new(2, 0, 0.5)], weighted: true);
        Assert.Equal([2f, 0.75f], weighted.OutWeights!.Slice(0, 2).ToArray());
        Assert.Equal([0.75f, 2f], weighted.InWeights!.Slice(0, 2).ToArray());
        Assert.Equal([1u, 4u], weighted.OutCounts!.Slice(0, 2).ToArray());
        Assert.Equal(5, weighted.Manifest.Observed);
    }

    [Fact]
    public void Weights_are_summed_in_double_and_rounded_once()
    {
        TestLink[] tiny = [.. Enumerable.Repeat(new TestLink(0, 1, 16_777_216), 1), .. Enumerable.Repeat(new TestLink(0, 1, 1), 10)];
        using LinkGraph graph = Build(2, tiny, weighted: true);
        Assert.Equal(16_777_226f, graph.OutWeights![0]); // in float, 2^24 + 1 is 2^24
    }

    [Fact]
    public void One_weighted_link_makes_the_others_weigh_one()
    {
        using LinkGraph graph = Build(builder =>
        {
            builder.Add(0, 1);
            builder.AddRange([0ul << 32 | 2]);
            builder.Add(0, 2, 0.5);
            builder.Add(1, 0);
            builder.AddRange([0ul << 32 | 1]);
        }, 3, new() { TinyMemoryBytes = 1 });
        Assert.Equal([2f, 1.5f, 1f], graph.OutWeights!.Slice(0, 3).ToArray());
    }

    [Fact]
    public void Random_links_build_as_the_naive_way_whatever_memory_and_threads() =>
        Links.Sample((nodes, links, weighted, drop) =>
        {
            NaiveBuild naive = new(links, drop);
            string? digest = null;
            foreach ((long memory, int threads) in new[] { (64L << 20, 1), (64L << 20, 4), (1, 1), (3000, 2), (20_000, 3) })
            {
                using LinkGraph graph = Build(nodes, links, weighted, new() { TinyMemoryBytes = memory, Threads = threads, DropSelfLinks = drop });
                if (digest is null)
                    naive.AssertEqual(graph, weighted);
                digest ??= Digest(graph);
                Assert.Equal(digest, Digest(graph));
                Assert.Empty(Directory.GetFiles(graph.Folder, "*.spill"));
            }
        }, iter: 15);

    [Fact]
    public void Rows_build_as_links_in_any_order_do() =>
        Links.Sample((nodes, links, weighted, drop) =>
        {
            TestLink[] distinct = [.. links.DistinctBy(l => (l.Source, l.Target)).Select(l => l with { Count = 1 })];
            foreach (long memory in new[] { 64L << 20, 1000 })
            {
                using LinkGraph graph = Build(nodes, distinct, weighted, new() { TinyMemoryBytes = memory, DropSelfLinks = drop }, rows: true);
                using LinkGraph same = Build(nodes, distinct, weighted, new() { DropSelfLinks = drop });
                new NaiveBuild(distinct, drop).AssertEqual(graph, weighted);
                Assert.Equal(Digest(same), Digest(graph));
            }
        }, iter: 8);

    [Fact]
    public void A_hub_larger_than_the_memory_is_sorted_in_a_mapped_file()
    {
        TestLink[] links = [.. Enumerable.Range(0, 60_000).Select(i => (TestLink)(7, (int)(i * 7919L % 50_000))),
            .. Enumerable.Range(0, 50_000).Select(i => (TestLink)(i * 31 % 50_000, 9))];
        using LinkGraph graph = Build(50_000, links, weighted: false, new() { TinyMemoryBytes = 4096, Threads = 2 });
        new NaiveBuild(links).AssertEqual(graph, weighted: false);
    }

    [Fact]
    public void Rows_of_growing_node_numbers_widen_buckets_that_have_been_spilled()
    {
        TestLink[] links = [.. Enumerable.Range(0, 20_000).Select(i => (TestLink)(i * 50, (i * 50) ^ 1))];
        using LinkGraph graph = Build(1_000_000, links, weighted: false, new() { TinyMemoryBytes = 2048, Threads = 2 });
        new NaiveBuild(links).AssertEqual(graph, weighted: false);
    }

    [Fact]
    public void Hubs_that_gain_links_while_node_numbers_grow_keep_them_all()
    {
        // Buckets are merged whenever the highest node outgrows them; the hubs' are half-full then and go on filling.
        TestLink[] links = [.. Enumerable.Range(1, 20_000).SelectMany(u => new TestLink[] { (0, u), (u, 0), (u, 1) })];
        foreach (bool weighted in new[] { false, true })
        {
            using LinkGraph graph = Build(20_001, links, weighted);
            Assert.Equal(20_000, graph.OutDegree(0));
            Assert.Equal(20_000, graph.InDegree(0));
            Assert.Equal(20_001, graph.InDegree(1)); // from 0 too
        }
    }

    [Fact]
    public void Names_must_be_as_many_as_nodes()
    {
        string folder = _temporary.NewFolder();
        using GraphBuilder builder = new(folder);
        using NodeNamesWriter names = new(folder);
        names.Add("a"u8);
        Assert.Contains("1 names for 2 nodes", Assert.Throws<ArgumentException>(() => builder.Build(2, names, cancel: Cancel)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_links_are_refused_with_value_and_place()
    {
        using GraphBuilder builder = new(_temporary.NewFolder());
        foreach (double weight in new[] { double.NaN, double.PositiveInfinity, -1, 1e39 })
            Assert.Contains("link 3 → 4", Assert.Throws<ArgumentOutOfRangeException>(() => builder.Add(3, 4, weight)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.Add(3, 4, 1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.Add(GraphBuilder.MaxNodes, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddRange([uint.MaxValue]));
        builder.Add(3, 4);
        Assert.Contains("node 4", Assert.Throws<ArgumentOutOfRangeException>(() => builder.Build(4, cancel: Cancel)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.Build(-1, cancel: Cancel));
        Assert.Throws<InvalidOperationException>(() => builder.AddRow(1, [2]));
    }

    [Fact]
    public void Bad_rows_are_refused()
    {
        using GraphBuilder builder = new(_temporary.NewFolder());
        builder.AddRow(5, [1, 2], [1, 2]);
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddRow(5, [3], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddRow(4, [3], [1]));
        Assert.Throws<ArgumentException>(() => builder.AddRow(6, [3, 3], [1, 1]));
        Assert.Throws<ArgumentException>(() => builder.AddRow(6, [3, 2], [1, 1]));
        Assert.Throws<ArgumentException>(() => builder.AddRow(6, [3]));
        Assert.Throws<ArgumentException>(() => builder.AddRow(6, [3, 4], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddRow(6, [3], [float.NaN]));
        Assert.Throws<InvalidOperationException>(() => builder.Add(6, 7));
    }

    [Fact]
    public void Weights_that_sum_beyond_a_float_are_refused_by_name()
    {
        string folder = _temporary.NewFolder();
        using (GraphBuilder builder = new(folder))
        {
            builder.Add(1, 0, float.MaxValue);
            builder.Add(1, 0, float.MaxValue);
            Assert.Contains("link 1 → 0", Assert.Throws<GraphException>(() => builder.Build(2, cancel: Cancel)).Message, StringComparison.Ordinal);
        }
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_folder_that_holds_a_graph_is_refused()
    {
        using LinkGraph graph = Build(1, [], weighted: false);
        Assert.Contains("holds a graph already", Assert.Throws<GraphException>(() => new GraphBuilder(graph.Folder)).Message, StringComparison.Ordinal);
        Assert.Throws<GraphException>(() => new GraphBuilder(_temporary.File("absent")));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GraphBuilder(_temporary.Path, new() { MemoryBytes = 1 << 20 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new GraphBuilder(_temporary.Path, new() { Threads = -1 }));
    }

    [Fact]
    public void A_cancelled_build_leaves_nothing()
    {
        string folder = _temporary.NewFolder();
        using CancellationTokenSource source = new();
        using (GraphBuilder builder = new(folder, new() { TinyMemoryBytes = 1 }))
        {
            foreach (TestLink link in TestGraphs.PowerLaw(500, 5, seed: 1))
                builder.Add(link.Source, link.Target);
            var cancelling = new Cancelling(source, "transposing links");
            Assert.Throws<OperationCanceledException>(() => builder.Build(500, null, cancelling, source.Token));
        }
        Assert.Empty(Directory.GetFileSystemEntries(folder));
    }

    [Fact]
    public void A_full_disk_is_one_clear_error_and_leaves_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.UserName == "root", "needs root on Linux to mount a small file system");
        string folder = _temporary.NewFolder();
        Assert.SkipUnless(Execute("mount", $"-t tmpfs -o size=1m none {folder}"), "cannot mount a small file system here");
        try
        {
            foreach ((long memory, int links) in new[] { (64L << 20, 300_000), (4096L, 100_000), (100_000L, 300_000) })
            {
                using (GraphBuilder builder = new(folder, new() { TinyMemoryBytes = memory }))
                {
                    GraphException error = Assert.Throws<GraphException>(() =>
                    {
                        for (uint i = 0; i < links; i++)
                            builder.Add(i % 1000, i / 1000);
                        builder.Build(1000, cancel: Cancel);
                    });
                    Assert.Contains("space", error.Message, StringComparison.Ordinal);
                    Assert.Contains(folder, error.Message, StringComparison.Ordinal);
                }
                Assert.Empty(Directory.GetFileSystemEntries(folder));
            }
        }
        finally
        {
            Execute("umount", $"-l {folder}");
        }
    }

    private static readonly Gen<(int, TestLink[], bool, bool)> Links =
        from nodes in Gen.OneOf(Gen.Int[1, 6], Gen.Int[1, 3000], Gen.Int[100_000, 300_000])
        from weighted in Gen.Bool
        from drop in Gen.Bool
        from links in Gen.Select(Gen.UInt[0, (uint)nodes - 1], Gen.UInt[0, (uint)nodes - 1], Gen.Int[1, 6], Gen.UInt[1, 3],
            (u, v, w, c) => new TestLink(u, v, weighted ? w / 3.0 : 1, weighted ? c : 1)).Array[0, 600]
        select (nodes, links, weighted && links.Length > 0, drop); // one weighted link makes a weighted graph, none does not

    private LinkGraph Build(int nodes, IReadOnlyCollection<TestLink> links, bool weighted, GraphBuilderOptions? options = null, bool rows = false) =>
        Build(builder =>
        {
            if (rows)
                foreach (IGrouping<uint, TestLink> row in links.GroupBy(l => l.Source).OrderBy(g => g.Key))
                    builder.AddRow(row.Key, [.. row.OrderBy(l => l.Target).Select(l => l.Target)],
                        weighted ? [.. row.OrderBy(l => l.Target).Select(l => (float)l.Weight)] : default(ReadOnlySpan<float>));
            else if (weighted)
                foreach (TestLink link in links)
                    builder.Add(link.Source, link.Target, link.Weight, link.Count);
            else
                builder.AddRange([.. links.Select(l => (ulong)l.Source << 32 | l.Target)]);
        }, nodes, options);

    private LinkGraph Build(Action<GraphBuilder> add, int nodes, GraphBuilderOptions? options = null)
    {
        string folder = _temporary.NewFolder();
        using (GraphBuilder builder = new(folder, options))
        {
            add(builder);
            builder.Build(nodes, cancel: Cancel);
        }
        LinkGraph.Verify(folder, Cancel);
        return LinkGraph.Open(folder, Cancel);
    }

    // Every file this builder writes, by checksum.
    private static string Digest(LinkGraph graph) => graph.Manifest.Observed + string.Join(' ', graph.Manifest.Arrays
        .Where(a => !a.Key.StartsWith("rank_", StringComparison.Ordinal)).Select(a => $"{a.Key} {a.Value.HeaderXxh3} {string.Join(' ', a.Value.ChunkXxh3)}"));

    private static bool Execute(string program, string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private sealed class Cancelling(CancellationTokenSource source, string step) : IProgress<StepProgress>
    {
        public void Report(StepProgress value)
        {
            if (value.Step == step)
                source.Cancel();
        }
    }
}
