using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Spam;

namespace Backlinks.Api.Dashboard;

/// <summary>A node of a drawing.</summary>
/// <param name="Name">From the open web: anything may be in it.</param>
/// <param name="Score">0 to 100; null where there is too little to tell.</param>
/// <param name="SpamScore">0 to 100.</param>
/// <param name="Distance">Links from the node that it is about.</param>
/// <param name="Role">What it does here, in a word; or null.</param>
public sealed record NetworkNode(string Name, double? Score, string? Topic, double SpamScore, int Distance, string? Role = null);

/// <summary>A link of a drawing, between places in its list of nodes.</summary>
/// <param name="Passes">Raw authority that it passes.</param>
public sealed record NetworkLink(int From, int To, double Passes);

/// <summary>A step of a waterfall.</summary>
/// <param name="By">In the first unit, of which bars are drawn.</param>
/// <param name="Other">The same in the second.</param>
public sealed record WaterfallStep(string Name, double By, double Other = 0, string? Note = null);

/// <summary>A small network, ready to be drawn.</summary>
public sealed record NetworkAnswer(IReadOnlyList<NetworkNode> Nodes, IReadOnlyList<NetworkLink> Links)
{
    /// <summary>Nodes drawn at most: more are a cloud that nobody reads, and cost more than a second.</summary>
    private const int Most = 600;

    /// <summary>An extract of one of a run's graphs, with topics and roles.</summary>
    public static NetworkAnswer Of(ServedRun run, Neighbourhood extract, GraphLevel level = GraphLevel.Domain, SpamCluster? cluster = null)
    {
        TopicScores? topics = null;
        try
        {
            topics = run.Topics(level);
        }
        catch (Exception lacks) when (lacks is RunLacksException or RequestException)
        {
            // drawn without colours of topics
        }
        Dictionary<string, SpamRole> roles = cluster?.Members.ToDictionary(m => m.Name, m => m.Role, StringComparer.Ordinal) ?? [];
        NeighbourNode[] kept = [.. extract.Nodes.Take(Most)];
        Dictionary<int, int> place = [];
        for (int i = 0; i < kept.Length; i++)
            place.TryAdd(kept[i].Node, i);
        return new NetworkAnswer(
            [.. kept.Select(n => new NetworkNode(n.Name, n.Score, TopicOf(n.Node), n.SpamScore ?? 0, n.Distance,
                cluster is null ? null : roles.TryGetValue(n.Name, out SpamRole role) ? role == SpamRole.Target ? "boosted" : "booster" : "linked to as camouflage"))],
            [.. extract.Links.Where(l => place.ContainsKey(l.Source) && place.ContainsKey(l.Target)).Select(l => new NetworkLink(place[l.Source], place[l.Target], l.Passes))]);

        string? TopicOf(int node) => topics?.Likeliest(node) is >= 0 and { } topic ? topics.Taxonomy.Topics[topic].Name : null;
    }

    /// <summary>A domain or page with those that pass most to it, and those that pass most to them.</summary>
    /// <returns>Null where the run does not know the target.</returns>
    public static NetworkAnswer? Around(ServedRun run, string target, NeighbourhoodOptions options, CancellationToken cancel) =>
        Neighbourhoods.Of(run, target, null, options with { MostNodes = Most }, cancel) is { Extract: { } extract } found ? Of(run, extract, found.Level) : null;
}
