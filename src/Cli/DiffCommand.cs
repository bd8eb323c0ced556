using System.CommandLine;
using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks diff A B TARGET</c>: why a node's authority differs between two runs, in parts that add up.</summary>
internal static class DiffCommand
{
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
            GraphLevel? level = parsed.GetValue(session.Level) ?? RunTargets.Meant(runA, name) ?? RunTargets.Meant(runB, name);
            var before = RunAuthority.Open(runA, level);
            var after = RunAuthority.Open(runB, level);
            int nodeA = before.Find(name), nodeB = after.Find(name);
            if (nodeA < 0 || nodeB < 0)
                return session.NotInIndex(nodeB < 0 ? after : before, name, layout == Layout.Json, json =>
                {
                    json.Remove("run");
                    json.Remove("graph");
                    (json["run_a"], json["run_b"], json["in_index_a"], json["in_index_b"]) = (runA.Id, runB.Id, nodeA >= 0, nodeB >= 0);
                });
            var told = ScoreDifference.Between(before, nodeA, after, nodeB, layout == Layout.Csv ? int.MaxValue : parsed.GetValue(count), session.Cancel);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, told);
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, ["part", "source", "change", "passed_before", "passes_after", "raw", "points"], Rows(told));
            else
                Print(session, told);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Parts of each source, and the parts that are no source's; raw and points each add up to the difference.</summary>
    private static IEnumerable<object?[]> Rows(ScoreDifference told)
    {
        foreach (ChangedSource s in told.Sources)
            yield return ["source", s.Source, Word(s.Change), s.PassedBefore, s.PassesAfter, s.Difference, s.Points];
        yield return ["unchanged_sources", null, null, null, null, told.OthersDifference, told.OthersDifference * told.PointsPerRaw];
        foreach ((string name, _, DifferencePart part) in told.Parts.All())
            if (name is "teleport" or "scale" or "remainder")
                yield return [name, null, null, null, null, part.Raw, part.Points];
    }

    private static void Print(Session session, ScoreDifference told)
    {
        Printing.Lines(session.Terminal,
            $"{Printing.Printable(told.Target)}: authority {Printing.Score(told.ScoreBefore)} in run {told.RunA} → {Printing.Score(told.ScoreAfter)} in run {told.RunB}, "
            + $"raw {Printing.ForPeople(told.RawBefore)} → {Printing.ForPeople(told.RawAfter)}");
        Printing.Table(session.Terminal, Layout.Text, ["because of", "raw", "points"], told.Parts.All().Where(p => Math.Abs(p.Part.Raw) > 1e-9 * told.RawBefore || Math.Abs(p.Part.Points ?? 0) > 1e-9)
            .Select(p => (object?[])[p.Words, Signed(p.Part.Raw), Signed(p.Part.Points)]).Append(["= difference", Signed(told.Parts.Sum.Raw), Signed(told.Parts.Sum.Points)]));
        if (told.SourcesChanged > 0)
        {
            Printing.Lines(session.Terminal, $"sources that changed: {told.Sources.Count} of {Printing.ForPeople(told.SourcesChanged)}, by size; {Printing.ForPeople(told.SourcesUnchanged)} {(told.SourcesUnchanged == 1 ? "passes what it" : "pass what they")} did");
            Printing.Table(session.Terminal, Layout.Text, ["source", "change", "passed", "passes", "difference", "points"], told.Sources.Select(s => (object?[])
            [
                s.Source, Why(s), s.PassedBefore, s.PassesAfter, Signed(s.Difference), Signed(s.Points),
            ]));
        }
        if (told.ConfigurationDiffers.Count > 0)
            session.Note($"note: the runs were made with other options of {string.Join(", ", told.ConfigurationDiffers)}, so some of this is of our making, not the web's");
    }

    /// <summary>The part that is most of a source's difference, in words.</summary>
    private static string Why(ChangedSource s) => s.Change switch
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

    private static string? Signed(double? value) => value?.ToString("+0.######;-0.######;0", CultureInfo.InvariantCulture);
}
