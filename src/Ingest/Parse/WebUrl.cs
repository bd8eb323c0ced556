using System.Diagnostics.CodeAnalysis;

namespace Backlinks.Ingest;

/// <summary>A URL as the WHATWG URL standard parses and serialises it. STUB: replaced by the real parser.</summary>
public sealed class WebUrl
{
    private readonly Uri _uri;

    private WebUrl(Uri uri) => _uri = uri;

    /// <summary>Parses against a base; false where the standard says failure.</summary>
    public static bool TryParse(ReadOnlySpan<char> input, WebUrl? relativeTo, [NotNullWhen(true)] out WebUrl? url)
    {
        url = null;
        bool ok = relativeTo is null ? Uri.TryCreate(input.Trim().ToString(), UriKind.Absolute, out Uri? uri) : Uri.TryCreate(relativeTo._uri, input.Trim().ToString(), out uri);
        if (ok && uri!.IsAbsoluteUri)
            url = new WebUrl(uri);
        return url is not null;
    }

    public static WebUrl? TryParse(string input, WebUrl? relativeTo = null) => TryParse(input, relativeTo, out WebUrl? url) ? url : null;

    /// <summary>The serialisation with fragment.</summary>
    public string Href => _uri.AbsoluteUri;

    /// <summary>The serialisation without fragment: how a page is named everywhere in this project.</summary>
    public string PageKey => _uri.GetComponents(UriComponents.AbsoluteUri & ~UriComponents.Fragment, UriFormat.UriEscaped);

    /// <summary>Lower case, without colon.</summary>
    public string Scheme => _uri.Scheme;

    public bool IsHttp => Scheme is "http" or "https";

    /// <summary>As serialised: ASCII domain, dotted IPv4, bracketed IPv6; "" where there is none.</summary>
    public string Host => _uri.IdnHost;

    /// <summary>Never -1: the scheme's default where none is given; 0 where the scheme has none.</summary>
    public int Port => Math.Max(0, _uri.Port);

    public string Path => _uri.AbsolutePath;

    /// <summary>With the question mark; "" for none (or an empty one).</summary>
    public string Query => _uri.Query;

    /// <summary>With the number sign; "" for none.</summary>
    public string Fragment => _uri.Fragment;

    /// <summary>scheme://host[:port], the port only where it is not the default.</summary>
    public string Origin => _uri.GetLeftPart(UriPartial.Authority);

    public string PathAndQuery => _uri.PathAndQuery;

    public override string ToString() => Href;
}
