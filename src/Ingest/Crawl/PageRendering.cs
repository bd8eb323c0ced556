using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Turns a raw page into the page as a browser shows it, where its host needs that (<see cref="RenderPolicy"/>). Links, text
/// and marks are the rendered page's; status, validators, content hash and times stay those of the raw response.
///
/// Nothing is lost by rendering: while a host needs it, or has not yet shown that it does not, a page that could not be
/// rendered is Truncated, which removes no link. Its validators are dropped then, or a 304 would keep it so. Which hosts need
/// it is read again from the store by the details of their last visits, so that a later crawl takes no link for gone because
/// it renders nothing, or because it samples the host anew. Where two ways agree, the raw page counts: later ones are raw too.
/// Cost: a request to the service for each page of hosts that need it, and for three or so of each other host.
/// </summary>
internal sealed class PageRendering(IRenderer? renderer, PageReaderOptions options)
{
    private const string Rendered = "rendered", NotRendered = "not rendered: ";

    private readonly RenderPolicy _policy = new();

    /// <summary>Learns from an earlier crawl; before the first page.</summary>
    public void Remember(StoredPage page)
    {
        if ((page.Detail.StartsWith(Rendered, StringComparison.Ordinal) || page.Detail.StartsWith(NotRendered, StringComparison.Ordinal)) && WebUrl.TryParse(page.Url) is { } url)
            _policy.Need(url.Host);
    }

    /// <summary>Whether a raw page of the host is not all there is to know; it must be asked for without validators then, for
    /// a script's page changes while its HTML does not.</summary>
    public bool Concerns(string host) => renderer is null ? _policy.IsNeeded(host) : _policy.ShouldRender(host);

    /// <param name="raw">As <see cref="PageReader"/> read <paramref name="response"/>: Fetched, of a host that this concerns.</param>
    /// <param name="robots">Of the page's origin.</param>
    /// <returns>The visit that counts, the milliseconds that rendering took, and whether a failure may pass.</returns>
    public async Task<(PageVisit Visit, int Milliseconds, bool MayPass)> ReadAsync(PageVisit raw, PageResponse response, RobotsTxt robots, CancellationToken cancel)
    {
        if (renderer is null)
            return (Without(raw, "an earlier crawl rendered pages of this host, this one does not: see --render"), 0, false);
        RenderedPage page = await renderer.RenderAsync(response.Url, cancel).ConfigureAwait(false);
        if (page.Failure is { } failure)
            return (Without(raw, page.Error), page.Milliseconds, failure is VisitOutcome.TimedOut or VisitOutcome.NetworkError or VisitOutcome.RateLimited or VisitOutcome.ServerError);
        if (page.Status is not 0 and (< 200 or > 299))
            return (Without(raw, FormattableString.Invariant($"the browser got status {page.Status}")), page.Milliseconds, page.Status is 429 or >= 500);
        WebUrl end = page.Url.Length > 0 && WebUrl.TryParse(page.Url) is { } at ? at : response.Url;
        if (end.Origin != response.Url.Origin)
            return (Without(raw, $"the browser ended at another site, {end.PageKey}"), page.Milliseconds, false);
        if (!robots.Check(options.Agent, end.PathAndQuery).Allowed)
            return (Without(raw, $"the browser ended at {end.PageKey}, which robots.txt forbids"), page.Milliseconds, false);

        var fields = new HttpFields(); // marks in the raw response's header hold for the rendered page too
        foreach ((string name, string value) in response.Fields.All)
            if (!name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
                fields.Add(name, value);
        fields.Add("Content-Type", "text/html; charset=utf-8");
        PageVisit visit = PageReader.Read(response with { Url = end, Fields = fields, Body = page.Html, Complete = true }, options);
        if (visit.Outcome is not (VisitOutcome.Fetched or VisitOutcome.Truncated) || page.Html.IsEmpty)
            return (Without(raw, visit.Detail.Length > 0 ? visit.Detail : "the rendering is no page"), page.Milliseconds, true);
        if (visit.Outcome == VisitOutcome.Fetched)
            _policy.Report(response.Url.Host, Targets(raw), Targets(visit));
        if (visit.Outcome == VisitOutcome.Fetched && !_policy.IsNeeded(response.Url.Host))
            return (raw with { Detail = raw.Detail.Length > 0 ? raw.Detail : "raw HTML kept: its links are those of the rendered page" }, page.Milliseconds, false);
        return (visit with
        {
            Url = raw.Url,
            ContentType = raw.ContentType,
            ContentHash = raw.ContentHash,
            Bytes = raw.Bytes,
            Noindex = raw.Noindex || visit.Noindex, // a script that takes a mark away is believed by few
            Nofollow = raw.Nofollow || visit.Nofollow,
            Detail = visit.Detail.Length > 0 ? $"{Rendered}; {visit.Detail}" : Rendered,
        }, page.Milliseconds, false);
    }

    /// <summary>Whether the visit is of a raw page that should have been rendered.</summary>
    public static bool Failed(PageVisit visit) => visit.Outcome == VisitOutcome.Truncated && visit.Detail.StartsWith(NotRendered, StringComparison.Ordinal);

    private static PageVisit Without(PageVisit raw, string why) => raw with
    {
        Outcome = VisitOutcome.Truncated,
        Detail = NotRendered + why,
        ETag = "",
        LastModified = "",
    };

    /// <summary>What leads to pages: scripts load images and more scripts everywhere, which no host needs rendering for.</summary>
    private static IEnumerable<string> Targets(PageVisit visit) => visit.Links
        .Where(l => l.Kind is LinkKind.Anchor or LinkKind.Area or LinkKind.Canonical or LinkKind.Frame or LinkKind.MetaRefresh).Select(l => l.Target);
}
