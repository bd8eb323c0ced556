using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>A node in two runs.</summary>
/// <param name="ScoreBefore">0 to 100; null: insufficient data, as <paramref name="ScoreAfter"/>.</param>
/// <param name="Points">From one to the other, insufficient data taken for 0.</param>
public sealed record MovedNode(string Name, double RawBefore, double RawAfter, double? ScoreBefore, double? ScoreAfter, double Points);

/// <summary>A node in one of two runs.</summary>
public sealed record LoneNode(string Name, double Raw, double? Score);

/// <summary>A spam cluster in one of two runs.</summary>
public sealed record LoneCluster(string Id, double Score, bool Confirmed, int Members, string? FirstTarget);

/// <summary>What became of spam clusters, by id.</summary>
/// <param name="Kept">In both.</param>
public sealed record ClusterMovement(IReadOnlyList<LoneCluster> Born, IReadOnlyList<LoneCluster> Gone, int Kept);

/// <summary>
/// What moved from one run to another: nodes are the same by name. Names of both graphs are sorted by the same key, so one walk through both
/// finds who is new, gone and kept; 60 ns a name.
/// </summary>
public sealed record RunMovement
{
    public required string RunA { get; init; }

    public required string RunB { get; init; }

    public required GraphLevel Level { get; init; }

    public required string ScaleVersionA { get; init; }

    public required string ScaleVersionB { get; init; }

    /// <summary>Algorithms whose options, or whose engine, are not the same in both runs.</summary>
    public required IReadOnlyList<string> ConfigurationDiffers { get; init; }

    public required int NodesBefore { get; init; }

    public required int NodesAfter { get; init; }

    public required long LinksBefore { get; init; }

    public required long LinksAfter { get; init; }

    /// <summary>Nodes in both.</summary>
    public required int Kept { get; init; }

    public required int NewCount { get; init; }

    public required int GoneCount { get; init; }

    /// <summary>Nodes in both whose score rose, by more than a millionth of a point.</summary>
    public required int Rose { get; init; }

    public required int Fell { get; init; }

    /// <summary>Of nodes in both, by points.</summary>
    public required IReadOnlyList<MovedNode> Gains { get; init; }

    public required IReadOnlyList<MovedNode> Losses { get; init; }

    /// <summary>Those with the most authority.</summary>
    public required IReadOnlyList<LoneNode> New { get; init; }

    public required IReadOnlyList<LoneNode> Gone { get; init; }

    /// <summary>Null where spam was not looked for in both.</summary>
    public required ClusterMovement? Clusters { get; init; }

    private const double Noise = 1e-6; // points: solvers leave less

