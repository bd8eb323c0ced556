using System.Buffers.Binary;
using System.Net;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>
/// What evidence needs of each page beside its links, gathered while the store's pages stream by for their topics: the
/// fingerprint of its text, the network it came from. By the store's numbers. Cost: 16 bytes a page.
/// </summary>
internal sealed class PageMarks
{
    private const ulong IPv4 = 1UL << 62, IPv6 = 1UL << 63;

    private ulong[] _simHashes = [], _networks = [];

    /// <summary>Pages with at least this many words have a text that can be told from a template's. A paragraph.</summary>
    private const int LeastWords = 40;

    /// <summary>Pages of the store passed on unchanged, each noted.</summary>
    public IEnumerable<StoredPage> Noting(IEnumerable<StoredPage> pages)
    {
        foreach (StoredPage page in pages)
        {
            if (page.Granularity == Granularity.Page)
                Take(page.Id, page.Words >= LeastWords ? page.SimHash : 0, NetworkOf(page.Address));
            yield return page;
        }
    }

    /// <summary>Notes all of them.</summary>
    public void Note(IEnumerable<StoredPage> pages)
    {
        foreach (StoredPage _ in Noting(pages))
        {
        }
    }

    /// <summary>Takes over what was noted of a page before.</summary>
    public void Take(long id, ulong simHash, ulong network)
    {
        if (id >= _simHashes.Length)
        {
            int size = (int)Math.Max(id + 1, Math.Min(2L * _simHashes.Length, Array.MaxLength));
            Array.Resize(ref _simHashes, size);
            Array.Resize(ref _networks, size);
        }
        (_simHashes[id], _networks[id]) = (simHash, network);
    }

    /// <summary>The fingerprint of a page's text, 0 for too little text, and the network it came from, 0 unknown.</summary>
    public (ulong SimHash, ulong Network) Of(long id) => id < _simHashes.Length ? (_simHashes[id], _networks[id]) : (0, 0);

    /// <summary>The name of a network, such as <c>192.0.2.0/24</c>.</summary>
    public static string NetworkName(ulong key)
    {
        byte[] bytes = new byte[(key & IPv6) != 0 ? 16 : 4];
        if (bytes.Length == 16)
            BinaryPrimitives.WriteUInt64BigEndian(bytes, key << 16);
        else
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)key);
        return $"{new IPAddress(bytes)}/{(bytes.Length == 16 ? 48 : 24)}";
    }

    /// <summary>/24 of an IPv4 address, /48 of an IPv6 one, as a number; loopback and private networks say nothing of an owner.</summary>
    private static ulong NetworkOf(string address)
    {
        if (address.Length == 0 || !IPAddress.TryParse(address, out IPAddress? ip))
            return 0;
        if (ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        if (IPAddress.IsLoopback(ip) || ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal)
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        _ = ip.TryWriteBytes(bytes, out int length);
        if (length == 16)
            return IPv6 | BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16;
        bool own = bytes[0] is 10 or 0 || (bytes[0] == 172 && bytes[1] is >= 16 and < 32) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254);
        return own ? 0 : IPv4 | BinaryPrimitives.ReadUInt32BigEndian(bytes) & 0xFFFFFF00;
    }
}
