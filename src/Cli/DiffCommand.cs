using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks diff A B TARGET</c>: why a node's authority differs between two runs, in parts that add up.</summary>
internal static class DiffCommand
{
    private static readonly (string Name, string Words, Func<AttributionParts, double> Of)[] Parts =
    [
        ("links_lost", "links lost", p => p.LinksLost),
        ("links_gained", "links gained", p => p.LinksGained),
        ("sources_own", "sources worth more or less themselves", p => p.SourcesOwn),
        ("dilution", "sources that link more or less elsewhere", p => p.Dilution),
        ("link_weight", "links that weigh more or less", p => p.LinkWeight),
        ("discount", "discounts of spam clusters", p => p.Discount),
        ("teleport", "what it has without links (seeds, owners)", p => p.Teleport),
        ("configuration", "another damping", p => p.Configuration),
        ("scale", "another scale", p => p.Scale),
        ("remainder", "rounding, and what the solver left", p => p.Remainder),
    ];

    public static Command Create(Session session)
    {
        Argument<string> a = new("A") { Description = "The run before.", HelpName = "A" }, b = new("B") { Description = "The run after.", HelpName = "B" }; // help would else list the runs, of no folder
        foreach (Argument<string> run in new[] { a, b })
            run.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).RunIds()));
        Argument<string> target = new("TARGET") { Description = "A domain or a page, by name or number." };
        Option<int> count = new("--count", "-n") { Description = "How many sources to tell one by one.", HelpName = "N", DefaultValueFactory = _ => 20 };
        var command = new Command("diff", "Explain why an authority score differs between two runs.") { a, b, target, count, session.Level, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            if (parsed.GetValue(count) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(count)}");
            DataFolder folder = session.Folder(parsed);
            string name = parsed.GetValue(target)!;
            using Run runA = folder.OpenRun(parsed.GetValue(a), session.Cancel);
            using Run runB = folder.OpenRun(parsed.GetValue(b), session.Cancel);
            GraphLevel? level = parsed.GetValue(session.Level) ?? ShowCommand.Meant(runA, name) ?? ShowCommand.Meant(runB, name);
            RunAuthority before = RunAuthority.Open(runA, name, level), after = RunAuthority.Open(runB, name, level);
            int nodeA = before.Find(name), nodeB = after.Find(name);
            if (nodeA < 0 || nodeB < 0)
                return (nodeB < 0 ? after : before).NotInIndex(session, name, layout == Layout.Json, json =>
                {
                    json.Remove("run");
                    json.Remove("graph");
                    (json["run_a"], json["run_b"], json["in_index_a"], json["in_index_b"]) = (runA.Id, runB.Id, nodeA >= 0, nodeB >= 0);
                });
            var told = Attribution.Between(before.Solved, nodeA, after.Solved, nodeB, before.Score, after.Score, session.Cancel);
            string[] changed = Changed(runA, runB);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, Describe(before, nodeA, after, nodeB, told, changed, parsed.GetValue(count)));
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, ["part", "source", "change", "passed_before", "passes_after", "raw", "points"], Rows(told));
            else
                Print(session, before, nodeA, after, nodeB, told, changed, parsed.GetValue(count));
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Algorithms whose options, or whose engine, are not the same in both runs.</summary>
    private static string[] Changed(Run a, Run b)
    {
        var changed = new List<string>();
        foreach (string algorithm in a.Manifest.Configuration.Keys.Union(b.Manifest.Configuration.Keys).Order(StringComparer.Ordinal))
            if (!JsonNode.DeepEquals(a.Manifest.Configuration.GetValueOrDefault(algorithm), b.Manifest.Configuration.GetValueOrDefault(algorithm)))
                changed.Add(algorithm);
        if (a.Manifest.EngineVersion != b.Manifest.EngineVersion)
            changed.Add("engine_version");
        return [.. changed];
    }

    /// <summary>Parts of each source, and the parts that are no source's; raw and points each add up to the difference.</summary>
    private static IEnumerable<object?[]> Rows(Attribution told)
    {
        foreach (SourceDifference s in told.Sources)
            yield return ["source", s.Name, Word(s.Change), s.PassedBefore, s.PassesAfter, s.Difference, s.Difference * told.PointsPerRaw];
        foreach ((string name, _, Func<AttributionParts, double> of) in Parts)
            if (name is "teleport" or "scale" or "remainder")
                yield return [name, null, null, null, null, of(told.Raw), of(told.Points)];
    }

    private static JsonObject Describe(RunAuthority before, int nodeA, RunAuthority after, int nodeB, Attribution told, string[] changed, int count)
    {
        var json = new JsonObject
        {
            ["run_a"] = before.Run.Id,
            ["run_b"] = after.Run.Id,
            ["level"] = after.Level,
            ["in_index"] = true,
            ["target"] = after.Graph.Names[nodeB],
            ["raw_before"] = told.RawBefore,
            ["raw_after"] = told.RawAfter,
            ["score_before"] = Printing.Number(before.ScoreOf(nodeA, told.RawBefore)),
            ["score_after"] = Printing.Number(after.ScoreOf(nodeB, told.RawAfter)),
            ["scale_version_a"] = before.Scale.Version,
            ["scale_version_b"] = after.Scale.Version,
            ["points_per_raw"] = told.PointsPerRaw,
            ["configuration_differs"] = new JsonArray([.. changed.Select(c => (JsonNode)c)]),
        };
        var parts = new JsonObject();
        foreach ((string name, _, Func<AttributionParts, double> of) in Parts)
            parts[name] = new JsonObject { ["raw"] = of(told.Raw), ["points"] = of(told.Points) };
        parts["sum"] = new JsonObject { ["raw"] = told.Raw.Sum, ["points"] = told.Points.Sum };
        json["parts"] = parts;
        json["sources_unchanged"] = told.Unchanged;
        json["sources_changed"] = told.Sources.Count;
        json["sources"] = new JsonArray([.. told.Sources.Take(count).Select(s => new JsonObject
        {
            ["source"] = s.Name,
            ["change"] = Word(s.Change),
            ["passed_before"] = s.PassedBefore,
            ["passes_after"] = s.PassesAfter,
            ["difference"] = s.Difference,
            ["points"] = s.Difference * told.PointsPerRaw,
            ["own"] = s.Own,
            ["dilution"] = s.Dilution,
            ["link_weight"] = s.LinkWeight,
            ["discount"] = s.Discount,
            ["configuration"] = s.Configuration,
        })]);
        return json;
    }

    private static void Print(Session session, RunAuthority before, int nodeA, RunAuthority after, int nodeB, Attribution told, string[] changed, int count)
    {
        Printing.Lines(session.Terminal,
            $"{Printing.Printable(after.Graph.Names[nodeB])}: authority {RunAuthority.ForPeople(before.ScoreOf(nodeA, told.RawBefore))} in run {before.Run.Id} → {RunAuthority.ForPeople(after.ScoreOf(nodeB, told.RawAfter))} in run {after.Run.Id}, "
            + $"raw {Printing.ForPeople(told.RawBefore)} → {Printing.ForPeople(told.RawAfter)}");
        Printing.Table(session.Terminal, Layout.Text, ["because of", "raw", "points"], Parts.Where(p => Math.Abs(p.Of(told.Raw)) > 1e-9 * told.RawBefore || Math.Abs(p.Of(told.Points)) > 1e-9)
            .Select(p => (object?[])[p.Words, Signed(p.Of(told.Raw)), Signed(p.Of(told.Points))]).Append(["= difference", Signed(told.Raw.Sum), Signed(told.Points.Sum)]));
        if (told.Sources.Count > 0)
        {
            Printing.Lines(session.Terminal, $"sources that changed: {Math.Min(count, told.Sources.Count)} of {Printing.ForPeople(told.Sources.Count)}, by size; {Printing.ForPeople(told.Unchanged)} {(told.Unchanged == 1 ? "passes what it" : "pass what they")} did");
            Printing.Table(session.Terminal, Layout.Text, ["source", "change", "passed", "passes", "difference", "points"], told.Sources.Take(count).Select(s => (object?[])
            [
                s.Name, Why(s), s.PassedBefore, s.PassesAfter, Signed(s.Difference), Signed(s.Difference * told.PointsPerRaw),
            ]));
        }
        if (changed.Length > 0)
            session.Note($"note: the runs were made with other options of {string.Join(", ", changed)}, so some of this is of our making, not the web's");
    }

    /// <summary>The part that is most of a source's difference, in words.</summary>
    private static string Why(SourceDifference s) => s.Change switch
    {
        SourceChange.LinkLost => "link lost",
        SourceChange.SourceGone => "gone",
        SourceChange.LinkGained => "link gained",
        SourceChange.SourceNew => "new",
        _ => new[] { (s.Own, s.Own < 0 ? "worth less itself" : "worth more itself"), (s.Dilution, s.Dilution < 0 ? "links more" : "links less"), (s.LinkWeight, s.LinkWeight < 0 ? "link weighs less" : "link weighs more"),
            (s.Discount, s.Discount < 0 ? "discounted" : "less discounted"), (s.Configuration, "other damping") }.MaxBy(p => Math.Abs(p.Item1)).Item2,
    };

    private static string Word(SourceChange change) => change switch
    {
        SourceChange.LinkLost => "link_lost",
        SourceChange.SourceGone => "source_gone",
        SourceChange.LinkGained => "link_gained",
        SourceChange.SourceNew => "source_new",
        _ => "kept",
    };

    private static string Signed(double value) => value.ToString("+0.######;-0.######;0", CultureInfo.InvariantCulture);
}
