using Backlinks.GraphEngine;

namespace Backlinks.Spam;

/// <summary>Kinds of evidence that do not follow from each other: a claim needs two of them.</summary>
public enum EvidenceFamily
{
    /// <summary>Who links to whom.</summary>
    Link,

    /// <summary>What pages say and how they are built.</summary>
    Content,

    /// <summary>The words of links.</summary>
    Anchor,

    /// <summary>Where sites run and whose accounts they use.</summary>
    Infrastructure,

    /// <summary>When links and topics came.</summary>
    Time,
}

/// <summary>What is known of a domain beyond its links; such domains are left out of evidence, and told as counter-evidence.</summary>
[Flags]
public enum DomainTraits : byte
{
    None = 0,

    /// <summary>Anyone may have pages there: a host of blogs, a forum, a shop system. Its pages have many owners.</summary>
    Platform = 1,

    /// <summary>It lists sites on purpose.</summary>
    Directory = 2,

    /// <summary>Files, fonts, scripts or badges that others embed.</summary>
    Cdn = 4,

    /// <summary>A site its owner vouches for: seeds of trust.</summary>
    Trusted = 8,
}

/// <summary>Keys of domains outside their links, in rows: domains that share a rare key may be run by one hand.</summary>
/// <param name="Name">What the key is, for people: <c>counter account</c>, <c>address /24</c>, <c>page template</c>.</param>
/// <param name="Offsets">n+1 positions in <paramref name="Keys"/>, first 0.</param>
/// <param name="Keys">Each domain's keys in any order, equal for equal things; repeats count once.</param>
public sealed record SharedKeys(string Name, EvidenceFamily Family, long[] Offsets, ulong[] Keys)
{
    /// <summary>ln of how much likelier members of a farm share such a key than domains that a hoster or a fashion brought
    /// together, 0 to 3. Default 2; a counter's or advertiser's account 3, a template 2, an address /24 1.5, a name server 1.</summary>
    public double Strength { get; init; } = 2;

    /// <summary>A key as people read it; null where it is a mere number.</summary>
    public Func<ulong, string>? Describe { get; init; }

    public ReadOnlySpan<ulong> Of(int node) => Keys.AsSpan((int)Offsets[node], (int)(Offsets[node + 1] - Offsets[node]));

    /// <summary>Rows from one list a domain; a null list is an empty one.</summary>
    public static SharedKeys FromLists(string name, EvidenceFamily family, IReadOnlyList<IReadOnlyCollection<ulong>?> keys)
    {
        long[] offsets = new long[keys.Count + 1];
        for (int node = 0; node < keys.Count; node++)
            offsets[node + 1] = offsets[node] + (keys[node]?.Count ?? 0);
        ulong[] all = new ulong[offsets[^1]];
        for (int node = 0; node < keys.Count; node++)
        {
            long at = offsets[node];
            foreach (ulong key in keys[node] ?? [])
                all[at++] = key;
        }
        return new SharedKeys(name, family, offsets, all);
    }
}

/// <summary>The words of the links of each domain edge, in rows that follow <see cref="LinkGraph.InLinks"/>.</summary>
/// <param name="Offsets">m+1 positions in the two arrays below, one row for each position of <see cref="LinkGraph.InLinks"/>.</param>
/// <param name="Anchors">Number of the text in <paramref name="Texts"/>, distinct within a row.</param>
/// <param name="Counts">How many links of the edge say so, ≥ 1.</param>
/// <param name="Texts">Anchor texts, white space collapsed, lower case; empty text is an anchor too.</param>
public sealed record LinkAnchors(long[] Offsets, uint[] Anchors, uint[] Counts, IReadOnlyList<string> Texts);

/// <summary>
/// What spam is looked for in: a graph of domains and whatever else is known. All but graph and authority may be absent;
/// each channel that is there makes claims possible that links alone do not carry.
/// </summary>
public sealed record SpamInput
{
    /// <summary>Domains (or hosts), one edge for all links of one that point to another.</summary>
    public required LinkGraph Graph { get; init; }

    /// <summary>z: n numbers, raw authority in multiples of what a domain without links gets.</summary>
    public required double[] Raw { get; init; }

    /// <summary>d of <see cref="Raw"/>. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Owner of each domain where known: equal numbers other than 0 are one owner, 0 is unknown.</summary>
    public uint[]? Owners { get; init; }

    /// <summary>The name of an owner's number; null where owners have no names.</summary>
    public Func<uint, string>? OwnerName { get; init; }

    /// <summary>Registrable domain of each node where nodes are hosts: equal numbers other than 0 are one. Null where nodes are domains already.</summary>
    public uint[]? Sites { get; init; }

    /// <summary>Keys other than fingerprints of text: addresses, name servers, accounts, templates.</summary>
    public IReadOnlyList<SharedKeys> Channels { get; init; } = [];

    /// <summary>Fingerprints of the main text of some pages of each domain (64-bit SimHash, 0 for too little text): up to some
    /// twenty a domain are plenty.</summary>
    public SharedKeys? Contents { get; init; }

    public LinkAnchors? Anchors { get; init; }

    /// <summary>Day each edge was first seen (<see cref="DateOnly.DayNumber"/>; 0 unknown), in the order of <see cref="LinkGraph.InLinks"/>.
    /// The day on which the first crawl saw everything says nothing and must be 0.</summary>
    public int[]? FirstSeen { get; init; }

    /// <summary>Topic of each domain when most of its links were made, −1 unknown.</summary>
    public int[]? TopicThen { get; init; }

    /// <summary>Topic of each domain now, −1 unknown.</summary>
    public int[]? TopicNow { get; init; }

    /// <summary>Known pages of each domain.</summary>
    public int[]? Pages { get; init; }

    public DomainTraits[]? Traits { get; init; }

    /// <summary>A page that shows the link from one domain to another, for examples; null where none is at hand.</summary>
    public Func<int, int, string?>? Example { get; init; }

    /// <exception cref="ArgumentException">An array has not one number for each domain or edge.</exception>
    internal void Check()
    {
        int n = Graph.NodeCount;
        Require(Raw.Length, n, nameof(Raw));
        Require(Owners?.Length, n, nameof(Owners));
        Require(Sites?.Length, n, nameof(Sites));
        Require(TopicThen?.Length, n, nameof(TopicThen));
        Require(TopicNow?.Length, n, nameof(TopicNow));
        Require(Pages?.Length, n, nameof(Pages));
        Require(Traits?.Length, n, nameof(Traits));
        Require(FirstSeen?.LongLength, Graph.LinkCount, nameof(FirstSeen));
        foreach (SharedKeys keys in Contents is null ? Channels : [.. Channels, Contents])
        {
            Require(keys.Offsets.Length, n + 1L, keys.Name + " offsets");
            Require(keys.Keys.Length, keys.Offsets[n], keys.Name + " keys");
        }
        if (Anchors is { } anchors)
        {
            Require(anchors.Offsets.LongLength, Graph.LinkCount + 1, "anchor offsets");
            Require(anchors.Anchors.LongLength, anchors.Offsets[^1], "anchors");
            Require(anchors.Counts.LongLength, anchors.Offsets[^1], "anchor counts");
        }
        if (Damping is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(Damping), Damping, "the damping must be at least 0 and less than 1");
    }

    private static void Require(long? length, long wanted, string what)
    {
        if (length is { } given && given != wanted)
            throw new ArgumentException($"{what} has {given} elements where the graph needs {wanted}");
    }
}
