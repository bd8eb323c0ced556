using System.Runtime.InteropServices;

namespace Backlinks.Ingest;

/// <summary>
/// Normalization form C (UAX #15): decompose canonically, order marks by class, compose. Our own, because .NET without
/// ICU leaves text outside ASCII as it is. Time is n log n whatever the text: a run of marks is ordered by a stable sort.
/// </summary>
internal static class Nfc
{
    // Hangul syllables decompose and compose by arithmetic (Unicode standard 3.12).
    private const int SBase = 0xAC00, LBase = 0x1100, VBase = 0x1161, TBase = 0x11A7, LCount = 19, VCount = 21, TCount = 28, SCount = LCount * VCount * TCount;

    public static void Normalize(List<int> points)
    {
        if (IsPlain(points))
            return;
        UnicodeTables tables = UnicodeTables.Instance;
        List<int> apart = new(points.Count + 16);
        foreach (int point in points)
            Decompose(point, apart, tables);
        Order(apart, tables);
        points.Clear();
        Compose(apart, points, tables);
    }

    public static bool IsNormalized(List<int> points)
    {
        if (IsPlain(points))
            return true;
        List<int> other = [.. points];
        Normalize(other);
        return CollectionsMarshal.AsSpan(other).SequenceEqual(CollectionsMarshal.AsSpan(points));
    }

    /// <summary>Nothing below U+0300 changes: composed letters stay, and there are no marks.</summary>
    private static bool IsPlain(List<int> points) => !CollectionsMarshal.AsSpan(points).ContainsAnyExceptInRange(0, 0x2FF);

    private static void Decompose(int point, List<int> to, UnicodeTables tables)
    {
        int s = point - SBase;
        if ((uint)s < SCount)
        {
            to.Add(LBase + s / (VCount * TCount));
            to.Add(VBase + s % (VCount * TCount) / TCount);
            if (s % TCount != 0)
                to.Add(TBase + s % TCount);
        }
        else if (point >= 0xC0 && tables.TryDecompose(point, out (int First, int Second) parts))
        {
            Decompose(parts.First, to, tables);
            if (parts.Second != 0)
                Decompose(parts.Second, to, tables);
        }
        else
            to.Add(point);
    }

    private static void Order(List<int> points, UnicodeTables tables)
    {
        Span<int> span = CollectionsMarshal.AsSpan(points);
        for (int i = 0; i < span.Length; i++)
        {
            if (tables.CombiningClass(span[i]) == 0)
                continue;
            int start = i;
            while (++i < span.Length && tables.CombiningClass(span[i]) != 0)
            {
            }
            if (i - start == 1)
                continue;
            Span<int> run = span[start..i];
            long[] keys = new long[run.Length];
            for (int j = 0; j < keys.Length; j++)
                keys[j] = (long)tables.CombiningClass(run[j]) << 32 | (uint)j; // the place makes the sort stable
            keys.AsSpan().Sort(run);
        }
    }

    private static void Compose(List<int> apart, List<int> to, UnicodeTables tables)
    {
        int starter = -1; // place in the result of the last code point of class 0
        int before = 0; // class of the last code point kept after it
        foreach (int point in apart)
        {
            int combining = tables.CombiningClass(point);
            bool adjacent = starter == to.Count - 1;
            if (starter >= 0 && (adjacent || before < combining) && TryCompose(to[starter], point, tables, out int composed))
            {
                to[starter] = composed;
                continue;
            }
            if (combining == 0)
                starter = to.Count;
            before = combining;
            to.Add(point);
        }
    }

    private static bool TryCompose(int first, int second, UnicodeTables tables, out int composed)
    {
        int l = first - LBase, v = second - VBase;
        if ((uint)l < LCount && (uint)v < VCount)
        {
            composed = SBase + (l * VCount + v) * TCount;
            return true;
        }
        int s = first - SBase, t = second - TBase;
        if ((uint)s < SCount && s % TCount == 0 && t is > 0 and < TCount)
        {
            composed = first + t;
            return true;
        }
        return tables.TryCompose(first, second, out composed);
    }
}
