using System.Globalization;
using Backlinks.GraphEngine;
using DuckDB.NET.Data;

namespace Backlinks.Stores;

public sealed partial class DuckDbLinkStore
{
    private UrlTable? _urls; // read at the first write; null again when a transaction failed
    private uint _nextUrl;
    private long _nextVisit, _nextText, _nextContent;
    private bool _hasIds;

    public WriteResult Write(IReadOnlyList<PageVisit> visits, StoredSource? source = null, CancellationToken cancel = default)
    {
        foreach (PageVisit visit in visits)
            if (visit.At.Kind == DateTimeKind.Local)
                throw new ArgumentException($"the visit to {visit.Url} has a local time; times are UTC", nameof(visits));
        lock (_gate)
        {
            RequireOpen();
            if (_readOnly)
                throw new InvalidOperationException($"{Path} was opened for reading");
            // The database would go on writing into a file without a name, and all of it would be gone with the process.
            if (!File.Exists(Path))
                throw new StoreException(Path, "was deleted or moved away while in use: put it back, or gather anew");
            var batch = new Batch(this);
            bool begun = false;
            try
            {
                ReadUrls(cancel);
                WriteResult result = batch.Merge(visits, cancel);
                if (!batch.Changed && source is null)
                    return result;
                cancel.ThrowIfCancellationRequested();
                LinkSchema.Run(_connection, "BEGIN");
                begun = true;
                batch.Store(source);
                LinkSchema.Run(_connection, "COMMIT");
                begun = false;
                batch.Published();
                return result;
            }
            catch (Exception e)
            {
                _urls = null;
                batch.Forget();
                if (begun)
                    RollBack();
                if (e is DuckDBException fault)
                {
                    if (e.Message.Contains("invalidated", StringComparison.Ordinal) || e.Message.Contains("FATAL", StringComparison.Ordinal))
                        _broken = e;
                    throw Told(Path, fault);
                }
                throw;
            }
        }
    }

    private void RollBack()
    {
        try
        {
            LinkSchema.Run(_connection, "ROLLBACK");
        }
        catch (DuckDBException e)
        {
            if (!e.Message.Contains("no transaction is active", StringComparison.Ordinal)) // a failed commit has rolled back itself
                _broken = e;
        }
    }

    private void ReadUrls(CancellationToken cancel)
    {
        if (_urls is not null)
            return;
        var urls = new UrlTable();
        _nextUrl = 0;
        using (Rows rows = new(this, _connection, "SELECT u.id, u.hash_low, u.hash_high, epoch_us(u.first_seen), p.id IS NOT NULL FROM urls u LEFT JOIN pages p ON p.id = u.id"))
            while (rows.Next())
            {
                uint id = rows.Of<uint>(0);
                urls.Add(new UrlHash(rows.Of<ulong>(1), rows.Of<ulong>(2)), id, rows.Long(3), rows.Of<bool>(4));
                _nextUrl = Math.Max(_nextUrl, id + 1);
                if ((id & 0xFFFFF) == 0)
                    cancel.ThrowIfCancellationRequested();
            }
        _nextVisit = LinkSchema.Scalar(_connection, "SELECT max(visit_no) + 1 FROM visits");
        _nextText = LinkSchema.Scalar(_connection, "SELECT max(text_no) + 1 FROM link_texts");
        _nextContent = LinkSchema.Scalar(_connection, "SELECT max(content_no) + 1 FROM contents");
        _urls = urls;
    }

    /// <summary>Puts numbers into the temporary table ids, which other queries join.</summary>
    private void SetIds(IEnumerable<uint> ids)
    {
        LinkSchema.Run(_connection, _hasIds ? "DELETE FROM ids" : "CREATE TEMP TABLE ids(id UINTEGER)");
        _hasIds = true;
        using DuckDBAppender appender = _connection.CreateAppender("temp", "main", "ids");
        foreach (uint id in ids)
            appender.CreateRow().AppendValue(id).EndRow();
    }

