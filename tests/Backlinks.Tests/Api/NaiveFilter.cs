using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backlinks.Api;
using CsCheck;

namespace Backlinks.Tests.Api;

/// <summary>What a filter means, said once more and slowly: over rows in memory.</summary>
internal static class NaiveFilter
{
    public static bool Fits(JsonElement filter, Func<string, object?> cell)
    {
        if (filter.TryGetProperty("and", out JsonElement all))
            return all.EnumerateArray().All(f => Fits(f, cell));
        if (filter.TryGetProperty("or", out JsonElement any))
            return any.EnumerateArray().Any(f => Fits(f, cell));
        if (filter.TryGetProperty("not", out JsonElement not))
            return !Fits(not, cell);
        object? value = cell(filter.GetProperty("field").GetString()!);
        if (value is not null && filter.TryGetProperty("modifier", out JsonElement modifier))
            value = modifier.GetString() switch
            {
                "lowercase" => ((string)value).ToLowerInvariant(),
                "uppercase" => ((string)value).ToUpperInvariant(),
                _ => (long)((string)value).EnumerateRunes().Count(),
            };
        JsonElement test = filter.GetProperty("is");
        string op = test.ValueKind == JsonValueKind.String ? test.GetString()! : test[0].GetString()!;
        if (op is "is_null" or "is_not_null")
            return value is null == (op == "is_null");
        JsonElement given = test[1];
        if (value is null)
            return op == "neq";
        if (op == "in")
            return given.EnumerateArray().Any(g => Compare(value, g) == 0);
        return op switch
        {
            "eq" => Compare(value, given) == 0,
            "neq" => Compare(value, given) != 0,
            "gt" => Compare(value, given) > 0,
            "gte" => Compare(value, given) >= 0,
            "lt" => Compare(value, given) < 0,
            "lte" => Compare(value, given) <= 0,
            "substring" => ((string)value).Contains(given.GetString()!, StringComparison.Ordinal),
            "isubstring" => ((string)value).ToLowerInvariant().Contains(given.GetString()!.ToLowerInvariant(), StringComparison.Ordinal),
            "prefix" => ((string)value).StartsWith(given.GetString()!, StringComparison.Ordinal),
            "iprefix" => ((string)value).ToLowerInvariant().StartsWith(given.GetString()!.ToLowerInvariant(), StringComparison.Ordinal),
            "suffix" => ((string)value).EndsWith(given.GetString()!, StringComparison.Ordinal),
            "isuffix" => ((string)value).ToLowerInvariant().EndsWith(given.GetString()!.ToLowerInvariant(), StringComparison.Ordinal),
            "regex" => Regex.IsMatch((string)value, given.GetString()!),
            "iregex" => Regex.IsMatch((string)value, given.GetString()!, RegexOptions.IgnoreCase),
            _ => throw new InvalidOperationException(op),
        };
    }

    /// <summary>Filters of a resource, with values that its rows hold and values near them.</summary>
    public static Gen<string> Any(Resource resource, IReadOnlyList<Column> columns, IReadOnlyList<object?[]> rows)
    {
        Gen<string> condition =
            from c in Gen.Int[0, columns.Count - 1].Where(c => columns[c].Filterable)
            from row in Gen.Int[0, rows.Count - 1]
            from other in Gen.Int[0, rows.Count - 1]
            from op in Gen.Int[0, 30]
            from at in Gen.Int[0, 8]
            from length in Gen.Int[0, 6]
            select Condition(columns[c], rows[row][c], rows[other][c], op, at, length);
        return Gen.Recursive<string>((depth, inner) => depth >= 3 ? condition : Gen.OneOf(condition, condition,
            inner.Array[1, 3].Select(parts => $"{{\"and\":[{string.Join(",", parts)}]}}"),
            inner.Array[1, 3].Select(parts => $"{{\"or\":[{string.Join(",", parts)}]}}"),
            inner.Select(part => $"{{\"not\":{part}}}")));
    }

    private static string Condition(Column column, object? value, object? other, int pick, int at, int length)
    {
        string field = $"\"field\":{JsonSerializer.Serialize(column.Name)}";
        IReadOnlyList<string> ops = [.. (column.Type == ColumnType.Text ? ["eq", "neq", "gt", "gte", "lt", "lte", "in", "substring", "isubstring", "prefix", "iprefix", "suffix", "isuffix", "regex", "iregex", "is_null", "is_not_null"] : Filter.OpsOf(column.Type))];
        string op = ops[pick % ops.Count];
        if (op is "is_null" or "is_not_null" || value is null)
            return $"{{{field},\"is\":\"{(op == "is_not_null" ? op : "is_null")}\"}}";
        if (column.Type == ColumnType.Text && pick > 28)
            return $"{{{field},\"modifier\":\"length\",\"is\":[\"gte\",{((string)value).Length}]}}";
        if (op == "in")
            return $"{{{field},\"is\":[\"in\",[{Json(value)},{Json(other ?? value)}]]}}";
        if (value is string text && op is not ("eq" or "neq" or "gt" or "gte" or "lt" or "lte"))
        {
            Rune[] runes = [.. text.EnumerateRunes()];
            string part = string.Concat(runes.Skip(op.EndsWith("prefix", StringComparison.Ordinal) ? 0 : op.EndsWith("suffix", StringComparison.Ordinal) ? Math.Max(0, runes.Length - length) : at).Take(length));
            value = op.EndsWith("regex", StringComparison.Ordinal) ? Regex.Replace(part, "[^A-Za-z0-9]", ".") + (at % 2 == 0 ? "[a-z]+" : "") : pick % 2 == 0 ? part.ToUpperInvariant() : part;
        }
        return $"{{{field},\"is\":[\"{op}\",{Json(value)}]}}";
    }

    private static string Json(object value) => value is DateTime time ? $"\"{time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture)}\"" : JsonSerializer.Serialize(value);

    private static int Compare(object value, JsonElement given) => value switch
    {
        string text => Encoding.UTF8.GetBytes(text).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(given.GetString()!)),
        long whole => ((double)whole).CompareTo(given.GetDouble()),
        double number => number.CompareTo(given.GetDouble()),
        bool flag => flag.CompareTo(given.GetBoolean()),
        DateTime time => time.CompareTo(DateTime.Parse(given.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal)),
        _ => throw new InvalidOperationException(),
    };
}
