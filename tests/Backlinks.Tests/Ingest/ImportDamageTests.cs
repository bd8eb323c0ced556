using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests;

/// <summary>Every kind of file cut anywhere and with bytes changed: what is whole is kept, the rest is counted, nothing hangs or fails.</summary>
public sealed class ImportDamageTests : IDisposable
{
    private const int Records = 40;

    private static readonly DateTime At = new(2024, 5, 18, 1, 58, 10, DateTimeKind.Utc);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, Packing> Files => new()
    {
        { "warc", Packing.Plain }, { "warc", Packing.Members }, { "warc", Packing.OneMember },
        { "arc", Packing.Plain }, { "arc", Packing.Members },
        { "wat", Packing.Members }, { "wat", Packing.Plain },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void A_file_that_is_cut_keeps_what_came_before(string kind, Packing packing)
    {
        byte[] whole = Make(kind, packing, out List<long> offsets);
        Random random = new(11);
        for (int round = 0; round < 40; round++)
        {
            int cut = random.Next((int)offsets[1] + 1, whole.Length);
            (VisitsInMemory store, VisitImportResult result) = Import(kind, whole[..cut]);
            int before = offsets.Skip(1).Count(o => o <= cut) - 1; // records whose successor starts at the cut or before
            if (packing != Packing.OneMember)
            {
                Assert.InRange(store.All.Count, before, before + 1); // the last one may lack only its empty line
                Assert.True(result.Quarantined > 0 || offsets.Contains(cut) || store.All.Count == before + 1 || IsBlankTail(whole, offsets, cut), $"a cut at {cut} went unseen");
            }
            else
                Assert.True(result.Quarantined > 0 || cut >= whole.Length - 8, $"a cut at {cut} went unseen");
            Assert.All(store.All, v => Assert.Equal(Expected(kind, v.Url), string.Join(' ', v.Links.Select(l => l.Target))));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Changed_bytes_cost_records_and_are_counted(string kind, Packing packing)
    {
        byte[] whole = Make(kind, packing, out _);
        Random random = new(12);
        int lost = 0;
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            for (int i = random.Next(1, 6); i > 0; i--)
                bytes[random.Next(20, bytes.Length)] ^= (byte)(1 << random.Next(8));
            (VisitsInMemory store, VisitImportResult result) = Import(kind, bytes);
            lost += Records - Math.Min(Records, store.All.Count);
            // A changed length can hide one record in another, but a record that is missing never goes without a word.
            Assert.True(store.All.Count >= Records || result.Quarantined + result.Skipped > 0, $"round {round}: {Records - store.All.Count} records went without a word");
            if (packing == Packing.Members) // every byte is under a checksum
            {
                Assert.InRange(store.All.Count, Records - 6, Records);
                Assert.All(store.All, v => Assert.Equal(Expected(kind, v.Url), string.Join(' ', v.Links.Select(l => l.Target))));
            }
        }
        Assert.True(lost > 0); // or the bytes were not changed
    }

    [Theory]
    [InlineData("ahrefs.csv")]
    [InlineData("semrush.csv")]
    [InlineData("moz.csv")]
    public void Exports_that_are_damaged_lose_rows_only(string file)
    {
        byte[] whole = File.ReadAllBytes(Inputs.Dataset("tiny", "exports", file));
        Random random = new(13);
        int imported = 0;
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = (byte[])whole.Clone();
            if (round % 2 == 0)
                bytes = bytes[..random.Next(bytes.Length)];
            else
                for (int i = random.Next(1, 4); i > 0; i--)
                    bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                (VisitsInMemory store, _) = Import(file, bytes);
                imported += store.All.Count;
            }
            catch (ImportException)
            {
                // A header that is damaged names nobody's export.
            }
        }
        Assert.True(imported > 60);
    }

