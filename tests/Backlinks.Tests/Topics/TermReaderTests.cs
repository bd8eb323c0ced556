using Backlinks.Topics;

namespace Backlinks.Tests.Topics;

public class TermReaderTests
{
    [Fact]
    public void An_empty_page_has_no_terms()
    {
        PageTerms page = new TermReader().Read(new PageContent());
        Assert.Equal((0, 0, 0), (page.Count, page.Tokens, page.AnchorTokens));
    }

    [Fact]
    public void Title_counts_three_times_and_headings_twice()
    {
        PageTerms page = new TermReader().Read(new PageContent { Title = "Compost", Headings = "Compost heaps", Body = "compost heap and a trowel", Language = "en" });
        Assert.Equal([6, 3, 1], page.InContent[..page.Count]);
        Assert.Equal(3, page.Count); // "and" and "a" are none
        Assert.Equal(6, page.Tokens);
    }

    [Fact]
    public void Stems_make_forms_of_a_word_one_term()
    {
        var reader = new TermReader();
        Assert.Equal(1, reader.Read(new PageContent { Body = "sail sails sailing sailed", Language = "en" }).Count);
        Assert.Equal(1, reader.Read(new PageContent { Body = "Haus Hauses", Language = "de" }).Count);
        Assert.Equal(1, reader.Read(new PageContent { Body = "книга книги книгу", Language = "ru" }).Count);
        Assert.Equal(1, reader.Read(new PageContent { Body = "ο δρόμος από το δρόμου", Language = "el" }).Count);
    }

    [Fact]
    public void Only_the_first_words_of_a_body_are_read()
    {
        var reader = new TermReader(new TermReaderOptions { BodyWords = 3 });
        Assert.Equal(3, reader.Read(new PageContent { Body = "alpha beta gamma delta epsilon" }).Tokens);
    }

    [Fact]
    public void Anchors_are_a_field_of_their_own()
    {
        PageTerms page = new TermReader().Read(new PageContent { Body = "trowel", Anchors = ["garden trowel", "trowel"] });
        Assert.Equal((2, 1, 3), (page.Count, page.Tokens, page.AnchorTokens));
        Assert.Equal([1, 0], page.InContent[..2]);
        Assert.Equal([2, 1], page.InAnchors[..2]);
    }

    [Theory]
    [InlineData("The boat and the sea were on the map of this island", "", "en")]
    [InlineData("Die Bücher stehen seit gestern im großen Regal und wir haben sie nicht gelesen", "", "de")]
    [InlineData("Les élèves ont planté un chêne près du château, mais il est pour nous", "", "fr")]
    [InlineData("El niño mira la montaña desde el balcón cuando no hay nadie", "", "es")]
    [InlineData("Поезд прибыл на станцию, но его не было уже там", "", "ru")]
    [InlineData("war war war war war war", "", "en")] // a stop word in German, but only one
    [InlineData("zzyzx qwrtp", "fr-CA", "fr")] // nothing to go by but what it declares
    [InlineData("zzyzx qwrtp", "xx", "en")] // nor that
    [InlineData("Die Bücher stehen seit gestern im großen Regal und wir haben sie nicht alle gelesen", "en", "de")] // the template's language
    [InlineData("The boat and der Hafen", "en", "en")]
    public void Language_is_told_by_stop_words(string text, string declared, string language) =>
        Assert.Equal(language, new TermReader().Read(new PageContent { Body = text, Language = declared }).Language);

    [Fact]
    public void Every_language_stems_whatever_it_is_given()
    {
        var random = new Random(11);
        var reader = new TermReader();
        const string letters = "abcdefghijklmnopqrstuvwxyzàéîõüßçñøåæłşğıčžαβγδςσωάабвгдежзийіїאבגابتثجहिन्दीայբ0";
        foreach (string language in Languages.Codes)
            for (int round = 0; round < 150; round++)
            {
                string text = string.Join(' ', Enumerable.Range(0, 20).Select(_ => string.Concat(Enumerable.Range(0, random.Next(2, 42)).Select(_ => letters[random.Next(letters.Length)]))));
                PageTerms page = reader.Read(new PageContent { Body = text, Language = language });
                Assert.Equal(language, page.Language);
                Assert.All(page.Terms[..page.Count], term => Assert.InRange(term, 0, TermReader.Terms - 1));
            }
    }

    [Fact]
    public void What_was_read_before_does_not_matter()
    {
        var random = new Random(5);
        PageContent[] pages = [.. Enumerable.Range(0, 400).Select(i => new PageContent
        {
            Title = $"Word{random.Next(50)} titles",
            Body = string.Join(' ', Enumerable.Range(0, 300).Select(_ => $"w{random.Next(40_000):x}ing")),
            Language = i % 2 == 0 ? "en" : "de",
        })];
        var reader = new TermReader(); // meets 80,000 words: its memory grows several times
        PageTerms[] forward = [.. pages.Select(page => reader.Read(page).Copy())];
        PageTerms[] backward = [.. pages.Reverse().Select(page => reader.Read(page).Copy()).Reverse()];
        for (int i = 0; i < pages.Length; i++)
        {
            PageTerms alone = i % 40 == 0 ? new TermReader().Read(pages[i]) : forward[i];
            Assert.Equal(forward[i].Terms[..forward[i].Count], backward[i].Terms[..backward[i].Count]);
            Assert.Equal(forward[i].Terms[..forward[i].Count], alone.Terms[..alone.Count]);
            Assert.Equal(forward[i].InContent[..forward[i].Count], alone.InContent[..alone.Count]);
        }
    }

    [Fact]
    public void A_page_of_many_different_words_is_counted_whole()
    {
        var reader = new TermReader(new TermReaderOptions { BodyWords = 20_000 });
        PageTerms page = reader.Read(new PageContent { Body = string.Join(' ', Enumerable.Range(0, 20_000).Select(i => $"x{i % 9000}q")), Language = "en" });
        Assert.Equal(20_000, page.InContent[..page.Count].Sum());
        Assert.InRange(page.Count, 8950, 9000); // 9,000 words in 4 million numbers: some ten meet
        Assert.Equal(page.Count, page.Terms[..page.Count].Distinct().Count());
    }

    [Fact]
    public void Options_out_of_range_are_refused_with_the_range()
    {
        Assert.Contains("1 to 100,000", Assert.Throws<ArgumentOutOfRangeException>(() => new TermReader(new TermReaderOptions { BodyWords = 0 })).Message);
        Assert.Contains("0 to 1,000", Assert.Throws<ArgumentOutOfRangeException>(() => new TermReader(new TermReaderOptions { TitleWeight = -1 })).Message);
        Assert.Contains("not 'klingon'", Assert.Throws<ArgumentException>(() => new TermReader(new TermReaderOptions { AssumedLanguage = "klingon" })).Message);
    }
}
