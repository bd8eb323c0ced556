using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.Stores;

/// <summary>
/// <see cref="ILinkStore"/> in memory and in the slowest way: it keeps every sighting of every link, with those that
/// unchanged pages imply spelled out, and works out every answer from them when asked.
/// </summary>
internal sealed class NaiveLinkStore : ILinkStore
{
    private sealed record Sighting(DateTime First, DateTime Last, bool Kept, bool Counted, string Source, bool Implied);

    private sealed class Link
    {
        public List<Sighting> Sightings { get; } = [];
        public LinkObservation? Looks { get; set; }
        public LinkRel Rel { get; set; }
        public List<(DateTime At, LostReason Reason)> Claims { get; } = [];
        public DateTime Last => Sightings.Count == 0 ? DateTime.MinValue : Sightings.Max(s => s.Last);
    }

    private sealed record Seen(PageVisit Visit, bool Telling, bool Noindex, bool Elsewhere, ulong State, ulong Hash);

    private sealed class Page
    {
        public long Id { get; init; }
        public required string Url { get; init; }
        public Granularity Granularity { get; init; }
        public DateTime FirstSeen { get; set; }
        public long Version { get; set; }
        public List<Seen> Visits { get; } = [];
        public Dictionary<(string Target, LinkKind Kind, int Ordinal), Link> Links { get; } = [];
        public Seen? Base { get; set; }
        public Dictionary<(string Target, LinkKind Kind, int Ordinal), (bool Kept, bool Counted)> BaseLinks { get; set; } = [];
    }

    private readonly Dictionary<(string, Granularity), Page> _pages = [];
    private readonly Dictionary<string, StoredSource> _sources = [];

    public long Version { get; private set; }

    public WriteResult Write(IReadOnlyList<PageVisit> visits, StoredSource? source = null, CancellationToken cancel = default)
    {
        int repeated = 0, pagesBefore = _pages.Count;
        long linksBefore = Count().Links, newLost = 0;
        foreach (var group in visits.GroupBy(v => (v.Url, v.Granularity)))
        {
            Dictionary<Link, bool> lostBefore = _pages.TryGetValue(group.Key, out Page? known)
                ? known.Links.Values.ToDictionary(l => l, l => Verdict(known, l).Lost is not null) : [];
            bool any = false;
            foreach (PageVisit visit in group.OrderBy(v => v.At).ThenBy(v => v.Source, StringComparer.Ordinal))
            {
                if (Apply(visit))
                    any = true;
                else
                    repeated++;
            }
            if (!any)
                continue;
            Page page = _pages[group.Key];
            JoinReports(page);
            page.Version = Version + 1;
            newLost += page.Links.Values.Count(l => Verdict(page, l).Lost is not null && !lostBefore.GetValueOrDefault(l));
        }
        if (repeated < visits.Count)
        {
            Version++;
            foreach (Page page in _pages.Values.Where(p => p.Version == 0))
                page.Version = Version;
        }
        if (source is not null)
            _sources[source.Id] = source;
        return new WriteResult(visits.Count, repeated, _pages.Count - pagesBefore, Count().Links - linksBefore, newLost);
    }

    private Page PageOf(string url, Granularity granularity, DateTime seen)
    {
        if (!_pages.TryGetValue((url, granularity), out Page? page))
            _pages.Add((url, granularity), page = new Page { Id = _pages.Count, Url = url, Granularity = granularity, FirstSeen = seen });
        if (seen < page.FirstSeen)
            page.FirstSeen = seen;
        return page;
    }

    private static int Compare(PageVisit a, PageVisit b) => a.At != b.At ? a.At.CompareTo(b.At) : string.CompareOrdinal(a.Source, b.Source);

