namespace Backlinks.Topics;

/// <summary>
/// The pages of a store that a taxonomy names as seeds: by URL, as the store writes it or without its final slash; or because their
/// host is a seed domain or below it (the longest such name counts). Pages without words are none. Safe for several threads.
/// </summary>
internal sealed class CorpusSeeds
{
    private readonly Dictionary<string, int> _topicOfPage = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _topicOfDomain = new(StringComparer.OrdinalIgnoreCase);
    private readonly SortedDictionary<(int Topic, string Name), LowestHashes<PageTerms>> _found = new(Comparer<(int Topic, string Name)>.Create((a, b) =>
        a.Topic != b.Topic ? a.Topic.CompareTo(b.Topic) : string.CompareOrdinal(a.Name, b.Name)));

    public CorpusSeeds(Taxonomy taxonomy, int pagesOfDomain)
    {
        for (int k = 0; k < taxonomy.Topics.Count; k++)
        {
            foreach (string page in taxonomy.Topics[k].Pages)
                if (_topicOfPage.TryAdd(page.TrimEnd('/'), k))
                    _found[(k, page.TrimEnd('/'))] = new LowestHashes<PageTerms>(1);
            foreach (string domain in taxonomy.Topics[k].Domains)
                if (_topicOfDomain.TryAdd(domain, k))
                    _found[(k, domain)] = new LowestHashes<PageTerms>(pagesOfDomain);
        }
    }

    public void Offer(string url, ulong hash, long number, PageTerms terms)
    {
        if (_found.Count == 0 || terms.Count == 0)
            return;
        if (_topicOfPage.Count > 0 && _topicOfPage.TryGetValue(url.TrimEnd('/'), out int topic))
            _found[(topic, url.TrimEnd('/'))].Offer(hash, number, terms.Copy);
        else if (_topicOfDomain.Count > 0)
            for (string? name = HostOf(url); name is not null; name = name.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0 ? name[(dot + 1)..] : null)
                if (_topicOfDomain.TryGetValue(name, out topic))
                {
                    _found[(topic, NameOf(topic, name))].Offer(hash, number, terms.Copy);
                    return;
                }
    }

    /// <summary>By topic, then by name of the seed.</summary>
    public IReadOnlyList<SeedPage> Pages() => [.. _found.SelectMany(found => found.Value.InOrder().Select(page => new SeedPage(found.Key.Topic, page)))];

    public IReadOnlyList<string> Missing() => [.. _found.Where(found => found.Value.InOrder().Count == 0).Select(found => found.Key.Name)];

    // As the taxonomy writes it: hosts are compared without case, keys with.
    private string NameOf(int topic, string name) => _found.ContainsKey((topic, name)) ? name
        : _found.Keys.First(key => key.Topic == topic && key.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Name;

    private static string HostOf(string url)
    {
        int start = url.IndexOf("://", StringComparison.Ordinal) is var at and >= 0 ? at + 3 : 0;
        int end = url.AsSpan(start).IndexOfAny('/', '?', '#') is var length and >= 0 ? start + length : url.Length;
        string host = url[start..end];
        int port = host.LastIndexOf(':');
        return port >= 0 && !host.EndsWith(']') ? host[..port] : host;
    }
}
