using System.Text.Json.Nodes;

using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>One part of a difference.</summary>
/// <param name="Raw">In raw authority.</param>
/// <param name="Points">In points of score; null where there is too little to tell a score from in both runs.</param>
public sealed record DifferencePart(double Raw, double? Points);

/// <summary>The parts of a difference; all but <see cref="Sum"/> add up to it.</summary>
public sealed record DifferenceParts
{
    /// <summary>Links that pass nothing any more, because they or their sources are gone.</summary>
    public required DifferencePart LinksLost { get; init; }

    /// <summary>Links that passed nothing before.</summary>
    public required DifferencePart LinksGained { get; init; }

    /// <summary>Sources of unchanged links are worth more or less themselves.</summary>
    public required DifferencePart SourcesOwn { get; init; }

    /// <summary>Sources of unchanged links link more or less elsewhere.</summary>
    public required DifferencePart Dilution { get; init; }

    /// <summary>Unchanged links weigh more or less.</summary>
    public required DifferencePart LinkWeight { get; init; }

    /// <summary>Discounts of spam clusters.</summary>
    public required DifferencePart Discount { get; init; }

    /// <summary>What the node has without links: other seeds, other owners.</summary>
    public required DifferencePart Teleport { get; init; }

    /// <summary>Another damping.</summary>
    public required DifferencePart Configuration { get; init; }

    /// <summary>Another scale: the same raw value has another score.</summary>
    public required DifferencePart Scale { get; init; }

    /// <summary>Rounding, and what the solver left.</summary>
    public required DifferencePart Remainder { get; init; }

    public required DifferencePart Sum { get; init; }

    /// <summary>Names, as JSON has them, words for people, and values; without the sum.</summary>
    public IEnumerable<(string Name, string Words, DifferencePart Part)> All() =>
    [
        ("links_lost", "links lost", LinksLost),
        ("links_gained", "links gained", LinksGained),
        ("sources_own", "sources worth more or less themselves", SourcesOwn),
        ("dilution", "sources that link more or less elsewhere", Dilution),
        ("link_weight", "links that weigh more or less", LinkWeight),
        ("discount", "discounts of spam clusters", Discount),
        ("teleport", "what it has without links (seeds, owners)", Teleport),
        ("configuration", "another damping", Configuration),
        ("scale", "another scale", Scale),
        ("remainder", "rounding, and what the solver left", Remainder),
    ];

    internal static DifferenceParts Of(Attribution told, bool scored)
    {
        DifferencePart Part(Func<AttributionParts, double> of) => new(of(told.Raw), scored ? of(told.Points) : null);
        return new DifferenceParts
        {
            LinksLost = Part(p => p.LinksLost),
            LinksGained = Part(p => p.LinksGained),
            SourcesOwn = Part(p => p.SourcesOwn),
            Dilution = Part(p => p.Dilution),
            LinkWeight = Part(p => p.LinkWeight),
            Discount = Part(p => p.Discount),
            Teleport = Part(p => p.Teleport),
            Configuration = Part(p => p.Configuration),
            Scale = Part(p => p.Scale),
            Remainder = Part(p => p.Remainder),
            Sum = Part(p => p.Sum),
        };
    }
}

/// <summary>What one source has to do with a difference; passes and parts in raw authority.</summary>
public sealed record ChangedSource
{
    public required string Source { get; init; }

    public required SourceChange Change { get; init; }

    public required double PassedBefore { get; init; }

    public required double PassesAfter { get; init; }

    public required double Difference { get; init; }

    /// <summary>Null where there is too little to tell a score from in both runs.</summary>
    public required double? Points { get; init; }

    /// <summary>Because the source itself is worth more or less.</summary>
    public required double Own { get; init; }

    /// <summary>Because it links more or less.</summary>
    public required double Dilution { get; init; }

    /// <summary>Because the link weighs more or less.</summary>
    public required double LinkWeight { get; init; }

    /// <summary>Because of the discount of spam clusters.</summary>
    public required double Discount { get; init; }

    /// <summary>Because of the damping.</summary>
    public required double Configuration { get; init; }
}

/// <summary>Why a node's authority differs between two runs, in parts that add up.</summary>
public sealed record ScoreDifference
{
    public required string RunA { get; init; }

