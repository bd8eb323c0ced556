using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>What a crawler is allowed to reach, and how long it waits.</summary>
public sealed record FetcherOptions
{
    /// <summary>Sent as User-Agent; must say who is crawling and where to complain: <see cref="UserAgents.Default"/>.</summary>
    public required string UserAgent { get; init; }

    /// <summary>A mail address of who is responsible (RFC 9110, 10.1.2); "" sends none.</summary>
    public string From { get; init; } = "";

    public string Accept { get; init; } = "text/html,application/xhtml+xml,application/xml;q=0.9,text/plain;q=0.8,*/*;q=0.1";

    /// <summary>Many sites answer in the reader's language; pages are to come in their own.</summary>
    public string AcceptLanguage { get; init; } = "*";

    /// <summary>Only for tests and demos: lets names and addresses of this machine be fetched.</summary>
    public bool AllowLoopback { get; init; }

    /// <summary>Ports that may be connected to; null for 80, 443, 8080, 8443.</summary>
    public IReadOnlyCollection<int>? Ports { get; init; }

    /// <summary>As curl's --connect-to: connections to HOST1:PORT1 go to HOST2:PORT2 instead, written HOST1:PORT1:HOST2:PORT2
    /// (any part may be empty); the address is still vetted. For staging sites and the sample web.</summary>
    public IReadOnlyList<string> ConnectTo { get; init; } = [];

    /// <summary>Bytes of a decoded body that are kept; what is longer is cut and marked incomplete.</summary>
    public int MaxBody { get; init; } = 5_000_000;

    /// <summary>Kilobytes that the head of a response may have; more is a protocol violation.</summary>
    public int MaxHeadKilobytes { get; init; } = 64;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>From the connection (TLS handshake included) to the end of the response's head.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Slower than this, measured over <see cref="PaceWindow"/>, is a slow-loris; 0 for no limit.</summary>
    public int MinBytesPerSecond { get; init; } = 1024;

