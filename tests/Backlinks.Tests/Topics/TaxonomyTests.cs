using System.Text;
using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

public class TaxonomyTests
{
    [Fact]
    public void The_default_has_some_twenty_topics_with_a_hundred_terms_each()
    {
        Assert.InRange(Taxonomy.Default.Topics.Count, 18, 25);
        Assert.All(Taxonomy.Default.Topics, topic => Assert.InRange(topic.Terms.Count, 80, 150));
    }

    [Fact]
    public void What_is_written_reads_back_equal()
    {
        Taxonomy again = Taxonomy.Parse(Taxonomy.Default.ToBytes(), "copy");
        Assert.Equal(Taxonomy.Default.Version, again.Version);
        Assert.Equal(Taxonomy.Default.Topics.Select(t => (t.Id, t.Name, string.Join('|', t.Terms))), again.Topics.Select(t => (t.Id, t.Name, string.Join('|', t.Terms))));
        Assert.Equal(Taxonomy.Default.ToBytes(), again.ToBytes());
    }

    [Fact]
    public void Comments_trailing_commas_and_a_byte_order_mark_are_allowed_and_names_may_be_left_out()
    {
        Taxonomy taxonomy = Taxonomy.Parse(Encoding.UTF8.GetBytes("\uFEFF{ // ours\n\"version\": \"1\", \"topics\": [{\"id\": \"a\", \"domains\": [\"a.example\"],}],}"), "file");
        Assert.Equal("a", taxonomy.Topics[0].Name);
        Assert.Equal("en", taxonomy.Language);
        Assert.Equal(0, taxonomy.IndexOf("a"));
        Assert.Equal(-1, taxonomy.IndexOf("b"));
    }

    [Theory]
    [InlineData("{", "t.json, line 1: is no JSON")]
    [InlineData("[]", "t.json: must be an object with version, language, topics")]
    [InlineData("""{"version":"1"}""", "t.json: 'topics' must be there")]
    [InlineData("""{"version":"1","topics":[]}""", "t.json: has 0 topics; 1 to 1,000 are allowed")]
    [InlineData("""{"topics":[{"id":"a","terms":["x"]}]}""", "t.json: 'version' must be there and be text")]
    [InlineData("""{"version":"1","topics":[{"id":"a"}]}""", "t.json, topic 'a': is empty: give it at least one of 'terms', 'pages' or 'domains'")]
    [InlineData("""{"version":"1","topics":[{"id":"a","terms":[],"pages":[]}]}""", "t.json, topic 'a': is empty")]
    [InlineData("""{"version":"1","topics":[{"id":"a","terms":["x"]},{"id":"a","terms":["y"]}]}""", "t.json, topic 2: has the id 'a' of topic 1; ids must differ")]
    [InlineData("""{"version":"1","topics":[{"id":"A b","terms":["x"]}]}""", "t.json, topic 1: id 'A b' must be 1 to 64 lower-case letters, digits and hyphens")]
    [InlineData("""{"version":"1","topics":[{"id":"a","words":["x"]}]}""", "t.json, topic 1: member 'words' is not one of id, name, terms, pages, domains")]
    [InlineData("""{"version":"1","topics":[{"id":"a","terms":["x"],"terms":["y"]}]}""", "t.json, topic 1: member 'terms' is there twice")]
    [InlineData("""{"version":"1","weights":1,"topics":[]}""", "t.json: member 'weights' is not one of version, language, topics")]
    [InlineData("""{"version":"1","topics":[{"id":"a","terms":"x"}]}""", "t.json, topic 'a': 'terms' must be an array of strings")]
    [InlineData("""{"version":"1","topics":[{"id":"a","terms":["x",7]}]}""", "number 2 is none")]
    [InlineData("""{"version":"1","topics":[{"id":"a","pages":["/x"]}]}""", "t.json, topic 'a': page '/x' must be an absolute http or https URL")]
    [InlineData("""{"version":"1","topics":[{"id":"a","domains":["http://x.example/"]}]}""", "must be a host name such as example.org")]
    [InlineData("""{"version":"1","language":"xx","topics":[{"id":"a","terms":["x"]}]}""", "language 'xx' is not one of en, de, fr")]
    public void Bad_input_is_one_line_with_place_and_what_is_allowed(string json, string expected)
    {
        TopicException e = Assert.Throws<TopicException>(() => Taxonomy.Parse(Encoding.UTF8.GetBytes(json), "t.json"));
        Assert.Contains(expected, e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public void More_than_a_thousand_topics_are_refused()
    {
        string topics = string.Join(',', Enumerable.Range(0, 1001).Select(i => $$"""{"id":"t{{i}}","terms":["x"]}"""));
        TopicException e = Assert.Throws<TopicException>(() => Taxonomy.Parse(Encoding.UTF8.GetBytes($$"""{"version":"1","topics":[{{topics}}]}"""), "t.json"));
        Assert.Contains("has 1,001 topics; 1 to 1,000 are allowed", e.Message);
    }

    [Fact]
    public void A_missing_file_is_said_to_be_missing() => Assert.Contains("there is no such file", Assert.Throws<TopicException>(() => Taxonomy.Read("/nowhere/t.json")).Message);
}
