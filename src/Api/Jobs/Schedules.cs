using System.Globalization;
using System.Text.Json;
using Backlinks.Stores;
using Cronos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>What is asked for: when to start which job.</summary>
public sealed record ScheduleRequest
{
    /// <summary>Five fields: minute, hour, day of month, month, day of week (<c>0 3 * * 1</c>: Mondays at three).</summary>
    public string Cron { get; init; } = "";

    /// <summary>UTC, or an IANA name such as Europe/Berlin. Default UTC.</summary>
    public string TimeZone { get; init; } = "UTC";

    public JobKind? Kind { get; init; }

    /// <summary>The job's request; none is an empty object.</summary>
    public JsonElement? Request { get; init; }
}

/// <summary>A job that is started again and again.</summary>
public sealed record Schedule
{
    /// <summary>Number and kind, such as <c>000003-run</c>.</summary>
    public required string Id { get; init; }

    public required string Cron { get; init; }

    public required string TimeZone { get; init; }

    public required JobKind Kind { get; init; }

    public required JsonElement Request { get; init; }

    public DateTimeOffset Created { get; init; }

    /// <summary>When it starts its job next; null for never again.</summary>
    public DateTimeOffset? Next { get; init; }

    /// <summary>The time that it started its last job for, and that job.</summary>
    public DateTimeOffset? Last { get; init; }

    public string? LastJob { get; init; }

    /// <summary>Why no job was started when one was due; empty where one was.</summary>
    public string Problem { get; init; } = "";
}

/// <summary>
/// Jobs started by the clock, kept as files in <c>schedules/</c>. Times missed while the service was down are made up for by one job at the start.
/// A job whose last one has not ended is not started again. Between the start of a job and the keeping of the next time a kill may fall: the job
/// names schedule and time, so none is started twice.
/// </summary>
public sealed partial class Schedules : IHostedService, IDisposable
{
    /// <summary>Between two looks at the clock: cron has minutes.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private const int Most = 1_000;

    private readonly JobQueue _jobs;
    private readonly JobWork _work;
    private readonly JobFiles<Schedule> _files;
    private readonly TimeProvider _time;
    private readonly ILogger<Schedules> _log;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, Schedule> _schedules = [];
    private readonly CancellationTokenSource _closing = new();
    private Task _loop = Task.CompletedTask;
    private long _last;

    internal Schedules(DataFolder folder, JobQueue jobs, JobWork work, TimeProvider time, ILogger<Schedules> log)
    {
        (_jobs, _work, _time, _log) = (jobs, work, time, log);
        _files = new JobFiles<Schedule>(Path.Combine(folder.Path, "schedules"), schedule => schedule.Id, log);
    }

    /// <summary>Keeps a schedule.</summary>
    /// <exception cref="ProblemException"><c>invalid_body</c> with the field, or <c>busy</c>.</exception>
    public Schedule Add(ScheduleRequest request)
    {
        JobKind kind = request.Kind ?? throw Invalid("kind", $"must be one of {string.Join(", ", Enum.GetNames<JobKind>().Select(k => k.ToLowerInvariant()))}");
        CronExpression cron = Parse(request.Cron);
        TimeZoneInfo zone = Zone(request.TimeZone);
        JsonElement body = request.Request is { ValueKind: not JsonValueKind.Null } given ? given.Clone() : JsonSerializer.SerializeToElement(new { });
        _work.Check(kind, body, ofUpload: false);
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset next = cron.GetNextOccurrence(now, zone) ?? throw Invalid("cron", $"'{request.Cron}' never comes");
        lock (_gate)
        {
            RequireOwned();
            if (_schedules.Count >= Most)
                throw new ProblemException(503, "busy", $"there are {Most} schedules already: delete some");
            var schedule = new Schedule { Id = Job.IdOf(_last + 1, kind), Cron = request.Cron.Trim(), TimeZone = request.TimeZone, Kind = kind, Request = body, Created = now, Next = next.ToUniversalTime() };
            _files.Save(schedule);
            _schedules.Add(++_last, schedule);
            return schedule;
        }
    }

    /// <summary>All, oldest first.</summary>
    public IReadOnlyList<Schedule> List()
    {
        lock (_gate)
            return _files.Owned ? [.. _schedules.Values] : _files.Load();
    }

