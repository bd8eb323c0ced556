using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

/// <summary>Told topics, held against a dense reading of the formula in the header of <see cref="TopicModel"/>.</summary>
public class TopicModelTests
{
    private static readonly string[][] Vocabulary =
    [
        ["anchor", "harbour", "keel", "mast", "rudder", "sailor", "tide", "yacht", "buoy", "deck"],
        ["bread", "dough", "flour", "loaf", "oven", "yeast", "baker", "crust", "rye", "crumb"],
        ["comet", "galaxy", "moon", "orbit", "planet", "star", "telescope", "nebula", "eclipse", "crater"],
    ];

    [Fact]
    public void Terms_alone_tell_topics()
    {
        PageTerms[] pages = [.. Pages(60, 1).Select(p => p.Page)];
        TopicModel model = Fit(pages, OfTerms(), []);
        foreach ((int topic, PageTerms page) in Pages(60, 1))
            Assert.Equal(topic, Best(Tell(model, page).Topics));
    }

    [Fact]
    public void A_page_without_words_or_with_none_that_is_known_is_unknown()
    {
        TopicModel model = Fit([.. Pages(30, 1).Select(p => p.Page)], OfTerms(), []);
        foreach (string body in new[] { "", "keel mast", "zzyzx qwrtp xylograph" }) // two words are too few, three are strangers
        {
            (float[] topics, float confidence) = Tell(model, Read(body));
            Assert.Equal(0, confidence);
            Assert.Equal([1 / 3f, 1 / 3f, 1 / 3f], topics);
        }
    }

