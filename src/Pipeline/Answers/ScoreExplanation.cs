using System.Text.Json.Serialization;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>Where a node's raw authority comes from: <c>raw = teleport + Σ links' passes + others.pass + remainder</c>.</summary>
public record ExplainedNode
{
    /// <summary>Raw authority, in multiples of what a node without links gets.</summary>
    public required double Raw { get; init; }

    /// <summary>What it has without any link.</summary>
    public required double Teleport { get; init; }

    /// <summary>What all links pass together.</summary>
    public required double LinksPass { get; init; }

    /// <summary>What the solver left; within 1e-9 of raw.</summary>
    public required double Remainder { get; init; }

    /// <summary>What nofollow, ugc, sponsored and owners that share keep from it; it evaporates.</summary>
    public required double Evaporates { get; init; }

    /// <summary>What discounts of spam clusters keep from it.</summary>
    public required double DiscountTook { get; init; }

    /// <summary>Nodes that link here with weight.</summary>
    public required long LinkCount { get; init; }

    public required ExplainedOthers Others { get; init; }

    /// <summary>The links that pass most, most first.</summary>
    public required IReadOnlyList<ExplainedLink> Links { get; init; }
}

/// <summary>The links that are not told one by one.</summary>
/// <param name="Count">How many.</param>
/// <param name="Pass">What they pass together.</param>
public sealed record ExplainedOthers(long Count, double Pass);

/// <summary>What one node passes to another, and why that much.</summary>
public sealed record ExplainedLink
{
    /// <summary>The node that links, by name.</summary>
    public required string Source { get; init; }

    /// <summary>Its number in the run's graph.</summary>
    public required int Node { get; init; }

    /// <summary>damping × share × source_raw: its part in the target's raw authority.</summary>
    public required double Passes { get; init; }

    /// <summary>passes over the target's raw authority, 0 to 1.</summary>
    public required double Part { get; init; }

    /// <summary>weight over source_total, 0 to 1.</summary>
    public required double Share { get; init; }

    public required double Weight { get; init; }

    public required double SourceRaw { get; init; }

    /// <summary>0 to 100; null: insufficient data.</summary>
    public required double? SourceScore { get; init; }

    /// <summary>Weight of all links of the source, what evaporates included.</summary>
    public required double SourceTotal { get; init; }

    /// <summary>Nodes that the source links to.</summary>
    public required long SourceLinks { get; init; }

    /// <summary>Share that the source loses to nofollow and the like, 0 to 1.</summary>
    public required double SourceEvaporates { get; init; }

    /// <summary>What it would pass in addition if it were followed.</summary>
    public required double Evaporates { get; init; }

    /// <summary>What the discount of a spam cluster keeps from it.</summary>
    public required double DiscountTook { get; init; }

    /// <summary>The observed links behind it with their factors; absent where the run knows none, and on deeper levels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedEdge? Edge { get; init; }

    /// <summary>Where the source has its own from, where so many levels were asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExplainedNode? Origin { get; init; }

    internal static ExplainedLink Of(RunAuthority authority, LinkContribution link, ExplainedEdge? edge, ExplainedNode? origin) => new()
    {
        Source = authority.Graph.Names[link.Source],
        Node = link.Source,
        Passes = link.Passes,
        Part = link.Part,
        Share = link.Share,
        Weight = link.Weight,
        SourceRaw = link.SourceRaw,
        SourceScore = authority.ScoreOf(link.Source, link.SourceRaw),
        SourceTotal = link.SourceTotal,
        SourceLinks = link.SourceLinks,
        SourceEvaporates = link.SourceEvaporates,
        Evaporates = link.Evaporates,
        DiscountTook = link.DiscountTook,
        Edge = edge,
        Origin = origin,
    };
}

/// <summary>How the weight of an edge follows from the links behind it: Σ weight between pages, log2(1 + min(32, Σ weight)) between domains.</summary>
public sealed record ExplainedEdge
{
    /// <summary>Observed links, withheld ones included.</summary>
    public required long LinkCount { get; init; }

    /// <summary>Σ weight.</summary>
    public required double Sum { get; init; }

    /// <summary>Σ weight if every link were followed.</summary>
    public required double Full { get; init; }

    /// <summary>What sum comes to.</summary>
    public required double Weight { get; init; }

    /// <summary>What full comes to.</summary>
    public required double FullWeight { get; init; }

    /// <summary>What is left because several domains of one owner share; 1 where no owner is known.</summary>
    public required double OwnerFactor { get; init; }

