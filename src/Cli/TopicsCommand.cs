using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Backlinks.Topics;

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
        int[] nodes = new int[scores.Count];
        double[] sure = new double[scores.Count];
        for (int node = 0; node < scores.Run.Graph.NodeCount; node++)
        {
            if ((node & 0xFFFF) == 0)
                session.Cancel.ThrowIfCancellationRequested();
            if (scores.Likeliest(node) is var topic and >= 0)
                (nodes[topic], sure[topic]) = (nodes[topic] + 1, sure[topic] + scores.ConfidenceOf(node));
        }
        Specialist[][] specialists = scores.HasRanks ? scores.SpecialistsOf([.. Enumerable.Range(0, scores.Count)], ShownSpecialists, session.Cancel) : [];
        Printing.Table(session.Terminal, layout, ["topic", "name", "nodes", "confidence", "specialists"], scores.Taxonomy.Topics.Select((topic, k) => new object?[]
        {
            topic.Id, topic.Name, nodes[k], nodes[k] == 0 ? null : sure[k] / nodes[k],
            scores.HasRanks && nodes[k] > 0 ? string.Join(' ', specialists[k].Select(s => scores.Run.Graph.Names[s.Node])) : null,
        }));
        int unknown = scores.Run.Graph.NodeCount - nodes.Sum();
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal, $"{Printing.ForPeople(unknown)} of {Printing.ForPeople(scores.Run.Graph.NodeCount)} nodes are of no known topic: too little text");
    }

    private static void PrintSpecialists(Session session, Layout layout, TopicScores scores, int topic, int count)
    {
        RequireRanks(scores);
        Printing.Table(session.Terminal, layout, ["rank", "name", "lift", "topic_rank", "probability", "confidence"], scores.SpecialistsOf([topic], count, session.Cancel)[0].Select((s, i) => new object?[]
        {
            i + 1, scores.Run.Graph.Names[s.Node], s.Lift, s.Rank, (double)scores.Of(s.Node)[topic], scores.ConfidenceOf(s.Node),
        }));
    }

    private static void RequireRanks(TopicScores scores)
    {
        if (!scores.HasRanks)
            throw new StoreException(scores.Run.Folder, $"run {scores.Run.Id} has topics but no authority by topic, so it has no specialists: rank again");
    }

    private static void PrintNode(Session session, Layout layout, TopicScores scores, int node)
    {
        int likeliest = scores.Likeliest(node);
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderByDescending(k => scores.Of(node)[k]).ThenBy(k => k)];
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, new JsonObject
            {
                ["run"] = scores.Run.Id,
                ["node"] = node,
                ["name"] = scores.Run.Graph.Names[node],
                ["taxonomy"] = scores.Taxonomy.Version,
                ["topic"] = likeliest < 0 ? null : scores.Taxonomy.Topics[likeliest].Id,
                ["confidence"] = scores.ConfidenceOf(node),
                ["topics"] = new JsonArray([.. order.Select(k => Describe(scores, node, k, session.Cancel))]),
            });
            return;
        }
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal, $"{Printing.ForPeople(scores.Run.Graph.Names[node])}: " + (likeliest < 0 ? "of no known topic: too little text"
                : FormattableString.Invariant($"{scores.Taxonomy.Topics[likeliest].Id}, confidence {scores.ConfidenceOf(node):0.00}")));
        Printing.Table(session.Terminal, layout, ["topic", "name", "probability", "topic_rank", "place", "lift"], order.Select(k => new object?[]
        {
            scores.Taxonomy.Topics[k].Id, scores.Taxonomy.Topics[k].Name, (double)scores.Of(node)[k],
            scores.HasRanks ? scores.RankOf(node, k) : null, scores.HasRanks ? scores.PlaceOf(node, k, session.Cancel) : null, scores.HasRanks ? scores.Lift(node, k, session.Cancel) : null,
        }));
    }

    private static JsonObject Describe(TopicScores scores, int node, int topic, CancellationToken cancel)
    {
        var about = new JsonObject
        {
            ["topic"] = scores.Taxonomy.Topics[topic].Id,
            ["name"] = scores.Taxonomy.Topics[topic].Name,
            ["probability"] = (double)scores.Of(node)[topic],
        };
        if (scores.HasRanks)
        {
            about["topic_rank"] = scores.RankOf(node, topic);
            about["place"] = scores.PlaceOf(node, topic, cancel);
            about["lift"] = scores.Lift(node, topic, cancel);
        }
        return about;
    }
}
