using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>What web to make.</summary>
public sealed record StoredWebOptions
{
    /// <summary>Registrable domains; each is linked to at least once, unless it is crawled.</summary>
    public int Domains { get; init; } = 1_000_000;

    /// <summary>Domains with crawled pages, the farms' among them; of the others only the front page is known, from links to it.</summary>
    public int CrawledDomains { get; init; } = 100_000;

    /// <summary>Crawled pages; they are spread over the crawled domains by a power law (one to some thousands).</summary>
    public int Pages { get; init; } = 400_000;

    /// <summary>Links of a crawled page: 400,000 × 25 are 10 M.</summary>
    public int LinksPerPage { get; init; } = 25;

    /// <summary>Planted farms, in turn star, dense, ring and an exchange of two halves; a page and a site for every member.</summary>
    public int Farms { get; init; } = 20;

    public int FarmSize { get; init; } = 50;

    public ulong Seed { get; init; } = 1;
}

/// <summary>
/// A seeded web as visits to its pages, which is what the link store takes: the input of <see cref="RankMillionDomains"/>.
/// A page depends on the seed and its number alone.
/// <list type="bullet">
/// <item><b>Links of a page</b>: navigation within its site; a footer with up to three foreign links that is the same on
/// all pages of the site; then the main text: its share of the domains that nobody else links to, sites of nearby number
/// (which have its topic), popular sites (the domain of popularity rank r is drawn with density r^-3/4, so in-degrees have
/// exponent 2.33), own pages. 8 % are nofollow, ugc or sponsored; a tenth of the main links stand in lists or tables.</item>
/// <item><b>Anchors</b>: a seventh generic, a quarter the target's name, the rest two or three words by a Zipf law over some
/// 400,000 texts.</item>
/// <item><b>Texts</b>: titles of 6 and texts of 40 words, half of them of the site's topic (20 topics, Zipf over 2,000 words
/// each, headed by ten English ones), half common.</item>
/// <item><b>Farms</b>: members link to their target and, by type, to each other, with one of four commercial anchors; a fifth
/// share an address block, texts nearly alike, and three days in which they appeared.</item>
/// </list>
/// </summary>
public sealed class StoredWeb
{
    private const int TopicCount = 20, TopicWords = 2000, CommonWords = 6000, Phrases = 400_000;

