using System.Runtime.InteropServices;
using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Authority;

public sealed class IncrementalAuthorityTests
{
    [Fact]
    public void Nothing_changed_is_nothing_to_do()
    {
        using TestGraph graph = TestGraphs.Of(500, TestGraphs.PowerLaw(500, 5, 1));
        double[] raw = RawAuthority.Compute(graph).Raw;
        IncrementalAuthorityResult result = IncrementalAuthority.Update(graph, new() { Before = graph, Raw = raw });
        Assert.Equal((0, 0.0, true), (result.ChangedRows, result.TouchedMass, result.Pushed));
        Assert.Equal(raw, result.Authority.Raw);
    }

    [Fact]
    public void From_nothing_and_to_nothing_it_is_the_full_ranking()
    {
        using TestGraph none = TestGraphs.Of(0), graph = TestGraphs.Of(50, TestGraphs.PowerLaw(50, 4, 1));
        double[] raw = RawAuthority.Compute(graph).Raw;
        AssertEqual(raw, IncrementalAuthority.Update(graph, new() { Before = none, Raw = [] }).Authority);
        Assert.Empty(IncrementalAuthority.Update(none, new() { Before = graph, Raw = raw }).Authority.Raw);
    }

    [Fact]
    public void What_changes_little_is_pushed_and_what_changes_much_is_ranked_from_the_old_scores()
    {
        TestLink[] links = TestGraphs.PowerLaw(20_000, 3, 2, dangling: 0.6);
        TestLink heavier = links[0] with { Weight = links[0].Weight + 0.001 };
        using TestGraph before = TestGraphs.Weighted(20_000, links), little = TestGraphs.Weighted(20_000, [heavier, .. links[1..]]), much = TestGraphs.Weighted(20_000, links[20..]);
        double[] raw = RawAuthority.Compute(before).Raw;
        RawAuthorityResult full = RawAuthority.Compute(little);
        int[] rows = [(int)links[0].Source];
        foreach (int[]? named in new[] { null, rows })
        {
            IncrementalAuthorityResult result = IncrementalAuthority.Update(little, new() { Before = before, Raw = raw, ChangedRows = named });
            Assert.Equal(1, result.ChangedRows);
            Assert.True(result.Pushed && result.TouchedMass > 0, $"touched {result.TouchedMass}");
            Assert.Equal(0, result.Authority.Rounds);
            AssertEqual(full.Raw, result.Authority);
        }
        full = RawAuthority.Compute(much);
        IncrementalAuthorityResult warm = IncrementalAuthority.Update(much, new() { Before = before, Raw = raw });
        Assert.False(warm.Pushed);
        Assert.True(warm.Authority.Rounds < full.Rounds, $"{warm.Authority.Rounds} of {full.Rounds}");
        AssertEqual(full.Raw, warm.Authority);
    }

    /// <summary>The law: after any sequence of edits, nodes that come and go and move included, incremental equals full.</summary>
    [Fact]
    public void Incremental_equals_full_over_random_edits()
    {
        Gen.Select(Gen.Int[1, 150], Gen.Double[0, 6], Gen.Int, Gen.Bool).Sample((n, perNode, seed, weighted) =>
        {
            var random = new Random(seed);
            using var folder = new TemporaryFolder();
            Web web = Web.Random(n, perNode, seed, weighted);
            LinkGraph graph = web.Build(folder);
            double[] raw = RawAuthority.Compute(graph, new() { Teleport = web.Teleport }).Raw;
            for (int edit = 0; edit < 6; edit++)
            {
                (Web next, int[]? map) = web.Edit(random);
                LinkGraph after = next.Build(folder);
                IncrementalAuthorityResult result = IncrementalAuthority.Update(after,
                    new() { Before = graph, Raw = raw, Teleport = web.Teleport, Renumbered = map }, new() { Teleport = next.Teleport });
                AssertEqual(RawAuthority.Compute(after, new() { Teleport = next.Teleport }).Raw, result.Authority);
                AuthorityGraphs.AssertSums(after, 0.85, next.Teleport, result.Authority.Raw, 1e-10);
                graph.Dispose();
                (web, graph, raw) = (next, after, result.Authority.Raw); // errors of one update are carried to the next
            }
            graph.Dispose();
        }, iter: 25, threads: 1);
    }

    [Fact]
    public void Bytes_do_not_depend_on_threads()
    {
        TestLink[] links = TestGraphs.PowerLaw(30_000, 7, 2);
        using TestGraph before = TestGraphs.Weighted(30_000, links), after = TestGraphs.Weighted(30_000, links[5..]);
        double[] raw = RawAuthority.Compute(before).Raw;
        byte[]? bytes = null;
        foreach (int threads in new[] { 1, 2, 8 })
        {
            double[] z = IncrementalAuthority.Update(after, new() { Before = before, Raw = raw }, new() { Threads = threads }).Authority.Raw;
            Assert.True(MemoryMarshal.AsBytes(z.AsSpan()).SequenceEqual(bytes ??= MemoryMarshal.AsBytes(z.AsSpan()).ToArray()));
        }
    }

