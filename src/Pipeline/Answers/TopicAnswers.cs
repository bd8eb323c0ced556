using System.Text.Json.Serialization;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>A topic of a run.</summary>
/// <param name="Nodes">Of which it is the likeliest topic.</param>
/// <param name="Confidence">Their mean, 0 to 1; null where there are none.</param>
/// <param name="Specialists">Those that stand out, by lift; empty where the run has no authority by topic.</param>
public sealed record TopicRow(string Topic, string Name, int Nodes, double? Confidence, IReadOnlyList<string> Specialists);

/// <summary>A node that stands out in a topic.</summary>
/// <param name="Rank">Place by lift, from 1.</param>
/// <param name="Lift">Share of the topic in its authority, over the topic's share in all authority.</param>
/// <param name="TopicRank">Its authority in the topic.</param>
/// <param name="Probability">That its text is of the topic, 0 to 1.</param>
/// <param name="Confidence">Of its likeliest topic, 0 to 1.</param>
public sealed record SpecialistRow(int Rank, string Name, double Lift, double TopicRank, double Probability, double Confidence);

/// <summary>How far a node is about a topic.</summary>
/// <param name="Probability">0 to 1.</param>
public sealed record NodeTopic(string Topic, string Name, double Probability)
{
    /// <summary>Its authority in the topic; this and what follows are absent where the run has no authority by topic.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopicRank { get; init; }

    /// <summary>By that, from 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Place { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Lift { get; init; }
}

/// <summary>What a node is about.</summary>
/// <param name="Taxonomy">Its version.</param>
/// <param name="Topic">The likeliest; null where there is too little text to tell.</param>
/// <param name="Topics">All, likeliest first.</param>
public sealed record NodeTopics(string Run, int Node, string Name, string Taxonomy, string? Topic, double Confidence, IReadOnlyList<NodeTopic> Topics)
{
    /// <summary>What a node is about; three passes over the nodes where the run has authority by topic.</summary>
    public static NodeTopics Of(TopicScores scores, int node, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(scores);
        int likeliest = scores.Likeliest(node);
        int[] places = scores.HasRanks ? scores.PlacesOf(node, cancel) : [];
        return new NodeTopics(scores.Run.Id, node, scores.Run.Graph.Names[node], scores.Taxonomy.Version, likeliest < 0 ? null : scores.Taxonomy.Topics[likeliest].Id, scores.ConfidenceOf(node),
            [.. Enumerable.Range(0, scores.Count).OrderByDescending(k => scores.Of(node)[k]).ThenBy(k => k).Select(k => new NodeTopic(scores.Taxonomy.Topics[k].Id, scores.Taxonomy.Topics[k].Name, scores.Of(node)[k])
            {
                TopicRank = scores.HasRanks ? scores.RankOf(node, k) : null,
                Place = scores.HasRanks ? places[k] : null,
                Lift = scores.HasRanks ? scores.Lift(node, k, cancel) : null,
            })]);
    }
}

/// <summary>The topics of a run.</summary>
/// <param name="Taxonomy">Its version.</param>
/// <param name="Unknown">Nodes with too little text to tell.</param>
public sealed record TopicList(string Run, string Taxonomy, IReadOnlyList<TopicRow> Topics, int Nodes, int Unknown)
{
    /// <param name="specialists">Named beside each topic.</param>
    public static TopicList Of(TopicScores scores, int specialists = 3, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(scores);
        int n = scores.Run.Graph.NodeCount;
        int[] nodes = new int[scores.Count];
        double[] sure = new double[scores.Count];
        for (int node = 0; node < n; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (scores.Likeliest(node) is var topic and >= 0)
                (nodes[topic], sure[topic]) = (nodes[topic] + 1, sure[topic] + scores.ConfidenceOf(node));
        }
        Specialist[][] best = scores.HasRanks ? scores.SpecialistsOf([.. Enumerable.Range(0, scores.Count)], specialists, cancel) : [];
        return new TopicList(scores.Run.Id, scores.Taxonomy.Version, [.. scores.Taxonomy.Topics.Select((topic, k) => new TopicRow(topic.Id, topic.Name, nodes[k], nodes[k] == 0 ? null : sure[k] / nodes[k],
            scores.HasRanks && nodes[k] > 0 ? [.. best[k].Select(s => scores.Run.Graph.Names[s.Node])] : []))], n, n - nodes.Sum());
    }

    /// <summary>The nodes that stand out in a topic, by lift.</summary>
    /// <exception cref="RunLacksException">The run has no authority by topic.</exception>
    public static IReadOnlyList<SpecialistRow> Specialists(TopicScores scores, int topic, int count, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (!scores.HasRanks)
            throw new RunLacksException(scores.Run.Id, "has topics but no authority by topic, so it has no specialists: rank again");
        return [.. scores.SpecialistsOf([topic], count, cancel)[0].Select((s, i) => new SpecialistRow(i + 1, scores.Run.Graph.Names[s.Node], s.Lift, s.Rank, scores.Of(s.Node)[topic], scores.ConfidenceOf(s.Node)))];
    }
}

/// <summary>A node that has much the same sources.</summary>
/// <param name="Similarity">0 to 1.</param>
/// <param name="Shared">Sources that both have.</param>
public sealed record SimilarNode(int Node, string Name, double Similarity, int Shared);

/// <summary>Who is linked to by the same sources as a node.</summary>
/// <param name="Sources">Of the node.</param>
/// <param name="SourcesLookedAt">The others link to too many to tell anybody apart.</param>
/// <param name="Complete">Whether all were.</param>
public sealed record SimilarNodes(string Run, int Node, string Name, long Sources, int SourcesLookedAt, bool Complete, IReadOnlyList<SimilarNode> Similar)
{
    public static SimilarNodes To(Stores.Run part, int node, int count = 10, SimilarDomainsOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(part);
        SimilarDomainsResult found = SimilarDomains.To(part.Graph, node, count, options, cancel);
        return new SimilarNodes(part.Id, node, part.Graph.Names[node], part.Graph.InDegree(node), found.Sources, found.Complete, [.. found.Domains.Select(d => new SimilarNode(d.Node, part.Graph.Names[d.Node], d.Similarity, d.Shared))]);
    }
}
