using System.Text;
using System.Text.Json;
using Backlinks.Ingest;
using CsCheck;

namespace Backlinks.Tests;

public sealed class IdnaTests
{
    [Theory]
    [InlineData("example.COM", "example.com")]
    [InlineData("xn--anything-goes", "xn--anything-goes")] // ASCII is not looked at
    [InlineData("Bücher.de", "xn--bcher-kva.de")]
    [InlineData("bu\u0308cher.de", "xn--bcher-kva.de")]
    [InlineData("faß.de", "xn--fa-hia.de")]
    [InlineData("ẞ.com", "xn--zca.com")]
    [InlineData("βόλος.com", "xn--nxasmm1c.com")]
    [InlineData("中国。公司", "xn--fiqs8s.xn--55qx5d")]
    [InlineData("例え.テスト", "xn--r8jz45g.xn--zckzah")]
    [InlineData("пример.испытание", "xn--e1afmkfd.xn--80akhbyknj4f")]
    [InlineData("한국.kr", "xn--3e0b707e.kr")]
    [InlineData("\u1112\u1161\u11ab국.kr", "xn--3e0b707e.kr")] // conjoining letters compose
    [InlineData("ＥＸＡＭＰＬＥ．com", "example.com")]
    [InlineData("a\u00adb.com", "ab.com")]
    [InlineData("نامه\u200cای.com", "xn--mgba3gch31f060k.com")]
    [InlineData("ශ්\u200dරී.com", "xn--10cl1a0b660p.com")]
    [InlineData("xn--zca.ß", "xn--zca.xn--zca")]
    [InlineData("☃.net", "xn--n3h.net")]
    [InlineData("\ud83d\ude00.la", "xn--e28h.la")]
    [InlineData("a\u0323\u0307.com", "xn--l9j4w.com", true)]
    [InlineData("\u200d.com", null)] // a joiner joins nothing
    [InlineData("a\u200cb.com", null)]
    [InlineData("\u0300a.com", null)] // a mark marks nothing
    [InlineData("\u05d0a.com", null)] // right to left and left to right in one label
    [InlineData("\u05d0.1com", null)]
    [InlineData("\u05d01.com", "xn--1-zhc.com")]
    [InlineData("\ufffd.com", null)]
    [InlineData("\u0378.com", null)] // unassigned
    [InlineData("xn--a.ß", null)] // decodes to nothing
    [InlineData("xn--abc-.ß", null)] // decodes to ASCII
    [InlineData("xn--\u00fc", null)]
    [InlineData("xn--a-ecp.ß", null)] // decodes to what would have been mapped
    public void Names_become_ascii(string name, string? ascii, bool onlySurvives = false)
    {
        string? result = Idna.ToAscii(name);
        if (onlySurvives)
            Assert.Equal(Idna.ToAscii("a\u0307\u0323.com"), result); // marks in either order are one name
        else
            Assert.Equal(ascii, result);
    }

