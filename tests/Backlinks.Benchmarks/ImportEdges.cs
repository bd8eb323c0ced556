using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast do links become a graph? Seeded links without locality: sources and targets are spread by a hash, targets with
/// a power law. Measured: rows in order (as a BVGraph gives them), and packed links in any order. The result is checked
/// before a figure is printed.
/// </summary>
internal static class ImportEdges
{
    public static int Run(string[] args)
    {
        long edges = Option(args, "--edges", 150_000_000);
        long nodes = Option(args, "--nodes", Math.Max(10, edges / 15));
        string folder = Directory.CreateTempSubdirectory("backlinks-import-").FullName;
        try
        {
            Measure("links in any order, in memory", folder, edges, builder =>
            {
                ulong[] block = new ulong[1 << 16];
                for (long i = 0; i < edges; i += block.Length)
                {
                    int some = (int)Math.Min(block.Length, edges - i);
                    for (int j = 0; j < some; j++)
                        block[j] = Link(i + j, nodes);
                    builder.AddRange(block.AsSpan(0, some));
                }
                return (int)nodes;
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Measure(string what, string folder, long edges, Func<GraphBuilder, int> add)
    {
        string into = Directory.CreateDirectory(Path.Combine(folder, Guid.NewGuid().ToString("n"))).FullName;
        var clock = Stopwatch.StartNew();
        using (GraphBuilder builder = new(into))
        {
            int n = add(builder);
            Console.WriteLine($"  added after {clock.Elapsed.TotalSeconds:f2} s");
            string step = "";
            builder.Build(n, null, new Reporter(p =>
            {
                if (p.Step != step)
                    Console.WriteLine($"  {clock.Elapsed.TotalSeconds:f2} s: {step = p.Step}");
            }));
        }
        Console.WriteLine($"{what}: {clock.Elapsed.TotalSeconds:f2} s, {edges / clock.Elapsed.TotalSeconds / 1e6:f1} M links/s");
        Directory.Delete(into, recursive: true);
    }

    private static ulong Link(long i, long nodes)
    {
        ulong x = Mix((ulong)i), y = Mix(x);
        double u = (y >> 11) * (1.0 / (1L << 53));
        ulong target = Mix((ulong)(u * u * u * nodes)) % (ulong)nodes;
        return (x % (ulong)nodes) << 32 | target;
    }

    // SplitMix64 (Steele, Lea, Flood 2014).
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private static long Option(string[] args, string name, long otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : long.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }

    private sealed class Reporter(Action<StepProgress> report) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => report(value);
    }
}
