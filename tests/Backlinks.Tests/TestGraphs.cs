using Backlinks.GraphEngine;

namespace Backlinks.Tests;

/// <summary>A link as tests write it: <c>(0, 1)</c>, or <c>new(0, 1, 2.5, 3)</c> with weight and count.</summary>
internal readonly record struct TestLink(uint Source, uint Target, double Weight = 1, uint Count = 1)
{
    public static implicit operator TestLink((int Source, int Target) link) => new((uint)link.Source, (uint)link.Target);

    public static implicit operator TestLink((int Source, int Target, double Weight) link) =>
        new((uint)link.Source, (uint)link.Target, link.Weight);
}

/// <summary>A folder that disappears with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("backlinks-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A new empty folder in it.</summary>
    public string NewFolder() => Directory.CreateDirectory(File(Guid.NewGuid().ToString("n"))).FullName;

    public void Dispose()
    {
        if (Directory.Exists(Path))
            Directory.Delete(Path, recursive: true);
    }
}

/// <summary>An opened graph whose folder disappears with it; converts to <see cref="LinkGraph"/>.</summary>
internal sealed class TestGraph : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TestGraph(int nodes, IEnumerable<TestLink> links, bool weighted)
    {
        try
        {
            TestGraphs.Build(_folder.Path, nodes, links, weighted);
            Graph = LinkGraph.Open(_folder.Path);
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
    }

    public LinkGraph Graph { get; }

    public string Folder => _folder.Path;

    public static implicit operator LinkGraph(TestGraph graph) => graph.Graph;

    public void Dispose()
    {
        Graph.Dispose();
        _folder.Dispose();
    }
}

/// <summary>
/// Small graphs for tests, built by <see cref="GraphBuilder"/> in a temporary folder:
/// <c>using TestGraph graph = TestGraphs.Of(3, (0, 1), (1, 2));</c> Links may come in any order and repeat.
/// </summary>
internal static class TestGraphs
{
    /// <summary>An unweighted graph.</summary>
    public static TestGraph Of(int nodes, params TestLink[] links) => new(nodes, links, weighted: false);

    /// <summary>A weighted graph.</summary>
    public static TestGraph Weighted(int nodes, params TestLink[] links) => new(nodes, links, weighted: true);

    /// <summary>Builds into an existing empty folder, to be opened, or damaged, by the test.</summary>
    public static void Build(string folder, int nodes, IEnumerable<TestLink> links, bool weighted = false, params string[] sortedKeys)
    {
        using GraphBuilder builder = new(folder, new GraphBuilderOptions { Source = new GraphSource("generated", "test") });
        foreach (TestLink link in links)
            if (weighted)
                builder.Add(link.Source, link.Target, link.Weight, link.Count);
            else
                for (uint i = 0; i < link.Count; i++)
                    builder.Add(link.Source, link.Target);
        using NodeNamesWriter? names = sortedKeys.Length > 0 ? new NodeNamesWriter(folder) : null;
        foreach (string key in sortedKeys)
            names!.Add(System.Text.Encoding.UTF8.GetBytes(key));
        builder.Build(nodes, names);
    }

    /// <summary>0 → 1 → … → n−1, and back to 0 if <paramref name="closed"/>.</summary>
    public static TestLink[] Chain(int nodes, bool closed = false) =>
        [.. Enumerable.Range(0, Math.Max(closed ? nodes : nodes - 1, 0)).Select(i => (TestLink)(i, (i + 1) % nodes))];

    /// <summary>G(n,p): each of the n² ordered pairs, self-links included, with probability <paramref name="probability"/>.</summary>
    public static TestLink[] Random(int nodes, double probability, int seed)
    {
        Random random = new(seed);
        var links = new List<TestLink>();
        for (int u = 0; u < nodes; u++)
            for (int v = 0; v < nodes; v++)
                if (random.NextDouble() < probability)
                    links.Add((u, v));
        return [.. links];
    }

    /// <summary>
    /// Web-like: a share of the nodes is dangling, out-degrees and popularity follow power laws, and some links repeat or
    /// point at their own source. In random order.
    /// </summary>
    /// <param name="linksPerNode">Links for each node on average, before duplicates are merged.</param>
    /// <param name="dangling">Share of nodes without out-links, 0 to 1.</param>
    /// <param name="selfLinks">Share of links that point at their source, 0 to 1.</param>
    /// <param name="duplicates">Share of links that are given twice, 0 to 1.</param>
    public static TestLink[] PowerLaw(int nodes, double linksPerNode, int seed, double dangling = 0.2, double selfLinks = 0.03, double duplicates = 0.05)
    {
        if (nodes == 0)
            return [];
        Random random = new(seed);
        bool[] linkless = new bool[nodes];
        for (int u = 0; u < nodes; u++)
            linkless[u] = random.NextDouble() < dangling;
        var links = new List<TestLink>();
        for (long wanted = (long)(nodes * linksPerNode); wanted > 0; wanted--)
        {
            int u = Skewed(random, nodes);
            if (linkless[u])
                continue;
            int v = random.NextDouble() < selfLinks ? u : nodes - 1 - Skewed(random, nodes);
            TestLink link = new((uint)u, (uint)v, Math.Round(random.NextDouble() * 4, 3));
            links.Add(link);
            if (random.NextDouble() < duplicates)
                links.Add(link);
        }
        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(links));
        return [.. links];
    }

    // u³ of a uniform u: density ∝ rank^(−2/3), the Zipf-like tail of in-degrees.
    private static int Skewed(Random random, int nodes) => Math.Min(nodes - 1, (int)(nodes * Math.Pow(random.NextDouble(), 3)));
}
