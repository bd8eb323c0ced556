using System.Text;

namespace Backlinks.Api;

/// <summary>
/// SQL on its way to the database. Everything that a caller sent is a parameter; texts of ours and numbers of pages and domains, which we
/// looked up, stand in the SQL itself, where the planner sees them.
/// </summary>
internal sealed class SqlText
{
    private readonly StringBuilder _text = new();
    private readonly List<object> _values = [];

    public IReadOnlyList<object> Values => _values;

    /// <summary>Ours, never a caller's.</summary>
    public SqlText Add(string sql)
    {
        _text.Append(sql);
        return this;
    }

    public SqlText Add(long number)
    {
        _text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{number}");
        return this;
    }

    /// <summary>A place for a value.</summary>
    public SqlText Value(object value)
    {
        _values.Add(value);
        _text.Append('$').Append(_values.Count);
        return this;
    }

    public override string ToString() => _text.ToString();

    /// <summary>A filter as a condition. Under a "not" no part of it is null, for NOT NULL would be null; elsewhere null leaves a row out as false does.</summary>
    public SqlText Add(Filter filter, bool negated = false)
    {
        switch (filter)
        {
            case Filter.All all:
                return Join(all.Parts, " AND ", negated);
            case Filter.Any any:
                return Join(any.Parts, " OR ", negated);
            case Filter.Not not:
                return Add("(NOT ").Add(not.Part, negated: true).Add(")");
            case Filter.Is test:
                Add(negated && test.Op is not ("is_null" or "is_not_null" or "neq") ? "coalesce(" : "(");
                Test(test);
                return Add(negated && test.Op is not ("is_null" or "is_not_null" or "neq") ? ", false)" : ")");
            default:
                throw new ArgumentException($"{filter.GetType()} is no filter", nameof(filter));
        }
    }

    private SqlText Join(IReadOnlyList<Filter> parts, string between, bool negated)
    {
        Add("(");
        for (int i = 0; i < parts.Count; i++)
            Add(i == 0 ? "" : between).Add(parts[i], negated);
        return Add(")");
    }

    private SqlText Test(Filter.Is test)
    {
        string column = test.Modifier switch
        {
            "lowercase" => $"lower({test.Column.Sql})",
            "uppercase" => $"upper({test.Column.Sql})",
            "length" => $"length({test.Column.Sql})",
            _ => test.Column.Sql,
        };
        return test.Op switch
        {
            "is_null" => Add($"({column}) IS NULL"),
            "is_not_null" => Add($"({column}) IS NOT NULL"),
            "neq" => Add($"({column}) IS DISTINCT FROM ").Value(test.Value!),
            "in" => In(column, (List<object>)test.Value!),
            "eq" => Known(column, "=", test.Value!),
            "gt" => Known(column, ">", test.Value!),
            "gte" => Known(column, ">=", test.Value!),
            "lt" => Known(column, "<", test.Value!),
            "lte" => Known(column, "<=", test.Value!),
            "substring" => Call("contains", column, test.Value!),
            "isubstring" => Call("contains", $"lower({column})", Lower(test.Value!)),
            "prefix" => Call("starts_with", column, test.Value!),
            "iprefix" => Call("starts_with", $"lower({column})", Lower(test.Value!)),
            "suffix" => Call("suffix", column, test.Value!),
            "isuffix" => Call("suffix", $"lower({column})", Lower(test.Value!)),
            "regex" => Call("regexp_matches", column, test.Value!),
            "iregex" => Call("regexp_matches", column, "(?i)" + test.Value),
            "phrase_match" => Call("regexp_matches", column, Phrase(test.Value!)),
            "iphrase_match" => Call("regexp_matches", column, "(?i)" + Phrase(test.Value!)),
            _ => throw new ArgumentException($"'{test.Op}' is no test", nameof(test)),
        };
    }

    private SqlText Known(string column, string op, object value) => Add($"({column}) {op} ").Value(value);

    private SqlText Call(string function, string column, object value) => Add($"{function}({column}, ").Value(value).Add(")");

    private SqlText In(string column, List<object> values)
    {
        Add($"({column}) IN (");
        for (int i = 0; i < values.Count; i++)
            Add(i == 0 ? "" : ", ").Value(values[i]);
        return Add(")");
    }

    private static string Lower(object value) => ((string)value).ToLowerInvariant();

    /// <summary>The words where they do not continue a word.</summary>
    private static string Phrase(object value)
    {
        var pattern = new StringBuilder(@"(^|[^\pL\pN])");
        foreach (Rune rune in ((string)value).EnumerateRunes())
            pattern.Append(rune.IsAscii && !char.IsAsciiLetterOrDigit((char)rune.Value) && rune.Value > ' ' ? "\\" : "").Append(rune);
        return pattern.Append(@"($|[^\pL\pN])").ToString();
    }
}
