using System.Buffers;
using System.Collections.Frozen;

namespace Backlinks.GraphEngine;

/// <summary>What kind of words a link offers to be clicked. The numbers are stored: they never change.</summary>
public enum AnchorForm : byte
{
    /// <summary>Words that say something of the target.</summary>
    Descriptive = 0,

    /// <summary>An image with alternative text.</summary>
    ImageWithAlt = 1,

    /// <summary>The address itself, whole or just its host: <c>https://example.com/x</c>, <c>www.example.com</c>.</summary>
    NakedUrl = 2,

    /// <summary>Words that would fit any link: <c>click here</c>, <c>read more</c>, <c>»</c>, <c>2</c>.</summary>
    Generic = 3,

    /// <summary>No words: an image without alternative text, or nothing at all.</summary>
    Empty = 4,

    /// <summary>The source does not tell: a report without anchor text; redirects and canonicals, which have none.</summary>
    Unknown = 5,
}

/// <summary>
/// Tells the form of an anchor by its text alone, whatever the target, so that each distinct text is looked at once.
/// Text is lower-cased and freed of punctuation, symbols and spaces at both ends. In this order: an alternative text is an
/// image; no text is empty; a scheme, <c>www.</c> or a lone host under a common top-level domain is a naked URL; no letter
/// at all, or one of the phrases below (some 30 languages), is generic; all else describes. Phrases are matched whole:
/// "read more about beekeeping" describes.
/// </summary>
public static class AnchorForms
{
    private const int LongestPhrase = 40; // chars; longer texts can only be URLs or descriptions

    private static readonly FrozenSet<string> Phrases = Split("""
        click here|click|here|click this|click this link|click for more|click to read|click to view|read more|read on|read this|read all|more|more info|more information|more details|
        more here|learn more|find out more|see more|show more|view more|view all|see all|view|view details|details|full story|full article|continue|continue reading|keep reading|
        this|this page|this site|this website|this link|this article|this post|link|links|website|web site|site|web|page|homepage|home page|url|source|via|go|go here|visit|visit site|
        visit website|visit the website|visit us|next|previous|prev|back|download|download here|open|info|article|post|permalink|comment|comments|reply|share|
        hier|hier klicken|klicken sie hier|klick hier|mehr|mehr lesen|mehr erfahren|mehr infos|mehr informationen|weiter|weiterlesen|weitere informationen|zur website|zur webseite|
        webseite|zum artikel|artikel|quelle|details ansehen|zurück|
        ici|cliquez ici|cliquer ici|clic ici|lire la suite|lire plus|lire l'article|en savoir plus|la suite|suite|plus|plus d'infos|plus d'informations|voir plus|voir|site web|
        le site|lien|ce lien|cet article|suivant|précédent|
        aquí|aqui|haga clic aquí|haz clic aquí|clic aquí|pulse aquí|leer más|ver más|más|más información|más info|saber más|seguir leyendo|sitio web|página web|enlace|este enlace|
        fuente|siguiente|anterior|
        qui|clicca qui|cliccare qui|leggi tutto|leggi|leggi di più|leggi l'articolo|scopri di più|per saperne di più|continua|continua a leggere|altro|sito web|sito|fonte|
        clique aqui|carregue aqui|leia mais|ler mais|saiba mais|veja mais|mais|mais informações|continue lendo|fonte|
        klik hier|lees meer|lees verder|meer|meer informatie|meer info|bekijk|verder|deze link|
        tutaj|tu|kliknij tutaj|kliknij|czytaj więcej|czytaj dalej|więcej|dowiedz się więcej|zobacz więcej|zobacz|źródło|
        zde|klikněte zde|více|více informací|číst dále|číst více|tady|celý článek|
        här|klicka här|läs mer|mer|mer information|läs hela|her|klik her|klikk her|læs mere|les mer|mere|mer info|
        tästä|täältä|klikkaa tästä|lue lisää|lisää|lisätietoja|
        itt|ide|kattintson ide|kattints ide|tovább|bővebben|részletek|olvass tovább|
        aici|click aici|citește mai mult|citeste mai mult|mai mult|mai multe|detalii|
        εδώ|κάντε κλικ εδώ|πατήστε εδώ|περισσότερα|διαβάστε περισσότερα|
        здесь|тут|сюда|нажмите здесь|нажмите сюда|жмите сюда|подробнее|читать далее|читать дальше|далее|дальше|ещё|еще|ссылка|по ссылке|источник|сайт|
        натисніть тут|детальніше|докладніше|читати далі|далі|джерело|тук|кликнете тук|прочети още|още|
        ovdje|ovde|više|saznaj više|opširnije|pročitaj više|tukaj|več|preberi več|
        burada|buraya|tıklayın|buraya tıklayın|tıkla|devamı|devamını oku|daha fazla|daha fazlası|detaylar|kaynak|
        di sini|disini|klik di sini|klik disini|selengkapnya|baca selengkapnya|lihat|lagi|sumber|
        tại đây|ở đây|nhấn vào đây|bấm vào đây|xem thêm|đọc thêm|chi tiết|nguồn|
        こちら|ここ|こちらをクリック|ここをクリック|続きを読む|続き|もっと見る|もっと|詳細|詳しくはこちら|詳細はこちら|一覧|リンク|サイト|次へ|前へ|
        这里|這裡|点击这里|點擊這裡|点此|點此|点击|更多|查看更多|阅读更多|閱讀更多|阅读全文|閱讀全文|了解更多|瞭解更多|查看|详情|詳情|链接|連結|下一页|上一页|
        여기|여기를 클릭|클릭|더 보기|더보기|자세히|자세히 보기|계속 읽기|링크|
        هنا|اضغط هنا|انقر هنا|المزيد|اقرأ المزيد|للمزيد|رابط|כאן|לחץ כאן|לחצו כאן|קרא עוד|עוד|למידע נוסף|
        اینجا|اینجا کلیک کنید|ادامه مطلب|بیشتر|यहाँ|यहां|यहाँ क्लिक करें|यहां क्लिक करें|और पढ़ें|अधिक|ที่นี่|คลิกที่นี่|อ่านต่อ|อ่านเพิ่มเติม|ดูเพิ่มเติม
        """);

