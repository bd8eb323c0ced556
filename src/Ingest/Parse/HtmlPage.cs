using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// From what a page's markup says to its visit: addresses resolved against the first base element, anchors and contexts cut,
/// marks of the page and its headers put together. A link that leads nowhere by itself (<c>#top</c> of the same page) and one
/// whose target is not http(s) or is longer than the cap is no observation.
/// </summary>
internal sealed class HtmlPage
{
    private const int AnchorBytes = 1024, ContextChars = 60, TitleChars = 1024, HeadingChars = 1024, TextChars = 4096;

    [ThreadStatic]
    private static HtmlPage? s_spare; // buffers of a page serve the thread's next one

    private readonly PageMarkup _markup = new();
    private readonly Dictionary<string, string?> _targets = new(StringComparer.Ordinal);
    private readonly LinkExtractor _extractor;
    private int _tooLong;

    private HtmlPage() => _extractor = new LinkExtractor(_markup);

    public static PageVisit Read(PageVisit visit, PageResponse response, PageReaderOptions options)
    {
        HtmlPage page = s_spare ?? new HtmlPage();
        s_spare = null;
        visit = page.Visit(visit, response, options);
        s_spare = page;
        return visit;
    }

    private PageVisit Visit(PageVisit visit, PageResponse response, PageReaderOptions options)
    {
        ReadOnlyMemory<byte> body = response.Body[..Math.Min(response.Body.Length, options.MaxBody)];
        ReadOnlyMemory<byte> html = PageEncoding.ToUtf8(body, response.Fields.Get("Content-Type"), out Encoding encoding);
        _extractor.Read(html.Span, options.MaxLinks, options.Agent);
        RobotsMeta robots = RobotsMeta.Parse(response.Fields.GetAll("X-Robots-Tag"), options.Agent).And(RobotsMeta.Parse(_markup.Robots, options.Agent));

        var links = new List<LinkObservation>(_markup.Links.Count);
        string canonical = AddHeaderLinks(links, response, options, robots);
        WebUrl? basis = response.Url;
        if (_markup.Base is not null && WebUrl.TryParse(_markup.Base, response.Url, encoding, out WebUrl? named) && named.Scheme is not ("data" or "javascript"))
            basis = named;
        _targets.Clear();
        _tooLong = 0;
        string detail = "";
        MainByRule? rule = options.Main is null ? null : MainByRule.For(options.Main, html, _markup, out detail);
        int total = _markup.Text.ContentPosition;
        for (int i = 0; i < _markup.Links.Count; i++)
        {
            FoundLink found = _markup.Links[i];
            string href = found.Text ?? _extractor.Decode(html.Span[found.Value..found.ValueEnd]);
            Zone zone = rule is null ? found.Zone : rule.ZoneOf(found.Kind, href, found.Zone);
            if (Target(href, basis, encoding, visit.Url, options.MaxUrl) is not { } target)
                continue;
            if (i == _markup.Canonical)
                canonical = target;
            links.Add(Observation(found, href, target, zone, total, robots.Nofollow, html.Span));
        }

        string? cut = !response.Complete ? "the body is incomplete" : response.Status == 206 ? "a part of the page"
            : response.Body.IsEmpty ? "the body is empty"
            : response.Body.Length > options.MaxBody ? $"longer than {options.MaxBody} bytes"
            : _markup.TooManyLinks || links.Count > options.MaxLinks ? $"more than {options.MaxLinks} links" : null;
        if (links.Count > options.MaxLinks)
            links.RemoveRange(options.MaxLinks, links.Count - options.MaxLinks);
        if (_tooLong > 0)
            detail = Join(detail, $"{_tooLong} links longer than {options.MaxUrl} characters left out");
        SimHash hash = Hash();
        VisitOutcome outcome = cut is null ? VisitOutcome.Fetched : VisitOutcome.Truncated;
        if (hash.Words <= ChallengeSigns.FewWords && links.Count(l => l.Kind is LinkKind.Anchor or LinkKind.Area) <= ChallengeSigns.FewLinks
            && ChallengeSigns.ByBody(html.Span) is { } service)
        {
            outcome = VisitOutcome.Challenged;
            cut = "challenge: " + service;
        }
        return visit with
        {
            Outcome = outcome,
            Detail = Join(cut ?? "", detail),
            Language = Language(response.Fields),
            Title = Chars(_markup.Title ?? "", TitleChars),
            Headings = Headings(),
            Text = _markup.Text.ContentStart(TextChars),
            Words = hash.Words,
            SimHash = hash.Value,
            Canonical = canonical == visit.Url ? "" : canonical,
            Noindex = robots.Noindex,
            Nofollow = robots.Nofollow,
            Links = links,
        };
    }

