using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.Pipeline;
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
            return Propose(session, layout, run, session.Folder(parsed), parsed.GetValue(target)!, parsed.GetValue(least), parsed.GetValue(output));
        });
        return command;
    }

    private static int Check(Session session, Layout layout, string path)
    {
        DisavowFile file = DisavowFile.Read(path, DisavowProposal.IsPublicSuffix, session.Cancel);
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

    private static int Propose(Session session, Layout layout, Run run, DataFolder folder, string target, double least, string? output)
    {
        var spam = new SpamRun(run);
        int node = RunTargets.Find(run, target);
        if (node < 0)
            return SpamCommand.NotInIndex(session, layout, run, target);
        var proposal = DisavowProposal.For(spam, node, new Reviews(folder).All(), new DisavowOptions { MinScore = least }, cancel: session.Cancel);
        if (output is not null)
            ExportFile.Write(output, stream => stream.Write(proposal.Content));
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, proposal);
        else if (layout == Layout.Csv)
            Printing.Table(session.Terminal, layout, ["domain", "cluster", "score"], proposal.Domains.Select(d => new object?[] { d.Domain, d.Cluster, d.Score }));
        else if (output is null)
            session.Terminal.Output.Write(proposal.Content);
        int clusters = proposal.Domains.Select(d => d.Cluster).Distinct().Count();
        session.Note($"{proposal.Domains.Count - proposal.LeftOut} domains of {clusters} {(clusters == 1 ? "cluster" : "clusters")} proposed{(proposal.LeftOut > 0 ? $", {proposal.LeftOut} left out for the file's limits" : "")}: review before use");
        return ExitCode.Done;
    }
}
