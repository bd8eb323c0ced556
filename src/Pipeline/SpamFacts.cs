using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>
/// Turns what a page graph, its link records and the store know into <see cref="SpamInput"/>: everything by domain.
/// One pass over the records, domain by domain; 16 bytes a record at most, since distinct anchors of an edge are few.
/// </summary>
internal sealed class SpamFacts
{
    /// <summary>Fingerprints taken of a domain: those of its first pages in name order. More would only repeat them.</summary>
    private const int MostContents = 20;

    private const int RangeDomains = 1 << 11; // lists of a range stay small

    private readonly LinkGraph _pages, _domains;
    private readonly int _threads;
    private readonly LinkRecords _records;
    private readonly MappedArray<uint> _domainOf;
    private readonly MappedArray<long> _pageRows;
    private readonly MappedArray<uint> _pageNodes;

    /// <param name="threads">0 means one for each processor.</param>
    public SpamFacts(LinkGraph pages, LinkGraph domains, int threads = 0)
    {
        (_pages, _domains, _threads) = (pages, domains, threads == 0 ? Environment.ProcessorCount : threads);
        _records = LinkRecords.Of(pages) ?? throw new ArgumentException("the page graph has no link records", nameof(pages));
        _domainOf = Need<uint>(pages, "domains");
        _pageRows = Need<long>(domains, "page_rows");
        _pageNodes = Need<uint>(domains, "page_nodes");
    }

    /// <summary>The pages of a domain, ascending.</summary>
    public ReadOnlySpan<uint> PagesOf(int domain) => _pageNodes.Slice(_pageRows[domain], checked((int)(_pageRows[domain + 1L] - _pageRows[domain])));

    /// <param name="raw">z of the domains.</param>
    /// <param name="owners">Owner group of each domain, 0 unknown; or null.</param>
    /// <param name="channels">Keys beside those of pages, such as accounts.</param>
    /// <param name="edges">Of <see cref="Edges"/>.</param>
    public SpamInput Gather(double[] raw, double damping, uint[]? owners, IReadOnlyList<SharedKeys> channels, PageMarks marks, uint[] storeIds, int[]? topicNow, (LinkAnchors Anchors, int[] FirstSeen) edges)
    {
        (SharedKeys contents, SharedKeys networks) = OfPages(marks, storeIds);
        int[] pages = new int[_domains.NodeCount];
        for (int domain = 0; domain < pages.Length; domain++)
            pages[domain] = PagesOf(domain).Length;
        return new SpamInput
        {
            Graph = _domains,
            Raw = raw,
            Damping = damping,
            Owners = owners,
            Channels = [.. channels, networks],
            Contents = contents,
            Anchors = edges.Anchors,
            FirstSeen = edges.FirstSeen,
            TopicNow = topicNow,
            Pages = pages,
            Example = Example,
        };
    }

    /// <summary>The heaviest link from a page of one domain to a page of another, as people read it.</summary>
    private string? Example(int source, int target)
    {
        LinkRecord? best = null;
        foreach (uint page in PagesOf(target))
            foreach (LinkRecord link in _records.Into((int)page))
                if (_domainOf[link.Source] == (uint)source && (best is not { } b || link.Weight > b.Weight))
                    best = link;
        return best is { } found ? $"{_pages.Names[(int)found.Source]} → {_pages.Names[(int)found.Target]} \"{_records.Anchor(found.Anchor)}\"" : null;
    }

