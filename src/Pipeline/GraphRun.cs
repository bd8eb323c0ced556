using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What a run of an imported graph computes and how.</summary>
public sealed record GraphRunOptions
{
    public PageRankOptions PageRank { get; init; } = new();

    /// <summary>Where walkers start, by the names of the graph; null for everywhere alike.</summary>
    public Func<NodeNames, IReadOnlyDictionary<int, double>>? Seeds { get; init; }

    /// <summary>Scores beside PageRank and authority, of <see cref="RunExtras.Names"/>.</summary>
    public IReadOnlySet<string> With { get; init; } = new HashSet<string>();

    public HarmonicOptions Harmonic { get; init; } = new();

    /// <inheritdoc cref="StoreRunOptions.AskedBy"/>
    public string? AskedBy { get; init; }
}

/// <summary>A run of a graph that was made.</summary>
/// <param name="Summary">Without the scores.</param>
/// <param name="Seconds">Time that PageRank took.</param>
public sealed record GraphRunResult(string RunId, string GraphId, int Nodes, long Links, PageRankResult Summary, double Seconds)
{
    public double LinksPerSecond => Links * (double)Summary.Rounds / Math.Max(Seconds, 1e-6);
}

/// <summary>A run of an imported graph: PageRank, authority where walkers start everywhere, and what else is asked for.</summary>
public static class GraphRun
{
    /// <summary>Ranks and publishes; the data folder is locked from the start, so that two runs never race.</summary>
    /// <exception cref="StoreException">Another process writes, or there is no such graph.</exception>
    /// <exception cref="GraphException">The graph is damaged.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing was published.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static GraphRunResult Make(DataFolder folder, string graphId, GraphRunOptions? options = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        using DataWriter writer = folder.BeginWriting();
        using LinkGraph graph = folder.OpenGraph(graphId, cancel);
        var run = new RunWriter(writer, graphId, graph);
        string started = Now();
        var seconds = new JsonObject();
        (PageRankResult summary, double ranking) = Score(run, graph, options, seconds, progress, cancel);
        int threads = options.PageRank.Threads == 0 ? Environment.ProcessorCount : options.PageRank.Threads;
        string id = run.Publish(new JsonObject { ["started"] = started, ["asked_by"] = options.AskedBy, ["threads"] = threads, ["seconds"] = seconds }, cancel);
        return new GraphRunResult(id, graphId, graph.NodeCount, graph.LinkCount, summary, ranking);
    }

    private static string Now() => DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static (PageRankResult Summary, double Seconds) Score(RunWriter run, LinkGraph graph, GraphRunOptions options, JsonObject seconds, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        PageRankOptions pageRank = options.PageRank;
        JsonObject configuration = RunManifest.Describe(pageRank, "teleport");
        if (options.Seeds is { } seeds)
        {
            var teleport = new SortedDictionary<int, double>(seeds(graph.Names).ToDictionary());
            pageRank = pageRank with { Teleport = teleport };
            configuration["seeds"] = AddSeeds(run, teleport);
        }
        run.Configure("pagerank", configuration);
        long start = Stopwatch.GetTimestamp();
        PageRankResult result = PageRank.Compute(graph, pageRank, progress, cancel);
        double ranking = RunExtras.Lap(seconds, "pagerank", ref start);
        run.Add<double>("pagerank", result.Scores, $"PageRank, sum 1, L1 error at most {result.ErrorBound.ToString("R", CultureInfo.InvariantCulture)}");
        PageRankResult summary = result with { Scores = [] }; // n numbers have no place in JSON, nor in memory from here on
        run.Report("pagerank", RunManifest.Describe(summary, "scores"));
        if (options.Seeds is null && pageRank is { Dangling: DanglingPolicy.Teleport, Weighted: true })
        {
            RawAuthorityResult raw = RawAuthority.Compute(graph, new RawAuthorityOptions { Damping = pageRank.Damping, MaxRounds = pageRank.MaxRounds, Threads = pageRank.Threads, Start = Multiples(graph, result.Scores, pageRank.Damping) }, progress, cancel);
            double reference = AuthorityScale.Current.ReferenceOf(graph.Manifest.Granularity);
            run.Configure("authority", new JsonObject { ["scale_version"] = AuthorityScale.Current.Version });
            run.Report("authority", new JsonObject { ["max_relative_residual"] = raw.MaxRelativeResidual, ["error_bound"] = raw.ErrorBound, ["converged"] = raw.Converged });
            run.Add<double>("raw", raw.Raw, "raw authority, in multiples of what a node without links gets");
            run.Add<double>("authority", [.. raw.Raw.Select(z => AuthorityScale.Score(z, reference))], $"authority, 0 to 100, scale {AuthorityScale.Current.Version}");
            run.AddDocument("scale.json", AuthorityScale.Current.ToBytes());
            RunExtras.Lap(seconds, "authority", ref start);
        }
        RunExtras.Lap(seconds, "writing pagerank", ref start);
        RunExtras.Add(run, graph, "", options.With, options.Harmonic, seconds, progress, cancel);
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

    private static JsonObject AddSeeds(RunWriter run, SortedDictionary<int, double> teleport)
    {
        run.Add<uint>("seeds", teleport.Keys.Select(node => (uint)node).ToArray(), "nodes of the teleport vector, ascending");
        run.Add<double>("seed_weights", teleport.Values.ToArray(), "weight of each of seeds, any scale");
        byte[] text = System.Text.Encoding.ASCII.GetBytes(string.Join('\n', teleport.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Key} {s.Value:R}"))));
        return new JsonObject { ["count"] = teleport.Count, ["xxh128"] = Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(text)) };
    }
}
