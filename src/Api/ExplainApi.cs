using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Why a score is what it is.</summary>
internal static class ExplainApi
{
    public static void MapExplain(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder explain = api.MapGroup("/explain").WithTags("explain").AsRunQuestion();
        explain.MapGet("/score", Score).WithName("explain-score").WithSummary("Where a score comes from: contributions that add up to the raw value, with every factor.")
            .WithParameters("target").WithParameter(Asked.Level).WithParameter(Asked.Top("Links", 1000, 20)).WithParameter(Asked.Depth).WithExample("?target=labs.example&top=5&depth=2").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        explain.MapGet("/link", Link).WithName("explain-link").WithSummary("Every link from one domain or page to another, its factors, and what it passes.")
            .WithParameters("target").WithParameter(Asked.Name("source", "Domain, host or URL that links.")).WithParameter(Asked.Level).WithParameter(Asked.Top("Links", 1000, 100)).WithExample("?source=directory.example&target=labs.example").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
    }

    private static Ok<ScoreAnswer> Score(RunCatalog catalog, CancellationToken cancel, string? target = null, string? level = null, int? top = null, int? depth = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => Explanations.Of(served, RunAnswers.Target("target", target), RunAnswers.Level(level), RunAnswers.Within("top", top, 20, 0, 1000), RunAnswers.Within("depth", depth, 1, 1, 3), cancel)));

    private static Ok<LinkAnswer> Link(RunCatalog catalog, CancellationToken cancel, string? source = null, string? target = null, string? level = null, int? top = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => Explanations.Between(served, RunAnswers.Target("source", source), RunAnswers.Target("target", target), RunAnswers.Level(level), RunAnswers.Within("top", top, 100, 0, 1000), cancel)));
}
