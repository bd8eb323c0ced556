using System.Buffers.Binary;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>What a crash, a bad disk or a full one may do to the journal, and what must be left.</summary>
public sealed class FrontierDamageTests : IDisposable
{
    // Thousands of small files are cut and opened: in memory where there is such a folder, for what a disk adds is only time.
    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"backlinks-test-{Guid.NewGuid():n}")).FullName;
    private readonly FakeTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_journal_cut_at_any_byte_has_all_that_was_committed_before_the_cut()
    {
        (byte[] whole, List<(long Length, string State)> commits) = Journal(4);
        for (int cut = 0; cut < whole.Length; cut++)
        {
            string folder = Folder(whole.AsSpan(0, cut));
            if (cut < FrontierJournal.HeaderBytes)
            {
                Assert.Equal(0, Assert.Throws<ImportException>(() => Open(folder)).Offset);
                continue;
            }
            string state = State(folder);
            int last = commits.FindLastIndex(c => c.Length <= cut);
            if (last >= 0 && commits[last].Length == cut)
                Assert.Equal(commits[last].State, state);
            if (last >= 0)
                Assert.True(Known(commits[last].State).IsSubsetOf(Known(state)), $"cut at {cut}");
            Assert.Equal(state, State(folder)); // what was opened once opens again, and is the same
        }
    }

    [Fact]
    public void A_byte_changed_anywhere_is_noticed_and_costs_nothing_before_it()
    {
        (byte[] whole, List<(long Length, string State)> commits) = Journal(4);
        long lastButOne = commits[^2].Length;
        for (int at = 0; at < whole.Length; at++)
        {
            byte[] bytes = [.. whole];
            bytes[at] ^= (byte)(1 << at % 8);
            string folder = Folder(bytes);
            string before = commits.FindLast(c => c.Length <= at).State ?? "";
            bool lastMark = at >= whole.Length - FrontierJournal.FrameBytes - 17;
            if (!lastMark)
            {
                var refused = Assert.Throws<ImportException>(() => Open(folder));
                Assert.True(refused.Offset <= at && refused.Offset >= 0 && refused.Message.Contains(FrontierJournal.FileName), $"byte {at}: {refused.Message}");
                Assert.Equal(whole.Length, new FileInfo(Path.Combine(folder, FrontierJournal.FileName)).Length); // refusing changes nothing
                if (at < FrontierJournal.HeaderBytes || at % 9 > 0) // each costs an fsync
                    continue;
                using (Open(folder, new FrontierOptions { AcceptCut = true }))
                    Assert.Equal(bytes[(int)refused.Offset..], File.ReadAllBytes(Path.Combine(folder, $"{FrontierJournal.FileName}.cut-{refused.Offset}")));
            }
            // A change within the last mark is a torn end: all records are there.
            Assert.True(Known(lastMark ? commits[^1].State : before).IsSubsetOf(Known(State(folder))), $"byte {at}");
        }
    }

    [Fact]
    public void A_frame_from_elsewhere_does_not_pass()
    {
        (byte[] whole, _) = Journal(3);
        int first = FrontierJournal.HeaderBytes, length = FrontierJournal.FrameBytes + BinaryPrimitives.ReadInt32LittleEndian(whole.AsSpan(first));
        string folder = Folder([.. whole, .. whole.AsSpan(first, length)]); // an old block of the disk behind the end
        string state = State(folder);
        Assert.Equal(State(Folder(whole)), state);
        Assert.Equal(whole.Length, new FileInfo(Path.Combine(folder, FrontierJournal.FileName)).Length);
    }

    [Fact]
    public void Zeros_behind_the_end_are_a_torn_end()
    {
        (byte[] whole, _) = Journal(3);
        Assert.Equal(State(Folder(whole)), State(Folder([.. whole, .. new byte[5000]])));
    }

    [Fact]
    public void Copies_taken_while_others_write_hold_every_commit_before_them()
    {
        // A copy of the files is what a kill leaves; cut at a random byte behind the last commit it is what a power cut leaves.
        var random = new Random(5);
        string folder = NewFolder();
        using Frontier frontier = Open(folder, new FrontierOptions { CompactAbove = 2000, Politeness = new PolitenessOptions { Off = true } });
        string log = Path.Combine(folder, FrontierJournal.FileName);
        int added = 0, compactions = 0;
        var finished = new HashSet<string>();
        long size = 0;
        for (int round = 0; round < 30; round++)
        {
            for (int i = random.Next(1, 30); i > 0; i--)
                frontier.Add(Url(added++));
            for (int i = random.Next(30); i > 0 && frontier.TryLease(out FrontierLease? lease, out _); i--)
            {
                frontier.Release(lease, default);
                frontier.Finish(lease, FrontierState.Done);
                finished.Add(lease.Url.Url);
            }
            frontier.Commit();
            (int committedAdded, HashSet<string> committedFinished) = (added, [.. finished]);
            long committed = new FileInfo(log).Length;
            compactions += committed < size ? 1 : 0;
            size = committed;
            for (int i = random.Next(10); i > 0; i--)
                frontier.Add(Url(added++));
            Assert.Null(frontier.Find("http://nowhere/")); // not seen
            _ = frontier.Find(Url(0).Url); // writes what is in memory, unflushed
            byte[] copy = File.ReadAllBytes(log);
            if (random.Next(2) == 0)
                copy = copy[..random.Next((int)committed, copy.Length + 1)];
            string restored = Folder(copy);
            File.WriteAllText(Path.Combine(restored, FrontierJournal.FileName + ".new"), "half a compaction");
            using Frontier after = Open(restored, new FrontierOptions { Politeness = new PolitenessOptions { Off = true } });
            HashSet<string> left = [.. Drain(after)];
            Assert.Empty(left.Intersect(committedFinished));
            Assert.Equal(Enumerable.Range(0, committedAdded).Select(i => Url(i).Url).Except(committedFinished).Order(StringComparer.Ordinal),
                left.Intersect(Enumerable.Range(0, committedAdded).Select(i => Url(i).Url)).Order(StringComparer.Ordinal));
            Assert.All(Enumerable.Range(0, committedAdded), i => Assert.False(after.Add(Url(i))));
        }
        Assert.True(compactions > 2, $"{compactions} compactions");

        static FrontierUrl Url(int i) => new($"http://h{i % 7}.example/{i}");
    }

    [Fact]
    public void A_compacted_journal_says_the_same_as_before_in_less()
    {
        string folder = NewFolder();
        string log = Path.Combine(folder, FrontierJournal.FileName);
        var small = new FrontierOptions { CompactAbove = 1000 };
        FrontierEntry?[] before;
        string[] asked = [.. Enumerable.Range(0, 200).Select(i => $"http://h{i % 9}.example/a/longer/path/{i}"), "http://x.example/trap"];
        using (Frontier frontier = Open(folder))
        {
            for (int i = 0; i < 200; i++)
                frontier.Add(new FrontierUrl(asked[i], i, 0, i % 3 == 0, i % 50 == 0 ? _time.Now.AddDays(1) : null, asked[i / 2]));
            frontier.Skip("http://x.example/trap", FrontierState.SkippedAsTrap, "calendar", asked[1], 9);
            for (int i = 0; i < 150; i++)
            {
                FrontierLease? lease;
                while (!frontier.TryLease(out lease, out TimeSpan wait))
                    _time.Advance(wait);
                frontier.Release(lease, new FetchReport(TimeSpan.FromMilliseconds(300), "10.0.0." + i % 4));
                frontier.Finish(lease, i % 5 == 0 ? FrontierState.SkippedByRobots : FrontierState.Done, "detail " + i, i % 7 == 0 ? _time.Now.AddHours(2) : null, i % 11 == 0 ? _time.Now.AddDays(3) : null);
            }
            frontier.Commit();
            before = [.. asked.Select(frontier.Find)];
        }
        byte[] whole = File.ReadAllBytes(log);
        _time.Advance(60);
        string state;
        using (Frontier frontier = Open(folder, small))
            state = Text(frontier);
        Assert.True(new FileInfo(log).Length < whole.Length * 2 / 3, $"{new FileInfo(log).Length} of {whole.Length}");
        using (Frontier frontier = Open(Folder(whole)))
            Assert.Equal(state, Text(frontier)); // not compacted
        using (Frontier frontier = Open(folder))
        {
            Assert.Equal(state, Text(frontier));
            for (int i = 0; i < asked.Length; i++)
            {
                FrontierEntry was = before[i]!, now = frontier.Find(asked[i])!;
                Assert.Equal(was.State, now.State);
                if (was.State == FrontierState.Done)
                    continue; // of these the hash is left; the store has the visit
                Assert.Equal((was.Hops, was.Detail, was.From, was.Ahead), (now.Hops, now.Detail, now.From, now.Ahead));
                Assert.False(frontier.Add(new FrontierUrl(asked[i])));
            }
        }
    }

    [Fact]
    public void Leases_outlive_a_compaction()
    {
        string folder = NewFolder();
        var options = new FrontierOptions { CompactAbove = 1000, Politeness = new PolitenessOptions { Off = true } };
        using (Frontier frontier = Open(folder, options))
        {
            for (int i = 0; i < 300; i++)
                frontier.Add(new FrontierUrl($"http://h{i}.example/"));
            var leases = new List<FrontierLease>();
            while (frontier.TryLease(out FrontierLease? lease, out _))
                leases.Add(lease);
            foreach (FrontierLease lease in leases.Skip(10))
                frontier.Finish(lease, FrontierState.Done);
            long before = new FileInfo(Path.Combine(folder, FrontierJournal.FileName)).Length;
            frontier.Commit();
            foreach (FrontierLease lease in leases.Take(5))
                frontier.Finish(lease, FrontierState.Done);
            frontier.PutBack(leases[9]);
            frontier.Commit();
            Assert.Equal((1, 4, 295), (frontier.Counts.Queued, frontier.Counts.Leased, frontier.Counts.Done));
        }
        using Frontier again = Open(folder, options);
        Assert.Equal(295, again.Counts.Done);
        Assert.Equal(Enumerable.Range(5, 5).Select(i => $"http://h{i}.example/"), Drain(again));
    }

    [Fact]
    public void A_full_disk_fails_the_commit_and_nothing_else()
    {
        using SmallDisk? disk = SmallDisk.TryMount(NewFolder(), 2 << 20);
        Assert.SkipWhen(disk is null, "needs the right to mount a small file system");
        var options = new FrontierOptions { Politeness = new PolitenessOptions { Off = true } };
        string fill = Path.Combine(disk.Path, "fill");
        int added = 0, committed = 0;
        using (Frontier frontier = Open(disk.Path, options))
        {
            File.WriteAllBytes(fill, new byte[1 << 20]);
            Assert.Throws<IOException>(() =>
            {
                for (; added < 200_000; added++)
                {
                    frontier.Add(new FrontierUrl($"http://h{added % 10}.example/{added}"));
                    if (added % 1000 == 999)
                    {
                        frontier.Commit();
                        committed = added + 1;
                    }
                }
            });
            added++;
            Assert.Throws<IOException>(frontier.Commit);
            Assert.True(frontier.TryLease(out FrontierLease? lease, out _)); // memory is whole
            frontier.Finish(lease, FrontierState.Done);
            Assert.Equal(added - 1, frontier.Counts.Queued);
        }
        using (Frontier frontier = Open(disk.Path, options)) // as after a crash: the last commit is there
            Assert.True(frontier.Counts.Queued >= committed && committed > 0);
        File.Delete(fill);
        using (Frontier frontier = Open(disk.Path, options))
        {
            for (int i = 0; i < added; i++)
                frontier.Add(new FrontierUrl($"http://h{i % 10}.example/{i}"));
            frontier.Commit();
        }
        using (Frontier frontier = Open(disk.Path, options))
            Assert.Equal(added, frontier.Counts.Queued);
    }

    [Fact]
    public void A_journal_of_a_newer_kind_is_refused_with_advice()
    {
        (byte[] whole, _) = Journal(1);
        whole[7] = (byte)'2';
        BinaryPrimitives.WriteUInt64LittleEndian(whole.AsSpan(16), System.IO.Hashing.XxHash3.HashToUInt64(whole.AsSpan(0, 16)));
        Assert.Contains("newer", Assert.Throws<ImportException>(() => Open(Folder(whole))).Message);
    }

    // A small journal with records of every kind, and what it held at each commit.
    private (byte[] Whole, List<(long, string)> Commits) Journal(int rounds)
    {
        string folder = NewFolder();
        string log = Path.Combine(folder, FrontierJournal.FileName);
        var commits = new List<(long, string)>();
        using Frontier frontier = Open(folder);
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < 2; i++)
                frontier.Add(new FrontierUrl($"http://h{i}.example/{round}", round, From: round > 1 ? "http://h0.example/0" : ""));
            frontier.Skip($"http://x.example/{round}", FrontierState.SkippedByScope, "out", "", 1);
            if (frontier.TryLease(out FrontierLease? lease, out _))
            {
                frontier.Release(lease, new FetchReport(default, "10.0.0.1"));
                frontier.Finish(lease, round == 3 ? FrontierState.SkippedByRobots : FrontierState.Done, "why", round == 1 ? _time.Now.AddSeconds(1) : null, round == 2 ? _time.Now.AddSeconds(2) : null);
            }
            _time.Advance(1);
            frontier.Commit();
            commits.Add((new FileInfo(log).Length, Text(frontier)));
        }
        return (File.ReadAllBytes(log), commits);
    }

    private string Folder(ReadOnlySpan<byte> journal)
    {
        string folder = NewFolder();
        File.WriteAllBytes(Path.Combine(folder, FrontierJournal.FileName), journal);
        return folder;
    }

    private string NewFolder() => Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("n"))).FullName;

    private Frontier Open(string folder, FrontierOptions? options = null) => Frontier.Open(folder, options, _time);

    private string State(string folder)
    {
        using Frontier frontier = Open(folder);
        return Text(frontier);
    }

    private static string Text(Frontier frontier)
    {
        FrontierCounts counts = frontier.Counts;
        IEnumerable<string> hosts = Enumerable.Range(0, 9).Select(i => $"{frontier.HostFetched($"h{i}.example")}");
        IEnumerable<string> pages = Enumerable.Range(0, 20).SelectMany(i => new[] { $"http://h0.example/{i}", $"http://h1.example/{i}", $"http://x.example/{i}" })
            .Where(frontier.Knows);
        return $"{counts.Queued} {counts.Done} {string.Join(",", counts.Skipped.OrderBy(s => s.Key))} {string.Join(",", hosts)}|{string.Join(" ", pages)}";
    }

    // The URLs that a state knows.
    private static HashSet<string> Known(string state) => state.Length == 0 ? [] : [.. state[(state.IndexOf('|') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static IEnumerable<string> Drain(Frontier frontier)
    {
        while (frontier.TryLease(out FrontierLease? lease, out _))
        {
            yield return lease.Url.Url;
            frontier.Release(lease, default);
            frontier.Finish(lease, FrontierState.Done);
        }
    }

    // A file system in memory of a few megabytes, where the system lets us have one.
    private sealed class SmallDisk(string path) : IDisposable
    {
        public string Path => path;

        public static SmallDisk? TryMount(string path, int bytes) =>
            OperatingSystem.IsLinux() && Environment.UserName == "root" && Call("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", path) ? new SmallDisk(path) : null;

        public void Dispose() => Call("umount", "-l", path);

        private static bool Call(string program, params string[] arguments)
        {
            try
            {
                using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
