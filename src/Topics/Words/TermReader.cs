namespace Backlinks.Topics;

/// <summary>How pages are read into terms.</summary>
public sealed record TermReaderOptions
{
    /// <summary>Weight of a word of the title against one of the body; ≥ 0. Default 3: titles are short and chosen.</summary>
    public float TitleWeight { get; init; } = 3;

    /// <summary>Weight of a word of a heading against one of the body; ≥ 0. Default 2.</summary>
    public float HeadingWeight { get; init; } = 2;

    /// <summary>Words of the body that are read, 1 to 100,000. Default 400: pages say first what they are about.</summary>
    public int BodyWords { get; init; } = 400;

    /// <summary>Language, by code, of a text that has too few stop words to tell and declares none: a title, a few anchors. Default
    /// <c>en</c>, the commonest; its stems leave words of other scripts alone. Empty: words stay as they are.</summary>
    public string AssumedLanguage { get; init; } = "en";

    internal void Check()
    {
        if (AssumedLanguage.Length > 0 && Languages.IndexOf(AssumedLanguage) == Languages.Unknown)
            throw new ArgumentException($"the assumed language must be empty or one of {string.Join(", ", Languages.Codes)}, not '{AssumedLanguage}'", nameof(AssumedLanguage));
        if (!(TitleWeight >= 0 && TitleWeight <= 1000) || !(HeadingWeight >= 0 && HeadingWeight <= 1000))
            throw new ArgumentOutOfRangeException(nameof(TitleWeight), TitleWeight >= 0 && TitleWeight <= 1000 ? HeadingWeight : TitleWeight, "weights of title and headings must be 0 to 1,000");
        if (BodyWords is < 1 or > 100_000)
            throw new ArgumentOutOfRangeException(nameof(BodyWords), BodyWords, "words read of a body must be 1 to 100,000");
    }
}

/// <summary>
/// Reads pages into terms. A term is a number below <see cref="Terms"/>: 22 bits of the hash of a word's stem, so no list of
/// words is kept however many pages there are, numbers are the same in every run, and of 100,000 stems 2 % share theirs
/// with another, which costs less than a vocabulary cut off at its size would.
/// <para>Words are looked up by hash in a memory of this reader, which calls Lucene's stemmer once for each distinct word and
/// language. Cost: one pass over the characters, no allocation a page; up to 13 MB a reader. The result depends on the page alone,
/// never on what was read before. Not safe for several threads: one reader each.</para>
/// </summary>
public sealed class TermReader
{
    /// <summary>How many term numbers there are.</summary>
    public const int Terms = 1 << 22;

    private const int Dropped = -1; // a stop word
    private const int MostTitle = 64, MostHeadings = 200, MostAnchors = 400; // words; more of them are spam or a table of contents
    private const int FirstSlots = 1 << 13, MostSlots = 1 << 20; // half full at most

    private readonly TermReaderOptions _options;
    private readonly Word[] _words;
    private readonly int[] _fieldOfAnchor = new int[MostAnchors];
    private readonly Stemmer?[] _stemmers = new Stemmer?[Languages.Count];
    private readonly PageTerms _page = new();
    private ulong[] _keys = new ulong[FirstSlots];
    private int[] _values = new int[FirstSlots];
    private int _remembered;
    private int[] _slots = new int[4096]; // of the page's terms: place in the page + 1, 0 where empty

    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public TermReader(TermReaderOptions? options = null)
    {
        _options = options ?? new TermReaderOptions();
        _options.Check();
        _words = new Word[MostTitle + MostHeadings + _options.BodyWords + MostAnchors];
    }

    /// <summary>The terms of a page, valid until the next one is read.</summary>
    public PageTerms Read(in PageContent page)
    {
        int title = WordScanner.Scan(page.Title, _words.AsSpan(0, MostTitle), 0);
        int headings = WordScanner.Scan(page.Headings, _words.AsSpan(0, title + MostHeadings), title);
        int body = WordScanner.Scan(page.Body, _words.AsSpan(0, headings + _options.BodyWords), headings);
        int anchors = body;
        for (int i = 0; i < page.Anchors.Count && anchors - body < MostAnchors; i++)
        {
            int start = anchors;
            anchors = WordScanner.Scan(page.Anchors[i], _words.AsSpan(0, body + MostAnchors), start);
            _fieldOfAnchor.AsSpan(start - body, anchors - start).Fill(i);
        }
        int language = Languages.Of(_words.AsSpan(0, body), page.Language);
        if (body == 0)
            language = Languages.Of(_words.AsSpan(0, anchors), page.Language);
        if (language == Languages.Unknown)
            language = Languages.IndexOf(_options.AssumedLanguage);

        Clear();
        _page.Language = Languages.CodeOf(language);
        for (int i = 0; i < title; i++)
            AddContent(_words[i], page.Title, language, _options.TitleWeight);
        for (int i = title; i < headings; i++)
            AddContent(_words[i], page.Headings, language, _options.HeadingWeight);
        for (int i = headings; i < body; i++)
            AddContent(_words[i], page.Body, language, 1);
        for (int i = body; i < anchors; i++)
        {
            int term = TermOf(_words[i], page.Anchors[_fieldOfAnchor[i - body]], language);
            if (term == Dropped)
                continue;
            _page.AnchorTokens++;
            int place = PlaceOf(term); // first: it may move the arrays
            _page.InAnchors[place]++;
        }
        return _page;
    }

