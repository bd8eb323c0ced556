using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>The steps in order, and what passes from one to the next.</summary>
internal sealed class StoreRunSteps(DataWriter writer, StoreRunOptions options, IProgress<StepProgress>? progress, CancellationToken cancel) : IDisposable
{
    /// <summary>What the store may take to join names to links and texts; more is spilled beside it.</summary>
    private const long StoreMemory = 1L << 30;

    private static readonly System.Text.Json.JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n" };

    private readonly JsonObject _seconds = [];
    private readonly List<IDisposable> _open = [];
    private long _start = Stopwatch.GetTimestamp();
    private uint[] _pageIds = [];
    private RunBefore? _before;
    private bool _updated;

    /// <summary>Optimised from the start, as it is called once: else what a step had would be held in memory until the last one ends.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public StoreRunResult Run()
    {
        string started = options.Clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        using DuckDbLinkStore store = writer.Folder.OpenLinks(readOnly: true, new LinkStoreOptions { MemoryBytes = StoreMemory });
        long version = store.Version;
        SpamReport? before = options.Spam ? PreviousReport() : null;
        if (options.Since is { } since)
            _open.Add(_before = RunBefore.Open(writer.Folder, store, since.Length > 0 ? since : null, cancel));
        if (_before is not null && !_before.HasGraphsOf(options))
            throw new ArgumentException($"run {_before.Run.Id} weighed or folded links in another way; give the same options, or rank without --since");
        var changed = new Dictionary<long, StoredPage>();
        if (_before is not null)
            foreach (StoredPage page in store.Contents(sinceVersion: _before.Version, cancel: cancel))
                changed[page.Id] = page;
        Lap("what changed");

        var marks = new PageMarks();
        CorpusTopics? topics = options.Topics ? TellTopics(store, marks, changed) : null;
        if (_before?.TryTake(marks) == true)
            marks.Note(changed.Values);
        else if (topics is null || _before is not null)
            marks.Note(store.Contents(texts: false, cancel: cancel));
        Lap("topics");

        (Building pages, Building domains) = BuildGraphs(store, topics, changed.Keys.ToHashSet());
        uint[]? owners = domains.Graph.MapIfPresent<uint>("owners") is { } array ? array.Slice(0, domains.Graph.NodeCount).ToArray() : null;
        IReadOnlyDictionary<int, double>? seeds = options.Seeds?.Invoke(domains.Graph.Names);
        double[]? teleport = Teleport.Of(domains.Graph.NodeCount, owners ?? [], seeds);
        _before?.Pages.Forget();
        _before?.Domains.Forget();
        GC.Collect(); // arrays of the size of the graphs are garbage now; without a word it is left lying until memory is short
        Lap("building graphs");

        RawAuthorityResult undiscounted = Solve(domains.Graph, teleport, _before?.Raw("raw_before", _before.Domains, domains.Graph) ?? _before?.Raw("raw", _before.Domains, domains.Graph));
        Lap("authority before spam");
        SpamResult? spam = options.Spam ? FindSpam(store, pages.Graph, domains.Graph, owners, undiscounted.Raw, marks, topics, before) : null;
        pages.Graph.Forget(); // its records above all
        GC.Collect();
        Lap("spam");

        bool discounted = options.Discount && spam is not null && spam.Report.Clusters.Any(c => c.Confirmed);
        if (discounted)
        {
            uint[] domainOf = pages.Graph.MapIfPresent<uint>("domains")!.Slice(0, pages.Graph.NodeCount).ToArray();
            Building whole = pages;
            Task<Building> ofPages = Task.Run(() => Discount(whole, (u, v) => spam!.Discount((int)domainOf[u], (int)domainOf[v]), u => spam!.Cluster[domainOf[u]] != 0), cancel);
            try
            {
                domains = Discount(domains, spam!.Discount, u => spam!.Cluster[u] != 0);
            }
            finally
            {
                ((IAsyncResult)ofPages).AsyncWaitHandle.WaitOne(); // whatever became of the other, its files are no longer written
            }
            pages = ofPages.GetAwaiter().GetResult();
            Lap("discounts");
        }
        (string pagesId, LinkGraph pageGraph) = Publish(pages);
        (string domainsId, LinkGraph domainGraph) = Publish(domains);
        RawAuthorityResult domainAuthority = discounted ? Solve(domainGraph, teleport, _before?.Raw("raw", _before.Domains, domainGraph) ?? undiscounted.Raw) : undiscounted;

        var run = new RunWriter(writer, domainsId, domainGraph);
        run.AddPageGraph(pagesId, pageGraph);
        Configure(run, seeds);
        run.AddDocument("scale.json", AuthorityScale.Current.ToBytes());
        run.AddDocument("profile.json", System.Text.Encoding.UTF8.GetBytes(LinkProfileFile.ToJson(options.Profile).ToJsonString(Indented) + "\n"));
        RunLevel domainLevel = AddAuthority(run, domainsId, domainGraph, "", domainAuthority, teleport);
        if (discounted)
            run.Add<double>("raw_before", undiscounted.Raw, "raw authority before links inside spam clusters were discounted");
        RawAuthorityResult pageAuthority = Solve(pageGraph, null, _before?.Raw("page_raw", _before.Pages, pageGraph));
        RunLevel pageLevel = AddAuthority(run, pagesId, pageGraph, "page_", pageAuthority, null);
        Lap("authority");
        AddFamily(run, domainGraph, domainAuthority.Raw, teleport, seeds);
        Lap("trust, truncated, robust");
        if (topics is not null)
            AddTopics(run, topics, pageGraph, domainGraph, pageAuthority.Raw, domainAuthority.Raw, changed.Keys.ToHashSet());
        Lap("topical ranks");
        if (spam is not null)
            AddSpam(run, spam);
        RunExtras.Add(run, domainGraph, "", options.With, options.Harmonic, _seconds, progress, cancel);
        RunExtras.Add(run, pageGraph, "page_", options.With, options.Harmonic, _seconds, progress, cancel);
        Lap("writing");
        run.AddAside<uint>(RunBefore.IdsName, _pageIds, "the store's number of each page node");
        run.AddAside<ulong>(RunBefore.SimHashesName, [.. _pageIds.Select(id => marks.Of(id).SimHash)], "fingerprint of each page's text, 0 for too little");
        run.AddAside<ulong>(RunBefore.NetworksName, [.. _pageIds.Select(id => marks.Of(id).Network)], "network of each page, 0 unknown");
        long records = LinkRecords.Of(pageGraph)!.Count;
        if (options.Rows)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true); // rows need the memory that steps before had
            RunRows.Write(run, store, pageGraph, domainGraph, new RunRowsOptions
            {
                Fold = options.Fold,
                Damping = options.Damping,
                Topics = options.Topics ? [.. options.Taxonomy.Topics.Select(topic => topic.Id)] : [],
                Clusters = spam is null ? [] : [.. spam.Report.Clusters.Select(cluster => cluster.Id)],
                Threads = options.Threads,
            }, progress, cancel);
            Lap("rows");
        }
        string id = run.Publish(new JsonObject
        {
            ["started"] = started,
            ["asked_by"] = options.AskedBy,
            ["threads"] = options.Threads == 0 ? Environment.ProcessorCount : options.Threads,
            ["seconds"] = _seconds.DeepClone(),
            [RunBefore.VersionName] = version,
        }, cancel);
        return new StoreRunResult(id, domainLevel, pageLevel)
        {
            Clusters = spam is null ? (0, 0) : (spam.Report.Clusters.Count, spam.Report.Clusters.Count(c => c.Confirmed)),
            LinkRecords = records,
            GraphsUpdated = _updated,
            Seconds = _seconds,
        };
    }

    public void Dispose()
    {
        foreach (IDisposable opened in _open)
            opened.Dispose();
    }

    private void Lap(string step) => RunExtras.Lap(_seconds, step, ref _start);

    /// <summary>A graph that is not published yet.</summary>
    private sealed record Building(string What, string Folder, GraphManifest Manifest, LinkGraph Graph);

    private Building Opened(string what, string folder, GraphManifest manifest) => new(what, folder, manifest, LinkGraph.Open(folder, cancel));

    private (string Id, LinkGraph Graph) Publish(Building building)
    {
        building.Graph.Dispose(); // a folder with mapped files cannot be renamed everywhere
        string id = writer.PublishGraph(building.Folder, building.Manifest, makeCurrent: false, cancel).Id;
        LinkGraph graph = writer.Folder.OpenGraph(id, cancel);
        _open.Add(graph);
        return (id, graph);
    }

    /// <summary>The clusters of the run that is current now: those that are still there keep their names.</summary>
    private SpamReport? PreviousReport()
    {
        if (writer.Folder.CurrentRun is null)
            return null;
        try
        {
            using Run previous = writer.Folder.OpenRun(cancel: cancel);
            return previous.Document(SpamReport.FileName) is { } document ? SpamReport.Parse(document, Path.Combine(previous.Folder, SpamReport.FileName)) : null;
        }
        catch (IOException)
        {
            return null; // a run that is damaged, or whose graph is gone, is what ranking again mends: clusters have new names then
        }
    }

    private (Building Pages, Building Domains) BuildGraphs(DuckDbLinkStore store, CorpusTopics? topics, IReadOnlySet<long> changed)
    {
        string pages = writer.NewGraphFolder("pages"), domains = writer.NewGraphFolder("domains");
        var building = new StoreGraphsOptions
        {
            Fold = options.Fold,
            FoldName = options.FoldName,
            Profile = options.Profile,
            Owner = options.Owner,
            Relevance = topics is null ? null : topics.Similarity,
            Threads = options.Threads,
        };
        StoreGraphsResult? updated = _before is null ? null
            : StoreGraphs.Update(store, _before.Pages, _before.Domains, _before.Ids, _before.Version, pages, domains, building, changed, progress, cancel);
        _updated = updated is not null;
        StoreGraphsResult built = updated ?? StoreGraphs.Build(store, pages, domains, building, progress, cancel);
        _pageIds = built.PageIds;
        return (Opened("pages", pages, built.Pages), Opened("domains", domains, built.Domains));
    }

    private Building Discount(Building whole, Func<int, int, double> factor, Func<int, bool> sources)
    {
        string folder = writer.NewGraphFolder($"{whole.What}-discounted");
        GraphManifest manifest = ReweighedGraph.Build(whole.Graph, folder, factor, new GraphBuilderOptions { Threads = options.Threads }, sources, takeFiles: true, progress, cancel);
        whole.Graph.Dispose();
        Directory.Delete(whole.Folder, recursive: true);
        return Opened(whole.What, folder, manifest);
    }

    private RawAuthorityResult Solve(LinkGraph graph, double[]? teleport, double[]? start) => RawAuthority.Compute(graph, new RawAuthorityOptions
    {
        Damping = options.Damping,
        Tolerance = options.Tolerance,
        MaxRounds = options.MaxRounds,
        Teleport = teleport,
        Start = start,
        Threads = options.Threads,
    }, progress, cancel);

    /// <summary>What graphs depend on beside the store.</summary>
    public static JsonObject Describe(StoreRunOptions options) =>
        new() { ["fold"] = options.FoldName, ["owners"] = options.OwnerName, ["profile"] = LinkProfileFile.ToJson(options.Profile), ["relevance"] = options.Topics };

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(bytes));

    private void Configure(RunWriter run, IReadOnlyDictionary<int, double>? seeds)
    {
        run.Configure("store", Describe(options));
        foreach (string prefix in new[] { "", "page_" })
            run.Configure(prefix + "pagerank", new JsonObject { ["damping"] = options.Damping, ["tolerance"] = options.Tolerance, ["max_rounds"] = options.MaxRounds, ["dangling"] = "teleport", ["weighted"] = true });
        run.Configure("authority", new JsonObject { ["scale_version"] = AuthorityScale.Current.Version });
        if (seeds is not null)
        {
            run.Add<uint>("seeds", [.. seeds.Keys.Order().Select(node => (uint)node)], "trusted domains, ascending");
            run.Add<double>("seed_weights", [.. seeds.OrderBy(s => s.Key).Select(s => s.Value)], "weight of each of seeds, any scale");
            run.Configure("seeds", new JsonObject
            {
                ["count"] = seeds.Count,
                ["xxh128"] = Digest(System.Text.Encoding.ASCII.GetBytes(string.Join('\n', seeds.OrderBy(s => s.Key).Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:R}"))))),
            });
        }
        if (options.Topics)
        {
            run.AddDocument("taxonomy.json", options.Taxonomy.ToBytes());
            run.Configure("topics", new JsonObject { ["taxonomy"] = options.Taxonomy.Version, ["xxh128"] = Digest(options.Taxonomy.ToBytes()) });
        }
        if (_before is not null)
            run.Configure("since", new JsonObject { ["run"] = _before.Run.Manifest.ConfigurationDigest() });
        if (options.Spam)
            run.Configure("spam", RunManifest.Describe(options.SpamOptions));
        run.Configure("discount", new JsonObject { ["on"] = options.Spam && options.Discount });
    }

    /// <summary>Raw authority, score and PageRank of one level.</summary>
    private RunLevel AddAuthority(RunWriter run, string graphId, LinkGraph graph, string prefix, RawAuthorityResult result, double[]? teleport)
    {
        int n = graph.NodeCount;
        double sum = 0, dangling = 0;
        foreach (double z in result.Raw)
            sum += z;
        double[] scores = new double[n], ranks = new double[n];
        double reference = AuthorityScale.Current.ReferenceOf(graph.Manifest.Granularity);
        for (int node = 0; node < n; node++)
        {
            scores[node] = AuthorityScale.Score(result.Raw[node], reference);
            ranks[node] = result.Raw[node] / sum;
            if (graph.OutDegree(node) == 0)
                dangling += ranks[node];
        }
        double bound = 2 * result.ErrorBound; // of z relative to Σz, and of Σz itself
        run.Add<double>(prefix + "pagerank", ranks, $"PageRank, sum 1, L1 error at most {bound.ToString("R", CultureInfo.InvariantCulture)}");
        run.Add<double>(prefix + "raw", result.Raw, "raw authority, in multiples of what a node without links gets");
        run.Add<double>(prefix + "authority", scores, $"authority, 0 to 100, scale {AuthorityScale.Current.Version}");
        if (teleport is not null)
            run.Add<double>(prefix + "teleport", teleport, "raw authority that comes from no link: owners and seeds");
        run.Report(prefix + "authority", new JsonObject { ["max_relative_residual"] = result.MaxRelativeResidual, ["error_bound"] = result.ErrorBound, ["converged"] = result.Converged });
        run.Report(prefix + "pagerank", new JsonObject
        {
            ["rounds"] = result.Rounds,
            ["error_bound"] = bound,
            ["converged"] = result.Converged,
            ["dangling_mass"] = dangling,
        });
        return new RunLevel(graphId, n, graph.LinkCount, result.Rounds, result.MaxRelativeResidual, bound, result.Converged, dangling, Stopwatch.GetElapsedTime(_start).TotalSeconds);
    }

    private SpamResult FindSpam(DuckDbLinkStore store, LinkGraph pages, LinkGraph domains, uint[]? owners, double[] raw, PageMarks marks, CorpusTopics? topics, SpamReport? before)
    {
        var facts = new SpamFacts(pages, domains, options.Threads);
        int[]? topicNow = null;
        SharedKeys? accounts = null;
        (LinkAnchors Anchors, int[] FirstSeen) edges = default;
        Parallel.Invoke(new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel },
            () => edges = facts.Edges(cancel), () => accounts = StorePages.Accounts(store, pages, domains, _pageIds, cancel), () => topicNow = topics is null ? null : LikeliestTopics(domains, pages, topics));
        SpamInput input = facts.Gather(raw, options.Damping, Shared(owners), [accounts!], marks, _pageIds, topicNow, edges);
        Lap("evidence");
        return SpamDetection.Compute(input, options.SpamOptions with { Threads = options.Threads }, before, progress, cancel);
    }

    /// <summary>Owners as evidence takes them: 0 where nobody else has the same.</summary>
    private static uint[]? Shared(uint[]? owners)
    {
        if (owners is null)
            return null;
        var sizes = new Dictionary<uint, int>();
        foreach (uint owner in owners)
            sizes[owner] = sizes.GetValueOrDefault(owner) + 1;
        return [.. owners.Select(owner => sizes[owner] > 1 ? owner + 1 : 0)];
    }

    private static void AddSpam(RunWriter run, SpamResult spam)
    {
        run.AddDocument(SpamReport.FileName, spam.Report.ToJson());
        run.Add<double>("spam", spam.Scores, "score of the spam cluster that the domain is a member of, 0 to 100; 0 for none");
        run.Add<uint>("cluster", spam.Cluster, $"1 + place of the domain's cluster in {SpamReport.FileName}; 0 for none");
    }

    private CorpusTopics TellTopics(DuckDbLinkStore store, PageMarks marks, Dictionary<long, StoredPage> changed)
    {
        var telling = new CorpusTopicsOptions { Threads = options.Threads };
        if (options.TopicsOf is null && _before is null)
        {
            int pass = 0; // what is noted of the pages is noted once
            return CorpusTopics.Compute(() => pass++ == 0 ? marks.Noting(store.Contents(cancel: cancel)) : store.Contents(cancel: cancel), null, options.Taxonomy, telling, progress, cancel);
        }
        using RunBefore? other = _before is null ? RunBefore.Open(writer.Folder, store, options.TopicsOf!.Length > 0 ? options.TopicsOf : null, cancel) : null;
        RunBefore of = _before ?? other!;
        TopicModel model = of.Model(options.Taxonomy) ?? throw new ArgumentException($"run {of.Run.Id} has no model of these topics; give its taxonomy, or rank without it");
        long last = Math.Max(of.Ids.Length > 0 ? of.Ids.Max() : -1, store.Count().Pages);
        return _before is null
            ? CorpusTopics.Update(model, new ToldPages([], [], [], [], []), () => marks.Noting(store.Contents(cancel: cancel)), null, last, telling, progress, cancel)
            : CorpusTopics.Update(model, of.Told(changed.Keys.ToHashSet()), () => changed.Values, null, last, telling, progress, cancel);
    }

    /// <summary>The likeliest topic of each domain, −1 where it is rather another.</summary>
    private int[] LikeliestTopics(LinkGraph domains, LinkGraph pages, CorpusTopics topics)
    {
        ReadOnlySpan<uint> domainOf = pages.MapIfPresent<uint>("domains")!.Slice(0, pages.NodeCount);
        int[] likeliest = new int[domains.NodeCount], place = new int[domains.NodeCount]; // 1 + place among domains of which anything is known
        Array.Fill(likeliest, -1);
        var known = new List<int>();
        var ids = new List<long>();
        var places = new List<uint>();
        for (int page = 0; page < domainOf.Length; page++)
        {
            if (topics.ConfidenceOf(_pageIds[page]) <= 0)
                continue;
            int domain = (int)domainOf[page];
            if (place[domain] == 0)
            {
                known.Add(domain);
                place[domain] = known.Count;
            }
            ids.Add(_pageIds[page]);
            places.Add((uint)place[domain] - 1);
        }
        (float[] ofPages, float[] confidence, _) = topics.Rows(CollectionsMarshal.AsSpan(ids));
        (float[] folded, float[] sure) = DomainTopics.Fold(ofPages, confidence, CollectionsMarshal.AsSpan(places), known.Count);
        for (int at = 0; at < known.Count; at++)
            if (sure[at] >= 0.5)
                likeliest[known[at]] = Likeliest(folded.AsSpan(at * topics.TopicCount, topics.TopicCount));
        return likeliest;
    }

    private float[]? Start(string prefix, LinkGraph graph) =>
        _before?.Rows(prefix + "topic_rank", prefix.Length > 0 ? _before.Pages : _before.Domains, graph, options.Taxonomy.Topics.Count) is { Length: > 0 } rows ? rows : null;

    /// <summary>The model and what it told of each page that was read, for a run that begins from this one.</summary>
    private void KeepTold(RunWriter run, CorpusTopics topics)
    {
        TopicModelState model = topics.Model.State();
        run.Add<int>("model_terms", model.Terms, "numbers of the terms that pages had when topics were learnt");
        run.Add<float>("model_rarities", model.Rarities, "how rare each of model_terms is");
        run.Add<int>("model_places", model.Places, "1 + place of each of model_terms among the terms of topics, 0 for none");
        run.Add<int>("model_rows", model.Rows, "entries of place p are model_rows[p] to model_rows[p+1]");
        run.Add<ushort>("model_topics", model.Topics, "topic of each entry");
        run.Add<float>("model_weights", model.Weights, "weight of each entry in its topic's centroid");
        run.Add<double>("model_calibration", model.Calibration, "offset and slope of the confidence");
        uint[] nodes = [.. Enumerable.Range(0, _pageIds.Length).Where(node => topics.Contains(_pageIds[node])).Select(node => (uint)node)];
        ToldPages told = topics.Told([.. nodes.Select(node => _pageIds[node])]);
        run.Add<uint>("told_pages", nodes, "page nodes that were read");
        run.AddRows<float>("told_topics", told.Topics, topics.TopicCount, "what the words of each of told_pages say, before its neighbours are asked");
        run.Add<float>("told_confidence", told.Confidence, "confidence of each of told_topics");
        run.Add<ushort>("told_words", told.Words, "words of each of told_pages");
        run.AddRows<uint>("told_sketches", told.Sketches, TermSketch.Size, "the heaviest terms of each of told_pages, to compare pages by");
    }

    private long[] Ids() => [.. _pageIds.Select(id => (long)id)];

    private static int Likeliest(ReadOnlySpan<float> row)
    {
        int best = 0;
        for (int k = 1; k < row.Length; k++)
            best = row[k] > row[best] ? k : best;
        return best;
    }

    private static double[] Normalised(double[] raw)
    {
        double sum = 0;
        foreach (double z in raw)
            sum += z;
        return [.. raw.Select(z => z / sum)];
    }

    /// <summary>Topics of pages and domains, and their authority by topic.</summary>
    private void AddTopics(RunWriter run, CorpusTopics topics, LinkGraph pages, LinkGraph domains, double[] pageRaw, double[] domainRaw, IReadOnlySet<long> changed)
    {
        // What is written waits for the disk, and nobody waits for it before the end.
        var written = new List<Task> { Task.Run(() => KeepTold(run, topics), cancel) };
        try
        {
            Tell();
        }
        finally
        {
            ((IAsyncResult)Task.WhenAll(written)).AsyncWaitHandle.WaitOne(); // whatever became of the other steps, files are no longer written
        }
        Task.WhenAll(written).GetAwaiter().GetResult();

        void Tell()
        {
            long[] ids = Ids();
            var spreading = new TopicPropagationOptions { Threads = options.Threads };
            float[] similarities = topics.Similarities(pages, ids, _before?.Similarities(pages, _pageIds, changed), spreading, cancel);
            written.Add(Task.Run(() => run.AddAside<float>(RunBefore.SimilaritiesName, similarities, "similarity of the two pages of each out-link, -1 where nobody asks"), cancel));
            (float[] ofPages, float[] confidence) = topics.Spread(pages, ids, spreading, similarities, cancel);
            (float[] ofDomains, float[] sure) = DomainTopics.Fold(ofPages, confidence, pages.MapIfPresent<uint>("domains")!.Slice(0, pages.NodeCount), domains.NodeCount, pageRaw, cancel);
            Add("", domains, domainRaw, ofDomains, sure);
            Add("page_", pages, pageRaw, ofPages, confidence);
        }

        void Add(string prefix, LinkGraph graph, double[] raw, float[] distribution, float[] confident)
        {
            written.Add(Task.Run(() =>
            {
                run.AddRows<float>(prefix + "topics", distribution, topics.TopicCount, "probability of each topic of taxonomy.json; all alike where nothing is known");
                run.Add<float>(prefix + "topic_confidence", confident, "probability that the likeliest topic is right; 0 where nothing is known");
            }, cancel));
            TopicalPageRankResult split = TopicalPageRank.Compute(graph, Normalised(raw), distribution, topics.TopicCount,
                new TopicalPageRankOptions { Damping = options.Damping, Threads = options.Threads, Start = Start(prefix, graph) }, progress, cancel);
            written.Add(Task.Run(() => run.AddRows<double>(prefix + "topic_rank", split.Ranks, topics.TopicCount, "PageRank by topic; a row sums to pagerank"), cancel));
            run.Report(prefix + "topics", new JsonObject { ["rounds"] = split.Rounds, ["error_bound"] = split.ErrorBound, ["converged"] = split.Converged });
        }
    }

    /// <summary>What stands beside authority: trust where there are seeds, and what is left when near or single supporters do not count.</summary>
    private void AddFamily(RunWriter run, LinkGraph domains, double[] raw, double[]? teleport, IReadOnlyDictionary<int, double>? seeds)
    {
        if (seeds is not null)
        {
            TrustResult trust = Trust.From(domains, seeds, new TrustOptions { Damping = options.Damping, Threads = options.Threads }, progress, cancel);
            run.Add<double>("trust", trust.Values, "TrustRank: raw authority of a walk that starts at the seeds alone");
            run.Report("trust", new JsonObject { ["rounds"] = trust.Rounds, ["error_bound"] = trust.ErrorBound, ["converged"] = trust.Converged });
        }
        var truncated = new TruncatedPageRankOptions { Damping = options.Damping, Teleport = teleport, Threads = options.Threads };
        if (options.Damping > 0)
            run.Add<double>("truncated", TruncatedPageRank.Compute(domains, raw, truncated, cancel), $"raw authority without what comes over paths of at most {truncated.Levels} links");
        if (!options.With.Contains(StoreRunOptions.Robust))
            return;
        double[] robust = new double[raw.Length];
        Array.Fill(robust, 1);
        int[] top = RobustPageRank.Top(raw);
        double[] ratios = RobustPageRank.Ratios(domains, raw, top, new RobustPageRankOptions { Damping = options.Damping, Teleport = teleport, Threads = options.Threads }, progress, cancel);
        for (int i = 0; i < top.Length; i++)
            robust[top[i]] = ratios[i];
        run.Add<double>("robust", robust, "share of raw authority, at most, that is left when no contributor counts for more than a thousandth of it; 1 outside the top quarter, where it says nothing");
    }
}
