using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Numbers the names of links in the order of their keys, in bounded memory. Names are interned in a table; each link is
/// put on disk as two numbers of that table. When the table is full its keys are sorted and put on disk too, and a new
/// table begins: a run. At the end the runs' keys are merged, which gives each its node, and the links are read again.
/// Memory: the limit, up to twice as much again while a table is sorted, and 4 bytes a name of each run at the end. Disk:
/// 20 bytes a link and the names.
/// </summary>
internal sealed class NamedLinks : IDisposable
{
    private readonly string _folder;
    private readonly long _limit;
    private readonly FileStream _links;
    private readonly List<Run> _runs = [];
    private readonly SpooledLink[] _block = new SpooledLink[4096];
    private int _fill;
    private long _linkCount, _runLinks;

    // The table: name i is _bytes[_ends[i-1].._ends[i]]; _slots holds i+1 by hash, open addressing, at most half full.
    private byte[] _bytes = new byte[1 << 16];
    private int[] _ends = new int[1 << 10];
    private int[] _slots = new int[1 << 12];
    private int _names;

    /// <param name="folder">Where temporary files go.</param>
    /// <param name="bytes">When the table takes as much, a run ends.</param>
    public NamedLinks(string folder, long bytes)
    {
        (_folder, _limit) = (folder, Math.Min(bytes, 1 << 30));
        _links = Temporary("links.names");
    }

    /// <summary>Adds a link; false if a name is not UTF-8.</summary>
    public bool TryAdd(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target, double weight, uint count)
    {
        // 24 bytes a name: its end, its slots, and the table's room to grow.
        if (_names > 0 && Used + 24L * _names + source.Length + target.Length > _limit)
            EndRun();
        int u = Intern(source), v = Intern(target);
        if (u < 0 || v < 0)
            return false;
        _block[_fill++] = new SpooledLink((uint)u, (uint)v, weight, count);
        _runLinks++;
        _linkCount++;
        if (_fill == _block.Length)
            FlushLinks();
        return true;
    }

