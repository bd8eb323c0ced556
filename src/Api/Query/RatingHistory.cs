using System.Collections.Concurrent;

namespace Backlinks.Api;

/// <summary>What a target's ratings were in every run that is kept. Runs never change, so what one said is remembered.</summary>
public sealed class RatingHistory(RunCatalog catalog, Overviews overviews)
{
    private const int MostRuns = 200, MostKept = 20_000;

    private readonly ConcurrentDictionary<(string Run, string Target, TargetMode Mode), RatingPoint> _kept = [];

    /// <summary>The newest runs' ratings, oldest first; runs that are damaged are left out.</summary>
    /// <exception cref="ProblemException">The target is none, or there is no run.</exception>
    public async Task<RatingHistoryAnswer> OfAsync(string target, string? mode = null, CancellationToken cancel = default)
    {
        RowTarget meant = RowTarget.Parse(target, mode);
        var points = new List<RatingPoint>();
        foreach (string id in catalog.Folder.RunIds().TakeLast(MostRuns))
        {
            if (!_kept.TryGetValue((id, meant.Name, meant.Mode), out RatingPoint? point))
            {
                try
                {
                    using RunLease lease = catalog.Lease(id);
                    OverviewFigures figures = await overviews.FiguresAsync(lease.Run, target, mode, cancel);
                    point = new RatingPoint(id, lease.Run.Stamp.BuiltAt, figures.DomainRating, figures.UrlRating, figures.Raw, figures.Rank, figures.RankedDomains, lease.Run.Stamp.ScaleVersion);
                }
                catch (ProblemException e) when (e.Code is "unknown_run" or "run_damaged")
                {
                    continue;
                }
                if (_kept.Count >= MostKept)
                    _kept.Clear();
                _kept[(id, meant.Name, meant.Mode)] = point;
            }
            points.Add(point);
        }
        using RunLease current = catalog.Lease();
        (_, bool known, _) = await overviews.KnownAsync(current.Run, target, mode, cancel);
        return new RatingHistoryAnswer(points, new TargetMeta(current.Run.Stamp, known));
    }
}
