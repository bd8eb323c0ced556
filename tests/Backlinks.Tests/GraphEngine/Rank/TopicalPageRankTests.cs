using System.Runtime.InteropServices;
using Backlinks.GraphEngine;
using Backlinks.Tests.GraphEngine.Authority;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Rank;

public sealed class TopicalPageRankTests
{
    [Fact]
    public void An_empty_graph_has_no_topics()
    {
        using TestGraph graph = TestGraphs.Of(0);
        TopicalPageRankResult result = TopicalPageRank.Compute(graph, [], [], 3);
        Assert.Empty(result.Ranks);
        Assert.Equal([0, 0, 0], result.Totals);
    }

    [Fact]
    public void A_node_alone_is_about_its_own_topics_and_unknown_ones_take_the_prior()
    {
        using TestGraph graph = TestGraphs.Of(2);
        Assert.Equal([0.75, 0.25, 0.5, 0.5], TopicalPageRank.Compute(graph, [1, 1], [0.75f, 0.25f, 0, 0], 2).Ranks);
        Assert.Equal([0.75, 0.25, 0.2, 0.8], TopicalPageRank.Compute(graph, [1, 1], [0.75f, 0.25f, 0, 0], 2, new() { Prior = [1, 4] }).Ranks, (a, b) => Math.Abs(a - b) < 1e-15);
    }

    [Fact]
    public void A_link_carries_the_topics_it_came_with_and_those_of_the_page_that_links()
    {
        // 0 (sport) → 1 (music) → 2 (arts)
        using TestGraph graph = TestGraphs.Of(3, (0, 1), (1, 2));
        double[] z = RawAuthority.Compute(graph).Raw;
        const double d = 0.85, stay = 0.5;
        double[] a = TopicalPageRank.Compute(graph, z, [1, 0, 0, 0, 1, 0, 0, 0, 1], 3, new() { Stay = stay, Tolerance = 1e-6 }).Ranks;
        Assert.Equal([1, 0, 0, d, 1, 0, d * stay * d, d * (stay + (1 - stay) * z[1]), 1], a, (x, y) => Math.Abs(x - y) < 1e-6);
    }

    [Fact]
    public void Topics_sum_to_the_score_of_every_node_and_equal_the_definition()
    {
        Gen.Select(Gen.Int[1, 80], Gen.Double[0, 6], Gen.Int, Gen.Int[1, 30], Gen.Double[0, 0.9], Gen.Bool).Sample((n, perNode, seed, k, stay, weighted) =>
        {
            var random = new Random(seed);
            double[]? lost = weighted ? [.. Enumerable.Range(0, n).Select(_ => random.Next(3) == 0 ? random.NextDouble() * 3 : 0)] : null;
            using var folder = new TemporaryFolder();
            using LinkGraph graph = AuthorityGraphs.Build(folder.Path, n, TestGraphs.PowerLaw(n, perNode, seed), weighted, lost);
            double[] z = RawAuthority.Compute(graph, new() { Tolerance = 1e-12 }).Raw, x = PageRank.Compute(graph, new() { Tolerance = 1e-13 }).Scores;
            float[] c = Topics(n, k, random);
            foreach (double[] score in new[] { z, x })
            {
                TopicalPageRankResult result = TopicalPageRank.Compute(graph, score, c, k, new() { Stay = stay, Tolerance = 1e-6 });
                Assert.True(result.Converged);
                double[] naive = Naive(graph, score, c, k, stay);
                for (int v = 0; v < n; v++)
                {
                    double[] row = result.Ranks[(v * k)..((v + 1) * k)];
                    Assert.Equal(score[v], row.Sum(), 1e-10 * score[v]);
                    double off = row.Zip(naive[(v * k)..((v + 1) * k)], (a, b) => Math.Abs(a - b)).Sum();
                    Assert.True(off <= (result.ErrorBound + 5e-7 / (1 - stay)) * score[v], $"{off / score[v]} is over {result.ErrorBound}");
                }
                for (int i = 0; i < k; i++)
                    Assert.Equal(Enumerable.Range(0, n).Sum(v => result.Ranks[v * k + i]), result.Totals[i], 1e-9);
            }
        }, iter: 20, threads: 1);
    }

    [Fact]
    public void Bytes_do_not_depend_on_threads()
    {
        const int n = 60_000, k = 20;
        using TestGraph graph = TestGraphs.Weighted(n, TestGraphs.PowerLaw(n, 20, 4));
        double[] z = RawAuthority.Compute(graph).Raw;
        float[] c = Topics(n, k, new Random(4));
        byte[]? bytes = null;
        foreach (int threads in new[] { 1, 2, 8 })
        {
            TopicalPageRankResult result = TopicalPageRank.Compute(graph, z, c, k, new() { Threads = threads });
            Assert.True(result.Converged);
            byte[] now = MemoryMarshal.AsBytes(result.Ranks.AsSpan()).ToArray();
            Assert.True(now.AsSpan().SequenceEqual(bytes ??= now));
            for (int v = 0; v < n; v++)
                Assert.Equal(z[v], result.Ranks.AsSpan(v * k, k).ToArray().Sum(), 1e-10 * z[v]);
        }
    }

