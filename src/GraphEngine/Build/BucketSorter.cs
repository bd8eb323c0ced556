using System.Numerics;
using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Sorts one bucket of <see cref="LinkBuckets{T}"/> into rows: a counting sort by row, which is stable, and where the
/// other ends come unordered a merge of equal links, once they are sorted: before the counting sort by the digits of the
/// other end, lowest first (a radix sort: the same time whatever the rows' lengths), or where rows are short, each after it.
/// Memory: 8 bytes a row and 16 bytes a link of the bucket, 44 with weights (4 and 8 for
/// <see cref="Transpose(LinkBuckets{PlainLink}, long, long)"/>). One for each thread.
/// </summary>
/// <param name="buffer">Where bucket and result lie; disposed with this.</param>
internal sealed unsafe class BucketSorter(NativeBuffer buffer) : IDisposable
{
    private const int DigitBits = 11; // 2,048 write positions stay in the nearest caches
    private const int ShortRow = 16; // up to here insertion is the fastest sort

    private readonly long[] _digits = new long[3 << DigitBits];
    private readonly List<LinkSpan<PlainLink>> _plain = [];
    private readonly List<LinkSpan<ObservedLink>> _observed = [];
    private readonly List<LinkSpan<WeighedLink>> _weighed = [];

    /// <summary>The bucket this thread works on.</summary>
    public long Bucket { get; set; }

    /// <summary>What the last call made; valid until the next.</summary>
    public SortedRows Result { get; private set; }

    /// <summary>Rows of unweighted links in any order, duplicates merged and counted.</summary>
    /// <param name="highest">No node number is higher.</param>
    public void SortAndMerge(LinkBuckets<PlainLink> links, long firstRow, long rows, uint highest)
    {
        _plain.Clear();
        long count = links.Collect(Bucket, _plain), width = 1L << links.Shift;
        bool digits = count >= 8 * width && count >= _digits.Length; // else rows are short, or clearing the digits costs more
        long* ends = (long*)buffer.Ensure(8 * (width + (digits ? 2 : 1) * count));
        ulong* first = (ulong*)(ends + width), second = first + count;
        uint* targets;
        if (digits)
        {
            ulong* sorted = SortByDigits(_plain, first, second, ends, width, 32 - BitOperations.LeadingZeroCount(highest | 1));
            targets = (uint*)(sorted == first ? second : first);
            uint mask = (uint)(width - 1);
            for (long i = 0; i < count; i++)
                targets[ends[(uint)(sorted[i] >> 32) & mask]++] = (uint)sorted[i];
        }
        else
        {
            targets = (uint*)first;
            CountRows(_plain, ends, width);
            Scatter(_plain, ends, width, targets);
        }
        uint* counts = targets + count;

        bool repeated = false;
        long at = 0, start = 0;
        for (long r = 0; r < width; r++)
        {
            long end = ends[r];
            if (!digits)
                SortRow(Row(targets + start, end - start, firstRow + r));
            for (long i = start; i < end; i++)
            {
                if (i > start && targets[i] == targets[at - 1])
                {
                    if (!repeated)
                        FillOnes(counts, at);
                    repeated = true;
                    counts[at - 1] = AddSaturated(counts[at - 1], 1);
                    continue;
                }
                if (repeated)
                    counts[at] = 1;
                targets[at++] = targets[i];
            }
            ends[r] = at;
            start = end;
        }
        Result = new SortedRows(firstRow, rows, at) { Ends = ends, Links = targets, Counts = repeated ? counts : null };
    }

