namespace Backlinks.Ingest;

internal enum IdnaStatus
{
    Valid,
    Ignored,
    Mapped,
    Disallowed,
}

/// <summary>The bidi classes that RFC 5893 names; <see cref="Other"/> may stand in no label of a right-to-left domain.</summary>
internal enum BidiClass
{
    Other,
    L,
    R,
    AL,
    AN,
    EN,
    ES,
    CS,
    ET,
    ON,
    BN,
    NSM,
}

internal enum JoiningType
{
    None,
    Left,
    Right,
    Dual,
    Transparent,
}

/// <summary>
/// What Unicode 17 says of every code point, as far as host names need it. The resource <c>unicode_tables.dat</c> (43 KB) is
/// written by eng/unicode-tables.mjs, whose head gives its format and sources. Read once, at the first host that is not
/// ASCII: about 200 KB and a few milliseconds. A look-up is a binary search over 4,182 ranges.
/// </summary>
internal sealed class UnicodeTables
{
    private static readonly Lazy<UnicodeTables> LazyInstance = new(() => new UnicodeTables());

    private readonly int[] _rangeStarts; // first is 0; a range ends where the next starts
    private readonly int[] _rangeProperties; // status | bidi << 2 | joining << 6 | mark << 9 | class << 10
    private readonly int[] _mappingStarts;
    private readonly int[] _mappingOffsets; // added to the code point, unless there is a text
    private readonly int[]?[] _mappingTexts;
    private readonly Dictionary<int, (int First, int Second)> _decompositions;
    private readonly Dictionary<(int First, int Second), int> _compositions;

    private UnicodeTables()
    {
        const string name = "unicode_tables.dat";
        using Stream stream = typeof(UnicodeTables).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        if (!bytes.AsSpan().StartsWith("BLUNI\x11\0"u8))
            throw new InvalidOperationException($"the resource {name} is of another version: run eng/unicode-tables.mjs");
        int at = 7;

        int count = Next(bytes, ref at);
        (_rangeStarts, _rangeProperties) = (new int[count], new int[count]);
        for (int i = 0, start = 0; i < count; i++)
            (_rangeStarts[i], _rangeProperties[i]) = (start += Next(bytes, ref at), Next(bytes, ref at));

        count = Next(bytes, ref at);
        (_mappingStarts, _mappingOffsets, _mappingTexts) = (new int[count], new int[count], new int[]?[count]);
        for (int i = 0, start = 0; i < count; i++)
        {
            _mappingStarts[i] = start += Next(bytes, ref at);
            bool isText = (Next(bytes, ref at) & 1) != 0;
            int value = Next(bytes, ref at); // the length of the run is for other readers: its end is where Mapped ends
            if (isText)
            {
                int[] text = new int[value];
                for (int j = 0; j < text.Length; j++)
                    text[j] = Next(bytes, ref at);
                _mappingTexts[i] = text;
            }
            else
                _mappingOffsets[i] = (value & 1) != 0 ? -(value >> 1) - 1 : value >> 1;
        }

        count = Next(bytes, ref at);
        _decompositions = new(count);
        for (int i = 0, point = 0; i < count; i++)
            _decompositions.Add(point += Next(bytes, ref at), (Next(bytes, ref at), Next(bytes, ref at)));
        HashSet<int> excluded = [];
        count = Next(bytes, ref at);
        for (int i = 0, point = 0; i < count; i++)
            excluded.Add(point += Next(bytes, ref at));
        _compositions = _decompositions.Where(d => !excluded.Contains(d.Key)).ToDictionary(d => d.Value, d => d.Key);
    }

    public static UnicodeTables Instance => LazyInstance.Value;

    public IdnaStatus Status(int point) => (IdnaStatus)(Properties(point) & 3);

    public BidiClass Bidi(int point) => (BidiClass)(Properties(point) >> 2 & 15);

    public JoiningType Joining(int point) => (JoiningType)(Properties(point) >> 6 & 7);

    /// <summary>General category M.</summary>
    public bool IsMark(int point) => (Properties(point) >> 9 & 1) != 0;

    /// <summary>Canonical combining class; of what decomposes, 0.</summary>
    public int CombiningClass(int point) => point < 0x300 ? 0 : Properties(point) >> 10;

    /// <summary>Appends what UTS #46 maps a code point of status <see cref="IdnaStatus.Mapped"/> to.</summary>
    public void AppendMapping(int point, List<int> to)
    {
        int run = Find(_mappingStarts, point);
        if (_mappingTexts[run] is { } text)
            to.AddRange(text);
        else
            to.Add(point + _mappingOffsets[run]);
    }

    /// <summary>One step of canonical decomposition; the second is 0 where there is only one. Hangul is not here.</summary>
    public bool TryDecompose(int point, out (int First, int Second) parts) => _decompositions.TryGetValue(point, out parts);

    public bool TryCompose(int first, int second, out int composed) => _compositions.TryGetValue((first, second), out composed);

    private int Properties(int point) => _rangeProperties[Find(_rangeStarts, point)];

    private static int Find(int[] starts, int point)
    {
        int found = starts.AsSpan().BinarySearch(point);
        return found >= 0 ? found : ~found - 1;
    }

    private static int Next(byte[] bytes, ref int at)
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = bytes[at++];
            value |= (b & 0x7f) << shift;
            if (b < 0x80)
                return value;
        }
    }
}
