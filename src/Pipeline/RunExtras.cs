using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>Scores of a graph beside authority, each of which can be asked for by name, for any run.</summary>
public static class RunExtras
{
    /// <summary>What can be asked for.</summary>
    public static IReadOnlyList<string> Names { get; } = ["harmonic", "scc", "wcc", "degrees", "core"];

    /// <summary>Adds those in <paramref name="wanted"/> to a run, their names behind a prefix.</summary>
    public static void Add(RunWriter run, LinkGraph graph, string prefix, IReadOnlySet<string> wanted, HarmonicOptions harmonic, JsonObject seconds,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        long start = Stopwatch.GetTimestamp();
        if (wanted.Contains("harmonic"))
        {
            run.Configure(prefix + "harmonic", RunManifest.Describe(harmonic, "memory_bytes"));
            HarmonicResult result = HarmonicCentrality.Compute(graph, harmonic, progress, cancel);
            run.Add<double>(prefix + "harmonic", result.Scores, result.Exact ? "harmonic centrality: sum of 1/distance over the nodes that reach this one"
                : $"harmonic centrality, estimated by HyperBall with 2^{harmonic.Log2Registers} registers");
            run.Report(prefix + "harmonic", RunManifest.Describe(result with { Scores = [], Reaching = [] }, "scores", "reaching"));
            Lap(seconds, prefix + "harmonic", ref start);
        }
        if (wanted.Contains("scc"))
        {
            run.Configure(prefix + "scc", []);
            StrongComponents result = StronglyConnectedComponents.Compute(graph, progress, cancel);
            run.Add(prefix + "scc", Unsigned(result.Component), "strongly connected component of each node, 0 the largest");
            run.Report(prefix + "scc", new JsonObject { ["components"] = result.Count, ["largest"] = result.Largest });
            Lap(seconds, prefix + "scc", ref start);
        }
        if (wanted.Contains("wcc"))
        {
            run.Configure(prefix + "wcc", []);
            WeakComponents result = WeaklyConnectedComponents.Compute(graph, harmonic.Threads, progress, cancel);
            run.Add(prefix + "wcc", Unsigned(result.Component), "weakly connected component of each node, 0 the largest");
            run.Report(prefix + "wcc", new JsonObject { ["components"] = result.Count, ["largest"] = result.Largest });
            Lap(seconds, prefix + "wcc", ref start);
        }
        if (wanted.Contains("core"))
        {
            run.Configure(prefix + "core", []);
            KCoreResult result = KCore.Compute(graph, progress, cancel);
            run.Add(prefix + "core", Unsigned(result.Core), "core number of each node: the largest k whose k-core holds it");
            run.Report(prefix + "core", new JsonObject { ["degeneracy"] = result.Degeneracy });
            Lap(seconds, prefix + "core", ref start);
        }
        if (wanted.Contains("degrees"))
        {
            run.Configure(prefix + "degrees", []);
            run.Add<uint>(prefix + "indegree", Differences(graph.InOffsets), "links in");
            run.Add<uint>(prefix + "outdegree", Differences(graph.OutOffsets), "links out");
            DegreeResult result = Degrees.Compute(graph, progress, cancel);
            run.Report(prefix + "degrees", new JsonObject
            {
                ["max_in"] = result.In.Max,
                ["max_out"] = result.Out.Max,
                ["dangling"] = result.Dangling,
                ["without_in_links"] = result.WithoutInLinks,
                ["isolated"] = result.Isolated,
                ["self_links"] = result.SelfLinks,
                ["average"] = result.Average,
            });
            Lap(seconds, prefix + "degrees", ref start);
        }
    }

    /// <summary>Notes the seconds since <paramref name="start"/> under a step's name, and starts anew.</summary>
    public static double Lap(JsonObject seconds, string step, ref long start)
    {
        double took = Stopwatch.GetElapsedTime(start).TotalSeconds;
        start = Stopwatch.GetTimestamp();
        seconds[step] = Math.Round(took, 6);
        return took;
    }

    private static ReadOnlySpan<uint> Unsigned(int[] values) => MemoryMarshal.Cast<int, uint>(values);

    private static uint[] Differences(MappedArray<long> offsets)
    {
        uint[] degrees = new uint[offsets.Length - 1];
        for (int i = 0; i < degrees.Length; i++)
            degrees[i] = (uint)(offsets[i + 1L] - offsets[i]);
        return degrees;
    }
}
