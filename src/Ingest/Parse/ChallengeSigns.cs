namespace Backlinks.Ingest;

/// <summary>
/// Whether a response is a challenge ("checking your browser", a CAPTCHA) in the place of the page. Three ways to be one:
/// <list type="number">
/// <item>a header that only challenges carry (<c>cf-mitigated: challenge</c>, <c>x-amzn-waf-action: challenge|captcha</c>);</item>
/// <item>a status that refuses (401, 403, 405, 406, 429, 503) and a mark of a challenge in the body;</item>
/// <item>a status 2xx, such a mark, and next to nothing else: at most <see cref="FewLinks"/> links and <see cref="FewWords"/> words.</item>
/// </list>
/// Marks are names that the services' own pages contain and that nobody writes by chance, and sentences of such pages. A page with a form
/// that has a CAPTCHA, or one that writes about them, is an ordinary page.
/// </summary>
internal static class ChallengeSigns
{
    public const int FewLinks = 5;
    public const int FewWords = 150;

    private const int Searched = 64 << 10; // bytes of the body

    // In lower case.
    private static readonly (string Mark, string Service)[] Marks =
    [
        ("_cf_chl_opt", "Cloudflare"), ("cf-chl-", "Cloudflare"), ("cf_chl_", "Cloudflare"), ("<title>just a moment...</title>", "Cloudflare"),
        ("<title>attention required! | cloudflare</title>", "Cloudflare"), ("checking your browser before accessing", "Cloudflare"),
        ("captcha-delivery.com", "DataDome"), ("px-captcha", "HUMAN"), ("_incapsula_resource", "Imperva"),
        ("errors.edgesuite.net", "Akamai"), ("sec-if-cpt-container", "Akamai"), ("_abck", "Akamai"),
        ("awswafintegration", "AWS WAF"), ("awswafcookiedomainlist", "AWS WAF"), ("sucuri_cloudproxy", "Sucuri"), ("ddos-guard", "DDoS-Guard"),
        ("our systems have detected unusual traffic", "CAPTCHA"), ("verify you are human", "CAPTCHA"), ("verify that you are human", "CAPTCHA"),
        ("confirm you are not a robot", "CAPTCHA"), ("prove you are not a robot", "CAPTCHA"), ("complete the security check to access", "CAPTCHA"),
        ("please enable js and disable any ad blocker", "CAPTCHA"),
    ];

    /// <summary>What a header alone says: the service, or null.</summary>
    public static string? ByHeader(HttpFields fields)
    {
        if (fields.Get("cf-mitigated") is { } mitigated && mitigated.Trim().Equals("challenge", StringComparison.OrdinalIgnoreCase))
            return "Cloudflare";
        if (fields.Get("x-amzn-waf-action") is { } action && action.Trim().ToUpperInvariant() is "CHALLENGE" or "CAPTCHA")
            return "AWS WAF";
        return null;
    }

    public static bool Refuses(int status) => status is 401 or 403 or 405 or 406 or 429 or 503;

    /// <summary>The service whose mark stands in the body, or null.</summary>
    public static string? ByBody(ReadOnlySpan<byte> body)
    {
        body = body[..Math.Min(body.Length, Searched)];
        Span<byte> lower = new byte[body.Length];
        for (int i = 0; i < body.Length; i++)
            lower[i] = body[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(body[i] | 0x20) : body[i];
        Span<byte> mark = stackalloc byte[64];
        foreach ((string text, string service) in Marks)
            if (lower.IndexOf(mark[..System.Text.Encoding.ASCII.GetBytes(text, mark)]) >= 0)
                return service;
        return null;
    }
}
