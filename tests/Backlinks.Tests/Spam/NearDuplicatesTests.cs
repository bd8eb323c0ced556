using System.Numerics;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

public class NearDuplicatesTests
{
    [Fact]
    public void Nothing_and_one_text_have_no_pair()
    {
        Assert.Empty(NearDuplicates.Pairs(Keys([]), 3, 50));
        Assert.Empty(NearDuplicates.Pairs(Keys([[1UL, 2UL]]), 3, 50));
    }

    [Fact]
    public void Three_bits_are_near_and_four_are_not()
    {
        const ulong text = 0x0123456789ABCDEF;
        Assert.Equal([(0, 1)], NearDuplicates.Pairs(Keys([[text], [text ^ 0x8000000100000001UL], [text ^ 0x0F00UL]]), 3, 50));
        Assert.Empty(NearDuplicates.Pairs(Keys([[0UL], [0UL]]), 3, 50)); // too little text
        Assert.Empty(NearDuplicates.Pairs(Keys([.. Enumerable.Repeat<ulong[]>([text], 51)]), 3, 50)); // everyone's
    }

    [Theory]
    [InlineData(400, 0)]
    [InlineData(400, 2)]
    [InlineData(400, 3)]
    [InlineData(17_000, 3)] // five blocks
    public void Pairs_are_those_of_comparing_all_with_all(int texts, int bits)
    {
        Random random = new(texts + bits);
        var keys = new List<ulong[]>();
        for (int i = 0; i < texts; i++)
        {
            ulong print = keys.Count > 0 && random.Next(4) == 0 ? keys[random.Next(Math.Min(keys.Count, 200))][0] : (ulong)random.NextInt64() | 1UL << 63;
            for (int flips = random.Next(6); flips > 0; flips--)
                print ^= 1UL << random.Next(64);
            keys.Add(random.Next(3) == 0 ? [print, (ulong)random.NextInt64()] : [print]);
        }
        var naive = new HashSet<(int, int)>();
        int compared = Math.Min(texts, 1500); // the first ones hold nearly all near pairs
        for (int a = 0; a < compared; a++)
            for (int b = a + 1; b < compared; b++)
                if (keys[a].Any(x => keys[b].Any(y => BitOperations.PopCount(x ^ y) <= bits)))
                    naive.Add((a, b));
        (int A, int B)[] found = [.. NearDuplicates.Pairs(Keys(keys), bits, int.MaxValue / 64).Where(p => p.B < compared)];
        Assert.True(naive.Count > 5);
        Assert.Equal(naive.Order(), found);
    }

    [Fact]
    public void Pairs_do_not_depend_on_threads()
    {
        Random random = new(1);
        SharedKeys keys = Keys([.. Enumerable.Range(0, 500).Select(_ => (ulong[])[1UL << random.Next(60) | 1UL << random.Next(60)])]);
        Assert.Equal(NearDuplicates.Pairs(keys, 3, 50, threads: 1), NearDuplicates.Pairs(keys, 3, 50, threads: 8));
    }

    private static SharedKeys Keys(IReadOnlyList<ulong[]> keys) => SharedKeys.FromLists("text", EvidenceFamily.Content, keys);
}
