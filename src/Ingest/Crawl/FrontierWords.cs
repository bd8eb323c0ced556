namespace Backlinks.Ingest;

/// <summary>A URL that waits to be fetched.</summary>
/// <param name="Url">As <see cref="WebUrl.PageKey"/> gives it.</param>
/// <param name="Hops">Links between a seed and it.</param>
/// <param name="Redirects">Redirects that led to it in a row.</param>
/// <param name="Urgent">Ahead of its host's others: seeds, redirect targets, sitemaps.</param>
/// <param name="NotBefore">Not to be fetched before, or null.</param>
/// <param name="From">The page that led here; "" for seeds.</param>
public readonly record struct FrontierUrl(string Url, int Hops = 0, int Redirects = 0, bool Urgent = false, DateTimeOffset? NotBefore = null, string From = "");

/// <summary>What became of a URL. The numbers are stored: they never change.</summary>
public enum FrontierState : byte
{
    Unknown = 0,
    Queued = 1,

    /// <summary>Fetched, whatever came of it; the store has the visit.</summary>
    Done = 2,

    /// <summary>robots.txt forbids it; the detail has the line.</summary>
    SkippedByRobots = 3,
    SkippedByScope = 4,

    /// <summary>The budget of its host or of the crawl is used up.</summary>
    SkippedByBudget = 5,

    /// <summary>Looks like a trap: endless calendars, repeating path segments, session ids.</summary>
    SkippedAsTrap = 6,

    /// <summary>Too long, or not http(s).</summary>
    SkippedAsUnfit = 7,
}

/// <summary>What the frontier knows of a URL, for <c>backlinks why</c>.</summary>
/// <param name="Detail">Why it was skipped, or how the last attempt ended.</param>
/// <param name="Ahead">URLs of its host before it in the queue, where it is queued; else 0.</param>
/// <param name="ReadyAt">Earliest time it may be fetched as politeness stands now, where it is queued.</param>
public sealed record FrontierEntry(string Url, FrontierState State, int Hops, int Attempts, string Detail, string From, long Ahead, DateTimeOffset? ReadyAt);

/// <summary>A URL handed out for fetching; its host is busy until it is released.</summary>
public sealed class FrontierLease
{
    public required FrontierUrl Url { get; init; }

    /// <summary>Attempts before this one.</summary>
    public int Attempts { get; init; }

    /// <summary>It is done already, and visited again because its time has come.</summary>
    public bool FetchedBefore { get; init; }

    internal FrontierHost? Host { get; init; }

    internal PoliteKey? Address { get; init; }

    internal int Slot { get; init; }

    internal bool Released { get; set; }

    internal bool Over { get; set; }
}

/// <summary>How many URLs are where.</summary>
/// <param name="Queued">Waiting, those with a later time included.</param>
/// <param name="Leased">Handed out and not finished.</param>
/// <param name="Done">Distinct URLs fetched; those that wait for their next visit included.</param>
/// <param name="Hosts">Hosts that ever had a URL queued.</param>
/// <param name="Skipped">URLs skipped, by reason.</param>
public sealed record FrontierCounts(long Queued, long Leased, long Done, int Hosts, IReadOnlyDictionary<FrontierState, long> Skipped);