    /// <summary>The term of one word of a taxonomy, or −1 for a stop word.</summary>
    internal int TermOf(string text, in Word word, string language) => TermOf(word, text, Languages.IndexOf(language));

    private void AddContent(in Word word, string text, int language, float weight)
    {
        int term = TermOf(word, text, language);
        if (term == Dropped)
            return;
        _page.Tokens++;
        int place = PlaceOf(term); // first: it may move the arrays
        _page.InContent[place] += weight;
    }

    private int TermOf(in Word word, string text, int language)
    {
        if (word.Pair)
            return Number(word.Hash);
        if (language == Languages.Unknown)
            return Number(word.Hash);
        ulong key = (word.Hash ^ (ulong)(language + 1) * 0x9E3779B97F4A7C15) | 1; // 0 marks an empty slot
        int slot = SlotOf(key);
        if (_keys[slot] == key)
            return _values[slot];
        int term = (Languages.StopsOf(word.Hash) >> language & 1) != 0 ? Dropped : Stemmed(text.AsSpan(word.Start, word.Length), language);
        if (++_remembered > _keys.Length / 2)
        {
            MakeRoom();
            slot = SlotOf(key);
        }
        _keys[slot] = key;
        _values[slot] = term;
        return term;
    }

    /// <summary>Where the key is, or would be.</summary>
    private int SlotOf(ulong key)
    {
        int slot = (int)(key >> 44) & (_keys.Length - 1);
        while (_keys[slot] != 0 && _keys[slot] != key)
            slot = (slot + 1) & (_keys.Length - 1);
        return slot;
    }

    // Twice the slots, or, at the most there may be, a fresh start: words that matter are soon back.
    private void MakeRoom()
    {
        (ulong[] keys, int[] values) = (_keys, _values);
        int slots = Math.Min(MostSlots, keys.Length * 2);
        (_keys, _values, _remembered) = (new ulong[slots], new int[slots], 1);
        if (slots == keys.Length)
            return;
        for (int i = 0; i < keys.Length; i++)
        {
            if (keys[i] == 0)
                continue;
            int slot = SlotOf(keys[i]);
            _keys[slot] = keys[i];
            _values[slot] = values[i];
            _remembered++;
        }
    }

    private int Stemmed(ReadOnlySpan<char> word, int language)
    {
        Span<char> lower = stackalloc char[byte.MaxValue];
        string plain = new(lower[..WordScanner.Write(word, lower)]);
        Stemmer stemmer = _stemmers[language] ??= Languages.StemmerOf(language);
        string stem;
        try
        {
            stem = stemmer(plain);
        }
        catch (Exception e) when (e is IndexOutOfRangeException or ArgumentException)
        {
            stem = plain; // several of Lucene's stemmers run over the ends of words no language has
        }
        return Number(WordScanner.HashOf(stem.Length == 0 ? plain : stem));
    }

    private static int Number(ulong hash) => (int)(hash >> 42);

    private int PlaceOf(int term)
    {
        int slot = (int)((uint)term * 2654435769u >> 8) & (_slots.Length - 1);
        for (; _slots[slot] != 0; slot = (slot + 1) & (_slots.Length - 1))
            if (_page.Terms[_slots[slot] - 1] == term)
                return _slots[slot] - 1;
        if (_page.Count == _page.Terms.Length)
            _page.Grow();
        int place = _page.Count++;
        _page.Terms[place] = term;
        _page.InContent[place] = 0;
        _page.InAnchors[place] = 0;
        _slots[slot] = place + 1;
        if (_page.Count * 2 > _slots.Length)
            Rehash();
        return place;
    }

    private void Rehash()
    {
        _slots = new int[_slots.Length * 2];
        for (int place = 0; place < _page.Count; place++)
        {
            int slot = (int)((uint)_page.Terms[place] * 2654435769u >> 8) & (_slots.Length - 1);
            while (_slots[slot] != 0)
                slot = (slot + 1) & (_slots.Length - 1);
            _slots[slot] = place + 1;
        }
    }

    private void Clear()
    {
        Array.Clear(_slots);
        _page.Count = _page.Tokens = _page.AnchorTokens = 0;
    }
}
