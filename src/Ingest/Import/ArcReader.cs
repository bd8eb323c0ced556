using System.Globalization;

namespace Backlinks.Ingest;

/// <summary>
/// Reads ARC files of versions 1.0 and 1.1 (Internet Archive, 1996) and the rare 2, plain or gzip:
/// <code>
/// filedesc://NAME IP DATE text/plain LENGTH LF      the version block: its block is two or more lines
/// 1 0 ORGANISATION LF                               version (1 0, 1 1, 2 0)
/// URL IP-address Archive-date Content-type Archive-length LF
/// LF
/// http://example.com/ 93.184.216.119 20140216050221 text/html 1591 LF
/// 1591 bytes: the HTTP response LF
/// </code>
/// The fields are split from the right, for URLs with raw spaces. Version 2 has ten of them: result code, checksum,
/// location, offset and file name stand between content type and length.
/// </summary>
internal sealed class ArcReader : ArchiveReader
{
    private const int MaxLine = 1 << 14;

    public ArcReader(string path, int maxBlock) : base(path, maxBlock)
    {
    }

    /// <summary>Whether a file starts as an ARC file does.</summary>
    public static bool IsStart(ReadOnlySpan<byte> text) => text.StartsWith("filedesc:"u8);

    protected override bool Wants(ArchiveRecord record) => record.Type == "response";

    protected override bool Starts(ReadOnlySpan<byte> text, bool all)
    {
        int end = text.IndexOf((byte)'\n');
        if (end >= 0)
            return Fields(text[..end]) is not null;
        return (all || text.Length < MaxLine) && (HasScheme(text) || (all && text.Length is > 0 and < 12 && !text.ContainsAnyExceptInRange((byte)'a', (byte)'z')));
    }

    protected override int FindStart(ReadOnlySpan<byte> text)
    {
        for (int from = 0; from < text.Length;)
        {
            int end = text[from..].IndexOf((byte)'\n');
            if (end < 0)
                return HasScheme(text[from..]) && text.Length - from < MaxLine ? from : -1;
            if (end < MaxLine && Fields(text.Slice(from, end)) is not null)
                return from;
            from += end + 1;
        }
        return -1;
    }

    protected override int HeaderLength(ReadOnlySpan<byte> text) => text.IndexOf((byte)'\n') + 1;

    protected override ArchiveRecord? Parse(ReadOnlySpan<byte> header, long offset, int index, out string problem)
    {
        problem = "the line does not announce a record";
        if (Fields(header[..^1]) is not { } fields)
            return null;
        bool version = fields.Url.StartsWith("filedesc:", StringComparison.Ordinal);
        if (fields.Length < 0)
        {
            problem = "the record's length is none";
            return null;
        }
        return new ArchiveRecord
        {
            Offset = offset,
            Index = index,
            Type = version ? "arc_header" : "response",
            Target = fields.Url,
            ContentType = fields.Type,
            At = Date(fields.Date),
            Length = fields.Length,
        };
    }

    /// <summary>14 digits, <c>yyyyMMddHHmmss</c>, UTC; shorter ones (12 digits were written once) and longer ones are cut to fit.</summary>
    internal static DateTime? Date(string digits)
    {
        string form = "yyyyMMddHHmmss"[..Math.Min(14, digits.Length / 2 * 2)];
        return form.Length >= 8 && DateTime.TryParseExact(digits.AsSpan(0, form.Length), form, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTime at) ? at : null;
    }

    private static (string Url, string Date, string Type, long Length)? Fields(ReadOnlySpan<byte> line)
    {
        if (!HasScheme(line) || line.Length > MaxLine)
            return null;
        string text = WarcReader.Decode(line.TrimEnd((byte)'\r'));
        string[] words = text.Split(' ');
        foreach (int behind in (ReadOnlySpan<int>)[4, 9]) // fields behind the URL in version 1 and in version 2
        {
            int url = words.Length - behind;
            if (url < 1 || !IsDate(words[url + 1]))
                continue;
            return (string.Join(' ', words[..url]), words[url + 1], words[url + 2],
                long.TryParse(words[^1], NumberStyles.None, CultureInfo.InvariantCulture, out long length) ? length : -1);
        }
        return null;
    }

    private static bool IsDate(string word) => word.Length is >= 8 and <= 20 && !word.AsSpan().ContainsAnyExceptInRange('0', '9');

    /// <summary><c>http://…</c>, <c>dns:…</c>: letters and a colon.</summary>
    private static bool HasScheme(ReadOnlySpan<byte> text)
    {
        int letters = text.IndexOfAnyExceptInRange((byte)'a', (byte)'z');
        return letters is >= 2 and <= 12 && text[letters] == ':';
    }
}
