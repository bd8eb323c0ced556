namespace Backlinks.Stores;

/// <summary>
/// The tables of <c>rows.duckdb</c>, a file of a run of the link store: every page, domain and link, live or lost, with its scores,
/// for questions that filter, order, group and page. Written once with the run, opened read-only by any number of readers.
/// Pages are numbered by their key (<see cref="Backlinks.GraphEngine.NodeNames.ToKey"/>: host labels reversed, then a tab, scheme, port and
/// path), domains by theirs, so that a host and a prefix of a URL are ranges of numbers, a host's subdomains another (its key and a
/// dot; between both lie hosts such as com.example-x), and links are sorted by the number of their target: DuckDB's minima and maxima by
/// row group find the links into any of these without an index.
/// What a row shows stands in the row itself, so that no question needs a join to show a page of links.
/// The file lies outside run.json, as DuckDB does not promise equal bytes; its rows, in their order, are equal for equal runs.
/// <list type="bullet">
/// <item>Links of every kind are in <c>links</c>. All counts (of pages, domains, edges, links_external and the like) are of the kinds that
/// can carry authority, <c>is_ranked</c>: a script or an image that is shown is no backlink.</item>
/// <item>A report that knows a link by hosts or domains alone (a vendor's export) has its ends among <c>pages</c>, with the granularity
/// host or domain, the bare name for a URL and no scores; its factors are those that the domain graph gave it. Such rows are not counted
/// in <c>domains.pages</c>; their links are counted like others.</item>
/// <item>Words are those of the enums in lower_case: kind anchor, area, canonical, alternate, frame, image, form, meta_refresh, http_link,
/// redirect, script, resource, media, reported; position main, main_list, aside, nav, header, footer, comments, unknown; outcome fetched,
/// not_modified, redirected, gone, host_dead, reported, blocked, challenged, rate_limited, server_error, timed_out, network_error,
/// truncated, disallowed, refused, not_html; lost_reason removed, page_gone, redirected_away, noindex, not_canonical, became_nofollow,
/// host_dead; anchor_class descriptive, brand (the words are the name of the target's domain), image_with_alt, naked_url, generic, empty,
/// unknown (redirects, canonicals, reports without text). Anchors and snippets are "" where there are none, never null.</item>
/// <item>rank_passed is 0, not null, where a link or edge passes nothing. Over all links to a page, and all edges to a domain, it sums to
/// raw less the teleport.</item>
/// </list>
/// <code>
/// domains   one row a domain that a page or link names, by no: 0, 1, 2, …
/// pages     one row a URL that was visited or is an end of a link, by no: 0, 1, 2, …
/// links     one row a link of the store, lost ones included, by target_no, then source_no, kind (as the enum numbers it), ordinal
/// edges     one row an ordered pair of domains with is_ranked links, live or lost, not within one domain; by target_no, then source_no
/// facts     one row: format, version, and when the store was last looked at (the "now" of is_new and of ages)
/// </code>
/// </summary>
public static class RowSchema
{
    /// <summary>Raised when a column changes meaning; an older file is told apart by <c>facts.version</c>.</summary>
    public const int Version = 2;

    /// <summary>Name of the file in the run's folder.</summary>
    public const string FileName = "rows.duckdb";

    /// <summary>What <c>facts.format</c> says.</summary>
    public const string Format = "backlinks-rows";

    /// <summary>Days before now after which a live link that was first seen is new.</summary>
    public const int NewDays = 30;

