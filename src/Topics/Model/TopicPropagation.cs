using Backlinks.GraphEngine;

namespace Backlinks.Topics;

/// <summary>How topics spread over links.</summary>
public sealed record TopicPropagationOptions
{
    /// <summary>What a page without any text takes from its neighbours, 0 to below 1. Default .4.</summary>
    public double Share { get; init; } = 0.4;

    /// <summary>Words over which that share falls to 1/e, above 0. Default 100: at 250 words 3 % are left: who has said enough himself
    /// needs nobody to speak for him.</summary>
    public double Words { get; init; } = 100;

    /// <summary>Rounds, 0 to 100. Default 3: what a neighbour three links off says is 6 % of the whole at most.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check()
    {
        if (!(Share >= 0 && Share < 1))
            throw new ArgumentOutOfRangeException(nameof(Share), Share, "the share of neighbours must be 0 to below 1");
        if (!(Words > 0 && double.IsFinite(Words)))
            throw new ArgumentOutOfRangeException(nameof(Words), Words, "the words over which it falls must be above 0");
        if (Rounds is < 0 or > 100)
            throw new ArgumentOutOfRangeException(nameof(Rounds), Rounds, "rounds must be 0 to 100");
        if (Threads is < 0 or > 1024)
            throw new ArgumentOutOfRangeException(nameof(Threads), Threads, "threads must be 0 (one for each processor) to 1024");
    }
}

/// <summary>
/// What neighbours say of pages that say little themselves.
/// <code>
/// p⁽ʳ⁺¹⁾(v) = (1 − μ)·p⁽⁰⁾(v) + μ·Σ w(u,v)·p⁽ʳ⁾(u) / Σ w(u,v)      u linked to v or from it
/// μ = .4·exp(−words(v)/100)      w(u,v) = similarity(u,v)·ln(n / links into the target)
/// </code>
/// Label spreading (Zhou et al. 2004) with a share that depends on the text: on 40 words of an article it lifts the macro-F1
/// by .02, on the whole article it changes nothing (.001), for the share is all but gone. Links to what everybody links to carry nothing, as do links between pages that
/// have no word in common.
/// Confidence follows by the same sum: what the page itself and its neighbours give to the topic that is now the likeliest, where a
/// page gives its confidence to its own likeliest topic, and the rest to the others in proportion to their probabilities.
/// <para>Cost: a round looks at the links of short pages, and computes one similarity each; 8·K bytes a node. Each node is summed by
/// itself in the order of its links, so the result is the same on any number of threads.</para>
/// </summary>
public static class TopicPropagation
{
    private const double LeastShare = 0.005; // below, the text stands alone
    private const int Range = 1024;

