using System.Runtime.CompilerServices;
using System.Text.Json;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>
/// The jobs of a data folder, kept as files in <c>jobs/</c>, so that ending or killing the service loses none.
/// <code>
/// queued ─► running ─► done | failed | cancelled          cancelling between a request to stop and the end
///    ▲         │ the service ends or is killed
///    └──── interrupted                                    a crawl goes on from its journal, an import from where its file was read to,
///                                                         a run begins again; given up after some kills
/// </code>
/// Jobs that write run one after another, in order of arrival, interrupted ones first; so does who writes from outside: while another process has
/// the folder, the first in the queue waits for it. Simulations run beside, a few at a time. States are on the disk before they are told;
/// progress is told only.
/// </summary>
public sealed partial class JobQueue : IHostedService, IAsyncDisposable
{
    private readonly DataFolder _folder;
    private readonly JobOptions _options;
    private readonly JobWork _work;
    private readonly JobFiles<Job> _files;
    private readonly Uploads _uploads;
    private readonly TimeProvider _time;
    private readonly ILogger<JobQueue> _log;
    private readonly Lock _gate = new();
    private readonly SortedDictionary<long, LiveJob> _jobs = [];
    private readonly SemaphoreSlim _more = new(0);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<Task> _beside = [];
    private Task _loop = Task.CompletedTask;
    private long _last;
    private bool _loaded;

    internal JobQueue(DataFolder folder, JobOptions options, JobWork work, Uploads uploads, TimeProvider time, ILogger<JobQueue> log)
    {
        (_folder, _options, _work, _uploads, _time, _log) = (folder, options, work, uploads, time, log);
        _files = new JobFiles<Job>(Path.Combine(folder.Path, "jobs"), job => job.Id, log);
    }

    /// <summary>Queues a crawl.</summary>
    /// <exception cref="ProblemException"><c>invalid_body</c> with the field, <c>busy</c> where too many wait or another process runs the jobs.</exception>
    public Job Start(CrawlRequest request) => Start(JobKind.Crawl, JsonSerializer.SerializeToElement(request, RequestJson.Options));

    /// <summary>Queues an import of files that are there.</summary>
    /// <inheritdoc cref="Start(CrawlRequest)"/>
    public Job Start(ImportRequest request) => Start(JobKind.Import, JsonSerializer.SerializeToElement(request, RequestJson.Options));

    /// <summary>Queues a run.</summary>
    /// <inheritdoc cref="Start(CrawlRequest)"/>
    public Job Start(RankRequest request) => Start(JobKind.Run, JsonSerializer.SerializeToElement(request, RequestJson.Options));

    /// <summary>Queues a job.</summary>
    /// <param name="request">Of the kind's record, as <see cref="RequestJson"/> reads it.</param>
    /// <inheritdoc cref="Start(CrawlRequest)"/>
    public Job Start(JobKind kind, JsonElement request) => Start(kind, request, job => job);

    internal Job Start(JobKind kind, JsonElement request, Func<Job, Job> with)
    {
        request = request.Clone();
        Job proposed = with(new Job { Id = "", Kind = kind, Request = request });
        _work.Check(kind, request, ofUpload: proposed.Upload is not null);
        LiveJob live;
        lock (_gate)
        {
            RequireOwned();
            if (_jobs.Values.Count(j => !j.Now.HasEnded) >= _options.Queue)
                throw new ProblemException(503, "busy", $"{_options.Queue} jobs wait or run already: cancel some, or try again when they are done") { RetryAfter = 60 };
            Job job = proposed with { Id = Job.IdOf(_last + 1, kind), State = JobState.Queued, Created = Now(), Revision = 1 };
            _files.Save(job);
            _last++;
            live = new LiveJob(job);
            _jobs.Add(_last, live);
            Forget();
        }
        _more.Release();
        return live.Now;
    }

    /// <summary>All that are remembered, newest first.</summary>
    public IReadOnlyList<Job> List()
    {
        lock (_gate)
            return _loaded && _files.Owned ? [.. _jobs.Values.Reverse().Select(j => j.Now)] : [.. Enumerable.Reverse(_files.Load())];
    }

