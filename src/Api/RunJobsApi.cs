using Backlinks.Pipeline;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <param name="Run">Its id.</param>
/// <param name="Pinned">Whether it is kept whatever its age.</param>
public sealed record PinnedRun(string Run, bool Pinned);

/// <summary>What changes <c>/runs</c>: starting one, stopping its job, keeping one for good; and <c>/simulations</c>, the what-ifs that take longer than a
/// question may.</summary>
internal static class RunJobsApi
{
    public static void MapRunJobs(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder runs = api.MapGroup("/runs").WithTags("runs");
        runs.MapPost("", Start).WithName("run-start").Accepts<RankRequest>("application/json").WithSummary("Ranks the link store, or an imported graph, and publishes a run.").WithProblems("invalid_body", "busy").WithExample(body: """{"store":true}""");
        runs.MapPost("/{id}/cancel", Cancel).WithName("run-cancel").WithSummary("Stops the job of that id; nothing is published.").WithProblems("not_found", "conflict", "busy").WithExample(route: ("id", "000001-run"));
        runs.MapPost("/{id}/pin", (DataFolder folder, string id) => Pin(folder, id, true)).WithName("run-pin").WithSummary("Keeps a run when old ones are removed.").WithProblems("unknown_run").WithExample(route: ("id", "0001-1a2b3c4d"));
        runs.MapDelete("/{id}/pin", (DataFolder folder, string id) => Pin(folder, id, false)).WithName("run-unpin").WithSummary("Lets a run be removed when it is old.").WithProblems("unknown_run").WithExample(route: ("id", "0001-1a2b3c4d"));
    }

    public static void MapSimulations(this IEndpointRouteBuilder api) => api.MapPost("/simulations", Simulate).WithName("simulation-start").WithTags("simulations")
        .WithSummary("A what-if as a job: the body of POST /simulate; its answer is the job's result.").WithProblems("invalid_body", "busy").WithExample(body: """{"target":"labs.example","remove":["domain:directory.example"],"movers":5}""");

    private static async Task<Accepted<Job>> Start(JobQueue jobs, HttpRequest request, CancellationToken cancel) => JobsApi.Started(jobs.Start(JobKind.Run, await JobsApi.BodyAsync(request, cancel)));

    private static async Task<Accepted<Job>> Simulate(JobQueue jobs, HttpRequest request, CancellationToken cancel) => JobsApi.Started(jobs.Start(JobKind.Simulate, await JobsApi.BodyAsync(request, cancel)));

    private static Ok<Job> Cancel(JobQueue jobs, string id) => JobsApi.Cancelled(jobs, JobsApi.Known(jobs, id, JobKind.Run));

    private static Ok<PinnedRun> Pin(DataFolder folder, string id, bool pinned)
    {
        if (!folder.RunIds().Contains(id))
            throw Problems.Of("unknown_run", "there is no run of that id; GET /api/v1/runs lists them");
        RunRetention.Pin(folder, id, pinned);
        return TypedResults.Ok(new PinnedRun(id, pinned));
    }
}
