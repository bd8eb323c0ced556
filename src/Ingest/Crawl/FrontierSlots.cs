using System.Runtime.InteropServices;

namespace Backlinks.Ingest;

/// <summary>
/// What memory keeps of a queued URL: 12 bytes, the place of its record in the journal and the next one of its host.
/// Slots live in blocks that are never moved or copied, so growing costs no second copy. Not thread-safe.
/// </summary>
internal sealed class FrontierSlots
{
    public const int None = -1;
    private const int BlockBits = 12, Block = 1 << BlockBits;

    private readonly List<Slot[]> _blocks = [];
    private int _free = None;

    /// <summary>Slots ever used; those given back are among them.</summary>
    public int Used { get; private set; }

    public ref Slot this[int slot] => ref _blocks[slot >> BlockBits][slot & (Block - 1)];

    public int Add(long offset, bool urgent)
    {
        int slot = _free;
        if (slot != None)
            _free = this[slot].Next;
        else
        {
            slot = Used++;
            if (slot >> BlockBits == _blocks.Count)
                _blocks.Add(new Slot[Block]);
        }
        this[slot] = new Slot { Place = offset << Slot.FlagBits | (urgent ? Slot.UrgentFlag : 0), Next = None };
        return slot;
    }

    public void GiveBack(int slot)
    {
        this[slot] = new Slot { Place = this[slot].Place | Slot.DeadFlag, Next = _free };
        _free = slot;
    }

    /// <summary>The slot of a record while slots ascend with offsets: when a journal was just read. <see cref="None"/> if there is none.</summary>
    public int FindAscending(long offset)
    {
        int low = 0, high = Used - 1;
        while (low <= high)
        {
            int middle = (int)(((uint)low + (uint)high) / 2);
            long at = this[middle].Offset;
            if (at == offset)
                return middle;
            if (at < offset)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return None;
    }

    /// <summary>Offset in the journal and flags; the next slot of a list.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    internal struct Slot
    {
        public const int FlagBits = 3;
        public const long UrgentFlag = 1, DeadFlag = 2, LaterFlag = 4;

        public long Place;
        public int Next;

        public readonly long Offset => Place >> FlagBits;

        public readonly bool Urgent => (Place & UrgentFlag) != 0;

        public readonly bool Dead => (Place & DeadFlag) != 0;

        public readonly bool Later => (Place & LaterFlag) != 0;

        public void Move(long offset) => Place = offset << FlagBits | (Place & ((1 << FlagBits) - 1));
    }
}

/// <summary>A host: its two lists of slots, urgent first, beside what politeness knows of it.</summary>
internal sealed class FrontierHost(string name) : PoliteHost
{
    public string Name { get; } = name;

    /// <summary>Number in the order of first sight.</summary>
    public int Number { get; init; }

    public string AddressName = "";

    /// <summary>Pages done, and leased for the first time.</summary>
    public int Done, Leased;

    /// <summary>The Host record was written since the last compaction.</summary>
    public bool Asked;

    private SlotList _urgent = SlotList.Empty, _others = SlotList.Empty;

    public void Append(FrontierSlots slots, int slot)
    {
        if (slots[slot].Urgent)
            _urgent.Append(slots, slot);
        else
            _others.Append(slots, slot);
        Wanted = true;
    }

    /// <summary>Before all others.</summary>
    public void Prepend(FrontierSlots slots, int slot)
    {
        _urgent.Prepend(slots, slot);
        Wanted = true;
    }

    public int TakeFirst(FrontierSlots slots)
    {
        int slot = _urgent.Head != FrontierSlots.None ? _urgent.TakeFirst(slots) : _others.TakeFirst(slots);
        Wanted = _urgent.Head != FrontierSlots.None || _others.Head != FrontierSlots.None;
        return slot;
    }

    private struct SlotList
    {
        public int Head, Tail;

        public static SlotList Empty => new() { Head = FrontierSlots.None, Tail = FrontierSlots.None };

        public void Append(FrontierSlots slots, int slot)
        {
            slots[slot].Next = FrontierSlots.None;
            if (Head == FrontierSlots.None)
                Head = slot;
            else
                slots[Tail].Next = slot;
            Tail = slot;
        }

        public void Prepend(FrontierSlots slots, int slot)
        {
            slots[slot].Next = Head;
            Head = slot;
            if (Tail == FrontierSlots.None)
                Tail = slot;
        }

        public int TakeFirst(FrontierSlots slots)
        {
            int slot = Head;
            Head = slots[slot].Next;
            if (Head == FrontierSlots.None)
                Tail = FrontierSlots.None;
            return slot;
        }
    }
}
