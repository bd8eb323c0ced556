using System.Text.Json;
using Backlinks.GraphEngine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>A target in a body.</summary>
public sealed record AskedTarget(string Target, string? Mode = null) : IShortForm<AskedTarget>
{
    static string IShortForm<AskedTarget>.ShortMeaning => "The target alone: a domain, host or URL.";

    static AskedTarget IShortForm<AskedTarget>.Of(string text) => new(text);
}

/// <summary>Who links to several targets, and not to others.</summary>
public sealed record IntersectRequest
{
    /// <summary>1 to 20 targets, each as a text or an object.</summary>
    [ShortForm<AskedTarget>]
    public required IReadOnlyList<AskedTarget> Targets { get; init; }

    /// <summary>Targets that must not be linked to, at most 20, each as a text or an object: one's own site.</summary>
    [ShortForm<AskedTarget>]
    public IReadOnlyList<AskedTarget> Exclude { get; init; } = [];

    /// <summary><c>domains</c> or <c>pages</c>: what links.</summary>
    public string Level { get; init; } = "domains";

    /// <summary>How many of the targets must be linked to; null: all of them.</summary>
    public int? LeastTargets { get; init; }

    /// <summary>1 to 10,000.</summary>
    public int Limit { get; init; } = 100;

    /// <summary>The run; null for the current one.</summary>
    public string? Run { get; init; }
}

/// <summary>Who links to several targets.</summary>
/// <param name="Source">Domain or URL.</param>
/// <param name="Rating">Of the domain or page, 0 to 100; null: insufficient data.</param>
/// <param name="Targets">Targets linked to.</param>
/// <param name="Links">Live links to each target, in the order of the request.</param>
public sealed record IntersectRow(string Source, double? Rating, int Targets, IReadOnlyList<long> Links, string? Topic, string? SpamClusterId);

/// <param name="InIndex">Of each target in the order of the request: whether the run knows it.</param>
/// <param name="TotalCount">All that fit, beyond the limit too.</param>
public sealed record IntersectMeta(RunStamp Run, IReadOnlyList<bool> InIndex, long TotalCount);

public sealed record IntersectAnswer(IReadOnlyList<IntersectRow> Intersect, IntersectMeta Meta);

/// <summary>Figures of many targets.</summary>
public sealed record BatchRequest
{
    /// <summary>1 to 1,000 targets, each as a text or an object.</summary>
    [ShortForm<AskedTarget>]
    public required IReadOnlyList<AskedTarget> Targets { get; init; }

    /// <summary>The run; null for the current one.</summary>
    public string? Run { get; init; }
}

/// <param name="Error">What is wrong with the target; null where nothing is.</param>
public sealed record BatchRow(string Target, bool InIndex, OverviewFigures? Figures, string? Error);

/// <param name="TotalCount">Targets asked for.</param>
public sealed record BatchMeta(RunStamp Run, long TotalCount);

public sealed record BatchAnswer(IReadOnlyList<BatchRow> Targets, BatchMeta Meta);

/// <summary>Questions about several targets at once.</summary>
internal static class AcrossTargetsApi
{
    private const int MostIntersected = 20, MostBatch = 1000;

    public static void MapAcrossTargets(this IEndpointRouteBuilder api)
    {
        api.MapPost("/site-explorer/link-intersect", Intersect).WithScope(Scopes.Read).WithName("link-intersect").WithTags("site-explorer").WithSummary("Domains or pages that link to several targets and not to others: where one's own site has a gap.")
            .WithExample(body: """{"targets":["labs.example","directory.example"],"exclude":["seedbank.example"],"least_targets":1,"limit":10}""")
            .WithProblems("invalid_parameter", "invalid_body", "unknown_run", "no_rows", "no_run", "run_damaged", "busy", "too_slow", "too_large", "unsupported_media_type");
        api.MapPost("/site-explorer/batch-analysis", Batch).WithScope(Scopes.Read).WithName("batch-analysis").WithTags("site-explorer").WithSummary("Figures of up to 1,000 targets.")
            .WithExample(body: """{"targets":["labs.example",{"target":"http://directory.example/","mode":"exact"}]}""")
            .WithProblems("invalid_parameter", "invalid_body", "unknown_run", "no_run", "run_damaged", "busy", "too_slow", "too_large", "unsupported_media_type");
    }

