using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>What a caller means by a target, before any run is asked: a text as written and how it is understood.</summary>
/// <param name="Name">Canonical: a URL as browsers write it, a host in ASCII, or the name of a domain as given.</param>
/// <param name="Host">In ASCII.</param>
/// <param name="Urls">URLs meant, for <c>exact</c> and <c>prefix</c>: with http and https where the scheme is left open.</param>
internal sealed record RowTarget(string Name, string Host, IReadOnlyList<string> Urls, TargetMode Mode)
{
    public const int MostText = 2083;

    private static readonly string[] KeptWhole = ["\thttp://", "\thttps://"];

    /// <exception cref="ProblemException">It is no URL, host or domain, or the mode is none.</exception>
    public static RowTarget Parse(string text, string? mode, string parameter = "target")
    {
        text = text.Trim();
        if (text.Length == 0)
            throw Problems.Parameter(parameter, "is missing: a domain, a host or a URL");
        if (text.Length > MostText)
            throw Problems.Parameter(parameter, $"is {text.Length:N0} characters long; at most {MostText:N0} are read");
        bool schemed = text.Contains("://", StringComparison.Ordinal);
        if (!WebUrl.TryParse(schemed ? text : "http://" + text, null, out WebUrl? url) || !url.IsHttp || url.Host.Length == 0 || url.Username.Length > 0 || url.Password.Length > 0)
            throw Problems.Parameter(parameter, $"'{Filter.Clip(text)}' is no domain, host or URL of http or https");
        string page = url.PageKey;
        bool path = url.PathAndQuery != "/";
        TargetMode understood = mode switch
        {
            null or "" => path ? TargetMode.Exact : TargetMode.Subdomains,
            "exact" => TargetMode.Exact,
            "prefix" => TargetMode.Prefix,
            "domain" or "host" => TargetMode.Domain,
            "subdomains" => TargetMode.Subdomains,
            _ => throw Problems.Parameter("mode", $"'{Filter.Clip(mode)}' is none of exact, prefix, domain, subdomains"),
        };
        bool whole = understood is TargetMode.Domain or TargetMode.Subdomains;
        return new RowTarget(whole ? url.Host : schemed ? page : page["http://".Length..], url.Host, schemed ? [page] : [page, "https" + page["http".Length..]], understood);
    }

    /// <summary>The ranges of page keys that are meant, in order of keys: from the first, to below the second.</summary>
    public IReadOnlyList<(byte[] From, byte[] Below)> Ranges()
    {
        string host = NodeNames.ReverseLabels(Host);
        if (Host[0] == '[' && Mode is (TargetMode.Domain or TargetMode.Subdomains)) // an address of IPv6 is kept whole, behind a tab
            return [.. KeptWhole.Select(before => Utf8(before + Host)).Select(key => (key, Above(key)))];
        switch (Mode)
        {
            case TargetMode.Domain: // the key of a name that a report gives alone, then pages, which a tab follows
                return [(Utf8(host), Utf8(host + "\n"))];
            case TargetMode.Subdomains:
                return [(Utf8(host), Utf8(host + "\n")), (Utf8(host + "."), Utf8(host + "/"))];
            default:
                return [.. Urls.Select(NodeNames.ToKey).Select(key => (Utf8(key), Mode == TargetMode.Exact ? [.. Utf8(key), 0] : Above(Utf8(key))))];
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>The first key behind all that begin with this one.</summary>
    private static byte[] Above(byte[] key)
    {
        byte[] above = [.. key];
        above[^1]++; // UTF-8 has no byte 255
        return above;
    }
}

/// <summary>A target in the numbers of a run: where its pages are.</summary>
internal sealed record RowScope
{
    public required RowTarget Target { get; init; }

    /// <summary>Whether the run knows a page or domain of it.</summary>
    public bool InIndex { get; init; }

    /// <summary>Pages from here …</summary>
    public uint First { get; init; }

    /// <summary>… to below here …</summary>
    public uint Below { get; init; }

    /// <summary>… but not from here …</summary>
    public uint GapFirst { get; init; }

    /// <summary>… to below here.</summary>
    public uint GapBelow { get; init; }

    /// <summary>Number of the domain where the target is all of exactly one domain.</summary>
    public uint? Domain { get; init; }

    /// <summary>The domain's pages are no range: its owner has several hosts.</summary>
    public bool Scattered { get; init; }

    /// <summary>The domain that its pages belong to; null where there are several or none.</summary>
    public uint? Home { get; init; }

    /// <summary>Adds the condition that a page is in the scope.</summary>
    /// <param name="end"><c>target_</c> or <c>source_</c> for links, "" for pages.</param>
    public SqlText Where(SqlText sql, string end)
    {
        string page = $"{end}no", domain = $"{end}domain_no";
        if (!InIndex)
            return sql.Add("false");
        if (Scattered)
            return sql.Add($"{domain} = ").Add(Domain!.Value);
        if (Below - First == 1)
            return sql.Add($"{page} = ").Add(First);
        sql.Add($"{page} >= ").Add(First).Add($" AND {page} < ").Add(Below);
        if (GapBelow > GapFirst)
            sql.Add($" AND NOT ({page} >= ").Add(GapFirst).Add($" AND {page} < ").Add(GapBelow).Add(")");
        return sql;
    }

    /// <summary>Finds a target in a run.</summary>
    public static RowScope Of(RowTarget target, RowKeys rows)
    {
        List<(byte[] From, byte[] Below)> keys = [.. target.Ranges().Order(Comparer<(byte[] From, byte[])>.Create((a, b) => a.From.AsSpan().SequenceCompareTo(b.From)))];
        List<(uint First, uint Below)> ranges = [.. keys.Select(k => (rows.PagesBelow(k.From), rows.PagesBelow(k.Below))).Where(r => r.Item2 > r.Item1)];
        var scope = new RowScope
        {
            Target = target,
            InIndex = ranges.Count > 0,
            First = ranges.Count == 0 ? 0 : ranges[0].First,
            Below = ranges.Count == 0 ? 0 : ranges[^1].Below,
            GapFirst = ranges.Count == 2 ? ranges[0].Below : 0,
            GapBelow = ranges.Count == 2 ? ranges[1].First : 0,
        };
        bool whole = target.Mode is TargetMode.Domain or TargetMode.Subdomains;
        if (ranges.Count > 0)
        {
            uint home = rows.DomainOf(ranges[0].First);
            long pages = ranges.Sum(r => (long)r.Below - r.First);
            if (PagesWithin(home) == pages)
            {
                scope = scope with { Home = home };
                if (whole && rows.PagesOf(home).Count == pages)
                    return scope with { Domain = home }; // what most targets are: all of one domain
            }
        }
        if (target.Mode == TargetMode.Subdomains && rows.FindDomain(Encoding.UTF8.GetBytes(NodeNames.ReverseLabels(target.Host))) is { } named)
            return PagesWithin(named) < rows.PagesOf(named).Count
                ? scope with { InIndex = true, Domain = named, Home = named, Scattered = true } // the domain is an owner's, with hosts elsewhere
                : scope with { InIndex = true, Home = named };
        return scope;

        long PagesWithin(uint domain)
        {
            (uint first, uint last, uint count) = rows.PagesOf(domain);
            long within = 0;
            foreach ((uint from, uint below) in ranges)
            {
                (uint start, uint end) = (Math.Max(from, first), Math.Min(below, last + 1));
                if (start <= first && end > last)
                    return count;
                for (uint page = start; page < end; page++)
                    within += rows.DomainOf(page) == domain ? 1 : 0;
            }
            return within;
        }
    }
}
