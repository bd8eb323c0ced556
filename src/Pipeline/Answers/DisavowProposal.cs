using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What is to become of one domain in a disavow file.</summary>
public enum DisavowChoice
{
    /// <summary>Never named.</summary>
    Keep,

    /// <summary>Named, if it links to the target.</summary>
    Disavow,
}

/// <summary>What to propose.</summary>
public sealed record DisavowOptions
{
    /// <summary>Clusters from this score on, 50 to 100. Default: those that are confirmed.</summary>
    public double MinScore { get; init; } = new SpamOptions().Confirmed;

    /// <summary>Ids of the clusters to propose from, whatever their score; null for those of that score and those that a review confirmed.</summary>
    public IReadOnlyList<string>? Clusters { get; init; }

    /// <summary>What to do with single domains, whatever else speaks for it.</summary>
    public IReadOnlyDictionary<string, DisavowChoice>? Review { get; init; }

    /// <summary>Whether to name domains, which takes all their subdomains; else the pages that link are named one by one, where the run knows them. Default yes:
    /// a cluster's domain is of no use to its links' target as a whole.</summary>
    public bool IncludeSubdomains { get; init; } = true;
}

/// <summary>A domain proposed.</summary>
/// <param name="Cluster">Null where it was asked for itself.</param>
/// <param name="Score">Of the cluster; 0 without one.</param>
public sealed record ProposedDomain(string Domain, string? Cluster, double Score);

