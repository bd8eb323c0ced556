using System.IO.MemoryMappedFiles;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Backlinks.Ingest;

/// <summary>
/// Reads a BVGraph (Boldi and Vigna, "The WebGraph Framework I: Compression Techniques", WWW 2004), the format of the
/// graphs that LAW publishes, front to back, so the <c>.offsets</c> file is not needed. The <c>.graph</c> file is one
/// stream of bits, most significant first, that holds the successors of node 0, 1, …, n−1, each as
/// <code>
/// d                  outdegree. If 0 the node ends here.                                           OUTDEGREES
/// r                  if windowsize > 0: the list starts from that of node x − r, 0: from nothing   REFERENCES
///   b                if r > 0: number of copy blocks                                               BLOCK_COUNT
///   B₁ B₂−1 … B_b−1  lengths of blocks of the list of x − r, by turns copied and skipped;          BLOCKS
///                    what follows the last block is copied where b is even, else skipped
/// i                  if successors are missing still and minintervallength L > 0: number of runs    γ
///   l₁ n₁−L          first run: ν(l₁ − x), its length                                               γ γ
///   lⱼ − e − 1, nⱼ−L each further run: its distance to the end e of the run before (first after it) γ γ
/// s₁ s₂−s₁−1 …       the successors that are missing still, the first as ν(s₁ − x)                 RESIDUALS
/// </code>
/// where ν(v) = 2v for v ≥ 0 and −2v−1 otherwise, and the codes are those of <see cref="BitCode"/> as
/// <see cref="BvGraphProperties"/> names them. The three lists are disjoint; a row is their sorted union.
/// <para>
/// What is stored cannot be trusted: outdegree ≤ n and ≤ the arcs not yet seen, x − r ≥ 0, blocks within the list they
/// copy from, runs and residuals within 0 to n−1, the union strictly ascending, at the end exactly m arcs, the three
/// optional sums and no bits but padding. So memory is bounded by the last <c>windowsize</c> + 1 rows and time by the
/// file's length and m, whatever the bits are.
/// </para>
/// </summary>
internal sealed unsafe class BvGraphDecoder : IDisposable
{
    private const uint None = uint.MaxValue; // behind the last element of a list to merge; no node has this number

    private static readonly BitCode Gamma = new(BitCodeKind.Gamma, 0);

    private readonly BvGraphProperties _properties;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly uint[][] _rows; // row of node x at x mod (windowsize + 1)
    private readonly int[] _degrees;
    private BitReader _bits;
    private uint[] _copied = new uint[64];
    private uint[] _residuals = new uint[64];
    private uint[] _runs = new uint[64]; // first, end behind the last; by turns
    private long _arcs;
    private long _copiedArcs, _runArcs, _residualArcs;

