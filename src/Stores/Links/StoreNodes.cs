using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// Numbers the URLs of a store: pages and domains, each in key order, and sites (<see cref="SitewideLinks"/>) as they are met.
/// Known are URLs that were visited or that a live link of a ranking kind names.
/// </summary>
internal sealed class StoreNodes : IDisposable
{
    public const uint NoNode = uint.MaxValue;

    private uint[] _pageOfId = [];
    private readonly Dictionary<uint, uint> _domainOfId = []; // of hosts and domains that reports name
    private readonly List<uint> _idOfPage = [], _domainOfPage = [], _siteOfPage = [];

    private StoreNodes(string pagesFolder) => PageNames = new NodeNamesWriter(pagesFolder);

    public NodeNamesWriter PageNames { get; }

    public int Pages => _domainOfPage.Count;

    public int Domains => DomainKeys.Length;

    public int Sites { get; private set; }

    /// <summary>UTF-8, by node.</summary>
    public byte[][] DomainKeys { get; private set; } = [];

    /// <summary>By node; as the fold has them.</summary>
    public string[] DomainNames { get; private set; } = [];

    /// <summary>Domain node by page node.</summary>
    public uint[] DomainOfPage { get; private set; } = [];

    /// <summary>By page node.</summary>
    public uint[] SiteOfPage { get; private set; } = [];

    /// <summary>The store's number by page node.</summary>
    public uint[] IdOfPage { get; private set; } = [];

    /// <summary>The page node of a URL; none for hosts and domains, and what is not known.</summary>
    public uint PageOf(uint id) => id < (uint)_pageOfId.Length ? _pageOfId[id] : NoNode;

    /// <summary>The domain node of a host or domain that a report names.</summary>
    public uint DomainOfReported(uint id) => _domainOfId.GetValueOrDefault(id, NoNode);

    /// <param name="known">By the store's number: whether a live link of a ranking kind names the URL.</param>
    public static StoreNodes Number(ILinkStore store, IdSet known, string pagesFolder, Func<string, string> fold, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var nodes = new StoreNodes(pagesFolder);
        try
        {
            nodes.Read(store, known, fold, progress, cancel);
            return nodes;
        }
        catch
        {
            nodes.Dispose();
            throw;
        }
    }

    private void Read(ILinkStore store, IdSet known, Func<string, string> fold, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var hosts = new Dictionary<string, (uint Domain, uint Site)>(StringComparer.Ordinal); // by key of the host
        var domains = new Dictionary<string, uint>(StringComparer.Ordinal); // by folded name
        var sites = new Dictionary<string, uint>(StringComparer.Ordinal);
        byte[] lastHost = new byte[256];
        int lastLength = -1;
        (uint Domain, uint Site) last = default;
        (uint, uint) Find(string key, string host)
        {
            if (hosts.TryGetValue(key, out (uint, uint) found))
                return found;
            string name = fold(host), siteName = SitewideLinks.SiteOf(key);
            if (!domains.TryGetValue(name, out uint domain))
                domains.Add(name, domain = (uint)domains.Count);
            if (!sites.TryGetValue(siteName, out uint site))
                sites.Add(siteName, site = (uint)sites.Count);
            hosts.Add(key, (domain, site));
            return (domain, site);
        }
        foreach (StoredName name in store.Names(cancel))
        {
            uint id = checked((uint)name.Id);
            if (!name.Visited && !known.Has(id))
                continue;
            ReadOnlySpan<byte> key = name.Key.Span;
            if (name.Granularity != Granularity.Page)
            {
                string url = name.Url;
                _domainOfId[id] = Find(Encoding.UTF8.GetString(key), url).Item1;
                continue;
            }
            int tab = key.IndexOf((byte)'\t');
            ReadOnlySpan<byte> host = tab > 0 ? key[..tab] : key;
            if (lastLength < 0 || !host.SequenceEqual(lastHost.AsSpan(0, lastLength))) // pages of a host follow each other
            {
                string text = Encoding.UTF8.GetString(host);
                last = Find(text, tab > 0 ? NodeNames.ReverseLabels(text) : NodeNames.FromKey(text));
                if (host.Length > lastHost.Length)
                    lastHost = new byte[2 * host.Length];
                host.CopyTo(lastHost);
                lastLength = host.Length;
            }
            if (id >= (uint)_pageOfId.Length)
            {
                int length = _pageOfId.Length;
                Array.Resize(ref _pageOfId, (int)Math.Min(Array.MaxLength, Math.Max(1024, Math.Max(2L * length, id + 1L))));
                _pageOfId.AsSpan(length).Fill(NoNode);
            }
            _pageOfId[id] = (uint)_idOfPage.Count;
            _idOfPage.Add(id);
            _domainOfPage.Add(last.Domain);
            _siteOfPage.Add(last.Site);
            PageNames.Add(key);
            if (_idOfPage.Count % (1 << 16) == 0)
                progress?.Report(new StepProgress("reading pages", _idOfPage.Count, 0, "pages"));
        }
        (byte[] Key, string Name, uint Old)[] order = [.. domains.Select(d => (Encoding.UTF8.GetBytes(NodeNames.ToKey(d.Key)), d.Key, d.Value))];
        Array.Sort(order, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        uint[] renumbered = new uint[order.Length];
        for (int i = 0; i < order.Length; i++)
            renumbered[order[i].Old] = (uint)i;
        DomainKeys = [.. order.Select(o => o.Key)];
        DomainNames = [.. order.Select(o => o.Name)];
        DomainOfPage = [.. _domainOfPage.Select(d => renumbered[d])];
        SiteOfPage = [.. _siteOfPage];
        IdOfPage = [.. _idOfPage];
        Sites = sites.Count;
        foreach (uint id in _domainOfId.Keys.ToArray())
            _domainOfId[id] = renumbered[_domainOfId[id]];
    }

    public void Dispose() => PageNames.Dispose();
}

/// <summary>A set of a store's numbers, a bit each.</summary>
internal sealed class IdSet
{
    private ulong[] _words = new ulong[1024];

    public void Add(uint id)
    {
        uint word = id >> 6;
        if (word >= (uint)_words.Length)
            Array.Resize(ref _words, (int)Math.Max(word + 1, 2L * _words.Length));
        _words[word] |= 1ul << (int)(id & 63);
    }

    public bool Has(uint id) => id >> 6 < (uint)_words.Length && (_words[id >> 6] >> (int)(id & 63) & 1) != 0;
}
