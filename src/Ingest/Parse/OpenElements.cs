using System.Runtime.InteropServices;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>What an element is, or hands on to those within.</summary>
[Flags]
internal enum OpenElementFlags : byte
{
    None = 0,
    Hidden = 1,

    /// <summary>Its text is not the page's: style and script of svg.</summary>
    Silent = 2,

    /// <summary>Within a template: not part of the page.</summary>
    Template = 4,

    /// <summary>The zone is a hint's, not an element's or role's.</summary>
    ZoneGuessed = 8,

    /// <summary>HTML may stand in this element of svg or math.</summary>
    Integration = 16,

    /// <summary>Its text is no content whatever the zone: noscript, select.</summary>
    Aside = 32,
    Inherited = Hidden | Silent | Template | ZoneGuessed | Aside,
}

/// <summary>A link while the page is read: places in the page and in its text.</summary>
internal struct FoundLink
{
    public LinkKind Kind;
    public LinkRel Rel;
    public Zone Zone;
    public int Value, ValueEnd; // the attribute as it stands in the page
    public string? Text; // instead of Value, where it is not an attribute's whole
    public int TextStart, TextEnd;
    public int AltStart, AltEnd; // numbers of images' alternative texts
    public int Content; // bytes of content before it
}

/// <summary>An element of the stack. The numbers are places in the stack of the nearest element of a sort, itself counted.</summary>
internal struct OpenElement
{
    public Zone Zone;
    public OpenElementFlags Flags;
    public int Link; // of an a; NoLink, or Linkless for an a that is none
    public int Borrowed; // link of an a that was taken from beneath it: ends with this element
    public int Reopen, ReopenCount; // markers: the first of the formatting elements that their surroundings closed, to be opened again
    public int TextStart, AltStart, ContentStart;
    public short Scope, ButtonScope, ListScope, TableScope, Special, ItemStop, Marker, Html;
}

/// <summary>
/// The stack of open elements of the HTML standard (13.2.4.2) without a tree: enough to know to which links, zones and
/// hidden parts a piece of text belongs. Formatting elements follow the adoption agency algorithm (13.2.6.4.7) as far as
/// links show it: an <c>a</c> that its end tag closes across blocks becomes one <c>a</c> before and one in each block, as in a
/// browser's tree, and what a block's end closes is opened again behind it. Left out: the algorithm's limits of three clones
/// between two blocks and of three elements that are alike.
/// <para>
/// At most <see cref="MaxDepth"/> deep, as in Chromium: what is deeper stands beside instead of within. Searches look at one
/// array of tag numbers with vector instructions, bounded by places that each element knows.
/// </para>
/// </summary>
internal sealed class OpenElements(PageText text, List<FoundLink> links, List<(int Start, int End)> alts, List<(int Start, int End)> headings)
{
    public const int MaxDepth = 512;
    public const int NoLink = -1;

    /// <summary>An <c>a</c> without href, or beyond the cap.</summary>
    public const int Linkless = -2;

    private const int MaxSplits = 8; // the algorithm's outer loop
    private const int MaxReopened = 8; // formatting elements opened again at a time; people nest fewer

    // Formatting elements to be opened again: a chain for each marker, outermost first.
    private readonly List<(ushort Tag, int Link, int Next)> _waiting = [];
    private int _free = NoLink; // chain of unused places in it

    private readonly ushort[] _tags = new ushort[MaxDepth];
    private readonly OpenElement[] _elements = new OpenElement[MaxDepth];
    private int _count;

    public int Count => _count;

    public ref OpenElement Top => ref _elements[_count - 1];

    public ushort TopTag => _tags[_count - 1];

    public ref OpenElement this[int index] => ref _elements[index];

    public ushort Tag(int index) => _tags[index];

    public int MaxLinks { get; set; }

    /// <summary>The page went deeper than the cap.</summary>
    public bool Full { get; private set; }

    /// <summary>A split link was one too many.</summary>
    public bool TooMany { get; set; }

    public void Clear()
    {
        _count = 0;
        Full = false;
        _waiting.Clear();
        _free = NoLink;
        Push(HtmlTag.Root, Zone.Unknown, OpenElementFlags.None, NoLink);
    }

    public void Push(ushort tag, Zone zone, OpenElementFlags flags, int link)
    {
        if (_count == MaxDepth)
        {
            Full = true;
            Pop();
        }
        int at = _count++;
        _tags[at] = tag;
        ref OpenElement element = ref _elements[at];
        element.Zone = zone;
        element.Flags = flags;
        element.Link = link;
        element.Borrowed = element.Reopen = NoLink;
        element.ReopenCount = 0;
        element.TextStart = text.Position;
        element.ContentStart = text.ContentPosition;
        element.AltStart = alts.Count;
        Place(at);
    }

