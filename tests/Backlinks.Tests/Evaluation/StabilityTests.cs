using Backlinks.Evaluation;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.Evaluation;

/// <summary>How far scores move when links are lost: a closed form, a naive version, and the real graph.</summary>
public sealed class StabilityTests(UkHosts uk) : IClassFixture<UkHosts>
{
    [Fact]
    public void A_star_loses_what_its_lost_links_brought()
    {
        // 200 nodes link to node 0 and nothing else: z(0) = 1 + .85·links
        using TestGraph graph = TestGraphs.Weighted(201, [.. Enumerable.Range(1, 200).Select(u => new TestLink((uint)u, 0, 2))]);
        using var work = new TemporaryFolder();
        StabilityResult result = Stability.Measure(graph, Raw, z => AuthorityScale.Score(z, 1e4), work.Path, new() { LostShare = .1, Seeds = 3 });
        Assert.All(result.Rounds, r =>
        {
            Assert.Equal(1, r.Nodes);
            Assert.InRange(r.Lost, 5, 40);
            Assert.Equal(25 * (Math.Log10(1 + .85 * 200) - Math.Log10(1 + .85 * (200 - r.Lost))), r.Median, 1e-7);
        });
        Assert.Empty(Directory.GetFileSystemEntries(work.Path));
    }

    [Fact]
    public void The_same_seed_loses_the_same_links_and_another_others()
    {
        using TestGraph graph = TestGraphs.Weighted(60, [.. Enumerable.Range(0, 600).Select(i => new TestLink((uint)(i * 7 % 60), (uint)(i * 13 / 3 % 59), 1 + i % 3))]);
        using var work = new TemporaryFolder();
        StabilityOptions options = new() { Seeds = 2, LostShare = .05 };
        StabilityResult a = Stability.Measure(graph, Raw, z => AuthorityScale.Score(z, 1e4), work.Path, options), b = Stability.Measure(graph, Raw, z => AuthorityScale.Score(z, 1e4), work.Path, options);
        Assert.Equal(a.Rounds, b.Rounds);
        Assert.NotEqual(a.Rounds[0].Median, a.Rounds[1].Median);
        Assert.True(a.Rounds[0].Upper99 >= a.Rounds[0].Upper90 && a.Rounds[0].Upper90 >= a.Rounds[0].Median);
    }

    [Fact]
    public void Shares_and_seeds_out_of_range_and_graphs_without_such_nodes_are_refused()
    {
        using TestGraph graph = TestGraphs.Weighted(3, [new TestLink(0, 1, 1)]);
        using var work = new TemporaryFolder();
        Assert.Throws<ArgumentOutOfRangeException>(() => Stability.Measure(graph, Raw, z => z, work.Path, new() { LostShare = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Stability.Measure(graph, Raw, z => z, work.Path, new() { Seeds = 0 }));
        Assert.Contains("no node has 5", Assert.Throws<ArgumentException>(() => Stability.Measure(graph, Raw, z => z, work.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Scores_of_the_1996_hosts_hold_when_one_link_in_a_hundred_is_lost()
    {
        using var work = new TemporaryFolder();
        StabilityResult result = Stability.Measure(uk.Require(), Raw, z => AuthorityScale.Current.Score(z, "domain"), work.Path, new() { Seeds = 2 });
        Assert.All(result.Rounds, r => Assert.True(r is { Nodes: 7138, Median: <= .5, Upper99: <= 3 }));
        Assert.All(result.Rounds, r => Assert.InRange(r.Lost, 1500, 2000));
    }

    private static double[] Raw(LinkGraph graph, double[]? start) => RawAuthority.Compute(graph, new RawAuthorityOptions { Start = start }).Raw;
}
