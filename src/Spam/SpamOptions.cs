namespace Backlinks.Spam;

/// <summary>How spam is looked for. The likelihoods are those of planted farms over a real host graph, where farms and the
/// rest differ by far more than the defaults' last digit.</summary>
public sealed record SpamOptions
{
    /// <summary>Domains that link, themselves aside, to at most this many owners outside their own circle are <em>narrow</em>:
    /// sites made for links have little else to point at. 1 to 1,000. Default 30: nine of ten linking hosts of a
    /// national web link to fewer, so narrowness alone says nothing, but most links come from the others, and a target with
    /// only narrow supporters is rare.</summary>
    public int NarrowBreadth { get; init; } = 30;

    /// <summary>Fewest supporters that make a target worth a look, 2 to 1,000. Default 4.</summary>
    public int FewestSupporters { get; init; } = 4;

    /// <summary>Share of narrow and weak supporters that boosted targets have, between the next and 1. Default .9.</summary>
    public double NarrowIfBoosted { get; init; } = 0.9;

    /// <summary>The same for honest targets, more than 0. Default .5: against .9 it calls a share of .73 even. Popular hosts of the UK graph
    /// of 1996 have .74 to .82, which is why widely known sites are excluded by the number of their other supporters.</summary>
    public double NarrowIfHonest { get; init; } = 0.5;

    /// <summary>Jaccard similarity of two targets' supporters from which they are a pair, 0 to 1. Default .2.</summary>
    public double Overlap { get; init; } = 0.2;

    /// <summary>… and fewest supporters in common. Default 4.</summary>
    public int OverlapSupporters { get; init; } = 4;

    /// <summary>A key that more than this share of all domains has says nothing: a content network, a hoster, a common theme.
    /// Default .005, but at least eight domains.</summary>
    public double CommonKeyShare { get; init; } = 0.005;

    /// <summary>… or that more than this many have, whatever the share. Default 50 for addresses and the like.</summary>
    public int CommonKeyDomains { get; init; } = 50;

    /// <summary>Bits in which near-duplicate texts may differ, 0 to 3. Default 3 (Manku, Jain, Das Sarma 2007).</summary>
    public int DuplicateBits { get; init; } = 3;

    /// <summary>γ of CPM as a share of each component's own density, 0 to 1. Default .5: half the density of the whole joins
    /// what is one farm, and splits two farms joined by a few links (they have half of their own density together).</summary>
    public double Resolution { get; init; } = 0.5;

    /// <summary>ln of the odds that a candidate is a farm before any evidence. Default −3 (1 in 20).</summary>
    public double Prior { get; init; } = -3;

    /// <summary>No family moves the log-odds by more. Default 6 for links, 3 for each other family: two others are needed to
    /// outweigh the prior, so one shared account or one common template never makes a farm.</summary>
    public double LinkCap { get; init; } = 6;

    /// <inheritdoc cref="LinkCap"/>
    public double OtherCap { get; init; } = 3;

    /// <summary>Evidence in a family from which it counts as one of the two that a claim needs, as ln of a likelihood ratio.
    /// Default 1 (odds 2.7 times).</summary>
    public double FamilyCounts { get; init; } = 1;

    /// <summary>Score of a confirmed cluster, whose inner links are discounted. Default 80.</summary>
    public double Confirmed { get; init; } = 80;

    /// <summary>Links alone confirm a cluster only if this share of what its targets get by links comes from members …</summary>
    public double Insular { get; init; } = 0.8;

    /// <summary>… and it has this many members.</summary>
    public int InsularMembers { get; init; } = 10;

    /// <summary>Clusters of a lower score are not reported. Default 20.</summary>
    public double Reported { get; init; } = 20;

    /// <summary>What is left of the weight of a confirmed cluster's inner links, 0 to 1. Default .02: a farm of 1,000 then
    /// keeps a fiftieth of its gain, and a mistaken claim can still be seen in the numbers.</summary>
    public double Discount { get; init; } = 0.02;

    /// <summary>Of Leiden's order of nodes.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal void Check()
    {
        Range(NarrowBreadth, 1, 1000, nameof(NarrowBreadth));
        Range(FewestSupporters, 2, 1000, nameof(FewestSupporters));
        Range(NarrowIfHonest, 0.01, 0.98, nameof(NarrowIfHonest));
        Range(NarrowIfBoosted, NarrowIfHonest + 0.01, 0.99, nameof(NarrowIfBoosted));
        Range(Overlap, 0, 1, nameof(Overlap));
        Range(OverlapSupporters, 1, 1000, nameof(OverlapSupporters));
        Range(CommonKeyShare, 0, 1, nameof(CommonKeyShare));
        Range(CommonKeyDomains, 2, int.MaxValue, nameof(CommonKeyDomains));
        Range(DuplicateBits, 0, 3, nameof(DuplicateBits));
        Range(Resolution, 0, 1, nameof(Resolution));
        Range(Discount, 0, 1, nameof(Discount));
        Range(Confirmed, 50, 100, nameof(Confirmed));
        Range(Reported, 0, Confirmed, nameof(Reported));
        Range(Threads, 0, 1024, nameof(Threads));
    }

    private static void Range(double value, double low, double high, string name)
    {
        if (!(value >= low && value <= high))
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {low} to {high}");
    }
}
