using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Imports a web graph of Common Crawl (https://commoncrawl.org/web-graphs), of hosts or domains. Text, plain or gzip:
/// <code>
/// vertices   id ⇥ reversed name [⇥ hosts]     ids 0, 1, … n−1; names ascend byte by byte (com.example.www)
/// edges      id of source ⇥ id of target      Common Crawl sorts them by source and target; any order is read
/// </code>
/// Domain graphs have the third column, how many hosts were folded into the domain; it is kept as the array
/// <c>hosts</c> (u4, n). Names are already keys as <see cref="NodeNames"/> sorts them. Memory: the builder's and ~5 MB.
/// </summary>
public static class CommonCrawlImporter
{
    /// <summary>Writes the graph into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <param name="path">A folder, or any of the graph's files; the others are found beside it.</param>
    /// <exception cref="ImportException">A file is missing, truncated, out of order or malformed.</exception>
    public static GraphManifest Import(string path, string folder, GraphImportOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        CommonCrawlFiles files = CommonCrawlFiles.Find(path);
        using NodeNamesWriter names = new(folder);
        using HostCounts hosts = new(Path.Combine(folder, "hosts.raw"));
        ReadVertices(files.Vertices, names, hosts, progress, cancel);
        string granularity = hosts.Count > 0 || files.Name.Contains("domain", StringComparison.Ordinal) ? "domain" : "host";
        using GraphBuilder builder = new(folder, options.ForBuilder("commoncrawl", files.Name, granularity));
        ReadEdges(files.Edges, names.Count, builder, progress, cancel);
        if (hosts.Count > 0)
            hosts.AddTo(builder);
        return builder.Build(names.Count, names, progress, cancel);
    }

    private static void ReadVertices(string[] files, NodeNamesWriter names, HostCounts hosts,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        byte[] last = [];
        int lastLength = 0;
        ForEachBlock(files, "reading names", ReadBlock, progress, cancel);

        long ReadBlock(ReadOnlySpan<byte> block, TextBlocks text)
        {
            long line = text.LinesBefore;
            while (block.Length > 0)
            {
                line++;
                int end = block.IndexOf((byte)'\n');
                ReadOnlySpan<byte> row = block[..end].TrimEnd((byte)'\r');
                block = block[(end + 1)..];
                int tab = row.IndexOf((byte)'\t');
                if (tab < 0 || !TryParse(row[..tab], out ulong id))
                    throw ImportException.AtLine(text.Path, line, $"'{Show(row)}' is not 'id⇥reversed name'");
                if (id != (ulong)names.Count)
                    throw ImportException.AtLine(text.Path, line, $"has id {id} where {names.Count} must follow: ids run from 0 without gaps, and parts in the order of their names");
                if (names.Count == GraphBuilder.MaxNodes)
                    throw ImportException.AtLine(text.Path, line, $"the graph has more than {GraphBuilder.MaxNodes} nodes");
                ReadOnlySpan<byte> name = row[(tab + 1)..];
                tab = name.IndexOf((byte)'\t');
                bool counted = tab >= 0;
                if (counted != hosts.Count > 0 && names.Count > 0)
                    throw ImportException.AtLine(text.Path, line, counted ? "has a number of hosts, but the lines before have none" : "has no number of hosts, but the lines before have one");
                if (counted)
                {
                    if (!TryParse(name[(tab + 1)..], out ulong count) || count > uint.MaxValue)
                        throw ImportException.AtLine(text.Path, line, $"'{Show(name[(tab + 1)..])}' is not a number of hosts");
                    hosts.Add((uint)count);
                    name = name[..tab];
                }
                if (name.IsEmpty)
                    throw ImportException.AtLine(text.Path, line, "has no name");
                if (names.Count > 0 && name.SequenceCompareTo(last.AsSpan(0, lastLength)) <= 0)
                    throw ImportException.AtLine(text.Path, line, $"'{Show(name)}' does not sort after '{Show(last.AsSpan(0, lastLength))}': names must ascend byte by byte (LC_ALL=C sort)");
                names.Add(name);
                if (last.Length < name.Length)
                    last = new byte[name.Length * 2];
                name.CopyTo(last);
                lastLength = name.Length;
            }
            return line;
        }
    }

    private static unsafe void ReadEdges(string[] files, int nodes, GraphBuilder builder,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        ulong[] links = new ulong[1 << 14];
        int filled = 0;
        ForEachBlock(files, "reading links", ReadBlock, progress, cancel);
        builder.AddRange(links.AsSpan(0, filled));

        long ReadBlock(ReadOnlySpan<byte> block, TextBlocks text)
        {
            long line = text.LinesBefore;
            fixed (byte* first = block)
            {
                byte* end = first + block.Length;
                for (byte* at = first; at < end; at++)
                {
                    // A block ends with \n, so a run of digits always ends within it.
                    byte* start = at;
                    line++;
                    ulong source = Digits(ref at), target = 0;
                    bool right = *at == '\t' && Fits(at - start);
                    if (right)
                    {
                        byte* second = ++at;
                        target = Digits(ref at);
                        right = Fits(at - second);
                        at += *at == '\r' ? 1 : 0;
                    }
                    if (!right || *at != '\n' || source >= (ulong)nodes || target >= (ulong)nodes)
                    {
                        ReadOnlySpan<byte> rest = block[(int)(start - first)..];
                        throw ImportException.AtLine(text.Path, line, $"'{Show(rest[..rest.IndexOf((byte)'\n')])}' is not 'source⇥target' with ids from 0 to {nodes - 1}");
                    }
                    links[filled++] = source << 32 | target;
                    if (filled == links.Length)
                    {
                        builder.AddRange(links);
                        filled = 0;
                    }
                }
            }
            return line;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe ulong Digits(ref byte* at)
    {
        ulong value = 0;
        for (uint digit; (digit = (uint)(*at - '0')) <= 9; at++)
            value = value * 10 + digit;
        return value;
    }

    /// <summary>Whether a number of so many digits is one, and small enough not to have overflowed.</summary>
    private static bool Fits(long digits) => (ulong)(digits - 1) < 10;

    /// <summary>Hands each block of each file to <paramref name="read"/>, which returns the number of its last line.</summary>
    private static void ForEachBlock(string[] files, string step, BlockReader read, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        long total = files.Sum(f => new FileInfo(f).Length), before = 0;
        foreach (string file in files)
        {
            using TextBlocks text = new(file);
            while (text.MoveNext(out ReadOnlySpan<byte> block))
            {
                cancel.ThrowIfCancellationRequested();
                text.Count(read(block, text) - text.LinesBefore);
                progress?.Report(new StepProgress(step, before + text.Position, total, "bytes"));
            }
            before += text.Length;
        }
    }

    private delegate long BlockReader(ReadOnlySpan<byte> block, TextBlocks text);

    private static bool TryParse(ReadOnlySpan<byte> digits, out ulong value) =>
        System.Buffers.Text.Utf8Parser.TryParse(digits, out value, out int used) && used == digits.Length;

    private static string Show(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text.Length <= 80 ? text : text[..80]) + (text.Length <= 80 ? "" : "…");
}

/// <summary>Host counts on their way to the array <c>hosts</c>: on disk, since there may be hundreds of millions.</summary>
internal sealed unsafe class HostCounts(string path) : IDisposable
{
    private readonly uint[] _buffer = new uint[1 << 14];
    private FileStream? _file;
    private int _filled;

    public long Count { get; private set; }

    public void Add(uint hosts)
    {
        if (_filled == _buffer.Length)
            Flush();
        _buffer[_filled++] = hosts;
        Count++;
    }

    public void AddTo(GraphBuilder builder)
    {
        Flush();
        _file!.Flush();
        using MemoryMappedFile mapped = MemoryMappedFile.CreateFromFile(_file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        using MemoryMappedViewAccessor view = mapped.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        try
        {
            builder.AddArray("hosts", new ReadOnlySpan<uint>(pointer + view.PointerOffset, checked((int)Count)), "hosts folded into each domain");
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
        Dispose();
    }

    public void Dispose()
    {
        _file?.Dispose();
        File.Delete(path);
    }

    private void Flush()
    {
        _file ??= new FileStream(path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        _file.Write(MemoryMarshal.AsBytes(_buffer.AsSpan(0, _filled)));
        _filled = 0;
    }
}