    [Fact]
    public void The_suite_of_the_web_platform_passes_in_every_row()
    {
        using JsonDocument suite = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("url", "toascii.json")));
        int rows = 0;
        foreach (JsonElement row in suite.RootElement.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.Object))
        {
            rows++;
            string input = row.GetProperty("input").GetString()!;
            Assert.Equal((input, row.GetProperty("output").GetString()), (input, WebUrl.TryParse($"https://{input}/x")?.Host));
        }
        Assert.InRange(rows, 80, 500);
    }

    [Fact]
    public void Normalisation_agrees_with_the_published_examples()
    {
        // UAX #15, tables 3 to 6, and composition exclusions.
        Assert.Equal("\u1e69", Normal("s\u0323\u0307"));
        Assert.Equal("\u1e69", Normal("s\u0307\u0323"));
        Assert.Equal("\u1e69", Normal("\u1e63\u0307"));
        Assert.Equal("\u1e69", Normal("\u1e61\u0323"));
        Assert.Equal("\u1e9b\u0323", Normal("\u1e9b\u0323"));
        Assert.Equal("\u00c5", Normal("\u212b"));
        Assert.Equal("\u03a9", Normal("\u2126"));
        Assert.Equal("\u0915\u093c", Normal("\u0958"));
        Assert.Equal("\u2add\u0338", Normal("\u2adc"));
        Assert.Equal("\uac00\uac01", Normal("\u1100\u1161\uac00\u11a8"));
        Assert.Equal("\u00e0\u05ae\u0300\u0315b", Normal("a\u0315\u0300\u05ae\u0300b"));
        Assert.Equal("\u0344".Length + 1, Normal("\u0344").Length); // two marks: excluded
    }

    [Fact]
    public void Normalisation_holds_still_once_done()
    {
        int[] points = ['a', 'e', 's', 0x300, 0x316, 0x323, 0x307, 0x338, 0x345, 0x5ae, 0x1100, 0x1161, 0x11a8, 0xac00, 0x958, 0x212b, 0x1e9b, 0x9c7, 0x9be, 0x2f868, 0x1d15e, '='];
        Gen.Int[0, points.Length - 1].Select(i => points[i]).Array[0, 12].Sample(text =>
        {
            List<int> once = [.. text], twice, apart = [];
            Nfc.Normalize(once);
            twice = [.. once];
            Nfc.Normalize(twice);
            Assert.Equal(once, twice);
            Assert.True(Nfc.IsNormalized(once));
            // Normalising what has been normalised in two halves gives the same.
            List<int> half = [.. text[..(text.Length / 2)]];
            Nfc.Normalize(half);
            apart.AddRange(half);
            apart.AddRange(text[(text.Length / 2)..]);
            Nfc.Normalize(apart);
            Assert.Equal(once, apart);
        }, seed: "0N0XIzNsQ0O2", iter: 4_000, threads: 1);
    }

    [Fact]
    public void Punycode_comes_back()
    {
        Gen.OneOf(Gen.Int['a', 'z'], Gen.Int[0x80, 0x2fff], Gen.Int[0x10000, 0x10ffff]).Array[1, 60].Sample(label =>
        {
            StringBuilder encoded = new();
            Punycode.Encode(label, encoded);
            List<int> decoded = [];
            Assert.True(Punycode.TryDecode([.. encoded.ToString().Select(c => (int)c)], decoded));
            Assert.Equal(label, decoded);
        }, seed: "0N0XIzNsQ0O2", iter: 500, threads: 1);
    }

    [Fact]
    public void Ascii_names_decode_to_themselves_when_encoded_again()
    {
        // Whatever name comes out is a fixed point, even beside a label that makes it be looked at.
        int[] points = ['a', 'Z', '1', '-', '.', 0xe9, 0xdf, 0x3c2, 0x5d0, 0x661, 0x645, 0x200c, 0x200d, 0x94d, 0x915, 0x300, 0x4e2d, 0x3002, 0x1f600, 0xad, 0x2260];
        int valid = 0;
        Gen.Int[0, points.Length - 1].Select(i => points[i]).Array[1, 8].Sample(name =>
        {
            if (Idna.ToAscii(string.Concat(name.Select(char.ConvertFromUtf32))) is not { } ascii)
                return;
            valid++;
            Assert.True(System.Text.Ascii.IsValid(ascii));
            Assert.Equal(ascii, Idna.ToAscii(ascii));
            if (!name.Any(p => p is 0x5d0 or 0x661 or 0x645) && !ascii.Split('.').Any(l => l.StartsWith("xn--", StringComparison.Ordinal) && name.All(p => p < 0x80)))
                Assert.Equal(ascii + ".xn--zca", Idna.ToAscii(ascii + ".ß"));
        }, seed: "0N0XIzNsQ0O2", iter: 4_000, threads: 1);
        Assert.InRange(valid, 100, 4_000);
    }

    [Fact]
    public void Names_that_could_never_be_resolved_are_refused()
    {
        Assert.NotNull(Idna.ToAscii(new string('é', Idna.MaxLabel)));
        Assert.Null(Idna.ToAscii(new string('é', Idna.MaxLabel + 1)));
        Assert.Null(Idna.ToAscii(string.Concat(Enumerable.Repeat("é.", Idna.MaxName))));
        Assert.Equal(100_000, Idna.ToAscii(new string('a', 100_000))!.Length);
    }

    private static string Normal(string text)
    {
        List<int> points = [.. text.EnumerateRunes().Select(r => r.Value)];
        Nfc.Normalize(points);
        return string.Concat(points.Select(char.ConvertFromUtf32));
    }
}
