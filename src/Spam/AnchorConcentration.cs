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
/// Cost O(anchors), 8 bytes a text, 4 an anchor and 29 a node; each target by itself.
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
        int n = at.Graph.NodeCount;
        long[] ends = new long[anchors.Texts.Count + 1]; // groups that say each text, repeats included: a counting sort by text
        foreach (uint anchor in anchors.Anchors)
            ends[anchor + 1]++;
        for (int anchor = 0; anchor < anchors.Texts.Count; anchor++)
            ends[anchor + 1] += ends[anchor];
        int[] saying = new int[anchors.Anchors.Length];
        bool[] links = new bool[n];
        for (int target = 0; target < n; target++)
        {
            if ((target & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            long row = at.Graph.InOffsets[target];
            foreach (uint source in at.Graph.InOf(target))
            {
                int group = at.Group[(int)source];
                for (long i = anchors.Offsets[row]; i < anchors.Offsets[row + 1]; i++)
                    saying[ends[anchors.Anchors[i]]++] = group;
                links[group] = true;
                row++;
            }
        }
        _groups = Math.Max(1, links.Count(l => l));
        _share = new double[anchors.Texts.Count];
        int[] seen = new int[n]; // 1 + the last text that a group was met at
        for (int anchor = 0; anchor < _share.Length; anchor++)
        {
            int count = 0;
            for (long i = anchor == 0 ? 0 : ends[anchor - 1]; i < ends[anchor]; i++)
                if (seen[saying[i]] != anchor + 1)
                {
                    seen[saying[i]] = anchor + 1;
                    count++;
                }
            _share[anchor] = count / (double)_groups;
        }
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
        DominantAnchor?[] dominant = new DominantAnchor?[_at.Graph.NodeCount];
        _at.Each(dominant.Length, (start, end) =>
        {
            var said = new List<ulong>();
            for (int target = start; target < end; target++)
                if (_at.Graph.InDegree(target) >= FewestToTie && !_at.Apart(target) && Dominant(target, said) is { Claims: true } found)
                    dominant[target] = found;
        }, cancel);
        for (int target = 0; target < dominant.Length; target++)
        {
            if (dominant[target] is not { } found)
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

    /// <summary>The commonest money anchor of a target; null where none has <see cref="LeastDominant"/> of its links.</summary>
    /// <param name="said">To work in.</param>
    public DominantAnchor? Dominant(int target, List<ulong>? said = null)
    {
        LinkAnchors anchors = _at.Input.Anchors!;
        said ??= [];
        said.Clear(); // text << 32 | group
        var groups = new List<int>();
        long row = _at.Graph.InOffsets[target];
        foreach (uint source in _at.Graph.InOf(target))
        {
            int group = _at.Group[(int)source];
            if (group == _at.Group[target] || anchors.Offsets[row] == anchors.Offsets[row + 1])
            {
                row++;
                continue;
            }
            groups.Add(group);
            for (long i = anchors.Offsets[row]; i < anchors.Offsets[row + 1]; i++)
                said.Add((ulong)anchors.Anchors[i] << 32 | (uint)group);
            row++;
        }
        said.Sort();
        int total = 0; // pairs of a text and a group
        for (int i = 0; i < said.Count; i++)
            if (total == 0 || said[total - 1] != said[i])
                said[total++] = said[i];
        said.RemoveRange(total, said.Count - total);
        int all = _at.DistinctGroups(groups);
        string? name = null;
        double entropy = 0;
        (uint Anchor, int Count) best = (0, 0);
        for (int start = 0, end; start < total; start = end)
        {
            uint anchor = (uint)(said[start] >> 32);
            for (end = start; end < total && said[end] >> 32 == anchor; end++)
            {
            }
            int with = end - start;
            entropy -= with / (double)total * Math.Log2(with / (double)total);
            if (with > best.Count && with / (double)all >= LeastDominant && AnchorWords.IsMoney(anchors.Texts[(int)anchor], name ??= _at.Graph.Names[target]))
                best = (anchor, with);
        }
        if (best.Count == 0)
            return null;
        double p = ShareOutside(best.Anchor, best.Count), z = (best.Count - all * p) / Math.Sqrt(all * p * (1 - p));
        bool claims = (all >= 10 ? z > 3 : all >= FewestToTie && best.Count > all * p && 1 - Binomial.CDF(p, all, best.Count - 1) < 0.001);
        return new DominantAnchor(best.Anchor, best.Count, all, z, entropy, claims);
    }
}

/// <summary>The commonest selling words of a target's links.</summary>
/// <param name="Count">Groups that use it, of <paramref name="All"/>.</param>
/// <param name="Entropy">Of the target's anchors, bits.</param>
/// <param name="Claims">Beyond what honest targets have.</param>
internal readonly record struct DominantAnchor(uint Anchor, int Count, int All, double Z, double Entropy, bool Claims);
