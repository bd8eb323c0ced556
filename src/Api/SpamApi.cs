using System.IO.Hashing;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backlinks.Api;

/// <param name="Reviews">By subject.</param>
public sealed record ReviewList(IReadOnlyList<Review> Reviews);

/// <summary>A decision to keep.</summary>
/// <param name="Decision"><c>confirmed</c> or <c>dismissed</c>.</param>
/// <param name="Note">Why; at most 2,000 characters.</param>
public sealed record ReviewRequest(string? Decision, string? Note = null);

/// <summary>Clusters of domains that link in order to boost, with reasons and counter-evidence, and what people decided about them.</summary>
internal static class SpamApi
{
    public static void MapSpam(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder spam = api.MapGroup("/spam").WithTags("spam").AsQuestion();
        spam.MapGet("/clusters", List).AsRunQuestion(Decided).WithName("spam-clusters").WithSummary("Spam clusters by falling score.")
            .WithParameter(new DocumentedParameter("confirmed", "Only clusters that are confirmed (80 or more), or only those that are not.", "boolean"))
            .WithParameter(new DocumentedParameter("min_score", "Clusters from this score on.", "number") { Minimum = 0, Maximum = 100, Standard = 0 })
            .WithParameter(new DocumentedParameter("target", "Only clusters that this domain is in, or that link to it.")).WithParameter(Asked.Limit(1000, 100)).WithExample("?confirmed=true&min_score=80&limit=10").WithProblems("invalid_parameter", "invalid_cursor", "cursor_expired", "unknown_run", "no_run", "run_damaged", "not_in_run");
        spam.MapGet("/clusters/{id}", One).AsRunQuestion(Decided).WithForms("application/graphml+xml", "text/vnd.graphviz").WithName("spam-cluster").WithSummary("One cluster: members and roles, reasons with examples, counter-evidence, victims, authority with and without its links.")
            .WithParameter(Asked.Output("json; graph: with the links between members; or those as a file to be drawn.", "json", "graph", "graphml", "dot")).AsExpensive().WithExample(route: ("id", "best-guitar-deals.example")).WithProblems("not_found", "invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        spam.MapGet("/evidence", Evidence).AsRunQuestion(Decided).WithName("spam-evidence").WithSummary("Which of a domain's links come from clusters, and what is known of the domain itself.")
            .WithParameters("target").WithExample("?target=best-guitar-deals.example").WithProblems("invalid_parameter", "unknown_run", "no_run", "run_damaged", "not_in_run");
        spam.MapGet("/reviews", Reviews).AsRunQuestion(Decided).WithName("spam-reviews").WithSummary("What people decided about clusters and domains.").WithExample();
        spam.MapGet("/reviews/{subject}", Review).AsRunQuestion(Decided).WithParameter(Asked.Name("subject", "Id of a cluster, or a domain.")).WithName("spam-review").WithSummary("What was decided about a cluster or a domain.").WithProblems("not_found").WithExample(route: ("subject", "partner.example"));
        spam.MapPut("/reviews/{subject}", Put).WithParameter(Asked.Name("subject", "Id of a cluster, or a domain.")).WithName("spam-review-put").WithSummary("Decides about a cluster or a domain: confirmed or dismissed. Disavow files follow it; scores do not change.")
            .WithExample(body: """{"decision":"dismissed","note":"a family of sites that says so"}""", route: ("subject", "partner.example")).WithProblems("invalid_parameter", "invalid_body");
        spam.MapDelete("/reviews/{subject}", Delete).WithParameter(Asked.Name("subject", "Id of a cluster, or a domain.")).WithName("spam-review-delete").WithSummary("Forgets what was decided.").WithProblems("not_found").WithExample(route: ("subject", "partner.example"));
    }

    private static Ok<ClusterList> List(RunCatalog catalog, CancellationToken cancel, bool? confirmed = null, double? min_score = null, string? target = null, int? limit = null, string? cursor = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => SpamClusters.List(served, new Reviews(catalog.Folder), new ClusterQuery(confirmed, min_score ?? 0, target, limit ?? 100, cursor), cancel)));

