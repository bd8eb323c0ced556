using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Backlinks.GraphEngine;

/// <summary>
/// The loops of <see cref="RankKernel"/> for 8 or 16 rankings at once: contributions of a source stand together, 16 floats
/// in one cache line, so a gather that misses brings all of them. Columns never mix, so the width of the machine's vectors
/// does not show in the bits. Sums of long rows are taken in parts of 64.
/// </summary>
internal static unsafe class RankManyKernel
{
    private const int Part = 64;
    private const int Ahead = 16;

    /// <summary>Sweeps runs <paramref name="run"/> to <paramref name="endRun"/>; adds to the L1 change of each column if measured.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Sweep<TWeighted, TMeasured, TSixteen>(long* runs, long run, long endRun, int endRow, uint* links, float* weights,
        float* c, float* baseRank, float* df, double* changes) where TWeighted : IFlag where TMeasured : IFlag where TSixteen : IFlag
    {
        int columns = TSixteen.On ? 16 : 8;
        for (; run < endRun; run++)
        {
            long* entry = runs + 3 * run;
            int row = (int)entry[0], end = run + 1 < endRun ? (int)entry[3] : endRow;
            long degree = entry[1];
            uint* link = links + entry[2];
            float* weight = TWeighted.On ? weights + entry[2] : null;
            for (; row < end; row++)
            {
                Vector256<float> low = default, high = default;
                for (long i = 0; i < degree; i += Part)
                {
                    Sum<TWeighted, TSixteen>(link + i, TWeighted.On ? weight + i : null, (int)Math.Min(Part, degree - i), c,
                        out Vector256<float> partLow, out Vector256<float> partHigh);
                    low += partLow;
                    high += partHigh;
                }
                long at = (long)row * columns;
                Vector256<float> factor = Vector256.Create(df[row]);
                low = Vector256.Load(baseRank + at) + factor * low;
                if (TSixteen.On)
                    high = Vector256.Load(baseRank + at + 8) + factor * high;
                if (TMeasured.On && df[row] > 0)
                    for (int k = 0; k < columns; k++)
                        changes[k] += Math.Abs((double)(k < 8 ? low[k] : high[k - 8]) - c[at + k]) / df[row];
                low.Store(c + at);
                if (TSixteen.On)
                    high.Store(c + at + 8);
                link += degree;
                if (TWeighted.On)
                    weight += degree;
            }
        }
    }

    /// <summary>Σ w·c over a piece of a hub, by column: parts of 64 in float, their sum in double.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LongSum<TWeighted, TSixteen>(uint* link, float* weight, long degree, float* c, double* sums) where TWeighted : IFlag where TSixteen : IFlag
    {
        int columns = TSixteen.On ? 16 : 8;
        new Span<double>(sums, columns).Clear();
        for (long i = 0; i < degree; i += Part)
        {
            Sum<TWeighted, TSixteen>(link + i, TWeighted.On ? weight + i : null, (int)Math.Min(Part, degree - i), c, out Vector256<float> low, out Vector256<float> high);
            for (int k = 0; k < columns; k++)
                sums[k] += k < 8 ? low[k] : high[k - 8];
        }
    }

    /// <summary>r = b − ŷ + d·Σ w·c by column for rows of equal in-degree, each with a link of weight <paramref name="self"/> to itself.</summary>
    public static void Certify<TWeighted, TWide>(in RankKernel.Pass pass, int row, int end, long degree, long first, double self, Span<RankKernel.PassSums> sums)
        where TWeighted : IFlag where TWide : IFlag
    {
        double* q = stackalloc double[16];
        for (; row < end; row++, first += degree)
        {
            DoubleSum<TWeighted, TWide>(pass, first, degree, q);
            for (int column = 0; column < pass.Columns; column++)
                RankKernel.CertifyRow(pass, row, column, q[column], 4 * degree, self, TWide.On, ref sums[column]);
        }
    }

    /// <summary>Σ w·c over links in double, by column; one accumulator each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void DoubleSum<TWeighted, TWide>(in RankKernel.Pass pass, long first, long degree, double* sums) where TWeighted : IFlag where TWide : IFlag
    {
        for (int part = 0; part < pass.Columns; part += 8)
        {
            Vector256<double> a = default, b = default;
            for (long i = first; i < first + degree; i++)
            {
                long at = (long)pass.Links[i] * pass.Columns + part;
                Vector256<double> low, high;
                if (TWide.On)
                    (low, high) = (Vector256.Load((double*)pass.C + at), Vector256.Load((double*)pass.C + at + 4));
                else
                    (low, high) = Vector256.Widen(Vector256.Load((float*)pass.C + at));
                if (TWeighted.On)
                {
                    Vector256<double> w = Vector256.Create((double)pass.Weights[i]);
                    (low, high) = (low * w, high * w);
                }
                a += low;
                b += high;
            }
            a.Store(sums + part);
            b.Store(sums + part + 4);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sum<TWeighted, TSixteen>(uint* link, float* weight, int degree, float* c, out Vector256<float> low, out Vector256<float> high)
        where TWeighted : IFlag where TSixteen : IFlag
    {
        int columns = TSixteen.On ? 16 : 8;
        Vector256<float> a = default, b = default, e = default, f = default;
        int i = 0;
        for (; i + 2 <= degree; i += 2)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(c + (long)link[i + Ahead] * columns);
                Sse.Prefetch0(c + (long)link[i + Ahead + 1] * columns);
            }
            float* one = c + (long)link[i] * columns, two = c + (long)link[i + 1] * columns;
            a += TWeighted.On ? Vector256.Create(weight[i]) * Vector256.Load(one) : Vector256.Load(one);
            b += TWeighted.On ? Vector256.Create(weight[i + 1]) * Vector256.Load(two) : Vector256.Load(two);
            if (TSixteen.On)
            {
                e += TWeighted.On ? Vector256.Create(weight[i]) * Vector256.Load(one + 8) : Vector256.Load(one + 8);
                f += TWeighted.On ? Vector256.Create(weight[i + 1]) * Vector256.Load(two + 8) : Vector256.Load(two + 8);
            }
        }
        if (i < degree)
        {
            float* one = c + (long)link[i] * columns;
            if (Sse.IsSupported)
                Sse.Prefetch0(c + (long)link[i + Ahead] * columns);
            a += TWeighted.On ? Vector256.Create(weight[i]) * Vector256.Load(one) : Vector256.Load(one);
            if (TSixteen.On)
                e += TWeighted.On ? Vector256.Create(weight[i]) * Vector256.Load(one + 8) : Vector256.Load(one + 8);
        }
        low = a + b;
        high = e + f;
    }
}
