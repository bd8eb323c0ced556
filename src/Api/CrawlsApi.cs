using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>A crawl of the data folder.</summary>
/// <param name="Created">When it was started first, UTC.</param>
/// <param name="Seeds">The first twenty.</param>
/// <param name="Problem">Why what was asked for cannot be read; null where it can.</param>
/// <param name="Job">The last job that made it or went on with it; null where none is remembered, as of crawls of the command line.</param>
public sealed record CrawlSummary(string Id, DateTimeOffset Created, IReadOnlyList<string> Seeds, ScopeKind? Scope, long? MaxPages, string? Problem, Job? Job);

/// <param name="Crawls">Newest first.</param>
public sealed record CrawlList(IReadOnlyList<CrawlSummary> Crawls);

/// <summary><c>/crawls</c>: fetching pages and keeping their links.</summary>
internal static class CrawlsApi
{
    public static void MapCrawls(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder crawls = api.MapGroup("/crawls").WithTags("crawls");
        crawls.MapPost("", Start).WithName("crawl-start").Accepts<CrawlRequest>("application/json").WithSummary("Starts a crawl, or goes on with one.").WithProblems("invalid_body", "busy")
            .WithExample(body: """{"seeds":["http://labs.example/"],"max_pages":100,"contact":"mailto:you@example.com"}""");
        crawls.MapGet("", List).WithName("crawls").WithSummary("The crawls, newest first, each with its last job.").WithParameter(new DocumentedParameter("limit", "How many, at most.", "integer") { Minimum = 1, Maximum = 1000, Standard = 100 }).WithExample("?limit=5");
        crawls.MapGet("/{id}", Get).WithName("crawl").WithSummary("One crawl, by its id or that of its job.").WithProblems("not_found").WithExample(route: ("id", "000001-crawl"));
        crawls.MapPost("/{id}/cancel", Cancel).WithName("crawl-cancel").WithSummary("Stops a crawl; what it did is kept, and it can be gone on with.").WithProblems("not_found", "conflict", "busy").WithExample(route: ("id", "000001-crawl"));
    }

    private static async Task<Accepted<Job>> Start(JobQueue jobs, HttpRequest request, CancellationToken cancel) => JobsApi.Started(jobs.Start(JobKind.Crawl, await JobsApi.BodyAsync(request, cancel)));

    private static Ok<CrawlList> List(JobQueue jobs, DataFolder folder, int limit = 100)
    {
        if (limit is < 1 or > 1000)
            throw Problems.Parameter("limit", $"1 to 1,000, not {limit}");
        IReadOnlyList<Job> all = jobs.List();
        return TypedResults.Ok(new CrawlList([.. folder.CrawlIds().Reverse().Take(limit).Select(id => Summary(folder, id, LastOf(all, id)))]));
    }

    private static Ok<CrawlSummary> Get(JobQueue jobs, DataFolder folder, string id)
    {
        string crawl = jobs.Find(id) is { Kind: JobKind.Crawl, Crawl: { } made } ? made : id;
        return folder.CrawlIds().Contains(crawl) ? TypedResults.Ok(Summary(folder, crawl, LastOf(jobs.List(), crawl)))
            : throw Problems.Of("not_found", "there is no crawl of that id; GET /api/v1/crawls lists them");
    }

    private static Ok<Job> Cancel(JobQueue jobs, DataFolder folder, string id) =>
        JobsApi.Cancelled(jobs, jobs.Find(id) is { Kind: JobKind.Crawl } job ? job
            : folder.CrawlIds().Contains(id) ? LastOf(jobs.List(), id) ?? throw Problems.Of("conflict", "no job of this service crawls it")
            : throw Problems.Of("not_found", "there is no crawl of that id; GET /api/v1/crawls lists them"));

    private static Job? LastOf(IReadOnlyList<Job> jobs, string crawl) => jobs.FirstOrDefault(job => job.Crawl == crawl);

    private static CrawlSummary Summary(DataFolder folder, string id, Job? job)
    {
        DateTimeOffset created = File.GetLastWriteTimeUtc(Path.Combine(folder.Crawls, id, DataFolder.CrawlSettings));
        try
        {
            CrawlOptions crawl = CrawlSettings.Read(folder, id).Crawl;
            return new CrawlSummary(id, created, [.. crawl.Seeds.Take(20)], crawl.Scope, crawl.MaxPages, null, job);
        }
        catch (IOException)
        {
            return new CrawlSummary(id, created, [], null, null, "crawl.json is missing or damaged: start the crawl anew, what it found is in the store", job);
        }
    }
}
