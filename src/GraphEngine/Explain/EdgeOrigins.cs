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
    public EdgeOrigin Between(int source, int target, int top = 5)
    {
        var links = new List<(LinkRecord Record, bool Reported)>();
        double sum = 0, full = 0;
        foreach ((LinkRecord record, bool reported) in Into(target, source))
        {
            links.Add((record, reported));
            sum += record.Weight;
            full += record.Full;
        }
        double weight = EdgeWeight(sum), stored = StoredWeight(source, target);
        return new EdgeOrigin
        {
            Source = source,
            Target = target,
            LinkCount = links.Count,
            Links = [.. links.OrderByDescending(l => l.Record.Weight).ThenByDescending(l => l.Record.Full).ThenBy(l => l.Reported).ThenBy(l => l.Record.Index).Take(top).Select(l => Resolve(l.Record, l.Reported))],
            Sum = sum,
            Full = full,
            Weight = weight,
            FullWeight = EdgeWeight(full),
            OwnerFactor = OwnerFactor(source, target, weight, stored),
            Stored = stored,
        };
    }

    /// <summary>By source: what an edge would weigh beyond what it does if every link were followed and owners did not share; sources whose links are all
    /// withheld included.</summary>
    public IReadOnlyDictionary<int, double> Withheld(int target)
    {
        var full = new SortedDictionary<int, double>();
        foreach ((LinkRecord record, bool reported) in Into(target, -1))
        {
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

    private double OwnerFactor(int source, int target, double weight, double stored)
    {
        if (_pages is null || _owners is null || weight == 0)
            return 1;
        uint owner = _owners[source];
        if (owner == _owners[target])
            return stored / weight;
        double sum = 0, edges = 0;
        int members = 0;
        foreach (IGrouping<int, double> other in Into(target, -1).Where(l => _owners[SourceOf(l.Record, l.Reported)] == owner)
            .Select(l => (Source: SourceOf(l.Record, l.Reported), l.Record.Weight)).GroupBy(l => l.Source, l => (double)l.Weight))
        {
            members++;
            sum += other.Sum();
            edges += EdgeWeight(other.Sum());
        }
        return members > 1 && edges > 0 ? Math.Min(1, EdgeWeight(sum) / edges) : 1;
    }
}
