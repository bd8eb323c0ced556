using System.Text;
using AngleSharp.Css.Parser;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// The main text by the user's own rule: links within an element that one of the CSS selectors matches are
/// <see cref="Zone.Main"/> or, within a list or table there, <see cref="Zone.MainList"/>; no other link is. Needs a tree and
/// so AngleSharp, whose time is quadratic on hostile pages (measured: 447 KB, 52 s): beyond <see cref="MaxBytes"/> or
/// <see cref="MaxTags"/>, and where tags are nested or misnested beyond what people write, the built-in zones stand, and the visit's detail says so.
/// </summary>
internal sealed class MainByRule
{
    public const int MaxBytes = 400_000;
    public const int MaxTags = 20_000;

    // Zones of links in document order by kind and href, taken one by one.
    private readonly Dictionary<(bool Area, string Href), Queue<Zone>> _zones = [];

    /// <exception cref="ArgumentException">Not a list of CSS selectors.</exception>
    public static void Check(string selectors)
    {
        try
        {
            if (!string.IsNullOrWhiteSpace(selectors) && new CssSelectorParser().ParseSelector(selectors) is { Text.Length: > 0 })
                return;
        }
        catch (DomException)
        {
            // Told below.
        }
        throw new ArgumentException($"'{selectors}' is no list of CSS selectors, such as \"article, main\"", nameof(selectors));
    }

    /// <summary>The rule on one page; null, and why in <paramref name="detail"/>, where the page is too much for it.</summary>
    public static MainByRule? For(string selectors, ReadOnlyMemory<byte> html, PageMarkup markup, out string detail)
    {
        detail = html.Length > MaxBytes ? $"it has {html.Length} bytes" : markup.Tags > MaxTags ? $"it has {markup.Tags} tags"
            : markup.Tangled ? "its tags are too tangled" : "";
        if (detail.Length > 0)
        {
            detail = $"built-in zones, as the page is too much for the rule '{selectors}': {detail}";
            return null;
        }
        var rule = new MainByRule();
        using var document = new HtmlParser().ParseDocument(Encoding.UTF8.GetString(html.Span));
        var main = new HashSet<IElement>(document.QuerySelectorAll(selectors));
        // Depth first without recursion, so that each element knows the zone around it.
        var zones = new Dictionary<INode, Zone>();
        foreach (IElement element in document.All)
        {
            Zone zone = element.ParentElement is { } parent && zones.TryGetValue(parent, out Zone around) ? around : Zone.Unknown;
            if (zone == Zone.Unknown && main.Contains(element))
                zone = Zone.Main;
            else if (zone == Zone.Main && element.LocalName is "ul" or "ol" or "dl" or "table")
                zone = Zone.MainList;
            zones[element] = zone;
            if (element.LocalName is "a" or "area" && (element.GetAttribute("href") ?? element.GetAttribute("http://www.w3.org/1999/xlink", "href")) is { } href)
            {
                if (!rule._zones.TryGetValue((element.LocalName == "area", href), out Queue<Zone>? queue))
                    rule._zones.Add((element.LocalName == "area", href), queue = new());
                queue.Enqueue(zone);
            }
        }
        return rule;
    }

    public Zone ZoneOf(LinkKind kind, string href, Zone builtIn)
    {
        if (kind is LinkKind.Anchor or LinkKind.Area && _zones.TryGetValue((kind == LinkKind.Area, href), out Queue<Zone>? zones) && zones.TryDequeue(out Zone zone) && zone != Zone.Unknown)
            return zone;
        return builtIn is Zone.Main or Zone.MainList ? Zone.Unknown : builtIn;
    }
}
