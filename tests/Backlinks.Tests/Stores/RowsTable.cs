using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Backlinks.Stores;
using DuckDB.NET.Data;

namespace Backlinks.Tests.Stores;

/// <summary>A table of <c>rows.duckdb</c> in memory.</summary>
internal sealed record RowsTable(string[] Columns, object?[][] Rows)
{
    public static readonly string[] Names = ["domains", "pages", "links", "edges", "facts"];

    /// <summary>All of it, in its own order.</summary>
    public static RowsTable Read(RunRows rows, string table)
    {
        using DuckDBConnection connection = rows.Connect();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM {table}";
        using DuckDBDataReader reader = command.ExecuteReader();
        string[] columns = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        var all = new List<object?[]>();
        while (reader.Read())
            all.Add([.. Enumerable.Range(0, columns.Length).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))]);
        return new RowsTable(columns, [.. all]);
    }

    public object? this[int row, string column] => Rows[row][Place(column)];

    public T Of<T>(object?[] row, string column) => (T)row[Place(column)]!;

    public string Text(object?[] row, string column) => Told(row[Place(column)]);

    /// <summary>Rows as text, some columns left out.</summary>
    public string[] Lines(params string[] without)
    {
        int[] places = [.. Enumerable.Range(0, Columns.Length).Where(i => !without.Contains(Columns[i]))];
        return [.. Rows.Select(row => string.Join(" | ", places.Select(i => $"{Columns[i]}={Told(row[i])}")))];
    }

    /// <summary>A digest of the rows in their order.</summary>
    public string Digest() => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(string.Join('\n', Lines()))));

    private static string Told(object? value) => value switch
    {
        null => "NULL",
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private int Place(string column) => Array.IndexOf(Columns, column) is >= 0 and int place ? place : throw new ArgumentException($"no column {column}");
}
