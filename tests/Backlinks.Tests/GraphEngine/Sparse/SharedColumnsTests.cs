using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Sparse;

public sealed class SharedColumnsTests
{
    [Fact]
    public void A_graph_without_links_shares_nothing()
    {
        using TestGraph none = TestGraphs.Of(0), five = TestGraphs.Of(5);
        Assert.Empty(SharedColumns.Pairs(none));
        Assert.Empty(SharedColumns.Pairs(five));
    }

    [Fact]
    public void Two_sources_of_two_rare_targets_are_a_pair_and_of_a_popular_one_are_not()
    {
        using TestGraph graph = TestGraphs.Of(7, (0, 5), (0, 6), (1, 5), (1, 6), (0, 4), (1, 4), (2, 4), (3, 4));
        var options = new SharedColumnsOptions { MaxDegree = 3 };
        SharedPair pair = Assert.Single(SharedColumns.Pairs(graph, options));
        Assert.Equal((0, 1, 2), (pair.First, pair.Second, pair.Count));
        Assert.Equal(2 * Math.Log(7 / 2.0), pair.Weight, 1e-12);
        Assert.Equal(6, SharedColumns.Pairs(graph, new() { MinCount = 1, MaxDegree = 4 }).Count);
    }

    [Fact]
    public void Reversed_it_pairs_targets_that_the_same_sources_link_to()
    {
        using TestGraph graph = TestGraphs.Of(5, (0, 3), (0, 4), (1, 3), (1, 4), (2, 4));
        SharedPair pair = Assert.Single(SharedColumns.Pairs(graph, new() { Reversed = true }));
        Assert.Equal((3, 4, 2), (pair.First, pair.Second, pair.Count));
    }

    [Fact]
    public void Pairs_equal_the_definition_for_any_options_and_threads()
    {
        Gen.Select(Gen.Int[1, 200], Gen.Double[0, 12], Gen.Int, Gen.Int[2, 40], Gen.Int[1, 4], Gen.Bool).Sample((n, perNode, seed, cap, least, reversed) =>
        {
            using TestGraph graph = TestGraphs.Of(n, TestGraphs.PowerLaw(n, perNode, seed));
            var random = new Random(seed);
            var options = new SharedColumnsOptions
            {
                MaxDegree = cap,
                MinCount = least,
                Reversed = reversed,
                Columns = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, n).Select(_ => random.Next(4) > 0)],
                Rows = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, n).Select(_ => random.Next(4) > 0)],
                ColumnWeights = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, n).Select(_ => (double)random.Next(9))],
            };
            List<SharedPair> naive = Naive(graph, options);
            foreach (int threads in new[] { 1, 2, 8 })
            {
                List<SharedPair> pairs = SharedColumns.Pairs(graph, options with { Threads = threads });
                Assert.Equal(naive.Select(p => (p.First, p.Second, p.Count)), pairs.Select(p => (p.First, p.Second, p.Count)));
                for (int i = 0; i < pairs.Count; i++)
                    Assert.Equal(naive[i].Weight, pairs[i].Weight, 1e-9);
            }
        }, iter: 40, threads: 1);
    }

    [Fact]
    public void Pairs_of_a_larger_graph_do_not_depend_on_threads()
    {
        using TestGraph graph = TestGraphs.Of(20_000, TestGraphs.PowerLaw(20_000, 5, 9));
        List<SharedPair> one = SharedColumns.Pairs(graph, new() { Threads = 1, MinCount = 1 });
        Assert.True(one.Count > 1000);
        Assert.Equal(one, SharedColumns.Pairs(graph, new() { Threads = 2, MinCount = 1 }));
        Assert.Equal(one, SharedColumns.Pairs(graph, new() { Threads = 8, MinCount = 1 }));
    }

    [Fact]
    public void Options_out_of_range_are_refused_and_cancelling_works()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1), (2, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedColumns.Pairs(graph, new() { MinDegree = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedColumns.Pairs(graph, new() { MaxDegree = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SharedColumns.Pairs(graph, new() { MinCount = 0 }));
        Assert.Throws<ArgumentException>(() => SharedColumns.Pairs(graph, new() { Rows = new bool[2] }));
        Assert.ThrowsAny<OperationCanceledException>(() => SharedColumns.Pairs(graph, null, new CancellationToken(true)));
    }

    private static List<SharedPair> Naive(LinkGraph graph, SharedColumnsOptions options)
    {
        int n = graph.NodeCount;
        ReadOnlySpan<uint> Row(int u) => options.Reversed ? graph.InOf(u) : graph.OutOf(u);
        long Degree(int c) => options.Reversed ? graph.OutDegree(c) : graph.InDegree(c);
        var pairs = new List<SharedPair>();
        for (int u = 0; u < n; u++)
            for (int v = u + 1; v < n; v++)
            {
                if (options.Rows is { } rows && !(rows[u] && rows[v]))
                    continue;
                int[] shared = [.. Row(u).ToArray().Intersect(Row(v).ToArray()).Select(c => (int)c).Where(c => Degree(c) >= options.MinDegree
                    && Degree(c) <= options.MaxDegree && (options.Columns?[c] ?? true))];
                if (shared.Length >= options.MinCount)
                    pairs.Add(new SharedPair(u, v, shared.Length, shared.Sum(c => options.ColumnWeights?[c] ?? Math.Log((double)n / Degree(c)))));
            }
        return pairs;
    }
}
