using Backlinks.GraphEngine;
using DuckDB.NET.Data;

namespace Backlinks.Stores;

public sealed partial class DuckDbLinkStore
{
    private const string PageQuery = """
        SELECT u.id, u.key, u.granularity, epoch_us(u.first_seen), epoch_us(p.last_visit), epoch_us(p.last_verified), p.last_outcome, p.status,
          v.detail, c.content_type, c.language, c.title, c.headings, c.text, p.words, c.canonical, p.noindex, p.nofollow, p.content_hash, p.simhash,
          c.etag, c.last_modified, v.address, p.changes, p.verifications
        FROM urls u LEFT JOIN pages p ON p.id = u.id LEFT JOIN visits v ON v.visit_no = p.last_visit_no LEFT JOIN contents c ON c.content_no = p.content_no
        """;

    private const string LinkQuery = """
        SELECT s.key, t.key, l.kind, l.rel, l.zone, l.position, x.anchor, x.left_text, x.right_text, x.href, epoch_us(l.first_seen), epoch_us(l.last_seen),
          CASE WHEN l.read_no = p.base_no AND p.base_no > 0 THEN epoch_us(p.confirmed_at) END, epoch_us(p.last_verified), epoch_us(l.missing_since),
          epoch_us(l.lost_at), l.lost_reason, l.observed_by
        FROM links l JOIN pages p ON p.id = l.page_id JOIN urls s ON s.id = l.page_id JOIN urls t ON t.id = l.target_id
          LEFT JOIN link_texts x ON x.text_no = l.text_no
        """;

    public StoredPage? FindPage(string url)
    {
        foreach (uint id in Ids(url))
        {
            using Rows rows = new(this, null, PageQuery + $" WHERE u.id = {id}");
            if (rows.Next())
                return Page(rows);
        }
        return null;
    }

    public IEnumerable<StoredPage> Pages(long sinceVersion = 0, CancellationToken cancel = default) =>
        Select(PageQuery + (sinceVersion > 0 ? $" WHERE greatest(u.version, coalesce(p.version, 0)) > {sinceVersion}" : "") + " ORDER BY u.key, u.granularity", Page, cancel);

    public IEnumerable<StoredLink> LinksFrom(string url, CancellationToken cancel = default) => LinksOf("l.page_id", "t.key", url, cancel);

    public IEnumerable<StoredLink> LinksTo(string url, CancellationToken cancel = default)
    {
        foreach (uint id in Ids(url))
            foreach (StoredLink link in LinksTo(id, cancel))
                yield return link;
    }

    public IEnumerable<StoredLink> Links(long sinceVersion = 0, CancellationToken cancel = default) =>
        Select(LinkQuery + (sinceVersion > 0 ? $" WHERE p.version > {sinceVersion}" : ""), Link, cancel);

    public IEnumerable<StoredVisit> Visits(string url, CancellationToken cancel = default)
    {
        foreach (uint id in Ids(url))
            foreach (StoredVisit visit in Select($"""
                SELECT epoch_us(v.visited_at), s.id, v.outcome, v.status, v.detail, v.links, v.link_set_hash
                FROM visits v JOIN sources s ON s.no = v.source WHERE v.page_id = {id} ORDER BY v.visited_at, s.id
                """, rows => new StoredVisit(url, PageHistory.Time(rows.Long(0)), rows.Text(1), (VisitOutcome)rows.Of<byte>(2), rows.Int(3), rows.Text(4),
                    rows.Int(5), rows.Of<ulong>(6)), cancel))
                yield return visit;
    }

    public StoredSource? FindSource(string id)
    {
        using Rows rows = new(this, null, SourceQuery + " AND id = $1", id);
        return rows.Next() ? Source(rows) : null;
    }

    public IEnumerable<StoredSource> Sources() => Select(SourceQuery + " ORDER BY id", Source, default);

    public (long Pages, long Links, long Visits) Count()
    {
        using Rows rows = new(this, null, "SELECT (SELECT count(*) FROM urls), (SELECT count(*) FROM links), (SELECT count(*) FROM visits)");
        rows.Next();
        return (rows.Long(0), rows.Long(1), rows.Long(2));
    }

    private const string SourceQuery = "SELECT id, kind, epoch_us(started), epoch_us(ended), position, facts FROM sources WHERE kind IS NOT NULL";

    /// <summary>The numbers of the page, host and domain of that name.</summary>
    private List<uint> Ids(string url)
    {
        var ids = new List<uint>(1);
        Granularity[] possible = url.Contains("://", StringComparison.Ordinal) ? [Granularity.Page] : [Granularity.Page, Granularity.Host, Granularity.Domain];
        foreach (Granularity granularity in possible)
        {
            UrlHash hash = UrlHash.Of(url, granularity);
            lock (_gate)
                if (_urls is { } urls)
                {
                    if (urls.Find(hash) is >= 0 and int slot)
                        ids.Add(urls.Id(slot));
                    continue;
                }
            using Rows rows = new(this, null, $"SELECT id FROM urls WHERE hash_low = {hash.Low} AND hash_high = {hash.High}");
            if (rows.Next())
                ids.Add(rows.Of<uint>(0));
        }
        return ids;
    }

