using DuckDB.NET.Data;

namespace Backlinks.Stores;

/// <summary>
/// The tables of <c>links.duckdb</c>. Numbers of pages, visits and texts are given in ascending order and rows are only
/// ever added at the end, so DuckDB's minima and maxima by row group find them without an index. What changes (pages,
/// links) is narrow and is replaced by deleting and adding; what is wide (texts) is written once and referred to: DuckDB
/// unpacks 2,048 strings to read one, which makes looking up 500 pages among a million take 450 ms with the texts in the
/// same table and 15 ms without.
/// <code>
/// urls         every URL ever named: number, XXH3-128 of it, its key (NodeNames.ToKey), granularity, first seen
/// pages        one row for each URL visited: last visit, last verification; base_* the last Fetched visit, whose links
///              have read_no = base_no, and confirmed_at the last visit that found the same links; content_* whence the
///              texts are; pending: a visit that finds the same links would
///              still change some link, such as one that awaits its second check
/// contents     strings of a page, by content_no
/// visits       every visit; state tells whether the page changed from one to the next
/// links        every link with its history; its last_seen is at least its page's confirmed_at if read_no = base_no;
///              kept_at: last seen on a page that counts, counted_at: and not withheld; read_mark: which of both the
///              base visit saw (1, 2); claim_*: what another tool says of its loss
/// link_texts   anchor, context and attribute of a link, by text_no
/// sources      crawls and imports
/// store        one row: the version
/// migrations   one row for each schema version this file has been through
/// </code>
/// </summary>
internal static class LinkSchema
{
    public const int Current = 1;

    private const string Create = """
        CREATE TABLE store(format VARCHAR, version BIGINT);
        INSERT INTO store VALUES ('backlinks-links', 0);
        CREATE TABLE migrations(schema INTEGER, applied TIMESTAMP, what VARCHAR);
        CREATE TABLE urls(id UINTEGER, hash_low UBIGINT, hash_high UBIGINT, key VARCHAR, granularity UTINYINT, first_seen TIMESTAMP, version BIGINT);
        CREATE TABLE pages(id UINTEGER, version BIGINT, last_visit_no BIGINT, last_visit TIMESTAMP, last_source INTEGER, last_outcome UTINYINT,
          status INTEGER, last_verified TIMESTAMP, last_state UBIGINT, base_no INTEGER, base_at TIMESTAMP, base_source INTEGER, base_hash UBIGINT,
          base_state UBIGINT, base_noindex BOOLEAN, base_elsewhere BOOLEAN, confirmed_at TIMESTAMP, pending BOOLEAN, content_no BIGINT,
          content_at TIMESTAMP, content_source INTEGER, content_whole BOOLEAN, texts_hash UBIGINT, words INTEGER, noindex BOOLEAN, nofollow BOOLEAN,
          content_hash UBIGINT, simhash UBIGINT, changes INTEGER, verifications INTEGER);
        CREATE TABLE contents(content_no BIGINT, content_type VARCHAR, language VARCHAR, title VARCHAR, headings VARCHAR, text VARCHAR,
          canonical VARCHAR, etag VARCHAR, last_modified VARCHAR);
        CREATE TABLE visits(visit_no BIGINT, page_id UINTEGER, visited_at TIMESTAMP, source INTEGER, outcome UTINYINT, status INTEGER, links INTEGER,
          link_set_hash UBIGINT, telling BOOLEAN, noindex BOOLEAN, elsewhere BOOLEAN, state UBIGINT, bytes BIGINT, milliseconds INTEGER,
          detail VARCHAR, address VARCHAR);
        CREATE TABLE links(page_id UINTEGER, target_id UINTEGER, kind UTINYINT, ordinal INTEGER, rel USMALLINT, zone UTINYINT, position FLOAT,
          text_no BIGINT, text_hash UBIGINT, first_seen TIMESTAMP, last_seen TIMESTAMP, kept_at TIMESTAMP, counted_at TIMESTAMP, read_no INTEGER,
          read_mark UTINYINT, missing_since TIMESTAMP, lost_at TIMESTAMP, lost_reason UTINYINT, claim_at TIMESTAMP, claim_reason UTINYINT,
          observed_by INTEGER);
        CREATE TABLE link_texts(text_no BIGINT, anchor VARCHAR, left_text VARCHAR, right_text VARCHAR, href VARCHAR);
        CREATE TABLE sources(no INTEGER, id VARCHAR, kind VARCHAR, started TIMESTAMP, ended TIMESTAMP, position BIGINT, facts VARCHAR);
        INSERT INTO migrations VALUES (1, now()::TIMESTAMP, 'first version');
        """;

    /// <summary>Step i brings schema i + 1 to schema i + 2.</summary>
    private static readonly (string What, string Sql)[] Steps = [];

    /// <summary>Makes the tables in an empty file, or brings an older file to the current schema, step by step.</summary>
    /// <param name="steps">What to use in the place of the steps of this program; for tests.</param>
    /// <exception cref="StoreException">Not a link store, of a newer schema, or an older one that may only be read.</exception>
    public static void Prepare(DuckDBConnection connection, string path, bool readOnly, (string What, string Sql)[]? steps = null)
    {
        steps ??= Steps;
        int current = 1 + steps.Length;
        long tables = Scalar(connection, "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database()");
        if (tables == 0)
        {
            if (readOnly)
                throw new StoreException(path, "holds no links yet: crawl or import first");
            Run(connection, "BEGIN; " + Create + " COMMIT;");
        }
        else if (Scalar(connection, "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() AND table_name IN ('store', 'migrations')") < 2)
            throw new StoreException(path, "is a DuckDB file but not a link store of backlinks: name another folder with --data");
        long schema = Scalar(connection, "SELECT max(schema) FROM migrations");
        if (schema > current)
            throw new StoreException(path, $"has schema version {schema}, newer than {current}: use a newer 'backlinks'");
        if (schema < current && readOnly)
            throw new StoreException(path, $"has schema version {schema}, older than {current}: any command that writes (crawl, import) brings it up to date");
        for (long next = schema; next < current; next++)
        {
            (string what, string sql) = steps[next - 1];
            Run(connection, $"BEGIN; {sql}; INSERT INTO migrations VALUES ({next + 1}, now()::TIMESTAMP, '{what.Replace("'", "''", StringComparison.Ordinal)}'); COMMIT;");
        }
    }

    public static long Scalar(DuckDBConnection connection, string sql)
    {
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        object? value = command.ExecuteScalar();
        return value is null or DBNull ? 0 : Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    public static void Run(DuckDBConnection connection, string sql)
    {
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
