namespace Backlinks.Api;

/// <summary>
/// Answers questions for rows of a run, for the API and the dashboard alike: checks the question, compiles it to SQL with parameters,
/// asks <c>rows.duckdb</c>, and pages by key.
/// </summary>
public sealed class RowQueries(RunCatalog catalog)
{
    public RunCatalog Catalog { get; } = catalog;

    /// <summary>Every resource by name.</summary>
    public static IReadOnlyDictionary<string, Resource> Resources { get; } = new Dictionary<string, Resource>(StringComparer.Ordinal);

    /// <summary>One page.</summary>
    /// <exception cref="ProblemException">The question is wrong, or the run has no rows.</exception>
    public RowPage Page(ServedRun run, RowQuery query, CancellationToken cancel = default) => throw new NotSupportedException();

    /// <inheritdoc cref="Page"/>
    public Task<RowPage> PageAsync(ServedRun run, RowQuery query, CancellationToken cancel = default) => throw new NotSupportedException();

    /// <summary>All rows from the query's place on, unpaged, for exports; the limit bounds them only where the caller gave one.</summary>
    public IAsyncEnumerable<object?[]> Stream(ServedRun run, RowQuery query, CancellationToken cancel = default) => throw new NotSupportedException();
}
