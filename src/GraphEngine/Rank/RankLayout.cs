namespace Backlinks.GraphEngine;

/// <summary>STUB: the in-links in the order the rank kernels prefer, stored beside the graph as rank_* arrays.</summary>
public sealed class RankLayout
{
    /// <summary>Writes the layout's arrays for the graph whose out_*/in_* files are already in <paramref name="folder"/> and enters them in <paramref name="arrays"/>.</summary>
    public static void Write(string folder, int nodes, long links, IDictionary<string, ArrayEntry> arrays, GraphBuilderOptions options,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
    }
}
