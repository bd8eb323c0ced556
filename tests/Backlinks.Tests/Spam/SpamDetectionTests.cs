using Backlinks.GraphEngine;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

public class SpamDetectionTests
{
    [Fact]
    public void Nothing_and_one_domain_have_no_cluster()
    {
        using TestGraph none = TestGraphs.Of(0), one = TestGraphs.Of(1);
        Assert.Empty(SpamDetection.Compute(Input(none)).Report.Clusters);
        Assert.Equal([0u], SpamDetection.Compute(Input(one)).Cluster);
    }

    [Fact]
    public void The_mixture_of_supporters_is_the_likelihood_ratio_of_its_formula()
    {
        var options = new SpamOptions();
        Assert.Equal(12 * Math.Log(0.9 / 0.5) + 3 * Math.Log(0.1 / 0.5), BoostedTargets.LogRatio(12, 3, options), 1e-12);
        // Twelve hosts that link to 0 alone; a hub that links to 0 and to forty others.
        using TestGraph graph = TestGraphs.Of(60, [.. Enumerable.Range(1, 12).Select(u => (TestLink)(u, 0)), (13, 0), .. Enumerable.Range(14, 40).Select(v => (TestLink)(13, v))]);
        var at = new Surroundings(Input(graph), options, default);
        TargetSupport support = BoostedTargets.Of(at, 0, [], []);
        Assert.Equal((12, 1), (support.Boosters, support.Others));
        double hub = 0.85 / 41;
        Assert.Equal(12 * 0.85 / (12 * 0.85 + hub), support.Concentration, 1e-12);
    }

    [Fact]
    public void A_star_is_found_with_roles_reasons_and_a_discount_for_its_inner_links_only()
    {
        using TestGraph graph = Star(30);
        SpamInput input = Input(graph);
        SpamResult result = SpamDetection.Compute(input);
        SpamCluster cluster = Assert.Single(result.Report.Clusters);
        Assert.True(cluster.Confirmed && cluster.Members.Count == 31 && cluster.Insularity > 0.99);
        Assert.Equal(("0", SpamRole.Target, 30), (cluster.Members[0].Name, cluster.Members[0].Role, cluster.Members[0].Supporters));
        Assert.All(cluster.Members.Skip(1), m => Assert.Equal(SpamRole.Booster, m.Role));
        Assert.Contains("30 of the 30 owners", cluster.Reasons[0].Text);
        Assert.Contains(cluster.Victims, v => v.Name == "40" && v.Boosters > 5);
        Assert.Equal(0.02, result.Discount(1, 0));
        Assert.Equal(1, result.Discount(0, 1)); // a target gives as before
        Assert.Equal(1, result.Discount(1, 40));
        double[] after = DiscountedAuthority.Compute(graph, result.Discount);
        double[] without = DiscountedAuthority.Compute(graph, (u, v) => v == 0 && u <= 30 ? 0 : 1);
        Assert.True(after[0] - without[0] <= 0.1 * (input.Raw[0] - without[0]));
    }

    [Fact]
    public void Raw_authority_of_a_farm_is_its_closed_form()
    {
        // k boosters and their target link to each other: z = (d·k + 1)/(1 − d²).
        const int k = 7;
        using TestGraph graph = TestGraphs.Of(k + 1, [.. Enumerable.Range(1, k).SelectMany(u => new TestLink[] { (u, 0), (0, u) })]);
        Assert.Equal((0.85 * k + 1) / (1 - 0.85 * 0.85), DiscountedAuthority.Compute(graph)[0], 1e-8);
        Assert.Equal(1, DiscountedAuthority.Compute(graph, (_, _) => 0)[0], 1e-12);
    }

    [Fact]
    public void Links_within_one_owner_or_one_domain_are_no_evidence()
    {
        using TestGraph graph = Star(30);
        uint[] one = [.. Enumerable.Range(0, graph.Graph.NodeCount).Select(v => v <= 30 ? 7u : 0u)];
        Assert.Empty(SpamDetection.Compute(Input(graph) with { Owners = one }).Report.Clusters);
        Assert.Empty(SpamDetection.Compute(Input(graph) with { Sites = one }).Report.Clusters);
    }

