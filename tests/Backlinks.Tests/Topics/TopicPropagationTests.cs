using Backlinks.GraphEngine;
using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

public class TopicPropagationTests
{
    [Fact]
    public void Nothing_spreads_in_a_graph_without_nodes_or_links()
    {
        using TestGraph none = TestGraphs.Of(0), alone = TestGraphs.Of(1);
        Assert.Empty(TopicPropagation.Spread(none, [], [], [], Same).Topics);
        Assert.Equal([0.25f, 0.75f], TopicPropagation.Spread(alone, [0.25f, 0.75f], [0.5f], [0], Same).Topics);
    }

    [Fact]
    public void A_page_without_text_takes_four_tenths_from_its_neighbour()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        (float[] topics, float[] confidence) = TopicPropagation.Spread(graph, [1, 0, 0.5f, 0.5f], [0.9f, 0.5f], [int.MaxValue, 0], Same);
        Assert.Equal([1, 0], topics[..2]);
        Assert.Equal(0.6 * 0.5 + 0.4, topics[2], 1e-6);
        Assert.Equal(0.6 * 0.5 + 0.4 * 0.9, confidence[1], 1e-6);
        Assert.Equal(0.9f, confidence[0]);
    }

    [Fact]
    public void Long_text_stands_alone()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1), (1, 0));
        float[] topics = [1, 0, 0.4f, 0.6f];
        Assert.Equal(topics, TopicPropagation.Spread(graph, topics, [0.9f, 0.5f], [1000, 500], Same).Topics);
    }

    [Fact]
    public void Neighbours_of_unknown_similarity_say_nothing()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        float[] topics = [1, 0, 0.4f, 0.6f];
        Assert.Equal(topics, TopicPropagation.Spread(graph, topics, [0.9f, 0.5f], [0, 0], (_, _) => float.NaN).Topics);
    }

    [Fact]
    public void Random_graphs_agree_with_a_slow_version_on_any_number_of_threads()
    {
        const int n = 300, K = 4;
        var random = new Random(9);
        TestLink[] links = [.. TestGraphs.PowerLaw(n, 5, 4).DistinctBy(l => (l.Source, l.Target))];
        using TestGraph graph = TestGraphs.Of(n, links);
        float[] topics = new float[n * K], confidence = new float[n];
        int[] words = new int[n];
        for (int v = 0; v < n; v++)
        {
            float[] row = [.. Enumerable.Range(0, K).Select(_ => random.NextSingle())];
            for (int k = 0; k < K; k++)
                topics[v * K + k] = row[k] / row.Sum();
            (confidence[v], words[v]) = (random.NextSingle(), random.Next(5) == 0 ? int.MaxValue : random.Next(400));
        }
        float Similarity(int a, int b) => (a + b) * 31 % 10 == 0 ? float.NaN : (a + b) * 7 % 11 / 10f;
        (float[] expected, float[] sure) = Slow(n, K, links, topics, confidence, words, Similarity);
        foreach (int threads in new[] { 1, 2, 8 })
        {
            (float[] spread, float[] surer) = TopicPropagation.Spread(graph, topics, confidence, words, Similarity, new TopicPropagationOptions { Threads = threads });
            for (int i = 0; i < n * K; i++)
                Assert.Equal(expected[i], spread[i], 1e-5);
            for (int i = 0; i < n; i++)
                Assert.Equal(sure[i], surer[i], 1e-4);
            Assert.Equal(TopicPropagation.Spread(graph, topics, confidence, words, Similarity, new TopicPropagationOptions { Threads = 1 }).Topics, spread);
        }
    }

    [Fact]
    public void What_it_is_given_stays_as_it_is()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1), (1, 0));
        float[] topics = [1, 0, 0, 1], confidence = [0.9f, 0.5f];
        TopicPropagation.Spread(graph, topics, confidence, [0, 0], Same);
        Assert.Equal([1, 0, 0, 1], topics);
        Assert.Equal([0.9f, 0.5f], confidence);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        using TestGraph graph = TestGraphs.Of(2, (0, 1));
        Assert.Contains("do not fit a graph of 2 nodes", Assert.Throws<ArgumentException>(() => TopicPropagation.Spread(graph, [1, 0, 0, 1], [1], [0, 0], Same)).Message);
        Assert.Contains("0 to below 1", Assert.Throws<ArgumentOutOfRangeException>(() => TopicPropagation.Spread(graph, [1, 0], [1, 1], [0, 0], Same, new TopicPropagationOptions { Share = 1 })).Message);
    }

    private static float Same(int a, int b) => 1;

    private static (float[] Topics, float[] Confidence) Slow(int n, int K, TestLink[] links, float[] topics, float[] confidence, int[] words, Func<int, int, float> similarity)
    {
        double[][] first = [.. Enumerable.Range(0, n).Select(v => topics.Skip(v * K).Take(K).Select(p => (double)p).ToArray())], now = first;
        double[] sure = [.. confidence.Select(c => (double)c)];
        for (int round = 0; round < 3; round++)
        {
            double[][] next = [.. now];
            double[] surer = [.. sure];
            for (int v = 0; v < n; v++)
            {
                double share = words[v] == int.MaxValue ? 0 : 0.4 * Math.Exp(-words[v] / 100.0), all = 0;
                double[] sum = new double[K], believed = new double[K];
                foreach (TestLink link in links)
                {
                    if (link.Source == link.Target || (link.Source != v && link.Target != v))
                        continue;
                    int u = (int)(link.Source == v ? link.Target : link.Source);
                    float similar = similarity(u, v);
                    double weight = float.IsNaN(similar) ? 0 : similar * Math.Log((double)n / links.Count(l => l.Target == link.Target));
                    all += weight;
                    for (int k = 0; k < K; k++)
                    {
                        sum[k] += weight * now[u][k];
                        believed[k] += weight * Belief(now[u], sure[u], k);
                    }
                }
                if (share < 0.005 || all <= 0)
                    continue;
                next[v] = [.. Enumerable.Range(0, K).Select(k => (1 - share) * first[v][k] + share * sum[k] / all)];
                int best = Array.IndexOf(next[v], next[v].Max());
                surer[v] = (1 - share) * Belief(first[v], confidence[v], best) + share * believed[best] / all;
            }
            (now, sure) = (next, surer);
        }
        return ([.. now.SelectMany(row => row.Select(p => (float)p))], [.. sure.Select(c => (float)c)]);
    }

    private static double Belief(double[] p, double confidence, int k) =>
        Array.IndexOf(p, p.Max()) is var best && k == best ? confidence : p[best] >= 1 ? 0 : (1 - confidence) * p[k] / (1 - p[best]);
}
