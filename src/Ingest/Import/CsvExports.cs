using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>What a column of a backlink export says.</summary>
internal enum ExportColumn
{
    Source, Target, Anchor, Left, Right, Title, Language, FirstSeen, LastSeen, LostAt, Lost, LostReason,
    Kind, Rel, Nofollow, Ugc, Sponsored, Image, Frame, Form, Redirect, Canonical, Mention, AltText,

    /// <summary>Known, and of no use here; it helps to tell whose export it is.</summary>
    Other,
}

/// <summary>One tool's export: what its columns are called, over the years.</summary>
/// <param name="Kind">Names the source in the store.</param>
/// <param name="Name">For people.</param>
/// <param name="Columns">Names as <see cref="CsvExports.Plain"/> writes them, with what they say.</param>
/// <param name="NeedsTarget">False where the export is of links to one site, which it does not name.</param>
/// <param name="Granularity">What its rows name.</param>
internal sealed record ExportFormat(string Kind, string Name, IReadOnlyDictionary<string, ExportColumn> Columns, bool NeedsTarget = true, Granularity Granularity = Granularity.Page)
{
    /// <summary>The name to tell people when a column is missing.</summary>
    public required string SourceName { get; init; }

    public required string TargetName { get; init; }

    /// <summary>Columns of which at least one must be there, so that a bare list of pairs is not taken for it; empty for none.</summary>
    public IReadOnlyList<string> Marks { get; init; } = [];
}

/// <summary>An export that was recognised.</summary>
/// <param name="Header">The column names as written.</param>
/// <param name="Roles">What each column says.</param>
/// <param name="LinesBefore">Lines of the text up to and with the header.</param>
/// <param name="Site">Where its links lead, if it does not say so itself: a page's URL or a domain, as the granularity asks.</param>
internal sealed record CsvExport(ExportFormat Format, char Delimiter, IReadOnlyList<string> Header, IReadOnlyList<ExportColumn> Roles, int LinesBefore, string? Site);

/// <summary>
/// The backlink exports of other tools as CSV: which they are is told by their columns, whose names are compared without
/// case, spaces and punctuation. Source: the exports' published descriptions and the column names that public programs
/// which read them expect, in several generations. Separators are comma, semicolon and tab; text is UTF-8 or UTF-16, as
/// the byte order mark says; gzip is undone.
/// </summary>
internal static class CsvExports
{
    private const ExportColumn X = ExportColumn.Other;