    /// <summary>The same with weights, summed in double in the order they came. <paramref name="plain"/> came before, with weight 1.</summary>
    /// <exception cref="OverflowException">Weights of a link sum to more than a float can hold.</exception>
    public void SortAndMerge(LinkBuckets<PlainLink>? plain, LinkBuckets<ObservedLink> observed, long firstRow, long rows)
    {
        _plain.Clear();
        _observed.Clear();
        long count = (plain?.Collect(Bucket, _plain) ?? 0) + observed.Collect(Bucket, _observed), width = 1L << observed.Shift;
        long* ends = (long*)buffer.Ensure(8 * width + 44 * count);
        Cell* cells = (Cell*)(ends + width);
        ulong* keys = (ulong*)(cells + count); // target << 32 | position in the row: sorts stably by target
        uint* targets = (uint*)(keys + count), counts = targets + count;
        float* weights = (float*)(counts + count);
        CountRows(_plain, _observed, ends, width);
        uint mask = (uint)(width - 1);
        foreach (LinkSpan<PlainLink> piece in _plain)
            for (PlainLink* p = piece.Start, last = p + piece.Count; p < last; p++)
                cells[ends[(uint)(p->Packed >> 32) & mask]++] = new Cell(1, (uint)p->Packed, 1);
        foreach (LinkSpan<ObservedLink> piece in _observed)
            for (ObservedLink* p = piece.Start, last = p + piece.Count; p < last; p++)
                cells[ends[(uint)(p->Packed >> 32) & mask]++] = new Cell(p->Weight, (uint)p->Packed, p->Count);

        bool repeated = false;
        long at = 0, start = 0;
        for (long r = 0; r < width; r++)
        {
            long end = ends[r];
            Span<ulong> row = Row(keys, end - start, firstRow + r);
            for (int i = 0; i < row.Length; i++)
                row[i] = (ulong)cells[start + i].Target << 32 | (uint)i;
            row.Sort();
            for (int i = 0; i < row.Length;)
            {
                uint target = (uint)(row[i] >> 32), times = 0;
                double sum = 0;
                for (; i < row.Length && (uint)(row[i] >> 32) == target; i++)
                {
                    ref readonly Cell cell = ref cells[start + (uint)row[i]];
                    sum += cell.Weight;
                    times = AddSaturated(times, cell.Count);
                }
                if (!float.IsFinite((float)sum))
                    throw new OverflowException($"the weights of link {firstRow + r} → {target} sum to {sum}, more than {float.MaxValue}: scale them down");
                targets[at] = target;
                weights[at] = (float)sum;
                counts[at++] = times;
                repeated |= times != 1;
            }
            ends[r] = at;
            start = end;
        }
        Result = new SortedRows(firstRow, rows, at)
        {
            Ends = ends,
            Links = targets,
            Weights = weights,
            Counts = repeated ? counts : null,
        };
    }

    /// <summary>Rows of distinct links whose other ends came in ascending order: the counting sort suffices.</summary>
    public void Transpose(LinkBuckets<PlainLink> links, long firstRow, long rows)
    {
        _plain.Clear();
        long count = links.Collect(Bucket, _plain), width = 1L << links.Shift;
        long* ends = (long*)buffer.Ensure(8 * width + 4 * count);
        uint* sources = (uint*)(ends + width);
        CountRows(_plain, ends, width);
        Scatter(_plain, ends, width, sources);
        Result = new SortedRows(firstRow, rows, count) { Ends = ends, Links = sources };
    }

    /// <inheritdoc cref="Transpose(LinkBuckets{PlainLink}, long, long)"/>
    public void Transpose(LinkBuckets<WeighedLink> links, long firstRow, long rows)
    {
        _weighed.Clear();
        long count = links.Collect(Bucket, _weighed), width = 1L << links.Shift;
        long* ends = (long*)buffer.Ensure(8 * (width + count));
        uint* sources = (uint*)(ends + width);
        float* weights = (float*)(sources + count);
        CountRows(_weighed, ends, width);
        uint mask = (uint)(width - 1);
        foreach (LinkSpan<WeighedLink> piece in _weighed)
            for (WeighedLink* p = piece.Start, last = p + piece.Count; p < last; p++)
            {
                long at = ends[(uint)(p->Packed >> 32) & mask]++;
                sources[at] = (uint)p->Packed;
                weights[at] = p->Weight;
            }
        Result = new SortedRows(firstRow, rows, count) { Ends = ends, Links = sources, Weights = weights };
    }

    public void Dispose() => buffer.Dispose();

    // ends[r] becomes the position of row r's first link; the scatter moves it to its end.
    private static void CountRows<T>(List<LinkSpan<T>> pieces, long* ends, long width) where T : unmanaged, ILinkRecord
    {
        new Span<long>(ends, checked((int)width)).Clear();
        Count(pieces, ends, width);
        CountsToStarts(ends, width);
    }

