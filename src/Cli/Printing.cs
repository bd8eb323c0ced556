using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.Stores;
using Spectre.Console;

namespace Backlinks.Cli;

/// <summary>Prints data on standard output. A row is an array of strings, bools, ints, longs, doubles or nulls.</summary>
internal static class Printing
{
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A table: an array of objects in JSON, a header and rows in CSV, rounded numbers in a table for people.</summary>
    public static void Table(Terminal terminal, Layout layout, string[] columns, IEnumerable<object?[]> rows)
    {
        switch (layout)
        {
            case Layout.Json:
                using (Utf8JsonWriter json = new(terminal.Output, Compact))
                {
                    json.WriteStartArray();
                    foreach (object?[] row in rows)
                    {
                        json.WriteStartObject();
                        for (int i = 0; i < columns.Length; i++)
                        {
                            json.WritePropertyName(columns[i]);
                            Value(json, row[i]);
                        }
                        json.WriteEndObject();
                        if (json.BytesPending > 1 << 16)
                            json.Flush();
                    }
                    json.WriteEndArray();
                }
                terminal.Output.Write("\n"u8);
                break;
            case Layout.Csv:
                using (StreamWriter text = Writer(terminal))
                {
                    text.Write(string.Join(',', columns) + "\r\n");
                    foreach (object?[] row in rows)
                        text.Write(string.Join(',', row.Select(CsvField)) + "\r\n");
                }
                break;
            default:
                using (StreamWriter text = Writer(terminal))
                {
                    var table = new Table().Border(TableBorder.Simple);
                    foreach (string column in columns)
                        table.AddColumn(new TableColumn(Markup.Escape(column)).NoWrap());
                    foreach (object?[] row in rows)
                    {
                        table.AddRow(row.Select(v => new Text(ForPeople(v))).ToArray());
                        for (int i = 0; i < row.Length; i++)
                            if (row[i] is int or long or double)
                                table.Columns[i].Alignment = Justify.Right;
                    }
                    Console(terminal, text).Write(table);
                }
                break;
        }
    }

    /// <summary>One JSON value.</summary>
    public static void Json(Terminal terminal, JsonNode value)
    {
        using (Utf8JsonWriter json = new(terminal.Output, Compact))
            value.WriteTo(json);
        terminal.Output.Write("\n"u8);
    }

    private static readonly JsonSerializerOptions Records = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new System.Text.Json.Serialization.JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>A result record as one JSON value, as the API tells it.</summary>
    public static void Json<T>(Terminal terminal, T record) where T : notnull
    {
        using (Utf8JsonWriter json = new(terminal.Output, Compact))
            JsonSerializer.Serialize(json, record, Records);
        terminal.Output.Write("\n"u8);
    }

    /// <summary>A number for JSON, which knows no infinity: null then.</summary>
    public static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    /// <summary>Lines of text.</summary>
    public static void Lines(Terminal terminal, params IEnumerable<string> lines)
    {
        using StreamWriter text = Writer(terminal);
        foreach (string line in lines)
            text.Write(line + "\n");
    }

    /// <summary>A number as people read it: digits grouped, or six significant ones.</summary>
    public static string ForPeople(object? value) => value switch
    {
        null => "",
        bool yes => yes ? "yes" : "no",
        int or long => string.Create(CultureInfo.InvariantCulture, $"{value:N0}"),
        double number => number.ToString("G6", CultureInfo.InvariantCulture),
        _ => Printable((string)value),
    };

    /// <summary>A score for people.</summary>
    public static string Score(double? score) => score is { } value ? value.ToString("0.0", CultureInfo.InvariantCulture) : "insufficient data";

    /// <summary>Names come from the open web: control characters must not reach a terminal.</summary>
    public static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;

    private static string CsvField(object? value) => value switch
    {
        null => "",
        bool yes => yes ? "true" : "false",
        string text => Csv.Field(text),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"{value.GetType().Name} is no cell"),
    };

    private static void Value(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool yes: json.WriteBooleanValue(yes); break;
            case int number: json.WriteNumberValue(number); break;
            case long number: json.WriteNumberValue(number); break;
            case double number when !double.IsFinite(number): json.WriteNullValue(); break;
            case double number: json.WriteNumberValue(number); break;
            case string text: json.WriteStringValue(text); break;
            default: throw new ArgumentException($"{value.GetType().Name} is no cell");
        }
    }

    private static StreamWriter Writer(Terminal terminal) => new(terminal.Output, bufferSize: 1 << 16, leaveOpen: true);

    private static IAnsiConsole Console(Terminal terminal, TextWriter writer)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Ansi = terminal.OutputIsScreen ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = terminal.OutputIsScreen ? Math.Max(80, System.Console.WindowWidth) : 4000; // a file is never wrapped
        return console;
    }
}
