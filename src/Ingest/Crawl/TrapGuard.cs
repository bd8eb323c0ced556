using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;

namespace Backlinks.Ingest;

/// <summary>
/// Tells URLs that a site can make without end from those that lead somewhere. Rules that see the URL alone: path segments that
/// repeat, paths too deep, queries with too many fields or the same field again and again. Rules that remember what was met:
/// <list type="bullet">
/// <item>URLs that differ in nothing but a session id are one page, and the first of them stands for it;</item>
/// <item>a path that is met with more than <see cref="MostFieldLists"/> different lists of query fields is a faceted search:
/// from then on only queries of at most two fields are followed;</item>
/// <item>URLs of a host that differ in digits and in the values of their query have one shape (<c>/cal/#/#?view=#</c>): when of
/// the first <see cref="Enough"/> pages of a shape nine in ten read like one of the eight before (SimHash at most
/// <see cref="Alike"/> bits apart), no more of the shape is queued. A shop whose pages differ in more than numbers never meets
/// the rule.</item>
/// </list>
/// Chains without end whose every page reads differently end at <see cref="CrawlOptions.MaxHops"/>.
/// What is remembered lives as long as the process; a resumed crawl learns anew. Cost: some 150 bytes a shape or path and 16 a
/// session URL, a million of each at most.
/// </summary>
public sealed class TrapGuard
{
    /// <summary>Pages of a shape before it is judged.</summary>
    public const int Enough = 500;

    /// <summary>Bits of 64 in which the SimHashes of near-duplicates differ at most (Manku, Jain, Das Sarma 2007). Eight would take
    /// the pages of a shop with long common texts for a trap, which loses pages where a trap only costs requests.</summary>
    public const int Alike = 3;

    /// <summary>Sites sort and page and filter by a handful of fields, in few orders.</summary>
    public const int MostFieldLists = 64;

    private const int MostShapes = 1_000_000, MostSameField = 3;

    private static readonly HashSet<string> SessionFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "sid", "session", "sessionid", "session_id", "phpsessid", "jsessionid", "aspsessionid", "cfid", "cftoken", "zenid", "osCsid", "s_id",
    };

    private const int DeepestPath = 24, LongestQuery = 12, MostRepeats = 3;

    private readonly ConcurrentDictionary<string, Shape> _shapes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, HashSet<int>> _fieldLists = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<ulong, ulong> _sessions = new();

    private sealed class Shape
    {
        public readonly ulong[] Recent = new ulong[8];
        public int Pages, Same;
    }

    /// <summary>Null where the URL may lead somewhere; else what makes it look like a trap, for people.</summary>
    public string? Trap(WebUrl url)
    {
        string path = url.Path;
        if (Repeats(path) is { } segment)
            return $"the path segment '{segment}' comes {MostRepeats + 1} times or in a cycle";
        int depth = path.AsSpan().Count('/');
        if (depth > DeepestPath)
            return string.Create(CultureInfo.InvariantCulture, $"the path is {depth} segments deep");
        if (url.Query.Length > 1 && Query(url) is { } query)
            return query;
        if (_shapes.TryGetValue(ShapeOf(url), out Shape? shape) && IsTrap(shape))
            return string.Create(CultureInfo.InvariantCulture, $"{shape.Same} of {shape.Pages} pages like {ShapeOf(url)} read alike");
        return null;
    }

    private string? Query(WebUrl url)
    {
        string[] fields = url.Query[1..].Split('&');
        if (fields.Length > LongestQuery)
            return string.Create(CultureInfo.InvariantCulture, $"the query has {fields.Length} fields");
        string[] names = [.. fields.Select(f => f.Split('=')[0])];
        if (names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > MostSameField) is { } often)
            return string.Create(CultureInfo.InvariantCulture, $"the query has the field '{often.Key}' {often.Count()} times");
        if (fields.Length > 1 && fields.Distinct(StringComparer.Ordinal).Count() < fields.Length)
            return "the query says the same twice";
        string path = url.Origin + url.Path;
        if (Array.Exists(names, SessionFields.Contains) && _sessions.Count < MostShapes)
        {
            ulong page = Hash(path + "?" + string.Join('&', fields.Where((_, i) => !SessionFields.Contains(names[i])))), whole = Hash(url.PageKey);
            if (_sessions.GetOrAdd(page, whole) != whole)
                return "it differs from a URL that is known in nothing but a session id";
        }
        if (_fieldLists.Count >= MostShapes)
            return null;
        HashSet<int> lists = _fieldLists.GetOrAdd(path, _ => []);
        lock (lists)
        {
            if (lists.Count <= MostFieldLists)
                lists.Add(string.GetHashCode(string.Join('&', names), StringComparison.Ordinal));
            return lists.Count > MostFieldLists && fields.Length > 2
                ? string.Create(CultureInfo.InvariantCulture, $"{path} is met with more than {MostFieldLists} lists of query fields, as a faceted search; of those only queries of one or two fields are followed") : null;
        }
    }

    private static ulong Hash(string text) => System.IO.Hashing.XxHash3.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes(text.AsSpan()));

    /// <summary>Learns from a page that was fetched.</summary>
    /// <param name="simHash">Of its text; 0 where there is too little, which counts as alike.</param>
    public void Learn(WebUrl url, ulong simHash)
    {
        if (_shapes.Count >= MostShapes)
            return;
        string name = ShapeOf(url);
        if (!name.Contains('#', StringComparison.Ordinal))
            return;
        Shape shape = _shapes.GetOrAdd(name, _ => new Shape());
        lock (shape)
        {
            if (shape.Pages > 0 && Array.Exists(shape.Recent, r => r != 0 && BitOperations.PopCount(r ^ simHash) <= Alike))
                shape.Same++;
            shape.Recent[shape.Pages++ % shape.Recent.Length] = simHash == 0 ? 1 : simHash;
        }
    }

    /// <summary>host + path with runs of digits as #, then the names of the query's fields with # for values that have digits or
    /// are long.</summary>
    internal static string ShapeOf(WebUrl url)
    {
        var shape = new System.Text.StringBuilder(url.Host);
        bool digits = false;
        foreach (char c in url.Path)
        {
            if (!char.IsAsciiDigit(c))
                shape.Append(c);
            else if (!digits)
                shape.Append('#');
            digits = char.IsAsciiDigit(c);
        }
        string query = url.Query;
        if (query.Length > 1)
            foreach (string field in query[1..].Split('&').Select(f => f.Split('=')[0]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
                shape.Append('?').Append(field).Append("=#");
        return shape.ToString();
    }

    private static bool IsTrap(Shape shape)
    {
        lock (shape)
            return shape.Pages >= Enough && shape.Same * 10 >= shape.Pages * 9;
    }

    /// <summary>A segment that comes more than three times, or a pair that follows itself three times (a/b/a/b/a/b).</summary>
    private static string? Repeats(string path)
    {
        if (path.Length < 8)
            return null;
        string[] segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length <= MostRepeats || segments.Length > DeepestPath)
            return null;
        for (int i = 0; i < segments.Length; i++)
        {
            int same = 0;
            for (int k = i; k < segments.Length; k++)
                same += segments[k] == segments[i] ? 1 : 0;
            bool cycle = i + 6 <= segments.Length && segments[i] == segments[i + 2] && segments[i] == segments[i + 4] && segments[i + 1] == segments[i + 3] && segments[i + 1] == segments[i + 5];
            if (same > MostRepeats || cycle)
                return segments[i].Length > 40 ? segments[i][..40] : segments[i];
        }
        return null;
    }
}
