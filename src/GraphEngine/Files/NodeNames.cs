using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// Names of nodes, sorted by key (ordinal order of the UTF-8 bytes), front-coded in blocks of 16:
/// <code>
/// names.npy        |u1  per block: varint length, bytes of the first key; then for each further key
///                       varint length of the prefix shared with the key before, varint length of the rest, the rest
/// name_blocks.npy  &lt;i8  ceil(n/16)+1 byte offsets into names.npy, first 0, last its length
/// </code>
/// The <em>key</em> of a host or domain is its labels reversed (<c>www.example.com</c> → <c>com.example.www</c>), as in
/// Common Crawl's web graphs, so neighbours in the file are neighbours on the web. The key of a URL puts the reversed
/// host first and keeps the rest (<see cref="ToKey"/>). Look-up by name is a binary search over the block heads.
/// A graph without names uses its node numbers, in decimal, as names.
/// </summary>
public sealed unsafe class NodeNames
{
    /// <summary>Names in a block.</summary>
    public const int BlockSize = 16;

    private readonly MappedArray<byte>? _bytes;
    private readonly MappedArray<long>? _blocks;

    /// <param name="bytes">names.npy, null where names are node numbers.</param>
    /// <param name="blocks">name_blocks.npy, null with it.</param>
    public NodeNames(int count, MappedArray<byte>? bytes, MappedArray<long>? blocks)
    {
        Count = count;
        _bytes = bytes;
        _blocks = blocks;
    }

    public int Count { get; }

    /// <summary>False where names are just node numbers.</summary>
    public bool Stored => _bytes is not null;

    internal MappedArray<long>? Blocks => _blocks;

    /// <summary>The name of a node as people write it: <c>www.example.com</c>.</summary>
    public string this[int node] => FromKey(Key(node));

    /// <summary>The name of a node in sorting form: <c>com.example.www</c>.</summary>
    public string Key(int node)
    {
        if ((uint)node >= (uint)Count)
            throw new ArgumentOutOfRangeException(nameof(node), node, $"nodes are 0 to {Count - 1}");
        if (_bytes is null)
            return node.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var reader = new Reader(this, node / BlockSize);
        for (int i = 0; i <= node % BlockSize; i++)
            reader.MoveNext();
        return Encoding.UTF8.GetString(reader.Current);
    }

