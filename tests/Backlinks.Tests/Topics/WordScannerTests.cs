using System.Text;
using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

/// <summary>What is a word, by hand and against a slow reading of the same rules.</summary>
public class WordScannerTests
{
    [Fact]
    public void Nothing_has_no_words() => Assert.Empty(Words(""));

    [Theory]
    [InlineData("garden", new[] { "garden" })]
    [InlineData("The Garden, in bloom!", new[] { "the", "garden", "in", "bloom" })]
    [InlineData("a I x", new string[0])]
    [InlineData("42 1999 3rd 7up mp3 b12", new[] { "mp3", "b12" })]
    [InlineData("don't l’atelier e-mail", new[] { "don", "atelier", "mail" })]
    [InlineData("Straße ÉTÉ ЖУРНАЛ ΣΊΓΜΑ", new[] { "straße", "été", "журнал", "σιγμα" })]
    [InlineData("ＦＵＬＬ ｗｉｄｔｈ", new[] { "full", "width" })]
    [InlineData("soft\u00ADhyphen zero\u200Bwidth cafe\u0301", new[] { "softhyphen", "zerowidth", "cafe" })]
    [InlineData("हिन्दी पाठ", new[] { "हिन्दी", "पाठ" })]
    [InlineData("庭に花 駅", new[] { "庭に", "に花", "駅" })]
    [InlineData("ไทย日本", new[] { "ไท", "ทย", "ย日", "日本" })]
    [InlineData("abc漢字def", new[] { "abc", "漢字", "def" })]
    [InlineData("\ud800x\udc00 ab\ud83d\ude00cd", new[] { "ab", "cd" })]
    [InlineData("\0\u0001ab\u0007\u007Fcd\uFFFF", new[] { "ab", "cd" })]
    public void Text_is_cut_as_said(string text, string[] words) => Assert.Equal(words, Words(text));

    [Fact]
    public void A_word_has_at_most_forty_characters()
    {
        Assert.Equal([new string('a', 40)], Words(new string('a', 40)));
        Assert.Empty(Words(new string('a', 41)));
    }

    [Fact]
    public void Hostile_text_is_one_pass_and_harmless()
    {
        Assert.Empty(Words(new string('x', 1 << 20)));
        Assert.Empty(Words(new string('\u0301', 1 << 20)));
        Assert.Empty(Words("a" + new string('\u0301', 300) + "b")); // more characters than a word's length can say
        Assert.Empty(Words(new string('\ud800', 1 << 20)));
        Assert.Equal(1000, Words(new string('漢', 1 << 20), 1000).Length);
    }

    [Fact]
    public void Scanning_stops_where_there_is_no_more_room() => Assert.Equal(["one", "two"], Words("one two three", 2));

    [Fact]
    public void Random_text_is_cut_as_by_the_slow_version()
    {
        var random = new Random(3);
        const string alphabet = "abZ09 .'-éßЖя漢字カไ한\u0301\u00AD\ud800\udc00\u200D\u0BBE\0";
        for (int round = 0; round < 3000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => alphabet[random.Next(alphabet.Length)]));
            Assert.Equal(Slow(text), Words(text));
        }
    }

    private static string[] Words(string text, int most = 10_000)
    {
        Word[] words = new Word[most];
        int count = WordScanner.Scan(text, words, 0);
        Span<char> buffer = stackalloc char[256];
        string[] found = new string[count];
        for (int i = 0; i < count; i++)
        {
            string raw = text.Substring(words[i].Start, words[i].Length);
            found[i] = new string(buffer[..WordScanner.Write(raw, buffer)]);
            Assert.Equal(WordScanner.HashOf(raw), words[i].Hash);
            Assert.Equal(WordScanner.HashOf(found[i]), words[i].Hash);
        }
        return found;
    }

    /// <summary>First into runs of one sort of character, then each run into its words.</summary>
    private static List<string> Slow(string text)
    {
        var words = new List<string>();
        var run = new StringBuilder();
        int length = 0;
        bool unspaced = false;
        foreach (char c in text + " ")
        {
            CharKind kind = CharTables.Kinds[c];
            if (kind == CharKind.Skipped && !unspaced && length > 0)
            {
                length++;
                continue;
            }
            bool belongs = kind is CharKind.Letter or CharKind.Digit ? !unspaced : kind == CharKind.Unspaced && (unspaced || run.Length == 0);
            if (!belongs || run.Length == 0)
            {
                End();
                unspaced = kind == CharKind.Unspaced;
                belongs = kind is CharKind.Letter or CharKind.Digit or CharKind.Unspaced;
            }
            if (belongs)
            {
                run.Append(char.ToLowerInvariant(c));
                length++;
            }
        }
        return words;

        void End()
        {
            string word = run.ToString();
            if (unspaced && word.Length == 1)
                words.Add(word);
            else if (unspaced)
                words.AddRange(Enumerable.Range(0, Math.Max(0, word.Length - 1)).Select(i => word.Substring(i, 2)));
            else if (word.Length is >= 2 and <= 40 && length <= 255 && !char.IsDigit(word[0]))
                words.Add(word);
            run.Clear();
            length = 0;
        }
    }
}
