using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Backlinks.GraphEngine;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Backlinks.Ingest;

/// <summary>A page as a browser has it after its scripts ran.</summary>
public sealed record RenderedPage
{
    /// <summary>Of the page, as the browser saw it; 0 unknown.</summary>
    public int Status { get; init; }

    /// <summary>Where the browser ended; "" unknown. Another host means a redirect: its robots.txt decides before this is used.</summary>
    public string Url { get; init; } = "";

    /// <summary>The document, UTF-8.</summary>
    public ReadOnlyMemory<byte> Html { get; init; }

    /// <summary>Null where there is a page. Failures of the service are failures of ours: they say nothing of the page.</summary>
    public VisitOutcome? Failure { get; init; }

    public string Error { get; init; } = "";

    public int Milliseconds { get; init; }
}

/// <summary>
/// Renders pages; opt-in. <see cref="HttpEndpointRenderer"/> asks a service. A local browser plugs in here too, in an
/// assembly of its own so that nobody else carries it: an implementation over Microsoft.Playwright or a remote DevTools
/// connection takes a URL that robots.txt allows and <see cref="Fetcher.VetAsync"/> passes, and runs the browser behind a
/// filtering proxy, for scripts fetch what they like. Callers count a rendered page against the politeness of its host as
/// any request, and ask for no page that robots.txt denies.
/// </summary>
public interface IRenderer
{
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was asked for; all else is a result.</exception>
    Task<RenderedPage> RenderAsync(WebUrl url, CancellationToken cancel = default);
}

/// <summary>How a rendering service is asked.</summary>
public sealed record HttpEndpointRendererOptions
{
    /// <summary>For example <c>http://127.0.0.1:3000/content?url={url}</c>; {url} is the page's, percent-encoded.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Sent by POST as JSON where not null, {url} standing for the page's URL as a JSON string: <c>{"url": {url}}</c>.</summary>
    public string? Body { get; init; }

    /// <summary>Sent with each request, for example Authorization.</summary>
    public IReadOnlyList<(string Name, string Value)> Fields { get; init; } = [];

    /// <summary>For one attempt.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Attempts after the first, where the service failed (5xx, 429, no answer).</summary>
    public int Retries { get; init; } = 2;

    /// <summary>Failures in a row after which the service is left alone for <see cref="BreakDuration"/>.</summary>
    public int BreakAfterFailures { get; init; } = 5;

    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of an answer.</summary>
    public int MaxAnswer { get; init; } = 20_000_000;

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Renders by an HTTP service of the user's. It answers with HTML, or with a JSON object: "html" or "content" the document,
/// and if it likes "status" and "url". The page's URL is judged before it is sent, and the one the browser ended at before
/// its document is used: a browser that was led into the private network must not bring anything back from there. The
/// service's own address is the user's word and not judged.
/// </summary>
public sealed class HttpEndpointRenderer : IRenderer
{
    private readonly HttpEndpointRendererOptions _options;
    private readonly HttpClient _http;
    private readonly Func<WebUrl, CancellationToken, Task<string?>> _vet;
    private readonly ResiliencePipeline _pipeline;

