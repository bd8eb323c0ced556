using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.Pipeline;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.Primitives;

namespace Backlinks.Api.Dashboard;

/// <summary>A column as a table shows it: one of the resource, or several that are read together, such as a link's text within its snippet.</summary>
/// <param name="Key">As in the address.</param>
/// <param name="Fields">Columns of the resource that its cells are made of.</param>
/// <param name="Sort">The column it is ordered by; null where it cannot be.</param>
public sealed record TableColumn(string Key, string Title, string Meaning, IReadOnlyList<string> Fields, string? Sort, bool IsNumber);

/// <summary>One condition of a filter, as a chip shows it.</summary>
/// <param name="Value">As it stands in JSON: text, number, true or false; null for tests without a value.</param>
public sealed record FilterChip(string Field, string Op, JsonNode? Value);

/// <summary>
/// A page that is a table of one resource of the API. Its address holds what is asked, under the API's own names (where, order_by, limit,
/// cursor, aggregation), and the columns chosen; so a link to it shows the same, and its rows, its CSV and the request it shows are one question.
/// </summary>
public abstract class RowsPage : DashboardPage
{
    /// <summary>Rows on a page unless asked otherwise: two screens.</summary>
    private const int UsualRows = 50;

    [Inject] public RowQueries Queries { get; set; } = null!;

    /// <summary>Its address.</summary>
    public abstract string PageName { get; }

    public abstract string ResourceName { get; }

    /// <summary>Keys of the columns shown unless others are chosen.</summary>
    public abstract IReadOnlyList<string> UsualColumns { get; }

    /// <summary>How links are grouped unless asked otherwise; null where they cannot be.</summary>
    public virtual string? UsualAggregation => null;

    /// <summary>What else stands in the page's address and must be kept, such as which of two tables.</summary>
    public virtual IReadOnlyList<string> Kept => [];

    /// <summary>What it would be for a row's links to be gone, as an edit of a what-if; null where a row stands for no links to the target.</summary>
    /// <param name="row">Its values by column; null for columns that were not read.</param>
    public virtual AskedEdit? Gone(Func<string, object?> row) => null;

    public Resource Resource => RowQueries.Resources.TryGetValue(ResourceName, out Resource? resource) ? resource : throw Problems.Of("not_found", $"there is no '{ResourceName}'");

    public IReadOnlyList<TableColumn> AllColumns { get; private set; } = [];

    public IReadOnlyList<TableColumn> Columns { get; private set; } = [];

    public IReadOnlyList<FilterChip> Chips { get; private set; } = [];

    /// <summary>The filter is one that chips cannot show, written by hand.</summary>
    public bool HandWritten { get; private set; }

    /// <summary>The question that the table answers.</summary>
    public RowQuery Query { get; private set; } = new() { Resource = "" };

    /// <summary>Its answer.</summary>
    public RowPage? Answer { get; private set; }

    /// <summary>The page's number, from 1.</summary>
    public int Number { get; private set; } = 1;

    public override bool KeepsContent => Answer is { InIndex: true } && Query.Target == View.Target && Query.Resource == ResourceName;

    public int RowLimit => Query.Limit ?? UsualRows;

    /// <summary>The order in force: column, and whether from the highest down.</summary>
    public (string Column, bool Descending) Order { get; private set; }

    protected override async Task LoadAsync(CancellationToken cancel)
    {
        Resource resource = Resource;
        IReadOnlyList<TableColumn> all = TableColumns.Of(resource);
        string[] keys = Ask("columns")?.Split(',') ?? [.. UsualColumns];
        IReadOnlyList<TableColumn> columns = [.. keys.Select(key => all.FirstOrDefault(c => c.Key == key)).OfType<TableColumn>().Distinct()];
        if (columns.Count == 0)
            columns = [.. UsualColumns.Select(key => all.First(c => c.Key == key))];
        string? where = Ask("where");
        (IReadOnlyList<FilterChip> chips, bool handWritten) = Read(where);
        int number = int.TryParse(Ask("page"), NumberStyles.None, CultureInfo.InvariantCulture, out int page) && page > 0 && Ask("cursor") is not null ? page : 1;
        string aggregation = Ask("aggregation") ?? UsualAggregation ?? "all";
        var query = new RowQuery
        {
            Resource = resource.Name,
            Target = View.Target,
            Mode = View.Mode,
            History = View.History,
            Select = string.Join(',', columns.SelectMany(c => c.Fields).Concat(aggregation == "all" ? [] : TableColumns.Group).Distinct()),
            Where = where,
            OrderBy = Ask("order_by"),
            Limit = int.TryParse(Ask("limit"), NumberStyles.None, CultureInfo.InvariantCulture, out int limit) ? limit : UsualRows,
            Cursor = Ask("cursor"),
            Aggregation = aggregation == "all" ? null : aggregation,
            DateFrom = Ask("date_from"),
            DateTo = Ask("date_to"),
        };
        string[] order = (query.OrderBy ?? resource.Order).Split(',')[0].Split(':');
        RowPage answer = await Runs.ReadOnceAsync(View.Run, query.ToString(), (run, patience) => Task.FromResult(Queries.Page(run, query, patience)), cancel);
        // All at once: what is shown meanwhile is one question and its answer.
        (AllColumns, Columns, Chips, HandWritten, Number, Query, Answer, Order, InIndex) = (all, columns, chips, handWritten, number, query, answer, (order[0], order.Length > 1 && order[1] == "desc"), answer.InIndex);
    }

