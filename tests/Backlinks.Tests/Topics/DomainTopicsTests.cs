using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

public class DomainTopicsTests
{
    [Fact]
    public void No_pages_give_domains_of_no_known_topic() => Assert.Equal(0, DomainTopics.Fold([], [], [], 2).Confidence.Sum());

    [Fact]
    public void Pages_count_by_their_confidence_and_unknown_ones_not_at_all()
    {
        (float[] topics, float[] confidence) = DomainTopics.Fold([1, 0, 0, 1, 0.5f, 0.5f, 0.5f, 0.5f], [0.9f, 0.3f, 0, 0], [0, 0, 0, 1], 3);
        Assert.Equal([0.75f, 0.25f], topics[..2]);
        Assert.Equal(0.45f, confidence[0], 1e-6); // .9 of the two known pages
        Assert.Equal([0.5f, 0.5f, 0.5f, 0.5f], topics[2..]);
        Assert.Equal([0, 0], confidence[1..]);
    }

    [Fact]
    public void Authority_makes_a_page_count_for_more()
    {
        (float[] topics, float[] confidence) = DomainTopics.Fold([1, 0, 0, 1], [0.5f, 0.5f], [0, 0], 1, [1, 3]);
        Assert.Equal([0.25f, 0.75f], topics);
        Assert.Equal(0.375f, confidence[0]);
    }

    [Fact]
    public void Arrays_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentException>(() => DomainTopics.Fold([1, 0], [1], [0, 0], 1));
        Assert.Contains("domain 5 of 2", Assert.Throws<ArgumentException>(() => DomainTopics.Fold([1, 0], [1], [5], 2)).Message);
    }
}
