using System.Buffers.Text;
using System.IO.Compression;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Imports links from text, plain or gzip: one link a line, <c>source target [weight]</c>, with tabs, spaces, commas or
/// semicolons between, <c>#</c> or <c>%</c> before comments, and perhaps a line of headings.
/// <list type="bullet">
/// <item>Numbers: nodes are 0 to the highest number, without names.</item>
/// <item>Names (hosts, URLs): nodes are the names in the order of their keys (<see cref="NodeNames.ToKey"/>).</item>
/// <item>MatrixMarket (<c>%%MatrixMarket matrix coordinate …</c>): entry i j is a link i−1 → j−1.</item>
/// <item>Host links as the UK Web Archive publishes them, <c>1996|source|target⇥count</c>: the count is the weight.</item>
/// </list>
/// Links may repeat: their weights are summed. Memory does not depend on the file (<see cref="EdgeListOptions.MemoryBytes"/>).
/// </summary>
public static class EdgeListImporter
{
    /// <summary>Writes the graph into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <exception cref="ImportException">A line that is no link, a file that breaks off; with path and line.</exception>
    public static GraphManifest Import(string path, string folder, EdgeListOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        EdgeListFormat format = Tell(path, options);
        bool drop = options.SelfLinks == SelfLinks.Drop || (options.SelfLinks == SelfLinks.Auto && format.Kind == EdgeListKind.HostLinks);
        var changed = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (drop)
            changed["self_links"] = "dropped";
        if (options.Weighted != Weights.Auto)
            changed["weights"] = options.Weighted == Weights.No ? "ignored" : "kept";
        if (!options.Directed)
            changed["directed"] = "no";
        if (options.Names is { } names)
            changed["names"] = names ? "yes" : "no";
        using GraphBuilder builder = new(folder, new GraphBuilderOptions
        {
            MemoryBytes = options.MemoryBytes,
            Threads = options.Threads,
            Granularity = options.Granularity ?? (format.Kind == EdgeListKind.HostLinks ? "host" : "unknown"),
            DropSelfLinks = drop,
            Source = new GraphSource("edges", Path.GetFileName(path), changed.Count > 0 ? changed : null),
        });
        try
        {
            return format.Kind is EdgeListKind.Numbers or EdgeListKind.MatrixMarket
                ? ImportNumbers(path, builder, format, options, progress, cancel)
                : ImportNames(path, folder, builder, format, options, drop, progress, cancel);
        }
        catch (IOException e) when (e is not ImportException and not GraphException)
        {
            throw new ImportException(folder, $"cannot be written: {e.Message.TrimEnd('.')}; free some space and import again", e);
        }
    }

    /// <summary>As the dispatcher of all formats calls it.</summary>
    internal static GraphManifest Import(string path, string folder, GraphImportOptions options,
        IProgress<StepProgress>? progress, CancellationToken cancel) =>
        options.Names is null
            ? Import(path, folder, EdgeListOptions.From(options), progress, cancel)
            : throw new ImportException(options.Names, "a file of names does not go with an edge list: put the names into its lines");

    /// <summary>Whether a file that starts so can be an edge list: cheap, and true for much other text in columns.</summary>
    /// <param name="head">The first bytes of the file, packed or not; 4 KB suffice.</param>
    public static bool Recognises(ReadOnlySpan<byte> head, string path)
    {
        if (head is [0x1f, 0x8b, ..])
        {
            byte[] unpacked = new byte[4096];
            try
            {
                using GZipStream gzip = new(new MemoryStream(head.ToArray()), CompressionMode.Decompress);
                head = unpacked.AsSpan(0, gzip.ReadAtLeast(unpacked, unpacked.Length, throwOnEndOfStream: false));
            }
            catch (InvalidDataException)
            {
                return false;
            }
        }
        int lines = head.LastIndexOf((byte)'\n') + 1;
        try
        {
            return head.Length > 0 && !head.Contains((byte)0)
                && EdgeListFormat.Tell(lines > 0 ? head[..lines] : [.. head, (byte)'\n'], path, new()) is not null;
        }
        catch (ImportException)
        {
            return false;
        }
    }

    private static EdgeListFormat Tell(string path, EdgeListOptions options)
    {
        using TextBlocks text = new(path);
        if (text.Length == 0)
            throw new ImportException(path, "is empty: an edge list has one link a line, such as '0 1'");
        return text.MoveNext(out ReadOnlySpan<byte> head) ? EdgeListFormat.Tell(head, path, options) : new EdgeListFormat(EdgeListKind.Numbers);
    }

    private static GraphManifest ImportNumbers(string path, GraphBuilder builder, EdgeListFormat format, EdgeListOptions options,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        using TextBlocks text = new(path);
        bool both = !options.Directed || format.Symmetric;
        int start = format.DataOffset;
        long links = 0, nodes = Math.Max(format.Rows, format.Columns);
        NumberLines[] workers = [.. Enumerable.Range(0, options.Threads > 0 ? options.Threads : Environment.ProcessorCount)
            .Select(_ => new NumberLines(format, options))];
        OrderedWork.Run(workers,
            take: lines =>
            {
                if (!text.MoveNext(out ReadOnlySpan<byte> block))
                    return false;
                lines.Take(block, start);
                start = 0;
                return true;
            },
            produce: lines => lines.Parse(),
            commit: lines =>
            {
                text.Count(lines.Lines);
                if (lines.Problem is not null)
                    throw ImportException.AtLine(path, text.LinesBefore, lines.Problem);
                if (lines.Count == 0)
                    return;
                links += lines.Count;
                nodes = Math.Max(nodes, lines.Highest + 1L);
                if (!lines.Weighted && !both)
                    builder.AddRange(lines.Links.AsSpan(0, lines.Count));
                else
                    for (int i = 0; i < lines.Count; i++)
                    {
                        (uint u, uint v) = ((uint)(lines.Links[i] >> 32), (uint)lines.Links[i]);
                        Add(builder, u, v, lines.Weighted ? lines.Weights[i] : null, 1, both);
                    }
                progress?.Report(new StepProgress("reading links", text.Position, text.Length, "bytes"));
            },
            cancel);
        if (format.Kind == EdgeListKind.MatrixMarket && links != format.Entries)
            throw ImportException.AtLine(path, text.LinesBefore, $"the file ends after {links} entries where its line of sizes promises {format.Entries}: it is {(links < format.Entries ? "truncated" : "longer than it says")}");
        if (format.Kind == EdgeListKind.Numbers && nodes > 100_000_000 && nodes / 1000 > links)
            throw new ImportException(path, $"has node numbers up to {nodes - 1} but only {links} links: these are keys rather than numbers; say --by-name");
        return builder.Build((int)nodes, null, progress, cancel);
    }

