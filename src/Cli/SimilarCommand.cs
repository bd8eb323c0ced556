using System.CommandLine;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks similar TARGET</c>: who is linked to by the same sources.</summary>
internal static class SimilarCommand
{
    public static Command Create(Session session)
    {
        Argument<string> target = new("TARGET") { Description = "A node's name, as written or with its labels reversed, or its number." };
        Option<int> count = new("--count", "-n") { Description = "How many.", HelpName = "N", DefaultValueFactory = _ => 10 };
        Option<int> shared = new("--shared") { Description = "Sources that both must be linked by, at least.", HelpName = "N", DefaultValueFactory = _ => new SimilarDomainsOptions().LeastShared };
        var command = new Command("similar", "Show who is linked to by the same sources.") { target, count, shared, session.Level, session.RunId, session.Json, session.Csv };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(count) < 0)
                throw new UsageException($"-n must be 0 or more, not {parsed.GetValue(count)}");
            Layout layout = session.Layout(parsed);
            using Run opened = session.OpenRun(parsed);
            string name = parsed.GetValue(target)!;
            Run run = RunTargets.Part(opened, parsed.GetValue(session.Level) ?? RunTargets.Meant(opened, name));
            int node = ShowCommand.Find(run, name, session.Cancel);
            var similar = SimilarNodes.To(run, node, parsed.GetValue(count), new SimilarDomainsOptions { LeastShared = parsed.GetValue(shared) }, session.Cancel);
            if (layout == Layout.Json)
                Printing.Json(session.Terminal, similar);
            else
                Printing.Table(session.Terminal, layout, ["rank", "name", "similarity", "shared"], similar.Similar.Select((other, i) => new object?[] { i + 1, other.Name, other.Similarity, other.Shared }));
            if (!similar.Complete)
                session.Note($"note: {similar.SourcesLookedAt} of {similar.Sources} sources were looked at; the others link to too many to tell anybody apart");
            return ExitCode.Done;
        });
        return command;
    }
}
