using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class RobotsTxtTests
{
    private static RobotsTxt Parse(string text, RobotsTxtOptions? options = null) => RobotsTxt.Parse(Encoding.UTF8.GetBytes(text), options);

    [Fact]
    public void An_empty_file_allows_everything()
    {
        Assert.Equal(new RobotsVerdict(true, 0, ""), RobotsTxt.AllowAll.Check("backlinks", "/a"));
        Assert.Null(RobotsTxt.AllowAll.CrawlDelay("backlinks"));
        Assert.Empty(RobotsTxt.AllowAll.Sitemaps);
    }

    [Fact]
    public void A_file_that_denies_all_still_allows_itself()
    {
        Assert.Equal(new RobotsVerdict(false, 2, "Disallow: /"), RobotsTxt.DenyAll.Check("backlinks", "/"));
        Assert.False(RobotsTxt.DenyAll.Check("backlinks", "").Allowed);
        Assert.True(RobotsTxt.DenyAll.Check("backlinks", "/robots.txt").Allowed);
        Assert.False(RobotsTxt.DenyAll.Check("backlinks", "/robots.txt?x").Allowed);
    }

    [Fact]
    public void A_verdict_names_the_line_that_decided()
    {
        RobotsTxt robots = Parse("# ours\r\nUser-agent: *\r\n\r\nDisallow: /private  # not for you\r\nAllow: /private/open\r\n");
        Assert.Equal(new RobotsVerdict(false, 4, "Disallow: /private  # not for you"), robots.Check("backlinks", "/private/x"));
        Assert.Equal(new RobotsVerdict(true, 5, "Allow: /private/open"), robots.Check("backlinks", "/private/open/x"));
        Assert.Equal(new RobotsVerdict(true, 0, ""), robots.Check("backlinks", "/other"));
    }

    [Fact]
    public void Groups_that_name_the_agent_are_merged_and_the_rest_is_not_for_it()
    {
        RobotsTxt robots = Parse("user-agent: BackLinks\nuser-agent: other\ndisallow: /a\n\nuser-agent: *\ndisallow: /c\n\nuser-agent: backlinks/1.0\ndisallow: /b\n");
        Assert.Equal([false, false, true], new[] { "/a", "/b", "/c" }.Select(p => robots.Check("backlinks", p).Allowed));
        Assert.Equal([false, true, true], new[] { "/a", "/b", "/c" }.Select(p => robots.Check("OTHER", p).Allowed));
        Assert.Equal([true, true, false], new[] { "/a", "/b", "/c" }.Select(p => robots.Check("nobody", p).Allowed));
        Assert.Equal([true, true, false], new[] { "/a", "/b", "/c" }.Select(p => robots.Check("*", p).Allowed));
    }

    [Theory]
    [InlineData("/fish*.php", "/fish.php", true)]
    [InlineData("/fish*.php", "/Fish.PHP", false)]
    [InlineData("/*.php$", "/a.php", true)]
    [InlineData("/*.php$", "/a.php?x", false)]
    [InlineData("/*.php$", "/a.php.php", true)]
    [InlineData("/a$b", "/a$b", true)]
    [InlineData("/a$b", "/a", false)]
    [InlineData("/a$$", "/a$", true)]
    [InlineData("*", "/", true)]
    [InlineData("*$", "/x", true)]
    [InlineData("$", "/", false)]
    [InlineData("/$", "/", true)]
    [InlineData("a", "/a", false)]
    [InlineData("*a", "/ba", true)]
    [InlineData("/a**b*", "/axxb", true)]
    [InlineData("/ab*ba$", "/aba", false)]
    [InlineData("/ab*ba$", "/abba", true)]
    [InlineData("/12345678x", "/12345678y", false)]
    [InlineData("/é", "/%C3%A9", true)]
    [InlineData("/%c3%a9", "/%c3%a9", true)]
    [InlineData("/%c3%a9", "/%C3%A9", true)]
    [InlineData("/%2a", "/*", false)]
    [InlineData("/a", "/a\u00E9", true)]
    [InlineData("/%", "/%", true)]
    [InlineData("/a?b", "?b", false)]
    [InlineData("/?b", "?b", true)]
    public void Patterns_match_as_written(string pattern, string path, bool matches) =>
        Assert.Equal(!matches, Parse($"User-agent: *\nDisallow: {pattern}\n").Check("backlinks", path).Allowed);

    [Fact]
    public void Escapes_of_plain_letters_are_kept_apart_unless_asked_otherwise()
    {
        const string text = "User-agent: *\nDisallow: /%7Eann\nDisallow: /~bob\n";
        var rfc = new RobotsTxtOptions { DecodeUnreserved = true };
        Assert.True(Parse(text).Check("backlinks", "/~ann").Allowed);
        Assert.False(Parse(text, rfc).Check("backlinks", "/~ann").Allowed);
        Assert.False(Parse(text, rfc).Check("backlinks", "/%7ebob").Allowed);
        Assert.True(Parse("User-agent: *\nDisallow: /a%2Fb\n", rfc).Check("backlinks", "/a/b").Allowed);
    }

    [Fact]
    public void Without_extensions_the_RFC_is_read_to_the_letter()
    {
        var strict = new RobotsTxtOptions { GoogleExtensions = false };
        Assert.True(Parse("useragent: *\ndisallow: /\n", strict).Check("backlinks", "/").Allowed);
        Assert.True(Parse("user-agent: *\ndisallow /\n", strict).Check("backlinks", "/").Allowed);
        Assert.True(Parse("user-agent: *\ndisallowed: /\n", strict).Check("backlinks", "/").Allowed);
        Assert.False(Parse("user-agent: *\ndisallow: /\nallow: /index.html\n", strict).Check("backlinks", "/").Allowed);
        Assert.False(Parse("User-Agent : *\nDisallow : /\n", strict).Check("backlinks", "/").Allowed);
    }

    [Fact]
    public void Crawl_delay_is_that_of_the_agents_named_above_it()
    {
        RobotsTxt robots = Parse("User-agent: slow\nCrawl-delay: 10\nUser-agent: both\nCrawl-delay: 2.5\nDisallow: /x\n\nUser-agent: *\nCrawl-delay: 1\n\nUser-agent: none\nDisallow: /\n");
        Assert.Equal(TimeSpan.FromSeconds(10), robots.CrawlDelay("Slow"));
        Assert.Equal(TimeSpan.FromSeconds(2.5), robots.CrawlDelay("both"));
        Assert.Equal(TimeSpan.FromSeconds(1), robots.CrawlDelay("backlinks"));
        Assert.False(robots.Check("slow", "/x").Allowed);
        // A delay is no rule, so "*" and "none" are one group; "none" came after the delay.
        Assert.Null(robots.CrawlDelay("none"));
        Assert.False(robots.Check("backlinks", "/").Allowed);
    }

    [Theory]
    [InlineData("10", 10.0)]
    [InlineData("0.25", 0.25)]
    [InlineData(".5", 0.5)]
    [InlineData("10s", 10.0)]
    [InlineData("5 seconds", 5.0)]
    [InlineData("0", 0.0)]
    [InlineData("99999999", 86400.0)]
    [InlineData("-1", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    [InlineData("1.2.3", null)]
    [InlineData("NaN", null)]
    public void Crawl_delays_are_seconds_up_to_a_day(string value, double? seconds) =>
        Assert.Equal(seconds, Parse($"User-agent: *\nCrawl-delay: {value}\n").CrawlDelay("backlinks")?.TotalSeconds);

    [Fact]
    public void Sitemaps_stand_anywhere_and_are_kept_as_written()
    {
        RobotsTxt robots = Parse("Sitemap: https://a.test/1.xml\nUser-agent: x\nSITEMAP:/2.xml # mine\nDisallow: /\nsitemap:\nsite-map: é\n");
        Assert.Equal(["https://a.test/1.xml", "/2.xml", "é"], robots.Sitemaps);
    }

    [Fact]
    public void At_most_500_KiB_are_read_and_no_half_line()
    {
        const string head = "User-agent: *\nDisallow: /a\n", tail = "Disallow: /bcd";
        int fill = 500 * 1024 - head.Length - tail.Length;
        string Padded(int more) => head + "#" + new string('x', fill - 2 + more) + "\n" + tail + "\n";
        Assert.False(Parse(Padded(-1)).Check("backlinks", "/bcd").Allowed);
        Assert.True(Parse(Padded(1)).Check("backlinks", "/bcd").Allowed);
        Assert.True(Parse(Padded(3)).Check("backlinks", "/b").Allowed);
        Assert.False(Parse(Padded(3)).Check("backlinks", "/a").Allowed);
    }

    [Fact]
    public void Random_files_are_judged_as_a_naive_reader_does()
    {
        var random = new Random(17);
        string Path(int most, string letters) => string.Concat(Enumerable.Range(0, random.Next(most)).Select(_ => letters[random.Next(letters.Length)]));
        for (int i = 0; i < 4_000; i++)
        {
            var text = new StringBuilder();
            for (int lines = random.Next(14); lines > 0; lines--)
            {
                text.Append(random.Next(9) switch
                {
                    0 => "user-agent: foo",
                    1 => "User-Agent:FOO ",
                    2 => "user-agent: *",
                    3 => "user-agent: bar",
                    4 => "crawl-delay: 3",
                    5 or 6 => "allow: /" + Path(9, "ab*$/"),
                    _ => "disallow: " + (random.Next(3) == 0 ? "*" : "/") + Path(9, "aab*$/"),
                }).Append('\n');
            }
            RobotsTxt robots = Parse(text.ToString());
            for (int j = 0; j < 8; j++)
            {
                string agent = j % 2 == 0 ? "foo" : "qux", path = "/" + Path(12, "aab/$");
                RobotsVerdict verdict = robots.Check(agent, path);
                Assert.True(NaiveRobots.Check(text.ToString(), agent, path) == (verdict.Allowed, verdict.Line), $"{agent} {path} {verdict}\n{text}");
            }
        }
    }

    [Fact]
    public void Hostile_patterns_do_not_backtrack()
    {
        string path = "/" + new string('a', 100_000);
        string stars = string.Concat(Enumerable.Repeat("*a", 7_000));
        var watch = Stopwatch.StartNew();
        RobotsTxt robots = Parse($"User-agent: *\nDisallow: {stars}*b$\nDisallow: {stars}*b\nAllow: /{string.Concat(Enumerable.Repeat("*aa", 5_000))}$\n");
        Assert.True(robots.Check("backlinks", path).Allowed);
        Assert.Equal(4, robots.Check("backlinks", path).Line);
        // Tried place by place this would take longer than the world has.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void A_file_of_agents_and_rules_does_not_multiply()
    {
        string agents = string.Concat(Enumerable.Range(0, 12_000).Select(i => $"User-agent: a{(char)('a' + i % 26)}\nCrawl-delay: 1\n"));
        string rules = string.Concat(Enumerable.Range(0, 12_000).Select(i => $"Disallow: /{i}\n"));
        RobotsTxt robots = Parse(agents + rules);
        Assert.False(robots.Check("ab", "/11999").Allowed);
        Assert.Equal(TimeSpan.FromSeconds(1), robots.CrawlDelay("ab"));
        for (int i = 0; i < 200; i++)
            Assert.True(robots.Check("nobody" + i, "/1").Allowed);
    }

    [Fact]
    public void Cut_and_changed_bytes_never_throw()
    {
        byte[] text = Encoding.UTF8.GetBytes("\uFEFFUser-agent: *\r\nDisallow: /a*b$ # é\rAllow: /index.html\nCrawl-delay: 1.5\n\nUser agent x\nSitemap: http://a.test/%zz\n");
        var random = new Random(23);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = text[..random.Next(text.Length + 1)];
            for (int flips = random.Next(5); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            RobotsTxt robots = RobotsTxt.Parse(bytes);
            robots.Check("x", "/axb");
            robots.CrawlDelay("x");
            RobotsTxt.Diagnose(bytes);
        }
    }

    [Fact]
    public void All_of_Googles_cases_hold()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("robots", "google_cases.json")));
        int rows = 0;
        foreach (JsonElement row in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            rows++;
            string robots = row.GetProperty("robots").GetString()!, agent = row.GetProperty("user_agent").GetString()!, url = row.GetProperty("url").GetString()!;
            Assert.True(row.GetProperty("allowed").GetBoolean() == Parse(robots).Check(agent, RobotsTxt.PathOf(url)).Allowed, $"{row.GetProperty("test")}: {agent} {url[..Math.Min(99, url.Length)]}\n{robots[..Math.Min(999, robots.Length)]}");
        }
        Assert.Equal(145, rows);
        Assert.All(file.RootElement.GetProperty("valid_user_agents").EnumerateArray(),
            row => Assert.Equal(row.GetProperty("valid").GetBoolean(), RobotsTxt.IsProductToken(row.GetProperty("value").GetString()!)));
        Assert.All(file.RootElement.GetProperty("paths").EnumerateArray(),
            row => Assert.Equal(row.GetProperty("path").GetString(), RobotsTxt.PathOf(row.GetProperty("url").GetString()!)));
        Assert.All(file.RootElement.GetProperty("escapes").EnumerateArray(),
            row => Assert.Equal(row.GetProperty("escaped").GetString(), RobotsPattern.Escape(Encoding.UTF8.GetBytes(row.GetProperty("pattern").GetString()!), false)));
    }

    [Fact]
    public void Googles_line_counts_and_diagnoses_hold()
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("robots", "google_cases.json")));
        int texts = 0, lines = 0;
        foreach (JsonElement row in file.RootElement.GetProperty("line_counts").EnumerateArray())
        {
            texts++;
            byte[] robots = row.GetProperty("robots_base64").GetBytesFromBase64();
            IReadOnlyList<RobotsLine> found = RobotsTxt.Diagnose(robots);
            if (row.TryGetProperty("valid_directives", out JsonElement valid))
                Assert.Equal(valid.GetInt32(), found.Count(IsValid));
            if (row.TryGetProperty("unknown_directives", out JsonElement unknown))
                Assert.Equal(unknown.GetInt32(), found.Count(l => l.HasDirective && !IsValid(l)));
            if (row.TryGetProperty("last_line", out JsonElement last))
                Assert.Equal(last.GetInt32(), found.Last(l => l.HasDirective).Number);
            if (row.TryGetProperty("sitemap", out JsonElement sitemap))
                Assert.Equal(sitemap.GetString(), string.Concat(RobotsTxt.Parse(robots).Sitemaps));
        }
        Assert.Equal(12, texts);
        foreach (JsonElement row in file.RootElement.GetProperty("reporting").EnumerateArray())
        {
            IReadOnlyList<RobotsLine> found = RobotsTxt.Diagnose(Encoding.UTF8.GetBytes(row.GetProperty("robots").GetString()!));
            Assert.Equal(row.GetProperty("last_line").GetInt32(), found.Count);
            Assert.Equal(row.GetProperty("valid_directives").GetInt32(), found.Count(IsValid));
            foreach (JsonElement expected in row.GetProperty("lines").EnumerateArray())
            {
                lines++;
                RobotsLine line = found[expected.GetProperty("line").GetInt32() - 1];
                bool Flag(string name) => expected.GetProperty(name).GetBoolean();
                Assert.Equal(expected.GetProperty("tag").GetString(), line.Kind switch
                {
                    RobotsLineKind.UserAgent => "user-agent",
                    RobotsLineKind.CrawlDelay => "unused",
                    var kind => kind.ToString().ToLowerInvariant(),
                });
                Assert.Equal(
                    (Flag("is_empty"), Flag("has_directive"), Flag("has_comment"), Flag("is_comment"), Flag("is_acceptable_typo"), Flag("is_line_too_long"), Flag("is_missing_colon_separator")),
                    (line.IsEmpty, line.HasDirective, line.HasComment, line.IsComment, line.Typo, line.TooLong, line.MissingColon));
            }
        }
        Assert.Equal(19, lines);

        static bool IsValid(RobotsLine line) => line.Kind is RobotsLineKind.UserAgent or RobotsLineKind.Allow or RobotsLineKind.Disallow or RobotsLineKind.Sitemap;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void All_examples_of_RFC_9309_hold(bool extensions)
    {
        using JsonDocument file = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("robots", "rfc9309_cases.json")));
        int rows = 0;
        foreach (JsonElement row in file.RootElement.GetProperty("cases").EnumerateArray())
        {
            rows++;
            byte[] robots = File.ReadAllBytes(SharedData.Require("robots", row.GetProperty("file").GetString()!));
            RobotsVerdict verdict = RobotsTxt.Parse(robots, new RobotsTxtOptions { GoogleExtensions = extensions })
                .Check(row.GetProperty("user_agent").GetString()!, RobotsTxt.PathOf(row.GetProperty("url").GetString()!));
            Assert.True(row.GetProperty("allowed").GetBoolean() == verdict.Allowed, row.ToString());
        }
        Assert.Equal(45, rows);
    }
}
