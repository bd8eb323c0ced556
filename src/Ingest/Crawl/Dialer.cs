using System.Net;
using System.Net.Sockets;
using Backlinks.GraphEngine;
using Polly;
using Polly.Retry;

namespace Backlinks.Ingest;

/// <summary>
/// Opens connections to names of strangers: resolves, judges every address (<see cref="AddressGuard"/>), connects to a
/// judged address itself. The name is never resolved a second time between judging and connecting, so an answer that
/// changes (DNS rebinding) changes nothing; a new connection resolves and judges anew. Addresses that are not public are
/// passed over; where none is left the connection is refused.
///
/// Look-ups that fail for the moment (EAI_AGAIN) are tried twice more, half a second apart and doubling, with jitter. Only
/// the answer "no such name" makes a host dead; glibc gives the same for a name without any address, and that is as dead.
/// </summary>
internal sealed class Dialer
{
    /// <summary>Addresses of one name that are tried, each with its share of the time: one that swallows packets cannot use it all up.</summary>
    private const int MaxAddresses = 4;

    private readonly FetcherOptions _options;
    private readonly ConnectRules _rules;
    private readonly ResiliencePipeline _lookUp;

    public Dialer(FetcherOptions options)
    {
        _options = options;
        _rules = new ConnectRules(options.ConnectTo);
        _lookUp = new ResiliencePipelineBuilder { TimeProvider = options.Clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 2,
                Delay = TimeSpan.FromSeconds(0.5),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = new PredicateBuilder().Handle<SocketException>(e => e.SocketErrorCode == SocketError.TryAgain),
            }).Build();
    }

    /// <summary>The addresses behind a name that may be connected to, and the port, with connect-to rules applied.</summary>
    /// <exception cref="DialException">There is none.</exception>
    public async ValueTask<(IPAddress[] Addresses, int Port)> VetAsync(string host, int port, CancellationToken cancel)
    {
        (host, port) = _rules.Apply(host, port);
        IPAddress[] found;
        if (IPAddress.TryParse(host, out IPAddress? literal)) // brackets and all
            found = [literal];
        else
            found = await ResolveAsync(host, cancel).ConfigureAwait(false);
        string? refusal = null;
        var good = new List<IPAddress>(found.Length);
        foreach (IPAddress address in found)
            if (AddressGuard.Refusal(address, _options.AllowLoopback) is { } why)
                refusal ??= why;
            else
                good.Add(AddressGuard.Plain(address));
        if (good.Count == 0)
            throw refusal is null
                ? new DialException(VisitOutcome.HostDead, $"{host} has no address")
                : new DialException(VisitOutcome.Refused, literal is null ? $"{host}: {refusal}" : refusal);
        return ([.. good.Take(MaxAddresses)], port);
    }

    /// <summary>A connection to the first address that answers, and that address.</summary>
    /// <exception cref="DialException">None does.</exception>
    public async ValueTask<(Stream Stream, IPAddress Address)> ConnectAsync(string host, int port, CancellationToken cancel)
    {
        (IPAddress[] addresses, port) = await VetAsync(host, port, cancel).ConfigureAwait(false);
        long start = _options.Clock.GetTimestamp();
        DialException? last = null;
        for (int i = 0; i < addresses.Length; i++)
        {
            TimeSpan left = (_options.ConnectTimeout - _options.Clock.GetElapsedTime(start)) / (addresses.Length - i);
            var endPoint = new IPEndPoint(addresses[i], port);
            try
            {
                return (await ConnectAsync(endPoint, left, cancel).ConfigureAwait(false), addresses[i]);
            }
            catch (DialException e)
            {
                last = e;
            }
        }
        throw last!;
    }

    /// <summary>A connection to an address that was judged, or that the user gave (a proxy).</summary>
    public async ValueTask<Stream> ConnectAsync(IPEndPoint endPoint, TimeSpan timeout, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero, _options.Clock);
        using CancellationTokenRegistration link = cancel.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), limit);
        try
        {
            return _options.Connect is { } connect
                ? await connect(endPoint, limit.Token).ConfigureAwait(false)
                : await OpenSocketAsync(endPoint, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new DialException(VisitOutcome.TimedOut, $"no connection to {endPoint} within {_options.ConnectTimeout.TotalSeconds:0.###} s");
        }
        catch (SocketException e)
        {
            throw new DialException(e.SocketErrorCode == SocketError.TimedOut ? VisitOutcome.TimedOut : VisitOutcome.NetworkError,
                $"no connection to {endPoint}: {e.Message}", e);
        }
    }

    private static async ValueTask<Stream> OpenSocketAsync(IPEndPoint endPoint, CancellationToken cancel)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>The addresses of a name as the resolver gives them, not judged.</summary>
    public async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancel)
    {
        try
        {
            return await _lookUp.ExecuteAsync(static async (state, token) =>
                await (state._options.Resolve is { } resolve ? resolve(state.host, token) : Dns.GetHostAddressesAsync(state.host, token)).ConfigureAwait(false),
                (_options, host), cancel).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode is SocketError.HostNotFound or SocketError.NoData
                ? new DialException(VisitOutcome.HostDead, $"{host}: no such host", e)
                : new DialException(VisitOutcome.NetworkError, $"{host}: name look-up failed: {e.Message}", e);
        }
        catch (ArgumentException e) // longer than a name can be
        {
            throw new DialException(VisitOutcome.HostDead, $"{host}: not a host name", e);
        }
    }
}

/// <summary>No connection, and what that means for the visit.</summary>
internal sealed class DialException(VisitOutcome outcome, string message, Exception? inner = null) : IOException(message, inner)
{
    public VisitOutcome Outcome { get; } = outcome;
}
