using System.Text.Json;
using Backlinks.Api;
using Backlinks.Stores;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>The row queries, in process, on the crawled sample web: held against all rows in memory.</summary>
public sealed class RowQueryTests(SampleWebRun web)
{
    private static readonly Dictionary<string, string> Targets = new(StringComparer.Ordinal)
    {
        ["linked-anchors-external"] = "directory.example",
        ["linkeddomains"] = "directory.example",
        ["referring-networks"] = "directory.example",
    };

    private static RowQuery All(string resource, string target, string? mode = null) =>
        new() { Resource = resource, Target = target, Mode = mode, Select = "*", History = "all_time", DateFrom = resource == "new-lost-backlinks" ? "2000-01-01" : null, DateTo = resource == "new-lost-backlinks" ? "2100-01-01" : null };

    private static async Task<List<object?[]>> Rows(RowQueries queries, ServedRun run, RowQuery query)
    {
        var rows = new List<object?[]>();
        await foreach (object?[] row in queries.Stream(run, query))
            rows.Add(row);
        return rows;
    }

    /// <summary>The target with the most backlinks.</summary>
    private static async Task<string> Hub(RunningService service, ServedRun run)
    {
        using RowDatabase.Rented rented = await service.App.Services.GetRequiredService<RowQueries>().Database(run)!.RentAsync(default);
        return (string)rented.Rows("SELECT name FROM domains ORDER BY backlinks DESC, \"no\" LIMIT 1", [])[0][0]!;
    }

