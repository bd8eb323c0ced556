using System.Runtime.CompilerServices;
using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// The links behind a graph's edges, one record each, in arrays of the graph's folder:
/// <code>
/// link_rows         &lt;i8 n+1   records into node v are [link_rows[v], link_rows[v+1])
/// link_source       &lt;u4 m     node; records are sorted by target, source, kind, ordinal
/// link_target       &lt;u4 m     node
/// link_kind         |u1 m     <see cref="LinkKind"/>
/// link_ordinal      &lt;u2 m     place among the links of that kind from source to target
/// link_rel          &lt;u2 m     <see cref="LinkRel"/>
/// link_zone         |u1 m     <see cref="Zone"/>
/// link_form         |u1 m     <see cref="AnchorForm"/>
/// link_flags        |u1 m     <see cref="LinkRecordFlags"/>
/// link_position     &lt;f4 m     0 to 1, NaN unknown
/// link_anchor       &lt;u4 m     number of the anchor's text
/// link_first_seen   &lt;u4 m     seconds since 1970
/// link_factors      &lt;f4 m×6   rel, zone, position, form, relevance, site-wide
/// link_weight       &lt;f4 m     their product
/// link_source_rows  &lt;i8 n+1   records from node u are link_by_source[link_source_rows[u] … link_source_rows[u+1])
/// link_by_source    &lt;u4 m     numbers of records, ascending within a node
/// anchor_offsets    &lt;i8 a+1   text k is bytes [anchor_offsets[k], anchor_offsets[k+1]) of anchor_texts
/// anchor_texts      |u1       UTF-8, numbered in the order in which records first use them
/// </code>
/// In a page graph, an edge's weight is the sum of its records' weights and <c>lost_weights</c> the sum of their
/// <see cref="LinkRecord.Lost"/>; a pair whose records weigh 0 together is no edge, but its records are here.
/// In a domain graph these are the links that reports name by host or domain alone. Safe for any number of readers.
/// </summary>
public sealed class LinkRecords
{
    /// <summary>Factors of a record in <c>link_factors</c>.</summary>
    public const int Factors = 6;

    private static readonly ConditionalWeakTable<LinkGraph, LinkRecords> Opened = [];

    private readonly LinkGraph _graph;
    private readonly Dictionary<string, object> _columns = []; // mapped arrays by name
    private readonly MappedArray<long> _rows, _sourceRows, _anchorOffsets;
    private readonly MappedArray<uint> _source, _target, _anchor, _firstSeen, _bySource;
    private readonly MappedArray<byte> _kind, _zone, _form, _flags, _anchorTexts;
    private readonly MappedArray<ushort> _ordinal, _rel;
    private readonly MappedArray<float> _position, _factors, _weight;

    private LinkRecords(LinkGraph graph)
    {
        _graph = graph;
        _rows = Map<long>("link_rows");
        _source = Map<uint>("link_source");
        _target = Map<uint>("link_target");
        _kind = Map<byte>("link_kind");
        _ordinal = Map<ushort>("link_ordinal");
        _rel = Map<ushort>("link_rel");
        _zone = Map<byte>("link_zone");
        _form = Map<byte>("link_form");
        _flags = Map<byte>("link_flags");
        _position = Map<float>("link_position");
        _anchor = Map<uint>("link_anchor");
        _firstSeen = Map<uint>("link_first_seen");
        _factors = Map<float>("link_factors");
        _weight = Map<float>("link_weight");
        _sourceRows = Map<long>("link_source_rows");
        _bySource = Map<uint>("link_by_source");
        _anchorOffsets = Map<long>("anchor_offsets");
        _anchorTexts = Map<byte>("anchor_texts");
        Count = _source.Length;
        foreach ((string path, long length, long needed) in new[]
        {
            (_rows.Path, _rows.Length, graph.NodeCount + 1L), (_sourceRows.Path, _sourceRows.Length, graph.NodeCount + 1L), (_target.Path, _target.Length, Count),
            (_kind.Path, _kind.Length, Count), (_ordinal.Path, _ordinal.Length, Count), (_rel.Path, _rel.Length, Count), (_zone.Path, _zone.Length, Count),
            (_form.Path, _form.Length, Count), (_flags.Path, _flags.Length, Count), (_position.Path, _position.Length, Count), (_anchor.Path, _anchor.Length, Count),
            (_firstSeen.Path, _firstSeen.Length, Count), (_factors.Path, _factors.Length, Count * Factors), (_weight.Path, _weight.Length, Count), (_bySource.Path, _bySource.Length, Count),
        })
            if (length != needed)
                throw new GraphException(path, 10, $"has {length} elements where the link records need {needed}: build the graph again");
        if (_rows[graph.NodeCount] != Count || _sourceRows[graph.NodeCount] != Count)
            throw new GraphException(_rows.Path, -1, $"does not end at the {Count} link records: build the graph again");
    }

