using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class EdgeListTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void Comments_alone_make_an_empty_graph()
    {
        using LinkGraph graph = Import("# nothing\n\n% here\n");
        Assert.Equal((0, 0L), (graph.NodeCount, graph.LinkCount));
    }

    [Theory]
    [InlineData("0\t1\n1\t2\n5\t0\n")]
    [InlineData("0 1\r\n1 2\r\n5 0\r\n")]
    [InlineData("0,1\n1,2\n5,0")]
    [InlineData("# a comment\nsource;target\n0;1\n\n  1 ;  2\t\n5;0\n")]
    [InlineData("0 1 1\n1 2 1.0\n5 0 1\n")]
    [InlineData("FromNodeId\tToNodeId\n0\t1\n1\t2\n000000000005\t0\n")]
    public void Numbers_are_nodes_whatever_separates_them(string text)
    {
        using LinkGraph graph = Import(text);
        Assert.Equal((6, 3L), (graph.NodeCount, graph.LinkCount));
        Assert.Equal([1u], graph.OutOf(0).ToArray());
        Assert.Equal([0u], graph.OutOf(5).ToArray());
        Assert.Equal("5", graph.Names[5]);
        Assert.Null(graph.OutWeights);
        Assert.Null(graph.OutCounts);
        Assert.Equal("edges", graph.Manifest.Source!.Format);
    }

    [Fact]
    public void A_weight_column_is_kept_unless_it_is_all_ones()
    {
        using (LinkGraph graph = Import("0 1 1\n0 2 2.5\n0 1 1e-1\n"))
            Assert.Equal([1.1f, 2.5f], graph.OutWeights!.Slice(0, 2).ToArray());
        using (LinkGraph graph = Import("0 1 1\n0 2 1\n0 1 1\n"))
        {
            Assert.Null(graph.OutWeights);
            Assert.Equal([2u, 1u], graph.OutCounts!.Slice(0, 2).ToArray());
        }
        using (LinkGraph graph = Import("0 1 1\n", new() { Weighted = Weights.Yes }))
            Assert.Equal(1f, graph.OutWeights![0]);
        using (LinkGraph graph = Import("0 1 7\n", new() { Weighted = Weights.No }))
            Assert.Null(graph.OutWeights);
        using (LinkGraph graph = Import("b.org,a.org,0.5\n", new()))
            Assert.Equal(0.5f, graph.OutWeights![0]);
    }

    [Fact]
    public void Undirected_and_self_links_are_as_asked()
    {
        using (LinkGraph graph = Import("0 1\n2 2\n", new() { Directed = false }))
            Assert.Equal((3L, 1L, 1L), (graph.LinkCount, graph.OutDegree(1), graph.OutDegree(2)));
        using (LinkGraph graph = Import("0 1\n2 2\n", new() { SelfLinks = SelfLinks.Drop }))
            Assert.Equal((3, 1L), (graph.NodeCount, graph.LinkCount));
    }

    [Fact]
    public void Names_become_nodes_in_the_order_of_their_keys()
    {
        string text = "source target\nhttps://b.example.com/x?y https://a.example.com/\nhttps://a.example.com/ https://example.org/\n";
        foreach (long bytes in new[] { 1L << 20, 1 })
        {
            using LinkGraph graph = Import(text, new() { TinyNameBytes = bytes });
            Assert.Equal(["https://a.example.com/", "https://b.example.com/x?y", "https://example.org/"],
                Enumerable.Range(0, graph.NodeCount).Select(i => graph.Names[i]));
            Assert.Equal([0u], graph.OutOf(1).ToArray());
            Assert.Equal([2u], graph.OutOf(0).ToArray());
        }
    }

    [Fact]
    public void Numbers_can_be_names()
    {
        using LinkGraph graph = Import("4000000000 7\n7 8\n", new() { Names = true });
        Assert.Equal(["4000000000", "7", "8"], Enumerable.Range(0, 3).Select(i => graph.Names[i]));
    }

    [Fact]
    public void A_matrix_counts_from_one()
    {
        using (LinkGraph graph = Import("%%MatrixMarket matrix coordinate real general\n% by hand\n4 3 2\n1 3 0.5\n4 1 2\n"))
        {
            Assert.Equal((4, 2L), (graph.NodeCount, graph.LinkCount));
            Assert.Equal([2u], graph.OutOf(0).ToArray());
            Assert.Equal([0.5f, 2f], graph.OutWeights!.Slice(0, 2).ToArray());
        }
        using LinkGraph both = Import("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n");
        Assert.Equal([1u], both.OutOf(0).ToArray());
        Assert.Equal([0u], both.OutOf(1).ToArray());
        Assert.Equal([2u], both.OutOf(2).ToArray());
    }

    [Fact]
    public void Random_numbers_build_as_the_naive_way_whatever_the_threads() =>
        Gen.Select(Gen.UInt[0, 3_000_000], Gen.UInt[0, 12], Gen.Int[0, 8]).Array[1, 3000].Sample(lines =>
        {
            bool weighted = lines.Any(l => l.Item3 > 1);
            string text = string.Concat(lines.Select((l, i) =>
                weighted ? $"{l.Item1}{(i % 3 == 0 ? '\t' : ' ')}{l.Item2}\t{l.Item3}\n" : $"{l.Item1} {l.Item2}{(i % 7 == 0 ? "\r" : "")}\n"));
            NaiveBuild naive = new(lines.Select(l => new TestLink(l.Item1, l.Item2, weighted ? l.Item3 : 1)));
            string? digest = null;
            foreach (int threads in new[] { 1, 3 })
            {
                using LinkGraph graph = Import(text, new() { Threads = threads });
                naive.AssertEqual(graph, weighted);
                digest ??= graph.Manifest.Digest();
                Assert.Equal(digest, graph.Manifest.Digest());
            }
        }, iter: 8);

    [Fact]
    public void Many_blocks_read_in_order_by_any_number_of_threads()
    {
        var text = new StringBuilder();
        var links = new List<TestLink>();
        for (int i = 0; i < 300_000; i++)
        {
            TestLink link = new((uint)(i * 7919L % 100_003), (uint)(i % 100_000), i % 1000 == 0 ? 3 : 1);
            links.Add(link);
            text.Append(link.Source).Append('\t').Append(link.Target).Append('\t').Append(link.Weight).Append('\n');
        }
        foreach (int threads in new[] { 1, 2, 5 })
        {
            using LinkGraph graph = Import(text.ToString(), new() { Threads = threads });
            new NaiveBuild(links).AssertEqual(graph, weighted: true);
        }
        text.Append("1\tx\t1\n");
        Assert.Equal(300_001, Assert.Throws<ImportException>(() => Import(text.ToString(), new() { Threads = 2 })).Line);
    }

    [Fact]
    public void Random_names_build_the_same_graph_whatever_the_memory() =>
        Gen.Select(Gen.Int[0, 60], Gen.Int[0, 60]).Array[1, 300].Sample(links =>
        {
            static string Name(int i) => $"h{i * 7 % 13}.d{i}.example";
            string text = string.Concat(links.Select(l => $"{Name(l.Item1)}\t{Name(l.Item2)}\n"));
            string[] sorted = [.. links.SelectMany(l => new[] { l.Item1, l.Item2 }).Distinct().Select(i => NodeNames.ToKey(Name(i))).Order(StringComparer.Ordinal)];
            uint Node(int i) => (uint)Array.IndexOf(sorted, NodeNames.ToKey(Name(i)));
            foreach (long bytes in new[] { 1L << 20, 500 })
            {
                using LinkGraph graph = Import(text, new() { TinyNameBytes = bytes });
                Assert.Equal(sorted, Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key));
                new NaiveBuild(links.Select(l => new TestLink(Node(l.Item1), Node(l.Item2)))).AssertEqual(graph, weighted: false);
            }
        }, iter: 10);

    [Fact]
    public void Gzip_may_have_many_members()
    {
        byte[] packed = [.. Gzip("0 1\n1 "), .. Gzip(""), .. Gzip("2\n")];
        using LinkGraph graph = Import(packed);
        Assert.Equal((3, 2L), (graph.NodeCount, graph.LinkCount));
    }

    [Fact]
    public void Gzip_that_breaks_off_anywhere_is_an_error_with_its_path()
    {
        byte[] packed = Gzip(string.Concat(Enumerable.Range(0, 60).Select(i => $"{i} {i * i % 61}\n")));
        for (int length = 0; length < packed.Length; length++)
        {
            ImportException error = Assert.Throws<ImportException>(() => Import(packed[..length]));
            Assert.Contains(_temporary.Path, error.Message, StringComparison.Ordinal);
        }
        for (int at = packed.Length - 8; at < packed.Length; at++) // checksum and length
        {
            byte[] altered = [.. packed];
            altered[at] ^= 4;
            Assert.Throws<ImportException>(() => Import(altered));
        }
    }

    [Theory]
    [InlineData("0 1\n1 2\nx 3\n", 3, "'x 3'", "--by-name", Weights.Auto, false)]
    [InlineData("0 1\n1 2\n3\n", 3, "two node numbers are needed", "", Weights.Auto, false)]
    [InlineData("0 1\n1 -2\n", 2, "--by-name", "", Weights.Auto, false)]
    [InlineData("0 1\n2147483591 0\n", 2, "below 2147483591", "--by-name")]
    [InlineData("0 1\n99999999999999999999999 0\n", 2, "below 2147483591")]
    [InlineData("0 1 2\n0 2\n", 2, "weight is missing")]
    [InlineData("0 1 2\n0 2 NaN\n", 2, "finite")]
    [InlineData("0 1 2\n0 2 -1\n", 2, "at least 0")]
    [InlineData("0 1 2\n0 2 Infinity\n", 2, "finite")]
    [InlineData("0 1 2\n0 2 1e99\n", 2, "finite")]
    [InlineData("0 1 2\n0 2 two\n", 2, "'two' is no weight")]
    [InlineData("0 1\n", 1, "weight is missing", "", Weights.Yes)]
    [InlineData("a.org b.org 1\nb.org c.org -1\n", 2, "at least 0")]
    [InlineData("a.org b.org\nb.org\n", 2, "two names with a space between")]
    [InlineData("nothing\nhere\n", 1, "two columns")]
    [InlineData("\0\u0001 2\n", 1, "binary")]
    [InlineData("1996|a|b\t3\n1996|a|c\tx\n", 2, "year|source|target")]
    [InlineData("%%MatrixMarket matrix array real general\n1 1\n", 1, "not supported")]
    [InlineData("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", 3, "truncated")]
    [InlineData("%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n", 3, "from 1 1 to 2 2")]
    [InlineData("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 3 1\n", 3, "from 1 1 to 2 2")]
    [InlineData("%%MatrixMarket matrix coordinate real general\n2 2\n", 2, "should be rows, columns")]
    public void Bad_lines_are_named_with_file_line_and_content(string text, long line, string says, string advises = "", Weights weighted = Weights.Auto, bool? names = null)
    {
        ImportException error = Assert.Throws<ImportException>(() => Import(text, new() { Weighted = weighted, Names = names }));
        Assert.Equal(line, error.Line);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.Contains(advises, error.Message, StringComparison.Ordinal);
        Assert.Contains(_temporary.Path, error.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFiles(_temporary.Path, "*", SearchOption.AllDirectories)); // nothing half-done
    }

    [Fact]
    public void A_name_after_numbers_asks_to_be_told()
    {
        string numbers = string.Concat(Enumerable.Range(0, 10_000).Select(i => $"{i} {i + 1}\n"));
        ImportException error = Assert.Throws<ImportException>(() => Import(numbers + "www.example.com 3\n"));
        Assert.Equal(10_001, error.Line);
        Assert.Contains("'www.example.com 3'", error.Message, StringComparison.Ordinal);
        Assert.Contains("--by-name", error.Message, StringComparison.Ordinal);
        using LinkGraph graph = Import(numbers + "www.example.com 3\n", new() { Names = true });
        Assert.Equal(10_002, graph.NodeCount);
    }

    [Fact]
    public void Bad_files_are_named()
    {
        Assert.Contains("is empty", Assert.Throws<ImportException>(() => Import("")).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<ImportException>(() =>
            EdgeListImporter.Import(_temporary.File("absent"), _temporary.NewFolder(), cancel: Cancel)).Message, StringComparison.Ordinal);
        Assert.Contains("--by-name", Assert.Throws<ImportException>(() => Import("0 1\n2000000000 1\n")).Message, StringComparison.Ordinal);
        byte[] latin = [.. "a.org caf"u8, 0xe9, .. ".fr\n"u8];
        Assert.Contains("UTF-8", Assert.Throws<ImportException>(() => Import(latin)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Recognises_links_and_refuses_what_has_no_columns()
    {
        foreach (string good in new[] { "0 1\n", "0\t1", "1996|a|b\t2\n", "%%MatrixMarket matrix coordinate pattern general\n1 1 0\n", "https://a/ https://b/\n" })
        {
            Assert.True(EdgeListImporter.Recognises(Encoding.UTF8.GetBytes(good), "x"));
            Assert.True(EdgeListImporter.Recognises(Gzip(good), "x.gz"));
        }
        foreach (string bad in new[] { "", "nodes=12\narcs=3\n", "\u0001\0\0 3" })
            Assert.False(EdgeListImporter.Recognises(Encoding.UTF8.GetBytes(bad), "x"));
    }

    [Fact]
    public void The_importer_of_all_formats_passes_its_options_on()
    {
        string path = _temporary.File("edges.txt");
        File.WriteAllText(path, "0 1 3\n1 1 2\n");
        string folder = _temporary.NewFolder();
        GraphImport.Import(path, folder, new() { SelfLinks = SelfLinks.Drop, Weighted = false, ByName = true, Granularity = "page" }, cancel: Cancel);
        using LinkGraph graph = LinkGraph.Open(folder, Cancel);
        Assert.Equal((1L, true, "page"), (graph.LinkCount, graph.Names.Stored, graph.Manifest.Granularity));
        Assert.Null(graph.OutWeights);
        Assert.Contains("file of names", Assert.Throws<ImportException>(() =>
            GraphImport.Import(path, _temporary.NewFolder(), new() { Names = path }, cancel: Cancel)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_web_archive_of_1996_has_its_published_facts()
    {
        string path = SharedData.Require("graphs", "ukwa-1996", "1996-uk-web-hosts.tsv.gz");
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("graphs", "ukwa-1996", "expected.json")));
        JsonElement facts = expected.RootElement;
        string folder = _temporary.NewFolder();
        EdgeListImporter.Import(path, folder, cancel: Cancel);
        using LinkGraph graph = LinkGraph.Open(folder, Cancel);
        Assert.Equal("host", graph.Manifest.Granularity);
        Assert.Equal(facts.GetProperty("hosts").GetInt32(), graph.NodeCount);
        Assert.Equal(facts.GetProperty("cross_host_edges").GetInt64(), graph.LinkCount);
        double weight = 0;
        for (long i = 0; i < graph.LinkCount; i++)
            weight += graph.OutWeights![i];
        Assert.Equal(facts.GetProperty("total_edge_weight").GetDouble(), weight);
        Assert.Equal(facts.GetProperty("total_edge_weight").GetInt64(), graph.Manifest.Observed);
        JsonElement popular = facts.GetProperty("max_in_degree"), heavy = facts.GetProperty("heaviest_edge");
        Assert.Equal(popular.GetProperty("value").GetInt64(), graph.InDegree(graph.Names.Find(popular.GetProperty("host").GetString()!)));
        int source = graph.Names.Find(heavy.GetProperty("source").GetString()!), target = graph.Names.Find(heavy.GetProperty("target").GetString()!);
        int at = graph.OutOf(source).BinarySearch((uint)target);
        Assert.Equal(heavy.GetProperty("weight").GetSingle(), graph.OutWeights![graph.OutOffsets[source] + at]);
        Assert.Equal(facts.GetProperty("hosts_with_out_links").GetInt32(), Enumerable.Range(0, graph.NodeCount).Count(u => graph.OutDegree(u) > 0));
    }

    private LinkGraph Import(string text, EdgeListOptions? options = null) => Import(Encoding.UTF8.GetBytes(text), options);

    private LinkGraph Import(byte[] bytes, EdgeListOptions? options = null)
    {
        string path = Path.Combine(_temporary.NewFolder(), "edges.txt"), folder = _temporary.NewFolder();
        File.WriteAllBytes(path, bytes);
        EdgeListImporter.Import(path, folder, options, cancel: Cancel);
        LinkGraph.Verify(folder, Cancel);
        return LinkGraph.Open(folder, Cancel);
    }

    private static byte[] Gzip(string text)
    {
        var packed = new MemoryStream();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }
}
