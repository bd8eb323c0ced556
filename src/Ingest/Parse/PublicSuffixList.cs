using System.Buffers;
using System.Globalization;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// The public suffix list (https://publicsuffix.org/list/): under which names people register domains, so that
/// <c>a.b.example.co.uk</c> belongs to <c>example.co.uk</c>. The published algorithm:
/// <list type="number">
/// <item>a rule matches a host if its labels equal the host's last labels, a label <c>*</c> equals any one label;</item>
/// <item>an exception rule (<c>!</c>) prevails if one matches; else the rule with the most labels; else <c>*</c>;</item>
/// <item>the public suffix is what the prevailing rule matched, without the first label if it is an exception;</item>
/// <item>the registrable domain is the public suffix and one more label; a suffix itself has none.</item>
/// </list>
/// The list has an ICANN section (registries) and a private one (<c>github.io</c>, whose users are as strangers to each
/// other). Rules match in Unicode and in punycode, ASCII letters in either case. Addresses (last label all digits)
/// and names with an empty label have no domain.
/// <para>
/// Hosts are looked up as keys, labels reversed (<c>uk.co.example.b.a</c>): the domain is then a prefix of the key, and
/// a look-up walks a trie from the left with one hash probe a label and no allocation, ~100 ns. Immutable.
/// </para>
/// </summary>
public sealed class PublicSuffixList
{
    private const byte IcannRule = 1, PrivateRule = 2, IcannException = 4, PrivateException = 8;

    private static readonly SearchValues<char> PlainHost = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-._");

    private static readonly Lazy<PublicSuffixList> LazyBuiltIn = new(ReadBuiltIn);

    // The trie: node 0 is the root. Edges are in a hash table over (node, label) with open addressing.
    private readonly List<byte> _rules = [0]; // flags by node
    private readonly List<int> _wildcard = [0]; // the child behind a label '*', or 0
    private readonly List<(int Node, uint Hash, int Start, int Length, int Child)> _edges = [];
    private readonly List<byte> _labels = [];
    private int[] _table = new int[1 << 10]; // edge + 1, or 0
    private byte[] _labelBytes = [];
    private (int Node, uint Hash, int Start, int Length, int Child)[] _edgeArray = [];
    private byte[] _ruleArray = [];
    private int[] _wildcardArray = [];

    private PublicSuffixList()
    {
    }

    /// <summary>The list in this assembly; its source and date stand at its head (src/Ingest/Parse/public_suffix_list.dat).</summary>
    public static PublicSuffixList BuiltIn => LazyBuiltIn.Value;

    /// <summary>Rules of the ICANN section.</summary>
    public int IcannRules { get; private set; }

    /// <summary>Rules of the private section.</summary>
    public int PrivateRules { get; private set; }

