using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// The text of a page in document order, UTF-8, white space (Unicode's) collapsed to single spaces. Anchors, contexts and
/// headings are places in it. The parts outside navigation, header and footer are its content: the measure of where a link
/// stands, what the store keeps and what the SimHash compares.
/// </summary>
internal sealed class PageText
{
    private readonly List<(int Start, int End)> _content = [];
    private byte[] _bytes = new byte[64 << 10];
    private byte[] _decoded = [];
    private int _length;
    private int _contentStart; // of the part under way
    private int _contentBefore; // bytes of the parts that are done
    private bool _inContent;
    private bool _space;

    /// <summary>Bytes so far: a place in the text.</summary>
    public int Position => _length;

    /// <summary>Bytes of content so far.</summary>
    public int ContentPosition => _contentBefore + (_inContent ? _length - _contentStart : 0);

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Clear()
    {
        _content.Clear();
        if (_bytes.Length > 8 << 20)
            _bytes = new byte[64 << 10];
        if (_decoded.Length > 8 << 20)
            _decoded = [];
        _length = _contentStart = _contentBefore = 0;
        _inContent = _space = false;
    }

    /// <summary>What follows is another word.</summary>
    public void Break() => _space = true;

    public void Append(ReadOnlySpan<byte> raw, HtmlDecoding decoding, bool content)
    {
        if (content != _inContent)
            Turn(content);
        if ((decoding & HtmlDecoding.References) != 0 && raw.Contains((byte)'&'))
            raw = HtmlReferences.Decode(raw, decoding, ref _decoded);
        Collapse(raw);
    }

    /// <summary>Ends the text: its content is known whole.</summary>
    public void Complete()
    {
        if (_inContent)
            Turn(false);
    }

    public IReadOnlyList<(int Start, int End)> Content => _content;

    /// <summary>The text between two places, without spaces at its ends, at most <paramref name="maxBytes"/> bytes of whole characters.</summary>
    public string Slice(int start, int end, int maxBytes)
    {
        ReadOnlySpan<byte> text = Bytes[start..end].Trim((byte)' ');
        return Encoding.UTF8.GetString(Cut(text, maxBytes));
    }

    /// <summary>At most <paramref name="chars"/> characters (UTF-16) before a place, of which none is cut.</summary>
    public string Before(int place, int chars)
    {
        ReadOnlySpan<byte> text = Bytes[..place].TrimEnd((byte)' ');
        ReadOnlySpan<byte> tail = text[Math.Max(0, text.Length - chars)..];
        if (Ascii.IsValid(tail))
            return Encoding.ASCII.GetString(tail.TrimStart((byte)' '));
        int at = text.Length;
        for (int left = chars; at > 0; at--)
        {
            int previous = at - 1;
            while (previous > 0 && at - previous < 4 && (text[previous] & 0xC0) == 0x80)
                previous--;
            left -= at - previous == 4 ? 2 : 1;
            if (left < 0)
                break;
            at = previous + 1;
        }
        return Encoding.UTF8.GetString(text[at..].TrimStart((byte)' '));
    }

    /// <summary>At most <paramref name="chars"/> characters (UTF-16) behind a place, of which none is cut.</summary>
    public string Behind(int place, int chars)
    {
        ReadOnlySpan<byte> text = Bytes[place..].TrimStart((byte)' ');
        return Encoding.UTF8.GetString(text[..Chars(text, chars)].TrimEnd((byte)' '));
    }

    /// <summary>The start of the content, at most <paramref name="chars"/> characters.</summary>
    public string ContentStart(int chars)
    {
        var text = new StringBuilder();
        foreach ((int start, int end) in _content)
        {
            ReadOnlySpan<byte> part = Bytes[start..end].Trim((byte)' ');
            if (part.IsEmpty)
                continue;
            if (text.Length > 0)
                text.Append(' ');
            if (text.Length >= chars)
                break;
            text.Append(Encoding.UTF8.GetString(part[..Chars(part, chars - text.Length)]));
        }
        while (text.Length > 0 && text[^1] == ' ')
            text.Length--;
        return text.ToString();
    }

    /// <summary>The longest start of at most <paramref name="maxBytes"/> bytes that cuts no character.</summary>
    public static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> text, int maxBytes)
    {
        if (text.Length <= maxBytes)
            return text;
        while (maxBytes > 0 && (text[maxBytes] & 0xC0) == 0x80)
            maxBytes--;
        return text[..maxBytes].TrimEnd((byte)' ');
    }

    /// <summary>Bytes of the first <paramref name="chars"/> characters (UTF-16).</summary>
    private static int Chars(ReadOnlySpan<byte> text, int chars)
    {
        if (Ascii.IsValid(text[..Math.Min(chars, text.Length)]))
            return Math.Min(chars, text.Length);
        int at = 0;
        while (at < text.Length)
        {
            int next = at + 1;
            while (next < text.Length && next - at < 4 && (text[next] & 0xC0) == 0x80)
                next++;
            chars -= next - at == 4 ? 2 : 1;
            if (chars < 0)
                break;
            at = next;
        }
        return at;
    }

    private void Turn(bool content)
    {
        if (_inContent && _length > _contentStart)
        {
            _content.Add((_contentStart, _length));
            _contentBefore += _length - _contentStart;
        }
        (_inContent, _contentStart) = (content, _length);
    }

    private void Collapse(ReadOnlySpan<byte> raw)
    {
        if (_bytes.Length - _length < raw.Length + 1)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + raw.Length + 1));
        ref byte to = ref MemoryMarshal.GetArrayDataReference(_bytes);
        int length = _length;
        bool space = _space;
        for (int i = 0; i < raw.Length; i++)
        {
            byte b = raw[i];
            if (b <= ' ' || b is 0xC2 or 0xE1 or 0xE2 or 0xE3)
            {
                if (b == 0)
                    continue;
                int width = SpaceAt(raw[i..]);
                if (width > 0)
                {
                    space = true;
                    i += width - 1;
                    continue;
                }
            }
            if (space)
            {
                if (length > 0)
                    Unsafe.Add(ref to, length++) = (byte)' ';
                space = false;
            }
            Unsafe.Add(ref to, length++) = b;
        }
        (_length, _space) = (length, space);
    }

    /// <summary>Bytes of the white space character (Unicode White_Space and ASCII controls) at the start, or 0.</summary>
    private static int SpaceAt(ReadOnlySpan<byte> text) => text[0] switch
    {
        <= (byte)' ' => 1,
        0xC2 when text.Length > 1 && text[1] is 0x85 or 0xA0 => 2,
        0xE1 when text.Length > 2 && text[1] == 0x9A && text[2] == 0x80 => 3,
        0xE2 when text.Length > 2 && text[1] == 0x80 && text[2] is (>= 0x80 and <= 0x8A) or 0xA8 or 0xA9 or 0xAF => 3,
        0xE2 when text.Length > 2 && text[1] == 0x81 && text[2] == 0x9F => 3,
        0xE3 when text.Length > 2 && text[1] == 0x80 && text[2] == 0x80 => 3,
        _ => 0,
    };
}
