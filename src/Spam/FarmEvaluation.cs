using Backlinks.GraphEngine;
using MathNet.Numerics.Statistics;

namespace Backlinks.Spam;

/// <summary>A mean over seeds.</summary>
/// <param name="Error">Standard error: deviation between seeds over √seeds; 0 for one seed.</param>
public readonly record struct SeedMean(double Mean, double Error)
{
    public static SeedMean Of(IReadOnlyCollection<double> values) =>
        values.Count == 0 ? new(double.NaN, double.NaN) : new(values.Average(), values.Count < 2 ? 0 : values.StandardDeviation() / Math.Sqrt(values.Count));
}

/// <summary>How one kind of planted group fared. For honest kinds only <see cref="Flagged"/> and <see cref="GroupsFlagged"/> say something.</summary>
/// <param name="Groups">Planted over all seeds.</param>
/// <param name="Recovered">Share of farms with a confirmed cluster of Jaccard ≥ .5.</param>
/// <param name="Recall">Share of members in confirmed clusters.</param>
/// <param name="Precision">Share of a farm's members among the members of the confirmed clusters that hold any of it; each cluster counts
/// for the farm it holds the most of.</param>
/// <param name="Suspected">Share of members in clusters of any score that is reported.</param>
/// <param name="GroupsFlagged">Groups with two members or more in one confirmed cluster.</param>
public sealed record KindOutcome(PlantedKind Kind, int Groups, SeedMean Recovered, SeedMean Recall, SeedMean Precision, SeedMean Suspected, int GroupsFlagged)
{
    public SeedMean Flagged => Recall;
}

/// <summary>What detection made of planted farms.</summary>
/// <param name="GainKept">By kind: share of a great farm's gain for its target that is left after the discount.</param>
/// <param name="AllPrecision">Share of planted spam among all domains in confirmed clusters, the background's counted as wrong.</param>
/// <param name="BackgroundFlagged">Domains of the untouched background in confirmed clusters, a seed.</param>
/// <param name="LookAlikes">Share of all honest planted members in confirmed clusters.</param>
/// <param name="BackgroundExamples">Nodes of the background most often flagged.</param>
public sealed record FarmOutcome(int Seeds, IReadOnlyList<KindOutcome> Kinds, IReadOnlyDictionary<PlantedKind, SeedMean> GainKept, SeedMean AllPrecision,
    SeedMean BackgroundFlagged, SeedMean LookAlikes, IReadOnlyList<int> BackgroundExamples);

