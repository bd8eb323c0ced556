using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Api;

/// <summary>What-ifs over HTTP, against a naive solution of the graph edited in truth.</summary>
public sealed class SimulateApiTests(SampleWebRun sample)
{
    /// <summary>Rows of the domain graph as they are and as edits leave them.</summary>
    private sealed class Naive
    {
        private readonly Dictionary<int, double>[] _rows;
        private readonly double[] _lost, _teleport;
        private readonly double _damping;

        public Naive(Run run)
        {
            LinkGraph graph = run.Graph;
            _rows = new Dictionary<int, double>[graph.NodeCount];
            _lost = new double[graph.NodeCount];
            _teleport = new double[graph.NodeCount];
            _damping = (double)run.Manifest.Configuration["pagerank"]["damping"]!;
            for (int u = 0; u < _rows.Length; u++)
            {
                _rows[u] = [];
                for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                    _rows[u].Add((int)graph.OutLinks[i], graph.OutWeight(i));
                _lost[u] = graph.LostWeights?[u] ?? 0;
                _teleport[u] = run.Array<double>("teleport")?[u] ?? 1;
            }
        }

        public void RemoveNode(int node)
        {
            _rows[node].Clear();
            (_lost[node], _teleport[node]) = (0, 0);
            foreach (Dictionary<int, double> row in _rows)
                row.Remove(node);
        }

        public void Withhold(int source, int target)
        {
            if (_rows[source].Remove(target, out double weight))
                _lost[source] += weight;
        }

        public void Remove(int source, int target) => _rows[source].Remove(target);

        public void Put(int source, int target, double weight) => _rows[source][target] = weight;

        public double[] Solve()
        {
            double[] z = [.. _teleport], totals = [.. _rows.Select((row, u) => row.Values.Sum() + _lost[u])];
            for (int round = 0; round < 400; round++)
            {
                double[] next = [.. _teleport];
                for (int u = 0; u < _rows.Length; u++)
                    foreach ((int v, double weight) in _rows[u])
                        next[v] += totals[u] > 0 ? _damping * weight / totals[u] * z[u] : 0;
                z = next;
            }
            return z;
        }
    }

    [Fact]
    public async Task What_is_simulated_is_what_a_naive_solver_finds_within_the_bound()
    {
        await using RunningService service = await sample.ServeAsync();
        using Run run = new DataFolder(await sample.DataAsync()).OpenRun();
        LinkGraph graph = run.Graph;
        int target = graph.Names.Find("best-guitar-deals.example"), edits = 0;
        foreach (uint source in graph.InOf(target).ToArray().Append((uint)graph.Names.Find("directory.example")).Where((_, i) => i % 3 == 0))
        {
            string name = graph.Names[(int)source];
            foreach ((string kind, object body, Action<Naive> edit) in new (string, object, Action<Naive>)[]
            {
                ("remove", new { target = "best-guitar-deals.example", remove = new[] { new { source = "domain:" + name } } }, n => n.RemoveNode((int)source)),
                ("disavow", new { target = "best-guitar-deals.example", disavow = new[] { name } }, n => n.Withhold((int)source, target)),
                ("nofollow", new { target = "best-guitar-deals.example", modify = new[] { new { source = name, rel = "nofollow" } } }, n => n.Withhold((int)source, target)),
                ("add", new { target = "best-guitar-deals.example", add = new[] { new { source = "directory.example", weight = 2.0 } }, remove = new[] { new { source = name, target = "best-guitar-deals.example" } } }, n =>
                {
                    if (graph.OutOf(graph.Names.Find("directory.example")).BinarySearch((uint)target) < 0) // else it is there already
                        n.Put(graph.Names.Find("directory.example"), target, 2);
                    n.Remove((int)source, target);
                }),
            })
            {
                JsonElement told = (await service.JsonAsync("simulate", body)).GetProperty("simulation"), of = told.GetProperty("target");
                var naive = new Naive(run);
                edit(naive);
                double exact = naive.Solve()[target];
                Assert.True(Math.Abs(exact - of.Number("raw_after")) <= of.Number("bound") + 1e-9 * exact, $"{kind} {name}: {of} for {exact}");
                Assert.Equal(of.Number("raw_after") - of.Number("raw_before"), of.Number("change"), 1e-12);
                edits += told.Array("edits").Sum(e => e.GetProperty("changes").GetInt32());
            }
        }
        Assert.True(edits > 5);
        JsonElement added = (await service.JsonAsync("simulate", new { target = "labs.example", level = "domain", add = new[] { new { source = "directory.example", weight = 2.5 } }, movers = 3 })).GetProperty("simulation");
        var with = new Naive(run);
        int from = graph.Names.Find("directory.example"), labs = graph.Names.Find("labs.example");
        if (graph.OutOf(from).BinarySearch((uint)labs) < 0)
            with.Put(from, labs, 2.5);
        double expected = with.Solve()[labs];
        Assert.InRange(Math.Abs(expected - added.GetProperty("target").Number("raw_after")), 0, added.GetProperty("target").Number("bound") + 1e-9 * expected);
        Assert.True(added.Array("movers").Length <= 3);
    }

