using System.Text.Json;
using Backlinks.Cli;
using Backlinks.SampleWeb;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>The sample web crawled over HTTP, ranked and judged by the program, held against what was planted.</summary>
public sealed class StoreRunTests : IClassFixture<StoreRunTests.Crawled>
{
    private readonly Crawled _crawled;

    public StoreRunTests(Crawled crawled) => _crawled = crawled;

    /// <summary>One crawl for all tests of the class; each ranks a data folder of its own or the shared one.</summary>
    public sealed class Crawled : IAsyncLifetime
    {
        internal TemporaryFolder Folder { get; } = new();

        internal string Data => Folder.File("data");

        internal PlantedWeb Web { get; } = PlantedWeb.Generate(new SampleWebOptions { Seed = 1, Hostile = false, Errors = false, Labs = false, Traps = false, Changes = false });

        public async ValueTask InitializeAsync()
        {
            await using SampleWebServer server = await SampleWebServer.StartAsync(Web);
            Program.Run(CrawlTests.Arguments(server, Data)).Ok();
            Program.Run("rank", "--store", "--data", Data, "--json").Ok();
        }

        public ValueTask DisposeAsync()
        {
            Folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    [Fact]
    public void Planted_farms_are_named_with_reasons_and_honest_groups_are_cleared()
    {
        using Run run = new DataFolder(_crawled.Data).OpenRun();
        SpamReport report = SpamReport.Parse(run.Document(SpamReport.FileName));
        List<(string Id, double Score, HashSet<string> Members)> found = [.. report.Clusters.Select(c => (c.Id, c.Score, c.Members.Select(m => m.Name).ToHashSet()))];
        foreach (SampleGroup group in _crawled.Web.Groups)
        {
            HashSet<string> planted = [.. group.Hosts.Select(h => _crawled.Web.FindSite(h)!.Domain)];
            if (group.Spam && !group.Name.StartsWith("sellers", StringComparison.Ordinal)) // real sites that also sell: not a cluster by what is planted
                Assert.Contains(found, c => c.Score >= 50 && Jaccard(c.Members, planted) >= 0.5);
            else if (!group.Spam)
                Assert.DoesNotContain(found, c => c.Members.Overlaps(planted));
        }
        JsonElement listed = Program.Run("spam", "--json", "--data", _crawled.Data).Ok().Json;
        Assert.Equal(found.Select(c => c.Id), listed.EnumerateArray().Select(c => c.GetProperty("id").GetString()));
        foreach (SpamCluster cluster in report.Clusters)
        {
            string told = Program.Run("spam", cluster.Id, "--data", _crawled.Data).Ok().Output;
            Assert.NotEmpty(cluster.Reasons);
            Assert.All(cluster.Reasons, reason => Assert.Contains(reason.Text, told, StringComparison.Ordinal));
            Assert.Contains(cluster.Reasons, reason => reason.Examples.Any(e => e.Contains("http://", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Contributions_of_every_domain_and_page_add_up_to_its_raw_value()
    {
        using Run run = new DataFolder(_crawled.Data).OpenRun();
        foreach ((Run level, string name) in new[] { (run, "domain"), (run.Pages!, "page") })
            for (int node = 0; node < level.Graph.NodeCount; node += name == "page" ? 97 : 11)
            {
                JsonElement told = Program.Run("explain", level.Graph.Names[node], "--graph-level", name, "-n", "100000", "--json", "--data", _crawled.Data).Ok().Json;
                double raw = told.GetProperty("raw").GetDouble();
                double sum = told.GetProperty("links").EnumerateArray().Sum(c => c.GetProperty("passes").GetDouble()) + told.GetProperty("teleport").GetDouble();
                Assert.Equal(raw, sum, 1e-9 * Math.Max(1, raw));
            }
    }

    [Fact]
    public void Topics_of_every_domain_and_page_add_up_to_its_PageRank()
    {
        using Run run = new DataFolder(_crawled.Data).OpenRun();
        foreach ((Run level, string prefix) in new[] { (run, ""), (run.Pages!, "page_") })
        {
            var ranks = run.Array<double>(prefix + "topic_rank")!;
            int n = level.Graph.NodeCount, k = (int)(ranks.Length / n);
            ScoreColumn pageRank = level.Column("pagerank")!;
            for (int node = 0; node < n; node++)
            {
                double sum = 0;
                for (int topic = 0; topic < k; topic++)
                    sum += ranks[(long)node * k + topic];
                Assert.Equal(pageRank[node], sum, 1e-10);
            }
        }
    }

    [Fact]
    public void The_same_store_gives_the_same_bytes_on_any_number_of_threads()
    {
        var folder = new DataFolder(_crawled.Data);
        string first = Path.Combine(folder.Runs, folder.CurrentRun!);
        foreach (string threads in new[] { "1", "2", "8" })
        {
            using var copy = new TemporaryFolder();
            File.Copy(folder.Links, new DataFolder(copy.Path).Links);
            Program.Run(copy, "rank", "--store", "--threads", threads).Ok();
            var other = new DataFolder(copy.Path);
            string second = Path.Combine(other.Runs, other.CurrentRun!);
            string[] files = [.. Directory.GetFiles(first).Select(f => Path.GetFileName(f)!).Where(f => f is not ("timings.json" or "run.seal" or RowSchema.FileName)).Order(StringComparer.Ordinal)];
            Assert.Equal(files, Directory.GetFiles(second).Select(f => Path.GetFileName(f)!).Where(f => f is not ("timings.json" or "run.seal" or RowSchema.FileName)).Order(StringComparer.Ordinal));
            Assert.All(files, f => Assert.True(File.ReadAllBytes(Path.Combine(first, f)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, f))), $"{f} differs on {threads} threads"));
            string[] keys = [.. Directory.GetFiles(Path.Combine(first, RowKeys.FolderName), "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(first, f))];
            Assert.Equal(5, keys.Length);
            Assert.All(keys, f => Assert.True(File.ReadAllBytes(Path.Combine(first, f)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(second, f))), $"{f} differs on {threads} threads"));
        }
    }

    private static double Jaccard(HashSet<string> a, HashSet<string> b) => (double)a.Count(b.Contains) / a.Union(b).Count();
}
