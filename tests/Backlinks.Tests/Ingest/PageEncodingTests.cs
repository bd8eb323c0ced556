using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public sealed class PageEncodingTests
{
    /// <summary>
    /// The first 16 bytes of the SHA-256 of what another decoder, the npm package @exodus/bytes 1.16.0, makes of <see cref="EveryPair"/>, in
    /// UTF-8. It passes the web-platform-tests; utf-8 is .NET's own, replacement has a test below.
    /// </summary>
    public static TheoryData<string, string> Digests { get; } = new()
    {
        { "utf-16be", "3fed0514416035a5a7a586d8a305a400" },
        { "utf-16le", "63bde3b1141b7da1bd6a4fe4fac4e0fe" },
        { "ibm866", "8b3708f8653b970c7b22d949fe6d5b5b" },
        { "iso-8859-2", "79b63ee40524e5fe5495e926d982b08b" },
        { "iso-8859-3", "1797a39dd6368d72bf470b77c64d49aa" },
        { "iso-8859-4", "4f65c23876a716cd2b138aca85cc7443" },
        { "iso-8859-5", "5f4bbba9d6034c4832605e25aad009e9" },
        { "iso-8859-6", "b4468b5c21b9b31404f2226e705b5661" },
        { "iso-8859-7", "c4d91783bb223ab7657ae2116679a905" },
        { "iso-8859-8", "ee8db0e51a72e505f84c450bec7a3d78" },
        { "iso-8859-8-i", "ee8db0e51a72e505f84c450bec7a3d78" },
        { "iso-8859-10", "8c0b4f8bfec1c9fb3c587a3e55e95a8e" },
        { "iso-8859-13", "35c8cb8921555542711e8c6d2bb7e3d3" },
        { "iso-8859-14", "cca413fe87de353f583b2396503f00da" },
        { "iso-8859-15", "89b53fe9fc7e734a0c2e0613a378a821" },
        { "iso-8859-16", "76c87a3174e2d68faf30828e815ebfff" },
        { "koi8-r", "9a4da51ea74656464dad22604b338fad" },
        { "koi8-u", "79f695686a52aa381e82bd94d8b2506c" },
        { "macintosh", "1ad0e12fb6e166c07336bf4266d9b921" },
        { "windows-874", "1f6d6cd8466e57619517dae372e77fc8" },
        { "windows-1250", "75d73599f978b326226afa15afe0e395" },
        { "windows-1251", "9e12a85b269ee0ed975384213e98b681" },
        { "windows-1252", "4750f54e52b22cd5e4582b50497b8fb2" },
        { "windows-1253", "44f9f731a8d6790dc77494f45db8d2af" },
        { "windows-1254", "b129e5f82bcc5350b3049ecfa16200bb" },
        { "windows-1255", "75138da8d660a64139d4a87e65812f16" },
        { "windows-1256", "7a8d05b51adc014ef9d93cdfbe70fef6" },
        { "windows-1257", "dadaac8932f9ed532864a83e4cd078bc" },
        { "windows-1258", "11b7391e71c88078bd66845c8e8064e3" },
        { "x-mac-cyrillic", "a3d17ab8254df232663ed7de372ec7ac" },
        { "gbk", "a9490b3323e2ee7c1de193840fdb7473" },
        { "gb18030", "a9490b3323e2ee7c1de193840fdb7473" },
        { "big5", "16c4e4e5c8f972f29e9e3489b95ae012" },
        { "euc-jp", "6c9526dcc3cfc7ae7f6c58bdd57a58c2" },
        { "iso-2022-jp", "eb7116dcfc16a9b1515cb8226b653e59" },
        { "shift_jis", "0b367a44079ff11a4b000d0390c6257f" },
        { "euc-kr", "bd276818be9fec6b9a87d25f52812416" },
        { "x-user-defined", "21891f60a5af3c99ed317e589cfa12fa" },
    };

    private static string Decode(byte[] body, string? contentType, out string name)
    {
        ReadOnlyMemory<byte> utf8 = PageEncoding.ToUtf8(body, contentType, out Encoding encoding);
        Assert.True(Utf8.IsValid(utf8.Span));
        name = encoding.WebName;
        return Encoding.UTF8.GetString(utf8.Span);
    }

    private static string NameOf(string page, string? contentType = null)
    {
        Decode(Encoding.Latin1.GetBytes(page), contentType, out string name);
        return name;
    }

    [Fact]
    public void Nothing_is_windows_1252_and_empty()
    {
        Assert.Equal("", Decode([], null, out string name));
        Assert.Equal("windows-1252", name);
    }

    [Theory]
    [InlineData("text/html; charset=utf-8", "utf-8")]
    [InlineData("text/html;CHARSET=\"Shift-JIS\"", "shift_jis")]
    [InlineData("text/html; a=\"x;charset=gbk\"; charset=latin1", "windows-1252")]
    [InlineData("text/html; charset=gbk; charset=big5", "gbk")]
    [InlineData("text/html; charset='koi8-r'", "koi8-r")]
    [InlineData("text/html; charset = euc-kr ", "euc-kr")]
    [InlineData("text/html; x; charset=866", "ibm866")]
    [InlineData("text/html; charset=nonsense", "big5")]
    [InlineData("text/html; charset=", "big5")]
    [InlineData("text/html; charset", "big5")]
    [InlineData("text/html; charset=\"", "big5")]
    [InlineData("charset=gbk", "big5")]
    [InlineData(";;;", "big5")]
    [InlineData(null, "big5")]
    public void The_header_goes_before_the_page(string? contentType, string name) =>
        Assert.Equal(name, NameOf("<meta charset=big5>", contentType));

    [Theory]
    [InlineData("\u00EF\u00BB\u00BFx", "utf-8", "x")]
    [InlineData("\u00FE\u00FF\0x", "utf-16be", "x")]
    [InlineData("\u00FF\u00FEx\0", "utf-16le", "x")]
    public void A_byte_order_mark_goes_before_all_and_is_no_text(string body, string name, string text)
    {
        Assert.Equal(text, Decode(Encoding.Latin1.GetBytes(body), "text/html; charset=gbk", out string found));
        Assert.Equal(name, found);
    }

    [Theory]
    [InlineData("<meta charset=utf-16>", "utf-8")]
    [InlineData("<meta charset=x-user-defined>", "windows-1252")]
    [InlineData("<meta http-equiv=content-type content='text/html; charset=gbk'>", "gbk")]
    [InlineData("<meta content='text/html; charset=gbk'>", "windows-1252")]
    [InlineData("<meta http-equiv=refresh content='0; charset=gbk'><meta charset=big5>", "big5")]
    [InlineData("<!--><meta charset=gbk>-->", "gbk")]
    [InlineData("<!-- <meta charset=gbk> --><meta charset=big5>", "big5")]
    [InlineData("<a href='<meta charset=gbk>'><META/CHARSET=big5>", "big5")]
    [InlineData("</a <meta charset=gbk> ><meta charset=big5>", "big5")]
    [InlineData("<?xml version='1.0' encoding='euc-jp'?><p>", "euc-jp")]
    [InlineData("<?xml version='1.0' encoding='euc-jp'?><meta charset=big5>", "big5")]
    [InlineData("<?xml version='1.0' encoding='utf-16'?>", "utf-8")]
    [InlineData("<?xml version='1.0' encoding=euc-jp?>", "windows-1252")]
    [InlineData("<\0?\0x\0m\0l\0", "utf-16le")]
    [InlineData("<meta charset=unheard-of><meta charset=gbk>", "gbk")]
    [InlineData("<metadata charset=gbk>", "windows-1252")]
    [InlineData("<meta charset=gbk", "windows-1252")]
    public void A_page_may_declare_its_encoding(string page, string name) => Assert.Equal(name, NameOf(page));

    [Theory]
    [InlineData("<meta charset=gbk>", "gbk")]
    [InlineData("<script>'<meta charset=gbk>'</scripty></SCRIPT ><meta charset=big5>", "big5")]
    [InlineData("<style/x='</style>'><meta charset=gbk></style><meta charset=big5>", "big5")]
    [InlineData("<title><meta charset=gbk>", "windows-1252")]
    [InlineData("<titles><meta charset=gbk>", "gbk")]
    [InlineData("<!-- <meta charset=gbk>", "windows-1252")]
    public void A_late_declaration_is_seen_up_to_64_KiB_but_not_inside_scripts(string late, string name)
    {
        Assert.Equal(name, NameOf(new string(' ', 1024) + late));
        Assert.Equal(name, NameOf(new string(' ', 65_536 - late.Length) + late));
        Assert.Equal("windows-1252", NameOf(new string(' ', 65_537 - late.Length) + late));
    }

    [Theory]
    [InlineData("gr\u00C3\u00BCn", "utf-8", "grün")]
    [InlineData("gr\u00FCn", "windows-1252", "grün")]
    [InlineData("gr\u00C3\u00BCn \u00E2\u0082", "utf-8", "grün \uFFFD")]
    [InlineData("gr\u00C3\u00BCn \u00FC", "windows-1252", "grÃ¼n ü")]
    [InlineData("\u00E2\u0082", "windows-1252", "â‚")]
    [InlineData("a\u0093b\u0094\u0080\u0081", "windows-1252", "a“b”€\u0081")]
    public void Undeclared_text_is_UTF_8_only_where_it_proves_it(string body, string name, string text)
    {
        Assert.Equal(text, Decode(Encoding.Latin1.GetBytes(body), null, out string found));
        Assert.Equal(name, found);
    }

    [Fact]
    public void UTF_8_and_plain_ASCII_are_not_copied()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes("\uFEFFgrün");
        ReadOnlyMemory<byte> same = PageEncoding.ToUtf8(utf8, null, out _);
        Assert.True(same.Span.Overlaps(utf8, out int offset));
        Assert.Equal((3, 5), (-offset, same.Length));
        byte[] ascii = "plain"u8.ToArray();
        Assert.True(PageEncoding.ToUtf8(ascii, "text/html; charset=gbk", out _).Span.Overlaps(ascii));
        Assert.Equal("grün", Encoding.UTF8.GetString(PageEncoding.ToUtf8(utf8.AsMemory(3), null, out _).Span));
    }

    [Fact]
    public void Bad_UTF_8_is_repaired_as_dotnet_and_browsers_do()
    {
        var random = new Random(11);
        byte[] pieces = [0x41, 0x80, 0xBF, 0xC1, 0xC3, 0xE0, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0x98, 0xF4, 0x90, 0xFF];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] body = new byte[random.Next(12)];
            for (int j = 0; j < body.Length; j++)
                body[j] = pieces[random.Next(pieces.Length)];
            if (body is not ([0xEF, 0xBB, 0xBF, ..] or [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..]))
                Assert.Equal(Encoding.UTF8.GetString(body), Decode(body, "text/html; charset=utf-8", out _));
        }
    }

    [Theory]
    [MemberData(nameof(Digests))]
    public void Every_pair_and_300000_random_bytes_decode_as_another_decoder_has_them(string name, string digest)
    {
        byte[] input = EveryPair();
        ReadOnlySpan<byte> utf8 = LegacyDecoders.ToUtf8(input, name).Span;
        Assert.Equal(digest, Convert.ToHexStringLower(SHA256.HashData(utf8))[..32]);
        Assert.Equal(Encoding.UTF8.GetString(utf8), WebEncoding.ForLabel(name)!.GetString(input));
    }

    [Theory]
    [InlineData("big5", "8862 8864 88A3 88A5 A440 8740 81 41 FF", "Ê̄Ê̌ê̄ê̌一䏰\uFFFDA\uFFFD")]
    [InlineData("big5", "C6FE 813C", "じ\uFFFD<")]
    [InlineData("euc-kr", "B0A1 8141 C93C", "가갂\uFFFD<")]
    [InlineData("shift_jis", "8140 B1 5C 7E 80 F040 FC4B 85 3C A0", "\u3000ｱ\\~\u0080\uE000黑\uFFFD<\uFFFD")]
    [InlineData("gb18030", "80 A2E3 81308130 8431A437 90308130 E3329A35 E3329A36 A6D9 8130 7F 8139", "€€\u0080\uFFFD\U00010000\U0010FFFF\uFFFD\uFE10\uFFFD0\u007F\uFFFD")]
    [InlineData("euc-jp", "A4A2 8EB1 8FB0A1 8F3C A43C", "あｱ丂\uFFFD<\uFFFD<")]
    [InlineData("iso-2022-jp", "1B2442 2422 1B284A 5C7E 1B2849 31 1B2842 5C 0E", "あ¥‾ｱ\\\uFFFD")]
    [InlineData("x-user-defined", "41 80 FF", "A\uF780\uF7FF")]
    [InlineData("replacement", "41 42", "\uFFFD")]
    [InlineData("utf-16le", "4100 3DD8 00DE 3DD8 4100 00DE 42", "A😀\uFFFDA\uFFFD\uFFFD")]
    [InlineData("utf-16be", "0041 D83D 42", "A\uFFFD")]
    [InlineData("iso-8859-8-i", "E0 A1 AA", "א\uFFFD×")]
    [InlineData("windows-874", "A1 DB 80", "ก\uFFFD€")]
    [InlineData("windows-1253", "AA D2 FF", "\uFFFD\uFFFD\uFFFD")]
    [InlineData("iso-8859-16", "A4 A5", "€„")]
    [InlineData("macintosh", "DB F0", "€\uF8FF")]
    public void Vectors_decode_by_hand(string name, string hex, string text) =>
        Assert.Equal(text, Encoding.UTF8.GetString(LegacyDecoders.ToUtf8(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), name).Span));

    [Theory]
    [InlineData("windows-1252", "aé€漢", "61 E9 80 26233238 3435303B")]
    [InlineData("big5", "一兀", "A440 A461")]
    [InlineData("shift_jis", "あｱ", "82A0 B1")]
    [InlineData("euc-jp", "あ", "A4A2")]
    [InlineData("euc-kr", "가", "B0A1")]
    [InlineData("gbk", "中", "D6D0")]
    [InlineData("utf-16le", "é", "C3A9")]
    public void Encoding_writes_what_is_lacking_as_a_reference(string name, string text, string hex) =>
        Assert.Equal(hex.Replace(" ", "", StringComparison.Ordinal), Convert.ToHexString(WebEncoding.ForLabel(name)!.GetBytes(text)));

    [Fact]
    public void What_is_encoded_decodes_to_itself()
    {
        foreach (string name in (string[])["big5", "shift_jis", "euc-kr", "gbk", "euc-jp", "windows-1251", "koi8-u", "x-user-defined"])
        {
            Encoding encoding = WebEncoding.ForLabel(name)!;
            for (int c = 0x20; c < 0xFFFD; c++)
            {
                if (c is >= 0xD800 and <= 0xDFFF)
                    continue;
                string text = ((char)c).ToString();
                byte[] bytes = encoding.GetBytes(text);
                if (bytes.Length <= 2)
                    Assert.Equal(text, encoding.GetString(bytes));
            }
        }
    }

    [Fact]
    public void There_are_228_labels_of_40_encodings()
    {
        Assert.Equal(228, EncodingLabels.All.Count());
        Assert.Equal(40, EncodingLabels.All.Select(label => WebEncoding.ForLabel(label)!.WebName).Distinct().Count());
        Assert.All(EncodingLabels.All, label => Assert.Same(WebEncoding.ForLabel(label), WebEncoding.ForLabel("\t " + label.ToUpperInvariant() + "\n")));
        Assert.Null(WebEncoding.ForLabel(""));
        Assert.Null(WebEncoding.ForLabel("utf_8"));
        Assert.Null(WebEncoding.ForLabel("\u00A0utf-8"));
        Assert.Null(WebEncoding.ForLabel(new string('x', 100_000)));
    }

    [Fact]
    public void Any_bytes_under_any_label_give_valid_UTF_8()
    {
        var random = new Random(3);
        string[] labels = [.. EncodingLabels.All];
        byte[] page = Encoding.Latin1.GetBytes("<?xml version='1.0' encoding='gbk'?><!-- x --><meta http-equiv='Content-Type' content=\"text/html; charset='big5'\"></a b='c'>\u00A4\u00A2\u0081");
        for (int i = 0; i < 10_000; i++)
        {
            byte[] body = page[..random.Next(page.Length + 1)];
            for (int flips = random.Next(6); flips > 0 && body.Length > 0; flips--)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            Decode(body, random.Next(2) == 0 ? null : "text/html; charset=" + labels[random.Next(labels.Length)], out _);
        }
    }

    [Fact]
    public void All_encoding_cases_of_html5lib_hold()
    {
        string folder = SharedData.Require("html", "html5lib", "encoding");
        int cases = 0;
        var wrong = new List<string>();
        foreach (string file in Directory.GetFiles(folder, "*.dat").Order(StringComparer.Ordinal))
        {
            string text = Encoding.Latin1.GetString(File.ReadAllBytes(file));
            foreach (string part in ("\n" + text).Split("\n#data\n", StringSplitOptions.RemoveEmptyEntries))
            {
                int at = part.IndexOf("\n#encoding\n", StringComparison.Ordinal);
                if (at < 0)
                    continue;
                cases++;
                // This page writes its meta by a script.
                if (part.Contains("document.write", StringComparison.Ordinal))
                    continue;
                string expected = part[(at + 11)..].Trim().ToLowerInvariant();
                string found = NameOf(part[..at]);
                if (WebEncoding.ForLabel(expected)!.WebName != found)
                    wrong.Add($"{Path.GetFileName(file)} case {cases}: {found}, not {expected}: {part[..Math.Min(at, 200)]}");
            }
        }
        Assert.Empty(wrong);
        Assert.Equal(82, cases);
    }

    /// <summary>Each lead byte 80 to FF with each trail byte, a new line behind; JIS pairs behind an escape; bytes of a generator.</summary>
    private static byte[] EveryPair()
    {
        var input = new List<byte>();
        for (int a = 0x80; a < 256; a++)
            for (int b = 0; b < 256; b++)
                input.AddRange([(byte)a, (byte)b, 10]);
        input.AddRange("\e$B"u8);
        for (int a = 0x21; a <= 0x7E; a++)
            for (int b = 0x21; b <= 0x7E; b++)
                input.AddRange([(byte)a, (byte)b]);
        uint s = 1;
        for (int i = 0; i < 300_000; i++)
        {
            s = s * 1664525 + 1013904223;
            uint x = s >> 24;
            input.Add((byte)((s >> 16 & 7) switch
            {
                < 3 => x,
                < 5 => 0x30 + x % 10,
                5 => "\e$B(J@I"u8[(int)(x % 7)],
                6 => 0x8E + x % 2,
                _ => 0xA1 + x % 94,
            }));
        }
        return [.. input];
    }
}
