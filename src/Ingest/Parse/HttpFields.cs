namespace Backlinks.Ingest;

/// <summary>The header fields of an HTTP response in order; names compare without case (RFC 9110, 5.1).</summary>
public sealed class HttpFields
{
    private readonly List<(string Name, string Value)> _fields = [];

    public IReadOnlyList<(string Name, string Value)> All => _fields;

    public void Add(string name, string value) => _fields.Add((name, value));

    /// <summary>The first value, or null.</summary>
    public string? Get(string name)
    {
        foreach ((string have, string value) in _fields)
            if (have.Equals(name, StringComparison.OrdinalIgnoreCase))
                return value;
        return null;
    }

    public IEnumerable<string> GetAll(string name) =>
        _fields.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(f => f.Value);
}
