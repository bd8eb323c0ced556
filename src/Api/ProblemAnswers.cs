using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>Turns whatever stops an answer into problem+json: problems as they are, everything else without telling strangers how we are built.</summary>
internal static partial class ProblemAnswers
{
    public static void UseProblems(this WebApplication app)
    {
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Backlinks.Api");
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
                if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentLength: null, ContentType: null } && IsApi(context))
                    await Answer(context, OfStatus(context));
            }
            catch (ProblemException problem) when (!context.Response.HasStarted)
            {
                if (problem.Status == 401 && KeyPage.Leads(context))
                    context.Response.Redirect(KeyPage.From(context));
                else
                    await Answer(context, problem);
            }
            catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
            {
                await Answer(context, OfRequest(bad));
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
            }
            catch (Exception error) when (!context.Response.HasStarted)
            {
                Failed(log, context.Request.Path.ToUriComponent(), error);
                await Answer(context, Problems.Of("failed", "the question could not be answered; the service's log says why"));
            }
            catch (Exception error) when (context.Response.HasStarted)
            {
                Failed(log, context.Request.Path.ToUriComponent(), error);
                context.Abort(); // a cut connection is not taken for the end of the answer
            }
        });
    }

    internal static Task Answer(HttpContext context, ProblemException problem)
    {
        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        context.Response.Headers.CacheControl = "no-store";
        if (problem.Status == 401)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        if (problem.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return context.Response.WriteAsJsonAsync(Problems.Describe(problem, context), options: null, contentType: "application/problem+json", CancellationToken.None);
    }

    private static bool IsApi(HttpContext context) => context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) || context.Request.Path.StartsWithSegments("/openapi", StringComparison.Ordinal);

    /// <summary>What the framework said with a status alone.</summary>
    private static ProblemException OfStatus(HttpContext context)
    {
        string path = context.Request.Path.ToUriComponent();
        return context.Response.StatusCode switch
        {
            400 => Problems.Of("invalid_parameter", "the request cannot be understood"),
            401 => Problems.Of("no_key", "send Authorization: Bearer with a key"),
            403 => Problems.Of("not_allowed", "not with this key"),
            404 => Problems.Of("not_found", $"there is nothing at {path}; {ApiDocument.Path} says what there is"),
            408 => Problems.Of("invalid_body", "the body came too slowly"),
            405 => Problems.Of("method_not_allowed", $"{path} does not take {context.Request.Method}"),
            406 => Problems.Of("not_acceptable", "ask for another form with output"),
            413 => Problems.Of("too_large", "send less at once"),
            415 => Problems.Of("unsupported_media_type", "send application/json"),
            429 => Problems.Of("too_many_requests", "ask more slowly"),
            503 => Problems.Of("busy", "come again later"),
            504 => Problems.Of("too_slow", "ask for less"),
            int status when Problems.Codes.FirstOrDefault(c => c.Value.Status == status) is { Key: { } code } => Problems.Of(code, Problems.Codes[code].Title),
            < 500 => Problems.Of("invalid_parameter", "the request cannot be understood"),
            _ => Problems.Of("failed", "the question could not be answered"),
        };
    }

    /// <summary>What the framework could not bind, said in the words of the API and not in those of C#.</summary>
    private static ProblemException OfRequest(BadHttpRequestException bad)
    {
        if (bad.StatusCode == 413)
            return Problems.Of("too_large", "send less at once");
        if (bad.StatusCode == 415)
            return Problems.Of("unsupported_media_type", "send application/json");
        if (bad.StatusCode == 408)
            return new ProblemException(400, "invalid_body", "the body came too slowly");
        if (bad.InnerException is JsonException json)
        {
            string place = Pointer(json.Path);
            if (json is ElementException)
                return Problems.Of("invalid_body", $"{place}: {json.Message}", new FieldError(place, json.Message));
            string where = json.LineNumber is { } line ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {json.BytePositionInLine + 1}") : "somewhere";
            bool wellFormed = json.InnerException is not JsonException && json.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) || json.Message.StartsWith("JSON deserialization", StringComparison.Ordinal);
            string wrong = !wellFormed ? $"not well-formed JSON at {where}"
                : Missing().Match(json.Message) is { Success: true } missing ? $"{missing.Groups[1].Value.Trim()} is missing"
                : $"a value of another type is needed at {(place.Length > 0 ? place : "the top")} ({where})";
            return Problems.Of("invalid_body", wrong, new FieldError(place, wrong));
        }
        if (bad.Message.EndsWith("from body.", StringComparison.Ordinal) || bad.Message.Contains("no body was provided", StringComparison.Ordinal))
            return Problems.Of("invalid_body", "a body of JSON is needed", new FieldError("", "is needed"));
        if (Bound().Match(bad.Message) is { Success: true } bound)
        {
            string name = JsonNamingPolicy.SnakeCaseLower.ConvertName(bound.Groups["name"].Value);
            return bound.Groups["missing"].Success ? Problems.Parameter(name, "is needed") : Problems.Parameter(name, "cannot be read: a value of another type is needed");
        }
        return Problems.Of("invalid_body", "the request cannot be understood");
    }

    /// <summary>$.edits[0].from as /edits/0/from.</summary>
    private static string Pointer(string? path) => string.Concat((path ?? "").TrimStart('$').Split(['.', '[', ']', '\''], StringSplitOptions.RemoveEmptyEntries).Select(part => "/" + part.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)));

    [GeneratedRegex("""arameter "(?:[^"]* )?(?<name>[^" ]+)"(?<missing> was not provided)?""", RegexOptions.NonBacktracking)]
    private static partial Regex Bound();

    [GeneratedRegex("""missing required properties including: (.+?)\.?$""")]
    private static partial Regex Missing();

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    private static partial void Failed(ILogger log, string path, Exception error);
}