    /// <summary>Gives every key its node and hands them to <paramref name="names"/> in order. Returns their number.</summary>
    public int NumberNames(NodeNamesWriter names, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        EndRun();
        (_bytes, _ends, _slots) = ([], [], []);
        var next = new PriorityQueue<Run, byte[]>(Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        foreach (Run run in _runs)
        {
            run.Open();
            if (run.Read())
                next.Enqueue(run, run.Key);
        }
        byte[]? last = null;
        while (next.TryDequeue(out Run? run, out byte[]? key))
        {
            if (last is null || !last.AsSpan().SequenceEqual(key))
            {
                if (names.Count == GraphBuilder.MaxNodes)
                    throw new ImportException(_folder, $"there are more than {GraphBuilder.MaxNodes} different names");
                if (names.Count % (1 << 16) == 0)
                {
                    cancel.ThrowIfCancellationRequested();
                    progress?.Report(new StepProgress("numbering names", names.Count, 0, "names"));
                }
                names.Add(key);
                last = key;
            }
            run.Number(names.Count - 1);
            if (run.Read())
                next.Enqueue(run, run.Key);
        }
        return names.Count;
    }

    /// <summary>The links in the order they came, by node.</summary>
    public void Replay(Action<uint, uint, double, uint> add, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        _links.Position = 0;
        long done = 0;
        foreach (Run run in _runs)
        {
            uint[] nodes = run.Nodes();
            for (long left = run.Links; left > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                Span<SpooledLink> some = _block.AsSpan(0, (int)Math.Min(left, _block.Length));
                _links.ReadExactly(MemoryMarshal.AsBytes(some));
                foreach (ref readonly SpooledLink link in some)
                    add(nodes[link.Source], nodes[link.Target], link.Weight, link.Count);
                left -= some.Length;
                done += some.Length;
                progress?.Report(new StepProgress("numbering links", done, _linkCount, "links"));
            }
        }
    }

    public void Dispose()
    {
        _links.Dispose();
        foreach (Run run in _runs)
            run.Dispose();
    }

    private int Used => _names == 0 ? 0 : _ends[_names - 1];

    private ReadOnlySpan<byte> NameOf(int i) => _bytes.AsSpan((i == 0 ? 0 : _ends[i - 1]).._ends[i]);

    private int Intern(ReadOnlySpan<byte> name)
    {
        int mask = _slots.Length - 1, slot = Hash(name) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (NameOf(_slots[slot] - 1).SequenceEqual(name))
                return _slots[slot] - 1;
        if (!Utf8.IsValid(name))
            return -1;
        int used = Used;
        if (_bytes.Length - used < name.Length)
            Array.Resize(ref _bytes, Math.Max(used + name.Length, (int)Math.Min(Array.MaxLength, _bytes.Length * 2L)));
        name.CopyTo(_bytes.AsSpan(used));
        if (_names == _ends.Length)
            Array.Resize(ref _ends, _names * 2);
        _ends[_names++] = used + name.Length;
        _slots[slot] = _names;
        if (_names * 2 > _slots.Length)
            GrowSlots();
        return _names - 1;
    }

    private void GrowSlots()
    {
        _slots = new int[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int i = 0; i < _names; i++)
        {
            int slot = Hash(NameOf(i)) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = i + 1;
        }
    }

    private static int Hash(ReadOnlySpan<byte> name)
    {
        ulong hash = System.IO.Hashing.XxHash3.HashToUInt64(name);
        return (int)(hash ^ (hash >> 32));
    }

    private void FlushLinks()
    {
        _links.Write(MemoryMarshal.AsBytes(_block.AsSpan(0, _fill)));
        _fill = 0;
    }

    private void EndRun()
    {
        FlushLinks();
        if (_names == 0)
            return;
        var run = new Run(Temporary($"names.run{_runs.Count}"), _names, _runLinks);
        _runs.Add(run);
        byte[][] keys = new byte[_names][];
        for (int i = 0; i < _names; i++)
            keys[i] = Encoding.UTF8.GetBytes(NodeNames.ToKey(Encoding.UTF8.GetString(NameOf(i))));
        int[] ids = new int[_names];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = i;
        Array.Sort(keys, ids, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        for (int i = 0; i < keys.Length; i++)
            run.Write(keys[i], ids[i]);
        Array.Clear(_slots);
        (_names, _runLinks) = (0, 0);
    }

    private FileStream Temporary(string name) => new(Path.Combine(_folder, name), new FileStreamOptions
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.ReadWrite,
        Options = FileOptions.DeleteOnClose,
        BufferSize = 1 << 16,
    });

    // A full table's keys in order: length, bytes, number in the table.
    private sealed class Run(FileStream file, int names, long links) : IDisposable
    {
        private readonly uint[] _nodes = new uint[names];
        private int _id;

        public long Links => links;

        public byte[] Key { get; private set; } = [];

        public void Write(byte[] key, int id)
        {
            Span<byte> numbers = stackalloc byte[8];
            MemoryMarshal.Write(numbers, key.Length);
            MemoryMarshal.Write(numbers[4..], id);
            file.Write(numbers);
            file.Write(key);
        }

        public void Open() => file.Position = 0;

        public bool Read()
        {
            Span<byte> numbers = stackalloc byte[8];
            if (file.ReadAtLeast(numbers, 8, throwOnEndOfStream: false) < 8)
                return false;
            Key = new byte[MemoryMarshal.Read<int>(numbers)];
            _id = MemoryMarshal.Read<int>(numbers[4..]);
            file.ReadExactly(Key);
            return true;
        }

        public void Number(int node) => _nodes[_id] = (uint)node;

        public uint[] Nodes() => _nodes;

        public void Dispose() => file.Dispose();
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private readonly struct SpooledLink(uint source, uint target, double weight, uint count)
    {
        public readonly uint Source = source, Target = target;
        public readonly double Weight = weight;
        public readonly uint Count = count;
    }
}