    private bool Apply(PageVisit visit)
    {
        Page page = PageOf(visit.Url, visit.Granularity, visit.At);
        bool repeated = page.Visits.Exists(v => v.Visit.At == visit.At && v.Visit.Source == visit.Source);
        if (repeated && visit.Outcome != VisitOutcome.Reported)
            return false;
        ulong hash = LinkSetHash.Of(visit);
        var seen = new Seen(visit, visit.Outcome <= VisitOutcome.HostDead, visit.Noindex, visit.Canonical != "", (ulong)visit.Outcome + 1, hash);
        if (visit.Outcome == VisitOutcome.Fetched)
        {
            seen = seen with { State = visit.ContentHash != 0 ? visit.ContentHash : hash };
            if (page.Base is { } before && Compare(visit, before.Visit) < 0)
                See(page, visit, null);
            else if (page.Base?.Hash == hash)
            {
                Confirm(page, visit);
                page.Base = seen;
            }
            else
            {
                page.Base = seen;
                page.BaseLinks = [];
                See(page, visit, page.BaseLinks);
            }
        }
        else if (visit.Outcome == VisitOutcome.NotModified)
        {
            if (page.Base is { } last && visit.At >= last.Visit.At)
            {
                seen = seen with { Noindex = last.Noindex, Elsewhere = last.Elsewhere, State = last.State };
                Confirm(page, visit);
            }
            else
                seen = seen with { Telling = false };
        }
        else if (visit.Outcome is VisitOutcome.Redirected or VisitOutcome.Reported or VisitOutcome.Truncated)
        {
            string State() => string.Join("\n", page.Links.OrderBy(l => l.Key).Select(l => $"{l.Key} {l.Value.Looks} {l.Value.Rel} {l.Value.Last:O} {First(l.Value)} {Max(l.Value, s => s.Kept)} {Max(l.Value, s => s.Counted)} {l.Value.Claims.DefaultIfEmpty().Max()}"));
            string before = repeated ? State() : "";
            See(page, visit, null);
            if (repeated)
                return State() != before;
        }
        page.Visits.Add(seen);
        return true;
    }

    private static void Confirm(Page page, PageVisit visit)
    {
        foreach (var (key, (kept, counted)) in page.BaseLinks)
            page.Links[key].Sightings.Add(new Sighting(visit.At, visit.At, kept, counted, visit.Source, Implied: true));
    }

    private void See(Page page, PageVisit visit, Dictionary<(string, LinkKind, int), (bool, bool)>? baseLinks)
    {
        var ordinals = new Dictionary<(string, LinkKind), int>();
        foreach (LinkObservation link in visit.Links)
        {
            DateTime first = visit.At, last = visit.At;
            if (visit.Outcome == VisitOutcome.Reported)
            {
                last = link.LastSeen ?? (link.LostAt is { } lost ? link.FirstSeen ?? lost : visit.At);
                first = link.FirstSeen is { } f && f < last ? f : last;
            }
            PageOf(link.Target, visit.Granularity, first);
            int ordinal = ordinals.GetValueOrDefault((link.Target, link.Kind));
            ordinals[(link.Target, link.Kind)] = ordinal + 1;
            var key = (link.Target, link.Kind, ordinal);
            if (!page.Links.TryGetValue(key, out Link? known))
                page.Links.Add(key, known = new Link());
            LinkRel rel = link.Rel | (visit.Nofollow ? LinkRel.PageNofollow : 0);
            bool kept = visit.Outcome != VisitOutcome.Fetched || link.Kind is LinkKind.Canonical or LinkKind.Redirect || (!visit.Noindex && visit.Canonical == "");
            bool counted = kept && (rel & LinkRel.Withheld) == 0;
            DateTime before = known.Last;
            if (known.Looks is null || last > before || (last == before && Greater(rel, link, known)))
                (known.Looks, known.Rel) = (link, rel);
            known.Sightings.Add(new Sighting(first, last, kept, counted, visit.Source, Implied: false));
            if (visit.Outcome == VisitOutcome.Reported && link.LostAt is { } claimed)
                known.Claims.Add((claimed, link.LostReason));
            baseLinks?.Add(key, (kept, counted));
        }
    }

    // Of two sightings at one time: rel, zone, and then any fixed order of texts will do, as long as it is the store's.
    private static bool Greater(LinkRel rel, LinkObservation link, Link known)
    {
        LinkObservation other = known.Looks!;
        if (rel != known.Rel)
            return rel > known.Rel;
        if (link.Zone != other.Zone)
            return link.Zone > other.Zone;
        ulong texts = TextHash(link), others = TextHash(other);
        return texts != others ? texts > others : BitConverter.SingleToInt32Bits(link.Position) > BitConverter.SingleToInt32Bits(other.Position);
    }

    private static ulong TextHash(LinkObservation link) =>
        System.IO.Hashing.XxHash3.HashToUInt64(Encoding.Unicode.GetBytes($"{link.Anchor}\uFFFF{link.Left}\uFFFF{link.Right}\uFFFF{link.Href}"));

    private static void JoinReports(Page page)
    {
        foreach (var (key, report) in page.Links.Where(l => l.Key.Kind == LinkKind.Reported))
            foreach (var (other, element) in page.Links.Where(l => l.Key.Kind != LinkKind.Reported && l.Key.Target == key.Target))
            {
                foreach (Sighting sighting in element.Sightings.Select(s => s with { Implied = true }).Where(s => !report.Sightings.Contains(s)))
                    report.Sightings.Add(sighting);
                if (page.BaseLinks.TryGetValue(other, out var marks))
                    page.BaseLinks[key] = page.BaseLinks.TryGetValue(key, out var own) ? (own.Kept || marks.Kept, own.Counted || marks.Counted) : marks;
            }
    }

