using System.Runtime.ExceptionServices;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>How <see cref="StoreGraphs"/> builds.</summary>
public sealed record StoreGraphsOptions
{
    /// <summary>The name under which a host stands in the domain graph, such as its registrable domain.</summary>
    public required Func<string, string> Fold { get; init; }

    /// <summary>What <see cref="Fold"/> does, in a word for the manifests: <c>domain</c>, <c>host</c>, …</summary>
    public required string FoldName { get; init; }

    /// <summary>What links weigh. Default <see cref="LinkProfile.Default"/>.</summary>
    public LinkProfile Profile { get; init; } = LinkProfile.Default;

    /// <summary>The owner of a domain as <see cref="Fold"/> names it, or null where none is known; see <see cref="DomainEdges"/> for
    /// what follows. Default: nobody's owner is known.</summary>
    public Func<string, string?>? Owner { get; init; }

    /// <summary>Similarity of two pages by their numbers in the store, source first: 0 to 1, NaN unknown. Called once for each
    /// link between pages, by several threads. Default: all are unknown.</summary>
    public Func<long, long, float>? Relevance { get; init; }

    /// <inheritdoc cref="GraphBuilderOptions.MemoryBytes"/>
    public long MemoryBytes { get; init; } = new GraphBuilderOptions().MemoryBytes;

    /// <inheritdoc cref="GraphBuilderOptions.Threads"/>
    public int Threads { get; init; }
}

/// <summary>Both graphs.</summary>
/// <param name="PageIds">The store's number of each page node. Not in the graph: numbers depend on the order of writing.</param>
public sealed record StoreGraphsResult(GraphManifest Pages, GraphManifest Domains, uint[] PageIds);

/// <summary>
/// Two weighted graphs of what a link store knows now.
/// <list type="bullet">
/// <item>Counted are links that are live and of a kind that can carry authority (a, area, redirect, canonical, reported), each
/// with the weight of <see cref="LinkWeight"/>, which rel may bring to 0; a page's links to itself are not, and a report beside
/// the link it reports has the weight 0.</item>
/// <item><b>Pages</b>: nodes are the pages that were visited, or that such a link names. w(p,q) = Σ weights of the links from p
/// to q, links within a site included; a pair of weight 0 is no edge. <c>lost_weights</c>: Σ of what rel withholds. Every link has
/// a record (<see cref="LinkRecords"/>). Array <c>domains</c> (u4, n): the node of each page in the domain graph.</item>
/// <item><b>Domains</b>: nodes are the folded hosts of these pages, and what host or domain reports name; edges and losses as
/// <see cref="DomainEdges"/> says, from the links between pages of different domains and from the reports, whose records are
/// in this graph. Arrays <c>pages</c> (u4, n): how many pages stand behind each; <c>page_rows</c> (i8, n+1) and
/// <c>page_nodes</c> (u4): these pages; <c>owners</c> (u4, n): the owner's group, where owners are known.</item>
/// </list>
/// Nodes are in key order, rows and records sorted, sums taken in a fixed order: the same content gives the same bytes however
/// it came in and for any number of threads. Cost: one pass over names, links and anchors; about 90 bytes a link and 40 a page
/// at the worst, when every anchor is another, and the builder's memory.
/// </summary>
public static class StoreGraphs
{
    /// <summary>Whether links of that kind can carry authority.</summary>
    public static bool Ranks(LinkKind kind) => kind is LinkKind.Anchor or LinkKind.Area or LinkKind.Redirect or LinkKind.Canonical or LinkKind.Reported;

