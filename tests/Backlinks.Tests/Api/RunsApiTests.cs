using System.Text.Json;
using Backlinks.Stores;

namespace Backlinks.Tests.Api;

/// <summary>Runs and their differences over HTTP.</summary>
public sealed class RunsApiTests(SampleWebRun sample)
{
    [Fact]
    public async Task Runs_are_listed_and_told_in_full()
    {
        await using RunningService service = await sample.ServeAsync();
        var folder = new DataFolder(await sample.DataAsync());
        JsonElement list = await service.JsonAsync("runs");
        Assert.Equal(folder.RunIds().Reverse(), list.Array("runs").Select(r => r.Text("id")!));
        Assert.Equal(folder.CurrentRun, list.Text("current"));
        JsonElement row = list.Array("runs").Single(r => r.GetProperty("current").GetBoolean()), one = await service.JsonAsync("runs/latest");
        Assert.Equal(folder.CurrentRun, row.Text("id"));
        Assert.Equal(row.ToString(), one.GetProperty("run").ToString());
        Assert.True(row.GetProperty("converged").GetBoolean());
        Assert.True(row.GetProperty("graph").GetProperty("nodes").GetInt32() < row.GetProperty("page_graph").GetProperty("nodes").GetInt32());
        Assert.Contains(one.Array("convergence"), c => c.Text("algorithm") == "pagerank" && c.GetProperty("rounds").GetInt32() > 0 && c.Number("error_bound") < 1e-6);
        Assert.Equal(0.85, one.GetProperty("configuration").GetProperty("pagerank").Number("damping"));
        Assert.True(one.GetProperty("timings").GetProperty("seconds").EnumerateObject().Any());
        Assert.DoesNotContain(folder.Path, one.ToString());
    }

    [Fact]
    public async Task The_parts_of_every_difference_add_up()
    {
        await using RunningService service = await sample.ServeAsync();
        string data = await sample.DataAsync();
        string[] runs = [.. new DataFolder(data).RunIds()];
        int told = 0, unscored = 0;
        foreach (string domain in Answers.Domains(data))
        {
            JsonElement answer = await service.JsonAsync($"runs/{runs[0]}/diff/latest?level=domain&top=200&target={Answers.Escaped(domain)}");
            if (!answer.GetProperty("in_index").GetBoolean())
            {
                Assert.False(answer.GetProperty("in_index_a").GetBoolean() && answer.GetProperty("in_index_b").GetBoolean());
                continue;
            }
            told++;
            JsonElement difference = answer.GetProperty("difference"), parts = difference.GetProperty("parts");
            double raw = difference.Number("raw_after") - difference.Number("raw_before"), scale = Math.Max(1, difference.Number("raw_after"));
            Assert.Equal(raw, parts.GetProperty("sum").Number("raw"), 1e-9 * scale);
            Assert.Equal(raw, parts.EnumerateObject().Where(p => p.Name != "sum").Sum(p => p.Value.Number("raw")), 1e-9 * scale);
            Assert.All(difference.Array("sources"), s => Assert.True(s.Text("change") != "kept" || new[] { "own", "dilution", "link_weight", "discount", "configuration" }.Any(part => Math.Abs(s.Number(part)) > 1e-9), s.ToString()));
            bool scored = difference.GetProperty("score_before").ValueKind == JsonValueKind.Number || difference.GetProperty("score_after").ValueKind == JsonValueKind.Number;
            if (scored && difference.GetProperty("score_before").ValueKind == JsonValueKind.Number && difference.GetProperty("score_after").ValueKind == JsonValueKind.Number)
                Assert.Equal(difference.Number("score_after") - difference.Number("score_before"), parts.EnumerateObject().Where(p => p.Name != "sum").Sum(p => p.Value.Number("points")), 1e-9);
            if (!scored)
            {
                unscored++;
                Assert.All(parts.EnumerateObject(), p => Assert.Equal(JsonValueKind.Null, p.Value.GetProperty("points").ValueKind));
            }
        }
        Assert.True(told > 50 && unscored > 0, $"{told} told, {unscored} without scores");
    }

    [Fact]
    public async Task A_run_does_not_differ_from_itself()
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement difference = (await service.JsonAsync("runs/latest/diff/latest?target=directory.example")).GetProperty("difference");
        Assert.Equal((0.0, 0), (difference.GetProperty("parts").GetProperty("sum").Number("raw"), difference.GetProperty("sources_changed").GetInt32()));
        JsonElement moved = (await service.JsonAsync("runs/latest/diff/latest")).GetProperty("movement");
        Assert.Equal((0, 0, 0, 0), (moved.GetProperty("rose").GetInt32(), moved.GetProperty("fell").GetInt32(), moved.GetProperty("new_count").GetInt32(), moved.GetProperty("gone_count").GetInt32()));
        Assert.Empty(moved.GetProperty("clusters").Array("born"));
    }

    [Fact]
    public async Task What_moved_most_is_what_comparing_all_names_finds()
    {
        await using RunningService service = await sample.ServeAsync();
        var folder = new DataFolder(await sample.DataAsync());
        string[] runs = [.. folder.RunIds()];
        foreach (string level in new[] { "domain", "page" })
        {
            JsonElement moved = (await service.JsonAsync($"runs/{runs[0]}/diff/{runs[^1]}?level={level}&top=200")).GetProperty("movement");
            using Run a = folder.OpenRun(runs[0]), b = folder.OpenRun(runs[^1]);
            Dictionary<string, double> before = Raw(level == "page" ? a.Pages! : a, a, level), after = Raw(level == "page" ? b.Pages! : b, b, level);
            Assert.Equal((before.Count, after.Count), (moved.GetProperty("nodes_before").GetInt32(), moved.GetProperty("nodes_after").GetInt32()));
            Assert.Equal(after.Keys.Count(before.ContainsKey), moved.GetProperty("kept").GetInt32());
            Assert.Equal(after.Keys.Count(n => !before.ContainsKey(n)), moved.GetProperty("new_count").GetInt32());
            Assert.Equal(before.Keys.Count(n => !after.ContainsKey(n)), moved.GetProperty("gone_count").GetInt32());
            Assert.All(moved.Array("new"), n => Assert.Equal(after[n.Text("name")!], n.Number("raw")));
            Assert.All(moved.Array("gains").Concat(moved.Array("losses")), n => Assert.Equal((before[n.Text("name")!], after[n.Text("name")!]), (n.Number("raw_before"), n.Number("raw_after"))));
            double[] gains = [.. moved.Array("gains").Select(n => n.Number("points"))], losses = [.. moved.Array("losses").Select(n => n.Number("points"))];
            Assert.Equal(gains.OrderDescending(), gains);
            Assert.Equal(losses.Order(), losses);
            Assert.Equal(Math.Min(200, moved.GetProperty("rose").GetInt32()), gains.Length);
            Assert.NotEmpty(losses);
            foreach (JsonElement n in moved.Array("losses").Take(3))
            {
                JsonElement difference = (await service.JsonAsync($"runs/{runs[0]}/diff/{runs[^1]}?level={level}&target={Answers.Escaped(n.Text("name")!)}")).GetProperty("difference");
                Assert.Equal(n.Number("raw_after") - n.Number("raw_before"), difference.GetProperty("parts").GetProperty("sum").Number("raw"), 1e-9 * n.Number("raw_before"));
            }
        }
    }

    private static Dictionary<string, double> Raw(Run part, Run run, string level) => Enumerable.Range(0, part.Graph.NodeCount).ToDictionary(node => part.Graph.Names[node], node => run.Array<double>(level == "page" ? "page_raw" : "raw")![node]);
}
