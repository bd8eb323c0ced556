using System.Runtime.ExceptionServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// A pipeline for pieces of work whose results must appear in order: pieces are taken one after the other, worked on side
/// by side, and committed in the order they were taken. The outcome, errors included, is that of one thread.
/// </summary>
internal static class OrderedWork
{
    /// <param name="workers">One state for each thread; the first belongs to the caller's.</param>
    /// <param name="take">Fills a state with the next piece; false when there is none. Never two at once.</param>
    /// <param name="produce">Does the work; many at once, each on its own state.</param>
    /// <param name="commit">Hands over the result; never two at once, in the order taken.</param>
    public static void Run<TWorker>(IReadOnlyList<TWorker> workers, Func<TWorker, bool> take, Action<TWorker> produce,
        Action<TWorker> commit, CancellationToken cancel)
    {
        object taking = new(), turn = new();
        long taken = 0, committed = 0;
        ExceptionDispatchInfo? failure = null;

        void Work(TWorker worker)
        {
            while (true)
            {
                long ticket;
                ExceptionDispatchInfo? fault = null;
                lock (taking)
                {
                    if (Volatile.Read(ref failure) is not null)
                        return;
                    ticket = taken;
                    try
                    {
                        cancel.ThrowIfCancellationRequested();
                        if (!take(worker))
                            return;
                    }
                    catch (Exception e)
                    {
                        fault = ExceptionDispatchInfo.Capture(e);
                    }
                    taken++;
                }
                try
                {
                    if (fault is null)
                        produce(worker);
                }
                catch (Exception e)
                {
                    fault = ExceptionDispatchInfo.Capture(e);
                }
                lock (turn)
                {
                    while (committed != ticket && failure is null)
                        Monitor.Wait(turn);
                    if (failure is not null)
                        return;
                    try
                    {
                        fault?.Throw();
                        commit(worker);
                    }
                    catch (Exception e)
                    {
                        failure = ExceptionDispatchInfo.Capture(e); // the first in order: others wait behind it
                    }
                    committed++;
                    Monitor.PulseAll(turn);
                    if (failure is not null)
                        return;
                }
            }
        }

        Thread[] threads = [.. workers.Skip(1).Select(w => new Thread(() => Work(w)) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        Work(workers[0]);
        foreach (Thread thread in threads)
            thread.Join();
        failure?.Throw();
    }
}
