using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.GraphEngine;

/// <summary>
/// The published scale of authority, 0 to 100:
/// <code>score = clamp(100 · log10 z / log10 z_ref, 0, 100)</code>
/// z is raw authority (<c>RawAuthority</c>): multiples of what a node without links gets. z_ref is frozen in a versioned
/// file, <c>scales.json</c>, never taken from a run's own minimum and maximum: so a score means the same from run to run and from
/// crawl to crawl, a score falls only if the raw value fell, and a point is always the same factor, z_ref^(1/100).
/// The version stands beside every score; a new calibration is a new version.
/// </summary>
public sealed record AuthorityScale
{
    public const string FormatName = "backlinks-authority-scale";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The scale of this version of the program.</summary>
    public static AuthorityScale Current { get; } = ReadEmbedded();

    public string Format { get; init; } = FormatName;

    /// <summary>Names the calibration; two scores compare only if it is the same.</summary>
    public required string Version { get; init; }

    /// <summary>The day it was frozen.</summary>
    public required string Frozen { get; init; }

    /// <summary>By level: <c>domain</c>, <c>page</c>.</summary>
    public required SortedDictionary<string, AuthorityLevel> Levels { get; init; }

    /// <summary>The reference of a graph of that granularity: pages have their own, hosts and all else are taken for domains.</summary>
    public double ReferenceOf(string granularity) => Levels[granularity == "page" ? "page" : "domain"].Reference;

    /// <summary>The score of a raw value, 0 to 100.</summary>
    public double Score(double raw, string granularity) => Score(raw, ReferenceOf(granularity));

    /// <summary>The score of a raw value against a reference above 1; 0 for a raw value of 1 or less.</summary>
    public static double Score(double raw, double reference) => raw <= 1 ? 0 : Math.Min(100, 100 * Math.Log10(raw) / Math.Log10(reference));

    /// <summary>The raw value that has this score; the inverse of <see cref="Score(double, string)"/> within 0 to 100.</summary>
    public double RawOf(double score, string granularity) => Math.Pow(ReferenceOf(granularity), score / 100);

    /// <summary>The file as written into runs.</summary>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <summary>Reads a scale.</summary>
    /// <param name="source">Its place, for the message.</param>
    /// <exception cref="GraphException">Not such a file, or a reference is not above 1.</exception>
    public static AuthorityScale Parse(ReadOnlySpan<byte> json, string source)
    {
        AuthorityScale? scale;
        try
        {
            scale = JsonSerializer.Deserialize<AuthorityScale>(json, Json);
        }
        catch (JsonException e)
        {
            throw new GraphException(source, -1, $"is no {FormatName} file: line {e.LineNumber + 1}, {e.Path}", e);
        }
        if (scale is not { Format: FormatName } || scale.Levels?.ContainsKey("domain") != true || !scale.Levels.ContainsKey("page"))
            throw new GraphException(source, -1, $"is no {FormatName} file: it needs the levels domain and page");
        foreach ((string level, AuthorityLevel at) in scale.Levels)
            if (!(at.Reference > 1 && at.Reference < double.PositiveInfinity))
                throw new GraphException(source, -1, $"the reference of level '{level}' is {at.Reference}: it must be finite and above 1");
        return scale;
    }

    private static AuthorityScale ReadEmbedded()
    {
        using Stream stream = typeof(AuthorityScale).Assembly.GetManifestResourceStream("scales.json")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes, "scales.json");
    }
}

/// <summary>One level of a scale.</summary>
/// <param name="Reference">z_ref, above 1: the raw value that scores 100.</param>
/// <param name="Why">Where the number comes from.</param>
public sealed record AuthorityLevel(double Reference, string Why);
