using System.IO.Compression;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class GraphImportTests
{
    private const string TinyLinks = "0>1 0>3 1>0 1>2 2>2 2>3 3>6 4>0 4>2 4>5 6>4 6>5"; // datasets/tiny/README.md

    private static readonly string[] TinyNames = ["com.example", "com.example.www", "com.news", "net.shop", "org.blog", "org.lonely", "org.wiki"];

    private static readonly string Tiny = FindTiny();

    [Theory]
    [InlineData("tiny.graph", GraphFormat.BvGraph, false)]
    [InlineData("tiny.properties", GraphFormat.BvGraph, false)]
    [InlineData("tiny", GraphFormat.BvGraph, false)]
    [InlineData("commoncrawl", GraphFormat.CommonCrawl, true)]
    [InlineData("commoncrawl/tiny-host-vertices.txt.gz", GraphFormat.CommonCrawl, true)]
    [InlineData("commoncrawl/tiny-host-edges.txt.gz", GraphFormat.CommonCrawl, true)]
    [InlineData("csr", GraphFormat.Csr, true)]
    [InlineData("links.npz", GraphFormat.Csr, false)]
    [InlineData("weighted.npz", GraphFormat.Csr, false)]
    public void The_tiny_graph_is_the_same_in_every_format(string file, GraphFormat format, bool named)
    {
        string path = Path.Combine(Tiny, file);
        Assert.Equal(format, GraphImport.Detect(path));
        using TemporaryFolder temporary = new();
        GraphImport.Import(path, temporary.Path);
        using LinkGraph graph = LinkGraph.Open(temporary.Path);
        Assert.Equal(TinyLinks, Links(graph));
        Assert.Equal(named, graph.Names.Stored);
        if (named)
            Assert.Equal(TinyNames, Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key));
        Assert.Equal(file == "weighted.npz", graph.OutWeights is not null);
    }

    [Fact]
    public void A_graph_folder_of_our_own_is_recognised()
    {
        using TestGraph graph = TestGraphs.Of(3, (0, 1), (1, 2));
        Assert.Equal(GraphFormat.Csr, GraphImport.Detect(graph.Graph.Folder));
        using TemporaryFolder temporary = new();
        Assert.Equal(graph.Graph.Manifest.Digest(), GraphImport.Import(graph.Graph.Folder, temporary.Path).Digest());
    }

    [Fact]
    public void A_format_is_told_by_content_not_by_name()
    {
        using TemporaryFolder temporary = new();
        File.Copy(Path.Combine(Tiny, "links.npz"), temporary.File("picture.png"));
        Assert.Equal(GraphFormat.Csr, GraphImport.Detect(temporary.File("picture.png")));
        File.WriteAllText(temporary.File("links.graph"), "1 2\n2 3\n"); // no .properties beside it
        Assert.Equal(GraphFormat.EdgeList, GraphImport.Detect(temporary.File("links.graph")));
        File.WriteAllText(temporary.File("x-vertices.txt"), "a.com b.com\n"); // nor are these Common Crawl's
        File.WriteAllText(temporary.File("x-edges.txt"), "a.com b.com\n");
        Assert.Equal(GraphFormat.EdgeList, GraphImport.Detect(temporary.File("x-edges.txt")));
    }

    [Fact]
    public void What_is_unknown_gets_a_list_of_what_is_accepted()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllBytes(temporary.File("binary"), [0, 1, 2, 3, 0, 0, 7]);
        File.WriteAllBytes(temporary.File("empty"), []);
        using (GZipStream gzip = new(File.Create(temporary.File("packed.gz")), CompressionLevel.Optimal))
            gzip.Write([0, 1, 2, 3, 0, 0, 7]);
        foreach (string path in new[] { temporary.File("binary"), temporary.File("empty"), temporary.File("packed.gz"), temporary.File("none"), temporary.NewFolder() })
        {
            string message = Assert.Throws<ImportException>(() => GraphImport.Import(path, temporary.NewFolder())).Message;
            Assert.StartsWith(path, message, StringComparison.Ordinal);
            foreach (string accepted in new[] { "BVGraph", "Common Crawl", "indptr.npy", ".npz", "edge list" })
                Assert.Contains(accepted, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Hosts_can_be_folded_on_the_way_in()
    {
        using TemporaryFolder temporary = new();
        GraphManifest manifest = GraphImport.Import(Path.Combine(Tiny, "commoncrawl"), temporary.Path, new() { Fold = DomainFold.Icann });
        Assert.Equal("domain", manifest.Granularity);
        Assert.Equal("commoncrawl", manifest.Source!.Format);
        using LinkGraph graph = LinkGraph.Open(temporary.Path);
        Assert.Equal(["com.example", "com.news", "net.shop", "org.blog", "org.lonely", "org.wiki"], Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key));
        Assert.Equal("0>1 0>2 1>2 2>5 3>0 3>1 3>4 5>3 5>4", Links(graph));
        Assert.Equal<uint>([2, 1, 1, 1, 1, 1], graph.MapIfPresent<uint>("hosts")!.Slice(0, 6));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(temporary.Path), f => Directory.Exists(f) || f.EndsWith(".raw", StringComparison.Ordinal));
    }

    [Fact]
    public void A_list_of_suffixes_can_be_given()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.File("list"), "// ===BEGIN ICANN DOMAINS===\ncom\nnet\norg\n// ===BEGIN PRIVATE DOMAINS===\nexample.com\n");
        GraphManifest manifest = GraphImport.Import(Path.Combine(Tiny, "commoncrawl"), temporary.NewFolder(),
            new() { Fold = DomainFold.Private, Psl = temporary.File("list") });
        Assert.Equal(6, manifest.Nodes); // example.com is a suffix now, www.example.com a domain
        Assert.Equal("1", manifest.Source!.Options!["dropped_hosts"]);
        Assert.Throws<ImportException>(() => GraphImport.Import(Path.Combine(Tiny, "csr"), temporary.NewFolder(), new() { Psl = temporary.File("none") }));
    }

    [Fact]
    public void A_fold_needs_names()
    {
        using TemporaryFolder temporary = new();
        ImportException error = Assert.Throws<ImportException>(() => GraphImport.Import(Path.Combine(Tiny, "tiny.graph"), temporary.Path, new() { Fold = DomainFold.Icann }));
        Assert.Contains("no host names", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void Names_can_be_given_to_a_graph_of_numbers()
    {
        using TemporaryFolder temporary = new();
        GraphManifest manifest = GraphImport.Import(Path.Combine(Tiny, "tiny.graph"), temporary.Path,
            new() { Names = Path.Combine(Tiny, "csr", "names.txt"), Granularity = "host", SelfLinks = SelfLinks.Drop });
        using LinkGraph graph = LinkGraph.Open(temporary.Path);
        Assert.Equal(TinyNames, Enumerable.Range(0, graph.NodeCount).Select(graph.Names.Key));
        Assert.Equal(TinyLinks.Replace("2>2 ", "", StringComparison.Ordinal), Links(graph));
        Assert.Equal("host", manifest.Granularity);
        Assert.Equal("dropped", manifest.Source!.Options!["self_links"]);
    }

    [Fact]
    public void An_import_can_be_cancelled()
    {
        using TemporaryFolder temporary = new();
        foreach (string file in new[] { "tiny.graph", "commoncrawl", "csr", "links.npz" })
            Assert.ThrowsAny<OperationCanceledException>(() => GraphImport.Import(Path.Combine(Tiny, file), temporary.NewFolder(), null, null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void The_same_input_gives_the_same_graph()
    {
        using TemporaryFolder temporary = new();
        foreach (string file in new[] { "tiny.graph", "commoncrawl", "csr", "weighted.npz" })
            Assert.Equal(GraphImport.Import(Path.Combine(Tiny, file), temporary.NewFolder()).Digest(), GraphImport.Import(Path.Combine(Tiny, file), temporary.NewFolder(), new() { Threads = 3 }).Digest());
    }

    private static string Links(LinkGraph graph) =>
        string.Join(' ', Enumerable.Range(0, graph.NodeCount).SelectMany(u => graph.OutOf(u).ToArray().Select(v => $"{u}>{v}")));

    private static string FindTiny()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Directory.Exists(Path.Combine(at.FullName, "datasets", "tiny")))
                return Path.Combine(at.FullName, "datasets", "tiny");
        throw new DirectoryNotFoundException("datasets/tiny is not above the tests");
    }
}
