namespace Backlinks.Spam;

/// <summary>
/// Groups of domains that the evidence ties together.
/// <list type="number">
/// <item>Components of the evidence graph.</item>
/// <item>Leiden with CPM in each (<see cref="Leiden"/>), γ = <see cref="SpamOptions.Resolution"/> × the component's own density; and again
/// in each part, until none divides: a component of one large farm and ten small ones needs a finer γ for those.</item>
/// <item>Parts of fewer than <see cref="Fewest"/> are dissolved. A free booster then joins the part of the boosted target it
/// supports, and a free target the part that holds most of its boosters, if they are three fifths of its supporters: a star with a thousand arms is thin, a
/// network of blogs dense, and its customers hang on by few links.</item>
/// </list>
/// Cost: that of Leiden, at most <see cref="Deepest"/> times over. Seeded; one thread.
/// </summary>
internal static class Candidates
{
    /// <summary>Three sites with links are no network.</summary>
    public const int Fewest = 4;

    private const int Deepest = 6;

    /// <summary>Share of a target's boosters that a part must hold to take it.</summary>
    private const double Most = 0.6;

    /// <summary>By how much a target's log-ratio must exceed another's to take its booster: e in the odds.</summary>
    private const double Clearly = 1;

    /// <summary>Members of each, ascending; in order of the lowest.</summary>
    public static List<int[]> Of(Surroundings at, BoostedTargets boosted, EvidenceList ties, CancellationToken cancel)
    {
        int[] nodes = Tied(at, ties, out int[] local);
        WeightedGraph graph = WeightedGraph.Of(nodes.Length, ties.Ties.Select(t => (local[t.A], local[t.B], (double)t.Weight)));
        int[] part = new int[nodes.Length];
        Array.Fill(part, -1);
        int parts = 0;
        int[] map = new int[nodes.Length]; // node to its place in the piece being cut, 1 + place
        foreach (List<int> component in Components(graph))
            Divide(graph, component, 0, at.Options, part, ref parts, map, cancel);
        int[] members = new int[at.Graph.NodeCount]; // 1 + part, 0 free
        int[] sizes = new int[parts];
        foreach (int p in part)
            sizes[p]++;
        for (int i = 0; i < nodes.Length; i++)
            members[nodes[i]] = sizes[part[i]] >= Fewest ? part[i] + 1 : 0;
        JoinHands(ties, members, parts);
        JoinTargets(at, boosted, members);
        JoinBoosters(at, boosted, ties, members);
        return Groups(members, parts);
    }

    private static int[] Tied(Surroundings at, EvidenceList ties, out int[] local)
    {
        local = new int[at.Graph.NodeCount];
        foreach (Evidence tie in ties.Ties)
            local[tie.A] = local[tie.B] = 1;
        var nodes = new List<int>();
        for (int node = 0; node < local.Length; node++)
            if (local[node] != 0)
            {
                local[node] = nodes.Count;
                nodes.Add(node);
            }
        return [.. nodes];
    }

    private static List<List<int>> Components(WeightedGraph graph)
    {
        int[] joined = [.. Enumerable.Range(0, graph.NodeCount)];
        for (int node = 0; node < joined.Length; node++)
            for (int i = graph.Offsets[node]; i < graph.Offsets[node + 1]; i++)
                OwnerGroups.Join(joined, node, graph.Targets[i]);
        var by = new Dictionary<int, List<int>>();
        var all = new List<List<int>>();
        for (int node = 0; node < joined.Length; node++)
        {
            if (!by.TryGetValue(OwnerGroups.Find(joined, node), out List<int>? component))
            {
                by.Add(OwnerGroups.Find(joined, node), component = []);
                all.Add(component);
            }
            component.Add(node);
        }
        return all;
    }

    private static void Divide(WeightedGraph graph, List<int> nodes, int depth, SpamOptions options, int[] part, ref int parts, int[] map, CancellationToken cancel)
    {
        if (nodes.Count >= Fewest && depth < Deepest)
        {
            WeightedGraph own = Cut(graph, nodes, map);
            double pairs = nodes.Count * (nodes.Count - 1.0) / 2, density = own.Weights.Sum() / 2 / pairs;
            int[] community = Leiden.Compute(own, new LeidenOptions { Resolution = Math.Max(1e-12, options.Resolution * density), Seed = options.Seed }, cancel);
            int count = community.Max() + 1;
            if (count > 1)
            {
                var divided = new List<int>[count];
                for (int i = 0; i < nodes.Count; i++)
                    (divided[community[i]] ??= []).Add(nodes[i]);
                foreach (List<int> piece in divided)
                    Divide(graph, piece, depth + 1, options, part, ref parts, map, cancel);
                return;
            }
        }
        foreach (int node in nodes)
            part[node] = parts;
        parts++;
    }

    private static WeightedGraph Cut(WeightedGraph graph, List<int> nodes, int[] map)
    {
        for (int at = 0; at < nodes.Count; at++)
            map[nodes[at]] = at + 1;
        int[] offsets = new int[nodes.Count + 1];
        var targets = new List<int>();
        var weights = new List<double>();
        for (int at = 0; at < nodes.Count; at++)
        {
            for (int i = graph.Offsets[nodes[at]]; i < graph.Offsets[nodes[at] + 1]; i++)
                if (map[graph.Targets[i]] is var place && place != 0)
                {
                    targets.Add(place - 1);
                    weights.Add(graph.Weights[i]);
                }
            offsets[at + 1] = targets.Count;
        }
        foreach (int node in nodes)
            map[node] = 0;
        return new WeightedGraph(offsets, [.. targets], [.. weights]);
    }

