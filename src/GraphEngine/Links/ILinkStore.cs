namespace Backlinks.GraphEngine;

/// <summary>What a page is known as after all visits.</summary>
/// <param name="Id">The store's number of the URL, stable for the life of the store.</param>
/// <param name="Url">Page, host or domain.</param>
/// <param name="FirstSeen">First time anything said the URL exists, UTC.</param>
/// <param name="LastVisit">Last visit whatever its outcome; null if it was only linked to.</param>
/// <param name="LastVerified">Last visit that could tell which links are there.</param>
/// <param name="LastOutcome">Of the last visit.</param>
/// <param name="Status">HTTP status of the last visit.</param>
public sealed record StoredPage(long Id, string Url, Granularity Granularity, DateTime FirstSeen, DateTime? LastVisit, DateTime? LastVerified,
    VisitOutcome? LastOutcome, int Status)
{
    public string Detail { get; init; } = "";
    public string ContentType { get; init; } = "";
    public string Language { get; init; } = "";
    public string Title { get; init; } = "";
    public string Headings { get; init; } = "";
    public string Text { get; init; } = "";
    public int Words { get; init; }
    public string Canonical { get; init; } = "";
    public bool Noindex { get; init; }
    public bool Nofollow { get; init; }
    public ulong ContentHash { get; init; }
    public ulong SimHash { get; init; }
    public string ETag { get; init; } = "";
    public string LastModified { get; init; } = "";
    public string Address { get; init; } = "";

    /// <summary>Visits that found the page changed, and visits that could tell: their ratio drives the recrawl interval.</summary>
    public int Changes { get; init; }
    public int Verifications { get; init; }
}

/// <summary>A link by numbers alone, as ranking streams it.</summary>
/// <param name="Ordinal">0 for the first link of that kind to that target in document order, 1 for the next, …; with source,
/// target and kind it tells links apart.</param>
/// <param name="FirstSeen">Microseconds since 1970, UTC.</param>
/// <param name="Text">Number of its anchor in <see cref="ILinkStore.Anchors(CancellationToken)"/>; -1 for none. Numbers depend on the order of
/// writing and are only good for joining the two.</param>
public readonly record struct StoredArc(long SourceId, long TargetId, LinkKind Kind, LinkRel Rel, Zone Zone, float Position, bool Lost, int Ordinal, long FirstSeen, long Text);

/// <summary>The text of an anchor by its number; several numbers may have one text.</summary>
/// <param name="Utf8">Valid until the next one is read.</param>
public readonly record struct StoredAnchor(long Number, ReadOnlyMemory<byte> Utf8);

/// <summary>A link with its history.</summary>
public sealed record StoredLink(string Source, string Target, LinkKind Kind, LinkRel Rel, Zone Zone, float Position, string Anchor, string Left, string Right, string Href)
{
    public DateTime FirstSeen { get; init; }
    public DateTime LastSeen { get; init; }

    /// <summary>Last time a visit could tell whether the link is there; its last sighting, where none could since.</summary>
    public DateTime LastVerified { get; init; }

    /// <summary>The first check that found it not counting, while a second one is awaited.</summary>
    public DateTime? MissingSince { get; init; }

    public DateTime? LostAt { get; init; }
    public LostReason LostReason { get; init; }

    /// <summary>Who reported it first.</summary>
    public string ObservedBy { get; init; } = "";
}

/// <summary>One look at a page, as kept in its history.</summary>
public sealed record StoredVisit(string Url, DateTime At, string Source, VisitOutcome Outcome, int Status, string Detail, int Links, ulong LinkSetHash);

/// <summary>One crawl or import, as the store remembers it.</summary>
/// <param name="Id"><c>crawl:…</c>, <c>warc:…</c>; what <see cref="PageVisit.Source"/> names.</param>
/// <param name="Kind">crawl, warc, arc, wat, ahrefs, …</param>
/// <param name="Position">How far a resumable import came: bytes of the file done. Equal to the length when it is complete.</param>
/// <param name="Facts">Counts and settings for people, JSON.</param>
public sealed record StoredSource(string Id, string Kind, DateTime Started, DateTime? Ended, long Position, string Facts);

