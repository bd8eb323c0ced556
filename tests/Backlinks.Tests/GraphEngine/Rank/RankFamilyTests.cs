using Backlinks.GraphEngine;
using Backlinks.Tests.GraphEngine.Authority;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace Backlinks.Tests.GraphEngine.Rank;

/// <summary>Contributions, robust and truncated PageRank, trust: each against its definition written out densely.</summary>
public sealed class RankFamilyTests : IClassFixture<CnrPages>
{
    private const double D = 0.85;
    private readonly CnrPages _cnr;

    public RankFamilyTests(CnrPages cnr) => _cnr = cnr;

    [Fact]
    public void A_node_alone_contributes_itself()
    {
        using TestGraph graph = TestGraphs.Of(2, (1, 1));
        using var shares = new LinkShares(graph);
        var search = new Contributions(shares);
        ContributionsResult alone = search.To(0);
        Assert.Equal([0], alone.Nodes);
        Assert.Equal([1.0], alone.Values);
        Assert.True(alone.Complete);
        Assert.Equal(1 / 0.15, search.To(1, new() { Epsilon = 1e-12 }).Values[0], 1e-9);
    }

    [Fact]
    public void Contributions_are_within_their_bound_and_add_up_exactly()
    {
        Gen.Select(Gen.Int[1, 80], Gen.Double[0, 6], Gen.Int, Gen.Double[1, 6], Gen.Bool).Sample((n, perNode, seed, digits, weighted) =>
        {
            using var graph = new TestGraph(n, TestGraphs.PowerLaw(n, perNode, seed), weighted);
            using var shares = new LinkShares(graph);
            Matrix<double> m = Walks(graph);
            double[] z = RawAuthority.Compute(graph).Raw;
            var search = new Contributions(shares);
            double epsilon = Math.Pow(10, -digits);
            for (int v = 0; v < n; v += 1 + n / 7)
            {
                ContributionsResult found = search.To(v, new() { Epsilon = epsilon });
                Assert.True(found.Complete);
                double[] p = new double[n];
                foreach ((int node, double value) in found.Nodes.Zip(found.Values))
                    p[node] = value;
                for (int u = 0; u < n; u++)
                    Assert.InRange(m[u, v] - p[u], -1e-12, epsilon / (1 - D) + 1e-12);
                Assert.Equal(z[v], found.Values.Sum() + found.Rest.Sum(rest => z[rest.Node] * rest.Left), 1e-9 * z[v]);
            }
        }, iter: 40, threads: 1);
    }

    [Fact]
    public void A_search_that_is_cut_short_says_how_far_it_got()
    {
        using TestGraph graph = TestGraphs.Of(500, TestGraphs.PowerLaw(500, 8, 2));
        using var shares = new LinkShares(graph);
        Matrix<double> m = Walks(graph);
        var search = new Contributions(shares);
        int target = Enumerable.Range(0, 500).MaxBy(v => graph.Graph.InDegree(v));
        ContributionsResult cut = search.To(target, new() { Epsilon = 1e-9, MaxLinks = 1 });
        Assert.False(cut.Complete);
        for (int u = 0; u < 500; u++)
            Assert.InRange(m[u, target] - (cut.Nodes.AsSpan().IndexOf(u) is >= 0 and int at ? cut.Values[at] : 0), -1e-12, cut.Epsilon / (1 - D) + 1e-12);
        Assert.Equal(search.To(target).Values, new Contributions(shares).To(target).Values); // nothing is left over from before
    }

