using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>
/// Gathers what the overview screen shows, for the API and the dashboard alike. Figures of a whole domain stand in its row; those of a host,
/// a folder or a page are counted. Charts and tables: <see cref="OverviewRows"/>.
/// </summary>
public sealed class Overviews(RowQueries queries)
{
    private const int TopRows = OverviewRows.TopRows;

    /// <summary>Everything: figures, charts and short tables.</summary>
    /// <param name="mode">As <see cref="RowQuery.Mode"/>.</param>
    /// <param name="compare">Id of the run that changes are told against; null or empty for the run before.</param>
    /// <exception cref="ProblemException">The target is none; or there is no run <paramref name="compare"/>, it is damaged, or of another kind. A run without rows gives figures of its graph and no charts.</exception>
    public async Task<Overview> OfAsync(ServedRun run, string target, string? mode = null, string? compare = null, CancellationToken cancel = default)
    {
        RowTarget meant = RowTarget.Parse(target, mode);
        (OverviewFigures? before, RunStamp? stamp) = await BeforeAsync(run, target, mode, string.IsNullOrEmpty(compare) ? null : compare, cancel).ConfigureAwait(false);
        RowDatabase? rows = queries.Database(run);
        if (rows is null)
        {
            GraphFigures graph = GraphFigures.Of(run, meant, cancel);
            return new Overview { Target = meant.Name, Mode = meant.Mode, InIndex = graph.Node >= 0, Figures = graph.Figures, Before = before, RunBefore = stamp, Competitors = Similar(run, graph.Node, TopRows, cancel).Rows };
        }
        using RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false);
        RowScope scope = queries.ScopeOf(run, meant, rented.Owner);
        var overview = new Overview { Target = meant.Name, Mode = meant.Mode, InIndex = scope.InIndex, Figures = Figures(run, rented, scope, out int node, cancel), Before = before, RunBefore = stamp };
        if (!scope.InIndex)
            return overview;
        Task<List<SimilarDomainRow>> similar = Task.Run(() => Similar(run, node, TopRows, cancel).Rows, cancel); // of the graph, beside the rows
        try
        {
            bool trust = run.Run.Column("trust") is not null;
            OverviewRows told = OverviewRows.Of(rented, scope, trust, cancel);
            List<object?[]> pairs = told.Pairs, links = told.Links;
            return overview with
            {
                RefdomainsHistory = History(Changes(pairs, "month"), "month", rows.Now),
                NewLost = [.. Changes(links, "month").Select(m => new LinkChanges(m.Date, m.New, m.Lost))],
                AuthorityBands = [.. Of(pairs, "band").Select(r => (Band: r[1] is string band ? int.Parse(band, CultureInfo.InvariantCulture) : (int?)null, Row: r)).OrderBy(r => r.Band ?? -1)
                    .Select(r => new AuthorityBand(r.Band * 10, r.Band * 10 + 10, (long)r.Row[2]!, (long)r.Row[3]!))],
                Attributes = Shares(links, "attribute"),
                LinkTypes = Shares(links, "type"),
                Positions = Shares(links, "position"),
                Anchors = Shares(links, "anchor"),
                AnchorClasses = Shares(links, "class"),
                Languages = Shares(links, "language"),
                Tlds = Shares(pairs, "tld"),
                Topics = Shares(pairs, "topic"),
                Scatter = [.. told.Dots.Select(r => new ScatterPoint((string)r[0]!, (double?)r[1], (double?)r[2], (long)r[3]!, (string?)r[4]))],
                TopRefdomains = [.. told.TopRefdomains.Select(r =>
                    new TopRefdomain((string)r[0]!, (double?)r[1], (long)r[2]!, (long)r[3]!, (DateTime?)r[4], (DateTime?)r[5], (string?)r[6], (string?)r[7], (double?)r[8]))],
                TopBacklinks = Links(told.TopBacklinks),
                TopPages = [.. TopPages().Select(r => new TopPage((string)r[0]!, (string?)r[1], (double?)r[2], (long)(r[3] ?? 0L), (long)(r[4] ?? 0L), (int?)(long?)r[5]))],
                Newest = Links(told.Newest),
                Lost = Links(told.Lost),
                Broken = Links(told.Broken),
                Competitors = await similar.ConfigureAwait(false),
            };
        }
        finally
        {
            await ((Task)similar).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // whatever became of the rows: it reads the run, which the caller gives back
        }

        List<object?[]> TopPages() => RowQueries.Top(rented, scope, new RowQuery
        {
            Resource = "pages-by-backlinks",
            Target = target,
            Mode = mode,
            Select = "url,title,url_rating,backlinks,refdomains,http_code",
            Limit = TopRows,
        }, cancel);

