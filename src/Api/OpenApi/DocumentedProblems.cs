using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace Backlinks.Api;

/// <summary>How problems stand in the OpenAPI document: one schema for all, and for each status of an operation the codes it may carry (<c>x-codes</c>).</summary>
internal static class DocumentedProblems
{
    public const string SchemaName = "Problem";
    public const string MediaType = "application/problem+json";

    /// <summary>What any operation may answer: no key, a key for something else, too many or too slow questions, a request that lies about where it is from, a defect.</summary>
    public static IReadOnlyList<string> OfAll { get; } = ["no_key", "not_allowed", "unknown_host", "too_many_requests", "failed", "busy", "too_slow"];

    /// <summary>What an operation with parameters may answer.</summary>
    public static IReadOnlyList<string> OfParameters { get; } = ["invalid_parameter"];

    /// <summary>What an operation with a body may answer.</summary>
    public static IReadOnlyList<string> OfBodies { get; } = ["invalid_body", "invalid_parameter", "too_large", "unsupported_media_type"];

    /// <summary>What an operation on a run may answer.</summary>
    public static IReadOnlyList<string> OfRuns { get; } = ["no_run", "unknown_run", "run_damaged"];

    /// <summary>Adds an answer for every status of the codes.</summary>
    public static void Add(OpenApiOperation operation, OpenApiDocument? document, IEnumerable<string> codes)
    {
        operation.Responses ??= [];
        foreach (IGrouping<int, string> status in codes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).GroupBy(code => Problems.Codes[code].Status).OrderBy(g => g.Key))
        {
            var response = new OpenApiResponse
            {
                Description = string.Join("; ", status.Select(code => $"`{code}`: {Problems.Codes[code].Title}")) + ".",
                Content = new Dictionary<string, OpenApiMediaType>
                {
                    [MediaType] = new OpenApiMediaType
                    {
                        Schema = new OpenApiSchemaReference(SchemaName, document),
                        Examples = status.ToDictionary(code => code, IOpenApiExample (code) => new OpenApiExampleReference(code, document)),
                    },
                },
                Extensions = new Dictionary<string, IOpenApiExtension> { ["x-codes"] = new JsonNodeExtension(new JsonArray([.. status.Select(code => (JsonNode)code)])) },
            };
            if (status.Key is 429 or 503)
                response.Headers = new Dictionary<string, IOpenApiHeader> { ["Retry-After"] = new OpenApiHeader { Description = "Seconds after which to come again.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Minimum = "1" } } };
            operation.Responses[status.Key.ToString(System.Globalization.CultureInfo.InvariantCulture)] = response;
        }
    }

    public static OpenApiSchema Schema()
    {
        static OpenApiSchema Of(JsonSchemaType type, string meaning) => new() { Type = type, Description = meaning };
        OpenApiSchema code = Of(JsonSchemaType.String, "A stable word for programs:\n" + string.Join('\n', Problems.Codes.Select(c => $"- `{c.Key}` ({c.Value.Status}): {c.Value.Title}")));
        code.Enum = [.. Problems.Codes.Keys.Select(known => (JsonNode)known)];
        return new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Description = "Why a request was not answered (RFC 9457).",
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["type"] = Of(JsonSchemaType.String, "Address that names the kind of problem."),
                ["title"] = Of(JsonSchemaType.String, "The kind of problem, for people."),
                ["status"] = Of(JsonSchemaType.Integer, "The HTTP status."),
                ["detail"] = Of(JsonSchemaType.String, "What is wrong this time, and what would be right."),
                ["instance"] = Of(JsonSchemaType.String, "The path asked for."),
                ["code"] = code,
                ["errors"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Array,
                    Description = "What is wrong with each parameter or field; empty where it is not about one.",
                    Items = new OpenApiSchema
                    {
                        Type = JsonSchemaType.Object,
                        Properties = new Dictionary<string, IOpenApiSchema>
                        {
                            ["field"] = Of(JsonSchemaType.String, "Parameter, or JSON pointer into the body."),
                            ["message"] = Of(JsonSchemaType.String, "What is wrong with it, and what is allowed."),
                        },
                        Required = new HashSet<string> { "field", "message" },
                    },
                },
                ["trace_id"] = Of(JsonSchemaType.String, "Finds this request in the service's log and traces."),
            },
            Required = new HashSet<string> { "type", "title", "status", "detail", "instance", "code", "errors", "trace_id" },
        };
    }

    /// <summary>One example a code.</summary>
    public static IDictionary<string, IOpenApiExample> Examples() => Problems.Codes.Keys.ToDictionary(code => code, IOpenApiExample (code) => new OpenApiExample { Summary = Problems.Codes[code].Title, Value = Example(code) });

    private static JsonObject Example(string code) => new()
    {
        ["type"] = $"{Problems.TypeBase}{code}",
        ["title"] = Problems.Codes[code].Title,
        ["status"] = Problems.Codes[code].Status,
        ["detail"] = Problems.Codes[code].Title,
        ["instance"] = "/api/v1/…",
        ["code"] = code,
        ["errors"] = new JsonArray(),
        ["trace_id"] = "0af7651916cd43dd8448eb211c80319c",
    };
}
