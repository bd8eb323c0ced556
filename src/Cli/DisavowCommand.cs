using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks disavow TARGET</c> proposes a file for a person to review; <c>backlinks disavow --check FILE</c> reads one.</summary>
internal static class DisavowCommand
{
    public static Command Create(Session session)
    {
        Argument<string?> target = new("TARGET") { Description = "The domain whose links from confirmed clusters are proposed.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> check = new("--check") { Description = "Read a disavow file and list what is wrong with it.", HelpName = "FILE" };
        Option<string?> output = new("--out") { Description = "Write the proposal to a file instead of standard output.", HelpName = "FILE" };
        Option<double> least = new("--min-score") { Description = "Propose boosters of clusters from this score on, 50 to 100.", HelpName = "N", DefaultValueFactory = _ => new SpamOptions().Confirmed };
        var command = new Command("disavow", "Propose a disavow file from spam clusters, or check one. Nothing is ever sent anywhere.") { target, check, output, least, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            if (parsed.GetValue(least) is not (>= 50 and <= 100))
                throw new UsageException($"--min-score must be 50 to 100, not {parsed.GetValue(least).ToString(CultureInfo.InvariantCulture)}");
            if (parsed.GetValue(check) is null == parsed.GetValue(target) is null)
                throw new UsageException("name either a TARGET to propose for, or --check FILE");
            if (parsed.GetValue(check) is { } path)
                return Check(session, layout, path);
            using Run run = session.OpenRun(parsed);
            return Propose(session, layout, run, parsed.GetValue(target)!, parsed.GetValue(least), parsed.GetValue(output));
        });
        return command;
    }

    private static int Check(Session session, Layout layout, string path)
    {
        DisavowFile file = DisavowFile.Read(path, session.Cancel);
        int domains = file.Entries.Count(e => e.Domain);
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject
            {
                ["file"] = path,
                ["accepted"] = file.Accepted,
                ["lines"] = file.Lines,
                ["bytes"] = file.Bytes,
                ["domains"] = domains,
                ["urls"] = file.Entries.Count - domains,
                ["problems"] = new JsonArray([.. file.Problems.Select(p => new JsonObject { ["line"] = p.Line, ["refused"] = p.Refused, ["problem"] = p.Text })]),
            });
        else if (layout == Layout.Csv)
            Printing.Table(session.Terminal, layout, ["line", "refused", "problem"], file.Problems.Select(p => new object?[] { p.Line, p.Refused, p.Text }));
        else
            Printing.Lines(session.Terminal, [
                $"{Printing.ForPeople(domains)} domains and {Printing.ForPeople(file.Entries.Count - domains)} URLs in {Printing.ForPeople(file.Lines)} lines, {Printing.ForPeople(file.Bytes)} bytes",
                .. file.Problems.Select(p => $"{(p.Line > 0 ? $"line {p.Line}: " : "")}{(p.Refused ? "" : "note: ")}{Printing.Printable(p.Text)}"),
            ]);
        if (file.Accepted)
            return ExitCode.Done;
        DisavowProblem first = file.Problems.First(p => p.Refused);
        session.Note($"backlinks: {path}{(first.Line > 0 ? $", line {first.Line}" : "")}: {Printing.Printable(first.Text)} ({file.Problems.Count(p => p.Refused)} problems in all; at most {DisavowFile.MostLines} lines, {DisavowFile.MostBytes} bytes, URLs of {DisavowFile.LongestUrl} characters)");
        return ExitCode.Failed;
    }

    private static int Propose(Session session, Layout layout, Run run, string target, double least, string? output)
    {
        SpamReport report = SpamCommand.Report(run);
        int node = SpamCommand.Find(run, target);
        if (node < 0)
            return SpamCommand.NotInIndex(session, layout, run, target);
        string domain = run.Graph.Names[node];
        MappedArray<uint> cluster = SpamCommand.ClusterOf(run);
        var groups = new List<(SpamCluster Cluster, string[] Domains)>();
        foreach (var from in SpamCommand.InLinks(run, node, cluster, session.Cancel).Where(f => f.Cluster != 0).GroupBy(f => f.Cluster).OrderBy(g => g.Key))
        {
            SpamCluster of = report.Clusters[(int)from.Key - 1];
            var boosters = of.Members.Where(m => m.Role == SpamRole.Booster).Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
            string[] names = [.. from.Select(f => run.Graph.Names[f.Source]).Where(boosters.Contains).Order(StringComparer.Ordinal)];
            if (of.Score >= least && names.Length > 0)
                groups.Add((of, names));
        }
        (byte[] content, int leftOut) = DisavowFile.Write(
            [
                $"Proposed for {domain} from run {run.Id}: domains that link to it from clusters of score {least.ToString(CultureInfo.InvariantCulture)} or more.",
                "Review every line. A cluster is a claim with reasons, not a verdict; disavowing good links does harm.",
            ],
            groups.Select(g => ((IReadOnlyList<string>)[string.Create(CultureInfo.InvariantCulture, $"cluster {g.Cluster.Id}, score {g.Cluster.Score:0}, {g.Cluster.Members.Count} members"), .. g.Cluster.Reasons.Select(r => r.Text), .. g.Cluster.CounterEvidence.Select(c => "against: " + c)], (IReadOnlyList<string>)g.Domains)));
        if (output is not null)
            ExportFile.Write(output, stream => stream.Write(content));
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject
            {
                ["run"] = run.Id,
                ["target"] = domain,
                ["in_index"] = true,
                ["min_score"] = least,
                ["left_out"] = leftOut,
                ["domains"] = new JsonArray([.. groups.SelectMany(g => g.Domains.Select(d => new JsonObject { ["domain"] = d, ["cluster"] = g.Cluster.Id, ["score"] = g.Cluster.Score }))]),
            });
        else if (layout == Layout.Csv)
            Printing.Table(session.Terminal, layout, ["domain", "cluster", "score"], groups.SelectMany(g => g.Domains.Select(d => new object?[] { d, g.Cluster.Id, g.Cluster.Score })));
        else if (output is null)
            session.Terminal.Output.Write(content);
        session.Note($"{groups.Sum(g => g.Domains.Length) - leftOut} domains of {groups.Count} {(groups.Count == 1 ? "cluster" : "clusters")} proposed{(leftOut > 0 ? $", {leftOut} left out for the file's limits" : "")}: review before use");
        return ExitCode.Done;
    }
}
