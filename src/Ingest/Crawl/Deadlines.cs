namespace Backlinks.Ingest;

/// <summary>
/// The clocks of one request: connecting, waiting for the head of the response, the pace of its body, and all together.
/// One timer serves them in turn. The pace is kept in windows: as many bytes as the slowest allowed rate brings in a
/// window must have come within it, whereupon the next begins; so a body that trickles is cut after one window.
/// </summary>
internal sealed class Deadlines : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FetcherOptions _options;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _link;
    private readonly long _start;
    private bool _headersIn, _disposed;
    private int _seen;
    private string _phase = "";

    public Deadlines(FetcherOptions options, CancellationToken cancel)
    {
        _options = options;
        _start = options.Clock.GetTimestamp();
        _source = new CancellationTokenSource(Timeout.InfiniteTimeSpan, options.Clock);
        Token = _source.Token;
        _link = cancel.UnsafeRegister(static s => ((CancellationTokenSource)s!).Cancel(), _source);
        WaitForHeaders();
    }

    public CancellationToken Token { get; }

    /// <summary>What was late, for people.</summary>
    public string Why => _phase;

    public int Milliseconds => (int)Math.Min(int.MaxValue, _options.Clock.GetElapsedTime(_start).TotalMilliseconds);

    /// <summary>A connection is being made: that has its own clock, and the head is waited for afterwards.</summary>
    public void Connecting()
    {
        lock (_lock)
            if (!_headersIn)
                Arm(Timeout.InfiniteTimeSpan, "");
    }

    public void WaitForHeaders()
    {
        lock (_lock)
            if (!_headersIn)
                Arm(_options.HeaderTimeout, $"no response head within {Seconds(_options.HeaderTimeout)}");
    }

    public void HeadersIn()
    {
        lock (_lock)
        {
            _headersIn = true;
            ArmPace();
        }
    }

    /// <summary>Bytes of the body came.</summary>
    public void Saw(int bytes)
    {
        _seen += bytes;
        if (_seen >= _options.MinBytesPerSecond * _options.PaceWindow.TotalSeconds)
            lock (_lock)
                ArmPace();
    }

    private void ArmPace()
    {
        _seen = 0;
        Arm(_options.MinBytesPerSecond > 0 ? _options.PaceWindow : Timeout.InfiniteTimeSpan,
            $"slower than {_options.MinBytesPerSecond} bytes a second over {Seconds(_options.PaceWindow)}");
    }

    private void Arm(TimeSpan time, string why)
    {
        if (_disposed)
            return;
        TimeSpan left = _options.TotalTimeout - _options.Clock.GetElapsedTime(_start);
        if (time == Timeout.InfiniteTimeSpan || left < time)
        {
            time = left > TimeSpan.Zero ? left : TimeSpan.Zero;
            why = $"not done within {Seconds(_options.TotalTimeout)}";
        }
        _phase = why;
        _source.CancelAfter(time);
    }

    private static string Seconds(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds:0.###} s");

    public void Dispose()
    {
        lock (_lock)
            _disposed = true;
        _link.Dispose();
        _source.Dispose();
    }
}
