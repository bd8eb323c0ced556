using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
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
                if (context.Response is { HasStarted: false, StatusCode: 404 or 405 or 415, ContentLength: null, ContentType: null } && context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
                    await Answer(context, context.Response.StatusCode switch
                    {
                        405 => Problems.Of("method_not_allowed", $"{context.Request.Path} does not take {context.Request.Method}"),
                        415 => Problems.Of("unsupported_media_type", "send application/json"),
                        _ => Problems.Of("not_found", $"there is nothing at {context.Request.Path}; /openapi/v1.json says what there is"),
                    });
            }
            catch (ProblemException problem) when (!context.Response.HasStarted)
            {
                await Answer(context, problem);
            }
            catch (BadHttpRequestException bad) when (!context.Response.HasStarted)
            {
                await Answer(context, bad.StatusCode == 413 ? Problems.Of("too_large", bad.Message) : new ProblemException(bad.StatusCode, "invalid_body", bad.Message));
            }
            catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
            {
            }
            catch (Exception error) when (error is not OperationCanceledException && !context.Response.HasStarted && context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
            {
                Failed(log, context.Request.Path, error);
                await Answer(context, Problems.Of("failed", "the question could not be answered; the service's log says why"));
            }
        });
    }

    private static Task Answer(HttpContext context, ProblemException problem)
    {
        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return context.Response.WriteAsJsonAsync(Problems.Describe(problem, context), options: null, contentType: "application/problem+json", context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Error, "{Path} failed")]
    private static partial void Failed(ILogger log, string path, Exception error);
}
