using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.Pipeline;

/// <summary>Requests as JSON: snake_case names, words in lower case, nothing unknown.</summary>
public static class RequestJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        RespectNullableAnnotations = true,
    };

    /// <summary>Reads a request.</summary>
    /// <exception cref="RequestException">A field is unknown, or its value is of another type or none of its words.</exception>
    public static T Read<T>(JsonElement json) where T : class
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw new RequestException("", "the request must be a JSON object");
        foreach (JsonProperty field in json.EnumerateObject())
            if (Member<T>(field.Name) is null)
                throw new RequestException(field.Name, $"there is no field '{field.Name}'; there are {string.Join(", ", Fields<T>())}");
        try
        {
            return json.Deserialize<T>(Options)!;
        }
        catch (JsonException e)
        {
            string field = (e.Path ?? "").TrimStart('$', '.').Split('[', '.')[0];
            throw new RequestException(field, field.Length == 0 ? $"the request is not what is expected: {e.Message}"
                : Expected(Member<T>(field)) is { } expected ? $"{{{field}}} must be {expected}" : $"{{{field}}} is not what is expected: {e.Message}", e);
        }
    }

    private static IEnumerable<string> Fields<T>() =>
        typeof(T).GetProperties().Where(p => p.CanWrite).Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Order(StringComparer.Ordinal);

    private static PropertyInfo? Member<T>(string field) => Array.Find(typeof(T).GetProperties(), p => p.CanWrite && JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name) == field);

    private static string? Expected(PropertyInfo? member)
    {
        Type? type = member is null ? null : Nullable.GetUnderlyingType(member.PropertyType) ?? member.PropertyType;
        return type is null ? null
            : type.IsEnum ? "one of " + string.Join(", ", Enum.GetNames(type).Select(n => n.ToLowerInvariant()))
            : type == typeof(bool) ? "true or false"
            : type == typeof(string) ? "a text"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(double) ? "a number"
            : type.IsAssignableFrom(typeof(int[])) ? "a list of whole numbers"
            : type.IsAssignableFrom(typeof(string[])) ? "a list of texts"
            : null;
    }
}

/// <summary>Members of an enumeration as the command line has them: in lower case, without anything between words.</summary>
public sealed class LowerCase<T>() : JsonStringEnumConverter<T>(Policy, allowIntegerValues: false) where T : struct, Enum
{
    private static readonly JsonNamingPolicy Policy = new Lower();

    private sealed class Lower : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name.ToLowerInvariant();
    }
}