    public required string RunB { get; init; }

    public required GraphLevel Level { get; init; }

    public required bool InIndex { get; init; }

    public required string Target { get; init; }

    public required double RawBefore { get; init; }

    public required double RawAfter { get; init; }

    /// <summary>0 to 100; null: insufficient data.</summary>
    public required double? ScoreBefore { get; init; }

    public required double? ScoreAfter { get; init; }

    public required string ScaleVersionA { get; init; }

    public required string ScaleVersionB { get; init; }

    /// <summary>Points for one unit of raw authority, between the two.</summary>
    public required double? PointsPerRaw { get; init; }

    /// <summary>Algorithms whose options, or whose engine, are not the same in both runs: some of the difference is then of our making.</summary>
    public required IReadOnlyList<string> ConfigurationDiffers { get; init; }

    public required DifferenceParts Parts { get; init; }

    /// <summary>Sources that pass what they did, but for rounding.</summary>
    public required int SourcesUnchanged { get; init; }

    public required int SourcesChanged { get; init; }

    /// <summary>Those that changed, by the size of their difference.</summary>
    public required IReadOnlyList<ChangedSource> Sources { get; init; }

    /// <summary>What the sources that are not told pass more or less, rounding included: with it, rows of sources add up, too.</summary>
    public required double OthersDifference { get; init; }

    /// <summary>Splits the difference of a node that has these numbers in both runs.</summary>
    /// <param name="top">Sources told one by one; ≥ 0.</param>
    public static ScoreDifference Between(RunAuthority before, int nodeA, RunAuthority after, int nodeB, int top = 20, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        var told = Attribution.Between(before.Solved, nodeA, after.Solved, nodeB, before.Score, after.Score, cancel);
        double? scoreA = before.ScoreOf(nodeA, told.RawBefore), scoreB = after.ScoreOf(nodeB, told.RawAfter);
        bool scored = scoreA is not null || scoreB is not null;
        SourceDifference[] shown = [.. told.Sources.Take(top)];
        AttributionParts raw = told.Raw;
        return new ScoreDifference
        {
            RunA = before.Run.Id,
            RunB = after.Run.Id,
            Level = after.Level,
            InIndex = true,
            Target = after.Graph.Names[nodeB],
            RawBefore = told.RawBefore,
            RawAfter = told.RawAfter,
            ScoreBefore = scoreA,
            ScoreAfter = scoreB,
            ScaleVersionA = before.Scale.Version,
            ScaleVersionB = after.Scale.Version,
            PointsPerRaw = scored ? told.PointsPerRaw : null,
            ConfigurationDiffers = Configurations(before.Run, after.Run),
            Parts = DifferenceParts.Of(told, scored),
            SourcesUnchanged = told.Unchanged,
            SourcesChanged = told.Sources.Count,
            Sources = [.. shown.Select(s => new ChangedSource
            {
                Source = s.Name,
                Change = s.Change,
                PassedBefore = s.PassedBefore,
                PassesAfter = s.PassesAfter,
                Difference = s.Difference,
                Points = scored ? s.Difference * told.PointsPerRaw : null,
                Own = s.Own,
                Dilution = s.Dilution,
                LinkWeight = s.LinkWeight,
                Discount = s.Discount,
                Configuration = s.Configuration,
            })],
            OthersDifference = raw.LinksLost + raw.LinksGained + raw.SourcesOwn + raw.Dilution + raw.LinkWeight + raw.Discount + raw.Configuration - shown.Sum(s => s.Difference),
        };
    }

    /// <summary>Algorithms whose options, or whose engine, are not the same in both runs.</summary>
    public static IReadOnlyList<string> Configurations(Run a, Run b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        var changed = new List<string>();
        foreach (string algorithm in a.Manifest.Configuration.Keys.Union(b.Manifest.Configuration.Keys).Order(StringComparer.Ordinal))
            if (!JsonNode.DeepEquals(a.Manifest.Configuration.GetValueOrDefault(algorithm), b.Manifest.Configuration.GetValueOrDefault(algorithm)))
                changed.Add(algorithm);
        if (a.Manifest.EngineVersion != b.Manifest.EngineVersion)
            changed.Add("engine_version");
        return changed;
    }
}
