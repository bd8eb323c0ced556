using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>
/// A host's robots.txt and, beside it, what it means to the token "backlinks", written by hand for each shape: the text is
/// never parsed here. Lines count from 1.
/// </summary>
public sealed class SampleRobots
{
    private readonly Func<string, int> _disallowLine;

    private SampleRobots(int status, string text, Func<string, int> disallowLine) => (Status, Text, _disallowLine) = (status, text, disallowLine);

    /// <summary>No robots.txt: 404, everything is allowed.</summary>
    public static SampleRobots None { get; } = new(404, "not here", _ => 0);

    public int Status { get; }

    public string Text { get; private init; }

    /// <summary>Absolute URL that /robots.txt redirects to, or null.</summary>
    public string? RedirectTo { get; private init; }

    public IReadOnlyList<string> Sitemaps { get; private init; } = [];

    /// <summary>Seconds; null where none is asked for.</summary>
    public double? CrawlDelay { get; private init; }

    /// <summary>0: allowed. -1: forbidden because the file cannot be had.</summary>
    public int DisallowLine(string pathAndQuery) => _disallowLine(pathAndQuery);

    internal SampleRobots With(params string[] sitemaps) => new(Status, Text + string.Concat(sitemaps.Select(s => "Sitemap: " + s + "\n")), _disallowLine)
    { RedirectTo = RedirectTo, Sitemaps = sitemaps, CrawlDelay = CrawlDelay };

    internal SampleRobots Redirecting(string to) => new(301, Text, _disallowLine) { RedirectTo = to, Sitemaps = Sitemaps, CrawlDelay = CrawlDelay };

    /// <summary>Everything allowed, said aloud.</summary>
    internal static SampleRobots Open { get; } = new(200, "User-agent: *\nDisallow:\n", _ => 0);

    internal static SampleRobots Plain { get; } = new(200, "# plain\nUser-agent: *\nDisallow: /private/\nDisallow: /drafts\n",
        p => Starts(p, "/private/") ? 3 : Starts(p, "/drafts") ? 4 : 0);

    internal static SampleRobots Closed { get; } = new(200, "User-agent: *\nDisallow: /\n", _ => 2);

    /// <summary>The longest rule wins, so Allow re-opens a part.</summary>
    internal static SampleRobots AllowOverride { get; } = new(200, "User-agent: *\nDisallow: /shop/\nAllow: /shop/open/\nDisallow: /shop/open/closed.html\n",
        p => Starts(p, "/shop/open/closed.html") ? 4 : Starts(p, "/shop/open/") ? 0 : Starts(p, "/shop/") ? 2 : 0);

    internal static SampleRobots Wildcards { get; } = new(200, "User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?print=\nDisallow: /a/*/secret\n",
        p => p.EndsWith(".pdf", StringComparison.Ordinal) ? 2 : p.Contains("?print=", StringComparison.Ordinal) ? 3
            : Starts(p, "/a/") && p.IndexOf("/secret", 3, StringComparison.Ordinal) >= 3 ? 4 : 0);

    /// <summary>Our token has a group of its own, so the general one does not count.</summary>
    internal static SampleRobots OwnGroup { get; } = new(200, "User-agent: *\nDisallow: /\n\nUser-agent: otherbot\nUser-Agent: BackLinks\nDisallow: /members/\n\nUser-agent: backlinks-image\nDisallow: /\n",
        p => Starts(p, "/members/") ? 6 : 0);

    /// <summary>Another token is shut out, we are not.</summary>
    internal static SampleRobots OtherGroup { get; } = new(200, "User-agent: otherbot\nDisallow: /\n\nUser-agent: *\nDisallow: /tmp/\n",
        p => Starts(p, "/tmp/") ? 5 : 0);

    /// <summary>Two groups for everyone: they are read as one.</summary>
    internal static SampleRobots TwoGroups { get; } = new(200, "User-agent: *\nDisallow: /one/\n\nUser-agent: *\nDisallow: /two/\n",
        p => Starts(p, "/one/") ? 2 : Starts(p, "/two/") ? 5 : 0);

    internal static SampleRobots Delay { get; } = new(200, "User-agent: *\nCrawl-delay: 2\nDisallow: /slow/\n",
        p => Starts(p, "/slow/") ? 3 : 0)
    { CrawlDelay = 2 };

    /// <summary>A byte order mark, CR LF, spaces, comments, unknown keys, wrong case.</summary>
    internal static SampleRobots Messy { get; } = new(200, "\uFEFFuser-AGENT :  *   # all\r\nNoindex: /x\r\n\r\nDISALLOW:/mess/ # keep out\r\nfoo\r\n: bar\r\nDisallow: /caf%C3%A9/\r\n",
        p => Starts(p, "/mess/") ? 4 : Starts(p, "/caf%C3%A9/") ? 7 : 0);

    /// <summary>300 KB of comments before the rule that counts: within the 500 KiB that RFC 9309 (2.5) wants read.</summary>
    internal static SampleRobots Huge { get; } = MakeHuge();

    internal static SampleRobots Forbidden { get; } = new(403, "forbidden", _ => 0);

    internal static SampleRobots Broken { get; } = new(500, "error", _ => -1);

    internal static SampleRobots Empty { get; } = new(200, "", _ => 0);

    /// <summary>An error page in the place of the file: nothing in it is a rule.</summary>
    internal static SampleRobots Html { get; } = new(200, "<!doctype html><title>Welcome</title>\n<p>User-agent is a word, Disallow another.\n", _ => 0);

    private static SampleRobots MakeHuge()
    {
        StringBuilder text = new("User-agent: *\n");
        for (int i = 0; i < 5000; i++)
            text.Append("# this line has sixty characters and says nothing at all ....\n");
        return new SampleRobots(200, text.Append("Disallow: /hidden/\n").ToString(), p => Starts(p, "/hidden/") ? 5002 : 0);
    }

    private static bool Starts(string path, string prefix) => path.StartsWith(prefix, StringComparison.Ordinal);
}
