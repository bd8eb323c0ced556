using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// A run as CSV (RFC 4180: comma, CRLF, quotes doubled; UTF-8 without byte order mark), a header and one row a node in
/// node order: <c>node,name,pagerank,…,indegree,outdegree</c>. Names come from the open web and end in spreadsheets, so
/// a field that starts with <c>= + - @</c>, tab or carriage return gets an apostrophe before it, which spreadsheets
/// take as "text, not formula".
/// </summary>
public static class Csv
{
    /// <summary>Streams all rows; memory does not depend on their number.</summary>
    public static void Write(Run run, Stream stream, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        using TextRows rows = new(stream);
        rows.Add("node,name");
        foreach (ScoreColumn column in run.Columns)
            rows.Add(',').Add(column.Name);
        rows.Add("\r\n");
        int node = 0;
        foreach (ReadOnlySpan<byte> key in run.Graph.Names.EnumerateKeys())
        {
            if ((node & 0xFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("writing rows", node, run.Graph.NodeCount, "nodes"));
            }
            rows.Add((long)node).Add(',').Add(Field(NodeNames.FromKey(System.Text.Encoding.UTF8.GetString(key))));
            foreach (ScoreColumn column in run.Columns)
                if (column.IsWhole)
                    rows.Add(',').Add((long)column[node]);
                else
                    rows.Add(',').Add(column[node]);
            rows.Add("\r\n");
            node++;
        }
    }

    /// <summary>A text as one field.</summary>
    public static string Field(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r')
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
