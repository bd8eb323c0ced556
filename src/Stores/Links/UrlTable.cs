using System.IO.Hashing;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>128 bits that stand for a URL and its granularity: XXH3-128 of the UTF-8 bytes, seeded with the granularity.</summary>
internal readonly record struct UrlHash(ulong Low, ulong High)
{
    public static UrlHash Of(string url, Granularity granularity)
    {
        Span<byte> buffer = stackalloc byte[1024];
        UInt128 hash = url.Length * 3 <= buffer.Length
            ? XxHash128.HashToUInt128(buffer[..Encoding.UTF8.GetBytes(url, buffer)], (long)granularity)
            : XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(url), (long)granularity);
        return new UrlHash((ulong)hash, (ulong)(hash >> 64));
    }
}

/// <summary>
/// The numbers of all URLs that the store knows, in memory while it writes, so that a batch of new pages reads nothing.
/// Open addressing, 20 bytes a slot, a third to three quarters full: 27 to 53 bytes a URL. A slot keeps all 128 bits of the
/// hash, of which chance gives two URLs the same once in 10^20 stores of a billion URLs, so no text is compared.
/// Beside the number it keeps whether the page has been visited (only then is there a state to read) and the second in
/// which it was first seen (only an older report has something to change).
/// </summary>
internal sealed class UrlTable
{
    private const uint VisitedBit = 1u << 31;

    private UrlHash[] _hashes = new UrlHash[1 << 12];
    private uint[] _ids = new uint[1 << 12]; // number + 1, and the visited bit; 0 is an empty slot
    private uint[] _seconds = new uint[1 << 12];

    public int Count { get; private set; }

    /// <summary>The slot of a URL, or -1.</summary>
    public int Find(UrlHash hash)
    {
        int mask = _ids.Length - 1;
        for (int slot = (int)hash.Low & mask; _ids[slot] != 0; slot = (slot + 1) & mask)
            if (_hashes[slot] == hash)
                return slot;
        return -1;
    }

    /// <summary>Adds a URL that is not there; slots of others may move.</summary>
    public int Add(UrlHash hash, uint id, long firstSeen, bool visited)
    {
        if ((Count + 1L) * 4 > _ids.Length * 3L)
            Grow();
        int mask = _ids.Length - 1, slot = (int)hash.Low & mask;
        while (_ids[slot] != 0)
            slot = (slot + 1) & mask;
        (_hashes[slot], _ids[slot], _seconds[slot]) = (hash, (id + 1) | (visited ? VisitedBit : 0), Second(firstSeen));
        Count++;
        return slot;
    }

    public uint Id(int slot) => (_ids[slot] & ~VisitedBit) - 1;

    public bool Visited(int slot) => (_ids[slot] & VisitedBit) != 0;

    public void SetVisited(int slot) => _ids[slot] |= VisitedBit;

    /// <summary>False where <paramref name="time"/> (microseconds) is surely not before the first time known.</summary>
    public bool MayBeEarlier(int slot, long time) => Second(time) <= _seconds[slot];

    public void SetEarlier(int slot, long time) => _seconds[slot] = Math.Min(_seconds[slot], Second(time));

    private static uint Second(long time) => (uint)Math.Clamp(Math.DivRem(time, 1_000_000).Quotient, 0, uint.MaxValue);

    private void Grow()
    {
        (UrlHash[] hashes, uint[] ids, uint[] seconds) = (_hashes, _ids, _seconds);
        int length = checked(ids.Length * 2), mask = length - 1;
        (_hashes, _ids, _seconds) = (new UrlHash[length], new uint[length], new uint[length]);
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] == 0)
                continue;
            int slot = (int)hashes[i].Low & mask;
            while (_ids[slot] != 0)
                slot = (slot + 1) & mask;
            (_hashes[slot], _ids[slot], _seconds[slot]) = (hashes[i], ids[i], seconds[i]);
        }
    }
}