    /// <summary>The visits of one call: merged in memory with what they change, then stored in one transaction.</summary>
    private sealed class Batch(DuckDbLinkStore store)
    {
        private readonly record struct NewUrl(UrlHash Hash, string Url, Granularity Granularity, long FirstSeen);

        private readonly List<NewUrl> _newUrls = [];
        private readonly Dictionary<uint, long> _earlier = [];
        private readonly List<string> _newSources = [];
        private readonly List<(PageHistory History, PageVisit Visit, ulong Hash, int Source, long No)> _newVisits = [];
        private readonly List<PageHistory> _changed = [];
        private readonly HashSet<uint> _known = []; // pages that have a row in the store
        private uint _firstNew;

        public bool Changed => _changed.Count > 0;

        public WriteResult Merge(IReadOnlyList<PageVisit> visits, CancellationToken cancel)
        {
            _firstNew = store._nextUrl;
            List<Group> groups = GroupByPage(visits);
            LoadPages(groups);
            LoadLinks([.. groups.Where(g => g.History!.NeedsLinks(g.Visits))]);
            int repeated = 0;
            long newLinks = 0, newLost = 0;
            foreach (Group group in groups)
            {
                cancel.ThrowIfCancellationRequested();
                PageHistory history = group.History!;
                bool any = false;
                foreach ((PageVisit visit, ulong hash, int source) in group.Visits)
                {
                    int before = history.Visits.Count;
                    if (!history.Apply(visit, hash, source, store._nextVisit, Resolve))
                    {
                        repeated++;
                        continue;
                    }
                    any = true;
                    Note(group.Url, visit.Url, visit.Granularity, PageHistory.Micros(visit.At));
                    if (history.Visits.Count > before)
                        _newVisits.Add((history, visit, hash, source, store._nextVisit++));
                }
                if (!any)
                    continue;
                if (history.HasLinks)
                    history.Judge();
                store._urls!.SetVisited(store._urls.Find(group.Url));
                _changed.Add(history);
                newLinks += history.NewLinks;
                newLost += history.NewLost;
            }
            return new WriteResult(visits.Count, repeated, _newUrls.Count, newLinks, newLost);
        }

        public void Store(StoredSource? source)
        {
            long version = store.Version + (Changed ? 1 : 0);
            DuckDBConnection connection = store._connection;
            if (_earlier.Count > 0)
                LowerFirstSeen(connection);
            using (DuckDBAppender urls = connection.CreateAppender("urls"))
                for (int i = 0; i < _newUrls.Count; i++)
                {
                    NewUrl url = _newUrls[i];
                    urls.CreateRow().AppendValue(_firstNew + (uint)i).AppendValue(url.Hash.Low).AppendValue(url.Hash.High).AppendValue(NodeNames.ToKey(url.Url))
                        .AppendValue((byte)url.Granularity).AppendValue(PageHistory.Time(url.FirstSeen)).AppendValue(version).EndRow();
                }
            StoreSources(connection, source);
            uint[] replaced = [.. _changed.Select(h => h.Page.Id).Where(_known.Contains)];
            if (replaced.Length > 0)
            {
                store.SetIds(replaced);
                LinkSchema.Run(connection, "DELETE FROM pages WHERE id IN (SELECT id FROM ids)");
                uint[] relinked = [.. _changed.Where(h => h.LinksChanged && _known.Contains(h.Page.Id)).Select(h => h.Page.Id)];
                if (relinked.Length > 0)
                {
                    store.SetIds(relinked);
                    LinkSchema.Run(connection, "DELETE FROM links WHERE page_id IN (SELECT id FROM ids)");
                }
            }
            StoreTexts(connection);
            StoreLinks(connection);
            StoreContents(connection);
            StorePages(connection, version);
            StoreVisits(connection);
            if (Changed)
                LinkSchema.Run(connection, string.Create(CultureInfo.InvariantCulture, $"UPDATE store SET version = {version}"));
        }

        public void Published()
        {
            if (Changed)
                store.Version++;
        }

