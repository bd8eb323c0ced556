using System.Runtime.CompilerServices;

namespace Backlinks.Ingest;

/// <summary>The codes for natural numbers in a BVGraph, see <see cref="BitCode"/>.</summary>
internal enum BitCodeKind
{
    Unary,
    Gamma,
    Delta,
    Zeta,
    Nibble,
    Golomb,
}

/// <summary>
/// Reads one of LAW's codes for natural numbers x ≥ 0. With <c>U(i)</c> = i zeros and a one, <c>[v]j</c> = v in j bits
/// and ⌊lg⌋ the index of the highest one bit:
/// <code>
/// UNARY      U(x)
/// GAMMA      U(i) [x+1 − 2^i]i                         i = ⌊lg(x+1)⌋
/// DELTA      GAMMA(i) [x+1 − 2^i]i                     i = ⌊lg(x+1)⌋
/// ZETA(k)    U(h) M(x+1 − 2^hk ; 2^(h+1)k − 2^hk)      h = ⌊⌊lg(x+1)⌋ / k⌋
/// NIBBLE     x in groups of three bits, highest group first; before each group one bit: 1 before the last, else 0
/// GOLOMB(b)  U(⌊x/b⌋) M(x mod b ; b)
/// M(v ; b)   minimal binary, s = ⌊lg b⌋, t = 2^(s+1) − b: [v]s where v &lt; t, else [v+t](s+1)
/// </code>
/// (Boldi and Vigna, "Codes for the World Wide Web", Internet Mathematics 2, 2005.) Codes of up to 12 bits, nearly all
/// that a web graph has, come from a table of 8 KB; the others are decoded bit by bit.
/// </summary>
internal sealed class BitCode
{
    private const int TableBits = 12;

    private readonly ushort[] _table = new ushort[1 << TableBits]; // value << 4 | length; 0: not in the table

    /// <param name="parameter">k of ZETA, 1 to 31, or b of GOLOMB, at least 1; no meaning otherwise.</param>
    public BitCode(BitCodeKind kind, int parameter)
    {
        Kind = kind;
        Parameter = parameter;
        FillTable();
    }

    public BitCodeKind Kind { get; }

    public int Parameter { get; }

    /// <exception cref="ImportException">The file ends within the code, or the code stands for more than 2⁶² − 1.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(ref BitReader bits)
    {
        uint entry = Unsafe.Add(ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_table), (nint)(bits.Peek() >> (64 - TableBits)));
        if (entry == 0)
            return ReadLong(ref bits);
        bits.Position += entry & 15;
        return entry >> 4;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadLong(ref BitReader bits)
    {
        switch (Kind)
        {
            case BitCodeKind.Unary:
                return bits.ReadUnary();
            case BitCodeKind.Gamma:
                return ReadGamma(ref bits);
            case BitCodeKind.Delta:
                return ReadMantissa(ref bits, ReadGamma(ref bits));
            case BitCodeKind.Zeta:
                ulong h = bits.ReadUnary();
                ulong width = (h + 1) * (ulong)Parameter - 1;
                if (width > 61)
                    throw TooLarge(bits);
                ulong left = 1UL << (int)(h * (ulong)Parameter), m = bits.Read((int)width);
                return m < left ? m + left - 1 : (m << 1 | bits.Read(1)) - 1;
            case BitCodeKind.Nibble:
                ulong value = 0;
                while (true)
                {
                    ulong group = bits.Read(4);
                    value = value << 3 | group & 7;
                    if (group >= 8)
                        return value;
                    if (value >= 1UL << 59)
                        throw TooLarge(bits);
                    if (bits.Position >= bits.Bits)
                        throw bits.Cut();
                }
            default:
                ulong quotient = bits.ReadUnary();
                return quotient * (ulong)Parameter + ReadMinimalBinary(ref bits, (ulong)Parameter);
        }
    }

    private static ulong ReadGamma(ref BitReader bits) => ReadMantissa(ref bits, bits.ReadUnary());

    private static ulong ReadMantissa(ref BitReader bits, ulong width) =>
        width > 61 ? throw TooLarge(bits) : (1UL << (int)width | bits.Read((int)width)) - 1;

    private static ulong ReadMinimalBinary(ref BitReader bits, ulong b)
    {
        int s = System.Numerics.BitOperations.Log2(b);
        ulong t = (2UL << s) - b, v = bits.Read(s);
        return v < t ? v : (v << 1 | bits.Read(1)) - t;
    }

    private static ImportException TooLarge(in BitReader bits) => bits.Fault("a code stands for a number beyond 2^61: the file is damaged; fetch it again");

    private unsafe void FillTable()
    {
        byte* bytes = stackalloc byte[16];
        for (uint prefix = 0; prefix < _table.Length; prefix++)
        {
            new Span<byte>(bytes, 16).Fill(0xff); // ones behind the prefix: decoding always ends, if only beyond it
            bytes[0] = (byte)(prefix >> 4);
            bytes[1] = (byte)(prefix << 4 | 15);
            int zeros = System.Numerics.BitOperations.LeadingZeroCount(prefix) - (32 - TableBits);
            int shortest = Kind switch
            {
                BitCodeKind.Gamma => 2 * zeros + 1,
                BitCodeKind.Delta => 2 * zeros + (1 << zeros),
                BitCodeKind.Zeta => (zeros + 1) * (Parameter + 1) - 1,
                _ => zeros,
            };
            if (shortest > TableBits)
                continue;
            var bits = new BitReader(bytes, 16, "");
            ulong value = ReadLong(ref bits);
            if (bits.Position <= TableBits && value < 4096)
                _table[prefix] = (ushort)(value << 4 | (ulong)bits.Position);
        }
    }
}
