using System.IO.Hashing;
using System.Runtime.InteropServices;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>What the store knows of one visited page, and how one more visit changes it: the rules of
/// <see cref="ILinkStore"/> on rows in memory. Times are microseconds since 1970, <see cref="None"/> where there is none.
/// Most visits need the page's row alone (<see cref="NeedsLinks"/>); the others its links and visits too.</summary>
internal sealed class PageHistory
{
    public const long None = long.MinValue;
    private const long Day = 24L * 3600 * 1_000_000;

    private readonly Func<int, string> _sourceName;
    private readonly Dictionary<LinkKey, LinkRow> _links = [];
    private readonly Dictionary<(uint, LinkKind), int> _ordinals = [];
    private bool _linksLoaded;

    public PageHistory(PageRow page, Func<int, string> sourceName, bool isNew)
    {
        Page = page;
        _sourceName = sourceName;
        _linksLoaded = isNew;
    }

    public PageRow Page { get; }

    /// <summary>All visits where they are loaded, else those of this batch.</summary>
    public List<VisitRow> Visits { get; } = [];

    public IEnumerable<LinkRow> Links => _links.Values;

    /// <summary>Rows in the store are out of date and are to be replaced by <see cref="Links"/>.</summary>
    public bool LinksChanged { get; private set; }

    public bool HasLinks => _linksLoaded;

    public int NewLinks { get; private set; }

    public int NewLost { get; private set; }

    public bool PageChanged { get; set; }

    /// <summary>Whether these visits can only be applied with the page's links and visits at hand.</summary>
    /// <param name="visits">In order of time.</param>
    public bool NeedsLinks(IReadOnlyList<(PageVisit Visit, ulong Hash, int Source)> visits)
    {
        if (_linksLoaded)
            return false;
        foreach ((PageVisit visit, ulong hash, _) in visits)
        {
            if (Micros(visit.At) <= Page.LastVisit) // may be a repeated one, or one that comes late
                return true;
            bool confirms = visit.Outcome == VisitOutcome.NotModified || (visit.Outcome == VisitOutcome.Fetched && hash == Page.BaseHash);
            bool saysNothing = visit.Outcome >= VisitOutcome.Blocked && visit.Outcome != VisitOutcome.Truncated;
            if (!(saysNothing || (confirms && Page.BaseNo > 0 && !Page.Pending) || (visit.Outcome == VisitOutcome.NotModified && Page.BaseNo == 0)))
                return true;
        }
        return false;
    }

    public void Load(IEnumerable<LinkRow> links, IEnumerable<VisitRow> visits)
    {
        foreach (LinkRow link in links)
            _links.Add(link.Key, link);
        Visits.AddRange(visits);
        _linksLoaded = true;
    }

