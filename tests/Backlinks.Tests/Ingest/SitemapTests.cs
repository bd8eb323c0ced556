using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class SitemapTests
{
    private static readonly WebUrl At = WebUrl.TryParse("https://a.test/maps/sitemap.xml")!;

    private static SitemapResult Read(string text, SitemapOptions? options = null) => Sitemap.Read(Encoding.UTF8.GetBytes(text), At, options);

    private static byte[] Gzip(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    private static string[] Hrefs(IEnumerable<SitemapUrl> urls) => [.. urls.Select(u => u.Url.Href)];

    private static string[] Dates(IEnumerable<SitemapUrl> urls) =>
        [.. urls.Select(u => u.LastModified?.ToString("s", CultureInfo.InvariantCulture) ?? "-")];

    [Theory]
    [InlineData("")]
    [InlineData(" \n\n ")]
    [InlineData("hello\nworld")]
    [InlineData("<html><body>not found</body></html>")]
    [InlineData("<!DOCTYPE html><p>")]
    [InlineData("\u001f\u008b")]
    public void What_is_no_sitemap_gives_nothing_and_says_so(string text)
    {
        SitemapResult result = Sitemap.Read(Encoding.Latin1.GetBytes(text), At);
        Assert.Equal((SitemapKind.Unknown, 0, 0), (result.Kind, result.Urls.Count, result.Sitemaps.Count));
        Assert.NotNull(result.Problem);
    }

    [Fact]
    public void A_urlset_gives_its_pages_with_dates()
    {
        SitemapResult result = Read("""
            <?xml version="1.0" encoding="UTF-8"?>
            <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
              <url><loc>https://a.test/1?x=1&amp;y=2</loc><lastmod>2024-02-29</lastmod><priority>0.5</priority>
                <image:image><image:loc>https://a.test/no.png</image:loc></image:image><image:loc>https://a.test/no2.png</image:loc></url>
              <url><lastmod>2024-02-29T23:30:00.5-01:00</lastmod><loc> /2 </loc></url>
              <url><loc><![CDATA[https://a.test/3]]></loc><lastmod>2023-02-29</lastmod></url>
              <url><loc>mailto:x@a.test</loc></url><url/><url><loc></loc></url>
            </urlset>
            """);
        Assert.Equal(SitemapKind.UrlSet, result.Kind);
        Assert.Equal(["https://a.test/1?x=1&y=2", "https://a.test/2", "https://a.test/3"], Hrefs(result.Urls));
        Assert.Equal(["2024-02-29T00:00:00", "2024-03-01T00:30:00", "-"], Dates(result.Urls));
        Assert.Equal("2 entries have no usable URL", result.Problem);
    }

    [Fact]
    public void An_index_gives_sitemaps()
    {
        SitemapResult result = Read("<sitemapindex><sitemap><loc>b.xml.gz</loc><lastmod>2024</lastmod></sitemap><sitemap>\n/c.xml\n</sitemap></sitemapindex>");
        Assert.Equal(SitemapKind.Index, result.Kind);
        Assert.Equal(["https://a.test/maps/b.xml.gz", "https://a.test/c.xml"], Hrefs(result.Sitemaps));
        Assert.Equal(["2024-01-01T00:00:00", "-"], Dates(result.Sitemaps));
        Assert.Empty(result.Urls);
        Assert.Null(result.Problem);
    }

    [Fact]
    public void Feeds_give_their_entries()
    {
        SitemapResult rss = Read("<rss><channel><link>/</link><atom:link href='/feed'/><item><link>/1</link><guid>/g</guid><pubDate>Tue, 05 Mar 2024 10:00:00 EST</pubDate></item>"
            + "<item><guid>https://a.test/2</guid></item></channel></rss>");
        Assert.Equal(SitemapKind.Rss, rss.Kind);
        Assert.Equal(["https://a.test/1", "https://a.test/2"], Hrefs(rss.Urls));
        Assert.Equal(["2024-03-05T15:00:00", "-"], Dates(rss.Urls));

        SitemapResult rdf = Read("<rdf:RDF xmlns:rdf='r'><item><link>/1</link><dc:date>2024-03-05T10:00Z</dc:date></item></rdf:RDF>");
        Assert.Equal((SitemapKind.Rss, "2024-03-05T10:00:00"), (rdf.Kind, Dates(rdf.Urls)[0]));

        SitemapResult atom = Read("<feed><link href='/'/><entry><source><link href='/no'/></source><link rel='self' href='/no'/><link href='/1'/><link rel='alternate' href='/2'/><published>2024-03-05T10:00:00+01:00</published></entry></feed>");
        Assert.Equal(SitemapKind.Atom, atom.Kind);
        Assert.Equal(["https://a.test/1", "https://a.test/2"], Hrefs(atom.Urls));
        Assert.Equal(["2024-03-05T09:00:00", "2024-03-05T09:00:00"], Dates(atom.Urls));
    }

    [Fact]
    public void A_list_of_lines_is_a_sitemap()
    {
        SitemapResult result = Read("\uFEFFhttps://a.test/1\r\n\r\n  https://a.test/2  \rrelative\nhttps://a.test/3" + new string('x', 100_000));
        Assert.Equal(SitemapKind.Text, result.Kind);
        Assert.Equal(["https://a.test/1", "https://a.test/2"], Hrefs(result.Urls));
        Assert.Equal("2 entries have no usable URL", result.Problem);
    }

    [Theory]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("iso-8859-1")]
    public void Other_encodings_are_read_by_mark_or_declaration(string name)
    {
        Encoding encoding = Encoding.GetEncoding(name);
        byte[] bytes = encoding.GetBytes($"<?xml version='1.0' encoding='{name}'?><urlset><url><loc>https://a.test/é</loc></url></urlset>");
        Assert.Equal(["https://a.test/%C3%A9"], Hrefs(Sitemap.Read(bytes, At).Urls));
        Assert.Equal(["https://a.test/%C3%A9"], Hrefs(Sitemap.Read(Gzip([.. encoding.GetPreamble(), .. bytes]), At).Urls));
    }

    [Fact]
    public void Broken_XML_keeps_what_came_before_and_says_where()
    {
        SitemapResult result = Read("\n<urlset>\n <url><loc>https://a.test/1</loc></url>\n <url><loc>https://a.test/2</url>");
        Assert.Equal(["https://a.test/1"], Hrefs(result.Urls));
        Assert.StartsWith("broken XML at line 4, column 30: ", result.Problem, StringComparison.Ordinal);
        Assert.Equal(["https://a.test/1"], Hrefs(Read("<urlset><url><loc>https://a.test/1</loc></url><url><loc>https://a.te").Urls));
        Assert.Contains("undeclared entity", Read("<urlset><url><loc>https://a.test/&nbsp;</loc></url></urlset>").Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_type_is_refused()
    {
        SitemapResult result = Read("<!DOCTYPE urlset [<!ENTITY a 'https://a.test/1'><!ENTITY x SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>&a;</loc></url></urlset>");
        Assert.Empty(result.Urls);
        Assert.Contains("document type", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void More_URLs_or_bytes_than_allowed_are_left_out_and_said()
    {
        string text = "<urlset>" + string.Concat(Enumerable.Range(0, 6).Select(i => $"<url><loc>/{i}</loc></url>")) + "</urlset>";
        SitemapResult five = Read(text, new SitemapOptions { MaxUrls = 5 });
        Assert.Equal((5, "more than 5 URLs: the rest was not read"), (five.Urls.Count, five.Problem));
        Assert.Null(Read(text, new SitemapOptions { MaxUrls = 6 }).Problem);
        SitemapResult cut = Read(text, new SitemapOptions { MaxBytes = text.Length - 20 });
        Assert.Equal((5, "longer than " + (text.Length - 20) + " bytes: the rest was not read"), (cut.Urls.Count, cut.Problem));
        Assert.Null(Read(text, new SitemapOptions { MaxBytes = text.Length }).Problem);
        SitemapResult lines = Read("https://a.test/1\nhttps://a.test/2", new SitemapOptions { MaxUrls = 1 });
        Assert.Equal((1, "more than 1 URLs: the rest was not read"), (lines.Urls.Count, lines.Problem));
    }

    [Fact]
    public void Gzip_that_is_cut_or_broken_is_told()
    {
        byte[] packed = Gzip(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 5_000).Select(i => $"https://a.test/{i * 7919 % 5003}\n"))));
        Assert.Equal((5_000, null), (Sitemap.Read(packed, At).Urls.Count, Sitemap.Read(packed, At).Problem));
        SitemapResult cut = Sitemap.Read(packed.AsMemory(0, packed.Length / 2), At);
        Assert.InRange(cut.Urls.Count, 1, 4_999);
        Assert.NotNull(cut.Problem);
        packed.AsSpan(packed.Length / 2, 40).Fill(0xA5);
        SitemapResult broken = Sitemap.Read(packed, At);
        Assert.InRange(broken.Urls.Count, 1, 5_000);
        Assert.NotNull(broken.Problem);
    }

    [Theory]
    [InlineData("<urlset><url><loc>", "x", "</loc></url></urlset>", 1)]
    [InlineData("<urlset>", "<a>", "", 1)]
    [InlineData("<urlset><url ", "a{0}='' ", "/></urlset>", 7)]
    [InlineData("<urlset>", "<a{0}/>", "</urlset>", 7)]
    [InlineData("<urlset><!--", "x", "--></urlset>", 1)]
    [InlineData("", "https://a.test/", "", 1)]
    [InlineData("<urlset><url><loc>", "&amp;", "</loc></url></urlset>", 1)]
    public void A_gzip_bomb_costs_little_memory(string head, string repeated, string tail, int seed)
    {
        // 64 MB of one thing, in 64 KB to 30 MB of gzip.
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(Encoding.UTF8.GetBytes(head));
            byte[] block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(repeated, 20_000)));
            for (long i = 0, written = 0; written < 64_000_000; i++)
            {
                if (repeated.Contains('{', StringComparison.Ordinal))
                    block = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 2_000).Select(j => repeated.Replace("{0}", ((i * 2_000 + j) * seed).ToString("x", CultureInfo.InvariantCulture), StringComparison.Ordinal))));
                gzip.Write(block);
                written += block.Length;
            }
            gzip.Write(Encoding.UTF8.GetBytes(tail));
        }
        packed.Position = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        SitemapResult result = Sitemap.Read(packed, At);
        Assert.Empty(result.Urls);
        Assert.NotNull(result.Problem);
        // Allocated in all, kept or not.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400_000_000);
    }

    [Fact]
    public void Cut_and_changed_bytes_never_throw()
    {
        byte[][] files =
        [
            Encoding.UTF8.GetBytes("<?xml version='1.0' encoding='utf-8'?><s:urlset xmlns:s='x'><s:url><s:loc>https://a.test/é&amp;&#x41;</s:loc><s:lastmod>2024-01-01T00:00:00+01:00</s:lastmod></s:url></s:urlset>"),
            Encoding.UTF8.GetBytes("<feed xmlns='http://www.w3.org/2005/Atom'><entry><link href='/1'/><updated>2024-01-01T00:00:00Z</updated><content type='xhtml'><div><![CDATA[x]]></div></content></entry></feed>"),
            Encoding.UTF8.GetBytes("<rss><channel><item><link>https://a.test/1</link><pubDate>Thu, 05 Jan 17 13:34:52 +0100</pubDate></item></channel></rss>"),
            Encoding.UTF8.GetBytes("\uFEFFhttps://a.test/1\nhttps://a.test/2\n"),
        ];
        var random = new Random(31);
        for (int i = 0; i < 6_000; i++)
        {
            byte[] file = files[random.Next(files.Length)];
            bool packed = random.Next(3) == 0;
            byte[] bytes = packed ? Gzip(file) : file;
            bytes = bytes[..(random.Next(2) == 0 ? bytes.Length : random.Next(bytes.Length + 1))];
            for (int flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.InRange(Sitemap.Read(bytes, At).Urls.Count, 0, 20);
        }
    }

    [Fact]
    public void The_shared_files_are_read_as_expected()
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("sitemaps", "expected.json")));
        int files = 0;
        foreach (JsonElement row in expected.RootElement.GetProperty("files").EnumerateArray())
        {
            files++;
            string name = row.GetProperty("file").GetString()!, type = row.GetProperty("type").GetString()!;
            using FileStream stream = File.OpenRead(SharedData.Require("sitemaps", name));
            SitemapResult result = Sitemap.Read(stream, WebUrl.TryParse("http://other.test/")!);
            Assert.Null(result.Problem);
            SitemapKind kind = type.Contains("index", StringComparison.Ordinal) ? SitemapKind.Index : type.StartsWith("xml", StringComparison.Ordinal) ? SitemapKind.UrlSet
                : type.StartsWith("rss", StringComparison.Ordinal) ? SitemapKind.Rss : type == "atom" ? SitemapKind.Atom : SitemapKind.Text;
            Assert.Equal((name, kind), (name, result.Kind));
            if (row.TryGetProperty("urls", out JsonElement urls))
                Assert.Equal(urls.EnumerateArray().Select(u => u.GetString()), Hrefs(result.Urls));
            if (row.TryGetProperty("sitemaps", out JsonElement sitemaps))
                Assert.Equal(sitemaps.EnumerateArray().Select(u => u.GetString()), Hrefs(result.Sitemaps));
            if (row.TryGetProperty("lastmod", out JsonElement dates))
                Assert.Equal(dates.EnumerateArray().Select(d => d.ValueKind == JsonValueKind.Null ? (DateTime?)null
                    : DateTimeOffset.Parse(d.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).UtcDateTime), result.Urls.Select(u => u.LastModified));
            if (row.TryGetProperty("must_contain", out JsonElement contained))
                Assert.All(contained.EnumerateArray(), u => Assert.Contains(u.GetString(), Hrefs(result.Urls)));
            if (row.TryGetProperty("must_not_contain", out JsonElement left))
                Assert.All(left.EnumerateArray(), u => Assert.DoesNotContain(u.GetString(), Hrefs(result.Urls)));
        }
        Assert.Equal(10, files);
    }
}
