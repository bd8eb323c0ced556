namespace Backlinks.Api;

/// <summary>Parameters that mean the same wherever they appear; the OpenAPI document describes them from here.</summary>
internal static class CommonParameters
{
    public static IReadOnlyDictionary<string, DocumentedParameter> Known { get; } = new DocumentedParameter[]
    {
        new("target", "Domain, host or URL, with or without scheme: example.com, www.example.com, https://example.com/page.") { Required = true },
        new("mode", "How much around the target is meant: that URL, all URLs that begin with it, its host, or its domain with all hosts. Without it: exact for a URL with a path, else subdomains.") { OneOf = ["exact", "prefix", "domain", "subdomains"] },
        new("select", "Columns of the answer, comma-separated, in this order; without it the usual ones. /api/v1/available-filters lists them."),
        new("where", "Filter as JSON, Ahrefs' grammar: {\"field\":\"is_dofollow\",\"is\":[\"eq\",true]}, joined by and, or, not. Regular expressions never backtrack."),
        new("order_by", "Columns to order by, comma-separated, each with :asc or :desc: domain_rating_source:desc."),
        new("limit", "Rows on a page.", "integer") { Minimum = 1, Maximum = 10_000, Standard = 100 },
        new("cursor", "next_cursor of the page before, with the same question; it goes on in the run it began in."),
        new("history", "live: what is there now; since:DATE: also what was lost since that day; all_time: all that was ever seen.") { Standard = "live" },
        new("aggregation", "Every link, links of the same source and anchor as one, or one link a domain.") { OneOf = ["all", "similar_links", "1_per_domain"], Standard = "all" },
        new("date_from", "First day, ISO 8601: 2026-01-31."),
        new("date_to", "Last day, ISO 8601, included."),
        new("history_grouping", "What one point stands for.") { OneOf = ["day", "week", "month"] },
        new("run", "The run to read, by its id, or latest.") { Standard = "latest" },
        new("output", "The form of the answer; all but json are streamed without paging.") { OneOf = ["json", "csv", "ndjson", "parquet"], Standard = "json" },
    }.ToDictionary(p => p.Name, StringComparer.Ordinal);
}
