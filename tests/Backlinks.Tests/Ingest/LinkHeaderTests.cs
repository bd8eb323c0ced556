using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class LinkHeaderTests
{
    [Fact]
    public void Nothing_holds_no_link()
    {
        Assert.Empty(LinkHeader.Parse(""));
        Assert.Empty(LinkHeader.Parse(" , ,, "));
        Assert.Empty(LinkHeader.Parse("http://a.test/; rel=next"));
        Assert.Empty(LinkHeader.Parse("<http://a.test/"));
    }

    [Fact]
    public void The_examples_of_RFC_8288_are_read()
    {
        LinkHeaderEntry chapter = Assert.Single(LinkHeader.Parse("<http://example.com/TheBook/chapter2>; rel=\"previous\"; title=\"previous chapter\""));
        Assert.Equal("http://example.com/TheBook/chapter2", chapter.Target);
        Assert.Equal(["previous"], chapter.Rel);
        Assert.Equal("previous chapter", chapter.Title);

        LinkHeaderEntry copyright = Assert.Single(LinkHeader.Parse("</terms>; rel=\"copyright\"; anchor=\"#foo\""));
        Assert.Equal("#foo", copyright.Anchor);

        IReadOnlyList<LinkHeaderEntry> two = LinkHeader.Parse(
            "</TheBook/chapter2>; rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel, </TheBook/chapter4>; rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel");
        Assert.Equal(["letztes Kapitel", "nächstes Kapitel"], two.Select(l => l.Title));

        LinkHeaderEntry many = Assert.Single(LinkHeader.Parse("<http://example.org/>; rel=\"start http://example.net/relation/other\""));
        Assert.Equal(["start", "http://example.net/relation/other"], many.Rel);

        Assert.Equal(2, LinkHeader.Parse("<https://example.org/>; rel=\"start\", <https://example.org/index>; rel=\"index\"").Count);
    }

    [Theory]
    [InlineData("<a>;rel=next", "a", "next")]
    [InlineData("  <a>  ;  REL = NEXT  ", "a", "next")]
    [InlineData("<a>; rel='next'", "a", "'next'")]
    [InlineData("< a >; rel=next; rel=prev", "a", "next")]
    [InlineData("<a> rel=next", "a", "next")]
    [InlineData("<a>;;; rel=next;", "a", "next")]
    [InlineData("<a,b;c>; rel=\"next\"", "a,b;c", "next")]
    [InlineData("<>; rel=\"next\"", "", "next")]
    [InlineData("junk \"a, b\" here, <a>; rel=next", "a", "next")]
    [InlineData("<a>; title=\"x, <y>; rel=no\"; rel=next", "a", "next")]
    [InlineData("<a>; title=\"q\\\"x\\\\\"; rel=next", "a", "next")]
    [InlineData("<a>; x; =y; rel=next", "a", "next")]
    [InlineData("<a>; rel=\"next", "a", "next")]
    [InlineData("<a>; rel=prev next", "a", "prev next")]
    public void Odd_spellings_are_tolerated(string value, string target, string rel)
    {
        LinkHeaderEntry link = Assert.Single(LinkHeader.Parse(value));
        Assert.Equal(target, link.Target);
        Assert.Equal(rel, string.Join(' ', link.Rel));
    }

    [Fact]
    public void Parameters_are_kept_in_order()
    {
        LinkHeaderEntry link = Assert.Single(LinkHeader.Parse("<a>; hreflang=de; Type=\"text/html\"; media=print; hreflang=fr; x=\"a\\b\"; crossorigin"));
        Assert.Equal(("de", "text/html", "print"), (link.Hreflang, link.Type, link.Media));
        Assert.Equal([("hreflang", "de"), ("type", "text/html"), ("media", "print"), ("hreflang", "fr"), ("x", "ab"), ("crossorigin", "")], link.Parameters);
        Assert.Empty(link.Rel);
        Assert.Null(link.Anchor);
    }

    [Fact]
    public void A_title_that_cannot_be_decoded_gives_way_to_the_plain_one()
    {
        Assert.Equal("plain", LinkHeader.Parse("<a>; title*=x-odd'en'%41; title=plain")[0].Title);
        Assert.Equal("é", LinkHeader.Parse("<a>; title*=iso-8859-1'en'%e9; title=plain")[0].Title);
        Assert.Equal("plain", LinkHeader.Parse("<a>; title*=nothing; title=plain")[0].Title);
    }

    [Fact]
    public void Random_values_never_throw()
    {
        var random = new Random(7);
        const string letters = "<>;,=\"\\ ab\t'*%rel";
        for (int i = 0; i < 50_000; i++)
            LinkHeader.Parse(string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => letters[random.Next(letters.Length)])));
    }

    [Fact]
    public void Megabytes_of_openings_are_read_in_one_pass()
    {
        Assert.Empty(LinkHeader.Parse(new string('<', 2_000_000)));
        Assert.Single(LinkHeader.Parse(string.Concat(Enumerable.Repeat("<>,\"", 500_000))));
        Assert.Equal(500_000, LinkHeader.Parse(string.Concat(Enumerable.Repeat("<>,", 500_000))).Count);
        Assert.Single(LinkHeader.Parse("<a>; x=\"" + new string('\\', 2_000_000)));
    }
}