    [Fact]
    public void Told_by_anchors_where_there_is_no_text()
    {
        TopicModel model = Fit([.. Pages(30, 1).Select(p => p.Page)], OfTerms(), []);
        (float[] topics, float confidence) = Tell(model, new TermReader().Read(new PageContent { Anchors = ["best rye bread", "dough and flour"] }));
        Assert.Equal(1, Best(topics));
        Assert.True(confidence > 0.5);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    public void Random_pages_are_told_as_by_the_dense_formula(double selfTraining)
    {
        (int Topic, PageTerms Page)[] all = [.. Pages(80, 7, noise: 0.6)];
        var statistics = new TermStatistics();
        foreach ((_, PageTerms page) in all)
            statistics.Add(page);
        List<SeedPage> seeds = [.. all.Take(12).Select(p => new SeedPage(p.Topic, p.Page))];
        PageTerms[] sample = [.. all.Skip(12).Take(40).Select(p => p.Page)];
        var options = new TopicModelOptions { SelfTraining = selfTraining };
        TopicModel model = TopicModel.Fit(statistics, OfTerms(), seeds, sample, options);
        Dictionary<int, double>[] dense = DenseCentroids(statistics, OfTerms(), seeds, sample, options);
        foreach ((_, PageTerms page) in all)
        {
            double[] expected = DenseTell(dense, Vector(statistics, page), options.Temperature);
            (float[] topics, float confidence) = Tell(model, page);
            for (int k = 0; k < 3; k++)
                Assert.Equal(expected[k], topics[k], 1e-4);
            Assert.Equal(1, topics.Sum(), 1e-5);
            Assert.InRange(confidence, 0, 1);
        }
    }

    [Fact]
    public void The_result_does_not_depend_on_threads()
    {
        PageTerms[] pages = [.. Pages(1000, 3, noise: 0.7).Select(p => p.Page)];
        TopicModel model = Fit(pages, OfTerms(), []);
        (float[] one, float[] sureOne) = model.ClassifyAll(pages, 1);
        foreach (int threads in new[] { 2, 8 })
        {
            (float[] many, float[] sure) = model.ClassifyAll(pages, threads);
            Assert.Equal(one, many);
            Assert.Equal(sureOne, sure);
        }
    }

    [Fact]
    public void Seed_pages_sharpen_what_terms_say()
    {
        // The word "board" is in no list of terms; seeds show that sailors use it.
        PageTerms[] pages = [.. Pages(60, 1).Select(p => p.Page), .. Enumerable.Range(0, 20).Select(_ => Read("board board keel mast board tide"))];
        var statistics = Statistics(pages);
        SeedPage[] seeds = [.. pages.Skip(60).Take(10).Select(page => new SeedPage(0, page))];
        float[] without = Tell(TopicModel.Fit(statistics, OfTerms(), [], []), Read("board board board star")).Topics;
        float[] with = Tell(TopicModel.Fit(statistics, OfTerms(), seeds, []), Read("board board board star")).Topics;
        Assert.Equal(2, Best(without));
        Assert.True(with[0] > without[0] * 2);
    }

    [Fact]
    public void Confidence_fitted_on_seeds_is_a_probability()
    {
        // Pages whose words are mostly noise: right about as often as is said.
        (int Topic, PageTerms Page)[] all = [.. Pages(3000, 21, noise: 0.93)];
        TermStatistics statistics = Statistics([.. all.Select(p => p.Page)]);
        TopicModel model = TopicModel.Fit(statistics, OfNothing(), [.. all.Take(300).Select(p => new SeedPage(p.Topic, p.Page))], [.. all.Skip(300).Take(500).Select(p => p.Page)]);
        double said = 0, right = 0;
        foreach ((int topic, PageTerms page) in all.Skip(300))
        {
            (float[] topics, float confidence) = Tell(model, page);
            if (confidence == 0)
                continue;
            said += confidence;
            right += Best(topics) == topic ? 1 : 0;
        }
        Assert.InRange(said / right, 0.9, 1.1);
        Assert.NotEqual((TopicModel.StandardOffset, TopicModel.StandardSlope), model.Calibration);
    }

    [Fact]
    public void One_topic_is_always_it()
    {
        var taxonomy = new Taxonomy { Version = "1", Topics = [new TaxonomyTopic("sea", "sea", Vocabulary[0], [], [])] };
        TopicModel model = Fit([.. Pages(30, 1).Select(p => p.Page)], taxonomy, []);
        (float[] topics, float confidence) = Tell(model, Read("keel mast rudder"));
        Assert.Equal([1f], topics);
        Assert.Equal(1, confidence);
    }

    [Fact]
    public void Topics_with_the_same_terms_share_what_is_theirs()
    {
        var taxonomy = new Taxonomy { Version = "1", Topics = [.. new[] { "a", "b" }.Select(id => new TaxonomyTopic(id, id, Vocabulary[0], [], []))] };
        (float[] topics, _) = Tell(Fit([.. Pages(30, 1).Select(p => p.Page)], taxonomy, []), Read("keel mast rudder"));
        Assert.Equal([0.5f, 0.5f], topics);
    }

    [Fact]
    public void Bad_input_is_refused_with_the_range()
    {
        PageTerms[] pages = [.. Pages(10, 1).Select(p => p.Page)];
        Assert.Contains("0 to 2", Assert.Throws<ArgumentOutOfRangeException>(() => Fit(pages, OfTerms(), [new SeedPage(3, pages[0])])).Message);
        Assert.Contains("above 0", Assert.Throws<ArgumentOutOfRangeException>(() => TopicModel.Fit(Statistics(pages), OfTerms(), [], [], new TopicModelOptions { Temperature = 0 })).Message);
        Assert.Contains("0 to 1", Assert.Throws<ArgumentOutOfRangeException>(() => TopicModel.Fit(Statistics(pages), OfTerms(), [], [], new TopicModelOptions { SelfTraining = -0.1 })).Message);
    }

    private static Taxonomy OfTerms() => new() { Version = "1", Topics = [.. new[] { "sea", "bread", "sky" }.Select((id, k) => new TaxonomyTopic(id, id, Vocabulary[k], [], []))] };

    private static Taxonomy OfNothing() => new() { Version = "1", Topics = [.. new[] { "sea", "bread", "sky" }.Select(id => new TaxonomyTopic(id, id, [], [], []))] };

    private static PageTerms Read(string body) => new TermReader().Read(new PageContent { Body = body, Language = "en" });

    /// <summary>Pages of 30 words of one topic, a share of them replaced by any topic's words or by common ones.</summary>
    private static IEnumerable<(int Topic, PageTerms Page)> Pages(int count, int seed, double noise = 0.3)
    {
        var random = new Random(seed);
        var reader = new TermReader();
        for (int i = 0; i < count; i++)
        {
            int topic = i % 3;
            string Word() => random.NextDouble() >= noise ? Pick(Vocabulary[topic]) : random.Next(2) == 0 ? Pick(Vocabulary[random.Next(3)]) : $"common{random.Next(60)}x";
            string Pick(string[] words) => words[random.Next(words.Length)];
            yield return (topic, reader.Read(new PageContent { Title = Word(), Body = string.Join(' ', Enumerable.Range(0, 30).Select(_ => Word())), Language = "en", Anchors = i % 4 == 0 ? [Word()] : [] }).Copy());
        }
    }

    private static TermStatistics Statistics(PageTerms[] pages)
    {
        var statistics = new TermStatistics();
        foreach (PageTerms page in pages)
            statistics.Add(page);
        return statistics;
    }

    private static TopicModel Fit(PageTerms[] pages, Taxonomy taxonomy, SeedPage[] seeds) => TopicModel.Fit(Statistics(pages), taxonomy, seeds, pages);

    private static (float[] Topics, float Confidence) Tell(TopicModel model, PageTerms page)
    {
        float[] topics = new float[model.TopicCount];
        float confidence = model.Classify(page, topics);
        return (topics, confidence);
    }

    private static int Best(float[] topics) => Array.IndexOf(topics, topics.Max());

    // The dense formula: dictionaries, no shortcuts.

    private static Dictionary<int, double> Vector(TermStatistics statistics, PageTerms page)
    {
        Dictionary<int, double> Field(float[] frequencies) => Scaled(Enumerable.Range(0, page.Count).Where(i => frequencies[i] > 0).ToDictionary(i => page.Terms[i],
            i => (1 + Math.Log(frequencies[i])) * Math.Log((statistics.Pages + 1.0) / (statistics.PagesWith(page.Terms[i]) + 1))));
        Dictionary<int, double> content = Field(page.InContent), anchors = Field(page.InAnchors), sum = [];
        foreach ((int term, double w) in content)
            sum[term] = sum.GetValueOrDefault(term) + w * (anchors.Count > 0 ? 0.7 : 1);
        foreach ((int term, double w) in anchors)
            sum[term] = sum.GetValueOrDefault(term) + w * (content.Count > 0 ? 0.3 : 1);
        return Scaled(sum);
    }

    private static Dictionary<int, double> Scaled(Dictionary<int, double> vector)
    {
        double norm = Math.Sqrt(vector.Values.Sum(w => w * w));
        return norm == 0 ? [] : vector.ToDictionary(t => t.Key, t => t.Value / norm);
    }

    private static Dictionary<int, double>[] DenseCentroids(TermStatistics statistics, Taxonomy taxonomy, List<SeedPage> seeds, PageTerms[] sample, TopicModelOptions options)
    {
        Dictionary<int, double>[] sums = [.. taxonomy.Topics.Select(_ => new Dictionary<int, double>())];
        double[] pages = new double[3];
        void Add(int k, Dictionary<int, double> vector, double share)
        {
            foreach ((int term, double w) in vector)
                sums[k][term] = sums[k].GetValueOrDefault(term) + share * w;
        }
        for (int k = 0; k < 3; k++)
        {
            var reader = new TermReader();
            int[] terms = [.. taxonomy.Topics[k].Terms.Select(word => reader.Read(new PageContent { Body = word, Language = "en" }).Terms[0]).Distinct()];
            Add(k, Scaled(terms.Where(t => statistics.PagesWith(t) > 0).ToDictionary(t => t, t => Math.Log((statistics.Pages + 1.0) / (statistics.PagesWith(t) + 1)))), 10);
            pages[k] += 10;
        }
        foreach (SeedPage seed in seeds)
        {
            Add(seed.Topic, Vector(statistics, seed.Page), 1);
            pages[seed.Topic]++;
        }
        Dictionary<int, double>[] first = [.. sums.Select(Scaled)];
        int[] told = [.. sample.Select(page => DenseTell(first, Vector(statistics, page), options.Temperature)).Select(p => Array.IndexOf(p, p.Max()))];
        for (int i = 0; i < sample.Length && options.SelfTraining > 0; i++)
            Add(told[i], Vector(statistics, sample[i]), Math.Min(options.SelfTraining, 3 * pages[told[i]] / told.Count(t => t == told[i])));
        return [.. sums.Select(Scaled)];
    }

    private static double[] DenseTell(Dictionary<int, double>[] centroids, Dictionary<int, double> v, double temperature)
    {
        Dictionary<int, double> mean = centroids.SelectMany(c => c).GroupBy(t => t.Key).ToDictionary(g => g.Key, g => g.Sum(t => t.Value) / centroids.Length);
        double[] scores = [.. centroids.Select(centroid =>
        {
            double product = 0, norm = 0;
            foreach ((int t, double m) in mean)
            {
                double centred = centroid.GetValueOrDefault(t) - m;
                product += centred * v.GetValueOrDefault(t);
                norm += centred * centred;
            }
            return Math.Exp(product / Math.Sqrt(norm) / temperature);
        })];
        return [.. scores.Select(s => s / scores.Sum())];
    }
}
