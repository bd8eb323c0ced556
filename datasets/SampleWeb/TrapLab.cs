using System.Globalization;

namespace Backlinks.SampleWeb;

/// <summary>
/// Sets of URLs without end, each under one prefix of its own host, beside pages that are worth reading. The truth names the
/// prefix; no reachable set holds what is under it. A trap's pages are made when they are asked for and are not kept.
/// </summary>
internal static class TrapLab
{
    public static void Plant(PlantedWeb web, List<SamplePage> entrances)
    {
        Trap("calendar", "/calendar/", "/calendar/2026/1", path =>
        {
            string[] parts = path.Split('/');
            if (parts.Length != 4 || !int.TryParse(parts[2], CultureInfo.InvariantCulture, out int year) || !int.TryParse(parts[3], CultureInfo.InvariantCulture, out int month) || month is < 1 or > 12)
                return null;
            (int nextYear, int nextMonth) = month == 12 ? (year + 1, 1) : (year, month + 1);
            (int lastYear, int lastMonth) = month == 1 ? (year - 1, 12) : (year, month - 1);
            return [$"/calendar/{nextYear}/{nextMonth}", $"/calendar/{lastYear}/{lastMonth}"];
        });
        Trap("session", "/s/", "/s/start?sid=1", path =>
        {
            ulong sid = SeededRandom.Hash(1, path);
            return [.. Enumerable.Range(1, 4).Select(i => $"/s/item-{i}?sid={(sid + (ulong)i) % 1_000_000_007}")];
        });
        Trap("deeper", "/a/", "/a/b/", path => path.Length > 2000 ? [] : [path + "a/b/", path + "b/"]);
        Trap("facets", "/find", "/find?colour=red", path =>
        {
            string[] names = ["colour", "size", "brand", "sort", "page", "view", "price"];
            string[] values = ["red", "blue", "xl", "7", "up", "list", "low"];
            ulong h = SeededRandom.Hash(2, path);
            string query = path[(path.IndexOf('?', StringComparison.Ordinal) + 1)..];
            if (query.Length > 1500)
                return [];
            return [.. Enumerable.Range(0, 6).Select(i => $"/find?{query}&{names[(h >> (i * 5)) % 7]}={values[(h >> (i * 3)) % 7]}")];
        });
        Trap("next", "/list/", "/list/1", path =>
            long.TryParse(path["/list/".Length..], CultureInfo.InvariantCulture, out long n) ? [$"/list/{n + 1}", $"/list/{n + 2}"] : null);

        SampleSite hops = Host("hops", "/hop/", "/hop/1");
        hops.Endless = path => path.StartsWith("/hop/", StringComparison.Ordinal) && long.TryParse(path["/hop/".Length..], CultureInfo.InvariantCulture, out long n)
            ? new SamplePage(hops, path, SamplePageKind.Trap, "") { InTrap = true, Status = 302, Outcome = SampleOutcome.Redirected, RedirectTo = $"http://{hops.Host}/hop/{n + 1}" }
            : null;

        void Trap(string name, string prefix, string entrance, Func<string, string[]?> next)
        {
            SampleSite site = Host(name, prefix, entrance);
            site.Endless = path =>
            {
                if (!path.StartsWith(prefix, StringComparison.Ordinal) || next(path) is not { } targets)
                    return null;
                SamplePage page = new(site, path, SamplePageKind.Trap, "More of the same") { InTrap = true };
                page.Planned.AddRange(targets.Select((t, i) => new PlannedLink("http://" + site.Host + t, i == 0 ? "next" : "more", Place: SampleZone.MainList)));
                return page;
            };
        }

        SampleSite Host(string name, string prefix, string entrance)
        {
            SampleSite site = web.Add(new SampleSite(web, $"trap-{name}.test", SampleSiteKind.Trap, Topic.All[8], "Trap " + name) { Markup = SampleMarkup.Html5 });
            SamplePage home = site.Add(new SamplePage(site, "/", SamplePageKind.Home, "A site with a " + name));
            PlantedWeb.AddFiles(site);
            for (int i = 1; i <= 5; i++)
            {
                SamplePage page = site.Add(new SamplePage(site, $"/honest-{i}.html", SamplePageKind.Lab, "Worth reading " + PageTemplate.Number(i)));
                page.Planned.Add(new(home.Url, "back"));
                home.Planned.Add(new(page.Url, page.Title, Place: SampleZone.MainList));
            }
            home.Planned.Insert(0, new("http://" + site.Host + entrance, "the " + name));
            web.TrapList.Add(new SampleTrap(name, site.Host, prefix));
            entrances.Add(home);
            return site;
        }
    }
}
