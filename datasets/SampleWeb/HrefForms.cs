namespace Backlinks.SampleWeb;

/// <summary>The many ways to write one URL in an href, all of which resolve to the same target (WHATWG URL standard, basic URL parser).</summary>
internal static class HrefForms
{
    /// <summary>A common form: absolute, from the root, or relative to the page.</summary>
    public static string Plain(SeededRandom random, string target, string baseUrl) => random.Below(4) switch
    {
        0 => Relative(target, baseUrl) ?? target,
        1 or 2 => FromRoot(target, baseUrl) ?? target,
        _ => target,
    };

    /// <summary>Every form that fits the target.</summary>
    public static IEnumerable<string> All(string target, string baseUrl)
    {
        (string host, string path) = Split(target);
        yield return target;
        yield return "//" + host + path;
        yield return "HTTP://" + host.ToUpperInvariant() + path;
        yield return "http://" + host + ":80" + path;
        yield return "  " + target + "\n";
        yield return target.Insert(target.Length / 2, "\n").Insert(3, "\t");
        yield return target + "#part-2";
        yield return "http://" + host + "/nowhere/.." + path;
        yield return "http://" + host + "/./x/%2e%2E" + path;
        if (!path.Contains('?', StringComparison.Ordinal))
            yield return "http:\\\\" + host + path.Replace('/', '\\');
        if (FromRoot(target, baseUrl) is { } root)
        {
            yield return root;
            yield return "http:" + path;
            yield return "/a/b/../.." + path;
        }
        if (Relative(target, baseUrl) is { } relative)
        {
            yield return relative;
            yield return relative.StartsWith('?') ? relative : "./" + relative;
        }
    }

    public static string? FromRoot(string target, string baseUrl)
    {
        (string host, string path) = Split(target);
        return host == Split(baseUrl).Host ? path : null;
    }

    /// <summary>Relative to the base's folder, or null on another host.</summary>
    public static string? Relative(string target, string baseUrl)
    {
        (string host, string path) = Split(target);
        (string baseHost, string basePath) = Split(baseUrl);
        if (host != baseHost)
            return null;
        int query = basePath.IndexOf('?', StringComparison.Ordinal);
        string bare = query < 0 ? basePath : basePath[..query];
        int targetQuery = path.IndexOf('?', StringComparison.Ordinal);
        if (targetQuery >= 0 && path[..targetQuery] == bare)
            return path[targetQuery..];
        string folder = bare[..(bare.LastIndexOf('/') + 1)];
        string up = "";
        while (!path.StartsWith(folder, StringComparison.Ordinal))
        {
            folder = folder[..(folder.LastIndexOf('/', folder.Length - 2) + 1)];
            up += "../";
        }
        string rest = path[folder.Length..];
        // An empty reference is the page itself, and a colon in a first segment reads as a scheme.
        return up + rest is { Length: > 0 } relative && !relative.Contains(':', StringComparison.Ordinal) && !rest.StartsWith('/') && !(up.Length == 0 && rest.StartsWith('?')) ? relative : up.Length == 0 ? "./" + rest : path;
    }

    public static (string Host, string Path) Split(string url)
    {
        int slash = url.IndexOf('/', 7);
        return (url[7..slash], url[slash..]);
    }
}
