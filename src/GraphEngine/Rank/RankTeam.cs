namespace Backlinks.GraphEngine;

/// <summary>
/// Threads that stay for the length of a ranking and meet at barriers thousands of times a second. A waiter spins some
/// microseconds and then sleeps: unbounded spinning collapses when a neighbour takes the core. The work is
/// arithmetic on vetted arrays and must not throw: the others would wait for ever.
/// </summary>
internal sealed class RankTeam : IDisposable
{
    private const int Spins = 400;

    private readonly object _gate = new();
    private readonly Thread[] _threads;
    private Action<int> _work = _ => { };
    private volatile int _generation;
    private int _arrived;
    private int _counter;
    private bool _ended;

    public RankTeam(int threads)
    {
        Size = threads > 0 ? threads : Environment.ProcessorCount;
        _threads = new Thread[Size - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int index = i + 1;
            _threads[i] = new Thread(() => Loop(index)) { IsBackground = true, Name = $"rank {index}" };
            _threads[i].Start();
        }
    }

    public int Size { get; }

    /// <summary>Runs <paramref name="work"/> on every thread, this one included, and waits for all.</summary>
    public void Run(Action<int> work)
    {
        _work = work;
        Meet();
        work(0);
        Meet();
    }

    /// <summary>The next piece of work of the current step, from 0; each is given out once. Reset by <see cref="Meet"/>.</summary>
    public int Next() => Interlocked.Increment(ref _counter) - 1;

    /// <summary>Waits until every thread is here. What was written before is visible after.</summary>
    public void Meet()
    {
        int generation = _generation;
        if (Interlocked.Increment(ref _arrived) == Size)
        {
            _arrived = 0;
            _counter = 0;
            lock (_gate)
            {
                _generation = generation + 1;
                Monitor.PulseAll(_gate);
            }
            return;
        }
        for (int i = 0; i < Spins; i++)
        {
            if (_generation != generation)
                return;
            Thread.SpinWait(8);
        }
        lock (_gate)
            while (_generation == generation)
                Monitor.Wait(_gate);
    }

    public void Dispose()
    {
        _ended = true;
        Meet();
        foreach (Thread thread in _threads)
            thread.Join();
    }

    private void Loop(int index)
    {
        while (true)
        {
            Meet();
            if (_ended)
                return;
            _work(index);
            Meet();
        }
    }
}
