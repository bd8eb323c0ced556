using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
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
            RunAuthority authority = RunAuthority.Open(run, name, parsed.GetValue(session.Level));
            int node = authority.Find(name);
            if (node < 0)
                return authority.NotInIndex(session, name, layout == Layout.Json);
            EdgeOrigins? origins = authority.Origins();
            IReadOnlyDictionary<int, double>? withheld = origins?.Withheld(node);
            Explanation told = Explanation.Of(authority.Solved, node, options, withheld, session.Cancel);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, Describe(authority, told, origins, session.Cancel));
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, Columns, Rows(authority, told, told.Node, 1));
            else
                Print(session, authority, told, origins);
            if (parsed.GetValue(dot) is null && parsed.GetValue(graphMl) is null)
                return ExitCode.Done;
            Explanation both = options.Depth >= 2 ? told : Explanation.Of(authority.Solved, node, options with { Depth = 2 }, withheld, session.Cancel);
            var extract = Neighbourhood.Of(both, authority.Graph.Names, authority.ScoreOf);
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
    private static IEnumerable<object?[]> Rows(RunAuthority authority, Explanation told, int node, int level)
    {
        string of = authority.Graph.Names[node];
        foreach (LinkContribution l in told.Links)
            yield return [level, of, "link", authority.Graph.Names[l.Source], l.Passes, l.Part, l.Share, l.Weight, l.SourceRaw, Cell(authority.ScoreOf(l.Source, l.SourceRaw)), l.SourceTotal, l.SourceLinks, l.SourceEvaporates, l.Evaporates, l.DiscountTook];
        foreach ((string part, double passes) in new[] { ("others", told.OthersPass), ("teleport", told.Teleport), ("remainder", told.Remainder) })
            yield return [level, of, part, null, passes, told.Raw > 0 ? passes / told.Raw : 0.0, null, null, null, null, null, null, null, null, null];
        foreach (LinkContribution l in told.Links.Where(l => l.Origin is not null))
            foreach (object?[] row in Rows(authority, l.Origin!, l.Source, level + 1))
                yield return row;
    }

    private static double? Cell(double value) => double.IsNaN(value) ? null : value;

    private static JsonObject Describe(RunAuthority authority, Explanation told, EdgeOrigins? origins, CancellationToken cancel)
    {
        double score = authority.ScoreOf(told.Node, told.Raw);
        (int rank, double percentile) = authority.Part.Column("raw")!.StandingOf(told.Node, cancel);
        var json = new JsonObject
        {
            ["run"] = authority.Run.Id,
            ["graph"] = authority.Part.Ranked.Id,
            ["level"] = authority.Level,
            ["in_index"] = true,
            ["target"] = authority.Graph.Names[told.Node],
            ["node"] = told.Node,
            ["score"] = Printing.Number(score),
            ["insufficient_data"] = double.IsNaN(score),
            ["scale_version"] = authority.Scale.Version,
            ["rank"] = rank,
            ["percentile"] = percentile,
            ["damping"] = authority.Solved.Damping,
        };
        Describe(json, authority, told, origins);
        return json;
    }

    private static void Describe(JsonObject json, RunAuthority authority, Explanation told, EdgeOrigins? origins)
    {
        json["raw"] = told.Raw;
        json["teleport"] = told.Teleport;
        json["links_pass"] = told.LinksPass;
        json["remainder"] = told.Remainder;
        json["evaporates"] = told.Evaporates;
        json["discount_took"] = told.DiscountTook;
        json["link_count"] = told.LinkCount;
        json["others"] = new JsonObject { ["count"] = told.OtherCount, ["pass"] = told.OthersPass };
        json["links"] = new JsonArray([.. told.Links.Select(link => Describe(authority, link, told.Node, origins))]);
    }

    private static JsonObject Describe(RunAuthority authority, LinkContribution link, int node, EdgeOrigins? origins)
    {
        var json = new JsonObject
        {
            ["source"] = authority.Graph.Names[link.Source],
            ["node"] = link.Source,
            ["passes"] = link.Passes,
            ["part"] = link.Part,
            ["share"] = link.Share,
            ["weight"] = link.Weight,
            ["source_raw"] = link.SourceRaw,
            ["source_score"] = Printing.Number(authority.ScoreOf(link.Source, link.SourceRaw)),
            ["source_total"] = link.SourceTotal,
            ["source_links"] = link.SourceLinks,
            ["source_evaporates"] = link.SourceEvaporates,
            ["evaporates"] = link.Evaporates,
            ["discount_took"] = link.DiscountTook,
        };
        if (origins is not null)
            json["edge"] = Describe(origins.Between(link.Source, node, LinksTold));
        if (link.Origin is { } told)
        {
            var origin = new JsonObject();
            Describe(origin, authority, told, null);
            json["origin"] = origin;
        }
        return json;
    }

    /// <summary>How an edge's weight follows from the links behind it.</summary>
    internal static JsonObject Describe(EdgeOrigin edge) => new()
    {
        ["link_count"] = edge.LinkCount,
        ["sum"] = edge.Sum,
        ["full"] = edge.Full,
        ["weight"] = edge.Weight,
        ["full_weight"] = edge.FullWeight,
        ["owner_factor"] = edge.OwnerFactor,
        ["recomputed"] = edge.Recomputed,
        ["stored"] = edge.Stored,
        ["agrees"] = edge.Agrees,
        ["links"] = new JsonArray([.. edge.Links.Select(link => Describe(link))]),
    };

    private static JsonObject Describe(OriginLink link)
    {
        LinkRecord record = link.Record;
        return new JsonObject
        {
            ["source"] = link.Source,
            ["target"] = link.Target,
            ["kind"] = Word(record.Kind),
            ["rel"] = Word(record.Rel),
            ["zone"] = Word(record.Zone),
            ["position"] = float.IsNaN(record.Position) ? null : record.Position,
            ["form"] = Word(record.Form),
            ["anchor"] = link.Anchor,
            ["first_seen"] = record.FirstSeen.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            ["flags"] = Word(record.Flags),
            ["reported"] = link.Reported,
            ["factors"] = new JsonObject
            {
                ["rel"] = record.Factors.Rel,
                ["zone"] = record.Factors.Zone,
                ["position"] = record.Factors.Position,
                ["form"] = record.Factors.Form,
                ["relevance"] = record.Factors.Relevance,
                ["sitewide"] = record.Factors.Sitewide,
            },
            ["weight"] = record.Weight,
            ["full"] = record.Full,
        };
    }

    private static string Word<T>(T value) where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static void Print(Session session, RunAuthority authority, Explanation told, EdgeOrigins? origins)
    {
        NodeNames names = authority.Graph.Names;
        double score = authority.ScoreOf(told.Node, told.Raw);
        (int rank, _) = authority.Part.Column("raw")!.StandingOf(told.Node, session.Cancel);
        Printing.Lines(session.Terminal,
            $"{Printing.Printable(names[told.Node])}: authority {RunAuthority.ForPeople(score)}, raw {Number(told.Raw)}, rank {Printing.ForPeople(rank)} of {Printing.ForPeople(authority.Graph.NodeCount)} {authority.Level}s"
            + $" (run {authority.Run.Id}, scale {authority.Scale.Version})");
        if (double.IsNaN(score))
            Printing.Lines(session.Terminal, "no domain links here, so there is no score: what it has is what every node gets, and its own links");
        PrintLevel(session, authority, told, origins, "");
        Printing.Lines(session.Terminal, $"= {Number(told.Raw)} ({(double.IsNaN(score) ? "insufficient data for a score" : $"score {RunAuthority.ForPeople(score)}")})");
        if (told.Evaporates > 0)
            Printing.Lines(session.Terminal, $"kept from it by nofollow, ugc, sponsored and owners that share: {Number(told.Evaporates)}, which evaporates");
        if (told.DiscountTook > 0)
            Printing.Lines(session.Terminal, $"kept from it by discounts of spam clusters: {Number(told.DiscountTook)}");
    }

    private static void PrintLevel(Session session, RunAuthority authority, Explanation told, EdgeOrigins? origins, string indent)
    {
        NodeNames names = authority.Graph.Names;
        bool evaporates = told.Links.Any(l => l.Evaporates > 0), discounted = told.Links.Any(l => l.DiscountTook > 0);
        double most = told.Links.Count > 0 ? told.Links.Max(l => l.Passes) : 0;
        string[] columns = ["passes", "", "source", "its raw", "share", "weight", "its links", "it loses", .. evaporates ? ["evaporates"] : Array.Empty<string>(), .. discounted ? ["discount took"] : Array.Empty<string>()];
        if (told.Links.Count > 0)
            Printing.Table(session.Terminal, Layout.Text, columns, told.Links.Select(l => (object?[])
            [
                l.Passes, Bar(l.Passes, most), names[l.Source], l.SourceRaw, Percent(l.Share), l.Weight, l.SourceLinks, Percent(l.SourceEvaporates),
                .. evaporates ? [l.Evaporates] : Array.Empty<object?>(), .. discounted ? [l.DiscountTook] : Array.Empty<object?>(),
            ]));
        var sum = new List<string> { $"{indent}{Number(told.Links.Sum(l => l.Passes))} by {(told.Links.Count == 1 ? "this link" : $"these {told.Links.Count} links")}" };
        if (told.OtherCount > 0)
            sum.Add($"{Number(told.OthersPass)} by {Printing.ForPeople(told.OtherCount)} others");
        sum.Add($"{Number(told.Teleport)} without any link");
        if (Math.Abs(told.Remainder) > 1e-9 * told.Raw)
            sum.Add($"{Number(told.Remainder)} left by the solver");
        Printing.Lines(session.Terminal, string.Join(" + ", sum));
        if (origins is not null)
            foreach (LinkContribution link in told.Links.Take(LinksTold))
                PrintEdge(session, names[link.Source], origins.Between(link.Source, told.Node, LinksTold));
        foreach (LinkContribution link in told.Links.Where(l => l.Origin is not null && l.Origin.LinkCount > 0))
        {
            Printing.Lines(session.Terminal, $"{indent}{Printing.Printable(names[link.Source])} has its {Number(link.SourceRaw)} from:");
            PrintLevel(session, authority, link.Origin!, null, indent);
        }
    }

    private static void PrintEdge(Session session, string source, EdgeOrigin edge)
    {
        if (edge.LinkCount == 0)
            return;
        string owner = edge.OwnerFactor < 1 ? $" × {Number(edge.OwnerFactor)} shared among one owner" : "";
        string disagree = edge.Agrees ? "" : $"; the graph has {Number(edge.Stored)}, which does not follow from these records: rank the link store again";
        Printing.Lines(session.Terminal, $"{Printing.Printable(source)}: {Printing.ForPeople(edge.LinkCount)} {(edge.LinkCount == 1 ? "link" : "links")} weigh {Number(edge.Sum)} of {Number(edge.Full)}, the edge {Number(edge.Weight)}{owner}{disagree}");
        foreach (OriginLink link in edge.Links)
        {
            LinkWeight f = link.Record.Factors;
            Printing.Lines(session.Terminal, $"  {Number(link.Record.Weight)} = rel {Number(f.Rel)} × zone {Number(f.Zone)} × position {Number(f.Position)} × form {Number(f.Form)} × relevance {Number(f.Relevance)} × site-wide {Number(f.Sitewide)}"
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
