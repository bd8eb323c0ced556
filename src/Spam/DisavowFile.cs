using System.Globalization;
using System.Net;
using System.Text;

namespace Backlinks.Spam;

/// <summary>What a line of a disavow file names.</summary>
/// <param name="Domain">A whole domain with its subdomains, as <c>domain:</c> says; else one URL.</param>
/// <param name="Name">The domain in lower case and ASCII, or the URL as written.</param>
/// <param name="Line">From 1.</param>
public sealed record DisavowEntry(bool Domain, string Name, int Line);

/// <summary>What is wrong with a line, or with the file.</summary>
/// <param name="Line">From 1; 0 for the file.</param>
/// <param name="Refused">The line, or the file, would not be accepted; else it is, but means something else than it seems to.</param>
public sealed record DisavowProblem(int Line, bool Refused, string Text);

/// <summary>
/// Files of links that a site's owner asks a search engine to ignore.
/// <code>
/// UTF-8 or 7-bit ASCII text, with or without byte order mark; lines end with LF, CRLF or CR
/// # a comment
/// domain:example.com               every link from example.com and its subdomains
/// https://example.com/page.html    every link from that one page
/// </code>
/// At most 100,000 lines, comments and blank ones counted, and 2 MiB; a URL at most 2,048 characters. A part of a site cannot be
/// named: <c>domain:example.com/blog</c> is refused, nor can a public suffix such as <c>co.uk</c>. Names of domains are compared in lower case and ASCII (punycode), <c>www.</c>
/// is a subdomain like any other.
/// <para>Reading lists all problems and goes on; nothing in a file throws. One pass; memory is the entries.</para>
/// </summary>
public sealed class DisavowFile
{
    public const int MostLines = 100_000;
    public const int MostBytes = 2 << 20;
    public const int LongestUrl = 2048;

    private static readonly IdnMapping Idn = new() { AllowUnassigned = true, UseStd3AsciiRules = false };

    private DisavowFile(List<DisavowEntry> entries, List<DisavowProblem> problems, int lines, long bytes) =>
        (Entries, Problems, Lines, Bytes) = (entries, problems, lines, bytes);

    /// <summary>In the order of the file, each once.</summary>
    public IReadOnlyList<DisavowEntry> Entries { get; }

    /// <summary>In the order of the lines; those of the whole file first.</summary>
    public IReadOnlyList<DisavowProblem> Problems { get; }

    public int Lines { get; }

    public long Bytes { get; }

    /// <summary>Whether it would be accepted as it is.</summary>
    public bool Accepted => !Problems.Any(p => p.Refused);

