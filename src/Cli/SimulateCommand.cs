using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
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
            RunAuthority authority = RunAuthority.Open(run, name, parsed.GetValue(session.Level));
            int node = authority.Find(name);
            if (node < 0)
                return authority.NotInIndex(session, name, layout == Layout.Json);
            var reader = new EditReader(authority, node, parsed.GetValue(weight) ?? double.NaN);
            // In this order, whatever the order on the command line: what is removed cannot be linked to, what is added can be nofollowed.
            ReadEdit[] edits =
            [
                .. parsed.GetValue(add)!.Select(text => reader.Read("add", text)), .. parsed.GetValue(nofollow)!.Select(text => reader.Read("nofollow", text)),
                .. parsed.GetValue(disavow)!.Select(text => reader.Read("disavow", text)), .. parsed.GetValue(remove)!.Select(text => reader.Read("remove", text)),
            ];
            if (edits.Length == 0)
                throw new UsageException("nothing to simulate: name at least one --add, --remove, --nofollow or --disavow");
            long start = Stopwatch.GetTimestamp();
            SimulationResult result = Simulation.Of(authority.Solved, node, [.. edits.SelectMany(edit => edit.Edits)],
                new SimulationOptions { Movers = parsed.GetValue(movers), Tolerance = parsed.GetValue(tolerance) }, session.Cancel);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            Told[] told = Tell(edits, result.Effects, reader);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, Describe(authority, result, told, seconds));
            else if (layout == Layout.Csv)
                Printing.Table(session.Terminal, Layout.Csv, ["name", "raw_before", "raw_after", "change", "bound", "score_before", "score_after", "rank_before", "rank_after"],
                    new[] { result.Target }.Concat(result.Movers).Select(c => Row(authority, c)));
            else
                Print(session, authority, result, told, seconds);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What became of one edit of the command line.</summary>
    private sealed record Told(ReadEdit Edit, int Applied, string Note);

    private static Told[] Tell(ReadEdit[] edits, IReadOnlyList<EditEffect> effects, EditReader reader)
    {
        var told = new Told[edits.Length];
        int at = 0;
        for (int i = 0; i < edits.Length; i++)
        {
            int applied = 0;
            foreach (LinkEdit _ in edits[i].Edits)
                applied += effects[at++] == EditEffect.Applied ? 1 : 0;
            told[i] = new Told(edits[i], applied, applied > 0 ? "" : edits[i].Edits.Count == 0 ? "no effect: that page has no links there that pass anything" : reader.Reason(effects[at - 1], edits[i].Edits[^1]));
        }
        return told;
    }

    private static object?[] Row(RunAuthority authority, NodeChange c)
    {
        double before = authority.ScoreOf(c.Node, c.Before), after = authority.Score(c.After);
        return [authority.Graph.Names[c.Node], c.Before, c.After, c.Change, c.Bound, double.IsNaN(before) ? null : before, c.After > 0 ? after : null, c.RankBefore == 0 ? null : c.RankBefore, c.RankAfter == 0 ? null : c.RankAfter];
    }

    private static JsonObject Describe(RunAuthority authority, SimulationResult result, Told[] edits, double seconds) => new()
    {
        ["run"] = authority.Run.Id,
        ["graph"] = authority.Part.Ranked.Id,
        ["level"] = authority.Level,
        ["in_index"] = true,
        ["scale_version"] = authority.Scale.Version,
        ["target"] = Describe(authority, result.Target),
        ["within_tolerance"] = result.WithinTolerance,
        ["edits"] = new JsonArray([.. edits.Select(e => new JsonObject
        {
            ["edit"] = e.Edit.Word,
            ["what"] = e.Edit.Text,
            ["changes"] = e.Applied,
            ["note"] = e.Note.Length > 0 ? e.Note : null,
        })]),
        ["movers"] = new JsonArray([.. result.Movers.Select(m => Describe(authority, m))]),
        ["others_move_at_most"] = result.OthersMoveAtMost,
        ["residual"] = result.Residual,
        ["rows_changed"] = result.RowsChanged,
        ["links_followed"] = result.LinksFollowed,
        ["seconds"] = seconds,
    };

    private static JsonObject Describe(RunAuthority authority, NodeChange c) => new()
    {
        ["name"] = authority.Graph.Names[c.Node],
        ["node"] = c.Node,
        ["raw_before"] = c.Before,
        ["raw_after"] = c.After,
        ["change"] = c.Change,
        ["bound"] = c.Bound,
        ["score_before"] = Printing.Number(authority.ScoreOf(c.Node, c.Before)),
        ["score_after"] = c.After > 0 ? authority.Score(c.After) : null,
        ["score_bound"] = ScoreBound(authority, c),
        ["rank_before"] = c.RankBefore == 0 ? null : c.RankBefore,
        ["rank_after"] = c.RankAfter == 0 ? null : c.RankAfter,
    };

    /// <summary>The target's score under the edits, or NaN: nobody linked to it, and none of the edits makes anybody.</summary>
    private static double ScoreAfter(RunAuthority authority, NodeChange target, IEnumerable<Told> edits) =>
        authority.HasReferringDomain(target.Node) || edits.Any(e => e.Edit.Word == "add" && e.Applied > 0) ? authority.Score(target.After) : double.NaN;

    /// <summary>How far the score can be off, in points.</summary>
    private static double ScoreBound(RunAuthority authority, NodeChange c)
    {
        double score = authority.Score(c.After);
        return Math.Max(authority.Score(c.After + c.Bound) - score, score - authority.Score(c.After - c.Bound));
    }

    private static void Print(Session session, RunAuthority authority, SimulationResult result, Told[] edits, double seconds)
    {
        NodeChange t = result.Target;
        double before = authority.ScoreOf(t.Node, t.Before), after = ScoreAfter(authority, t, edits);
        foreach (Told e in edits)
            Printing.Lines(session.Terminal, $"{e.Edit.Word} {Printing.Printable(e.Edit.Text)}: {(e.Note.Length > 0 ? e.Note : e.Applied == 1 ? "1 change" : $"{Printing.ForPeople(e.Applied)} changes")}");
        string name = Printing.Printable(authority.Graph.Names[t.Node]);
        if (t.RankAfter == 0)
            Printing.Lines(session.Terminal, $"{name}: would be gone (authority {RunAuthority.ForPeople(before)}, raw {Printing.ForPeople(t.Before)} now)");
        else
            Printing.Lines(session.Terminal,
                $"{name}: authority {RunAuthority.ForPeople(before)} → {RunAuthority.ForPeople(after)}{(double.IsNaN(before) || double.IsNaN(after) ? "" : $" ({Signed(after - before)} points, ± {Short(ScoreBound(authority, t))})")}, "
                + $"raw {Printing.ForPeople(t.Before)} → {Printing.ForPeople(t.After)} (± {Short(t.Bound)}, certified), rank {Printing.ForPeople(t.RankBefore)} → about {Printing.ForPeople(t.RankAfter)}");
        if (result.Movers.Count > 0)
        {
            Printing.Lines(session.Terminal, "who else moves most:");
            Printing.Table(session.Terminal, Layout.Text, ["name", "raw before", "raw after", "change", "±", "points"], result.Movers.Select(m => (object?[])
            [
                authority.Graph.Names[m.Node], m.Before, m.After, m.Change, Short(m.Bound), Signed(authority.Score(m.After) - authority.Score(m.Before)),
            ]));
        }
        Printing.Lines(session.Terminal, $"no other moves by more than {Short(result.OthersMoveAtMost)}; {Printing.ForPeople(result.LinksFollowed)} links followed in {(1000 * seconds).ToString("0.#", CultureInfo.InvariantCulture)} ms");
        if (!result.WithinTolerance)
            session.Note("note: the bound is wider than the tolerance asked for: what was changed is too much for a simulation; rank again for exact values");
    }

    private static string Signed(double value) => value.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);

    private static string Short(double value) => value.ToString("G2", CultureInfo.InvariantCulture);
}
