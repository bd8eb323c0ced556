using System.Diagnostics;
using System.Globalization;
using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;
using Backlinks.Tests;

namespace Backlinks.Benchmarks;

/// <summary>
/// How many pages a second come out of a WARC as observations? Generated pages of about 57 KB with about 150 links, one gzip
/// member each, with block digests that are verified. Three ways: our reader on one thread, the same pipeline with
/// AngleSharp's DOM in the place of our extractor, and ours on all cores, into memory and into DuckDB. Before a time is
/// told, pages and links are compared with what was generated.
/// <code>ImportWarc [--pages 20000] [--dom 600]</code>
/// </summary>
internal static class ImportWarc
{
    private const int LinksAPage = 150;

    private static readonly HtmlParser Dom = new();

    public static int Run(string[] args)
    {
        int pages = Option(args, "--pages", 20_000), dom = Option(args, "--dom", 600);
        string folder = Directory.CreateTempSubdirectory("backlinks-warc-").FullName;
        try
        {
            string large = Path.Combine(folder, "large.warc.gz"), small = Path.Combine(folder, "small.warc.gz");
            Write(large, pages);
            Write(small, dom);
            Console.WriteLine($"{pages:n0} pages, {new FileInfo(large).Length >> 20} MB packed");
            Measure("warming", small, dom, new() { Threads = 1 }, null); // the first seconds are the compiler's
            double ours = Measure("ours, one thread, counted in memory", large, pages, new() { Threads = 1 }, null);
            double domRate = Measure("AngleSharp's DOM, one thread, counted in memory", small, dom, new() { Threads = 1, Read = ReadDom }, null);
            Measure("ours, all threads, counted in memory", large, pages, new(), null);
            Measure("ours, all threads, into DuckDB", large, pages, new(), Path.Combine(folder, "links.duckdb"));
            Console.WriteLine($"ours against AngleSharp's DOM: {ours / domRate:f1} times as fast");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return 0;
    }

    private static double Measure(string what, string path, int pages, VisitImportOptions options, string? database)
    {
        var counter = new CountingStore();
        using ILinkStore store = database is null ? counter : DuckDbLinkStore.Open(database);
        VisitImportResult result = new();
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        long peak = Machine.PeakPrivateBytes(() => result = VisitImport.Import(path, store, options));
        double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds, cpu = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
        long expected = (long)pages * LinksAPage;
        if (result.Pages != pages || result.Links != expected || result.Quarantined != 0
            || (database is null ? counter.Links != expected || counter.Fetched != pages : store.Count() is var all && (all.Links != expected || all.Visits != pages)))
            throw new InvalidOperationException($"{what}: {result.Pages} pages, {result.Links} links, {result.Quarantined} left out: not what was generated; do not trust the time either");
        Console.WriteLine($"{what}: {seconds:f2} s, {pages / seconds:n0} pages/s, {pages / cpu:n0} pages a second of processor time, {expected / seconds / 1e3:n0} k links/s, peak private memory {peak >> 20} MB");
        return pages / cpu;
    }

    /// <summary>What a pipeline on a DOM does for the same observations: parse, walk, resolve, anchor text.</summary>
    private static PageVisit ReadDom(PageResponse response, PageReaderOptions options)
    {
        using MemoryStream body = new(response.Body.ToArray());
        using IDocument document = Dom.ParseDocument(body);
        List<LinkObservation> links = [];
        foreach (IElement a in document.QuerySelectorAll("a[href]"))
            if (WebUrl.TryParse(a.GetAttribute("href")!, response.Url) is { IsHttp: true } target)
                links.Add(new LinkObservation { Target = target.PageKey, Href = a.GetAttribute("href")!, Anchor = a.TextContent.Trim() });
        return new PageVisit { Url = response.Url.PageKey, At = response.At, Source = response.Source, Status = response.Status, Title = document.Title ?? "", Text = document.Body!.TextContent, Links = links };
    }

    private static void Write(string path, int pages)
    {
        using FileStream file = new(path, FileMode.Create);
        Random random = new(1);
        DateTime at = new(2024, 5, 18, 0, 0, 0, DateTimeKind.Utc);
        for (int i = 0; i < pages; i++)
        {
            WarcWriter warc = new(Packing.Members);
            string url = $"https://site{i % 5000}.example/page/{i}";
            warc.Response(url, WarcWriter.Http("200 OK", Page(random, i)), at.AddSeconds(i), digest: true);
            file.Write(warc.ToArray());
        }
    }

    /// <summary>About 57 KB: head with styles, navigation, paragraphs with links among words, footer.</summary>
    private static byte[] Page(Random random, int number)
    {
        StringBuilder html = new(60_000);
        html.Append(CultureInfo.InvariantCulture, $"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Page {number}</title><style>").Append('x', 4000).Append("</style></head>\n<body class=\"page\"><header><nav><ul>");
        for (int i = 0; i < 30; i++)
            html.Append(CultureInfo.InvariantCulture, $"<li class=\"menu-item\"><a class=\"menu-link\" href=\"/section/{i}?from={number}\">Section {i}</a></li>\n");
        html.Append("</ul></nav></header><main><article>");
        for (int i = 0; i < 110; i++)
        {
            html.Append("<p class=\"text\">");
            Words(html, random, 28);
            html.Append(CultureInfo.InvariantCulture, $"<a href=\"https://site{random.Next(5000)}.example/page/{random.Next(1_000_000)}-{i}\" rel=\"{(i % 9 == 0 ? "nofollow" : "")}\" title=\"t\">");
            Words(html, random, 3);
            html.Append("</a> ");
            Words(html, random, 28);
            html.Append("</p>\n<div class=\"ad slot\"><span data-x=\"1\"></span></div>\n");
        }
        html.Append("</article></main><footer>");
        for (int i = 0; i < 10; i++)
            html.Append(CultureInfo.InvariantCulture, $"<a href=\"/about/{i}\">About {i}</a> ");
        html.Append("</footer></body></html>\n");
        return Encoding.UTF8.GetBytes(html.ToString());
    }

    private static void Words(StringBuilder html, Random random, int count)
    {
        for (int i = 0; i < count; i++)
        {
            for (int letters = random.Next(2, 11); letters > 0; letters--)
                html.Append((char)('a' + random.Next(26)));
            html.Append(' ');
        }
    }

    internal static int Option(string[] args, string name, int otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? otherwise : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }
}

/// <summary>A store that counts: what importing costs without a database.</summary>
internal sealed class CountingStore : ILinkStore
{
    public long Links { get; private set; }

