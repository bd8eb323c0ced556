using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>What this machine can do at best, measured in the same run as what is compared with it, and what the process uses.</summary>
internal static unsafe class Machine
{
    /// <summary>Bytes read per second by copying 512 MB with every core (bytes copied, not read plus written).</summary>
    public static double CopyBytesPerSecond()
    {
        const long bytes = 512L << 20;
        using var from = new HugeArray<byte>(bytes);
        using var to = new HugeArray<byte>(bytes);
        byte* source = from.Pointer, target = to.Pointer;
        return bytes / Best(3, () => EachCore((part, parts) =>
            Buffer.MemoryCopy(source + bytes * part / parts, target + bytes * part / parts, bytes / parts, bytes / parts)));
    }

    /// <summary>Random 4-byte gathers per second from an array of <paramref name="bytes"/> with every core, links read in order.</summary>
    public static double GathersPerSecond(long bytes)
    {
        long slots = Math.Max(bytes / 4, 1024);
        const int count = 16 << 20;
        using var values = new HugeArray<float>(slots);
        using var links = new HugeArray<uint>(count);
        ulong state = 1;
        for (int i = 0; i < count; i++)
        {
            state = state * 6364136223846793005 + 1442695040888963407;
            links.Pointer[i] = (uint)((state >> 32) * (ulong)slots >> 32);
        }
        float* c = values.Pointer;
        uint* link = links.Pointer;
        double[] sums = new double[Environment.ProcessorCount];
        return count / Best(3, () => EachCore((part, parts) => sums[part] = Gather(c, link, count * (long)part / parts, count * (part + 1L) / parts)));
    }

    /// <summary>Seconds of the fastest of <paramref name="times"/> runs.</summary>
    public static double Best(int times, Action work)
    {
        double best = double.MaxValue;
        for (int i = 0; i < times; i++)
        {
            var watch = Stopwatch.StartNew();
            work();
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
        }
        return best;
    }

    /// <summary>Private memory now: RssAnon, which leaves out pages of mapped files. Bytes; 0 where the system does not tell.</summary>
    public static long PrivateBytes() => Status("RssAnon:");

    /// <summary>Runs <paramref name="work"/> and returns the most private memory seen meanwhile, sampled every 5 ms.</summary>
    public static long PeakPrivateBytes(Action work)
    {
        long peak = PrivateBytes();
        bool stop = false;
        var sampler = new Thread(() =>
        {
            while (!Volatile.Read(ref stop))
            {
                peak = Math.Max(peak, PrivateBytes());
                Thread.Sleep(5);
            }
        });
        sampler.Start();
        work();
        Volatile.Write(ref stop, true);
        sampler.Join();
        return peak;
    }

    private static double Gather(float* c, uint* link, long first, long end)
    {
        float a = 0, b = 0, e = 0, f = 0;
        for (long i = first; i + 4 <= end; i += 4)
        {
            a += c[link[i]];
            b += c[link[i + 1]];
            e += c[link[i + 2]];
            f += c[link[i + 3]];
        }
        return a + b + e + f;
    }

    private static void EachCore(Action<int, int> work) =>
        Parallel.For(0, Environment.ProcessorCount, part => work(part, Environment.ProcessorCount));

    private static long Status(string key) => StatusOf(Environment.ProcessId, key);

    /// <summary>A line of the kernel's status of a process in bytes; 0 where the system does not tell, or the process has ended.</summary>
    public static long StatusOf(int process, string key)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        string[] lines;
        try
        {
            lines = File.ReadAllLines($"/proc/{process}/status");
        }
        catch (IOException)
        {
            return 0;
        }
        foreach (string line in lines)
            if (line.StartsWith(key, StringComparison.Ordinal))
                return long.Parse(line.AsSpan(key.Length).Trim()[..^3], NumberStyles.Integer, CultureInfo.InvariantCulture) * 1024;
        return 0;
    }
}