    /// <param name="forGood">Not by its surroundings: a formatting element will not be opened again.</param>
    public void Pop(bool forGood = false)
    {
        int at = --_count;
        ref OpenElement element = ref _elements[at];
        ushort tag = _tags[at];
        if (element.Link != NoLink)
            End(element.Link);
        if (element.Borrowed != NoLink)
            End(element.Borrowed);
        HtmlTraits traits = HtmlTag.Traits(tag);
        if ((traits & HtmlTraits.Formatting) != 0 && !forGood)
            Wait(element.Marker, tag, element.Link);
        if ((traits & HtmlTraits.Breaks) != 0)
        {
            text.Break();
            if (tag is HtmlTag.H1 or HtmlTag.H2 or HtmlTag.H3 && headings.Count < 200)
                headings.Add((element.TextStart, text.Position));
        }
    }

    /// <summary>Closes elements until <paramref name="count"/> are left.</summary>
    public void PopTo(int count)
    {
        while (_count > count)
            Pop();
    }

    /// <summary>The uppermost element of the tag at or above <paramref name="from"/>, or -1.</summary>
    public int Find(ushort tag, int from)
    {
        int at = _tags.AsSpan(from, _count - from).LastIndexOf(tag);
        return at < 0 ? -1 : from + at;
    }

    /// <summary>The uppermost element of a range of tags at or above <paramref name="from"/>, or -1.</summary>
    public int FindAny(ushort first, ushort last, int from)
    {
        int at = _tags.AsSpan(from, _count - from).LastIndexOfAnyInRange(first, last);
        return at < 0 ? -1 : from + at;
    }

    /// <summary>Closes the p in button scope, if there is one.</summary>
    public void CloseP()
    {
        int p = Find(HtmlTag.P, Top.ButtonScope);
        if (p >= 0)
            PopTo(p);
    }

    /// <summary>Opens again the formatting elements that their surroundings closed (13.2.4.3).</summary>
    public void Reconstruct()
    {
        int marker = Top.Marker, next = _elements[marker].Reopen;
        if (next == NoLink)
            return;
        ForgetAll(marker);
        while (next != NoLink)
        {
            (ushort tag, int link, int after) = _waiting[next];
            Push(tag, Top.Zone, Top.Flags & OpenElementFlags.Inherited, link >= 0 ? Copy(link, text.Position, alts.Count, text.ContentPosition, Top.Zone) : link);
            _waiting[next] = (0, 0, _free);
            _free = next;
            next = after;
        }
    }

    /// <summary>Nothing is opened again below a marker.</summary>
    public void ForgetAll(int marker)
    {
        _elements[marker].Reopen = NoLink;
        _elements[marker].ReopenCount = 0;
    }

    /// <summary>Elements are closed from the innermost: the last to come is the first to be opened.</summary>
    private void Wait(int marker, ushort tag, int link)
    {
        ref OpenElement element = ref _elements[marker];
        if (element.ReopenCount >= MaxReopened && tag != HtmlTag.A)
            return;
        int place = _free;
        if (place == NoLink)
        {
            place = _waiting.Count;
            _waiting.Add(default);
        }
        else
        {
            _free = _waiting[place].Next;
        }
        _waiting[place] = (tag, link, element.Reopen);
        element.Reopen = place;
        element.ReopenCount++;
    }

    /// <summary>The innermost element of the tag that waits is not opened again; false where none waits.</summary>
    private bool Forget(int marker, ushort tag)
    {
        int found = NoLink, before = NoLink;
        for (int at = _elements[marker].Reopen, previous = NoLink; at != NoLink; previous = at, at = _waiting[at].Next)
            if (_waiting[at].Tag == tag)
                (found, before) = (at, previous);
        if (found == NoLink)
            return false;
        int next = _waiting[found].Next;
        if (before == NoLink)
            _elements[marker].Reopen = next;
        else
            _waiting[before] = _waiting[before] with { Next = next };
        _elements[marker].ReopenCount--;
        _waiting[found] = (0, 0, _free);
        _free = found;
        return true;
    }

    /// <summary>An a start tag or end tag: the a that is open since the last marker ends.</summary>
    /// <param name="start">A start tag takes it from the stack even where a table stands between.</param>
    public void CloseLink(bool start)
    {
        if (Forget(Top.Marker, HtmlTag.A))
            return;
        int a = Find(HtmlTag.A, Top.Marker);
        if (a < 0)
            return;
        if (a >= Top.Scope)
        {
            CloseFormatting(a);
        }
        else if (start)
        {
            // Its elements stay within it; it ends with the one that stands on it.
            int link = _elements[a].Link;
            ref OpenElement above = ref _elements[a + 1];
            if (above.Borrowed == NoLink && link >= 0)
                above.Borrowed = link;
            else
                End(link);
            Remove(a);
        }
    }