    /// <summary>Parts of one hand: where half of a part's members share a key or a text with members of another, both are one. A network
    /// of blogs has several accounts, and falls apart along them.</summary>
    private static void JoinHands(EvidenceList ties, int[] members, int parts)
    {
        var shared = new HashSet<(int Node, int Part)>();
        foreach (Evidence tie in ties.Ties)
            if (tie.Kind is EvidenceKind.Key or EvidenceKind.Duplicate && members[tie.A] != members[tie.B] && members[tie.A] != 0 && members[tie.B] != 0)
            {
                shared.Add((tie.A, members[tie.B]));
                shared.Add((tie.B, members[tie.A]));
            }
        int[] sizes = new int[parts + 1];
        foreach (int part in members)
            sizes[part]++;
        int[] joined = [.. Enumerable.Range(0, parts + 1)];
        foreach (IGrouping<(int From, int To), (int Node, int Part)> pair in shared.GroupBy(s => (members[s.Node], s.Part)))
            if (pair.Count() * 2 >= sizes[pair.Key.From])
                OwnerGroups.Join(joined, pair.Key.From, pair.Key.To);
        for (int node = 0; node < members.Length; node++)
            if (members[node] != 0)
                members[node] = OwnerGroups.Find(joined, members[node]);
    }

    private static void JoinTargets(Surroundings at, BoostedTargets boosted, int[] members)
    {
        var joins = new List<(int Node, int Part)>();
        for (int target = 0; target < members.Length; target++)
        {
            if (boosted.Support[target].Boosters < 3 || boosted.Excluded(target) || at.Apart(target))
                continue;
            (int part, int count, int all) = Majority(at, target, members);
            if (part != 0 && part != members[target] && count >= Math.Max(3, Most * all) && count * 2 >= boosted.Support[target].Others * 3)
                joins.Add((target, part));
        }
        foreach ((int node, int part) in joins)
            members[node] = part;
    }

    /// <summary>The part with most of a target's boosters.</summary>
    private static (int Part, int Count, int All) Majority(Surroundings at, int target, int[] members)
    {
        var counts = new SortedDictionary<int, int>();
        int all = 0;
        foreach (uint source in at.Graph.InOf(target))
            if (at.Booster[(int)source] && at.Group[(int)source] != at.Group[target])
            {
                all++;
                if (members[(int)source] is var part && part != 0)
                    counts[part] = counts.GetValueOrDefault(part) + 1;
            }
        KeyValuePair<int, int> best = counts.OrderByDescending(c => c.Value).FirstOrDefault();
        return (best.Key, best.Value, all);
    }

    /// <summary>A booster belongs with the target whose case is strongest by far, wherever a lesser one drew it; but not where a key, a text
    /// or the words of its link hold it.</summary>
    private static void JoinBoosters(Surroundings at, BoostedTargets boosted, EvidenceList ties, int[] members)
    {
        var joins = new List<(int Node, int Part)>();
        bool[] held = new bool[members.Length];
        foreach (Evidence tie in ties.Ties)
            if (tie.Kind is EvidenceKind.Key or EvidenceKind.Duplicate or EvidenceKind.Anchor && members[tie.A] == members[tie.B] && members[tie.A] != 0)
                held[tie.A] = held[tie.B] = true;
        for (int node = 0; node < members.Length; node++)
        {
            if (!at.Booster[node] || held[node])
                continue;
            (int part, double best, double here) = (0, 0, boosted.Boosted[node] && members[node] != 0 ? boosted.Support[node].LogRatio : 0);
            foreach (uint link in at.Graph.OutOf(node))
            {
                int target = (int)link;
                if (!boosted.Boosted[target] || members[target] == 0 || at.Group[node] == at.Group[target])
                    continue;
                double ratio = Math.Min(boosted.Support[target].LogRatio, at.Options.LinkCap);
                if (ratio > best)
                    (part, best) = (members[target], ratio);
                if (members[target] == members[node])
                    here = Math.Max(here, ratio);
            }
            if (part != 0 && part != members[node] && (members[node] == 0 || (here > 0 && best > here + Clearly)))
                joins.Add((node, part));
            else if (here == 0 && part == 0 && Between(at, node, members) is var circle && circle != 0 && circle != members[node])
                joins.Add((node, circle));
        }
        foreach ((int node, int part) in joins)
            members[node] = part;
    }

    /// <summary>The part that holds both a booster that links to this one and a booster it links to, 0 for none: rings have members that
    /// skip the target, and break where one of them got a link from somewhere important.</summary>
    private static int Between(Surroundings at, int node, int[] members)
    {
        foreach (uint target in at.Graph.OutOf(node))
            if (at.Booster[(int)target] && members[(int)target] is var part && part != 0 && at.Group[(int)target] != at.Group[node])
                foreach (uint source in at.Graph.InOf(node))
                    if (members[(int)source] == part && source != target && at.Booster[(int)source] && at.Group[(int)source] != at.Group[node])
                        return part;
        return 0;
    }

    private static List<int[]> Groups(int[] members, int parts)
    {
        var by = new List<int>?[parts + 1];
        var order = new List<int>();
        for (int node = 0; node < members.Length; node++)
            if (members[node] is var part && part != 0)
            {
                if (by[part] is null)
                {
                    by[part] = [];
                    order.Add(part);
                }
                by[part]!.Add(node);
            }
        return [.. order.Select(p => by[p]!.ToArray())];
    }
}
