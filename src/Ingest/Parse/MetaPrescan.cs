using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Finds the encoding that a page's first 1,024 bytes declare. Source: WHATWG HTML, 13.2.3.2, "prescan a byte stream to
/// determine its encoding", with its XML declaration as the last resort. No markup is built; one pass.
/// </summary>
internal ref struct MetaPrescan
{
    private readonly ReadOnlySpan<byte> _bytes;
    /// <summary>Text of scripts, styles and titles is no markup to a tree builder; the prescan of the standard does not know them.</summary>
    private readonly bool _skipRawText;

    private int _at;
    private bool _ranOut;

    private MetaPrescan(ReadOnlySpan<byte> bytes, bool skipRawText)
    {
        _bytes = bytes;
        _skipRawText = skipRawText;
    }

    /// <returns>Null where nothing known is declared. Never UTF-16: a page that could be read so far is UTF-8.</returns>
    public static Encoding? Find(ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> bytes = body[..Math.Min(body.Length, 1024)];
        if (bytes.StartsWith("<\0?\0x\0"u8))
            return WebEncoding.Utf16LE;
        if (bytes.StartsWith("\0<\0?\0x"u8))
            return WebEncoding.Utf16BE;
        return new MetaPrescan(bytes, skipRawText: false).FindMeta() ?? XmlDeclaration(bytes)
            ?? (body.Length > bytes.Length ? new MetaPrescan(body[..Math.Min(body.Length, 65_536)], skipRawText: true).FindMeta() : null);
    }

    private Encoding? FindMeta()
    {
        for (; _at < _bytes.Length && !_ranOut; _at++)
        {
            int tag = _bytes[_at..].IndexOf((byte)'<');
            if (tag < 0)
                return null;
            _at += tag;
            ReadOnlySpan<byte> rest = _bytes[_at..];
            if (rest.StartsWith("<!--"u8))
            {
                // "<!-->" is a whole comment: its hyphens serve twice.
                int end = rest[2..].IndexOf("-->"u8);
                if (end < 0)
                    return null;
                _at += 2 + end + 2;
            }
            else if (rest.Length > 5 && Ascii.EqualsIgnoreCase(rest[..5], "<meta"u8) && (IsSpace(rest[5]) || rest[5] == '/'))
            {
                _at += 5;
                if (ReadMeta() is { } found)
                    return found;
            }
            else if (rest.Length > 1 && (char.IsAsciiLetter((char)rest[1]) || (rest[1] == '/' && rest.Length > 2 && char.IsAsciiLetter((char)rest[2]))))
            {
                int start = _at + 1;
                while (_at < _bytes.Length && !IsSpace(_bytes[_at]) && _bytes[_at] != '>'
                    && (_bytes[_at] != '/' || !_skipRawText || _at == start))
                    _at++;
                ReadOnlySpan<byte> name = _bytes[start.._at];
                while (NextAttribute(out _, out _))
                {
                }
                if (_skipRawText && IsRawText(name) && !SkipRawText(name))
                    return null;
            }
            else if (rest.Length > 1 && rest[1] is (byte)'!' or (byte)'/' or (byte)'?')
            {
                int end = rest.IndexOf((byte)'>');
                if (end < 0)
                    return null;
                _at += end;
            }
        }
        return null;
    }

    private static bool IsRawText(ReadOnlySpan<byte> name)
    {
        foreach (string raw in (ReadOnlySpan<string>)["script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"])
            if (Ascii.EqualsIgnoreCase(name, raw))
                return true;
        return false;
    }

    /// <summary>Moves to the end tag, before which another step forward is made.</summary>
    private bool SkipRawText(ReadOnlySpan<byte> name)
    {
        while (_at < _bytes.Length)
        {
            int end = _bytes[_at..].IndexOf("</"u8);
            if (end < 0)
                return false;
            _at += end + 1;
            ReadOnlySpan<byte> rest = _bytes[(_at + 1)..];
            if (rest.Length > name.Length && Ascii.EqualsIgnoreCase(rest[..name.Length], name) && !char.IsAsciiLetterOrDigit((char)rest[name.Length]))
                return true;
        }
        return false;
    }

    private Encoding? ReadMeta()
    {
        bool pragma = false, pragmaSeen = false, contentSeen = false, charsetSeen = false;
        bool? needPragma = null;
        Encoding? charset = null;
        while (NextAttribute(out string name, out string value))
        {
            if (name == "http-equiv" && !pragmaSeen)
            {
                pragmaSeen = true;
                pragma = value == "content-type";
            }
            else if (name == "content" && !contentSeen)
            {
                contentSeen = true;
                if (charset is null && CharsetIn(value) is { } named)
                    (charset, needPragma) = (named, true);
            }
            else if (name == "charset" && !charsetSeen)
            {
                charsetSeen = true;
                (charset, needPragma) = (WebEncoding.ForLabel(value), false);
            }
        }
        if (_ranOut || charset is null || needPragma is null || (needPragma == true && !pragma))
            return null;
        return charset.WebName switch
        {
            "utf-16le" or "utf-16be" => Encoding.UTF8,
            "x-user-defined" => WebEncoding.Windows1252,
            _ => charset,
        };
    }

    /// <summary>"Get an attribute": names and values in lower case; false at the tag's end, or where the bytes run out.</summary>
    private bool NextAttribute(out string name, out string value)
    {
        name = value = "";
        while (_at < _bytes.Length && (IsSpace(_bytes[_at]) || _bytes[_at] == '/'))
            _at++;
        if (AtEnd() || _bytes[_at] == '>')
            return false;
        int start = _at;
        while (_at < _bytes.Length && !IsSpace(_bytes[_at]) && _bytes[_at] is not ((byte)'/' or (byte)'>') && (_bytes[_at] != '=' || _at == start))
            _at++;
        name = Lower(_bytes[start.._at]);
        SkipSpaces();
        if (AtEnd())
            return false;
        if (_bytes[_at] != '=')
            return true;
        _at++;
        SkipSpaces();
        if (AtEnd())
            return false;
        byte quote = _bytes[_at];
        if (quote is (byte)'"' or (byte)'\'')
        {
            int length = _bytes[(_at + 1)..].IndexOf(quote);
            if (length < 0)
            {
                _ranOut = true;
                return false;
            }
            value = Lower(_bytes.Slice(_at + 1, length));
            _at += length + 2;
            return true;
        }
        start = _at;
        while (_at < _bytes.Length && !IsSpace(_bytes[_at]) && _bytes[_at] != '>')
            _at++;
        value = Lower(_bytes[start.._at]);
        return !AtEnd();
    }

    /// <summary>"Extract a character encoding from a meta element".</summary>
    internal static Encoding? CharsetIn(ReadOnlySpan<char> content)
    {
        while (true)
        {
            int at = content.IndexOf("charset", StringComparison.OrdinalIgnoreCase);
            if (at < 0)
                return null;
            content = content[(at + 7)..].TrimStart("\t\n\f\r ");
            if (content.IsEmpty || content[0] != '=')
                continue;
            content = content[1..].TrimStart("\t\n\f\r ");
            if (content.IsEmpty)
                return null;
            if (content[0] is '"' or '\'')
            {
                int close = content[1..].IndexOf(content[0]);
                return close < 0 ? null : WebEncoding.ForLabel(content.Slice(1, close));
            }
            int end = content.IndexOfAny("\t\n\f\r ;");
            return WebEncoding.ForLabel(end < 0 ? content : content[..end]);
        }
    }

    /// <summary>"Get an XML encoding": <c>&lt;?xml … encoding="…" …&gt;</c> at the very start.</summary>
    internal static Encoding? XmlDeclaration(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)'>');
        if (!bytes.StartsWith("<?xml"u8) || end < 0)
            return null;
        ReadOnlySpan<byte> rest = bytes[..end];
        int at = rest.IndexOf("encoding"u8);
        if (at < 0)
            return null;
        rest = SkipControls(rest[(at + 8)..]);
        if (rest.IsEmpty || rest[0] != '=')
            return null;
        rest = SkipControls(rest[1..]);
        if (rest.IsEmpty || rest[0] is not ((byte)'"' or (byte)'\''))
            return null;
        int length = rest[1..].IndexOf(rest[0]);
        if (length < 0 || rest.Slice(1, length).IndexOfAnyInRange((byte)0, (byte)0x20) >= 0)
            return null;
        Encoding? encoding = WebEncoding.ForLabel(Lower(rest.Slice(1, length)));
        return encoding == WebEncoding.Utf16LE || encoding == WebEncoding.Utf16BE ? Encoding.UTF8 : encoding;
    }

    private static ReadOnlySpan<byte> SkipControls(ReadOnlySpan<byte> bytes)
    {
        int at = bytes.IndexOfAnyExceptInRange((byte)0, (byte)0x20);
        return at < 0 ? default : bytes[at..];
    }

    private void SkipSpaces()
    {
        while (_at < _bytes.Length && IsSpace(_bytes[_at]))
            _at++;
    }

    private bool AtEnd()
    {
        _ranOut |= _at >= _bytes.Length;
        return _ranOut;
    }

    private static bool IsSpace(byte b) => b is 9 or 10 or 12 or 13 or 32;

    private static string Lower(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes).ToLowerInvariant();
}