    private static DateTime? Max(Link link, Func<Sighting, bool> which) => link.Sightings.Where(which).Select(s => (DateTime?)s.Last).Max();

    private static (DateTime First, string Source) First(Link link) =>
        link.Sightings.Where(s => !s.Implied).Select(s => (s.First, s.Source)).OrderBy(s => s.First).ThenBy(s => s.Source, StringComparer.Ordinal).First();

    private static (DateTime? Missing, DateTime? Lost, LostReason Reason) Verdict(Page page, Link link)
    {
        DateTime last = link.Last;
        DateTime? counted = Max(link, s => s.Counted), missing = null, lost = null;
        DateTime anchor = counted ?? Max(link, s => s.Kept) ?? last;
        var reason = LostReason.None;
        Seen[] checks = [.. page.Visits.Where(v => v.Telling && v.Visit.At > anchor)
            .OrderBy(v => v.Visit.At).ThenBy(v => v.Visit.Source, StringComparer.Ordinal)];
        if (checks.Length > 0)
            missing = checks[0].Visit.At;
        if (checks.FirstOrDefault(c => c.Visit.At >= missing!.Value.AddHours(24)) is { } check)
        {
            lost = check.Visit.At;
            reason = check.Visit.Outcome == VisitOutcome.Gone ? LostReason.PageGone
                : check.Visit.Outcome == VisitOutcome.HostDead ? LostReason.HostDead
                : check.Visit.Outcome == VisitOutcome.Redirected ? LostReason.RedirectedAway
                : last < lost ? LostReason.Removed
                : check.Noindex ? LostReason.Noindex
                : check.Elsewhere ? LostReason.NotCanonical
                : counted is null ? LostReason.Removed : LostReason.BecameNofollow;
        }
        if (link.Claims.Count > 0 && link.Claims.Max() is var claim && claim.At > last && (lost is null || claim.At < lost))
            (lost, reason) = (claim.At, claim.Reason == LostReason.None ? LostReason.Removed : claim.Reason);
        return (lost is null ? missing : null, lost, reason);
    }

    private static StoredPage Describe(Page page)
    {
        Seen[] visits = [.. page.Visits.OrderBy(v => v.Visit.At).ThenBy(v => v.Visit.Source, StringComparer.Ordinal)];
        Seen[] checks = [.. visits.Where(v => v.Telling)];
        PageVisit? last = visits.LastOrDefault()?.Visit;
        var stored = new StoredPage(page.Id, page.Url, page.Granularity, page.FirstSeen, last?.At, checks.LastOrDefault()?.Visit.At, last?.Outcome, last?.Status ?? 0)
        {
            Detail = last?.Detail ?? "",
            Address = last?.Address ?? "",
            Verifications = checks.Length,
            Changes = Enumerable.Range(1, Math.Max(0, checks.Length - 1)).Count(i => checks[i].State != checks[i - 1].State),
        };
        PageVisit? content = visits.LastOrDefault(v => v.Visit.Outcome == VisitOutcome.Fetched)?.Visit ?? visits.LastOrDefault(v => v.Visit.Outcome != VisitOutcome.NotModified)?.Visit;
        return content is null ? stored : stored with
        {
            ContentType = content.ContentType,
            Language = content.Language,
            Title = content.Title,
            Headings = content.Headings,
            Text = content.Text,
            Words = content.Words,
            Canonical = content.Canonical,
            Noindex = content.Noindex,
            Nofollow = content.Nofollow,
            ContentHash = content.ContentHash,
            SimHash = content.SimHash,
            ETag = content.ETag,
            LastModified = content.LastModified,
        };
    }

    private static StoredLink Describe(Page page, (string Target, LinkKind Kind, int Ordinal) key, Link link)
    {
        (DateTime? missing, DateTime? lost, LostReason reason) = Verdict(page, link);
        DateTime? verified = page.Visits.Where(v => v.Telling).Select(v => (DateTime?)v.Visit.At).Max();
        LinkObservation looks = link.Looks!;
        return new StoredLink(page.Url, key.Target, key.Kind, link.Rel, looks.Zone, looks.Position, looks.Anchor, looks.Left, looks.Right, looks.Href)
        {
            FirstSeen = First(link).First,
            ObservedBy = First(link).Source,
            LastSeen = link.Last,
            LastVerified = verified > link.Last ? verified.Value : link.Last,
            MissingSince = missing,
            LostAt = lost,
            LostReason = reason,
        };
    }

