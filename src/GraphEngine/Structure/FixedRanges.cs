namespace Backlinks.GraphEngine;

/// <summary>
/// Parallel loops whose result cannot depend on the number of threads: work is cut into ranges of a fixed size, any
/// thread takes any range, and what ranges yield is kept by range number and added up in that order.
/// </summary>
internal static class FixedRanges
{
    /// <summary>Nodes in a range: 4,096 make some 40,000 links, long against handing out a range, short against a round.</summary>
    public const int Nodes = 4096;

    /// <summary>The number of threads an options record asks for: itself, or one for each processor where it is 0.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative or above 1,024.</exception>
    public static int Threads(int asked) =>
        asked is >= 0 and <= 1024 ? asked == 0 ? Environment.ProcessorCount : asked
        : throw new ArgumentOutOfRangeException(nameof(asked), asked, "threads must be 0 (one for each processor) to 1024");

    /// <summary>How many ranges of <paramref name="size"/> cover <paramref name="count"/>.</summary>
    public static int Count(int count, int size = Nodes) => (int)((count + (long)size - 1) / size);

    /// <summary>Calls <paramref name="body"/>(range, start, end) for each range of 0 to <paramref name="count"/>.</summary>
    public static void Run(int count, int size, int threads, Action<int, int, int> body, CancellationToken cancel)
    {
        int ranges = Count(count, size);
        if (threads == 1 || ranges <= 1)
        {
            for (int range = 0; range < ranges; range++)
            {
                cancel.ThrowIfCancellationRequested();
                body(range, range * size, (int)Math.Min(count, (range + 1L) * size));
            }
            return;
        }
        Parallel.For(0, ranges, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel },
            range => body(range, range * size, (int)Math.Min(count, (range + 1L) * size)));
    }
}
