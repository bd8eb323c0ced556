namespace Backlinks.Spam;

/// <summary>
/// Which anchor texts could sell. An anchor says nothing where it is empty, a URL, a phrase that fits any target ("here",
/// "next"), the target's name, or a maker's mark; the rest are <em>money anchors</em> when very many use the same.
/// </summary>
internal static class AnchorWords
{
    // Phrases that lead anywhere; English, with the commonest of a few other languages.
    private static readonly HashSet<string> Generic = new(StringComparer.Ordinal)
    {
        "here", "click here", "click", "link", "links", "this", "this page", "this site", "site", "website", "web site", "web", "page", "home", "homepage", "home page", "start",
        "more", "read more", "learn more", "more info", "details", "source", "via", "great post", "nice post", "my site", "my blog", "visit", "visit site", "go", "view",
        "next", "previous", "prev", "back", "random", "contact", "about", "hier", "mehr", "weiter", "ici", "suite", "aquí", "qui",
    };

    private static readonly string[] Navigation = ["next ", "previous ", "prev ", "random site", "random blog", "webring", " in the ring"];

    private static readonly string[] Marks = ["design by", "designed by", "website by", "site by", "web design", "powered by", "hosted by", "built by", "made with", "created by", "developed by", "theme by", "member of", "sponsored by", "photo by", "download "];

    /// <summary>Words chosen to be found by: neither empty nor a URL nor generic nor the target's own name.</summary>
    public static bool IsMoney(string text, string targetName) =>
        text.Length > 2 && !IsGeneric(text) && !IsOpenMark(text, targetName);

    public static bool IsGeneric(string text) =>
        text.Length == 0 || Generic.Contains(text) || Array.Exists(Navigation, n => text.Contains(n, StringComparison.Ordinal)) || IsUrl(text);

    /// <summary>The target's name, its address, or a maker's mark.</summary>
    public static bool IsOpenMark(string text, string targetName) =>
        IsUrl(text) || IsName(text, targetName) || Array.Exists(Marks, m => text.StartsWith(m, StringComparison.Ordinal));

    private static bool IsUrl(string text) =>
        text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal) || text.StartsWith("www.", StringComparison.Ordinal)
        || (!text.Contains(' ') && text.Contains('.') && text.Length > 4 && text[^1] != '.');

    /// <summary>The letters and digits of the text make up most of one label of the name, or hold it whole ("Acme Ltd" for acme.com).
    /// A short label is only matched whole: every phrase holds an "a".</summary>
    private static bool IsName(string text, string targetName)
    {
        string letters = Letters(text);
        if (letters.Length == 0)
            return false;
        foreach (string label in targetName.Split('.'))
        {
            string name = Letters(label);
            if (name.Length == 0)
                continue;
            if (letters == name || (name.Length >= 5 && letters.Contains(name, StringComparison.Ordinal) && name.Length * 2 >= letters.Length)
                || (letters.Length >= 5 && name.Contains(letters, StringComparison.Ordinal) && letters.Length * 3 >= name.Length * 2))
                return true;
        }
        return false;
    }

    private static string Letters(string text) => string.Concat(text.Where(char.IsLetterOrDigit)).ToLowerInvariant();
}
