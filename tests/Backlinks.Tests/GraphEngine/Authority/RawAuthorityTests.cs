using System.Runtime.InteropServices;
using Backlinks.GraphEngine;
using CsCheck;
using MathNet.Numerics.LinearAlgebra;

namespace Backlinks.Tests.GraphEngine.Authority;

public sealed class RawAuthorityTests
{
    [Fact]
    public void An_empty_graph_has_no_authority()
    {
        using TestGraph graph = TestGraphs.Of(0);
        RawAuthorityResult result = RawAuthority.Compute(graph);
        Assert.Empty(result.Raw);
        Assert.True(result.Converged);
    }

    [Fact]
    public void A_node_without_links_has_what_it_gets_from_nobody()
    {
        using TestGraph one = TestGraphs.Of(1), selfish = TestGraphs.Of(1, (0, 0));
        Assert.Equal([1.0], RawAuthority.Compute(one).Raw);
        Assert.Equal([3.0], RawAuthority.Compute(one, new() { Teleport = [3] }).Raw);
        Assert.Equal(1 / 0.15, RawAuthority.Compute(selfish).Raw[0], 1e-9);
    }

    [Fact]
    public void A_farm_of_k_boosters_and_its_target_have_their_closed_form()
    {
        const int k = 50;
        const double d = 0.85;
        using TestGraph graph = TestGraphs.Of(k + 1, [.. Enumerable.Range(1, k).SelectMany(i => new TestLink[] { (0, i), (i, 0) })]);
        double[] z = RawAuthority.Compute(graph).Raw;
        Assert.Equal((d * k + 1) / (1 - d * d), z[0], 1e-8);
        Assert.Equal(1 + d * z[0] / k, z[1], 1e-9);
    }

    [Fact]
    public void Damping_zero_leaves_the_teleport()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1), (1, 2), (2, 0));
        Assert.Equal([1, 0, 2], RawAuthority.Compute(graph, new() { Damping = 0, Teleport = [1, 0, 2] }).Raw);
    }

    [Fact]
    public void It_equals_a_dense_solve_for_any_weights_losses_and_teleport_and_its_bound_holds()
    {
        Gen.Select(Gen.Int[1, 60], Gen.Double[0, 6], Gen.Int, Gen.Bool).Sample((n, perNode, seed, weighted) =>
        {
            var random = new Random(seed);
            TestLink[] links = TestGraphs.PowerLaw(n, perNode, seed);
            double[]? lost = weighted ? [.. Enumerable.Range(0, n).Select(_ => random.Next(3) == 0 ? random.NextDouble() * 3 : 0)] : null;
            double[]? teleport = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, n).Select(_ => random.Next(3) == 0 ? 0 : random.NextDouble() * 4)];
            double[]? start = random.Next(2) == 0 ? null : [.. Enumerable.Range(0, n).Select(_ => random.NextDouble() * 10)];
            double d = random.Next(3) == 0 ? random.NextDouble() * 0.95 : 0.85;
            using var folder = new TemporaryFolder();
            using LinkGraph graph = AuthorityGraphs.Build(folder.Path, n, links, weighted, lost);
            double[] exact = NaiveAuthority.Solve(graph, d, teleport);
            RawAuthorityResult result = RawAuthority.Compute(graph, new() { Damping = d, Teleport = teleport, Start = start });
            Assert.True(result.Converged, $"residual {result.MaxRelativeResidual}");
            double error = exact.Zip(result.Raw, (a, b) => Math.Abs(a - b)).Sum();
            Assert.True(error <= result.ErrorBound * exact.Sum() * (1 + 1e-6) + 1e-12 * exact.Sum(), $"{error} {result.ErrorBound * exact.Sum()}");
            AuthorityGraphs.AssertSums(graph, d, teleport, result.Raw, 1e-10);
        }, iter: 60, threads: 1);
    }

    /// <summary>The slowest there is: thousands of pairs that keep nearly all they have, each converging by d² a round on its own.</summary>
    [Theory]
    [InlineData(0.85)]
    [InlineData(0.97)]
    public void Circles_that_feed_themselves_converge_too(double d)
    {
        const int pairs = 2000, hub = 2 * pairs;
        var random = new Random(1);
        using TestGraph graph = TestGraphs.Weighted(hub + 500, [.. Enumerable.Range(0, pairs).SelectMany(i => new TestLink[]
        {
            (2 * i, 2 * i + 1, 1.0), (2 * i + 1, 2 * i, 1.0), (2 * i, hub, random.NextDouble() * 0.01),
        }), .. Enumerable.Range(1, 499).SelectMany(i => new TestLink[] { (hub + i, hub, 1.0), (hub, hub + i, 1.0) })]);
        RawAuthorityResult result = RawAuthority.Compute(graph, new() { Damping = d });
        Assert.True(result.Converged, $"{result.MaxRelativeResidual} after {result.Rounds} rounds");
        AuthorityGraphs.AssertSums(graph, d, null, result.Raw, 1e-10);
    }

    [Fact]
    public void It_is_page_rank_up_to_scale()
    {
        using TestGraph graph = TestGraphs.Weighted(400, TestGraphs.PowerLaw(400, 5, 7));
        double[] z = RawAuthority.Compute(graph).Raw, x = PageRank.Compute(graph, new() { Tolerance = 1e-12 }).Scores;
        double sum = z.Sum();
        for (int v = 0; v < 400; v++)
            Assert.Equal(x[v], z[v] / sum, 1e-11);
    }

    [Fact]
    public void Bytes_do_not_depend_on_threads()
    {
        using TestGraph graph = TestGraphs.Weighted(30_000, TestGraphs.PowerLaw(30_000, 7, 11));
        byte[]? bytes = null;
        foreach (int threads in new[] { 1, 2, 8 })
        {
            RawAuthorityResult result = RawAuthority.Compute(graph, new() { Threads = threads });
            Assert.True(result.Converged);
            byte[] now = MemoryMarshal.AsBytes(result.Raw.AsSpan()).ToArray();
            Assert.Equal(bytes ??= now, now);
        }
    }

    [Fact]
    public void A_start_at_the_answer_takes_no_round()
    {
        using TestGraph graph = TestGraphs.Of(2000, TestGraphs.PowerLaw(2000, 5, 3));
        RawAuthorityResult cold = RawAuthority.Compute(graph), warm = RawAuthority.Compute(graph, new() { Start = cold.Raw });
        Assert.True(cold.Rounds > 10);
        Assert.Equal(0, warm.Rounds);
        Assert.Equal(cold.Raw, warm.Raw);
    }

    [Fact]
    public void Too_few_rounds_are_told_and_their_bound_still_holds()
    {
        using TestGraph graph = TestGraphs.Of(300, TestGraphs.PowerLaw(300, 5, 3));
        double[] exact = NaiveAuthority.Solve(graph, 0.85, null);
        for (int rounds = 1; rounds < 6; rounds++)
        {
            RawAuthorityResult result = RawAuthority.Compute(graph, new() { MaxRounds = rounds });
            Assert.Equal(rounds, result.Rounds);
            Assert.False(result.Converged);
            Assert.True(exact.Zip(result.Raw, (a, b) => Math.Abs(a - b)).Sum() <= result.ErrorBound * result.Raw.Sum() * (1 + 1e-9));
        }
    }

    [Fact]
    public void Vectors_of_another_length_negative_or_not_finite_are_refused_and_so_are_options_out_of_range()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        Assert.Contains("2 nodes", Assert.Throws<ArgumentException>(() => RawAuthority.Compute(graph, new() { Teleport = [1] })).Message);
        foreach (double bad in new[] { -1, double.NaN, double.PositiveInfinity })
        {
            Assert.Contains("node 1", Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { Teleport = [1, bad] })).Message);
            Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { Start = [1, bad] }));
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { Damping = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { Tolerance = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { MaxRounds = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => RawAuthority.Compute(graph, new() { Threads = -2 }));
        Assert.ThrowsAny<OperationCanceledException>(() => RawAuthority.Compute(graph, null, null, new CancellationToken(true)));
    }
}

