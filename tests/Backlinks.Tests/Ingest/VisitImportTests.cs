using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Archives on their way into a store: what becomes a visit, what is left out, what happens when it stops midway.</summary>
public sealed class VisitImportTests : IDisposable
{
    private static readonly DateTime At = new(2024, 5, 18, 1, 58, 10, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Packing.Plain)]
    [InlineData(Packing.Members)]
    [InlineData(Packing.OneMember)]
    public void Responses_become_visits_however_the_file_is_packed(Packing packing)
    {
        WarcWriter warc = new(packing);
        warc.Record("warcinfo", "", "application/warc-fields", "software: tests"u8.ToArray(), At);
        warc.Record("request", "http://a.example/", "application/http; msgtype=request", "GET / HTTP/1.1\r\n\r\n"u8.ToArray(), At);
        warc.Response("http://a.example/", WarcWriter.Page("http://b.example/", "/c"), At, digest: true);
        warc.Response("<http://a.example/c>", WarcWriter.Http("404 Not Found", []), At);
        warc.Response("http://a.example/d", WarcWriter.Http("301 Moved", [], "Location: /e"), At);
        warc.Record("response", "dns:a.example", "text/dns", "20240518\na.example. 1 IN A 192.0.2.1\n"u8.ToArray(), At);
        warc.Record("resource", "http://a.example/r", "text/html", "<a href='http://b.example/r'>r</a>"u8.ToArray(), At);
        warc.Record("revisit", "http://a.example/v", "application/http; msgtype=response", "HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), At);
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("a.warc.gz", warc.ToArray()), store);
        Assert.Equal((8, 5, 3, 0), (result.Records, result.Pages, result.Skipped, result.Quarantined));
        Assert.Equal(["http://a.example/", "http://a.example/c", "http://a.example/d", "http://a.example/r", "http://a.example/v"], store.All.Select(v => v.Url));
        Assert.Equal([VisitOutcome.Fetched, VisitOutcome.Gone, VisitOutcome.Redirected, VisitOutcome.Fetched, VisitOutcome.NotModified], store.All.Select(v => v.Outcome));
        Assert.Equal(["http://b.example/", "http://a.example/c"], store.All[0].Links.Select(l => l.Target));
        Assert.All(store.All, v => Assert.Equal(At, v.At));
        Assert.All(store.All, v => Assert.StartsWith("warc:a.warc.gz#", v.Source, StringComparison.Ordinal));
        StoredSource source = Assert.Single(store.Sources());
        Assert.Equal(("warc", new FileInfo(_folder.File("a.warc.gz")).Length, true), (source.Kind, source.Position, source.Ended is not null));
    }

    [Fact]
    public void Bodies_are_freed_of_chunks_and_codings()
    {
        byte[] html = Encoding.UTF8.GetBytes($"<a href=\"http://b.example/\">b</a>{new string(' ', 3000)}");
        WarcWriter warc = new(Packing.Members);
        warc.Response("http://a.example/gzip", WarcWriter.Http("200 OK", WarcWriter.Gzip(html), "Content-Encoding: gzip"), At);
        warc.Response("http://a.example/br", WarcWriter.Http("200 OK", Brotli(html), "Content-Encoding: br"), At);
        warc.Response("http://a.example/chunks", WarcWriter.Http("200 OK", Chunked(html), "Transfer-Encoding: chunked"), At);
        warc.Response("http://a.example/both", WarcWriter.Http("200 OK", Chunked(WarcWriter.Gzip(html)), "Transfer-Encoding: chunked", "Content-Encoding: gzip"), At);
        warc.Response("http://a.example/undone", WarcWriter.Http("200 OK", html, "Transfer-Encoding: chunked", "Content-Encoding: gzip", "Content-Length: 99999"), At);
        warc.Response("http://a.example/cut-chunks", WarcWriter.Http("200 OK", Chunked(html)[..^40], "Transfer-Encoding: chunked"), At);
        warc.Response("http://a.example/cut-gzip", WarcWriter.Http("200 OK", WarcWriter.Gzip(html)[..^9], "Content-Encoding: gzip"), At);
        warc.Response("http://a.example/short", WarcWriter.Http("200 OK", html, "Content-Length: 99999"), At);
        VisitsInMemory store = new();
        Import(Write("codings.warc.gz", warc.ToArray()), store);
        Assert.Equal(8, store.All.Count);
        Assert.All(store.All, v => Assert.Equal(("http://b.example/", v.Url), (Assert.Single(v.Links).Target, v.Url)));
        Assert.All(store.All[..5], v => Assert.Equal((v.Url, VisitOutcome.Fetched), (v.Url, v.Outcome)));
        Assert.All(store.All[5..], v => Assert.Equal((v.Url, VisitOutcome.Truncated), (v.Url, v.Outcome)));
    }

    [Fact]
    public void A_page_that_the_archive_cut_is_truncated_and_a_wrong_digest_leaves_it_out()
    {
        WarcWriter warc = new(Packing.Members);
        byte[] page = WarcWriter.Page("http://b.example/");
        warc.Response("http://a.example/cut", page, At, digest: true, ("WARC-Truncated", "length"));
        warc.Response("http://a.example/hex", page, At, digest: false, ("WARC-Block-Digest", WarcWriter.Digest(page, hex: true)));
        warc.Response("http://a.example/wrong", page, At, digest: false, ("WARC-Block-Digest", WarcWriter.Digest([1, 2])));
        warc.Response("http://a.example/unknown", page, At, digest: false, ("WARC-Block-Digest", "blake9:abc"));
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("digests.warc.gz", warc.ToArray()), store);
        Assert.Equal([VisitOutcome.Truncated, VisitOutcome.Fetched, VisitOutcome.Fetched], store.All.Select(v => v.Outcome));
        Assert.Equal(1, result.Quarantined);
        using JsonDocument entry = JsonDocument.Parse(Assert.Single(File.ReadAllLines(result.QuarantineFile!)));
        Assert.Equal(warc.Offsets[2], entry.RootElement.GetProperty("offset").GetInt64());
        Assert.Equal("http://a.example/wrong", entry.RootElement.GetProperty("about").GetString());
        Assert.Contains("digest", entry.RootElement.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(4, Import(_folder.File("digests.warc.gz"), new VisitsInMemory(), o => o with { CheckDigests = false }).Pages);
    }

    [Theory]
    [InlineData(Packing.Plain)]
    [InlineData(Packing.Members)]
    [InlineData(Packing.OneMember)]
    public void What_came_before_a_cut_is_kept_and_the_cut_is_told_with_its_place(Packing packing)
    {
        WarcWriter warc = Pages(packing, 20);
        byte[] whole = warc.ToArray();
        int cut = packing == Packing.OneMember ? whole.Length * 3 / 4 : (int)warc.Offsets[15] + 30;
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("cut.warc.gz", whole[..cut]), store);
        Assert.Equal(1, result.Quarantined);
        Assert.InRange(store.All.Count, packing == Packing.OneMember ? 5 : 15, packing == Packing.OneMember ? 19 : 15);
        Assert.All(store.All, v => Assert.Equal(VisitOutcome.Fetched, v.Outcome));
        Assert.Contains("cut.warc.gz: at byte ", result.FirstProblem, StringComparison.Ordinal);
        Assert.Contains("cut short", result.FirstProblem, StringComparison.Ordinal);
        if (packing != Packing.OneMember)
            Assert.Contains($"at byte {warc.Offsets[15]}:", result.FirstProblem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_member_costs_its_record_only()
    {
        WarcWriter warc = Pages(Packing.Members, 20);
        byte[] bytes = warc.ToArray();
        bytes[(int)warc.Offsets[7] + 60] ^= 0x55;
        bytes[(int)warc.Offsets[12]] = 0; // no header any more
        bytes[(int)warc.Offsets[15] - 6] ^= 1; // the checksum of member 14
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("damaged.warc.gz", bytes), store);
        Assert.Equal(3, result.Quarantined);
        Assert.Equal(Enumerable.Range(0, 20).Except([7, 12, 14]).Select(i => $"http://a.example/{i}"), store.All.Select(v => v.Url));
        Assert.Equal([warc.Offsets[7], warc.Offsets[12], warc.Offsets[14]], File.ReadAllLines(result.QuarantineFile!).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("offset").GetInt64()));
    }

    [Fact]
    public void Pages_of_a_damaged_member_that_holds_many_remove_nothing_unless_a_digest_vouches_for_them()
    {
        WarcWriter warc = new(Packing.OneMember);
        warc.Response("http://a.example/1", WarcWriter.Page("http://b.example/"), At);
        warc.Response("http://a.example/2", WarcWriter.Page("http://b.example/"), At, digest: true);
        byte[] bytes = warc.ToArray();
        bytes[^6] ^= 1; // of the checksum
        VisitsInMemory store = new();
        VisitImportResult result = Import(Write("one.warc.gz", bytes), store);
        Assert.Equal(1, result.Quarantined);
        Assert.Equal([VisitOutcome.Truncated, VisitOutcome.Fetched], store.All.Select(v => v.Outcome));
    }

    [Theory]
    [InlineData(Packing.Plain)]
    [InlineData(Packing.Members)]
    [InlineData(Packing.OneMember)]
    public void A_killed_import_goes_on_where_it_was_and_ends_the_same(Packing packing)
    {
        WarcWriter warc = Pages(packing, 5000);
        warc.Record("response", "http://a.example/bad", "application/http", "no response"u8.ToArray(), At);
        string path = Write("many.warc.gz", warc.ToArray());
        VisitsInMemory whole = new();
        VisitImportResult all = Import(path, whole, o => o with { Quarantine = null });
        VisitsInMemory store = new() { BeforeWrite = n => { if (n is 1 or 3) throw new IOException("killed"); } };
        VisitImportOptions small = Options() with { BatchVisits = 1000 };
        Assert.Throws<IOException>(() => VisitImport.Import(path, store, small));
        Assert.Null(Assert.Single(store.Sources()).Ended);
        int kept = store.All.Count;
        Assert.InRange(kept, 1, 4999);
        store.BeforeWrite = null;
        VisitImportResult rest = VisitImport.Import(path, store, small, cancel: TestContext.Current.CancellationToken);
        Assert.Equal(whole.All.Select(v => (v.Url, v.Links.Count)), store.All.Select(v => (v.Url, v.Links.Count)));
        Assert.Equal(all.Pages - kept, rest.Pages); // nothing was read again
        Assert.Equal(0, rest.Repeated);
        Assert.Equal(1, rest.Quarantined);
        Assert.Single(File.ReadAllLines(rest.QuarantineFile!));
    }

    [Fact]
    public void The_same_file_twice_changes_nothing()
    {
        string path = Write("twice.warc.gz", Pages(Packing.Members, 30).ToArray());
        VisitsInMemory store = new();
        Import(path, store);
        int transactions = store.Transactions;
        Assert.Equal((1, 0, 0), Import(path, store) is var second ? (second.AlreadyImported, second.Files, (int)second.Pages) : default);
        Assert.Equal(transactions, store.Transactions);
        VisitImportResult again = Import(path, store, o => o with { Again = true });
        Assert.Equal((30, 30), (again.Pages, again.Repeated));
        Assert.Equal(30, store.All.Count);
        File.Move(path, Path.Combine(_folder.NewFolder(), "twice.warc.gz"));
    }

    [Fact]
    public void The_result_does_not_depend_on_the_number_of_threads()
    {
        string path = Write("threads.warc.gz", Pages(Packing.Members, 3000).ToArray());
        VisitsInMemory one = new(), five = new();
        Import(path, one, o => o with { Threads = 1 });
        Import(path, five, o => o with { Threads = 5, BatchVisits = 100 });
        Assert.Equal(one.All.Select(v => v.Url), five.All.Select(v => v.Url));
    }

    [Fact]
    public void The_files_of_a_folder_come_in_the_order_of_their_names()
    {
        string folder = _folder.NewFolder();
        foreach (string name in new[] { "b.warc.gz", "a.warc", "c.arc" })
        {
            WarcWriter writer = new(name.EndsWith("gz", StringComparison.Ordinal) ? Packing.Members : Packing.Plain);
            if (name == "c.arc")
            {
                writer.ArcHeader();
                writer.ArcResponse("http://c.example/", WarcWriter.Page("http://b.example/"), At);
            }
            else
                writer.Response($"http://{name[0]}.example/", WarcWriter.Page("http://b.example/"), At);
            File.WriteAllBytes(Path.Combine(folder, name), writer.ToArray());
        }
        File.WriteAllText(Path.Combine(folder, "README"), "notes");
        VisitsInMemory store = new();
        VisitImportResult result = Import(folder, store);
        Assert.Equal((3, 1, 3), (result.Files, result.Unknown, (int)result.Pages));
        Assert.Equal(["http://a.example/", "http://b.example/", "http://c.example/"], store.All.Select(v => v.Url));
        Assert.Throws<ImportException>(() => Import(_folder.NewFolder(), store));
        Assert.Throws<ImportException>(() => Import(_folder.File("none"), store));
    }

    [Fact]
    public void An_import_can_be_cancelled()
    {
        string path = Write("cancelled.warc.gz", Pages(Packing.Members, 10).ToArray());
        Assert.ThrowsAny<OperationCanceledException>(() => VisitImport.Import(path, new VisitsInMemory(), Options(), cancel: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Real_archives_are_read_to_the_last_response()
    {
        VisitsInMemory store = new();
        VisitImportResult result = VisitImport.Import(SharedData.Require("warc", "aut-example.warc.gz"), store, Options(), cancel: TestContext.Current.CancellationToken);
        Assert.Equal((822, 0), (result.Records, result.Quarantined));
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("warc", "expected.json")));
        JsonElement expected = facts.RootElement.GetProperty("files").GetProperty("aut-example.warc.gz");
        Assert.Equal(expected.GetProperty("http_status").EnumerateObject().ToDictionary(p => int.Parse(p.Name, System.Globalization.CultureInfo.InvariantCulture), p => p.Value.GetInt32()),
            store.All.CountBy(v => v.Status).ToDictionary());
        Assert.Equal(expected.GetProperty("html_200_responses").GetInt32(), store.All.Count(v => v.Status == 200 && v.ContentType.Contains("html", StringComparison.Ordinal)));
        Assert.All(store.All, v => Assert.NotEqual(VisitOutcome.Truncated, v.Outcome));
        VisitsInMemory read = new(); // as pages are read for the store
        Import(SharedData.Require("warc", "aut-example.warc.gz"), read, o => o with { Read = PageReader.Read });
        Assert.InRange(read.All.Count(v => v.Outcome == VisitOutcome.Fetched), 85, expected.GetProperty("html_200_responses").GetInt32());
        Assert.True(read.All.Sum(v => v.Links.Count) > 30_000);
    }

    private static WarcWriter Pages(Packing packing, int count)
    {
        WarcWriter warc = new(packing);
        for (int i = 0; i < count; i++)
            warc.Response($"http://a.example/{i}", WarcWriter.Page($"http://b.example/{i * 7919}", $"/{i + 1}"), At.AddSeconds(i));
        return warc;
    }

    private VisitImportOptions Options() => new() { Quarantine = _folder.File("quarantine"), Read = PlainPages.Read };

    private VisitImportResult Import(string path, VisitsInMemory store, Func<VisitImportOptions, VisitImportOptions>? change = null) =>
        VisitImport.Import(path, store, change?.Invoke(Options()) ?? Options(), cancel: TestContext.Current.CancellationToken);

    private string Write(string name, byte[] bytes)
    {
        string path = _folder.File(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Chunked(byte[] body) =>
        [.. Encoding.ASCII.GetBytes($"{body.Length / 2:x};extension=1\r\n"), .. body[..(body.Length / 2)], .. "\r\n"u8,
            .. Encoding.ASCII.GetBytes($"{body.Length - body.Length / 2:X}\r\n"), .. body[(body.Length / 2)..], .. "\r\n0\r\n\r\n"u8];

    private static byte[] Brotli(byte[] body)
    {
        MemoryStream packed = new();
        using (BrotliStream brotli = new(packed, CompressionLevel.Fastest))
            brotli.Write(body);
        return packed.ToArray();
    }
}

/// <summary>A page reader that sees no more than <c>href</c>: tests of importers do not depend on how pages are read.</summary>
internal static class PlainPages
{
    public static PageVisit Read(PageResponse response, PageReaderOptions options)
    {
        string text = Encoding.UTF8.GetString(response.Body.Span);
        List<LinkObservation> links = [];
        for (int at = 0; (at = text.IndexOf("href=", at, StringComparison.Ordinal)) >= 0;)
        {
            at += 6;
            int end = at <= text.Length ? text.IndexOf(text[at - 1], at) : -1;
            if (end < 0)
                break;
            if (WebUrl.TryParse(text[at..end], response.Url) is { IsHttp: true } target)
                links.Add(new LinkObservation { Target = target.PageKey, Href = text[at..end] });
        }
        return new PageVisit
        {
            Url = response.Url.PageKey,
            At = response.At,
            Source = response.Source,
            Status = response.Status,
            ContentType = response.Fields.Get("Content-Type") ?? "",
            Outcome = response.Status switch
            {
                404 or 410 => VisitOutcome.Gone,
                >= 300 and < 400 => VisitOutcome.Redirected,
                >= 400 => VisitOutcome.Blocked,
                _ => response.Complete ? VisitOutcome.Fetched : VisitOutcome.Truncated,
            },
            Links = links,
        };
    }
}