    /// <summary>Anchors and first day of each domain edge, in the order of the domain graph's in-links. Domains are worked on side by side in
    /// ranges of a fixed size, whose anchors are joined in order.</summary>
    public (LinkAnchors Anchors, int[] FirstSeen) Edges(CancellationToken cancel)
    {
        uint[] textOf = [], firstLook = [];
        List<string> texts = [];
        Parallel.Invoke(new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = cancel }, () => (textOf, texts) = Texts(), () => firstLook = FirstLooks());
        long m = _domains.LinkCount;
        int[] firstSeen = new int[m];
        long[] offsets = new long[m + 1];
        var parts = new (List<uint> Anchors, List<uint> Counts)[(_domains.NodeCount + RangeDomains - 1) / RangeDomains];
        Parallel.For(0, parts.Length, new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = cancel }, range =>
            parts[range] = OfRange(range * RangeDomains, Math.Min(_domains.NodeCount, (range + 1) * RangeDomains), textOf, firstLook, firstSeen, offsets));
        uint[] anchors = new uint[parts.Sum(part => part.Anchors.Count)], counts = new uint[anchors.Length];
        int at = 0;
        for (int range = 0; range < parts.Length; range++)
        {
            parts[range].Anchors.CopyTo(anchors, at);
            parts[range].Counts.CopyTo(counts, at);
            long end = _domains.InOffsets[Math.Min(_domains.NodeCount, (range + 1) * RangeDomains)];
            for (long edge = _domains.InOffsets[range * RangeDomains]; edge < end; edge++)
                offsets[edge + 1] += at; // they count from the range's first
            at += parts[range].Anchors.Count;
        }
        return (new LinkAnchors(offsets, anchors, counts, texts), firstSeen);
    }

    /// <summary>Enters the edges into domains of a range; <paramref name="offsets"/> end rows, counted from the first of the range.</summary>
    private (List<uint> Anchors, List<uint> Counts) OfRange(int start, int end, uint[] textOf, uint[] firstLook, int[] firstSeen, long[] offsets)
    {
        var anchors = new List<uint>();
        var counts = new List<uint>();
        var found = new List<ulong>(); // edge << 32 | text
        ReadOnlySpan<uint> domainOf = _domainOf.Slice(0, _pages.NodeCount);
        int dayOfEpoch = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;
        for (int domain = start; domain < end; domain++)
        {
            ReadOnlySpan<uint> sources = _domains.InOf(domain);
            long row = _domains.InOffsets[domain];
            firstSeen.AsSpan((int)row, sources.Length).Fill(int.MaxValue);
            found.Clear();
            foreach (uint page in PagesOf(domain))
            {
                (long first, int count) = _records.RowOf((int)page);
                ReadOnlySpan<uint> from = _records.Sources(first, count), anchorOf = _records.Anchors(first, count), seen = _records.FirstSeen(first, count);
                for (int i = 0; i < count; i++)
                {
                    uint source = domainOf[(int)from[i]];
                    if (source == (uint)domain)
                        continue;
                    int edge = sources.BinarySearch(source);
                    if (edge < 0)
                        continue; // withheld
                    found.Add((ulong)edge << 32 | textOf[anchorOf[i]]);
                    // What a page had when it was first looked at may be any age.
                    int day = seen[i] / 86400 <= firstLook[from[i]] ? 0 : (int)(seen[i] / 86400) + dayOfEpoch;
                    firstSeen[row + edge] = Math.Min(firstSeen[row + edge], day); // so an edge with one link of unknown age is of unknown age
                }
            }
            found.Sort();
            int at = 0;
            for (int edge = 0; edge < sources.Length; edge++)
            {
                while (at < found.Count && found[at] >> 32 == (ulong)edge)
                {
                    ulong text = found[at];
                    uint count = 0;
                    for (; at < found.Count && found[at] == text; at++)
                        count++;
                    anchors.Add((uint)text);
                    counts.Add(count);
                }
                offsets[row + edge + 1] = anchors.Count;
                if (firstSeen[row + edge] == int.MaxValue)
                    firstSeen[row + edge] = 0;
            }
        }
        return (anchors, counts);
    }

    /// <summary>Anchor texts in lower case, and the number of each of the records' texts among them.</summary>
    private (uint[] TextOf, List<string> Texts) Texts()
    {
        var numbers = new Dictionary<string, uint>(StringComparer.Ordinal);
        var texts = new List<string>();
        uint[] textOf = new uint[_records.AnchorCount];
        for (uint anchor = 0; anchor < textOf.Length; anchor++)
        {
            string text = _records.Anchor(anchor).Trim().ToLowerInvariant();
            if (!numbers.TryGetValue(text, out uint number))
            {
                numbers.Add(text, number = (uint)texts.Count);
                texts.Add(text);
            }
            textOf[anchor] = number;
        }
        return (textOf, texts);
    }

    /// <summary>Day (since 1970) of the earliest link of each page: the day it was first read.</summary>
    private uint[] FirstLooks()
    {
        uint[] first = new uint[_pages.NodeCount];
        Array.Fill(first, uint.MaxValue);
        const int block = 1 << 16;
        for (long at = 0; at < _records.Count; at += block)
        {
            int count = (int)Math.Min(block, _records.Count - at);
            ReadOnlySpan<uint> from = _records.Sources(at, count), seen = _records.FirstSeen(at, count);
            for (int i = 0; i < count; i++)
                first[from[i]] = Math.Min(first[from[i]], seen[i] / 86400);
        }
        return first;
    }

    private (SharedKeys Contents, SharedKeys Networks) OfPages(PageMarks marks, uint[] storeIds)
    {
        int n = _domains.NodeCount;
        var contents = new List<ulong>?[n];
        var networks = new List<ulong>?[n];
        for (int page = 0; page < storeIds.Length; page++)
        {
            (ulong simHash, ulong network) = marks.Of(storeIds[page]);
            uint domain = simHash != 0 || network != 0 ? _domainOf[page] : 0;
            if (simHash != 0 && (contents[domain] ??= new(2)).Count < MostContents)
                contents[domain]!.Add(simHash);
            if (network != 0 && !(networks[domain] ??= new(1)).Contains(network))
                networks[domain]!.Add(network);
        }
        foreach (List<ulong>? list in networks)
            list?.Sort();
        return (SharedKeys.FromLists("near-duplicate text", EvidenceFamily.Content, contents),
            SharedKeys.FromLists("network", EvidenceFamily.Infrastructure, networks) with { Describe = Network.NameOf, Strength = 1.5 });
    }

    private static MappedArray<T> Need<T>(LinkGraph graph, string name) where T : unmanaged =>
        graph.MapIfPresent<T>(name) ?? throw new ArgumentException($"the graph has no array '{name}'", nameof(graph));
}
