using System.Diagnostics.CodeAnalysis;

namespace Backlinks.SampleWeb;

/// <summary>How a site marks the parts of its pages.</summary>
public enum SampleMarkup
{
    /// <summary>nav, header, main, aside, footer.</summary>
    Html5,

    /// <summary>div with ARIA roles.</summary>
    Aria,

    /// <summary>div with telling class names.</summary>
    Classes,

    /// <summary>div and table without a hint: no part can be known.</summary>
    Bare,
}

/// <summary>What sort of site it is. The planted patterns are here for those who test detectors.</summary>
public enum SampleSiteKind
{
    Ordinary,
    Directory,
    BlogRing,
    Franchise,
    CorporateFamily,
    UniversityDepartment,

    /// <summary>Sells links that are not marked as sponsored.</summary>
    LinkSeller,
    FarmTarget,
    FarmMember,

    /// <summary>No link leads to it from the rest of the web.</summary>
    Island,
    Lab,
    Robots,
    Trap,
    Hostile,
}

/// <summary>A host and its pages.</summary>
public sealed class SampleSite
{
    private readonly Dictionary<string, SamplePage> _byPath = new(StringComparer.Ordinal);
    private readonly List<SamplePage> _pages = [];
    private List<SamplePage>? _articles;

    internal SampleSite(PlantedWeb web, string host, SampleSiteKind kind, Topic topic, string title)
    {
        (Web, Host, Kind, Topic, Title) = (web, host, kind, topic, title);
        string[] labels = host.Split('.');
        Domain = labels[^2] + "." + labels[^1]; // .example and .test are not on the public suffix list: its rule * applies
    }

    /// <summary>As in a Host header: lower case, punycode.</summary>
    public string Host { get; }

    /// <summary>The registrable domain.</summary>
    public string Domain { get; }

    public SampleSiteKind Kind { get; }

    public string Title { get; }

    public string TopicName => Topic.Name;

    public SampleMarkup Markup { get; internal init; }

    /// <summary>The company, person or university behind it, as the pages say; "" for an owner of its own.</summary>
    public string Owner { get; internal set; } = "";

    /// <summary>The group it was planted in, such as <c>farm-dense-1</c>; "" for none.</summary>
    public string Group { get; internal set; } = "";

    /// <summary>The account number of its visitor counter: networks run by one hand share it, seen in the page source.</summary>
    public string Counter { get; internal set; } = "";

    public SampleRobots Robots { get; internal set; } = SampleRobots.None;

    /// <summary>In the order of planting; traps make pages on demand, which are not listed.</summary>
    public IReadOnlyList<SamplePage> Pages => _pages;

    public SamplePage Home => _pages[0];

    /// <summary>Sitemaps that robots.txt names, absolute.</summary>
    public IReadOnlyList<string> Sitemaps => Robots.Sitemaps;

    /// <summary>From this epoch on the host is dead; <see cref="int.MaxValue"/>: never.</summary>
    public int DeadFrom { get; internal set; } = int.MaxValue;

    internal PlantedWeb Web { get; }

    internal Topic Topic { get; }

    internal string Codings { get; init; } = "";

    internal bool Validators { get; init; }

    /// <summary>The articles others may link to.</summary>
    internal IReadOnlyList<SamplePage> Articles => _articles ??= _pages.FindAll(p => p.Kind == SamplePageKind.Article && p.DisallowLine == 0 && !p.SitemapOnly);

    internal List<PlannedLink> FooterLinks { get; } = [];

    internal List<PlannedLink> NavLinks { get; } = [];

    /// <summary>Path to page for what has no end; null for what it does not know.</summary>
    internal Func<string, SamplePage?>? Endless { get; set; }

    internal SamplePage Add(SamplePage page)
    {
        _byPath.Add(page.Path, page);
        _pages.Add(page);
        _articles = null;
        return page;
    }

    internal bool Has(string path) => _byPath.ContainsKey(path);

    /// <summary>The page at a path with query, as sent over the wire; null is a 404.</summary>
    public SamplePage? Find(string path) => _byPath.TryGetValue(path, out SamplePage? page) ? page : Endless?.Invoke(path);

    internal bool TryFind(string path, [NotNullWhen(true)] out SamplePage? page) => (page = Find(path)) is not null;

    public override string ToString() => Host;
}
