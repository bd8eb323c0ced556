using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// The part of a page an element announces: HTML5's sectioning elements and ARIA roles say so outright; words in class and
/// id (<c>main-nav</c>, <c>siteFooter</c>) hint at it. Hints are guesses: names with words of two parts
/// (<c>content-sidebar</c>) or with a negation (<c>no-sidebar</c>) say nothing, and a link that nothing places stays
/// <see cref="Zone.Unknown"/>.
/// </summary>
internal static class ZoneHints
{
    /// <summary>What a role says; Unknown for the others.</summary>
    public static Zone OfRole(ReadOnlySpan<byte> role) =>
        Is(role, "navigation"u8) || Is(role, "menu"u8) || Is(role, "menubar"u8) ? Zone.Nav
        : Is(role, "main"u8) || Is(role, "article"u8) ? Zone.Main
        : Is(role, "banner"u8) ? Zone.Header
        : Is(role, "contentinfo"u8) ? Zone.Footer
        : Is(role, "complementary"u8) ? Zone.Aside
        : Zone.Unknown;

    /// <summary>What a class or id hints at; names are divided by spaces, their words by other characters and by a capital behind a small letter.</summary>
    public static Zone OfNames(ReadOnlySpan<byte> names)
    {
        Zone best = Zone.Unknown;
        int at = 0;
        while (at < names.Length)
        {
            while (at < names.Length && HtmlTokenizer.IsSpace(names[at]))
                at++;
            int start = at;
            while (at < names.Length && !HtmlTokenizer.IsSpace(names[at]))
                at++;
            Zone zone = OfName(names[start..at]);
            if (Weight(zone) > Weight(best))
                best = zone;
        }
        return best;
    }

    private static Zone OfName(ReadOnlySpan<byte> name)
    {
        Zone found = Zone.Unknown;
        bool layout = false;
        int at = 0;
        for (int words = 0; at < name.Length && words < 8; words++)
        {
            while (at < name.Length && !char.IsAsciiLetter((char)name[at]))
                at++;
            int start = at;
            while (at < name.Length && char.IsAsciiLetter((char)name[at]) && !(at > start && char.IsAsciiLetterUpper((char)name[at]) && char.IsAsciiLetterLower((char)name[at - 1])))
                at++;
            ReadOnlySpan<byte> word = name[start..at];
            if (word.IsEmpty || Is(word, "no"u8) || Is(word, "has"u8) || Is(word, "with"u8) || Is(word, "without"u8) || Is(word, "js"u8))
                return Zone.Unknown;
            Zone zone = OfWord(word);
            if (zone == Zone.Unknown)
                continue;
            if (zone == Zone.Main && (found is Zone.Aside or Zone.Comments) || zone == Zone.Aside && found == Zone.Main)
                layout = true;
            if (Weight(zone) > Weight(found))
                found = zone;
        }
        return layout ? Zone.Unknown : found;
    }

    /// <summary>A menu within a header is a menu, comments within the main part are comments.</summary>
    private static int Weight(Zone zone) => zone switch
    {
        Zone.Comments => 6,
        Zone.Nav => 5,
        Zone.Footer => 4,
        Zone.Aside => 3,
        Zone.Header => 2,
        Zone.Main => 1,
        _ => 0,
    };

    private static Zone OfWord(ReadOnlySpan<byte> word)
    {
        switch (word.Length)
        {
            case 3:
                return Is(word, "nav"u8) ? Zone.Nav : Zone.Unknown;
            case 4:
                return Is(word, "menu"u8) ? Zone.Nav : Is(word, "main"u8) ? Zone.Main : Zone.Unknown;
            case 5:
                return Is(word, "aside"u8) ? Zone.Aside : Zone.Unknown;
            case 6:
                return Is(word, "navbar"u8) || Is(word, "topnav"u8) || Is(word, "subnav"u8) ? Zone.Nav
                    : Is(word, "footer"u8) ? Zone.Footer
                    : Is(word, "header"u8) || Is(word, "topbar"u8) ? Zone.Header
                    : Is(word, "disqus"u8) ? Zone.Comments : Zone.Unknown;
            case 7:
                return Is(word, "navmenu"u8) || Is(word, "mainnav"u8) ? Zone.Nav
                    : Is(word, "sidebar"u8) || Is(word, "related"u8) ? Zone.Aside
                    : Is(word, "content"u8) || Is(word, "article"u8) ? Zone.Main
                    : Is(word, "comment"u8) || Is(word, "respond"u8) ? Zone.Comments : Zone.Unknown;
            case 8:
                return Is(word, "comments"u8) ? Zone.Comments
                    : Is(word, "colophon"u8) ? Zone.Footer
                    : Is(word, "masthead"u8) ? Zone.Header
                    : Is(word, "mainmenu"u8) ? Zone.Nav
                    : Is(word, "linklist"u8) || Is(word, "blogroll"u8) ? Zone.Aside : Zone.Unknown;
            case 9:
                return Is(word, "copyright"u8) ? Zone.Footer : Is(word, "secondary"u8) ? Zone.Aside : Zone.Unknown;
            case 10:
                return Is(word, "breadcrumb"u8) || Is(word, "navigation"u8) || Is(word, "pagination"u8) ? Zone.Nav : Is(word, "sitefooter"u8) ? Zone.Footer : Zone.Unknown;
            case 11:
                return Is(word, "breadcrumbs"u8) ? Zone.Nav : Zone.Unknown;
            default:
                return Zone.Unknown;
        }
    }

    private static bool Is(ReadOnlySpan<byte> word, ReadOnlySpan<byte> name) => HtmlTokenizer.SameName(word, name);
}
