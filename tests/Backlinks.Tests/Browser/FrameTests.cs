using Backlinks.Api.Dashboard;
using Backlinks.Tests.Api;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Backlinks.Tests.Browser;

/// <summary>The frame around all pages: themes, widths, the keyboard, problems, and text that nobody should believe.</summary>
[Collection(BrowserTests.Name)]
public sealed class FrameTests(DashboardBrowser browser)
{
    private const string Site = "faint-nebulamoon.test";

    /// <summary>Linked to by <c>evil.example</c>.</summary>
    private const string Attacked = "labs.example";

    /// <summary>The tables are one component: these stand for the others.</summary>
    public static TheoryData<string> Pages { get; } = new(["/", "/nothing-here", "/overview?target=not-in-the-index.example", .. ((string[])["overview", "backlinks", "anchors", "new-lost", "outgoing"])
        .Select(p => $"/{p}{(p.Contains('?', StringComparison.Ordinal) ? '&' : '?')}target={Site}")]);

    [Theory]
    [MemberData(nameof(Pages))]
    public Task A_page_hinders_nobody_in_either_theme_and_fits_phones_and_wide_screens(string address) => browser.ShowAsync(address, async view =>
    {
        string name = address.TrimStart('/').Split('?')[0];
        if (address == "/nothing-here")
            view.Complaints.RemoveAll(c => c.Contains("404", StringComparison.Ordinal)); // it is to be
        Assert.Equal("", await view.HindrancesAsync());
        await view.Page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark });
        await Expect(view.Page.Locator("html[data-theme=dark]")).ToHaveCountAsync(1);
        Assert.Equal("", await view.HindrancesAsync(colours: true));
        foreach (int width in (int[])[2560, 375])
        {
            await view.Page.SetViewportSizeAsync(width, 1000);
            await view.Page.EvaluateAsync("() => new Promise(requestAnimationFrame)");
            Assert.Equal(0, await view.OverhangAsync());
            if (name is "overview" or "backlinks")
                await view.ShootAsync($"{name}-{width}");
        }
        if (name is "overview" or "backlinks") // the others are made of the same parts
            Assert.Equal("", await view.HindrancesAsync());
    });

    [Fact]
    public Task The_theme_follows_the_system_until_one_is_chosen_and_the_choice_is_remembered() => browser.ShowAsync("/", async view =>
    {
        await Expect(view.Page.Locator("html[data-theme=dark]")).ToHaveCountAsync(1);
        await view.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await Expect(view.Page.Locator("html[data-theme=light]")).ToHaveCountAsync(1);
        await view.GoAsync("/runs");
        await Expect(view.Page.Locator("html[data-theme=light]")).ToHaveCountAsync(1);
    }, dark: true);

    [Fact]
    public Task Everything_is_reached_by_the_keyboard() => browser.ShowAsync("/", async view =>
    {
        await view.Page.Keyboard.PressAsync("Tab");
        Assert.Equal("Skip to content", await Focused(view));
        await view.Page.Keyboard.PressAsync("Enter");
        Assert.Equal("content", await view.Page.EvaluateAsync<string>("document.activeElement.id"));
        await view.Page.Locator("#search").FocusAsync();
        await view.Page.Keyboard.TypeAsync(Site);
        await view.Page.Keyboard.PressAsync("Enter");
        await view.ArrivesAsync($"/overview?target={Site}");
        await view.AliveAsync();
        await Expect(view.Page.Locator("main h1")).ToBeFocusedAsync(); // a page that is new is announced
        ILocator backlinks = view.Page.GetByRole(AriaRole.Navigation, new() { Name = "Pages", Exact = true }).GetByRole(AriaRole.Link, new() { Name = "Backlinks", Exact = true });
        await backlinks.FocusAsync();
        await view.Page.Keyboard.PressAsync("Enter");
        await view.ArrivesAsync("/backlinks?");
        await view.AliveAsync();
        ILocator menu = view.Page.Locator("summary", new() { HasText = "Columns" });
        await menu.FocusAsync();
        await view.Page.Keyboard.PressAsync("Enter");
        await Expect(view.Page.Locator("details[open] .columns-menu")).ToBeVisibleAsync();
        await view.Page.Keyboard.PressAsync("Escape");
        await Expect(view.Page.Locator("details[open]")).ToHaveCountAsync(0);
        Assert.Equal("Columns", await Focused(view));
        await view.Page.Locator("th a.sort").First.FocusAsync();
        await view.Page.Keyboard.PressAsync("Enter");
        await view.ArrivesAsync("order_by=");
    });

    [Fact]
    public Task On_a_phone_the_navigation_opens_and_closes() => browser.ShowAsync($"/overview?target={Site}", async view =>
    {
        ILocator pages = view.Page.Locator("#navigation"), button = view.Page.GetByRole(AriaRole.Button, new() { Name = "Navigation" });
        await Expect(pages).ToBeHiddenAsync();
        await button.ClickAsync();
        await Expect(pages).ToBeVisibleAsync();
        await Expect(button).ToHaveAttributeAsync("aria-expanded", "true");
        await pages.GetByRole(AriaRole.Link, new() { Name = "Anchors" }).ClickAsync();
        await view.ArrivesAsync("/anchors?target=");
        await Expect(pages).ToBeHiddenAsync();
    }, width: 375);

    [Fact]
    public Task Text_of_hostile_pages_is_shown_and_does_nothing() => browser.ShowAsync($"/backlinks?target={Attacked}&aggregation=all&where={Uri.EscapeDataString("""{"field":"root_name_source","is":["eq","evil.example"]}""")}", async view =>
    {
        await view.SeesAsync("main", SampleWebRun.Evil);
        await view.SeesAsync("main .title", "<img src=x onerror=alert(2)>");
        Assert.Equal(0, await view.Page.Locator("main script, main img, main iframe, main b").CountAsync());
        string[] links = await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main a[href]')].map(a => a.getAttribute('href'))");
        Assert.All(links, href => Assert.Matches("^(/|https?://)", href));
        Assert.All(await view.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('main a.outside')].map(a => a.rel)"), rel => Assert.Equal("noopener noreferrer nofollow", rel));
        await view.ShootAsync("hostile");
        foreach (string page in (string[])["anchors", "overview", "refdomains", "networks"])
            await view.GoAsync($"/{page}?target={Attacked}");
        foreach (string text in (string[])["\"><script>alert(3)</script>", "javascript:alert(4)", "' OR 1=1 --", "\u202E%00\u0001"])
            foreach (string parameter in (string[])["target", "mode", "history", "run", "where", "order_by", "columns", "cursor", "aggregation", "limit"])
            {
                await view.Page.GotoAsync($"/backlinks?target={Attacked}&{parameter}={Uri.EscapeDataString(text)}", new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
                Assert.Equal(0, await view.Page.Locator("main script").CountAsync());
                Assert.True(await view.Page.Locator("main h1").IsVisibleAsync());
            }
    });

    [Fact]
    public Task What_is_not_in_the_index_is_said_and_so_is_a_wrong_question() => browser.ShowAsync("/overview?target=never-heard-of.example", async view =>
    {
        await view.SeesAsync("main h2", "Not in the index");
        await view.GoAsync($"/backlinks?target={Site}&run=9999-nope");
        await view.SeesAsync("[role=alert]", "There is no such run");
        await view.GoAsync($"/backlinks?target={Site}&order_by=colour:desc");
        await view.SeesAsync("[role=alert]", "colour");
    });

    [Fact]
    public async Task Before_the_first_run_every_page_says_how_to_begin()
    {
        using var folder = new TemporaryFolder();
        await using RunningService service = await browser.ServeEmptyAsync(folder.File("empty"));
        await browser.ShowAsync("/", async view =>
        {
            await view.SeesAsync("main h2", "There is no run yet");
            await view.GoAsync($"/backlinks?target={Site}");
            await view.SeesAsync("main h2", "There is no run yet");
            Assert.Equal("", await view.HindrancesAsync());
            await view.ShootAsync("no-run");
        }, service: service);
    }

    [Fact]
    public async Task A_lost_connection_is_told()
    {
        using var folder = new TemporaryFolder();
        RunningService service = await browser.ServeEmptyAsync(folder.File("empty"));
        await browser.ShowAsync("/", async view =>
        {
            await service.DisposeAsync();
            await Expect(view.Page.Locator("dialog.reconnect[open]")).ToContainTextAsync("Connection lost");
            await view.ShootAsync("connection-lost");
            view.Complaints.Clear(); // the browser complains that nobody answers
        }, service: service);
    }

    [Fact]
    public async Task Pages_allow_no_scripts_but_ours_and_no_frames()
    {
        RunningService service = await browser.ServiceAsync();
        using HttpResponseMessage answer = await service.Client.GetAsync(new Uri(service.Url, "/"));
        string policy = string.Join(' ', answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
        Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", string.Join("", answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", string.Join("", answer.Headers.GetValues("Referrer-Policy")));
        string page = await answer.Content.ReadAsStringAsync();
        Assert.DoesNotMatch("<script(?![^>]* src=)", page);
        Assert.DoesNotMatch("(src|href)=\"(https?:)?//", page.Replace($"href=\"{service.Url}", "", StringComparison.Ordinal).Replace("class=\"outside\" href=\"http", "", StringComparison.Ordinal));
        using HttpResponseMessage missing = await service.Client.GetAsync(new Uri(service.Url, "/api/v1/nothing"));
        Assert.Equal("application/problem+json", missing.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("http://a.example/", true)]
    [InlineData("https://a.example/?q=<b>", true)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("JaVaScRiPt:alert(1)", false)]
    [InlineData(" javascript:alert(1)", false)]
    [InlineData("java\nscript:alert(1)", false)]
    [InlineData("data:text/html,<script>alert(1)</script>", false)]
    [InlineData("vbscript:x", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("//a.example/", false)]
    [InlineData("a.example", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Browsers_are_sent_to_http_and_https_only(string? url, bool sent) => Assert.Equal(sent ? url : null, Show.SafeAddress(url));

    private static async Task<string> Focused(DashboardView view) => (await view.Page.EvaluateAsync<string>("document.activeElement.innerText")).Trim();
}