/// <summary>What writing a batch did.</summary>
/// <param name="Visits">Visits given, repeated ones included.</param>
/// <param name="Repeated">Visits that had been written before and changed nothing.</param>
/// <param name="NewPages">URLs that the store had never heard of.</param>
/// <param name="NewLost">Links that turned from live to lost.</param>
public readonly record struct WriteResult(int Visits, int Repeated, int NewPages, long NewLinks, long NewLost);

/// <summary>A URL by its number, as graphs are built from.</summary>
/// <param name="Key">Of the URL (<see cref="NodeNames.ToKey"/>), UTF-8; valid until the next one is read.</param>
/// <param name="Visited">False where it was only linked to.</param>
public readonly record struct StoredName(long Id, ReadOnlyMemory<byte> Key, Granularity Granularity, bool Visited)
{
    public string Url => NodeNames.FromKey(System.Text.Encoding.UTF8.GetString(Key.Span));
}

/// <summary>
/// Where observations are kept: pages and links with their history. Mutable; one process writes at a time; a batch is
/// written whole or not at all, and the same batch twice changes nothing.
/// <para><b>Visits</b> are told apart by page, time and source, and may come in any order; within a batch they are taken
/// in order of time. A <see cref="VisitOutcome.Reported"/> visit may come in parts, whose links add up.</para>
/// <para><b>Links</b> are told apart by page, target, kind, and place among the links of that kind to that target in
/// document order: the same page twice gives no duplicates, and a second link to one target stays a link of its own. Kind
/// <see cref="LinkKind.Reported"/> does not say which element it saw: it is there while any link to its target is. Rel,
/// zone, anchor and context are those of the last sighting (of two at one time, the greater rel, zone, text). A link of a
/// nofollow page has <see cref="LinkRel.PageNofollow"/>.</para>
/// <para><b>Sightings.</b> Fetched, Redirected, Truncated and Reported visits see the links they bring (a Reported link at
/// its own <see cref="LinkObservation.LastSeen"/>). NotModified sees those of the last Fetched visit that the store knows
/// when it comes; without one, or if that one is later, it sees and tells nothing. A Fetched visit with the
/// <see cref="LinkSetHash"/> of the last one sees the same links and is one page-level write. Others see nothing.</para>
/// <para><b>Counting.</b> A link counts in a visit that sees it, unless that was a Fetched (or NotModified) page with
/// noindex or another canonical (canonical and redirect links count even there), or the link is withheld
/// (<see cref="LinkRel.Withheld"/>) but was followed at some other time. So a link that was nofollow from the start is live
/// and merely never ranked, and one that becomes nofollow, or whose page becomes noindex, stops counting though it is
/// still seen: <see cref="StoredLink.LastSeen"/> goes on.</para>
/// <para><b>Loss.</b> Fetched, Redirected, Gone, HostDead and (see above) NotModified visits can tell. Those after the last
/// time a link counted (if it never did, as on a page that was noindex from the start: the last time it was seen) all found
/// it not counting, for what never counted cannot stop. The first is
/// <see cref="StoredLink.MissingSince"/>; the first at least 24 hours later makes it lost, at its time and for its reason.
/// A later sighting that counts makes the link live again, with its first sighting kept. Another tool's word that a link
/// was lost holds if it was seen by nobody after that. Truncated and Reported visits remove nothing; of what could not be
/// verified only <see cref="StoredPage.LastVisit"/> and the outcome are kept.</para>
/// </summary>
public interface ILinkStore : IDisposable
{
    /// <summary>Goes up with every batch that changed something; what <see cref="Pages"/> and <see cref="Links"/> count from.</summary>
    long Version { get; }

