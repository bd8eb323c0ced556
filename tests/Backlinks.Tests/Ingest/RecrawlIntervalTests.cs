using Backlinks.Ingest;

namespace Backlinks.Tests;

public class RecrawlIntervalTests
{
    [Fact]
    public void A_page_seen_once_is_seen_again_in_a_week() =>
        Assert.Equal(TimeSpan.FromDays(7), RecrawlInterval.After(1, 0, TimeSpan.Zero));

    [Fact]
    public void A_page_that_never_changes_waits_longest() =>
        Assert.Equal(TimeSpan.FromDays(90), RecrawlInterval.After(20, 0, TimeSpan.FromDays(200)));

    [Fact]
    public void A_page_that_always_changes_is_seen_more_often_than_it_was()
    {
        TimeSpan next = RecrawlInterval.After(11, 10, TimeSpan.FromDays(10));
        Assert.InRange(next, TimeSpan.FromHours(1), TimeSpan.FromDays(1));
    }

    /// <summary>Cho and Garcia-Molina 2003: n = 10 looks a day apart, 3 changes: λ = −ln(7.5 / 10.5) = .336 a day.</summary>
    [Fact]
    public void The_interval_is_the_estimators_closed_form() =>
        Assert.Equal(1 / .33647, RecrawlInterval.After(11, 3, TimeSpan.FromDays(10)).TotalDays, 3);

    [Fact]
    public void It_estimates_the_rate_of_a_poisson_process()
    {
        var random = new Random(11);
        const double perDay = .25;
        const int looks = 2_000;
        int changes = Enumerable.Range(0, looks).Count(_ => random.NextDouble() < 1 - Math.Exp(-perDay));
        Assert.InRange(RecrawlInterval.After(looks + 1, changes, TimeSpan.FromDays(looks)).TotalDays, 3.4, 4.7);
    }

    [Fact]
    public void It_stays_between_an_hour_and_ninety_days() =>
        Assert.Equal(TimeSpan.FromHours(1), RecrawlInterval.After(100, 99, TimeSpan.FromSeconds(100)));
}
