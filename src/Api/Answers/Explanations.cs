using Backlinks.GraphEngine;
using Backlinks.Pipeline;

namespace Backlinks.Api;

/// <summary>Where a score comes from.</summary>
/// <param name="Explanation">Null where the target is not in the index.</param>
/// <param name="Near">Names that may have been meant, where it is not.</param>
public sealed record ScoreAnswer(string Target, GraphLevel Level, bool InIndex, ScoreExplanation? Explanation, IReadOnlyList<string> Near, AnswerMeta Meta);

/// <summary>What one node passes to another.</summary>
/// <param name="InIndex">Whether both are.</param>
/// <param name="Explanation">Null where one of them is not in the index.</param>
public sealed record LinkAnswer(string Source, string Target, GraphLevel Level, bool InIndex, bool SourceInIndex, bool TargetInIndex, LinkExplanation? Explanation, IReadOnlyList<string> Near, AnswerMeta Meta);

/// <summary>Explains scores and links of a run, for API and dashboard alike.</summary>
public static class Explanations
{
    /// <summary>Where the score of a target comes from, in parts that add up to its raw value.</summary>
    /// <param name="level">Null where the target decides.</param>
    /// <param name="top">Links told one by one, 0 to 1,000.</param>
    /// <param name="depth">1: its sources; 2: theirs too; 3: and theirs.</param>
    /// <exception cref="ProblemException">A parameter is out of its range, or the run lacks what is needed.</exception>
    public static ScoreAnswer Of(ServedRun run, string target, GraphLevel? level = null, int top = 20, int depth = 1, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        RunAuthority authority = run.Authority(level ?? RunTargets.Meant(run.Run, target));
        int node = authority.Find(target);
        return new ScoreAnswer(target, authority.Level, node >= 0, node < 0 ? null : ScoreExplanation.Of(authority, node, new ExplanationOptions { Top = top, Depth = depth }, cancel: cancel),
            node < 0 ? authority.Near(target, cancel) : [], new AnswerMeta(run.Stamp));
    });

    /// <summary>What stands between two nodes: every link with its factors, and what it passes.</summary>
    /// <param name="top">Links told one by one, 0 to 1,000.</param>
    public static LinkAnswer Between(ServedRun run, string source, string target, GraphLevel? level = null, int top = 100, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        // Both are read on one level: that of pages only where both mean pages.
        RunAuthority authority = run.Authority(level ?? (RunTargets.Meant(run.Run, source) is { } meant && RunTargets.Meant(run.Run, target) == meant ? meant : null));
        int from = authority.Find(source), to = authority.Find(target);
        return new LinkAnswer(source, target, authority.Level, from >= 0 && to >= 0, from >= 0, to >= 0, from >= 0 && to >= 0 ? LinkExplanation.Between(authority, from, to, top, cancel) : null,
            to < 0 ? authority.Near(target, cancel) : from < 0 ? authority.Near(source, cancel) : [], new AnswerMeta(run.Stamp));
    });
}
