using System.Text;

namespace Backlinks.SampleWeb;

/// <summary>Sentences that read like English, made of a topic's words. They carry no markup and no characters that HTML escapes.</summary>
internal static class Prose
{
    // n noun, p plural, a adjective, v verb in the third person, b verb as it stands; each slot is drawn anew.
    private static readonly string[] Patterns =
    [
        "the {a} {n} {v} the {n} long before noon",
        "every {n} needs a {a} {n}, and most {p} {b} without one",
        "when {p} {b}, the {a} {n} is never far",
        "we kept a {n} beside the {n} for a whole season and wrote down what we saw",
        "a {a} {n} {v} better than two {a} {p}",
        "nobody told us that the {n} {v} only while the {n} is {a}",
        "most people begin with {a} {p} and end with a single {n}",
        "if your {n} {v} too soon, look at the {p} first",
        "the old rule says that {p} {b} and {p} wait",
        "it took three {p} and one {a} {n} to find out why",
        "there is no {n} so {a} that a patient {n} cannot {b} it",
        "last year the {a} {p} came early, and the {n} was ready",
        "some call it a {n}, others a {a} {n}; both are right",
        "before you buy a {n}, ask how its {p} {b}",
        "our {n} {v} once a week, which is enough for {a} {p}",
        "that is how a {a} {n} becomes a {n} worth keeping",
    ];

    private static readonly string[] Titles =
    [
        "{A} {p} and how to {b} them", "A {n} for every {n}", "Why the {n} {v}", "Notes on {a} {p}", "The {a} {n}",
        "How we {b} a {n}", "Ten {p} we liked", "{P}, {p} and a {n}", "What a {a} {n} costs", "From {n} to {n}",
    ];

    public static string Sentence(SeededRandom random, Topic topic)
    {
        StringBuilder text = new(120);
        AppendSentence(text, random, topic);
        return text.ToString();
    }

    public static void AppendSentence(StringBuilder text, SeededRandom random, Topic topic)
    {
        int start = text.Length;
        Fill(text, random.Pick(Patterns), random, topic);
        text[start] = char.ToUpperInvariant(text[start]);
        text.Append('.');
    }

    public static string Title(SeededRandom random, Topic topic)
    {
        StringBuilder text = new(60);
        Fill(text, random.Pick(Titles), random, topic);
        text[0] = char.ToUpperInvariant(text[0]);
        return text.ToString();
    }

    /// <summary>Two or three words: an anchor in running text.</summary>
    public static string Phrase(SeededRandom random, Topic topic) => random.Below(3) switch
    {
        0 => $"{random.Pick(topic.Adjectives)} {random.Pick(topic.Nouns)}",
        1 => $"{random.Pick(topic.Nouns)} and {random.Pick(topic.Nouns)}",
        _ => $"{random.Pick(topic.Adjectives)} {random.Pick(topic.Nouns)}s",
    };

    private static void Fill(StringBuilder text, string pattern, SeededRandom random, Topic topic)
    {
        for (int i = 0; i < pattern.Length; i++)
        {
            if (pattern[i] != '{')
            {
                text.Append(pattern[i]);
                continue;
            }
            char slot = pattern[i + 1];
            int at = text.Length;
            text.Append(char.ToLowerInvariant(slot) switch
            {
                'n' or 'p' => random.Pick(topic.Nouns),
                'a' => random.Pick(topic.Adjectives),
                _ => random.Pick(topic.Verbs),
            });
            if (char.ToLowerInvariant(slot) is 'p' or 'v')
                text.Append('s');
            if (char.IsAsciiLetterUpper(slot))
                text[at] = char.ToUpperInvariant(text[at]);
            i += 2;
        }
    }
}