    /// <summary>weight × owner_factor.</summary>
    public required double Recomputed { get; init; }

    /// <summary>What stands in the graph, before discounts of spam clusters.</summary>
    public required double Stored { get; init; }

    /// <summary>Whether stored is recomputed, but for rounding.</summary>
    public required bool Agrees { get; init; }

    /// <summary>The links that weigh most.</summary>
    public required IReadOnlyList<ObservedLink> Links { get; init; }

    internal static ExplainedEdge Of(EdgeOrigin edge) => new()
    {
        LinkCount = edge.LinkCount,
        Sum = edge.Sum,
        Full = edge.Full,
        Weight = edge.Weight,
        FullWeight = edge.FullWeight,
        OwnerFactor = edge.OwnerFactor,
        Recomputed = edge.Recomputed,
        Stored = edge.Stored,
        Agrees = edge.Agrees,
        Links = [.. edge.Links.Select(ObservedLink.Of)],
    };
}

/// <summary>One observed link with what its weight is made of: <c>weight = rel × zone × position × form × relevance × sitewide</c>.</summary>
public sealed record ObservedLink
{
    /// <summary>The page it stands on, or the domain where a report names no page.</summary>
    public required string Source { get; init; }

    public required string Target { get; init; }

    /// <summary><c>anchor</c>, <c>image</c>, <c>redirect</c>, <c>canonical</c>, …</summary>
    public required string Kind { get; init; }

    /// <summary>Words as <c>nofollow, ugc</c>; <c>none</c> for a followed link.</summary>
    public required string Rel { get; init; }

    /// <summary><c>main</c>, <c>nav</c>, <c>header</c>, <c>footer</c>, <c>aside</c> or <c>unknown</c>.</summary>
    public required string Zone { get; init; }

    /// <summary>Place in the main text, 0 to 1; null where unknown.</summary>
    public required float? Position { get; init; }

    public required string Form { get; init; }

    public required string Anchor { get; init; }

    public required DateTime FirstSeen { get; init; }

    public required string Flags { get; init; }

    /// <summary>Whether a report names it by domain alone, without pages.</summary>
    public required bool Reported { get; init; }

    public required LinkFactors Factors { get; init; }

    public required float Weight { get; init; }

    /// <summary>What it would weigh if it were followed.</summary>
    public required float Full { get; init; }

    /// <summary>Its part, by weight, in what the edge passes; only where one edge is told.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Passes { get; init; }

    internal static ObservedLink Of(OriginLink link) => new()
    {
        Source = link.Source,
        Target = link.Target,
        Kind = Word(link.Record.Kind),
        Rel = Word(link.Record.Rel),
        Zone = Word(link.Record.Zone),
        Position = float.IsNaN(link.Record.Position) ? null : link.Record.Position,
        Form = Word(link.Record.Form),
        Anchor = link.Anchor,
        FirstSeen = DateTime.SpecifyKind(link.Record.FirstSeen, DateTimeKind.Utc),
        Flags = Word(link.Record.Flags),
        Reported = link.Reported,
        Factors = new LinkFactors(link.Record.Factors.Rel, link.Record.Factors.Zone, link.Record.Factors.Position, link.Record.Factors.Form, link.Record.Factors.Relevance, link.Record.Factors.Sitewide),
        Weight = link.Record.Weight,
        Full = link.Record.Full,
    };

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();
}

/// <summary>The factors of a link's weight, each 0 to 1 but for <paramref name="Sitewide"/>, which may be more for the one instance that counts.</summary>
public sealed record LinkFactors(float Rel, float Zone, float Position, float Form, float Relevance, float Sitewide);

/// <summary>A score explained, in parts that add up to it.</summary>
public sealed record ScoreExplanation : ExplainedNode
{
    public required string Run { get; init; }

    public required string Graph { get; init; }

    public required GraphLevel Level { get; init; }

    public required bool InIndex { get; init; }

    /// <summary>As the run names it.</summary>
    public required string Target { get; init; }

    public required int Node { get; init; }

    /// <summary>0 to 100; null: insufficient data.</summary>
    public required double? Score { get; init; }

    /// <summary>No other domain links here, so there is nothing to tell a score from.</summary>
    public required bool InsufficientData { get; init; }

    public required string ScaleVersion { get; init; }

    /// <summary>Place by raw authority, from 1.</summary>
    public required int Rank { get; init; }

    /// <summary>Percent of nodes with less.</summary>
    public required double Percentile { get; init; }

