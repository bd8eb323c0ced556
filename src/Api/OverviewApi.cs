using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>What an answer about a target is of.</summary>
/// <param name="InIndex">Whether the run knows the target at all.</param>
public sealed record TargetMeta(RunStamp Run, bool InIndex);

public sealed record OverviewAnswer(Overview Overview, TargetMeta Meta);

/// <summary>A domain's authority and where it stands.</summary>
/// <param name="Rating">0 to 100; null: insufficient data, no other domain links to it.</param>
/// <param name="Rank">By raw authority, 1 the highest.</param>
/// <param name="Percentile">Percent of domains below it.</param>
/// <param name="Raw">What a domain without links has is 1.</param>
public sealed record DomainRating(string Target, double? Rating, bool InsufficientData, long? Rank, double? Percentile, long RankedDomains, double? Raw, double? RawBefore, double? Pagerank, double? Trust);

public sealed record DomainRatingAnswer(DomainRating DomainRating, TargetMeta Meta);

/// <summary>The authority of a page, or of the target's best page.</summary>
public sealed record UrlRating(string Target, double? Rating, bool InsufficientData);

public sealed record UrlRatingAnswer(UrlRating UrlRating, TargetMeta Meta);

/// <summary>Ratings in one run.</summary>
public sealed record RatingPoint(string Run, DateTimeOffset? BuiltAt, double? DomainRating, double? UrlRating, double? Raw, long? Rank, long RankedDomains, int? ScaleVersion);

public sealed record RatingHistoryAnswer(IReadOnlyList<RatingPoint> Ratings, TargetMeta Meta);

/// <summary>Links to a target, counted.</summary>
public sealed record BacklinksStats(long Backlinks, long DofollowBacklinks, long NewBacklinks, long LostBacklinks, long Refdomains, long DofollowRefdomains, double? DofollowShare, long ReferringIps, long ReferringNetworks, double? SpamShare);

public sealed record BacklinksStatsAnswer(BacklinksStats BacklinksStats, TargetMeta Meta);

/// <summary>Links of a target, counted.</summary>
public sealed record OutlinksStats(long Outlinks, long LinkedDomains, long Pages, long PagesVisited, double? Coverage);

public sealed record OutlinksStatsAnswer(OutlinksStats OutlinksStats, TargetMeta Meta);

public sealed record RefdomainsHistoryAnswer(IReadOnlyList<RefdomainsPoint> RefdomainsHistory, TargetMeta Meta);

/// <param name="Complete">False where some sources link to too much to be looked at: then similarities are lower bounds.</param>
public sealed record SimilarAnswer(IReadOnlyList<SimilarDomainRow> Similar, bool Complete, TargetMeta Meta);

/// <summary>Figures and charts of a target.</summary>
internal static class OverviewApi
{
    private static readonly string[] Plain = ["target", "mode", "run"];
    private static readonly string[] Common = ["invalid_parameter", "unknown_run", "no_run", "run_damaged", "busy", "too_slow"];

    public static void MapOverview(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/site-explorer").WithTags("site-explorer");
        group.MapGet("/overview", GetOverview).WithName("overview").WithSummary("The overview screen in one answer: figures, charts and short tables.")
            .WithParameter(new DocumentedParameter("compare", "Id of the run that changes (before, run_before) are told against; without it the run before."))
            .Produces<OverviewAnswer>().WithExample("?target=labs.example").WithProblems(Common);
        group.MapGet("/domain-rating", GetDomainRating).WithName("domain-rating").WithSummary("Authority of the target's domain, and where it stands.")
            .Produces<DomainRatingAnswer>().WithExample("?target=labs.example").WithProblems(Common);
        group.MapGet("/url-rating", GetUrlRating).WithName("url-rating").WithSummary("Authority of a page, or of the target's best page.")
            .Produces<UrlRatingAnswer>().WithExample("?target=http://labs.example/&mode=exact").WithProblems(Common);
        group.MapGet("/domain-rating-history", GetHistory).WithName("domain-rating-history").WithSummary("Ratings in every run that is kept, oldest first.")
            .Produces<RatingHistoryAnswer>().WithExample("?target=labs.example").WithProblems(Common);
        group.MapGet("/url-rating-history", GetHistory).WithName("url-rating-history").WithSummary("Ratings of a page in every run that is kept, oldest first.")
            .Produces<RatingHistoryAnswer>().WithExample("?target=http://labs.example/&mode=exact").WithProblems(Common);
        group.MapGet("/backlinks-stats", GetBacklinksStats).WithName("backlinks-stats").WithSummary("Links to the target, counted.")
            .Produces<BacklinksStatsAnswer>().WithExample("?target=labs.example").WithProblems(Common);
        group.MapGet("/outlinks-stats", GetOutlinksStats).WithName("outlinks-stats").WithSummary("Links of the target, counted.")
            .Produces<OutlinksStatsAnswer>().WithExample("?target=labs.example").WithProblems(Common);
        group.MapGet("/refdomains-history", GetRefdomainsHistory).WithName("refdomains-history").WithSummary("Referring domains over time.")
            .Produces<RefdomainsHistoryAnswer>().WithExample("?target=directory.example&history_grouping=week").WithProblems([.. Common, "no_rows"]);
        group.MapGet("/similar", GetSimilar).WithName("similar").WithSummary("Domains that the same sources link to: competitors, by shared referring domains.")
            .WithParameter(Asked.Limit(1000, 20)).Produces<SimilarAnswer>().WithExample("?target=labs.example&limit=5").WithProblems(Common);
    }

