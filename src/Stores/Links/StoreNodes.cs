using System.IO.Hashing;
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

    /// <summary>By node; as the fold has them, or null: see <see cref="DomainName"/>.</summary>
    private string?[] DomainNames { get; set; } = [];

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

    /// <summary>Numbers the pages of a graph again, with some that are new and without some that are gone.</summary>
    /// <param name="added">In order of key; none of them in the graph, nor in <paramref name="idsBefore"/>.</param>
    /// <param name="gone">By node of before.</param>
    /// <returns>The nodes, and the new number of each old one, none for those gone.</returns>
    public static (StoreNodes Nodes, uint[] NewOf) Renumber(LinkGraph pages, LinkGraph domains, ReadOnlySpan<uint> domainOf, uint[] idsBefore, List<(uint Id, byte[] Key)> added, bool[] gone,
        string pagesFolder, Func<string, string> fold, CancellationToken cancel)
    {
        var nodes = new StoreNodes(pagesFolder);
        try
        {
            return (nodes, nodes.Renumber(pages, domains, domainOf, idsBefore, added, gone, fold, cancel));
        }
        catch
        {
            nodes.Dispose();
            throw;
        }
    }

    private uint[] Renumber(LinkGraph pages, LinkGraph domains, ReadOnlySpan<uint> domainOf, uint[] idsBefore, List<(uint Id, byte[] Key)> added, bool[] gone, Func<string, string> fold,
        CancellationToken cancel)
    {
        var sites = new Dictionary<UInt128, uint>(); // by XXH3 of the name: what two sites of 10¹² might share
        var found = new Dictionary<string, uint>(StringComparer.Ordinal); // domains that have no number before, by key
        var foundKeys = new List<(byte[] Key, string Name)>();
        uint[] newOf = new uint[idsBefore.Length];
        int domainsBefore = domains.NodeCount;
        byte[] lastHost = new byte[256];
        int lastLength = -1;
        uint lastSite = 0, lastDomain = NoNode;
        uint highest = 0;
        foreach (uint id in idsBefore)
            highest = Math.Max(highest, id);
        foreach ((uint id, _) in added)
            highest = Math.Max(highest, id);
        _pageOfId = new uint[highest + 1L];
        Array.Fill(_pageOfId, NoNode);
        int total = idsBefore.Length + added.Count;
        _idOfPage.Capacity = _domainOfPage.Capacity = _siteOfPage.Capacity = total;

        // The host of a key, where it is not the one before: its site; its domain is asked for where no page of before tells it.
        bool IsNewHost(ReadOnlySpan<byte> key)
        {
            int tab = key.IndexOf((byte)'\t');
            ReadOnlySpan<byte> host = tab > 0 ? key[..tab] : key;
            if (lastLength >= 0 && host.SequenceEqual(lastHost.AsSpan(0, lastLength)))
                return false;
            UInt128 site = XxHash128.HashToUInt128(host.EndsWith(".www"u8) ? host[..^4] : host); // as SitewideLinks.SiteOf
            if (!sites.TryGetValue(site, out lastSite))
                sites.Add(site, lastSite = (uint)sites.Count);
            if (host.Length > lastHost.Length)
                lastHost = new byte[2 * host.Length];
            host.CopyTo(lastHost);
            lastLength = host.Length;
            lastDomain = NoNode;
            return true;
        }
        void AddPage(uint id, uint domain, ReadOnlySpan<byte> key)
        {
            _pageOfId[id] = (uint)_idOfPage.Count;
            _idOfPage.Add(id);
            _domainOfPage.Add(domain);
            _siteOfPage.Add(lastSite);
            PageNames.Add(key);
        }
        uint DomainOfHost(ReadOnlySpan<byte> key)
        {
            int tab = key.IndexOf((byte)'\t');
            string name = fold(tab > 0 ? NodeNames.ReverseLabels(Encoding.UTF8.GetString(key[..tab])) : NodeNames.FromKey(Encoding.UTF8.GetString(key)));
            string domainKey = NodeNames.ToKey(name);
            byte[] utf8 = Encoding.UTF8.GetBytes(domainKey);
            if (domains.Names.FindKey(utf8) is >= 0 and int node)
                return (uint)node;
            if (!found.TryGetValue(domainKey, out uint domain))
            {
                found.Add(domainKey, domain = (uint)(domainsBefore + foundKeys.Count));
                foundKeys.Add((utf8, name));
            }
            return domain;
        }
        int next = 0, old = 0;
        void AddNext()
        {
            (uint id, byte[] key) = added[next++];
            IsNewHost(key);
            if (lastDomain == NoNode)
                lastDomain = DomainOfHost(key);
            AddPage(id, lastDomain, key);
        }
        foreach (ReadOnlySpan<byte> key in pages.Names.EnumerateKeys())
        {
            if ((old & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            while (next < added.Count && added[next].Key.AsSpan().SequenceCompareTo(key) < 0)
                AddNext();
            newOf[old] = NoNode;
            if (!gone[old])
            {
                IsNewHost(key);
                lastDomain = domainOf[old];
                newOf[old] = (uint)_idOfPage.Count;
                AddPage(idsBefore[old], lastDomain, key);
            }
            old++;
        }
        while (next < added.Count)
            AddNext();

        // Domains: old ones are in order, new ones come between, and those without pages go.
        bool[] lives = new bool[domainsBefore + foundKeys.Count];
        foreach (uint domain in _domainOfPage)
            lives[domain] = true;
        int[] order = [.. Enumerable.Range(0, foundKeys.Count)];
        Array.Sort(order, (a, b) => foundKeys[a].Key.AsSpan().SequenceCompareTo(foundKeys[b].Key));
        uint[] renumbered = new uint[lives.Length];
        Array.Fill(renumbered, NoNode);
        int living = lives.Count(static lives => lives);
        DomainKeys = new byte[living][];
        DomainNames = new string?[living];
        int count = 0, place = 0, before = 0;
        void AddFound()
        {
            int domain = order[place++];
            renumbered[domainsBefore + domain] = (uint)count;
            (DomainKeys[count], DomainNames[count]) = foundKeys[domain];
            count++;
        }
        foreach (ReadOnlySpan<byte> key in domains.Names.EnumerateKeys())
        {
            while (place < order.Length && foundKeys[order[place]].Key.AsSpan().SequenceCompareTo(key) < 0)
                AddFound();
            if (lives[before])
            {
                renumbered[before] = (uint)count;
                DomainKeys[count] = key.ToArray();
                count++;
            }
            before++;
        }
        while (place < order.Length)
            AddFound();
        DomainOfPage = new uint[_domainOfPage.Count];
        for (int page = 0; page < DomainOfPage.Length; page++)
            DomainOfPage[page] = renumbered[_domainOfPage[page]];
        SiteOfPage = [.. _siteOfPage];
        IdOfPage = [.. _idOfPage];
        Sites = sites.Count;
        DomainBefore = renumbered;
        return newOf;
    }

    /// <summary>After renumbering: the new number of each old domain, none for those gone, then those of domains that are new.</summary>
    public uint[] DomainBefore { get; private set; } = [];

    /// <summary>Name of a domain as the fold has it.</summary>
    public string DomainName(int domain) => DomainNames[domain] ?? NodeNames.FromKey(Encoding.UTF8.GetString(DomainKeys[domain]));

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
