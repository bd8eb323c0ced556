using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.Pipeline;
using Backlinks.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backlinks.Tests.Browser;

/// <summary>Work started, watched and stopped from the dashboard, and who may do so.</summary>
[Collection(BrowserTests.Name)]
public sealed class JobsPageTests(DashboardBrowser browser, SampleWebRun run) : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private LoopbackServer? _site;

    /// <summary>A site of three pages, one that is gone and one that is forbidden; behind them, pages that answer when the test is over.</summary>
    private LoopbackServer Site => _site ??= new LoopbackServer(async (head, stream, stop) =>
    {
        string path = head.Split(' ')[1];
        if (path.StartsWith("/wait", StringComparison.Ordinal))
            await _gate.Task.WaitAsync(stop);
        await stream.WriteAsync(path switch
        {
            "/" => Html("<a href=/a>a page</a> <a href=/gone>gone</a> <a href=/private>private</a>"),
            "/a" => Html("<a href=/b>the next page</a>"),
            "/b" => Html("<a href=/wait/1>slow</a> <a href=/wait/2>slow, too</a>"),
            "/private" => LoopbackServer.Response("403 Forbidden"),
            _ => LoopbackServer.Response("404 Not Found"),
        }, stop);
        return true;
    });

    private static byte[] Html(string body) => LoopbackServer.Response("200 OK", $"<!doctype html><title>A page</title><p>{body}</p>", "Content-Type: text/html; charset=utf-8");

    public async ValueTask DisposeAsync()
    {
        _gate.TrySetResult();
        if (_site is not null)
            await _site.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_crawl_is_started_from_the_form_tells_outcomes_as_they_come_and_is_cancelled()
    {
        await using RunningService service = await run.ServeAsync(_folder.File("data"), options => options with { Dashboard = true, Jobs = options.Jobs with { LocalCrawls = true } });
        await browser.ShowAsync("/jobs?start=1", async view =>
        {
            await view.Page.GetByLabel("Begin at").FillAsync($"http://127.0.0.1:{Site.Port}/");
            await view.Page.GetByLabel("Seconds between requests to a host").FillAsync("0");
            await view.Page.GetByLabel("Sites of this machine, too").CheckAsync();
            await view.Page.GetByLabel("Ports beside").FillAsync($"{Site.Port}");
            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Start the crawl" }).ClickAsync();
            ILocator card = view.Page.Locator(".job");
            await Expect(card.Locator("[data-outcomes] [data-outcome=fetched]")).ToHaveTextAsync("3");
            await Expect(card.Locator("[data-outcomes] [data-outcome=blocked]")).ToHaveTextAsync("1");
            await Expect(card.Locator("[data-outcomes] [data-outcome=gone]")).ToHaveTextAsync("1");
            await Expect(card).ToHaveAttributeAsync("data-state", "running"); // it waits for the slow page
            string id = (await card.GetAttributeAsync("data-job"))!;
            JsonElement told = (await service.Client.GetFromJsonAsync<JsonElement>($"jobs/{id}")).GetProperty("progress").GetProperty("outcomes");
            Assert.Equal((3, 1, 1), (told.GetProperty("fetched").GetInt64(), told.GetProperty("blocked").GetInt64(), told.GetProperty("gone").GetInt64()));
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync("crawl-under-way");

            await card.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
            await Expect(view.Page.Locator(".job[data-state=cancelled]")).ToHaveCountAsync(1);
            await Expect(view.Page.Locator(".job[data-state=cancelled] button", new() { HasText = "Go on with it" })).ToBeVisibleAsync();
            await Expect(view.Page.Locator("[data-outcomes]")).ToHaveCountAsync(0); // the result says it now
            JsonElement ended = await service.Client.GetFromJsonAsync<JsonElement>($"jobs/{id}");
            Assert.Equal("cancelled", ended.GetProperty("state").GetString());
            Assert.Equal("stopped", ended.GetProperty("result").GetProperty("counts").GetProperty("end").GetString());
            Assert.Equal(1, ended.GetProperty("result").GetProperty("counts").GetProperty("outcomes").GetProperty("blocked").GetInt64());
        }, service: service);
    }

    [Fact]
    public async Task A_schedule_is_added_and_removed()
    {
        await using RunningService service = await run.ServeAsync(_folder.File("data"), options => options with { Dashboard = true });
        await browser.ShowAsync("/jobs", async view =>
        {
            await view.SeesAsync("main p", "Nothing starts by the clock.");
            await view.Page.GetByText("Add a schedule").ClickAsync();
            await view.Page.GetByLabel("When (cron").FillAsync("30 4 * * 2");
            await view.Page.GetByLabel("Time zone").FillAsync("Europe/Vienna");
            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
            await view.SeesAsync("main td", "30 4 * * 2");
            JsonElement schedule = Assert.Single((await service.Client.GetFromJsonAsync<JsonElement>("schedules")).GetProperty("schedules").EnumerateArray());
            Assert.Equal(("30 4 * * 2", "Europe/Vienna", "run"), (schedule.GetProperty("cron").GetString(), schedule.GetProperty("time_zone").GetString(), schedule.GetProperty("kind").GetString()));
            await view.GoAsync("/jobs"); // it is kept
            await view.Page.GetByRole(AriaRole.Button, new() { Name = $"Remove schedule {schedule.GetProperty("id").GetString()}" }).ClickAsync();
            await view.SeesAsync("main p", "Nothing starts by the clock.");
            Assert.Empty((await service.Client.GetFromJsonAsync<JsonElement>("schedules")).GetProperty("schedules").EnumerateArray());
        }, service: service);
    }

    [Fact]
    public async Task A_stranger_who_may_read_sees_jobs_and_no_way_to_start_or_stop_any()
    {
        await using RunningService service = await run.ServeAsync(_folder.File("data"), options => options with { Dashboard = true, Open = true, KeysOnLoopback = true, Jobs = options.Jobs with { LocalCrawls = true } });
        Job job = service.App.Services.GetRequiredService<JobQueue>().Start(new CrawlRequest { Seeds = [$"http://127.0.0.1:{Site.Port}/"], AllowLoopback = true, Ports = [Site.Port], Delay = 0 });
        service.App.Services.GetRequiredService<Schedules>().Add(new ScheduleRequest { Cron = "0 3 * * 1", Kind = JobKind.Run, Request = JsonSerializer.SerializeToElement(new { store = true }) });
        await browser.ShowAsync("/jobs?start=1", async view =>
        {
            await Expect(view.Page.Locator($".job[data-job='{job.Id}'] [data-outcome=fetched]")).ToHaveTextAsync("3"); // watched as by anybody
            await view.SeesAsync("main td", "0 3 * * 1");
            string[] buttons = [.. (await view.Page.Locator("main button").AllInnerTextsAsync()).Select(text => text.Trim())];
            Assert.Empty(buttons);
            await Expect(view.Page.Locator("main form, main a[href*='start=']")).ToHaveCountAsync(0);
            foreach (string word in (string[])["Start a crawl", "Add a schedule"])
                await Expect(view.Page.Locator("main summary", new() { HasText = word })).ToHaveCountAsync(0);
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync("stranger");
            await view.GoAsync("/runs?start=1");
            await Expect(view.Page.Locator("main summary", new() { HasText = "Start a run" })).ToHaveCountAsync(0);
        }, service: service);
        using HttpResponseMessage cancelled = await service.Client.PostAsync(new Uri($"jobs/{job.Id}/cancel", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.Unauthorized, cancelled.StatusCode);
        using HttpResponseMessage started = await service.Client.PostAsJsonAsync("crawls", new { seeds = new[] { "https://www.example.org/" } });
        Assert.Equal(HttpStatusCode.Unauthorized, started.StatusCode);
        Assert.Equal("running", (await service.Client.GetFromJsonAsync<JsonElement>($"jobs/{job.Id}")).GetProperty("state").GetString());
    }
}
