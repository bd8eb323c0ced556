using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>Which runs are kept when others are removed.</summary>
public sealed record RunRetentionOptions
{
    /// <summary>The newest runs, at least 1. Default 10.</summary>
    public int Keep { get; init; } = 10;

    /// <summary>Younger runs than this are kept, too; zero for none. Default zero.</summary>
    public TimeSpan KeepFor { get; init; }

    /// <summary>Runs and graphs that somebody needs, by id, asked just before each is removed. Default: nobody.</summary>
    public Func<string, bool> InUse { get; init; } = _ => false;

    /// <summary>The time that <see cref="KeepFor"/> goes back from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What was removed, by id.</summary>
public sealed record RunsRemoved(IReadOnlyList<string> Runs, IReadOnlyList<string> Graphs);

/// <summary>
/// Removes old runs, and the graphs that only they named. Never removed: the current run, pinned ones, what somebody uses, the graph
/// imported last, and an imported graph that was never ranked. <c>runs/pinned</c> holds the ids of pinned runs, one a line.
/// A run goes before its graphs, so that no run is visible without them.
/// </summary>
public static class RunRetention
{
    private const string PinnedName = "pinned";

    private static readonly Lock Pinning = new();

    /// <summary>Ids of the runs that are kept whatever their age.</summary>
    /// <exception cref="StoreException">The list cannot be read.</exception>
    public static IReadOnlySet<string> Pinned(DataFolder folder)
    {
        string path = Path.Combine(folder.Runs, PinnedName);
        return File.Exists(path) ? File.ReadAllLines(path).Select(line => line.Trim()).Where(line => line.Length > 0).ToHashSet(StringComparer.Ordinal) : new HashSet<string>();
    }

    /// <summary>Keeps a run whatever its age, or no longer. Needs no lock of the folder: a ranking that takes an hour need not be waited for.</summary>
    /// <exception cref="StoreException">There is no such run.</exception>
    public static void Pin(DataFolder folder, string run, bool pinned)
    {
        folder.RunId(run);
        lock (Pinning)
        {
            var ids = Pinned(folder).Where(folder.RunIds().Contains).ToHashSet(StringComparer.Ordinal);
            if (pinned ? ids.Add(run) : ids.Remove(run))
                Durable.WriteText(Path.Combine(folder.Runs, PinnedName), string.Concat(ids.Order(StringComparer.Ordinal).Select(id => id + "\n")));
        }
    }

    /// <summary>Removes what need not be kept.</summary>
    /// <exception cref="StoreException">Another process writes to the folder.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static RunsRemoved Prune(DataFolder folder, RunRetentionOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Keep, 1, "the runs to keep");
        ArgumentOutOfRangeException.ThrowIfLessThan(options.KeepFor, TimeSpan.Zero, "the time to keep runs for");
        using DataWriter writer = folder.BeginWriting();
        IReadOnlyList<string> ids = folder.RunIds();
        IReadOnlySet<string> pinned = Pinned(folder);
        DateTime young = options.Time.GetUtcNow().UtcDateTime - options.KeepFor;
        var removed = new List<string>();
        var theirs = new HashSet<string>(StringComparer.Ordinal);
        foreach (string id in ids.Take(Math.Max(0, ids.Count - options.Keep)))
        {
            cancel.ThrowIfCancellationRequested();
            string path = Path.Combine(folder.Runs, id);
            if (id == folder.CurrentRun || pinned.Contains(id) || (options.KeepFor > TimeSpan.Zero && File.GetLastWriteTimeUtc(Path.Combine(path, RunManifest.FileName)) > young))
                continue;
            IReadOnlyList<string> graphs = GraphsOf(path);
            if (options.InUse(id))
                continue;
            DataWriter.Remove(folder.Runs, id);
            removed.Add(id);
            theirs.UnionWith(graphs);
        }
        return new RunsRemoved(removed, Unnamed(folder, theirs, options, cancel));
    }

    /// <summary>Removes graphs that no run names any more: those of removed runs, and what killed runs of the link store left.</summary>
    private static List<string> Unnamed(DataFolder folder, HashSet<string> candidates, RunRetentionOptions options, CancellationToken cancel)
    {
        var named = new HashSet<string>(StringComparer.Ordinal);
        foreach (string run in folder.RunIds())
            try
            {
                RunManifest manifest = RunManifest.Read(Path.Combine(folder.Runs, run));
                named.Add(manifest.Graph.Id);
                if (manifest.PageGraph is { } pages)
                    named.Add(pages.Id);
            }
            catch (StoreException) // a damaged run may name any graph: what it named may be what mends it
            {
                return [];
            }
        var removed = new List<string>();
        foreach (string id in folder.GraphIds())
        {
            cancel.ThrowIfCancellationRequested();
            if (named.Contains(id) || id == folder.CurrentGraph || !(candidates.Contains(id) || IsOfStore(Path.Combine(folder.Graphs, id))) || options.InUse(id))
                continue;
            DataWriter.Remove(folder.Graphs, id);
            removed.Add(id);
        }
        return removed;
    }

    private static IReadOnlyList<string> GraphsOf(string run)
    {
        try
        {
            RunManifest manifest = RunManifest.Read(run);
            return manifest.PageGraph is { } pages ? [manifest.Graph.Id, pages.Id] : [manifest.Graph.Id];
        }
        catch (StoreException) // damaged: it goes, its graphs stay unless they are the link store's
        {
            return [];
        }
    }

    /// <summary>Whether the graph was made of the link store for a run, not imported by somebody.</summary>
    private static bool IsOfStore(string graph)
    {
        try
        {
            return GraphManifest.Read(graph).Source?.Format == "store";
        }
        catch (GraphException)
        {
            return false;
        }
    }
}
