using System.Net.Http.Json;
using System.Text.Json;
using Backlinks.Tests.Api;
using Backlinks.Tests.Cli;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backlinks.Tests.Browser;

/// <summary>What an analyst does first: look a site up, read its overview, filter, page, take the rows away.</summary>
[Collection(BrowserTests.Name)]
public sealed class ExplorerTests(DashboardBrowser browser)
{
    /// <summary>The sample's site with the most backlinks.</summary>
    private const string Site = "faint-nebulamoon.test";

    [Fact]
    public Task A_domain_is_searched_with_a_suggestion_and_its_overview_says_what_the_api_says() => browser.ShowAsync("/", async view =>
    {
        ILocator search = view.Page.GetByRole(AriaRole.Combobox, new() { Name = "Domain, host or URL" });
        await search.FillAsync("nebulamoo");
        await view.SeesAsync("#suggestions li", Site);
        await search.PressAsync("ArrowDown");
        await search.PressAsync("Enter");
        await view.ArrivesAsync($"/overview?target={Site}");
        await view.SeesAsync("h1", Site);
        await view.AliveAsync();
        JsonElement told = (await Api<JsonElement>($"site-explorer/overview?target={Site}")).GetProperty("overview").GetProperty("figures");
        Assert.Equal(told.GetProperty("backlinks").GetInt64().ToString("N0", System.Globalization.CultureInfo.InvariantCulture), await Figure(view, "Backlinks"));
        Assert.Equal(told.GetProperty("refdomains").GetInt64().ToString("N0", System.Globalization.CultureInfo.InvariantCulture), await Figure(view, "Referring domains"));
        Assert.Equal(told.GetProperty("domain_rating").GetDouble().ToString("0.0", System.Globalization.CultureInfo.InvariantCulture), await Figure(view, "Domain authority"));
        Assert.Equal(9, await view.Page.Locator(".kpi").CountAsync());
        foreach (string card in (string[])["Referring domains over time", "New and lost links", "Score over runs", "Referring domains by authority", "Link attributes", "Anchors", "Classes of anchors", "Top-level domains",
            "Trust and authority of referring domains", "Topics of referring domains", "Top referring domains", "Top backlinks", "Best pages", "Newest links", "Lost links", "Broken links", "Competitors by shared referring domains"])
            await Expect(view.Page.GetByRole(AriaRole.Heading, new() { Name = card, Exact = true })).ToBeVisibleAsync();
        await Expect(view.Page.Locator(".chart .rz-series path, .chart .rz-chart svg").First).ToBeVisibleAsync();
        await Expect(view.Page.Locator(".stamp")).ToContainTextAsync("engine");
        double paint = await view.Page.EvaluateAsync<double>("new Promise(done => { new PerformanceObserver(list => done(list.getEntries().at(-1).startTime)).observe({ type: 'largest-contentful-paint', buffered: true }); setTimeout(() => done(-1), 2000); })");
        TestContext.Current.TestOutputHelper?.WriteLine($"largest contentful paint of the start page: {paint:0} ms");
        await view.ShootAsync("overview");
    });

    [Fact]
    public Task Backlinks_are_filtered_by_chips_and_the_address_holds_the_filter() => browser.ShowAsync($"/backlinks?target={Site}&aggregation=all", async view =>
    {
        long all = await Total(view);
        await view.Page.GetByText("Filter", new() { Exact = true }).ClickAsync();
        await view.Page.GetByLabel("Field").SelectOptionAsync("is_nofollow");
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Add filter" }).ClickAsync();
        await view.ArrivesAsync("is_nofollow");
        await view.SeesAsync(".chip", "Is nofollow");
        await view.AliveAsync();
        string where = Uri.EscapeDataString("""{"field":"is_nofollow","is":["eq",true]}""");
        long nofollow = (await Api<JsonElement>($"site-explorer/all-backlinks?target={Site}&where={where}&limit=1")).GetProperty("meta").GetProperty("total_count").GetInt64();
        Assert.Equal(nofollow, await Total(view));
        Assert.InRange(nofollow, 1, all - 1);
        Assert.Equal(Math.Min(nofollow, 50), await view.Page.Locator("tbody .badge", new() { HasText = "nofollow" }).CountAsync());
        await view.ShootAsync("backlinks-filtered");

        await view.Page.GotoAsync(view.Page.Url); // shared with a colleague
        await view.AliveAsync();
        Assert.Equal(nofollow, await Total(view));
        await view.Page.GetByRole(AriaRole.Link, new() { Name = "Remove the filter on Is nofollow" }).ClickAsync();
        await Expect(view.Page.Locator(".chip")).ToHaveCountAsync(0);
        await view.AliveAsync();
        Assert.Equal(all, await Total(view));
        await view.Page.GoBackAsync();
        await view.SeesAsync(".chip", "Is nofollow");
    });