    /// <summary>Numbers of pages and domains start at 0; scores are those of the run; times are UTC. A column is null where nothing is known.</summary>
    public const string Create = """
        CREATE TABLE facts(format VARCHAR, version INTEGER, run_now TIMESTAMP, domains BIGINT, pages BIGINT, links BIGINT, edges BIGINT);

        CREATE TABLE domains(
          no UINTEGER,                     -- by key
          node UINTEGER,                   -- in the domain graph; null where no live link of a kind that ranks names it
          name VARCHAR,                    -- as the graph names it
          domain_key VARCHAR,              -- labels reversed: com.example
          domain_rating DOUBLE,            -- authority, 0 to 100; null: insufficient data (no other domain links to it)
          raw DOUBLE, raw_before DOUBLE,   -- raw authority; and before discounts of spam clusters
          pagerank DOUBLE,
          rank UINTEGER, percentile DOUBLE,-- of raw among the domains of the graph, 1 the highest
          truncated DOUBLE, trust DOUBLE, harmonic DOUBLE, robust DOUBLE,
          spam_score DOUBLE, spam_cluster_id VARCHAR,
          topic VARCHAR, topic_confidence DOUBLE,
          url_rating DOUBLE,               -- the highest of its pages
          pages UINTEGER, pages_visited UINTEGER, addresses UINTEGER,
          backlinks UINTEGER, dofollow_backlinks UINTEGER, lost_backlinks UINTEGER, new_backlinks UINTEGER, -- live links from other domains
          refdomains UINTEGER, dofollow_refdomains UINTEGER,
          clustered_refdomains UINTEGER,   -- of refdomains, those in a spam cluster
          referring_ips UINTEGER, referring_networks UINTEGER,  -- addresses and /24 (IPv6: /48) that referring pages were fetched from
          outlinks UINTEGER, linked_domains UINTEGER, dofollow_linked_domains UINTEGER,
          first_seen TIMESTAMP, last_visited TIMESTAMP);

        CREATE TABLE pages(
          no UINTEGER,                     -- by key
          node UINTEGER,                   -- in the page graph, or null
          granularity VARCHAR,             -- page, or host, domain: what a report names
          url VARCHAR, page_key VARCHAR, host VARCHAR,
          domain_no UINTEGER, domain VARCHAR,
          title VARCHAR, language VARCHAR, words INTEGER,
          outcome VARCHAR, http_code INTEGER, -- of the last visit; 200 where a 304 said that the page fetched before still stands
          redirects_to VARCHAR,            -- one hop
          noindex BOOLEAN, address VARCHAR, network VARCHAR,
          url_rating DOUBLE, raw DOUBLE, pagerank DOUBLE, rank UINTEGER, percentile DOUBLE,
          topic VARCHAR, topic_confidence DOUBLE,
          backlinks UINTEGER, dofollow_backlinks UINTEGER, lost_backlinks UINTEGER, refdomains UINTEGER, -- live, from other domains
          internal_backlinks UINTEGER,                     -- live, from the same domain
          links_external UINTEGER, links_internal UINTEGER, linked_domains UINTEGER, -- live links on this page
          first_seen TIMESTAMP, last_visited TIMESTAMP, last_verified TIMESTAMP);

        CREATE TABLE links(
          target_no UINTEGER, source_no UINTEGER,               -- pages
          target_domain_no UINTEGER, source_domain_no UINTEGER, -- domains
          kind VARCHAR, is_ranked BOOLEAN, -- a, area, redirect, canonical, reported
          ordinal UINTEGER,
          url_from VARCHAR, url_to VARCHAR, host_from VARCHAR, domain_from VARCHAR, domain_to VARCHAR,
          title VARCHAR, language VARCHAR,                       -- of the source
          anchor VARCHAR, anchor_class VARCHAR, is_alt BOOLEAN,  -- of an image
          snippet_left VARCHAR, snippet_right VARCHAR,
          position VARCHAR, place FLOAT,                         -- zone of the page; 0 to 1 within its main text
          is_internal BOOLEAN, is_dofollow BOOLEAN, is_nofollow BOOLEAN, is_ugc BOOLEAN, is_sponsored BOOLEAN, is_sitewide BOOLEAN,
          links_external UINTEGER, links_internal UINTEGER, linked_domains_source_page UINTEGER,
          domain_rating_source DOUBLE, url_rating_source DOUBLE, topic_source VARCHAR,
          spam_score DOUBLE, spam_cluster_id VARCHAR,            -- of the source's domain
          weight FLOAT,                                          -- product of the factors, before discounts of spam clusters; null: not in a graph
          factor_rel FLOAT, factor_zone FLOAT, factor_position FLOAT, factor_form FLOAT, factor_relevance FLOAT, factor_sitewide FLOAT,
          rank_passed DOUBLE,                                    -- what this link adds to the raw authority of its target page
          first_seen TIMESTAMP, last_seen TIMESTAMP, last_visited TIMESTAMP, missing_since TIMESTAMP, lost_at TIMESTAMP,
          status VARCHAR,                                        -- live, missing, lost
          lost_reason VARCHAR,
          is_new BOOLEAN, is_lost BOOLEAN,
          http_code INTEGER,                                     -- of the source when it was last visited
          target_http_code INTEGER, target_outcome VARCHAR,      -- of the target, where it was visited
          redirect_to VARCHAR, redirect_chain VARCHAR,           -- where the target's redirects end (at most 10 are followed), and all hops to there, a space between
          address VARCHAR, network VARCHAR,
          discovered_by VARCHAR,                                 -- the kind of source that saw it: crawl, warc, ahrefs, …
          group_no UBIGINT);                                     -- alike: same source domain, target, anchor and kind

        CREATE TABLE edges(
          target_no UINTEGER, source_no UINTEGER,                -- domains
          domain_from VARCHAR, domain_to VARCHAR,
          domain_rating_source DOUBLE, domain_rating_target DOUBLE, topic_source VARCHAR, topic_target VARCHAR,
          spam_score_source DOUBLE, spam_cluster_source VARCHAR, dofollow_linked_domains_source UINTEGER,
          links UINTEGER, dofollow_links UINTEGER, new_links UINTEGER, lost_links UINTEGER, -- live; live and followed; live and new; lost
          first_seen TIMESTAMP, last_seen TIMESTAMP, lost_at TIMESTAMP, -- lost_at: of the last link, where none is live
          rank_passed DOUBLE);                                   -- what the pair adds to the raw authority of the target domain
        """;
}
