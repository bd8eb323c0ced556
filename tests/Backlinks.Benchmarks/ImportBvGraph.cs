using System.Diagnostics;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Tests;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast does a graph of LAW's come in? A BVGraph (<c>ImportBvGraph PATH</c>; without one, a small web that is made and
/// encoded here) and the same graph many times over (<c>--copies 32</c>): rows refer to nodes relative to their own, so the
/// bits of a graph behind each other are a larger graph. Measured: decoding alone, and the import to an opened graph.
/// Before a figure is printed the large graph is checked against the small one, arc by arc.
/// </summary>
internal static class ImportBvGraph
{
    public static int Run(string[] args)
    {
        int at = Array.IndexOf(args, "--copies");
        int copies = at >= 0 ? int.Parse(args[at + 1], System.Globalization.CultureInfo.InvariantCulture) : 32;
        string folder = Directory.CreateTempSubdirectory("backlinks-bvgraph-").FullName;
        try
        {
            string small = at != 0 && args.Length > 0 ? args[0] : Make(Path.Combine(folder, "made"));
            string large = Path.Combine(folder, "large");
            ulong[] sums = Concatenate(small, large, copies);
            Console.WriteLine(FormattableString.Invariant($"{Path.GetFileName(small)}, and {copies} copies of it"));
            foreach ((string name, string path, ulong sum) in new[] { ("one", small, sums[0]), ("copies", large, sums[1]) })
            {
                if (Decode(path, check: true).Sum != sum)
                    throw new InvalidOperationException($"{path} was decoded wrongly");
                double best = double.MaxValue;
                long arcs = 0;
                for (int round = 0; round < 5; round++)
                {
                    long start = Stopwatch.GetTimestamp();
                    arcs = Decode(path, check: false).Arcs;
                    best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
                }
                Console.WriteLine(FormattableString.Invariant($"{name}: {arcs} arcs; decode {best:f3} s, {arcs / best / 1e6:f1} M arcs/s"));
                best = double.MaxValue;
                for (int round = 0; round < 3; round++)
                {
                    string into = Directory.CreateDirectory(Path.Combine(folder, $"{name}-{round}")).FullName;
                    long start = Stopwatch.GetTimestamp();
                    BvGraphImporter.Import(path, into);
                    using (LinkGraph graph = LinkGraph.Open(into))
                        best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
                    Directory.Delete(into, recursive: true);
                }
                Console.WriteLine(FormattableString.Invariant($"{name}: import, both directions, opened {best:f3} s, {arcs / best / 1e6:f1} M arcs/s"));
            }
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (long Arcs, ulong Sum) Decode(string path, bool check)
    {
        using BvGraphDecoder graph = BvGraphDecoder.Open(path);
        ulong sum = 0;
        while (graph.MoveNext())
            if (check)
                foreach (uint v in graph.Successors)
                    sum += Mix((ulong)graph.Node, v);
        return (graph.ArcsRead, sum);
    }

    private static ulong Mix(ulong u, ulong v) => (u * 0x9E3779B97F4A7C15UL ^ v) * 0xD6E8FEB86659FD93UL;

    /// <summary>Writes the large graph; returns what the sums over both must be.</summary>
    private static ulong[] Concatenate(string small, string large, int copies)
    {
        string baseName = BvGraphDecoder.BaseName(small);
        ulong[] sums = new ulong[2];
        long bits, nodes, arcs;
        using (BvGraphDecoder graph = BvGraphDecoder.Open(small))
        {
            while (graph.MoveNext())
                foreach (uint v in graph.Successors)
                {
                    sums[0] += Mix((ulong)graph.Node, v);
                    for (int copy = 0; copy < copies; copy++)
                        sums[1] += Mix((ulong)graph.Node + (ulong)copy * (ulong)graph.NodeCount, v + (ulong)copy * (ulong)graph.NodeCount);
                }
            (bits, nodes, arcs) = (graph.BitPosition, graph.NodeCount, graph.ArcCount);
        }
        byte[] from = File.ReadAllBytes(baseName + ".graph");
        byte[] to = new byte[(bits * copies + 7) / 8 + 1];
        for (int copy = 0; copy < copies; copy++)
            for (long i = 0; i * 8 < bits; i++)
            {
                int valid = (int)Math.Min(8, bits - i * 8);
                int value = from[i] & 0xff << (8 - valid);
                long position = bits * copy + i * 8;
                to[position >> 3] |= (byte)(value >> (int)(position & 7));
                to[(position >> 3) + 1] |= (byte)(value << (8 - (int)(position & 7)));
            }
        File.WriteAllBytes(large + ".graph", to);
        File.WriteAllLines(large + ".properties", File.ReadAllLines(baseName + ".properties")
            .Where(l => !l.Contains("arcs=", StringComparison.Ordinal) && !l.StartsWith("nodes=", StringComparison.Ordinal))
            .Append(FormattableString.Invariant($"nodes={nodes * copies}")).Append(FormattableString.Invariant($"arcs={arcs * copies}")));
        return sums;
    }

    /// <summary>Pages that share much of their links with the pages before, as menus make them; about ten links each.</summary>
    private static string Make(string path)
    {
        var random = new Random(1);
        int[][] rows = new int[100_000][];
        for (int u = 0; u < rows.Length; u++)
        {
            var row = new SortedSet<int>();
            if (u > 0 && random.Next(10) > 0)
                row.UnionWith(rows[u - 1].Where(_ => random.Next(8) > 0));
            int first = Math.Max(0, u - random.Next(200));
            row.UnionWith(Enumerable.Range(first, Math.Min(random.Next(6), rows.Length - first)));
            row.Add(random.Next(rows.Length));
            rows[u] = [.. row];
        }
        new BvGraphEncoder().Write(path, rows);
        return path;
    }
}
