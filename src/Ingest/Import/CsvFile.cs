using System.Globalization;
using Backlinks.GraphEngine;
using Sylvan.Data.Csv;

namespace Backlinks.Ingest;

/// <summary>
/// Turns the rows of a backlink export into visits of outcome <see cref="VisitOutcome.Reported"/>: a tool knows some links
/// of a page, not all. Rows near one another that tell of one page at one time become one visit; where they are far
/// apart, the store puts the parts together. Rows are parsed by Sylvan.Data.Csv: without
/// dependencies, strict about quotes, and it reads from memory, so that blocks are parsed side by side.
/// </summary>
/// <remarks>
/// Dates are UTC; a date without time is midnight. A row whose URLs or dates cannot be read, or whose number of fields is
/// not the header's, is left out and listed with its line.
/// </remarks>
internal sealed class CsvFile : VisitFile
{
    private readonly CsvRows _rows;
    private readonly CsvExport _export;
    private readonly string _source, _names;
    private readonly DateTime _fileTime;
    private readonly CsvDataReaderOptions _options;

    public CsvFile(string path, CsvExport export, string source, int skipRows)
    {
        _rows = new CsvRows(path, export.Delimiter, export.LinesBefore, skipRows);
        _export = export;
        _source = source;
        _names = string.Join(export.Delimiter, Enumerable.Range(0, export.Header.Count).Select(i => $"c{i}")) + "\n";
        DateTime written = File.GetLastWriteTimeUtc(path); // where the export has no dates, its own is the only one
        _fileTime = DateTime.SpecifyKind(written.Date, DateTimeKind.Utc);
        _options = new CsvDataReaderOptions { HasHeaders = true, Delimiter = export.Delimiter, BufferSize = 1 << 19, MaxBufferSize = 1 << 20, CsvStyle = CsvStyle.Standard };
    }

    public override bool Take(VisitPiece piece, CancellationToken cancel) => _rows.Read(piece.Rows, cancel);

    public override void Parse(VisitPiece piece)
    {
        RowBlock block = piece.Rows;
        piece.Clear();
        piece.Next = block.Next;
        piece.Faults.AddRange(block.Faults);
        string text = block.Text.ToString();
        if (block.Rows.Count > 0 && !TryParse(_names + text, block.Rows, 0, piece))
            for (int i = 0; i < block.Rows.Count; i++) // some row breaks the format: find out which
            {
                int start = block.Rows[i].Start, end = i + 1 < block.Rows.Count ? block.Rows[i + 1].Start : text.Length;
                if (!TryParse(_names + text[start..end], block.Rows, i, piece, count: 1))
                    piece.Faults.Add(new Quarantined(-1, block.Rows[i].Line, "the quotes of the row are wrong", Shown(text[start..end])));
            }
        Merge(piece.Visits);
        piece.Records = block.Rows.Count;
    }

    public override void Dispose() => _rows.Dispose();

    /// <summary>Parses rows from a text; false, with nothing added, where it does not hold them.</summary>
    private bool TryParse(string text, List<(long Line, int Start)> rows, int first, VisitPiece piece, int count = -1)
    {
        if (count < 0)
            count = rows.Count;
        int visits = piece.Visits.Count, faults = piece.Faults.Count, row = 0;
        long skipped = piece.Skipped;
        try
        {
            using CsvDataReader reader = CsvDataReader.Create(new StringReader(text), _options);
            for (; reader.Read(); row++)
            {
                if (row >= count)
                    break;
                long line = rows[first + row].Line;
                if (reader.RowFieldCount != _export.Header.Count)
                {
                    piece.Faults.Add(new Quarantined(-1, line, $"has {reader.RowFieldCount} fields where the header has {_export.Header.Count}", Shown(reader.GetString(0))));
                    continue;
                }
                if (Visit(reader, out string? problem) is { } visit)
                    piece.Visits.Add(visit);
                else if (problem is not null)
                    piece.Faults.Add(new Quarantined(-1, line, problem, Shown(Field(reader, ExportColumn.Source))));
                else
                    piece.Skipped++;
            }
            if (row == count)
                return true;
        }
        catch (Exception e) when (e is CsvFormatException or FormatException or InvalidOperationException)
        {
            // Row by row then.
        }
        piece.Visits.RemoveRange(visits, piece.Visits.Count - visits);
        piece.Faults.RemoveRange(faults, piece.Faults.Count - faults);
        piece.Skipped = skipped;
        return false;
    }

