using System.Collections.Concurrent;
using Backlinks.GraphEngine;

namespace Backlinks.Topics;

/// <summary>How the topics of a link store are told.</summary>
public sealed record CorpusTopicsOptions
{
    public TermReaderOptions Reading { get; init; } = new();

    public TopicModelOptions Model { get; init; } = new();

    /// <summary>Pages kept for self-training, 0 to 1,000,000; some 5 KB each while the model is fitted. Default 20,000: a thousand a
    /// topic.</summary>
    public int Sample { get; init; } = 20_000;

    /// <summary>Pages of one seed domain that are read as seeds, 1 to 100,000. Default 200: more of one site teach its style.</summary>
    public int PagesOfDomain { get; init; } = 200;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check()
    {
        if (Sample is < 0 or > 1_000_000)
            throw new ArgumentOutOfRangeException(nameof(Sample), Sample, "the pages kept for self-training must be 0 to 1,000,000");
        if (PagesOfDomain is < 1 or > 100_000)
            throw new ArgumentOutOfRangeException(nameof(PagesOfDomain), PagesOfDomain, "the pages of a seed domain must be 1 to 100,000");
        if (Threads is < 0 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(Threads), Threads, "threads must be 0 (one for each processor) to 1024");
    }
}

/// <summary>
/// The topics of all pages of a link store, by the store's numbers, in two passes: the first counts in how many pages each term
/// is, keeps the seeds' pages and a sample for self-training, the second tells every page by the model made of these.
/// <para>Memory: 4·K + 102 bytes a page (182 with 20 topics: topics, confidence, length, sketch), the sample, 50 MB for the model.
/// Any thread may read any page, in any order: counts are whole numbers, the sample is the pages whose URLs hash lowest, and each
/// page's row depends on itself and the model alone, so the same store gives the same bytes on any number of threads.</para>
/// </summary>
public sealed class CorpusTopics
{
    private const int BatchPages = 256;

    private readonly PageRows _rows;

    private CorpusTopics(TopicModel model, PageRows rows, IReadOnlyList<string> missing)
    {
        Model = model;
        _rows = rows;
        MissingSeeds = missing;
    }

    public TopicModel Model { get; }

    public Taxonomy Taxonomy => Model.Taxonomy;

    public int TopicCount => Model.TopicCount;

    /// <summary>Pages and domains that the taxonomy names as seeds and the store has no text of.</summary>
    public IReadOnlyList<string> MissingSeeds { get; }

    /// <summary>Pages that were read, by number of the store: whether a page is told at all, be it as unknown.</summary>
    public bool Contains(long id) => _rows.Find(id) is not null;

    /// <summary>K probabilities, sum 1; all alike where the page is unknown or not there.</summary>
    public ReadOnlySpan<float> TopicsOf(long id) => _rows.Topics(id);

    /// <summary>Probability that the likeliest topic is right; 0 where the page is unknown or not there.</summary>
    public float ConfidenceOf(long id) => _rows.Find(id) is { } rows ? rows.Confidence[PageRows.At(id)] : 0;

    /// <summary>Words of the page's content, stop words aside, at most 65,535.</summary>
    public int WordsOf(long id) => _rows.Find(id) is { } rows ? rows.Words[PageRows.At(id)] : 0;

    /// <summary>How similar two pages are, 0 to 1, by their heaviest terms; not a number where one has none. Some 400 ns for pages far apart; safe for any
    /// number of threads.</summary>
    public float Similarity(long a, long b) =>
        _rows.Find(a) is { } x && _rows.Find(b) is { } y ? TermSketch.Similarity(PageRows.Sketch(x, a), PageRows.Sketch(y, b)) : float.NaN;

    /// <summary>Rows for nodes: n×K topics, n confidences and n lengths, in the order of <paramref name="ids"/>.</summary>
    /// <param name="ids">The store's number of each node; −1 for a node without a page of its own.</param>
    public (float[] Topics, float[] Confidence, int[] Words) Rows(ReadOnlySpan<long> ids)
    {
        float[] topics = new float[ids.Length * (long)TopicCount], confidence = new float[ids.Length];
        int[] words = new int[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            TopicsOf(ids[i]).CopyTo(topics.AsSpan(i * TopicCount, TopicCount));
            (confidence[i], words[i]) = (ConfidenceOf(ids[i]), WordsOf(ids[i]));
        }
        return (topics, confidence, words);
    }

    /// <summary>As <see cref="Rows"/> for the nodes of a graph of these pages, with what neighbours say of those that have little text:
    /// see <see cref="TopicPropagation"/>. Pages without any text, and those never visited, then have the topics of what links to
    /// them, where anchors tell that the two are alike.</summary>
    /// <param name="ids">The store's number of each node; −1 for a node without a page of its own.</param>
    /// <param name="similarities">Of <see cref="Similarities"/>, where the caller has them; null to compare pages now.</param>
    public (float[] Topics, float[] Confidence) Spread(LinkGraph graph, long[] ids, TopicPropagationOptions? options = null, float[]? similarities = null, CancellationToken cancel = default)
    {
        (float[] topics, float[] confidence, int[] words) = Rows(ids);
        return TopicPropagation.SpreadOver(graph, topics, confidence, words, similarities ?? Similarities(graph, ids, null, options, cancel), options, cancel);
    }

