namespace Backlinks.Ingest;

/// <summary>What happens to links from a node to itself.</summary>
public enum SelfLinks
{
    /// <summary>Kept; in a host link file dropped, where they are the links within a host.</summary>
    Auto,

    Keep,

    Drop,
}

/// <summary>Whether links have weights.</summary>
public enum Weights
{
    /// <summary>If the first line has a number in a third column; a column of ones makes an unweighted graph.</summary>
    Auto,

    /// <summary>A third column must be there, and is kept even if it is all ones.</summary>
    Yes,

    /// <summary>Columns after the second are ignored.</summary>
    No,
}

/// <summary>How an edge list is read, where its content leaves a choice.</summary>
public sealed record EdgeListOptions
{
    /// <summary>Default: kept, but dropped in a host link file.</summary>
    public SelfLinks SelfLinks { get; init; }

    /// <summary>Default: told from the first line.</summary>
    public Weights Weighted { get; init; }

    /// <summary>False adds each link in both directions. Default true; a symmetric MatrixMarket file says so itself.</summary>
    public bool Directed { get; init; } = true;

    /// <summary>True: ends are names, even if they look like numbers. False: they must be numbers. Null (default): numbers if
    /// every end in the first 64 KiB is a plain decimal integer.</summary>
    public bool? Names { get; init; }

    /// <summary>What a node is: <c>page</c>, <c>host</c>, <c>domain</c>, or null for what the file says.</summary>
    public string? Granularity { get; init; }

    /// <summary>Private memory in bytes, at least 64 MiB: names are numbered in a quarter of it, links sorted in all of it.</summary>
    public long MemoryBytes { get; init; } = new GraphEngine.GraphBuilderOptions().MemoryBytes;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>For tests: names are put on disk when they take this many bytes.</summary>
    internal long? TinyNameBytes { get; init; }

    internal static EdgeListOptions From(GraphImportOptions options) => new()
    {
        SelfLinks = options.SelfLinks,
        Weighted = options.Weighted ? Weights.Auto : Weights.No,
        Names = options.ByName ? true : null,
        Granularity = options.Granularity,
        MemoryBytes = options.MemoryBytes,
        Threads = options.Threads,
    };
}
