using System.Runtime.InteropServices;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Names outside ASCII as DNS asks for them: UTS #46 (Unicode 17) with the WHATWG URL standard's choices for "domain to
/// ASCII": CheckHyphens, UseSTD3ASCIIRules, transitional processing and VerifyDnsLength off, CheckBidi and CheckJoiners on.
/// A name of ASCII only is not looked at, whatever its <c>xn--</c> labels hold; the standard says so, and browsers agree.
/// One departure: names outside ASCII of more than <see cref="MaxName"/> characters or with a label of more than
/// <see cref="MaxLabel"/> code points are refused: no name over 253 bytes can be resolved,
/// and unpacking punycode is quadratic in a label.
/// </summary>
internal static class Idna
{
    public const int MaxLabel = 512, MaxName = 4096;

    /// <summary>The ASCII form in lower case, not yet checked for code points that no host may have; null for failure.</summary>
    public static string? ToAscii(ReadOnlySpan<char> domain)
    {
        if (System.Text.Ascii.IsValid(domain))
            return domain.ToString().ToLowerInvariant();
        if (domain.Length > MaxName)
            return null;
        UnicodeTables tables = UnicodeTables.Instance;
        List<int> points = new(domain.Length);
        foreach (Rune rune in domain.EnumerateRunes())
            switch (tables.Status(rune.Value))
            {
                case IdnaStatus.Ignored:
                    break;
                case IdnaStatus.Mapped:
                    tables.AppendMapping(rune.Value, points);
                    break;
                case IdnaStatus.Valid:
                    points.Add(rune.Value);
                    break;
                default:
                    return null;
            }
        Nfc.Normalize(points);

        List<List<int>> labels = Split(points);
        bool bidi = false;
        foreach (List<int> label in labels)
        {
            if (!Unpack(label) || !IsValid(label, tables))
                return null;
            bidi |= label.Exists(p => p >= 0x80 && tables.Bidi(p) is BidiClass.R or BidiClass.AL or BidiClass.AN);
        }
        if (bidi && !labels.TrueForAll(label => KeepsBidiRule(label, tables)))
            return null;

        StringBuilder ascii = new(domain.Length + 16);
        for (int i = 0; i < labels.Count; i++)
        {
            Span<int> label = CollectionsMarshal.AsSpan(labels[i]);
            if (i > 0)
                ascii.Append('.');
            if (label.ContainsAnyExceptInRange(0, 0x7F))
                Punycode.Encode(label, ascii.Append("xn--"));
            else
                foreach (int point in label)
                    ascii.Append((char)point);
        }
        return ascii.ToString();
    }

    private static List<List<int>> Split(List<int> points)
    {
        List<List<int>> labels = [];
        for (int start = 0; start <= points.Count;)
        {
            int dot = points.IndexOf('.', start);
            int end = dot < 0 ? points.Count : dot;
            labels.Add(points.GetRange(start, end - start));
            start = end + 1;
        }
        return labels;
    }

    /// <summary>A label <c>xn--…</c> becomes what it stands for; false where it stands for nothing, or for ASCII alone.</summary>
    private static bool Unpack(List<int> label)
    {
        if (!(label.Count >= 4 && label[0] == 'x' && label[1] == 'n' && label[2] == '-' && label[3] == '-'))
            return true;
        if (label.Count > MaxLabel || label.Exists(p => p >= 0x80))
            return false;
        List<int> decoded = new(label.Count);
        if (!Punycode.TryDecode(CollectionsMarshal.AsSpan(label)[4..], decoded) || !decoded.Exists(p => p >= 0x80) || !Nfc.IsNormalized(decoded))
            return false;
        label.Clear();
        label.AddRange(decoded);
        return true;
    }

    /// <summary>UTS #46 section 4.1; an empty label is none of its business.</summary>
    private static bool IsValid(List<int> label, UnicodeTables tables)
    {
        Span<int> points = CollectionsMarshal.AsSpan(label);
        if (!points.ContainsAnyExceptInRange(0, 0x7F))
            return true;
        if (points.Length > MaxLabel || points.StartsWith([(int)'x', 'n', '-', '-']) || points.Contains('.') || tables.IsMark(points[0]))
            return false;
        for (int i = 0; i < points.Length; i++)
            if (tables.Status(points[i]) != IdnaStatus.Valid || (points[i] is 0x200C or 0x200D && !MayJoin(points, i, tables)))
                return false;
        return true;
    }

    /// <summary>RFC 5892, appendix A.1 and A.2: a joiner after a virama, or a non-joiner between letters that would join.</summary>
    private static bool MayJoin(ReadOnlySpan<int> label, int at, UnicodeTables tables)
    {
        const int virama = 9;
        if (at > 0 && tables.CombiningClass(label[at - 1]) == virama)
            return true;
        if (label[at] == 0x200D)
            return false;
        int before = at - 1, after = at + 1;
        while (before >= 0 && tables.Joining(label[before]) == JoiningType.Transparent)
            before--;
        while (after < label.Length && tables.Joining(label[after]) == JoiningType.Transparent)
            after++;
        return before >= 0 && tables.Joining(label[before]) is JoiningType.Left or JoiningType.Dual
            && after < label.Length && tables.Joining(label[after]) is JoiningType.Right or JoiningType.Dual;
    }

    /// <summary>RFC 5893 section 2, its six conditions in one walk.</summary>
    private static bool KeepsBidiRule(List<int> label, UnicodeTables tables)
    {
        if (label.Count == 0)
            return true;
        BidiClass first = tables.Bidi(label[0]), last = BidiClass.Other;
        if (first is not (BidiClass.L or BidiClass.R or BidiClass.AL))
            return false;
        bool rightToLeft = first != BidiClass.L, european = false, arabic = false;
        foreach (int point in label)
        {
            BidiClass bidi = tables.Bidi(point);
            european |= bidi == BidiClass.EN;
            arabic |= bidi == BidiClass.AN;
            bool allowed = bidi switch
            {
                BidiClass.EN or BidiClass.ES or BidiClass.CS or BidiClass.ET or BidiClass.ON or BidiClass.BN or BidiClass.NSM => true,
                BidiClass.L => !rightToLeft,
                BidiClass.R or BidiClass.AL or BidiClass.AN => rightToLeft,
                _ => false,
            };
            if (!allowed)
                return false;
            if (bidi != BidiClass.NSM)
                last = bidi;
        }
        return rightToLeft
            ? last is BidiClass.R or BidiClass.AL or BidiClass.EN or BidiClass.AN && !(european && arabic)
            : last is BidiClass.L or BidiClass.EN;
    }
}