    /// <summary>The records of a graph, or null where it has none; they live as long as the graph, and are mapped once.</summary>
    /// <exception cref="GraphException">Arrays do not fit each other.</exception>
    public static LinkRecords? Of(LinkGraph graph) => graph.Manifest.Arrays.ContainsKey("link_rows") ? Opened.GetValue(graph, static g => new LinkRecords(g)) : null;

    /// <summary>m.</summary>
    public long Count { get; }

    /// <summary>Distinct texts of anchors; "" is one of them where a link has none.</summary>
    public long AnchorCount => _anchorOffsets.Length - 1;

    public LinkRecord this[long index] => new(index, _source[index], _target[index], (LinkKind)_kind[index], _ordinal[index], (LinkRel)_rel[index], (Zone)_zone[index],
        (AnchorForm)_form[index], _position[index], _anchor[index], _firstSeen[index], (LinkRecordFlags)_flags[index], FactorsOf(index), _weight[index]);

    /// <summary>One of the arrays, by its name in the folder.</summary>
    public MappedArray<T> Column<T>(string name) where T : unmanaged => (MappedArray<T>)_columns[name];

    /// <summary>Sources of consecutive records, for passes over all of them.</summary>
    public ReadOnlySpan<uint> Sources(long first, int count) => _source.Slice(first, count);

    /// <summary>Targets of consecutive records.</summary>
    public ReadOnlySpan<uint> Targets(long first, int count) => _target.Slice(first, count);

    /// <summary>Anchors of consecutive records.</summary>
    public ReadOnlySpan<uint> Anchors(long first, int count) => _anchor.Slice(first, count);

    /// <summary>Seconds since 1970 at which consecutive records were first seen.</summary>
    public ReadOnlySpan<uint> FirstSeen(long first, int count) => _firstSeen.Slice(first, count);

    /// <summary>The records into a node: the first one's number, and how many.</summary>
    public (long First, int Count) RowOf(int target) => (_rows[target], checked((int)(_rows[target + 1L] - _rows[target])));

    /// <summary>The links into a node, by source, kind, ordinal.</summary>
    public IEnumerable<LinkRecord> Into(int target)
    {
        (long first, int count) = RowOf(target);
        for (long i = first; i < first + count; i++)
            yield return this[i];
    }

    /// <summary>The links from one node to another, by kind and ordinal; by binary search.</summary>
    public IEnumerable<LinkRecord> Between(int source, int target)
    {
        (long low, int count) = RowOf(target);
        long end = low + count, high = end;
        while (low < high)
        {
            long middle = (low + high) >>> 1;
            if (_source[middle] < (uint)source)
                low = middle + 1;
            else
                high = middle;
        }
        for (; low < end && _source[low] == (uint)source; low++)
            yield return this[low];
    }

    /// <summary>The links of a node, by target, kind, ordinal.</summary>
    public IEnumerable<LinkRecord> From(int source)
    {
        for (long i = _sourceRows[source]; i < _sourceRows[source + 1L]; i++)
            yield return this[_bySource[i]];
    }

    /// <summary>Numbers of the records from a node, ascending.</summary>
    public ReadOnlySpan<uint> NumbersFrom(int source) => _bySource.Slice(_sourceRows[source], checked((int)(_sourceRows[source + 1L] - _sourceRows[source])));

    /// <summary>The text of an anchor.</summary>
    public string Anchor(uint number) => Encoding.UTF8.GetString(AnchorUtf8(number));

    /// <inheritdoc cref="Anchor"/>
    public ReadOnlySpan<byte> AnchorUtf8(uint number) =>
        _anchorTexts.Slice(_anchorOffsets[number], checked((int)(_anchorOffsets[number + 1L] - _anchorOffsets[number])));

    /// <summary>Of a site-wide link, the instance that counts; any other link is its own.</summary>
    public LinkRecord BestOf(LinkRecord link)
    {
        if ((link.Flags & (LinkRecordFlags.Sitewide | LinkRecordFlags.SitewideBest)) != LinkRecordFlags.Sitewide)
            return link;
        string site = SitewideLinks.SiteOf(_graph.Names.Key((int)link.Source));
        foreach (LinkRecord other in Into((int)link.Target))
            if ((other.Flags & LinkRecordFlags.SitewideBest) != 0 && other.Anchor == link.Anchor && other.Zone == link.Zone
                && SitewideLinks.SiteOf(_graph.Names.Key((int)other.Source)) == site)
                return other;
        return link;
    }

    private LinkWeight FactorsOf(long index)
    {
        ReadOnlySpan<float> f = _factors.Slice(index * Factors, Factors);
        return new LinkWeight(f[0], f[1], f[2], f[3], f[4], f[5]);
    }

    private MappedArray<T> Map<T>(string name) where T : unmanaged
    {
        MappedArray<T> array = _graph.MapIfPresent<T>(name)
            ?? throw new GraphException(Path.Combine(_graph.Folder, GraphManifest.FileName), -1, $"names no array '{name}': build the graph again");
        _columns.Add(name, array);
        return array;
    }
}
