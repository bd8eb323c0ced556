using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>How the service's log is written, on standard error.</summary>
public enum LogForm
{
    /// <summary>One line an event, for people.</summary>
    Text,

    /// <summary>One JSON object an event, for programs.</summary>
    Json,

    /// <summary>Not at all.</summary>
    None,
}

/// <summary>What the service serves, to whom, and within which limits. The command line binds to it.</summary>
public sealed record ApiOptions
{
    /// <summary>The data folder.</summary>
    public required string Data { get; init; }

    /// <summary>Where to listen. Default: this machine only. Other addresses need API keys, or <see cref="Open"/>.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://localhost:5080"];

    /// <summary>Whether strangers may read without a key where the service listens beyond this machine; jobs need a key all the same. Default no.</summary>
    public bool Open { get; init; }

    /// <summary>Whether a caller on loopback needs a key, too. Default no: whoever is on this machine can read the folder.</summary>
    public bool KeysOnLoopback { get; init; }

    /// <summary>Names, beside localhost and those of <see cref="Urls"/>, that a Host header may carry. Default none; where some are given, no other is answered.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>Origins, such as https://app.example.com, whose pages may ask from a browser. Default none.</summary>
    public IReadOnlyList<string> Cors { get; init; } = [];

    /// <summary>Addresses or networks of the proxies in front, whose X-Forwarded-For and -Proto are believed; then nobody counts as being on this machine. Default none: such headers are ignored.</summary>
    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>Largest body of a request, in bytes, but for uploads of imports. Default 1 MiB: a batch of 1,000 targets takes a tenth.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Largest upload to import, in bytes. Default 1 GiB: a WARC file of Common Crawl.</summary>
    public long MaxUploadBytes { get; init; } = 1L << 30;

    /// <summary>Seconds after which a question is given up (504). Default 30. Streams of rows may take as long as they move.</summary>
    public double RequestSeconds { get; init; } = 30;

    /// <summary>Seconds within which a request's headers must have come. Default 10: enough for the worst of mobile networks.</summary>
    public double HeaderSeconds { get; init; } = 10;

    /// <summary>Seconds within which a caller must take 64 KiB of an answer, where buffers do not hold all of it. Default 30: 2 KB/s, less than the worst of mobile networks.</summary>
    public double SlowReaderSeconds { get; init; } = 30;

    /// <summary>Connections at once. Default 1,000; each costs some kilobytes.</summary>
    public int MaxConnections { get; init; } = 1_000;

    /// <summary>Questions a minute from one caller (key, else address), with bursts of a tenth of it. Default 60,000, what two cores can answer.</summary>
    public int RequestsPerMinute { get; init; } = 60_000;

    /// <summary>Expensive questions (simulations, similar sites, paths, Cypher) worked on at once; four times as many wait, the others are told to come again. Default: as many as processors.</summary>
    public int ExpensiveAtOnce { get; init; } = Math.Max(2, Environment.ProcessorCount);

    /// <summary>Folders below which imports may name files of this machine. Default none: uploads only.</summary>
    public IReadOnlyList<string> ImportRoots { get; init; } = [];

    /// <summary>Runs kept open for reading at once. Default 4: the current one and some to compare with; mapped files cost address space, not memory.</summary>
    public int OpenRuns { get; init; } = 4;

    /// <summary>Memory of the engine that reads rows, in bytes, for all runs open together. Default 768 MiB, shared
    /// out among <see cref="OpenRuns"/>.</summary>
    public long RowMemoryBytes { get; init; } = 768L << 20;

    /// <summary>Bytes of answers kept ready, for runs never change. Default 64 MiB.</summary>
    public long AnswerCacheBytes { get; init; } = 64L << 20;

    /// <summary>Runs kept when a new one is published; 0 keeps all. Default 10.</summary>
    public int KeepRuns { get; init; } = 10;

    /// <summary>How jobs are run.</summary>
    public JobOptions Jobs { get; init; } = new();

    /// <summary>Whether to serve the dashboard. Default yes.</summary>
    public bool Dashboard { get; init; } = true;

    /// <summary>The form of the log. Default: none, for who builds the service may have his own; the program writes text.</summary>
    public LogForm Log { get; init; } = LogForm.None;

    /// <summary>The least that is logged of ours; of the framework, warnings. Default: information, which includes a line a request.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>Seconds that answers under way are given when the service ends. Default 10, what service managers grant.</summary>
    public double DrainSeconds { get; init; } = 10;

    /// <exception cref="ArgumentException">A member is out of its range.</exception>
    internal void Check()
    {
        ArgumentException.ThrowIfNullOrEmpty(Data);
        if (Urls.Count == 0)
            throw new ArgumentException("name at least one address to listen at, such as http://localhost:5080");
        foreach (string url in Urls)
            if (!IsListenable(url))
                throw new ArgumentException($"'{url}' is no address to listen at; write http://HOST:PORT, such as http://localhost:5080 or http://0.0.0.0:5080");
        foreach (string origin in Cors)
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? site) || site.Scheme is not ("http" or "https") || origin != site.GetLeftPart(UriPartial.Authority))
                throw new ArgumentException($"'{origin}' is no origin; write scheme, host and port alone, such as https://app.example.com");
        foreach (string proxy in Proxies)
            if (!System.Net.IPAddress.TryParse(proxy, out _) && !System.Net.IPNetwork.TryParse(proxy, out _))
                throw new ArgumentException($"'{proxy}' is neither address nor network of a proxy, such as 127.0.0.1 or 10.0.0.0/8");
        AtLeast(MaxBodyBytes, 1, nameof(MaxBodyBytes));
        AtLeast(MaxUploadBytes, 1, nameof(MaxUploadBytes));
        AtLeast(RequestSeconds, 0.001, nameof(RequestSeconds));
        AtLeast(HeaderSeconds, 0.001, nameof(HeaderSeconds));
        AtLeast(SlowReaderSeconds, 0.001, nameof(SlowReaderSeconds));
        AtLeast(MaxConnections, 1, nameof(MaxConnections));
        AtLeast(RequestsPerMinute, 1, nameof(RequestsPerMinute));
        AtLeast(ExpensiveAtOnce, 1, nameof(ExpensiveAtOnce));
        AtLeast(OpenRuns, 1, nameof(OpenRuns));
        AtLeast(RowMemoryBytes, 1, nameof(RowMemoryBytes));
        AtLeast(AnswerCacheBytes, 0, nameof(AnswerCacheBytes));
        AtLeast(KeepRuns, 0, nameof(KeepRuns));
        AtLeast(DrainSeconds, 0, nameof(DrainSeconds));
    }

    private static void AtLeast(double value, double least, string name)
    {
        if (!(value >= least))
            throw new ArgumentOutOfRangeException(name, value, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} must be at least {least}"));
    }

    private static bool IsListenable(string url)
    {
        try
        {
            BindingAddress address = BindingAddress.Parse(url);
            return address is { Scheme: "http" or "https", IsUnixPipe: false, PathBase: "" } && address.Port is >= 0 and <= 65_535;
        }
        catch (Exception e) when (e is FormatException or InvalidOperationException)
        {
            return false;
        }
    }
}
