namespace Backlinks.GraphEngine;

/// <summary>How a <see cref="GraphBuilder"/> works.</summary>
public sealed record GraphBuilderOptions
{
    /// <summary>Private memory the builder may use for buffers and sorting, in bytes; links beyond it are sorted on disk.
    /// At least 64 MiB. Default 512 MiB: half of the gigabyte that a small server can spare.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Written to the manifest: <c>page</c>, <c>host</c>, <c>domain</c> or <c>unknown</c>.</summary>
    public string Granularity { get; init; } = "unknown";

    /// <summary>Written to the manifest.</summary>
    public GraphSource? Source { get; init; }

    /// <summary>Links from a node to itself are left out (they are still counted as observed).</summary>
    public bool DropSelfLinks { get; init; }
}

/// <summary>STUB: builds a graph folder from unsorted links in bounded memory.</summary>
public sealed class GraphBuilder : IDisposable
{
    /// <param name="folder">An existing empty folder that receives the files.</param>
    public GraphBuilder(string folder, GraphBuilderOptions? options = null) => throw new NotImplementedException();

    /// <summary>Adds an unweighted link (weight 1, observed once).</summary>
    public void Add(uint source, uint target) => throw new NotImplementedException();

    /// <summary>Adds a weighted link; one such call makes the whole graph weighted. Finite and ≥ 0.</summary>
    public void Add(uint source, uint target, double weight, uint count = 1) => throw new NotImplementedException();

    /// <summary>Adds unweighted links packed as source &lt;&lt; 32 | target: the fast way in.</summary>
    public void AddRange(ReadOnlySpan<ulong> links) => throw new NotImplementedException();

    /// <summary>Adds all links of one source: sources ascending, targets ascending and distinct. Not to be mixed with the others.</summary>
    public void AddRow(uint source, ReadOnlySpan<uint> targets, ReadOnlySpan<float> weights = default) => throw new NotImplementedException();

    /// <summary>Sorts, merges duplicates, writes both directions, the rank layout, the names and last graph.json and the seal.</summary>
    public GraphManifest Build(int nodeCount, NodeNamesWriter? names = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default) => throw new NotImplementedException();

    public void Dispose() { }
}
