using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>A run in a list.</summary>
/// <param name="BuiltAt">UTC; null where timings.json is missing.</param>
/// <param name="Seconds">All steps together; null where that is not known.</param>
/// <param name="Graph">What was ranked: domains in a run of the link store.</param>
/// <param name="PageGraph">Its pages; null in a run of an imported graph.</param>
/// <param name="Scores">Names of what was computed.</param>
/// <param name="Converged">Whether every algorithm reached its tolerance.</param>
/// <param name="Problem">What is wrong with it; null where it can be read. All else is then unknown.</param>
public sealed record RunRow(string Id, bool Current, bool Pinned, DateTimeOffset? BuiltAt, double? Seconds, RunGraph? Graph, RunGraph? PageGraph, IReadOnlyList<string> Scores, string? EngineVersion, string? ConfigHash, bool? Converged, string? Problem);

/// <param name="Runs">Newest first.</param>
/// <param name="Current">Id of the run that questions without a run are answered from; null before the first.</param>
public sealed record RunsAnswer(IReadOnlyList<RunRow> Runs, string? Current, int TotalCount);

/// <summary>How one algorithm came to its end.</summary>
/// <param name="Rounds">Null where it does not go in rounds.</param>
/// <param name="ErrorBound">Proven bound on the L1 error, where there is one.</param>
/// <param name="Trace">Residual of every round, where the run kept it.</param>
public sealed record Convergence(string Algorithm, int? Rounds, double? ErrorBound, double? MaxRelativeResidual, bool? Converged, IReadOnlyList<double> Trace);

/// <summary>A run in full.</summary>
/// <param name="Configuration">Options of each algorithm, all that can change a score.</param>
/// <param name="Results">What each algorithm said of its result.</param>
/// <param name="Arrays">The score arrays by name.</param>
/// <param name="Timings">When, how long each step took, on how many threads; null where timings.json is missing.</param>
public sealed record RunAnswer(RunRow Run, SortedDictionary<string, JsonObject> Configuration, SortedDictionary<string, JsonObject> Results, IReadOnlyList<Convergence> Convergence, SortedDictionary<string, ArrayEntry> Arrays, JsonObject? Timings);

/// <summary>What moved between two runs, or why one target did.</summary>
/// <param name="RunA">The run before.</param>
/// <param name="RunB">The run after.</param>
/// <param name="Target">Null where none was asked for.</param>
/// <param name="InIndex">Whether the target is in both; true where none was asked for.</param>
/// <param name="Difference">Why the target's score differs, in parts that add up; absent without a target.</param>
/// <param name="Movement">What moved most; absent with a target.</param>
public sealed record RunDiffAnswer(RunStamp RunA, RunStamp RunB, string? Target, GraphLevel Level, bool InIndex, bool InIndexA, bool InIndexB,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ScoreDifference? Difference, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] RunMovement? Movement, IReadOnlyList<string> Near, AnswerMeta Meta);

/// <summary>The runs of the data folder, for API and dashboard alike.</summary>
public static class RunReports
{
    private const int KeptMovement = 200; // in each list, found once

    /// <summary>Runs, newest first. One that cannot be read is listed with its problem.</summary>
    /// <param name="limit">1 to 1,000.</param>
    public static RunsAnswer List(DataFolder folder, int limit = 100, CancellationToken cancel = default)
    {
        string? current = Current(folder);
        IReadOnlyList<string> ids = folder.RunIds();
        IReadOnlySet<string> pinned = RunRetention.Pinned(folder);
        var rows = new List<RunRow>();
        foreach (string id in ids.Reverse().Take(limit))
        {
            cancel.ThrowIfCancellationRequested();
            rows.Add(Row(folder, id, id == current, pinned.Contains(id), out _));
        }
        return new RunsAnswer(rows, current, ids.Count);
    }

