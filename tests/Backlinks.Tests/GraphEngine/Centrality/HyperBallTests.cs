using Backlinks.GraphEngine;
using Backlinks.Tests.GraphEngine.Structure;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Centrality;

public class HyperBallTests(UkHosts hosts) : IClassFixture<UkHosts>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_graph_without_nodes_has_no_scores()
    {
        using TestGraph graph = TestGraphs.Of(0);
        HarmonicResult result = HyperBall.Compute(graph, cancel: Cancel);
        Assert.Empty(result.Scores);
        Assert.Equal(0, result.Diameter);
        Assert.True(result.Complete);
    }

    [Fact]
    public void Nodes_with_self_links_only_score_nothing()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 0), (2, 2));
        HarmonicResult result = HyperBall.Compute(graph, cancel: Cancel);
        Assert.Equal([0.0, 0.0, 0.0], result.Scores);
        Assert.Equal([1.0, 1.0, 1.0], result.Reaching);
        Assert.Equal([3.0], result.NeighbourhoodFunction);
    }

    [Fact]
    public void Distance_one_is_exact()
    {
        using TestGraph graph = TestGraphs.Of(500, [.. Enumerable.Range(0, 500).Select(v => (TestLink)(v, 9))]);
        Assert.Equal(499, HyperBall.Compute(graph, cancel: Cancel).Scores[9]);
    }

    [Fact]
    public void A_long_chain_costs_what_changes_and_not_rounds_times_nodes()
    {
        const int n = 60_000; // every round changes all balls of the far end: with whole sweeps 3.6e9 node visits
        using TestGraph graph = TestGraphs.Of(n, [.. TestGraphs.Chain(2000), .. Enumerable.Range(2000, n - 2000).Select(v => (TestLink)(v, 0))]);
        HarmonicResult result = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = 6 }, cancel: Cancel);
        Assert.InRange(result.Diameter, 1500, 2000);
        Assert.InRange(result.Reaching[1999] / n, 0.6, 1.4);
    }

    [Theory]
    [InlineData(4), InlineData(5), InlineData(6), InlineData(8), InlineData(10), InlineData(12)]
    public void Errors_stay_within_the_standard_error_promised(int log2Registers)
    {
        const int n = 4000;
        using TestGraph graph = TestGraphs.Of(n, TestGraphs.PowerLaw(n, 6, seed: 11));
        HarmonicResult exact = HarmonicCentrality.ComputeExact(graph, cancel: Cancel);
        int[] wide = [.. Enumerable.Range(0, n).Where(v => exact.Reaching[v] > 500)];
        Assert.True(wide.Length > 1000);
        // Scores of one run err together, their balls being nearly equal: independent seeds are the sample.
        double bias = 0, square = 0, sizeSquare = 0, pairs = 0;
        const int seeds = 24;
        for (ulong seed = 1; seed <= seeds; seed++)
        {
            HarmonicResult result = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = log2Registers, Seed = seed }, cancel: Cancel);
            Assert.Equal(1.06 / Math.Sqrt(1 << log2Registers), result.StandardError, 1e-15);
            bias += wide.Average(v => result.Scores[v] / exact.Scores[v] - 1) / seeds;
            square += wide.Average(v => Math.Pow(result.Scores[v] / exact.Scores[v] - 1, 2)) / seeds;
            sizeSquare += wide.Average(v => Math.Pow(result.Reaching[v] / exact.Reaching[v] - 1, 2)) / seeds;
            pairs += (result.NeighbourhoodFunction[^1] / exact.NeighbourhoodFunction[^1] - 1) / seeds;
            Assert.InRange(result.Diameter, 1, exact.Diameter);
        }
        double promised = HyperBall.StandardError(log2Registers);
        Assert.InRange(Math.Sqrt(sizeSquare), 0.4 * promised, 1.4 * promised); // χ with 24 degrees of freedom: ±3 σ is ±43 %
        Assert.InRange(Math.Sqrt(square), 0, 1.4 * promised);
        Assert.InRange(bias, -3.5 * promised / Math.Sqrt(seeds), 3.5 * promised / Math.Sqrt(seeds));
        Assert.InRange(pairs, -3.5 * promised / Math.Sqrt(seeds), 3.5 * promised / Math.Sqrt(seeds));
    }

    [Fact]
    public void Few_nodes_are_counted_almost_exactly()
    {
        // 2^12 registers hold a handful of nodes without collision, so every ball is as large as it should be.
        NaiveGraph.Gen().Sample(sample =>
        {
            using TestGraph graph = TestGraphs.Of(sample.Nodes, sample.Links);
            HarmonicResult exact = HarmonicCentrality.ComputeExact(graph, cancel: Cancel);
            HarmonicResult result = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = 12 }, cancel: Cancel);
            Assert.Equal(exact.Diameter, result.Diameter);
            for (int v = 0; v < sample.Nodes; v++)
            {
                Assert.Equal(exact.Scores[v], result.Scores[v], 0.01 * (1 + exact.Scores[v]));
                Assert.Equal(exact.Reaching[v], result.Reaching[v], 0.01 * exact.Reaching[v]);
            }
        }, iter: 100);
    }

    [Theory, InlineData(4), InlineData(6), InlineData(7)]
    public void Scores_do_not_depend_on_thread_count(int log2Registers)
    {
        const int n = 30_000; // several ranges, and rounds of both kinds
        TestLink[] links = [.. TestGraphs.PowerLaw(n, 2.5, seed: 3), .. TestGraphs.Chain(400)];
        using TestGraph graph = TestGraphs.Of(n, links);
        HarmonicResult one = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = log2Registers, Threads = 1 }, cancel: Cancel);
        Assert.True(one.Diameter > 40);
        foreach (int threads in new[] { 2, 3, 8 })
        {
            HarmonicResult many = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = log2Registers, Threads = threads }, cancel: Cancel);
            Assert.Equal(one.Scores.Select(BitConverter.DoubleToInt64Bits), many.Scores.Select(BitConverter.DoubleToInt64Bits));
            Assert.Equal(one.Reaching, many.Reaching);
            Assert.Equal(one.NeighbourhoodFunction, many.NeighbourhoodFunction);
        }
        Assert.NotEqual(one.Scores, HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = log2Registers, Seed = 1 }, cancel: Cancel).Scores);
    }

    [Theory, InlineData(1), InlineData(2)]
    public void Rounds_that_walk_a_list_give_what_whole_sweeps_give(int seed)
    {
        // The same graph among isolated nodes: few nodes then change, and every round after the first walks the list.
        const int n = 600, padded = 60_000;
        TestLink[] links = [.. TestGraphs.PowerLaw(n, 3, seed), .. TestGraphs.Chain(n)];
        using TestGraph small = TestGraphs.Of(n, links);
        using TestGraph large = TestGraphs.Of(padded, links);
        HarmonicOptions options = new() { Log2Registers = 6 };
        Assert.Equal(
            HyperBall.Compute(small, options, cancel: Cancel).Scores,
            HyperBall.Compute(large, options, cancel: Cancel).Scores[..n]);
    }

    [Fact]
    public void The_leaders_of_a_real_host_graph_are_found()
    {
        LinkGraph graph = hosts.Require();
        HarmonicResult exact = HarmonicCentrality.ComputeExact(graph, cancel: Cancel);
        HarmonicResult result = HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = 10 }, cancel: Cancel);
        int[] Top(double[] scores) => [.. Enumerable.Range(0, scores.Length).OrderByDescending(v => scores[v]).Take(100)];
        Assert.InRange(Top(exact.Scores).Intersect(Top(result.Scores)).Count(), 90, 100);
        Assert.Equal(exact.AverageDistance, result.AverageDistance, 0.05 * exact.AverageDistance);
    }

    [Fact]
    public void Rounds_can_be_limited()
    {
        using TestGraph graph = TestGraphs.Of(50, TestGraphs.Chain(50));
        HarmonicResult result = HyperBall.Compute(graph, new HarmonicOptions { MaxRounds = 3, Log2Registers = 12 }, cancel: Cancel);
        Assert.False(result.Complete);
        Assert.Equal(3, result.Diameter);
        Assert.Equal(1 + 1 / 2.0 + 1 / 3.0, result.Scores[49], 0.01);
    }

    [Fact]
    public void Options_out_of_range_and_too_little_memory_are_refused()
    {
        using TestGraph graph = TestGraphs.Of(1000, TestGraphs.Chain(1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = 3 }, cancel: Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => HyperBall.Compute(graph, new HarmonicOptions { Log2Registers = 15 }, cancel: Cancel));
        Assert.Throws<ArgumentOutOfRangeException>(() => HyperBall.Compute(graph, new HarmonicOptions { MaxRounds = 0 }, cancel: Cancel));
        long needed = HyperBall.Bytes(1000, 8);
        Assert.Equal(1000 * (512 + 27), needed);
        Assert.Contains("Log2Registers", Assert.Throws<ArgumentException>(
            () => HyperBall.Compute(graph, new HarmonicOptions { MemoryBytes = needed - 1 }, cancel: Cancel)).Message, StringComparison.Ordinal);
        HyperBall.Compute(graph, new HarmonicOptions { MemoryBytes = needed }, cancel: Cancel);
    }

    [Fact]
    public void Cancelling_stops_it_and_progress_counts_rounds()
    {
        using TestGraph graph = TestGraphs.Of(100, TestGraphs.Chain(100));
        Assert.Throws<OperationCanceledException>(() => HyperBall.Compute(graph, cancel: new CancellationToken(true)));
        var seen = new Rounds();
        HyperBall.Compute(graph, progress: seen, cancel: Cancel);
        Assert.Equal(Enumerable.Range(1, seen.Done.Count).Select(r => (long)r), seen.Done);
        Assert.True(seen.Done.Count > 80);
    }

    private sealed class Rounds : IProgress<StepProgress>
    {
        public List<long> Done { get; } = [];

        public void Report(StepProgress value) => Done.Add(value.Done);
    }
}