    /// <summary>One of them, or null.</summary>
    public Job? Find(string id) => Live(id)?.Now ?? (_files.Owned ? null : _files.Load().Find(job => job.Id == id));

    /// <summary>Asks a job to stop. One that waits has ended when this returns; one that runs ends within about a second and keeps what a crawl
    /// or an import did.</summary>
    /// <returns>Its state, or null where there is no such job. One that has ended stays as it is.</returns>
    /// <exception cref="ProblemException"><c>busy</c> where another process runs the jobs.</exception>
    public Job? Cancel(string id)
    {
        lock (_gate)
            RequireOwned();
        if (Live(id) is not { } live)
            return null;
        if (live.Change(job => Ending(job with { State = JobState.Cancelled, Progress = job.Progress with { Message = "" } }), job => job.IsWaiting, _files.Save) is (var cancelled, true))
        {
            AfterEnd(cancelled);
            return cancelled;
        }
        if (live.Change(job => job with { State = JobState.Cancelling }, job => job.State == JobState.Running, _files.Save).Changed)
            live.Stop.Cancel();
        return live.Now;
    }

    /// <summary>The state that a job is in and each it comes to, until it has ended; who reads slowly misses some in between.</summary>
    /// <returns>Nothing where there is no such job.</returns>
    public async IAsyncEnumerable<Job> Watch(string id, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        if (Live(id) is not { } live)
            yield break;
        (Job now, System.Threading.Channels.ChannelReader<Job> next, Action leave) = live.Join();
        try
        {
            yield return now;
            await foreach (Job job in next.ReadAllAsync(cancel))
                yield return job;
        }
        finally
        {
            leave();
        }
    }

    /// <summary>Whether a run or graph is named by a job that has not ended.</summary>
    internal bool Names(string id)
    {
        lock (_gate)
            return _jobs.Values.Any(live => live.Now is { HasEnded: false } job && JobWork.Names(job).Contains(id));
    }

