using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Backlinks.Tests.Api;

/// <summary>An operation of the document.</summary>
internal sealed record Operation(string Path, HttpMethod Method, JsonObject Json)
{
    public string Id => (string?)Json["operationId"] ?? $"{Method} {Path}";

    public IReadOnlyList<JsonObject> Parameters => [.. (Json["parameters"] as JsonArray ?? []).Select(p => p!.AsObject())];

    public JsonObject Responses => Json["responses"]!.AsObject();

    /// <summary>Whether anybody may ask, key or not.</summary>
    public bool IsPublic => Json["security"] is JsonArray { Count: 0 };

    public override string ToString() => Id;
}

/// <summary>
/// The OpenAPI document as a client sees it: makes requests from its examples and holds answers against it. Schemas are closed for the
/// check, so that a field that is answered and not documented is found.
/// </summary>
internal sealed class ServiceDocument
{
    private readonly JsonObject _json;
    private readonly JsonObject _definitions;
    private readonly Dictionary<string, JsonSchema> _schemas = new(StringComparer.Ordinal);
    private readonly EvaluationOptions _evaluation = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    private ServiceDocument(JsonObject json)
    {
        _json = json;
        _definitions = Closed(json["components"]!["schemas"]!).AsObject();
        Operations = [.. json["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject().Where(o => o.Value is JsonObject && o.Key is "get" or "post" or "put" or "patch" or "delete")
            .Select(o => new Operation(path.Key, HttpMethod.Parse(o.Key), o.Value!.AsObject())))];
    }

    public JsonObject Json => _json;

    public IReadOnlyList<Operation> Operations { get; }

    public static async Task<ServiceDocument> OfAsync(HttpClient client) => new(JsonNode.Parse(await client.GetStringAsync("/openapi/v1.json"))!.AsObject());

    /// <summary>The request of the operation's example.</summary>
    /// <param name="change">Other values of parameters, by name; null leaves one out.</param>
    public static HttpRequestMessage Request(Operation operation, IReadOnlyDictionary<string, string?>? change = null, string? body = null)
    {
        string path = operation.Path;
        List<string> query = [];
        foreach (JsonObject parameter in operation.Parameters)
        {
            string name = (string)parameter["name"]!;
            string? value = change?.TryGetValue(name, out string? changed) == true ? changed : Text(parameter["example"]);
            if ((string?)parameter["in"] == "path")
                path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value ?? ""), StringComparison.Ordinal);
            else if ((string?)parameter["in"] == "query" && value is not null)
                query.Add($"{name}={Uri.EscapeDataString(value)}");
        }
        HttpRequestMessage request = new(operation.Method, query.Count == 0 ? path : $"{path}?{string.Join('&', query)}");
        if (Body(operation) is { } sent)
        {
            request.Content = new StringContent(body ?? sent.Example?.ToJsonString() ?? "", Encoding.UTF8);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(sent.Type);
        }
        return request;
    }

    /// <summary>What the operation takes as its body: JSON where it does.</summary>
    public static (string Type, JsonNode? Example)? Body(Operation operation) =>
        operation.Json["requestBody"]?["content"] is JsonObject contents && contents.OrderBy(c => c.Key == "application/json" ? 0 : 1).FirstOrDefault() is { Key: { } type, Value: { } content } ? (type, content["example"]) : null;

    /// <summary>Why an answer is not what the document says; empty where it is.</summary>
    public async Task<IReadOnlyList<string>> DisagreementsAsync(Operation operation, HttpResponseMessage response)
    {
        string status = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (operation.Responses[status] is not JsonObject told)
            return [$"{operation}: answers {status}, which is not documented: {Clip(await response.Content.ReadAsStringAsync())}"];
        if (told["content"] is not JsonObject contents)
            return response.Content.Headers.ContentLength is 0 or null && response.Content.Headers.ContentType is null ? [] : [$"{operation}: {status} has a body, which is not documented"];
        string type = response.Content.Headers.ContentType?.MediaType ?? "none";
        if (contents[type] is not JsonObject content)
            return [$"{operation}: {status} is of type {type}, documented are {string.Join(", ", contents.Select(c => c.Key))}"];
        if (!type.EndsWith("json", StringComparison.Ordinal) || type == "application/x-ndjson")
            return [];
        string text = await response.Content.ReadAsStringAsync();
        if (type == "application/problem+json" && JsonNode.Parse(text)?["code"] is { } code && told["x-codes"] is JsonArray codes && !codes.Any(c => (string?)c == (string?)code))
            return [$"{operation}: {status} tells {code}, documented are {codes.ToJsonString()}"];
        if (content["schema"] is not { } schema)
            return [$"{operation}: {status} {type} has no schema"];
        return [.. Validate(schema, text).Select(error => $"{operation}: {status} {error} in {Clip(text)}")];
    }

    /// <summary>Where a text is not what a schema of the document says.</summary>
    public IEnumerable<string> Validate(JsonNode schema, string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        EvaluationResults results = Compiled(schema).Evaluate(document.RootElement, _evaluation);
        return results.IsValid ? [] : (results.Details ?? []).Where(d => d.Errors is { Count: > 0 }).SelectMany(d => d.Errors!.Select(e => $"{d.InstanceLocation}: {e.Key} {e.Value}")).Take(5).DefaultIfEmpty("does not fit its schema");
    }

    private JsonSchema Compiled(JsonNode schema)
    {
        string key = schema.ToJsonString();
        if (_schemas.TryGetValue(key, out JsonSchema? known))
            return known;
        JsonObject root = Closed(schema).AsObject();
        root["$defs"] = _definitions.DeepClone();
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        return _schemas[key] = JsonSchema.FromText(root.ToJsonString());
    }

    /// <summary>A copy that allows no field beyond those named, and finds its references below <c>$defs</c>.</summary>
    private static JsonNode Closed(JsonNode schema)
    {
        switch (schema)
        {
            case JsonObject given:
                var closed = new JsonObject();
                foreach ((string key, JsonNode? value) in given)
                    closed[key] = key == "$ref" ? ((string)value!).Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal)
                        : key is "example" or "examples" or "default" or "enum" or "description" || value is null ? value?.DeepClone() : Closed(value);
                if (given["properties"] is JsonObject && given["type"] is not null && !given.ContainsKey("additionalProperties"))
                    closed["additionalProperties"] = false;
                return closed;
            case JsonArray list:
                return new JsonArray([.. list.Select(item => item is null ? null : Closed(item))]);
            default:
                return schema.DeepClone();
        }
    }

    private static string? Text(JsonNode? value) => value switch
    {
        null => null,
        JsonValue text when text.TryGetValue(out string? plain) => plain,
        _ => value.ToJsonString(),
    };

    private static string Clip(string text) => text.Length <= 300 ? text : text[..300] + "…";
}
