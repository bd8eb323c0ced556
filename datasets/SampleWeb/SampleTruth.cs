using System.Globalization;
using System.Text.Json;

namespace Backlinks.SampleWeb;

/// <summary>How far a crawl goes from its seeds.</summary>
public enum SampleScope
{
    /// <summary>Every host of the web and every http host beside it, which answers 404 to all.</summary>
    Everything,

    /// <summary>Hosts of the web.</summary>
    Web,

    /// <summary>The registrable domains of the seeds.</summary>
    Domain,

    /// <summary>The hosts of the seeds.</summary>
    Host,
}

/// <summary>The rules of a polite crawler, as far as they decide what it reaches.</summary>
public sealed record SampleReachRules
{
    /// <summary>Null for <see cref="PlantedWeb.Seeds"/>.</summary>
    public IReadOnlyList<string>? Seeds { get; init; }

    public SampleScope Scope { get; init; } = SampleScope.Web;

    public int Epoch { get; init; }

    /// <summary>Links with rel=nofollow are followed too; those of a page that is nofollow as a whole never are.</summary>
    public bool FollowNofollow { get; init; }

    /// <summary>Kinds whose targets are visited. HTTP Link headers other than canonical, images, forms and files are not.</summary>
    public IReadOnlySet<SampleKind> Follow { get; init; } = new HashSet<SampleKind>
    {
        SampleKind.Anchor, SampleKind.Area, SampleKind.Canonical, SampleKind.Alternate, SampleKind.Frame, SampleKind.MetaRefresh, SampleKind.Redirect,
    };

    /// <summary>Sitemaps that robots.txt names are read.</summary>
    public bool Sitemaps { get; init; } = true;

    /// <summary>In a row; a URL that only a longer chain leads to is not reached.</summary>
    public int MaxRedirects { get; init; } = 10;

    /// <summary>Longer URLs are not visited.</summary>
    public int MaxUrl { get; init; } = 2083;
}

/// <summary>What a crawl must reach: worked out over the plan, not over the HTML. The sets do not overlap.</summary>
public sealed class SampleReach
{
    /// <summary>Every URL to be requested at least once, whatever the answer, sitemaps among them; robots.txt and traps not.</summary>
    public IReadOnlySet<string> Requested => RequestedSet;

    /// <summary>Those of <see cref="Requested"/> that a robots.txt, not a link, leads to.</summary>
    public IReadOnlySet<string> Sitemaps => SitemapSet;

    /// <summary>Those of <see cref="Requested"/> that are whole pages of HTML: what a reader has to find in a store.</summary>
    public IEnumerable<SamplePage> Pages => PageList;

    /// <summary>URLs met that robots.txt forbids, with its line; -1 where the file cannot be had.</summary>
    public IReadOnlyDictionary<string, int> Disallowed => DisallowedLines;

    /// <summary>URLs of traps met at the edge of the reachable set.</summary>
    public IReadOnlySet<string> TrapEntrances => TrapSet;

    /// <summary>URLs that only a chain of too many redirects leads to.</summary>
    public IReadOnlySet<string> BeyondRedirects => BeyondSet;

    /// <summary>Out of scope, not http, too long, an address instead of a name, or on a dead host.</summary>
    public IReadOnlySet<string> Elsewhere => ElsewhereSet;

    internal HashSet<string> RequestedSet { get; } = [];

    internal HashSet<string> SitemapSet { get; } = [];

    internal List<SamplePage> PageList { get; } = [];

    internal Dictionary<string, int> DisallowedLines { get; } = [];

    internal HashSet<string> TrapSet { get; } = [];

    internal HashSet<string> BeyondSet { get; } = [];

    internal HashSet<string> ElsewhereSet { get; } = [];
}

/// <summary>A link that is lost from an epoch on.</summary>
public sealed record SampleLostLink(string Source, string Target, int Epoch, SampleLoss Reason);

/// <summary>A page that cannot be verified in one epoch: nothing of it is lost.</summary>
public sealed record SampleObstacle(string Source, int Epoch, SampleOutcome Outcome);

