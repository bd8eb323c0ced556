namespace Backlinks.GraphEngine;

/// <summary>Whom to count as a specialist.</summary>
public sealed record SpecialistsOptions
{
    /// <summary>How many to name; ≥ 1.</summary>
    public int Count { get; init; } = 20;

    /// <summary>Nodes below this quantile of the scores of nodes that anybody links to are left out; 0 to below 1. Default .5: the
    /// lift of a node that hardly anyone knows is its own words alone.</summary>
    public double LeastQuantile { get; init; } = 0.5;
}

/// <summary>A node that stands out in a topic.</summary>
/// <param name="Lift">Share of the topic in its authority, over the topic's share in all authority.</param>
/// <param name="Rank">Its authority in the topic.</param>
public readonly record struct Specialist(int Node, double Lift, double Rank);

/// <summary>
/// The nodes that stand out in a topic, by lift: (A_i(v)/ΣA_i)/(x(v)/Σx). By topic rank alone every topic is headed by what is
/// popular in all. Candidates are nodes with an in-link and a score at or above a quantile of such nodes' scores, so that a page of
/// no authority does not top the list; equal lifts are ordered by topic rank, then by node.
/// </summary>
public static class Specialists
{
    /// <exception cref="ArgumentOutOfRangeException">The topic or an option is out of range.</exception>
    public static Specialist[] Of(LinkGraph graph, ReadOnlySpan<double> scores, TopicalPageRankResult topics, int topic, SpecialistsOptions? options = null)
    {
        options ??= new SpecialistsOptions();
        if (topic < 0 || topic >= topics.Topics)
            throw new ArgumentOutOfRangeException(nameof(topic), topic, $"topics are 0 to {topics.Topics - 1}");
        if (options.Count < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.Count, "the number of specialists must be at least 1");
        if (!(options.LeastQuantile >= 0 && options.LeastQuantile < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.LeastQuantile, "the quantile must be at least 0 and less than 1");
        if (scores.Length != graph.NodeCount || topics.Ranks.Length != (long)graph.NodeCount * topics.Topics)
            throw new ArgumentException($"scores and topics must be those of the graph's {graph.NodeCount} nodes", nameof(scores));
        var known = new List<double>();
        for (int v = 0; v < graph.NodeCount; v++)
            if (graph.InDegree(v) > 0)
                known.Add(scores[v]);
        if (known.Count == 0)
            return [];
        known.Sort();
        double least = known[(int)(known.Count * options.LeastQuantile)];
        // the best so far, the worst of them first
        var best = new SortedSet<Specialist>(Comparer<Specialist>.Create((a, b) =>
            a.Lift != b.Lift ? a.Lift.CompareTo(b.Lift) : a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : b.Node.CompareTo(a.Node)));
        double all = topics.Totals.Sum(), share = topics.Totals[topic] / all;
        for (int v = 0; v < graph.NodeCount && share > 0; v++)
        {
            double rank = topics.Ranks[(long)v * topics.Topics + topic];
            if (graph.InDegree(v) == 0 || scores[v] < least || !(rank > 0))
                continue;
            best.Add(new Specialist(v, rank / scores[v] / share, rank));
            if (best.Count > options.Count)
                best.Remove(best.Min);
        }
        return [.. best.Reverse()];
    }
}
