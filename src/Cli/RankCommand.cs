using System.CommandLine;
using System.Globalization;
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
        Option<string> profile = new("--profile") { Description = "What links weigh: a profile by name or a JSON file (implies --store).", HelpName = "default|hint|uniform|FILE", DefaultValueFactory = _ => "default" };
        profile.CompletionSources.Add([.. LinkProfile.Named.Select(p => p.Name)]);
        Option<FileInfo?> owners = new("--owners") { Description = "Who owns what: a CSV file, 'domain,owner' a line; an owner starts with one share and its domains' links to one target count as one (implies --store).", HelpName = "FILE" };
        Option<FileInfo?> taxonomy = new("--taxonomy") { Description = "The topics to tell instead of those that come with the program: a JSON file (implies --store).", HelpName = "FILE" };
        Option<string[]> without = new("--without") { Description = "What a run of the link store leaves out: topics, spam, discount, rows (which API and dashboard read).", HelpName = "LIST", DefaultValueFactory = _ => [] };
        without.CompletionSources.Add([.. RankRequest.Parts]);
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
            DataFolder folder = session.Folder(parsed);
            RankPlan plan = Ranking.Plan(folder, new RankRequest
            {
                Graph = parsed.GetValue(graph),
                Store = parsed.GetValue(store),
                Fold = parsed.GetValue(fold),
                Profile = parsed.GetResult(profile) is { Implicit: false } ? parsed.GetValue(profile) : null,
                Owners = parsed.GetValue(owners)?.ToString(),
                Taxonomy = parsed.GetValue(taxonomy)?.ToString(),
                Without = parsed.GetResult(without) is { Implicit: false } ? parsed.GetValue(without) : null,
                Since = parsed.GetResult(since) is null ? null : parsed.GetValue(since) ?? "",
                TopicsOf = parsed.GetValue(topicsOf),
                Damping = Given(damping),
                Tolerance = Given(tolerance),
                MaxRounds = Given(rounds),
                Dangling = Given(dangling),
                Seeds = parsed.GetValue(seeds)?.ToString(),
                Unweighted = parsed.GetValue(unweighted),
                Threads = Given(threads),
                With = parsed.GetValue(with),
                Harmonic = parsed.GetValue(harmonic),
                Log2Registers = Given(registers),
            }, session.Note);
            RankReport made = Watching.Watch(session, progress => plan.Make(progress, session.Cancel));
            if (made.Store is { } ofStore)
                Print(session, session.Layout(parsed, csv: false), ofStore);
            else
                Print(session, session.Layout(parsed, csv: false), made.Graph!);
            return ExitCode.Done;

            T? Given<T>(Option<T> option) where T : struct => parsed.GetResult(option) is { Implicit: false } ? parsed.GetValue(option) : null;
        });
        return command;
    }

    internal static void Print(Session session, Layout layout, GraphRunResult ranked)
    {
        PageRankResult result = ranked.Summary;
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, Reports.Describe(new RankReport(null, ranked)));
        else
            Printing.Lines(session.Terminal, $"run {ranked.RunId} of graph {ranked.GraphId}: {Printing.ForPeople(ranked.Nodes)} nodes, {Printing.ForPeople(ranked.Links)} links",
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
            Printing.Json(session.Terminal, Reports.Describe(new RankReport(made, null)));
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

    private static string Power(double value) => value.ToString("0.0e-0", CultureInfo.InvariantCulture);

    private static string Percent(double share) => $"{(100 * share).ToString("0.##", CultureInfo.InvariantCulture)} %";
}