    /// <summary>Applies a visit; false where it had been applied before and changes nothing.</summary>
    /// <param name="resolve">Gives the number of a target and hears when it was seen.</param>
    public bool Apply(PageVisit visit, ulong hash, int source, long visitNo, Func<string, Granularity, long, uint> resolve)
    {
        long at = Micros(visit.At);
        bool repeated = Visits.Exists(v => v.At == at && v.Source == source);
        if (repeated && visit.Outcome != VisitOutcome.Reported) // a report may come in parts; what was seen before changes nothing
            return false;
        bool elsewhere = visit.Canonical.Length > 0, noindex = visit.Noindex, telling = visit.Outcome <= VisitOutcome.HostDead;
        ulong state = (ulong)visit.Outcome + 1;
        var order = new Order(at, _sourceName(source));
        switch (visit.Outcome)
        {
            case VisitOutcome.Fetched:
                state = visit.ContentHash != 0 ? visit.ContentHash : hash;
                var now = new Order(Page.BaseAt, Page.BaseNo > 0 ? _sourceName(Page.BaseSource) : "");
                if (Page.BaseNo > 0 && order.CompareTo(now) < 0)
                    See(visit, at, source, late: true, resolve);
                else if (Page.BaseNo > 0 && hash == Page.BaseHash)
                    (Page.BaseAt, Page.BaseSource, Page.BaseState, Page.ConfirmedAt) = (at, source, state, Math.Max(at, Page.ConfirmedAt));
                else
                {
                    EndBase();
                    Page.BaseNo++;
                    (Page.BaseAt, Page.BaseSource, Page.BaseState, Page.BaseHash, Page.ConfirmedAt) = (at, source, state, hash, at);
                    (Page.BaseNoindex, Page.BaseElsewhere) = (noindex, elsewhere);
                    See(visit, at, source, late: false, resolve);
                }
                break;
            case VisitOutcome.NotModified:
                telling = Page.BaseNo > 0 && at >= Page.BaseAt;
                if (telling)
                {
                    Page.ConfirmedAt = Math.Max(at, Page.ConfirmedAt);
                    (noindex, elsewhere, state) = (Page.BaseNoindex, Page.BaseElsewhere, Page.BaseState);
                }
                break;
            case VisitOutcome.Redirected or VisitOutcome.Reported or VisitOutcome.Truncated:
                bool before = LinksChanged;
                LinksChanged = false;
                See(visit, at, source, late: true, resolve);
                bool added = LinksChanged;
                LinksChanged |= before;
                if (repeated)
                    return added;
                break;
        }
        var row = new VisitRow(visitNo, at, source, visit.Outcome, telling, noindex, elsewhere, state, IsNew: true);
        Visits.Add(row);
        PageChanged = true;
        Describe(visit, row, order);
        if (telling)
        {
            Page.Verifications++;
            if (at > Page.LastVerified)
            {
                if (Page.LastVerified != None && Page.LastState != state)
                    Page.Changes++;
                (Page.LastVerified, Page.LastState) = (at, state);
            }
        }
        return true;
    }

    /// <summary>Judges every link by all visits; called once after the last <see cref="Apply"/> where links are at hand.</summary>
    public void Judge()
    {
        List<VisitRow> checks = Visits.FindAll(v => v.Telling);
        checks.Sort((a, b) => new Order(a.At, _sourceName(a.Source)).CompareTo(new Order(b.At, _sourceName(b.Source))));
        Page.Changes = 0;
        for (int i = 1; i < checks.Count; i++)
            Page.Changes += checks[i].State != checks[i - 1].State ? 1 : 0;
        if (checks.Count > 0)
            Page.LastState = checks[^1].State;
        JoinReports();
        Page.Pending = false;
        foreach (LinkRow link in _links.Values)
        {
            (long missing, long lost, LostReason reason) = Verdict(link, checks);
            if ((missing, lost, reason) != (link.MissingSince, link.LostAt, link.LostReason))
            {
                NewLost += lost != None && link.LostAt == None ? 1 : 0;
                (link.MissingSince, link.LostAt, link.LostReason) = (missing, lost, reason);
                LinksChanged = true;
            }
            Page.Pending |= !IsSettled(link);
        }
    }

    /// <summary>Whether a visit that finds the page unchanged leaves the link as it is: it counts, with the base, or its
    /// loss is established. A link that only another tool saw, say, is not: the next look at the page misses it.</summary>
    private bool IsSettled(LinkRow link)
    {
        if (link.LostAt != None)
            return link.ClaimAt == None;
        int needed = CountedAt(link) != None ? LinkRow.Counted : KeptAt(link) != None ? LinkRow.Kept : 0;
        return link.MissingSince == None && InBase(link) && (link.ReadMark & needed) == needed;
    }

    public long LastSeen(LinkRow link) => InBase(link) ? Math.Max(link.LastSeen, Page.ConfirmedAt) : link.LastSeen;

    private long KeptAt(LinkRow link) => InBase(link) && (link.ReadMark & LinkRow.Kept) != 0 ? Math.Max(link.KeptAt, Page.ConfirmedAt) : link.KeptAt;

    private long CountedAt(LinkRow link) => InBase(link) && (link.ReadMark & LinkRow.Counted) != 0 ? Math.Max(link.CountedAt, Page.ConfirmedAt) : link.CountedAt;

    private bool InBase(LinkRow link) => Page.BaseNo > 0 && link.ReadNo == Page.BaseNo;

    private void EndBase()
    {
        if (Page.BaseNo == 0)
            return;
        foreach (LinkRow link in _links.Values)
            if (InBase(link))
                (link.LastSeen, link.KeptAt, link.CountedAt) = (LastSeen(link), KeptAt(link), CountedAt(link));
        LinksChanged = true;
    }

