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
        (Best<double> passed, Best<long> newest, Best<long> lost, Best<double> broken) = ReadLinks(rented, scope, told, cancel);
        Dictionary<long, object?[]> rows = ReadRows(rented, scope, [.. passed.Rows, .. newest.Rows, .. lost.Rows, .. broken.Rows], cancel);
        return new OverviewRows
        {
            Pairs = shares,
            Links = told,
            Dots = [.. live.OrderByDescending(p => p.Rating ?? double.NegativeInfinity).ThenBy(p => p.No).Take(MostDots).Select(p => new object?[] { p.Domain, p.Rating, p.Trust, p.Links, p.Cluster })],
            TopRefdomains = [.. live.OrderByDescending(p => p.Passed ?? double.NegativeInfinity).ThenBy(p => p.No).Take(TopRows)
                .Select(p => new object?[] { p.Domain, p.Rating, p.Links, p.Followed, Time(p.First), Time(p.Last), p.Topic, p.Cluster, p.Passed })],
            TopBacklinks = [.. passed.Rows.Select(r => rows[r])],
            Newest = [.. newest.Rows.Select(r => rows[r])],
            Lost = [.. lost.Rows.Select(r => rows[r])],
            Broken = [.. broken.Rows.Select(r => rows[r])],
        };
    }

    private readonly record struct Pair(uint No, string Domain, double? Rating, string? Topic, string? Cluster, long Links, long Followed, long First, long Last, double? Passed, double? Trust);

    private static (List<object?[]> Shares, List<Pair> Live) ReadPairs(RowDatabase.Rented rented, RowScope scope, bool trust, CancellationToken cancel)
    {
        SqlText sql = new SqlText().Add($"SELECT other_no, domain, p.domain_rating, p.topic, p.spam_cluster_id, links::BIGINT, dofollow_links::BIGINT, {Micros("p.first_seen")}, {Micros("p.last_seen")}, {Micros("lost_at")}, rank_passed, {(trust ? "d.trust" : "NULL::DOUBLE")} FROM (");
        AddPairs(sql, scope).Add(trust ? ") p JOIN domains d ON d.\"no\" = p.other_no" : ") p"); // trust alone is not beside a pair
        var live = new List<Pair>();
        Share tlds = new("tld"), topics = new("topic");
        var months = new Months();
        long[,] bands = new long[11, 2]; // by ten points of authority, the first of those without
        rented.Each(sql.ToString(), sql.Values, row =>
        {
            (long first, long lost, long links) = (row.GetInt64(7), row.GetInt64(9), row.GetInt64(5));
            months.Add(first, lost);
            if (links == 0)
                return;
            var pair = new Pair(row.GetFieldValue<uint>(0), row.GetString(1), Number(row, 2), Text(row, 3), Text(row, 4), links, row.GetInt64(6), first, row.GetInt64(8), Number(row, 10), trust ? Number(row, 11) : null);
            live.Add(pair);
            int band = pair.Rating is { } rating ? 1 + Math.Clamp((int)Math.Floor(rating / 10), 0, 9) : 0;
            bands[band, 0]++;
            bands[band, 1] += pair.Followed > 0 ? 1 : 0;
            tlds.Add(pair.Domain.AsSpan(pair.Domain.LastIndexOf('.') + 1), links);
            topics.Add(pair.Topic, links);
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

    private static (Best<double> Passed, Best<long> Newest, Best<long> Lost, Best<double> Broken) ReadLinks(RowDatabase.Rented rented, RowScope scope, List<object?[]> shares, CancellationToken cancel)
    {
        string[] attributes = ["dofollow", "nofollow", "ugc", "sponsored"];
        const string broken = "coalesce(target_http_code >= 400 OR target_outcome IN ('gone', 'host_dead'), false)";
        (string Column, Share Share)[] parts = [("kind", new("type", 4, 16)), ("position", new("position", 20, 12)), ("anchor_class", new("class", 32, 10)), ("language", new("language", 42, 22)), ("anchor", new("anchor"))];
        var sql = new SqlText().Add($"SELECT rowid, source_domain_no, {Micros("first_seen")}, {Micros("lost_at")}, rank_passed, is_lost::INTEGER + 2 * {broken}::INTEGER");
        for (int i = 0; i < attributes.Length; i++)
            sql.Add($" + {1 << (i + 2)} * is_{attributes[i]}::INTEGER");
        foreach ((string column, _) in parts)
            sql.Add($", hash({column}), {column}"); // few names, each read once: a text costs more than all else of its row
        scope.Where(sql.Add(" FROM links WHERE "), "target_").Add(" AND is_ranked AND NOT is_internal");
        long[,] followed = new long[attributes.Length, 2];
        var months = new Months();
        Best<double> passed = new(TopRows), failing = new(TopRows);
        Best<long> newest = new(TopRows), lost = new(TopRows);
        var domains = new Dictionary<uint, ulong>(); // a bit for each attribute and name that was seen with a domain
        rented.Each(sql.ToString(), sql.Values, row =>
        {
            long id = row.GetInt64(0);
            (long first, long last) = (row.GetInt64(2), row.GetInt64(3));
            int flags = row.GetInt32(5);
            months.Add(first, last);
            if ((flags & 1) != 0)
            {
                lost.Add(last, id);
                return;
            }
            double rank = row.GetDouble(4);
            passed.Add(rank, id);
            newest.Add(first, id);
            if ((flags & 2) != 0)
                failing.Add(rank, id);
            uint domain = row.GetFieldValue<uint>(1);
            ref ulong seen = ref CollectionsMarshal.GetValueRefOrAddDefault(domains, domain, out _);
            for (int i = 0; i < attributes.Length; i++)
                if ((flags >> (i + 2) & 1) != 0)
                {
                    followed[i, 0]++;
                    followed[i, 1] += (seen >> i & 1) == 0 ? 1 : 0;
                    seen |= 1UL << i;
                }
            for (int i = 0; i < parts.Length; i++)
                parts[i].Share.Add(row, 6 + 2 * i, domain, ref seen);
        }, cancel);
        for (int i = 0; i < attributes.Length; i++)
            shares.Add(["attribute", attributes[i], followed[i, 0], followed[i, 1]]); // even of none
        foreach ((string column, Share share) in parts)
            shares.AddRange(share.Rows(byLinks: column != "anchor", column is "language" or "anchor" ? TopShares : int.MaxValue));
        shares.AddRange(months.Rows);
        return (passed, newest, lost, failing);
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

    /// <summary>A time as microseconds, <see cref="Never"/> for none: half the price of a date.</summary>
    private static string Micros(string column) => $"coalesce(epoch_us({column}), {Never})";

    private const long Never = long.MinValue + 1;

    private static DateTime? Time(long micros) => micros == Never ? null : DateTime.UnixEpoch.AddTicks(10 * micros);

    /// <summary>Links and different domains by a name.</summary>
    /// <param name="firstBit">Of those that tell what was seen with a domain; names that have none are kept with their domains.</param>
    private sealed class Share(string what, int firstBit = 0, int bits = 0)
    {
        private readonly Dictionary<ulong, int> _byCode = [];
        private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);
        private readonly List<(string? Name, long Links, long Domains)> _sums = [];
        private readonly HashSet<ulong> _seen = []; // a name's place and a domain
        private int _unnamed = -1;

        /// <summary>A link.</summary>
        /// <param name="column">Of the name's hash; the name follows it.</param>
        public void Add(DuckDBDataReader row, int column, uint domain, ref ulong seen)
        {
            ref int place = ref CollectionsMarshal.GetValueRefOrAddDefault(_byCode, row.GetFieldValue<ulong>(column), out bool known);
            if (!known)
            {
                place = _sums.Count;
                _sums.Add((Text(row, column + 1), 0, 0));
            }
            bool first = place < bits ? (seen >> (firstBit + place) & 1) == 0 : _seen.Add((ulong)place << 32 | domain);
            if (place < bits)
                seen |= 1UL << (firstBit + place);
            Add(place, 1, first ? 1 : 0);
        }

        /// <summary>A domain with its links.</summary>
        public void Add(string? name, long links)
        {
            if (name is not null)
                Add(name.AsSpan(), links);
            else
            {
                if (_unnamed < 0)
                {
                    _unnamed = _sums.Count;
                    _sums.Add((null, 0, 0));
                }
                Add(_unnamed, links, 1);
            }
        }

        public void Add(ReadOnlySpan<char> name, long links)
        {
            if (!_byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out int place))
            {
                place = _sums.Count;
                _sums.Add((name.ToString(), 0, 0));
                _byName.Add(_sums[place].Name!, place);
            }
            Add(place, links, 1);
        }

        /// <summary>The largest; equal ones by name, the unnamed last.</summary>
        public IEnumerable<object?[]> Rows(bool byLinks, int most) => _sums.OrderByDescending(s => byLinks ? s.Links : s.Domains).ThenByDescending(s => byLinks ? 0 : s.Links)
            .ThenBy(s => s.Name is null).ThenBy(s => s.Name, StringComparer.Ordinal).Take(most).Select(s => new object?[] { what, s.Name, s.Links, s.Domains });

        private void Add(int place, long links, long domains)
        {
            ref (string? Name, long Links, long Domains) sum = ref CollectionsMarshal.AsSpan(_sums)[place];
            (sum.Links, sum.Domains) = (sum.Links + links, sum.Domains + domains);
        }
    }

    /// <summary>What came and went, by month.</summary>
    private sealed class Months
    {
        private readonly SortedDictionary<int, (long New, long Lost)> _months = [];
        private (long From, long Below, int Month) _last = (0, 0, -1); // most follow one of the same month
        private long _new;

        public void Add(long came, long went)
        {
            if (came != Never)
            {
                if (came < _last.From || came >= _last.Below)
                {
                    End();
                    DateTime first = Time(came)!.Value, month = new(first.Year, first.Month, 1, 0, 0, 0, DateTimeKind.Utc);
                    _last = ((month - DateTime.UnixEpoch).Ticks / 10, (month.AddMonths(1) - DateTime.UnixEpoch).Ticks / 10, Month(first));
                }
                _new++;
            }
            if (went != Never)
                Add(Month(Time(went)!.Value), 0, 1);
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
                Add(_last.Month, _new, 0);
            _new = 0;
        }

        private void Add(int month, long came, long went) => _months[month] = _months.GetValueOrDefault(month) is var there ? (there.New + came, there.Lost + went) : default;

        private static int Month(DateTime time) => 12 * time.Year + time.Month - 1;
    }

    /// <summary>The few rows with the highest value; equal ones by their place in the file.</summary>
    private sealed class Best<T>(int most) where T : struct, IComparable<T>
    {
        private readonly List<(T Value, long Row)> _best = [];

        public IEnumerable<long> Rows => _best.Select(b => b.Row);

        public void Add(T value, long row)
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

        private static bool Before((T Value, long Row) a, (T Value, long Row) b) => a.Value.CompareTo(b.Value) is var order && order != 0 ? order > 0 : a.Row < b.Row;
    }
}
