using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Something that changed for a target between two runs.</summary>
/// <param name="Kind"><c>domain_rating</c>, <c>url_rating</c>, <c>rank</c>, <c>refdomains</c>, <c>backlinks</c>, <c>spam_cluster</c>, <c>new_refdomain</c> or <c>lost_refdomain</c>.</param>
/// <param name="Subject">The domain that came or went; the target otherwise.</param>
/// <param name="Before">In the run before; null where it was not there.</param>
/// <param name="Now">In this run.</param>
/// <param name="Text">A sentence.</param>
public sealed record Alert(string Kind, string Subject, double? Before, double? Now, string Text);

/// <param name="RunBefore">The run compared with; null where there is none.</param>
public sealed record AlertsMeta(RunStamp Run, RunStamp? RunBefore, bool InIndex);

public sealed record AlertsAnswer(IReadOnlyList<Alert> Alerts, AlertsMeta Meta);

/// <summary>What changed for a target since the run before.</summary>
internal static class AlertsApi
{
    private const int MostDomains = 50;

    public static void MapAlerts(this IEndpointRouteBuilder api) =>
        api.MapGet("/alerts", Get).WithName("alerts").WithTags("site-explorer").WithSummary("What changed for a target against the run before: authority, links, referring domains won and lost.")
            .Produces<AlertsAnswer>().WithExample("?target=labs.example").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "busy", "too_slow");

    private static Task Get(HttpContext context, RowAnswers answers, Overviews overviews, RowQueries queries, string target = "", string? mode = null, string? run = null) =>
        answers.AnswerAsync(context, run, ["target", "mode", "run"], async now =>
        {
            (OverviewFigures figures, bool known, RowTarget meant) = await overviews.KnownAsync(now, target, mode, context.RequestAborted);
            using RunLease? lease = Before(queries.Catalog, now.Id);
            if (lease is null)
                return new AlertsAnswer([], new AlertsMeta(now.Stamp, null, known));
            (OverviewFigures before, _, _) = await overviews.KnownAsync(lease.Run, target, mode, context.RequestAborted);
            var alerts = new List<Alert>();
            Add(alerts, "domain_rating", meant.Name, before.DomainRating, figures.DomainRating, "0.0", 0.05, "domain rating");
            Add(alerts, "url_rating", meant.Name, before.UrlRating, figures.UrlRating, "0.0", 0.05, "page rating");
            Add(alerts, "rank", meant.Name, before.Rank, figures.Rank, "0", 0.5, "rank");
            Add(alerts, "refdomains", meant.Name, before.Refdomains, figures.Refdomains, "0", 0.5, "referring domains");
            Add(alerts, "backlinks", meant.Name, before.Backlinks, figures.Backlinks, "0", 0.5, "backlinks");
            if (before.SpamClusterId != figures.SpamClusterId)
                alerts.Add(new Alert("spam_cluster", meant.Name, before.SpamScore, figures.SpamScore, figures.SpamClusterId is { } cluster ? $"is a member of spam cluster {cluster}" : $"is no longer a member of spam cluster {before.SpamClusterId}"));
            if (queries.Database(now) is not null && queries.Database(lease.Run) is not null)
            {
                HashSet<string> then = await DomainsAsync(queries, lease.Run, target, mode, context.RequestAborted), here = await DomainsAsync(queries, now, target, mode, context.RequestAborted);
                alerts.AddRange(here.Except(then).Order(StringComparer.Ordinal).Take(MostDomains).Select(d => new Alert("new_refdomain", d, null, null, $"{d} links now")));
                alerts.AddRange(then.Except(here).Order(StringComparer.Ordinal).Take(MostDomains).Select(d => new Alert("lost_refdomain", d, null, null, $"{d} no longer links")));
            }
            return new AlertsAnswer(alerts, new AlertsMeta(now.Stamp, lease.Run.Stamp, known));
        }, now => IdBefore(queries.Catalog, now.Id));

    private static void Add(List<Alert> alerts, string kind, string subject, double? before, double? now, string format, double least, string name)
    {
        if (before is null && now is null || before is { } b && now is { } n && Math.Abs(b - n) < least)
            return;
        alerts.Add(new Alert(kind, subject, before, now, $"{name} {Said(before)} → {Said(now)}"));
        string Said(double? value) => value?.ToString(format, System.Globalization.CultureInfo.InvariantCulture) ?? "unknown";
    }

    private static string? IdBefore(RunCatalog catalog, string id) => catalog.Folder.RunIds().TakeWhile(other => other != id).LastOrDefault();

    private static RunLease? Before(RunCatalog catalog, string id)
    {
        string? before = IdBefore(catalog, id);
        try
        {
            return before is null ? null : catalog.Lease(before);
        }
        catch (ProblemException e) when (e.Code is "unknown_run" or "run_damaged")
        {
            return null;
        }
    }

    private static async Task<HashSet<string>> DomainsAsync(RowQueries queries, ServedRun run, string target, string? mode, CancellationToken cancel)
    {
        var domains = new HashSet<string>(StringComparer.Ordinal);
        await foreach (object?[] row in queries.Stream(run, new RowQuery { Resource = "refdomains", Target = target, Mode = mode, Select = "domain", OrderBy = "domain" }, cancel))
            domains.Add((string)row[0]!);
        return domains;
    }
}