    /// <summary>How similar the two pages of each of a graph's out-links are, −1 where neither is so short that it is asked for.</summary>
    /// <param name="known">What was found of each link before and still holds, −1 for nothing; overwritten and returned. Null for nothing at all.</param>
    public float[] Similarities(LinkGraph graph, long[] ids, float[]? known = null, TopicPropagationOptions? options = null, CancellationToken cancel = default) =>
        TopicPropagation.Similarities(graph, [.. ids.Select(WordsOf)], (a, b) => Similarity(ids[a], ids[b]), known, options, cancel);

    /// <summary>Reads all pages twice and tells their topics.</summary>
    /// <param name="pages">The store's pages; enumerated twice, each time by one thread at a time.</param>
    /// <param name="anchors">Texts of the links to a page, by its number, each once for each referring owner or domain; null where none
    /// are known. Called from several threads.</param>
    /// <exception cref="ArgumentException">An option out of its range.</exception>
    public static CorpusTopics Compute(Func<IEnumerable<StoredPage>> pages, Func<long, IReadOnlyList<string>>? anchors, Taxonomy taxonomy,
        CorpusTopicsOptions? options = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new CorpusTopicsOptions();
        options.Check();
        var readers = new ConcurrentBag<TermReader>();
        var statistics = new TermStatistics();
        var seeds = new CorpusSeeds(taxonomy, options.PagesOfDomain);
        var sample = new LowestHashes<PageTerms>(options.Sample);
        long last = -1, read = 0;
        Each(pages, anchors, options, readers, "reading words", () => 0, progress, (page, terms) =>
        {
            statistics.Add(terms);
            ulong hash = System.IO.Hashing.XxHash3.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes(page.Url.AsSpan()));
            seeds.Offer(page.Url, hash, page.Id, terms);
            if (terms.Tokens >= options.Model.LeastTokens)
                sample.Offer(hash, page.Id, terms.Copy);
            Max(ref last, page.Id);
            Interlocked.Increment(ref read);
        }, cancel);
        progress?.Report(new StepProgress("learning topics", 0, 0, "pages"));
        TopicModel model = TopicModel.Fit(statistics, taxonomy, seeds.Pages(), sample.InOrder(), options.Model, cancel);
        var rows = new PageRows(taxonomy.Topics.Count, last + 1);
        long all = read;
        Each(pages, anchors, options, readers, "telling topics", () => all, progress, (page, terms) =>
        {
            if (page.Id <= last) // written between the passes: nothing it says was counted
                rows.Write(page.Id, model, terms);
        }, cancel);
        return new CorpusTopics(model, rows, seeds.Missing());
    }

    /// <summary>Tells pages by a model that was fitted before; of those that did not change since, what was told then is taken over.</summary>
    /// <param name="pages">The pages to tell, enumerated once; of a page that is also kept, this counts.</param>
    /// <param name="last">The highest number of the store.</param>
    public static CorpusTopics Update(TopicModel model, ToldPages kept, Func<IEnumerable<StoredPage>> pages, Func<long, IReadOnlyList<string>>? anchors, long last,
        CorpusTopicsOptions? options = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new CorpusTopicsOptions();
        options.Check();
        var rows = new PageRows(model.TopicCount, last + 1);
        for (int i = 0; i < kept.Ids.Length; i++)
            if (kept.Ids[i] >= 0)
                rows.Take(kept.Ids[i], kept.Topics.AsSpan(i * model.TopicCount, model.TopicCount), kept.Confidence[i], kept.Words[i], kept.Sketches.AsSpan(i * TermSketch.Size, TermSketch.Size));
        Each(pages, anchors, options, new ConcurrentBag<TermReader>(), "telling topics", () => 0, progress, (page, terms) =>
        {
            if (page.Id <= last)
                rows.Write(page.Id, model, terms);
        }, cancel);
        return new CorpusTopics(model, rows, []);
    }

    /// <summary>What was told of pages, to be taken over by <see cref="Update"/>.</summary>
    /// <param name="ids">The store's numbers; those of pages that were not read are skipped, and −1 in the result.</param>
    public ToldPages Told(ReadOnlySpan<uint> ids)
    {
        long[] there = new long[ids.Length];
        float[] topics = new float[ids.Length * (long)TopicCount], confidence = new float[ids.Length];
        ushort[] words = new ushort[ids.Length];
        uint[] sketches = new uint[ids.Length * (long)TermSketch.Size];
        for (int i = 0; i < ids.Length; i++)
        {
            there[i] = -1;
            if (_rows.Find(ids[i]) is not { } block)
                continue;
            there[i] = ids[i];
            TopicsOf(ids[i]).CopyTo(topics.AsSpan(i * TopicCount, TopicCount));
            (confidence[i], words[i]) = (block.Confidence[PageRows.At(ids[i])], block.Words[PageRows.At(ids[i])]);
            PageRows.Sketch(block, ids[i]).CopyTo(sketches.AsSpan(i * TermSketch.Size, TermSketch.Size));
        }
        return new ToldPages(there, topics, confidence, words, sketches);
    }

    private static void Each(Func<IEnumerable<StoredPage>> pages, Func<long, IReadOnlyList<string>>? anchors, CorpusTopicsOptions options, ConcurrentBag<TermReader> readers,
        string step, Func<long> total, IProgress<StepProgress>? progress, Action<StoredPage, PageTerms> each, CancellationToken cancel)
    {
        long done = 0;
        var reporting = new Lock();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel };
        // Without buffering: a worker takes one batch at a time, and no more of them wait than there are workers.
        Parallel.ForEach(Partitioner.Create(Batches(pages()), EnumerablePartitionerOptions.NoBuffering), parallel, batch =>
        {
            TermReader reader = readers.TryTake(out TermReader? idle) ? idle : new TermReader(options.Reading);
            foreach (StoredPage page in batch)
                each(page, reader.Read(new PageContent
                {
                    Title = page.Title,
                    Headings = page.Headings,
                    Body = page.Text,
                    Language = page.Language,
                    Anchors = anchors?.Invoke(page.Id) ?? [],
                }));
            readers.Add(reader);
            lock (reporting)
                progress?.Report(new StepProgress(step, done += batch.Length, total(), "pages"));
        });
    }

    private static IEnumerable<StoredPage[]> Batches(IEnumerable<StoredPage> pages) => pages.Chunk(BatchPages);

    private static void Max(ref long place, long value)
    {
        for (long seen = Volatile.Read(ref place); value > seen;)
            seen = Interlocked.CompareExchange(ref place, value, seen) is long now && now == seen ? value : now;
    }
}

