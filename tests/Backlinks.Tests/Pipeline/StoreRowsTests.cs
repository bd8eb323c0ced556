using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Backlinks.Tests.Stores;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Pipeline;

/// <summary>The rows of a run of the crawled sample web, with later visits and a vendor's reports on top, held against the store.</summary>
public sealed class StoreRowsTests : IClassFixture<StoreRowsTests.Ranked>
{
    private readonly Ranked _ranked;

    public StoreRowsTests(Ranked ranked) => _ranked = ranked;

    /// <summary>One crawl and one run for all tests of the class.</summary>
    public sealed class Ranked : IAsyncLifetime
    {
        private RunRows? _rows;
        private Run? _run;

        internal TemporaryFolder Folder { get; } = new();

        internal DataFolder Data => new(Folder.File("data"));

        internal PlantedWeb Web { get; } = PlantedWeb.Generate(new SampleWebOptions { Seed = 6, Sites = 20, PagesPerSite = 8, Hostile = false, Errors = false, Labs = false, Traps = false, Changes = false });

        internal Run Run => _run!;

        internal RunRows Rows => _rows!;

        internal StoreRunResult Result { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            await using (SampleWebServer server = await SampleWebServer.StartAsync(Web))
                Program.Run(CrawlTests.Arguments(server, Data.Path)).Ok();
            Later(Data, Web);
            Result = Make(Data);
            _run = Data.OpenRun();
            _rows = RunRows.Open(_run);
        }