/// <summary>z = t + d·Pᵀz as it reads: (I − dPᵀ) written out and solved by LU.</summary>
internal static class NaiveAuthority
{
    public static double[] Solve(LinkGraph graph, double d, double[]? t)
    {
        int n = graph.NodeCount;
        Matrix<double> system = Matrix<double>.Build.DenseIdentity(n);
        for (int u = 0; u < n; u++)
            for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                if (graph.OutTotal(u) > 0)
                    system[(int)graph.OutLinks[i], u] -= d * graph.OutWeight(i) / graph.OutTotal(u);
        return [.. system.Solve(Vector<double>.Build.DenseOfArray(t ?? [.. Enumerable.Repeat(1.0, n)]))];
    }
}

/// <summary>Graphs with lost weight, and the law that contributions add up.</summary>
internal static class AuthorityGraphs
{
    public static LinkGraph Build(string folder, int nodes, IEnumerable<TestLink> links, bool weighted, double[]? lost = null)
    {
        using (var builder = new GraphBuilder(folder))
        {
            foreach (TestLink link in links)
                if (weighted)
                    builder.Add(link.Source, link.Target, link.Weight, link.Count);
                else
                    builder.Add(link.Source, link.Target);
            if (lost is not null)
                builder.AddLostWeights(lost);
            builder.Build(nodes);
        }
        return LinkGraph.Open(folder);
    }

    /// <summary>t(v) and what each link brings add up to z(v), within <paramref name="tolerance"/> of it.</summary>
    public static void AssertSums(LinkGraph graph, double d, double[]? t, double[] z, double tolerance)
    {
        double[] sums = [.. t ?? Enumerable.Repeat(1.0, graph.NodeCount)];
        double floor = 1e-6 * sums.Sum() / sums.Length;
        for (int u = 0; u < graph.NodeCount; u++)
            if (graph.OutTotal(u) is var total && total > 0)
                for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                    sums[graph.OutLinks[i]] += d * graph.OutWeight(i) / total * z[u];
        for (int v = 0; v < sums.Length; v++)
            Assert.True(Math.Abs(sums[v] - z[v]) <= tolerance * (1 + 1e-3) * Math.Max(z[v], floor), $"node {v}: {sums[v]} is not {z[v]}");
    }
}
