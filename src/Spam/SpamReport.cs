using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.Spam;

/// <summary>What a member does in its cluster.</summary>
public enum SpamRole
{
    /// <summary>Links to targets, or to other boosters.</summary>
    Booster,

    /// <summary>Is linked to. Whether its owner ordered the links, or an enemy did, links cannot tell.</summary>
    Target,
}

/// <param name="Raw">Authority before any discount, in multiples of what a domain without links gets.</param>
/// <param name="Supporters">Members that link to it.</param>
/// <param name="Outside">Other owners that link to it.</param>
public sealed record SpamMember(string Name, SpamRole Role, double Raw, int Supporters, int Outside)
{
    /// <summary>Raw authority without the cluster's inner links, where that was asked for; never in a report.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RawWithout { get; init; }

    /// <summary>Raw authority with them, that is <see cref="Raw"/>; told where <see cref="RawWithout"/> is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RawWith => RawWithout is null ? null : Raw;
}

/// <summary>One thing that speaks for a cluster.</summary>
/// <param name="Text">A sentence with numbers.</param>
/// <param name="LogRatio">What it adds to the log-odds before its family's cap.</param>
/// <param name="Examples">Links or domains that show it.</param>
public sealed record SpamReason(EvidenceFamily Family, string Text, double LogRatio, IReadOnlyList<string> Examples);

/// <summary>A good site that boosters link to so as to look like others; it is no member.</summary>
public sealed record CamouflageVictim(string Name, int Boosters);

/// <summary>A connected group of domains with evidence that its links are made to boost: a claim to be reviewed, not a verdict.</summary>
public sealed record SpamCluster
{
    /// <summary><c>c-</c> and 8 hex digits; the same from run to run while most of the members are.</summary>
    public required string Id { get; init; }

    /// <summary>0–100: 100/(1+exp(−log-odds)), after the caps.</summary>
    public required double Score { get; init; }

    /// <summary>80 or more: its inner links are discounted.</summary>
    public required bool Confirmed { get; init; }

    /// <summary>Log-likelihood ratio by family of evidence, each capped.</summary>
    public required IReadOnlyDictionary<EvidenceFamily, double> Families { get; init; }

    /// <summary>Share of what links give a target that comes from members, 0 to 1; of the middle one of the targets.</summary>
    public required double Insularity { get; init; }

    /// <summary>Links from members to members.</summary>
    public required int InnerLinks { get; init; }

    /// <summary>Targets first, each role by name.</summary>
    public required IReadOnlyList<SpamMember> Members { get; init; }

    public required IReadOnlyList<SpamReason> Reasons { get; init; }

    /// <summary>What speaks against the claim, and what limits it.</summary>
    public required IReadOnlyList<string> CounterEvidence { get; init; }

    public required IReadOnlyList<CamouflageVictim> Victims { get; init; }
}

/// <summary>A domain that looks like a target and was left out.</summary>
public sealed record SpamExclusion(string Name, string Reason);

/// <summary>
/// <c>clusters.json</c> of a run: clusters by falling score, then by id, and what was excluded. Numbers are written so that they
/// read back as the same value; equal input gives equal bytes.
/// </summary>
public sealed record SpamReport
{
    public const string FileName = "clusters.json";

    public int Version { get; init; } = 1;

    public required IReadOnlyList<SpamCluster> Clusters { get; init; }

    /// <summary>By name; at most 1,000, those with the most supporters.</summary>
    public required IReadOnlyList<SpamExclusion> Excluded { get; init; }

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>A cluster as it stands in the report.</summary>
    public static System.Text.Json.Nodes.JsonObject Describe(SpamCluster cluster) => JsonSerializer.SerializeToNode(cluster, Json)!.AsObject();

    /// <exception cref="SpamException">The text is not a report, or of a newer version.</exception>
    public static SpamReport Parse(ReadOnlySpan<byte> json, string path = FileName)
    {
        try
        {
            SpamReport report = JsonSerializer.Deserialize<SpamReport>(json, Json) ?? throw new SpamException(path, 0, "holds no report: rank again");
            return report.Version == 1 ? report : throw new SpamException(path, 0, $"is of version {report.Version}, this program reads 1: rank again");
        }
        catch (JsonException e)
        {
            throw new SpamException(path, (int)(e.LineNumber ?? 0) + 1, "is no report of clusters: rank again", e);
        }
    }
}

/// <summary>A file of this library cannot be used.</summary>
public sealed class SpamException(string path, int line, string problem, Exception? inner = null)
    : IOException(line > 0 ? $"{path}, line {line}: {problem}" : $"{path}: {problem}", inner)
{
    public string Path { get; } = path;

    /// <summary>From 1; 0 where the whole file is meant.</summary>
    public int Line { get; } = line;
}
