namespace Backlinks.GraphEngine;

/// <summary>What an edit does to the links of a graph.</summary>
public enum EditKind
{
    /// <summary>A link is there that was not.</summary>
    AddLink,

    /// <summary>A link is gone, and its weight with it: the other links of its source share more.</summary>
    RemoveLink,

    /// <summary>A link is there but passes nothing: its share evaporates, the others keep theirs.</summary>
    NofollowLink,

    /// <summary>A link has another weight, and another weight of it evaporates.</summary>
    ReweighLink,

    /// <summary>A node is gone, with its links in both directions and its teleport.</summary>
    RemoveNode,

    /// <summary>The links of a node count for nothing: what they would pass evaporates. The node stays.</summary>
    DisavowNode,
}

/// <summary>One change to a graph, in thought.</summary>
/// <param name="Source">The node that links, or the node to remove or disavow.</param>
/// <param name="Target">The node linked to; -1 for edits of a node.</param>
/// <param name="Weight">The weight of a link added or reweighed; NaN for an added one is the mean weight of its source's links, 1 if it
/// has none: a link like its others.</param>
/// <param name="Lost">Change of the weight that evaporates at the source, for a link reweighed.</param>
public readonly record struct LinkEdit(EditKind Kind, int Source, int Target = -1, double Weight = double.NaN, double Lost = 0)
{
    public static LinkEdit Add(int source, int target, double weight = double.NaN) => new(EditKind.AddLink, source, target, weight);

    public static LinkEdit Remove(int source, int target) => new(EditKind.RemoveLink, source, target);

    public static LinkEdit Nofollow(int source, int target) => new(EditKind.NofollowLink, source, target);

    public static LinkEdit Reweigh(int source, int target, double weight, double lost = 0) => new(EditKind.ReweighLink, source, target, weight, lost);

    public static LinkEdit RemoveNode(int node) => new(EditKind.RemoveNode, node);

    public static LinkEdit Disavow(int node) => new(EditKind.DisavowNode, node);
}

/// <summary>What became of an edit.</summary>
public enum EditEffect
{
    Applied,

    /// <summary>No effect: the link to add is there already.</summary>
    AlreadyThere,

    /// <summary>No effect: there is no such link that passes anything. It may be there as nofollow.</summary>
    NoSuchLink,

    /// <summary>No effect: the node's links pass nothing, or it has none.</summary>
    NoLinks,

    /// <summary>No effect: the node was removed by an edit before.</summary>
    NodeRemoved,
}

/// <summary>
/// The rows that edits change, laid over a graph that stays as it is: each changed row is a copy in memory, 12 bytes a link; all
/// others are the graph's.
/// </summary>
internal sealed class EditedRows
{
    private readonly LinkGraph _graph;
    private readonly Dictionary<int, Row> _rows = [];
    private readonly Dictionary<int, SortedSet<int>> _addedSources = [];
    private readonly SortedSet<int> _removed = [];

    /// <summary>The out-links of one node.</summary>
    internal sealed class Row
    {
        public required List<uint> Targets { get; init; }

        public required List<double> Weights { get; init; }

        public double Lost { get; set; }

        /// <summary>W'(u), summed when it is asked for: a row may be edited hundreds of times.</summary>
        public double Total
        {
            get
            {
                if (!_summed)
                {
                    double sum = 0;
                    foreach (double weight in Weights)
                        sum += weight;
                    (_total, _summed) = (sum + Lost, true);
                }
                return _total;
            }
        }

        public void Changed() => _summed = false;

        private double _total;
        private bool _summed;
    }

    public EditedRows(LinkGraph graph) => _graph = graph;

    /// <summary>Changed rows, by ascending node.</summary>
    public IEnumerable<KeyValuePair<int, Row>> Rows => _rows.OrderBy(r => r.Key);

    public IReadOnlyCollection<int> Removed => _removed;

    public bool IsRemoved(int node) => _removed.Count > 0 && _removed.Contains(node);

    /// <summary>The row as edits left it, or null where it is the graph's own.</summary>
    public Row? RowOf(int node) => _rows.Count > 0 && _rows.TryGetValue(node, out Row? row) ? row : null;

    /// <summary>Sources of links that edits added to a node, ascending; those of the graph's own in-row are not among them.</summary>
    public IEnumerable<int> AddedSources(int node) => _addedSources.TryGetValue(node, out SortedSet<int>? sources) ? sources : [];

    /// <summary>w'(u,v) in a changed row, 0 where there is none.</summary>
    public static double WeightIn(Row row, int target)
    {
        int at = row.Targets.BinarySearch((uint)target);
        return at >= 0 ? row.Weights[at] : 0;
    }

