using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>What the store says has changed.</summary>
internal sealed class StoreChanges
{
    private const uint None = StoreNodes.NoNode;

    private readonly uint[] _nodeOf; // before, by the store's number
    private readonly HashSet<uint> _named = [], _visited = [], _told = [];

    public StoreChanges(uint[] idsBefore)
    {
        uint highest = 0;
        foreach (uint id in idsBefore)
            highest = Math.Max(highest, id);
        _nodeOf = new uint[highest + 1L];
        Array.Fill(_nodeOf, None);
        for (int node = 0; node < idsBefore.Length; node++)
            _nodeOf[idsBefore[node]] = (uint)node;
    }

    /// <summary>The store's numbers of the pages whose links these are.</summary>
    public HashSet<uint> Sources { get; } = [];

    /// <summary>Live ones of kinds that rank, by the store's numbers.</summary>
    public List<StoreLink> Links { get; } = [];

    /// <summary>Pages that are in the graph now and were not, in order of key.</summary>
    public List<(uint Id, byte[] Key)> NewPages { get; } = [];

    public uint NodeOf(uint id) => id < (uint)_nodeOf.Length ? _nodeOf[id] : None;

    /// <summary>Whether a page was visited, or a changed one links to it.</summary>
    public bool IsKnown(uint id) => _visited.Contains(id) || _named.Contains(id);

    /// <summary>Whether the store spoke of it.</summary>
    public bool WasTold(uint id) => _told.Contains(id);

    /// <returns>False where hosts or domains are among it.</returns>
    public bool Read(ILinkStore store, long version, CancellationToken cancel)
    {
        foreach (StoredArc arc in store.Arcs(version, cancel))
        {
            Sources.Add(checked((uint)arc.SourceId));
            if (arc.Lost || !StoreGraphs.Ranks(arc.Kind))
                continue;
            var link = new StoreLink(arc);
            Links.Add(link);
            _named.Add(link.Target);
        }
        foreach (StoredName name in store.Names(version, cancel))
        {
            if (name.Granularity != Granularity.Page)
                return false;
            uint id = checked((uint)name.Id);
            _told.Add(id);
            if (name.Visited)
                _visited.Add(id);
            if (IsKnown(id) && NodeOf(id) == None)
                NewPages.Add((id, name.Key.ToArray()));
        }
        return true;
    }
}

/// <summary>Texts of anchors: those of the records before under their numbers, then those that are new.</summary>
internal sealed class TextsAgain
{
    private const uint None = StoreNodes.NoNode;

    private readonly LinkRecords _before;
    private readonly Dictionary<uint, uint> _textOf = []; // by the store's number
    private readonly List<byte[]> _new = [];
    private readonly uint _empty;

    private TextsAgain(LinkRecords before, Dictionary<uint, byte[]> read)
    {
        _before = before;
        var wanted = new Dictionary<byte[], uint>(Utf8.Equal) { [[]] = None };
        foreach (byte[] text in read.Values)
            wanted[text] = None;
        Dictionary<byte[], uint>.AlternateLookup<ReadOnlySpan<byte>> find = wanted.GetAlternateLookup<ReadOnlySpan<byte>>();
        for (uint text = 0; text < before.AnchorCount; text++)
        {
            ReadOnlySpan<byte> utf8 = before.AnchorUtf8(text);
            if (find.ContainsKey(utf8))
                find[utf8] = text;
        }
        foreach (byte[] text in wanted.Keys.ToArray())
            if (wanted[text] == None)
            {
                wanted[text] = checked((uint)(before.AnchorCount + _new.Count));
                _new.Add(text);
            }
        foreach ((uint number, byte[] text) in read)
            _textOf[number] = wanted[text];
        _empty = wanted[[]];
    }

    public int Count => checked((int)(_before.AnchorCount + _new.Count));

    public ReadOnlySpan<byte> this[uint text] => text < _before.AnchorCount ? _before.AnchorUtf8(text) : _new[(int)(text - _before.AnchorCount)];

    public static TextsAgain Read(ILinkStore store, long version, LinkRecords before, CancellationToken cancel)
    {
        var read = new Dictionary<uint, byte[]>();
        foreach (StoredAnchor anchor in store.Anchors(version, cancel))
            if (anchor.Number is >= 0 and < None)
                read[(uint)anchor.Number] = anchor.Utf8.ToArray();
        return new TextsAgain(before, read);
    }

    /// <summary>The text that a number of the store stands for; "" for one that it does not know.</summary>
    public uint TextOf(uint number) => _textOf.GetValueOrDefault(number, _empty);

    /// <summary>Forms by text, of those that these links use.</summary>
    public AnchorForm[] Forms(StoreLink[] links)
    {
        const AnchorForm unknown = (AnchorForm)255;
        AnchorForm[] forms = new AnchorForm[Count];
        Array.Fill(forms, unknown);
        foreach (ref readonly StoreLink link in links.AsSpan())
            if (forms[link.Text] == unknown)
                forms[link.Text] = AnchorForms.OfText(Encoding.UTF8.GetString(this[link.Text]));
        return forms;
    }
}

file sealed class Utf8 : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static Utf8 Equal { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] text) => GetHashCode((ReadOnlySpan<byte>)text);

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> text) => (int)System.IO.Hashing.XxHash3.HashToUInt64(text);

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
