using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>A column that rows can be selected, filtered and ordered by.</summary>
/// <param name="Ops">Tests that <c>where</c> knows for it; none where it cannot be filtered by.</param>
/// <param name="Usual">Whether it is shown when select is not given.</param>
public sealed record FilterColumn(string Name, ColumnType Type, string Meaning, bool Usual, IReadOnlyList<string> Ops);

/// <summary>A kind of rows.</summary>
/// <param name="Array">Name of the array in its answer.</param>
/// <param name="Order">Its order when none is asked for.</param>
public sealed record FilterResource(string Resource, string Array, string Summary, string Order, bool Aggregates, IReadOnlyList<FilterColumn> Columns);

public sealed record AvailableFilters(IReadOnlyList<FilterResource> Resources, IReadOnlyList<string> Modifiers);

/// <summary>Which columns there are.</summary>
internal static class AvailableFiltersApi
{
    private static readonly AvailableFilters Known = new(
        [.. RowQueries.Resources.Values.Select(r => new FilterResource(r.Name, r.Array, r.Summary, r.Order, r.Aggregates,
            [.. r.Columns.Select(c => new FilterColumn(c.Name, c.Type, c.Meaning, c.Usual, c.Filterable ? Filter.OpsOf(c.Type) : []))]))],
        ["lowercase", "uppercase", "length"]);

    public static void MapAvailableFilters(this IEndpointRouteBuilder api) =>
        api.MapGet("/available-filters", (Delegate)Get).WithName("available-filters").WithTags("site-explorer").WithSummary("Every kind of rows, its columns, and the tests that each takes.").Produces<AvailableFilters>().WithExample();

    private static Task Get(HttpContext context) => RowAnswers.AnswerByContentAsync(context, Known);
}