        public ValueTask DisposeAsync()
        {
            _rows?.Dispose();
            _run?.Dispose();
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    internal static string Fold(string host) => string.Join('.', host.Split('.')[^2..]);

    internal static StoreRunResult Make(DataFolder data, Func<StoreRunOptions, StoreRunOptions>? with = null)
    {
        using DataWriter writer = data.BeginWriting();
        var options = new StoreRunOptions { Fold = Fold, FoldName = "domain", Owner = domain => domain.Length % 5 == 0 ? "five" : null, OwnerName = "five" };
        return StoreRun.Make(writer, with?.Invoke(options) ?? options, cancel: TestContext.Current.CancellationToken);
    }

    /// <summary>Pages are seen again without some links, others withheld or gone; redirects; and what other tools report.</summary>
    private static void Later(DataFolder data, PlantedWeb web)
    {
        using DuckDbLinkStore store = data.OpenLinks(readOnly: false);
        string[] pages = [.. store.Pages().Where(p => p.LastOutcome == VisitOutcome.Fetched && p.Granularity == Granularity.Page).Select(p => p.Url).Take(400)];
        DateTime now = DateTime.UtcNow.Date;
        for (int round = 0; round < 2; round++)
        {
            var visits = new List<PageVisit>();
            for (int i = 0; i < 60; i++)
            {
                string url = pages[i * 5];
                if (i == 8 && round == 1)
                {
                    visits.Add(new PageVisit { Url = url, At = now.AddDays(42), Source = "crawl:z", Status = 304, Outcome = VisitOutcome.NotModified });
                    continue;
                }
                LinkObservation[] links = [.. store.LinksFrom(url).Where(l => l.LostAt is null).Select((l, place) => (Link: l, Place: place)).Where(l => i % 4 != 0 || l.Place % 3 != 0)
                    .Select(l => new LinkObservation { Target = l.Link.Target, Kind = l.Link.Kind, Rel = i % 4 == 1 ? LinkRel.Sponsored : l.Link.Rel, Zone = l.Link.Zone, Position = l.Link.Position, Anchor = l.Link.Anchor, Left = l.Link.Left, Right = l.Link.Right })];
                visits.Add(new PageVisit
                {
                    Url = url,
                    At = now.AddDays(40 + 2 * round).AddMinutes(i),
                    Source = "warc:later.warc.gz",
                    Status = i % 4 == 3 ? 404 : 200,
                    Outcome = i % 4 == 3 ? VisitOutcome.Gone : VisitOutcome.Fetched,
                    Title = $"Seen again {i}",
                    Address = $"192.0.{i % 9}.{i}",
                    Words = 10,
                    Links = i % 4 == 3 ? [] : i == 6 ? [.. links, new LinkObservation { Target = "http://new.example/ö?a=1", Anchor = "New", Left = "so ", Right = " it is" }] : links,
                });
            }
            store.Write(visits);
        }
        DateTime at = now.AddDays(50);
        string last = pages[^1];
        store.Write([
            new PageVisit { Url = "http://hop.example/1", At = at, Source = "crawl:z", Status = 301, Outcome = VisitOutcome.Redirected, Links = [new LinkObservation { Target = "http://hop.example/2", Kind = LinkKind.Redirect }] },
            new PageVisit { Url = "http://hop.example/2", At = at, Source = "crawl:z", Status = 302, Outcome = VisitOutcome.Redirected, Links = [new LinkObservation { Target = last, Kind = LinkKind.Redirect }] },
            new PageVisit { Url = "http://loop.example/a", At = at, Source = "crawl:z", Status = 301, Outcome = VisitOutcome.Redirected, Links = [new LinkObservation { Target = "http://loop.example/b", Kind = LinkKind.Redirect }] },
            new PageVisit { Url = "http://loop.example/b", At = at, Source = "crawl:z", Status = 301, Outcome = VisitOutcome.Redirected, Links = [new LinkObservation { Target = "http://loop.example/a", Kind = LinkKind.Redirect }] },
            new PageVisit
            {
                Url = "http://from.example/", At = at, Source = "crawl:z", Status = 200, Title = "From", Address = "198.51.100.7", Words = 3,
                Links = [
                    new LinkObservation { Target = "http://hop.example/1", Anchor = "Hop!", Zone = Zone.Main, Position = .25f },
                    new LinkObservation { Target = "http://loop.example/a", Anchor = "www.loop.example", Zone = Zone.Footer },
                    new LinkObservation { Target = "http://loop.example/a", Anchor = "click here", Zone = Zone.Nav, Rel = LinkRel.Ugc },
                    new LinkObservation { Target = "http://shop.example/x.png", Kind = LinkKind.Image },
                    new LinkObservation { Target = "http://from.example/", Anchor = "home", Zone = Zone.Nav },
                ],
            },
            new PageVisit
            {
                Url = "reported.example", Granularity = Granularity.Domain, At = at, Source = "majestic:x.csv", Outcome = VisitOutcome.Reported,
                Links = [new LinkObservation { Target = Fold(new Uri(last).Host), Kind = LinkKind.Reported, FirstSeen = at.AddDays(-300), LastSeen = at.AddDays(-3) }],
            },
            new PageVisit
            {
                Url = "www.reported.example", Granularity = Granularity.Host, At = at, Source = "moz:y.csv", Outcome = VisitOutcome.Reported,
                Links = [new LinkObservation { Target = "www.other.example", Kind = LinkKind.Reported, Anchor = "other", LostAt = at.AddDays(-1), FirstSeen = at.AddDays(-9) }],
            },
            new PageVisit
            {
                Url = "http://vendor.example/p", At = at, Source = "ahrefs:z.csv", Outcome = VisitOutcome.Reported,
                Links = [new LinkObservation { Target = last, Kind = LinkKind.Reported, Anchor = "a find", Rel = LinkRel.Nofollow, FirstSeen = at.AddDays(-20), LastSeen = at.AddDays(-2) }],
            },
        ]);
    }

    [Fact]
    public void What_links_pass_to_a_page_and_edges_to_a_domain_add_up_to_its_raw_authority()
    {
        Assert.Contains(_ranked.Run.Array<double>("raw_before")!.Slice(0, _ranked.Run.Graph.NodeCount).ToArray().Zip(_ranked.Run.Array<double>("raw")!.Slice(0, _ranked.Run.Graph.NodeCount).ToArray()), z => z.First != z.Second);
        foreach ((string nodes, string links, string prefix) in new[] { ("pages", "links", "page_"), ("domains", "edges", "") })
        {
            RowsTable of = RowsTable.Read(_ranked.Rows, nodes), from = RowsTable.Read(_ranked.Rows, links);
            double[] sums = new double[of.Rows.Length];
            foreach (object?[] row in from.Rows)
                sums[from.Of<uint>(row, "target_no")] += from.Of<double>(row, "rank_passed");
            MappedArray<double> raw = _ranked.Run.Array<double>(prefix + "raw")!;
            MappedArray<double>? teleport = _ranked.Run.Array<double>(prefix + "teleport");
            Assert.Equal(prefix.Length == 0, teleport is not null);
            int seen = 0;
            for (int no = 0; no < sums.Length; no++)
                if (of[no, "node"] is uint node)
                {
                    Assert.Equal(raw[node], (double)of[no, "raw"]!);
                    Assert.Equal(raw[node], sums[no] + (teleport?[node] ?? 1), 1e-9 * raw[node]);
                    seen++;
                }
                else
                    Assert.Equal(0, sums[no]);
            Assert.Equal(raw.Length, seen);
        }
    }

    [Fact]
    public void Every_link_and_page_of_the_store_is_a_row_with_what_the_store_says()
    {
        using DuckDbLinkStore store = _ranked.Data.OpenLinks(readOnly: true);
        Dictionary<(string, Granularity), StoredPage> pages = store.Pages().ToDictionary(p => (p.Url, p.Granularity));
        RowsTable links = RowsTable.Read(_ranked.Rows, "links");
        string[] expected = [.. store.Links().Select(l =>
        {
            StoredPage page = pages.GetValueOrDefault((l.Source, Granularity.Page)) ?? pages.GetValueOrDefault((l.Source, Granularity.Host)) ?? pages[(l.Source, Granularity.Domain)];
            StoredPage target = pages[(l.Target, page.Granularity)];
            return $"{l.Source} {l.Target} {Word(l.Kind)} {l.Anchor} {l.Left} {l.Right} {Word(l.Zone)} {(float.IsNaN(l.Position) ? "NULL" : l.Position.ToString("R", System.Globalization.CultureInfo.InvariantCulture))} "
                + $"{(l.Rel & LinkRel.Withheld) == 0 || l.Kind is LinkKind.Redirect or LinkKind.Canonical} {(l.Rel & (LinkRel.Nofollow | LinkRel.PageNofollow)) != 0} {(l.Rel & LinkRel.Ugc) != 0} {(l.Rel & LinkRel.Sponsored) != 0} "
                + $"{l.FirstSeen:O} {l.LastSeen:O} {page.LastVisit:O} {l.MissingSince:O} {l.LostAt:O} {(l.LostAt is not null ? "lost" : l.MissingSince is not null ? "missing" : "live")} {(l.LostAt is null ? "NULL" : Word(l.LostReason))} "
                + $"{Null(page.Title)} {Null(page.Language)} {Null(Code(page))} {Null(Code(target))} {(target.LastOutcome is { } outcome ? Word(outcome) : "NULL")} {Null(page.Address)} {l.ObservedBy.Split(':')[0]}";
        }).Order(StringComparer.Ordinal)];
        string Time(object?[] row, string column) => links.Text(row, column) == "NULL" ? "" : DateTime.SpecifyKind(links.Of<DateTime>(row, column), DateTimeKind.Utc).ToString("O");
        string[] found = [.. links.Rows.Select(r => string.Join(' ', new[] { "url_from", "url_to", "kind", "anchor", "snippet_left", "snippet_right", "position", "place", "is_dofollow", "is_nofollow", "is_ugc", "is_sponsored" }.Select(c => links.Text(r, c)))
            + $" {Time(r, "first_seen")} {Time(r, "last_seen")} {Time(r, "last_visited")} {Time(r, "missing_since")} {Time(r, "lost_at")} "
            + string.Join(' ', new[] { "status", "lost_reason", "title", "language", "http_code", "target_http_code", "target_outcome", "address", "discovered_by" }.Select(c => links.Text(r, c)))).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, found);
        Assert.Contains(found, l => l.Contains(" lost removed", StringComparison.Ordinal));
        Assert.Contains(found, l => l.Contains(" lost page_gone", StringComparison.Ordinal));
        Assert.Contains(found, l => l.Contains(" lost became_nofollow", StringComparison.Ordinal));

        RowsTable rows = RowsTable.Read(_ranked.Rows, "pages");
        Assert.Equal(pages.Count, rows.Rows.Length);
        string[] keys = [.. rows.Rows.Select(r => rows.Text(r, "page_key") + " " + rows.Text(r, "granularity"))];
        Assert.Equal(store.Pages().Select(p => NodeNames.ToKey(p.Url) + " " + Word(p.Granularity)), keys); // in order
        foreach (object?[] row in rows.Rows)
        {
            StoredPage page = pages[(rows.Text(row, "url"), Enum.Parse<Granularity>(rows.Text(row, "granularity"), ignoreCase: true))];
            Assert.Equal($"{Null(page.Title)} {(page.LastVisit is null ? "NULL" : page.Words)} {Null(Code(page))} {(page.LastOutcome is { } outcome ? Word(outcome) : "NULL")} {Null(page.Address)} {(page.LastVisit is null ? "NULL" : page.Noindex)}",
                string.Join(' ', new[] { "title", "words", "http_code", "outcome", "address", "noindex" }.Select(c => rows.Text(row, c))));
            Assert.Equal((page.FirstSeen, page.LastVisit, page.LastVerified), (Utc(row, "first_seen"), Utc(row, "last_visited"), Utc(row, "last_verified")));
        }
        DateTime? Utc(object?[] row, string column) => rows.Text(row, column) == "NULL" ? null : rows.Of<DateTime>(row, column);
        Assert.Equal(store.Pages().Max(p => p.LastVisit), _ranked.Rows.Now);
    }

    [Fact]
    public void Counts_of_pages_domains_and_edges_are_those_of_the_links_one_by_one()
    {
        using DuckDbLinkStore store = _ranked.Data.OpenLinks(readOnly: true);
        DateTime now = store.Pages().Max(p => p.LastVisit)!.Value;
        Dictionary<string, StoredPage[]> byUrl = store.Pages().GroupBy(p => p.Url).ToDictionary(g => g.Key, g => g.ToArray());
        static string Domain(string url) => Fold(url.Contains("://", StringComparison.Ordinal) ? new Uri(url).Host : url);
        var links = store.Links().Where(l => StoreGraphs.Ranks(l.Kind)).Select(l => (Link: l, From: Domain(l.Source), To: Domain(l.Target), Live: l.LostAt is null,
            Followed: (l.Rel & LinkRel.Withheld) == 0 || l.Kind is LinkKind.Redirect or LinkKind.Canonical, New: l.LostAt is null && l.FirstSeen > now.AddDays(-30), byUrl[l.Source][0].Address)).ToArray();
        RowsTable pages = RowsTable.Read(_ranked.Rows, "pages"), domains = RowsTable.Read(_ranked.Rows, "domains"), edges = RowsTable.Read(_ranked.Rows, "edges"), all = RowsTable.Read(_ranked.Rows, "links");
        var toPage = links.ToLookup(l => l.Link.Target);
        var fromPage = links.ToLookup(l => l.Link.Source);
        foreach (object?[] row in pages.Rows)
        {
            string url = pages.Text(row, "url");
            var into = toPage[url].Where(l => l.From != l.To).ToArray();
            var from = fromPage[url].Where(l => l.Live).ToArray();
            Assert.Equal(string.Join(' ', into.Count(l => l.Live), into.Count(l => l.Live && l.Followed), into.Count(l => !l.Live), into.Where(l => l.Live).Select(l => l.From).Distinct().Count(),
                    toPage[url].Count(l => l.Live && l.From == l.To), from.Count(l => l.From != l.To), from.Count(l => l.From == l.To), from.Where(l => l.From != l.To).Select(l => l.To).Distinct().Count()),
                string.Join(' ', new[] { "backlinks", "dofollow_backlinks", "lost_backlinks", "refdomains", "internal_backlinks", "links_external", "links_internal", "linked_domains" }.Select(c => pages.Text(row, c))));
        }
        var toDomain = links.Where(l => l.From != l.To).ToLookup(l => l.To);
        var fromDomain = links.Where(l => l.From != l.To && l.Live).ToLookup(l => l.From);
        var pagesOf = byUrl.Values.SelectMany(p => p).ToLookup(p => Domain(p.Url));
        Assert.Equal(pagesOf.Count, domains.Rows.Length);
        foreach (object?[] row in domains.Rows)
        {
            string name = domains.Text(row, "name");
            var into = toDomain[name].ToArray();
            var live = into.Where(l => l.Live).ToArray();
            var from = fromDomain[name].ToArray();
            StoredPage[] own = [.. pagesOf[name]];
            Assert.Equal(string.Join(' ', own.Count(p => p.Granularity == Granularity.Page), own.Count(p => p.Granularity == Granularity.Page && p.LastVisit is not null && (p.LastOutcome != VisitOutcome.Reported || p.LastVerified is not null)),
                    own.Where(p => p.Address.Length > 0).Select(p => p.Address).Distinct().Count(), live.Length, live.Count(l => l.Followed), into.Count(l => !l.Live), live.Count(l => l.New), live.Select(l => l.From).Distinct().Count(),
                    live.Where(l => l.Followed).Select(l => l.From).Distinct().Count(), live.Where(l => l.Address.Length > 0).Select(l => l.Address).Distinct().Count(),
                    live.Select(l => Network.Of(l.Address)).Where(n => n.Length > 0).Distinct().Count(), from.Length, from.Select(l => l.To).Distinct().Count(), from.Where(l => l.Followed).Select(l => l.To).Distinct().Count()),
                string.Join(' ', new[] { "pages", "pages_visited", "addresses", "backlinks", "dofollow_backlinks", "lost_backlinks", "new_backlinks", "refdomains", "dofollow_refdomains", "referring_ips", "referring_networks", "outlinks", "linked_domains", "dofollow_linked_domains" }
                    .Select(c => domains.Text(row, c))));
        }
        Assert.Contains(domains.Rows, r => domains.Of<uint>(r, "referring_networks") > 1);
        Assert.Contains(domains.Rows, r => domains.Of<uint>(r, "new_backlinks") > 0);
        string[] expected = [.. links.Where(l => l.From != l.To).GroupBy(l => (l.From, l.To)).Select(g => $"{g.Key.From} {g.Key.To} {g.Count(l => l.Live)} {g.Count(l => l.Live && l.Followed)} {g.Count(l => l.New)} {g.Count(l => !l.Live)} "
            + $"{g.Min(l => l.Link.FirstSeen):s} {g.Max(l => l.Link.LastSeen):s} {(g.Any(l => l.Live) ? null : g.Max(l => l.Link.LostAt)):s}").Order(StringComparer.Ordinal)];
        Assert.Equal(expected, edges.Rows.Select(r => string.Join(' ', new[] { "domain_from", "domain_to", "links", "dofollow_links", "new_links", "lost_links" }.Select(c => edges.Text(r, c)))
            + $" {edges.Of<DateTime>(r, "first_seen"):s} {edges.Of<DateTime>(r, "last_seen"):s} {(edges.Text(r, "lost_at") == "NULL" ? null : edges.Of<DateTime?>(r, "lost_at")):s}").Order(StringComparer.Ordinal));
        Assert.Equal(links.Count(l => l.New), all.Rows.Count(r => all.Of<bool>(r, "is_new") && all.Of<bool>(r, "is_ranked")));
        Assert.Equal((domains.Rows.Length, pages.Rows.Length, all.Rows.Length, edges.Rows.Length), (_ranked.Rows.Domains, _ranked.Rows.Pages, _ranked.Rows.Links, _ranked.Rows.Edges));
    }

    [Fact]
    public void Weights_are_those_of_the_records_and_scores_those_of_the_run()
    {
        Run run = _ranked.Run, ofPages = run.Pages!;
        RowsTable links = RowsTable.Read(_ranked.Rows, "links"), pages = RowsTable.Read(_ranked.Rows, "pages"), domains = RowsTable.Read(_ranked.Rows, "domains");
        LinkRecords records = LinkRecords.Of(ofPages.Graph)!;
        string[] expected = [.. Enumerable.Range(0, (int)records.Count).Select(i => records[i]).Select(r => FormattableString.Invariant(
            $"{ofPages.Graph.Names[(int)r.Source]} {ofPages.Graph.Names[(int)r.Target]} {Word(r.Kind)} {r.Ordinal} {r.Weight:R} {r.Factors.Rel:R} {r.Factors.Zone:R} {r.Factors.Position:R} {r.Factors.Form:R} {r.Factors.Relevance:R} {r.Factors.Sitewide:R} {(r.Flags & LinkRecordFlags.Sitewide) != 0}"))];
        var granularity = pages.Rows.ToDictionary(r => pages.Of<uint>(r, "no"), r => pages.Text(r, "granularity"));
        Assert.Equal(expected, links.Rows.Where(r => links.Text(r, "weight") != "NULL" && granularity[links.Of<uint>(r, "target_no")] == "page").Select(r => string.Join(' ',
            new[] { "url_from", "url_to", "kind", "ordinal", "weight", "factor_rel", "factor_zone", "factor_position", "factor_form", "factor_relevance", "factor_sitewide", "is_sitewide" }.Select(c => links.Text(r, c)))));
        foreach ((RowsTable table, Run level, string rating, string name) in new[] { (domains, run, "domain_rating", "name"), (pages, ofPages, "url_rating", "url") })
            foreach (object?[] row in table.Rows)
                if (table.Text(row, "node") != "NULL")
                {
                    int node = (int)table.Of<uint>(row, "node");
                    Assert.Equal(level.Graph.Names[node], table.Text(row, name));
                    bool enough = RunAuthority.HasReferringDomain(level, node);
                    Assert.Equal(enough ? level.Column("authority")![node] : null, (double?)row[Array.IndexOf(table.Columns, rating)]);
                    (int rank, double percentile) = level.Column("raw")!.StandingOf(node, TestContext.Current.CancellationToken);
                    Assert.Equal(((uint)rank, (float)percentile), (table.Of<uint>(row, "rank"), (float)table.Of<double>(row, "percentile")));
                }
        Assert.Contains(links.Rows, r => links.Text(r, "spam_cluster_id") != "NULL" && links.Of<double>(r, "spam_score") > 0);
        Assert.Contains(links.Rows, r => links.Text(r, "topic_source") != "NULL");
    }

    [Fact]
    public void Redirects_are_followed_to_their_end_and_reports_of_hosts_and_domains_are_links_too()
    {
        RowsTable links = RowsTable.Read(_ranked.Rows, "links"), pages = RowsTable.Read(_ranked.Rows, "pages");
        string Told(string from, string to, params string[] columns) => string.Join(" | ", links.Rows.Where(r => links.Text(r, "url_from") == from && links.Text(r, "url_to") == to).Select(r => string.Join(' ', columns.Select(c => links.Text(r, c)))));
        string last = links.Rows.Where(r => links.Text(r, "url_from") == "http://hop.example/2").Select(r => links.Text(r, "url_to")).Single();
        Assert.Equal($"{last} http://hop.example/2 {last} redirected 301 brand 0.25", Told("http://from.example/", "http://hop.example/1", "redirect_to", "redirect_chain", "target_outcome", "target_http_code", "anchor_class", "place"));
        Assert.Equal("http://loop.example/b naked_url footer True | http://loop.example/b generic nav False", Told("http://from.example/", "http://loop.example/a", "redirect_chain", "anchor_class", "position", "is_dofollow"));
        Assert.Equal("image False False NULL 0", Told("http://from.example/", "http://shop.example/x.png", "kind", "is_ranked", "is_internal", "weight", "rank_passed"));
        Assert.Equal("True NULL 0", Told("http://from.example/", "http://from.example/", "is_internal", "weight", "rank_passed"));
        Assert.Equal("majestic True live", Told("reported.example", Fold(new Uri(last).Host), "discovered_by", "is_ranked", "status"));
        Assert.NotEqual("NULL", Told("reported.example", Fold(new Uri(last).Host), "weight"));
        Assert.Equal("moz lost removed NULL other descriptive", Told("www.reported.example", "www.other.example", "discovered_by", "status", "lost_reason", "weight", "anchor", "anchor_class").Replace("other brand", "other descriptive", StringComparison.Ordinal));
        Assert.Equal("http://hop.example/2", pages.Text(pages.Rows.Single(r => pages.Text(r, "url") == "http://hop.example/1"), "redirects_to"));
        object?[] reported = pages.Rows.Single(r => pages.Text(r, "url") == "reported.example");
        Assert.Equal("domain NULL reported.example reported.example NULL", string.Join(' ', new[] { "granularity", "node", "host", "domain", "raw" }.Select(c => pages.Text(reported, c))));
    }

    [Fact]
    public void Rows_and_their_order_depend_neither_on_threads_nor_on_the_order_of_writing()
    {
        using var folder = new TemporaryFolder();
        PageVisit[] visits = Visits(new Random(3));
        string?[] digests = [.. Enumerable.Range(1, 3).Select(i =>
        {
            var data = new DataFolder(folder.File($"data-{i}"));
            PageVisit[] order = [.. visits];
            new Random(i).Shuffle(order);
            using (DuckDbLinkStore store = data.OpenLinks(readOnly: false))
                foreach (PageVisit[] batch in order.Chunk(i * 37))
                    store.Write(batch);
            Make(data, options => options with { Threads = i });
            using Run run = data.OpenRun();
            using RunRows rows = RunRows.Open(run);
            return string.Join('\n', RowsTable.Names.Select(name => $"{name} {RowsTable.Read(rows, name).Digest()}"));
        })];
        Assert.Equal(digests[0], digests[1]);
        Assert.Equal(digests[0], digests[2]);
    }

    /// <summary>Some hundred pages of a few domains, seen up to three times from several sources.</summary>
    private static PageVisit[] Visits(Random random)
    {
        var start = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        string Url(int page) => $"http://{(page % 3 == 0 ? "www." : "")}d{page % 23}.example/{page}";
        string[] words = ["garden", "tulip", "hedge", "compost", "click here", "d7", "", "www.d3.example", "ein schöner Garten"];
        return [.. Enumerable.Range(0, 400).SelectMany(page => Enumerable.Range(0, 1 + random.Next(3)).Select(visit => new PageVisit
        {
            Url = Url(page),
            At = start.AddDays(visit * 3).AddMinutes(random.Next(1000)),
            Source = $"crawl:{random.Next(3)}",
            Status = 200,
            Title = $"{words[random.Next(words.Length)]} {page}",
            Text = string.Join(' ', Enumerable.Range(0, 30).Select(_ => words[random.Next(words.Length)])),
            Words = 60,
            Address = $"192.0.{random.Next(9)}.{page % 11}",
            Links = [.. Enumerable.Range(0, random.Next(14)).Select(_ => new LinkObservation
            {
                Target = Url(random.Next(600)),
                Anchor = words[random.Next(words.Length)],
                Left = words[random.Next(words.Length)],
                Rel = random.Next(6) == 0 ? LinkRel.Nofollow : LinkRel.None,
                Kind = random.Next(9) == 0 ? LinkKind.Image : LinkKind.Anchor,
                Zone = (Zone)random.Next(8),
                Position = random.Next(5) == 0 ? float.NaN : random.Next(100) / 100f,
            })],
        }))];
    }

    [Fact]
    public void A_run_made_from_another_has_the_rows_of_one_made_in_full()
    {
        using var folder = new TemporaryFolder();
        var data = new DataFolder(folder.File("data"));
        Directory.CreateDirectory(data.Path);
        File.Copy(_ranked.Data.Links, data.Links);
        StoreRunResult first = Make(data);
        using (DuckDbLinkStore store = data.OpenLinks(readOnly: false))
        {
            StoredPage page = store.Pages().First(p => p.LastOutcome == VisitOutcome.Fetched);
            store.Write([new PageVisit { Url = page.Url, At = DateTime.UtcNow.Date.AddDays(60), Source = "crawl:later", Status = 200, Links = [new LinkObservation { Target = "http://newcomer.example/", Anchor = "welcome" }] }]);
        }
        StoreRunResult since = Make(data, o => o with { Since = first.RunId }), full = Make(data, o => o with { TopicsOf = first.RunId });
        using Run a = data.OpenRun(since.RunId), b = data.OpenRun(full.RunId);
        using RunRows x = RunRows.Open(a), y = RunRows.Open(b);
        string[] solved = ["raw", "raw_before", "pagerank", "domain_rating", "url_rating", "domain_rating_source", "domain_rating_target", "url_rating_source", "rank_passed", "truncated", "rank", "percentile", "spam_score", "spam_score_source"];
        foreach (string name in RowsTable.Names)
        {
            RowsTable one = RowsTable.Read(x, name), other = RowsTable.Read(y, name);
            Assert.Equal(other.Lines(solved), one.Lines(solved));
            foreach (string column in solved.Except(["rank", "percentile"]).Intersect(one.Columns))
                for (int i = 0; i < one.Rows.Length; i++)
                    Assert.Equal((double?)other[i, column] ?? double.NaN, (double?)one[i, column] ?? double.NaN, 1e-6 * Math.Max(1, Math.Abs((double?)other[i, column] ?? 0)));
        }
    }

    [Fact]
    public void A_run_without_rows_has_none_and_says_so()
    {
        using var folder = new TemporaryFolder();
        var data = new DataFolder(folder.File("data"));
        using (DuckDbLinkStore store = data.OpenLinks(readOnly: false))
            store.Write(Visits(new Random(4))[..40]);
        Program.Run("rank", "--store", "--without", "rows", "--data", data.Path).Ok();
        using Run run = data.OpenRun();
        Assert.Null(run.RowsPath);
        Assert.Contains("rank again", Assert.Throws<StoreException>(() => RunRows.Open(run)).Message, StringComparison.Ordinal);
        Program.Run("rank", "--store", "--data", data.Path).Ok();
        using Run again = data.OpenRun();
        Assert.NotNull(again.RowsPath);
        Assert.Empty(Directory.GetFiles(again.Folder, "*.wal"));
        Assert.Equal([RowKeys.FolderName], Directory.GetDirectories(again.Folder).Select(Path.GetFileName));
        Assert.Equal(run.Manifest.ToBytes(), again.Manifest.ToBytes());
    }

    /// <summary>A page that was fetched and then not modified is still there.</summary>
    private static int Code(StoredPage page) => page is { LastOutcome: VisitOutcome.NotModified, Status: 304 } ? 200 : page.Status;

    private static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static string Null(string text) => text.Length > 0 ? text : "NULL";

    private static string Null(int number) => number > 0 ? number.ToString(System.Globalization.CultureInfo.InvariantCulture) : "NULL";
}
