using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// How long does it take to answer "what if" on a million pages and ten million weighted links with host locality? 200 random edits: a
/// link added to a page, a link removed, a page removed, a host of 256 pages removed, a host disavowed. Before timing, twenty answers
/// on a tenth of that are held against ranking the edited graph again. Arguments: <c>--work DIR</c> keeps the graphs, <c>--pages N</c>,
/// <c>--unchecked</c> leaves the check out.
/// </summary>
public static class SimulateLinks
{
    private const int Host = 256; // pages, as SyntheticWeb has them

    public static int Run(string[] args)
    {
        string? Value(string name) => Array.IndexOf(args, name) is >= 0 and int i && i + 1 < args.Length ? args[i + 1] : null;
        int pages = int.Parse(Value("--pages") ?? "1000000", CultureInfo.InvariantCulture);
        string work = Value("--work") ?? Path.Combine(Path.GetTempPath(), "backlinks-benchmarks");
        if (!args.Contains("--unchecked"))
        {
            using LinkGraph small = Open(work, pages / 10);
            if (!Check(small, new SolvedAuthority(small, RawAuthority.Compute(small).Raw)))
                return 1;
        }
        using LinkGraph graph = Open(work, pages);
        var watch = Stopwatch.StartNew();
        double[] raw = RawAuthority.Compute(graph).Raw;
        Console.WriteLine($"{graph.NodeCount:N0} pages, {graph.LinkCount:N0} links; ranked in full in {watch.Elapsed.TotalSeconds:F2} s");
        var solved = new SolvedAuthority(graph, raw);
        foreach ((string name, Func<Random, (int, LinkEdit[])> edit) in Kinds(graph))
            Time(name, solved, edit);
        return 0;
    }

    private static LinkGraph Open(string work, int pages)
    {
        string folder = Path.Combine(work, $"simulate-{pages}");
        if (!File.Exists(Path.Combine(folder, GraphManifest.FileName)))
            Build(pages, Directory.CreateDirectory(folder).FullName);
        return LinkGraph.Open(folder);
    }

    private static IEnumerable<(string Name, Func<Random, (int Target, LinkEdit[] Edits)> Edit)> Kinds(LinkGraph graph)
    {
        int Linked(Random random)
        {
            while (true)
                if (random.Next(graph.NodeCount) is var node && graph.InDegree(node) > 0)
                    return node;
        }

        int Source(Random random, int target) => (int)graph.InOf(target)[random.Next((int)graph.InDegree(target))];

        IEnumerable<int> HostOf(int node) => Enumerable.Range(node & ~(Host - 1), Math.Min(Host, graph.NodeCount - (node & ~(Host - 1))));

        yield return ("add a link", random => Linked(random) is var target ? (target, [LinkEdit.Add(random.Next(graph.NodeCount), target)]) : default);
        yield return ("remove a link", random => Linked(random) is var target ? (target, [LinkEdit.Remove(Source(random, target), target)]) : default);
        yield return ("remove a page", random => Linked(random) is var target ? (target, [LinkEdit.RemoveNode(Source(random, target))]) : default);
        yield return ($"remove a host of {Host} pages", random => Linked(random) is var target
            ? (target, [.. HostOf(Source(random, target)).Where(node => node != target).Select(LinkEdit.RemoveNode)]) : default);
        yield return ($"disavow a host of {Host} pages", random => Linked(random) is var target
            ? (target, [.. HostOf(Source(random, target)).Where(node => graph.InOf(target).BinarySearch((uint)node) >= 0).Select(node => LinkEdit.Nofollow(node, target))]) : default);
    }

    private static void Time(string name, SolvedAuthority solved, Func<Random, (int Target, LinkEdit[] Edits)> edit)
    {
        var random = new Random(1);
        var times = new List<double>();
        var used = new List<double>(); // processor time: what it takes where others do not use the machine
        long links = 0;
        var errors = new List<double>();
        int within = 0;
        const int edits = 40;
        for (int i = -5; i < edits; i++)
        {
            (int target, LinkEdit[] all) = edit(random);
            TimeSpan before = Environment.CpuUsage.TotalTime;
            long start = Stopwatch.GetTimestamp();
            SimulationResult result = Simulation.Of(solved, target, all);
            double took = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (i < 0)
                continue; // compiled on the way
            times.Add(took);
            used.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
            links += result.LinksFollowed;
            errors.Add(result.Target.Bound / result.Target.After);
            within += result.WithinTolerance ? 1 : 0;
        }
        times.Sort();
        used.Sort();
        errors.Sort();
        Console.WriteLine($"  {name,-30} median {times[times.Count / 2],6:F1} ms, worst {times[^1],6:F1} ms; processor {used[used.Count / 2]:F1} and {used[^1]:F1} ms; {links / edits:N0} links; relative bound median {errors[errors.Count / 2]:E1}, worst {errors[^1]:E1}; {within} of {edits} within 1e-4");
    }

