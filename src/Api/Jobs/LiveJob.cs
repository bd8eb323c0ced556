using System.Threading.Channels;

namespace Backlinks.Api;

/// <summary>A job, its stop signal and who watches it. A watcher that is slow misses states in between and costs nothing.</summary>
internal sealed class LiveJob(Job job) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<Channel<Job>> _watchers = [];
    private Job _now = job;

    public Job Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    /// <summary>Stops the work under way; replaced each time it is taken up.</summary>
    public CancellationTokenSource Stop { get; private set; } = new();

    /// <summary>When a job that found the folder taken is tried again; 0 for at once.</summary>
    public long RetryAt { get; set; }

    public void Renew()
    {
        Stop.Dispose();
        Stop = new CancellationTokenSource();
    }

    /// <summary>Makes the next state and tells it, if <paramref name="when"/> holds for the present one.</summary>
    /// <param name="save">Keeps it before anybody is told; what it throws leaves the job as it was.</param>
    /// <returns>The state after that, and whether it is a new one.</returns>
    public (Job Job, bool Changed) Change(Func<Job, Job> next, Func<Job, bool>? when = null, Action<Job>? save = null)
    {
        lock (_gate)
        {
            if (when is not null && !when(_now))
                return (_now, false);
            Job changed = next(_now) with { Revision = _now.Revision + 1 };
            save?.Invoke(changed);
            _now = changed;
            foreach (Channel<Job> watcher in _watchers)
            {
                watcher.Writer.TryWrite(changed);
                if (changed.HasEnded)
                    watcher.Writer.TryComplete();
            }
            return (changed, true);
        }
    }

    /// <summary>The present state, and those to come until the job has ended or the reader goes.</summary>
    public (Job Now, ChannelReader<Job> Next, Action Leave) Join()
    {
        const int most = 8; // newer states say all that older ones did
        var channel = Channel.CreateBounded<Job>(new BoundedChannelOptions(most) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });
        lock (_gate)
        {
            if (_now.HasEnded)
                channel.Writer.TryComplete();
            else
                _watchers.Add(channel);
            return (_now, channel.Reader, Leave);
        }

        void Leave()
        {
            lock (_gate)
                _watchers.Remove(channel);
        }
    }

    /// <summary>Lets who watches go: the service ends.</summary>
    public void Close()
    {
        lock (_gate)
            foreach (Channel<Job> watcher in _watchers)
                watcher.Writer.TryComplete();
    }

    public void Dispose() => Stop.Dispose();
}
