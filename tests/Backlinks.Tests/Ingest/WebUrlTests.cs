using System.Text;
using System.Text.Json;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class WebUrlTests
{
    [Theory]
    [InlineData("http://example.com", "http://example.com/")]
    [InlineData("  HTTP://EXAMPLE.com:80/A b\t\n ", "http://example.com/A%20b")]
    [InlineData("https://user:p:w@h:8443/x?q#f", "https://user:p%3Aw@h:8443/x?q#f")]
    [InlineData("https://a@b@c/", "https://a%40b@c/")]
    [InlineData("https://:@h/", "https://h/")]
    [InlineData("http:\\\\h\\a\\..\\b", "http://h/b")]
    [InlineData("http://h/a/./b/%2E%2e/c/..", "http://h/a/")]
    [InlineData("http://h/.hidden/...", "http://h/.hidden/...")]
    [InlineData("http://h/a//b", "http://h/a//b")]
    [InlineData("http://h/%zz%41", "http://h/%zz%41")]
    [InlineData("http://h?a'b|c", "http://h/?a%27b|c")]
    [InlineData("http://h/#a b`c", "http://h/#a%20b%60c")]
    [InlineData("http://h/é?é#é", "http://h/%C3%A9?%C3%A9#%C3%A9")]
    [InlineData("http://h:0/", "http://h:0/")]
    [InlineData("http://h:00080/", "http://h/")]
    [InlineData("http://h:65535/", "http://h:65535/")]
    [InlineData("http://0x7f.1/", "http://127.0.0.1/")]
    [InlineData("http://017700000001", "http://127.0.0.1/")]
    [InlineData("http://4294967295./", "http://255.255.255.255/")]
    [InlineData("http://[1:0:0:2:0:0:0:3]:81/", "http://[1:0:0:2::3]:81/")]
    [InlineData("http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/")]
    [InlineData("http://[1:2:3:4:5:6:7::]/", "http://[1:2:3:4:5:6:7:0]/")]
    [InlineData("http://%65xample.com/", "http://example.com/")]
    [InlineData("http://a_b.com./", "http://a_b.com./")]
    [InlineData("file:///C|/a/../..", "file:///C:/")]
    [InlineData("file://localhost/x", "file:///x")]
    [InlineData("mailto:a@b.c?subject=x y", "mailto:a@b.c?subject=x%20y")]
    [InlineData("javascript:alert(1) #x", "javascript:alert(1)%20#x")]
    [InlineData("web+x:/..//h", "web+x:/.//h")]
    [InlineData("foo://H O", null)]
    [InlineData("foo://HO", "foo://HO")]
    [InlineData("", null)]
    [InlineData("page", null)]
    [InlineData("//h/", null)]
    [InlineData("http://", null)]
    [InlineData("http://a b/", null)]
    [InlineData("http://a%00b/", null)]
    [InlineData("http://u@/", null)]
    [InlineData("http://h:65536/", null)]
    [InlineData("http://h:99999999999999999999/", null)]
    [InlineData("http://h:8o/", null)]
    [InlineData("http://256.1.1.1/", null)]
    [InlineData("http://1.2.3.4.5/", null)]
    [InlineData("http://1.2.3.08/", null)]
    [InlineData("http://[1::2::3]/", null)]
    [InlineData("http://[::1/", null)]
    [InlineData("http://[::1%eth0]/", null)]
    [InlineData("http://[::1.2.3.04]/", null)]
    [InlineData("http://%ff/", null)]
    public void Absolute_urls_serialise_as_the_standard_says(string input, string? href) => Assert.Equal(href, WebUrl.TryParse(input)?.Href);

    [Theory]
    // RFC 3986, 5.4.1 and 5.4.2, against http://a/b/c/d;p?q, where the WHATWG standard agrees.
    [InlineData("g:h", "g:h")]
    [InlineData("g", "http://a/b/c/g")]
    [InlineData("./g", "http://a/b/c/g")]
    [InlineData("g/", "http://a/b/c/g/")]
    [InlineData("/g", "http://a/g")]
    [InlineData("//g", "http://g/")]
    [InlineData("?y", "http://a/b/c/d;p?y")]
    [InlineData("g?y", "http://a/b/c/g?y")]
    [InlineData("#s", "http://a/b/c/d;p?q#s")]
    [InlineData("g#s", "http://a/b/c/g#s")]
    [InlineData("g?y#s", "http://a/b/c/g?y#s")]
    [InlineData(";x", "http://a/b/c/;x")]
    [InlineData("g;x", "http://a/b/c/g;x")]
    [InlineData("g;x?y#s", "http://a/b/c/g;x?y#s")]
    [InlineData("", "http://a/b/c/d;p?q")]
    [InlineData(".", "http://a/b/c/")]
    [InlineData("./", "http://a/b/c/")]
    [InlineData("..", "http://a/b/")]
    [InlineData("../", "http://a/b/")]
    [InlineData("../g", "http://a/b/g")]
    [InlineData("../..", "http://a/")]
    [InlineData("../../", "http://a/")]
    [InlineData("../../g", "http://a/g")]
    [InlineData("../../../g", "http://a/g")]
    [InlineData("../../../../g", "http://a/g")]
    [InlineData("/./g", "http://a/g")]
    [InlineData("/../g", "http://a/g")]
    [InlineData("g.", "http://a/b/c/g.")]
    [InlineData(".g", "http://a/b/c/.g")]
    [InlineData("g..", "http://a/b/c/g..")]
    [InlineData("..g", "http://a/b/c/..g")]
    [InlineData("./../g", "http://a/b/g")]
    [InlineData("./g/.", "http://a/b/c/g/")]
    [InlineData("g/./h", "http://a/b/c/g/h")]
    [InlineData("g/../h", "http://a/b/c/h")]
    [InlineData("g;x=1/./y", "http://a/b/c/g;x=1/y")]
    [InlineData("g;x=1/../y", "http://a/b/c/y")]
    [InlineData("g?y/./x", "http://a/b/c/g?y/./x")]
    [InlineData("g?y/../x", "http://a/b/c/g?y/../x")]
    [InlineData("g#s/./x", "http://a/b/c/g#s/./x")]
    [InlineData("g#s/../x", "http://a/b/c/g#s/../x")]
    [InlineData("http:g", "http://a/b/c/g")]
    [InlineData("https:g", "https://g/")]
    [InlineData("\\g", "http://a/g")]
    public void References_resolve_by_the_old_rules(string reference, string href) =>
        Assert.Equal(href, WebUrl.TryParse(reference, WebUrl.TryParse("http://a/b/c/d;p?q"))?.Href);

    [Fact]
    public void A_lone_surrogate_is_the_replacement_character()
    {
        Assert.Equal("http://h/%EF%BF%BDa?%EF%BF%BD#%EF%BF%BD", WebUrl.TryParse("http://h/\ud800a?\udc00#\ud800")?.Href);
        Assert.Null(WebUrl.TryParse("http://h\ud800/"));
    }

    [Fact]
    public void Parts_are_cut_where_they_end()
    {
        WebUrl url = WebUrl.TryParse("https://user:secret@Example.com:8080/folder/page?query#fragment")!;
        Assert.Equal(("https", true, "user", "secret", "example.com", 8080), (url.Scheme, url.IsHttp, url.Username, url.Password, url.Host, url.Port));
        Assert.Equal(("/folder/page", "?query", "#fragment", "/folder/page?query"), (url.Path, url.Query, url.Fragment, url.PathAndQuery));
        Assert.Equal("https://example.com:8080", url.Origin);
        Assert.Equal("https://user:secret@example.com:8080/folder/page?query", url.PageKey);
        WebUrl plain = WebUrl.TryParse("http://example.com/?")!;
        Assert.Equal(("", "", "/?", 80, "http://example.com"), (plain.Query, plain.Fragment, plain.PathAndQuery, plain.Port, plain.Origin));
        Assert.Same(plain.Href, plain.PageKey);
        Assert.Equal(("null", 0, ""), (WebUrl.TryParse("mailto:x")!.Origin, WebUrl.TryParse("mailto:x")!.Port, WebUrl.TryParse("mailto:x")!.Host));
        Assert.Equal(WebUrl.TryParse("HTTP://h"), WebUrl.TryParse("http://h/"));
    }

    [Fact]
    public void The_query_alone_is_in_the_encoding_of_the_page()
    {
        Assert.True(WebUrl.TryParse("http://h/é?é=☃&\ud83d\ude00'#é", null, Encoding.Latin1, out WebUrl? url));
        Assert.Equal("http://h/%C3%A9?%E9=%26%239731%3B&%26%23128512%3B%27#%C3%A9", url.Href);
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Assert.Equal("?%8E%9A", Query("?字", "shift_jis"));
        Assert.Equal("?%1B$B;z%1B(Ba", Query("?字a", "iso-2022-jp"));
        Assert.Equal("?%D7%D6%26%239731%3B", Query("?字☃", "gb2312"));
        Assert.Equal("?%E5%AD%97", Query("?字", "utf-16"));
        Assert.Equal("?a%8E%9A%26%239731%3B", Web("?a字☃", "sjis"));
        Assert.Equal("?%F2&%26%23233%3B", Web("?т&é", "windows-1251"));
        Assert.Equal("?%E5%AD%97", Web("?字", "utf-16"));
        Assert.True(WebUrl.TryParse("x://h/?é", null, Encoding.Latin1, out url) && url.Query == "?%C3%A9");

        static string Query(string text, string encoding) => In(text, Encoding.GetEncoding(encoding));
        static string Web(string text, string label) => In(text, WebEncoding.ForLabel(label)!);
        static string In(string text, Encoding encoding) => WebUrl.TryParse("http://h/" + text, null, encoding, out WebUrl? url) ? url.Query : "failure";
    }

    [Fact]
    public void The_suite_of_the_web_platform_passes_in_every_row()
    {
        using JsonDocument suite = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("url", "urltestdata.json")));
        List<string> wrong = [];
        int rows = 0;
        foreach (JsonElement row in suite.RootElement.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.Object))
        {
            rows++;
            string input = row.GetProperty("input").GetString()!;
            string? against = row.GetProperty("base").GetString();
            WebUrl? relativeTo = against is null ? null : WebUrl.TryParse(against);
            WebUrl? url = against is not null && relativeTo is null ? null : WebUrl.TryParse(input, relativeTo);
            if (row.TryGetProperty("failure", out _))
            {
                if (url is not null)
                    wrong.Add($"'{input}' against '{against}' is failure, not {url.Href}");
                if (row.TryGetProperty("relativeTo", out JsonElement needs))
                {
                    // A base without which alone the input fails: of the input's scheme, if it has one.
                    string likely = input.StartsWith("https:", StringComparison.Ordinal) ? "https://a/b" : "http://a/b";
                    string[] bases = needs.GetString() == "any-base" ? [likely, "foo://h", "mailto:x"] : [likely];
                    wrong.AddRange(bases.Where(b => WebUrl.TryParse(input, WebUrl.TryParse(b)) is null).Select(b => $"'{input}' fails against {b}"));
                }
                continue;
            }
            if (url is null)
            {
                wrong.Add($"'{input}' against '{against}' is {row.GetProperty("href")}, not failure");
                continue;
            }
            Compare("href", url.Href);
            Compare("protocol", url.Scheme + ":");
            Compare("username", url.Username);
            Compare("password", url.Password);
            Compare("host", url.PortSpan.IsEmpty ? url.Host : $"{url.Host}:{url.PortSpan}");
            Compare("hostname", url.Host);
            Compare("port", url.PortSpan.ToString());
            Compare("pathname", url.Path);
            Compare("search", url.Query);
            Compare("hash", url.Fragment);
            Compare("origin", url.Origin);
            if (WebUrl.TryParse(url.Href)?.Href != url.Href)
                wrong.Add($"{url.Href} does not survive a second parse");

            void Compare(string name, string value)
            {
                if (row.TryGetProperty(name, out JsonElement wanted) && wanted.GetString() != value)
                    wrong.Add($"'{input}' against '{against}': {name} is {wanted.GetString()}, not {value}");
            }
        }
        Assert.Empty(wrong);
        Assert.InRange(rows, 880, 2000);
    }

    [Fact]
    public void What_is_serialised_parses_to_itself_and_nothing_throws()
    {
        // Pieces that meet each other's rules, so that most are more than noise.
        string[] pieces = ["http:", "https://", "file:", "foo:", "//", "/", "\\", "..", ".", "%2e", "%", "%41", "?", "#", "@", ":", "80", "[", "]", "::1",
            "c:", "C|", "h", "Example.COM", "1.2.3.4", "0x7f", "é", "ß", "\u200d", "\ud800", "\ud83d\ude00", " ", "\t", "\n", "\0", "\"", "'", "<", "`", "{", "^", "|",
            "xn--", "xn--zca", "localhost", "a", "-", "中", "。", "\u0338", "\u05d0", "=", "&"];
        Gen<string> text = Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).Array[0, 9].Select(string.Concat);
        int parsed = 0;
        Gen.Select(text, text, Gen.Int[0, 5]).Sample((first, second, front) =>
        {
            WebUrl? relativeTo = WebUrl.TryParse((front switch { 0 => "", 1 => "file:", 2 => "foo://h/", 3 => "foo:/", _ => "http://h/" }) + first);
            foreach (WebUrl? url in new[] { relativeTo, WebUrl.TryParse(second), relativeTo is null ? null : WebUrl.TryParse(second, relativeTo) })
            {
                if (url is null)
                    continue;
                parsed++;
                WebUrl? again = WebUrl.TryParse(url.Href);
                Assert.Equal(url.Href, again?.Href);
                Assert.Equal((url.Host, url.Path, url.Query, url.Fragment, url.Username, url.Password, url.Port),
                    (again!.Host, again.Path, again.Query, again.Fragment, again.Username, again.Password, again.Port));
                Assert.Equal(url.Href, WebUrl.TryParse(url.Href, relativeTo)!.Href);
                Assert.True(System.Text.Ascii.IsValid(url.Href));
                Assert.Equal(url.Href, url.PageKey + url.Href[url.PageKey.Length..]);
            }
        }, seed: "0N0XIzNsQ0O2", iter: 5_000, threads: 1);
        Assert.InRange(parsed, 2_500, 15_000);
    }

    [Fact]
    public void An_ordinary_link_costs_its_string_and_its_object()
    {
        WebUrl page = WebUrl.TryParse("https://www.example.com/news/2024/story.html?id=7")!;
        long Cost(string link)
        {
            WebUrl? url = WebUrl.TryParse(link, page);
            long before = GC.GetAllocatedBytesForCurrentThread();
            url = WebUrl.TryParse(link, page);
            long cost = GC.GetAllocatedBytesForCurrentThread() - before;
            return cost - 2 * url!.Href.Length;
        }
        Assert.InRange(Cost("https://www.example.org/a/b.html?c=d"), 1, 120);
        Assert.InRange(Cost("../more/other.html#part"), 1, 120);
    }

    [Theory]
    [InlineData("http://h", "/..")]
    [InlineData("http://h", "/a/..")]
    [InlineData("http://h/", "../")]
    [InlineData("http://h/", "%")]
    [InlineData("http://h/", "%2e/")]
    [InlineData("http://h/?", "é")]
    [InlineData("http://", ".")]
    [InlineData("http://", "a.")]
    [InlineData("http://", "1.")]
    [InlineData("http://", "%61")]
    [InlineData("http://", "é")]
    [InlineData("http://", "\u0300\u0316")]
    [InlineData("http://xn--", "a")]
    [InlineData("http://h", "@")]
    [InlineData("http://", ":")]
    [InlineData("http://", "[")]
    [InlineData("http://h:", "0")]
    [InlineData("http://[", "0:")]
    [InlineData("file:///c:", "/..")]
    [InlineData("foo:", "/..")]
    [InlineData("foo:", " ")]
    [InlineData("http://h/", "/.a")]
    [InlineData("", "a")]
    [InlineData("", "\t")]
    [InlineData("", " ")]
    public async Task A_megabyte_of_anything_ends_soon(string front, string piece)
    {
        // A quadratic step would take minutes; the guard is for a very slow machine.
        string input = string.Concat(front, string.Concat(Enumerable.Repeat(piece, 1_000_000 / Encoding.UTF8.GetByteCount(piece))), "x");
        WebUrl page = WebUrl.TryParse("http://h/a/b")!;
        await Task.Run(() => (WebUrl.TryParse(input), WebUrl.TryParse(input, page)), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }
}
