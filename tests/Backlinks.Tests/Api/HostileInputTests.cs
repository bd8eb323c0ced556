using System.Net;
using System.Text.Json.Nodes;
using Backlinks.Stores;
using static Backlinks.Tests.Api.Asking;

namespace Backlinks.Tests.Api;

/// <summary>Whatever is sent, to whatever operation the document has: an answer or a problem of the caller's, never a failure of ours, never a way in.</summary>
public sealed class HostileInputTests(SampleWebRun sample)
{
    private static readonly string[] Texts =
    [
        "", "'", "' OR '1'='1", "1'; DROP TABLE links; ATTACH '/etc/passwd' AS x; --", "\"><img src=x onerror=alert(1)><script>alert(1)</script>", "../../../../etc/passwd",
        "%00", "\0", "\u202e\ud83c\udf88", "a\r\nSet-Cookie: x=1", "{\"field\":", "[[[[", "-1", "1e309", "NaN", "99999999999999999999", "null", "http://[::1", "http://user:pass@169.254.169.254/", new('a', 5_000), "xn--",
    ];

    [Fact]
    public async Task Every_parameter_of_every_operation_stands_hostile_texts()
    {
        await using RunningService service = await sample.ServeAsync(change: o => o with { RequestsPerMinute = 10_000_000 });
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        List<string> wrong = [];
        int sent = 0;
        foreach (Operation operation in document.Operations.Where(o => !Writes(o)))
            foreach (JsonObject parameter in operation.Parameters.DistinctBy(p => IsColumn(p) ? "a column" : (string)p["name"]!))
                foreach (string text in Enumerable.Range(sent, 5).Select(i => Texts[i % Texts.Length])) // each text meets many parameters, each parameter some texts
                {
                    if ((string?)parameter["in"] == "path" && text is "" or "\0")
                        continue; // nothing is another address, and a NUL in an address is refused before anybody looks at it
                    sent++;
                    await CheckAsync(service, document, operation, ServiceDocument.Request(operation, new Dictionary<string, string?> { [(string)parameter["name"]!] = text }), $"{parameter["name"]}={text}", wrong);
                }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {sent}:\n{string.Join('\n', wrong.Take(40))}");
        Assert.True(sent > 800, $"only {sent} were sent");

        // Filters by column are alike within a resource: one stands for all.
        static bool IsColumn(JsonObject parameter) => ((string?)parameter["description"])?.StartsWith("Only rows with this value.", StringComparison.Ordinal) == true;
    }

