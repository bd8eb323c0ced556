using System.IO.Compression;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>The formats of web graphs that can be imported.</summary>
public enum GraphFormat
{
    /// <summary>LAW's BVGraph: <see cref="BvGraphImporter"/>.</summary>
    BvGraph,

    /// <summary>Common Crawl's vertices and edges: <see cref="CommonCrawlImporter"/>.</summary>
    CommonCrawl,

    /// <summary>Compressed rows of NumPy or SciPy, or a graph folder of our own: <see cref="CsrImporter"/>.</summary>
    Csr,

    /// <summary>Text with one link per line: <c>source target [weight]</c>.</summary>
    EdgeList,
}

/// <summary>
/// Imports a web graph whatever its format, which is told from the content, not from the name: a folder's files, a
/// file's first bytes and what stands beside it.
/// </summary>
public static class GraphImport
{
    private const string Accepted = "accepted are a BVGraph (x.graph with x.properties), a Common Crawl web graph (vertices and edges), "
        + "a folder with indptr.npy and indices.npy, an .npz of scipy.sparse.save_npz, a graph folder of backlinks, "
        + "and an edge list or MatrixMarket file as text, plain or gzip; into the link store go " + VisitImport.Accepted;

    /// <summary>Imports <paramref name="path"/> into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <exception cref="ImportException">The content is of no known format, damaged, or cannot be folded as asked.</exception>
    public static GraphManifest Import(string path, string folder, GraphImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        PublicSuffixList? list = options.Psl is null ? null : PublicSuffixList.Load(options.Psl);
        if (options.Fold is not { } fold)
            return ImportAs(options.Format ?? Detect(path), path, folder, options, progress, cancel);

        string hosts = Directory.CreateDirectory(Path.Combine(folder, "hosts.tmp")).FullName;
        try
        {
            ImportAs(options.Format ?? Detect(path), path, hosts, options, progress, cancel);
            using LinkGraph graph = LinkGraph.Open(hosts, cancel);
            if (!graph.Names.Stored && graph.NodeCount > 0)
                throw new ImportException(path, "has no host names, so it cannot be folded to domains: give names, or import it without the fold");
            return HostsToDomains.Fold(graph, folder, new HostsToDomainsOptions
            {
                PrivateSuffixes = fold == DomainFold.Private,
                StripWwwOnly = fold == DomainFold.Www,
                List = list,
                MemoryBytes = options.MemoryBytes,
                Threads = options.Threads,
            }, progress, cancel);
        }
        finally
        {
            Directory.Delete(hosts, recursive: true);
        }
    }

    /// <summary>Tells the format of a file or folder from its content.</summary>
    /// <exception cref="ImportException">There is nothing there, it is of no known format, or it holds pages for a link store.</exception>
    public static GraphFormat Detect(string path)
    {
        if (Directory.Exists(path))
            return DetectFolder(path);
        if (!File.Exists(path))
            return File.Exists(path + ".graph") || File.Exists(path + ".properties")
                ? GraphFormat.BvGraph
                : throw new ImportException(path, $"there is no such file or folder; {Accepted}");
        if (VisitImport.Detect(path) is { } visits)
            throw new ImportException(path, $"is {(visits == VisitFormat.Csv ? "a backlink export" : $"a {visits.ToString().ToUpperInvariant()} file")}: its links belong into the link store, not into a graph of their own");
        byte[] head = Head(path);
        if (head.AsSpan().StartsWith("PK\x03\x04"u8) || head.AsSpan().StartsWith("PK\x05\x06"u8))
            return GraphFormat.Csr;
        if (head.AsSpan().StartsWith("\u0093NUMPY"u8[1..]))
            throw new ImportException(path, $"is one NumPy array; name the folder that holds it with the others. {Accepted}");
        string baseName = BvGraphDecoder.BaseName(path);
        if (baseName != path && (File.Exists(baseName + ".graph") || File.Exists(baseName + ".properties")) && (!IsText(head) || !path.EndsWith(".graph", StringComparison.Ordinal) || File.Exists(baseName + ".properties")))
            return GraphFormat.BvGraph;
        if (head.Length >= 2 && head[0] == 0x1f && head[1] == 0x8b)
            head = Unpack(head, path);
        if (CommonCrawlFiles.Match(path) && (IsVertices(head) || IsNumberPairs(head) || path.Contains(".paths", StringComparison.Ordinal)))
            return GraphFormat.CommonCrawl;
        return head.Length > 0 && IsText(head)
            ? GraphFormat.EdgeList
            : throw new ImportException(path, (head.Length == 0 ? "is empty; " : "is of no known format; ") + Accepted);
    }

    private static GraphFormat DetectFolder(string folder)
    {
        if (File.Exists(Path.Combine(folder, GraphManifest.FileName)) || CsrFiles.Match(folder))
            return GraphFormat.Csr;
        return CommonCrawlFiles.Match(folder)
            ? GraphFormat.CommonCrawl
            : throw new ImportException(folder, $"the folder holds no graph of a known format; {Accepted}");
    }

    private static GraphManifest ImportAs(GraphFormat format, string path, string folder, GraphImportOptions options,
        IProgress<StepProgress>? progress, CancellationToken cancel) => format switch
        {
            GraphFormat.BvGraph => BvGraphImporter.Import(path, folder, options, progress, cancel),
            GraphFormat.CommonCrawl => CommonCrawlImporter.Import(path, folder, options, progress, cancel),
            GraphFormat.Csr => CsrImporter.Import(path, folder, options, progress, cancel),
            _ => EdgeListImporter.Import(path, folder, options, progress, cancel),
        };

    private static byte[] Head(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] head = new byte[1 << 16];
        return head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
    }

    /// <summary>The first bytes of gzip data; what follows a fault is left to the importer to report.</summary>
    private static byte[] Unpack(byte[] packed, string path)
    {
        byte[] head = new byte[1 << 12];
        int filled = 0;
        try
        {
            using GZipStream gzip = new(new MemoryStream(packed), CompressionMode.Decompress);
            for (int got; filled < head.Length && (got = gzip.Read(head, filled, head.Length - filled)) > 0;)
                filled += got;
        }
        catch (InvalidDataException e) when (filled == 0)
        {
            throw new ImportException(path, "the gzip data is damaged or cut short; fetch the file again", e);
        }
        catch (InvalidDataException)
        {
            // The importer reads on and says where.
        }
        return head[..filled];
    }

    /// <summary>No NUL and hardly any other control character: binary data has them everywhere.</summary>
    private static bool IsText(ReadOnlySpan<byte> head)
    {
        int control = 0;
        foreach (byte b in head)
            control += b is < 9 or (> 13 and < 32) or 127 ? 1 : 0;
        return !head.Contains((byte)0) && control * 100 <= head.Length;
    }

    /// <summary><c>0⇥name</c>, as a Common Crawl vertices file starts (parts after the first start higher).</summary>
    private static bool IsVertices(ReadOnlySpan<byte> head)
    {
        int tab = head.IndexOf((byte)'\t');
        return tab > 0 && !head[..tab].ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    private static bool IsNumberPairs(ReadOnlySpan<byte> head)
    {
        int end = head.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = (end < 0 ? head : head[..end]).TrimEnd((byte)'\r');
        int tab = line.IndexOf((byte)'\t');
        return line.IsEmpty || (tab > 0 && !line[..tab].ContainsAnyExceptInRange((byte)'0', (byte)'9') && !line[(tab + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9'));
    }
}
