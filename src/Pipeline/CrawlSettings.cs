using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>All that a crawl was asked for, as crawl.json keeps it, so that <c>--resume</c> and <c>why</c> need no repetition.</summary>
public sealed record CrawlSettings
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public required CrawlOptions Crawl { get; init; }

    public required PolitenessOptions Politeness { get; init; }

    public required string UserAgent { get; init; }

    public bool AllowLoopback { get; init; }

    public IReadOnlyList<string> ConnectTo { get; init; } = [];

    /// <summary>Beside the usual ones.</summary>
    public IReadOnlyList<int> Ports { get; init; } = [];

    public IReadOnlyList<string> Proxies { get; init; } = [];

    /// <summary>A public suffix list of the user's, or null for the one built in.</summary>
    public string? Psl { get; init; }

    /// <summary>A PEM file with the key that signs requests, or null.</summary>
    public string? SigningKey { get; init; }

    /// <summary>The site that publishes its public part.</summary>
    public string SigningSite { get; init; } = "";

    /// <summary>An endpoint that renders pages, with {url} for the page's, or null.</summary>
    public string? Renderer { get; init; }

    public FetcherOptions Fetcher() => new()
    {
        UserAgent = UserAgent,
        AllowLoopback = AllowLoopback,
        ConnectTo = ConnectTo,
        Ports = Ports.Count > 0 ? [80, 443, 8080, 8443, .. Ports] : null,
        MaxBody = Crawl.Pages.MaxBody,
        Proxies = [.. Proxies.Select(p => new Uri(p))],
    };

    /// <summary>Tells what is wrong before anything is made.</summary>
    /// <exception cref="ArgumentException">A value is out of its range, a seed no URL, an expression or a rule not readable.</exception>
    public void Check()
    {
        Crawl.Check();
        Politeness.Check();
        _ = Crawler.ScopeOf(Crawl, DomainOf());
        using var fetcher = new Fetcher(Fetcher());
    }

    /// <summary>The key as its file has it now; null where none was given.</summary>
    /// <exception cref="ArgumentException">The file has no private key on P-256.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public ECDsa? ReadSigningKey()
    {
        if (SigningKey is null)
            return null;
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(SigningKey));
            ECParameters parameters = key.ExportParameters(includePrivateParameters: true);
            return parameters.Curve.Oid.Value == "1.2.840.10045.3.1.7" ? key : throw new CryptographicException("its curve is another");
        }
        catch (Exception e)
        {
            key.Dispose();
            if (e is ArgumentException or CryptographicException)
                throw new RequestException("sign", $"{SigningKey} is not the PEM file of a private EC key on P-256 ('openssl ecparam -name prime256v1 -genkey -noout' makes one): {e.Message}");
            throw;
        }
    }

    /// <summary>The renderer that was asked for, or null.</summary>
    /// <param name="fetcher">Judges what may be rendered.</param>
    /// <param name="time">Null for the system's.</param>
    /// <exception cref="ArgumentException">The endpoint is no URL, or has no {url}.</exception>
    public IRenderer? RendererOf(HttpClient http, Fetcher fetcher, TimeProvider? time = null) => Renderer is null ? null
        : new HttpEndpointRenderer(http, new HttpEndpointRendererOptions { Endpoint = Renderer, Clock = time ?? TimeProvider.System }, fetcher.VetAsync);

    public string ToJson() => JsonSerializer.Serialize(this, Format) + "\n";

    /// <exception cref="StoreException">The file is damaged.</exception>
    public static CrawlSettings Read(DataFolder folder, string crawl)
    {
        string path = Path.Combine(folder.Crawls, crawl, DataFolder.CrawlSettings);
        try
        {
            return JsonSerializer.Deserialize<CrawlSettings>(File.ReadAllText(path), Format) ?? throw new JsonException("it is empty");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new StoreException(path, "is missing; start the crawl anew: what it found is in the store", e);
        }
        catch (JsonException e)
        {
            throw new StoreException(path, $"is damaged ({e.Message}); start the crawl anew: what it found is in the store", e);
        }
    }

    /// <summary>Host to registrable domain, private suffixes included: to a crawl, alice.github.io is a site of its own.</summary>
    public Func<string, string> DomainOf()
    {
        PublicSuffixList list = Psl is null ? PublicSuffixList.BuiltIn : PublicSuffixList.Load(Psl);
        return host => list.DomainOf(host) ?? host;
    }
}
