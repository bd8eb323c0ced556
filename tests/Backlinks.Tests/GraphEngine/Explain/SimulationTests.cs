using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

public sealed class SimulationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void No_edits_change_nothing()
    {
        NaiveWeb web = NaiveWeb.Random(new Random(7));
        using LinkGraph graph = web.Build(_folder.NewFolder());
        double[] z = web.Solve();
        SimulationResult result = Simulation.Of(new SolvedAuthority(graph, z, tolerance: 0), 0, []);
        Assert.Equal((z[0], z[0], result.Target.RankBefore), (result.Target.Before, result.Target.After, result.Target.RankAfter));
        Assert.Equal((0, 0, 0), (result.Target.Change, result.OthersMoveAtMost, result.RowsChanged));
        Assert.Empty(result.Movers);
        Assert.True(result.Target.Bound < 1e-14 * z[0]);
    }

    [Fact]
    public void A_link_from_a_node_alone_by_hand()
    {
        using LinkGraph graph = new NaiveWeb(3) { Weights = { [(1, 2)] = 4 } }.Build(_folder.NewFolder());
        double[] z = [1, 1, 1.85];
        SimulationResult added = Simulation.Of(new SolvedAuthority(graph, z, tolerance: 0), 0, [LinkEdit.Add(1, 0)]); // weighs 4 like its other link
        Assert.Equal(1 + 0.85 / 2, added.Target.After, 1e-12);
        Assert.Equal((3, 1), (graph.NodeCount, added.Movers.Count));
        Assert.Equal((2, 1 + 0.85 / 2), (added.Movers[0].Node, added.Movers[0].After), (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-12);
        Assert.Equal((2, 1), (added.Target.RankBefore, added.Target.RankAfter)); // equal values: 0 stands before 1 and 2
        SimulationResult dangling = Simulation.Of(new SolvedAuthority(graph, z, tolerance: 0), 0, [LinkEdit.Add(2, 0)]);
        Assert.Equal(1 + 0.85 * 1.85, dangling.Target.After, 1e-12);
    }

    [Fact]
    public void Every_error_is_within_its_bound_on_random_graphs_with_random_edits()
    {
        var random = new Random(11);
        int within = 0;
        NaiveWeb web = null!;
        LinkGraph? graph = null;
        double[] z = [];
        for (int round = 0; round < 250; round++)
        {
            if (round % 10 == 0) // building a graph takes longer than ten simulations
            {
                graph?.Dispose();
                graph = (web = NaiveWeb.Random(random)).Build(_folder.NewFolder());
                z = web.Solve();
            }
            NaiveWeb changed = web.Copy();
            var removed = new HashSet<int>();
            var edits = new List<LinkEdit>();
            var effects = new List<EditEffect>();
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                LinkEdit edit = Some(random, web);
                edits.Add(edit);
                effects.Add(Naive(changed, edit, removed));
            }
            int target = random.Next(web.Nodes);
            var options = new SimulationOptions
            {
                Tolerance = Math.Pow(10, -random.Next(1, 12)),
                Movers = random.Next(8),
                ForwardLinks = random.Next(4) == 0 ? random.Next(20) : 1 << 18,
                BackwardLinks = random.Next(4) == 0 ? random.Next(20) : 1 << 18,
            };
            SimulationResult result = Simulation.Of(new SolvedAuthority(graph!, z, tolerance: 0), target, edits, options);
            Assert.Equal(effects, result.Effects);
            double[] exact = changed.Solve();
            foreach (int node in removed)
                exact[node] = 0;
            foreach (NodeChange told in result.Movers.Append(result.Target))
            {
                Assert.Equal(z[told.Node], told.Before);
                Assert.True(Math.Abs(told.After - exact[told.Node]) <= told.Bound + 2e-14 * exact[told.Node],
                    $"round {round}: {told.After} for {exact[told.Node]}, bound {told.Bound}");
            }
            HashSet<int> listed = [target, .. result.Movers.Select(m => m.Node), .. removed];
            for (int node = 0; node < web.Nodes; node++)
                if (!listed.Contains(node))
                    Assert.True(Math.Abs(exact[node] - z[node]) <= result.OthersMoveAtMost + 1e-13, $"round {round}: node {node} moves by {exact[node] - z[node]}, not {result.OthersMoveAtMost}");
            if (result.WithinTolerance)
                within++;
            else
                Assert.True(options.ForwardLinks < 1000 || options.BackwardLinks < 1000 || options.Tolerance < 1e-10, $"round {round}: {result.Target} with {options}");
        }
        graph!.Dispose();
        Assert.InRange(within, 150, 250);
    }

    [Fact]
    public void What_the_published_values_lack_is_in_the_bounds()
    {
        var random = new Random(12);
        for (int round = 0; round < 10; round++)
        {
            NaiveWeb web = NaiveWeb.Random(random), changed = web.Copy();
            double[] exact = web.Solve(), z = [.. exact];
            using LinkGraph graph = web.Build(_folder.NewFolder());
            for (int node = 0; node < z.Length; node++)
                z[node] *= 1 + 1e-5 * (random.NextDouble() - 0.5);
            double tolerance = 0; // what they were solved to, measured
            for (int node = 0; node < z.Length; node++)
                tolerance = Math.Max(tolerance, Math.Abs(Explanation.Of(new SolvedAuthority(graph, z), node).Remainder) / z[node]);
            LinkEdit edit = Some(random, web);
            var removed = new HashSet<int>();
            Naive(changed, edit, removed);
            SimulationResult result = Simulation.Of(new SolvedAuthority(graph, z, tolerance: tolerance), random.Next(web.Nodes), [edit]);
            double[] after = changed.Solve();
            foreach (NodeChange told in result.Movers.Append(result.Target))
                Assert.True(Math.Abs(told.After - (removed.Contains(told.Node) ? 0 : after[told.Node])) <= told.Bound);
        }
    }

    [Fact]
    public void Nofollow_takes_from_its_target_and_gives_nobody()
    {
        var web = new NaiveWeb(4) { Weights = { [(0, 1)] = 1, [(0, 2)] = 1.5, [(3, 0)] = 1 } };
        using LinkGraph graph = web.Build(_folder.NewFolder());
        SimulationResult result = Simulation.Of(new SolvedAuthority(graph, web.Solve(), tolerance: 0), 1, [LinkEdit.Nofollow(0, 1)]);
        Assert.Equal(1, result.Target.After, 1e-14);
        Assert.Empty(result.Movers);
    }

    [Fact]
    public void Edits_that_cancel_out_leave_everything_to_the_last_bit()
    {
        NaiveWeb web = NaiveWeb.Random(new Random(3));
        using LinkGraph graph = web.Build(_folder.NewFolder());
        double[] z = web.Solve();
        (int source, int target) = web.Weights.Keys.First();
        (int from, int to) = Enumerable.Range(0, web.Nodes).SelectMany(u => Enumerable.Range(0, web.Nodes).Select(v => (u, v))).First(l => !web.Weights.ContainsKey(l));
        SimulationResult result = Simulation.Of(new SolvedAuthority(graph, z, tolerance: 0), target,
            [LinkEdit.Remove(source, target), LinkEdit.Add(from, to), LinkEdit.Add(source, target, web.Weights[(source, target)]), LinkEdit.Remove(from, to)]);
        Assert.All(result.Effects, effect => Assert.Equal(EditEffect.Applied, effect));
        Assert.Equal((0, z[target], 0), (result.RowsChanged, result.Target.After, result.OthersMoveAtMost));
        Assert.Empty(result.Movers);
    }

    [Fact]
    public void Edits_without_effect_say_why()
    {
        using LinkGraph graph = new NaiveWeb(4) { Weights = { [(0, 1)] = 1 } }.Build(_folder.NewFolder());
        SimulationResult result = Simulation.Of(new SolvedAuthority(graph, new double[] { 1, 1.85, 1, 1 }, tolerance: 0), 1,
            [LinkEdit.Add(0, 1), LinkEdit.Remove(2, 1), LinkEdit.Nofollow(3, 1), LinkEdit.Disavow(2), LinkEdit.RemoveNode(3), LinkEdit.Add(3, 1), LinkEdit.RemoveNode(3)]);
        Assert.Equal([EditEffect.AlreadyThere, EditEffect.NoSuchLink, EditEffect.NoSuchLink, EditEffect.NoLinks, EditEffect.Applied, EditEffect.NodeRemoved, EditEffect.NodeRemoved], result.Effects);
        Assert.Equal(0, result.Target.Change);
    }

    [Fact]
    public void A_removed_target_has_nothing_and_no_rank()
    {
        using LinkGraph graph = new NaiveWeb(2) { Weights = { [(0, 1)] = 1 } }.Build(_folder.NewFolder());
        NodeChange target = Simulation.Of(new SolvedAuthority(graph, new double[] { 1, 1.85 }, tolerance: 0), 1, [LinkEdit.RemoveNode(1)]).Target;
        Assert.Equal((0, 0, 0), (target.After, target.Bound, target.RankAfter));
    }

    [Fact]
    public void Ranks_are_those_of_a_full_recomputation_where_bounds_are_tight()
    {
        var random = new Random(21);
        for (int round = 0; round < 10; round++)
        {
            NaiveWeb web = NaiveWeb.Random(random), changed = web.Copy();
            using LinkGraph graph = web.Build(_folder.NewFolder());
            LinkEdit edit = LinkEdit.Add(random.Next(web.Nodes), random.Next(web.Nodes), 1.5);
            Naive(changed, edit, []);
            double[] before = web.Solve(), after = changed.Solve();
            SimulationResult result = Simulation.Of(new SolvedAuthority(graph, before, tolerance: 0), edit.Target, [edit], new SimulationOptions { Tolerance = 1e-11 });
            Assert.Equal(Rank(before, edit.Target), result.Target.RankBefore);
            // Values that differ only in their last digits may stand either way.
            int above = after.Count(z => z > after[edit.Target] + 1e-8), near = after.Count(z => Math.Abs(z - after[edit.Target]) <= 1e-8);
            Assert.InRange(result.Target.RankAfter, above + 1, above + near);
        }

        static int Rank(double[] z, int node) => 1 + Enumerable.Range(0, z.Length).Count(u => z[u] > z[node] || (z[u] == z[node] && u < node));
    }

    [Fact]
    public void Careless_edits_and_options_are_refused_with_the_range()
    {
        using LinkGraph graph = new NaiveWeb(2).Build(_folder.NewFolder());
        var solved = new SolvedAuthority(graph, new double[] { 1, 1 });
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 2, [])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [LinkEdit.Add(0, 2)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [LinkEdit.Remove(-1, 0)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [LinkEdit.Add(0, 1, -1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [LinkEdit.Reweigh(0, 1, double.NaN)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [], new SimulationOptions { Tolerance = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Simulation.Of(solved, 0, [], new SimulationOptions { Movers = -1 }));
    }

    private static LinkEdit Some(Random random, NaiveWeb web)
    {
        (int source, int target) = random.Next(3) == 0 || web.Weights.Count == 0 ? (random.Next(web.Nodes), random.Next(web.Nodes)) : web.Weights.Keys.ElementAt(random.Next(web.Weights.Count));
        return random.Next(6) switch
        {
            0 => LinkEdit.Add(random.Next(web.Nodes), random.Next(web.Nodes), random.Next(2) == 0 ? double.NaN : random.NextDouble() * 4),
            1 => LinkEdit.Remove(source, target),
            2 => LinkEdit.Nofollow(source, target),
            3 => LinkEdit.Reweigh(source, target, random.NextDouble() * 4, random.NextDouble()),
            4 => LinkEdit.RemoveNode(source),
            _ => LinkEdit.Disavow(source),
        };
    }

    /// <summary>The edit on the table of weights, by its definition.</summary>
    private static EditEffect Naive(NaiveWeb web, LinkEdit edit, HashSet<int> removed)
    {
        var link = (edit.Source, edit.Target);
        var row = web.Weights.Where(w => w.Key.Source == edit.Source).ToList();
        double there = web.Weights.GetValueOrDefault(link);
        if (removed.Contains(edit.Source) || removed.Contains(edit.Target))
            return EditEffect.NodeRemoved;
        switch (edit.Kind)
        {
            case EditKind.AddLink when there > 0:
                return EditEffect.AlreadyThere;
            case EditKind.AddLink:
                web.Weights[link] = !double.IsNaN(edit.Weight) ? edit.Weight : row.Sum(w => w.Value) > 0 ? row.Average(w => w.Value) : 1;
                return EditEffect.Applied;
            case EditKind.RemoveLink:
                return web.Weights.Remove(link) ? EditEffect.Applied : EditEffect.NoSuchLink;
            case EditKind.NofollowLink when there == 0:
                return EditEffect.NoSuchLink;
            case EditKind.NofollowLink:
                web.Weights[link] = 0;
                web.Lost[edit.Source] += there;
                return EditEffect.Applied;
            case EditKind.ReweighLink:
                web.Weights[link] = edit.Weight;
                web.Lost[edit.Source] += edit.Lost;
                return EditEffect.Applied;
            case EditKind.RemoveNode:
                foreach (var other in web.Weights.Keys.Where(w => w.Source == edit.Source || w.Target == edit.Source).ToList())
                    web.Weights.Remove(other);
                web.Lost[edit.Source] = 0;
                web.Teleport[edit.Source] = 0;
                removed.Add(edit.Source);
                return EditEffect.Applied;
            default:
                double sum = row.Sum(w => w.Value);
                foreach (var (other, weight) in row)
                    web.Weights[other] = 0;
                web.Lost[edit.Source] += sum;
                return sum > 0 ? EditEffect.Applied : EditEffect.NoLinks;
        }
    }
}
