using Backlinks.GraphEngine;

namespace Backlinks.Tests;

/// <summary>A store that only remembers visits and sources, to see what importers write.</summary>
internal sealed class VisitsInMemory : ILinkStore
{
    private readonly Dictionary<string, StoredSource> _sources = [];
    private readonly HashSet<(string, DateTime, string)> _known = [];

    public List<PageVisit> All { get; } = [];

    public int Transactions { get; private set; }

    /// <summary>Called before a batch is written, with its number from 0; may throw.</summary>
    public Action<int>? BeforeWrite { get; set; }

    public long Version => Transactions;

    public WriteResult Write(IReadOnlyList<PageVisit> visits, StoredSource? source = null, CancellationToken cancel = default)
    {
        BeforeWrite?.Invoke(Transactions);
        Transactions++;
        int repeated = 0;
        foreach (PageVisit visit in visits)
            if (_known.Add((visit.Url, visit.At, visit.Source)) || visit.Outcome == VisitOutcome.Reported)
                All.Add(visit);
            else
                repeated++;
        if (source is not null)
            _sources[source.Id] = source;
        return new WriteResult(visits.Count, repeated, 0, 0, 0);
    }

    public StoredSource? FindSource(string id) => _sources.GetValueOrDefault(id);

    public IEnumerable<StoredSource> Sources() => _sources.Values;

    public (long Pages, long Links, long Visits) Count() => (All.Select(v => v.Url).Distinct().Count(), All.Sum(v => (long)v.Links.Count), All.Count);

    public StoredPage? FindPage(string url) => throw new NotSupportedException();

    public IEnumerable<StoredPage> Contents(bool texts = true, long sinceVersion = 0, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredPage> Pages(long sinceVersion = 0, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredArc> Arcs(CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredArc> Arcs(long sinceVersion, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredAnchor> Anchors(CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredAnchor> Anchors(long sinceVersion, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredLink> LinksFrom(string url, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredLink> LinksTo(string url, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredLink> Links(long sinceVersion = 0, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredVisit> Visits(string url, CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredName> Names(CancellationToken cancel = default) => throw new NotSupportedException();

    public IEnumerable<StoredName> Names(long sinceVersion, CancellationToken cancel = default) => throw new NotSupportedException();

    public void Dispose()
    {
    }
}