        static List<TopBacklink> Links(List<object?[]> rows) =>
            [.. rows.Select(r => new TopBacklink((string)r[0]!, (string)r[1]!, (string?)r[2], (string?)r[3], (string?)r[4], (string?)r[5], (string)r[6]!, (bool)r[7]!, (double?)r[8], (double?)r[9], (double?)r[10], (DateTime?)r[11], (DateTime?)r[12], (DateTime?)r[13], (string?)r[14], (int?)(long?)r[15], (string?)r[16]))];
    }

    /// <summary>The figures alone, a millisecond's work.</summary>
    public async Task<OverviewFigures> FiguresAsync(ServedRun run, string target, string? mode = null, CancellationToken cancel = default) => (await KnownAsync(run, target, mode, cancel).ConfigureAwait(false)).Figures;

    /// <summary>The figures, and whether the run knows the target.</summary>
    internal async Task<(OverviewFigures Figures, bool InIndex, RowTarget Target)> KnownAsync(ServedRun run, string target, string? mode, CancellationToken cancel)
    {
        RowTarget meant = RowTarget.Parse(target, mode);
        RowDatabase? rows = queries.Database(run);
        if (rows is null)
        {
            GraphFigures graph = GraphFigures.Of(run, meant, cancel);
            return (graph.Figures, graph.Node >= 0, meant);
        }
        using RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false);
        RowScope scope = queries.ScopeOf(run, meant, rented.Owner);
        return (Figures(run, rented, scope, out _, cancel), scope.InIndex, meant);
    }

    /// <summary>Referring domains over time.</summary>
    /// <param name="grouping"><c>day</c>, <c>week</c> or <c>month</c>.</param>
    /// <exception cref="ProblemException">The target or the grouping is none, or the run has no rows.</exception>
    public async Task<(IReadOnlyList<RefdomainsPoint> Points, bool InIndex)> RefdomainsHistoryAsync(ServedRun run, string target, string? mode = null, string grouping = "month", CancellationToken cancel = default)
    {
        if (grouping is not ("day" or "week" or "month"))
            throw Problems.Parameter("history_grouping", $"'{Filter.Clip(grouping)}' is none of day, week, month");
        RowTarget meant = RowTarget.Parse(target, mode);
        RowDatabase rows = queries.Database(run) ?? throw RowQueries.NoRows(run);
        using RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false);
        RowScope scope = queries.ScopeOf(run, meant, rented.Owner);
        if (!scope.InIndex)
            return ([], false);
        var sql = new SqlText().Add("WITH p AS MATERIALIZED (");
        OverviewRows.AddPairs(sql, scope).Add(") SELECT 'change', strftime(day, '%Y-%m-%d'), sum(came), sum(went) FROM (")
            .Add($"SELECT date_trunc('{grouping}', first_seen) AS day, count(*) AS came, 0 AS went FROM p GROUP BY 1 UNION ALL SELECT date_trunc('{grouping}', lost_at), 0, count(*) FROM p WHERE lost_at IS NOT NULL GROUP BY 1) GROUP BY 2 ORDER BY 2");
        return (History(Changes(rented.Rows(sql.ToString(), sql.Values, cancel), "change"), grouping, rows.Now), true);
    }

    /// <summary>Domains that the same sources link to.</summary>
    /// <exception cref="ProblemException">The target is none.</exception>
    public async Task<(IReadOnlyList<SimilarDomainRow> Rows, bool Complete, bool InIndex)> SimilarAsync(ServedRun run, string target, int count, CancellationToken cancel = default)
    {
        RowTarget meant = RowTarget.Parse(target, "domain");
        int node = GraphFigures.NodeOf(run, meant);
        if (node < 0 && queries.Database(run) is { } rows)
        {
            using RowDatabase.Rented rented = await rows.RentAsync(cancel).ConfigureAwait(false);
            node = queries.ScopeOf(run, meant, rented.Owner).Home is { } home && NodeOf(rented, home, cancel) is { } found ? found : -1;
        }
        (List<SimilarDomainRow> similar, bool complete) = Similar(run, node, count, cancel, new SimilarDomainsOptions());
        return (similar, complete, node >= 0);
    }

    /// <summary>What a target's figures were in another run.</summary>
    /// <param name="compare">That run's id; null for the run before, where what is gone, damaged or of another kind is not compared with.</param>
    /// <exception cref="ProblemException">There is no run <paramref name="compare"/>, it is damaged, or of another kind.</exception>
    private async Task<(OverviewFigures?, RunStamp?)> BeforeAsync(ServedRun run, string target, string? mode, string? compare, CancellationToken cancel)
    {
        IReadOnlyList<string> ids = queries.Catalog.Folder.RunIds();
        if (compare is not null && !ids.Contains(compare, StringComparer.Ordinal))
            throw Problems.Of("unknown_run", $"there is no run '{Filter.Clip(compare)}' to compare with; GET /api/v1/runs lists them", new FieldError("compare", "not the id of a run"));
        for (int i = ids.Count - 1; i >= 0; i--)
            if (ids[i] == run.Id && (i > 0 || compare is not null))
                try
                {
                    using RunLease before = queries.Catalog.Lease(compare ?? ids[i - 1]);
                    if (before.Run.Pages is null == run.Pages is null)
                        return (await FiguresAsync(before.Run, target, mode, cancel).ConfigureAwait(false), before.Run.Stamp);
                    return compare is null ? (null, null) : throw Problems.Parameter("compare", $"run '{compare}' is of {(run.Pages is null ? "pages and their domains" : "a graph alone")}, and run '{run.Id}' is not: their figures cannot be compared");
                }
                catch (ProblemException e) when (compare is null && (e.Code is "unknown_run" or "run_damaged"))
                {
                    return (null, null); // what is gone or damaged is not compared with
                }
        return (null, null);
    }

    /// <param name="node">In the domain graph, of the domain that the target is of; −1 for none.</param>
    private static OverviewFigures Figures(ServedRun run, RowDatabase.Rented rented, RowScope scope, out int node, CancellationToken cancel)
    {
        node = -1;
        long inClusters = 0;
        if (!scope.InIndex)
            return new OverviewFigures { InsufficientData = true, RankedDomains = run.Domains.NodeCount };
        var figures = new OverviewFigures { InsufficientData = true, RankedDomains = run.Domains.NodeCount };
        if (scope.Home is { } home)
        {
            object?[] d = rented.Rows("SELECT domain_rating, rank, percentile, raw, raw_before, pagerank, trust, harmonic, spam_score, spam_cluster_id, topic, topic_confidence, backlinks, dofollow_backlinks, new_backlinks, "
                + "lost_backlinks, refdomains, dofollow_refdomains, referring_ips, referring_networks, outlinks, linked_domains, pages, pages_visited, first_seen, last_visited, url_rating, clustered_refdomains, node FROM domains WHERE \"no\" = " + home.ToString(CultureInfo.InvariantCulture), [], cancel)[0];
            figures = figures with
            {
                DomainRating = (double?)d[0],
                InsufficientData = d[0] is null,
                Rank = (long?)d[1],
                Percentile = (double?)d[2],
                Raw = (double?)d[3],
                RawBefore = (double?)d[4],
                Pagerank = (double?)d[5],
                Trust = (double?)d[6],
                Harmonic = (double?)d[7],
                SpamScore = (double?)d[8],
                SpamClusterId = (string?)d[9],
                Topic = (string?)d[10],
                TopicConfidence = (double?)d[11],
            };
            node = (int)((long?)d[28] ?? -1);
            if (scope.Domain is not null)
            {
                inClusters = Of(d[27]);
                figures = figures with
                {
                    UrlRating = (double?)d[26],
                    Backlinks = Of(d[12]),
                    DofollowBacklinks = Of(d[13]),
                    NewBacklinks = Of(d[14]),
                    LostBacklinks = Of(d[15]),
                    Refdomains = Of(d[16]),
                    DofollowRefdomains = Of(d[17]),
                    ReferringIps = Of(d[18]),
                    ReferringNetworks = Of(d[19]),
                    Outlinks = Of(d[20]),
                    LinkedDomains = Of(d[21]),
                    Pages = Of(d[22]),
                    PagesVisited = Of(d[23]),
                    FirstSeen = (DateTime?)d[24],
                    LastVisited = (DateTime?)d[25],
                };
            }
        }
        if (scope.Domain is null)
        {
            SqlText pages = scope.Where(new SqlText().Add("SELECT max(url_rating), count(*) FILTER (granularity = 'page'), count(*) FILTER (granularity = 'page' AND last_visited IS NOT NULL), min(first_seen), max(last_visited), sum(links_external), sum(linked_domains) FROM pages WHERE "), "");
            object?[] p = rented.Rows(pages.ToString(), pages.Values, cancel)[0];
            SqlText links = scope.Where(new SqlText().Add("SELECT count(*) FILTER (NOT is_lost), count(*) FILTER (NOT is_lost AND is_dofollow), count(*) FILTER (is_new), count(*) FILTER (is_lost), count(DISTINCT source_domain_no) FILTER (NOT is_lost), "
                + "count(DISTINCT source_domain_no) FILTER (NOT is_lost AND is_dofollow), count(DISTINCT address) FILTER (NOT is_lost), count(DISTINCT network) FILTER (NOT is_lost) FROM links WHERE "), "target_").Add(" AND is_ranked AND NOT is_internal");
            object?[] l = rented.Rows(links.ToString(), links.Values, cancel)[0];
            figures = figures with
            {
                UrlRating = (double?)p[0],
                Backlinks = Of(l[0]),
                DofollowBacklinks = Of(l[1]),
                NewBacklinks = Of(l[2]),
                LostBacklinks = Of(l[3]),
                Refdomains = Of(l[4]),
                DofollowRefdomains = Of(l[5]),
                ReferringIps = Of(l[6]),
                ReferringNetworks = Of(l[7]),
                Outlinks = Of(p[5]),
                LinkedDomains = scope.Below - scope.First == 1 ? Of(p[6]) : LinkedDomains(rented, scope, cancel),
                Pages = Of(p[1]),
                PagesVisited = Of(p[2]),
                FirstSeen = (DateTime?)p[3],
                LastVisited = (DateTime?)p[4],
            };
            SqlText spam = scope.Where(new SqlText().Add("SELECT count(DISTINCT source_domain_no) FROM links WHERE "), "target_").Add(" AND is_ranked AND NOT is_internal AND NOT is_lost AND spam_cluster_id IS NOT NULL");
            inClusters = rented.Count(spam.ToString(), spam.Values, cancel);
        }
        return figures with
        {
            DofollowShare = Share(figures.DofollowBacklinks, figures.Backlinks),
            SpamShare = Share(inClusters, figures.Refdomains),
            Coverage = Share(figures.PagesVisited, figures.Pages),
        };
    }

    private static long LinkedDomains(RowDatabase.Rented rented, RowScope scope, CancellationToken cancel)
    {
        SqlText sql = scope.Where(new SqlText().Add("SELECT count(DISTINCT target_domain_no) FROM links WHERE "), "source_").Add(" AND is_ranked AND NOT is_internal AND NOT is_lost");
        return rented.Count(sql.ToString(), sql.Values, cancel);
    }

    private static int? NodeOf(RowDatabase.Rented rented, uint domain, CancellationToken cancel) =>
        rented.Rows(string.Create(CultureInfo.InvariantCulture, $"SELECT node FROM domains WHERE \"no\" = {domain}"), [], cancel) is [[long node]] ? (int)node : null;

    private static (List<SimilarDomainRow> Rows, bool Complete) Similar(ServedRun run, int node, int count, CancellationToken cancel, SimilarDomainsOptions? options = null)
    {
        if (node < 0 || run.Domains.InDegree(node) == 0)
            return ([], true);
        SimilarDomainsResult similar = SimilarDomains.To(run.Domains, node, count, (options ?? new SimilarDomainsOptions { MostOut = 2_000, MostLinks = 60_000 }) with { Norms = run.Once("profile norms", static () => new ProfileNorms()) }, cancel);
        ScoreColumn? authority = run.Run.Column("authority");
        return ([.. similar.Domains.Select(s => new SimilarDomainRow(run.Domains.Names[s.Node], GraphFigures.Rating(run, authority, s.Node), s.Similarity, s.Shared))], similar.Complete);
    }

    private static IEnumerable<object?[]> Of(List<object?[]> rows, string what) => rows.Where(r => (string)r[0]! == what);

    private static List<LinkShare> Shares(List<object?[]> rows, string what) => [.. Of(rows, what).Select(r => new LinkShare((string?)r[1], (long)r[2]!, (long)r[3]!))];

    private static List<(DateOnly Date, long New, long Lost)> Changes(List<object?[]> rows, string what) =>
        [.. Of(rows, what).Where(r => r[1] is not null).Select(r => (DateOnly.ParseExact((string)r[1]!, "yyyy-MM-dd", CultureInfo.InvariantCulture), (long)r[2]!, (long)r[3]!)).OrderBy(r => r.Item1)];

    /// <summary>Periods without a change stand in between with what was there before, at most 5,000 of them.</summary>
    private static List<RefdomainsPoint> History(List<(DateOnly Date, long New, long Lost)> changes, string grouping, DateTime now)
    {
        var points = new List<RefdomainsPoint>();
        if (changes.Count == 0)
            return points;
        long live = 0;
        var end = DateOnly.FromDateTime(now);
        int next = 0;
        for (DateOnly at = changes[0].Date; (at <= end || next < changes.Count) && points.Count < 5_000; at = grouping switch { "day" => at.AddDays(1), "week" => at.AddDays(7), _ => at.AddMonths(1) })
        {
            (long came, long went) = next < changes.Count && changes[next].Date == at ? (changes[next].New, changes[next++].Lost) : (0, 0);
            live += came - went;
            points.Add(new RefdomainsPoint(at, live, came, went));
        }
        return points;
    }

    private static long Of(object? number) => (long?)number ?? 0;

    private static double? Share(long part, long whole) => whole == 0 ? null : (double)part / whole;
}