    /// <summary>Reads a list in its published format (UTF-8, both sections between their markers).</summary>
    /// <exception cref="ImportException">Missing, malformed (with the line), or without one of the sections.</exception>
    public static PublicSuffixList Load(string path)
    {
        if (!File.Exists(path))
            throw new ImportException(path, "the public suffix list is missing");
        using StreamReader reader = new(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
        return Read(reader, path);
    }

    /// <summary>The registrable domain of a host as people write it, lower-cased, or null: <c>WWW.Example.co.uk</c> → <c>example.co.uk</c>.</summary>
    public string? DomainOf(string host, bool withPrivate = true)
    {
        if (!host.AsSpan().ContainsAnyExcept(PlainHost))
        {
            ReadOnlySpan<char> domain = DomainOf(host.AsSpan(), withPrivate);
            return domain.IsEmpty ? null : domain.Length == host.Length ? host : domain.ToString();
        }
        string name = host.ToLowerInvariant();
        if (name.EndsWith('.'))
            name = name[..^1]; // a root dot says the same name
        byte[] key = Encoding.UTF8.GetBytes(GraphEngine.NodeNames.ReverseLabels(name));
        int length = DomainLength(key, withPrivate, out _);
        return length == 0 ? null : GraphEngine.NodeNames.ReverseLabels(Encoding.UTF8.GetString(key.AsSpan(0, length)));
    }

    /// <summary>
    /// The registrable domain at the end of a host as <see cref="WebUrl.HostSpan"/> gives it (ASCII, lower case), without a
    /// root dot; empty where it has none. Nothing is allocated for a name that DNS could hold.
    /// </summary>
    public ReadOnlySpan<char> DomainOf(ReadOnlySpan<char> host, bool withPrivate = true)
    {
        const int longest = 256; // no name of the DNS is longer
        if (!host.IsEmpty && host[^1] == '.')
            host = host[..^1];
        Span<byte> key = host.Length <= longest ? stackalloc byte[longest] : new byte[host.Length];
        int write = 0;
        for (int end = host.Length; end >= 0;)
        {
            int dot = host[..end].LastIndexOf('.');
            for (int i = dot + 1; i < end; i++)
                key[write++] = (byte)host[i];
            if (dot >= 0)
                key[write++] = (byte)'.';
            end = dot;
        }
        return host[^DomainLength(key[..write], withPrivate, out _)..];
    }

    /// <summary>
    /// Length of the registrable domain at the start of a reversed host, in bytes; 0 where it has none.
    /// </summary>
    /// <param name="key">UTF-8, such as <c>com.example.www</c>.</param>
    /// <param name="withPrivate">Rules of the private section count too.</param>
    /// <param name="listed">A rule of the list matched, not just the implied <c>*</c>: the top-level domain is known.</param>
    public int DomainLength(ReadOnlySpan<byte> key, bool withPrivate, out bool listed)
    {
        int suffix = SuffixLength(key, withPrivate, out listed);
        if (suffix == 0 || suffix >= key.Length)
            return 0;
        int label = key[(suffix + 1)..].IndexOf((byte)'.');
        return label < 0 ? key.Length : suffix + 1 + label;
    }

    /// <summary>Length of the public suffix at the start of a reversed host, in bytes; 0 for what cannot be a host.</summary>
    /// <inheritdoc cref="DomainLength"/>
    public int SuffixLength(ReadOnlySpan<byte> key, bool withPrivate, out bool listed)
    {
        listed = false;
        if (key.IsEmpty || key[^1] == '.' || key[0] == '.' || key.IndexOf(".."u8) >= 0)
            return 0;
        int top = key.IndexOf((byte)'.');
        ReadOnlySpan<byte> last = top < 0 ? key : key[..top];
        if (!last.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return 0;
        var match = new Match(withPrivate ? (byte)(IcannRule | PrivateRule) : IcannRule, withPrivate ? (byte)(IcannException | PrivateException) : IcannException);
        Walk(0, key, 0, 0, ref match);
        listed = match.Rule > 0 || match.Exception > 0;
        return match.Exception > 0 ? match.Exception : match.Rule > 0 ? match.Rule : last.Length;
    }

    private ref struct Match(byte rules, byte exceptions)
    {
        public readonly byte Rules = rules;
        public readonly byte Exceptions = exceptions;
        public int Rule; // bytes matched by the longest rule
        public int Exception; // bytes of the suffix that an exception rule gives
    }

    /// <param name="at">Start of the next label.</param>
    /// <param name="before">End of the label before the one that led to <paramref name="node"/>: an exception's suffix.</param>
    private void Walk(int node, ReadOnlySpan<byte> key, int at, int before, ref Match match)
    {
        while (true)
        {
            byte rules = _ruleArray[node];
            int end = Math.Max(at - 1, 0); // of what has been matched
            if ((rules & match.Rules) != 0)
                match.Rule = Math.Max(match.Rule, end);
            if ((rules & match.Exceptions) != 0)
                match.Exception = Math.Max(match.Exception, before);
            if (at > key.Length)
                return;
            uint hash = 2166136261; // FNV-1a over the label, ASCII letters in lower case
            int stop = at;
            for (; stop < key.Length && key[stop] != '.'; stop++)
                hash = (hash ^ Lower(key[stop])) * 16777619;
            int child = Find(node, hash, key[at..stop]);
            int wildcard = _wildcardArray[node];
            if (child == 0)
                (child, wildcard) = (wildcard, 0);
            if (child == 0)
                return;
            if (wildcard != 0)
                Walk(wildcard, key, stop + 1, end, ref match);
            (node, at, before) = (child, stop + 1, end);
        }
    }

    private int Find(int node, uint hash, ReadOnlySpan<byte> label)
    {
        int mask = _table.Length - 1;
        for (uint slot = Mix(node, hash); ; slot++)
        {
            int entry = _table[slot & mask];
            if (entry == 0)
                return 0;
            ref var edge = ref _edgeArray[entry - 1];
            if (edge.Node == node && edge.Hash == hash && edge.Length == label.Length && EqualsLower(_labelBytes.AsSpan(edge.Start, edge.Length), label))
                return edge.Child;
        }
    }

    private static uint Mix(int node, uint hash) => (uint)((hash ^ (ulong)node * 0x9E3779B97F4A7C15UL) * 0xD6E8FEB86659FD93UL >> 32);

    private static bool EqualsLower(ReadOnlySpan<byte> lower, ReadOnlySpan<byte> label)
    {
        for (int i = 0; i < lower.Length; i++)
            if (lower[i] != Lower(label[i]))
                return false;
        return true;
    }

    private static byte Lower(byte b) => (uint)(b - 'A') <= 'Z' - 'A' ? (byte)(b | 0x20) : b;

    private static PublicSuffixList ReadBuiltIn()
    {
        const string name = "public_suffix_list.dat";
        using Stream stream = typeof(PublicSuffixList).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return Read(reader, name);
    }

    private static PublicSuffixList Read(TextReader reader, string path)
    {
        var list = new PublicSuffixList();
        bool? inPrivate = null;
        long number = 0;
        try
        {
            while (reader.ReadLine() is { } line)
            {
                number++;
                if (line.StartsWith("// ===BEGIN ICANN DOMAINS===", StringComparison.Ordinal))
                    inPrivate = false;
                else if (line.StartsWith("// ===BEGIN PRIVATE DOMAINS===", StringComparison.Ordinal))
                    inPrivate = true;
                int end = line.AsSpan().IndexOfAny(' ', '\t');
                string rule = (end < 0 ? line : line[..end]).TrimStart('\uFEFF');
                if (rule.Length == 0 || rule.StartsWith("//", StringComparison.Ordinal))
                    continue;
                if (inPrivate is null)
                    throw ImportException.AtLine(path, number, "a rule stands before '// ===BEGIN ICANN DOMAINS===': this is not the published public suffix list");
                list.Add(rule, inPrivate.Value, path, number);
            }
        }
        catch (DecoderFallbackException e)
        {
            throw ImportException.AtLine(path, number + 1, "or one soon after it is not UTF-8: this is not the published public suffix list", e);
        }
        if (list.IcannRules == 0 || list.PrivateRules == 0)
            throw new ImportException(path, $"has {list.IcannRules} ICANN and {list.PrivateRules} private rules, but the published public suffix list has thousands of both: it is cut short or another file");
        list.Seal();
        return list;
    }

    private void Add(string rule, bool isPrivate, string path, long line)
    {
        bool exception = rule.StartsWith('!');
        string[] labels = (exception ? rule[1..] : rule).TrimStart('.').Split('.');
        if (labels.Length > 127 || labels.Any(l => l.Length is 0 or > 63 || (l.Contains('*') && l != "*")) || (exception && labels.Length < 2))
            throw ImportException.AtLine(path, line, $"'{(rule.Length > 80 ? rule[..80] + "…" : rule)}' is not a rule of labels of 1 to 63 characters");
        int node = 0;
        for (int i = labels.Length - 1; i >= 0; i--)
            node = Child(node, labels[i].ToLowerInvariant());
        _rules[node] |= exception ? isPrivate ? PrivateException : IcannException : isPrivate ? PrivateRule : IcannRule;
        if (isPrivate)
            PrivateRules++;
        else
            IcannRules++;
    }

    private int Child(int node, string label)
    {
        if (label == "*")
        {
            if (_wildcard[node] == 0)
                _wildcard[node] = NewNode();
            return _wildcard[node];
        }
        string other = OtherForm(label);
        int child = FindWhileReading(node, label);
        if (child == 0 && other != label)
            child = FindWhileReading(node, other);
        if (child == 0)
            child = NewNode();
        foreach (string form in new HashSet<string> { label, other })
            if (FindWhileReading(node, form) == 0)
                AddEdge(node, form, child);
        return child;
    }

    /// <summary>Punycode for a Unicode label, Unicode for punycode; the label itself where it has one form only.</summary>
    private static string OtherForm(string label)
    {
        try
        {
            var idn = new IdnMapping { AllowUnassigned = true };
            return label.StartsWith("xn--", StringComparison.Ordinal) ? idn.GetUnicode(label) : Ascii.IsValid(label) ? label : idn.GetAscii(label);
        }
        catch (ArgumentException)
        {
            return label; // not a valid name in the other form, so no host has it
        }
    }

    private int NewNode()
    {
        _rules.Add(0);
        _wildcard.Add(0);
        return _rules.Count - 1;
    }

    private int FindWhileReading(int node, string label)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(label);
        uint hash = Hash(bytes);
        for (uint slot = Mix(node, hash); _table[slot & (_table.Length - 1)] is var entry and not 0; slot++)
        {
            var edge = _edges[entry - 1];
            if (edge.Node == node && edge.Hash == hash && System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_labels).Slice(edge.Start, edge.Length).SequenceEqual(bytes))
                return edge.Child;
        }
        return 0;
    }

    private void AddEdge(int node, string label, int child)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(label);
        _edges.Add((node, Hash(bytes), _labels.Count, bytes.Length, child));
        _labels.AddRange(bytes);
        if (_edges.Count * 4 > _table.Length)
        {
            _table = new int[_table.Length * 2];
            for (int i = 0; i < _edges.Count - 1; i++)
                Enter(i);
        }
        Enter(_edges.Count - 1);
    }

    private void Enter(int edge)
    {
        uint slot = Mix(_edges[edge].Node, _edges[edge].Hash);
        while (_table[slot & (_table.Length - 1)] != 0)
            slot++;
        _table[slot & (_table.Length - 1)] = edge + 1;
    }

    private static uint Hash(ReadOnlySpan<byte> label)
    {
        uint hash = 2166136261;
        foreach (byte b in label)
            hash = (hash ^ b) * 16777619;
        return hash;
    }

    private void Seal() =>
        (_labelBytes, _edgeArray, _ruleArray, _wildcardArray) = ([.. _labels], [.. _edges], [.. _rules], [.. _wildcard]);
}
