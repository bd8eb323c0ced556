using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>What is planted.</summary>
public sealed record SampleWebOptions
{
    public int Seed { get; init; } = 1;

    /// <summary>Ordinary sites, 1 to 100,000; planted groups and labs come on top.</summary>
    public int Sites { get; init; } = 60;

    /// <summary>Of an ordinary site, on average, 6 to 100,000.</summary>
    public int PagesPerSite { get; init; } = 20;

    /// <summary>Groups of sites: farms, families, rings, franchises. One of each per 60 ordinary sites, at least one.</summary>
    public bool Groups { get; init; } = true;

    /// <summary>Sites that show the features of HTTP, URLs, encodings and robots.txt.</summary>
    public bool Labs { get; init; } = true;

    /// <summary>URLs without end.</summary>
    public bool Traps { get; init; } = true;

    /// <summary>Pages that attack their reader.</summary>
    public bool Hostile { get; init; } = true;

    /// <summary>Hosts that answer 403, 429, 503 or 500 or take all the time there is: a polite crawler waits for them.</summary>
    public bool Errors { get; init; } = true;

    /// <summary>Later epochs differ from the first.</summary>
    public bool Changes { get; init; } = true;

    /// <summary>Characters to which ordinary pages are filled up, 0 for none; 57,000 is a common size of real pages.</summary>
    public int PadTo { get; init; }

    /// <summary>Links of the page with very many.</summary>
    public int HostileLinks { get; init; } = 100_000;

    /// <summary>Bytes of pages kept in memory once written.</summary>
    public long CacheBytes { get; init; } = 256L << 20;

    internal void Check()
    {
        Range(Sites, 1, 100_000, nameof(Sites));
        Range(PagesPerSite, 6, 100_000, nameof(PagesPerSite));
        Range(PadTo, 0, 10_000_000, nameof(PadTo));
        Range(HostileLinks, 1, 1_000_000, nameof(HostileLinks));
        ArgumentOutOfRangeException.ThrowIfNegative(CacheBytes);
    }

    private static void Range(int value, int low, int high, string name)
    {
        if (value < low || value > high)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {low} to {high}");
    }
}

/// <summary>Sites that belong together.</summary>
/// <param name="Name">Such as <c>farm-dense-1</c>.</param>
/// <param name="Spam">Planted to deceive; the others are honest, however alike they look.</param>
/// <param name="Targets">Hosts the group exists to lift; empty for honest groups.</param>
public sealed record SampleGroup(string Name, bool Spam, IReadOnlyList<string> Hosts, IReadOnlyList<string> Targets);

/// <summary>URLs without end: those of a host whose path starts with the prefix.</summary>
public sealed record SampleTrap(string Name, string Host, string Prefix)
{
    public bool Contains(string url) => url.StartsWith("http://" + Host + Prefix, StringComparison.Ordinal);
}

/// <summary>
/// A small web, made from a seed: hosts, pages, links and everything a crawler meets, with the truth of what was planted.
/// The same options give the same bytes on any machine; pages are written when first asked for. All names end in
/// .example or .test, reserved by RFC 2606. Safe for any number of threads. Cost: some 1.5 KB a page before it is
/// written, its bytes and links after, within <see cref="SampleWebOptions.CacheBytes"/>.
/// </summary>
public sealed class PlantedWeb
{
    private readonly Dictionary<string, SampleSite> _byHost = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SampleSite> _sites = [];
    private long _cached;

    private PlantedWeb(SampleWebOptions options)
    {
        Options = options;
        Truth = new SampleTruth(this);
    }

    public SampleWebOptions Options { get; }

    public IReadOnlyList<SampleSite> Sites => _sites;

    /// <summary>From here every reachable page is reached: the directories and the index of the labs.</summary>
    public IReadOnlyList<string> Seeds { get; private set; } = [];

    public IReadOnlyList<SampleGroup> Groups => GroupList;

    public IReadOnlyList<SampleTrap> Traps => TrapList;

