using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.GraphEngine;

/// <summary>Links that lie side by side in memory or in a mapped file.</summary>
internal readonly unsafe struct LinkSpan<T>(T* start, long count) where T : unmanaged
{
    public T* Start { get; } = start;

    public long Count { get; } = count;
}

/// <summary>
/// Links partitioned by the leading bits of their row, in the order they came: the first pass of a radix sort, which
/// turns scattering over gigabytes into scattering within a cache. Bucket b holds rows [b·2^s, (b+1)·2^s); s grows with
/// the highest row so that there are at most 2,048 buckets, few enough for the write positions to stay in the caches.
/// <para>In memory a bucket is a chain of chunks from one pool. When the pool is full all chains are appended to one file,
/// bucket after bucket: a run. A run keeps the s of its time: buckets are merged in pairs when s grows, so a later
/// bucket's links are still side by side in it.</para>
/// Append costs about 3 ns a link; memory is the pool and 64 KB.
/// </summary>
internal sealed unsafe class LinkBuckets<T> : IDisposable where T : unmanaged, ILinkRecord
{
    private const int MaxBuckets = 2048;

    private readonly string _path;
    private readonly int _chunk; // links in a chunk, a power of two
    private readonly int _chunks;
    private readonly int[] _next; // chunk after this one, or -1
    private readonly int[] _fill; // links in a chunk that is not the last of its chain
    private readonly int[] _head = new int[MaxBuckets], _tail = new int[MaxBuckets];
    private readonly long[] _at = new long[MaxBuckets]; // where the next link goes; a multiple of _chunk: no room
    private readonly List<Run> _runs = [];
    private T* _pool;
    private int _used;
    private SafeFileHandle? _file;
    private long _fileBytes;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;
    private byte* _mapped;

