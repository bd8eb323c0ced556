using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// The host parser of the WHATWG URL standard (3.5) and its serialiser (3.6): domain, IPv4 in any of its spellings
/// (<c>0x7f.1</c> is 127.0.0.1), IPv6 compressed as RFC 5952 asks, opaque host of other schemes. Linear in the host's
/// length; a lower-case domain of letters, digits and hyphens is copied after one vectorised scan.
/// </summary>
internal static class UrlHost
{
    private static readonly SearchValues<char> PlainDomain = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    private const string ForbiddenAnywhere = "\0\t\n\r #/:<>?@[\\]^|";

    private static readonly SearchValues<char> ForbiddenInHost = SearchValues.Create(ForbiddenAnywhere);

    private static readonly SearchValues<char> ForbiddenInDomain = SearchValues.Create(
        [.. ForbiddenAnywhere, '%', '\u007f', .. Enumerable.Range(0, 0x20).Select(i => (char)i)]);

    /// <summary>Appends the host as serialised; false for failure. What was appended then is of no meaning.</summary>
    public static bool TryAppend(ReadOnlySpan<char> host, bool special, ref UrlBuffer to)
    {
        if (special && !host.ContainsAnyExcept(PlainDomain))
        {
            if (EndsInNumber(host))
                return TryAppendIPv4(host, ref to);
            to.Append(host);
            return !host.IsEmpty;
        }
        if (!host.IsEmpty && host[0] == '[')
            return host[^1] == ']' && TryAppendIPv6(host[1..^1], ref to);
        if (special)
            return TryAppendDomain(host, ref to);
        if (host.ContainsAny(ForbiddenInHost))
            return false;
        PercentEncodeSet.C0Control.Append(host, ref to);
        return true;
    }

