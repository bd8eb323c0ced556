using System.Text;

namespace Backlinks.Ingest;

/// <summary>One link of a Link header. Values are as written, unquoted; null where the parameter is absent.</summary>
/// <param name="Target">The reference between the angle brackets, not resolved.</param>
/// <param name="Rel">Relation types in lower case, in order; empty where none is given.</param>
/// <param name="Anchor">Where given, the link starts there and not at the page (RFC 8288, 3.2).</param>
/// <param name="Title">title* where it is understood, else title.</param>
/// <param name="Parameters">All parameters, names in lower case, in order, repeated ones too.</param>
public sealed record LinkHeaderEntry(
    string Target, IReadOnlyList<string> Rel, string? Anchor, string? Type, string? Hreflang, string? Media, string? Title,
    IReadOnlyList<(string Name, string Value)> Parameters);

/// <summary>
/// The Link header field: <c>&lt;target&gt;; name=value; name="value", &lt;target&gt; …</c>. Source: RFC 8288, appendix B.
/// </summary>
/// <remarks>
/// Never throws. Of a repeated rel, type, media or anchor the first counts (3.3, 3.4.1). What is no link is skipped up to
/// the next comma; a target that is never closed ends the value. One pass, linear in time and memory.
/// </remarks>
public static class LinkHeader
{
    /// <param name="value">One field value; several fields are parsed one by one, or joined by commas.</param>
    public static IReadOnlyList<LinkHeaderEntry> Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var links = new List<LinkHeaderEntry>();
        var parameters = new List<(string Name, string Value)>();
        int i = 0;
        while (true)
        {
            while (i < value.Length && (IsSpace(value[i]) || value[i] == ','))
                i++;
            if (i == value.Length)
                return links;
            if (value[i] != '<')
            {
                i = SkipToComma(value, i);
                continue;
            }
            int end = value.IndexOf('>', i + 1);
            if (end < 0)
                return links;
            string target = value[(i + 1)..end].Trim();
            i = end + 1;
            parameters.Clear();
            ReadParameters(value, ref i, parameters);
            links.Add(Entry(target, parameters));
        }
    }

    private static void ReadParameters(string value, ref int i, List<(string Name, string Value)> parameters)
    {
        while (true)
        {
            while (i < value.Length && (IsSpace(value[i]) || value[i] == ';'))
                i++;
            if (i == value.Length || value[i] == ',')
                return;
            int start = i;
            while (i < value.Length && !IsSpace(value[i]) && value[i] is not ('=' or ';' or ','))
                i++;
            string name = value[start..i].ToLowerInvariant();
            while (i < value.Length && IsSpace(value[i]))
                i++;
            string content = "";
            if (i < value.Length && value[i] == '=')
            {
                i++;
                while (i < value.Length && IsSpace(value[i]))
                    i++;
                if (i < value.Length && value[i] == '"')
                {
                    content = Quoted(value, ref i);
                }
                else
                {
                    start = i;
                    while (i < value.Length && value[i] is not (';' or ','))
                        i++;
                    content = value[start..i].TrimEnd();
                }
            }
            if (name.Length > 0)
                parameters.Add((name, content));
        }
    }

    private static LinkHeaderEntry Entry(string target, List<(string Name, string Value)> parameters)
    {
        string? First(string name)
        {
            foreach ((string have, string value) in parameters)
                if (have == name)
                    return value;
            return null;
        }
        string[] rel = (First("rel") ?? "").ToLowerInvariant().Split(default(char[]), StringSplitOptions.RemoveEmptyEntries);
        string? title = First("title*") is { } extended && TryExtended(extended, out string? decoded) ? decoded : First("title");
        return new LinkHeaderEntry(target, rel, First("anchor"), First("type"), First("hreflang"), First("media"), title, [.. parameters]);
    }

    /// <summary>A quoted string from its opening quote to behind its closing one, or to the end; backslashes escape.</summary>
    private static string Quoted(string value, ref int i)
    {
        int start = ++i;
        int stop = value.AsSpan(i).IndexOfAny('"', '\\');
        if (stop >= 0 && value[i + stop] == '"')
        {
            i += stop + 1;
            return value[start..(i - 1)];
        }
        var text = new StringBuilder();
        for (; i < value.Length; i++)
        {
            if (value[i] == '"')
            {
                i++;
                break;
            }
            if (value[i] == '\\' && i + 1 < value.Length)
                i++;
            text.Append(value[i]);
        }
        return text.ToString();
    }

    /// <summary>RFC 8187: charset'language'percent-encoded.</summary>
    private static bool TryExtended(string value, out string? text)
    {
        text = null;
        int first = value.IndexOf('\'', StringComparison.Ordinal);
        int second = first < 0 ? -1 : value.IndexOf('\'', first + 1);
        if (second < 0)
            return false;
        ReadOnlySpan<char> charset = value.AsSpan(0, first);
        Encoding? encoding = charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) ? Encoding.UTF8
            : charset.Equals("iso-8859-1", StringComparison.OrdinalIgnoreCase) ? Encoding.Latin1 : null;
        if (encoding is null)
            return false;
        ReadOnlySpan<char> rest = value.AsSpan(second + 1);
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(rest.Length)];
        int length = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '%' && i + 2 < rest.Length && char.IsAsciiHexDigit(rest[i + 1]) && char.IsAsciiHexDigit(rest[i + 2]))
            {
                bytes[length++] = (byte)(HexDigit(rest[i + 1]) << 4 | HexDigit(rest[i + 2]));
                i += 2;
            }
            else if (char.IsAscii(rest[i]))
            {
                bytes[length++] = (byte)rest[i];
            }
            else
            {
                return false;
            }
        }
        text = encoding.GetString(bytes, 0, length);
        return true;
    }

    private static int HexDigit(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static int SkipToComma(string value, int i)
    {
        bool quoted = false;
        for (; i < value.Length && (quoted || value[i] != ','); i++)
        {
            if (value[i] == '"')
                quoted = !quoted;
            else if (quoted && value[i] == '\\')
                i++;
        }
        return Math.Min(i, value.Length);
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\r' or '\n';
}
