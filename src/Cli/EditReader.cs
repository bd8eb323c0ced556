using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;

namespace Backlinks.Cli;

/// <summary>One edit of the command line and the changes of the graph that it comes to.</summary>
/// <param name="Word"><c>add</c>, <c>remove</c>, <c>nofollow</c> or <c>disavow</c>.</param>
/// <param name="Text">As written.</param>
/// <param name="Edits">None where the links named pass nothing as it is.</param>
internal sealed record ReadEdit(string Word, string Text, IReadOnlyList<LinkEdit> Edits);

/// <summary>
/// Reads edits: <c>SOURCE</c> or <c>SOURCE->DESTINATION</c> (also with →), the destination being the target where none is given.
/// <code>
/// remove   SOURCE        the node is gone with all its links;  SOURCE->DEST  only its links there
/// add      SOURCE->DEST  a followed link with a telling anchor in the main text
/// nofollow SOURCE->DEST  links pass nothing, their share evaporates;  disavow is the same: the source stays, its links here count for nothing
/// </code>
/// A node is a domain (<c>domain:x</c> or its name) or a page, by URL. On the page level <c>domain:x</c> means all its pages. On the
/// domain level a page means its part in the edges of its domain, recomputed from the link records as
/// <see cref="EdgeOrigins"/> says; where a run has no records, its domain.
/// </summary>
internal sealed class EditReader(RunAuthority authority, int target, double weight)
{
    private readonly EdgeOrigins? _origins = authority.Origins();
    private readonly LinkRecords? _pageRecords = authority.OfPages || authority.Run.Pages is null ? null : LinkRecords.Of(authority.Run.Pages.Graph);
    private readonly MappedArray<uint>? _domainOfPage = authority.Run.Pages?.Graph.MapIfPresent<uint>("domains");

    private readonly LinkProfile _profile = authority.Run.Document("profile.json") is { } bytes ? LinkProfileFile.Parse(bytes, Path.Combine(authority.Run.Folder, "profile.json")) : LinkProfile.Default;

    /// <summary>Sums of link weights behind edges, as the edits so far left them.</summary>
    private readonly Dictionary<(int Source, int Target), (double Sum, double Full, EdgeOrigin Edge)> _edges = [];

    /// <summary>A node as named: nodes of the level read, or a page within one of its domains.</summary>
    private readonly record struct Named(IReadOnlyList<int> Nodes, int Page);

    /// <exception cref="UsageException">A name is not in the run.</exception>
    public ReadEdit Read(string word, string text)
    {
        (string left, string? right) = Split(text);
        Named source = Resolve(left, adding: word == "add"), to = right is null ? new Named([target], -1) : Resolve(right, adding: false);
        IReadOnlyList<LinkEdit> edits = word switch
        {
            "add" => [.. source.Nodes.SelectMany(s => to.Nodes.Select(t => Added(s, t, ofPage: IsUrl(left))))],
            "remove" when right is null && source.Page < 0 => [.. source.Nodes.Select(LinkEdit.RemoveNode)],
            "remove" when right is null => PageRemoved(source.Page),
            _ when source.Page >= 0 => [.. to.Nodes.SelectMany(t => PageLess(source.Page, source.Nodes[0], t, withheld: word != "remove"))],
            _ => Links(source.Nodes, to.Nodes, word == "remove"),
        };
        return new ReadEdit(word, text, edits);
    }

    /// <summary>What to say of an edit without effect.</summary>
    public string Reason(EditEffect effect, LinkEdit edit) => effect switch
    {
        EditEffect.AlreadyThere => "no effect: that link is there already",
        EditEffect.NoSuchLink when _origins?.Between(edit.Source, edit.Target, 0) is { LinkCount: > 0 } edge && edge.Stored == 0 =>
            $"no effect: {(edge.LinkCount == 1 ? "its link passes" : $"its {edge.LinkCount} links pass")} nothing already (nofollow, hidden or the like)",
        EditEffect.NoSuchLink => "no effect: there is no such link that passes anything",
        EditEffect.NoLinks => "no effect: it has no links that pass anything",
        EditEffect.NodeRemoved => "no effect: an edit before this one removed the node",
        _ => "",
    };

    private static (string Left, string? Right) Split(string text)
    {
        foreach (string arrow in new[] { "→", "->" })
            if (text.IndexOf(arrow, StringComparison.Ordinal) is >= 0 and int at)
                return (text[..at].Trim(), text[(at + arrow.Length)..].Trim());
        return (text.Trim(), null);
    }

    private static bool IsUrl(string name) => name.Contains("://", StringComparison.Ordinal);

    private Named Resolve(string name, bool adding)
    {
        bool domain = name.StartsWith("domain:", StringComparison.Ordinal);
        if (authority.OfPages && domain)
        {
            if (adding)
                throw new UsageException($"'{name}' is a domain; name the page that is to link");
            return authority.PagesOf(RunAuthority.WithoutPrefix(name)) is { Count: > 0 } pages ? new Named(pages, -1) : throw Unknown(name, authority.Run.Graph.Names);
        }
        if (authority.Find(name) is >= 0 and int node)
            return new Named([node], -1);
        if (!authority.OfPages && IsUrl(name))
        {
            if (authority.Run.Pages is { } pages && _domainOfPage is not null && pages.Graph.Names.Find(name) is >= 0 and int page)
                return new Named([(int)_domainOfPage[page]], _pageRecords is null ? -1 : page);
            if (adding && DomainOf(name) is >= 0 and int host)
                return new Named([host], -1);
        }
        throw Unknown(name, authority.Graph.Names);
    }