    public static IReadOnlyList<ExportFormat> Formats { get; } =
    [
        new("ahrefs", "Ahrefs' backlinks", Columns(
            (ExportColumn.Source, "Referring page URL|url_from"),
            (ExportColumn.Target, "Target URL|Link URL|url_to"),
            (ExportColumn.Anchor, "Anchor|Link anchor|Backlink anchor"), (ExportColumn.Left, "Left context|TextPre|snippet_left"), (ExportColumn.Right, "Right context|TextPost|snippet_right"),
            (ExportColumn.Title, "Referring page title|title"), (ExportColumn.Language, "Language"),
            (ExportColumn.FirstSeen, "First seen|first_seen_link"), (ExportColumn.LastSeen, "Last seen|Last check|last_visited"),
            (ExportColumn.LostAt, "Day lost|Lost date"), (ExportColumn.Lost, "Lost|is_lost"), (ExportColumn.LostReason, "Lost status|Drop reason|Lost reason|lost_reason"),
            (ExportColumn.Kind, "Type|Link type"), (ExportColumn.Nofollow, "Nofollow|is_nofollow"), (ExportColumn.Ugc, "UGC|is_ugc"), (ExportColumn.Sponsored, "Sponsored|is_sponsored"),
            (X, "Domain rating|UR|URL rating|URL rating (desc)|Domain traffic|Page traffic|Traffic|Keywords|Referring domains|Linked domains|External links|External links count|Internal links count|Platform|Referring page HTTP code|Content|Rendered|Raw|JS rendered|Discovered status|Backlink status|Links in group|Author|Page type|Is spam|Page category|Redirect chain URLs|Redirect chain status codes|#"))
            ) { SourceName = "Referring page URL", TargetName = "Target URL", Marks = ["referringpageurl", "urlfrom"] },
        new("majestic", "Majestic's backlinks", Columns(
            (ExportColumn.Source, "Source URL"), (ExportColumn.Target, "Target URL"), (ExportColumn.Anchor, "Anchor text"), (ExportColumn.Title, "Source title|Title"), (ExportColumn.Language, "Source language|Language"),
            (ExportColumn.FirstSeen, "First indexed date|Link first indexed date|First indexed|Date found"), (ExportColumn.LastSeen, "Last seen date|Last seen|Source crawl date|Source last crawl date|Date"),
            (ExportColumn.LostAt, "Date lost|Lost date"), (ExportColumn.Lost, "Flag deleted|Deleted"), (ExportColumn.LostReason, "Reason lost|Lost reason"),
            (ExportColumn.Kind, "Link type"), (ExportColumn.Nofollow, "Flag nofollow|Nofollow"), (ExportColumn.Image, "Flag images|Flag image link|Flag image"),
            (ExportColumn.Frame, "Flag frame"), (ExportColumn.Redirect, "Flag redirect"), (ExportColumn.Mention, "Flag mention"), (ExportColumn.AltText, "Flag alt text"),
            (X, "Source trust flow|Source citation flow|Target trust flow|Target citation flow|Source topical trust flow topic 0|Source topical trust flow value 0|Target topical trust flow topic 0|Target topical trust flow value 0|Domain trust flow|Domain citation flow|Link subtype|Flag old crawl|ACRank|Domain ID|Source first found date|Link density|Source external links|Link segment|Domain"))
            ) { SourceName = "Source URL", TargetName = "Target URL", Marks = ["sourcetrustflow", "sourcecitationflow", "flagnofollow", "flagdeleted", "acrank", "firstindexeddate"] },
        new("semrush", "Semrush's backlinks", Columns(
            (ExportColumn.Source, "Source url"), (ExportColumn.Target, "Target url"), (ExportColumn.Anchor, "Anchor"), (ExportColumn.Title, "Source title"), (ExportColumn.FirstSeen, "First seen"), (ExportColumn.LastSeen, "Last seen"),
            (ExportColumn.Nofollow, "Nofollow"), (ExportColumn.Sponsored, "Sponsored"), (ExportColumn.Ugc, "Ugc"), (ExportColumn.Image, "Image"), (ExportColumn.Frame, "Frame"), (ExportColumn.Form, "Form"),
            (ExportColumn.Lost, "Lost link"), (ExportColumn.LostAt, "Lost date"), (ExportColumn.Language, "Language"),
            (X, "Page ascore|Page score|Page AS|Domain ascore|Domain score|Trust score|Page trust score|External links|Internal links|Text|Sitewide|New link|Source size|Response code|Image url|Redirect url|Toxic score|Title|Source domain"))
            ) { SourceName = "Source url", TargetName = "Target url", Marks = ["pageascore", "pagescore", "pageas", "domainascore", "externallinks", "newlink", "lostlink", "sitewide", "toxicscore"] },
        new("moz", "Moz's inbound links", Columns(
            (ExportColumn.Source, "URL|Source URL|Source page|Linking page|Linking page URL|Source page URL"), (ExportColumn.Target, "Target URL|Target page|Target|Target page URL"), (ExportColumn.Anchor, "Anchor text"),
            (ExportColumn.Title, "Title|Page title|Source title"), (ExportColumn.FirstSeen, "First seen|Date first seen|Discovered|Date discovered"), (ExportColumn.LastSeen, "Last seen|Date last seen|Last crawled|Date crawled"),
            (ExportColumn.LostAt, "Lost|Date lost|Disappeared"), (ExportColumn.Nofollow, "Nofollow|No-follow"), (ExportColumn.Rel, "Link type|Type|Link state|Follow"),
            (ExportColumn.Redirect, "Redirect"), (ExportColumn.Canonical, "Rel canonical|Rel=canonical"),
            (X, "PA|DA|Page authority|Domain authority|Source PA|Source DA|Spam score|Source spam score|Linking domains|Linking domains to page|Root domains to page|Total links|External links|Number of domains linking to this page|Number of domains linking to domain|Origin|Link equity|HTTP status code|Link propensity"))
            ) { SourceName = "URL", TargetName = "Target URL", Marks = ["pa", "da", "pageauthority", "domainauthority", "sourcepa", "sourceda", "spamscore", "linkequity"] },
        new("search-console", "Search Console's latest or sample links", Columns(
            (ExportColumn.Source, "Linking page|Links"), (ExportColumn.LastSeen, "Last crawled"), (ExportColumn.FirstSeen, "First discovered"), (ExportColumn.Target, "Target page")),
            NeedsTarget: false) { SourceName = "Linking page", TargetName = "", Marks = ["linkingpage", "firstdiscovered"] },
        new("search-console-sites", "Search Console's top linking sites", Columns(
            (ExportColumn.Source, "Site|Top linking sites|Domains"), (X, "Linking pages|Target pages|Links|Linked pages")),
            NeedsTarget: false, Granularity.Domain) { SourceName = "Site", TargetName = "", Marks = ["linkingpages", "targetpages", "linkedpages"] },
    ];

