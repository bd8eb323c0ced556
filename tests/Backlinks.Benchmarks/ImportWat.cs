using System.Diagnostics;
using System.Globalization;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Tests;

namespace Backlinks.Benchmarks;

/// <summary>
/// How many links a second come out of a WAT file of Common Crawl? Generated records of 120 links each, relative and absolute,
/// with text and rel, one gzip member each. Links are counted against what was generated before a time is told.
/// <code>ImportWat [--pages 40000]</code>
/// </summary>
internal static class ImportWat
{
    private const int LinksAPage = 120;

    public static int Run(string[] args)
    {
        int pages = ImportWarc.Option(args, "--pages", 40_000);
        string folder = Directory.CreateTempSubdirectory("backlinks-wat-").FullName;
        try
        {
            string large = Path.Combine(folder, "large.warc.wat.gz"), small = Path.Combine(folder, "small.warc.wat.gz");
            Write(large, pages);
            Write(small, 2000);
            Console.WriteLine($"{pages:n0} pages, {new FileInfo(large).Length >> 20} MB packed");
            Measure("warming", small, 2000, 1);
            Measure("one thread", large, pages, 1);
            Measure("all threads", large, pages, 0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static void Measure(string what, string path, int pages, int threads)
    {
        var store = new CountingStore();
        VisitImportResult result = new();
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        long peak = Machine.PeakPrivateBytes(() => result = VisitImport.Import(path, store, new() { Threads = threads }));
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds, cpu = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        long links = (long)pages * LinksAPage;
        if (result.Pages != pages || store.Fetched != pages || store.Links != links || result.Quarantined != 0)
            throw new InvalidOperationException($"{what}: {result.Pages} pages, {store.Links} links, {result.Quarantined} left out: not what was generated; do not trust the time either");
        Console.WriteLine($"{what}: {seconds:f2} s, {links / seconds / 1e3:n0} k links/s, {links / cpu / 1e3:n0} k links a second of processor time, peak private memory {peak >> 20} MB");
    }

    private static void Write(string path, int pages)
    {
        using FileStream file = new(path, FileMode.Create);
        Random random = new(1);
        DateTime at = new(2024, 6, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int i = 0; i < pages; i++)
        {
            StringBuilder links = new();
            for (int l = 0; l < LinksAPage; l++)
                links.Append(l == 0 ? "" : ",").Append((l % 4) switch
                {
                    0 => $"{{\"path\":\"A@/href\",\"url\":\"/category/{random.Next(99)}/item-{l}\",\"text\":\"Item number {l} of many\"}}",
                    1 => $"{{\"path\":\"A@/href\",\"url\":\"https://www.site{random.Next(50_000)}.example/path/to/page-{l}?id={random.Next()}\",\"text\":\"A page elsewhere\",\"rel\":\"nofollow noopener\",\"target\":\"_blank\"}}",
                    2 => $"{{\"path\":\"IMG@/src\",\"url\":\"https://cdn.site{i % 5000}.example/images/{random.Next()}.jpg\",\"alt\":\"a picture\"}}",
                    _ => $"{{\"path\":\"A@/href\",\"url\":\"../other/{l}.html#part\",\"text\":\"The next one\"}}",
                });
            string url = $"https://www.site{i % 5000}.example/dir/page-{i}.html";
            string json = "{\"Container\":{\"Filename\":\"x.warc.gz\",\"Compressed\":true},\"Envelope\":{\"Format\":\"WARC/1.0\",\"WARC-Header-Metadata\":{\"WARC-Type\":\"response\",\"WARC-Date\":\"2024-05-18T01:58:10Z\",\"WARC-Target-URI\":\"" + url
                + "\"},\"Payload-Metadata\":{\"HTTP-Response-Metadata\":{\"Response-Message\":{\"Status\":\"200\",\"Version\":\"HTTP/1.1\",\"Reason\":\"OK\"},\"Headers\":{\"Content-Type\":\"text/html; charset=UTF-8\",\"Server\":\"x\"},\"HTML-Metadata\":{\"Head\":{\"Title\":\"A page\",\"Metas\":[{\"name\":\"viewport\",\"content\":\"width=device-width\"}]},\"Links\":["
                + links + "]}}}}}";
            WarcWriter warc = new(Packing.Members);
            warc.Record("metadata", url, "application/json", Encoding.UTF8.GetBytes(json), at);
            file.Write(warc.ToArray());
        }
    }
}
