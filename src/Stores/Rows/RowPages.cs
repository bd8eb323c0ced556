using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// The pages of a store and their domains, each numbered by key, with what the store knows of them. All were visited or are an end of a
/// link, live or lost: nothing else makes a URL known.
/// Hosts and domains that reports name stand among pages: a link needs an end. About 250 bytes a page beside its texts.
/// </summary>
internal sealed unsafe class RowPages : IDisposable
{
    public const byte NotVisited = byte.MaxValue;

    private const uint NoPage = uint.MaxValue;

    private readonly List<RowText> _urls = [], _keys = [], _hosts = [], _titles = [], _languages = [];
    private readonly List<Seen> _seen = [];
    private readonly List<uint> _domainOf = [];
    private uint[] _noOf = [];

    /// <summary>What was seen of a page.</summary>
    /// <param name="First">Microseconds since 1970, as the other times; <see cref="PageHistory.None"/> for never.</param>
    /// <param name="Outcome">Of the last visit, or <see cref="NotVisited"/>.</param>
    /// <param name="Address">Place in <see cref="Addresses"/>, 0 for none.</param>
    /// <param name="Network">Place in <see cref="Networks"/>, 0 for none.</param>
    internal readonly record struct Seen(long First, long LastVisit, long LastVerified, int Status, int Words, int Address, int Network, Granularity Granularity, byte Outcome, bool Noindex)
    {
        /// <summary>Whether anybody looked at the page: a report of a link does not.</summary>
        public bool Looked => Outcome != NotVisited && ((VisitOutcome)Outcome != VisitOutcome.Reported || LastVerified != PageHistory.None);
    }

    public TextArena Texts { get; } = new();

    public int Count => _seen.Count;

    public uint NoOf(uint id) => id < (uint)_noOf.Length && _noOf[id] != NoPage ? _noOf[id]
        : throw new InvalidOperationException($"a link names URL {id}, which the store does not have");

    public RowText[] Urls { get; private set; } = [];

    public RowText[] Keys { get; private set; } = [];

    public RowText[] Hosts { get; private set; } = [];

    public RowText[] Titles { get; private set; } = [];

    public RowText[] Languages { get; private set; } = [];

    public Seen[] Facts { get; private set; } = [];

    /// <summary>Domain of each page.</summary>
    public uint[] DomainOf { get; private set; } = [];

    /// <summary>Node of each page in the page graph, −1 for none.</summary>
    public int[] NodeOf { get; private set; } = [];

    /// <summary>By place; the first is none.</summary>
    public RowText[] Addresses { get; private set; } = [];

    /// <summary>By place; the first is none.</summary>
    public RowText[] Networks { get; private set; } = [];

    public int Domains => DomainNames.Length;

    public RowText[] DomainNames { get; private set; } = [];

    public RowText[] DomainKeys { get; private set; } = [];

    /// <summary>Node of each domain in the domain graph, −1 for none.</summary>
    public int[] DomainNodes { get; private set; } = [];

    /// <summary>Pages of domain d are PagesOf[DomainRows[d] … DomainRows[d+1]), ascending.</summary>
    public int[] DomainRows { get; private set; } = [];

    public uint[] PagesOf { get; private set; } = [];