    /// <summary>The node with this name (as people write it, or its key), or -1.</summary>
    public int Find(string name)
    {
        if (_bytes is null)
            return int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int node)
                && node < Count && (name[0] != '0' || name.Length == 1) ? node : -1;
        int found = FindKey(Encoding.UTF8.GetBytes(ToKey(name)));
        return found >= 0 ? found : FindKey(Encoding.UTF8.GetBytes(name));
    }

    /// <summary>The node with this key, or -1.</summary>
    public int FindKey(ReadOnlySpan<byte> key) => Place(key, out bool found) is var place && found ? place : -1;

    /// <summary>How many keys are below this one, in ordinal order; 0 where names are node numbers.</summary>
    public int CountBelow(ReadOnlySpan<byte> key) => Place(key, out _);

    /// <summary>The number of the first key that is not below.</summary>
    private int Place(ReadOnlySpan<byte> key, out bool found)
    {
        found = false;
        if (_bytes is null || Count == 0)
            return 0;
        int low = 0, high = (Count - 1) / BlockSize; // the last block whose head is ≤ key
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            var head = new Reader(this, middle);
            head.MoveNext();
            if (head.Current.SequenceCompareTo(key) <= 0)
                low = middle;
            else
                high = middle - 1;
        }
        var reader = new Reader(this, low);
        int node = low * BlockSize;
        for (; node < Count && node < (low + 1) * BlockSize; node++)
        {
            reader.MoveNext();
            int order = reader.Current.SequenceCompareTo(key);
            found = order == 0;
            if (order >= 0)
                break;
        }
        return node;
    }

    /// <summary>All keys in node order, as UTF-8; the span is valid until the next one.</summary>
    public KeyEnumerator EnumerateKeys() => new(this);

    /// <summary>
    /// The sorting form of a name. Labels of a host are reversed; for a URL the host is reversed and what surrounds it
    /// follows after a tab: <c>https://www.example.com:8080/a?b</c> → <c>com.example.www⇥https:8080/a?b</c>, so a host's
    /// pages stand right behind it and before its subdomains. A name that holds a tab, or <c>://</c> without a plain host
    /// behind it, is kept whole behind a tab. <see cref="FromKey"/> undoes it for any name.
    /// </summary>
    public static string ToKey(string name)
    {
        int scheme = name.IndexOf("://", StringComparison.Ordinal);
        bool tab = name.Contains('\t');
        if (scheme < 0 && !tab)
            return ReverseLabels(name);
        ReadOnlySpan<char> after = scheme <= 0 || tab || name.AsSpan(0, scheme).IndexOfAny(" ./:") >= 0 ? "" : name.AsSpan(scheme + 3);
        int hostEnd = after.IndexOfAny(":/?# @[");
        ReadOnlySpan<char> host = hostEnd < 0 ? after : after[..hostEnd], rest = hostEnd < 0 ? "" : after[hostEnd..];
        // A port is a colon and no slash: "http:8080/a" and "http:/a" must not be mistaken for each other.
        if (host.IsEmpty || rest is [' ' or '@' or '[', ..] or [':', '/' or '?' or '#', ..])
            return $"\t{name}";
        return $"{ReverseLabels(host.ToString())}\t{name[..scheme]}{(rest is [] or [':', ..] ? "" : ":")}{rest}";
    }

    /// <summary>The name whose sorting form is <paramref name="key"/>.</summary>
    public static string FromKey(string key)
    {
        int tab = key.IndexOf('\t');
        if (tab < 0)
            return ReverseLabels(key);
        if (tab == 0)
            return key[1..];
        int colon = key.IndexOf(':', tab);
        string scheme = colon < 0 ? key[(tab + 1)..] : key[(tab + 1)..colon];
        ReadOnlySpan<char> rest = colon < 0 ? "" : key.AsSpan(colon);
        if (rest is [':', '/' or '?' or '#', ..])
            rest = rest[1..];
        return $"{scheme}://{ReverseLabels(key[..tab])}{rest}";
    }

    /// <summary><c>a.b.c</c> → <c>c.b.a</c>; its own inverse.</summary>
    public static string ReverseLabels(string host)
    {
        if (!host.Contains('.'))
            return host;
        return string.Create(host.Length, host, static (to, from) =>
        {
            int end = to.Length, start = 0;
            while (true)
            {
                int dot = from.IndexOf('.', start);
                ReadOnlySpan<char> label = dot < 0 ? from.AsSpan(start) : from.AsSpan(start, dot - start);
                end -= label.Length;
                label.CopyTo(to[end..]);
                if (dot < 0)
                    return;
                to[--end] = '.';
                start = dot + 1;
            }
        });
    }

    /// <summary>Enumerates keys front to back, decoding each once.</summary>
    public ref struct KeyEnumerator
    {
        private readonly NodeNames _names;
        private Reader _reader;
        private int _node;
        private byte[]? _digits;

        internal KeyEnumerator(NodeNames names)
        {
            _names = names;
            _node = -1;
            if (names.Stored && names.Count > 0)
                _reader = new Reader(names, 0);
        }

        public readonly KeyEnumerator GetEnumerator() => this;

        public ReadOnlySpan<byte> Current { get; private set; }

        public bool MoveNext()
        {
            if (++_node >= _names.Count)
                return false;
            if (!_names.Stored)
            {
                _digits ??= new byte[12];
                System.Buffers.Text.Utf8Formatter.TryFormat(_node, _digits, out int written);
                Current = _digits.AsSpan(0, written);
                return true;
            }
            if (_node % BlockSize == 0)
                _reader.StartBlock(_node / BlockSize);
            _reader.MoveNext();
            Current = _reader.Current;
            return true;
        }
    }

    private ref struct Reader
    {
        private readonly NodeNames _names;
        private byte[] _key;
        private int _length;
        private long _at;
        private long _end;
        private bool _first;

        public Reader(NodeNames names, int block)
        {
            _names = names;
            _key = new byte[256];
            StartBlock(block);
        }

        public readonly ReadOnlySpan<byte> Current => _key.AsSpan(0, _length);

        public void StartBlock(int block)
        {
            _at = _names._blocks![block];
            _end = _names._blocks[block + 1];
            if (_at < 0 || _end < _at || _end > _names._bytes!.Length)
                throw new GraphException(_names._blocks.Path, _names._blocks.Header.DataOffset + 8L * block,
                    "a name block lies outside names.npy: import the graph again");
            _first = true;
        }

        public void MoveNext()
        {
            int shared = _first ? 0 : Varint();
            int rest = Varint();
            if (shared > _length || rest > _end - _at)
                throw Torn();
            if (shared + rest > _key.Length)
                Array.Resize(ref _key, Math.Max(shared + rest, _key.Length * 2));
            new ReadOnlySpan<byte>(_names._bytes!.Pointer + _at, rest).CopyTo(_key.AsSpan(shared));
            _length = shared + rest;
            _at += rest;
            _first = false;
        }

        private int Varint()
        {
            int value = 0;
            for (int shift = 0; shift < 32; shift += 7)
            {
                if (_at >= _end)
                    break;
                byte b = _names._bytes!.Pointer[_at++];
                value |= (b & 127) << shift;
                if (b < 128)
                    return value >= 0 ? value : throw Torn();
            }
            throw Torn();
        }

        private readonly GraphException Torn() =>
            new(_names._bytes!.Path, _names._bytes.Header.DataOffset + _at, "a name runs past its block: import the graph again");
    }
}
