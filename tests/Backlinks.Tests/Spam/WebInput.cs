using System.Text;
using System.Text.RegularExpressions;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.SampleWeb;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

/// <summary>The web's domains, weighted as links of such places and marks are, with anchors, counters and fingerprints.</summary>
internal sealed partial class WebInput : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string[] _keys;
    private readonly LinkGraph _graph;

    public WebInput(PlantedWeb web, bool ownersKnown)
    {
        SampleLink[] links = [.. web.Truth.Links];
        var counters = new SortedDictionary<string, HashSet<ulong>>(StringComparer.Ordinal);
        var edges = new Dictionary<(string Source, string Target), (double Weight, Dictionary<string, uint> Anchors)>();
        foreach (SampleLink link in links)
        {
            string source = Domain(link.Source), target = Domain(link.Target);
            if (link.Kind == SampleKind.Script && link.Target.Contains("?id=", StringComparison.Ordinal))
            {
                if (!counters.TryGetValue(source, out HashSet<ulong>? ids))
                    counters.Add(source, ids = []);
                ids.Add(Fnv(link.Target));
            }
            if (link.Kind is not (SampleKind.Anchor or SampleKind.Area) || source == target)
                continue;
            if (!edges.TryGetValue((source, target), out (double Weight, Dictionary<string, uint> Anchors) edge))
                edge = (0, []);
            edge.Weight += Weight(link);
            string anchor = link.Anchor.Trim().ToLowerInvariant();
            edge.Anchors[anchor] = edge.Anchors.GetValueOrDefault(anchor) + 1;
            edges[(source, target)] = edge;
        }
        foreach ((string, string) none in edges.Where(e => e.Value.Weight == 0).Select(e => e.Key).ToArray())
            edges.Remove(none);
        _keys = [.. web.Sites.Select(s => s.Domain).Concat(edges.Keys.Select(e => e.Target)).Select(Reversed).Distinct().Order(StringComparer.Ordinal)];
        TestGraphs.Build(_folder.Path, _keys.Length, edges.Select(e => new TestLink((uint)Node(e.Key.Source), (uint)Node(e.Key.Target), Math.Min(Math.Log2(1 + e.Value.Weight), Math.Log2(33)))), weighted: true, _keys);
        _graph = LinkGraph.Open(_folder.Path);
        string[] owners = [.. web.Sites.Select(s => s.Owner).Where(o => o.Length > 0).Distinct().Order(StringComparer.Ordinal)];
        uint[] owner = new uint[_keys.Length];
        var texts = new List<ulong>?[_keys.Length];
        foreach (SampleSite site in web.Sites)
        {
            if (ownersKnown && site.Owner.Length > 0)
                owner[Node(site.Domain)] = (uint)Array.IndexOf(owners, site.Owner) + 1;
            (texts[Node(site.Domain)] ??= []).AddRange(site.Pages.Where(p => p.Kind == SamplePageKind.Article).Take(10).Select(p => Fingerprint(SampleWeb.PlantedWebTests.Decode(p, p.Answer().Body))));
        }
        Input = new SpamInput
        {
            Graph = _graph,
            Raw = DiscountedAuthority.Compute(_graph),
            Owners = owner,
            Channels = [SharedKeys.FromLists("counter account", EvidenceFamily.Infrastructure, [.. _keys.Select(k => (IReadOnlyCollection<ulong>?)counters.GetValueOrDefault(Reversed(k)))]) with { Strength = 3 }],
            Contents = SharedKeys.FromLists("text", EvidenceFamily.Content, texts),
            Anchors = Rows(edges),
        };
    }

    public SpamInput Input { get; }

    public int Node(string domain) => Array.BinarySearch(_keys, Reversed(domain), StringComparer.Ordinal);

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private LinkAnchors Rows(Dictionary<(string Source, string Target), (double Weight, Dictionary<string, uint> Anchors)> edges)
    {
        string[] all = [.. edges.Values.SelectMany(e => e.Anchors.Keys).Distinct().Order(StringComparer.Ordinal)];
        List<long> offsets = [0];
        List<uint> anchors = [], counts = [];
        for (int target = 0; target < _graph.NodeCount; target++)
            foreach (uint source in _graph.InOf(target))
            {
                foreach ((string text, uint count) in edges[(_graph.Names[(int)source], _graph.Names[target])].Anchors.OrderBy(a => a.Key, StringComparer.Ordinal))
                {
                    anchors.Add((uint)Array.BinarySearch(all, text, StringComparer.Ordinal));
                    counts.Add(count);
                }
                offsets.Add(anchors.Count);
            }
        return new LinkAnchors([.. offsets], [.. anchors], [.. counts], all);
    }

    private static double Weight(SampleLink link) =>
        (link.Rel & (SampleRel.Nofollow | SampleRel.PageNofollow | SampleRel.Sponsored)) != 0 ? 0 : (link.Rel & SampleRel.Ugc) != 0 ? 0.05 : link.Place switch
        {
            SampleZone.Main => 1,
            SampleZone.MainList => 0.8,
            SampleZone.Aside => 0.3,
            SampleZone.Nav or SampleZone.Header => 0.25,
            SampleZone.Footer or SampleZone.Comments => 0.1,
            _ => 0.5,
        };

    private static string Domain(string url)
    {
        string host = url.Split('/')[2].Split(':')[0];
        string[] labels = host.Split('.');
        return labels.Length < 2 ? host : labels[^2] + "." + labels[^1];
    }

    private static string Reversed(string domain) => string.Join('.', domain.Split('.').Reverse());

    private static ulong Fnv(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in text)
            hash = (hash ^ c) * 1099511628211;
        return hash;
    }

    private static ulong Fingerprint(string html)
    {
        SimHash hash = default;
        hash.Add(Encoding.UTF8.GetBytes(Tags().Replace(html, " ")), content: true);
        return hash.Value;
    }

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();
}
