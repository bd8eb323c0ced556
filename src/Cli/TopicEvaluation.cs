using Backlinks.Evaluation;
using Backlinks.GraphEngine;
using Backlinks.Topics;

namespace Backlinks.Cli;

/// <summary>How to measure topics.</summary>
internal sealed record TopicEvaluationOptions
{
    /// <summary>Draws of labels, 1 to 1,000. Default 10: standard errors then have 9 degrees of freedom.</summary>
    public int Draws { get; init; } = 10;

    /// <summary>The first draw's seed; the next ones follow it.</summary>
    public int FirstSeed { get; init; } = 1;

    /// <summary>Share of each topic's articles whose label is given, above 0 to .9. Default .1.</summary>
    public double Labelled { get; init; } = 0.1;

    /// <summary>Words of the short texts, title included; 5 to 1,000. Default 40: a snippet.</summary>
    public int ShortWords { get; init; } = 40;

    /// <summary>Specialists looked at for each topic, 1 to 1,000. Default 20.</summary>
    public int Specialists { get; init; } = 20;

    public void Check()
    {
        if (Draws is < 1 or > 1000)
            throw new ArgumentOutOfRangeException(nameof(Draws), Draws, "draws must be 1 to 1,000");
        if (!(Labelled is > 0 and <= 0.9))
            throw new ArgumentOutOfRangeException(nameof(Labelled), Labelled, "the share of labels must be above 0 and at most .9");
        if (ShortWords is < 5 or > 1000)
            throw new ArgumentOutOfRangeException(nameof(ShortWords), ShortWords, "the words of short texts must be 5 to 1,000");
        if (Specialists is < 1 or > 1000)
            throw new ArgumentOutOfRangeException(nameof(Specialists), Specialists, "the specialists looked at must be 1 to 1,000");
    }
}

/// <summary>One measure, a value for each draw.</summary>
/// <param name="Bar">The least it should be; null where it is for comparison.</param>
internal sealed record Measure(string Name, double[] Values, double? Bar)
{
    public double Mean => Values.Average();

    /// <summary>Of the mean; 0 for one draw.</summary>
    public double StandardError => Values.Length < 2 ? 0 : Math.Sqrt(Values.Sum(v => (v - Mean) * (v - Mean)) / (Values.Length - 1) / Values.Length);
}

/// <summary>Of all articles without label whose confidence was in one tenth, how many were told right.</summary>
internal readonly record struct Reliability(string Text, double From, double To, long Articles, double Confidence, double Right);

internal sealed record TopicFindings(IReadOnlyList<Measure> Measures, IReadOnlyList<Reliability> Reliability);

/// <summary>
/// Measures topics on articles with known ones: a tenth of the labels of each topic is given (stratified, another tenth for each
/// seed), the rest is told and compared.
/// <list type="bullet">
/// <item>Macro-F1 over the articles whose label was not given: on the whole text kept (its first 400 words are read), and on a
/// snippet, title included; each by text alone and after propagation over links. No article's text is seen with its label.</item>
/// <item>P@20: of the first 20 articles of each topic, by lift and by topical PageRank itself, how many are of that topic, mean over
/// topics. Topics of articles are those told from long text; articles whose label was given are not among the 20.</item>
/// <item>Reliability: how often what was told with a confidence was right.</item>
/// </list>
/// </summary>
internal static class TopicEvaluation
{
    private const double LongBar = 0.66, ShortBar = 0.55, SpecialistsBar = 0.40, MostLoss = 0.01;
    private const int Bins = 10;

