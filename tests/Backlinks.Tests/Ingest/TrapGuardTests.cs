using Backlinks.Ingest;

namespace Backlinks.Tests;

public class TrapGuardTests
{
    private static WebUrl Url(string text) => WebUrl.TryParse(text)!;

    [Theory]
    [InlineData("http://a.example/a/b/c/d.html", false)]
    [InlineData("http://a.example/a/b/a/b/x", false)]
    [InlineData("http://a.example/a/b/a/b/a/b", true)]
    [InlineData("http://a.example/x/a/y/a/z/a/w/a", true)]
    [InlineData("http://a.example/2024/05/05/05/list", false)]
    [InlineData("http://a.example/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26", true)]
    [InlineData("http://a.example/?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=11&l=12&m=13", true)]
    [InlineData("http://a.example/?a=1&b=2", false)]
    public void A_url_can_give_itself_away(string url, bool trap) => Assert.Equal(trap, new TrapGuard().Trap(Url(url)) is not null);

    [Theory]
    [InlineData("http://a.example/?tag=a&tag=b&tag=c", false)]
    [InlineData("http://a.example/?tag=a&tag=b&tag=c&tag=d", true)]
    [InlineData("http://a.example/?tag=a&page=2&tag=a", true)]
    public void A_query_that_repeats_itself_is_a_trap(string url, bool trap) => Assert.Equal(trap, new TrapGuard().Trap(Url(url)) is not null);

    [Fact]
    public void Of_urls_that_differ_in_a_session_id_the_first_stands_for_all()
    {
        var guard = new TrapGuard();
        Assert.Null(guard.Trap(Url("http://a.example/item?id=1&sid=77")));
        Assert.Null(guard.Trap(Url("http://a.example/item?id=1&sid=77")));
        Assert.Contains("session", guard.Trap(Url("http://a.example/item?id=1&sid=78")), StringComparison.Ordinal);
        Assert.Null(guard.Trap(Url("http://a.example/item?id=2&sid=78")));
    }

    [Fact]
    public void A_faceted_search_is_followed_two_fields_deep()
    {
        var guard = new TrapGuard();
        string[] names = ["colour", "size", "brand", "sort", "page", "view"];
        foreach (string one in names)
            foreach (string two in names.Where(n => n != one))
                foreach (string three in names.Where(n => n != one && n != two))
                    guard.Trap(Url($"http://a.example/find?{one}=1&{two}=2&{three}=3"));
        Assert.Contains("faceted", guard.Trap(Url("http://a.example/find?size=9&view=1&page=2")), StringComparison.Ordinal);
        Assert.Null(guard.Trap(Url("http://a.example/find?size=9&view=1")));
        Assert.Null(guard.Trap(Url("http://a.example/other?size=9&view=1&page=2")));
    }

    [Theory]
    [InlineData("http://a.example/cal/2026/05", "http://a.example/cal/1999/12", true)]
    [InlineData("http://a.example/p?id=5&view=x", "http://a.example/p?view=long&id=77", true)]
    [InlineData("http://a.example/p?id=5", "http://a.example/p?sort=5", false)]
    [InlineData("http://a.example/cal/2026", "http://b.example/cal/2026", false)]
    public void Urls_of_one_pattern_have_one_shape(string one, string other, bool same) =>
        Assert.Equal(same, TrapGuard.ShapeOf(Url(one)) == TrapGuard.ShapeOf(Url(other)));

    [Fact]
    public void Pages_without_end_that_read_alike_are_a_trap_and_others_of_the_site_are_not()
    {
        var guard = new TrapGuard();
        for (int month = 0; month < TrapGuard.Enough; month++)
        {
            Assert.Null(guard.Trap(Url($"http://a.example/cal/{month}")));
            guard.Learn(Url($"http://a.example/cal/{month}"), 0xFFFF_0000_FFFF_0000 ^ (1UL << (month % 4)));
        }
        Assert.Contains("/cal/#", guard.Trap(Url("http://a.example/cal/99999")), StringComparison.Ordinal);
        Assert.Null(guard.Trap(Url("http://a.example/article/5")));
        Assert.Null(guard.Trap(Url("http://b.example/cal/5")));
    }

    [Fact]
    public void A_catalogue_of_different_pages_is_no_trap()
    {
        var guard = new TrapGuard();
        var random = new Random(5);
        for (int item = 0; item < 2_000; item++)
            guard.Learn(Url($"http://a.example/item/{item}"), (ulong)random.NextInt64());
        Assert.Null(guard.Trap(Url("http://a.example/item/5000")));
    }
}
