using System.Text;
using System.Xml.Linq;
using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

public sealed class NeighbourhoodTests : IDisposable
{
    private static readonly string[] Hostile =
    [
        "a\"]; n9 -> n8; x [label=\"\\N\\n\\", "b<b>&amp;</b>\u0001\u001b[31m\u0085", "c]]><graph>\uFFFF\uD83D\uDE00", "plain.example",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>3 ← 0, 1, 2; 0 ← 1; each with a name that means to be more.</summary>
    private Neighbourhood Extract()
    {
        var web = new NaiveWeb(4) { Weights = { [(0, 3)] = 1, [(1, 3)] = 1, [(2, 3)] = 1, [(1, 0)] = 3 } };
        using LinkGraph graph = web.Build(_folder.NewFolder(), Hostile);
        Explanation told = Explanation.Of(new SolvedAuthority(graph, web.Solve()), 3, new ExplanationOptions { Depth = 2 });
        return Neighbourhood.Of(told, graph.Names, (node, _) => node == 3 ? null : 50);
    }

    [Fact]
    public void The_target_comes_first_and_nothing_twice()
    {
        Neighbourhood extract = Extract();
        Assert.Equal([3, 0, 2, 1], extract.Nodes.Select(n => n.Node));
        Assert.Equal([0, 1, 1, 1], extract.Nodes.Select(n => n.Distance));
        Assert.Equal(["0-3", "1-0", "1-3", "2-3"], extract.Links.Select(l => $"{l.Source}-{l.Target}").Order());
    }

    [Fact]
    public void Dot_quotes_every_name_so_that_it_is_read_back_as_it_was()
    {
        using var stream = new MemoryStream();
        Extract().WriteDot(stream);
        string dot = Encoding.UTF8.GetString(stream.ToArray());
        string[] lines = dot.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1 + 2 + 4 + 4 + 1, lines.Length); // no name breaks a line
        Assert.DoesNotContain(dot, c => char.IsControl(c) && c != '\n');
        for (int node = 0; node < 4; node++)
        {
            string line = lines.Single(l => l.StartsWith($"  n{node} [label=\"", StringComparison.Ordinal));
            var label = new StringBuilder(); // as a DOT reader takes a quoted string
            int at = line.IndexOf('"') + 1;
            for (; line[at] != '"'; at++)
                label.Append(line[at] == '\\' ? line[++at] : line[at]);
            Assert.Equal(NameOf(node), label.ToString());
            Assert.StartsWith(", raw=", line[(at + 1)..]);
        }
    }

    [Fact]
    public void GraphMl_is_xml_that_holds_every_name_and_number()
    {
        using var stream = new MemoryStream();
        Neighbourhood extract = Extract();
        extract.WriteGraphMl(stream);
        XNamespace space = "http://graphml.graphdrawing.org/xmlns";
        XElement graph = XDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).Root!.Element(space + "graph")!;
        Assert.Equal(extract.Nodes.Select(n => NameOf(n.Node)), graph.Elements(space + "node").Select(n => Data(n, "name")));
        Assert.Equal(extract.Links.Select(l => l.Passes), graph.Elements(space + "edge").Select(e => double.Parse(Data(e, "passes"), System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(3, graph.Elements(space + "node").Elements(space + "data").Count(d => d.Attribute("key")!.Value == "score"));

        string Data(XElement element, string key) => element.Elements(space + "data").Single(d => d.Attribute("key")!.Value == key).Value;
    }

    private static string NameOf(int node)
    {
        string name = NodeNames.FromKey(Hostile[node]);
        return name.Replace('\u0001', '\uFFFD').Replace('\u001b', '\uFFFD').Replace('\u0085', '\uFFFD').Replace('\uFFFF', '\uFFFD');
    }
}
