using System.Runtime.InteropServices;
using System.Text.Json;
using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Rank;

public sealed class PageRankTests
{
    private static readonly DanglingPolicy[] Policies = Enum.GetValues<DanglingPolicy>();

    [Fact]
    public void An_empty_graph_has_no_scores()
    {
        using TestGraph graph = TestGraphs.Of(0);
        PageRankResult result = PageRank.Compute(graph);
        Assert.Empty(result.Scores);
        Assert.True(result.Converged);
    }

    [Fact]
    public void One_node_has_all_the_score_with_and_without_a_link_to_itself()
    {
        foreach (DanglingPolicy policy in Policies)
        {
            using TestGraph alone = TestGraphs.Of(1), selfish = TestGraphs.Of(1, (0, 0));
            Assert.Equal(1, PageRank.Compute(alone, new() { Dangling = policy }).Scores[0], 1e-12);
            Assert.Equal(1, PageRank.Compute(selfish, new() { Dangling = policy }).Scores[0], 1e-12);
        }
    }

    [Fact]
    public void Without_links_every_node_is_equal()
    {
        using TestGraph graph = TestGraphs.Of(5);
        PageRankResult result = PageRank.Compute(graph);
        Assert.All(result.Scores, score => Assert.Equal(0.2, score, 1e-15));
        Assert.Equal(1, result.DanglingMass, 1e-12);
    }

    [Fact]
    public void Only_links_to_themselves_leave_every_node_equal()
    {
        using TestGraph graph = TestGraphs.Of(4, (0, 0), (1, 1), (2, 2), (3, 3));
        Assert.All(PageRank.Compute(graph).Scores, score => Assert.Equal(0.25, score, 1e-12));
    }

