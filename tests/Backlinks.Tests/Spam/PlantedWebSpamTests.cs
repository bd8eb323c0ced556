using Backlinks.SampleWeb;
using Backlinks.Spam;

namespace Backlinks.Tests.Spam;

/// <summary>The sample web's planted groups, from the truth of what was planted: its farms are named, its honest groups are cleared.</summary>
public sealed class PlantedWebSpamTests
{
    private const double Named = 80;

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void The_planted_farms_are_named_with_reasons_and_the_honest_groups_are_cleared(int seed, bool ownersKnown)
    {
        PlantedWeb web = PlantedWeb.Generate(new SampleWebOptions { Seed = seed, Hostile = false, Errors = false, Traps = false, Labs = false, Changes = false });
        using WebInput built = new(web, ownersKnown);
        SpamResult result = SpamDetection.Compute(built.Input);
        foreach (SampleGroup group in web.Groups)
        {
            int[] members = [.. group.Hosts.Select(h => built.Node(web.FindSite(h)!.Domain)).Distinct()];
            double best = members.Max(m => result.Scores[m]);
            string told = $"{group.Name} (seed {seed}): {string.Join(' ', members.Select(m => $"{result.Cluster[m]}:{result.Scores[m]:0}"))}; " + Told(result, members);
            if (!group.Spam)
                Assert.True(best < Named, told);
            else if (!group.Name.StartsWith("sellers", StringComparison.Ordinal)) // two real sites that also sell links are no group yet
            {
                Assert.True(best >= Named, told);
                IGrouping<uint, int> found = members.GroupBy(m => result.Cluster[m]).MaxBy(g => g.Count())!;
                SpamCluster cluster = result.Report.Clusters[(int)found.Key - 1];
                Assert.True(found.Count() * 2 > members.Length && found.Count() * 2 > cluster.Members.Count, told);
                Assert.True(cluster.Families.Count(f => f.Value >= 1) >= 2, told);
                Assert.All(cluster.Reasons, r => Assert.Matches("[0-9]", r.Text));
                Assert.Contains(cluster.Reasons, r => r.Examples.Count > 0);
            }
        }
        string[] ordinary = [.. web.Sites.Where(s => s.Kind is SampleSiteKind.Ordinary or SampleSiteKind.Directory).Select(s => s.Domain).Distinct()];
        Assert.True(ordinary.Count(d => result.Scores[built.Node(d)] >= Named) <= 0.02 * ordinary.Length, string.Join(' ', ordinary.Where(d => result.Scores[built.Node(d)] >= Named)));
    }

    private static string Told(SpamResult result, int[] members) => string.Join(" || ", members.Select(m => result.Cluster[m]).Where(c => c != 0).Distinct().Select(c => result.Report.Clusters[(int)c - 1])
        .Select(c => $"{c.Score:0} of {c.Members.Count}: {string.Join("; ", c.Reasons.Select(r => $"{r.LogRatio:0.0} {r.Text}"))} against {string.Join("; ", c.CounterEvidence)}"));
}
