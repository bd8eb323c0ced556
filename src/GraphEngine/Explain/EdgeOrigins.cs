namespace Backlinks.GraphEngine;

/// <summary>One observed link behind an edge, its numbers resolved to names.</summary>
/// <param name="Record">All that is known of it. Its nodes are pages, or domains where <paramref name="Reported"/>.</param>
/// <param name="Source">The page (or domain) it stands on.</param>
/// <param name="Target">What it points to.</param>
/// <param name="Anchor">Its text.</param>
/// <param name="Reported">Whether a report names it by domain alone, without pages.</param>
public sealed record OriginLink(LinkRecord Record, string Source, string Target, string Anchor, bool Reported);

/// <summary>How the weight of one edge follows from the links behind it.</summary>
public sealed record EdgeOrigin
{
    public required int Source { get; init; }

    public required int Target { get; init; }

    /// <summary>Observed links behind the edge, withheld ones included.</summary>
    public required long LinkCount { get; init; }

    /// <summary>Those that weigh most, by weight, un-rel'd weight, and place among the records.</summary>
    public required IReadOnlyList<OriginLink> Links { get; init; }

    /// <summary>Σ weight.</summary>
    public required double Sum { get; init; }

    /// <summary>Σ of un-rel'd weights.</summary>
    public required double Full { get; init; }

    /// <summary>w: Sum between pages, log2(1 + min(32, Sum)) between domains.</summary>
    public required double Weight { get; init; }

    /// <summary>The same of Full: what the edge would weigh if every link were followed.</summary>
    public required double FullWeight { get; init; }

    /// <summary>What is left of w because owners share: 1 where no owner is known.</summary>
    public required double OwnerFactor { get; init; }

    /// <summary>The edge's weight in the graph, before discounts of spam clusters; 0 where there is no edge.</summary>
    public required double Stored { get; init; }

    /// <summary>w · owner factor: what the edge should weigh.</summary>
    public double Recomputed => Weight * OwnerFactor;

    /// <summary>Whether Recomputed is Stored, but for rounding to a float. If not, records and graph do not belong together: nothing is hidden, say so.</summary>
    public bool Agrees => Math.Abs(Recomputed - Stored) <= 1e-6 * Math.Max(Recomputed, Stored);
}

/// <summary>
/// The observed links behind the edges of a page graph or a domain graph of the link store, from <see cref="LinkRecords"/>:
/// <code>
/// pages     w(p,q) = Σ weight                       factors of each link in its record
/// domains   w(s,t) = log2(1 + min(32, Σ weight))    over links from pages of s to pages of t, and reports
///           W(s,t) = w · log2(1 + min(32, ΣΣ weight)) / Σ w   where several domains of one owner link to t
///           W(s,t) = w · f                          where s and t have one owner; f is read off the edge
/// </code>
/// Cost: the records into the pages of the target. Safe for any number of readers; lives as long as the graphs.
/// </summary>
public sealed class EdgeOrigins
{
    private const double MostWeight = 32;

    private readonly LinkGraph _graph;
    private readonly LinkGraph? _pages;
    private readonly LinkRecords? _pageRecords;
    private readonly LinkRecords? _records;
    private readonly MappedArray<uint>? _domains;
    private readonly MappedArray<long>? _pageRows;
    private readonly MappedArray<uint>? _pageNodes;
    private readonly MappedArray<uint>? _owners;
    private readonly MappedArray<float>? _undiscounted;

    private EdgeOrigins(LinkGraph graph, LinkGraph? pages)
    {
        _graph = graph;
        _pages = pages;
        _records = LinkRecords.Of(graph);
        _pageRecords = pages is null ? null : LinkRecords.Of(pages);
        _domains = pages?.MapIfPresent<uint>("domains");
        _pageRows = graph.MapIfPresent<long>("page_rows");
        _pageNodes = graph.MapIfPresent<uint>("page_nodes");
        _owners = graph.MapIfPresent<uint>("owners");
        _undiscounted = graph.MapIfPresent<float>(ReweighedGraph.UndiscountedName);
    }