    private void See(PageVisit visit, long at, int source, bool late, Func<string, Granularity, long, uint> resolve)
    {
        _ordinals.Clear();
        bool reported = visit.Outcome == VisitOutcome.Reported;
        foreach (LinkObservation seen in visit.Links)
        {
            long claim = reported && seen.LostAt is { } lost ? Micros(lost) : None;
            long last = !reported ? at : seen.LastSeen is { } l ? Micros(l) : claim != None ? (seen.FirstSeen is { } f ? Micros(f) : claim) : at;
            long first = reported && seen.FirstSeen is { } earliest ? Math.Min(Micros(earliest), last) : last;
            uint target = resolve(seen.Target, visit.Granularity, first);
            ref int ordinal = ref CollectionsMarshal.GetValueRefOrAddDefault(_ordinals, (target, seen.Kind), out _);
            ref LinkRow? slot = ref CollectionsMarshal.GetValueRefOrAddDefault(_links, new LinkKey(target, seen.Kind, ordinal++), out bool known);
            LinkRel rel = seen.Rel | (visit.Nofollow ? LinkRel.PageNofollow : 0);
            bool exempt = seen.Kind is LinkKind.Canonical or LinkKind.Redirect || visit.Outcome != VisitOutcome.Fetched;
            bool kept = exempt || (!visit.Noindex && visit.Canonical.Length == 0);
            bool counted = kept && (rel & LinkRel.Withheld) == 0;
            if (!known)
            {
                slot = new LinkRow { TargetId = target, Kind = seen.Kind, Ordinal = ordinal - 1, FirstSeen = first, ObservedBy = source };
                NewLinks++;
                LinksChanged = true;
            }
            LinkRow link = slot!;
            LinksChanged |= link.Note(seen, rel, first, last, InBase(link) ? Page.ConfirmedAt : None, source, _sourceName);
            if (kept)
                LinksChanged |= Raise(ref link.KeptAt, last);
            if (counted)
                LinksChanged |= Raise(ref link.CountedAt, last);
            if (claim != None && (claim, seen.LostReason).CompareTo((link.ClaimAt, link.ClaimReason)) > 0)
            {
                (link.ClaimAt, link.ClaimReason) = (claim, seen.LostReason);
                LinksChanged = true;
            }
            if (!late)
                (link.ReadNo, link.ReadMark) = (Page.BaseNo, (byte)((kept ? LinkRow.Kept : 0) | (counted ? LinkRow.Counted : 0)));
        }
    }

    // A report that does not say which element it saw speaks of whatever element points there.
    private void JoinReports()
    {
        if (!_links.Keys.Any(k => k.Kind == LinkKind.Reported))
            return;
        ILookup<uint, LinkRow> byTarget = _links.Values.Where(l => l.Kind != LinkKind.Reported).ToLookup(l => l.TargetId);
        foreach (LinkRow report in _links.Values.Where(l => l.Kind == LinkKind.Reported))
        {
            foreach (LinkRow element in byTarget[report.TargetId])
            {
                LinksChanged |= Raise(ref report.LastSeen, LastSeen(element)) | Raise(ref report.KeptAt, KeptAt(element)) | Raise(ref report.CountedAt, CountedAt(element));
                if (!InBase(element))
                    continue;
                byte mark = report.ReadNo == Page.BaseNo ? (byte)(report.ReadMark | element.ReadMark) : element.ReadMark;
                LinksChanged |= (report.ReadNo, report.ReadMark) != (Page.BaseNo, mark);
                (report.ReadNo, report.ReadMark) = (Page.BaseNo, mark);
            }
        }
    }

