namespace Backlinks.SampleWeb;

/// <summary>A host for each shape of robots.txt, with pages that it allows and pages that it forbids, all linked from its home.</summary>
internal static class RobotsLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances)
    {
        Host("none", SampleRobots.None, "/a.html", "/private/b.html");
        Host("plain", SampleRobots.Plain, "/a.html", "/private/b.html", "/private", "/drafts", "/draftsman.html", "/Private/c.html");
        Host("closed", SampleRobots.Closed, "/a.html");
        Host("allow", SampleRobots.AllowOverride, "/shop/a.html", "/shop/open/b.html", "/shop/open/closed.html", "/shops.html");
        Host("wildcards", SampleRobots.Wildcards, "/x.pdf", "/x.pdf?v=1", "/y.html?print=1", "/y.html?page=1&print=1", "/a/b/secret", "/a/b/c/secrets.html", "/b/secret");
        Host("own-group", SampleRobots.OwnGroup, "/a.html", "/members/b.html");
        Host("other-group", SampleRobots.OtherGroup, "/a.html", "/tmp/b.html");
        Host("two-groups", SampleRobots.TwoGroups, "/one/a.html", "/two/b.html", "/three/c.html");
        if (web.Options.Errors)
            Host("delay", SampleRobots.Delay, "/a.html", "/slow/b.html");
        Host("messy", SampleRobots.Messy, "/x", "/mess/b.html", "/caf%C3%A9/c.html", "/cafe/d.html");
        Host("huge", SampleRobots.Huge, "/a.html", "/hidden/b.html");
        Host("forbidden", SampleRobots.Forbidden, "/a.html");
        Host("broken", SampleRobots.Broken, "/a.html");
        Host("empty", SampleRobots.Empty, "/a.html");
        Host("html", SampleRobots.Html, "/a.html");
        Redirected("redirected", "http://robots-redirected.test/rules/robots.txt", "/rules/robots.txt");
        Redirected("elsewhere", "http://robots-files.test/robots-elsewhere.txt", "");
        SampleSite files = web.Add(new SampleSite(web, "robots-files.test", SampleSiteKind.Robots, Topic.All[8], "Robots files") { Markup = SampleMarkup.Html5 });
        entrances.Add(files.Add(new SamplePage(files, "/", SamplePageKind.Home, "Files of others")));
        PlantedWeb.AddFiles(files);
        File(files, "/robots-elsewhere.txt");

        SampleSite Host(string name, SampleRobots robots, params string[] paths)
        {
            SampleSite site = web.Add(new SampleSite(web, $"robots-{name}.test", SampleSiteKind.Robots, Topic.All[8], "Robots " + name) { Markup = SampleMarkup.Classes, Robots = robots });
            SamplePage home = site.Add(new SamplePage(site, "/", SamplePageKind.Home, "Robots " + name));
            PlantedWeb.AddFiles(site);
            foreach (string path in paths)
            {
                SamplePage page = site.Add(new SamplePage(site, path, SamplePageKind.Lab, "Text " + path));
                page.Planned.Add(new(home.Url, "back"));
                home.Planned.Add(new(page.Url, page.Title, Place: SampleZone.MainList));
            }
            entrances.Add(home);
            return site;
        }

        void Redirected(string name, string to, string path)
        {
            SampleSite site = Host(name, SampleRobots.Plain.Redirecting(to), "/a.html", "/private/b.html");
            if (path.Length > 0)
                File(site, path);
        }

        static void File(SampleSite site, string path) =>
            site.Add(new SamplePage(site, path, SamplePageKind.Robots, "") { ContentType = "text/plain", Outcome = SampleOutcome.NotHtml, File = () => PlantedWeb.Utf8(SampleRobots.Plain.Text) });
    }
}