    private BvGraphDecoder(string path, BvGraphProperties properties)
    {
        Path = path;
        _properties = properties;
        long length = new FileInfo(path).Length;
        if (properties.Nodes > length * 8)
            throw ImportException.AtByte(path, length, $"has {length} bytes, too few for the {properties.Nodes} nodes of {properties.Path}: one of them is truncated or damaged");
        byte* pointer = null;
        if (length > 0)
        {
            _file = MemoryMappedFile.CreateFromFile(File.OpenHandle(path), null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            pointer += _view.PointerOffset;
        }
        _bits = new BitReader(pointer, length, path);
        int slots = Math.Min(properties.Window, properties.Nodes) + 1;
        _rows = new uint[slots][];
        Array.Fill(_rows, []);
        _degrees = new int[slots];
        _copied[0] = None;
    }

    /// <summary>The <c>.graph</c> file.</summary>
    public string Path { get; }

    public int NodeCount => _properties.Nodes;

    public long ArcCount => _properties.Arcs;

    /// <summary>Arcs decoded so far.</summary>
    public long ArcsRead => _arcs;

    /// <summary>The node whose row is <see cref="Successors"/>; -1 before the first.</summary>
    public int Node { get; private set; } = -1;

    /// <summary>Ascending, distinct; valid until the next <see cref="MoveNext"/>.</summary>
    public ReadOnlySpan<uint> Successors => _rows[Node % _rows.Length].AsSpan(0, _degrees[Node % _rows.Length]);

    /// <summary>Bits decoded so far.</summary>
    public long BitPosition => _bits.Position;

    /// <param name="path">The <c>.graph</c> or <c>.properties</c> file, or what both names start with.</param>
    /// <exception cref="ImportException">A file is missing, or of a kind that is not supported.</exception>
    public static BvGraphDecoder Open(string path)
    {
        string baseName = BaseName(path);
        foreach (string file in new[] { baseName + ".graph", baseName + ".properties" })
            if (!File.Exists(file))
                throw new ImportException(file, "the file is missing: a BVGraph is a .graph file with a .properties file beside it");
        return new BvGraphDecoder(baseName + ".graph", BvGraphProperties.Read(baseName + ".properties"));
    }

    /// <summary><paramref name="path"/> without the ending of a BVGraph's file.</summary>
    public static string BaseName(string path)
    {
        foreach (string ending in new[] { ".graph", ".properties", ".offsets", ".obl" })
            if (path.EndsWith(ending, StringComparison.Ordinal))
                return path[..^ending.Length];
        return path;
    }

    /// <summary>Decodes the next node's row; false behind the last, once the totals have been checked.</summary>
    /// <exception cref="ImportException">The file is truncated, damaged or does not fit its <c>.properties</c>.</exception>
    public bool MoveNext()
    {
        if (Node + 1 >= NodeCount)
        {
            CheckEnd();
            return false;
        }
        Node++;
        int slot = Node % _rows.Length;
        BitReader bits = _bits;
        _degrees[slot] = DecodeRow(Node, ref bits, ref _rows[slot]);
        if (bits.Position > bits.Bits)
            throw _bits.Fault($"the file ends within the row of node {Node} of {NodeCount}: it is truncated or damaged; fetch it again");
        _bits = bits;
        return true;
    }

    public void Dispose()
    {
        if (_view is null)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file!.Dispose();
    }

    private int DecodeRow(int x, ref BitReader bits, ref uint[] row)
    {
        ulong stored = _properties.Outdegrees.Read(ref bits);
        if (stored == 0)
            return 0;
        if (stored > (ulong)NodeCount || stored > (ulong)(ArcCount - _arcs))
            throw Damaged(bits, $"outdegree {stored} is more than the {NodeCount} nodes or the {ArcCount - _arcs} arcs left allow");
        int degree = (int)stored;
        if (row.Length < degree)
            row = new uint[Capacity(degree)];

        int copied = _properties.Window > 0 ? Copy(x, degree, ref bits) : 0;
        int missing = degree - copied;
        int runs = 0, inRuns = 0;
        if (missing > 0 && _properties.MinInterval > 0)
            (runs, inRuns) = ReadRuns(x, missing, ref bits);
        missing -= inRuns;
        if (copied == 0 && runs == 0)
            ReadResiduals(x, missing, ref bits, row);
        else
        {
            if (_residuals.Length <= missing)
                _residuals = new uint[Capacity(missing + 1)];
            ReadResiduals(x, missing, ref bits, _residuals);
            _residuals[missing] = None;
            Merge(row, runs, copied, missing);
            if (!IsAscending(row.AsSpan(0, degree)))
                throw Damaged(bits, "two of the lists that make up the row hold the same node");
        }
        _arcs += degree;
        _copiedArcs += copied;
        _runArcs += inRuns;
        _residualArcs += missing;
        return degree;
    }

    /// <summary>Fills <see cref="_copied"/> from the row that is referred to.</summary>
    private int Copy(int x, int degree, ref BitReader bits)
    {
        _copied[0] = None;
        ulong reference = _properties.References.Read(ref bits);
        if (reference == 0)
            return 0;
        if (reference > (ulong)Math.Min(x, _properties.Window))
            throw Damaged(bits, $"reference {reference} reaches back beyond the first node or the window of {_properties.Window}");
        int slot = (x - (int)reference) % _rows.Length;
        uint[] from = _rows[slot];
        int length = _degrees[slot], at = 0, copied = 0;
        if (_copied.Length <= length)
            _copied = new uint[Capacity(length + 1)];
        ulong blocks = _properties.BlockCounts.Read(ref bits);
        if (blocks > (ulong)length + 1)
            throw Damaged(bits, $"{blocks} copy blocks are more than a row of {length} has");
        bool copy = true;
        for (ulong i = 0; i < blocks; i++, copy = !copy)
        {
            ulong block = _properties.Blocks.Read(ref bits) + (i == 0 ? 0UL : 1);
            if (block > (ulong)(length - at))
                throw Damaged(bits, $"a copy block of {block} is longer than what is left of the row of {length} it copies from");
            if (copy)
            {
                CopyRange(from, at, copied, (int)block);
                copied += (int)block;
            }
            at += (int)block;
        }
        if (copy)
        {
            CopyRange(from, at, copied, length - at);
            copied += length - at;
        }
        if (copied > degree)
            throw Damaged(bits, $"{copied} copied successors are more than the outdegree {degree}");
        _copied[copied] = None;
        return copied;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyRange(uint[] from, int at, int to, int count)
    {
        if (count > 8)
            from.AsSpan(at, count).CopyTo(_copied.AsSpan(to));
        else
            for (int i = 0; i < count; i++)
                _copied[to + i] = from[at + i];
    }

    private (int Runs, int Links) ReadRuns(int x, int missing, ref BitReader bits)
    {
        ulong count = Gamma.Read(ref bits);
        if (count == 0)
            return (0, 0);
        if (count > (ulong)(missing / _properties.MinInterval))
            throw Damaged(bits, $"{count} runs of at least {_properties.MinInterval} do not fit into {missing} successors");
        if (_runs.Length < 2 * (int)count)
            _runs = new uint[Capacity(2 * (int)count)];
        long end = 0;
        int links = 0;
        for (int i = 0; i < (int)count; i++)
        {
            ulong stored = Gamma.Read(ref bits);
            long first = i == 0 ? x + Signed(stored) : end + 1 + (long)Math.Min(stored, int.MaxValue);
            ulong extra = Gamma.Read(ref bits);
            if (first < 0 || extra > int.MaxValue || first + _properties.MinInterval + (long)extra > NodeCount)
                throw Damaged(bits, $"a run from {first} of {extra} + {_properties.MinInterval} leaves 0 to {NodeCount - 1}");
            end = first + _properties.MinInterval + (long)extra;
            if (end - first > missing - links)
                throw Damaged(bits, $"its runs hold more than the {missing} successors that are missing");
            links += (int)(end - first);
            _runs[2 * i] = (uint)first;
            _runs[2 * i + 1] = (uint)end;
        }
        return ((int)count, links);
    }

    private void ReadResiduals(int x, int count, ref BitReader bits, uint[] to)
    {
        if (count == 0)
            return;
        BitCode code = _properties.Residuals;
        long value = x + Signed(code.Read(ref bits));
        if ((ulong)value >= (ulong)NodeCount)
            throw Damaged(bits, $"successor {value} is not among 0 to {NodeCount - 1}");
        to[0] = (uint)value;
        for (int i = 1; i < count; i++)
        {
            ulong gap = code.Read(ref bits);
            if (gap >= (ulong)(NodeCount - 1 - value))
                throw Damaged(bits, $"successor {value} is followed by one {gap} + 1 further, beyond the last node {NodeCount - 1}");
            value += (long)gap + 1;
            to[i] = (uint)value;
        }
    }

    /// <summary>Sorted union of the runs, the copied and the residual successors.</summary>
    private void Merge(uint[] row, int runs, int copiedCount, int residualCount)
    {
        fixed (uint* start = row, copiedStart = _copied, residualStart = _residuals)
        {
            uint* to = start, copied = copiedStart, residual = residualStart;
            for (int i = 0; i < runs; i++)
            {
                uint first = _runs[2 * i], end = _runs[2 * i + 1];
                MergeBelow(first, ref to, ref copied, ref residual);
                for (uint v = first; v < end; v++)
                    *to++ = v;
            }
            MergeBelow(None, ref to, ref copied, ref residual);
            // One of the two is at its end; the rest of the other follows.
            long left = copiedStart + copiedCount - copied;
            new ReadOnlySpan<uint>(copied, (int)left).CopyTo(new Span<uint>(to, (int)left));
            to += left;
            left = residualStart + residualCount - residual;
            new ReadOnlySpan<uint>(residual, (int)left).CopyTo(new Span<uint>(to, (int)left));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MergeBelow(uint limit, ref uint* to, ref uint* copied, ref uint* residual)
    {
        uint* t = to, c = copied, r = residual;
        uint a = *c, b = *r;
        // To the very end the loop may stop as soon as one list is done; below a run both must go on.
        while (limit == None ? a != None && b != None : Math.Min(a, b) < limit)
        {
            bool first = a <= b;
            *t++ = first ? a : b;
            if (first)
                a = *++c;
            else
                b = *++r;
        }
        to = t;
        copied = c;
        residual = r;
    }

    private static bool IsAscending(ReadOnlySpan<uint> row)
    {
        int i = 0;
        if (Vector.IsHardwareAccelerated && row.Length > Vector<uint>.Count)
            for (; i + Vector<uint>.Count < row.Length; i += Vector<uint>.Count)
                if (!Vector.LessThanAll(new Vector<uint>(row[i..]), new Vector<uint>(row[(i + 1)..])))
                    return false;
        for (; i + 1 < row.Length; i++)
            if (row[i] >= row[i + 1])
                return false;
        return true;
    }

    private void CheckEnd()
    {
        if (_arcs != ArcCount)
            throw _bits.Fault($"the {NodeCount} nodes have {_arcs} arcs, but {_properties.Path} promises {ArcCount}: one of the files is damaged or not of this graph");
        foreach ((string key, long sum) in new[] { ("copiedarcs", _copiedArcs), ("intervalisedarcs", _runArcs), ("residualarcs", _residualArcs) })
            if (_properties.Optional(key) is >= 0 and long promised && promised != sum)
                throw _bits.Fault($"{key} is {sum}, but {_properties.Path} promises {promised}: the file is damaged; fetch it again");
        long padding = _bits.Bits - _bits.Position;
        BitReader bits = _bits;
        for (long left = Math.Min(padding, 128); left > 0; left -= Math.Min(left, 32)) // a 64-bit word or two of padding
            if (bits.Read((int)Math.Min(left, 32)) != 0)
                padding = long.MaxValue;
        if (padding > 128)
            throw _bits.Fault($"the {NodeCount} nodes of {_properties.Path} end here, but the file goes on: they do not belong together, or one is damaged");
    }

    private ImportException Damaged(in BitReader bits, string problem) =>
        bits.Fault($"node {Node} of {NodeCount}: {problem}: the file is damaged or does not belong to {_properties.Path}; fetch it again");

    /// <summary>The inverse of ν.</summary>
    private static long Signed(ulong stored) => (long)(stored >> 1) ^ -(long)(stored & 1);

    /// <summary>Half as much again, so that a row that grows slowly does not allocate each time.</summary>
    private static int Capacity(int needed) => (int)Math.Min(needed + (needed >> 1) + 16L, Array.MaxLength);
}