    /// <summary>Builds both graphs.</summary>
    /// <param name="pagesFolder">Existing and empty, as <paramref name="domainsFolder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value of the profile is out of its range.</exception>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="GraphException">The disk is full, for one.</exception>
    public static StoreGraphsResult Build(ILinkStore store, string pagesFolder, string domainsFolder, StoreGraphsOptions options,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        LinkProfileFile.Check(options.Profile);
        int threads = ThreadsOf(options);
        StoreLinks read = StoreLinks.Read(store, progress, cancel);
        // Names and anchors are read side by side, and so are the two graphs written.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        StoreNodes? numbered = null;
        AnchorTable anchors = new();
        Both(() => numbered = StoreNodes.Number(store, read.Targets, pagesFolder, options.Fold, progress, stop.Token),
            () => anchors = AnchorTable.Read(store, read.Texts, read.HighestText, stop.Token), stop, () => numbered?.Dispose());
        using StoreNodes nodes = numbered!;
        (SortedLinks pageLinks, SortedLinks reportedLinks) = read.Sort(nodes, anchors, threads, cancel);
        anchors.EndNumbers();
        uint[] owners = options.Owner is null ? [] : DomainEdges.OwnersOf(nodes, options.Owner);
        AnchorForm[] forms = anchors.Forms(threads, cancel);
        progress?.Report(new StepProgress("weighing links", 0, pageLinks.Links.Length, "links"));
        WeighedLinks links = WeighedLinks.OfPages(pageLinks, nodes, forms, owners, options, threads, cancel);
        WeighedLinks reports = WeighedLinks.OfReports(reportedLinks, pageLinks, nodes, forms, owners, options.Profile);
        OutLinks outLinks = links.BySource(), outReports = reports.BySource();
        GraphManifest? pages = null, domains = null;
        Both(() => pages = WritePages(pagesFolder, nodes, outLinks, graph => links.Write(pagesFolder, outLinks, anchors, graph, threads, progress, stop.Token), options, progress, stop.Token),
            () => domains = WriteDomains(domainsFolder, nodes, outLinks, outReports, reports.Sorted.Links.Length == 0 ? null
                : graph => reports.Write(domainsFolder, outReports, anchors, graph, threads, null, stop.Token), owners, options, stop.Token), stop);
        return new StoreGraphsResult(pages!, domains!, nodes.IdOfPage);
    }

    /// <summary>
    /// Both graphs as <see cref="Build"/> makes them, byte for byte, from those made of the same store at an earlier version and
    /// from what changed since; see <see cref="StoreGraphsUpdate"/> for how. That both are made with the same options is for the
    /// caller to see to: compared are the names of fold and profile, owners, and the factors of links in rows that are made again,
    /// but not what the fold does, the limits of site-wide links, or similarities of pairs whose source was not visited.
    /// </summary>
    /// <param name="pagesBefore">Discounted (<see cref="ReweighedGraph"/>) or not, as <paramref name="domainsBefore"/>; no discounts are in the result.</param>
    /// <param name="pageIdsBefore">The store's number of each page node (<see cref="StoreGraphsResult.PageIds"/>).</param>
    /// <param name="versionBefore">Of the store (<see cref="ILinkStore.Version"/>) when they were made.</param>
    /// <param name="changedTexts">The store's numbers of the pages whose text changed: similarity is asked for only where a link's
    /// source was visited since or either end is among these. Default: none.</param>
    /// <returns>Null where the changes are of a kind that needs a new <see cref="Build"/>; both folders are empty then.</returns>
    /// <inheritdoc cref="Build"/>
    public static StoreGraphsResult? Update(ILinkStore store, LinkGraph pagesBefore, LinkGraph domainsBefore, uint[] pageIdsBefore, long versionBefore,
        string pagesFolder, string domainsFolder, StoreGraphsOptions options, IReadOnlySet<long>? changedTexts = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        LinkProfileFile.Check(options.Profile);
        int threads = ThreadsOf(options);
        using StoreGraphsUpdate? update = StoreGraphsUpdate.Find(store, pagesBefore, domainsBefore, pageIdsBefore, versionBefore, pagesFolder, options, changedTexts, threads, progress, cancel);
        if (update is null)
            return null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        OutLinks? links = null;
        Both(() => update.Write(pagesFolder, threads, progress, stop.Token), () => links = update.BySource(threads, stop.Token), stop);
        OutLinks none = new(new long[update.Nodes.Domains + 1L], [], []);
        GraphManifest? pages = null, domains = null;
        Both(() => pages = WritePages(pagesFolder, update.Nodes, links!, graph => update.Finish(graph, links!), options, progress, stop.Token),
            () => domains = WriteDomains(domainsFolder, update.Nodes, links!, none, null, update.Owners, options, stop.Token), stop);
        return new StoreGraphsResult(pages!, domains!, update.Nodes.IdOfPage);
    }

