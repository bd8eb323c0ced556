using System.Text;

namespace Backlinks.Ingest;

/// <summary>What <see cref="HtmlTokenizer.Read"/> found.</summary>
internal enum HtmlToken : byte
{
    End,
    Text,
    StartTag,
    EndTag,
    Comment,
    Doctype,
}

/// <summary>How what follows is read: the tokenizer's states between tokens.</summary>
internal enum HtmlContent : byte
{
    /// <summary>Markup and character references.</summary>
    Data,

    /// <summary>Text with references up to the element's end tag: title, textarea.</summary>
    Rcdata,

    /// <summary>Text without references up to the element's end tag: style, xmp, iframe, noembed, noframes.</summary>
    Rawtext,

    /// <summary>As <see cref="Rawtext"/>, but an end tag within <c>&lt;!-- &lt;script</c> does not count.</summary>
    Script,

    /// <summary>Text to the end of the page.</summary>
    Plaintext,

    /// <summary>Text up to <c>]]&gt;</c>.</summary>
    Cdata,
}

/// <summary>Where an attribute stands in the page.</summary>
internal readonly record struct HtmlAttribute(int Name, int NameEnd, int Value, int ValueEnd);

/// <summary>
/// The tokenizer of the HTML standard (13.2.5) over UTF-8 bytes: the same start tags with attributes, end tags and text, by
/// jumps to the next byte that matters instead of a state a byte. Tokens are places in the page, decoded by
/// <see cref="HtmlReferences"/> only where someone wants their value; nothing is allocated.
/// <list type="bullet">
/// <item>Two attributes of one name: the first counts, which <see cref="Find"/> gives. At most <see cref="MaxAttributes"/> of a tag are kept.</item>
/// <item>Comments and doctypes are told without their content.</item>
/// <item>After a start tag the caller says by <see cref="Content"/> how its content is read, and by
/// <see cref="Foreign"/> whether <c>&lt;![CDATA[</c> is a section (within svg and math) or a comment.</item>
/// </list>
/// Every byte is passed at most twice, whatever the input.
/// </summary>
internal ref struct HtmlTokenizer
{
    /// <summary>Attributes of one tag that are kept; honest tags have fewer than 100.</summary>
    public const int MaxAttributes = 256;

    private readonly ReadOnlySpan<byte> _html;
    private readonly Span<HtmlAttribute> _attributes;
    private ReadOnlySpan<byte> _element; // the last start tag's name: whose end tag ends raw text
    private int _at;
    private int _start, _end; // text, or a tag's name

    /// <param name="attributes">Room for <see cref="MaxAttributes"/>.</param>
    public HtmlTokenizer(ReadOnlySpan<byte> html, Span<HtmlAttribute> attributes, HtmlContent content = HtmlContent.Data, ReadOnlySpan<byte> element = default)
    {
        _html = html;
        _attributes = attributes;
        _element = element;
        Content = content;
    }

    public HtmlContent Content { readonly get; set; }

    /// <summary>The current element is of svg or math.</summary>
    public bool Foreign { readonly get; set; }

    /// <summary>Bytes read.</summary>
    public readonly int Position => _at;

    /// <summary>Bytes of the text, or of the tag's name in the page's own case.</summary>
    public readonly ReadOnlySpan<byte> Raw => _html[_start.._end];

    /// <summary>Where the text or the name starts.</summary>
    public readonly int Start => _start;

    /// <summary>What the text was read as.</summary>
    public HtmlContent TextContent { get; private set; }

    public int AttributeCount { get; private set; }

    public bool SelfClosing { get; private set; }

    public readonly HtmlDecoding TextDecoding => TextContent switch
    {
        HtmlContent.Data => HtmlDecoding.References,
        HtmlContent.Cdata => HtmlDecoding.None,
        HtmlContent.Rcdata => HtmlDecoding.References | HtmlDecoding.ReplaceNul,
        _ => HtmlDecoding.ReplaceNul,
    };

    public readonly HtmlAttribute Attribute(int index) => _attributes[index];

    /// <summary>Number of the first attribute of the name (lower case), or -1.</summary>
    public readonly int Find(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < AttributeCount; i++)
            if (SameName(_html[_attributes[i].Name.._attributes[i].NameEnd], name))
                return i;
        return -1;
    }

    /// <summary>The next token.</summary>
    public HtmlToken Read()
    {
        switch (Content)
        {
            case HtmlContent.Data:
                return ReadData();
            case HtmlContent.Cdata:
                return ReadCdata();
            default:
                HtmlContent content = Content;
                if (content != HtmlContent.Plaintext)
                    Content = HtmlContent.Data;
                TextContent = content;
                _start = _at;
                _at = _end = content switch
                {
                    HtmlContent.Plaintext => _html.Length,
                    HtmlContent.Script => ScriptEnd(),
                    _ => RawEnd(_at),
                };
                return _end > _start ? HtmlToken.Text : ReadData();
        }
    }

    private HtmlToken ReadData()
    {
        int from = _at, at = _at;
        while (true)
        {
            int next = _html[at..].IndexOf((byte)'<');
            if (next < 0 || at + next + 1 >= _html.Length)
            {
                at = _html.Length;
                return from < at ? TakeText(from, at) : HtmlToken.End;
            }
            at += next;
            byte b = _html[at + 1];
            bool markup = b is (byte)'!' or (byte)'?' || IsLetter(b) || (b == '/' && at + 2 < _html.Length);
            if (!markup)
            {
                at++;
                continue;
            }
            if (at > from)
                return TakeText(from, at);
            if (IsLetter(b))
                return ReadTag(at + 1, HtmlToken.StartTag);
            if (b == '/')
            {
                byte c = _html[at + 2];
                if (IsLetter(c))
                    return ReadTag(at + 2, HtmlToken.EndTag);
                if (c == '>')
                {
                    from = at = _at = at + 3; // "</>" is nothing at all
                    continue;
                }
                return SkipTo((byte)'>', at + 2, HtmlToken.Comment);
            }
            if (b == '?')
                return SkipTo((byte)'>', at + 1, HtmlToken.Comment);
            ReadOnlySpan<byte> rest = _html[(at + 2)..];
            if (rest.StartsWith("--"u8))
                return ReadComment(at + 4);
            if (rest.Length >= 7 && SameName(rest[..7], "doctype"u8))
            {
                (_start, _end) = (at + 9, Math.Max(at + 9, EndOf((byte)'>', at + 9)));
                _at = Math.Min(_end + 1, _html.Length);
                return HtmlToken.Doctype; // a '>' ends it even within quotes
            }
            if (Foreign && rest.StartsWith("[CDATA["u8))
            {
                from = at = _at = at + 9;
                Content = HtmlContent.Cdata;
                return ReadCdata();
            }
            return SkipTo((byte)'>', at + 2, HtmlToken.Comment);
        }
    }

    private HtmlToken TakeText(int from, int to)
    {
        (_start, _end, _at) = (from, to, to);
        TextContent = HtmlContent.Data;
        return HtmlToken.Text;
    }

    private HtmlToken ReadCdata()
    {
        int end = _html[_at..].IndexOf("]]>"u8);
        _start = _at;
        _end = end < 0 ? _html.Length : _at + end;
        _at = end < 0 ? _html.Length : _end + 3;
        Content = HtmlContent.Data;
        TextContent = HtmlContent.Cdata;
        return _end > _start ? HtmlToken.Text : ReadData();
    }

    private readonly int EndOf(byte what, int from)
    {
        int next = _html[from..].IndexOf(what);
        return next < 0 ? _html.Length : from + next;
    }

    private HtmlToken SkipTo(byte what, int from, HtmlToken token)
    {
        _at = Math.Min(EndOf(what, from) + 1, _html.Length);
        return token;
    }

    /// <summary>From behind <c>&lt;!--</c>: ends with <c>--&gt;</c> or <c>--!&gt;</c>, and at once with <c>&gt;</c> or <c>-&gt;</c>.</summary>
    private HtmlToken ReadComment(int at)
    {
        ReadOnlySpan<byte> rest = _html[at..];
        if (rest.StartsWith(">"u8) || rest.StartsWith("->"u8))
        {
            _at = at + (rest[0] == '>' ? 1 : 2);
            return HtmlToken.Comment;
        }
        while (true)
        {
            int dashes = _html[at..].IndexOf("--"u8);
            if (dashes < 0)
            {
                _at = _html.Length;
                return HtmlToken.Comment;
            }
            at += dashes;
            rest = _html[(at + 2)..];
            if (rest.StartsWith(">"u8) || rest.StartsWith("!>"u8))
            {
                _at = at + (rest[0] == '>' ? 3 : 4);
                return HtmlToken.Comment;
            }
            at++;
        }
    }

    /// <summary>From the first letter of the name. A tag that the page's end cuts is none.</summary>
    private HtmlToken ReadTag(int at, HtmlToken token)
    {
        ReadOnlySpan<byte> html = _html;
        int name = at;
        while (at < html.Length && !EndsName(html[at]))
            at++;
        int nameEnd = at, count = 0, slash = -1;
        SelfClosing = false;
        while (true)
        {
            while (at < html.Length && (IsSpace(html[at]) || html[at] == '/'))
            {
                if (html[at] == '/')
                    slash = at;
                at++;
            }
            if (at >= html.Length)
            {
                _at = html.Length;
                return HtmlToken.End;
            }
            if (html[at] == '>')
            {
                SelfClosing = slash == at - 1;
                break;
            }
            int attribute = at++; // whatever it is, even '=', it starts a name
            while (at < html.Length && html[at] != '=' && !EndsName(html[at]))
                at++;
            int attributeEnd = at, value = at, valueEnd = at;
            while (at < html.Length && IsSpace(html[at]))
                at++;
            if (at < html.Length && html[at] == '=')
            {
                at++;
                while (at < html.Length && IsSpace(html[at]))
                    at++;
                if (at < html.Length && html[at] is (byte)'"' or (byte)'\'')
                {
                    value = at + 1;
                    valueEnd = EndOf(html[at], value);
                    at = valueEnd + 1;
                }
                else
                {
                    value = at;
                    while (at < html.Length && !IsSpace(html[at]) && html[at] != '>')
                        at++;
                    valueEnd = at;
                }
            }
            if (count < _attributes.Length)
                _attributes[count++] = new HtmlAttribute(attribute, attributeEnd, value, valueEnd);
        }
        AttributeCount = count;
        (_start, _end, _at) = (name, nameEnd, at + 1);
        if (token == HtmlToken.StartTag)
            _element = html[name..nameEnd];
        return token;
    }

    /// <summary>Where <c>&lt;/name</c> and a space, slash or <c>&gt;</c> stand, or the page's end.</summary>
    private readonly int RawEnd(int at)
    {
        while (true)
        {
            int next = _html[at..].IndexOf((byte)'<');
            if (next < 0)
                return _html.Length;
            at += next;
            if (IsEndTagAt(at, _element))
                return at;
            at++;
        }
    }

    private readonly bool IsEndTagAt(int at, ReadOnlySpan<byte> name) =>
        name.Length > 0 && at + 2 + name.Length < _html.Length && _html[at + 1] == '/' && EndsName(_html[at + 2 + name.Length])
        && SameName(_html.Slice(at + 2, name.Length), name);

    /// <summary>
    /// Where a script ends (13.2.5.15–31). Within <c>&lt;!-- … --&gt;</c> a <c>&lt;script</c> hides one end tag. The dashes that
    /// open may also close: <c>&lt;!--&gt;</c>.
    /// </summary>
    private readonly int ScriptEnd()
    {
        ReadOnlySpan<byte> html = _html;
        int at = _at;
        bool escaped = false, doubly = false;
        while (at < html.Length)
        {
            int next = escaped ? html[at..].IndexOfAny((byte)'<', (byte)'-') : html[at..].IndexOf((byte)'<');
            if (next < 0)
                return html.Length;
            at += next;
            if (html[at] == '-')
            {
                int dashes = at;
                while (at < html.Length && html[at] == '-')
                    at++;
                if (at - dashes >= 2 && at < html.Length && html[at] == '>')
                    escaped = doubly = false;
            }
            else if (!doubly && IsEndTagAt(at, _element))
                return at;
            else if (doubly && IsEndTagAt(at, "script"u8))
            {
                doubly = false;
                at++;
            }
            else if (escaped && !doubly && at + 7 < html.Length && EndsName(html[at + 7]) && SameName(html.Slice(at + 1, 6), "script"u8))
            {
                doubly = true;
                at++;
            }
            else if (!escaped && html[at..].StartsWith("<!--"u8))
            {
                escaped = true;
                at += 2; // its dashes are looked at as closing ones
            }
            else
                at++;
        }
        return html.Length;
    }

    /// <summary>Equal but for the case of ASCII letters; <paramref name="name"/> may be in any case.</summary>
    public static bool SameName(ReadOnlySpan<byte> raw, ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(raw, name);

    public static bool IsSpace(byte b) => b is (byte)' ' or (byte)'\n' or (byte)'\t' or (byte)'\r' or (byte)'\f';

    private static bool IsLetter(byte b) => (uint)((b | 0x20) - 'a') < 26;

    private static bool EndsName(byte b) => b is (byte)'>' or (byte)' ' or (byte)'/' or (byte)'\n' or (byte)'\t' or (byte)'\r' or (byte)'\f';
}
