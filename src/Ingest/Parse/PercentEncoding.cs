using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// A percent-encode set of the WHATWG URL standard (1.3): which ASCII characters a part of a URL may not hold as they are.
/// Everything outside ASCII is always encoded, byte by byte of UTF-8; a lone surrogate counts as U+FFFD. A percent sign is
/// left alone, so that what is encoded stays as it is.
/// </summary>
internal sealed class PercentEncodeSet
{
    private const string Controls = "\0\u0001\u0002\u0003\u0004\u0005\u0006\a\b\t\n\v\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f";

    public static readonly PercentEncodeSet C0Control = new("");
    public static readonly PercentEncodeSet Fragment = new(" \"<>`");
    public static readonly PercentEncodeSet Query = new(" \"#<>");
    public static readonly PercentEncodeSet SpecialQuery = new(" \"#<>'");
    public static readonly PercentEncodeSet Path = new(" \"#<>?^`{}");
    public static readonly PercentEncodeSet PathAndBackslash = new(" \"#<>?^`{}\\");
    public static readonly PercentEncodeSet UserInfo = new(" \"#<>?^`{}/:;=@[\\]|");

    private readonly SearchValues<char> _kept;
    private readonly UInt128 _encoded; // bit c: ASCII c is encoded

    private PercentEncodeSet(string characters)
    {
        foreach (char c in Controls + characters)
            _encoded |= UInt128.One << c;
        _kept = SearchValues.Create([.. Enumerable.Range(0, 128).Select(i => (char)i).Where(c => !Encodes(c))]);
    }

    public bool Encodes(char c) => c >= 0x80 || (_encoded >> c & 1) != 0;

    /// <summary>Place of the first character that is encoded, or -1.</summary>
    public int IndexOfEncoded(ReadOnlySpan<char> text) => text.IndexOfAnyExcept(_kept);

    [SkipLocalsInit]
    public void Append(ReadOnlySpan<char> text, ref UrlBuffer to)
    {
        Span<byte> utf8 = stackalloc byte[4];
        while (true)
        {
            int clean = text.IndexOfAnyExcept(_kept);
            to.Append(clean < 0 ? text : text[..clean]);
            if (clean < 0)
                return;
            text = text[clean..];
            // A run of what is encoded: stay here, since the search above costs more than a step.
            do
            {
                if (text[0] < 0x80)
                {
                    AppendByte((byte)text[0], ref to);
                    text = text[1..];
                    continue;
                }
                Rune.DecodeFromUtf16(text, out Rune rune, out int used); // U+FFFD for a lone surrogate
                int bytes = rune.EncodeToUtf8(utf8);
                for (int i = 0; i < bytes; i++)
                    AppendByte(utf8[i], ref to);
                text = text[used..];
            }
            while (!text.IsEmpty && Encodes(text[0]));
        }
    }

    /// <summary>
    /// "Percent-encode after encoding": the text in another encoding, a character that it lacks as <c>%26%23…%3B</c>.
    /// </summary>
    public void Append(ReadOnlySpan<char> text, Encoding encoding, ref UrlBuffer to)
    {
        // One encoder for the whole text: ISO-2022-JP has states.
        Encoder encoder = LegacyEncoder.For(encoding);
        Span<byte> bytes = stackalloc byte[64];
        Span<char> pair = stackalloc char[2];
        while (!text.IsEmpty)
        {
            Rune.DecodeFromUtf16(text, out Rune rune, out int used);
            int length = rune.EncodeToUtf16(pair);
            int count = encoder.GetBytes(pair[..length], bytes, flush: text.Length == used);
            if (LegacyEncoder.Lacks(rune, bytes[..count]))
            {
                to.Append("%26%23");
                to.Append(rune.Value.ToString(System.Globalization.CultureInfo.InvariantCulture));
                to.Append("%3B");
            }
            else
                foreach (byte b in bytes[..count])
                    if (Encodes((char)b))
                        AppendByte(b, ref to);
                    else
                        to.Append((char)b);
            text = text[used..];
        }
    }

    /// <summary>Bytes of the text as UTF-8 with every <c>%XX</c> read as its byte. <paramref name="bytes"/> needs 3 a character.</summary>
    public static int Decode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        int length = Encoding.UTF8.GetBytes(text, bytes), write = 0; // a lone surrogate becomes U+FFFD
        for (int read = 0; read < length; read++)
        {
            byte b = bytes[read];
            if (b == '%' && read + 2 < length && char.IsAsciiHexDigit((char)bytes[read + 1]) && char.IsAsciiHexDigit((char)bytes[read + 2]))
            {
                b = (byte)(Hex(bytes[read + 1]) << 4 | Hex(bytes[read + 2]));
                read += 2;
            }
            bytes[write++] = b;
        }
        return write;
    }

    private static int Hex(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    private static void AppendByte(byte b, ref UrlBuffer to)
    {
        const string digits = "0123456789ABCDEF";
        Span<char> three = to.Take(3);
        three[0] = '%';
        three[1] = digits[b >> 4];
        three[2] = digits[b & 15];
    }
}

/// <summary>Encoders that tell what their encoding lacks, instead of writing the nearest letter or a question mark.</summary>
internal static class LegacyEncoder
{
    private const char Sign = '\u0001'; // not NUL, which ends .NET's fallback text

    // By reference: two encodings of one code page number count as equal.
    private static readonly ConditionalWeakTable<Encoding, Encoding> Telling = [];

    public static Encoder For(Encoding encoding) =>
        Telling.GetValue(encoding, static e =>
        {
            var telling = (Encoding)e.Clone();
            telling.EncoderFallback = new EncoderReplacementFallback(Sign.ToString());
            return telling;
        }).GetEncoder();

    /// <summary>The bytes stand for no character of the encoding: .NET's write the sign, <see cref="WebEncoding"/> a reference <c>&amp;#NNN;</c>.</summary>
    public static bool Lacks(Rune rune, ReadOnlySpan<byte> bytes) =>
        !rune.IsAscii && (bytes.Contains((byte)Sign) || (bytes.Length > 3 && bytes.StartsWith("&#"u8) && bytes[^1] == ';'));

    /// <summary>The query's encoding by the standard's "get an output encoding": UTF-8 instead of UTF-16 and UTF-32, null for UTF-8.</summary>
    public static Encoding? ForOutput(Encoding? encoding) =>
        encoding is null || encoding.CodePage is 65001 or 1200 or 1201 or 12000 or 12001 or 65000 ? null : encoding;
}