    [Fact]
    public Task Pages_forward_and_back_show_every_row_once() => browser.ShowAsync($"/backlinks?target={Site}&aggregation=all&limit=25&columns=url_from,url_to,anchor", async view =>
    {
        long total = await Total(view);
        Assert.True(total > 50, $"the sample has {total} links, too few to page");
        var pages = new List<string> { await Table(view) };
        for (int page = 2; page <= 3; page++)
        {
            await view.Page.Locator("[data-next]").ClickAsync();
            await view.ArrivesAsync($"page={page}");
            await view.SeesAsync(".pager", $"Page {page} of");
            await view.AliveAsync();
            pages.Add(await Table(view));
        }
        Assert.Equal(3, pages.Distinct().Count());
        await view.Page.Locator("[data-previous]").ClickAsync();
        await view.SeesAsync(".pager", "Page 2 of");
        await view.AliveAsync();
        Assert.Equal(pages[1], await Table(view));
        await view.Page.Locator("[data-previous]").ClickAsync();
        await view.SeesAsync(".pager", "Page 1 of");
        await view.AliveAsync();
        Assert.Equal(pages[0], await Table(view));
        await view.Page.GoBackAsync(); // to page 2, by the browser's own button
        await view.SeesAsync(".pager", "Page 2 of");
        await view.AliveAsync();
        Assert.Equal(pages[1], await Table(view));
    });

