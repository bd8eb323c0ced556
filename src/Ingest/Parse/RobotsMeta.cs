namespace Backlinks.Ingest;

/// <summary>
/// What <c>&lt;meta name="robots"&gt;</c> and <c>X-Robots-Tag</c> ask for. Source: Google's and Bing's documents ("Robots
/// meta tag, data-nosnippet, and X-Robots-Tag specifications"); there is no standard.
/// </summary>
/// <remarks>
/// Rules come in any case, separated by commas (spaces and semicolons are met too and taken the same way). A header may
/// name the agent it is for, <c>googlebot: noindex, nofollow</c>; what follows is for that agent only, until another is
/// named. Where several apply the most restrictive wins: <c>all</c>, <c>index</c> and <c>follow</c> lift nothing.
/// Linear in the text.
/// </remarks>
/// <param name="Noindex">Do not list this page.</param>
/// <param name="Nofollow">Do not follow or credit its links.</param>
/// <param name="UnavailableAfter">UTC; the page asks not to be listed from then on.</param>
public readonly record struct RobotsMeta(
    bool Noindex, bool Nofollow, bool Nosnippet, bool Noarchive, bool Noimageindex, DateTime? UnavailableAfter)
{
    /// <param name="values">The content of each meta element that applies, or each header's value.</param>
    /// <param name="agent">Product token, e.g. "backlinks": rules for other agents are skipped.</param>
    public static RobotsMeta Parse(IEnumerable<string> values, string agent)
    {
        ArgumentNullException.ThrowIfNull(values);
        var meta = default(RobotsMeta);
        foreach (string value in values)
            meta = meta.With(value, agent);
        return meta;
    }

    /// <summary>Both together, as for a page with a meta element and a header.</summary>
    public RobotsMeta And(RobotsMeta other) => new(
        Noindex || other.Noindex, Nofollow || other.Nofollow, Nosnippet || other.Nosnippet, Noarchive || other.Noarchive,
        Noimageindex || other.Noimageindex, Earlier(UnavailableAfter, other.UnavailableAfter));

    private RobotsMeta With(ReadOnlySpan<char> rest, string agent)
    {
        RobotsMeta meta = this;
        bool applies = true;
        while (!rest.IsEmpty)
        {
            int comma = rest.IndexOfAny(',', ';');
            ReadOnlySpan<char> piece = (comma < 0 ? rest : rest[..comma]).Trim();
            ReadOnlySpan<char> after = comma < 0 ? default : rest[(comma + 1)..];
            int colon = piece.IndexOf(':');
            if (colon <= 0)
            {
                if (applies)
                    meta = meta.WithWords(piece);
                rest = after;
                continue;
            }
            ReadOnlySpan<char> name = piece[..colon].TrimEnd();
            ReadOnlySpan<char> value = piece[(colon + 1)..].Trim();
            if (name.Equals("unavailable_after", StringComparison.OrdinalIgnoreCase))
            {
                // The date may hold one comma: "Fri, 25 Jun 2010 15:00:00 GMT".
                if (!WebDate.TryParse(value, zoneNeeded: false, out DateTime at) && !after.IsEmpty)
                {
                    int next = after.IndexOfAny(',', ';');
                    string joined = string.Concat(value, ",", next < 0 ? after : after[..next]);
                    if (WebDate.TryParse(joined, zoneNeeded: false, out at))
                        after = next < 0 ? default : after[(next + 1)..];
                }
                if (applies && at != default)
                    meta = meta with { UnavailableAfter = Earlier(meta.UnavailableAfter, at) };
                rest = after;
            }
            else if (name.StartsWith("max-", StringComparison.OrdinalIgnoreCase))
            {
                if (applies && name.Equals("max-snippet", StringComparison.OrdinalIgnoreCase) && value is "0")
                    meta = meta with { Nosnippet = true };
                rest = after;
            }
            else if (name.IndexOfAny(" \t") >= 0)
            {
                rest = after; // not a token: prose, or the rest of a broken date
            }
            else
            {
                applies = name.Equals(agent, StringComparison.OrdinalIgnoreCase) || name is "*"
                    || name.Equals("robots", StringComparison.OrdinalIgnoreCase);
                rest = rest[(rest.IndexOf(':') + 1)..];
            }
        }
        return meta;
    }

    private RobotsMeta WithWords(ReadOnlySpan<char> words)
    {
        RobotsMeta meta = this;
        foreach (Range range in words.SplitAny(" \t\r\n\f"))
        {
            ReadOnlySpan<char> word = words[range];
            if (Is(word, "noindex"))
                meta = meta with { Noindex = true };
            else if (Is(word, "nofollow"))
                meta = meta with { Nofollow = true };
            else if (Is(word, "none"))
                meta = meta with { Noindex = true, Nofollow = true };
            else if (Is(word, "nosnippet"))
                meta = meta with { Nosnippet = true };
            else if (Is(word, "noarchive") || Is(word, "nocache"))
                meta = meta with { Noarchive = true };
            else if (Is(word, "noimageindex"))
                meta = meta with { Noimageindex = true };
        }
        return meta;
    }

    private static bool Is(ReadOnlySpan<char> word, string rule) => word.Equals(rule, StringComparison.OrdinalIgnoreCase);

    private static DateTime? Earlier(DateTime? a, DateTime? b) => a is null || b < a ? b ?? a : a;
}
