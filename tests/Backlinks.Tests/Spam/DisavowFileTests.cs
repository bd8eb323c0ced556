using System.Text;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

public class DisavowFileTests
{
    [Fact]
    public void An_empty_file_says_nothing()
    {
        DisavowFile file = DisavowFile.Parse([]);
        Assert.Empty(file.Entries);
        Assert.True(file.Accepted);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public void Domains_URLs_and_comments_are_read_with_any_line_ends_and_a_byte_order_mark(string end)
    {
        byte[] text = [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(string.Join(end, "# why", "", "domain:Spam.Example", "  DOMAIN: www.two.test  ", "https://three.test/a?b=C#d", "domain:bücher.example"))];
        DisavowFile file = DisavowFile.Parse(text);
        Assert.Empty(file.Problems);
        Assert.Equal(6, file.Lines);
        Assert.Equal([new(true, "spam.example", 3), new(true, "www.two.test", 4), new(false, "https://three.test/a?b=C#d", 5), new(true, "xn--bcher-kva.example", 6)], file.Entries);
    }

    [Theory]
    [InlineData("domain:x.example/blog", "names part of a site")]
    [InlineData("domain:x.example:8080", "names part of a site")]
    [InlineData("domain:https://x.example/", "domain:x.example")]
    [InlineData("domain:x.example # bad", "comments go on lines of their own")]
    [InlineData("domain:", "has no name")]
    [InlineData("domain:x..example", "is no name")]
    [InlineData("x.example", "write domain:x.example")]
    [InlineData("x.example/path", "write https://x.example/path")]
    [InlineData("ftp://x.example/a", "is no http or https URL")]
    [InlineData("hello world", "is neither")]
    public void A_line_that_would_be_refused_is_told_with_its_number_and_what_to_write(string line, string told)
    {
        DisavowFile file = DisavowFile.Parse(Encoding.UTF8.GetBytes("# one\n" + line + "\ndomain:good.example\n"));
        DisavowProblem problem = Assert.Single(file.Problems);
        Assert.Equal((2, true), (problem.Line, problem.Refused));
        Assert.Contains(told, problem.Text);
        Assert.False(file.Accepted);
        Assert.Equal("good.example", Assert.Single(file.Entries).Name);
    }

    [Fact]
    public void What_means_less_than_it_seems_is_noted_and_accepted()
    {
        DisavowFile file = DisavowFile.Parse("https://x.example/\ndomain:y.example\ndomain:Y.EXAMPLE.\n"u8);
        Assert.True(file.Accepted);
        Assert.Equal([1, 3], file.Problems.Select(p => p.Line));
        Assert.Equal(2, file.Entries.Count);
    }

    [Fact]
    public void Limits_of_the_file_are_told_and_all_of_it_is_still_read()
    {
        DisavowFile many = DisavowFile.Parse(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100_001).Select(i => $"domain:d{i}.example\n"))));
        Assert.Contains("100001 lines; at most 100000", Assert.Single(many.Problems, p => p.Text.Contains("lines", StringComparison.Ordinal)).Text);
        Assert.Equal((100_001, false), (many.Entries.Count, many.Accepted));
        DisavowFile large = DisavowFile.Parse(Encoding.ASCII.GetBytes("# " + new string('x', 2 << 20) + "\ndomain:a.example"));
        Assert.Contains("2097152", Assert.Single(large.Problems).Text);
        Assert.Single(large.Entries);
        DisavowFile longUrl = DisavowFile.Parse(Encoding.ASCII.GetBytes("https://a.example/" + new string('x', 2048)));
        Assert.Contains("2048", Assert.Single(longUrl.Problems).Text);
        Assert.True(DisavowFile.Parse(Encoding.ASCII.GetBytes("https://a.example/" + new string('x', 2048 - 18))).Accepted);
    }

    [Fact]
    public void Bytes_that_are_no_text_never_throw()
    {
        Random random = new(1);
        for (int i = 0; i < 300; i++)
        {
            byte[] bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            DisavowFile.Parse([.. "domain:"u8, .. bytes]);
        }
        Assert.Equal("the line is not UTF-8", Assert.Single(DisavowFile.Parse([0xFF, 0x41]).Problems, p => p.Line == 1).Text);
    }

    [Fact]
    public void What_is_written_reads_back_and_fits()
    {
        (byte[] content, int leftOut) = DisavowFile.Write(["proposed\nfor x"], [(["cluster c-1", "reason"], ["b.example", "a.example"]), (["again"], ["A.example", "bücher.example"])]);
        DisavowFile file = DisavowFile.Parse(content);
        Assert.Equal(0, leftOut);
        Assert.Empty(file.Problems);
        Assert.Equal(["b.example", "a.example", "xn--bcher-kva.example"], file.Entries.Select(e => e.Name));
        Assert.StartsWith("# proposed for x\n# cluster c-1\n# reason\ndomain:b.example\n", Encoding.UTF8.GetString(content));
        (content, leftOut) = DisavowFile.Write([], [(["why"], [.. Enumerable.Range(0, 120_000).Select(i => $"d{i}.example")])]);
        file = DisavowFile.Parse(content);
        Assert.True(file.Accepted && file.Lines <= DisavowFile.MostLines && leftOut > 0);
        Assert.Equal(120_000, file.Entries.Count + leftOut);
        Assert.Contains($"{leftOut} more domains", Encoding.UTF8.GetString(content));
        (content, leftOut) = DisavowFile.Write([], [([], [.. Enumerable.Range(0, 50_000).Select(i => new string('x', 60) + $".d{i}.example")])]);
        file = DisavowFile.Parse(content);
        Assert.True(file.Accepted && file.Bytes <= DisavowFile.MostBytes && leftOut > 0);
        Assert.Equal(50_000, file.Entries.Count + leftOut);
    }

    [Fact]
    public void A_real_file_is_read()
    {
        DisavowFile file = DisavowFile.Read(SharedData.Require("lists", "disavow", "disavow.txt"));
        Assert.True(file.Entries.Count(e => e.Domain) > 11_000, $"{file.Entries.Count} entries");
        Assert.All(file.Problems, p => Assert.True(p.Line is > 0 and <= 12_000));
    }

    [Fact]
    public void A_file_that_is_not_there_is_told_with_its_path() =>
        Assert.Contains("/none/there.txt", Assert.Throws<SpamException>(() => DisavowFile.Read("/none/there.txt")).Message);
}
