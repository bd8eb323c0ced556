using System.Buffers;

namespace Backlinks.Topics;

/// <summary>How topics are told.</summary>
public sealed record TopicModelOptions
{
    /// <summary>Share of the anchors in a page's vector, 0 to 1; the rest is the content's. Default .3.</summary>
    public float AnchorShare { get; init; } = 0.3f;

    /// <summary>Temperature of the softmax over similarities, above 0. Default 1/15: a similarity that is .1 higher makes a topic 4.5
    /// times as likely.</summary>
    public double Temperature { get; init; } = 1 / 15.0;

    /// <summary>How many pages a topic's list of terms counts as; ≥ 0. Default 10: a hundred chosen words say about as much, and
    /// twenty seed pages more.</summary>
    public double TermsCountAs { get; init; } = 10;

    /// <summary>What a page without label counts for the topic it was told to be of, against a seed page, in the one round of
    /// self-training; 0 (none) to 1. Default .3, and never more than <see cref="MostSelfTraining"/>.</summary>
    public double SelfTraining { get; init; } = 0.3;

    /// <summary>The most that pages without label may count for a topic together, in multiples of its seeds; ≥ 0. Default 3, so that
    /// many doubtful pages cannot carry a topic away from what its seeds say.</summary>
    public double MostSelfTraining { get; init; } = 3;

    /// <summary>Words (of content, or else of anchors) below which a page is unknown; ≥ 1. Default 3.</summary>
    public int LeastTokens { get; init; } = 3;

    internal void Check()
    {
        Require(AnchorShare is >= 0 and <= 1, nameof(AnchorShare), AnchorShare, "the share of anchors must be 0 to 1");
        Require(Temperature > 0 && double.IsFinite(Temperature), nameof(Temperature), Temperature, "the temperature must be above 0");
        Require(TermsCountAs >= 0 && double.IsFinite(TermsCountAs), nameof(TermsCountAs), TermsCountAs, "the pages that terms count as must be 0 or more");
        Require(SelfTraining is >= 0 and <= 1, nameof(SelfTraining), SelfTraining, "self-training must be 0 to 1");
        Require(MostSelfTraining >= 0 && double.IsFinite(MostSelfTraining), nameof(MostSelfTraining), MostSelfTraining, "the most of self-training must be 0 or more");
        Require(LeastTokens >= 1, nameof(LeastTokens), LeastTokens, "the least number of words must be 1 or more");
    }

    private static void Require(bool holds, string name, object value, string range)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value, range);
    }
}

/// <summary>A fitted model as arrays, to be kept and used again: what it says of a page does not change with what other pages come.</summary>
/// <param name="Terms">Numbers of the terms that any page had, ascending.</param>
/// <param name="Rarities">Of each of them.</param>
/// <param name="Places">1 + its place among the centroids' terms, 0 for none, of each of them.</param>
/// <param name="Rows">Entries of place p are [Rows[p], Rows[p + 1]).</param>
/// <param name="Topics">Topic of each entry.</param>
/// <param name="Weights">Weight of each entry.</param>
/// <param name="Calibration">a and b of the confidence.</param>
public sealed record TopicModelState(int[] Terms, float[] Rarities, int[] Places, int[] Rows, ushort[] Topics, float[] Weights, double[] Calibration);

/// <summary>A page that is known to be about a topic.</summary>
/// <param name="Topic">Its place in the taxonomy.</param>
public readonly record struct SeedPage(int Topic, PageTerms Page);