    [Fact]
    public async Task Every_body_stands_hostile_texts()
    {
        using TemporaryFolder folder = new();
        await using RunningService service = await sample.ServeAsync(await sample.CopyAsync(folder), o => o with { RequestsPerMinute = 10_000_000 });
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        List<string> wrong = [];
        foreach (Operation operation in document.Operations.Where(o => ServiceDocument.Body(o) is not null))
        {
            foreach (string body in new[] { "", "null", "[]", "{}", "1", "\"x\"", "{", "{\"a\":1}", "\0", new string('[', 50_000), $"{{\"a\":{new string('[', 2_000)}{new string(']', 2_000)}}}", "{\"target\":{\"$ne\":1}}" })
                await CheckAsync(service, document, operation, ServiceDocument.Request(operation, body: body), $"body {(body.Length > 40 ? body[..40] : body)}", wrong);
            await CheckAsync(service, document, operation, Politely(ServiceDocument.Request(operation, body: new string(' ', 10 << 20))), "10 MB", wrong, HttpStatusCode.RequestEntityTooLarge);
            if (ServiceDocument.Body(operation) is { Example: JsonObject example })
                foreach ((string field, JsonNode? value) in example)
                    foreach (JsonNode? replaced in new JsonNode?[] { null, "<script>alert(1)</script>", "'; DROP TABLE links; --", -1, 1e300, true, new JsonArray(), new JsonObject(), new JsonArray("<b>", 1, null) })
                    {
                        JsonObject changed = example.DeepClone().AsObject();
                        changed[field] = replaced?.DeepClone();
                        await CheckAsync(service, document, operation, ServiceDocument.Request(operation, body: changed.ToJsonString()), $"{field}={replaced?.ToJsonString() ?? "null"}", wrong);
                    }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n{string.Join('\n', wrong.Take(40))}");
    }

    [Fact]
    public async Task Nobody_is_let_in_without_a_key_where_keys_are_on()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { KeysOnLoopback = true, Dashboard = true });
        string text = new Backlinks.Api.ApiKeys(new DataFolder(service.Data)).Add("all", [Backlinks.Api.Scopes.Admin]).Text;
        service.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer " + text);
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        service.Client.DefaultRequestHeaders.Clear();
        Assert.True(document.Operations.Count > 20);
        foreach (Operation operation in document.Operations.Where(o => !o.IsPublic))
            foreach (string? header in new[] { null, "Bearer", "Bearer blk_00000000_" + new string('0', 64), "Basic YTpi" })
                using (HttpResponseMessage refused = await service.Client.SendAsync(header is null ? ServiceDocument.Request(operation) : ServiceDocument.Request(operation).With("Authorization", header)))
                    Assert.True(refused.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, $"{operation} with {header ?? "nothing"}: {(int)refused.StatusCode}");
        foreach (string path in new[] { "/", "/docs", "/docs/", "/openapi/v1.json", "/_blazor/negotiate", "/_framework/blazor.web.js", "/dashboard.css", "/_content/Radzen.Blazor/Radzen.Blazor.js", "/overview", "/nothing", "//api/v1/jobs", "/API/V1/jobs", "/api/v1/jobs/", "/api/v1/%6aobs", "/api/v1/health/../jobs" })
            foreach (HttpMethod method in new[] { HttpMethod.Get, HttpMethod.Head, HttpMethod.Post, HttpMethod.Options })
                Assert.True(await service.Client.StatusAsync(new HttpRequestMessage(method, service.Url.GetLeftPart(UriPartial.Authority) + path)) is HttpStatusCode.Unauthorized or HttpStatusCode.TooManyRequests, $"{method} {path}");
        foreach (Operation operation in document.Operations.Where(o => o.IsPublic))
        {
            string told = await (await service.Client.SendAsync(ServiceDocument.Request(operation))).Content.ReadAsStringAsync();
            Assert.DoesNotContain(service.Data, told, StringComparison.Ordinal);
            Assert.DoesNotMatch("\"free_bytes\":[0-9]", told);
        }
    }

    [Fact]
    public async Task A_run_that_is_damaged_or_gone_is_a_problem_and_others_are_answered()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        DataFolder opened = new(data);
        IReadOnlyList<string> runs = opened.RunIds();
        string current = opened.CurrentRun!, other = runs.First(id => id != current);
        foreach (string file in new[] { "run.json", "rows.duckdb" })
            File.WriteAllText(Path.Combine(opened.Runs, current, file), "damaged");
        await using RunningService service = await sample.ServeAsync(data);
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        Operation rows = document.Operations.First(o => o.Id == "all-backlinks");
        using (HttpResponseMessage damaged = await service.Client.SendAsync(ServiceDocument.Request(rows)))
        {
            string told = (await ProblemAsync(damaged, "run_damaged")).ToString();
            Assert.DoesNotContain(data, told, StringComparison.Ordinal); // where it lies is nobody's business
        }
        using (HttpResponseMessage fine = await service.Client.SendAsync(ServiceDocument.Request(rows, new Dictionary<string, string?> { ["run"] = other })))
            Assert.Equal(HttpStatusCode.OK, fine.StatusCode);
        Assert.Contains("\"damaged\"", await service.Client.GetStringAsync("/api/v1/health"), StringComparison.Ordinal);
        await service.Client.RefusedAsync(Get("/api/v1/health/ready"), "run_damaged");

        Directory.Delete(Path.Combine(opened.Runs, current), recursive: true);
        foreach (string? run in new[] { null, current, "../" + other, "..", "nothing" })
            using (HttpResponseMessage gone = await service.Client.SendAsync(ServiceDocument.Request(rows, new Dictionary<string, string?> { ["run"] = run })))
                await ProblemAsync(gone, "unknown_run");
    }

    /// <summary>Asks before it sends the body.</summary>
    private static HttpRequestMessage Politely(HttpRequestMessage request)
    {
        request.Headers.ExpectContinue = true;
        return request;
    }

    /// <summary>Whether asking would change the shared folder.</summary>
    private static bool Writes(Operation operation) => operation.Method != HttpMethod.Get && ((string?)operation.Json["description"])?.Contains("`jobs`", StringComparison.Ordinal) == true;

    private static async Task CheckAsync(RunningService service, ServiceDocument document, Operation operation, HttpRequestMessage request, string what, List<string> wrong, HttpStatusCode? expected = null)
    {
        HttpResponseMessage response;
        try
        {
            response = await service.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }
        catch (HttpRequestException error)
        {
            wrong.Add($"{operation} {what}: {error.Message}");
            return;
        }
        using (response)
        {
            string type = response.Content.Headers.ContentType?.MediaType ?? "";
            if (type == "text/event-stream")
                return;
            string text = await response.Content.ReadAsStringAsync();
            int status = (int)response.StatusCode;
            if (response.Headers.Contains("Set-Cookie"))
                wrong.Add($"{operation} {what}: sets a cookie");
            if (type == "text/html")
                wrong.Add($"{operation} {what}: answers HTML");
            if (expected is { } must && response.StatusCode != must)
                wrong.Add($"{operation} {what}: {status}, not {(int)must}");
            if (status >= 500 || (status is >= 400 and not (414 or 431) && type != "application/problem+json"))
                wrong.Add($"{operation} {what}: {status} {text[..Math.Min(text.Length, 300)]}");
            else if (status is not (404 or 405 or 414 or 431)) // which are also of addresses that a hostile part of an address makes
                wrong.AddRange(await document.DisagreementsAsync(operation, response));
        }
    }
}
