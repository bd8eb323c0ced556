namespace Backlinks.Ingest;

/// <summary>Whether a body is HTML: by its Content-Type, and where none is given by its first bytes (WHATWG MIME Sniffing, 5.1 and 7.1).</summary>
internal static class ContentSniffer
{
    /// <param name="contentType">The header's value, or null.</param>
    public static bool IsHtml(string? contentType, ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<char> type = contentType.AsSpan();
        int end = type.IndexOfAny(';', ',');
        type = (end < 0 ? type : type[..end]).Trim();
        if (type.IsEmpty || !type.Contains('/') || type is "*/*" || Is(type, "unknown/unknown") || Is(type, "application/unknown"))
            return StartsAsHtml(body);
        return Is(type, "text/html") || Is(type, "application/xhtml+xml");
    }

    /// <summary>Behind white space (and a byte order mark) one of the standard's tags in any case, then a space or <c>&gt;</c>; or a comment, or an XML declaration with html behind it.</summary>
    private static bool StartsAsHtml(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith("\uFEFF"u8))
            body = body[3..];
        body = body.TrimStart(" \t\n\r\f"u8);
        if (body.StartsWith("<!--"u8))
            return true;
        if (body.StartsWith("<?xml"u8))
            return body[..Math.Min(body.Length, 1024)].IndexOf("<html"u8) >= 0;
        foreach (string tag in (ReadOnlySpan<string>)["<!doctype html", "<html", "<head", "<script", "<iframe", "<h1", "<div", "<font", "<table", "<a", "<style", "<title", "<b", "<body", "<br", "<p"])
            if (body.Length > tag.Length && System.Text.Ascii.EqualsIgnoreCase(body[..tag.Length], tag) && body[tag.Length] is (byte)' ' or (byte)'>' or (byte)'\n' or (byte)'\r' or (byte)'\t')
                return true;
        return false;
    }

    private static bool Is(ReadOnlySpan<char> type, string name) => type.Equals(name, StringComparison.OrdinalIgnoreCase);
}
