using System.IO.Hashing;
using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Backlinks.SampleWeb;

namespace Backlinks.Tests.SampleWeb;

public class PlantedWebTests
{
    // Written once: the pages are kept in memory.
    internal static readonly PlantedWeb Shared = PlantedWeb.Generate(new SampleWebOptions { HostileLinks = 2_000 });

    [Fact]
    public void The_same_seed_gives_the_same_bytes_and_another_seed_others()
    {
        SampleWebOptions small = new() { Sites = 6, PagesPerSite = 8, HostileLinks = 100 };
        string first = Digest(PlantedWeb.Generate(small));
        Assert.Equal(first, Digest(PlantedWeb.Generate(small)));
        Assert.NotEqual(first, Digest(PlantedWeb.Generate(small with { Seed = 2 })));
    }

    [Fact]
    public void Pages_are_the_same_whether_kept_in_memory_or_written_anew()
    {
        SampleWebOptions small = new() { Sites = 4, PagesPerSite = 8, HostileLinks = 100, PadTo = 3000 };
        Assert.Equal(Digest(PlantedWeb.Generate(small)), Digest(PlantedWeb.Generate(small with { CacheBytes = 0 })));
    }

    [Fact]
    public void Every_target_exists_or_is_dead_or_outside_by_design()
    {
        int dead = 0, outside = 0, found = 0;
        foreach (SampleLink link in Shared.Truth.Links)
        {
            if (Shared.Find(link.Target) is not null)
                found++;
            else if (Shared.FindSite(new Uri(link.Target).Host) is { } site)
            {
                dead++;
                Assert.True(link.Target.Contains("/missing/", StringComparison.Ordinal) || site.Kind is SampleSiteKind.Lab or SampleSiteKind.Hostile or SampleSiteKind.Trap, link.ToString());
            }
            else
            {
                outside++;
                Assert.True(link.Target.Contains("//outside-", StringComparison.Ordinal) || link.Target.Contains("//counter.example/", StringComparison.Ordinal)
                    || Shared.Find(link.Source)!.Site.Kind is SampleSiteKind.Hostile or SampleSiteKind.Lab, link.ToString());
            }
        }
        Assert.True(found > 10_000, $"{found} links lead to pages");
        Assert.True(dead > 5 && outside > 5, $"{dead} dead, {outside} outside");
    }

    [Theory]
    [InlineData(SampleScope.Web, 0)]
    [InlineData(SampleScope.Everything, 0)]
    [InlineData(SampleScope.Web, 2)]
    [InlineData(SampleScope.Domain, 0)]
    public void The_reachable_set_is_closed(SampleScope scope, int epoch)
    {
        SampleReachRules rules = new() { Scope = scope, Epoch = epoch };
        SampleReach reach = Shared.Truth.Reach(rules);
        foreach (string seed in Shared.Seeds)
            Assert.Contains(seed, reach.Requested);
        foreach (SamplePage page in reach.Pages)
            foreach (SampleLink link in page.Answer(epoch).Links)
                if (rules.Follow.Contains(link.Kind) && (link.Rel & (SampleRel.Nofollow | SampleRel.PageNofollow)) == 0)
                    Assert.True(reach.Requested.Contains(link.Target) || reach.Disallowed.ContainsKey(link.Target) || reach.TrapEntrances.Contains(link.Target)
                        || reach.Elsewhere.Contains(link.Target), link.ToString());
        Assert.Empty(reach.Requested.Intersect(reach.Disallowed.Keys));
        Assert.DoesNotContain(reach.Requested, Shared.InTrap);
        if (scope != SampleScope.Domain)
            Assert.True(reach.Pages.Count() > 1000);
    }

    [Fact]
    public void Islands_and_what_robots_txt_forbids_are_not_reached_and_pages_only_in_sitemaps_are()
    {
        SampleReach reach = Shared.Truth.Reach();
        Assert.DoesNotContain(reach.Pages, p => p.Site.Kind == SampleSiteKind.Island);
        Assert.DoesNotContain(reach.Pages, p => p.DisallowLine != 0);
        Assert.True(reach.Disallowed.Count > 20);
        Assert.Contains(reach.Pages, p => p.SitemapOnly);
        Assert.DoesNotContain(Shared.Truth.Reach(new() { Sitemaps = false }).Pages, p => p.SitemapOnly);
    }

