using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>What a run's domains and pages are about.</summary>
internal static class TopicsApi
{
    public static void MapTopics(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder topics = api.MapGroup("/topics").WithTags("topics").AsRunQuestion();
        topics.MapGet("", List).WithName("run-topics").WithSummary("The topics of a run: how many domains or pages are of each, and who stands out.")
            .WithParameter(Asked.Level).WithExample().WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        topics.MapGet("/{id}/specialists", Specialists).WithName("topic-specialists").WithSummary("Who stands out in a topic, by the topic's share in their authority.")
            .WithParameter(Asked.Level).WithParameter(Asked.Limit(1000, 20)).WithExample("?limit=5", route: ("id", "garden")).WithProblems("not_found", "invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
    }

    private static Ok<TopicsAnswer> List(RunCatalog catalog, CancellationToken cancel, string? level = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => RunTopics.List(served, RunAnswers.Level(level), cancel)));

    private static Ok<SpecialistsAnswer> Specialists(RunCatalog catalog, string id, CancellationToken cancel, string? level = null, int? limit = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => RunTopics.Specialists(served, id, RunAnswers.Level(level), RunAnswers.Within("limit", limit, 20, 1, 1000), cancel)));
}
