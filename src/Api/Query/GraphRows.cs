using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>
/// Rows of a run that has a graph and no rows of links: its referring domains, read from the graph, ordered and paged in memory. What the graph
/// does not know (dates, texts, counts of links where each was seen once) is empty, and there is nothing to filter by.
/// </summary>
internal static class GraphRows
{
    private static readonly string[] Known = ["domain", "domain_rating", "links_to_target", "dofollow_linked_domains", "rank_passed"];

    public static RowPage Page(ServedRun run, RowQuery query, byte[] key, CancellationToken cancel)
    {
        if (query.Resource != "refdomains")
            throw RowQueries.NoRows(run);
        RowQuestion question = RowQuestion.Of(query, DateTime.UnixEpoch);
        if (question.Filter is not null || question.Time.From is not null || question.Time.Below is not null)
            throw Problems.Of("no_rows", $"run {run.Id} ranks an imported graph: its referring domains cannot be filtered");
        if (question.Order.FirstOrDefault(o => !Known.Contains(o.Column.Name)).Column is { } unknown)
            throw Problems.Of("no_rows", $"run {run.Id} ranks an imported graph, which knows no {unknown.Name}; order by {string.Join(", ", Known)}");
        RowCursor? cursor = string.IsNullOrEmpty(query.Cursor) ? null : RowCursor.Parse(query.Cursor, key);
        if (cursor is not null && (cursor.Run != run.Id || !cursor.Question.AsSpan().SequenceEqual(question.Digest)))
            throw Problems.Of("invalid_cursor", "cursor: is one of another question", new FieldError("cursor", "of another question"));
        int target = GraphFigures.NodeOf(run, question.Target);
        int limit = question.Limit ?? RowQuestion.UsualRows;
        List<(object?[] Keys, int Source, object?[] Row)> rows = target < 0 ? [] : Rows(run, question, target, cancel);
        rows.Sort((a, b) => Compare(a.Keys, b.Keys, question));
        int first = cursor is null ? 0 : rows.FindIndex(r => Compare(r.Keys, cursor.After, question) > 0);
        List<(object?[] Keys, int Source, object?[] Row)> page = first < 0 ? [] : rows.GetRange(first, Math.Min(limit, rows.Count - first));
        bool more = first >= 0 && first + page.Count < rows.Count;
        return new RowPage(question.Resource, question.Columns, [.. page.Select(r => r.Row)], rows.Count,
            more ? new RowCursor(run.Id, question.Digest, rows.Count, page[^1].Keys).ToText(key) : null, run.Stamp, target >= 0);
    }

    private static List<(object?[], int, object?[])> Rows(ServedRun run, RowQuestion question, int target, CancellationToken cancel)
    {
        LinkGraph graph = run.Domains;
        ScoreColumn? authority = run.Run.Column("authority"), raw = run.Run.Column("raw");
        double damping = (double?)run.Run.Manifest.Configuration.GetValueOrDefault("authority")?["damping"] ?? (double?)run.Run.Manifest.Configuration.GetValueOrDefault("pagerank")?["damping"] ?? 0.85;
        var rows = new List<(object?[], int, object?[])>();
        foreach (uint from in graph.InOf(target).ToArray())
        {
            int source = (int)from;
            if (source == target)
                continue;
            if ((rows.Count & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            long at = graph.OutOffsets[source] + graph.OutOf(source).BinarySearch((uint)target);
            object? Cell(string column) => column switch
            {
                "domain" => graph.Names[source],
                "domain_rating" => GraphFigures.Rating(run, authority, source),
                "links_to_target" => graph.OutCounts is { } counts ? (long)counts[at] : 1L,
                "dofollow_linked_domains" => graph.OutDegree(source),
                "rank_passed" => raw is null ? null : graph.OutTotal(source) is > 0 and double total ? damping * graph.OutWeight(at) / total * raw[source] : 0.0,
                _ => null,
            };
            rows.Add(([.. question.Order.Select(o => Cell(o.Column.Name)), (long)source], source, [.. question.Columns.Select(c => Cell(c.Name))]));
        }
        return rows;
    }

    /// <summary>As the database orders: empty values last, texts by their bytes, then by number.</summary>
    private static int Compare(object?[] a, IReadOnlyList<object?> b, RowQuestion question)
    {
        for (int i = 0; i < a.Length; i++)
        {
            if (a[i] is null || b[i] is null)
            {
                if (a[i] is not null || b[i] is not null)
                    return a[i] is null ? 1 : -1;
                continue;
            }
            int order = a[i] is string text ? string.CompareOrdinal(text, (string)b[i]!) : Convert.ToDouble(a[i], CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(b[i], CultureInfo.InvariantCulture));
            if (order != 0)
                return i < question.Order.Count && question.Order[i].Descending ? -order : order;
        }
        return 0;
    }
}
