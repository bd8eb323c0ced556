using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>How long does opening take, whatever the size? Opens every graph of the work folder (<c>--work DIR</c>), a small one made if there is none.</summary>
public static class OpenGraph
{
    public static int Run(string[] args)
    {
        var benchmark = new RankBenchmark(args);
        string any = benchmark.Graph("domains-1m", new SyntheticWeb(new() { Nodes = 1_000_000, MeanOutDegree = 10 }).Build);
        LinkGraph.Open(any).Dispose(); // compiled
        foreach (string folder in Directory.GetDirectories(Path.GetDirectoryName(any)!).Order(StringComparer.Ordinal))
            if (File.Exists(Path.Combine(folder, GraphManifest.FileName)))
            {
                double worst = 0, best = double.MaxValue;
                long links = 0;
                int nodes = 0;
                for (int i = 0; i < 20; i++)
                {
                    var watch = Stopwatch.StartNew();
                    using LinkGraph graph = LinkGraph.Open(folder);
                    double time = watch.Elapsed.TotalMilliseconds;
                    (best, worst) = (Math.Min(best, time), Math.Max(worst, time));
                    (nodes, links) = (graph.NodeCount, graph.LinkCount);
                    if (graph.OutOffsets[nodes] != links)
                        return 1;
                }
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Path.GetFileName(folder),-24} {nodes,12:N0} nodes {links,14:N0} links   {best:F2} ms, at worst {worst:F2} ms"));
            }
        return 0;
    }
}
