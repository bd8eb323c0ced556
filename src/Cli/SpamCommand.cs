using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks spam [CLUSTER|TARGET]</c>: groups of domains that link in order to boost, with the reasons; one of them in
/// full; or what a domain has to do with them.</summary>
internal static class SpamCommand
{
    private const int MembersTold = 40; // of a cluster, for people; JSON and CSV hold all

    public static Command Create(Session session)
    {
        Argument<string?> what = new("CLUSTER|TARGET") { Description = "A cluster's id (c-…), or a domain; without, all clusters are listed.", Arity = ArgumentArity.ZeroOrOne };
        Option<double> least = new("--min-score") { Description = "List clusters from this score on, 0 to 100.", HelpName = "N", DefaultValueFactory = _ => 0 };
        Option<string?> dot = new("--graphviz") { Description = "Also write the cluster's evidence as a drawing for Graphviz.", HelpName = "FILE" };
        Option<string?> graphMl = new("--graphml") { Description = "Also write it as GraphML.", HelpName = "FILE" };
        var command = new Command("spam", "Show clusters of domains that link in order to boost, with reasons and counter-evidence.") { what, least, dot, graphMl, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            string? dotPath = parsed.GetValue(dot), graphMlPath = parsed.GetValue(graphMl);
            if (parsed.GetValue(least) is not (>= 0 and <= 100))
                throw new UsageException($"--min-score must be 0 to 100, not {parsed.GetValue(least).ToString(CultureInfo.InvariantCulture)}");
            using Run run = session.OpenRun(parsed);
            var spam = new SpamRun(run);
            SpamReport report = spam.Report;
            string? name = parsed.GetValue(what);
            if (name is not null && report.Clusters.FirstOrDefault(c => c.Id == name) is { } cluster)
            {
                Show(session, layout, spam, cluster);
                Draw(session, spam, cluster, dotPath, graphMlPath);
            }
            else if (dotPath is not null || graphMlPath is not null)
                throw new UsageException("--graphviz and --graphml draw one cluster: name it by its id");
            else if (name is null)
                List(session, layout, report, parsed.GetValue(least));
            else if (LooksLikeId(name))
                throw new UsageException($"run {run.Id} has no cluster '{name}'; " + (report.Clusters.Count == 0 ? "it has none" : $"it has {report.Clusters.Count}, such as {string.Join(", ", report.Clusters.Take(5).Select(c => c.Id))}"));
            else
                return Target(session, layout, spam, name);
            return ExitCode.Done;
        });
        return command;
    }

    internal static int NotInIndex(Session session, Layout layout, Run run, string target)
    {
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject { ["run"] = run.Id, ["target"] = target, ["in_index"] = false });
        else
            Printing.Lines(session.Terminal, $"{Printing.Printable(target)} is not in the index: run {run.Id} knows no such domain");
        return ExitCode.Done;
    }

    private static bool LooksLikeId(string name) => name.Length == 10 && name.StartsWith("c-", StringComparison.Ordinal) && name.AsSpan(2).ContainsAnyExcept("0123456789abcdef") is false;

    private static void List(Session session, Layout layout, SpamReport report, double least)
    {
        SpamCluster[] clusters = [.. report.Clusters.Where(c => c.Score >= least)];
        Printing.Table(session.Terminal, layout, ["id", "score", "confirmed", "members", "targets", "insularity", "families", "first_target", "first_reason"], clusters.Select(c => new object?[]
        {
            c.Id, c.Score, c.Confirmed, c.Members.Count, c.Members.Count(m => m.Role == SpamRole.Target), c.Insularity, Families(c),
            c.Members[0].Role == SpamRole.Target ? c.Members[0].Name : null, c.Reasons.Count > 0 ? c.Reasons[0].Text : null,
        }));
        if (layout == Layout.Text)
            session.Note($"{clusters.Length} clusters, {clusters.Count(c => c.Confirmed)} of them confirmed (80 or more); {report.Excluded.Count} domains were excluded first. Clusters are claims to review, not verdicts on single sites.");
    }

    private static string Families(SpamCluster cluster) =>
        string.Join(" ", cluster.Families.Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Key.ToString().ToLowerInvariant()} {f.Value:+0.0;-0.0}")));

    private static void Show(Session session, Layout layout, SpamRun spam, SpamCluster found)
    {
        SpamCluster cluster = spam.WithAuthority(found, session.Cancel);
        if (layout == Layout.Json)
        {
            JsonObject json = SpamReport.Describe(cluster);
            json["run"] = spam.Run.Id;
            Printing.Json(session.Terminal, json);
            return;
        }
        IEnumerable<object?[]> rows = cluster.Members.Select(m => new object?[] { m.Name, m.Role.ToString().ToLowerInvariant(), m.Raw, m.RawWithout, m.Supporters, m.Outside });
        string[] columns = ["member", "role", "raw_with", "raw_without", "supporters_inside", "supporters_outside"];
        if (layout == Layout.Csv)
        {
            Printing.Table(session.Terminal, layout, columns, rows);
            return;
        }
        Printing.Lines(session.Terminal, [
            string.Create(CultureInfo.InvariantCulture, $"cluster {cluster.Id}: score {cluster.Score:0}{(cluster.Confirmed ? ", confirmed" : "")}, {cluster.Members.Count} members, {cluster.InnerLinks} links inside, insularity {cluster.Insularity:0.00}"),
            $"log-odds by family of evidence: {Families(cluster)}",
            .. cluster.Reasons.SelectMany(Reason),
            .. cluster.CounterEvidence.Select(c => $"  against: {Printing.Printable(c)}"),
            .. cluster.Victims.Count == 0 ? [] : new[] { "  camouflage, no members: " + string.Join(", ", cluster.Victims.Select(v => $"{Printing.Printable(v.Name)} ({v.Boosters})")) },
        ]);
        Printing.Table(session.Terminal, Layout.Text, columns, rows.Take(MembersTold));
        if (cluster.Members.Count > MembersTold)
            session.Note($"{cluster.Members.Count - MembersTold} more members; --json or --csv lists all");
    }

    private static IEnumerable<string> Reason(SpamReason reason)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"  {reason.Family.ToString().ToLowerInvariant()} {reason.LogRatio:+0.0;-0.0}: {Printing.Printable(reason.Text)}");
        if (reason.Examples.Count > 0)
            yield return "      such as " + string.Join(", ", reason.Examples.Select(Printing.Printable));
    }

    private static void Draw(Session session, SpamRun spam, SpamCluster cluster, string? dotPath, string? graphMlPath)
    {
        if (dotPath is null && graphMlPath is null)
            return;
        Neighbourhood extract = spam.Drawing(cluster, spam.Run.Array<double>("raw") is null ? null : RunAuthority.Open(spam.Run, GraphLevel.Domain).ScoreOf);
        if (dotPath is not null)
            ExportFile.Write(dotPath, extract.WriteDot);
        if (graphMlPath is not null)
            ExportFile.Write(graphMlPath, extract.WriteGraphMl);
        session.Note($"wrote {extract.Nodes.Count} nodes and {extract.Links.Count} links to {string.Join(" and ", new[] { dotPath, graphMlPath }.OfType<string>())}");
    }

    private static int Target(Session session, Layout layout, SpamRun spam, string name)
    {
        int node = RunTargets.Find(spam.Run, name);
        if (node < 0)
            return NotInIndex(session, layout, spam.Run, name);
        var told = SpamEvidence.Of(spam, node, session.Cancel);
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, told);
            return ExitCode.Done;
        }
        if (layout == Layout.Text)
            Printing.Lines(session.Terminal,
                told.Cluster is null ? $"{Printing.Printable(told.Target)} is a member of no cluster"
                    : string.Create(CultureInfo.InvariantCulture, $"{Printing.Printable(told.Target)} is a {told.Role.ToString()!.ToLowerInvariant()} of cluster {told.Cluster} (score {told.SpamScore:0}{(spam.Find(told.Cluster)!.Confirmed ? ", confirmed" : "")})"),
                $"{told.InLinksFromClusters} of {told.InLinks} domains that link to it are members of clusters" + (told.Excluded is null ? "" : $"; left out as a target: it {Printing.Printable(told.Excluded)}"));
        if (layout == Layout.Csv || told.Clusters.Count > 0)
            Printing.Table(session.Terminal, layout, ["cluster", "score", "confirmed", "in_links", "share", "examples"], told.Clusters.Select(c => new object?[] { c.Id, c.Score, c.Confirmed, c.InLinks, c.Share, string.Join(' ', c.Examples) }));
        return ExitCode.Done;
    }
}
