using Microsoft.OpenApi;

namespace Backlinks.Api;

/// <summary>How rows of a resource stand in the OpenAPI document: a schema of its columns, the parameters that all such questions take, and the forms of the answer.</summary>
internal static class DocumentedRows
{
    /// <summary>Parameters of a question for rows; filters by a column (<c>column=value</c>) come on top.</summary>
    public static IEnumerable<DocumentedParameter> Parameters(Resource resource)
    {
        foreach (string name in RowQuestion.RowParameters)
            if (name != "aggregation" || resource.Aggregates)
                yield return name switch
                {
                    "select" => CommonParameters.Known[name] with { Meaning = $"Columns of the answer, comma-separated, in this order, of: {string.Join(", ", resource.Columns.Select(c => c.Name))}.", Standard = string.Join(',', resource.Columns.Where(c => c.Usual).Select(c => c.Name)) },
                    "order_by" => CommonParameters.Known[name] with { Standard = resource.Order },
                    _ => CommonParameters.Known[name],
                };
        foreach (Column column in resource.Columns.Where(c => c.Filterable && !RowQuestion.RowParameters.Contains(c.Name)))
            yield return new DocumentedParameter(column.Name, $"Only rows with this value. {column.Meaning}", column.Type switch { ColumnType.Integer => "integer", ColumnType.Number => "number", ColumnType.Boolean => "boolean", _ => "string" });
    }

    /// <summary>The answer: an envelope in JSON, bare rows in the other forms.</summary>
    public static void Answer(OpenApiOperation operation, OpenApiDocument? document, Resource resource)
    {
        string row = resource.Name + "-row";
        document!.AddComponent(row, Row(resource));
        var envelope = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { resource.Array, "meta" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                [resource.Array] = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchemaReference(row, document) },
                ["meta"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Required = new HashSet<string> { "total_count", "next_cursor", "in_index", "run" },
                    Properties = new Dictionary<string, IOpenApiSchema>
                    {
                        ["total_count"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Description = "Rows in all that fit, on all pages." },
                        ["next_cursor"] = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Null, Description = "To be given as cursor for the page behind; null on the last." },
                        ["in_index"] = new OpenApiSchema { Type = JsonSchemaType.Boolean, Description = "Whether the run knows the target at all." },
                        ["run"] = new OpenApiSchemaReference(nameof(RunStamp), document),
                    },
                },
            },
        };
        operation.Responses ??= [];
        operation.Responses["200"] = new OpenApiResponse
        {
            Description = "A page of rows, or in the other forms all of them.",
            Headers = Tag(),
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new OpenApiMediaType { Schema = envelope },
                ["text/csv"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = "RFC 4180 with a header." } },
                ["application/x-ndjson"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A row a line." } },
                ["application/vnd.apache.parquet"] = new OpenApiMediaType { Schema = new OpenApiSchema { Description = "A Parquet file." } },
            },
        };
        operation.Responses["304"] = new OpenApiResponse { Description = "As it was: the ETag in If-None-Match is still right.", Headers = Tag() };
    }

    private static Dictionary<string, IOpenApiHeader> Tag() => new() { ["ETag"] = new OpenApiHeader { Description = "Of run and question; give it back in If-None-Match.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } } };

    /// <summary>No column is required, for select chooses; any may be null.</summary>
    private static OpenApiSchema Row(Resource resource) => new()
    {
        Type = JsonSchemaType.Object,
        Description = resource.Summary,
        Properties = resource.Columns.ToDictionary(column => column.Name, IOpenApiSchema (column) => new OpenApiSchema
        {
            Type = JsonSchemaType.Null | column.Type switch { ColumnType.Integer => JsonSchemaType.Integer, ColumnType.Number => JsonSchemaType.Number, ColumnType.Boolean => JsonSchemaType.Boolean, _ => JsonSchemaType.String },
            Format = column.Type switch { ColumnType.Integer => "int64", ColumnType.Number => "double", ColumnType.Time => "date-time", _ => null },
            Description = column.Meaning + (column.Usual ? "" : " Only when selected."),
        }),
    };
}
