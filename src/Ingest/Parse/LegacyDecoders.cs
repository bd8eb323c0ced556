namespace Backlinks.Ingest;

/// <summary>
/// Decoders of every encoding of the web but UTF-8, to UTF-8. Source: WHATWG Encoding Standard, sections 9 to 14, its
/// decoders step by step. Bytes that mean nothing become U+FFFD; an ASCII byte after a bad lead byte is kept, so that no
/// tag is swallowed. Linear; a body of n bytes gives at most 3n.
/// </summary>
internal static class LegacyDecoders
{
    /// <param name="name">A name of <see cref="EncodingLabels"/> but "utf-8".</param>
    public static ReadOnlyMemory<byte> ToUtf8(ReadOnlySpan<byte> bytes, string name)
    {
        var text = new Utf8Text((int)Math.Min(Array.MaxLength, bytes.Length + bytes.Length / 4L + 16));
        switch (name)
        {
            case "utf-16le":
                Utf16(bytes, ref text, high: 1);
                break;
            case "utf-16be":
                Utf16(bytes, ref text, high: 0);
                break;
            case "gbk" or "gb18030":
                Gb18030(bytes, ref text);
                break;
            case "big5":
                Big5(bytes, ref text);
                break;
            case "euc-jp":
                EucJp(bytes, ref text);
                break;
            case "iso-2022-jp":
                Iso2022Jp(bytes, ref text);
                break;
            case "shift_jis":
                ShiftJis(bytes, ref text);
                break;
            case "euc-kr":
                EucKr(bytes, ref text);
                break;
            case "replacement":
                if (!bytes.IsEmpty)
                    text.AddError();
                break;
            case "x-user-defined":
                for (int i = Ascii(bytes, 0, ref text); i < bytes.Length; i = Ascii(bytes, i + 1, ref text))
                    text.Add(0xF780 + bytes[i] - 0x80);
                break;
            default:
                SingleByte(bytes, ref text, EncodingTables.SingleByte(name));
                break;
        }
        return text.Written;
    }

    /// <summary>Copies ASCII from i on; returns where it ends.</summary>
    private static int Ascii(ReadOnlySpan<byte> bytes, int i, ref Utf8Text text)
    {
        ReadOnlySpan<byte> rest = bytes[i..];
        int length = rest.IndexOfAnyExceptInRange((byte)0, (byte)0x7F);
        if (length < 0)
            length = rest.Length;
        if (length > 0)
            text.AddBytes(rest[..length]);
        return i + length;
    }

    private static void SingleByte(ReadOnlySpan<byte> bytes, ref Utf8Text text, ushort[] table)
    {
        for (int i = Ascii(bytes, 0, ref text); i < bytes.Length; i = Ascii(bytes, i + 1, ref text))
            AddOrError(ref text, table[bytes[i] - 0x80]);
    }

    private static void Gb18030(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        for (int i = 0; (i = Ascii(bytes, i, ref text)) < bytes.Length;)
        {
            int first = bytes[i++];
            if (first is 0x80 or 0xFF)
            {
                text.Add(first == 0x80 ? 0x20AC : 0xFFFD);
            }
            else if (i == bytes.Length)
            {
                text.AddError();
            }
            else if (bytes[i] is >= 0x30 and <= 0x39)
            {
                if (i + 1 == bytes.Length || (bytes[i + 1] is >= 0x81 and <= 0xFE && i + 2 == bytes.Length))
                {
                    text.AddError(); // cut inside a character: one error for all of it
                    return;
                }
                if (bytes[i + 1] is < 0x81 or > 0xFE || bytes[i + 2] is < 0x30 or > 0x39)
                {
                    text.AddError(); // and on with the byte behind the lead
                    continue;
                }
                int code = EncodingTables.Gb18030Range(
                    ((first - 0x81) * 10 + bytes[i] - 0x30) * 1260 + (bytes[i + 1] - 0x81) * 10 + bytes[i + 2] - 0x30);
                text.Add(code < 0 ? 0xFFFD : code);
                i += 3;
            }
            else
            {
                int trail = bytes[i];
                int code = trail is >= 0x40 and not 0x7F and <= 0xFE
                    ? EncodingTables.Gb18030[(first - 0x81) * 190 + trail - (trail < 0x7F ? 0x40 : 0x41)] : 0;
                Pair(ref text, code, trail, ref i);
            }
        }
    }

