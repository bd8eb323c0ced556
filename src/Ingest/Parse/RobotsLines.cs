using System.Text;

namespace Backlinks.Ingest;

/// <summary>What a line of robots.txt is about.</summary>
public enum RobotsLineKind
{
    /// <summary>No directive, or one that nobody knows.</summary>
    Unknown,
    UserAgent,
    Allow,
    Disallow,
    Sitemap,
    CrawlDelay,

    /// <summary>Known from elsewhere and without effect here: noindex, nofollow, noarchive, host, clean-param.</summary>
    Unused,
}

/// <summary>One line of robots.txt, diagnosed.</summary>
/// <param name="Number">1-based.</param>
/// <param name="HasDirective">A name and a value were found, known or not.</param>
/// <param name="IsComment">Nothing but a comment.</param>
/// <param name="Typo">The name is misspelt in a way that is understood all the same.</param>
/// <param name="TooLong">Cut after 16,663 bytes.</param>
/// <param name="MissingColon">White space stands where the colon should.</param>
public readonly record struct RobotsLine(
    int Number, RobotsLineKind Kind, bool IsEmpty, bool HasDirective, bool HasComment, bool IsComment, bool Typo, bool TooLong,
    bool MissingColon);

/// <summary>
/// Steps through the lines of a robots.txt: <c>name : value # comment</c>. Source: RFC 9309, 2.2, and the reading of Google's
/// open parser: lines end with CR, LF or both; a part of a byte order mark at the start is skipped; a NUL ends its line's
/// text; two words without a colon are a directive.
/// </summary>
internal ref struct RobotsLines
{
    /// <summary>Google's 2,083 × 8: what a line may be long with its end mark; the rest of it is dropped.</summary>
    private const int MaxLine = 16_664 - 1;

    private readonly bool _lenient;
    private ReadOnlySpan<byte> _rest;
    private bool _atEnd;

    /// <param name="lenient">Typos, missing colons and the cut of long lines as Google has them.</param>
    public RobotsLines(ReadOnlySpan<byte> text, bool lenient)
    {
        int mark = 0;
        foreach (byte b in (ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])
        {
            if (mark == text.Length || text[mark] != b)
                break;
            mark++;
        }
        _rest = text[mark..];
        _lenient = lenient;
    }

    public RobotsLine Line { get; private set; }

    /// <summary>The whole line as read, without its end.</summary>
    public ReadOnlySpan<byte> Text { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next line; behind a last line end stands one more, empty.</summary>
    public bool Next()
    {
        if (_atEnd)
            return false;
        ReadOnlySpan<byte> line;
        int end = _rest.IndexOfAny((byte)'\n', (byte)'\r');
        if (end < 0)
        {
            line = _rest;
            _atEnd = true;
        }
        else
        {
            line = _rest[..end];
            bool pair = _rest[end] == '\r' && end + 1 < _rest.Length && _rest[end + 1] == '\n';
            _rest = _rest[(end + (pair ? 2 : 1))..];
        }
        Read(line);
        return true;
    }

    private void Read(ReadOnlySpan<byte> line)
    {
        var found = new RobotsLine { Number = Line.Number + 1 };
        if (_lenient && line.Length > MaxLine)
        {
            found = found with { TooLong = true };
            line = line[..MaxLine];
        }
        int nul = line.IndexOf((byte)0);
        if (nul >= 0)
            line = line[..nul];
        Text = Trim(line);
        Value = default;
        int comment = line.IndexOf((byte)'#');
        if (comment >= 0)
        {
            found = found with { HasComment = true };
            line = line[..comment];
        }
        line = Trim(line);
        if (line.IsEmpty)
        {
            Line = found with { IsComment = found.HasComment, IsEmpty = !found.HasComment };
            return;
        }
        int colon = line.IndexOf((byte)':');
        if (colon < 0)
        {
            // Two words and no more: somebody forgot the colon.
            colon = line.IndexOfAny((byte)' ', (byte)'\t');
            if (!_lenient || colon < 0 || line[colon..].TrimStart(" \t"u8).IndexOfAny((byte)' ', (byte)'\t') >= 0)
            {
                Line = found;
                return;
            }
            found = found with { MissingColon = true };
        }
        ReadOnlySpan<byte> name = Trim(line[..colon]);
        if (!name.IsEmpty)
        {
            Value = Trim(line[(colon + 1)..]);
            RobotsLineKind kind = KindOf(name, out bool typo);
            found = found with { HasDirective = true, Kind = kind, Typo = typo };
        }
        Line = found;
    }

    /// <summary>Lenient: names count by their beginning ("disallowed" is disallow), as Google's parser has it.</summary>
    private readonly RobotsLineKind KindOf(ReadOnlySpan<byte> name, out bool typo)
    {
        typo = false;
        if (Is(name, "user-agent"))
            return RobotsLineKind.UserAgent;
        if (Is(name, "disallow"))
            return RobotsLineKind.Disallow;
        if (Is(name, "allow"))
            return RobotsLineKind.Allow;
        if (Is(name, "sitemap"))
            return RobotsLineKind.Sitemap;
        if (Is(name, "crawl-delay"))
            return RobotsLineKind.CrawlDelay;
        typo = true;
        if (_lenient)
        {
            if (Is(name, "useragent") || Is(name, "user agent"))
                return RobotsLineKind.UserAgent;
            if (Is(name, "dissallow") || Is(name, "dissalow") || Is(name, "disalow") || Is(name, "diasllow") || Is(name, "disallaw"))
                return RobotsLineKind.Disallow;
            if (Is(name, "site-map"))
                return RobotsLineKind.Sitemap;
        }
        typo = false;
        foreach (string unused in (ReadOnlySpan<string>)["noindex", "nofollow", "noarchive", "host", "clean-param"])
            if (Ascii.EqualsIgnoreCase(name, unused))
                return RobotsLineKind.Unused;
        return RobotsLineKind.Unknown;
    }

    private readonly bool Is(ReadOnlySpan<byte> name, string directive) =>
        (_lenient ? name.Length >= directive.Length : name.Length == directive.Length)
        && Ascii.EqualsIgnoreCase(name[..directive.Length], directive);

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text) => text.Trim(" \t\n\v\f\r"u8);
}
