namespace Backlinks.Api;

/// <summary>The kinds of rows that there are, column by column: what API, dashboard, exports and their documentation are made of.</summary>
internal static class Resources
{
    private const string Backlink = "is_ranked AND NOT is_internal";

    private static Column Text(string name, string sql, string meaning, bool usual = true) => new(name, ColumnType.Text, sql, meaning) { Usual = usual };

    private static Column Whole(string name, string sql, string meaning, bool usual = true) => new(name, ColumnType.Integer, sql, meaning) { Usual = usual };

    private static Column Number(string name, string sql, string meaning, bool usual = true) => new(name, ColumnType.Number, sql, meaning) { Usual = usual };

    private static Column Flag(string name, string sql, string meaning, bool usual = true) => new(name, ColumnType.Boolean, sql, meaning) { Usual = usual };

    private static Column Time(string name, string sql, string meaning, bool usual = true) => new(name, ColumnType.Time, sql, meaning) { Usual = usual };

    private static readonly Column[] Links =
    [
        Text("url_from", "url_from", "The page that links."),
        Text("url_to", "url_to", "The page linked to."),
        Text("root_name_source", "domain_from", "Domain of the page that links."),
        Text("host_source", "host_from", "Host of the page that links.", usual: false),
        Text("root_name_target", "domain_to", "Domain of the page linked to.", usual: false),
        Text("title", "title", "Title of the page that links."),
        Text("language", "language", "Language of the page that links, as it says.", usual: false),
        Text("anchor", "anchor", "The link's text; of an image, its alternative text. Empty where there is none."),
        Text("anchor_class", "anchor_class", "descriptive, brand, image_with_alt, naked_url, generic, empty or unknown."),
        Text("alt", "CASE WHEN is_alt THEN anchor END", "The image's alternative text, where the link is an image."),
        Text("snippet_left", "snippet_left", "Text before the link."),
        Text("snippet_right", "snippet_right", "Text behind the link."),
        Text("link_type", "kind", "anchor, area, redirect, canonical or reported."),
        Text("position", "position", "Where on its page: main, main_list, aside, nav, header, footer, comments or unknown."),
        Number("place", "place", "Within the main text, 0 its start, 1 its end.", usual: false),
        Flag("is_dofollow", "is_dofollow", "Whether it passes authority as far as its page says."),
        Flag("is_nofollow", "is_nofollow", "rel=nofollow, or a page that says so for all its links."),
        Flag("is_ugc", "is_ugc", "rel=ugc."),
        Flag("is_sponsored", "is_sponsored", "rel=sponsored."),
        Flag("is_sitewide", "is_sitewide", "Whether it stands on most pages of its host.", usual: false),
        Whole("links_external", "links_external", "Links of its page to other domains."),
        Whole("links_internal", "links_internal", "Links of its page within its domain."),
        Whole("linked_domains_source_page", "linked_domains_source_page", "Domains that its page links to."),
        Number("domain_rating_source", "domain_rating_source", "Authority of the domain that links, 0 to 100; null: insufficient data."),
        Number("url_rating_source", "url_rating_source", "Authority of the page that links, 0 to 100; null: insufficient data."),
        Text("topic_source", "topic_source", "Topic of the page that links."),
        Number("relevance", "factor_relevance", "Factor of its weight that tells how near both texts are."),
        Number("weight", "weight", "Product of its factors: how much of its page's authority it may carry."),
        Number("factor_rel", "factor_rel", "Factor of its rel.", usual: false),
        Number("factor_zone", "factor_zone", "Factor of the zone it stands in.", usual: false),
        Number("factor_position", "factor_position", "Factor of its place in the text.", usual: false),
        Number("factor_form", "factor_form", "Factor of its anchor's form.", usual: false),
        Number("factor_sitewide", "factor_sitewide", "Factor of being on most pages of a host.", usual: false),
        Number("rank_passed", "rank_passed", "What it adds to the raw authority of its target."),
        Number("spam_score", "spam_score", "Score of the spam cluster that its domain is in, 0 to 100; null: in none."),
        Text("spam_cluster_id", "spam_cluster_id", "That cluster."),
        Time("first_seen_link", "first_seen", "When it was first seen."),
        Time("last_visited", "last_visited", "When its page was last visited."),
        Time("last_seen", "last_seen", "When it was last seen."),
        Time("missing_since", "missing_since", "When a check missed it first.", usual: false),
        Time("lost_at", "lost_at", "When a second check missed it; null while it is not lost."),
        Flag("is_new", "is_new", "Live, and first seen in the last 30 days before the store was last looked at."),
        Flag("is_lost", "is_lost", "Whether two checks did not find it."),
        Text("discovered_status", "status", "live, missing (one check did not find it) or lost (two did not)."),
        Text("lost_reason", "lost_reason", "removed, page_gone, redirected_away, noindex, not_canonical, became_nofollow or host_dead."),
        Whole("http_code", "http_code", "Of its page's last visit."),
        Whole("target_http_code", "target_http_code", "Of the last visit of the page linked to.", usual: false),
        Text("target_outcome", "target_outcome", "How that visit ended.", usual: false),
        Text("redirect_to", "redirect_to", "Where redirects of the page linked to end.", usual: false),
        Text("redirect_chain", "redirect_chain", "All hops to there, a space between."),
        Text("ip_source", "address", "Address that its page was fetched from.", usual: false),
        Text("network_source", "network", "Network of that address: /24, of IPv6 /48.", usual: false),
        Text("discovered_by", "discovered_by", "The kind of source that saw it first: crawl, warc, ahrefs, …", usual: false),
        Whole("link_group_count", LinkGroupCount, "How many links this row stands for; more than 1 where links are aggregated.") with { Filterable = false },
    ];