    private (long Missing, long Lost, LostReason Reason) Verdict(LinkRow link, List<VisitRow> checks)
    {
        long seen = LastSeen(link), counted = CountedAt(link), kept = KeptAt(link);
        long anchor = counted != None ? counted : kept != None ? kept : seen;
        long missing = None, lost = None;
        var reason = LostReason.None;
        foreach (VisitRow check in checks)
        {
            if (check.At <= anchor)
                continue;
            if (missing == None)
                missing = check.At;
            if (check.At - missing < Day)
                continue;
            lost = check.At;
            reason = check.Outcome switch
            {
                VisitOutcome.Gone => LostReason.PageGone,
                VisitOutcome.HostDead => LostReason.HostDead,
                VisitOutcome.Redirected => LostReason.RedirectedAway,
                _ when seen < check.At => LostReason.Removed,
                _ when check.Noindex => LostReason.Noindex,
                _ when check.Elsewhere => LostReason.NotCanonical,
                _ => counted != None ? LostReason.BecameNofollow : LostReason.Removed,
            };
            break;
        }
        if (link.ClaimAt != None && link.ClaimAt > seen && (lost == None || link.ClaimAt < lost))
            (lost, reason) = (link.ClaimAt, link.ClaimReason == LostReason.None ? LostReason.Removed : link.ClaimReason);
        return (lost != None ? None : missing, lost, reason);
    }

    // What describes the page itself: the last visit its outcome, the last whole page its content.
    private void Describe(PageVisit visit, VisitRow row, Order order)
    {
        if (Page.LastVisitNo < 0 || order.CompareTo(new Order(Page.LastVisit, _sourceName(Page.LastSource))) > 0)
            (Page.LastVisitNo, Page.LastVisit, Page.LastSource, Page.LastOutcome, Page.Status) = (row.No, row.At, row.Source, visit.Outcome, visit.Status);
        bool whole = visit.Outcome == VisitOutcome.Fetched;
        if (!whole && (Page.ContentWhole || visit.Outcome is VisitOutcome.NotModified))
            return;
        if (Page.ContentAt != None && whole == Page.ContentWhole && order.CompareTo(new Order(Page.ContentAt, _sourceName(Page.ContentSource))) <= 0)
            return;
        (Page.ContentAt, Page.ContentSource, Page.ContentWhole) = (row.At, row.Source, whole);
        (Page.Words, Page.Noindex, Page.Nofollow, Page.ContentHash, Page.SimHash) = (visit.Words, visit.Noindex, visit.Nofollow, visit.ContentHash, visit.SimHash);
        ulong texts = PageTexts.Hash(visit);
        if (texts != Page.TextsHash)
            (Page.TextsHash, Page.NewTexts) = (texts, PageTexts.Of(visit));
    }

    private static bool Raise(ref long time, long to)
    {
        if (to <= time)
            return false;
        time = to;
        return true;
    }

    public static long Micros(DateTime time) => (time.Ticks - DateTime.UnixEpoch.Ticks) / 10;

    public static DateTime Time(long micros) => new(DateTime.UnixEpoch.Ticks + micros * 10, DateTimeKind.Utc);

    private readonly record struct Order(long At, string Source) : IComparable<Order>
    {
        public int CompareTo(Order other) => At != other.At ? At.CompareTo(other.At) : string.CompareOrdinal(Source, other.Source);
    }
}

/// <summary>A link within its page.</summary>
/// <param name="Ordinal">0 for the first link of that kind to that target in document order, 1 for the next, …</param>
internal readonly record struct LinkKey(uint TargetId, LinkKind Kind, int Ordinal);

/// <summary>A row of the table pages; <see cref="LinkSchema"/> says what each is.</summary>
internal sealed class PageRow
{
    public uint Id;
    public long LastVisitNo = -1, LastVisit = PageHistory.None, LastVerified = PageHistory.None;
    public int LastSource, Status, Words, Changes, Verifications;
    public VisitOutcome LastOutcome;
    public ulong LastState;
    public int BaseNo, BaseSource;
    public long BaseAt = PageHistory.None, ConfirmedAt = PageHistory.None;
    public ulong BaseHash, BaseState;
    public bool BaseNoindex, BaseElsewhere, Pending;
    public long ContentNo = -1, ContentAt = PageHistory.None;
    public int ContentSource;
    public bool ContentWhole, Noindex, Nofollow;
    public ulong TextsHash, ContentHash, SimHash;

    /// <summary>Texts to be written under a new <see cref="ContentNo"/>.</summary>
    public PageTexts? NewTexts;
}

