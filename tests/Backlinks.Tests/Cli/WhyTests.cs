using System.Globalization;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using Microsoft.AspNetCore.Http;

namespace Backlinks.Tests.Cli;

/// <summary>The reasons that <c>backlinks why</c> gives: a delay, a block, a trap, a budget, a loss seen from the target, an import.
/// Scope, robots.txt and the budget of a crawl are in <see cref="CrawlTests"/>.</summary>
public sealed class WhyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_that_asks_to_wait_is_delayed_until_then()
    {
        string host = "";
        await using SampleWebServer server = await Answering((context, _) =>
        {
            if (context.Request.Host.Host != host || context.Request.Path == "/robots.txt")
                return false;
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "7200";
            return true;
        });
        host = new Uri(server.Web.Seeds[0]).Host;
        string[] arguments = CrawlTests.Arguments(server, Data, "--patience", "5");
        arguments[Array.IndexOf(arguments, "--delay") + 1] = "0.001";
        DateTime start = DateTime.UtcNow;
        Assert.Equal("waiting", Program.Run(arguments).Ok().Json.GetProperty("end").GetString());
        JsonElement why = Why(server.Web.Seeds[0]);
        Assert.Equal("delayed", why.GetProperty("verdict").GetString());
        Assert.Equal(why.ToString(), Why(host).ToString()); // though nothing is known of https
        string because = Because(why);
        Assert.Contains("HTTP 429", because, StringComparison.Ordinal);
        Assert.Contains("tried 1 time so far", because, StringComparison.Ordinal);
        Assert.Contains("'backlinks crawl --resume' goes on", because, StringComparison.Ordinal);
        Assert.InRange(AskedAgainAt(because), start.AddSeconds(7199), DateTime.UtcNow.AddSeconds(7201));
    }

    [Fact]
    public async Task A_page_that_blocks_is_told_and_keeps_its_links()
    {
        string blocked = "";
        await using SampleWebServer server = await Answering((context, page) =>
        {
            if (page is null || page.Url != blocked)
                return false;
            context.Response.StatusCode = 403;
            return true;
        });
        Program.Run(CrawlTests.Arguments(server, Data)).Ok();
        blocked = server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything }).Pages.First(p => p.Kind == SamplePageKind.Article).Url;
        int before = Links(blocked);
        Assert.True(before > 0);
        Program.Run(CrawlTests.Arguments(server, Data)).Ok();
        JsonElement why = Why(blocked);
        Assert.Equal("blocked", why.GetProperty("verdict").GetString());
        Assert.Contains("HTTP 403, Blocked", Because(why), StringComparison.Ordinal);
        Assert.Contains("none of them counts as lost; last verified", Because(why), StringComparison.Ordinal);
        Assert.Contains($"links of it: {before} live, 0 missing, 0 lost", Because(why), StringComparison.Ordinal);
        Assert.Equal(before, Links(blocked));
    }

    [Fact]
    public async Task A_trap_and_a_budget_of_a_host_are_told_with_the_rule()
    {
        string root = _folder.NewFolder();
        File.WriteAllText(Path.Combine(root, "index.html"), string.Concat(Enumerable.Range(0, 6).Select(i => $"<a href='/{i}.html'>{i}</a>")) + "<a href='/q/q/q/q/q/q'>on and on</a>");
        for (int i = 0; i < 6; i++)
            File.WriteAllText(Path.Combine(root, $"{i}.html"), $"page {i}");
        await using FolderSite site = await FolderSite.StartAsync(root);
        Program.Run("crawl", "http://a.example/", "--allow-loopback", "--connect-to", "::127.0.0.1:" + site.Port.ToString(CultureInfo.InvariantCulture), "--delay", "0",
            "--max-pages-per-host", "3", "--data", Data).Ok();
        JsonElement trap = Why("http://a.example/q/q/q/q/q/q");
        Assert.Equal("skipped_as_trap", trap.GetProperty("verdict").GetString());
        Assert.Contains("(found on http://a.example/, 1 link from a start): it looks like a trap: the path segment 'q' comes", Because(trap), StringComparison.Ordinal);
        Assert.Contains("links to it: 1 live", Because(trap), StringComparison.Ordinal);
        JsonElement[] pages = [.. Enumerable.Range(0, 6).Select(i => Why($"http://a.example/{i}.html"))];
        Assert.Equal(2, pages.Count(p => p.GetProperty("verdict").GetString() == "fetched"));
        JsonElement[] budget = [.. pages.Where(p => p.GetProperty("verdict").GetString() == "skipped_by_budget")];
        Assert.Equal(4, budget.Length);
        Assert.All(budget, p => Assert.Contains("the budget is used up: 3 URLs of a.example were fetched: --max-pages-per-host", Because(p), StringComparison.Ordinal));
    }

    [Fact]
    public void Imported_pages_are_told_without_any_crawl_and_a_loss_is_seen_from_its_target()
    {
        for (int day = 0; day < 3; day++)
        {
            WarcWriter warc = new(Packing.Members);
            warc.Response("http://a.example/", day == 0 ? WarcWriter.Page("http://b.example/", "http://c.example/") : WarcWriter.Page("http://c.example/"), new DateTime(2024, 5, 1 + 2 * day, 0, 0, 0, DateTimeKind.Utc));
            string file = _folder.File($"day{day}.warc.gz");
            File.WriteAllBytes(file, warc.ToArray());
            Program.Run("import", file, "--data", Data).Ok();
            string seen = Because(Why("http://b.example/"));
            Assert.Contains(day switch
            {
                0 => "links to it: 1 live, 0 missing, 0 lost",
                1 => "missing link to it: http://a.example/: not found on 2024-05-03 00:00:00Z; lost if a check a day or more later does not find it either",
                _ => "lost link to it: http://a.example/: the page is there without it, established 2024-05-05 00:00:00Z, last seen 2024-05-01 00:00:00Z",
            }, seen, StringComparison.Ordinal);
        }
        Assert.Equal("lost", Why("http://b.example/").GetProperty("verdict").GetString());
        JsonElement page = Why("http://a.example/");
        Assert.Equal("fetched", page.GetProperty("verdict").GetString());
        Assert.Contains("last visit 2024-05-05 00:00:00Z by", Because(page), StringComparison.Ordinal);
        Assert.Contains("lost link of it: http://b.example/", Because(page), StringComparison.Ordinal);
        JsonElement nobody = Why("http://nobody.example/");
        Assert.Equal("unknown", nobody.GetProperty("verdict").GetString());
        Assert.Equal("nothing that was crawled or imported links to it", Because(nobody));
    }

    private int Links(string url)
    {
        using DuckDbLinkStore store = new DataFolder(Data).OpenLinks(readOnly: true);
        return store.LinksFrom(url, Cancel).Count(l => l is { LostAt: null, MissingSince: null });
    }

    private static DateTime AskedAgainAt(string because)
    {
        const string words = "its host may be asked again at ";
        string time = because[(because.IndexOf(words, StringComparison.Ordinal) + words.Length)..][..20];
        return DateTime.ParseExact(time, "yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal);
    }

    private static Task<SampleWebServer> Answering(Func<HttpContext, SamplePage?, bool> answer) =>
        SampleWebServer.StartAsync(PlantedWeb.Generate(CrawlTests.Small), new SampleServerOptions { Before = (context, page) => Task.FromResult(answer(context, page)) });

    private JsonElement Why(string url) => Program.Run("why", url, "--data", Data, "--json").Ok().Json;

    private static string Because(JsonElement why) => string.Join('\n', why.GetProperty("because").EnumerateArray().Select(b => b.GetString()));
}