/// <summary>
/// Nearest centroid over TF-IDF vectors.
/// <code>
/// S_k = 10·(terms of topic k as a page) + Σ seed pages + .3·Σ pages told to be of k in a first round       C_k = S_k/‖S_k‖
/// s_k = (C_k − C̄)·v / ‖C_k − C̄‖      C̄ = Σ C_k/K: what all topics share tells none
/// p_k = exp(15·s_k) / Σ exp(15·s_j)
/// </code>
/// Rocchio 1971; the centred form as in Tan 2008; one round of self-training as in Han, Karypis 2000 without their
/// iterations. Chosen over linear classifiers for what users do: seeds may be few and lopsided, they change, and what a topic
/// is must be there to read.
/// <para><b>Confidence</b> is the probability that the likeliest topic is right, σ(a + b·(s₁ − s₂)). a and b are fitted on seed pages told by
/// models that were fitted without them, a quarter at a time, held to their defaults by a prior that counts as 20 pages. That is a probability within the
/// taxonomy; a page of no topic in it has small differences, and so little confidence. A page with fewer than 3 words, or none that
/// any centroid has, is unknown: all topics alike, confidence 0.</para>
/// <para>Input: the statistics of one pass over all pages. Each page is then told by itself, so pages may come in any order and
/// later ones need no new fit. Cost of a fit: its pages' terms; of a page: its terms times the topics that have them. 32 MB, and
/// 6 bytes for each term of each centroid. Repeatable: sums run in the order of seeds and sample, and of a page's terms.</para>
/// </summary>
public sealed class TopicModel
{
    // Of a taxonomy of terms alone nothing can be fitted. The slope is what draws of labels among long encyclopedia articles gave (24 to 30);
    // their offset (−.2 to −.6) is that of pages which all have a topic; on the web at large many have none, and a page that all topics
    // are equally far from is given .18.
    internal const double StandardOffset = -1.5, StandardSlope = 30;
    private const double PriorPages = 20;
    private const int LeastForFit = 50; // seed pages; below, the defaults say more
    private const int Folds = 4, MostToCalibrate = 2000;
    private const int MostTerms = 50_000; // of a centroid, the heaviest: 6 MB a topic at most

    private readonly FittedTerms _terms;
    private readonly double[] _norms; // ‖C_k − C̄‖
    private readonly int[] _rows; // place of a term → its entries [_rows[t], _rows[t + 1])
    private readonly ushort[] _topics;
    private readonly float[] _weights;
    private double _offset = StandardOffset, _slope = StandardSlope;

    private TopicModel(Taxonomy taxonomy, TopicModelOptions options, FittedTerms terms, Sums[] sums)
    {
        Taxonomy = taxonomy;
        Options = options;
        _terms = terms;
        (_rows, _topics, _weights) = Invert(sums, terms.Count);
        _norms = CentredNorms();
    }

    private TopicModel(Taxonomy taxonomy, TopicModelOptions options, TopicModelState state)
    {
        Taxonomy = taxonomy;
        Options = options;
        _terms = new FittedTerms(state);
        (_rows, _topics, _weights) = (state.Rows, state.Topics, state.Weights);
        (_offset, _slope) = (state.Calibration[0], state.Calibration[1]);
        _norms = CentredNorms();
    }

    public Taxonomy Taxonomy { get; }

    public TopicModelOptions Options { get; }

    /// <summary>The model as arrays.</summary>
    public TopicModelState State()
    {
        (int[] terms, float[] rarities, int[] places) = _terms.State();
        return new TopicModelState(terms, rarities, places, _rows, _topics, _weights, [_offset, _slope]);
    }

    /// <summary>The model that had this state.</summary>
    /// <exception cref="ArgumentException">The arrays do not fit each other or the taxonomy.</exception>
    public static TopicModel Of(Taxonomy taxonomy, TopicModelState state, TopicModelOptions? options = null)
    {
        int entries = state.Topics.Length, places = state.Rows.Length - 1;
        if (state.Terms.Length != state.Rarities.Length || state.Terms.Length != state.Places.Length || state.Weights.Length != entries || state.Calibration.Length != 2
            || places < 0 || state.Rows[0] != 0 || state.Rows[^1] != entries || !Ascending(state.Rows) || !Ascending(state.Terms)
            || state.Terms.Any(t => t < 0 || t >= TermReader.Terms) || state.Places.Any(p => p < 0 || p > places) || state.Topics.Any(t => t >= taxonomy.Topics.Count))
            throw new ArgumentException("the arrays are not those of a model of these topics", nameof(state));
        return new TopicModel(taxonomy, options ?? new TopicModelOptions(), state);

        static bool Ascending(int[] values)
        {
            for (int i = 1; i < values.Length; i++)
                if (values[i] < values[i - 1])
                    return false;
            return true;
        }
    }

    /// <summary>K.</summary>
    public int TopicCount => Taxonomy.Topics.Count;

    /// <summary>a and b of the confidence.</summary>
    public (double Offset, double Slope) Calibration => (_offset, _slope);

    /// <summary>What is looked up of each term, side by side, for a look costs a miss of the cache.</summary>
    /// <param name="Rarity">See <see cref="TermStatistics.Rarities"/>.</param>
    /// <param name="Place">1 + its number among the terms that a centroid can have; 0 for none.</param>
    private readonly record struct TermEntry(float Rarity, int Place);

