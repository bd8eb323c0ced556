namespace Backlinks.Api;

/// <summary>Gathers what the overview screen shows, for the API and the dashboard alike.</summary>
public sealed class Overviews(RowQueries queries)
{
    private readonly RowQueries _queries = queries;

    /// <summary>Everything: figures, charts and short tables.</summary>
    /// <param name="mode">As <see cref="RowQuery.Mode"/>.</param>
    /// <exception cref="ProblemException">The target is none. A run without rows gives figures of its graph and no charts.</exception>
    public Task<Overview> OfAsync(ServedRun run, string target, string? mode = null, CancellationToken cancel = default) => throw new NotSupportedException(_queries.ToString());

    /// <summary>The figures alone, a millisecond's work.</summary>
    public Task<OverviewFigures> FiguresAsync(ServedRun run, string target, string? mode = null, CancellationToken cancel = default) => throw new NotSupportedException(_queries.ToString());
}