    /// <summary>The address of this page with something changed; a change of the question goes back to its first page.</summary>
    public string Link(params (string Name, object? Value)[] changes)
    {
        Dictionary<string, StringValues> query = View.Query(Navigation.Uri);
        string[] kept = [.. Kept, "columns", "where", "order_by", "limit", "aggregation", "date_from", "date_to", .. changes.Any(c => c.Name is not "columns") ? [] : new[] { "cursor", "page" }];
        query.TryGetValue("edit", out StringValues edits); // a what-if goes on over pages and filters
        return View.Link(PageName, [.. kept.Where(name => changes.All(c => c.Name != name)).Select(name => (name, query.TryGetValue(name, out StringValues value) ? (object?)value.ToString() : null)), .. changes, .. edits.Select(e => ("edit", (object?)e))]);
    }

    /// <summary>The order after a click on a column: from the highest down, then from the lowest up; texts the other way round.</summary>
    public string Ordered(TableColumn column)
    {
        bool first = column.IsNumber || Resource.Find(column.Sort!) is { Type: ColumnType.Time };
        return $"{column.Sort}:{((Order.Column == column.Sort ? !Order.Descending : first) ? "desc" : "asc")}";
    }

    /// <summary>The API's address that answers the same question with the same columns.</summary>
    /// <param name="output"><c>csv</c> and others; null for JSON.</param>
    /// <param name="all">All rows, not only those of this page.</param>
    public string Api(string? output = null, bool all = false)
    {
        (string, object?)[] parts =
        [
            ("target", Query.Target), ("mode", Query.Mode), ("select", Query.Select), ("where", Query.Where), ("order_by", Query.OrderBy), ("limit", all ? null : RowLimit), ("cursor", all ? null : Query.Cursor),
            ("history", Query.History), ("aggregation", Query.Aggregation), ("date_from", Query.DateFrom), ("date_to", Query.DateTo), ("run", View.Run ?? Answer?.Run.Id), ("output", output),
        ];
        return new View("", null, null, null).Link($"api/v1/site-explorer/{Query.Resource}", parts);
    }

    /// <summary>The filter of these chips, all of which must hold; null for none.</summary>
    public static string? Where(IReadOnlyList<FilterChip> chips) => chips.Count == 0 ? null : chips.Count == 1 ? Condition(chips[0]).ToJsonString(Plain)
        : new JsonObject { ["and"] = new JsonArray([.. chips.Select(Condition)]) }.ToJsonString(Plain);

    /// <summary>A chip of what a reader typed.</summary>
    /// <exception cref="ProblemException">The text is no value of the column's type.</exception>
    public static FilterChip Chip(Column column, string op, string text) => op is "is_null" or "is_not_null" ? new FilterChip(column.Name, op, null) : new FilterChip(column.Name, op, column.Type switch
    {
        ColumnType.Boolean => JsonValue.Create(text is "true" or "yes" or "1"),
        ColumnType.Integer when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => JsonValue.Create(whole),
        ColumnType.Number or ColumnType.Integer when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => JsonValue.Create(number),
        ColumnType.Number or ColumnType.Integer => throw Problems.Parameter(column.Name, $"must be a number, not '{text}'"),
        _ => JsonValue.Create(text),
    });

    private static JsonNode Condition(FilterChip chip) => new JsonObject { ["field"] = chip.Field, ["is"] = chip.Value is null ? chip.Op : new JsonArray(chip.Op, chip.Value.DeepClone()) };

    private static (IReadOnlyList<FilterChip>, bool) Read(string? where)
    {
        if (where is null)
            return ([], false);
        try
        {
            JsonNode? filter = JsonNode.Parse(where, documentOptions: new JsonDocumentOptions { MaxDepth = 16 });
            JsonNode?[] parts = filter is JsonObject { Count: 1 } both && both["and"] is JsonArray all ? [.. all] : [filter];
            var chips = new List<FilterChip>();
            foreach (JsonNode? part in parts)
            {
                if (part is not JsonObject { Count: 2 } condition || condition["field"] is not JsonValue field || !field.TryGetValue(out string? name))
                    return ([], true);
                switch (condition["is"])
                {
                    case JsonArray { Count: 2 } test when test[0] is JsonValue first && first.TryGetValue(out string? op) && test[1] is JsonValue:
                        chips.Add(new FilterChip(name, op, test[1]));
                        break;
                    case JsonValue alone when alone.TryGetValue(out string? op):
                        chips.Add(new FilterChip(name, op, null));
                        break;
                    default:
                        return ([], true);
                }
            }
            return (chips, false);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
        {
            return ([], true); // the question itself says what is wrong with it
        }
    }

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
