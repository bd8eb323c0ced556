using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backlinks.Cli;
using Backlinks.Evaluation;

namespace Backlinks.Tests.Cli;

public sealed class EvalClicksTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private string Folder(string links, string clicks, string? texts = null)
    {
        string folder = _data.NewFolder();
        void Write(string name, string text)
        {
            using var zip = new GZipStream(File.Create(Path.Combine(folder, name)), CompressionLevel.Fastest);
            zip.Write(Encoding.UTF8.GetBytes(text));
        }
        Write("links.tsv.gz", links);
        Write("clicks_given.tsv.gz", clicks);
        if (texts is not null)
            Write("texts.jsonl.gz", texts);
        return folder;
    }

    private const string FiveLinks = "# source\ttarget\tplace\nS\tA\t0\nS\tB\t0.5\nS\tC\t1\nS\tD_%28x%29\t-\nS\tE\t0\n";

    [Fact]
    public void A_few_clicks_cost_what_a_hand_finds()
    {
        // 16 clicks on A, 8 on C. Uniform: log2 5 each. exp(-2p): 1, e^-1, e^-2, e^-1.2, 1.
        string folder = Folder(FiveLinks, "S\tA\t16\nS\tC\t8\nZ\tA\t100\n");
        JsonElement json = Program.Run("eval", "clicks", folder, "--json", "--resamples", "20").Ok().Json;
        Assert.Equal((1, 24), (json.GetProperty("sources").GetInt32(), json.GetProperty("clicks").GetInt32()));
        double Bits(string name) => json.GetProperty("weights").EnumerateArray().First(w => w.GetProperty("name").GetString() == name).GetProperty("bits_per_click").GetDouble();
        Assert.Equal(Math.Log2(5), Bits("uniform"), 1e-9);
        double all = 2 + Math.Exp(-1) + Math.Exp(-2) + Math.Exp(-1.2);
        Assert.Equal(-(16 * Math.Log2(1 / all) + 8 * Math.Log2(Math.Exp(-2) / all)) / 24, Bits("exp(-2*p)"), 1e-9);
        double floored = 2 + Math.Exp(-1) + .25 + Math.Exp(-1); // no texts: relevance is .75 for all
        Assert.Equal(-(16 * Math.Log2(1 / floored) + 8 * Math.Log2(.25 / floored)) / 24, Bits("default"), 1e-6);
        Assert.Equal(Math.Log2(5), Bits("default without position"), 1e-6);
        Assert.Equal(Bits("default"), Bits("default without rel"));
    }

    [Fact]
    public void The_data_give_the_published_numbers_and_the_default_reaches_the_bar()
    {
        string folder = SharedData.Require("wikispeedia");
        WikispeediaClicks clicks = WikispeediaClicks.Read(folder);
        var bits = new ClickBits(clicks, resamples: 20);
        JsonElement given = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json"))).RootElement.GetProperty("given");
        Assert.Equal((given.GetProperty("evaluated_sources").GetInt32(), given.GetProperty("evaluated_clicks").GetInt64()), (bits.Sources.Count, bits.Clicks));
        JsonElement expected = given.GetProperty("bits_per_click");
        Assert.Equal(expected.GetProperty("uniform").GetDouble(), bits.Measure((_, _) => 1).Bits, 1e-5);
        foreach (double decay in new[] { .5, 1, 1.5, 2, 2.5, 3 })
            Assert.Equal(expected.GetProperty(string.Create(CultureInfo.InvariantCulture, $"exp(-{decay}*p)")).GetDouble(), bits.Measure((_, l) => EvalClicks.Decay(l, decay)).Bits, 1e-5);
        var findings = EvalClicks.Run(folder, [], 20, 1, null, CancellationToken.None).Findings.ToDictionary(f => f.Name, f => f.Finding);
        Assert.True(findings["default"].Saved >= 3.5, $"{findings["default"]}");
        Assert.True(findings["default without relevance"].Bits > findings["default"].Bits);
        Assert.True(findings["default without position"].Bits > findings["default"].Bits + .1);
        Assert.True(findings["popularity"].Bits > findings["uniform"].Bits - .05, "popularity is no help");
    }

    [Theory]
    [InlineData("S\tA\n", "S\tA\t1\n", "line 1: wants 3 columns")]
    [InlineData("S\tA\t2\n", "S\tA\t1\n", "line 1: the place in the text must be 0 to 1 or '-', not '2'")]
    [InlineData("S\tA\t0\n", "S\tA\t-1\n", "clicks must be a whole number of at least 0, not '-1'")]
    [InlineData("S\tA\t0\n", "S\tA\t1\n", "no page has 5 links and 20 clicks")]
    public void Bad_data_end_in_one_line(string links, string clicks, string problem) =>
        Assert.Contains(problem, Program.Run("eval", "clicks", Folder(links, clicks)).Fails(), StringComparison.Ordinal);

    [Fact]
    public void What_cannot_be_measured_is_said()
    {
        Assert.Contains("there are no clicks here", Program.Run("eval", "clicks", _data.NewFolder()).Fails(), StringComparison.Ordinal);
        Assert.Contains("there are no clicks here", Program.Run("eval", "clicks", _data.File("nowhere")).Fails(), StringComparison.Ordinal);
        string folder = Folder(FiveLinks, "S\tA\t20\n");
        Assert.Contains("resamples must be 20 to 100,000", Program.Run("eval", "clicks", folder, "--resamples", "1").Fails(2), StringComparison.Ordinal);
        Assert.Contains("'strict' is none of default", Program.Run("eval", "clicks", folder, "--profile", "strict").Fails(2), StringComparison.Ordinal);
        string mine = _data.File("mine.json");
        File.WriteAllText(mine, """{ "zone": { "footer": -1 } }""");
        Assert.Contains("zone.footer is -1, but must be 0 to 1", Program.Run("eval", "clicks", folder, "--profile", mine).Fails(), StringComparison.Ordinal);
        File.WriteAllText(mine, """{ "position": { "decay": 0 } }""");
        Assert.Contains("mine without relevance", Program.Run("eval", "clicks", folder, "--profile", mine, "--csv", "--resamples", "20").Ok().Output, StringComparison.Ordinal);
    }
}
