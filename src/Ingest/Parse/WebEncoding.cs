using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// An encoding by its WHATWG name (<see cref="WebName"/>, lower case), decoding as browsers do. UTF-8 is .NET's own, which
/// agrees with the standard. Encoding (for query strings) writes what the encoding lacks as <c>&amp;#NNN;</c>, as forms and URLs do.
/// </summary>
/// <remarks>
/// <see cref="LegacyDecoders"/> is the fast way; this class is for those who want an <see cref="Encoding"/>. Encoders follow the
/// standard's indexes; iso-2022-jp, which needs escape sequences, writes everything beyond ASCII as a reference.
/// utf-16le, utf-16be and replacement encode as UTF-8 ("get an output encoding"). gb18030 writes no four-byte characters.
/// </remarks>
public sealed class WebEncoding : Encoding
{
    private static readonly Encoding[] Every =
        [.. Enumerable.Range(0, EncodingLabels.Count).Select(i => EncodingLabels.NameOf(i)).Select(name => name == "utf-8" ? UTF8 : (Encoding)new WebEncoding(name))];

    private readonly string _name;

    /// <summary>Code point to one byte, or two in writing order as lead × 256 + trail.</summary>
    private readonly Lazy<Dictionary<int, int>> _bytesOf;

    private WebEncoding(string name)
    {
        _name = name;
        _bytesOf = new(MakeReverse);
    }

    /// <summary>The encoding that a label names, in any case and with white space around it; null where there is none.</summary>
    public static Encoding? ForLabel(ReadOnlySpan<char> label) => EncodingLabels.Find(label) is >= 0 and int number ? Every[number] : null;

    internal static Encoding Windows1252 { get; } = ForLabel("windows-1252")!;

    internal static Encoding Utf16LE { get; } = ForLabel("utf-16le")!;

    internal static Encoding Utf16BE { get; } = ForLabel("utf-16be")!;

    public override string WebName => _name;

    public override string BodyName => _name;

    public override string HeaderName => _name;

    public override string EncodingName => _name;

    /// <summary>True where bytes below 80 hex, standing alone, are ASCII: then a body of such bytes is UTF-8 already.</summary>
    internal bool IsAsciiSuperset => _name is not ("utf-16le" or "utf-16be" or "iso-2022-jp" or "replacement");

    internal ReadOnlyMemory<byte> ToUtf8(ReadOnlySpan<byte> bytes) => LegacyDecoders.ToUtf8(bytes, _name);

    public override int GetMaxCharCount(int byteCount) => checked(byteCount + 1);

    public override int GetCharCount(byte[] bytes, int index, int count) => UTF8.GetCharCount(ToUtf8(bytes.AsSpan(index, count)).Span);

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        UTF8.GetChars(ToUtf8(bytes.AsSpan(byteIndex, byteCount)).Span, chars.AsSpan(charIndex));

    /// <summary><c>&amp;#1114111;</c> is ten bytes for two chars, <c>&amp;#65535;</c> eight for one.</summary>
    public override int GetMaxByteCount(int charCount) => checked(charCount * 8 + 8);

    public override int GetByteCount(char[] chars, int index, int count) => Encode(chars.AsSpan(index, count)).Length;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex)
    {
        ReadOnlySpan<byte> encoded = Encode(chars.AsSpan(charIndex, charCount)).Span;
        encoded.CopyTo(bytes.AsSpan(byteIndex));
        return encoded.Length;
    }

    private ReadOnlyMemory<byte> Encode(ReadOnlySpan<char> chars)
    {
        if (_name is "utf-16le" or "utf-16be" or "replacement")
        {
            byte[] utf8 = new byte[UTF8.GetByteCount(chars)];
            UTF8.GetBytes(chars, utf8);
            return utf8;
        }
        var bytes = new Utf8Text(chars.Length * 2);
        Span<byte> one = stackalloc byte[16];
        foreach (Rune rune in chars.EnumerateRunes())
        {
            int length;
            if (rune.IsAscii)
            {
                one[0] = (byte)rune.Value;
                length = 1;
            }
            else if (_bytesOf.Value.TryGetValue(rune.Value, out int code))
            {
                length = code > 0xFF ? 2 : 1;
                one[0] = (byte)(code >> 8);
                one[length - 1] = (byte)code;
            }
            else
            {
                length = UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"&#{rune.Value};"), one);
            }
            bytes.AddBytes(one[..length]);
        }
        return bytes.Written;
    }

    private Dictionary<int, int> MakeReverse()
    {
        var reverse = new Dictionary<int, int>();
        if (_name == "iso-2022-jp")
            return reverse;
        Span<byte> bytes = stackalloc byte[2];
        for (int lead = 0x80; lead <= 0xFF; lead++)
        {
            bytes[0] = (byte)lead;
            if (Single(ToUtf8(bytes[..1]).Span) is > 0 and int alone)
                reverse.TryAdd(alone, lead);
        }
        if (EncodingTables.SingleByteNames.Contains(_name) || _name is "x-user-defined" or "iso-8859-8-i")
            return reverse;
        // Big5 writes no Hong Kong extensions; Shift_JIS not the second copy of what NEC selected (pointers 8272 to 8835).
        int firstLead = _name == "big5" ? 0xA1 : 0x81;
        for (int lead = firstLead; lead <= 0xFE; lead++)
        {
            if (_name == "shift_jis" && lead is >= 0xED and <= 0xEF)
                continue;
            for (int trail = 0x40; trail <= 0xFE; trail++)
            {
                bytes[0] = (byte)lead;
                bytes[1] = (byte)trail;
                if (Single(ToUtf8(bytes).Span) is not (> 0x7F and int pair))
                    continue;
                // Of six box and number signs that Big5 has twice, the later is written.
                if (_name == "big5" && pair is 0x2550 or 0x255E or 0x2561 or 0x256A or 0x5341 or 0x5345)
                    reverse[pair] = lead << 8 | trail;
                else
                    reverse.TryAdd(pair, lead << 8 | trail);
            }
        }
        return reverse;
    }

    /// <summary>The one character of a text; 0 where there are more, or an error.</summary>
    private static int Single(ReadOnlySpan<byte> utf8)
    {
        Rune.DecodeFromUtf8(utf8, out Rune rune, out int length);
        return length == utf8.Length && rune != Rune.ReplacementChar ? rune.Value : 0;
    }
}
