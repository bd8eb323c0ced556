namespace Backlinks.Ingest;

/// <summary>
/// The name a crawler goes by: a product token that robots.txt can address, a version, and a page or mail address where
/// its owner is found. It never pretends to be a browser; a site that turns it away has decided.
/// </summary>
public static class UserAgents
{
    /// <summary>What robots.txt calls this crawler.</summary>
    public const string ProductToken = "backlinks";

    /// <summary>For example <c>backlinks/1.2 (+https://example.org/crawler)</c>.</summary>
    /// <param name="contactUrl">http, https or mailto: where to ask or complain.</param>
    /// <exception cref="ArgumentException">The version is empty or has white space, or there is no contact.</exception>
    public static string Default(string version, string contactUrl)
    {
        if (version is not { Length: > 0 } || version.AsSpan().ContainsAny(" \t\r\n()"))
            throw new ArgumentException($"\"{version}\" is not a version: no white space or brackets", nameof(version));
        if (!Uri.TryCreate(contactUrl, UriKind.Absolute, out Uri? contact) || contact.Scheme is not ("http" or "https" or "mailto"))
            throw new ArgumentException($"\"{contactUrl}\" is not a contact: an http, https or mailto URL", nameof(contactUrl));
        return $"{ProductToken}/{version} (+{contact.AbsoluteUri})";
    }
}
