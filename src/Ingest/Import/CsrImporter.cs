using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Imports compressed sparse rows as NumPy and SciPy users save them: a folder of <c>.npy</c> files, an <c>.npz</c> of
/// <c>scipy.sparse.save_npz</c> (both see <see cref="CsrFiles"/>), or a graph folder of our own:
/// <code>
/// indptr    n+1 whole numbers   row u of indices is [indptr[u], indptr[u+1]); first 0, never falling, last m
/// indices   m whole numbers     targets, 0 to n−1; rows need not be sorted, repeated targets are merged
/// data      m numbers           optional: weights, finite and ≥ 0; where all are 1 the links are unweighted
/// shape     2 whole numbers     optional: (n, n)
/// names.txt or names.txt.gz     optional: a name per line, in node order
/// </code>
/// Arrays are read twice in blocks, first to check them and to see whether rows are sorted. Memory: the builder's, the
/// longest row's and ~1 MB.
/// </summary>
public static class CsrImporter
{
    private const int Block = 1 << 15;

    /// <summary>Writes the graph into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <exception cref="ImportException">A file is missing, truncated or malformed, or a number is out of range.</exception>
    public static GraphManifest Import(string path, string folder, GraphImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        if (Directory.Exists(path) && File.Exists(Path.Combine(path, GraphManifest.FileName)))
            return ImportOwn(path, folder, options, progress, cancel);
        using CsrFiles files = CsrFiles.Open(path, folder);
        using NumberArray offsets = new(files["indptr"]!), indices = new(files["indices"]!);
        using NumberArray? data = options.Weighted && files["data"] is { } file ? new(file) : null;
        int nodes = CountNodes(files, offsets);
        CheckOffsets(offsets, indices, cancel);
        bool ascending = CheckIndices(offsets, indices, nodes, progress, cancel);
        bool weighted = data is not null && CheckWeights(data, indices, cancel);

        using RowSink sink = new(folder, options.ForBuilder("csr", path), options.Names ?? files.Names, nodes);
        double[] exact = new double[Block];
        float[] weights = new float[Block];
        ForEachRow(offsets, indices, Take, progress, cancel);
        return sink.Build(nodes, progress, cancel);

        void Take(long row, long start, ReadOnlySpan<uint> targets)
        {
            int length = weighted ? targets.Length : 0;
            if (exact.Length < length)
                (exact, weights) = (new double[length], new float[length]);
            if (weighted)
                data!.Read(start, exact.AsSpan(0, length));
            for (int i = 0; i < length; i++)
                weights[i] = (float)exact[i];
            sink.Add((uint)row, targets, weights.AsSpan(0, length), ascending);
        }
    }

    private static int CountNodes(CsrFiles files, NumberArray offsets)
    {
        if (offsets.Length == 0)
            throw offsets.At(0, "is missing: indptr has n + 1 elements, so at least one");
        if (offsets.Length - 1 > GraphBuilder.MaxNodes)
            throw new ImportException(offsets.Path, $"has {offsets.Length - 1} rows, more than {GraphBuilder.MaxNodes} nodes");
        int nodes = (int)(offsets.Length - 1);
        if (files["shape"] is { } path)
        {
            using NumberArray shape = new(path);
            long[] sides = new long[Math.Min(shape.Length, 3)];
            shape.Read(0, sides);
            if (!sides.AsSpan().SequenceEqual([nodes, nodes]))
                throw shape.At(0, $"the matrix has shape ({string.Join(", ", sides)}), but a graph of the {nodes} rows of indptr has shape ({nodes}, {nodes})");
        }
        return nodes;
    }

    private static void CheckOffsets(NumberArray offsets, NumberArray indices, CancellationToken cancel)
    {
        long[] block = new long[Block];
        long last = 0;
        for (long start = 0; start < offsets.Length; start += Block)
        {
            cancel.ThrowIfCancellationRequested();
            Span<long> part = block.AsSpan(0, (int)Math.Min(Block, offsets.Length - start));
            offsets.Read(start, part);
            for (int i = 0; i < part.Length; last = part[i++])
            {
                if (start + i == 0 && part[i] != 0)
                    throw offsets.At(0, $"the first row starts at {part[i]}, not 0");
                if (part[i] < last || part[i] > indices.Length)
                    throw offsets.At(start + i, $"{part[i]} is less than {last} before it or more than the {indices.Length} elements of indices");
            }
        }
        if (last != indices.Length)
            throw offsets.At(offsets.Length - 1, $"the last row ends at {last}, but indices has {indices.Length} elements");
    }

