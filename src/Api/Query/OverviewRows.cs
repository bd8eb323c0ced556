using System.Globalization;

namespace Backlinks.Api;

/// <summary>
/// What charts and tables of an overview are made of: shares (what, name, two counts) of referring domains and of links, and the first rows of
/// each table. Of a target with few links all are read once and summed up here, which takes a fifth of the time that as many questions
/// to the database take; of others the database sums up. Both give the same.
/// </summary>
internal sealed record OverviewRows
{
    public const int TopRows = 10, TopShares = 20, MostDots = 500;

    /// <summary><c>band</c> (domains, followed domains), <c>tld</c>, <c>topic</c> (links, domains), <c>month</c> (new, lost).</summary>
    public required List<object?[]> Pairs { get; init; }

    /// <summary><c>attribute</c>, <c>type</c>, <c>position</c>, <c>class</c>, <c>language</c>, <c>anchor</c> (links, domains), <c>month</c> (new, lost).</summary>
    public required List<object?[]> Links { get; init; }

    /// <summary>domain, domain_rating, trust, links, spam_cluster_id.</summary>
    public required List<object?[]> Dots { get; init; }

    /// <summary>domain, domain_rating, links, dofollow_links, first_seen, last_seen, topic, spam_cluster_id, rank_passed.</summary>
    public required List<object?[]> TopRefdomains { get; init; }

    /// <summary>As <see cref="LinkColumns"/> of <c>all-backlinks</c> names them.</summary>
    public required List<object?[]> TopBacklinks { get; init; }

    public required List<object?[]> Newest { get; init; }

    public required List<object?[]> Lost { get; init; }

    public required List<object?[]> Broken { get; init; }

    public const string LinkColumns = "url_from,url_to,title,anchor,snippet_left,snippet_right,link_type,is_dofollow,domain_rating_source,url_rating_source,rank_passed,first_seen_link,last_seen,lost_at,lost_reason,target_http_code,spam_cluster_id";

    private const int LinkWidth = 17;

    /// <summary>One row a referring domain, lost ones included.</summary>
    public static SqlText AddPairs(SqlText sql, RowScope scope)
    {
        if (scope.Domain is { } domain)
            return sql.Add("SELECT source_no AS other_no, domain_from AS domain, domain_rating_source AS domain_rating, spam_cluster_source AS spam_cluster_id, links, dofollow_links, first_seen, last_seen, lost_at, rank_passed FROM edges WHERE target_no = ").Add(domain);
        return scope.Where(sql.Add("SELECT source_domain_no AS other_no, any_value(domain_from) AS domain, any_value(domain_rating_source) AS domain_rating, any_value(spam_cluster_id) AS spam_cluster_id, count(*) FILTER (NOT is_lost) AS links, "
            + "count(*) FILTER (NOT is_lost AND is_dofollow) AS dofollow_links, min(first_seen) AS first_seen, max(last_seen) AS last_seen, CASE WHEN bool_and(is_lost) THEN max(lost_at) END AS lost_at, sum(rank_passed) AS rank_passed FROM links WHERE "), "target_")
            .Add(" AND is_ranked AND NOT is_internal GROUP BY source_domain_no");
    }

