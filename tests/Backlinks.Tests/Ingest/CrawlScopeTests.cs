using Backlinks.Ingest;

namespace Backlinks.Tests;

public class CrawlScopeTests
{
    private static readonly Func<string, string> DomainOf = host => PublicSuffixList.BuiltIn.DomainOf(host) ?? host;

    private static CrawlScope Scope(ScopeKind kind, string seed, string[]? include = null, string[]? exclude = null, int hops = 100) =>
        new(kind, [WebUrl.TryParse(seed)!], DomainOf, include, exclude, hops);

    private static string? Outside(CrawlScope scope, string url, int hops = 0) => scope.Outside(WebUrl.TryParse(url)!, hops);

    [Theory]
    [InlineData(ScopeKind.Domain, "https://www.garden.co.uk/a", "https://shop.garden.co.uk/", true)]
    [InlineData(ScopeKind.Domain, "https://www.garden.co.uk/a", "https://other.co.uk/", false)]
    [InlineData(ScopeKind.Domain, "https://alice.github.io/", "https://bob.github.io/", false)]
    [InlineData(ScopeKind.Domain, "http://127.0.0.1/", "http://127.0.0.1:8080/x", true)]
    [InlineData(ScopeKind.Host, "https://www.garden.co.uk/a", "http://www.garden.co.uk/b", true)]
    [InlineData(ScopeKind.Host, "https://www.garden.co.uk/a", "https://shop.garden.co.uk/", false)]
    [InlineData(ScopeKind.Prefix, "https://www.garden.co.uk/blog/index.html", "https://www.garden.co.uk/blog/2024/", true)]
    [InlineData(ScopeKind.Prefix, "https://www.garden.co.uk/blog/index.html", "https://www.garden.co.uk/blogger", false)]
    [InlineData(ScopeKind.Prefix, "https://www.garden.co.uk/blog/index.html", "http://www.garden.co.uk/blog/", false)]
    [InlineData(ScopeKind.All, "https://www.garden.co.uk/", "https://anything.example/", true)]
    public void A_scope_knows_its_own(ScopeKind kind, string seed, string url, bool inside) =>
        Assert.Equal(inside, Outside(Scope(kind, seed), url) is null);

    [Fact]
    public void Expressions_narrow_a_scope_and_the_reason_names_them()
    {
        CrawlScope scope = Scope(ScopeKind.Host, "https://a.example/", include: ["/blog/", "\\.html$"], exclude: ["print"]);
        Assert.Null(Outside(scope, "https://a.example/blog/1"));
        Assert.Null(Outside(scope, "https://a.example/x.html"));
        Assert.Contains("--exclude 'print'", Outside(scope, "https://a.example/blog/print"), StringComparison.Ordinal);
        Assert.Contains("--include", Outside(scope, "https://a.example/shop"), StringComparison.Ordinal);
    }

    [Fact]
    public void Hops_are_counted_from_the_seeds()
    {
        CrawlScope scope = Scope(ScopeKind.All, "https://a.example/", hops: 2);
        Assert.Null(Outside(scope, "https://b.example/", 2));
        Assert.Contains("3 links from a seed", Outside(scope, "https://b.example/", 3), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("(a)\\1")]
    [InlineData("(?=a)")]
    public void An_expression_that_would_backtrack_is_refused_by_name(string pattern) =>
        Assert.Contains(pattern, Assert.Throws<ArgumentException>(() => Scope(ScopeKind.All, "https://a.example/", include: [pattern])).Message, StringComparison.Ordinal);

    [Fact]
    public void Other_schemes_are_out_of_every_scope() =>
        Assert.Contains("ftp", Outside(Scope(ScopeKind.All, "https://a.example/"), "ftp://a.example/"), StringComparison.Ordinal);
}
