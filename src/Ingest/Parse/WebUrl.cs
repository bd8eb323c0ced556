using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// A URL as the WHATWG URL standard (https://url.spec.whatwg.org/) parses and serialises it: what a browser would ask for.
/// One string and the places of its parts, 64 bytes beside the string; spans cost nothing, string properties are cut when
/// asked for. Immutable; two are equal if their serialisations are. Parsing an ordinary link takes two allocations.
/// <code>
///   https://user:secret@example.com:8080/folder/page?query#fragment
///   |    |  |   |       |          |    |           |     |
///   | SchemeEnd | HostStart   HostEnd  PathStart    |  FragmentStart
///         UserEnd                              QueryStart
/// </code>
/// </summary>
public sealed class WebUrl : IEquatable<WebUrl>
{
    internal readonly UrlParts Parts;

    private WebUrl(string href, in UrlParts parts) => (Href, Parts) = (href, parts);

    /// <summary>Parses against a base; false where the standard says failure.</summary>
    public static bool TryParse(ReadOnlySpan<char> input, WebUrl? relativeTo, [NotNullWhen(true)] out WebUrl? url) =>
        TryParse(input, relativeTo, null, out url);

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, WebUrl?, out WebUrl?)"/>
    /// <param name="queryEncoding">Of the page that holds the link: the query alone is encoded in it. Null for UTF-8.</param>
    public static bool TryParse(ReadOnlySpan<char> input, WebUrl? relativeTo, Encoding? queryEncoding, [NotNullWhen(true)] out WebUrl? url)
    {
        url = UrlParser.TryParse(input, relativeTo, LegacyEncoder.ForOutput(queryEncoding), out string href, out UrlParts parts) ? new WebUrl(href, parts) : null;
        return url is not null;
    }

    public static WebUrl? TryParse(string input, WebUrl? relativeTo = null) => TryParse(input, relativeTo, out WebUrl? url) ? url : null;

    /// <summary>The serialisation with fragment.</summary>
    public string Href { get; }

    /// <summary>The serialisation without fragment: how a page is named everywhere in this project. Free where there is none.</summary>
    public string PageKey => Parts.FragmentStart == Href.Length ? Href : Href[..Parts.FragmentStart];

    /// <inheritdoc cref="PageKey"/>
    public ReadOnlySpan<char> PageKeySpan => Href.AsSpan(0, Parts.FragmentStart);

    /// <summary>Lower case, without colon.</summary>
    public string Scheme => Parts.Kind switch
    {
        SchemeKind.Http => "http",
        SchemeKind.Https => "https",
        _ => Href[..Parts.SchemeEnd],
    };

    public bool IsHttp => Parts.Kind is SchemeKind.Http or SchemeKind.Https;

    /// <summary>Percent-encoded; "" for none.</summary>
    public string Username => Parts.HasAuthority ? Href[(Parts.SchemeEnd + 3)..Parts.UserEnd] : "";

    /// <summary>Percent-encoded; "" for none.</summary>
    public string Password => Parts.HostStart - Parts.UserEnd > 1 ? Href[(Parts.UserEnd + 1)..(Parts.HostStart - 1)] : "";

    /// <summary>As serialised: ASCII domain in lower case, dotted IPv4, bracketed IPv6; "" where there is none.</summary>
    public string Host => HostSpan.ToString();

    /// <inheritdoc cref="Host"/>
    public ReadOnlySpan<char> HostSpan => Href.AsSpan()[Parts.HostStart..Parts.HostEnd];

    /// <summary>Never -1: the scheme's default where none is given; 0 where the scheme has none.</summary>
    public int Port => PortSpan.IsEmpty ? UrlParser.DefaultPort(Parts.Kind) : int.Parse(PortSpan, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The digits of a port that is not the scheme's default; empty for none.</summary>
    public ReadOnlySpan<char> PortSpan => Parts.HasAuthority && Parts.PathStart > Parts.HostEnd ? Href.AsSpan()[(Parts.HostEnd + 1)..Parts.PathStart] : default;

    public string Path => PathSpan.ToString();

    /// <inheritdoc cref="Path"/>
    public ReadOnlySpan<char> PathSpan => Href.AsSpan()[Parts.PathStart..Parts.QueryStart];

    /// <summary>With the question mark; "" for none (or an empty one).</summary>
    public string Query => Parts.FragmentStart - Parts.QueryStart <= 1 ? "" : QuerySpan.ToString();

    /// <summary>With the question mark, even if nothing follows it; empty for none.</summary>
    public ReadOnlySpan<char> QuerySpan => Href.AsSpan()[Parts.QueryStart..Parts.FragmentStart];

    /// <summary>With the number sign; "" for none (or an empty one).</summary>
    public string Fragment => Href.Length - Parts.FragmentStart <= 1 ? "" : Href[Parts.FragmentStart..];

    /// <summary>
    /// scheme://host[:port], the port only where it is not the default. "null" for what has no origin: <c>file:</c> and
    /// schemes that are not the web's; <c>blob:</c> has that of the URL in it.
    /// </summary>
    public string Origin => Parts.Kind switch
    {
        SchemeKind.File => "null",
        SchemeKind.Other => Scheme == "blob" && TryParse(Path) is { IsHttp: true } inner ? inner.Origin : "null",
        _ when Parts.HostStart == Parts.SchemeEnd + 3 => Href[..Parts.PathStart],
        _ => string.Concat(Href.AsSpan(0, Parts.SchemeEnd + 3), Href.AsSpan()[Parts.HostStart..Parts.PathStart]),
    };

    /// <summary>What an HTTP request line asks for.</summary>
    public string PathAndQuery => PathAndQuerySpan.ToString();

    /// <inheritdoc cref="PathAndQuery"/>
    public ReadOnlySpan<char> PathAndQuerySpan => Href.AsSpan()[Parts.PathStart..Parts.FragmentStart];

    /// <summary>The path is one text that nothing resolves against: <c>mailto:someone@example.com</c>.</summary>
    public bool HasOpaquePath => !Parts.HasAuthority && (PathSpan.IsEmpty || PathSpan[0] != '/');

    public bool Equals(WebUrl? other) => other is not null && Href == other.Href;

    public override bool Equals(object? obj) => Equals(obj as WebUrl);

    public override int GetHashCode() => Href.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Href;
}