    /// <param name="http">Stays the caller's to dispose.</param>
    /// <param name="vet">Why a URL may not be rendered, or null: <see cref="Fetcher.VetAsync"/>.</param>
    /// <exception cref="ArgumentException">The endpoint is no http(s) URL, or neither it nor the body has {url}.</exception>
    public HttpEndpointRenderer(HttpClient http, HttpEndpointRendererOptions options, Func<WebUrl, CancellationToken, Task<string?>> vet)
    {
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(vet);
        if (!Uri.TryCreate(options.Endpoint.Replace("{url}", "x", StringComparison.Ordinal), UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            throw new ArgumentException($"\"{options.Endpoint}\" is not an endpoint: an http or https URL", nameof(options));
        if (!(options.Body ?? options.Endpoint).Contains("{url}", StringComparison.Ordinal))
            throw new ArgumentException("the page's URL is nowhere: put {url} into the endpoint or the body", nameof(options));
        (_http, _options, _vet) = (http, options, vet);
        var failures = new PredicateBuilder().Handle<HttpRequestException>().Handle<IOException>().Handle<TimeoutRejectedException>();
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = options.Clock };
        if (options.Retries > 0)
            pipeline.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = options.Retries,
                Delay = TimeSpan.FromSeconds(1),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = failures,
            });
        _pipeline = pipeline
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = 1,
                MinimumThroughput = Math.Max(2, options.BreakAfterFailures),
                SamplingDuration = TimeSpan.FromMinutes(10),
                BreakDuration = options.BreakDuration,
                ShouldHandle = failures,
            })
            .AddTimeout(options.Timeout).Build();
    }

    public async Task<RenderedPage> RenderAsync(WebUrl url, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(url);
        long start = _options.Clock.GetTimestamp();
        RenderedPage page;
        try
        {
            page = await _vet(url, cancel).ConfigureAwait(false) is { } refusal
                ? new RenderedPage { Failure = VisitOutcome.Refused, Error = refusal }
                : await _pipeline.ExecuteAsync(async token => await AskAsync(url, token).ConfigureAwait(false), cancel).ConfigureAwait(false);
            if (page.Failure is null && page.Url.Length > 0 && page.Url != url.PageKey)
                page = WebUrl.TryParse(page.Url) is not { } end ? new RenderedPage { Failure = VisitOutcome.Refused, Error = "the browser ended at no URL" }
                    : await _vet(end, cancel).ConfigureAwait(false) is { } why ? new RenderedPage { Failure = VisitOutcome.Refused, Error = $"the browser ended at {end.PageKey}: {why}" }
                    : page with { Url = end.PageKey };
        }
        catch (TimeoutRejectedException)
        {
            page = new RenderedPage { Failure = VisitOutcome.TimedOut, Error = FormattableString.Invariant($"the rendering service did not answer within {_options.Timeout.TotalSeconds:0.###} s") };
        }
        catch (BrokenCircuitException)
        {
            page = new RenderedPage { Failure = VisitOutcome.NetworkError, Error = "the rendering service is left alone for a while after failures" };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            page = new RenderedPage { Failure = VisitOutcome.NetworkError, Error = $"the rendering service failed: {e.Message}" };
        }
        return page with { Milliseconds = (int)_options.Clock.GetElapsedTime(start).TotalMilliseconds };
    }

    private async Task<RenderedPage> AskAsync(WebUrl url, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(_options.Body is null ? HttpMethod.Get : HttpMethod.Post,
            _options.Endpoint.Replace("{url}", Uri.EscapeDataString(url.PageKey), StringComparison.Ordinal));
        foreach ((string name, string value) in _options.Fields)
            request.Headers.TryAddWithoutValidation(name, value);
        if (_options.Body is { } body)
            request.Content = new StringContent(body.Replace("{url}", $"\"{JavaScriptEncoder.Default.Encode(url.PageKey)}\"", StringComparison.Ordinal), Encoding.UTF8,
                new MediaTypeHeaderValue("application/json"));
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel).ConfigureAwait(false);
        int status = (int)response.StatusCode;
        if (status is 429 or >= 500)
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"it answered {status}"));
        if (status is < 200 or > 299)
            return new RenderedPage { Failure = VisitOutcome.NetworkError, Error = string.Create(CultureInfo.InvariantCulture, $"the rendering service answered {status}") };
        ReadBody answer = await BodyReader.ReadAsync(await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false), response.Content.Headers.ContentEncoding,
            _options.MaxAnswer, null, null, cancel, cancel).ConfigureAwait(false);
        if (!answer.Complete)
            throw new IOException($"its answer is not whole: {answer.Error}");
        return response.Content.Headers.ContentType?.MediaType is { } type && type.EndsWith("json", StringComparison.OrdinalIgnoreCase)
            ? ReadJson(answer.Bytes) : new RenderedPage { Html = answer.Bytes };
    }

    private static RenderedPage ReadJson(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            string? html = null, url = null;
            int status = 0;
            if (json.RootElement.ValueKind == JsonValueKind.Object)
                foreach (JsonProperty property in json.RootElement.EnumerateObject())
                    if (property.Name is "html" or "content" && property.Value.ValueKind == JsonValueKind.String)
                        html ??= property.Value.GetString();
                    else if (property.Name is "url" && property.Value.ValueKind == JsonValueKind.String)
                        url = property.Value.GetString();
                    else if (property.Name is "status" && property.Value.ValueKind == JsonValueKind.Number)
                        _ = property.Value.TryGetInt32(out status);
            return html is null
                ? new RenderedPage { Failure = VisitOutcome.NetworkError, Error = "the rendering service's JSON has neither \"html\" nor \"content\"" }
                : new RenderedPage { Html = Encoding.UTF8.GetBytes(html), Url = url ?? "", Status = status };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half a surrogate pair
        {
            return new RenderedPage { Failure = VisitOutcome.NetworkError, Error = $"the rendering service's JSON cannot be read: {e.Message}" };
        }
    }
}