    private static void Big5(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        for (int i = 0; (i = Ascii(bytes, i, ref text)) < bytes.Length;)
        {
            int lead = bytes[i++];
            if (lead is 0x80 or 0xFF || i == bytes.Length)
            {
                text.AddError();
                continue;
            }
            int trail = bytes[i];
            int pointer = trail is >= 0x40 and <= 0x7E or >= 0xA1 and <= 0xFE
                ? (lead - 0x81) * 157 + trail - (trail < 0x7F ? 0x40 : 0x62) : -1;
            if (pointer is 1133 or 1135 or 1164 or 1166)
            {
                text.Add(pointer < 1150 ? 0xCA : 0xEA);
                text.Add(pointer is 1133 or 1164 ? 0x304 : 0x30C);
                i++;
            }
            else
            {
                Pair(ref text, EncodingTables.Big5CodePoint(pointer), trail, ref i);
            }
        }
    }

    private static void EucKr(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        for (int i = 0; (i = Ascii(bytes, i, ref text)) < bytes.Length;)
        {
            int lead = bytes[i++];
            if (lead is 0x80 or 0xFF || i == bytes.Length)
            {
                text.AddError();
                continue;
            }
            int trail = bytes[i];
            int pointer = trail is >= 0x41 and <= 0xFE ? (lead - 0x81) * 190 + trail - 0x41 : -1;
            Pair(ref text, At(EncodingTables.EucKr, pointer), trail, ref i);
        }
    }

    private static void ShiftJis(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        for (int i = 0; (i = Ascii(bytes, i, ref text)) < bytes.Length;)
        {
            int lead = bytes[i++];
            if (lead == 0x80)
            {
                text.Add(0x80);
            }
            else if (lead is >= 0xA1 and <= 0xDF)
            {
                text.Add(0xFF61 - 0xA1 + lead);
            }
            else if (lead is 0xA0 or > 0xFC || i == bytes.Length)
            {
                text.AddError();
            }
            else
            {
                int trail = bytes[i];
                int pointer = trail is >= 0x40 and not 0x7F and <= 0xFC
                    ? (lead - (lead < 0xA0 ? 0x81 : 0xC1)) * 188 + trail - (trail < 0x7F ? 0x40 : 0x41) : -1;
                // 8836 to 10715 are the user's own characters.
                Pair(ref text, pointer is >= 8836 and <= 10715 ? 0xE000 - 8836 + pointer : At(EncodingTables.Jis0208, pointer), trail, ref i);
            }
        }
    }

    private static void EucJp(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        for (int i = 0; (i = Ascii(bytes, i, ref text)) < bytes.Length;)
        {
            int lead = bytes[i++];
            if (lead is not (0x8E or 0x8F or >= 0xA1 and <= 0xFE) || i == bytes.Length)
            {
                text.AddError();
                continue;
            }
            int trail = bytes[i];
            if (lead == 0x8E && trail is >= 0xA1 and <= 0xDF)
            {
                text.Add(0xFF61 - 0xA1 + trail);
                i++;
                continue;
            }
            ushort[] table = EncodingTables.Jis0208;
            if (lead == 0x8F && trail is >= 0xA1 and <= 0xFE)
            {
                table = EncodingTables.Jis0212;
                lead = trail;
                if (++i == bytes.Length)
                {
                    text.AddError();
                    return;
                }
                trail = bytes[i];
            }
            int pointer = lead is >= 0xA1 and <= 0xFE && trail is >= 0xA1 and <= 0xFE ? (lead - 0xA1) * 94 + trail - 0xA1 : -1;
            Pair(ref text, At(table, pointer), trail, ref i);
        }
    }

