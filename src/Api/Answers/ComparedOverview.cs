namespace Backlinks.Api;

/// <summary>The overview, its changes against a run that the reader chose: for the API and the dashboard alike.</summary>
internal static class ComparedOverview
{
    /// <param name="compare">Id of that run; null or empty for the run before.</param>
    /// <exception cref="ProblemException">The target is none; or there is no such run, it is damaged, or of another kind.</exception>
    public static async Task<Overview> OfAsync(Overviews overviews, ServedRun run, string target, string? mode, string? compare, CancellationToken cancel)
    {
        Overview overview = await overviews.OfAsync(run, target, mode, cancel).ConfigureAwait(false);
        if (string.IsNullOrEmpty(compare))
            return overview;
        (OverviewFigures? before, RunStamp? stamp) = await overviews.BeforeAsync(run, target, mode, cancel, compare).ConfigureAwait(false);
        return overview with { Before = before, RunBefore = stamp };
    }
}
