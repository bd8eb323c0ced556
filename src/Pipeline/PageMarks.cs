using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>
/// What evidence needs of each page beside its links, gathered while the store's pages stream by for their topics: the
/// fingerprint of its text, the network it came from. By the store's numbers. Cost: 16 bytes a page.
/// </summary>
internal sealed class PageMarks
{
    private ulong[] _simHashes = [], _networks = [];

    /// <summary>Pages with at least this many words have a text that can be told from a template's. A paragraph.</summary>
    private const int LeastWords = 40;

    /// <summary>Pages of the store passed on unchanged, each noted.</summary>
    public IEnumerable<StoredPage> Noting(IEnumerable<StoredPage> pages)
    {
        foreach (StoredPage page in pages)
        {
            if (page.Granularity == Granularity.Page)
                Take(page.Id, page.Words >= LeastWords ? page.SimHash : 0, Network.KeyOf(page.Address));
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
}
