using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Backlinks.Api;

/// <summary>A question for rows, checked and understood, before any run is asked.</summary>
internal sealed record RowQuestion
{
    public const int MostRows = 10_000, UsualRows = 100, MostOrders = 8;

    public required Resource Resource { get; init; }

    public required RowTarget Target { get; init; }

    public required IReadOnlyList<Column> Columns { get; init; }

    public required Filter? Filter { get; init; }

    public required IReadOnlyList<(Column Column, bool Descending)> Order { get; init; }

    public required RowTime Time { get; init; }

    /// <summary>Null where the caller gave none.</summary>
    public required int? Limit { get; init; }

    /// <summary>Of all that decides which rows there are and in which order: not of select, limit and cursor.</summary>
    public required byte[] Digest { get; init; }

    /// <param name="now">Which day it is in the run, for questions of the last 30 days.</param>
    /// <exception cref="ProblemException">Something in it is wrong; says what is allowed.</exception>
    public static RowQuestion Of(RowQuery query, DateTime now)
    {
        if (!RowQueries.Resources.TryGetValue(query.Resource, out Resource? resource))
            throw Problems.Of("not_found", Filter.Unknown(query.Resource, RowQueries.Resources.Keys));
        if (query.Limit is < 1 or > MostRows)
            throw Problems.Parameter("limit", $"must be 1 to {MostRows:N0}, not {query.Limit}");
        RowTarget target = RowTarget.Parse(query.Target, query.Mode);
        var filters = new List<Filter>();
        if (!string.IsNullOrWhiteSpace(query.Where))
            filters.Add(Filter.Parse(query.Where, resource));
        if (query.Fields.Count > Filter.MostTerms)
            throw Problems.Of("invalid_filter", $"where: has more than {Filter.MostTerms} conditions");
        foreach ((string name, string value) in query.Fields)
        {
            Column column = resource.Find(name) ?? throw Problems.Parameter(Filter.Clip(name), Filter.Unknown(name, resource.Columns.Where(c => c.Filterable).Select(c => c.Name).Concat(RowParameters)));
            filters.Add(column.Filterable ? Filter.Parse(column, value) : throw Problems.Parameter(name, "is counted after filtering and cannot be filtered by"));
        }
        RowTime time = TimeOf(query, resource, now);
        IReadOnlyList<(Column, bool)> order = OrderOf(string.IsNullOrWhiteSpace(query.OrderBy) ? resource.Order : query.OrderBy, resource);
        string asked = string.Join('\0', [resource.Name, target.Name, target.Mode.ToString(), query.Where?.Trim() ?? "", .. query.Fields.Select(f => $"{f.Key}\u0001{f.Value}"),
            "\u0002", .. order.Select(o => $"{o.Item1.Name}:{o.Item2}"), time.ToString()]);
        return new RowQuestion
        {
            Resource = resource,
            Target = target,
            Columns = ColumnsOf(query.Select, resource),
            Filter = filters.Count switch { 0 => null, 1 => filters[0], _ => new Filter.All(filters) },
            Order = order,
            Time = time,
            Limit = query.Limit,
            Digest = SHA256.HashData(Encoding.UTF8.GetBytes(asked))[..16],
        };
    }

    /// <summary>Parameters that are no columns.</summary>
    public static IReadOnlyList<string> RowParameters { get; } = ["target", "mode", "select", "where", "order_by", "limit", "cursor", "history", "aggregation", "date_from", "date_to", "run", "output"];

    /// <summary>A day, or an instant, of a parameter.</summary>
    public static DateTime? Day(string? text, string parameter, bool end = false)
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        if (!Filter.TryTime(text, out DateTime time))
            throw Problems.Parameter(parameter, $"must be a day such as 2026-01-31, not '{Filter.Clip(text)}'");
        return end && text.Length == 10 ? time < DateTime.MaxValue.AddDays(-1) ? time.AddDays(1) : DateTime.MaxValue : time;
    }

    private static RowTime TimeOf(RowQuery query, Resource resource, DateTime now)
    {
        (bool all, DateTime? since) = query.History switch
        {
            null or "" or "live" => (false, (DateTime?)null),
            "all_time" => (true, null),
            { } text when text.StartsWith("since:", StringComparison.Ordinal) => (false, Day(text["since:".Length..], "history")),
            { } text => throw Problems.Parameter("history", $"'{Filter.Clip(text)}' is none of live, all_time, since:2026-01-31"),
        };
        string? group = query.Aggregation switch
        {
            null or "" or "all" => null,
            _ when !resource.Aggregates => throw Problems.Parameter("aggregation", "is for links alone"),
            "similar_links" => "group_no",
            "1_per_domain" => "source_domain_no",
            { } text => throw Problems.Parameter("aggregation", $"'{Filter.Clip(text)}' is none of all, similar_links, 1_per_domain"),
        };
        DateTime? from = Day(query.DateFrom, "date_from"), below = Day(query.DateTo, "date_to", end: true);
        if (from >= below)
            throw Problems.Parameter("date_to", "is before date_from");
        if (resource.Source is RowSource.Table { Changes: true })
        {
            below ??= now.Date.AddDays(1);
            from ??= below.Value.AddDays(-Stores.RowSchema.NewDays - 1);
        }
        return new RowTime(all, since, from, below, group);
    }

    private static List<Column> ColumnsOf(string? select, Resource resource)
    {
        if (string.IsNullOrWhiteSpace(select))
            return [.. resource.Columns.Where(c => c.Usual)];
        if (select == "*")
            return [.. resource.Columns];
        var columns = new List<Column>();
        foreach (string name in select.Split(',', StringSplitOptions.TrimEntries))
        {
            Column column = resource.Find(name) ?? throw Problems.Parameter("select", Filter.Unknown(name, resource.Columns.Select(c => c.Name)));
            columns.Add(columns.Contains(column) ? throw Problems.Parameter("select", $"names '{name}' twice") : column);
        }
        return columns;
    }

    private static List<(Column, bool)> OrderOf(string text, Resource resource)
    {
        var order = new List<(Column Column, bool)>();
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            string[] words = part.Split(':');
            Column column = resource.Find(words[0]) ?? throw Problems.Parameter("order_by", Filter.Unknown(words[0], resource.Columns.Select(c => c.Name)));
            bool descending = words.Length switch
            {
                1 => false,
                2 when words[1] is "asc" or "desc" => words[1] == "desc",
                _ => throw Problems.Parameter("order_by", $"'{Filter.Clip(part)}' must be a column, with :asc or :desc behind it"),
            };
            if (order.Exists(o => o.Column == column))
                throw Problems.Parameter("order_by", $"names '{column.Name}' twice");
            order.Add((column, descending));
        }
        return order.Count <= MostOrders ? order : throw Problems.Parameter("order_by", string.Create(CultureInfo.InvariantCulture, $"names more than {MostOrders} columns"));
    }
}