/// <summary>What was planted.</summary>
public sealed class SampleTruth
{
    private readonly PlantedWeb _web;

    internal SampleTruth(PlantedWeb web) => _web = web;

    /// <summary>All links of all pages in epoch 0, reachable or not, traps left out; page by page in the order of the document.
    /// Pages that are not kept in memory are written anew.</summary>
    public IEnumerable<SampleLink> Links => LinksAt(0);

    public IEnumerable<SampleLink> LinksAt(int epoch) =>
        _web.Sites.Where(s => s.DeadFrom > epoch).SelectMany(s => s.Pages).SelectMany(p => p.Answer(epoch).Links);

    /// <summary>What a crawl reaches. Takes about as long as writing all pages once.</summary>
    public SampleReach Reach(SampleReachRules? rules = null)
    {
        rules ??= new SampleReachRules();
        IReadOnlyList<string> seeds = rules.Seeds ?? _web.Seeds;
        HashSet<string> hosts = [.. seeds.Select(HostOf)];
        HashSet<string> domains = [.. seeds.Select(s => DomainOf(HostOf(s)))];
        SampleReach reach = new();
        Dictionary<string, int> best = []; // fewest redirects in a row by which a URL was reached
        HashSet<string> askedHosts = [], known = [];
        Queue<(string Url, int Redirects, bool Sitemap)> queue = new();
        foreach (string seed in seeds)
            Meet(seed, 0, false);
        while (queue.TryDequeue(out (string Url, int Redirects, bool Sitemap) next))
            Visit(next.Url, next.Redirects, next.Sitemap);
        reach.BeyondSet.ExceptWith(reach.RequestedSet);
        return reach;

        bool InScope(string host) => rules.Scope switch
        {
            SampleScope.Everything => true,
            SampleScope.Web => _web.FindSite(host) is not null,
            SampleScope.Domain => domains.Contains(DomainOf(host)),
            _ => hosts.Contains(host),
        };

        void Meet(string url, int redirects, bool sitemap)
        {
            if (!url.StartsWith("http://", StringComparison.Ordinal) || url.Length > rules.MaxUrl || IsAddress(HostOf(url)) || !InScope(HostOf(url))
                || _web.FindSite(HostOf(url)) is { } site && site.DeadFrom <= rules.Epoch)
            {
                reach.ElsewhereSet.Add(url);
                return;
            }
            if (_web.InTrap(url))
            {
                reach.TrapSet.Add(url);
                return;
            }
            if (redirects > rules.MaxRedirects)
            {
                reach.BeyondSet.Add(url);
                return;
            }
            (string host, string path) = HrefForms.Split(url);
            AskRobots(host);
            int line = _web.FindSite(host)?.Robots.DisallowLine(path) ?? 0;
            if (line != 0)
                reach.DisallowedLines[url] = line;
            else if (!best.TryGetValue(url, out int had) || redirects < had)
            {
                best[url] = redirects;
                queue.Enqueue((url, redirects, sitemap));
            }
        }

        void AskRobots(string host)
        {
            if (!rules.Sitemaps || !askedHosts.Add(host) || _web.FindSite(host) is not { } site)
                return;
            foreach (string sitemap in site.Sitemaps)
                Meet(sitemap, 0, true);
        }

        void Visit(string url, int redirects, bool sitemap)
        {
            bool first = reach.RequestedSet.Add(url);
            if (_web.Find(url) is not { } page)
                return; // 404
            SampleAnswer answer = page.Answer(rules.Epoch);
            if (sitemap)
            {
                reach.SitemapSet.Add(url);
                foreach (string listed in page.Listed)
                    Meet(listed, 0, _web.Find(listed) is { Kind: SamplePageKind.Sitemap });
                return;
            }
            if (first && answer.Outcome == SampleOutcome.Fetched && answer.Status == 200)
                reach.PageList.Add(page);
            if (answer.Outcome is not (SampleOutcome.Fetched or SampleOutcome.Redirected))
                return; // what else has links, has none that are not elsewhere too
            known.Clear();
            foreach (SampleLink link in answer.Links)
            {
                if (!rules.Follow.Contains(link.Kind) || (link.Rel & SampleRel.PageNofollow) != 0 || ((link.Rel & SampleRel.Nofollow) != 0 && !rules.FollowNofollow))
                    continue;
                if (known.Add(link.Target))
                    Meet(link.Target, link.Kind == SampleKind.Redirect ? redirects + 1 : 0, false);
            }
        }
    }

