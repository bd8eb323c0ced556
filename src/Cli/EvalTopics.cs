using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.Evaluation;
using Backlinks.GraphEngine;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval topics DIR</c>: how well topics are told, on articles with known ones.</summary>
internal static class EvalTopics
{
    private static readonly TopicEvaluationOptions Defaults = new();

    public static Command Create(Session session)
    {
        Argument<string> folder = new("DIR") { Description = "Folder with categories.tsv, texts.jsonl.gz and links.tsv.gz, in the layout of Wikispeedia." };
        Option<int> draws = new("--draws") { Description = "How often labels are drawn anew.", HelpName = "N", DefaultValueFactory = _ => Defaults.Draws };
        Option<int> seed = new("--seed") { Description = "Seed of the first draw.", HelpName = "N", DefaultValueFactory = _ => Defaults.FirstSeed };
        Option<double> labelled = new("--labelled") { Description = "Share of labels that are given.", HelpName = "P", DefaultValueFactory = _ => Defaults.Labelled };
        Option<int> words = new("--words") { Description = "Length of the short texts.", HelpName = "N", DefaultValueFactory = _ => Defaults.ShortWords };
        var command = new Command("topics", "Measure how well topics are told, and specialists found.") { folder, draws, seed, labelled, words, session.Json };
        command.SetAction(parsed =>
        {
            var options = new TopicEvaluationOptions
            {
                Draws = parsed.GetValue(draws),
                FirstSeed = parsed.GetValue(seed),
                Labelled = parsed.GetValue(labelled),
                ShortWords = parsed.GetValue(words),
            };
            options.Check();
            TopicFindings findings = Watching.Watch(session, progress => Run(parsed.GetValue(folder)!, options, progress, session.Cancel));
            if (session.Layout(parsed, csv: false) == Layout.Json)
                Printing.Json(session.Terminal, Describe(findings, options));
            else
                Print(session, findings, options);
            return ExitCode.Done;
        });
        return command;
    }

    internal static TopicFindings Run(string folder, TopicEvaluationOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        WikispeediaTopics articles = WikispeediaTopics.Read(folder, cancel);
        string work = Directory.CreateTempSubdirectory("backlinks-eval-").FullName;
        try
        {
            using (GraphBuilder builder = new(work, new GraphBuilderOptions { Source = new GraphSource("edges", "links"), Granularity = "page" }))
            {
                foreach ((int source, int target) in articles.Links)
                    builder.Add((uint)source, (uint)target);
                builder.Build(articles.Articles.Count, null, null, cancel);
            }
            using LinkGraph graph = LinkGraph.Open(work, cancel);
            return TopicEvaluation.Run(articles, graph, options, progress, cancel);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static JsonObject Describe(TopicFindings findings, TopicEvaluationOptions options) => new()
    {
        ["draws"] = options.Draws,
        ["seed"] = options.FirstSeed,
        ["labelled"] = options.Labelled,
        ["measures"] = new JsonArray([.. findings.Measures.Select(measure => new JsonObject
        {
            ["measure"] = measure.Name,
            ["mean"] = measure.Mean,
            ["standard_error"] = measure.StandardError,
            ["bar"] = measure.Bar,
            ["reached"] = measure.Bar is { } bar ? measure.Mean >= bar : null,
            ["values"] = new JsonArray([.. measure.Values.Select(value => JsonValue.Create(value))]),
        })]),
        ["reliability"] = new JsonArray([.. findings.Reliability.Select(bin => new JsonObject
        {
            ["text"] = bin.Text, ["from"] = bin.From, ["to"] = bin.To, ["articles"] = bin.Articles, ["confidence"] = bin.Confidence, ["right"] = bin.Right,
        })]),
    };

    private static void Print(Session session, TopicFindings findings, TopicEvaluationOptions options)
    {
        Printing.Lines(session.Terminal, FormattableString.Invariant($"{options.Draws} draws of {100 * options.Labelled:0.##} % of the labels, seeds {options.FirstSeed} to {options.FirstSeed + options.Draws - 1}"));
        Printing.Table(session.Terminal, Layout.Text, ["measure", "mean", "standard error", "bar", "reached"],
            findings.Measures.Select(m => new object?[] { m.Name, Round(m.Mean), Round(m.StandardError), m.Bar, m.Bar is { } bar ? m.Mean >= bar : null }));
        Printing.Lines(session.Terminal, "how often what was told with a confidence was right (all draws together)");
        Printing.Table(session.Terminal, Layout.Text, ["text", "confidence", "articles", "mean confidence", "right"],
            findings.Reliability.Select(bin => new object?[] { bin.Text, FormattableString.Invariant($"{bin.From:0.0} to {bin.To:0.0}"), bin.Articles, Round(bin.Confidence), Round(bin.Right) }));
    }

    private static double Round(double value) => Math.Round(value, 4);
}