    /// <summary>Summed up by the database.</summary>
    /// <param name="top">The first rows of a resource: name, select, order, lost ones alone.</param>
    public static OverviewRows Asked(RowDatabase.Rented rented, RowScope scope, Func<string, string, string?, bool, List<object?[]>> top, CancellationToken cancel)
    {
        var pairs = new SqlText().Add("WITH p AS MATERIALIZED (SELECT q.*, d.topic FROM (");
        AddPairs(pairs, scope).Add($"""
            ) q JOIN domains d ON d."no" = q.other_no), live AS (SELECT * FROM p WHERE links > 0)
            SELECT 'band', CASE WHEN domain_rating IS NOT NULL THEN least(floor(domain_rating / 10), 9)::INTEGER::VARCHAR END AS name, count(*)::BIGINT AS a, count(*) FILTER (dofollow_links > 0)::BIGINT AS b FROM live GROUP BY 2
            UNION ALL (SELECT 'tld', regexp_extract(domain, '[^.]*$'), sum(links)::BIGINT, count(*)::BIGINT AS b FROM live GROUP BY 2 ORDER BY b DESC, 2 LIMIT {TopShares})
            UNION ALL (SELECT 'topic', topic, sum(links)::BIGINT, count(*)::BIGINT AS b FROM live GROUP BY 2 ORDER BY b DESC, 2 LIMIT {TopShares})
            UNION ALL SELECT 'month', strftime(day, '%Y-%m-%d'), sum(came)::BIGINT, sum(went)::BIGINT FROM (SELECT date_trunc('month', first_seen) AS day, count(*) AS came, 0 AS went FROM p GROUP BY 1
              UNION ALL SELECT date_trunc('month', lost_at), 0, count(*) FROM p WHERE lost_at IS NOT NULL GROUP BY 1) GROUP BY 2
            """);
        var links = new SqlText().Add("WITH l AS MATERIALIZED (SELECT kind, position, anchor, anchor_class, language, is_dofollow, is_nofollow, is_ugc, is_sponsored, is_lost, source_domain_no AS d, first_seen, lost_at FROM links WHERE ");
        scope.Where(links, "target_").Add($"""
             AND is_ranked AND NOT is_internal), live AS (SELECT * FROM l WHERE NOT is_lost)
            SELECT 'attribute', 'dofollow' AS name, count(*)::BIGINT AS a, count(DISTINCT d)::BIGINT AS b FROM live WHERE is_dofollow
            UNION ALL SELECT 'attribute', 'nofollow', count(*), count(DISTINCT d) FROM live WHERE is_nofollow
            UNION ALL SELECT 'attribute', 'ugc', count(*), count(DISTINCT d) FROM live WHERE is_ugc
            UNION ALL SELECT 'attribute', 'sponsored', count(*), count(DISTINCT d) FROM live WHERE is_sponsored
            UNION ALL (SELECT 'type', kind, count(*) AS a, count(DISTINCT d) FROM live GROUP BY 2 ORDER BY a DESC, 2)
            UNION ALL (SELECT 'position', position, count(*) AS a, count(DISTINCT d) FROM live GROUP BY 2 ORDER BY a DESC, 2)
            UNION ALL (SELECT 'class', anchor_class, count(*) AS a, count(DISTINCT d) FROM live GROUP BY 2 ORDER BY a DESC, 2)
            UNION ALL (SELECT 'language', language, count(*) AS a, count(DISTINCT d) FROM live GROUP BY 2 ORDER BY a DESC, 2 LIMIT {TopShares})
            UNION ALL (SELECT 'anchor', anchor, count(*) AS a, count(DISTINCT d) AS b FROM live GROUP BY 2 ORDER BY b DESC, a DESC, 2 LIMIT {TopShares})
            UNION ALL SELECT 'month', strftime(day, '%Y-%m-%d'), sum(came)::BIGINT, sum(went)::BIGINT FROM (SELECT date_trunc('month', first_seen) AS day, count(*) AS came, 0 AS went FROM l GROUP BY 1
              UNION ALL SELECT date_trunc('month', lost_at), 0, count(*) FROM l WHERE lost_at IS NOT NULL GROUP BY 1) GROUP BY 2
            """);
        var dots = new SqlText().Add("SELECT p.domain, p.domain_rating, d.trust, p.links, p.spam_cluster_id FROM (SELECT * FROM (");
        AddPairs(dots, scope).Add($") WHERE links > 0 ORDER BY domain_rating DESC NULLS LAST, other_no LIMIT {MostDots}) p JOIN domains d ON d.\"no\" = p.other_no ORDER BY p.domain_rating DESC NULLS LAST, p.other_no");
        return new OverviewRows
        {
            Pairs = rented.Rows(pairs.ToString(), pairs.Values, cancel),
            Links = rented.Rows(links.ToString(), links.Values, cancel),
            Dots = rented.Rows(dots.ToString(), dots.Values, cancel),
            TopRefdomains = top("refdomains", "domain,domain_rating,links_to_target,dofollow_links,first_seen,last_seen,topic,spam_cluster_id,rank_passed", null, false),
            TopBacklinks = top("all-backlinks", LinkColumns, null, false),
            Newest = top("all-backlinks", LinkColumns, "first_seen_link:desc", false),
            Lost = top("all-backlinks", LinkColumns, "lost_at:desc", true),
            Broken = top("broken-backlinks", LinkColumns, null, false),
        };
    }

