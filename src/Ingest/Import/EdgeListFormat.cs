using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

internal enum EdgeListKind
{
    /// <summary><c>12 7 [weight]</c>: the ends are node numbers.</summary>
    Numbers,

    /// <summary><c>www.example.com www.example.org [weight]</c></summary>
    Names,

    /// <summary><c>%%MatrixMarket matrix coordinate …</c>: numbers from 1, after a line of sizes.</summary>
    MatrixMarket,

    /// <summary><c>1996|source|target⇥count</c>, the UK Web Archive's host link graph.</summary>
    HostLinks,
}

/// <summary>What the first 64 KiB of an edge list tell of it.</summary>
internal sealed record EdgeListFormat(EdgeListKind Kind)
{
    private const int SampleBytes = 64 << 10;

    private static readonly string[] HeaderWords =
        ["source", "src", "from", "fromnode", "fromnodeid", "from_node", "source_host", "source_url", "referrer", "u", "\"source\"", "\"from\""];

    /// <summary>Between names: tab, space, comma or semicolon. Numbers may have any of them.</summary>
    public byte Separator { get; init; } = (byte)'\t';

    public bool Weighted { get; init; }

    /// <summary>Bytes before the first line of data: a header, or a MatrixMarket file's head.</summary>
    public int DataOffset { get; init; }

    /// <summary>A MatrixMarket file's sizes, or 0.</summary>
    public long Rows { get; init; }

    /// <inheritdoc cref="Rows"/>
    public long Columns { get; init; }

    /// <inheritdoc cref="Rows"/>
    public long Entries { get; init; }

    /// <summary>Each entry stands for both directions.</summary>
    public bool Symmetric { get; init; }

    /// <param name="head">The file's first lines, unpacked, each ended by \n.</param>
    /// <exception cref="ImportException">There is no way to read it, with the line that shows it.</exception>
    public static EdgeListFormat Tell(ReadOnlySpan<byte> head, string path, EdgeListOptions options)
    {
        if (StartsWithIgnoreCase(head, "%%MatrixMarket"))
            return MatrixMarket(head, path, options);
        int first = -1, second = -1, lines = 0, firstLine = 0, line = 0, at = 0;
        bool firstIsNumbers = false, restIsNumbers = true;
        for (int end; at < Math.Min(head.Length, SampleBytes) && (end = head[at..].IndexOf((byte)'\n')) >= 0; at += end + 1)
        {
            line++;
            ReadOnlySpan<byte> text = Trim(head.Slice(at, end));
            if (text.IsEmpty || text[0] is (byte)'#' or (byte)'%')
                continue;
            if (text.Contains((byte)0))
                throw ImportException.AtLine(path, line, "is binary, not text: this is no edge list");
            bool numbers = IsNumbers(text);
            if (lines++ == 0)
                (first, firstLine, firstIsNumbers) = (at, line, numbers);
            else
            {
                restIsNumbers &= numbers;
                if (lines == 2)
                    second = at;
            }
        }
        if (first < 0)
            return new EdgeListFormat(EdgeListKind.Numbers);
        ReadOnlySpan<byte> start = Line(head, first);
        if (TryHostLink(start, out _, out _, out _))
            return new EdgeListFormat(EdgeListKind.HostLinks) { Weighted = options.Weighted != Weights.No };
        bool header = false;
        if (options.Names != true && (options.Names == false || (restIsNumbers && (firstIsNumbers || lines > 1))))
        {
            header = !firstIsNumbers && restIsNumbers && lines > 1;
            return new EdgeListFormat(EdgeListKind.Numbers)
            {
                DataOffset = header ? second : 0,
                Weighted = IsWeighted(Line(head, header ? second : first), 0, options),
            };
        }
        int space = start.IndexOf((byte)' '); // "a, b" is separated by commas
        byte separator = start.Contains((byte)'\t') ? (byte)'\t' : space > 0 && start[space - 1] is not ((byte)',' or (byte)';') ? (byte)' '
            : start.Contains((byte)';') ? (byte)';' : start.Contains((byte)',') ? (byte)',' : (byte)0;
        if (separator == 0)
            throw ImportException.AtLine(path, firstLine,
                $"'{Excerpt(start)}' has no two columns (with a tab, space, comma or semicolon between): this is no edge list");
        ReadOnlySpan<byte> name = start[..start.IndexOf(separator)];
        foreach (string word in HeaderWords)
            header |= lines > 1 && StartsWithIgnoreCase(name, word) && Trim(name).Length == word.Length;
        return new EdgeListFormat(EdgeListKind.Names)
        {
            Separator = separator,
            DataOffset = header ? second : 0,
            Weighted = IsWeighted(Line(head, header ? second : first), separator, options),
        };
    }

