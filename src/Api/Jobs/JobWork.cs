using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Api;

/// <summary>How what-ifs are answered: <c>POST /simulate</c> and jobs alike.</summary>
/// <param name="Check">Tells what is wrong with a request (<see cref="ProblemException"/>).</param>
/// <param name="Answer">The answer's body.</param>
public sealed record WhatIf(Action<JsonElement> Check, Func<JsonElement, CancellationToken, JsonNode> Answer);

/// <summary>What jobs do, by kind: what a request may ask of this service, and the work itself, which is the program's.</summary>
internal sealed class JobWork(DataFolder folder, ApiOptions options, Uploads uploads, Action afterRun, WhatIf whatIf)
{
    private static readonly string[] Naming = ["graph", "since", "topics_of", "run"];

    private readonly ServerPaths _paths = new(options.ImportRoots);

    /// <summary>Refuses what cannot be done before it is queued.</summary>
    /// <exception cref="ProblemException"><c>invalid_body</c>, with field and allowed values; <c>not_found</c> for an unknown crawl.</exception>
    public void Check(JobKind kind, JsonElement request, bool ofUpload)
    {
        try
        {
            switch (kind)
            {
                case JobKind.Crawl:
                    CheckCrawl(RequestJson.Read<CrawlRequest>(request));
                    break;
                case JobKind.Import:
                    Located(RequestJson.Read<ImportRequest>(request), ofUpload ? "" : null);
                    break;
                case JobKind.Run:
                    CheckRun(RequestJson.Read<RankRequest>(request));
                    break;
                default:
                    whatIf.Check(request);
                    break;
            }
        }
        catch (Exception e) when (e is ArgumentException or IOException)
        {
            throw Problem(e, folder);
        }
    }

    /// <summary>Does it.</summary>
    /// <param name="began">Told the id of a crawl once it is on the disk.</param>
    /// <returns>What came of it, and whether it was stopped before its end.</returns>
    public (JobResult Result, bool Stopped) Do(Job job, IProgress<StepProgress> progress, Action<string> began, CancellationToken cancel) => job.Kind switch
    {
        JobKind.Crawl => Crawl(job, progress, began, cancel),
        JobKind.Import => (Import(job, progress, cancel), false),
        JobKind.Run => (Rank(job, progress, cancel), false),
        _ => (Simulate(job, cancel), false),
    };

    /// <summary>Runs and graphs that a job names.</summary>
    public static IEnumerable<string> Names(Job job) => Naming
        .Select(field => job.Request.ValueKind == JsonValueKind.Object && job.Request.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "")
        .Where(id => id.Length > 0);

    /// <summary>An error as a job keeps it.</summary>
    public static JobError Describe(Exception error, DataFolder folder)
    {
        ProblemException problem = error as ProblemException ?? Problem(error, folder);
        return new JobError(problem.Code, problem.Message, problem.Errors);
    }

    private static ProblemException Problem(Exception error, DataFolder folder) => error switch
    {
        RequestException request => Problems.Of("invalid_body", request.Message, new FieldError(request.FieldName, request.Message)),
        ArgumentException argument => Problems.Of("invalid_body", Local(argument.Message.Split('\n')[0], folder)),
        StoreException or GraphException or ImportException or TopicException or IOException or UnauthorizedAccessException => new ProblemException(500, "failed", Local(error.Message.TrimEnd('.'), folder), null, error),
        OutOfMemoryException => new ProblemException(500, "failed", "there is not enough memory for this", null, error),
        _ => new ProblemException(500, "failed", $"a defect of this program: {error.GetType().Name}; the service's log says more", null, error),
    };

    /// <summary>Where the data folder lies on this machine is not everybody's business.</summary>
    private static string Local(string message, DataFolder folder) => message.Replace(Path.GetFullPath(folder.Path), "data", StringComparison.Ordinal).Replace(folder.Path + Path.DirectorySeparatorChar, "data/", StringComparison.Ordinal);

    private void CheckCrawl(CrawlRequest request)
    {
        if (!options.Jobs.LocalCrawls)
            foreach ((string field, bool given) in (ReadOnlySpan<(string, bool)>)[("allow_loopback", request.AllowLoopback == true), ("connect_to", request.ConnectTo is { Count: > 0 }), ("ports", request.Ports is { Count: > 0 }),
                ("proxies", request.Proxies is { Count: > 0 }), ("render", request.Render is not null)])
                if (given)
                    throw new RequestException(field, $"{{{field}}} would lead the crawler to addresses that are not public: this service was started without --local-crawls");
        request = Located(request);
        request.Check();
        if (request.Resume is { } id && (id.Length > 0 ? !folder.CrawlIds().Contains(id) : folder.CrawlIds().Count == 0))
            throw new RequestException("resume", id.Length > 0 ? $"{{resume}}: there is no crawl '{id}'" : "{resume}: there is no crawl yet");
        if (request.Resume is null && request.Due != true)
            request.Settings(folder, options.Jobs.Contact);
        else if (request.Due == true && request.Contact is null && options.Jobs.Contact is null && request.AllowLoopback != true)
            throw new RequestException("contact", "say who you are with {contact}: a URL or mailto:");
    }