    private static void Merge(List<PageVisit> visits)
    {
        Dictionary<(string, DateTime), int> seen = [];
        List<List<LinkObservation>> links = [];
        int kept = 0;
        foreach (PageVisit visit in visits.ToArray())
        {
            if (seen.TryAdd((visit.Url, visit.At), kept))
            {
                visits[kept++] = visit;
                links.Add([.. visit.Links]);
            }
            else
                links[seen[(visit.Url, visit.At)]].AddRange(visit.Links);
        }
        visits.RemoveRange(kept, visits.Count - kept);
        for (int i = 0; i < kept; i++)
            if (links[i].Count > 1)
                visits[i] = visits[i] with { Links = links[i] };
    }

    private PageVisit? Visit(CsvDataReader row, out string? problem)
    {
        problem = null;
        if (Flag(Field(row, ExportColumn.Mention)))
            return null; // the name without a link
        bool pages = _export.Format.Granularity == Granularity.Page;
        string source = Field(row, ExportColumn.Source), target = _export.Site ?? Field(row, ExportColumn.Target);
        if (!Name(source, pages, out string from))
            problem = $"'{Shown(source)}' is no {(pages ? "URL" : "domain")}";
        else if (!Name(target, pages, out string to))
            problem = $"'{Shown(target)}' is no {(pages ? "URL" : "domain")} to link to";
        else if (!TryDate(Field(row, ExportColumn.FirstSeen), out DateTime? firstSeen) || !TryDate(Field(row, ExportColumn.LastSeen), out DateTime? lastSeen)
            || !TryDate(Field(row, ExportColumn.LostAt), out DateTime? lostAt))
            problem = "a date of the row cannot be read";
        else
        {
            string lost = Field(row, ExportColumn.Lost);
            if (lostAt is null && lost.Length > 0)
            {
                if (Flag(lost))
                    lostAt = lastSeen;
                else if (lost.Any(char.IsAsciiDigit) && lost.Length >= 8)
                    TryDate(lost, out lostAt);
            }
            LostReason reason = lostAt is null ? LostReason.None : Reason(Field(row, ExportColumn.LostReason));
            if (reason == LostReason.None)
                lostAt = null; // the tool could not look: that is no loss
            LinkObservation link = new()
            {
                Target = to,
                Href = pages && _export.Site is null ? LinkTexts.Href(target) : "",
                Kind = Kind(row),
                Rel = Rel(row),
                Anchor = LinkTexts.Text(Field(row, ExportColumn.Anchor), LinkTexts.MaxAnchorBytes),
                Left = LinkTexts.Context(Field(row, ExportColumn.Left), before: true),
                Right = LinkTexts.Context(Field(row, ExportColumn.Right), before: false),
                FirstSeen = firstSeen,
                LastSeen = lastSeen,
                LostAt = lostAt,
                LostReason = reason,
            };
            DateTime at = lastSeen ?? firstSeen ?? _fileTime;
            return new PageVisit
            {
                Url = from,
                At = at,
                Source = _source,
                Granularity = _export.Format.Granularity,
                Outcome = VisitOutcome.Reported,
                Title = LinkTexts.Text(Field(row, ExportColumn.Title), LinkTexts.MaxAnchorBytes),
                Language = Field(row, ExportColumn.Language).Trim().ToLowerInvariant() is { Length: <= 16 } language ? language : "",
                Links = [link],
            };
        }
        return null;
    }

    /// <summary>The first column of that meaning with something in it: some exports have two, such as two reasons of a loss.</summary>
    private string Field(CsvDataReader row, ExportColumn column)
    {
        for (int i = 0; i < _export.Roles.Count; i++)
            if (_export.Roles[i] == column && row.GetString(i) is { Length: > 0 } text)
                return text;
        return "";
    }

    private static bool Name(string text, bool page, out string name)
    {
        text = text.Trim();
        name = "";
        bool absolute = text.Contains("://", StringComparison.Ordinal);
        if (text.Length == 0 || WebUrl.TryParse(absolute ? text : "http://" + text) is not { IsHttp: true } url || (!absolute && !url.Host.Contains('.')))
            return false;
        name = page ? url.PageKey : url.Host;
        return name.Length <= 2083;
    }

