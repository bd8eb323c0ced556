using System.IO.Compression;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class CommonCrawlTests
{
    private const string Vertices = "0\tcom.a\t3\n1\tcom.a-b\t1\n2\torg.c\t70000\n";
    private const string Edges = "0\t1\n0\t2\n2\t0\n2\t2\n";

    [Fact]
    public void An_empty_graph_is_a_graph()
    {
        using TemporaryFolder temporary = new();
        (string[] names, string links, _) = Import(temporary, "", "");
        Assert.Empty(names);
        Assert.Equal("", links);
    }

    [Fact]
    public void Names_links_and_host_counts_come_through()
    {
        using TemporaryFolder temporary = new();
        (string[] names, string links, uint[]? hosts) = Import(temporary, Vertices, Edges);
        Assert.Equal(["com.a", "com.a-b", "org.c"], names);
        Assert.Equal("0>1 0>2 2>0 2>2", links);
        Assert.Equal<uint>([3, 1, 70000], hosts!);
    }

    [Theory]
    [InlineData("\r\n", true)]
    [InlineData("\n", false)]
    public void Line_ends_do_not_matter(string newLine, bool last)
    {
        using TemporaryFolder temporary = new();
        string vertices = Vertices.ReplaceLineEndings(newLine), edges = Edges.ReplaceLineEndings(newLine);
        (string[] names, string links, _) = Import(temporary, last ? vertices : vertices.TrimEnd(), last ? edges : edges.TrimEnd());
        Assert.Equal(3, names.Length);
        Assert.Equal("0>1 0>2 2>0 2>2", links);
    }

    [Fact]
    public void Parts_in_folders_lists_of_parts_and_gzip_members_read_as_one()
    {
        using TemporaryFolder temporary = new();
        Directory.CreateDirectory(temporary.File("host/vertices"));
        Directory.CreateDirectory(temporary.File("host/edges"));
        Gzip(temporary.File("host/vertices/part-00000.txt.gz"), "0\tcom.a\n", "1\tcom.a-b\n");
        Gzip(temporary.File("host/vertices/part-00001.txt.gz"), "2\torg.c\n");
        Gzip(temporary.File("host/edges/part-00000.txt.gz"), "0\t1\n0\t2\n");
        Gzip(temporary.File("host/edges/part-00001.txt.gz"), "2\t", "0\n", "", "2\t2\n");
        string folder = temporary.NewFolder();
        Assert.Equal("host", CommonCrawlImporter.Import(temporary.File("host"), folder).Granularity);
        Assert.Equal("0>1 0>2 2>0 2>2", Links(folder));

        Gzip(temporary.File("x-host-vertices.paths.gz"), "projects/x/host/vertices/part-00000.txt.gz\nprojects/x/host/vertices/part-00001.txt.gz\n");
        Gzip(temporary.File("x-host-edges.paths.gz"), "projects/x/host/edges/part-00000.txt.gz\nprojects/x/host/edges/part-00001.txt.gz\n");
        folder = temporary.NewFolder();
        Assert.Equal("x-host", CommonCrawlImporter.Import(temporary.File("x-host-vertices.paths.gz"), folder).Source!.Name);
        Assert.Equal("0>1 0>2 2>0 2>2", Links(folder));

        File.Delete(temporary.File("host/edges/part-00001.txt.gz"));
        ImportException error = Assert.Throws<ImportException>(() => CommonCrawlImporter.Import(temporary.File("x-host-vertices.paths.gz"), temporary.NewFolder()));
        Assert.Equal(2, error.Line);
    }

    [Fact]
    public void Two_graphs_in_one_folder_must_be_told_apart()
    {
        using TemporaryFolder temporary = new();
        foreach (string kind in new[] { "host", "domain" })
        {
            File.WriteAllText(temporary.File($"cc-{kind}-vertices.txt"), "0\tcom.a\n");
            File.WriteAllText(temporary.File($"cc-{kind}-edges.txt"), "");
        }
        Assert.Contains("several", Assert.Throws<ImportException>(() => CommonCrawlImporter.Import(temporary.Path, temporary.NewFolder())).Message, StringComparison.Ordinal);
        Assert.Equal("domain", CommonCrawlImporter.Import(temporary.File("cc-domain-edges.txt"), temporary.NewFolder()).Granularity);
    }

    [Theory]
    [InlineData("0\tcom.a\n2\tcom.b\n", Edges, "vertices", 2, "has id 2")]
    [InlineData("1\tcom.a\n", Edges, "vertices", 1, "has id 1")]
    [InlineData("0\tcom.b\n1\tcom.a\n", Edges, "vertices", 2, "does not sort after")]
    [InlineData("0\tcom.b\n1\tcom.b\n", Edges, "vertices", 2, "does not sort after")]
    [InlineData("0\tcom.a.b\n1\tcom.a-b\n", Edges, "vertices", 2, "does not sort after")]
    [InlineData("0\tcom.a\n1 com.b\n", Edges, "vertices", 2, "is not 'id")]
    [InlineData("0\tcom.a\n\n", Edges, "vertices", 2, "is not 'id")]
    [InlineData("0\tcom.a\n1\t\n", Edges, "vertices", 2, "no name")]
    [InlineData("0\tcom.a\t3\n1\tcom.b\n", Edges, "vertices", 2, "no number of hosts")]
    [InlineData("0\tcom.a\n1\tcom.b\t3\n", Edges, "vertices", 2, "lines before have none")]
    [InlineData("0\tcom.a\t-3\n", Edges, "vertices", 1, "not a number of hosts")]
    [InlineData("0\tcom.a\t5000000000\n", Edges, "vertices", 1, "not a number of hosts")]
    [InlineData(Vertices, "0\t1\n0\t3\n", "edges", 2, "ids from 0 to 2")]
    [InlineData(Vertices, "0\t1\n99999999999999999999999999\t0\n", "edges", 2, "ids from 0 to 2")]
    [InlineData(Vertices, "0\t1\n-1\t0\n", "edges", 2, "ids from 0 to 2")]
    [InlineData(Vertices, "0\t1\n0\n", "edges", 2, "ids from 0 to 2")]
    [InlineData(Vertices, "0\t1\n\n", "edges", 2, "ids from 0 to 2")]
    [InlineData(Vertices, "0\t1\n0\t1\t5\n", "edges", 2, "ids from 0 to 2")]
    [InlineData("", "0\t0\n", "edges", 1, "ids")]
    public void What_is_malformed_is_refused_with_file_and_line(string vertices, string edges, string file, long line, string said)
    {
        using TemporaryFolder temporary = new();
        ImportException error = Assert.Throws<ImportException>(() => Import(temporary, vertices, edges));
        Assert.Contains($"t-{file}.txt", error.Path, StringComparison.Ordinal);
        Assert.Equal(line, error.Line);
        Assert.Contains(said, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_file_reports_the_right_line()
    {
        using TemporaryFolder temporary = new();
        var edges = new StringBuilder();
        for (int i = 0; i < 600_000; i++) // several blocks
            edges.Append("0\t1\n");
        ImportException error = Assert.Throws<ImportException>(() => Import(temporary, Vertices, edges + "0\tx\n"));
        Assert.Equal(600_001, error.Line);
        (_, string links, _) = Import(temporary, Vertices, edges.ToString());
        Assert.Equal("0>1", links);
    }

    [Fact]
    public void A_gzip_file_cut_or_flipped_anywhere_never_passes_for_a_smaller_graph()
    {
        using TemporaryFolder temporary = new();
        var edges = new StringBuilder();
        for (int i = 0; i < 2000; i++)
            edges.Append(i % 3).Append('\t').Append(i * 7 % 3).Append('\n');
        File.WriteAllText(temporary.File("t-vertices.txt"), Vertices);
        Gzip(temporary.File("t-edges.txt.gz"), edges.ToString());
        string folder = temporary.NewFolder();
        long right = CommonCrawlImporter.Import(temporary.File("t-vertices.txt"), folder).Observed;
        Assert.Equal(2000, right);
        int refused = DamagedFile.Refused(temporary.File("t-edges.txt.gz"), 300, 1, () =>
            CommonCrawlImporter.Import(temporary.File("t-vertices.txt"), temporary.NewFolder()).Observed == right);
        Assert.InRange(refused, 250, 300); // flips of the header's time and such change nothing
    }

    [Fact]
    public void A_gzip_file_cut_at_every_byte_is_refused()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.File("t-vertices.txt"), Vertices);
        Gzip(temporary.File("t-edges.txt.gz"), Edges, Edges);
        byte[] whole = File.ReadAllBytes(temporary.File("t-edges.txt.gz"));
        Gzip(temporary.File("t-edges.txt.gz"), Edges);
        long member = new FileInfo(temporary.File("t-edges.txt.gz")).Length; // what ends there is a whole file
        for (int length = 3; length < whole.Length; length++)
        {
            File.WriteAllBytes(temporary.File("t-edges.txt.gz"), whole[..length]);
            if (length != member)
                Assert.Throws<ImportException>(() => CommonCrawlImporter.Import(temporary.File("t-vertices.txt"), temporary.NewFolder()));
        }
    }

    private static (string[] Names, string Links, uint[]? Hosts) Import(TemporaryFolder temporary, string vertices, string edges)
    {
        File.WriteAllText(temporary.File("t-vertices.txt"), vertices);
        File.WriteAllText(temporary.File("t-edges.txt"), edges);
        string folder = temporary.NewFolder();
        CommonCrawlImporter.Import(temporary.File("t-edges.txt"), folder);
        using LinkGraph graph = LinkGraph.Open(folder);
        MappedArray<uint>? hosts = graph.MapIfPresent<uint>("hosts");
        return ([.. Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key)], Links(folder), hosts?.Slice(0, graph.NodeCount).ToArray());
    }

    private static string Links(string folder)
    {
        using LinkGraph graph = LinkGraph.Open(folder);
        return string.Join(' ', Enumerable.Range(0, graph.NodeCount).SelectMany(u => graph.OutOf(u).ToArray().Select(v => $"{u}>{v}")));
    }

    private static void Gzip(string path, params string[] members)
    {
        using FileStream file = File.Create(path);
        foreach (string member in members)
        {
            using GZipStream gzip = new(file, CompressionLevel.Optimal, leaveOpen: true);
            gzip.Write(Encoding.UTF8.GetBytes(member));
        }
    }
}
