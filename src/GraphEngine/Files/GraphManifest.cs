using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.GraphEngine;

/// <summary>Where a graph came from.</summary>
/// <param name="Format"><c>bvgraph</c>, <c>commoncrawl</c>, <c>edges</c>, <c>csr</c>, <c>fold</c>, <c>store</c>, <c>generated</c>.</param>
/// <param name="Name">The file or folder's own name, without its path.</param>
/// <param name="Options">What changed the result, such as the fold; empty otherwise.</param>
public sealed record GraphSource(string Format, string Name, IReadOnlyDictionary<string, string>? Options = null);

/// <summary>
/// <c>graph.json</c>: the table of contents of a graph folder. It holds no time and no path of the machine, so the same
/// input gives the same bytes.
/// </summary>
public sealed record GraphManifest
{
    public const string FileName = "graph.json";
    public const string FormatName = "backlinks-graph";
    public const int FormatVersion = 1;

    public string Format { get; init; } = FormatName;

    public int Version { get; init; } = FormatVersion;

    /// <summary>XXH3-64 of <c>graph.json</c> with zeros in this place, hexadecimal: no byte of it can change unnoticed.</summary>
    public string Checksum { get; init; } = NoChecksum;

    /// <summary>n, 0 to 2,147,483,591.</summary>
    public required int Nodes { get; init; }

    /// <summary>m, distinct links.</summary>
    public required long Links { get; init; }

    /// <summary>Links as they came in, duplicates included.</summary>
    public required long Observed { get; init; }

    /// <summary><c>page</c>, <c>host</c>, <c>domain</c> or <c>unknown</c>.</summary>
    public string Granularity { get; init; } = "unknown";

    public GraphSource? Source { get; init; }

    /// <summary>Arrays by name: <c>out_offsets</c>, <c>out_links</c>, …; see <see cref="LinkGraph"/>.</summary>
    public required SortedDictionary<string, ArrayEntry> Arrays { get; init; }

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string NoChecksum = "0000000000000000";

    public byte[] ToBytes()
    {
        byte[] bytes = [.. JsonSerializer.SerializeToUtf8Bytes(this with { Checksum = NoChecksum }, Json), (byte)'\n'];
        Encoding.ASCII.GetBytes(ChecksumOf(bytes), ChecksumIn(bytes));
        return bytes;
    }

    /// <summary>Identifies the graph's content: XXH3-128 over <c>graph.json</c>, which holds every array's checksums.</summary>
    public string Digest() => Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(ToBytes()));

    /// <summary>Reads <c>graph.json</c> from <paramref name="folder"/>.</summary>
    /// <exception cref="GraphException">Missing, not JSON, of another format or of a newer version.</exception>
    public static GraphManifest Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!System.IO.File.Exists(path))
            throw new GraphException(path, -1, "there is no graph here; import one with 'backlinks import FILE'");
        GraphManifest? manifest;
        byte[] bytes = System.IO.File.ReadAllBytes(path);
        try
        {
            manifest = JsonSerializer.Deserialize<GraphManifest>(bytes, Json);
        }
        catch (JsonException e)
        {
            throw new GraphException(path, -1, $"is not valid JSON (line {e.LineNumber + 1}): the graph must be imported again", e);
        }
        if (manifest is null || manifest.Format != FormatName)
            throw new GraphException(path, -1, $"is not a {FormatName} file");
        if (manifest.Version > FormatVersion)
            throw new GraphException(path, -1,
                $"has format version {manifest.Version}, newer than {FormatVersion}: use a newer 'backlinks'");
        Span<byte> checksum = ChecksumIn(bytes);
        checksum.Fill((byte)'0');
        if (checksum.Length == 0 || ChecksumOf(bytes) != manifest.Checksum)
            throw new GraphException(path, -1, "was altered: its checksum does not fit; import the graph again");
        if (manifest.Nodes < 0 || manifest.Links < 0)
            throw new GraphException(path, -1, $"has {manifest.Nodes} nodes and {manifest.Links} links, which cannot be");
        return manifest;
    }

    public void Write(string folder)
    {
        using FileStream stream = new(Path.Combine(folder, FileName), FileMode.Create, FileAccess.Write);
        stream.Write(ToBytes());
        stream.Flush(flushToDisk: true);
    }

    private static string ChecksumOf(byte[] zeroed) => NpyWriter<byte>.Hex(System.IO.Hashing.XxHash3.HashToUInt64(zeroed));

    // The digits of the first "checksum" in the text: it stands before everything that could hold that word.
    private static Span<byte> ChecksumIn(byte[] bytes)
    {
        ReadOnlySpan<byte> before = "\"checksum\": \""u8;
        int at = bytes.AsSpan().IndexOf(before);
        return at < 0 || at + before.Length + NoChecksum.Length > bytes.Length ? [] : bytes.AsSpan(at + before.Length, NoChecksum.Length);
    }
}
