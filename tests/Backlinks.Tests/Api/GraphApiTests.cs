using System.Text.Json;
using System.Xml.Linq;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Api;

/// <summary>Neighbourhoods and paths over HTTP, against naive searches of the same graph.</summary>
public sealed class GraphApiTests(SampleWebRun sample)
{
    [Fact]
    public async Task A_neighbourhood_holds_the_strongest_referrers_with_what_they_pass()
    {
        await using RunningService service = await sample.ServeAsync();
        const string target = "best-guitar-deals.example";
        JsonElement told = await service.JsonAsync($"graph/neighbourhood?target={target}&depth=3&top=10&top_below=3");
        JsonElement[] nodes = told.Array("nodes"), links = told.Array("links");
        Assert.Equal((target, 0), (nodes[0].Text("name"), nodes[0].GetProperty("distance").GetInt32()));
        JsonElement[] explained = (await service.JsonAsync($"explain/score?target={target}&top=10")).GetProperty("explanation").Array("links");
        int self = nodes[0].GetProperty("node").GetInt32();
        foreach (JsonElement link in explained.Where(l => l.Number("passes") > 0))
            Assert.Equal(link.Number("passes"), links.Single(l => l.GetProperty("target").GetInt32() == self && l.GetProperty("source").GetInt32() == link.GetProperty("node").GetInt32()).Number("passes"), 1e-12);
        var known = nodes.Select(n => n.GetProperty("node").GetInt32()).ToHashSet();
        Assert.Equal(known.Count, nodes.Length);
        Assert.All(links, l => Assert.True(known.Contains(l.GetProperty("source").GetInt32()) && known.Contains(l.GetProperty("target").GetInt32())));
        Assert.Contains(nodes, n => n.GetProperty("spam_score").ValueKind == JsonValueKind.Number);
        Assert.False(told.GetProperty("cut").GetBoolean());
        Assert.Equal(5, (await service.JsonAsync($"graph/neighbourhood?target={target}&most_nodes=5")).Array("nodes").Length);
        JsonElement outwards = await service.JsonAsync("graph/neighbourhood?target=directory.example&level=domain&direction=out&depth=1&top=5"), both = await service.JsonAsync("graph/neighbourhood?target=directory.example&level=domain&direction=both&depth=1&top=5");
        int directory = outwards.Array("nodes")[0].GetProperty("node").GetInt32();
        Assert.All(outwards.Array("links"), l => Assert.Equal(directory, l.GetProperty("source").GetInt32()));
        Assert.True(both.Array("links").Length >= outwards.Array("links").Length);
        JsonElement none = await service.JsonAsync("graph/neighbourhood?target=nobody.example");
        Assert.Equal((false, 0), (none.GetProperty("in_index").GetBoolean(), none.Array("nodes").Length));
        string dot = await service.Client.GetStringAsync($"graph/neighbourhood?target={target}&depth=1&top=10&output=dot"), xml = await service.Client.GetStringAsync($"graph/neighbourhood?target={target}&depth=1&top=10&output=graphml");
        Assert.Contains($"label=\"{target}\"", dot);
        Assert.Equal((await service.JsonAsync($"graph/neighbourhood?target={target}&depth=1&top=10")).Array("nodes").Length, XDocument.Parse(xml).Descendants().Count(e => e.Name.LocalName == "node"));
        Assert.True((await service.JsonAsync("graph/neighbourhood?target=http%3A%2F%2Fdirectory.example%2F&depth=4")).Array("nodes").Length > 1);
    }

