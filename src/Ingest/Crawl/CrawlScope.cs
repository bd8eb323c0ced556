using System.Globalization;
using System.Text.RegularExpressions;

namespace Backlinks.Ingest;

/// <summary>How far from its seeds a crawl goes.</summary>
public enum ScopeKind
{
    /// <summary>The registrable domains of the seeds, with all their hosts.</summary>
    Domain,

    /// <summary>The hosts of the seeds.</summary>
    Host,

    /// <summary>URLs that start as a seed does, up to its last slash.</summary>
    Prefix,

    /// <summary>Everything that links lead to.</summary>
    All,
}

/// <summary>
/// Which URLs a crawl fetches: all of the conditions must hold. The scope decides what is fetched, never what is recorded:
/// links out of it are observations as all others.
/// </summary>
public sealed class CrawlScope
{
    private readonly ScopeKind _kind;
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<string> _prefixes = [];
    private readonly Regex[] _include, _exclude;
    private readonly int _maxHops;
    private readonly Func<string, string> _domainOf;

    /// <param name="domainOf">Host to registrable domain.</param>
    /// <param name="include">Regular expressions of which one must match the URL; none: all do.</param>
    /// <param name="exclude">Regular expressions of which none may match the URL.</param>
    /// <param name="maxHops">Links from a seed, at most; 0: the seeds alone.</param>
    /// <exception cref="ArgumentException">An expression is not valid, or needs backtracking.</exception>
    public CrawlScope(ScopeKind kind, IEnumerable<WebUrl> seeds, Func<string, string> domainOf, IEnumerable<string>? include = null,
        IEnumerable<string>? exclude = null, int maxHops = int.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxHops);
        (_kind, _domainOf, _maxHops) = (kind, domainOf, maxHops);
        foreach (WebUrl seed in seeds)
            switch (kind)
            {
                case ScopeKind.Domain:
                    _names.Add(domainOf(seed.Host));
                    break;
                case ScopeKind.Host:
                    _names.Add(seed.Host);
                    break;
                case ScopeKind.Prefix:
                    string path = seed.Path;
                    _prefixes.Add(seed.Origin + path[..(path.LastIndexOf('/') + 1)]);
                    break;
                default:
                    break;
            }
        _include = [.. (include ?? []).Select(Compile)];
        _exclude = [.. (exclude ?? []).Select(Compile)];
    }

    /// <summary>Null where the URL is in scope; else the condition that fails, for people.</summary>
    public string? Outside(WebUrl url, int hops)
    {
        if (!url.IsHttp)
            return $"its scheme is {url.Scheme}, and only http and https are crawled";
        bool inside = _kind switch
        {
            ScopeKind.Domain => _names.Contains(_domainOf(url.Host)),
            ScopeKind.Host => _names.Contains(url.Host),
            ScopeKind.Prefix => _prefixes.Exists(p => url.PageKey.StartsWith(p, StringComparison.Ordinal)),
            _ => true,
        };
        if (!inside)
            return _kind switch
            {
                ScopeKind.Domain => $"the scope is the domain {Names()}, this is {_domainOf(url.Host)}",
                ScopeKind.Host => $"the scope is the host {Names()}, this is {url.Host}",
                _ => $"the scope is what starts with {string.Join(" or ", _prefixes.Take(5))}",
            };
        if (hops > _maxHops)
            return string.Create(CultureInfo.InvariantCulture, $"it is {hops} links from a seed, and --max-hops is {_maxHops}");
        string text = url.PageKey;
        foreach (Regex pattern in _exclude)
            if (pattern.IsMatch(text))
                return $"--exclude '{pattern}' matches it";
        return _include.Length > 0 && !Array.Exists(_include, p => p.IsMatch(text)) ? "no --include expression matches it" : null;
    }

    private string Names() => string.Join(", ", _names.Order(StringComparer.Ordinal).Take(5)) + (_names.Count > 5 ? $" and {_names.Count - 5} more" : "");

    /// <summary>Users' expressions meet strangers' URLs, so none may backtrack.</summary>
    private static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"'{pattern}' is not a regular expression that can be matched in linear time: {e.Message}", nameof(pattern), e);
        }
    }
}
