namespace Backlinks.Evaluation;

/// <summary>How often what is called positive is, and how much of what is positive is called so.</summary>
/// <param name="Precision">True positives / all called positive; 1 where none was.</param>
/// <param name="Recall">True positives / all positive; 1 where there are none.</param>
public readonly record struct PrecisionRecall(double Precision, double Recall)
{
    /// <summary>Harmonic mean of the two; 0 where both are.</summary>
    public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);
}

/// <summary>A row of a reliability table: those whose probability lies in a bin, and how many of them are positive.</summary>
/// <param name="From">Lower end of the bin, included.</param>
/// <param name="To">Upper end, excluded but for the last bin.</param>
/// <param name="MeanProbability">Of those in it; NaN for an empty bin.</param>
/// <param name="Observed">Share of positives; NaN for an empty bin.</param>
public readonly record struct ReliabilityBin(double From, double To, int Count, double MeanProbability, double Observed);

/// <summary>
/// Measures of rankings and classifications. Ties count as they must: those with equal scores are in no order, so every measure
/// is the mean over the orders they could have (AUC, Spearman, Kendall) or takes them all at once (average precision).
/// All cost one sort; weights, where taken, are numbers of copies, which is what bootstrap resamples are.
/// </summary>
public static class Measures
{
    /// <summary>Area under the ROC curve: the probability that a positive's score is above a negative's, ½ where they are equal
    /// (Hanley, McNeil 1982). NaN where a class is empty.</summary>
    public static double Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, ReadOnlySpan<double> weights = default) =>
        Auc(scores, positive, Ascending(scores, positive.Length, weights), weights);

    /// <summary>As <see cref="Auc(ReadOnlySpan{double}, ReadOnlySpan{bool}, ReadOnlySpan{double})"/>, with the order of the scores known.</summary>
    /// <param name="ascending">Indices by score, lowest first.</param>
    internal static double Auc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, ReadOnlySpan<int> ascending, ReadOnlySpan<double> weights)
    {
        double below = 0, sum = 0, positives = 0; // below: weight of negatives with lower scores
        for (int i = 0; i < ascending.Length;)
        {
            double p = 0, q = 0;
            int first = i;
            for (; i < ascending.Length && scores[ascending[i]] == scores[ascending[first]]; i++)
            {
                double w = weights.IsEmpty ? 1 : weights[ascending[i]];
                if (positive[ascending[i]])
                    p += w;
                else
                    q += w;
            }
            sum += p * (below + q / 2);
            (positives, below) = (positives + p, below + q);
        }
        return sum / (positives * below);
    }

    /// <summary>Average precision: Σ over distinct scores, highest first, of precision × recall gained there. NaN without positives.</summary>
    public static double AveragePrecision(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, ReadOnlySpan<double> weights = default) =>
        AveragePrecision(scores, positive, Ascending(scores, positive.Length, weights), weights);

    internal static double AveragePrecision(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, ReadOnlySpan<int> ascending, ReadOnlySpan<double> weights)
    {
        double called = 0, right = 0, sum = 0;
        for (int i = ascending.Length - 1; i >= 0;)
        {
            double gained = 0;
            int first = i;
            for (; i >= 0 && scores[ascending[i]] == scores[ascending[first]]; i--)
            {
                double w = weights.IsEmpty ? 1 : weights[ascending[i]];
                called += w;
                gained += positive[ascending[i]] ? w : 0;
            }
            right += gained;
            if (gained > 0)
                sum += gained * right / called;
        }
        return sum / right;
    }

    /// <summary>Precision and recall of calling positive what scores at least <paramref name="threshold"/>.</summary>
    public static PrecisionRecall At(double threshold, ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        Same(scores.Length, positive.Length);
        int called = 0, right = 0, positives = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            called += scores[i] >= threshold ? 1 : 0;
            positives += positive[i] ? 1 : 0;
            right += scores[i] >= threshold && positive[i] ? 1 : 0;
        }
        return new PrecisionRecall(called == 0 ? 1 : (double)right / called, positives == 0 ? 1 : (double)right / positives);
    }

    /// <summary>Mean of the classes' F1, every class that occurs in either counting the same whatever its size.</summary>
    /// <exception cref="ArgumentException">The two differ in length, or are empty.</exception>
    public static double MacroF1(ReadOnlySpan<int> truth, ReadOnlySpan<int> given)
    {
        Same(truth.Length, given.Length);
        if (truth.IsEmpty)
            throw new ArgumentException("a mean over no class is none: give at least one example", nameof(truth));
        var counts = new SortedDictionary<int, (int Right, int True, int Given)>();
        for (int i = 0; i < truth.Length; i++)
        {
            (int right, int all, int called) = counts.GetValueOrDefault(truth[i]);
            counts[truth[i]] = (right + (truth[i] == given[i] ? 1 : 0), all + 1, called);
            (right, all, called) = counts.GetValueOrDefault(given[i]);
            counts[given[i]] = (right, all, called + 1);
        }
        return counts.Values.Average(c => 2.0 * c.Right / (c.True + c.Given));
    }

    /// <summary>Spearman's rank correlation: Pearson's of the mean ranks. NaN where one side has a single value.</summary>
    public static double Spearman(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Same(a.Length, b.Length);
        return MathNet.Numerics.Statistics.Correlation.Pearson(Ranks(a), Ranks(b));
    }

    /// <summary>Kendall's τ_b: (concordant − discordant) / √((n₀ − tied in a)(n₀ − tied in b)), n₀ = n(n−1)/2; by merge sort, Knight 1966.</summary>
    public static double Kendall(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        Same(a.Length, b.Length);
        int n = a.Length;
        int[] order = new int[n];
        (double A, double B)[] pairs = new (double, double)[n];
        for (int i = 0; i < n; i++)
            (order[i], pairs[i]) = (i, (a[i], b[i]));
        Array.Sort(pairs, order);
        double[] second = [.. pairs.Select(p => p.B)];
        double all = n * (n - 1.0) / 2, tiedA = Ties([.. pairs.Select(p => p.A)]), tiedBoth = Ties(pairs), swaps = Swaps(second, new double[n]), tiedB = Ties(second); // sorted by now
        return (all - tiedA - tiedB + tiedBoth - 2 * swaps) / Math.Sqrt((all - tiedA) * (all - tiedB));
    }

    /// <summary>
    /// Bits per click: −Σ clicks·log2(share) / Σ clicks, share = weight / Σ of the weights of its source. What an observer of
    /// clicks needs on average who knows the weights. Infinite where something of weight 0 was clicked.
    /// </summary>
    /// <param name="sources">Source of each link, equal ones together.</param>
    public static double BitsPerClick(ReadOnlySpan<int> sources, ReadOnlySpan<double> weights, ReadOnlySpan<double> clicks)
    {
        Same(sources.Length, weights.Length);
        Same(sources.Length, clicks.Length);
        double bits = 0, all = 0;
        for (int i = 0; i < sources.Length;)
        {
            int end = i;
            double sum = 0;
            for (; end < sources.Length && sources[end] == sources[i]; end++)
                sum += weights[end];
            for (; i < end; i++)
                if (clicks[i] > 0)
                    (bits, all) = (bits - clicks[i] * Math.Log2(weights[i] / sum), all + clicks[i]);
        }
        return bits / all;
    }

    /// <summary>Probabilities against what happened, in bins of equal width.</summary>
    public static ReliabilityBin[] Reliability(ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> positive, int bins = 10)
    {
        Same(probabilities.Length, positive.Length);
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        int[] count = new int[bins], hit = new int[bins];
        double[] sum = new double[bins];
        for (int i = 0; i < probabilities.Length; i++)
        {
            double p = probabilities[i];
            if (!(p is >= 0 and <= 1))
                throw new ArgumentOutOfRangeException(nameof(probabilities), p, "a probability is at least 0 and at most 1");
            int bin = Math.Min(bins - 1, (int)(p * bins));
            count[bin]++;
            sum[bin] += p;
            hit[bin] += positive[i] ? 1 : 0;
        }
        return [.. Enumerable.Range(0, bins).Select(b => new ReliabilityBin((double)b / bins, (b + 1.0) / bins, count[b], sum[b] / count[b], (double)hit[b] / count[b]))];
    }

    /// <summary>Mean ranks from 1: those of equal value share the mean of their places.</summary>
    public static double[] Ranks(ReadOnlySpan<double> values)
    {
        int[] order = Ascending(values, values.Length, default);
        double[] ranks = new double[values.Length];
        for (int i = 0; i < order.Length;)
        {
            int end = i;
            while (end < order.Length && values[order[end]] == values[order[i]])
                end++;
            for (double rank = (i + 1 + end) / 2.0; i < end; i++)
                ranks[order[i]] = rank;
        }
        return ranks;
    }

    internal static int[] Ascending(ReadOnlySpan<double> scores, int length, ReadOnlySpan<double> weights)
    {
        Same(scores.Length, length);
        if (!weights.IsEmpty)
            Same(scores.Length, weights.Length);
        double[] keys = scores.ToArray();
        if (Array.FindIndex(keys, double.IsNaN) is >= 0 and int at)
            throw new ArgumentException($"score {at} is not a number, so it has no place in an order", nameof(scores));
        int[] order = [.. Enumerable.Range(0, keys.Length)];
        Array.Sort(keys, order);
        return order;
    }

    private static void Same(int a, int b)
    {
        if (a != b)
            throw new ArgumentException($"{a} values stand against {b}: each needs its partner");
    }

    /// <summary>Pairs of equal neighbours in what is sorted.</summary>
    private static double Ties<T>(T[] sorted) where T : IEquatable<T>
    {
        double pairs = 0;
        for (int i = 0; i < sorted.Length;)
        {
            int first = i;
            while (i < sorted.Length && sorted[i].Equals(sorted[first]))
                i++;
            pairs += (i - first) * (i - first - 1.0) / 2;
        }
        return pairs;
    }

    /// <summary>Sorts, and counts the pairs that stood in the wrong order.</summary>
    private static double Swaps(Span<double> values, Span<double> spare)
    {
        if (values.Length < 2)
            return 0;
        int half = values.Length / 2;
        double swaps = Swaps(values[..half], spare[..half]) + Swaps(values[half..], spare[half..]);
        for (int i = 0, left = 0, right = half; i < values.Length; i++)
            if (right == values.Length || (left < half && values[left] <= values[right]))
                spare[i] = values[left++];
            else
            {
                swaps += half - left;
                spare[i] = values[right++];
            }
        spare[..values.Length].CopyTo(values);
        return swaps;
    }
}
