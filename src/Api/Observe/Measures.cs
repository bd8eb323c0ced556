using System.Diagnostics;
using System.Diagnostics.Metrics;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>
/// What the service counts of itself, beside what ASP.NET and the runtime count: meter and activity source <c>Backlinks</c>. An own meter for
/// each service, so that two in one process do not add up.
/// </summary>
public sealed class Measures : IDisposable
{
    public const string Name = "Backlinks";

    /// <summary>Spans of the work itself; listened to only where traces are exported.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _questions;
    private readonly Counter<long> _cache;

    public Measures(DataFolder folder)
    {
        _questions = _meter.CreateCounter<long>("backlinks.questions", "{question}", "Questions answered, by operation and status.");
        _cache = _meter.CreateCounter<long>("backlinks.answer_cache", "{answer}", "Answers looked for among those kept ready, by result: hit or miss.");
        _meter.CreateObservableGauge("backlinks.run.age", () => RunAge(folder), "s", "Seconds since the current run was published.");
        _meter.CreateObservableGauge("backlinks.runs", () => folder.RunIds().Count, "{run}", "Runs in the data folder.");
        _meter.CreateObservableGauge("backlinks.jobs", () => Jobs?.Invoke().Select(j => new Measurement<long>(j.Count, new KeyValuePair<string, object?>("state", j.State))) ?? [], "{job}", "Jobs by state.");
    }

    /// <summary>How many jobs are in each state; set by whoever keeps the jobs.</summary>
    public Func<IEnumerable<(string State, long Count)>>? Jobs { get; set; }

    public void Question(string operation, int status) => _questions.Add(1, new KeyValuePair<string, object?>("operation", operation), new KeyValuePair<string, object?>("status", status));

    public void Cache(bool hit) => _cache.Add(1, new KeyValuePair<string, object?>("result", hit ? "hit" : "miss"));

    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> RunAge(DataFolder folder)
    {
        var current = new FileInfo(Path.Combine(folder.Runs, "current"));
        return current.Exists ? [new Measurement<double>((DateTime.UtcNow - current.LastWriteTimeUtc).TotalSeconds)] : [];
    }
}
