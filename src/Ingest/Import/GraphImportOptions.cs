using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>How a graph is imported. What a format cannot have, such as weights in a BVGraph, has no effect there.</summary>
public sealed record GraphImportOptions
{
    /// <summary>The format, or null to tell it from the content.</summary>
    public GraphFormat? Format { get; init; }

    /// <summary>Links from a node to itself. Default: kept as in the source, but dropped in a host link file, where they are
    /// the links within a host; a fold to domains always drops them.</summary>
    public SelfLinks SelfLinks { get; init; }

    /// <summary>Use weights where the source has them. Default true.</summary>
    public bool Weighted { get; init; } = true;

    /// <summary>A text file (plain or gzip) with one name per line in node order, for sources that have none; or null.</summary>
    public string? Names { get; init; }

    /// <summary>In an edge list, take ends as names even if the first are numbers. Default false.</summary>
    public bool ByName { get; init; }

    /// <summary>Fold hosts to domains after reading, or null. Needs names.</summary>
    public DomainFold? Fold { get; init; }

    /// <summary>A newer public suffix list in its published format, or null for the one built in.</summary>
    public string? Psl { get; init; }

    /// <summary>What a node is: <c>page</c>, <c>host</c>, <c>domain</c>, or null for what the source says.</summary>
    public string? Granularity { get; init; }

    /// <inheritdoc cref="GraphBuilderOptions.MemoryBytes"/>
    public long MemoryBytes { get; init; } = new GraphBuilderOptions().MemoryBytes;

    /// <inheritdoc cref="GraphBuilderOptions.Threads"/>
    public int Threads { get; init; }

    internal GraphBuilderOptions ForBuilder(string format, string path, string granularity = "unknown",
        IReadOnlyDictionary<string, string>? more = null)
    {
        var changed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in more ?? changed)
            changed[key] = value;
        if (SelfLinks == SelfLinks.Drop)
            changed["self_links"] = "dropped";
        if (!Weighted)
            changed["weights"] = "ignored";
        return new GraphBuilderOptions
        {
            MemoryBytes = MemoryBytes,
            Threads = Threads,
            Granularity = Granularity ?? granularity,
            DropSelfLinks = SelfLinks == SelfLinks.Drop,
            Source = new GraphSource(format, Path.GetFileName(Path.TrimEndingDirectorySeparator(path)), changed.Count > 0 ? changed : null),
        };
    }
}

/// <summary>How host names become domains.</summary>
public enum DomainFold
{
    /// <summary>Registrable domain by the ICANN section of the public suffix list, as Common Crawl's domain graphs.</summary>
    Icann,

    /// <summary>By the private section too: <c>alice.github.io</c> and <c>bob.github.io</c> stay apart.</summary>
    Private,

    /// <summary>Only a leading <c>www.</c> is removed.</summary>
    Www,
}