/// <summary>What was told of pages, a row each.</summary>
/// <param name="Ids">The store's numbers; −1 for none.</param>
/// <param name="Topics">×K.</param>
/// <param name="Sketches">×24, see <see cref="TermSketch"/>.</param>
public sealed record ToldPages(long[] Ids, float[] Topics, float[] Confidence, ushort[] Words, uint[] Sketches);

/// <summary>What is kept of every page, in blocks of 4,096 pages that are made when the first of them is written.</summary>
internal sealed class PageRows(int topics, long count)
{
    private const int BlockPages = 4096;

    private readonly Block?[] _blocks = new Block?[(count + BlockPages - 1) / BlockPages];
    private readonly float[] _unknown = Enumerable.Repeat(1f / topics, topics).ToArray();

    internal sealed class Block(int topics)
    {
        public readonly float[] Topics = new float[BlockPages * topics];
        public readonly float[] Confidence = new float[BlockPages];
        public readonly ushort[] Words = new ushort[BlockPages];
        public readonly uint[] Sketches = new uint[BlockPages * TermSketch.Size];
        public readonly bool[] There = new bool[BlockPages];
    }

    public static int At(long id) => (int)(id % BlockPages);

    public Block? Find(long id) => id >= 0 && id < count && _blocks[id / BlockPages] is { } block && block.There[At(id)] ? block : null;

    public ReadOnlySpan<float> Topics(long id) => Find(id) is { } block ? block.Topics.AsSpan(At(id) * topics, topics) : _unknown;

    public static ReadOnlySpan<uint> Sketch(Block block, long id) => block.Sketches.AsSpan(At(id) * TermSketch.Size, TermSketch.Size);

    public void Write(long id, TopicModel model, PageTerms terms)
    {
        ref Block? place = ref _blocks[id / BlockPages];
        Block block = Volatile.Read(ref place) ?? Made(ref place);
        int at = At(id);
        block.Confidence[at] = model.Tell(terms, block.Topics.AsSpan(at * topics, topics), block.Sketches.AsSpan(at * TermSketch.Size, TermSketch.Size));
        block.Words[at] = (ushort)Math.Min(ushort.MaxValue, terms.Tokens);
        block.There[at] = true;
    }

    public void Take(long id, ReadOnlySpan<float> row, float confidence, ushort words, ReadOnlySpan<uint> sketch)
    {
        ref Block? place = ref _blocks[id / BlockPages];
        Block block = place ??= new Block(topics);
        int at = At(id);
        row.CopyTo(block.Topics.AsSpan(at * topics, topics));
        sketch.CopyTo(block.Sketches.AsSpan(at * TermSketch.Size, TermSketch.Size));
        (block.Confidence[at], block.Words[at], block.There[at]) = (confidence, words, true);
    }

    private Block Made(ref Block? place)
    {
        var made = new Block(topics);
        return Interlocked.CompareExchange(ref place, made, null) ?? made;
    }
}
