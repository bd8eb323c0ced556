using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class PolitenessTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void No_host_means_no_turn()
    {
        Assert.Null(New().TryTake(out long wait));
        Assert.Equal(-1, wait);
    }

    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(.1, 0, 1)]
    [InlineData(.5, 0, 2.5)]
    [InlineData(20, 0, 30)]
    [InlineData(.5, 7, 7)]
    [InlineData(20, 7, 30)]
    [InlineData(0, 86_400, 3600)]
    public void The_gap_is_the_longest_of_second_delay_and_five_fetches(double took, int delay, double gap)
    {
        Politeness politeness = New();
        PoliteHost host = Join(politeness, "a", "a");
        politeness.SetCrawlDelay(host, TimeSpan.FromSeconds(delay));
        Take(politeness, host);
        _time.Advance(took);
        End(politeness, host, new FetchReport(TimeSpan.FromSeconds(took)));
        Assert.Equal(gap, Wait(politeness));
        _time.Advance(gap - 1e-6);
        Assert.Null(politeness.TryTake(out _));
        _time.Advance(1e-6);
        Take(politeness, host);
    }

    [Fact]
    public void A_crawl_delay_learned_after_the_request_counts_from_its_end()
    {
        Politeness politeness = New();
        PoliteHost host = Join(politeness, "a", "a");
        Take(politeness, host);
        End(politeness, host, default);
        _time.Advance(.5);
        politeness.SetCrawlDelay(host, TimeSpan.FromSeconds(10));
        _time.Advance(.5);
        Assert.Equal(9, Wait(politeness));
    }

    [Fact]
    public void Retry_after_is_honoured_to_a_day_and_backoff_doubles_until_a_success()
    {
        Politeness politeness = New();
        PoliteHost host = Join(politeness, "a", "a");
        var limited = new FetchReport(default, RateLimited: true);
        double[] waits = [.. new[]
        {
            limited, limited, limited, limited with { RetryAfter = TimeSpan.FromSeconds(90) }, limited, default, limited,
            limited with { RetryAfter = TimeSpan.FromDays(40) }, new FetchReport(default, RetryAfter: TimeSpan.FromSeconds(-5)),
        }.Select(report => Round(politeness, host, report))];
        Assert.Equal([60, 120, 240, 90, 480, 1, 60, 86_400, 1], waits);
        Assert.Equal(86_400, Enumerable.Range(0, 40).Select(_ => Round(politeness, host, limited)).Max());
    }

    [Fact]
    public void A_host_that_cannot_be_reached_is_left_alone_for_longer_each_time()
    {
        Politeness politeness = New();
        PoliteHost host = Join(politeness, "a", "a");
        var failed = new FetchReport(default, Failed: true);
        Assert.Equal([1, 60, 120, 240, 1, 1, 60], new[] { failed, failed, failed, failed, default, failed, failed }.Select(r => Round(politeness, host, r)));
    }

    [Fact]
    public void Hosts_of_a_domain_or_an_address_go_one_at_a_time_with_a_gap()
    {
        Politeness politeness = New();
        PoliteHost a = Join(politeness, "a.x", "x"), b = Join(politeness, "b.x", "x"), c = Join(politeness, "c", "c"), d = Join(politeness, "d", "d");
        politeness.SetAddress(b, "1");
        politeness.SetAddress(c, "1");
        Take(politeness, a);
        Take(politeness, c); // b waits for its domain
        Take(politeness, d);
        Assert.Null(politeness.TryTake(out long wait));
        Assert.Equal(-1, wait);
        _time.Advance(4);
        politeness.Release(a, null, default);
        Assert.Equal(1, Wait(politeness));
        _time.Advance(1); // a is due as well, but b waits longer; its address is busy, and it leaves its domain to a
        Take(politeness, a, host => host.Wanted = false);
        politeness.Release(c, c.Address, default);
        politeness.Release(a, null, default);
        Assert.Equal(1, Wait(politeness));
        _time.Advance(1);
        Take(politeness, b);
    }

    [Fact]
    public void Off_means_no_gap_but_still_so_many_connections_a_host()
    {
        Politeness politeness = New(new PolitenessOptions { Off = true, ConnectionsPerHost = 2 });
        PoliteHost a = Join(politeness, "a", "x"), b = Join(politeness, "b", "x");
        politeness.SetCrawlDelay(a, TimeSpan.FromSeconds(10));
        foreach (PoliteHost host in new[] { a, b, a, b })
        {
            Assert.Same(host, politeness.TryTake(out _));
            politeness.Enter(host);
        }
        Assert.Null(politeness.TryTake(out long wait));
        Assert.Equal(-1, wait);
        politeness.Release(b, null, new FetchReport(TimeSpan.FromSeconds(5), "1", TimeSpan.FromDays(1), RateLimited: true));
        Take(politeness, b);
    }

    [Fact]
    public void A_host_given_back_unasked_may_go_at_once()
    {
        Politeness politeness = New();
        PoliteHost host = Join(politeness, "a", "a");
        Take(politeness, host);
        politeness.GiveBack(host, null);
        Take(politeness, host);
    }

    [Fact]
    public void Steps_of_the_wall_clock_change_nothing()
    {
        var time = new SteppingClock();
        var politeness = new Politeness(new PolitenessOptions(), time);
        PoliteHost host = Join(politeness, "a", "a");
        Take(politeness, host);
        End(politeness, host, default);
        time.Wall += TimeSpan.FromHours(5);
        Assert.Equal(1, Wait(politeness));
        time.Wall -= TimeSpan.FromHours(10);
        Assert.Equal(1, Wait(politeness));
    }

    [Theory]
    [InlineData(1, 400, 1_000_000)]
    [InlineData(2, 500, 10)]
    [InlineData(3, 40, 7)]
    [InlineData(4, 2_000, 40)]
    public void In_an_hour_no_target_is_asked_too_soon_and_none_starves(int seed, int hosts, int workers)
    {
        var simulation = new PolitenessSimulation(hosts, seed);
        simulation.Run(New(), _time, workers, TimeSpan.FromHours(1));
        Assert.True(simulation.Requests > 300 * Math.Min(hosts, workers), $"{simulation.Requests} requests");
        Assert.True(simulation.Delayed > simulation.Requests / 200 && simulation.Sharing > simulation.Requests / 10);
        for (int host = 0; host < hosts; host++)
            Assert.True(simulation.LongestWait[host] < simulation.MostWait(host, workers),
                $"host {host} waited {simulation.LongestWait[host]} of {simulation.MostWait(host, workers)}; domain of {simulation.DomainSize[host]}, address of {simulation.AddressSize[host]}");
    }

    [Fact]
    public void The_same_world_is_crawled_in_the_same_order()
    {
        int[][] served = [.. Enumerable.Range(0, 2).Select(_ =>
        {
            var simulation = new PolitenessSimulation(300, 7);
            var time = new FakeTime();
            simulation.Run(new Politeness(new PolitenessOptions(), time), time, 10, TimeSpan.FromMinutes(10));
            return simulation.Served;
        })];
        Assert.Equal(served[0], served[1]); // answers are drawn in the order of requests: another order would change them
        Assert.True(served[0].Sum() > 1000);
    }

    [Fact]
    public void The_observer_is_not_blind()
    {
        var simulation = new PolitenessSimulation(300, 7);
        var hasty = new Politeness(new PolitenessOptions { MinGap = TimeSpan.FromSeconds(.9) }, _time);
        Assert.Throws<InvalidOperationException>(() => simulation.Run(hasty, _time, 10, TimeSpan.FromMinutes(10)));
        var careless = new Politeness(new PolitenessOptions { AddressGap = TimeSpan.Zero, ConnectionsPerAddress = 0 }, _time);
        Assert.Throws<InvalidOperationException>(() => new PolitenessSimulation(300, 7).Run(careless, _time, 10, TimeSpan.FromMinutes(10)));
        var forgetful = new Politeness(new PolitenessOptions { MaxRetryAfter = TimeSpan.FromSeconds(10) }, _time);
        Assert.Throws<InvalidOperationException>(() => new PolitenessSimulation(300, 7).Run(forgetful, _time, 10, TimeSpan.FromMinutes(10)));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new PolitenessOptions { MinGap = TimeSpan.FromSeconds(-1) }));
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new PolitenessOptions { FetchTimeFactor = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => New(new PolitenessOptions { ConnectionsPerHost = 0 }));
    }

    private Politeness New(PolitenessOptions? options = null) => new(options ?? new PolitenessOptions(), _time);

    private static PoliteHost Join(Politeness politeness, string name, string domain)
    {
        _ = name;
        var host = new PoliteHost { Wanted = true };
        politeness.Join(host, domain);
        politeness.Enter(host);
        return host;
    }

    private static void Take(Politeness politeness, PoliteHost host, Action<PoliteHost>? then = null)
    {
        Assert.Same(host, politeness.TryTake(out _));
        then?.Invoke(host);
        politeness.Enter(host);
    }

    private static void End(Politeness politeness, PoliteHost host, FetchReport report) => politeness.Release(host, host.Address, report);

    private static double Wait(Politeness politeness)
    {
        Assert.Null(politeness.TryTake(out long wait));
        return TimeSpan.FromTicks(wait).TotalSeconds;
    }

    private double Round(Politeness politeness, PoliteHost host, FetchReport report)
    {
        Take(politeness, host);
        End(politeness, host, report);
        double wait = Wait(politeness);
        _time.Advance(wait);
        return wait;
    }

    // A wall clock that jumps beside a monotonic one that stands.
    private sealed class SteppingClock : TimeProvider
    {
        public DateTimeOffset Wall { get; set; } = DateTimeOffset.UnixEpoch.AddYears(50);

        public override DateTimeOffset GetUtcNow() => Wall;

        public override long GetTimestamp() => 1;
    }
}