    public TimeSpan PaceWindow { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Failures in a row (no connection, no answer) after which a host is left alone for <see cref="BreakDuration"/>; below 2 for never.</summary>
    public int BreakAfterFailures { get; init; } = 5;

    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>http, https or socks5 proxies of the user; empty for none. <c>{session}</c> in the user name stands for the host.</summary>
    public IReadOnlyList<Uri> Proxies { get; init; } = [];

    public ProxyTerms ProxyTerms { get; init; } = new();

    /// <summary>Signs requests (Web Bot Auth); null for none.</summary>
    public RequestSigner? Signer { get; init; }

    /// <summary>Asked when the head of a response is there: false leaves its body where it is (images, archives); it counts
    /// as incomplete then. Null wants every body.</summary>
    public Func<int, HttpFields, bool>? WantsBody { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Name to addresses; null asks the system. What it says is judged all the same.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? Resolve { get; init; }

    /// <summary>Opens the connection to a judged address; null for a TCP socket. Tests count here.</summary>
    public Func<IPEndPoint, CancellationToken, ValueTask<Stream>>? Connect { get; init; }
}

/// <summary>What one request brought.</summary>
public sealed record FetchResult
{
    /// <summary>0 where no response came; then <see cref="Failure"/> says why.</summary>
    public int Status { get; init; }

    /// <summary>TimedOut, NetworkError, HostDead or Refused where no response came; else null. A body cut short is not a
    /// failure but <see cref="Complete"/> false.</summary>
    public VisitOutcome? Failure { get; init; }

    /// <summary>For people: what failed, or why the body is not complete.</summary>
    public string Error { get; init; } = "";

    public HttpFields Fields { get; init; } = new();

    /// <summary>Decoded from content codings.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    public bool Complete { get; init; } = true;

    /// <summary>The address that was connected to; "" for none.</summary>
    public string Address { get; init; } = "";

    public int Milliseconds { get; init; }

    /// <summary>Where the host's circuit is open and nothing was sent: when to come back. Else null.</summary>
    public TimeSpan? TryAgainIn { get; init; }
}

/// <summary>
/// Fetches one URL: what the URL's server says, nothing more. No redirects are followed (each hop is its own decision of
/// scope, robots and politeness), no cookies kept, no credentials sent, no proxy taken from the environment.
///
/// Every connection goes through <see cref="Dialer"/>, which judges the address it connects to; every wait has its end
/// (<see cref="Deadlines"/>); every body its cap (<see cref="BodyReader"/>). HTTP/1.1 only: a polite crawler has one request
/// at a time on a host, which HTTP/2 cannot speed up. The connection of a host is kept 15 s for its next page, and two
/// minutes at most, so that a site that moves is followed.
///
/// Outcomes: no such name → HostDead; address or port not allowed → Refused; late → TimedOut; connection refused or
/// broken, TLS failure, malformed response → NetworkError (a refused connection may be an outage: it never makes a host
/// dead). Safe for many threads at once; one fetcher is enough for a crawl.
/// </summary>
public sealed class Fetcher : IDisposable
{
    private static readonly int[] UsualPorts = [80, 443, 8080, 8443];
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly HttpRequestOptionsKey<Exchange> ExchangeKey = new("exchange");

    /// <summary>Of the request that runs: connections tell it their address as it is written to them.</summary>
    private static readonly AsyncLocal<Exchange?> Current = new();

    private readonly Dialer _dialer;
    private readonly HostBreakers _breakers;
    private readonly Proxies? _proxies;
    private readonly HttpMessageInvoker _http;

    /// <exception cref="ArgumentException">A connect-to rule, a proxy or a header value that cannot be used.</exception>
    public Fetcher(FetcherOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrWhiteSpace(options.UserAgent);
        foreach (string value in (string[])[options.UserAgent, options.From, options.Accept, options.AcceptLanguage])
            if (!IsSendable(value))
                throw new ArgumentException($"\"{value}\" cannot be sent in a header field: printable ASCII only");
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.MaxBody);
        Options = options;
        _dialer = new Dialer(options);
        _breakers = new HostBreakers(options);
        _proxies = options.Proxies.Count == 0 ? null : new Proxies(options, _dialer);
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = OpenAsync,
            ConnectTimeout = options.ConnectTimeout + options.HeaderTimeout + (options.Proxies.Count == 0 ? TimeSpan.Zero : options.ProxyTerms.Timeout * 3), // ends handshakes that nobody waits for any more
            MaxResponseDrainSize = 0, // what is cut is not worth reading on: the connection is closed
            MaxResponseHeadersLength = options.MaxHeadKilobytes,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            PreAuthenticate = false,
            SslOptions = new SslClientAuthenticationOptions { ApplicationProtocols = [SslApplicationProtocol.Http11] },
            UseCookies = false,
            UseProxy = false,
        });
    }

    public FetcherOptions Options { get; }

    /// <summary>What each of the proxies has done; empty where there are none.</summary>
    public IReadOnlyList<ProxyUsage> ProxyUsage => _proxies?.Usage ?? [];

    internal HostBreakers Breakers => _breakers;

    /// <param name="etag">Sent as If-None-Match where not empty.</param>
    /// <param name="lastModified">Sent as If-Modified-Since where not empty.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was asked for; timeouts are results.</exception>
    public Task<FetchResult> FetchAsync(WebUrl url, string etag = "", string lastModified = "", CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        cancel.ThrowIfCancellationRequested();
        if (Objection(url) is { } objection)
            return Task.FromResult(new FetchResult { Failure = VisitOutcome.Refused, Error = objection });
        if (Requestable(url) is not { } uri)
            return Task.FromResult(new FetchResult { Failure = VisitOutcome.NetworkError, Error = $"no request can be made for the host {url.Host}" });
        return _breakers.RunAsync(uri.Authority, static (s, token) => s.Fetcher.SendAsync(s.Uri, s.Etag, s.LastModified, token),
            (Fetcher: this, Uri: uri, Etag: etag, LastModified: lastModified), cancel);
    }

    /// <summary>Why the URL may not be fetched, by scheme, port and the addresses its name has now; null where it may.</summary>
    public async Task<string?> VetAsync(WebUrl url, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        if (Objection(url) is { } objection)
            return objection;
        try
        {
            await _dialer.VetAsync(url.Host, url.Port, cancel).ConfigureAwait(false);
            return null;
        }
        catch (DialException e)
        {
            return e.Message;
        }
    }

    public void Dispose() => _http.Dispose();

    private string? Objection(WebUrl url)
    {
        if (!url.IsHttp || url.Host.Length == 0)
            return $"{url.Scheme}: is not fetched, http and https only";
        if (!(Options.Ports ?? UsualPorts).Contains(url.Port))
            return FormattableString.Invariant($"port {url.Port} is not allowed");
        // Names are judged when they are resolved; this only saves what needs no resolving.
        return Options.ConnectTo.Count == 0 && IPAddress.TryParse(url.Host, out IPAddress? address) ? AddressGuard.Refusal(address, Options.AllowLoopback) : null;
    }

    /// <summary>The same URL for the framework, byte for byte; null where the framework reads the host otherwise.</summary>
    private static Uri? Requestable(WebUrl url)
    {
        string host = url.Host.Contains(':') && url.Host[0] != '[' ? $"[{url.Host}]" : url.Host;
        string text = string.Create(CultureInfo.InvariantCulture, $"{url.Scheme}://{host}:{url.Port}{url.PathAndQuery}");
        return Uri.TryCreate(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out Uri? uri)
            && ConnectRules.Bare(uri.IdnHost).Equals(ConnectRules.Bare(host), StringComparison.OrdinalIgnoreCase) ? uri : null;
    }

    private async ValueTask<FetchResult> SendAsync(Uri uri, string etag, string lastModified, CancellationToken cancel)
    {
        using var deadlines = new Deadlines(Options, cancel);
        var exchange = new Exchange(deadlines);
        Current.Value = exchange;
        using HttpRequestMessage request = Request(uri, etag, lastModified);
        request.Options.Set(ExchangeKey, exchange);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, deadlines.Token).ConfigureAwait(false);
            deadlines.HeadersIn();
            HttpFields fields = Fields(response);
            var result = new FetchResult { Status = (int)response.StatusCode, Fields = fields, Address = exchange.Address };
            if (Options.WantsBody?.Invoke(result.Status, fields) == false)
                return result with { Complete = false, Error = "its body was not wanted", Milliseconds = deadlines.Milliseconds };
            ReadBody body = await BodyReader.ReadAsync(await response.Content.ReadAsStreamAsync(deadlines.Token).ConfigureAwait(false),
                fields.GetAll("Content-Encoding"), Options.MaxBody, deadlines.Saw, () => deadlines.Why, deadlines.Token, cancel).ConfigureAwait(false);
            if (body.Complete && fields.GetAll("Content-Length").Distinct().Skip(1).Any()) // which one is true? RFC 9112, 6.3: none
                body = body with { Complete = false, Error = "two lengths of the body that differ" };
            return result with { Body = body.Bytes, Complete = body.Complete, Error = body.Error, Milliseconds = deadlines.Milliseconds };
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && e is HttpRequestException or OperationCanceledException or IOException)
        {
            (VisitOutcome outcome, string error) = Explain(e, deadlines);
            return new FetchResult { Failure = outcome, Error = error, Address = exchange.Address, Milliseconds = deadlines.Milliseconds };
        }
        catch (Exception) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
    }

    private HttpRequestMessage Request(Uri uri, string etag, string lastModified)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        void Add(string name, string value)
        {
            if (value.Length > 0 && IsSendable(value)) // validators come from servers: what cannot be sent is left out
                request.Headers.TryAddWithoutValidation(name, value);
        }
        Add("User-Agent", Options.UserAgent);
        Add("From", Options.From);
        Add("Accept", Options.Accept);
        Add("Accept-Language", Options.AcceptLanguage);
        Add("Accept-Encoding", "gzip, deflate, br");
        Add("If-None-Match", etag);
        Add("If-Modified-Since", lastModified);
        if (Options.Signer is { } signer)
            foreach ((string name, string value) in signer.Sign(uri.Authority, Options.Clock.GetUtcNow()))
                Add(name, value);
        return request;
    }

    private async ValueTask<Stream> OpenAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        context.InitialRequestMessage.Options.TryGetValue(ExchangeKey, out Exchange? exchange);
        exchange?.Deadlines.Connecting();
        (string host, int port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        Stream stream;
        IPAddress address;
        if (_proxies is null)
        {
            (stream, address) = await _dialer.ConnectAsync(host, port, cancel).ConfigureAwait(false);
        }
        else
        {
            (IPAddress[] addresses, port) = await _dialer.VetAsync(host, port, cancel).ConfigureAwait(false);
            address = addresses.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork, addresses[0]); // many proxies have no IPv6
            stream = await _proxies.ConnectAsync(host, new IPEndPoint(address, port), cancel).ConfigureAwait(false);
        }
        exchange?.Deadlines.WaitForHeaders();
        string text = address.ToString();
        return new WatchedStream(stream)
        {
            Writing = _ => // HTTP/1.1 writes a request in the request's own flow
            {
                if (Current.Value is { } current)
                    current.Address = text;
            },
        };
    }

    private static (VisitOutcome Outcome, string Error) Explain(Exception e, Deadlines deadlines)
    {
        for (Exception? at = e; at is not null; at = at.InnerException)
            if (at is DialException dial)
                return (dial.Outcome, dial.Message);
        if (e is OperationCanceledException)
            return (VisitOutcome.TimedOut, deadlines.Why);
        string what = (e as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.SecureConnectionError => "TLS failed",
            HttpRequestError.ResponseEnded => "the connection ended before the response",
            HttpRequestError.ConfigurationLimitExceeded => "the head of the response is too long",
            HttpRequestError.InvalidResponse => "not an HTTP response",
            _ => "the connection broke",
        };
        return (VisitOutcome.NetworkError, $"{what}: {(e.InnerException ?? e).Message}");
    }

    private static HttpFields Fields(HttpResponseMessage response)
    {
        var fields = new HttpFields();
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in response.Headers.NonValidated)
            foreach (string value in values)
                fields.Add(name, Text(value));
        foreach ((string name, System.Net.Http.Headers.HeaderStringValues values) in response.Content.Headers.NonValidated)
            foreach (string value in values)
                fields.Add(name, Text(value));
        return fields;
    }

    /// <summary>The framework reads fields as Latin-1; servers write Location and Link in UTF-8 more often, as browsers read them.</summary>
    private static string Text(string value)
    {
        if (Ascii.IsValid(value))
            return value;
        try
        {
            return StrictUtf8.GetString(Encoding.Latin1.GetBytes(value));
        }
        catch (DecoderFallbackException)
        {
            return value;
        }
    }

    private static bool IsSendable(string value) => value.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;

    private sealed class Exchange(Deadlines deadlines)
    {
        public Deadlines Deadlines { get; } = deadlines;
        public string Address { get; set; } = "";
    }
}
