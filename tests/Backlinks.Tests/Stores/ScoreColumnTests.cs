using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

public sealed class ScoreColumnTests
{
    [Fact]
    public void Top_order_rank_and_percentile_agree_with_sorting()
    {
        using TemporaryFolder folder = new();
        Random random = new(7);
        for (int n = 0; n < 40; n++)
        {
            double[] scores = [.. Enumerable.Range(0, n).Select(_ => random.Next(6) / 4.0)];
            string path = folder.File($"{n}.npy");
            NpyWriter<double>.WriteAll(path, scores, "test");
            using MappedArray<double> mapped = MappedArray<double>.Open(path);
            var column = new ScoreColumn("pagerank", "test", mapped, null, null);
            int[] sorted = [.. Enumerable.Range(0, n).OrderByDescending(i => scores[i]).ThenBy(i => i)];
            Assert.Equal(sorted, column.Order());
            for (int count = 0; count <= n + 1; count++)
                Assert.Equal(sorted.Take(count), column.Top(count, TestContext.Current.CancellationToken));
            for (int node = 0; node < n; node++)
            {
                Assert.Equal((Array.IndexOf(sorted, node) + 1, 100.0 * scores.Count(s => s < scores[node]) / n), column.StandingOf(node, TestContext.Current.CancellationToken));
            }
        }
    }
}
