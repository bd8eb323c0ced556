namespace Backlinks.Api;

/// <summary>What a run knows of a target, in numbers.</summary>
public sealed record OverviewFigures
{
    /// <summary>Authority of the target's domain, 0 to 100; null: insufficient data, no other domain links to it.</summary>
    public double? DomainRating { get; init; }

    /// <summary>Authority of the page, or of the target's best page, 0 to 100.</summary>
    public double? UrlRating { get; init; }

    /// <summary>Whether nothing can be said of the domain's authority.</summary>
    public bool InsufficientData { get; init; }

    /// <summary>Place of the domain by raw authority, 1 the highest.</summary>
    public long? Rank { get; init; }

    /// <summary>Percent of domains below it.</summary>
    public double? Percentile { get; init; }

    /// <summary>Domains that are ranked.</summary>
    public long RankedDomains { get; init; }

    /// <summary>Raw authority: what a domain without links has is 1.</summary>
    public double? Raw { get; init; }

    /// <summary>Raw authority before spam clusters were discounted.</summary>
    public double? RawBefore { get; init; }

    public double? Pagerank { get; init; }

    public double? Trust { get; init; }

    public double? Harmonic { get; init; }

    /// <summary>Score of the spam cluster that the domain is a member of, 0 to 100; null: of none.</summary>
    public double? SpamScore { get; init; }

    public string? SpamClusterId { get; init; }

    public string? Topic { get; init; }

    public double? TopicConfidence { get; init; }

    /// <summary>Live links from other domains.</summary>
    public long Backlinks { get; init; }

    public long DofollowBacklinks { get; init; }

    public long NewBacklinks { get; init; }

    public long LostBacklinks { get; init; }

    /// <summary>Domains with a live link to the target.</summary>
    public long Refdomains { get; init; }

    public long DofollowRefdomains { get; init; }

    /// <summary>Of live backlinks, 0 to 1; null where there is none.</summary>
    public double? DofollowShare { get; init; }

    /// <summary>Addresses that linking pages were fetched from.</summary>
    public long ReferringIps { get; init; }

    /// <summary>Their /24 networks (IPv6: /48).</summary>
    public long ReferringNetworks { get; init; }

    /// <summary>Live links to other domains.</summary>
    public long Outlinks { get; init; }

    /// <summary>Domains linked to.</summary>
    public long LinkedDomains { get; init; }

    /// <summary>Of referring domains, those in a spam cluster, 0 to 1; null where there is none.</summary>
    public double? SpamShare { get; init; }

    /// <summary>Pages known.</summary>
    public long Pages { get; init; }

    /// <summary>Pages visited.</summary>
    public long PagesVisited { get; init; }

    /// <summary>Of pages known, those visited, 0 to 1; null where there is none.</summary>
    public double? Coverage { get; init; }

    public DateTime? FirstSeen { get; init; }

    public DateTime? LastVisited { get; init; }
}

/// <summary>Referring domains at the end of a period.</summary>
/// <param name="Date">First day of the period.</param>
/// <param name="New">Domains whose first link was seen in it.</param>
/// <param name="Lost">Domains whose last link was lost in it.</param>
public sealed record RefdomainsPoint(DateOnly Date, long Refdomains, long New, long Lost);

/// <summary>Links that came and went in a month.</summary>
public sealed record LinkChanges(DateOnly Date, long New, long Lost);

/// <summary>Referring domains with an authority from <paramref name="From"/> to below <paramref name="To"/>; both null: insufficient data.</summary>
public sealed record AuthorityBand(int? From, int? To, long Refdomains, long DofollowRefdomains);

/// <summary>A part of the live backlinks.</summary>
/// <param name="Name">Of the attribute, type, class, suffix or topic; null where it is unknown.</param>
public sealed record LinkShare(string? Name, long Links, long Refdomains);

/// <summary>A referring domain as a dot.</summary>
/// <param name="Trust">Null where the run had no seeds of trust.</param>
public sealed record ScatterPoint(string Domain, double? DomainRating, double? Trust, long Links, string? SpamClusterId);