    private static Task GetOverview(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, string? compare = null, string? run = null) =>
        answers.AnswerAsync(context, run, [.. Plain, "compare"], async r => { Overview o = await overviews.OfAsync(r, target, mode, compare, context.RequestAborted); return new OverviewAnswer(o, new TargetMeta(r.Stamp, o.InIndex)); });

    private static Task GetDomainRating(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, string? run = null) =>
        answers.AnswerAsync(context, run, Plain, async r =>
        {
            (OverviewFigures f, bool known, RowTarget meant) = await overviews.KnownAsync(r, target, mode, context.RequestAborted);
            return new DomainRatingAnswer(new DomainRating(meant.Name, f.DomainRating, f.InsufficientData, f.Rank, f.Percentile, f.RankedDomains, f.Raw, f.RawBefore, f.Pagerank, f.Trust), new TargetMeta(r.Stamp, known));
        });

    private static Task GetUrlRating(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, string? run = null) =>
        answers.AnswerAsync(context, run, Plain, async r =>
        {
            (OverviewFigures f, bool known, RowTarget meant) = await overviews.KnownAsync(r, target, mode, context.RequestAborted);
            return new UrlRatingAnswer(new UrlRating(meant.Name, f.UrlRating, f.UrlRating is null), new TargetMeta(r.Stamp, known));
        });

    /// <summary>Runs come and go, so this answer is no one run's: it has the newest run's stamp, and its tag is of its content.</summary>
    private static async Task GetHistory(HttpContext context, RatingHistory history, string target = "", string? mode = null)
    {
        RowAnswers.CheckParameters(context, ["target", "mode"]);
        await RowAnswers.AnswerByContentAsync(context, await history.OfAsync(target, mode, context.RequestAborted));
    }

    private static Task GetBacklinksStats(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, string? run = null) =>
        answers.AnswerAsync(context, run, Plain, async r =>
        {
            (OverviewFigures f, bool known, _) = await overviews.KnownAsync(r, target, mode, context.RequestAborted);
            return new BacklinksStatsAnswer(new BacklinksStats(f.Backlinks, f.DofollowBacklinks, f.NewBacklinks, f.LostBacklinks, f.Refdomains, f.DofollowRefdomains, f.DofollowShare, f.ReferringIps, f.ReferringNetworks, f.SpamShare), new TargetMeta(r.Stamp, known));
        });

    private static Task GetOutlinksStats(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, string? run = null) =>
        answers.AnswerAsync(context, run, Plain, async r =>
        {
            (OverviewFigures f, bool known, _) = await overviews.KnownAsync(r, target, mode, context.RequestAborted);
            return new OutlinksStatsAnswer(new OutlinksStats(f.Outlinks, f.LinkedDomains, f.Pages, f.PagesVisited, f.Coverage), new TargetMeta(r.Stamp, known));
        });

    private static Task GetRefdomainsHistory(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", string? mode = null, [FromQuery(Name = "history_grouping")] string grouping = "month",
        [FromQuery(Name = "date_from")] string? from = null, [FromQuery(Name = "date_to")] string? to = null, string? run = null)
    {
        DateTime? first = RowQuestion.Day(from, "date_from"), last = RowQuestion.Day(to, "date_to");
        return answers.AnswerAsync(context, run, [.. Plain, "history_grouping", "date_from", "date_to"], async r =>
        {
            (IReadOnlyList<RefdomainsPoint> points, bool known) = await overviews.RefdomainsHistoryAsync(r, target, mode, grouping, context.RequestAborted);
            return new RefdomainsHistoryAnswer([.. points.Where(p => (first is null || p.Date >= DateOnly.FromDateTime(first.Value)) && (last is null || p.Date <= DateOnly.FromDateTime(last.Value)))], new TargetMeta(r.Stamp, known));
        });
    }

    private static Task GetSimilar(HttpContext context, RowAnswers answers, Overviews overviews, string target = "", int limit = 20, string? run = null)
    {
        if (limit is < 1 or > 1000)
            throw Problems.Parameter("limit", $"must be 1 to 1,000, not {limit}");
        return answers.AnswerAsync(context, run, ["target", "limit", "run"], async r =>
        {
            (IReadOnlyList<SimilarDomainRow> rows, bool complete, bool known) = await overviews.SimilarAsync(r, target, limit, context.RequestAborted);
            return new SimilarAnswer(rows, complete, new TargetMeta(r.Stamp, known));
        });
    }
}
