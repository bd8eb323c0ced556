using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>How fast are ten million nodes and 150 M links ranked: pages (links stay near), domains (they do not), and Kronecker (kron22)?</summary>
public static class RankTenMillionPages
{
    public static int Run(string[] args)
    {
        var benchmark = new RankBenchmark(args);
        bool Wanted(string name) => !args.Contains("--only") || args.Contains(name);
        int code = 0;
        if (Wanted("pages"))
            code |= Rank("pages-10m", "10 M pages, host locality", new() { Nodes = 10_000_000, MeanOutDegree = 21, Dangling = 0.25, Locality = 0.8 });
        if (Wanted("domains"))
            code |= Rank("domains-10m", "10 M domains, no locality", new() { Nodes = 10_000_000, MeanOutDegree = 15, Dangling = 0.5 });
        if (Wanted("kron"))
            code |= benchmark.Run("kron22", benchmark.Graph("kron-22", folder => Kronecker.Build(folder, 22)));
        return code;

        int Rank(string name, string title, SyntheticWebOptions options)
        {
            string folder = benchmark.Graph(name, new SyntheticWeb(options).Build);
            return benchmark.Run(title, folder, benchmark.Graph(name + "-weighted", to => Weighted.Build(folder, to)));
        }
    }
}

/// <summary>
/// Graph500's Kronecker graph as GAP uses it (kron): 2^scale nodes, 16·2^scale edges drawn with A, B, C = .57, .19, .19,
/// both directions, numbers shuffled by a hash; duplicates and self-links fall out.
/// </summary>
internal static class Kronecker
{
    public static GraphManifest Build(string folder, int scale)
    {
        using var builder = new GraphBuilder(folder, new GraphBuilderOptions { DropSelfLinks = true, Source = new GraphSource("generated", $"kron-{scale}") });
        ulong[] batch = new ulong[1 << 20];
        int fill = 0;
        ulong state = 27;
        uint mask = (1u << scale) - 1;
        for (long edge = 0; edge < 16L << scale; edge++)
        {
            uint a = 0, b = 0;
            for (int bit = 0; bit < scale; bit++)
            {
                state = state * 6364136223846793005 + 1442695040888963407;
                double x = (state >> 11) * (1.0 / (1UL << 53));
                a = a << 1 | (x >= 0.76 ? 1u : 0);
                b = b << 1 | (x is >= 0.57 and < 0.76 or >= 0.95 ? 1u : 0);
            }
            (a, b) = (Shuffle(a), Shuffle(b));
            batch[fill++] = (ulong)a << 32 | b;
            batch[fill++] = (ulong)b << 32 | a;
            if (fill == batch.Length)
            {
                builder.AddRange(batch);
                fill = 0;
            }
        }
        builder.AddRange(batch.AsSpan(0, fill));
        return builder.Build(1 << scale);

        uint Shuffle(uint x)
        {
            for (int i = 0; i < 3; i++) // odd multiples and right shifts are bijections of scale bits
            {
                x = x * 0x9E3779B1 & mask;
                x ^= x >> scale / 2;
            }
            return x;
        }
    }
}
