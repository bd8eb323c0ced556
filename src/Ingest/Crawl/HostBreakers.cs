using Backlinks.GraphEngine;
using Polly;
using Polly.CircuitBreaker;

namespace Backlinks.Ingest;

/// <summary>
/// A circuit breaker for each host in trouble: after some failures in a row (no connection, no answer in time) requests to
/// it fail at once for a while, so that a dead host costs no worker its 15 seconds each time. Statuses are answers, not
/// failures. A host gets its breaker at its first failure; hosts that answer never have one. Of at most 4,096 the longest
/// unused go first.
/// Cost: one look-up a request; a pipeline and its sliding window of counts for each host in trouble, bounded by their number.
/// </summary>
internal sealed class HostBreakers(FetcherOptions options)
{
    private const int MaxHosts = 4096;

    /// <summary>Failures count together within this time.</summary>
    private static readonly TimeSpan Sampling = TimeSpan.FromMinutes(10);

    private readonly Dictionary<string, Entry> _hosts = [];
    private readonly Lock _lock = new();

    public async Task<FetchResult> RunAsync<TState>(string host, Func<TState, CancellationToken, ValueTask<FetchResult>> fetch, TState state, CancellationToken cancel)
    {
        if (options.BreakAfterFailures < 2)
            return await fetch(state, cancel).ConfigureAwait(false);
        Entry? entry = Find(host);
        if (entry is null)
        {
            FetchResult result = await fetch(state, cancel).ConfigureAwait(false);
            if (IsFailure(result))
                await Add(host).Breaker.ExecuteAsync(static (failed, _) => ValueTask.FromResult(failed), result, cancel).ConfigureAwait(false);
            return result;
        }
        try
        {
            FetchResult result = await entry.Breaker.ExecuteAsync(fetch, state, cancel).ConfigureAwait(false);
            if (IsFailure(result))
                entry.LastError = result.Error;
            return result;
        }
        catch (BrokenCircuitException e)
        {
            return new FetchResult
            {
                Failure = VisitOutcome.NetworkError,
                Error = $"not tried: {options.BreakAfterFailures} attempts in a row failed, the last with: {entry.LastError}",
                TryAgainIn = e.RetryAfter ?? options.BreakDuration,
            };
        }
    }

    /// <summary>Hosts that have a breaker, for tests.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
                return _hosts.Count;
        }
    }

    private static bool IsFailure(FetchResult result) => result.Failure is VisitOutcome.TimedOut or VisitOutcome.NetworkError;

    private Entry? Find(string host)
    {
        lock (_lock)
        {
            if (_hosts.TryGetValue(host, out Entry? entry))
                entry.Used = options.Clock.GetTimestamp();
            return entry;
        }
    }

    private Entry Add(string host)
    {
        lock (_lock)
        {
            if (_hosts.TryGetValue(host, out Entry? entry))
                return entry;
            if (_hosts.Count >= MaxHosts) // a quarter at a time, so that sorting costs little a host
                foreach ((string old, _) in _hosts.OrderBy(h => h.Value.Used).Take(MaxHosts / 4).ToArray())
                    _hosts.Remove(old);
            entry = new Entry(Build()) { Used = options.Clock.GetTimestamp() };
            _hosts.Add(host, entry);
            return entry;
        }
    }

    private ResiliencePipeline<FetchResult> Build() => new ResiliencePipelineBuilder<FetchResult> { TimeProvider = options.Clock }
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<FetchResult>
        {
            FailureRatio = 1,
            MinimumThroughput = options.BreakAfterFailures,
            SamplingDuration = Sampling,
            BreakDuration = options.BreakDuration,
            ShouldHandle = static a => ValueTask.FromResult(a.Outcome.Result is { } result && IsFailure(result)),
        }).Build();

    private sealed class Entry(ResiliencePipeline<FetchResult> breaker)
    {
        public ResiliencePipeline<FetchResult> Breaker { get; } = breaker;
        public long Used { get; set; }
        public string LastError { get; set; } = "";
    }
}
