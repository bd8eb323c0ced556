using Backlinks.Api.Dashboard;

namespace Backlinks.Tests.Api;

public sealed class ForceLayoutTests
{
    [Fact]
    public void Nothing_has_no_places() => Assert.Empty(ForceLayout.Place([], [], []));

    [Fact]
    public void One_node_stands_in_the_middle() => Assert.Equal([(500.0, 312.5)], ForceLayout.Place([0], [5], []));

    [Fact]
    public void Equal_input_gives_equal_places_and_another_seed_others()
    {
        (int[] distance, double[] radius, (int, int)[] links) = Web(60, 40);
        (double, double)[] first = ForceLayout.Place(distance, radius, links), again = ForceLayout.Place(distance, radius, links);
        Assert.Equal(first, again);
        Assert.NotEqual(first, ForceLayout.Place(distance, radius, links, new ForceLayoutOptions { Seed = 2 }));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(60, 40)]
    [InlineData(551, 500)]
    public void Circles_lie_inside_and_apart(int nodes, int links)
    {
        (int[] distance, double[] radius, (int, int)[] pairs) = Web(nodes, links);
        var options = new ForceLayoutOptions { Aspect = 1.6 };
        (double X, double Y)[] at = ForceLayout.Place(distance, radius, pairs, options);
        for (int i = 0; i < nodes; i++)
        {
            Assert.InRange(at[i].X, radius[i] - 0.1, ForceLayout.Width - radius[i] + 0.1);
            Assert.InRange(at[i].Y, radius[i] - 0.1, ForceLayout.Width / options.Aspect - radius[i] + 0.1);
            for (int j = i + 1; j < nodes; j++)
                Assert.True(Apart(at[i], at[j]) >= radius[i] + radius[j] - 0.5, $"{i} and {j} of {nodes} overlap: {at[i]}, {at[j]}");
        }
    }

    [Fact]
    public void Who_links_to_each_other_stands_closer_than_who_does_not()
    {
        // Two groups of 12, all pairs linked within, one link between.
        int[] distance = [.. Enumerable.Range(0, 24).Select(i => i == 0 ? 0 : 1)];
        (int, int)[] links = [.. from i in Enumerable.Range(0, 24) from j in Enumerable.Range(0, 24) where i < j && i % 2 == j % 2 select (i, j), (0, 1)];
        (double X, double Y)[] at = ForceLayout.Place(distance, [.. distance.Select(_ => 5.0)], links);
        double within = links.Average(l => Apart(at[l.Item1], at[l.Item2])), between = (from i in Enumerable.Range(0, 12) from j in Enumerable.Range(0, 12) select Apart(at[2 * i], at[2 * j + 1])).Average();
        Assert.True(between > 1.5 * within, $"within {within}, between {between}");
    }

    [Fact]
    public void Nodes_on_one_spot_come_apart()
    {
        (double X, double Y)[] at = ForceLayout.Place([0, 0, 0, 0], [4, 4, 4, 4], []);
        Assert.Equal(4, at.Distinct().Count());
        Assert.All(at, p => Assert.True(double.IsFinite(p.X) && double.IsFinite(p.Y)));
    }

    [Fact]
    public void Lists_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ForceLayout.Place([0, 1], [5], []));
        Assert.Throws<ArgumentException>(() => ForceLayout.Place([0, 1], [5, 5], [(0, 2)]));
        Assert.Throws<ArgumentException>(() => ForceLayout.Place([0], [5], [], new ForceLayoutOptions { Aspect = 0 }));
    }

    private static double Apart((double X, double Y) a, (double X, double Y) b) => Math.Sqrt((a.X - b.X) * (a.X - b.X) + (a.Y - b.Y) * (a.Y - b.Y));

    /// <summary>One in the middle, some that link to it, the rest that link to those.</summary>
    private static (int[] Distance, double[] Radius, (int, int)[] Links) Web(int nodes, int links)
    {
        int first = Math.Min(nodes - 1, 50);
        int[] distance = [.. Enumerable.Range(0, nodes).Select(i => i == 0 ? 0 : i <= first ? 1 : 2)];
        (int, int)[] all = [.. Enumerable.Range(1, nodes - 1).Select(i => i <= first ? (i, 0) : (i, 1 + i % first)), .. Enumerable.Range(0, Math.Max(0, links - nodes)).Select(i => (1 + i % (nodes - 1), 1 + (i * 7 + 3) % (nodes - 1)))];
        return (distance, [.. Enumerable.Range(0, nodes).Select(i => 4.5 + i % 9)], all);
    }
}