    [Fact]
    public void Directories_platforms_and_widely_known_sites_are_excluded_in_words_with_numbers()
    {
        // A directory that lists fifty sites, thirty of which link back.
        using TestGraph directory = TestGraphs.Of(100, [.. Enumerable.Range(1, 60).Select(v => (TestLink)(0, v)), .. Enumerable.Range(1, 20).Select(u => (TestLink)(u, 0))]);
        SpamReport report = SpamDetection.Compute(Input(directory)).Report;
        Assert.Empty(report.Clusters);
        Assert.Contains("links to 60 owners, of which 20 link back", Assert.Single(report.Excluded).Reason);
        using TestGraph star = Star(30);
        DomainTraits[] traits = new DomainTraits[star.Graph.NodeCount];
        traits[0] = DomainTraits.Platform;
        report = SpamDetection.Compute(Input(star) with { Traits = traits }).Report;
        Assert.Empty(report.Clusters);
        Assert.Contains("platform", Assert.Single(report.Excluded).Reason);
    }

    [Fact]
    public void A_network_known_by_an_account_is_confirmed_with_its_customer_and_a_family_that_links_openly_is_not()
    {
        // Blogs 1 to 8 link to customer 0 and to three good sites each; sites 10 to 17 link to each other.
        var links = new List<TestLink>();
        Random random = new(2);
        for (int u = 1; u <= 8; u++)
        {
            links.Add((u, 0));
            for (int i = 0; i < 3; i++)
                links.Add((u, 30 + random.Next(60)));
        }
        for (int u = 10; u < 18; u++)
            for (int v = 10; v < 18; v++)
                if (u != v)
                    links.Add((u, v));
        for (int u = 100; u < 300; u++)
            for (int i = 0; i < 3; i++)
                links.Add((u, 30 + random.Next(60)));
        using TestGraph graph = TestGraphs.Of(300, [.. links]);
        var accounts = new ulong[]?[300];
        for (int v = 1; v <= 8; v++)
            (accounts[v], accounts[v + 9]) = ([77], [88]);
        SpamInput input = Input(graph) with
        {
            Channels = [SharedKeys.FromLists("counter account", EvidenceFamily.Infrastructure, accounts) with { Strength = 3, Describe = k => $"UX-{k}" }],
        };
        SpamReport report = SpamDetection.Compute(input).Report;
        SpamCluster cluster = Assert.Single(report.Clusters, c => c.Confirmed);
        Assert.Equal(9, cluster.Members.Count);
        Assert.Equal("0", cluster.Members[0].Name);
        Assert.Contains(cluster.Reasons, r => r.Family == EvidenceFamily.Infrastructure && r.Text.Contains("UX-77", StringComparison.Ordinal));
        Assert.All(report.Clusters.Where(c => c.Members.Any(m => m.Name == "10")), c => Assert.Contains(c.CounterEvidence, e => e.Contains("openly", StringComparison.Ordinal)));
    }

    [Fact]
    public void Links_that_came_in_one_burst_add_evidence_of_another_family()
    {
        using TestGraph graph = Star(30);
        int[] days = [.. Enumerable.Range(0, (int)graph.Graph.LinkCount).Select(i => 735_000 + i * 37 % 1000)];
        for (long i = graph.Graph.InOffsets[0]; i < graph.Graph.InOffsets[1]; i++)
            days[i] = 735_500 + (int)(i % 5);
        SpamCluster cluster = Assert.Single(SpamDetection.Compute(Input(graph) with { FirstSeen = days }).Report.Clusters);
        Assert.Contains(cluster.Reasons, r => r.Family == EvidenceFamily.Time && r.Text.Contains("30 of 30 links", StringComparison.Ordinal));
        Assert.Equal(2, cluster.Families.Count(f => f.Value >= 1));
    }

    [Fact]
    public void A_key_that_everyone_has_says_nothing()
    {
        using TestGraph graph = TestGraphs.Of(200, [.. Enumerable.Range(0, 199).Select(u => (TestLink)(u, u + 1))]);
        var keys = Enumerable.Range(0, 200).Select(_ => (IReadOnlyCollection<ulong>?)new ulong[] { 1 }).ToList();
        var at = new Surroundings(Input(graph), new SpamOptions(), default);
        KeyGroups.ForEach(at, SharedKeys.FromLists("address", EvidenceFamily.Infrastructure, keys), (_, members) => Assert.Fail($"{members.Length} members"), default);
    }

