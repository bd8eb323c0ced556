using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Authority;

public class TeleportTests
{
    private const uint Own = uint.MaxValue;

    [Fact]
    public void Without_owners_and_seeds_all_nodes_start_alike() => Assert.Null(Teleport.Of(5, [], null));

    [Fact]
    public void An_owner_has_one_share_however_many_domains_it_has() =>
        Assert.Equal([1, 1 / 3.0, 1 / 3.0, 1 / 3.0, 1], Teleport.Of(5, [Own, 7, 7, 7, 9], null)!);

    [Fact]
    public void Half_goes_to_owners_and_half_to_seeds()
    {
        double[] t = Teleport.Of(4, [Own, 3, 3, Own], new Dictionary<int, double> { [0] = 1, [2] = 3 })!;
        Assert.Equal([1 + 3 * 0.25, 0.5, 0.5 + 3 * 0.75, 1], t);
        Assert.Equal(6, t.Sum(), 1e-12); // 3 groups and as much again
    }

    [Fact]
    public void Seeds_that_are_no_nodes_or_weigh_nothing_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Teleport.Of(2, [], new Dictionary<int, double> { [2] = 1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Teleport.Of(2, [], new Dictionary<int, double> { [1] = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Teleport.Of(2, [], new Dictionary<int, double> { [1] = 0 }));
        Assert.Throws<ArgumentException>(() => Teleport.Of(2, [Own], null));
    }
}
