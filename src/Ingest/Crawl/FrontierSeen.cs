using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// The URLs that were ever seen, by 64-bit hash: open addressing with linear probing, 8 bytes a slot, 0 for empty (a hash of
/// 0 counts as 1). 64 tables by the hash's top bits, each doubled on its own at 3/4: growing moves 1/64 at a time,
/// so memory peaks 1.6 % above the tables themselves (10.7 to 21.3 bytes a URL) and no add waits long.
/// Two different URLs share a hash with probability n²/2⁶⁵: one in 1,000 crawls of 200 million URLs loses one URL.
/// The hash is seeded by a secret of the frontier: nobody can make colliding URLs. Native memory. Not thread-safe.
/// </summary>
internal sealed unsafe class FrontierSeen : IDisposable
{
    private const int Tables = 64, Shift = 58;

    private readonly HugeArray<ulong>[] _tables = new HugeArray<ulong>[Tables];
    private readonly int[] _counts = new int[Tables];

    public FrontierSeen()
    {
        for (int i = 0; i < Tables; i++)
            _tables[i] = new HugeArray<ulong>(256);
    }

    public long Count { get; private set; }

    /// <returns>False if it was there.</returns>
    public bool Add(ulong hash)
    {
        hash = Math.Max(hash, 1);
        int table = (int)(hash >> Shift);
        if (_counts[table] >= _tables[table].Length / 4 * 3)
            Grow(table);
        ulong* slot = Find(_tables[table], hash);
        if (*slot != 0)
            return false;
        *slot = hash;
        _counts[table]++;
        Count++;
        return true;
    }

    public bool Contains(ulong hash) => *Find(_tables[(int)(Math.Max(hash, 1) >> Shift)], Math.Max(hash, 1)) != 0;

    public void Dispose()
    {
        foreach (HugeArray<ulong> table in _tables)
            table.Dispose();
    }

    private void Grow(int table)
    {
        HugeArray<ulong> old = _tables[table], grown = new(old.Length * 2);
        for (long i = 0; i < old.Length; i++)
            if (old.Pointer[i] != 0)
                *Find(grown, old.Pointer[i]) = old.Pointer[i];
        _tables[table] = grown;
        old.Dispose();
    }

    // Lengths are powers of two; the low bits choose the slot, the top ones chose the table.
    private static ulong* Find(HugeArray<ulong> table, ulong hash)
    {
        ulong mask = (ulong)table.Length - 1;
        ulong* slots = table.Pointer;
        ulong at = hash & mask;
        while (slots[at] != 0 && slots[at] != hash)
            at = (at + 1) & mask;
        return slots + at;
    }
}
