using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>
/// Answers questions for rows of a run, for the API and the dashboard alike: checks the question, compiles it to SQL with parameters,
/// asks <c>rows.duckdb</c>, and pages by key. Rows have one total order, whatever they are ordered by: empty values come last, and equal
/// rows follow in the order of the file, or of what they are grouped by; so a walk over pages meets every row once.
/// </summary>
public sealed class RowQueries
{
    private const int ChunkRows = 10_000; // of a stream: some 20 MB of wide rows
    private const int MostKept = 10_000;  // targets and counts that are remembered, a run

    private readonly ConditionalWeakTable<ServedRun, Opened> _open = [];
    private readonly Lazy<byte[]> _key;
    private readonly ApiOptions _options;

    public RowQueries(RunCatalog catalog, ApiOptions options)
    {
        Catalog = catalog;
        _options = options;
        _key = new Lazy<byte[]>(() => RowCursor.KeyOf(catalog.Folder.Path));
    }

    public RunCatalog Catalog { get; }

    /// <summary>Every resource by name.</summary>
    public static IReadOnlyDictionary<string, Resource> Resources => Api.Resources.All;

    /// <summary>A run to ask: the one that the cursor began on, where there is one.</summary>
    /// <exception cref="ProblemException"><c>cursor_expired</c>, <c>invalid_cursor</c>, or as <see cref="RunCatalog.Lease"/>.</exception>
    public RunLease Lease(string? run, string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
            return Catalog.Lease(run);
        string began = RowCursor.Parse(cursor, _key.Value).Run;
        if (run is not (null or "" or "latest") && run != began)
            throw Problems.Of("invalid_cursor", $"cursor: is one of run {began}, not of the run asked for", new FieldError("cursor", "of another run"));
        try
        {
            return Catalog.Lease(began);
        }
        catch (ProblemException e) when (e.Code == "unknown_run")
        {
            throw Problems.Of("cursor_expired", $"run {began}, which the cursor pages through, is gone; ask without the cursor to begin again", new FieldError("cursor", "of a run that is gone"));
        }
    }

    /// <summary>One page.</summary>
    /// <exception cref="ProblemException">The question is wrong, or the run has no rows.</exception>
    public RowPage Page(ServedRun run, RowQuery query, CancellationToken cancel = default)
    {
        RowDatabase? rows = Database(run);
        if (rows is null)
            return GraphRows.Page(run, query, _key.Value, cancel);
        using RowDatabase.Rented rented = rows.Rent(cancel);
        return Page(run, query, rented, cancel);
    }