    /// <summary>Opens an export for import.</summary>
    /// <exception cref="ImportException">It is none, lacks columns, or does not tell where its links lead.</exception>
    public static CsvExport Open(string path, string? site)
    {
        CsvExport export = Find(path, FileHead.Read(path)) ?? throw new ImportException(path, $"is no backlink export; accepted are {VisitImport.Accepted}");
        if (export.Roles.Contains(ExportColumn.Target))
            return export;
        string named = site ?? SiteOf(Path.GetFileName(path))
            ?? throw new ImportException(path, $"{export.Format.Name} do not say to which site they lead; name it with --site example.com");
        WebUrl url = WebUrl.TryParse(named.Contains("://", StringComparison.Ordinal) ? named : "https://" + named + "/") is { IsHttp: true } parsed && parsed.Host.Contains('.')
            ? parsed : throw new ImportException(path, $"'{named}' is no domain or URL of a site; say --site example.com");
        return export with { Site = export.Format.Granularity == Granularity.Page ? url.PageKey : url.Host };
    }

    /// <summary>The export that a text starts, or null where it is no table with such columns.</summary>
    /// <exception cref="ImportException">It has several of an export's columns but lacks one that is needed.</exception>
    public static CsvExport? Find(string path, ReadOnlySpan<byte> head)
    {
        string text = Decode(head);
        int lines = 0;
        string line = "";
        for (int at = 0; at < text.Length && line.Length == 0;)
        {
            int end = text.IndexOf('\n', at);
            line = text[at..(end < 0 ? text.Length : end)].Trim('\r', ' ');
            at = end < 0 ? text.Length : end + 1;
            lines++;
            if (line.StartsWith("sep=", StringComparison.Ordinal) && line.Length == 5)
                line = ""; // Excel's hint
        }
        if (line.Length is 0 or > 8192 || line.Any(c => char.IsControl(c) && c != '\t'))
            return null;
        char delimiter = "\t,;".MaxBy(d => line.Count(c => c == d));
        string[] header = [.. CsvRows.Split(line, delimiter).Select(f => f.Trim())];
        string[] plain = [.. header.Select(Plain)];
        CsvExport? best = null;
        ExportFormat? nearest = null;
        int bestKnown = 0, nearestKnown = 0;
        foreach (ExportFormat format in Formats)
        {
            ExportColumn[] roles = [.. plain.Select(p => format.Columns.GetValueOrDefault(p, X))];
            int known = plain.Count(p => p.Length > 0 && format.Columns.ContainsKey(p));
            if (known > nearestKnown)
                (nearest, nearestKnown) = (format, known);
            bool whole = roles.Contains(ExportColumn.Source) && (!format.NeedsTarget || roles.Contains(ExportColumn.Target)) && format.Marks.Any(plain.Contains);
            if (whole && known > bestKnown)
                (best, bestKnown) = (new CsvExport(format, delimiter, header, roles, lines, null), known);
        }
        if (best is not null)
            return best;
        // A table of links that nobody knows is better refused by name than taken for a list of pairs.
        bool isTable = header.Length >= 4 && path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) && plain.All(p => p.Length > 0 && !p.All(char.IsAsciiDigit));
        if (nearestKnown >= 3 || (isTable && nearestKnown >= 1))
            throw new ImportException(path, $"is no backlink export that is known: its columns are most like those of {nearest!.Name}, but {Missing(nearest, plain)} missing; it has {Listed(header)}");
        return isTable
            ? throw new ImportException(path, $"is a table whose columns are of no known backlink export ({string.Join(", ", Formats.Select(f => f.Name))}); it has {Listed(header)}")
            : null;
    }

    /// <summary>Lower-case letters and digits alone.</summary>
    public static string Plain(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit).Select(char.ToLowerInvariant));

    /// <summary>UTF-16 or UTF-8, as the byte order mark says.</summary>
    public static Encoding Encoding(ReadOnlySpan<byte> head) => head switch
    {
        [0xFF, 0xFE, ..] => System.Text.Encoding.Unicode,
        [0xFE, 0xFF, ..] => System.Text.Encoding.BigEndianUnicode,
        _ => System.Text.Encoding.UTF8,
    };

    private static string Decode(ReadOnlySpan<byte> head) => Encoding(head).GetString(head).TrimStart('\uFEFF');

    private static string Missing(ExportFormat format, string[] plain)
    {
        List<string> missing = [];
        if (!plain.Any(p => format.Columns.GetValueOrDefault(p, X) == ExportColumn.Source))
            missing.Add($"'{format.SourceName}'");
        if (format.NeedsTarget && !plain.Any(p => format.Columns.GetValueOrDefault(p, X) == ExportColumn.Target))
            missing.Add($"'{format.TargetName}'");
        return missing.Count switch
        {
            0 => "a column that tells whose it is, such as " + string.Join(" or ", format.Marks.Take(3)) + ", is",
            1 => missing[0] + " is",
            _ => string.Join(" and ", missing) + " are",
        };
    }

    private static string Listed(string[] header)
    {
        string all = string.Join(", ", header.Select(h => $"'{h}'"));
        return all.Length <= 300 ? all : all[..300] + "…";
    }

    /// <summary>Search Console names its files after the site: <c>example.com-Latest links-2026-07-18.csv</c>,
    /// <c>https___www.example.com_-Top linking sites-…</c>.</summary>
    private static string? SiteOf(string file)
    {
        foreach (string title in new[] { "-Latest links", "-More sample links", "-Sample links", "-Top linking sites", "-Top target pages" })
        {
            int at = file.IndexOf(title, StringComparison.OrdinalIgnoreCase);
            if (at <= 0)
                continue;
            string site = file[..at].TrimEnd('_', '-');
            foreach (string scheme in new[] { "https___", "http___", "sc-domain_", "sc-domain-" })
                if (site.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
                    site = site[scheme.Length..];
            return site.Replace('_', '/');
        }
        return null;
    }

    private static Dictionary<string, ExportColumn> Columns(params (ExportColumn Role, string Names)[] columns)
    {
        Dictionary<string, ExportColumn> all = [];
        foreach ((ExportColumn role, string names) in columns)
            foreach (string name in names.Split('|'))
                all.TryAdd(Plain(name), role);
        all.Remove("");
        return all;
    }
}