/// <summary>A referring domain.</summary>
public sealed record TopRefdomain(string Domain, double? DomainRating, long Links, long DofollowLinks, DateTime? FirstSeen, DateTime? LastSeen, string? Topic, string? SpamClusterId, double? RankPassed);

/// <summary>A link to the target.</summary>
public sealed record TopBacklink(string UrlFrom, string UrlTo, string? Title, string? Anchor, string? SnippetLeft, string? SnippetRight, string LinkType, bool IsDofollow,
    double? DomainRatingSource, double? UrlRatingSource, double? RankPassed, DateTime? FirstSeen, DateTime? LastSeen, DateTime? LostAt, string? LostReason, int? TargetHttpCode, string? SpamClusterId);

/// <summary>A page of the target.</summary>
public sealed record TopPage(string Url, string? Title, double? UrlRating, long Backlinks, long Refdomains, int? HttpCode);

/// <summary>A domain that the same sources link to.</summary>
/// <param name="Similarity">Cosine of their in-links, above 0 to 1.</param>
/// <param name="SharedRefdomains">Domains that link to both.</param>
public sealed record SimilarDomainRow(string Domain, double? DomainRating, double Similarity, int SharedRefdomains);

/// <summary>The overview screen of a target in one answer.</summary>
public sealed record Overview
{
    /// <summary>As understood: a URL, host or domain.</summary>
    public required string Target { get; init; }

    public required TargetMode Mode { get; init; }

    public required bool InIndex { get; init; }

    public required OverviewFigures Figures { get; init; }

    /// <summary>The same of the run published before this one; null where there is none.</summary>
    public OverviewFigures? Before { get; init; }

    public RunStamp? RunBefore { get; init; }

    /// <summary>By month, oldest first.</summary>
    public IReadOnlyList<RefdomainsPoint> RefdomainsHistory { get; init; } = [];

    /// <summary>By month, oldest first.</summary>
    public IReadOnlyList<LinkChanges> NewLost { get; init; } = [];

    /// <summary>In tens, lowest first; those without enough data first of all.</summary>
    public IReadOnlyList<AuthorityBand> AuthorityBands { get; init; } = [];

    /// <summary><c>dofollow</c>, <c>nofollow</c>, <c>ugc</c>, <c>sponsored</c>: a link can be of several.</summary>
    public IReadOnlyList<LinkShare> Attributes { get; init; } = [];

    public IReadOnlyList<LinkShare> LinkTypes { get; init; } = [];

    public IReadOnlyList<LinkShare> Positions { get; init; } = [];

    /// <summary>The 20 texts with the most referring domains.</summary>
    public IReadOnlyList<LinkShare> Anchors { get; init; } = [];

    public IReadOnlyList<LinkShare> AnchorClasses { get; init; } = [];

    /// <summary>The 20 last labels of referring domains.</summary>
    public IReadOnlyList<LinkShare> Tlds { get; init; } = [];

    public IReadOnlyList<LinkShare> Languages { get; init; } = [];

    /// <summary>Topics of referring domains.</summary>
    public IReadOnlyList<LinkShare> Topics { get; init; } = [];

    /// <summary>The 500 referring domains with the highest authority.</summary>
    public IReadOnlyList<ScatterPoint> Scatter { get; init; } = [];

    public IReadOnlyList<TopRefdomain> TopRefdomains { get; init; } = [];

    public IReadOnlyList<TopBacklink> TopBacklinks { get; init; } = [];

    public IReadOnlyList<TopPage> TopPages { get; init; } = [];

    public IReadOnlyList<TopBacklink> Newest { get; init; } = [];

    public IReadOnlyList<TopBacklink> Lost { get; init; } = [];

    public IReadOnlyList<TopBacklink> Broken { get; init; } = [];

    public IReadOnlyList<SimilarDomainRow> Competitors { get; init; } = [];
}