    public static TopicFindings Run(WikispeediaTopics articles, LinkGraph graph, TopicEvaluationOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        options.Check();
        int n = articles.Articles.Count, K = articles.Topics.Count;
        if (K < 2 || n < 2)
            throw new InvalidDataException($"{n} articles of {K} topics are too few to tell topics apart");
        int[] classes = [.. articles.Articles.Select(article => article.Topic)];
        var taxonomy = new Taxonomy { Version = "wikispeedia", Topics = [.. articles.Topics.Select(name => new TaxonomyTopic(name, name, [], [], []))] };
        (TermStatistics longStatistics, PageTerms[] longPages) = Read(articles, int.MaxValue, cancel);
        (TermStatistics shortStatistics, PageTerms[] shortPages) = Read(articles, options.ShortWords, cancel);
        double[] scores = PageRank.Compute(graph, cancel: cancel).Scores;
        var values = new Dictionary<string, double[]>(StringComparer.Ordinal);
        var reliability = new Dictionary<string, (long Count, double Confidence, long Right)[]>(StringComparer.Ordinal);
        for (int draw = 0; draw < options.Draws; draw++)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress("drawing labels and telling the rest", draw, options.Draws, "draws"));
            bool[] labelled = TopicDraw.Stratified(classes, K, options.Labelled, options.FirstSeed + draw);
            float[] topics = [];
            foreach ((string text, TermStatistics statistics, PageTerms[] pages) in new[] { ("long", longStatistics, longPages), ("short", shortStatistics, shortPages) })
            {
                (float[] alone, float[] sure, float[] spread, float[] surer) = Tell(taxonomy, graph, statistics, pages, classes, labelled, cancel);
                Set($"{text} text", Score(alone));
                Set($"{text} text, with links", Score(spread));
                Count($"{text} text", alone, sure);
                Count($"{text} text, with links", spread, surer);
                if (text == "long")
                    topics = spread;
            }
            (double byLift, double byRank) = PrecisionOfSpecialists(graph, scores, topics, classes, labelled, options.Specialists, cancel);
            Set("lift", byLift);
            Set("rank", byRank);

