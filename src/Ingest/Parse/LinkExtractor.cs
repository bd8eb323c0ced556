using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>What the markup of a page says, before addresses are resolved.</summary>
internal sealed class PageMarkup
{
    public PageText Text { get; } = new();

    public List<FoundLink> Links { get; } = [];

    /// <summary>Places of images' alternative texts in the page.</summary>
    public List<(int Start, int End)> Alts { get; } = [];

    /// <summary>Places of h1–h3 in the text.</summary>
    public List<(int Start, int End)> Headings { get; } = [];

    /// <summary>Contents of the meta elements for robots, the general ones and the agent's.</summary>
    public List<string> Robots { get; } = [];

    /// <summary>The first base element's href as the document has it; null for none.</summary>
    public string? Base { get; set; }

    public string? Title { get; set; }

    public string? Language { get; set; }

    /// <summary>Number of the first canonical link of the head, or -1.</summary>
    public int Canonical { get; set; } = -1;

    /// <summary>There were more links than the cap.</summary>
    public bool TooManyLinks { get; set; }

    /// <summary>Start tags.</summary>
    public int Tags { get; set; }

    /// <summary>Nested, misnested or full of attributes beyond what people write.</summary>
    public bool Tangled { get; set; }

    public void Clear()
    {
        Text.Clear();
        Links.Clear();
        Alts.Clear();
        Headings.Clear();
        Robots.Clear();
        Base = Title = Language = null;
        Canonical = -1;
        TooManyLinks = Tangled = false;
        Tags = 0;
    }
}

/// <summary>
/// Reads links, text and what else a page says of itself from its tokens: the tree construction of the HTML standard
/// (13.2.6) as far as it decides which elements there are, what text they hold and where they stand, without building a
/// tree (<see cref="OpenElements"/>). What a browser without scripts has as elements counts: links within noscript do;
/// those within template, comments, scripts and textarea do not. One pass; time and memory are linear in the page.
/// <para>
/// Text is what a reader would take for words: block elements, cells and line breaks divide them; style, script, template
/// and textarea have none. Zones come from sectioning elements and roles, else from words in class and id
/// (<see cref="ZoneHints"/>).
/// </para>
/// Not done as in a browser: text that stands in a table outside its cells is read where it stands and not moved before the
/// table; what follows a frameset is not looked at; declarative shadow roots count as templates.
/// </summary>
internal sealed class LinkExtractor
{
    private enum Slot
    {
        Href, Rel, Src, Alt, Action, Name, Content, HttpEquiv, Class, Id, Role, Hidden, Style, AriaHidden, Lang, Data, XlinkHref,
        Encoding, FontColor, Count,
    }

    private readonly HtmlAttribute[] _attributes = new HtmlAttribute[HtmlTokenizer.MaxAttributes];
    private readonly int[] _slots = new int[(int)Slot.Count]; // number of the attribute, or -1
    private readonly PageMarkup _page;
    private readonly OpenElements _open;
    private byte[] _decoded = [];
    private bool _bodyStarted, _formOpen, _quirks;
    private const int MaxFormatting = 32; // start tags of b, i, font … without their end tags

    private int _framesets;
    private int _formatting;
    private ushort _raw; // element whose raw text is read
    private int _maxLinks;
    private string _agent = "";

    public LinkExtractor(PageMarkup page)
    {
        _page = page;
        _open = new OpenElements(page.Text, page.Links, page.Alts, page.Headings);
    }

    /// <param name="html">UTF-8, without byte order mark.</param>
    public void Read(ReadOnlySpan<byte> html, int maxLinks, string agent)
    {
        _page.Clear();
        _open.Clear();
        _open.MaxLinks = _maxLinks = maxLinks;
        _open.TooMany = false;
        _agent = agent;
        _bodyStarted = _formOpen = false;
        _quirks = true;
        _framesets = _formatting = 0;
        _raw = 0;
        var tokens = new HtmlTokenizer(html, _attributes);
        while (true)
        {
            tokens.Foreign = _open.TopTag >= HtmlTag.Foreign;
            HtmlToken token = tokens.Read();
            if (token == HtmlToken.End)
                break;
            if (token == HtmlToken.Text)
                OnText(ref tokens);
            else if (token == HtmlToken.StartTag)
                OnStart(ref tokens, html);
            else if (token == HtmlToken.EndTag)
                OnEnd(ref tokens);
            else if (token == HtmlToken.Doctype && !_bodyStarted)
                _quirks = IsQuirks(tokens.Raw);
        }
        _open.PopTo(0);
        _page.Text.Complete();
        _page.TooManyLinks |= _open.TooMany;
        _page.Tangled |= _open.Full;
    }

    /// <summary>The decoded value of an attribute.</summary>
    public string Decode(ReadOnlySpan<byte> raw) => raw.IndexOfAny((byte)'&', (byte)'\r', (byte)0) < 0
        ? Encoding.UTF8.GetString(raw)
        : Encoding.UTF8.GetString(HtmlReferences.Decode(raw, HtmlDecoding.References | HtmlDecoding.Attribute | HtmlDecoding.ReplaceNul, ref _decoded));

