using System.Text;

namespace Backlinks.Ingest;

/// <summary>What a tag does to the tree around it (HTML standard, 13.2.4 and 13.2.6).</summary>
[Flags]
internal enum HtmlTraits
{
    None = 0,

    /// <summary>Has no content and no end tag.</summary>
    Void = 1,

    /// <summary>Its start tag closes an open <c>p</c>.</summary>
    ClosesP = 2,

    /// <summary>Stops the search for what an inline end tag closes.</summary>
    Special = 4,

    /// <summary><c>b</c>, <c>i</c> … : closed out of order, it is split instead of closing what it contains.</summary>
    Formatting = 8,

    /// <summary>Stops the search for what an end tag closes.</summary>
    Scope = 16,

    /// <summary>A formatting element opened outside is not reopened within.</summary>
    Marker = 32,

    /// <summary>Text before and behind are different words.</summary>
    Breaks = 64,

    /// <summary>Its end tag closes what is open within.</summary>
    Block = 128,

    /// <summary>Allowed in a head: does not begin the body.</summary>
    Head = 256,

    /// <summary>Its class and id may say which part of the page it is.</summary>
    Zoned = 512,

    /// <summary>Its start tag leaves svg and math.</summary>
    LeavesForeign = 1024,
}

/// <summary>Numbers of tag names: known ones have constants here, others a hash above them.</summary>
internal static class HtmlTag
{
    public const ushort Root = 1, Html = 2, Head = 3, Body = 4, A = 5, P = 6, Li = 7, Dd = 8, Dt = 9, Table = 10, Td = 11, Th = 12, Tr = 13,
        Tbody = 14, Thead = 15, Tfoot = 16, Caption = 17, Colgroup = 18, Col = 19, Select = 20, Option = 21, Optgroup = 22, Button = 23,
        Form = 24, Template = 25, Svg = 26, Math = 27, Base = 28, Link = 29, Meta = 30, Title = 31, Script = 32, Style = 33, Noscript = 34,
        Frameset = 35, Frame = 36, Noframes = 37, Iframe = 38, Img = 39, Image = 40, Area = 41, H1 = 42, H2 = 43, H3 = 44, H4 = 45, H5 = 46,
        H6 = 47, Textarea = 48, Xmp = 49, Noembed = 50, Plaintext = 51, Nobr = 52, Nav = 53, Header = 54, Footer = 55, Main = 56,
        Article = 57, Aside = 58, Section = 59, Ul = 60, Ol = 61, Dl = 62, Menu = 63, Br = 64, Hr = 65, Video = 66, Audio = 67, Source = 68,
        Embed = 69, Object = 70, Track = 71, Input = 72, ForeignObject = 73, Desc = 74, AnnotationXml = 75, Mi = 76, Mo = 77, Mn = 78, Ms = 79,
        Mtext = 80, Font = 81, Address = 82, Div = 83, Ruby = 84, Rb = 85, Rt = 86, Rtc = 87, Rp = 88, Keygen = 89, Mglyph = 90, Malignmark = 91,
        Applet = 92, Marquee = 93;

    /// <summary>Added to a number where the element is of svg or math.</summary>
    public const ushort Foreign = 0x8000;

    private const int Unknown = 256;

    private static readonly HtmlTraits[] TraitsOf = new HtmlTraits[Unknown];
    private static readonly (ulong Hash, ushort Tag)[] Table512 = Build();

    /// <summary>The number of a name as it stands in the page, in any case.</summary>
    public static ushort Of(ReadOnlySpan<byte> name)
    {
        ulong hash = Hash(name);
        for (int slot = Slot(hash); Table512[slot].Tag != 0; slot = (slot + 1) & 511)
            if (Table512[slot].Hash == hash)
                return Table512[slot].Tag;
        return (ushort)(Unknown + (hash >> 32) % (Foreign - Unknown));
    }

    public static HtmlTraits Traits(ushort tag) => tag < Unknown ? TraitsOf[tag] : HtmlTraits.None;

    private static int Slot(ulong hash) => (int)((hash * 0x9E3779B97F4A7C15) >> 55);

