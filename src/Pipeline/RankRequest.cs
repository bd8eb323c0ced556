using System.Globalization;
using System.Text.Json.Serialization;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>
/// A run as a user asks for one, on a command line or as JSON: of an imported graph, of the link store, or of what changed last.
/// Files and words as the user names them; what is null is as <see cref="StoreRunOptions"/> and <see cref="GraphRunOptions"/> have it.
/// </summary>
public sealed record RankRequest
{
    /// <summary>What <see cref="Without"/> knows.</summary>
    public static IReadOnlyList<string> Parts { get; } = ["topics", "spam", "discount", "rows"];

    /// <summary>The imported graph to rank.</summary>
    public string? Graph { get; init; }

    /// <summary>Rank the link store.</summary>
    public bool Store { get; init; }

    /// <summary>What stands for a host: domain, host, psl-private, or a file of owners; see <see cref="HostFold"/>. Implies <see cref="Store"/>, as
    /// do the next six.</summary>
    public string? Fold { get; init; }

    /// <summary>What links weigh: the name of a profile, or a file.</summary>
    public string? Profile { get; init; }

    /// <summary>Who owns what: a file, see <see cref="OwnerFile"/>.</summary>
    public string? Owners { get; init; }

    /// <summary>A file of topics to tell instead of those that come with the program.</summary>
    public string? Taxonomy { get; init; }

    /// <summary>What to leave out, of <see cref="Parts"/>.</summary>
    public IReadOnlyList<string>? Without { get; init; }

    /// <summary>A run to begin from, or "" for the current one; see <see cref="StoreRunOptions.Since"/>.</summary>
    public string? Since { get; init; }

    /// <summary>A run whose model tells topics.</summary>
    public string? TopicsOf { get; init; }

    /// <summary>Probability of following a link, 0 to below 1.</summary>
    public double? Damping { get; init; }

    /// <summary>Certified bound on the L1 error at which to stop, above 0; of imported graphs only.</summary>
    public double? Tolerance { get; init; }

    /// <summary>Rounds after which to stop in any case, at least 1.</summary>
    public int? MaxRounds { get; init; }

    /// <summary>Where the walk goes from a node without links; of imported graphs only.</summary>
    [JsonConverter(typeof(LowerCase<DanglingPolicy>))]
    public DanglingPolicy? Dangling { get; init; }

    /// <summary>A file of trusted nodes, see <see cref="SeedFile"/>.</summary>
    public string? Seeds { get; init; }

    /// <summary>Let every link count 1.</summary>
    public bool Unweighted { get; init; }

    /// <summary>Worker threads, 0 for one a processor; the result does not depend on it.</summary>
    public int? Threads { get; init; }

    /// <summary>Further scores, of <see cref="RunExtras.Names"/>; of the link store also <see cref="StoreRunOptions.Robust"/>.</summary>
    public IReadOnlyList<string>? With { get; init; }

    /// <summary>Harmonic centrality by this method; implies it in <see cref="With"/>.</summary>
    [JsonConverter(typeof(LowerCase<HarmonicMethod>))]
    public HarmonicMethod? Harmonic { get; init; }

    /// <summary>HyperBall: 2^N counters a node, 4 to 14; implies harmonic in <see cref="With"/>.</summary>
    [JsonPropertyName("log2_registers")]
    public int? Log2Registers { get; init; }

    /// <summary>The first field that asks for the link store, or null.</summary>
    [JsonIgnore]
    public string? AsksForStore => Store ? "store" : Fold is not null ? "fold" : Profile is not null ? "profile" : Owners is not null ? "owners" : Taxonomy is not null ? "taxonomy"
        : Without is not null ? "without" : Since is not null ? "since" : TopicsOf is not null ? "topics_of" : null;

    /// <summary>Scores asked for beside authority.</summary>
    internal HashSet<string> Extras
    {
        get
        {
            HashSet<string> extras = Chosen("with", With, [.. RunExtras.Names, StoreRunOptions.Robust]);
            if (Harmonic is not null || Log2Registers is not null)
                extras.Add("harmonic");
            return extras;
        }
    }

    internal HashSet<string> Left => Chosen("without", Without, Parts);

    /// <summary>Tells what is wrong with it that can be told without the data folder or any file.</summary>
    /// <exception cref="RequestException">A value is out of its range or none of its words, or two exclude each other.</exception>
    public void Check()
    {
        _ = Left;
        if (AsksForStore is { } implying && Graph is not null)
            throw new RequestException("graph", $"{{graph}} excludes {{{implying}}}, which is of the link store");
        if (Graph is not null && Extras.Contains(StoreRunOptions.Robust))
            throw new RequestException("with", $"{{with}} {StoreRunOptions.Robust} is for runs of the link store");
        _ = Extras;
        if (AsksForStore is not null && Dangling is not (null or DanglingPolicy.Teleport))
            throw new RequestException("dangling", "{dangling} is for imported graphs: authority of the link store comes from links and teleport alone");
        if (AsksForStore is not null && Tolerance is not null)
            throw new RequestException("tolerance", "{tolerance} is for imported graphs: authority of the link store is solved to 1e-10 of every score");
        In("damping", Damping, Damping is null or (>= 0 and < 1), "at least 0 and less than 1");
        In("tolerance", Tolerance, Tolerance is null or > 0, "greater than 0");
        In("max_rounds", MaxRounds, MaxRounds is null or >= 1, "at least 1");
        In("threads", Threads, Threads is null or >= 0, "at least 1, or 0 for all processors");
        In("log2_registers", Log2Registers, Log2Registers is null or (>= 4 and <= 14), "4 to 14");
    }

    private static void In(string field, double? value, bool within, string range)
    {
        if (!within)
            throw new RequestException(field, string.Create(CultureInfo.InvariantCulture, $"{{{field}}} must be {range}, not {value}"));
    }

    private static HashSet<string> Chosen(string field, IReadOnlyList<string>? words, IReadOnlyList<string> known)
    {
        var chosen = (words ?? []).SelectMany(w => w.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        string? unknown = chosen.FirstOrDefault(w => !known.Contains(w));
        return unknown is null ? chosen : throw new RequestException(field, $"{{{field}}} does not know '{unknown}'; it knows {string.Join(", ", known)}");
    }
}