    /// <param name="top">Nodes told in each list; ≥ 0.</param>
    public static RunMovement Between(RunAuthority a, RunAuthority b, int top = 50, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        int kept = 0, fresh = 0, gone = 0, rose = 0, fell = 0;
        var gains = new Highest<(int A, int B)>(top);
        var losses = new Highest<(int A, int B)>(top);
        var born = new Highest<int>(top);
        var lost = new Highest<int>(top);
        Walk(a.Graph.Names, b.Graph.Names, (nodeA, nodeB) =>
        {
            if (((kept + fresh + gone) & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (nodeA < 0)
            {
                fresh++;
                born.Add(nodeB, b.Solved.Raw[nodeB]);
                return;
            }
            if (nodeB < 0)
            {
                gone++;
                lost.Add(nodeA, a.Solved.Raw[nodeA]);
                return;
            }
            kept++;
            double points = Points(a, nodeA, b, nodeB);
            if (points > Noise)
            {
                rose++;
                gains.Add((nodeA, nodeB), points);
            }
            else if (points < -Noise)
            {
                fell++;
                losses.Add((nodeA, nodeB), -points);
            }
        });
        return new RunMovement
        {
            RunA = a.Run.Id,
            RunB = b.Run.Id,
            Level = b.Level,
            ScaleVersionA = a.Scale.Version,
            ScaleVersionB = b.Scale.Version,
            ConfigurationDiffers = ScoreDifference.Configurations(a.Run, b.Run),
            NodesBefore = a.Graph.NodeCount,
            NodesAfter = b.Graph.NodeCount,
            LinksBefore = a.Graph.LinkCount,
            LinksAfter = b.Graph.LinkCount,
            Kept = kept,
            NewCount = fresh,
            GoneCount = gone,
            Rose = rose,
            Fell = fell,
            Gains = [.. gains.Descending().Select(pair => Moved(a, pair.A, b, pair.B))],
            Losses = [.. losses.Descending().Select(pair => Moved(a, pair.A, b, pair.B))],
            New = [.. born.Descending().Select(node => Lone(b, node))],
            Gone = [.. lost.Descending().Select(node => Lone(a, node))],
            Clusters = ClustersOf(a.Run, b.Run),
        };
    }

    private static double Points(RunAuthority a, int nodeA, RunAuthority b, int nodeB) =>
        (b.ScoreOf(nodeB, b.Solved.Raw[nodeB]) ?? 0) - (a.ScoreOf(nodeA, a.Solved.Raw[nodeA]) ?? 0);

    private static MovedNode Moved(RunAuthority a, int nodeA, RunAuthority b, int nodeB)
    {
        double before = a.Solved.Raw[nodeA], after = b.Solved.Raw[nodeB];
        return new MovedNode(b.Graph.Names[nodeB], before, after, a.ScoreOf(nodeA, before), b.ScoreOf(nodeB, after), Points(a, nodeA, b, nodeB));
    }

    private static LoneNode Lone(RunAuthority of, int node) => new(of.Graph.Names[node], of.Solved.Raw[node], of.ScoreOf(node, of.Solved.Raw[node]));

    /// <summary>Calls for every name with its nodes in both graphs, −1 where it is not there.</summary>
    private static void Walk(NodeNames a, NodeNames b, Action<int, int> each)
    {
        if (!a.Stored || !b.Stored) // numbers for names: by number, or nothing in common
        {
            bool numbers = !a.Stored && !b.Stored;
            for (int node = 0; node < a.Count; node++)
                each(node, numbers && node < b.Count ? node : -1);
            for (int node = numbers ? a.Count : 0; node < b.Count; node++)
                each(-1, node);
            return;
        }
        NodeNames.KeyEnumerator left = a.EnumerateKeys(), right = b.EnumerateKeys();
        bool more = left.MoveNext(), moreB = right.MoveNext();
        for (int nodeA = 0, nodeB = 0; more || moreB;)
        {
            int order = !more ? 1 : !moreB ? -1 : left.Current.SequenceCompareTo(right.Current);
            each(order <= 0 ? nodeA : -1, order >= 0 ? nodeB : -1);
            if (order <= 0)
                (more, nodeA) = (left.MoveNext(), nodeA + 1);
            if (order >= 0)
                (moreB, nodeB) = (right.MoveNext(), nodeB + 1);
        }
    }

    private static ClusterMovement? ClustersOf(Run a, Run b)
    {
        if (a.Document(SpamReport.FileName) is not { } before || b.Document(SpamReport.FileName) is not { } after)
            return null;
        IReadOnlyList<SpamCluster> old = SpamReport.Parse(before).Clusters, now = SpamReport.Parse(after).Clusters;
        var oldIds = old.Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        var ids = now.Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        return new ClusterMovement([.. now.Where(c => !oldIds.Contains(c.Id)).Select(Told)], [.. old.Where(c => !ids.Contains(c.Id)).Select(Told)], ids.Count(oldIds.Contains));

        static LoneCluster Told(SpamCluster c) => new(c.Id, c.Score, c.Confirmed, c.Members.Count, c.Members.Count > 0 && c.Members[0].Role == SpamRole.Target ? c.Members[0].Name : null);
    }

    /// <summary>The few with the highest value; of equal ones those that came first.</summary>
    private sealed class Highest<T>(int most)
    {
        private readonly PriorityQueue<T, (double Value, long Order)> _queue = new();
        private long _order;

        public void Add(T item, double value)
        {
            _order--;
            if (_queue.Count < most)
                _queue.Enqueue(item, (value, _order));
            else if (most > 0)
                _queue.EnqueueDequeue(item, (value, _order));
        }

        public T[] Descending()
        {
            var items = new T[_queue.Count];
            for (int i = items.Length - 1; i >= 0; i--)
                items[i] = _queue.Dequeue();
            return items;
        }
    }
}
