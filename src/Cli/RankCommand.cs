using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks rank</c>: computes the scores of an imported graph, or of the page and domain graphs of the link
/// store, and publishes them as a run. Without <c>--graph</c>, <c>--store</c> or <c>--fold</c> it takes what changed last.</summary>
internal static class RankCommand
{
    private static readonly PageRankOptions Defaults = new();
    private static readonly HarmonicOptions HarmonicDefaults = new();

    public static Command Create(Session session)
    {
        Option<string?> graph = new("--graph") { Description = "The graph to rank instead of the one imported last.", HelpName = "ID" };
        graph.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).GraphIds()));
        Option<bool> store = new("--store") { Description = "Rank the link store, that is what was crawled and imported page by page." };
        Option<string?> fold = new("--fold") { Description = "What stands for a host in the link store's domain graph (implies --store).", HelpName = "domain|host|psl-private|OWNERS.csv" };
        fold.CompletionSources.Add("domain", "host", "psl-private");
        Option<double> damping = new("--damping") { Description = "Probability of following a link, 0 to below 1.", HelpName = "D", DefaultValueFactory = _ => Defaults.Damping };
        Option<double> tolerance = new("--tolerance") { Description = "Certified bound on the L1 error at which to stop.", HelpName = "E", DefaultValueFactory = _ => Defaults.Tolerance };
        Option<int> rounds = new("--max-rounds") { Description = "Rounds after which to stop in any case.", HelpName = "N", DefaultValueFactory = _ => Defaults.MaxRounds };
        Option<DanglingPolicy> dangling = Choice.Of("--dangling", "Where the walk goes from a node without links.", Defaults.Dangling);
        Option<FileInfo?> seeds = new("--seeds") { Description = "Teleport only to these nodes: a text file, 'name[,weight]' a line.", HelpName = "FILE" };
        Option<bool> unweighted = new("--unweighted") { Description = "Let every link count 1 even if the graph has weights." };
        Option<int> threads = new("--threads") { Description = "Worker threads, 0 for one a processor; the result does not depend on it.", HelpName = "N", DefaultValueFactory = _ => Defaults.Threads };
        Option<string[]> with = new("--with") { Description = "Further scores: harmonic, scc, wcc, degrees, core.", HelpName = "LIST", DefaultValueFactory = _ => [] };
        with.CompletionSources.Add([.. RunExtras.Names]);
        Option<HarmonicMethod?> harmonic = Choice.Optional<HarmonicMethod>("--harmonic", "Harmonic centrality by this method (implies --with harmonic).");
        Option<int> registers = new("--log2-registers") { Description = "HyperBall: 2^N counters a node, 4 to 14.", HelpName = "N", DefaultValueFactory = _ => HarmonicDefaults.Log2Registers };
        var command = new Command("rank", "Compute the scores of a graph: PageRank, and others on request.")
        {
            graph, store, fold, damping, tolerance, rounds, dangling, seeds, unweighted, threads, with, harmonic, registers, session.Json,
        };
        command.SetAction(parsed =>
        {
            HashSet<string> extras = Chosen(parsed.GetValue(with)!);
            if (parsed.GetValue(harmonic) is not null || parsed.GetResult(registers) is { Implicit: false })
                extras.Add("harmonic");
            var pageRank = new PageRankOptions
            {
                Damping = parsed.GetValue(damping),
                Tolerance = parsed.GetValue(tolerance),
                MaxRounds = parsed.GetValue(rounds),
                Dangling = parsed.GetValue(dangling),
                Weighted = !parsed.GetValue(unweighted),
                Threads = parsed.GetValue(threads),
            };
            var centrality = new HarmonicOptions
            {
                Method = parsed.GetValue(harmonic) ?? HarmonicDefaults.Method,
                Log2Registers = parsed.GetValue(registers),
                Threads = parsed.GetValue(threads),
            };
            DataFolder folder = session.Folder(parsed);
            bool ofStore = parsed.GetValue(store) || parsed.GetValue(fold) is not null;
            if (ofStore && parsed.GetValue(graph) is not null)
                throw new UsageException("--graph excludes --store and --fold");
            Ranked ranked;
            if (ofStore || (parsed.GetValue(graph) is null && StoreChangedLast(session, folder)))
            {
                HostFold hosts = HostFold.Parse(parsed.GetValue(fold) ?? "domain");
                ranked = Watching.Watch(session, progress => RankStore(session, folder, hosts, pageRank, parsed.GetValue(seeds), extras, centrality, progress));
            }
            else
            {
                string id = folder.GraphId(parsed.GetValue(graph));
                ranked = Watching.Watch(session, progress => Rank(session, folder, id, pageRank, parsed.GetValue(seeds), extras, centrality, progress));
            }
            Print(session, session.Layout(parsed, csv: false), ranked);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Ranks and publishes; the data folder is locked from the start, so that two runs never race.</summary>
    internal static Ranked Rank(Session session, DataFolder folder, string graphId, PageRankOptions pageRank, FileInfo? seeds,
        HashSet<string> extras, HarmonicOptions harmonic, IProgress<StepProgress>? progress)
    {
        using DataWriter writer = folder.BeginWriting();
        using LinkGraph graph = folder.OpenGraph(graphId, session.Cancel);
        var run = new RunWriter(writer, graphId, graph);
        string started = Now();
        var seconds = new JsonObject();
        (PageRankResult summary, double ranking) = Score(session, run, graph, "", pageRank, seeds, extras, harmonic, seconds, progress);
        return new Ranked(Publish(run, started, pageRank, seconds, session.Cancel), graphId, graph.NodeCount, graph.LinkCount, summary, ranking);
    }

    /// <summary>Builds both graphs of the link store, ranks them and publishes them as one run.</summary>
    private static Ranked RankStore(Session session, DataFolder folder, HostFold fold, PageRankOptions pageRank, FileInfo? seeds,
        HashSet<string> extras, HarmonicOptions harmonic, IProgress<StepProgress>? progress)
    {
        if (!folder.HasLinks)
            throw new StoreException(folder.Path, "has no link store yet: crawl or import first");
        using DataWriter writer = folder.BeginWriting();
        string started = Now();
        var seconds = new JsonObject();
        long start = Stopwatch.GetTimestamp();
        string pagesFolder = writer.NewGraphFolder("pages"), domainsFolder = writer.NewGraphFolder("domains");
        GraphManifest pagesManifest, domainsManifest;
        using (DuckDbLinkStore store = folder.OpenLinks(readOnly: true))
            (pagesManifest, domainsManifest) = StoreGraphs.Build(store, pagesFolder, domainsFolder,
                new StoreGraphsOptions { Fold = fold.Of, FoldName = fold.Name, Threads = pageRank.Threads }, progress, session.Cancel);
        string pagesId = writer.PublishGraph(pagesFolder, pagesManifest, makeCurrent: false, session.Cancel).Id;
        string domainsId = writer.PublishGraph(domainsFolder, domainsManifest, makeCurrent: false, session.Cancel).Id;
        RunExtras.Lap(seconds, "building graphs", ref start);
        using LinkGraph domains = folder.OpenGraph(domainsId, session.Cancel);
        using LinkGraph pages = folder.OpenGraph(pagesId, session.Cancel);
        var run = new RunWriter(writer, domainsId, domains);
        run.AddPageGraph(pagesId, pages);
        run.Configure("store", new JsonObject { ["fold"] = fold.Name, ["profile"] = LinkProfileFile.ToJson(LinkProfile.Default) });
        (PageRankResult summary, double ranking) = Score(session, run, domains, "", pageRank, seeds, extras, harmonic, seconds, progress);
        (PageRankResult pageSummary, double pageRanking) = Score(session, run, pages, "page_", pageRank, null, extras, harmonic, seconds, progress);
        string id = Publish(run, started, pageRank, seconds, session.Cancel);
        return new Ranked(id, domainsId, domains.NodeCount, domains.LinkCount, summary, ranking)
        {
            Pages = new Ranked(id, pagesId, pages.NodeCount, pages.LinkCount, pageSummary, pageRanking),
        };
    }

    private static bool StoreChangedLast(Session session, DataFolder folder)
    {
        if (folder.LinksChanged is not { } links)
            return false;
        if (folder.GraphImported is not { } graph)
            return true;
        session.Note(links > graph ? $"note: ranking the link store, which changed after graph {folder.CurrentGraph} was imported; --graph {folder.CurrentGraph} ranks that"
            : $"note: ranking graph {folder.CurrentGraph}, which was imported after the link store changed; --store ranks that");
        return links > graph;
    }

    private static string Now() => DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Adds the scores of a graph to a run, their names behind a prefix.</summary>
    private static (PageRankResult Summary, double Seconds) Score(Session session, RunWriter run, LinkGraph graph, string prefix, PageRankOptions pageRank, FileInfo? seeds,
        HashSet<string> extras, HarmonicOptions harmonic, JsonObject seconds, IProgress<StepProgress>? progress)
    {
        JsonObject configuration = RunManifest.Describe(pageRank, "teleport");
        if (seeds is not null)
        {
            SortedDictionary<int, double> teleport = SeedFile.Read(seeds.ToString(), graph.Names);
            pageRank = pageRank with { Teleport = teleport };
            configuration["seeds"] = AddSeeds(run, teleport);
        }
        run.Configure(prefix + "pagerank", configuration);
        long start = Stopwatch.GetTimestamp();
        PageRankResult result = PageRank.Compute(graph, pageRank, progress, session.Cancel);
        double ranking = RunExtras.Lap(seconds, prefix + "pagerank", ref start);
        run.Add<double>(prefix + "pagerank", result.Scores, $"PageRank, sum 1, L1 error at most {result.ErrorBound.ToString("R", CultureInfo.InvariantCulture)}");
        PageRankResult summary = result with { Scores = [] }; // n numbers have no place in JSON, nor in memory from here on
        run.Report(prefix + "pagerank", RunManifest.Describe(summary, "scores"));
        RunExtras.Lap(seconds, $"writing {prefix}pagerank", ref start);
        RunExtras.Add(run, graph, prefix, extras, harmonic, seconds, progress, session.Cancel);
        return (summary, ranking);
    }

    private static string Publish(RunWriter run, string started, PageRankOptions pageRank, JsonObject seconds, CancellationToken cancel)
    {
        int threads = pageRank.Threads == 0 ? Environment.ProcessorCount : pageRank.Threads;
        return run.Publish(new JsonObject { ["started"] = started, ["threads"] = threads, ["seconds"] = seconds }, cancel);
    }

    /// <summary>What to tell of a run just made.</summary>
    /// <param name="Summary">Without the scores.</param>
    /// <param name="Seconds">Time that PageRank took.</param>
    internal sealed record Ranked(string Run, string Graph, int Nodes, long Links, PageRankResult Summary, double Seconds)
    {
        /// <summary>The page graph, where the link store was ranked.</summary>
        public Ranked? Pages { get; init; }

        public double LinksPerSecond => Links * (double)Summary.Rounds / Math.Max(Seconds, 1e-6);
    }

    internal static void Print(Session session, Layout layout, Ranked ranked)
    {
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, Describe(ranked));
        else
        {
            Printing.Lines(session.Terminal, $"run {ranked.Run} of graph {ranked.Graph}: {Printing.ForPeople(ranked.Nodes)} {(ranked.Pages is null ? "nodes" : "domains")}, {Printing.ForPeople(ranked.Links)} links");
            PrintResult(session, ranked);
            if (ranked.Pages is { } pages)
            {
                Printing.Lines(session.Terminal, $"and of graph {pages.Graph}: {Printing.ForPeople(pages.Nodes)} pages, {Printing.ForPeople(pages.Links)} links");
                PrintResult(session, pages);
            }
        }
        foreach (Ranked level in new[] { ranked, ranked.Pages }.OfType<Ranked>())
            if (!level.Summary.Converged)
                session.Note($"note: not converged: the error is at most {level.Summary.ErrorBound.ToString("0.0e-0", CultureInfo.InvariantCulture)}, more than the tolerance asked for");
    }

    private static JsonObject Describe(Ranked ranked)
    {
        PageRankResult result = ranked.Summary;
        var json = new JsonObject
        {
            ["run"] = ranked.Run,
            ["graph"] = ranked.Graph,
            ["nodes"] = ranked.Nodes,
            ["links"] = ranked.Links,
            ["rounds"] = result.Rounds,
            ["residual"] = Printing.Number(result.Residual),
            ["error_bound"] = Printing.Number(result.ErrorBound),
            ["converged"] = result.Converged,
            ["dangling_mass"] = result.DanglingMass,
            ["seconds"] = ranked.Seconds,
            ["links_per_second"] = ranked.LinksPerSecond,
        };
        if (ranked.Pages is { } pages)
            json["pages"] = Describe(pages);
        return json;
    }

    private static void PrintResult(Session session, Ranked ranked)
    {
        PageRankResult result = ranked.Summary;
        Printing.Lines(session.Terminal,
                $"PageRank: {result.Rounds} rounds in {Printing.ForPeople(ranked.Seconds)} s ({Watching.Rate(ranked.LinksPerSecond, "links")}), "
                + $"L1 error at most {result.ErrorBound.ToString("0.0e-0", CultureInfo.InvariantCulture)} (certified), residual {result.Residual.ToString("0.0e-0", CultureInfo.InvariantCulture)}",
                $"{(100 * result.DanglingMass).ToString("0.##", CultureInfo.InvariantCulture)} % of the score is held by nodes without outgoing links");
    }

    private static HashSet<string> Chosen(string[] with)
    {
        var chosen = with.SelectMany(w => w.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        string? unknown = chosen.FirstOrDefault(w => !RunExtras.Names.Contains(w));
        return unknown is null ? chosen : throw new UsageException($"--with does not know '{unknown}'; it knows {string.Join(", ", RunExtras.Names)}");
    }

    private static JsonObject AddSeeds(RunWriter run, SortedDictionary<int, double> teleport)
    {
        run.Add<uint>("seeds", teleport.Keys.Select(node => (uint)node).ToArray(), "nodes of the teleport vector, ascending");
        run.Add<double>("seed_weights", teleport.Values.ToArray(), "weight of each of seeds, any scale");
        byte[] text = System.Text.Encoding.ASCII.GetBytes(string.Join('\n', teleport.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:R}"))));
        return new JsonObject { ["count"] = teleport.Count, ["xxh128"] = Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(text)) };
    }
}
