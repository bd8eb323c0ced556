using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backlinks.SampleWeb;

namespace Backlinks.Benchmarks;

/// <summary>
/// How many pages a second does a whole crawl take in, with the durable frontier and the store, politeness off, on this
/// machine with the server on it too? Pages of some 57 KB. Side by side with Scrapy (Debian's <c>python3-scrapy</c>, durable with
/// JOBDIR, links to a JSON lines feed) on the same server, if it is installed.
/// <c>CrawlSite [--pages 6000] [--scrapy-pages 600] [--program PATH]</c>
/// The crawl is a process of its own, timed from start to end; its answer is checked against what was planted.
/// </summary>
internal static class CrawlSite
{
    private const string Spider = """
        import scrapy
        from scrapy.linkextractors import LinkExtractor

        class Links(scrapy.Spider):
            name = "links"
            def __init__(self, seeds="", **k):
                super().__init__(**k)
                self.start_urls, self.extract = seeds.split(","), LinkExtractor(unique=False)
            def parse(self, response):
                if not isinstance(response, scrapy.http.HtmlResponse):
                    return
                links = self.extract.extract_links(response)
                yield {"url": response.url, "links": [[l.url, l.text, l.nofollow] for l in links]}
                for u in {l.url for l in links if not l.nofollow}:
                    yield scrapy.Request(u)
        """;

    public static int Run(string[] args)
    {
        int pages = Number(args, "--pages", 6_000), scrapyPages = Number(args, "--scrapy-pages", 600);
        string work = Directory.CreateTempSubdirectory("crawl-site-").FullName;
        try
        {
            (double ours, string text) = Ours(args, pages, work);
            Console.WriteLine(text);
            if (Scrapy(scrapyPages, work) is { } theirs)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ours / Scrapy: {ours / theirs:0.0}"));
            else
                Console.WriteLine("Scrapy is not installed (apt-get install python3-scrapy): no comparison");
            return 0;
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    private static PlantedWeb Web(int pages) => PlantedWeb.Generate(new SampleWebOptions
    {
        Sites = 10,
        PagesPerSite = Math.Max(6, pages / 10),
        Groups = false,
        Labs = false,
        Traps = false,
        Hostile = false,
        Errors = false,
        Changes = false,
        PadTo = 57_000,
        CacheBytes = 2L << 30,
    });

    private static (double, string) Ours(string[] args, int pages, string work)
    {
        PlantedWeb web = Web(pages);
        SampleReach reach = web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything, Sitemaps = false }); // writes all pages: the server answers from memory
        using var server = new Served(web);
        string data = Path.Combine(work, "data");
        int at = Array.IndexOf(args, "--program");
        string[] program = at >= 0 ? [args[at + 1]] : ["dotnet", Path.Combine(AppContext.BaseDirectory, "backlinks.dll")];
        long start = Stopwatch.GetTimestamp();
        (string output, double cpu, long memory) = Execute([.. program, "crawl", .. web.Seeds, "--scope", "all", "--allow-loopback", "--connect-to", server.Server.ConnectTo, "--delay", "0",
            "--connections-per-host", "8", "--workers", "16", "--no-sitemaps", "--data", data, "--json"]);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        JsonElement json = JsonDocument.Parse(output).RootElement;
        long fetched = json.GetProperty("fetched").GetInt64(), links = json.GetProperty("links").GetInt64();
        long expectedLinks = reach.Pages.Sum(p => (long)p.Answer(0).Links.Count);
        if (fetched != reach.Requested.Count)
            throw new InvalidOperationException($"fetched {fetched}, planted {reach.Requested.Count}: {output}");
        if (links < expectedLinks || links > expectedLinks + fetched) // a redirect is a link, too
            throw new InvalidOperationException($"{links} links, planted {expectedLinks}");
        double inside = json.GetProperty("seconds").GetDouble();
        return (fetched / seconds, string.Create(CultureInfo.InvariantCulture,
            $"ours: {fetched:N0} pages, {links:N0} links, {json.GetProperty("bytes").GetInt64() / 1e6:N0} MB in {seconds:0.00} s, {fetched / seconds:0} pages/s ({fetched / inside:0} without start and end), "
            + $"{cpu:0.0} s of processor, peak {memory >> 20} MB"));
    }

    private static double? Scrapy(int pages, string work)
    {
        if (!File.Exists("/usr/bin/scrapy"))
            return null;
        PlantedWeb web = Web(pages);
        SampleReach reach = web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything, Sitemaps = false });
        using var server = new Served(web);
        string spider = Path.Combine(work, "spider.py"), feed = Path.Combine(work, "links.jl");
        File.WriteAllText(spider, Spider);
        long start = Stopwatch.GetTimestamp();
        (_, double cpu, long memory) = Execute(["/usr/bin/scrapy", "runspider", spider, "-a", "seeds=" + string.Join(',', web.Seeds), "-s", "ROBOTSTXT_OBEY=True", "-s", "LOG_LEVEL=ERROR", "-s", "CONCURRENT_REQUESTS=32", "-s", "CONCURRENT_REQUESTS_PER_DOMAIN=32", "-s", "CONCURRENT_REQUESTS_PER_IP=0",
            "-s", "JOBDIR=" + Path.Combine(work, "job"), "-s", "TELNETCONSOLE_ENABLED=False", "-o", feed], $"http://127.0.0.1:{server.Server.Port}");
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        int fetched = File.ReadLines(feed).Count();
        if (fetched < reach.Pages.Count() * .9)
            throw new InvalidOperationException($"Scrapy brought {fetched} pages of {reach.Pages.Count()}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Scrapy: {fetched:N0} pages in {seconds:0.00} s, {fetched / seconds:0.0} pages/s, {cpu:0.0} s of processor, peak {memory >> 20} MB"));
        return fetched / seconds;
    }

    private static (string Output, double CpuSeconds, long PeakBytes) Execute(string[] command, string? proxy = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (proxy is not null)
            start.Environment["http_proxy"] = proxy; // the sample web's hosts are no names of this machine's resolver
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        double cpu = 0;
        long peak = 0;
        while (!process.WaitForExit(50))
        {
            try
            {
                process.Refresh();
                (cpu, peak) = (process.TotalProcessorTime.TotalSeconds, Math.Max(peak, process.WorkingSet64));
            }
            catch (InvalidOperationException)
            {
                break; // it has just ended
            }
        }
        process.WaitForExit();
        return process.ExitCode == 0 ? (output.Result, cpu, peak) : throw new InvalidOperationException($"{string.Join(' ', command)}: exit code {process.ExitCode}: {error.Result}{output.Result}");
    }

    private static int Number(string[] args, string name, int standard)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? standard : int.Parse(args[at + 1], CultureInfo.InvariantCulture);
    }

    private sealed class Served(PlantedWeb web) : IDisposable
    {
        public SampleWebServer Server { get; } = SampleWebServer.StartAsync(web, new SampleServerOptions { Log = false }).GetAwaiter().GetResult();

        public void Dispose() => Server.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
