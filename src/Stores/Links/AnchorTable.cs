using System.IO.Hashing;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// The distinct texts among a store's anchors, in memory: 21 bytes each beside its own, and 4 for each number of the store.
/// An open-addressing table over 32 bits of XXH3; texts are compared, so equal hashes do no harm. Texts are numbered as they
/// come, which depends on the order of writing: who publishes numbers them anew.
/// </summary>
internal sealed class AnchorTable
{
    private const int BlockBytes = 1 << 24;

    private readonly List<byte[]> _blocks = [];
    private readonly List<long> _places = []; // block << 24 | offset; there are 4 bytes of length and the text
    private readonly List<uint> _hashes = [];
    private uint[] _slots = new uint[1 << 10]; // text + 1, 0 empty
    private uint[] _textOf = []; // by the store's number
    private int _fill = BlockBytes;

    public AnchorTable() => Empty = Add([]);

    /// <summary>Number of "".</summary>
    public uint Empty { get; }

    public int Count => _places.Count;

    /// <summary>Reads what <paramref name="needed"/> of the store's numbers stand for.</summary>
    public static AnchorTable Read(ILinkStore store, IdSet needed, uint highest, CancellationToken cancel)
    {
        var table = new AnchorTable { _textOf = new uint[highest + 1L] };
        foreach (StoredAnchor anchor in store.Anchors(cancel))
            if (anchor.Number >= 0 && anchor.Number <= highest && needed.Has((uint)anchor.Number))
                table._textOf[anchor.Number] = table.Add(anchor.Utf8.Span);
        table._slots = []; // nothing is looked up any more
        table._hashes.Clear();
        table._hashes.TrimExcess();
        return table;
    }

    /// <summary>Forgets what the store's numbers stand for.</summary>
    public void EndNumbers() => _textOf = [];

    /// <summary>The text that a number of the store stands for; "" for one that it does not know.</summary>
    public uint TextOf(uint number) => number < (uint)_textOf.Length ? _textOf[number] : Empty;

    public ReadOnlySpan<byte> this[uint text]
    {
        get
        {
            long place = _places[(int)text];
            ReadOnlySpan<byte> block = _blocks[(int)(place >> 24)].AsSpan((int)(place & (BlockBytes - 1)));
            return block.Slice(4, BitConverter.ToInt32(block));
        }
    }

    /// <summary>The form of every text, as far as the text alone tells.</summary>
    public AnchorForm[] Forms(int threads, CancellationToken cancel)
    {
        var forms = new AnchorForm[Count];
        const int range = 1 << 14;
        Parallel.For(0, (forms.Length + range - 1) / range, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel }, r =>
        {
            char[] chars = new char[2048];
            for (int i = r * range; i < Math.Min((r + 1) * range, forms.Length); i++)
            {
                ReadOnlySpan<byte> text = this[(uint)i];
                if (text.Length > chars.Length)
                    chars = new char[text.Length];
                forms[i] = AnchorForms.OfText(chars.AsSpan(0, Encoding.UTF8.GetChars(text, chars)));
            }
        });
        return forms;
    }

    private uint Add(ReadOnlySpan<byte> text)
    {
        uint hash = (uint)XxHash3.HashToUInt64(text);
        int mask = _slots.Length - 1;
        int slot = (int)(hash & (uint)mask);
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (_hashes[(int)_slots[slot] - 1] == hash && this[_slots[slot] - 1].SequenceEqual(text))
                return _slots[slot] - 1;
        int needed = text.Length + 4;
        if (needed > BlockBytes - _fill)
        {
            _blocks.Add(new byte[Math.Max(BlockBytes, needed)]);
            _fill = 0;
        }
        Span<byte> room = _blocks[^1].AsSpan(_fill);
        BitConverter.TryWriteBytes(room, text.Length);
        text.CopyTo(room[4..]);
        _places.Add((long)(_blocks.Count - 1) << 24 | (uint)_fill);
        _hashes.Add(hash);
        _fill = needed >= BlockBytes ? BlockBytes : _fill + needed;
        _slots[slot] = (uint)_places.Count;
        if (_places.Count > _slots.Length / 2)
            Grow();
        return (uint)_places.Count - 1;
    }

    private void Grow()
    {
        _slots = new uint[2L * _slots.Length];
        int mask = _slots.Length - 1;
        for (int text = 0; text < _hashes.Count; text++)
        {
            int slot = (int)(_hashes[text] & (uint)mask);
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = (uint)text + 1;
        }
    }
}