    [Fact]
    public async Task Shortest_paths_are_as_short_as_a_naive_search_finds_and_made_of_links()
    {
        await using RunningService service = await sample.ServeAsync();
        using Run run = new DataFolder(await sample.DataAsync()).OpenRun();
        LinkGraph graph = run.Graph;
        var random = new Random(1);
        int found = 0;
        for (int i = 0; i < 60; i++)
        {
            int from = random.Next(graph.NodeCount), to = random.Next(graph.NodeCount);
            JsonElement told = await service.JsonAsync($"graph/path?level=domain&top=5&from={graph.Names[from]}&to={graph.Names[to]}");
            int distance = Distances(graph, from)[to];
            Assert.True(told.GetProperty("complete").GetBoolean());
            if (distance is < 0 or > 10)
            {
                Assert.Empty(told.Array("paths"));
                continue;
            }
            Assert.NotEmpty(told.Array("paths"));
            var ways = new HashSet<string>();
            foreach (JsonElement path in told.Array("paths"))
            {
                int[] nodes = [.. path.Array("nodes").Select(n => graph.Names.Find(n.GetString()!))];
                Assert.Equal((from, to, distance), (nodes[0], nodes[^1], nodes.Length - 1));
                Assert.All(nodes.Zip(nodes.Skip(1)), step => Assert.True(graph.OutOf(step.First).BinarySearch((uint)step.Second) >= 0));
                Assert.True(ways.Add(string.Join(' ', nodes)));
                Assert.Equal(path.Array("links").Aggregate(1.0, (all, l) => all * 0.85 * l.Number("share")), path.Number("strength"), 1e-12);
                found++;
            }
        }
        Assert.True(found > 20);
    }

    [Fact]
    public async Task The_strongest_path_is_as_strong_as_a_naive_search_finds()
    {
        await using RunningService service = await sample.ServeAsync();
        using Run run = new DataFolder(await sample.DataAsync()).OpenRun();
        LinkGraph graph = run.Graph;
        var random = new Random(2);
        for (int i = 0; i < 20; i++)
        {
            int from = random.Next(graph.NodeCount), to = random.Next(graph.NodeCount);
            JsonElement told = await service.JsonAsync($"graph/path?by=strength&level=domain&from={graph.Names[from]}&to={graph.Names[to]}");
            double strongest = Strengths(graph, from)[to];
            if (strongest == 0)
                Assert.Empty(told.Array("paths"));
            else
                Assert.Equal(strongest, Assert.Single(told.Array("paths")).Number("strength"), 1e-9 * strongest);
        }
        JsonElement unknown = await service.JsonAsync("graph/path?from=directory.example&to=nobody.example");
        Assert.Equal((false, true, false), (unknown.GetProperty("in_index").GetBoolean(), unknown.GetProperty("from_in_index").GetBoolean(), unknown.GetProperty("to_in_index").GetBoolean()));
    }

    [Fact]
    public async Task Topics_add_up_and_their_specialists_stand_out()
    {
        await using RunningService service = await sample.ServeAsync();
        foreach (string level in new[] { "domain", "page" })
        {
            JsonElement told = await service.JsonAsync($"topics?level={level}");
            Assert.Equal(told.GetProperty("nodes").GetInt32(), told.GetProperty("unknown").GetInt32() + told.Array("topics").Sum(t => t.GetProperty("nodes").GetInt32()));
            JsonElement most = told.Array("topics").MaxBy(t => t.GetProperty("nodes").GetInt32());
            JsonElement specialists = await service.JsonAsync($"topics/{most.Text("topic")}/specialists?level={level}&limit=5");
            double[] lifts = [.. specialists.Array("specialists").Select(s => s.Number("lift"))];
            Assert.NotEmpty(lifts);
            Assert.Equal(lifts.OrderDescending(), lifts);
            Assert.Equal(most.Array("specialists").Select(s => s.GetString()), specialists.Array("specialists").Take(3).Select(s => s.Text("name")));
        }
        Assert.Contains("there is business", (await service.ProblemAsync("not_found", "topics/nonsense/specialists")).Text("detail"));
    }

    private static int[] Distances(LinkGraph graph, int from)
    {
        int[] distances = new int[graph.NodeCount];
        Array.Fill(distances, -1);
        distances[from] = 0;
        var queue = new Queue<int>([from]);
        while (queue.TryDequeue(out int node))
            foreach (uint next in graph.OutOf(node))
                if (distances[next] < 0)
                {
                    distances[next] = distances[node] + 1;
                    queue.Enqueue((int)next);
                }
        return distances;
    }

    private static double[] Strengths(LinkGraph graph, int from)
    {
        double[] strengths = new double[graph.NodeCount];
        strengths[from] = 1;
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int u = 0; u < graph.NodeCount; u++)
                for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L] && strengths[u] > 0; i++)
                    if (strengths[u] * 0.85 * graph.OutWeight(i) / graph.OutTotal(u) is var strength && strength > strengths[graph.OutLinks[i]] * (1 + 1e-12))
                        (strengths[graph.OutLinks[i]], changed) = (strength, true);
        }
        return strengths;
    }
}
