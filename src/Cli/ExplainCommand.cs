using System.CommandLine;
using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks explain TARGET</c>: where a node's authority comes from, in parts that add up to it.</summary>
internal static class ExplainCommand
{
    private static readonly ExplanationOptions Defaults = new();

    private const int LinksTold = 3; // behind each edge

    public static Command Create(Session session)
    {
        Argument<string> target = new("TARGET") { Description = "A domain or a page, by name or number." };
        Option<int> count = new("--count", "-n") { Description = "How many sources to tell one by one.", HelpName = "N", DefaultValueFactory = _ => Defaults.Top };
        Option<int> depth = new("--depth") { Description = "1: its sources; 2: theirs too; 3: and theirs.", HelpName = "D", DefaultValueFactory = _ => Defaults.Depth };
        Option<string?> dot = new("--graphviz") { Description = "Also write the sources and theirs as a drawing for Graphviz.", HelpName = "FILE" };
        Option<string?> graphMl = new("--graphml") { Description = "Also write them as GraphML.", HelpName = "FILE" };
        var command = new Command("explain", "Explain an authority score: what every link passes, what evaporates, what a discount took.")
        {
            target, count, depth, dot, graphMl, session.Level, session.RunId, session.Json, session.Csv,
        };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            var options = new ExplanationOptions { Top = parsed.GetValue(count), Depth = parsed.GetValue(depth) };
            if (options.Top < 0)
                throw new UsageException($"-n must be 0 or more, not {options.Top}");
            if (options.Depth is < 1 or > 3)
                throw new UsageException($"--depth must be 1 to 3, not {options.Depth}");
            string name = parsed.GetValue(target)!;
            using Run run = session.OpenRun(parsed);
            var authority = RunAuthority.Open(run, name, parsed.GetValue(session.Level));
            int node = authority.Find(name);
            if (node < 0)
                return session.NotInIndex(authority, name, layout == Layout.Json);
            var told = ScoreExplanation.Of(authority, node, options, LinksTold, session.Cancel);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, told);
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, Columns, Rows(told, told.Target, 1));
            else
                Print(session, told, authority.Graph.NodeCount);
            if (parsed.GetValue(dot) is null && parsed.GetValue(graphMl) is null)
                return ExitCode.Done;
            var drawn = Explanation.Of(authority.Solved, node, options with { Depth = Math.Max(2, options.Depth) }, authority.Origins?.Withheld(node, session.Cancel), session.Cancel);
            var extract = Neighbourhood.Of(drawn, authority.Graph.Names, authority.ScoreOf);
            if (parsed.GetValue(dot) is { } dotPath)
                ExportFile.Write(dotPath, extract.WriteDot);
            if (parsed.GetValue(graphMl) is { } graphMlPath)
                ExportFile.Write(graphMlPath, extract.WriteGraphMl);
            session.Note($"wrote {extract.Nodes.Count} nodes and {extract.Links.Count} links to {string.Join(" and ", new[] { parsed.GetValue(dot), parsed.GetValue(graphMl) }.OfType<string>())}");
            return ExitCode.Done;
        });
        return command;
    }

    private static readonly string[] Columns =
    [
        "level", "of", "part", "source", "passes", "fraction", "share", "weight", "source_raw", "source_score", "source_total", "source_links", "source_evaporates", "evaporates", "discount_took",
    ];

    /// <summary>Rows whose column <c>passes</c> adds up to each node's raw value: its links, the others, teleport, remainder.</summary>
    private static IEnumerable<object?[]> Rows(ExplainedNode told, string of, int level)
    {
        foreach (ExplainedLink l in told.Links)
            yield return [level, of, "link", l.Source, l.Passes, l.Part, l.Share, l.Weight, l.SourceRaw, l.SourceScore, l.SourceTotal, l.SourceLinks, l.SourceEvaporates, l.Evaporates, l.DiscountTook];
        foreach ((string part, double passes) in new[] { ("others", told.Others.Pass), ("teleport", told.Teleport), ("remainder", told.Remainder) })
            yield return [level, of, part, null, passes, told.Raw > 0 ? passes / told.Raw : 0.0, null, null, null, null, null, null, null, null, null];
        foreach (ExplainedLink l in told.Links)
            if (l.Origin is { } origin)
                foreach (object?[] row in Rows(origin, l.Source, level + 1))
                    yield return row;
    }

    private static void Print(Session session, ScoreExplanation told, int nodes)
    {
        Printing.Lines(session.Terminal,
            $"{Printing.Printable(told.Target)}: authority {Printing.Score(told.Score)}, raw {Number(told.Raw)}, rank {Printing.ForPeople(told.Rank)} of {Printing.ForPeople(nodes)} {told.Level.ToString().ToLowerInvariant()}s"
            + $" (run {told.Run}, scale {told.ScaleVersion})");
        if (told.InsufficientData)
            Printing.Lines(session.Terminal, "no domain links here, so there is no score: what it has is what every node gets, and its own links");
        PrintLevel(session, told, "");
        Printing.Lines(session.Terminal, $"= {Number(told.Raw)} ({(told.InsufficientData ? "insufficient data for a score" : $"score {Printing.Score(told.Score)}")})");
        if (told.Evaporates > 0)
            Printing.Lines(session.Terminal, $"kept from it by nofollow, ugc, sponsored and owners that share: {Number(told.Evaporates)}, which evaporates");
        if (told.DiscountTook > 0)
            Printing.Lines(session.Terminal, $"kept from it by discounts of spam clusters: {Number(told.DiscountTook)}");
    }

    private static void PrintLevel(Session session, ExplainedNode told, string indent)
    {
        bool evaporates = told.Links.Any(l => l.Evaporates > 0), discounted = told.Links.Any(l => l.DiscountTook > 0);
        double most = told.Links.Count > 0 ? told.Links.Max(l => l.Passes) : 0;
        string[] columns = ["passes", "", "source", "its raw", "share", "weight", "its links", "it loses", .. evaporates ? ["evaporates"] : Array.Empty<string>(), .. discounted ? ["discount took"] : Array.Empty<string>()];
        if (told.Links.Count > 0)
            Printing.Table(session.Terminal, Layout.Text, columns, told.Links.Select(l => (object?[])
            [
                l.Passes, Bar(l.Passes, most), l.Source, l.SourceRaw, Percent(l.Share), l.Weight, l.SourceLinks, Percent(l.SourceEvaporates),
                .. evaporates ? [l.Evaporates] : Array.Empty<object?>(), .. discounted ? [l.DiscountTook] : Array.Empty<object?>(),
            ]));
        var sum = new List<string> { $"{indent}{Number(told.Links.Sum(l => l.Passes))} by {(told.Links.Count == 1 ? "this link" : $"these {told.Links.Count} links")}" };
        if (told.Others.Count > 0)
            sum.Add($"{Number(told.Others.Pass)} by {Printing.ForPeople(told.Others.Count)} others");
        sum.Add($"{Number(told.Teleport)} without any link");
        if (Math.Abs(told.Remainder) > 1e-9 * told.Raw)
            sum.Add($"{Number(told.Remainder)} left by the solver");
        Printing.Lines(session.Terminal, string.Join(" + ", sum));
        foreach (ExplainedLink link in told.Links.Take(LinksTold))
            if (link.Edge is { } edge)
                PrintEdge(session, link.Source, edge);
        foreach (ExplainedLink link in told.Links)
            if (link.Origin is { LinkCount: > 0 } origin)
            {
                Printing.Lines(session.Terminal, $"{indent}{Printing.Printable(link.Source)} has its {Number(link.SourceRaw)} from:");
                PrintLevel(session, origin, indent);
            }
    }

    private static void PrintEdge(Session session, string source, ExplainedEdge edge)
    {
        if (edge.LinkCount == 0)
            return;
        string owner = edge.OwnerFactor < 1 ? $" × {Number(edge.OwnerFactor)} shared among one owner" : "";
        string disagree = edge.Agrees ? "" : $"; the graph has {Number(edge.Stored)}, which does not follow from these records: rank the link store again";
        Printing.Lines(session.Terminal, $"{Printing.Printable(source)}: {Printing.ForPeople(edge.LinkCount)} {(edge.LinkCount == 1 ? "link" : "links")} weigh {Number(edge.Sum)} of {Number(edge.Full)}, the edge {Number(edge.Weight)}{owner}{disagree}");
        foreach (ObservedLink link in edge.Links)
        {
            LinkFactors f = link.Factors;
            Printing.Lines(session.Terminal, $"  {Number(link.Weight)} = rel {Number(f.Rel)} × zone {Number(f.Zone)} × position {Number(f.Position)} × form {Number(f.Form)} × relevance {Number(f.Relevance)} × site-wide {Number(f.Sitewide)}"
                + $"  {Printing.Printable(link.Source)} → {Printing.Printable(link.Target)} \"{Printing.Printable(link.Anchor)}\"");
        }
    }

    private static string Bar(double value, double most)
    {
        int eighths = most > 0 ? (int)Math.Round(80 * value / most) : 0;
        return new string('█', eighths / 8) + (eighths % 8 > 0 ? "▏▎▍▌▋▊▉"[eighths % 8 - 1].ToString() : "");
    }

    internal static string Percent(double part) => (100 * part).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    internal static string Number(double value) => Printing.ForPeople(value);
}
