using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>The graph that a run ranks.</summary>
/// <param name="Id">Its folder in <c>graphs/</c>.</param>
/// <param name="Digest"><see cref="GraphManifest.Digest"/>: tells whether that folder still holds the same graph.</param>
/// <param name="Nodes">n.</param>
/// <param name="Links">m.</param>
/// <param name="Granularity"><c>page</c>, <c>host</c>, <c>domain</c> or <c>unknown</c>.</param>
public sealed record RunGraph(string Id, string Digest, int Nodes, long Links, string Granularity);

/// <summary>
/// <c>run.json</c>: what was computed on which graph, how, and how far it can be trusted. Equal graph, configuration and
/// engine give equal bytes: no time, no path of the machine and no thread count is in it; those are in timings.json.
/// </summary>
public sealed record RunManifest
{
    public const string FileName = "run.json";
    public const string FormatName = "backlinks-run";
    public const int FormatVersion = 1;

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = FormatVersion;

    /// <summary>XXH3-64 of this file's values as we write them, with sixteen zeros in this place.</summary>
    public string Checksum { get; init; } = NoChecksum;

    /// <summary>Version of the engine that computed the run.</summary>
    public required string EngineVersion { get; init; }

    public required RunGraph Graph { get; init; }

    /// <summary>The page graph of a run of the link store, whose scores are the arrays named <c>page_…</c>; <see cref="Graph"/>
    /// is then its domain graph. Absent in a run of an imported graph.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RunGraph? PageGraph { get; init; }

    /// <summary>The options of each algorithm by its name, all that can change a score.</summary>
    public required SortedDictionary<string, JsonObject> Configuration { get; init; }

    /// <summary>What each algorithm said of its result: rounds, residual, error bound, trace, counts.</summary>
    public required SortedDictionary<string, JsonObject> Results { get; init; }

    /// <summary>The score arrays by name, n elements each, and what belongs to the configuration (<c>seeds</c>).</summary>
    public required SortedDictionary<string, ArrayEntry> Arrays { get; init; }

    /// <summary>Files of text by name, such as <c>clusters.json</c>, each with its XXH3-128; absent where there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SortedDictionary<string, string>? Documents { get; init; }

    private const string NoChecksum = "0000000000000000";

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // an error bound may be infinite
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>An options or result record as JSON, without the members named (snake case) and without <c>threads</c>.</summary>
    public static JsonObject Describe<T>(T record, params string[] without)
    {
        JsonObject json = JsonSerializer.SerializeToNode(record, Json)!.AsObject();
        foreach (string name in without.Append("threads"))
            json.Remove(name);
        return json;
    }

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = ChecksumOf(this) }, Json), (byte)'\n'];

    /// <summary>Identifies what was asked: XXH3-128 over the graph's digest and the configuration, in hexadecimal.</summary>
    public string ConfigurationDigest()
    {
        byte[] bytes = [.. System.Text.Encoding.ASCII.GetBytes(Graph.Digest + PageGraph?.Digest), .. JsonSerializer.SerializeToUtf8Bytes(Configuration, Json)];
        return Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(bytes));
    }

    /// <summary>Reads run.json from a run's folder.</summary>
    /// <exception cref="StoreException">Missing, not JSON, of another format or of a newer version.</exception>
    public static RunManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new StoreException(path, "the file is missing: delete the run's folder and rank again");
        RunManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<RunManifest>(File.ReadAllBytes(path), Json);
        }
        catch (JsonException e)
        {
            throw new StoreException(path, $"is not a valid run (line {e.LineNumber + 1}): delete its folder and rank again", e);
        }
        if (manifest is null || manifest.Format != FormatName || manifest.Arrays is null || manifest.Graph?.Id is null)
            throw new StoreException(path, $"is not a {FormatName} file");
        if (manifest.Version > FormatVersion)
            throw new StoreException(path, $"has format version {manifest.Version}, newer than {FormatVersion}: use a newer 'backlinks'");
        if (manifest.Checksum != ChecksumOf(manifest))
            throw new StoreException(path, "was altered: its checksum does not fit; delete the run's folder and rank again");
        foreach (string file in manifest.Arrays.Values.Select(a => a.File).Concat(manifest.Documents?.Keys ?? Enumerable.Empty<string>()).Append(manifest.Graph.Id).Append(manifest.PageGraph?.Id ?? manifest.Graph.Id))
            if (Path.GetFileName(file) != file)
                throw new StoreException(path, $"names '{file}', which lies outside its folder");
        return manifest;
    }

    private static string ChecksumOf(RunManifest manifest) => Convert.ToHexStringLower(
        System.IO.Hashing.XxHash3.Hash(JsonSerializer.SerializeToUtf8Bytes(manifest with { Checksum = NoChecksum }, Json)));
}
