using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>
/// What answers go out through: counts their bytes, and lets go of readers who stand still. A stream of rows is made no faster than it is
/// read, so whoever reads nothing holds a connection, and a run that cannot be removed. The server's own limit
/// (<c>MinResponseDataRate</c>) is one of the mean rate: it gives credit for all that buffers on the way took at once, which at 240 bytes a second is
/// hours for some megabytes. Here every piece has to be taken within the same time.
/// </summary>
internal sealed partial class AnswerBody(HttpContext context, Stream inner, TimeSpan patience, ILogger log) : Stream
{
    private const int PieceBytes = 64 << 10; // what the server holds of an answer beside the buffers of the connection

    /// <summary>Bytes that were given to the connection.</summary>
    public long Bytes { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Puts it around the body of every answer.</summary>
    public static void Use(WebApplication app, ApiOptions options)
    {
        var patience = TimeSpan.FromSeconds(options.SlowReaderSeconds);
        ILogger log = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Backlinks.Api");
        app.Use(async (context, next) =>
        {
            if (context.Features.Get<IHttpResponseBodyFeature>() is { } sent)
            {
                var body = new AnswerBody(context, sent.Stream, patience, log);
                context.Features.Set(body);
                context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body, sent));
            }
            await next(context);
            await CompleteAsync(context);
        });
    }

    /// <summary>Sends what is still buffered.</summary>
    public static Task CompleteAsync(HttpContext context) =>
        context.RequestAborted.IsCancellationRequested || context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols ? Task.CompletedTask // a connection of the dashboard has no body any more
        : context.Response.CompleteAsync();

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => TakenAsync(inner.FlushAsync(cancellationToken));

    public override void Write(byte[] buffer, int offset, int count)
    {
        Bytes += count;
        inner.Write(buffer, offset, count);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        do
        {
            ReadOnlyMemory<byte> piece = buffer[..Math.Min(PieceBytes, buffer.Length)];
            buffer = buffer[piece.Length..];
            Bytes += piece.Length;
            ValueTask write = inner.WriteAsync(piece, cancellationToken);
            if (write.IsCompletedSuccessfully)
                await write;
            else
                await TakenAsync(write.AsTask());
        }
        while (buffer.Length > 0);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Waits until a piece is taken, but not for ever.</summary>
    private async Task TakenAsync(Task piece)
    {
        try
        {
            await piece.WaitAsync(patience);
        }
        catch (TimeoutException) when (!piece.IsCompleted)
        {
            LetGo(log, context.Request.Path.ToUriComponent(), patience.TotalSeconds.ToString(CultureInfo.InvariantCulture), Bytes);
            context.Abort(); // a cut connection is not taken for the end of the answer
            await Task.WhenAny(piece, Task.Delay(AbortPatience, CancellationToken.None));
            await Task.WhenAny(Task.Delay(AbortPatience, context.RequestAborted)); // so that who makes the answer sees why
            throw new OperationCanceledException("the reader was too slow", context.RequestAborted);
        }
    }

    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(5); // an abort is told at once, and from another thread

    [LoggerMessage(LogLevel.Warning, "{Path}: let go of a reader who did not take 64 KiB in {Seconds} s; {Bytes} B were sent")]
    private static partial void LetGo(ILogger log, string path, string seconds, long bytes);
}
