using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Authority;

/// <summary>A ranking that is stopped goes on from its checkpoint, and ends at the same bytes as one that was not.</summary>
public sealed class RankCheckpointTests
{
    // Circles that feed themselves, so that the ranking takes several corrections and ends with pushes.
    private static TestGraph Slow() => TestGraphs.Weighted(3000, [.. TestGraphs.PowerLaw(3000, 4, 5),
        .. Enumerable.Range(0, 40).SelectMany(i => new TestLink[] { (2 * i, 2 * i + 1, 900.0), (2 * i + 1, 2 * i, 900.0) })]);

    [Fact]
    public void Stopped_at_any_round_it_resumes_to_the_same_bytes()
    {
        using TestGraph graph = Slow();
        using var folder = new TemporaryFolder();
        var options = new RawAuthorityOptions { Checkpoint = folder.File("rank.checkpoint"), CheckpointEvery = TimeSpan.Zero, Damping = 0.98, Tolerance = 1e-12 };
        RawAuthorityResult whole = RawAuthority.Compute(graph, options with { Checkpoint = null });
        Assert.True(whole.Converged);
        int steps = 0;
        RawAuthority.Compute(graph, options, new Steps(_ => steps++));
        Assert.False(File.Exists(options.Checkpoint));
        Assert.True(steps >= 3, $"{steps} steps are too few to test");
        int resumed = 0;
        for (int step = 0; step < steps; step++)
        {
            using var stop = new CancellationTokenSource();
            int at = 0;
            Assert.ThrowsAny<OperationCanceledException>(() => RawAuthority.Compute(graph, options, new Steps(_ =>
            {
                if (at++ == step)
                    stop.Cancel();
            }), stop.Token));
            RawAuthorityResult rest = RawAuthority.Compute(graph, options);
            Assert.True(rest.Checkpoint!.Resumed);
            resumed += rest.Checkpoint.Rounds;
            Assert.Equal(whole.Raw, rest.Raw);
            Assert.Equal((whole.Rounds, whole.Pushes, whole.ErrorBound), (rest.Rounds, rest.Pushes, rest.ErrorBound));
            Assert.False(File.Exists(options.Checkpoint));
        }
        Assert.True(resumed > 0); // some did go on from later than the beginning
    }

    [Fact]
    public void Stopped_again_and_again_it_still_ends_at_the_same_bytes()
    {
        using TestGraph graph = Slow();
        using var folder = new TemporaryFolder();
        var options = new RawAuthorityOptions { Checkpoint = folder.File("rank.checkpoint"), CheckpointEvery = TimeSpan.Zero, Damping = 0.98, Tolerance = 1e-12 };
        double[] whole = RawAuthority.Compute(graph, options with { Checkpoint = null }).Raw;
        for (int times = 0; ; times++)
        {
            using var stop = new CancellationTokenSource();
            int at = 0;
            try
            {
                // one step further each time
                RawAuthorityResult result = RawAuthority.Compute(graph, options, new Steps(_ =>
                {
                    if (at++ == 1)
                        stop.Cancel();
                }), stop.Token);
                Assert.Equal(whole, result.Raw);
                Assert.True(times > 0);
                return;
            }
            catch (OperationCanceledException)
            {
                Assert.True(times < 50);
            }
        }
    }

    [Fact]
    public void A_damaged_or_foreign_checkpoint_is_not_used_and_the_result_says_why()
    {
        using TestGraph graph = Slow(), other = TestGraphs.Weighted(3000, TestGraphs.PowerLaw(3000, 4, 6));
        using var folder = new TemporaryFolder();
        var options = new RawAuthorityOptions { Checkpoint = folder.File("rank.checkpoint"), CheckpointEvery = TimeSpan.Zero, Damping = 0.98 };
        double[] whole = RawAuthority.Compute(graph, options with { Checkpoint = null }).Raw;
        byte[] good = Interrupted(graph, options);
        int n = 3000, length = good.Length;
        Assert.Equal(56 + 8 * n + 16, length);
        foreach (int at in new[] { 0, 7, 8, 23, 24, 28, 32, 40, 48, 56, 56 + 4 * n, 55 + 8 * n, 56 + 8 * n, length - 1 })
        {
            byte[] bad = [.. good];
            bad[at] ^= 0x10;
            Expect(bad, at < 8 ? "version" : at < 24 ? "another graph" : at is >= 48 and < 56 ? "torn" : "checksum");
        }
        foreach (int kept in new[] { 0, 10, 71, 72, 1000, length - 1 })
            Expect(good[..kept], "torn");
        Expect([.. good, 0], "torn");
        File.WriteAllBytes(options.Checkpoint!, good);
        Assert.Contains("other options", RawAuthority.Compute(graph, options with { Damping = 0.8 }).Checkpoint!.Ignored);
        File.WriteAllBytes(options.Checkpoint!, good);
        Assert.Contains("another graph", RawAuthority.Compute(other, options).Checkpoint!.Ignored);
        File.WriteAllBytes(options.Checkpoint!, good);
        Assert.True(RawAuthority.Compute(graph, options with { Threads = 1 }).Checkpoint!.Resumed); // threads change nothing

        void Expect(byte[] bytes, string why)
        {
            File.WriteAllBytes(options.Checkpoint!, bytes);
            RawAuthorityResult result = RawAuthority.Compute(graph, options);
            Assert.False(result.Checkpoint!.Resumed);
            Assert.Contains(why, result.Checkpoint.Ignored);
            Assert.Equal(whole, result.Raw);
        }
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_says_so()
    {
        using TestGraph graph = Slow();
        using var folder = new TemporaryFolder();
        var options = new RawAuthorityOptions { Checkpoint = Path.Combine(folder.Path, "no", "such"), CheckpointEvery = TimeSpan.Zero, Damping = 0.98 };
        Assert.Contains("checkpoint", Assert.Throws<GraphException>(() => RawAuthority.Compute(graph, options)).Message);
    }

    private static byte[] Interrupted(LinkGraph graph, RawAuthorityOptions options)
    {
        using var stop = new CancellationTokenSource();
        int at = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => RawAuthority.Compute(graph, options, new Steps(_ =>
        {
            if (at++ == 1)
                stop.Cancel();
        }), stop.Token));
        return File.ReadAllBytes(options.Checkpoint!);
    }

    private sealed class Steps(Action<StepProgress> step) : IProgress<StepProgress>
    {
        public void Report(StepProgress value) => step(value);
    }
}
