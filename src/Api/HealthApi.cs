using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>Whether the service can answer, and from which run.</summary>
/// <param name="Status"><c>ok</c>, or <c>empty</c> before the first run.</param>
public sealed record Health(string Status, RunStamp? Run);

internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder api) => api.MapGet("/health", Get).WithName("health").WithSummary("Whether the service can answer, and from which run.");

    private static Ok<Health> Get(RunCatalog catalog)
    {
        if (catalog.Folder.CurrentRun is null)
            return TypedResults.Ok(new Health("empty", null));
        using RunLease lease = catalog.Lease();
        return TypedResults.Ok(new Health("ok", lease.Run.Stamp));
    }
}
