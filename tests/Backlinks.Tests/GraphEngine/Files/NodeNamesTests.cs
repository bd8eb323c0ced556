using System.Text;
using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Files;

public class NodeNamesTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // Names made of the pieces that could be mistaken for each other.
    private static readonly Gen<string> Hostile = Gen.OneOf(
        Of("a", "b", "www", "com", ".", ".", "..", "-", "://", "http", "https", "//", "/", ":", ":80", "?", "#", "@", "[", "]", "\t", " ",
            "\n", "%", "é", "日本", "\U0001F600", "xn--", "\0", "A", "10", "1").Array[0, 9].Select(string.Concat),
        Gen.String[0, 12],
        Gen.Select(Of("http", "https", "ftp", "a+b"), Of("x.example.org", "example", "a.b.c.", ".x"), Of("", ":8080", ":"),
            Of("", "/", "/a.b/c?d://e", "?q", "#f", "/:80"), (scheme, host, port, rest) => $"{scheme}://{host}{port}{rest}"));

    [Fact]
    public void An_empty_graph_has_no_names()
    {
        using TestGraph graph = TestGraphs.Of(0);
        Assert.Equal((0, -1, false), (graph.Graph.Names.Count, graph.Graph.Names.Find("0"), graph.Graph.Names.Stored));
        foreach (ReadOnlySpan<byte> _ in graph.Graph.Names.EnumerateKeys())
            Assert.Fail("there is none");
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.Graph.Names[0]);
    }

    [Fact]
    public void Nodes_without_names_are_called_by_their_numbers_and_by_nothing_else()
    {
        using TestGraph graph = TestGraphs.Of(12);
        NodeNames names = graph.Graph.Names;
        Assert.Equal(("11", 11), (names[11], names.Find("11")));
        foreach (string no in new[] { "12", "-1", "011", "+1", " 1", "1 ", "", "1.0", "99999999999", "a" })
            Assert.Equal(-1, names.Find(no));
        var keys = new List<string>();
        foreach (ReadOnlySpan<byte> key in names.EnumerateKeys())
            keys.Add(Encoding.UTF8.GetString(key));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i}"), keys);
    }

    [Theory]
    [InlineData("www.example.com", "com.example.www")]
    [InlineData("localhost", "localhost")]
    [InlineData("", "")]
    [InlineData("a..b.", ".b..a")]
    [InlineData("https://www.example.com:8080/a?b", "com.example.www\thttps:8080/a?b")]
    [InlineData("http://example.com", "com.example\thttp")]
    [InlineData("http://example.com/", "com.example\thttp:/")]
    [InlineData("http://example.com?q=a.b", "com.example\thttp:?q=a.b")]
    [InlineData("http://example.com:/a", "\thttp://example.com:/a")] // would read as …/a
    [InlineData("http://user@example.com/", "\thttp://user@example.com/")]
    [InlineData("http://[::1]/", "\thttp://[::1]/")]
    [InlineData("http://", "\thttp://")]
    [InlineData("://a.b", "\t://a.b")]
    [InlineData("a.b://c.d", "\ta.b://c.d")]
    [InlineData("a\tb", "\ta\tb")]
    public void Keys_are_as_the_documentation_says(string name, string key)
    {
        Assert.Equal(key, NodeNames.ToKey(name));
        Assert.Equal(name, NodeNames.FromKey(key));
    }

    [Fact]
    public void The_pages_of_a_host_stand_behind_it_and_before_its_subdomains()
    {
        string[] order = ["example.com", "http://example.com/a", "https://example.com/", "example-shop.com", "www.example.com", "https://www.example.com/"];
        Assert.Equal(order, order.Reverse().OrderBy(NodeNames.ToKey, StringComparer.Ordinal));
    }

    [Fact]
    public void Every_name_comes_back_from_its_key() =>
        Hostile.Sample(name => Assert.Equal(name, NodeNames.FromKey(NodeNames.ToKey(name))), iter: 100_000);

    [Fact]
    public void No_key_at_all_makes_it_fail() => Hostile.Sample(key => Assert.NotNull(NodeNames.FromKey(key)), iter: 10_000);

    [Theory, InlineData(1), InlineData(15), InlineData(16), InlineData(17), InlineData(32), InlineData(33), InlineData(1000)]
    public void Every_name_is_found_and_every_other_is_not(int count)
    {
        // Close relatives share long beginnings across the blocks of 16.
        string[] keys = [.. Enumerable.Range(0, count).Select(i => $"com.example.{new string('x', i % 7)}{i / 3 * 2:D5}.{(char)('a' + i % 3)}").Order(StringComparer.Ordinal)];
        using TemporaryFolder folder = new();
        using LinkGraph graph = Named(folder, keys);
        for (int node = 0; node < count; node++)
        {
            Assert.Equal(keys[node], graph.Names.Key(node));
            Assert.Equal(node, graph.Names.Find(graph.Names[node]));
            Assert.Equal(node, graph.Names.FindKey(Encoding.UTF8.GetBytes(keys[node])));
            foreach (string near in new[] { keys[node] + "a", keys[node][..^1], keys[node] + "\0" })
                Assert.Equal(-1, graph.Names.FindKey(Encoding.UTF8.GetBytes(near)));
        }
        foreach (string no in new[] { "", "0", "\0", "zzz", "\uFFFD" })
            Assert.Equal(-1, graph.Names.Find(no));
        var read = new List<string>();
        foreach (ReadOnlySpan<byte> key in graph.Names.EnumerateKeys())
            read.Add(Encoding.UTF8.GetString(key));
        Assert.Equal(keys, read);
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.Names[count]);
        Assert.Throws<ArgumentOutOfRangeException>(() => graph.Names[-1]);
    }

    [Fact]
    public void Long_and_foreign_names_are_kept_whole()
    {
        string[] names = [new string('l', 100_000) + ".org", "münchen.de", "http://例え.jp/パス?q=é#\U0001F600", "a" + new string('m', 255), new string('n', 256), ""];
        Array.Sort(names, (a, b) => Bytes(NodeNames.ToKey(a)).AsSpan().SequenceCompareTo(Bytes(NodeNames.ToKey(b))));
        using TemporaryFolder folder = new();
        using LinkGraph graph = Named(folder, [.. names.Select(NodeNames.ToKey)]);
        for (int node = 0; node < names.Length; node++)
        {
            Assert.Equal(names[node], graph.Names[node]);
            Assert.Equal(node, graph.Names.Find(names[node]));
        }
    }

    [Fact]
    public void Any_set_of_names_is_stored_and_found() =>
        Hostile.Array[1, 60].Sample(some =>
        {
            byte[][] keys = [.. some.Select(n => Bytes(NodeNames.ToKey(n))).DistinctBy(Convert.ToHexString)];
            Array.Sort(keys, (a, b) => a.AsSpan().SequenceCompareTo(b));
            using TemporaryFolder folder = new();
            using LinkGraph graph = Named(folder, keys);
            foreach (string name in some)
                Assert.Equal(Bytes(NodeNames.ToKey(name)), keys[graph.Names.Find(name)]);
        }, iter: 100);

    [Fact]
    public void Keys_out_of_order_or_twice_are_refused()
    {
        using TemporaryFolder folder = new();
        using NodeNamesWriter writer = new(folder.Path);
        writer.Add("b"u8);
        Assert.Throws<GraphException>(() => writer.Add("a"u8));
        Assert.Throws<GraphException>(() => writer.Add("b"u8));
        writer.Add("ba"u8);
        Assert.Equal(2, writer.Count);
    }

    private static Gen<string> Of(params string[] some) => Gen.Int[0, some.Length - 1].Select(i => some[i]);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static LinkGraph Named(TemporaryFolder folder, string[] keys) => Named(folder, [.. keys.Select(Bytes)]);

    private static LinkGraph Named(TemporaryFolder folder, byte[][] keys)
    {
        using NodeNamesWriter names = new(folder.Path);
        foreach (byte[] key in keys)
            names.Add(key);
        using GraphBuilder builder = new(folder.Path);
        builder.Build(keys.Length, names, cancel: Cancel);
        return LinkGraph.Open(folder.Path, Cancel);
    }
}
