using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
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
            CountedBody? body = null;
            if (log.IsEnabled(LogLevel.Information) && context.Features.Get<IHttpResponseBodyFeature>() is { } sent)
            {
                body = new CountedBody(sent.Stream);
                context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body, sent));
            }
            try
            {
                await next(context);
            }
            finally
            {
                int status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted ? 499 : context.Response.StatusCode; // 499, as others write it: the caller left
                if (context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName is { } operation)
                    measures.Question(operation, status);
                if (body is not null)
                {
                    if (!context.RequestAborted.IsCancellationRequested && status != StatusCodes.Status101SwitchingProtocols) // the dashboard's connection has no body any more
                        await context.Response.CompleteAsync(); // what is still buffered counts, too
                    Answered(log, context.Request.Method, context.Request.Path.ToUriComponent(), status, Math.Round(Stopwatch.GetElapsedTime(began).TotalMilliseconds, 1), body.Bytes, Caller.Of(context).Id, Problems.TraceOf(context));
                }
            }
        });
    }

    [LoggerMessage(LogLevel.Information, "{Method} {Path} {Status} {Milliseconds} ms {Bytes} B by {Key} trace {Trace}")]
    private static partial void Answered(ILogger log, string method, string path, int status, double milliseconds, long bytes, string key, string trace);

    /// <summary>Counts what goes through.</summary>
    private sealed class CountedBody(Stream inner) : Stream
    {
        public long Bytes { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count)
        {
            Bytes += count;
            inner.Write(buffer, offset, count);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Bytes += buffer.Length;
            return inner.WriteAsync(buffer, cancellationToken);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
