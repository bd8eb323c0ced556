using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>
/// The tokenizer against the cases of html5lib. Compared: start tags with attributes and self-closing flag, end tags,
/// character data, and that a comment or doctype stands where it should. Not compared: what is in comments and doctypes, and
/// the errors, as nothing here reads them. Left out: inputs with lone surrogates, which have no UTF-8; the cases of
/// xmlViolation.test, which ask for a change of text that browsers do not make.
/// </summary>
public sealed partial class HtmlTokenizerTests
{
    [Fact]
    public void Html5lib_cases_give_the_same_tags_attributes_and_text()
    {
        int compared = 0, withoutUtf8 = 0, otherMode = 0;
        var wrong = new List<string>();
        foreach (string file in Directory.GetFiles(SharedData.Require("html", "html5lib", "tokenizer"), "*.test").Order(StringComparer.Ordinal))
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            if (document.RootElement.TryGetProperty("xmlViolationTests", out JsonElement other))
                otherMode += other.GetArrayLength();
            if (!document.RootElement.TryGetProperty("tests", out JsonElement tests))
                continue;
            foreach (JsonElement test in tests.EnumerateArray())
            {
                bool twice = test.TryGetProperty("doubleEscaped", out JsonElement flag) && flag.GetBoolean();
                string input = Unescape(test.GetProperty("input").GetRawText(), twice);
                if (HasLoneSurrogate(input))
                {
                    withoutUtf8++;
                    continue;
                }
                string element = test.TryGetProperty("lastStartTag", out JsonElement last) ? last.GetString()! : "";
                string expected = Expected(test.GetProperty("output"), twice);
                string[] states = test.TryGetProperty("initialStates", out JsonElement named) ? [.. named.EnumerateArray().Select(s => s.GetString()!)] : ["Data state"];
                foreach (string state in states)
                {
                    compared++;
                    string actual = Tokens(Encoding.UTF8.GetBytes(input), ContentOf(state), element);
                    if (actual != expected)
                        wrong.Add($"{Path.GetFileName(file)}: {test.GetProperty("description")}, {state}\n  input    {JsonSerializer.Serialize(input)}\n  expected {expected}\n  actual   {actual}");
                }
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {compared}\n" + string.Join('\n', wrong.Take(20)));
        Assert.Equal((7028, 4, 4), (compared, withoutUtf8, otherMode));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("<a href=x HREF=y Href='z'>", "<a href=\"x\">")]
    [InlineData("<a b=c/>", "<a b=\"c/\">")]
    [InlineData("<a b=c />", "<a b=\"c\"/>")]
    [InlineData("<p title=\"&copy=1 &copy &lt;x\">&copy=1", "<p title=\"&copy=1 © <x\">'©=1'")]
    [InlineData("<!-->a<!--->b<!----!>c<!--x--!>d<!--x", "!'a'!'b'!'c'!'d'!")]
    [InlineData("a</>b</ c>d<?e>f<3", "'ab'!'d'!'f<3'")]
    [InlineData("<a", "")]
    [InlineData("x<a b='", "'x'")]
    public void Small_pieces(string html, string expected) => Assert.Equal(expected, Tokens(Encoding.UTF8.GetBytes(html), HtmlContent.Data, ""));

    [Theory]
    [InlineData("a<!--<script>b</script>c-->d</script>e", "'a<!--<script>b</script>c-->d'</script>'e'")]
    [InlineData("<!--></script>x", "'<!-->'</script>'x'")]
    [InlineData("<!--</script>x", "'<!--'</script>'x'")]
    [InlineData("</scripts></script >", "'</scripts>'</script>")]
    public void A_script_ends_where_browsers_end_it(string html, string expected) => Assert.Equal(expected, Tokens(Encoding.UTF8.GetBytes(html), HtmlContent.Script, "script"));

    [Fact]
    public void Attributes_beyond_the_cap_are_dropped_and_the_tag_stays()
    {
        string html = "<a " + string.Concat(Enumerable.Range(0, 5000).Select(i => $"b{i}=1 ")) + "href=x>y";
        var tokens = new HtmlTokenizer(Encoding.UTF8.GetBytes(html), new HtmlAttribute[HtmlTokenizer.MaxAttributes]);
        Assert.Equal(HtmlToken.StartTag, tokens.Read());
        Assert.Equal((HtmlTokenizer.MaxAttributes, -1), (tokens.AttributeCount, tokens.Find("href"u8)));
        Assert.Equal(HtmlToken.Text, tokens.Read());
    }

    private static HtmlContent ContentOf(string state) => state switch
    {
        "Data state" => HtmlContent.Data,
        "RCDATA state" => HtmlContent.Rcdata,
        "RAWTEXT state" => HtmlContent.Rawtext,
        "Script data state" => HtmlContent.Script,
        "PLAINTEXT state" => HtmlContent.Plaintext,
        "CDATA section state" => HtmlContent.Cdata,
        _ => throw new NotSupportedException(state),
    };

    private static string Expected(JsonElement output, bool twice)
    {
        var all = new Rows();
        foreach (JsonElement token in output.EnumerateArray())
        {
            string Text(JsonElement value) => Unescape(value.GetRawText(), twice);
            switch (token[0].GetString())
            {
                case "Character":
                    all.Text(Text(token[1]));
                    break;
                case "StartTag":
                    all.Start(Text(token[1]), token[2].EnumerateObject().Select(a => (twice ? Unescape(JsonSerializer.Serialize(a.Name), twice) : a.Name, Text(a.Value))), token.GetArrayLength() > 3);
                    break;
                case "EndTag":
                    all.Add($"</{Text(token[1])}>");
                    break;
                default:
                    all.Add("!");
                    break;
            }
        }
        return all.ToString();
    }

    private static string Tokens(byte[] html, HtmlContent content, string element)
    {
        var all = new Rows();
        byte[] buffer = [];
        var tokens = new HtmlTokenizer(html, new HtmlAttribute[HtmlTokenizer.MaxAttributes], content, Encoding.UTF8.GetBytes(element));
        string Decode(ReadOnlySpan<byte> raw, HtmlDecoding decoding) => Encoding.UTF8.GetString(HtmlReferences.Decode(raw, decoding, ref buffer));
        string Name(ReadOnlySpan<byte> raw) => string.Concat(Decode(raw, HtmlDecoding.ReplaceNul).Select(c => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c));
        while (true)
        {
            HtmlToken token = tokens.Read();
            switch (token)
            {
                case HtmlToken.End:
                    return all.ToString();
                case HtmlToken.Text:
                    all.Text(Decode(tokens.Raw, tokens.TextDecoding));
                    break;
                case HtmlToken.StartTag:
                    var attributes = new List<(string, string)>();
                    for (int i = 0; i < tokens.AttributeCount; i++)
                    {
                        HtmlAttribute attribute = tokens.Attribute(i);
                        ReadOnlySpan<byte> name = html.AsSpan()[attribute.Name..attribute.NameEnd];
                        // Names beyond ASCII are in no duplicate of the cases.
                        if (!Ascii.IsValid(name) || tokens.Find(name) == i)
                            attributes.Add((Name(name), Decode(html.AsSpan()[attribute.Value..attribute.ValueEnd], HtmlDecoding.References | HtmlDecoding.Attribute | HtmlDecoding.ReplaceNul)));
                    }
                    all.Start(Name(tokens.Raw), attributes, tokens.SelfClosing);
                    break;
                case HtmlToken.EndTag:
                    all.Add($"</{Name(tokens.Raw)}>");
                    break;
                default:
                    all.Add("!");
                    break;
            }
        }
    }

    private static string Unescape(string json, bool twice)
    {
        string text = JsonString(json);
        return twice ? Escape().Replace(text, m => ((char)ushort.Parse(m.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString()) : text;
    }

    /// <summary>A JSON string; unlike System.Text.Json it may hold a lone surrogate.</summary>
    private static string JsonString(string json) => JsonEscape().Replace(json[1..^1], m => m.Value[1] switch
    {
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'f' => "\f",
        'b' => "\b",
        'u' => ((char)ushort.Parse(m.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
        char c => c.ToString(),
    });

    private static bool HasLoneSurrogate(string text)
    {
        for (int i = 0; i < text.Length; i++)
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                i++;
            else if (char.IsSurrogate(text[i]))
                return true;
        return false;
    }

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex Escape();

    [GeneratedRegex(@"\\(u[0-9A-Fa-f]{4}|.)", RegexOptions.Singleline)]
    private static partial Regex JsonEscape();

    /// <summary>Tokens in one line; neighbouring text is one text.</summary>
    private sealed class Rows
    {
        private readonly StringBuilder _rows = new();
        private readonly StringBuilder _text = new();

        public void Text(string text) => _text.Append(text);

        public void Add(string row)
        {
            Flush();
            _rows.Append(row);
        }

        public void Start(string name, IEnumerable<(string Name, string Value)> attributes, bool selfClosing) =>
            Add($"<{name}{string.Concat(attributes.OrderBy(a => a.Name, StringComparer.Ordinal).Select(a => $" {a.Name}=\"{a.Value}\""))}{(selfClosing ? "/" : "")}>");

        public override string ToString()
        {
            Flush();
            return _rows.ToString();
        }

        private void Flush()
        {
            if (_text.Length > 0)
                _rows.Append('\'').Append(_text).Append('\'');
            _text.Clear();
        }
    }
}