    /// <summary>All terms; those that a centroid can have are numbered as they were met, so that what a fit works on is small.</summary>
    private sealed class FittedTerms
    {
        private readonly TermEntry[] _entries;

        public FittedTerms(float[] rarities) => _entries = [.. rarities.Select(rarity => new TermEntry(rarity, 0))];

        public FittedTerms(TopicModelState state)
        {
            _entries = new TermEntry[TermReader.Terms];
            for (int i = 0; i < state.Terms.Length; i++)
                _entries[state.Terms[i]] = new TermEntry(state.Rarities[i], state.Places[i]);
            Count = state.Rows.Length - 1;
        }

        public (int[] Terms, float[] Rarities, int[] Places) State()
        {
            int[] terms = [.. Enumerable.Range(0, _entries.Length).Where(term => _entries[term] != default)];
            return (terms, [.. terms.Select(term => _entries[term].Rarity)], [.. terms.Select(term => _entries[term].Place)]);
        }

        public int Count { get; private set; }

        public TermEntry this[int term] => _entries[term];

        /// <summary>The number of a term, which it gets now if it has none.</summary>
        public int Add(int term)
        {
            if (_entries[term].Place == 0)
                _entries[term] = new TermEntry(_entries[term].Rarity, ++Count);
            return _entries[term].Place - 1;
        }
    }

    /// <summary>A page while a model is fitted: places of its terms, and their weights.</summary>
    private sealed record Vector(int[] Places, float[] Weights, bool Enough)
    {
        public static Vector Of(PageTerms page, FittedTerms terms, TopicModelOptions options)
        {
            float[] weights = new float[page.Count], rarities = new float[page.Count];
            int[] places = new int[page.Count];
            for (int i = 0; i < page.Count; i++)
                (rarities[i], places[i]) = (terms[page.Terms[i]].Rarity, terms.Add(page.Terms[i]));
            TermWeights.Write(page, rarities, options.AnchorShare, weights);
            return new Vector(places, weights, HasEnough(page, options));
        }
    }

    /// <summary>What a topic's centroid is made of.</summary>
    private sealed class Sums
    {
        public Dictionary<int, double> Terms { get; } = []; // by place
        public double Pages { get; set; } // seeds, and terms at what they count as
        public double Norm => Math.Sqrt(Terms.Values.Sum(w => w * w));

        public void Add(Vector page, double share)
        {
            for (int i = 0; i < page.Places.Length; i++)
                if (page.Weights[i] > 0)
                    System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(Terms, page.Places[i], out _) += share * page.Weights[i];
        }
    }

    /// <summary>Makes a model.</summary>
    /// <param name="statistics">Of all pages that will be told, and the seeds.</param>
    /// <param name="seeds">Pages known to be of a topic; may be none where every topic has terms.</param>
    /// <param name="sample">Pages without label, for self-training; may be none. A few thousand do.</param>
    /// <exception cref="ArgumentException">An option or a seed's topic is out of its range.</exception>
    public static TopicModel Fit(TermStatistics statistics, Taxonomy taxonomy, IReadOnlyList<SeedPage> seeds, IReadOnlyList<PageTerms> sample,
        TopicModelOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new TopicModelOptions();
        options.Check();
        int K = taxonomy.Topics.Count;
        if (K is < 1 or > Taxonomy.MostTopics)
            throw new ArgumentException($"a taxonomy must have 1 to {Taxonomy.MostTopics:N0} topics, not {K:N0}", nameof(taxonomy));
        foreach (SeedPage seed in seeds)
            if (seed.Topic < 0 || seed.Topic >= K)
                throw new ArgumentOutOfRangeException(nameof(seeds), seed.Topic, $"a seed's topic must be 0 to {K - 1}");
        var terms = new FittedTerms(statistics.Rarities());
        (int Term, double Weight)[][] ofTopics = WeighTerms(taxonomy, terms);
        Seed[] known = [.. seeds.Select(seed => new Seed(seed.Topic, Vector.Of(seed.Page, terms, options)))];
        Vector[] others = [.. sample.Select(page => Vector.Of(page, terms, options))];
        TopicModel model = Fit(terms, taxonomy, ofTopics, known, others, options, cancel);
        if (seeds.Count >= LeastForFit && K > 1)
            (model._offset, model._slope) = Calibrate(terms, taxonomy, ofTopics, known, others, options, cancel);
        return model;
    }

    private readonly record struct Seed(int Topic, Vector Page);

