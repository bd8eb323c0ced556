using System.Globalization;
using System.Reflection;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>How the raw bytes of a token become its value.</summary>
[Flags]
internal enum HtmlDecoding : byte
{
    /// <summary>Line ends become line feeds; nothing else.</summary>
    None = 0,

    /// <summary>Character references count.</summary>
    References = 1,

    /// <summary>As in attribute values: <c>&amp;copy=</c> and <c>&amp;copyx</c> are not references, for the sake of old query strings.</summary>
    Attribute = 2,

    /// <summary>NUL becomes U+FFFD, as everywhere but in ordinary text.</summary>
    ReplaceNul = 4,
}

/// <summary>
/// Character references (HTML standard, 13.2.5.72–80) over UTF-8: the longest name of the table that fits; numeric ones with
/// the table for 80–9F and U+FFFD for zero, surrogates and what is beyond Unicode. The 2,231 names stand in
/// html_entities.dat, read once into a trie of 9,900 nodes (80 KB). A reference costs at most 32 steps.
/// </summary>
internal static class HtmlReferences
{
    /// <summary>Windows-1252 for 80–9F; 0 where the number stays.</summary>
    private static readonly ushort[] C1 =
    [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
    ];

    private static readonly Trie Names = Trie.Read();

    /// <summary>The value of <paramref name="raw"/>, in <paramref name="buffer"/>, which is replaced by a larger one if need be.</summary>
    public static ReadOnlySpan<byte> Decode(ReadOnlySpan<byte> raw, HtmlDecoding decoding, ref byte[] buffer)
    {
        // NUL to U+FFFD triples, the names' worst is 6 bytes for 5 (&nGt;).
        if (buffer.Length < raw.Length * 3L + 8)
            buffer = new byte[Math.Max(1024, raw.Length * 3 + 8)];
        Span<byte> to = buffer;
        int at = 0, length = 0;
        while (at < raw.Length)
        {
            int run = raw[at..].IndexOfAny((byte)'&', (byte)'\r', (byte)0);
            if (run < 0)
                run = raw.Length - at;
            raw.Slice(at, run).CopyTo(to[length..]);
            at += run;
            length += run;
            if (at == raw.Length)
                break;
            switch (raw[at])
            {
                case (byte)'\r':
                    to[length++] = (byte)'\n';
                    at += at + 1 < raw.Length && raw[at + 1] == '\n' ? 2 : 1;
                    break;
                case 0:
                    length += (decoding & HtmlDecoding.ReplaceNul) != 0 ? Put(0xFFFD, to[length..]) : Put(0, to[length..]);
                    at++;
                    break;
                default:
                    int used = (decoding & HtmlDecoding.References) != 0 ? Reference(raw[at..], (decoding & HtmlDecoding.Attribute) != 0, to[length..], out int written) : written = 0;
                    if (used == 0)
                    {
                        to[length] = (byte)'&';
                        (used, written) = (1, 1);
                    }
                    at += used;
                    length += written;
                    break;
            }
        }
        return to[..length];
    }

    /// <summary>The bytes of the reference at the start of <paramref name="raw"/>; 0 if it is none.</summary>
    private static int Reference(ReadOnlySpan<byte> raw, bool attribute, Span<byte> to, out int written)
    {
        written = 0;
        if (raw.Length < 2)
            return 0;
        if (raw[1] == '#')
            return Number(raw, to, out written);
        if (!char.IsAsciiLetterOrDigit((char)raw[1]))
            return 0;
        (int length, int value) = Names.Longest(raw[1..]);
        if (length == 0)
            return 0;
        int end = 1 + length;
        if (attribute && raw[end - 1] != ';' && end < raw.Length && (raw[end] == '=' || char.IsAsciiLetterOrDigit((char)raw[end])))
            return 0;
        ReadOnlySpan<byte> text = Names.Value(value);
        text.CopyTo(to);
        written = text.Length;
        return end;
    }

