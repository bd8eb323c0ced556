using System.Globalization;

namespace Backlinks.Topics;

/// <summary>What a character is to words.</summary>
internal enum CharKind : byte
{
    /// <summary>Ends a word: spaces, punctuation, symbols, controls, apostrophes, and every surrogate, lone or paired:
    /// no script that pages are commonly written in lies outside the basic plane.</summary>
    Separator,
    Letter,
    Digit,

    /// <summary>Of a script written without spaces between words (Han, Kana, Hangul, Thai, Lao, Khmer, Burmese): taken in pairs.</summary>
    Unspaced,

    /// <summary>Neither ends a word nor is in it: combining accents of Latin, Greek and Cyrillic, joiners, soft hyphens.</summary>
    Skipped,
}

/// <summary>
/// Kind and lower case of each of the 65,536 characters, from .NET's own Unicode data. Lower case also takes full-width
/// letters to ASCII and Greek ones to their plain form. It is no normal form: under InvariantGlobalization .NET has none beyond ASCII. Pages are nearly always
/// written with composed letters; where one is not, its accents are skipped, and the word differs by them.
/// </summary>
internal static class CharTables
{
    public static readonly CharKind[] Kinds = MakeKinds();
    public static readonly char[] Lower = MakeLower();

    private static CharKind[] MakeKinds()
    {
        var kinds = new CharKind[char.MaxValue + 1];
        for (int c = 0; c <= char.MaxValue; c++)
            kinds[c] = CharUnicodeInfo.GetUnicodeCategory((char)c) switch
            {
                UnicodeCategory.NonSpacingMark when c is >= 0x300 and < 0x370 => CharKind.Skipped,
                UnicodeCategory.Format => CharKind.Skipped,
                UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
                    or UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark =>
                    IsUnspaced(c) ? CharKind.Unspaced : CharKind.Letter,
                UnicodeCategory.DecimalDigitNumber => CharKind.Digit,
                _ => CharKind.Separator,
            };
        return kinds;
    }

    private static bool IsUnspaced(int c) => c
        is >= 0x0E00 and < 0x0F00 // Thai, Lao
        or >= 0x1000 and < 0x10A0 or >= 0x1780 and < 0x1800 // Burmese, Khmer
        or >= 0x1100 and < 0x1200 or >= 0xAC00 and < 0xD7B0 // Hangul: spaced, but its words carry particles
        or >= 0x3040 and < 0x3200 or >= 0x3400 and < 0xA000 or >= 0xF900 and < 0xFB00 or >= 0xFF66 and < 0xFFE0;

    private static char[] MakeLower()
    {
        char[] lower = new char[char.MaxValue + 1];
        for (int c = 0; c <= char.MaxValue; c++)
            lower[c] = WithoutTonos(char.ToLowerInvariant(c is >= 0xFF21 and <= 0xFF3A or >= 0xFF41 and <= 0xFF5A ? (char)(c - 0xFEE0) : (char)c));
        return lower;
    }

    // Lucene's Greek stop words and stems are of letters without accents and final forms, as its GreekLowerCaseFilter leaves them.
    private static char WithoutTonos(char c) => c switch
    {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' or 'ϊ' or 'ΐ' => 'ι',
        'ύ' or 'ϋ' or 'ΰ' => 'υ',
        'ό' => 'ο',
        'ώ' => 'ω',
        'ς' => 'σ',
        _ => c,
    };
}
