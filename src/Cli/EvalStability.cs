using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.Evaluation;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval stability GRAPH</c>: how far authority scores move when one link in a hundred is not seen.</summary>
internal static class EvalStability
{
    private static readonly StabilityOptions Defaults = new();

    public static Command Create(Session session)
    {
        Argument<string> path = new("GRAPH") { Description = "A graph in any format that 'import' takes." };
        Option<int> seeds = new("--seeds") { Description = "How many times, each with other links lost.", HelpName = "N", DefaultValueFactory = _ => Defaults.Seeds };
        Option<int> first = new("--first-seed") { Description = "The first seed.", HelpName = "S", DefaultValueFactory = _ => (int)Defaults.FirstSeed };
        Option<double> share = new("--lose") { Description = "Share of the links to lose, above 0, below 1.", HelpName = "SHARE", DefaultValueFactory = _ => Defaults.LostShare };
        Option<int> least = new("--least-referring") { Description = "Leave out nodes with fewer referring nodes.", HelpName = "N", DefaultValueFactory = _ => Defaults.LeastReferring };
        Option<double?> reference = new("--reference") { Description = "Raw authority that scores 100, above 1; that of the current scale by default.", HelpName = "Z" };
        var command = new Command("stability", "How far authority scores move when some links are not seen.") { path, seeds, first, share, least, reference, session.Json };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed, csv: false);
            if (parsed.GetValue(first) < 0)
                throw new UsageException($"--first-seed must be 0 or more, not {parsed.GetValue(first)}");
            if (parsed.GetValue(reference) is { } given && !(given > 1 && given < double.PositiveInfinity))
                throw new UsageException($"--reference must be above 1, not {given.ToString(CultureInfo.InvariantCulture)}");
            var options = new StabilityOptions { Seeds = parsed.GetValue(seeds), FirstSeed = (ulong)parsed.GetValue(first), LostShare = parsed.GetValue(share), LeastReferring = parsed.GetValue(least) };
            string work = Directory.CreateTempSubdirectory("backlinks-eval-").FullName;
            try
            {
                string folder = Directory.CreateDirectory(Path.Combine(work, "whole")).FullName;
                GraphImport.Import(parsed.GetValue(path)!, folder, cancel: session.Cancel);
                using LinkGraph graph = LinkGraph.Open(folder, session.Cancel);
                double z = parsed.GetValue(reference) ?? AuthorityScale.Current.ReferenceOf(graph.Manifest.Granularity);
                StabilityResult result = Stability.Measure(graph,
                    (g, start) => RawAuthority.Compute(g, new RawAuthorityOptions { Start = start }, cancel: session.Cancel).Raw, raw => AuthorityScale.Score(raw, z), work, options, session.Cancel);
                if (layout == Layout.Json)
                    Printing.Json(session.Terminal, Describe(graph, z, options, result));
                else
                    Print(session, layout, graph, z, options, result);
            }
            finally
            {
                Directory.Delete(work, recursive: true);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Session session, Layout layout, LinkGraph graph, double reference, StabilityOptions options, StabilityResult result)
    {
        Printing.Table(session.Terminal, layout, ["seed", "links lost", "nodes", "median", "90 %", "99 %", "most", "rank correlation with own loss"],
            result.Rounds.Select(r => new object?[] { (long)r.Seed, r.Lost, r.Nodes, r.Median, r.Upper90, r.Upper99, r.Most, r.OwnLossRank }));
        Printing.Lines(session.Terminal, string.Create(CultureInfo.InvariantCulture, $"|change of score| of nodes with {options.LeastReferring} or more referring nodes, reference {reference:g}, {graph.LinkCount:N0} links, {options.LostShare:0.####%} lost: ")
            + string.Create(CultureInfo.InvariantCulture, $"median {result.Median.Mean:0.0000} ± {result.Median.Error:0.0000}, 99 % {result.Upper99.Mean:0.000} ± {result.Upper99.Error:0.000} points (standard errors over {result.Median.Count} seeds)"));
    }

    private static JsonObject Describe(LinkGraph graph, double reference, StabilityOptions options, StabilityResult result) => new()
    {
        ["nodes"] = graph.NodeCount,
        ["links"] = graph.LinkCount,
        ["lost_share"] = options.LostShare,
        ["least_referring"] = options.LeastReferring,
        ["reference"] = reference,
        ["median"] = result.Median.Mean,
        ["median_error"] = Printing.Number(result.Median.Error),
        ["upper_99"] = result.Upper99.Mean,
        ["upper_99_error"] = Printing.Number(result.Upper99.Error),
        ["rounds"] = new JsonArray([.. result.Rounds.Select(r => new JsonObject
        {
            ["seed"] = r.Seed,
            ["links_lost"] = r.Lost,
            ["nodes"] = r.Nodes,
            ["median"] = r.Median,
            ["upper_90"] = r.Upper90,
            ["upper_99"] = r.Upper99,
            ["most"] = r.Most,
            ["own_loss_rank"] = Printing.Number(r.OwnLossRank),
        })]),
    };
}
