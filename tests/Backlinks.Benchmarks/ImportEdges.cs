using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast do links become a graph, all in: both directions sorted, rank layout, checksums, on the disk? Seeded links
/// without locality, targets by a power law. Three ways in: a text edge list of numbers, packed links in any order, and
/// rows in order as a BVGraph gives them. Each result is checked before its figure is printed: the observed links against
/// those given, the sum of a hash over all links against the generator's, and both directions against each other.
/// <code>ImportEdges [--edges 150000000] [--nodes edges/15] [--way text|links|rows]</code>
/// Private memory is the peak of RssAnon in /proc/self/status, sampled every 20 ms: mapped file pages do not count.
/// </summary>
internal static class ImportEdges
{
    public static int Run(string[] args)
    {
        long edges = Option(args, "--edges", 150_000_000);
        int nodes = (int)Option(args, "--nodes", Math.Max(10, edges / 15));
        int only = Array.IndexOf(args, "--way");
        string folder = Directory.CreateTempSubdirectory("backlinks-import-").FullName;
        try
        {
            foreach (string way in only < 0 ? ["text", "links", "rows"] : new[] { args[only + 1] })
                Measure(way, folder, edges, nodes);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Measure(string way, string folder, long edges, int nodes)
    {
        string into = Directory.CreateDirectory(Path.Combine(folder, way)).FullName, text = Path.Combine(folder, "edges.tsv");
        (long given, ulong sum) = way == "text" ? WriteText(text, edges, nodes) : (edges, 0);
        using var memory = new PrivateMemory();
        var clock = Stopwatch.StartNew();
        string step = "";
        double entered = 0;
        var progress = new Reporter(p =>
        {
            if (p.Step == step)
                return;
            step = p.Step;
            if (step != "reading links" && entered == 0)
                entered = clock.Elapsed.TotalSeconds;
            Console.WriteLine($"  {clock.Elapsed.TotalSeconds,6:f2} s  {step}");
        });
        if (way == "text")
            EdgeListImporter.Import(text, into, null, progress);
        else
        {
            using GraphBuilder builder = new(into);
            (given, sum) = way == "links" ? AddLinks(builder, edges, nodes) : AddRows(builder, edges, nodes);
            builder.Build(nodes, null, progress);
        }
        double seconds = clock.Elapsed.TotalSeconds;
        Check(into, given, sum);
        string bytes = way == "text" ? $", {new FileInfo(text).Length / seconds / 1e6:f0} MB/s (reading alone {new FileInfo(text).Length / entered / 1e6:f0})" : "";
        Console.WriteLine($"{way}: {given:n0} links, {nodes:n0} nodes: {seconds:f2} s, {given / seconds / 1e6:f1} M links/s{bytes}, peak private memory {memory.Peak >> 20} MB");
        Directory.Delete(into, recursive: true);
        File.Delete(text);
    }

    private static (long, ulong) WriteText(string path, long edges, int nodes)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 0);
        byte[] buffer = new byte[1 << 20];
        int fill = 0;
        ulong sum = 0;
        for (long i = 0; i < edges; i++)
        {
            ulong link = Link(i, nodes);
            sum += Mix(link);
            Utf8Formatter.TryFormat((uint)(link >> 32), buffer.AsSpan(fill), out int source);
            buffer[fill + source] = (byte)'\t';
            fill += source + 1;
            Utf8Formatter.TryFormat((uint)link, buffer.AsSpan(fill), out int target);
            buffer[fill + target] = (byte)'\n';
            fill += target + 1;
            if (fill > buffer.Length - 32)
            {
                file.Write(buffer, 0, fill);
                fill = 0;
            }
        }
        file.Write(buffer, 0, fill);
        file.Flush(flushToDisk: true); // or the import would share the disk with it
        return (edges, sum);
    }

    private static (long, ulong) AddLinks(GraphBuilder builder, long edges, int nodes)
    {
        ulong[] block = new ulong[1 << 14];
        ulong sum = 0;
        for (long i = 0; i < edges; i += block.Length)
        {
            int some = (int)Math.Min(block.Length, edges - i);
            for (int j = 0; j < some; j++)
                sum += Mix(block[j] = Link(i + j, nodes));
            builder.AddRange(block.AsSpan(0, some));
        }
        return (edges, sum);
    }

    // Rows of 1 to 29 targets, which ascend by gaps that a hash draws.
    private static (long, ulong) AddRows(GraphBuilder builder, long edges, int nodes)
    {
        uint[] targets = new uint[32];
        ulong sum = 0;
        long given = 0;
        for (uint u = 0; u < nodes; u++)
        {
            ulong random = Mix(u);
            int degree = 1 + (int)(random % (ulong)(2 * edges / nodes - 1)), at = 0;
            ulong gap = (ulong)(2 * (long)nodes / (degree + 1)), target = 0;
            for (; at < Math.Min(degree, targets.Length); at++)
            {
                random = Mix(random);
                target += 1 + ((random >> 32) * gap >> 32); // at least 1: targets are distinct
                if (target >= (ulong)nodes)
                    break;
                targets[at] = (uint)target;
                sum += Mix((ulong)u << 32 | target);
            }
            builder.AddRow(u, targets.AsSpan(0, at));
            given += at;
        }
        return (given, sum);
    }

    // Counts make up for merged duplicates in the sum; the in-links must be the same set of links.
    private static void Check(string folder, long given, ulong sum)
    {
        using LinkGraph graph = LinkGraph.Open(folder);
        ulong observed = 0, outward = 0, inward = 0;
        for (int u = 0; u < graph.NodeCount; u++)
        {
            long at = graph.OutOffsets[u];
            foreach (uint v in graph.OutOf(u))
            {
                ulong hash = Mix((ulong)u << 32 | v);
                outward += hash;
                observed += hash * (graph.OutCounts?[at] ?? 1);
                at++;
            }
            foreach (uint v in graph.InOf(u))
                inward += Mix((ulong)v << 32 | (uint)u);
        }
        if (graph.Manifest.Observed != given || observed != sum || outward != inward)
            throw new InvalidOperationException("the graph is not that of the links given: do not trust the time either");
    }

    private static ulong Link(long i, int nodes)
    {
        ulong x = Mix((ulong)i), y = Mix(x);
        double u = (y >> 11) * (1.0 / (1L << 53));
        ulong target = Mix((ulong)(u * u * u * nodes)) % (ulong)nodes; // density ∝ rank^(−2/3), spread over all numbers
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

    // Samples RssAnon, which VmHWM cannot tell from file pages. 0 where there is no /proc.
    private sealed class PrivateMemory : IDisposable
    {
        private readonly Timer _timer;
        private long _peak;

        public PrivateMemory() => _timer = new Timer(_ => Sample(), null, 0, 20);

        public long Peak => Volatile.Read(ref _peak);

        public void Dispose() => _timer.Dispose();

        private void Sample()
        {
            if (!File.Exists("/proc/self/status"))
                return;
            foreach (string line in File.ReadLines("/proc/self/status"))
                if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                    _peak = Math.Max(_peak, long.Parse(line.AsSpan(8, line.Length - 11), NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture) << 10);
        }
    }
}
