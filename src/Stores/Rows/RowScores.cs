using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>The scores of one level of a run, by node, from the run's arrays. 20 bytes a node beside the mapped arrays.</summary>
internal sealed class RowScores : IDisposable
{
    private readonly List<IDisposable> _open = [];
    private readonly MappedArray<double>? _raw, _before, _pageRank, _authority, _truncated, _trust, _harmonic, _robust, _spam;
    private readonly MappedArray<float>? _topics, _confidence;
    private readonly MappedArray<uint>? _cluster;
    private readonly RowText[] _topicNames, _clusterNames;
    private readonly double[] _unit;

    public RowScores(RunWriter run, string prefix, LinkGraph graph, RunRowsOptions options, TextArena texts, CancellationToken cancel)
    {
        Graph = graph;
        MappedArray<T>? Map<T>(string name) where T : unmanaged
        {
            if (run.Map<T>(prefix + name) is not { } array)
                return null;
            _open.Add(array);
            return array;
        }
        _raw = Map<double>("raw");
        _before = Map<double>("raw_before");
        _pageRank = Map<double>("pagerank");
        _authority = Map<double>("authority");
        _truncated = Map<double>("truncated");
        _trust = Map<double>("trust");
        _harmonic = Map<double>("harmonic");
        _robust = Map<double>("robust");
        _spam = Map<double>("spam");
        _cluster = Map<uint>("cluster");
        _topics = Map<float>("topics");
        _confidence = Map<float>("topic_confidence");
        _topicNames = [.. options.Topics.Select(texts.Add)];
        _clusterNames = [.. options.Clusters.Select(texts.Add)];
        (Ranks, Percentiles) = Standings();
        _unit = new double[graph.NodeCount];
        for (int node = 0; _raw is not null && node < _unit.Length; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            double total = graph.OutTotal(node);
            _unit[node] = total > 0 ? options.Damping * _raw[node] / total : 0;
        }
    }

    public LinkGraph Graph { get; }

    /// <summary>By node, from 1; nodes of equal raw authority by number, as everywhere.</summary>
    public uint[] Ranks { get; }

    /// <summary>Percent of all nodes with less raw authority, 0 to below 100.</summary>
    public float[] Percentiles { get; }

    public double Raw(int node) => Of(_raw, node);

    public double RawBefore(int node) => Of(_before ?? _raw, node);

    public double PageRank(int node) => Of(_pageRank, node);

    public double Truncated(int node) => Of(_truncated, node);

    public double Trust(int node) => Of(_trust, node);

    public double Harmonic(int node) => Of(_harmonic, node);

    public double Robust(int node) => Of(_robust, node);

    public double Spam(int node) => Of(_spam, node);

    public RowText Cluster(int node) => node >= 0 && _cluster is not null && _cluster[node] is > 0 and uint cluster && cluster <= _clusterNames.Length ? _clusterNames[cluster - 1] : RowText.None;

    /// <summary>Authority, or NaN where no other domain links here.</summary>
    /// <param name="domains">Domain of each page node; null at the level of domains.</param>
    public double Rating(int node, MappedArray<uint>? domains)
    {
        if (node < 0 || _authority is null)
            return double.NaN;
        foreach (uint source in Graph.InOf(node))
            if (domains is null ? source != (uint)node : domains[source] != domains[node])
                return _authority[node];
        return double.NaN;
    }

    /// <summary>The likeliest topic, or none where nothing is known.</summary>
    public RowText Topic(int node)
    {
        if (node < 0 || _topics is null || !(Confidence(node) > 0))
            return RowText.None;
        int count = _topicNames.Length, best = 0;
        ReadOnlySpan<float> row = _topics.Slice((long)node * count, count);
        for (int k = 1; k < count; k++)
            best = row[k] > row[best] ? k : best;
        return _topicNames[best];
    }

    public double Confidence(int node) => node >= 0 && _confidence is not null ? _confidence[node] : double.NaN;

    /// <summary>What one unit of weight from a node passes: d·raw / W(u).</summary>
    public double Unit(int node) => _unit[node];

    public void Dispose()
    {
        foreach (IDisposable opened in _open)
            opened.Dispose();
    }

    private static double Of(MappedArray<double>? values, int node) => node >= 0 && values is not null ? values[node] : double.NaN;

    private (uint[], float[]) Standings()
    {
        int n = Graph.NodeCount;
        uint[] ranks = new uint[n];
        float[] percentiles = new float[n];
        if (_raw is null)
            return (ranks, percentiles);
        double[] falling = _raw.Slice(0, n).ToArray();
        for (int node = 0; node < n; node++)
            falling[node] = -falling[node];
        double[] keys = [.. falling];
        int[] order = ScoreColumn.SortStable(keys, [.. Enumerable.Range(0, n)]);
        for (int start = 0, end; start < n; start = end)
        {
            for (end = start; end < n && falling[order[end]].Equals(falling[order[start]]); end++)
                ranks[order[end]] = (uint)end + 1;
            for (int i = start; i < end; i++)
                percentiles[order[i]] = (float)(100.0 * (n - end) / n);
        }
        return (ranks, percentiles);
    }
}
