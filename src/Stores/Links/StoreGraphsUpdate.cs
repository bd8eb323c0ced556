using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// The graphs of a store as it is now, from those of an earlier version and from what changed since.
/// <list type="number">
/// <item>Pages that were visited since are <em>changed</em>: the store gives all their links, which replace their records. Pages that
/// are new, or now linked to, are numbered in between; pages that nothing names any more are left out. All numbers keep
/// their order, so what is copied stays sorted.</item>
/// <item>A row of records (the links into one page) is <em>made again</em>, as a whole and by <see cref="WeighedLinks"/> itself, where a
/// link came, went or looks different, where its target's or a source's text changed, and where a source's site has another number of
/// pages with links than before, which decides what is site-wide. Of links that did not change the relevance is
/// taken over; other rows are copied in stretches, with new numbers of nodes and anchors.</item>
/// <item>Edges, losses and all of the domain graph are summed anew from all records, as <see cref="StoreGraphs.Build"/> sums them; so
/// discounts that were applied to the graphs before are not in the result.</item>
/// </list>
/// It cannot be done (null) where the graphs before do not fit the store or the options; where links are weighed by popularity, which
/// every link changes; where owners of domains known before changed; and where the store knows hosts or domains by name. Cost: a
/// pass over names and records of the graphs before instead of the store's, and of the store a scan for what changed; 44 bytes a
/// link and 60 a page in memory.
/// </summary>
internal sealed class StoreGraphsUpdate : IDisposable
{
    private const uint None = StoreNodes.NoNode;
    private const int RangeShift = 14; // sources to a range: 2 MB of links at the usual ten or so each

    private readonly LinkRecords _before;
    private readonly uint[] _newOf, _oldOf; // nodes
    private readonly WeighedLinks _made;
    private readonly long[] _rows; // of all records
    private readonly bool[] _isMade; // by node
    private readonly TextsAgain _texts;

    private readonly bool[] _changed; // by node of before
    private readonly StoreLink[] _added; // all links of changed pages
    private LinkRecordsWriter? _writer;

    private StoreGraphsUpdate(LinkRecords before, StoreNodes nodes, uint[] owners, uint[] newOf, uint[] oldOf, bool[] changed, StoreLink[] added, WeighedLinks made, bool[] isMade, TextsAgain texts)
    {
        (_before, Nodes, Owners, _newOf, _oldOf, _changed, _added, _made, _isMade, _texts) = (before, nodes, owners, newOf, oldOf, changed, added, made, isMade, texts);
        _rows = new long[nodes.Pages + 1L];
        for (int node = 0; node < nodes.Pages; node++)
            _rows[node + 1L] = _rows[node] + (isMade[node] ? made.Sorted.Rows[node + 1L] - made.Sorted.Rows[node] : oldOf[node] == None ? 0 : before.RowOf((int)oldOf[node]).Count);
    }

    public StoreNodes Nodes { get; }

    /// <summary>Group of each domain, or empty.</summary>
    public uint[] Owners { get; }