    private static int Number(ReadOnlySpan<byte> raw, Span<byte> to, out int written)
    {
        written = 0;
        int at = 2;
        bool hex = at < raw.Length && (raw[at] | 0x20) == 'x';
        if (hex)
            at++;
        int first = at;
        uint value = 0;
        for (; at < raw.Length; at++)
        {
            uint digit = raw[at] is >= (byte)'0' and <= (byte)'9' ? raw[at] - (uint)'0'
                : hex && char.IsAsciiHexDigit((char)raw[at]) ? (raw[at] | 0x20u) - 'a' + 10 : 99;
            if (digit == 99)
                break;
            value = Math.Min(value * (hex ? 16u : 10u) + digit, 0x110000);
        }
        if (at == first)
            return 0;
        if (at < raw.Length && raw[at] == ';')
            at++;
        if (value is >= 0x80 and < 0xA0 && C1[value - 0x80] != 0)
            value = C1[value - 0x80];
        written = Put(value is 0 or >= 0x110000 or >= 0xD800 and < 0xE000 ? 0xFFFD : value, to);
        return at;
    }

    private static int Put(uint value, Span<byte> to) => new Rune(value).EncodeToUtf8(to);

    /// <summary>Names by byte: the children of a node are a run of edges, those of the root are found at once.</summary>
    private sealed class Trie
    {
        private readonly ushort[] _root = new ushort[128];
        private readonly List<Node> _building = [new()];
        private byte[] _edgeByte = [];
        private ushort[] _edgeTo = [];
        private ushort[] _firstEdge = []; // by node, and the end of the last
        private short[] _value = []; // by node, -1 for none
        private readonly List<byte[]> _values = [];

        public static Trie Read()
        {
            var trie = new Trie();
            using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("html_entities.dat")!;
            using var reader = new StreamReader(stream, Encoding.ASCII);
            while (reader.ReadLine() is { } line)
            {
                if (line.StartsWith('#'))
                    continue;
                string[] parts = line.Split(' ');
                string name = parts[0].TrimEnd('*');
                trie._values.Add(Encoding.UTF8.GetBytes(string.Concat(parts[1..].Select(p =>
                    char.ConvertFromUtf32(int.Parse(p, NumberStyles.HexNumber, CultureInfo.InvariantCulture))))));
                int node = trie.Add(0, name);
                if (parts[0].EndsWith('*'))
                    trie._building[node].Value = (short)(trie._values.Count - 1);
                trie._building[trie.Add(node, ";")].Value = (short)(trie._values.Count - 1);
            }
            trie.Freeze();
            return trie;
        }

        public ReadOnlySpan<byte> Value(int value) => _values[value];

        /// <summary>Length and value of the longest name that <paramref name="text"/> starts with; length 0 for none.</summary>
        public (int Length, int Value) Longest(ReadOnlySpan<byte> text)
        {
            (int Length, int Value) best = default;
            int node = text[0] < 128 ? _root[text[0]] : 0;
            for (int i = 1; node != 0; i++)
            {
                if (_value[node] >= 0)
                    best = (i, _value[node]);
                if (i == text.Length)
                    break;
                int edge = _firstEdge[node], end = _firstEdge[node + 1];
                while (edge < end && _edgeByte[edge] != text[i])
                    edge++;
                node = edge < end ? _edgeTo[edge] : 0;
            }
            return best;
        }

        private int Add(int node, string name)
        {
            foreach (char c in name)
            {
                if (!_building[node].Children.TryGetValue((byte)c, out int child))
                {
                    child = _building.Count;
                    _building[node].Children.Add((byte)c, child);
                    _building.Add(new());
                }
                node = child;
            }
            return node;
        }

        private void Freeze()
        {
            int count = _building.Count;
            _edgeByte = new byte[count];
            _edgeTo = new ushort[count];
            _firstEdge = new ushort[count + 1];
            _value = new short[count];
            int edge = 0;
            for (int node = 0; node < count; node++)
            {
                _firstEdge[node] = (ushort)edge;
                _value[node] = _building[node].Value;
                foreach ((byte b, int child) in _building[node].Children)
                {
                    _edgeByte[edge] = b;
                    _edgeTo[edge++] = (ushort)child;
                    if (node == 0)
                        _root[b] = (ushort)child;
                }
            }
            _firstEdge[count] = (ushort)edge;
            _building.Clear();
        }

        private sealed class Node
        {
            public SortedDictionary<byte, int> Children { get; } = [];

            public short Value { get; set; } = -1;
        }
    }
}