    /// <summary>White space collapsed, none at the ends.</summary>
    public static string Collapse(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private void OnText(ref HtmlTokenizer tokens)
    {
        ReadOnlySpan<byte> raw = tokens.Raw;
        if (_raw != 0)
        {
            ushort element = _raw;
            _raw = 0;
            if (element == HtmlTag.Title && _page.Title is null && (_open.Top.Flags & OpenElementFlags.Template) == 0)
            {
                _page.Title = Collapse(Encoding.UTF8.GetString(HtmlReferences.Decode(raw[..Math.Min(raw.Length, 16 << 10)], tokens.TextDecoding, ref _decoded)));
            }
            if (element is not (HtmlTag.Xmp or HtmlTag.Plaintext))
                return;
        }
        if (_framesets > 0)
            return;
        ref OpenElement top = ref _open.Top;
        ushort tag = _open.TopTag;
        if (tag < HtmlTag.Foreign)
        {
            if (!_bodyStarted && (top.Flags & OpenElementFlags.Template) == 0)
            {
                if (IsBlank(raw))
                    return;
                StartBody();
            }
            if (tag is >= HtmlTag.Table and <= HtmlTag.Colgroup && tag is not (HtmlTag.Td or HtmlTag.Th or HtmlTag.Caption) && IsBlank(raw))
                return;
            if (tag == HtmlTag.Colgroup)
                _open.Pop();
            _open.Reconstruct();
            top = ref _open.Top;
        }
        if ((top.Flags & (OpenElementFlags.Silent | OpenElementFlags.Template)) == 0)
            _page.Text.Append(raw, tokens.TextDecoding,
                top.Zone is not (Zone.Nav or Zone.Header or Zone.Footer) && (top.Flags & (OpenElementFlags.Hidden | OpenElementFlags.Aside)) == 0);
    }

    private void OnStart(ref HtmlTokenizer tokens, ReadOnlySpan<byte> html)
    {
        _page.Tags++;
        ushort tag = HtmlTag.Of(tokens.Raw);
        if ((HtmlTag.Traits(tag) & HtmlTraits.Formatting) != 0 && tag != HtmlTag.A)
            _formatting++;
        if (_formatting > MaxFormatting || tokens.AttributeCount == HtmlTokenizer.MaxAttributes)
            _page.Tangled = true;
        if (_framesets > 0)
        {
            InFrameset(tag, ref tokens, html);
            return;
        }
        ReadAttributes(ref tokens, html);
        if (_open.TopTag >= HtmlTag.Foreign && !IsHtmlHere(tag))
        {
            bool leaves = (HtmlTag.Traits(tag) & HtmlTraits.LeavesForeign) != 0 || (tag == HtmlTag.Font && Has(Slot.FontColor));
            if (!leaves)
            {
                PushForeign(tag, ref tokens, html, _open.TopTag);
                return;
            }
            LeaveForeign();
        }
        HtmlTraits traits = HtmlTag.Traits(tag);
        if (!_bodyStarted && (traits & HtmlTraits.Head) == 0 && (_open.Top.Flags & OpenElementFlags.Template) == 0)
        {
            if (tag == HtmlTag.Frameset)
            {
                _open.PopTo(1);
                _framesets = 1;
                return;
            }
            StartBody();
        }
        if ((traits & HtmlTraits.Breaks) != 0)
            _page.Text.Break();
        InBody(tag, traits, ref tokens, html);
    }

    private void InBody(ushort tag, HtmlTraits traits, ref HtmlTokenizer tokens, ReadOnlySpan<byte> html)
    {
        switch (tag)
        {
            case HtmlTag.Html or HtmlTag.Body or HtmlTag.Head:
                if (Has(Slot.Lang) && tag != HtmlTag.Head)
                    _page.Language ??= Decode(Value(Slot.Lang, html)).Trim();
                return;
            case HtmlTag.Frameset or HtmlTag.Frame:
                return;
            case HtmlTag.Base:
                if (Has(Slot.Href) && !InTemplate)
                    _page.Base ??= Decode(Value(Slot.Href, html));
                return;
            case HtmlTag.Link:
                OnLink(html);
                return;
            case HtmlTag.Meta:
                OnMeta(html);
                return;
            case HtmlTag.Title:
                ReadRaw(tag, HtmlContent.Rcdata, ref tokens);
                return;
            case HtmlTag.Textarea:
                ReadRaw(tag, HtmlContent.Rcdata, ref tokens);
                return;
            case HtmlTag.Style or HtmlTag.Noframes or HtmlTag.Noembed:
                ReadRaw(tag, HtmlContent.Rawtext, ref tokens);
                return;
            case HtmlTag.Iframe:
                AddLink(LinkKind.Frame, Slot.Src, html);
                ReadRaw(tag, HtmlContent.Rawtext, ref tokens);
                return;
            case HtmlTag.Script:
                AddLink(LinkKind.Script, Slot.Src, html);
                ReadRaw(tag, HtmlContent.Script, ref tokens);
                return;
            case HtmlTag.Xmp:
                _open.CloseP();
                _open.Reconstruct();
                ReadRaw(tag, HtmlContent.Rawtext, ref tokens);
                return;
            case HtmlTag.Plaintext:
                _open.CloseP();
                Push(tag, html);
                ReadRaw(tag, HtmlContent.Plaintext, ref tokens);
                return;
            case HtmlTag.Template:
                _open.Push(tag, _open.Top.Zone, (_open.Top.Flags & OpenElementFlags.Inherited) | OpenElementFlags.Template, OpenElements.NoLink);
                return;
            case HtmlTag.A:
                _open.CloseLink(start: true);
                _open.Reconstruct();
                Push(tag, html, AddLink(LinkKind.Anchor, Slot.Href, html, keepEmpty: true, linkless: OpenElements.Linkless));
                return;
            case HtmlTag.Nobr:
                _open.Reconstruct();
                if (_open.Find(tag, _open.Top.Scope) >= 0)
                {
                    _open.CloseFormatting(tag);
                    _open.Reconstruct();
                }
                Push(tag, html);
                return;
            case >= HtmlTag.H1 and <= HtmlTag.H6:
                _open.CloseP();
                if (_open.TopTag is >= HtmlTag.H1 and <= HtmlTag.H6)
                    _open.Pop();
                Push(tag, html);
                return;
            case HtmlTag.Form:
                if (_formOpen && !InTemplate)
                    return;
                _open.CloseP();
                AddLink(LinkKind.Form, Slot.Action, html);
                _formOpen |= !InTemplate;
                Push(tag, html);
                return;
            case HtmlTag.Li:
                CloseItem(HtmlTag.Li, HtmlTag.Li);
                Push(tag, html);
                return;
            case HtmlTag.Dd or HtmlTag.Dt:
                CloseItem(HtmlTag.Dd, HtmlTag.Dt);
                Push(tag, html);
                return;
            case HtmlTag.Button:
                int button = _open.Find(tag, _open.Top.Scope);
                if (button >= 0)
                    _open.PopTo(button);
                _open.Reconstruct();
                Push(tag, html);
                return;
            case HtmlTag.Table:
                int table = _open.Top.TableScope;
                if (_open.Tag(table) == HtmlTag.Table && _open.FindAny(HtmlTag.Td, HtmlTag.Th, table) < 0 && _open.Find(HtmlTag.Caption, table) < 0)
                    _open.PopTo(table);
                else if (!_quirks)
                    _open.CloseP();
                Push(tag, html);
                return;
            case HtmlTag.Caption or HtmlTag.Colgroup or HtmlTag.Tbody or HtmlTag.Thead or HtmlTag.Tfoot or HtmlTag.Col or HtmlTag.Tr or HtmlTag.Td or HtmlTag.Th:
                InTable(tag, html);
                return;
            case HtmlTag.Select:
                if (CloseSelect())
                    return;
                _open.Reconstruct();
                Push(tag, html, add: OpenElementFlags.Aside);
                return;
            case HtmlTag.Option or HtmlTag.Optgroup:
                if (_open.Find(HtmlTag.Select, _open.Top.Scope) >= 0)
                    CloseImplied(tag == HtmlTag.Option ? HtmlTag.Optgroup : (ushort)0);
                else if (_open.TopTag == HtmlTag.Option)
                    _open.Pop();
                _open.Reconstruct();
                Push(tag, html);
                return;
            case HtmlTag.Svg or HtmlTag.Math:
                _open.Reconstruct();
                PushForeign(tag, ref tokens, html, (ushort)(tag + HtmlTag.Foreign));
                return;
            case HtmlTag.Noscript:
                if (_bodyStarted)
                    _open.Reconstruct();
                Push(tag, html, add: OpenElementFlags.Aside);
                return;
            case HtmlTag.Rb or HtmlTag.Rt or HtmlTag.Rtc or HtmlTag.Rp:
                if (_open.Find(HtmlTag.Ruby, _open.Top.Scope) >= 0)
                    CloseImplied(tag is HtmlTag.Rt or HtmlTag.Rp ? HtmlTag.Rtc : (ushort)0);
                Push(tag, html);
                return;
            case HtmlTag.Img or HtmlTag.Image:
                _open.Reconstruct();
                OnImage(html);
                return;
            case HtmlTag.Area:
                _open.Reconstruct();
                OnArea(html);
                return;
            case HtmlTag.Embed:
                _open.Reconstruct();
                AddLink(LinkKind.Media, Slot.Src, html);
                return;
            case HtmlTag.Source or HtmlTag.Track:
                AddLink(LinkKind.Media, Slot.Src, html);
                return;
            case HtmlTag.Object:
                _open.Reconstruct();
                AddLink(LinkKind.Media, Slot.Data, html);
                Push(tag, html);
                return;
            case HtmlTag.Video or HtmlTag.Audio:
                _open.Reconstruct();
                AddLink(LinkKind.Media, Slot.Src, html);
                Push(tag, html);
                return;
            case HtmlTag.Hr:
                _open.CloseP();
                if (_open.Find(HtmlTag.Select, _open.Top.Scope) >= 0)
                    CloseImplied(0);
                return;
            case HtmlTag.Input:
                CloseSelect();
                _open.Reconstruct();
                return;
            case HtmlTag.Br or HtmlTag.Keygen:
                _open.Reconstruct();
                return;
        }
        if ((traits & HtmlTraits.Void) != 0)
        {
            if (!IsHeadVoid(traits))
                _open.Reconstruct();
            return;
        }
        if ((traits & HtmlTraits.ClosesP) != 0)
            _open.CloseP();
        else
            _open.Reconstruct();
        Push(tag, html);
    }

    private static bool IsHeadVoid(HtmlTraits traits) => (traits & HtmlTraits.Head) != 0;

    private bool InTemplate => (_open.Top.Flags & OpenElementFlags.Template) != 0;

    private void StartBody()
    {
        _bodyStarted = true;
        _open.PopTo(1);
        _open.ForgetAll(0);
    }

    private void CloseItem(ushort one, ushort other)
    {
        int item = Math.Max(_open.Find(one, _open.Top.ItemStop), _open.Find(other, _open.Top.ItemStop));
        if (item >= 0)
            _open.PopTo(item);
        _open.CloseP();
    }

    private void InTable(ushort tag, ReadOnlySpan<byte> html)
    {
        int table = _open.Top.TableScope;
        if (table == 0)
            return;
        if (_open.Tag(table) == HtmlTag.Template)
        {
            if (tag != HtmlTag.Col)
                Push(tag, html);
            return;
        }
        if (tag is HtmlTag.Td or HtmlTag.Th)
        {
            int row = _open.Find(HtmlTag.Tr, table);
            if (row < 0)
            {
                ToRow(table);
                _open.Push(HtmlTag.Tr, _open.Top.Zone, _open.Top.Flags & OpenElementFlags.Inherited, OpenElements.NoLink);
            }
            else
                _open.PopTo(row + 1);
        }
        else if (tag == HtmlTag.Tr)
            ToRow(table);
        else if (tag == HtmlTag.Col && _open.TopTag == HtmlTag.Colgroup)
            return;
        else
            _open.PopTo(table + 1);
        if (tag != HtmlTag.Col)
            Push(tag, html);
    }

    private void ToRow(int table)
    {
        int section = _open.FindAny(HtmlTag.Tbody, HtmlTag.Tfoot, table);
        _open.PopTo(section < 0 ? table + 1 : section + 1);
        if (section < 0)
            _open.Push(HtmlTag.Tbody, _open.Top.Zone, _open.Top.Flags & OpenElementFlags.Inherited, OpenElements.NoLink);
    }

    /// <summary>Closes the select in scope, if there is one.</summary>
    private bool CloseSelect()
    {
        int select = _open.Find(HtmlTag.Select, _open.Top.Scope);
        if (select >= 0)
            _open.PopTo(select);
        return select >= 0;
    }

    /// <summary>Closes what needs no end tag (13.2.6.3).</summary>
    private void CloseImplied(ushort except)
    {
        while (_open.TopTag is HtmlTag.Rb or HtmlTag.Rt or HtmlTag.Rtc or HtmlTag.Rp or HtmlTag.P or HtmlTag.Li or HtmlTag.Dd or HtmlTag.Dt or HtmlTag.Option or HtmlTag.Optgroup
            && _open.TopTag != except)
            _open.Pop();
    }

    private void InFrameset(ushort tag, ref HtmlTokenizer tokens, ReadOnlySpan<byte> html)
    {
        if (tag == HtmlTag.Frameset)
            _framesets++;
        else if (tag == HtmlTag.Frame)
        {
            ReadAttributes(ref tokens, html);
            AddLink(LinkKind.Frame, Slot.Src, html);
        }
        else if (tag == HtmlTag.Noframes)
            ReadRaw(tag, HtmlContent.Rawtext, ref tokens);
    }

    /// <summary>A start tag within svg or math is one of HTML.</summary>
    private bool IsHtmlHere(ushort tag)
    {
        ushort top = (ushort)(_open.TopTag - HtmlTag.Foreign);
        if ((_open.Top.Flags & OpenElementFlags.Integration) != 0)
            return true;
        return top is >= HtmlTag.Mi and <= HtmlTag.Mtext ? tag is not (HtmlTag.Mglyph or HtmlTag.Malignmark) : top == HtmlTag.AnnotationXml && tag == HtmlTag.Svg;
    }

    private void LeaveForeign()
    {
        while (_open.TopTag >= HtmlTag.Foreign && (_open.Top.Flags & OpenElementFlags.Integration) == 0
            && _open.TopTag - HtmlTag.Foreign is not (>= HtmlTag.Mi and <= HtmlTag.Mtext))
            _open.Pop();
    }

    private void PushForeign(ushort tag, ref HtmlTokenizer tokens, ReadOnlySpan<byte> html, ushort parent)
    {
        int link = OpenElements.NoLink;
        if (tag == HtmlTag.A && (Has(Slot.Href) || Has(Slot.XlinkHref)))
            link = Math.Max(OpenElements.NoLink, AddLink(LinkKind.Anchor, Has(Slot.Href) ? Slot.Href : Slot.XlinkHref, html, keepEmpty: true));
        OpenElementFlags add = tag is HtmlTag.Style or HtmlTag.Script ? OpenElementFlags.Silent
            : tag is HtmlTag.ForeignObject or HtmlTag.Desc or HtmlTag.Title && parent != HtmlTag.Foreign + HtmlTag.Math ? OpenElementFlags.Integration
            : tag == HtmlTag.AnnotationXml && Has(Slot.Encoding)
                && Decode(Value(Slot.Encoding, html)) is { } type && (type.Equals("text/html", StringComparison.OrdinalIgnoreCase) || type.Equals("application/xhtml+xml", StringComparison.OrdinalIgnoreCase))
                ? OpenElementFlags.Integration : OpenElementFlags.None;
        Push((ushort)(tag | HtmlTag.Foreign), html, link, add);
        if (tokens.SelfClosing)
            _open.Pop();
    }

    private void OnEnd(ref HtmlTokenizer tokens)
    {
        ushort tag = HtmlTag.Of(tokens.Raw);
        _raw = 0;
        if ((HtmlTag.Traits(tag) & HtmlTraits.Formatting) != 0 && tag != HtmlTag.A && _formatting > 0)
            _formatting--;
        if (_framesets > 0)
        {
            if (tag == HtmlTag.Frameset && _framesets > 1)
                _framesets--;
            return;
        }
        if (_open.TopTag >= HtmlTag.Foreign)
        {
            if (tag is HtmlTag.P or HtmlTag.Br)
                LeaveForeign();
            else
            {
                int foreign = _open.Find((ushort)(tag | HtmlTag.Foreign), _open.Top.Html);
                if (foreign >= 0)
                {
                    _open.PopTo(foreign);
                    return;
                }
            }
        }
        HtmlTraits traits = HtmlTag.Traits(tag);
        int at = -1;
        switch (tag)
        {
            case HtmlTag.Html or HtmlTag.Body or HtmlTag.Head or HtmlTag.Col:
                return;
            case HtmlTag.A:
                _open.CloseLink(start: false);
                return;
            case HtmlTag.Br:
                if (!_bodyStarted && !InTemplate)
                    StartBody();
                _open.Reconstruct();
                _page.Text.Break();
                return;
            case HtmlTag.P:
                at = _open.Find(tag, _open.Top.ButtonScope);
                if (at < 0)
                    _page.Text.Break(); // it stands for an empty p
                break;
            case HtmlTag.Li:
                at = _open.Find(tag, _open.Top.ListScope);
                break;
            case >= HtmlTag.H1 and <= HtmlTag.H6:
                at = _open.FindAny(HtmlTag.H1, HtmlTag.H6, _open.Top.Scope);
                break;
            case HtmlTag.Form:
                if (!_formOpen && !InTemplate)
                    return;
                _formOpen &= InTemplate;
                at = _open.Find(tag, _open.Top.Scope);
                if (at >= 0 && !InTemplate)
                {
                    CloseImplied(0);
                    _open.Remove(at);
                    return;
                }
                break;
            case HtmlTag.Template:
                at = _open.Find(tag, 0);
                break;
            case >= HtmlTag.Table and <= HtmlTag.Caption:
                at = _open.Find(tag, _open.Top.TableScope);
                break;
            case HtmlTag.Colgroup:
                at = _open.TopTag == tag ? _open.Count - 1 : -1;
                break;
            default:
                if ((traits & HtmlTraits.Formatting) != 0)
                {
                    _open.CloseFormatting(tag);
                    return;
                }
                at = (traits & (HtmlTraits.Block | HtmlTraits.Marker)) != 0 || tag is HtmlTag.Dd or HtmlTag.Dt
                    ? _open.Find(tag, _open.Top.Scope) : _open.Find(tag, _open.Top.Special);
                break;
        }
        if (at > 0)
            _open.PopTo(at);
    }

    private void Push(ushort tag, ReadOnlySpan<byte> html, int link = OpenElements.NoLink, OpenElementFlags add = OpenElementFlags.None)
    {
        ref OpenElement parent = ref _open.Top;
        OpenElementFlags flags = (parent.Flags & OpenElementFlags.Inherited) | add;
        Zone zone = parent.Zone;
        if (IsHidden(html))
            flags |= OpenElementFlags.Hidden;
        if (Has(Slot.Role) || (HtmlTag.Traits(tag) & HtmlTraits.Zoned) != 0)
            zone = ZoneOf(tag, parent.Zone, ref flags, html);
        if (zone == Zone.Main && tag is HtmlTag.Ul or HtmlTag.Ol or HtmlTag.Dl or HtmlTag.Table)
            zone = parent.Zone == Zone.Main ? Zone.MainList : zone;
        _open.Push(tag, zone, flags, link);
    }

    private Zone ZoneOf(ushort tag, Zone parent, ref OpenElementFlags flags, ReadOnlySpan<byte> html)
    {
        bool guessed = (flags & OpenElementFlags.ZoneGuessed) != 0;
        bool open = parent == Zone.Unknown || guessed; // an element's word counts more than a guess around it
        Zone said = Has(Slot.Role) ? ZoneHints.OfRole(Value(Slot.Role, html).Trim((byte)' ')) : Zone.Unknown;
        bool whole = tag == HtmlTag.Main || (said == Zone.Main && tag != HtmlTag.Article && !HtmlTokenizer.SameName(Value(Slot.Role, html), "article"u8));
        if (said == Zone.Unknown)
            said = tag switch
            {
                HtmlTag.Nav => Zone.Nav,
                HtmlTag.Main or HtmlTag.Article => Zone.Main,
                HtmlTag.Header => Zone.Header,
                HtmlTag.Footer => Zone.Footer,
                HtmlTag.Aside => Zone.Aside,
                _ => Zone.Unknown,
            };
        if (said != Zone.Unknown)
        {
            // The header of an article is not the page's; the menu in a footer is the footer.
            bool takes = whole || said switch
            {
                Zone.Nav => parent != Zone.Footer || guessed,
                Zone.Aside => parent is not (Zone.Footer or Zone.Nav or Zone.Comments),
                _ => open && !(guessed && parent is Zone.Aside or Zone.Comments) && !(said is Zone.Header or Zone.Footer && parent is Zone.Main or Zone.MainList),
            };
            if (!takes)
                return parent;
            flags &= ~OpenElementFlags.ZoneGuessed;
            return said;
        }
        if (!Has(Slot.Class) && !Has(Slot.Id))
            return parent;
        Zone hint = Has(Slot.Class) ? ZoneHints.OfNames(Value(Slot.Class, html)) : Zone.Unknown;
        if (hint == Zone.Unknown && Has(Slot.Id))
            hint = ZoneHints.OfNames(Value(Slot.Id, html));
        bool guess = hint switch
        {
            Zone.Nav => parent is not (Zone.Footer or Zone.Comments),
            Zone.Comments => parent is not (Zone.Footer or Zone.Nav or Zone.Header or Zone.Aside),
            Zone.Aside => parent is Zone.Unknown or Zone.Main or Zone.MainList,
            Zone.Header or Zone.Footer => parent == Zone.Unknown,
            Zone.Main => parent == Zone.Unknown,
            _ => false,
        };
        if (!guess || hint == parent)
            return parent;
        flags |= OpenElementFlags.ZoneGuessed;
        return hint;
    }

    private bool IsHidden(ReadOnlySpan<byte> html)
    {
        if (Has(Slot.Hidden) || (Has(Slot.AriaHidden) && HtmlTokenizer.SameName(Value(Slot.AriaHidden, html), "true"u8)))
            return true;
        if (!Has(Slot.Style))
            return false;
        ReadOnlySpan<byte> style = Value(Slot.Style, html);
        Span<byte> tight = stackalloc byte[512];
        int length = 0;
        foreach (byte b in style[..Math.Min(style.Length, 512)])
            if (!HtmlTokenizer.IsSpace(b))
                tight[length++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
        tight = tight[..length];
        return tight.IndexOf("display:none"u8) >= 0 || tight.IndexOf("visibility:hidden"u8) >= 0;
    }

    private void OnLink(ReadOnlySpan<byte> html)
    {
        if (!Has(Slot.Href) || !Has(Slot.Rel))
            return;
        LinkKind kind = LinkKind.Resource;
        foreach (string rel in Words(Slot.Rel, html))
        {
            if (rel.Equals("canonical", StringComparison.OrdinalIgnoreCase) && !_bodyStarted)
                kind = LinkKind.Canonical; // within the body it may be a visitor's
            else if (kind == LinkKind.Resource && rel.Equals("stylesheet", StringComparison.OrdinalIgnoreCase))
                break;
            else if (kind == LinkKind.Resource && rel.ToUpperInvariant() is "ALTERNATE" or "NEXT" or "PREV" or "AMPHTML")
                kind = LinkKind.Alternate;
        }
        int link = AddLink(kind, Slot.Href, html);
        if (kind == LinkKind.Canonical && link >= 0 && _page.Canonical < 0)
            _page.Canonical = link;
    }

    private void OnMeta(ReadOnlySpan<byte> html)
    {
        if (!Has(Slot.Content) || InTemplate)
            return;
        if (Has(Slot.Name))
        {
            string name = Decode(Value(Slot.Name, html)).Trim();
            if (_page.Robots.Count < 100 && (name.Equals("robots", StringComparison.OrdinalIgnoreCase) || name.Equals(_agent, StringComparison.OrdinalIgnoreCase)))
                _page.Robots.Add(Decode(Value(Slot.Content, html)));
        }
        if (!Has(Slot.HttpEquiv))
            return;
        string field = Decode(Value(Slot.HttpEquiv, html)).Trim();
        if (field.Equals("content-language", StringComparison.OrdinalIgnoreCase))
            _page.Language ??= Decode(Value(Slot.Content, html)).Trim();
        else if (field.Equals("refresh", StringComparison.OrdinalIgnoreCase) && RefreshUrl(Decode(Value(Slot.Content, html))) is { Length: > 0 } url)
        {
            int link = AddLink(LinkKind.MetaRefresh, Slot.Content, html);
            if (link >= 0)
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_page.Links)[link].Text = url;
        }
    }

    /// <summary>The URL of a refresh (HTML standard, 4.2.5.3), or null.</summary>
    internal static string? RefreshUrl(string content)
    {
        ReadOnlySpan<char> rest = content.AsSpan().TrimStart(" \t\n\r\f");
        int digits = 0;
        while (digits < rest.Length && (char.IsAsciiDigit(rest[digits]) || rest[digits] == '.'))
            digits++;
        if (digits == 0)
            return null;
        rest = rest[digits..];
        if (rest.IsEmpty || !(rest[0] is ';' or ',' or ' ' or '\t' or '\n' or '\r' or '\f'))
            return null;
        rest = rest.TrimStart(" \t\n\r\f");
        if (!rest.IsEmpty && rest[0] is ';' or ',')
            rest = rest[1..];
        rest = rest.TrimStart(" \t\n\r\f");
        if (rest.StartsWith("url", StringComparison.OrdinalIgnoreCase) && rest[3..].TrimStart(" \t\n\r\f") is ['=', .. var after])
            rest = after.TrimStart(" \t\n\r\f");
        if (!rest.IsEmpty && rest[0] is '"' or '\'')
        {
            int end = rest[1..].IndexOf(rest[0]);
            rest = end < 0 ? rest[1..] : rest.Slice(1, end);
        }
        return rest.ToString();
    }

    private void OnImage(ReadOnlySpan<byte> html)
    {
        if (InTemplate)
            return;
        int first = _page.Alts.Count;
        AddAlt(html);
        int link = AddLink(LinkKind.Image, Slot.Src, html);
        if (link >= 0)
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_page.Links)[link].AltStart = first;
    }