    /// <summary>Finds what is to be copied and what is made again; null where it cannot be done.</summary>
    public static StoreGraphsUpdate? Find(ILinkStore store, LinkGraph pages, LinkGraph domains, uint[] idsBefore, long versionBefore, string pagesFolder, StoreGraphsOptions options,
        IReadOnlySet<long>? changedTexts, int threads, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        LinkProfile profile = options.Profile;
        int n = pages.NodeCount;
        if (LinkRecords.Of(pages) is not { } before || pages.MapIfPresent<uint>("domains") is not { } domainOf || domains.MapIfPresent<uint>("pages") is not { } pagesOf
            || idsBefore.Length != n || versionBefore > store.Version || !Fits(pages, options, "page") || !Fits(domains, options, options.FoldName == "host" ? "host" : "domain")
            || domains.Manifest.Arrays.ContainsKey("link_rows") || pagesOf.Slice(0, domains.NodeCount).Contains(0u)
            || profile.Variant == PositionVariant.Popularity && profile.Uses(LinkFactorSet.Position)
            || domains.Manifest.Arrays.ContainsKey("owners") != (options.Owner is not null && domains.NodeCount > 0))
            return null;
        progress?.Report(new StepProgress("reading changes", 0, 0, "links"));
        var changes = new StoreChanges(idsBefore);
        if (!changes.Read(store, versionBefore, cancel) || !SameRelevance(before, options))
            return null;

        // By node of before.
        bool[] changed = new bool[n], linked = new bool[n], touched = new bool[n], retold = new bool[n], gone = new bool[n];
        foreach (uint id in changes.Sources)
            if (changes.NodeOf(id) is var node && node != None)
            {
                changed[node] = true;
                foreach (uint record in before.NumbersFrom((int)node))
                    linked[before.Targets(record, 1)[0]] = true;
            }
        for (int node = 0; node < n; node++)
            if (linked[node] && !changes.IsKnown(idsBefore[node]) && AllOf(changed, before.RowOf(node) is var (first, count) ? before.Sources(first, count) : []))
            {
                if (!changes.WasTold(idsBefore[node]))
                    return null;
                gone[node] = true;
            }
        foreach (long id in changedTexts ?? (IReadOnlySet<long>)new HashSet<long>())
            if (id is >= 0 and < None && changes.NodeOf((uint)id) is var node && node != None)
            {
                retold[node] = touched[node] = true;
                foreach (uint record in before.NumbersFrom((int)node))
                    touched[before.Targets(record, 1)[0]] = true;
            }
        progress?.Report(new StepProgress("numbering pages", 0, 0, "pages"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        (StoreNodes Nodes, uint[] NewOf) numbered = default;
        TextsAgain? read = null;
        StoreGraphs.Both(() => numbered = StoreNodes.Renumber(pages, domains, domainOf.Slice(0, n), idsBefore, changes.NewPages, gone, pagesFolder, options.Fold, stop.Token), () =>
        {
            read = TextsAgain.Read(store, versionBefore, before, stop.Token);
            Compare(before, changes, idsBefore, read, options, touched);
        }, stop, () => numbered.Nodes?.Dispose());
        (StoreNodes nodes, uint[] newOf, TextsAgain texts) = (numbered.Nodes!, numbered.NewOf!, read!);
        try
        {
            uint[] owners = options.Owner is null ? [] : DomainEdges.OwnersOf(nodes, options.Owner);
            if (owners.Length > 0 && !SameOwners(domains, nodes, owners))
            {
                nodes.Dispose();
                return null;
            }
            uint[] oldOf = new uint[nodes.Pages];
            Array.Fill(oldOf, None);
            bool[] isMade = new bool[nodes.Pages];
            for (int node = 0; node < n; node++)
                if (newOf[node] != None)
                {
                    oldOf[newOf[node]] = (uint)node;
                    isMade[newOf[node]] = touched[node];
                }
            StoreLink[] added = Resolve(changes.Links, nodes.PageOf, texts);
            foreach (ref readonly StoreLink link in added.AsSpan())
                isMade[link.Target] |= oldOf[link.Target] == None || oldOf[link.Source] == None;
            int[] pagesOfSites = profile.Uses(LinkFactorSet.Sitewide) ? PagesOfSites(before, nodes, newOf, oldOf, changed, added, isMade, profile, cancel) : [];
            (SortedLinks rowsMade, float[] relevance, long[] origins) = Gather(before, nodes, newOf, oldOf, changed, retold, isMade, added);
            WeighedLinks made = WeighedLinks.OfPages(rowsMade, nodes, texts.Forms(rowsMade.Links), owners, options, threads, cancel, new SomeRows(pagesOfSites, relevance));
            if (!SameFactors(before, made, origins))
            {
                nodes.Dispose();
                return null;
            }
            return new StoreGraphsUpdate(before, nodes, owners, newOf, oldOf, changed, added, made, isMade, texts);
        }
        catch
        {
            nodes.Dispose();
            throw;
        }
    }

    /// <summary>Writes all records: rows that were made again, and between them the others as they were.</summary>
    public void Write(string folder, int threads, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        LinkRecordsWriter writer = _writer = new(folder, Nodes.Pages, _rows[^1], threads);
        uint[] numbers = new uint[_texts.Count]; // + 1; texts are numbered as records use them
        long first = 0, end = 0; // a stretch to be copied
        void Copy()
        {
            if (end > first)
                writer.AddRange(_before, first, end - first, _newOf, numbers);
            first = end;
        }
        for (int node = 0; node < Nodes.Pages; node++)
        {
            if ((node & 0xFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("writing links", _rows[node], _rows[^1], "links"));
            }
            if (!_isMade[node])
            {
                if (_oldOf[node] == None)
                    continue;
                (long start, int count) = _before.RowOf((int)_oldOf[node]);
                if (start != end)
                {
                    Copy();
                    first = start;
                }
                end = start + count;
                continue;
            }
            SortedLinks made = _made.Sorted;
            if (made.Rows[node] == made.Rows[node + 1L])
                continue;
            Copy();
            for (long i = made.Rows[node]; i < made.Rows[node + 1L]; i++)
            {
                uint text = made.Links[i].Text;
                ref uint number = ref numbers[text];
                if (number == 0)
                    number = writer.AddText(_texts[text]) + 1;
                writer.Add(_made.RecordOf((int)i, number - 1));
            }
        }
        Copy();
    }

    /// <summary>Completes the records that were written.</summary>
    public void Finish(GraphBuilder graph, OutLinks links) => _writer!.Finish(graph, links.Rows, links.Numbers);

    public void Dispose()
    {
        _writer?.Dispose();
        Nodes.Dispose();
    }

    private static bool Fits(LinkGraph graph, StoreGraphsOptions options, string granularity) => graph.Manifest.Granularity == granularity
        && graph.Manifest.Source is { Format: "store", Options: { } made } && made.GetValueOrDefault("fold") == options.FoldName && made.GetValueOrDefault("profile") == options.Profile.Name;

    // Every two domains of before have one owner now if and only if they had one.
    private static bool SameOwners(LinkGraph domains, StoreNodes nodes, uint[] owners)
    {
        ReadOnlySpan<uint> before = domains.MapIfPresent<uint>("owners")!.Slice(0, domains.NodeCount);
        uint[] nowOf = new uint[before.Length], beforeOf = new uint[owners.Length];
        Array.Fill(nowOf, None);
        Array.Fill(beforeOf, None);
        for (int domain = 0; domain < before.Length; domain++)
        {
            if (nodes.DomainBefore[domain] == None)
                continue;
            uint was = before[domain], now = owners[nodes.DomainBefore[domain]];
            if (nowOf[was] == None && beforeOf[now] == None)
                (nowOf[was], beforeOf[now]) = (now, was);
            else if (nowOf[was] != now || beforeOf[now] != was)
                return false;
        }
        return true;
    }

    private static bool AllOf(bool[] set, ReadOnlySpan<uint> nodes)
    {
        foreach (uint node in nodes)
            if (!set[node])
                return false;
        return true;
    }

    // Touches the targets of links of changed pages that came, went or look different.
    private static void Compare(LinkRecords before, StoreChanges changes, uint[] idsBefore, TextsAgain texts, StoreGraphsOptions options, bool[] touched)
    {
        StoreLink[] links = Resolve(changes.Links, changes.NodeOf, texts);
        Array.Sort(links, static (a, b) => a.Source != b.Source ? a.Source.CompareTo(b.Source) : a.Target != b.Target ? a.Target.CompareTo(b.Target)
            : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Ordinal.CompareTo(b.Ordinal));
        bool asks = options.Relevance is not null && options.Profile.Uses(LinkFactorSet.Relevance);
        int next = 0;
        foreach (uint id in changes.Sources.Order(Comparer<uint>.Create((a, b) => changes.NodeOf(a).CompareTo(changes.NodeOf(b)))))
        {
            uint source = changes.NodeOf(id);
            if (source == None)
                break; // those of before come first
            foreach (uint number in before.NumbersFrom((int)source))
            {
                LinkRecord record = before[number];
                for (; next < links.Length && links[next].Source == source && Order(links[next], record) < 0; next++)
                    touched[links[next].Target] = true;
                if (next == links.Length || links[next].Source != source || Order(links[next], record) > 0)
                    touched[record.Target] = true;
                else if (links[next++] is var link && !(link.Rel == record.Rel && link.Zone == record.Zone && BitConverter.SingleToUInt32Bits(link.Position) == BitConverter.SingleToUInt32Bits(record.Position) && link.Text == record.Anchor
                    && link.FirstSeen == record.FirstSeenSeconds && (!asks || link.Kind is LinkKind.Redirect or LinkKind.Canonical
                    || (float)options.Profile.OfRelevance(options.Relevance!(id, idsBefore[link.Target])) == record.Factors.Relevance)))
                    touched[link.Target] = true;
            }
            for (; next < links.Length && links[next].Source == source; next++)
                touched[links[next].Target] = true;
        }

        static int Order(in StoreLink link, in LinkRecord record) =>
            (link.Target, link.Kind, Math.Min(link.Ordinal, ushort.MaxValue)).CompareTo((record.Target, record.Kind, record.Ordinal));
    }

    // Links of changed pages as the graph has them, in order.
    private static StoreLink[] Resolve(List<StoreLink> links, Func<uint, uint> nodeOf, TextsAgain texts)
    {
        var resolved = new List<StoreLink>(links.Count);
        foreach (StoreLink read in links)
        {
            StoreLink link = read;
            (link.Source, link.Target, link.Text) = (nodeOf(read.Source), nodeOf(read.Target), texts.TextOf(read.Text));
            if (link.Source != None && link.Target != None && link.Source != link.Target)
                resolved.Add(link);
        }
        resolved.Sort(static (a, b) => a.Target != b.Target ? a.Target.CompareTo(b.Target) : a.Source != b.Source ? a.Source.CompareTo(b.Source)
            : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Ordinal.CompareTo(b.Ordinal));
        return [.. resolved];
    }

    // Pages with links of each site; rows that have links from sites whose number changed are to be made again.
    private static int[] PagesOfSites(LinkRecords before, StoreNodes nodes, uint[] newOf, uint[] oldOf, bool[] changed, StoreLink[] added, bool[] isMade, LinkProfile profile, CancellationToken cancel)
    {
        static bool Own(LinkKind kind) => kind is not (LinkKind.Redirect or LinkKind.Canonical);
        bool[] had = new bool[newOf.Length], has = new bool[nodes.Pages];
        MappedArray<byte> kinds = before.Column<byte>("link_kind");
        for (long first = 0; first < before.Count; first += 1 << 20)
        {
            cancel.ThrowIfCancellationRequested();
            int count = (int)Math.Min(1 << 20, before.Count - first);
            ReadOnlySpan<byte> kind = kinds.Slice(first, count);
            ReadOnlySpan<uint> source = before.Sources(first, count);
            for (int i = 0; i < count; i++)
                if (Own((LinkKind)kind[i]))
                    had[source[i]] = true;
        }
        foreach (ref readonly StoreLink link in added.AsSpan())
            has[link.Source] |= Own(link.Kind);
        int[] pages = new int[nodes.Sites], delta = new int[nodes.Sites];
        for (int page = 0; page < has.Length; page++)
        {
            uint old = oldOf[page];
            if (old != None && !changed[old])
                has[page] = had[old];
            uint site = nodes.SiteOfPage[page];
            pages[site] += has[page] ? 1 : 0;
            delta[site] += (has[page] ? 1 : 0) - (old != None && had[old] ? 1 : 0);
        }
        if (!Array.Exists(delta, static d => d != 0))
            return pages;
        for (int page = 0; page < has.Length; page++)
            if (delta[nodes.SiteOfPage[page]] != 0 && oldOf[page] is var old && old != None)
                foreach (uint record in before.NumbersFrom((int)old))
                {
                    uint target = before.Targets(record, 1)[0];
                    if (before.RowOf((int)target).Count >= profile.SitewidePages && newOf[target] != None)
                        isMade[newOf[target]] = true;
                }
        return pages;
    }

    // The rows to be made again: what is left of the old ones, and what came.
    private static (SortedLinks Rows, float[] Relevance, long[] Origins) Gather(LinkRecords before, StoreNodes nodes, uint[] newOf, uint[] oldOf, bool[] changed, bool[] retold, bool[] isMade,
        StoreLink[] added)
    {
        var links = new List<StoreLink>(added.Length);
        var relevance = new List<float>(added.Length);
        var origins = new List<long>(added.Length);
        long[] rows = new long[nodes.Pages + 1L];
        int next = 0;
        for (uint node = 0; node < (uint)nodes.Pages; node++)
        {
            if (isMade[node])
            {
                (long first, int count) = oldOf[node] == None ? (0, 0) : before.RowOf((int)oldOf[node]);
                while (next < added.Length && added[next].Target < node)
                    next++; // of rows that stay as they are
                ReadOnlySpan<uint> sources = before.Sources(first, count);
                for (int i = 0; i < count; i++)
                {
                    if (changed[sources[i]])
                        continue;
                    LinkRecord record = before[first + i];
                    for (uint source = newOf[sources[i]]; next < added.Length && added[next].Target == node && added[next].Source < source; next++)
                        AddNext();
                    links.Add(new StoreLink(record, newOf[sources[i]], node, record.Anchor));
                    relevance.Add(retold[sources[i]] || retold[oldOf[node]] ? float.NaN : record.Factors.Relevance);
                    origins.Add(retold[sources[i]] || retold[oldOf[node]] ? ~(first + i) : first + i);
                }
                for (; next < added.Length && added[next].Target == node; next++)
                    AddNext();
            }
            rows[node + 1L] = links.Count;
        }
        return (new SortedLinks([.. links], rows), [.. relevance], [.. origins]);

        void AddNext()
        {
            links.Add(added[next]);
            relevance.Add(float.NaN);
            origins.Add(long.MinValue);
        }
    }

    // Where nobody knows similarities now, nobody did before.
    private static bool SameRelevance(LinkRecords before, StoreGraphsOptions options)
    {
        if (options.Relevance is not null)
            return true;
        float unknown = (float)options.Profile.OfRelevance(double.NaN);
        MappedArray<float> factors = before.Column<float>("link_factors");
        MappedArray<byte> kinds = before.Column<byte>("link_kind");
        for (long record = 0; record < before.Count; record++)
            if (factors[LinkRecords.Factors * record + 4] != unknown && (LinkKind)kinds[record] is not (LinkKind.Redirect or LinkKind.Canonical))
                return false;
        return true;
    }

    // Links that did not change must have the factors that they had, or the profile is another.
    private static bool SameFactors(LinkRecords before, WeighedLinks made, long[] origins)
    {
        for (int i = 0; i < origins.Length; i++)
            if (origins[i] != long.MinValue)
            {
                LinkWeight was = before[origins[i] < 0 ? ~origins[i] : origins[i]].Factors, now = made.RecordOf(i, 0).Factors;
                if ((was.Rel, was.Zone, was.Position, was.Form) != (now.Rel, now.Zone, now.Position, now.Form) || origins[i] >= 0 && was.Relevance != now.Relevance)
                    return false;
            }
        return true;
    }

    /// <summary>All links by their sources.</summary>
    public OutLinks BySource(int threads, CancellationToken cancel)
    {
        int n = Nodes.Pages;
        (LinkRecords before, WeighedLinks made, uint[] newOf, uint[] oldOf, long[] rows, bool[] isMade) = (_before, _made, _newOf, _oldOf, _rows, _isMade);
        long[] sourceRows = new long[n + 1L];
        ReadOnlySpan<long> rowsBefore = before.Column<long>("link_source_rows").Slice(0, newOf.Length + 1);
        foreach (ref readonly StoreLink link in _added.AsSpan())
            sourceRows[link.Source + 1L]++;
        for (int node = 0; node < n; node++)
        {
            if (oldOf[node] is var old && old != None && !_changed[old])
                sourceRows[node + 1L] = rowsBefore[(int)old + 1] - rowsBefore[(int)old];
            sourceRows[node + 1L] += sourceRows[node];
        }
        if (sourceRows[n] != rows[n])
            throw new InvalidOperationException($"{sourceRows[n]} records by source and {rows[n]} by target: this is a fault of StoreGraphsUpdate");
        uint[] numbers = GC.AllocateUninitializedArray<uint>(checked((int)rows[n]));
        OutLink[] links = GC.AllocateUninitializedArray<OutLink>(numbers.Length);
        MappedArray<float> weights = before.Column<float>("link_weight"), factors = before.Column<float>("link_factors");
        // First by ranges of sources, one after the other, then each range within the caches: scattering all at once would miss them each time.
        int buckets = (n >> RangeShift) + 1;
        long[] ends = new long[buckets]; // place of the next of each range, among those on their way
        for (int bucket = 1; bucket < buckets; bucket++)
            ends[bucket] = sourceRows[bucket << RangeShift];
        Way[] ways = GC.AllocateUninitializedArray<Way>(numbers.Length);
        for (int node = 0; node < n; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            uint number = (uint)rows[node];
            if (isMade[node])
            {
                for (long i = made.Sorted.Rows[node]; i < made.Sorted.Rows[node + 1L]; i++, number++)
                {
                    uint from = made.Sorted.Links[i].Source;
                    ways[ends[from >> RangeShift]++] = new Way(from, number, new OutLink((uint)node, made.Weight[i], made.Full[i]));
                }
                continue;
            }
            if (oldOf[node] == None)
                continue;
            (long first, int count) = before.RowOf((int)oldOf[node]);
            ReadOnlySpan<uint> source = before.Sources(first, count);
            ReadOnlySpan<float> weight = weights.Slice(first, count), factor = factors.Slice(first * LinkRecords.Factors, count * LinkRecords.Factors);
            for (int i = 0; i < source.Length; i++, number++)
            {
                ReadOnlySpan<float> f = factor.Slice(LinkRecords.Factors * i, LinkRecords.Factors);
                uint from = newOf[source[i]];
                ways[ends[from >> RangeShift]++] = new Way(from, number, new OutLink((uint)node, weight[i], new LinkWeight(f[0], f[1], f[2], f[3], f[4], f[5]).Full));
            }
        }
        Parallel.For(0, buckets, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel }, bucket =>
        {
            int first = bucket << RangeShift, count = Math.Min(n - first, 1 << RangeShift);
            long[] next = sourceRows.AsSpan(first, count).ToArray();
            for (long i = sourceRows[first]; i < sourceRows[first + count]; i++)
            {
                ref readonly Way way = ref ways[i];
                long place = next[way.Source - first]++;
                numbers[place] = way.Number;
                links[place] = way.Link;
            }
        });
        return new OutLinks(sourceRows, numbers, links);
    }

    /// <summary>A link on its way to its source's row.</summary>
    private readonly record struct Way(uint Source, uint Number, OutLink Link);
}
