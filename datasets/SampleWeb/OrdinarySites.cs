namespace Backlinks.SampleWeb;

/// <summary>
/// Honest sites: a home, sections and articles on one topic, linked as people link: to their own pages, to sites of the same
/// topic (the well-known ones more than the others), now and then elsewhere; dead links, paid links that say so, comments.
/// </summary>
internal sealed class OrdinarySites(PlantedWeb web)
{
    private readonly SeededRandom _random = SeededRandom.For(web.Options.Seed, "ordinary");
    private readonly List<SampleSite> _ordinary = [];
    private readonly Dictionary<string, List<SampleSite>> _byTopic = [];
    private readonly List<SampleSite> _listed = []; // in directories

    public IReadOnlyList<SampleSite> Sites => _ordinary;

    public void Plant()
    {
        for (int i = 0; i < web.Options.Sites; i++)
        {
            Topic topic = Topic.All[i % Topic.All.Length];
            string host = NewHost(_random, topic, i);
            // Every 40th site is an island: no other links to it. It is never the first of its topic.
            SampleSiteKind kind = i % 40 == 39 ? SampleSiteKind.Island : SampleSiteKind.Ordinary;
            SampleSite site = Build(host, kind, topic, web.Options.PagesPerSite * _random.Between(70, 130) / 100, i);
            _ordinary.Add(site);
            if (kind == SampleSiteKind.Island)
                continue;
            _listed.Add(site);
            if (!_byTopic.TryGetValue(topic.Name, out List<SampleSite>? same))
                _byTopic.Add(topic.Name, same = []);
            same.Add(site);
        }
        foreach (SampleSite site in _ordinary)
            LinkOut(site, _random);
    }

    /// <summary>Adds to what directories list.</summary>
    public void List(SampleSite site) => _listed.Add(site);

    public string NewHost(SeededRandom random, Topic topic, int i)
    {
        string tld = i % 3 == 2 ? ".test" : ".example";
        while (true)
        {
            string host = random.Pick(topic.Adjectives) + (random.Chance(0.2) ? "-" : "") + random.Pick(topic.Nouns) + (random.Chance(0.4) ? random.Pick(topic.Nouns) : "")
                + (web.Sites.Count > 2000 ? PageTemplate.Number(random.Below(100_000)) : "") + tld;
            if (random.Chance(0.3))
                host = "www." + host;
            if (!web.Has(host))
                return host;
        }
    }

