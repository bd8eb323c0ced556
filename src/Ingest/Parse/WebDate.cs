namespace Backlinks.Ingest;

/// <summary>
/// Dates as the web writes them: W3C (ISO 8601's profile, sitemaps and Atom), RFC 822 and its successors (RSS, HTTP),
/// RFC 850, asctime.
/// </summary>
/// <remarks>
/// A two-digit year below 50 is in this century (RFC 2822, 4.3). A W3C date without a time is midnight UTC, without a
/// zone UTC. Other dates without a zone are refused unless the caller says that they mean UTC: feeds write local time then.
/// Linear in the text, no culture, never throws.
/// </remarks>
internal static class WebDate
{
    /// <summary>No date is longer; longer texts are refused unread.</summary>
    private const int MaxLength = 64;

    private const string Months = "janfebmaraprmayjunjulaugsepoctnovdec";

    public static bool TryParse(ReadOnlySpan<char> text, bool zoneNeeded, out DateTime utc)
    {
        utc = default;
        text = text.Trim();
        if (text.Length is 0 or > MaxLength)
            return false;
        return text.Length >= 4 && IsDigits(text[..4]) && (text.Length == 4 || text[4] is '-' or '/')
            ? TryW3C(text, out utc)
            : TryNamedMonth(text, zoneNeeded, out utc);
    }

    /// <summary>yyyy, yyyy-MM, yyyy-MM-dd, then T or a space and HH:mm, HH:mm:ss, fraction, Z or an offset.</summary>
    private static bool TryW3C(ReadOnlySpan<char> text, out DateTime utc)
    {
        utc = default;
        var at = new Reader(text);
        int month = 1, day = 1, hour = 0, minute = 0, second = 0, fraction = 0;
        TimeSpan offset = default;
        if (!at.Number(4, 4, out int year))
            return false;
        if (at.Skip('-') || at.Skip('/'))
        {
            if (!at.Number(1, 2, out month))
                return false;
            if ((at.Skip('-') || at.Skip('/')) && !at.Number(1, 2, out day))
                return false;
        }
        if (at.Skip('T') || at.Skip('t') || at.Skip(' '))
        {
            if (!at.Number(1, 2, out hour) || !at.Skip(':') || !at.Number(2, 2, out minute))
                return false;
            if (at.Skip(':') && !at.Number(2, 2, out second))
                return false;
            if (at.Skip('.') || at.Skip(','))
                fraction = at.Fraction();
            at.Spaces();
            if (!at.AtEnd && !TryZone(at.Rest, out offset))
                return false;
        }
        else if (!at.AtEnd)
        {
            return false;
        }
        return TryMake(year, month, day, hour, minute, second, fraction, offset, out utc);
    }

