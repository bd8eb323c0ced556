namespace Backlinks.SampleWeb;

/// <summary>What on a page points at the target. The numbers are those of the project's link kinds, but nothing is shared:
/// this web is written without looking at what reads it.</summary>
public enum SampleKind : byte
{
    Anchor = 0,
    Area = 1,
    Canonical = 2,

    /// <summary>link rel=alternate, next, prev.</summary>
    Alternate = 3,
    Frame = 4,
    Image = 5,
    Form = 6,
    MetaRefresh = 7,

    /// <summary>An HTTP Link header other than canonical.</summary>
    HttpLink = 8,
    Redirect = 9,
    Script = 10,

    /// <summary>link rel=stylesheet, icon …</summary>
    Resource = 11,

    /// <summary>video, audio, source, embed.</summary>
    Media = 12,
}

[Flags]
public enum SampleRel : ushort
{
    None = 0,
    Nofollow = 1,
    Ugc = 2,
    Sponsored = 4,

    /// <summary>The page says nofollow of all its links.</summary>
    PageNofollow = 8,
    Noopener = 16,
    Noreferrer = 32,
    External = 64,
    Me = 128,
    Tag = 256,
    License = 512,
    Bookmark = 1024,
    Hidden = 2048,

    /// <summary>The anchor text is an image's alternative text.</summary>
    AnchorIsAlt = 4096,
}

/// <summary>A part of a page.</summary>
public enum SampleZone : byte
{
    Unknown = 0,
    Main = 1,

    /// <summary>A list or table of the main text.</summary>
    MainList = 2,
    Aside = 3,
    Nav = 4,
    Header = 5,
    Footer = 6,
    Comments = 7,
}

/// <summary>A link as it was planted.</summary>
/// <param name="Source">The page's URL.</param>
/// <param name="Target">Absolute and normalised as the WHATWG URL standard serialises it, without fragment: known before
/// the href was written, not parsed from it.</param>
/// <param name="Href">The attribute or header value as written (character references not yet applied).</param>
/// <param name="Zone">What the markup declares: an element, a role or a telling class name; unknown where it declares nothing.</param>
/// <param name="Place">Where the link stands to a reader's eye, declared or not; unknown in the head.</param>
/// <param name="Anchor">White space collapsed; not cut.</param>
public sealed record SampleLink(string Source, string Target, string Href, SampleKind Kind, SampleRel Rel, SampleZone Zone, SampleZone Place, string Anchor);

/// <summary>How a visit to a page has to end. The numbers are those of the project's visit outcomes.</summary>
public enum SampleOutcome : byte
{
    Fetched = 0,
    Redirected = 2,
    Gone = 3,

    /// <summary>The server cuts every connection for the host; a test that wants it refused points the host at a closed port.</summary>
    HostDead = 4,
    Blocked = 16,
    Challenged = 17,
    RateLimited = 18,
    ServerError = 19,
    TimedOut = 20,
    NetworkError = 21,
    Truncated = 22,
    Disallowed = 23,
    NotHtml = 25,
}

/// <summary>Why links of a page are lost.</summary>
public enum SampleLoss : byte
{
    None = 0,
    Removed = 1,
    PageGone = 2,
    RedirectedAway = 3,
    Noindex = 4,
    NotCanonical = 5,
    BecameNofollow = 6,
    HostDead = 7,
}

/// <summary>What happens to a page from one epoch on (a loss lasts) or in one epoch only (an obstacle, which loses nothing).</summary>
/// <param name="Loss">None where it is an obstacle.</param>
/// <param name="Obstacle">Fetched where it is a loss.</param>
public sealed record SampleChange(int Epoch, SampleLoss Loss, SampleOutcome Obstacle = SampleOutcome.Fetched);
