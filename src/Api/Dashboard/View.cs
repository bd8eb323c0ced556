using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace Backlinks.Api.Dashboard;

/// <summary>What is looked at, as every address of the dashboard says it in its query: so pages can be shared, and the back button works.</summary>
/// <param name="Target">Domain, host or URL; empty where none was chosen.</param>
/// <param name="Mode">As of <see cref="RowQuery.Mode"/>; null for the usual one.</param>
/// <param name="History"><c>live</c>, <c>all_time</c> or <c>since:DATE</c>; null for live.</param>
/// <param name="Run">Id of a run; null for the current one.</param>
/// <param name="Compare">Id of the run that the overview's changes are told against; null for the one before.</param>
public sealed record View(string Target, string? Mode, string? History, string? Run, string? Compare = null)
{
    /// <summary>The modes, with the words of the switch.</summary>
    public static IReadOnlyList<(string? Mode, string Words)> Modes { get; } =
        [(null, "Automatic"), ("exact", "Exact URL"), ("prefix", "Path prefix"), ("domain", "Host only"), ("subdomains", "Domain + subdomains")];

    public bool HasTarget => Target.Length > 0;

    public static View Of(string uri)
    {
        Dictionary<string, StringValues> query = Query(uri);
        return new View(Get("target")?.Trim() ?? "", Get("mode"), Get("history"), Get("run"), Get("compare"));
        string? Get(string name) => query.TryGetValue(name, out StringValues value) && value.ToString() is { Length: > 0 and <= 4096 } text ? text : null;
    }

    /// <summary>The query of an address, by name.</summary>
    public static Dictionary<string, StringValues> Query(string uri)
    {
        int mark = uri.IndexOf('?', StringComparison.Ordinal), hash = uri.IndexOf('#', StringComparison.Ordinal);
        return mark < 0 || (hash >= 0 && hash < mark) ? [] : QueryHelpers.ParseQuery(hash < 0 ? uri[mark..] : uri[mark..hash]);
    }

    /// <summary>The address of a page of the dashboard with this view.</summary>
    /// <param name="page">Such as <c>overview</c>.</param>
    /// <param name="more">What else its query says; null and empty values are left out.</param>
    public string Link(string page, params (string Name, object? Value)[] more)
    {
        var link = new StringBuilder("/").Append(page.TrimStart('/'));
        char joint = '?';
        foreach ((string name, object? value) in ((string, object?)[])[("target", Target), ("mode", Mode), ("history", History), ("run", Run), ("compare", Compare), .. more])
            if (Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } text)
            {
                link.Append(joint).Append(name).Append('=').Append(Uri.EscapeDataString(text));
                joint = '&';
            }
        return link.ToString();
    }

    /// <summary>The address of a page about another target, in the usual mode: what is behind a link to a domain or page in a table.</summary>
    public string LinkTo(string target, string page = "overview") => (this with { Target = target, Mode = null }).Link(page);
}
