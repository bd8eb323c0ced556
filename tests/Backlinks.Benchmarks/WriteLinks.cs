using System.Diagnostics;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast does the link store take in links, and how fast does it answer? Bulk: batches of 2,000 pages of 60 links, as an
/// import of an archive writes them. Crawl: batches of 100 pages on a store of many (1 M pages, 10 M links by default): new
/// ones, unchanged ones, changed ones. Then all arcs, single look-ups and links since a version. Answers are checked first.
/// Arguments: pages of the large store (default 1000000), links a page (default 10), folder (default temporary).
/// </summary>
public static class WriteLinks
{
    private static readonly DateTime Start = new(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Words = [.. Enumerable.Range(0, 20_000).Select(i => $"word{i * 7919 % 100_003}")];

    public static int Run(string[] args)
    {
        int pages = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 1_000_000;
        int links = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 10;
        string folder = args.Length > 2 ? Directory.CreateDirectory(args[2]).FullName : Directory.CreateTempSubdirectory("write-links-").FullName;
        try
        {
            Bulk(Path.Combine(folder, "bulk.duckdb"), 60_000, 60);
            Large(Path.Combine(folder, "large.duckdb"), pages, links);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Bulk(string path, int pages, int links)
    {
        using DuckDbLinkStore store = DuckDbLinkStore.Open(path);
        long processor = 0;
        double seconds = 0;
        for (int first = 0; first < pages; first += 2000)
        {
            PageVisit[] batch = Visits(first, 2000, links, 0, pages);
            (long cpu, long start) = (Environment.CpuUsage.TotalTime.Ticks, Stopwatch.GetTimestamp());
            store.Write(batch);
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            processor += Environment.CpuUsage.TotalTime.Ticks - cpu;
        }
        Require(store.Count().Links == (long)pages * links && store.Count().Visits == pages, "counts");
        Console.WriteLine($"bulk: {pages:N0} pages of {links} links in {seconds:F1} s: {pages * (double)links / seconds:N0} links/s on {processor / 1e7 / seconds:F2} cores, "
            + $"{new FileInfo(path).Length / 1e6:F0} MB on disk, {Environment.WorkingSet / 1e6:F0} MB resident");
    }

    private static void Large(string path, int pages, int links)
    {
        long start = Stopwatch.GetTimestamp();
        using (DuckDbLinkStore filling = DuckDbLinkStore.Open(path))
        {
            for (int first = 0; first < pages; first += 5000)
                filling.Write(Visits(first, 5000, links, 0, pages));
            Console.WriteLine($"fill: {pages:N0} pages of {links} links in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, {new FileInfo(path).Length / 1e6:F0} MB on disk, {Environment.WorkingSet / 1e6:F0} MB resident");
        }
        start = Stopwatch.GetTimestamp();
        using DuckDbLinkStore store = DuckDbLinkStore.Open(path);
        Require(store.Write(Visits(0, 1, links, 0, pages)).Repeated == 1, "repeated");
        Console.WriteLine($"open and read known URLs: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:N0} ms");
        Random random = new(3);
        foreach (int size in new[] { 20, 100, 500 })
        {
            int next = pages + size * 1000;
            Small($"crawl, {size} new pages", 20, i => store.Write(Visits(next + i * size, size, links, 0, pages)), r => r.Repeated == 0);
            Small($"crawl, {size} unchanged pages (304)", 20, i => store.Write([.. Scattered(random, size, pages).Select(p => Visit(p, links, 24 * size + i, pages) with { Outcome = VisitOutcome.NotModified, Links = [] })]),
                r => r.NewLinks == 0 && r.NewPages == 0);
            Small($"crawl, {size} changed pages", 10, i => store.Write([.. Scattered(random, size, pages).Select(p => Visit(p, links, 48 * size + i, pages, salt: size + i))]), r => r.Repeated == 0);
        }
        start = Stopwatch.GetTimestamp();
        long arcs = 0, lost = 0;
        foreach (StoredArc arc in store.Arcs())
        {
            arcs++;
            lost += arc.Lost ? 1 : 0;
        }
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Require(arcs == store.Count().Links, "arcs");
        Console.WriteLine($"arcs: {arcs:N0} in {seconds:F2} s, {arcs / seconds:N0}/s, {lost:N0} lost");
        Small("page by URL", 20, _ => store.FindPage(Url(random.Next(pages))), p => p?.LastVisit is not null);
        Small("links of a page", 20, _ => store.LinksFrom(Url(random.Next(pages))).Count(), n => n >= links);
        Small("links to a page", 20, _ => store.LinksTo(Target(random.Next(pages), pages)).Count(), _ => true);
        Small("visits of a page", 20, _ => store.Visits(Url(random.Next(pages))).Count(), n => n >= 1);
        long version = store.Version;
        store.Write(Visits(pages * 9, 100, links, 0, pages));
        Small("links changed since a version (100 pages)", 3, _ => store.Links(version).Count(), n => n == 100 * links);
        start = Stopwatch.GetTimestamp();
        long names = store.Names().LongCount();
        Console.WriteLine($"names in order: {names:N0} in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s; {Environment.WorkingSet / 1e6:F0} MB resident");
    }

    private static void Small<T>(string what, int times, Func<int, T> act, Func<T, bool> right)
    {
        double[] took = new double[times];
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            T result = act(i);
            took[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Require(right(result), what);
        }
        Array.Sort(took);
        Console.WriteLine($"{what}: median {took[times / 2]:F1} ms, worst {took[^1]:F1} ms");
    }

    private static void Require(bool right, string what)
    {
        if (!right)
            throw new InvalidOperationException($"{what}: the answer is wrong");
    }

    private static IEnumerable<int> Scattered(Random random, int count, int pages) => Enumerable.Range(0, count).Select(_ => random.Next(pages)).Distinct();

    private static string Url(int page) => $"https://www.host{page / 50}.example/section/{page % 7}/page-{page}.html";

    // Half of the links stay on popular pages, half are spread over four times as many URLs as there are pages.
    private static string Target(int number, int pages) => number % 2 == 0 ? Url(number % (pages / 100 + 1)) : $"https://target{number % 9973}.example/{number}";

    private static PageVisit[] Visits(int first, int count, int links, double hours, int pages) => [.. Enumerable.Range(first, count).Select(p => Visit(p, links, hours, pages))];

    private static PageVisit Visit(int page, int links, double hours, int pages, int salt = 0)
    {
        Random random = new(page * 31 + salt);
        string Some(int words) => string.Join(' ', Enumerable.Range(0, words).Select(_ => Words[random.Next(Words.Length)]));
        return new PageVisit
        {
            Url = Url(page),
            At = Start.AddHours(hours).AddSeconds(page % 3600),
            Source = "warc:benchmark",
            Status = 200,
            ContentType = "text/html",
            Title = Some(6),
            Text = Some(30),
            Words = 300,
            ContentHash = (ulong)page + (ulong)salt,
            ETag = $"\"{page:x}-{salt}\"",
            Links = [.. Enumerable.Range(0, links).Select(i => new LinkObservation
            {
                Target = Target(random.Next(pages * 4), pages),
                Href = $"/section/{i}/page",
                Anchor = Some(3),
                Left = Some(6),
                Right = Some(6),
                Zone = (Zone)random.Next(8),
                Position = i / (float)links,
            })],
        };
    }
}