    [Fact]
    public void Noise_costs_neither_time_nor_memory()
    {
        Random random = new(14);
        byte[] noise = new byte[3 << 20];
        random.NextBytes(noise);
        WarcWriter good = new(Packing.Members);
        good.Response("http://a.example/", WarcWriter.Page("http://b.example/"), At);
        byte[] page = good.ToArray();
        long started = Stopwatch.GetTimestamp();

        (VisitsInMemory store, VisitImportResult result) = Import("warc", [.. page, .. noise, .. page]);
        Assert.Equal((2, true), (result.Pages, result.Quarantined > 0));

        byte[] signs = new byte[1 << 20]; // a plausible member at every tenth byte
        for (int i = 0; i + 10 <= signs.Length; i += 10)
            ((ReadOnlySpan<byte>)[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]).CopyTo(signs.AsSpan(i));
        Assert.InRange(Import("warc", [.. page, .. signs, .. Make("warc", Packing.Members, out _)]).Result.Pages, Records - 15, Records + 1);

        byte[] claims = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 800000\r\n\r\n", 20_000)));
        Assert.True(Import("warc", claims).Result.Quarantined > 1000); // each length is wrong, and none makes the file be read again
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_bomb_is_read_to_its_cap_and_no_further()
    {
        MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Fastest))
            for (int i = 0; i < 200; i++)
                gzip.Write(new byte[1 << 20]);
        WarcWriter warc = new(Packing.Members);
        warc.Response("http://a.example/bomb", WarcWriter.Http("200 OK", packed.ToArray(), "Content-Encoding: gzip"), At);
        warc.Record("response", "http://a.example/large", "application/http", [.. WarcWriter.Http("200 OK", []), .. new byte[50 << 20]], At);
        warc.Response("http://a.example/", WarcWriter.Page("http://b.example/"), At);
        (VisitsInMemory store, _) = Import("warc", warc.ToArray());
        Assert.Equal([VisitOutcome.Truncated, VisitOutcome.Truncated, VisitOutcome.Fetched], store.All.Select(v => v.Outcome));
        // What unpacking costs is held in BodyReaderTests, on one thread: what a process allocates depends on the tests beside this one.
        Assert.All(store.All, v => Assert.InRange(v.Bytes, 0, new PageReaderOptions().MaxBody));
    }

    private static byte[] Make(string kind, Packing packing, out List<long> offsets)
    {
        WarcWriter writer = new(packing);
        if (kind == "arc")
            writer.ArcHeader();
        else
            writer.Record("warcinfo", "", "application/warc-fields", "software: tests"u8.ToArray(), At);
        for (int i = 0; i < Records; i++)
        {
            string url = $"http://a.example/{i}", link = $"http://b.example/{i * 31}";
            if (kind == "wat")
                writer.Record("metadata", url, "application/json", Encoding.UTF8.GetBytes(WatReaderTests.Envelope("200", "", $"\"HTML-Metadata\":{{\"Links\":[{{\"path\":\"A@/href\",\"url\":\"{link}\",\"text\":\"a text\"}}]}}", url)), At);
            else if (kind == "arc")
                writer.ArcResponse(url, WarcWriter.Page(link), At);
            else
                writer.Response(url, WarcWriter.Page(link), At);
        }
        offsets = writer.Offsets;
        return writer.ToArray();
    }

    private static string Expected(string kind, string url) => $"http://b.example/{int.Parse(url.AsSpan("http://a.example/".Length), System.Globalization.CultureInfo.InvariantCulture) * 31}";

    /// <summary>Between the last byte of a record's text and the next record there are only line ends, or a gzip trailer.</summary>
    private static bool IsBlankTail(byte[] whole, List<long> offsets, int cut)
    {
        long next = offsets.Append(whole.Length).First(o => o >= cut);
        return next - cut <= 4;
    }

    private (VisitsInMemory Store, VisitImportResult Result) Import(string name, byte[] bytes)
    {
        string path = _folder.File("damaged." + name);
        File.WriteAllBytes(path, bytes);
        VisitsInMemory store = new();
        return (store, VisitImport.Import(path, store, new() { Read = PlainPages.Read, Threads = 1 }, cancel: TestContext.Current.CancellationToken));
    }
}