    /// <summary>Writes visits and, in the same transaction, how far their source has come.</summary>
    WriteResult Write(IReadOnlyList<PageVisit> visits, StoredSource? source = null, CancellationToken cancel = default);

    /// <summary>The page of that URL, or else the host or domain of that name.</summary>
    StoredPage? FindPage(string url);

    /// <summary>All pages, visited or only linked to, in order of reversed host and path (<see cref="NodeNames"/>' key
    /// order), or those that are new, were visited or had a link change after <paramref name="sinceVersion"/>.</summary>
    IEnumerable<StoredPage> Pages(long sinceVersion = 0, CancellationToken cancel = default);

    /// <summary>The URLs that were visited with what topics and evidence need, in no order: granularity, words, SimHash, title,
    /// headings, text, language, address; all else is left out. A sort of all texts is what <see cref="Pages"/> costs more.</summary>
    /// <param name="texts">False to leave title, headings, text and language out too.</param>
    /// <param name="sinceVersion">Only those that were visited or had a link change after it.</param>
    IEnumerable<StoredPage> Contents(bool texts = true, long sinceVersion = 0, CancellationToken cancel = default);

    /// <summary>All pages as <see cref="Pages"/> orders them, by number and name alone.</summary>
    IEnumerable<StoredName> Names(CancellationToken cancel = default);

    /// <summary>Those of <see cref="Names(CancellationToken)"/> that are new or were visited after <paramref name="sinceVersion"/>,
    /// those that links of pages so visited name or named, lost ones too, and all hosts and domains; in the same order.</summary>
    IEnumerable<StoredName> Names(long sinceVersion, CancellationToken cancel = default);

    /// <summary>All links by numbers, in no order; lost ones too.</summary>
    IEnumerable<StoredArc> Arcs(CancellationToken cancel = default);

    /// <summary>Those links of <see cref="Arcs(CancellationToken)"/> that are live and of one of these kinds.</summary>
    IEnumerable<StoredArc> Arcs(IReadOnlyCollection<LinkKind> kinds, CancellationToken cancel = default) => Arcs(cancel).Where(arc => !arc.Lost && kinds.Contains(arc.Kind));

    /// <summary>Those links of <see cref="Arcs(CancellationToken)"/> whose source was visited after <paramref name="sinceVersion"/>:
    /// all of such a source, changed or not, so that they take the place of what was known of it. A link is never forgotten, it
    /// becomes a lost one: a source that is not here has the links it had.</summary>
    IEnumerable<StoredArc> Arcs(long sinceVersion, CancellationToken cancel = default);

    /// <summary>The anchors that <see cref="Arcs(CancellationToken)"/> number, and maybe others, each number once, ascending.</summary>
    IEnumerable<StoredAnchor> Anchors(CancellationToken cancel = default);

    /// <summary>The anchors that <see cref="Arcs(long, CancellationToken)"/> number, and maybe others, as <see cref="Anchors(CancellationToken)"/>.</summary>
    IEnumerable<StoredAnchor> Anchors(long sinceVersion, CancellationToken cancel = default);

    /// <summary>The links of one page, or to one page, with their history.</summary>
    IEnumerable<StoredLink> LinksFrom(string url, CancellationToken cancel = default);

    IEnumerable<StoredLink> LinksTo(string url, CancellationToken cancel = default);

    /// <summary>All links with their history whose source changed after <paramref name="sinceVersion"/>.</summary>
    IEnumerable<StoredLink> Links(long sinceVersion = 0, CancellationToken cancel = default);

    /// <summary>The visits to a page, oldest first.</summary>
    IEnumerable<StoredVisit> Visits(string url, CancellationToken cancel = default);

    StoredSource? FindSource(string id);

    /// <summary>In order of id.</summary>
    IEnumerable<StoredSource> Sources();

    /// <summary>Pages visited or linked to, links live or lost, visits.</summary>
    (long Pages, long Links, long Visits) Count();
}
