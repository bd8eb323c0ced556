namespace Backlinks.GraphEngine;

/// <summary>How much is told.</summary>
public sealed record ExplanationOptions
{
    /// <summary>Links told one by one, those that pass most; ≥ 0. The others are told as one sum. Default 20, a screen.</summary>
    public int Top { get; init; } = 20;

    /// <summary>Levels: 1 tells where the node's authority comes from, 2 also where its sources have theirs from; 1 to 3.</summary>
    public int Depth { get; init; } = 1;

    /// <summary>Links told one by one on the levels below the first; ≥ 0. Default 5: the tree has Top·5 or Top·25 leaves.</summary>
    public int TopBelow { get; init; } = 5;
}

/// <summary>What one link passes, and why that much.</summary>
public sealed record LinkContribution
{
    /// <summary>u.</summary>
    public required int Source { get; init; }

    /// <summary>w(u,v); 0 for a link whose whole weight is withheld, which is told only if it was asked for with its un-rel'd weight.</summary>
    public required double Weight { get; init; }

    /// <summary>W(u): the weight of all links of u, what evaporates included.</summary>
    public required double SourceTotal { get; init; }

    /// <summary>Nodes that u links to.</summary>
    public required long SourceLinks { get; init; }

    /// <summary>Share of its total that u loses to nofollow and the like, 0 to 1.</summary>
    public required double SourceEvaporates { get; init; }

    /// <summary>P(u,v) = w/W.</summary>
    public required double Share { get; init; }

    /// <summary>z(u).</summary>
    public required double SourceRaw { get; init; }

    /// <summary>d·P(u,v)·z(u): its part in z(v).</summary>
    public required double Passes { get; init; }

    /// <summary><see cref="Passes"/> / z(v).</summary>
    public required double Part { get; init; }

    /// <summary>What this link would pass in addition at its un-rel'd weight, all else the same; 0 where nothing is withheld or nothing is known of it.</summary>
    public required double Evaporates { get; init; }

    /// <summary>What the discount of a spam cluster keeps from it; 0 where there is none.</summary>
    public required double DiscountTook { get; init; }

    /// <summary>Where z(u) comes from, if so many levels were asked for.</summary>
    public Explanation? Origin { get; init; }
}

/// <summary>Where a node's raw authority comes from.</summary>
public sealed record Explanation
{
    /// <summary>v.</summary>
    public required int Node { get; init; }

    /// <summary>z(v), as published.</summary>
    public required double Raw { get; init; }

    /// <summary>t(v): what it has without any link.</summary>
    public required double Teleport { get; init; }

    /// <summary>The links that pass most, most first; equal ones by the number of their source.</summary>
    public required IReadOnlyList<LinkContribution> Links { get; init; }

    /// <summary>Nodes that link here with weight.</summary>
    public required long LinkCount { get; init; }

    /// <summary>How many of them are not in <see cref="Links"/>.</summary>
    public required long OtherCount { get; init; }

    /// <summary>What those pass together.</summary>
    public required double OthersPass { get; init; }

    /// <summary>What all links pass together.</summary>
    public required double LinksPass { get; init; }

    /// <summary>Raw − Teleport − LinksPass: what the solver left, |Remainder| ≤ 1e-9·Raw in a converged run. Never hidden in another part.</summary>
    public required double Remainder { get; init; }

    /// <summary>What nofollow and the like keep from this node, over all links of which it is known.</summary>
    public required double Evaporates { get; init; }

    /// <summary>What the discounts of spam clusters keep from this node, over all links.</summary>
    public required double DiscountTook { get; init; }

    /// <summary>
    /// Explains z(v): <c>z(v) = t(v) + Σ_u d·P(u,v)·z(u) + remainder</c>. Cost: the in-links of v and the out-links of their
    /// sources (W(u) is summed, nothing is stored); deeper levels the same for each node told. Repeatable: sums run in node order.
    /// </summary>
    /// <param name="node">v.</param>
    /// <param name="withheld">Weight that links u→v have beyond w(u,v) at their un-rel'd weight, by u, where it is known
    /// from the records of page links; may name sources that have no weighted link here at all.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such node, or an option is out of its range.</exception>
    public static Explanation Of(SolvedAuthority solved, int node, ExplanationOptions? options = null,
        IReadOnlyDictionary<int, double>? withheld = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(solved);
        options ??= new ExplanationOptions();
        if ((uint)node >= (uint)solved.Graph.NodeCount)
            throw new ArgumentOutOfRangeException(nameof(node), node, $"nodes are 0 to {solved.Graph.NodeCount - 1}");
        if (options.Top < 0 || options.TopBelow < 0)
            throw new ArgumentOutOfRangeException(nameof(options), Math.Min(options.Top, options.TopBelow), "the number of links told must be 0 or more");
        if (options.Depth is < 1 or > 3)
            throw new ArgumentOutOfRangeException(nameof(options), options.Depth, "depth must be 1 to 3");
        return Level(solved, node, options.Top, options.TopBelow, options.Depth, withheld, cancel);
    }