/// <summary>
/// Plants farms over a background, detects, and compares, seed by seed. Cost: a detection and two solutions a seed, and a great
/// farm's gain another three.
/// </summary>
public static class FarmEvaluation
{
    /// <param name="sites">Registrable domain of each node of the background; null for unknown.</param>
    /// <param name="seeds">Fresh ones: the defaults were set on 101 to 110.</param>
    public static FarmOutcome Run(LinkGraph background, uint[]? sites, PlantedFarmsOptions options, IReadOnlyList<int> seeds, SpamOptions? detection = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        var kinds = Enum.GetValues<PlantedKind>().ToDictionary(k => k, _ => new Tally());
        var kept = new Dictionary<PlantedKind, List<double>>();
        List<double> precision = [], flagged = [], alike = [];
        var background0 = new SortedDictionary<int, int>();
        foreach (int seed in seeds)
        {
            string folder = Directory.CreateTempSubdirectory("backlinks-farms-").FullName;
            try
            {
                PlantedFarms planted = PlantedFarms.Build(background, sites, folder, options with { Seed = seed }, cancel);
                using LinkGraph graph = planted.Input.Graph;
                SpamResult result = SpamDetection.Compute(planted.Input, detection, cancel: cancel);
                Compare(planted, result, kinds);
                Gains(planted, result, options.Great, kept, cancel);
                bool[] confirmed = [false, .. result.Report.Clusters.Select(c => c.Confirmed)];
                int[] wrong = [.. Enumerable.Range(0, planted.Background).Where(v => confirmed[result.Cluster[v]])];
                foreach (int node in wrong)
                    background0[node] = background0.GetValueOrDefault(node) + 1;
                int right = planted.Groups.Where(g => g.Spam).Sum(g => g.Members.Count(m => confirmed[result.Cluster[m]]));
                int[] honest = [.. planted.Groups.Where(g => !g.Spam).SelectMany(g => g.Members)];
                int honestFlagged = honest.Count(m => confirmed[result.Cluster[m]]);
                precision.Add(right / Math.Max(1.0, right + wrong.Length + honestFlagged));
                flagged.Add(wrong.Length);
                if (honest.Length > 0)
                    alike.Add(honestFlagged / (double)honest.Length);
                progress?.Report(new StepProgress("planting and detecting", precision.Count, seeds.Count, "seeds"));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        return new FarmOutcome(seeds.Count, [.. kinds.Where(k => k.Value.Groups > 0).Select(k => k.Value.Outcome(k.Key))], kept.ToDictionary(k => k.Key, k => SeedMean.Of(k.Value)),
            SeedMean.Of(precision), SeedMean.Of(flagged), SeedMean.Of(alike), [.. background0.OrderByDescending(b => b.Value).ThenBy(b => b.Key).Take(100).Select(b => b.Key)]);
    }

    private static void Compare(PlantedFarms planted, SpamResult result, Dictionary<PlantedKind, Tally> kinds)
    {
        int[] sizes = new int[result.Report.Clusters.Count + 1];
        foreach (uint cluster in result.Cluster)
            sizes[cluster]++;
        bool[] confirmed = [false, .. result.Report.Clusters.Select(c => c.Confirmed)];
        var owner = new Dictionary<uint, (int Group, int Count)>(); // of each cluster: the group it holds the most of
        for (int g = 0; g < planted.Groups.Count; g++)
            foreach (IGrouping<uint, int> part in planted.Groups[g].Members.GroupBy(m => result.Cluster[m]))
                if (part.Count() > owner.GetValueOrDefault(part.Key).Count)
                    owner[part.Key] = (g, part.Count());
        for (int g = 0; g < planted.Groups.Count; g++)
        {
            PlantedGroup group = planted.Groups[g];
            var parts = group.Members.GroupBy(m => result.Cluster[m]).Where(p => confirmed[p.Key]).ToArray();
            double jaccard = parts.Length == 0 ? 0 : parts.Max(p => p.Count() / (double)(group.Members.Length + sizes[p.Key] - p.Count()));
            int held = parts.Sum(p => p.Count()), suspected = group.Members.Count(m => result.Cluster[m] != 0);
            var own = parts.Where(p => owner[p.Key].Group == g).ToArray();
            kinds[group.Kind].Add(group.Members.Length, jaccard >= 0.5, held, suspected, own.Sum(p => p.Count()), own.Sum(p => sizes[p.Key]), parts.Any(p => p.Count() >= 2));
        }
        foreach (Tally tally in kinds.Values)
            tally.EndSeed();
    }

    /// <summary>Gain: z of the target with the farm over z with all links of its boosters to members taken out.</summary>
    private static void Gains(PlantedFarms planted, SpamResult result, int great, Dictionary<PlantedKind, List<double>> kept, CancellationToken cancel)
    {
        if (great == 0)
            return;
        var farms = planted.Groups.Where(g => g.Members.Length == great + 1 && g.Kind <= PlantedKind.Ring).ToArray();
        int[] farm = new int[planted.Input.Graph.NodeCount];
        for (int f = 0; f < farms.Length; f++)
            foreach (int member in farms[f].Members)
                farm[member] = f + 1;
        // Farms do not touch each other, so one solution without any of them serves all.
        double[] without = DiscountedAuthority.Compute(planted.Input.Graph, (u, v) => farm[u] != 0 && farm[u] == farm[v] ? 0 : 1, planted.Input.Damping, cancel);
        double[] after = DiscountedAuthority.Compute(planted.Input.Graph, result.Discount, planted.Input.Damping, cancel);
        foreach (PlantedGroup group in farms)
        {
            int target = group.Targets[0];
            if (!kept.TryGetValue(group.Kind, out List<double>? list))
                kept.Add(group.Kind, list = []);
            list.Add((after[target] - without[target]) / (planted.Input.Raw[target] - without[target]));
        }
    }

    private sealed class Tally
    {
        private readonly List<double> _recovered = [], _recall = [], _precision = [], _suspected = [];
        private int _groups, _members, _found, _held, _seen, _right, _claimed, _flagged;

        public int Groups { get; private set; }

        public void Add(int members, bool recovered, int held, int suspected, int right, int claimed, bool flagged)
        {
            Groups++;
            _groups++;
            _members += members;
            _found += recovered ? 1 : 0;
            _held += held;
            _seen += suspected;
            _right += right;
            _claimed += claimed;
            _flagged += flagged ? 1 : 0;
        }

        public void EndSeed()
        {
            if (_groups == 0)
                return;
            _recovered.Add(_found / (double)_groups);
            _recall.Add(_held / (double)_members);
            _suspected.Add(_seen / (double)_members);
            if (_claimed > 0)
                _precision.Add(_right / (double)_claimed);
            (_groups, _members, _found, _held, _seen, _right, _claimed) = (0, 0, 0, 0, 0, 0, 0);
        }

        public KindOutcome Outcome(PlantedKind kind) =>
            new(kind, Groups, SeedMean.Of(_recovered), SeedMean.Of(_recall), SeedMean.Of(_precision), SeedMean.Of(_suspected), _flagged);
    }
}