        /// <summary>Takes back what was entered in the store's memory.</summary>
        public void Forget()
        {
            foreach (string name in _newSources)
                store._sourceNos.Remove(name);
            store._sourceNames.RemoveRange(store._sourceNames.Count - _newSources.Count, _newSources.Count);
        }

        private List<Group> GroupByPage(IReadOnlyList<PageVisit> visits)
        {
            var byUrl = new Dictionary<UrlHash, Group>(visits.Count);
            var groups = new List<Group>(visits.Count);
            foreach (PageVisit visit in visits)
            {
                UrlHash url = UrlHash.Of(visit.Url, visit.Granularity);
                if (!byUrl.TryGetValue(url, out Group? group))
                {
                    byUrl.Add(url, group = new Group(url));
                    groups.Add(group);
                }
                group.Visits.Add((visit, LinkSetHash.Of(visit), SourceNo(visit.Source)));
            }
            foreach (Group group in groups)
                group.Sort();
            return groups;
        }

        private void LoadPages(List<Group> groups)
        {
            var byId = new Dictionary<uint, Group>();
            foreach (Group group in groups)
            {
                int slot = store._urls!.Find(group.Url);
                if (slot >= 0 && store._urls.Visited(slot))
                    byId.Add(store._urls.Id(slot), group);
                else
                {
                    PageVisit first = group.Visits[0].Visit;
                    uint id = Note(group.Url, first.Url, first.Granularity, PageHistory.Micros(first.At));
                    group.History = new PageHistory(new PageRow { Id = id }, store.SourceName, isNew: true);
                }
            }
            if (byId.Count == 0)
                return;
            store.SetIds(byId.Keys);
            foreach (PageRow page in store.ReadPages())
            {
                byId[page.Id].History = new PageHistory(page, store.SourceName, isNew: false);
                _known.Add(page.Id);
            }
        }

        private void LoadLinks(List<Group> groups)
        {
            if (groups.Count == 0)
                return;
            store.SetIds(groups.Select(g => g.History!.Page.Id));
            ILookup<uint, LinkRow> links = store.ReadLinks().ToLookup(l => l.Page, l => l.Link);
            ILookup<uint, VisitRow> visits = store.ReadVisits().ToLookup(v => v.Page, v => v.Visit);
            foreach (Group group in groups)
                group.History!.Load(links[group.History.Page.Id], visits[group.History.Page.Id]);
        }

        private int SourceNo(string name)
        {
            if (store._sourceNos.TryGetValue(name, out int no))
                return no;
            no = store._sourceNames.Count;
            store._sourceNos.Add(name, no);
            store._sourceNames.Add(name);
            _newSources.Add(name);
            return no;
        }

        private uint Resolve(string url, Granularity granularity, long time) => Note(UrlHash.Of(url, granularity), url, granularity, time);

        /// <summary>The number of a URL, which is new or was seen at that time.</summary>
        private uint Note(UrlHash hash, string url, Granularity granularity, long time)
        {
            UrlTable urls = store._urls!;
            int slot = urls.Find(hash);
            if (slot < 0)
            {
                if (store._nextUrl == int.MaxValue)
                    throw new StoreException(store.Path, $"holds {int.MaxValue} URLs, as many as it can");
                _newUrls.Add(new NewUrl(hash, url, granularity, time));
                urls.Add(hash, store._nextUrl, time, visited: false);
                return store._nextUrl++;
            }
            uint id = urls.Id(slot);
            if (!urls.MayBeEarlier(slot, time))
                return id;
            urls.SetEarlier(slot, time);
            if (id >= _firstNew)
            {
                NewUrl known = _newUrls[(int)(id - _firstNew)];
                if (time < known.FirstSeen)
                    _newUrls[(int)(id - _firstNew)] = known with { FirstSeen = time };
            }
            else
                _earlier[id] = _earlier.TryGetValue(id, out long other) ? Math.Min(other, time) : time;
            return id;
        }

