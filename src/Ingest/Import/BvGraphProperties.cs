using System.Globalization;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// The <c>.properties</c> file of a BVGraph: a Java properties file (Latin-1, <c>key=value</c>, <c>#</c> and <c>!</c>
/// comments). Read are
/// <code>
/// graphclass         it.unimi.dsi.webgraph.BVGraph, also of it.unimi.dsi.big.webgraph; others are other formats
/// version            0
/// nodes, arcs        n and m
/// windowsize         how far back a reference may reach; 0: no references
/// minintervallength  shortest run of consecutive successors that is stored as an interval; 0: no intervals
/// zetak              k of ZETA and b of GOLOMB, default 3
/// compressionflags   flags such as RESIDUALS_GAMMA joined by |; a component without a flag has its default code
/// copiedarcs, intervalisedarcs, residualarcs   optional sums that the decoded links must agree with
/// </code>
/// <c>maxrefcount</c> bounds the writer only. What is refused: another version, <c>endianness=little</c> and the codes
/// that only webgraph-rs writes, with a word on how to convert.
/// </summary>
internal sealed class BvGraphProperties
{
    /// <summary>No web graph on record has a window beyond 70; this bounds what a damaged file can ask for.</summary>
    public const int MaxWindow = 1 << 16;

    private readonly Dictionary<string, (string Value, int Line)> _values = [];

    private BvGraphProperties(string path) => Path = path;

    public string Path { get; }

    public int Nodes { get; private set; }

    public long Arcs { get; private set; }

    public int Window { get; private set; }

    public int MinInterval { get; private set; }

    public BitCode Outdegrees { get; private set; } = null!;

    public BitCode References { get; private set; } = null!;

    public BitCode BlockCounts { get; private set; } = null!;

    public BitCode Blocks { get; private set; } = null!;

    public BitCode Residuals { get; private set; } = null!;

    /// <summary>The optional number <paramref name="key"/>, or -1.</summary>
    public long Optional(string key) => _values.ContainsKey(key) ? Number(key, 0, long.MaxValue) : -1;

    /// <exception cref="ImportException">With the line of what cannot be read or is not supported.</exception>
    public static BvGraphProperties Read(string path)
    {
        var info = new FileInfo(path);
        if (info.Length > 1 << 20)
            throw new ImportException(path, $"has {info.Length} bytes, but a .properties file has a few hundred");
        var properties = new BvGraphProperties(path);
        string[] lines = File.ReadAllText(path, Encoding.Latin1).Split('\n');
        for (int i = 0; i < lines.Length; i++)
            properties.ReadLine(lines[i].Trim(), i + 1);
        properties.Interpret();
        return properties;
    }

    private void ReadLine(string line, int number)
    {
        if (line.Length == 0 || line[0] is '#' or '!')
            return;
        int end = line.AsSpan().IndexOfAny("=: \t");
        if (end <= 0)
            throw ImportException.AtLine(Path, number, $"'{Shorten(line)}' is not key=value");
        string value = line[end..].TrimStart().TrimStart('=', ':').Trim();
        _values[line[..end]] = (value.Replace("\\", "", StringComparison.Ordinal), number);
    }

    private void Interpret()
    {
        string graphClass = Text("graphclass");
        if (graphClass is not ("it.unimi.dsi.webgraph.BVGraph" or "it.unimi.dsi.big.webgraph.BVGraph"))
            throw At("graphclass", $"the graph is stored as {Shorten(graphClass)}; only BVGraph can be read: convert it with 'java {Shorten(graphClass)} …' to BVGraph");
        long version = Number("version", 0, int.MaxValue);
        if (version != 0)
            throw At("version", $"BVGraph version {version} is not supported, only 0: convert it with webgraph-rs 'to bvgraph' in big-endian order with γ, δ and ζ codes");
        if (_values.TryGetValue("endianness", out var order) && order.Value != "big")
            throw At("endianness", $"the bits are in {Shorten(order.Value)}-endian order; convert it with webgraph-rs 'to endianness'");
        Nodes = (int)Number("nodes", 0, GraphEngine.GraphBuilder.MaxNodes);
        Arcs = Number("arcs", 0, (long)Nodes * Nodes);
        Window = (int)Number("windowsize", 0, MaxWindow);
        MinInterval = (int)Number("minintervallength", 0, int.MaxValue);
        int k = _values.ContainsKey("zetak") ? (int)Number("zetak", 1, int.MaxValue) : 3;
        var codes = new Dictionary<string, BitCodeKind>(StringComparer.Ordinal)
        {
            ["OUTDEGREES"] = BitCodeKind.Gamma,
            ["REFERENCES"] = BitCodeKind.Unary,
            ["BLOCK_COUNT"] = BitCodeKind.Gamma,
            ["BLOCKS"] = BitCodeKind.Gamma,
            ["RESIDUALS"] = BitCodeKind.Zeta,
            ["OFFSETS"] = BitCodeKind.Gamma,
        };
        if (_values.TryGetValue("compressionflags", out var flags))
            foreach (string flag in flags.Value.Split('|', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                ReadFlag(flag, codes);
        Outdegrees = Code("OUTDEGREES");
        References = Code("REFERENCES");
        BlockCounts = Code("BLOCK_COUNT");
        Blocks = Code("BLOCKS");
        Residuals = Code("RESIDUALS");

        BitCode Code(string component)
        {
            BitCodeKind kind = codes[component];
            if (kind == BitCodeKind.Zeta && k > 31)
                throw At("zetak", $"ζ codes with k = {k} are not supported, only 1 to 31");
            return new BitCode(kind, k);
        }
    }

    private void ReadFlag(string flag, Dictionary<string, BitCodeKind> codes)
    {
        int cut = flag.LastIndexOf('_');
        string component = cut < 0 ? flag : flag[..cut];
        if (!codes.ContainsKey(component))
            throw At("compressionflags", $"the flag {Shorten(flag)} is not known; the components are {string.Join(", ", codes.Keys)}");
        codes[component] = flag[(cut + 1)..] switch
        {
            "UNARY" => BitCodeKind.Unary,
            "GAMMA" => BitCodeKind.Gamma,
            "DELTA" => BitCodeKind.Delta,
            "ZETA" => BitCodeKind.Zeta,
            "NIBBLE" => BitCodeKind.Nibble,
            "GOLOMB" => BitCodeKind.Golomb,
            _ => throw At("compressionflags", $"the code of {Shorten(flag)} is not supported; the codes are UNARY, GAMMA, DELTA, ZETA, NIBBLE and GOLOMB"),
        };
    }

    private string Text(string key) =>
        _values.TryGetValue(key, out var found) ? found.Value : throw new ImportException(Path, $"has no '{key}': it is not the .properties file of a BVGraph, or it is cut short");

    private long Number(string key, long least, long most)
    {
        string text = Text(key);
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) || value < least || value > most)
            throw At(key, $"{key}={Shorten(text)} must be a number from {least} to {most}");
        return value;
    }

    private ImportException At(string key, string problem) => ImportException.AtLine(Path, _values[key].Line, problem);

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
