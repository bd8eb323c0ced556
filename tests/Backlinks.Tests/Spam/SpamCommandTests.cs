using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Spam;

/// <summary>spam and disavow on a small run with one star.</summary>
public sealed class SpamCommandTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Clusters_are_listed_shown_and_drawn()
    {
        SpamReport report = Publish();
        string id = report.Clusters[0].Id;
        JsonElement row = Assert.Single(Program.Run(_data, "spam", "--json").Ok().Json.EnumerateArray());
        Assert.Equal((id, true, 21), (row.GetProperty("id").GetString(), row.GetProperty("confirmed").GetBoolean(), row.GetProperty("members").GetInt32()));
        Assert.StartsWith("id,score,confirmed", Program.Run(_data, "spam", "--csv").Ok().Output);
        Assert.Empty(Program.Run(_data, "spam", "--min-score", "99.9", "--json").Ok().Json.EnumerateArray());
        JsonElement cluster = Program.Run(_data, "spam", id, "--json").Ok().Json;
        JsonElement target = cluster.GetProperty("members")[0];
        Assert.Equal(("shop.example", "target"), (target.GetProperty("name").GetString(), target.GetProperty("role").GetString()));
        Assert.True(target.GetProperty("raw_with").GetDouble() > 15 && target.GetProperty("raw_without").GetDouble() < 1.01);
        string dot = _data.File("c.dot"), graphMl = _data.File("c.graphml");
        Outcome text = Program.Run(_data, "spam", id, "--graphviz", dot, "--graphml", graphMl).Ok();
        Assert.Contains("20 of the 20 owners that link to shop.example", text.Output);
        Assert.Contains("such as b00.example -> shop.example", text.Output);
        Assert.Contains("[label=\"shop.example\"", File.ReadAllText(dot));
        Assert.Equal(21, XDocument.Load(graphMl).Descendants().Count(e => e.Name.LocalName == "node"));
    }

    [Fact]
    public void A_target_is_told_what_of_its_links_comes_from_clusters_and_a_file_is_proposed()
    {
        SpamReport report = Publish();
        JsonElement told = Program.Run(_data, "spam", "shop.example", "--json").Ok().Json;
        Assert.Equal((true, "target", 20, 20), (told.GetProperty("in_index").GetBoolean(), told.GetProperty("role").GetString(), told.GetProperty("in_links").GetInt32(), told.GetProperty("in_links_from_clusters").GetInt32()));
        Assert.Equal(1, told.GetProperty("share_from_clusters").GetDouble(), 1e-12);
        Assert.Contains("is a member of no cluster", Program.Run(_data, "spam", "good1.example").Ok().Output);
        string path = _data.File("disavow.txt");
        Program.Run(_data, "disavow", "shop.example", "--out", path).Ok();
        DisavowFile file = DisavowFile.Read(path);
        Assert.Empty(file.Problems);
        Assert.Equal(20, file.Entries.Count);
        Assert.Contains("# cluster " + report.Clusters[0].Id, File.ReadAllText(path));
        Assert.Equal(File.ReadAllText(path), Program.Run(_data, "disavow", "shop.example").Ok().Output);
        Assert.Empty(Program.Run(_data, "disavow", "good1.example", "--json").Ok().Json.GetProperty("domains").EnumerateArray());
        Assert.True(Program.Run(_data, "disavow", "--check", path, "--json").Ok().Json.GetProperty("accepted").GetBoolean());
    }

    [Fact]
    public void A_target_not_in_the_index_is_an_answer_and_a_run_without_clusters_is_not()
    {
        Publish();
        foreach (string command in new[] { "spam", "disavow" })
        {
            Assert.False(Program.Run(_data, command, "none.example", "--json").Ok().Json.GetProperty("in_index").GetBoolean());
            Assert.Contains("not in the index", Program.Run(_data, command, "none.example").Ok().Output);
        }
        Assert.Contains("has no cluster 'c-00000000'; it has 1, such as c-", Program.Run(_data, "spam", "c-00000000").Fails(2));
        Assert.Contains("50 to 100, not 7", Program.Run(_data, "disavow", "shop.example", "--min-score", "7").Fails(2));
        Assert.Contains("name either a TARGET", Program.Run(_data, "disavow").Fails(2));
        Assert.Contains("draw one cluster", Program.Run(_data, "spam", "--graphviz", _data.File("x")).Fails(2));
        using TemporaryFolder other = new();
        Program.Run(other, "import", Cli.Inputs.Dataset("sample", "garden.tsv")).Ok();
        Program.Run(other, "rank").Ok();
        Program.Run(other, "spam").Fails();
    }

    [Fact]
    public void A_file_that_would_be_refused_is_listed_line_by_line_and_fails()
    {
        string path = _data.File("bad.txt");
        File.WriteAllText(path, "domain:a.example\ndomain:b.example/part\nnonsense\n");
        Outcome outcome = Program.Run("disavow", "--check", path);
        Assert.Contains("line 2: names part of a site", outcome.Output);
        Assert.Contains("line 3: is neither", outcome.Output);
        Assert.Contains("2 problems", outcome.Fails());
        Assert.Contains("cannot be read", Program.Run("disavow", "--check", _data.File("none.txt")).Fails());
        File.WriteAllText(path, string.Concat(Enumerable.Repeat("# x\n", 100_001)));
        Assert.Contains("100001 lines; at most 100000", Program.Run("disavow", "--check", path).Fails());
    }

    [Fact]
    public void Families_that_are_no_families_are_told()
    {
        string path = _data.File("families.json");
        File.WriteAllText(path, "{ \"items\": 3 }");
        string graph = Inputs.EdgeList(_data, "g.tsv", 100);
        Assert.Contains("is not of the form", Program.Run("eval", "farms", graph, "--families", path).Fails());
        Assert.Contains("--seeds must be 1 to 1000", Program.Run("eval", "farms", graph, "--seeds", "0").Fails(2));
    }

    /// <summary>Twenty boosters b00 to b19 link to shop; ten sites link to all of five good ones and to the other forty.</summary>
    private SpamReport Publish()
    {
        string[] names = ["shop.example", .. Enumerable.Range(0, 20).Select(i => $"b{i:00}.example"), .. Enumerable.Range(0, 5).Select(i => $"good{i}.example"), .. Enumerable.Range(0, 50).Select(i => $"site{i:00}.example")];
        string[] keys = [.. names.Select(NodeNames.ToKey).Order(StringComparer.Ordinal)];
        int Node(string name) => Array.BinarySearch(keys, NodeNames.ToKey(name), StringComparer.Ordinal);
        using DataWriter writer = new DataFolder(_data.Path).BeginWriting();
        string folder = writer.NewGraphFolder("star");
        TestGraphs.Build(folder, keys.Length, [
            .. Enumerable.Range(0, 20).Select(i => (TestLink)(Node($"b{i:00}.example"), Node("shop.example"))),
            .. Enumerable.Range(0, 10).SelectMany(i => Enumerable.Range(0, 45).Select(g => (TestLink)(Node($"site{i:00}.example"), Node(g < 5 ? $"good{g}.example" : $"site{g + 5}.example")))),
        ], false, keys);
        string graphId = writer.PublishGraph(folder, GraphManifest.Read(folder), makeCurrent: true).Id;
        using LinkGraph graph = writer.Folder.OpenGraph(graphId);
        SpamInput input = SpamDetectionTests.Input(graph);
        SpamResult result = SpamDetection.Compute(input);
        SpamReport report = result.Report with { Clusters = [.. result.Report.Clusters.Where(c => c.Confirmed)] };
        var run = new RunWriter(writer, graphId, graph);
        run.Configure("raw", new JsonObject { ["damping"] = 0.85 });
        run.Add<double>("pagerank", [.. input.Raw.Select(z => z / input.Raw.Sum())], "PageRank");
        run.Add<double>("raw", DiscountedAuthority.Compute(graph, result.Discount), "raw authority");
        run.Add<double>("raw_before", input.Raw, "raw authority with no cluster discount");
        run.Add<double>("spam", result.Scores, "spam score");
        run.Add<uint>("cluster", [.. result.Cluster.Select(c => c <= report.Clusters.Count ? c : 0)], "cluster");
        run.AddDocument(SpamReport.FileName, report.ToJson());
        run.Publish([]);
        return report;
    }
}
