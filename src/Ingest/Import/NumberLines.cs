using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Runtime.CompilerServices;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Parses blocks of <c>source target [weight]</c> with node numbers. Eight digits are read at a time: a load, a mask that
/// finds their end, and three multiplications. One for each thread.
/// </summary>
internal sealed class NumberLines(EdgeListFormat format, EdgeListOptions options)
{
    private readonly bool _matrix = format.Kind == EdgeListKind.MatrixMarket;
    private byte[] _block = [];
    private int _length, _start;

    /// <summary>Links of the block, source &lt;&lt; 32 | target.</summary>
    public ulong[] Links { get; private set; } = [];

    /// <summary>Their weights, if <see cref="Weighted"/>.</summary>
    public double[] Weights { get; private set; } = [];

    public int Count { get; private set; }

    /// <summary>A weight other than 1 is among them, or weights are asked for.</summary>
    public bool Weighted { get; private set; }

    /// <summary>The highest number, if there are links.</summary>
    public uint Highest { get; private set; }

    /// <summary>Lines of the block, up to a bad one.</summary>
    public long Lines { get; private set; }

    /// <summary>What is wrong with the last of <see cref="Lines"/>, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Takes a copy of a block of whole lines; those before <paramref name="start"/> are only counted.</summary>
    public void Take(ReadOnlySpan<byte> block, int start)
    {
        const int slack = 16; // numbers are loaded eight bytes at a time
        if (_block.Length < block.Length + slack)
            _block = new byte[block.Length + block.Length / 8 + slack];
        block.CopyTo(_block);
        (_length, _start) = (block.Length, start);
    }

    public void Parse()
    {
        if (Links.Length < _length / 4 + 1) // "1 2\n"
        {
            Links = new ulong[_length / 4 + 1];
            Weights = format.Weighted ? new double[Links.Length] : [];
        }
        Count = 0;
        Highest = 0;
        Problem = null;
        Weighted = format.Weighted && options.Weighted == Ingest.Weights.Yes;
        Lines = _block.AsSpan(0, _start).Count((byte)'\n');
        ref byte text = ref _block[0];
        uint highest = 0;
        int at = _start, count = 0;
        while (at < _length)
        {
            // The usual line: digits, one separator, digits, end of line.
            int from = at;
            ulong source = Number(ref text, ref at, out int digits);
            if (digits is > 0 and < 11 && IsSpace(Unsafe.Add(ref text, at)))
            {
                at++;
                ulong target = Number(ref text, ref at, out int more);
                byte end = Unsafe.Add(ref text, at);
                if (end == '\r')
                    end = Unsafe.Add(ref text, ++at);
                if (more is > 0 and < 11 && end == '\n' && at < _length && !format.Weighted && !_matrix
                    && source < GraphBuilder.MaxNodes && target < GraphBuilder.MaxNodes)
                {
                    Links[count++] = source << 32 | target;
                    highest = Math.Max(highest, Math.Max((uint)source, (uint)target));
                    Lines++;
                    at++;
                    continue;
                }
            }
            int length = _block.AsSpan(from, _length - from).IndexOf((byte)'\n');
            Lines++;
            Count = count;
            Problem = ParseLine(_block.AsSpan(from, length));
            if (Problem is not null)
                break;
            count = Count;
            at = from + length + 1;
        }
        Count = count;
        Highest = Math.Max(Highest, highest);
    }

    // Any line. Returns what is wrong with it.
    private string? ParseLine(ReadOnlySpan<byte> line)
    {
        line = EdgeListFormat.Trim(line);
        if (line.IsEmpty || line[0] is (byte)'#' or (byte)'%')
            return null;
        ReadOnlySpan<byte> rest = line;
        if (TryEnd(ref rest, out ulong source) is { } bad || (bad = TryEnd(ref rest, out ulong target)) is not null)
            return $"'{EdgeListFormat.Excerpt(line)}': {bad}";
        double weight = 1;
        if (format.Weighted)
        {
            if (rest.IsEmpty)
                return $"'{EdgeListFormat.Excerpt(line)}': the weight is missing; to read without weights, say --unweighted";
            if (!Utf8Parser.TryParse(rest, out weight, out int used) || (used < rest.Length && !EdgeListFormat.IsSeparator(rest[used])))
                return $"'{EdgeListFormat.Excerpt(line)}': '{EdgeListFormat.Excerpt(rest)}' is no weight; to read without weights, say --unweighted";
            if (!(weight >= 0 && weight <= float.MaxValue))
                return $"'{EdgeListFormat.Excerpt(line)}': the weight must be finite, at least 0 and at most {float.MaxValue:g3}";
        }
        if (_matrix)
        {
            if (source == 0 || target == 0 || source > (ulong)format.Rows || target > (ulong)format.Columns)
                return $"'{EdgeListFormat.Excerpt(line)}': entries go from 1 1 to {format.Rows} {format.Columns}, as the line of sizes says";
            source--;
            target--;
        }
        if (source >= GraphBuilder.MaxNodes || target >= GraphBuilder.MaxNodes)
            return $"'{EdgeListFormat.Excerpt(line)}': node numbers must be below {GraphBuilder.MaxNodes}; to take them as names, say --by-name";
        if (weight != 1 && !Weighted)
        {
            Weights.AsSpan(0, Count).Fill(1);
            Weighted = true;
        }
        if (Weighted)
            Weights[Count] = weight;
        Links[Count++] = source << 32 | target;
        Highest = Math.Max(Highest, (uint)Math.Max(source, target));
        return null;
    }

    private static string? TryEnd(ref ReadOnlySpan<byte> rest, out ulong number)
    {
        number = 0;
        int digits = 0;
        while (digits < rest.Length && char.IsAsciiDigit((char)rest[digits]))
        {
            number = Math.Min(number * 10 + (ulong)(rest[digits] - '0'), 1ul << 40);
            digits++;
        }
        if (digits < rest.Length && !EdgeListFormat.IsSeparator(rest[digits]))
            return "an end is no plain number, as the first ones are; to take all as names, say --by-name";
        if (digits == 0)
            return "two node numbers are needed";
        rest = rest[digits..].TrimStart(" \t,;"u8);
        return null;
    }

    private static bool IsSpace(byte b) => b is (byte)'\t' or (byte)' ' or (byte)',' or (byte)';';

    // digits is more than 10 if there are more than fit; the general parser then decides.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Number(ref byte text, ref int at, out int digits)
    {
        ulong x = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref text, at));
        if (!BitConverter.IsLittleEndian)
            x = BinaryPrimitives.ReverseEndianness(x);
        x ^= 0x3030303030303030; // digits become 0 to 9
        ulong others = ((x + 0x7676767676767676) | x) & 0x8080808080808080;
        digits = others == 0 ? 8 : BitOperations.TrailingZeroCount(others) >> 3;
        if (digits == 0)
            return 0;
        x <<= 64 - 8 * digits; // zeros in front
        x = x * 10 + (x >> 8);
        x = (((x & 0x000000FF000000FF) * 0x000F424000000064) + (((x >> 16) & 0x000000FF000000FF) * 0x0000271000000001)) >> 32;
        at += digits;
        if (digits == 8)
            for (byte b; (b = (byte)(Unsafe.Add(ref text, at) - '0')) < 10 && digits < 11; at++, digits++)
                x = x * 10 + b;
        return x;
    }
}
