using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace Backlinks.Evaluation;

/// <summary>
/// A table of features as the web spam collections publish them, plain or gzip (<c>.gz</c>):
/// <list type="bullet">
/// <item><b>ARFF</b> (Weka): <c>%</c> comments, <c>@relation</c>, one <c>@attribute NAME TYPE</c> a column (names may stand in single or double
/// quotes; NUMERIC, REAL, INTEGER, STRING, DATE, or nominal <c>{a,b}</c>), <c>@data</c>, then comma-separated rows. Keywords in
/// any case. Sparse rows (<c>{1 5, …}</c>) are refused.</item>
/// <item><b>CSV</b>: the first line, with or without <c>#</c> before it, names the columns.</item>
/// </list>
/// <c>?</c> or nothing is a missing value; infinities, which ratios of the collections have, are read as such.
/// Text columns (host names, classes) are kept as text.
/// </summary>
public sealed class FeatureFile
{
    private FeatureFile(string path, List<string> names, List<int> lines, List<string[]> rows)
    {
        (Path, Names) = (path, names);
        _lines = lines;
        _rows = rows;
    }

    private readonly List<int> _lines; // of each row, for messages
    private readonly List<string[]> _rows;

    public string Path { get; }

    public IReadOnlyList<string> Names { get; }

    public int Rows => _rows.Count;

    /// <summary>Number of the first of <paramref name="names"/> that is a column, case ignored; -1 if none is.</summary>
    public int Find(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            for (int i = 0; i < Names.Count; i++)
                if (Names[i].Equals(name, StringComparison.OrdinalIgnoreCase))
                    return i;
        return -1;
    }

    public string Text(int row, int column) => _rows[row][column];

    /// <summary>NaN where it is missing.</summary>
    /// <exception cref="EvaluationException">It is no number.</exception>
    public double Number(int row, int column)
    {
        string text = _rows[row][column];
        if (text.Length == 0 || text == "?" || text.Equals("nan", StringComparison.OrdinalIgnoreCase))
            return double.NaN;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            return value;
        return text.ToLowerInvariant().TrimStart('+') switch
        {
            "inf" or "infinity" => double.PositiveInfinity,
            "-inf" or "-infinity" => double.NegativeInfinity,
            _ => throw new EvaluationException(Path, _lines[row], $"'{Short(text)}' in column {column + 1}, {Names[column]}, is not a number; write ? for what is missing"),
        };
    }

