using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Punycode (RFC 3492): a label of any code points as letters, digits and hyphens. The RFC's encoder walks the label once
/// for every distinct code point; here they are sorted, and a tree of counts (Fenwick 1994) tells how many smaller ones stand
/// before each: n log n steps. Decoding inserts into the middle, so <see cref="Idna"/> keeps labels short.
/// </summary>
internal static class Punycode
{
    private const int Base = 36, TMin = 1, TMax = 26, Skew = 38, Damp = 700, InitialBias = 72, InitialN = 0x80;

    /// <summary>Appends the encoding, without <c>xn--</c>.</summary>
    public static void Encode(ReadOnlySpan<int> label, StringBuilder to)
    {
        int basic = 0;
        foreach (int point in label)
            if (point < 0x80)
            {
                to.Append((char)point);
                basic++;
            }
        if (basic > 0)
            to.Append('-');
        long[] others = new long[label.Length - basic]; // code point, then place: the order in which a decoder inserts
        int[] counts = new int[label.Length + 1]; // of places of code points that have been inserted
        for (int place = 0, i = 0; place < label.Length; place++)
            if (label[place] < 0x80)
                Count(counts, place);
            else
                others[i++] = (long)label[place] << 32 | (uint)place;
        others.AsSpan().Sort();
        int n = InitialN, bias = InitialBias, at = 0;
        for (int i = 0; i < others.Length; i++)
        {
            (int point, int place) = ((int)(others[i] >> 32), (int)others[i]);
            int length = basic + i + 1, before = Before(counts, place);
            long delta = (long)(point - n) * length + before - at; // lengths are capped, so this overflows never
            AppendNumber(delta, bias, to);
            bias = Adapt(delta, length, i == 0);
            Count(counts, place);
            (n, at) = (point, before + 1);
        }
    }

    private static void AppendNumber(long number, int bias, StringBuilder to)
    {
        for (int k = Base; ; k += Base)
        {
            int t = Math.Clamp(k - bias, TMin, TMax);
            if (number < t)
                break;
            to.Append(Digit((int)((number - t) % (Base - t)) + t));
            number = (number - t) / (Base - t);
        }
        to.Append(Digit((int)number));
    }

    private static void Count(int[] counts, int place)
    {
        for (int i = place + 1; i < counts.Length; i += i & -i)
            counts[i]++;
    }

    private static int Before(int[] counts, int place)
    {
        int sum = 0;
        for (int i = place; i > 0; i &= i - 1)
            sum += counts[i];
        return sum;
    }

    /// <summary>Decodes what stands after <c>xn--</c>; false for what no encoder writes or is no Unicode scalar value.</summary>
    public static bool TryDecode(ReadOnlySpan<int> encoded, List<int> to)
    {
        int hyphen = encoded.LastIndexOf('-');
        for (int i = 0; i < hyphen; i++)
            to.Add(encoded[i]);
        int bias = InitialBias;
        long n = InitialN, at = 0;
        for (int read = hyphen > 0 ? hyphen + 1 : 0; read < encoded.Length;) // a hyphen in front delimits nothing: an error
        {
            long before = at, weight = 1;
            for (int k = Base; ; k += Base)
            {
                int digit = read < encoded.Length ? Value(encoded[read++]) : -1;
                if (digit < 0)
                    return false;
                at += digit * weight;
                int t = Math.Clamp(k - bias, TMin, TMax);
                if (digit < t)
                    break;
                weight *= Base - t;
                if (at > int.MaxValue || weight > int.MaxValue)
                    return false;
            }
            int length = to.Count + 1;
            bias = Adapt(at - before, length, before == 0);
            n += at / length;
            if (n > 0x10FFFF || n is >= 0xD800 and < 0xE000)
                return false;
            at %= length;
            to.Insert((int)at++, (int)n);
        }
        return true;
    }

    private static int Adapt(long delta, int length, bool first)
    {
        delta = first ? delta / Damp : delta / 2;
        delta += delta / length;
        int k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base)
            delta /= Base - TMin;
        return k + (int)((Base - TMin + 1) * delta / (delta + Skew));
    }

    private static char Digit(int value) => (char)(value < 26 ? 'a' + value : '0' + value - 26);

    private static int Value(int point) => point switch
    {
        >= 'a' and <= 'z' => point - 'a',
        >= 'A' and <= 'Z' => point - 'A',
        >= '0' and <= '9' => point - '0' + 26,
        _ => -1,
    };
}
