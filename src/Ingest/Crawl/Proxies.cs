using System.Globalization;
using System.IO.Hashing;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Backlinks.GraphEngine;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Backlinks.Ingest;

/// <summary>What proxies may cost, and how they are treated when they fail.</summary>
public sealed record ProxyTerms
{
    /// <summary>Bytes in both directions over all proxies together; null for no limit.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>In the user's currency, for a thousand million bytes.</summary>
    public decimal PricePerGigabyte { get; init; }

    /// <summary>In the same currency; null for no limit.</summary>
    public decimal? MaxCost { get; init; }

    /// <summary>For the proxy to take the connection and reach the target.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A proxy that failed twice in a row rests so long; twice as long each time it fails on its return, ten minutes at most.</summary>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>What a proxy has done so far.</summary>
/// <param name="Proxy">scheme://host:port, without credentials.</param>
/// <param name="Bytes">In both directions.</param>
/// <param name="Resting">It failed, and has not been seen to work since.</param>
public sealed record ProxyUsage(string Proxy, long Connections, long Failures, long Bytes, decimal Cost, bool Resting);

/// <summary>
/// The user's proxies, as another way to open a connection. The target's name is resolved and judged here, and the proxy is
/// told the judged address, not the name: no proxy resolves for us, so rebinding gains nothing through one either. TLS runs
/// end to end through the tunnel. Robots and politeness know nothing of proxies: they count by target.
///
/// - http and https proxies by CONNECT (RFC 9110, 9.3.6) for both http and https targets, socks5 by RFC 1928 and 1929. A
///   proxy that tunnels to port 443 only, or takes names only, does not serve.
/// - A host keeps its proxy (rendezvous hashing: Thaler and Ravishankar 1998): when one proxy goes, only its hosts move.
///   In user name and password <c>{session}</c> becomes 16 hexadecimal digits of the host's hash, for gateways that keep an
///   exit address a session.
/// - What a proxy does wrong (no connection, 407, 5xx, time) is tried with the host's next proxy; what it says of the target
///   (502, 504, SOCKS 3 to 6) is the target's failure. Where no proxy is left, the fetch fails: it never goes direct, for
///   that would show the user's own address.
/// - Bytes are counted on the connection; when the budget is used up connections break off and none opens.
/// </summary>
internal sealed class Proxies
{
    private const int MaxAnswer = 8 << 10;
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);

    private readonly ProxyTerms _terms;
    private readonly Dialer _dialer;
    private readonly Member[] _members;
    private readonly ResiliencePipeline _overProxies;
    private long _bytes;

