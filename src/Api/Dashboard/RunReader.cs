using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api.Dashboard;

/// <summary>
/// Asks runs for what a page shows: on the pool, for a page's connection must stay free for the next key; with a lease only while asking;
/// and remembers answers for a while, so that a page which was rendered on the server does not ask again when it comes alive, and the
/// back button shows at once. Runs never change, so an answer of a run stays true.
/// </summary>
public sealed partial class RunReader(RunCatalog catalog, ApiOptions options, ILogger<RunReader> log) : IDisposable
{
    /// <summary>Answers kept: some tens of screens; each is at most a page of rows.</summary>
    private const int Most = 256;

    private readonly MemoryCache _answers = new(new MemoryCacheOptions { SizeLimit = Most });

    public RunCatalog Catalog { get; } = catalog;

    /// <summary>An answer of a run.</summary>
    /// <param name="run">Its id; null for the current one.</param>
    /// <exception cref="ProblemException">The run or the question is wrong.</exception>
    public Task<T> Read<T>(string? run, Func<ServedRun, CancellationToken, T> ask, CancellationToken cancel) => ReadAsync(run, (served, patience) => Task.FromResult(ask(served, patience)), cancel);

    /// <inheritdoc cref="Read"/>
    public Task<T> ReadAsync<T>(string? run, Func<ServedRun, CancellationToken, Task<T>> ask, CancellationToken cancel) => Task.Run(async () =>
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(TimeSpan.FromSeconds(options.RequestSeconds));
        try
        {
            using RunLease lease = Catalog.Lease(run);
            return await ask(lease.Run, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Problems.Of("too_slow", $"the answer took longer than {options.RequestSeconds} s; narrow the question");
        }
        catch (Exception error) when (error is not (OperationCanceledException or ProblemException))
        {
            cancel.ThrowIfCancellationRequested(); // what an engine says that was interrupted
            Failed(log, error);
            throw Problems.Of("failed", "the question could not be answered; the service's log says why");
        }
    }, cancel);

    /// <summary>As <see cref="Read"/>, and remembered: equal keys of a run have equal answers.</summary>
    /// <param name="key">All that the answer depends on beside the run.</param>
    public Task<T> ReadOnce<T>(string? run, string key, Func<ServedRun, CancellationToken, T> ask, CancellationToken cancel) where T : class =>
        ReadOnceAsync(run, key, (served, patience) => Task.FromResult(ask(served, patience)), cancel);

    /// <inheritdoc cref="ReadOnce"/>
    public Task<T> ReadOnceAsync<T>(string? run, string key, Func<ServedRun, CancellationToken, Task<T>> ask, CancellationToken cancel) where T : class
    {
        string? id = run is null or "" or "latest" ? CurrentRun() : run;
        return id is not null && _answers.TryGetValue((id, key), out T? known) ? Task.FromResult(known!) : Asked();

        async Task<T> Asked()
        {
            (string of, T answer) = await ReadAsync(id, async (served, patience) => (served.Id, await ask(served, patience)), cancel);
            _answers.Set((of, key), answer, new MemoryCacheEntryOptions { Size = 1, SlidingExpiration = TimeSpan.FromMinutes(5) });
            return answer;
        }
    }

    public void Dispose() => _answers.Dispose();

    private string? CurrentRun()
    {
        try
        {
            return Catalog.Folder.CurrentRun;
        }
        catch (IOException)
        {
            return null; // the lease says what is wrong
        }
    }

    [LoggerMessage(LogLevel.Error, "a question of the dashboard failed")]
    private static partial void Failed(ILogger log, Exception error);
}