    [Fact]
    public void Ids_last_while_half_of_the_members_do()
    {
        using TestGraph before = Star(30), after = Star(26);
        SpamReport first = SpamDetection.Compute(Input(before)).Report;
        string id = Assert.Single(first.Clusters).Id;
        Assert.Matches("^c-[0-9a-f]{8}$", id);
        SpamReport renamed = first with { Clusters = [first.Clusters[0] with { Id = "c-00000001" }] };
        Assert.Equal("c-00000001", Assert.Single(SpamDetection.Compute(Input(after), null, renamed).Report.Clusters).Id);
        SpamReport other = first with { Clusters = [first.Clusters[0] with { Id = "c-00000001", Members = [.. first.Clusters[0].Members.Take(5)] }] };
        Assert.Equal(id, Assert.Single(SpamDetection.Compute(Input(before), null, other).Report.Clusters).Id);
    }

    [Fact]
    public void The_report_is_the_same_bytes_on_any_number_of_threads_and_reads_back()
    {
        TestLink[] links = [.. TestGraphs.PowerLaw(3000, 4, 5), .. Enumerable.Range(0, 40).Select(i => new TestLink((uint)(2900 + i), 17, 1))];
        using TestGraph graph = TestGraphs.Weighted(3000, links);
        Random random = new(4);
        SpamInput input = Input(graph) with
        {
            Contents = SharedKeys.FromLists("text", EvidenceFamily.Content, [.. Enumerable.Range(0, 3000).Select(_ => (IReadOnlyCollection<ulong>?)new[] { (ulong)random.NextInt64(1, 400) })]),
        };
        byte[] one = SpamDetection.Compute(input, new SpamOptions { Threads = 1, Reported = 0 }).Report.ToJson();
        Assert.Equal(one, SpamDetection.Compute(input, new SpamOptions { Threads = 2, Reported = 0 }).Report.ToJson());
        Assert.Equal(one, SpamDetection.Compute(input, new SpamOptions { Threads = 8, Reported = 0 }).Report.ToJson());
        Assert.Equal(one, SpamReport.Parse(one).ToJson());
        Assert.NotEmpty(SpamReport.Parse(one).Clusters);
    }

    [Fact]
    public void Input_that_does_not_fit_is_told()
    {
        using TestGraph graph = Star(10);
        Assert.Contains("Raw has 1 elements", Assert.Throws<ArgumentException>(() => SpamDetection.Compute(new SpamInput { Graph = graph, Raw = [1] })).Message);
        Assert.Throws<ArgumentException>(() => SpamDetection.Compute(Input(graph) with { Owners = [1] }));
        Assert.Throws<ArgumentException>(() => SpamDetection.Compute(Input(graph) with { FirstSeen = [1] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpamDetection.Compute(Input(graph), new SpamOptions { Discount = 1.5 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SpamDetection.Compute(Input(graph), new SpamOptions { NarrowIfBoosted = 0.4 }));
        Assert.Contains("clusters.json, line 2", Assert.Throws<SpamException>(() => SpamReport.Parse("{\n x"u8)).Message);
        Assert.Contains("version 2", Assert.Throws<SpamException>(() => SpamReport.Parse("{\"version\":2,\"clusters\":[],\"excluded\":[]}"u8)).Message);
    }

    internal static SpamInput Input(LinkGraph graph) => new() { Graph = graph, Raw = DiscountedAuthority.Compute(graph) };

    /// <summary>Boosters 1 to k link to 0, every third to the good site 40 too, to which ten sites link that link to forty others.</summary>
    private static TestGraph Star(int boosters) => TestGraphs.Of(100, [
        .. Enumerable.Range(1, boosters).Select(u => (TestLink)(u, 0)),
        .. Enumerable.Range(1, boosters).Where(u => u % 3 == 0).Select(u => (TestLink)(u, 40)),
        .. Enumerable.Range(50, 10).SelectMany(u => Enumerable.Range(60, 40).Append(40).Select(v => (TestLink)(u, v))),
    ]);
}