    [Fact]
    public void Specialists_are_ranked_by_lift_among_nodes_that_are_known()
    {
        // 6 is popular with everybody; 7 with sport alone; 8 is about sport and linked by nobody
        using TestGraph graph = TestGraphs.Of(9, [.. Enumerable.Range(0, 6).Select(i => (TestLink)(i, 6)), (0, 7), (1, 7), (8, 6)]);
        double[] z = RawAuthority.Compute(graph).Raw;
        float[] c = [1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0];
        TopicalPageRankResult topics = TopicalPageRank.Compute(graph, z, c, 2);
        Specialist[] sport = Specialists.Of(graph, z, topics, 0, new() { LeastQuantile = 0 });
        Assert.Equal([7, 6], sport.Select(s => s.Node));
        Assert.Equal(topics.Lift(7, 0), sport[0].Lift, 1e-12);
        Assert.True(sport[0].Lift > 1);
        Assert.Equal([6], Specialists.Of(graph, z, topics, 0).Select(s => s.Node)); // the quantile leaves out 7
        Assert.Single(Specialists.Of(graph, z, topics, 0, new() { LeastQuantile = 0, Count = 1 }));
    }

    [Fact]
    public void What_is_no_distribution_no_ranking_or_out_of_range_is_refused()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        double[] z = [1, 1.85];
        Assert.Contains("node 1", Assert.Throws<ArgumentOutOfRangeException>(() => TopicalPageRank.Compute(graph, z, [1, 0, 0.7f, 0.5f], 2)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => TopicalPageRank.Compute(graph, z, [1, 0, -1, 2], 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopicalPageRank.Compute(graph, z, [1, 0, float.NaN, 2], 2));
        Assert.Contains("no ranking", Assert.Throws<ArgumentException>(() => TopicalPageRank.Compute(graph, [1, 0.5], [1, 0, 0, 1], 2)).Message);
        Assert.Throws<ArgumentException>(() => TopicalPageRank.Compute(graph, z, [1, 0, 1], 2));
        Assert.Throws<ArgumentException>(() => TopicalPageRank.Compute(graph, [1], [1, 0, 1, 0], 2));
        Assert.Throws<ArgumentException>(() => TopicalPageRank.Compute(graph, z, [1, 0, 1, 0], 2, new() { Prior = [1] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopicalPageRank.Compute(graph, z, [1, 0, 1, 0], 2, new() { Stay = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => TopicalPageRank.Compute(graph, z, [1, 0, 1, 0], 2, new() { Tolerance = 1e-9 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Specialists.Of(graph, z, TopicalPageRank.Compute(graph, z, [1, 0, 1, 0], 2), 2));
    }

    private static float[] Topics(int n, int k, Random random)
    {
        float[] c = new float[n * k];
        for (int v = 0; v < n; v++)
        {
            if (random.Next(5) == 0)
                continue; // unknown
            double[] row = [.. Enumerable.Range(0, k).Select(_ => Math.Pow(random.NextDouble(), 3) + 1e-9)];
            for (int i = 0; i < k; i++)
                c[v * k + i] = (float)(row[i] / row.Sum());
        }
        return c;
    }

    /// <summary>The definition, 150 plain rounds: .765^150 is nothing in double.</summary>
    private static double[] Naive(LinkGraph graph, double[] x, float[] topics, int k, double stay)
    {
        const double d = 0.85;
        int n = graph.NodeCount;
        double[] c = [.. topics.Select(t => (double)t)];
        for (int v = 0; v < n; v++)
        {
            double sum = c[(v * k)..((v + 1) * k)].Sum();
            for (int i = 0; i < k; i++)
                c[v * k + i] = sum > 0 ? c[v * k + i] / sum : 1.0 / k;
        }
        double[] t = NaiveShares(graph, x, 1);
        for (int v = 0; v < n; v++)
            t[v] = x[v] - d * t[v];
        double[] a = [.. c.Select((share, i) => share * x[i / k])], start = a;
        for (int round = 0; round < 150; round++)
            a = [.. NaiveShares(graph, [.. a.Select((value, i) => stay * value + (1 - stay) * start[i])], k).Select((value, i) => d * value + t[i / k] * c[i])];
        return a;
    }

    private static double[] NaiveShares(LinkGraph graph, double[] x, int columns) => Sparse.NaiveShares.Multiply(graph, x, columns);
}