        private void LowerFirstSeen(DuckDBConnection connection)
        {
            LinkSchema.Run(connection, "CREATE OR REPLACE TEMP TABLE earlier(id UINTEGER, first_seen TIMESTAMP)");
            using (DuckDBAppender appender = connection.CreateAppender("temp", "main", "earlier"))
                foreach ((uint id, long time) in _earlier)
                    appender.CreateRow().AppendValue(id).AppendValue(PageHistory.Time(time)).EndRow();
            LinkSchema.Run(connection, "UPDATE urls SET first_seen = e.first_seen FROM earlier e WHERE urls.id = e.id AND e.first_seen < urls.first_seen");
        }

        private void StoreSources(DuckDBConnection connection, StoredSource? source)
        {
            if (source is not null)
                SourceNo(source.Id);
            if (_newSources.Count > 0)
                using (DuckDBAppender sources = connection.CreateAppender("sources"))
                    foreach (string name in _newSources)
                        sources.CreateRow().AppendValue(store._sourceNos[name]).AppendValue(name).AppendNullValue().AppendNullValue().AppendNullValue().AppendNullValue().AppendNullValue().EndRow();
            if (source is null)
                return;
            using DuckDBCommand command = connection.CreateCommand();
            command.CommandText = "UPDATE sources SET kind = $1, started = make_timestamp($2), ended = make_timestamp($3), position = $4, facts = $5 WHERE no = $6";
            foreach (object? value in new object?[] { source.Kind, PageHistory.Micros(source.Started), source.Ended is { } ended ? PageHistory.Micros(ended) : null, source.Position, source.Facts, store._sourceNos[source.Id] })
                command.Parameters.Add(new DuckDBParameter(value ?? DBNull.Value));
            command.ExecuteNonQuery();
        }

        private void StoreTexts(DuckDBConnection connection)
        {
            using DuckDBAppender appender = connection.CreateAppender("link_texts");
            foreach (PageHistory history in _changed)
                if (history.LinksChanged)
                    foreach (LinkRow link in history.Links)
                        if (link.NewTexts is { } text)
                        {
                            link.TextNo = store._nextText++;
                            appender.CreateRow().AppendValue(link.TextNo).AppendValue(Text(text.Anchor)).AppendValue(Text(text.Left)).AppendValue(Text(text.Right)).AppendValue(Text(text.Href)).EndRow();
                        }
        }

        private void StoreLinks(DuckDBConnection connection)
        {
            using DuckDBAppender appender = connection.CreateAppender("links");
            foreach (PageHistory history in _changed)
                if (history.LinksChanged)
                    foreach (LinkRow link in history.Links)
                    {
                        IDuckDBAppenderRow row = appender.CreateRow().AppendValue(history.Page.Id).AppendValue(link.TargetId).AppendValue((byte)link.Kind).AppendValue(link.Ordinal)
                            .AppendValue((ushort)link.Rel).AppendValue((byte)link.Zone).AppendValue(link.Position).AppendValue(link.TextNo).AppendValue(link.TextHash);
                        Time(Time(Time(Time(row, link.FirstSeen), link.LastSeen), link.KeptAt), link.CountedAt).AppendValue(link.ReadNo).AppendValue(link.ReadMark);
                        Time(Time(Time(row, link.MissingSince), link.LostAt).AppendValue((byte)link.LostReason), link.ClaimAt).AppendValue((byte)link.ClaimReason)
                            .AppendValue(link.ObservedBy).EndRow();
                    }
        }

        private void StoreContents(DuckDBConnection connection)
        {
            using DuckDBAppender appender = connection.CreateAppender("contents");
            foreach (PageHistory history in _changed)
            {
                PageRow page = history.Page;
                if (page.NewTexts is not { } text)
                    continue;
                page.ContentNo = store._nextContent++;
                appender.CreateRow().AppendValue(page.ContentNo).AppendValue(Text(text.ContentType)).AppendValue(Text(text.Language)).AppendValue(Text(text.Title)).AppendValue(Text(text.Headings))
                    .AppendValue(Text(text.Text)).AppendValue(Text(text.Canonical)).AppendValue(Text(text.ETag)).AppendValue(Text(text.LastModified)).EndRow();
            }
        }

