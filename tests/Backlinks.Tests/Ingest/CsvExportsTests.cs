using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests;

/// <summary>Backlink exports of other tools, told by their columns; the rows are those of datasets/tiny/exports.</summary>
public sealed class CsvExportsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ahrefs.csv", "ahrefs", 4, 0)]
    [InlineData("ahrefs-2019.csv", "ahrefs", 3, 0)]
    [InlineData("majestic.csv", "majestic", 3, 0)]
    [InlineData("semrush.csv", "semrush", 4, 2)]
    [InlineData("moz.csv", "moz", 3, 0)]
    [InlineData("seedbank.example-Latest links-2024-11-20.csv", "search-console", 2, 0)]
    [InlineData("seedbank.example-Top linking sites-2024-11-20.csv", "search-console-sites", 2, 0)]
    public void Each_export_is_told_by_its_columns(string file, string kind, int links, int quarantined)
    {
        string path = Inputs.Dataset("tiny", "exports", file);
        Assert.Equal(VisitFormat.Csv, VisitImport.Detect(path));
        VisitsInMemory store = new();
        VisitImportResult result = Import(path, store);
        Assert.Equal((links, quarantined), ((int)result.Links, (int)result.Quarantined));
        Assert.Equal(kind, Assert.Single(store.Sources()).Kind);
        Assert.All(store.All, v => Assert.Equal(VisitOutcome.Reported, v.Outcome));
        Assert.All(store.All.SelectMany(v => v.Links), l => Assert.Contains("seedbank.example", l.Target, StringComparison.Ordinal));
        Assert.Equal(1, Import(path, store).AlreadyImported);
    }

    [Fact]
    public void A_row_of_Ahrefs_keeps_anchor_context_rel_and_dates()
    {
        VisitsInMemory store = new();
        Import(Inputs.Dataset("tiny", "exports", "ahrefs.csv"), store);
        PageVisit first = store.All[0];
        Assert.Equal(("https://garden.example/calendar", "Sowing calendar", "en", Utc(2024, 11, 20, 19, 4, 11)), (first.Url, first.Title, first.Language, first.At));
        LinkObservation link = Assert.Single(first.Links);
        Assert.Equal(("https://seedbank.example/beans", "bean guide", "before you sow, read the", "by the seed bank"), (link.Target, link.Anchor, link.Left, link.Right));
        Assert.Equal((LinkKind.Anchor, LinkRel.None), (link.Kind, link.Rel));
        Assert.Equal((Utc(2023, 4, 2, 8, 15, 30), Utc(2024, 11, 20, 19, 4, 11)), (link.FirstSeen, link.LastSeen));
        PageVisit image = store.All[1];
        Assert.Equal(("https://blog.example/list?page=2", "A list, with \"quotes\" and a second line"), (image.Url, image.Title));
        Assert.Equal((LinkKind.Anchor, LinkRel.Nofollow | LinkRel.Ugc | LinkRel.AnchorIsAlt, "Saatgutbank – für Gärten"),
            (image.Links[0].Kind, image.Links[0].Rel, image.Links[0].Anchor));
        Assert.Equal((Utc(2021, 7, 8, 9, 10, 11), LostReason.PageGone, LinkRel.Sponsored), (store.All[2].Links[0].LostAt, store.All[2].Links[0].LostReason, store.All[2].Links[0].Rel));
        Assert.Equal((null, LostReason.None), (store.All[3].Links[0].LostAt, store.All[3].Links[0].LostReason)); // a crawl error is no loss
    }

    [Fact]
    public void Older_names_of_Ahrefs_columns_mean_the_same()
    {
        VisitsInMemory store = new();
        Import(Inputs.Dataset("tiny", "exports", "ahrefs-2019.csv"), store);
        Assert.Equal([(LinkKind.Anchor, LinkRel.None), (LinkKind.Anchor, LinkRel.Nofollow), (LinkKind.Redirect, LinkRel.None)], store.All.Select(v => (v.Links[0].Kind, v.Links[0].Rel)));
        Assert.Equal(("read the", "bean guide", "first", (DateTime?)Utc(2019, 8, 9, 10, 11, 12)), (store.All[0].Links[0].Left, store.All[0].Links[0].Anchor, store.All[0].Links[0].Right, store.All[0].Links[0].LastSeen));
    }

    [Fact]
    public void Majestic_tells_losses_and_its_mentions_are_no_links()
    {
        VisitsInMemory store = new();
        VisitImportResult result = Import(Inputs.Dataset("tiny", "exports", "majestic.csv"), store);
        Assert.Equal((4, 1), (result.Records, result.Skipped));
        Assert.Equal([LinkRel.None, LinkRel.Nofollow | LinkRel.AnchorIsAlt, LinkRel.None], store.All.Select(v => v.Links[0].Rel));
        Assert.Equal((Utc(2020, 6, 7), LostReason.PageGone), (store.All[2].Links[0].LostAt, store.All[2].Links[0].LostReason));
    }

    [Fact]
    public void Rows_of_one_page_are_one_visit_and_bad_rows_are_listed_with_their_line()
    {
        VisitsInMemory store = new();
        VisitImportResult result = Import(Inputs.Dataset("tiny", "exports", "semrush.csv"), store);
        Assert.Equal([1, 2, 1], store.All.Select(v => v.Links.Count));
        Assert.Equal((LinkKind.Frame, Utc(2024, 11, 20)), (store.All[2].Links[0].Kind, store.All[2].Links[0].LostAt));
        string[] listed = File.ReadAllLines(result.QuarantineFile!);
        Assert.Equal(2, listed.Length);
        Assert.Contains("\"line\":6,\"problem\":\"has 20 fields where the header has 19\"", listed[0], StringComparison.Ordinal);
        Assert.Contains("\"line\":7,", listed[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Search_Console_needs_to_be_told_the_site_unless_its_file_name_says_it()
    {
        VisitsInMemory store = new();
        string latest = Inputs.Dataset("tiny", "exports", "seedbank.example-Latest links-2024-11-20.csv"), renamed = _folder.File("links.csv");
        Import(latest, store);
        Assert.Equal(["https://garden.example/calendar", "https://blog.example/a,b"], store.All.Select(v => v.Url));
        Assert.All(store.All, v => Assert.Equal(("https://seedbank.example/", LinkKind.Reported), (v.Links[0].Target, v.Links[0].Kind)));
        File.Copy(latest, renamed);
        Assert.Contains("--site", Assert.Throws<ImportException>(() => Import(renamed, store)).Message, StringComparison.Ordinal);
        Import(renamed, store, "http://seedbank.example/shop");
        Assert.Equal("http://seedbank.example/shop", store.All[^1].Links[0].Target);
        Assert.Throws<ImportException>(() => Import(renamed, store, "no site"));
        Import(Inputs.Dataset("tiny", "exports", "seedbank.example-Top linking sites-2024-11-20.csv"), store);
        Assert.Equal((Granularity.Domain, "blog.example", "seedbank.example"), (store.All[^1].Granularity, store.All[^1].Url, store.All[^1].Links[0].Target));
    }

    [Fact]
    public void Unknown_columns_name_the_nearest_export_and_what_is_missing()
    {
        ImportException error = Assert.Throws<ImportException>(() => VisitImport.Detect(Write("a.csv", "Referring page title,Referring page URL,Anchor,UR,First seen\nx,https://a.example/,b,1,2024-01-01\n")));
        Assert.Contains("Ahrefs", error.Message, StringComparison.Ordinal);
        Assert.Contains("'Target URL' is missing", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ImportException>(() => VisitImport.Detect(Write("b.csv", "Name,Street,Town,Country\na,b,c,d\n")));
        Assert.Contains("no known backlink export", error.Message, StringComparison.Ordinal);
        Assert.Null(VisitImport.Detect(Write("edges.csv", "source,target,weight\na.example,b.example,3\n")));
        Assert.Null(VisitImport.Detect(Write("edges.txt", "0 1\n1 2\n")));
    }

    [Fact]
    public void The_form_of_the_text_does_not_matter()
    {
        const string rows = "Source url,Target url,Anchor,Page ascore,First seen,Last seen\nhttps://a.example/,https://b.example/,ü,1,2024-01-01,2024-02-01\n\nhttps://c.example/,https://b.example/,\"two\nlines\",1,\"Feb 3, 2024\",02/25/2024\n";
        foreach (byte[] bytes in new[] { Encoding.UTF8.GetBytes(rows), [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(rows)], [0xff, 0xfe, .. Encoding.Unicode.GetBytes(rows)],
            [0xfe, 0xff, .. Encoding.BigEndianUnicode.GetBytes(rows)], Encoding.UTF8.GetBytes(rows.Replace("\n", "\r\n", StringComparison.Ordinal)), Encoding.UTF8.GetBytes("sep=,\n" + rows.TrimEnd('\n')), WarcWriter.Gzip(Encoding.UTF8.GetBytes(rows)) })
        {
            string path = _folder.File("form.csv");
            File.WriteAllBytes(path, bytes);
            VisitsInMemory store = new();
            Assert.Equal(0, Import(path, store).Quarantined);
            Assert.Equal(["ü", "two lines"], store.All.Select(v => v.Links[0].Anchor));
            Assert.Equal(Utc(2024, 2, 25), store.All[1].At);
        }
    }

    [Fact]
    public void A_quote_that_is_never_closed_costs_its_own_row()
    {
        StringBuilder text = new("Source url,Target url,Anchor,Page ascore\n");
        for (int i = 0; i < 300; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"https://a.example/{i},https://b.example/,{(i == 100 ? "\"open" : "x")},1\n");
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("open.csv", text.ToString()), store);
        Assert.Equal((299, 1), (store.All.Count, (int)result.Quarantined));
        Assert.Contains("line 102:", result.FirstProblem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_import_of_rows_goes_on_where_it_was()
    {
        StringBuilder text = new("Source url,Target url,Anchor,Page ascore,Last seen\n");
        for (int i = 0; i < 30_000; i++)
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"https://a.example/{i},https://b.example/,{(i % 9999 == 77 ? "a,b" : "x")},1,2024-01-01\n");
        string path = Write("long.csv", text.ToString());
        VisitsInMemory store = new() { BeforeWrite = n => { if (n == 2) throw new IOException("killed"); } };
        VisitImportOptions options = new() { BatchVisits = 100, Quarantine = _folder.File("quarantine") };
        Assert.Throws<IOException>(() => VisitImport.Import(path, store, options));
        int kept = store.All.Count;
        Assert.InRange(kept, 1, 29_990);
        store.BeforeWrite = null;
        VisitImportResult rest = VisitImport.Import(path, store, options, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(29_997, store.All.Count);
        Assert.Equal(29_997, store.All.Select(v => v.Url).Distinct().Count());
        Assert.Equal(29_997 - kept, rest.Pages);
        Assert.Equal(3, File.ReadAllLines(rest.QuarantineFile!).Length);
    }

    private VisitImportResult Import(string path, VisitsInMemory store, string? site = null) =>
        VisitImport.Import(path, store, new() { Quarantine = _folder.File("quarantine"), Site = site }, cancel: TestContext.Current.CancellationToken);

    private string Write(string name, string text)
    {
        File.WriteAllText(_folder.File(name), text);
        return _folder.File(name);
    }

    private static DateTime Utc(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) => new(year, month, day, hour, minute, second, DateTimeKind.Utc);
}
