using System.Diagnostics;
using System.Globalization;
using Backlinks.Ingest;
using Backlinks.Tests;

namespace Backlinks.Benchmarks;

/// <summary>
/// Is a day of a big crawl polite, and how many decisions a second does that take? Hosts that share domains and addresses,
/// with delays, refusals and failures, all wanting all the time, crawled by so many workers in virtual time; the tests'
/// observer checks every request and stops the run at the first one that comes too soon. A decision is one request granted
/// and its end accounted for; the observer's own time is in the figure.
/// <code>ScheduleHosts [--hosts 100000] [--hours 24] [--workers 200] [--seed 1]</code>
/// </summary>
internal static class ScheduleHosts
{
    public static int Run(string[] args)
    {
        int hosts = Option(args, "--hosts", 100_000), hours = Option(args, "--hours", 24), workers = Option(args, "--workers", 200);
        var simulation = new PolitenessSimulation(hosts, Option(args, "--seed", 1));
        var time = new FakeTime();
        long before = Machine.PrivateBytes();
        var clock = Stopwatch.StartNew();
        simulation.Run(new Politeness(new PolitenessOptions(), time), time, workers, TimeSpan.FromHours(hours));
        double seconds = clock.Elapsed.TotalSeconds;
        long[] waits = [.. simulation.LongestWait.Order()];
        Console.WriteLine($"{hosts:n0} hosts, {hours} h, {workers} workers: {simulation.Requests:n0} requests, none too soon; " +
            $"{simulation.Sharing:n0} shared a domain or address, {simulation.Delayed:n0} were answered with a delay");
        Console.WriteLine($"served: least {simulation.Served.Min():n0}, most {simulation.Served.Max():n0} times; longest wait of a host beyond its own gap: " +
            $"median {Seconds(waits[hosts / 2])}, 99 % {Seconds(waits[(int)(hosts * .99)])}, most {Seconds(waits[^1])}");
        Console.WriteLine($"{seconds:f1} s: {simulation.Requests / seconds:n0} decisions/s; private memory {(Machine.PrivateBytes() - before) >> 20} MB more");
        if (!Enumerable.Range(0, hosts).Any(h => simulation.LongestWait[h] > simulation.MostWait(h, workers)) && simulation.Served.Min() > 0)
            return 0;
        Console.Error.WriteLine("a host starved");
        return 1;

        static string Seconds(long ticks) => $"{ticks / (double)PolitenessSimulation.Second:n0} s";
    }

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and int at ? int.Parse(args[at + 1], CultureInfo.InvariantCulture) : otherwise;
}