    /// <exception cref="ArgumentException">Not http, https or socks5.</exception>
    public Proxies(FetcherOptions options, Dialer dialer)
    {
        _terms = options.ProxyTerms;
        _dialer = dialer;
        foreach (Uri proxy in options.Proxies)
            if (!proxy.IsAbsoluteUri || proxy.Scheme is not ("http" or "https" or "socks5") || proxy.Host.Length == 0 || proxy.Port <= 0)
                throw new ArgumentException($"\"{proxy}\" is not a proxy: http, https or socks5 with host and port");
        _members = [.. options.Proxies.Select(p => new Member(p, options.ProxyTerms, options.Clock))];
        _overProxies = new ResiliencePipelineBuilder { TimeProvider = options.Clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromSeconds(0.2),
                UseJitter = true,
                ShouldHandle = new PredicateBuilder().Handle<ProxyException>(),
            }).Build();
    }

    public IReadOnlyList<ProxyUsage> Usage => [.. _members.Select(m =>
        new ProxyUsage(m.Name, m.Connections, m.Failures, m.Bytes, m.Bytes / 1_000_000_000m * _terms.PricePerGigabyte, m.State.CircuitState is CircuitState.Open))];

    /// <summary>A tunnel to a judged address.</summary>
    /// <exception cref="DialException">No proxy could, or the target does not answer it.</exception>
    public async ValueTask<Stream> ConnectAsync(string host, IPEndPoint target, CancellationToken cancel)
    {
        if (IsSpent)
            throw new DialException(VisitOutcome.NetworkError, "the budget of the proxies is used up");
        Member[] ranked = Rank(host);
        var failed = new HashSet<Member>();
        ProxyException? last = null;
        try
        {
            return await _overProxies.ExecuteAsync(async token =>
            {
                foreach (Member member in ranked)
                    try
                    {
                        if (!failed.Contains(member))
                            return await member.Pipeline.ExecuteAsync(async t => await OpenAsync(member, host, target, t).ConfigureAwait(false), token).ConfigureAwait(false);
                    }
                    catch (BrokenCircuitException)
                    {
                        // It rests: the next one. Asking is also what wakes it when its time is over.
                    }
                    catch (Exception e) when (e is ProxyException or TimeoutRejectedException)
                    {
                        failed.Add(member);
                        member.CountFailure();
                        throw last = new ProxyException($"proxy {member.Name}: {(e is TimeoutRejectedException ? "timed out" : e.Message)}", e);
                    }
                throw new DialException(VisitOutcome.NetworkError, last?.Message ?? "all proxies are resting after failures", last);
            }, cancel).ConfigureAwait(false);
        }
        catch (ProxyException e)
        {
            throw new DialException(VisitOutcome.NetworkError, e.Message, e);
        }
    }

    private bool IsSpent
    {
        get
        {
            long bytes = Interlocked.Read(ref _bytes);
            return bytes >= _terms.MaxBytes || bytes / 1_000_000_000m * _terms.PricePerGigabyte >= _terms.MaxCost;
        }
    }

    /// <summary>The proxies in the order in which the host would use them.</summary>
    internal Member[] Rank(string host) =>
        [.. _members.OrderByDescending(m => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(host.ToLowerInvariant() + "\n" + m.Name))).ThenBy(m => m.Name, StringComparer.Ordinal)];

    private void Count(Member member, int bytes)
    {
        member.CountBytes(bytes);
        Interlocked.Add(ref _bytes, bytes);
        if (IsSpent)
            throw new IOException("the budget of the proxies is used up");
    }

    private async ValueTask<Stream> OpenAsync(Member member, string host, IPEndPoint target, CancellationToken cancel)
    {
        Stream? stream = null;
        try
        {
            // The user's own word: not judged, it may well stand in the private network.
            IPAddress[] addresses = IPAddress.TryParse(member.Uri.IdnHost, out IPAddress? literal) ? [literal] : await _dialer.ResolveAsync(member.Uri.IdnHost, cancel).ConfigureAwait(false);
            if (addresses.Length == 0)
                throw new ProxyException("has no address");
            stream = await _dialer.ConnectAsync(new IPEndPoint(addresses[0], member.Uri.Port), _terms.Timeout, cancel).ConfigureAwait(false);
            stream = new WatchedStream(stream) { Seen = n => Count(member, n), Writing = n => Count(member, n) };
            if (member.Uri.Scheme == "https")
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = member.Uri.IdnHost }, cancel).ConfigureAwait(false);
            }
            (string user, string password) = Credentials(member.Uri, host);
            if (member.Uri.Scheme == "socks5")
                await Socks5Async(stream, target, user, password, cancel).ConfigureAwait(false);
            else
                await TunnelAsync(stream, target, user, password, cancel).ConfigureAwait(false);
            member.CountConnection();
            return stream;
        }
        catch (Exception e)
        {
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            if (e is TargetException)
                throw new DialException(VisitOutcome.NetworkError, $"proxy {member.Name}: {e.Message}", e);
            if (e is IOException or SocketException or System.Security.Authentication.AuthenticationException)
                throw new ProxyException(e.Message, e);
            throw;
        }
    }

    private static (string User, string Password) Credentials(Uri proxy, string host)
    {
        if (proxy.UserInfo.Length == 0)
            return ("", "");
        string session = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(host.ToLowerInvariant())).ToString("x16", CultureInfo.InvariantCulture);
        string[] parts = proxy.UserInfo.Split(':', 2);
        string Fill(string part) => Uri.UnescapeDataString(part).Replace("{session}", session, StringComparison.Ordinal);
        return (Fill(parts[0]), parts.Length > 1 ? Fill(parts[1]) : "");
    }

    private static async ValueTask TunnelAsync(Stream stream, IPEndPoint target, string user, string password, CancellationToken cancel)
    {
        string login = user.Length == 0 ? "" : $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"))}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n"), cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
        byte[] head = new byte[MaxAnswer];
        int length = 0;
        do // a byte at a time: what follows the head belongs to the target
        {
            if (length == head.Length)
                throw new ProxyException("answers without end");
            await stream.ReadExactlyAsync(head.AsMemory(length++, 1), cancel).ConfigureAwait(false);
        }
        while (!head.AsSpan(0, length).EndsWith("\r\n\r\n"u8));
        string line = Encoding.Latin1.GetString(head, 0, head.AsSpan().IndexOf((byte)'\r'));
        int status = line.StartsWith("HTTP/1.", StringComparison.Ordinal) && line.Length >= 12 && int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int s) ? s : 0;
        if (status is 502 or 504)
            throw new TargetException($"{target} does not answer it ({status})");
        if (status is < 200 or > 299)
            throw new ProxyException(status == 0 ? "does not speak HTTP" : $"answered {status}");
    }

    private static async ValueTask Socks5Async(Stream stream, IPEndPoint target, string user, string password, CancellationToken cancel)
    {
        byte[] buffer = new byte[600];
        await stream.WriteAsync(user.Length == 0 ? new byte[] { 5, 1, 0 } : [5, 1, 2], cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancel).ConfigureAwait(false);
        if (buffer[0] != 5)
            throw new ProxyException("does not speak SOCKS 5");
        if (buffer[1] != (user.Length == 0 ? 0 : 2))
            throw new ProxyException(user.Length == 0 ? "wants a login" : "takes no login by name and password");
        if (user.Length > 0)
        {
            byte[] name = Encoding.UTF8.GetBytes(user), word = Encoding.UTF8.GetBytes(password);
            if (name.Length > 255 || word.Length > 255)
                throw new ProxyException("name or password is longer than 255 bytes");
            await stream.WriteAsync((byte[])[1, (byte)name.Length, .. name, (byte)word.Length, .. word], cancel).ConfigureAwait(false);
            await stream.FlushAsync(cancel).ConfigureAwait(false);
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancel).ConfigureAwait(false);
            if (buffer[1] != 0)
                throw new ProxyException("refuses the login");
        }
        byte[] address = target.Address.GetAddressBytes();
        await stream.WriteAsync((byte[])[5, 1, 0, (byte)(address.Length == 4 ? 1 : 4), .. address, (byte)(target.Port >> 8), (byte)target.Port], cancel).ConfigureAwait(false);
        await stream.FlushAsync(cancel).ConfigureAwait(false);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 5), cancel).ConfigureAwait(false);
        if (buffer[1] is >= 3 and <= 6)
            throw new TargetException($"{target} does not answer it (SOCKS {buffer[1]})");
        if (buffer[0] != 5 || buffer[1] != 0)
            throw new ProxyException($"answered SOCKS {buffer[1]}");
        int rest = buffer[3] switch { 1 => 4, 4 => 16, 3 => buffer[4] + 1, _ => throw new ProxyException("names an address of no kind") } + 1; // one was read; two more are the port
        await stream.ReadExactlyAsync(buffer.AsMemory(0, rest), cancel).ConfigureAwait(false);
    }

    internal sealed class Member
    {
        private long _connections, _failures, _bytes;

        public Member(Uri uri, ProxyTerms terms, TimeProvider clock)
        {
            Uri = uri;
            Name = string.Create(CultureInfo.InvariantCulture, $"{uri.Scheme}://{uri.Host}:{uri.Port}");
            Pipeline = new ResiliencePipelineBuilder { TimeProvider = clock }
                .AddCircuitBreaker(new CircuitBreakerStrategyOptions
                {
                    FailureRatio = 1,
                    MinimumThroughput = 2,
                    SamplingDuration = LongestRest,
                    BreakDurationGenerator = a => ValueTask.FromResult(a.HalfOpenAttempts > 10 || terms.Cooldown * (1 << a.HalfOpenAttempts) > LongestRest
                        ? LongestRest : terms.Cooldown * (1 << a.HalfOpenAttempts)),
                    StateProvider = State,
                    ShouldHandle = new PredicateBuilder().Handle<ProxyException>().Handle<TimeoutRejectedException>(),
                })
                .AddTimeout(terms.Timeout)
                .Build();
        }

        public Uri Uri { get; }
        public string Name { get; }
        public ResiliencePipeline Pipeline { get; }
        public CircuitBreakerStateProvider State { get; } = new();
        public long Connections => Interlocked.Read(ref _connections);
        public long Failures => Interlocked.Read(ref _failures);
        public long Bytes => Interlocked.Read(ref _bytes);

        public void CountConnection() => Interlocked.Increment(ref _connections);
        public void CountFailure() => Interlocked.Increment(ref _failures);
        public void CountBytes(int bytes) => Interlocked.Add(ref _bytes, bytes);
    }

    /// <summary>The proxy's own fault.</summary>
    private sealed class ProxyException(string message, Exception? inner = null) : IOException(message, inner);

    /// <summary>What the proxy says of the target.</summary>
    private sealed class TargetException(string message) : IOException(message);
}
