using System.CommandLine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks top</c>: the highest nodes by one of the scores. Ranks are places, 1 to n: nodes with equal
/// scores follow in node order (the order of names) and do not share a rank, so that a list is the same each time.</summary>
internal static class TopCommand
{
    public static Command Create(Session session)
    {
        Option<int> count = new("--count", "-n") { Description = "How many.", HelpName = "N", DefaultValueFactory = _ => 10 };
        Option<string> by = new("--by") { Description = "The score to order by.", HelpName = "SCORE", DefaultValueFactory = _ => "pagerank" };
        by.CompletionSources.Add(context => Session.Known(() =>
        {
            using Run run = session.OpenRun(context.ParseResult);
            return [.. RunTargets.Part(run, context.ParseResult.GetValue(session.Level)).Orders];
        }));
        var command = new Command("top", "Show the highest nodes.") { count, by, session.Level, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(count) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(count)}");
            using Run opened = session.OpenRun(parsed);
            Run run = RunTargets.Part(opened, parsed.GetValue(session.Level));
            string name = parsed.GetValue(by)!;
            ScoreColumn order = run.Column(name) is { IsScore: true } column ? column
                : throw new UsageException($"run {run.Id} cannot be ordered by '{name}'; it can by {string.Join(", ", run.Orders)}");
            Print(session, session.Layout(parsed), run, order, parsed.GetValue(count));
            return ExitCode.Done;
        });
        return command;
    }

    internal static void Print(Session session, Layout layout, Run run, ScoreColumn order, int count)
    {
        ScoreColumn[] columns = [order, .. run.Columns.Where(c => c != order)];
        int[] nodes = order.Top(count, session.Cancel);
        Printing.Table(session.Terminal, layout, ["rank", "name", .. columns.Select(c => c.Name)], nodes.Select((node, i) => Row(run, columns, node, i + 1)));
    }

    private static object?[] Row(Run run, ScoreColumn[] columns, int node, int rank) =>
        [rank, run.Graph.Names[node], .. columns.Select(c => c.IsWhole ? (object)(long)c[node] : c[node])];
}
