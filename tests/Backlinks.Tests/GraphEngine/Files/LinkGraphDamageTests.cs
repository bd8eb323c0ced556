using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Files;

/// <summary>Whatever happens to a graph's files, opening it says which file and where, and never reads past an end.</summary>
public class LinkGraphDamageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static readonly string[] Keys = ["com.a", "com.a.www", "com.b", "org"];

    [Fact]
    public void A_folder_without_a_graph_says_so()
    {
        using TemporaryFolder folder = new();
        Assert.Contains("no graph here", Refusal(folder.Path, "graph.json").Message, StringComparison.Ordinal);
        Refusal(folder.File("nowhere"), "graph.json");
    }

    [Fact]
    public void Every_flipped_byte_is_noticed_and_its_file_is_named()
    {
        using TemporaryFolder folder = Tiny();
        foreach (string file in Directory.GetFiles(folder.Path).Where(f => !f.EndsWith(".seal", StringComparison.Ordinal)))
        {
            byte[] bytes = File.ReadAllBytes(file);
            for (int i = 0; i < bytes.Length; i++)
                foreach (byte flip in new byte[] { 0x01, 0x20, 0xFF })
                {
                    byte[] damaged = [.. bytes];
                    damaged[i] ^= flip;
                    File.WriteAllBytes(file, damaged);
                    GraphException e = Refusal(folder.Path, Path.GetFileName(file));
                    Assert.True(file.EndsWith(".json", StringComparison.Ordinal) || e.Offset >= 0 && e.Offset <= i + 64, e.Message);
                }
            File.WriteAllBytes(file, bytes);
        }
        LinkGraph.Open(folder.Path, Cancel).Dispose();
    }

    [Fact]
    public void Every_truncated_or_prolonged_file_is_noticed()
    {
        using TemporaryFolder folder = Tiny();
        foreach (string file in Directory.GetFiles(folder.Path).Where(f => !f.EndsWith(".seal", StringComparison.Ordinal)))
        {
            byte[] bytes = File.ReadAllBytes(file);
            for (int length = 0; length < bytes.Length; length++)
            {
                File.WriteAllBytes(file, bytes[..length]);
                Refusal(folder.Path, Path.GetFileName(file));
            }
            File.WriteAllBytes(file, [.. bytes, 0]);
            Refusal(folder.Path, Path.GetFileName(file));
            File.WriteAllBytes(file, bytes);
        }
        LinkGraph.Open(folder.Path, Cancel).Dispose();
    }

    [Fact]
    public void Every_missing_array_is_named()
    {
        using TemporaryFolder folder = Tiny();
        foreach (string file in Directory.GetFiles(folder.Path, "*.npy"))
        {
            File.Move(file, file + ".away");
            Assert.Contains("missing", Refusal(folder.Path, Path.GetFileName(file)).Message, StringComparison.Ordinal);
            File.Move(file + ".away", file);
        }
    }

    [Fact]
    public void A_damaged_seal_costs_one_check_and_nothing_else()
    {
        using TemporaryFolder folder = Tiny();
        string seal = folder.File("graph.seal");
        byte[] bytes = File.ReadAllBytes(seal);
        foreach (byte[] damaged in new byte[][] { [], bytes[..^1], [.. bytes, 1], [(byte)(bytes[0] ^ 1), .. bytes[1..]], [0xFF, 0xFE] })
        {
            File.WriteAllBytes(seal, damaged);
            LinkGraph.Open(folder.Path, Cancel).Dispose();
            Assert.Equal(bytes, File.ReadAllBytes(seal));
        }
        File.Delete(seal);
        LinkGraph.Open(folder.Path, Cancel).Dispose();
        Assert.Equal(bytes, File.ReadAllBytes(seal));
    }

    [Fact]
    public void A_sealed_graph_is_opened_unread_and_one_of_another_time_is_checked()
    {
        using TemporaryFolder folder = Tiny();
        string links = folder.File("out_links.npy");
        DateTime sealedAt = File.GetLastWriteTimeUtc(links);
        byte[] bytes = File.ReadAllBytes(links);
        bytes[^1] ^= 1;
        File.WriteAllBytes(links, bytes);
        File.SetLastWriteTimeUtc(links, sealedAt);
        LinkGraph.Open(folder.Path, Cancel).Dispose(); // had it been read, this would be noticed
        Assert.Throws<GraphException>(() => LinkGraph.Verify(folder.Path, Cancel));
        File.SetLastWriteTimeUtc(links, sealedAt.AddSeconds(1));
        Refusal(folder.Path, "out_links.npy");
    }

    [Fact]
    public void A_sound_graph_of_another_time_is_checked_and_sealed_again()
    {
        using TemporaryFolder folder = Tiny();
        byte[] before = File.ReadAllBytes(folder.File("graph.seal"));
        File.SetLastWriteTimeUtc(folder.File("in_links.npy"), new DateTime(2001, 2, 3, 0, 0, 0, DateTimeKind.Utc));
        LinkGraph.Open(folder.Path, Cancel).Dispose();
        Assert.NotEqual(before, File.ReadAllBytes(folder.File("graph.seal")));
    }

    [Fact]
    public void A_newer_version_is_told_from_damage()
    {
        using TemporaryFolder folder = Tiny();
        (GraphManifest.Read(folder.Path) with { Version = 2 }).Write(folder.Path);
        Assert.Contains("newer", Refusal(folder.Path, "graph.json").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_JSON_file_is_not_taken_for_a_graph()
    {
        using TemporaryFolder folder = Tiny();
        foreach (string text in new[] { "", "null", "[]", "{}", "{\"format\":\"x\"}", "\"\"", "{\"format\":\"backlinks-graph\",\"version\":1,\"nodes\":0,\"links\":0,\"observed\":0,\"arrays\":{}}" })
        {
            File.WriteAllText(folder.File("graph.json"), text);
            Refusal(folder.Path, "graph.json");
        }
    }

    [Fact]
    public void Counts_that_do_not_fit_the_arrays_are_refused()
    {
        using TemporaryFolder folder = Tiny();
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        foreach (GraphManifest wrong in new[]
        {
            manifest with { Nodes = manifest.Nodes + 1 }, manifest with { Nodes = 0 }, manifest with { Nodes = int.MaxValue },
            manifest with { Links = manifest.Links - 1 }, manifest with { Links = long.MaxValue }, manifest with { Links = -1 },
        })
        {
            wrong.Write(folder.Path);
            Assert.Throws<GraphException>(() => LinkGraph.Open(folder.Path, Cancel));
        }
    }

    [Theory]
    [InlineData("out_links"), InlineData("in_offsets"), InlineData("name_blocks"), InlineData("out_weights")]
    public void An_array_that_is_not_listed_is_missed(string name)
    {
        using TemporaryFolder folder = Tiny();
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        manifest.Arrays.Remove(name);
        manifest.Write(folder.Path);
        Refusal(folder.Path, "graph.json");
    }

    [Fact]
    public void Names_for_fewer_nodes_are_refused()
    {
        using TemporaryFolder folder = new();
        TestGraphs.Build(folder.Path, 40, []);
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        using (NodeNamesWriter names = new(folder.Path))
        {
            names.Add("a"u8);
            names.Finish(manifest.Arrays);
        }
        manifest.Write(folder.Path);
        Refusal(folder.Path, "name_blocks.npy");
    }

    [Fact]
    public void An_array_of_another_type_or_folder_is_refused()
    {
        using TemporaryFolder folder = Tiny();
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        ArrayEntry links = manifest.Arrays["out_links"];
        manifest.Arrays["out_links"] = manifest.Arrays["out_weights"];
        manifest.Write(folder.Path);
        Assert.Contains("<u4", Refusal(folder.Path, "out_weights.npy").Message, StringComparison.Ordinal);
        manifest.Arrays["out_links"] = links with { File = "../out_links.npy" };
        manifest.Write(folder.Path);
        Refusal(folder.Path, "graph.json");
    }

    [Theory]
    [InlineData("a link beyond the nodes", new long[] { 0, 1, 2 }, new uint[] { 1, 2 }, "in_links", 4, "names node 2 of 2")]
    [InlineData("a row that is not ascending", new long[] { 0, 2, 2 }, new uint[] { 1, 0 }, "in_links", 4, "ascending")]
    [InlineData("a link given twice", new long[] { 0, 2, 2 }, new uint[] { 1, 1 }, "in_links", 4, "ascending")]
    [InlineData("offsets that go back", new long[] { 0, 3, 2 }, new uint[] { 0, 1 }, "in_offsets", 8, "range")]
    [InlineData("offsets that start late", new long[] { 1, 1, 2 }, new uint[] { 0, 1 }, "in_offsets", 0, "from 0 to 2")]
    [InlineData("offsets that end early", new long[] { 0, 1, 1 }, new uint[] { 0, 1 }, "in_offsets", 16, "from 0 to 2")]
    public void Arrays_with_right_checksums_and_wrong_content_are_refused(string what, long[] offsets, uint[] links, string culprit, int at, string says)
    {
        using TemporaryFolder folder = new();
        TestGraphs.Build(folder.Path, 2, [(0, 0), (0, 1)]);
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        File.Delete(folder.File("in_offsets.npy"));
        File.Delete(folder.File("in_links.npy"));
        manifest.Arrays["in_offsets"] = NpyWriter<long>.WriteAll(folder.File("in_offsets.npy"), offsets, what);
        manifest.Arrays["in_links"] = NpyWriter<uint>.WriteAll(folder.File("in_links.npy"), links, what);
        manifest.Write(folder.Path);
        GraphException e = Refusal(folder.Path, $"{culprit}.npy");
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.Equal(NpyHeader.Format<long>(2).Length + at, e.Offset);
    }

    [Theory, InlineData(float.NaN), InlineData(-1f), InlineData(float.PositiveInfinity)]
    public void Weights_that_are_none_are_refused(float weight)
    {
        using TemporaryFolder folder = Tiny();
        GraphManifest manifest = GraphManifest.Read(folder.Path);
        File.Delete(folder.File("in_weights.npy"));
        float[] weights = new float[manifest.Links];
        weights[1] = weight;
        manifest.Arrays["in_weights"] = NpyWriter<float>.WriteAll(folder.File("in_weights.npy"), weights, "bad");
        manifest.Write(folder.Path);
        Assert.Equal(NpyHeader.Format<float>(2).Length + 4, Refusal(folder.Path, "in_weights.npy").Offset);
    }

    [Theory]
    [InlineData("(9223372036854775807, 9223372036854775807)")]
    [InlineData("(2305843009213693952,)")]
    [InlineData("(-1,)")]
    [InlineData("(1.5,)")]
    [InlineData("3")]
    public void A_header_that_promises_what_no_file_holds_is_refused(string shape)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("a.npy");
        string dict = $"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".PadRight(117) + "\n";
        File.WriteAllBytes(path, [0x93, .. "NUMPY"u8, 1, 0, (byte)dict.Length, 0, .. System.Text.Encoding.ASCII.GetBytes(dict), .. new byte[24]]);
        Assert.Equal(path, Assert.Throws<GraphException>(() => MappedArray<long>.Open(path)).Path);
    }

    // A weighted, named graph of four nodes with counts: every kind of array.
    private static TemporaryFolder Tiny()
    {
        TemporaryFolder folder = new();
        TestGraphs.Build(folder.Path, 4, [new(0, 1, 0.5, 2), (0, 2), (2, 1), (3, 3), (1, 0)], weighted: true, Keys);
        using LinkGraph graph = LinkGraph.Open(folder.Path, Cancel);
        Assert.True(graph.Names.Stored && graph.OutWeights is not null && graph.OutCounts is not null);
        return folder;
    }

    private static GraphException Refusal(string folder, string file)
    {
        GraphException e = Assert.Throws<GraphException>(() => LinkGraph.Open(folder, Cancel));
        Assert.Equal(Path.Combine(folder, file), e.Path);
        return e;
    }
}
