using System.Globalization;

namespace Backlinks.Evaluation;

/// <summary>What assessors said of a host.</summary>
public enum SpamLabel
{
    Normal,
    Spam,

    /// <summary>Borderline, or assessors that do not agree: left out of training and of measures.</summary>
    Undecided,
}

/// <summary>The assessment of a host.</summary>
/// <param name="Spamicity">Mean of the assessments, 0 nonspam to 1 spam; NaN where there is no valid one.</param>
/// <param name="Assessments">One for each judge, as <c>j1:N</c>; empty where the file has none.</param>
public sealed record Assessment(SpamLabel Label, double Spamicity, IReadOnlyList<string> Assessments);

/// <summary>
/// The public web spam collections WEBSPAM-UK2006 and WEBSPAM-UK2007 (Castillo et al. 2006, 2008) as they are distributed, in one folder,
/// told by their names, whatever stands before, between and behind the words: <c>*hostnames*</c> (number and host a line),
/// <c>*labels*</c>, <c>*link_based*features*</c>, <c>*obvious*features*</c>, <c>*content*features*</c>; <c>.txt</c>, <c>.csv</c>,
/// <c>.arff</c>, plain or gzip. Features whose name says <c>transformed</c> are passed over: ours are made here. Of a kind several
/// files may be there (train and test): their rows add up; where a kind is there as ARFF and as CSV, ARFF is read.
/// <para><b>Labels</b>: <c>HOST LABEL SPAMICITY ASSESSMENTS</c> between blanks, tabs or commas; HOST is a number (UK2007) or a name (UK2006);
/// LABEL is normal, nonspam, spam, undecided or borderline; SPAMICITY is 0 to 1 or <c>-</c>; ASSESSMENTS are
/// <c>judge:letter</c> with letters N, B, S, U, separated by commas or in columns of their own. UK2006 may lack the last two.
/// Without a file of labels, the column <c>class</c> of the features is taken.</para>
/// </summary>
public sealed class WebspamFolder
{
    /// <summary>What stands in a row beside features. <c>assessmentscore</c> is the spamicity: as a feature it would be the answer.</summary>
    private static readonly string[] NoFeature = ["hostid", "hostname", "host", "domain", "class", "label", "assessmentscore", "spamicity", "id_certain"];

    private readonly Dictionary<string, Features> _features = new(StringComparer.Ordinal);

    private WebspamFolder(string path) => Path = path;

    public string Path { get; }

    /// <summary>Names of the files that were read.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>Host names by number; empty without such a file.</summary>
    public IReadOnlyDictionary<int, string> Hosts { get; private set; } = new Dictionary<int, string>();

    /// <summary>By host number, undecided ones included.</summary>
    public IReadOnlyDictionary<int, Assessment> Labels { get; private set; } = new Dictionary<int, Assessment>();

    /// <summary>The kinds of features that are there: link, obvious, content.</summary>
    public IReadOnlyCollection<string> Kinds => _features.Keys;

    /// <summary>Whether a column is one of the link features.</summary>
    internal bool IsLink(string column) => _features.TryGetValue("link", out Features? link) && link.Table.Has(column);

