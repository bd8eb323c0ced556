namespace Backlinks.GraphEngine;

/// <summary>What on a page points at the target. Only <see cref="Anchor"/>, <see cref="Area"/>, <see cref="Redirect"/>,
/// <see cref="Canonical"/> and <see cref="Reported"/> can carry authority; the others are kept and never ranked.
/// The numbers are stored: they never change.</summary>
public enum LinkKind : byte
{
    /// <summary><c>&lt;a href&gt;</c>.</summary>
    Anchor = 0,

    /// <summary><c>&lt;area href&gt;</c> of an image map.</summary>
    Area = 1,

    /// <summary><c>&lt;link rel=canonical&gt;</c> or the same in an HTTP Link header.</summary>
    Canonical = 2,

    /// <summary><c>&lt;link rel=alternate|next|prev|amphtml&gt;</c>.</summary>
    Alternate = 3,

    /// <summary><c>&lt;iframe src&gt;</c>, <c>&lt;frame src&gt;</c>.</summary>
    Frame = 4,

    /// <summary><c>&lt;img src&gt;</c>.</summary>
    Image = 5,

    /// <summary><c>&lt;form action&gt;</c>.</summary>
    Form = 6,

    /// <summary><c>&lt;meta http-equiv=refresh&gt;</c>.</summary>
    MetaRefresh = 7,

    /// <summary>An HTTP Link header other than canonical.</summary>
    HttpLink = 8,

    /// <summary>An HTTP 3xx with Location.</summary>
    Redirect = 9,

    /// <summary><c>&lt;script src&gt;</c>.</summary>
    Script = 10,

    /// <summary><c>&lt;link rel=stylesheet|icon|preload|…&gt;</c>.</summary>
    Resource = 11,

    /// <summary>Audio, video, source, embed, object.</summary>
    Media = 12,

    /// <summary>Another tool's report that does not say what kind of element it saw.</summary>
    Reported = 13,
}

/// <summary>What a link's <c>rel</c> and its page say of it. The numbers are stored: they never change.</summary>
[Flags]
public enum LinkRel : ushort
{
    None = 0,
    Nofollow = 1,
    Ugc = 2,
    Sponsored = 4,

    /// <summary>The whole page is nofollow: meta robots or X-Robots-Tag.</summary>
    PageNofollow = 8,
    Noopener = 16,
    Noreferrer = 32,
    External = 64,
    Me = 128,
    Tag = 256,
    License = 512,
    Bookmark = 1024,

    /// <summary>Hidden from readers as far as the page itself tells: <c>hidden</c>, <c>display:none</c>, aria-hidden …</summary>
    Hidden = 2048,

    /// <summary>The anchor text is the alternative text of an image.</summary>
    AnchorIsAlt = 4096,

    /// <summary>Any of the marks by which a page withholds its authority.</summary>
    Withheld = Nofollow | Ugc | Sponsored | PageNofollow,
}

/// <summary>Where on a page a link stands. The numbers are stored: they never change.</summary>
public enum Zone : byte
{
    Unknown = 0,

    /// <summary>The main text.</summary>
    Main = 1,

    /// <summary>A list or table within the main text.</summary>
    MainList = 2,
    Aside = 3,
    Nav = 4,
    Header = 5,
    Footer = 6,
    Comments = 7,
}

/// <summary>What names a node of an observation.</summary>
public enum Granularity : byte
{
    Page = 0,
    Host = 1,
    Domain = 2,
}
