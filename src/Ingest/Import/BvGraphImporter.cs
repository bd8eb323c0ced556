using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>Imports a BVGraph as LAW publishes them; <see cref="BvGraphDecoder"/> specifies the format.</summary>
public static class BvGraphImporter
{
    /// <summary>Writes the graph into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <param name="path">The <c>.graph</c> or <c>.properties</c> file, or what both names start with.</param>
    /// <exception cref="ImportException">A file is missing, truncated, damaged or not supported.</exception>
    public static GraphManifest Import(string path, string folder, GraphImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        using BvGraphDecoder graph = BvGraphDecoder.Open(path);
        using RowSink sink = new(folder, options.ForBuilder("bvgraph", graph.Path), options.Names, graph.NodeCount);
        const int each = 1 << 16; // nodes between two looks at the clock
        while (graph.MoveNext())
        {
            sink.Add((uint)graph.Node, graph.Successors, default, ascending: true);
            if (graph.Node % each == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("reading links", graph.ArcsRead, graph.ArcCount, "links"));
            }
        }
        return sink.Build(graph.NodeCount, progress, cancel);
    }
}