    /// <summary>[Day,] dd Mon yy[yy] HH:mm[:ss] zone; dd-Mon-yy; asctime's Day Mon dd HH:mm:ss yyyy.</summary>
    private static bool TryNamedMonth(ReadOnlySpan<char> text, bool zoneNeeded, out DateTime utc)
    {
        utc = default;
        int day = -1, month = -1, year = -1, hour = 0, minute = 0, second = 0;
        TimeSpan? offset = null;
        var at = new Reader(text);
        while (!at.AtEnd)
        {
            ReadOnlySpan<char> word = at.Word();
            if (word.IsEmpty)
                continue;
            if (word.Contains(':'))
            {
                var time = new Reader(word);
                if (!time.Number(1, 2, out hour) || !time.Skip(':') || !time.Number(2, 2, out minute))
                    return false;
                if (time.Skip(':') && !time.Number(2, 2, out second))
                    return false;
                // What follows the time is the zone, except asctime's year.
                at.Spaces();
                if (!at.AtEnd && !IsDigits(at.Rest))
                {
                    if (!TryZone(at.Rest, out TimeSpan zone))
                        return false;
                    offset = zone;
                    break;
                }
            }
            else if (IsDigits(word))
            {
                if (word.Length > 4)
                    return false;
                int number = int.Parse(word, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
                if (day < 0 && word.Length <= 2)
                    day = number;
                else if (year < 0)
                    year = word.Length > 2 ? number : number + (number < 50 ? 2000 : 1900);
                else
                    return false;
            }
            else if (month < 0 && word.Length >= 3 && MonthOf(word[..3]) is > 0 and int named)
            {
                month = named;
            }
        }
        if (day < 0 || month < 0 || year < 0 || (offset is null && zoneNeeded))
            return false;
        return TryMake(year, month, day, hour, minute, second, 0, offset ?? default, out utc);
    }

    private static bool TryMake(int year, int month, int day, int hour, int minute, int second, int fraction, TimeSpan offset, out DateTime utc)
    {
        utc = default;
        if (year is < 1 or > 9999 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 60)
            return false;
        long ticks = new DateTime(year, month, day, hour, minute, Math.Min(second, 59), DateTimeKind.Utc).Ticks + fraction - offset.Ticks;
        if (ticks < 0 || ticks > DateTime.MaxValue.Ticks)
            return false;
        utc = new DateTime(ticks, DateTimeKind.Utc);
        return true;
    }

    private static bool TryZone(ReadOnlySpan<char> text, out TimeSpan offset)
    {
        offset = default;
        text = text.Trim();
        int comment = text.IndexOf('(');
        if (comment > 0)
            text = text[..comment].TrimEnd();
        if (text.IsEmpty)
            return false;
        if (text[0] is '+' or '-')
        {
            var at = new Reader(text[1..]);
            if (!at.Number(2, 2, out int hours))
                return false;
            int minutes = 0;
            if (!at.AtEnd)
            {
                at.Skip(':');
                if (!at.Number(2, 2, out minutes) || !at.AtEnd)
                    return false;
            }
            if (hours > 14 || minutes > 59)
                return false;
            offset = new TimeSpan(hours, minutes, 0) * (text[0] == '-' ? -1 : 1);
            return true;
        }
        Span<char> name = stackalloc char[4];
        if (text.Length > 4)
            return false;
        int length = text.ToUpperInvariant(name);
        int? hour = name[..length] switch
        {
            "Z" or "UT" or "UTC" or "GMT" => 0,
            "EDT" => -4,
            "EST" or "CDT" => -5,
            "CST" or "MDT" => -6,
            "MST" or "PDT" => -7,
            "PST" => -8,
            "BST" or "CET" => 1,
            "CEST" => 2,
            _ => null,
        };
        offset = TimeSpan.FromHours(hour ?? 0);
        return hour is not null;
    }

    private static int MonthOf(ReadOnlySpan<char> three)
    {
        for (int i = 0; i < 12; i++)
            if (three.Equals(Months.AsSpan(3 * i, 3), StringComparison.OrdinalIgnoreCase))
                return i + 1;
        return 0;
    }

    private static bool IsDigits(ReadOnlySpan<char> text) => !text.IsEmpty && text.IndexOfAnyExceptInRange('0', '9') < 0;

    private ref struct Reader(ReadOnlySpan<char> text)
    {
        public ReadOnlySpan<char> Rest { get; private set; } = text;

        public readonly bool AtEnd => Rest.IsEmpty;

        public bool Skip(char c)
        {
            if (Rest.IsEmpty || Rest[0] != c)
                return false;
            Rest = Rest[1..];
            return true;
        }

        public void Spaces() => Rest = Rest.TrimStart();

        public bool Number(int least, int most, out int value)
        {
            value = 0;
            int length = 0;
            while (length < most && length < Rest.Length && char.IsAsciiDigit(Rest[length]))
                value = value * 10 + (Rest[length++] - '0');
            Rest = Rest[length..];
            return length >= least;
        }

        /// <summary>Digits after the decimal point, in ticks; those beyond the seventh are dropped.</summary>
        public int Fraction()
        {
            int ticks = 0, unit = 1_000_000;
            for (; !Rest.IsEmpty && char.IsAsciiDigit(Rest[0]); Rest = Rest[1..], unit /= 10)
                ticks += (Rest[0] - '0') * unit;
            return ticks;
        }

        /// <summary>What stands before the next space, comma or hyphen, all of which are skipped.</summary>
        public ReadOnlySpan<char> Word()
        {
            int end = Rest.IndexOfAny(" ,-\t");
            ReadOnlySpan<char> word = end < 0 ? Rest : Rest[..end];
            Rest = end < 0 ? default : Rest[(end + 1)..];
            return word;
        }
    }
}
