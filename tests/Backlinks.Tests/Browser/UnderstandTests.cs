using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Tests.Api;
using Backlinks.Tests.Cli;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backlinks.Tests.Browser;

/// <summary>What an analyst asks next: why, what if, who is behind it, what changed, and how to have it computed again.</summary>
[Collection(BrowserTests.Name)]
public sealed class UnderstandTests(DashboardBrowser browser, SampleWebRun run)
{
    private const string Site = "labs.example";

    [Fact]
    public async Task The_parts_of_a_score_add_up_to_it_and_the_factors_of_a_link_to_its_weight()
    {
        string site = await Popular();
        await browser.ShowAsync($"/explain?target={site}&n=10", view => AddsUp(view, site));
    }

    private async Task AddsUp(DashboardView view, string site)
    {
        JsonElement told = (await Api<JsonElement>($"explain/score?target={site}&top=10")).GetProperty("explanation");
        double[] parts = await Numbers(view, "table[data-sum] [data-passes]", "data-passes");
        double total = (await Numbers(view, "table[data-sum] [data-total]", "data-total"))[0];
        Assert.Equal(told.GetProperty("raw").GetDouble(), total);
        Assert.InRange(Math.Abs(parts.Sum() - total) / total, 0, 1e-12);
        // and as a reader adds up what is printed
        string[] printed = await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('table[data-sum] [data-passes]')].map(c => c.innerText)");
        double shown = Shown(await view.Page.Locator("table[data-sum] [data-total]").InnerTextAsync());
        Assert.InRange(Math.Abs(printed.Sum(Shown) - shown), 0, printed.Length * 0.005);
        Assert.Equal(told.GetProperty("score").GetDouble().ToString("0.0", CultureInfo.InvariantCulture), await view.Page.Locator("[data-score]").InnerTextAsync());

