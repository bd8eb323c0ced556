using System.Reflection;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Backlinks.Api;

/// <summary>Makes schemas say what the answers hold to.</summary>
internal static class DocumentedSchemas
{
    public static Task Transform(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancel)
    {
        Type type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type == typeof(DateTime) || type == typeof(DateTimeOffset))
            schema.Description ??= "UTC, ISO 8601.";
        return Task.CompletedTask;
    }
}