    /// <summary><c>1996|source|target⇥count</c>.</summary>
    public static bool TryHostLink(ReadOnlySpan<byte> line, out Range source, out Range target, out long count)
    {
        (source, target, count) = (default, default, 0);
        if (line.Length < 10 || line[4] != '|' || line[..4].ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        int bar = line[5..].IndexOf((byte)'|') + 5, tab = line.LastIndexOf((byte)'\t');
        if (bar <= 5 || tab <= bar + 1)
            return false;
        (source, target) = (5..bar, (bar + 1)..tab);
        return Utf8Parser.TryParse(line[(tab + 1)..], out count, out int used) && used == line.Length - tab - 1 && count >= 0;
    }

    /// <summary>The start of a line for a message: printable, at most 60 characters.</summary>
    public static string Excerpt(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line.Length > 60 ? line[..60] : line);
        return new string([.. text.Select(c => char.IsControl(c) && c != '\t' ? '\uFFFD' : c)]) + (line.Length > 60 ? "…" : "");
    }

    /// <summary>Without spaces, tabs and \r around it.</summary>
    public static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\r"u8);

    public static bool IsSeparator(byte b) => b is (byte)' ' or (byte)'\t' or (byte)',' or (byte)';';

    private static EdgeListFormat MatrixMarket(ReadOnlySpan<byte> head, string path, EdgeListOptions options)
    {
        string[] words = Encoding.Latin1.GetString(Line(head, 0)).ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 5 || words[1] != "matrix" || words[2] != "coordinate"
            || words[3] is not ("real" or "integer" or "pattern") || words[4] is not ("general" or "symmetric"))
            throw ImportException.AtLine(path, 1, $"'{Excerpt(Line(head, 0))}' is not supported: a graph is 'matrix coordinate', real, integer or pattern, general or symmetric");
        int line = 0, at = 0;
        for (int end; (end = head[at..].IndexOf((byte)'\n')) >= 0; at += end + 1)
        {
            line++;
            ReadOnlySpan<byte> text = Trim(head.Slice(at, end));
            if (text.IsEmpty || text[0] == '%')
                continue;
            string[] sizes = Encoding.Latin1.GetString(text).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            long[] numbers = new long[3];
            bool good = sizes.Length == 3;
            for (int i = 0; i < 3 && good; i++)
                good = long.TryParse(sizes[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]);
            if (!good || Math.Max(numbers[0], numbers[1]) > GraphBuilder.MaxNodes)
                throw ImportException.AtLine(path, line, $"'{Excerpt(text)}' should be rows, columns (at most {GraphBuilder.MaxNodes}) and number of entries");
            return new EdgeListFormat(EdgeListKind.MatrixMarket)
            {
                DataOffset = at + end + 1,
                Rows = numbers[0],
                Columns = numbers[1],
                Entries = numbers[2],
                Symmetric = words[4] == "symmetric",
                Weighted = words[3] != "pattern" && options.Weighted != Weights.No,
            };
        }
        throw ImportException.AtLine(path, Math.Max(line, 1), "the MatrixMarket file has no line of sizes: it is truncated, or its comments are longer than can be");
    }

    private static bool IsWeighted(ReadOnlySpan<byte> line, byte separator, EdgeListOptions options)
    {
        if (options.Weighted != Weights.Auto)
            return options.Weighted == Weights.Yes;
        for (int column = 0; column < 2; column++)
        {
            int end = 0;
            while (end < line.Length && !(separator == 0 ? IsSeparator(line[end]) : line[end] == separator))
                end++;
            line = line[end..];
            line = separator is 0 ? line.TrimStart(" \t,;"u8) : separator is (byte)' ' ? line.TrimStart((byte)' ') : line.IsEmpty ? line : line[1..];
        }
        line = Trim(line);
        return Utf8Parser.TryParse(line, out double _, out int used) && (used == line.Length || IsSeparator(line[used]));
    }

    private static bool IsNumbers(ReadOnlySpan<byte> line)
    {
        for (int column = 0; column < 2; column++)
        {
            int digits = 0;
            while (digits < line.Length && char.IsAsciiDigit((char)line[digits]))
                digits++;
            if (digits == 0 || (digits < line.Length && !IsSeparator(line[digits])))
                return false;
            line = line[digits..].TrimStart(" \t,;"u8);
        }
        return true;
    }

    private static ReadOnlySpan<byte> Line(ReadOnlySpan<byte> head, int at) => Trim(head.Slice(at, head[at..].IndexOf((byte)'\n')));

    private static bool StartsWithIgnoreCase(ReadOnlySpan<byte> text, string word) =>
        text.Length >= word.Length && Ascii.EqualsIgnoreCase(text[..word.Length], word);
}