    /// <summary>Links that are lost in an epoch, after it had them before: anchors and areas, one entry for each pair of
    /// source and target that is gone or carries no authority any more wherever on the page it stood.</summary>
    public IEnumerable<SampleLostLink> Losses(int epoch)
    {
        foreach (SampleSite site in _web.Sites)
            foreach (SamplePage page in site.Pages)
            {
                if (site.DeadFrom < epoch || page.Outcome != SampleOutcome.Fetched)
                    continue;
                bool died = site.DeadFrom == epoch;
                if (!died && (page.Change is not { } change || change.Loss == SampleLoss.None || change.Epoch != epoch))
                    continue;
                if (died && page.Change is { } earlier && earlier.Loss != SampleLoss.None && earlier.Epoch < epoch && earlier.Loss != SampleLoss.Removed)
                    continue; // lost already
                SampleLoss reason = died ? SampleLoss.HostDead : page.Change!.Loss;
                HashSet<string> still = died ? [] : [.. Live(page.Answer(epoch), reason)];
                bool partial = reason is SampleLoss.Removed or SampleLoss.BecameNofollow;
                foreach (string target in Live(page.Answer(epoch - 1), reason).Distinct())
                    if (!partial || !still.Contains(target))
                        yield return new SampleLostLink(page.Url, target, epoch, reason);
            }
    }

    /// <summary>Pages that stand but cannot be verified in an epoch.</summary>
    public IEnumerable<SampleObstacle> Obstacles(int epoch) =>
        from site in _web.Sites
        where site.DeadFrom > epoch
        from page in site.Pages
        where page.Change is { Loss: SampleLoss.None } change && change.Epoch == epoch
        select new SampleObstacle(page.Url, epoch, page.Change!.Obstacle);

    private static IEnumerable<string> Live(SampleAnswer answer, SampleLoss reason) => answer.Links
        .Where(l => l.Kind is SampleKind.Anchor or SampleKind.Area && (reason != SampleLoss.BecameNofollow || (l.Rel & (SampleRel.Nofollow | SampleRel.PageNofollow)) == 0))
        .Select(l => l.Target);

