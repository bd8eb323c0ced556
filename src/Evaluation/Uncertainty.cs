namespace Backlinks.Evaluation;

/// <summary>A mean over seeds with its standard error.</summary>
/// <param name="Error">Standard deviation (n − 1) / √n; NaN for fewer than two values.</param>
public readonly record struct Estimate(double Mean, double Error, int Count)
{
    public static Estimate Of(IReadOnlyCollection<double> values)
    {
        double mean = values.Average();
        return new Estimate(mean, Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1) / values.Count), values.Count);
    }
}

/// <summary>An interval that holds the true value with the stated confidence.</summary>
public readonly record struct Interval(double From, double To);

/// <summary>
/// Percentile bootstrap (Efron 1979) over groups: whole groups are drawn with replacement, as many as there are, because the
/// hosts of one domain are not independent; the interval is between the quantiles of the measure over the resamples.
/// Repeatable: the resamples depend on the seed alone.
/// </summary>
public static class Bootstrap
{
    /// <param name="groups">Group of each example, any numbering.</param>
    /// <param name="measure">Of weights, one for each example: how many times its group was drawn. NaN is left out (a class that no group of was drawn).</param>
    /// <param name="confidence">Above 0, below 1.</param>
    /// <param name="resamples">At least 20; 1,000 give an end of a 95 % interval to some hundredth of its width.</param>
    public static Interval Of(ReadOnlySpan<int> groups, Func<double[], double> measure, ulong seed, double confidence = .95, int resamples = 1000)
    {
        if (!(confidence > 0 && confidence < 1))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "confidence must be above 0 and below 1");
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 20);
        var numbers = new Dictionary<int, int>();
        int[] number = new int[groups.Length];
        for (int i = 0; i < groups.Length; i++)
            if (!numbers.TryGetValue(groups[i], out number[i]))
                numbers.Add(groups[i], number[i] = numbers.Count);
        var random = new SeededRandom(seed);
        var values = new List<double>(resamples);
        double[] weights = new double[groups.Length], drawn = new double[numbers.Count];
        for (int r = 0; r < resamples; r++)
        {
            Array.Clear(drawn);
            for (int i = 0; i < drawn.Length; i++)
                drawn[random.Next(drawn.Length)]++;
            for (int i = 0; i < weights.Length; i++)
                weights[i] = drawn[number[i]];
            if (measure(weights) is var value && !double.IsNaN(value))
                values.Add(value);
        }
        values.Sort();
        return values.Count == 0 ? new Interval(double.NaN, double.NaN)
            : new Interval(Quantile(values, (1 - confidence) / 2), Quantile(values, (1 + confidence) / 2));
    }

    /// <summary>Linear between the two nearest of sorted values.</summary>
    public static double Quantile(IReadOnlyList<double> sorted, double q)
    {
        double at = q * (sorted.Count - 1);
        int below = (int)at;
        return below + 1 >= sorted.Count ? sorted[^1] : sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
    }
}

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine and every version of .NET.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = Mix(seed);

    /// <summary>0 … below <paramref name="below"/>; the bias is below 2^-32.</summary>
    public int Next(int below) => (int)((NextBits() >> 32) * (ulong)below >> 32);

    /// <summary>0 ≤ u &lt; 1.</summary>
    public double Unit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Next(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    private ulong NextBits() => Mix(_state += 0x9E3779B97F4A7C15);

    internal static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
