using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Cli;

/// <summary><c>backlinks rank</c>: computes the scores of an imported graph, or of the page and domain graphs of the link
/// store, and publishes them as a run. Without <c>--graph</c>, <c>--store</c> or <c>--fold</c> it takes what changed last.</summary>
internal static class RankCommand
{
    private static readonly PageRankOptions Defaults = new();
    private static readonly HarmonicOptions HarmonicDefaults = new();

    /// <summary>What <c>--without</c> knows.</summary>
    private static readonly string[] Parts = ["topics", "spam", "discount", "rows"];

    public static Command Create(Session session)
    {
        Option<string?> graph = new("--graph") { Description = "The graph to rank instead of the one imported last.", HelpName = "ID" };
        graph.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).GraphIds()));
        Option<bool> store = new("--store") { Description = "Rank the link store, that is what was crawled and imported page by page." };
        Option<string?> fold = new("--fold") { Description = "What stands for a host in the link store's domain graph (implies --store).", HelpName = "domain|host|psl-private|OWNERS.csv" };
        fold.CompletionSources.Add("domain", "host", "psl-private");
        Option<string> profile = new("--profile") { Description = "What links weigh: a profile by name or a JSON file (implies --store).", HelpName = "default|hint|uniform|FILE", DefaultValueFactory = _ => "default" };
        profile.CompletionSources.Add([.. LinkProfile.Named.Select(p => p.Name)]);
        Option<FileInfo?> owners = new("--owners") { Description = "Who owns what: a CSV file, 'domain,owner' a line; an owner starts with one share and its domains' links to one target count as one (implies --store).", HelpName = "FILE" };
        Option<FileInfo?> taxonomy = new("--taxonomy") { Description = "The topics to tell instead of those that come with the program: a JSON file (implies --store).", HelpName = "FILE" };
        Option<string[]> without = new("--without") { Description = "What a run of the link store leaves out: topics, spam, discount, rows (which API and dashboard read).", HelpName = "LIST", DefaultValueFactory = _ => [] };
        without.CompletionSources.Add(Parts);
        Option<string?> since = new("--since") { Description = "Begin from a run of the link store (the current one by default): only what changed since is told and weighed anew.", HelpName = "RUN", Arity = ArgumentArity.ZeroOrOne };
        since.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).RunIds()));
        Option<string?> topicsOf = new("--topics-of") { Description = "Tell topics by the model of that run instead of learning them anew.", HelpName = "RUN" };
        topicsOf.CompletionSources.Add(context => Session.Known(() => session.Folder(context.ParseResult).RunIds()));
        Option<double> damping = new("--damping") { Description = "Probability of following a link, 0 to below 1.", HelpName = "D", DefaultValueFactory = _ => Defaults.Damping };
        Option<double> tolerance = new("--tolerance") { Description = "Certified bound on the L1 error at which to stop.", HelpName = "E", DefaultValueFactory = _ => Defaults.Tolerance };
        Option<int> rounds = new("--max-rounds") { Description = "Rounds after which to stop in any case.", HelpName = "N", DefaultValueFactory = _ => Defaults.MaxRounds };
        Option<DanglingPolicy> dangling = Choice.Of("--dangling", "Where the walk goes from a node without links.", Defaults.Dangling);
        Option<FileInfo?> seeds = new("--seeds") { Description = "Trusted nodes, a text file, 'name[,weight]' a line: a graph's walkers start at these alone, the link store's half of them, and trust is told.", HelpName = "FILE" };
        Option<bool> unweighted = new("--unweighted") { Description = "Let every link count 1 even if the graph has weights." };
        Option<int> threads = new("--threads") { Description = "Worker threads, 0 for one a processor; the result does not depend on it.", HelpName = "N", DefaultValueFactory = _ => Defaults.Threads };
        Option<string[]> with = new("--with") { Description = "Further scores: harmonic, scc, wcc, degrees, core; of the link store also robust.", HelpName = "LIST", DefaultValueFactory = _ => [] };
        with.CompletionSources.Add([.. RunExtras.Names, StoreRunOptions.Robust]);
        Option<HarmonicMethod?> harmonic = Choice.Optional<HarmonicMethod>("--harmonic", "Harmonic centrality by this method (implies --with harmonic).");
        Option<int> registers = new("--log2-registers") { Description = "HyperBall: 2^N counters a node, 4 to 14.", HelpName = "N", DefaultValueFactory = _ => HarmonicDefaults.Log2Registers };
        var command = new Command("rank", "Compute the scores of a graph: PageRank, and others on request.")
        {
            graph, store, fold, profile, owners, taxonomy, without, since, topicsOf, damping, tolerance, rounds, dangling, seeds, unweighted, threads, with, harmonic, registers, session.Json,
        };
        command.SetAction(parsed =>
        {
            HashSet<string> extras = Chosen("--with", parsed.GetValue(with)!, [.. RunExtras.Names, StoreRunOptions.Robust]);
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
            Option? implying = new Option[] { store, fold, profile, owners, taxonomy, without, since, topicsOf }.FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
            bool ofStore = implying is not null;
            if (ofStore && parsed.GetValue(graph) is not null)
                throw new UsageException($"--graph excludes {implying!.Name}, which is of the link store");
            Ranked ranked;
            if (ofStore || (parsed.GetValue(graph) is null && StoreChangedLast(session, folder)))
            {
                HostFold hosts = HostFold.Parse(parsed.GetValue(fold) ?? "domain");
                HashSet<string> left = Chosen("--without", parsed.GetValue(without)!, Parts);
                OwnerFile? owned = parsed.GetValue(owners) is { } file ? OwnerFile.Read(file.ToString()) : null;
                FileInfo? trusted = parsed.GetValue(seeds);
                var making = new StoreRunOptions
                {
                    Fold = hosts.Of,
                    FoldName = hosts.Name,
                    Owner = owned is null ? null : owned.OwnerOf,
                    OwnerName = owned?.Digest ?? "",
                    Profile = pageRank.Weighted ? LinkProfileFile.Find(parsed.GetValue(profile)!) : LinkProfile.Uniform,
                    Damping = pageRank.Damping,
                    MaxRounds = parsed.GetResult(rounds) is { Implicit: false } ? pageRank.MaxRounds : new StoreRunOptions { Fold = hosts.Of, FoldName = hosts.Name }.MaxRounds,
                    Seeds = trusted is null ? null : names => SeedFile.Read(trusted.ToString(), names),
                    Taxonomy = parsed.GetValue(taxonomy) is { } topics ? Taxonomy.Read(topics.ToString()) : Taxonomy.Default,
                    Topics = !left.Contains("topics"),
                    Spam = !left.Contains("spam"),
                    Discount = !left.Contains("discount"),
                    Rows = !left.Contains("rows"),
                    Since = parsed.GetResult(since) is null ? null : parsed.GetValue(since) ?? "",
                    TopicsOf = parsed.GetValue(topicsOf),
                    With = extras,
                    Harmonic = centrality,
                    Threads = pageRank.Threads,
                };
                if (pageRank.Dangling != DanglingPolicy.Teleport)
                    throw new UsageException("--dangling is for imported graphs: authority of the link store comes from links and teleport alone");
                if (!folder.HasLinks)
                    throw new StoreException(folder.Path, "has no link store yet: crawl or import first"); // before a folder is made for it
                if (parsed.GetResult(tolerance) is { Implicit: false })
                    throw new UsageException("--tolerance is for imported graphs: authority of the link store is solved to 1e-10 of every score");
                StoreRunResult made = Watching.Watch(session, progress =>
                {
                    using DataWriter writer = folder.BeginWriting();
                    return StoreRun.Make(writer, making, progress, session.Cancel);
                });
                Print(session, session.Layout(parsed, csv: false), made);
                return ExitCode.Done;
            }
            else
            {
                if (extras.Contains(StoreRunOptions.Robust))
                    throw new UsageException($"--with {StoreRunOptions.Robust} is for runs of the link store");
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
        if (seeds is null && pageRank is { Dangling: DanglingPolicy.Teleport, Weighted: true })
        {
            RawAuthorityResult raw = RawAuthority.Compute(graph, new RawAuthorityOptions { Damping = pageRank.Damping, MaxRounds = pageRank.MaxRounds, Threads = pageRank.Threads, Start = Multiples(graph, result.Scores, pageRank.Damping) }, progress, session.Cancel);
            double reference = AuthorityScale.Current.ReferenceOf(graph.Manifest.Granularity);
            run.Configure(prefix + "authority", new JsonObject { ["scale_version"] = AuthorityScale.Current.Version });
            run.Report(prefix + "authority", new JsonObject { ["max_relative_residual"] = raw.MaxRelativeResidual, ["error_bound"] = raw.ErrorBound, ["converged"] = raw.Converged });
            run.Add<double>(prefix + "raw", raw.Raw, "raw authority, in multiples of what a node without links gets");
            run.Add<double>(prefix + "authority", [.. raw.Raw.Select(z => AuthorityScale.Score(z, reference))], $"authority, 0 to 100, scale {AuthorityScale.Current.Version}");
            run.AddDocument("scale.json", AuthorityScale.Current.ToBytes());
            RunExtras.Lap(seconds, prefix + "authority", ref start);
        }
        RunExtras.Lap(seconds, $"writing {prefix}pagerank", ref start);
        RunExtras.Add(run, graph, prefix, extras, harmonic, seconds, progress, session.Cancel);
        return (summary, ranking);
    }

    /// <summary>A ranking as multiples of what a node without links has in it: z = x·n/(1 − d·(share of x that links pass on)).</summary>
    private static double[] Multiples(LinkGraph graph, double[] scores, double damping)
    {
        double kept = 0;
        for (int node = 0; node < scores.Length; node++)
            if (graph.OutDegree(node) == 0)
                kept += scores[node];
            else if (graph.LostWeights is { } lost && lost[node] > 0)
                kept += scores[node] * lost[node] / graph.OutTotal(node);
        double all = scores.Length / (1 - damping * (1 - kept));
        return [.. scores.Select(x => x * all)];
    }

    private static string Publish(RunWriter run, string started, PageRankOptions pageRank, JsonObject seconds, CancellationToken cancel)
    {
        int threads = pageRank.Threads == 0 ? Environment.ProcessorCount : pageRank.Threads;
        return run.Publish(new JsonObject { ["started"] = started, ["threads"] = threads, ["seconds"] = seconds }, cancel);
    }

    /// <summary>What to tell of a run of a graph just made.</summary>
    /// <param name="Summary">Without the scores.</param>
    /// <param name="Seconds">Time that PageRank took.</param>
    internal sealed record Ranked(string Run, string Graph, int Nodes, long Links, PageRankResult Summary, double Seconds)
    {
        public double LinksPerSecond => Links * (double)Summary.Rounds / Math.Max(Seconds, 1e-6);
    }

    internal static void Print(Session session, Layout layout, Ranked ranked)
    {
        PageRankResult result = ranked.Summary;
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject
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
            });
        else
            Printing.Lines(session.Terminal, $"run {ranked.Run} of graph {ranked.Graph}: {Printing.ForPeople(ranked.Nodes)} nodes, {Printing.ForPeople(ranked.Links)} links",
                $"PageRank: {result.Rounds} rounds in {Printing.ForPeople(ranked.Seconds)} s ({Watching.Rate(ranked.LinksPerSecond, "links")}), "
                + $"L1 error at most {Power(result.ErrorBound)} (certified), residual {Power(result.Residual)}",
                $"{Percent(result.DanglingMass)} of the score is held by nodes without outgoing links");
        if (!result.Converged)
            session.Note($"note: not converged: the error is at most {Power(result.ErrorBound)}, more than the tolerance asked for");
    }

    /// <summary>What to tell of a run of the link store just made.</summary>
    private static void Print(Session session, Layout layout, StoreRunResult made)
    {
        if (layout == Layout.Json)
        {
            JsonObject json = Describe(made.Domains);
            json.Insert(0, "run", made.RunId);
            json["pages"] = Describe(made.Pages);
            json["link_records"] = made.LinkRecords;
            json["graphs_updated"] = made.GraphsUpdated;
            json["clusters"] = made.Clusters.All;
            json["confirmed_clusters"] = made.Clusters.Confirmed;
            json["steps"] = made.Seconds.DeepClone();
            Printing.Json(session.Terminal, json);
        }
        else
            Printing.Lines(session.Terminal,
                $"run {made.RunId}: {Printing.ForPeople(made.Domains.Nodes)} domains and {Printing.ForPeople(made.Domains.Links)} links between them, of {Printing.ForPeople(made.Pages.Nodes)} pages and {Printing.ForPeople(made.LinkRecords)} links",
                $"authority, scale {AuthorityScale.Current.Version}: {made.Domains.Rounds} and {made.Pages.Rounds} rounds, contributions add up within {Power(Math.Max(made.Domains.Residual, made.Pages.Residual))}, "
                + $"L1 error of PageRank at most {Power(Math.Max(made.Domains.ErrorBound, made.Pages.ErrorBound))} (certified)",
                $"{Percent(made.Domains.DanglingMass)} of the authority is held by domains of which no link out is known",
                made.Clusters.All == 0 ? "no spam clusters" : $"spam clusters: {made.Clusters.All}, confirmed {made.Clusters.Confirmed}; 'backlinks spam' lists them");
        foreach (RunLevel level in new[] { made.Domains, made.Pages })
            if (!level.Converged)
                session.Note($"note: not converged: contributions add up within {Power(level.Residual)} only; raise --max-rounds");
    }

    private static JsonObject Describe(RunLevel level) => new()
    {
        ["graph"] = level.GraphId,
        ["nodes"] = level.Nodes,
        ["links"] = level.Links,
        ["rounds"] = level.Rounds,
        ["residual"] = Printing.Number(level.Residual),
        ["error_bound"] = Printing.Number(level.ErrorBound),
        ["converged"] = level.Converged,
        ["dangling_mass"] = level.DanglingMass,
        ["seconds"] = level.Seconds,
        ["scale_version"] = AuthorityScale.Current.Version,
    };

    private static string Power(double value) => value.ToString("0.0e-0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{(100 * share).ToString("0.##", CultureInfo.InvariantCulture)} %";

    private static HashSet<string> Chosen(string option, string[] words, IReadOnlyList<string> known)
    {
        var chosen = words.SelectMany(w => w.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).ToHashSet();
        string? unknown = chosen.FirstOrDefault(w => !known.Contains(w));
        return unknown is null ? chosen : throw new UsageException($"{option} does not know '{unknown}'; it knows {string.Join(", ", known)}");
    }

    private static JsonObject AddSeeds(RunWriter run, SortedDictionary<int, double> teleport)
    {
        run.Add<uint>("seeds", teleport.Keys.Select(node => (uint)node).ToArray(), "nodes of the teleport vector, ascending");
        run.Add<double>("seed_weights", teleport.Values.ToArray(), "weight of each of seeds, any scale");
        byte[] text = System.Text.Encoding.ASCII.GetBytes(string.Join('\n', teleport.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:R}"))));
        return new JsonObject { ["count"] = teleport.Count, ["xxh128"] = Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(text)) };
    }
}
