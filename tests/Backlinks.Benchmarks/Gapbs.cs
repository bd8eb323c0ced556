using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// The peer: sbeamer/gapbs, built by whoever runs the benchmark (<c>--gapbs DIR</c> with the programs pr and pr_spmv). Nothing
/// of it is here but the layout of its .sg file: a directed flag (1 byte), links, nodes, then offsets (8 bytes each) and
/// targets (4 bytes each) of the out-direction and of the in-direction.
/// </summary>
internal sealed partial class Gapbs(string folder)
{
    public static unsafe void Write(LinkGraph graph, string path)
    {
        using FileStream file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        file.WriteByte(1);
        file.Write(MemoryMarshal.AsBytes<long>([graph.LinkCount, graph.NodeCount]));
        foreach ((MappedArray<long> offsets, MappedArray<uint> links) in new[] { (graph.OutOffsets, graph.OutLinks), (graph.InOffsets, graph.InLinks) })
        {
            Copy((byte*)offsets.Pointer, 8 * offsets.Length);
            Copy((byte*)links.Pointer, 4 * links.Length);
        }

        void Copy(byte* from, long bytes)
        {
            for (long at = 0; at < bytes; at += 1 << 24)
                file.Write(new ReadOnlySpan<byte>(from + at, (int)Math.Min(1 << 24, bytes - at)));
        }
    }

    /// <summary>Seconds of the fastest trial of <paramref name="program"/> doing exactly <paramref name="rounds"/> rounds.</summary>
    public double Seconds(string program, string graph, int rounds, int trials)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(folder, program), ["-f", graph, "-i", $"{rounds}", "-t", "0", "-n", $"{trials}"])
        {
            RedirectStandardOutput = true,
        })!;
        string text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double[] times = [.. Trial().Matches(text).Select(m => double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))];
        return times.Length > 0 ? times.Min() : throw new InvalidOperationException($"{program} printed no trial time: {text}");
    }

    [GeneratedRegex(@"Trial Time:\s+([0-9.]+)")]
    private static partial Regex Trial();
}