    private static readonly DateTime Start = new(2023, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly string[] Generic = ["click here", "read more", "here", "website", "more", "link", ""];
    private static readonly string[] Commercial = ["cheap loans online", "best casino bonus", "buy pills", "payday advance"];
    private static readonly string[] Syllables = ["ba", "co", "da", "fen", "gar", "hol", "il", "jun", "ka", "lor", "men", "nor", "os", "pel", "qua", "ri", "sol", "tan", "ul", "ver", "win", "xan", "yor", "zen"];
    private static readonly string[][] Heads =
    [
        ["football", "match", "league", "team", "player", "season", "goal", "coach", "club", "score"], ["election", "minister", "party", "parliament", "vote", "policy", "government", "senate", "law", "reform"],
        ["music", "album", "song", "band", "concert", "guitar", "singer", "jazz", "opera", "festival"], ["film", "cinema", "actor", "director", "movie", "scene", "drama", "series", "premiere", "screen"],
        ["software", "computer", "code", "server", "database", "network", "developer", "browser", "data", "program"], ["recipe", "cooking", "kitchen", "flavour", "bread", "cheese", "soup", "dinner", "chef", "restaurant"],
        ["hotel", "travel", "flight", "island", "beach", "tour", "holiday", "airport", "guide", "passport"], ["health", "doctor", "patient", "hospital", "medicine", "disease", "therapy", "nurse", "vaccine", "clinic"],
        ["bank", "market", "stock", "investor", "loan", "mortgage", "credit", "fund", "profit", "currency"], ["school", "student", "teacher", "university", "course", "exam", "campus", "lecture", "degree", "library"],
        ["physics", "experiment", "theory", "particle", "laboratory", "molecule", "biology", "planet", "telescope", "research"], ["history", "war", "empire", "king", "century", "castle", "archive", "museum", "ancient", "battle"],
        ["garden", "plant", "flower", "soil", "seed", "tree", "lawn", "compost", "rose", "harvest"], ["car", "engine", "driver", "vehicle", "motor", "tyre", "brake", "diesel", "race", "garage"],
        ["game", "console", "level", "quest", "multiplayer", "arcade", "puzzle", "character", "controller", "gamer"], ["fashion", "dress", "shoes", "designer", "style", "fabric", "jewellery", "model", "boutique", "collection"],
        ["house", "property", "estate", "rent", "roof", "architect", "building", "apartment", "tenant", "renovation"], ["religion", "church", "prayer", "bible", "temple", "faith", "priest", "monastery", "ritual", "pilgrim"],
        ["dog", "cat", "pet", "animal", "horse", "bird", "breed", "puppy", "veterinary", "wildlife"], ["job", "career", "salary", "employer", "office", "recruitment", "interview", "manager", "contract", "training"],
    ];

    private readonly StoredWebOptions _options;
    private readonly int _members;         // of farms, the last crawled domains
    private readonly int[] _firstPage;     // honest crawled domains + 1: pages of a domain are consecutive
    private readonly string[] _words;      // common words, then those of each topic

    public StoredWeb(StoredWebOptions options)
    {
        _options = options;
        _members = options.Farms * options.FarmSize;
        int honest = options.CrawledDomains - _members;
        if (honest < 1 || options.Domains < options.CrawledDomains || options.Pages - _members < honest || options.LinksPerPage < 10)
            throw new ArgumentException($"a web of {options.Pages} pages on {options.CrawledDomains} of {options.Domains} domains with {_members} farm sites is none: every crawled domain needs a page", nameof(options));
        _firstPage = SpreadPages(options.Pages - _members, honest);
        _words = MakeWords();
    }

    /// <summary>Crawled pages.</summary>
    public int PageCount => _options.Pages;

    /// <summary>Links in <see cref="Visits"/>.</summary>
    public long LinkCount { get; private set; }

    /// <summary>The pages from <paramref name="first"/> on, as seen on a first visit.</summary>
    public PageVisit[] Visits(int first, int count)
    {
        var visits = new PageVisit[count];
        Parallel.For(0, count, i => visits[i] = Visit(first + i));
        LinkCount += visits.Sum(v => (long)v.Links.Count);
        return visits;
    }

    /// <summary>A page as seen <paramref name="days"/> after 2026 began, with <paramref name="changed"/> of its main links to other popular sites than before.</summary>
    public PageVisit Later(int page, int changed, int days)
    {
        PageVisit was = Visit(page);
        LinkObservation[] links = [.. was.Links];
        ulong state = Mix(_options.Seed ^ Mix((ulong)page + (1UL << 40)));
        for (int i = 0; i < changed; i++)
            links[^(i + 1)] = links[^(i + 1)] with { Target = Front(Popular(ref state)) };
        return was with { At = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(days), ContentHash = was.ContentHash + 1, Links = links };
    }

    private PageVisit Visit(int page)
    {
        ulong state = Mix(_options.Seed ^ Mix((ulong)page + 1));
        int honestPages = _options.Pages - _members;
        if (page >= honestPages)
            return Member(page - honestPages, ref state);
        int domain = DomainOf(page), topic = TopicOf(domain), own = _firstPage[domain + 1] - _firstPage[domain];
        var links = new List<LinkObservation>(_options.LinksPerPage);
        int navigation = Math.Min(own - 1, 6);
        for (int i = 0; i < navigation; i++)
            links.Add(Link(Url(domain, _firstPage[domain] + i), Phrase(Zipf(Phrases, ref state)), Zone.Nav, float.NaN, LinkRel.None));
        ulong site = Mix(_options.Seed ^ Mix((ulong)domain + (1UL << 41)));
        int footers = (int)(Next(ref site) % 4);
        for (int i = 0; i < footers; i++)
            links.Add(Link(Front(Popular(ref site)), Anchor(Popular(ref site), ref site), Zone.Footer, float.NaN, i == 2 ? LinkRel.Nofollow : LinkRel.None));
        // the domains nobody else need link to, dealt out evenly
        int unknown = _options.Domains - _options.CrawledDomains;
        int from = (int)((long)unknown * page / honestPages), to = (int)((long)unknown * (page + 1) / honestPages), main = _options.LinksPerPage - links.Count;
        for (int i = 0; i < main; i++)
        {
            float position = (i + .5f) / main;
            double choice = Unit(ref state);
            int target = from + i < to ? _options.CrawledDomains + from + i : choice < .45 ? Popular(ref state) : choice < .75 ? Near(domain, ref state) : domain;
            string url = target == domain ? Url(domain, _firstPage[domain] + (int)(Next(ref state) % (ulong)own))
                : target < _options.CrawledDomains - _members && Unit(ref state) < .4 ? Url(target, _firstPage[target] + (int)(Math.Pow(Unit(ref state), 3) * (_firstPage[target + 1] - _firstPage[target]))) : Front(target);
            links.Add(Link(url, Anchor(target, ref state), Unit(ref state) is < .1 ? Zone.MainList : Unit(ref state) < .06 ? Zone.Comments : Unit(ref state) < .08 ? Zone.Aside : Zone.Main, position, Rel(ref state)));
        }
        ulong address = Mix((ulong)domain / 3 + 77); // three sites a server on average
        return Page(Url(domain, page), Start.AddMinutes(Unit(ref state) * 1_500_000), topic, address, Next(ref state), ref state, links);
    }

    /// <summary>One page a member; member 0 of a farm is its target.</summary>
    private PageVisit Member(int member, ref ulong state)
    {
        int farm = member / _options.FarmSize, place = member % _options.FarmSize, first = _options.CrawledDomains - _members + farm * _options.FarmSize, size = _options.FarmSize;
        string anchor = Commercial[farm % Commercial.Length];
        var links = new List<LinkObservation>(_options.LinksPerPage);
        void Add(int other) => links.Add(Link(Front(first + other), anchor, Zone.Main, links.Count / 25f, LinkRel.None));
        switch (farm % 4)
        {
            case 0: // star
                if (place > 0)
                    Add(0);
                break;
            case 1: // dense
                for (int i = 1; i <= 12; i++)
                    Add((place + i * 7) % size);
                break;
            case 2: // ring, everyone to the target as well
                Add((place + 1) % size);
                Add(0);
                break;
            default: // bipartite: the first five are targets
                for (int i = 0; place >= 5 && i < 5; i++)
                    Add(i);
                break;
        }
        for (int i = links.Count; i < 12; i++) // camouflage
            links.Add(Link(Front(Popular(ref state)), Phrase(Zipf(Phrases, ref state)), Zone.Main, i / 25f, LinkRel.None));
        bool shared = farm % 5 == 0;
        ulong address = shared ? 0xFA000000UL + (ulong)farm : Mix((ulong)member + 99), simHash = shared ? Mix((ulong)farm) ^ 1UL << place % 3 : Next(ref state);
        DateTime at = shared ? Start.AddDays(400).AddMinutes(Unit(ref state) * 4320) : Start.AddMinutes(Unit(ref state) * 1_500_000);
        return Page(Front(first + place), at, farm % TopicCount, address, simHash, ref state, links);
    }

    private PageVisit Page(string url, DateTime at, int topic, ulong address, ulong simHash, ref ulong state, List<LinkObservation> links) => new()
    {
        Url = url,
        At = new DateTime(at.Ticks / 10 * 10, DateTimeKind.Utc), // whole microseconds, what the store keeps
        Source = "warc:made",
        Status = 200,
        ContentType = "text/html",
        Language = "en",
        Title = Text(6, topic, ref state),
        Text = Text(40, topic, ref state),
        Words = 40,
        ContentHash = Next(ref state),
        SimHash = simHash == 0 ? 1 : simHash,
        Address = string.Create(CultureInfo.InvariantCulture, $"{11 + (address >> 24) % 180}.{(address >> 16) & 255}.{(address >> 8) & 255}.{1 + address % 254}"),
        Links = links,
    };

    private static LinkObservation Link(string target, string anchor, Zone zone, float position, LinkRel rel) => new() { Target = target, Anchor = anchor, Zone = zone, Position = position, Rel = rel };

    private string Front(int domain) => $"https://www.{Name(domain)}/";

    private string Url(int domain, int page) => page == _firstPage[domain] ? Front(domain)
        : string.Create(CultureInfo.InvariantCulture, $"https://www.{Name(domain)}/{_words[Mix((ulong)page) % CommonWords]}/{page - _firstPage[domain]}");

    /// <summary>Four syllables by a hash and the number, so that the order of names has nothing to do with the order of making.</summary>
    private string Name(int domain)
    {
        ulong h = Mix(_options.Seed ^ (ulong)domain * 0x9E3779B97F4A7C15);
        string S(int shift) => Syllables[(h >> shift) % (ulong)Syllables.Length];
        return string.Create(CultureInfo.InvariantCulture, $"{S(0)}{S(12)}{S(24)}{domain}.example");
    }

    private string Anchor(int target, ref ulong state)
    {
        double choice = Unit(ref state);
        return choice < 1 / 7.0 ? Generic[Next(ref state) % (ulong)Generic.Length] : choice < .4 ? Name(target) : Phrase(Zipf(Phrases, ref state));
    }

    private string Phrase(int number)
    {
        ulong h = Mix((ulong)number + 5);
        string first = _words[h % (ulong)_words.Length], second = _words[(h >> 20) % (ulong)_words.Length];
        return number % 2 == 0 ? $"{first} {second}" : $"{first} {second} {_words[(h >> 40) % (ulong)_words.Length]}";
    }

    private string Text(int words, int topic, ref ulong state)
    {
        var text = new System.Text.StringBuilder(words * 8);
        for (int i = 0; i < words; i++)
            text.Append(i == 0 ? "" : " ").Append(Unit(ref state) < .5 ? _words[Zipf(CommonWords, ref state)] : _words[CommonWords + topic * TopicWords + Zipf(TopicWords, ref state)]);
        return text.ToString();
    }

    /// <summary>Sites of nearby number have the same topic, and half of the local links lead to them.</summary>
    private static int TopicOf(int domain) => (int)(Mix((ulong)domain / 64 + 3) % TopicCount);

    private int Near(int domain, ref ulong state)
    {
        int honest = _options.CrawledDomains - _members, distance = 1 + (int)Math.Pow(Math.Min(2048, honest), Unit(ref state));
        return (int)((domain + (long)distance * ((Next(ref state) & 1) == 0 ? 1 : -1) + honest) % honest);
    }

    /// <summary>Popularity rank to honest crawled domain by a multiplication coprime with their number, so that neighbours are not equally popular.</summary>
    private int Popular(ref ulong state)
    {
        int honest = _options.CrawledDomains - _members;
        double u = Unit(ref state);
        long rank = (long)(honest * (u * u * u * u));
        long step = 1_000_003;
        while (honest % step == 0)
            step += 2;
        return (int)(rank * step % honest);
    }

    private static LinkRel Rel(ref ulong state) => Unit(ref state) switch { < .05 => LinkRel.Nofollow, < .07 => LinkRel.Ugc, < .08 => LinkRel.Sponsored, _ => LinkRel.None };

    private int DomainOf(int page)
    {
        int found = Array.BinarySearch(_firstPage, page);
        return found >= 0 ? found : ~found - 1;
    }

    /// <summary>At least one page a domain, the rest by r^-0.8 over the domains in a scattered order.</summary>
    private static int[] SpreadPages(int pages, int domains)
    {
        double[] share = new double[domains];
        double sum = 0;
        for (int i = 0; i < domains; i++)
            sum += share[i] = Math.Pow(1 + Mix((ulong)i) % (ulong)domains, -.8);
        int[] first = new int[domains + 1];
        double passed = 0;
        for (int i = 0; i < domains; i++)
        {
            first[i] = i + (int)((pages - domains) * (passed / sum));
            passed += share[i];
        }
        first[domains] = pages;
        return first;
    }

    private static string[] MakeWords()
    {
        string[] words = new string[CommonWords + TopicCount * TopicWords];
        for (int i = 0; i < words.Length; i++)
        {
            int topic = (i - CommonWords) / TopicWords, rank = (i - CommonWords) % TopicWords;
            ulong h = Mix((ulong)i + 11);
            words[i] = i >= CommonWords && rank < Heads[topic].Length ? Heads[topic][rank]
                : Syllables[h % 24] + Syllables[(h >> 8) % 24] + Syllables[(h >> 16) % 24] + (i % 3 == 0 ? "" : Syllables[(h >> 24) % 24]);
        }
        return words;
    }

    /// <summary>0 … n−1 with probability about 1/(rank+1): n^u − 1.</summary>
    private static int Zipf(int n, ref ulong state) => (int)Math.Min(n - 1, Math.Pow(n + 1, Unit(ref state)) - 1);

    private static double Unit(ref ulong state) => (Next(ref state) >> 11) * (1.0 / (1UL << 53));

    private static ulong Next(ref ulong state) => Mix(state += 0x9E3779B97F4A7C15);

    /// <summary>SplitMix64's finaliser (Steele, Lea, Flood 2014).</summary>
    private static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
