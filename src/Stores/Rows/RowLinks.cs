using System.Runtime.ExceptionServices;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>A link of the store, live or lost. 64 bytes.</summary>
internal struct RowLink
{
    public const uint NoText = uint.MaxValue;

    /// <summary>Microseconds since 1970; <see cref="PageHistory.None"/> where it is not missing, not lost.</summary>
    public long First, Last, Missing, Lost;

    /// <summary>The store's numbers first, then pages.</summary>
    public uint Target, Source;

    /// <summary>The store's number of its texts.</summary>
    public uint Text;
    public float Position;
    public int Ordinal;
    public LinkRel Rel;

    /// <summary>The kind of the source that saw it first.</summary>
    public byte Observer;
    public LinkKind Kind;
    public Zone Zone;
    public LostReason Reason;

    public readonly bool IsLive => Lost == PageHistory.None;

    public readonly bool Ranks => StoreGraphs.Ranks(Kind);

    public readonly bool IsFollowed => (Rel & LinkRel.Withheld) == 0 || Kind is LinkKind.Redirect or LinkKind.Canonical;
}

/// <summary>All links of a store, by target, source, kind and ordinal. 68 bytes a link.</summary>
/// <param name="Links">m.</param>
/// <param name="Rows">Links to page p are [Rows[p], Rows[p+1]).</param>
internal sealed record RowLinks(RowLink[] Links, int[] Rows)
{
    private readonly struct InRow : IComparer<RowLink>
    {
        public int Compare(RowLink a, RowLink b) => a.Source != b.Source ? a.Source.CompareTo(b.Source) : a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Ordinal.CompareTo(b.Ordinal);
    }

    public ReadOnlySpan<RowLink> To(int page) => Links.AsSpan(Rows[page], Rows[page + 1] - Rows[page]);

    /// <param name="counts">Links to each URL, by the store's number.</param>
    /// <param name="kindOf">Kind of each of the store's sources.</param>
    public static RowLinks Read(DuckDbLinkStore store, RowPages pages, int[] counts, byte[] kindOf, int threads, CancellationToken cancel)
    {
        int[] rows = new int[pages.Count + 1];
        for (uint id = 0; id < counts.Length; id++)
            if (counts[id] > 0)
                rows[pages.NoOf(id)] = counts[id];
        int sum = 0;
        for (int page = 0; page < rows.Length; page++)
            (rows[page], sum) = (sum, checked(sum + rows[page]));
        RowLink[] links = GC.AllocateUninitializedArray<RowLink>(sum);
        store.ReadLinks(link =>
        {
            (link.Source, link.Target) = (pages.NoOf(link.Source), pages.NoOf(link.Target));
            links[rows[link.Target]++] = link;
        }, kindOf, cancel);
        for (int page = pages.Count; page > 0; page--)
            rows[page] = rows[page - 1];
        rows[0] = 0;
        const int range = 1 << 12;
        try
        {
            Parallel.For(0, (pages.Count + range - 1) / range, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancel }, r =>
            {
                for (int page = r * range; page < Math.Min((r + 1) * range, pages.Count); page++)
                    if (rows[page + 1] - rows[page] > 1)
                        links.AsSpan(rows[page], rows[page + 1] - rows[page]).Sort(default(InRow));
            });
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        return new RowLinks(links, rows);
    }
}