    [Fact]
    public void A_ring_is_uniform()
    {
        using TestGraph graph = TestGraphs.Of(7, TestGraphs.Chain(7, closed: true));
        Assert.All(PageRank.Compute(graph, new() { Tolerance = 1e-13 }).Scores, score => Assert.Equal(1.0 / 7, score, 1e-13));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.85)]
    [InlineData(0.99)]
    public void A_star_whose_centre_links_back_has_its_closed_form(double d)
    {
        const int leaves = 9, n = leaves + 1;
        using TestGraph graph = TestGraphs.Of(n, [.. Enumerable.Range(1, leaves).SelectMany(i => new TestLink[] { (0, i), (i, 0) })]);
        double[] x = PageRank.Compute(graph, new() { Damping = d, Tolerance = 1e-13 / (1 - d) }).Scores; // rounding is worth 1/(1−d) too
        double centre = (1 - d) / n * (1 + d * leaves) / (1 - d * d); // x0 = b + d·k·xi, xi = b + d·x0/k
        Assert.Equal(centre, x[0], 1e-13 / (1 - d));
        Assert.All(x.AsSpan(1).ToArray(), leaf => Assert.Equal((1 - d) / n + d * centre / leaves, leaf, 1e-13 / (1 - d)));
    }

    [Fact]
    public void A_dangling_node_gives_back_what_its_policy_says()
    {
        const double d = 0.85;
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        // teleport to node 0 alone: x0 = d·x1·w0 + (1−d), x1 = d·x0 + d·x1·w1
        var seed = new Dictionary<int, double> { [0] = 3 };
        double[] teleport = PageRank.Compute(graph, new() { Damping = d, Teleport = seed, Tolerance = 1e-13 }).Scores;
        Assert.Equal(1 / (1 + d), teleport[0], 1e-12);
        double[] uniform = PageRank.Compute(graph, new() { Damping = d, Teleport = seed, Dangling = DanglingPolicy.Uniform, Tolerance = 1e-13 }).Scores;
        Assert.Equal((1 - d / 2) / (1 + d / 2), uniform[0], 1e-12);
        double[] sink = PageRank.Compute(graph, new() { Damping = d, Teleport = seed, Dangling = DanglingPolicy.Sink, Tolerance = 1e-13 }).Scores;
        Assert.Equal(1 - d, sink[0], 1e-12);
        Assert.Equal(d, sink[1], 1e-12);
    }

    [Fact]
    public void Teleport_only_is_what_damping_zero_leaves()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1), (1, 2));
        Assert.Equal([0, 0.25, 0.75], PageRank.Compute(graph, new() { Damping = 0, Teleport = new Dictionary<int, double> { [1] = 1, [2] = 3 } }).Scores);
    }

    [Theory]
    [InlineData("cnr-2000")]
    [InlineData("cnr-2000 in few lanes and small hubs")]
    public void The_top_100_of_cnr_2000_are_those_of_the_reference(string shape)
    {
        string path = SharedData.Require("graphs/cnr-2000/cnr-2000.graph");
        using var folder = new TemporaryFolder();
        RankLayoutShape? cut = shape == "cnr-2000" ? null : new RankLayoutShape(4, 8, 3000, false);
        using (var builder = new GraphBuilder(folder.Path, new GraphBuilderOptions { RankShape = cut }))
        {
            Directory.CreateDirectory(folder.File("plain"));
            Ingest.BvGraphImporter.Import(path, folder.File("plain"));
            using LinkGraph plain = LinkGraph.Open(folder.File("plain"));
            for (int node = 0; node < plain.NodeCount; node++)
                builder.AddRow((uint)node, plain.OutOf(node));
            builder.Build(plain.NodeCount);
        }
        using LinkGraph graph = LinkGraph.Open(folder.Path);
        AssertTop(graph, Path.Combine(Path.GetDirectoryName(path)!, "expected.json"), "pagerank", int.Parse);
    }

    [Fact]
    public void Kernel_equals_a_dense_solve_for_every_policy_weight_seed_and_cut()
    {
        Gen<(int Nodes, double PerNode, int Seed, int Cut)> gen = Gen.Select(Gen.Int[1, 60], Gen.Double[0, 6], Gen.Int, Gen.Int[0, 5]);
        gen.Sample(
            g =>
            {
                TestLink[] links = TestGraphs.PowerLaw(g.Nodes, g.PerNode, g.Seed, dangling: 0.3);
                if (links.Length > 3)
                    links[0] = links[0] with { Weight = 0 };
                foreach (bool weighted in new[] { false, true })
                {
                    using var folder = new TemporaryFolder();
                    using LinkGraph graph = Build(folder, g.Nodes, links, weighted, g.Cut);
                    foreach (DanglingPolicy policy in Policies)
                        foreach (bool personal in new[] { false, true })
                        {
                            var options = new PageRankOptions
                            {
                                Dangling = policy,
                                Weighted = weighted || g.Cut % 2 == 0,
                                Damping = g.Cut == 3 ? 0.5 : 0.85,
                                Tolerance = 1e-12,
                                Threads = 1 + g.Cut % 3,
                                Teleport = personal ? Seeds(g.Nodes, g.Seed) : null,
                            };
                            PageRankResult result = PageRank.Compute(graph, options);
                            double[] expected = DensePageRank.Solve(graph, options);
                            double error = result.Scores.Zip(expected, (a, b) => Math.Abs(a - b)).Sum();
                            Assert.True(error < 1e-10, $"{error} for {options}, cut {g.Cut}");
                            Assert.True(error <= result.ErrorBound + 1e-14, $"error {error} is over its bound {result.ErrorBound}");
                            Assert.True(result.Converged, $"{options}, cut {g.Cut}: {string.Join("; ", result.Trace)}");
                            Assert.Equal(1, result.Scores.Sum(), 1e-10);
                        }
                }
            },
            iter: 60);
    }

    [Fact]
    public void Many_vectors_at_once_equal_each_alone()
    {
        foreach (int columns in new[] { 1, 2, 8, 9, 16, 17, 35 })
            foreach (DanglingPolicy policy in Policies)
                foreach (bool weighted in new[] { false, true })
                {
                    using var folder = new TemporaryFolder();
                    using LinkGraph graph = Build(folder, 50, TestGraphs.PowerLaw(50, 5, columns), weighted, columns % 6);
                    var seeds = Enumerable.Range(0, columns).Select(i => i == 3 ? null : Seeds(50, i)).ToList();
                    var options = new PageRankOptions { Dangling = policy, Tolerance = 1e-12 };
                    PageRankResult[] results = PageRank.ComputeMany(graph, seeds, options);
                    for (int i = 0; i < columns; i++)
                    {
                        double[] expected = DensePageRank.Solve(graph, options with { Teleport = seeds[i] });
                        double error = results[i].Scores.Zip(expected, (a, b) => Math.Abs(a - b)).Sum();
                        Assert.True(error < 1e-10 && error <= results[i].ErrorBound + 1e-14, $"column {i} of {columns}, {policy}: {error} against {results[i].ErrorBound}");
                        Assert.True(results[i].Converged, $"column {i} of {columns}, {policy}: {string.Join("; ", results[i].Trace)}");
                    }
                }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Bytes_do_not_depend_on_the_number_of_threads(bool local)
    {
        using var made = new TemporaryFolder();
        using (var builder = new GraphBuilder(made.Path, new GraphBuilderOptions { RankShape = new RankLayoutShape(8, 4, 200, local) }))
        {
            foreach (TestLink link in TestGraphs.PowerLaw(3000, 12, 7))
                builder.Add(link.Source, link.Target, link.Weight);
            builder.Build(3000);
        }
        using LinkGraph graph = LinkGraph.Open(made.Path);
        byte[]? first = null;
        foreach (int threads in new[] { 1, 2, 3, 5, 8 })
            for (int repeat = 0; repeat < 3; repeat++)
            {
                var options = new PageRankOptions { Threads = threads, Tolerance = 1e-11, Teleport = Seeds(3000, 5) };
                byte[] bytes = MemoryMarshal.AsBytes(PageRank.Compute(graph, options).Scores.AsSpan()).ToArray();
                foreach (PageRankResult result in PageRank.ComputeMany(graph, [null, Seeds(3000, 1), Seeds(3000, 2)], options with { Dangling = DanglingPolicy.Uniform }))
                    bytes = [.. bytes, .. MemoryMarshal.AsBytes(result.Scores.AsSpan())];
                Assert.Equal(first ??= bytes, bytes);
            }
    }

    [Fact]
    public void A_hub_of_a_hundred_thousand_links_loses_no_digits()
    {
        const int n = 150_001;
        using var folder = new TemporaryFolder();
        using (var builder = new GraphBuilder(folder.Path))
        {
            for (uint i = 1; i < n; i++)
                builder.Add(i, 0); // a star: the hub is summed in pieces
            builder.Add(0, 1);
            builder.Build(n);
        }
        using LinkGraph graph = LinkGraph.Open(folder.Path);
        Assert.True(RankLayout.Open(graph).HubCount > 0);
        const double d = 0.85;
        double b = (1 - d) / n, hub = (b + d * b * (n - 1)) / (1 - d * d); // x1 = b + d·x0, the others b
        PageRankResult result = PageRank.Compute(graph, new() { Tolerance = 1e-12 });
        Assert.Equal(hub, result.Scores[0], 1e-12);
        Assert.Equal(b + d * hub, result.Scores[1], 1e-12);
        Assert.Equal(hub, PageRank.ComputeMany(graph, [null, null], new() { Tolerance = 1e-12 })[1].Scores[0], 1e-12);
    }

    [Fact]
    public void Rows_longer_than_a_piece_of_the_layout_are_laid_out_whole()
    {
        const int fans = 2_300_000, n = fans + 2; // rows of 2.3 and 1.15 million links
        using var folder = new TemporaryFolder();
        using (var builder = new GraphBuilder(folder.Path, new GraphBuilderOptions { RankShape = new RankLayoutShape(4, 2, long.MaxValue, false) }))
        {
            for (uint i = 2; i < n; i++)
                builder.AddRow(i, i % 2 == 0 ? [0, 1] : [0]);
            builder.Build(n);
        }
        using LinkGraph graph = LinkGraph.Open(folder.Path);
        const double d = 0.85, half = d * fans / 4, sum = fans + 2 + d * fans; // in multiples of what a node without links gets
        double[] x = PageRank.Compute(graph, new() { Tolerance = 1e-12 }).Scores;
        Assert.Equal((1 + 3 * half) / sum, x[0], 1e-12);
        Assert.Equal((1 + half) / sum, x[1], 1e-12);
        Assert.Equal(1 / sum, x[2], 1e-12);
    }

    [Fact]
    public void A_farm_lifts_its_target_as_the_formula_says()
    {
        const int others = 2000, boosters = 40, n = others + boosters + 1;
        var links = TestGraphs.PowerLaw(others, 8, 3).Select(link => link with { Weight = 1 }).ToList();
        for (int i = 0; i < boosters; i++)
            links.AddRange([(others + i, n - 1), (n - 1, others + i)]);
        using TestGraph graph = TestGraphs.Of(n, [.. links]);
        PageRankResult result = PageRank.Compute(graph, new() { Tolerance = 1e-13 });
        const double d = 0.85;
        double b = (1 - d + d * result.DanglingMass) / n;
        Assert.Equal((d * boosters + 1) * b / (1 - d * d), result.Scores[n - 1], 1e-12);
    }

    [Fact]
    public void Too_few_rounds_are_an_answer_that_says_so()
    {
        using TestGraph graph = TestGraphs.Of(200, TestGraphs.PowerLaw(200, 4, 11));
        double[] exact = DensePageRank.Solve(graph, new());
        foreach (int rounds in new[] { 1, 2, 5 })
        {
            PageRankResult result = PageRank.Compute(graph, new() { MaxRounds = rounds });
            Assert.False(result.Converged);
            Assert.Equal(rounds, result.Rounds);
            double error = result.Scores.Zip(exact, (a, b) => Math.Abs(a - b)).Sum();
            Assert.True(error <= result.ErrorBound && error > 1e-9, $"{error} against {result.ErrorBound}");
        }
    }

    [Theory]
    [InlineData(0.99)]
    [InlineData(0.999)]
    public void High_damping_takes_longer_and_converges(double d)
    {
        using TestGraph random = TestGraphs.Of(300, TestGraphs.PowerLaw(300, 3, 5)), chain = TestGraphs.Of(400, TestGraphs.Chain(400, closed: true));
        foreach (LinkGraph graph in new LinkGraph[] { random, chain })
        {
            var options = new PageRankOptions { Damping = d, Tolerance = 1e-9, MaxRounds = 10_000, Teleport = new Dictionary<int, double> { [3] = 1 } };
            PageRankResult result = PageRank.Compute(graph, options);
            double error = result.Scores.Zip(DensePageRank.Solve(graph, options), (a, b) => Math.Abs(a - b)).Sum();
            Assert.True(result.Converged && error <= result.ErrorBound, $"{error} against {result.ErrorBound} after {result.Rounds} rounds");
        }
    }

    [Fact]
    public void A_tolerance_below_what_doubles_hold_ends_unconverged()
    {
        using TestGraph graph = TestGraphs.Of(100, TestGraphs.PowerLaw(100, 4, 1));
        PageRankResult result = PageRank.Compute(graph, new() { Tolerance = 1e-30 });
        Assert.False(result.Converged);
        Assert.InRange(result.ErrorBound, 1e-17, 1e-12);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        static Dictionary<int, double> Seed(int node, double weight) => new() { [node] = weight };
        foreach (PageRankOptions options in new PageRankOptions[]
        {
            new() { Damping = 1 }, new() { Damping = -0.1 }, new() { Damping = double.NaN }, new() { Tolerance = 0 },
            new() { Tolerance = double.NaN }, new() { MaxRounds = 0 }, new() { Threads = -1 }, new() { Dangling = (DanglingPolicy)9 },
            new() { Teleport = Seed(2, 1) }, new() { Teleport = Seed(-1, 1) }, new() { Teleport = Seed(0, -1) },
            new() { Teleport = Seed(0, double.NaN) }, new() { Teleport = Seed(0, 0) }, new() { Teleport = new Dictionary<int, double>() },
        })
            Assert.Throws<ArgumentOutOfRangeException>(() => PageRank.Compute(graph, options));
    }

    [Fact]
    public void Cancelling_stops_it()
    {
        using TestGraph graph = TestGraphs.Of(100, TestGraphs.PowerLaw(100, 4, 1));
        Assert.ThrowsAny<OperationCanceledException>(() => PageRank.Compute(graph, cancel: new CancellationToken(true)));
    }

    private static LinkGraph Build(TemporaryFolder folder, int nodes, TestLink[] links, bool weighted, int cut)
    {
        RankLayoutShape? shape = cut switch
        {
            1 => new RankLayoutShape(3, 2, 5, true),
            2 => new RankLayoutShape(4, 4, 1000, false),
            3 => new RankLayoutShape(2, 2, 0, false),
            4 => new RankLayoutShape(16, 6, 3, false),
            5 => new RankLayoutShape(1, 1, 2, true),
            _ => null,
        };
        using var builder = new GraphBuilder(folder.Path, new GraphBuilderOptions { RankShape = shape });
        foreach (TestLink link in links)
            if (weighted)
                builder.Add(link.Source, link.Target, link.Weight);
            else
                builder.Add(link.Source, link.Target);
        builder.Build(nodes);
        return LinkGraph.Open(folder.Path);
    }

    private static Dictionary<int, double> Seeds(int nodes, int seed)
    {
        Random random = new(seed);
        return Enumerable.Range(0, Math.Min(nodes, 1 + random.Next(4))).ToDictionary(i => i, _ => random.NextDouble() + 0.1);
    }

    private static void AssertTop(LinkGraph graph, string expectedPath, string member, Func<string, int> node)
    {
        using var expected = JsonDocument.Parse(File.ReadAllBytes(expectedPath));
        PageRankResult result = PageRank.Compute(graph, new() { Tolerance = 1e-12 });
        Assert.True(result.Converged);
        JsonElement top = expected.RootElement.GetProperty(member).GetProperty("top100");
        Assert.Equal(100, top.GetArrayLength());
        foreach (JsonElement entry in top.EnumerateArray())
        {
            int id = node(entry.GetProperty("id").ToString());
            double score = entry.GetProperty("value").GetDouble();
            Assert.Equal(score, result.Scores[id], score * 1e-9);
        }
        double last = top[99].GetProperty("value").GetDouble();
        Assert.InRange(result.Scores.Count(score => score >= last * (1 - 1e-9)), 100, 103); // ties at the end
    }
}
