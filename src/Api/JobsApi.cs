using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Backlinks.Api;

/// <param name="Jobs">Newest first.</param>
public sealed record JobList(IReadOnlyList<Job> Jobs);

/// <summary><c>/jobs</c>: what the service does besides answering, whoever started it.</summary>
internal static class JobsApi
{
    /// <summary>Everything that starts, watches or stops work.</summary>
    public static void MapJobs(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder jobs = api.MapGroup("/jobs").WithTags("jobs");
        jobs.MapGet("", List).WithName("jobs").WithSummary("The jobs, newest first; by state or kind.")
            .WithParameter(new DocumentedParameter("limit", "How many, at most.", "integer") { Minimum = 1, Maximum = 1000, Standard = 100 }).WithParameter(new DocumentedParameter("state", "Only jobs in this state.")).WithParameter(new DocumentedParameter("kind", "Only jobs of this kind.")).WithExample("?limit=5");
        jobs.MapGet("/{id}", Get).WithName("job").WithSummary("One job: state, progress, result or error.").WithProblems("not_found").WithExample(route: ("id", "000001-run"));
        jobs.MapGet("/{id}/events", Events).WithName("job-events").DisableRequestTimeout()
            .WithSummary("The job as server-sent events: 'progress' with each new state (of a crawl with its pages by outcome), 'heartbeat' in silence, 'end' with the last; Last-Event-ID is honoured.").WithProblems("not_found").WithExample(route: ("id", "000001-run"));
        jobs.MapPost("/{id}/cancel", Cancel).WithName("job-cancel").WithSummary("Asks a job to stop; what a crawl or an import did is kept.").WithProblems("not_found", "conflict", "busy").WithExample(route: ("id", "000001-run"));
        api.MapCrawls();
        api.MapImports();
        api.MapRunJobs();
        api.MapSimulations();
        api.MapSchedules();
    }

    /// <summary>202 with the job's address.</summary>
    internal static Accepted<Job> Started(Job job) => TypedResults.Accepted($"/api/v1/jobs/{job.Id}", job);

    /// <summary>The body as JSON; none is an empty object.</summary>
    /// <exception cref="ProblemException"><c>unsupported_media_type</c>, <c>invalid_body</c>.</exception>
    internal static async Task<JsonElement> BodyAsync(HttpRequest request, CancellationToken cancel)
    {
        if (request.ContentType is not null && !request.HasJsonContentType())
            throw Problems.Of("unsupported_media_type", $"send application/json, not {request.ContentType}");
        if (request.ContentType is null && request.ContentLength is null or 0)
            return JsonSerializer.SerializeToElement(new { });
        if (!request.HasJsonContentType())
            throw Problems.Of("unsupported_media_type", "send application/json, and say so");
        try
        {
            using JsonDocument document = await JsonDocument.ParseAsync(request.Body, cancellationToken: cancel);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Problems.Of("invalid_body", $"the body is not JSON: {e.Message}");
        }
    }

    /// <summary>A job of that id, of one kind if need be.</summary>
    /// <exception cref="ProblemException"><c>not_found</c>.</exception>
    internal static Job Known(JobQueue jobs, string id, JobKind? kind = null) => jobs.Find(id) is { } job && (kind is null || job.Kind == kind) ? job
        : throw Problems.Of("not_found", $"there is no {(kind is null ? "job" : $"job of kind {kind.ToString()!.ToLowerInvariant()}")} of that id; GET /api/v1/jobs lists them");

    /// <summary>Asks a job to stop.</summary>
    /// <exception cref="ProblemException"><c>conflict</c> where it has ended.</exception>
    internal static Ok<Job> Cancelled(JobQueue jobs, Job job) => job.HasEnded ? throw Problems.Of("conflict", $"job {job.Id} has ended already: it is {job.State.ToString().ToLowerInvariant()}")
        : TypedResults.Ok(jobs.Cancel(job.Id)!);

    private static Ok<JobList> List(JobQueue jobs, string? state = null, string? kind = null, int limit = 100)
    {
        JobState? wantedState = Word<JobState>("state", state);
        JobKind? wantedKind = Word<JobKind>("kind", kind);
        if (limit is < 1 or > 1000)
            throw Problems.Parameter("limit", $"1 to 1,000, not {limit}");
        return TypedResults.Ok(new JobList([.. jobs.List().Where(job => (wantedState is null || job.State == wantedState) && (wantedKind is null || job.Kind == wantedKind)).Take(limit)]));
    }

    private static T? Word<T>(string parameter, string? word) where T : struct, Enum => word is null ? null
        : Enum.GetNames<T>().FirstOrDefault(name => name.Equals(word, StringComparison.OrdinalIgnoreCase)) is { } known ? Enum.Parse<T>(known)
        : throw Problems.Parameter(parameter, $"one of {string.Join(", ", Enum.GetNames<T>().Select(name => name.ToLowerInvariant()))}");

    private static Ok<Job> Get(JobQueue jobs, string id) => TypedResults.Ok(Known(jobs, id));

    private static Ok<Job> Cancel(JobQueue jobs, string id) => Cancelled(jobs, Known(jobs, id));

    private static ServerSentEventsResult<Job> Events(JobQueue jobs, ApiOptions options, IHostApplicationLifetime life, HttpContext context, string id)
    {
        Known(jobs, id);
        context.Response.Headers["X-Accel-Buffering"] = "no"; // proxies that gather answers would keep all until the end
        return TypedResults.ServerSentEvents(Items(jobs, id, context.Request.Headers["Last-Event-ID"].ToString(), TimeSpan.FromSeconds(options.Jobs.HeartbeatSeconds), life.ApplicationStopping, context.RequestAborted));
    }

    /// <summary>Each state is whole, so whoever was away needs the newest alone: it is left out only where it was the last one seen.</summary>
    private static async IAsyncEnumerable<SseItem<Job>> Items(JobQueue jobs, string id, string lastSeen, TimeSpan silence, CancellationToken ending, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancel, ending);
        await using IAsyncEnumerator<Job> states = jobs.Watch(id, gone.Token).GetAsyncEnumerator(gone.Token);
        Task<bool> next = states.MoveNextAsync().AsTask();
        try
        {
            for (Job? last = null; ;)
            {
                Task first = await Task.WhenAny(next, Task.Delay(silence, gone.Token));
                if (gone.IsCancellationRequested)
                    yield break;
                if (first != next)
                {
                    if (last is not null)
                        yield return new SseItem<Job>(last, "heartbeat") { EventId = last.EventId };
                    continue;
                }
                if (!await next)
                    yield break;
                last = states.Current;
                if (last.EventId != lastSeen || last.HasEnded)
                    yield return new SseItem<Job>(last, last.HasEnded ? "end" : "progress") { EventId = last.EventId, ReconnectionInterval = TimeSpan.FromSeconds(2) };
                next = states.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            await gone.CancelAsync();
            await next.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default); // before the states are disposed
        }
    }
}
