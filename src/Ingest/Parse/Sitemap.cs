using System.Globalization;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Xml;

namespace Backlinks.Ingest;

/// <summary>How much of a sitemap is read. The defaults are the limits of sitemaps.org.</summary>
public sealed record SitemapOptions
{
    /// <summary>URLs and sitemaps together.</summary>
    public int MaxUrls { get; init; } = 50_000;

    /// <summary>Bytes after decompression: 50 MiB.</summary>
    public long MaxBytes { get; init; } = 50L << 20;
}

/// <summary>What a file that calls itself a sitemap turned out to be.</summary>
public enum SitemapKind
{
    Unknown,
    UrlSet,
    Index,
    Rss,
    Atom,
    Text,
}

/// <summary>One URL of a sitemap.</summary>
/// <param name="LastModified">UTC; null where absent or not understood.</param>
public readonly record struct SitemapUrl(WebUrl Url, DateTime? LastModified);

/// <summary>What was read of a sitemap.</summary>
/// <param name="Urls">Pages, in order, not made unique.</param>
/// <param name="Sitemaps">Other sitemaps that an index names.</param>
/// <param name="Problem">What was wrong or left out, for people; null where all was read.</param>
public sealed record SitemapResult(
    SitemapKind Kind, IReadOnlyList<SitemapUrl> Urls, IReadOnlyList<SitemapUrl> Sitemaps, string? Problem);

/// <summary>
/// Sitemaps: <c>urlset</c> and <c>sitemapindex</c> (sitemaps.org 0.9), RSS items, Atom entries, one URL a line; each also
/// under gzip, known by its first bytes 1F 8B whatever it is called.
/// </summary>
/// <remarks>
/// Elements count by their local names, in any or an undeclared namespace; <c>loc</c> must have its parent's prefix, which
/// leaves out <c>image:loc</c>. A sitemap element without loc may hold its URL as text, an RSS item its URL in guid.
/// Relative URLs are resolved against the file's own; xml:base is not read. Broken XML keeps what came before and says where it
/// broke. A DTD is refused. The file is read as a stream: memory is bounded by what is returned and small buffers,
/// but a file in a legacy encoding is held as a whole.
/// </remarks>
public static class Sitemap
{
    /// <summary>Longer than any URL worth having; the rest of such a text is dropped.</summary>
    private const int MaxText = 8_192;

    /// <summary>Deeper than any sitemap or feed with XHTML in it.</summary>
    private const int MaxDepth = 256;