    /// <summary>The domain that a page not yet known would belong to, or -1.</summary>
    private int DomainOf(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? uri))
            return -1;
        string fold = (string?)authority.Run.Manifest.Configuration.GetValueOrDefault("store")?["fold"] ?? "domain";
        string name = fold is "domain" or "host" or "psl-private" ? HostFold.Parse(fold).Of(uri.IdnHost) : uri.IdnHost;
        return authority.Graph.Names.Find(name);
    }

    private UsageException Unknown(string name, NodeNames names)
    {
        IReadOnlyList<string> near = names.Stored ? NearNames.To(names, RunAuthority.WithoutPrefix(name)) : [];
        return new UsageException($"there is no '{name}' among the {authority.Level}s of run {authority.Run.Id} to edit" + (near.Count > 0 ? $"; near it are {string.Join(", ", near)}" : ""));
    }

    private LinkEdit Added(int source, int to, bool ofPage)
    {
        if (source == to && authority.Run.Pages is not null)
            throw new UsageException($"a {authority.Level}'s links to itself count for nothing: name another source than '{authority.Graph.Names[source]}'");
        double each = !double.IsNaN(weight) ? weight : _origins is null ? double.NaN
            : LinkWeight.Of(_profile, LinkKind.Anchor, 0, Zone.Main, float.NaN, AnchorForm.Descriptive).Weight;
        if (_origins is null || authority.OfPages || !ofPage)
            return LinkEdit.Add(source, to, double.IsNaN(each) || authority.OfPages || !double.IsNaN(weight) ? each : _origins!.EdgeWeight(each));
        return Reweighed(source, to, each, each); // one page more of a domain that may link already
    }

    private List<LinkEdit> Links(IReadOnlyList<int> sources, IReadOnlyList<int> targets, bool remove)
    {
        var edits = new List<LinkEdit>();
        foreach (int t in targets)
            foreach (int s in sources)
                if ((sources.Count == 1 && targets.Count == 1) || authority.Graph.InOf(t).BinarySearch((uint)s) >= 0)
                    edits.Add(remove ? LinkEdit.Remove(s, t) : LinkEdit.Nofollow(s, t));
        return edits.Count > 0 ? edits : [remove ? LinkEdit.Remove(sources[0], targets[0]) : LinkEdit.Nofollow(sources[0], targets[0])];
    }

    /// <summary>The links of one page to a domain are gone, or pass nothing.</summary>
    private LinkEdit[] PageLess(int page, int source, int to, bool withheld)
    {
        double sum = 0, full = 0;
        foreach (LinkRecord record in _pageRecords!.From(page))
            if (_domainOfPage![record.Target] == (uint)to)
                (sum, full) = (sum + record.Weight, full + record.Full);
        return sum == 0 ? [] : [Reweighed(source, to, -sum, withheld ? 0 : -full)];
    }

    /// <summary>A page is gone, with its links in both directions.</summary>
    private List<LinkEdit> PageRemoved(int page)
    {
        var lost = new SortedDictionary<(int, int), (double Sum, double Full)>();
        foreach (LinkRecord record in _pageRecords!.From(page).Concat(_pageRecords.Into(page)))
        {
            (int, int) pair = ((int)_domainOfPage![record.Source], (int)_domainOfPage[record.Target]);
            if (pair.Item1 != pair.Item2 && record.Full > 0)
            {
                (double sum, double full) = lost.GetValueOrDefault(pair);
                lost[pair] = (sum + record.Weight, full + record.Full);
            }
        }
        return [.. lost.Select(l => Reweighed(l.Key.Item1, l.Key.Item2, -l.Value.Sum, -l.Value.Full))];
    }

    /// <summary>An edge whose links weigh that much more or less, followed and un-rel'd. Of the new weight owners that share and discounts of
    /// clusters leave the part that they leave of the old one.</summary>
    private LinkEdit Reweighed(int source, int to, double sum, double full)
    {
        if (!_edges.TryGetValue((source, to), out (double Sum, double Full, EdgeOrigin Edge) before))
        {
            EdgeOrigin edge = _origins!.Between(source, to, 0);
            before = (edge.Sum, edge.Full, edge);
        }
        (double Sum, double Full, EdgeOrigin Edge) after = (Zero(before.Sum + sum, before.Sum), Zero(before.Full + full, before.Full), before.Edge);
        _edges[(source, to)] = after;
        double factor = before.Edge.Weight > 0 ? WeightNow(source, to) / before.Edge.Weight : before.Edge.OwnerFactor, now = _origins!.EdgeWeight(after.Sum) * factor;
        double lost = _origins.EdgeWeight(after.Full) - now - (_origins.EdgeWeight(before.Full) - _origins.EdgeWeight(before.Sum) * factor);
        return LinkEdit.Reweigh(source, to, now, lost);

        double WeightNow(int from, int at) =>
            authority.Graph.OutOf(from).BinarySearch((uint)at) is >= 0 and int place ? authority.Graph.OutWeight(authority.Graph.OutOffsets[from] + place) : 0;

        static double Zero(double value, double of) => value <= 1e-6 * of ? 0 : value; // the rest of a difference of floats
    }
}
