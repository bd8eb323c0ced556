using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class RobotsMetaTests
{
    private static readonly DateTime June25 = new(2010, 6, 25, 15, 0, 0, DateTimeKind.Utc);

    private static RobotsMeta Parse(params string[] values) => RobotsMeta.Parse(values, "backlinks");

    [Fact]
    public void Nothing_asks_for_nothing()
    {
        Assert.Equal(default, Parse());
        Assert.Equal(default, Parse("", " , ;", ":", "all", "index, follow", "max-snippet: 20, max-image-preview:large"));
    }

    [Theory]
    [InlineData("noindex", true, false)]
    [InlineData("NOFOLLOW", false, true)]
    [InlineData("NoIndex,NoFollow", true, true)]
    [InlineData(" noindex ,, nofollow ", true, true)]
    [InlineData("noindex nofollow", true, true)]
    [InlineData("noindex;nofollow", true, true)]
    [InlineData("none", true, true)]
    [InlineData("all, noindex, index", true, false)]
    [InlineData("noindexed, unofollow", false, false)]
    [InlineData("max-snippet:-1, nofollow", false, true)]
    [InlineData("max-image-preview: large, noindex", true, false)]
    public void Rules_are_read_in_any_case_and_spacing(string value, bool noindex, bool nofollow)
    {
        RobotsMeta meta = Parse(value);
        Assert.Equal((noindex, nofollow), (meta.Noindex, meta.Nofollow));
    }

    [Fact]
    public void Other_rules_are_told_apart()
    {
        Assert.Equal(new RobotsMeta(false, false, true, false, false, null), Parse("nosnippet"));
        Assert.Equal(new RobotsMeta(false, false, true, false, false, null), Parse("max-snippet:0"));
        Assert.Equal(new RobotsMeta(false, false, false, true, false, null), Parse("noarchive"));
        Assert.Equal(new RobotsMeta(false, false, false, true, false, null), Parse("nocache"));
        Assert.Equal(new RobotsMeta(false, false, false, false, true, null), Parse("noimageindex"));
    }

    [Theory]
    [InlineData("googlebot: noindex", false, false)]
    [InlineData("googlebot: noindex, nofollow", false, false)]
    [InlineData("BackLinks: noindex, nofollow", true, true)]
    [InlineData("backlinks:noindex", true, false)]
    [InlineData("*: noindex", true, false)]
    [InlineData("robots: noindex", true, false)]
    [InlineData("nofollow, googlebot: noindex", false, true)]
    [InlineData("googlebot: noindex, backlinks: nofollow", false, true)]
    [InlineData("backlinks: nofollow, googlebot: noindex, nofollow", false, true)]
    public void A_header_may_name_its_agent(string value, bool noindex, bool nofollow)
    {
        RobotsMeta meta = Parse(value);
        Assert.Equal((noindex, nofollow), (meta.Noindex, meta.Nofollow));
    }

    [Fact]
    public void An_agent_ends_with_its_header()
    {
        RobotsMeta meta = Parse("googlebot: nosnippet", "nofollow", "otherbot: noindex", "noarchive");
        Assert.Equal(new RobotsMeta(false, true, false, true, false, null), meta);
    }

    [Theory]
    [InlineData("unavailable_after: 25 Jun 2010 15:00:00 GMT")]
    [InlineData("Unavailable_After: Fri, 25 Jun 2010 15:00:00 GMT")]
    [InlineData("unavailable_after: 25-Jun-2010 15:00:00")]
    [InlineData("unavailable_after: Friday, 25-Jun-10 07:00:00 PST")]
    [InlineData("unavailable_after: 2010-06-25T17:00:00+02:00")]
    [InlineData("backlinks: unavailable_after: 25 Jun 2010 15:00:00 UTC")]
    [InlineData("unavailable_after: Fri Jun 25 15:00:00 2010")]
    public void Unavailable_after_is_a_date_and_not_an_agent(string value)
    {
        Assert.Equal(June25, Parse(value).UnavailableAfter);
        Assert.Equal(new RobotsMeta(true, true, false, false, false, June25), Parse("noindex", value + ", nofollow"));
    }

    [Fact]
    public void A_bad_date_or_one_for_others_is_no_date_and_hides_nothing()
    {
        Assert.Null(Parse("unavailable_after: soon").UnavailableAfter);
        Assert.Null(Parse("unavailable_after: 99 Jun 2010 15:00:00 GMT").UnavailableAfter);
        Assert.Null(Parse("googlebot: unavailable_after: 25 Jun 2010 15:00:00 GMT").UnavailableAfter);
        Assert.True(Parse("unavailable_after: soon, noindex").Noindex);
    }

    [Fact]
    public void The_earlier_of_two_dates_counts()
    {
        string[] values = ["unavailable_after: 2011-01-01", "unavailable_after: 2010-06-25T15:00:00Z"];
        Assert.Equal(June25, Parse(values).UnavailableAfter);
        Assert.Equal(June25, Parse(values[0]).And(Parse(values[1])).UnavailableAfter);
        Assert.Equal(June25, Parse(values[1]).And(Parse("noindex")).UnavailableAfter);
    }

    [Fact]
    public void Random_values_never_throw()
    {
        var random = new Random(5);
        string[] words = ["noindex", "googlebot", ":", ",", " ", "unavailable_after:", "25 Jun 2010", "15:00:00", "GMT", ";", "max-snippet", "\0", "é", "-", "+0200"];
        for (int i = 0; i < 20_000; i++)
            Parse(string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => words[random.Next(words.Length)])));
    }

    [Fact]
    public void A_megabyte_of_agents_is_read_in_one_pass()
    {
        RobotsMeta meta = Parse(string.Concat(Enumerable.Repeat("a:", 250_000)) + string.Concat(Enumerable.Repeat("unavailable_after: x,", 25_000)) + "backlinks: noindex");
        Assert.True(meta.Noindex);
    }
}
