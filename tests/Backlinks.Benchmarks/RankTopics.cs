using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>How long does it take to split the authority of a million nodes with ten million links into twenty topics? Checks that topics sum to every score.</summary>
public static class RankTopics
{
    private const int Topics = 20;

    public static int Run(string[] args) => Split(args, "pages") | Split(args, "domains");

    private static int Split(string[] args, string kind)
    {
        using LinkGraph graph = LinkGraph.Open(MillionNodes.Graph(args, kind));
        int n = graph.NodeCount;
        double[] z = RawAuthority.Compute(graph).Raw;
        var random = new Random(1);
        float[] c = new float[n * Topics];
        for (int v = 0; v < n; v++)
        {
            // a main topic, a second one, and a little of all: as a classifier leaves them
            float little = 0.1f / Topics;
            for (int i = 0; i < Topics; i++)
                c[v * Topics + i] = little;
            c[v * Topics + random.Next(Topics)] += 0.6f;
            c[v * Topics + random.Next(Topics)] += 0.3f;
        }
        foreach (double stay in new[] { 0.5, 0.85 })
        {
            TopicalPageRankResult result = null!;
            long before = Machine.PrivateBytes(), peak = 0;
            (double seconds, double cores) = MillionNodes.Best(2, () => peak = Math.Max(peak, Machine.PeakPrivateBytes(() => result = TopicalPageRank.Compute(graph, z, c, Topics, new() { Stay = stay }))));
            double worst = 0;
            for (int v = 0; v < n; v++)
            {
                double sum = 0;
                for (int i = 0; i < Topics; i++)
                    sum += result.Ranks[v * Topics + i];
                worst = Math.Max(worst, Math.Abs(sum - z[v]) / z[v]);
            }
            MillionNodes.Print($"1 M {kind}, {graph.LinkCount:N0} links, {Topics} topics, {stay} staying: {seconds:F2} s, {cores:F2} of processors   ({result.Rounds} rounds, bound {result.ErrorBound:E1}; topics sum to the score within {worst:E1} of it; {peak - before >> 20:N0} MB)");
            if (worst > 1e-10 || !result.Converged)
                return 1;
        }
        return 0;
    }
}