/// <summary>The strings of a page.</summary>
internal sealed record PageTexts(string ContentType, string Language, string Title, string Headings, string Text, string Canonical, string ETag, string LastModified)
{
    private static readonly PageTexts Nothing = new("", "", "", "", "", "", "", "");

    public static PageTexts Of(PageVisit v) => new(v.ContentType, v.Language, v.Title, v.Headings, v.Text, v.Canonical, v.ETag, v.LastModified);

    /// <summary>0 where all are empty.</summary>
    public static ulong Hash(PageVisit visit)
    {
        PageTexts texts = Of(visit);
        if (texts == Nothing)
            return 0;
        var hash = new XxHash3();
        foreach (string text in new[] { texts.ContentType, texts.Language, texts.Title, texts.Headings, texts.Text, texts.Canonical, texts.ETag, texts.LastModified })
        {
            hash.Append(MemoryMarshal.AsBytes(text.AsSpan()));
            hash.Append("\uFFFF\uFFFF"u8);
        }
        return Math.Max(1, hash.GetCurrentHashAsUInt64());
    }
}

/// <summary>What judging links needs of a visit.</summary>
internal readonly record struct VisitRow(long No, long At, int Source, VisitOutcome Outcome, bool Telling, bool Noindex, bool Elsewhere, ulong State, bool IsNew);

/// <summary>A row of the table links; <see cref="LinkSchema"/> says what each is.</summary>
internal sealed class LinkRow
{
    public const byte Kept = 1, Counted = 2;

    public uint TargetId;
    public LinkKind Kind;
    public int Ordinal, ObservedBy, ReadNo;
    public LinkRel Rel;
    public Zone Zone;
    public float Position;
    public long TextNo = -1;
    public ulong TextHash;
    public long FirstSeen, LastSeen = PageHistory.None, KeptAt = PageHistory.None, CountedAt = PageHistory.None;
    public byte ReadMark;
    public long MissingSince = PageHistory.None, LostAt = PageHistory.None, ClaimAt = PageHistory.None;
    public LostReason LostReason, ClaimReason;

    /// <summary>Texts to be written under a new <see cref="TextNo"/>.</summary>
    public LinkObservation? NewTexts;

    public LinkKey Key => new(TargetId, Kind, Ordinal);

    /// <summary>Takes in when the link was seen and how it looked; whether that changed anything.</summary>
    /// <param name="confirmed">When it was seen last without being written down here.</param>
    public bool Note(LinkObservation seen, LinkRel rel, long first, long last, long confirmed, int source, Func<int, string> sourceName)
    {
        bool changed = false;
        if (first < FirstSeen || (first == FirstSeen && source != ObservedBy && string.CompareOrdinal(sourceName(source), sourceName(ObservedBy)) < 0))
        {
            (FirstSeen, ObservedBy) = (first, source);
            changed = true;
        }
        long before = Math.Max(LastSeen, confirmed);
        if (last < before)
            return changed;
        ulong texts = HashOf(seen);
        bool looks = last > before || ((ushort)rel, (byte)seen.Zone, texts, BitConverter.SingleToInt32Bits(seen.Position))
            .CompareTo(((ushort)Rel, (byte)Zone, TextHash, BitConverter.SingleToInt32Bits(Position))) > 0;
        if (looks)
        {
            if (TextNo < 0 && NewTexts is null || texts != TextHash)
                (TextHash, NewTexts) = (texts, seen);
            changed |= (Rel, Zone) != (rel, seen.Zone) || !Position.Equals(seen.Position) || NewTexts == seen;
            (Rel, Zone, Position) = (rel, seen.Zone, seen.Position);
        }
        if (last > LastSeen)
        {
            LastSeen = last;
            changed = true;
        }
        return changed;
    }

    private static ulong HashOf(LinkObservation seen)
    {
        int length = seen.Anchor.Length + seen.Left.Length + seen.Right.Length + seen.Href.Length + 3;
        Span<char> text = length <= 1024 ? stackalloc char[1024] : new char[length];
        int at = 0;
        foreach (string part in new ReadOnlySpan<string>([seen.Anchor, seen.Left, seen.Right, seen.Href]))
        {
            part.CopyTo(text[at..]);
            at += part.Length;
            if (at < length)
                text[at++] = '\uFFFF';
        }
        return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text[..length]));
    }
}
