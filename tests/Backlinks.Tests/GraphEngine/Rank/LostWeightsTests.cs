using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Rank;

/// <summary>Weight that evaporates is in the denominator of every share and goes the way of dangling mass.</summary>
public class LostWeightsTests
{
    [Fact]
    public void What_a_node_loses_is_kept_from_its_targets_and_not_given_to_the_others()
    {
        using var folder = new TemporaryFolder();
        using LinkGraph whole = Build(folder.NewFolder(), 3, [(0, 1, 1), (0, 2, 1), (1, 0, 1)], null);
        using LinkGraph lost = Build(folder.NewFolder(), 3, [(0, 1, 1), (1, 0, 1)], [1, 0, 0]);
        Assert.Equal(2, lost.OutTotal(0));
        double[] x = PageRank.Compute(whole, new PageRankOptions { Tolerance = 1e-13 }).Scores, y = PageRank.Compute(lost, new PageRankOptions { Tolerance = 1e-13 }).Scores;
        // Node 2 is dangling: what it gets returns to all, so x relates to y by what 2 holds beyond its own base.
        double b = y[2]; // node 2 of the lost graph gets the base alone
        Assert.Equal(b + 0.85 * y[0] / 2, y[1], 1e-12);
        Assert.Equal(b + 0.85 * y[1], y[0], 1e-12);
        Assert.True(x[2] > y[2] * 1.2);
        Assert.Equal(x[0] / x[1], y[0] / y[1], 1e-12);
        Assert.Equal(1, y.Sum(), 1e-12);
    }

    [Fact]
    public void Random_graphs_agree_with_a_dense_iteration()
    {
        var random = new Random(5);
        for (int round = 0; round < 20; round++)
        {
            int n = random.Next(2, 40);
            var links = new List<(uint, uint, double)>();
            for (int i = 0; i < 4 * n; i++)
                links.Add(((uint)random.Next(n), (uint)random.Next(n), random.NextDouble()));
            double[] lost = [.. Enumerable.Range(0, n).Select(_ => random.Next(3) == 0 ? random.NextDouble() * 3 : 0)];
            using var folder = new TemporaryFolder();
            using LinkGraph graph = Build(folder.NewFolder(), n, links, lost);
            PageRankResult result = PageRank.Compute(graph, new PageRankOptions { Tolerance = 1e-12 });
            double[] x = [.. Enumerable.Repeat(1.0 / n, n)];
            for (int step = 0; step < 400; step++)
            {
                double[] next = new double[n];
                for (int u = 0; u < n; u++)
                    for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                        next[graph.OutLinks[i]] += 0.85 * x[u] * graph.OutWeight(i) / graph.OutTotal(u);
                double rest = (1 - next.Sum()) / n;
                x = [.. next.Select(v => v + rest)];
            }
            Assert.True(result.Converged);
            Assert.True(x.Zip(result.Scores, (a, c) => Math.Abs(a - c)).Sum() <= result.ErrorBound + 1e-13);
        }
    }

    [Fact]
    public void A_loss_below_zero_is_refused()
    {
        using var folder = new TemporaryFolder();
        using var builder = new GraphBuilder(folder.NewFolder());
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddLostWeights([-1.0]));
    }

    private static LinkGraph Build(string folder, int n, IEnumerable<(uint Source, uint Target, double Weight)> links, double[]? lost)
    {
        using var builder = new GraphBuilder(folder);
        foreach ((uint source, uint target, double weight) in links)
            builder.Add(source, target, weight);
        if (lost is not null)
            builder.AddLostWeights(lost);
        builder.Build(n);
        return LinkGraph.Open(folder);
    }
}
