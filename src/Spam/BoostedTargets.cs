namespace Backlinks.Spam;

/// <summary>
/// Targets that owe their authority to narrow, weak domains.
/// <code>llr(t) = k·ln(a/b) + s·ln((1−a)/(1−b))</code>
/// k: groups among t's supporters that are boosters (weak and narrow, see <see cref="Surroundings"/>), s: the other groups;
/// a, b: <see cref="SpamOptions.NarrowIfBoosted"/>, <see cref="SpamOptions.NarrowIfHonest"/>. It is the log-likelihood ratio of a
/// farm's mixture of supporters against a popular site's; the Poisson surprise of k alone would call every popular site a farm.
/// <para>Concentration: c(t) = Σ contributions of boosters / Σ contributions of all links. It is 1 − z_δ/z₁ at two hops of
/// robust PageRank (Andersen, Borgs, Chayes, Hopcroft, Mirrokni, Teng 2008), whose cap on each source takes away just what
/// sources give that pass on nothing but their own teleport.</para>
/// Input: links within a group are left out. Cost O(m log) in the worst row, 24 bytes a node; each target by itself.
/// </summary>
internal sealed class BoostedTargets
{
    private readonly Exclusions _exclusions;

    public BoostedTargets(Surroundings at, Exclusions exclusions, CancellationToken cancel)
    {
        _exclusions = exclusions;
        int n = at.Graph.NodeCount;
        Support = new TargetSupport[n];
        Boosted = new bool[n];
        at.Each(n, (start, end) =>
        {
            List<int> boosters = [], others = [];
            for (int target = start; target < end; target++)
            {
                if (at.Graph.InDegree(target) < 3)
                    continue;
                Support[target] = Of(at, target, boosters, others);
                Boosted[target] = Support[target].Boosters >= at.Options.FewestSupporters && Support[target].LogRatio > 0;
            }
        }, cancel);
        for (int target = 0; target < n; target++) // exclusions keep a list: one after the other
            if (Boosted[target] && exclusions.Excludes(target, Support[target]))
                Boosted[target] = false;
    }

    /// <summary>Of each target with enough supporters.</summary>
    public TargetSupport[] Support { get; }

    public bool[] Boosted { get; }

    public bool Excluded(int target) => _exclusions.Reasons.ContainsKey(target);

    /// <summary>A tie weighs as the target's case does: camouflage that happens to hit a small site must not draw a booster from its farm.</summary>
    public void AddTies(Surroundings at, EvidenceList ties)
    {
        for (int target = 0; target < Boosted.Length; target++)
            if (Boosted[target])
                foreach (uint source in at.Graph.InOf(target))
                    if (at.Booster[(int)source] && at.Group[(int)source] != at.Group[target])
                        ties.Add((int)source, target, EvidenceKind.Boost, Math.Clamp(Support[target].LogRatio / at.Options.LinkCap, 0.1, 1));
    }

    /// <summary>The mixture of one target's supporters.</summary>
    public static TargetSupport Of(Surroundings at, int target, List<int> boosters, List<int> others)
    {
        boosters.Clear();
        others.Clear();
        double all = 0, boosted = 0;
        long position = at.Graph.InOffsets[target];
        foreach (uint link in at.Graph.InOf(target))
        {
            int source = (int)link;
            double contribution = at.Contribution(position++);
            if (at.Group[source] == at.Group[target] || contribution == 0)
                continue;
            all += contribution;
            if (at.Booster[source])
                boosted += contribution;
            (at.Booster[source] ? boosters : others).Add(at.Group[source]);
        }
        int k = at.DistinctGroups(boosters), s = at.DistinctGroups(others);
        return new TargetSupport(k, s, LogRatio(k, s, at.Options), all > 0 ? boosted / all : 0);
    }

    public static double LogRatio(int boosters, int others, SpamOptions options) =>
        boosters * Math.Log(options.NarrowIfBoosted / options.NarrowIfHonest) + others * Math.Log((1 - options.NarrowIfBoosted) / (1 - options.NarrowIfHonest));
}

/// <summary>Who supports a target.</summary>
/// <param name="Boosters">Groups of narrow, weak supporters.</param>
/// <param name="Others">The other groups.</param>
/// <param name="LogRatio">llr above.</param>
/// <param name="Concentration">Share of what links give that comes from boosters.</param>
internal readonly record struct TargetSupport(int Boosters, int Others, double LogRatio, double Concentration);