    /// <summary>Applies one edit after those before it.</summary>
    public EditEffect Apply(LinkEdit edit)
    {
        if (IsRemoved(edit.Source) || (edit.Target >= 0 && IsRemoved(edit.Target)))
            return EditEffect.NodeRemoved;
        return edit.Kind switch
        {
            EditKind.AddLink => Add(edit),
            EditKind.RemoveLink => Remove(edit.Source, edit.Target),
            EditKind.NofollowLink => Nofollow(edit.Source, edit.Target),
            EditKind.ReweighLink => Reweigh(edit),
            EditKind.RemoveNode => RemoveNode(edit.Source),
            _ => Disavow(edit.Source),
        };
    }

    private EditEffect Add(LinkEdit edit)
    {
        Row row = Copy(edit.Source);
        int at = row.Targets.BinarySearch((uint)edit.Target);
        if (at >= 0 && row.Weights[at] > 0)
            return EditEffect.AlreadyThere;
        double sum = 0;
        foreach (double weight in row.Weights)
            sum += weight;
        Put(edit.Source, row, at, edit.Target, !double.IsNaN(edit.Weight) ? edit.Weight : sum > 0 ? sum / row.Weights.Count : 1);
        row.Changed();
        return EditEffect.Applied;
    }

    private EditEffect Remove(int source, int target)
    {
        Row row = Copy(source);
        int at = row.Targets.BinarySearch((uint)target);
        if (at < 0)
            return EditEffect.NoSuchLink;
        row.Targets.RemoveAt(at);
        row.Weights.RemoveAt(at);
        row.Changed();
        return EditEffect.Applied;
    }

    private EditEffect Nofollow(int source, int target)
    {
        Row row = Copy(source);
        int at = row.Targets.BinarySearch((uint)target);
        if (at < 0 || row.Weights[at] == 0)
            return EditEffect.NoSuchLink;
        _ = row.Total; // it stays to the last bit, so that the others keep exactly what they had
        row.Lost += row.Weights[at];
        row.Weights[at] = 0;
        return EditEffect.Applied;
    }

    private EditEffect Reweigh(LinkEdit edit)
    {
        Row row = Copy(edit.Source);
        int at = row.Targets.BinarySearch((uint)edit.Target);
        if (at < 0 && edit.Weight == 0 && edit.Lost == 0)
            return EditEffect.NoSuchLink;
        Put(edit.Source, row, at, edit.Target, edit.Weight);
        row.Lost = Math.Max(0, row.Lost + edit.Lost);
        row.Changed();
        return EditEffect.Applied;
    }

    private EditEffect RemoveNode(int node)
    {
        foreach (int source in _graph.InOf(node).ToArray().Select(s => (int)s).Concat(AddedSources(node)).ToArray())
            if (source != node)
                Remove(source, node);
        Row row = Copy(node);
        row.Targets.Clear();
        row.Weights.Clear();
        row.Lost = 0;
        row.Changed();
        _removed.Add(node);
        return EditEffect.Applied;
    }

    private EditEffect Disavow(int node)
    {
        Row row = Copy(node);
        double sum = 0;
        _ = row.Total; // it stays
        for (int i = 0; i < row.Weights.Count; i++)
        {
            sum += row.Weights[i];
            row.Weights[i] = 0;
        }
        row.Lost += sum;
        return sum > 0 ? EditEffect.Applied : EditEffect.NoLinks;
    }

    private void Put(int source, Row row, int at, int target, double weight)
    {
        if (at >= 0)
        {
            row.Weights[at] = weight;
            return;
        }
        row.Targets.Insert(~at, (uint)target);
        row.Weights.Insert(~at, weight);
        if (_graph.InOf(target).BinarySearch((uint)source) >= 0)
            return;
        if (!_addedSources.TryGetValue(target, out SortedSet<int>? sources))
            _addedSources.Add(target, sources = []);
        sources.Add(source);
    }

    private Row Copy(int node)
    {
        if (_rows.TryGetValue(node, out Row? row))
            return row;
        ReadOnlySpan<uint> targets = _graph.OutOf(node);
        row = new Row { Targets = [.. targets], Weights = new List<double>(targets.Length), Lost = _graph.LostWeights is { } lost ? lost[node] : 0 };
        for (int i = 0; i < targets.Length; i++)
            row.Weights.Add(_graph.OutWeight(_graph.OutOffsets[node] + i));
        row.Changed();
        _rows.Add(node, row);
        return row;
    }
}