    /// <summary>Forgets a schedule; jobs that it started go on.</summary>
    /// <returns>False where there is none of that id.</returns>
    public bool Remove(string id)
    {
        lock (_gate)
        {
            RequireOwned();
            if (!_schedules.TryGetValue(Job.NumberOf(id), out Schedule? schedule) || schedule.Id != id)
                return false;
            _files.Delete(id);
            return _schedules.Remove(Job.NumberOf(id));
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_files.TryOwn())
                return Task.CompletedTask;
            foreach (Schedule schedule in _files.Load())
            {
                _schedules[Job.NumberOf(schedule.Id)] = schedule;
                _last = Math.Max(_last, Job.NumberOf(schedule.Id));
            }
        }
        Tick();
        _loop = Task.Run(() => LoopAsync(_closing.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _closing.CancelAsync();
        await _loop;
    }

    public void Dispose()
    {
        _closing.Cancel();
        _files.Dispose();
    }

    /// <summary>Starts what is due.</summary>
    internal void Tick()
    {
        DateTimeOffset now = _time.GetUtcNow();
        lock (_gate)
            foreach ((long number, Schedule schedule) in _schedules.Where(s => s.Value.Next <= now).ToList())
                try
                {
                    Schedule after = Start(schedule, now);
                    _files.Save(after);
                    _schedules[number] = after;
                }
                catch (ProblemException e) // a time zone that this machine no longer knows
                {
                    NotStarted(_log, schedule.Id, e.Message);
                    _schedules[number] = schedule with { Next = null, Problem = e.Message };
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    NotStarted(_log, schedule.Id, e.Message); // a full disk; tried again with the next look
                }
    }

    private async Task LoopAsync(CancellationToken closing)
    {
        using var timer = new PeriodicTimer(Step);
        try
        {
            while (await timer.WaitForNextTickAsync(closing))
                Tick();
        }
        catch (OperationCanceledException)
        {
        }
    }

    private Schedule Start(Schedule schedule, DateTimeOffset now)
    {
        DateTimeOffset due = schedule.Next!.Value;
        DateTimeOffset? next = Parse(schedule.Cron).GetNextOccurrence(now, Zone(schedule.TimeZone))?.ToUniversalTime();
        IReadOnlyList<Job> ofIt = [.. _jobs.List().Where(job => job.Schedule == schedule.Id)];
        if (ofIt.FirstOrDefault(job => job.Due == due) is { } there)
            return schedule with { Next = next, Last = due, LastJob = there.Id, Problem = "" };
        if (ofIt.FirstOrDefault(job => !job.HasEnded) is { } unfinished)
            return schedule with { Next = next, Problem = string.Create(CultureInfo.InvariantCulture, $"at {due:u} job {unfinished.Id} had not ended") };
        try
        {
            Job job = _jobs.Start(schedule.Kind, schedule.Request, proposed => proposed with { Schedule = schedule.Id, Due = due });
            return schedule with { Next = next, Last = due, LastJob = job.Id, Problem = "" };
        }
        catch (ProblemException e)
        {
            NotStarted(_log, schedule.Id, e.Message);
            return schedule with { Next = next, Problem = string.Create(CultureInfo.InvariantCulture, $"at {due:u}: {e.Message}") };
        }
    }

    private static CronExpression Parse(string cron)
    {
        try
        {
            return CronExpression.Parse(cron, CronFormat.Standard);
        }
        catch (CronFormatException e)
        {
            throw Invalid("cron", $"'{cron}' is not five fields of cron, minute to day of week: {e.Message}");
        }
    }

    private static TimeZoneInfo Zone(string name) => TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) ? zone
        : throw Invalid("time_zone", $"'{name}' is neither UTC nor an IANA time zone that this machine knows, such as Europe/Berlin");

    private static ProblemException Invalid(string field, string message) => Problems.Of("invalid_body", $"{field}: {message}", new FieldError(field, message));

    private void RequireOwned()
    {
        if (!_files.Owned)
            throw new ProblemException(503, "busy", "another service keeps the schedules of this data folder; ask that one") { RetryAfter = 60 };
    }

    [LoggerMessage(LogLevel.Warning, "Schedule {Id} started no job: {Problem}")]
    private static partial void NotStarted(ILogger log, string id, string problem);
}
