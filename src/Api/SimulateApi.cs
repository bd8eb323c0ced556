using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>What would be if links were other than they are.</summary>
internal static class SimulateApi
{
    public static void MapSimulate(this IEndpointRouteBuilder api) => api.MapPost("/simulate", Simulate).AsQuestion().WithTags("explain").WithName("simulate")
        .WithSummary("What a target's authority would be, and who else would move, if links were added, removed, changed or disavowed; with a certified bound.")
        .WithScope(Scopes.Read).WithExample(body: """{"target":"labs.example","remove":["domain:directory.example"],"movers":5}""")
        .WithProblems("invalid_body", "invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");

    private static Ok<SimulationResponse> Simulate(RunCatalog catalog, SimulationRequest request, CancellationToken cancel) =>
        TypedResults.Ok(catalog.Answer(request.Run, served => Simulations.Of(served, request, cancel)));
}
