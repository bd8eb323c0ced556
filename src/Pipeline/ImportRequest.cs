using System.Globalization;
using System.Text.Json.Serialization;
using Backlinks.Ingest;

namespace Backlinks.Pipeline;

/// <summary>
/// An import as a user asks for one, on a command line or as JSON: one web graph, which becomes a graph of its own, or any number of
/// archives and exports for the link store. What is null is as <see cref="GraphImportOptions"/> and <see cref="VisitImportOptions"/> have it.
/// </summary>
public sealed record ImportRequest
{
    private static readonly string[] Granularities = ["page", "host", "domain"];

    /// <summary>Files or folders, at least one; of web graphs exactly one.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>Of a web graph, where it is not to be told from the content.</summary>
    [JsonConverter(typeof(LowerCase<GraphFormat>))]
    public GraphFormat? Format { get; init; }

    [JsonConverter(typeof(LowerCase<SelfLinks>))]
    public SelfLinks? SelfLinks { get; init; }

    /// <summary>Ignore weights that the source has.</summary>
    public bool Unweighted { get; init; }

    /// <summary>A text file with one name a line, in node order.</summary>
    public string? Names { get; init; }

    /// <summary>In an edge list, take the ends as names even if they are numbers.</summary>
    public bool ByName { get; init; }

    /// <summary>Fold hosts to domains.</summary>
    [JsonConverter(typeof(LowerCase<DomainFold>))]
    public DomainFold? Fold { get; init; }

    /// <summary>A public suffix list to fold by.</summary>
    public string? Psl { get; init; }

    /// <summary>What a node is where the source does not say: page, host or domain.</summary>
    public string? Granularity { get; init; }

    /// <summary>Private memory for sorting, in MiB.</summary>
    public int? Memory { get; init; }

    /// <summary>Worker threads, 0 for one a processor.</summary>
    public int? Threads { get; init; }

    /// <summary>Archives and exports: read files once more that were imported completely.</summary>
    public bool Again { get; init; }

    /// <summary>Archives: take records whose digest is not that of their content.</summary>
    public bool IgnoreDigests { get; init; }

    /// <summary>Search Console exports: the site to which the links lead.</summary>
    public string? Site { get; init; }

    /// <summary>How to import a web graph.</summary>
    [JsonIgnore]
    public GraphImportOptions Graph
    {
        get
        {
            var standard = new GraphImportOptions();
            return standard with
            {
                Format = Format,
                SelfLinks = SelfLinks ?? standard.SelfLinks,
                Weighted = !Unweighted,
                Names = Names,
                ByName = ByName,
                Fold = Fold,
                Psl = Psl,
                Granularity = Granularity,
                MemoryBytes = Memory is { } mebibytes ? (long)mebibytes << 20 : standard.MemoryBytes,
                Threads = Threads ?? standard.Threads,
            };
        }
    }

    /// <summary>How to import archives and exports.</summary>
    [JsonIgnore]
    public VisitImportOptions Visits => new() { Again = Again, CheckDigests = !IgnoreDigests, Site = Site, Threads = Threads ?? 0 };

    /// <summary>Tells what is wrong with it that can be told without looking at files.</summary>
    /// <exception cref="RequestException">A value is out of its range, or no path is named.</exception>
    public void Check()
    {
        if (Paths.Count == 0 || Paths.Any(string.IsNullOrWhiteSpace))
            throw new RequestException("paths", "{paths} must name at least one file or folder");
        if (Granularity is not null && !Granularities.Contains(Granularity))
            throw new RequestException("granularity", $"{{granularity}} must be one of {string.Join(", ", Granularities)}, not '{Granularity}'");
        if (Threads < 0)
            throw new RequestException("threads", string.Create(CultureInfo.InvariantCulture, $"{{threads}} must be at least 0, not {Threads}"));
    }
}
