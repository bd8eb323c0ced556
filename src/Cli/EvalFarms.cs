using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Spam;

namespace Backlinks.Cli;

/// <summary><c>backlinks eval farms GRAPH</c>: how many planted farms are found over a real graph, and how many honest groups are accused.</summary>
internal static class EvalFarms
{
    // Without a list of families: sizes as they are common among companies.
    private static readonly int[] UsualFamilies = [2, 2, 3, 3, 4, 5, 6, 8, 11, 17, 24];

    public static Command Create(Session session)
    {
        Argument<string> path = new("GRAPH") { Description = "A graph of hosts or domains, in any format that import reads." };
        Option<string?> families = new("--families") { Description = "JSON with the sites of owners: { \"items\": [ { \"sites\": […] } ] }.", HelpName = "FILE" };
        Option<int> seeds = new("--seeds") { Description = "How many times farms are planted anew, 1 to 1000.", HelpName = "N", DefaultValueFactory = _ => 10 };
        Option<int> first = new("--first-seed") { Description = "The first seed.", HelpName = "N", DefaultValueFactory = _ => 1 };
        Option<int> farms = new("--farms") { Description = "Farms of each kind, 1 to 100.", HelpName = "N", DefaultValueFactory = _ => new PlantedFarmsOptions().Farms };
        var command = new Command("farms", "Plant farms and honest look-alikes over a graph, and measure what is found.") { path, families, seeds, first, farms, session.Json };
        command.SetAction(parsed =>
        {
            int count = Range(parsed.GetValue(seeds), 1, 1000, "--seeds");
            var options = new PlantedFarmsOptions { Farms = Range(parsed.GetValue(farms), 1, 100, "--farms"), Families = parsed.GetValue(families) is { } file ? Sizes(file) : UsualFamilies };
            int from = parsed.GetValue(first);
            string folder = Directory.CreateTempSubdirectory("backlinks-eval-").FullName;
            try
            {
                (FarmOutcome outcome, string[] wrong) = Watching.Watch(session, progress =>
                {
                    GraphImport.Import(parsed.GetValue(path)!, folder, new GraphImportOptions(), progress, session.Cancel);
                    using LinkGraph graph = LinkGraph.Open(folder, session.Cancel);
                    FarmOutcome found = FarmEvaluation.Run(graph, Sites(graph), options, [.. Enumerable.Range(from, count)], null, progress, session.Cancel);
                    return (found, found.BackgroundExamples.Select(n => graph.Names[n]).ToArray());
                });
                if (session.Layout(parsed, csv: false) == Layout.Json)
                    Printing.Json(session.Terminal, Describe(outcome, wrong));
                else
                    Print(session, outcome, wrong);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Registrable domain of each host, as a number; null where nodes have no names.</summary>
    internal static uint[]? Sites(LinkGraph graph)
    {
        if (!graph.Names.Stored)
            return null;
        var numbers = new Dictionary<string, uint>(StringComparer.Ordinal);
        uint[] sites = new uint[graph.NodeCount];
        for (int node = 0; node < sites.Length; node++)
        {
            string host = graph.Names[node].Split(':')[0], domain = PublicSuffixList.BuiltIn.DomainOf(host, withPrivate: false) ?? host;
            if (!numbers.TryGetValue(domain, out uint number))
                numbers.Add(domain, number = (uint)numbers.Count + 1);
            sites[node] = number;
        }
        return sites;
    }

    /// <summary>How many sites each owner has.</summary>
    /// <exception cref="SpamException">The file is not of that form.</exception>
    internal static int[] Sizes(string path)
    {
        const string form = "is not of the form { \"items\": [ { \"sites\": [\"a.example\", …] }, … ] }";
        try
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(path));
            int[] sizes = [.. json.RootElement.GetProperty("items").EnumerateArray().Select(f => f.GetProperty("sites").GetArrayLength()).Where(n => n >= 2)];
            return sizes.Length > 0 ? sizes : throw new SpamException(path, 0, "names no owner with two sites");
        }
        catch (JsonException e)
        {
            throw new SpamException(path, (int)(e.LineNumber ?? 0) + 1, form, e);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException)
        {
            throw new SpamException(path, 0, form, e);
        }
    }

    private static int Range(int value, int low, int high, string name) =>
        value >= low && value <= high ? value : throw new UsageException($"{name} must be {low} to {high}, not {value}");

    private static void Print(Session session, FarmOutcome outcome, string[] wrong)
    {
        Printing.Lines(session.Terminal, $"{outcome.Seeds} seeds; mean ± standard error over seeds; found means a confirmed cluster (score 80 or more)");
        Printing.Table(session.Terminal, Layout.Text, ["kind", "groups", "recovered (Jaccard >= .5)", "members found", "precision", "members suspected", "groups flagged"], outcome.Kinds.Select(k => k.Kind <= PlantedKind.BlogNetworkBare
            ? new object?[] { Word(k.Kind), k.Groups, Text(k.Recovered), Text(k.Recall), Text(k.Precision), Text(k.Suspected), k.GroupsFlagged }
            : [Word(k.Kind) + " (honest)", k.Groups, "", Text(k.Recall), "", Text(k.Suspected), k.GroupsFlagged]));
        Printing.Lines(session.Terminal, [
            .. outcome.GainKept.Select(g => $"gain kept by a {Word(g.Key)} of 1,000 after the discount: {Text(g.Value)}"),
            $"honest members flagged: {Text(outcome.LookAlikes)}",
            $"precision over all that is flagged, the untouched background counted as wrong: {Text(outcome.AllPrecision)}",
            string.Create(CultureInfo.InvariantCulture, $"domains of the untouched background flagged, a seed: {outcome.BackgroundFlagged.Mean:0.0} ± {outcome.BackgroundFlagged.Error:0.0}; most often {string.Join(", ", wrong.Take(8).Select(Printing.Printable))}"),
        ]);
    }

    private static JsonObject Describe(FarmOutcome outcome, string[] wrong) => new()
    {
        ["seeds"] = outcome.Seeds,
        ["kinds"] = new JsonArray([.. outcome.Kinds.Select(k => new JsonObject
        {
            ["kind"] = Word(k.Kind), ["spam"] = k.Kind <= PlantedKind.BlogNetworkBare, ["groups"] = k.Groups, ["recovered"] = Mean(k.Recovered), ["recall"] = Mean(k.Recall),
            ["precision"] = Mean(k.Precision), ["suspected"] = Mean(k.Suspected), ["groups_flagged"] = k.GroupsFlagged,
        })]),
        ["gain_kept"] = new JsonObject(outcome.GainKept.Select(g => KeyValuePair.Create(Word(g.Key), (JsonNode?)Mean(g.Value)))),
        ["honest_members_flagged"] = Mean(outcome.LookAlikes),
        ["precision_of_all"] = Mean(outcome.AllPrecision),
        ["background_flagged"] = Mean(outcome.BackgroundFlagged),
        ["background_examples"] = new JsonArray([.. wrong.Take(20).Select(w => JsonValue.Create(w))]),
    };

    private static JsonObject Mean(SeedMean mean) => new() { ["mean"] = Printing.Number(mean.Mean), ["standard_error"] = Printing.Number(mean.Error) };

    private static string Text(SeedMean mean) => double.IsNaN(mean.Mean) ? "-" : string.Create(CultureInfo.InvariantCulture, $"{mean.Mean:0.000} ± {mean.Error:0.000}");

    /// <summary>BlogNetwork: blog-network.</summary>
    private static string Word(PlantedKind kind) =>
        string.Concat(kind.ToString().Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
}
