using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class FrontierModelTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData(1, 64 << 20)]
    [InlineData(2, 64 << 20)]
    [InlineData(3, 3000)] // compacted again and again
    [InlineData(4, 0)]
    public void Any_sequence_of_steps_does_what_the_naive_frontier_does(int seed, long compactAbove)
    {
        var random = new Random(seed);
        int reopened = 0, granted = 0;
        for (int round = 0; round < 5; round++)
        {
            var time = new FakeTime();
            var model = new FrontierModel(time);
            var options = new FrontierOptions { CompactAbove = compactAbove };
            string folder = _temporary.NewFolder();
            Frontier frontier = Frontier.Open(folder, options, time);
            var leases = new List<(FrontierLease Lease, FrontierModel.Entry Entry)>();
            try
            {
                for (int step = 0; step < 600; step++)
                    Step(ref frontier, step);
            }
            finally
            {
                frontier.Dispose();
            }

            void Step(ref Frontier frontier, int step)
            {
                string url = $"http://h{random.Next(6)}.example/{random.Next(60)}";
                DateTimeOffset Soon() => time.Now.AddSeconds(random.Next(-5, 40));
                switch (random.Next(20))
                {
                    case < 6:
                        var queued = new FrontierUrl(url, random.Next(5), random.Next(3), random.Next(4) == 0, random.Next(4) == 0 ? Soon() : null, random.Next(2) == 0 ? "" : url + "from");
                        Assert.Equal(model.Add(queued), frontier.Add(queued));
                        break;
                    case 6:
                        var why = (FrontierState)random.Next(3, 8);
                        Assert.Equal(model.Skip(url, why), frontier.Skip(url, why, "why", "from", 1));
                        break;
                    case < 13:
                        FrontierModel.Entry? expected = model.TryLease(out TimeSpan expectedWait);
                        frontier.TryLease(out FrontierLease? lease, out TimeSpan wait);
                        Assert.Equal((expected?.Url.Url, expected?.Url, expected?.Attempts, expected?.FetchedBefore, expectedWait),
                            (lease?.Url.Url, lease?.Url, lease?.Attempts, lease?.FetchedBefore, wait));
                        if (lease is not null)
                        {
                            granted++;
                            leases.Add((lease, expected!));
                        }
                        else if (wait > TimeSpan.Zero && random.Next(2) == 0)
                            time.Advance(wait);
                        break;
                    case < 18 when leases.Count > 0:
                        int some = random.Next(leases.Count);
                        (lease, FrontierModel.Entry entry) = leases[some];
                        if (!entry.Released && random.Next(4) > 0)
                        {
                            TimeSpan took = TimeSpan.FromSeconds(random.NextDouble());
                            TimeSpan? retryAfter = random.Next(8) == 0 ? TimeSpan.FromSeconds(random.Next(20)) : null;
                            time.Advance(took);
                            model.Release(entry, took, retryAfter);
                            frontier.Release(lease, new FetchReport(took, null, retryAfter));
                        }
                        if (random.Next(4) == 0)
                            break;
                        leases.RemoveAt(some);
                        if (random.Next(5) == 0)
                        {
                            model.PutBack(entry);
                            frontier.PutBack(lease);
                            break;
                        }
                        FrontierState state = random.Next(4) == 0 ? FrontierState.SkippedByRobots : FrontierState.Done;
                        DateTimeOffset? retryAt = random.Next(4) == 0 ? Soon() : null, recrawlAt = random.Next(2) == 0 ? Soon() : null;
                        model.Finish(entry, state, retryAt, recrawlAt);
                        frontier.Finish(lease, state, "detail", retryAt, recrawlAt);
                        break;
                    case 18:
                        frontier.Commit();
                        break;
                    case 19 when step % 3 == 0:
                        frontier.Commit();
                        frontier.Dispose();
                        frontier = Frontier.Open(folder, options, time);
                        model.Reopen();
                        leases.Clear();
                        reopened++;
                        break;
                }
                Frontier now = frontier;
                FrontierCounts counts = now.Counts;
                Assert.Equal((model.Queued, model.Leased, model.Done), (counts.Queued, counts.Leased, counts.Done));
                if (step % 20 == 0)
                {
                    Assert.Equal(model.Skipped.OrderBy(s => s.Key), counts.Skipped.OrderBy(s => s.Key));
                    Assert.All(Enumerable.Range(0, 7).Select(i => $"h{i}.example"), name => Assert.Equal(model.HostFetched(name), now.HostFetched(name)));
                }
            }
        }
        Assert.True(reopened > 10 && granted > 300, $"{reopened} reopened, {granted} leases");
    }
}