    /// <inheritdoc cref="Page(ServedRun, RowQuery, CancellationToken)"/>
    public async Task<RowPage> PageAsync(ServedRun run, RowQuery query, CancellationToken cancel = default)
    {
        RowDatabase? rows = Database(run);
        if (rows is null)
            return GraphRows.Page(run, query, _key.Value, cancel);
        using RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false);
        return Page(run, query, rented, cancel);
    }

    /// <summary>All rows from the query's place on, unpaged, for exports; the limit bounds them only where the caller gave one. Rows are read
    /// some thousands at a time, and nothing is held while the reader of them is slow but the lease on the run, which is the caller's.</summary>
    public async IAsyncEnumerable<object?[]> Stream(ServedRun run, RowQuery query, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        RowDatabase rows = Database(run) ?? throw NoRows(run);
        RowQuestion question = RowQuestion.Of(query, rows.Now);
        IReadOnlyList<object?>? after = CursorOf(run, query, question)?.After;
        long left = query.Limit ?? long.MaxValue;
        while (left > 0)
        {
            List<object?[]> chunk;
            int wanted = (int)Math.Min(ChunkRows, left);
            using (RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false))
                chunk = Read(rented, question, ScopeOf(run, question.Target, rented.Owner), after, wanted, cancel);
            foreach (object?[] row in chunk)
                yield return row.AsSpan(0, question.Columns.Count).ToArray();
            if (chunk.Count < wanted)
                yield break;
            left -= chunk.Count;
            after = chunk[^1].AsSpan(question.Columns.Count).ToArray();
        }
    }

    /// <summary>The first rows of a question, not counted: for tables on an overview.</summary>
    internal static List<object?[]> Top(RowDatabase.Rented rented, RowScope scope, RowQuery query, CancellationToken cancel)
    {
        RowQuestion question = RowQuestion.Of(query, rented.Owner.Now);
        return Read(rented, question, scope, null, question.Limit ?? RowQuestion.UsualRows, cancel);
    }

    /// <summary>The columns that a question selects.</summary>
    /// <exception cref="ProblemException">The question is wrong, or the run has no rows.</exception>
    internal RowQuestion Check(ServedRun run, RowQuery query)
    {
        RowDatabase rows = Database(run) ?? throw NoRows(run);
        RowQuestion question = RowQuestion.Of(query, rows.Now);
        CursorOf(run, query, question);
        return question;
    }

    /// <summary>A run's rows; null where it has none.</summary>
    internal RowDatabase? Database(ServedRun run) => _open.GetValue(run, Open).Rows;

    internal static ProblemException NoRows(ServedRun run) =>
        Problems.Of("no_rows", $"run {run.Id} has no rows of links: {(run.Pages is null ? "it ranks an imported graph, which has none; its overview, ratings and referring domains can be asked for" : "rank again with 'backlinks rank --store'")}");

    internal RowScope ScopeOf(ServedRun run, RowTarget target, RowDatabase rows)
    {
        ConcurrentDictionary<string, RowScope> kept = _open.GetValue(run, Open).Scopes;
        string name = $"{target.Mode} {target.Name}";
        if (kept.TryGetValue(name, out RowScope? scope))
            return scope;
        if (kept.Count >= MostKept)
            kept.Clear();
        return kept[name] = RowScope.Of(target, rows.Keys);
    }

    /// <summary>A pattern that RE2 refuses is refused whatever rows there are to be matched.</summary>
    private static void CheckPatterns(Filter? filter, RowDatabase.Rented rented, CancellationToken cancel)
    {
        switch (filter)
        {
            case Filter.All all: foreach (Filter part in all.Parts) CheckPatterns(part, rented, cancel); break;
            case Filter.Any any: foreach (Filter part in any.Parts) CheckPatterns(part, rented, cancel); break;
            case Filter.Not not: CheckPatterns(not.Part, rented, cancel); break;
            case Filter.Is { Op: "regex" or "iregex" } test: rented.Rows("SELECT regexp_matches('', $1)", [test.Value!], cancel); break;
        }
    }

    private RowPage Page(ServedRun run, RowQuery query, RowDatabase.Rented rented, CancellationToken cancel)
    {
        RowQuestion question = RowQuestion.Of(query, rented.Owner.Now);
        RowCursor? cursor = CursorOf(run, query, question);
        if (cursor is null)
            CheckPatterns(question.Filter, rented, cancel);
        RowScope scope = ScopeOf(run, question.Target, rented.Owner);
        int limit = question.Limit ?? RowQuestion.UsualRows;
        List<object?[]> rows = scope.InIndex ? Read(rented, question, scope, cursor?.After, limit + 1, cancel) : [];
        long total = cursor?.Total ?? (rows.Count <= limit ? rows.Count : Count(run, rented, question, scope, cancel));
        int columns = question.Columns.Count;
        string? next = rows.Count > limit ? new RowCursor(run.Id, question.Digest, total, rows[limit - 1].AsSpan(columns).ToArray()).ToText(_key.Value) : null;
        if (rows.Count > limit)
            rows.RemoveAt(limit);
        for (int i = 0; i < rows.Count; i++)
            rows[i] = rows[i].AsSpan(0, columns).ToArray();
        return new RowPage(question.Resource, question.Columns, rows, total, next, run.Stamp, scope.InIndex);
    }

    private RowCursor? CursorOf(ServedRun run, RowQuery query, RowQuestion question)
    {
        if (string.IsNullOrEmpty(query.Cursor))
            return null;
        RowCursor cursor = RowCursor.Parse(query.Cursor, _key.Value);
        return cursor.Run == run.Id && cursor.Question.AsSpan().SequenceEqual(question.Digest) && cursor.After.Count == question.Order.Count + 1 ? cursor
            : throw Problems.Of("invalid_cursor", "cursor: is one of another question; only select and limit may change from page to page", new FieldError("cursor", "of another question"));
    }

    private long Count(ServedRun run, RowDatabase.Rented rented, RowQuestion question, RowScope scope, CancellationToken cancel)
    {
        ConcurrentDictionary<string, long> kept = _open.GetValue(run, Open).Counts;
        string name = Convert.ToHexString(question.Digest);
        if (kept.TryGetValue(name, out long count))
            return count;
        var sql = new SqlText();
        question.Resource.Source.Count(sql, scope, question.Time, question.Filter);
        count = rented.Count(sql.ToString(), sql.Values, cancel);
        if (kept.Count >= MostKept)
            kept.Clear();
        return kept[name] = count;
    }

    /// <summary>Rows behind a place: the columns selected, then what they are ordered by, then the key.</summary>
    private static List<object?[]> Read(RowDatabase.Rented rented, RowQuestion question, RowScope scope, IReadOnlyList<object?>? after, int limit, CancellationToken cancel)
    {
        RowSource source = question.Resource.Source;
        var sql = new SqlText().Add("SELECT ");
        foreach (Column column in question.Columns)
            sql.Add(Expression(column, question.Time)).Add(", ");
        foreach ((Column column, _) in question.Order)
            sql.Add(Expression(column, question.Time)).Add(", ");
        sql.Add(source.Key).Add(" FROM ");
        source.From(sql, scope, question.Time, question.Filter);
        if (after is not null)
            Behind(sql.Add(" AND "), question, after, 0);
        sql.Add(" ORDER BY ");
        foreach ((Column column, bool descending) in question.Order)
            sql.Add(Expression(column, question.Time)).Add(descending ? " DESC NULLS LAST, " : " ASC NULLS LAST, ");
        sql.Add(source.Key).Add(" LIMIT ").Add(limit);
        return rented.Rows(sql.ToString(), sql.Values, cancel);
    }

    /// <summary>(a, b, key) behind (x, y, k), empty values last: a behind x, or a equal to x and (b, key) behind (y, k).</summary>
    private static void Behind(SqlText sql, RowQuestion question, IReadOnlyList<object?> after, int i)
    {
        if (i == question.Order.Count)
        {
            sql.Add($"{question.Resource.Source.Key} > ").Value(after[i]!);
            return;
        }
        (Column column, bool descending) = question.Order[i];
        string expression = Expression(column, question.Time);
        if (after[i] is { } value)
        {
            sql.Add($"(({expression}) {(descending ? "<" : ">")} ").Value(value).Add($" OR ({expression}) IS NULL OR (({expression}) = ").Value(value).Add(" AND ");
            Behind(sql, question, after, i + 1);
            sql.Add("))");
        }
        else
        {
            sql.Add($"(({expression}) IS NULL AND ");
            Behind(sql, question, after, i + 1);
            sql.Add(")");
        }
    }

    private static string Expression(Column column, RowTime time) =>
        column.Sql == Api.Resources.LinkGroupCount && time.Aggregation is null ? "1::BIGINT" : column.Sql;

    private Opened Open(ServedRun run)
    {
        string path = Path.Combine(run.Run.Folder, RowSchema.FileName);
        if (!File.Exists(path))
            return new Opened(null);
        try
        {
            return new Opened(run.Keep(RowDatabase.Open(path, run.RowMemory, Math.Max(2, Environment.ProcessorCount), _options.RequestSeconds)));
        }
        catch (IOException e)
        {
            throw new ProblemException(503, "run_damaged", $"the rows of run {run.Id} cannot be read; rank again, or name another run", null, e);
        }
    }

    private sealed record Opened(RowDatabase? Rows)
    {
        public ConcurrentDictionary<string, RowScope> Scopes { get; } = new(StringComparer.Ordinal);

        public ConcurrentDictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);
    }
}
