using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.SampleWeb;

/// <summary>How the web is served.</summary>
public sealed record SampleServerOptions
{
    /// <summary>On the loopback address; 0 for any free one.</summary>
    public int Port { get; init; }

    /// <summary>Keep a record of each request.</summary>
    public bool Log { get; init; } = true;

    /// <summary>Bytes that the gzip bomb decodes to.</summary>
    public long BombBytes { get; init; } = 1L << 30;

    /// <summary>The longest that a slow page takes.</summary>
    public double SlowSeconds { get; init; } = 90;

    /// <summary>Called before a page is answered (null: a 404 or robots.txt); true means it has answered itself. May cut the
    /// connection with <see cref="HttpContext.Abort"/>.</summary>
    public Func<HttpContext, SamplePage?, Task<bool>>? Before { get; init; }
}

/// <summary>One request as the server saw it; times are Stopwatch ticks of this process.</summary>
/// <param name="Path">With the query, as it came over the wire.</param>
/// <param name="Status">What was answered; 0 where the connection was cut without an answer.</param>
public sealed record SampleRequest(string Host, string Path, DateTime Start, DateTime End, int Status, string UserAgent, string Accepted)
{
    public string Url => "http://" + Host + Path;
}

/// <summary>
/// Serves a <see cref="PlantedWeb"/> on one loopback port under all its host names, told apart by the Host header (so clients
/// connect as with curl's <c>--connect-to ::127.0.0.1:PORT</c>). Unknown hosts and paths get a 404.
/// </summary>
public sealed class SampleWebServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SampleServerOptions _options;
    private readonly ConcurrentQueue<SampleRequest> _log = new();
    private readonly CancellationTokenSource _stop = new();
    private volatile int _epoch;
    private long _requests;

    private SampleWebServer(PlantedWeb web, SampleServerOptions options, WebApplication app) => (Web, _options, _app) = (web, options, app);

    public PlantedWeb Web { get; }

    public int Port { get; private set; }

    /// <summary>The rule for clients that connect as curl does.</summary>
    public string ConnectTo => "::127.0.0.1:" + PageTemplate.Number(Port);

    /// <summary>Which state of the web is served; may be set at any time.</summary>
    public int Epoch
    {
        get => _epoch;
        set => _epoch = value;
    }

    /// <summary>In the order in which the answers ended.</summary>
    public IReadOnlyList<SampleRequest> Log => [.. _log];

    public long Requests => Interlocked.Read(ref _requests);

    public void ClearLog() => _log.Clear();

    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<SampleWebServer> StartAsync(PlantedWeb web, SampleServerOptions? options = null)
    {
        options ??= new SampleServerOptions();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.AllowSynchronousIO = false;
            kestrel.Limits.MaxRequestLineSize = 64 << 10;
            kestrel.Limits.MinResponseDataRate = null; // slow pages are slow on purpose
            kestrel.Limits.MaxConcurrentConnections = null;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromMinutes(5);
        });
        WebApplication app = builder.Build();
        SampleWebServer server = new(web, options, app);
        app.Run(server.Handle);
        await app.StartAsync();
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        server.Port = new Uri(address).Port;
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(2));
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Connections that would not end are dropped with the process.
        }
        await _app.DisposeAsync();
        _stop.Dispose();
    }

    private async Task Handle(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        DateTime start = _options.Log ? DateTime.UtcNow : default;
        string path = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (path.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) // as clients that take this server for a proxy ask (RFC 9112, 3.2.2)
            path = path.IndexOf('/', 7) is >= 0 and int slash ? path[slash..] : "/";
        string host = context.Request.Headers.Host.ToString(); // Request.Host would turn punycode into Unicode
        if (host.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0)
            host = host[..colon];
        bool cut = false;
        try
        {
            cut = !await Answer(context, host, path);
        }
        catch (OperationCanceledException)
        {
            cut = true; // the client has gone, or the server stops
        }
        finally
        {
            if (_options.Log)
                _log.Enqueue(new SampleRequest(host.ToLowerInvariant(), path, start, DateTime.UtcNow, cut && !context.Response.HasStarted ? 0 : context.Response.StatusCode,
                    context.Request.Headers.UserAgent.ToString(), context.Request.Headers.AcceptEncoding.ToString()));
            if (cut)
                context.Abort();
        }
    }

    /// <summary>False where the connection is to be cut.</summary>
    private async Task<bool> Answer(HttpContext context, string host, string path)
    {
        SampleSite? site = Web.FindSite(host);
        SamplePage? page = site?.Find(path);
        if (_options.Before is { } before && await before(context, page))
            return true;
        int epoch = _epoch;
        if (site is not null && site.DeadFrom <= epoch)
            return false;
        if (page is null && path == "/robots.txt" && site is not null)
        {
            SampleRobots robots = site.Robots;
            context.Response.StatusCode = robots.Status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            if (robots.RedirectTo is { } to)
                context.Response.Headers.Location = to;
            await Send(context, robots.RedirectTo is null ? PlantedWeb.Utf8(robots.Text) : []);
            return true;
        }
        return await Deliver(context, page?.Answer(epoch) ?? Answers.NotFound);
    }

    private async Task<bool> Deliver(HttpContext context, SampleAnswer answer)
    {
        HttpResponse response = context.Response;
        CancellationToken gone = context.RequestAborted;
        response.StatusCode = answer.Status;
        foreach ((string name, string value) in answer.Headers)
            response.Headers.Append(name, value);
        if (answer.ETag is not null)
        {
            response.Headers.ETag = answer.ETag;
            response.Headers.LastModified = answer.LastModified;
            if (Unchanged(context.Request, answer))
            {
                response.StatusCode = 304;
                response.Headers.ContentType = default;
                return true;
            }
        }
        byte[] body = answer.Body;
        switch (answer.Delivery)
        {
            case SampleDelivery.Chunked:
                for (int at = 0; at < body.Length; at += 1000)
                {
                    await response.Body.WriteAsync(body.AsMemory(at, Math.Min(1000, body.Length - at)), gone);
                    await response.Body.FlushAsync(gone);
                }
                return true;
            case SampleDelivery.ShortOfLength:
                response.ContentLength = body.Length;
                await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), gone);
                await response.Body.FlushAsync(gone);
                await Task.Delay(50, gone); // what was written shall arrive before the cut
                return false;
            case SampleDelivery.CutChunks:
                await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), gone);
                await response.Body.FlushAsync(gone);
                await Task.Delay(50, gone);
                return false;
            case SampleDelivery.CutGzip:
                response.Headers.ContentEncoding = "gzip";
                byte[] gzip = PlantedWeb.StoredGzip(body);
                await Send(context, gzip.AsMemory(0, gzip.Length * 3 / 5));
                return true;
            case SampleDelivery.GzipBomb:
                response.Headers.ContentEncoding = "gzip";
                await Bomb(response, body, gone);
                return true;
            case SampleDelivery.Slow:
                response.ContentLength = body.Length;
                using (CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(gone, _stop.Token))
                {
                    end.CancelAfter(TimeSpan.FromSeconds(_options.SlowSeconds));
                    for (int at = 0; at < body.Length; at++)
                    {
                        await response.Body.WriteAsync(body.AsMemory(at, 1), end.Token);
                        await response.Body.FlushAsync(end.Token);
                        await Task.Delay(200, end.Token);
                    }
                }
                return true;
            case SampleDelivery.Silent:
                using (CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(gone, _stop.Token))
                    await Task.Delay(TimeSpan.FromSeconds(_options.SlowSeconds), end.Token);
                return false;
            case SampleDelivery.Cut:
                return false;
        }
        if (answer.Codings.Length > 0)
        {
            response.Headers.Vary = "Accept-Encoding";
            string accepted = context.Request.Headers.AcceptEncoding.ToString();
            if (answer.Codings.Contains("br", StringComparison.Ordinal) && accepted.Contains("br", StringComparison.Ordinal))
            {
                response.Headers.ContentEncoding = "br";
                body = answer.Brotli ??= Compress(body, s => new BrotliStream(s, CompressionLevel.Fastest, leaveOpen: true));
            }
            else if (answer.Codings.Contains("gzip", StringComparison.Ordinal) && accepted.Contains("gzip", StringComparison.Ordinal))
            {
                response.Headers.ContentEncoding = "gzip";
                body = answer.Gzip ??= Compress(body, s => new GZipStream(s, CompressionLevel.Fastest, leaveOpen: true));
            }
        }
        await Send(context, body);
        return true;
    }

    private static async Task Send(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    private static bool Unchanged(HttpRequest request, SampleAnswer answer)
    {
        // RFC 9110, 13.2.2: If-None-Match goes before If-Modified-Since.
        string tags = request.Headers.IfNoneMatch.ToString();
        if (tags.Length > 0)
            return tags.Contains(answer.ETag!, StringComparison.Ordinal);
        string since = request.Headers.IfModifiedSince.ToString();
        return since.Length > 0 && since == answer.LastModified;
    }

    private static byte[] Compress(byte[] body, Func<Stream, Stream> coder)
    {
        using MemoryStream output = new(body.Length / 3);
        using (Stream stream = coder(output))
            stream.Write(body);
        return output.ToArray();
    }

    /// <summary>The page, then zeros without end: some 1 MB a GB over the wire.</summary>
    private async Task Bomb(HttpResponse response, byte[] body, CancellationToken gone)
    {
        await using GZipStream gzip = new(response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await gzip.WriteAsync(body, gone);
        byte[] blanks = new byte[1 << 20];
        blanks.AsSpan().Fill((byte)' ');
        for (long left = _options.BombBytes - body.Length; left > 0; left -= blanks.Length)
            await gzip.WriteAsync(blanks.AsMemory(0, (int)Math.Min(left, blanks.Length)), gone);
    }
}
