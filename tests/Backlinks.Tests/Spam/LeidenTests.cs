using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

public class LeidenTests
{
    [Fact]
    public void No_node_has_no_community_and_one_node_is_its_own()
    {
        Assert.Empty(Leiden.Compute(WeightedGraph.Of(0, [])));
        Assert.Equal([0], Leiden.Compute(WeightedGraph.Of(1, [])));
        Assert.Equal([0, 1, 2], Leiden.Compute(WeightedGraph.Of(3, [])));
    }

    [Fact]
    public void Rows_are_sorted_both_ways_and_repeats_are_summed()
    {
        WeightedGraph graph = WeightedGraph.Of(4, [(2, 0, 1), (0, 1, 2), (0, 2, 3), (3, 3, 9)]);
        Assert.Equal([0, 2, 3, 4, 4], graph.Offsets);
        Assert.Equal([1, 2, 0, 0], graph.Targets);
        Assert.Equal([2, 4, 2, 4], graph.Weights);
    }

    [Fact]
    public void Cliques_joined_by_one_link_are_two_communities_however_many_there_are()
    {
        // Fortunato and Barthélemy's ring of cliques, where modularity joins neighbours.
        var edges = new List<(int, int, double)>();
        for (int c = 0; c < 30; c++)
        {
            edges.AddRange(Clique(c * 5, 5));
            edges.Add((c * 5, (c + 1) % 30 * 5 + 1, 1));
        }
        int[] community = Leiden.Compute(WeightedGraph.Of(150, edges), new LeidenOptions { Resolution = 0.5 });
        Assert.Equal(Enumerable.Range(0, 150).Select(v => v / 5), community);
    }

    [Fact]
    public void A_star_holds_together_at_half_its_own_density()
    {
        const int arms = 1000;
        double density = arms / ((arms + 1) * arms / 2.0);
        int[] community = Leiden.Compute(WeightedGraph.Of(arms + 1, Enumerable.Range(1, arms).Select(v => (0, v, 1.0))), new LeidenOptions { Resolution = density / 2 });
        Assert.All(community, c => Assert.Equal(0, c));
    }

    [Fact]
    public void On_small_graphs_no_partition_is_better_than_the_best_of_a_few_seeds()
    {
        Random random = new(3);
        for (int graphs = 0; graphs < 25; graphs++)
        {
            int n = random.Next(2, 8);
            (int, int, double)[] edges = [.. from a in Enumerable.Range(0, n) from b in Enumerable.Range(0, a) where random.NextDouble() < 0.5 select (a, b, Math.Round(random.NextDouble() * 2, 2))];
            WeightedGraph graph = WeightedGraph.Of(n, edges);
            double gamma = 0.1 + random.NextDouble();
            double best = Partitions(n).Max(p => NaiveQuality(edges, p, gamma));
            double[] found = [.. Enumerable.Range(1, 8).Select(seed => Leiden.Compute(graph, new LeidenOptions { Resolution = gamma, Seed = seed })).Select(c => Leiden.Quality(graph, c, gamma))];
            Assert.Equal(best, found.Max(), 1e-9);
            Assert.All(found, q => Assert.True(q <= best + 1e-9));
        }
    }

    [Fact]
    public void Zacharys_club_parts_along_its_split_and_communities_are_connected()
    {
        WeightedGraph club = WeightedGraph.Of(34, Club.Select(e => (e.A - 1, e.B - 1, 1.0)));
        Assert.Equal(2 * 78, club.Targets.Length);
        foreach (double gamma in new[] { 0.05, 0.1, 0.25 })
        {
            int[] community = Leiden.Compute(club, new LeidenOptions { Resolution = gamma });
            Connected(club, community);
            Assert.NotEqual(community[0], community[33]); // the instructor and the president
            Assert.True(Leiden.Quality(club, community, gamma) > Leiden.Quality(club, new int[34], gamma));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Planted_partitions_are_found_connected_and_the_same_each_time(int seed)
    {
        Random random = new(seed);
        const int groups = 20, size = 25, n = groups * size;
        (int, int, double)[] edges = [.. from a in Enumerable.Range(0, n) from b in Enumerable.Range(0, a) where random.NextDouble() < (a / size == b / size ? 0.5 : 0.01) select (a, b, 1.0)];
        WeightedGraph graph = WeightedGraph.Of(n, edges);
        int[] community = Leiden.Compute(graph, new LeidenOptions { Resolution = 0.15, Seed = seed });
        Assert.Equal(community, Leiden.Compute(graph, new LeidenOptions { Resolution = 0.15, Seed = seed }));
        Connected(graph, community);
        int right = Enumerable.Range(0, groups).Sum(g => Enumerable.Range(g * size, size).GroupBy(v => community[v]).Max(c => c.Count()));
        Assert.True(right >= 0.99 * n, $"{right} of {n}");
        Assert.Equal(groups, community.Distinct().Count());
    }

    [Fact]
    public void Random_graphs_have_connected_communities_and_no_single_move_helps()
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            Random random = new(seed);
            int n = random.Next(20, 80);
            (int, int, double)[] edges = [.. from a in Enumerable.Range(0, n) from b in Enumerable.Range(0, a) where random.NextDouble() < 0.1 select (a, b, 0.1 + random.NextDouble())];
            WeightedGraph graph = WeightedGraph.Of(n, edges);
            int[] community = Leiden.Compute(graph, new LeidenOptions { Resolution = 0.1, Seed = seed });
            Connected(graph, community);
            Assert.Equal(NaiveQuality(edges, community, 0.1), Leiden.Quality(graph, community, 0.1), 1e-9);
            Assert.True(Leiden.Quality(graph, community, 0.1) >= Leiden.Quality(graph, [.. Enumerable.Range(0, n)], 0.1));
        }
    }

