using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Tests.Api;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backlinks.Tests.Browser;

/// <summary>What would change and what did: what-ifs from rows that are looked at, an overview against a run of one's choice; and the page that describes the API.</summary>
[Collection(BrowserTests.Name)]
public sealed class ChangesTests(DashboardBrowser browser, SampleWebRun run)
{
    private const string Site = "faint-nebulamoon.test";

    [Fact]
    public Task Links_chosen_by_the_keyboard_are_taken_away_in_a_what_if() => browser.ShowAsync($"/backlinks?target={Site}&aggregation=all", async view =>
    {
        ILocator boxes = view.Page.Locator("input.pick"), open = view.Page.GetByRole(AriaRole.Button, new() { Name = "What if these were gone?" });
        Assert.Equal(50, await boxes.CountAsync());
        for (int i = 0; i < 2; i++)
        {
            await boxes.Nth(i).FocusAsync();
            await view.Page.Keyboard.PressAsync("Space");
            await view.SeesAsync(".picks [role=status]", $"{i + 1} selected");
        }
        (string Source, string Target)[] links = [.. (await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('input.pick:checked')].map(b => b.getAttribute('aria-label'))")).Select(l => l["Select ".Length..].Split("->")).Select(l => (l[0], l[1]))];
        await open.FocusAsync();
        await view.Page.Keyboard.PressAsync("Enter");
        await view.SeesAsync(".before-after", "then");
        await Expect(view.Page.Locator("#what-if select")).ToBeFocusedAsync(new() { Timeout = DashboardView.Patience });
        await Expect(view.Page.Locator(".edits li")).ToHaveCountAsync(2);
        Assert.Equal(await Simulated([.. links.Select(l => new { source = l.Source, target = l.Target })]), await After(view));
        Assert.Equal("", await view.HindrancesAsync());
        await view.ShootAsync("what-if-of-backlinks");

        await view.Page.Keyboard.PressAsync("Escape");
        await Expect(view.Page.Locator("#what-if")).ToHaveCountAsync(0);
        await Expect(open).ToBeFocusedAsync();
        await Expect(view.Page.Locator("input.pick:checked")).ToHaveCountAsync(2); // still chosen
        string shared = view.Page.Url;
        await view.Page.Locator("[data-next]").ClickAsync();
        await view.ArrivesAsync("page=2");
        await view.AliveAsync();
        await Expect(view.Page.Locator("input.pick:checked")).ToHaveCountAsync(0);
        await boxes.First.CheckAsync();
        await open.ClickAsync();
        await Expect(view.Page.Locator(".edits li")).ToHaveCountAsync(3); // those of the page before are in it
        await view.GoAsync(shared); // by a colleague
        await view.SeesAsync(".before-after", "then");
        await Expect(view.Page.Locator(".edits li")).ToHaveCountAsync(2);
    });

    [Fact]
    public Task Referring_domains_are_taken_away_in_a_what_if_which_the_overview_begins_empty() => browser.ShowAsync($"/refdomains?target={Site}&limit=25", async view =>
    {
        await view.Page.Locator("[data-pick-all]").CheckAsync();
        int many = await view.Page.Locator("input.pick").CountAsync();
        Assert.InRange(many, 2, 25);
        await view.SeesAsync(".picks [role=status]", $"{many} selected");
        string[] domains = [.. (await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('input.pick:checked')].map(b => b.getAttribute('aria-label'))")).Select(l => l["Select ".Length..])];
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "What if these were gone?" }).ClickAsync();
        await view.SeesAsync(".before-after", "then");
        Assert.Equal(many, domains.Distinct().Count());
        Assert.Equal(await Simulated([.. domains.Select(d => new { source = d })]), await After(view));
        await view.Page.SetViewportSizeAsync(375, 812);
        await view.Page.EvaluateAsync("() => new Promise(requestAnimationFrame)");
        Assert.Equal(0, await view.OverhangAsync());
        await view.ShootAsync("what-if-of-refdomains-375");
        await view.Page.SetViewportSizeAsync(1280, 1000);

        await view.GoAsync($"/overview?target={Site}");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "What if…" }).ClickAsync();
        await Expect(view.Page.Locator(".edits li")).ToHaveCountAsync(0);
        await view.Page.Locator("#what-if input[list]").FillAsync(domains[0]);
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Add to the list" }).ClickAsync();
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Simulate" }).ClickAsync();
        await view.SeesAsync(".before-after", "then");
        Assert.Equal(await Simulated([new { source = domains[0] }]), await After(view));
        await view.ShootAsync("what-if-of-overview");
    });

    [Fact]
    public async Task An_overview_tells_its_changes_against_the_run_that_is_chosen()
    {
        using var folder = new TemporaryFolder();
        await using RunningService service = await run.ServeAsync(await run.CopyAsync(folder), options => options with { Dashboard = true });
        using (HttpResponseMessage started = await service.Client.PostAsJsonAsync("runs", new { store = true, damping = 0.7, without = new[] { "topics" } }))
        {
            string job = (await started.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!, state;
            while ((state = (await service.Client.GetFromJsonAsync<JsonElement>($"jobs/{job}")).GetProperty("state").GetString()!) != "done")
            {
                Assert.Contains(state, (string[])["queued", "running"]);
                await Task.Delay(50, TestContext.Current.CancellationToken);
            }
        }
        string[] ids = [.. (await service.Client.GetFromJsonAsync<JsonElement>("runs")).GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("id").GetString()!)];
        Assert.Equal(3, ids.Length);
        await browser.ShowAsync($"/overview?target={Site}", async view =>
        {
            await view.SeesAsync(".coverage", $"against run {ids[1]}");
            Assert.Equal(await Change(service, ""), await Shown(view));
            ILocator choice = view.Page.GetByLabel("Compare with");
            Assert.Equal(["The run before", ids[1], ids[2]], await choice.Locator("option").AllInnerTextsAsync());
            await choice.SelectOptionAsync(ids[2]);
            await view.ArrivesAsync($"compare={ids[2]}");
            await view.SeesAsync(".coverage", $"against run {ids[2]}");
            await view.AliveAsync();
            string against = await Shown(view);
            Assert.Equal(await Change(service, $"&compare={ids[2]}"), against);
            Assert.NotEqual(await Change(service, ""), against);
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync("overview-compared");
            await view.Page.Locator(".api-button summary").ClickAsync();
            Assert.Contains($"compare={ids[2]}", await view.Page.Locator(".api-button pre").InnerTextAsync(), StringComparison.Ordinal);

            await view.GoAsync(view.Page.Url); // shared with a colleague
            await view.SeesAsync(".coverage", $"against run {ids[2]}");
            await view.GoAsync($"/overview?target={Site}&compare=9999-nope");
            await view.SeesAsync("[role=alert]", "There is no such run");
            await view.GoAsync($"/overview?target={Site}&run={ids[2]}"); // before which there is none
            await Expect(view.Page.GetByLabel("Compare with")).ToHaveCountAsync(0);
        }, service: service);
        using HttpResponseMessage unknown = await service.Client.GetAsync(new Uri($"site-explorer/overview?target={Site}&compare=nope", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("compare", (await unknown.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public Task The_documentation_shows_every_group_and_operation_and_asks_nobody_else() => browser.ShowAsync("/", async view =>
    {
        JsonElement document = await (await browser.ServiceAsync()).Client.GetFromJsonAsync<JsonElement>("/openapi/v1.json");
        (string Group, string Summary, string Path)[] operations = [.. document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(operation =>
            (operation.Value.GetProperty("tags")[0].GetString()!, operation.Value.GetProperty("summary").GetString()!, path.Name)))];
        Assert.True(operations.Length > 20, $"only {operations.Length} operations");
        await view.Page.GotoAsync("/docs");
        await view.SeesAsync("h1", "Backlinks");
        foreach (IGrouping<string, (string Group, string Summary, string Path)> group in operations.GroupBy(o => o.Group))
        {
            ILocator closed = view.Page.GetByRole(AriaRole.Button, new() { Name = $"Open Group - {group.Key}", Exact = true });
            if (await closed.CountAsync() > 0)
                await closed.ClickAsync();
            foreach ((_, string summary, _) in group)
                await Expect(view.Page.Locator("aside").GetByText(summary).First).ToBeVisibleAsync();
        }
        await view.Page.Locator("aside").GetByText("The overview screen in one answer").First.ClickAsync();
        await view.SeesAsync("main", "Id of the run that changes (before, run_before) are told against");
        await view.Page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await view.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(DashboardBrowser.Screenshots, "docs.png") });
    });

    /// <summary>The change of the referring domains' figure, or of the score's, as the page prints it, from the API.</summary>
    private static async Task<string> Change(RunningService service, string query)
    {
        JsonElement told = (await service.Client.GetFromJsonAsync<JsonElement>($"site-explorer/overview?target={Site}{query}")).GetProperty("overview");
        double change = told.GetProperty("figures").GetProperty("domain_rating").GetDouble() - told.GetProperty("before").GetProperty("domain_rating").GetDouble();
        return Backlinks.Api.Dashboard.Show.Change(change, "0.0");
    }

    private static async Task<string> Shown(DashboardView view) => (await view.Page.Locator(".kpi").Filter(new() { HasText = "Domain authority" }).Locator("[title^='It was']").InnerTextAsync()).Trim();

    private async Task<double> Simulated(object[] removed)
    {
        RunningService service = await browser.ServiceAsync();
        using HttpResponseMessage answer = await service.Client.PostAsJsonAsync("simulate", new { target = Site, remove = removed });
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("simulation").GetProperty("target").GetProperty("raw_after").GetDouble();
    }

    private static async Task<double> After(DashboardView view) => double.Parse((await view.Page.Locator("[data-after]").GetAttributeAsync("data-after"))!, System.Globalization.CultureInfo.InvariantCulture);
}
