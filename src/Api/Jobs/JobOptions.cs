namespace Backlinks.Api;

/// <summary>How jobs are run.</summary>
public sealed record JobOptions
{
    /// <summary>Jobs that may wait or run at once. Default 1,000: more are a mistake of whoever starts them.</summary>
    public int Queue { get; init; } = 1_000;

    /// <summary>Ended jobs that are remembered. Default 1,000.</summary>
    public int Remembered { get; init; } = 1_000;

    /// <summary>Kills of the service during one job after which it is given up. Default 3: a fourth time it is rather the job's fault.</summary>
    public int Interruptions { get; init; } = 3;

    /// <summary>Simulations at once. Default 2: they read only, but each takes a core.</summary>
    public int Simulations { get; init; } = 2;

    /// <summary>Seconds after which a simulation is given up. Default 60; one of a million pages takes a hundredth of a second.</summary>
    public double SimulationSeconds { get; init; } = 60;

    /// <summary>Worker threads of imports and runs whose request names none; 0 for one a processor.</summary>
    public int Threads { get; init; }

    /// <summary>Seconds between tries where another process writes to the folder. Default 1.</summary>
    public double RetrySeconds { get; init; } = 1;

    /// <summary>Seconds between two states that are told to who watches a running job. Default .25: as often as people can read.</summary>
    public double TellSeconds { get; init; } = 0.25;

    /// <summary>Seconds of silence after which who watches is told that the job is still there. Default 10, below the time-outs of proxies.</summary>
    public double HeartbeatSeconds { get; init; } = 10;

    /// <summary>Days for which every run is kept, beside the newest ones that are kept in any case; 0 for none.</summary>
    public double KeepDays { get; init; }

    /// <summary>Whether crawls may be told <c>allow_loopback</c>, <c>connect_to</c>, <c>ports</c>, <c>proxies</c> and <c>render</c>. Default no: with these, whoever may start a job
    /// reaches every address that this machine reaches.</summary>
    public bool LocalCrawls { get; init; }

    /// <summary>Sent with every request of crawls that name no contact: a URL or mailto:.</summary>
    public string? Contact { get; init; }

    /// <exception cref="ArgumentException">A member is out of its range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Queue, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Remembered);
        ArgumentOutOfRangeException.ThrowIfNegative(Interruptions);
        ArgumentOutOfRangeException.ThrowIfLessThan(Simulations, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Threads);
        foreach ((string name, double seconds) in (ReadOnlySpan<(string, double)>)[(nameof(SimulationSeconds), SimulationSeconds), (nameof(RetrySeconds), RetrySeconds), (nameof(HeartbeatSeconds), HeartbeatSeconds)])
            if (!(seconds is > 0 and <= 86_400))
                throw new ArgumentOutOfRangeException(name, seconds, $"{name} must be above 0 and at most 86,400 seconds");
        if (!(TellSeconds is >= 0 and <= 86_400 && KeepDays is >= 0 and <= 36_500))
            throw new ArgumentException($"TellSeconds must be 0 to 86,400 seconds and KeepDays 0 to 36,500 days, not {TellSeconds} and {KeepDays}");
    }
}
