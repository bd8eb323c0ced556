namespace Backlinks.Api.Dashboard;

/// <summary>The columns a table can show of a resource: those of the resource, and in front of them some that are read together.</summary>
public static class TableColumns
{
    /// <summary>Columns that tell a group of similar links from others, so that it can be opened.</summary>
    public static IReadOnlyList<string> Group { get; } = ["root_name_source", "url_to", "anchor", "link_type", "link_group_count"];

    private static readonly TableColumn[] Composites =
    [
        new("from", "Referring page", "Title, address and topic of the page that links", ["title", "url_from", "root_name_source", "topic_source", "http_code"], "url_from", false),
        new("link", "Anchor and target", "The link's text within what stands around it, the page it leads to, and what it says of itself",
            ["anchor", "snippet_left", "snippet_right", "url_to", "link_type", "is_nofollow", "is_ugc", "is_sponsored", "is_new", "is_lost", "lost_reason", "discovered_status", "spam_score", "spam_cluster_id"], "anchor", false),
        new("page", "Page", "Title and address", ["title", "url", "http_code"], "url", false),
    ];

    private static readonly Dictionary<string, string> Titles = new(StringComparer.Ordinal)
    {
        ["domain_rating"] = "Authority",
        ["domain_rating_source"] = "Domain authority",
        ["url_rating_source"] = "Page authority",
        ["url_rating"] = "Page authority",
        ["top_domain_rating"] = "Top authority",
        ["links_external"] = "Ext. links",
        ["links_internal"] = "Int. links",
        ["rank_passed"] = "Passes",
        ["first_seen_link"] = "First seen",
        ["links_to_target"] = "Links to target",
        ["links_from_target"] = "Links from target",
        ["dofollow_links"] = "Dofollow",
        ["dofollow_linked_domains"] = "Linked domains",
        ["refdomains"] = "Ref. domains",
        ["root_name_source"] = "Ref. domain",
        ["url_from"] = "From URL",
        ["url_to"] = "To URL",
        ["target_http_code"] = "Target HTTP",
        ["http_code"] = "HTTP",
        ["spam_score"] = "Spam score",
        ["spam_cluster_id"] = "Spam cluster",
        ["link_group_count"] = "Similar links",
        ["anchor_class"] = "Class",
        ["ips"] = "IPs",
        ["ip"] = "IP",
        ["internal_backlinks"] = "Internal links",
        ["changed_at"] = "When",
        ["discovered_status"] = "Status",
        ["new_links"] = "New",
        ["lost_links"] = "Lost",
    };

    public static IReadOnlyList<TableColumn> Of(Resource resource) =>
    [
        .. Composites.Where(composite => composite.Fields.All(field => resource.Find(field) is not null)),
        .. resource.Columns.Select(c => new TableColumn(c.Name, TitleOf(c.Name), c.Meaning, [c.Name], c.Filterable ? c.Name : null, c.Type is ColumnType.Integer or ColumnType.Number)),
    ];

    /// <summary>A column's name for people.</summary>
    public static string TitleOf(string column) => Titles.TryGetValue(column, out string? title) ? title : char.ToUpperInvariant(column[0]) + Show.Words(column[1..]);
}
