using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Backlinks.Api;

/// <summary>One thing wrong with a request.</summary>
/// <param name="Field">Parameter or JSON pointer.</param>
/// <param name="Message">What is wrong with it, and what is allowed.</param>
public sealed record FieldError(string Field, string Message);

/// <summary>
/// A request that cannot be answered, on its way to an RFC 9457 answer: <c>application/problem+json</c> with <c>type</c>, <c>title</c>,
/// <c>status</c>, <c>detail</c>, <c>instance</c>, and ours: <c>code</c>, a stable word for programs, and <c>errors</c>, field by field.
/// </summary>
public sealed class ProblemException(int status, string code, string detail, IReadOnlyList<FieldError>? errors = null, Exception? inner = null) : Exception(detail, inner)
{
    /// <summary>400 to 599.</summary>
    public int Status { get; } = status;

    /// <summary>One of <see cref="Problems.Codes"/>.</summary>
    public string Code { get; } = code;

    public IReadOnlyList<FieldError> Errors { get; } = errors ?? [];

    /// <summary>Seconds after which to try again, for 429 and 503.</summary>
    public int? RetryAfter { get; init; }
}

/// <summary>The problems the service tells, each with its code.</summary>
public static class Problems
{
    /// <summary>Every code, with its status and what it means; part of the OpenAPI document.</summary>
    public static IReadOnlyDictionary<string, (int Status, string Title)> Codes { get; } = new SortedDictionary<string, (int, string)>(StringComparer.Ordinal)
    {
        ["invalid_parameter"] = (400, "A parameter is not allowed here or has a value that is not"),
        ["invalid_filter"] = (400, "The filter cannot be understood"),
        ["invalid_body"] = (400, "The body cannot be understood"),
        ["invalid_cursor"] = (400, "The cursor is not one of this question"),
        ["cursor_expired"] = (410, "The run that the cursor pages through is gone"),
        ["no_key"] = (401, "A key is needed"),
        ["not_allowed"] = (403, "Not with this key, or not from another site's page"),
        ["unknown_host"] = (421, "This service does not go by that name"),
        ["not_found"] = (404, "There is no such thing"),
        ["unknown_run"] = (404, "There is no such run"),
        ["method_not_allowed"] = (405, "This address does not take that method"),
        ["not_acceptable"] = (406, "The answer cannot be had in that form"),
        ["conflict"] = (409, "Not in this state"),
        ["not_in_run"] = (409, "The run was made without what is asked for"),
        ["no_rows"] = (409, "The run has no rows of links"),
        ["too_large"] = (413, "The body is too large"),
        ["unsupported_media_type"] = (415, "The body is not of a type that is read here"),
        ["too_many_requests"] = (429, "Too many requests"),
        ["failed"] = (500, "Something went wrong here"),
        ["no_run"] = (503, "There is no run yet"),
        ["run_damaged"] = (503, "The run cannot be read"),
        ["busy"] = (503, "Too much is waiting already"),
        ["too_slow"] = (504, "The question took too long"),
    };

    /// <summary>What <c>type</c> begins with: the place in this service's own document of the API.</summary>
    public const string TypeBase = "/docs#problem-";

    /// <summary>A problem of that code.</summary>
    public static ProblemException Of(string code, string detail, params FieldError[] errors) => new(Codes[code].Status, code, detail, errors);

    /// <summary>A parameter with a value that is not allowed.</summary>
    public static ProblemException Parameter(string name, string message) => Of("invalid_parameter", $"{name}: {message}", new FieldError(name, message));

    /// <summary>What finds the request in log and traces.</summary>
    public static string TraceOf(HttpContext context) => System.Diagnostics.Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;

    /// <summary>The answer's body.</summary>
    public static ProblemDetails Describe(ProblemException problem, HttpContext context) => new()
    {
        Type = TypeBase + problem.Code,
        Title = Codes.TryGetValue(problem.Code, out (int, string Title) known) ? known.Title : problem.Code,
        Status = problem.Status,
        Detail = problem.Message,
        Instance = context.Request.Path,
        Extensions = { ["code"] = problem.Code, ["errors"] = problem.Errors, ["trace_id"] = TraceOf(context) },
    };
}
