using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Backlinks.Stores;
using Parquet;
using Parquet.Schema;

namespace Backlinks.Api;

/// <summary>Rows as bytes: JSON pages, and CSV, NDJSON and Parquet streams whose memory does not depend on how many rows there are.</summary>
internal static class RowOutput
{
    private const int GroupRows = 50_000; // of Parquet: some 50 MB while a group is filled

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.Default }; // what comes from the web is escaped, for whoever puts JSON into a page

    /// <summary>The envelope: the array under its name, then meta.</summary>
    public static byte[] Json(RowPage page)
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 16);
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            json.WriteStartArray(page.Resource.Array);
            JsonEncodedText[] names = [.. page.Columns.Select(c => JsonEncodedText.Encode(c.Name))];
            foreach (object?[] row in page.Rows)
                Row(json, names, row);
            json.WriteEndArray();
            json.WriteStartObject("meta");
            json.WriteNumber("total_count", page.TotalCount);
            json.WriteString("next_cursor", page.NextCursor);
            json.WriteBoolean("in_index", page.InIndex);
            json.WritePropertyName("run");
            JsonSerializer.Serialize(json, page.Run, ApiJson.Options);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>One JSON object a line.</summary>
    public static async Task NdjsonAsync(PipeWriter to, IReadOnlyList<Column> columns, IAsyncEnumerable<object?[]> rows, CancellationToken cancel)
    {
        JsonEncodedText[] names = [.. columns.Select(c => JsonEncodedText.Encode(c.Name))];
        var buffer = new ArrayBufferWriter<byte>(1 << 16);
        using var json = new Utf8JsonWriter(buffer, Plain);
        await foreach (object?[] row in rows)
        {
            Row(json, names, row);
            json.Flush();
            json.Reset();
            buffer.Write("\n"u8);
            if (buffer.WrittenCount > 48 << 10)
            {
                await to.WriteAsync(buffer.WrittenMemory, cancel); // waits while the reader is slow
                buffer.ResetWrittenCount();
            }
        }
        await to.WriteAsync(buffer.WrittenMemory, cancel);
    }

    /// <summary>RFC 4180 with a header, CRLF, UTF-8. Texts come from the open web and end in spreadsheets: one that begins with = + - @, tab or
    /// carriage return has an apostrophe before it, which spreadsheets take for "text, no formula", and so has one that begins with an
    /// apostrophe; so taking one apostrophe off a text cell that begins with one reads back what was. Empty values are empty cells, empty texts "".</summary>
    public static async Task CsvAsync(PipeWriter to, IReadOnlyList<Column> columns, IAsyncEnumerable<object?[]> rows, CancellationToken cancel)
    {
        var line = new StringBuilder();
        line.AppendJoin(',', columns.Select(c => c.Name)).Append("\r\n");
        await foreach (object?[] row in rows)
        {
            for (int i = 0; i < row.Length; i++)
                line.Append(i == 0 ? "" : ",").Append(Cell(row[i]));
            line.Append("\r\n");
            if (line.Length > 32 << 10)
            {
                await to.WriteAsync(Encoding.UTF8.GetBytes(line.ToString()), cancel);
                line.Clear();
            }
        }
        await to.WriteAsync(Encoding.UTF8.GetBytes(line.ToString()), cancel);
    }

    /// <summary>Parquet, every column optional: texts, 64-bit numbers, doubles, booleans, times in microseconds UTC.</summary>
    public static async Task ParquetAsync(Stream to, string run, IReadOnlyList<Column> columns, IAsyncEnumerable<object?[]> rows, CancellationToken cancel)
    {
        DataField[] fields = [.. columns.Select(c => c.Type switch
        {
            ColumnType.Text => new DataField(c.Name, typeof(string), isNullable: true),
            ColumnType.Integer => new DataField<long?>(c.Name),
            ColumnType.Number => new DataField<double?>(c.Name),
            ColumnType.Boolean => new DataField<bool?>(c.Name),
            _ => new DateTimeDataField(c.Name, DateTimeFormat.DateAndTimeMicros, isAdjustedToUTC: true, isNullable: true),
        })];
        using var held = new HeldStream();
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(fields.Cast<Field>().ToArray()), held, cancellationToken: cancel))
        {
            writer.CustomMetadata = new Dictionary<string, string> { ["backlinks.run"] = run };
            var group = new List<object?[]>();
            await foreach (object?[] row in rows)
            {
                group.Add(row);
                if (group.Count < GroupRows)
                    continue;
                await WriteAsync(writer, fields, columns, group, cancel);
                await held.GiveAsync(to, cancel);
            }
            await WriteAsync(writer, fields, columns, group, cancel);
        }
        await held.GiveAsync(to, cancel);
    }

    /// <summary>Holds what is written until it is given on: Parquet's writer writes in small pieces and not always asynchronously, which would
    /// block a thread for as long as a reader is slow.</summary>
    private sealed class HeldStream : Stream
    {
        private readonly ArrayBufferWriter<byte> _held = new();
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _written;

        public override long Position { get => _written; set => throw new NotSupportedException(); }

        public async Task GiveAsync(Stream to, CancellationToken cancel)
        {
            for (int at = 0; at < _held.WrittenCount; at += 1 << 16)
                await to.WriteAsync(_held.WrittenMemory.Slice(at, Math.Min(1 << 16, _held.WrittenCount - at)), cancel);
            _held.ResetWrittenCount();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            _held.Write(buffer);
            _written += buffer.Length;
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            Write(buffer.AsSpan(offset, count));
            return Task.CompletedTask;
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return ValueTask.CompletedTask;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    private static async Task WriteAsync(ParquetWriter writer, DataField[] fields, IReadOnlyList<Column> columns, List<object?[]> rows, CancellationToken cancel)
    {
        using ParquetRowGroupWriter group = writer.CreateRowGroup();
        for (int i = 0; i < fields.Length; i++)
            switch (columns[i].Type)
            {
                case ColumnType.Text: await group.WriteAsync(fields[i], rows.Select(r => (string?)r[i]).ToArray()!); break;
                case ColumnType.Integer: await group.WriteAsync<long>(fields[i], rows.Select(r => (long?)r[i]).ToArray(), cancellationToken: cancel); break;
                case ColumnType.Number: await group.WriteAsync<double>(fields[i], rows.Select(r => (double?)r[i]).ToArray(), cancellationToken: cancel); break;
                case ColumnType.Boolean: await group.WriteAsync<bool>(fields[i], rows.Select(r => (bool?)r[i]).ToArray(), cancellationToken: cancel); break;
                default: await group.WriteAsync<DateTime>(fields[i], rows.Select(r => (DateTime?)r[i]).ToArray(), cancellationToken: cancel); break;
            }
        group.CompleteValidate();
        rows.Clear();
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        "" => "\"\"",
        string text when text[0] == '\'' => Csv.Field("'" + text),
        string text => Csv.Field(text),
        bool flag => flag ? "true" : "false",
        DateTime time => Time(time),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new InvalidOperationException($"a cell is of {value.GetType()}"),
    };

    /// <summary>ISO 8601, UTC, as short as it is exact.</summary>
    public static string Time(DateTime time) => time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFZ", CultureInfo.InvariantCulture);

    private static void Row(Utf8JsonWriter json, JsonEncodedText[] names, object?[] row)
    {
        json.WriteStartObject();
        for (int i = 0; i < row.Length; i++)
            switch (row[i])
            {
                case null: json.WriteNull(names[i]); break;
                case string text: json.WriteString(names[i], text); break;
                case long whole: json.WriteNumber(names[i], whole); break;
                case double number when double.IsFinite(number): json.WriteNumber(names[i], number); break;
                case double: json.WriteNull(names[i]); break;
                case bool flag: json.WriteBoolean(names[i], flag); break;
                case DateTime time: json.WriteString(names[i], Time(time)); break;
                default: throw new InvalidOperationException($"a cell is of {row[i]!.GetType()}");
            }
        json.WriteEndObject();
    }
}

/// <summary>JSON as the API speaks it.</summary>
internal static class ApiJson
{
    public static JsonSerializerOptions Options { get; } = Make();

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        ApiHost.Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
