namespace Backlinks.GraphEngine;

/// <summary>A power law fitted to the tail of a distribution.</summary>
/// <param name="Exponent">α in p(x) ∝ x^−α for x ≥ <paramref name="From"/>.</param>
/// <param name="StandardError">(α−1)/√<paramref name="Tail"/>, its leading term.</param>
/// <param name="From">x_min, where the tail begins.</param>
/// <param name="Tail">Nodes in the tail.</param>
/// <param name="Distance">Kolmogorov–Smirnov distance between the tail and the law, 0 to 1. Small is not proof: compare
/// it with the distances of samples drawn from the law before calling a graph scale-free.</param>
public sealed record PowerLawFit(double Exponent, double StandardError, long From, long Tail, double Distance);

/// <summary>
/// Maximum-likelihood power law of a degree distribution's tail:
/// p(x) = x^−α / ζ(α, x_min), α = argmax −N ln ζ(α, x_min) − α Σ ln x, x_min = argmin of the Kolmogorov–Smirnov distance.
/// <para>Source: A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data", SIAM Review 51
/// (2009), the discrete case with its exact zeta function (their closed approximation is off by up to .1 for x_min &lt; 6).</para>
/// <para>Input: degrees of at least two sizes ≥ 1. Cost: O(K) likelihoods and O(K²) steps for K candidate starts; the
/// candidates are the degrees that occur and leave a tail of at least <see cref="LeastTail"/> nodes, thinned to
/// <see cref="MostStarts"/>. Repeatable: sequential.</para>
/// </summary>
public static class PowerLaw
{
    /// <summary>Fewer nodes give no exponent worth printing: its error would be above 20 %.</summary>
    public const int LeastTail = 50;

    /// <summary>Starts tried, geometrically spaced beyond it: more move x_min by less than its own uncertainty.</summary>
    public const int MostStarts = 200;

    /// <returns>Null where there are too few nodes, or only one degree, to fit.</returns>
    public static PowerLawFit? Fit(DegreeDistribution distribution)
    {
        ArgumentNullException.ThrowIfNull(distribution);
        int first = distribution.Degree.Count > 0 && distribution.Degree[0] == 0 ? 1 : 0;
        long[] degrees = [.. distribution.Degree.Skip(first)];
        long[] nodes = [.. distribution.Nodes.Skip(first)];
        long[] tail = new long[degrees.Length];     // nodes of at least this degree
        double[] logs = new double[degrees.Length]; // Σ ln x over them
        for (int i = degrees.Length - 1; i >= 0; i--)
        {
            tail[i] = nodes[i] + (i + 1 < tail.Length ? tail[i + 1] : 0);
            logs[i] = nodes[i] * Math.Log(degrees[i]) + (i + 1 < tail.Length ? logs[i + 1] : 0);
        }
        int starts = 0;
        while (starts < degrees.Length - 1 && tail[starts] >= LeastTail)
            starts++;
        PowerLawFit? best = null;
        double step = starts <= MostStarts ? 1 : Math.Pow(starts, 1.0 / MostStarts);
        for (double next = 0; next < starts; next = Math.Max(next + 1, next * step))
        {
            int i = (int)next;
            double exponent = Likeliest(degrees[i], tail[i], logs[i]);
            double distance = Distance(degrees, nodes, i, tail[i], exponent);
            if (best is null || distance < best.Distance)
                best = new PowerLawFit(exponent, (exponent - 1) / Math.Sqrt(tail[i]), degrees[i], tail[i], distance);
        }
        return best;
    }

    /// <summary>Hurwitz zeta ζ(s, q) = Σ_{k≥0} (q+k)^−s for s &gt; 1, q ≥ 1, to about 14 digits (Euler–Maclaurin).</summary>
    internal static double Zeta(double s, double q)
    {
        const int direct = 12; // beyond it four Bernoulli terms are below 1e-15 of the sum
        double sum = 0;
        for (int k = 0; k < direct; k++)
            sum += Math.Pow(q + k, -s);
        double a = q + direct, power = Math.Pow(a, -s);
        sum += power * a / (s - 1) + power / 2;
        double term = s * power / a;
        sum += term / 12;
        term *= (s + 1) * (s + 2) / (a * a);
        sum -= term / 720;
        term *= (s + 3) * (s + 4) / (a * a);
        sum += term / 30240;
        term *= (s + 5) * (s + 6) / (a * a);
        return sum - term / 1209600;
    }

    // The log-likelihood is concave in α, so thirds close in on its maximum.
    private static double Likeliest(long from, long tail, double logs)
    {
        double low = 1.0001, high = 20; // α ≤ 1 has no mean; 20 is steeper than anything that is called a tail
        while (high - low > 1e-7)
        {
            double a = low + (high - low) / 3, b = high - (high - low) / 3;
            if (Loss(a) < Loss(b))
                high = b;
            else
                low = a;
        }
        return (low + high) / 2;

        double Loss(double s) => Math.Log(Zeta(s, from)) + s * (logs / tail);
    }

    private static double Distance(long[] degrees, long[] nodes, int start, long tail, double exponent)
    {
        double whole = Zeta(exponent, degrees[start]), worst = 0;
        long below = 0;
        for (int i = start; i < degrees.Length; i++)
        {
            // Both distribution functions step at integers; between degrees only the law's moves, so its value just
            // before a degree that occurs is compared too.
            double before = 1 - Zeta(exponent, degrees[i]) / whole;
            worst = Math.Max(worst, Math.Abs(before - (double)below / tail));
            below += nodes[i];
            double after = 1 - Zeta(exponent, degrees[i] + 1.0) / whole;
            worst = Math.Max(worst, Math.Abs(after - (double)below / tail));
        }
        return worst;
    }
}
