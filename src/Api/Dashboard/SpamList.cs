using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Api.Dashboard;

/// <summary>A cluster in the list of clusters.</summary>
/// <param name="Review">What a person decided: <c>confirmed</c> or <c>dismissed</c>; null where nobody has.</param>
/// <param name="Names">Of its members.</param>
public sealed record SpamRow(string Id, double Score, bool Confirmed, int Members, int Targets, string? FirstTarget, IReadOnlyList<(string Family, double Ratio)> Families, string Reason, string? Review, IReadOnlyList<string> Names);

/// <summary>The clusters of a run.</summary>
/// <param name="Clusters">By falling score; null where the run was made without looking for any.</param>
/// <param name="Excluded">Domains that looked like targets and were left out.</param>
public sealed record SpamList(IReadOnlyList<SpamRow>? Clusters, int Excluded)
{
    public static SpamList Of(ServedRun run, IReadOnlyList<Review> reviews)
    {
        if (run.Spam is not { } report)
            return new SpamList(null, 0);
        Dictionary<string, Review> decided = reviews.ToDictionary(r => r.Subject, StringComparer.Ordinal);
        return new SpamList([.. report.Clusters.Select(c => new SpamRow(c.Id, c.Score, c.Confirmed, c.Members.Count, c.Members.Count(m => m.Role == SpamRole.Target), c.Members.FirstOrDefault(m => m.Role == SpamRole.Target)?.Name,
            [.. c.Families.Select(f => (f.Key.ToString().ToLowerInvariant(), f.Value))], c.Reasons.Count > 0 ? c.Reasons[0].Text : "",
            decided.TryGetValue(c.Id, out Review? review) ? JobProgressLine.Word(review.Decision) : null, [.. c.Members.Select(m => m.Name)]))], report.Excluded.Count);
    }
}

/// <summary>A cluster with what its page shows beside it.</summary>
/// <param name="Cluster">Its members told with their raw authority without the links inside.</param>
public sealed record ClusterAnswer(SpamCluster Cluster, NetworkAnswer Network)
{
    /// <exception cref="ProblemException">The run has no such cluster, or looked for none.</exception>
    public static ClusterAnswer Of(ServedRun run, string id, CancellationToken cancel) => RunAnswers.Reading(run.Id, () =>
    {
        SpamCluster cluster = run.SpamRun.Find(id) ?? throw Problems.Of("not_found", $"run {run.Id} has no cluster '{RunAnswers.Clip(id)}'; another run may have it");
        return new ClusterAnswer(run.SpamRun.WithAuthority(cluster, cancel), NetworkAnswer.Of(run, run.SpamRun.Drawing(cluster, run.Authority(null).ScoreOf), cluster));
    });
}