    /// <param name="isPublicSuffix">Whether others register domains under a name, as under <c>co.uk</c>; null where nobody can tell.</param>
    /// <exception cref="SpamException">The file cannot be read.</exception>
    public static DisavowFile Read(string path, Func<string, bool>? isPublicSuffix = null, CancellationToken cancel = default)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), isPublicSuffix, cancel);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or (IOException and not SpamException))
        {
            throw new SpamException(path, 0, "cannot be read: name a text file with one domain or URL a line", e);
        }
    }

    /// <inheritdoc cref="Read"/>
    public static DisavowFile Parse(ReadOnlySpan<byte> content, Func<string, bool>? isPublicSuffix = null, CancellationToken cancel = default)
    {
        var entries = new List<DisavowEntry>();
        var problems = new List<DisavowProblem>();
        var seen = new Dictionary<(bool, string), int>();
        if (content.Length > MostBytes)
            problems.Add(new(0, true, Text($"the file has {content.Length} bytes; at most {MostBytes} (2 MiB) are accepted")));
        int line = 0;
        ReadOnlySpan<byte> rest = content.StartsWith(Encoding.UTF8.Preamble) ? content[3..] : content;
        if (content.StartsWith(Encoding.Unicode.Preamble) || content.StartsWith(Encoding.BigEndianUnicode.Preamble))
            problems.Add(new(0, true, "the file is UTF-16: save it as UTF-8"));
        while (!rest.IsEmpty)
        {
            if ((++line & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int end = rest.IndexOfAny((byte)'\n', (byte)'\r');
            ReadOnlySpan<byte> bytes = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + (rest[end] == '\r' && end + 1 < rest.Length && rest[end + 1] == '\n' ? 2 : 1))..];
            string? text = Decode(bytes);
            if (text is null)
            {
                problems.Add(new(line, true, "the line is not UTF-8"));
                continue;
            }
            text = text.Trim();
            if (text.Length == 0 || text[0] == '#')
                continue;
            if (ParseLine(text, line, problems, isPublicSuffix) is not { } entry)
                continue;
            if (seen.TryAdd((entry.Domain, entry.Name), line))
                entries.Add(entry);
            else
                problems.Add(new(line, false, $"repeats line {seen[(entry.Domain, entry.Name)]}"));
        }
        if (line > MostLines)
            problems.Insert(0, new(0, true, Text($"the file has {line} lines; at most {MostLines} are accepted, comments and blank lines counted")));
        return new DisavowFile(entries, problems, line, content.Length);
    }

    /// <summary>The domain of an entry, or of the URL it names, in lower case and ASCII; null where there is none.</summary>
    public static string? Normalise(string domain)
    {
        string name = domain.Trim().TrimEnd('.').ToLowerInvariant();
        try
        {
            name = name.Any(c => c > 0x7F) ? Idn.GetAscii(name) : name;
        }
        catch (ArgumentException)
        {
            return null;
        }
        return name.Length is > 0 and <= 253 && name.Contains('.') && name.Split('.').All(IsLabel) ? name : null;
    }

    /// <summary>
    /// Writes a file of proposals, to be read by a person before anything is done with it. Comments go first where the limits are tight:
    /// they say why, the entries are what counts.
    /// </summary>
    /// <param name="header">Comment lines for the head.</param>
    /// <param name="groups">Comment lines and the domains, or URLs with their scheme, that they explain, the most important first.</param>
    /// <returns>How many domains did not fit: they are named in no line.</returns>
    public static (byte[] Content, int LeftOut) Write(IEnumerable<string> header, IEnumerable<(IReadOnlyList<string> Why, IReadOnlyList<string> Domains)> groups)
    {
        const int reserved = 200; // for the line that says what was left out
        var text = new StringBuilder();
        int lines = 0, bytes = 0, leftOut = 0;
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (string line in header)
            Add("# " + line);
        foreach ((IReadOnlyList<string> why, IReadOnlyList<string> domains) in groups)
        {
            string[] names = [.. domains.Select(Entry).OfType<string>().Where(written.Add)];
            if (names.Length == 0)
                continue;
            foreach (string line in why)
                if (Fits(lines + names.Length, bytes + Size(line) + names.Sum(Size)))
                    Add("# " + line);
            foreach (string name in names)
                if (!Fits(lines, bytes + Size(name)) || !Add(name))
                    leftOut++;
        }
        if (leftOut > 0)
            Add(Text($"# {leftOut} more domains did not fit into {MostLines} lines and {MostBytes} bytes"));
        return (Encoding.UTF8.GetBytes(text.ToString()), leftOut);

        bool Fits(int l, int b) => l + 2 <= MostLines && b + reserved <= MostBytes;

        static int Size(string line) => Encoding.UTF8.GetByteCount(line) + 8;

        bool Add(string line)
        {
            line = string.Concat(line.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c)); // names come from the open web
            text.Append(line).Append('\n');
            lines++;
            bytes += Encoding.UTF8.GetByteCount(line) + 1;
            return true;
        }
    }

    /// <summary>The line of a domain or a URL; null where it cannot be one.</summary>
    private static string? Entry(string name) =>
        name.Contains("://", StringComparison.Ordinal) ? name.Length <= LongestUrl && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) ? name : null
        : Normalise(name) is { } domain ? "domain:" + domain : null;

    private static DisavowEntry? ParseLine(string text, int line, List<DisavowProblem> problems, Func<string, bool>? isPublicSuffix)
    {
        if (text.StartsWith("domain:", StringComparison.OrdinalIgnoreCase))
            return ParseDomain(text[7..].Trim(), line, problems, isPublicSuffix);
        int scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
        {
            string host = text.Split('/', 2)[0];
            problems.Add(new(line, true, Normalise(host) is null ? $"is neither a comment (#), nor domain:NAME, nor a URL: '{Short(text)}'"
                : host.Length == text.Length ? $"is a name without 'domain:': write domain:{Short(text)} for the whole domain" : $"is a URL without https:// or http://, or part of a site: write https://{Short(text)} for one page, domain:{Short(host)} for all"));
            return null;
        }
        if (text.Length > LongestUrl)
        {
            problems.Add(new(line, true, Text($"the URL has {text.Length} characters; at most {LongestUrl} are accepted")));
            return null;
        }
        if (text[..scheme].ToLowerInvariant() is not ("http" or "https") || !Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) || uri.Host.Length == 0 || text.Any(char.IsWhiteSpace))
        {
            problems.Add(new(line, true, $"is no http or https URL: '{Short(text)}'"));
            return null;
        }
        if (uri.PathAndQuery == "/" && uri.Fragment.Length == 0)
            problems.Add(new(line, false, $"means the first page of {uri.Host} alone: write domain:{uri.Host} for the whole domain"));
        return new DisavowEntry(false, text, line);
    }

    private static DisavowEntry? ParseDomain(string name, int line, List<DisavowProblem> problems, Func<string, bool>? isPublicSuffix)
    {
        if (name.IndexOf("://", StringComparison.Ordinal) is var scheme && scheme >= 0)
        {
            problems.Add(new(line, true, $"has a URL behind 'domain:': write the name alone, domain:{Short(name[(scheme + 3)..].Split('/')[0])}"));
            return null;
        }
        int slash = name.IndexOfAny(['/', '?', '#', ':', ' ']);
        if (slash >= 0)
        {
            problems.Add(new(line, true, name[slash] == ' ' ? $"has more than a name behind 'domain:': '{Short(name)}'; comments go on lines of their own"
                : $"names part of a site, which cannot be disavowed: '{Short(name)}'; write domain:{Short(name[..slash])} for all of it, or URLs of single pages"));
            return null;
        }
        bool address = IPAddress.TryParse(name, out _);
        if ((address ? name : Normalise(name)) is not { } normal)
        {
            problems.Add(new(line, true, name.Length == 0 ? "has no name behind 'domain:'" : $"is no name of a domain: '{Short(name)}'"));
            return null;
        }
        if (!address && isPublicSuffix?.Invoke(normal) == true)
        {
            problems.Add(new(line, true, $"names a public suffix, under which anybody registers domains: '{Short(normal)}'; write the domains below it that are meant"));
            return null;
        }
        return new DisavowEntry(true, normal, line);
    }

    private static string? Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static string Short(string text) => text.Length <= 80 ? text : text[..77] + "...";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
