using System.Globalization;

namespace Backlinks.Ingest;

/// <summary>
/// An HTTP response as archives keep it: status line, fields, body in transfer and content codings (RFC 9112), or what
/// the writer had already undone of them. Many writers decode a body and leave its fields as they were, so a coding is
/// undone only where the body bears its mark.
/// </summary>
/// <param name="Complete">False where the body is shorter than its fields say, or a coding breaks off.</param>
/// <param name="Payload">The body as stored: what a payload digest is of.</param>
internal sealed record ArchivedResponse(int Status, HttpFields Fields, ReadOnlyMemory<byte> Body, bool Complete, ReadOnlyMemory<byte> Payload)
{
    private const int MaxHeader = 1 << 18;

    /// <summary>Parses a block; null where it is no HTTP response.</summary>
    /// <param name="whole">False where the block itself is cut.</param>
    public static ArchivedResponse? Parse(ReadOnlyMemory<byte> block, bool whole, int maxBody)
    {
        if (!TryHead(block.Span, out int status, out HttpFields fields, out int length))
            return null;
        ReadOnlyMemory<byte> payload = block[length..], body = payload;
        bool complete = whole, chunked = false;
        if (fields.Get("Transfer-Encoding") is { } transfer && transfer.Contains("chunked", StringComparison.OrdinalIgnoreCase) && Unchunk(payload.Span) is { } chunks)
        {
            chunked = true;
            body = chunks.Bytes;
            complete &= chunks.Complete;
        }
        string? coding = fields.Get("Content-Encoding");
        bool coded = coding is not null && !coding.Equals("identity", StringComparison.OrdinalIgnoreCase);
        if (coded && IsCoded(body.Span, coding!))
        {
            ReadBody read = Decode(body, fields.GetAll("Content-Encoding"), maxBody);
            (body, complete) = (read.Bytes, complete && read.Complete);
            if (chunked || !HasLength(fields, out long sent) || sent <= payload.Length)
                return new ArchivedResponse(status, fields, body, complete, payload);
            return new ArchivedResponse(status, fields, body, Complete: false, payload);
        }
        // A body that was decoded by the writer has another length than its field says.
        if (!chunked && !coded && HasLength(fields, out long declared) && declared > body.Length && status is >= 200 and < 300 and not 204)
            complete = false;
        if (body.Length > maxBody)
            (body, complete) = (body[..maxBody], false);
        return new ArchivedResponse(status, fields, body, complete, payload);
    }

    /// <summary>Status line and fields; <paramref name="length"/> is where the body starts.</summary>
    public static bool TryHead(ReadOnlySpan<byte> block, out int status, out HttpFields fields, out int length)
    {
        (status, length, fields) = (0, 0, new HttpFields());
        int line = block[..Math.Min(block.Length, MaxHeader)].IndexOf((byte)'\n');
        if (line < 12 || !block.StartsWith("HTTP/"u8))
            return false;
        int space = block[..line].IndexOf((byte)' ');
        if (space < 0 || space + 4 > line || !int.TryParse(block.Slice(space + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out status) || status is < 100 or > 999)
            return false;
        int end = line + 1;
        while (true)
        {
            ReadOnlySpan<byte> rest = block[end..Math.Min(block.Length, MaxHeader)];
            if (rest.StartsWith("\r\n"u8) || rest.StartsWith("\n"u8))
            {
                length = end + (rest[0] == '\r' ? 2 : 1);
                break;
            }
            int next = rest.IndexOf((byte)'\n');
            if (next < 0)
            {
                end = length = Math.Min(block.Length, MaxHeader); // no empty line: there is no body
                break;
            }
            end += next + 1;
        }
        fields = WarcReader.Fields(block[(line + 1)..end]);
        return true;
    }

    /// <summary>The chunks put together (RFC 9112, 7.1), as far as they are whole; null where the body is not chunked after all.</summary>
    internal static (byte[] Bytes, bool Complete)? Unchunk(ReadOnlySpan<byte> body)
    {
        byte[] bytes = new byte[body.Length];
        int filled = 0;
        for (bool first = true; ; first = false)
        {
            int end = body.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? body : body[..end];
            int extension = line.IndexOf((byte)';');
            line = (extension < 0 ? line : line[..extension]).Trim(" \t\r"u8);
            if (end < 0 || end > 4096 || line.IsEmpty || !long.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long size) || size < 0)
                return first ? null : (bytes[..filled], false);
            body = body[(end + 1)..];
            if (size == 0)
                return (bytes[..filled], true);
            int take = (int)Math.Min(size, body.Length);
            body[..take].CopyTo(bytes.AsSpan(filled));
            filled += take;
            body = body[take..];
            if (take < size)
                return (bytes[..filled], false);
            if (body.StartsWith("\r\n"u8))
                body = body[2..];
            else if (body.StartsWith("\n"u8))
                body = body[1..];
        }
    }

    private static bool HasLength(HttpFields fields, out long length) =>
        long.TryParse(fields.Get("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out length);

    private static bool IsCoded(ReadOnlySpan<byte> body, string coding)
    {
        if (body.IsEmpty)
            return false;
        if (coding.Contains("gzip", StringComparison.OrdinalIgnoreCase) && !coding.Contains(','))
            return body.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
        // Brotli and deflate have no mark of their own; text that starts with a tag is not coded.
        return body.TrimStart(" \t\r\n\uFEFF"u8) is not [(byte)'<', ..];
    }

    // The stream is in memory, so reading it never waits.
    private static ReadBody Decode(ReadOnlyMemory<byte> body, IEnumerable<string> codings, int maxBody)
    {
        using MemoryStream stream = System.Runtime.InteropServices.MemoryMarshal.TryGetArray(body, out ArraySegment<byte> segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false) : new MemoryStream(body.ToArray());
        return BodyReader.ReadAsync(stream, codings, maxBody, null, null, CancellationToken.None, CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }
}
