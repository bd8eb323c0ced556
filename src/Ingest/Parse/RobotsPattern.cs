using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// A path pattern of robots.txt: a prefix, in which <c>*</c> stands for anything and a last <c>$</c> for the end. Source: RFC
/// 9309, 2.2.2 and 2.2.3.
/// </summary>
/// <remarks>
/// No backtracking: each piece between stars is taken at its first place, which is never worse than a later one; a piece
/// before <c>$</c> is compared with the end. At most pattern × path steps, in practice one pass of vectorised search.
/// </remarks>
internal readonly struct RobotsPattern
{
    private readonly string _text;
    private readonly bool _anchored;

    /// <summary>Characters before the first star or the anchor.</summary>
    private readonly int _prefix;

    private readonly bool _literal;

    /// <param name="text">Escaped: ASCII only.</param>
    public RobotsPattern(string text)
    {
        _anchored = text.EndsWith('$');
        _text = _anchored ? text[..^1] : text;
        int star = _text.IndexOf('*', StringComparison.Ordinal);
        _prefix = star < 0 ? _text.Length : star;
        _literal = star < 0 && !_anchored;
        Priority = text.Length;
        for (int i = Math.Min(_prefix, 8) - 1; i >= 0; i--)
        {
            Key |= (ulong)(byte)_text[i] << (8 * i);
            Mask |= 0xFFUL << (8 * i);
        }
    }

    /// <summary>Longer patterns win.</summary>
    public int Priority { get; }

    /// <summary>The first eight literal characters: a path whose own differ under <see cref="Mask"/> cannot match.</summary>
    public ulong Key { get; }

    public ulong Mask { get; }

    /// <summary>The first eight characters of a path, one byte each; what is not ASCII is FF, what is not there 0.</summary>
    public static ulong KeyOf(ReadOnlySpan<char> path)
    {
        ulong key = 0;
        for (int i = Math.Min(path.Length, 8) - 1; i >= 0; i--)
            key |= (path[i] < 0x80 ? path[i] : 0xFFUL) << (8 * i);
        return key;
    }

    public bool Matches(ReadOnlySpan<char> path)
    {
        if (_literal)
            return path.StartsWith(_text);
        ReadOnlySpan<char> pattern = _text;
        if (!path.StartsWith(pattern[.._prefix]))
            return false;
        path = path[_prefix..];
        pattern = pattern[_prefix..];
        if (pattern.IsEmpty)
            return path.IsEmpty; // anchored without a star
        while (true)
        {
            pattern = pattern[1..]; // the star
            int star = pattern.IndexOf('*');
            if (star < 0)
                return _anchored ? path.EndsWith(pattern) : path.IndexOf(pattern) >= 0;
            int at = path.IndexOf(pattern[..star]);
            if (at < 0)
                return false;
            path = path[(at + star)..];
            pattern = pattern[star..];
        }
    }

    /// <summary>
    /// As patterns and paths are compared: bytes beyond ASCII as %XX, hex digits in upper case; and where
    /// <paramref name="decodeUnreserved"/>, escapes of letters, digits and <c>-._~</c> as themselves (RFC 9309, 2.2.2).
    /// </summary>
    public static string Escape(ReadOnlySpan<byte> value, bool decodeUnreserved)
    {
        var text = new StringBuilder(value.Length);
        for (int i = 0; i < value.Length; i++)
        {
            byte b = value[i];
            if (b >= 0x80)
            {
                text.Append('%').Append(HexDigit(b >> 4)).Append(HexDigit(b & 15));
            }
            else if (b == '%' && i + 2 < value.Length && char.IsAsciiHexDigit((char)value[i + 1]) && char.IsAsciiHexDigit((char)value[i + 2]))
            {
                AppendEscape(text, (char)value[i + 1], (char)value[i + 2], decodeUnreserved);
                i += 2;
            }
            else
            {
                text.Append((char)b);
            }
        }
        return text.ToString();
    }

    /// <summary>The same for a path that a URL parser has written; not copied where nothing changes.</summary>
    public static ReadOnlySpan<char> Normalize(ReadOnlySpan<char> path, bool decodeUnreserved)
    {
        int at = path.IndexOf('%');
        if (at < 0)
            return path;
        var text = new StringBuilder(path.Length);
        text.Append(path[..at]);
        for (int i = at; i < path.Length; i++)
        {
            if (path[i] == '%' && i + 2 < path.Length && char.IsAsciiHexDigit(path[i + 1]) && char.IsAsciiHexDigit(path[i + 2]))
            {
                AppendEscape(text, path[i + 1], path[i + 2], decodeUnreserved);
                i += 2;
            }
            else
            {
                text.Append(path[i]);
            }
        }
        return text.ToString();
    }

    private static void AppendEscape(StringBuilder text, char high, char low, bool decodeUnreserved)
    {
        char decoded = (char)(HexValue(high) << 4 | HexValue(low));
        if (decodeUnreserved && (char.IsAsciiLetterOrDigit(decoded) || decoded is '-' or '.' or '_' or '~'))
            text.Append(decoded);
        else
            text.Append('%').Append(char.ToUpperInvariant(high)).Append(char.ToUpperInvariant(low));
    }

    private static int HexValue(char c) => c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

    private static char HexDigit(int digit) => "0123456789ABCDEF"[digit];
}
