using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>One link seen from one of its ends.</summary>
/// <param name="Node">The other end.</param>
/// <param name="Weight">w, 1 in an unweighted run.</param>
/// <param name="Passes">The score it carries, d·x·w/W.</param>
public readonly record struct Flow(int Node, double Weight, double Passes);

/// <summary>
/// What links pass in a PageRank run: a link u→v of weight w carries d·x(u)·w/W(u), W(u) being the weight of all links
/// of u. The sum over a node's links in, with its share of teleport and dangling mass, is its score.
/// </summary>
public sealed class LinkFlow
{
    private readonly LinkGraph _graph;
    private readonly ScoreColumn _scores;
    private readonly double _damping;
    private readonly bool _weighted;

    /// <exception cref="RunLacksException">The run has no PageRank.</exception>
    public LinkFlow(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _graph = run.Graph;
        _scores = run.Column("pagerank") ?? throw new RunLacksException(run.Id, "has no pagerank: rank again");
        JsonObject options = run.Manifest.Configuration["pagerank"];
        _damping = (double)options["damping"]!;
        _weighted = (bool)options["weighted"]! && _graph.OutWeights is not null;
    }

    /// <summary>The links into a node that pass most, most first; equal ones by the number of their source.</summary>
    public Flow[] Into(int node, int count, CancellationToken cancel)
    {
        long start = _graph.InOffsets[node], end = _graph.InOffsets[node + 1L];
        return Largest(start, end, count, position =>
        {
            int source = (int)_graph.InLinks[position];
            double weight = _weighted ? _graph.InWeights![position] : 1;
            return new Flow(source, weight, Passes(source, weight));
        }, cancel);
    }

    /// <summary>The links of a node that pass most, most first; equal ones by the number of their target.</summary>
    public Flow[] OutOf(int node, int count, CancellationToken cancel)
    {
        long start = _graph.OutOffsets[node], end = _graph.OutOffsets[node + 1L];
        double all = Weight(node);
        return Largest(start, end, count, position =>
        {
            double weight = _weighted ? _graph.OutWeights![position] : 1;
            return new Flow((int)_graph.OutLinks[position], weight, all > 0 ? _damping * _scores[node] * weight / all : 0);
        }, cancel);
    }

    private double Passes(int source, double weight) => Weight(source) is > 0 and { } all ? _damping * _scores[source] * weight / all : 0;

    private double Weight(int node) => _weighted ? _graph.OutTotal(node) : _graph.OutDegree(node); // lost weight is in the denominator too

    private static Flow[] Largest(long start, long end, int count, Func<long, Flow> at, CancellationToken cancel)
    {
        var heap = new PriorityQueue<Flow, (double Passes, int Node)>(Comparer<(double Passes, int Node)>.Create(
            (a, b) => a.Passes != b.Passes ? a.Passes.CompareTo(b.Passes) : b.Node.CompareTo(a.Node)));
        for (long position = start; position < end && count > 0; position++)
        {
            cancel.ThrowIfCancellationRequested();
            Flow flow = at(position);
            if (heap.Count < count)
                heap.Enqueue(flow, (flow.Passes, flow.Node));
            else
                heap.EnqueueDequeue(flow, (flow.Passes, flow.Node));
        }
        var flows = new Flow[heap.Count];
        for (int i = flows.Length - 1; i >= 0; i--)
            flows[i] = heap.Dequeue();
        return flows;
    }
}
