using System.Text.Json.Serialization;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>What an edit of a simulation does.</summary>
[JsonConverter(typeof(LowerCase<EditWord>))]
public enum EditWord
{
    /// <summary>A link is there that was not.</summary>
    Add,

    /// <summary>A link passes nothing, as under rel=nofollow: its share evaporates.</summary>
    Nofollow,

    /// <summary>A link that was withheld counts in full.</summary>
    Follow,

    /// <summary>A link has another weight.</summary>
    Reweigh,

    /// <summary>As nofollow: the source stays, its links count for nothing.</summary>
    Disavow,

    /// <summary>A node is gone with all its links, or its links to one node are.</summary>
    Remove,
}

/// <summary>One edit as asked for.</summary>
/// <param name="Source">The page or domain that links, or is to be removed.</param>
/// <param name="Target">What it links to; null for the target of the simulation, and for the removal of a node.</param>
/// <param name="Weight">Of a link added or reweighed; null for that of a followed link in the main text, or of the source's other links.</param>
public sealed record AskedEdit(EditWord Word, string Source, string? Target = null, double? Weight = null)
{
    /// <summary>As people read it.</summary>
    public string Text => Target is null ? Source : $"{Source}->{Target}";

    /// <summary>Reads <c>SOURCE</c> or <c>SOURCE->TARGET</c>, also with →.</summary>
    public static AskedEdit Parse(EditWord word, string text, double? weight = null)
    {
        foreach (string arrow in new[] { "→", "->" })
            if (text.IndexOf(arrow, StringComparison.Ordinal) is >= 0 and int at)
                return new AskedEdit(word, text[..at].Trim(), text[(at + arrow.Length)..].Trim(), weight);
        return new AskedEdit(word, text.Trim(), null, weight);
    }
}

/// <summary>An edit and the changes of the graph that it comes to.</summary>
/// <param name="Edits">None where the links named pass nothing as it is.</param>
public sealed record ReadEdit(AskedEdit Asked, IReadOnlyList<LinkEdit> Edits);

/// <summary>
/// Turns edits as people name them into edits of a graph; without a target of its own, an edit is of links to the simulation's.
/// <code>
/// remove   SOURCE           the node is gone with all its links;  with a target, only its links there
/// add      SOURCE, TARGET   a followed link with a telling anchor in the main text
/// nofollow SOURCE, TARGET   links pass nothing, their share evaporates;  disavow is the same: the source stays, its links here count for nothing
/// follow   SOURCE, TARGET   what rel withholds is passed
/// reweigh  SOURCE, TARGET   the links there weigh that much together
/// </code>
/// A node is a domain (<c>domain:x</c> or its name) or a page, by URL. On the page level <c>domain:x</c> means all its pages. On the
/// domain level a page means its part in the edges of its domain, recomputed from the link records as
/// <see cref="EdgeOrigins"/> says; where a run has no records, its domain. One reader reads the edits of one simulation, in their order.
/// </summary>
public sealed class EditReader(RunAuthority authority, int target)
{
    /// <summary>Changes of a graph that one edit may come to: <c>domain:x</c> may have a million pages.</summary>
    public const int MostChanges = 100_000;

    private readonly EdgeOrigins? _origins = authority.Origins;
    private readonly DomainPages? _pages = authority.OfPages || authority.Pages?.Records is null ? null : authority.Pages;

    private readonly SitewideHeirs? _heirs = authority.Pages is { Records: { } records } known ? new SitewideHeirs(known, records, authority.Profile) : null;

    /// <summary>Sums of link weights behind edges, as the edits so far left them.</summary>
    private readonly Dictionary<(int Source, int Target), (double Sum, double Full, EdgeOrigin Edge)> _edges = [];

    /// <summary>A node as named: nodes of the level read, or a page within one of its domains.</summary>
    private readonly record struct Named(IReadOnlyList<int> Nodes, int Page);

