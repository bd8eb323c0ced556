using System.IO.Hashing;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>An HTTP response as a crawl or an archive gives it, its body decoded from transfer and content codings.</summary>
public sealed record PageResponse
{
    public required WebUrl Url { get; init; }

    public required int Status { get; init; }

    public required HttpFields Fields { get; init; }

    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>False where the body is known to be cut: shorter than declared, a broken coding, over the cap.</summary>
    public bool Complete { get; init; } = true;

    /// <summary>UTC.</summary>
    public required DateTime At { get; init; }

    public required string Source { get; init; }

    public string Address { get; init; } = "";

    public int Milliseconds { get; init; }
}

/// <summary>How pages are read.</summary>
public sealed record PageReaderOptions
{
    /// <summary>CSS selectors of the main text, by the user's rule (needs a DOM: slow); null for the built-in zones.</summary>
    public string? Main { get; init; }

    /// <summary>Bytes of a body that are read; beyond them it counts as truncated. 5 MB: few honest pages are longer.</summary>
    public int MaxBody { get; init; } = 5_000_000;

    public int MaxLinks { get; init; } = 10_000;

    public int MaxUrl { get; init; } = 2_083;

    /// <summary>The user agent token for <c>&lt;meta name=TOKEN&gt;</c> and X-Robots-Tag beside the general ones.</summary>
    public string Agent { get; init; } = "backlinks";
}

/// <summary>
/// Reads an HTTP response into a visit: outcome by status, links with zones, title, text, hashes.
/// <list type="table">
/// <item><term>2xx and HTML</term><description>Fetched; Truncated where the body is incomplete, partial (206), empty, longer than
/// <see cref="PageReaderOptions.MaxBody"/> or has more links than <see cref="PageReaderOptions.MaxLinks"/>: what is missing may only be cut off</description></item>
/// <item><term>2xx and not HTML, 204, 205</term><description>NotHtml</description></item>
/// <item><term>304</term><description>NotModified</description></item>
/// <item><term>other 3xx</term><description>Redirected with one link; Blocked where it leads to itself (a cookie is asked for); NetworkError without a usable Location</description></item>
/// <item><term>404, 410</term><description>Gone</description></item>
/// <item><term>429, 503 with Retry-After</term><description>RateLimited</description></item>
/// <item><term>5xx, 4xx</term><description>ServerError, Blocked</description></item>
/// <item><term>any but 3xx, 404, 410</term><description>Challenged by the signs of <see cref="ChallengeSigns"/></description></item>
/// </list>
/// Never throws for what a server sends. Time and memory are linear in the body: measured 3 to 10 ms a MB for honest pages, 31 ms a
/// MB for the worst of 52 hostile ones. Safe to call from many threads.
/// </summary>
public static class PageReader
{
    /// <exception cref="ArgumentException"><see cref="PageReaderOptions.Main"/> is no list of CSS selectors.</exception>
    public static PageVisit Read(PageResponse response, PageReaderOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(response);
        options ??= new();
        if (options.Main is not null)
            MainByRule.Check(options.Main);
        HttpFields fields = response.Fields;
        var visit = new PageVisit
        {
            Url = response.Url.PageKey,
            At = new DateTime(response.At.Ticks - response.At.Ticks % TimeSpan.TicksPerMicrosecond, DateTimeKind.Utc),
            Source = response.Source,
            Status = response.Status,
            ContentType = fields.Get("Content-Type") ?? "",
            ETag = fields.Get("ETag") ?? "",
            LastModified = fields.Get("Last-Modified") ?? "",
            Address = response.Address,
            Milliseconds = response.Milliseconds,
            Bytes = response.Body.Length,
            ContentHash = response.Body.IsEmpty ? 0 : XxHash3.HashToUInt64(response.Body.Span),
        };
        int status = response.Status;
        if (status is 404 or 410)
            return visit with { Outcome = VisitOutcome.Gone };
        if (status == 304)
            return visit with { Outcome = VisitOutcome.NotModified };
        if (status is >= 300 and < 400)
            return Redirected(visit, response, options);
        string? challenge = ChallengeSigns.ByHeader(fields) ?? (ChallengeSigns.Refuses(status) ? ChallengeSigns.ByBody(response.Body.Span) : null);
        if (challenge is not null)
            return visit with { Outcome = VisitOutcome.Challenged, Detail = "challenge: " + challenge };
        if (status == 429 || (status == 503 && fields.Get("Retry-After") is not null))
            return visit with { Outcome = VisitOutcome.RateLimited, Detail = fields.Get("Retry-After") is { } after ? "Retry-After: " + after : "" };
        if (status >= 500)
            return visit with { Outcome = VisitOutcome.ServerError };
        if (status >= 400)
            return visit with { Outcome = VisitOutcome.Blocked };
        if (status < 200)
            return visit with { Outcome = VisitOutcome.NetworkError, Detail = $"status {status} is no answer" };
        if (status is 204 or 205 || (!response.Body.IsEmpty && !ContentSniffer.IsHtml(fields.Get("Content-Type"), response.Body.Span)))
            return visit with { Outcome = VisitOutcome.NotHtml };
        return HtmlPage.Read(visit, response, options);
    }

    private static PageVisit Redirected(PageVisit visit, PageResponse response, PageReaderOptions options)
    {
        string? location = response.Fields.Get("Location");
        if (string.IsNullOrWhiteSpace(location))
            return visit with { Outcome = VisitOutcome.NetworkError, Detail = $"status {response.Status} without Location" };
        if (location.Length > options.MaxUrl || !WebUrl.TryParse(location, response.Url, out WebUrl? target) || !target.IsHttp || target.PageKey.Length > options.MaxUrl)
            return visit with { Outcome = VisitOutcome.NetworkError, Detail = "redirects to what is no web address: " + location[..Math.Min(location.Length, 200)] };
        if (target.PageKey == visit.Url)
            return visit with { Outcome = VisitOutcome.Blocked, Detail = "redirects to itself" };
        return visit with { Outcome = VisitOutcome.Redirected, Links = [new LinkObservation { Target = target.PageKey, Href = location, Kind = LinkKind.Redirect }] };
    }
}
