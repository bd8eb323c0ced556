using Backlinks.Pipeline;

namespace Backlinks.Api;

/// <summary>The topics of a run.</summary>
/// <param name="Taxonomy">Its version.</param>
/// <param name="Nodes">Domains, or pages, in all.</param>
/// <param name="Unknown">Those with too little text to tell.</param>
public sealed record TopicsAnswer(GraphLevel Level, string Taxonomy, IReadOnlyList<TopicRow> Topics, int Nodes, int Unknown, AnswerMeta Meta);

/// <summary>Who stands out in a topic.</summary>
public sealed record SpecialistsAnswer(GraphLevel Level, string Topic, string Name, IReadOnlyList<SpecialistRow> Specialists, AnswerMeta Meta);

/// <summary>Topics of a run, for API and dashboard alike.</summary>
public static class RunTopics
{
    private const int Kept = 1000; // specialists of a topic, found once

    /// <exception cref="ProblemException">The run has no topics, or no graph of that level.</exception>
    public static TopicsAnswer List(ServedRun run, GraphLevel? level = null, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        TopicScores scores = run.Topics(level);
        TopicList list = run.Once($"topic list {LevelOf(run, scores)}", () => TopicList.Of(scores, cancel: cancel), cancel);
        return new TopicsAnswer(LevelOf(run, scores), list.Taxonomy, list.Topics, list.Nodes, list.Unknown, new AnswerMeta(run.Stamp));
    });

    /// <param name="topic">Its id.</param>
    /// <param name="limit">1 to 1,000.</param>
    /// <exception cref="ProblemException">There is no such topic, or the run has none.</exception>
    public static SpecialistsAnswer Specialists(ServedRun run, string topic, GraphLevel? level = null, int limit = 20, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        TopicScores scores = run.Topics(level);
        int number = scores.Taxonomy.IndexOf(topic);
        if (number < 0)
            throw Problems.Of("not_found", $"there is no topic '{RunAnswers.Clip(topic)}' in taxonomy {scores.Taxonomy.Version}; there is {string.Join(", ", scores.Taxonomy.Topics.Select(t => t.Id))}", new FieldError("id", "not the id of a topic"));
        IReadOnlyList<SpecialistRow> all = run.Once($"specialists {LevelOf(run, scores)} {number}", () => TopicList.Specialists(scores, number, Kept, cancel), cancel);
        return new SpecialistsAnswer(LevelOf(run, scores), scores.Taxonomy.Topics[number].Id, scores.Taxonomy.Topics[number].Name, [.. all.Take(limit)], new AnswerMeta(run.Stamp) { TotalCount = all.Count });
    });

    private static GraphLevel LevelOf(ServedRun run, TopicScores scores) => ReferenceEquals(scores.Run, run.Run.Pages) || run.Run.Ranked.Granularity == "page" ? GraphLevel.Page : GraphLevel.Domain;
}
