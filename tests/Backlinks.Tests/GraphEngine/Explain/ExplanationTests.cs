using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

public sealed class ExplanationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_node_without_links_has_its_teleport_and_nothing_else()
    {
        var web = new NaiveWeb(1);
        using LinkGraph graph = web.Build(_folder.NewFolder());
        Explanation told = Explanation.Of(new SolvedAuthority(graph, web.Solve()), 0);
        Assert.Equal((1, 1, 0, 0, 0), (told.Raw, told.Teleport, told.LinkCount, told.LinksPass, told.Remainder));
        Assert.Empty(told.Links);
    }

    [Fact]
    public void A_star_by_hand()
    {
        // 1 and 2 link to 0; 1 also to 2, and loses a quarter of its weight.
        var web = new NaiveWeb(3) { Weights = { [(1, 0)] = 1, [(1, 2)] = 2, [(2, 0)] = 5 } };
        web.Lost[1] = 1;
        using LinkGraph graph = web.Build(_folder.NewFolder());
        Explanation told = Explanation.Of(new SolvedAuthority(graph, web.Solve()), 0);
        Assert.Equal([2, 1], told.Links.Select(l => l.Source)); // 2 passes all it has
        LinkContribution first = told.Links[0], second = told.Links[1];
        Assert.Equal(1 + 0.85 * 2 / 4, first.SourceRaw, 1e-14);
        Assert.Equal((1.0, 5.0, 1L, 0.0), (first.Share, first.Weight, first.SourceLinks, first.SourceEvaporates));
        Assert.Equal(0.85 * (1 + 0.85 * 2 / 4), first.Passes, 1e-14);
        Assert.Equal((0.25, 4.0, 2L, 0.25), (second.Share, second.SourceTotal, second.SourceLinks, second.SourceEvaporates));
        Assert.Equal(0.85 / 4, second.Passes, 1e-14);
        Assert.Equal(1, told.Links.Sum(l => l.Part) + told.Teleport / told.Raw, 1e-14);
    }

    [Fact]
    public void Contributions_teleport_and_remainder_sum_to_the_raw_value_on_every_node_of_random_graphs()
    {
        var random = new Random(1);
        for (int round = 0; round < 10; round++)
        {
            NaiveWeb web = NaiveWeb.Random(random);
            for (int node = 0; node < web.Nodes; node++)
                web.Teleport[node] = random.Next(3) == 0 ? 0 : random.NextDouble() * 5;
            double[] z = web.Solve();
            using LinkGraph graph = web.Build(_folder.NewFolder());
            var solved = new SolvedAuthority(graph, z, web.Teleport);
            for (int node = 0; node < web.Nodes; node++)
            {
                Explanation told = Explanation.Of(solved, node, new ExplanationOptions { Top = random.Next(6), Depth = 2, TopBelow = 2 });
                Check(told, web, z);
                Assert.Equal(graph.InDegree(node), told.Links.Count + told.OtherCount);
                Assert.All(told.Links, link => Check(link.Origin!, web, z));
            }
        }

        static void Check(Explanation told, NaiveWeb web, double[] z)
        {
            double sum = told.Teleport + told.Links.Sum(l => l.Passes) + told.OthersPass;
            Assert.True(Math.Abs(sum - z[told.Node]) <= 1e-9 * z[told.Node] + 1e-300, $"{sum} {z[told.Node]}");
            Assert.Equal(z[told.Node], sum + told.Remainder, 1e-12 * (1 + z[told.Node]));
            foreach (LinkContribution link in told.Links)
                Assert.Equal(NaiveWeb.Damping * web.Weights[(link.Source, told.Node)] / web.Total(link.Source) * z[link.Source], link.Passes, 1e-12 * (1 + link.Passes));
        }
    }

    [Fact]
    public void What_a_solver_left_is_told_as_remainder()
    {
        var web = new NaiveWeb(2) { Weights = { [(0, 1)] = 1 } };
        using LinkGraph graph = web.Build(_folder.NewFolder());
        Explanation told = Explanation.Of(new SolvedAuthority(graph, new double[] { 1, 2 }), 1);
        Assert.Equal(2 - 1.85, told.Remainder, 1e-15);
    }

    [Fact]
    public void Withheld_weight_is_told_by_what_it_would_pass_even_where_a_link_passes_nothing()
    {
        // Node 1 links to 0 with weight 1 and as much again under nofollow, node 2 only under nofollow.
        var web = new NaiveWeb(3) { Weights = { [(1, 0)] = 1, [(1, 2)] = 2 } };
        web.Lost[1] = 1;
        web.Lost[2] = 3;
        using LinkGraph graph = web.Build(_folder.NewFolder());
        double[] z = web.Solve();
        Explanation told = Explanation.Of(new SolvedAuthority(graph, z), 0, withheld: new Dictionary<int, double> { [1] = 1, [2] = 3 });
        Assert.Equal([1, 2], told.Links.Select(l => l.Source));
        Assert.Equal(0.85 * z[1] / 4, told.Links[0].Evaporates, 1e-15);
        Assert.Equal((0.0, 0.85 * z[2]), (told.Links[1].Passes, told.Links[1].Evaporates));
        Assert.Equal(told.Links.Sum(l => l.Evaporates), told.Evaporates, 1e-15);
        Assert.Equal(1, told.LinkCount);
    }

    [Fact]
    public void A_discount_is_told_by_what_it_took()
    {
        var web = new NaiveWeb(3) { Weights = { [(1, 0)] = 0.25, [(1, 2)] = 2, [(2, 0)] = 1 }, Undiscounted = [1, 2, 1] };
        web.Lost[1] = 0.75;
        using LinkGraph graph = web.Build(_folder.NewFolder());
        double[] z = web.Solve();
        Explanation told = Explanation.Of(new SolvedAuthority(graph, z), 0);
        Assert.Equal(0.85 * 0.75 / 3 * z[1], told.Links.Single(l => l.Source == 1).DiscountTook, 1e-14);
        Assert.Equal(0, told.Links.Single(l => l.Source == 2).DiscountTook);
        Assert.Equal(0.85 * 0.75 / 3 * z[1], told.DiscountTook, 1e-14);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-10)]
    [InlineData(1e-4)]
    public void The_error_of_published_values_is_within_its_bound(double tolerance)
    {
        var random = new Random(4);
        for (int round = 0; round < 6; round++)
        {
            NaiveWeb web = NaiveWeb.Random(random);
            for (int node = 0; node < web.Nodes; node++)
                web.Teleport[node] = random.Next(3);
            double[] exact = web.Solve();
            // The worst that the tolerance allows: each equation is off by all of it.
            double[] teleport = [.. web.Teleport], totals = [.. Enumerable.Range(0, web.Nodes).Select(web.Total)], z = exact;
            for (int i = 0; i < 400; i++)
            {
                double[] next = [.. teleport.Select((t, v) => t + tolerance * z[v])];
                foreach (((int source, int target), double weight) in web.Weights)
                    next[target] += NaiveWeb.Damping * weight / totals[source] * z[source];
                z = next;
            }
            using LinkGraph graph = web.Build(_folder.NewFolder());
            var solved = new SolvedAuthority(graph, z, teleport, tolerance: tolerance);
            for (int node = 0; node < web.Nodes; node++)
                Assert.True(Math.Abs(z[node] - exact[node]) <= solved.ErrorAt(node) + 1e-13 * exact[node], $"{z[node] - exact[node]} {solved.ErrorAt(node)}");
        }
    }

    [Fact]
    public void Careless_calls_are_refused_with_the_range()
    {
        using LinkGraph graph = new NaiveWeb(2).Build(_folder.NewFolder());
        var solved = new SolvedAuthority(graph, new double[] { 1, 1 });
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => Explanation.Of(solved, 2)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Explanation.Of(solved, 0, new ExplanationOptions { Top = -1 }));
        Assert.Contains("1 to 3", Assert.Throws<ArgumentOutOfRangeException>(() => Explanation.Of(solved, 0, new ExplanationOptions { Depth = 4 })).Message);
        Assert.Throws<ArgumentException>(() => new SolvedAuthority(graph, new double[] { 1 }));
        Assert.Throws<ArgumentException>(() => new SolvedAuthority(graph, new double[] { 1, 1 }, new double[] { 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SolvedAuthority(graph, new double[] { 1, 1 }, damping: 1));
    }
}
