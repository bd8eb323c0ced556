namespace Backlinks.Api;

/// <summary>What a column holds, and so which comparisons it takes.</summary>
public enum ColumnType
{
    Text,
    Integer,
    Number,
    Boolean,

    /// <summary>An instant, UTC, ISO 8601.</summary>
    Time,
}

/// <summary>A column of a resource.</summary>
/// <param name="Name">As in select, where, order_by and answers: snake_case.</param>
/// <param name="Sql">Its expression over the resource's rows; never made of anything a caller sends.</param>
/// <param name="Meaning">One line: what it is, unit, range.</param>
public sealed record Column(string Name, ColumnType Type, string Sql, string Meaning)
{
    /// <summary>Shown when select is not given.</summary>
    public bool Usual { get; init; } = true;

    /// <summary>Whether rows can be filtered by it: not by what is counted only after filtering.</summary>
    public bool Filterable { get; init; } = true;
}

/// <summary>A kind of rows that can be asked for, such as the links to a target.</summary>
public sealed record Resource
{
    /// <summary>As in its address: <c>all-backlinks</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the array in the answer: <c>backlinks</c>.</summary>
    public required string Array { get; init; }

    /// <summary>One line for people.</summary>
    public required string Summary { get; init; }

    public required IReadOnlyList<Column> Columns { get; init; }

    /// <summary>The order when none is asked for, such as <c>rank_passed:desc</c>; ties follow in the order of the rows.</summary>
    public required string Order { get; init; }

    /// <summary>Whether <see cref="RowQuery.Aggregation"/> may be asked for.</summary>
    public bool Aggregates { get; init; }

    /// <summary>Whence its rows are.</summary>
    internal RowSource Source { get; init; } = null!;

    public Column? Find(string name) => Columns.FirstOrDefault(c => c.Name == name);
}

/// <summary>How much of the web around the target is meant.</summary>
public enum TargetMode
{
    /// <summary>The one URL.</summary>
    Exact,

    /// <summary>All URLs that begin with it.</summary>
    Prefix,

    /// <summary>The host, without other hosts of its domain.</summary>
    Domain,

    /// <summary>The domain with all its hosts.</summary>
    Subdomains,
}

/// <summary>A question for rows, as a caller puts it; every member is what the query string or the body says and is checked by <see cref="RowQueries"/>.</summary>
public sealed record RowQuery
{
    public required string Resource { get; init; }

    /// <summary>Domain, host or URL.</summary>
    public string Target { get; init; } = "";

    /// <summary><c>exact</c>, <c>prefix</c>, <c>domain</c> or <c>subdomains</c>; null: exact for a URL with a path, else subdomains.</summary>
    public string? Mode { get; init; }

    /// <summary>Columns, comma-separated; null for the usual ones.</summary>
    public string? Select { get; init; }

    /// <summary>A filter in Ahrefs' JSON grammar.</summary>
    public string? Where { get; init; }

    /// <summary>Filters of the plain form <c>field=value</c>, all of which must hold.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; init; } = [];

    /// <summary><c>field:desc,other:asc</c>.</summary>
    public string? OrderBy { get; init; }

    /// <summary>Rows on a page, 1 to 10,000; null is 100, and of a stream all.</summary>
    public int? Limit { get; init; }

    /// <summary><c>next_cursor</c> of the answer before.</summary>
    public string? Cursor { get; init; }

    /// <summary><c>live</c>, <c>since:DATE</c> or <c>all_time</c>.</summary>
    public string? History { get; init; }

    /// <summary><c>all</c>, <c>similar_links</c> or <c>1_per_domain</c>.</summary>
    public string? Aggregation { get; init; }

    /// <summary>First and last day, ISO 8601.</summary>
    public string? DateFrom { get; init; }

    public string? DateTo { get; init; }
}

/// <summary>A page of rows.</summary>
/// <param name="Columns">The columns selected, in the order asked for.</param>
/// <param name="Rows">One array a row, in the order of <paramref name="Columns"/>: string, long, double, bool, DateTime (UTC) or null.</param>
/// <param name="TotalCount">Rows in all that fit, on all pages.</param>
/// <param name="NextCursor">To be given for the page behind; null on the last.</param>
/// <param name="InIndex">Whether the run knows the target at all.</param>
public sealed record RowPage(Resource Resource, IReadOnlyList<Column> Columns, IReadOnlyList<object?[]> Rows, long TotalCount, string? NextCursor, RunStamp Run, bool InIndex);
