namespace Backlinks.GraphEngine;

/// <summary>What else a <see cref="LinkRecord"/> is. The numbers are stored: they never change.</summary>
[Flags]
public enum LinkRecordFlags : byte
{
    None = 0,

    /// <summary>The same target, anchor and zone stand on so many pages of the site that they count once.</summary>
    Sitewide = 1,

    /// <summary>Of those, the one that counts; the others have the site-wide factor 0 and are shown all the same.</summary>
    SitewideBest = 2,

    /// <summary>Both ends are pages of one domain.</summary>
    Internal = 4,

    /// <summary>Both ends belong to domains of one owner.</summary>
    SameOwner = 8,

    /// <summary>A report of what was seen itself: of a page's link whose element is known, or between domains whose pages are known
    /// to link. It says nothing new and has the site-wide factor 0.</summary>
    SeenItself = 16,
}

/// <summary>One live link of a kind that ranks, withheld or not, with every factor of its weight.</summary>
/// <param name="Index">Its place in <see cref="LinkRecords"/>.</param>
/// <param name="Source">Node.</param>
/// <param name="Target">Node.</param>
/// <param name="Ordinal">0 for the first link of that kind from source to target in document order, as the store counts; at most 65,535.</param>
/// <param name="Position">Relative place in the main text, 0 to 1; NaN where unknown.</param>
/// <param name="Anchor">Number of the text, see <see cref="LinkRecords.Anchor"/>.</param>
/// <param name="FirstSeenSeconds">Seconds since 1970, UTC; times outside 1970 to 2106 are cut to these.</param>
/// <param name="Factors">All factors; their product is <paramref name="Weight"/>.</param>
/// <param name="Weight">What the link weighs.</param>
public readonly record struct LinkRecord(long Index, uint Source, uint Target, LinkKind Kind, int Ordinal, LinkRel Rel, Zone Zone, AnchorForm Form, float Position,
    uint Anchor, uint FirstSeenSeconds, LinkRecordFlags Flags, LinkWeight Factors, float Weight)
{
    public DateTime FirstSeen => DateTime.UnixEpoch.AddSeconds(FirstSeenSeconds);

    /// <summary>What the link would weigh if it were followed.</summary>
    public float Full => Factors.Full;

    /// <summary>What rel keeps from the target and gives to nobody.</summary>
    public double Lost => (double)Full - Weight;
}