    /// <summary>A site with its pages and the links within it.</summary>
    public SampleSite Build(string host, SampleSiteKind kind, Topic topic, int pages, int i, string owner = "")
    {
        SeededRandom random = SeededRandom.For(web.Options.Seed, host);
        string name = host.Split('.')[^2];
        SampleSite site = web.Add(new SampleSite(web, host, kind, topic, char.ToUpperInvariant(name[0]) + name[1..].Replace('-', ' '))
        {
            Markup = (SampleMarkup)(i % 4),
            Codings = (i % 5) switch { 1 => "gzip", 2 => "br", 3 => "gzip br", _ => "" },
            Validators = i % 2 == 0,
            Owner = owner,
        });
        SamplePage home = site.Add(new SamplePage(site, "/", SamplePageKind.Home, Prose.Title(random, topic)));
        PlantedWeb.AddFiles(site);
        SamplePage about = site.Add(new SamplePage(site, "/about.html", SamplePageKind.About, "About us"));
        SamplePage privacy = site.Add(new SamplePage(site, "/privacy.html", SamplePageKind.About, "Privacy") { Noindex = true, RobotsInHeader = i % 2 == 1 });
        List<SamplePage> sections = [], articles = [];
        int style = random.Below(5);
        for (int s = 0, count = Math.Clamp(pages / 8, 1, 4); s < count; s++)
            sections.Add(site.Add(new SamplePage(site, "/" + topic.Nouns[(i + s) % topic.Nouns.Length] + "s/", SamplePageKind.Section, "All about " + topic.Nouns[(i + s) % topic.Nouns.Length] + "s")));
        for (int a = 0, count = Math.Max(1, pages - 3 - sections.Count); a < count; a++)
        {
            SamplePage section = sections[a % sections.Count];
            string title = Prose.Title(random, topic);
            string slug = title.ToLowerInvariant().Replace(", ", "-", StringComparison.Ordinal).Replace(' ', '-') + "-" + PageTemplate.Number(a + 1);
            string path = style switch
            {
                0 => section.Path + slug + ".html",
                1 => $"/20{random.Between(18, 25)}/{random.Between(10, 12)}/{slug}/",
                2 => "/index.php?id=" + PageTemplate.Number(a + 1),
                3 => "/" + slug,
                _ => a % 4 == 0 ? "/caf%C3%A9/" + slug : section.Path + "texts/" + slug,
            };
            string language = random.Chance(0.08) ? random.Pick(Snippet.All).Language : "en";
            SamplePage article = site.Add(new SamplePage(site, path, SamplePageKind.Article, title)
            {
                Section = section,
                Language = language,
                Noindex = a % 23 == 11,
                Nofollow = a % 29 == 17,
                RobotsInHeader = a % 2 == 0,
            });
            article.Canonical = a % 3 == 0 ? article.Url : null;
            articles.Add(article);
            section.Planned.Add(new(article.Url, title, Place: SampleZone.MainList));
        }
        home.Planned.AddRange(sections.Select(s => new PlannedLink(s.Url, s.Title, Place: SampleZone.Main)));
        home.Planned.AddRange(articles.Take(10).Select(a => new PlannedLink(a.Url, a.Title, Place: SampleZone.MainList)));
        about.Planned.Add(new(home.Url, "our first page"));
        site.NavLinks.Add(new(home.Url, "Home", Place: SampleZone.Nav));
        site.NavLinks.AddRange(sections.Select(s => new PlannedLink(s.Url, s.Title, Place: SampleZone.Nav)));
        site.NavLinks.Add(new(about.Url, "About", Place: SampleZone.Nav));
        site.FooterLinks.Add(new(about.Url, "Contact", Place: SampleZone.Footer));
        site.FooterLinks.Add(new(privacy.Url, "Privacy", i % 3 == 0 ? SampleRel.Nofollow : SampleRel.None, SampleZone.Footer));
        Duplicates(site, articles);
        Private(site, articles, i, random);
        return site;
    }

    /// <summary>Print versions: the same text under another URL, half of them naming the original as canonical.</summary>
    private static void Duplicates(SampleSite site, List<SamplePage> articles)
    {
        for (int a = 7; a < articles.Count; a += 15)
        {
            SamplePage original = articles[a];
            if (original.Language != "en")
                continue;
            SamplePage copy = site.Add(new SamplePage(site, "/print/" + PageTemplate.Number(a), SamplePageKind.Duplicate, original.Title) { NearDuplicateOf = original, Section = original.Section });
            if (a % 2 == 1)
                copy.Canonical = original.Url;
            articles[a - 1].Planned.Add(new(copy.Url, "print version"));
        }
    }

    /// <summary>robots.txt, what it forbids, and sitemaps in turn: XML, index of gzip, text, RSS; with pages that only they know.</summary>
    private static void Private(SampleSite site, List<SamplePage> articles, int i, SeededRandom random)
    {
        switch (i % 3)
        {
            case 0:
                return; // no robots.txt
            case 1:
                site.Robots = SampleRobots.Open;
                break;
            default:
                site.Robots = SampleRobots.Plain;
                foreach (string path in (string[])["/private/notes.html", "/drafts-2026.html"])
                {
                    SamplePage hidden = site.Add(new SamplePage(site, path, SamplePageKind.Article, Prose.Title(random, site.Topic)));
                    random.Pick(articles).Planned.Add(new(hidden.Url, hidden.Title));
                }
                break;
        }
        if (i % 2 == 0)
            return;
        List<string> urls = [.. articles.Where(a => !a.Noindex).Select(a => a.Url)];
        for (int n = 0; n < 2; n++)
        {
            SamplePage alone = site.Add(new SamplePage(site, "/only-in-sitemap-" + PageTemplate.Number(n) + ".html", SamplePageKind.Article, Prose.Title(random, site.Topic)) { SitemapOnly = true });
            alone.Planned.Add(new(site.Home.Url, "first page"));
            urls.Add(alone.Url);
        }
        site.Robots = site.Robots.With(Sitemaps.Plant(site, urls, i / 2 % 4));
    }