    /// <summary>The links behind a page graph; null where it has no records.</summary>
    /// <exception cref="GraphException">Arrays do not fit each other.</exception>
    public static EdgeOrigins? OfPages(LinkGraph pages) => pages.Manifest.Arrays.ContainsKey("link_rows") ? new EdgeOrigins(pages, null) : null;

    /// <summary>The links behind a domain graph, from the page graph it was folded from; null where that has no records or does not say whose pages are whose.</summary>
    /// <exception cref="GraphException">Arrays do not fit each other.</exception>
    public static EdgeOrigins? OfDomains(LinkGraph domains, LinkGraph pages) =>
        pages.Manifest.Arrays.ContainsKey("link_rows") && pages.Manifest.Arrays.ContainsKey("domains") && domains.Manifest.Arrays.ContainsKey("page_rows")
            && domains.Manifest.Arrays.ContainsKey("page_nodes") ? new EdgeOrigins(domains, pages) : null;

    /// <summary>The edge from one node to another, with those of its links that weigh most.</summary>
    /// <param name="top">Links told one by one.</param>
    public EdgeOrigin Between(int source, int target, int top = 5) => Between([source], target, top)[0];

    /// <summary>The edges from several nodes to one, in their order: one pass over the records into the target, however many they are.</summary>
    /// <param name="top">Links of each told one by one.</param>
    public IReadOnlyList<EdgeOrigin> Between(IReadOnlyList<int> sources, int target, int top = 5, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(sources);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        var behind = new Dictionary<int, Behind>();
        foreach (int source in sources)
            behind.TryAdd(source, new Behind(top));
        bool shared = _pages is not null && _owners is not null;
        var sums = new SortedDictionary<int, double>(); // of all sources, where owners share
        if (_pages is null) // rows of records are sorted by source
            foreach ((int source, Behind of) in behind)
                foreach ((LinkRecord record, bool reported) in Into(target, source))
                    of.Add(record, reported);
        else
        {
            int steps = 0;
            foreach ((LinkRecord record, bool reported) in Into(target, sources.Count == 1 && !shared ? sources[0] : -1))
            {
                if ((++steps & 0xFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
                int source = SourceOf(record, reported);
                if (shared)
                    sums[source] = sums.GetValueOrDefault(source) + record.Weight;
                if (behind.TryGetValue(source, out Behind? of))
                    of.Add(record, reported);
            }
        }
        return [.. sources.Select(source => Edge(source, target, behind[source], sums))];
    }

    private EdgeOrigin Edge(int source, int target, Behind behind, SortedDictionary<int, double> sums)
    {
        double weight = EdgeWeight(behind.Sum), stored = StoredWeight(source, target);
        return new EdgeOrigin
        {
            Source = source,
            Target = target,
            LinkCount = behind.Count,
            Links = [.. behind.Heaviest().Select(l => Resolve(l.Record, l.Reported))],
            Sum = behind.Sum,
            Full = behind.Full,
            Weight = weight,
            FullWeight = EdgeWeight(behind.Full),
            OwnerFactor = OwnerFactor(source, target, weight, stored, sums),
            Stored = stored,
        };
    }

    /// <summary>The links of one edge: their sums, and the heaviest of them.</summary>
    private sealed class Behind(int top)
    {
        private static readonly Comparer<(LinkRecord Record, bool Reported)> Lightest = Comparer<(LinkRecord Record, bool Reported)>.Create((a, b) =>
            a.Record.Weight != b.Record.Weight ? a.Record.Weight.CompareTo(b.Record.Weight) : a.Record.Full != b.Record.Full ? a.Record.Full.CompareTo(b.Record.Full)
            : a.Reported != b.Reported ? b.Reported.CompareTo(a.Reported) : b.Record.Index.CompareTo(a.Record.Index));

        private readonly PriorityQueue<(LinkRecord Record, bool Reported), (LinkRecord Record, bool Reported)> _heaviest = new(Lightest);

        public long Count { get; private set; }

        public double Sum { get; private set; }

        public double Full { get; private set; }

        public void Add(LinkRecord record, bool reported)
        {
            Count++;
            Sum += record.Weight;
            Full += record.Full;
            if (top == 0)
                return;
            if (_heaviest.Count < top)
                _heaviest.Enqueue((record, reported), (record, reported));
            else
                _heaviest.EnqueueDequeue((record, reported), (record, reported));
        }

        public (LinkRecord Record, bool Reported)[] Heaviest()
        {
            var links = new (LinkRecord, bool)[_heaviest.Count];
            for (int i = links.Length - 1; i >= 0; i--)
                links[i] = _heaviest.Dequeue();
            return links;
        }
    }

    /// <summary>By source: what an edge would weigh beyond what it does if every link were followed and owners did not share; sources whose links are all
    /// withheld included.</summary>
    public IReadOnlyDictionary<int, double> Withheld(int target, CancellationToken cancel = default)
    {
        var full = new Dictionary<int, double>();
        int steps = 0;
        foreach ((LinkRecord record, bool reported) in Into(target, -1))
        {
            if ((++steps & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int source = SourceOf(record, reported);
            full[source] = full.GetValueOrDefault(source) + record.Full;
        }
        var withheld = new Dictionary<int, double>();
        foreach ((int source, double sum) in full)
        {
            double weight = EdgeWeight(sum), stored = StoredWeight(source, target);
            if (weight - stored > 1e-6 * weight)
                withheld.Add(source, weight - stored);
        }
        return withheld;
    }

    /// <summary>w of a sum of link weights.</summary>
    public double EdgeWeight(double sum) => _pages is null ? sum : Math.Log2(1 + Math.Min(MostWeight, sum));

    private int SourceOf(LinkRecord record, bool reported) => _pages is null || reported ? (int)record.Source : (int)_domains![record.Source];

    /// <summary>The records into a node, from one source or (−1) from all, links of a domain to itself left out.</summary>
    private IEnumerable<(LinkRecord Record, bool Reported)> Into(int target, int source)
    {
        if (_pages is null)
        {
            foreach (LinkRecord record in source < 0 ? _records!.Into(target) : _records!.Between(source, target))
                if (record.Source != record.Target)
                    yield return (record, false);
            yield break;
        }
        for (long p = _pageRows![target]; p < _pageRows[target + 1L]; p++)
            foreach (LinkRecord record in _pageRecords!.Into((int)_pageNodes![p]))
            {
                uint from = _domains![record.Source];
                if (from != (uint)target && (source < 0 || from == (uint)source))
                    yield return (record, false);
            }
        if (_records is not null)
            foreach (LinkRecord record in source < 0 ? _records.Into(target) : _records.Between(source, target))
                yield return (record, true);
    }

    private OriginLink Resolve(LinkRecord record, bool reported)
    {
        LinkRecords records = _pages is null || reported ? _records! : _pageRecords!;
        NodeNames names = _pages is null || reported ? _graph.Names : _pages.Names;
        return new OriginLink(record, names[(int)record.Source], names[(int)record.Target], records.Anchor(record.Anchor), reported);
    }

    private double StoredWeight(int source, int target)
    {
        int at = _graph.OutOf(source).BinarySearch((uint)target);
        long position = _graph.OutOffsets[source] + at;
        return at < 0 ? 0 : _undiscounted is not null ? _undiscounted[position] : _graph.OutWeight(position);
    }

    /// <param name="sums">Σ weight by source, of all that link to the target.</param>
    private double OwnerFactor(int source, int target, double weight, double stored, SortedDictionary<int, double> sums)
    {
        if (_pages is null || _owners is null || weight == 0)
            return 1;
        uint owner = _owners[source];
        if (owner == _owners[target])
            return stored / weight;
        double sum = 0, edges = 0;
        int members = 0;
        foreach ((int other, double of) in sums)
        {
            if (_owners[other] != owner)
                continue;
            members++;
            sum += of;
            edges += EdgeWeight(of);
        }
        return members > 1 && edges > 0 ? Math.Min(1, EdgeWeight(sum) / edges) : 1;
    }
}
