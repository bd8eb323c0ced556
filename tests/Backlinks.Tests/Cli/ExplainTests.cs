using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Tests.GraphEngine.Explain;

namespace Backlinks.Tests.Cli;

/// <summary>explain, simulate and diff on small runs whose raw authority comes from the naive solver.</summary>
public sealed class ExplainTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static readonly string[] Names = ["blog.example", "hub.example", "news.example", "shop.example", "tiny.example"];

    /// <summary>hub → shop, news; news → shop, blog; blog → shop; tiny alone.</summary>
    private static NaiveWeb Web()
    {
        var web = new NaiveWeb(5) { Weights = { [(1, 3)] = 1, [(1, 2)] = 3, [(2, 3)] = 2, [(2, 0)] = 2, [(0, 3)] = 1 } };
        web.Lost[0] = 0.5;
        return web;
    }

    /// <summary>Publishes a run of the web; returns its id.</summary>
    private string Publish(NaiveWeb web, string name, double damping = NaiveWeb.Damping, bool raw = true)
    {
        using DataWriter writer = new DataFolder(_data.Path).BeginWriting();
        string folder = writer.NewGraphFolder(name);
        using (web.Build(folder, [.. Names.Select(NodeNames.ToKey)]))
        {
        }
        string graphId = writer.PublishGraph(folder, GraphManifest.Read(folder), makeCurrent: true).Id;
        using LinkGraph graph = writer.Folder.OpenGraph(graphId);
        var run = new RunWriter(writer, graphId, graph);
        double[] z = web.Solve(damping), pageRank = [.. z.Select(v => v / z.Sum())];
        run.Configure("authority", new JsonObject { ["damping"] = damping });
        run.Report("authority", new JsonObject { ["max_relative_residual"] = 1e-15 });
        run.Add<double>("pagerank", pageRank, "PageRank");
        if (raw)
            run.Add<double>("raw", z, "raw authority");
        run.Add<double>("teleport", web.Teleport, "teleport");
        run.AddDocument("scale.json", AuthorityScale.Current.ToBytes());
        return run.Publish([]);
    }

    [Fact]
    public void Explain_tells_links_whose_parts_add_up_to_the_raw_value()
    {
        NaiveWeb web = Web();
        Publish(web, "web");
        double z = web.Solve()[3];
        JsonElement told = Program.Run(_data, "explain", "shop.example", "-n", "2", "--depth", "2", "--json").Ok().Json;
        Assert.True(told.GetProperty("in_index").GetBoolean());
        Assert.Equal(z, told.GetProperty("raw").GetDouble());
        Assert.Equal(AuthorityScale.Current.Score(z, "domain"), told.GetProperty("score").GetDouble(), 1e-12);
        Assert.Equal((1, 3), (told.GetProperty("rank").GetInt32(), told.GetProperty("link_count").GetInt32()));
        JsonElement[] links = [.. told.GetProperty("links").EnumerateArray()];
        Assert.Equal(["blog.example", "news.example"], links.Select(l => l.GetProperty("source").GetString()).Order());
        double sum = told.GetProperty("teleport").GetDouble() + links.Sum(l => l.GetProperty("passes").GetDouble()) + told.GetProperty("others").GetProperty("pass").GetDouble();
        Assert.Equal(z, sum, 1e-9 * z);
        JsonElement blog = links.Single(l => l.GetProperty("source").GetString() == "blog.example");
        Assert.Equal(1 / 1.5, blog.GetProperty("share").GetDouble(), 1e-12);
        Assert.Equal(0.5 / 1.5, blog.GetProperty("source_evaporates").GetDouble(), 1e-12);
        Assert.Equal("news.example", blog.GetProperty("origin").GetProperty("links")[0].GetProperty("source").GetString());
        Outcome text = Program.Run(_data, "explain", "shop.example").Ok();
        Assert.Contains("shop.example: authority", text.Output);
        Assert.Contains("1 without any link", text.Output);
        Assert.Contains($"= {z.ToString("G6", System.Globalization.CultureInfo.InvariantCulture)} (score", text.Output);
        string[] csv = Program.Run(_data, "explain", "shop.example", "--csv").Ok().Output.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(z, csv.Skip(1).Sum(row => double.Parse(row.Split(',')[4], System.Globalization.CultureInfo.InvariantCulture)), 1e-9);
    }

    [Fact]
    public void A_target_not_in_the_index_is_an_answer_for_all_three()
    {
        string run = Publish(Web(), "web");
        foreach (string[] command in new string[][] { ["explain", "shpo.example"], ["simulate", "shpo.example", "--remove", "hub.example"], ["diff", run, run, "shpo.example"] })
        {
            JsonElement json = Program.Run(_data, [.. command, "--json"]).Ok().Json;
            Assert.False(json.GetProperty("in_index").GetBoolean());
            Outcome text = Program.Run(_data, command).Ok();
            Assert.Contains("shpo.example is not in the index", Assert.Single(text.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
            Assert.Contains("near it are shop.example", text.Error);
        }
    }

    [Fact]
    public void Where_no_domain_links_there_is_no_score()
    {
        Publish(Web(), "web");
        JsonElement told = Program.Run(_data, "explain", "tiny.example", "--json").Ok().Json;
        Assert.True(told.GetProperty("insufficient_data").GetBoolean());
        Assert.Equal(JsonValueKind.Null, told.GetProperty("score").ValueKind);
        Assert.Contains("insufficient data", Program.Run(_data, "explain", "tiny.example").Ok().Output);
    }

    [Fact]
    public void A_drawing_holds_the_target_its_sources_and_theirs()
    {
        Publish(Web(), "web");
        string dot = _data.File("web.dot"), graphMl = _data.File("web.graphml");
        Assert.Contains("wrote 4 nodes", Program.Run(_data, "explain", "domain:shop.example", "--graphviz", dot, "--graphml", graphMl).Ok().Error);
        Assert.Contains("label=\"hub.example\"", File.ReadAllText(dot));
        Assert.Equal(4, XDocument.Parse(File.ReadAllText(graphMl)).Descendants().Count(e => e.Name.LocalName == "node"));
    }

    [Fact]
    public void Simulate_agrees_with_the_naive_solver_and_says_what_had_no_effect()
    {
        NaiveWeb web = Web(), changed = Web();
        Publish(web, "web");
        changed.Weights.Remove((1, 3));
        changed.Weights.Remove((1, 2));
        changed.Teleport[1] = 0;
        changed.Weights[(4, 3)] = 2;
        double[] before = web.Solve(), after = changed.Solve();
        JsonElement told = Program.Run(_data, "simulate", "shop.example", "--remove", "domain:hub.example", "--add", "tiny.example", "--add", "news.example", "--weight", "2", "--nofollow", "shop.example->tiny.example", "--json").Ok().Json;
        JsonElement target = told.GetProperty("target");
        Assert.Equal(before[3], target.GetProperty("raw_before").GetDouble());
        Assert.InRange(Math.Abs(after[3] - target.GetProperty("raw_after").GetDouble()), 0, target.GetProperty("bound").GetDouble());
        Assert.InRange(target.GetProperty("bound").GetDouble(), 0, 1e-4 * after[3]);
        string?[] notes = [.. told.GetProperty("edits").EnumerateArray().Select(e => e.GetProperty("note").GetString())];
        Assert.Equal([null, "no effect: that link is there already", "no effect: there is no such link that passes anything", null], notes);
        Assert.Contains("news.example", told.GetProperty("movers").EnumerateArray().Select(m => m.GetProperty("name").GetString()));
        string text = Program.Run(_data, "simulate", "shop.example", "--disavow", "domain:news.example").Ok().Output;
        Assert.Contains("disavow domain:news.example: 1 change", text);
        Assert.Contains("certified", text);
        Assert.Contains("near it are hub.example", Program.Run(_data, "simulate", "shop.example", "--remove", "hubb.example").Fails(2));
        Assert.Contains("nothing to simulate", Program.Run(_data, "simulate", "shop.example").Fails(2));
        Assert.Contains("--weight", Program.Run(_data, "simulate", "shop.example", "--add", "tiny.example", "--weight", "-1").Fails(2));
    }

    [Fact]
    public void Diff_splits_the_difference_of_two_runs()
    {
        NaiveWeb web = Web(), changed = Web();
        changed.Weights.Remove((0, 3));
        changed.Weights[(2, 1)] = 4;
        string a = Publish(web, "before"), b = Publish(changed, "after");
        JsonElement told = Program.Run(_data, "diff", a, b, "shop.example", "--json").Ok().Json;
        double difference = changed.Solve()[3] - web.Solve()[3];
        JsonElement parts = told.GetProperty("parts");
        Assert.Equal(difference, parts.GetProperty("sum").GetProperty("raw").GetDouble(), 1e-12);
        Assert.Equal(difference, parts.EnumerateObject().Where(p => p.Name != "sum").Sum(p => p.Value.GetProperty("raw").GetDouble()), 1e-9);
        Assert.Equal(told.GetProperty("score_after").GetDouble() - told.GetProperty("score_before").GetDouble(), parts.EnumerateObject().Where(p => p.Name != "sum").Sum(p => p.Value.GetProperty("points").GetDouble()), 1e-9);
        Assert.True(parts.GetProperty("links_lost").GetProperty("raw").GetDouble() < 0);
        Assert.True(parts.GetProperty("dilution").GetProperty("raw").GetDouble() < 0);
        Assert.True(parts.GetProperty("sources_own").GetProperty("raw").GetDouble() > 0);
        Assert.Equal("link_lost", told.GetProperty("sources").EnumerateArray().Single(s => s.GetProperty("source").GetString() == "blog.example").GetProperty("change").GetString());
        Assert.Contains("= difference", Program.Run(_data, "diff", a, b, "shop.example").Ok().Output);
        Assert.Equal(0, Program.Run(_data, "diff", a, a, "shop.example", "--json").Ok().Json.GetProperty("sources_changed").GetInt32());
        Assert.Contains("there is", Program.Run(_data, "diff", a, "0099-none", "shop.example").Fails(1));
    }

    [Fact]
    public void A_run_without_raw_authority_says_to_rank_again()
    {
        string run = Publish(Web(), "web", raw: false);
        Assert.Contains("rank again", Program.Run(_data, "explain", "shop.example").Fails());
        Assert.Contains("rank again", Program.Run(_data, "simulate", "shop.example", "--remove", "hub.example").Fails());
        Assert.Contains("rank again", Program.Run(_data, "diff", run, run, "shop.example").Fails());
    }

    [Theory]
    [InlineData("explain", "x", "-n", "-1")]
    [InlineData("explain", "x", "--depth", "4")]
    [InlineData("diff", "a", "b", "x", "-n", "-1")]
    public void Careless_options_are_refused_in_one_line(params string[] args)
    {
        Publish(Web(), "web");
        Program.Run(_data, args).Fails(2);
    }
}