    /// <summary>Checks all targets; true where every row ascends without repeats.</summary>
    private static bool CheckIndices(NumberArray offsets, NumberArray indices, int nodes, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        bool ascending = true;
        long[] block = new long[Block], ends = new long[Block];
        long next = 1, end = 0; // the row end that is next, and the next element of indptr to read
        int at = 0, filled = 0;
        long last = -1;
        for (long start = 0; start < indices.Length; start += Block)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress("checking links", start, indices.Length, "links"));
            Span<long> part = block.AsSpan(0, (int)Math.Min(Block, indices.Length - start));
            indices.Read(start, part);
            for (int i = 0; i < part.Length; i++)
            {
                while (end <= start + i) // into the row that holds this element
                {
                    if (at == filled)
                    {
                        filled = (int)Math.Min(Block, offsets.Length - next);
                        offsets.Read(next, ends.AsSpan(0, filled));
                        next += filled;
                        at = 0;
                    }
                    end = ends[at++];
                    last = -1;
                }
                if ((ulong)part[i] >= (ulong)nodes)
                    throw indices.At(start + i, $"target {part[i]} is not among 0 to {nodes - 1L}");
                ascending &= part[i] > last;
                last = part[i];
            }
        }
        return ascending;
    }

    /// <summary>Checks all weights; false where all are 1.</summary>
    private static bool CheckWeights(NumberArray data, NumberArray indices, CancellationToken cancel)
    {
        if (data.Length != indices.Length)
            throw ImportException.AtByte(data.Path, 10, $"has {data.Length} weights for the {indices.Length} elements of indices");
        bool other = false;
        double[] block = new double[Block];
        for (long start = 0; start < data.Length; start += Block)
        {
            cancel.ThrowIfCancellationRequested();
            Span<double> part = block.AsSpan(0, (int)Math.Min(Block, data.Length - start));
            data.Read(start, part);
            for (int i = 0; i < part.Length; i++)
            {
                if (!(part[i] >= 0 && part[i] <= float.MaxValue))
                    throw data.At(start + i, $"the weight {part[i].ToString(System.Globalization.CultureInfo.InvariantCulture)} must be finite, at least 0 and at most {float.MaxValue:g3}");
                other |= part[i] != 1;
            }
        }
        return other;
    }

    private static void ForEachRow(NumberArray offsets, NumberArray indices, Action<long, long, ReadOnlySpan<uint>> take,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        long[] ends = new long[Block], wide = new long[Block];
        uint[] targets = new uint[Block];
        long start = 0;
        for (long row = 0; row < offsets.Length - 1;)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress("reading links", start, indices.Length, "links"));
            int rows = (int)Math.Min(Block, offsets.Length - 1 - row);
            offsets.Read(row + 1, ends.AsSpan(0, rows));
            for (int i = 0; i < rows; i++, row++)
            {
                int length = checked((int)(ends[i] - start));
                if (length > wide.Length)
                    (wide, targets) = (new long[length], new uint[length]);
                indices.Read(start, wide.AsSpan(0, length));
                for (int j = 0; j < length; j++)
                    targets[j] = (uint)wide[j];
                take(row, start, targets.AsSpan(0, length));
                start = ends[i];
            }
        }
    }

    private static GraphManifest ImportOwn(string path, string folder, GraphImportOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        LinkGraph graph;
        try
        {
            graph = LinkGraph.Open(path, cancel);
        }
        catch (GraphException e)
        {
            throw new ImportException(e.Path, "the graph cannot be opened", e);
        }
        using (graph)
        {
            if (options is { SelfLinks: not SelfLinks.Drop, Weighted: true, Granularity: null })
                return Copy(graph, folder, progress, cancel);
            GraphBuilderOptions made = options.ForBuilder("graph", path, graph.Manifest.Granularity);
            using NodeNamesWriter? names = graph.Names.Stored ? new(folder) : null;
            foreach (ReadOnlySpan<byte> key in graph.Names.EnumerateKeys())
                names?.Add(key);
            using GraphBuilder builder = new(folder, made with { Source = graph.Manifest.Source ?? made.Source });
            bool weighted = options.Weighted && graph.OutWeights is not null;
            for (int u = 0; u < graph.NodeCount; u++)
            {
                if (u % Block == 0)
                {
                    cancel.ThrowIfCancellationRequested();
                    progress?.Report(new StepProgress("reading links", graph.OutOffsets[u], graph.LinkCount, "links"));
                }
                long start = graph.OutOffsets[u];
                ReadOnlySpan<uint> targets = graph.OutOf(u);
                if (graph.OutCounts is null)
                    builder.AddRow((uint)u, targets, weighted ? graph.OutWeights!.Slice(start, targets.Length) : default);
                else
                    for (int i = 0; i < targets.Length; i++)
                        if (weighted)
                            builder.Add((uint)u, targets[i], graph.OutWeight(start + i), graph.OutCounts[start + i]);
                        else
                            for (uint times = graph.OutCounts[start + i]; times > 0; times--)
                                builder.Add((uint)u, targets[i]);
            }
            if (graph.MapIfPresent<uint>("hosts") is { } hosts)
                builder.AddArray("hosts", hosts.Slice(0, checked((int)hosts.Length)), graph.Manifest.Arrays["hosts"].Meaning);
            return builder.Build(graph.NodeCount, names, progress, cancel);
        }
    }

    /// <summary>The same bytes in another folder; graph.json last, so that half a copy is no graph.</summary>
    private static GraphManifest Copy(LinkGraph graph, string folder, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        int done = 0;
        foreach (string file in graph.Manifest.Arrays.Values.Select(a => a.File).Append(GraphManifest.FileName))
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress("copying arrays", done++, graph.Manifest.Arrays.Count, "files"));
            File.Copy(Path.Combine(graph.Folder, file), Path.Combine(folder, file));
        }
        using LinkGraph copy = LinkGraph.Open(folder, cancel);
        return copy.Manifest;
    }
}