    /// <summary>Summed up here, of all links read once.</summary>
    public static OverviewRows Summed(RowDatabase.Rented rented, RowScope scope, CancellationToken cancel)
    {
        var sql = new SqlText().Add("SELECT p.other_no, p.domain, d.domain_rating, d.topic, d.spam_cluster_id, p.links, p.dofollow_links, p.first_seen, p.last_seen, p.lost_at, p.rank_passed, d.trust, p.domain_rating, p.spam_cluster_id FROM (");
        AddPairs(sql, scope).Add(") p JOIN domains d ON d.\"no\" = p.other_no");
        List<object?[]> pairs = rented.Rows(sql.ToString(), sql.Values, cancel);
        List<object?[]> live = [.. pairs.Where(p => (long)p[5]! > 0)];
        var shares = new List<object?[]>();
        shares.AddRange(live.GroupBy(p => p[12] is double rating ? Math.Min((int)Math.Floor(rating / 10), 9).ToString(CultureInfo.InvariantCulture) : null).Select(g => new object?[] { "band", g.Key, (long)g.Count(), (long)g.Count(p => (long)p[6]! > 0) }));
        shares.AddRange(Shares("tld", live, p => ((string)p[1]!)[(((string)p[1]!).LastIndexOf('.') + 1)..], g => g.Sum(p => (long)p[5]!), g => g.Count(), byLinks: false, TopShares));
        shares.AddRange(Shares("topic", live, p => (string?)p[3], g => g.Sum(p => (long)p[5]!), g => g.Count(), byLinks: false, TopShares));
        shares.AddRange(Months(pairs, 7, 9));

        sql = new SqlText().Add("SELECT url_from, url_to, title, anchor, snippet_left, snippet_right, kind, is_dofollow, domain_rating_source, url_rating_source, rank_passed, first_seen, last_seen, lost_at, lost_reason, target_http_code, spam_cluster_id, "
            + "is_lost, position, anchor_class, language, is_nofollow, is_ugc, is_sponsored, source_domain_no, target_outcome FROM links WHERE ");
        scope.Where(sql, "target_").Add(" AND is_ranked AND NOT is_internal ORDER BY rowid");
        List<object?[]> links = rented.Rows(sql.ToString(), sql.Values, cancel);
        List<object?[]> here = [.. links.Where(l => !(bool)l[17]!)];
        var told = new List<object?[]>();
        foreach ((string name, int column) in new[] { ("dofollow", 7), ("nofollow", 21), ("ugc", 22), ("sponsored", 23) })
            told.Add(["attribute", name, (long)here.Count(l => l[column] is true), Domains(here.Where(l => l[column] is true))]);
        foreach ((string what, int column, int most) in new[] { ("type", 6, int.MaxValue), ("position", 18, int.MaxValue), ("class", 19, int.MaxValue), ("language", 20, TopShares) })
            told.AddRange(Shares(what, here, l => (string?)l[column], g => g.Count(), Domains, byLinks: true, most));
        told.AddRange(Shares("anchor", here, l => (string?)l[3], g => g.Count(), Domains, byLinks: false, TopShares));
        told.AddRange(Months(links, 11, 13));
        return new OverviewRows
        {
            Pairs = shares,
            Links = told,
            Dots = [.. live.OrderByDescending(p => (double?)p[12] ?? double.NegativeInfinity).ThenBy(p => (long)p[0]!).Take(MostDots).Select(p => new[] { p[1], p[12], p[11], p[5], p[13] })],
            TopRefdomains = [.. live.OrderByDescending(p => (double?)p[10] ?? double.NegativeInfinity).ThenBy(p => (long)p[0]!).Take(TopRows).Select(p => new[] { p[1], p[2], p[5], p[6], p[7], p[8], p[3], p[4], p[10] })],
            TopBacklinks = Top(here, l => (double?)l[10]),
            Newest = Top(here, l => ((DateTime?)l[11])?.Ticks),
            Lost = Top(links.Where(l => (bool)l[17]!), l => ((DateTime?)l[13])?.Ticks),
            Broken = Top(here.Where(l => l[15] is >= 400L || (string?)l[25] is "gone" or "host_dead"), l => (double?)l[10]),
        };
    }

    private static long Domains(IEnumerable<object?[]> links) => links.Select(l => (long)l[24]!).Distinct().LongCount();

    /// <summary>Stable: equal ones follow in the order of the file, as by its key.</summary>
    private static List<object?[]> Top(IEnumerable<object?[]> links, Func<object?[], double?> by) => [.. links.OrderByDescending(l => by(l) ?? double.NegativeInfinity).Take(TopRows).Select(l => l[..LinkWidth])];

    private static IEnumerable<object?[]> Shares(string what, List<object?[]> rows, Func<object?[], string?> by, Func<IEnumerable<object?[]>, long> links, Func<IEnumerable<object?[]>, long> domains, bool byLinks, int most) =>
        rows.GroupBy(by).Select(g => (Name: g.Key, Links: links(g), Domains: domains(g))).OrderByDescending(g => byLinks ? g.Links : g.Domains).ThenByDescending(g => what == "anchor" ? g.Links : 0)
            .ThenBy(g => g.Name is null).ThenBy(g => g.Name, StringComparer.Ordinal).Take(most).Select(g => new object?[] { what, g.Name, g.Links, g.Domains });

    private static IEnumerable<object?[]> Months(List<object?[]> rows, int came, int went)
    {
        var months = new SortedDictionary<DateTime, (long New, long Lost)>();
        foreach (object?[] row in rows)
        {
            if (row[came] is DateTime first)
                months[Month(first)] = months.GetValueOrDefault(Month(first)) is var there ? (there.New + 1, there.Lost) : default;
            if (row[went] is DateTime last)
                months[Month(last)] = months.GetValueOrDefault(Month(last)) is var there ? (there.New, there.Lost + 1) : default;
        }
        return months.Select(m => new object?[] { "month", m.Key.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), m.Value.New, m.Value.Lost });

        static DateTime Month(DateTime time) => new(time.Year, time.Month, 1);
    }
}