            double Score(float[] told) => TopicDraw.MacroF1(classes, [.. Enumerable.Range(0, n).Select(i => Likeliest(told, i, K))], K, i => !labelled[i]);
            void Set(string name, double value) => (values.TryGetValue(name, out double[]? all) ? all : values[name] = new double[options.Draws])[draw] = value;
            void Count(string name, float[] told, float[] confidence)
            {
                var bins = reliability.TryGetValue(name, out var there) ? there : reliability[name] = new (long, double, long)[Bins];
                for (int i = 0; i < n; i++)
                    if (!labelled[i] && classes[i] >= 0)
                    {
                        ref (long Count, double Confidence, long Right) bin = ref bins[Math.Min(Bins - 1, (int)(confidence[i] * Bins))];
                        bin = (bin.Count + 1, bin.Confidence + confidence[i], bin.Right + (Likeliest(told, i, K) == classes[i] ? 1 : 0));
                    }
            }
        }
        string snippet = $"{options.ShortWords} words";
        int top = options.Specialists;
        return new TopicFindings(
        [
            new("macro-F1, long text", values["long text"], LongBar),
            new("macro-F1, long text, with links", values["long text, with links"], LongBar),
            new("what links add on long text", Difference("long text"), -MostLoss),
            new($"macro-F1, {snippet}", values["short text"], null),
            new($"macro-F1, {snippet}, with links", values["short text, with links"], ShortBar),
            new($"what links add on {snippet}", Difference("short text"), -MostLoss),
            new($"P@{top} of specialists by lift", values["lift"], SpecialistsBar),
            new($"P@{top} by topical PageRank", values["rank"], null),
        ],
        [
            .. reliability.SelectMany(text => text.Value.Select((bin, i) => new Reliability(text.Key.Replace("short text", snippet, StringComparison.Ordinal),
                (double)i / Bins, (i + 1.0) / Bins, bin.Count, bin.Confidence / Math.Max(1, bin.Count), (double)bin.Right / Math.Max(1, bin.Count)))).Where(bin => bin.Articles > 0),
        ]);

        double[] Difference(string text) => [.. values[text + ", with links"].Zip(values[text], (with, without) => with - without)];
    }

    /// <summary>Reads every article's terms; of a short text the title is part of its words.</summary>
    private static (TermStatistics Statistics, PageTerms[] Pages) Read(WikispeediaTopics articles, int words, CancellationToken cancel)
    {
        var statistics = new TermStatistics();
        var reader = new TermReader();
        var pages = new PageTerms[articles.Articles.Count];
        for (int i = 0; i < pages.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            WikispeediaArticle article = articles.Articles[i];
            string body = words == int.MaxValue ? article.Text : FirstWords(article.Text, Math.Max(0, words - article.Name.Split(' ').Length));
            pages[i] = reader.Read(new PageContent { Title = article.Name, Body = body }).Copy();
            statistics.Add(pages[i]);
        }
        return (statistics, pages);
    }

    private static string FirstWords(string text, int words)
    {
        int at = 0;
        for (; words > 0 && at < text.Length; words--)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            while (at < text.Length && !char.IsWhiteSpace(text[at]))
                at++;
        }
        return text[..at];
    }

    private static (float[] Alone, float[] Sure, float[] Spread, float[] Surer) Tell(Taxonomy taxonomy, LinkGraph graph, TermStatistics statistics, PageTerms[] pages,
        int[] classes, bool[] labelled, CancellationToken cancel)
    {
        int K = taxonomy.Topics.Count;
        List<SeedPage> seeds = [.. Enumerable.Range(0, pages.Length).Where(i => labelled[i]).Select(i => new SeedPage(classes[i], pages[i]))];
        TopicModel model = TopicModel.Fit(statistics, taxonomy, seeds, [.. pages.Where((_, i) => !labelled[i])], cancel: cancel);
        (float[] alone, float[] sure) = model.ClassifyAll(pages, cancel: cancel);
        uint[] sketches = new uint[pages.Length * TermSketch.Size];
        int[] words = new int[pages.Length];
        float[] known = (float[])alone.Clone(), knownSure = (float[])sure.Clone();
        float[] row = new float[K];
        for (int i = 0; i < pages.Length; i++)
        {
            model.Tell(pages[i], row, sketches.AsSpan(i * TermSketch.Size, TermSketch.Size));
            words[i] = pages[i].Tokens;
            if (!labelled[i])
                continue;
            known.AsSpan(i * K, K).Clear(); // a given label is known to the neighbours, and stays
            known[i * K + classes[i]] = knownSure[i] = 1;
            words[i] = int.MaxValue;
        }
        (float[] spread, float[] surer) = TopicPropagation.Spread(graph, known, knownSure, words,
            (a, b) => TermSketch.Similarity(sketches.AsSpan(a * TermSketch.Size, TermSketch.Size), sketches.AsSpan(b * TermSketch.Size, TermSketch.Size)), cancel: cancel);
        return (alone, sure, spread, surer);
    }

    private static (double ByLift, double ByRank) PrecisionOfSpecialists(LinkGraph graph, double[] scores, float[] topics, int[] classes, bool[] labelled, int count, CancellationToken cancel)
    {
        int n = graph.NodeCount, K = topics.Length / n;
        TopicalPageRankResult ranks = TopicalPageRank.Compute(graph, scores, topics, K, cancel: cancel);
        double byLift = 0, byRank = 0;
        for (int k = 0; k < K; k++)
        {
            int topic = k;
            byLift += Precision(Specialists.Of(graph, scores, ranks, k, new SpecialistsOptions { Count = n }).Select(s => s.Node)) / K;
            byRank += Precision(Enumerable.Range(0, n).OrderByDescending(v => ranks.Ranks[v * K + topic])) / K;

            double Precision(IEnumerable<int> nodes)
            {
                int[] first = [.. nodes.Where(v => classes[v] >= 0 && !labelled[v]).Take(count)];
                return first.Length == 0 ? 0 : (double)first.Count(v => classes[v] == topic) / first.Length;
            }
        }
        return (byLift, byRank);
    }

    private static int Likeliest(float[] topics, int row, int K)
    {
        int best = 0;
        for (int k = 1; k < K; k++)
            best = topics[row * K + k] > topics[row * K + best] ? k : best;
        return best;
    }
}
