namespace Backlinks.Evaluation;

/// <summary>Numbers known of hosts: a column a feature, a row a host.</summary>
public sealed class FeatureTable
{
    private readonly Dictionary<string, int> _numbers;

    /// <param name="names">One for each column, all different.</param>
    /// <param name="columns">All of one length; NaN where a value is missing.</param>
    /// <exception cref="ArgumentException">Names and columns do not fit each other.</exception>
    public FeatureTable(IReadOnlyList<string> names, IReadOnlyList<double[]> columns)
    {
        if (names.Count != columns.Count)
            throw new ArgumentException($"{names.Count} names stand against {columns.Count} columns", nameof(names));
        if (columns.FirstOrDefault(c => c.Length != columns[0].Length) is { } odd)
            throw new ArgumentException($"columns have {columns[0].Length} and {odd.Length} rows; they must have the same", nameof(columns));
        _numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < names.Count; i++)
            if (!_numbers.TryAdd(names[i], i))
                throw new ArgumentException($"two columns are called '{names[i]}'", nameof(names));
        (Names, Columns, Rows) = (names, columns, columns.Count == 0 ? 0 : columns[0].Length);
    }

    public IReadOnlyList<string> Names { get; }

    public IReadOnlyList<double[]> Columns { get; }

    public int Rows { get; }

    /// <summary>The column of that name, case ignored.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public double[] this[string name] => _numbers.TryGetValue(name, out int number) ? Columns[number]
        : throw new ArgumentException($"there is no feature '{name}'; there are {string.Join(", ", Names.Take(8))}{(Names.Count > 8 ? " …" : "")}", nameof(name));

    public bool Has(string name) => _numbers.ContainsKey(name);

    public FeatureTable Select(Func<string, bool> wanted)
    {
        int[] kept = [.. Enumerable.Range(0, Names.Count).Where(i => wanted(Names[i]))];
        return new FeatureTable([.. kept.Select(i => Names[i])], [.. kept.Select(i => Columns[i])]);
    }

    /// <summary>Both tables' columns side by side.</summary>
    public FeatureTable With(FeatureTable other) => new([.. Names, .. other.Names], [.. Columns, .. other.Columns]);

    public FeatureTable Take(IReadOnlyList<int> rows) => new(Names, [.. Columns.Select(c => rows.Select(r => c[r]).ToArray())]);
}
