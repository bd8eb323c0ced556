using System.Numerics;
using System.Runtime.Intrinsics;

namespace Backlinks.GraphEngine;

/// <summary>
/// HyperLogLog counters of m = 2^b byte registers: a register holds the greatest number of trailing zeros, plus one, of
/// the hashes that fell to it. With S = Σ 2^−r over registers r &gt; 0 and C₀ registers at 0, the estimate of how many
/// distinct numbers were added is m² / (2 ln 2 · (S + m·σ(C₀/m))), σ(x) = x + Σ_k x^(2^k)·2^(k−1).
/// <para>Source: P. Flajolet et al. (2007) for the counter; O. Ertl, "New cardinality estimation algorithms for
/// HyperLogLog sketches" (2017), algorithm 6, for the estimate. His term for overflowing registers is left out: a hash
/// has 64−b ≥ 50 bits for them, against at most 2³¹ nodes.</para>
/// </summary>
internal sealed unsafe class HyperLogLog
{
    private readonly int _b;
    private readonly int _registers;
    private readonly ulong _offset;
    private readonly double[] _zeroTerm; // m·σ(c/m) for c registers at zero

    public HyperLogLog(int log2Registers, ulong seed)
    {
        _b = log2Registers;
        _registers = 1 << log2Registers;
        _offset = Hash(seed); // so that neighbouring seeds do not hash neighbouring nodes alike
        _zeroTerm = new double[_registers + 1];
        for (int c = 0; c <= _registers; c++)
            _zeroTerm[c] = _registers * Sigma((double)c / _registers);
    }

    public void Add(byte* registers, uint number)
    {
        ulong hash = Hash(number + _offset);
        byte rank = (byte)(BitOperations.TrailingZeroCount(hash >> _b | 1UL << (64 - _b)) + 1);
        byte* register = registers + (hash & (ulong)(_registers - 1));
        *register = Math.Max(*register, rank);
    }

    /// <summary>Never less after a union than before it.</summary>
    public double Estimate(byte* registers)
    {
        // 2^−r is the double whose exponent field is 1023−r. Four sums of fixed places, so one result everywhere.
        Vector256<double> sum = Vector256<double>.Zero;
        int zeros = 0;
        for (int i = 0; i < _registers; i += 16)
        {
            Vector128<byte> r = Vector128.Load(registers + i);
            zeros += BitOperations.PopCount(Vector128.Equals(r, Vector128<byte>.Zero).ExtractMostSignificantBits());
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(r);
            sum += Powers(low) + Powers(high);
        }
        // Registers at zero were summed as 1 each, exactly.
        double s = sum[0] + sum[1] + (sum[2] + sum[3]) - zeros;
        return _registers / (2 * Math.Log(2)) * _registers / (s + _zeroTerm[zeros]);
    }

    private static Vector256<double> Powers(Vector128<ushort> ranks)
    {
        (Vector128<uint> low, Vector128<uint> high) = Vector128.Widen(ranks);
        Vector256<ulong> a = Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low));
        Vector256<ulong> b = Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high));
        Vector256<ulong> one = Vector256.Create(1023UL);
        return Vector256.ShiftLeft(one - a, 52).AsDouble() + Vector256.ShiftLeft(one - b, 52).AsDouble();
    }

    private static double Sigma(double x)
    {
        if (x == 1)
            return double.PositiveInfinity;
        double sum = x, weight = 1, last;
        do
        {
            x *= x;
            last = sum;
            sum += x * weight;
            weight += weight;
        }
        while (sum != last);
        return sum;
    }

    // The finaliser of SplitMix64 (Steele, Lea, Flood 2014) over its golden-ratio sequence.
    private static ulong Hash(ulong x)
    {
        x *= 0x9E3779B97F4A7C15;
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
        x = (x ^ x >> 27) * 0x94D049BB133111EB;
        return x ^ x >> 31;
    }
}
