using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>
/// Runs open for reading. A question takes a lease on one run and keeps it to its end, so that every row it reads is of that run; a run
/// that is superseded, deleted or pushed out by others stays open until the last lease is given back. Opening costs milliseconds; the
/// run that is current is told by its pointer file, looked at with every lease.
/// </summary>
public sealed class RunCatalog : IDisposable
{
    private readonly DataFolder _folder;
    private readonly int _most;
    private readonly long _rowMemory;
    private readonly object _gate = new();
    private readonly Dictionary<string, ServedRun> _open = new(StringComparer.Ordinal);
    private bool _disposed;

    public RunCatalog(DataFolder folder, ApiOptions options)
    {
        _folder = folder;
        _most = Math.Max(1, options.OpenRuns);
        _rowMemory = options.RowMemoryBytes;
    }

    public DataFolder Folder => _folder;

    /// <summary>Ids of runs that somebody reads at the moment, or that are kept open: not to be deleted.</summary>
    public IReadOnlyList<string> InUse
    {
        get
        {
            lock (_gate)
                return [.. _open.Values.Where(run => run.Leases > 0).Select(run => run.Id)];
        }
    }

    /// <summary>A run to read.</summary>
    /// <param name="id">Its id; null, "" or <c>latest</c> for the current one.</param>
    /// <exception cref="ProblemException"><c>no_run</c>, <c>unknown_run</c>, <c>run_damaged</c>.</exception>
    public RunLease Lease(string? id = null)
    {
        string chosen;
        if (id is null or "" or "latest")
        {
            try
            {
                chosen = _folder.CurrentRun ?? throw Problems.Of("no_run", "nothing was ranked yet: start a run with POST /api/v1/runs, or 'backlinks rank'");
            }
            catch (IOException error)
            {
                throw Damaged("current", error);
            }
        }
        else
            chosen = id;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_open.TryGetValue(chosen, out ServedRun? there))
                return there.Lease();
        }
        if (!_folder.RunIds().Contains(chosen, StringComparer.Ordinal))
            throw Problems.Of("unknown_run", $"there is no run '{Clip(chosen)}'; GET /api/v1/runs lists them", new FieldError("run", "not the id of a run"));
        ServedRun opened;
        try
        {
            opened = new ServedRun(_folder.OpenRun(chosen), _rowMemory / _most);
        }
        catch (IOException error)
        {
            throw Damaged(chosen, error);
        }
        lock (_gate)
        {
            if (_disposed)
            {
                opened.Retire();
                throw new ObjectDisposedException(nameof(RunCatalog));
            }
            if (_open.TryGetValue(chosen, out ServedRun? there))
            {
                opened.Retire(); // somebody was faster
                return there.Lease();
            }
            RunLease lease = opened.Lease();
            _open.Add(chosen, opened);
            while (_open.Count > _most)
            {
                ServedRun oldest = _open.Values.Where(run => run != opened).MinBy(run => run.LastUsed)!;
                _open.Remove(oldest.Id);
                oldest.Retire();
            }
            return lease;
        }
    }

    /// <summary>Lets go of a run that is to be deleted.</summary>
    public void Forget(string id)
    {
        lock (_gate)
            if (_open.Remove(id, out ServedRun? run))
                run.Retire();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (ServedRun run in _open.Values)
                run.Retire();
            _open.Clear();
        }
    }

    internal static ProblemException Damaged(string id, IOException error) =>
        new(503, "run_damaged", $"run '{Clip(id)}' cannot be read: {System.IO.Path.GetFileName((error as StoreException)?.Path ?? (error as GraphEngine.GraphException)?.Path ?? "")} {Reason(error)}; rank again, or name another run", null, error);

    /// <summary>What is wrong without where on this machine it lies: callers need not know.</summary>
    private static string Reason(IOException error) => error is StoreException { Path.Length: > 0 } known && known.Message.StartsWith(known.Path, StringComparison.Ordinal)
        ? known.Message[known.Path.Length..].TrimStart(':', ' ') : "a file of it is missing or altered";

    private static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";
}

/// <summary>The right to read a run, given back by disposing.</summary>
public sealed class RunLease(ServedRun run) : IDisposable
{
    private ServedRun? _run = run;

    public ServedRun Run => _run ?? throw new ObjectDisposedException(nameof(RunLease));

    public void Dispose() => Interlocked.Exchange(ref _run, null)?.GiveBack();
}
