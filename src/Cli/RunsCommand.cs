using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks runs</c>: what has been ranked, oldest first, and which run is current.</summary>
internal static class RunsCommand
{
    private static readonly string[] Columns =
        ["run", "current", "graph", "nodes", "links", "scores", "rounds", "error_bound", "converged", "started", "problem"];

    public static Command Create(Session session)
    {
        Option<int?> prune = new("--prune") { Description = "First remove all but the newest N runs, and the graphs that only they named; the current run and pinned ones stay.", HelpName = "N" };
        var command = new Command("runs", "List the runs and say which is current.") { prune, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
            if (parsed.GetValue(prune) is { } keep)
                Prune(session, folder, keep);
            string? current = folder.CurrentRun;
            IReadOnlyList<string> ids = folder.RunIds();
            Layout layout = session.Layout(parsed);
            if (ids.Count == 0 && layout == Layout.Text)
                session.Note($"{folder.Path}: no run yet; make one with 'backlinks rank'");
            else
                Printing.Table(session.Terminal, layout, Columns, ids.Select(id => Row(folder, id, id == current)));
            return ExitCode.Done;
        });
        return command;
    }

    private static void Prune(Session session, DataFolder folder, int keep)
    {
        if (keep < 1)
            throw new UsageException($"--prune must be at least 1, not {keep.ToString(CultureInfo.InvariantCulture)}");
        if (folder.RunIds().Count == 0)
            return; // no folder is made for nothing
        RunsRemoved removed = RunRetention.Prune(folder, new RunRetentionOptions { Keep = keep }, session.Cancel);
        session.Note(removed.Runs.Count == 0 ? "no run is older than those to be kept"
            : $"removed {Listed("run", removed.Runs)}" + (removed.Graphs.Count > 0 ? $" and {Listed("graph", removed.Graphs)} that no other run names" : ""));

        static string Listed(string what, IReadOnlyList<string> ids) => $"{what}{(ids.Count == 1 ? "" : "s")} {string.Join(", ", ids)}";
    }

    private static object?[] Row(DataFolder folder, string id, bool current)
    {
        string path = Path.Combine(folder.Runs, id);
        try
        {
            RunManifest run = RunManifest.Read(path);
            run.Results.TryGetValue("pagerank", out JsonObject? pagerank);
            string scores = string.Join(' ', run.Configuration.Keys.OrderBy(k => k == "pagerank" ? 0 : 1));
            return [id, current, run.Graph.Id, run.Graph.Nodes, run.Graph.Links, scores, (int?)pagerank?["rounds"], (double?)pagerank?["error_bound"],
                (bool?)pagerank?["converged"], (string?)Run.Timings(path)?["started"], null];
        }
        catch (StoreException e) // the others are still worth listing
        {
            return [id, current, null, null, null, null, null, null, null, null, e.Message];
        }
    }
}