    private static Results<Ok<ClusterAnswer>, FileContentHttpResult> One(RunCatalog catalog, string id, CancellationToken cancel, string? output = null, string? run = null) => catalog.Answer<Results<Ok<ClusterAnswer>, FileContentHttpResult>>(run, served =>
    {
        string form = RunAnswers.OneOf("output", output, "json", "graph", "graphml", "dot");
        return form is "graphml" or "dot" ? GraphFiles.Of(form, SpamClusters.Drawing(served, SpamClusters.One(served, new Reviews(catalog.Folder), id, cancel: cancel).Cluster), id)
            : TypedResults.Ok(SpamClusters.One(served, new Reviews(catalog.Folder), id, form == "graph", cancel));
    });

    private static Ok<EvidenceAnswer> Evidence(RunCatalog catalog, CancellationToken cancel, string? target = null, string? run = null) =>
        TypedResults.Ok(catalog.Answer(run, served => SpamClusters.Evidence(served, new Reviews(catalog.Folder), RunAnswers.Target("target", target), cancel)));

    private static Ok<ReviewList> Reviews(DataFolder folder) => TypedResults.Ok(new ReviewList(Kept(() => new Reviews(folder).All())));

    private static Ok<Review> Review(DataFolder folder, string subject) =>
        TypedResults.Ok(Kept(() => new Reviews(folder).Of(ReviewSubjects.Read(subject))) ?? throw Problems.Of("not_found", $"nobody decided about '{RunAnswers.Clip(subject)}'"));

    private static Ok<Review> Put(DataFolder folder, string subject, ReviewRequest request)
    {
        ReviewDecision decision = request.Decision switch
        {
            "confirmed" => ReviewDecision.Confirmed,
            "dismissed" => ReviewDecision.Dismissed,
            _ => throw Problems.Of("invalid_body", "decision: must be confirmed or dismissed", new FieldError("/decision", "must be confirmed or dismissed")),
        };
        if (request.Note?.Length > Stores.Reviews.LongestNote)
            throw Problems.Of("invalid_body", $"note: has {request.Note.Length} characters; at most {Stores.Reviews.LongestNote} are allowed", new FieldError("/note", $"at most {Stores.Reviews.LongestNote} characters are allowed"));
        return TypedResults.Ok(Kept(() => new Reviews(folder).Put(ReviewSubjects.Read(subject), decision, request.Note)));
    }

    private static NoContent Delete(DataFolder folder, string subject) =>
        Kept(() => new Reviews(folder).Delete(ReviewSubjects.Read(subject))) ? TypedResults.NoContent() : throw Problems.Of("not_found", $"nobody decided about '{RunAnswers.Clip(subject)}'");

    /// <summary>Changes with every decision: a digest of the file of them.</summary>
    private static string Decided(DataFolder folder)
    {
        try
        {
            return Convert.ToHexStringLower(XxHash128.Hash(File.ReadAllBytes(new Reviews(folder).Path)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "";
        }
    }

    /// <summary>Reviews are read and written; a damaged file is named, where it lies is not.</summary>
    private static T Kept<T>(Func<T> reviews)
    {
        try
        {
            return reviews();
        }
        catch (StoreException damaged)
        {
            throw new ProblemException(503, "run_damaged", $"{Stores.Reviews.FileName} of the data folder cannot be read: mend it, or delete it to start without reviews", null, damaged);
        }
    }
}

/// <summary>What a decision can be about.</summary>
internal static class ReviewSubjects
{
    /// <summary>The id of a cluster, or a domain in lower case and ASCII.</summary>
    /// <exception cref="ProblemException">Neither.</exception>
    public static string Read(string text) =>
        text.Length == 10 && text.StartsWith("c-", StringComparison.Ordinal) && !text.AsSpan(2).ContainsAnyExcept("0123456789abcdef") ? text
        : Spam.DisavowFile.Normalise(text) ?? throw Problems.Parameter("subject", $"must be the id of a cluster (c- and 8 hex digits) or a domain, not '{RunAnswers.Clip(text)}'");
}
