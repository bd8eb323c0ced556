using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Published runs: what there is, how each came about, and what moved between two.</summary>
internal static class RunsApi
{
    public static void MapRuns(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder runs = api.MapGroup("/runs").WithTags("runs");
        runs.MapGet("", List).AsQuestion().WithName("runs").WithSummary("The runs of the data folder, newest first.").WithParameter(Asked.Limit(1000, 100)).WithExample("?limit=5").WithProblems("invalid_parameter");
        runs.MapGet("/{id}", One).AsQuestion().WithName("run").WithSummary("One run: configuration, results, convergence, timings.").WithExample(route: ("id", "latest")).WithProblems("unknown_run", "no_run", "run_damaged");
        runs.MapGet("/{a}/diff/{b}", Diff).AsRunQuestion().WithParameter(Asked.Name("a", "The run before, by its id, or latest.")).WithParameter(Asked.Name("b", "The run behind, by its id, or latest.")).WithName("run-diff").WithSummary("Why a target's score differs between two runs, in parts that add up; without a target, what moved most.")
            .WithParameter(new DocumentedParameter("target", "Domain, host or URL; without it, what moved most.")).WithParameter(Asked.Level).WithParameter(Asked.Top("Sources, or nodes in each list,", 200, 20)).AsExpensive()
            .WithExample("?target=labs.example", route: [("a", "latest"), ("b", "latest")]).WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
    }

    private static Ok<RunsAnswer> List(DataFolder folder, CancellationToken cancel, int? limit = null) => TypedResults.Ok(RunReports.List(folder, RunAnswers.Within("limit", limit, 100, 1, 1000), cancel));

    private static Ok<RunAnswer> One(DataFolder folder, string id, CancellationToken cancel) => TypedResults.Ok(RunReports.One(folder, id, cancel));

    private static Ok<RunDiffAnswer> Diff(RunCatalog catalog, string a, string b, CancellationToken cancel, string? target = null, string? level = null, int? top = null)
    {
        using RunLease before = catalog.Lease(a), after = catalog.Lease(b);
        return TypedResults.Ok(RunReports.Between(before.Run, after.Run, string.IsNullOrEmpty(target) ? null : RunAnswers.Target("target", target), RunAnswers.Level(level), RunAnswers.Within("top", top, 20, 0, 200), cancel));
    }
}
