using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>What a crawler is allowed to reach, and how long it waits.</summary>
public sealed record FetcherOptions
{
    /// <summary>Sent as User-Agent; must say who is crawling and where to complain.</summary>
    public required string UserAgent { get; init; }

    /// <summary>Only for tests and demos: lets names and addresses of this machine be fetched.</summary>
    public bool AllowLoopback { get; init; }

    /// <summary>Ports that may be connected to; null for 80, 443, 8080, 8443.</summary>
    public IReadOnlyCollection<int>? Ports { get; init; }

    /// <summary>As curl's --connect-to: connections to HOST:PORT (either may be empty: any) go to ADDRESS:PORT instead;
    /// the address is still vetted. For staging sites and the sample web.</summary>
    public IReadOnlyList<string> ConnectTo { get; init; } = [];

    /// <summary>Bytes of a decoded body that are kept; what is longer is cut and marked incomplete.</summary>
    public int MaxBody { get; init; } = 5_000_000;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(15);

    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Slower than this, measured over 5 s, is a slow-loris.</summary>
    public int MinBytesPerSecond { get; init; } = 1024;

    /// <summary>http, https or socks5 proxies of the user; empty for none.</summary>
    public IReadOnlyList<Uri> Proxies { get; init; } = [];
}

/// <summary>What one request brought.</summary>
public sealed record FetchResult
{
    /// <summary>0 where no response came; then <see cref="Failure"/> says why.</summary>
    public int Status { get; init; }

    /// <summary>TimedOut, NetworkError, HostDead or Refused where no response came; else null. A body cut short is not a
    /// failure but <see cref="Complete"/> false.</summary>
    public VisitOutcome? Failure { get; init; }

    /// <summary>For people: what failed.</summary>
    public string Error { get; init; } = "";

    public HttpFields Fields { get; init; } = new();

    /// <summary>Decoded from content codings.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    public bool Complete { get; init; } = true;

    /// <summary>The address that was connected to; "" for none.</summary>
    public string Address { get; init; } = "";

    public int Milliseconds { get; init; }
}

/// <summary>Fetches one URL, without following redirects: SSRF guard, caps, timeouts. STUB.</summary>
public sealed class Fetcher(FetcherOptions options) : IDisposable
{
    public FetcherOptions Options { get; } = options;

    /// <param name="etag">Sent as If-None-Match where not empty.</param>
    /// <param name="lastModified">Sent as If-Modified-Since where not empty.</param>
    public Task<FetchResult> FetchAsync(WebUrl url, string etag = "", string lastModified = "", CancellationToken cancel = default) =>
        throw new NotImplementedException(Options.UserAgent + url + etag + lastModified);

    public void Dispose()
    {
    }
}