    /// <summary>Reads what is there.</summary>
    /// <exception cref="EvaluationException">A file is damaged, or the folder holds nothing that can be evaluated.</exception>
    public static WebspamFolder Read(string path, CancellationToken cancel = default)
    {
        if (!Directory.Exists(path))
            throw new EvaluationException(path, 0, "is no folder: name the one with the labels, host names and features of WEBSPAM-UK2006 or UK2007");
        var folder = new WebspamFolder(path);
        string[] names = [.. Directory.GetFiles(path).Select(f => System.IO.Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        string[] Named(params string[] words) => [.. names.Where(n => words.All(w => n.Contains(w, StringComparison.OrdinalIgnoreCase)) && !n.Contains("transformed", StringComparison.OrdinalIgnoreCase) && IsTable(n))];
        var read = new List<string>();
        string Full(string name)
        {
            read.Add(name);
            return System.IO.Path.Combine(path, name);
        }
        var hosts = new SortedDictionary<int, string>();
        foreach (string name in Named("hostnames"))
            ReadHosts(Full(name), hosts, cancel);
        var numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        foreach ((int number, string host) in hosts)
            numbers.TryAdd(host, number);
        var labels = new SortedDictionary<int, Assessment>();
        foreach (string name in Named("labels"))
            ReadLabels(Full(name), numbers, labels, cancel);
        bool labelled = labels.Count > 0;
        foreach ((string kind, string[] words) in new (string, string[])[] { ("link", ["link", "features"]), ("obvious", ["obvious", "features"]), ("content", ["content", "features"]) })
        {
            string[] found = Named(words), arff = [.. found.Where(n => n.Contains(".arff", StringComparison.OrdinalIgnoreCase))];
            FeatureFile[] files = [.. (arff.Length > 0 ? arff : found).Select(n => FeatureFile.Read(Full(n), cancel))];
            if (files.Length == 0)
                continue;
            folder._features.Add(kind, Join(files, numbers, hosts));
            if (!labelled)
                foreach (FeatureFile file in files)
                    TakeClasses(file, numbers, hosts, labels);
        }
        if (folder._features.Count == 0)
            throw new EvaluationException(path, 0, "holds no features: expected files such as uk-2007-05.link_based_features.csv, …content…features.arff (plain or .gz)");
        if (labels.Count == 0)
            throw new EvaluationException(path, 0, "holds no labels: expected a file such as WEBSPAM-UK2007-SET1-labels.txt, or a column 'class' beside the features");
        (folder.Files, folder.Hosts, folder.Labels) = (read, hosts, labels);
        return folder;
    }

    /// <summary>The labelled hosts, decided ones, that have features of all those kinds, in order of number.</summary>
    /// <param name="groupOf">From host name to the group that must stay whole: its registrable domain. A host without a name is its own.</param>
    /// <exception cref="ArgumentException">A kind is not there.</exception>
    public SpamExamples Examples(IReadOnlyList<string> kinds, Func<string, string> groupOf)
    {
        foreach (string kind in kinds)
            if (!_features.ContainsKey(kind))
                throw new ArgumentException($"there are no features of kind '{kind}' in {Path}; there are {string.Join(", ", Kinds)}", nameof(kinds));
        int[] ids = [.. Labels.Where(l => l.Value.Label != SpamLabel.Undecided && kinds.All(k => _features[k].Row.ContainsKey(l.Key))).Select(l => l.Key).Order()];
        FeatureTable table = new([], []);
        foreach (string kind in kinds)
            table = table.With(_features[kind].Table.Take([.. ids.Select(id => _features[kind].Row[id])]));
        string[] hosts = [.. ids.Select(id => Hosts.GetValueOrDefault(id) ?? $"host {id}")];
        bool[] spam = [.. ids.Select(id => Labels[id].Label == SpamLabel.Spam)];
        var groups = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] group = [.. hosts.Select(h => groups.TryGetValue(groupOf(h), out int g) ? g : groups[groupOf(h)] = groups.Count)];
        return new SpamExamples(table, spam, [.. ids.Select((id, i) => Labels[id].Spamicity is var s && double.IsNaN(s) ? spam[i] ? 1 : 0 : s)], group, hosts, ids);
    }

    /// <summary>The features of a kind for hosts of which some may lack them: their values are missing.</summary>
    internal FeatureTable Aligned(string kind, int[] ids)
    {
        Features of = _features[kind];
        return new FeatureTable([.. of.Table.Names.Select(n => $"{kind}:{n}")], [.. of.Table.Columns.Select(c => ids.Select(id => of.Row.TryGetValue(id, out int row) ? c[row] : double.NaN).ToArray())]);
    }

    private static bool IsTable(string name)
    {
        string bare = name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? name[..^3] : name;
        return System.IO.Path.GetExtension(bare).ToLowerInvariant() is ".txt" or ".csv" or ".arff" or ".tsv";
    }

    private static void ReadHosts(string path, SortedDictionary<int, string> hosts, CancellationToken cancel)
    {
        using StreamReader reader = FeatureFile.OpenText(path);
        int number = 0;
        foreach (string line in FeatureFile.Lines(reader, path))
        {
            if ((++number & 4095) == 0)
                cancel.ThrowIfCancellationRequested();
            string[] parts = line.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0 || parts[0][0] == '#')
                continue;
            if (parts.Length != 2 || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw new EvaluationException(path, number, $"'{FeatureFile.Short(line)}' is not 'number host'");
            if (!hosts.TryAdd(id, parts[1]) && hosts[id] != parts[1])
                throw new EvaluationException(path, number, $"host {id} is '{FeatureFile.Short(parts[1])}' here and '{hosts[id]}' before");
        }
    }

    private static void ReadLabels(string path, Dictionary<string, int> numbers, SortedDictionary<int, Assessment> labels, CancellationToken cancel)
    {
        using StreamReader reader = FeatureFile.OpenText(path);
        int number = 0;
        foreach (string line in FeatureFile.Lines(reader, path))
        {
            if ((++number & 4095) == 0)
                cancel.ThrowIfCancellationRequested();
            string[] parts = line.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length == 0 || parts[0][0] == '#' || (number == 1 && parts[0].StartsWith("host", StringComparison.OrdinalIgnoreCase) && parts.Length > 1 && parts[1].Equals("label", StringComparison.OrdinalIgnoreCase)))
                continue;
            if (parts.Length < 2)
                throw new EvaluationException(path, number, $"'{FeatureFile.Short(line)}' is not 'host label spamicity assessments'");
            SpamLabel label = LabelOf(parts[1]) ?? throw new EvaluationException(path, number, $"label '{FeatureFile.Short(parts[1])}' is none of normal, nonspam, spam, undecided, borderline");
            double spamicity = double.NaN;
            int next = 2;
            if (parts.Length > 2 && !parts[2].Contains(':'))
            {
                next = 3;
                if (parts[2] != "-" && !(double.TryParse(parts[2], NumberStyles.Float, CultureInfo.InvariantCulture, out spamicity) && spamicity is >= 0 and <= 1))
                    throw new EvaluationException(path, number, $"spamicity '{FeatureFile.Short(parts[2])}' is neither 0 to 1 nor -");
            }
            if (parts[next..].FirstOrDefault(p => !IsAssessment(p)) is { } odd)
                throw new EvaluationException(path, number, $"'{FeatureFile.Short(odd)}' is no assessment: judge:letter with N, B, S or U");
            var assessment = new Assessment(label, spamicity, parts[next..]);
            int id = HostId(path, number, parts[0], numbers);
            if (!labels.TryAdd(id, assessment) && labels[id].Label != label)
                throw new EvaluationException(path, number, $"host {FeatureFile.Short(parts[0])} is {label} here and {labels[id].Label} before");
        }
    }

