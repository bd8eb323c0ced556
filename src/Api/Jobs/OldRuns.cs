using Backlinks.Stores;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>Removes old runs after a new one: never one that somebody reads here, or that a job names that has not ended.</summary>
internal sealed partial class OldRuns(DataFolder folder, ApiOptions options, RunCatalog catalog, Lazy<JobQueue> jobs, TimeProvider time, ILogger<OldRuns> log)
{
    public void Remove()
    {
        if (options.KeepRuns == 0)
            return;
        try
        {
            RunsRemoved removed = RunRetention.Prune(folder, new RunRetentionOptions { Keep = options.KeepRuns, KeepFor = TimeSpan.FromDays(options.Jobs.KeepDays), InUse = InUse, Time = time });
            if (removed.Runs.Count > 0)
                Removed(log, string.Join(", ", removed.Runs), string.Join(", ", removed.Graphs));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) // another process writes: the next run does it
        {
            NotRemoved(log, e.Message);
        }
    }

    private bool InUse(string id)
    {
        if (jobs.Value.Names(id) || catalog.InUse.Contains(id))
            return true;
        catalog.Forget(id);
        return false;
    }

    [LoggerMessage(LogLevel.Information, "Old runs were removed: {Runs}; graphs that no run names any more: {Graphs}")]
    private static partial void Removed(ILogger log, string runs, string graphs);

    [LoggerMessage(LogLevel.Warning, "Old runs stay for now: {Problem}")]
    private static partial void NotRemoved(ILogger log, string problem);
}
