using System.Globalization;
using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Reads the records of WAT files: metadata of pages that Common Crawl and the Internet Archive derive from WARC files. A WAT
/// file is a WARC file whose <c>metadata</c> records hold JSON:
/// <code>
/// {"Envelope": {"WARC-Header-Metadata": {"WARC-Type": "response", "WARC-Target-URI": …, "WARC-Date": …, "WARC-IP-Address": …},
///   "Payload-Metadata": {"HTTP-Response-Metadata": {
///     "Response-Message": {"Status": "200"}, "Headers": {"Location": …, "Link": …, "X-Robots-Tag": …},
///     "HTML-Metadata": {
///       "Head": {"Base": …, "Title": …, "Metas": [{"name": "robots", "content": …}], "Link": [{"path": "LINK@/href", "url": …, "rel": …}]},
///       "Links": [{"path": "A@/href", "url": …, "text": …, "rel": …}, {"path": "IMG@/src", "url": …, "alt": …}]}}}}}
/// </code>
/// Members come in any order. A page of which the crawler kept all is as good as fetched: the list of its links is whole.
/// There is no text, so zones, positions and contexts are unknown. The time of the visit is that of the page's fetch.
/// Cost: one pass of Utf8JsonReader, a second one over the links, one URL parse a link.
/// </summary>
internal sealed class WatReader(string source, VisitImportOptions options)
{
    private readonly List<LinkObservation> _links = [];
    private readonly List<string> _robots = [], _linkHeaders = [];

    // What one record has told so far.
    private string _type = "", _target = "", _date = "", _address = "", _status = "", _location = "", _contentType = "", _base = "", _title = "",
        _language = "", _etag = "", _lastModified = "", _refresh = "";
    private bool _truncated, _retryAfter, _html, _noindexHeader, _nofollowHeader;
    private (int Start, int Length) _bodyLinks, _headLinks, _scripts;

