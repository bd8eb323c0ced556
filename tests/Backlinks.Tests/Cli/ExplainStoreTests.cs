using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>explain and simulate on runs of the link store: what is simulated is what a store that is so in truth gives.</summary>
public sealed class ExplainStoreTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static LinkObservation To(string target, LinkRel rel = 0, float position = 0) => new() { Target = target, Anchor = "a fine garden", Zone = Zone.Main, Position = position, Rel = rel, Kind = LinkKind.Anchor };

    private static PageVisit Page(string url, params LinkObservation[] links) => new() { Url = url, At = new DateTime(2024, 3, 1, 0, 0, 0, DateTimeKind.Utc), Source = "crawl:1", Links = links };

    private static List<PageVisit> Web() =>
    [
        Page("https://t.example/", To("https://u.example/")),
        Page("https://s.example/", To("https://t.example/"), To("https://s.example/about"), To("https://u.example/", position: .3f)),
        Page("https://s.example/about", To("https://t.example/", position: .5f), To("https://u.example/")),
        Page("https://s.example/links", To("https://t.example/"), To("https://v.example/", LinkRel.Nofollow)),
        Page("https://u.example/", To("https://s.example/about"), To("https://t.example/", LinkRel.Nofollow)),
        Page("https://v.example/", To("https://s.example/"), To("https://t.example/")),
    ];

    private void Rank(string folder, List<PageVisit> visits)
    {
        string data = _data.File(folder);
        using (DuckDbLinkStore store = new DataFolder(data).OpenLinks(readOnly: false))
            store.Write([.. visits]);
        Program.Run("rank", "--store", "--without", "rows", "--data", data).Ok();
    }

    private JsonElement Explained(string folder, string target) => Program.Run("explain", target, "--json", "--data", _data.File(folder)).Ok().Json;

    private void Same(string changed, string target, params string[] edits)
    {
        JsonElement told = Program.Run(["simulate", target, .. edits, "--tolerance", "1e-9", "--json", "--data", _data.File("web")]).Ok().Json.GetProperty("target");
        double exact = Explained(changed, target).GetProperty("raw").GetDouble();
        // Weights in graphs are floats.
        Assert.True(Math.Abs(told.GetProperty("raw_after").GetDouble() - exact) <= told.GetProperty("bound").GetDouble() + 1e-6 * exact, $"{string.Join(' ', edits)}: {told} for {exact}");
        Assert.NotEqual(0, told.GetProperty("change").GetDouble());
    }

    [Fact]
    public void Explanations_of_domains_and_pages_follow_down_to_the_links()
    {
        Rank("web", Web());
        JsonElement domain = Explained("web", "t.example"), page = Explained("web", "https://t.example/");
        Assert.Equal(("domain", "page"), (domain.GetProperty("level").GetString(), page.GetProperty("level").GetString()));
        foreach (JsonElement told in new[] { domain, page })
        {
            double sum = told.GetProperty("teleport").GetDouble() + told.GetProperty("links").EnumerateArray().Sum(l => l.GetProperty("passes").GetDouble()) + told.GetProperty("others").GetProperty("pass").GetDouble();
            Assert.Equal(told.GetProperty("raw").GetDouble(), sum, 1e-9 * sum);
            Assert.All(told.GetProperty("links").EnumerateArray(), link => Assert.True(link.GetProperty("edge").GetProperty("agrees").GetBoolean(), link.ToString()));
            Assert.True(told.GetProperty("evaporates").GetDouble() > 0); // what u.example withholds
        }
        JsonElement withheld = domain.GetProperty("links").EnumerateArray().Single(l => l.GetProperty("source").GetString() == "u.example");
        Assert.Equal((0.0, 0.0), (withheld.GetProperty("passes").GetDouble(), withheld.GetProperty("weight").GetDouble()));
        JsonElement behind = withheld.GetProperty("edge").GetProperty("links")[0];
        Assert.Equal(("nofollow", 0.0, "https://u.example/"), (behind.GetProperty("rel").GetString(), behind.GetProperty("factors").GetProperty("rel").GetDouble(), behind.GetProperty("source").GetString()));
        string text = Program.Run("explain", "t.example", "--data", _data.File("web")).Ok().Output;
        Assert.Contains("rel 1 × zone 1 × position", text);
        Assert.Contains("which evaporates", text);
    }

    [Fact]
    public void A_page_taken_from_its_domain_is_as_if_it_had_never_been()
    {
        Rank("web", Web());
        List<PageVisit> gone = Web(), nofollow = Web(), added = Web(), unlinked = Web();
        gone.RemoveAt(2); // s.example/about, and what links there
        for (int i = 0; i < gone.Count; i++)
            gone[i] = gone[i] with { Links = [.. gone[i].Links.Where(l => l.Target != "https://s.example/about")] };
        Rank("gone", gone);
        Same("gone", "t.example", "--remove", "https://s.example/about");
        nofollow[1] = Page("https://s.example/", To("https://t.example/", LinkRel.Nofollow), To("https://s.example/about"), To("https://u.example/", position: .3f));
        Rank("nofollow", nofollow);
        Same("nofollow", "t.example", "--nofollow", "https://s.example/");
        Same("nofollow", "https://t.example/", "--disavow", "https://s.example/");
        unlinked[1] = Page("https://s.example/", To("https://s.example/about"), To("https://u.example/", position: .3f));
        Rank("unlinked", unlinked);
        Same("unlinked", "t.example", "--remove", "https://s.example/->t.example");
        Same("unlinked", "https://t.example/", "--remove", "https://s.example/ → https://t.example/");
        added.Add(Page("https://u.example/new", To("https://t.example/", position: float.NaN)));
        Rank("added", added);
        Same("added", "t.example", "--add", "https://u.example/new");
    }

    /// <summary>A site whose pages all have one link to t in their footers; the first of them, which is also the heaviest, counts for all.</summary>
    private static List<PageVisit> Footers(int pages, LinkRel first = 0, bool without = false) =>
    [
        .. Web(),
        .. Enumerable.Range(without ? 1 : 0, pages - (without ? 1 : 0)).Select(i => Page($"https://f.example/p{i}",
            new LinkObservation { Target = "https://t.example/", Anchor = "made by t", Zone = Zone.Footer, Position = float.NaN, Rel = i == 0 ? first : 0, Kind = LinkKind.Anchor },
            To("https://u.example/", position: 0.1f * i))),
    ];

    [Theory]
    [InlineData(8)] // seven are left: a template still
    [InlineData(5)] // four are left, which is none: each counts for itself
    public void Where_the_page_that_counts_for_a_site_goes_the_next_takes_its_place(int pages)
    {
        Rank("web", Footers(pages));
        Rank("gone", Footers(pages, without: true));
        Rank("nofollow", Footers(pages, LinkRel.Nofollow));
        foreach (string target in new[] { "t.example", "https://t.example/" })
        {
            Same("gone", target, "--remove", "https://f.example/p0");
            JsonElement told = Program.Run("simulate", target, "--nofollow", "https://f.example/p0", "--tolerance", "1e-9", "--json", "--data", _data.File("web")).Ok().Json.GetProperty("target");
            double exact = Explained("nofollow", target).GetProperty("raw").GetDouble();
            Assert.Equal(exact, told.GetProperty("raw_after").GetDouble(), told.GetProperty("bound").GetDouble() + 1e-6 * exact);
        }
    }

    [Fact]
    public void Links_withheld_already_are_said_to_be()
    {
        Rank("web", Web());
        foreach ((string target, string edit) in new[] { ("t.example", "domain:u.example"), ("https://t.example/", "https://u.example/") })
        {
            JsonElement told = Program.Run("simulate", target, "--nofollow", edit, "--json", "--data", _data.File("web")).Ok().Json;
            Assert.Equal("no effect: its link passes nothing already (nofollow, hidden or the like)", told.GetProperty("edits")[0].GetProperty("note").GetString());
            Assert.Equal(0, told.GetProperty("target").GetProperty("change").GetDouble());
        }
        Assert.Contains("no effect", Program.Run("simulate", "t.example", "--nofollow", "https://u.example/", "--data", _data.File("web")).Ok().Output);
        Assert.Contains("3 changes", Program.Run("simulate", "https://t.example/", "--disavow", "domain:s.example", "--data", _data.File("web")).Ok().Output);
    }
}
