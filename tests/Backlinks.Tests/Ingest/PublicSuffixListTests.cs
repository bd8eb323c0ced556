using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class PublicSuffixListTests
{
    private const string Small = """
        // ===BEGIN ICANN DOMAINS===
        com
        jp
        *.kobe.jp
        !city.kobe.jp
        中国
        公司.中国
        // ===END ICANN DOMAINS===
        // ===BEGIN PRIVATE DOMAINS===
        blogspot.com
        *.deep.*.example.com
        // ===END PRIVATE DOMAINS===
        """;

    [Theory]
    [InlineData("com", null)]
    [InlineData("a.com", "a.com")]
    [InlineData("b.a.com", "a.com")]
    [InlineData("A.B.COM", "b.com")]
    [InlineData("a.com.", "a.com")]
    [InlineData("kobe.jp", "kobe.jp")]
    [InlineData("a.kobe.jp", null)]
    [InlineData("b.a.kobe.jp", "b.a.kobe.jp")]
    [InlineData("city.kobe.jp", "city.kobe.jp")]
    [InlineData("www.city.kobe.jp", "city.kobe.jp")]
    [InlineData("blogspot.com", null)]
    [InlineData("x.a.blogspot.com", "a.blogspot.com")]
    [InlineData("one.deep.any.example.com", null)]
    [InlineData("two.one.deep.any.example.com", "two.one.deep.any.example.com")]
    [InlineData("deep.any.example.com", "example.com")]
    [InlineData("unlisted", null)]
    [InlineData("a.b.unlisted", "b.unlisted")]
    [InlineData("", null)]
    [InlineData(".", null)]
    [InlineData(".com", null)]
    [InlineData("a..com", null)]
    [InlineData("192.168.0.1", null)]
    [InlineData("公司.中国", null)]
    [InlineData("a.公司.中国", "a.公司.中国")]
    [InlineData("a.xn--55qx5d.xn--fiqs8s", "a.xn--55qx5d.xn--fiqs8s")]
    [InlineData("xn--55qx5d.中国", null)]
    [InlineData("b.a.公司.xn--fiqs8s", "a.公司.xn--fiqs8s")]
    public void The_prevailing_rule_decides(string host, string? domain) => Assert.Equal(domain, Read(Small).DomainOf(host));

    [Theory]
    [InlineData("x.a.blogspot.com", "blogspot.com")]
    [InlineData("two.one.deep.any.example.com", "example.com")]
    [InlineData("www.city.kobe.jp", "city.kobe.jp")]
    public void The_private_section_can_be_left_out(string host, string domain) =>
        Assert.Equal(domain, Read(Small).DomainOf(host, withPrivate: false));

    [Fact]
    public void Known_top_level_domains_are_told_from_the_implied_rule()
    {
        PublicSuffixList list = Read(Small);
        Assert.Equal(5, list.DomainLength("com.a.b"u8, false, out bool listed));
        Assert.True(listed);
        Assert.Equal(10, list.DomainLength("unlisted.b.a"u8, false, out listed));
        Assert.False(listed);
    }

    [Theory]
    [InlineData("tests.txt")]
    [InlineData("test_psl.txt")]
    public void The_published_tests_pass_with_their_list(string table)
    {
        var list = PublicSuffixList.Load(SharedData.Require("psl", "public_suffix_list.dat"));
        AssertTable(list, File.ReadAllLines(SharedData.Require("psl", table)));
    }

    [Fact]
    public void The_published_tests_pass_with_the_list_built_in() =>
        AssertTable(PublicSuffixList.BuiltIn, File.ReadAllLines(SharedData.Require("psl", "tests.txt")));

    [Fact]
    public void The_list_built_in_has_both_sections_in_full()
    {
        Assert.InRange(PublicSuffixList.BuiltIn.IcannRules, 6500, 9000);
        Assert.InRange(PublicSuffixList.BuiltIn.PrivateRules, 3000, 9000);
        Assert.Equal("alice.github.io", PublicSuffixList.BuiltIn.DomainOf("www.alice.github.io"));
        Assert.Equal("github.io", PublicSuffixList.BuiltIn.DomainOf("www.alice.github.io", withPrivate: false));
        Assert.Equal("bbc.co.uk", PublicSuffixList.BuiltIn.DomainOf("www.bbc.co.uk"));
        Assert.Equal("gov.ck", PublicSuffixList.BuiltIn.DomainOf("a.b.gov.ck")?[2..]);
    }

    [Fact]
    public void Random_hosts_agree_with_the_algorithm_as_published()
    {
        // Few labels, so that rules and hosts meet often.
        string[] labels = ["a", "b", "c", "*"];
        Gen<string> host = Gen.Int[0, 2].Select(i => labels[i]).Array[1, 5].Select(l => string.Join('.', l));
        Gen<string> rule = Gen.Int[0, 3].Select(i => labels[i]).Array[1, 4].Select(l => string.Join('.', l));
        Gen<string> exception = Gen.Int[0, 2].Select(i => labels[i]).Array[2, 4].Select(l => "!" + string.Join('.', l));
        Gen.Select(rule.Array[1, 8], Gen.OneOf(rule, exception).Array[1, 4], host.Array[20]).Sample((icann, more, hosts) =>
        {
            PublicSuffixList list = Read($"// ===BEGIN ICANN DOMAINS===\n{string.Join('\n', icann)}\n// ===BEGIN PRIVATE DOMAINS===\n{string.Join('\n', more)}\n");
            foreach (string h in hosts)
            {
                Assert.Equal(NaiveDomain([.. icann, .. more], h), list.DomainOf(h));
                Assert.Equal(NaiveDomain(icann, h), list.DomainOf(h, withPrivate: false));
            }
        }, iter: 300, threads: 1);
    }

    [Theory]
    [InlineData("a.com", "a.com")]
    [InlineData("b.a.com.", "a.com")]
    [InlineData("com", "")]
    [InlineData("", "")]
    [InlineData(".", "")]
    [InlineData("..", "")]
    [InlineData("a..com", "")]
    [InlineData("127.0.0.1", "")]
    [InlineData("[::1]", "")]
    [InlineData("x.a.xn--55qx5d.xn--fiqs8s", "a.xn--55qx5d.xn--fiqs8s")]
    public void The_domain_is_cut_from_a_host_without_allocating(string host, string domain)
    {
        PublicSuffixList list = Read(Small);
        Assert.Equal(domain, list.DomainOf(host.AsSpan()).ToString());
        long before = GC.GetAllocatedBytesForCurrentThread();
        int length = list.DomainOf(host.AsSpan()).Length;
        Assert.Equal((domain.Length, 0L), (length, GC.GetAllocatedBytesForCurrentThread() - before));
        Assert.Equal("a.com", list.DomainOf((string.Concat(Enumerable.Repeat("b.", 1000)) + "a.com").AsSpan()).ToString());
    }

    [Fact]
    public void A_key_is_looked_up_without_allocating()
    {
        byte[] key = Encoding.UTF8.GetBytes(NodeNames.ReverseLabels("www.alice.github.io"));
        PublicSuffixList list = PublicSuffixList.BuiltIn;
        list.DomainLength(key, true, out _);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Assert.True(list.DomainLength(key, true, out _) == 15);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("com\n", "line 1")]
    [InlineData("// ===BEGIN ICANN DOMAINS===\ncom\n", "0 private")]
    [InlineData("// ===BEGIN ICANN DOMAINS===\ncom\na..b\n// ===BEGIN PRIVATE DOMAINS===\nx.com\n", "line 3")]
    [InlineData("// ===BEGIN ICANN DOMAINS===\ncom\na*.b\n// ===BEGIN PRIVATE DOMAINS===\nx.com\n", "line 3")]
    [InlineData("", "0 ICANN")]
    public void What_is_not_the_list_is_refused(string text, string said) =>
        Assert.Contains(said, Assert.Throws<ImportException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_list_that_is_not_text_is_refused()
    {
        using TemporaryFolder temporary = new();
        File.WriteAllBytes(temporary.File("list"), [0x2f, 0x2f, 0x80, 0x0a, 0xc0]);
        Assert.Contains("UTF-8", Assert.Throws<ImportException>(() => PublicSuffixList.Load(temporary.File("list"))).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<ImportException>(() => PublicSuffixList.Load(temporary.File("none"))).Message, StringComparison.Ordinal);
    }

    private static PublicSuffixList Read(string text)
    {
        using TemporaryFolder temporary = new();
        File.WriteAllText(temporary.File("list"), text);
        return PublicSuffixList.Load(temporary.File("list"));
    }

    /// <summary>Rows <c>host domain</c> or <c>checkPublicSuffix('host', 'domain');</c>, null for none.</summary>
    private static void AssertTable(PublicSuffixList list, string[] lines)
    {
        int rows = 0;
        foreach (string line in lines.Where(l => l.Length > 0 && !l.StartsWith("//", StringComparison.Ordinal)))
        {
            string[] parts = line.Replace("checkPublicSuffix(", "", StringComparison.Ordinal).TrimEnd(';', ')').Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
            (string host, string domain) = (parts[0].Trim('\''), parts[1].Trim('\''));
            if (host == "null")
                continue;
            rows++;
            Assert.Equal((host, domain == "null" ? null : domain), (host, list.DomainOf(host)));
        }
        Assert.InRange(rows, 70, 100);
    }

    private static string? NaiveDomain(string[] rules, string host)
    {
        string[] labels = host.Split('.');
        int longest = 1;
        int? exception = null;
        foreach (string rule in rules)
        {
            string[] parts = rule.TrimStart('!').Split('.');
            if (parts.Length > labels.Length || !parts.Reverse().Zip(labels.Reverse()).All(p => p.First == "*" || p.First == p.Second))
                continue;
            if (rule.StartsWith('!'))
                exception = Math.Max(exception ?? 0, parts.Length - 1);
            else
                longest = Math.Max(longest, parts.Length);
        }
        int suffix = exception ?? longest;
        return labels.Length > suffix ? string.Join('.', labels[^(suffix + 1)..]) : null;
    }
}