    [Fact]
    public void An_independent_parser_finds_the_hrefs_and_anchors_that_were_planted()
    {
        HtmlParser parser = new();
        int pages = 0, links = 0;
        foreach (SampleSite site in Shared.Sites)
            foreach (SamplePage page in site.Pages.Where(p => p.Kind is not (SamplePageKind.File or SamplePageKind.Sitemap or SamplePageKind.Robots or SamplePageKind.Hostile or SamplePageKind.Redirect)))
            {
                SampleAnswer answer = page.Answer();
                using IHtmlDocument document = parser.ParseDocument(Decode(page, answer.Body));
                string[] planted = [.. answer.Links.Where(l => l.Kind is SampleKind.Anchor).Select(l => l.Href + " > " + l.Anchor)];
                string[] seen = [.. document.QuerySelectorAll("a[href]").Where(IsWeb).Select(a => a.GetAttribute("href") + " > " + AnchorOf(a))];
                Assert.Equal(planted, seen);
                pages++;
                links += planted.Length;
            }
        Assert.True(pages > 1000 && links > 10_000);
    }

    [Fact]
    public void Losses_and_obstacles_of_every_kind_are_planted_and_real()
    {
        HashSet<SampleLoss> reasons = [];
        HashSet<SampleOutcome> obstacles = [];
        for (int epoch = 1; epoch <= 2; epoch++)
        {
            foreach (SampleLostLink lost in Shared.Truth.Losses(epoch))
            {
                reasons.Add(lost.Reason);
                SamplePage page = Shared.Find(lost.Source)!;
                Assert.Contains(page.Answer(epoch - 1).Links, l => l.Target == lost.Target);
                if (lost.Reason == SampleLoss.Removed)
                    Assert.DoesNotContain(page.Answer(epoch).Links, l => l.Target == lost.Target && l.Kind == SampleKind.Anchor);
            }
            foreach (SampleObstacle obstacle in Shared.Truth.Obstacles(epoch))
            {
                obstacles.Add(obstacle.Outcome);
                SamplePage page = Shared.Find(obstacle.Source)!;
                Assert.Equal(obstacle.Outcome, page.Answer(epoch).Outcome);
                Assert.Equal(page.Answer(0).Body, page.Answer(epoch + 1).Body); // it passes
            }
        }
        Assert.Equal(Enum.GetValues<SampleLoss>().Where(r => r != SampleLoss.None).Order(), reasons.Order());
        Assert.Equal(7, obstacles.Count);
    }

    [Fact]
    public void Groups_are_whole_and_their_hosts_exist()
    {
        Assert.Equal(10, Shared.Groups.Count);
        foreach (SampleGroup group in Shared.Groups)
        {
            Assert.All(group.Hosts, h => Assert.Equal(group.Name, Shared.FindSite(h)!.Group));
            Assert.Subset(group.Hosts.ToHashSet(), group.Targets.ToHashSet());
            Assert.Equal(group.Spam, group.Targets.Count > 0);
        }
    }

    [Fact]
    public void The_truth_is_written_as_JSON()
    {
        PlantedWeb web = PlantedWeb.Generate(new() { Sites = 4, PagesPerSite = 6, HostileLinks = 50 });
        using MemoryStream stream = new();
        web.Truth.WriteJson(stream);
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(stream.ToArray());
        Assert.Equal(web.Truth.Links.Count(), json.RootElement.GetProperty("sites").EnumerateArray().Sum(s => s.GetProperty("pages").EnumerateArray().Sum(p => p.GetProperty("links").GetArrayLength())));
        Assert.Equal(web.Truth.Reach().Requested.Count, json.RootElement.GetProperty("reach").GetProperty("requested").GetArrayLength());
    }

    [Fact]
    public void An_option_out_of_range_is_told()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PlantedWeb.Generate(new() { Sites = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => PlantedWeb.Generate(new() { PagesPerSite = 5 }));
    }

    internal static string Digest(PlantedWeb web)
    {
        XxHash3 hash = new();
        for (int epoch = 0; epoch <= 2; epoch++)
            foreach (SamplePage page in web.Sites.SelectMany(s => s.Pages))
            {
                SampleAnswer answer = page.Answer(epoch);
                hash.Append(answer.Body);
                hash.Append(Encoding.UTF8.GetBytes(page.Url + answer.Status + string.Join('\n', answer.Headers) + string.Join('\n', answer.Links)));
            }
        return hash.GetCurrentHashAsUInt64().ToString("x16");
    }

    internal static string Decode(SamplePage page, byte[] body) => page.Encoding.GetString(body);

    private static bool IsWeb(IElement a) => a.GetAttribute("href") is { } href && !href.StartsWith("mailto:", StringComparison.Ordinal)
        && !href.StartsWith("javascript:", StringComparison.OrdinalIgnoreCase) && !href.StartsWith("tel:", StringComparison.Ordinal) && !href.StartsWith("data:", StringComparison.Ordinal)
        && !href.StartsWith("ftp:", StringComparison.Ordinal) && !href.StartsWith('#');

    private static string AnchorOf(IElement a)
    {
        string text = string.Join(' ', a.TextContent.Split((char[])[' ', '\n', '\t', '\r', '\f'], StringSplitOptions.RemoveEmptyEntries));
        return text.Length > 0 ? text : a.QuerySelector("img")?.GetAttribute("alt") ?? "";
    }
}
