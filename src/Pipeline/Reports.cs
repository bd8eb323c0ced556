using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What was done, as JSON: <c>--json</c> of the program prints it, a job's result holds it.</summary>
public static class Reports
{
    public static JsonObject Describe(CrawlReport report)
    {
        (CrawlResult result, FrontierCounts counts) = (report.Result, report.Counts);
        return new JsonObject
        {
            ["crawl"] = report.Id,
            ["end"] = JsonNamingPolicy.SnakeCaseLower.ConvertName(result.End.ToString()),
            ["fetched"] = result.Fetched,
            ["links"] = result.Links,
            ["new_lost"] = result.NewLost,
            ["bytes"] = result.Bytes,
            ["seconds"] = result.Took.TotalSeconds,
            ["outcomes"] = new JsonObject(result.Outcomes.Select(o => KeyValuePair.Create<string, JsonNode?>(JsonNamingPolicy.SnakeCaseLower.ConvertName(o.Key), o.Value))),
            ["queued"] = counts.Queued,
            ["done"] = counts.Done,
            ["skipped_by_robots"] = Skipped(FrontierState.SkippedByRobots),
            ["skipped_by_budget"] = Skipped(FrontierState.SkippedByBudget),
            ["skipped_as_trap"] = Skipped(FrontierState.SkippedAsTrap),
            ["hosts"] = counts.Hosts,
        };

        long Skipped(FrontierState why) => counts.Skipped.GetValueOrDefault(why);
    }

    public static JsonObject Describe(ImportReport report) => report.Visits is { } visits ? Describe(visits, report.Seconds) : Describe(report.Graph!, report.Seconds);

    public static JsonObject Describe(RankReport report) => report.Store is { } store ? Describe(store) : Describe(report.Graph!);

    private static JsonObject Describe(VisitImportResult result, double seconds) => new()
    {
        ["files"] = result.Files,
        ["already_imported"] = result.AlreadyImported,
        ["unknown_files"] = result.Unknown,
        ["records"] = result.Records,
        ["pages"] = result.Pages,
        ["links"] = result.Links,
        ["skipped"] = result.Skipped,
        ["quarantined"] = result.Quarantined,
        ["quarantine_file"] = result.QuarantineFile,
        ["repeated"] = result.Repeated,
        ["new_pages"] = result.NewPages,
        ["new_links"] = result.NewLinks,
        ["seconds"] = seconds,
        ["pages_per_second"] = result.Pages / Math.Max(seconds, 1e-6),
    };

    private static JsonObject Describe(PublishedGraph graph, double seconds)
    {
        GraphManifest manifest = graph.Manifest;
        return new JsonObject
        {
            ["graph"] = graph.Id,
            ["new"] = graph.IsNew,
            ["format"] = manifest.Source?.Format,
            ["granularity"] = manifest.Granularity,
            ["nodes"] = manifest.Nodes,
            ["links"] = manifest.Links,
            ["observed"] = manifest.Observed,
            ["weighted"] = manifest.Arrays.ContainsKey("out_weights"),
            ["named"] = manifest.Arrays.ContainsKey("names"),
            ["seconds"] = seconds,
            ["links_per_second"] = manifest.Observed / Math.Max(seconds, 1e-6),
        };
    }

    private static JsonObject Describe(GraphRunResult ranked)
    {
        PageRankResult result = ranked.Summary;
        return new JsonObject
        {
            ["run"] = ranked.RunId,
            ["graph"] = ranked.GraphId,
            ["nodes"] = ranked.Nodes,
            ["links"] = ranked.Links,
            ["rounds"] = result.Rounds,
            ["residual"] = Number(result.Residual),
            ["error_bound"] = Number(result.ErrorBound),
            ["converged"] = result.Converged,
            ["dangling_mass"] = result.DanglingMass,
            ["seconds"] = ranked.Seconds,
            ["links_per_second"] = ranked.LinksPerSecond,
        };
    }

    private static JsonObject Describe(StoreRunResult made)
    {
        JsonObject json = Describe(made.Domains);
        json.Insert(0, "run", made.RunId);
        json["pages"] = Describe(made.Pages);
        json["link_records"] = made.LinkRecords;
        json["graphs_updated"] = made.GraphsUpdated;
        json["clusters"] = made.Clusters.All;
        json["confirmed_clusters"] = made.Clusters.Confirmed;
        json["steps"] = made.Seconds.DeepClone();
        return json;
    }

    private static JsonObject Describe(RunLevel level) => new()
    {
        ["graph"] = level.GraphId,
        ["nodes"] = level.Nodes,
        ["links"] = level.Links,
        ["rounds"] = level.Rounds,
        ["residual"] = Number(level.Residual),
        ["error_bound"] = Number(level.ErrorBound),
        ["converged"] = level.Converged,
        ["dangling_mass"] = level.DanglingMass,
        ["seconds"] = level.Seconds,
        ["scale_version"] = AuthorityScale.Current.Version,
    };

    /// <summary>JSON has no infinities and no NaN: null.</summary>
    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
