using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Api.Dashboard;

/// <summary>A domain of the run.</summary>
/// <param name="Authority">0 to 100; null where data are insufficient.</param>
public sealed record Suggestion(string Name, double? Authority);

/// <summary>Suggestions for the search box: domains whose name holds what was typed, those that begin with it first, then by authority.</summary>
public static class Suggestions
{
    /// <summary>Names looked through at most, in their order: a fifth of a second, as for two letters on a graph of the whole web.</summary>
    private const int MostNames = 1_000_000;

    /// <param name="typed">Part of a name, or of a URL, whose host counts.</param>
    public static IReadOnlyList<Suggestion> For(ServedRun run, string typed, int count, CancellationToken cancel = default)
    {
        string part = HostOf(typed.Trim().ToLowerInvariant());
        if (part.Length < 2)
            return [];
        ScoreColumn? authority = run.Run.Column("authority");
        var best = new PriorityQueue<(int Node, string Name), (bool Begins, double Score, int Node)>();
        int node = -1;
        foreach (ReadOnlySpan<byte> key in run.Domains.Names.EnumerateKeys())
        {
            if ((++node & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (node >= MostNames)
                break;
            string name = NodeNames.FromKey(Encoding.UTF8.GetString(key));
            int at = name.IndexOf(part, StringComparison.Ordinal);
            if (at < 0)
                continue;
            best.Enqueue((node, name), (at == 0, Score(run, authority, node) ?? -1, -node));
            if (best.Count > count)
                best.Dequeue();
        }
        var found = new List<Suggestion>();
        while (best.TryDequeue(out (int Node, string Name) one, out _))
            found.Add(new Suggestion(one.Name, Score(run, authority, one.Node)));
        found.Reverse();
        return found;
    }

    /// <summary>The highest by authority; by PageRank in a run without.</summary>
    public static IReadOnlyList<Suggestion> Top(ServedRun run, int count, CancellationToken cancel = default)
    {
        ScoreColumn? authority = run.Run.Column("authority");
        return run.Run.Column("raw") is not { } order && (order = run.Run.Column("pagerank")) is null ? []
            : [.. order.Top(count, cancel).Select(node => new Suggestion(run.Domains.Names[node], Score(run, authority, node)))];
    }

    private static double? Score(ServedRun run, ScoreColumn? authority, int node) =>
        authority is null || run.Domains.InOffsets[node + 1L] == run.Domains.InOffsets[node] || double.IsNaN(authority[node]) ? null : authority[node];

    private static string HostOf(string typed)
    {
        int scheme = typed.IndexOf("://", StringComparison.Ordinal);
        return (scheme < 0 ? typed : typed[(scheme + 3)..]).Split('/', '?', '#')[0];
    }
}