    /// <summary>One run in full; null, empty or <c>latest</c> for the current one. Opens none of its arrays, so a run that is too damaged to be read from may still be looked at.</summary>
    /// <exception cref="ProblemException">There is no such run, or its manifest is damaged.</exception>
    public static RunAnswer One(DataFolder folder, string? id, CancellationToken cancel = default)
    {
        string? current = Current(folder);
        string chosen = id is null or "" or "latest" ? current ?? throw Problems.Of("no_run", "nothing was ranked yet") : id;
        if (!folder.RunIds().Contains(chosen, StringComparer.Ordinal))
            throw Problems.Of("unknown_run", $"there is no run '{RunAnswers.Clip(chosen)}'; GET /api/v1/runs lists them", new FieldError("id", "not the id of a run"));
        RunRow row = Row(folder, chosen, chosen == current, RunRetention.Pinned(folder).Contains(chosen), out RunManifest? manifest);
        if (manifest is null)
            throw new ProblemException(503, "run_damaged", $"run '{chosen}' cannot be read: {row.Problem}; rank again, or name another run");
        return new RunAnswer(row, manifest.Configuration, manifest.Results, [.. manifest.Results.Select(r => ConvergenceOf(r.Key, r.Value))], manifest.Arrays, Run.Timings(Path.Combine(folder.Runs, chosen)));
    }

    /// <summary>Why a target's score differs between two runs, in parts that add up; without a target, what moved most.</summary>
    /// <param name="level">Null where the target decides; without a target, domains.</param>
    /// <param name="top">Sources, or nodes in each list, told one by one, 0 to 200.</param>
    /// <exception cref="ProblemException">A run lacks what is needed.</exception>
    public static RunDiffAnswer Between(ServedRun a, ServedRun b, string? target = null, GraphLevel? level = null, int top = 20, CancellationToken cancel = default)
    {
        GraphLevel? chosen = level ?? (target is null ? null : RunTargets.Meant(a.Run, target) ?? RunTargets.Meant(b.Run, target));
        RunAuthority before = RunAnswers.Reading(a.Id, () => a.Authority(chosen)), after = RunAnswers.Reading(b.Id, () => b.Authority(chosen));
        var meta = new AnswerMeta(b.Stamp);
        return RunAnswers.Reading(b.Id, () =>
        {
            if (target is null)
            {
                RunMovement all = b.Once($"moved since {a.Id} {after.Level}", () => RunMovement.Between(before, after, KeptMovement, cancel), cancel);
                RunMovement moved = all with { Gains = [.. all.Gains.Take(top)], Losses = [.. all.Losses.Take(top)], New = [.. all.New.Take(top)], Gone = [.. all.Gone.Take(top)] };
                return new RunDiffAnswer(a.Stamp, b.Stamp, null, after.Level, true, true, true, null, moved, [], meta);
            }
            int nodeA = before.Find(target), nodeB = after.Find(target);
            ScoreDifference? told = nodeA < 0 || nodeB < 0 ? null : ScoreDifference.Between(before, nodeA, after, nodeB, top, cancel);
            return new RunDiffAnswer(a.Stamp, b.Stamp, target, after.Level, told is not null, nodeA >= 0, nodeB >= 0, told, null, nodeA < 0 && nodeB < 0 ? after.Near(target, cancel) : [], meta);
        });
    }

    /// <summary>The current run, or null where none is or the file that says so is damaged.</summary>
    private static string? Current(DataFolder folder)
    {
        try
        {
            return folder.CurrentRun;
        }
        catch (StoreException)
        {
            return null;
        }
    }

    private static RunRow Row(DataFolder folder, string id, bool current, bool pinned, out RunManifest? manifest)
    {
        string path = Path.Combine(folder.Runs, id);
        try
        {
            manifest = RunManifest.Read(path);
            JsonObject? timings = Run.Timings(path);
            DateTimeOffset? built = DateTimeOffset.TryParse((timings?["started"] as JsonValue)?.ToString(), CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;
            double? seconds = timings?["seconds"] switch
            {
                JsonObject steps => steps.Sum(step => Number(step.Value) ?? 0),
                JsonNode one => Number(one),
                _ => null,
            };
            return new RunRow(id, current, pinned, built, seconds, manifest.Graph, manifest.PageGraph, [.. manifest.Arrays.Keys], manifest.EngineVersion, manifest.ConfigurationDigest(),
                manifest.Results.Values.All(result => result["converged"] is not JsonValue said || !said.TryGetValue(out bool converged) || converged), null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            manifest = null;
            return new RunRow(id, current, pinned, null, null, null, null, [], null, null, null, "run.json is missing, altered, or of a newer version");
        }
    }

    private static Convergence ConvergenceOf(string algorithm, JsonObject result) => new(algorithm, (int?)Number(result["rounds"]), Number(result["error_bound"]), Number(result["max_relative_residual"]),
        result["converged"] is JsonValue said && said.TryGetValue(out bool converged) ? converged : null,
        (result["residuals"] ?? result["trace"]) is JsonArray trace ? [.. trace.Select(Number).OfType<double>()] : []);

    private static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;
}