    private void LinkOut(SampleSite site, SeededRandom random)
    {
        IReadOnlyList<SamplePage> articles = site.Articles;
        foreach (SamplePage page in articles)
        {
            for (int n = random.Between(1, 5); n > 0; n--)
                page.Planned.Add(Draw(site, page, articles, random));
            for (int n = random.Below(3); n > 0; n--)
                page.Planned.Add(Own(random.Pick(articles), SampleZone.Aside));
            if (random.Chance(0.3))
            {
                // Commenters leave their sites; a name, a naked URL or a bare word.
                SampleSite friend = Popular(site.Topic, random);
                page.Planned.Add(new(friend.Home.Url, random.Pick((string[])["my site", "here", "Jo"]), SampleRel.Ugc | SampleRel.Nofollow, SampleZone.Comments, random.Chance(0.4) ? AnchorStyle.Naked : AnchorStyle.Text));
            }
        }
        if (random.Chance(0.15))
        {
            SampleSite maker = Popular(random.Pick(Topic.All), random);
            site.FooterLinks.Add(new(maker.Home.Url, "Design by " + maker.Title, SampleRel.None, SampleZone.Footer)); // site-wide
        }
    }

    private static PlannedLink Own(SamplePage page, SampleZone place) => new(page.Url, page.Title, Place: place);

    private PlannedLink Draw(SampleSite site, SamplePage page, IReadOnlyList<SamplePage> articles, SeededRandom random)
    {
        int dice = random.Below(100);
        SamplePage other = random.Pick(articles);
        if (dice < 40)
            return dice < 3 ? new(other.Url, random.Pick((string[])["here", "this page", "read more", "click here"])) : Own(other, SampleZone.Main);
        if (dice < 42)
            return new("http://" + site.Host + "/missing/" + PageTemplate.Number(random.Below(1000)) + ".html", "an older text"); // a dead link
        if (dice < 44)
            return new($"http://outside-{PageTemplate.Number(random.Below(20))}.example/page", "a page elsewhere"); // not of this web
        SampleSite friend = Popular(dice < 90 ? site.Topic : random.Pick(Topic.All), random);
        string phrase = Prose.Phrase(random, site.Topic);
        if (dice < 47)
            return new(friend.Home.Url, phrase, SampleRel.Sponsored | (dice < 46 ? SampleRel.Nofollow : 0));
        if (dice < 49)
            return new(friend.Home.Url, "", Style: AnchorStyle.Empty);
        if (dice < 52)
            return new(friend.Home.Url, friend.Title, Style: AnchorStyle.Image);
        if (dice < 56)
            return new(friend.Home.Url, "", Style: AnchorStyle.Naked);
        SampleRel rel = dice < 60 ? SampleRel.Noopener | SampleRel.Noreferrer : dice < 63 ? SampleRel.Nofollow : dice < 64 ? SampleRel.External : SampleRel.None;
        SampleZone place = dice % 10 == 9 ? SampleZone.MainList : SampleZone.Main;
        return random.Chance(0.5) ? new(friend.Home.Url, phrase, rel, place) : new(random.Pick(friend.Articles).Url, phrase, rel, place);
    }

    /// <summary>A site of the topic, the early ones more likely: the minimum of two draws.</summary>
    public SampleSite Popular(Topic topic, SeededRandom random)
    {
        List<SampleSite> sites = _byTopic.TryGetValue(topic.Name, out List<SampleSite>? same) ? same : _listed;
        return sites[Math.Min(random.Below(sites.Count), random.Below(sites.Count))];
    }

