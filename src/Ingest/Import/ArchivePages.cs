using System.Security.Cryptography;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Turns records of WARC and ARC into visits: HTTP responses and resources are read as pages are, and a revisit, which
/// says that a page was as before, is one that was not modified. All other records (requests, DNS, metadata) are skipped.
/// </summary>
internal sealed class ArchivePages(string source, VisitImportOptions options)
{
    /// <summary>Whether a record can become a visit.</summary>
    public static bool IsPage(ArchiveRecord record) => record.Type is "response" or "resource" or "revisit"
        && record.Target.StartsWith("http", StringComparison.OrdinalIgnoreCase)
        && (record.Type != "response" || record.ContentType.Length == 0 || !record.ContentType.StartsWith("text/dns", StringComparison.OrdinalIgnoreCase));

    /// <returns>The visit; null where the record is none, and where <paramref name="problem"/> says why it was left out.</returns>
    public PageVisit? Read(ArchiveRecord record, ArchiveBatch batch, out string? problem)
    {
        problem = null;
        if (!IsPage(record))
            return null;
        if (WebUrl.TryParse(record.Target) is not { IsHttp: true } url)
        {
            problem = "its URL cannot be read";
            return null;
        }
        if (record.At is not { } at)
        {
            problem = "it has no date that can be read";
            return null;
        }
        ReadOnlyMemory<byte> block = record.Block(batch);
        ArchivedResponse? response = record.Type == "resource"
            ? new ArchivedResponse(200, Fields(record), block.Length > options.Pages.MaxBody ? block[..options.Pages.MaxBody] : block,
                record.Whole && block.Length <= options.Pages.MaxBody, block)
            : ArchivedResponse.Parse(block, record.Whole, options.Pages.MaxBody);
        bool? verified = options.CheckDigests && record.Whole ? Verify(record, block, response) : null;
        if (verified == false)
        {
            problem = "its digest is not that of its content";
            return null;
        }
        if (record.Type == "revisit" && response is null or { Status: 200 or 304 })
            return new PageVisit { Url = url.PageKey, At = at, Source = source, Outcome = VisitOutcome.NotModified, Status = response?.Status ?? 304, Address = Address(record) };
        if (response is null)
        {
            problem = record.Length == 0 ? "it is empty" : "it holds no HTTP response";
            return null;
        }
        return options.Read(new PageResponse
        {
            Url = url,
            Status = response.Status,
            Fields = response.Fields,
            Body = response.Body,
            Complete = response.Complete && record.Fields.Get("WARC-Truncated") is null && (record.Sound || verified == true),
            At = at,
            Source = source,
            Address = Address(record),
        }, options.Pages);
    }

    private static HttpFields Fields(ArchiveRecord record)
    {
        HttpFields fields = new();
        if (record.ContentType.Length > 0)
            fields.Add("Content-Type", record.ContentType);
        return fields;
    }

    private static string Address(ArchiveRecord record) => record.Fields.Get("WARC-IP-Address") ?? "";

    /// <summary>Whether a digest the record has is right; null where it has none that is known. A payload digest may be of the
    /// body as sent or without its chunks: writers differ.</summary>
    private static bool? Verify(ArchiveRecord record, ReadOnlyMemory<byte> block, ArchivedResponse? response)
    {
        if (Verify(record.Fields.Get("WARC-Block-Digest"), block.Span) is { } right)
            return right;
        if (record.Type == "revisit" || response is null)
            return null; // the payload is elsewhere
        string? digest = record.Fields.Get("WARC-Payload-Digest");
        return Verify(digest, response.Payload.Span) switch
        {
            false when ArchivedResponse.Unchunk(response.Payload.Span) is { } chunks => Verify(digest, chunks.Bytes),
            var verdict => verdict,
        };
    }

    /// <param name="digest"><c>sha1:</c> and base 32, as WARC writes it; hexadecimal and base 64 occur.</param>
    private static bool? Verify(string? digest, ReadOnlySpan<byte> of)
    {
        int colon = digest?.IndexOf(':') ?? -1;
        if (colon < 0)
            return null;
        Span<byte> hash = stackalloc byte[64];
        int length;
        switch (digest![..colon].ToLowerInvariant().Replace("-", "", StringComparison.Ordinal))
        {
#pragma warning disable CA5350, CA5351 // not for security: WARC says which
            case "sha1": length = SHA1.HashData(of, hash); break;
            case "md5": length = MD5.HashData(of, hash); break;
#pragma warning restore CA5350, CA5351
            case "sha256": length = SHA256.HashData(of, hash); break;
            case "sha512": length = SHA512.HashData(of, hash); break;
            default: return null;
        }
        string text = digest[(colon + 1)..].Trim();
        hash = hash[..length];
        if (text.Length == length * 2)
            return text.Equals(Convert.ToHexString(hash), StringComparison.OrdinalIgnoreCase);
        return text.TrimEnd('=').Length == (length * 8 + 4) / 5
            ? text.TrimEnd('=').Equals(Base32(hash), StringComparison.OrdinalIgnoreCase)
            : text.TrimEnd('=').Replace('-', '+').Replace('_', '/') == Convert.ToBase64String(hash).TrimEnd('=');
    }

    private static string Base32(ReadOnlySpan<byte> bytes)
    {
        const string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // RFC 4648
        char[] text = new char[(bytes.Length * 8 + 4) / 5];
        int held = 0, bits = 0, at = 0;
        foreach (byte b in bytes)
        {
            held = (held << 8 | b) & 0xFFFF;
            for (bits += 8; bits >= 5; bits -= 5)
                text[at++] = digits[held >> (bits - 5) & 31];
        }
        if (bits > 0)
            text[at] = digits[held << (5 - bits) & 31];
        return new string(text);
    }
}
