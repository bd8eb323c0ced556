using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Backlinks.GraphEngine;

/// <summary>A compile-time yes or no: the JIT makes one kernel for each combination, without the branch.</summary>
internal interface IFlag
{
    static abstract bool On { get; }
}

internal readonly struct Yes : IFlag
{
    public static bool On => true;
}

internal readonly struct No : IFlag
{
    public static bool On => false;
}

/// <summary>
/// The two loops over links of a ranking, on the rows of one block of a <see cref="RankLayout"/>:
/// <code>
/// Sweep    c[v] ← base[v] + df[v]·Σ w(u,v)·c[u]      float, in place: Gauss–Seidel
/// Gather   q[v] ← Σ w(u,v)·c[u]                      in double, of float or double contributions
/// </code>
/// c[u] is a source's score over its out-weight. Sums of up to 64 links are taken in float in four accumulators, longer ones
/// add such parts in double, so that a hub with millions of links loses no digits. No fused multiply-add, no vectors of
/// the machine's width: the same bits everywhere. Cost of a sweep: 4 bytes and one gather a link, 12 bytes a row. Where
/// c outgrows the cache, sources 112 links ahead are prefetched: in-place updates make rows wait for each other, and the
/// processor's own look-ahead ends at the first that does.
/// Indices were vetted by <see cref="RankLayout.Verify"/>.
/// </summary>
internal static unsafe class RankKernel
{
    private const int FloatLinks = 64;
    private const int Ahead = 112; // at most RankLayout.Padding

