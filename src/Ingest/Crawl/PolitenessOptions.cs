namespace Backlinks.Ingest;

/// <summary>How long the crawler leaves a target in peace. Times are per target whatever the number of workers or proxies.</summary>
public sealed record PolitenessOptions
{
    /// <summary>Least time between the end of a request and the next one to the same host. 1 s: what a person clicking
    /// through a site costs it.</summary>
    public TimeSpan MinGap { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The gap is at least this many times the last fetch: a server that answers slowly is busy. 5 keeps the crawler
    /// below a sixth of one connection's worth of its time. 0 turns it off.</summary>
    public double FetchTimeFactor { get; init; } = 5;

    /// <summary>What <see cref="FetchTimeFactor"/> can come to at most: one slow page must not cost minutes.</summary>
    public TimeSpan MaxFetchGap { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A longer Crawl-delay counts as this. Real ones are seconds; days are mistakes (milliseconds written as seconds)
    /// that would keep a host out of every crawl, and 24 pages a day burden nobody.</summary>
    public TimeSpan MaxCrawlDelay { get; init; } = TimeSpan.FromHours(1);

    /// <summary>A longer Retry-After counts as this.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Pause after a 429 or 503 that names no time, and after the second failure to connect in a row. It doubles with
    /// each further one up to <see cref="MaxRetryAfter"/>; an answer that is neither resets it.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Between requests to hosts of one registrable domain; null for <see cref="MinGap"/>. Hosts of a domain are
    /// often one server under many names, and an owner with a thousand names did not ask for a thousand visitors.</summary>
    public TimeSpan? DomainGap { get; init; }

    /// <summary>Between requests to hosts at one address; null for <see cref="MinGap"/>: shared hosting is one machine.</summary>
    public TimeSpan? AddressGap { get; init; }

    /// <summary>Requests at a time to a host, at least 1.</summary>
    public int ConnectionsPerHost { get; init; } = 1;

    /// <summary>Requests at a time to all hosts of a domain; 0 for any number.</summary>
    public int ConnectionsPerDomain { get; init; } = 1;

    /// <summary>Requests at a time to all hosts at an address; 0 for any number.</summary>
    public int ConnectionsPerAddress { get; init; } = 1;

    /// <summary>No gap, delay or back-off at all, only <see cref="ConnectionsPerHost"/>: for benchmarks against one's own machine.</summary>
    public bool Off { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MinGap, TimeSpan.Zero);
        if (!(FetchTimeFactor is >= 0 and <= 1e6))
            throw new ArgumentOutOfRangeException(nameof(FetchTimeFactor), FetchTimeFactor, "0 to 1,000,000");
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxFetchGap, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxCrawlDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxRetryAfter, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(Backoff, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(DomainGap ?? MinGap, TimeSpan.Zero, nameof(DomainGap));
        ArgumentOutOfRangeException.ThrowIfLessThan(AddressGap ?? MinGap, TimeSpan.Zero, nameof(AddressGap));
        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectionsPerHost, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(ConnectionsPerDomain);
        ArgumentOutOfRangeException.ThrowIfNegative(ConnectionsPerAddress);
    }
}

/// <summary>What politeness must know of a request that ended.</summary>
/// <param name="Took">From request to last byte.</param>
/// <param name="Address">The address that answered; null or "" where there was none.</param>
/// <param name="RetryAfter">Retry-After from now, where the answer had it.</param>
/// <param name="RateLimited">HTTP 429 or 503.</param>
/// <param name="Failed">No connection came about.</param>
public readonly record struct FetchReport(TimeSpan Took, string? Address = null, TimeSpan? RetryAfter = null, bool RateLimited = false, bool Failed = false);