    // Enough of them to know a host that stands alone; what is a file's ending as well (md, rs, py, pl, sh, ps) is left out.
    private static readonly FrozenSet<string> TopDomains = Split("""
        com|net|org|info|biz|edu|gov|mil|int|name|pro|mobi|asia|eu|io|co|ai|app|dev|xyz|online|site|store|shop|blog|club|tech|news|agency|test|example|
        ar|at|au|be|bg|br|by|ca|ch|cl|cn|cz|de|dk|ee|es|fi|fr|gr|hk|hr|hu|id|ie|il|in|ir|is|it|jp|ke|kr|lt|lu|lv|ma|me|mx|my|ng|nl|no|nz|pe|ph|pk|pt|ro|ru|se|sg|si|sk|th|tr|tv|tw|ua|uk|us|vn|za
        """);

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> PhraseOf = Phrases.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> TopDomainOf = TopDomains.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly SearchValues<char> HostEnds = SearchValues.Create(":/?#");

    /// <summary>The form of a link's anchor.</summary>
    /// <param name="text">White space collapsed, as observations have it.</param>
    public static AnchorForm Of(ReadOnlySpan<char> text, LinkKind kind, LinkRel rel) => Of(OfText(text), kind, rel);

    /// <summary>The form of a link's anchor, given what its text alone tells.</summary>
    public static AnchorForm Of(AnchorForm ofText, LinkKind kind, LinkRel rel) => kind switch
    {
        LinkKind.Redirect or LinkKind.Canonical => AnchorForm.Unknown,
        LinkKind.Reported when ofText == AnchorForm.Empty => AnchorForm.Unknown,
        _ => ofText != AnchorForm.Empty && (rel & LinkRel.AnchorIsAlt) != 0 ? AnchorForm.ImageWithAlt : ofText,
    };

    /// <summary>The form as far as the text alone tells: descriptive, naked URL, generic or empty.</summary>
    public static AnchorForm OfText(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> core = Core(text);
        if (core.IsEmpty)
            return text.IsWhiteSpace() ? AnchorForm.Empty : AnchorForm.Generic; // ›, », …
        if (IsUrl(core))
            return AnchorForm.NakedUrl;
        if (core.Length > LongestPhrase)
            return AnchorForm.Descriptive;
        Span<char> lower = stackalloc char[LongestPhrase];
        int length = core.ToLowerInvariant(lower);
        lower = lower[..length];
        lower.Replace('’', '\'');
        bool letters = false;
        foreach (char c in lower)
            letters |= char.IsLetter(c) || char.IsSurrogate(c);
        return !letters || PhraseOf.Contains(lower) ? AnchorForm.Generic : AnchorForm.Descriptive;
    }

    private static bool IsUrl(ReadOnlySpan<char> text)
    {
        if (text.Contains(' '))
            return false;
        if (text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("www.", StringComparison.OrdinalIgnoreCase))
            return true;
        int end = text.IndexOfAny(HostEnds);
        ReadOnlySpan<char> host = end < 0 ? text : text[..end];
        int dot = host.LastIndexOf('.');
        if (dot <= 0 || host.Contains("..", StringComparison.Ordinal) || !TopDomainOf.Contains(host[(dot + 1)..])) // lower case only: ASP.NET is a name
            return false;
        foreach (char c in host)
            if (!char.IsLetterOrDigit(c) && c is not ('.' or '-'))
                return false;
        return true;
    }

    private static ReadOnlySpan<char> Core(ReadOnlySpan<char> text)
    {
        int start = 0, end = text.Length;
        while (start < end && IsEdge(text[start]))
            start++;
        while (end > start && IsEdge(text[end - 1]))
            end--;
        return text[start..end];
    }

    private static bool IsEdge(char c) => char.IsWhiteSpace(c) || char.IsPunctuation(c) || (char.IsSymbol(c) && !char.IsSurrogate(c)) || char.IsControl(c);

    private static FrozenSet<string> Split(string text) =>
        text.Split(['|', '\n', '\r'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