    /// <summary>Runs both, and waits for both; the first that fails stops the other, and is what is told.</summary>
    internal static void Both(Action here, Action there, CancellationTokenSource stop, Action? undo = null)
    {
        Exception? first = null;
        void Guarded(Action work)
        {
            try
            {
                work();
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref first, e, null);
                stop.Cancel();
            }
        }
        Task other = Task.Factory.StartNew(() => Guarded(there), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Guarded(here);
        other.Wait();
        if (first is null)
            return;
        undo?.Invoke();
        ExceptionDispatchInfo.Throw(first);
    }

    private static GraphManifest WritePages(string folder, StoreNodes nodes, OutLinks outLinks, Action<GraphBuilder> writeRecords, StoreGraphsOptions options,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        using GraphBuilder graph = new(folder, Builder(options, "page", "pages"));
        double[] lost = new double[nodes.Pages];
        uint[] targets = new uint[16];
        float[] weights = new float[16];
        for (int page = 0; page < nodes.Pages; page++)
        {
            if ((page & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int count = 0;
            ReadOnlySpan<OutLink> row = outLinks.Of((uint)page);
            for (int start = 0, next; start < row.Length; start = next)
            {
                double weight = 0;
                for (next = start; next < row.Length && row[next].Target == row[start].Target; next++)
                {
                    weight += row[next].Weight;
                    lost[page] += (double)row[next].Full - row[next].Weight;
                }
                if ((float)weight <= 0)
                    continue;
                if (count == targets.Length)
                {
                    Array.Resize(ref targets, 2 * count);
                    Array.Resize(ref weights, 2 * count);
                }
                (targets[count], weights[count++]) = (row[start].Target, (float)weight);
            }
            graph.AddRow((uint)page, targets.AsSpan(0, count), weights.AsSpan(0, count));
        }
        AddLost(graph, lost);
        writeRecords(graph);
        graph.AddArray<uint>("domains", nodes.DomainOfPage, "node of each page in the domain graph");
        return graph.Build(nodes.Pages, nodes.PageNames, progress, cancel);
    }

    private static GraphManifest WriteDomains(string folder, StoreNodes nodes, OutLinks links, OutLinks outReports, Action<GraphBuilder>? writeRecords,
        uint[] owners, StoreGraphsOptions options, CancellationToken cancel)
    {
        (long[] pageRows, uint[] pages) = DomainEdges.PagesOf(nodes);
        DomainEdges edges = DomainEdges.Sum(nodes, pageRows, pages, links, outReports, cancel);
        using NodeNamesWriter names = new(folder);
        using GraphBuilder graph = new(folder, Builder(options, options.FoldName == "host" ? "host" : "domain", "domains"));
        foreach (byte[] key in nodes.DomainKeys)
            names.Add(key);
        edges.Write(graph, owners, options.Profile);
        AddLost(graph, edges.Lost);
        writeRecords?.Invoke(graph);
        uint[] counts = new uint[nodes.Domains];
        for (int domain = 0; domain < counts.Length; domain++)
            counts[domain] = (uint)(pageRows[domain + 1L] - pageRows[domain]);
        graph.AddArray<uint>("pages", counts, "pages known of each domain");
        graph.AddArray<long>("page_rows", pageRows, "pages of domain s are page_nodes[page_rows[s] … page_rows[s+1])");
        graph.AddArray<uint>("page_nodes", pages, "nodes in the page graph");
        if (owners.Length > 0)
            graph.AddArray<uint>("owners", owners, "group of domains with one owner");
        return graph.Build(nodes.Domains, names, null, cancel);
    }

    private static void AddLost(GraphBuilder graph, double[] lost)
    {
        if (Array.Exists(lost, static weight => weight > 0))
            graph.AddLostWeights(lost);
    }

    private static int ThreadsOf(StoreGraphsOptions options) => options.Threads > 0 ? options.Threads : Environment.ProcessorCount;

    private static GraphBuilderOptions Builder(StoreGraphsOptions options, string granularity, string name) => new()
    {
        MemoryBytes = Math.Max(64L << 20, options.MemoryBytes / 2), // two are built side by side
        Threads = options.Threads,
        Granularity = granularity,
        Source = new GraphSource("store", name, new SortedDictionary<string, string>(StringComparer.Ordinal) { ["fold"] = options.FoldName, ["profile"] = options.Profile.Name }),
    };
}