    private static bool TryAppendDomain(ReadOnlySpan<char> host, ref UrlBuffer to)
    {
        byte[]? bytes = null;
        char[]? decoded = null;
        try
        {
            ReadOnlySpan<char> domain = host;
            if (host.Contains('%'))
            {
                bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(host.Length));
                int length = PercentEncodeSet.Decode(host, bytes);
                decoded = ArrayPool<char>.Shared.Rent(length);
                domain = decoded.AsSpan(0, Encoding.UTF8.GetChars(bytes.AsSpan(0, length), decoded)); // bad bytes become U+FFFD, which no name may hold
            }
            if (Idna.ToAscii(domain) is not { Length: > 0 } ascii || ascii.AsSpan().ContainsAny(ForbiddenInDomain))
                return false;
            if (EndsInNumber(ascii))
                return TryAppendIPv4(ascii, ref to);
            to.Append(ascii);
            return true;
        }
        finally
        {
            if (bytes is not null)
                ArrayPool<byte>.Shared.Return(bytes);
            if (decoded is not null)
                ArrayPool<char>.Shared.Return(decoded);
        }
    }

    /// <summary>The last label (before one root dot) reads as a number, so that the host is an IPv4 address or nothing.</summary>
    private static bool EndsInNumber(ReadOnlySpan<char> host)
    {
        if (!host.IsEmpty && host[^1] == '.')
            host = host[..^1];
        ReadOnlySpan<char> last = host[(host.LastIndexOf('.') + 1)..];
        return !last.IsEmpty && char.IsAsciiDigit(last[0])
            && (!last.ContainsAnyExceptInRange('0', '9') || (last.Length >= 2 && last[0] == '0' && last[1] is 'x' or 'X' && TryReadNumber(last, out _)));
    }

    private static bool TryAppendIPv4(ReadOnlySpan<char> host, ref UrlBuffer to)
    {
        if (host[^1] == '.')
            host = host[..^1];
        ulong address = 0;
        for (int part = 0; ; part++)
        {
            int dot = host.IndexOf('.');
            if (part == 4 || !TryReadNumber(dot < 0 ? host : host[..dot], out ulong number))
                return false;
            if (dot < 0)
            {
                if (number >= 1UL << (8 * (4 - part)))
                    return false;
                AppendIPv4((uint)(address << (8 * (4 - part)) | number), ref to);
                return true;
            }
            if (number > 255)
                return false;
            address = address << 8 | number;
            host = host[(dot + 1)..];
        }
    }

    private static void AppendIPv4(uint address, ref UrlBuffer to)
    {
        for (int shift = 24; shift >= 0; shift -= 8)
        {
            Span<char> room = to.Take(4);
            (address >> shift & 255).TryFormat(room, out int length, default, CultureInfo.InvariantCulture);
            if (shift > 0)
                room[length++] = '.';
            to.Truncate(to.Length - 4 + length);
        }
    }

    /// <summary>Decimal, octal after 0, hexadecimal after 0x (alone: 0). What overflows 32 bits saturates: no part may be so large.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, out ulong number)
    {
        number = 0;
        if (text.IsEmpty)
            return false;
        uint radix = 10;
        if (text.Length >= 2 && text[0] == '0')
        {
            radix = text[1] is 'x' or 'X' ? 16u : 8;
            text = text[(radix == 16 ? 2 : 1)..];
        }
        foreach (char c in text)
        {
            uint digit = char.IsAsciiDigit(c) ? (uint)(c - '0') : char.IsAsciiHexDigit(c) ? (uint)((c | 0x20) - 'a' + 10) : 16;
            if (digit >= radix)
                return false;
            number = Math.Min(number * radix + digit, 1UL << 40);
        }
        return true;
    }

    [SkipLocalsInit]
    private static bool TryAppendIPv6(ReadOnlySpan<char> text, ref UrlBuffer to)
    {
        Span<ushort> pieces = stackalloc ushort[8];
        pieces.Clear();
        int piece = 0, compress = -1, at = 0;
        if (text.StartsWith(":"))
        {
            if (!text.StartsWith("::"))
                return false;
            at = 2;
            compress = ++piece;
        }
        while (at < text.Length)
        {
            if (piece == 8)
                return false;
            if (text[at] == ':')
            {
                if (compress >= 0)
                    return false;
                at++;
                compress = ++piece;
                continue;
            }
            int value = 0, length = 0;
            for (; length < 4 && at < text.Length && char.IsAsciiHexDigit(text[at]); length++, at++)
                value = value << 4 | (char.IsAsciiDigit(text[at]) ? text[at] - '0' : (text[at] | 0x20) - 'a' + 10);
            if (at < text.Length && text[at] == '.')
            {
                if (length == 0 || piece > 6 || !TryReadLastFour(text[(at - length)..], pieces[piece..]))
                    return false;
                piece += 2;
                break;
            }
            if (at < text.Length)
            {
                if (text[at++] != ':' || at == text.Length)
                    return false;
            }
            pieces[piece++] = (ushort)value;
        }
        if (compress >= 0)
        {
            int moved = piece - compress; // those after the :: belong at the end
            pieces.Slice(compress, moved).CopyTo(pieces[(8 - moved)..]);
            pieces[compress..(8 - moved)].Clear();
        }
        else if (piece != 8)
            return false;
        AppendIPv6(pieces, ref to);
        return true;
    }

    /// <summary>The dotted last 32 bits of an IPv6 address: four decimals without leading zeros, and nothing after them.</summary>
    private static bool TryReadLastFour(ReadOnlySpan<char> text, Span<ushort> pieces)
    {
        for (int i = 0; i < 4; i++)
        {
            int length = 0, value = 0;
            for (; length < text.Length && char.IsAsciiDigit(text[length]); length++)
            {
                value = value * 10 + text[length] - '0';
                if (value > 255 || (length > 0 && text[0] == '0'))
                    return false;
            }
            if (length == 0 || (i < 3 ? length == text.Length || text[length] != '.' : length != text.Length))
                return false;
            pieces[i / 2] = (ushort)(pieces[i / 2] << 8 | value);
            text = i < 3 ? text[(length + 1)..] : default;
        }
        return true;
    }

    private static void AppendIPv6(scoped ReadOnlySpan<ushort> pieces, ref UrlBuffer to)
    {
        (int gap, int gapLength) = (-1, 1); // the first longest run of two zeros or more
        for (int i = 0; i < 8; i++)
        {
            int end = i;
            while (end < 8 && pieces[end] == 0)
                end++;
            if (end - i > gapLength)
                (gap, gapLength) = (i, end - i);
            i = end;
        }
        to.Append('[');
        for (int i = 0; i < 8; i++)
        {
            if (i == gap)
            {
                to.Append(i == 0 ? "::" : ":");
                i += gapLength - 1;
                continue;
            }
            Span<char> room = to.Take(4);
            pieces[i].TryFormat(room, out int length, "x", CultureInfo.InvariantCulture);
            to.Truncate(to.Length - 4 + length);
            if (i < 7)
                to.Append(':');
        }
        to.Append(']');
    }
}
