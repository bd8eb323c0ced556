using System.Globalization;

namespace Backlinks.Api.Dashboard;

/// <summary>Numbers, dates and addresses as people read them; equal everywhere in the dashboard.</summary>
public static class Show
{
    /// <summary>What stands where nothing is known.</summary>
    public const string Nothing = "–";

    /// <summary>12,345.</summary>
    public static string Count(long? number) => number?.ToString("N0", CultureInfo.InvariantCulture) ?? Nothing;

    /// <summary>12,345 up to five digits, then 1.23 M: for cards.</summary>
    public static string Short(double? number) => number switch
    {
        null => Nothing,
        >= 999_500_000 => (number.Value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + " B",
        >= 999_500 => (number.Value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + " M",
        >= 100_000 => (number.Value / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " k",
        _ => number.Value.ToString("#,##0.#", CultureInfo.InvariantCulture),
    };

    /// <summary>A score of 0 to 100, with one decimal; null where data were insufficient.</summary>
    public static string Score(double? score) => score?.ToString("0.0", CultureInfo.InvariantCulture) ?? "insufficient data";

    /// <summary>12.3 %, of a share of 0 to 1.</summary>
    public static string Share(double? share) => share is { } s ? (s * 100).ToString(s is > 0 and < 0.001 or > 0.999 and < 1 ? "0.00" : "0.#", CultureInfo.InvariantCulture) + " %" : Nothing;

    /// <summary>Three digits that count, for weights and authority passed.</summary>
    public static string Digits(double? number) => number switch
    {
        null => Nothing,
        0 => "0",
        _ when Math.Abs(number.Value) is >= 0.001 and < 1e6 => number.Value.ToString(Math.Abs(number.Value) >= 100 ? "#,##0" : Math.Abs(number.Value) >= 1 ? "0.##" : "0.####", CultureInfo.InvariantCulture),
        _ => number.Value.ToString("0.##e0", CultureInfo.InvariantCulture),
    };

    /// <summary>+3, −2, 0: with a true minus.</summary>
    public static string Change(double change, string format = "#,##0.#") => change.ToString($"+{format};−{format};0", CultureInfo.InvariantCulture);

    /// <summary>2026-11-25.</summary>
    public static string Day(DateTime? at) => at?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? Nothing;

    /// <summary>2026-11-25 21:36 UTC.</summary>
    public static string Time(DateTimeOffset? at) => at?.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture) ?? "time unknown";

    /// <summary>The address of a crawled page if a browser may be sent there: http and https only, never script or data; else null.</summary>
    public static string? SafeAddress(string? url) =>
        url is { Length: <= 8192 } && Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) && (parsed.Scheme == Uri.UriSchemeHttp || parsed.Scheme == Uri.UriSchemeHttps) && !url.Any(char.IsControl) ? url : null;

    /// <summary>A URL without its scheme, and a domain as it is.</summary>
    public static string Address(string? url) => url is null ? Nothing
        : url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) ? url[8..]
        : url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? url[7..] : url;

    /// <summary>At most this many characters, for no text may push others off the page; cut between characters, not within one.</summary>
    /// <param name="fromEnd">Keeps the end instead of the beginning.</param>
    public static string Clip(string? text, int most, bool fromEnd = false)
    {
        if (text is null || text.Length <= most)
            return text ?? "";
        int cut = fromEnd ? text.Length - most : most;
        if (char.IsLowSurrogate(text[cut]))
            cut += fromEnd ? 1 : -1;
        return fromEnd ? "…" + text[cut..] : text[..cut] + "…";
    }

    /// <summary>Words of a name of a program: <c>domain_rating_source</c> is "domain rating source".</summary>
    public static string Words(string name) => name.Replace('_', ' ');
}