    /// <summary>Stands for the number of links of a group; replaced by 1 where none are made.</summary>
    public const string LinkGroupCount = "group_size";

    private static readonly Column[] Pairs =
    [
        Number("rank_passed", "rank_passed", "What its links add to raw authority: of the target domain, or of the pages linked to where the target is not a whole domain."),
        Time("first_seen", "first_seen", "When the first of its links was first seen."),
        Time("last_seen", "last_seen", "When the last of its links was last seen."),
        Time("lost_at", "lost_at", "When the last of its links was lost; null while one is live."),
        Number("spam_score", "spam_score", "Score of the spam cluster that the domain is in, 0 to 100; null: in none."),
        Text("spam_cluster_id", "spam_cluster_id", "That cluster."),
        Text("topic", "topic", "Topic of the domain."),
        Whole("new_links", "new_links", "Live links first seen in the last 30 days."),
        Whole("lost_links", "lost_links", "Links lost."),
    ];

    private static Column[] PagesColumns =>
    [
        Text("url", "url", "The page."),
        Text("title", "title", "Its title."),
        Whole("http_code", "http_code", "Of its last visit; null: never visited."),
        Text("outcome", "outcome", "How its last visit ended."),
        Number("url_rating", "url_rating", "Its authority, 0 to 100; null: insufficient data."),
        Number("raw", "raw", "Its raw authority: what a page without links has is 1.", usual: false),
        Whole("rank", "rank", "Its place by raw authority, 1 the highest."),
        Whole("backlinks", "backlinks", "Live links to it from other domains."),
        Whole("dofollow_backlinks", "dofollow_backlinks", "Those that are followed."),
        Whole("lost_backlinks", "lost_backlinks", "Links lost."),
        Whole("refdomains", "refdomains", "Domains with a live link to it."),
        Whole("internal_backlinks", "internal_backlinks", "Live links to it from its own domain."),
        Whole("links_external", "links_external", "Its live links to other domains."),
        Whole("links_internal", "links_internal", "Its live links within its domain."),
        Whole("linked_domains", "linked_domains", "Domains it links to."),
        Text("topic", "topic", "What it is about."),
        Number("topic_confidence", "topic_confidence", "How sure that is, 0 to 1.", usual: false),
        Text("language", "language", "As it says."),
        Whole("words", "words", "Of its text.", usual: false),
        Text("redirects_to", "redirects_to", "Where it redirects to."),
        Flag("noindex", "noindex", "Whether it asks not to be listed.", usual: false),
        Text("host", "host", "Its host.", usual: false),
        Text("ip", "address", "Address it was fetched from.", usual: false),
        Time("first_seen", "first_seen", "When it was first heard of."),
        Time("last_visited", "last_visited", "Its last visit."),
    ];

