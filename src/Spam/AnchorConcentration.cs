using MathNet.Numerics.Distributions;

namespace Backlinks.Spam;

/// <summary>
/// Targets whose links say the same selling words.
/// <code>s(t,a) = g(a)/G    z = (g − G·p)/√(G·p·(1−p))    H = −Σ s·log₂ s</code>
/// g(a): groups that name t by the money anchor a (<see cref="AnchorWords.IsMoney"/>), G: groups with any anchor to t, p: the share
/// of all linking groups that use a anywhere, at least <see cref="LeastShare"/>. A target is over-optimised where z &gt; 3 and
/// s ≥ <see cref="LeastDominant"/>; G ≥ 10 for that claim, and from <see cref="FewestToTie"/> groups on for a tie that a
/// cluster then weighs with the rest (an exact binomial tail below .001 instead of z, which is not normal yet).
/// <para>Editors choose different words: of the anchors of honest targets the commonest selling one has a tenth.</para>
/// Cost O(anchors), 8 bytes a text and the counts of one target at a time.
/// </summary>
internal sealed class AnchorConcentration
{
    /// <summary>What honest targets' commonest selling anchor reaches.</summary>
    public const double LeastShare = 0.1;

    private const double LeastDominant = 0.4;
    private const int FewestToTie = 4;

    private readonly Surroundings _at;
    private readonly int _groups = 1; // that link and say something
    private readonly double[] _share; // by anchor: share of linking groups that use it anywhere

    public AnchorConcentration(Surroundings at, CancellationToken cancel)
    {
        _at = at;
        _share = [];
        if (at.Input.Anchors is not { } anchors)
            return;
        var groups = new HashSet<int>();
        var used = new HashSet<(uint, int)>();
        int[] count = new int[anchors.Texts.Count];
        for (int target = 0; target < at.Graph.NodeCount; target++)
        {
            if ((target & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            long row = at.Graph.InOffsets[target];
            foreach (uint source in at.Graph.InOf(target))
            {
                for (long i = anchors.Offsets[row]; i < anchors.Offsets[row + 1]; i++)
                    if (used.Add((anchors.Anchors[i], at.Group[(int)source])))
                        count[anchors.Anchors[i]]++;
                groups.Add(at.Group[(int)source]);
                row++;
            }
        }
        _groups = Math.Max(1, groups.Count);
        _share = [.. count.Select(c => c / (double)_groups)];
    }

    /// <summary>Share of linking groups that use the anchor, without those of a cluster.</summary>
    public double ShareOutside(uint anchor, int inCluster)
    {
        return Math.Clamp(_share[anchor] - inCluster / (double)_groups, LeastShare, 0.99);
    }

    public void AddTies(EvidenceList ties, CancellationToken cancel)
    {
        if (_at.Input.Anchors is not { } anchors)
            return;
        for (int target = 0; target < _at.Graph.NodeCount; target++)
        {
            if ((target & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (_at.Graph.InDegree(target) < FewestToTie || _at.Apart(target) || Dominant(target) is not { } found || !found.Claims)
                continue;
            long row = _at.Graph.InOffsets[target];
            foreach (uint source in _at.Graph.InOf(target))
            {
                if (_at.Group[(int)source] != _at.Group[target] && anchors.Anchors.AsSpan((int)anchors.Offsets[row], (int)(anchors.Offsets[row + 1] - anchors.Offsets[row])).Contains(found.Anchor))
                    ties.Add((int)source, target, EvidenceKind.Anchor, 1);
                row++;
            }
        }
    }

    /// <summary>The commonest money anchor of a target; null where it has none.</summary>
    public DominantAnchor? Dominant(int target)
    {
        LinkAnchors anchors = _at.Input.Anchors!;
        string name = _at.Graph.Names[target];
        var by = new SortedDictionary<uint, HashSet<int>>();
        var groups = new HashSet<int>();
        long row = _at.Graph.InOffsets[target];
        foreach (uint source in _at.Graph.InOf(target))
        {
            int group = _at.Group[(int)source];
            if (group != _at.Group[target] && anchors.Offsets[row] < anchors.Offsets[row + 1])
            {
                groups.Add(group);
                for (long i = anchors.Offsets[row]; i < anchors.Offsets[row + 1]; i++)
                {
                    if (!by.TryGetValue(anchors.Anchors[i], out HashSet<int>? with))
                        by.Add(anchors.Anchors[i], with = []);
                    with.Add(group);
                }
            }
            row++;
        }
        int all = groups.Count;
        double entropy = 0, total = by.Values.Sum(g => g.Count);
        (uint Anchor, int Count) best = (0, 0);
        foreach ((uint anchor, HashSet<int> with) in by)
        {
            entropy -= with.Count / total * Math.Log2(with.Count / total);
            if (with.Count > best.Count && AnchorWords.IsMoney(anchors.Texts[(int)anchor], name))
                best = (anchor, with.Count);
        }
        if (best.Count == 0)
            return null;
        double p = ShareOutside(best.Anchor, best.Count), share = best.Count / (double)all, z = (best.Count - all * p) / Math.Sqrt(all * p * (1 - p));
        bool claims = share >= LeastDominant && (all >= 10 ? z > 3 : all >= FewestToTie && best.Count > all * p && 1 - Binomial.CDF(p, all, best.Count - 1) < 0.001);
        return new DominantAnchor(best.Anchor, best.Count, all, z, entropy, claims);
    }
}

/// <summary>The commonest selling words of a target's links.</summary>
/// <param name="Count">Groups that use it, of <paramref name="All"/>.</param>
/// <param name="Entropy">Of the target's anchors, bits.</param>
/// <param name="Claims">Beyond what honest targets have.</param>
internal readonly record struct DominantAnchor(uint Anchor, int Count, int All, double Z, double Entropy, bool Claims);
