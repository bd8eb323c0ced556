using System.CommandLine;
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
        var command = new Command("runs", "List the runs and say which is current.") { session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            DataFolder folder = session.Folder(parsed);
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
