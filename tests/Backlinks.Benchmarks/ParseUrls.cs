using System.Globalization;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>
/// How many links a second become URLs on one core, absolute ones and relative ones against their page, beside System.Uri and
/// AngleSharp's Url in the same run? Each parses and gives its whole serialisation. The seeded links know what they resolve
/// to; a wrong answer of ours ends the run, and the others' agreement is printed. Then: registrable domains of the hosts.
/// <code>ParseUrls [--links 200000] [--pages FOLDER of .html, whose own links are timed too]</code>
/// </summary>
internal static class ParseUrls
{
    private readonly record struct Link(string Text, int Page, string? Expected);

    public static int Run(string[] args)
    {
        int count = int.Parse(Option(args, "--links") ?? "200000", CultureInfo.InvariantCulture);
        var random = new Random(7);
        string[] pages = [.. Enumerable.Range(0, 1000).Select(_ => Origin(random) + Folder(random) + Name(random) + ".html")];
        if (!Measure("absolute", pages, [.. Enumerable.Range(0, count).Select(_ => Absolute(random))])
            || !Measure("relative", pages, [.. Enumerable.Range(0, count).Select(_ => Relative(random, pages))]))
            return 1;
        if (Option(args, "--pages") is { } folder)
        {
            const string page = "https://www.example.com/section/2024/05/an-article.html";
            var parser = new HtmlParser();
            Link[] links = [.. Directory.GetFiles(folder, "*.html").Order(StringComparer.Ordinal)
                .SelectMany(f => parser.ParseDocument(File.ReadAllText(f)).QuerySelectorAll("[href]").Select(e => new Link(e.GetAttribute("href")!, 0, null)))];
            if (!Measure($"real ({links.Count(l => l.Text.Contains("://", StringComparison.Ordinal)) * 100 / links.Length} % absolute)", [page],
                [.. Enumerable.Repeat(links, Math.Max(1, count / links.Length)).SelectMany(l => l)]))
                return 1;
        }
        return MeasureDomains(random, count) ? 0 : 1;
    }

    private static bool Measure(string what, string[] pages, Link[] links)
    {
        WebUrl[] ours = [.. pages.Select(p => WebUrl.TryParse(p)!)];
        Uri[] uris = [.. pages.Select(p => new Uri(p))];
        Url[] angles = [.. pages.Select(p => new Url(p))];
        Func<Link, string?>[] parsers =
        [
            l => WebUrl.TryParse(l.Text, l.Page < 0 ? null : ours[l.Page], out WebUrl? url) ? url.Href : null,
            l => (l.Page < 0 ? Uri.TryCreate(l.Text, UriKind.Absolute, out Uri? uri) : Uri.TryCreate(uris[l.Page], l.Text, out uri)) ? uri!.AbsoluteUri : null,
            l => (l.Page < 0 ? new Url(l.Text) : new Url(angles[l.Page], l.Text)) is { IsInvalid: false } url ? url.Href : null,
        ];
        foreach (Link link in links)
            if (link.Expected is not null && parsers[0](link) != link.Expected)
            {
                Console.Error.WriteLine($"'{link.Text}' on {(link.Page < 0 ? "no page" : pages[link.Page])} is {link.Expected}, not {parsers[0](link)}");
                return false;
            }
        double first = 0;
        foreach ((string name, Func<Link, string?> parse) in new[] { "WebUrl", "System.Uri", "AngleSharp Url" }.Zip(parsers))
        {
            int equal = links.Count(l => parse(l) == parsers[0](l));
            long length = 0;
            double seconds = Machine.Best(5, () =>
            {
                foreach (Link link in links)
                    length += parse(link)?.Length ?? 0;
            });
            first = first == 0 ? seconds : first;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{what,-20} {name,-15} {links.Length / seconds / 1e6,6:f2} M/s   {seconds / first,5:f1} × our time   {100.0 * equal / links.Length,6:f2} % as WebUrl"));
        }
        return true;
    }

