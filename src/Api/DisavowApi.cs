using System.Text;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <summary>What to propose to disavow.</summary>
public sealed record DisavowRequest
{
    /// <summary>The domain whose links are meant.</summary>
    public string? Target { get; init; }

    /// <summary>Id of a run; null for the current one.</summary>
    public string? Run { get; init; }

    /// <summary>Ids of the clusters to propose from, whatever their score; without, those of <see cref="MinScore"/> and those that a review confirmed.</summary>
    public IReadOnlyList<string>? Clusters { get; init; }

    /// <summary>Clusters from this score on, 50 to 100. Default 80: those that are confirmed.</summary>
    public double MinScore { get; init; } = new DisavowOptions().MinScore;

    /// <summary>By domain, <c>keep</c> or <c>disavow</c>, whatever else speaks for it; at most 100,000.</summary>
    public IReadOnlyDictionary<string, string>? Review { get; init; }

    /// <summary>Whether to name domains, which takes their subdomains; else the pages that link, one by one. Default true.</summary>
    public bool IncludeSubdomains { get; init; } = true;
}

/// <summary>A disavow file as it was read.</summary>
/// <param name="Accepted">Whether it would be accepted as it is.</param>
/// <param name="Domains">Entries that name domains.</param>
/// <param name="Urls">Entries that name single pages.</param>
/// <param name="Entries">In the order of the file, each once.</param>
/// <param name="Problems">By line; those of the whole file first.</param>
public sealed record DisavowParsed(bool Accepted, int Lines, long Bytes, int Domains, int Urls, IReadOnlyList<DisavowEntry> Entries, IReadOnlyList<DisavowProblem> Problems);

/// <summary>Disavow files, proposed and read. Nothing is ever sent anywhere.</summary>
internal static class DisavowApi
{
    public static void MapDisavow(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder disavow = api.MapGroup("/disavow").WithTags("spam").AsQuestion();
        disavow.MapPost("/export", Export).WithName("disavow-export").WithSummary("Proposes a disavow file from spam clusters, to be reviewed line by line.")
            .WithScope(Scopes.Read).Produces<string>(200, "text/plain").WithExample(body: """{"target":"best-guitar-deals.example"}""").WithProblems("invalid_body", "not_found", "unknown_run", "no_run", "run_damaged", "not_in_run");
        disavow.MapPost("/parse", ParseAsync).WithName("disavow-parse").WithSummary("Reads a disavow file and lists what is wrong with it, by line.")
            .WithScope(Scopes.Read).Accepts<string>("text/plain").WithMetadata(new RequestSizeLimitAttribute(DisavowFile.MostBytes + Margin)).WithProblems("too_large")
            .WithExample("", "# links we do not want\ndomain:best-guitar-deals.example\n", "text/plain");
    }

    /// <summary>A file that is a little too large is still read, to be told so with all else that is wrong with it.</summary>
    private const int Margin = 64 << 10;

    private static FileContentHttpResult Export(RunCatalog catalog, DisavowRequest request, CancellationToken cancel)
    {
        DisavowProposal proposal = catalog.Answer(request.Run, run => Disavowals.Propose(run, new Reviews(catalog.Folder), request, cancel));
        return TypedResults.File(proposal.Content, "text/plain; charset=utf-8", $"disavow-{proposal.Target}.txt");
    }

    private static async Task<Ok<DisavowParsed>> ParseAsync(HttpRequest request, CancellationToken cancel)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancel);
        return TypedResults.Ok(Disavowals.Parse(body.GetBuffer().AsSpan(0, (int)body.Length), cancel));
    }
}

/// <summary>Disavow files, for API and dashboard alike.</summary>
public static class Disavowals
{
    /// <summary>Entries of <see cref="DisavowRequest.Review"/>.</summary>
    private const int MostReviews = 100_000;

    /// <summary>Proposes a file; its text is <see cref="DisavowProposal.Content"/>.</summary>
    /// <exception cref="ProblemException">The request cannot be meant so, the target is not in the index, or the run was made without looking for spam.</exception>
    public static DisavowProposal Propose(ServedRun run, Reviews reviews, DisavowRequest request, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        string target = string.IsNullOrWhiteSpace(request.Target) || request.Target.Length > RunAnswers.LongestTarget ? throw Wrong("target", "is needed: a domain") : request.Target;
        var choices = new Dictionary<string, DisavowChoice>(StringComparer.Ordinal);
        if (request.Review?.Count > MostReviews)
            throw Wrong("review", $"has {request.Review.Count} domains; at most {MostReviews} are allowed");
        foreach ((string domain, string choice) in request.Review ?? new Dictionary<string, string>())
            choices[domain] = choice switch
            {
                "keep" => DisavowChoice.Keep,
                "disavow" => DisavowChoice.Disavow,
                _ => throw Wrong("review", $"must be keep or disavow for '{RunAnswers.Clip(domain)}', not '{RunAnswers.Clip(choice ?? "null")}'"),
            };
        int node = RunTargets.Find(run.Run, target);
        if (node < 0)
            throw Problems.Of("not_found", $"'{RunAnswers.Clip(target)}' is not in the index of run {run.Id}: nothing is known to link to it", new FieldError("/target", "not in the index"));
        var options = new DisavowOptions { MinScore = request.MinScore, Clusters = request.Clusters, Review = choices, IncludeSubdomains = request.IncludeSubdomains };
        try
        {
            return DisavowProposal.For(run.SpamRun, node, reviews.All(), options, request.IncludeSubdomains ? null : run.Authority(GraphLevel.Domain).Pages, cancel);
        }
        catch (RequestException wrong)
        {
            throw Wrong(wrong.FieldName, wrong.Message);
        }
    });

    /// <summary>Reads a file; nothing in it throws.</summary>
    public static DisavowParsed Parse(ReadOnlySpan<byte> content, CancellationToken cancel = default)
    {
        var file = DisavowFile.Parse(content, DisavowProposal.IsPublicSuffix, cancel);
        int domains = file.Entries.Count(e => e.Domain);
        return new DisavowParsed(file.Accepted, file.Lines, file.Bytes, domains, file.Entries.Count - domains, file.Entries, file.Problems);
    }

    private static ProblemException Wrong(string field, string message) => Problems.Of("invalid_body", $"{field}: {message}", new FieldError("/" + field, message));
}
