#pragma warning disable CA1822 // stub
namespace Backlinks.Ingest;

/// <summary>What robots.txt says of one URL.</summary>
/// <param name="Line">1-based line of the rule that decided; 0 where none did.</param>
/// <param name="Rule">That line as written, for people; "" where none did.</param>
public readonly record struct RobotsVerdict(bool Allowed, int Line, string Rule);

/// <summary>A robots.txt (RFC 9309, Google's reading). STUB.</summary>
public sealed class RobotsTxt
{
    /// <summary>A file that allows everything, as for a 404.</summary>
    public static RobotsTxt AllowAll { get; } = Parse(""u8);

    /// <summary>A file that forbids everything, as for a 5xx.</summary>
    public static RobotsTxt DenyAll { get; } = Parse("User-agent: *\nDisallow: /\n"u8);

    /// <summary>Sitemap lines, in order, as written.</summary>
    public IReadOnlyList<string> Sitemaps => [];

    /// <summary>Never fails: what cannot be understood is ignored, as RFC 9309 2.2.4 says. At most 500 KiB are read (2.5).</summary>
    public static RobotsTxt Parse(ReadOnlySpan<byte> text) => new();

    /// <param name="agent">Product token, e.g. "backlinks".</param>
    /// <param name="pathAndQuery">As serialised by <see cref="WebUrl"/>.</param>
    public RobotsVerdict Check(string agent, string pathAndQuery) => new(true, 0, "");

    /// <summary>Crawl-delay of the group that applies to the agent, or null.</summary>
    public TimeSpan? CrawlDelay(string agent) => null;
}
