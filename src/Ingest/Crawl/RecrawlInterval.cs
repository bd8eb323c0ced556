namespace Backlinks.Ingest;

/// <summary>
/// When to look at a page again. A page that changes as a Poisson process at rate λ and was looked at n times, T apart on
/// average, with x changes seen, has the bias-corrected estimate λ = −ln((n − x + ½) / (n + ½)) / T (Cho and Garcia-Molina 2003,
/// "Estimating frequency of change"). The interval is 1/λ: one change is expected in it. Held to 1 h … 90 d.
/// </summary>
public static class RecrawlInterval
{
    public static readonly TimeSpan Shortest = TimeSpan.FromHours(1), Longest = TimeSpan.FromDays(90), First = TimeSpan.FromDays(7);

    /// <param name="verifications">Visits that could tell, the first included.</param>
    /// <param name="changes">Of those behind the first, the ones that found another link set or text.</param>
    /// <param name="observed">From the first visit to the last.</param>
    public static TimeSpan After(int verifications, int changes, TimeSpan observed)
    {
        int n = verifications - 1, x = Math.Clamp(changes, 0, Math.Max(0, n));
        if (n <= 0 || observed <= TimeSpan.Zero)
            return First;
        double average = observed.TotalSeconds / n;
        double rate = -Math.Log((n - x + .5) / (n + .5)) / average;
        double seconds = rate <= 0 ? Longest.TotalSeconds : 1 / rate;
        return TimeSpan.FromSeconds(Math.Clamp(seconds, Shortest.TotalSeconds, Longest.TotalSeconds));
    }
}