    /// <summary>The end tag of a formatting element other than a.</summary>
    public void CloseFormatting(ushort tag)
    {
        if (Forget(Top.Marker, tag))
            return;
        int at = Find(tag, Math.Max(Top.Marker, Top.Scope));
        if (at >= 0)
            CloseFormatting(at);
    }

    /// <summary>The element goes, those on it stay.</summary>
    public void Remove(int at)
    {
        if (at == _count - 1)
        {
            Pop(forGood: true);
            return;
        }
        _tags.AsSpan(at + 1, _count - at - 1).CopyTo(_tags.AsSpan(at));
        _elements.AsSpan(at + 1, _count - at - 1).CopyTo(_elements.AsSpan(at));
        _count--;
        for (int i = at; i < _count; i++)
            Place(i);
    }

    /// <summary>Ends the formatting element at a place: blocks that were opened within stay open, each with its own copy of the links that lead in.</summary>
    private void CloseFormatting(int at)
    {
        int last = at;
        for (int k = at + 1, splits = 0; k < _count; k++)
            if (_elements[k].Special == k)
            {
                if (splits++ < MaxSplits)
                {
                    if (_tags[at] == HtmlTag.A)
                        Split(at, k);
                    for (int j = last + 1; j < k; j++)
                        if (_tags[j] == HtmlTag.A)
                            Split(j, k);
                }
                last = k;
            }
        if (last == at)
        {
            PopTo(at + 1);
            Pop(forGood: true);
            return;
        }
        PopTo(last + 1);
        int link = _elements[at].Link;
        End(link);
        Remove(at);
    }

    /// <summary>The link of element <paramref name="a"/> ends where element <paramref name="block"/> starts; a copy goes on from there.</summary>
    private void Split(int a, int block)
    {
        int link = _elements[a].Link;
        if (link < 0)
            return;
        ref OpenElement at = ref _elements[block];
        ref FoundLink old = ref CollectionsMarshal.AsSpan(links)[link];
        old.TextEnd = at.TextStart;
        old.AltEnd = at.AltStart;
        _elements[a].Link = Copy(link, at.TextStart, at.AltStart, at.ContentStart, at.Zone);
    }

    private int Copy(int link, int textStart, int altStart, int content, Zone zone)
    {
        if (links.Count >= MaxLinks)
        {
            TooMany = true;
            return Linkless;
        }
        FoundLink copy = links[link];
        copy.TextStart = copy.TextEnd = textStart;
        copy.AltStart = copy.AltEnd = altStart;
        copy.Content = content;
        copy.Zone = zone;
        links.Add(copy);
        return links.Count - 1;
    }

    private void End(int link)
    {
        if (link < 0)
            return;
        ref FoundLink ended = ref CollectionsMarshal.AsSpan(links)[link];
        ended.TextEnd = text.Position;
        ended.AltEnd = alts.Count;
    }

    /// <summary>Works out where the nearest element of each sort stands, from the one below.</summary>
    private void Place(int at)
    {
        ushort tag = _tags[at];
        ref OpenElement element = ref _elements[at];
        bool html = tag < HtmlTag.Foreign;
        HtmlTraits traits = html ? HtmlTag.Traits(tag) : ForeignTraits((ushort)(tag - HtmlTag.Foreign));
        short here = (short)at;
        if (at == 0)
        {
            element.Scope = element.ButtonScope = element.ListScope = element.TableScope = element.Special = element.ItemStop = element.Marker = element.Html = 0;
            return;
        }
        ref OpenElement below = ref _elements[at - 1];
        bool scope = (traits & HtmlTraits.Scope) != 0, special = (traits & HtmlTraits.Special) != 0;
        element.Scope = scope ? here : below.Scope;
        element.ButtonScope = scope || tag == HtmlTag.Button ? here : below.ButtonScope;
        element.ListScope = scope || tag is HtmlTag.Ul or HtmlTag.Ol ? here : below.ListScope;
        element.TableScope = tag is HtmlTag.Table or HtmlTag.Template ? here : below.TableScope;
        element.Special = special ? here : below.Special;
        element.ItemStop = special && tag is not (HtmlTag.Address or HtmlTag.Div or HtmlTag.P) ? here : below.ItemStop;
        element.Marker = (traits & HtmlTraits.Marker) != 0 ? here : below.Marker;
        element.Html = html ? here : below.Html;
    }

    private static HtmlTraits ForeignTraits(ushort tag) =>
        tag is HtmlTag.Mi or HtmlTag.Mo or HtmlTag.Mn or HtmlTag.Ms or HtmlTag.Mtext or HtmlTag.AnnotationXml or HtmlTag.ForeignObject or HtmlTag.Desc or HtmlTag.Title
            ? HtmlTraits.Scope | HtmlTraits.Special : HtmlTraits.None;
}
