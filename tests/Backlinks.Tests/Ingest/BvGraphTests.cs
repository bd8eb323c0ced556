using System.Diagnostics;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class BvGraphTests
{
    private static readonly string[] Codes = ["UNARY", "GAMMA", "DELTA", "ZETA", "NIBBLE", "GOLOMB"];

    [Fact]
    public void An_empty_graph_has_no_nodes()
    {
        using TemporaryFolder temporary = new();
        new BvGraphEncoder().Write(temporary.File("g"), []);
        Assert.Empty(Decode(temporary.File("g.graph")));
    }

    [Fact]
    public void The_bits_of_a_hand_made_graph_are_as_the_format_says()
    {
        using TemporaryFolder temporary = new();
        // Node 0 → 1, 2: outdegree γ(2) = 011, no reference U(0) = 1, no runs γ(0) = 1, residuals ν(1) = 2 and gap 0
        // in ζ₃: 2 → U(0) M(2; 7) = 1 011, 0 → U(0) M(0; 7) = 1 00. Node 1 → 1, 2: 011, reference 1: U(1) = 01, no
        // blocks: γ(0) = 1. Node 2 → nothing: γ(0) = 1.
        string bits = "011" + "1" + "1" + "1011" + "100" + "011" + "01" + "1" + "1";
        byte[] bytes = new byte[(bits.Length + 7) / 8];
        for (int i = 0; i < bits.Length; i++)
            bytes[i / 8] |= (byte)((bits[i] - '0') << (7 - i % 8));
        File.WriteAllBytes(temporary.File("g.graph"), bytes);
        File.WriteAllText(temporary.File("g.properties"), new BvGraphEncoder().Properties(3, 4));
        Assert.Equal<uint[]>([[1, 2], [1, 2], []], Decode(temporary.File("g.graph")));
    }

    [Theory]
    [InlineData(".graph")]
    [InlineData(".properties")]
    [InlineData(".offsets")]
    [InlineData("")]
    public void Any_file_of_the_graph_or_their_common_name_will_do(string ending)
    {
        using TemporaryFolder temporary = new();
        new BvGraphEncoder().Write(temporary.File("g"), [[1], [0, 1]]);
        Assert.Equal<uint[]>([[1], [0, 1]], Decode(temporary.File("g" + ending)));
    }

    [Fact]
    public void Every_code_in_every_place_gives_the_graph_back()
    {
        using TemporaryFolder temporary = new();
        var random = new Random(1);
        foreach (string outdegrees in Codes)
            foreach (string residuals in Codes)
                foreach (string references in Codes)
                {
                    int at = Array.IndexOf(Codes, references);
                    var encoder = new BvGraphEncoder
                    {
                        Outdegrees = outdegrees,
                        Residuals = residuals,
                        References = references,
                        BlockCounts = Codes[(at + random.Next(6)) % 6],
                        Blocks = Codes[(at + random.Next(6)) % 6],
                        ZetaK = random.Next(1, 8),
                        MinInterval = random.Next(0, 5),
                        Window = random.Next(0, 10),
                    };
                    int[][] rows = RandomRows(random, 60);
                    encoder.Write(temporary.File("g"), rows);
                    AssertSame(rows, Decode(temporary.File("g")));
                }
    }

    [Fact]
    public void Random_graphs_with_random_parameters_come_back()
    {
        using TemporaryFolder temporary = new();
        Gen.Select(Gen.Int[0, 300], Gen.Int[0, 70], Gen.Int[0, 12], Gen.Int[1, 31], Gen.Int[0, 5], Gen.Int[0, int.MaxValue]).Sample(
            (nodes, window, interval, k, code, seed) =>
            {
                int[][] rows = RandomRows(new Random(seed), nodes);
                new BvGraphEncoder { Window = window, MinInterval = interval, ZetaK = k, MaxReferences = 1 + seed % 20, Residuals = Codes[code] }
                    .Write(temporary.File("g"), rows);
                AssertSame(rows, Decode(temporary.File("g")));
            }, iter: 300, threads: 1, seed: "0000000000000");
    }

    [Fact]
    public void Numbers_up_to_the_largest_node_are_decoded()
    {
        // One node far out: its first residual is nearly −2n, its second gap nearly n.
        using TemporaryFolder temporary = new();
        const int n = 3_000_000;
        int[][] rows = new int[n][];
        Array.Fill(rows, []);
        rows[n - 1] = [0, n - 1];
        rows[5] = [n - 1];
        foreach (string code in Codes.Except(["UNARY", "GOLOMB"]))
        {
            new BvGraphEncoder { Residuals = code }.Write(temporary.File("g"), rows);
            uint[][] back = Decode(temporary.File("g"));
            Assert.Equal([n - 1], back[5]);
            Assert.Equal<uint>([0, n - 1], back[n - 1]);
        }
    }

    [Fact]
    public void Cnr_2000_is_read_to_the_last_arc()
    {
        string path = SharedData.Require("graphs", "cnr-2000", "cnr-2000.graph");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", "cnr-2000", "expected.json")));
        JsonElement facts = expected.RootElement;
        uint[][] rows = Decode(path);
        Assert.Equal(facts.GetProperty("nodes").GetInt32(), rows.Length);
        Assert.Equal(facts.GetProperty("arcs").GetInt64(), rows.Sum(r => (long)r.Length));
        Assert.Equal(facts.GetProperty("dangling_nodes").GetInt32(), rows.Count(r => r.Length == 0));
        Assert.Equal(facts.GetProperty("self_loops").GetInt32(), rows.Index().Count(r => r.Item.Contains((uint)r.Index)));
        ulong sum = 0;
        for (int u = 0; u < rows.Length; u++)
            foreach (uint v in rows[u])
                sum += ((ulong)u + 1) * 31 + v + 1;
        Assert.Equal(facts.GetProperty("checksum").GetProperty("value").GetString(), sum.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (JsonElement row in facts.GetProperty("first_nonempty").EnumerateArray().Concat(facts.GetProperty("last_nonempty").EnumerateArray()))
            Assert.Equal(row.GetProperty("successors").EnumerateArray().Select(v => v.GetUInt32()), rows[row.GetProperty("id").GetInt32()]);
        JsonElement most = facts.GetProperty("max_out_degree");
        Assert.Equal(most.GetProperty("value").GetInt32(), rows.Max(r => r.Length));
        Assert.Equal(most.GetProperty("value").GetInt32(), rows[most.GetProperty("id").GetInt32()].Length);
    }

    [Fact]
    public void Encoding_cnr_2000_again_changes_nothing()
    {
        using TemporaryFolder temporary = new();
        uint[][] rows = Decode(SharedData.Require("graphs", "cnr-2000", "cnr-2000.graph"));
        int[][] some = [.. rows.Take(20_000).Select(r => r.Where(v => v < 20_000).Select(v => (int)v).ToArray())];
        new BvGraphEncoder { Window = 3, Residuals = "DELTA" }.Write(temporary.File("g"), some);
        AssertSame(some, Decode(temporary.File("g")));
    }

    [Fact]
    public void An_import_holds_the_links_of_the_source()
    {
        using TemporaryFolder temporary = new();
        int[][] rows = RandomRows(new Random(3), 500);
        new BvGraphEncoder().Write(temporary.File("g"), rows);
        string folder = temporary.NewFolder();
        GraphManifest manifest = BvGraphImporter.Import(temporary.File("g.graph"), folder);
        Assert.Equal("bvgraph", manifest.Source!.Format);
        Assert.Equal("g.graph", manifest.Source.Name);
        using LinkGraph graph = LinkGraph.Open(folder);
        AssertSame(rows, [.. Enumerable.Range(0, graph.NodeCount).Select(u => graph.OutOf(u).ToArray())]);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused_with_its_place()
    {
        using TemporaryFolder temporary = new();
        new BvGraphEncoder { Residuals = "GAMMA" }.Write(temporary.File("g"), RandomRows(new Random(4), 200));
        byte[] whole = File.ReadAllBytes(temporary.File("g.graph"));
        for (int length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(temporary.File("g.graph"), whole[..length]);
            ImportException error = Assert.Throws<ImportException>(() => Decode(temporary.File("g.graph")));
            Assert.Equal(temporary.File("g.graph"), error.Path);
            Assert.InRange(error.Offset, 0, length);
        }
    }

    [Fact]
    public void Flipped_bits_give_an_error_or_a_graph_of_the_promised_size_quickly()
    {
        using TemporaryFolder temporary = new();
        var random = new Random(5);
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            int[][] rows = RandomRows(random, 150);
            new BvGraphEncoder { Residuals = Codes[round % 6], ZetaK = 1 + round % 7, MinInterval = round % 4 }.Write(temporary.File("g"), rows);
            byte[] bytes = File.ReadAllBytes(temporary.File("g.graph"));
            for (int flips = random.Next(1, 4); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(temporary.File("g.graph"), bytes);
            long started = Stopwatch.GetTimestamp(), allocated = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                uint[][] back = Decode(temporary.File("g"));
                Assert.Equal(rows.Sum(r => r.Length), back.Sum(r => r.Length));
                Assert.All(back, r => Assert.True(r.Zip(r.Skip(1)).All(p => p.First < p.Second) && r.All(v => v < 150)));
            }
            catch (ImportException e)
            {
                refused++;
                Assert.Equal(temporary.File("g.graph"), e.Path);
                Assert.InRange(e.Offset, 0, bytes.Length);
            }
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - allocated < 16 << 20);
        }
        Assert.InRange(refused, 750, 1499); // both ends are met
    }

    [Theory]
    [InlineData("version=0", "version=1", "version 1")]
    [InlineData("version=0", "version=", "version")]
    [InlineData("version=0\n", "", "no 'version'")]
    [InlineData("version=0", "version=0\nendianness=little", "little-endian")]
    [InlineData("it.unimi.dsi.webgraph.BVGraph", "it.unimi.dsi.webgraph.EFGraph", "EFGraph")]
    [InlineData("nodes=3", "nodes=4", "truncated")]
    [InlineData("nodes=3", "nodes=2", "node 1 of 2")]
    [InlineData("nodes=3", "nodes=2000000000", "too few")]
    [InlineData("nodes=3", "nodes=-3", "nodes=-3")]
    [InlineData("nodes=3", "nodes=9999999999", "nodes=9999999999")]
    [InlineData("nodes=3", "nodes=three", "nodes=three")]
    [InlineData("arcs=3", "arcs=4", "promises 4")]
    [InlineData("arcs=3", "arcs=2", "arcs left")]
    [InlineData("arcs=3", "arcs=10", "arcs=10")]
    [InlineData("arcs=3", "arcs=3\nresidualarcs=1", "residualarcs is 3")]
    [InlineData("windowsize=7", "windowsize=2000000000", "windowsize=2000000000")]
    [InlineData("zetak=3", "zetak=0", "zetak=0")]
    [InlineData("zetak=3", "zetak=32", "k = 32")]
    [InlineData("compressionflags=", "compressionflags=RESIDUALS_OMEGA", "RESIDUALS_OMEGA")]
    [InlineData("compressionflags=", "compressionflags=INTERVALS_DELTA", "INTERVALS_DELTA")]
    [InlineData("compressionflags=", "compressionflags=RESIDUALS_SKEWED_GOLOMB", "RESIDUALS_SKEWED_GOLOMB")]
    [InlineData("windowsize=7", "windowsize", "windowsize")]
    public void Properties_that_are_wrong_or_not_supported_are_refused(string right, string wrong, string said)
    {
        using TemporaryFolder temporary = new();
        new BvGraphEncoder().Write(temporary.File("g"), [[1], [0, 2], []]);
        string text = File.ReadAllText(temporary.File("g.properties"));
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(temporary.File("g.properties"), text.Replace(right, wrong, StringComparison.Ordinal));
        ImportException error = Assert.Throws<ImportException>(() => Decode(temporary.File("g")));
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
        Assert.StartsWith(temporary.File("g"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.File("g.graph"), "");
        Assert.Contains("g.properties", Assert.Throws<ImportException>(() => Decode(temporary.File("g.graph"))).Message, StringComparison.Ordinal);
    }

    private static uint[][] Decode(string path)
    {
        using BvGraphDecoder graph = BvGraphDecoder.Open(path);
        var rows = new List<uint[]>();
        while (graph.MoveNext())
            rows.Add(graph.Successors.ToArray());
        return [.. rows];
    }

    private static void AssertSame(int[][] expected, uint[][] rows)
    {
        Assert.Equal(expected.Length, rows.Length);
        for (int u = 0; u < rows.Length; u++)
            Assert.Equal(expected[u].Select(v => (uint)v), rows[u]);
    }

    /// <summary>Rows that resemble their predecessors, with runs and scattered links: all that the format can express.</summary>
    private static int[][] RandomRows(Random random, int nodes)
    {
        int[][] rows = new int[nodes][];
        for (int u = 0; u < nodes; u++)
        {
            var row = new SortedSet<int>();
            if (random.Next(4) > 0)
            {
                if (u > 0 && random.Next(3) > 0)
                    row.UnionWith(rows[u - 1 - random.Next(Math.Min(u, 9))].Where(_ => random.Next(4) > 0));
                for (int runs = random.Next(3); runs > 0; runs--)
                {
                    int first = random.Next(nodes);
                    row.UnionWith(Enumerable.Range(first, Math.Min(random.Next(1, 12), nodes - first)));
                }
                for (int scattered = random.Next(5); scattered > 0; scattered--)
                    row.Add(random.Next(nodes));
            }
            rows[u] = [.. row];
        }
        return rows;
    }
}