    private static SpamLabel? LabelOf(string word) => word.ToLowerInvariant() switch
    {
        "normal" or "nonspam" => SpamLabel.Normal,
        "spam" => SpamLabel.Spam,
        "undecided" or "borderline" => SpamLabel.Undecided,
        _ => null,
    };

    private static bool IsAssessment(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && text[(colon + 1)..] is "N" or "B" or "S" or "U" or "-";
    }

    /// <summary>The number of a host that is given by number or by name; names that no file numbers get numbers of their own.</summary>
    private static int HostId(string path, int line, string text, Dictionary<string, int> numbers)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            return id;
        if (!text.Contains('.') && !numbers.ContainsKey(text))
            throw new EvaluationException(path, line, $"'{FeatureFile.Short(text)}' is neither a host's number nor its name");
        if (!numbers.TryGetValue(text, out id))
            numbers[text] = id = numbers.Count == 0 ? 0 : numbers.Values.Max() + 1;
        return id;
    }

    private static int RowId(FeatureFile file, int row, int number, int name, Dictionary<string, int> numbers) =>
        number >= 0 ? file.Id(row, number) : HostId(file.Path, file.LineOf(row), file.Text(row, name), numbers);

    private static (int Number, int Name) HostColumns(FeatureFile file)
    {
        (int number, int name) = (file.Find("hostid"), file.Find("hostname", "host"));
        return number >= 0 || name >= 0 ? (number, name)
            : throw new EvaluationException(file.Path, 0, "has neither a column hostid nor hostname, so its rows cannot be joined to labels");
    }

    private static Features Join(FeatureFile[] files, Dictionary<string, int> numbers, SortedDictionary<int, string> hosts)
    {
        string[] names = [.. files[0].Names.Where(n => !NoFeature.Contains(n, StringComparer.OrdinalIgnoreCase))];
        var row = new Dictionary<int, int>();
        List<double>[] columns = [.. names.Select(_ => new List<double>())];
        foreach (FeatureFile file in files)
        {
            int[] at = [.. names.Select(n => file.Find(n))];
            if (Array.IndexOf(at, -1) is >= 0 and int lacking)
                throw new EvaluationException(file.Path, 0, $"has no column {names[lacking]}, which {System.IO.Path.GetFileName(files[0].Path)} has");
            (int number, int name) = HostColumns(file);
            for (int r = 0; r < file.Rows; r++)
            {
                int id = RowId(file, r, number, name, numbers);
                if (name >= 0)
                    hosts.TryAdd(id, file.Text(r, name));
                if (!row.TryAdd(id, row.Count))
                    throw new EvaluationException(file.Path, file.LineOf(r), $"host {id} has had a row before");
                for (int c = 0; c < at.Length; c++)
                    columns[c].Add(file.Number(r, at[c]));
            }
        }
        return new Features(new FeatureTable(names, [.. columns.Select(c => c.ToArray())]), row);
    }

    private static void TakeClasses(FeatureFile file, Dictionary<string, int> numbers, SortedDictionary<int, string> hosts, SortedDictionary<int, Assessment> labels)
    {
        int label = file.Find("class", "label"), score = file.Find("assessmentscore", "spamicity");
        if (label < 0)
            return;
        (int number, int name) = HostColumns(file);
        for (int r = 0; r < file.Rows; r++)
            if (file.Text(r, label) is var word && word != "?" && word.Length > 0)
            {
                SpamLabel is_ = LabelOf(word) ?? throw new EvaluationException(file.Path, file.LineOf(r), $"class '{FeatureFile.Short(word)}' is none of normal, nonspam, spam, undecided");
                labels.TryAdd(RowId(file, r, number, name, numbers), new Assessment(is_, score < 0 ? double.NaN : file.Number(r, score), []));
            }
    }

    private sealed record Features(FeatureTable Table, Dictionary<int, int> Row);
}

/// <summary>Labelled hosts to learn from and to measure on.</summary>
/// <param name="Features">A row a host.</param>
/// <param name="Spamicity">Mean assessment, 0 to 1: a softer target than the label, for training rows only.</param>
/// <param name="Group">What must not be torn apart between training and test.</param>
/// <param name="Hosts">Names.</param>
/// <param name="Ids">Numbers, ascending.</param>
public sealed record SpamExamples(FeatureTable Features, bool[] IsSpam, double[] Spamicity, int[] Group, string[] Hosts, int[] Ids)
{
    public int Count => IsSpam.Length;
}