    /// <summary>What one node passes to another; weight 0 where it does not link there.</summary>
    /// <param name="withheld">Weight that the link has beyond its own at its un-rel'd weight.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such node.</exception>
    public static LinkContribution OfLink(SolvedAuthority solved, int source, int node, double withheld = 0)
    {
        ArgumentNullException.ThrowIfNull(solved);
        foreach (int end in new[] { source, node })
            if ((uint)end >= (uint)solved.Graph.NodeCount)
                throw new ArgumentOutOfRangeException(nameof(node), end, $"nodes are 0 to {solved.Graph.NodeCount - 1}");
        return Describe(solved, source, node, Math.Max(-1, solved.Graph.InOf(node).BinarySearch((uint)source)), new Dictionary<int, double> { [source] = withheld });
    }

    private static Explanation Level(SolvedAuthority solved, int node, int top, int below, int depth, IReadOnlyDictionary<int, double>? withheld, CancellationToken cancel)
    {
        ReadOnlySpan<uint> linking = solved.Graph.InOf(node);
        var sources = new List<int>(linking.Length);
        foreach (uint source in linking)
            sources.Add((int)source);
        foreach (int source in (withheld?.Where(w => w.Value > 0).Select(w => w.Key) ?? []).Order())
            if (linking.BinarySearch((uint)source) < 0)
                sources.Add(source);
        // All are summed, only the greatest are described: a hub may have millions.
        double[] pass = new double[sources.Count], would = new double[sources.Count];
        ExactSum passes = default, evaporates = default, discount = default, others = default;
        for (int i = 0; i < sources.Count; i++)
        {
            if ((i & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            LinkContribution link = Describe(solved, sources[i], node, i < linking.Length ? i : -1, withheld);
            (pass[i], would[i]) = (link.Passes, link.Evaporates + link.DiscountTook);
            passes.Add(link.Passes);
            evaporates.Add(link.Evaporates);
            discount.Add(link.DiscountTook);
        }
        int[] order = [.. Enumerable.Range(0, sources.Count)];
        Array.Sort(order, (a, b) => pass[a] != pass[b] ? pass[b].CompareTo(pass[a]) : would[a] != would[b] ? would[b].CompareTo(would[a]) : sources[a].CompareTo(sources[b]));
        for (int i = top; i < order.Length; i++)
            others.Add(pass[order[i]]);
        var links = new LinkContribution[Math.Min(top, order.Length)];
        for (int i = 0; i < links.Length; i++)
        {
            LinkContribution link = Describe(solved, sources[order[i]], node, order[i] < linking.Length ? order[i] : -1, withheld);
            links[i] = depth == 1 ? link : link with { Origin = Level(solved, link.Source, below, below, depth - 1, null, cancel) };
        }
        double raw = solved.Raw[node], teleport = solved.TeleportOf(node);
        ExactSum remainder = default;
        remainder.Add(raw);
        remainder.Add(-teleport);
        remainder.Add(-passes.Value);
        return new Explanation
        {
            Node = node,
            Raw = raw,
            Teleport = teleport,
            Links = links,
            LinkCount = linking.Length,
            OtherCount = order.Length - links.Length,
            OthersPass = others.Value,
            LinksPass = passes.Value,
            Remainder = remainder.Value,
            Evaporates = evaporates.Value,
            DiscountTook = discount.Value,
        };
    }

    /// <param name="place">Of the link in the node's in-row, or -1 where all of its weight is withheld.</param>
    private static LinkContribution Describe(SolvedAuthority solved, int source, int node, int place, IReadOnlyDictionary<int, double>? withheld)
    {
        LinkGraph graph = solved.Graph;
        double weight = place < 0 ? 0 : graph.InWeights is { } weights ? weights[graph.InOffsets[node] + place] : 1;
        double total = solved.TotalOf(source), lost = graph.LostWeights is { } all ? all[source] : 0, raw = solved.Raw[node], z = solved.Raw[source];
        double each = total > 0 ? solved.Damping * z / total : 0, pass = each * weight;
        return new LinkContribution
        {
            Source = source,
            Weight = weight,
            SourceTotal = total,
            SourceLinks = graph.OutDegree(source),
            SourceEvaporates = total > 0 ? lost / total : 0,
            Share = total > 0 ? weight / total : 0,
            SourceRaw = z,
            Passes = pass,
            Part = raw > 0 ? pass / raw : 0,
            Evaporates = withheld is null ? 0 : withheld.GetValueOrDefault(source) * each,
            DiscountTook = solved.Undiscounted is null || place < 0 ? 0 : Math.Max(0, solved.Undiscounted[PositionOf(graph, source, node)] - weight) * each,
        };
    }

    /// <summary>Place in <see cref="LinkGraph.OutLinks"/> of a link that is there.</summary>
    internal static long PositionOf(LinkGraph graph, int source, int target) =>
        graph.OutOffsets[source] + graph.OutOf(source).BinarySearch((uint)target);
}