    /// <summary>Twenty answers against a full ranking of the edited graph, all by the naive way of copying it.</summary>
    private static bool Check(LinkGraph graph, SolvedAuthority solved)
    {
        var random = new Random(2);
        double worst = 0;
        foreach ((string name, Func<Random, (int Target, LinkEdit[] Edits)> edit) in Kinds(graph))
            for (int i = 0; i < 4; i++)
            {
                (int target, LinkEdit[] all) = edit(random);
                SimulationResult result = Simulation.Of(solved, target, all);
                double[] exact = Again(graph, all, solved.Raw);
                foreach (NodeChange told in result.Movers.Append(result.Target))
                {
                    double error = Math.Abs(told.After - exact[told.Node]);
                    worst = Math.Max(worst, error / told.Bound);
                    if (error > told.Bound)
                    {
                        Console.Error.WriteLine($"{name}: node {told.Node} has {exact[told.Node]:R}, not {told.After:R} ± {told.Bound:E2}");
                        return false;
                    }
                }
            }
        Console.WriteLine($"{graph.NodeCount:N0} pages: every error is within its bound (at most {worst:P2} of it) in 20 edits ranked again");
        return true;
    }

    /// <summary>z of the edited graph: plain rounds over rows that are edited on the way, from the old values.</summary>
    private static double[] Again(LinkGraph graph, LinkEdit[] edits, NodeValues raw)
    {
        int n = graph.NodeCount;
        var gone = edits.Where(e => e.Kind == EditKind.RemoveNode).Select(e => e.Source).ToHashSet();
        var noLinks = edits.Where(e => e.Kind is EditKind.RemoveLink).Select(e => (e.Source, e.Target)).ToHashSet();
        var nofollow = edits.Where(e => e.Kind is EditKind.NofollowLink).Select(e => (e.Source, e.Target)).ToHashSet();
        LinkEdit? added = edits.Where(e => e.Kind == EditKind.AddLink).Select(e => (LinkEdit?)e).FirstOrDefault();
        bool[] odd = new bool[n];
        foreach (int source in gone.Concat(gone.SelectMany(g => graph.InOf(g).ToArray().Select(s => (int)s))).Concat(noLinks.Concat(nofollow).Select(l => l.Source)))
            odd[source] = true;
        if (added is { } link)
            odd[link.Source] = true;
        double[] totals = new double[n], z = new double[n];
        for (int u = 0; u < n; u++)
        {
            totals[u] = graph.OutTotal(u);
            z[u] = raw[u];
        }
        var rows = new Dictionary<int, (List<(int Target, double Weight)> Links, double Total)>();
        for (int u = 0; u < n; u++)
        {
            if (!odd[u])
                continue;
            var row = new List<(int, double)>();
            double total = graph.LostWeights?[u] ?? 0;
            for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L] && !gone.Contains(u); i++)
            {
                int v = (int)graph.OutLinks[i];
                if (gone.Contains(v) || noLinks.Contains((u, v)))
                    continue;
                total += graph.OutWeight(i);
                if (!nofollow.Contains((u, v)))
                    row.Add((v, graph.OutWeight(i)));
            }
            if (added is { } a && a.Source == u && graph.OutOf(u).BinarySearch((uint)a.Target) < 0)
            {
                double weight = row.Count > 0 ? row.Average(l => l.Item2) : 1;
                row.Add((a.Target, weight));
                total += weight;
            }
            rows[u] = (row, total);
        }
        for (int round = 0; round < 1000; round++)
        {
            double[] next = new double[n];
            Array.Fill(next, 1);
            for (int u = 0; u < n; u++)
            {
                if (odd[u])
                {
                    foreach ((int v, double weight) in rows[u].Links)
                        next[v] += 0.85 * weight / rows[u].Total * z[u];
                    continue;
                }
                double each = totals[u] > 0 ? 0.85 * z[u] / totals[u] : 0;
                for (long i = graph.OutOffsets[u]; i < graph.OutOffsets[u + 1L]; i++)
                    next[(int)graph.OutLinks[i]] += each * graph.OutWeight(i);
            }
            foreach (int node in gone)
                next[node] = 0;
            double change = 0, sum = 0;
            for (int v = 0; v < n; v++)
            {
                change += Math.Abs(next[v] - z[v]);
                sum += next[v];
            }
            z = next;
            if (change <= 1e-12 * sum)
                break;
        }
        return z;
    }

    private static void Build(int pages, string folder)
    {
        var web = new SyntheticWeb(new SyntheticWebOptions { Nodes = pages, MeanOutDegree = 13.5, Dangling = 0.25, Locality = 0.8 });
        using var builder = new GraphBuilder(folder, new GraphBuilderOptions { Source = new GraphSource("generated", $"simulate-{pages}") });
        double[] lost = new double[pages];
        float[] weights = new float[16];
        var random = new Random(3);
        web.Generate((source, targets) =>
        {
            if (weights.Length < targets.Length)
                weights = new float[2 * targets.Length];
            for (int i = 0; i < targets.Length; i++)
                weights[i] = (float)(0.05 + 0.95 * random.NextDouble());
            if (source % 4 == 0)
                lost[source] = random.NextDouble() * targets.Length / 4;
            builder.AddRow(source, targets, weights.AsSpan(0, targets.Length));
        });
        builder.AddLostWeights(lost);
        builder.Build(pages);
    }
}
