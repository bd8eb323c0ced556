using System.Globalization;
using System.Text.Json;
using Backlinks.Pipeline;

namespace Backlinks.Api;

/// <summary>
/// A filter in the grammar of Ahrefs' API v3, understood and checked, before it is SQL:
/// <code>
/// filter    = {"and": [filter, …]} | {"or": [filter, …]} | {"not": filter} | condition
/// condition = {"field": NAME, "is": test}   or with "modifier": "lowercase" | "uppercase" | "length" between
/// test      = [op, value] | "is_null" | "is_not_null"
/// op        = eq neq gt gte lt lte                                          any type, values of the column's
///             substring prefix suffix regex, and isubstring iprefix isuffix iregex iphrase phrase without regard to case   text
///             in                                                            a list of values, at most 256
/// </code>
/// A condition on an empty value (null) holds for is_null and neq alone, and "not" turns whatever it is given: so every row fits either a
/// filter or its "not". Depth at most <see cref="MostDepth"/>, conditions at most <see cref="MostTerms"/>, a value at most
/// <see cref="MostValue"/> characters; regular expressions are RE2's, which take time linear in the text, at most <see cref="MostPattern"/> characters.
/// </summary>
internal abstract record Filter
{
    public const int MostDepth = 32, MostTerms = 256, MostValue = 4096, MostPattern = 512, MostText = 65_536;

    public sealed record All(IReadOnlyList<Filter> Parts) : Filter;

    public sealed record Any(IReadOnlyList<Filter> Parts) : Filter;

    public sealed record Not(Filter Part) : Filter;

    /// <param name="Modifier">Null, <c>lowercase</c>, <c>uppercase</c> or <c>length</c>.</param>
    /// <param name="Value">string, long, double, bool, DateTime; a list of them for <c>in</c>; null for is_null and is_not_null.</param>
    public sealed record Is(Column Column, string? Modifier, string Op, object? Value) : Filter;

    private static readonly string[] Comparisons = ["eq", "neq", "gt", "gte", "lt", "lte"];

    private static readonly string[] Texts = ["substring", "isubstring", "prefix", "iprefix", "suffix", "isuffix", "regex", "iregex", "phrase_match", "iphrase_match"];

    /// <summary>The tests that a column takes.</summary>
    public static IReadOnlyList<string> OpsOf(ColumnType type) => type switch
    {
        ColumnType.Text => [.. Comparisons, "in", .. Texts, "is_null", "is_not_null"],
        ColumnType.Boolean => ["eq", "neq", "is_null", "is_not_null"],
        _ => [.. Comparisons, "in", "is_null", "is_not_null"],
    };