    /// <summary>Sweeps runs <paramref name="run"/> to <paramref name="endRun"/>; returns the L1 change if measured, else 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double Sweep<TWeighted, TMeasured, TFar>(long* runs, long run, long endRun, int endRow, uint* links, float* weights,
        float* c, float* baseRank, float* df) where TWeighted : IFlag where TMeasured : IFlag where TFar : IFlag
    {
        double change = 0;
        for (; run < endRun; run++)
        {
            long* entry = runs + 3 * run;
            int row = (int)entry[0], end = run + 1 < endRun ? (int)entry[3] : endRow;
            long degree = entry[1];
            uint* link = links + entry[2];
            float* weight = weights + entry[2]; // never read where unweighted
            if (degree == 0)
            {
                for (; row < end; row++)
                    change += Set<TMeasured>(c, baseRank[row], df, row);
            }
            else if (degree <= 4)
            {
                switch (degree)
                {
                    case 1:
                        for (; row < end; row++, link += 1, weight += 1)
                        {
                            Prefetch<TFar>(c, link, 1);
                            float sum = Float<TWeighted>(c, link, weight, 0);
                            change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                        }
                        break;
                    case 2:
                        for (; row < end; row++, link += 2, weight += 2)
                        {
                            Prefetch<TFar>(c, link, 2);
                            float sum = Float<TWeighted>(c, link, weight, 0) + Float<TWeighted>(c, link, weight, 1);
                            change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                        }
                        break;
                    case 3:
                        for (; row < end; row++, link += 3, weight += 3)
                        {
                            Prefetch<TFar>(c, link, 3);
                            float sum = Float<TWeighted>(c, link, weight, 0) + Float<TWeighted>(c, link, weight, 1) + Float<TWeighted>(c, link, weight, 2);
                            change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                        }
                        break;
                    default:
                        for (; row < end; row++, link += 4, weight += 4)
                        {
                            Prefetch<TFar>(c, link, 4);
                            float sum = Float<TWeighted>(c, link, weight, 0) + Float<TWeighted>(c, link, weight, 1)
                                + (Float<TWeighted>(c, link, weight, 2) + Float<TWeighted>(c, link, weight, 3));
                            change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                        }
                        break;
                }
            }
            else if (degree <= FloatLinks)
            {
                for (; row < end; row++)
                {
                    float sum = Sum<TWeighted, TFar>(link, weight, (int)degree, c);
                    change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                    link += degree;
                    weight += degree;
                }
            }
            else
            {
                for (; row < end; row++)
                {
                    float sum = (float)LongSum<TWeighted, TFar>(link, weight, degree, c);
                    change += Set<TMeasured>(c, baseRank[row] + df[row] * sum, df, row);
                    link += degree;
                    weight += degree;
                }
            }
        }
        return change;
    }

    /// <summary>Σ w·c over a row of any length: parts of 64 in float, their sum in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double LongSum<TWeighted, TFar>(uint* link, float* weight, long degree, float* c)
        where TWeighted : IFlag where TFar : IFlag
    {
        double sum = 0;
        for (; degree >= FloatLinks; degree -= FloatLinks)
        {
            sum += Sum<TWeighted, TFar>(link, weight, FloatLinks, c);
            link += FloatLinks;
            if (TWeighted.On)
                weight += FloatLinks;
        }
        return sum + Sum<TWeighted, TFar>(link, weight, (int)degree, c);
    }

    /// <summary>What the double pass works on; rows from <see cref="Linking"/> on are dangling.</summary>
    public readonly struct Pass
    {
        public required uint* Links { get; init; }

        public required float* Weights { get; init; }

        /// <summary>Contributions by slot: floats, or doubles in the wide kernels.</summary>
        public required void* C { get; init; }

        /// <summary>K.</summary>
        public required int Columns { get; init; }

        /// <summary>b of each column by row; a null is <see cref="Uniform"/> everywhere.</summary>
        public required double** B { get; init; }

        public required double Uniform { get; init; }

        public required double Damping { get; init; }

        /// <summary>Receives ŷ + r by row.</summary>
        public required double* Y { get; init; }

        /// <summary>Receives r over W(1 − d·w(v,v)/W) by linking row.</summary>
        public required float* Base { get; init; }

        public required float* Df { get; init; }

        public required uint* OutDegrees { get; init; }

        /// <summary>Null for unweighted.</summary>
        public required double* OutWeights { get; init; }

        public required int Linking { get; init; }

        public double OutWeight(int row) => OutWeights == null ? OutDegrees[row] : OutWeights[row];
    }

    /// <summary>Sums of a double pass over some rows.</summary>
    public struct PassSums
    {
        /// <summary>Σŷ.</summary>
        public double Sum;

        /// <summary>Σŷ over nodes without outgoing weight.</summary>
        public double Dangling;

        /// <summary>Bound on what rounding may add to ‖r‖₁.</summary>
        public double Rounding;
    }

    /// <summary>r = b − ŷ + d·Σ w·c for rows of equal in-degree, each with a link of weight <paramref name="self"/> to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Certify<TWeighted, TWide, TFar>(in Pass pass, int row, int end, long degree, long first, double self, ref PassSums sums)
        where TWeighted : IFlag where TWide : IFlag where TFar : IFlag
    {
        PassSums s = sums;
        for (; row < end; row++, first += degree)
            CertifyRow(pass, row, 0, DoubleSum<TWeighted, TWide, TFar>(pass, first, degree), degree, self, TWide.On, ref s);
        sums = s;
    }

    /// <summary>One row of <see cref="Certify"/>, given Σ w·c over its other in-links and the weight of its link to itself.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CertifyRow(in Pass pass, int row, int column, double q, long degree, double self, bool wide, ref PassSums sums)
    {
        const double unit = 1.1102230246251565e-16; // 2^-53
        double right = pass.B[column] == null ? pass.Uniform : pass.B[column][row];
        long at = (long)row * pass.Columns + column;
        double estimate, w = row < pass.Linking ? pass.OutWeight(row) : 0;
        if (w > 0)
        {
            double own = wide ? ((double*)pass.C)[at] : ((float*)pass.C)[at];
            q += self * own;
            estimate = own * w;
            double r = right - estimate + pass.Damping * q;
            pass.Y[at] = estimate + r;
            pass.Base[at] = (float)(r * (pass.Df[row] / pass.Damping));
        }
        else
        {
            estimate = right + pass.Damping * q;
            pass.Y[at] = estimate;
            if (row < pass.Linking)
                pass.Base[at] = 0;
            sums.Dangling += estimate;
        }
        sums.Sum += estimate;
        sums.Rounding += unit * ((degree / 4 + 8) * Math.Abs(q) + 4 * (Math.Abs(estimate) + Math.Abs(right)));
    }

    /// <summary>Σ w·c of one row in double, in four accumulators.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double DoubleSum<TWeighted, TWide, TFar>(in Pass pass, long first, long degree) where TWeighted : IFlag where TWide : IFlag where TFar : IFlag
    {
        uint* link = pass.Links + first;
        float* weight = TWeighted.On ? pass.Weights + first : null;
        void* c = pass.C;
        double a = 0, b = 0, e = 0, f = 0;
        long i = 0;
        for (; i + 4 <= degree; i += 4)
        {
            PrefetchWide<TWide, TFar>(c, link + i, 4);
            a += Term<TWeighted, TWide>(link, weight, i, c);
            b += Term<TWeighted, TWide>(link, weight, i + 1, c);
            e += Term<TWeighted, TWide>(link, weight, i + 2, c);
            f += Term<TWeighted, TWide>(link, weight, i + 3, c);
        }
        PrefetchWide<TWide, TFar>(c, link + i, (int)(degree - i));
        for (; i < degree; i++)
            a += Term<TWeighted, TWide>(link, weight, i, c);
        return a + b + (e + f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchWide<TWide, TFar>(void* c, uint* link, int count) where TWide : IFlag where TFar : IFlag
    {
        if (TFar.On && Sse.IsSupported)
            for (int i = 0; i < count; i++)
                Sse.Prefetch0((byte*)c + (long)link[Ahead + i] * (TWide.On ? 8 : 4));
    }

    /// <summary>Sets c[row]; returns the change of its score times d, 0 if not measured.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Set<TMeasured>(float* c, float value, float* df, int row) where TMeasured : IFlag
    {
        double change = 0;
        if (TMeasured.On && df[row] > 0)
            change = Math.Abs((double)value - c[row]) / df[row];
        c[row] = value;
        return change;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Sum<TWeighted, TFar>(uint* link, float* weight, int degree, float* c) where TWeighted : IFlag where TFar : IFlag
    {
        float a = 0, b = 0, e = 0, f = 0;
        int i = 0;
        for (; i + 4 <= degree; i += 4)
        {
            Prefetch<TFar>(c, link + i, 4);
            a += Float<TWeighted>(c, link, weight, i);
            b += Float<TWeighted>(c, link, weight, i + 1);
            e += Float<TWeighted>(c, link, weight, i + 2);
            f += Float<TWeighted>(c, link, weight, i + 3);
        }
        Prefetch<TFar>(c, link + i, degree - i);
        for (; i < degree; i++)
            a += Float<TWeighted>(c, link, weight, i);
        return a + b + (e + f);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Float<TWeighted>(float* c, uint* link, float* weight, int i) where TWeighted : IFlag =>
        TWeighted.On ? weight[i] * c[link[i]] : c[link[i]];

    /// <summary>Asks for the sources of <paramref name="count"/> links that come <see cref="Ahead"/> links later.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch<TFar>(float* c, uint* link, int count) where TFar : IFlag
    {
        if (TFar.On && Sse.IsSupported)
            for (int i = 0; i < count; i++)
                Sse.Prefetch0(c + link[Ahead + i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Term<TWeighted, TWide>(uint* link, float* weight, long i, void* c) where TWeighted : IFlag where TWide : IFlag
    {
        double value = TWide.On ? ((double*)c)[link[i]] : ((float*)c)[link[i]];
        return TWeighted.On ? weight[i] * value : value;
    }
}
