using System.CommandLine;
using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks simulate TARGET --remove … --add …</c>: what its authority would be, and who else would move, with bounds.</summary>
internal static class SimulateCommand
{
    private static readonly SimulationOptions Defaults = new();

    public static Command Create(Session session)
    {
        Argument<string> target = new("TARGET") { Description = "A domain or a page, by name or number." };
        const string link = "SOURCE[->DEST]";
        Option<string[]> add = new("--add") { Description = "A page or domain links to TARGET (or to DEST).", HelpName = link, DefaultValueFactory = _ => [] };
        Option<string[]> remove = new("--remove") { Description = "A page or domain:x is gone with all its links; with ->DEST, only its links there are.", HelpName = link, DefaultValueFactory = _ => [] };
        Option<string[]> nofollow = new("--nofollow") { Description = "Links pass nothing, as under rel=nofollow.", HelpName = link, DefaultValueFactory = _ => [] };
        Option<string[]> disavow = new("--disavow") { Description = "Links of a page or of domain:x to TARGET count for nothing.", HelpName = "SOURCE", DefaultValueFactory = _ => [] };
        Option<double?> weight = new("--weight") { Description = "Weight of added links; by default that of a followed link in the main text, or of the source's other links.", HelpName = "W" };
        Option<int> movers = new("--count", "-n") { Description = "How many others to tell, those that move most.", HelpName = "N", DefaultValueFactory = _ => Defaults.Movers };
        Option<double> tolerance = new("--tolerance") { Description = "Bound on the target's error, relative, at which to stop.", HelpName = "E", DefaultValueFactory = _ => Defaults.Tolerance };
        var command = new Command("simulate", "What would change if links were added, removed, nofollowed or disavowed.")
        {
            target, add, remove, nofollow, disavow, weight, movers, tolerance, session.Level, session.RunId, session.Json, session.Csv,
        };
        command.SetAction(parsed =>
        {
            Layout layout = session.Layout(parsed);
            if (parsed.GetValue(movers) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(movers)}");
            if (parsed.GetValue(weight) is { } given && !(given is >= 0 and < double.PositiveInfinity))
                throw new UsageException($"--weight must be finite and at least 0, not {given.ToString(CultureInfo.InvariantCulture)}");
            string name = parsed.GetValue(target)!;
            using Run run = session.OpenRun(parsed);
            var authority = RunAuthority.Open(run, name, parsed.GetValue(session.Level));
            int node = authority.Find(name);
            if (node < 0)
                return session.NotInIndex(authority, name, layout == Layout.Json);
            AskedEdit[] asked =
            [
                .. parsed.GetValue(add)!.Select(text => AskedEdit.Parse(EditWord.Add, text, parsed.GetValue(weight))), .. parsed.GetValue(nofollow)!.Select(text => AskedEdit.Parse(EditWord.Nofollow, text)),
                .. parsed.GetValue(disavow)!.Select(text => AskedEdit.Parse(EditWord.Disavow, text)), .. parsed.GetValue(remove)!.Select(text => AskedEdit.Parse(EditWord.Remove, text)),
            ];
            if (asked.Length == 0)
                throw new UsageException("nothing to simulate: name at least one --add, --remove, --nofollow or --disavow");
            var reader = new EditReader(authority, node);
            var told = SimulationAnswer.Of(authority, node, reader, reader.Read(asked, cancel: session.Cancel),
                new SimulationOptions { Movers = parsed.GetValue(movers), Tolerance = parsed.GetValue(tolerance) }, session.Cancel);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, told);
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, ["name", "raw_before", "raw_after", "change", "bound", "score_before", "score_after", "rank_before", "rank_after"],
                    new[] { told.Target }.Concat(told.Movers).Select(c => (object?[])[c.Name, c.RawBefore, c.RawAfter, c.Change, c.Bound, c.ScoreBefore, c.ScoreAfter, c.RankBefore, c.RankAfter]));
            else
                Print(session, told);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Session session, SimulationAnswer told)
    {
        SimulatedNode t = told.Target;
        foreach (EditOutcome e in told.Edits)
            Printing.Lines(session.Terminal, $"{e.Edit.ToString().ToLowerInvariant()} {Printing.Printable(e.What)}: {e.Note ?? (e.Changes == 1 ? "1 change" : $"{Printing.ForPeople(e.Changes)} changes")}");
        string name = Printing.Printable(t.Name);
        if (told.TargetRemoved)
            Printing.Lines(session.Terminal, $"{name}: would be gone (authority {Printing.Score(t.ScoreBefore)}, raw {Printing.ForPeople(t.RawBefore)} now)");
        else
            Printing.Lines(session.Terminal,
                $"{name}: authority {Printing.Score(t.ScoreBefore)} → {Printing.Score(t.ScoreAfter)}{(t is { ScoreBefore: { } before, ScoreAfter: { } after } ? $" ({Signed(after - before)} points, ± {Short(t.ScoreBound)})" : "")}, "
                + $"raw {Printing.ForPeople(t.RawBefore)} → {Printing.ForPeople(t.RawAfter)} (± {Short(t.Bound)}, certified), rank {Printing.ForPeople(t.RankBefore)} → about {Printing.ForPeople(t.RankAfter)}");
        if (told.Movers.Count > 0)
        {
            Printing.Lines(session.Terminal, "who else moves most:");
            Printing.Table(session.Terminal, Layout.Text, ["name", "raw before", "raw after", "change", "±", "points"], told.Movers.Select(m => (object?[])
            [
                m.Name, m.RawBefore, m.RawAfter, m.Change, Short(m.Bound), m is { ScoreBefore: { } from, ScoreAfter: { } to } ? Signed(to - from) : null,
            ]));
        }
        Printing.Lines(session.Terminal, $"no other moves by more than {Short(told.OthersMoveAtMost)}; {Printing.ForPeople(told.LinksFollowed)} links followed in {(1000 * told.Seconds).ToString("0.#", CultureInfo.InvariantCulture)} ms");
        if (!told.WithinTolerance)
            session.Note("note: the bound is wider than the tolerance asked for: what was changed is too much for a simulation; rank again for exact values");
    }

    private static string Signed(double value) => value.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("G2", CultureInfo.InvariantCulture);
}
