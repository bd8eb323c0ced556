using System.IO.Hashing;
using System.Net;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>
/// What evidence needs of each page beside its links, gathered while the store's pages stream by for their topics: the
/// fingerprint of its text, the network it came from, whether it was read. In the order of the page graph's nodes.
/// Cost: 24 bytes a page.
/// </summary>
internal sealed class PageMarks
{
    private readonly List<long> _ids = [];
    private readonly List<ulong> _simHashes = [];
    private readonly List<ulong> _networks = [];
    private readonly Dictionary<ulong, string> _networkNames = [];

    /// <summary>Pages with at least this many words have a text that can be told from a template's. A paragraph.</summary>
    private const int LeastWords = 40;

    /// <summary>Pages of the store passed on unchanged, each noted.</summary>
    public IEnumerable<StoredPage> Noting(IEnumerable<StoredPage> pages)
    {
        foreach (StoredPage page in pages)
        {
            if (page.Granularity == Granularity.Page)
            {
                _ids.Add(page.Id);
                _simHashes.Add(page.Words >= LeastWords ? page.SimHash : 0);
                _networks.Add(NetworkOf(page.Address));
            }
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

    /// <summary>The name of a network, such as <c>192.0.2.0/24</c>.</summary>
    public string NetworkName(ulong key) => _networkNames.GetValueOrDefault(key, "");

    /// <summary>SimHash (0 for too little text) and network (0 unknown) by the store's number of a page.</summary>
    public Dictionary<long, (ulong SimHash, ulong Network)> ById()
    {
        var marks = new Dictionary<long, (ulong, ulong)>(_ids.Count);
        for (int i = 0; i < _ids.Count; i++)
            if (_simHashes[i] != 0 || _networks[i] != 0)
                marks[_ids[i]] = (_simHashes[i], _networks[i]);
        return marks;
    }

    /// <summary>/24 of an IPv4 address, /48 of an IPv6 one; loopback and private networks say nothing of an owner.</summary>
    private ulong NetworkOf(string address)
    {
        if (address.Length == 0 || !IPAddress.TryParse(address, out IPAddress? ip))
            return 0;
        if (ip.IsIPv4MappedToIPv6)
            ip = ip.MapToIPv4();
        if (IPAddress.IsLoopback(ip) || ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal)
            return 0;
        byte[] bytes = ip.GetAddressBytes();
        if (bytes.Length == 4 && (bytes[0] is 10 or 0 || (bytes[0] == 172 && bytes[1] is >= 16 and < 32) || (bytes[0] == 192 && bytes[1] == 168) || (bytes[0] == 169 && bytes[1] == 254)))
            return 0;
        int kept = bytes.Length == 4 ? 3 : 6;
        Array.Clear(bytes, kept, bytes.Length - kept);
        string name = $"{new IPAddress(bytes)}/{kept * 8}";
        ulong key = Math.Max(1, XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(name)));
        _networkNames.TryAdd(key, name);
        return key;
    }
}
