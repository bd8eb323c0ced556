using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// One link in ten thousand has changed: how long until every score is right again, in full, by rounds from the old scores, and by
/// pushing residuals? A million pages and domains of ten million links; checks that all three agree. <c>--share S</c> changes that
/// share of links instead, <c>--graph DIR</c> takes a graph of your own (the changed one is kept beside it).
/// </summary>
public static class RecomputeLinks
{
    public static int Run(string[] args)
    {
        double share = Array.IndexOf(args, "--share") is >= 0 and int at ? double.Parse(args[at + 1], System.Globalization.CultureInfo.InvariantCulture) : 1e-4;
        if (Array.IndexOf(args, "--graph") is >= 0 and int graph)
            return Recompute("nodes", args[graph + 1], share);
        return Recompute("pages", MillionNodes.Graph(args, "pages"), share) | Recompute("domains", MillionNodes.Graph(args, "domains"), share);
    }

    private static int Recompute(string kind, string folder, double share)
    {
        string changed = $"{folder}-changed-{share}";
        if (!File.Exists(Path.Combine(changed, GraphManifest.FileName)))
            Change(folder, Directory.CreateDirectory(changed).FullName, share);
        using LinkGraph before = LinkGraph.Open(folder), after = LinkGraph.Open(changed);
        double[] old = RawAuthority.Compute(before).Raw;
        RawAuthorityResult full = null!, warm = null!;
        IncrementalAuthorityResult pushed = null!, told = null!;
        int[] rows = RowChanges.Find(before, after, null);
        var times = new (double Wall, double Cores)[4];
        Array.Fill(times, (double.MaxValue, double.MaxValue));
        Action[] ways =
        [
            () => full = RawAuthority.Compute(after),
            () => warm = RawAuthority.Compute(after, new() { Start = old }),
            () => pushed = IncrementalAuthority.Update(after, new() { Before = before, Raw = old }),
            () => told = IncrementalAuthority.Update(after, new() { Before = before, Raw = old, ChangedRows = rows }),
        ];
        for (int i = 0; i < 4; i++) // in turn, the best of each: noise hits all
            for (int way = 0; way < ways.Length; way++)
            {
                (double wall, double cores) = MillionNodes.Best(1, ways[way]);
                times[way] = (Math.Min(times[way].Wall, wall), Math.Min(times[way].Cores, cores));
            }
        double sum = full.Raw.Sum(), worst = 0;
        foreach (RawAuthorityResult other in new[] { warm, pushed.Authority, told.Authority })
            worst = Math.Max(worst, full.Raw.Zip(other.Raw, (a, b) => Math.Abs(a - b)).Sum() / sum);
        MillionNodes.Print($"{after.NodeCount:N0} {kind}, {after.LinkCount:N0} links, {pushed.ChangedRows:N0} rows changed; touched {pushed.TouchedMass:E1} of all authority; L1 from the full ranking {worst:E1}");
        void Tell(string name, int way, string how) => MillionNodes.Print(
            $"  {name,-27} {times[way].Wall:F3} s, {times[way].Cores:F3} of processors   {times[0].Wall / times[way].Wall:F1}×, {times[0].Cores / times[way].Cores:F1}×   {how}");
        string Work(RawAuthorityResult result) => $"{result.Rounds} rounds, {result.Pushes} pushes";
        Tell("full", 0, Work(full));
        Tell("warm start", 1, Work(warm));
        Tell("incremental, rows compared", 2, $"{Work(pushed.Authority)}; pushing was enough: {pushed.Pushed}");
        Tell("incremental, rows named", 3, Work(told.Authority));
        return worst <= 1e-9 ? 0 : 1;
    }

    /// <summary>The same graph with a share of its links pointing elsewhere: where another link drawn at random does.</summary>
    private static void Change(string from, string to, double share)
    {
        using LinkGraph graph = LinkGraph.Open(from);
        var random = new Random(1);
        var moved = new Dictionary<long, uint>();
        while (moved.Count < graph.LinkCount * share)
            moved[random.NextInt64(graph.LinkCount)] = graph.OutLinks[random.NextInt64(graph.LinkCount)];
        using var builder = new GraphBuilder(to);
        for (int node = 0; node < graph.NodeCount; node++)
        {
            uint[] row = graph.OutOf(node).ToArray();
            for (int i = 0; i < row.Length; i++)
                if (moved.TryGetValue(graph.OutOffsets[node] + i, out uint target))
                    row[i] = target;
            builder.AddRow((uint)node, [.. row.Distinct().Order()]);
        }
        builder.Build(graph.NodeCount);
    }
}
