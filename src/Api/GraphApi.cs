using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>What lies around a node, and between two.</summary>
internal static class GraphApi
{
    public static void MapGraph(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder graph = api.MapGroup("/graph").WithTags("graph").AsRunQuestion();
        graph.MapGet("/neighbourhood", Neighbourhood).WithName("graph-neighbourhood").WithSummary("A target, its strongest referrers and theirs, with what each link passes; as JSON, GraphML or DOT.")
            .WithParameters("target").WithParameter(Asked.Level).WithParameter(new DocumentedParameter("depth", "Links from the target.", "integer") { Minimum = 1, Maximum = 4, Standard = 2 })
            .WithParameter(Asked.Top("Neighbours of the target", 500, 50, 1)).WithParameter(new DocumentedParameter("top_below", "Neighbours of each further node.", "integer") { Minimum = 0, Maximum = 100, Standard = 10 })
            .WithParameter(new DocumentedParameter("direction", "Along links into nodes, out of them, or both.") { OneOf = ["in", "out", "both"], Standard = "in" })
            .WithParameter(new DocumentedParameter("most_nodes", "Nodes in all.", "integer") { Minimum = 1, Maximum = 10_000, Standard = 1000 }).WithParameter(Asked.Output("JSON, or a file to be drawn.", "json", "graphml", "dot"))
            .WithExample("?target=best-guitar-deals.example&depth=2&top=10").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        graph.MapGet("/path", Path).WithName("graph-path").WithSummary("The shortest ways from one node to another along links, or the one by which most authority flows.")
            .WithParameter(Asked.Name("from", "Domain, host or URL where the way begins.")).WithParameter(Asked.Name("to", "Domain, host or URL where it ends.")).WithParameter(Asked.Level)
            .WithParameter(new DocumentedParameter("by", "The fewest links, or the greatest part of the first one's authority.") { OneOf = ["length", "strength"], Standard = "length" }).WithParameter(Asked.Top("Ways", 20, 3, 1)).AsExpensive()
            .WithExample("?from=directory.example&to=labs.example").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
    }

    private static Results<Ok<NeighbourhoodAnswer>, FileContentHttpResult> Neighbourhood(RunCatalog catalog, CancellationToken cancel, string? target = null, string? level = null, int? depth = null, int? top = null, int? top_below = null,
        string? direction = null, int? most_nodes = null, string? output = null, string? run = null)
    {
        var standard = new NeighbourhoodOptions();
        var options = new NeighbourhoodOptions
        {
            Depth = depth ?? standard.Depth,
            Top = top ?? standard.Top,
            TopBelow = top_below ?? standard.TopBelow,
            MostNodes = most_nodes ?? standard.MostNodes,
            Direction = Enum.Parse<LinkDirection>(RunAnswers.OneOf("direction", direction, "in", "out", "both"), ignoreCase: true),
        };
        string form = RunAnswers.OneOf("output", output, "json", "graphml", "dot");
        NeighbourhoodAnswer answer = catalog.Answer(run, served => Neighbourhoods.Of(served, RunAnswers.Target("target", target), RunAnswers.Level(level), options, cancel));
        return form == "json" ? TypedResults.Ok(answer) : GraphFiles.Of(form, answer.Extract ?? GraphEngine.Neighbourhood.Of([], []), answer.Target);
    }

    private static Ok<PathAnswer> Path(RunCatalog catalog, CancellationToken cancel, string? from = null, string? to = null, string? level = null, string? by = null, int? top = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => Neighbourhoods.Between(served, RunAnswers.Target("from", from), RunAnswers.Target("to", to), RunAnswers.Level(level),
            RunAnswers.OneOf("by", by, "length", "strength") == "strength", RunAnswers.Within("top", top, 3, 1, 20), cancel)));
}