        ILocator opener = view.Page.Locator("button.opener").First;
        await opener.ClickAsync();
        await view.ArrivesAsync("open=");
        await Expect(view.Page.Locator(".factors").First).ToBeVisibleAsync();
        await Expect(opener).ToHaveAttributeAsync("aria-expanded", "true");
        string[] products = await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('.factors')].map(f => [...f.querySelectorAll('[data-factor]')].map(e => e.dataset.factor).join('*') + '=' + f.querySelector('[data-weight]').dataset.weight)");
        Assert.All(products, product =>
        {
            string[] sides = product.Split('=');
            Assert.Equal(6, sides[0].Split('*').Length);
            Assert.Equal(Number(sides[1]), sides[0].Split('*').Select(Number).Aggregate(1.0, (a, b) => a * b), 1e-5);
        });
        Assert.Equal("", await view.HindrancesAsync());
        await view.ShootAsync("explain-open");

        await view.GoAsync(view.Page.Url); // shared with a colleague
        await Expect(view.Page.Locator(".factors").First).ToBeVisibleAsync();
        string source = told.GetProperty("links")[0].GetProperty("source").GetString()!;
        await view.Page.Locator("table[data-sum] tbody th a").First.ClickAsync();
        await view.ArrivesAsync($"/explain?target={source}");
        await view.SeesAsync("h1", source);
    }

    [Fact]
    public async Task A_what_if_says_what_the_api_says_and_can_be_shared()
    {
        string site = await Popular();
        await browser.ShowAsync($"/explain?target={site}", view => WhatIf(view, site));
    }

    private async Task WhatIf(DashboardView view, string site)
    {
        string source = (await Api<JsonElement>($"explain/score?target={site}")).GetProperty("explanation").GetProperty("links")[0].GetProperty("source").GetString()!;
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "What if…" }).ClickAsync();
        await Expect(view.Page.Locator("#what-if select")).ToBeFocusedAsync(new() { Timeout = DashboardView.Patience });
        await view.Page.Locator("#what-if input[list]").FillAsync($"domain:{source}");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Add to the list" }).ClickAsync();
        await view.ArrivesAsync($"edit=remove:domain:{source}");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Simulate" }).ClickAsync();
        await view.SeesAsync(".before-after", "then");
        RunningService service = await browser.ServiceAsync();
        using HttpResponseMessage answer = await service.Client.PostAsJsonAsync("simulate", new { target = site, level = "domain", remove = new[] { new { source = $"domain:{source}" } } });
        JsonElement told = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("simulation").GetProperty("target");
        Assert.Equal(told.GetProperty("raw_after").GetDouble(), (await Numbers(view, "[data-after]", "data-after"))[0]);
        Assert.Equal(told.GetProperty("bound").GetDouble(), (await Numbers(view, "[data-after]", "data-bound"))[0]);
        Assert.Equal("", await view.HindrancesAsync());
        await view.ShootAsync("what-if");
        await view.GoAsync(view.Page.Url);
        await view.SeesAsync(".before-after", "then");
        await view.Page.Keyboard.PressAsync("Tab");
        await view.Page.Locator("#what-if select").FocusAsync();
        await view.Page.Keyboard.PressAsync("Escape");
        await Expect(view.Page.Locator("#what-if")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_run_is_started_and_watched_and_what_it_changed_adds_up()
    {
        using var folder = new TemporaryFolder();
        await using RunningService service = await run.ServeAsync(await run.CopyAsync(folder), options => options with { Dashboard = true });
        await browser.ShowAsync("/runs?start=1", async view =>
        {
            int before = await view.Page.Locator("tr[data-run]").CountAsync();
            await view.Page.GetByLabel("Damping").FillAsync("0.8");
            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Start the run" }).ClickAsync();
            await Expect(view.Page.Locator(".job[data-state=done]")).ToHaveCountAsync(1, new() { Timeout = DashboardView.Patience });
            await Expect(view.Page.Locator("tr[data-run]")).ToHaveCountAsync(before + 1, new() { Timeout = DashboardView.Patience });
            await view.ShootAsync("run-done");
            string[] ids = await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('tr[data-run]')].map(r => r.dataset.run)");
            await Expect(view.Page.Locator($"tr[data-run='{ids[0]}'] .badge.good")).ToHaveTextAsync("current");

            await view.GoAsync($"/runs/{ids[1]}/diff/{ids[0]}");
            await view.SeesAsync("h2", "Lost most");
            await view.ShootAsync("diff");
            await view.GoAsync($"/runs/{ids[1]}/diff/{ids[0]}?target={Site}");
            await view.SeesAsync("main", "other options"); // damping differs, and the page says so
            double sum = (await Numbers(view, ".waterfall [data-sum]", "data-sum"))[0], to = (await Numbers(view, ".waterfall [data-to]", "data-to"))[0];
            double[] steps = await Numbers(view, ".waterfall [data-by]", "data-by");
            Assert.NotEmpty(steps);
            Assert.InRange(Math.Abs(steps.Sum() - sum), 0, 1e-9 * to);
            JsonElement told = (await service.Client.GetFromJsonAsync<JsonElement>($"runs/{ids[1]}/diff/{ids[0]}?target={Site}")).GetProperty("difference");
            Assert.Equal(told.GetProperty("raw_after").GetDouble(), to);
            Assert.Equal(told.GetProperty("raw_after").GetDouble() - told.GetProperty("raw_before").GetDouble(), sum);
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync("diff-of-target");
        }, service: service);
    }

    [Fact]
    public async Task A_cluster_is_reviewed_and_a_disavow_file_of_it_exported()
    {
        using var folder = new TemporaryFolder();
        await using RunningService service = await run.ServeAsync(await run.CopyAsync(folder), options => options with { Dashboard = true });
        JsonElement cluster = (await service.Client.GetFromJsonAsync<JsonElement>("spam/clusters?confirmed=true")).GetProperty("clusters").EnumerateArray().First(c => c.GetProperty("targets").GetInt32() > 0);
        string id = cluster.GetProperty("id").GetString()!, target = cluster.GetProperty("first_target").GetString()!;
        await browser.ShowAsync("/spam", async view =>
        {
            await view.Page.GetByRole(AriaRole.Link, new() { Name = id }).ClickAsync();
            await view.ArrivesAsync($"/spam/{id}");
            await view.AliveAsync();
            await view.SeesAsync("main", "evidence, not a verdict");
            await view.Page.GetByLabel("Note").FillAsync("looked at <b>all</b> of them");
            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Confirm: it is made to boost" }).ClickAsync();
            await view.SeesAsync("[data-review]", "You confirmed it");
            await view.SeesAsync("[data-review]", "looked at <b>all</b> of them");
            Assert.Equal("confirmed", (await service.Client.GetFromJsonAsync<JsonElement>($"spam/reviews/{id}")).GetProperty("decision").GetString());

            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Choose all boosters" }).ClickAsync();
            ILocator chosen = view.Page.Locator("main input[type=checkbox]:checked");
            await Expect(view.Page.Locator("[data-export]")).ToBeEnabledAsync();
            int many = await chosen.CountAsync();
            await chosen.First.UncheckAsync(); // that one we know
            string kept = (await view.Page.EvaluateAsync<string>("[...document.querySelectorAll('main input[type=checkbox]:not(:checked)')].map(b => b.closest('tr').cells[2].innerText === 'booster' ? b.closest('tr').querySelector('th').innerText : '').find(n => n)")).Trim();
            IDownload download = await view.Page.RunAndWaitForDownloadAsync(() => view.Page.Locator("[data-export]").ClickAsync());
            await using Stream stream = await download.CreateReadStreamAsync();
            using var content = new MemoryStream();
            await stream.CopyToAsync(content);
            var file = DisavowFile.Parse(content.ToArray());
            Assert.True(file.Accepted);
            Assert.Equal(many - 1, file.Entries.Count(e => e.Domain));
            Assert.DoesNotContain(file.Entries, e => e.Name == kept);
            using var body = new StringContent(Encoding.UTF8.GetString(content.ToArray()), Encoding.UTF8, "text/plain");
            using HttpResponseMessage parsed = await service.Client.PostAsync(new Uri("disavow/parse", UriKind.Relative), body);
            Assert.Equal(many - 1, (await parsed.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("domains").GetInt32());
            Assert.Contains(target, Encoding.UTF8.GetString(content.ToArray()), StringComparison.Ordinal);
            Assert.Contains("confirmed by review", Encoding.UTF8.GetString(content.ToArray()), StringComparison.Ordinal);
            Assert.DoesNotContain("toxic", await view.Page.ContentAsync(), StringComparison.OrdinalIgnoreCase);

            await view.Page.GetByRole(AriaRole.Button, new() { Name = "Take back" }).ClickAsync();
            await view.SeesAsync("[data-review]", "Not reviewed yet");
        }, service: service);
    }

    [Fact]
    public async Task The_network_is_drawn_before_any_script_and_walked_by_keys()
    {
        string site = await Popular();
        await browser.ShowAsync($"/graph?target={site}", view => Walks(view, site));
    }

    private async Task Walks(DashboardView view, string site)
    {
        RunningService service = await browser.ServiceAsync();
        string still = await service.Client.GetStringAsync(new Uri(service.Url, $"/graph?target={site}")), again = await service.Client.GetStringAsync(new Uri(service.Url, $"/graph?target={site}"));
        Assert.Matches("<circle", still);
        Assert.Equal(Circles(still), Circles(again)); // the same picture every time
        ILocator nodes = view.Page.Locator("[data-node]");
        await Expect(view.Page.Locator(".network-tools")).ToBeVisibleAsync(); // the script is there
        Assert.Equal(1, await view.Page.Locator("[data-node][tabindex='0']").CountAsync());
        await nodes.First.FocusAsync();
        await view.SeesAsync("[data-tell]", site);
        foreach (string key in (string[])["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"])
        {
            await nodes.First.FocusAsync();
            await view.Page.Keyboard.PressAsync(key);
            if (await view.Page.EvaluateAsync<string>("document.activeElement.dataset.node") != "0")
                break;
        }
        string there = await view.Page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label').split(':')[0]");
        Assert.NotEqual(site, there);
        await view.Page.Keyboard.PressAsync("+");
        await Expect(view.Page.Locator("[data-world]")).ToHaveAttributeAsync("transform", new System.Text.RegularExpressions.Regex(@"scale\(1\.3"));
        await view.Page.Keyboard.PressAsync("Enter");
        await view.ArrivesAsync($"/graph?target={there}");
        await view.SeesAsync("h1", there);

        static string Circles(string page) => string.Concat(System.Text.RegularExpressions.Regex.Matches(page, "<(circle|rect) [^>]*>").Select(m => m.Value));
    }

    [Fact]
    public Task Who_links_to_others_and_not_to_me_is_told_and_taken_away() => browser.ShowAsync("/intersect", async view =>
    {
        await view.Page.GetByLabel("Linked to").FillAsync($"{Site}\ndirectory.example");
        await view.Page.GetByLabel("At least how many of them").FillAsync("1");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Compare" }).ClickAsync();
        await view.ArrivesAsync($"with={Site}");
        await view.SeesAsync("[role=status]", "to at least 1 of them");
        await view.AliveAsync();
        RunningService service = await browser.ServiceAsync();
        using HttpResponseMessage answer = await service.Client.PostAsJsonAsync("site-explorer/link-intersect", new { targets = new[] { new { target = Site }, new { target = "directory.example" } }, least_targets = 1, limit = 500 });
        string[] told = [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("intersect").EnumerateArray().Select(r => r.GetProperty("source").GetString()!)];
        Assert.Equal(told, await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main tbody th .crawled > a:first-child')].map(a => a.innerText)"));
        IDownload download = await view.Page.RunAndWaitForDownloadAsync(() => view.Page.Locator("[data-csv]").ClickAsync());
        await using Stream stream = await download.CreateReadStreamAsync();
        using var reader = new StreamReader(stream);
        string[] lines = (await reader.ReadToEndAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(told, lines.Skip(1).Select(l => l.Split(',')[0]));
        await view.ShootAsync("intersect");
    });

    [Fact]
    public Task A_crawl_that_nobody_answers_for_is_refused_in_words() => browser.ShowAsync("/jobs?start=1", async view =>
    {
        await view.Page.GetByLabel("Begin at").FillAsync("https://www.example.org/");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Start the crawl" }).ClickAsync();
        await view.SeesAsync("[role=alert]", "contact");
        await view.Page.GetByText("Add a schedule").ClickAsync();
        await view.Page.GetByLabel("When (cron").FillAsync("every day");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Add", Exact = true }).ClickAsync();
        await view.SeesAsync("[role=alert]", "cron");
    });

    [Theory]
    [InlineData("/explain?target=labs.example")]
    [InlineData("/graph?target=labs.example")]
    [InlineData("/spam/{cluster}")]
    [InlineData("/intersect?with=labs.example&with=directory.example")]
    [InlineData("/runs/{a}/diff/{b}?target=labs.example")]
    [InlineData("/jobs?start=1")]
    public async Task A_page_hinders_nobody_in_either_theme_and_fits_phones_and_wide_screens(string address)
    {
        RunningService service = await browser.ServiceAsync();
        JsonElement runs = (await service.Client.GetFromJsonAsync<JsonElement>("runs")).GetProperty("runs");
        string cluster = (await service.Client.GetFromJsonAsync<JsonElement>("spam/clusters")).GetProperty("clusters")[0].GetProperty("id").GetString()!;
        await browser.ShowAsync(address.Replace("{cluster}", cluster, StringComparison.Ordinal).Replace("{a}", runs[1].GetProperty("id").GetString(), StringComparison.Ordinal).Replace("{b}", runs[0].GetProperty("id").GetString(), StringComparison.Ordinal), async view =>
        {
            string name = string.Concat(address.Split('?')[0].Select(c => char.IsAsciiLetter(c) ? c : '-')).Trim('-');
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync($"{name}-light");
            await view.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
            await Expect(view.Page.Locator("html[data-theme=dark]")).ToHaveCountAsync(1);
            Assert.Equal("", await view.HindrancesAsync(colours: true));
            await view.ShootAsync($"{name}-dark");
            foreach (int width in (int[])[2560, 375])
            {
                await view.Page.SetViewportSizeAsync(width, 1000);
                await view.Page.EvaluateAsync("() => new Promise(requestAnimationFrame)");
                Assert.Equal(0, await view.OverhangAsync());
                await view.ShootAsync($"{name}-{width}");
            }
        });
    }

    [Fact]
    public Task Names_of_hostile_pages_are_text() => browser.ShowAsync($"/explain?target={Site}&n=1000&open=evil.example", async view =>
    {
        await view.SeesAsync("main .anchor", SampleWebRun.Evil);
        foreach (string page in (string[])[$"/explain?target={Site}&n=1000&open=evil.example", "/graph?target=evil.example", "/graph?target=labs.example", "/spam", $"/intersect?with={Site}&with=directory.example"])
        {
            await view.GoAsync(page);
            Assert.Equal(0, await view.Page.Locator("main script, main img, main iframe, main b").CountAsync());
            Assert.All(await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main a[href]')].map(a => a.getAttribute('href'))"), href => Assert.Matches("^(/|https?://)", href));
        }
        foreach (string text in (string[])["\"><script>alert(3)</script>", "javascript:alert(4)", "\u202E%00\u0001"])
            foreach (string address in (string[])["/explain?target=", $"/explain?target={Site}&open=", $"/explain?target={Site}&level=", $"/explain?target={Site}&edit=remove:", "/graph?target=", "/spam?family=", "/spam?target=", "/intersect?with=", "/runs?run=", "/jobs?start="])
            {
                await view.Page.GotoAsync(address + Uri.EscapeDataString(text), new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
                Assert.Equal(0, await view.Page.Locator("main script").CountAsync());
                Assert.True(await view.Page.Locator("main h1").IsVisibleAsync());
            }
    });

    /// <summary>The domain that most others link to.</summary>
    private async Task<string> Popular()
    {
        using RunLease lease = (await browser.ServiceAsync()).App.Services.GetRequiredService<RunCatalog>().Lease();
        LinkGraph domains = lease.Run.Domains;
        return domains.Names[Enumerable.Range(0, domains.NodeCount).MaxBy(node => domains.InDegree(node))];
    }

    private async Task<T> Api<T>(string path) => (await (await browser.ServiceAsync()).Client.GetFromJsonAsync<T>(path))!;

    private static async Task<double[]> Numbers(DashboardView view, string selector, string attribute) =>
        [.. (await view.Page.EvaluateAsync<string[]>($"[...document.querySelectorAll(\"{selector}\")].map(e => e.getAttribute('{attribute}'))")).Select(Number)];

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static double Shown(string text) => double.Parse(text.Trim().Replace(",", "", StringComparison.Ordinal).Replace("−", "-", StringComparison.Ordinal), CultureInfo.InvariantCulture);
}