/// <summary>
/// Which hosts need rendering. Rendering costs far more than a fetch, and many pages have the same links without: three
/// pages of a host are taken both ways, and where their link sets agree (Jaccard at least .95, each of the three) raw HTML
/// is kept for the host. Where one differs, the host is rendered.
/// Memory: a name and two fields a host; of at most <paramref name="maxHosts"/> the first known are forgotten first, and would be
/// looked at anew. Safe for many threads.
/// </summary>
public sealed class RenderPolicy(int maxHosts = 100_000)
{
    public const int Samples = 3;
    public const double Agreement = 0.95;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, State> _hosts = [];
    private readonly Queue<string> _order = new();

    /// <summary>Whether the next page of the host should be rendered: while it is looked at, and if it proved to need it.</summary>
    public bool ShouldRender(string host)
    {
        lock (_lock)
            return !_hosts.TryGetValue(host, out State state) || state.Needed || state.Agreed < Samples;
    }

    /// <summary>Whether a page of the host differed, or <see cref="Need"/> said so.</summary>
    public bool IsNeeded(string host)
    {
        lock (_lock)
            return _hosts.TryGetValue(host, out State state) && state.Needed;
    }

    /// <summary>Says that the host needs rendering, as an earlier crawl found.</summary>
    public void Need(string host)
    {
        lock (_lock)
        {
            Admit(host);
            _hosts[host] = new State(0, Needed: true);
        }
    }

    /// <summary>Says what a page gave both ways; returns the agreement of its link sets, 0 to 1.</summary>
    public double Report(string host, IEnumerable<string> rawLinks, IEnumerable<string> renderedLinks)
    {
        double agreement = Jaccard(rawLinks, renderedLinks);
        lock (_lock)
        {
            State state = Admit(host);
            if (!state.Needed && state.Agreed < Samples) // decided is decided
                _hosts[host] = agreement >= Agreement ? state with { Agreed = state.Agreed + 1 } : state with { Needed = true };
        }
        return agreement;
    }

    private State Admit(string host)
    {
        if (!_hosts.TryGetValue(host, out State state))
        {
            if (_order.Count >= maxHosts)
                _hosts.Remove(_order.Dequeue());
            _order.Enqueue(host);
            _hosts.Add(host, state);
        }
        return state;
    }

    /// <summary>|A ∩ B| / |A ∪ B|; two empty sets agree.</summary>
    public static double Jaccard(IEnumerable<string> a, IEnumerable<string> b)
    {
        var first = new HashSet<string>(a, StringComparer.Ordinal);
        var second = new HashSet<string>(b, StringComparer.Ordinal);
        int common = first.Count(second.Contains), all = first.Count + second.Count - common;
        return all == 0 ? 1 : (double)common / all;
    }

    private readonly record struct State(int Agreed, bool Needed);
}
