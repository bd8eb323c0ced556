namespace Backlinks.Topics;

/// <summary>A word of a text, or a pair of characters of a script without spaces.</summary>
/// <param name="Hash">Of its characters in lower case; see <see cref="WordScanner.HashOf"/>.</param>
/// <param name="Start">First character, in the text scanned.</param>
/// <param name="Length">Characters there; skipped ones included.</param>
/// <param name="Pair">Whether it is a pair.</param>
internal readonly record struct Word(ulong Hash, int Start, byte Length, bool Pair);

/// <summary>
/// Cuts text into words: runs of letters and digits that begin with a letter, 2 to 40 characters long; and every two
/// neighbours in a run of a script without spaces, or its one character. Numbers, and whatever begins with a digit, are left
/// out: they name no topic. One pass, no allocation, 64-bit hashes on the way, so that a word met before is never made into
/// a string. Any sequence of characters is text: a megabyte without a space is one word too long, and is dropped.
/// </summary>
internal static class WordScanner
{
    public const int LongestWord = 40;

    private const ulong Seed = 0x9E3779B97F4A7C15, Multiplier = 0xD6E8FEB86659FD93;

    /// <summary>Appends to <paramref name="words"/> from <paramref name="count"/> on; stops when it is full.</summary>
    /// <returns>The new count.</returns>
    public static int Scan(ReadOnlySpan<char> text, Span<Word> words, int count)
    {
        CharKind[] kindOf = CharTables.Kinds;
        char[] lower = CharTables.Lower;
        int i = 0;
        while (i < text.Length && count < words.Length)
        {
            CharKind kind = kindOf[text[i]];
            if (kind is CharKind.Letter or CharKind.Digit)
            {
                int start = i, letters = 0;
                ulong hash = Seed;
                for (; i < text.Length; i++)
                {
                    CharKind next = kindOf[text[i]];
                    if (next is CharKind.Letter or CharKind.Digit)
                    {
                        hash = (hash ^ lower[text[i]]) * Multiplier;
                        letters++;
                    }
                    else if (next != CharKind.Skipped)
                        break;
                }
                if (kind == CharKind.Letter && letters is >= 2 and <= LongestWord && i - start <= byte.MaxValue)
                    words[count++] = new Word(Finish(hash), start, (byte)(i - start), Pair: false);
            }
            else if (kind == CharKind.Unspaced)
            {
                int start = i;
                while (i < text.Length && kindOf[text[i]] == CharKind.Unspaced)
                    i++;
                if (i - start == 1)
                    words[count++] = new Word(HashOf(text.Slice(start, 1)), start, 1, Pair: true);
                for (int at = start; at + 1 < i && count < words.Length; at++)
                    words[count++] = new Word(HashOf(text.Slice(at, 2)), at, 2, Pair: true);
            }
            else
                i++;
        }
        return count;
    }

    /// <summary>The hash of a word: 64 bits over its characters in lower case without skipped ones; fixed for all time, as
    /// term numbers depend on it.</summary>
    public static ulong HashOf(ReadOnlySpan<char> word)
    {
        ulong hash = Seed;
        foreach (char c in word)
            if (CharTables.Kinds[c] != CharKind.Skipped)
                hash = (hash ^ CharTables.Lower[c]) * Multiplier;
        return Finish(hash);
    }

    /// <summary>The word's characters in lower case, without skipped ones.</summary>
    public static int Write(ReadOnlySpan<char> word, Span<char> into)
    {
        int length = 0;
        foreach (char c in word)
            if (CharTables.Kinds[c] != CharKind.Skipped)
                into[length++] = CharTables.Lower[c];
        return length;
    }

    // Multiplying moves differences up only: the high half is folded down.
    private static ulong Finish(ulong hash)
    {
        hash = (hash ^ (hash >> 32)) * Multiplier;
        return hash ^ (hash >> 29);
    }
}
