using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Microsoft.Extensions.DependencyInjection;
using Parquet;

namespace Backlinks.Tests.Api;

/// <summary>The site explorer over HTTP: forms of output, cursors, tags, and what is wrong told as it should be.</summary>
public sealed class SiteExplorerTests(SampleWebRun web)
{
    private static string Where(string json) => Uri.EscapeDataString(json);

    private static async Task<JsonElement> Json(RunningService service, string address, HttpStatusCode status = HttpStatusCode.OK)
    {
        using HttpResponseMessage answer = await service.Client.GetAsync(address);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{(address.Length > 200 ? address[..200] : address)}: {(int)answer.StatusCode} {text}");
        Assert.Equal(status == HttpStatusCode.OK ? "application/json" : "application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<JsonElement> Problem(RunningService service, string address, HttpStatusCode status, string code)
    {
        JsonElement problem = await Json(service, address, status);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.DoesNotContain("SELECT", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        return problem;
    }

    /// <summary>The domain with the most backlinks.</summary>
    private async Task<string> HubAsync()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        using RowDatabase.Rented rented = await queries.Database(lease.Run)!.RentAsync(default);
        return (string)rented.Rows("SELECT name FROM domains ORDER BY backlinks DESC, \"no\" LIMIT 1", [])[0][0]!;
    }

    [Fact]
    public async Task Every_kind_of_rows_is_told_in_its_envelope_and_unknown_targets_are_no_error()
    {
        await using RunningService service = await web.ServeAsync();
        foreach (Resource resource in RowQueries.Resources.Values)
        {
            JsonElement answer = await Json(service, $"site-explorer/{resource.Name}?target=directory.example&history=all_time&limit=3&date_from=2000-01-01&date_to=2100-01-01");
            JsonElement meta = answer.GetProperty("meta");
            Assert.True(meta.GetProperty("in_index").GetBoolean());
            Assert.Equal(Math.Min(3, meta.GetProperty("total_count").GetInt64()), answer.GetProperty(resource.Array).GetArrayLength());
            Assert.All(answer.GetProperty(resource.Array).EnumerateArray(), row => Assert.Equal(resource.Columns.Where(c => c.Usual).Select(c => c.Name), row.EnumerateObject().Select(p => p.Name)));
            Assert.Equal(["id", "built_at", "engine_version", "config_hash", "scale_version"], meta.GetProperty("run").EnumerateObject().Select(p => p.Name));
            JsonElement unknown = await Json(service, $"site-explorer/{resource.Name}?target=nobody-knows-this.example");
            Assert.False(unknown.GetProperty("meta").GetProperty("in_index").GetBoolean());
            Assert.Equal(0, unknown.GetProperty(resource.Array).GetArrayLength());
        }
    }

    [Fact]
    public async Task What_is_wrong_is_told_by_name_with_what_is_allowed()
    {
        await using RunningService service = await web.ServeAsync();
        const string links = "site-explorer/all-backlinks?target=labs.example";
        Assert.Contains("'domain_rating_source'", (await Problem(service, $"{links}&where={Where("""{"field":"domain_ratings_source","is":["eq",1]}""")}", HttpStatusCode.BadRequest, "invalid_filter")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("a number", (await Problem(service, $"{links}&where={Where("""{"field":"domain_rating_source","is":["gt","high"]}""")}", HttpStatusCode.BadRequest, "invalid_filter")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("'anchor'", (await Problem(service, $"{links}&ancor=x", HttpStatusCode.BadRequest, "invalid_parameter")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("'order_by'", (await Problem(service, $"{links}&orderby=x", HttpStatusCode.BadRequest, "invalid_parameter")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("'url_from'", (await Problem(service, $"{links}&select=url_form", HttpStatusCode.BadRequest, "invalid_parameter")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        foreach (string wrong in new[] { "limit=0", "limit=10001", "limit=x", "mode=all", "history=ever", "history=since:monday", "aggregation=few", "order_by=anchor:up", "order_by=anchor,anchor", "date_from=2026-13-01", "date_from=2026-02-01&date_to=2026-01-01", "output=xml", "select=anchor,anchor", "limit=1&limit=2" })
            await Problem(service, $"{links}&{wrong}", HttpStatusCode.BadRequest, "invalid_parameter");
        foreach (string wrong in new[] { "", "%20", "http://", "ftp://a.example/", "a b", "http://user:secret@a.example/", new string('a', 3000) })
            await Problem(service, $"site-explorer/all-backlinks?target={wrong}", HttpStatusCode.BadRequest, "invalid_parameter");
        foreach (string wrong in new[] { "x", "[]", "{}", """{"and":[]}""", """{"and":1}""", """{"field":"anchor"}""", """{"field":"anchor","is":["like","x"]}""", """{"field":"is_dofollow","is":["gt",true]}""", """{"field":"anchor","is":["eq"]}""", """{"field":"anchor","is":["eq",{"a":1}]}""",
            """{"field":"anchor","modifier":"sql","is":["eq","x"]}""", """{"field":"link_group_count","is":["gt",1]}""", """{"field":"first_seen_link","is":["gt","yesterday"]}""", """{"field":"links_external","is":["gt",1e999]}""", """{"field":"anchor","is":["regex","(["]}""", """{"field":"anchor","is":["eq","\u0000"]}""", """{"field":"anchor","is":["eq","\ud800"]}""", """{"field":"\ud800","is":["eq","x"]}""", """{"field":"anchor","is":["regex","(?<=a)b"]}""" })
            await Problem(service, $"{links}&where={Where(wrong)}", HttpStatusCode.BadRequest, "invalid_filter");
        await Problem(service, $"{links}&run=0099-nothing", HttpStatusCode.NotFound, "unknown_run");
        await Problem(service, $"{links}&cursor=AAAA", HttpStatusCode.BadRequest, "invalid_cursor");
        using HttpResponseMessage image = await service.Client.SendAsync(new HttpRequestMessage(HttpMethod.Get, links) { Headers = { { "Accept", "image/png" } } });
        Assert.Equal(HttpStatusCode.NotAcceptable, image.StatusCode);
    }

    [Fact]
    public async Task Deep_filters_many_conditions_and_evil_patterns_end_in_time()
    {
        await using RunningService service = await web.ServeAsync(change: o => o with { RequestSeconds = 20 });
        string links = $"site-explorer/all-backlinks?target={await HubAsync()}";
        string Deep(int levels) => string.Concat(Enumerable.Repeat("""{"not":""", levels - 1)) + """{"field":"anchor","is":["eq","x"]}""" + new string('}', levels - 1);
        await Problem(service, $"{links}&where={Where(Deep(1000).Replace(" ", ""))}", HttpStatusCode.BadRequest, "invalid_filter");
        await Problem(service, $"{links}&where={Where(Deep(Filter.MostDepth + 1))}", HttpStatusCode.BadRequest, "invalid_filter");
        await Json(service, $"{links}&where={Where(Deep(Filter.MostDepth))}");
        string Many(int conditions) => $"{{\"or\":[{string.Join(",", Enumerable.Repeat("""{"field":"is_new","is":["eq",true]}""", conditions))}]}}";
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        Assert.Equal("invalid_filter", Assert.Throws<ProblemException>(() => queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = "labs.example", Where = Many(Filter.MostTerms + 1) })).Code);
        queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = "labs.example", Where = Many(Filter.MostTerms) });
        Assert.Equal("invalid_filter", Assert.Throws<ProblemException>(() => queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = "labs.example", Where = new string('[', 60_000) })).Code);
        foreach (string bomb in new[] { "(a+)+$", "(a|a)*b", "(.*)*x", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$" })
            await Json(service, $"{links}&where={Where(JsonSerializer.Serialize(new { field = "anchor", @is = new[] { "regex", bomb } }))}");
        Assert.Equal("invalid_filter", (await Json(service, $"{links}&where={Where(JsonSerializer.Serialize(new { field = "anchor", @is = new[] { "regex", "((((a{1,100}){1,100}){1,100}){1,100})" } }))}", HttpStatusCode.BadRequest)).GetProperty("code").GetString());
        using var large = new StringContent(new string(' ', 10 << 20), Encoding.UTF8, "application/json");
        using HttpResponseMessage refused = await service.Client.SendAsync(new HttpRequestMessage(HttpMethod.Post, "site-explorer/batch-analysis") { Content = large, Headers = { ExpectContinue = true } });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
    }

    [Fact]
    public async Task Nothing_that_a_caller_writes_becomes_SQL()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        string[] evil = ["'; DROP TABLE links; --", "\" OR 1=1 --", "x') OR ('1'='1", "$1", "?", "anchor; COPY links TO '/tmp/x'", "'||(SELECT url FROM pages LIMIT 1)||'", "\0", "%27%20OR%201=1", "read_csv('/etc/passwd')"];
        string before = await Numbers();
        long all = queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = "directory.example" }).TotalCount;
        foreach (string text in evil)
        {
            foreach (string parameter in (string[])[.. RowQuestion.RowParameters, "anchor", "url_from", "is_dofollow", "first_seen_link", "no_such_column"])
            {
                string address = $"site-explorer/all-backlinks?{(parameter == "target" ? "" : "target=directory.example&")}{parameter}={Uri.EscapeDataString(text)}";
                using HttpResponseMessage answer = await service.Client.GetAsync(address);
                Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound || (parameter is "anchor" or "url_from" or "target" && answer.StatusCode == HttpStatusCode.OK), $"{address}: {answer.StatusCode}");
                if (answer.StatusCode == HttpStatusCode.OK)
                    Assert.Equal(0, JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("meta").GetProperty("total_count").GetInt64());
            }
            foreach (string op in text == "\0" ? [] : Filter.OpsOf(ColumnType.Text).Where(o => o is not ("is_null" or "is_not_null" or "in" or "regex" or "iregex")))
                Assert.InRange(queries.Page(lease.Run, new RowQuery { Resource = "all-backlinks", Target = "directory.example", Where = JsonSerializer.Serialize(new { field = "anchor", @is = new[] { op, text } }) }).TotalCount, 0, all);
        }
        Assert.Equal(before, await Numbers());

        async Task<string> Numbers()
        {
            using RowDatabase.Rented rented = await queries.Database(lease.Run)!.RentAsync(default);
            return JsonSerializer.Serialize(rented.Rows("SELECT count(*), (SELECT count(*) FROM pages), (SELECT count(*) FROM domains), sum(hash(anchor, url_from, url_to))::DOUBLE FROM links", []));
        }
    }

    [Fact]
    public async Task The_database_itself_writes_nothing_and_reads_nothing_else()
    {
        await using RunningService service = await web.ServeAsync();
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        using RunLease lease = queries.Catalog.Lease();
        using RowDatabase.Rented rented = await queries.Database(lease.Run)!.RentAsync(default);
        foreach (string sql in new[] { "DROP TABLE links", "INSERT INTO facts SELECT * FROM facts", "SELECT * FROM read_csv('/etc/passwd')", "COPY links TO '/tmp/links.csv'", "SET enable_external_access = true", "SET memory_limit = '100GB'", "ATTACH '/tmp/x.duckdb'", "INSTALL httpfs" })
            Assert.ThrowsAny<Exception>(() => rented.Rows(sql, []));
    }

    [Fact]
    public async Task Exports_hold_the_rows_of_the_pages_in_every_form()
    {
        await using RunningService service = await web.ServeAsync();
        foreach (string question in new[] { "all-backlinks?target=labs.example&history=all_time&select=*", $"refdomains?target={await HubAsync()}", $"all-backlinks?target={await HubAsync()}&aggregation=similar_links", "anchors?target=labs.example&order_by=anchor", $"pages-by-backlinks?target={await HubAsync()}&select=*" })
        {
            var rows = new List<JsonElement>();
            string? cursor = null;
            Resource resource = RowQueries.Resources[question[..question.IndexOf('?', StringComparison.Ordinal)]];
            do
            {
                JsonElement page = await Json(service, $"site-explorer/{question}&limit=500" + (cursor is null ? "" : $"&cursor={cursor}"));
                rows.AddRange(page.GetProperty(resource.Array).EnumerateArray());
                cursor = page.GetProperty("meta").GetProperty("next_cursor").GetString();
            }
            while (cursor is not null);
            string[] columns = [.. rows[0].EnumerateObject().Select(p => p.Name)];

            using HttpResponseMessage csv = await service.Client.GetAsync($"site-explorer/{question}&output=csv");
            Assert.Equal("text/csv", csv.Content.Headers.ContentType!.MediaType);
            Assert.Matches("^[a-z-]+-[a-z.]+-0002-[0-9a-f]+\\.csv$", csv.Content.Headers.ContentDisposition!.FileName!.Trim('"'));
            List<string?[]> cells = Csv(await csv.Content.ReadAsStringAsync());
            Assert.Equal(columns, cells[0]);
            Assert.Equal(rows.Count, cells.Count - 1);
            for (int i = 0; i < rows.Count; i++)
                for (int c = 0; c < columns.Length; c++)
                    Assert.Equal(Text(rows[i].GetProperty(columns[c])), Unquoted(cells[i + 1][c], rows[i].GetProperty(columns[c]).ValueKind));

            string[] lines = (await service.Client.GetStringAsync($"site-explorer/{question}&output=ndjson")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(rows.Select(r => r.GetRawText()), lines);

            using var parquet = new MemoryStream(await service.Client.GetByteArrayAsync($"site-explorer/{question}&output=parquet"));
            await using ParquetReader reader = await ParquetReader.CreateAsync(parquet);
            Assert.Equal(columns, reader.Schema.DataFields.Select(f => f.Name));
            long read = 0;
            for (int g = 0; g < reader.RowGroupCount; g++)
            {
                using ParquetRowGroupReader group = reader.OpenRowGroupReader(g);
                read += group.RowCount;
            }
            Assert.Equal(rows.Count, read);
        }

        static string? Text(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Null => null,
            JsonValueKind.String => value.GetString(),
            _ => value.GetRawText(),
        };
        static string? Unquoted(string? cell, JsonValueKind kind) => kind == JsonValueKind.String && cell is ['\'', ..] ? cell[1..] : kind == JsonValueKind.Number && double.TryParse(cell, CultureInfo.InvariantCulture, out double number) ? JsonSerializer.Serialize(number) : cell;
    }

    [Fact]
    public async Task Text_of_the_web_stays_text()
    {
        await using RunningService service = await web.ServeAsync();
        string address = $"site-explorer/all-backlinks?target=labs.example&root_name_source=evil.example&anchor={Uri.EscapeDataString(SampleWebRun.Evil)}";
        string json = await service.Client.GetStringAsync(address);
        Assert.DoesNotContain("<script>", json, StringComparison.Ordinal);
        JsonElement row = Assert.Single(JsonDocument.Parse(json).RootElement.GetProperty("backlinks").EnumerateArray());
        Assert.Equal(SampleWebRun.Evil, row.GetProperty("anchor").GetString());
        string csv = await service.Client.GetStringAsync(address + "&output=csv&select=anchor");
        Assert.StartsWith("anchor\r\n\"'=cmd|", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_has_a_tag_and_is_not_sent_twice()
    {
        await using RunningService service = await web.ServeAsync();
        foreach (string address in new[] { "site-explorer/all-backlinks?target=labs.example", "site-explorer/all-backlinks?target=labs.example&output=csv", "site-explorer/overview?target=labs.example" })
        {
            using HttpResponseMessage first = await service.Client.GetAsync(address);
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            Assert.False(first.Headers.ETag!.IsWeak);
            using var again = new HttpRequestMessage(HttpMethod.Get, address) { Headers = { { "If-None-Match", first.Headers.ETag.ToString() } } };
            using HttpResponseMessage second = await service.Client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
            Assert.Empty(await second.Content.ReadAsByteArrayAsync());
            using HttpResponseMessage other = await service.Client.GetAsync(address + "&mode=domain");
            Assert.NotEqual(first.Headers.ETag, other.Headers.ETag);
            using HttpResponseMessage older = await service.Client.GetAsync(address + $"&run={new DataFolder(await web.DataAsync()).RunIds()[0]}");
            Assert.NotEqual(first.Headers.ETag, older.Headers.ETag);
        }
    }

    [Fact]
    public async Task A_cursor_stays_on_its_run_outlives_the_process_and_expires_with_the_run()
    {
        using var folder = new TemporaryFolder();
        string data = await web.CopyAsync(folder);
        string[] runs = [.. new DataFolder(data).RunIds()];
        string current = Path.Combine(data, "runs", "current");
        await File.WriteAllTextAsync(current, runs[0] + "\n");
        string question = $"site-explorer/all-backlinks?target={await HubAsync()}&order_by=anchor&limit=7";
        string cursor;
        List<string> expected, walked = [];
        await using (RunningService service = await web.ServeAsync(data))
        {
            JsonElement first = await Json(service, question);
            expected = [.. (await service.Client.GetStringAsync(question.Replace("&limit=7", "&output=ndjson", StringComparison.Ordinal))).Split('\n', StringSplitOptions.RemoveEmptyEntries)];
            walked.AddRange(first.GetProperty("backlinks").EnumerateArray().Select(r => r.GetRawText()));
            cursor = first.GetProperty("meta").GetProperty("next_cursor").GetString()!;
            await Problem(service, question.Replace("order_by=anchor", "order_by=url_from", StringComparison.Ordinal) + $"&cursor={cursor}", HttpStatusCode.BadRequest, "invalid_cursor");
            await Problem(service, question.Replace("?target=", "?target=www.", StringComparison.Ordinal) + $"&cursor={cursor}", HttpStatusCode.BadRequest, "invalid_cursor");
            await Problem(service, $"{question}&anchor=x&cursor={cursor}", HttpStatusCode.BadRequest, "invalid_cursor");
            await Problem(service, $"{question}&run={runs[1]}&cursor={cursor}", HttpStatusCode.BadRequest, "invalid_cursor");
            for (int i = 0; i < cursor.Length; i += 5)
                await Problem(service, $"{question}&cursor={cursor[..i]}{(cursor[i] == 'A' ? 'B' : 'A')}{cursor[(i + 1)..]}", HttpStatusCode.BadRequest, "invalid_cursor");
        }
        await File.WriteAllTextAsync(current, runs[1] + "\n");
        await using (RunningService service = await web.ServeAsync(data))
        {
            Assert.Equal(runs[1], (await Json(service, question)).GetProperty("meta").GetProperty("run").GetProperty("id").GetString());
            string? next = cursor;
            while (next is not null)
            {
                JsonElement page = await Json(service, $"{question}&cursor={next}");
                Assert.Equal(runs[0], page.GetProperty("meta").GetProperty("run").GetProperty("id").GetString());
                Assert.Equal(expected.Count, page.GetProperty("meta").GetProperty("total_count").GetInt64());
                walked.AddRange(page.GetProperty("backlinks").EnumerateArray().Select(r => r.GetRawText()));
                next = page.GetProperty("meta").GetProperty("next_cursor").GetString();
            }
            Assert.Equal(expected, walked);
            service.App.Services.GetRequiredService<RunCatalog>().Forget(runs[0]);
            Directory.Delete(Path.Combine(data, "runs", runs[0]), recursive: true);
            await Problem(service, $"{question}&cursor={cursor}", HttpStatusCode.Gone, "cursor_expired");
        }
    }

    [Fact]
    public async Task A_run_of_an_imported_graph_tells_its_overview_and_referring_domains_and_says_what_it_lacks()
    {
        using var folder = new TemporaryFolder();
        Program.Run("import", Inputs.Dataset("sample", "garden.tsv"), "--data", folder.Path).Ok();
        Program.Run("rank", "--data", folder.Path).Ok();
        await using RunningService service = await web.ServeAsync(folder.Path);
        JsonElement figures = (await Json(service, "site-explorer/overview?target=www.seedbank.example")).GetProperty("overview").GetProperty("figures");
        Assert.True(figures.GetProperty("domain_rating").GetDouble() > 0);
        var walked = new List<string>();
        string? cursor = null;
        do
        {
            JsonElement page = await Json(service, "site-explorer/refdomains?target=www.seedbank.example&limit=3" + (cursor is null ? "" : $"&cursor={cursor}"));
            Assert.Equal(figures.GetProperty("refdomains").GetInt64(), page.GetProperty("meta").GetProperty("total_count").GetInt64());
            walked.AddRange(page.GetProperty("refdomains").EnumerateArray().Select(r => r.GetProperty("domain").GetString()!));
            cursor = page.GetProperty("meta").GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        Assert.Equal(figures.GetProperty("refdomains").GetInt64(), walked.Distinct().Count());
        foreach (string name in RowQueries.Resources.Keys.Where(n => n != "refdomains"))
            await Problem(service, $"site-explorer/{name}?target=www.seedbank.example", HttpStatusCode.Conflict, "no_rows");
    }

    [Fact]
    public async Task Questions_across_targets_agree_with_questions_of_each()
    {
        await using RunningService service = await web.ServeAsync();
        using HttpResponseMessage batch = await service.Client.PostAsync("site-explorer/batch-analysis", new StringContent("""{"targets":[{"target":"labs.example"},{"target":"a b"},{"target":"nobody-knows-this.example"}]}""", Encoding.UTF8, "application/json"));
        JsonElement rows = JsonDocument.Parse(await batch.Content.ReadAsStringAsync()).RootElement.GetProperty("targets");
        Assert.Equal((await Json(service, "site-explorer/overview?target=labs.example")).GetProperty("overview").GetProperty("figures").GetRawText(), rows[0].GetProperty("figures").GetRawText());
        Assert.NotNull(rows[1].GetProperty("error").GetString());
        Assert.False(rows[2].GetProperty("in_index").GetBoolean());

        async Task<Dictionary<string, long>> Refdomains(string target) => (await Json(service, $"site-explorer/refdomains?target={target}&limit=10000&select=domain,links_to_target")).GetProperty("refdomains").EnumerateArray().ToDictionary(r => r.GetProperty("domain").GetString()!, r => r.GetProperty("links_to_target").GetInt64());
        RowQueries queries = service.App.Services.GetRequiredService<RowQueries>();
        string[] hubs;
        using (RunLease lease = queries.Catalog.Lease())
        using (RowDatabase.Rented rented = await queries.Database(lease.Run)!.RentAsync(default))
            hubs = [.. rented.Rows("SELECT name FROM domains ORDER BY refdomains DESC, \"no\" LIMIT 3", []).Select(r => (string)r[0]!)];
        Dictionary<string, long> a = await Refdomains(hubs[0]), b = await Refdomains(hubs[1]), mine = await Refdomains(hubs[2]);
        using HttpResponseMessage both = await service.Client.PostAsync("site-explorer/link-intersect", new StringContent(JsonSerializer.Serialize(new { targets = new[] { new { target = hubs[0] }, new { target = hubs[1] } }, exclude = new[] { new { target = hubs[2] } }, limit = 10_000 }), Encoding.UTF8, "application/json"));
        string text = await both.Content.ReadAsStringAsync();
        Assert.True(both.StatusCode == HttpStatusCode.OK, text);
        Dictionary<string, long[]> found = JsonDocument.Parse(text).RootElement.GetProperty("intersect").EnumerateArray().ToDictionary(r => r.GetProperty("source").GetString()!, r => r.GetProperty("links").EnumerateArray().Select(l => l.GetInt64()).ToArray());
        Assert.Equal(a.Keys.Intersect(b.Keys).Except(mine.Keys).Order(), found.Keys.Order());
        Assert.All(found, f => Assert.Equal([a[f.Key], b[f.Key]], f.Value));
        using HttpResponseMessage pages = await service.Client.PostAsync("site-explorer/link-intersect", new StringContent(JsonSerializer.Serialize(new { targets = new[] { new { target = hubs[0] }, new { target = hubs[1] } }, level = "pages", least_targets = 1 }), Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.OK, pages.StatusCode);
    }

    [Fact]
    public async Task Every_figure_and_list_answers()
    {
        await using RunningService service = await web.ServeAsync();
        foreach (string name in new[] { "overview", "domain-rating", "url-rating", "domain-rating-history", "url-rating-history", "backlinks-stats", "outlinks-stats", "refdomains-history", "similar" })
        {
            Assert.True((await Json(service, $"site-explorer/{name}?target=directory.example")).GetProperty("meta").GetProperty("in_index").GetBoolean());
            Assert.False((await Json(service, $"site-explorer/{name}?target=nobody-knows-this.example")).GetProperty("meta").GetProperty("in_index").GetBoolean());
            await Problem(service, $"site-explorer/{name}?target=directory.example&nonsense=1", HttpStatusCode.BadRequest, "invalid_parameter");
            await Problem(service, $"site-explorer/{name}", HttpStatusCode.BadRequest, "invalid_parameter");
        }
        Assert.Equal(2, (await Json(service, "site-explorer/domain-rating-history?target=directory.example")).GetProperty("ratings").GetArrayLength());
        Assert.NotEqual(0, (await Json(service, "alerts?target=directory.example")).GetProperty("alerts").GetArrayLength());
        Assert.Equal(RowQueries.Resources.Count, (await Json(service, "available-filters")).GetProperty("resources").GetArrayLength());
        JsonElement days = (await Json(service, "site-explorer/refdomains-history?target=directory.example&history_grouping=day")).GetProperty("refdomains_history"), months = (await Json(service, "site-explorer/refdomains-history?target=directory.example")).GetProperty("refdomains_history");
        Assert.Equal(months.EnumerateArray().Last().GetProperty("refdomains").GetInt64(), days.EnumerateArray().Last().GetProperty("refdomains").GetInt64());
    }

    /// <summary>RFC 4180; null for an empty cell without quotes.</summary>
    private static List<string?[]> Csv(string text)
    {
        var rows = new List<string?[]>();
        var row = new List<string?>();
        for (int at = 0; at < text.Length;)
        {
            var cell = new StringBuilder();
            bool quoted = text[at] == '"';
            if (quoted)
            {
                for (at++; text[at] != '"' || (at + 1 < text.Length && text[at + 1] == '"'); at++)
                {
                    at += text[at] == '"' ? 1 : 0;
                    cell.Append(text[at]);
                }
                at++;
            }
            else
                while (text[at] is not (',' or '\r'))
                    cell.Append(text[at++]);
            row.Add(cell.Length == 0 && !quoted ? null : cell.ToString());
            if (text[at] == ',')
            {
                at++;
                continue;
            }
            Assert.Equal("\r\n", text.Substring(at, 2));
            at += 2;
            rows.Add([.. row]);
            row.Clear();
        }
        return rows;
    }
}
