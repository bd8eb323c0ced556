namespace Backlinks.Api;

/// <summary>What the service serves, to whom, and within which limits. The command line and the configuration (section <c>Backlinks</c>) bind to it.</summary>
public sealed record ApiOptions
{
    /// <summary>The data folder.</summary>
    public required string Data { get; init; }

    /// <summary>Where to listen. Default: this machine only. Other addresses need API keys, or <see cref="Open"/>.</summary>
    public IReadOnlyList<string> Urls { get; init; } = ["http://localhost:5080"];

    /// <summary>Whether strangers may ask without a key where the service listens beyond this machine. Default no.</summary>
    public bool Open { get; init; }

    /// <summary>Whether a caller on loopback needs a key, too. Default no: whoever is on this machine can read the folder.</summary>
    public bool KeysOnLoopback { get; init; }

    /// <summary>Largest body of a request, in bytes, but for uploads of imports. Default 1 MiB: a batch of 1,000 targets takes a tenth.</summary>
    public long MaxBodyBytes { get; init; } = 1 << 20;

    /// <summary>Largest upload to import, in bytes. Default 1 GiB: a WARC file of Common Crawl.</summary>
    public long MaxUploadBytes { get; init; } = 1L << 30;

    /// <summary>Seconds after which a question is given up (504). Default 30. Streams of rows may take as long as they move.</summary>
    public double RequestSeconds { get; init; } = 30;

    /// <summary>Questions a minute from one caller (key, else address), with bursts of a tenth of it. Default 60,000, what two cores can answer.</summary>
    public int RequestsPerMinute { get; init; } = 60_000;

    /// <summary>Folders below which imports may name files of this machine. Default none: uploads only.</summary>
    public IReadOnlyList<string> ImportRoots { get; init; } = [];

    /// <summary>Runs kept open for reading at once. Default 4: the current one and some to compare with; mapped files cost address space, not memory.</summary>
    public int OpenRuns { get; init; } = 4;

    /// <summary>Memory of the engine that reads rows, in bytes, for all runs open together. Default 256 MiB.</summary>
    public long RowMemoryBytes { get; init; } = 256L << 20;

    /// <summary>Bytes of answers kept ready, for runs never change. Default 64 MiB.</summary>
    public long AnswerCacheBytes { get; init; } = 64L << 20;

    /// <summary>Runs kept when a new one is published; 0 keeps all. Default 10.</summary>
    public int KeepRuns { get; init; } = 10;

    /// <summary>How jobs are run.</summary>
    public JobOptions Jobs { get; init; } = new();

    /// <summary>Whether to serve the dashboard. Default yes.</summary>
    public bool Dashboard { get; init; } = true;
}
