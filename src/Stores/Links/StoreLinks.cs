using System.Runtime.ExceptionServices;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>A live link of a kind that ranks, on its way to a graph. 28 bytes.</summary>
internal struct StoreLink
{
    /// <summary>The store's numbers first, then nodes.</summary>
    public uint Source, Target;

    private uint _marks; // kind 4 bits, zone 4, rel 16, flags 8

    public int Ordinal;
    public float Position;

    /// <summary>The store's number of the anchor first, then the table's.</summary>
    public uint Text;
    public uint FirstSeen;

    public StoreLink(in StoredArc arc)
    {
        Source = checked((uint)arc.SourceId);
        Target = checked((uint)arc.TargetId);
        _marks = (uint)arc.Kind | (uint)arc.Zone << 4 | (uint)arc.Rel << 8;
        Ordinal = arc.Ordinal;
        Position = arc.Position;
        Text = arc.Text >= 0 ? checked((uint)arc.Text) : uint.MaxValue;
        FirstSeen = (uint)Math.Clamp(arc.FirstSeen / 1_000_000, 0, uint.MaxValue);
    }

    /// <summary>A link as a graph has it.</summary>
    public StoreLink(in LinkRecord record, uint source, uint target, uint text)
    {
        (Source, Target, Text) = (source, target, text);
        _marks = (uint)record.Kind | (uint)record.Zone << 4 | (uint)record.Rel << 8;
        (Ordinal, Position, FirstSeen) = (record.Ordinal, record.Position, record.FirstSeenSeconds);
    }

    public readonly LinkKind Kind => (LinkKind)(_marks & 15);

    public readonly Zone Zone => (Zone)(_marks >> 4 & 15);

    public readonly LinkRel Rel => (LinkRel)(ushort)(_marks >> 8);

    public LinkRecordFlags Flags
    {
        readonly get => (LinkRecordFlags)(_marks >> 24);
        set => _marks = _marks & 0xFFFFFF | (uint)value << 24;
    }
}

/// <summary>The live links of ranking kinds, as a store streams them, and sorted by their nodes.</summary>
internal sealed class StoreLinks
{
    private const int BlockLinks = 1 << 18; // 7 MB

    private readonly List<StoreLink[]> _blocks = [];
    private int _fill = BlockLinks;

    /// <summary>Numbers of the URLs that links point at.</summary>
    public IdSet Targets { get; } = new();

    /// <summary>Numbers of the anchors, and the highest of them.</summary>
    public IdSet Texts { get; } = new();

    public uint HighestText { get; private set; }

    public static StoreLinks Read(ILinkStore store, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var links = new StoreLinks();
        long count = 0;
        foreach (StoredArc arc in store.Arcs(cancel))
        {
            if (arc.Lost || !StoreGraphs.Ranks(arc.Kind))
                continue;
            var link = new StoreLink(arc);
            links.Targets.Add(link.Target);
            if (link.Text != uint.MaxValue)
            {
                links.Texts.Add(link.Text);
                links.HighestText = Math.Max(links.HighestText, link.Text);
            }
            if (links._fill == BlockLinks)
            {
                links._blocks.Add(new StoreLink[BlockLinks]);
                links._fill = 0;
            }
            links._blocks[^1][links._fill++] = link;
            if ((++count & 0xFFFFF) == 0)
                progress?.Report(new StepProgress("reading links", count, 0, "links"));
        }
        return links;
    }

