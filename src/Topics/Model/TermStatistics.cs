namespace Backlinks.Topics;

/// <summary>
/// In how many pages each term is: what makes a rare word count for more than a common one. One pass over the pages; pages
/// may be added from any threads in any order, for whole numbers add up to the same. 16 MB.
/// </summary>
public sealed class TermStatistics
{
    private readonly int[] _pagesWith = new int[TermReader.Terms];
    private long _pages;

    public long Pages => Interlocked.Read(ref _pages);

    public int PagesWith(int term) => _pagesWith[term];

    public void Add(PageTerms page)
    {
        Interlocked.Increment(ref _pages);
        foreach (int term in page.Terms.AsSpan(0, page.Count))
            Interlocked.Increment(ref _pagesWith[term]);
    }

    /// <summary>Of every term, ln((N + 1)/(pages with it + 1)) ≥ 0: a term in all pages says nothing, one in a single page the most.
    /// A term in none is 0: it cannot be met.</summary>
    public float[] Rarities()
    {
        float[] rarities = new float[TermReader.Terms], small = new float[4096];
        for (int with = 1; with < small.Length; with++)
            small[with] = Of(with);
        for (int term = 0; term < rarities.Length; term++)
            rarities[term] = _pagesWith[term] < small.Length ? small[_pagesWith[term]] : Of(_pagesWith[term]);
        return rarities;
    }

    private float Of(int with) => (float)Math.Max(0, Math.Log((Pages + 1.0) / (with + 1.0)));
}
