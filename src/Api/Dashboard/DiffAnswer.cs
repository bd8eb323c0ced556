using Backlinks.GraphEngine;
using Backlinks.Pipeline;

namespace Backlinks.Api.Dashboard;

/// <summary>A domain in two runs.</summary>
/// <param name="Before">Score, 0 to 100; null where there was too little to tell.</param>
public sealed record MovedDomain(string Name, double? Before, double? After, double RawBefore, double RawAfter, double Points);

/// <summary>What changed between two runs: of one target in parts, or who moved most.</summary>
/// <param name="Difference">Of the target; null without one, or where a run does not know it.</param>
/// <param name="Both">Domains of both runs.</param>
/// <param name="Moved">Those of them that moved by a tenth of a point or more.</param>
public sealed record DiffAnswer(ScoreDifference? Difference, IReadOnlyList<string> ConfigurationDiffers, int Both, int OnlyBefore, int OnlyAfter, int Moved, IReadOnlyList<MovedDomain> Up, IReadOnlyList<MovedDomain> Down)
{
    private const int Told = 25;

    /// <param name="target">Empty for who moved most.</param>
    public static DiffAnswer Between(ServedRun before, ServedRun after, string target, CancellationToken cancel) => RunAnswers.Reading(after.Id, () =>
    {
        IReadOnlyList<string> differs = ScoreDifference.Configurations(before.Run, after.Run);
        if (target.Length == 0)
            return Movers(before, after, differs, cancel);
        GraphLevel? level = RunTargets.Meant(before.Run, target) ?? RunTargets.Meant(after.Run, target);
        RunAuthority a = before.Authority(level), b = after.Authority(level);
        int nodeA = a.Find(target), nodeB = b.Find(target);
        return new DiffAnswer(nodeA < 0 || nodeB < 0 ? null : ScoreDifference.Between(a, nodeA, b, nodeB, cancel: cancel), differs, 0, 0, 0, 0, [], []);
    });

    /// <summary>Both lists of names are in the order of their keys, so one pass joins them.</summary>
    private static DiffAnswer Movers(ServedRun before, ServedRun after, IReadOnlyList<string> differs, CancellationToken cancel)
    {
        RunAuthority a = before.Authority(null), b = after.Authority(null);
        NodeNames namesA = a.Graph.Names, namesB = b.Graph.Names;
        if (!namesA.Stored || !namesB.Stored)
            throw Problems.Of("no_rows", "the runs' graphs have no names to compare by: name one node by its number");
        int n = a.Graph.NodeCount, m = b.Graph.NodeCount, both = 0, moved = 0;
        bool same = before.Run.Ranked.Digest == after.Run.Ranked.Digest;
        PriorityQueue<(int A, int B), double> up = new(), down = new();
        for (int i = 0, j = 0; i < n && j < m;)
        {
            if (((i + j) & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int order = same ? 0 : string.CompareOrdinal(namesA.Key(i), namesB.Key(j));
            if (order == 0)
            {
                both++;
                double points = b.Score(b.Solved.Raw[j]) - a.Score(a.Solved.Raw[i]);
                moved += Math.Abs(points) >= 0.1 ? 1 : 0;
                Keep(up, (i, j), points);
                Keep(down, (i, j), -points);
            }
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }
        return new DiffAnswer(null, differs, both, n - both, m - both, moved, Take(up), Take(down));

        static void Keep(PriorityQueue<(int, int), double> most, (int, int) pair, double by)
        {
            if (by <= 1e-9)
                return;
            if (most.Count < Told)
                most.Enqueue(pair, by);
            else
                most.EnqueueDequeue(pair, by);
        }

        List<MovedDomain> Take(PriorityQueue<(int A, int B), double> most) => [.. most.UnorderedItems.Select(p => p.Element)
            .Select(p => new MovedDomain(namesB[p.B], a.ScoreOf(p.A, a.Solved.Raw[p.A]), b.ScoreOf(p.B, b.Solved.Raw[p.B]), a.Solved.Raw[p.A], b.Solved.Raw[p.B], b.Score(b.Solved.Raw[p.B]) - a.Score(a.Solved.Raw[p.A])))
            .OrderByDescending(d => Math.Abs(d.Points)).ThenBy(d => d.Name, StringComparer.Ordinal)];
    }
}
