using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>One line a request: method, path, status, milliseconds, bytes, caller, trace. Never the query string, which says what people look for, never a header or a body.</summary>
internal static partial class AccessLog
{
    public static void UseAccessLog(this WebApplication app)
    {
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Backlinks.Access");
        Measures measures = app.Services.GetRequiredService<Measures>();
        app.Use(async (context, next) =>
        {
            long began = Stopwatch.GetTimestamp();
            try
            {
                await next(context);
            }
            finally
            {
                int status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted ? 499 : context.Response.StatusCode; // 499, as others write it: the caller left
                if (context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName is { } operation)
                    measures.Question(operation, status);
                if (log.IsEnabled(LogLevel.Information) && context.Features.Get<AnswerBody>() is { } body)
                {
                    await AnswerBody.CompleteAsync(context); // what is still buffered counts, too
                    Answered(log, context.Request.Method, context.Request.Path.ToUriComponent(), status, Math.Round(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 1), body.Bytes, Caller.Of(context).Id, Problems.TraceOf(context));
                }
            }
        });
    }

    [LoggerMessage(LogLevel.Information, "{Method} {Path} {Status} {Milliseconds} ms {Bytes} B by {Key} trace {Trace}")]
    private static partial void Answered(ILogger log, string method, string path, int status, double milliseconds, long bytes, string key, string trace);
}