    private static void Iso2022Jp(ReadOnlySpan<byte> bytes, ref Utf8Text text)
    {
        // What an escape sequence selected: B ASCII, J Roman, I katakana, 0 the double-byte set.
        char set = 'B';
        bool wrote = false;
        for (int i = 0; i < bytes.Length;)
        {
            int b = bytes[i++];
            if (b == 0x1B)
            {
                char next = i + 1 >= bytes.Length ? '\0' : (bytes[i], bytes[i + 1]) switch
                {
                    ((byte)'(', (byte)'B') => 'B',
                    ((byte)'(', (byte)'J') => 'J',
                    ((byte)'(', (byte)'I') => 'I',
                    ((byte)'$', (byte)'@' or (byte)'B') => '0',
                    _ => '\0',
                };
                if (next == '\0')
                {
                    wrote = false;
                    text.AddError(); // what follows the escape byte is read again
                    continue;
                }
                i += 2;
                set = next;
                // Two in a row could hide text from filters: the second is an error.
                if (wrote)
                    text.AddError();
                wrote = true;
                continue;
            }
            wrote = false;
            if (set == '0')
            {
                if (b is < 0x21 or > 0x7E || i == bytes.Length)
                {
                    text.AddError();
                    continue;
                }
                if (bytes[i] == 0x1B)
                {
                    text.AddError();
                    continue;
                }
                int trail = bytes[i++];
                AddOrError(ref text, trail is >= 0x21 and <= 0x7E ? At(EncodingTables.Jis0208, (b - 0x21) * 94 + trail - 0x21) : 0);
            }
            else if (set == 'I')
            {
                AddOrError(ref text, b is >= 0x21 and <= 0x5F ? 0xFF61 - 0x21 + b : 0);
            }
            else if (b is 0x0E or 0x0F or > 0x7F)
            {
                text.AddError();
            }
            else
            {
                text.Add(set == 'J' && b == 0x5C ? 0xA5 : set == 'J' && b == 0x7E ? 0x203E : b);
            }
        }
    }

    /// <param name="high">Which byte of a pair is the higher: 0 or 1.</param>
    private static void Utf16(ReadOnlySpan<byte> bytes, ref Utf8Text text, int high)
    {
        int i = 0, last = bytes.Length - 1;
        while (i < last)
        {
            int unit = bytes[i + high] << 8 | bytes[i + 1 - high];
            i += 2;
            if (unit is < 0xD800 or > 0xDFFF)
            {
                text.Add(unit);
                continue;
            }
            if (unit <= 0xDBFF && i < last && (bytes[i + high] & 0xFC) == 0xDC)
            {
                int low = bytes[i + high] << 8 | bytes[i + 1 - high];
                i += 2;
                text.Add(0x10000 + ((unit - 0xD800) << 10) + low - 0xDC00);
                continue;
            }
            text.AddError();
            if (unit <= 0xDBFF && i == last)
                return; // half a pair and half a unit at the end: one error
        }
        if (i == last)
            text.AddError();
    }

    /// <summary>Writes what a pair stands for. Where that is nothing, a trail byte that is ASCII stays to be read.</summary>
    private static void Pair(ref Utf8Text text, int codePoint, int trail, ref int i)
    {
        if (codePoint != 0)
        {
            text.Add(codePoint);
            i++;
            return;
        }
        text.AddError();
        if (trail >= 0x80)
            i++;
    }

    private static void AddOrError(ref Utf8Text text, int codePoint) => text.Add(codePoint == 0 ? 0xFFFD : codePoint);

    private static int At(ushort[] table, int pointer) => (uint)pointer < (uint)table.Length ? table[pointer] : 0;
}
