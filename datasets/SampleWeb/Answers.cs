using System.Globalization;
using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>Makes the answer of a page: status, headers, the bytes of its body and the links in it.</summary>
internal static class Answers
{
    // The day the web was made; what changes, changes later.
    private static readonly DateTime Made = new(2026, 1, 5, 8, 0, 0, DateTimeKind.Utc);

    public static SampleAnswer NotFound { get; } = Plain(404, "<!doctype html><title>Not found</title><p>There is no such page.\n", SampleOutcome.Gone);

    public static SampleAnswer Write(SamplePage page, bool changed)
    {
        SampleChange? change = changed ? page.Change : null;
        switch (change?.Loss)
        {
            case SampleLoss.PageGone:
                return Plain((SeededRandom.Hash(3, page.Url) & 1) == 0 ? 404 : 410, "<!doctype html><title>Gone</title><p>This page is gone.\n", SampleOutcome.Gone);
            case SampleLoss.RedirectedAway:
                return Redirect(page, 301, page.Site.Home.Url);
        }
        switch (change?.Obstacle)
        {
            case SampleOutcome.Blocked:
                return Plain(403, "<!doctype html><title>Forbidden</title><p>You may not read this.\n", SampleOutcome.Blocked);
            case SampleOutcome.RateLimited:
                return Plain(429, "<!doctype html><title>Slow down</title><p>Too many requests.\n", SampleOutcome.RateLimited, new KeyValuePair<string, string>("Retry-After", "1"));
            case SampleOutcome.ServerError:
                return Plain((SeededRandom.Hash(3, page.Url) & 1) == 0 ? 500 : 502, "<!doctype html><title>Error</title><p>Something broke.\n", SampleOutcome.ServerError);
            case SampleOutcome.Challenged:
                return Plain(SeededRandom.Hash(3, page.Url) % 2 == 0 ? 403 : 503, Challenge, SampleOutcome.Challenged);
            case SampleOutcome.TimedOut:
                return Plain(200, "", SampleOutcome.TimedOut) with { Delivery = SampleDelivery.Silent };
            case SampleOutcome.NetworkError:
                return Plain(200, "", SampleOutcome.NetworkError) with { Delivery = SampleDelivery.Cut };
            case SampleOutcome.Truncated:
                SampleAnswer whole = Html(page, false);
                return whole with { Delivery = SampleDelivery.ShortOfLength, Outcome = SampleOutcome.Truncated, ETag = null, LastModified = null };
        }
        if (page.RedirectTo is { } to)
            return Redirect(page, page.Status, to);
        if (page.File is { } file)
            return Finish(page, page.Status, file(), [], false);
        return Html(page, changed);
    }

    /// <summary>What a wall before a site looks like: a script that wants to run, and nothing to read.</summary>
    public const string Challenge = "<!doctype html><html><head><title>Just a moment...</title><meta name=\"robots\" content=\"noindex,nofollow\"></head>"
        + "<body><h1>Checking your browser before you continue</h1><noscript>Please enable JavaScript and cookies to continue</noscript>"
        + "<form id=\"challenge-form\" action=\"/challenge-platform/verify\" method=\"post\"><div class=\"captcha\"></div></form>"
        + "<script>window.challenge={ray:'0'}</script></body></html>\n";

    private static SampleAnswer Plain(int status, string body, SampleOutcome outcome, params KeyValuePair<string, string>[] more) =>
        new(status, [new("Content-Type", "text/html; charset=utf-8"), .. more], Encoding.UTF8.GetBytes(body), [], outcome, SampleDelivery.Whole);

    private static SampleAnswer Redirect(SamplePage page, int status, string to)
    {
        string location = page.Headers.Find(h => h.Key == "Location").Value ?? to;
        List<KeyValuePair<string, string>> headers = [new("Content-Type", "text/html; charset=utf-8"), .. page.Headers.Where(h => h.Key != "Location"), new("Location", location)];
        SampleLink link = new(page.Url, to, location, SampleKind.Redirect, SampleRel.None, SampleZone.Unknown, SampleZone.Unknown, "");
        return new SampleAnswer(status, headers, "<!doctype html><title>Moved</title><p>Moved.\n"u8.ToArray(), [link], SampleOutcome.Redirected, SampleDelivery.Whole);
    }

    private static SampleAnswer Html(SamplePage page, bool changed)
    {
        // The text of a near-duplicate is that of its original.
        ulong seed = SeededRandom.Hash((ulong)(uint)page.Site.Web.Options.Seed, (page.NearDuplicateOf ?? page).Url);
        PageWriter writer = new(page, seed, changed);
        PageTemplate.Write(writer);
        byte[] body = page.Encoding.GetBytes(writer.Html.ToString());
        if (page.Encoding.Preamble.Length > 0)
            body = [.. page.Encoding.Preamble, .. body];
        List<SampleLink> links = writer.Links;
        List<KeyValuePair<string, string>> more = [];
        if (page.RobotsInHeader && !page.RobotsSaid && (writer.Noindex || writer.Nofollow))
            more.Add(new("X-Robots-Tag", Directives(writer)));
        foreach (PlannedLink link in page.Alternates.Where(a => a.Place == SampleZone.Header))
            more.Add(new("Link", $"<{link.Target}>; rel=\"{link.Anchor}\""));
        foreach (PlannedLink link in page.Alternates.Where(a => a.Place == SampleZone.Header))
            links.Add(new SampleLink(page.Url, link.Target, link.Target, link.Anchor == "canonical" ? SampleKind.Canonical : SampleKind.HttpLink,
                writer.Nofollow ? SampleRel.PageNofollow : SampleRel.None, SampleZone.Unknown, SampleZone.Unknown, ""));
        SampleAnswer answer = Finish(page, page.Status, body, links, changed);
        return more.Count == 0 ? answer : answer with { Headers = [.. answer.Headers, .. more] };
    }

    public static string Directives(PageWriter writer) =>
        (writer.Noindex, writer.Nofollow) switch { (true, true) => "noindex, nofollow", (true, false) => "noindex", _ => "nofollow" };

    private static SampleAnswer Finish(SamplePage page, int status, byte[] body, List<SampleLink> links, bool changed)
    {
        List<KeyValuePair<string, string>> headers = [new("Content-Type", page.ContentType), .. page.Headers];
        if (page.Language != "en")
            headers.Add(new("Content-Language", page.Language));
        SampleAnswer answer = new(status, headers, body, links, page.Outcome, page.Delivery) { Codings = page.Site.Codings };
        if (!page.Site.Validators || status != 200)
            return answer;
        ulong hash = 14695981039346656037UL;
        foreach (byte b in body)
            hash = (hash ^ b) * 1099511628211UL;
        DateTime modified = Made.AddMinutes(SeededRandom.Hash(5, page.Url) % 100_000).AddDays(changed ? 100 * page.Change!.Epoch : 0);
        return answer with
        {
            ETag = string.Create(CultureInfo.InvariantCulture, $"\"{hash:x16}\""),
            LastModified = modified.ToString("R", CultureInfo.InvariantCulture),
        };
    }
}