    /// <summary>The links between pages, and those between hosts or domains that reports name, each sorted by target, source,
    /// kind and ordinal. Links of a node to itself are left out, and those of URLs that the store learnt of since. This object is
    /// empty then.</summary>
    public (SortedLinks Pages, SortedLinks Reported) Sort(StoreNodes nodes, AnchorTable anchors, int threads, CancellationToken cancel)
    {
        long[] rows = new long[nodes.Pages + 1L];
        var reported = new List<StoreLink>();
        for (int b = 0; b < _blocks.Count; b++)
        {
            int kept = 0, length = b == _blocks.Count - 1 ? _fill : BlockLinks;
            StoreLink[] block = _blocks[b];
            for (int i = 0; i < length; i++)
            {
                StoreLink link = block[i];
                link.Text = anchors.TextOf(link.Text);
                uint source = nodes.PageOf(link.Source), target = nodes.PageOf(link.Target);
                bool ofPages = source != StoreNodes.NoNode && target != StoreNodes.NoNode;
                if (!ofPages)
                    (source, target) = (nodes.DomainOfReported(link.Source), nodes.DomainOfReported(link.Target));
                if (source == StoreNodes.NoNode || target == StoreNodes.NoNode || source == target)
                    continue;
                (link.Source, link.Target) = (source, target);
                if (ofPages)
                {
                    rows[target + 1L]++;
                    block[kept++] = link;
                }
                else
                    reported.Add(link);
            }
            if (kept < block.Length)
                Array.Resize(ref block, kept);
            _blocks[b] = block;
        }
        for (int node = 0; node < nodes.Pages; node++)
            rows[node + 1L] += rows[node];
        StoreLink[] sorted = GC.AllocateUninitializedArray<StoreLink>(checked((int)rows[nodes.Pages]));
        for (int b = 0; b < _blocks.Count; b++)
        {
            foreach (ref readonly StoreLink link in _blocks[b].AsSpan())
                sorted[rows[link.Target]++] = link;
            _blocks[b] = [];
        }
        _blocks.Clear();
        for (int node = nodes.Pages; node > 0; node--)
            rows[node] = rows[node - 1];
        rows[0] = 0;
        var pages = new SortedLinks(sorted, rows);
        pages.SortRows(threads, cancel);

        long[] reportedRows = new long[nodes.Domains + 1L];
        StoreLink[] all = [.. reported];
        Array.Sort(all, static (a, b) => a.Target.CompareTo(b.Target));
        foreach (StoreLink link in all)
            reportedRows[link.Target + 1L]++;
        for (int node = 0; node < nodes.Domains; node++)
            reportedRows[node + 1L] += reportedRows[node];
        var ofDomains = new SortedLinks(all, reportedRows);
        ofDomains.SortRows(threads, cancel);
        return (pages, ofDomains);
    }
}

/// <summary>Links in order of target, source, kind and ordinal.</summary>
/// <param name="Links">m.</param>
/// <param name="Rows">Links to node v are [Rows[v], Rows[v+1]).</param>
internal sealed record SortedLinks(StoreLink[] Links, long[] Rows)
{
    /// <summary>Nodes to a piece of parallel work: results never depend on it.</summary>
    public const int Range = 1 << 12;

    private static readonly Comparison<StoreLink> InRow = static (a, b) =>
        a.Source != b.Source ? a.Source.CompareTo(b.Source) : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Ordinal.CompareTo(b.Ordinal);

    public int Nodes => Rows.Length - 1;

    public void SortRows(int threads, CancellationToken cancel) => ForRanges(threads, (first, end) =>
    {
        for (int node = first; node < end; node++)
        {
            Span<StoreLink> row = Links.AsSpan((int)Rows[node], (int)(Rows[node + 1L] - Rows[node]));
            if (row.Length > 1)
                row.Sort(InRow);
        }
    }, cancel);

    /// <summary>Calls for ranges of nodes side by side.</summary>
    public void ForRanges(int threads, Action<int, int> work, CancellationToken cancel)
    {
        try
        {
            Parallel.For(0, (Nodes + Range - 1) / Range, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel },
                r => work(r * Range, Math.Min((r + 1) * Range, Nodes)));
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }
}

/// <summary>A weighed link as its source has it.</summary>
internal readonly record struct OutLink(uint Target, float Weight, float Full);

/// <summary>Weighed links in order of source, target, kind and ordinal.</summary>
/// <param name="Rows">Links of node u are [Rows[u], Rows[u+1]).</param>
/// <param name="Numbers">Place of each in <see cref="SortedLinks"/>.</param>
internal sealed record OutLinks(long[] Rows, uint[] Numbers, OutLink[] Links)
{
    public ReadOnlySpan<OutLink> Of(uint node) => Links.AsSpan((int)Rows[node], (int)(Rows[node + 1L] - Rows[node]));
}
