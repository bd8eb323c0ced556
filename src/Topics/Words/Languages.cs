using System.Numerics;
using System.Text;
using Lucene.Net.Analysis.Ar;
using Lucene.Net.Analysis.Bg;
using Lucene.Net.Analysis.Ca;
using Lucene.Net.Analysis.Ckb;
using Lucene.Net.Analysis.Cz;
using Lucene.Net.Analysis.Da;
using Lucene.Net.Analysis.De;
using Lucene.Net.Analysis.El;
using Lucene.Net.Analysis.En;
using Lucene.Net.Analysis.Es;
using Lucene.Net.Analysis.Eu;
using Lucene.Net.Analysis.Fa;
using Lucene.Net.Analysis.Fi;
using Lucene.Net.Analysis.Fr;
using Lucene.Net.Analysis.Ga;
using Lucene.Net.Analysis.Gl;
using Lucene.Net.Analysis.Hi;
using Lucene.Net.Analysis.Hu;
using Lucene.Net.Analysis.Hy;
using Lucene.Net.Analysis.Id;
using Lucene.Net.Analysis.It;
using Lucene.Net.Analysis.Lv;
using Lucene.Net.Analysis.Nl;
using Lucene.Net.Analysis.No;
using Lucene.Net.Analysis.Pt;
using Lucene.Net.Analysis.Ro;
using Lucene.Net.Analysis.Ru;
using Lucene.Net.Analysis.Sv;
using Lucene.Net.Analysis.Tr;
using Lucene.Net.Analysis.Util;
using Lucene.Net.Tartarus.Snowball;
using Lucene.Net.Tartarus.Snowball.Ext;
using Lucene.Net.Util;
using Ext = Lucene.Net.Tartarus.Snowball.Ext;

namespace Backlinks.Topics;

/// <summary>Cuts a word down to its stem; not safe for several threads.</summary>
internal delegate string Stemmer(string word);

/// <summary>
/// The languages that Lucene has a stop list and a stemmer for, by ISO 639-1 code (Central Kurdish: 639-3), and which of
/// them a text is in: the one whose stop words it has most of, unless what its page declares does nearly as well. A word that
/// is a stop word in several languages is shared among them, for <c>in</c> and <c>de</c> are in a dozen; and each counts once, or a
/// page on the <c>war</c> would be German. Pages declare what
/// their template came with; so a declared language that has less than half the votes of another yields to it.
/// </summary>
internal static class Languages
{
    /// <summary>Index of no known language.</summary>
    public const int Unknown = -1;

    private const int Vote = 60; // of a word that is a stop word in one language; in two each has 30, in three 20
    private const int LeastVotes = 2 * Vote; // below it, chance

    private static readonly (string Code, Func<IEnumerable<string>> Stops, Func<Stemmer> Stemmer)[] All =
    [
        ("en", EnglishStops, () => Snowball(new EnglishStemmer())),
        ("de", () => GermanAnalyzer.DefaultStopSet, () => Snowball(new Ext.GermanStemmer())),
        ("fr", () => FrenchAnalyzer.DefaultStopSet, () => Snowball(new Ext.FrenchStemmer())),
        ("es", () => SpanishAnalyzer.DefaultStopSet, () => Snowball(new SpanishStemmer())),
        ("it", () => ItalianAnalyzer.DefaultStopSet, () => Snowball(new ItalianStemmer())),
        ("pt", () => PortugueseAnalyzer.DefaultStopSet, () => Snowball(new Ext.PortugueseStemmer())),
        ("nl", () => DutchAnalyzer.DefaultStopSet, () => Snowball(new Ext.DutchStemmer())),
        ("sv", () => SwedishAnalyzer.DefaultStopSet, () => Snowball(new SwedishStemmer())),
        ("da", () => DanishAnalyzer.DefaultStopSet, () => Snowball(new DanishStemmer())),
        ("no", () => NorwegianAnalyzer.DefaultStopSet, () => Snowball(new NorwegianStemmer())),
        ("fi", () => FinnishAnalyzer.DefaultStopSet, () => Snowball(new FinnishStemmer())),
        ("ru", () => RussianAnalyzer.DefaultStopSet, () => Snowball(new RussianStemmer())),
        ("cs", () => CzechAnalyzer.DefaultStopSet, () => InPlace(new CzechStemmer().Stem)),
        ("bg", () => BulgarianAnalyzer.DefaultStopSet, () => InPlace(new BulgarianStemmer().Stem)),
        ("ro", () => RomanianAnalyzer.DefaultStopSet, () => Snowball(new RomanianStemmer())),
        ("hu", () => HungarianAnalyzer.DefaultStopSet, () => Snowball(new HungarianStemmer())),
        ("tr", () => TurkishAnalyzer.DefaultStopSet, () => Snowball(new TurkishStemmer())),
        ("el", () => GreekAnalyzer.DefaultStopSet, () => InPlace(new GreekStemmer().Stem)),
        ("ca", () => CatalanAnalyzer.DefaultStopSet, () => Snowball(new CatalanStemmer())),
        ("gl", () => GalicianAnalyzer.DefaultStopSet, () => Roomy(new GalicianStemmer().Stem)),
        ("eu", () => BasqueAnalyzer.DefaultStopSet, () => Snowball(new BasqueStemmer())),
        ("ga", () => IrishAnalyzer.DefaultStopSet, () => Snowball(new IrishStemmer())),
        ("lv", () => LatvianAnalyzer.DefaultStopSet, () => InPlace(new LatvianStemmer().Stem)),
        ("hy", () => ArmenianAnalyzer.DefaultStopSet, () => Snowball(new ArmenianStemmer())),
        ("id", () => IndonesianAnalyzer.DefaultStopSet, () => { var stemmer = new IndonesianStemmer(); return InPlace((word, length) => stemmer.Stem(word, length, stemDerivational: true)); }),
        ("hi", () => HindiAnalyzer.DefaultStopSet, () => InPlace(new HindiStemmer().Stem)),
        ("fa", () => PersianAnalyzer.DefaultStopSet, () => InPlace(new PersianStemmer().Stem)),
        ("ar", () => ArabicAnalyzer.DefaultStopSet, () => InPlace(new ArabicStemmer().Stem)),
        ("ckb", () => SoraniAnalyzer.DefaultStopSet, () => InPlace(new SoraniStemmer().Stem)),
    ];