    internal static async Task<Ok<IntersectAnswer>> Intersect(IntersectRequest request, RowQueries queries, CancellationToken cancel)
    {
        Check(request);
        using RunLease lease = queries.Catalog.Lease(request.Run);
        RowDatabase rows = queries.Database(lease.Run) ?? throw RowQueries.NoRows(lease.Run);
        using RowDatabase.Rented rented = await rows.RentAsync(cancel);
        List<RowScope> scopes = [.. request.Targets.Select((t, i) => queries.ScopeOf(lease.Run, RowTarget.Parse(t.Target ?? "", t.Mode, $"/targets/{i}/target"), rented.Owner))];
        List<RowScope> excluded = [.. request.Exclude.Select((t, i) => queries.ScopeOf(lease.Run, RowTarget.Parse(t.Target ?? "", t.Mode, $"/exclude/{i}/target"), rented.Owner))];
        bool pages = request.Level == "pages";
        int least = request.LeastTargets ?? scopes.Count;
        string source = pages ? "source_no" : "source_domain_no";
        var sql = new SqlText().Add("SELECT s.n, o.name, o.rating, s.targets, o.topic, o.spam, s.total");
        for (int i = 0; i < scopes.Count; i++)
            sql.Add($", s.links{i}");
        sql.Add(" FROM (SELECT n, count(*)::BIGINT AS targets, count(*) OVER ()::BIGINT AS total");
        for (int i = 0; i < scopes.Count; i++)
            sql.Add($", coalesce(sum(links) FILTER (t = {i}), 0)::BIGINT AS links{i}");
        sql.Add(" FROM (");
        for (int i = 0; i < scopes.Count; i++)
        {
            sql.Add(i == 0 ? "" : " UNION ALL ");
            Sources(sql.Add(""), scopes[i], pages, source, i);
        }
        sql.Add(")");
        for (int i = 0; i < excluded.Count; i++)
        {
            sql.Add(i == 0 ? " WHERE n NOT IN (SELECT n FROM (" : " UNION ALL ");
            Sources(sql, excluded[i], pages, source, i);
        }
        sql.Add(excluded.Count > 0 ? "))" : "").Add(" GROUP BY n HAVING count(*) >= ").Add(least).Add(") s JOIN ");
        sql.Add(pages ? "(SELECT p.\"no\" AS n, p.url AS name, p.url_rating AS rating, p.topic, d.spam_cluster_id AS spam FROM pages p JOIN domains d ON d.\"no\" = p.domain_no)" : "(SELECT \"no\" AS n, name, domain_rating AS rating, topic, spam_cluster_id AS spam FROM domains)")
            .Add(" o ON o.n = s.n ORDER BY s.targets DESC, o.rating DESC NULLS LAST, s.n LIMIT ").Add(request.Limit);
        List<object?[]> found = rented.Rows(sql.ToString(), sql.Values, cancel);
        return TypedResults.Ok(new IntersectAnswer(
            [.. found.Select(r => new IntersectRow((string)r[1]!, (double?)r[2], (int)(long)r[3]!, [.. r.Skip(7).Select(l => (long)l!)], (string?)r[4], (string?)r[5]))],
            new IntersectMeta(lease.Run.Stamp, [.. scopes.Select(s => s.InIndex)], found.Count == 0 ? 0 : (long)found[0][6]!)));
    }

    /// <summary>Who links to a target: n, its number, links, how many, and which target.</summary>
    private static void Sources(SqlText sql, RowScope scope, bool pages, string source, int target)
    {
        if (!pages && scope is { Domain: { } domain, InIndex: true })
            sql.Add($"SELECT source_no AS n, links::BIGINT AS links, {target} AS t FROM edges WHERE links > 0 AND target_no = ").Add(domain);
        else
            scope.Where(sql.Add($"SELECT {source} AS n, count(*) AS links, {target} AS t FROM links WHERE "), "target_").Add($" AND is_ranked AND NOT is_internal AND NOT is_lost GROUP BY {source}");
    }

    private static void Check(IntersectRequest request)
    {
        if (request.Targets is not { Count: >= 1 and <= MostIntersected } targets)
            throw Problems.Parameter("/targets", $"must be 1 to {MostIntersected} targets");
        if (request.Exclude is not { Count: <= MostIntersected } excluded)
            throw Problems.Parameter("/exclude", $"must be at most {MostIntersected} targets");
        CheckEach("/targets", targets);
        CheckEach("/exclude", excluded);
        if (request.Level is not ("domains" or "pages"))
            throw Problems.Parameter("/level", $"'{Filter.Clip(request.Level ?? "")}' is none of domains, pages");
        if (request.LeastTargets is { } least && (least < 1 || least > targets.Count))
            throw Problems.Parameter("/least_targets", $"must be 1 to {targets.Count}, the number of targets, not {least}");
        if (request.Limit is < 1 or > RowQuestion.MostRows)
            throw Problems.Parameter("/limit", $"must be 1 to {RowQuestion.MostRows:N0}, not {request.Limit}");
    }

    private static void CheckEach(string place, IReadOnlyList<AskedTarget> targets)
    {
        for (int i = 0; i < targets.Count; i++)
            if (targets[i] is null)
                throw Problems.Parameter($"{place}/{i}", "is needed: a text, or an object with target");
    }

    private static async Task<Ok<BatchAnswer>> Batch(BatchRequest request, RowQueries queries, Overviews overviews, CancellationToken cancel)
    {
        if (request.Targets is not { Count: >= 1 and <= MostBatch } targets)
            throw Problems.Parameter("/targets", $"must be 1 to {MostBatch:N0} targets");
        CheckEach("/targets", targets);
        using RunLease lease = queries.Catalog.Lease(request.Run);
        var answers = new List<BatchRow>();
        foreach (AskedTarget asked in targets)
            try
            {
                (OverviewFigures figures, bool known, RowTarget meant) = await overviews.KnownAsync(lease.Run, asked.Target ?? "", asked.Mode, cancel);
                answers.Add(new BatchRow(meant.Name, known, figures, null));
            }
            catch (ProblemException e) when (e.Code == "invalid_parameter")
            {
                answers.Add(new BatchRow(Filter.Clip(asked.Target ?? ""), false, null, e.Message));
            }
        return TypedResults.Ok(new BatchAnswer(answers, new BatchMeta(lease.Run.Stamp, targets.Count)));
    }
}