    private LinkObservation Observation(in FoundLink found, string href, string target, Zone zone, int total, bool nofollow, ReadOnlySpan<byte> html)
    {
        PageText text = _markup.Text;
        bool reads = found.Kind is LinkKind.Anchor or LinkKind.Area;
        LinkRel rel = found.Rel | (nofollow ? LinkRel.PageNofollow : LinkRel.None);
        string anchor = found.Kind == LinkKind.Anchor ? text.Slice(found.TextStart, found.TextEnd, AnchorBytes) : "";
        if (anchor.Length == 0 && found.AltEnd > found.AltStart)
        {
            anchor = Alternative(found, html);
            if (anchor.Length > 0)
                rel |= LinkRel.AnchorIsAlt;
        }
        return new LinkObservation
        {
            Target = target,
            Href = href,
            Kind = found.Kind,
            Rel = rel,
            Zone = zone,
            Position = total == 0 ? float.NaN : (float)found.Content / total,
            Anchor = anchor,
            Left = reads ? text.Before(found.TextStart, ContextChars) : "",
            Right = reads ? text.Behind(found.TextEnd, ContextChars) : "",
        };
    }

    private string Alternative(in FoundLink found, ReadOnlySpan<byte> html)
    {
        var text = new StringBuilder();
        for (int i = found.AltStart; i < found.AltEnd && text.Length < AnchorBytes; i++)
        {
            (int start, int end) = _markup.Alts[i];
            text.Append(text.Length > 0 ? " " : "").Append(LinkExtractor.Collapse(_extractor.Decode(html[start..Math.Min(end, start + 4 * AnchorBytes)])));
        }
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        return Encoding.UTF8.GetString(PageText.Cut(bytes, AnchorBytes));
    }

    /// <summary>The page's name of what a link leads to; null for none that counts.</summary>
    private string? Target(string href, WebUrl basis, Encoding encoding, string self, int maxUrl)
    {
        if (href.Length > maxUrl)
        {
            if (!href.AsSpan().TrimStart().StartsWith("data:", StringComparison.OrdinalIgnoreCase) && !href.AsSpan().TrimStart().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase))
                _tooLong++;
            return null;
        }
        if (!_targets.TryGetValue(href, out string? target))
        {
            target = WebUrl.TryParse(href, basis, encoding, out WebUrl? url) && url.IsHttp ? url.PageKey : null;
            _targets.Add(href, target);
        }
        if (target is not null && target.Length > maxUrl)
        {
            _tooLong++;
            return null;
        }
        return target == self && href.AsSpan().Trim().StartsWith('#') ? null : target;
    }

    /// <summary>The links of Link headers, and the canonical among them ("" for none).</summary>
    private static string AddHeaderLinks(List<LinkObservation> links, PageResponse response, PageReaderOptions options, RobotsMeta robots)
    {
        string canonical = "";
        foreach (string value in response.Fields.GetAll("Link"))
            foreach (LinkHeaderEntry entry in LinkHeader.Parse(value))
            {
                if (links.Count >= Math.Min(options.MaxLinks, 1000) || entry.Target.Length > options.MaxUrl || entry.Anchor is not (null or "" or "#")
                    || !WebUrl.TryParse(entry.Target, response.Url, out WebUrl? url) || !url.IsHttp || url.PageKey.Length > options.MaxUrl)
                    continue;
                bool isCanonical = entry.Rel.Contains("canonical");
                if (isCanonical && canonical.Length == 0)
                    canonical = url.PageKey;
                links.Add(new LinkObservation
                {
                    Target = url.PageKey,
                    Href = entry.Target,
                    Kind = isCanonical ? LinkKind.Canonical : LinkKind.HttpLink,
                    Rel = (entry.Rel.Contains("nofollow") ? LinkRel.Nofollow : LinkRel.None) | (robots.Nofollow ? LinkRel.PageNofollow : LinkRel.None),
                });
            }
        return canonical;
    }

    private string Language(HttpFields fields)
    {
        string language = _markup.Language ?? "";
        if (language.Length == 0 && fields.Get("Content-Language") is { } named)
            language = named.Split(',')[0].Trim();
        return language.Length > 35 ? "" : language.ToLowerInvariant(); // RFC 5646, 4.4.1
    }

    private string Headings()
    {
        var lines = new StringBuilder();
        foreach ((int start, int end) in _markup.Headings)
        {
            string line = _markup.Text.Slice(start, end, AnchorBytes);
            if (line.Length == 0)
                continue;
            if (lines.Length > 0)
                lines.Append('\n');
            lines.Append(line);
            if (lines.Length > HeadingChars)
                break;
        }
        return Chars(lines.ToString(), HeadingChars);
    }

    private SimHash Hash()
    {
        var hash = new SimHash();
        ReadOnlySpan<byte> text = _markup.Text.Bytes;
        int at = 0;
        foreach ((int start, int end) in _markup.Text.Content)
        {
            hash.Add(text[at..start], content: false);
            hash.Add(text[start..end], content: true);
            at = end;
        }
        hash.Add(text[at..], content: false);
        return hash;
    }

    private static string Chars(string text, int most)
    {
        if (text.Length <= most)
            return text;
        return text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
    }

    private static string Join(string a, string b) => a.Length == 0 ? b : b.Length == 0 ? a : a + "; " + b;
}