/// <summary>A disavow file proposed for a person to review.</summary>
/// <param name="LeftOut">Entries that the limits of such files left out.</param>
/// <param name="Kept">Domains and clusters that a review, kept or given, left out.</param>
/// <param name="Content">The file.</param>
public sealed record DisavowProposal(string Run, string Target, bool InIndex, double MinScore, int LeftOut, IReadOnlyList<ProposedDomain> Domains, IReadOnlyList<string> Kept,
    [property: System.Text.Json.Serialization.JsonIgnore] byte[] Content)
{
    /// <summary>Whether anybody registers domains under a name: <c>co.uk</c>, but not <c>github.io</c>, which is one company's.</summary>
    public static bool IsPublicSuffix(string domain) => PublicSuffixList.BuiltIn.DomainOf(domain, withPrivate: false) is null;

    /// <summary>Proposes the boosters that link to a domain from the clusters chosen.</summary>
    /// <param name="pages">Which pages are whose; needed for single pages only.</param>
    /// <exception cref="RequestException">An option is out of its range, or names what is not there.</exception>
    public static DisavowProposal For(SpamRun spam, int node, IReadOnlyList<Review> reviews, DisavowOptions? options = null, DomainPages? pages = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(spam);
        ArgumentNullException.ThrowIfNull(reviews);
        options ??= new DisavowOptions();
        if (options.MinScore is not (>= 50 and <= 100))
            throw new RequestException("min_score", $"{{min_score}} must be 50 to 100, not {options.MinScore.ToString(CultureInfo.InvariantCulture)}");
        foreach (string id in options.Clusters ?? [])
            if (spam.Find(id) is null)
                throw new RequestException("clusters", $"run {spam.Run.Id} has no cluster '{Clip(id)}'");
        NodeNames names = spam.Run.Graph.Names;
        Dictionary<string, Review> decided = reviews.ToDictionary(r => r.Subject, StringComparer.Ordinal);
        List<SpamInLink> from = spam.InLinks(node, cancel);
        var linking = from.ToDictionary(f => names[f.Source], f => f, StringComparer.Ordinal);
        var choice = new Dictionary<string, DisavowChoice>(StringComparer.Ordinal);
        foreach ((string domain, DisavowChoice what) in options.Review ?? new Dictionary<string, DisavowChoice>())
        {
            string normal = DisavowFile.Normalise(domain) ?? throw new RequestException("review", $"'{Clip(domain)}' is no name of a domain");
            if (what == DisavowChoice.Disavow && !linking.ContainsKey(normal))
                throw new RequestException("review", $"'{Clip(domain)}' does not link to {names[node]} in run {spam.Run.Id}");
            choice[normal] = what;
        }
        var kept = new List<string>();
        var groups = new List<(SpamCluster? Cluster, string[] Domains)>();
        foreach (var group in from.Where(f => f.Cluster is not null).GroupBy(f => f.Cluster!.Id).OrderByDescending(g => g.First().Cluster!.Score).ThenBy(g => g.Key, StringComparer.Ordinal))
        {
            SpamCluster of = group.First().Cluster!;
            bool dismissed = decided.TryGetValue(of.Id, out Review? review) && review.Decision == ReviewDecision.Dismissed;
            bool chosen = options.Clusters?.Contains(of.Id) ?? (of.Score >= options.MinScore || review?.Decision == ReviewDecision.Confirmed);
            if (dismissed && chosen)
                kept.Add(of.Id);
            var boosters = of.Members.Where(m => m.Role == SpamRole.Booster).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
            string[] domains = [.. group.Select(f => names[f.Source]).Where(d => Proposed(d, chosen && !dismissed && boosters.Contains(d))).Order(StringComparer.Ordinal)];
            if (domains.Length > 0)
                groups.Add((of, domains));
        }
        string[] others = [.. choice.Where(c => c.Value == DisavowChoice.Disavow && linking[c.Key].Cluster is null).Select(c => c.Key).Order(StringComparer.Ordinal)];
        if (others.Length > 0)
            groups.Add((null, others));
        (byte[] content, int leftOut) = DisavowFile.Write(Header(spam.Run, names[node], options, kept), groups.Select(g => (Why(g.Cluster, decided), Entries(g.Domains))));
        return new DisavowProposal(spam.Run.Id, names[node], true, options.MinScore, leftOut, [.. groups.SelectMany(g => g.Domains.Select(d => new ProposedDomain(d, g.Cluster?.Id, g.Cluster?.Score ?? 0)))], kept, content);

        bool Proposed(string domain, bool byCluster)
        {
            if (choice.TryGetValue(domain, out DisavowChoice what))
            {
                if (what == DisavowChoice.Keep && byCluster)
                    kept.Add(domain);
                return what == DisavowChoice.Disavow;
            }
            ReviewDecision? own = decided.TryGetValue(domain, out Review? review) ? review.Decision : null;
            if (own == ReviewDecision.Dismissed && byCluster)
                kept.Add(domain);
            return own is null ? byCluster : own == ReviewDecision.Confirmed && options.Clusters is null || own == ReviewDecision.Confirmed && byCluster;
        }

        IReadOnlyList<string> Entries(string[] domains) => options.IncludeSubdomains || pages?.Records is not { } records ? domains
            : [.. domains.SelectMany(d => Linking(records, linking[d].Source) is { Count: > 0 } urls ? (IEnumerable<string>)urls : [d])];

        List<string> Linking(LinkRecords records, int source) =>
            [.. pages.Of(source).Where(page => records.From(page).Any(record => pages.DomainOf((int)record.Target) == node)).Select(page => pages.Graph.Names[page])];
    }

    private static IEnumerable<string> Header(Run run, string target, DisavowOptions options, List<string> kept)
    {
        yield return $"Proposed for {target} from run {run.Id}: domains that link to it from " + (options.Clusters is null
            ? $"clusters of score {options.MinScore.ToString(CultureInfo.InvariantCulture)} or more." : $"{options.Clusters.Count} {(options.Clusters.Count == 1 ? "cluster" : "clusters")} chosen.");
        yield return "Review every line. A cluster is a claim with reasons, not a verdict; disavowing good links does harm.";
        if (kept.Count > 0)
            yield return $"Left out after review: {string.Join(", ", kept.Take(20))}{(kept.Count > 20 ? $" and {kept.Count - 20} more" : "")}.";
    }

    private static IReadOnlyList<string> Why(SpamCluster? cluster, Dictionary<string, Review> decided) => cluster is null ? ["asked for, in no cluster"] :
    [
        string.Create(CultureInfo.InvariantCulture, $"cluster {cluster.Id}, score {cluster.Score:0}, {cluster.Members.Count} members"),
        .. decided.TryGetValue(cluster.Id, out Review? review) ? [string.Create(CultureInfo.InvariantCulture, $"{review.Decision.ToString().ToLowerInvariant()} by review of {review.At:yyyy-MM-dd}{(review.Note is null ? "" : ": " + review.Note)}")] : Array.Empty<string>(),
        .. cluster.Reasons.Select(r => r.Text),
        .. cluster.CounterEvidence.Select(c => "against: " + c),
    ];

    private static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
