using System.Globalization;
using System.Runtime.InteropServices;
using DuckDB.NET.Data;

namespace Backlinks.Api;

/// <summary>
/// What charts and tables of an overview are made of: shares (what, name, two counts) of referring domains and of links, and the first rows of
/// each table. Pairs and links are read once, as few columns as tell, and summed up here: a dozen questions to the database, each over
/// all links, take six times as long. What the tables show is then read of their rows alone.
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

    /// <summary>url_from, url_to, title, anchor, snippet_left, snippet_right, kind, is_dofollow, domain_rating_source, url_rating_source, rank_passed, first_seen,
    /// last_seen, lost_at, lost_reason, target_http_code, spam_cluster_id.</summary>
    public required List<object?[]> TopBacklinks { get; init; }

    public required List<object?[]> Newest { get; init; }

    public required List<object?[]> Lost { get; init; }

    public required List<object?[]> Broken { get; init; }

    /// <summary>One row a referring domain, lost ones included.</summary>
    public static SqlText AddPairs(SqlText sql, RowScope scope)
    {
        if (scope.Domain is { } domain)
            return sql.Add("SELECT source_no AS other_no, domain_from AS domain, domain_rating_source AS domain_rating, topic_source AS topic, spam_cluster_source AS spam_cluster_id, links, dofollow_links, first_seen, last_seen, lost_at, rank_passed FROM edges WHERE target_no = ").Add(domain);
        return scope.Where(sql.Add("SELECT q.*, d.name AS domain, d.domain_rating, d.topic, d.spam_cluster_id FROM (SELECT source_domain_no AS other_no, count(*) FILTER (NOT is_lost) AS links, count(*) FILTER (NOT is_lost AND is_dofollow) AS dofollow_links, "
            + "min(first_seen) AS first_seen, max(last_seen) AS last_seen, CASE WHEN bool_and(is_lost) THEN max(lost_at) END AS lost_at, sum(rank_passed) AS rank_passed FROM links WHERE "), "target_")
            .Add(" AND is_ranked AND NOT is_internal GROUP BY source_domain_no) q JOIN domains d ON d.\"no\" = q.other_no");
    }

    /// <param name="trust">Whether the run has trust.</param>
    public static OverviewRows Of(RowDatabase.Rented rented, RowScope scope, bool trust, CancellationToken cancel)
    {
        (List<object?[]> shares, List<Pair> live) = ReadPairs(rented, scope, trust, cancel);
        var told = new List<object?[]>();
        (Best<double> passed, Best<DateTime> newest, Best<DateTime> lost, Best<double> broken) = ReadLinks(rented, scope, told, cancel);
        Dictionary<long, object?[]> rows = ReadRows(rented, scope, [.. passed.Rows, .. newest.Rows, .. lost.Rows, .. broken.Rows], cancel);
        return new OverviewRows
        {
            Pairs = shares,
            Links = told,
            Dots = [.. live.OrderByDescending(p => p.Rating ?? double.NegativeInfinity).ThenBy(p => p.No).Take(MostDots).Select(p => new object?[] { p.Domain, p.Rating, p.Trust, p.Links, p.Cluster })],
            TopRefdomains = [.. live.OrderByDescending(p => p.Passed ?? double.NegativeInfinity).ThenBy(p => p.No).Take(TopRows)
                .Select(p => new object?[] { p.Domain, p.Rating, p.Links, p.Followed, p.First, p.Last, p.Topic, p.Cluster, p.Passed })],
            TopBacklinks = [.. passed.Rows.Select(r => rows[r])],
            Newest = [.. newest.Rows.Select(r => rows[r])],
            Lost = [.. lost.Rows.Select(r => rows[r])],
            Broken = [.. broken.Rows.Select(r => rows[r])],
        };
    }

    private readonly record struct Pair(uint No, string Domain, double? Rating, string? Topic, string? Cluster, long Links, long Followed, DateTime? First, DateTime? Last, double? Passed, double? Trust);

    private static (List<object?[]> Shares, List<Pair> Live) ReadPairs(RowDatabase.Rented rented, RowScope scope, bool trust, CancellationToken cancel)
    {
        SqlText sql = new SqlText().Add($"SELECT other_no, domain, p.domain_rating, p.topic, p.spam_cluster_id, links::BIGINT, dofollow_links::BIGINT, p.first_seen, p.last_seen, lost_at, rank_passed, {(trust ? "d.trust" : "NULL::DOUBLE")} FROM (");
        AddPairs(sql, scope).Add(trust ? ") p JOIN domains d ON d.\"no\" = p.other_no" : ") p"); // trust alone is not beside a pair
        var live = new List<Pair>();
        Share tlds = new("tld"), topics = new("topic");
        var months = new Months();
        long[,] bands = new long[11, 2]; // by ten points of authority, the first of those without
        rented.Each(sql.ToString(), sql.Values, row =>
        {
            months.Add(Time(row, 7), Time(row, 9));
            long links = row.GetInt64(5);
            if (links == 0)
                return;
            var pair = new Pair(row.GetFieldValue<uint>(0), row.GetString(1), Number(row, 2), Text(row, 3), Text(row, 4), links, row.GetInt64(6), Time(row, 7), Time(row, 8), Number(row, 10), Number(row, 11));
            live.Add(pair);
            int band = pair.Rating is { } rating ? 1 + Math.Clamp((int)Math.Floor(rating / 10), 0, 9) : 0;
            bands[band, 0]++;
            bands[band, 1] += pair.Followed > 0 ? 1 : 0;
            tlds.Add(pair.Domain[(pair.Domain.LastIndexOf('.') + 1)..], links, 1);
            topics.Add(pair.Topic, links, 1);
        }, cancel);
        var shares = new List<object?[]>();
        for (int band = 0; band <= 10; band++)
            if (bands[band, 0] > 0)
                shares.Add(["band", band == 0 ? null : (band - 1).ToString(CultureInfo.InvariantCulture), bands[band, 0], bands[band, 1]]);
        shares.AddRange(tlds.Rows(byLinks: false, TopShares));
        shares.AddRange(topics.Rows(byLinks: false, TopShares));
        shares.AddRange(months.Rows);
        return (shares, live);
    }

    private static (Best<double> Passed, Best<DateTime> Newest, Best<DateTime> Lost, Best<double> Broken) ReadLinks(RowDatabase.Rented rented, RowScope scope, List<object?[]> shares, CancellationToken cancel)
    {
        SqlText sql = scope.Where(new SqlText().Add("SELECT rowid, source_domain_no, is_lost, first_seen, lost_at, rank_passed, is_dofollow, is_nofollow, is_ugc, is_sponsored, kind, position, anchor_class, language, anchor, "
            + "coalesce(target_http_code >= 400 OR target_outcome IN ('gone', 'host_dead'), false) FROM links WHERE "), "target_").Add(" AND is_ranked AND NOT is_internal");
        Share attributes = new("attribute"), kinds = new("type"), positions = new("position"), classes = new("class"), languages = new("language"), anchors = new("anchor");
        string[] names = ["dofollow", "nofollow", "ugc", "sponsored"]; // told even of none
        foreach (string name in names)
            attributes.Add(name, 0, 0);
        var months = new Months();
        Best<double> passed = new(TopRows), broken = new(TopRows);
        Best<DateTime> newest = new(TopRows), lost = new(TopRows);
        rented.Each(sql.ToString(), sql.Values, row =>
        {
            long id = row.GetInt64(0);
            uint domain = row.GetFieldValue<uint>(1);
            (DateTime? first, DateTime? last) = (Time(row, 3), Time(row, 4));
            months.Add(first, last);
            if (row.GetBoolean(2))
            {
                lost.Add(last, id);
                return;
            }
            double? rank = Number(row, 5);
            passed.Add(rank, id);
            newest.Add(first, id);
            if (row.GetBoolean(15))
                broken.Add(rank, id);
            for (int i = 0; i < names.Length; i++)
                if (row.GetBoolean(6 + i))
                    attributes.Add(names[i], domain);
            kinds.Add(row.GetString(10), domain);
            positions.Add(Text(row, 11), domain);
            classes.Add(Text(row, 12), domain);
            languages.Add(Text(row, 13), domain);
            anchors.Add(Text(row, 14), domain);
        }, cancel);
        shares.AddRange(attributes.Unordered);
        foreach ((Share share, int most) in new[] { (kinds, int.MaxValue), (positions, int.MaxValue), (classes, int.MaxValue), (languages, TopShares) })
            shares.AddRange(share.Rows(byLinks: true, most));
        shares.AddRange(anchors.Rows(byLinks: false, TopShares));
        shares.AddRange(months.Rows);
        return (passed, newest, lost, broken);
    }

    /// <summary>What tables show of links, by the place in the file.</summary>
    private static Dictionary<long, object?[]> ReadRows(RowDatabase.Rented rented, RowScope scope, HashSet<long> ids, CancellationToken cancel)
    {
        if (ids.Count == 0)
            return [];
        SqlText sql = scope.Where(new SqlText().Add("SELECT url_from, url_to, title, anchor, snippet_left, snippet_right, kind, is_dofollow, domain_rating_source, url_rating_source, rank_passed, first_seen, last_seen, lost_at, lost_reason, target_http_code, spam_cluster_id, rowid FROM links WHERE "), "target_")
            .Add($" AND rowid IN ({string.Join(", ", ids)})");
        return rented.Rows(sql.ToString(), sql.Values, cancel).ToDictionary(row => (long)row[^1]!, row => row[..^1]);
    }

    private static string? Text(DuckDBDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static double? Number(DuckDBDataReader row, int column) => row.IsDBNull(column) ? null : row.GetDouble(column);

    private static DateTime? Time(DuckDBDataReader row, int column) => row.IsDBNull(column) ? null : DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc);

    /// <summary>Links and different domains by a name.</summary>
    private sealed class Share(string what)
    {
        private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
        private readonly List<(string? Name, long Links, long Domains)> _sums = [];
        private readonly HashSet<ulong> _seen = []; // a name's place and a domain
        private int _unnamed = -1;

        public void Add(string? name, uint domain)
        {
            int place = PlaceOf(name);
            Add(place, 1, _seen.Add((ulong)place << 32 | domain) ? 1 : 0);
        }

        public void Add(string? name, long links, long domains) => Add(PlaceOf(name), links, domains);

        public IEnumerable<object?[]> Unordered => _sums.Select(s => new object?[] { what, s.Name, s.Links, s.Domains });

        /// <summary>The largest; equal ones by name, the unnamed last.</summary>
        public IEnumerable<object?[]> Rows(bool byLinks, int most) => _sums.OrderByDescending(s => byLinks ? s.Links : s.Domains).ThenByDescending(s => byLinks ? 0 : s.Links)
            .ThenBy(s => s.Name is null).ThenBy(s => s.Name, StringComparer.Ordinal).Take(most).Select(s => new object?[] { what, s.Name, s.Links, s.Domains });

        private void Add(int place, long links, long domains)
        {
            ref (string? Name, long Links, long Domains) sum = ref CollectionsMarshal.AsSpan(_sums)[place];
            (sum.Links, sum.Domains) = (sum.Links + links, sum.Domains + domains);
        }

        private int PlaceOf(string? name)
        {
            if (name is null && _unnamed >= 0)
                return _unnamed;
            if (name is not null && _places.TryGetValue(name, out int place))
                return place;
            _sums.Add((name, 0, 0));
            if (name is null)
                _unnamed = _sums.Count - 1;
            else
                _places.Add(name, _sums.Count - 1);
            return _sums.Count - 1;
        }
    }

    /// <summary>What came and went, by month.</summary>
    private sealed class Months
    {
        private readonly SortedDictionary<int, (long New, long Lost)> _months = [];
        private int _last = -1;
        private long _new; // of the last month, not yet among them: most follow one of the same

        public void Add(DateTime? came, DateTime? went)
        {
            if (came is { } first)
            {
                if (Month(first) != _last)
                {
                    End();
                    _last = Month(first);
                }
                _new++;
            }
            if (went is { } last)
                Add(Month(last), 0, 1);
        }

        public IEnumerable<object?[]> Rows
        {
            get
            {
                End();
                return _months.Select(m => new object?[] { "month", string.Create(CultureInfo.InvariantCulture, $"{m.Key / 12:D4}-{m.Key % 12 + 1:D2}-01"), m.Value.New, m.Value.Lost });
            }
        }

        private void End()
        {
            if (_new > 0)
                Add(_last, _new, 0);
            _new = 0;
        }

        private void Add(int month, long came, long went) => _months[month] = _months.GetValueOrDefault(month) is var there ? (there.New + came, there.Lost + went) : default;

        private static int Month(DateTime time) => 12 * time.Year + time.Month - 1;
    }

    /// <summary>The few rows with the highest value; equal ones by their place in the file, those without a value last.</summary>
    private sealed class Best<T>(int most) where T : struct, IComparable<T>
    {
        private readonly List<(T? Value, long Row)> _best = [];

        public IEnumerable<long> Rows => _best.Select(b => b.Row);

        public void Add(T? value, long row)
        {
            if (_best.Count == most && !Before((value, row), _best[^1]))
                return;
            int at = _best.Count;
            while (at > 0 && Before((value, row), _best[at - 1]))
                at--;
            _best.Insert(at, (value, row));
            if (_best.Count > most)
                _best.RemoveAt(most);
        }

        private static bool Before((T? Value, long Row) a, (T? Value, long Row) b) =>
            Nullable.Compare(a.Value, b.Value) is var order && order != 0 ? order > 0 : a.Row < b.Row; // null is less than any value
    }
}
