using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

public class SparseSumsTests
{
    [Fact]
    public void A_million_additions_agree_with_a_dictionary_through_every_growth()
    {
        var random = new Random(1);
        var sums = new SparseSums(1);
        var naive = new Dictionary<int, double>();
        var order = new List<int>();
        for (int i = 0; i < 1_000_000; i++)
        {
            int node = random.Next(2) == 0 ? random.Next(100_000) : int.MaxValue - random.Next(100_000);
            if (naive.TryAdd(node, 0))
                order.Add(node);
            double amount = random.Next(-9, 10);
            naive[node] += amount;
            sums.At(node) += amount;
        }
        Assert.Equal(order, sums.Nodes.ToArray());
        Assert.Equal(order.Select(node => naive[node]), sums.Values.ToArray());
        Assert.All(order.Take(1000), node => Assert.Equal(naive[node], sums[node]));
        Assert.Equal((0, -1), (sums[200_000], sums.Place(200_000)));
    }
}
