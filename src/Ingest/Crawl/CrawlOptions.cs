namespace Backlinks.Ingest;

/// <summary>What a crawl fetches, how much of it and how it meets failure. Saved with the crawl, so that resuming needs no
/// repetition of them.</summary>
public sealed record CrawlOptions
{
    public required IReadOnlyList<string> Seeds { get; init; }

    /// <summary>Domain: what analysts call a site.</summary>
    public ScopeKind Scope { get; init; } = ScopeKind.Domain;

    public IReadOnlyList<string> Include { get; init; } = [];

    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Links from a seed, at most; 0 fetches the seeds alone.</summary>
    public int MaxHops { get; init; } = 100;

    /// <summary>URLs fetched in all, robots.txt not counted. What remains queued is fetched by resuming with a higher number.</summary>
    public long MaxPages { get; init; } = 100_000;

    /// <summary>URLs fetched of one host; the others of it are skipped.</summary>
    public long MaxPagesPerHost { get; init; } = 50_000;

    /// <summary>Requests under way at once, 1 to 1,024. 32: enough for hosts that answer in a second, one request a host each.</summary>
    public int Workers { get; init; } = 32;

    /// <summary>Follow <c>rel=nofollow</c> links of pages too. They are recorded either way; meta nofollow is always obeyed.</summary>
    public bool FollowNofollow { get; init; }

    /// <summary>Look again at the pages in scope that the store knows, linked to or not: a link is lost only when its page was
    /// looked at.</summary>
    public bool KnownPages { get; init; } = true;

    /// <summary>Fetch the sitemaps that robots.txt names.</summary>
    public bool Sitemaps { get; init; } = true;

    /// <summary>Tries of a URL whose fetch failed in a way that may pass, 1 to 20.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>Before the second try; it doubles with each.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>When nothing may be fetched for longer than this (Retry-After of a day), the crawl ends and can be resumed.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A chain of redirects longer than this leads nowhere (WHATWG Fetch allows 20, browsers' users less).</summary>
    public int MaxRedirects { get; init; } = 10;

    public PageReaderOptions Pages { get; init; } = new();

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    /// <exception cref="ArgumentException"><see cref="Pages"/> has selectors that are none.</exception>
    public void Check()
    {
        if (Pages.Main is { } main)
            MainByRule.Check(main);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxHops);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxPages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxPagesPerHost);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Workers);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Workers, 1024);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxAttempts);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxAttempts, 20);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxRedirects);
    }
}

/// <summary>Why a crawl ended.</summary>
public enum CrawlEnd
{
    /// <summary>Nothing is left to fetch.</summary>
    Complete,

    /// <summary><see cref="CrawlOptions.MaxPages"/> is reached.</summary>
    Budget,

    /// <summary>What is left must wait longer than <see cref="CrawlOptions.Patience"/>.</summary>
    Waiting,

    /// <summary>Cancelled; what was fetched is kept.</summary>
    Stopped,
}

/// <summary>What a crawl did since it was started or resumed.</summary>
public sealed record CrawlResult
{
    public CrawlEnd End { get; init; }

    /// <summary>URLs fetched, whatever the outcome; tries that are to be repeated are not counted.</summary>
    public long Fetched { get; init; }

    public long Links { get; init; }

    public long NewLost { get; init; }

    public long Bytes { get; init; }

    public TimeSpan Took { get; init; }

    /// <summary>Fetches by <see cref="GraphEngine.VisitOutcome"/>, in its words.</summary>
    public IReadOnlyDictionary<string, long> Outcomes { get; init; } = new SortedDictionary<string, long>();
}