        private void StorePages(DuckDBConnection connection, long version)
        {
            using DuckDBAppender appender = connection.CreateAppender("pages");
            foreach (PageHistory history in _changed)
            {
                PageRow p = history.Page;
                IDuckDBAppenderRow row = Time(appender.CreateRow().AppendValue(p.Id).AppendValue(version).AppendValue(p.LastVisitNo), p.LastVisit)
                    .AppendValue(p.LastSource).AppendValue((byte)p.LastOutcome).AppendValue(p.Status);
                Time(row, p.LastVerified).AppendValue(p.LastState).AppendValue(p.BaseNo);
                Time(row, p.BaseAt).AppendValue(p.BaseSource).AppendValue(p.BaseHash).AppendValue(p.BaseState).AppendValue(p.BaseNoindex).AppendValue(p.BaseElsewhere);
                Time(row, p.ConfirmedAt).AppendValue(p.Pending).AppendValue(p.ContentNo);
                Time(row, p.ContentAt).AppendValue(p.ContentSource).AppendValue(p.ContentWhole).AppendValue(p.TextsHash).AppendValue(p.Words).AppendValue(p.Noindex)
                    .AppendValue(p.Nofollow).AppendValue(p.ContentHash).AppendValue(p.SimHash).AppendValue(p.Changes).AppendValue(p.Verifications).EndRow();
            }
        }

        private void StoreVisits(DuckDBConnection connection)
        {
            using DuckDBAppender appender = connection.CreateAppender("visits");
            foreach ((PageHistory history, PageVisit visit, ulong hash, int source, long no) in _newVisits)
            {
                VisitRow judged = history.Visits.Find(v => v.No == no);
                appender.CreateRow().AppendValue(no).AppendValue(history.Page.Id).AppendValue(PageHistory.Time(judged.At)).AppendValue(source).AppendValue((byte)visit.Outcome)
                    .AppendValue(visit.Status).AppendValue(visit.Links.Count).AppendValue(hash).AppendValue(judged.Telling).AppendValue(judged.Noindex)
                    .AppendValue(judged.Elsewhere).AppendValue(judged.State).AppendValue(visit.Bytes).AppendValue(visit.Milliseconds).AppendValue(Text(visit.Detail))
                    .AppendValue(Text(visit.Address)).EndRow();
            }
        }

        // The appender ends a text at its first NUL; like a HTML parser, we put U+FFFD in its place.
        private static string Text(string text) => text.Contains('\0') ? text.Replace('\0', '\uFFFD') : text;

        private static IDuckDBAppenderRow Time(IDuckDBAppenderRow row, long time) =>
            time == PageHistory.None ? row.AppendNullValue() : row.AppendValue(PageHistory.Time(time));

        private sealed class Group(UrlHash url)
        {
            public UrlHash Url => url;

            public List<(PageVisit Visit, ulong Hash, int Source)> Visits { get; private set; } = new(1);

            public PageHistory? History { get; set; }

            /// <summary>By time and source; of two with equal both the first given stays first, and the other is a repetition.</summary>
            public void Sort()
            {
                if (Visits.Count > 1)
                    Visits = [.. Visits.OrderBy(v => v.Visit.At).ThenBy(v => v.Visit.Source, StringComparer.Ordinal)];
            }
        }
    }

    private string SourceName(int no) => _sourceNames[no];

    private const string PageColumns = """
        p.id, p.last_visit_no, epoch_us(p.last_visit), p.last_source, p.last_outcome, p.status, epoch_us(p.last_verified), p.last_state, p.base_no,
        epoch_us(p.base_at), p.base_source, p.base_hash, p.base_state, p.base_noindex, p.base_elsewhere, epoch_us(p.confirmed_at), p.pending, p.content_no,
        epoch_us(p.content_at), p.content_source, p.content_whole, p.texts_hash, p.words, p.noindex, p.nofollow, p.content_hash, p.simhash, p.changes, p.verifications
        """;

