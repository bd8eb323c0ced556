using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Backlinks.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>The OpenAPI document against the service it describes: on the sample web, every operation that there is.</summary>
public sealed class OpenApiTests(SampleWebRun sample) : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private RunningService _service = null!;
    private ServiceDocument _document = null!;

    private HttpClient Client => _service.Client;

    public async ValueTask InitializeAsync()
    {
        _service = await sample.ServeAsync(await sample.CopyAsync(_folder), o => o with { Log = LogForm.Text, LogLevel = Microsoft.Extensions.Logging.LogLevel.Error }); // a copy, for examples start jobs
        Client.Timeout = TimeSpan.FromMinutes(5);
        _document = await ServiceDocument.OfAsync(Client);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public void Document_has_every_address_of_the_service_and_no_other()
    {
        HashSet<string> mapped = [.. _service.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText?.StartsWith("/api/v1", StringComparison.Ordinal) == true)
            .SelectMany(e => (e.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["ANY"]).Select(method => $"{method} {Plain(e.RoutePattern)}"))];
        HashSet<string> documented = [.. _document.Operations.Select(o => $"{o.Method} {o.Path}")];
        Assert.Equal(mapped.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
        Assert.True(documented.Count > 20, $"only {documented.Count} operations");
        Assert.Equal(documented.Count, _document.Operations.Select(o => o.Id).Distinct().Count());

        static string Plain(Microsoft.AspNetCore.Routing.Patterns.RoutePattern pattern) =>
            "/" + string.Join('/', pattern.PathSegments.Select(s => string.Concat(s.Parts.Select(p => p is Microsoft.AspNetCore.Routing.Patterns.RoutePatternParameterPart value ? $"{{{value.Name}}}" : ((Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart)p).Content))));
    }

    [Fact]
    public void Every_operation_parameter_and_field_is_described_and_every_operation_has_an_example()
    {
        List<string> missing = [];
        foreach (Operation operation in _document.Operations)
        {
            if (string.IsNullOrWhiteSpace((string?)operation.Json["summary"]))
                missing.Add($"{operation}: no summary");
            if ((operation.Json["tags"] as JsonArray)?.Count is not 1)
                missing.Add($"{operation}: not in one group");
            foreach (JsonObject parameter in operation.Parameters)
            {
                if (string.IsNullOrWhiteSpace((string?)parameter["description"]))
                    missing.Add($"{operation}: parameter {parameter["name"]} is not described");
                if (parameter["schema"]?["type"] is null && parameter["schema"]?["$ref"] is null && parameter["schema"]?["oneOf"] is null)
                    missing.Add($"{operation}: parameter {parameter["name"]} has no type");
                if ((string?)parameter["in"] == "path" && parameter["example"] is null)
                    missing.Add($"{operation}: no example of {parameter["name"]}");
            }
            if (!HasExample(operation))
                missing.Add($"{operation}: no example");
            if (operation.Json["requestBody"]?["content"] is JsonObject bodies && bodies.All(b => b.Value!["example"] is null))
                missing.Add($"{operation}: no example of its body");
            if (!operation.Responses.Any(r => r.Key == "204" || r.Key.StartsWith('2') && r.Value!["content"] is JsonObject { Count: > 0 } contents && contents.All(c => c.Value!["schema"] is not null)))
                missing.Add($"{operation}: what it answers is not documented");
        }
        Assert.True(missing.Count == 0, $"{missing.Count}:\n{string.Join('\n', missing)}");
    }

    /// <summary>Examples are also what colleagues of the document run: an endpoint says it, not only its parameters.</summary>
    private bool HasExample(Operation operation) => Examples().Any(e => e.Operation.Id == operation.Id);

    [Fact]
    public async Task Every_documented_example_runs_and_answers_what_is_documented()
    {
        List<string> wrong = [];
        int answered = 0;
        foreach ((Operation operation, ExampleRequest example) in Examples())
        {
            using HttpRequestMessage request = await ExampleAsync(operation, example);
            using HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            answered++;
            if (!response.IsSuccessStatusCode)
            {
                wrong.Add($"{operation} {request.RequestUri}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
                continue;
            }
            if (response.Content.Headers.ContentType?.MediaType == "text/event-stream")
                continue; // has no end to wait for; JobsTests read it
            wrong.AddRange(await _document.DisagreementsAsync(operation, response));
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {answered}:\n{string.Join('\n', wrong)}");
        Assert.True(answered >= _document.Operations.Count);
    }

    [Fact]
    public async Task The_examples_in_the_document_are_those_of_the_endpoints()
    {
        foreach (Operation operation in _document.Operations.Where(o => o.Method == HttpMethod.Get && !o.Path.Contains('{')))
        {
            using HttpResponseMessage response = await Client.SendAsync(ServiceDocument.Request(operation), HttpCompletionOption.ResponseHeadersRead);
            Assert.True(response.IsSuccessStatusCode, $"{operation}: {(int)response.StatusCode}");
        }
    }

    [Fact]
    public async Task Every_form_of_output_that_is_documented_is_answered()
    {
        foreach (Operation operation in _document.Operations.Where(o => o.Method == HttpMethod.Get && o.Parameters.Any(p => (string?)p["name"] == "output" && p["schema"]?["enum"] is JsonArray)))
        {
            string? known = await KnownAsync(operation);
            foreach (JsonNode? form in operation.Parameters.First(p => (string?)p["name"] == "output")["schema"]!["enum"]!.AsArray())
            {
                Dictionary<string, string?> change = new() { ["output"] = (string)form! };
                if (known is not null)
                    change["id"] = known;
                using HttpResponseMessage response = await Client.SendAsync(ServiceDocument.Request(operation, change));
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{operation} as {form}: {(int)response.StatusCode}");
                Assert.Empty(await _document.DisagreementsAsync(operation, response));
            }
        }
    }

    [Fact]
    public async Task Every_documented_value_and_bound_of_a_parameter_is_taken_and_what_is_beyond_is_refused_by_name()
    {
        List<string> wrong = [];
        foreach (Operation operation in _document.Operations.Where(o => o.Method == HttpMethod.Get && !o.Path.Contains('{')))
            foreach (JsonObject parameter in operation.Parameters.Where(p => (string?)p["in"] == "query"))
            {
                string name = (string)parameter["name"]!;
                JsonNode? schema = parameter["schema"];
                async Task Expect(string value, bool taken)
                {
                    using HttpResponseMessage response = await Client.SendAsync(ServiceDocument.Request(operation, new Dictionary<string, string?> { [name] = value }), HttpCompletionOption.ResponseHeadersRead);
                    bool named = response.IsSuccessStatusCode || (await response.Content.ReadAsStringAsync()).Contains(name, StringComparison.Ordinal);
                    if (taken ? !response.IsSuccessStatusCode && response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Conflict) : response.StatusCode != HttpStatusCode.BadRequest || !named)
                        wrong.Add($"{operation}: {name}={value} is {(taken ? "documented" : "not documented")} and answered {(int)response.StatusCode} {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync())}");
                }
                foreach (JsonNode? value in schema?["enum"] as JsonArray ?? [])
                    await Expect((string)value!, taken: true);
                if (schema?["enum"] is JsonArray)
                    await Expect("no-such-word", taken: false);
                if (schema?["minimum"] is { } least)
                {
                    await Expect(least.ToJsonString(), taken: true);
                    await Expect(((double)least - 1).ToString(System.Globalization.CultureInfo.InvariantCulture), taken: false);
                }
                if (schema?["maximum"] is { } most)
                {
                    await Expect(most.ToJsonString(), taken: true);
                    await Expect(((double)most + 1).ToString(System.Globalization.CultureInfo.InvariantCulture), taken: false);
                }
            }
        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public async Task Problems_of_questions_are_told_by_their_codes()
    {
        const string rows = "/api/v1/site-explorer/all-backlinks?target=labs.example";
        const string many = "/api/v1/site-explorer/all-backlinks?target=best-guitar-deals.example&limit=1";
        RunCatalog catalog = _service.App.Services.GetRequiredService<RunCatalog>();
        string other = catalog.Folder.RunIds().First(id => id != catalog.Folder.CurrentRun);
        await Client.RefusedAsync(Asking.Get(rows + "&limit=0"), "invalid_parameter");
        await Client.RefusedAsync(Asking.Get(rows + "&where={"), "invalid_filter");
        await Client.RefusedAsync(Asking.Get(rows + "&cursor=abc"), "invalid_cursor");
        await Client.RefusedAsync(Asking.Get(rows + "&run=nothing"), "unknown_run");
        await Client.RefusedAsync(Asking.Get(rows).With("Accept", "image/png"), "not_acceptable");
        await Client.RefusedAsync(Asking.Get("/api/v1/jobs/999999-run"), "not_found");
        await Client.RefusedAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/v1/health"), "method_not_allowed");

        string crawl = await StartedAsync("crawl-start");
        using (HttpResponseMessage cancelled = await Client.SendAsync(Asking.Post($"/api/v1/jobs/{crawl}/cancel")))
            Assert.True(cancelled.IsSuccessStatusCode);
        while (JsonNode.Parse(await Client.GetStringAsync($"/api/v1/jobs/{crawl}"))!["ended"] is null)
            await Task.Delay(50);
        await Client.RefusedAsync(Asking.Post($"/api/v1/jobs/{crawl}/cancel"), "conflict");

        string cursor = (string)JsonNode.Parse(await Client.GetStringAsync($"{many}&run={other}"))!["meta"]!["next_cursor"]!;
        catalog.Forget(other);
        Directory.Delete(Path.Combine(catalog.Folder.Runs, other), recursive: true);
        await Client.RefusedAsync(Asking.Get($"{many}&cursor={Uri.EscapeDataString(cursor)}"), "cursor_expired");

        await using OwnService graph = await OwnService.StartAsync(prepare: data =>
        {
            Cli.Program.Run("import", Cli.Inputs.Dataset("tiny", "named.txt"), "--data", data).Ok();
            Cli.Program.Run("rank", "--data", data).Ok();
        });
        await graph.Client.RefusedAsync(Asking.Get(rows), "no_rows");
        await graph.Client.RefusedAsync(Asking.Get("/api/v1/spam/clusters"), "not_in_run");
    }

    [Fact]
    public void Every_code_is_provoked_by_a_test()
    {
        string tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Cli.Inputs.Repository, "tests", "Backlinks.Tests", "Api"), "*.cs").Select(File.ReadAllText));
        Assert.All(Problems.Codes.Keys, code => Assert.Matches($"(RefusedAsync|ProblemAsync)\\([^;]*\"{code}\"\\)", tests));
    }

    [Fact]
    public void Document_is_of_version_3_1_and_its_references_lead_somewhere()
    {
        Assert.StartsWith("3.1.", (string?)_document.Json["openapi"]);
        string text = _document.Json.ToJsonString();
        foreach (Match reference in Regex.Matches(text, "\"\\$ref\":\"#/([^\"]+)\""))
        {
            JsonNode? at = _document.Json;
            foreach (string part in reference.Groups[1].Value.Split('/'))
                at = at?[Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)];
            Assert.True(at is not null, reference.Value);
        }
        Assert.All(Problems.Codes.Keys, code => Assert.Contains($"\"{code}\"", text, StringComparison.Ordinal));
        foreach ((string name, JsonNode? example) in _document.Json["components"]!["examples"]!.AsObject())
            Assert.Empty(_document.Validate(new JsonObject { ["$ref"] = "#/components/schemas/Problem" }, example!["value"]!.ToJsonString()));
    }

    [Fact]
    public void The_check_finds_a_field_too_many_a_field_missing_and_a_field_of_another_type()
    {
        JsonObject stamp = new() { ["$ref"] = "#/components/schemas/RunStamp" };
        const string right = """{"id":"a","built_at":"2026-01-31T00:00:00Z","engine_version":"1","config_hash":"b","scale_version":1}""";
        Assert.Empty(_document.Validate(stamp, right));
        Assert.NotEmpty(_document.Validate(stamp, right.Replace("\"id\":\"a\",", "", StringComparison.Ordinal)));
        Assert.NotEmpty(_document.Validate(stamp, right.Replace("{\"id\"", "{\"extra\":1,\"id\"", StringComparison.Ordinal)));
        Assert.NotEmpty(_document.Validate(stamp, right.Replace("\"scale_version\":1", "\"scale_version\":\"1\"", StringComparison.Ordinal)));
        Assert.NotEmpty(_document.Validate(stamp, right.Replace("2026-01-31T00:00:00Z", "yesterday", StringComparison.Ordinal)));
    }

    /// <summary>The examples that endpoints carry, with the operations of the document that they belong to.</summary>
    private IEnumerable<(Operation Operation, ExampleRequest Example)> Examples() =>
        from endpoint in _service.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        let name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        from operation in _document.Operations
        where operation.Id == name
        from example in endpoint.Metadata.GetOrderedMetadata<ExampleRequest>()
        select (operation, example);

    /// <summary>The request of an example. An id in it that only something started or decided before has takes its place.</summary>
    private async Task<HttpRequestMessage> ExampleAsync(Operation operation, ExampleRequest example)
    {
        string path = operation.Path;
        string? known = await KnownAsync(operation);
        foreach ((string name, string value) in example.Route)
            path = path.Replace($"{{{name}}}", Uri.EscapeDataString(name == "id" && known is not null ? known : value), StringComparison.Ordinal);
        Assert.DoesNotContain("{", path, StringComparison.Ordinal);
        HttpRequestMessage request = new(operation.Method, path + example.Query);
        if (example.Body is not null)
            request.Content = new StringContent(example.Body, System.Text.Encoding.UTF8, example.Type);
        return request;
    }

    private async Task<string?> KnownAsync(Operation operation)
    {
        switch (operation.Id)
        {
            case "job" or "job-events":
                return await StartedAsync("run-start");
            case "job-cancel" or "run-cancel":
                await StartedAsync("run-start");
                return await StartedAsync("run-start"); // waits for the first, so it has not ended
            case "crawl" or "crawl-cancel":
                string crawl = await StartedAsync("crawl-start");
                while (operation.Id == "crawl" && (string?)JsonNode.Parse(await Client.GetStringAsync($"/api/v1/jobs/{crawl}"))!["crawl"] is null)
                    await Task.Delay(50); // it is a crawl once it has begun
                return crawl;
            case "import":
                return await StartedAsync("import-start");
            case "import-cancel":
                await StartedAsync("run-start");
                return await StartedAsync("import-start");
            case "schedule-remove":
                return await StartedAsync("schedule-add");
            case "run-pin" or "run-unpin":
                return _service.App.Services.GetRequiredService<RunCatalog>().Folder.CurrentRun;
            case "spam-cluster":
                return (string?)JsonNode.Parse(await Client.GetStringAsync("/api/v1/spam/clusters"))!["clusters"]![0]!["id"];
            case "spam-review" or "spam-review-delete":
                Operation put = _document.Operations.First(o => o.Id == "spam-review-put");
                using (HttpResponseMessage decided = await Client.SendAsync(await ExampleAsync(put, Examples().First(e => e.Operation.Id == put.Id).Example)))
                    Assert.True(decided.IsSuccessStatusCode);
                return null;
            default:
                return null;
        }
    }

    /// <summary>Starts what the example of an operation starts; returns its id.</summary>
    private async Task<string> StartedAsync(string operation)
    {
        (Operation start, ExampleRequest example) = Examples().First(e => e.Operation.Id == operation);
        using HttpResponseMessage started = await Client.SendAsync(await ExampleAsync(start, example));
        string text = await started.Content.ReadAsStringAsync();
        return started.IsSuccessStatusCode ? (string)JsonNode.Parse(text)!["id"]! : throw new InvalidOperationException($"{operation}: {text}");
    }
}