    [Fact]
    public async Task Whoever_loses_every_referring_domain_has_insufficient_data()
    {
        await using RunningService service = await sample.ServeAsync();
        using Run run = new DataFolder(await sample.DataAsync()).OpenRun();
        int target = Enumerable.Range(0, run.Graph.NodeCount).First(v => run.Graph.InOf(v).ToArray().Count(u => u != v) is > 0 and < 5 && run.Graph.InOf(v).BinarySearch((uint)v) < 0);
        string[] sources = [.. run.Graph.InOf(target).ToArray().Select(u => run.Graph.Names[(int)u])];
        JsonElement told = (await service.JsonAsync("simulate", new { target = run.Graph.Names[target], level = "domain", disavow = sources })).GetProperty("simulation").GetProperty("target");
        Assert.Equal(JsonValueKind.Number, told.GetProperty("score_before").ValueKind);
        Assert.Equal(JsonValueKind.Null, told.GetProperty("score_after").ValueKind);
        JsonElement unknown = await service.JsonAsync("simulate", new { target = "nobody.example", disavow = sources });
        Assert.False(unknown.GetProperty("in_index").GetBoolean());
    }

    [Fact]
    public async Task Every_edit_that_cannot_be_meant_is_named()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement problem = await service.ProblemAsync("invalid_body", "simulate", new
        {
            target = "labs.example",
            add = new object?[] { new { source = "" }, new { source = "directory.example", weight = -1 }, new { source = "directory.example", rel = "nofollow" }, null },
            modify = new object[] { new { source = "directory.example" }, new { source = "directory.example", rel = "maybe" }, new { source = "directory.example", rel = "follow", weight = 1 } },
            remove = new object[] { new { source = "directory.example", weight = 1 } },
            disavow = new string?[] { "", null },
            movers = 1001,
        });
        Assert.Equal(["/movers", "/add/0/source", "/add/2/rel", "/add/3", "/modify/0/rel", "/modify/1/rel", "/modify/2/weight", "/disavow/0", "/disavow/1", "/remove/0/weight"], problem.Fields());
        problem = await service.ProblemAsync("invalid_body", "simulate", new { target = "labs.example", level = "domain", add = new[] { new { source = "directory.example", weight = -1.0 } }, remove = new object[] { new { source = "directori.example" }, new { source = "directory.example", target = "nobody.example" } } });
        Assert.Equal(["/add/0/weight", "/remove/0/source", "/remove/1/target"], problem.Fields());
        Assert.Contains("near it are directory.example", problem.ToString());
        Assert.Contains("at most 1000", (await service.ProblemAsync("invalid_body", "simulate", new { target = "labs.example", disavow = Enumerable.Repeat("directory.example", 1001) })).Text("detail"));
        Assert.Contains("nothing to simulate", (await service.ProblemAsync("invalid_body", "simulate", new { target = "labs.example" })).Text("detail"));
        Assert.Equal(["target"], (await service.ProblemAsync("invalid_parameter", "simulate", new { disavow = new[] { "x.example" } })).Fields());
        await service.ProblemAsync("invalid_body", "simulate", "{\"target\":");
        await service.ProblemAsync("invalid_body", "simulate", "{\"target\":\"labs.example\",\"add\":\"x\"}");
        await service.ProblemAsync("invalid_body", "simulate", "[]");
        await service.ProblemAsync("invalid_body", "simulate", new { target = "labs.example", tolerance = 0, disavow = new[] { "directory.example" } });
        await service.ProblemAsync("unknown_run", "simulate", new { target = "labs.example", run = "nope", disavow = new[] { "directory.example" } });
        Assert.Equal(1000, (await service.JsonAsync("simulate", new { target = "labs.example", level = "domain", disavow = Enumerable.Repeat("directory.example", 1000) })).GetProperty("simulation").Array("edits").Length);
    }
}
