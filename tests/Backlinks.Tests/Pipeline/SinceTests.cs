using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.SampleWeb;
using Backlinks.Spam;
using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Pipeline;

/// <summary>The law of recomputation: a run that begins from another equals one made in full.</summary>
public sealed class SinceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private DataFolder Data => new(_folder.File("data"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_made_from_a_run_and_what_changed_since_equals_what_is_made_in_full()
    {
        PlantedWeb web = PlantedWeb.Generate(new SampleWebOptions { Seed = 4, Sites = 20, PagesPerSite = 8, Hostile = false, Errors = false, Labs = false, Traps = false, Changes = false });
        await using (SampleWebServer server = await SampleWebServer.StartAsync(web))
            Cli.Program.Run(CrawlTests.Arguments(server, Data.Path)).Ok();
        StoreRunResult first = Make(null, null);
        Change(web);
        StoreRunResult since = Make(first.RunId, null), full = Make(null, first.RunId);
        Assert.True(since.GraphsUpdated);
        Assert.False(full.GraphsUpdated);
        Assert.True(full.LinkRecords > first.LinkRecords);
        Assert.Equal(full.Domains.GraphId, since.Domains.GraphId); // the same bytes
        Assert.Equal(full.Pages.GraphId, since.Pages.GraphId);
        using Run a = Data.OpenRun(since.RunId), b = Data.OpenRun(full.RunId);
        SpamReport c = SpamReport.Parse(a.Document(SpamReport.FileName)), d = SpamReport.Parse(b.Document(SpamReport.FileName));
        Assert.NotEmpty(d.Clusters);
        Assert.Equal(d.Clusters.Select(Told), c.Clusters.Select(Told)); // their authority differs in the tenth digit
        Assert.All(d.Clusters.Zip(c.Clusters), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-6));
        foreach (string name in new[] { "pagerank", "page_pagerank", "raw", "page_raw", "raw_before", "truncated", "topic_rank", "page_topic_rank" })
        {
            (double[] x, double[] y) = (All<double>(a, name), All<double>(b, name));
            double distance = x.Zip(y, (p, q) => Math.Abs(p - q)).Sum() / x.Sum();
            Assert.True(distance <= (name.EndsWith("topic_rank", StringComparison.Ordinal) ? 2e-5 : 1e-9), $"{name} differs by {distance}");
        }
        foreach (string name in new[] { "topics", "page_topics", "told_topics" })
            Assert.Equal(All<float>(b, name), All<float>(a, name));
        Assert.NotEqual(first.Pages.GraphId, full.Pages.GraphId);
    }

    [Fact]
    public void A_run_of_another_store_or_of_other_options_is_no_beginning()
    {
        Write(Visit("http://a.test/", 1, "http://b.test/x"));
        StoreRunResult run = Make(null, null);
        Assert.Contains("weighed or folded links in another way", Assert.Throws<ArgumentException>(() => Make(run.RunId, null, LinkProfile.Hint)).Message, StringComparison.Ordinal);
        File.Delete(Data.Links);
        Write(Visit("http://z.test/", 1, "http://a.test/"), Visit("http://a.test/", 1, "http://b.test/x"));
        Assert.Contains("another link store", Assert.Throws<StoreException>(() => Make(run.RunId, null)).Message, StringComparison.Ordinal);
        Assert.Single(Data.RunIds());
    }

    [Theory]
    [InlineData("page_ids")]
    [InlineData("told_similarities")]
    [InlineData("page_simhashes")]
    [InlineData("page_networks")]
    public void A_file_beside_a_run_that_is_altered_torn_or_lost_is_found_before_anything_is_made_of_it(string name)
    {
        Write(Visit("http://a.test/", 1, "http://b.test/x"), Visit("http://b.test/x", 1, "http://a.test/"), Visit("http://c.test/", 1, "http://a.test/"));
        string run = Make(null, null).RunId, folder = Path.Combine(Data.Runs, run), path = Path.Combine(folder, name + ".npy");
        byte[] whole = File.ReadAllBytes(path);
        byte[] altered = [.. whole];
        altered[^1] ^= 1;
        byte[] header = [.. whole];
        header[20] ^= 1;
        foreach (byte[]? content in new[] { altered, header, whole[..^1], whole[..10], [], [.. whole, 0], null })
        {
            if (content is null)
                File.Delete(path);
            else
                File.WriteAllBytes(path, content);
            StoreException told = Assert.Throws<StoreException>(() => Make(run, null));
            Assert.Contains("rank without --since", told.Message, StringComparison.Ordinal);
            Assert.Single(Data.RunIds());
        }
        File.WriteAllBytes(path, whole);
        Assert.NotEqual(run, Make(run, null).RunId);
    }

    [Fact]
    public void A_run_made_before_there_were_checksums_of_such_files_can_be_begun_from()
    {
        Write(Visit("http://a.test/", 1, "http://b.test/x"), Visit("http://b.test/x", 1, "http://a.test/"), Visit("http://c.test/", 1, "http://a.test/"));
        string run = Make(null, null).RunId, folder = Path.Combine(Data.Runs, run), timings = Path.Combine(folder, "timings.json");
        JsonObject told = JsonNode.Parse(File.ReadAllText(timings))!.AsObject();
        Assert.Equal(["page_ids", "page_networks", "page_simhashes", "told_similarities"], told["asides"]!.AsObject().Select(aside => aside.Key));
        told.Remove("asides");
        File.WriteAllText(timings, told.ToJsonString());
        string since = Make(run, null).RunId;
        Assert.NotNull(Run.Asides(Path.Combine(Data.Runs, since)));
        string ids = Path.Combine(folder, "page_ids.npy");
        File.WriteAllBytes(ids, File.ReadAllBytes(ids)[..^1]); // torn, which its length tells without a checksum
        Assert.Contains("rank without --since", Assert.Throws<StoreException>(() => Make(run, null)).Message, StringComparison.Ordinal);
        told["asides"] = "none";
        File.WriteAllText(timings, told.ToJsonString());
        Assert.Contains("rank without --since", Assert.Throws<StoreException>(() => Make(run, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_current_run_whose_graphs_are_gone_is_no_obstacle_to_ranking_again()
    {
        Write(Visit("http://a.test/", 1, "http://b.test/x"));
        Make(null, null);
        Directory.Delete(Data.Graphs, recursive: true);
        StoreRunResult again = Make(null, null);
        Assert.Equal(again.RunId, Data.CurrentRun);
        Assert.Equal(2, again.Domains.Nodes);
    }

    private StoreRunResult Make(string? since, string? topicsOf, LinkProfile? profile = null)
    {
        using DataWriter writer = Data.BeginWriting();
        return StoreRun.Make(writer, new StoreRunOptions
        {
            Fold = host => string.Join('.', host.Split('.')[^2..]),
            FoldName = "domain",
            Since = since,
            TopicsOf = topicsOf,
            Profile = profile ?? LinkProfile.Default,
            Rows = false,
        }, cancel: TestContext.Current.CancellationToken);
    }

    /// <summary>A page gains a link, one loses its links, and a page of a new domain comes.</summary>
    private void Change(PlantedWeb web)
    {
        SamplePage[] pages = [.. web.Sites.Where(s => s.Kind == SampleSiteKind.Ordinary).Select(s => s.Pages.First(p => p.Kind == SamplePageKind.Article && p.DisallowLine == 0)).Take(2)];
        Write(Visit(pages[0].Url, 9, pages[1].Url, "http://newcomer.example/first"), Visit(pages[1].Url, 9), Visit("http://newcomer.example/first", 9, pages[0].Url));
    }

    private void Write(params PageVisit[] visits)
    {
        using DuckDbLinkStore store = Data.OpenLinks(readOnly: false);
        store.Write(visits);
    }

    private static PageVisit Visit(string url, int days, params string[] targets) => new()
    {
        Url = url,
        At = DateTime.UtcNow.Date.AddDays(days),
        Source = "crawl:later",
        Status = 200,
        Title = "Tulips and hedges of a late garden",
        Text = "The compost of the garden is turned in spring, when tulips and hedges need it most and the greenhouse is warm.",
        Words = 20,
        Links = [.. targets.Select((target, i) => new LinkObservation { Target = target, Zone = Zone.Main, Position = 0.1f * i, Anchor = $"a garden of tulips {i}" })],
    };

    private static string Told(SpamCluster cluster) =>
        $"{cluster.Id} {cluster.Confirmed} {cluster.InnerLinks}: {string.Join(' ', cluster.Members.Select(m => $"{m.Name}/{m.Role}"))}; {string.Join(' ', cluster.Reasons.Select(r => r.Family))}";

    private static T[] All<T>(Run run, string name) where T : unmanaged
    {
        MappedArray<T> array = run.Array<T>(name) ?? throw new InvalidOperationException($"no array {name}");
        return array.Slice(0, (int)array.Length).ToArray();
    }
}
