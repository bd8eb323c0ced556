using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Rows about a target: links, domains, anchors, pages. Every one of them is a <see cref="Resource"/>, asked for in the same way.</summary>
internal static class SiteExplorerApi
{
    /// <summary>A question on the sample web that every resource has rows for.</summary>
    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["all-backlinks"] = "?target=labs.example&where={\"field\":\"is_dofollow\",\"is\":[\"eq\",true]}&order_by=domain_rating_source:desc&limit=10",
        ["new-lost-backlinks"] = "?target=directory.example&change=lost&limit=10",
        ["linkeddomains"] = "?target=directory.example&limit=10",
        ["linked-anchors-external"] = "?target=directory.example&limit=10",
        ["linked-anchors-internal"] = "?target=labs.example&limit=10",
    };

    public static void MapSiteExplorer(this IEndpointRouteBuilder api)
    {
        foreach (Resource resource in RowQueries.Resources.Values)
            api.MapGet($"/site-explorer/{resource.Name}", (HttpContext context, RowAnswers answers) => answers.AnswerAsync(context, resource.Name))
                .WithName(resource.Name).WithTags("site-explorer").WithSummary(resource.Summary)
                .WithRows(resource)
                .WithExample(Examples.GetValueOrDefault(resource.Name, "?target=labs.example&limit=10"))
                .WithProblems("invalid_parameter", "invalid_filter", "invalid_cursor", "cursor_expired", "unknown_run", "not_acceptable", "no_rows", "no_run", "run_damaged", "busy", "too_slow");
    }
}