    /// <summary>Takes up what the folder holds: interrupted jobs go on, queued ones wait for their turn.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_files.TryOwn())
            {
                NotOwned(_log, _folder.Path);
                _loaded = true;
                return Task.CompletedTask;
            }
            foreach (Job job in _files.Load())
            {
                Job taken = TakeOver(job);
                if (taken != job)
                    _files.Save(taken);
                _last = Math.Max(_last, Job.NumberOf(job.Id));
                _jobs[Job.NumberOf(job.Id)] = new LiveJob(taken);
                if (taken.HasEnded)
                    _uploads.Remove(taken.Upload);
            }
            _uploads.RemoveAllBut(_jobs.Values.Select(j => j.Now.Upload));
            _loaded = true;
        }
        _loop = Task.Run(() => LoopAsync(_closing.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    /// <summary>Stops what runs; it is interrupted, and goes on when the service starts again.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _closing.CancelAsync();
        LiveJob[] all;
        lock (_gate)
            all = [.. _jobs.Values];
        foreach (LiveJob live in all.Where(j => j.Now.State is JobState.Running or JobState.Cancelling))
            await live.Stop.CancelAsync();
        foreach (LiveJob live in all)
            live.Close();
        try
        {
            await _loop.WaitAsync(cancellationToken);
            await Task.WhenAll(_beside).WaitAsync(cancellationToken); // only the loop adds to them
        }
        catch (OperationCanceledException)
        {
            // The process ends now; what was under way is found as interrupted by the next.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _files.Dispose();
        foreach (LiveJob live in _jobs.Values)
            live.Dispose();
    }

    /// <summary>What a job that a service left behind is for the next one.</summary>
    private Job TakeOver(Job job) => job.State switch
    {
        JobState.Cancelling => Ending(job with { State = JobState.Cancelled, Revision = job.Revision + 1 }),
        JobState.Running when job.Interruptions >= _options.Interruptions => Ending(job with
        {
            State = JobState.Failed,
            Interruptions = job.Interruptions + 1,
            Error = new JobError("failed", $"the service was killed {job.Interruptions + 1} times while this job ran: it is not tried again", []),
            Revision = job.Revision + 1,
        }),
        JobState.Running => job with { State = JobState.Interrupted, Interruptions = job.Interruptions + 1, Revision = job.Revision + 1 },
        _ => job,
    };

    private async Task LoopAsync(CancellationToken closing)
    {
        while (!closing.IsCancellationRequested)
        {
            while (NextBeside() is { } simulation)
                _beside.Add(Task.Run(() => RunAsync(simulation), CancellationToken.None));
            (LiveJob? next, TimeSpan wait) = NextWriting();
            if (next is not null)
            {
                _writing = RunAsync(next);
                _ = _writing.ContinueWith(_ => _more.Release(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
            else
                try
                {
                    await _more.WaitAsync(wait, closing);
                }
                catch (OperationCanceledException)
                {
                    break;
                }
            _beside.RemoveAll(task => task.IsCompleted);
        }
        await _writing;
    }

    private Task _writing = Task.CompletedTask;

    private LiveJob? NextBeside()
    {
        if (_beside.Count(task => !task.IsCompleted) >= _options.Simulations)
            return null;
        lock (_gate)
            return _jobs.Values.FirstOrDefault(j => j.Now is { IsWaiting: true, Writes: false } && TakeUp(j));
    }

    private (LiveJob? Job, TimeSpan Wait) NextWriting()
    {
        if (!_writing.IsCompleted)
            return (null, Timeout.InfiniteTimeSpan);
        lock (_gate)
        {
            IEnumerable<LiveJob> waiting = _jobs.Values.Where(j => j.Now is { IsWaiting: true, Writes: true }).OrderBy(j => j.Now.State == JobState.Interrupted ? 0 : 1);
            foreach (LiveJob first in waiting)
            {
                TimeSpan wait = TimeSpan.FromMilliseconds(first.RetryAt - Environment.TickCount64);
                if (wait > TimeSpan.Zero)
                    return (null, wait); // the folder is somebody else's; who came later waits, too
                if (TakeUp(first))
                    return (first, TimeSpan.Zero);
            }
            return (null, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>False where it was cancelled meanwhile.</summary>
    private bool TakeUp(LiveJob live)
    {
        live.Renew();
        try
        {
            return live.Change(job => job with { State = JobState.Running, Started = Now(), Attempts = job.Attempts + 1, Progress = JobProgress.None }, job => job.IsWaiting, SaveOnce(live)).Changed;
        }
        catch (IOException e)
        {
            NotSaved(_log, live.Now.Id, e.Message);
            live.RetryAt = Environment.TickCount64 + 5_000;
            return false;
        }
    }

    private async Task RunAsync(LiveJob live)
    {
        Job job = live.Now;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(live.Stop.Token, _closing.Token);
        var meter = new JobMeter(progress => live.Change(j => j with { Progress = progress }, j => j.State is JobState.Running or JobState.Cancelling), TimeSpan.FromSeconds(_options.TellSeconds));
        Job Began(string crawl) => live.Change(j => j with { Crawl = crawl }, j => j.Crawl != crawl, _files.Save).Job;
        // A thread of its own: a job takes minutes, and the pool's threads answer questions.
        (JobResult? result, bool stopped, Exception? fault) = await Task.Factory.StartNew(() => Work(job, meter, crawl => Began(crawl), stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        if (fault is StoreException { Busy: true } busy)
        {
            WaitFor(live, busy);
            return;
        }
        bool asked = live.Now.State == JobState.Cancelling;
        bool closed = _closing.IsCancellationRequested && !asked && (stopped || fault is OperationCanceledException);
        JobError? error = fault is null or OperationCanceledException ? null : JobWork.Describe(fault, _folder);
        if (fault is IOException or ArgumentException or ProblemException)
            NotDone(_log, job.Id, error!.Detail);
        else if (error is not null)
            Failed(_log, job.Id, fault!);
        Job Next(Job j) => closed ? j with { State = JobState.Interrupted, Result = result }
            : Ending(j with { State = error is not null ? JobState.Failed : stopped || fault is not null ? JobState.Cancelled : JobState.Done, Result = result, Error = error });
        Job ended;
        try
        {
            ended = live.Change(Next, save: _files.Save).Job;
        }
        catch (IOException e) // a full disk: the next service finds it running, and does it again
        {
            NotSaved(_log, job.Id, e.Message);
            ended = live.Change(Next).Job;
        }
        if (ended.HasEnded)
            AfterEnd(ended);
    }

    private (JobResult? Result, bool Stopped, Exception? Fault) Work(Job job, JobMeter meter, Action<string> began, CancellationToken cancel)
    {
        try
        {
            (JobResult result, bool stopped) = _work.Do(job, meter, began, cancel);
            return (result, stopped, null);
        }
#pragma warning disable CA1031 // whatever a job throws ends the job, not the service
        catch (Exception e)
#pragma warning restore CA1031
        {
            return (null, false, e);
        }
    }

    /// <summary>Back into the queue, at the head: another process writes there.</summary>
    private void WaitFor(LiveJob live, StoreException busy)
    {
        string who = busy.Holder is { } holder ? holder == Environment.ProcessId ? "this process, which reads the link store" : $"process {holder} that writes to the folder" : "another process that writes to the folder";
        JobProgress waiting = JobProgress.None with { Message = $"waiting for {who}" };
        Action<Job>? save = SaveOnce(live);
        live.RetryAt = Environment.TickCount64 + (long)(1000 * _options.RetrySeconds);
        if (!live.Change(job => job with { State = JobState.Queued, Attempts = job.Attempts - 1, Progress = waiting }, job => job.State == JobState.Running, save).Changed
            && live.Change(job => Ending(job with { State = JobState.Cancelled }), job => job.State == JobState.Cancelling, _files.Save) is (var cancelled, true))
            AfterEnd(cancelled);
    }

    /// <summary>A job that tries every second whether the folder is free is kept as queued; there is no need to write that down each time.</summary>
    private Action<Job>? SaveOnce(LiveJob live) => live.RetryAt == 0 ? _files.Save : null;

    private void AfterEnd(Job job)
    {
        _uploads.Remove(job.Upload);
        _more.Release();
    }

    private Job Ending(Job job) => job with { Ended = Now() };

    /// <summary>Forgets the oldest of those that ended long ago.</summary>
    private void Forget()
    {
        int many = _jobs.Values.Count(j => j.Now.HasEnded) - _options.Remembered;
        foreach ((long number, LiveJob live) in _jobs.Where(j => j.Value.Now.HasEnded).Take(Math.Max(0, many)).ToList())
        {
            try
            {
                _files.Delete(live.Now.Id);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                NotSaved(_log, live.Now.Id, e.Message); // it is remembered again after a restart
            }
            _jobs.Remove(number);
            live.Dispose();
        }
    }

    private LiveJob? Live(string id)
    {
        lock (_gate)
            return _jobs.TryGetValue(Job.NumberOf(id), out LiveJob? live) && live.Now.Id == id ? live : null;
    }

    private void RequireOwned()
    {
        if (!_files.Owned)
            throw new ProblemException(503, "busy", "another service runs the jobs of this data folder; ask that one") { RetryAfter = 60 };
    }

    private DateTimeOffset Now() => _time.GetUtcNow();

    [LoggerMessage(LogLevel.Warning, "Another service runs the jobs of {Folder}; this one only lists them")]
    private static partial void NotOwned(ILogger log, string folder);

    [LoggerMessage(LogLevel.Error, "Job {Id} cannot be kept: {Problem}")]
    private static partial void NotSaved(ILogger log, string id, string problem);

    [LoggerMessage(LogLevel.Warning, "Job {Id} could not be done: {Problem}")]
    private static partial void NotDone(ILogger log, string id, string problem);

    [LoggerMessage(LogLevel.Error, "Job {Id} failed")]
    private static partial void Failed(ILogger log, string id, Exception error);
}
