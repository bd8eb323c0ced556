using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// Weights of the links to one page after the other, and what each passes:
/// <code>passed(l) = d·z(u) · W(u,v)/W(u) · weight(l) / Σ weight of the links u→v</code>
/// W(u,v) is the edge's weight after discounts, so what a discount takes is taken from each link by its share. Links and records are both
/// sorted by target, source, kind and ordinal, so the records of a page follow those of its links that have one: the live ones of kinds
/// that rank, from other pages. Links that reports name by host or domain have theirs in the domain graph, and pass nothing to a page.
/// </summary>
internal sealed class PassedRank(RowPages pages, RowLinks links, RowScores ofPages, RowScores ofDomains)
{
    private readonly LinkRecords? _records = LinkRecords.Of(ofPages.Graph), _reports = LinkRecords.Of(ofDomains.Graph);
    private Passed[] _row = [];
    private int _first;

    /// <summary>A link's weight and what it passes; nothing where the graph does not have it.</summary>
    public readonly record struct Passed(bool Has, LinkWeight Factors, float Weight, AnchorForm Form, bool Sitewide, double Rank);

    /// <summary>The links to a page.</summary>
    public void MoveTo(int page)
    {
        ReadOnlySpan<RowLink> row = links.To(page);
        _first = links.Rows[page];
        if (_row.Length < row.Length)
            _row = new Passed[Math.Max(16, Math.Max(row.Length, 2 * _row.Length))];
        LinkGraph graph = ofPages.Graph;
        int node = pages.NodeOf[page], at = 0;
        (long record, int count) = node >= 0 && _records is not null ? _records.RowOf(node) : (0, 0);
        long end = record + count;
        ReadOnlySpan<uint> sources = node >= 0 ? graph.InOf(node) : [];
        for (int start = 0, next; start < row.Length; start = next)
        {
            uint source = row[start].Source;
            double sum = 0;
            for (next = start; next < row.Length && row[next].Source == source; next++)
            {
                ref readonly RowLink link = ref row[next];
                _row[next] = default;
                if (!link.IsLive || !link.Ranks || source == (uint)page)
                    continue;
                if (pages.Facts[page].Granularity != Granularity.Page)
                    _row[next] = Reported(link);
                else if (record < end && _records![record] is var found && (int)found.Source == pages.NodeOf[source] && found.Kind == link.Kind && found.Ordinal == Math.Min(link.Ordinal, ushort.MaxValue))
                {
                    _row[next] = Of(found);
                    sum += found.Weight;
                    record++;
                }
                else
                    throw new InvalidOperationException($"the page graph has no record of link {pages.Urls[source]} → {pages.Urls[page]}, {link.Kind} {link.Ordinal}: it is not of this store");
            }
            if (!(sum > 0))
                continue;
            int sourceNode = pages.NodeOf[source];
            while (at < sources.Length && (int)sources[at] < sourceNode)
                at++;
            if (at == sources.Length || (int)sources[at] != sourceNode)
                continue; // so little that an edge would round to 0
            double passed = ofPages.Unit(sourceNode) * (graph.InWeights is { } weights ? weights[graph.InOffsets[node] + at] : 1) / sum;
            for (int i = start; i < next; i++)
                if (_row[i].Has)
                    _row[i] = _row[i] with { Rank = passed * _row[i].Weight };
        }
        if (record != end)
            throw new InvalidOperationException($"the page graph has {end - record} links to {pages.Urls[page]} more than the store: it is not of this store");
    }

    /// <summary>A link to the page, by its place among all.</summary>
    public ref readonly Passed Of(int link) => ref _row[link - _first];

    private static Passed Of(in LinkRecord record) =>
        new(true, record.Factors, record.Weight, record.Form, (record.Flags & (LinkRecordFlags.Sitewide | LinkRecordFlags.SitewideBest)) != 0, 0);

    /// <summary>Several hosts may be one domain, so their links are told apart by what is known of them; those that are not weigh the same.</summary>
    private Passed Reported(in RowLink link)
    {
        int source = pages.DomainNodes[pages.DomainOf[link.Source]], target = pages.DomainNodes[pages.DomainOf[link.Target]];
        if (_reports is null || source < 0 || target < 0 || source == target)
            return default;
        uint seconds = (uint)Math.Clamp(link.First / 1_000_000, 0, uint.MaxValue);
        foreach (LinkRecord record in _reports.Between(source, target))
            if (record.Kind == link.Kind && record.Ordinal == Math.Min(link.Ordinal, ushort.MaxValue) && record.Rel == link.Rel && record.Zone == link.Zone
                && record.Position.Equals(link.Position) && record.FirstSeenSeconds == seconds)
                return Of(record);
        return default;
    }
}
