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
        RouteGroupBuilder graph = api.MapGroup("/graph").WithTags("graph");
        graph.MapGet("/neighbourhood", Neighbourhood).WithName("graph-neighbourhood").WithSummary("A target, its strongest referrers and theirs, with what each link passes; as JSON, GraphML or DOT.")
            .WithExample("?target=best-guitar-deals.example&depth=2&top=10").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        graph.MapGet("/path", Path).WithName("graph-path").WithSummary("The shortest ways from one node to another along links, or the one by which most authority flows.")
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