    /// <summary>Spreads topics; what it is given stays as it is.</summary>
    /// <param name="topics">n×K, rows of sum 1.</param>
    /// <param name="confidence">n.</param>
    /// <param name="words">Of each page's content; <see cref="int.MaxValue"/> holds a page fixed.</param>
    /// <param name="similarity">Of two nodes, 0 to 1; not a number where unknown, which counts as 0. Called from several threads.</param>
    /// <exception cref="ArgumentException">Arrays that do not fit the graph, or an option out of its range.</exception>
    public static (float[] Topics, float[] Confidence) Spread(LinkGraph graph, float[] topics, float[] confidence, int[] words, Func<int, int, float> similarity,
        TopicPropagationOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new TopicPropagationOptions();
        options.Check();
        int n = graph.NodeCount, K = n == 0 ? 1 : topics.Length / n;
        if (topics.Length != n * (long)K || confidence.Length != n || words.Length != n)
            throw new ArgumentException($"{topics.Length} probabilities, {confidence.Length} confidences and {words.Length} lengths do not fit a graph of {n} nodes");
        (float[] from, float[] into) = (topics, (float[])topics.Clone());
        (float[] sure, float[] surer) = (confidence, (float[])confidence.Clone());
        float[] weights = Weights(graph, words, similarity, options, cancel);
        float[] rest = new float[n]; // of each page: what it gives to each topic but its likeliest is this times the topic's probability
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel };
        for (int round = 0; round < options.Rounds; round++)
        {
            float[] source = from, given = sure;
            Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
            {
                for (int u = range * Range; u < Math.Min(n, (range + 1) * Range); u++)
                {
                    ReadOnlySpan<float> p = source.AsSpan(u * K, K);
                    float top = p[Likeliest(p)];
                    rest[u] = top >= 1 ? 0 : (1 - given[u]) / (1 - top);
                }
            });
            Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
            {
                double[] sum = new double[K], sureSum = new double[K];
                for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
                {
                    double share = words[v] == int.MaxValue ? 0 : options.Share * Math.Exp(-words[v] / options.Words);
                    if (share < LeastShare || Gather(graph, v, weights, source, given, rest, sum, sureSum) is not (> 0 and double weight))
                        continue;
                    int best = 0, told = 0;
                    for (int k = 0; k < K; k++)
                    {
                        into[v * K + k] = (float)((1 - share) * topics[v * K + k] + share * sum[k] / weight);
                        best = into[v * K + k] > into[v * K + best] ? k : best;
                        told = topics[v * K + k] > topics[v * K + told] ? k : told;
                    }
                    surer[v] = (float)((1 - share) * Belief(topics.AsSpan(v * K, K), told, confidence[v], best) + share * sureSum[best] / weight);
                }
            });
            if (round == 0)
                (from, into, sure, surer) = (into, (float[])into.Clone(), surer, (float[])surer.Clone());
            else
                (from, into, sure, surer) = (into, from, surer, sure);
        }
        return (from, sure);
    }

    /// <summary>w of each node's neighbours, those it links to first, from OutOffsets[v] + InOffsets[v] on; 0 where a page needs nobody. Computed once for all rounds.</summary>
    private static float[] Weights(LinkGraph graph, int[] words, Func<int, int, float> similarity, TopicPropagationOptions options, CancellationToken cancel)
    {
        int n = graph.NodeCount;
        float[] weights = new float[2 * graph.LinkCount];
        if (options.Rounds == 0)
            return weights;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel };
        Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
        {
            for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
            {
                if (words[v] == int.MaxValue || options.Share * Math.Exp(-words[v] / options.Words) < LeastShare)
                    continue;
                long at = graph.OutOffsets[v] + graph.InOffsets[v];
                foreach (uint u in graph.OutOf(v))
                    weights[at++] = Weight((int)u, v, (int)u);
                foreach (uint u in graph.InOf(v))
                    weights[at++] = Weight((int)u, v, v);
            }
        });
        return weights;

        float Weight(int u, int v, int target) =>
            u != v && similarity(u, v) is > 0 and float similar ? (float)(similar * Math.Log((double)n / Math.Max(1, graph.InDegree(target)))) : 0;
    }

    /// <summary>Sums over neighbours of topics, and of what they believe; returns the sum of weights.</summary>
    private static double Gather(LinkGraph graph, int v, float[] weights, float[] topics, float[] confidence, float[] rest, double[] sum, double[] sureSum)
    {
        int K = sum.Length;
        Array.Clear(sum);
        Array.Clear(sureSum);
        double all = 0;
        long at = graph.OutOffsets[v] + graph.InOffsets[v];
        foreach (uint u in graph.OutOf(v))
            Add((int)u, weights[at++]);
        foreach (uint u in graph.InOf(v))
            Add((int)u, weights[at++]);
        return all;

        void Add(int u, double weight)
        {
            if (weight <= 0)
                return;
            ReadOnlySpan<float> p = topics.AsSpan(u * K, K);
            double other = weight * rest[u];
            for (int k = 0; k < p.Length; k++)
            {
                sum[k] += weight * p[k];
                sureSum[k] += other * p[k];
            }
            int best = Likeliest(p);
            sureSum[best] += weight * confidence[u] - other * p[best];
            all += weight;
        }
    }

    private static int Likeliest(ReadOnlySpan<float> p)
    {
        int best = 0;
        for (int k = 1; k < p.Length; k++)
            best = p[k] > p[best] ? k : best;
        return best;
    }

    /// <summary>The calibrated probability of topic <paramref name="k"/>.</summary>
    private static double Belief(ReadOnlySpan<float> p, int best, float confidence, int k) =>
        k == best ? confidence : p[best] >= 1 ? 0 : (1 - confidence) * p[k] / (1 - p[best]);
}