    /// <summary>Reads the edits of a simulation, in the order in which they are made: by <see cref="EditWord"/>, then as given. So what is added can be
    /// nofollowed, and what is removed cannot be linked to.</summary>
    /// <param name="wrong">Told what is wrong with an edit, by its place in the list; the edit is then left out.</param>
    /// <exception cref="RequestException">A name is not in the run, or a number is out of its range, and nobody wants to be told; the field is <c>source</c>, <c>target</c> or <c>weight</c>.</exception>
    public IReadOnlyList<ReadEdit> Read(IReadOnlyList<AskedEdit> asked, Action<int, RequestException>? wrong = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var edits = new List<ReadEdit>();
        foreach ((int index, AskedEdit edit) in asked.Index().OrderBy(e => e.Item.Word))
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                edits.Add(Read(edit));
            }
            catch (RequestException problem) when (wrong is not null)
            {
                wrong(index, problem);
            }
        }
        return edits;
    }

    private ReadEdit Read(AskedEdit edit)
    {
        if (edit.Weight is { } weight && !(weight >= 0 && weight < double.PositiveInfinity))
            throw new RequestException("weight", $"{{weight}} must be finite and at least 0, not {weight.ToString(System.Globalization.CultureInfo.InvariantCulture)}");
        if (edit.Word == EditWord.Reweigh && edit.Weight is null)
            throw new RequestException("weight", "{weight} is missing: what the link is to weigh");
        Named source = Resolve("source", edit.Source, adding: edit.Word == EditWord.Add), to = edit.Target is null ? new Named([target], -1) : Resolve("target", edit.Target, adding: false);
        if ((long)source.Nodes.Count * to.Nodes.Count > MostChanges)
            throw new RequestException("source", $"'{edit.Source}' has {source.Nodes.Count} pages, more than the {MostChanges} changes that one edit may come to");
        IReadOnlyList<LinkEdit> edits = edit.Word switch
        {
            EditWord.Add => [.. source.Nodes.SelectMany(s => to.Nodes.Select(t => Added(s, t, edit.Weight, ofPage: IsUrl(edit.Source))))],
            EditWord.Remove when edit.Target is null && source.Page < 0 => [.. HeirsOf(source.Nodes), .. source.Nodes.Select(LinkEdit.RemoveNode)],
            EditWord.Remove when edit.Target is null => PageRemoved(source.Page),
            EditWord.Follow or EditWord.Reweigh => [.. source.Nodes.SelectMany(s => to.Nodes.SelectMany(t => Changed(edit, source.Page, s, t)))],
            _ when source.Page >= 0 => [.. to.Nodes.SelectMany(t => PageLess(source.Page, source.Nodes[0], t, withheld: edit.Word != EditWord.Remove))],
            _ => Links(source.Nodes, to.Nodes, edit.Word == EditWord.Remove),
        };
        return new ReadEdit(edit, edits);
    }

    /// <summary>What to say of an edit that comes to no change.</summary>
    public static string Reason(AskedEdit edit) => edit.Word switch
    {
        EditWord.Follow => "no effect: there is no such link of which anything is withheld",
        EditWord.Reweigh => "no effect: there is no such link",
        _ => "no effect: that page has no links there that pass anything",
    };

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

    private static bool IsUrl(string name) => name.Contains("://", StringComparison.Ordinal);

    private Named Resolve(string field, string name, bool adding)
    {
        bool domain = name.StartsWith("domain:", StringComparison.Ordinal);
        if (authority.OfPages && domain)
        {
            if (adding)
                throw new RequestException(field, $"'{name}' is a domain; name the page that is to link");
            int number = RunTargets.Find(authority.Run, name, within: false);
            return number >= 0 && !ReferenceEquals(authority.Run, authority.Part) && authority.Pages?.Of(number) is { Count: > 0 } pages ? new Named(pages, -1) : throw Unknown(field, name, authority.Run.Graph.Names);
        }
        if (!authority.OfPages && IsUrl(name) && authority.Run.Pages is { } level && authority.Graph.Names.Find(name) < 0)
        {
            // A page is its part of its domain; one that is not known yet may be added to a domain that is.
            if (authority.Pages is { } known && RunTargets.Find(level, name) is >= 0 and int page)
                return new Named([known.DomainOf(page)], _pages is null ? -1 : page);
            return adding && DomainOf(name) is >= 0 and int host ? new Named([host], -1) : throw Unknown(field, name, authority.Graph.Names);
        }
        return authority.Find(name, within: false) is >= 0 and int node ? new Named([node], -1) : throw Unknown(field, name, authority.Graph.Names);
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

    private RequestException Unknown(string field, string name, NodeNames names)
    {
        IReadOnlyList<string> near = names.Stored ? NearNames.To(names, RunTargets.WithoutPrefix(name)) : [];
        return new RequestException(field, $"there is no '{name}' among the {authority.LevelWord}s of run {authority.Run.Id} to edit" + (near.Count > 0 ? $"; near it are {string.Join(", ", near)}" : ""));
    }

    private LinkEdit Added(int source, int to, double? weight, bool ofPage)
    {
        if (source == to && authority.Run.Pages is not null)
            throw new RequestException("source", $"a {authority.LevelWord}'s links to itself count for nothing: name another source than '{authority.Graph.Names[source]}'");
        double each = weight ?? (_origins is null ? double.NaN : LinkWeight.Of(authority.Profile, LinkKind.Anchor, 0, Zone.Main, float.NaN, AnchorForm.Descriptive).Weight);
        if (_origins is null || authority.OfPages || !ofPage)
            return LinkEdit.Add(source, to, double.IsNaN(each) || authority.OfPages || weight is not null ? each : _origins!.EdgeWeight(each));
        return Reweighed(source, to, each, each); // one page more of a domain that may link already
    }

    /// <summary>The links of a node, or of a page within it, are followed, or have another weight.</summary>
    private LinkEdit[] Changed(AskedEdit edit, int page, int source, int to)
    {
        if (_origins is null)
            return edit.Word == EditWord.Reweigh ? [LinkEdit.Reweigh(source, to, edit.Weight!.Value)] : [];
        double sum = 0, full = 0;
        if (page >= 0)
            foreach (LinkRecord record in _pages!.Records!.From(page))
                (sum, full) = _pages.DomainOf((int)record.Target) == to ? (sum + record.Weight, full + record.Full) : (sum, full);
        else
            (sum, full) = (_origins.Between(source, to, 0).Sum, _origins.Between(source, to, 0).Full);
        if (full == 0)
            return [];
        if (edit.Word == EditWord.Follow)
            return full - sum <= 1e-6 * full ? [] : [Reweighed(source, to, full - sum, 0)];
        if (page >= 0 || authority.OfPages)
            return [Reweighed(source, to, edit.Weight!.Value - sum, Math.Max(0, edit.Weight.Value - full))];
        return [LinkEdit.Reweigh(source, to, edit.Weight!.Value)];
    }

    private List<LinkEdit> Links(IReadOnlyList<int> sources, IReadOnlyList<int> targets, bool remove)
    {
        // One page of a site may be the one whose instance of a template counts for all.
        if (authority.OfPages && sources.Count == 1 && Templates(sources[0], link => targets.Contains((int)link.Target), withheld: !remove) is { Count: > 0 } changes)
        {
            foreach (LinkRecord link in authority.Pages!.Records!.From(sources[0]))
                if (targets.Contains((int)link.Target) && !SitewideHeirs.IsTemplate(link))
                    Add(changes, (sources[0], (int)link.Target), -link.Weight, remove ? -link.Full : 0);
            return [.. changes.Select(c => Reweighed(c.Key.Source, c.Key.Target, c.Value.Sum, c.Value.Full))];
        }
        var edits = new List<LinkEdit>();
        foreach (int t in targets)
            foreach (int s in sources)
                if ((sources.Count == 1 && targets.Count == 1) || authority.Graph.InOf(t).BinarySearch((uint)s) >= 0)
                    edits.Add(remove ? LinkEdit.Remove(s, t) : LinkEdit.Nofollow(s, t));
        return edits.Count > 0 ? edits : [remove ? LinkEdit.Remove(sources[0], targets[0]) : LinkEdit.Nofollow(sources[0], targets[0])];
    }

    /// <summary>What a page leaves to the others of its site that have the same template; several pages are a whole domain, which leaves nothing.</summary>
    private LinkEdit[] HeirsOf(IReadOnlyList<int> removed) => !authority.OfPages || removed.Count != 1 ? [] :
        [.. Templates(removed[0], _ => true, withheld: false).Where(c => c.Key.Source != removed[0]).Select(c => Reweighed(c.Key.Source, c.Key.Target, c.Value.Sum, c.Value.Full))];

    /// <summary>Changes of the links of templates that stand on a page, by ends on the level of pages.</summary>
    private SortedDictionary<(int Source, int Target), (double Sum, double Full)> Templates(int page, Func<LinkRecord, bool> isTarget, bool withheld)
    {
        var changes = new SortedDictionary<(int Source, int Target), (double Sum, double Full)>();
        foreach (SitewideHeirs.Change change in _heirs?.Without(page, isTarget, withheld) ?? [])
            Add(changes, (change.Source, change.Target), change.Sum, change.Full);
        return changes;
    }

    private static void Add(SortedDictionary<(int Source, int Target), (double Sum, double Full)> to, (int, int) pair, double sum, double full)
    {
        (double oldSum, double oldFull) = to.GetValueOrDefault(pair);
        to[pair] = (oldSum + sum, oldFull + full);
    }

    /// <summary>The links of one page to a domain are gone, or pass nothing.</summary>
    private LinkEdit[] PageLess(int page, int source, int to, bool withheld)
    {
        double sum = 0, full = 0;
        foreach (LinkRecord record in _pages!.Records!.From(page))
            if (_pages.DomainOf((int)record.Target) == to && !SitewideHeirs.IsTemplate(record))
                (sum, full) = (sum - record.Weight, withheld ? full : full - record.Full);
        foreach (SitewideHeirs.Change change in _heirs!.Without(page, record => _pages.DomainOf((int)record.Target) == to, withheld))
            (sum, full) = (sum + change.Sum, full + change.Full);
        return sum == 0 && full == 0 ? [] : [Reweighed(source, to, sum, full)];
    }

    /// <summary>A page is gone, with its links in both directions.</summary>
    private List<LinkEdit> PageRemoved(int page)
    {
        var lost = new SortedDictionary<(int Source, int Target), (double Sum, double Full)>();
        foreach (LinkRecord record in _pages!.Records!.From(page).Where(link => !SitewideHeirs.IsTemplate(link)).Concat(_pages.Records!.Into(page)))
            Lose(record.Source, record.Target, -record.Weight, -record.Full);
        foreach (SitewideHeirs.Change change in _heirs!.Without(page, _ => true, withheld: false))
            Lose((uint)change.Source, (uint)change.Target, change.Sum, change.Full);
        return [.. lost.Where(l => l.Value != (0, 0)).Select(l => Reweighed(l.Key.Source, l.Key.Target, l.Value.Sum, l.Value.Full))];

        void Lose(uint from, uint to, double sum, double full)
        {
            (int Source, int Target) pair = (_pages.DomainOf((int)from), _pages.DomainOf((int)to));
            if (pair.Source != pair.Target)
                Add(lost, pair, sum, full);
        }
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
