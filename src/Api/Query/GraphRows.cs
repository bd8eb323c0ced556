namespace Backlinks.Api;

/// <summary>Rows of a run that has a graph and no rows: its referring domains.</summary>
internal static class GraphRows
{
    public static RowPage Page(ServedRun run, RowQuery query, byte[] key, CancellationToken cancel) => throw RowQueries.NoRows(run);
}
