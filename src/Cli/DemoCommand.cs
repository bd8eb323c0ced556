using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.SampleWeb;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>
/// <c>backlinks demo</c>: makes a small web with planted farms and honest look-alikes, serves it on loopback, crawls it over HTTP four
/// times as it changes, ranks it twice, says what was found, and serves the dashboard. To have a history to show, the clock of the crawls
/// starts 75 days ago: dates are what they would be had it been left alone for so long, everything else is real.
/// </summary>
internal static class DemoCommand
{
    /// <summary>What is crawled when: days before now, state of the web, URLs to fetch at most, whether to rank then.</summary>
    private static readonly (int DaysAgo, int Epoch, long MaxPages, bool Rank)[] Visits =
        [(75, 0, 1_100, false), (46, 0, 2_400, true), (18, 1, 4_000, false), (0, 1, 4_000, true)];

    public static Command Create(Session session)
    {
        Option<bool> noServe = new("--no-serve") { Description = "End after the summary, without the dashboard." };
        Option<int> port = new("--port") { Description = "Where the dashboard is served.", HelpName = "P", DefaultValueFactory = _ => 5080 };
        Option<int> seed = new("--seed") { Description = "Another number makes another web.", HelpName = "N", DefaultValueFactory = _ => 1 };
        var command = new Command("demo", "Crawl, rank and judge a small web made for it, and show it at http://localhost:5080.") { noServe, port, seed, session.Json };
        command.SetAction(parsed =>
        {
            DataFolder folder = parsed.GetResult(session.Data) is { Implicit: false } || session.Terminal.Environment("BACKLINKS_DATA") is { Length: > 0 }
                ? session.Folder(parsed) : new DataFolder("demo-data"); // what is in ./data is not ours to add a made-up web to
            Layout layout = session.Layout(parsed, csv: false);
            if (Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any() && !File.Exists(Mark(folder)))
                throw new UsageException($"{folder.Path} holds links that no demo made, or other things; name another folder with --data");
            int at = parsed.GetValue(port);
            if (at is < 1 or > 65535)
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--port must be 1 to 65535, not {at}"));
            if (!parsed.GetValue(noServe))
                RequireFree(at);
            Clear(folder);
            Found found = Make(session, folder, parsed.GetValue(seed), layout == Layout.Text);
            Print(session, layout, folder, found);
            return parsed.GetValue(noServe) ? ExitCode.Done : ServeCommand.Serve(session, folder, at);
        });
        return command;
    }