    [Fact]
    public async Task Filters_mean_what_a_naive_reading_of_them_means()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        string hub = await Hub(service, lease.Run);
        foreach ((string name, int times) in new[] { ("all-backlinks", 150), ("refdomains", 40), ("anchors", 40), ("pages-by-backlinks", 40) })
        {
            Resource resource = RowQueries.Resources[name];
            RowQuery query = All(name, hub);
            List<object?[]> rows = await Rows(queries, lease.Run, query);
            Assert.NotEmpty(rows);
            int[] places = [.. Enumerable.Range(0, rows.Count)];
            Dictionary<string, int> columns = resource.Columns.Select((c, i) => (c.Name, i)).ToDictionary(c => c.Name, c => c.i);
            NaiveFilter.Any(resource, resource.Columns, rows).Sample(where =>
            {
                JsonElement filter = JsonDocument.Parse(where).RootElement;
                List<string> expected = [.. rows.Where(r => NaiveFilter.Fits(filter, column => r[columns[column]])).Select(r => JsonSerializer.Serialize(r))];
                RowPage page = queries.Page(lease.Run, query with { Where = where, Limit = 10_000 });
                Assert.Equal(expected.Count, page.TotalCount);
                Assert.Equal(expected.Take(10_000), page.Rows.Select(r => JsonSerializer.Serialize(r)));
            }, iter: times, threads: 1);
        }
    }

    [Fact]
    public async Task A_walk_over_pages_meets_every_row_once_in_the_order_of_the_stream()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        string hub = await Hub(service, lease.Run);
        var random = new Random(1);
        foreach (Resource resource in RowQueries.Resources.Values)
            for (int i = 0; i < 6; i++)
            {
                Column[] by = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => resource.Columns[random.Next(resource.Columns.Count)]).DistinctBy(c => c.Name)];
                RowQuery query = All(resource.Name, Targets.GetValueOrDefault(resource.Name, hub)) with
                {
                    OrderBy = i == 0 ? null : string.Join(",", by.Select(c => c.Name + (random.Next(2) == 0 ? ":desc" : ""))),
                    Aggregation = resource.Aggregates && i > 3 ? i == 4 ? "similar_links" : "1_per_domain" : null,
                };
                List<string> stream = [.. (await Rows(queries, lease.Run, query)).Select(r => JsonSerializer.Serialize(r))];
                Assert.True(i > 0 || stream.Count > 0, $"{resource.Name} has no rows to test with");
                int limit = Math.Max(1, stream.Count / random.Next(2, 9) + random.Next(3));
                var walked = new List<string>();
                string? cursor = null;
                do
                {
                    RowPage page = queries.Page(lease.Run, query with { Limit = limit, Cursor = cursor });
                    Assert.Equal(stream.Count, page.TotalCount);
                    walked.AddRange(page.Rows.Select(r => JsonSerializer.Serialize(r)));
                    cursor = page.NextCursor;
                }
                while (cursor is not null);
                Assert.Equal(stream, walked);
                Assert.Equal(stream.Take(limit + 1), (await Rows(queries, lease.Run, query with { Limit = limit + 1 })).Select(r => JsonSerializer.Serialize(r)));
            }
    }

    [Fact]
    public async Task Targets_and_their_modes_are_the_pages_that_their_names_say()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        List<(string Url, string Host, string Domain, string From)> links;
        using (RowDatabase.Rented rented = await queries.Database(lease.Run)!.RentAsync(default))
            links = [.. rented.Rows("SELECT l.url_to, p.host, l.domain_to, l.domain_from FROM links l JOIN pages p ON p.\"no\" = l.target_no WHERE l.is_ranked AND NOT l.is_internal", []).Select(r => ((string)r[0]!, (string)r[1]!, (string)r[2]!, (string)r[3]!))];
        foreach (string host in links.Select(l => l.Host).Where(h => !h.Contains("://", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal).Take(60))
        {
            Check(host, "domain", links.Where(l => l.Host == host));
            Check(host, null, links.Where(l => l.Host == host || l.Host.EndsWith("." + host, StringComparison.Ordinal)));
        }
        foreach (string url in links.Select(l => l.Url).Where(u => u.Contains("://", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal).Where((_, i) => i % 13 == 0).Take(60))
        {
            Check(url, "exact", links.Where(l => l.Url == url));
            Check(url[..^1], "prefix", links.Where(l => l.Url.StartsWith(url[..^1], StringComparison.Ordinal)));
            string open = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..];
            Check(open, "exact", links.Where(l => l.Url == "http://" + open || l.Url == "https://" + open));
        }

        Check("[::1]", "domain", links.Where(l => l.Url.StartsWith("http://[::1]", StringComparison.Ordinal) || l.Url.StartsWith("https://[::1]", StringComparison.Ordinal)));

        void Check(string target, string? mode, IEnumerable<(string Url, string Host, string Domain, string From)> expected)
        {
            if (target.EndsWith("//", StringComparison.Ordinal) || target.EndsWith('%') || target.Contains('?', StringComparison.Ordinal))
                return; // cut where a URL is no URL any more
            List<(string Url, string Host, string Domain, string From)> meant = [.. expected];
            RowPage page = queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = target, Mode = mode, History = "all_time", Limit = 10_000, Select = "url_to" });
            Assert.True(meant.Count == page.TotalCount, $"{target} {mode}: {meant.Count} links expected, {page.TotalCount} found");
            Assert.Equal(meant.Select(l => l.From).Distinct().Count(), queries.Page(lease.Run, new RowQuery { Resource = "refdomains", Target = target, Mode = mode, History = "all_time" }).TotalCount);
        }
    }

    [Fact]
    public async Task History_dates_and_aggregation_cut_rows_as_they_say()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        RowQuery query = All("all-backlinks", await Hub(service, lease.Run)) with { Select = "root_name_source,url_to,anchor,link_type,is_lost,lost_at,first_seen_link,rank_passed,link_group_count" };
        List<object?[]> rows = await Rows(queries, lease.Run, query);
        List<object?[]> live = [.. rows.Where(r => !(bool)r[4]!)];
        Assert.NotEqual(rows.Count, live.Count);
        Assert.Equal(live.Count, queries.Page(lease.Run, query with { History = null }).TotalCount);
        DateTime day = rows.Where(r => r[5] is not null).Select(r => (DateTime)r[5]!).Order().ElementAt(rows.Count(r => r[5] is not null) / 2).Date;
        Assert.Equal(rows.Count(r => !(bool)r[4]! || (DateTime)r[5]! >= day), queries.Page(lease.Run, query with { History = $"since:{day:yyyy-MM-dd}" }).TotalCount);
        DateTime seen = rows.Select(r => (DateTime)r[6]!).Order().ElementAt(rows.Count / 2).Date;
        Assert.Equal(rows.Count(r => (DateTime)r[6]! < seen.AddDays(1)), queries.Page(lease.Run, query with { DateTo = $"{seen:yyyy-MM-dd}" }).TotalCount);
        Assert.Equal(rows.Count(r => (DateTime)r[6]! >= seen), queries.Page(lease.Run, query with { DateFrom = $"{seen:yyyy-MM-dd}" }).TotalCount);
        foreach ((string aggregation, Func<object?[], object> by) in new (string, Func<object?[], object>)[] { ("1_per_domain", r => r[0]!), ("similar_links", r => (r[0], r[1], r[2], r[3])) })
        {
            List<object?[]> strongest = await Rows(queries, lease.Run, query with { Aggregation = aggregation });
            Assert.Equal(rows.GroupBy(by).Select(g => (Key: g.Key.ToString(), Best: g.Max(r => (double?)r[7] ?? -1), Count: (long)g.Count())).OrderBy(g => g.Key, StringComparer.Ordinal),
                strongest.Select(r => (Key: by(r).ToString(), Best: (double?)r[7] ?? -1, Count: (long)r[8]!)).OrderBy(g => g.Key, StringComparer.Ordinal));
        }
        Assert.All(rows, r => Assert.Equal(1L, r[8]));
    }

    [Fact]
    public async Task Overview_figures_are_those_of_the_rows()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        Overviews overviews = service.App.Services.GetRequiredService<Overviews>();
        using RunLease lease = queries.Catalog.Lease();
        foreach ((string target, string? mode) in new[] { (await Hub(service, lease.Run), (string?)null), ("labs.example", null), ("labs.example", "domain"), ("http://labs.example/", "exact"), ("directory.example", "prefix") })
        {
            Overview overview = await overviews.OfAsync(lease.Run, target, mode);
            OverviewFigures figures = overview.Figures;
            Assert.True(overview.InIndex);
            RowQuery live = new() { Resource = "all-backlinks", Target = target, Mode = mode };
            Assert.Equal(queries.Page(lease.Run, live).TotalCount, figures.Backlinks);
            Assert.Equal(queries.Page(lease.Run, live with { Fields = [new("is_dofollow", "true")] }).TotalCount, figures.DofollowBacklinks);
            Assert.Equal(queries.Page(lease.Run, live with { History = "all_time", Fields = [new("is_lost", "true")] }).TotalCount, figures.LostBacklinks);
            Assert.Equal(queries.Page(lease.Run, live with { Resource = "refdomains" }).TotalCount, figures.Refdomains);
            Assert.Equal(queries.Page(lease.Run, live with { Resource = "linkeddomains" }).TotalCount, figures.LinkedDomains);
            Assert.Equal(figures.Refdomains, overview.AuthorityBands.Sum(b => b.Refdomains));
            Assert.Equal(figures.Backlinks, overview.LinkTypes.Sum(t => t.Links));
            Assert.Equal(figures.Backlinks, overview.Positions.Sum(t => t.Links));
            Assert.Equal(figures.Backlinks, overview.AnchorClasses.Sum(t => t.Links));
            Assert.Equal(figures.Refdomains, overview.RefdomainsHistory.Count == 0 ? 0 : overview.RefdomainsHistory[^1].Refdomains);
            Assert.Equal(figures.Backlinks + figures.LostBacklinks, overview.NewLost.Sum(m => m.New));
            Assert.Equal(figures.LostBacklinks, overview.NewLost.Sum(m => m.Lost));
            Assert.Equal(Math.Min(10, figures.Backlinks), overview.TopBacklinks.Count);
            Assert.NotNull(overview.RunBefore);
            CheckTables(queries, lease.Run, overview, live);
        }
        Overview unknown = await overviews.OfAsync(lease.Run, "nobody-knows-this.example");
        Assert.False(unknown.InIndex);
        Assert.Equal(0, unknown.Figures.Backlinks);
    }

    /// <summary>What an overview sums up and picks out is what the resources of rows say of the same target.</summary>
    private static void CheckTables(RowQueries queries, ServedRun run, Overview overview, RowQuery live)
    {
        List<object?[]> Ask(RowQuery query) => [.. queries.Page(run, query).Rows];
        const string link = "url_from,url_to,anchor,link_type,first_seen_link,lost_at";
        foreach ((IReadOnlyList<TopBacklink> told, RowQuery query) in new[]
        {
            (overview.TopBacklinks, live),
            (overview.Newest, live with { OrderBy = "first_seen_link:desc" }),
            (overview.Lost, live with { History = "all_time", Fields = [new("is_lost", "true")], OrderBy = "lost_at:desc" }),
            (overview.Broken, live with { Resource = "broken-backlinks" }),
        })
            Assert.Equal(Ask(query with { Select = link, Limit = 10 }), told.Select(l => new object?[] { l.UrlFrom, l.UrlTo, l.Anchor, l.LinkType, l.FirstSeen, l.LostAt }));
        Assert.Equal(Ask(live with { Resource = "anchors", Select = "anchor,links_to_target,refdomains", Limit = 20 }), overview.Anchors.Select(a => new object?[] { a.Name, a.Links, a.Refdomains }));
        foreach (LinkShare attribute in overview.Attributes)
            Assert.Equal(queries.Page(run, live with { Fields = [new($"is_{attribute.Name}", "true")] }).TotalCount, attribute.Links);
        List<object?[]> links = Ask(live with { Select = "link_type,position,anchor_class,language,root_name_source", Limit = RowQuestion.MostRows });
        foreach ((IReadOnlyList<LinkShare> told, int column) in new[] { (overview.LinkTypes, 0), (overview.Positions, 1), (overview.AnchorClasses, 2), (overview.Languages, 3) })
            Assert.Equal(links.GroupBy(l => (string?)l[column]).Select(g => new LinkShare(g.Key, g.Count(), g.Select(l => l[4]).Distinct().Count())).OrderByDescending(s => s.Links).ThenBy(s => s.Name is null).ThenBy(s => s.Name, StringComparer.Ordinal).Take(20), told);
        List<object?[]> domains = Ask(live with { Resource = "refdomains", Select = "domain,domain_rating,links_to_target,dofollow_links,topic,rank_passed", Limit = RowQuestion.MostRows });
        Assert.Equal(domains.Take(10).Select(d => (d[0], d[5])), overview.TopRefdomains.Select(d => ((object?)d.Domain, (object?)d.RankPassed)));
        foreach ((IReadOnlyList<LinkShare> told, Func<object?[], string?> by) in new (IReadOnlyList<LinkShare>, Func<object?[], string?>)[] { (overview.Tlds, d => ((string)d[0]!).Split('.')[^1]), (overview.Topics, d => (string?)d[4]) })
            Assert.Equal(domains.GroupBy(by).ToDictionary(g => g.Key ?? "", g => (g.Sum(d => (long)d[2]!), g.LongCount())), told.ToDictionary(t => t.Name ?? "", t => (t.Links, t.Refdomains)));
        foreach (AuthorityBand band in overview.AuthorityBands)
        {
            List<object?[]> within = [.. domains.Where(d => d[1] is double rating ? band.From is { } from && Math.Min(90, Math.Floor(rating / 10) * 10) == from : band.From is null)];
            Assert.Equal((within.Count, within.Count(d => (long)d[3]! > 0)), (band.Refdomains, band.DofollowRefdomains));
        }
        Assert.Equal(domains.Count(d => d[0] is not null), overview.Scatter.Count);
    }
}
