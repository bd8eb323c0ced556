using System.Buffers.Binary;
using System.IO.Compression;
using System.Reflection;

namespace Backlinks.Ingest;

/// <summary>
/// The indexes of the WHATWG Encoding Standard: byte pairs and high bytes to code points. .NET's own code pages are not
/// used: their Big5, EUC-KR, Shift_JIS and gb18030 map other pairs, eat ASCII after a bad lead byte, and six of the
/// single-byte sets are missing.
/// </summary>
/// <remarks>
/// Kept as <c>encodings.br</c>, Brotli over 16-bit little-endian numbers, 0 for "no character", in this order:
/// 27 single-byte tables of 128 (see <see cref="SingleByteNames"/>); jis0208 (11,104 pointers), jis0212 (7,211), euc-kr
/// (23,750), gb18030 (23,940), big5 (19,782); then a bit for each big5 pointer whose code point is 20000 hex higher
/// (2,473 bytes); then 206 gb18030 range pointers and their 206 first code points. Loaded once, when first needed: 182 KB.
/// </remarks>
internal static class EncodingTables
{
    public static readonly string[] SingleByteNames =
    [
        "ibm866", "iso-8859-2", "iso-8859-3", "iso-8859-4", "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-10",
        "iso-8859-13", "iso-8859-14", "iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "macintosh", "windows-874", "windows-1250",
        "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256", "windows-1257",
        "windows-1258", "x-mac-cyrillic",
    ];

    private static readonly byte[] Raw = Load();
    private static readonly ushort[][] SingleBytes = [.. SingleByteNames.Select((_, i) => Numbers(256 * i, 128))];
    private static readonly int AfterSingle = 256 * SingleByteNames.Length;

    public static readonly ushort[] Jis0208 = Numbers(AfterSingle, 11_104);
    public static readonly ushort[] Jis0212 = Numbers(AfterSingle + 2 * 11_104, 7_211);
    public static readonly ushort[] EucKr = Numbers(AfterSingle + 2 * 18_315, 23_750);
    public static readonly ushort[] Gb18030 = Numbers(AfterSingle + 2 * 42_065, 23_940);
    public static readonly ushort[] Big5 = Numbers(AfterSingle + 2 * 66_005, 19_782);
    private static readonly int Big5High = AfterSingle + 2 * 85_787;
    private static readonly ushort[] RangePointers = Numbers(Big5High + 2_473, 206);
    private static readonly ushort[] RangeFirsts = Numbers(Big5High + 2_473 + 412, 206);

    /// <summary>Code points of the bytes 80 to FF; iso-8859-8-i shares iso-8859-8's.</summary>
    public static ushort[] SingleByte(string name)
    {
        int i = Array.IndexOf(SingleByteNames, name == "iso-8859-8-i" ? "iso-8859-8" : name);
        return i < 0 ? throw new ArgumentException($"no single-byte encoding is called '{name}'", nameof(name)) : SingleBytes[i];
    }

    /// <summary>Code point of a big5 pointer; 0 for none, and for the four pointers that stand for two code points.</summary>
    public static int Big5CodePoint(int pointer) =>
        (uint)pointer >= (uint)Big5.Length || Big5[pointer] == 0 ? 0
            : Big5[pointer] + ((Raw[Big5High + (pointer >> 3)] >> (pointer & 7) & 1) << 17);

    /// <summary>Code point of a four-byte pointer ("index gb18030 ranges code point"); -1 for none.</summary>
    public static int Gb18030Range(int pointer)
    {
        if (pointer is > 39_419 and < 189_000 or > 1_237_575)
            return -1;
        if (pointer >= 189_000)
            return 0x10000 + pointer - 189_000;
        if (pointer == 7_457)
            return 0xE7C7;
        int at = Array.BinarySearch(RangePointers, (ushort)pointer);
        if (at < 0)
            at = ~at - 1;
        return RangeFirsts[at] + pointer - RangePointers[at];
    }

    private static ushort[] Numbers(int offset, int count)
    {
        var numbers = new ushort[count];
        for (int i = 0; i < count; i++)
            numbers[i] = BinaryPrimitives.ReadUInt16LittleEndian(Raw.AsSpan(offset + 2 * i));
        return numbers;
    }

    private static byte[] Load()
    {
        using Stream packed = Assembly.GetExecutingAssembly().GetManifestResourceStream("encodings.br")!;
        using var brotli = new BrotliStream(packed, CompressionMode.Decompress);
        using var raw = new MemoryStream();
        brotli.CopyTo(raw);
        return raw.ToArray();
    }
}
