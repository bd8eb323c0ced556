using System.Text.Json;

namespace Backlinks.Tests.Cli;

/// <summary>The main job on real web graphs, through the command line, against vectors computed elsewhere.</summary>
public sealed class RealGraphTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Cnr_2000_top_100_is_right_to_nine_digits()
    {
        string graph = SharedData.Require("graphs", "cnr-2000", "cnr-2000.graph");
        JsonElement expected = Expected("cnr-2000");
        JsonElement imported = Program.Run(_data, "import", graph, "--json").Ok().Json;
        Assert.Equal(expected.GetProperty("nodes").GetInt32(), imported.GetProperty("nodes").GetInt32());
        Assert.Equal(expected.GetProperty("arcs").GetInt64(), imported.GetProperty("links").GetInt64());
        JsonElement ranked = Program.Run(_data, "rank", "--damping", "0.85", "--tolerance", "1e-12", "--json").Ok().Json;
        Assert.InRange(ranked.GetProperty("rounds").GetInt32(), 10, 1000);
        JsonElement[] top = [.. Program.Run(_data, "top", "-n", "100", "--by", "pagerank", "--json").Ok().Json.EnumerateArray()];
        JsonElement[] reference = [.. expected.GetProperty("pagerank").GetProperty("top100").EnumerateArray()];
        Assert.Equal(100, reference.Length);
        AssertSame(reference, "id", top);
        JsonElement first = Program.Run(_data, "show", "60595", "--json").Ok().Json;
        Assert.InRange(first.GetProperty("scores").GetProperty("pagerank").GetProperty("rank").GetInt32(), 1, 2);
    }

    [Theory]
    [InlineData("pagerank_weighted", new string[0])]
    [InlineData("pagerank_unweighted", new[] { "--unweighted" })]
    public void Ukwa_1996_is_right_to_nine_digits(string convention, string[] options)
    {
        string links = SharedData.Require("graphs", "ukwa-1996", "1996-uk-web-hosts.tsv.gz");
        JsonElement expected = Expected("ukwa-1996");
        JsonElement imported = Program.Run(_data, "import", links, "--json").Ok().Json;
        Assert.Equal(expected.GetProperty("cross_host_edges").GetInt64(), imported.GetProperty("links").GetInt64());
        Assert.Equal(expected.GetProperty("hosts").GetInt32(), imported.GetProperty("nodes").GetInt32());
        JsonElement ranked = Program.Run(_data, ["rank", "--tolerance", "1e-12", "--json", .. options]).Ok().Json;
        JsonElement vector = expected.GetProperty(convention);
        Assert.Equal(vector.GetProperty("dangling_mass").GetDouble(), ranked.GetProperty("dangling_mass").GetDouble(), 1e-9);
        JsonElement[] reference = [.. vector.GetProperty("top20").EnumerateArray()];
        AssertSame(reference, "host", [.. Program.Run(_data, "top", "-n", $"{reference.Length}", "--json").Ok().Json.EnumerateArray()]);
    }

    private static JsonElement Expected(string graph) =>
        JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", graph, "expected.json"))).RootElement;

    /// <summary>Same names with the same scores to 1e-9 relative; names whose scores agree closer than that may swap.</summary>
    private static void AssertSame(JsonElement[] reference, string key, JsonElement[] top)
    {
        Assert.Equal(reference.Length, top.Length);
        var scores = top.ToDictionary(row => row.GetProperty("name").GetString()!, row => row.GetProperty("pagerank").GetDouble());
        for (int i = 0; i < reference.Length; i++)
        {
            double value = reference[i].GetProperty("value").GetDouble();
            Assert.Equal(i + 1, top[i].GetProperty("rank").GetInt32());
            Assert.Equal(value, scores[reference[i].GetProperty(key).ToString()], value * 1e-9);
            Assert.Equal(value, top[i].GetProperty("pagerank").GetDouble(), value * 1e-9);
        }
    }
}