    private static void CountRows(List<LinkSpan<PlainLink>> plain, List<LinkSpan<ObservedLink>> observed, long* ends, long width)
    {
        new Span<long>(ends, checked((int)width)).Clear();
        Count(plain, ends, width);
        Count(observed, ends, width);
        CountsToStarts(ends, width);
    }

    private static void Count<T>(List<LinkSpan<T>> pieces, long* counts, long width) where T : unmanaged, ILinkRecord
    {
        uint mask = (uint)(width - 1);
        foreach (LinkSpan<T> piece in pieces)
            for (T* p = piece.Start, last = p + piece.Count; p < last; p++)
                counts[(uint)(p->Packed >> 32) & mask]++;
    }

    private static void CountsToStarts(long* counts, long width)
    {
        long sum = 0;
        for (long r = 0; r < width; r++)
        {
            long count = counts[r];
            counts[r] = sum;
            sum += count;
        }
    }

    // Sorts by the other end, whose highest bit is bits - 1, into one of the two buffers, which is returned; the rows'
    // starts are counted on the way.
    private ulong* SortByDigits(List<LinkSpan<PlainLink>> pieces, ulong* first, ulong* second, long* starts, long width, int bits)
    {
        const int table = 1 << DigitBits;
        int passes = (bits + DigitBits - 1) / DigitBits, digit = (bits + passes - 1) / passes;
        uint mask = (1u << digit) - 1, rowMask = (uint)(width - 1);
        new Span<long>(starts, checked((int)width)).Clear();
        Array.Clear(_digits);
        fixed (long* digits = _digits)
        {
            foreach (LinkSpan<PlainLink> piece in pieces)
                for (PlainLink* p = piece.Start, last = p + piece.Count; p < last; p++)
                {
                    ulong link = p->Packed;
                    uint end = (uint)link;
                    starts[(uint)(link >> 32) & rowMask]++;
                    digits[end & mask]++;
                    digits[table + ((end >> digit) & mask)]++;
                    digits[2 * table + ((end >> 2 * digit) & mask)]++;
                }
            CountsToStarts(starts, width);
            for (int pass = 0; pass < passes; pass++)
                CountsToStarts(digits + pass * table, table);
            long count = 0;
            foreach (LinkSpan<PlainLink> piece in pieces)
            {
                for (PlainLink* p = piece.Start, last = p + piece.Count; p < last; p++)
                    first[digits[(uint)p->Packed & mask]++] = p->Packed;
                count += piece.Count;
            }
            for (int pass = 1; pass < passes; pass++)
            {
                long* at = digits + pass * table;
                int shift = pass * digit;
                for (long i = 0; i < count; i++)
                    second[at[((uint)first[i] >> shift) & mask]++] = first[i];
                ulong* sorted = second;
                second = first;
                first = sorted;
            }
        }
        return first;
    }

    private static void SortRow(Span<uint> row)
    {
        if (row.Length > ShortRow)
        {
            row.Sort();
            return;
        }
        for (int i = 1; i < row.Length; i++)
        {
            uint end = row[i];
            int at = i;
            for (; at > 0 && row[at - 1] > end; at--)
                row[at] = row[at - 1];
            row[at] = end;
        }
    }

    private static void Scatter(List<LinkSpan<PlainLink>> pieces, long* ends, long width, uint* to)
    {
        uint mask = (uint)(width - 1);
        foreach (LinkSpan<PlainLink> piece in pieces)
            for (PlainLink* p = piece.Start, last = p + piece.Count; p < last; p++)
                to[ends[(uint)(p->Packed >> 32) & mask]++] = (uint)p->Packed;
    }

    private static Span<T> Row<T>(T* start, long count, long row) where T : unmanaged =>
        count <= Array.MaxLength
            ? new Span<T>(start, (int)count)
            : throw new OverflowException($"node {row} has {count} links before duplicates are merged; {Array.MaxLength} can be sorted");

    private static void FillOnes(uint* counts, long length)
    {
        for (long i = 0; i < length; i++)
            counts[i] = 1;
    }

    private static uint AddSaturated(uint a, uint b) => (uint)Math.Min((ulong)a + b, uint.MaxValue);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Cell(double weight, uint target, uint count)
    {
        public readonly double Weight = weight;
        public readonly uint Target = target, Count = count;
    }
}
