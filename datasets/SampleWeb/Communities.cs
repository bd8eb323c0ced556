namespace Backlinks.SampleWeb;

/// <summary>
/// Sites that belong together. Spam: a star of small sites around a target; a dense farm; a ring; a bipartite farm that hides
/// among links to good sites; a private blog network on one template and one counter; sellers of links. Honest and alike:
/// a corporate family, a franchise, university departments, a blog ring.
/// </summary>
internal sealed class Communities(PlantedWeb web, OrdinarySites ordinary)
{
    private readonly SeededRandom _random = SeededRandom.For(web.Options.Seed, "groups");
    private int _count;

    public void Plant()
    {
        for (int round = 1, rounds = Math.Max(1, web.Options.Sites / 60); round <= rounds; round++)
        {
            Star(round);
            Dense(round);
            Ring(round);
            Bipartite(round);
            BlogNetwork(round);
            Sellers(round);
            Family(round);
            Franchise(round);
            University(round);
            BlogRing(round);
        }
    }

    /// <summary>Eight one-purpose sites, all with the same money words, link to one target.</summary>
    private void Star(int round)
    {
        Topic topic = Topic.All[(10 + round) % Topic.All.Length];
        SampleSite target = Site($"best-{topic.Nouns[0]}-deals{Suffix(round)}.example", SampleSiteKind.FarmTarget, topic, 8);
        List<SampleSite> members = Many(8, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmMember, topic, 6));
        string money = $"cheap {topic.Nouns[0]} {topic.Nouns[1]}"; // the over-optimised anchor
        foreach (SampleSite member in members)
            foreach (SamplePage page in member.Articles)
                page.Planned.Add(new(target.Home.Url, money));
        Group($"farm-star-{round}", true, [target, .. members], [target]);
        Spread(members);
    }

    /// <summary>Every page of every member links to many other members, and all to the target.</summary>
    private void Dense(int round)
    {
        Topic topic = Topic.All[(9 + round) % Topic.All.Length];
        SampleSite target = Site($"{topic.Adjectives[1]}-{topic.Nouns[2]}-shop{Suffix(round)}.test", SampleSiteKind.FarmTarget, topic, 8);
        List<SampleSite> members = Many(6, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmMember, topic, 8));
        foreach (SampleSite member in members)
            foreach (SamplePage page in member.Articles)
            {
                page.Planned.Add(new(target.Home.Url, $"buy {topic.Nouns[2]}"));
                foreach (SampleSite other in members)
                    if (other != member && _random.Chance(0.7))
                        page.Planned.Add(new(_random.Pick(other.Articles).Url, Prose.Phrase(_random, topic), Place: SampleZone.Aside));
            }
        Group($"farm-dense-{round}", true, [target, .. members], [target]);
        Spread(members);
    }

    private void Ring(int round)
    {
        Topic topic = Topic.All[(3 + round) % Topic.All.Length];
        List<SampleSite> members = Many(7, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmMember, topic, 7));
        for (int i = 0; i < members.Count; i++)
            foreach (SamplePage page in members[i].Articles)
                page.Planned.Add(new(members[(i + 1) % members.Count].Home.Url, $"top {topic.Nouns[4]}"));
        Group($"farm-ring-{round}", true, members, members);
        Spread(members);
    }

    /// <summary>Hubs link to all targets and, to look honest, to twice as many good sites; targets do not link back.</summary>
    private void Bipartite(int round)
    {
        Topic topic = Topic.All[(5 + round) % Topic.All.Length];
        List<SampleSite> targets = Many(3, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmTarget, topic, 8));
        List<SampleSite> hubs = Many(5, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmMember, topic, 10));
        foreach (SampleSite hub in hubs)
            foreach (SamplePage page in hub.Articles)
            {
                page.Planned.Add(new(_random.Pick(targets).Home.Url, $"{topic.Adjectives[0]} {topic.Nouns[5]} online"));
                for (int i = 0; i < 2; i++)
                    page.Planned.Add(new(ordinary.Popular(topic, _random).Home.Url, Prose.Phrase(_random, topic)));
            }
        Group($"farm-bipartite-{round}", true, [.. targets, .. hubs], targets);
        Spread(hubs);
    }

    /// <summary>Blogs on different topics that share a template, a counter and one customer; they do not link to each other.</summary>
    private void BlogNetwork(int round)
    {
        SampleSite customer = Site($"casino-royal-slots{Suffix(round)}.example", SampleSiteKind.FarmTarget, Topic.All[10], 8);
        List<SampleSite> blogs = [];
        for (int i = 0; i < 6; i++)
        {
            Topic topic = Topic.All[(i * 2 + round) % Topic.All.Length];
            // Four apart: the same markup, codings differ no more than by chance.
            SampleSite blog = ordinary.Build(ordinary.NewHost(_random, topic, i), SampleSiteKind.FarmMember, topic, 8, 2 + 20 * i);
            blog.Counter = "UX-" + PageTemplate.Number(77000 + round);
            for (int a = 0; a < blog.Articles.Count; a += 2)
                blog.Articles[a].Planned.Add(new(customer.Home.Url, _random.Pick((string[])["best slots", "play slots online", "slots bonus"])));
            for (int a = 1; a < blog.Articles.Count; a += 2)
                blog.Articles[a].Planned.Add(new(ordinary.Popular(topic, _random).Home.Url, Prose.Phrase(_random, topic)));
            blogs.Add(blog);
        }
        Group($"farm-blogs-{round}", true, [customer, .. blogs], [customer]);
        Spread(blogs);
    }

    /// <summary>Real sites on one topic that sell links to anyone, unmarked: off-topic, exact anchors, in text and in every footer.</summary>
    private void Sellers(int round)
    {
        List<SampleSite> buyers = Many(2, i => Site(ordinary.NewHost(_random, Topic.All[10], i), SampleSiteKind.FarmTarget, Topic.All[10], 7));
        List<SampleSite> sellers = Many(2, i =>
        {
            Topic topic = Topic.All[(i * 5 + round) % Topic.All.Length];
            SampleSite seller = Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.LinkSeller, topic, 14);
            foreach (SamplePage page in seller.Articles)
            {
                page.Planned.Add(new(ordinary.Popular(topic, _random).Home.Url, Prose.Phrase(_random, topic)));
                if (_random.Chance(0.5))
                    page.Planned.Add(new(_random.Pick(buyers).Home.Url, _random.Pick((string[])["payday loans", "instant loan", "best mortgage rates"])));
            }
            seller.FooterLinks.Add(new(buyers[i].Home.Url, "loans", Place: SampleZone.Footer));
            return seller;
        });
        Group($"sellers-{round}", true, [.. sellers, .. buyers], buyers);
        foreach (SampleSite seller in sellers)
            ordinary.List(seller);
    }

    /// <summary>One owner, many brands, each on its own domain; every footer lists the others: dense, and honest.</summary>
    private void Family(int round)
    {
        string owner = $"Northwind{Suffix(round)} Group";
        List<SampleSite> brands = Many(6, i => ordinary.Build($"{Topic.All[(i + round) % 12].Nouns[i]}world{Suffix(round)}.example", SampleSiteKind.CorporateFamily, Topic.All[(i + round) % 12], 10, i, owner));
        foreach (SampleSite brand in brands)
        {
            brand.Counter = "UX-" + PageTemplate.Number(500 + round);
            foreach (SampleSite other in brands)
                if (other != brand)
                    brand.FooterLinks.Add(new(other.Home.Url, other.Title, Place: SampleZone.Footer));
        }
        Group($"family-{round}", false, brands, []);
        Honest(brands);
    }

    /// <summary>Branches of one shop on subdomains of one domain, all with one text.</summary>
    private void Franchise(int round)
    {
        string[] towns = ["leeds", "bath", "york", "derby", "truro"];
        List<SampleSite> branches = Many(towns.Length, i => ordinary.Build($"{towns[i]}.breadandbun{Suffix(round)}.example", SampleSiteKind.Franchise, Topic.All[1], 6, 4, "Bread and Bun Ltd"));
        foreach (SampleSite branch in branches)
            foreach (SampleSite other in branches)
                branch.NavLinks.Add(new(other.Home.Url, other.Host.Split('.')[0], Place: SampleZone.Nav));
        Group($"franchise-{round}", false, branches, []);
        Honest(branches);
    }

    private void University(int round)
    {
        string[] names = ["physics", "history", "music", "medicine", "computing"];
        int[] topics = [5, 7, 11, 9, 8];
        List<SampleSite> departments = Many(names.Length, i => ordinary.Build($"{names[i]}.uni-riverton{Suffix(round)}.example", SampleSiteKind.UniversityDepartment, Topic.All[topics[i]], 10, 0, "University of Riverton"));
        foreach (SampleSite department in departments)
        {
            foreach (SampleSite other in departments)
                department.NavLinks.Add(new(other.Home.Url, "Department of " + other.Host.Split('.')[0], Place: SampleZone.Nav));
            foreach (SamplePage page in department.Articles)
                page.Planned.Add(new(ordinary.Popular(department.Topic, _random).Home.Url, Prose.Phrase(_random, department.Topic)));
        }
        Group($"university-{round}", false, departments, []);
        Honest(departments);
    }

    /// <summary>Friends who link to each other in a ring of previous and next, and to others as they please.</summary>
    private void BlogRing(int round)
    {
        Topic topic = Topic.All[(round + 6) % Topic.All.Length];
        List<SampleSite> blogs = Many(6, i => Site(ordinary.NewHost(_random, topic, i), SampleSiteKind.BlogRing, topic, 10));
        for (int i = 0; i < blogs.Count; i++)
        {
            blogs[i].FooterLinks.Add(new(blogs[(i + 1) % blogs.Count].Home.Url, "Next blog in the ring", Place: SampleZone.Footer));
            blogs[i].FooterLinks.Add(new(blogs[(i + blogs.Count - 1) % blogs.Count].Home.Url, "Previous blog in the ring", Place: SampleZone.Footer));
            foreach (SamplePage page in blogs[i].Articles)
                page.Planned.Add(new(ordinary.Popular(topic, _random).Home.Url, Prose.Phrase(_random, topic)));
        }
        Group($"blogring-{round}", false, blogs, []);
        ordinary.List(blogs[0]);
    }

    private SampleSite Site(string host, SampleSiteKind kind, Topic topic, int pages) => ordinary.Build(host, kind, topic, pages, _count++);

    private static List<SampleSite> Many(int n, Func<int, SampleSite> make)
    {
        List<SampleSite> sites = [];
        for (int i = 0; i < n; i++)
            sites.Add(make(i));
        return sites;
    }

    private void Group(string name, bool spam, List<SampleSite> members, List<SampleSite> targets)
    {
        foreach (SampleSite member in members)
            member.Group = name;
        web.GroupList.Add(new SampleGroup(name, spam, [.. members.Select(m => m.Host)], [.. targets.Select(t => t.Host)]));
    }

    /// <summary>Comment spam on ordinary sites, for one not moderated: how the farm gets found.</summary>
    private void Spread(List<SampleSite> members)
    {
        foreach (SampleSite member in members)
        {
            SampleSite host = ordinary.Sites[_random.Below(ordinary.Sites.Count)];
            SamplePage page = host.Articles[_random.Below(host.Articles.Count)];
            page.Planned.Add(new(member.Home.Url, "great post", _random.Chance(0.5) ? SampleRel.Ugc : SampleRel.None, SampleZone.Comments));
        }
    }

    /// <summary>In the directories, and praised by sites of their topic.</summary>
    private void Honest(List<SampleSite> members)
    {
        foreach (SampleSite member in members)
        {
            ordinary.List(member);
            SamplePage page = _random.Pick(ordinary.Popular(member.Topic, _random).Articles);
            page.Planned.Add(new(member.Home.Url, member.Title));
        }
    }

    private static string Suffix(int round) => round == 1 ? "" : PageTemplate.Number(round);
}