    private static TopicModel Fit(FittedTerms terms, Taxonomy taxonomy, (int Term, double Weight)[][] ofTopics, IEnumerable<Seed> seeds, Vector[] sample, TopicModelOptions options,
        CancellationToken cancel)
    {
        var sums = new Sums[taxonomy.Topics.Count];
        for (int k = 0; k < sums.Length; k++)
        {
            sums[k] = new Sums();
            foreach ((int term, double weight) in options.TermsCountAs > 0 ? ofTopics[k] : [])
                sums[k].Terms[term] = options.TermsCountAs * weight;
            sums[k].Pages = sums[k].Terms.Count > 0 ? options.TermsCountAs : 0;
        }
        foreach (Seed seed in seeds)
        {
            sums[seed.Topic].Add(seed.Page, 1);
            sums[seed.Topic].Pages++;
        }
        var model = new TopicModel(taxonomy, options, terms, sums);
        if (options.SelfTraining == 0 || sample.Length == 0)
            return model;
        model.SelfTrain(sample, sums, cancel);
        return new TopicModel(taxonomy, options, terms, sums);
    }

    /// <summary>Writes the probability of each topic, sum 1.</summary>
    /// <param name="topics">K numbers.</param>
    /// <returns>Probability that the likeliest is right, 0 to 1; 0 where the page is unknown.</returns>
    public float Classify(PageTerms page, Span<float> topics) => Tell(page, topics, default);

    /// <summary>Tells pages on several threads: n×K probabilities, n confidences.</summary>
    /// <param name="threads">0 for one a processor; the result does not depend on it.</param>
    public (float[] Topics, float[] Confidence) ClassifyAll(IReadOnlyList<PageTerms> pages, int threads = 0, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        float[] topics = new float[(long)pages.Count * TopicCount], confidence = new float[pages.Count];
        Parallel.For(0, (pages.Count + 255) / 256, new ParallelOptions { MaxDegreeOfParallelism = threads == 0 ? Environment.ProcessorCount : threads, CancellationToken = cancel }, range =>
        {
            for (int i = range * 256; i < Math.Min(pages.Count, (range + 1) * 256); i++)
                confidence[i] = Classify(pages[i], topics.AsSpan(i * TopicCount, TopicCount));
        });
        return (topics, confidence);
    }

    /// <summary>As <see cref="Classify(PageTerms, Span{float})"/>, and writes the page's sketch for <see cref="TermSketch.Similarity"/>.</summary>
    /// <param name="sketch"><see cref="TermSketch.Size"/> numbers, or none where no sketch is wanted.</param>
    public float Tell(PageTerms page, Span<float> topics, Span<uint> sketch)
    {
        float[] weights = ArrayPool<float>.Shared.Rent(Math.Max(1, page.Count)), rarities = ArrayPool<float>.Shared.Rent(Math.Max(1, page.Count));
        int[] places = ArrayPool<int>.Shared.Rent(Math.Max(1, page.Count));
        try
        {
            for (int i = 0; i < page.Count; i++)
            {
                TermEntry entry = _terms[page.Terms[i]];
                (rarities[i], places[i]) = (entry.Rarity, entry.Place - 1);
            }
            TermWeights.Write(page, rarities, Options.AnchorShare, weights);
            if (!sketch.IsEmpty)
                TermSketch.Write(page.Terms.AsSpan(0, page.Count), weights.AsSpan(0, page.Count), sketch);
            return Classify(places.AsSpan(0, page.Count), weights, HasEnough(page, Options), topics, out _);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(weights);
            ArrayPool<float>.Shared.Return(rarities);
            ArrayPool<int>.Shared.Return(places);
        }
    }

    private static bool HasEnough(PageTerms page, TopicModelOptions options) => Math.Max(page.Tokens, page.AnchorTokens) >= options.LeastTokens;

    /// <param name="best">The likeliest; −1 where the page is unknown, or two are alike.</param>
    private float Classify(ReadOnlySpan<int> places, ReadOnlySpan<float> weights, bool enough, Span<float> topics, out int best)
    {
        int K = TopicCount;
        Span<double> scores = stackalloc double[K];
        if (!enough || !Score(places, weights, scores))
        {
            topics[..K].Fill(1f / K);
            best = -1;
            return 0;
        }
        (best, double margin) = Margin(scores);
        double sum = 0, top = scores[best];
        for (int k = 0; k < K; k++)
            sum += scores[k] = Math.Exp((scores[k] - top) / Options.Temperature);
        for (int k = 0; k < K; k++)
            topics[k] = (float)(scores[k] / sum);
        best = margin > 0 || K == 1 ? best : -1;
        return K == 1 ? 1 : (float)Logistic(_offset + _slope * margin);
    }

