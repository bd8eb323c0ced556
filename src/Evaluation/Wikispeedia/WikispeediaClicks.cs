using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace Backlinks.Evaluation;

/// <summary>A link and how often people took it.</summary>
/// <param name="Target">Index into <see cref="WikispeediaClicks.Pages"/>.</param>
/// <param name="Position">Relative place of the target's name in the text, 0 to 1; NaN where it was not found.</param>
public readonly record struct ClickedLink(int Target, float Position, int Clicks);

/// <summary>
/// Links with human clicks, in the layout of the Wikispeedia data (West, Pineau, Precup, IJCAI 2009; West, Leskovec, WWW 2012):
/// <code>
/// links.tsv.gz          source TAB target TAB place in the text, 0 to 1 or -     # comments
/// clicks*.tsv.gz        source TAB target TAB clicks; what is not listed has none
/// texts.jsonl.gz        {"page": article, "text": plain text, …}; may be missing, then nothing is known of similarity
/// </code>
/// Articles are percent-encoded. Several files of clicks add up.
/// </summary>
public sealed record WikispeediaClicks
{
    /// <summary>Names as the files have them, sorted.</summary>
    public required IReadOnlyList<string> Pages { get; init; }

    /// <summary>By page; no text is null.</summary>
    public required IReadOnlyList<string?> Texts { get; init; }

    /// <summary>By page, in the order of the file.</summary>
    public required IReadOnlyList<IReadOnlyList<ClickedLink>> Links { get; init; }

    /// <summary>What people read of a name.</summary>
    public string TitleOf(int page) => Uri.UnescapeDataString(Pages[page]).Replace('_', ' ');

    /// <exception cref="EvaluationException">A line that is not as said above, or there are no clicks; with file, line and what is wanted.</exception>
    public static WikispeediaClicks Read(string folder, CancellationToken cancel = default)
    {
        string[] files = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "clicks*.tsv.gz").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
            throw new EvaluationException(folder, 0, "there are no clicks here: the folder must hold links.tsv.gz and clicks*.tsv.gz");
        var clicks = new Dictionary<(string, string), int>();
        foreach (string file in files)
            foreach ((int number, string[] fields) in Rows(file, 3, cancel))
                if (!int.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out int count))
                    throw new EvaluationException(file, number, $"clicks must be a whole number of at least 0, not '{fields[2]}'");
                else
                    clicks[(fields[0], fields[1])] = clicks.GetValueOrDefault((fields[0], fields[1])) + count;
        var rows = new List<(string Source, string Target, float Position)>();
        string links = Path.Combine(folder, "links.tsv.gz");
        foreach ((int number, string[] fields) in Rows(links, 3, cancel))
        {
            float position = float.NaN;
            if (fields[2] != "-" && !(float.TryParse(fields[2], NumberStyles.Float, CultureInfo.InvariantCulture, out position) && position is >= 0 and <= 1))
                throw new EvaluationException(links, number, $"the place in the text must be 0 to 1 or '-', not '{fields[2]}'");
            rows.Add((fields[0], fields[1], position));
        }
        string[] pages = [.. rows.SelectMany(r => new[] { r.Source, r.Target }).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> numbers = pages.Select((page, i) => (page, i)).ToDictionary(p => p.page, p => p.i, StringComparer.Ordinal);
        List<ClickedLink>[] of = [.. pages.Select(_ => new List<ClickedLink>())];
        foreach ((string source, string target, float position) in rows)
            of[numbers[source]].Add(new ClickedLink(numbers[target], position, clicks.GetValueOrDefault((source, target))));
        return new WikispeediaClicks { Pages = pages, Texts = ReadTexts(Path.Combine(folder, "texts.jsonl.gz"), numbers, cancel), Links = of };
    }

    private static string?[] ReadTexts(string path, Dictionary<string, int> numbers, CancellationToken cancel)
    {
        string?[] texts = new string?[numbers.Count];
        if (!File.Exists(path))
            return texts;
        foreach ((int number, string line) in Lines(path, cancel))
            try
            {
                using JsonDocument json = JsonDocument.Parse(line);
                if (numbers.TryGetValue(json.RootElement.GetProperty("page").GetString()!, out int page))
                    texts[page] = json.RootElement.GetProperty("text").GetString();
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new EvaluationException(path, number, "wants a JSON object with the strings 'page' and 'text'");
            }
        return texts;
    }

    private static IEnumerable<(int Number, string[] Fields)> Rows(string path, int fields, CancellationToken cancel)
    {
        foreach ((int number, string line) in Lines(path, cancel))
            if (line.Length > 0 && line[0] != '#')
                yield return line.Split('\t') is var row && row.Length >= fields ? (number, row) : throw new EvaluationException(path, number, $"wants {fields} columns between tabs, not {row.Length}");
    }

    private static IEnumerable<(int Number, string Line)> Lines(string path, CancellationToken cancel)
    {
        if (!File.Exists(path))
            throw new EvaluationException(path, 0, "the file is missing");
        using StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        for (int number = 1; ; number++)
        {
            cancel.ThrowIfCancellationRequested();
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (InvalidDataException e)
            {
                throw new EvaluationException(path, number, $"is not gzip, or damaged: {e.Message.TrimEnd('.')}");
            }
            if (line is null)
                yield break;
            yield return (number, line);
        }
    }
}
