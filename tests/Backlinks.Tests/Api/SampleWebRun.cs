using Backlinks.Api;
using Backlinks.GraphEngine;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Backlinks.Tests.Api;
using Backlinks.Tests.Cli;
using Microsoft.AspNetCore.Builder;
using Program = Backlinks.Tests.Cli.Program;

[assembly: AssemblyFixture(typeof(SampleWebRun))]

namespace Backlinks.Tests.Api;

/// <summary>
/// The sample web crawled over loopback and ranked twice, made once for all tests of the service when the first of them asks for it. After
/// the crawl come other tools' exports and, in the days behind, pages that are gone, so that there are links of all kinds: new and
/// lost ones, dates over years, text that nobody should believe. Tests that change anything take a copy.
/// </summary>
public sealed class SampleWebRun : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<Task<string>> _data;

    public SampleWebRun() => _data = new Lazy<Task<string>>(() => Task.Run(MakeAsync));

    /// <summary>What was planted.</summary>
    internal PlantedWeb Web { get; } = PlantedWeb.Generate(new SampleWebOptions { Seed = 1, HostileLinks = 500, Errors = false, Traps = false });

    /// <summary>A text with HTML, quotes and a formula, anchor of links from <c>evil.example</c> to <c>labs.example</c>.</summary>
    internal const string Evil = "=cmd|' /C calc'!A0 <script>alert(1)</script> \"quoted\", ';DROP TABLE links;-- & <b>bold</b>";

    /// <summary>The data folder, to be read only.</summary>
    internal Task<string> DataAsync() => _data.Value;

    /// <summary>A copy of the data folder, to be changed at will; it goes with <paramref name="into"/>.</summary>
    internal async Task<string> CopyAsync(TemporaryFolder into)
    {
        string data = await DataAsync(), copy = into.File("data");
        foreach (string folder in Directory.EnumerateDirectories(data, "*", SearchOption.AllDirectories).Prepend(data))
            Directory.CreateDirectory(copy + folder[data.Length..]);
        foreach (string file in Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f) != ".lock"))
            File.Copy(file, copy + file[data.Length..]);
        return copy;
    }

    /// <summary>The service on a free port of the shared folder, or of <paramref name="data"/>.</summary>
    internal async Task<RunningService> ServeAsync(string? data = null, Func<ApiOptions, ApiOptions>? change = null)
    {
        var options = new ApiOptions { Data = data ?? await DataAsync(), Urls = ["http://127.0.0.1:0"], Dashboard = false };
        WebApplication app = ApiHost.Build(change is null ? options : change(options));
        await app.StartAsync();
        return new RunningService(app, app.Urls.First());
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_data.IsValueCreated)
            await _data.Value.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _folder.Dispose();
    }

    private async Task<string> MakeAsync()
    {
        string data = _folder.File("data");
        await using SampleWebServer server = await SampleWebServer.StartAsync(Web);
        Program.Run(["crawl", .. Web.Seeds, "--scope", "all", "--allow-loopback", "--connect-to", server.ConnectTo, "--delay", "0", "--retry-after", "0.05",
            "--connections-per-host", "4", "--workers", "8", "--patience", "3", "--max-pages", "3000", "--data", data, "--json"]).Ok();
        Program.Run("import", Inputs.Dataset("tiny", "exports"), "--data", data).Ok();
        Program.Run("rank", "--store", "--data", data, "--json").Ok();
        using (DuckDbLinkStore store = new DataFolder(data).OpenLinks(readOnly: false))
            store.Write([.. Later(store)]);
        Program.Run("rank", "--store", "--data", data, "--json").Ok();
        return data;
    }

    /// <summary>Every eleventh page gone, seen twice; a page full of evil text; all after the crawl.</summary>
    private static IEnumerable<PageVisit> Later(DuckDbLinkStore store)
    {
        List<StoredPage> pages = [.. store.Pages().Where(p => p is { Granularity: Granularity.Page, LastOutcome: VisitOutcome.Fetched }).OrderBy(p => p.Url, StringComparer.Ordinal)];
        DateTime start = pages.Max(p => p.LastVisit!.Value);
        for (int i = 5; i < pages.Count; i += 11)
            foreach (int days in new[] { 1, 3 })
                yield return new PageVisit { Url = pages[i].Url, At = start.AddDays(days + i % 40), Source = "crawl:later", Outcome = VisitOutcome.Gone, Status = 404 };
        yield return new PageVisit
        {
            Url = "http://evil.example/",
            At = start.AddDays(45),
            Source = "crawl:later",
            Outcome = VisitOutcome.Fetched,
            Status = 200,
            Title = "<img src=x onerror=alert(2)>",
            Address = "203.0.113.9",
            Links = [.. new[] { "http://labs.example/", "http://directory.example/" }.SelectMany(target => new[] { Evil, "'", "", "\u202Ebidi", "a,b\r\n\"c\"", "naïve 語 🎈" }
                .Select(anchor => new LinkObservation { Target = target, Anchor = anchor, Left = "<i>", Right = "</i>", Zone = Zone.Main }))],
        };
    }
}

/// <summary>A service that a test talks to.</summary>
internal sealed class RunningService(WebApplication app, string url) : IAsyncDisposable
{
    public WebApplication App { get; } = app;

    public Uri Url { get; } = new(url);

    public HttpClient Client { get; } = new() { BaseAddress = new Uri(new Uri(url), "/api/v1/") };

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.DisposeAsync();
    }
}