    /// <summary>Tells of a port in use before a minute is spent on what could then not be shown.</summary>
    private static void RequireFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"cannot listen at http://localhost:{port}: {e.Message}; end the program that does, or name another port with --port, such as {port % 65535 + 1}"), e);
        }
    }

    /// <summary>Tells a demo's folder from others.</summary>
    private static string Mark(DataFolder folder) => Path.Combine(folder.Path, "demo.txt");

    /// <summary>A demo begins anew: the web is made again, and its first crawl is the first.</summary>
    private static void Clear(DataFolder folder)
    {
        if (File.Exists(Mark(folder)))
        {
            using (folder.BeginWriting()) // nobody else writes there
            {
            }
            foreach (string what in (string[])[folder.Runs, folder.Graphs, folder.Crawls, .. ((string[])["jobs", "schedules", "uploads"]).Select(name => Path.Combine(folder.Path, name))])
                if (Directory.Exists(what))
                    Directory.Delete(what, recursive: true);
            foreach (string file in (string[])[.. Directory.GetFiles(folder.Path, "links.duckdb*"), .. Directory.GetFiles(folder.Path, "reviews.json")])
                File.Delete(file);
        }
        Directory.CreateDirectory(folder.Path);
        File.WriteAllText(Mark(folder), "Made by 'backlinks demo', which begins anew in this folder each time: keep nothing here.\n");
    }

    private sealed record Found(int Hosts, int Pages, IReadOnlyList<CrawlResult> Crawls, IReadOnlyList<StoreRunResult> Runs, IReadOnlyList<PlantedGroup> Groups, SpamReport Report, double Seconds);

    /// <summary>What became of a group that was planted.</summary>
    /// <param name="Cluster">The cluster that names most of its members; null for none.</param>
    private sealed record PlantedGroup(string Name, bool Spam, int Members, int Named, SpamCluster? Cluster);

    private static Found Make(Session session, DataFolder folder, int seed, bool talk)
    {
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        PlantedWeb web = PlantedWeb.Generate(new SampleWebOptions { Seed = seed, HostileLinks = 5_000, Errors = false });
        SampleWebServer server = SampleWebServer.StartAsync(web, new SampleServerOptions { Log = false }).GetAwaiter().GetResult();
        var crawls = new List<CrawlResult>();
        var runs = new List<StoreRunResult>();
        try
        {
            Say(string.Create(CultureInfo.InvariantCulture, $"a web of {web.Sites.Count:N0} hosts and {web.Sites.Sum(s => s.Pages.Count):N0} pages, made from seed {seed}, is served on 127.0.0.1:{server.Port}"));
            foreach ((int daysAgo, int epoch, long maxPages, bool rank) in Visits)
            {
                server.Epoch = epoch;
                var clock = new Earlier(TimeSpan.FromDays(daysAgo));
                CrawlResult crawl = Crawl(session, folder, server, maxPages, clock);
                crawls.Add(crawl);
                Say(string.Create(CultureInfo.InvariantCulture, $"{(daysAgo == 0 ? "today" : $"{daysAgo} days ago, as its clock says"),-30} crawled {crawl.Fetched:N0} pages and {crawl.Links:N0} links in {crawl.Took.TotalSeconds:0.0} s{(crawl.NewLost > 0 ? $", {crawl.NewLost:N0} links lost" : "")}"));
                if (!rank)
                    continue;
                StoreRunResult made = Rank(session, folder, clock);
                runs.Add(made);
                Say(string.Create(CultureInfo.InvariantCulture, $"{"",-30} ranked {made.Domains.Nodes:N0} domains and {made.Pages.Nodes:N0} pages: run {made.RunId}, {made.Clusters.Confirmed} spam clusters confirmed"));
            }
        }
        finally
        {
            server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
        using Run run = folder.OpenRun(cancel: session.Cancel);
        SpamReport report = SpamReport.Parse(run.Document(SpamReport.FileName));
        return new Found(web.Sites.Count, web.Sites.Sum(s => s.Pages.Count), crawls, runs, Judge(web, report), report, System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds);

        void Say(string line)
        {
            if (talk)
                Printing.Lines(session.Terminal, line);
        }
    }

    private static CrawlResult Crawl(Session session, DataFolder folder, SampleWebServer server, long maxPages, TimeProvider clock)
    {
        var settings = new CrawlSettings
        {
            Crawl = new CrawlOptions { Seeds = [.. server.Web.Seeds], Scope = ScopeKind.All, MaxPages = maxPages, Patience = TimeSpan.FromSeconds(2), RetryAfter = TimeSpan.FromSeconds(0.2) },
            Politeness = new PolitenessOptions { Off = true, MinGap = TimeSpan.Zero, DomainGap = TimeSpan.Zero, AddressGap = TimeSpan.Zero, ConnectionsPerAddress = 0, ConnectionsPerHost = 4 },
            UserAgent = UserAgents.Default(RunWriter.EngineVersion, "http://localhost/"),
            AllowLoopback = true,
            ConnectTo = [server.ConnectTo],
        };
        return Watching.Watch(session, progress => StoreCrawl.Run(folder, settings, progress: progress, cancel: session.Cancel, time: clock)).Result;
    }

    private static StoreRunResult Rank(Session session, DataFolder folder, TimeProvider clock)
    {
        HostFold hosts = HostFold.Parse("domain");
        return Watching.Watch(session, progress =>
        {
            using DataWriter writer = folder.BeginWriting();
            return StoreRun.Make(writer, new StoreRunOptions { Fold = hosts.Of, FoldName = hosts.Name, With = new HashSet<string> { "harmonic" }, Clock = clock }, progress, session.Cancel);
        });
    }

    private static List<PlantedGroup> Judge(PlantedWeb web, SpamReport report)
    {
        var groups = new List<PlantedGroup>();
        foreach (SampleGroup group in web.Groups)
        {
            HashSet<string> members = [.. group.Hosts.Select(h => web.FindSite(h)!.Domain)];
            SpamCluster? cluster = report.Clusters.MaxBy(c => c.Members.Count(m => members.Contains(m.Name)));
            int named = cluster?.Members.Count(m => members.Contains(m.Name)) ?? 0;
            groups.Add(new PlantedGroup(group.Name, group.Spam, members.Count, named, named > 0 ? cluster : null));
        }
        return groups;
    }

    private static void Print(Session session, Layout layout, DataFolder folder, Found found)
    {
        if (layout == Layout.Json)
        {
            Printing.Json(session.Terminal, new JsonObject
            {
                ["hosts"] = found.Hosts,
                ["pages"] = found.Pages,
                ["fetched"] = found.Crawls.Sum(c => c.Fetched),
                ["lost"] = found.Crawls.Sum(c => c.NewLost),
                ["runs"] = new JsonArray([.. found.Runs.Select(r => JsonValue.Create(r.RunId))]),
                ["clusters"] = found.Report.Clusters.Count,
                ["confirmed_clusters"] = found.Report.Clusters.Count(c => c.Confirmed),
                ["planted"] = new JsonArray([.. found.Groups.Select(g => new JsonObject { ["group"] = g.Name, ["spam"] = g.Spam, ["members"] = g.Members, ["named"] = g.Named, ["cluster"] = g.Cluster?.Id, ["score"] = g.Cluster?.Score })]),
                ["seconds"] = found.Seconds,
            });
            return;
        }
        Printing.Lines(session.Terminal, "", "Planted, and what was found without being told:");
        foreach (PlantedGroup group in found.Groups)
            Printing.Lines(session.Terminal, string.Create(CultureInfo.InvariantCulture, $"  {group.Name,-22} {(group.Spam ? "spam" : "honest"),-7} {group.Members,3} domains: ")
                + (group.Cluster is not { } cluster ? "in no cluster" : string.Create(CultureInfo.InvariantCulture, $"{group.Named} in cluster {cluster.Id}, score {cluster.Score:0}{(cluster.Confirmed ? ", confirmed" : "")}")));
        Printing.Lines(session.Terminal, "", "Highest authority:");
        using (Run run = folder.OpenRun(cancel: session.Cancel))
        {
            ScoreColumn authority = run.Column("authority")!;
            foreach (int node in authority.Top(5, session.Cancel))
                Printing.Lines(session.Terminal, string.Create(CultureInfo.InvariantCulture, $"  {run.Graph.Names[node],-40} {authority[node],5:0.0}"));
        }
        Printing.Lines(session.Terminal, "", string.Create(CultureInfo.InvariantCulture, $"{found.Seconds:0} s in all; everything is in {folder.Path}: try 'backlinks explain labs.example --data {folder.Path}'"));
    }

    /// <summary>The time of day some days ago.</summary>
    private sealed class Earlier(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - by;
    }
}
