using Backlinks.GraphEngine;

namespace Backlinks.Tests;

/// <summary>The slow and obvious build, to compare with: a dictionary of links.</summary>
internal sealed class NaiveBuild
{
    private readonly SortedDictionary<(uint Source, uint Target), (double Weight, ulong Count)> _links = [];

    public NaiveBuild(IEnumerable<TestLink> links, bool dropSelfLinks = false)
    {
        foreach (TestLink link in links)
        {
            if (dropSelfLinks && link.Source == link.Target)
                continue;
            _links.TryGetValue((link.Source, link.Target), out (double Weight, ulong Count) before);
            _links[(link.Source, link.Target)] = (before.Weight + link.Weight, before.Count + link.Count);
        }
    }

    public void AssertEqual(LinkGraph graph, bool weighted)
    {
        Assert.Equal(_links.Count, graph.LinkCount);
        Assert.Equal(weighted, graph.OutWeights is not null);
        Assert.Equal(weighted, graph.InWeights is not null);
        Assert.Equal(_links.Values.Any(l => l.Count > 1), graph.OutCounts is not null);
        long at = 0;
        for (int u = 0; u < graph.NodeCount; u++)
            foreach (uint v in graph.OutOf(u))
            {
                (double weight, ulong count) = _links[((uint)u, v)]; // all distinct and in order, so each once
                Assert.True(at == graph.OutOffsets[u] || v > graph.OutLinks[at - 1]);
                if (weighted)
                    Assert.Equal((float)weight, graph.OutWeights![at]);
                Assert.Equal(count, graph.OutCounts?[at] ?? 1u);
                at++;
            }
        Assert.Equal(_links.Count, at);
        at = 0;
        for (int v = 0; v < graph.NodeCount; v++)
            foreach (uint u in graph.InOf(v))
            {
                double weight = _links[(u, (uint)v)].Weight;
                Assert.True(at == graph.InOffsets[v] || u > graph.InLinks[at - 1]);
                if (weighted)
                    Assert.Equal((float)weight, graph.InWeights![at]);
                at++;
            }
        Assert.Equal(_links.Count, at);
    }
}
