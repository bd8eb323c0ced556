namespace Backlinks.GraphEngine;

/// <summary>
/// Consecutive rows cut where links and rows together pass a fixed amount of work, so that pieces cost alike whatever the
/// degrees, and results cannot depend on threads: any thread takes any piece, sums are added by piece number. A row is
/// never cut.
/// </summary>
internal sealed class LinkRanges
{
    /// <summary>Links and rows in a piece: some 100 µs of work, long against handing it out.</summary>
    public const int Work = 1 << 16;

    private readonly int[] _starts;

    /// <param name="offsets">n+1 row offsets.</param>
    public LinkRanges(MappedArray<long> offsets, int work = Work)
    {
        int n = (int)(offsets.Length - 1);
        var starts = new List<int> { 0 };
        for (int at = 0; at < n;)
        {
            // the first row whose end reaches the goal; rows are ascending in offset + number, so it is found by halving
            long goal = offsets[at] + at + work;
            int low = at + 1, high = n;
            while (low < high)
            {
                int middle = low + (high - low) / 2;
                if (offsets[middle] + middle >= goal)
                    high = middle;
                else
                    low = middle + 1;
            }
            starts.Add(at = low);
        }
        _starts = [.. starts];
    }

    public int Count => _starts.Length - 1;

    public (int First, int End) this[int range] => (_starts[range], _starts[range + 1]);

    /// <summary>Calls <paramref name="body"/>(range, first row, end row) for every piece.</summary>
    public void Run(int threads, Action<int, int, int> body, CancellationToken cancel = default) => Run(0, Count, threads, body, cancel);

    /// <summary>Calls <paramref name="body"/>(range, first row, end row) for the pieces from <paramref name="first"/> to before <paramref name="end"/>.</summary>
    public void Run(int first, int end, int threads, Action<int, int, int> body, CancellationToken cancel = default)
    {
        if (threads == 1 || end - first <= 1)
        {
            for (int range = first; range < end; range++)
            {
                cancel.ThrowIfCancellationRequested();
                body(range, _starts[range], _starts[range + 1]);
            }
            return;
        }
        Parallel.For(first, end, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel },
            range => body(range, _starts[range], _starts[range + 1]));
    }
}
