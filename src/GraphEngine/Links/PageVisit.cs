namespace Backlinks.GraphEngine;

/// <summary>How one look at one page ended. The numbers are stored: they never change.</summary>
public enum VisitOutcome : byte
{
    /// <summary>A whole page: its links are all there are now, and a link it had before and lacks now is gone from it.</summary>
    Fetched = 0,

    /// <summary>HTTP 304: everything is as at the last <see cref="Fetched"/>.</summary>
    NotModified = 1,

    /// <summary>HTTP 3xx; the one link is the <see cref="LinkKind.Redirect"/>.</summary>
    Redirected = 2,

    /// <summary>HTTP 404 or 410.</summary>
    Gone = 3,

    /// <summary>The host does not exist any more (NXDOMAIN) or refuses every connection.</summary>
    HostDead = 4,

    /// <summary>A source that knows some links of the page, not all: a vendor's export, a feed. Removes nothing.</summary>
    Reported = 5,

    // What follows could not be verified: it removes nothing, ever.

    /// <summary>HTTP 401, 402, 403, 407, 451 and other 4xx.</summary>
    Blocked = 16,

    /// <summary>A challenge page (CAPTCHA, "checking your browser") in the place of the page.</summary>
    Challenged = 17,

    /// <summary>HTTP 429, or 503 with Retry-After.</summary>
    RateLimited = 18,

    /// <summary>HTTP 5xx.</summary>
    ServerError = 19,
    TimedOut = 20,

    /// <summary>Connection broken, TLS failure, protocol violation.</summary>
    NetworkError = 21,

    /// <summary>The body ended early, or is longer than the cap; the links are those of the part that came.</summary>
    Truncated = 22,

    /// <summary>robots.txt forbids it.</summary>
    Disallowed = 23,

    /// <summary>The address is not public, or its port not allowed.</summary>
    Refused = 24,

    /// <summary>Not HTML: an image, a PDF. It has no links to read.</summary>
    NotHtml = 25,
}

/// <summary>Why a link counts as lost. The numbers are stored: they never change.</summary>
public enum LostReason : byte
{
    /// <summary>Not lost.</summary>
    None = 0,

    /// <summary>The page is there without the link.</summary>
    Removed = 1,
    PageGone = 2,

    /// <summary>The page redirects elsewhere now.</summary>
    RedirectedAway = 3,
    Noindex = 4,

    /// <summary>The page names another page as its canonical.</summary>
    NotCanonical = 5,
    BecameNofollow = 6,
    HostDead = 7,
}

/// <summary>One link as one look at its page found it.</summary>
public sealed record LinkObservation
{
    /// <summary>Absolute URL as WHATWG serialises it, without fragment; a host or domain where the granularity says so.</summary>
    public required string Target { get; init; }

    /// <summary>The attribute as written, at most 2,083 characters; "" where the source does not say.</summary>
    public string Href { get; init; } = "";

    public LinkKind Kind { get; init; }

    public LinkRel Rel { get; init; }

    public Zone Zone { get; init; }

    /// <summary>0 (top of the text) to 1 (its end); NaN where unknown.</summary>
    public float Position { get; init; } = float.NaN;

    /// <summary>White space collapsed, at most 1,024 UTF-8 bytes.</summary>
    public string Anchor { get; init; } = "";

    /// <summary>At most 60 characters of text before the link.</summary>
    public string Left { get; init; } = "";

    /// <summary>At most 60 characters of text behind the link.</summary>
    public string Right { get; init; } = "";

    /// <summary>When the source first saw the link, where it says so; else the visit's time counts.</summary>
    public DateTime? FirstSeen { get; init; }

    /// <summary>When the source last saw the link, where it says so; else the visit's time counts.</summary>
    public DateTime? LastSeen { get; init; }

    /// <summary>When the source found the link lost, where it says so (vendor exports of lost links).</summary>
    public DateTime? LostAt { get; init; }

    /// <summary>Why, beside <see cref="LostAt"/>.</summary>
    public LostReason LostReason { get; init; }
}

/// <summary>One look at one page and what it found: the one word for every source of links. Writing the same visit twice
/// changes nothing; visits may come in any order of time.</summary>
public sealed record PageVisit
{
    /// <summary>Absolute URL as WHATWG serialises it, without fragment; a host or domain where the granularity says so.</summary>
    public required string Url { get; init; }

    /// <summary>UTC, whole microseconds (what the store keeps).</summary>
    public required DateTime At { get; init; }

    /// <summary>Who says so: <c>crawl:ID</c>, <c>warc:FILE</c>, <c>ahrefs:FILE</c> …</summary>
    public required string Source { get; init; }

    public Granularity Granularity { get; init; }

    public VisitOutcome Outcome { get; init; }

    /// <summary>HTTP status; 0 where there was none.</summary>
    public int Status { get; init; }

    /// <summary>What a person should read about the outcome: the rule of robots.txt, the error of the connection; "" for none.</summary>
    public string Detail { get; init; } = "";

    public string ContentType { get; init; } = "";

    /// <summary>Of the <c>lang</c> attribute or Content-Language, lower case; "" unknown.</summary>
    public string Language { get; init; } = "";

    public string Title { get; init; } = "";

    /// <summary>Headings h1–h3, a line each, at most 1,024 characters.</summary>
    public string Headings { get; init; } = "";

    /// <summary>The start of the text outside navigation, white space collapsed, at most 4,096 characters.</summary>
    public string Text { get; init; } = "";

    /// <summary>Words of the whole text.</summary>
    public int Words { get; init; }

    /// <summary>The canonical URL the page names, resolved; "" where it names none or itself.</summary>
    public string Canonical { get; init; } = "";

    public bool Noindex { get; init; }

    public bool Nofollow { get; init; }

    /// <summary>XXH3 of the decoded body; 0 where there is none.</summary>
    public ulong ContentHash { get; init; }

    /// <summary>Charikar's SimHash over word 3-grams of the text (Manku, Jain, Das Sarma 2007); 0 where there is too little.</summary>
    public ulong SimHash { get; init; }

    public string ETag { get; init; } = "";

    public string LastModified { get; init; } = "";

    /// <summary>Address the page came from; "" unknown.</summary>
    public string Address { get; init; } = "";

    /// <summary>Bytes of the body as decoded.</summary>
    public long Bytes { get; init; }

    /// <summary>Milliseconds from request to last byte.</summary>
    public int Milliseconds { get; init; }

    /// <summary>In document order. The same target may occur many times.</summary>
    public IReadOnlyList<LinkObservation> Links { get; init; } = [];
}
