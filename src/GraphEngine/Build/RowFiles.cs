using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Writes the arrays of one direction of a <see cref="LinkGraph"/>, row after row. Weights and counts begin where the
/// first is given: links before it weigh 1 and were observed once.
/// </summary>
internal sealed unsafe class RowFiles : IDisposable
{
    private readonly string _folder, _side;
    private readonly AppendedArray<long> _offsets;
    private readonly AppendedArray<uint> _links;
    private AppendedArray<float>? _weights;
    private AppendedArray<uint>? _counts;

    /// <param name="side"><c>out</c> or <c>in</c>.</param>
    public RowFiles(string folder, string side)
    {
        (_folder, _side) = (folder, side);
        _offsets = new(FileOf("offsets"));
        _links = new(FileOf("links"));
        _offsets.Append([0]);
    }

    /// <summary>Rows ended so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Links written so far.</summary>
    public long Links { get; private set; }

    /// <summary>Appends links to the row that is open.</summary>
    /// <param name="weights">One for each link, or empty.</param>
    /// <param name="counts">One for each link, or empty.</param>
    public void AppendLinks(ReadOnlySpan<uint> links, ReadOnlySpan<float> weights = default, ReadOnlySpan<uint> counts = default)
    {
        _links.Append(links);
        Append(ref _weights, "weights", weights, 1f, links.Length);
        Append(ref _counts, "counts", counts, 1u, links.Length);
        Links += links.Length;
    }

    /// <summary>Ends the open row, and empty ones behind it, so that <paramref name="rows"/> rows have ended.</summary>
    public void EndRows(long rows)
    {
        _offsets.Repeat(Links, rows - Rows);
        Rows = rows;
    }

    /// <summary>Appends whole rows.</summary>
    public void Append(in SortedRows sorted)
    {
        long first = Links;
        const int each = 1 << 16;
        Span<long> ends = stackalloc long[512];
        for (long r = 0; r < sorted.Rows; r += ends.Length)
        {
            int some = (int)Math.Min(ends.Length, sorted.Rows - r);
            for (int i = 0; i < some; i++)
                ends[i] = first + sorted.Ends[r + i];
            _offsets.Append(ends[..some]);
        }
        Rows += sorted.Rows;
        for (long i = 0; i < sorted.Count; i += each)
        {
            int some = (int)Math.Min(each, sorted.Count - i);
            AppendLinks(new(sorted.Links + i, some),
                sorted.Weights == null ? default : new(sorted.Weights + i, some),
                sorted.Counts == null ? default : new(sorted.Counts + i, some));
        }
    }

    /// <summary>Makes an array of weights even if each is 1.</summary>
    public void RequireWeights()
    {
        if (_weights is null)
            (_weights = new(FileOf("weights"))).Repeat(1f, Links);
    }

    /// <summary>Completes the files, which can be mapped then, and enters them in <paramref name="arrays"/>.</summary>
    public void Complete(IDictionary<string, ArrayEntry> arrays)
    {
        (string row, string ends) = _side == "out" ? ("source", "targets") : ("target", "sources");
        arrays[$"{_side}_offsets"] = _offsets.Complete($"where the row of each {row} begins in {_side}_links; last, their number");
        arrays[$"{_side}_links"] = _links.Complete($"{ends} of each {row}, ascending");
        if (_weights is not null)
            arrays[$"{_side}_weights"] = _weights.Complete($"weight of each link in {_side}_links, duplicates summed");
        if (_counts is not null)
            arrays[$"{_side}_counts"] = _counts.Complete($"how many times each link in {_side}_links was observed");
    }

    /// <summary>Waits until the completed files are on the disk, and closes them.</summary>
    public void Flush()
    {
        _offsets.Flush();
        _links.Flush();
        _weights?.Flush();
        _counts?.Flush();
    }

    public void Dispose()
    {
        _offsets.Dispose();
        _links.Dispose();
        _weights?.Dispose();
        _counts?.Dispose();
    }

    private void Append<T>(ref AppendedArray<T>? array, string name, ReadOnlySpan<T> values, T otherwise, int count) where T : unmanaged
    {
        if (values.IsEmpty)
        {
            array?.Repeat(otherwise, count);
            return;
        }
        if (array is null)
            (array = new(FileOf(name))).Repeat(otherwise, Links);
        array.Append(values);
    }

    private string FileOf(string name) => Path.Combine(_folder, $"{_side}_{name}.npy");

    // An .npy file written through a buffer: rows are short, system calls are not.
    private sealed class AppendedArray<T>(string path) : IDisposable where T : unmanaged
    {
        private readonly NpyWriter<T> _file = NpyWriter<T>.Growing(path);
        private readonly T[] _buffer = new T[(256 << 10) / sizeof(T)];
        private int _fill;
        private bool _finished;

        public void Append(ReadOnlySpan<T> values)
        {
            while (values.Length > 0)
            {
                int some = Math.Min(values.Length, _buffer.Length - _fill);
                values[..some].CopyTo(_buffer.AsSpan(_fill));
                _fill += some;
                values = values[some..];
                if (_fill == _buffer.Length)
                    WriteBuffer();
            }
        }

        public void Repeat(T value, long count)
        {
            while (count > 0)
            {
                int some = (int)Math.Min(count, _buffer.Length - _fill);
                _buffer.AsSpan(_fill, some).Fill(value);
                _fill += some;
                count -= some;
                if (_fill == _buffer.Length)
                    WriteBuffer();
            }
        }

        public ArrayEntry Complete(string meaning)
        {
            WriteBuffer();
            ArrayEntry entry = _file.Complete(meaning);
            _finished = true;
            return entry;
        }

        public void Flush() => _file.Flush();

        public void Dispose()
        {
            _file.Dispose();
            if (!_finished)
                File.Delete(path);
        }

        private void WriteBuffer()
        {
            _file.Write(_buffer.AsSpan(0, _fill));
            _fill = 0;
        }
    }
}

/// <summary>Consecutive rows in memory, as <see cref="BucketSorter"/> leaves them.</summary>
internal readonly unsafe struct SortedRows(long firstRow, long rows, long count)
{
    /// <summary>Number of the first row.</summary>
    public long FirstRow { get; } = firstRow;

    /// <summary>How many rows.</summary>
    public long Rows { get; } = rows;

    /// <summary>Links in all.</summary>
    public long Count { get; } = count;

    /// <summary>For each row, the links in it and in the rows before it.</summary>
    public long* Ends { get; init; }

    /// <summary>Their other ends, ascending in each row.</summary>
    public uint* Links { get; init; }

    /// <summary>Their weights, or null where each is 1.</summary>
    public float* Weights { get; init; }

    /// <summary>How often each was observed, or null where each was once.</summary>
    public uint* Counts { get; init; }
}
