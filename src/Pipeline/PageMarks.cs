using System.IO.Hashing;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Stores;

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

    /// <summary>The key of an address's network, 0 where it has none (<see cref="Network"/>).</summary>
    private ulong NetworkOf(string address)
    {
        if (Network.Of(address) is not { Length: > 0 } name)
            return 0;
        ulong key = Math.Max(1, XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(name)));
        _networkNames.TryAdd(key, name);
        return key;
    }
}
