using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks show TARGET</c>: one node's scores, and the links that matter most to it.</summary>
internal static class ShowCommand
{
    public static Command Create(Session session)
    {
        Argument<string> target = new("TARGET") { Description = "A node's name, as written or with its labels reversed, or its number." };
        Option<int> count = new("--count", "-n") { Description = "How many links to show in each direction.", HelpName = "N", DefaultValueFactory = _ => 10 };
        var command = new Command("show", "Show one node: scores, best links in, links out.") { target, count, session.Level, session.RunId, session.Json };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(count) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(count)}");
            using Run opened = session.OpenRun(parsed);
            Run run = RunTargets.Part(opened, parsed.GetValue(session.Level) ?? RunTargets.Meant(opened, parsed.GetValue(target)!));
            int node = Find(run, parsed.GetValue(target)!, session.Cancel);
            var links = new LinkFlow(run);
            Flow[] arriving = links.Into(node, parsed.GetValue(count), session.Cancel), leaving = links.OutOf(node, parsed.GetValue(count), session.Cancel);
            if (session.Layout(parsed, csv: false) == Layout.Json)
                Printing.Json(session.Terminal, Describe(run, node, arriving, leaving, session.Cancel));
            else
                PrintText(session, run, node, arriving, leaving);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>The node of that name, else of that number.</summary>
    /// <exception cref="UsageException">Neither; says which names are near.</exception>
    internal static int Find(Run run, string target, CancellationToken cancel)
    {
        NodeNames names = run.Graph.Names;
        int node = RunTargets.Find(run, target, within: false);
        if (node >= 0)
            return node;
        if (!names.Stored)
            throw new UsageException($"there is no node '{target}'; " + (names.Count == 0 ? "the graph has none" : $"nodes are numbers from 0 to {names.Count - 1}"));
        IReadOnlyList<string> near = NearNames.To(names, target, cancel);
        throw new UsageException($"there is no node '{target}'" + (near.Count > 0 ? $"; near it are {string.Join(", ", near)}" : ""));
    }

    private static JsonObject Describe(Run run, int node, Flow[] arriving, Flow[] leaving, CancellationToken cancel)
    {
        var scores = new JsonObject();
        foreach (ScoreColumn column in run.Columns)
        {
            var score = new JsonObject { ["value"] = Value(column, node) };
            if (column.IsScore)
                (score["rank"], score["percentile"]) = column.StandingOf(node, cancel);
            scores[column.Name] = score;
        }
        return new JsonObject
        {
            ["run"] = run.Id,
            ["graph"] = run.Ranked.Id,
            ["node"] = node,
            ["name"] = run.Graph.Names[node],
            ["scores"] = scores,
            ["insufficient_data"] = run.Column("authority") is not null && !RunAuthority.HasReferringDomain(run, node),
            ["in_links"] = new JsonArray([.. arriving.Select(flow => Describe(run, flow))]),
            ["out_links"] = new JsonArray([.. leaving.Select(flow => Describe(run, flow))]),
        };
    }

    private static JsonObject Describe(Run run, Flow flow) => new()
    {
        ["node"] = flow.Node,
        ["name"] = run.Graph.Names[flow.Node],
        ["weight"] = flow.Weight,
        ["passes"] = flow.Passes,
        ["pagerank"] = run.Column("pagerank")![flow.Node],
    };

    private static JsonValue Value(ScoreColumn column, int node) => column.IsWhole ? JsonValue.Create((long)column[node]) : JsonValue.Create(column[node]);

    private static void PrintText(Session session, Run run, int node, Flow[] arriving, Flow[] leaving)
    {
        Printing.Lines(session.Terminal, $"{Printing.ForPeople(run.Graph.Names[node])} (node {node} of graph {run.Ranked.Id}, run {run.Id})");
        Printing.Table(session.Terminal, Layout.Text, ["score", "value", "rank", "percentile"], run.Columns.Select(column => Row(column, node, session.Cancel)));
        if (run.Column("authority") is not null && !RunAuthority.HasReferringDomain(run, node))
            Printing.Lines(session.Terminal, "insufficient data: no other domain links here, so its authority says nothing");
        PrintLinks(session, run, "links in, by what each passes", run.Graph.InDegree(node), arriving);
        PrintLinks(session, run, "links out, by what each passes", run.Graph.OutDegree(node), leaving);
    }

    private static object?[] Row(ScoreColumn column, int node, CancellationToken cancel)
    {
        object value = column.IsWhole ? (object)(long)column[node] : column[node]; // without the cast both would be doubles
        if (!column.IsScore)
            return [column.Name, value, null, null];
        (int rank, double percentile) = column.StandingOf(node, cancel);
        return [column.Name, value, rank, percentile];
    }

    private static void PrintLinks(Session session, Run run, string title, long all, Flow[] flows)
    {
        Printing.Lines(session.Terminal, $"{title}: {flows.Length} of {Printing.ForPeople(all)}");
        if (flows.Length > 0)
            Printing.Table(session.Terminal, Layout.Text, ["name", "passes", "weight", "pagerank"], flows.Select(flow => new object?[]
            {
                run.Graph.Names[flow.Node], flow.Passes, flow.Weight, run.Column("pagerank")![flow.Node],
            }));
    }
}