    [Theory]
    [InlineData("backlinks", "columns=url_from,url_to,anchor,rank_passed&order_by=url_from:asc&aggregation=all&limit=25")]
    [InlineData("refdomains", "order_by=domain:asc&columns=domain,links_to_target,rank_passed")]
    [InlineData("anchors", "columns=anchor,refdomains,links_to_target")]
    [InlineData("pages", "columns=url,backlinks,refdomains")]
    public Task The_csv_holds_the_rows_and_columns_shown_and_is_the_apis(string page, string query) => browser.ShowAsync($"/{page}?target={Site}&{query}", async view =>
    {
        ILocator link = view.Page.Locator("[data-csv]");
        string address = (await link.GetAttributeAsync("href"))!;
        IDownload download = await view.Page.RunAndWaitForDownloadAsync(() => link.ClickAsync());
        string saved = await File.ReadAllTextAsync((await download.PathAsync())!);
        RunningService service = await browser.ServiceAsync();
        Assert.Equal(await service.Client.GetStringAsync(new Uri(service.Url, address)), saved);

        string[] lines = saved.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] head = await Texts(view, "thead th");
        Assert.Equal(head.Length, lines[0].Split(',').Length);
        Assert.Equal(await view.Page.Locator("tbody tr").CountAsync(), Sylvan.Data.Csv.CsvDataReader.Create(new StringReader(saved)).Cast<object>().Count());

        JsonElement rows = (await Api<JsonElement>(address.Replace("output=csv", "output=json", StringComparison.Ordinal)["/api/v1/".Length..])).EnumerateObject().First(p => p.Value.ValueKind == JsonValueKind.Array).Value;
        string first = lines[0].Split(',')[0].Trim();
        string[] shown = [.. (await Texts(view, "tbody tr td:first-child bdi")).Select(Bare)];
        Assert.Equal(rows.EnumerateArray().Select(r => r.GetProperty(first).GetString() ?? "").Where(t => t.Length is > 0 and < 80).Select(Bare), shown.Where(t => t.Length is > 0 and < 80));
    });

    [Fact]
    public Task Similar_links_stand_in_one_row_that_opens() => browser.ShowAsync($"/backlinks?target={Site}", async view =>
    {
        ILocator open = view.Page.Locator("td.group button").First;
        string label = (await open.GetAttributeAsync("aria-label"))!;
        int links = int.Parse(label.Split(' ')[0], System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture);
        await open.ClickAsync();
        await Expect(view.Page.Locator("tr.inner td[data-label]").First).ToBeVisibleAsync();
        Assert.Equal(Math.Min(links, 50), await view.Page.Locator("tr.inner:has(td[data-label])").CountAsync());
        Assert.Equal("true", await open.GetAttributeAsync("aria-expanded"));
        await view.ShootAsync("backlinks-group");
        await open.ClickAsync();
        await Expect(view.Page.Locator("tr.inner")).ToHaveCountAsync(0);
    });

    [Fact]
    public Task Columns_are_chosen_and_sorted_by_their_headers() => browser.ShowAsync($"/refdomains?target={Site}&columns=domain,links_to_target", async view =>
    {
        await view.Page.GetByText("Columns", new() { Exact = true }).ClickAsync();
        await view.Page.GetByRole(AriaRole.Checkbox, new() { Name = "Lost", Exact = true }).CheckAsync();
        await view.ArrivesAsync("lost_links");
        await view.SeesAsync("thead th", "Lost");
        await view.Page.GetByRole(AriaRole.Link, new() { Name = "Links to target" }).ClickAsync();
        await view.ArrivesAsync("order_by=links_to_target:desc");
        await Expect(view.Page.Locator("th[aria-sort=descending]")).ToContainTextAsync("Links to target");
        await view.AliveAsync();
        long[] counts = [.. (await Texts(view, "tbody td:nth-child(2)")).Select(t => long.Parse(t, System.Globalization.NumberStyles.AllowThousands, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(counts.OrderDescending(), counts);
        Assert.True(counts.Distinct().Count() > 1, "all the same, so sorted anyway");
        await view.Page.GetByRole(AriaRole.Link, new() { Name = "Links to target" }).ClickAsync();
        await view.ArrivesAsync("order_by=links_to_target:asc");
        await Expect(view.Page.Locator("th[aria-sort=ascending]")).ToContainTextAsync("Links to target");
    });

    [Fact]
    public Task The_request_shown_answers_with_the_same_rows() => browser.ShowAsync($"/anchors?target={Site}", async view =>
    {
        await view.Page.Locator(".api-button summary").ClickAsync();
        string command = await view.Page.Locator(".api-button pre").InnerTextAsync();
        string address = command[command.IndexOf("http", StringComparison.Ordinal)..].TrimEnd('\'', '\n');
        RunningService service = await browser.ServiceAsync();
        JsonElement answer = await service.Client.GetFromJsonAsync<JsonElement>(address);
        Assert.Equal(await Total(view), answer.GetProperty("meta").GetProperty("total_count").GetInt64());
        Assert.Equal(await view.Page.Locator("tbody tr").CountAsync(), answer.GetProperty("anchors").GetArrayLength());
    });

    [Fact]
    public Task The_screenshot_of_the_README_is_of_the_overview() => browser.ShowAsync($"/overview?target={Site}", async view =>
    {
        await Expect(view.Page.Locator(".chart .rz-series path, .chart .rz-chart svg").First).ToBeVisibleAsync();
        await view.ShootAsync("readme");
        if (Environment.GetEnvironmentVariable("BACKLINKS_WRITE_SCREENSHOT") is { Length: > 0 })
            await view.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(Inputs.Repository, "docs", "dashboard.png") });
    }, width: 1440);

    private async Task<T> Api<T>(string address) => (await (await browser.ServiceAsync()).Client.GetFromJsonAsync<T>(address))!;

    private static async Task<string> Figure(DashboardView view, string name) => (await view.Page.Locator(".kpi").Filter(new() { Has = view.Page.Locator("dt", new() { HasText = name }) }).First.Locator(".value").InnerTextAsync()).Trim();

    private static async Task<long> Total(DashboardView view) => long.Parse((await view.Page.Locator("[data-total]").GetAttributeAsync("data-total"))!, System.Globalization.CultureInfo.InvariantCulture);

    private static Task<string> Table(DashboardView view) => view.Page.Locator("tbody").First.InnerTextAsync();

    private static async Task<string[]> Texts(DashboardView view, string selector) => [.. (await view.Page.Locator(selector).AllInnerTextsAsync()).Select(t => t.Trim())];

    /// <summary>Without scheme and without white space, which browsers fold.</summary>
    private static string Bare(string text) => string.Concat(Backlinks.Api.Dashboard.Show.Address(text).Where(c => !char.IsWhiteSpace(c)));
}
