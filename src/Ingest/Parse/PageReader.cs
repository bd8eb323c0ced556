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

/// <summary>Reads an HTTP response into a visit: outcome by status, links with zones, title, text, hashes. STUB.</summary>
public static class PageReader
{
    public static PageVisit Read(PageResponse response, PageReaderOptions? options = null) =>
        throw new NotImplementedException();
}