    public static SitemapResult Read(ReadOnlyMemory<byte> bytes, WebUrl at, SitemapOptions? options = null)
    {
        using MemoryStream stream = MemoryMarshal.TryGetArray(bytes, out ArraySegment<byte> array)
            ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false) : new MemoryStream(bytes.ToArray(), writable: false);
        return Read(stream, at, options);
    }

    /// <param name="at">The file's own URL.</param>
    public static SitemapResult Read(Stream stream, WebUrl at, SitemapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(at);
        options ??= new SitemapOptions();
        var found = new Found(at, options.MaxUrls);
        var raw = new HeadedStream(stream, 2, long.MaxValue);
        bool gzip = raw.Head is [0x1F, 0x8B];
        using GZipStream? unpacked = gzip ? new GZipStream(raw, CompressionMode.Decompress, leaveOpen: true) : null;
        HeadedStream? content = null;
        try
        {
            content = new HeadedStream((Stream?)unpacked ?? raw, 1024, options.MaxBytes);
            TextReader text = Open(content);
            int skippedLines = 0;
            while (text.Peek() is ' ' or '\t' or '\r' or '\n')
                if (text.Read() == '\n')
                    skippedLines++;
            if (text.Peek() == '<')
                ReadXml(text, skippedLines, found, content);
            else
                ReadLines(text, found);
            // GZipStream ends without a word where its data do; only their last four bytes tell.
            if (gzip && !content.Cut && content.ReadByte() < 0 && raw.LastFour != (uint)content.Position)
                found.Say("the gzip data seem cut: their length is not what their end says");
        }
        catch (InvalidDataException e) when (gzip)
        {
            found.Say(string.Create(CultureInfo.InvariantCulture, $"broken gzip data after {content?.Position ?? 0:N0} bytes ({e.Message.TrimEnd('.')}): what came before is kept"));
        }
        if (content?.Cut == true)
            found.Say(string.Create(CultureInfo.InvariantCulture, $"longer than {options.MaxBytes:N0} bytes: the rest was not read"));
        return found.Result();
    }

    /// <summary>Text by byte order mark, XML declaration, else UTF-8.</summary>
    private static StreamReader Open(HeadedStream content)
    {
        ReadOnlySpan<byte> head = content.Head;
        if (head is [0xFE, 0xFF, ..] or [0xFF, 0xFE, ..])
            return new StreamReader(content, detectEncodingFromByteOrderMarks: true);
        if (head.StartsWith("<\0?\0"u8))
            return new StreamReader(content, Encoding.Unicode);
        if (head.StartsWith("\0<\0?"u8))
            return new StreamReader(content, Encoding.BigEndianUnicode);
        if (MetaPrescan.XmlDeclaration(head.TrimStart(" \t\r\n"u8)) is not WebEncoding legacy)
            return new StreamReader(content, Encoding.UTF8);
        using var whole = new MemoryStream();
        content.CopyTo(whole);
        return new StreamReader(new MemoryStream(legacy.ToUtf8(whole.GetBuffer().AsSpan(0, (int)whole.Length)).ToArray()), Encoding.UTF8);
    }

    private static void ReadXml(TextReader text, int skippedLines, Found found, HeadedStream content)
    {
        var limited = new TagLimit(text);
        var names = new FewNames();
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersFromEntities = 10_000_000,
            CheckCharacters = false,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
            NameTable = names,
        };
        using var xml = XmlReader.Create(limited, settings, new XmlParserContext(names, new AnyPrefix(names), null, XmlSpace.None));
        try
        {
            ReadElements(xml, found);
        }
        catch (XmlException e)
        {
            if (content.Cut)
                return;
            string why = limited.Problem ?? (e.Message.Contains("DTD", StringComparison.Ordinal) ? "a document type, which is not read for safety" : Shorten(e.Message));
            found.Say(string.Create(CultureInfo.InvariantCulture, $"broken XML at line {e.LineNumber + skippedLines}, column {e.LinePosition}: {why}; what came before is kept"));
        }
    }

    private static void ReadElements(XmlReader xml, Found found)
    {
        char[] chunk = new char[1024];
        var item = new Item();
        string field = "";
        while (xml.Read())
        {
            int depth = xml.Depth;
            if (depth > MaxDepth)
            {
                found.Say($"elements are nested deeper than {MaxDepth}: the rest was not read");
                return;
            }
            switch (xml.NodeType)
            {
                case XmlNodeType.Element when depth == 0:
                    found.Kind = xml.LocalName switch
                    {
                        "urlset" => SitemapKind.UrlSet,
                        "sitemapindex" => SitemapKind.Index,
                        "rss" or "RDF" => SitemapKind.Rss,
                        "feed" => SitemapKind.Atom,
                        _ => SitemapKind.Unknown,
                    };
                    if (found.Kind == SitemapKind.Unknown)
                    {
                        found.Say($"the root element is <{Shorten(xml.Name)}>: no sitemap and no feed");
                        return;
                    }
                    break;
                case XmlNodeType.Element when item.Depth == 0:
                    if (IsItem(found.Kind, xml.LocalName) && !xml.IsEmptyElement)
                        item.Begin(depth, xml.LocalName, xml.Prefix);
                    break;
                case XmlNodeType.Element when depth == item.Depth + 1:
                    field = FieldOf(found.Kind, item, xml);
                    if (field == "href" && (xml.GetAttribute("rel") is null or "" or "alternate") && xml.GetAttribute("href") is { Length: <= MaxText } href)
                        item.Links.Add(href);
                    if (xml.IsEmptyElement)
                        field = "";
                    else
                        item.Start(field);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace when item.Depth > 0:
                    StringBuilder? into = depth == item.Depth + 2 ? item.TextOf(field) : depth == item.Depth + 1 && item.Name == "sitemap" ? item.Own : null;
                    // Long texts come in pieces and are never held as a whole.
                    while (into is not null && into.Length < MaxText)
                    {
                        int length = xml.ReadValueChunk(chunk, 0, chunk.Length);
                        if (length == 0)
                            break;
                        into.Append(chunk, 0, length);
                    }
                    break;
                case XmlNodeType.EndElement when item.Depth > 0 && depth == item.Depth + 1:
                    field = "";
                    break;
                case XmlNodeType.EndElement when item.Depth > 0 && depth == item.Depth:
                    bool more = found.Add(item);
                    item.Depth = 0;
                    if (!more)
                        return;
                    break;
            }
        }
    }

    private static bool IsItem(SitemapKind kind, string name) => kind switch
    {
        SitemapKind.UrlSet or SitemapKind.Index => name is "url" or "sitemap",
        SitemapKind.Rss => name == "item",
        _ => name == "entry",
    };

    /// <summary>What a child of an item holds: "loc", "date", "guid", "href" (its attribute) or "".</summary>
    private static string FieldOf(SitemapKind kind, Item item, XmlReader xml) => (kind, xml.LocalName) switch
    {
        (SitemapKind.UrlSet or SitemapKind.Index, "loc") when xml.Prefix == item.Prefix => "loc",
        (SitemapKind.UrlSet or SitemapKind.Index, "lastmod") when xml.Prefix == item.Prefix => "date",
        (SitemapKind.Rss, "link") when xml.Prefix == item.Prefix => "loc",
        (SitemapKind.Rss, "guid") => "guid",
        (SitemapKind.Rss, "pubDate" or "date") => "date",
        (SitemapKind.Atom, "link") => "href",
        (SitemapKind.Atom, "updated") => "date",
        (SitemapKind.Atom, "published") => "published",
        _ => "",
    };

    private static void ReadLines(TextReader text, Found found)
    {
        char[] block = new char[4096];
        var line = new StringBuilder();
        int length;
        while ((length = text.Read(block, 0, block.Length)) > 0)
        {
            for (ReadOnlySpan<char> rest = block.AsSpan(0, length); ;)
            {
                int end = rest.IndexOfAny('\r', '\n');
                if (line.Length < MaxText)
                    line.Append(end < 0 ? rest : rest[..end]);
                if (end < 0)
                    break;
                rest = rest[(end + 1)..];
                if (!found.AddLine(line))
                    return;
            }
        }
        found.AddLine(line);
        if (found.Kind == SitemapKind.Unknown)
            found.Say("neither XML nor a list of URLs");
    }

    private static string Shorten(string text, int most = 200) => text.Length <= most ? text : text[..most];

    /// <summary>An entry as it is being read.</summary>
    private sealed class Item
    {
        private readonly Dictionary<string, StringBuilder> _texts = [];

        /// <summary>Of its element; 0 outside of entries.</summary>
        public int Depth { get; set; }

        public string Name { get; private set; } = "";

        public string Prefix { get; private set; } = "";

        public List<string> Links { get; } = [];

        /// <summary>Text that stands in the entry itself.</summary>
        public StringBuilder Own { get; } = new();

        public void Begin(int depth, string name, string prefix)
        {
            (Depth, Name, Prefix) = (depth, name, prefix);
            Links.Clear();
            Own.Clear();
            foreach (StringBuilder text in _texts.Values)
                text.Clear();
        }

        /// <summary>Of a field given twice the first counts, if it holds anything.</summary>
        public void Start(string field)
        {
            if (field.Length > 0 && !_texts.ContainsKey(field))
                _texts[field] = new StringBuilder();
        }

        public StringBuilder? TextOf(string field) => _texts.GetValueOrDefault(field);

        /// <summary>"" also where the text was cut: half a URL is another URL.</summary>
        public string Text(string field) => TextOf(field) is { Length: < MaxText } text ? text.ToString().Trim() : "";
    }

    /// <summary>What has been found so far.</summary>
    private sealed class Found(WebUrl at, int maxUrls)
    {
        private readonly List<SitemapUrl> _urls = [];
        private readonly List<SitemapUrl> _sitemaps = [];
        private readonly List<string> _problems = [];
        private int _unusable;

        public SitemapKind Kind { get; set; }

        public void Say(string problem) => _problems.Add(problem);

        /// <returns>False where no more are wanted.</returns>
        public bool Add(Item item)
        {
            if (Kind == SitemapKind.Rss)
                item.Links.Add(item.Text("loc") is { Length: > 0 } link ? link : item.Text("guid"));
            else if (Kind != SitemapKind.Atom)
                item.Links.Add(item.Text("loc") is { Length: > 0 } loc ? loc : item.Own.ToString());
            string date = item.Text("date") is { Length: > 0 } given ? given : item.Text("published");
            DateTime? modified = WebDate.TryParse(date, zoneNeeded: true, out DateTime utc) ? utc : null;
            foreach (string link in item.Links)
                if (!Add(link, at, modified, item.Name == "sitemap" ? _sitemaps : _urls))
                    return false;
            return true;
        }

        public bool AddLine(StringBuilder line)
        {
            bool cut = line.Length >= MaxText;
            string text = line.ToString().Trim();
            line.Clear();
            if (cut)
            {
                _unusable++;
                return true;
            }
            if (text.Length == 0)
                return true;
            bool more = Add(text, null, null, _urls);
            if (_urls.Count > 0)
                Kind = SitemapKind.Text;
            return more;
        }

        public SitemapResult Result()
        {
            if (_unusable > 0 && Kind != SitemapKind.Unknown)
                Say(string.Create(CultureInfo.InvariantCulture, $"{_unusable:N0} entries have no usable URL"));
            return new SitemapResult(Kind, _urls, _sitemaps, _problems.Count == 0 ? null : string.Join("; ", _problems));
        }

        private bool Add(string text, WebUrl? relativeTo, DateTime? modified, List<SitemapUrl> to)
        {
            if (text.Length is 0 or >= MaxText || !WebUrl.TryParse(text.AsSpan().Trim(), relativeTo, out WebUrl? url) || !url.IsHttp)
            {
                _unusable++;
                return true;
            }
            if (_urls.Count + _sitemaps.Count == maxUrls)
            {
                Say(string.Create(CultureInfo.InvariantCulture, $"more than {maxUrls:N0} URLs: the rest was not read"));
                return false;
            }
            to.Add(new SitemapUrl(url, modified));
            return true;
        }
    }

    /// <summary>Takes every prefix for declared: many files use <c>image:</c> or <c>xhtml:</c> without saying so.</summary>
    private sealed class AnyPrefix(XmlNameTable names) : XmlNamespaceManager(names)
    {
        public override string? LookupNamespace(string prefix) => base.LookupNamespace(prefix) ?? "urn:undeclared";
    }

    /// <summary>Names that a reader keeps for good: a real file has some dozens.</summary>
    private sealed class FewNames : NameTable
    {
        private const int Most = 10_000;
        private int _count;

        public override string Add(char[] key, int start, int len) => len > 0 && base.Get(key, start, len) is null ? Counted(base.Add(key, start, len)) : base.Add(key, start, len);

        public override string Add(string key) => base.Get(key) is null ? Counted(base.Add(key)) : base.Add(key);

        private string Counted(string name) => ++_count <= Most ? name : throw new XmlException($"more than {Most:N0} different names");
    }

    /// <summary>Ends the text where a tag goes on for too long: its attributes would all be held at once.</summary>
    private sealed class TagLimit(TextReader inner) : TextReader
    {
        private const int Most = 1 << 20;
        private int _tag = -1;

        public string? Problem { get; private set; }

        public override int Read(char[] buffer, int index, int count)
        {
            if (Problem is not null)
                return 0;
            int length = inner.Read(buffer, index, count);
            foreach (char c in buffer.AsSpan(index, length))
            {
                if (c == '<')
                    _tag = 0;
                else if (c == '>')
                    _tag = -1;
                else if (_tag >= 0 && ++_tag > Most)
                    Problem = $"a tag is longer than {Most:N0} characters";
            }
            return Problem is null ? length : 0;
        }

        public override int Peek() => inner.Peek();

        public override int Read()
        {
            char[] one = new char[1];
            return Read(one, 0, 1) == 0 ? -1 : one[0];
        }
    }
}
