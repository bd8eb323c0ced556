using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>What a graph alone tells of a target, for runs without rows: its scores, and who links to it.</summary>
/// <param name="Node">In the graph of domains; -1 where it is not there.</param>
internal sealed record GraphFigures(int Node, OverviewFigures Figures)
{
    public static GraphFigures Of(ServedRun run, RowTarget target, CancellationToken cancel)
    {
        int node = NodeOf(run, target);
        LinkGraph graph = run.Domains;
        if (node < 0)
            return new GraphFigures(-1, new OverviewFigures { InsufficientData = true, RankedDomains = graph.NodeCount });
        double? rating = Rating(run, run.Run.Column("authority"), node);
        ScoreColumn? order = run.Run.Column("raw") ?? run.Run.Column("pagerank");
        (int Rank, double Percentile)? standing = order?.StandingOf(node, cancel);
        return new GraphFigures(node, new OverviewFigures
        {
            DomainRating = rating,
            InsufficientData = rating is null,
            Rank = standing?.Rank,
            Percentile = standing?.Percentile,
            RankedDomains = graph.NodeCount,
            Raw = run.Run.Column("raw")?[node],
            RawBefore = run.Run.Column("raw_before")?[node],
            Pagerank = run.Run.Column("pagerank")?[node],
            Trust = run.Run.Column("trust")?[node],
            Harmonic = run.Run.Column("harmonic")?[node],
            Refdomains = graph.InDegree(node) - (graph.InOf(node).BinarySearch((uint)node) >= 0 ? 1 : 0),
            LinkedDomains = graph.OutDegree(node) - (graph.OutOf(node).BinarySearch((uint)node) >= 0 ? 1 : 0),
        });
    }

    /// <summary>The node of the target's URL, host, or domain, in this order; -1 for none.</summary>
    public static int NodeOf(ServedRun run, RowTarget target)
    {
        NodeNames names = run.Domains.Names;
        foreach (string name in target.Urls.Append(target.Host).Append(PublicSuffixList.BuiltIn.DomainOf(target.Host, withPrivate: false)).OfType<string>())
            if (names.Find(name) is >= 0 and int node)
                return node;
        return -1;
    }

    /// <summary>Authority; null where no other node links here.</summary>
    public static double? Rating(ServedRun run, ScoreColumn? authority, int node)
    {
        if (authority is null)
            return null;
        foreach (uint source in run.Domains.InOf(node))
            if (source != (uint)node)
                return authority[node];
        return null;
    }
}