    [Fact]
    public void Robust_page_rank_equals_its_definition()
    {
        Gen.Select(Gen.Int[1, 80], Gen.Double[0, 6], Gen.Int, Gen.Double[0.01, 0.5], Gen.Bool).Sample((n, perNode, seed, cap, seeded) =>
        {
            using TestGraph graph = TestGraphs.Weighted(n, TestGraphs.PowerLaw(n, perNode, seed));
            var random = new Random(seed);
            double[]? t = seeded ? [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() + 0.1)] : null;
            Matrix<double> m = Walks(graph);
            double[] z = RawAuthority.Compute(graph, new() { Teleport = t }).Raw;
            int[] nodes = RobustPageRank.Top(z, 0.5);
            double[] ratios = RobustPageRank.Ratios(graph, z, nodes, new() { Cap = cap, Accuracy = 1e-6, Teleport = t, MaxLinks = long.MaxValue });
            for (int i = 0; i < nodes.Length; i++)
            {
                int v = nodes[i];
                double robust = Enumerable.Range(0, n).Sum(u => Math.Min((t?[u] ?? 1) * m[u, v], cap * z[v]));
                Assert.Equal(robust / z[v], ratios[i], 1e-5);
            }
            double[] rough = RobustPageRank.Ratios(graph, z, nodes, new() { Cap = cap, Teleport = t, Threads = 1 });
            Assert.Equal(rough, RobustPageRank.Ratios(graph, z, nodes, new() { Cap = cap, Teleport = t, Threads = 8 }));
            Assert.All(rough.Zip(ratios), pair => Assert.True(pair.First >= pair.Second - 1e-5)); // an upper bound
        }, iter: 30, threads: 1);
    }

    [Fact]
    public void A_farm_is_less_robust_than_a_page_the_web_links_to()
    {
        // 60 links to each of two pages: from 60 boosters that have nothing else, and from 60 pages that are themselves linked from far and wide
        var links = new List<TestLink>();
        for (int i = 0; i < 60; i++)
        {
            links.Add((2 + i, 0));
            links.Add((100 + i, 1));
            for (int k = 0; k < 30; k++)
                links.Add((200 + 30 * i + k, 100 + i));
        }
        using TestGraph graph = TestGraphs.Of(2000, [.. links]);
        double[] z = RawAuthority.Compute(graph).Raw;
        double[] ratios = RobustPageRank.Ratios(graph, z, [0, 1], new() { Cap = 0.01 });
        Assert.True(ratios[0] < 0.75 && ratios[1] > 0.95, $"{ratios[0]} {ratios[1]}");
    }

    [Fact]
    public void Truncated_page_rank_is_what_comes_from_farther_than_its_levels()
    {
        Gen.Select(Gen.Int[1, 60], Gen.Double[0, 6], Gen.Int, Gen.Int[0, 5]).Sample((n, perNode, seed, levels) =>
        {
            using TestGraph graph = TestGraphs.Weighted(n, TestGraphs.PowerLaw(n, perNode, seed));
            double[] z = RawAuthority.Compute(graph, new() { Tolerance = 1e-13 }).Raw;
            double[] truncated = TruncatedPageRank.Compute(graph, z, new() { Levels = levels });
            double[] walk = [.. Enumerable.Repeat(1.0, n)], sum = new double[n];
            for (int k = 0; k < 300; k++)
            {
                if (k > levels)
                    for (int v = 0; v < n; v++)
                        sum[v] += walk[v] * Math.Pow(D, -(levels + 1));
                walk = [.. Sparse.NaiveShares.Multiply(graph, walk).Select(w => D * w)];
            }
            for (int v = 0; v < n; v++)
                Assert.Equal(sum[v], truncated[v], 1e-7 * Math.Max(1, z[v]));
        }, iter: 40, threads: 1);
    }

    [Fact]
    public void On_a_ring_truncation_changes_nothing_and_on_a_chain_the_start_has_nothing_left()
    {
        using TestGraph ring = TestGraphs.Of(6, TestGraphs.Chain(6, closed: true)), chain = TestGraphs.Of(5, TestGraphs.Chain(5));
        double[] z = RawAuthority.Compute(ring).Raw;
        Assert.All(TruncatedPageRank.Compute(ring, z), score => Assert.Equal(z[0], score, 1e-8));
        double[] truncated = TruncatedPageRank.Compute(chain, RawAuthority.Compute(chain).Raw);
        Assert.Equal([0, 0, 0, 1, 1 + D], truncated, (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void Trust_flows_along_links_and_distrust_against_them()
    {
        using TestGraph graph = TestGraphs.Of(4, (0, 1), (1, 2), (3, 1));
        Assert.Equal([4, 4 * D, 4 * D * D, 0], Trust.From(graph, new Dictionary<int, double> { [0] = 7 }).Values, (a, b) => Math.Abs(a - b) < 1e-9);
        // backwards 2 → 1 → {0, 3}
        Assert.Equal([4 * D * D / 2, 4 * D, 4, 4 * D * D / 2], Trust.Against(graph, new Dictionary<int, double> { [2] = 1 }).Values, (a, b) => Math.Abs(a - b) < 1e-9);
    }

    [Fact]
    public void Trust_equals_a_dense_solve_in_both_directions_for_any_threads()
    {
        Gen.Select(Gen.Int[1, 60], Gen.Double[0, 6], Gen.Int).Sample((n, perNode, seed) =>
        {
            TestLink[] links = TestGraphs.PowerLaw(n, perNode, seed);
            using TestGraph graph = TestGraphs.Weighted(n, links), backwards = TestGraphs.Weighted(n, [.. links.Select(l => new TestLink(l.Target, l.Source, l.Weight))]);
            var seeds = new Dictionary<int, double> { [n - 1] = 2, [n / 2] = 1 };
            double[] t = Trust.Teleport(n, seeds);
            foreach ((TrustResult result, LinkGraph web) in new[] { (Trust.From(graph, seeds), graph.Graph), (Trust.Against(graph, seeds), backwards.Graph) })
            {
                double[] exact = NaiveAuthority.Solve(web, D, t);
                Assert.True(result.Converged);
                Assert.True(exact.Zip(result.Values, (a, b) => Math.Abs(a - b)).Sum() <= result.ErrorBound * exact.Sum() * (1 + 1e-6));
            }
            Assert.Equal(Trust.From(graph, seeds, new() { Threads = 1 }).Values, Trust.From(graph, seeds, new() { Threads = 8 }).Values);
        }, iter: 30, threads: 1);
    }

    [Fact]
    public void A_farm_planted_in_cnr_2000_has_its_closed_form()
    {
        LinkGraph cnr = _cnr.Require();
        const int k = 200;
        int target = cnr.NodeCount, n = cnr.NodeCount + 1 + k;
        using var folder = new TemporaryFolder();
        using (var builder = new GraphBuilder(folder.Path))
        {
            for (int node = 0; node < cnr.NodeCount; node++)
                builder.AddRow((uint)node, cnr.OutOf(node));
            builder.AddRow((uint)target, [.. Enumerable.Range(target + 1, k).Select(node => (uint)node)]);
            for (int booster = target + 1; booster < n; booster++)
                builder.AddRow((uint)booster, [(uint)target]);
            builder.Build(n);
        }
        using LinkGraph graph = LinkGraph.Open(folder.Path);
        double[] z = RawAuthority.Compute(graph).Raw;
        double form = (D * k + 1) / (1 - D * D);
        Assert.Equal(form, z[target], 1e-9 * form);
        PageRankResult x = PageRank.Compute(graph, new() { Tolerance = 1e-10 });
        double b = (1 - D + D * x.DanglingMass) / n;
        Assert.Equal(form * b, x.Scores[target], 1e-6 * form * b);
        double robust = RobustPageRank.Ratios(graph, z, [target], new() { Accuracy = 0.01 })[0];
        Assert.True(robust < 0.25, $"{robust}"); // 201 contributors, each counted for a thousandth
        double[] truncated = TruncatedPageRank.Compute(graph, z);
        Assert.True(truncated[target] > 0);
    }

    [Fact]
    public void What_is_out_of_range_is_refused()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        using var shares = new LinkShares(graph);
        using var reversed = new LinkShares(graph, reversed: true);
        Assert.Throws<ArgumentException>(() => new Contributions(reversed));
        var search = new Contributions(shares);
        Assert.Throws<ArgumentOutOfRangeException>(() => search.To(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => search.To(0, new() { Epsilon = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => search.To(0, new() { Damping = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => search.To(0, new() { MaxLinks = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => RobustPageRank.Ratios(graph, [1, 1], [2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RobustPageRank.Ratios(graph, [1, 1], [0], new() { Cap = 0 }));
        Assert.Throws<ArgumentException>(() => RobustPageRank.Ratios(graph, [1], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => TruncatedPageRank.Compute(graph, [1, 1], new() { Levels = -1 }));
        Assert.Throws<ArgumentException>(() => Trust.From(graph, new Dictionary<int, double>()));
        Assert.Throws<ArgumentOutOfRangeException>(() => Trust.From(graph, new Dictionary<int, double> { [2] = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Trust.Against(graph, new Dictionary<int, double> { [0] = 0 }));
    }

    /// <summary>M = (I − dP)⁻¹.</summary>
    private static Matrix<double> Walks(LinkGraph graph)
    {
        int n = graph.NodeCount;
        Matrix<double> system = Matrix<double>.Build.DenseIdentity(n);
        for (int u = 0; u < n; u++)
            for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                if (graph.OutTotal(u) > 0)
                    system[u, (int)graph.OutLinks[i]] -= D * graph.OutWeight(i) / graph.OutTotal(u);
        return system.Inverse();
    }
}
