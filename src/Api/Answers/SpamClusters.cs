using System.Globalization;
using System.Text.Json.Serialization;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>A spam cluster in a list.</summary>
/// <param name="Members">How many.</param>
/// <param name="Targets">Members that are linked to.</param>
/// <param name="FirstTarget">Null where it has none.</param>
/// <param name="FirstReason">The first sentence that speaks for it.</param>
/// <param name="Review">What a person decided about it; null where nobody did.</param>
public sealed record ClusterRow(string Id, double Score, bool Confirmed, int Members, int Targets, double Insularity, int InnerLinks, IReadOnlyDictionary<EvidenceFamily, double> Families, string? FirstTarget, string? FirstReason, Review? Review);

/// <summary>Clusters by falling score.</summary>
/// <param name="InIndex">Whether the target asked for is; true where none was.</param>
/// <param name="ExcludedCount">Domains that look like targets and were left out.</param>
public sealed record ClusterList(IReadOnlyList<ClusterRow> Clusters, bool InIndex, int ExcludedCount, AnswerMeta Meta);

/// <summary>A cluster in full; its members are told with their raw authority with and without the cluster's inner links.</summary>
/// <param name="Graph">Members and the links between them; null where it was not asked for.</param>
public sealed record ClusterAnswer(SpamCluster Cluster, Review? Review, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] GraphEngine.Neighbourhood? Graph, AnswerMeta Meta);

/// <summary>What a domain has to do with clusters.</summary>
/// <param name="Evidence">Null where the target is not in the index.</param>
/// <param name="Review">What a person decided about the domain itself.</param>
public sealed record EvidenceAnswer(string Target, bool InIndex, SpamEvidence? Evidence, Review? Review, AnswerMeta Meta);

/// <summary>What clusters to list.</summary>
/// <param name="Confirmed">Only those that are, or are not.</param>
/// <param name="MinScore">0 to 100.</param>
/// <param name="Target">Only those that it is a member of, or that link to it.</param>
/// <param name="Limit">1 to 1,000.</param>
/// <param name="Cursor"><c>next_cursor</c> of the answer before.</param>
public sealed record ClusterQuery(bool? Confirmed = null, double MinScore = 0, string? Target = null, int Limit = 100, string? Cursor = null);

/// <summary>Spam clusters of a run, for API and dashboard alike. Clusters are claims to review, not verdicts on single sites.</summary>
public static class SpamClusters
{
    /// <exception cref="ProblemException">A parameter is out of its range, the cursor is of another run, or the run was made without looking for spam.</exception>
    public static ClusterList List(ServedRun run, Reviews reviews, ClusterQuery query, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        if (query.MinScore is not (>= 0 and <= 100))
            throw Problems.Parameter("min_score", $"must be 0 to 100, not {query.MinScore.ToString(CultureInfo.InvariantCulture)}");
        RunAnswers.Within("limit", query.Limit, 100, 1, 1000);
        SpamRun spam = run.SpamRun;
        HashSet<string>? about = null;
        if (query.Target is { Length: > 0 } target)
        {
            int node = RunTargets.Find(run.Run, RunAnswers.Target("target", target));
            if (node < 0)
                return new ClusterList([], false, spam.Report.Excluded.Count, new AnswerMeta(run.Stamp) { TotalCount = 0 });
            about = [.. spam.InLinks(node, cancel).Select(l => l.Cluster?.Id).Append(spam.ClusterOf(node)?.Id).OfType<string>()];
        }
        SpamCluster[] found = [.. spam.Report.Clusters.Where(c => c.Score >= query.MinScore && (query.Confirmed is null || c.Confirmed == query.Confirmed) && (about is null || about.Contains(c.Id)))];
        int from = Offset(run.Id, query.Cursor, found.Length), to = Math.Min(found.Length, from + query.Limit);
        Dictionary<string, Review> decided = reviews.All().ToDictionary(r => r.Subject, StringComparer.Ordinal);
        return new ClusterList([.. found[from..to].Select(c => Row(c, decided.GetValueOrDefault(c.Id)))], true, spam.Report.Excluded.Count,
            new AnswerMeta(run.Stamp) { TotalCount = found.Length, NextCursor = to < found.Length ? CursorAt(run.Id, to) : null });
    });

    /// <summary>One cluster in full. Its members' authority without its links is solved when it is first asked for, and kept.</summary>
    /// <param name="graph">Whether to tell the links between its members.</param>
    /// <exception cref="ProblemException">There is no such cluster, or the run was made without looking for spam.</exception>
    public static ClusterAnswer One(ServedRun run, Reviews reviews, string id, bool graph = false, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        SpamRun spam = run.SpamRun;
        SpamCluster found = spam.Find(id) ?? throw Problems.Of("not_found", $"run {run.Id} has no cluster '{RunAnswers.Clip(id)}'; GET /api/v1/spam/clusters lists them");
        SpamCluster told = run.Once($"cluster {id}", () => spam.WithAuthority(found, cancel), cancel);
        return new ClusterAnswer(told, reviews.Of(id), graph ? Drawing(run, found) : null, new AnswerMeta(run.Stamp));
    });

    /// <summary>A cluster's members and the links between them, to be drawn.</summary>
    public static GraphEngine.Neighbourhood Drawing(ServedRun run, SpamCluster cluster) => run.SpamRun.Drawing(cluster, run.Run.Array<double>("raw") is null ? null : run.Authority(GraphLevel.Domain).ScoreOf);

    /// <summary>Which of a domain's links come from clusters, and what is known of itself.</summary>
    public static EvidenceAnswer Evidence(ServedRun run, Reviews reviews, string target, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        SpamRun spam = run.SpamRun;
        int node = RunTargets.Find(run.Run, target);
        SpamEvidence? told = node < 0 ? null : SpamEvidence.Of(spam, node, cancel);
        return new EvidenceAnswer(target, node >= 0, told, told is null ? null : reviews.Of(told.Target), new AnswerMeta(run.Stamp));
    });

    private static ClusterRow Row(SpamCluster c, Review? review) => new(c.Id, c.Score, c.Confirmed, c.Members.Count, c.Members.Count(m => m.Role == SpamRole.Target), c.Insularity, c.InnerLinks, c.Families,
        c.Members[0].Role == SpamRole.Target ? c.Members[0].Name : null, c.Reasons.Count > 0 ? c.Reasons[0].Text : null, review);

    /// <summary>Run and place, so that a page is never of another run than the one before.</summary>
    private static string CursorAt(string run, int place) => Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{run}:{place.ToString(CultureInfo.InvariantCulture)}")).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static int Offset(string run, string? cursor, int most)
    {
        if (string.IsNullOrEmpty(cursor))
            return 0;
        string text = cursor.Replace('-', '+').Replace('_', '/');
        byte[] bytes = new byte[text.Length];
        string[] parts = cursor.Length <= 400 && Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out int written) ? System.Text.Encoding.UTF8.GetString(bytes, 0, written).Split(':') : [];
        if (parts.Length != 2 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int place))
            throw Problems.Of("invalid_cursor", "cursor: not one that this service gave", new FieldError("cursor", "not one that this service gave"));
        if (parts[0] != run)
            throw Problems.Of("cursor_expired", $"the cursor is of run {RunAnswers.Clip(parts[0])}; begin again, or name that run", new FieldError("cursor", "of another run"));
        return place <= most ? place : throw Problems.Of("invalid_cursor", "cursor: not one of this question", new FieldError("cursor", "not one of this question"));
    }
}
