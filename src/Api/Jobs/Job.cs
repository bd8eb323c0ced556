using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Backlinks.Api;

/// <summary>What a job does. All but simulations write to the data folder.</summary>
public enum JobKind
{
    Crawl,
    Import,

    /// <summary>A ranking that is published.</summary>
    Run,

    /// <summary>A what-if over a published run.</summary>
    Simulate,
}

/// <summary>Where a job stands.</summary>
public enum JobState
{
    /// <summary>Its turn has not come, or another process writes to the folder.</summary>
    Queued,
    Running,

    /// <summary>Asked to stop; it ends within about a second.</summary>
    Cancelling,
    Done,

    /// <summary>Ended by an error, see <see cref="Job.Error"/>.</summary>
    Failed,

    /// <summary>Stopped as asked; what a crawl or an import had done by then is kept.</summary>
    Cancelled,

    /// <summary>The service ended while it was under way; it goes on by itself, before what is queued.</summary>
    Interrupted,
}

/// <summary>How far a job is.</summary>
/// <param name="Step">What is done now, such as <c>reading links</c>.</param>
/// <param name="Done">Units done in this step.</param>
/// <param name="Total">Units in this step; 0 where that is not known.</param>
/// <param name="Unit">What is counted: <c>links</c>, <c>pages</c>, <c>bytes</c>.</param>
/// <param name="Rate">Units a second since the step began.</param>
/// <param name="SecondsLeft">Of this step; null where that cannot be told.</param>
/// <param name="Message">For people, such as whom it waits for; empty where there is nothing to say.</param>
/// <param name="Outcomes">Of a crawl: pages of this session by the outcome of their visit (<c>fetched</c>, <c>blocked</c>, <c>timed_out</c>, …), under the names that the result's
/// counts have; those to be tried again are in none yet. Null of other jobs.</param>
public sealed record JobProgress(string Step, long Done, long Total, string Unit, double Rate, double? SecondsLeft, string Message, IReadOnlyDictionary<string, long>? Outcomes = null)
{
    /// <summary>Nothing was done yet.</summary>
    public static JobProgress None { get; } = new("", 0, 0, "", 0, null, "");
}

/// <summary>What a job came to.</summary>
/// <param name="Run">The run published.</param>
/// <param name="Crawl">The crawl made or gone on with.</param>
/// <param name="Graph">The graph imported.</param>
/// <param name="Counts">Numbers and words by name: pages, links, clusters, …</param>
/// <param name="Answer">Of a simulation.</param>
public sealed record JobResult(string? Run = null, string? Crawl = null, string? Graph = null, JsonObject? Counts = null, JsonNode? Answer = null);

/// <summary>Why a job failed, in the words of <see cref="Problems"/>.</summary>
public sealed record JobError(string Code, string Detail, IReadOnlyList<FieldError> Errors);

/// <summary>A job as it stands at one moment; a change makes another.</summary>
public sealed record Job
{
    /// <summary>Number and kind, such as <c>000012-crawl</c>; numbers grow in order of arrival.</summary>
    public required string Id { get; init; }

    public required JobKind Kind { get; init; }

    /// <summary>As asked.</summary>
    public required JsonElement Request { get; init; }

    public JobState State { get; init; }

    public JobProgress Progress { get; init; } = JobProgress.None;

    public DateTimeOffset Created { get; init; }

    /// <summary>When it was last taken up.</summary>
    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Ended { get; init; }

    public JobResult? Result { get; init; }

    public JobError? Error { get; init; }

    /// <summary>How often it was taken up.</summary>
    public int Attempts { get; init; }

    /// <summary>How often the service was killed while it was under way.</summary>
    public int Interruptions { get; init; }

    /// <summary>The crawl it made or goes on with, once there is one.</summary>
    public string? Crawl { get; init; }

    /// <summary>The schedule that started it, and which of its times it was started for.</summary>
    public string? Schedule { get; init; }

    public DateTimeOffset? Due { get; init; }

    /// <summary>The uploaded file's folder below data/uploads, removed when the job has ended.</summary>
    public string? Upload { get; init; }

    /// <summary>Grows with every change.</summary>
    public long Revision { get; init; }

    /// <summary>Whether it will not change any more.</summary>
    [JsonIgnore]
    public bool HasEnded => State is JobState.Done or JobState.Failed or JobState.Cancelled;

    /// <summary>Whether it waits to be taken up.</summary>
    [JsonIgnore]
    public bool IsWaiting => State is JobState.Queued or JobState.Interrupted;

    /// <summary>Whether it needs the one right to write to the data folder.</summary>
    [JsonIgnore]
    public bool Writes => Kind != JobKind.Simulate;

    /// <summary>Tells this state from every other of the job, across restarts too.</summary>
    [JsonIgnore]
    public string EventId => string.Create(CultureInfo.InvariantCulture, $"{Attempts}-{Revision}");

    internal static string IdOf(long number, JobKind kind) => string.Create(CultureInfo.InvariantCulture, $"{number:000000}-{kind.ToString().ToLowerInvariant()}");

    internal static long NumberOf(string id) =>
        long.TryParse(id.AsSpan(0, Math.Max(0, id.IndexOf('-'))), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : 0;
}
