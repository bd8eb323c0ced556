using System.Text.Json.Nodes;
using Backlinks.Stores;

namespace Backlinks.Api.Dashboard;

/// <summary>A run in the list of runs.</summary>
/// <param name="Made">UTC; null where that is not known.</param>
/// <param name="Seconds">How long it took, all steps together; null where that is not known.</param>
/// <param name="Of">What was ranked, in words: fold and profile of the link store, or the graph.</param>
/// <param name="Bytes">Of its files, without its graphs.</param>
/// <param name="Problem">What is wrong with it; null where it can be read.</param>
public sealed record RunRow(string Id, bool Current, DateTimeOffset? Made, double? Seconds, string Of, int Nodes, long Links, string Granularity, int? Pages, long? PageLinks, double? Damping, string Engine, long Bytes, string? Problem);

/// <summary>The runs of a data folder, newest first.</summary>
public static class RunList
{
    public static IReadOnlyList<RunRow> Of(DataFolder folder, int most, CancellationToken cancel = default)
    {
        string? current = folder.CurrentRun;
        var rows = new List<RunRow>();
        foreach (string id in folder.RunIds().Reverse().Take(most))
        {
            cancel.ThrowIfCancellationRequested();
            rows.Add(Row(Path.Combine(folder.Runs, id), id, id == current));
        }
        return rows;
    }

    private static RunRow Row(string folder, string id, bool current)
    {
        try
        {
            RunManifest manifest = RunManifest.Read(folder);
            JsonObject? timings = Run.Timings(folder), store = manifest.Configuration.GetValueOrDefault("store");
            DateTimeOffset? made = DateTimeOffset.TryParse((string?)timings?["started"], System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;
            double? seconds = timings?["seconds"] is JsonObject steps ? steps.Sum(s => s.Value is JsonValue value && value.TryGetValue(out double took) ? took : 0)
                : timings?["seconds"] is JsonValue all && all.TryGetValue(out double total) ? total : null;
            string of = store is null ? $"graph {manifest.Graph.Id}" : $"links by {store["fold"]}, profile {store["profile"]?["name"] ?? "of a file"}{(store["owners"] is JsonValue owners && owners.ToString().Length > 0 ? ", with owners" : "")}";
            return new RunRow(id, current, made, seconds, of, manifest.Graph.Nodes, manifest.Graph.Links, manifest.Graph.Granularity, manifest.PageGraph?.Nodes, manifest.PageGraph?.Links,
                (double?)manifest.Configuration.GetValueOrDefault("pagerank")?["damping"], manifest.EngineVersion, new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
        {
            return new RunRow(id, current, null, null, "", 0, 0, "", null, null, null, "", 0, "it cannot be read: a file of it is missing or altered");
        }
    }
}
