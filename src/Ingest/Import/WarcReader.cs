using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Reads WARC files of versions 0.17 to 1.1 (ISO 28500), plain or gzip:
/// <code>
/// WARC/1.0 CRLF
/// WARC-Type: response CRLF          warcinfo, response, resource, request, metadata, revisit, conversion
/// WARC-Target-URI: http://… CRLF    old wget puts it in angle brackets
/// WARC-Date: 2024-05-18T01:58:10Z CRLF
/// Content-Type: application/http; msgtype=response CRLF
/// Content-Length: 1234 CRLF
/// CRLF
/// 1234 bytes: the block CRLF CRLF
/// </code>
/// Lines may end with LF alone, as some writers do, and fields may be folded. How damage is met: <see cref="ArchiveReader"/>.
/// </summary>
internal sealed class WarcReader : ArchiveReader
{
    private readonly Func<ArchiveRecord, bool>? _wants;

    /// <param name="maxBlock">Bytes of a block that are kept.</param>
    /// <param name="wants">Whether the block of a record is kept; null for every record.</param>
    public WarcReader(string path, int maxBlock, Func<ArchiveRecord, bool>? wants = null) : base(path, maxBlock) => _wants = wants;

    /// <summary>Whether a file starts as a WARC file does.</summary>
    public static bool IsStart(ReadOnlySpan<byte> text) => text.Length >= 8 && IsRecord(text, all: true);

    protected override bool Starts(ReadOnlySpan<byte> text, bool all) => IsRecord(text, all);

    protected override bool Wants(ArchiveRecord record) => _wants?.Invoke(record) ?? true;

    protected override int FindStart(ReadOnlySpan<byte> text)
    {
        for (int from = 0; ;)
        {
            int at = text[from..].IndexOf("WARC/"u8);
            if (at < 0)
                return -1;
            at += from;
            if (at == 0 || text[at - 1] is (byte)'\n' or (byte)'\r')
                return at;
            from = at + 5;
        }
    }

    protected override int HeaderLength(ReadOnlySpan<byte> text)
    {
        for (int from = 0; ;)
        {
            int at = text[from..].IndexOf((byte)'\n');
            if (at < 0)
                return 0;
            from += at + 1;
            if (from < text.Length && text[from] == '\n')
                return from + 1;
            if (from + 1 < text.Length && text[from] == '\r' && text[from + 1] == '\n')
                return from + 2;
        }
    }

    protected override ArchiveRecord? Parse(ReadOnlySpan<byte> header, long offset, int index, out string problem)
    {
        HttpFields fields = Fields(header[(header.IndexOf((byte)'\n') + 1)..]);
        string? type = fields.Get("WARC-Type"), length = fields.Get("Content-Length");
        problem = type is null ? "the record has no WARC-Type" : $"the record's Content-Length is {(length is null ? "missing" : "no length")}";
        if (type is null || !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out long bytes))
            return null;
        string target = fields.Get("WARC-Target-URI") ?? "";
        if (target.StartsWith('<') && target.EndsWith('>'))
            target = target[1..^1];
        return new ArchiveRecord
        {
            Offset = offset,
            Index = index,
            Type = type.ToLowerInvariant(),
            Target = target,
            ContentType = fields.Get("Content-Type") ?? "",
            At = Date(fields.Get("WARC-Date")),
            Fields = fields,
            Length = bytes,
        };
    }

    /// <summary>Field lines as in HTTP and WARC: <c>Name: value</c>, folded where a line starts with white space. UTF-8; bytes
    /// that are not are read as Latin-1.</summary>
    internal static HttpFields Fields(ReadOnlySpan<byte> lines)
    {
        HttpFields fields = new();
        string? name = null, value = null;
        while (!lines.IsEmpty)
        {
            int end = lines.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = (end < 0 ? lines : lines[..end]).TrimEnd((byte)'\r');
            lines = end < 0 ? default : lines[(end + 1)..];
            if (line.IsEmpty)
                continue;
            if (line[0] is (byte)' ' or (byte)'\t' && name is not null)
            {
                value = value is { Length: < 1 << 16 } ? value + " " + Decode(line.Trim(" \t"u8)) : value;
                continue;
            }
            if (name is not null)
                fields.Add(name, value!);
            int colon = line.IndexOf((byte)':');
            name = colon > 0 ? Decode(line[..colon].TrimEnd(" \t"u8)) : null;
            value = Decode(line[(colon + 1)..].Trim(" \t"u8));
        }
        if (name is not null)
            fields.Add(name, value!);
        return fields;
    }

    internal static string Decode(ReadOnlySpan<byte> bytes) =>
        System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes);

    // WARC 1.1 allows fractions of a second to nanoseconds; 0.17 wrote the same as 1.0, some tools 14 digits.
    private static DateTime? Date(string? text)
    {
        if (text is null)
            return null;
        if (text.Length == 14 && Utf8Parser.TryParse(Encoding.ASCII.GetBytes(text), out long _, out int used) && used == 14)
            return ArcReader.Date(text);
        int point = text.IndexOf('.');
        if (point > 0 && text.EndsWith('Z') && text.Length - point > 9)
            text = string.Concat(text.AsSpan(0, point + 7), "Z"); // to microseconds
        return DateTime.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal, out DateTime at)
            ? new DateTime(at.Ticks / 10 * 10, DateTimeKind.Utc) : null;
    }

    private static bool IsRecord(ReadOnlySpan<byte> text, bool all)
    {
        ReadOnlySpan<byte> sign = "WARC/"u8;
        if (text.Length < 8)
            return all && text.Length > 0 && (text.Length <= 5 ? sign.StartsWith(text) : text.StartsWith(sign));
        return text.StartsWith(sign) && char.IsAsciiDigit((char)text[5]) && text[6] == '.' && char.IsAsciiDigit((char)text[7]);
    }
}
