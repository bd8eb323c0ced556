using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace Backlinks.Api;

/// <summary>Adds to each operation what its metadata says: group, parameters with ranges and defaults, example, problems, the scope its key needs.</summary>
internal static class DocumentedOperations
{
    public static Task Transform(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        IList<object> metadata = context.Description.ActionDescriptor.EndpointMetadata;
        string path = "/" + context.Description.RelativePath;
        operation.Tags = new HashSet<OpenApiTagReference> { new(ApiDocument.Group(path), context.Document) };
        if (metadata.OfType<ToldRows>().LastOrDefault() is { Resource: var resource })
        {
            metadata = [.. metadata, .. DocumentedRows.Parameters(resource)];
            DocumentedRows.Answer(operation, context.Document, resource);
        }
        if (operation.Responses?.GetValueOrDefault("200") is OpenApiResponse { Content: { } answers })
            foreach (string type in metadata.OfType<ToldForms>().SelectMany(told => told.MediaTypes))
                answers.TryAdd(type, new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String } });
        Parameters(operation, metadata, path);
        foreach (ExampleRequest example in metadata.OfType<ExampleRequest>().Reverse())
            Example(operation, example);

        List<string> codes = [.. DocumentedProblems.OfAll];
        if (operation.Parameters is { Count: > 0 })
            codes.AddRange(DocumentedProblems.OfParameters);
        if (operation.Parameters?.Any(p => p.Name == "run" && p.In == ParameterLocation.Query) == true)
            codes.AddRange(DocumentedProblems.OfRuns);
        if (operation.RequestBody is not null)
            codes.AddRange(DocumentedProblems.OfBodies);
        codes.AddRange(metadata.OfType<ToldProblems>().SelectMany(told => told.Codes));
        string? scope = Scopes.Needed(metadata, context.Description.HttpMethod ?? "GET");
        if (scope is null)
            codes.RemoveAll(code => code is "no_key" or "not_allowed");
        DocumentedProblems.Add(operation, context.Document, codes);

        operation.Security = scope is null ? [] : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("key", context.Document)] = [] }];
        if (scope is not null)
            operation.Description = $"{operation.Description}\n\nWhere keys are needed: one with the scope `{scope}`.".TrimStart();
        return Task.CompletedTask;
    }

    private static void Parameters(OpenApiOperation operation, IList<object> metadata, string path)
    {
        List<IOpenApiParameter> all = [.. operation.Parameters ?? []];
        HashSet<string?> bound = [.. all.Select(p => p.Name)];
        foreach (DocumentedParameter told in metadata.OfType<DocumentedParameter>())
            if (!all.Any(p => p.Name == told.Name))
                all.Add(new OpenApiParameter { Name = told.Name, In = ParameterLocation.Query, Schema = new OpenApiSchema() });
        foreach (OpenApiParameter parameter in all.OfType<OpenApiParameter>())
        {
            DocumentedParameter? told = metadata.OfType<DocumentedParameter>().LastOrDefault(p => p.Name == parameter.Name);
            if (told is null && parameter.In == ParameterLocation.Query)
                CommonParameters.Known.TryGetValue(parameter.Name ?? "", out told);
            if (told is null)
            {
                if (parameter is { In: ParameterLocation.Path, Name: "id", Description: null or "" })
                    parameter.Description = $"Which one: its id, as GET /api/v1/{path.Split('/')[3]} lists it.";
                continue;
            }
            if (string.IsNullOrEmpty(parameter.Description))
                parameter.Description = told.Meaning;
            if (!bound.Contains(parameter.Name!)) // what is bound says by its C# type whether it is needed
                parameter.Required = told.Required;
            if (parameter.Schema is not OpenApiSchema schema)
                continue;
            schema.Type = told.Type switch { "integer" => JsonSchemaType.Integer, "number" => JsonSchemaType.Number, "boolean" => JsonSchemaType.Boolean, _ => JsonSchemaType.String };
            if (told.OneOf.Count > 0)
                schema.Enum = [.. told.OneOf.Select(word => (JsonNode)word)];
            schema.Minimum ??= Number(told.Minimum);
            schema.Maximum ??= Number(told.Maximum);
            schema.Default ??= told.Standard is null ? null : JsonSerializer.SerializeToNode(told.Standard);
        }
        operation.Parameters = all.Count > 0 ? all : null;
    }

    private static void Example(OpenApiOperation operation, ExampleRequest example)
    {
        Dictionary<string, string> values = QueryHelpers.ParseQuery(example.Query).ToDictionary(q => q.Key, q => q.Value.ToString());
        foreach ((string name, string value) in example.Route)
            values[name] = value;
        foreach (OpenApiParameter parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
            if (parameter.Name is { } name && values.TryGetValue(name, out string? value))
                parameter.Example = Typed(parameter, value);
        if (example.Body is { } body && operation.RequestBody?.Content is { } contents)
            foreach (OpenApiMediaType content in contents.Where(c => c.Key == example.Type).Select(c => c.Value))
                content.Example = example.Type == "application/json" ? JsonNode.Parse(body) : body;
    }

    private static JsonNode? Typed(OpenApiParameter parameter, string value) => (parameter.Schema?.Type ?? JsonSchemaType.String) switch
    {
        JsonSchemaType type when type.HasFlag(JsonSchemaType.Boolean) && bool.TryParse(value, out bool yes) => yes,
        JsonSchemaType type when type.HasFlag(JsonSchemaType.Integer) && long.TryParse(value, out long whole) => whole,
        JsonSchemaType type when type.HasFlag(JsonSchemaType.Number) && double.TryParse(value, System.Globalization.CultureInfo.InvariantCulture, out double number) => number,
        _ => value,
    };

    private static string? Number(double? value) => value?.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