    private static GraphManifest ImportNames(string path, string folder, GraphBuilder builder, EdgeListFormat format, EdgeListOptions options,
        bool drop, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        using NamedLinks named = new(folder, options.TinyNameBytes ?? options.MemoryBytes / 4);
        using (TextBlocks text = new(path))
        {
            int start = format.DataOffset;
            while (text.MoveNext(out ReadOnlySpan<byte> block))
            {
                cancel.ThrowIfCancellationRequested();
                long line = text.LinesBefore + block[..start].Count((byte)'\n'), before = text.LinesBefore;
                for (int at = start, end; at < block.Length; at += end + 1)
                {
                    end = block[at..].IndexOf((byte)'\n');
                    line++;
                    ReadOnlySpan<byte> row = EdgeListFormat.Trim(block.Slice(at, end));
                    if (row.IsEmpty || row[0] is (byte)'#' or (byte)'%')
                        continue;
                    if (Split(row, format, out Range source, out Range target, out double weight, out uint count) is { } problem)
                        throw ImportException.AtLine(path, line, $"'{EdgeListFormat.Excerpt(row)}': {problem}");
                    // Within a host: a host named in no other row is no node, as the archive's users count them.
                    if (drop && format.Kind == EdgeListKind.HostLinks && row[source].SequenceEqual(row[target]))
                        continue;
                    if (!named.TryAdd(row[source], row[target], weight, count))
                        throw ImportException.AtLine(path, line, $"'{EdgeListFormat.Excerpt(row)}': the name is not UTF-8; convert the file, for instance with iconv");
                }
                start = 0;
                text.Count(line - before);
                progress?.Report(new StepProgress("reading links", text.Position, text.Length, "bytes"));
            }
        }
        using NodeNamesWriter names = new(folder);
        int nodes = named.NumberNames(names, progress, cancel);
        bool always = options.Weighted == Weights.Yes;
        named.Replay((u, v, weight, count) => Add(builder, u, v, weight != 1 || always ? weight : null, count, !options.Directed), progress, cancel);
        return builder.Build(nodes, names, progress, cancel);
    }

    // Weights that are all 1 leave the graph unweighted; from the first other one on, all are kept.
    private static void Add(GraphBuilder builder, uint u, uint v, double? weight, uint count, bool both)
    {
        for (int way = both && u != v ? 2 : 1; way > 0; way--, (u, v) = (v, u))
            if (weight is null && count == 1)
                builder.Add(u, v);
            else
                builder.Add(u, v, weight ?? 1, count);
    }

    private static string? Split(ReadOnlySpan<byte> row, EdgeListFormat format, out Range source, out Range target, out double weight, out uint count)
    {
        (weight, count) = (1, 1);
        if (format.Kind == EdgeListKind.HostLinks)
        {
            if (!EdgeListFormat.TryHostLink(row, out source, out target, out long links))
                return "should be year|source|target, a tab and a count";
            if (links == 0)
                return "a link was seen at least once";
            if (format.Weighted)
                (weight, count) = (links, (uint)Math.Min(links, uint.MaxValue));
            return null;
        }
        target = default;
        int at = 0;
        if (!NextColumn(row, format.Separator, ref at, out source) || !NextColumn(row, format.Separator, ref at, out target))
            return $"two names with a {Name(format.Separator)} between them are needed";
        if (!format.Weighted)
            return null;
        if (!NextColumn(row, format.Separator, ref at, out Range third))
            return "the weight is missing; to read without weights, say --unweighted";
        if (!Utf8Parser.TryParse(row[third], out weight, out int used) || used < row[third].Length)
            return $"'{EdgeListFormat.Excerpt(row[third])}' is no weight; to read without weights, say --unweighted";
        return weight >= 0 && weight <= float.MaxValue ? null : $"the weight must be finite, at least 0 and at most {float.MaxValue:g3}";
    }

    private static bool NextColumn(ReadOnlySpan<byte> row, byte separator, ref int at, out Range column)
    {
        while (at < row.Length && row[at] == ' ')
            at++;
        int start = at, length = at < row.Length ? row[at..].IndexOf(separator) : -1;
        int end = length < 0 ? row.Length : at + length;
        at = Math.Min(end + 1, row.Length);
        while (end > start && row[end - 1] == ' ')
            end--;
        if (end - start >= 2 && row[start] == '"' && row[end - 1] == '"')
            (start, end) = (start + 1, end - 1);
        column = start..end;
        return end > start;
    }

    private static string Name(byte separator) => separator switch
    {
        (byte)'\t' => "tab",
        (byte)' ' => "space",
        (byte)',' => "comma",
        _ => "semicolon",
    };
}
