using Backlinks.GraphEngine;
using Backlinks.SampleWeb;
using Backlinks.Topics;
using SampleTopic = Backlinks.SampleWeb.Topic;

namespace Backlinks.Tests.Topics;

/// <summary>Topics of a store's pages, on prose of the sample web about its twelve subjects.</summary>
public class CorpusTopicsTests
{
    /// <summary>What the default taxonomy calls the subjects of the sample web.</summary>
    private static readonly Dictionary<string, string> Names = new()
    {
        ["garden"] = "garden",
        ["bread"] = "food",
        ["sailing"] = "outdoors",
        ["chess"] = "games",
        ["bicycles"] = "transport",
        ["astronomy"] = "science",
        ["pottery"] = "arts",
        ["trains"] = "transport",
        ["software"] = "computing",
        ["health"] = "health",
        ["money"] = "finance",
        ["music"] = "music",
    };

    [Fact]
    public void A_store_without_pages_has_no_topics()
    {
        CorpusTopics topics = CorpusTopics.Compute(() => [], null, Taxonomy.Default);
        Assert.False(topics.Contains(0));
        Assert.Equal(0, topics.ConfidenceOf(0));
        Assert.Equal(1f, topics.TopicsOf(-1).ToArray().Sum(), 1e-5);
        Assert.True(float.IsNaN(topics.Similarity(0, 1)));
    }

    [Fact]
    public void The_default_taxonomy_tells_the_subjects_of_the_sample_web()
    {
        StoredPage[] pages = Pages(40);
        CorpusTopics topics = CorpusTopics.Compute(() => pages, null, Taxonomy.Default);
        int right = pages.Count(page => Taxonomy.Default.Topics[Best(topics.TopicsOf(page.Id))].Id == Names[SubjectOf(page)]);
        Assert.True(right >= 0.95 * pages.Length, $"{right} of {pages.Length} pages were told right");
        double alike = Mean(pages, topics, same: true), unlike = Mean(pages, topics, same: false);
        Assert.True(alike > 2 * unlike, $"similarity is {alike} within subjects and {unlike} between them");
    }

    [Fact]
    public void Domains_named_as_seeds_teach_a_topic_without_terms()
    {
        StoredPage[] pages = Pages(30);
        var taxonomy = new Taxonomy
        {
            Version = "1",
            Topics = [.. SampleTopic.All.Select(t => new TaxonomyTopic(t.Name, t.Name, [], t.Name == "chess" ? ["https://www.chess.example/0"] : [], t.Name == "chess" ? ["absent.example"] : [$"{t.Name}.example"]))],
        };
        // Three pages of a subject are of its seed domain, the others of another.
        StoredPage[] stored = [.. pages.Select(page => page.Id % 30 < 3 ? page : page with { Url = page.Url.Replace(".example", ".other.example", StringComparison.Ordinal) })];
        CorpusTopics topics = CorpusTopics.Compute(() => stored, null, taxonomy);
        Assert.Equal(["absent.example"], topics.MissingSeeds);
        int right = stored.Count(page => taxonomy.Topics[Best(topics.TopicsOf(page.Id))].Id == SampleTopic.All[page.Id / 30].Name);
        Assert.True(right >= 0.9 * stored.Length, $"{right} of {stored.Length} pages were told right");
    }

    [Fact]
    public void The_same_pages_give_the_same_bytes_in_any_order_and_on_any_number_of_threads()
    {
        StoredPage[] pages = Pages(60);
        var options = new CorpusTopicsOptions { Sample = 200, Threads = 1 };
        CorpusTopics one = CorpusTopics.Compute(() => pages, Anchors, Taxonomy.Default, options);
        long[] ids = [.. pages.Select(page => page.Id)];
        foreach (int threads in new[] { 2, 8 })
        {
            CorpusTopics other = CorpusTopics.Compute(() => threads == 2 ? pages : pages.Reverse(), Anchors, Taxonomy.Default, options with { Threads = threads });
            Assert.Equal(one.Rows(ids).Topics, other.Rows(ids).Topics);
            Assert.Equal(one.Rows(ids).Confidence, other.Rows(ids).Confidence);
            Assert.Equal(one.Rows(ids).Words, other.Rows(ids).Words);
            Assert.All(Enumerable.Range(0, 200), i => Assert.Equal(one.Similarity(i, 7 * i % pages.Length), other.Similarity(i, 7 * i % pages.Length)));
        }

        static IReadOnlyList<string> Anchors(long id) => id % 3 == 0 ? ["read more", $"about {id}"] : [];
    }