    private static readonly Column[] GroupTimes =
    [
        Whole("lost_links", "lost_links", "Links lost."),
        Time("first_seen", "first_seen", "When the first of them was first seen."),
        Time("last_seen", "last_seen", "When the last of them was last seen."),
        Time("lost_at", "lost_at", "When the last of them was lost; null while one is live.", usual: false),
    ];

    /// <summary>Every resource by name.</summary>
    public static IReadOnlyDictionary<string, Resource> All { get; } = new Resource[]
    {
        new()
        {
            Name = "all-backlinks", Array = "backlinks", Summary = "Links from other domains to the target.", Order = "rank_passed:desc", Aggregates = true, Columns = Links,
            Source = new RowSource.Table { Name = "links", End = "target_", Where = Backlink, Live = "NOT is_lost" },
        },
        new()
        {
            Name = "broken-backlinks", Array = "backlinks", Summary = "Links from other domains to pages of the target that are gone, fail, or redirect to such.", Order = "rank_passed:desc", Aggregates = true,
            Columns = [.. Links.Select(c => c.Name is "target_http_code" or "target_outcome" or "redirect_to" ? c with { Usual = true } : c)],
            Source = new RowSource.Table { Name = "links", End = "target_", Where = $"{Backlink} AND (target_http_code >= 400 OR target_outcome IN ('gone', 'host_dead'))", Live = "NOT is_lost" },
        },
        new()
        {
            Name = "new-lost-backlinks", Array = "backlinks", Summary = "Links from other domains that came or went between two days; the last 30 when none are given.", Order = "changed_at:desc", Aggregates = true,
            Columns =
            [
                Text("change", "CASE WHEN is_lost THEN 'lost' ELSE 'new' END", "new or lost; a link that came and went is lost."),
                Time("changed_at", "coalesce(lost_at, first_seen)", "When it came, or went."),
                .. Links,
            ],
            Source = new RowSource.Table { Name = "links", End = "target_", Where = Backlink, Changes = true },
        },
        new()
        {
            Name = "refdomains", Array = "refdomains", Summary = "Domains that link to the target.", Order = "rank_passed:desc",
            Columns =
            [
                Text("domain", "domain", "The domain that links."),
                Number("domain_rating", "domain_rating", "Its authority, 0 to 100; null: insufficient data."),
                Whole("links_to_target", "links", "Its live links to the target."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                Whole("dofollow_linked_domains", "dofollow_linked_domains", "Domains it links to with links that are followed."),
                .. Pairs,
            ],
            Source = new RowSource.Pairs { Incoming = true },
        },
        new()
        {
            Name = "linkeddomains", Array = "linkeddomains", Summary = "Domains that the target links to.", Order = "links_from_target:desc",
            Columns =
            [
                Text("domain", "domain", "The domain linked to."),
                Number("domain_rating", "domain_rating", "Its authority, 0 to 100; null: insufficient data."),
                Whole("links_from_target", "links", "Live links of the target to it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                .. Pairs,
            ],
            Source = new RowSource.Pairs { Incoming = false },
        },
        new()
        {
            Name = "referring-networks", Array = "networks", Summary = "Networks (/24, of IPv6 /48) that linking pages were fetched from.", Order = "refdomains:desc",
            Columns =
            [
                Text("network", "network", "In CIDR notation."),
                Whole("ips", "ips", "Addresses in it."),
                Whole("refdomains", "refdomains", "Domains that link from it."),
                Whole("links_to_target", "links", "Live links from it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                .. GroupTimes,
                Number("top_domain_rating", "top_domain_rating", "Highest authority of a domain that links from it."),
                Number("rank_passed", "rank_passed", "What its links add to the raw authority of the pages linked to."),
            ],
            Source = new RowSource.Groups
            {
                End = "target_", By = "network", As = "network", Where = $"{Backlink} AND network IS NOT NULL",
                More = "count(DISTINCT address) FILTER (NOT is_lost) AS ips, count(DISTINCT source_domain_no) FILTER (NOT is_lost) AS refdomains, max(domain_rating_source) AS top_domain_rating, sum(rank_passed) AS rank_passed",
            },
        },
        new()
        {
            Name = "anchors", Array = "anchors", Summary = "Texts of links from other domains to the target.", Order = "refdomains:desc,links_to_target:desc",
            Columns =
            [
                Text("anchor", "anchor", "The text; empty where links have none."),
                Text("anchor_class", "anchor_class", "What kind of text it is, of most of its links."),
                Whole("links_to_target", "links", "Live links with it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                Whole("refdomains", "refdomains", "Domains that use it in a live link."),
                .. GroupTimes,
                Number("top_domain_rating", "top_domain_rating", "Highest authority of a domain that uses it."),
                Number("rank_passed", "rank_passed", "What its links add to the raw authority of the pages linked to."),
            ],
            Source = new RowSource.Groups
            {
                End = "target_", By = "coalesce(anchor, '')", As = "anchor", Where = Backlink,
                More = "mode(anchor_class) AS anchor_class, count(DISTINCT source_domain_no) FILTER (NOT is_lost) AS refdomains, max(domain_rating_source) AS top_domain_rating, sum(rank_passed) AS rank_passed",
            },
        },
        new()
        {
            Name = "linked-anchors-external", Array = "anchors", Summary = "Texts of the target's links to other domains.", Order = "links_from_target:desc",
            Columns =
            [
                Text("anchor", "anchor", "The text; empty where links have none."),
                Text("anchor_class", "anchor_class", "What kind of text it is, of most of its links."),
                Whole("links_from_target", "links", "Live links with it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                Whole("linked_domains", "linked_domains", "Domains linked to with it."),
                .. GroupTimes,
            ],
            Source = new RowSource.Groups
            {
                End = "source_", By = "coalesce(anchor, '')", As = "anchor", Where = Backlink,
                More = "mode(anchor_class) AS anchor_class, count(DISTINCT target_domain_no) FILTER (NOT is_lost) AS linked_domains",
            },
        },
        new()
        {
            Name = "linked-anchors-internal", Array = "anchors", Summary = "Texts of links within the target's domain, on its pages.", Order = "links_from_target:desc",
            Columns =
            [
                Text("anchor", "anchor", "The text; empty where links have none."),
                Text("anchor_class", "anchor_class", "What kind of text it is, of most of its links."),
                Whole("links_from_target", "links", "Live links with it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                Whole("linked_pages", "linked_pages", "Pages linked to with it."),
                .. GroupTimes,
            ],
            Source = new RowSource.Groups
            {
                End = "source_", By = "coalesce(anchor, '')", As = "anchor", Where = "is_ranked AND is_internal",
                More = "mode(anchor_class) AS anchor_class, count(DISTINCT target_no) FILTER (NOT is_lost) AS linked_pages",
            },
        },
        new()
        {
            Name = "pages-by-backlinks", Array = "pages", Summary = "Pages of the target that other domains link to.", Order = "backlinks:desc,refdomains:desc", Columns = PagesColumns,
            Source = new RowSource.Table { Name = "pages", End = "", Where = "(backlinks > 0 OR lost_backlinks > 0)", Live = "backlinks > 0" },
        },
        new()
        {
            Name = "pages-by-internal-links", Array = "pages", Summary = "Pages of the target that its own pages link to.", Order = "internal_backlinks:desc", Columns = PagesColumns,
            Source = new RowSource.Table { Name = "pages", End = "", Where = "internal_backlinks > 0" },
        },
        new()
        {
            Name = "topics", Array = "topics", Summary = "Topics of pages that link to the target from other domains.", Order = "refdomains:desc",
            Columns =
            [
                Text("topic", "topic", "The topic; empty where a page has none."),
                Whole("links_to_target", "links", "Live links from pages about it."),
                Whole("dofollow_links", "dofollow_links", "Those that are followed."),
                Whole("refdomains", "refdomains", "Domains with a live link from such a page."),
                .. GroupTimes,
                Number("top_domain_rating", "top_domain_rating", "Highest authority of such a domain."),
                Number("rank_passed", "rank_passed", "What those links add to the raw authority of the pages linked to."),
            ],
            Source = new RowSource.Groups
            {
                End = "target_", By = "coalesce(topic_source, '')", As = "topic", Where = Backlink,
                More = "count(DISTINCT source_domain_no) FILTER (NOT is_lost) AS refdomains, max(domain_rating_source) AS top_domain_rating, sum(rank_passed) AS rank_passed",
            },
        },
    }.ToDictionary(r => r.Name, StringComparer.Ordinal);
}
