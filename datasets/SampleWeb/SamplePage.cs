using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>What a page is for.</summary>
public enum SamplePageKind
{
    Home,
    Section,
    Article,
    About,
    Redirect,
    Duplicate,

    /// <summary>One of the pages that show a feature of HTTP, HTML or URLs.</summary>
    Lab,
    Trap,
    Hostile,
    Sitemap,
    Robots,

    /// <summary>Images, style sheets.</summary>
    File,
}

/// <summary>How the body goes over the wire.</summary>
public enum SampleDelivery
{
    /// <summary>With Content-Length, compressed where the site does so and the client accepts it.</summary>
    Whole,
    Chunked,

    /// <summary>Content-Length promises more than comes, then the connection is cut.</summary>
    ShortOfLength,

    /// <summary>The connection is cut in the middle of a chunked body.</summary>
    CutChunks,

    /// <summary>A gzip member that ends early, correctly delimited by HTTP.</summary>
    CutGzip,

    /// <summary>A gzip body that decodes to <see cref="SampleServerOptions.BombBytes"/>.</summary>
    GzipBomb,

    /// <summary>A byte now and then, for at most <see cref="SampleServerOptions.SlowSeconds"/>.</summary>
    Slow,

    /// <summary>Nothing for <see cref="SampleServerOptions.SlowSeconds"/>, then the connection is cut.</summary>
    Silent,

    /// <summary>The connection is cut at once.</summary>
    Cut,
}

/// <summary>A link a page is going to have, decided before the page is written.</summary>
internal sealed record PlannedLink(string Target, string Anchor, SampleRel Rel = SampleRel.None, SampleZone Place = SampleZone.Main, AnchorStyle Style = AnchorStyle.Text);

internal enum AnchorStyle
{
    Text,
    Image,
    Empty,
    Naked,
}

/// <summary>What the server says for a page in an epoch.</summary>
public sealed record SampleAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, byte[] Body, IReadOnlyList<SampleLink> Links, SampleOutcome Outcome, SampleDelivery Delivery)
{
    /// <summary>Null for the sites that send none.</summary>
    public string? ETag { get; init; }

    /// <summary>HTTP date, or null.</summary>
    public string? LastModified { get; init; }

    /// <summary>Content codings the site offers: "gzip", "br", both or "".</summary>
    public string Codings { get; init; } = "";

    internal byte[]? Gzip { get; set; }

    internal byte[]? Brotli { get; set; }
}

/// <summary>A URL of the web and all that is planned for it.</summary>
public sealed class SamplePage
{
    internal SamplePage(SampleSite site, string path, SamplePageKind kind, string title)
    {
        (Site, Path, Kind, Title) = (site, path, kind, title);
        Url = "http://" + site.Host + path;
    }

    public SampleSite Site { get; }

    /// <summary>With the query, as it goes over the wire.</summary>
    public string Path { get; }

    public string Url { get; }

    public SamplePageKind Kind { get; }

    public string Title { get; internal set; }

    public int Status { get; internal init; } = 200;

    /// <summary>Absolute, normalised; null where the page does not redirect.</summary>
    public string? RedirectTo { get; internal init; }

    /// <summary>By meta robots or X-Robots-Tag, in epoch 0.</summary>
    public bool Noindex { get; internal set; }

    public bool Nofollow { get; internal set; }

    /// <summary>The robots directives go into X-Robots-Tag, not into a meta element.</summary>
    internal bool RobotsInHeader { get; set; }

    /// <summary>The page says its directives in a way of its own, so neither the template nor the header adds them.</summary>
    internal bool RobotsSaid { get; init; }

    /// <summary>Absolute; null for none. The page itself where it names itself.</summary>
    public string? Canonical { get; internal set; }

    /// <summary>The page whose text this one repeats almost word for word; null for none.</summary>
    public SamplePage? NearDuplicateOf { get; internal init; }

    public string Language { get; internal init; } = "en";

    /// <summary>What happens to it in later epochs.</summary>
    public SampleChange? Change { get; internal set; }

    /// <summary>In a set of URLs without end: not part of any reachable set.</summary>
    public bool InTrap { get; internal init; }

    /// <summary>Reached by no link, only by a sitemap.</summary>
    public bool SitemapOnly { get; internal set; }

    public SampleDelivery Delivery { get; internal init; }

    /// <summary>What a visit in epoch 0 must end as, robots.txt aside.</summary>
    public SampleOutcome Outcome { get; internal init; }

    /// <summary>The line of robots.txt that forbids the page to the token "backlinks"; 0 where it is allowed, -1 where the
    /// host's robots.txt cannot be had and so forbids everything.</summary>
    public int DisallowLine => Site.Robots.DisallowLine(Path);

    internal List<PlannedLink> Planned { get; } = [];

    internal SamplePage? Section { get; init; }

    internal string? BaseHref { get; init; }

    internal string ContentType { get; init; } = "text/html; charset=utf-8";

    internal Encoding Encoding { get; init; } = new UTF8Encoding(false);

    internal string MetaCharset { get; init; } = "utf-8";

    internal List<KeyValuePair<string, string>> Headers { get; } = [];

    /// <summary>More for the head, and the whole of the main part, where a page is not an ordinary one.</summary>
    internal Action<PageWriter>? Head { get; init; }

    internal Action<PageWriter>? Main { get; init; }

    /// <summary>Writes everything between the body's tags: no template.</summary>
    internal Action<PageWriter>? Body { get; init; }

    /// <summary>The bytes themselves: not a page of HTML.</summary>
    internal Func<byte[]>? File { get; init; }

    /// <summary>In the head and the headers of these links: kind and target.</summary>
    internal List<PlannedLink> Alternates { get; } = [];

    private readonly SampleAnswer?[] _answers = new SampleAnswer?[2];

    /// <summary>The status, headers, body and links of the page in an epoch, 0 for the first. Kept in memory within the
    /// web's cache budget; else written anew, the same bytes each time.</summary>
    public SampleAnswer Answer(int epoch = 0)
    {
        // A page has two lives, before and after its change; an obstacle's answer is small and not kept.
        bool changed = Change is { } change && (change.Loss != SampleLoss.None ? epoch >= change.Epoch : epoch == change.Epoch);
        if (_answers[changed ? 1 : 0] is { } kept)
            return kept;
        SampleAnswer answer = Answers.Write(this, changed);
        if (!InTrap && Site.Web.Cache(answer.Body.Length + 512))
            _answers[changed ? 1 : 0] = answer;
        return answer;
    }

    /// <summary>The links in epoch 0, in the order of the document.</summary>
    public IReadOnlyList<SampleLink> Links => Answer().Links;

    /// <summary>What a sitemap lists, pages or other sitemaps, absolute; empty for other pages.</summary>
    public IReadOnlyList<string> Listed { get; internal init; } = [];

    public override string ToString() => Url;
}
