using System.Buffers;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>What web to make.</summary>
public sealed record SyntheticWebOptions
{
    public required int Nodes { get; init; }

    /// <summary>Links per node on average, dangling nodes included, before duplicates are merged (some 2–4 % are).</summary>
    public double MeanOutDegree { get; init; } = 15;

    /// <summary>Share of nodes without out-links. Common Crawl's domain graphs have about half, page graphs about a quarter.</summary>
    public double Dangling { get; init; } = 0.5;

    /// <summary>Share of links that stay near (on the host); 0 for a graph of domains.</summary>
    public double Locality { get; init; }

    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// A seeded random web: out-degrees Pareto with exponent 2.5, targets of global links with in-degree exponent 2.33 (the
/// node of popularity rank r is drawn with density r^-3/4), popular nodes scattered over the numbering by a hash, local
/// links at log-uniform distances up to 4,096 with a third of them to the front page of a 256-page "host". A row depends on
/// the seed and its number alone, so threads do not matter.
/// </summary>
public sealed class SyntheticWeb(SyntheticWebOptions options)
{
    private const int MaxOutDegree = 100_000;

    /// <summary>Calls <paramref name="row"/> for nodes 0, 1, … with their distinct targets, ascending.</summary>
    public void Generate(Action<uint, ReadOnlySpan<uint>> row)
    {
        const int block = 1 << 14;
        int blocks = (options.Nodes + block - 1) / block, ahead = Environment.ProcessorCount * 2;
        for (int first = 0; first < blocks; first += ahead)
        {
            int count = Math.Min(ahead, blocks - first);
            var parts = new (uint[] Links, int[] Ends)[count];
            Parallel.For(0, count, i => parts[i] = Block((first + i) * block, Math.Min(options.Nodes, (first + i + 1) * block)));
            for (int i = 0; i < count; i++)
            {
                (uint[] links, int[] ends) = parts[i];
                for (int k = 0; k < ends.Length; k++)
                    row((uint)((first + i) * block + k), links.AsSpan(k == 0 ? 0 : ends[k - 1], ends[k] - (k == 0 ? 0 : ends[k - 1])));
                ArrayPool<uint>.Shared.Return(links);
            }
        }
    }

    /// <summary>Builds the graph in <paramref name="folder"/>.</summary>
    public GraphManifest Build(string folder)
    {
        using var builder = new GraphBuilder(folder, new GraphBuilderOptions { Source = new GraphSource("generated", $"synthetic-{options.Nodes}") });
        Generate((source, targets) => builder.AddRow(source, targets));
        return builder.Build(options.Nodes);
    }

    private (uint[] Links, int[] Ends) Block(int first, int end)
    {
        uint[] links = ArrayPool<uint>.Shared.Rent((int)((end - first) * options.MeanOutDegree * 1.5) + MaxOutDegree);
        int[] ends = new int[end - first];
        int fill = 0;
        for (int node = first; node < end; node++)
        {
            ulong state = Mix(options.Seed ^ Mix((ulong)node + 1));
            int degree = OutDegree(ref state);
            if (links.Length - fill < degree)
            {
                uint[] larger = ArrayPool<uint>.Shared.Rent(links.Length * 2 + degree);
                links.AsSpan(0, fill).CopyTo(larger);
                ArrayPool<uint>.Shared.Return(links);
                links = larger;
            }
            Span<uint> row = links.AsSpan(fill, degree);
            for (int i = 0; i < degree; i++)
                row[i] = Unit(ref state) < options.Locality ? Near(node, ref state) : Popular(ref state);
            row.Sort();
            int kept = 0;
            for (int i = 0; i < degree; i++)
                if (i == 0 || row[i] != row[i - 1])
                    row[kept++] = row[i]; // kept ≤ i, and row[i - 1] is compared before it can be overwritten by a later value
            fill += kept;
            ends[node - first] = fill;
        }
        return (links, ends);
    }

    private int OutDegree(ref ulong state)
    {
        if (Unit(ref state) < options.Dangling)
            return 0;
        double least = options.MeanOutDegree / (1 - options.Dangling) / 3; // a Pareto of shape 1.5 has mean 3·least
        double degree = least * Math.Pow(1 - Unit(ref state), -1 / 1.5);
        int whole = (int)Math.Min(degree, Math.Min(MaxOutDegree, options.Nodes - 1));
        return whole + (Unit(ref state) < degree - Math.Floor(degree) ? 1 : 0);
    }

    private uint Near(int node, ref ulong state)
    {
        if (Unit(ref state) < 1.0 / 3)
            return (uint)(node & ~255);
        int distance = (int)Math.Pow(4096, Unit(ref state));
        long target = (Next(ref state) & 1) == 0 ? node + (long)distance : node - (long)distance;
        return (uint)(target < 0 ? target + options.Nodes : target >= options.Nodes ? target - options.Nodes : target);
    }

    private uint Popular(ref ulong state)
    {
        double u = Unit(ref state);
        u *= u;
        ulong rank = (ulong)(options.Nodes * u * u), x = rank;
        int bits = 64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)options.Nodes - 1);
        bits += bits & 1;
        ulong half = (1UL << bits / 2) - 1;
        do // a Feistel permutation of 2^bits, walked until it lands among the nodes
        {
            ulong left = x >> bits / 2, right = x & half;
            for (ulong round = 1; round <= 3; round++)
                (left, right) = (right, left ^ (Mix(right * 0x9E3779B97F4A7C15 + round + options.Seed) & half));
            x = left << bits / 2 | right;
        }
        while (x >= (ulong)options.Nodes);
        return (uint)x;
    }

    private static double Unit(ref ulong state) => (Next(ref state) >> 11) * (1.0 / (1UL << 53));

    private static ulong Next(ref ulong state) => Mix(state += 0x9E3779B97F4A7C15);

    /// <summary>SplitMix64's finaliser (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
