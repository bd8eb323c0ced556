using System.Globalization;
using System.Numerics;
using System.Text;

namespace Backlinks.Tests;

/// <summary>
/// Writes BVGraphs for tests and benchmarks, straight from the format's description and without care for speed or size.
/// It is written apart from the decoder: it shares no code or table with it.
/// </summary>
internal sealed class BvGraphEncoder
{
    public int Window { get; init; } = 7;

    public int MaxReferences { get; init; } = 3;

    public int MinInterval { get; init; } = 4;

    public int ZetaK { get; init; } = 3;

    public string Outdegrees { get; init; } = "GAMMA";

    public string References { get; init; } = "UNARY";

    public string BlockCounts { get; init; } = "GAMMA";

    public string Blocks { get; init; } = "GAMMA";

    public string Residuals { get; init; } = "ZETA";

    private readonly List<byte> _bytes = [];
    private int _free;

    public long BitCount => _bytes.Count * 8L - _free;

    /// <summary>Writes <c>baseName.graph</c> and <c>baseName.properties</c>; rows are ascending and distinct.</summary>
    public void Write(string baseName, IReadOnlyList<int[]> rows)
    {
        _bytes.Clear();
        _free = 0;
        int[] chain = new int[rows.Count];
        for (int x = 0; x < rows.Count; x++)
            WriteRow(x, rows, chain);
        File.WriteAllBytes(baseName + ".graph", [.. _bytes]);
        File.WriteAllText(baseName + ".properties", Properties(rows.Count, rows.Sum(r => (long)r.Length)));
    }

    public string Properties(long nodes, long arcs)
    {
        var flags = new List<string>();
        foreach ((string component, string code, string standard) in new[]
        {
            ("OUTDEGREES", Outdegrees, "GAMMA"), ("REFERENCES", References, "UNARY"), ("BLOCK_COUNT", BlockCounts, "GAMMA"),
            ("BLOCKS", Blocks, "GAMMA"), ("RESIDUALS", Residuals, "ZETA"),
        })
            if (code != standard)
                flags.Add($"{component}_{code}");
        return string.Create(CultureInfo.InvariantCulture, $"""
            #BVGraph properties
            #Thu Jan 01 00:00:00 UTC 1970
            version=0
            graphclass=it.unimi.dsi.webgraph.BVGraph
            nodes={nodes}
            arcs={arcs}
            windowsize={Window}
            maxrefcount={MaxReferences}
            minintervallength={MinInterval}
            zetak={ZetaK}
            compressionflags={string.Join(" | ", flags)}

            """);
    }

    private void WriteRow(int x, IReadOnlyList<int[]> rows, int[] chain)
    {
        int[] row = rows[x];
        Write(Outdegrees, row.Length);
        if (row.Length == 0)
            return;
        // The reference that leaves the fewest successors to write, among those whose own chain is short enough.
        int best = 0, bestExtra = row.Length;
        for (int r = 1; r <= Math.Min(Window, x); r++)
        {
            int extra = row.Length - row.Intersect(rows[x - r]).Count();
            if (chain[x - r] < MaxReferences && rows[x - r].Length > 0 && extra < bestExtra)
                (best, bestExtra) = (r, extra);
        }
        List<int> rest = [.. row];
        if (Window > 0)
            Write(References, best);
        if (best > 0)
        {
            chain[x] = chain[x - best] + 1;
            rest = [.. row.Except(rows[x - best])];
            WriteBlocks(rows[x - best], [.. row]);
        }
        if (rest.Count == 0)
            return;
        if (MinInterval > 0)
            rest = WriteRuns(x, rest);
        for (int i = 0; i < rest.Count; i++)
            Write(Residuals, i == 0 ? Natural(rest[0] - (long)x) : rest[i] - rest[i - 1] - 1);
    }

    private void WriteBlocks(int[] from, HashSet<int> wanted)
    {
        var blocks = new List<int>();
        bool copy = true;
        int length = 0;
        foreach (int v in from)
        {
            if (wanted.Contains(v) != copy)
            {
                blocks.Add(length);
                (copy, length) = (!copy, 0);
            }
            length++;
        }
        // The last block is implied.
        Write(BlockCounts, blocks.Count);
        for (int i = 0; i < blocks.Count; i++)
            Write(Blocks, blocks[i] - (i == 0 ? 0 : 1));
    }

    private List<int> WriteRuns(int x, List<int> rest)
    {
        var runs = new List<(int First, int Length)>();
        var residuals = new List<int>();
        for (int i = 0; i < rest.Count;)
        {
            int length = 1;
            while (i + length < rest.Count && rest[i + length] == rest[i] + length)
                length++;
            if (length >= MinInterval)
                runs.Add((rest[i], length));
            else
                residuals.AddRange(rest.GetRange(i, length));
            i += length;
        }
        Write("GAMMA", runs.Count);
        long end = 0;
        for (int i = 0; i < runs.Count; i++)
        {
            Write("GAMMA", i == 0 ? Natural(runs[0].First - (long)x) : runs[i].First - end - 1);
            Write("GAMMA", runs[i].Length - MinInterval);
            end = runs[i].First + runs[i].Length;
        }
        return residuals;
    }

    private static long Natural(long v) => v >= 0 ? 2 * v : -2 * v - 1;

    private void Write(string code, long x)
    {
        switch (code)
        {
            case "UNARY":
                Unary(x);
                break;
            case "GAMMA":
                Unary(Log(x + 1));
                Bits(x + 1, Log(x + 1));
                break;
            case "DELTA":
                Write("GAMMA", Log(x + 1));
                Bits(x + 1, Log(x + 1));
                break;
            case "ZETA":
                int h = Log(x + 1) / ZetaK;
                Unary(h);
                MinimalBinary(x + 1 - (1L << (h * ZetaK)), (1L << ((h + 1) * ZetaK)) - (1L << (h * ZetaK)));
                break;
            case "NIBBLE":
                int groups = 1;
                while (x >> (3 * groups) != 0)
                    groups++;
                for (int g = groups - 1; g >= 0; g--)
                    Bits((g == 0 ? 8 : 0) + ((x >> (3 * g)) & 7), 4);
                break;
            case "GOLOMB":
                Unary(x / ZetaK);
                MinimalBinary(x % ZetaK, ZetaK);
                break;
            default:
                throw new ArgumentException(code);
        }
    }

    private static int Log(long x) => BitOperations.Log2((ulong)x);

    private void Unary(long x)
    {
        for (long i = 0; i < x; i++)
            Bits(0, 1);
        Bits(1, 1);
    }

    private void MinimalBinary(long v, long b)
    {
        int s = Log(b);
        long t = (1L << (s + 1)) - b;
        if (v < t)
            Bits(v, s);
        else
            Bits(v + t, s + 1);
    }

    /// <summary>The lowest <paramref name="count"/> bits, highest first.</summary>
    private void Bits(long value, int count)
    {
        for (int i = count - 1; i >= 0; i--)
        {
            if (_free == 0)
            {
                _bytes.Add(0);
                _free = 8;
            }
            _free--;
            _bytes[^1] |= (byte)((value >> i & 1) << _free);
        }
    }
}