    /// <summary>Two directories of all sites by topic; one of them marks what it lists as nofollow for one topic.</summary>
    public IEnumerable<string> PlantDirectories()
    {
        foreach (string host in (string[])["directory.example", "www.goodlinks.test"])
        {
            SampleSite site = web.Add(new SampleSite(web, host, SampleSiteKind.Directory, Topic.All[8], host == "directory.example" ? "The Directory" : "Good Links")
            { Markup = host == "directory.example" ? SampleMarkup.Html5 : SampleMarkup.Bare, Codings = "gzip", Validators = true, Robots = SampleRobots.Open });
            SamplePage home = site.Add(new SamplePage(site, "/", SamplePageKind.Home, "Sites by topic"));
            PlantedWeb.AddFiles(site);
            site.NavLinks.Add(new(home.Url, "Start", Place: SampleZone.Nav));
            foreach (IGrouping<string, SampleSite> topic in _listed.GroupBy(s => s.TopicName))
            {
                int n = 0;
                foreach (SampleSite[] part in topic.Chunk(200))
                {
                    SamplePage page = site.Add(new SamplePage(site, $"/{topic.Key}/{(n == 0 ? "" : PageTemplate.Number(n + 1))}", SamplePageKind.Section, "Sites on " + topic.Key));
                    n++;
                    home.Planned.Add(new(page.Url, page.Title, Place: SampleZone.MainList));
                    bool withheld = host != "directory.example" && topic.Key == "money";
                    page.Planned.AddRange(part.Select(s => new PlannedLink(s.Home.Url, s.Title, withheld ? SampleRel.Nofollow : SampleRel.None, SampleZone.MainList)));
                }
            }
            yield return home.Url;
        }
    }

    /// <summary>A page that leads to every lab.</summary>
    public string PlantIndex(List<SamplePage> entrances)
    {
        SampleSite site = web.Add(new SampleSite(web, "labs.example", SampleSiteKind.Lab, Topic.All[8], "Labs") { Markup = SampleMarkup.Html5 });
        SamplePage home = site.Add(new SamplePage(site, "/", SamplePageKind.Home, "Experiments"));
        PlantedWeb.AddFiles(site);
        home.Planned.AddRange(entrances.Select(e => new PlannedLink(e.Url, e.Title.Length > 0 ? e.Title : e.Site.Title, Place: SampleZone.MainList)));
        return home.Url;
    }

    /// <summary>Decides what becomes of some pages: losses that last, obstacles for one epoch, two hosts that die.</summary>
    public void PlantChanges()
    {
        SampleOutcome[] obstacles = [SampleOutcome.Blocked, SampleOutcome.Challenged, SampleOutcome.Truncated, SampleOutcome.RateLimited, SampleOutcome.ServerError, SampleOutcome.TimedOut, SampleOutcome.NetworkError];
        SampleLoss[] losses = [SampleLoss.Removed, SampleLoss.PageGone, SampleLoss.RedirectedAway, SampleLoss.Noindex, SampleLoss.NotCanonical, SampleLoss.BecameNofollow];
        SeededRandom random = SeededRandom.For(web.Options.Seed, "changes");
        int turn = 0;
        foreach (SampleSite site in _ordinary)
            foreach (SamplePage page in site.Pages)
            {
                if (page.Kind != SamplePageKind.Article || page.DisallowLine != 0 || page.Nofollow || page.Noindex || page.SitemapOnly || !random.Chance(0.15)
                    || !page.Planned.Exists(l => l.Place == SampleZone.Main))
                    continue;
                int epoch = random.Between(1, 2);
                SampleOutcome obstacle = obstacles[turn / 2 % obstacles.Length];
                if (!web.Options.Errors && obstacle is SampleOutcome.RateLimited or SampleOutcome.TimedOut)
                    obstacle = SampleOutcome.Blocked;
                page.Change = turn % 2 == 0 ? new(epoch, losses[turn / 2 % losses.Length]) : new(epoch, SampleLoss.None, obstacle);
                turn++;
            }
        List<SampleSite> mortal = [.. _ordinary.Where(s => s.Kind == SampleSiteKind.Ordinary)];
        if (mortal.Count > 8)
        {
            mortal[^1].DeadFrom = 1;
            mortal[^2].DeadFrom = 2;
        }
    }
}