    private LinkKind Kind(CsvDataReader row)
    {
        if (Flag(Field(row, ExportColumn.Redirect)))
            return LinkKind.Redirect;
        if (Flag(Field(row, ExportColumn.Canonical)))
            return LinkKind.Canonical;
        if (Flag(Field(row, ExportColumn.Frame)))
            return LinkKind.Frame;
        if (Flag(Field(row, ExportColumn.Form)))
            return LinkKind.Form;
        if (Flag(Field(row, ExportColumn.Image)))
            return LinkKind.Anchor; // a link around an image
        string kind = CsvExports.Plain(Field(row, ExportColumn.Kind));
        return kind switch
        {
            "text" or "textlink" or "href" or "image" or "imagelink" or "dofollow" or "nofollow" or "follow" => LinkKind.Anchor,
            "canonical" => LinkKind.Canonical,
            "alternate" => LinkKind.Alternate,
            "frame" or "framelink" => LinkKind.Frame,
            "form" or "formlink" => LinkKind.Form,
            _ => kind.StartsWith("redirect", StringComparison.Ordinal) ? LinkKind.Redirect : LinkKind.Reported,
        };
    }

    private LinkRel Rel(CsvDataReader row)
    {
        LinkRel rel = LinkRel.None;
        string kind = CsvExports.Plain(Field(row, ExportColumn.Kind)), words = Field(row, ExportColumn.Rel);
        if (Flag(Field(row, ExportColumn.Nofollow)) || kind == "nofollow" || words.Contains("nofollow", StringComparison.OrdinalIgnoreCase) || words.Contains("no-follow", StringComparison.OrdinalIgnoreCase))
            rel |= LinkRel.Nofollow;
        if (Flag(Field(row, ExportColumn.Ugc)))
            rel |= LinkRel.Ugc;
        if (Flag(Field(row, ExportColumn.Sponsored)))
            rel |= LinkRel.Sponsored;
        if (kind is "image" or "imagelink" || Flag(Field(row, ExportColumn.Image)) || Flag(Field(row, ExportColumn.AltText)))
            rel |= LinkRel.AnchorIsAlt;
        return rel;
    }

    /// <summary>Why a tool calls a link lost; None where it says that it could not look.</summary>
    private static LostReason Reason(string text)
    {
        string plain = CsvExports.Plain(text);
        bool Has(string word) => plain.Contains(word, StringComparison.Ordinal);
        return Has("crawlerror") || Has("dropped") || Has("timeout") || Has("robots") || Has("5xx") || Has("blocked") ? LostReason.None
            : Has("noindex") ? LostReason.Noindex
            : Has("canonical") ? LostReason.NotCanonical
            : Has("nofollow") ? LostReason.BecameNofollow
            : Has("redirect") || Has("301") || Has("302") ? LostReason.RedirectedAway
            : Has("notfound") || Has("404") || Has("410") || Has("gone") ? LostReason.PageGone
            : Has("dns") || Has("hostdead") ? LostReason.HostDead
            : LostReason.Removed;
    }

    private static bool Flag(string text) =>
        text.Length is > 0 and <= 8 && text.Trim().ToLowerInvariant() is "true" or "1" or "yes" or "y" or "x" or "+" or "nofollow";

    /// <summary>The dates that exports have: W3C, with month names in both orders, m/d/yyyy, Unix seconds; empty is null.</summary>
    private static bool TryDate(string text, out DateTime? at)
    {
        at = null;
        text = text.Trim();
        if (text.Length == 0 || text is "-" or "null" or "0" || text.StartsWith("0000-", StringComparison.Ordinal))
            return true;
        if (WebDate.TryParse(text, zoneNeeded: false, out DateTime utc)
            || DateTime.TryParseExact(text, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out utc))
            at = utc;
        else if (text.Length is 10 && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds))
            at = DateTime.UnixEpoch.AddSeconds(seconds);
        if (at is { } known)
            at = new DateTime(known.Ticks / 10 * 10, DateTimeKind.Utc);
        return at is not null;
    }

    private static readonly string[] Forms =
        ["MMM d, yyyy", "MMMM d, yyyy", "d MMM yyyy", "d MMMM yyyy", "MMM d yyyy", "M/d/yyyy", "d/M/yyyy", "d.M.yyyy", "M/d/yyyy H:mm", "M/d/yyyy H:mm:ss", "d MMM yyyy HH:mm", "MMM d, yyyy, h:mm:ss tt", "MMM d, yyyy h:mm tt"];

    private static string Shown(string text) => text.Length <= 200 ? text : text[..200];
}
