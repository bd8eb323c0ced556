using Backlinks.GraphEngine;

namespace Backlinks.Spam;

/// <summary>What was found: the report, and it as arrays.</summary>
public sealed class SpamResult
{
    private readonly bool[] _confirmed;
    private readonly bool[] _booster;
    private readonly double _discount;

    internal SpamResult(SpamReport report, double[] scores, uint[] cluster, bool[] booster, double discount)
    {
        (Report, Scores, Cluster, _booster, _discount) = (report, scores, cluster, booster, discount);
        _confirmed = [false, .. report.Clusters.Select(c => c.Confirmed)];
    }

    public SpamReport Report { get; }

    /// <summary>n numbers: the score of the cluster a domain is a member of, 0 for none. It says how sure the cluster is, not how bad the domain.</summary>
    public double[] Scores { get; }

    /// <summary>n numbers: 0 for none, else 1 + the cluster's place in the report.</summary>
    public uint[] Cluster { get; }

    /// <summary>What is left of the weight of a link, 0 to 1: less than 1 for links of boosters to members of the same confirmed
    /// cluster. The rest evaporates, as with nofollow: given to the booster's other links it would go the same way.</summary>
    public double Discount(int source, int target) =>
        Cluster[source] != 0 && Cluster[source] == Cluster[target] && _confirmed[Cluster[source]] && _booster[source] ? _discount : 1;
}

/// <summary>
/// Finds groups of domains that link in order to boost, with reasons.
/// <para>Exclusions (<see cref="OwnerGroups"/>, <see cref="Exclusions"/>) come first; generators tie domains together
/// (<see cref="BoostedTargets"/>, <see cref="CircleGroups"/>, <see cref="SharedTargets"/>, <see cref="KeyGroups"/>,
/// <see cref="NearDuplicates"/>, <see cref="AnchorConcentration"/>, <see cref="LinkBursts"/>); the evidence graph is cut into
/// groups (<see cref="Candidates"/>), which are scored (<see cref="ClusterScoring"/>) and named (<see cref="ClusterNames"/>).</para>
/// Cost: near-linear in links, keys and anchors, some 60 bytes a node and 40 a tie. The same input, options and previous
/// report give the same bytes on any number of threads.
/// </summary>
public static class SpamDetection
{
    /// <param name="previous">The report of the run before: clusters that are still there keep their ids.</param>
    /// <exception cref="ArgumentException">Input arrays do not fit the graph, or an option is out of range.</exception>
    public static SpamResult Compute(SpamInput input, SpamOptions? options = null, SpamReport? previous = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new SpamOptions();
        options.Check();
        input.Check();
        int step = 0;
        var at = new Surroundings(input, options, cancel);
        Step("surroundings");
        var exclusions = new Exclusions(at);
        var ties = new EvidenceList();
        var boosted = new BoostedTargets(at, exclusions, cancel);
        boosted.AddTies(at, ties);
        Step("boosted targets");
        CircleGroups.AddTies(at, ties, cancel);
        Step("circles");
        SharedTargets.AddTies(at, boosted.Boosted, ties, cancel);
        Step("shared targets");
        KeyGroups.AddTies(at, ties, cancel);
        NearDuplicates.AddTies(at, ties, cancel);
        Step("shared keys and texts");
        var concentration = new AnchorConcentration(at, cancel);
        concentration.AddTies(ties, cancel);
        var bursts = new LinkBursts(at);
        bursts.AddTies(boosted.Boosted, ties, cancel);
        Step("anchors and dates");
        ties.Ties.RemoveAll(t => at.Apart(t.A) || at.Apart(t.B) || exclusions.Reasons.ContainsKey(t.A) || exclusions.Reasons.ContainsKey(t.B));
        List<int[]> candidates = Candidates.Of(at, boosted, ties, cancel);
        Step("groups");
        List<ScoredCluster?> scored = new ClusterScoring(at, concentration, bursts, exclusions, cancel).Score(candidates, ties);
        SpamResult result = Report(at, [.. scored.OfType<ScoredCluster>()], exclusions, boosted, previous);
        Step("scores");
        return result;

        void Step(string what) => progress?.Report(new StepProgress($"spam: {what}", ++step, 8, "steps"));
    }

    private static SpamResult Report(Surroundings at, List<ScoredCluster> scored, Exclusions exclusions, BoostedTargets boosted, SpamReport? previous)
    {
        int n = at.Graph.NodeCount;
        var named = scored.Select(s => (Scored: s, Names: s.Inside.Members.Select(m => at.Graph.Names[m]).Order(StringComparer.Ordinal).ToArray())).ToList();
        string[] ids = ClusterNames.Of([.. named.Select(c => c.Names)], previous);
        var order = Enumerable.Range(0, named.Count).OrderByDescending(i => named[i].Scored.Score).ThenBy(i => ids[i], StringComparer.Ordinal).ToArray();
        double[] scores = new double[n];
        uint[] cluster = new uint[n];
        bool[] booster = new bool[n];
        var clusters = new List<SpamCluster>();
        foreach (int i in order)
        {
            Inside inside = named[i].Scored.Inside;
            clusters.Add(Describe(at, named[i].Scored, ids[i]));
            foreach (int member in inside.Members)
                (scores[member], cluster[member]) = (named[i].Scored.Score, (uint)clusters.Count);
            foreach (int member in inside.Members)
                booster[member] = at.Booster[member] || !inside.Targets.Contains(member);
        }
        var excluded = exclusions.Reasons.OrderByDescending(e => boosted.Support[e.Key].Boosters + boosted.Support[e.Key].Others).ThenBy(e => e.Key).Take(1000)
            .Select(e => new SpamExclusion(at.Graph.Names[e.Key], e.Value)).OrderBy(e => e.Name, StringComparer.Ordinal);
        return new SpamResult(new SpamReport { Clusters = clusters, Excluded = [.. excluded] }, scores, cluster, booster, at.Options.Discount);
    }

    private static SpamCluster Describe(Surroundings at, ScoredCluster scored, string id)
    {
        Inside inside = scored.Inside;
        var targets = inside.Targets.ToHashSet();
        return new SpamCluster
        {
            Id = id,
            Score = scored.Score,
            Confirmed = scored.Score >= at.Options.Confirmed,
            Families = scored.Families,
            Insularity = inside.Insularity,
            InnerLinks = inside.Links().Count(),
            Members = [.. inside.Members.Select(m => new SpamMember(at.Graph.Names[m], targets.Contains(m) ? SpamRole.Target : SpamRole.Booster, at.Input.Raw[m], inside.Links(m).Count(), inside.Of(m).Outside))
                .OrderByDescending(m => m.Role).ThenBy(m => m.Name, StringComparer.Ordinal)],
            Reasons = [.. scored.Reasons.OrderByDescending(r => r.LogRatio)],
            CounterEvidence = scored.Against,
            Victims = [.. inside.Outward().Where(o => o.Boosters >= 2).Take(10).Select(o => new CamouflageVictim(at.Graph.Names[o.Node], o.Boosters))],
        };
    }
}