    /// <summary>FNV-1a of the lower-case name: names are short.</summary>
    private static ulong Hash(ReadOnlySpan<byte> name)
    {
        ulong hash = 14695981039346656037;
        foreach (byte b in name)
            hash = (hash ^ (uint)(b is >= (byte)'A' and <= (byte)'Z' ? b | 0x20 : b)) * 1099511628211;
        return hash;
    }

    private static (ulong, ushort)[] Build()
    {
        string[] numbered =
        [
            "", "", "html", "head", "body", "a", "p", "li", "dd", "dt", "table", "td", "th", "tr",
            "tbody", "thead", "tfoot", "caption", "colgroup", "col", "select", "option", "optgroup", "button",
            "form", "template", "svg", "math", "base", "link", "meta", "title", "script", "style", "noscript",
            "frameset", "frame", "noframes", "iframe", "img", "image", "area", "h1", "h2", "h3", "h4", "h5",
            "h6", "textarea", "xmp", "noembed", "plaintext", "nobr", "nav", "header", "footer", "main",
            "article", "aside", "section", "ul", "ol", "dl", "menu", "br", "hr", "video", "audio", "source",
            "embed", "object", "track", "input", "foreignobject", "desc", "annotation-xml", "mi", "mo", "mn", "ms",
            "mtext", "font", "address", "div", "ruby", "rb", "rt", "rtc", "rp", "keygen", "mglyph", "malignmark",
            "applet", "marquee",
        ];
        var tags = new Dictionary<string, ushort>(StringComparer.Ordinal);
        for (ushort i = 2; i < numbered.Length; i++)
            tags.Add(numbered[i], i);
        void Mark(HtmlTraits traits, string names)
        {
            foreach (string name in names.Split(' '))
            {
                if (!tags.TryGetValue(name, out ushort tag))
                    tags.Add(name, tag = (ushort)(tags.Count + 2));
                TraitsOf[tag] |= traits;
            }
        }
        TraitsOf[Root] = HtmlTraits.Scope | HtmlTraits.Special | HtmlTraits.Marker;
        Mark(HtmlTraits.Void, "area base basefont bgsound br col embed frame hr img image input keygen link meta param source track wbr");
        const string blocks = "address article aside blockquote center details dialog dir div dl fieldset figcaption figure footer header hgroup main menu nav ol search section summary ul listing pre";
        Mark(HtmlTraits.ClosesP | HtmlTraits.Block | HtmlTraits.Special | HtmlTraits.Breaks, blocks);
        Mark(HtmlTraits.ClosesP | HtmlTraits.Special | HtmlTraits.Breaks, "h1 h2 h3 h4 h5 h6 p form plaintext hr xmp li dd dt");
        Mark(HtmlTraits.Block, "button select");
        Mark(HtmlTraits.Special, "applet area base basefont bgsound body br button caption col colgroup embed frame frameset head html iframe img image input keygen link marquee meta noembed noframes noscript object param script select source style table tbody td template textarea tfoot th thead title tr track wbr");
        Mark(HtmlTraits.Formatting, "a b big code em font i nobr s small strike strong tt u");
        Mark(HtmlTraits.Scope, "applet caption html table td th marquee object select template");
        Mark(HtmlTraits.Marker, "applet object marquee template td th caption");
        Mark(HtmlTraits.Breaks, "br table tr td th caption tbody thead tfoot option optgroup legend body");
        Mark(HtmlTraits.Head, "html head base basefont bgsound link meta title noscript noframes style script template");
        Mark(HtmlTraits.Zoned, "div section ul ol dl table td aside header footer nav main article form menu");
        Mark(HtmlTraits.LeavesForeign, "b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var");
        var table = new (ulong, ushort)[512];
        foreach ((string name, ushort tag) in tags)
        {
            ulong hash = Hash(Encoding.ASCII.GetBytes(name));
            int slot = Slot(hash);
            while (table[slot].Item2 != 0)
                slot = (slot + 1) & 511;
            table[slot] = (hash, tag);
        }
        return table;
    }
}