    [Fact]
    public void Options_out_of_range_are_told()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Leiden.Compute(WeightedGraph.Of(1, []), new LeidenOptions { Resolution = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Leiden.Compute(WeightedGraph.Of(1, []), new LeidenOptions { Randomness = -1 }));
    }

    private static IEnumerable<(int, int, double)> Clique(int first, int size) =>
        from a in Enumerable.Range(first, size) from b in Enumerable.Range(first, a - first) select (a, b, 1.0);

    /// <summary>H by its definition: over all pairs.</summary>
    private static double NaiveQuality((int A, int B, double Weight)[] edges, int[] community, double gamma)
    {
        double sum = edges.Where(e => community[e.A] == community[e.B]).Sum(e => e.Weight);
        for (int a = 0; a < community.Length; a++)
            for (int b = 0; b < a; b++)
                sum -= community[a] == community[b] ? gamma : 0;
        return sum;
    }

    /// <summary>All partitions, as restricted growth strings.</summary>
    private static IEnumerable<int[]> Partitions(int n)
    {
        IEnumerable<int[]> all = [[]];
        for (int i = 0; i < n; i++)
            all = all.SelectMany(p => Enumerable.Range(0, p.Length == 0 ? 1 : p.Max() + 2).Select(c => (int[])[.. p, c]));
        return all;
    }

    private static void Connected(WeightedGraph graph, int[] community)
    {
        foreach (IGrouping<int, int> members in Enumerable.Range(0, community.Length).GroupBy(v => community[v]))
        {
            var seen = new HashSet<int> { members.First() };
            var queue = new Queue<int>(seen);
            while (queue.TryDequeue(out int node))
                for (int i = graph.Offsets[node]; i < graph.Offsets[node + 1]; i++)
                    if (community[graph.Targets[i]] == members.Key && seen.Add(graph.Targets[i]))
                        queue.Enqueue(graph.Targets[i]);
            Assert.Equal(members.Count(), seen.Count);
        }
    }

    // W. Zachary, "An information flow model for conflict and fission in small groups", 1977.
    private static readonly (int A, int B)[] Club =
    [
        (2, 1), (3, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 1), (6, 1), (7, 1), (7, 5), (7, 6), (8, 1), (8, 2), (8, 3), (8, 4), (9, 1), (9, 3), (10, 3), (11, 1), (11, 5), (11, 6),
        (12, 1), (13, 1), (13, 4), (14, 1), (14, 2), (14, 3), (14, 4), (17, 6), (17, 7), (18, 1), (18, 2), (20, 1), (20, 2), (22, 1), (22, 2), (26, 24), (26, 25), (28, 3), (28, 24),
        (28, 25), (29, 3), (30, 24), (30, 27), (31, 2), (31, 9), (32, 1), (32, 25), (32, 26), (32, 29), (33, 3), (33, 9), (33, 15), (33, 16), (33, 19), (33, 21), (33, 23), (33, 24),
        (33, 30), (33, 31), (33, 32), (34, 9), (34, 10), (34, 14), (34, 15), (34, 16), (34, 19), (34, 20), (34, 21), (34, 23), (34, 24), (34, 27), (34, 28), (34, 29), (34, 30), (34, 31),
        (34, 32), (34, 33),
    ];
}