    /// <summary>Everything as JSON: options, seeds, sites with pages, links, reachable set, groups, traps, changes.</summary>
    public void WriteJson(Stream stream, SampleReachRules? rules = null)
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = false });
        json.WriteStartObject();
        json.WriteNumber("seed", _web.Options.Seed);
        Strings("seeds", _web.Seeds);
        json.WriteStartArray("groups");
        foreach (SampleGroup group in _web.Groups)
        {
            json.WriteStartObject();
            json.WriteString("name", group.Name);
            json.WriteBoolean("spam", group.Spam);
            Strings("hosts", group.Hosts);
            Strings("targets", group.Targets);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("traps");
        foreach (SampleTrap trap in _web.Traps)
        {
            json.WriteStartObject();
            json.WriteString("name", trap.Name);
            json.WriteString("prefix", "http://" + trap.Host + trap.Prefix);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        SampleReach reach = Reach(rules);
        json.WriteStartObject("reach");
        Strings("requested", reach.Requested.Order(StringComparer.Ordinal));
        Strings("sitemaps", reach.Sitemaps.Order(StringComparer.Ordinal));
        json.WriteStartObject("disallowed");
        foreach ((string url, int line) in reach.Disallowed.OrderBy(d => d.Key, StringComparer.Ordinal))
            json.WriteNumber(url, line);
        json.WriteEndObject();
        Strings("trapEntrances", reach.TrapEntrances.Order(StringComparer.Ordinal));
        Strings("beyondRedirects", reach.BeyondRedirects.Order(StringComparer.Ordinal));
        json.WriteEndObject();
        json.WriteStartArray("sites");
        foreach (SampleSite site in _web.Sites)
        {
            json.WriteStartObject();
            json.WriteString("host", site.Host);
            json.WriteString("kind", site.Kind.ToString());
            json.WriteString("topic", site.TopicName);
            json.WriteString("markup", site.Markup.ToString());
            json.WriteString("owner", site.Owner);
            json.WriteString("group", site.Group);
            json.WriteString("counter", site.Counter);
            if (site.DeadFrom != int.MaxValue)
                json.WriteNumber("deadFrom", site.DeadFrom);
            json.WriteStartArray("pages");
            foreach (SamplePage page in site.Pages)
                Page(page);
            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
        }
        json.WriteEndArray();
        json.WriteStartArray("lost");
        for (int epoch = 1; epoch <= 2; epoch++)
            foreach (SampleLostLink lost in Losses(epoch))
            {
                json.WriteStartObject();
                json.WriteString("source", lost.Source);
                json.WriteString("target", lost.Target);
                json.WriteNumber("epoch", lost.Epoch);
                json.WriteString("reason", lost.Reason.ToString());
                json.WriteEndObject();
            }
        json.WriteEndArray();
        json.WriteEndObject();

        void Strings(string name, IEnumerable<string> values)
        {
            json.WriteStartArray(name);
            foreach (string value in values)
                json.WriteStringValue(value);
            json.WriteEndArray();
        }

        void Page(SamplePage page)
        {
            SampleAnswer answer = page.Answer();
            json.WriteStartObject();
            json.WriteString("url", page.Url);
            json.WriteString("kind", page.Kind.ToString());
            json.WriteNumber("status", answer.Status);
            json.WriteString("outcome", answer.Outcome.ToString());
            if (page.RedirectTo is { } to)
                json.WriteString("redirect", to);
            if (page.Canonical is { } canonical)
                json.WriteString("canonical", canonical);
            if (page.Noindex)
                json.WriteBoolean("noindex", true);
            if (page.Nofollow)
                json.WriteBoolean("nofollow", true);
            if (page.NearDuplicateOf is { } original)
                json.WriteString("nearDuplicateOf", original.Url);
            if (page.DisallowLine != 0)
                json.WriteNumber("disallowLine", page.DisallowLine);
            if (page.Change is { } change)
            {
                json.WriteNumber("changeEpoch", change.Epoch);
                json.WriteString("change", change.Loss != SampleLoss.None ? change.Loss.ToString() : change.Obstacle.ToString());
            }
            json.WriteStartArray("links");
            foreach (SampleLink link in answer.Links)
            {
                json.WriteStartObject();
                json.WriteString("target", link.Target);
                json.WriteString("href", link.Href);
                json.WriteString("kind", link.Kind.ToString());
                json.WriteString("rel", link.Rel.ToString());
                json.WriteString("zone", link.Zone.ToString());
                json.WriteString("place", link.Place.ToString());
                json.WriteString("anchor", link.Anchor);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            if (json.BytesPending > 1 << 20)
                json.Flush();
        }
    }

    private static string HostOf(string url)
    {
        int start = url.IndexOf("//", StringComparison.Ordinal) + 2;
        if (start < 2)
            return "";
        int end = url.AsSpan(start).IndexOfAny("/:?#");
        return end < 0 ? url[start..] : url.Substring(start, end);
    }

    private static string DomainOf(string host)
    {
        string[] labels = host.Split('.');
        return labels.Length < 2 ? host : labels[^2] + "." + labels[^1];
    }

    private static bool IsAddress(string host) => host.Length == 0 || host[0] == '[' || host[^1] is >= '0' and <= '9' && host.All(c => char.IsAsciiDigit(c) || c == '.');

    internal static string Invariant(long n) => n.ToString(CultureInfo.InvariantCulture);
}
