using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Sparse;

public sealed class LinkSharesTests
{
    [Fact]
    public void Nothing_times_nothing_is_nothing()
    {
        using TestGraph graph = TestGraphs.Of(0);
        using var shares = new LinkShares(graph);
        shares.Multiply([], []);
        Assert.Equal(0, shares.Ranges.Count);
    }

    [Fact]
    public void A_node_gets_the_share_of_each_that_links_to_it()
    {
        using TestGraph graph = TestGraphs.Weighted(3, (0, 1, 3), (0, 2, 1), (1, 1, 2));
        using var shares = new LinkShares(graph);
        double[] y = new double[3];
        shares.Multiply([8, 10, 5], y);
        Assert.Equal([0, 6 + 10, 2], y);
        Assert.Equal([0.25, 0.5, 0], shares.Inverse.ToArray());
    }

    [Fact]
    public void What_a_node_loses_is_in_the_denominator_of_its_shares()
    {
        using var folder = new TemporaryFolder();
        using (var builder = new GraphBuilder(folder.Path))
        {
            builder.Add(0, 1, 1.0);
            builder.AddLostWeights([3.0, 1.0]);
            builder.Build(2);
        }
        using LinkGraph graph = LinkGraph.Open(folder.Path);
        using var shares = new LinkShares(graph);
        double[] y = new double[2];
        shares.Multiply([8, 1], y);
        Assert.Equal([0, 2], y);
        Assert.Equal(0, shares.Inverse[1]); // loses, but passes nothing on
    }

    [Fact]
    public void Products_equal_the_definition_for_any_columns_and_threads()
    {
        Gen.Select(Gen.Int[1, 300], Gen.Double[0, 9], Gen.Int, Gen.Int[1, 40], Gen.Bool).Sample((n, perNode, seed, columns, weighted) =>
        {
            using var graph = new TestGraph(n, TestGraphs.PowerLaw(n, perNode, seed), weighted);
            var random = new Random(seed);
            double[] x = [.. Enumerable.Range(0, n * columns).Select(_ => random.NextDouble() - 0.3)];
            double[] naive = NaiveShares.Multiply(graph, x, columns);
            byte[]? bytes = null;
            foreach (int threads in new[] { 1, 2, 8 })
            {
                using var shares = new LinkShares(graph, threads);
                double[] y = new double[n * columns];
                shares.MultiplyMany(x, y, columns);
                for (int i = 0; i < y.Length; i++)
                    Assert.Equal(naive[i], y[i], 1e-12);
                byte[] now = System.Runtime.InteropServices.MemoryMarshal.AsBytes(y.AsSpan()).ToArray();
                Assert.Equal(bytes ??= now, now);
                shares.MultiplyMany(x, x.AsSpan(), columns); // in place
                Assert.Equal(y, x);
                x = [.. Enumerable.Range(0, n * columns).Select(i => 0.0)];
                random = new Random(seed);
                x = [.. Enumerable.Range(0, n * columns).Select(_ => random.NextDouble() - 0.3)];
            }
        }, iter: 40, threads: 1);
    }

    [Fact]
    public void Pieces_cover_every_row_once_and_cost_alike()
    {
        using TestGraph graph = TestGraphs.Of(500, TestGraphs.PowerLaw(500, 20, 3));
        foreach (int work in new[] { 1, 7, 100, 1 << 20 })
        {
            var ranges = new LinkRanges(graph.Graph.InOffsets, work);
            int next = 0;
            long most = Enumerable.Range(0, 500).Max(graph.Graph.InDegree);
            for (int range = 0; range < ranges.Count; range++)
            {
                (int first, int end) = ranges[range];
                Assert.Equal(next, first);
                Assert.True(end > first);
                Assert.True(graph.Graph.InOffsets[end] - graph.Graph.InOffsets[first] + end - first <= work + most + 1);
                next = end;
            }
            Assert.Equal(500, next);
        }
    }

    [Fact]
    public void Vectors_of_another_length_and_odd_columns_are_refused()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1));
        using var shares = new LinkShares(graph);
        Assert.Contains("3 nodes", Assert.Throws<ArgumentException>(() => shares.Multiply(new double[2], new double[3])).Message);
        Assert.Throws<ArgumentException>(() => shares.Multiply(new double[3], new double[4]));
        Assert.Throws<ArgumentOutOfRangeException>(() => shares.MultiplyMany([], [], 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LinkShares(graph, -1));
    }
}

/// <summary>y = Pᵀx link by link, as the definition reads.</summary>
internal static class NaiveShares
{
    public static double[] Multiply(LinkGraph graph, double[] x, int columns = 1)
    {
        double[] y = new double[x.Length];
        for (int u = 0; u < graph.NodeCount; u++)
            for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                if (graph.OutTotal(u) > 0)
                    for (int column = 0; column < columns; column++)
                        y[graph.OutLinks[i] * columns + column] += graph.OutWeight(i) / graph.OutTotal(u) * x[u * columns + column];
        return y;
    }
}
