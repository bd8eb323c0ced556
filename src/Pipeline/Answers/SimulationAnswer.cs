using System.Diagnostics;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>What became of one edit.</summary>
/// <param name="What">Source, and target where one was named.</param>
/// <param name="Changes">Changes of the graph that had an effect.</param>
/// <param name="Note">Why it had none; null where it had.</param>
public sealed record EditOutcome(EditWord Edit, string What, int Changes, string? Note);

/// <summary>A node before and after.</summary>
public sealed record SimulatedNode
{
    public required string Name { get; init; }

    public required int Node { get; init; }

    public required double RawBefore { get; init; }

    public required double RawAfter { get; init; }

    public required double Change { get; init; }

    /// <summary>Certified: the exact new raw value is within this of raw_after.</summary>
    public required double Bound { get; init; }

    /// <summary>0 to 100; null: insufficient data, as score_after.</summary>
    public required double? ScoreBefore { get; init; }

    public required double? ScoreAfter { get; init; }

    /// <summary>How far score_after can be off, in points.</summary>
    public required double ScoreBound { get; init; }

    /// <summary>Place by raw authority, from 1; of the target only.</summary>
    public required int? RankBefore { get; init; }

    /// <summary>An estimate: those that hardly move are taken to stand still.</summary>
    public required int? RankAfter { get; init; }
}

/// <summary>What would be if links were other than they are.</summary>
public sealed record SimulationAnswer
{
    public required string Run { get; init; }

    public required string Graph { get; init; }

    public required GraphLevel Level { get; init; }

    public required bool InIndex { get; init; }

    public required string ScaleVersion { get; init; }

    public required SimulatedNode Target { get; init; }

    /// <summary>Whether the edits remove the target itself.</summary>
    public required bool TargetRemoved { get; init; }

    /// <summary>Whether the target's bound is within the tolerance asked for; if not, what was changed is too much for a simulation: rank again.</summary>
    public required bool WithinTolerance { get; init; }

    public required IReadOnlyList<EditOutcome> Edits { get; init; }

    /// <summary>Who else moves most, by size.</summary>
    public required IReadOnlyList<SimulatedNode> Movers { get; init; }

    /// <summary>Certified: no other that stays moves by more than this, in raw authority.</summary>
    public required double OthersMoveAtMost { get; init; }

    /// <summary>What was left to be followed, in L1.</summary>
    public required double Residual { get; init; }

    public required int RowsChanged { get; init; }

    public required long LinksFollowed { get; init; }

    /// <summary>Time of the simulation itself.</summary>
    public required double Seconds { get; init; }

    /// <summary>Runs edits in thought.</summary>
    /// <param name="edits">As <paramref name="reader"/> read them, in that order.</param>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static SimulationAnswer Of(RunAuthority authority, int target, EditReader reader, IReadOnlyList<ReadEdit> edits, SimulationOptions? options = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        ArgumentNullException.ThrowIfNull(reader);
        ArgumentNullException.ThrowIfNull(edits);
        LinkEdit[] changes = [.. edits.SelectMany(e => e.Edits)];
        long start = Stopwatch.GetTimestamp();
        SimulationResult result = Simulation.Of(authority.Solved, target, changes, options, cancel);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var links = new LinksAfter(authority, changes, result.Effects);
        return new SimulationAnswer
        {
            Run = authority.Run.Id,
            Graph = authority.Part.Ranked.Id,
            Level = authority.Level,
            InIndex = true,
            ScaleVersion = authority.Scale.Version,
            Target = Tell(authority, result.Target, links),
            TargetRemoved = links.IsRemoved(target),
            WithinTolerance = result.WithinTolerance,
            Edits = Outcomes(edits, result.Effects, reader),
            Movers = [.. result.Movers.Select(m => Tell(authority, m, links))],
            OthersMoveAtMost = result.OthersMoveAtMost,
            Residual = result.Residual,
            RowsChanged = result.RowsChanged,
            LinksFollowed = result.LinksFollowed,
            Seconds = seconds,
        };
    }

    private static EditOutcome[] Outcomes(IReadOnlyList<ReadEdit> edits, IReadOnlyList<EditEffect> effects, EditReader reader)
    {
        var outcomes = new EditOutcome[edits.Count];
        int at = 0;
        for (int i = 0; i < edits.Count; i++)
        {
            int applied = 0;
            foreach (LinkEdit _ in edits[i].Edits)
                applied += effects[at++] == EditEffect.Applied ? 1 : 0;
            outcomes[i] = new EditOutcome(edits[i].Asked.Word, edits[i].Asked.Text, applied,
                applied > 0 ? null : edits[i].Edits.Count == 0 ? EditReader.Reason(edits[i].Asked) : reader.Reason(effects[at - 1], edits[i].Edits[^1]));
        }
        return outcomes;
    }

    private static SimulatedNode Tell(RunAuthority authority, NodeChange c, LinksAfter links)
    {
        double score = authority.Score(c.After);
        return new SimulatedNode
        {
            Name = authority.Graph.Names[c.Node],
            Node = c.Node,
            RawBefore = c.Before,
            RawAfter = c.After,
            Change = c.Change,
            Bound = c.Bound,
            ScoreBefore = authority.ScoreOf(c.Node, c.Before),
            ScoreAfter = c.After > 0 && links.HasReferringDomain(c.Node) ? score : null,
            ScoreBound = Math.Max(authority.Score(c.After + c.Bound) - score, score - authority.Score(c.After - c.Bound)),
            RankBefore = c.RankBefore == 0 ? null : c.RankBefore,
            RankAfter = c.RankAfter == 0 ? null : c.RankAfter,
        };
    }

    /// <summary>Who is linked to by another domain once the edits are made.</summary>
    private sealed class LinksAfter
    {
        private readonly RunAuthority _authority;
        private readonly HashSet<int> _removed = [], _silent = []; // silent: links pass nothing
        private readonly Dictionary<(int Source, int Target), bool> _links = []; // edited ones: whether they pass anything

        public LinksAfter(RunAuthority authority, LinkEdit[] edits, IReadOnlyList<EditEffect> effects)
        {
            _authority = authority;
            for (int i = 0; i < edits.Length; i++)
                if (effects[i] == EditEffect.Applied)
                    _ = edits[i].Kind switch
                    {
                        EditKind.RemoveNode => _removed.Add(edits[i].Source),
                        EditKind.DisavowNode => _silent.Add(edits[i].Source),
                        EditKind.AddLink => _links[(edits[i].Source, edits[i].Target)] = true,
                        EditKind.ReweighLink => _links[(edits[i].Source, edits[i].Target)] = edits[i].Weight > 0,
                        _ => _links[(edits[i].Source, edits[i].Target)] = false,
                    };
        }

        public bool IsRemoved(int node) => _removed.Contains(node);

        public bool HasReferringDomain(int node)
        {
            foreach (uint source in _authority.Graph.InOf(node))
                if (!_removed.Contains((int)source) && !_silent.Contains((int)source) && _links.GetValueOrDefault(((int)source, node), true) && _authority.IsOtherDomain((int)source, node))
                    return true;
            return _links.Any(l => l.Value && l.Key.Target == node && !_removed.Contains(l.Key.Source) && !_silent.Contains(l.Key.Source) && _authority.IsOtherDomain(l.Key.Source, node));
        }
    }
}
