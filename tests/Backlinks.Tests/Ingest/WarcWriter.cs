using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;

namespace Backlinks.Tests;

/// <summary>How an archive that a test writes is packed.</summary>
public enum Packing
{
    Plain,

    /// <summary>A gzip member for each record, as archives should be.</summary>
    Members,

    /// <summary>The whole file as one gzip member.</summary>
    OneMember,
}

/// <summary>Writes small WARC and ARC files for tests and benchmarks.</summary>
internal sealed class WarcWriter(Packing packing, string version = "1.0", CompressionLevel level = CompressionLevel.Fastest)
{
    private readonly ArrayBufferWriter<byte> _file = new();
    private int _id;

    /// <summary>Where each record starts; in a gzip file, where its member does.</summary>
    public List<long> Offsets { get; } = [];

    public byte[] ToArray() => packing == Packing.OneMember ? Gzip(_file.WrittenSpan.ToArray(), level) : _file.WrittenSpan.ToArray();

    public void Response(string url, byte[] http, DateTime at, bool digest = false, params (string Name, string Value)[] more) =>
        Record("response", url, "application/http; msgtype=response", http, at, digest ? [("WARC-Block-Digest", Digest(http)), .. more] : more);

    public void Record(string type, string url, string contentType, byte[] block, DateTime at, params (string Name, string Value)[] more)
    {
        StringBuilder header = new();
        header.Append(CultureInfo.InvariantCulture, $"WARC/{version}\r\nWARC-Type: {type}\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{++_id:d12}>\r\n");
        if (url.Length > 0)
            header.Append(CultureInfo.InvariantCulture, $"WARC-Target-URI: {url}\r\n");
        header.Append(CultureInfo.InvariantCulture, $"WARC-Date: {at:yyyy-MM-ddTHH:mm:ssZ}\r\n");
        foreach ((string name, string value) in more)
            header.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        header.Append(CultureInfo.InvariantCulture, $"Content-Type: {contentType}\r\nContent-Length: {block.Length}\r\n\r\n");
        Add([.. Encoding.UTF8.GetBytes(header.ToString()), .. block, .. "\r\n\r\n"u8]);
    }

    /// <summary>The version block that an ARC file starts with.</summary>
    public void ArcHeader()
    {
        const string lines = "1 0 Tests\nURL IP-address Archive-date Content-type Archive-length\n\n";
        Add(Encoding.ASCII.GetBytes($"filedesc://tests.arc 127.0.0.1 20200101000000 text/plain {lines.Length}\n{lines}\n"));
    }

    public void ArcResponse(string url, byte[] http, DateTime at) =>
        Add([.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{url} 192.0.2.1 {at:yyyyMMddHHmmss} text/html {http.Length}\n")), .. http, (byte)'\n']);

    /// <summary>Bytes as they are: damage, or what a careless writer leaves.</summary>
    public void Add(byte[] bytes)
    {
        Offsets.Add(_file.WrittenCount);
        _file.Write(packing == Packing.Members ? Gzip(bytes, level) : bytes);
    }

    /// <summary>An HTTP response with an HTML page of these links.</summary>
    public static byte[] Page(params string[] links) => Http("200 OK", Encoding.UTF8.GetBytes(
        $"<html><head><title>t</title></head><body>{string.Concat(links.Select(l => $"<p><a href=\"{l}\">to {l}</a></p>\n"))}</body></html>"));

    public static byte[] Http(string status, byte[] body, params string[] fields)
    {
        if (!fields.Any(f => f.StartsWith("Content-Type", StringComparison.OrdinalIgnoreCase)))
            fields = ["Content-Type: text/html; charset=utf-8", .. fields];
        if (!fields.Any(f => f.StartsWith("Transfer-Encoding", StringComparison.OrdinalIgnoreCase) || f.StartsWith("Content-Length", StringComparison.OrdinalIgnoreCase)))
            fields = [$"Content-Length: {body.Length}", .. fields];
        return [.. Encoding.UTF8.GetBytes($"HTTP/1.1 {status}\r\n{string.Concat(fields.Select(f => f + "\r\n"))}\r\n"), .. body];
    }

    public static byte[] Gzip(byte[] bytes, CompressionLevel level = CompressionLevel.Fastest)
    {
        if (bytes.Length == 0)
            return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]; // GZipStream would write nothing
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, level))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>SHA-1 in base 32, as WARC writes it; in hexadecimal, as some writers do.</summary>
    public static string Digest(byte[] bytes, bool hex = false)
    {
#pragma warning disable CA5350 // WARC says which
        const string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        byte[] hash = SHA1.HashData(bytes); // 160 bits: 32 digits of five
#pragma warning restore CA5350
        return hex ? "sha1:" + Convert.ToHexString(hash) : "sha1:" + string.Concat(Enumerable.Range(0, 32).Select(i =>
        {
            int bit = i * 5, two = hash[bit / 8] << 8 | (bit / 8 + 1 < 20 ? hash[bit / 8 + 1] : 0);
            return digits[two >> (11 - bit % 8) & 31];
        }));
    }
}