    private IEnumerable<PageRow> ReadPages()
    {
        using Rows rows = new(this, _connection, $"SELECT {PageColumns} FROM pages p JOIN ids ON p.id = ids.id");
        while (rows.Next())
            yield return new PageRow
            {
                Id = rows.Of<uint>(0),
                LastVisitNo = rows.Long(1),
                LastVisit = rows.Time(2),
                LastSource = rows.Int(3),
                LastOutcome = (VisitOutcome)rows.Of<byte>(4),
                Status = rows.Int(5),
                LastVerified = rows.Time(6),
                LastState = rows.Of<ulong>(7),
                BaseNo = rows.Int(8),
                BaseAt = rows.Time(9),
                BaseSource = rows.Int(10),
                BaseHash = rows.Of<ulong>(11),
                BaseState = rows.Of<ulong>(12),
                BaseNoindex = rows.Of<bool>(13),
                BaseElsewhere = rows.Of<bool>(14),
                ConfirmedAt = rows.Time(15),
                Pending = rows.Of<bool>(16),
                ContentNo = rows.Long(17),
                ContentAt = rows.Time(18),
                ContentSource = rows.Int(19),
                ContentWhole = rows.Of<bool>(20),
                TextsHash = rows.Of<ulong>(21),
                Words = rows.Int(22),
                Noindex = rows.Of<bool>(23),
                Nofollow = rows.Of<bool>(24),
                ContentHash = rows.Of<ulong>(25),
                SimHash = rows.Of<ulong>(26),
                Changes = rows.Int(27),
                Verifications = rows.Int(28),
            };
    }

    private IEnumerable<(uint Page, LinkRow Link)> ReadLinks()
    {
        using Rows rows = new(this, _connection, """
            SELECT l.page_id, l.target_id, l.kind, l.ordinal, l.rel, l.zone, l.position, l.text_no, l.text_hash, epoch_us(l.first_seen), epoch_us(l.last_seen),
              epoch_us(l.kept_at), epoch_us(l.counted_at), l.read_no, l.read_mark, epoch_us(l.missing_since), epoch_us(l.lost_at), l.lost_reason,
              epoch_us(l.claim_at), l.claim_reason, l.observed_by
            FROM links l JOIN ids ON l.page_id = ids.id
            """);
        while (rows.Next())
            yield return (rows.Of<uint>(0), new LinkRow
            {
                TargetId = rows.Of<uint>(1),
                Kind = (LinkKind)rows.Of<byte>(2),
                Ordinal = rows.Int(3),
                Rel = (LinkRel)rows.Of<ushort>(4),
                Zone = (Zone)rows.Of<byte>(5),
                Position = rows.Of<float>(6),
                TextNo = rows.Long(7),
                TextHash = rows.Of<ulong>(8),
                FirstSeen = rows.Time(9),
                LastSeen = rows.Time(10),
                KeptAt = rows.Time(11),
                CountedAt = rows.Time(12),
                ReadNo = rows.Int(13),
                ReadMark = rows.Of<byte>(14),
                MissingSince = rows.Time(15),
                LostAt = rows.Time(16),
                LostReason = (LostReason)rows.Of<byte>(17),
                ClaimAt = rows.Time(18),
                ClaimReason = (LostReason)rows.Of<byte>(19),
                ObservedBy = rows.Int(20),
            });
    }

    private IEnumerable<(uint Page, VisitRow Visit)> ReadVisits()
    {
        using Rows rows = new(this, _connection,
            "SELECT v.page_id, v.visit_no, epoch_us(v.visited_at), v.source, v.outcome, v.telling, v.noindex, v.elsewhere, v.state FROM visits v JOIN ids ON v.page_id = ids.id");
        while (rows.Next())
            yield return (rows.Of<uint>(0), new VisitRow(rows.Long(1), rows.Long(2), rows.Int(3), (VisitOutcome)rows.Of<byte>(4), rows.Of<bool>(5),
                rows.Of<bool>(6), rows.Of<bool>(7), rows.Of<ulong>(8), IsNew: false));
    }
}
