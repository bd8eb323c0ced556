using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>
/// What do ten million queued URLs cost? URLs of 60 to 90 bytes on many hosts, each with the page that led to it, a commit (one
/// fsync) every 1,000; then every one offered again; the frontier opened anew; URLs leased, released and finished without
/// gaps, committed every 1,000. Checked: each URL leased is one that was added, once, in the order of its host; the counts
/// before and after reopening. Memory is the whole process's resident set, and its peak as the kernel counts it.
/// <code>QueueUrls [--urls 10000000] [--hosts 100000] [--leases 1000000] [--commit 1000] [--folder TEMP]</code>
/// </summary>
internal static class QueueUrls
{
    public static int Run(string[] args)
    {
        int urls = Option(args, "--urls", 10_000_000), hosts = Option(args, "--hosts", 100_000), leases = Option(args, "--leases", 1_000_000), commit = Option(args, "--commit", 1000);
        string parent = Array.IndexOf(args, "--folder") is >= 0 and int at ? args[at + 1] : Path.GetTempPath();
        string folder = Path.Combine(parent, $"backlinks-queue-{Environment.ProcessId}");
        var options = new FrontierOptions { Politeness = new PolitenessOptions { Off = true } };
        try
        {
            using (Frontier frontier = Frontier.Open(folder, options))
            {
                Report("added", urls, () => Add(frontier, urls, hosts, commit, isNew: true));
                Report("known", urls, () => Add(frontier, urls, hosts, int.MaxValue, isNew: false));
            }
            Collect();
            Frontier? again = null;
            Report("reopened", urls, () => again = Frontier.Open(folder, options));
            using (again)
            {
                Expect(again!.Counts is { Leased: 0, Done: 0 } counts && counts.Queued == urls && counts.Hosts == Math.Min(urls, hosts), again.Counts.ToString());
                Report("leased and finished", leases, () => Lease(again, urls, hosts, leases, commit));
                Expect(again.Counts.Queued == urls - leases && again.Counts.Done == leases, again.Counts.ToString());
            }
            Collect();
            Report("reopened", urls, () => again = Frontier.Open(folder, options));
            using (again)
                Expect(again!.Counts.Queued == urls - leases && again.Counts.Done == leases, again.Counts.ToString());
            using var process = Process.GetCurrentProcess();
            Console.WriteLine($"journal {new DirectoryInfo(folder).EnumerateFiles().Sum(f => f.Length) >> 20} MB; peak resident {process.PeakWorkingSet64 >> 20} MB");
            return 0;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    private static void Add(Frontier frontier, int urls, int hosts, int commit, bool isNew)
    {
        for (int i = 0; i < urls; i++)
        {
            Expect(frontier.Add(new FrontierUrl(Url(i, hosts), 3, From: Url(i / 50 * 50, hosts))) == isNew, $"URL {i}");
            if (i % commit == commit - 1)
                frontier.Commit();
        }
        frontier.Commit();
    }

    private static void Lease(Frontier frontier, int urls, int hosts, int leases, int commit)
    {
        var leased = new BitArray(urls);
        int[] last = new int[hosts];
        Array.Fill(last, -1);
        for (int n = 0; n < leases; n++)
        {
            Expect(frontier.TryLease(out FrontierLease? lease, out _), "nothing to lease");
            string url = lease!.Url.Url;
            int i = int.Parse(url.AsSpan(url.LastIndexOf('-') + 1), CultureInfo.InvariantCulture);
            Expect(url == Url(i, hosts) && lease.Url.From == Url(i / 50 * 50, hosts) && !leased[i] && i > last[Host(i, hosts)], url);
            leased[i] = true;
            last[Host(i, hosts)] = i;
            frontier.Release(lease, new FetchReport(TimeSpan.FromMilliseconds(100), "192.0.2.1"));
            frontier.Finish(lease, FrontierState.Done);
            if (n % commit == commit - 1)
                frontier.Commit();
        }
        frontier.Commit();
    }

    // As pages are found: fifty links of one site in a row.
    private static int Host(int i, int hosts) => (int)((uint)(i / 50) * 2654435761u % (uint)hosts);

    private static string Url(int i, int hosts)
    {
        int host = Host(i, hosts);
        return $"https://www.site-number-{host}.example{host % 100}.net/section/{i % 97}/some-page-of-the-site-{i}";
    }

    private static void Report(string what, int count, Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        double seconds = clock.Elapsed.TotalSeconds;
        Console.WriteLine($"{what}: {count:n0} in {seconds:f2} s, {count / seconds:n0}/s; resident {Environment.WorkingSet >> 20} MB, managed {GC.GetTotalMemory(false) >> 20} MB");
    }

    private static void Collect()
    {
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect();
    }

    private static void Expect(bool right, string what)
    {
        if (!right)
            throw new InvalidOperationException("wrong answer: " + what);
    }

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and int at ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