    /// <summary>A host's number as the collection counts them.</summary>
    /// <exception cref="EvaluationException">It is no whole number.</exception>
    public int Id(int row, int column) =>
        int.TryParse(_rows[row][column], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id
            : throw new EvaluationException(Path, _lines[row], $"'{Short(_rows[row][column])}' is no host number: a whole number from 0");

    public int LineOf(int row) => _lines[row];

    /// <summary>Reads a file, ARFF if a line of it begins with <c>@</c> before any row, CSV otherwise.</summary>
    /// <exception cref="EvaluationException">The file is damaged or of another kind.</exception>
    public static FeatureFile Read(string path, CancellationToken cancel = default)
    {
        using StreamReader reader = OpenText(path);
        var names = new List<string>();
        var lines = new List<int>();
        var rows = new List<string[]>();
        bool arff = false, data = false;
        int number = 0;
        foreach (string raw in Lines(reader, path))
        {
            if ((++number & 1023) == 0)
                cancel.ThrowIfCancellationRequested();
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '%')
                continue;
            if (line[0] == '@' && !data)
            {
                arff = true;
                data = Declare(path, number, line, names);
                continue;
            }
            if (!arff && !data)
            {
                names.AddRange(Split(path, number, line.TrimStart('#', ' '), ','));
                data = true;
                if (names.Count < 2 || names.Any(n => n.Length == 0) || names.Any(n => double.TryParse(n, CultureInfo.InvariantCulture, out _)))
                    throw new EvaluationException(path, number, $"'{Short(line)}' does not name columns: a CSV file of features begins with their names, an ARFF file with @relation and @attribute lines");
                continue;
            }
            if (!data)
                throw new EvaluationException(path, number, $"'{Short(line)}' stands before @data: expected @attribute NAME TYPE, @data or a % comment");
            if (line[0] == '{')
                throw new EvaluationException(path, number, "is a sparse row, which is not read: write every value, or convert it with Weka's SparseToNonSparse");
            string[] cells = Split(path, number, line, ',');
            if (cells.Length != names.Count)
                throw new EvaluationException(path, number, $"has {cells.Length} values, but {names.Count} columns are named: the line is cut or a comma is missing");
            rows.Add(cells);
            lines.Add(number);
        }
        if (!data)
            throw new EvaluationException(path, 0, number == 0 ? "is empty" : "has no @data line: it is cut short or no ARFF file");
        if (names.GroupBy(n => n, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new EvaluationException(path, 0, $"names column '{Short(twice.Key)}' {twice.Count()} times");
        return new FeatureFile(path, names, lines, rows);
    }

    /// <summary>Opens a text file, unpacking <c>.gz</c>.</summary>
    internal static StreamReader OpenText(string path)
    {
        try
        {
            Stream stream = File.OpenRead(path);
            return new StreamReader(path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream, Encoding.UTF8);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new EvaluationException(path, 0, "cannot be opened: name a file that is there and that you may read", e);
        }
    }

    internal static IEnumerable<string> Lines(StreamReader reader, string path)
    {
        for (int number = 1; ; number++)
        {
            string? line;
            try
            {
                line = reader.ReadLine();
            }
            catch (InvalidDataException e)
            {
                throw new EvaluationException(path, number, "the gzip data is damaged or cut short: fetch the file again", e);
            }
            if (line is null)
                yield break;
            yield return line;
        }
    }

    internal static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";

    /// <summary>Takes a declaration; true if it is <c>@data</c>.</summary>
    private static bool Declare(string path, int number, string line, List<string> names)
    {
        string word = line.Split([' ', '\t'], 2)[0], rest = line[word.Length..].Trim();
        switch (word.ToLowerInvariant())
        {
            case "@relation":
                return false;
            case "@data":
                if (names.Count == 0)
                    throw new EvaluationException(path, number, "@data comes before any @attribute");
                return true;
            case "@attribute":
                (string name, string type) = NameAndType(path, number, rest);
                if (!(type.StartsWith('{') && type.EndsWith('}')) && type.ToLowerInvariant().Split(' ', 2)[0] is not ("numeric" or "real" or "integer" or "string" or "date"))
                    throw new EvaluationException(path, number, $"attribute '{Short(name)}' has type '{Short(type)}'; types are NUMERIC, REAL, INTEGER, STRING, DATE and {{a,b,…}}");
                names.Add(name);
                return false;
            default:
                throw new EvaluationException(path, number, $"'{Short(word)}' is none of @relation, @attribute, @data");
        }
    }

    private static (string Name, string Type) NameAndType(string path, int number, string rest)
    {
        int end = rest.Length == 0 ? -1 : rest[0] is '\'' or '"' ? rest.IndexOf(rest[0], 1) : rest.IndexOfAny([' ', '\t', '{']);
        if (end <= 0)
            throw new EvaluationException(path, number, $"'@attribute {Short(rest)}' lacks a type or a closing quote; write @attribute NAME NUMERIC");
        return rest[0] is '\'' or '"' ? (rest[1..end], rest[(end + 1)..].Trim()) : (rest[..end], rest[end..].Trim());
    }

    /// <summary>Cells between separators, quotes taken off.</summary>
    private static string[] Split(string path, int number, string line, char separator)
    {
        if (!line.AsSpan().ContainsAny('"', '\''))
            return line.Split(separator, StringSplitOptions.TrimEntries);
        var cells = new List<string>();
        var cell = new StringBuilder();
        char quote = '\0';
        foreach (char c in line)
            if (quote != '\0')
            {
                if (c == quote)
                    quote = '\0';
                else
                    cell.Append(c);
            }
            else if (c is '\'' or '"' && string.IsNullOrWhiteSpace(cell.ToString()))
                quote = c;
            else if (c == separator)
            {
                cells.Add(cell.ToString().Trim());
                cell.Clear();
            }
            else
                cell.Append(c);
        if (quote != '\0')
            throw new EvaluationException(path, number, $"a {quote} is not closed");
        cells.Add(cell.ToString().Trim());
        return [.. cells];
    }
}
