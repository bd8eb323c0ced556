using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>The service on a free port of this machine, with a client that speaks to it over HTTP.</summary>
internal sealed class JobService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private JobService(WebApplication app)
    {
        _app = app;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First() + "/api/v1/"), Timeout = TimeSpan.FromMinutes(5) };
    }

    public HttpClient Client { get; }

    public JobQueue Jobs => _app.Services.GetRequiredService<JobQueue>();

    public Schedules Schedules => _app.Services.GetRequiredService<Schedules>();

    /// <summary>A run open for reading, as a question opens it.</summary>
    public RunLease Lease(string run) => _app.Services.GetRequiredService<RunCatalog>().Lease(run);

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts it. Crawls may be led to loopback, or there would be nothing to crawl.</summary>
    public static async Task<JobService> StartAsync(string data, Func<ApiOptions, ApiOptions>? with = null, Action<IServiceCollection>? services = null)
    {
        var options = new ApiOptions { Data = data, Urls = ["http://127.0.0.1:0"], Dashboard = false, Jobs = new JobOptions { LocalCrawls = true, RetrySeconds = 0.1, TellSeconds = 0.02 } };
        WebApplication app = ApiHost.Build(with?.Invoke(options) ?? options, builder => services?.Invoke(builder.Services));
        await app.StartAsync(Cancel);
        return new JobService(app);
    }

    /// <summary>A request for a crawl of a sample web, as fast as this machine serves it.</summary>
    public static object CrawlOf(SampleWebServer server, long? maxPages = null) => new
    {
        seeds = server.Web.Seeds,
        scope = "all",
        allow_loopback = true,
        connect_to = new[] { server.ConnectTo },
        delay = 0,
        retry_after = 0.05,
        connections_per_host = 4,
        workers = 8,
        max_pages = maxPages,
    };

    /// <summary>Starts a job.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> PostAsync(string path, object body)
    {
        using HttpResponseMessage answer = await Client.PostAsJsonAsync(path, body, Cancel);
        JsonElement job = await answer.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{path}: {answer.StatusCode} {job}");
        string id = job.GetProperty("id").GetString()!;
        Assert.Equal($"/api/v1/jobs/{id}", answer.Headers.Location!.OriginalString);
        return id;
    }

    /// <summary>The problem that such a request is.</summary>
    public async Task<JsonElement> ProblemAsync(HttpStatusCode status, string path, object? body = null)
    {
        using HttpResponseMessage answer = await Client.PostAsJsonAsync(path, body ?? new { }, Cancel);
        return await ProblemOf(answer, status);
    }

    public static async Task<JsonElement> ProblemOf(HttpResponseMessage answer, HttpStatusCode status)
    {
        string text = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return JsonDocument.Parse(text).RootElement;
    }

    public Task<JsonElement> GetAsync(string path) => Client.GetFromJsonAsync<JsonElement>(path, Cancel);

    /// <summary>Waits for a job to come to a state; any other end fails.</summary>
    public async Task<JsonElement> WaitAsync(string id, params string[] states)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(10, Cancel))
        {
            JsonElement job = await GetAsync($"jobs/{id}");
            string state = job.GetProperty("state").GetString()!;
            if (states.Contains(state))
                return job;
            Assert.False(state is "done" or "failed" or "cancelled" || clock.Elapsed > TimeSpan.FromMinutes(2), $"wanted {string.Join(" or ", states)}: {job}");
        }
    }

    /// <summary>Events of a job as they come over the wire, until the server ends the answer.</summary>
    public async IAsyncEnumerable<(string Event, string Id, JsonElement Data)> EventsAsync(string id, string? lastSeen = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"jobs/{id}/events");
        if (lastSeen is not null)
            request.Headers.Add("Last-Event-ID", lastSeen);
        using HttpResponseMessage answer = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        using StreamReader lines = new(await answer.Content.ReadAsStreamAsync(Cancel), Encoding.UTF8);
        (string name, string number, string data) = ("", "", "");
        while (await lines.ReadLineAsync(Cancel) is { } line)
            if (line.Length == 0)
            {
                if (data.Length > 0)
                    yield return (name, number, JsonDocument.Parse(data).RootElement);
                (name, number, data) = ("", "", "");
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
                name = line[7..];
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
                number = line[4..];
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data += line[6..];
    }

    public static async Task Until(Func<bool> condition, string what)
    {
        for (var clock = Stopwatch.StartNew(); !condition(); await Task.Delay(5, Cancel))
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), $"waited two minutes for {what}");
    }

    /// <summary>That <c>current</c> names a run that is whole: every array of it and of its graphs is as its manifest says.</summary>
    public static string AssertWholeRun(string data)
    {
        var folder = new DataFolder(data);
        string id = folder.CurrentRun ?? throw new InvalidOperationException("there is no current run");
        foreach (string seal in Directory.GetFiles(data, "*.seal", SearchOption.AllDirectories))
            File.Delete(seal); // so that every checksum is looked at
        using Run run = folder.OpenRun(id, Cancel);
        Assert.Equal(1, Enumerable.Range(0, run.Graph.NodeCount).Sum(node => run.Column("pagerank")![node]), 9);
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }
}

/// <summary>A sample web that answers so many requests and then none until it is opened.</summary>
internal sealed class GatedWeb : IAsyncDisposable
{
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _first;
    private int _asked;

    private GatedWeb(int first) => _first = first;

    public SampleWebServer Server { get; private set; } = null!;

    /// <summary>Whether somebody waits at the gate.</summary>
    public bool Reached => Volatile.Read(ref _asked) > _first;

    public static async Task<GatedWeb> StartAsync(int first = 25)
    {
        var gated = new GatedWeb(first);
        gated.Server = await SampleWebServer.StartAsync(PlantedWeb.Generate(Cli.CrawlTests.Small), new SampleServerOptions
        {
            Before = async (context, _) =>
            {
                if (Interlocked.Increment(ref gated._asked) > first)
                    await gated._open.Task.WaitAsync(context.RequestAborted);
                return false;
            },
        });
        return gated;
    }

    public SampleReach Reach => Server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });

    public void Open() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Open();
        await Server.DisposeAsync();
    }
}