    /// <summary>s, or false where no centroid has any of the page's terms.</summary>
    private bool Score(ReadOnlySpan<int> places, ReadOnlySpan<float> weights, Span<double> scores)
    {
        scores.Clear();
        bool any = false;
        for (int i = 0; i < places.Length; i++)
        {
            float weight = weights[i];
            int place = places[i];
            if (weight == 0 || place < 0)
                continue;
            for (int at = _rows[place]; at < _rows[place + 1]; at++)
            {
                scores[_topics[at]] += weight * _weights[at];
                any = true;
            }
        }
        Centre(scores);
        return any;
    }

    private void Centre(Span<double> scores)
    {
        double mean = 0;
        foreach (double score in scores)
            mean += score / scores.Length;
        for (int k = 0; k < scores.Length; k++)
            scores[k] = (scores[k] - mean) / _norms[k];
    }

    private static (int Best, double Margin) Margin(ReadOnlySpan<double> scores)
    {
        int best = 0;
        double second = double.NegativeInfinity;
        for (int k = 1; k < scores.Length; k++)
            if (scores[k] > scores[best])
            {
                second = scores[best];
                best = k;
            }
            else
                second = Math.Max(second, scores[k]);
        return (best, scores.Length == 1 ? 0 : scores[best] - second);
    }

    /// <summary>Each topic's list of terms as a vector of length 1; nothing where no page has any of them. A word that several topics
    /// name is shared among them.</summary>
    private static (int Place, double Weight)[][] WeighTerms(Taxonomy taxonomy, FittedTerms fitted)
    {
        var reader = new TermReader();
        Span<Word> words = stackalloc Word[16];
        var terms = new List<int>[taxonomy.Topics.Count];
        var topicsWith = new Dictionary<int, int>();
        for (int k = 0; k < terms.Length; k++)
        {
            var seen = new HashSet<int>();
            terms[k] = [];
            foreach (string phrase in taxonomy.Topics[k].Terms)
                foreach (Word word in words[..WordScanner.Scan(phrase, words, 0)])
                {
                    int term = reader.TermOf(phrase, word, taxonomy.Language);
                    if (term < 0 || fitted[term].Rarity <= 0 || !seen.Add(term))
                        continue;
                    terms[k].Add(term);
                    topicsWith[term] = topicsWith.GetValueOrDefault(term) + 1;
                }
        }
        double Weight(int term) => fitted[term].Rarity / (double)topicsWith[term];
        return [.. terms.Select(list => Math.Sqrt(list.Sum(term => Weight(term) * Weight(term))) is var norm
            ? list.Select(term => (fitted.Add(term), Weight(term) / norm)).ToArray() : [])];
    }

    private void SelfTrain(Vector[] sample, Sums[] sums, CancellationToken cancel)
    {
        float[] topics = new float[TopicCount];
        int[] told = new int[sample.Length];
        int[] count = new int[TopicCount];
        for (int i = 0; i < sample.Length; i++)
        {
            if ((i & 0xFF) == 0)
                cancel.ThrowIfCancellationRequested();
            Classify(sample[i].Places, sample[i].Weights, sample[i].Enough, topics, out told[i]);
            if (told[i] >= 0)
                count[told[i]]++;
        }
        for (int i = 0; i < sample.Length; i++)
            if (told[i] >= 0)
                sums[told[i]].Add(sample[i], Math.Min(Options.SelfTraining, Options.MostSelfTraining * sums[told[i]].Pages / count[told[i]]));
    }