    private IEnumerable<Page> Ordered() =>
        _pages.Values.OrderBy(p => Encoding.UTF8.GetBytes(NodeNames.ToKey(p.Url)), Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ThenBy(p => p.Granularity);

    public StoredPage? FindPage(string url) =>
        _pages.Values.Where(p => p.Url == url).OrderBy(p => p.Granularity).Select(Describe).FirstOrDefault();

    public IEnumerable<StoredPage> Contents(bool texts = true, long sinceVersion = 0, CancellationToken cancel = default) => Pages(sinceVersion, cancel).Where(p => p.LastVisit is not null)
        .Select(p => new StoredPage(p.Id, p.Url, p.Granularity, default, null, null, null, 0)
        {
            Words = p.Words,
            SimHash = p.SimHash,
            Title = texts ? p.Title : "",
            Headings = texts ? p.Headings : "",
            Text = texts ? p.Text : "",
            Language = texts ? p.Language : "",
            Address = p.Address,
        });

    public IEnumerable<StoredPage> Pages(long sinceVersion = 0, CancellationToken cancel = default) => Ordered().Where(p => p.Version > sinceVersion).Select(Describe);

    public IEnumerable<StoredName> Names(CancellationToken cancel = default) => NamesOf(Ordered());

    public IEnumerable<StoredName> Names(long sinceVersion, CancellationToken cancel = default)
    {
        var linked = _pages.Values.Where(p => p.Version > sinceVersion).SelectMany(p => p.Links.Keys.Select(l => (l.Target, p.Granularity))).ToHashSet();
        return NamesOf(Ordered().Where(p => p.Version > sinceVersion || p.Granularity != Granularity.Page || linked.Contains((p.Url, p.Granularity))));
    }

    private static IEnumerable<StoredName> NamesOf(IEnumerable<Page> pages) =>
        pages.Select(p => new StoredName(p.Id, Encoding.UTF8.GetBytes(NodeNames.ToKey(p.Url)), p.Granularity, p.Visits.Count > 0));

    public IEnumerable<StoredArc> Arcs(CancellationToken cancel = default) => Arcs(-1, cancel);

    public IEnumerable<StoredArc> Arcs(long sinceVersion, CancellationToken cancel = default) => Numbered().Where(n => n.Page.Version > sinceVersion).Select(n => new StoredArc(n.Page.Id,
        _pages[(n.Key.Target, n.Page.Granularity)].Id, n.Key.Kind, n.Link.Rel, n.Link.Looks!.Zone, n.Link.Looks.Position, Verdict(n.Page, n.Link).Lost is not null,
        n.Key.Ordinal, (First(n.Link).First.Ticks - DateTime.UnixEpoch.Ticks) / 10, n.Number));

    public IEnumerable<StoredAnchor> Anchors(CancellationToken cancel = default) => Anchors(-1, cancel);

    public IEnumerable<StoredAnchor> Anchors(long sinceVersion, CancellationToken cancel = default) => Numbered().Where(n => n.Page.Version > sinceVersion).Select(n => new StoredAnchor(n.Number, Encoding.UTF8.GetBytes(n.Link.Looks!.Anchor)));

    private IEnumerable<(int Number, Page Page, (string Target, LinkKind Kind, int Ordinal) Key, Link Link)> Numbered() =>
        _pages.Values.SelectMany(page => page.Links.Select(l => (page, l.Key, l.Value))).Select((l, number) => (number, l.page, l.Key, l.Value));

    public IEnumerable<StoredLink> Links(long sinceVersion = 0, CancellationToken cancel = default) =>
        _pages.Values.Where(p => p.Version > sinceVersion).SelectMany(page => page.Links.Select(l => Describe(page, l.Key, l.Value)));

    public IEnumerable<StoredLink> LinksFrom(string url, CancellationToken cancel = default) => Links(0, cancel).Where(l => l.Source == url);

    public IEnumerable<StoredLink> LinksTo(string url, CancellationToken cancel = default) => Links(0, cancel).Where(l => l.Target == url);

    public IEnumerable<StoredVisit> Visits(string url, CancellationToken cancel = default) => _pages.Values.Where(p => p.Url == url).OrderBy(p => p.Granularity)
        .SelectMany(p => p.Visits.OrderBy(v => v.Visit.At).ThenBy(v => v.Visit.Source, StringComparer.Ordinal))
        .Select(v => new StoredVisit(url, v.Visit.At, v.Visit.Source, v.Visit.Outcome, v.Visit.Status, v.Visit.Detail, v.Visit.Links.Count, v.Hash));

    public StoredSource? FindSource(string id) => _sources.GetValueOrDefault(id);

    public IEnumerable<StoredSource> Sources() => _sources.Values.OrderBy(s => s.Id, StringComparer.Ordinal);

    public (long Pages, long Links, long Visits) Count() => (_pages.Count, _pages.Values.Sum(p => p.Links.Count), _pages.Values.Sum(p => p.Visits.Count));

    public void Dispose()
    {
    }
}