    /// <summary>Reads a filter.</summary>
    /// <exception cref="ProblemException"><c>invalid_filter</c>, with a JSON pointer to what is wrong.</exception>
    public static Filter Parse(string json, Resource resource)
    {
        if (json.Length > MostText)
            throw Wrong("", $"is {json.Length:N0} characters long; at most {MostText:N0} are read");
        int depth = 0;
        foreach (char c in json) // a cheap upper bound, so that no reader of JSON meets a thousand levels; brackets within texts count as well
            depth = c is '{' or '[' ? depth + 1 : depth;
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = Math.Min(depth + 1, 2 * MostDepth + 8) });
            int terms = 0;
            return Read(document.RootElement, resource, "", 1, ref terms);
        }
        catch (InvalidOperationException)
        {
            throw Wrong("", "holds half a surrogate pair, which is no text");
        }
        catch (JsonException e)
        {
            throw Wrong("", e.Message.Contains("maximum configured depth", StringComparison.Ordinal) ? $"is nested more than {MostDepth} levels deep"
                : $"is not JSON (at character {e.BytePositionInLine + 1}); an example: {{\"field\":\"{resource.Columns[0].Name}\",\"is\":[\"eq\",\"…\"]}}");
        }
    }

    /// <summary>The plain form: <c>field=value</c>.</summary>
    public static Filter Parse(Column column, string text)
    {
        if (text.Length > MostValue)
            throw Problems.Parameter(column.Name, $"is {text.Length:N0} characters long; at most {MostValue:N0} are read");
        if (text.Contains('\0', StringComparison.Ordinal))
            throw Problems.Parameter(column.Name, "holds a NUL, which no text here does");
        return new Is(column, null, "eq", column.Type switch
        {
            ColumnType.Text => text,
            ColumnType.Integer => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) ? whole : throw Expected(),
            ColumnType.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : throw Expected(),
            ColumnType.Boolean => text switch { "true" or "1" => true, "false" or "0" => false, _ => throw Expected() },
            _ => TryTime(text, out DateTime time) ? time : throw Expected(),
        });
        ProblemException Expected() => Problems.Parameter(column.Name, $"must be {Name(column.Type)}, not '{Clip(text)}'");
    }

    public static bool TryTime(string text, out DateTime time) => DateTime.TryParseExact(text,
        ["yyyy-MM-dd", "yyyy-MM-ddTHH:mmK", "yyyy-MM-ddTHH:mm:ssK", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss"], CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    /// <summary>A column's type for people.</summary>
    public static string Name(ColumnType type) => type switch
    {
        ColumnType.Text => "a text",
        ColumnType.Integer => "a whole number",
        ColumnType.Number => "a number",
        ColumnType.Boolean => "true or false",
        _ => "a time such as 2026-01-31 or 2026-01-31T12:00:00Z",
    };

    public static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";

    /// <summary>A column that there is not, with the nearest that there is.</summary>
    public static string Unknown(string name, IEnumerable<string> known)
    {
        string[] names = [.. known];
        return $"there is no '{Clip(name)}' here; " + (NearNames.Among(names, name) is { } near ? $"did you mean '{near}'?" : $"there is {string.Join(", ", names)}");
    }

    private static Filter Read(JsonElement json, Resource resource, string at, int depth, ref int terms)
    {
        if (depth > MostDepth)
            throw Wrong(at, $"is nested more than {MostDepth} levels deep");
        if (json.ValueKind != JsonValueKind.Object)
            throw Wrong(at, "must be an object with and, or, not, or field and is");
        JsonProperty[] members = [.. json.EnumerateObject()];
        if (members is [{ Name: "and" or "or" } list])
        {
            if (list.Value.ValueKind != JsonValueKind.Array || list.Value.GetArrayLength() == 0)
                throw Wrong($"{at}/{list.Name}", "must be a list of one filter or more");
            var parts = new List<Filter>();
            foreach (JsonElement part in list.Value.EnumerateArray())
                parts.Add(Read(part, resource, $"{at}/{list.Name}/{parts.Count}", depth + 1, ref terms));
            return list.Name == "and" ? new All(parts) : new Any(parts);
        }
        if (members is [{ Name: "not" } not])
            return new Not(Read(not.Value, resource, $"{at}/not", depth + 1, ref terms));
        foreach (JsonProperty member in members)
            if (member.Name is not ("field" or "is" or "modifier"))
                throw Wrong(at, member.Name is "and" or "or" or "not" ? $"'{member.Name}' must stand alone in its object" : Unknown(member.Name, ["and", "or", "not", "field", "is", "modifier"]));
        if (++terms > MostTerms)
            throw Wrong(at, $"has more than {MostTerms} conditions");
        return Condition(json, resource, at);
    }

    private static Is Condition(JsonElement json, Resource resource, string at)
    {
        if (!json.TryGetProperty("field", out JsonElement field) || field.ValueKind != JsonValueKind.String)
            throw Wrong(at, "needs a field, the name of a column");
        Column column = resource.Find(field.GetString()!) ?? throw Wrong($"{at}/field", Unknown(field.GetString()!, resource.Columns.Where(c => c.Filterable).Select(c => c.Name)));
        if (!column.Filterable)
            throw Wrong($"{at}/field", $"'{column.Name}' is counted after filtering and cannot be filtered by");
        ColumnType type = column.Type;
        string? modifier = null;
        if (json.TryGetProperty("modifier", out JsonElement modified))
        {
            modifier = modified.ValueKind == JsonValueKind.String ? modified.GetString() : "";
            if (modifier is not ("lowercase" or "uppercase" or "length") || column.Type != ColumnType.Text)
                throw Wrong($"{at}/modifier", "must be lowercase, uppercase or length, of a text");
            type = modifier == "length" ? ColumnType.Integer : type;
        }
        if (!json.TryGetProperty("is", out JsonElement test))
            throw Wrong(at, "needs is, such as [\"eq\", …]");
        if (test.ValueKind == JsonValueKind.String && test.GetString() is "is_null" or "is_not_null")
            return new Is(column, modifier, test.GetString()!, null);
        if (test.ValueKind != JsonValueKind.Array || test.GetArrayLength() is < 1 or > 2 || test[0].ValueKind != JsonValueKind.String)
            throw Wrong($"{at}/is", "must be [operator, value], \"is_null\" or \"is_not_null\"");
        string op = test[0].GetString()!;
        if (!OpsOf(type).Contains(op))
            throw Wrong($"{at}/is/0", OpsOf(ColumnType.Text).Contains(op) ? $"'{op}' does not fit {Name(type)}; {string.Join(", ", OpsOf(type))} do" : Unknown(op, OpsOf(type)));
        bool alone = op is "is_null" or "is_not_null";
        if (test.GetArrayLength() != (alone ? 1 : 2))
            throw Wrong($"{at}/is", alone ? $"'{op}' takes no value" : $"'{op}' takes one value");
        if (alone)
            return new Is(column, modifier, op, null);
        JsonElement value = test[1];
        if (value.ValueKind == JsonValueKind.Null && op is "eq" or "neq")
            return value.ValueKind == JsonValueKind.Null ? new Is(column, modifier, op == "eq" ? "is_null" : "is_not_null", null) : new Is(column, modifier, op, ValueOf(value, type, op, $"{at}/is/1"));
        if (op != "in")
            return new Is(column, modifier, op, ValueOf(value, type, op, $"{at}/is/1"));
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is < 1 or > MostTerms)
            throw Wrong($"{at}/is/1", $"must be a list of 1 to {MostTerms} values");
        return new Is(column, modifier, op, value.EnumerateArray().Select(v => ValueOf(v, type, op, $"{at}/is/1")).ToList());
    }

    private static object ValueOf(JsonElement json, ColumnType type, string op, string at)
    {
        switch (type)
        {
            case ColumnType.Text when json.ValueKind == JsonValueKind.String:
                string text = json.GetString()!;
                int most = op is "regex" or "iregex" ? MostPattern : MostValue;
                if (text.Contains('\0', StringComparison.Ordinal))
                    throw Wrong(at, "holds a NUL, which no text here does"); // and which would end it on its way to the database
                return text.Length <= most ? text : throw Wrong(at, $"is {text.Length:N0} characters long; at most {most:N0} are read");
            case ColumnType.Integer when json.ValueKind == JsonValueKind.Number:
                return json.TryGetInt64(out long whole) ? whole : json.TryGetDouble(out double fraction) && double.IsFinite(fraction) ? fraction : throw Wrong(at, "is too large a number");
            case ColumnType.Number when json.ValueKind == JsonValueKind.Number:
                return json.TryGetDouble(out double number) && double.IsFinite(number) ? number : throw Wrong(at, "is too large a number");
            case ColumnType.Boolean when json.ValueKind is JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case ColumnType.Time when json.ValueKind == JsonValueKind.String && TryTime(json.GetString()!, out DateTime time):
                return time;
            default:
                string given = json.ValueKind is JsonValueKind.Array or JsonValueKind.Object ? $"a JSON {json.ValueKind}".ToLowerInvariant() : Clip(json.GetRawText());
                throw Wrong(at, $"must be {Name(type)}, not {given}");
        }
    }

    private static ProblemException Wrong(string at, string message) => Problems.Of("invalid_filter", $"where{at}: {message}", new FieldError($"where{at}", message));
}