    [Fact]
    public void Rows_that_differ_are_those_whose_targets_weights_or_losses_do()
    {
        using var folder = new TemporaryFolder();
        TestLink[] links = [(0, 1, 1.0), (0, 2, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 0, 1.0), (4, 0, 1.0)];
        using LinkGraph a = AuthorityGraphs.Build(folder.NewFolder(), 5, links, true, [0, 0, 0, 1, 0]);
        using LinkGraph b = AuthorityGraphs.Build(folder.NewFolder(), 5, [(0, 1, 1.0), (0, 2, 1.0), (1, 3, 1.0), (2, 3, 2.0), (3, 0, 1.0), (4, 0, 1.0)], true, [0, 0, 0, 2, 0]);
        Assert.Equal([1, 2, 3], RowChanges.Find(a, b, null));
        Assert.Empty(RowChanges.Find(a, a, null));
        using LinkGraph moved = AuthorityGraphs.Build(folder.NewFolder(), 6, links.Select(l => new TestLink(l.Source + 1, l.Target + 1, l.Weight)), true, [0, 0, 0, 0, 1, 0]);
        Assert.Empty(RowChanges.Find(a, moved, [1, 2, 3, 4, 5]));
        Assert.Equal([3, 4], RowChanges.Find(a, moved, [-1, 2, 3, 4, 5])); // they linked to what is gone
    }

    [Fact]
    public void Scores_of_another_graph_and_numbers_out_of_range_are_refused()
    {
        using TestGraph two = TestGraphs.Of(2, (0, 1)), three = TestGraphs.Of(3, (0, 1));
        Assert.Throws<ArgumentException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1, -1] }));
        Assert.Throws<ArgumentException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1, 1], Renumbered = [1] }));
        Assert.Throws<ArgumentException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1, 1], Renumbered = [1, 1] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1, 1], Renumbered = [0, 3] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => IncrementalAuthority.Update(three, new() { Before = two, Raw = [1, 1], ChangedRows = [2] }));
    }

    private static void AssertEqual(double[] full, RawAuthorityResult result)
    {
        Assert.True(result.Converged);
        Assert.Equal(full.Length, result.Raw.Length);
        Assert.True(full.Zip(result.Raw, (a, b) => Math.Abs(a - b)).Sum() <= 1e-9 * full.Sum());
    }

    /// <summary>A graph that is easily edited: nodes by a lasting key, links between keys.</summary>
    private sealed record Web(bool Weighted, SortedDictionary<long, (double Teleport, double Lost)> Nodes, SortedDictionary<(long, long), double> Links)
    {
        public double[] Teleport => [.. Nodes.Values.Select(node => node.Teleport)];

        public static Web Random(int n, double perNode, int seed, bool weighted)
        {
            var random = new Random(seed);
            var nodes = new SortedDictionary<long, (double, double)>();
            for (int i = 0; i < n; i++)
                nodes[1000L * i] = (random.Next(4) == 0 ? 2 : 1, weighted && random.Next(4) == 0 ? random.NextDouble() : 0);
            var links = new SortedDictionary<(long, long), double>();
            foreach (TestLink link in TestGraphs.PowerLaw(n, perNode, seed))
                links[(1000L * link.Source, 1000L * link.Target)] = link.Weight;
            return new Web(weighted, nodes, links);
        }

        public (Web After, int[]? Map) Edit(Random random)
        {
            var after = new Web(Weighted, new(Nodes), new(Links));
            bool nodesToo = random.Next(2) == 0;
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                long[] keys = [.. after.Nodes.Keys];
                long Any() => keys[random.Next(keys.Length)];
                switch (random.Next(nodesToo ? 6 : 4))
                {
                    case 0 when after.Links.Count > 0:
                        after.Links.Remove(after.Links.Keys.ElementAt(random.Next(after.Links.Count)));
                        break;
                    case 1 when keys.Length > 0:
                        after.Nodes[Any()] = (random.Next(3), Weighted ? random.NextDouble() : 0);
                        break;
                    case 4:
                        after.Nodes[random.NextInt64(1_000_000)] = (1, 0); // anywhere between the others
                        break;
                    case 5 when keys.Length > 1:
                        long gone = Any();
                        after.Nodes.Remove(gone);
                        foreach ((long, long) link in after.Links.Keys.Where(l => l.Item1 == gone || l.Item2 == gone).ToArray())
                            after.Links.Remove(link);
                        break;
                    case var _ when keys.Length > 0:
                        after.Links[(Any(), Any())] = random.NextDouble() * 3;
                        break;
                }
            }
            if (!nodesToo)
                return (after, null);
            Dictionary<long, int> number = after.Nodes.Keys.Index().ToDictionary(k => k.Item, k => k.Index);
            return (after, [.. Nodes.Keys.Select(key => number.GetValueOrDefault(key, -1))]);
        }

        public LinkGraph Build(TemporaryFolder folder)
        {
            Dictionary<long, int> number = Nodes.Keys.Index().ToDictionary(k => k.Item, k => k.Index);
            return AuthorityGraphs.Build(folder.NewFolder(), Nodes.Count, Links.Select(l => new TestLink((uint)number[l.Key.Item1], (uint)number[l.Key.Item2], l.Value)),
                Weighted, Weighted ? [.. Nodes.Values.Select(node => node.Lost)] : null);
        }
    }
}
