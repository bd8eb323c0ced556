namespace Backlinks.Spam;

/// <summary>How a member is linked to.</summary>
/// <param name="Boosters">Groups of boosters in the cluster that link to it.</param>
/// <param name="Others">All other groups that do.</param>
/// <param name="Outside">Groups without a member that do.</param>
/// <param name="LogRatio">Of this mixture, see <see cref="BoostedTargets"/>.</param>
internal readonly record struct InsideTarget(int Boosters, int Others, int Outside, double LogRatio);

/// <summary>The links of one candidate cluster and the roles that follow from them.</summary>
internal sealed class Inside
{
    private readonly Surroundings _at;
    private readonly int[] _cluster;
    private readonly int _number;
    private readonly Dictionary<int, InsideTarget> _of = [];

    /// <param name="cluster">1 + number of the candidate of each node; changed by nobody while this is in use.</param>
    public Inside(Surroundings at, int[] members, int number, int[] cluster)
    {
        (_at, Members, _number, _cluster) = (at, members, number, cluster);
        foreach (int member in members)
            _of.Add(member, Look(member));
        int most = members.Length == 0 ? 0 : members.Max(m => _of[m].Boosters);
        foreach (int member in members)
            (IsTarget(member, most) ? Targets : Boosters).Add(member);
        if (Targets.Count > 0)
            Best = Targets.MaxBy(t => _of[t].LogRatio);
        Boosters.RemoveAll(b => !LinksInside(b) && !at.Booster[b]);
        Sinks = Targets.FindAll(t => !LinksInside(t));
        double[] shares = [.. (Sinks.Count > 0 ? Sinks : Targets).Select(Concentration).Order()];
        Insularity = shares.Length > 0 ? shares[shares.Length / 2] : 0;
    }

    public int Number => _number;

    public int[] Members { get; }

    public List<int> Targets { get; } = [];

    public List<int> Boosters { get; } = [];

    /// <summary>The target with the strongest mixture; −1 for none.</summary>
    public int Best { get; } = -1;

    /// <summary>Targets that link to no member: what all the others are for.</summary>
    public List<int> Sinks { get; }

    /// <summary>Share of what links give a target that comes from members, of the middle one of the sinks, or of the targets where there
    /// is no sink. A single link from somewhere that links to nothing else outweighs a whole farm, so it is no sum.</summary>
    public double Insularity { get; }

    /// <summary>Share of pairs that link both ways, among members that link to others.</summary>
    public double MutualShare
    {
        get
        {
            long mutual = 0;
            foreach ((int source, int target, _) in Links())
                mutual += source < target && _at.Links(target, source) ? 1 : 0;
            int linking = Members.Count(LinksInside);
            return mutual / Math.Max(1, linking * (linking - 1.0) / 2);
        }
    }

    public InsideTarget Of(int member) => _of[member];

    public bool Has(int node) => _cluster[node] == _number;

    public double Concentration(int target) => Given(target) is var (all, own) && all > 0 ? own / all : 0;

    /// <summary>Links between members of different owners, by target and source; with their position in the in-links.</summary>
    public IEnumerable<(int Source, int Target, long Position)> Links(int target = -1, List<int>? between = null)
    {
        foreach (int member in target >= 0 ? [target] : Members)
        {
            long start = _at.Graph.InOffsets[member];
            for (long i = start; i < _at.Graph.InOffsets[member + 1L]; i++)
            {
                int source = (int)_at.Graph.InLinks[i];
                if (Has(source) && _at.Group[source] != _at.Group[member] && (between is null || (between.BinarySearch(source) >= 0 && between.BinarySearch(member) >= 0)))
                    yield return (source, member, i);
            }
        }
    }

    /// <summary>Members that have a part in it. A target needs a boosted mixture of supporters here. A booster has to link to a
    /// third as many members as the others do at least: hosts of hijacked pages and commenters link to one member
    /// of a dense farm. Where most boosters share a key or a text, one that does not needs two links: customers of a network of
    /// blogs have honest links too; so too where four members or more link to each other, as sites of a family do: who links to one of
    /// them is its supporter, not their booster.</summary>
    /// <param name="keyed">Whether a member shares a key or a text with another.</param>
    public int[] Staying(Func<int, bool> keyed)
    {
        int[] inner = [.. Members.Select(InnerLinks).Where(l => l > 0)]; // of targets too: in a dense farm all are
        double usual = inner.Length == 0 ? 0 : inner.Average(); // the median would be the strays' where they are many
        int core = Members.Count(m => MutualLinks(m) >= 2);
        bool hand = Boosters.Count(keyed) * 2 > Boosters.Count;
        var targets = Targets.ToHashSet();
        return [.. Members.Where(Stays)];

        bool Stays(int member)
        {
            if (targets.Contains(member))
                return true;
            bool shares = keyed(member);
            int links = InnerLinks(member);
            if (links == 0 || (hand && !shares && links < 2) || (core >= Candidates.Fewest && links < 2))
                return shares && hand;
            return links * 3 >= usual && _at.Booster[member];
        }
    }

