using System.Diagnostics;
using System.Globalization;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Whether the service can answer, and from which run. Callers without a key where keys are needed learn the status alone.</summary>
/// <param name="Status"><c>ok</c>; <c>empty</c> before the first run; <c>damaged</c> where the current run cannot be read.</param>
/// <param name="Ready">Whether questions can be answered.</param>
/// <param name="Run">The current run.</param>
/// <param name="Runs">Runs in the data folder.</param>
/// <param name="HasLinks">Whether there is a link store, crawled or imported.</param>
/// <param name="Writing">Whether some process writes into the data folder at the moment: a crawl, an import or a run.</param>
/// <param name="FreeBytes">Room left on the disk of the data folder.</param>
/// <param name="EngineVersion">Of this service; runs name the one that made them.</param>
public sealed record Health(string Status, bool Ready, RunStamp? Run, int? Runs, bool? HasLinks, bool? Writing, long? FreeBytes, string? EngineVersion);

internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder api)
    {
        api.MapGet("/health", Live).WithName("health").WithSummary("Whether the service is alive, and what it can answer from: always 200.").WithScope(null).DisableRateLimiting().WithExample();
        api.MapGet("/health/ready", Ready).WithName("health-ready").WithSummary("200 when questions can be answered, else 503: for load balancers.").WithScope(null).DisableRateLimiting()
            .WithProblems("no_run", "run_damaged").WithExample();
    }

    private static Ok<Health> Live(RunCatalog catalog, HttpContext context)
    {
        try
        {
            return Ready(catalog, context);
        }
        catch (ProblemException problem)
        {
            return TypedResults.Ok(Describe(catalog, context, problem.Code == "no_run" ? "empty" : "damaged", null));
        }
    }

    private static Ok<Health> Ready(RunCatalog catalog, HttpContext context)
    {
        using RunLease lease = catalog.Lease();
        return TypedResults.Ok(Describe(catalog, context, "ok", lease.Run.Stamp));
    }

    private static Health Describe(RunCatalog catalog, HttpContext context, string status, RunStamp? run) => !Caller.Of(context).LetIn
        ? new Health(status, status == "ok", null, null, null, null, null, null)
        : new Health(status, status == "ok", run, catalog.Folder.RunIds().Count, catalog.Folder.HasLinks, Writing(catalog.Folder), FreeBytes(catalog.Folder), RunWriter.EngineVersion);

    /// <summary>Whether the process that says it has the lock is alive. The lock itself is not tried: a writer that comes at that moment would find it taken.</summary>
    private static bool Writing(DataFolder folder)
    {
        try
        {
            using Process holder = Process.GetProcessById(int.Parse(File.ReadAllText(Path.Combine(folder.Path, ".lock-holder")), CultureInfo.InvariantCulture));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or OverflowException or ArgumentException)
        {
            return false;
        }
    }

    private static long? FreeBytes(DataFolder folder)
    {
        try
        {
            return new DriveInfo(Path.GetFullPath(folder.Path)).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
