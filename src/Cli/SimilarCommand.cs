using System.CommandLine;
using System.Text.Json.Nodes;
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
            SimilarDomainsResult similar = SimilarDomains.To(run.Graph, node, parsed.GetValue(count), new SimilarDomainsOptions { LeastShared = parsed.GetValue(shared) }, session.Cancel);
            Print(session, layout, run, node, similar);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Print(Session session, Layout layout, Run run, int node, SimilarDomainsResult similar)
    {
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject
            {
                ["run"] = run.Id,
                ["node"] = node,
                ["name"] = run.Graph.Names[node],
                ["sources"] = run.Graph.InDegree(node),
                ["sources_looked_at"] = similar.Sources,
                ["complete"] = similar.Complete,
                ["similar"] = new JsonArray([.. similar.Domains.Select(other => new JsonObject
                {
                    ["node"] = other.Node, ["name"] = run.Graph.Names[other.Node], ["similarity"] = other.Similarity, ["shared"] = other.Shared,
                })]),
            });
        else
            Printing.Table(session.Terminal, layout, ["rank", "name", "similarity", "shared"], similar.Domains.Select((other, i) => new object?[]
            {
                i + 1, run.Graph.Names[other.Node], other.Similarity, other.Shared,
            }));
        if (!similar.Complete)
            session.Note($"note: {similar.Sources} of {run.Graph.InDegree(node)} sources were looked at; the others link to too many to tell anybody apart");
    }
}