    /// <summary>Whether a record of the file can hold a page's metadata.</summary>
    public static bool IsPage(ArchiveRecord record) => record.Type == "metadata" && record.ContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase);

    /// <returns>The visit; null for what is no page's response, and where <paramref name="problem"/> says why it was left out.</returns>
    public PageVisit? Read(ArchiveRecord record, ReadOnlySpan<byte> json, out string? problem)
    {
        problem = null;
        if (!IsPage(record))
            return null;
        if (!record.Whole || !record.Sound)
        {
            problem = record.Whole ? "the gzip member around it is damaged" : "it is longer than what is read of a record";
            return null;
        }
        Clear();
        try
        {
            Envelope(json);
            if (_type != "response")
                return null;
            string name = _target.Length > 0 ? _target : record.Target;
            if (!name.StartsWith("http", StringComparison.OrdinalIgnoreCase))
                return null;
            if (WebUrl.TryParse(name) is not { IsHttp: true } url)
            {
                problem = "its URL cannot be read";
                return null;
            }
            if (!WebDate.TryParse(_date, zoneNeeded: false, out DateTime at))
            {
                problem = "it has no date that can be read";
                return null;
            }
            return Visit(url, new DateTime(at.Ticks / 10 * 10, DateTimeKind.Utc), json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            problem = "its JSON is damaged";
            return null;
        }
    }

    private PageVisit Visit(WebUrl url, DateTime at, ReadOnlySpan<byte> json)
    {
        int status = int.TryParse(_status, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;
        RobotsMeta robots = RobotsMeta.Parse(_robots, options.Pages.Agent);
        bool nofollow = robots.Nofollow || _nofollowHeader;
        VisitOutcome outcome = Outcome(status);
        string canonical = "";
        if (outcome is VisitOutcome.Fetched or VisitOutcome.Truncated)
        {
            WebUrl relativeTo = _base.Length > 0 && WebUrl.TryParse(_base, url, out WebUrl? named) ? named : url;
            LinkRel all = nofollow ? LinkRel.PageNofollow : LinkRel.None;
            foreach (string header in _linkHeaders)
                foreach (LinkHeaderEntry entry in LinkHeader.Parse(header))
                    if (entry.Anchor is null)
                        Add(entry.Target, url, LinkTexts.KindOfRel(string.Join(' ', entry.Rel)) == LinkKind.Canonical ? LinkKind.Canonical : LinkKind.HttpLink, all, "", url.PageKey, ref canonical);
            Links(json, _headLinks, relativeTo, all, url.PageKey, ref canonical);
            Links(json, _scripts, relativeTo, all, url.PageKey, ref canonical);
            Links(json, _bodyLinks, relativeTo, all, url.PageKey, ref canonical);
            if (_refresh.Length > 0)
                Add(_refresh, relativeTo, LinkKind.MetaRefresh, all, "", url.PageKey, ref canonical);
        }
        else if (outcome == VisitOutcome.Redirected)
            Add(_location, url, LinkKind.Redirect, LinkRel.None, "", url.PageKey, ref canonical);
        return new PageVisit
        {
            Url = url.PageKey,
            At = at,
            Source = source,
            Outcome = outcome,
            Status = status,
            Detail = outcome == VisitOutcome.Truncated && !_truncated ? "the WAT file has no list of links for this page" : "",
            ContentType = _contentType,
            Language = _language,
            Title = _title,
            Canonical = canonical,
            Noindex = robots.Noindex || _noindexHeader,
            Nofollow = nofollow,
            ETag = _etag,
            LastModified = _lastModified,
            Address = _address,
            Links = _links.Count == 0 ? [] : _links.ToArray(),
        };
    }

    private VisitOutcome Outcome(int status) => status switch
    {
        304 => VisitOutcome.NotModified,
        >= 300 and < 400 when _location.Length > 0 => VisitOutcome.Redirected,
        404 or 410 => VisitOutcome.Gone,
        429 => VisitOutcome.RateLimited,
        503 when _retryAfter => VisitOutcome.RateLimited,
        >= 500 => VisitOutcome.ServerError,
        >= 400 => VisitOutcome.Blocked,
        >= 200 and < 300 when !_html && !_contentType.Contains("html", StringComparison.OrdinalIgnoreCase) => VisitOutcome.NotHtml,
        >= 200 and < 300 => _truncated || !_html ? VisitOutcome.Truncated : VisitOutcome.Fetched,
        _ => VisitOutcome.NetworkError,
    };

    private void Envelope(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json);
        if (!Enter(ref reader))
            return;
        while (Member(ref reader))
        {
            if (!reader.ValueTextEquals("Envelope"u8))
            {
                Pass(ref reader);
                continue;
            }
            if (!Enter(ref reader))
                continue;
            while (Member(ref reader))
                if (reader.ValueTextEquals("WARC-Header-Metadata"u8))
                    WarcHeader(ref reader);
                else if (reader.ValueTextEquals("Payload-Metadata"u8))
                    Payload(ref reader);
                else
                    Pass(ref reader);
        }
    }

    private void WarcHeader(ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
            return;
        while (Member(ref reader))
            if (reader.ValueTextEquals("WARC-Type"u8))
                _type = Value(ref reader);
            else if (reader.ValueTextEquals("WARC-Target-URI"u8))
                _target = Value(ref reader);
            else if (reader.ValueTextEquals("WARC-Date"u8))
                _date = Value(ref reader);
            else if (reader.ValueTextEquals("WARC-IP-Address"u8))
                _address = Value(ref reader);
            else if (reader.ValueTextEquals("WARC-Truncated"u8))
                _truncated = Value(ref reader).Length > 0;
            else
                Pass(ref reader);
    }

    private void Payload(ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
            return;
        while (Member(ref reader))
        {
            if (!reader.ValueTextEquals("HTTP-Response-Metadata"u8))
            {
                Pass(ref reader);
                continue;
            }
            if (!Enter(ref reader))
                continue;
            while (Member(ref reader))
                if (reader.ValueTextEquals("Response-Message"u8))
                {
                    if (!Enter(ref reader))
                        continue;
                    while (Member(ref reader))
                        if (reader.ValueTextEquals("Status"u8))
                            _status = Value(ref reader);
                        else
                            Pass(ref reader);
                }
                else if (reader.ValueTextEquals("Headers"u8))
                    Headers(ref reader);
                else if (reader.ValueTextEquals("HTML-Metadata"u8))
                    Html(ref reader);
                else
                    Pass(ref reader);
        }
    }

    private void Headers(ref Utf8JsonReader reader)
    {
        if (!Enter(ref reader))
            return;
        while (Member(ref reader))
        {
            string name = reader.GetString()!.ToLowerInvariant();
            switch (name)
            {
                case "location": _location = Value(ref reader); break;
                case "content-type": _contentType = Value(ref reader); break;
                case "content-language": _language = Value(ref reader).ToLowerInvariant(); break;
                case "etag": _etag = Value(ref reader); break;
                case "last-modified": _lastModified = Value(ref reader); break;
                case "retry-after": _retryAfter = Value(ref reader).Length > 0; break;
                case "link": _linkHeaders.Add(Value(ref reader)); break;
                case "x-robots-tag":
                    RobotsMeta robots = RobotsMeta.Parse([Value(ref reader)], options.Pages.Agent);
                    _noindexHeader |= robots.Noindex;
                    _nofollowHeader |= robots.Nofollow;
                    break;
                default: Pass(ref reader); break;
            }
        }
    }

    private void Html(ref Utf8JsonReader reader)
    {
        _html = Enter(ref reader);
        if (!_html)
            return;
        while (Member(ref reader))
            if (reader.ValueTextEquals("Links"u8))
                _bodyLinks = Slice(ref reader);
            else if (reader.ValueTextEquals("Head"u8))
            {
                if (!Enter(ref reader))
                    continue;
                while (Member(ref reader))
                    if (reader.ValueTextEquals("Base"u8))
                        _base = Value(ref reader);
                    else if (reader.ValueTextEquals("Title"u8))
                        _title = LinkTexts.Text(Value(ref reader), LinkTexts.MaxAnchorBytes);
                    else if (reader.ValueTextEquals("Metas"u8))
                        Metas(ref reader);
                    else if (reader.ValueTextEquals("Link"u8))
                        _headLinks = Slice(ref reader);
                    else if (reader.ValueTextEquals("Scripts"u8))
                        _scripts = Slice(ref reader);
                    else
                        Pass(ref reader);
            }
            else
                Pass(ref reader);
    }

    private void Metas(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            string name = "", content = "", equiv = "";
            while (Member(ref reader))
                if (reader.ValueTextEquals("name"u8))
                    name = Value(ref reader);
                else if (reader.ValueTextEquals("content"u8))
                    content = Value(ref reader);
                else if (reader.ValueTextEquals("http-equiv"u8))
                    equiv = Value(ref reader);
                else
                    Pass(ref reader);
            if (name.Equals("robots", StringComparison.OrdinalIgnoreCase) || name.Equals(options.Pages.Agent, StringComparison.OrdinalIgnoreCase))
                _robots.Add(content);
            if (equiv.Equals("refresh", StringComparison.OrdinalIgnoreCase) && _refresh.Length == 0)
            {
                int at = content.IndexOf("url", StringComparison.OrdinalIgnoreCase), equals = at < 0 ? -1 : content.IndexOf('=', at);
                _refresh = equals < 0 ? "" : content[(equals + 1)..].Trim().Trim('\'', '"');
            }
        }
    }

    private void Links(ReadOnlySpan<byte> json, (int Start, int Length) slice, WebUrl relativeTo, LinkRel all, string page, ref string canonical)
    {
        if (slice.Length == 0)
            return;
        Utf8JsonReader reader = new(json.Slice(slice.Start, slice.Length));
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }
            string? url = null, text = null, alt = null, rel = null;
            LinkKind kind = LinkKind.Anchor;
            bool known = false, isLink = false;
            while (Member(ref reader))
                if (reader.ValueTextEquals("path"u8))
                {
                    reader.Read();
                    known = Kind(ref reader, out kind, out isLink);
                }
                else if (reader.ValueTextEquals("url"u8) || reader.ValueTextEquals("href"u8))
                    url ??= Value(ref reader);
                else if (reader.ValueTextEquals("text"u8))
                    text = Value(ref reader);
                else if (reader.ValueTextEquals("alt"u8))
                    alt = Value(ref reader);
                else if (reader.ValueTextEquals("rel"u8))
                    rel = Value(ref reader);
                else
                    Pass(ref reader);
            if (!known || url is null)
                continue;
            if (isLink)
                kind = LinkTexts.KindOfRel(rel);
            LinkRel words = all | (rel is null ? LinkRel.None : LinkTexts.Rel(rel));
            string anchor = LinkTexts.Text(text, LinkTexts.MaxAnchorBytes);
            if (anchor.Length == 0 && alt is { Length: > 0 } && (anchor = LinkTexts.Text(alt, LinkTexts.MaxAnchorBytes)).Length > 0 && kind == LinkKind.Anchor)
                words |= LinkRel.AnchorIsAlt;
            Add(url, relativeTo, kind, words, anchor, page, ref canonical);
        }
    }

    /// <summary>Kind by the element and attribute that hold the link: <c>A@/href</c>.</summary>
    private static bool Kind(ref Utf8JsonReader reader, out LinkKind kind, out bool isLink)
    {
        (kind, isLink) = (LinkKind.Anchor, false);
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return false;
        }
        if (reader.ValueTextEquals("A@/href"u8))
            return true;
        ReadOnlySpan<byte> path = reader.ValueSpan;
        if (reader.ValueTextEquals("IMG@/src"u8) || reader.ValueTextEquals("INPUT@/src"u8) || path.EndsWith("@/background"u8))
            kind = LinkKind.Image;
        else if (reader.ValueTextEquals("AREA@/href"u8))
            kind = LinkKind.Area;
        else if (reader.ValueTextEquals("LINK@/href"u8))
            isLink = true;
        else if (reader.ValueTextEquals("FORM@/action"u8))
            kind = LinkKind.Form;
        else if (reader.ValueTextEquals("IFRAME@/src"u8) || reader.ValueTextEquals("FRAME@/src"u8))
            kind = LinkKind.Frame;
        else if (reader.ValueTextEquals("SCRIPT@/src"u8))
            kind = LinkKind.Script;
        else if (path.StartsWith("STYLE"u8))
            kind = LinkKind.Resource;
        else if (path.EndsWith("@/src"u8) || reader.ValueTextEquals("OBJECT@/data"u8) || reader.ValueTextEquals("VIDEO@/poster"u8))
            kind = LinkKind.Media;
        else
            return false;
        return true;
    }

    private void Add(string href, WebUrl relativeTo, LinkKind kind, LinkRel rel, string anchor, string page, ref string canonical)
    {
        if (_links.Count >= options.Pages.MaxLinks || href.Length > options.Pages.MaxUrl
            || !WebUrl.TryParse(href, relativeTo, out WebUrl? target) || !target.IsHttp)
            return;
        string key = target.PageKey;
        if (key.Length > options.Pages.MaxUrl)
            return;
        if (kind == LinkKind.Canonical && canonical.Length == 0 && key != page)
            canonical = key;
        _links.Add(new LinkObservation { Target = key, Href = href, Kind = kind, Rel = rel, Anchor = anchor });
    }

    private void Clear()
    {
        _links.Clear();
        _robots.Clear();
        _linkHeaders.Clear();
        _type = _target = _date = _address = _status = _location = _contentType = _base = _title = _language = _etag = _lastModified = _refresh = "";
        _truncated = _retryAfter = _html = _noindexHeader = _nofollowHeader = false;
        _bodyLinks = _headLinks = _scripts = default;
    }

    /// <summary>Moves into the object that comes next; false where something else came, which is skipped.</summary>
    private static bool Enter(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
            return true;
        reader.Skip();
        return false;
    }

    /// <summary>Moves to the next member of the object that the reader is in; false at its end.</summary>
    private static bool Member(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.PropertyName;

    private static void Pass(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    /// <summary>A text; of an array, as repeated headers give, its texts joined by commas; a number as written.</summary>
    private static string Value(ref Utf8JsonReader reader)
    {
        reader.Read();
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                return reader.GetString()!;
            case JsonTokenType.Number:
                return System.Text.Encoding.ASCII.GetString(reader.ValueSpan);
            case JsonTokenType.StartArray:
                List<string> texts = [];
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    if (reader.TokenType == JsonTokenType.String)
                        texts.Add(reader.GetString()!);
                    else
                        reader.Skip();
                return string.Join(", ", texts);
            default:
                reader.Skip();
                return "";
        }
    }

    private static (int Start, int Length) Slice(ref Utf8JsonReader reader)
    {
        reader.Read();
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return (start, (int)reader.BytesConsumed - start);
    }
}
