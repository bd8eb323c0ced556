using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// One link in ten thousand has changed: how long until every score is right again, in full, by rounds from the old scores, and by
/// pushing residuals? A million pages and domains of ten million links; checks that all three agree. <c>--share S</c> changes that
/// share of links instead.
/// </summary>
public static class RecomputeLinks
{
    public static int Run(string[] args)
    {
        double share = Array.IndexOf(args, "--share") is >= 0 and int at ? double.Parse(args[at + 1], System.Globalization.CultureInfo.InvariantCulture) : 1e-4;
        return Recompute(args, "pages", share) | Recompute(args, "domains", share);
    }

    private static int Recompute(string[] args, string kind, double share)
    {
        string folder = MillionNodes.Graph(args, kind), changed = $"{folder}-changed-{share}";
        if (!File.Exists(Path.Combine(changed, GraphManifest.FileName)))
            Change(folder, Directory.CreateDirectory(changed).FullName, share);
        using LinkGraph before = LinkGraph.Open(folder), after = LinkGraph.Open(changed);
        double[] old = RawAuthority.Compute(before).Raw;
        RawAuthorityResult full = null!, warm = null!;
        IncrementalAuthorityResult pushed = null!, told = null!;
        double fullTime = double.MaxValue, warmTime = double.MaxValue, pushTime = double.MaxValue, toldTime = double.MaxValue;
        int[] rows = RowChanges.Find(before, after, null);
        for (int i = 0; i < 4; i++) // in turn, the best of each: noise hits all
        {
            fullTime = Math.Min(fullTime, Machine.Best(1, () => full = RawAuthority.Compute(after)));
            warmTime = Math.Min(warmTime, Machine.Best(1, () => warm = RawAuthority.Compute(after, new() { Start = old })));
            pushTime = Math.Min(pushTime, Machine.Best(1, () => pushed = IncrementalAuthority.Update(after, new() { Before = before, Raw = old })));
            toldTime = Math.Min(toldTime, Machine.Best(1, () => told = IncrementalAuthority.Update(after, new() { Before = before, Raw = old, ChangedRows = rows })));
        }
        double sum = full.Raw.Sum(), worst = 0;
        foreach (RawAuthorityResult other in new[] { warm, pushed.Authority, told.Authority })
            worst = Math.Max(worst, full.Raw.Zip(other.Raw, (a, b) => Math.Abs(a - b)).Sum() / sum);
        MillionNodes.Print($"1 M {kind}, {after.LinkCount:N0} links, {pushed.ChangedRows:N0} rows changed; touched {pushed.TouchedMass:E1} of all authority; L1 from the full ranking {worst:E1}");
        MillionNodes.Print($"  full                         {fullTime:F3} s   ({full.Rounds} rounds, {full.Pushes:N0} pushes)");
        MillionNodes.Print($"  warm start                   {warmTime:F3} s   {fullTime / warmTime:F1}× ({warm.Rounds} rounds, {warm.Pushes:N0} pushes)");
        MillionNodes.Print($"  incremental, rows compared   {pushTime:F3} s   {fullTime / pushTime:F1}× ({pushed.Authority.Rounds} rounds, {pushed.Authority.Pushes:N0} pushes; pushing enough: {pushed.Pushed})");
        MillionNodes.Print($"  incremental, rows named      {toldTime:F3} s   {fullTime / toldTime:F1}×");
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
