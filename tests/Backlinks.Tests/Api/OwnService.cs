using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Backlinks.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Tests.Api;

/// <summary>A service of a test's own, on a free port and an own, at first empty, folder; its log is kept.</summary>
internal sealed class OwnService : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Captured _log = new();

    private OwnService() { }

    public string Data => _folder.Path;

    public WebApplication App { get; private set; } = null!;

    public Uri Url { get; private set; } = null!;

    /// <summary>Follows no redirects and keeps no cookies.</summary>
    public HttpClient Client { get; private set; } = null!;

    public IEnumerable<string> Log => _log.Lines;

    /// <param name="map">Adds addresses before the service starts.</param>
    public static async Task<OwnService> StartAsync(Func<ApiOptions, ApiOptions>? change = null, Action<WebApplication>? map = null, Action<string>? prepare = null, Action<WebApplicationBuilder>? configure = null)
    {
        var service = new OwnService();
        prepare?.Invoke(service.Data);
        var options = new ApiOptions { Data = service.Data, Urls = ["http://127.0.0.1:0"], Dashboard = false };
        service.App = ApiHost.Build(change?.Invoke(options) ?? options, builder =>
        {
            builder.Logging.AddProvider(service._log);
            configure?.Invoke(builder);
        });
        map?.Invoke(service.App);
        await service.App.StartAsync();
        service.Url = new Uri(service.App.Urls.First());
        service.Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = service.Url };
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        await App.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class Captured : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose() { }
    }
}

/// <summary>Requests and what must come back.</summary>
internal static class Asking
{
    public static HttpRequestMessage With(this HttpRequestMessage request, string header, string value)
    {
        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    public static HttpRequestMessage Get(string path) => new(HttpMethod.Get, path);

    public static HttpRequestMessage Post(string path, string json = "{}") => new(HttpMethod.Post, path) { Content = new StringContent(json, System.Text.Encoding.UTF8, "application/json") };

    /// <summary>Sends it and requires a problem of that code, complete and with its status.</summary>
    public static async Task<JsonElement> RefusedAsync(this HttpClient client, HttpRequestMessage request, string code)
    {
        using HttpResponseMessage response = await client.SendAsync(request);
        return await ProblemAsync(response, code);
    }

    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, string code)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.Content.Headers.ContentType?.MediaType == "application/problem+json", $"{(int)response.StatusCode} {response.Content.Headers.ContentType}: {text}");
        JsonElement problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(Problems.Codes[code].Status, (int)response.StatusCode);
        Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
        Assert.NotEmpty(problem.GetProperty("detail").GetString()!);
        Assert.NotEmpty(problem.GetProperty("trace_id").GetString()!);
        return problem;
    }

    public static async Task<HttpStatusCode> StatusAsync(this HttpClient client, HttpRequestMessage request)
    {
        using HttpResponseMessage response = await client.SendAsync(request);
        return response.StatusCode;
    }
}
