using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Structure;

public class PowerLawTests
{
    [Fact]
    public void Too_few_nodes_or_degrees_give_no_fit()
    {
        Assert.Null(PowerLaw.Fit(new DegreeDistribution([], [])));
        Assert.Null(PowerLaw.Fit(new DegreeDistribution([0], [1000])));
        Assert.Null(PowerLaw.Fit(new DegreeDistribution([0, 3], [10, 1000])));
        Assert.Null(PowerLaw.Fit(new DegreeDistribution([1, 2, 3], [10, 10, 10])));
    }

    [Theory]
    [InlineData(2, 1, 1.6449340668482264)]      // π²/6
    [InlineData(4, 1, 1.0823232337111382)]      // π⁴/90
    [InlineData(2, 0.5, 4.934802200544679)]     // π²/2
    [InlineData(1.5, 1, 2.612375348685488)]     // ζ(3/2)
    [InlineData(3, 2, 0.20205690315959428)]     // ζ(3) − 1
    public void Zeta_has_its_known_values(double s, double q, double value) =>
        Assert.Equal(value, PowerLaw.Zeta(s, q), 1e-13 * value);

    [Theory, InlineData(2.1), InlineData(2.5), InlineData(3.2)]
    public void An_ideal_distribution_gives_its_exponent_back(double exponent)
    {
        long[] degrees = [.. Enumerable.Range(1, 3000).Select(i => (long)i)];
        long[] nodes = [.. degrees.Select(d => (long)Math.Round(1e9 * Math.Pow(d, -exponent)))];
        int some = Array.FindIndex(nodes, c => c == 0) is var end && end < 0 ? degrees.Length : end;
        PowerLawFit? fit = PowerLaw.Fit(new DegreeDistribution(degrees[..some], nodes[..some]));
        Assert.NotNull(fit);
        Assert.Equal(exponent, fit.Exponent, 0.02);
        Assert.InRange(fit.Distance, 0, 1e-2);
    }

    [Fact]
    public void A_law_that_begins_late_is_found_where_it_begins()
    {
        // Flat below 12, α = 2.4 from there, drawn by inversion with a fixed seed.
        Random random = new(7);
        var counts = new SortedDictionary<long, long>();
        for (int i = 0; i < 60_000; i++)
        {
            long degree = i % 3 == 0 ? random.Next(1, 12) : Draw(12, 2.4);
            counts[degree] = counts.GetValueOrDefault(degree) + 1;
        }
        PowerLawFit? fit = PowerLaw.Fit(new DegreeDistribution([.. counts.Keys], [.. counts.Values]));
        Assert.NotNull(fit);
        Assert.InRange(fit.From, 10, 20);
        Assert.InRange(fit.Exponent, 2.4 - 4 * fit.StandardError - 0.01, 2.4 + 4 * fit.StandardError + 0.01);

        long Draw(int from, double exponent)
        {
            double left = random.NextDouble() * PowerLaw.Zeta(exponent, from);
            long low = from, high = 1L << 40; // greatest x with P(X ≥ x) ≥ left
            while (low < high)
            {
                long middle = low + (high - low + 1) / 2;
                if (PowerLaw.Zeta(exponent, middle) >= left)
                    low = middle;
                else
                    high = middle - 1;
            }
            return low;
        }
    }
}
