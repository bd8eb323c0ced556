using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>How fast is a real, small page graph ranked? LAW's cnr-2000 (325,557 pages, 3.2 M links), found as tests find it or by <c>--cnr FILE.graph</c>.</summary>
public static class RankCnr2000
{
    public static int Run(string[] args)
    {
        int at = Array.IndexOf(args, "--cnr");
        string? root = Environment.GetEnvironmentVariable("BACKLINKS_TEST_DATA") ?? Directory.GetParent(Directory.GetCurrentDirectory())?.FullName + "/shared/data";
        string path = at >= 0 && at + 1 < args.Length ? args[at + 1] : Path.Combine(root, "graphs/cnr-2000/cnr-2000.graph");
        if (!File.Exists(path))
        {
            Console.Error.WriteLine($"{path} is not there: name LAW's cnr-2000.graph with --cnr");
            return 2;
        }
        var benchmark = new RankBenchmark(args);
        string folder = benchmark.Graph("cnr-2000", folder => BvGraphImporter.Import(path, folder));
        string weighted = benchmark.Graph("cnr-2000-weighted", to => Weighted.Build(folder, to));
        return benchmark.Run("cnr-2000, pages of 2000", folder, weighted);
    }
}

/// <summary>A copy of a graph whose links have weights 0.5 to 1.5, made from their ends.</summary>
internal static class Weighted
{
    public static GraphManifest Build(string from, string to)
    {
        using LinkGraph graph = LinkGraph.Open(from);
        using var builder = new GraphBuilder(to);
        float[] weights = new float[1024];
        for (int u = 0; u < graph.NodeCount; u++)
        {
            ReadOnlySpan<uint> row = graph.OutOf(u);
            if (weights.Length < row.Length)
                weights = new float[row.Length];
            for (int i = 0; i < row.Length; i++)
                weights[i] = 0.5f + ((uint)u * 2654435761 ^ row[i] * 2246822519) % 1000 / 1000f;
            builder.AddRow((uint)u, row, weights.AsSpan(0, row.Length));
        }
        return builder.Build(graph.NodeCount);
    }
}