    public long Fetched { get; private set; }

    public long Version => 0;

    public WriteResult Write(IReadOnlyList<PageVisit> visits, StoredSource? source = null, CancellationToken cancel = default)
    {
        foreach (PageVisit visit in visits)
        {
            Links += visit.Links.Count;
            Fetched += visit.Outcome == VisitOutcome.Fetched ? 1 : 0;
        }
        return new WriteResult(visits.Count, 0, 0, 0, 0);
    }

    public StoredSource? FindSource(string id) => null;

    public StoredPage? FindPage(string url) => null;

    public IEnumerable<StoredPage> Contents(bool texts = true, long sinceVersion = 0, CancellationToken cancel = default) => [];

    public IEnumerable<StoredPage> Pages(long sinceVersion = 0, CancellationToken cancel = default) => [];

    public IEnumerable<StoredName> Names(CancellationToken cancel = default) => [];

    public IEnumerable<StoredName> Names(long sinceVersion, CancellationToken cancel = default) => [];

    public IEnumerable<StoredArc> Arcs(CancellationToken cancel = default) => [];

    public IEnumerable<StoredArc> Arcs(long sinceVersion, CancellationToken cancel = default) => [];

    public IEnumerable<StoredAnchor> Anchors(CancellationToken cancel = default) => [];

    public IEnumerable<StoredAnchor> Anchors(long sinceVersion, CancellationToken cancel = default) => [];

    public IEnumerable<StoredLink> LinksFrom(string url, CancellationToken cancel = default) => [];

    public IEnumerable<StoredLink> LinksTo(string url, CancellationToken cancel = default) => [];

    IEnumerable<StoredLink> ILinkStore.Links(long sinceVersion, CancellationToken cancel) => [];

    public IEnumerable<StoredVisit> Visits(string url, CancellationToken cancel = default) => [];

    public IEnumerable<StoredSource> Sources() => [];

    public (long Pages, long Links, long Visits) Count() => (0, Links, Fetched);

    public void Dispose()
    {
    }
}
