using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class FrontierTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();
    private readonly FakeTime _time = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void An_empty_frontier_has_nothing_and_waits_for_nothing()
    {
        using Frontier frontier = Open();
        Assert.False(frontier.TryLease(out _, out TimeSpan wait));
        Assert.Equal(Timeout.InfiniteTimeSpan, wait);
        Assert.Equal((0, 0, 0, 0), Numbers(frontier));
        Assert.Null(frontier.Find("http://a.example/"));
        frontier.Commit();
    }

    [Fact]
    public void A_url_comes_back_with_all_that_was_said_of_it()
    {
        using Frontier frontier = Open();
        var url = new FrontierUrl("http://a.example/ä?b", 3, 2, true, null, "http://a.example/from");
        Assert.True(frontier.Add(url));
        Assert.False(frontier.Add(url with { Hops = 1 }));
        Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
        Assert.Equal(url, lease.Url);
        Assert.Equal((0, 1, 0, 1), Numbers(frontier));
        Assert.Equal(1, frontier.HostFetched("a.example"));
        frontier.Release(lease, new FetchReport(TimeSpan.FromMilliseconds(10)));
        frontier.Finish(lease, FrontierState.Done);
        Assert.Equal((0, 0, 1, 1), Numbers(frontier));
        Assert.Equal(1, frontier.HostFetched("a.example"));
        Assert.False(frontier.Add(url));
    }

    [Fact]
    public void Urgent_urls_of_a_host_go_first_and_others_in_order()
    {
        using Frontier frontier = Open();
        foreach (string path in new[] { "1", "2", "u3", "4", "u5" })
            frontier.Add(new FrontierUrl("http://a.example/" + path, Urgent: path[0] == 'u'));
        Assert.Equal(["u3", "u5", "1", "2", "4"], FetchAll(frontier).Select(u => u[(u.LastIndexOf('/') + 1)..]));
    }

    [Fact]
    public void Hosts_take_turns()
    {
        using Frontier frontier = Open();
        foreach (string host in new[] { "a", "b", "c" })
            for (int i = 0; i < 3; i++)
                frontier.Add(new FrontierUrl($"http://{host}.{host}/{i}"));
        Assert.Equal(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"], FetchAll(frontier).Select(u => $"{u[7]}{u[^1]}"));
    }

    [Fact]
    public void A_url_put_back_is_the_next_of_its_host()
    {
        using Frontier frontier = Open();
        frontier.Add(new FrontierUrl("http://a.example/1"));
        frontier.Add(new FrontierUrl("http://a.example/2"));
        Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
        frontier.Add(new FrontierUrl("http://a.example/urgent", Urgent: true));
        frontier.Release(lease, default); // robots.txt
        frontier.PutBack(lease);
        Assert.Throws<InvalidOperationException>(() => frontier.PutBack(lease));
        Assert.False(frontier.TryLease(out _, out TimeSpan wait));
        Assert.Equal(TimeSpan.FromSeconds(1), wait);
        Assert.Equal(["http://a.example/1", "http://a.example/urgent", "http://a.example/2"], FetchAll(frontier));
    }

    [Fact]
    public void A_lease_that_made_no_request_costs_its_host_no_gap()
    {
        using Frontier frontier = Open();
        frontier.Add(new FrontierUrl("http://a.example/1"));
        frontier.Add(new FrontierUrl("http://a.example/2"));
        Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
        frontier.Finish(lease, FrontierState.SkippedByBudget, "100 pages");
        Assert.True(frontier.TryLease(out lease, out _));
        Assert.Equal("http://a.example/2", lease.Url.Url);
        Assert.Equal(1, frontier.Counts.Skipped[FrontierState.SkippedByBudget]);
    }

    [Fact]
    public void A_url_with_a_time_waits_for_it()
    {
        using Frontier frontier = Open();
        frontier.Add(new FrontierUrl("http://a.example/later", NotBefore: _time.Now.AddMinutes(5)));
        frontier.Add(new FrontierUrl("http://b.example/"));
        Assert.Equal(["http://b.example/"], FetchAll(frontier, 1));
        Assert.False(frontier.TryLease(out _, out TimeSpan wait));
        Assert.Equal(TimeSpan.FromMinutes(5), wait);
        _time.Advance(wait);
        Assert.Equal(["http://a.example/later"], FetchAll(frontier));
    }

    [Fact]
    public void A_retry_comes_at_its_time_with_its_attempts()
    {
        using Frontier frontier = Open();
        frontier.Add(new FrontierUrl("http://a.example/", Hops: 2, From: "http://b.example/"));
        for (int attempt = 0; attempt < 3; attempt++)
        {
            Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
            Assert.Equal((attempt, 2, "http://b.example/"), (lease.Attempts, lease.Url.Hops, lease.Url.From));
            frontier.Release(lease, default);
            frontier.Finish(lease, FrontierState.Done, "timed out", retryAt: _time.Now.AddSeconds(90));
            Assert.False(frontier.TryLease(out _, out TimeSpan wait));
            Assert.Equal(TimeSpan.FromSeconds(90), wait);
            FrontierEntry entry = frontier.Find("http://a.example/")!;
            Assert.Equal((FrontierState.Queued, attempt + 1, "timed out", _time.Now.AddSeconds(90)), (entry.State, entry.Attempts, entry.Detail, entry.ReadyAt));
            _time.Advance(wait);
        }
        Assert.Equal(0, frontier.HostFetched("a.example"));
    }

    [Fact]
    public void A_url_that_was_not_tried_comes_back_with_the_attempts_it_had()
    {
        using Frontier frontier = Open();
        frontier.Add(new FrontierUrl("http://a.example/"));
        foreach ((bool attempted, int attempts) in new[] { (false, 0), (true, 0), (false, 1), (false, 1), (true, 1), (true, 2) })
        {
            Assert.True(frontier.TryLease(out FrontierLease? lease, out TimeSpan _));
            Assert.Equal(attempts, lease.Attempts);
            frontier.Finish(lease, FrontierState.Done, "", retryAt: _time.Now.AddSeconds(90), attempted: attempted);
            _time.Advance(TimeSpan.FromSeconds(90));
        }
    }

    [Fact]
    public void A_page_visited_again_counts_once()
    {
        using (Frontier frontier = Open())
        {
            frontier.Add(new FrontierUrl("http://a.example/"));
            for (int visit = 0; visit < 3; visit++)
            {
                Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
                Assert.Equal(visit > 0, lease.FetchedBefore);
                frontier.Release(lease, default);
                frontier.Finish(lease, FrontierState.Done, recrawlAt: _time.Now.AddHours(1));
                _time.Advance(TimeSpan.FromHours(1));
            }
            Assert.Equal((1, 0, 1, 1), Numbers(frontier));
            Assert.Equal(1, frontier.HostFetched("a.example"));
            frontier.Commit();
        }
        using Frontier again = Open();
        Assert.Equal((1, 0, 1, 1), Numbers(again));
        Assert.Equal(1, again.HostFetched("a.example"));
    }

    [Fact]
    public void Reopening_finds_everything_and_hands_leased_urls_out_again()
    {
        using (Frontier frontier = Open())
        {
            for (int i = 0; i < 10; i++)
                frontier.Add(new FrontierUrl($"http://a.example/{i}", From: "http://a.example/0"));
            frontier.Skip("http://a.example/private", FrontierState.SkippedByRobots, "line 3: Disallow: /private", "http://a.example/0", 1);
            Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
            frontier.Release(lease, default);
            frontier.Finish(lease, FrontierState.Done);
            _time.Advance(1);
            Assert.True(frontier.TryLease(out lease, out _));
            Assert.Equal("http://a.example/1", lease.Url.Url);
            frontier.Commit();
            Assert.Throws<ImportException>(Open);
        }
        using Frontier again = Open();
        Assert.Equal((9, 0, 1, 1), Numbers(again));
        Assert.False(again.Add(new FrontierUrl("http://a.example/0")));
        Assert.False(again.Add(new FrontierUrl("http://a.example/private")));
        Assert.False(again.TryLease(out _, out TimeSpan wait)); // the last process may have asked a moment ago
        Assert.Equal(TimeSpan.FromSeconds(1), wait);
        Assert.Equal(Enumerable.Range(1, 9).Select(i => $"http://a.example/{i}"), FetchAll(again));
    }

    [Fact]
    public void A_host_that_asked_for_a_day_gets_it_though_the_crawl_starts_anew()
    {
        using (Frontier frontier = Open())
        {
            frontier.Add(new FrontierUrl("http://a.example/1"));
            frontier.Add(new FrontierUrl("http://a.example/2"));
            Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
            frontier.Release(lease, new FetchReport(default, RetryAfter: TimeSpan.FromDays(3), RateLimited: true));
            frontier.Finish(lease, FrontierState.Done);
            frontier.Commit();
        }
        _time.Advance(TimeSpan.FromHours(1));
        using Frontier again = Open();
        Assert.False(again.TryLease(out _, out TimeSpan wait));
        Assert.Equal(TimeSpan.FromHours(23), wait);
        Assert.Equal(_time.Now.AddHours(23), again.Find("http://a.example/2")!.ReadyAt);
        Assert.Equal(_time.Now.AddHours(23), Frontier.Look(_temporary.Path, "http://a.example/2")!.ReadyAt);
    }

    [Fact]
    public void Why_tells_state_reason_and_place_in_line()
    {
        using Frontier frontier = Open();
        for (int i = 0; i < 5; i++)
            frontier.Add(new FrontierUrl($"http://a.example/{i}", Hops: i, From: "http://b.example/", Urgent: i == 4));
        frontier.Skip("http://a.example/x", FrontierState.SkippedByScope, "other domain", "http://a.example/1", 2);
        Assert.False(frontier.Skip("http://a.example/x", FrontierState.SkippedAsTrap, "again", "", 1));
        Assert.True(frontier.TryLease(out FrontierLease? lease, out _));
        frontier.Finish(lease, FrontierState.SkippedByRobots, "line 7");
        Assert.Equal(new FrontierEntry("http://a.example/x", FrontierState.SkippedByScope, 2, 0, "other domain", "http://a.example/1", 0, null), frontier.Find("http://a.example/x"));
        Assert.Equal((FrontierState.SkippedByRobots, "line 7"), (frontier.Find("http://a.example/4")!.State, frontier.Find("http://a.example/4")!.Detail));
        Assert.Equal((FrontierState.Queued, 2L, 2, _time.Now), Place(frontier.Find("http://a.example/2")!));
        Assert.Null(frontier.Find("http://a.example/unknown"));
        Assert.Null(Frontier.Look(_temporary.File("nowhere"), "http://a.example/"));

        static (FrontierState, long, int, DateTimeOffset?) Place(FrontierEntry entry) => (entry.State, entry.Ahead, entry.Hops, entry.ReadyAt);
    }

    [Theory]
    [InlineData("http://a.example/x", "a.example")]
    [InlineData("https://u:p@a.example:8080?q", "a.example")]
    [InlineData("http://[::1]:80/", "[::1]")]
    [InlineData("http://[::1]", "[::1]")]
    [InlineData("http://127.0.0.1#f", "127.0.0.1")]
    [InlineData("mailto:a@b", "")]
    [InlineData("://a", "")]
    public void The_host_of_a_url_is_its_name_without_port(string url, string host) =>
        Assert.Equal(host, System.Text.Encoding.UTF8.GetString(Frontier.HostIn(System.Text.Encoding.UTF8.GetBytes(url))));

    [Fact]
    public void What_has_no_host_cannot_be_queued_but_skipped()
    {
        using Frontier frontier = Open();
        Assert.Throws<ArgumentException>(() => frontier.Add(new FrontierUrl("mailto:a@b")));
        Assert.True(frontier.Skip("data:," + new string('x', 100_000), FrontierState.SkippedAsUnfit, "too long", "", 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => frontier.Skip("http://a/", FrontierState.Done, "", "", 0));
    }

    [Fact]
    public async Task Many_threads_share_it_and_each_url_is_handed_out_once()
    {
        const int each = 2000, threads = 4;
        var options = new FrontierOptions { CompactAbove = 50_000, Politeness = new PolitenessOptions { Off = true, ConnectionsPerHost = 3 } };
        var fetched = new System.Collections.Concurrent.ConcurrentBag<string>();
        using (Frontier frontier = Frontier.Open(_temporary.Path, options))
        {
            int adding = threads;
            IEnumerable<Task> work = Enumerable.Range(0, threads).SelectMany(t => new[]
            {
                Task.Run(() =>
                {
                    for (int i = 0; i < each; i++)
                    {
                        frontier.Add(new FrontierUrl($"http://h{i % 13}.example/{t / 2}/{i}")); // every URL by two threads
                        if (i % 200 == 0)
                            frontier.Commit();
                    }
                    Interlocked.Decrement(ref adding);
                }),
                Task.Run(() =>
                {
                    while (true)
                    {
                        bool over = Volatile.Read(ref adding) == 0;
                        if (!frontier.TryLease(out FrontierLease? lease, out TimeSpan wait))
                        {
                            if (over && wait == Timeout.InfiniteTimeSpan)
                                break;
                            Thread.Yield();
                            continue;
                        }
                        fetched.Add(lease.Url.Url);
                        frontier.Release(lease, default);
                        frontier.Finish(lease, FrontierState.Done);
                    }
                }),
            });
            await Task.WhenAll(work.ToList());
            frontier.Commit();
            Assert.Equal((0, 0, each * threads / 2, 13), Numbers(frontier));
        }
        Assert.Equal(each * threads / 2, fetched.Distinct().Count());
        Assert.Equal(each * threads / 2, fetched.Count);
        using Frontier again = Frontier.Open(_temporary.Path, options);
        Assert.Equal((0, 0, each * threads / 2, 13), Numbers(again));
    }

    private Frontier Open() => Frontier.Open(_temporary.Path, null, _time);

    private static (long, long, long, int) Numbers(Frontier frontier)
    {
        FrontierCounts counts = frontier.Counts;
        return (counts.Queued, counts.Leased, counts.Done, counts.Hosts);
    }

    // One worker; each fetch takes no time.
    private List<string> FetchAll(Frontier frontier, int most = int.MaxValue)
    {
        var urls = new List<string>();
        while (urls.Count < most)
        {
            if (frontier.TryLease(out FrontierLease? lease, out TimeSpan wait))
            {
                urls.Add(lease.Url.Url);
                frontier.Release(lease, default);
                frontier.Finish(lease, FrontierState.Done);
            }
            else if (wait == Timeout.InfiniteTimeSpan)
                break;
            else
                _time.Advance(wait);
        }
        return urls;
    }
}
