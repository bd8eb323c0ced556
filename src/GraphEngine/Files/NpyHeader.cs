using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// The header of a NumPy <c>.npy</c> file (numpy/lib/format.py, format versions 1.0 to 3.0; we write 1.0):
/// <code>
/// 6 bytes  \x93NUMPY
/// 2 bytes  major, minor version
/// 2 bytes  little-endian header length (4 bytes from version 2.0)
/// …        ASCII Python dict {'descr': '&lt;i8', 'fortran_order': False, 'shape': (3,), }, spaces, one \n
/// …        the array, little-endian, C order, starting at a multiple of 64
/// </code>
/// </summary>
/// <param name="Descr">NumPy type: <c>&lt;i8</c>, <c>&lt;u4</c>, <c>&lt;f4</c>, <c>&lt;f8</c>, <c>|u1</c>, …</param>
/// <param name="Shape">Lengths of the dimensions; empty for a scalar.</param>
/// <param name="DataOffset">Byte offset of the first element.</param>
public sealed record NpyHeader(string Descr, long[] Shape, long DataOffset)
{
    private const string CutShort = "the .npy header is cut short: the file is truncated; fetch or import it again";

    /// <summary>Number of elements, the product of <see cref="Shape"/>.</summary>
    public long Length => Shape.Aggregate(1L, (a, b) => checked(a * b));

    /// <summary>Bytes of one element, from the digits of <see cref="Descr"/>.</summary>
    public int ElementBytes =>
        int.TryParse(Descr.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture, out int bytes) ? bytes : 0;

    /// <summary>The NumPy type of <typeparamref name="T"/>.</summary>
    public static string DescrOf<T>() where T : unmanaged =>
        typeof(T) == typeof(long) ? "<i8" :
        typeof(T) == typeof(ulong) ? "<u8" :
        typeof(T) == typeof(int) ? "<i4" :
        typeof(T) == typeof(uint) ? "<u4" :
        typeof(T) == typeof(ushort) ? "<u2" :
        typeof(T) == typeof(byte) ? "|u1" :
        typeof(T) == typeof(float) ? "<f4" :
        typeof(T) == typeof(double) ? "<f8" :
        throw new ArgumentException($"no NumPy type is defined here for {typeof(T).Name}");

    /// <summary>The bytes of a version 1.0 header, padded to a multiple of 64.</summary>
    public static byte[] Format<T>(params ReadOnlySpan<long> shape) where T : unmanaged
    {
        var dims = new StringBuilder();
        foreach (long d in shape)
            dims.Append(CultureInfo.InvariantCulture, $"{d}, ");
        if (shape.Length > 0)
            dims.Length -= shape.Length == 1 ? 1 : 2; // "(3,)" but "(3, 4)"
        string dict = $"{{'descr': '{DescrOf<T>()}', 'fortran_order': False, 'shape': ({dims}), }}";
        int total = (10 + dict.Length + 1 + 63) / 64 * 64;
        byte[] bytes = new byte[total];
        bytes.AsSpan(10).Fill((byte)' ');
        "\u0093NUMPY\u0001\0"u8[1..].CopyTo(bytes.AsSpan()); // u8 spells U+0093 as C2 93: keep the second byte
        bytes[8] = (byte)((total - 10) & 255);
        bytes[9] = (byte)((total - 10) >> 8);
        Encoding.ASCII.GetBytes(dict, bytes.AsSpan(10));
        bytes[^1] = (byte)'\n';
        return bytes;
    }

    /// <summary>Reads a header from the start of <paramref name="stream"/>.</summary>
    /// <exception cref="GraphException">Not an .npy file, a version or an order that is not supported, or torn.</exception>
    public static NpyHeader Read(Stream stream, string path)
    {
        Span<byte> start = stackalloc byte[12];
        if (stream.ReadAtLeast(start[..10], 10, throwOnEndOfStream: false) < 10
            || start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
            throw new GraphException(path, 0, "not a NumPy .npy file: it does not start with \\x93NUMPY");
        int major = start[6], fixedBytes = 10;
        int length = start[8] | start[9] << 8;
        if (major is 2 or 3)
        {
            if (stream.ReadAtLeast(start[10..12], 2, throwOnEndOfStream: false) < 2)
                throw new GraphException(path, 10, CutShort);
            length |= start[10] << 16 | start[11] << 24;
            fixedBytes = 12;
        }
        else if (major != 1)
            throw new GraphException(path, 6, $".npy format version {major} is not known; versions 1 to 3 are");
        if (length is < 10 or > 1 << 20)
            throw new GraphException(path, 8, $"an .npy header of {length} bytes is not plausible");
        byte[] text = new byte[length];
        if (stream.ReadAtLeast(text, length, throwOnEndOfStream: false) < length)
            throw new GraphException(path, fixedBytes, CutShort);
        return Parse(Encoding.Latin1.GetString(text), fixedBytes + length, path);
    }

    private static NpyHeader Parse(string dict, long dataOffset, string path)
    {
        string descr = Value(dict, "'descr'", path).Trim('\'', '"');
        if (Value(dict, "'fortran_order'", path) != "False")
            throw new GraphException(path, 10, "Fortran order is not supported; save it with numpy.ascontiguousarray");
        string shape = Value(dict, "'shape'", path);
        if (!shape.StartsWith('(') || !shape.EndsWith(')'))
            throw new GraphException(path, 10, $"the .npy header has the shape {shape}, which is not a tuple");
        var dims = new List<long>();
        foreach (string part in shape[1..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            dims.Add(long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long d)
                ? d
                : throw new GraphException(path, 10, $"the .npy header has the shape {shape}, which is not a tuple of lengths"));
        if (dims.Aggregate((UInt128)16, (a, b) => a > long.MaxValue ? a : a * (UInt128)b) > long.MaxValue) // 16: bytes of the widest element
            throw new GraphException(path, 10, $"the .npy header promises {shape} elements, more than a file can hold");
        if (descr.Length < 3 || descr[0] is not ('<' or '|'))
            throw new GraphException(path, 10, $"the element type {descr} is not little-endian");
        return new NpyHeader(descr, [.. dims], dataOffset);
    }

    private static string Value(string dict, string key, string path)
    {
        int at = dict.IndexOf(key, StringComparison.Ordinal);
        int colon = at < 0 ? -1 : dict.IndexOf(':', at + key.Length);
        if (colon < 0)
            throw new GraphException(path, 10, $"the .npy header has no {key}");
        string rest = dict[(colon + 1)..].TrimStart();
        int end = rest.StartsWith('(') ? rest.IndexOf(')') + 1 : rest.IndexOfAny([',', '}']);
        return end <= 0 ? throw new GraphException(path, 10, $"the .npy header is cut short after {key}") : rest[..end].Trim();
    }
}
