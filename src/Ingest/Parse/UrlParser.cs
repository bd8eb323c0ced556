using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>What the WHATWG URL standard asks about a scheme.</summary>
internal enum SchemeKind
{
    /// <summary>Not special: <c>mailto</c>, <c>data</c>, <c>javascript</c> and whatever else there is.</summary>
    Other,
    Http,
    Https,
    Ws,
    Wss,
    Ftp,
    File,
}

/// <summary>Where the parts of a serialised URL start and end; see <see cref="WebUrl"/>.</summary>
internal struct UrlParts
{
    public int SchemeEnd; // of the colon
    public int UserEnd; // end of the user name
    public int HostStart; // after "//" and any '@'; the place after the colon where there is no authority
    public int HostEnd;
    public int PathStart; // after any port; after "/." where that keeps a path "//…" from reading as a host
    public int QueryStart; // of the '?'; the fragment's place if there is none
    public int FragmentStart; // of the '#'; the length if there is none
    public bool HasAuthority;
    public SchemeKind Kind;
}

/// <summary>
/// The basic URL parser of the WHATWG URL standard (4.4), without its state overrides. The standard moves a pointer through
/// 21 states one code point at a time; here each state is a method that cuts its part with a vectorised search and
/// writes it serialised into one buffer, so nothing is built in between. Each state's name is in the method's comment.
/// Linear in the input: shortening a path looks only at the characters it takes away.
/// </summary>
internal ref struct UrlParser
{
    private static readonly SearchValues<char> TabOrNewline = SearchValues.Create("\t\n\r");
    private static readonly SearchValues<char> SchemeCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.");

    /// <summary>Longer input is refused: each character can take nine when encoded, and a string has at most 2^30.</summary>
    private const int MaxInput = 100_000_000;

    private readonly WebUrl? _base;
    private readonly Encoding? _queryEncoding;
    private UrlBuffer _to;
    private UrlParts _parts;

    private UrlParser(WebUrl? relativeTo, Encoding? queryEncoding, Span<char> buffer)
    {
        (_base, _queryEncoding) = (relativeTo, queryEncoding);
        _to = new UrlBuffer(buffer);
    }

    private readonly bool IsSpecial => _parts.Kind != SchemeKind.Other;

    [SkipLocalsInit]
    public static bool TryParse(ReadOnlySpan<char> input, WebUrl? relativeTo, Encoding? queryEncoding, out string href, out UrlParts parts)
    {
        (href, parts) = ("", default);
        if (input.Length > MaxInput)
            return false;
        int start = 0, end = input.Length;
        while (start < end && input[start] <= ' ')
            start++;
        while (end > start && input[end - 1] <= ' ')
            end--;
        input = input[start..end];
        char[]? cleaned = null;
        UrlParser parser = new(relativeTo, queryEncoding, stackalloc char[512]);
        try
        {
            if (input.ContainsAny(TabOrNewline))
            {
                cleaned = ArrayPool<char>.Shared.Rent(input.Length);
                int length = 0;
                foreach (char c in input)
                    if (c is not ('\t' or '\n' or '\r'))
                        cleaned[length++] = c;
                input = cleaned.AsSpan(0, length);
            }
            if (!parser.TryParse(input))
                return false;
            parts = parser._parts;
            // A link to the page it stands on shares the page's string.
            href = relativeTo is not null && parser._to.Written.SequenceEqual(relativeTo.Href) ? relativeTo.Href : parser._to.Written.ToString();
            return true;
        }
        finally
        {
            parser._to.Return();
            if (cleaned is not null)
                ArrayPool<char>.Shared.Return(cleaned);
        }
    }

    /// <summary>Scheme start state, scheme state, no scheme state.</summary>
    private bool TryParse(ReadOnlySpan<char> input)
    {
        int colon = input.IndexOfAnyExcept(SchemeCharacters);
        if (colon > 0 && input[colon] == ':' && char.IsAsciiLetter(input[0]))
            return TryParseAfterScheme(input[..colon], input[(colon + 1)..]);
        if (_base is null)
            return false;
        _parts.Kind = _base.Parts.Kind;
        if (_base.HasOpaquePath)
        {
            if (input.IsEmpty || input[0] != '#')
                return false;
            CopyBase(_base.Parts.FragmentStart);
            AppendFragment(input);
            return true;
        }
        return _parts.Kind == SchemeKind.File ? TryParseFile(input) : TryParseRelative(input);
    }

    private bool TryParseAfterScheme(ReadOnlySpan<char> scheme, ReadOnlySpan<char> rest)
    {
        Span<char> lower = _to.Take(scheme.Length);
        System.Text.Ascii.ToLower(scheme, lower, out _);
        _parts.Kind = KindOf(lower);
        _parts.SchemeEnd = scheme.Length;
        _to.Append(':');
        _parts.UserEnd = _parts.HostStart = _parts.HostEnd = _to.Length;
        switch (_parts.Kind)
        {
            case SchemeKind.File:
                _to.Truncate(0);
                return TryParseFile(rest);
            case SchemeKind.Other:
                if (rest.StartsWith("//"))
                    return TryParseAuthority(rest[2..]);
                if (rest.StartsWith("/")) // path or authority state
                {
                    _parts.PathStart = _to.Length;
                    AppendPathAndRest(rest[1..]);
                }
                else
                    AppendOpaquePath(rest);
                return true;
            default: // special authority slashes state, special authority ignore slashes state
                if (_base is not null && _base.Parts.Kind == _parts.Kind && !rest.StartsWith("//"))
                {
                    _to.Truncate(0);
                    return TryParseRelative(rest); // "http:page" is an old way to write "page"
                }
                return TryParseAuthority(WithoutSlashes(rest));
        }
    }

    /// <summary>Relative state, relative slash state.</summary>
    private bool TryParseRelative(ReadOnlySpan<char> input)
    {
        ref readonly UrlParts from = ref _base!.Parts;
        if (!input.IsEmpty && IsSlash(input[0]))
        {
            if (input.Length > 1 && IsSlash(input[1]))
            {
                CopyScheme();
                return TryParseAuthority(IsSpecial ? WithoutSlashes(input) : input[2..]);
            }
            CopyAuthority();
            AppendPathAndRest(input[1..]);
            return true;
        }
        if (input.IsEmpty)
            CopyBase(from.FragmentStart);
        else if (input[0] == '#')
        {
            CopyBase(from.FragmentStart);
            AppendFragment(input);
        }
        else
        {
            CopyAuthority();
            _to.Append(_base.PathSpan);
            if (input[0] != '?')
                ShortenPath();
            AppendPathAndRest(input, emptyStays: input[0] == '?');
        }
        return true;
    }

    /// <summary>File state, file slash state. The scheme is not written yet.</summary>
    private bool TryParseFile(ReadOnlySpan<char> input)
    {
        WebUrl? fileBase = _base?.Parts.Kind == SchemeKind.File ? _base : null;
        if (!input.IsEmpty && IsSlash(input[0]))
        {
            if (input.Length > 1 && IsSlash(input[1]))
                return TryParseFileHost(input[2..]);
            StartFile(fileBase);
            input = input[1..];
            if (fileBase is not null && !StartsWithDrive(input) && fileBase.PathSpan is ['/', var letter, ':', ..] path
                && char.IsAsciiLetter(letter) && (path.Length == 3 || path[3] == '/'))
                _to.Append(path[..3]);
            AppendPathAndRest(input);
            return true;
        }
        StartFile(fileBase);
        if (fileBase is null)
            AppendPathAndRest(input);
        else if (input.IsEmpty || input[0] is '?' or '#')
        {
            _to.Append(fileBase.PathSpan);
            if (input.IsEmpty || input[0] == '#')
            {
                _parts.QueryStart = _to.Length;
                _to.Append(fileBase.QuerySpan);
                AppendFragment(input);
            }
            else
                AppendPathAndRest(input, emptyStays: true);
        }
        else
        {
            if (!StartsWithDrive(input))
            {
                _to.Append(fileBase.PathSpan);
                ShortenPath();
            }
            AppendPathAndRest(input);
        }
        return true;
    }

    /// <summary>File host state: a drive letter is a path, and localhost is no host.</summary>
    private bool TryParseFileHost(ReadOnlySpan<char> input)
    {
        int end = input.IndexOfAny("/\\?#");
        ReadOnlySpan<char> host = end < 0 ? input : input[..end];
        StartFile(null);
        if (!(host.Length == 2 && StartsWithDrive(host)))
        {
            if (!host.IsEmpty && !UrlHost.TryAppend(host, special: true, ref _to))
                return false;
            if (_to.Written[_parts.HostStart..].SequenceEqual("localhost"))
                _to.Truncate(_parts.HostStart);
            _parts.HostEnd = _parts.PathStart = _to.Length;
            input = input[host.Length..];
            if (!input.IsEmpty && IsSlash(input[0]))
                input = input[1..];
        }
        AppendPathAndRest(input);
        return true;
    }

    /// <summary>Writes <c>file://</c> and the base's host, if there is a base.</summary>
    private void StartFile(WebUrl? fileBase)
    {
        _to.Append("file://");
        _parts.SchemeEnd = 4;
        _parts.HasAuthority = true;
        _parts.UserEnd = _parts.HostStart = _to.Length;
        if (fileBase is not null)
            _to.Append(fileBase.HostSpan);
        _parts.HostEnd = _parts.PathStart = _to.Length;
    }

    /// <summary>Authority state, host state, port state, path start state. The scheme and its colon are written.</summary>
    private bool TryParseAuthority(ReadOnlySpan<char> input)
    {
        int end = IsSpecial ? input.IndexOfAny("/\\?#") : input.IndexOfAny('/', '?', '#');
        ReadOnlySpan<char> authority = end < 0 ? input : input[..end];
        input = input[authority.Length..];
        _to.Append("//");
        _parts.HasAuthority = true;
        _parts.UserEnd = _to.Length;
        int at = authority.LastIndexOf('@');
        if (at >= 0)
        {
            AppendCredentials(authority[..at]);
            authority = authority[(at + 1)..];
            if (authority.IsEmpty)
                return false;
        }
        int colon = PortColon(authority);
        ReadOnlySpan<char> host = colon < 0 ? authority : authority[..colon];
        if (host.IsEmpty && (IsSpecial || colon >= 0))
            return false;
        _parts.HostStart = _to.Length;
        if (!UrlHost.TryAppend(host, IsSpecial, ref _to))
            return false;
        _parts.HostEnd = _to.Length;
        if (colon >= 0 && !TryAppendPort(authority[(colon + 1)..]))
            return false;
        _parts.PathStart = _to.Length;
        if (!input.IsEmpty && IsSlash(input[0]))
            AppendPathAndRest(input[1..]);
        else
            AppendPathAndRest(input, emptyStays: !IsSpecial);
        return true;
    }

    private void AppendCredentials(ReadOnlySpan<char> credentials)
    {
        int start = _to.Length, colon = credentials.IndexOf(':');
        PercentEncodeSet.UserInfo.Append(colon < 0 ? credentials : credentials[..colon], ref _to);
        _parts.UserEnd = _to.Length;
        if (colon >= 0 && colon < credentials.Length - 1)
        {
            _to.Append(':');
            PercentEncodeSet.UserInfo.Append(credentials[(colon + 1)..], ref _to);
        }
        if (_to.Length > start)
            _to.Append('@');
    }

    /// <summary>Place of the first colon outside brackets, or -1.</summary>
    private static int PortColon(ReadOnlySpan<char> authority)
    {
        int colon = authority.IndexOf(':');
        if (colon < 0 || authority.IndexOf('[') is not (>= 0 and var bracket) || bracket > colon)
            return colon;
        bool inside = false;
        for (int i = 0; i < authority.Length; i++)
        {
            if (authority[i] == ':' && !inside)
                return i;
            inside = authority[i] == '[' || (inside && authority[i] != ']');
        }
        return -1;
    }

    private bool TryAppendPort(ReadOnlySpan<char> digits)
    {
        if (digits.IsEmpty)
            return true;
        int port = 0;
        foreach (char c in digits)
        {
            if (!char.IsAsciiDigit(c))
                return false;
            port = Math.Min(port * 10 + c - '0', 65536);
        }
        if (port > 65535)
            return false;
        if (IsSpecial && port == DefaultPort(_parts.Kind))
            return true;
        Span<char> text = stackalloc char[5];
        port.TryFormat(text, out int length, default, System.Globalization.CultureInfo.InvariantCulture);
        _to.Append(':');
        _to.Append(text[..length]);
        return true;
    }

    /// <summary>Path state, then what follows it.</summary>
    /// <param name="input">After the slash that starts the path, if it had one.</param>
    /// <param name="emptyStays">An empty path part adds nothing, not even a slash.</param>
    private void AppendPathAndRest(ReadOnlySpan<char> input, bool emptyStays = false)
    {
        int end = input.IndexOfAny('?', '#');
        ReadOnlySpan<char> path = end < 0 ? input : input[..end];
        if (!(emptyStays && path.IsEmpty))
            AppendPath(path);
        if (!_parts.HasAuthority && _to.Written[_parts.PathStart..].StartsWith("//"))
        {
            _to.Insert(_parts.PathStart, "/."); // else the path would be read back as a host
            _parts.PathStart += 2;
        }
        AppendQueryAndFragment(input[path.Length..]);
    }

    private void AppendPath(ReadOnlySpan<char> path)
    {
        if (_parts.Kind != SchemeKind.File && IsPlain(path))
        {
            _to.Append('/');
            _to.Append(path);
            return;
        }
        while (true)
        {
            int slash = IsSpecial ? path.IndexOfAny('/', '\\') : path.IndexOf('/');
            AppendSegment(slash < 0 ? path : path[..slash], isLast: slash < 0);
            if (slash < 0)
                return;
            path = path[(slash + 1)..];
        }
    }

    /// <summary>Nothing to encode, no backslash and no segment of dots: the path is written as it is.</summary>
    private static bool IsPlain(ReadOnlySpan<char> path)
    {
        if (PercentEncodeSet.PathAndBackslash.IndexOfEncoded(path) >= 0)
            return false;
        if (path is ['.' or '%', ..])
            return false;
        for (int at = path.IndexOf("/."); at >= 0;)
        {
            // Hidden files and version folders are common, dots alone are not.
            ReadOnlySpan<char> segment = path[(at + 1)..];
            int end = segment.IndexOf('/');
            if (Dots(end < 0 ? segment : segment[..end]) != 0)
                return false;
            int next = segment.IndexOf("/.");
            at = next < 0 ? -1 : at + 1 + next;
        }
        return path.IndexOf("/%2") < 0;
    }

    private void AppendSegment(ReadOnlySpan<char> segment, bool isLast)
    {
        switch (Dots(segment))
        {
            case 2:
                ShortenPath();
                if (isLast)
                    _to.Append('/');
                break;
            case 1:
                if (isLast)
                    _to.Append('/');
                break;
            default:
                bool drive = _parts.Kind == SchemeKind.File && _to.Length == _parts.PathStart && segment.Length == 2 && StartsWithDrive(segment);
                _to.Append('/');
                if (drive)
                {
                    _to.Append(segment[0]);
                    _to.Append(':');
                }
                else
                    PercentEncodeSet.Path.Append(segment, ref _to);
                break;
        }
    }

    /// <summary>1 for a single-dot segment, 2 for a double-dot one, else 0; <c>%2e</c> is a dot.</summary>
    private static int Dots(ReadOnlySpan<char> segment)
    {
        int dots = 0;
        for (; !segment.IsEmpty && dots < 3; dots++)
        {
            if (segment[0] == '.')
                segment = segment[1..];
            else if (segment is ['%', '2', 'e' or 'E', ..])
                segment = segment[3..];
            else
                return 0;
        }
        return segment.IsEmpty && dots < 3 ? dots : 0;
    }

    /// <summary>Takes the last segment away; the drive letter of a file path stays.</summary>
    private void ShortenPath()
    {
        ReadOnlySpan<char> path = _to.Written[_parts.PathStart..];
        if (_parts.Kind == SchemeKind.File && path.Length == 3 && path[2] == ':' && char.IsAsciiLetter(path[1]))
            return;
        _to.Truncate(_parts.PathStart + Math.Max(0, path.LastIndexOf('/')));
    }

    /// <summary>Opaque path state. A space stays, but not as the last character: the serialisation must survive a trim.</summary>
    private void AppendOpaquePath(ReadOnlySpan<char> input)
    {
        _parts.PathStart = _to.Length;
        int end = input.IndexOfAny('?', '#');
        ReadOnlySpan<char> path = end < 0 ? input : input[..end];
        bool lastSpace = path.Length > 0 && path[^1] == ' ' && end >= 0;
        PercentEncodeSet.C0Control.Append(lastSpace ? path[..^1] : path, ref _to);
        if (lastSpace)
            _to.Append("%20");
        AppendQueryAndFragment(input[path.Length..]);
    }

    /// <summary>Query state.</summary>
    /// <param name="input">Empty, or from the question mark or number sign.</param>
    private void AppendQueryAndFragment(ReadOnlySpan<char> input)
    {
        _parts.QueryStart = _to.Length;
        int end = input.IndexOf('#');
        ReadOnlySpan<char> query = end < 0 ? input : input[..end];
        if (!query.IsEmpty)
        {
            _to.Append('?');
            PercentEncodeSet set = IsSpecial ? PercentEncodeSet.SpecialQuery : PercentEncodeSet.Query;
            if (_queryEncoding is not null && _parts.Kind is SchemeKind.Http or SchemeKind.Https or SchemeKind.Ftp or SchemeKind.File && set.IndexOfEncoded(query[1..]) >= 0)
                set.Append(query[1..], _queryEncoding, ref _to);
            else
                set.Append(query[1..], ref _to);
        }
        AppendFragment(input[query.Length..]);
    }

    /// <summary>Fragment state.</summary>
    /// <param name="input">Empty, or from the number sign.</param>
    private void AppendFragment(ReadOnlySpan<char> input)
    {
        _parts.FragmentStart = _to.Length;
        if (input.IsEmpty)
            return;
        _to.Append('#');
        PercentEncodeSet.Fragment.Append(input[1..], ref _to);
    }

    /// <summary>The base's serialisation up to <paramref name="end"/>, which is in its query or behind.</summary>
    private void CopyBase(int end)
    {
        _parts = _base!.Parts;
        _parts.FragmentStart = end;
        _to.Append(_base.Href.AsSpan(0, end));
    }

    private void CopyScheme()
    {
        _parts.SchemeEnd = _base!.Parts.SchemeEnd;
        _to.Append(_base.Href.AsSpan(0, _parts.SchemeEnd + 1));
    }

    private void CopyAuthority()
    {
        _parts = _base!.Parts;
        if (!_parts.HasAuthority)
            _parts.PathStart = _parts.SchemeEnd + 1; // without "/.", which depends on the path
        _to.Append(_base.Href.AsSpan(0, _parts.PathStart));
    }

    private readonly bool IsSlash(char c) => c == '/' || (c == '\\' && IsSpecial);

    private static ReadOnlySpan<char> WithoutSlashes(ReadOnlySpan<char> input)
    {
        int start = 0;
        while (start < input.Length && input[start] is '/' or '\\')
            start++;
        return input[start..];
    }

    /// <summary>"Starts with a Windows drive letter": <c>c:</c> or <c>c|</c>, then the end or what ends a segment.</summary>
    private static bool StartsWithDrive(ReadOnlySpan<char> input) =>
        input.Length >= 2 && char.IsAsciiLetter(input[0]) && input[1] is ':' or '|' && (input.Length == 2 || input[2] is '/' or '\\' or '?' or '#');

    private static SchemeKind KindOf(ReadOnlySpan<char> scheme) => scheme switch
    {
        "http" => SchemeKind.Http,
        "https" => SchemeKind.Https,
        "ws" => SchemeKind.Ws,
        "wss" => SchemeKind.Wss,
        "ftp" => SchemeKind.Ftp,
        "file" => SchemeKind.File,
        _ => SchemeKind.Other,
    };

    public static int DefaultPort(SchemeKind kind) => kind switch
    {
        SchemeKind.Http or SchemeKind.Ws => 80,
        SchemeKind.Https or SchemeKind.Wss => 443,
        SchemeKind.Ftp => 21,
        _ => 0,
    };
}