    private IEnumerable<StoredLink> LinksOf(string end, string order, string url, CancellationToken cancel)
    {
        foreach (uint id in Ids(url))
            foreach (StoredLink link in Select($"{LinkQuery} WHERE {end} = {id} ORDER BY {order}, l.kind, l.ordinal", Link, cancel))
                yield return link;
    }

    // The sources of a page's links lie anywhere. A few are looked up one by one, a millisecond each; to join many, all texts
    // and keys are read, which takes 300 ms among 10 million.
    private List<StoredLink> LinksTo(uint id, CancellationToken cancel)
    {
        const int few = 64;
        RequireOpen();
        using DuckDBConnection connection = new(_connectionString);
        try
        {
            connection.Open();
            LinkSchema.Run(connection, "BEGIN"); // both queries see the same state
        }
        catch (DuckDBException e)
        {
            throw Told(Path, e);
        }
        var sources = new HashSet<uint> { id };
        var texts = new List<long>();
        using (Rows rows = new(this, connection, $"SELECT page_id, text_no FROM links WHERE target_id = {id} LIMIT {few + 1}"))
            while (rows.Next())
            {
                sources.Add(rows.Of<uint>(0));
                texts.Add(rows.Long(1));
            }
        if (texts.Count == 0)
            return [];
        static string One<T>(string columns, string table, string column, IEnumerable<T> values) =>
            string.Join(" UNION ALL ", values.Select(value => FormattableString.Invariant($"SELECT {columns} FROM {table} WHERE {column} = {value}")));
        string query = LinkQuery;
        if (texts.Count <= few)
            query = $"WITH k AS ({One("id, key", "urls", "id", sources)}), g AS ({One("id, base_no, confirmed_at, last_verified", "pages", "id", sources)}), x AS ({One("*", "link_texts", "text_no", texts)}) "
                + LinkQuery.Replace("JOIN pages p", "JOIN g p", StringComparison.Ordinal).Replace("JOIN urls", "JOIN k", StringComparison.Ordinal).Replace("JOIN link_texts x", "JOIN x", StringComparison.Ordinal);
        var links = new List<StoredLink>();
        using (Rows rows = new(this, connection, $"{query} WHERE l.target_id = {id} ORDER BY s.key, l.kind, l.ordinal"))
            while (rows.Next())
            {
                cancel.ThrowIfCancellationRequested();
                links.Add(Link(rows));
            }
        return links;
    }

    private IEnumerable<T> Select<T>(string sql, Func<Rows, T> read, CancellationToken cancel)
    {
        RequireOpen();
        return Run();

        IEnumerable<T> Run()
        {
            using Rows rows = new(this, null, sql);
            for (long i = 0; rows.Next(); i++)
            {
                if ((i & 0xFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
                yield return read(rows);
            }
        }
    }

    private static StoredPage Page(Rows rows)
    {
        bool visited = rows.Has(4);
        return new StoredPage(rows.Of<uint>(0), NodeNames.FromKey(rows.Text(1)), (Granularity)rows.Of<byte>(2), PageHistory.Time(rows.Long(3)), rows.Date(4), rows.Date(5),
            visited ? (VisitOutcome)rows.Of<byte>(6) : null, visited ? rows.Int(7) : 0)
        {
            Detail = rows.Text(8),
            ContentType = rows.Text(9),
            Language = rows.Text(10),
            Title = rows.Text(11),
            Headings = rows.Text(12),
            Text = rows.Text(13),
            Words = visited ? rows.Int(14) : 0,
            Canonical = rows.Text(15),
            Noindex = visited && rows.Of<bool>(16),
            Nofollow = visited && rows.Of<bool>(17),
            ContentHash = visited ? rows.Of<ulong>(18) : 0,
            SimHash = visited ? rows.Of<ulong>(19) : 0,
            ETag = rows.Text(20),
            LastModified = rows.Text(21),
            Address = rows.Text(22),
            Changes = visited ? rows.Int(23) : 0,
            Verifications = visited ? rows.Int(24) : 0,
        };
    }

    private StoredLink Link(Rows rows)
    {
        long seen = Math.Max(rows.Long(11), rows.Time(12));
        return new StoredLink(NodeNames.FromKey(rows.Text(0)), NodeNames.FromKey(rows.Text(1)), (LinkKind)rows.Of<byte>(2), (LinkRel)rows.Of<ushort>(3),
            (Zone)rows.Of<byte>(4), rows.Of<float>(5), rows.Text(6), rows.Text(7), rows.Text(8), rows.Text(9))
        {
            FirstSeen = PageHistory.Time(rows.Long(10)),
            LastSeen = PageHistory.Time(seen),
            LastVerified = PageHistory.Time(Math.Max(seen, rows.Time(13))),
            MissingSince = rows.Date(14),
            LostAt = rows.Date(15),
            LostReason = (LostReason)rows.Of<byte>(16),
            ObservedBy = SourceName(rows.Int(17)),
        };
    }

    private static StoredSource Source(Rows rows) =>
        new(rows.Text(0), rows.Text(1), PageHistory.Time(rows.Long(2)), rows.Date(3), rows.Long(4), rows.Text(5));
}
