using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Backlinks.Api;

/// <summary>Makes schemas say what the answers hold to.</summary>
internal static class DocumentedSchemas
{
    public static async Task Transform(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        Type type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type == typeof(DateTime) || type == typeof(DateTimeOffset))
            schema.Description ??= "UTC, ISO 8601.";
        foreach (JsonPropertyInfo property in context.JsonTypeInfo.Properties)
            if (property.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), true).OfType<JsonIgnoreAttribute>().FirstOrDefault() is { Condition: JsonIgnoreCondition.WhenWritingNull or JsonIgnoreCondition.WhenWritingDefault })
                schema.Required?.Remove(property.Name); // left out where it says nothing
        if (context.JsonPropertyInfo?.AttributeProvider?.GetCustomAttributes(typeof(ShortFormAttribute), true) is [ShortFormAttribute list])
        {
            schema.Type = JsonSchemaType.Array | (context.JsonPropertyInfo.IsGetNullable ? JsonSchemaType.Null : default);
            schema.Items = new OpenApiSchema { OneOf = [new OpenApiSchema { Type = JsonSchemaType.String, Description = list.Meaning }, await context.GetOrCreateSchemaAsync(list.Element, null, cancel)] };
        }
    }
}
