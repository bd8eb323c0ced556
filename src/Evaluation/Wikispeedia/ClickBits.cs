namespace Backlinks.Evaluation;

/// <summary>How well weights foretell clicks.</summary>
/// <param name="Bits">Bits per click.</param>
/// <param name="Error">Its standard error over sources.</param>
/// <param name="Saved">Percent of uniform's bits that are saved.</param>
/// <param name="SavedError">Its standard error; sources are drawn for both alike, so most of what they vary in cancels.</param>
/// <param name="SavedEven">Of the sources in even places of the order of names, to see what is tuned to some of them.</param>
/// <param name="SavedOdd">Of the others.</param>
public readonly record struct ClickFinding(double Bits, double Error, double Saved, double SavedError, double SavedEven, double SavedOdd);

/// <summary>
/// The code length of clicks under weights: of the sources with at least 20 clicks on links and 5 links, weights of a source's
/// links are scaled to sum 1;
/// <code>bits per click = −Σ clicks·log2(share) / Σ clicks</code>
/// Uniform weights need the mean of log2 of the number of links. Standard errors by bootstrap over sources (whole sources are
/// drawn with replacement), the same draws for all weights.
/// </summary>
public sealed class ClickBits
{
    private const int LeastClicks = 20, LeastLinks = 5;

    private readonly WikispeediaClicks _clicks;
    private readonly double[] _counts;
    private readonly double[] _uniform;
    private readonly int[] _draws; // resamples × sources
    private readonly int _resamples;

    /// <param name="resamples">20 to 100,000; 1,000 give a standard error to some 2 %.</param>
    /// <exception cref="ArgumentOutOfRangeException">As said.</exception>
    public ClickBits(WikispeediaClicks clicks, ulong seed = 1, int resamples = 1000)
    {
        if (resamples is < 20 or > 100_000)
            throw new ArgumentOutOfRangeException(nameof(resamples), resamples, "resamples must be 20 to 100,000");
        _clicks = clicks;
        _resamples = resamples;
        Sources = [.. Enumerable.Range(0, clicks.Pages.Count).Where(page => clicks.Links[page].Count >= LeastLinks && clicks.Links[page].Sum(l => l.Clicks) >= LeastClicks)];
        _counts = [.. Sources.Select(page => (double)clicks.Links[page].Sum(l => l.Clicks))];
        _uniform = BitsOf((_, _) => 1);
        var random = new SeededRandom(seed);
        _draws = new int[(long)resamples * Sources.Count];
        for (int i = 0; i < _draws.Length; i++)
            _draws[i] = random.Next(Sources.Count);
    }

    /// <summary>Pages that are measured, in order of name.</summary>
    public IReadOnlyList<int> Sources { get; }

    /// <summary>Clicks that are measured.</summary>
    public long Clicks => (long)_counts.Sum();

    /// <param name="weight">Of a link by its page; finite, at least 0.</param>
    public ClickFinding Measure(Func<int, ClickedLink, double> weight)
    {
        double[] bits = BitsOf(weight);
        double[] means = new double[_resamples], saved = new double[_resamples];
        for (int r = 0; r < _resamples; r++)
        {
            double sum = 0, uniform = 0, clicks = 0;
            for (int i = 0; i < Sources.Count; i++)
            {
                int source = _draws[(long)r * Sources.Count + i];
                (sum, uniform, clicks) = (sum + bits[source], uniform + _uniform[source], clicks + _counts[source]);
            }
            (means[r], saved[r]) = (sum / clicks, 100 * (1 - sum / uniform));
        }
        return new ClickFinding(bits.Sum() / _counts.Sum(), Deviation(means), Saved(bits, 0, 1), Deviation(saved), Saved(bits, 0, 2), Saved(bits, 1, 2));
    }

    private double Saved(double[] bits, int first, int step)
    {
        double sum = 0, uniform = 0;
        for (int i = first; i < bits.Length; i += step)
            (sum, uniform) = (sum + bits[i], uniform + _uniform[i]);
        return 100 * (1 - sum / uniform);
    }

    private double[] BitsOf(Func<int, ClickedLink, double> weight)
    {
        double[] bits = new double[Sources.Count];
        for (int i = 0; i < bits.Length; i++)
        {
            IReadOnlyList<ClickedLink> links = _clicks.Links[Sources[i]];
            double[] weights = [.. links.Select(l => weight(Sources[i], l))];
            double all = weights.Sum();
            for (int k = 0; k < weights.Length; k++)
                if (links[k].Clicks > 0)
                    bits[i] -= links[k].Clicks * Math.Log2(weights[k] / all);
        }
        return bits;
    }

    private static double Deviation(double[] values)
    {
        double mean = values.Average();
        return Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Length - 1));
    }
}
