using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>How sources that do not give HTML itself write the words of a link: <c>rel</c>, texts and their limits.</summary>
internal static class LinkTexts
{
    public const int MaxAnchorBytes = 1024, MaxContext = 60, MaxHref = 2083;

    /// <summary>The tokens of a <c>rel</c> attribute, in any case and order.</summary>
    public static LinkRel Rel(ReadOnlySpan<char> text)
    {
        LinkRel rel = LinkRel.None;
        foreach (Range range in text.SplitAny(" \t\r\n\f,"))
            rel |= Word(text[range]);
        return rel;
    }

    /// <summary>What a <c>&lt;link rel&gt;</c> is, by its most telling token.</summary>
    public static LinkKind KindOfRel(ReadOnlySpan<char> rel)
    {
        LinkKind kind = LinkKind.Resource;
        foreach (Range range in rel.SplitAny(" \t\r\n\f,"))
        {
            ReadOnlySpan<char> word = rel[range];
            if (word.Equals("canonical", StringComparison.OrdinalIgnoreCase))
                return LinkKind.Canonical;
            if (word.Equals("stylesheet", StringComparison.OrdinalIgnoreCase))
                return LinkKind.Resource; // "alternate stylesheet" is one
            if (word.Equals("alternate", StringComparison.OrdinalIgnoreCase) || word.Equals("next", StringComparison.OrdinalIgnoreCase)
                || word.Equals("prev", StringComparison.OrdinalIgnoreCase) || word.Equals("amphtml", StringComparison.OrdinalIgnoreCase))
                kind = LinkKind.Alternate;
        }
        return kind;
    }

    /// <summary>White space collapsed and trimmed, cut between characters to a number of UTF-8 bytes.</summary>
    public static string Text(string? text, int maxBytes)
    {
        if (string.IsNullOrEmpty(text))
            return "";
        if (!IsCollapsed(text))
        {
            StringBuilder to = new(text.Length);
            foreach (char c in text)
                if (!IsSpace(c))
                    to.Append(c);
                else if (to.Length > 0 && to[^1] != ' ')
                    to.Append(' ');
            text = to.ToString().TrimEnd(' ');
        }
        if (text.Length * 3 <= maxBytes || Encoding.UTF8.GetByteCount(text) <= maxBytes)
            return text;
        int bytes = 0, at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if ((bytes += rune.Utf8SequenceLength) > maxBytes)
                break;
            at += rune.Utf16SequenceLength;
        }
        return text[..at];
    }

    /// <summary>The last (before a link) or first (behind it) 60 characters.</summary>
    public static string Context(string? text, bool before)
    {
        string all = Text(text, 1 << 16);
        if (all.Length <= MaxContext)
            return all;
        int cut = before ? all.Length - MaxContext : MaxContext;
        if (char.IsLowSurrogate(all[cut]))
            cut += before ? 1 : -1;
        return before ? all[cut..] : all[..cut];
    }

    public static string Href(string text) => text.Length <= MaxHref ? text : text[..MaxHref];

    private static LinkRel Word(ReadOnlySpan<char> word)
    {
        if (word.Length is < 2 or > 10)
            return LinkRel.None;
        Span<char> lower = stackalloc char[10];
        int length = word.ToLowerInvariant(lower);
        return lower[..length] switch
        {
            "nofollow" => LinkRel.Nofollow,
            "ugc" => LinkRel.Ugc,
            "sponsored" => LinkRel.Sponsored,
            "noopener" => LinkRel.Noopener,
            "noreferrer" => LinkRel.Noreferrer,
            "external" => LinkRel.External,
            "me" => LinkRel.Me,
            "tag" => LinkRel.Tag,
            "license" => LinkRel.License,
            "bookmark" => LinkRel.Bookmark,
            _ => LinkRel.None,
        };
    }

    private static bool IsCollapsed(string text)
    {
        bool space = true;
        foreach (char c in text)
        {
            bool now = IsSpace(c);
            if (now && (space || c != ' '))
                return false;
            space = now;
        }
        return !space;
    }

    private static bool IsSpace(char c) => c is ' ' or '\t' or '\n' or '\r' or '\f' or '\u00a0';
}