    /// <summary>Pairs of targets with much the same supporters in the cluster.</summary>
    public (int Pairs, int Targets, int A, int B, int Shared, int Union) OverlappingTargets(SpamOptions options)
    {
        int[] targets = [.. Targets.OrderByDescending(t => _of[t].Boosters).ThenBy(t => t).Take(64)];
        var supporters = targets.Select(t => Links(t).Select(l => l.Source).ToHashSet()).ToArray();
        (int pairs, int a, int b, int most, int union) = (0, -1, -1, 0, 0);
        var paired = new HashSet<int>();
        for (int i = 0; i < targets.Length; i++)
            for (int j = i + 1; j < targets.Length; j++)
            {
                int shared = supporters[i].Count(supporters[j].Contains), either = supporters[i].Count + supporters[j].Count - shared;
                if (shared < options.OverlapSupporters || shared < options.Overlap * either)
                    continue;
                pairs++;
                paired.Add(i);
                paired.Add(j);
                if (shared > most)
                    (a, b, most, union) = (targets[i], targets[j], shared, either);
            }
        return (pairs, paired.Count, a, b, most, union);
    }

    /// <summary>Domains outside that boosters link to, those with the most links first.</summary>
    public IEnumerable<int> LinkedTo() => Outward().Select(o => o.Node);

    public List<(int Node, int Boosters)> Outward()
    {
        var counts = new Dictionary<int, int>();
        foreach (int booster in Boosters)
            foreach (uint target in _at.Graph.OutOf(booster))
                if (!Has((int)target) && _at.Group[(int)target] != _at.Group[booster])
                    counts[(int)target] = counts.GetValueOrDefault((int)target) + 1;
        return [.. counts.Select(c => (c.Key, c.Value)).OrderByDescending(c => c.Value).ThenBy(c => c.Key)];
    }

    /// <summary>A target has three boosters here, who are three fifths of its supporters and a fiftieth of all members (camouflage may
    /// hit a small site three times); one that boosts others itself, four fifths as many as the best supported.</summary>
    private bool IsTarget(int member, int most)
    {
        InsideTarget look = _of[member];
        return look.Boosters >= 3 && look.Boosters * 2 >= look.Others * 3 && look.Boosters * 50 >= Members.Length
            && (!_at.Booster[member] || !LinksInside(member) || look.Boosters >= 0.8 * most);
    }

    private bool LinksInside(int member) => InnerLinks(member) > 0;

    private int MutualLinks(int member)
    {
        int links = 0;
        foreach (uint target in _at.Graph.OutOf(member))
            links += Has((int)target) && _at.Group[(int)target] != _at.Group[member] && _at.Links((int)target, member) ? 1 : 0;
        return links;
    }

    public int InnerLinks(int member)
    {
        int links = 0;
        foreach (uint target in _at.Graph.OutOf(member))
            links += Has((int)target) && _at.Group[(int)target] != _at.Group[member] ? 1 : 0;
        return links;
    }

    private InsideTarget Look(int member)
    {
        List<int> boosters = [], others = [], outside = [];
        foreach (uint link in _at.Graph.InOf(member))
        {
            int source = (int)link;
            if (_at.Group[source] == _at.Group[member])
                continue;
            (Has(source) && _at.Booster[source] ? boosters : others).Add(_at.Group[source]);
            if (!Has(source))
                outside.Add(_at.Group[source]);
        }
        int k = Surroundings.Distinct(boosters), s = Surroundings.Distinct(others);
        return new InsideTarget(k, s, Surroundings.Distinct(outside), BoostedTargets.LogRatio(k, s, _at.Options));
    }

    private (double All, double Own) Given(int target)
    {
        double all = 0, own = 0;
        for (long i = _at.Graph.InOffsets[target]; i < _at.Graph.InOffsets[target + 1L]; i++)
        {
            double contribution = _at.Contribution(i);
            all += contribution;
            own += Has((int)_at.Graph.InLinks[i]) ? contribution : 0;
        }
        return (all, own);
    }
}