    public static RowPages Read(DuckDbLinkStore store, LinkGraph pages, LinkGraph domains, Func<string, string> fold, CancellationToken cancel)
    {
        var read = new RowPages();
        try
        {
            read.ReadAll(store, fold, cancel);
            read.NodeOf = Nodes(read.Keys, pages.Names, place => read.Facts[place].Granularity == Granularity.Page);
            read.DomainNodes = Nodes(read.DomainKeys, domains.Names, static _ => true);
            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    /// <summary>Forgets hosts, titles and languages: they are elsewhere.</summary>
    public void EndTexts() => (Hosts, Titles, Languages) = ([], [], []);

    public void Dispose() => Texts.Dispose();

    private void ReadAll(DuckDbLinkStore store, Func<string, string> fold, CancellationToken cancel)
    {
        var hosts = new Dictionary<string, (RowText Name, uint Domain)>(StringComparer.Ordinal); // by key of the host
        var domains = new Dictionary<string, uint>(StringComparer.Ordinal); // by folded name
        var languages = new Dictionary<string, RowText>(StringComparer.Ordinal);
        var addresses = new Dictionary<string, int>(StringComparer.Ordinal);
        var networks = new Dictionary<string, int>(StringComparer.Ordinal);
        List<RowText> addressTexts = [RowText.None], networkTexts = [RowText.None];
        byte[] lastHost = [];
        (RowText Name, uint Domain) last = default;
        (RowText, uint) Find(string key, string host)
        {
            if (hosts.TryGetValue(key, out (RowText, uint) found))
                return found;
            string name = fold(host);
            if (!domains.TryGetValue(name, out uint domain))
                domains.Add(name, domain = (uint)domains.Count);
            hosts.Add(key, found = (Texts.Add(host), domain));
            return found;
        }
        (int, int) NetworkOf(string address)
        {
            if (address.Length == 0)
                return (0, 0);
            string name = Network.Of(address);
            if (!addresses.TryGetValue(address, out int no))
            {
                addresses.Add(address, no = addressTexts.Count);
                addressTexts.Add(Texts.Add(address));
            }
            int network = 0;
            if (name.Length > 0 && !networks.TryGetValue(name, out network))
            {
                networks.Add(name, network = networkTexts.Count);
                networkTexts.Add(Texts.Add(name));
            }
            return (no, network);
        }
        store.ReadPages(chunk =>
        {
            uint* id = chunk.Column<uint>(0);
            byte* granularity = chunk.Column<byte>(2), outcome = chunk.Column<byte>(6), noindex = chunk.Column<byte>(9);
            byte* keys = chunk.Column<byte>(1), titles = chunk.Column<byte>(10), languageOf = chunk.Column<byte>(11), addressOf = chunk.Column<byte>(12);
            long* first = chunk.Column<long>(3), visit = chunk.Column<long>(4), verified = chunk.Column<long>(5);
            int* status = chunk.Column<int>(7), words = chunk.Column<int>(8);
            ulong* hasVisit = chunk.Validity(4), hasVerified = chunk.Validity(5), hasWords = chunk.Validity(8), hasTitle = chunk.Validity(10), hasLanguage = chunk.Validity(11), hasAddress = chunk.Validity(12);
            for (int i = 0; i < chunk.Count; i++)
            {
                bool visited = DuckDbLinkStore.Chunks.Has(hasVisit, i);
                ReadOnlySpan<byte> key = chunk.Span(keys, i);
                string name = NodeNames.FromKey(Encoding.UTF8.GetString(key));
                int tab = key.IndexOf((byte)'\t');
                ReadOnlySpan<byte> host = tab > 0 ? key[..tab] : key;
                if ((Granularity)granularity[i] != Granularity.Page)
                    (last, lastHost) = (Find(Encoding.UTF8.GetString(key), name), []);
                else if (!host.SequenceEqual(lastHost)) // pages of a host follow each other
                {
                    string text = Encoding.UTF8.GetString(host);
                    (last, lastHost) = (Find(text, tab > 0 ? NodeNames.ReverseLabels(text) : NodeNames.FromKey(text)), host.ToArray());
                }
                if (id[i] >= (uint)_noOf.Length)
                {
                    int length = _noOf.Length;
                    Array.Resize(ref _noOf, (int)Math.Min(Array.MaxLength, Math.Max(1024, Math.Max(2L * length, id[i] + 1L))));
                    _noOf.AsSpan(length).Fill(NoPage);
                }
                _noOf[id[i]] = (uint)_seen.Count;
                _urls.Add(Texts.Add(name));
                _keys.Add(Texts.Add(key));
                _hosts.Add(last.Name);
                _domainOf.Add(last.Domain);
                ReadOnlySpan<byte> title = DuckDbLinkStore.Chunks.Has(hasTitle, i) ? chunk.Span(titles, i) : default;
                _titles.Add(title.IsEmpty ? RowText.None : Texts.Add(title));
                string language = DuckDbLinkStore.Chunks.Has(hasLanguage, i) ? Encoding.UTF8.GetString(chunk.Span(languageOf, i)) : "";
                if (!languages.TryGetValue(language, out RowText shared))
                    languages.Add(language, shared = language.Length > 0 ? Texts.Add(language) : RowText.None);
                _languages.Add(shared);
                (int address, int network) = NetworkOf(DuckDbLinkStore.Chunks.Has(hasAddress, i) ? Encoding.UTF8.GetString(chunk.Span(addressOf, i)) : "");
                _seen.Add(new Seen(first[i], visited ? visit[i] : PageHistory.None, DuckDbLinkStore.Chunks.Has(hasVerified, i) ? verified[i] : PageHistory.None, visited ? StatusOf((VisitOutcome)outcome[i], status[i]) : 0,
                    visited && DuckDbLinkStore.Chunks.Has(hasWords, i) ? words[i] : 0, address, network, (Granularity)granularity[i], visited ? outcome[i] : NotVisited, visited && noindex[i] != 0));
            }
        }, cancel);
        (Urls, Keys, Hosts, Titles, Languages, Facts) = ([.. _urls], [.. _keys], [.. _hosts], [.. _titles], [.. _languages], [.. _seen]);
        (Addresses, Networks) = ([.. addressTexts], [.. networkTexts]);
        foreach (List<RowText> list in new[] { _urls, _keys, _hosts, _titles, _languages })
        {
            list.Clear();
            list.TrimExcess();
        }
        (byte[] Key, string Name, uint Old)[] order = [.. domains.Select(d => (Encoding.UTF8.GetBytes(NodeNames.ToKey(d.Key)), d.Key, d.Value))];
        Array.Sort(order, static (a, b) => a.Key.AsSpan().SequenceCompareTo(b.Key));
        uint[] renumbered = new uint[order.Length];
        for (int i = 0; i < order.Length; i++)
            renumbered[order[i].Old] = (uint)i;
        DomainNames = [.. order.Select(o => Texts.Add(o.Name))];
        DomainKeys = [.. order.Select(o => Texts.Add(o.Key))];
        DomainOf = [.. _domainOf.Select(d => renumbered[d])];
        _domainOf.Clear();
        _domainOf.TrimExcess();
        DomainRows = new int[order.Length + 1];
        PagesOf = new uint[Count];
        foreach (uint domain in DomainOf)
            DomainRows[domain + 1]++;
        for (int domain = 0; domain < order.Length; domain++)
            DomainRows[domain + 1] += DomainRows[domain];
        for (int page = 0; page < Count; page++)
            PagesOf[DomainRows[DomainOf[page]]++] = (uint)page;
        for (int domain = order.Length; domain > 0; domain--)
            DomainRows[domain] = DomainRows[domain - 1];
        DomainRows[0] = 0;
    }

    /// <summary>A visitor who already has the page is told 304: that the page it got with 200 still stands (RFC 9110 15.4.5).</summary>
    private static int StatusOf(VisitOutcome outcome, int status) => outcome == VisitOutcome.NotModified && status == 304 ? 200 : status;

    /// <summary>Of each key its node in a graph, −1 for none. Both are in order.</summary>
    private static int[] Nodes(RowText[] keys, NodeNames names, Func<int, bool> among)
    {
        int[] nodes = new int[keys.Length];
        NodeNames.KeyEnumerator of = names.EnumerateKeys();
        int node = 0;
        bool more = of.MoveNext();
        for (int i = 0; i < keys.Length; i++)
        {
            nodes[i] = -1;
            if (!among(i))
                continue;
            ReadOnlySpan<byte> key = keys[i].Utf8;
            int order = more ? of.Current.SequenceCompareTo(key) : 1;
            for (; order < 0; order = more ? of.Current.SequenceCompareTo(key) : 1, node++)
                more = of.MoveNext();
            if (order == 0)
                nodes[i] = node;
        }
        return nodes;
    }
}
