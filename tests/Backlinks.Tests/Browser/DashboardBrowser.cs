using Backlinks.Tests.Api;
using Backlinks.Tests.Cli;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Backlinks.Tests.Browser;

/// <summary>Tests that look at the dashboard in a real browser; one service and one browser serve them all.</summary>
[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<DashboardBrowser>
{
    public const string Name = "Browser";
}

/// <summary>
/// Debian's Chromium, and the service over the sample web, crawled and ranked twice. Started when the first test asks; where there is no
/// Chromium, tests that ask are skipped.
/// </summary>
public sealed class DashboardBrowser : IAsyncLifetime
{
    /// <summary>Where Chromium is; $BACKLINKS_CHROMIUM says otherwise.</summary>
    private static string Executable => Environment.GetEnvironmentVariable("BACKLINKS_CHROMIUM") is { Length: > 0 } path ? path : "/usr/bin/chromium";

    /// <summary>As root, Chromium runs without its sandbox only; the others keep it from calling home.</summary>
    private static readonly string[] Switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private readonly SampleWebRun _run;
    private readonly SemaphoreSlim _gate = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private RunningService? _service;

    public DashboardBrowser(SampleWebRun run) => _run = run;

    /// <summary>Pictures of what tests saw.</summary>
    internal static string Screenshots => Path.Combine(Inputs.Repository, "TestResults", "screenshots");

    /// <summary>The service over the shared data folder.</summary>
    internal async Task<RunningService> ServiceAsync()
    {
        await StartAsync();
        return _service!;
    }

    /// <summary>A service over another folder, which need not be there; for the caller to dispose.</summary>
    internal Task<RunningService> ServeEmptyAsync(string data) => _run.ServeAsync(data, options => options with { Dashboard = true });

    /// <summary>
    /// Opens a page and lets a test look at it. Fails afterwards if the browser complained of anything, or asked anybody but this machine;
    /// leaves a picture when the test fails.
    /// </summary>
    /// <param name="address">Path and query.</param>
    /// <param name="service">Another than the shared one.</param>
    internal async Task ShowAsync(string address, Func<DashboardView, Task> look, int width = 1280, bool dark = false, RunningService? service = null, [System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        await StartAsync();
        Uri root = (service ?? _service!).Url;
        await using IBrowserContext context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = width < 600 ? 812 : 1000 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            BaseURL = root.AbsoluteUri,
            AcceptDownloads = true,
        });
        context.SetDefaultTimeout(DashboardView.Patience);
        IPage page = await context.NewPageAsync();
        var view = new DashboardView(page, root);
        try
        {
            await view.GoAsync(address);
            await look(view);
        }
        catch (Exception) when (view.Complaints.Count == 0)
        {
            await view.ShootAsync($"failed-{test}");
            throw;
        }
        Assert.True(view.Complaints.Count == 0, string.Join('\n', view.Complaints));
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        if (_service is not null)
            await _service.DisposeAsync();
        _gate.Dispose();
    }

    private async Task StartAsync()
    {
        Assert.SkipUnless(File.Exists(Executable), $"there is no Chromium at {Executable}: apt-get install chromium, or say where one is in BACKLINKS_CHROMIUM");
        await _gate.WaitAsync();
        try
        {
            if (_service is not null)
                return;
            Assertions.SetDefaultExpectTimeout(DashboardView.Patience);
            _playwright = await Playwright.CreateAsync();
            _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = Switches, Timeout = DashboardView.Patience });
            _service = await _run.ServeAsync(change: options => options with { Dashboard = true });
        }
        finally
        {
            _gate.Release();
        }
    }
}

/// <summary>A page of the dashboard in the browser.</summary>
internal sealed class DashboardView
{
    /// <summary>How long anything may take before it has failed, in milliseconds: a machine that does ten other things is no failure.</summary>
    public const int Patience = 120_000;

    private readonly Uri _root;

    public DashboardView(IPage page, Uri root)
    {
        Page = page;
        _root = root;
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                Complaints.Add($"console: {message.Text} ({message.Location})");
        };
        page.PageError += (_, error) => Complaints.Add($"script: {error}");
        page.Dialog += async (_, dialog) =>
        {
            Complaints.Add($"a dialog opened: {dialog.Message}"); // what an injected script would do
            await dialog.DismissAsync();
        };
        page.Request += (_, request) =>
        {
            if (Uri.TryCreate(request.Url, UriKind.Absolute, out Uri? url) && url.Scheme is not ("data" or "blob" or "about") && (url.Host, url.Port) != (root.Host, root.Port))
                Complaints.Add($"asked somebody else: {request.Url}");
        };
        page.RequestFailed += (_, request) =>
        {
            if (request.Failure is not ("net::ERR_ABORTED" or null)) // a page left, or a file saved
                Complaints.Add($"{request.Url} failed: {request.Failure}");
        };
    }

    public IPage Page { get; }

    /// <summary>What the browser complained of.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Loads an address and waits until the page is alive.</summary>
    public async Task GoAsync(string address)
    {
        await Page.GotoAsync(new Uri(_root, address).AbsoluteUri);
        await AliveAsync();
    }

    /// <summary>Waits until the page listens, and has loaded what it shows.</summary>
    public async Task AliveAsync()
    {
        await Page.Locator("[data-live=true]").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
        await Assertions.Expect(Page.Locator("main .loading, main [aria-busy]")).ToHaveCountAsync(0, new LocatorAssertionsToHaveCountOptions { Timeout = Patience });
    }

    /// <summary>Waits until the address has come to hold this text.</summary>
    public async Task ArrivesAsync(string part)
    {
        // Looked at, not listened for: the browser's word of an address that a script replaced comes at times before one can listen.
        for (long start = Environment.TickCount64; !Uri.UnescapeDataString(Page.Url).Contains(part, StringComparison.Ordinal); await Task.Delay(20))
            Assert.True(Environment.TickCount64 - start < Patience, $"the address did not come to hold '{part}': {Page.Url}");
        await Page.WaitForLoadStateAsync();
    }

    /// <summary>Waits until there is such a thing with this text.</summary>
    public Task SeesAsync(string selector, string text) => Assertions.Expect(Page.Locator(selector).Filter(new LocatorFilterOptions { HasText = text }).First).ToBeVisibleAsync(new LocatorAssertionsToBeVisibleOptions { Timeout = Patience });

    /// <summary>A picture of the whole page, in <see cref="DashboardBrowser.Screenshots"/>.</summary>
    public Task ShootAsync(string name) => Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(DashboardBrowser.Screenshots, name + ".png"), FullPage = true });

    /// <summary>Pixels by which the page is wider than the window; it must scroll in one direction only.</summary>
    public Task<int> OverhangAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    /// <summary>What axe finds to be serious or critical, one a line; empty if nothing.</summary>
    /// <param name="colours">Its rule on colours alone: what else it finds does not depend on the theme.</param>
    public async Task<string> HindrancesAsync(bool colours = false)
    {
        AxeResult result = await Page.RunAxe(new AxeRunOptions
        {
            ResultTypes = [ResultType.Violations], // what passes is not told element by element: most of its time
            RunOnly = colours ? new RunOnlyOptions { Type = "rule", Values = ["color-contrast"] } : null,
        });
        return string.Join('\n', result.Violations.Where(v => v.Impact is "serious" or "critical").Select(v => $"{v.Impact} {v.Id}: {v.Help}: {string.Join(" | ", v.Nodes.Take(5).Select(n => n.Html))}"));
    }
}
