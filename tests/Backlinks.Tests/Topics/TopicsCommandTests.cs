using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

/// <summary>The commands <c>topics</c>, <c>similar</c> and <c>eval topics</c>, on a run written by hand.</summary>
public sealed class TopicsCommandTests : IDisposable
{
    private static readonly string[] Hosts = ["a.example", "b.example", "c.example", "d.example", "e.example"];

    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Without_a_target_the_topics_with_their_nodes_and_specialists()
    {
        Write();
        JsonElement[] topics = [.. Program.Run(_data, "topics", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal(["sea", "sky"], topics.Select(t => t.GetProperty("topic").GetString()));
        Assert.Equal([2, 2], topics.Select(t => t.GetProperty("nodes").GetInt32()));
        Assert.Equal(0.85, topics[0].GetProperty("confidence").GetDouble(), 1e-6);
        // a, b, c and d are linked to; at or above the median of their scores are a and c, and a is nine tenths of the sea.
        Assert.Equal("a.example c.example", topics[0].GetProperty("specialists").GetString());
        Assert.Equal("c.example a.example", topics[1].GetProperty("specialists").GetString());
        Assert.Contains("1 of 5 nodes are of no known topic", Program.Run(_data, "topics").Ok().Output);
        Assert.StartsWith("topic,name,nodes,confidence,specialists\r\nsea,The sea,2,", Program.Run(_data, "topics", "--csv").Ok().Output);
    }

    [Fact]
    public void With_a_target_its_topics_ranks_and_lifts()
    {
        Write();
        JsonElement a = Program.Run(_data, "topics", "a.example", "--json").Ok().Json;
        Assert.Equal("sea", a.GetProperty("topic").GetString());
        Assert.Equal(0.9, a.GetProperty("confidence").GetDouble(), 1e-6);
        JsonElement sea = a.GetProperty("topics")[0];
        Assert.Equal(0.8, sea.GetProperty("probability").GetDouble(), 1e-6);
        Assert.Equal((0.27, 1), (sea.GetProperty("topic_rank").GetDouble(), sea.GetProperty("place").GetInt32()));
        Assert.Equal(0.9 / 0.51, sea.GetProperty("lift").GetDouble(), 1e-9);
        JsonElement e = Program.Run(_data, "topics", "e.example", "--json").Ok().Json;
        Assert.Equal(JsonValueKind.Null, e.GetProperty("topic").ValueKind);
        Assert.Contains("too little text", Program.Run(_data, "topics", "e.example").Ok().Output);
        Assert.StartsWith("topic,name,probability,topic_rank,place,lift\r\nsea,The sea,", Program.Run(_data, "topics", "a.example", "--csv").Ok().Output);
    }

    [Fact]
    public void With_a_topic_its_specialists_by_lift()
    {
        Write();
        JsonElement[] sky = [.. Program.Run(_data, "topics", "--topic", "sky", "-n", "1", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal(("c.example", 1), (Assert.Single(sky).GetProperty("name").GetString(), sky[0].GetProperty("rank").GetInt32()));
        Assert.Equal(0.24 / 0.3 / 0.49, sky[0].GetProperty("lift").GetDouble(), 1e-9);
        Assert.Equal(0.7, sky[0].GetProperty("probability").GetDouble(), 1e-6);
        Assert.Empty(Program.Run(_data, "topics", "--topic", "sky", "-n", "0", "--json").Ok().Json.EnumerateArray());
    }

    [Fact]
    public void Bad_input_is_one_line_with_what_there_is()
    {
        Write();
        Assert.Contains("there is no topic 'sex' in taxonomy test-1; there is sea, sky", Program.Run(_data, "topics", "--topic", "sex").Fails(2));
        Assert.Contains("there is no node 'a.exmple'; near it are a.example", Program.Run(_data, "topics", "a.exmple").Fails(2));
        Assert.Contains("exclude each other", Program.Run(_data, "topics", "a.example", "--topic", "sea").Fails(2));
        Assert.Contains("-n must be 0 or more", Program.Run(_data, "topics", "-n", "-1").Fails(2));
        Assert.Contains("has no graph of pages", Program.Run(_data, "topics", "--graph-level", "page").Fails(2));
        Assert.Contains("there is no node 'zzz'", Program.Run(_data, "similar", "zzz").Fails(2));
        Assert.Contains("the sources shared must be 1 or more", Program.Run(_data, "similar", "a.example", "--shared", "0").Fails(2));
    }

    [Fact]
    public void A_run_without_topics_or_topical_ranks_says_so()
    {
        Write(topics: false);
        Assert.Contains("has no topics", Program.Run(_data, "topics").Fails());
        Write(ranks: false);
        Assert.Contains("no authority by topic", Program.Run(_data, "topics", "--topic", "sea").Fails());
        JsonElement sea = Program.Run(_data, "topics", "a.example", "--json").Ok().Json.GetProperty("topics")[0];
        Assert.False(sea.TryGetProperty("topic_rank", out _));
        Assert.Equal(JsonValueKind.Null, Program.Run(_data, "topics", "--json").Ok().Json[0].GetProperty("specialists").ValueKind);
    }

    [Fact]
    public void Similar_nodes_are_those_the_same_sources_link_to()
    {
        Write();
        JsonElement similar = Program.Run(_data, "similar", "a.example", "--json").Ok().Json;
        Assert.True(similar.GetProperty("complete").GetBoolean());
        JsonElement first = similar.GetProperty("similar")[0];
        Assert.Equal(("c.example", 2), (first.GetProperty("name").GetString(), first.GetProperty("shared").GetInt32()));
        Assert.InRange(first.GetProperty("similarity").GetDouble(), 0.5, 1);
        Assert.StartsWith("rank,name,similarity,shared\r\n1,c.example,", Program.Run(_data, "similar", "a.example", "--csv").Ok().Output);
        Assert.Contains("c.example", Program.Run(_data, "similar", "a.example").Ok().Output);
    }

    [Fact]
    public void Evaluation_reads_the_layout_and_prints_measures_with_their_errors()
    {
        string folder = Articles();
        JsonElement found = Program.Run("eval", "topics", folder, "--draws", "2", "--labelled", "0.3", "--json").Ok().Json;
        JsonElement first = found.GetProperty("measures")[0];
        Assert.Equal(1, first.GetProperty("mean").GetDouble(), 1e-9); // topics with no word in common cannot be mistaken
        Assert.True(first.GetProperty("reached").GetBoolean());
        Assert.Equal(2, first.GetProperty("values").GetArrayLength());
        Assert.Contains("2 draws of 30 % of the labels, seeds 1 to 2", Program.Run("eval", "topics", folder, "--draws", "2", "--labelled", "0.3").Ok().Output);
    }

    [Fact]
    public void Evaluation_of_bad_data_is_one_line_with_file_and_line()
    {
        string folder = Articles();
        Assert.Contains("draws must be 1 to 1,000", Program.Run("eval", "topics", folder, "--draws", "0").Fails(2));
        File.WriteAllText(Path.Combine(folder, "categories.tsv"), "# comment\nA1\tscience\n");
        Assert.Contains("categories.tsv, line 2: wants article, tab and a category path", Program.Run("eval", "topics", folder).Fails());
        Gzip(folder, "texts.jsonl.gz", "{\"page\": 7}\n");
        File.WriteAllText(Path.Combine(folder, "categories.tsv"), "A1\tsubject.A\nB1\tsubject.B\n");
        Assert.Contains("texts.jsonl.gz, line 1: wants a JSON object", Program.Run("eval", "topics", folder).Fails());
        File.Delete(Path.Combine(folder, "links.tsv.gz"));
        Gzip(folder, "texts.jsonl.gz", "");
        Assert.Contains("the file is missing", Program.Run("eval", "topics", folder).Fails());
    }

    /// <summary>Two topics of twelve articles whose texts have no word in common.</summary>
    private string Articles()
    {
        string folder = _data.NewFolder();
        var random = new Random(1);
        StringBuilder categories = new(), texts = new(), links = new();
        foreach (char topic in "AB")
            for (int i = 0; i < 12; i++)
            {
                string text = string.Join(' ', Enumerable.Range(0, 60).Select(_ => $"{topic}word{random.Next(40)}"));
                categories.Append($"{topic}{i}\tsubject.{topic}.more\n");
                texts.Append(new JsonObject { ["page"] = $"{topic}{i}", ["text"] = $"{topic}{i}\n{text}" }.ToJsonString() + "\n");
                links.Append($"{topic}{i}\t{topic}{(i + 1) % 12}\t0.5\n{topic}{i}\tgone\t-\n");
            }
        File.WriteAllText(Path.Combine(folder, "categories.tsv"), categories.ToString());
        Gzip(folder, "texts.jsonl.gz", texts.ToString());
        Gzip(folder, "links.tsv.gz", links.ToString());
        return folder;
    }

    private static void Gzip(string folder, string name, string text)
    {
        using GZipStream file = new(File.Create(Path.Combine(folder, name)), CompressionLevel.Fastest);
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    private void Write(bool topics = true, bool ranks = true)
    {
        DataFolder folder = new(_data.Path);
        using DataWriter writer = folder.BeginWriting();
        string building = writer.NewGraphFolder();
        TestLink[] links = [(3, 0), (4, 0), (3, 2), (4, 2), (0, 1), (4, 1), (0, 3), (4, 3)];
        TestGraphs.Build(building, Hosts.Length, links, false, [.. Hosts.Select(NodeNames.ToKey)]);
        string id = writer.PublishGraph(building, GraphManifest.Read(building)).Id;
        using LinkGraph graph = folder.OpenGraph(id);
        var run = new RunWriter(writer, id, graph);
        run.Add<double>("pagerank", [0.3, 0.1, 0.3, 0.15, 0.15], "PageRank");
        if (topics)
        {
            var taxonomy = new Taxonomy { Version = "test-1", Topics = [new("sea", "The sea", ["keel"], [], []), new("sky", "The sky", ["star"], [], [])] };
            run.AddDocument("taxonomy.json", taxonomy.ToBytes());
            run.AddRows<float>("topics", [0.8f, 0.2f, 0.6f, 0.4f, 0.3f, 0.7f, 0.1f, 0.9f, 0.5f, 0.5f], 2, "topics");
            run.Add<float>("topic_confidence", [0.9f, 0.8f, 0.7f, 0.6f, 0], "confidence");
            if (ranks)
                run.AddRows<double>("topic_rank", [0.27, 0.03, 0.06, 0.04, 0.06, 0.24, 0.045, 0.105, 0.075, 0.075], 2, "authority by topic");
        }
        run.Publish([]);
    }
}