    private static bool MeasureDomains(Random random, int count)
    {
        WebUrl[] urls = [.. Enumerable.Range(0, count).Select(_ => WebUrl.TryParse(Absolute(random).Text)!)];
        PublicSuffixList list = PublicSuffixList.BuiltIn;
        foreach (WebUrl url in urls)
            if (!url.Host.EndsWith(list.DomainOf(url.HostSpan).ToString(), StringComparison.Ordinal) || list.DomainOf(url.Host) is not { } domain || !list.DomainOf(url.HostSpan).SequenceEqual(domain))
                return false;
        long length = 0;
        double spans = Machine.Best(5, () =>
        {
            foreach (WebUrl url in urls)
                length += list.DomainOf(url.HostSpan).Length;
        });
        string[] hosts = [.. urls.Select(u => u.Host)];
        double strings = Machine.Best(5, () =>
        {
            foreach (string host in hosts)
                length += list.DomainOf(host)!.Length;
        });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"registrable domains: {count / spans / 1e6:f2} M/s as spans, {count / strings / 1e6:f2} M/s as strings"));
        return length > 0;
    }

    private static Link Absolute(Random random)
    {
        string origin = Origin(random), rest = Folder(random) + Name(random) + Ending(random);
        string serialised = origin + rest;
        int section = random.Next(9);
        return random.Next(20) switch
        {
            0 => new(origin.ToUpperInvariant() + rest, -1, serialised),
            1 => new(origin, -1, origin + "/"),
            2 => new($"{serialised}#section-{section}", -1, $"{serialised}#section-{section}"),
            3 => new($" {serialised}\n", -1, serialised),
            4 => new($"{origin}/caf\u00e9 {section}", -1, $"{origin}/caf%C3%A9%20{section}"),
            _ => new(serialised, -1, serialised),
        };
    }

    private static Link Relative(Random random, string[] pages)
    {
        int page = random.Next(pages.Length);
        string own = pages[page], folder = own[..(own.LastIndexOf('/') + 1)], origin = own[..own.IndexOf('/', 8)];
        string name = Name(random) + Ending(random), root = Folder(random) + name, up = folder.TrimEnd('/');
        up = up.Length > origin.Length ? up[..(up.LastIndexOf('/') + 1)] : origin + "/";
        return random.Next(10) switch
        {
            0 => new("?page=" + name[0], page, own + "?page=" + name[0]),
            1 => new("#" + name[0], page, own + "#" + name[0]),
            2 => new(name, page, folder + name),
            3 => new("../" + name, page, up + name),
            4 => new("./" + name, page, folder + name),
            5 => new("//www.example.org" + root, page, own[..own.IndexOf('/')] + "//www.example.org" + root),
            _ => new(root, page, origin + root),
        };
    }

    private static string Origin(Random random)
    {
        string[] tops = [".com", ".org", ".net", ".de", ".co.uk", ".com.br", ".io", ".fr", ".ru", ".github.io"];
        return (random.Next(5) == 0 ? "http://" : "https://") + (random.Next(2) == 0 ? "www." : "") + Name(random) + tops[random.Next(tops.Length)];
    }

    private static string Folder(Random random)
    {
        string folder = "/";
        for (int i = random.Next(4); i > 0; i--)
            folder += Name(random) + "/";
        return folder;
    }

    private static string Ending(Random random) => random.Next(5) switch
    {
        0 => $"?id={random.Next(100_000)}&lang=en",
        1 => ".html",
        2 => $"-{random.Next(10_000)}.php?utm_source=feed&utm_medium=rss",
        _ => "",
    };

    private static string Name(Random random)
    {
        char[] name = new char[random.Next(4, 14)];
        for (int i = 0; i < name.Length; i++)
            name[i] = i > 1 && i < name.Length - 1 && random.Next(8) == 0 ? '-' : (char)('a' + random.Next(26));
        return new string(name);
    }

    private static string? Option(string[] args, string name) => Array.IndexOf(args, name) is >= 0 and int at ? args[at + 1] : null;
}