    [Fact]
    public void Anchors_tell_what_a_page_that_was_never_visited_is_about()
    {
        StoredPage[] pages = [.. Pages(20), new StoredPage(5000, "https://unseen.example/", Granularity.Page, DateTime.UnixEpoch, null, null, null, 0)];
        CorpusTopics topics = CorpusTopics.Compute(() => pages, id => id == 5000 ? ["concert guitars", "the cello and orchestra"] : [], Taxonomy.Default);
        Assert.Equal("music", Taxonomy.Default.Topics[Best(topics.TopicsOf(5000))].Id);
        Assert.True(topics.ConfidenceOf(5000) > 0);
        Assert.False(topics.Contains(4999));
        Assert.Equal(0, CorpusTopics.Compute(() => pages, null, Taxonomy.Default).ConfidenceOf(5000));
    }

    [Fact]
    public void Links_help_pages_of_few_words()
    {
        // Snippets of nine words; each page links to the next three of its subject, and one in four to anywhere.
        StoredPage[] pages = [.. Pages(40).Select(page => page with { Title = "", Text = string.Join(' ', page.Text.Split(' ').Take(9)) })];
        CorpusTopics topics = CorpusTopics.Compute(() => pages, null, Taxonomy.Default);
        var links = new List<TestLink>();
        for (int i = 0; i < pages.Length; i++)
            for (int step = 1; step <= 3; step++)
                links.Add((i, step == 3 && i % 4 == 0 ? i * 37 % pages.Length : i / 40 * 40 + (i + step) % 40));
        using TestGraph graph = TestGraphs.Of(pages.Length, [.. links.DistinctBy(l => (l.Source, l.Target))]);
        long[] ids = [.. pages.Select(page => page.Id)];
        float[] alone = topics.Rows(ids).Topics;
        (float[] spread, float[] surer) = topics.Spread(graph, ids);
        Assert.Equal(pages.Length, surer.Length);
        int K = topics.TopicCount, without = Right(alone), with = Right(spread);
        Assert.True(with >= without, $"{without} of {pages.Length} were right by text alone, {with} with links");

        int Right(float[] told) => Enumerable.Range(0, pages.Length).Count(i => Taxonomy.Default.Topics[Best(told.AsSpan(i * K, K))].Id == Names[SubjectOf(pages[i])]);
    }

    [Fact]
    public void Pages_that_come_between_the_passes_are_left_for_the_next_time()
    {
        int pass = 0;
        CorpusTopics topics = CorpusTopics.Compute(() => Pages(10 + 10 * pass++), null, Taxonomy.Default);
        Assert.True(topics.Contains(119));
        Assert.False(topics.Contains(120));
    }

    [Fact]
    public void It_stops_when_asked_and_says_how_far_it_is()
    {
        StoredPage[] pages = Pages(60);
        using var stop = new CancellationTokenSource();
        var progress = new Stopping(stop);
        Assert.ThrowsAny<OperationCanceledException>(() => CorpusTopics.Compute(() => pages, null, Taxonomy.Default, null, progress, stop.Token));
        Assert.Contains(progress.Seen, step => step is { Step: "reading words", Unit: "pages", Done: > 0 });
        Assert.Contains("0 to 1,000,000", Assert.Throws<ArgumentOutOfRangeException>(() => CorpusTopics.Compute(() => pages, null, Taxonomy.Default, new CorpusTopicsOptions { Sample = -1 })).Message);
    }

    private sealed class Stopping(CancellationTokenSource stop) : IProgress<StepProgress>
    {
        public List<StepProgress> Seen { get; } = [];

        public void Report(StepProgress value)
        {
            Seen.Add(value);
            stop.Cancel();
        }
    }

    private static StoredPage[] Pages(int each)
    {
        var pages = new List<StoredPage>();
        foreach (SampleTopic topic in SampleTopic.All)
            for (int i = 0; i < each; i++)
            {
                var random = SeededRandom.For(1, $"{topic.Name} {i}");
                pages.Add(new StoredPage(pages.Count, $"https://www.{topic.Name}.example/{i}", Granularity.Page, DateTime.UnixEpoch, DateTime.UnixEpoch, DateTime.UnixEpoch, VisitOutcome.Fetched, 200)
                {
                    Title = Prose.Title(random, topic),
                    Text = string.Join(' ', Enumerable.Range(0, 12).Select(_ => Prose.Sentence(random, topic))),
                });
            }
        return [.. pages];
    }

    private static string SubjectOf(StoredPage page) => page.Url.Split('.')[1];

    private static int Best(ReadOnlySpan<float> topics)
    {
        int best = 0;
        for (int k = 1; k < topics.Length; k++)
            best = topics[k] > topics[best] ? k : best;
        return best;
    }

    private static double Mean(StoredPage[] pages, CorpusTopics topics, bool same) =>
        (from a in pages from b in pages where a.Id < b.Id && a.Id % 5 == 0 && b.Id % 7 == 0 && (SubjectOf(a) == SubjectOf(b)) == same select topics.Similarity(a.Id, b.Id)).Average();
}