    private static (int[] Rows, ushort[] Topics, float[] Weights) Invert(Sums[] sums, int terms)
    {
        var kept = new (int Term, float Weight)[sums.Length][];
        int[] rows = new int[terms + 1];
        for (int k = 0; k < sums.Length; k++)
        {
            double norm = sums[k].Norm;
            IEnumerable<KeyValuePair<int, double>> heaviest = sums[k].Terms.Count <= MostTerms ? sums[k].Terms
                : sums[k].Terms.OrderByDescending(t => t.Value).ThenBy(t => t.Key).Take(MostTerms);
            kept[k] = [.. heaviest.Select(t => (t.Key, (float)(t.Value / norm)))];
            foreach ((int term, _) in kept[k])
                rows[term + 1]++;
        }
        for (int term = 0; term < terms; term++)
            rows[term + 1] += rows[term];
        ushort[] topics = new ushort[rows[^1]];
        float[] weights = new float[rows[^1]];
        for (int k = sums.Length - 1; k >= 0; k--) // filled from the end, so that rows end up where they begin
            foreach ((int term, float weight) in kept[k])
            {
                int at = --rows[term + 1];
                topics[at] = (ushort)k;
                weights[at] = weight;
            }
        // Each row's start has moved into the place of its end, one to the right of where it belongs.
        Array.Copy(rows, 1, rows, 0, terms);
        rows[^1] = topics.Length;
        return (rows, topics, weights);
    }

    private double[] CentredNorms()
    {
        int K = TopicCount;
        double[] products = new double[K]; // C_k·C̄
        double mean = 0; // C̄·C̄
        for (int term = 0; term + 1 < _rows.Length; term++)
        {
            if (_rows[term] == _rows[term + 1])
                continue;
            double sum = 0;
            for (int at = _rows[term]; at < _rows[term + 1]; at++)
                sum += _weights[at] / K;
            for (int at = _rows[term]; at < _rows[term + 1]; at++)
                products[_topics[at]] += _weights[at] * sum;
            mean += sum * sum;
        }
        // A lone topic is its own mean, and two topics may be the same: then there is nothing to centre by.
        return [.. products.Select(product => Math.Sqrt(Math.Max(1 - 2 * product + mean, 0)) is var norm && norm > 1e-3 ? norm : 1)];
    }

    /// <summary>a and b from what models say of seeds that they were not given: a quarter at a time.</summary>
    private static (double Offset, double Slope) Calibrate(FittedTerms terms, Taxonomy taxonomy, (int Term, double Weight)[][] ofTopics, Seed[] seeds, Vector[] sample,
        TopicModelOptions options, CancellationToken cancel)
    {
        var seen = new List<(double Margin, bool Right)>();
        double[] scores = new double[taxonomy.Topics.Count];
        Vector[] some = sample.Length <= MostToCalibrate ? sample
            : [.. Enumerable.Range(0, MostToCalibrate).Select(i => sample[(int)((long)i * sample.Length / MostToCalibrate)])];
        for (int fold = 0; fold < Folds; fold++)
        {
            TopicModel model = Fit(terms, taxonomy, ofTopics, seeds.Where((_, i) => i % Folds != fold), some, options, cancel);
            for (int i = fold; i < seeds.Length; i += Folds)
                if (model.Score(seeds[i].Page.Places, seeds[i].Page.Weights, scores))
                {
                    (int best, double margin) = Margin(scores);
                    seen.Add((margin, best == seeds[i].Topic));
                }
        }
        return FitLogistic(seen);
    }

    /// <summary>Maximum a posteriori by Newton's method; the prior is 20 pages, spread over margins, that agree with the defaults.</summary>
    private static (double Offset, double Slope) FitLogistic(List<(double Margin, bool Right)> seen)
    {
        double a = StandardOffset, b = StandardSlope;
        for (int round = 0; round < 25; round++)
        {
            double ga = 0, gb = 0, haa = 1e-9, hab = 0, hbb = 1e-9;
            void Add(double margin, double target, double count)
            {
                double p = Logistic(a + b * margin), h = count * p * (1 - p);
                (ga, gb) = (ga + count * (target - p), gb + count * (target - p) * margin);
                (haa, hab, hbb) = (haa + h, hab + h * margin, hbb + h * margin * margin);
            }
            foreach ((double margin, bool right) in seen)
                Add(margin, right ? 1 : 0, 1);
            for (int i = 0; i < 10; i++)
                Add(i * 0.015, Logistic(StandardOffset + StandardSlope * i * 0.015), PriorPages / 10);
            double determinant = haa * hbb - hab * hab, da = (hbb * ga - hab * gb) / determinant, db = (haa * gb - hab * ga) / determinant;
            double step = Math.Min(1, 20 / Math.Max(1e-9, Math.Max(Math.Abs(da) * 10, Math.Abs(db))));
            (a, b) = (a + step * da, Math.Max(0, b + step * db));
            if (Math.Abs(da) + Math.Abs(db) < 1e-9)
                break;
        }
        return (a, b);
    }

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
