namespace Backlinks.Tests;

/// <summary>Time that moves only when told: wall clock and monotonic clock alike. Timers are not faked.</summary>
internal sealed class FakeTime(DateTimeOffset? start = null) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public DateTimeOffset Now { get; set; } = start ?? Start;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan by) => Now += by;

    public void Advance(double seconds) => Now += TimeSpan.FromSeconds(seconds);
}