    public SampleTruth Truth { get; }

    internal List<SampleGroup> GroupList { get; } = [];

    internal List<SampleTrap> TrapList { get; } = [];

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static PlantedWeb Generate(SampleWebOptions? options = null)
    {
        options ??= new SampleWebOptions();
        options.Check();
        PlantedWeb web = new(options);
        OrdinarySites ordinary = new(web);
        ordinary.Plant();
        if (options.Groups)
            new Communities(web, ordinary).Plant();
        List<SamplePage> entrances = [];
        if (options.Labs)
        {
            HttpLab.Plant(web, entrances);
            RobotsLab.Plant(web, entrances);
        }
        if (options.Traps)
            TrapLab.Plant(web, entrances);
        if (options.Hostile || options.Errors)
            HostileLab.Plant(web, entrances);
        List<string> seeds = [.. ordinary.PlantDirectories()];
        if (entrances.Count > 0)
            seeds.Add(ordinary.PlantIndex(entrances));
        if (options.Changes)
            ordinary.PlantChanges();
        web.Seeds = seeds;
        return web;
    }

    /// <summary>The page of an absolute, normalised URL; null where there is none.</summary>
    public SamplePage? Find(string url)
    {
        if (!url.StartsWith("http://", StringComparison.Ordinal))
            return null;
        int slash = url.IndexOf('/', 7);
        return slash > 0 && FindSite(url[7..slash]) is { } site ? site.Find(url[slash..]) : null;
    }

    public SampleSite? FindSite(string host) => _byHost.GetValueOrDefault(host);

    public bool InTrap(string url) => TrapList.Exists(t => t.Contains(url));

    /// <summary>Hosts that are dead in an epoch.</summary>
    public IEnumerable<string> DeadHosts(int epoch) => _sites.Where(s => s.DeadFrom <= epoch).Select(s => s.Host);

    internal SampleSite Add(SampleSite site)
    {
        _byHost.Add(site.Host, site);
        _sites.Add(site);
        return site;
    }

    internal bool Has(string host) => _byHost.ContainsKey(host);

    internal bool Cache(long bytes)
    {
        if (Interlocked.Add(ref _cached, bytes) <= Options.CacheBytes)
            return true;
        Interlocked.Add(ref _cached, -bytes);
        return false;
    }

    /// <summary>A style sheet and an image, that links to them may lead somewhere.</summary>
    internal static void AddFiles(SampleSite site)
    {
        site.Add(new SamplePage(site, "/css/site.css", SamplePageKind.File, "") { ContentType = "text/css", Outcome = SampleOutcome.NotHtml, File = () => "body { max-width: 50em }\n"u8.ToArray() });
        site.Add(new SamplePage(site, "/img/logo.png", SamplePageKind.File, "") { ContentType = "image/png", Outcome = SampleOutcome.NotHtml, File = () => OnePixel });
    }

    // A PNG of one pixel: header, palette-less data, end.
    private static readonly byte[] OnePixel = Convert.FromBase64String(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");

    /// <summary>Files in which every byte is known: no compression, so nothing depends on a library's version (RFC 1952, RFC 1951 3.2.4).</summary>
    internal static byte[] StoredGzip(byte[] data)
    {
        using MemoryStream gzip = new();
        gzip.Write([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
        for (int at = 0; at == 0 || at < data.Length; at += 65535)
        {
            int length = Math.Min(65535, data.Length - at);
            gzip.WriteByte(at + length == data.Length ? (byte)1 : (byte)0);
            gzip.Write([(byte)length, (byte)(length >> 8), (byte)~length, (byte)(~length >> 8)]);
            gzip.Write(data, at, length);
        }
        uint crc = ~0u;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int i = 0; i < 8; i++)
                crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        }
        gzip.Write(BitConverter.GetBytes(~crc));
        gzip.Write(BitConverter.GetBytes(data.Length));
        return gzip.ToArray();
    }

    internal static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
