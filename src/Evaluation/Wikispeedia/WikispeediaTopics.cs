using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace Backlinks.Evaluation;

/// <summary>One article.</summary>
/// <param name="Name">Decoded, spaces for underscores.</param>
/// <param name="Text">Its text after the line that repeats its name; empty where the folder has none.</param>
/// <param name="Topic">Index into <see cref="WikispeediaTopics.Topics"/>, or −1 where it has no category.</param>
public sealed record WikispeediaArticle(string Name, string Text, int Topic);

/// <summary>
/// Articles with topics and links, in the layout of the Wikispeedia data (West, Pineau, Precup, IJCAI 2009), a folder of
/// <code>
/// categories.tsv    article TAB subject.Topic.…   # comments; the first line of an article is the one that counts
/// texts.jsonl.gz    {"page": article, "text": plain text whose first line is the article's name, …}
/// links.tsv.gz      source TAB target [TAB …]      # comments
/// </code>
/// with articles percent-encoded. An article is one that has a text.
/// </summary>
public sealed record WikispeediaTopics
{
    /// <summary>Names of the topics, sorted.</summary>
    public required IReadOnlyList<string> Topics { get; init; }

    public required IReadOnlyList<WikispeediaArticle> Articles { get; init; }

    /// <summary>Distinct links between articles, none to itself, sorted.</summary>
    public required IReadOnlyList<(int Source, int Target)> Links { get; init; }

    /// <exception cref="InvalidDataException">A line that is not as said above; with file, line and what is wanted.</exception>
    /// <exception cref="IOException">A file is missing or cannot be read.</exception>
    public static WikispeediaTopics Read(string folder, CancellationToken cancel = default)
    {
        var topicOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((int number, string line) in Lines(Path.Combine(folder, "categories.tsv"), cancel))
        {
            string[] fields = line.Split('\t');
            string[] path = fields.Length < 2 ? [] : fields[1].Split('.');
            if (path.Length < 2)
                throw Bad(folder, "categories.tsv", number, "article, tab and a category path of at least two parts such as 'subject.Science'");
            topicOf.TryAdd(fields[0], path[1]);
        }
        string[] topics = [.. topicOf.Values.Distinct().Order(StringComparer.Ordinal)];
        var articles = new List<WikispeediaArticle>();
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach ((int number, string line) in Lines(Path.Combine(folder, "texts.jsonl.gz"), cancel))
        {
            (string page, string text) = Text(folder, number, line);
            if (!numbers.TryAdd(page, articles.Count))
                throw Bad(folder, "texts.jsonl.gz", number, $"each article once, but '{page}' is there twice");
            int lineEnd = text.IndexOf('\n', StringComparison.Ordinal);
            articles.Add(new WikispeediaArticle(Uri.UnescapeDataString(page).Replace('_', ' '), lineEnd < 0 ? text : text[(lineEnd + 1)..],
                topicOf.TryGetValue(page, out string? topic) ? Array.BinarySearch(topics, topic, StringComparer.Ordinal) : -1));
        }
        var links = new HashSet<(int, int)>();
        foreach ((int number, string line) in Lines(Path.Combine(folder, "links.tsv.gz"), cancel))
        {
            string[] fields = line.Split('\t');
            if (fields.Length < 2)
                throw Bad(folder, "links.tsv.gz", number, "source, tab and target");
            if (numbers.TryGetValue(fields[0], out int source) && numbers.TryGetValue(fields[1], out int target) && source != target)
                links.Add((source, target));
        }
        return new WikispeediaTopics { Topics = topics, Articles = articles, Links = [.. links.Order()] };
    }

    private static (string Page, string Text) Text(string folder, int number, string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return (json.RootElement.GetProperty("page").GetString()!, json.RootElement.GetProperty("text").GetString()!);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Bad(folder, "texts.jsonl.gz", number, "a JSON object with the strings 'page' and 'text'");
        }
    }

    private static IEnumerable<(int Number, string Line)> Lines(string path, CancellationToken cancel)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path}: the file is missing; the folder must hold categories.tsv, texts.jsonl.gz and links.tsv.gz");
        using Stream file = File.OpenRead(path);
        using Stream content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using StreamReader reader = new(content);
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            if ((++number & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (line.Length > 0 && line[0] != '#')
                yield return (number, line);
        }
    }

    private static InvalidDataException Bad(string folder, string file, int line, string wanted) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Path.Combine(folder, file)}, line {line}: wants {wanted}"));
}
