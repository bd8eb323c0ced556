using System.CommandLine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks topics [TARGET]</c>: the topics of a run with their specialists, one topic's specialists, or what one
/// node is about.</summary>
internal static class TopicsCommand
{
    private const int ShownSpecialists = 3; // beside each topic of the list

    public static Command Create(Session session)
    {
        Argument<string?> target = new("TARGET") { Description = "A node's name, as written or with its labels reversed, or its number.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> topic = new("--topic") { Description = "List the specialists of this topic.", HelpName = "ID" };
        topic.CompletionSources.Add(context => Session.Known(() =>
        {
            using Run run = session.OpenRun(context.ParseResult);
            return [.. new TopicScores(run, RunTargets.Part(run, context.ParseResult.GetValue(session.Level))).Taxonomy.Topics.Select(t => t.Id)];
        }));
        Option<int> count = new("--count", "-n") { Description = "How many specialists to list.", HelpName = "N", DefaultValueFactory = _ => 10 };
        var command = new Command("topics", "Show what nodes are about: topics, specialists, one node's topics.") { target, topic, count, session.Level, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(count) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(count)}");
            if (parsed.GetValue(target) is not null && parsed.GetValue(topic) is not null)
                throw new UsageException("TARGET and --topic exclude each other: a target's topics, or a topic's specialists");
            Layout layout = session.Layout(parsed);
            using Run opened = session.OpenRun(parsed);
            string? name = parsed.GetValue(target);
            Run run = RunTargets.Part(opened, parsed.GetValue(session.Level) ?? (name is null ? null : RunTargets.Meant(opened, name)));
            var scores = new TopicScores(opened, run);
            if (name is not null)
                PrintNode(session, layout, scores, ShowCommand.Find(run, name, session.Cancel));
            else if (parsed.GetValue(topic) is { } id)
                PrintSpecialists(session, layout, scores, Find(scores, id), parsed.GetValue(count));
            else
                PrintTopics(session, layout, scores);
            return ExitCode.Done;
        });
        return command;
    }

    private static int Find(TopicScores scores, string id) => scores.Taxonomy.IndexOf(id) is var topic and >= 0 ? topic
        : throw new UsageException($"there is no topic '{id}' in taxonomy {scores.Taxonomy.Version}; there is {string.Join(", ", scores.Taxonomy.Topics.Select(t => t.Id))}");

    private static void PrintTopics(Session session, Layout layout, TopicScores scores)
    {
        var list = TopicList.Of(scores, ShownSpecialists, session.Cancel);
        Printing.Table(session.Terminal, layout, ["topic", "name", "nodes", "confidence", "specialists"], list.Topics.Select(topic => new object?[]
        {
            topic.Topic, topic.Name, topic.Nodes, topic.Confidence, scores.HasRanks && topic.Nodes > 0 ? string.Join(' ', topic.Specialists) : null,
        }));
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal, $"{Printing.ForPeople(list.Unknown)} of {Printing.ForPeople(list.Nodes)} nodes are of no known topic: too little text");
    }

    private static void PrintSpecialists(Session session, Layout layout, TopicScores scores, int topic, int count) =>
        Printing.Table(session.Terminal, layout, ["rank", "name", "lift", "topic_rank", "probability", "confidence"], TopicList.Specialists(scores, topic, count, session.Cancel).Select(s => new object?[]
        {
            s.Rank, s.Name, s.Lift, s.TopicRank, s.Probability, s.Confidence,
        }));

    private static void PrintNode(Session session, Layout layout, TopicScores scores, int node)
    {
        var told = NodeTopics.Of(scores, node, session.Cancel);
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, told);
            return;
        }
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal, $"{Printing.ForPeople(told.Name)}: " + (told.Topic is null ? "of no known topic: too little text"
                : FormattableString.Invariant($"{told.Topic}, confidence {told.Confidence:0.00}")));
        Printing.Table(session.Terminal, layout, ["topic", "name", "probability", "topic_rank", "place", "lift"], told.Topics.Select(topic => new object?[]
        {
            topic.Topic, topic.Name, topic.Probability, topic.TopicRank, topic.Place, topic.Lift,
        }));
    }
}
