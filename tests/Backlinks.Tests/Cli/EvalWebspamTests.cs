using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Backlinks.Tests.Cli;

/// <summary><c>eval webspam</c> and <c>eval stability</c> on folders and graphs made here.</summary>
public sealed class EvalWebspamTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Made_spam_is_told_by_its_links_and_not_by_its_content()
    {
        Collection(120);
        string[] command = ["eval", "webspam", _folder.Path, "--seeds", "2", "--folds", "3", "--json"];
        Outcome outcome = Program.Run(command).Ok();
        Dictionary<(string, string), double> auc = outcome.Json.EnumerateArray().ToDictionary(r => (r.GetProperty("features").GetString()!, r.GetProperty("model").GetString()!), r => r.GetProperty("auc").GetDouble());
        Assert.True(auc[("link", "forest and boosting")] > .9);
        Assert.InRange(auc[("content", "forest")], .2, .8);
        Assert.Contains(("host name", "boosting"), auc.Keys);
        Assert.Contains(("all", "forest and boosting"), auc.Keys);
        JsonElement first = outcome.Json[0];
        Assert.Equal((120, 30), (first.GetProperty("hosts").GetInt32(), first.GetProperty("spam").GetInt32()));
        Assert.InRange(first.GetProperty("auc").GetDouble(), first.GetProperty("auc_from").GetDouble(), first.GetProperty("auc_to").GetDouble());
        Assert.Equal(outcome.Output, Program.Run([.. command, "--threads", "1"]).Ok().Output);
    }

    [Fact]
    public void Links_taught_by_content_do_not_see_the_content_of_what_they_score()
    {
        Collection(120, byContent: true);
        Dictionary<(string, string), double> auc = Program.Run("eval", "webspam", _folder.Path, "--seeds", "2", "--folds", "3", "--json", "--features", "link", "--features", "content").Ok()
            .Json.EnumerateArray().ToDictionary(r => (r.GetProperty("features").GetString()!, r.GetProperty("model").GetString()!), r => r.GetProperty("auc").GetDouble());
        Assert.True(auc[("content", "forest and boosting")] > .9);
        Assert.InRange(auc[("link", "forest and boosting, taught by content")], .2, .75);
    }

    [Fact]
    public void What_cannot_be_evaluated_is_one_line()
    {
        Assert.Contains("is no folder", Program.Run("eval", "webspam", _folder.File("none")).Fails(), StringComparison.Ordinal);
        Assert.Contains("holds no features", Program.Run("eval", "webspam", _folder.Path).Fails(), StringComparison.Ordinal);
        Collection(20);
        Assert.Contains("at most 5 folds", Fails("--folds", "9"), StringComparison.Ordinal);
        Assert.Contains("folds must be at least 2", Fails("--folds", "1"), StringComparison.Ordinal);
        Assert.Contains("there are link, content, host name, all", Fails("--features", "tea leaves"), StringComparison.Ordinal);

        // notes on what was read come before the error
        string Fails(params string[] options) => Program.Run(["eval", "webspam", _folder.Path, .. options]) is { Code: 2 } o ? o.Error.TrimEnd().Split('\n')[^1] : throw new InvalidOperationException("it went through");
    }

    [Fact]
    public void Stability_prints_a_row_a_seed_and_the_same_each_time()
    {
        string graph = Inputs.EdgeList(_folder, "graph.txt", 3000, nodes: 200);
        string[] command = ["eval", "stability", graph, "--seeds", "3", "--lose", "0.05", "--reference", "1e4", "--json"];
        JsonElement json = Program.Run(command).Ok().Json;
        JsonElement[] rounds = [.. json.GetProperty("rounds").EnumerateArray()];
        Assert.Equal(3, rounds.Length);
        Assert.Equal(rounds.Average(r => r.GetProperty("median").GetDouble()), json.GetProperty("median").GetDouble(), 1e-12);
        Assert.All(rounds, r => Assert.True(r.GetProperty("median").GetDouble() is > 0 and < 5));
        Assert.Equal(Program.Run(command).Output, Program.Run(command).Output);
        Assert.Contains("99 %", Program.Run(command[..^1]).Ok().Output, StringComparison.Ordinal);
        Assert.Contains("above 0, below 1", Program.Run("eval", "stability", "--help").Ok().Output, StringComparison.Ordinal);
        Assert.Contains("must be above 0 and below 1", Program.Run("eval", "stability", graph, "--lose", "1").Fails(2), StringComparison.Ordinal);
        Assert.Contains("--reference must be above 1", Program.Run("eval", "stability", graph, "--reference", "1").Fails(2), StringComparison.Ordinal);
    }

    /// <summary>A quarter of the hosts is spam, with a PageRank that its in-degree does not explain; the content is noise; or the other way round.</summary>
    private void Collection(int hosts, bool byContent = false)
    {
        var random = new Random(1);
        StringBuilder names = new(), labels = new(), link = new("#hostid,indegree_hp,pagerank_hp,trustrank_hp\n"), content = new("#hostid,HST_1,HST_2\n"), obvious = new("#hostid,number_of_pages,length_of_hostname\n");
        for (int i = 0; i < hosts; i++)
        {
            bool spam = i % 4 == 0;
            double inDegree = Math.Exp(6 * random.NextDouble());
            names.Append(CultureInfo.InvariantCulture, $"{i} www.site{i}.example\n");
            labels.Append(CultureInfo.InvariantCulture, $"{i} {(spam ? "spam 1.0 j1:S,j2:S" : "nonspam 0.0 j1:N")}\n");
            link.Append(CultureInfo.InvariantCulture, $"{i},{(int)inDegree},{inDegree * (spam && !byContent ? 1e-6 : 1e-8) * (1 + random.NextDouble())},{random.NextDouble() * 1e-8}\n");
            content.Append(CultureInfo.InvariantCulture, $"{i},{random.NextDouble() + (spam && byContent ? 2 : 0)},{random.NextDouble()}\n");
            obvious.Append(CultureInfo.InvariantCulture, $"{i},{1 + random.Next(100)},16\n");
        }
        foreach ((string name, StringBuilder text) in new[] { ("hostnames.txt", names), ("SET1-labels.txt", labels), ("link_based_features.csv", link), ("content_based_features.csv", content), ("obvious_features.csv", obvious) })
            File.WriteAllText(_folder.File("WEBSPAM-UK2007-" + name), text.ToString());
    }
}