    private void OnArea(ReadOnlySpan<byte> html)
    {
        int first = _page.Alts.Count;
        AddAlt(html);
        int link = AddLink(LinkKind.Area, Slot.Href, html, keepEmpty: true);
        if (link >= 0)
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_page.Links)[link].AltStart = first;
    }

    private void AddAlt(ReadOnlySpan<byte> html)
    {
        if (Has(Slot.Alt) && _page.Alts.Count < 100_000 && !IsBlank(Value(Slot.Alt, html)))
        {
            HtmlAttribute alt = _attributes[_slots[(int)Slot.Alt]];
            _page.Alts.Add((alt.Value, alt.ValueEnd));
        }
    }

    /// <summary>Number of the link; <paramref name="linkless"/> where there is none.</summary>
    private int AddLink(LinkKind kind, Slot slot, ReadOnlySpan<byte> html, bool keepEmpty = false, int linkless = OpenElements.NoLink)
    {
        if (!Has(slot) || InTemplate || (!keepEmpty && IsBlank(Value(slot, html))))
            return linkless;
        if (_page.Links.Count >= _maxLinks)
        {
            _page.TooManyLinks = true;
            return linkless;
        }
        HtmlAttribute value = _attributes[_slots[(int)slot]];
        ref OpenElement top = ref _open.Top;
        LinkRel rel = Has(Slot.Rel) && kind is LinkKind.Anchor or LinkKind.Area or LinkKind.Form ? RelOf(html) : LinkRel.None;
        if ((top.Flags & OpenElementFlags.Hidden) != 0 || IsHidden(html))
            rel |= LinkRel.Hidden;
        _page.Links.Add(new FoundLink
        {
            Kind = kind,
            Rel = rel,
            Zone = Has(Slot.Role) && kind == LinkKind.Anchor && ZoneHints.OfRole(Value(Slot.Role, html)) == Zone.Nav ? Zone.Nav : top.Zone,
            Value = value.Value,
            ValueEnd = value.ValueEnd,
            TextStart = _page.Text.Position,
            TextEnd = _page.Text.Position,
            AltStart = _page.Alts.Count,
            AltEnd = _page.Alts.Count,
            Content = _page.Text.ContentPosition,
        });
        return _page.Links.Count - 1;
    }

    private LinkRel RelOf(ReadOnlySpan<byte> html)
    {
        LinkRel rel = LinkRel.None;
        foreach (string word in Words(Slot.Rel, html))
            rel |= word.ToUpperInvariant() switch
            {
                "NOFOLLOW" => LinkRel.Nofollow,
                "UGC" => LinkRel.Ugc,
                "SPONSORED" => LinkRel.Sponsored,
                "NOOPENER" => LinkRel.Noopener,
                "NOREFERRER" => LinkRel.Noreferrer,
                "EXTERNAL" => LinkRel.External,
                "ME" => LinkRel.Me,
                "TAG" => LinkRel.Tag,
                "LICENSE" => LinkRel.License,
                "BOOKMARK" => LinkRel.Bookmark,
                _ => LinkRel.None,
            };
        return rel;
    }

    // Commas between rel words are not in the standard, but many write them.
    private string[] Words(Slot slot, ReadOnlySpan<byte> html)
    {
        ReadOnlySpan<byte> value = Value(slot, html);
        return Decode(value[..Math.Min(value.Length, 1024)]).Split([' ', '\t', '\n', '\r', '\f', ','], StringSplitOptions.RemoveEmptyEntries);
    }

    private void ReadRaw(ushort tag, HtmlContent content, ref HtmlTokenizer tokens)
    {
        tokens.Content = content;
        _raw = tag;
    }

    private bool Has(Slot slot) => _slots[(int)slot] >= 0;

    private ReadOnlySpan<byte> Value(Slot slot, ReadOnlySpan<byte> html)
    {
        HtmlAttribute attribute = _attributes[_slots[(int)slot]];
        return html[attribute.Value..attribute.ValueEnd];
    }

    private void ReadAttributes(ref HtmlTokenizer tokens, ReadOnlySpan<byte> html)
    {
        Array.Fill(_slots, -1);
        for (int i = 0; i < tokens.AttributeCount; i++)
        {
            HtmlAttribute attribute = _attributes[i];
            ReadOnlySpan<byte> name = html[attribute.Name..attribute.NameEnd];
            Slot slot = SlotOf(name);
            if (slot != Slot.Count && _slots[(int)slot] < 0)
                _slots[(int)slot] = i;
        }
    }

    private static Slot SlotOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 => Is(name, "id"u8) ? Slot.Id : Slot.Count,
        3 => Is(name, "rel"u8) ? Slot.Rel : Is(name, "src"u8) ? Slot.Src : Is(name, "alt"u8) ? Slot.Alt : Slot.Count,
        4 => (name[0] | 0x20) switch
        {
            'h' => Is(name, "href"u8) ? Slot.Href : Slot.Count,
            'l' => Is(name, "lang"u8) ? Slot.Lang : Slot.Count,
            'n' => Is(name, "name"u8) ? Slot.Name : Slot.Count,
            'r' => Is(name, "role"u8) ? Slot.Role : Slot.Count,
            'd' => Is(name, "data"u8) ? Slot.Data : Slot.Count,
            'f' => Is(name, "face"u8) ? Slot.FontColor : Slot.Count,
            's' => Is(name, "size"u8) ? Slot.FontColor : Slot.Count,
            _ => Slot.Count,
        },
        5 => Is(name, "class"u8) ? Slot.Class : Is(name, "style"u8) ? Slot.Style : Is(name, "color"u8) ? Slot.FontColor : Slot.Count,
        6 => Is(name, "action"u8) ? Slot.Action : Is(name, "hidden"u8) ? Slot.Hidden : Slot.Count,
        7 => Is(name, "content"u8) ? Slot.Content : Slot.Count,
        8 => Is(name, "encoding"u8) ? Slot.Encoding : Slot.Count,
        10 => Is(name, "http-equiv"u8) ? Slot.HttpEquiv : Is(name, "xlink:href"u8) ? Slot.XlinkHref : Slot.Count,
        11 => Is(name, "aria-hidden"u8) ? Slot.AriaHidden : Slot.Count,
        _ => Slot.Count,
    };

    private static bool Is(ReadOnlySpan<byte> name, ReadOnlySpan<byte> known) => HtmlTokenizer.SameName(name, known);

    private static bool IsBlank(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(" \t\n\r\f\0"u8) < 0;

    /// <summary>Whether a page of this doctype lets tables stand within paragraphs (13.2.6.4.1).</summary>
    private static bool IsQuirks(ReadOnlySpan<byte> doctype)
    {
        string text = Encoding.UTF8.GetString(doctype[..Math.Min(doctype.Length, 300)]).Trim().ToUpperInvariant();
        if (!(text == "HTML" || (text.StartsWith("HTML", StringComparison.Ordinal) && char.IsWhiteSpace(text[4]))))
            return true;
        int system = text.IndexOf("HTTP:", StringComparison.Ordinal);
        return text.Contains("//DTD HTML 2", StringComparison.Ordinal) || text.Contains("//DTD HTML 3", StringComparison.Ordinal)
            || text.Contains("//DTD HTML 4.0 TRANSITIONAL", StringComparison.Ordinal) || text.Contains("//DTD HTML 4.0 FRAMESET", StringComparison.Ordinal)
            || text.Contains("//IETF//DTD HTML", StringComparison.Ordinal)
            || (system < 0 && (text.Contains("//DTD HTML 4.01 TRANSITIONAL", StringComparison.Ordinal) || text.Contains("//DTD HTML 4.01 FRAMESET", StringComparison.Ordinal)));
    }
}
