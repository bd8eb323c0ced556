namespace Backlinks.Api.Dashboard;

/// <summary>What a run said of a target.</summary>
public sealed record CoursePoint(RunStamp Run, OverviewFigures Figures);

/// <summary>A target's figures over the runs that there are: what scores did, on one frozen scale.</summary>
public static class ScoreCourse
{
    /// <summary>The runs looked at, the last ones up to the one shown: as many as a line of a card can tell apart.</summary>
    public const int MostRuns = 24;

    /// <summary>Oldest first; runs that cannot be read, or do not know the target, are left out.</summary>
    public static async Task<IReadOnlyList<CoursePoint>> OfAsync(RunReader runs, Overviews overviews, View view, CancellationToken cancel)
    {
        var course = new List<CoursePoint>();
        IReadOnlyList<string> ids = runs.Catalog.Folder.RunIds();
        string? last = view.Run ?? runs.Catalog.Folder.CurrentRun;
        int end = last is null ? -1 : ids.ToList().IndexOf(last);
        foreach (string id in ids.Take(end + 1).TakeLast(MostRuns))
        {
            try
            {
                course.Add(await runs.ReadOnceAsync(id, $"figures\n{view.Mode}\n{view.Target}",
                    async (run, patience) => new CoursePoint(run.Stamp, await overviews.FiguresAsync(run, view.Target, view.Mode, patience)), cancel));
            }
            catch (ProblemException)
            {
                continue; // damaged, deleted meanwhile, or a graph of something else
            }
        }
        return course;
    }
}
