using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <param name="Schedules">Oldest first.</param>
public sealed record ScheduleList(IReadOnlyList<Schedule> Schedules);

/// <summary><c>/schedules</c>: jobs that the clock starts.</summary>
internal static class SchedulesApi
{
    public static void MapSchedules(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder schedules = api.MapGroup("/schedules").WithTags("schedules");
        schedules.MapPost("", Add).WithName("schedule-add").WithSummary("Starts a job again and again, by a cron expression.").WithProblems("invalid_body", "busy").WithExample(body: """{"cron":"0 3 * * 1","time_zone":"Europe/Berlin","kind":"run"}""");
        schedules.MapGet("", List).WithName("schedules").WithSummary("The schedules, each with its next time and last job.").WithExample();
        schedules.MapDelete("/{id}", Remove).WithName("schedule-remove").WithSummary("Forgets a schedule.").WithProblems("not_found", "busy").WithExample(route: ("id", "000001-run"));
    }

    private static Created<Schedule> Add(Schedules schedules, ScheduleRequest request)
    {
        if (request is not { Cron: not null, TimeZone: not null })
            throw Problems.Of("invalid_body", "cron and time_zone are texts, not null");
        Schedule added = schedules.Add(request);
        return TypedResults.Created("/api/v1/schedules", added);
    }

    private static Ok<ScheduleList> List(Schedules schedules) => TypedResults.Ok(new ScheduleList(schedules.List()));

    private static NoContent Remove(Schedules schedules, string id) => schedules.Remove(id) ? TypedResults.NoContent()
        : throw Problems.Of("not_found", "there is no schedule of that id; GET /api/v1/schedules lists them");
}
