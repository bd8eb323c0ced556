using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
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
/// <para>Cost: one similarity a link with a short page, then a round looks at the links of those that take something; 4·K bytes a node and
/// 8·K more for each of these, 20 bytes a link. Each node is summed by itself in the order of its links, so the result is the same on any
/// number of threads.</para>
/// </summary>
public static class TopicPropagation
{
    private const double LeastShare = 0.005; // below, the text stands alone
    private const int Range = 1024;

    /// <summary>Spreads topics; what it is given stays as it is.</summary>
    /// <param name="topics">n×K, rows of sum 1.</param>
    /// <param name="confidence">n.</param>
    /// <param name="words">Of each page's content; <see cref="int.MaxValue"/> holds a page fixed.</param>
    /// <param name="similarity">Of two nodes, 0 to 1, the same for both orders; not a number where unknown, which counts as 0. Called
    /// once for each link with a page that needs others, from several threads.</param>
    /// <exception cref="ArgumentException">Arrays that do not fit the graph, or an option out of its range.</exception>
    public static (float[] Topics, float[] Confidence) Spread(LinkGraph graph, float[] topics, float[] confidence, int[] words, Func<int, int, float> similarity,
        TopicPropagationOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new TopicPropagationOptions();
        options.Check();
        Check(graph, topics, confidence, words);
        return Spread(graph, topics, confidence, words, Similarities(graph, words, similarity, null, options, cancel), options, cancel);
    }

    /// <inheritdoc cref="Spread(LinkGraph, float[], float[], int[], Func{int, int, float}, TopicPropagationOptions?, CancellationToken)"/>
    /// <param name="similarities">Of the two ends of each of the graph's out-links; not a number where unknown, see <see cref="Similarities"/>.</param>
    public static (float[] Topics, float[] Confidence) Spread(LinkGraph graph, float[] topics, float[] confidence, int[] words, float[] similarities,
        TopicPropagationOptions? options = null, CancellationToken cancel = default) => SpreadOver(graph, (float[])topics.Clone(), confidence, words, similarities, options, cancel);

