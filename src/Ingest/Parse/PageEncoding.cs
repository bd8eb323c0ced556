using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Backlinks.Ingest;

/// <summary>
/// Which encoding a page is in, and the page in UTF-8. Source: WHATWG HTML, 13.2.3.2 ("determining the character
/// encoding") and the Encoding Standard.
/// </summary>
/// <remarks>
/// In this order: byte order mark; charset of the Content-Type; what the first 1,024 bytes declare, or a meta in the first
/// 64 KiB (browsers go on to the end; a page that says it later is not worth reading twice); then, where nothing is declared, UTF-8 if the body holds other than ASCII and all of it is valid UTF-8 (a last character cut in half is
/// forgiven), else windows-1252. The last step is our choice where the standard leaves one: browsers guess from frequencies
/// and locale; valid UTF-8 by accident is next to impossible in a page of any length, and windows-1252 is what western
/// browsers fall back to. A body that is valid UTF-8, or ASCII in an encoding that extends it, is not copied; one in UTF-8
/// with bad bytes is repaired (U+FFFD each, as browsers do). What is returned is always valid UTF-8 without a mark.
/// </remarks>
public static class PageEncoding
{
    /// <param name="contentType">The value of the Content-Type header, or null.</param>
    /// <param name="encoding">What it was in; its <see cref="Encoding.WebName"/> is the WHATWG name in lower case.</param>
    public static ReadOnlyMemory<byte> ToUtf8(ReadOnlyMemory<byte> body, string? contentType, out Encoding encoding)
    {
        encoding = Determine(body.Span, contentType, out int mark);
        body = body[mark..];
        if (encoding is WebEncoding web)
            return web.IsAsciiSuperset && Ascii.IsValid(body.Span) ? body : web.ToUtf8(body.Span);
        return Utf8.IsValid(body.Span) ? body : Repair(body.Span);
    }

    /// <summary>The encoding alone, and the length of the byte order mark that decided it, 0 for none.</summary>
    public static Encoding Determine(ReadOnlySpan<byte> body, string? contentType, out int mark)
    {
        mark = 0;
        if (body is [0xEF, 0xBB, 0xBF, ..])
        {
            mark = 3;
            return Encoding.UTF8;
        }
        if (body is [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..])
        {
            mark = 2;
            return body[0] == 0xFE ? WebEncoding.Utf16BE : WebEncoding.Utf16LE;
        }
        if (contentType is not null && CharsetOf(contentType) is { } declared)
            return declared;
        return MetaPrescan.Find(body) ?? Guess(body);
    }

    /// <summary>The charset parameter of a media type; null where absent or unknown. The first counts (MIME Sniffing, 4.4).</summary>
    internal static Encoding? CharsetOf(ReadOnlySpan<char> contentType)
    {
        int at = contentType.IndexOf(';');
        while (at >= 0 && at < contentType.Length)
        {
            ReadOnlySpan<char> rest = contentType[(at + 1)..];
            int equals = rest.IndexOfAny('=', ';');
            if (equals < 0)
                return null;
            if (rest[equals] == ';')
            {
                at += 1 + equals;
                continue;
            }
            ReadOnlySpan<char> name = rest[..equals].Trim();
            ReadOnlySpan<char> value = rest[(equals + 1)..].TrimStart();
            int start = contentType.Length - value.Length;
            int length;
            if (!value.IsEmpty && value[0] == '"')
            {
                value = value[1..];
                length = value.IndexOf('"');
                length = length < 0 ? value.Length : length;
                value = value[..length];
                int next = contentType[Math.Min(start + 1 + length, contentType.Length)..].IndexOf(';');
                at = next < 0 ? -1 : Math.Min(start + 1 + length, contentType.Length) + next;
            }
            else
            {
                length = value.IndexOf(';');
                at = length < 0 ? -1 : start + length;
                value = length < 0 ? value : value[..length];
            }
            if (name.Equals("charset", StringComparison.OrdinalIgnoreCase))
                return WebEncoding.ForLabel(value.Trim().Trim('\''));
        }
        return null;
    }

    private static Encoding Guess(ReadOnlySpan<byte> body)
    {
        if (Ascii.IsValid(body))
            return WebEncoding.Windows1252;
        // The last character may be cut: up to three bytes that begin one.
        for (int back = 1; back <= Math.Min(3, body.Length); back++)
        {
            byte b = body[^back];
            if (b < 0x80)
                break;
            if (b >= 0xC0)
            {
                if (Rune.DecodeFromUtf8(body[^back..], out _, out _) == OperationStatus.NeedMoreData)
                    body = body[..^back];
                break;
            }
        }
        return !body.IsEmpty && Utf8.IsValid(body) && !Ascii.IsValid(body) ? Encoding.UTF8 : WebEncoding.Windows1252;
    }

    /// <summary>Bad sequences become U+FFFD, one for each maximal part as the UTF-8 decoder of the standard does it.</summary>
    private static ReadOnlyMemory<byte> Repair(ReadOnlySpan<byte> body)
    {
        var text = new Utf8Text(body.Length + 64);
        int good = 0;
        for (int i = 0; i < body.Length;)
        {
            if (body[i] < 0x80)
            {
                int ascii = body[i..].IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
                i = ascii < 0 ? body.Length : i + ascii;
                continue;
            }
            OperationStatus status = Rune.DecodeFromUtf8(body[i..], out _, out int length);
            if (status != OperationStatus.Done)
            {
                text.AddBytes(body[good..i]);
                text.AddError();
                good = i + length;
            }
            i += length;
        }
        text.AddBytes(body[good..]);
        return text.Written;
    }
}
