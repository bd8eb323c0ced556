using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Stores;

/// <summary>The two graphs of <see cref="StoreGraphs"/> in dictionaries by name, from the definitions, link after link.</summary>
internal sealed class NaiveStoreGraphs
{
    private sealed record Link(StoredLink Of, LinkWeight Factors)
    {
        public LinkWeight Factors { get; set; } = Factors;
    }

    public Dictionary<(string, string), double> Pages { get; } = [];

    public Dictionary<string, double> PageLost { get; } = [];

    public Dictionary<(string, string), double> Domains { get; } = [];

    public Dictionary<string, double> DomainLost { get; } = [];

    /// <summary>Weights of the links between pages, sorted.</summary>
    public List<float> Weights { get; } = [];

    public NaiveStoreGraphs(ILinkStore store, LinkProfile profile, Func<string, string> fold, Func<string, string?> owner, Func<string, string, float> similarity)
    {
        static string Host(string url) => url.Contains("://", StringComparison.Ordinal) ? new Uri(url).Host : url;
        string DomainOf(string url) => fold(Host(url));
        string OwnerOf(string domain) => owner(domain) ?? "domain " + domain;
        static string Site(string url) => Host(url) is var host && host.StartsWith("www.", StringComparison.Ordinal) ? host[4..] : Host(url);
        static byte[] Key(string url) => Encoding.UTF8.GetBytes(NodeNames.ToKey(url));

        List<Link> all = [.. store.Links().Where(l => l.LostAt is null && StoreGraphs.Ranks(l.Kind) && l.Source != l.Target).Select(l => new Link(l, LinkWeight.Of(profile, l.Kind, l.Rel, l.Zone, l.Position,
            AnchorForms.Of(l.Anchor, l.Kind, l.Rel), l.Source.Contains("://", StringComparison.Ordinal) ? similarity(l.Source, l.Target) : float.NaN)))];
        foreach (Link report in all.Where(l => l.Of.Kind == LinkKind.Reported))
            if (report.Of.Source.Contains("://", StringComparison.Ordinal)
                ? all.Exists(l => l.Of.Kind is LinkKind.Anchor or LinkKind.Area && (l.Of.Source, l.Of.Target) == (report.Of.Source, report.Of.Target))
                : all.Exists(l => l.Of.Source.Contains("://", StringComparison.Ordinal) && (DomainOf(l.Of.Source), DomainOf(l.Of.Target)) == (DomainOf(report.Of.Source), DomainOf(report.Of.Target))))
                report.Factors = report.Factors with { Sitewide = 0 };
        List<Link> ofPages = [.. all.Where(l => l.Of.Source.Contains("://", StringComparison.Ordinal))];
        var pagesOfSites = ofPages.Where(l => l.Of.Kind is not (LinkKind.Redirect or LinkKind.Canonical)).GroupBy(l => Site(l.Of.Source)).ToDictionary(g => g.Key, g => g.Select(l => l.Of.Source).Distinct().Count());
        foreach (var group in ofPages.Where(l => l.Of.Kind is not (LinkKind.Redirect or LinkKind.Canonical) && l.Factors.Sitewide > 0 && (profile.SitewideInternal || DomainOf(l.Of.Source) != DomainOf(l.Of.Target)))
            .GroupBy(l => (Site(l.Of.Source), l.Of.Target, l.Of.Anchor, l.Of.Zone)))
        {
            int pages = group.Select(l => l.Of.Source).Distinct().Count();
            if (!profile.Uses(LinkFactorSet.Sitewide) || pages < profile.SitewidePages || pages < profile.SitewideShare * pagesOfSites[group.Key.Item1])
                continue;
            Link best = group.OrderByDescending(l => l.Factors.Weight).ThenByDescending(l => l.Factors.Full)
                .ThenBy(l => Key(l.Of.Source), Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b))).ThenBy(l => l.Of.Kind).First();
            foreach (Link link in group)
                link.Factors = link.Factors with { Sitewide = link == best ? (float)(profile.SitewideScale * (1 + Math.Log10(pages))) : 0 };
        }
        foreach (Link link in ofPages)
        {
            Add(Pages, (link.Of.Source, link.Of.Target), link.Factors.Weight);
            Add(PageLost, link.Of.Source, (double)link.Factors.Full - link.Factors.Weight);
            Weights.Add(link.Factors.Weight);
        }
        Weights.Sort();
        static double Edge(double sum) => Math.Log2(1 + Math.Min(32, sum));
        var pairs = all.GroupBy(l => (From: DomainOf(l.Of.Source), To: DomainOf(l.Of.Target))).Where(g => g.Key.From != g.Key.To)
            .ToDictionary(g => g.Key, g => (Weight: g.Sum(l => (double)l.Factors.Weight), Full: g.Sum(l => (double)l.Factors.Full)));
        foreach (var ((from, to), (weight, full)) in pairs)
        {
            double edge = Edge(weight);
            if (profile.Uses(LinkFactorSet.Owner) && OwnerOf(from) == OwnerOf(to))
                edge *= profile.WithinOwner;
            else if (profile.Uses(LinkFactorSet.Owner))
            {
                var group = pairs.Where(p => p.Key.To == to && OwnerOf(p.Key.From) == OwnerOf(from)).ToList();
                if (group.Count > 1 && group.Sum(p => Edge(p.Value.Weight)) is > 0 and { } parts)
                    edge *= Edge(group.Sum(p => p.Value.Weight)) / parts;
            }
            Add(Domains, (from, to), edge);
            Add(DomainLost, from, Edge(full) - edge);
        }
    }

    private static void Add<T>(Dictionary<T, double> sums, T key, double value) where T : notnull => sums[key] = sums.GetValueOrDefault(key) + value;
}