    /// <summary>As Spread, into <paramref name="topics"/> itself.</summary>
    internal static (float[] Topics, float[] Confidence) SpreadOver(LinkGraph graph, float[] topics, float[] confidence, int[] words, float[] similarities,
        TopicPropagationOptions? options, CancellationToken cancel)
    {
        options ??= new TopicPropagationOptions();
        options.Check();
        int n = graph.NodeCount, K = Check(graph, topics, confidence, words);
        if (similarities.Length != graph.LinkCount)
            throw new ArgumentException($"{similarities.Length} similarities do not fit a graph of {graph.LinkCount} links", nameof(similarities));
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel };
        (float[] outWeights, float[] inWeights) = options.Rounds == 0 ? ([], []) : Weights(graph, similarities, parallel);
        // Who takes something from others, in order; all others stay as they are.
        double[] all = new double[n];
        int[] place = new int[n];
        Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
        {
            for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
                all[v] = options.Rounds == 0 || ShareOf(words[v], options) < LeastShare ? 0 : Sum(graph, v, outWeights, inWeights);
        });
        var takers = new List<int>();
        for (int v = 0; v < n; v++)
        {
            place[v] = all[v] > 0 ? takers.Count : -1;
            if (all[v] > 0)
                takers.Add(v);
        }
        (long[] rows, int[] nearby, float[] near) = Neighbours(graph, takers, outWeights, inWeights, parallel);
        float[] from = new float[takers.Count * (long)K], into = new float[from.LongLength];
        Said[] said = new Said[n];
        Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
        {
            for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
            {
                said[v] = Said.Of(topics.AsSpan(v * K, K), confidence[v], place[v]);
                if (place[v] >= 0)
                    topics.AsSpan(v * K, K).CopyTo(from.AsSpan(place[v] * K, K));
            }
        });
        float[] sure = (float[])confidence.Clone();
        for (int round = 0; round < options.Rounds; round++)
        {
            float[] source = from, target = into;
            Parallel.For(0, (takers.Count + Range - 1) / Range, parallel, range =>
            {
                double[] sum = new double[K], sureSum = new double[K];
                for (int taker = range * Range; taker < Math.Min(takers.Count, (range + 1) * Range); taker++)
                {
                    int v = takers[taker];
                    double share = ShareOf(words[v], options), weight = all[v];
                    Array.Clear(sum);
                    Array.Clear(sureSum);
                    for (long at = rows[taker]; at < rows[taker + 1L]; at++)
                    {
                        int u = nearby[at];
                        Said of = said[u];
                        double w = near[at], other = w * of.Rest;
                        ReadOnlySpan<float> p = of.Place >= 0 ? source.AsSpan(of.Place * K, K) : topics.AsSpan(u * K, K);
                        AddTo(sum, sureSum, p, w, other);
                        sureSum[of.Likeliest] += w * of.Confidence - other * p[of.Likeliest];
                    }
                    ReadOnlySpan<float> own = topics.AsSpan(v * K, K);
                    Span<float> row = target.AsSpan(taker * K, K);
                    int best = 0;
                    for (int k = 0; k < K; k++)
                    {
                        row[k] = (float)((1 - share) * own[k] + share * sum[k] / weight);
                        best = row[k] > row[best] ? k : best;
                    }
                    sure[v] = (float)((1 - share) * Belief(own, Likeliest(own), confidence[v], best) + share * sureSum[best] / weight);
                }
            });
            Parallel.For(0, (takers.Count + Range - 1) / Range, parallel, range =>
            {
                for (int taker = range * Range; taker < Math.Min(takers.Count, (range + 1) * Range); taker++)
                    said[takers[taker]] = Said.Of(target.AsSpan(taker * K, K), sure[takers[taker]], taker);
            });
            (from, into) = (into, from);
        }
        for (int taker = 0; taker < takers.Count; taker++)
            from.AsSpan(taker * K, K).CopyTo(topics.AsSpan(takers[taker] * K, K));
        return (topics, sure);
    }

    /// <summary>Of the two ends of each of the graph's out-links; −1 where neither needs the other.</summary>
    /// <param name="known">What is known of each link already, −1 for nothing; overwritten and returned. Null for nothing at all.</param>
    public static float[] Similarities(LinkGraph graph, int[] words, Func<int, int, float> similarity, float[]? known, TopicPropagationOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new TopicPropagationOptions();
        options.Check();
        int n = graph.NodeCount;
        if (known is null)
        {
            known = GC.AllocateUninitializedArray<float>(checked((int)graph.LinkCount));
            Array.Fill(known, -1);
        }
        bool[] needs = new bool[n];
        for (int v = 0; v < n; v++)
            needs[v] = ShareOf(words[v], options) >= LeastShare;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.Threads == 0 ? Environment.ProcessorCount : options.Threads, CancellationToken = cancel };
        Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
        {
            for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
            {
                long at = graph.OutOffsets[v];
                foreach (uint u in graph.OutOf(v))
                {
                    if (known[at] == -1 && (needs[v] || needs[u]))
                        known[at] = similarity(v, (int)u);
                    at++;
                }
            }
        });
        return known;
    }

    /// <summary>μ; 0 for a page that is held fixed.</summary>
    private static double ShareOf(int words, TopicPropagationOptions options) => words == int.MaxValue ? 0 : options.Share * Math.Exp(-words / options.Words);

    private static int Check(LinkGraph graph, float[] topics, float[] confidence, int[] words)
    {
        int n = graph.NodeCount, K = n == 0 ? 1 : topics.Length / n;
        return topics.Length == n * (long)K && confidence.Length == n && words.Length == n ? K
            : throw new ArgumentException($"{topics.Length} probabilities, {confidence.Length} confidences and {words.Length} lengths do not fit a graph of {n} nodes");
    }

    /// <summary>w of each out-link, and the same of each in-link.</summary>
    private static (float[] Out, float[] In) Weights(LinkGraph graph, float[] similarities, ParallelOptions parallel)
    {
        int n = graph.NodeCount;
        double[] rarity = new double[n];
        long[] next = new long[n]; // place of the next link into each node: sources come in ascending order, as in-links stand
        Parallel.For(0, (n + Range - 1) / Range, parallel, range =>
        {
            for (int v = range * Range; v < Math.Min(n, (range + 1) * Range); v++)
            {
                rarity[v] = Math.Log((double)n / Math.Max(1, graph.InDegree(v)));
                next[v] = graph.InOffsets[v];
            }
        });
        float[] outWeights = GC.AllocateUninitializedArray<float>(similarities.Length), inWeights = GC.AllocateUninitializedArray<float>(similarities.Length);
        for (int u = 0; u < n; u++)
        {
            if ((u & 0xFFFF) == 0)
                parallel.CancellationToken.ThrowIfCancellationRequested();
            long at = graph.OutOffsets[u];
            foreach (uint v in graph.OutOf(u))
            {
                outWeights[at] = inWeights[next[v]++] = v != (uint)u && similarities[at] is > 0 and float similar ? (float)(similar * rarity[v]) : 0;
                at++;
            }
        }
        return (outWeights, inWeights);
    }

    private static double Sum(LinkGraph graph, int v, float[] outWeights, float[] inWeights)
    {
        double all = 0;
        foreach (float weight in outWeights.AsSpan((int)graph.OutOffsets[v], (int)graph.OutDegree(v)))
            all += Math.Max(0, weight);
        foreach (float weight in inWeights.AsSpan((int)graph.InOffsets[v], (int)graph.InDegree(v)))
            all += Math.Max(0, weight);
        return all;
    }

    /// <summary>Those that takers take from, those they link to first, and with which weight; neighbours of weight 0 are left out.</summary>
    private static (long[] Rows, int[] Nodes, float[] Weights) Neighbours(LinkGraph graph, List<int> takers, float[] outWeights, float[] inWeights, ParallelOptions parallel)
    {
        long[] rows = new long[takers.Count + 1L];
        Parallel.For(0, (takers.Count + Range - 1) / Range, parallel, range =>
        {
            for (int taker = range * Range; taker < Math.Min(takers.Count, (range + 1) * Range); taker++)
                rows[taker + 1L] = Enter(taker, 0, [], []);
        });
        for (int taker = 0; taker < takers.Count; taker++)
            rows[taker + 1L] += rows[taker];
        int[] nodes = GC.AllocateUninitializedArray<int>(checked((int)rows[^1]));
        float[] weights = GC.AllocateUninitializedArray<float>(nodes.Length);
        Parallel.For(0, (takers.Count + Range - 1) / Range, parallel, range =>
        {
            for (int taker = range * Range; taker < Math.Min(takers.Count, (range + 1) * Range); taker++)
                Enter(taker, rows[taker], nodes, weights);
        });
        return (rows, nodes, weights);

        long Enter(int taker, long at, int[] into, float[] weightsInto)
        {
            int v = takers[taker];
            Some(graph.OutOf(v), outWeights.AsSpan((int)graph.OutOffsets[v]));
            Some(graph.InOf(v), inWeights.AsSpan((int)graph.InOffsets[v]));
            return at;

            void Some(ReadOnlySpan<uint> links, ReadOnlySpan<float> given)
            {
                for (int i = 0; i < links.Length; i++)
                    if (given[i] > 0)
                    {
                        if (into.Length > 0)
                            (into[at], weightsInto[at]) = ((int)links[i], given[i]);
                        at++;
                    }
            }
        }
    }

    /// <summary>sum += weight·p and sureSum += other·p, four at a time: each is added up by itself, so this changes no bit.</summary>
    private static void AddTo(double[] sum, double[] sureSum, ReadOnlySpan<float> p, double weight, double other)
    {
        int k = 0;
        Vector256<double> weights = Vector256.Create(weight), others = Vector256.Create(other);
        ref float first = ref MemoryMarshal.GetReference(p);
        ref double sums = ref MemoryMarshal.GetArrayDataReference(sum), sureSums = ref MemoryMarshal.GetArrayDataReference(sureSum);
        for (; k + 4 <= p.Length; k += 4)
        {
            (Vector128<double> low, Vector128<double> high) = Vector128.Widen(Vector128.LoadUnsafe(ref first, (nuint)k));
            Vector256<double> wide = Vector256.Create(low, high);
            (Vector256.LoadUnsafe(ref sums, (nuint)k) + weights * wide).StoreUnsafe(ref sums, (nuint)k);
            (Vector256.LoadUnsafe(ref sureSums, (nuint)k) + others * wide).StoreUnsafe(ref sureSums, (nuint)k);
        }
        for (; k < p.Length; k++)
        {
            sum[k] += weight * p[k];
            sureSum[k] += other * p[k];
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

    /// <summary>What others take from a page beside its topics.</summary>
    /// <param name="Rest">What it gives to each topic but its likeliest is this times the topic's probability.</param>
    /// <param name="Place">Of its row among those that change, −1 where it stays.</param>
    private readonly record struct Said(float Confidence, float Rest, int Likeliest, int Place)
    {
        public static Said Of(ReadOnlySpan<float> p, float confidence, int place)
        {
            int best = TopicPropagation.Likeliest(p);
            return new Said(confidence, p[best] >= 1 ? 0 : (1 - confidence) / (1 - p[best]), best, place);
        }
    }
}
