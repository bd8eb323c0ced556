using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using DuckDB.NET.Data;

namespace Backlinks.Tests.Stores;

/// <summary>The file of rows as such: how it is opened, what becomes of a damaged one, and texts that do not fit in memory.</summary>
public sealed class RunRowsTests : IDisposable
{
    private static readonly DateTime Start = new(2025, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private readonly TemporaryFolder _folder = new();

    private DataFolder Data => new(_folder.File("data"));

    public void Dispose() => _folder.Dispose();

    private static PageVisit Page(string url, params LinkObservation[] links) => new() { Url = url, At = Start, Source = "crawl:1", Status = 200, Links = links };

    /// <summary>A run of graphs and store without any scores.</summary>
    private string Write(params PageVisit[] visits)
    {
        using (DuckDbLinkStore store = Data.OpenLinks(readOnly: false))
            store.Write(visits);
        using DataWriter writer = Data.BeginWriting();
        using DuckDbLinkStore read = Data.OpenLinks(readOnly: true);
        string pages = writer.NewGraphFolder("pages"), domains = writer.NewGraphFolder("domains");
        StoreGraphsResult built = StoreGraphs.Build(read, pages, domains, new StoreGraphsOptions { Fold = host => host, FoldName = "host" });
        string pagesId = writer.PublishGraph(pages, built.Pages, makeCurrent: false).Id, domainsId = writer.PublishGraph(domains, built.Domains, makeCurrent: false).Id;
        using LinkGraph pageGraph = Data.OpenGraph(pagesId), domainGraph = Data.OpenGraph(domainsId);
        var run = new RunWriter(writer, domainsId, domainGraph);
        run.AddPageGraph(pagesId, pageGraph);
        RunRows.Write(run, read, pageGraph, domainGraph, new RunRowsOptions { Fold = host => host, Damping = .85 });
        return run.Publish([]);
    }

    [Fact]
    public void A_store_of_nothing_has_tables_of_nothing()
    {
        Write();
        using Run run = Data.OpenRun();
        using RunRows rows = RunRows.Open(run);
        Assert.Equal((0, 0, 0, 0, null), (rows.Domains, rows.Pages, rows.Links, rows.Edges, rows.Now));
        Assert.All(RowsTable.Names[..4], name => Assert.Empty(RowsTable.Read(rows, name).Rows));
    }

    [Fact]
    public void Without_scores_rows_are_there_and_scores_are_not()
    {
        Write(Page("http://a.example/", new LinkObservation { Target = "http://b.example/", Anchor = "b", Zone = Zone.Main }));
        using Run run = Data.OpenRun();
        using RunRows rows = RunRows.Open(run);
        Assert.Equal((2, 2, 1, 1, Start), (rows.Domains, rows.Pages, rows.Links, rows.Edges, rows.Now));
        RowsTable links = RowsTable.Read(rows, "links"), pages = RowsTable.Read(rows, "pages");
        Assert.Equal(["http://a.example/", "http://b.example/", "b", "NULL", "NULL", "0"], new[] { "url_from", "url_to", "anchor", "spam_score", "domain_rating_source", "rank_passed" }.Select(c => links.Text(links.Rows[0], c)));
        Assert.Equal(["0", "1"], pages.Rows.Select(r => pages.Text(r, "node")));
    }

    [Fact]
    public void Any_number_of_readers_share_one_database_that_none_can_change()
    {
        Write(Page("http://a.example/", new LinkObservation { Target = "http://b.example/" }));
        using Run run = Data.OpenRun();
        using RunRows rows = RunRows.Open(run);
        using RunRows again = RunRows.Open(run.RowsPath!);
        Parallel.For(0, 16, i =>
        {
            using DuckDBConnection connection = (i % 2 == 0 ? rows : again).Connect();
            using DuckDBCommand command = connection.CreateCommand();
            command.CommandText = "SELECT count(*) FROM pages";
            Assert.Equal(2L, command.ExecuteScalar());
            command.CommandText = "DELETE FROM pages";
            Assert.ThrowsAny<DuckDBException>(() => command.ExecuteNonQuery());
        });
    }

    [Theory]
    [InlineData("cut off", "damaged")]
    [InlineData("overwritten", "damaged")]
    [InlineData("text", "damaged")]
    [InlineData("empty", "")]
    [InlineData("another database", "no rows of a run")]
    [InlineData("another format", "no rows of a run")]
    [InlineData("newer", "this program reads")]
    [InlineData("missing", "without rows")]
    public void A_file_that_is_not_what_it_should_be_is_refused_with_its_path_and_what_to_do(string what, string problem)
    {
        Write([.. Enumerable.Range(0, 200).Select(i => Page($"http://a{i}.example/", new LinkObservation { Target = $"http://b{i % 7}.example/", Anchor = $"anchor {i}" }))]);
        using Run run = Data.OpenRun();
        string path = run.RowsPath!;
        switch (what)
        {
            case "cut off":
                using (FileStream file = File.OpenWrite(path))
                    file.SetLength(file.Length / 2);
                break;
            case "overwritten":
                using (FileStream file = File.OpenWrite(path))
                {
                    file.Position = 4096;
                    file.Write(new byte[8192]);
                }
                break;
            case "text":
                File.WriteAllText(path, "no database " + new string('x', 20_000));
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "missing":
                File.Delete(path);
                break;
            default:
                if (what == "another database")
                    File.Delete(path);
                using (DuckDBConnection connection = new($"Data Source={path}"))
                {
                    connection.Open();
                    using DuckDBCommand command = connection.CreateCommand();
                    command.CommandText = what switch
                    {
                        "another database" => "CREATE TABLE facts(x INTEGER)",
                        "newer" => "UPDATE facts SET version = version + 1",
                        _ => "UPDATE facts SET format = 'something'",
                    };
                    command.ExecuteNonQuery();
                }
                break;
        }
        StoreException refused = Assert.Throws<StoreException>(() =>
        {
            using RunRows rows = RunRows.Open(run);
            foreach (string name in RowsTable.Names) // what opening does not see is seen by reading
                RowsTable.Read(rows, name);
        });
        Assert.Equal(path, refused.Path);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Contains("rank again", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_and_strange_texts_come_back_as_they_are_however_many()
    {
        // More than the buffer of a bucket holds, so that it goes to a file; lengths about 12, where DuckDB keeps texts otherwise.
        string[] texts = [.. Enumerable.Range(0, 5000).Select(i => i % 5 == 0 ? "" : string.Concat(Enumerable.Repeat(i % 3 == 0 ? "ö" : i % 3 == 1 ? "x" : "日本", i % 60)) + i)];
        Write([.. Enumerable.Range(0, 50).Select(p => Page($"http://a.example/{p}", [.. Enumerable.Range(0, 100).Select(l => p * 100 + l)
            .Select(i => new LinkObservation { Target = $"http://t{i % 13}.example/{i}", Anchor = texts[i], Left = texts[^(i + 1)], Right = i % 7 == 0 ? texts[i] : "" })]))]);
        using Run run = Data.OpenRun();
        using RunRows rows = RunRows.Open(run);
        RowsTable links = RowsTable.Read(rows, "links");
        Assert.Equal(5000, links.Rows.Length);
        foreach (object?[] row in links.Rows)
        {
            int i = int.Parse(links.Text(row, "url_to").Split('/')[^1], System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal((texts[i], texts[^(i + 1)], i % 7 == 0 ? texts[i] : ""), (links.Text(row, "anchor"), links.Text(row, "snippet_left"), links.Text(row, "snippet_right")));
        }
        Assert.True(texts.Sum(Encoding.UTF8.GetByteCount) * 2 > 1 << 18);
    }

    [Fact]
    public void A_graph_that_is_not_of_the_store_is_found_out()
    {
        Write(Page("http://a.example/", new LinkObservation { Target = "http://b.example/" }));
        using Run run = Data.OpenRun();
        using (DuckDbLinkStore store = Data.OpenLinks(readOnly: false))
            store.Write([Page("http://c.example/", new LinkObservation { Target = "http://b.example/" })]);
        using DataWriter writer = Data.BeginWriting();
        using DuckDbLinkStore read = Data.OpenLinks(readOnly: true);
        var other = new RunWriter(writer, run.Ranked.Id, run.Graph);
        Exception refused = Assert.ThrowsAny<Exception>(() => RunRows.Write(other, read, run.Pages!.Graph, run.Graph, new RunRowsOptions { Fold = host => host, Damping = .85 }));
        Assert.Contains("not of this store", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_say_where_pages_and_domains_are()
    {
        Write([.. Enumerable.Range(0, 200).Select(i => Page($"http://a{i % 60}.example/{i}", new LinkObservation { Target = $"http://b{i % 7}.example/?{i}" })),
            .. new[] { Granularity.Host, Granularity.Domain }.Select(g => Page("b3.example", new LinkObservation { Target = "b4.example" }) with { Granularity = g, Source = "report:1" })]);
        using Run run = Data.OpenRun();
        using RunRows rows = RunRows.Open(run);
        using RowKeys keys = new(run.Folder, rows.Pages, rows.Domains);
        RowsTable pages = RowsTable.Read(rows, "pages"), domains = RowsTable.Read(rows, "domains");
        byte[][] all = [.. pages.Rows.Select(r => Encoding.UTF8.GetBytes(pages.Text(r, "page_key")))];
        Assert.Contains(all.Zip(all.Skip(1)), pair => pair.First.AsSpan().SequenceEqual(pair.Second)); // a host and a domain of one name
        foreach (byte[] key in all.SelectMany(key => new[] { key, [.. key, key.Contains((byte)9) ? (byte)0 : (byte)2], [.. key, (byte)'\n'], key[..^1], [.. key[..^1], 255] }).Append([]))
            Assert.Equal((uint)all.Count(k => k.AsSpan().SequenceCompareTo(key) < 0), keys.PagesBelow(key));
        for (int domain = 0; domain < rows.Domains; domain++)
        {
            Assert.Equal((uint)domain, keys.FindDomain(Encoding.UTF8.GetBytes(domains.Text(domains.Rows[domain], "domain_key"))));
            List<uint> own = [.. Enumerable.Range(0, all.Length).Where(p => pages.Text(pages.Rows[p], "domain_no") == $"{domain}").Select(p => (uint)p)];
            Assert.Equal((own[0], own[^1], (uint)own.Count), keys.PagesOf((uint)domain));
            Assert.All(own, page => Assert.Equal((uint)domain, keys.DomainOf(page)));
        }
        Assert.Null(keys.FindDomain("example.nobody"u8));
    }

    [Theory]
    [InlineData("pages/names.npy", "gone")]
    [InlineData("domains/name_blocks.npy", "cut")]
    [InlineData("page_domains.npy", "cut")]
    [InlineData("pages/name_blocks.npy", "of others")]
    [InlineData("page_domains.npy", "of others")]
    public void Keys_that_are_not_those_of_the_rows_are_refused(string file, string what)
    {
        Write([.. Enumerable.Range(0, 40).Select(i => Page($"http://a{i}.example/", new LinkObservation { Target = $"http://b{i % 7}.example/" }))]);
        using Run run = Data.OpenRun();
        string path = Path.Combine(run.Folder, RowKeys.FolderName, file);
        if (what == "cut")
            using (FileStream cut = File.OpenWrite(path))
                cut.SetLength(cut.Length - 3);
        else
            File.Delete(path);
        if (what == "of others" && file.Contains("blocks", StringComparison.Ordinal))
            NpyWriter<long>.WriteAll(path, [0L, 5L], "another");
        else if (what == "of others")
            NpyWriter<uint>.WriteAll(path, [0u, 1u], "another");
        using RunRows rows = RunRows.Open(run);
        Assert.Contains("rank again", Assert.Throws<StoreException>(() => new RowKeys(run.Folder, rows.Pages, rows.Domains)).Message, StringComparison.Ordinal);
    }
}