    private CrawlRequest Located(CrawlRequest request) => request with
    {
        Sign = request.Sign is { } key ? _paths.Resolve("sign", key) : null,
        Psl = request.Psl is { } list ? _paths.Resolve("psl", list) : null,
    };

    private (JobResult, bool) Crawl(Job job, IProgress<StepProgress> progress, Action<string> began, CancellationToken cancel)
    {
        CrawlRequest request = Located(RequestJson.Read<CrawlRequest>(job.Request));
        string? id = job.Crawl ?? (request.Resume is { } named ? folder.CrawlId(named.Length > 0 ? named : null) : null);
        CrawlSettings settings = id is null ? request.Settings(folder, options.Jobs.Contact, cancel)
            : request.Resume is null ? CrawlSettings.Read(folder, id) : request.Resumed(CrawlSettings.Read(folder, id));
        CrawlReport report = StoreCrawl.Run(folder, settings, id, request.AcceptCut, began, progress: progress, cancel: cancel);
        return (new JobResult(Crawl: report.Id, Counts: Reports.Describe(report)), report.Result.End == CrawlEnd.Stopped);
    }

    private ImportRequest Located(ImportRequest request, string? upload)
    {
        if (upload is not null)
            request = request with { Paths = [upload.Length > 0 ? uploads.PathOf(upload) : "upload"] };
        request.Check();
        return request with
        {
            Paths = upload is not null ? request.Paths : [.. request.Paths.Select(path => _paths.Resolve("paths", path, folders: true))],
            Names = request.Names is { } names ? _paths.Resolve("names", names) : null,
            Psl = request.Psl is { } list ? _paths.Resolve("psl", list) : null,
            Threads = request.Threads ?? options.Jobs.Threads,
        };
    }

    private JobResult Import(Job job, IProgress<StepProgress> progress, CancellationToken cancel)
    {
        ImportReport report = DataImport.Run(folder, Located(RequestJson.Read<ImportRequest>(job.Request), job.Upload), progress, cancel);
        return report.Nothing ? throw new IOException($"nothing could be imported; {report.Visits!.FirstProblem}")
            : new JobResult(Graph: report.Graph?.Id, Counts: Reports.Describe(report));
    }

    private void CheckRun(RankRequest request)
    {
        Located(request).Check();
        if (request.Graph is { } graph && !folder.GraphIds().Contains(graph))
            throw new RequestException("graph", $"{{graph}}: there is no graph '{graph}'; there is {string.Join(", ", folder.GraphIds().TakeLast(8))}");
        foreach ((string field, string? run) in (ReadOnlySpan<(string, string?)>)[("since", request.Since), ("topics_of", request.TopicsOf)])
            if (run is { Length: > 0 } && !folder.RunIds().Contains(run))
                throw new RequestException(field, $"{{{field}}}: there is no run '{run}'; there is {string.Join(", ", folder.RunIds().TakeLast(8))}");
    }

    private RankRequest Located(RankRequest request) => request with
    {
        Fold = request.Fold is null or "domain" or "host" or "psl-private" ? request.Fold : _paths.Resolve("fold", request.Fold),
        Profile = request.Profile is null || LinkProfile.Named.Any(p => p.Name == request.Profile) ? request.Profile : _paths.Resolve("profile", request.Profile),
        Owners = request.Owners is { } owners ? _paths.Resolve("owners", owners) : null,
        Taxonomy = request.Taxonomy is { } topics ? _paths.Resolve("taxonomy", topics) : null,
        Seeds = request.Seeds is { } seeds ? _paths.Resolve("seeds", seeds) : null,
        Threads = request.Threads ?? options.Jobs.Threads,
    };

    private JobResult Rank(Job job, IProgress<StepProgress> progress, CancellationToken cancel)
    {
        string note = "", asking = string.Create(CultureInfo.InvariantCulture, $"job {job.Id} of {job.Created:O}");
        if (job.Attempts > 1 && RankPlan.Published(folder, asking) is { } published) // the service was killed between publishing and noting it
            return new JobResult(Run: published, Counts: new JsonObject { ["run"] = published, ["note"] = "published before the service was killed" });
        RankReport report = Ranking.Plan(folder, Located(RequestJson.Read<RankRequest>(job.Request)), said => note = said).For(asking).Make(progress, cancel);
        afterRun();
        JsonObject counts = Reports.Describe(report);
        if (note.Length > 0)
            counts["note"] = note;
        return new JobResult(Run: report.RunId, Counts: counts);
    }

    private JobResult Simulate(Job job, CancellationToken cancel)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limited.CancelAfter(TimeSpan.FromSeconds(options.Jobs.SimulationSeconds));
        try
        {
            return new JobResult(Answer: whatIf.Answer(job.Request, limited.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Problems.Of("too_slow", $"the simulation took longer than {options.Jobs.SimulationSeconds} seconds");
        }
    }
}
