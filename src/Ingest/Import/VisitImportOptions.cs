using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>The formats of files that hold pages or links for the store.</summary>
public enum VisitFormat
{
    /// <summary>Pages as HTTP responses: <see cref="WarcReader"/>.</summary>
    Warc,

    /// <summary>The older form of WARC: <see cref="ArcReader"/>.</summary>
    Arc,

    /// <summary>Common Crawl's metadata of pages with their links: <see cref="WatReader"/>.</summary>
    Wat,

    /// <summary>A backlink export of another tool: <see cref="CsvExports"/>.</summary>
    Csv,
}

/// <summary>How pages and links are imported into a store.</summary>
public sealed record VisitImportOptions
{
    /// <summary>Import files that have been imported completely once more. It changes nothing but what a newer version of this
    /// program reads better.</summary>
    public bool Again { get; init; }

    /// <summary>Verify the digests of WARC records that have them, and leave out what fails.</summary>
    public bool CheckDigests { get; init; } = true;

    /// <summary>The site to which the links of a Search Console export lead, which does not say it itself: a domain or URL.
    /// Null to take it from the file's name.</summary>
    public string? Site { get; init; }

    /// <summary>Folder for the lists of what was left out, one file a source; null to only count it.</summary>
    public string? Quarantine { get; init; }

    /// <summary>Threads that parse; 0 for one a processor, eight at most.</summary>
    public int Threads { get; init; }

    public PageReaderOptions Pages { get; init; } = new();

    /// <summary>Visits written in one transaction. A transaction costs about as much as a thousand visits do.</summary>
    public int BatchVisits { get; init; } = 1_000;

    /// <summary>Links that end a transaction before <see cref="BatchVisits"/>; bounds memory: one transaction's visits are
    /// written while those of the next are gathered.</summary>
    public int BatchLinks { get; init; } = 20_000;

    /// <summary>What reads a page; replaced by benchmarks that compare.</summary>
    internal Func<PageResponse, PageReaderOptions, PageVisit> Read { get; init; } = PageReader.Read;
}

/// <summary>What an import did. Counts are of this call; what an interrupted one had done before is not in them.</summary>
public sealed record VisitImportResult
{
    /// <summary>Files that were read.</summary>
    public int Files { get; init; }

    /// <summary>Files that had been imported completely before, and were not read again.</summary>
    public int AlreadyImported { get; init; }

    /// <summary>Files in a named folder that are of no known format.</summary>
    public int Unknown { get; init; }

    /// <summary>Records of archives, rows of exports.</summary>
    public long Records { get; init; }

    /// <summary>Visits that came of them.</summary>
    public long Pages { get; init; }

    public long Links { get; init; }

    /// <summary>Records that are no pages: requests, DNS, other schemes.</summary>
    public long Skipped { get; init; }

    /// <summary>Damaged or unreadable records, each listed with file and offset.</summary>
    public long Quarantined { get; init; }

    /// <summary>Visits that the store had already.</summary>
    public long Repeated { get; init; }

    public long NewPages { get; init; }

    public long NewLinks { get; init; }

    /// <summary>The list of what was left out; null where nothing was, or nothing was asked to be listed. Of several files, the last.</summary>
    public string? QuarantineFile { get; init; }

    /// <summary>The first problem met, for people; "" for none.</summary>
    public string FirstProblem { get; init; } = "";

    internal VisitImportResult Plus(VisitImportResult more) => new()
    {
        Files = Files + more.Files,
        AlreadyImported = AlreadyImported + more.AlreadyImported,
        Unknown = Unknown + more.Unknown,
        Records = Records + more.Records,
        Pages = Pages + more.Pages,
        Links = Links + more.Links,
        Skipped = Skipped + more.Skipped,
        Quarantined = Quarantined + more.Quarantined,
        Repeated = Repeated + more.Repeated,
        NewPages = NewPages + more.NewPages,
        NewLinks = NewLinks + more.NewLinks,
        QuarantineFile = more.QuarantineFile ?? QuarantineFile,
        FirstProblem = FirstProblem.Length > 0 ? FirstProblem : more.FirstProblem,
    };
}