    private static readonly HashSet<string> OtherScripts = ["ru", "bg", "el", "hy", "hi", "fa", "ar", "ckb"];

    private static readonly Dictionary<ulong, (uint Languages, int Number)> StopWords = ReadStopWords();

    public static int Count => All.Length;

    public static IEnumerable<string> Codes => All.Select(language => language.Code);

    public static string CodeOf(int language) => language == Unknown ? "" : All[language].Code;

    public static Stemmer StemmerOf(int language) => All[language].Stemmer();

    /// <summary>The languages, a bit each, in which the word of that hash is a stop word.</summary>
    public static uint StopsOf(ulong hash) => StopWords.GetValueOrDefault(hash).Languages;

    /// <summary>The index of a declared language such as <c>en-GB</c>, or <see cref="Unknown"/>.</summary>
    public static int IndexOf(ReadOnlySpan<char> declared)
    {
        declared = declared.Trim();
        int end = declared.IndexOfAny('-', '_', ',');
        if (end >= 0)
            declared = declared[..end];
        if (declared.Equals("nb", StringComparison.OrdinalIgnoreCase) || declared.Equals("nn", StringComparison.OrdinalIgnoreCase))
            declared = "no";
        for (int i = 0; i < All.Length; i++)
            if (declared.Equals(All[i].Code, StringComparison.OrdinalIgnoreCase))
                return i;
        return Unknown;
    }

    /// <summary>The language of a text.</summary>
    public static int Of(ReadOnlySpan<Word> words, string declared)
    {
        Span<int> votes = stackalloc int[All.Length];
        votes.Clear();
        Span<ulong> counted = stackalloc ulong[(StopWords.Count + 63) / 64]; // a bit for each stop word
        counted.Clear();
        foreach (Word word in words)
        {
            if (word.Pair || !StopWords.TryGetValue(word.Hash, out (uint Languages, int Number) stop) || (counted[stop.Number / 64] >> stop.Number & 1) != 0)
                continue;
            counted[stop.Number / 64] |= 1ul << stop.Number;
            int vote = Vote / BitOperations.PopCount(stop.Languages);
            for (uint languages = stop.Languages; languages != 0; languages &= languages - 1)
                votes[BitOperations.TrailingZeroCount(languages)] += vote;
        }
        int best = 0, named = IndexOf(declared);
        for (int i = 1; i < votes.Length; i++)
            if (votes[i] > votes[best])
                best = i;
        if (named != Unknown && (votes[named] * 2 >= votes[best] || votes[best] < 2 * LeastVotes))
            return named;
        return votes[best] >= LeastVotes ? best : Unknown;
    }

    private static Dictionary<ulong, (uint Languages, int Number)> ReadStopWords()
    {
        var stops = new Dictionary<ulong, (uint Languages, int Number)>();
        Span<Word> parts = stackalloc Word[16];
        for (int i = 0; i < All.Length; i++)
            foreach (string word in All[i].Stops())
                if (word.Length > 0 && !(char.IsAscii(word[0]) && OtherScripts.Contains(All[i].Code))) // the Kurdish list names its words in English
                    foreach (Word part in parts[..WordScanner.Scan(word, parts, 0)]) // "don't" is met as "don"
                    {
                        (uint languages, int number) = stops.TryGetValue(part.Hash, out (uint, int) there) ? there : (0u, stops.Count);
                        stops[part.Hash] = (languages | 1u << i, number);
                    }
        return stops;
    }

    // The analyser's own set has 33 words; the Snowball list, in the same assembly, 174.
    private static CharArraySet EnglishStops()
    {
        using Stream list = typeof(EnglishAnalyzer).Assembly.GetManifestResourceStream("Lucene.Net.Analysis.Common.Analysis.Snowball.english_stop.txt")
            ?? throw new InvalidOperationException("Lucene.Net.Analysis.Common has lost its English stop list");
        using StreamReader text = new(list, Encoding.UTF8);
        return WordlistLoader.GetSnowballWordSet(text, LuceneVersion.LUCENE_48);
    }

    private static Stemmer Snowball(SnowballProgram program) => word =>
    {
        program.SetCurrent(word);
        program.Stem();
        return program.Current;
    };

    private static Stemmer InPlace(Func<char[], int, int> stem) => word =>
    {
        char[] buffer = word.ToCharArray();
        return new string(buffer, 0, stem(buffer, buffer.Length));
    };

    // Its rules may write a longer ending than they take away.
    private static Stemmer Roomy(Func<char[], int, int> stem) => word =>
    {
        char[] buffer = new char[word.Length + 16];
        word.CopyTo(buffer);
        return new string(buffer, 0, stem(buffer, word.Length));
    };
}