    public required double Damping { get; init; }

    /// <summary>Explains a node's score.</summary>
    /// <param name="linksTold">Observed links told behind each edge of the first level.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static ScoreExplanation Of(RunAuthority authority, int node, ExplanationOptions? options = null, int linksTold = 3, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        EdgeOrigins? origins = authority.Origins;
        Explanation told = Explanation.Of(authority.Solved, node, options, origins?.Withheld(node, cancel), cancel);
        IReadOnlyList<EdgeOrigin>? edges = origins?.Between([.. told.Links.Select(link => link.Source)], node, linksTold, cancel);
        (int rank, double percentile) = authority.Part.Column("raw")!.StandingOf(node, cancel);
        double? score = authority.ScoreOf(node, told.Raw);
        return new ScoreExplanation
        {
            Run = authority.Run.Id,
            Graph = authority.Part.Ranked.Id,
            Level = authority.Level,
            InIndex = true,
            Target = authority.Graph.Names[node],
            Node = node,
            Score = score,
            InsufficientData = score is null,
            ScaleVersion = authority.Scale.Version,
            Rank = rank,
            Percentile = percentile,
            Damping = authority.Solved.Damping,
            Raw = told.Raw,
            Teleport = told.Teleport,
            LinksPass = told.LinksPass,
            Remainder = told.Remainder,
            Evaporates = told.Evaporates,
            DiscountTook = told.DiscountTook,
            LinkCount = told.LinkCount,
            Others = new ExplainedOthers(told.OtherCount, told.OthersPass),
            Links = [.. told.Links.Select((link, i) => ExplainedLink.Of(authority, link, edges is null ? null : ExplainedEdge.Of(edges[i]), Below(authority, link.Origin)))],
        };
    }

    private static ExplainedNode? Below(RunAuthority authority, Explanation? told) => told is null ? null : new ExplainedNode
    {
        Raw = told.Raw,
        Teleport = told.Teleport,
        LinksPass = told.LinksPass,
        Remainder = told.Remainder,
        Evaporates = told.Evaporates,
        DiscountTook = told.DiscountTook,
        LinkCount = told.LinkCount,
        Others = new ExplainedOthers(told.OtherCount, told.OthersPass),
        Links = [.. told.Links.Select(link => ExplainedLink.Of(authority, link, null, Below(authority, link.Origin)))],
    };
}

/// <summary>What stands between two nodes: every link, its factors, and what it passes.</summary>
public sealed record LinkExplanation
{
    public required string Run { get; init; }

    public required GraphLevel Level { get; init; }

    public required string Source { get; init; }

    public required string Target { get; init; }

    /// <summary>Whether any link was observed between them, withheld or not.</summary>
    public required bool Linked { get; init; }

    public required double TargetRaw { get; init; }

    /// <summary>0 to 100; null: insufficient data.</summary>
    public required double? TargetScore { get; init; }

    /// <summary>What the source passes to the target by all its links there; null where it does not link there.</summary>
    public required ExplainedLink? Link { get; init; }

    /// <summary>Explains what one node passes to another.</summary>
    /// <param name="top">Observed links told one by one, those that weigh most; ≥ 0.</param>
    public static LinkExplanation Between(RunAuthority authority, int source, int target, int top = 100, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        EdgeOrigin? edge = authority.Origins?.Between([source], target, top, cancel)[0];
        double withheld = edge is null || edge.FullWeight - edge.Stored <= 1e-6 * edge.FullWeight ? 0 : edge.FullWeight - edge.Stored;
        LinkContribution link = Explanation.OfLink(authority.Solved, source, target, withheld);
        bool linked = edge is { LinkCount: > 0 } || authority.Graph.InOf(target).BinarySearch((uint)source) >= 0;
        ExplainedEdge? told = edge is null ? null : ExplainedEdge.Of(edge);
        if (told is not null)
            told = told with { Links = [.. told.Links.Select(l => l with { Passes = told.Sum > 0 ? link.Passes * l.Weight / told.Sum : 0 })] };
        double raw = authority.Solved.Raw[target];
        return new LinkExplanation
        {
            Run = authority.Run.Id,
            Level = authority.Level,
            Source = authority.Graph.Names[source],
            Target = authority.Graph.Names[target],
            Linked = linked,
            TargetRaw = raw,
            TargetScore = authority.ScoreOf(target, raw),
            Link = linked ? ExplainedLink.Of(authority, link, told, null) : null,
        };
    }
}
