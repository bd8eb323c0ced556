using System.Diagnostics;
using System.Globalization;
using System.Text;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>How fast is robots.txt read and asked? Made files of typical size and the largest allowed, one thread.</summary>
public static class CheckRobots
{
    private const string Agent = "backlinks";

    public static int Run(string[] args)
    {
        byte[][] files = [.. Enumerable.Range(0, 4_000).Select(Typical)];
        string[] paths = [.. Enumerable.Range(0, 1_000).Select(i => (i % 4) switch
        {
            0 => $"/articles/{i}/a-title-of-some-length.html",
            1 => $"/section{i % 40}/item?id={i}&sort=asc",
            2 => $"/wp-content/uploads/{i}.pdf",
            _ => $"/shop/c{i}/p{i}?sessionid={i}",
        })];
        RobotsTxt robots = RobotsTxt.Parse(files[7]);
        if (robots.Check(Agent, "/articles/1").Allowed is false || robots.Check(Agent, "/section3/x").Allowed
            || robots.Check(Agent, "/a?sessionid=1").Allowed || robots.Check(Agent, "/wp-content/1.pdf").Allowed
            || robots.Check("gptbot", "/articles/1").Allowed || robots.Check(Agent, "/section3/open/x") is not { Allowed: true, Line: > 0 })
        {
            Console.Error.WriteLine("the answers are wrong: nothing was measured");
            return 1;
        }
        double parse = Machine.Best(5, () => Array.ForEach(files, file => RobotsTxt.Parse(file).Check(Agent, "/")));
        Say("files read and asked once", files.Length / parse, $"{files.Length} files of {files.Average(f => f.Length):N0} bytes in {parse * 1000:N0} ms");
        Time("checks, 46 rules", robots, paths);
        Time("checks, 6 rules", RobotsTxt.Parse("User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\nDisallow: /*?s=\nDisallow: /shop/cart\nDisallow: /search\nDisallow: /*.pdf$\n"u8), paths);
        byte[] large = Encoding.ASCII.GetBytes("User-agent: *\n" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"Disallow: /x{i * 7919}/y\n")));
        Say("largest file, MB", large.Length / 1e6 / Machine.Best(5, () => RobotsTxt.Parse(large).Check(Agent, "/")), $"{large.Length:N0} bytes, read and asked once");
        Time("checks, 20,000 rules", RobotsTxt.Parse(large), paths);
        RobotsTxt hostile = RobotsTxt.Parse(Encoding.ASCII.GetBytes($"User-agent: *\nDisallow: /{string.Concat(Enumerable.Repeat("*a", 8_000))}*b$\n"));
        string longPath = "/" + new string('a', 2_000);
        Time("checks, 16,000 characters of stars against 2,001", hostile, [longPath, longPath + "c"]);
        return 0;
    }

    private static void Time(string what, RobotsTxt robots, string[] paths)
    {
        var watch = Stopwatch.StartNew();
        long checks = 0;
        double best = 0;
        int allowed = 0;
        while (watch.Elapsed.TotalSeconds < 2)
        {
            long from = Stopwatch.GetTimestamp();
            int round = Math.Max(1, 20_000 / paths.Length);
            if (what.Contains("20,000", StringComparison.Ordinal) || what.Contains("stars", StringComparison.Ordinal))
                round = 1;
            for (int i = 0; i < round; i++)
                foreach (string path in paths)
                    allowed += robots.Check(Agent, path).Allowed ? 1 : 0;
            best = Math.Max(best, round * paths.Length / Stopwatch.GetElapsedTime(from).TotalSeconds);
            checks += round * paths.Length;
        }
        Say(what, best, $"{(double)allowed / checks:P0} allowed");
    }

    private static void Say(string what, double perSecond, string more) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what,-50} {perSecond,14:N0} /s   {more}"));

    /// <summary>About 2 KB: a comment, agents shut out, forty sections, patterns, sitemaps.</summary>
    private static byte[] Typical(int number)
    {
        var text = new StringBuilder($"# robots.txt of site {number}\n\n");
        foreach (string agent in (string[])["GPTBot", "CCBot", "AhrefsBot", "SemrushBot", "MJ12bot", "Bytespider"])
            text.Append(CultureInfo.InvariantCulture, $"User-agent: {agent}\nDisallow: /\n\n");
        text.Append("User-agent: *\nCrawl-delay: 1\nDisallow: /*?*sessionid=\nDisallow: /*.pdf$\nDisallow: /cgi-bin/\nDisallow: /search\nAllow: /section3/open/\n");
        for (int i = 0; i < 40; i++)
            text.Append(CultureInfo.InvariantCulture, $"Disallow: /section{i}/{(i % 3 == 1 ? "private/" : "")}\n");
        text.Append(CultureInfo.InvariantCulture, $"\nSitemap: https://site{number}.test/sitemap.xml\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
