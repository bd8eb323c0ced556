using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Authority;

public class AuthorityScaleTests
{
    [Fact]
    public void The_frozen_scale_is_what_it_was()
    {
        AuthorityScale scale = AuthorityScale.Current;
        Assert.Equal("1", scale.Version); // another calibration needs another version
        Assert.Equal(1e7, scale.ReferenceOf("domain"));
        Assert.Equal(1e7, scale.ReferenceOf("host"));
        Assert.Equal(1e7, scale.ReferenceOf("page"));
    }

    [Fact]
    public void A_score_is_the_logarithm_of_the_raw_value_between_0_and_100()
    {
        AuthorityScale scale = AuthorityScale.Current;
        Assert.Equal(0, scale.Score(1, "domain"));
        Assert.Equal(0, scale.Score(0.2, "domain")); // less than a node without links: one of many domains of an owner
        Assert.Equal(50, scale.Score(Math.Sqrt(1e7), "domain"), 1e-9);
        Assert.Equal(100, scale.Score(1e7, "domain"), 1e-9);
        Assert.Equal(100, scale.Score(1e9, "page"));
        Assert.Equal(1234.5, scale.RawOf(scale.Score(1234.5, "page"), "page"), 1e-8);
    }

    [Fact]
    public void A_scale_reads_back_as_written()
    {
        AuthorityScale read = AuthorityScale.Parse(AuthorityScale.Current.ToBytes(), "scale.json");
        Assert.Equal(AuthorityScale.Current.ToBytes(), read.ToBytes());
    }

    [Theory]
    [InlineData("{", "line 1")]
    [InlineData("""{"format":"other","version":"1","frozen":"x","levels":{}}""", "is no backlinks-authority-scale")]
    [InlineData("""{"version":"1","frozen":"x","levels":{"domain":{"reference":5,"why":""}}}""", "needs the levels domain and page")]
    [InlineData("""{"version":"1","frozen":"x","levels":{"domain":{"reference":1,"why":""},"page":{"reference":5,"why":""}}}""", "above 1")]
    [InlineData("""{"version":"1","frozen":"x","extra":1,"levels":{}}""", "line 1")]
    public void A_bad_scale_is_refused_with_its_place(string json, string says)
    {
        GraphException e = Assert.Throws<GraphException>(() => AuthorityScale.Parse(Encoding.UTF8.GetBytes(json), "my.json"));
        Assert.Contains("my.json", e.Message, StringComparison.Ordinal);
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }
}