    /// <param name="path">The spill file, should one be needed.</param>
    /// <param name="bytes">Size of the pool.</param>
    public LinkBuckets(string path, long bytes)
    {
        _path = path;
        // 8 KB a chunk fill whole pages and write well; a small pool has smaller ones, or half-empty ones would fill it.
        long links = Math.Clamp(bytes / 32768, 32, 8192) / sizeof(T);
        _chunk = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(links / 2 + 1, 2));
        _chunks = (int)Math.Clamp(bytes / sizeof(T) / _chunk, 2, int.MaxValue / 2);
        _next = new int[_chunks];
        _fill = new int[_chunks];
        _pool = (T*)NativeBuffer.Allocate((long)_chunks * _chunk * sizeof(T));
        Array.Fill(_head, -1);
        Array.Fill(_tail, -1);
    }

    /// <summary>Links appended.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes of the pool in use.</summary>
    public long UsedBytes => (long)_used * _chunk * sizeof(T);

    /// <summary>Links have been put on disk.</summary>
    public bool Spilled => _file is not null;

    /// <summary>s: rows of a bucket are 2^s.</summary>
    public int Shift { get; private set; }

    /// <summary>Appends links whose rows are all at most <paramref name="maxRow"/>.</summary>
    public void Append(ReadOnlySpan<T> links, uint maxRow)
    {
        Widen(maxRow);
        Count += links.Length;
        int shift = 32 + Shift, mask = _chunk - 1;
        T* pool = _pool;
        fixed (long* positions = _at)
        {
            foreach (ref readonly T link in links)
            {
                int bucket = (int)(link.Packed >> shift);
                long at = positions[bucket];
                if ((at & mask) == 0)
                    at = NewChunk(bucket);
                pool[at] = link;
                positions[bucket] = at + 1;
            }
        }
    }

    /// <summary>Makes buckets wide enough for <paramref name="maxRow"/>.</summary>
    public void Widen(uint maxRow)
    {
        while (maxRow >> Shift >= MaxBuckets)
        {
            SealChains();
            Shift++;
            for (int b = 0; b < MaxBuckets; b++)
            {
                int first = 2 * b, second = 2 * b + 1;
                if (second >= MaxBuckets || (_head[first] < 0 && _head[second] < 0))
                    (_head[b], _tail[b], _at[b]) = (-1, -1, 0);
                else if (_head[second] < 0)
                    (_head[b], _tail[b], _at[b]) = (_head[first], _tail[first], _at[first]);
                else
                {
                    if (_head[first] >= 0)
                        _next[_tail[first]] = _head[second];
                    (_head[b], _tail[b], _at[b]) = (_head[first] >= 0 ? _head[first] : _head[second], _tail[second], _at[second]);
                }
            }
        }
    }

    /// <summary>Writes what is in memory to the spill file and gives the pool back: no more links will come.</summary>
    public void SpillAll()
    {
        if (_used > 0)
            Spill();
        NativeMemory.AlignedFree(_pool);
        _pool = null;
    }

    /// <summary>Makes <see cref="Collect"/> possible: no more links will come.</summary>
    public void EndAppend()
    {
        SealChains();
        if (_file is null)
            return;
        _map = MemoryMappedFile.CreateFromFile(_file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(0, _fileBytes, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _mapped = pointer + _view.PointerOffset;
    }

    /// <summary>Adds the pieces of a bucket in the order its links came; safe for many threads. Returns the number of links.</summary>
    public long Collect(long bucket, List<LinkSpan<T>> pieces)
    {
        long count = 0;
        foreach (Run run in _runs)
        {
            int finer = Shift - run.Shift;
            long first = Math.Min(bucket << finer, MaxBuckets), last = Math.Min((bucket + 1) << finer, MaxBuckets);
            long start = run.Starts[first], links = run.Starts[last] - start;
            if (links > 0)
                pieces.Add(new LinkSpan<T>((T*)(_mapped + run.Offset) + start, links));
            count += links;
        }
        if (bucket < MaxBuckets)
            for (int c = _head[bucket]; c >= 0; c = _next[c])
            {
                pieces.Add(new LinkSpan<T>(_pool + (long)c * _chunk, _fill[c]));
                count += _fill[c];
            }
        return count;
    }

    public void Dispose()
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _map!.Dispose();
            _view = null;
        }
        if (_file is not null)
        {
            _file.Dispose();
            _file = null;
            File.Delete(_path);
        }
        if (_pool != null)
            NativeMemory.AlignedFree(_pool);
        _pool = null;
    }

    private long NewChunk(int bucket)
    {
        if (_used == _chunks)
            Spill();
        int c = _used++;
        if (_head[bucket] < 0)
            _head[bucket] = c;
        else
        {
            _fill[_tail[bucket]] = _chunk; // sealed half-full when buckets were merged, it has gone on to be full
            _next[_tail[bucket]] = c;
        }
        _tail[bucket] = c;
        _next[c] = -1;
        _fill[c] = _chunk;
        return (long)c * _chunk;
    }

    private void SealChains()
    {
        for (int b = 0; b < MaxBuckets; b++)
            if (_tail[b] >= 0)
                _fill[_tail[b]] = (_at[b] & (_chunk - 1)) == 0 ? _chunk : (int)(_at[b] & (_chunk - 1));
    }

    private void Spill()
    {
        SealChains();
        _file ??= File.OpenHandle(_path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read);
        long[] starts = new long[MaxBuckets + 1];
        byte[] buffer = new byte[Math.Max(1 << 18, _chunk * sizeof(T))];
        int fill = 0;
        long offset = _fileBytes, links = 0;
        for (int b = 0; b < MaxBuckets; b++)
        {
            starts[b] = links;
            for (int c = _head[b]; c >= 0; c = _next[c])
            {
                var bytes = new ReadOnlySpan<byte>(_pool + (long)c * _chunk, _fill[c] * sizeof(T));
                if (fill + bytes.Length > buffer.Length)
                {
                    RandomAccess.Write(_file, buffer.AsSpan(0, fill), _fileBytes);
                    _fileBytes += fill;
                    fill = 0;
                }
                bytes.CopyTo(buffer.AsSpan(fill));
                fill += bytes.Length;
                links += _fill[c];
            }
        }
        starts[MaxBuckets] = links;
        RandomAccess.Write(_file, buffer.AsSpan(0, fill), _fileBytes);
        _fileBytes += fill;
        _runs.Add(new Run(offset, Shift, starts));
        Array.Fill(_head, -1);
        Array.Fill(_tail, -1);
        Array.Clear(_at);
        _used = 0;
    }

    // Links [Starts[b], Starts[b+1]) from byte Offset belong to bucket b of 2^Shift rows.
    private sealed record Run(long Offset, int Shift, long[] Starts);
}
