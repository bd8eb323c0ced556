using System.Diagnostics;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>Which links to follow.</summary>
public enum LinkDirection
{
    /// <summary>From a node to those that link to it.</summary>
    In,

    /// <summary>From a node to those that it links to.</summary>
    Out,

    Both,
}

/// <summary>How far around a node to look.</summary>
public sealed record NeighbourhoodOptions
{
    /// <summary>Links from the node, 1 to 4. Default 2.</summary>
    public int Depth { get; init; } = 2;

    /// <summary>Neighbours of the node itself, those that pass most to it, or get most from it; 1 to 500. Default 50.</summary>
    public int Top { get; init; } = 50;

    /// <summary>Neighbours of each further node, 0 to 100. Default 10.</summary>
    public int TopBelow { get; init; } = 10;

    public LinkDirection Direction { get; init; } = LinkDirection.In;

    /// <summary>Nodes at most, 1 to 10,000. Default 1,000: more cannot be seen.</summary>
    public int MostNodes { get; init; } = 1000;

    internal void Check()
    {
        (string Name, int Value, int Least, int Most)[] all = [("depth", Depth, 1, 4), ("top", Top, 1, 500), ("top_below", TopBelow, 0, 100), ("most_nodes", MostNodes, 1, 10_000)];
        foreach ((string name, int value, int least, int most) in all)
            if (value < least || value > most)
                throw new RequestException(name, $"{{{name}}} must be {least} to {most}, not {value}");
    }
}

/// <summary>One step of a path.</summary>
/// <param name="Share">P(u,v), 0 to 1.</param>
/// <param name="Passes">Raw authority that the link passes.</param>
public readonly record struct PathLink(string Source, string Target, double Weight, double Share, double Passes);

/// <summary>A way from one node to another along links.</summary>
/// <param name="Nodes">From the first to the last.</param>
/// <param name="Strength">Product of damping × share over its links: what of the first node's authority arrives by this way alone.</param>
public sealed record LinkPath(IReadOnlyList<string> Nodes, IReadOnlyList<PathLink> Links, double Strength);

/// <summary>What a search of paths found.</summary>
/// <param name="Paths">Shortest ones by falling strength, or the strongest one; none where none was found.</param>
/// <param name="Complete">Whether it is certain: false where the search was given up for its limits.</param>
/// <param name="Touched">Nodes that were looked at.</param>
public sealed record PathSearch(IReadOnlyList<LinkPath> Paths, bool Complete, long Touched);

/// <summary>
/// Looks around in a graph: neighbourhoods by what links pass, and paths.
/// <code>
/// neighbourhood   breadth first; of each node the neighbours that pass most to it (get most from it), never more than the limits
/// shortest        breadth first from both ends, the smaller frontier next; then all shortest paths through the nodes where both met, as many as asked for
/// strongest       the path with the greatest Π d·P(u,v): Dijkstra's algorithm on −log(d·P), forward; d &lt; 1 makes longer ways cost more
/// </code>
/// Bounded by nodes touched and by time, and said where that ended it. Repeatable but for the limit of time: neighbours by node number.
/// </summary>
public static class GraphSearch
{
    /// <summary>Nodes that a search of paths looks at, at most.</summary>
    public const int MostTouched = 2_000_000;

    /// <summary>Seconds after which a search of paths is given up.</summary>
    public const double MostSeconds = 5;

    /// <summary>A node, its neighbours, and theirs.</summary>
    /// <param name="spamScore">Score of the spam cluster that a node is in; null for none, or where nobody knows.</param>
    /// <returns>The extract, and whether the limit of nodes cut it short.</returns>
    /// <exception cref="RequestException">An option is out of its range.</exception>
    public static (Neighbourhood Extract, bool Cut) Around(RunAuthority authority, int node, NeighbourhoodOptions? options = null, Func<int, double?>? spamScore = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        options ??= new NeighbourhoodOptions();
        options.Check();
        var nodes = new List<NeighbourNode>();
        var known = new HashSet<int>();
        var links = new Dictionary<(int, int), NeighbourLink>();
        bool cut = false;
        Add(node, 0);
        for (int at = 0; at < nodes.Count; at++)
        {
            cancel.ThrowIfCancellationRequested();
            NeighbourNode from = nodes[at];
            if (from.Distance == options.Depth)
                break;
            int count = from.Distance == 0 ? options.Top : options.TopBelow;
            IEnumerable<NeighbourLink> around = (options.Direction != LinkDirection.Out ? Largest(authority, from.Node, count, into: true, cancel) : [])
                .Concat(options.Direction != LinkDirection.In ? Largest(authority, from.Node, count, into: false, cancel) : []);
            foreach (NeighbourLink link in around)
            {
                int other = link.Source == from.Node ? link.Target : link.Source;
                if (!known.Contains(other))
                {
                    if (nodes.Count >= options.MostNodes)
                    {
                        cut = true;
                        continue;
                    }
                    Add(other, from.Distance + 1);
                }
                links[(link.Source, link.Target)] = link;
            }
        }
        return (Neighbourhood.Of(nodes, links.Values), cut);

        void Add(int found, int distance)
        {
            known.Add(found);
            double raw = authority.Solved.Raw[found];
            nodes.Add(new NeighbourNode(found, authority.Graph.Names[found], raw, authority.ScoreOf(found, raw), distance, spamScore?.Invoke(found)));
        }
    }

    /// <summary>The links into or out of a node that pass most, most first; those to itself left out.</summary>
    private static NeighbourLink[] Largest(RunAuthority authority, int node, int count, bool into, CancellationToken cancel)
    {
        LinkGraph graph = authority.Graph;
        MappedArray<long> offsets = into ? graph.InOffsets : graph.OutOffsets;
        MappedArray<uint> ends = into ? graph.InLinks : graph.OutLinks;
        MappedArray<float>? weights = into ? graph.InWeights : graph.OutWeights;
        var heap = new PriorityQueue<NeighbourLink, (double Passes, int Node)>(Comparer<(double Passes, int Node)>.Create((a, b) => a.Passes != b.Passes ? a.Passes.CompareTo(b.Passes) : b.Node.CompareTo(a.Node)));
        for (long i = offsets[node]; i < offsets[node + 1L] && count > 0; i++)
        {
            if ((i & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int other = (int)ends[i];
            if (other == node)
                continue;
            int source = into ? other : node;
            double weight = weights is null ? 1 : weights[i], share = authority.Share(source, weight), passes = authority.Solved.Damping * share * authority.Solved.Raw[source];
            var link = new NeighbourLink(source, into ? node : other, weight, share, passes);
            if (heap.Count < count)
                heap.Enqueue(link, (passes, other));
            else
                heap.EnqueueDequeue(link, (passes, other));
        }
        var largest = new NeighbourLink[heap.Count];
        for (int i = largest.Length - 1; i >= 0; i--)
            largest[i] = heap.Dequeue();
        return largest;
    }

    /// <summary>The shortest paths between two nodes, at most <paramref name="count"/> of them, the strongest of those found first.</summary>
    /// <param name="longest">Links of a path, at most.</param>
    public static PathSearch Shortest(RunAuthority authority, int from, int to, int count = 3, int longest = 10, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        LinkGraph graph = authority.Graph;
        if (from == to)
            return new PathSearch([Told(authority, [from])], true, 1);
        long started = Stopwatch.GetTimestamp();
        Dictionary<int, int> ahead = new() { [from] = 0 }, behind = new() { [to] = 0 }; // distance from the start, and to the end
        List<int> front = [from], back = [to];
        int reached = 0, left = 0, best = int.MaxValue; // levels done from either end
        bool complete = true;
        while (front.Count > 0 && back.Count > 0 && reached + left < Math.Min(longest, best))
        {
            bool forward = Degrees(front, graph.OutOffsets) <= Degrees(back, graph.InOffsets);
            (List<int> level, Dictionary<int, int> own, Dictionary<int, int> other) = forward ? (front, ahead, behind) : (back, behind, ahead);
            var next = new List<int>();
            int distance = (forward ? ++reached : ++left);
            foreach (int node in level)
            {
                if (ahead.Count + (long)behind.Count > MostTouched || Stopwatch.GetElapsedTime(started).TotalSeconds > MostSeconds)
                {
                    complete = false;
                    break;
                }
                cancel.ThrowIfCancellationRequested();
                foreach (uint neighbour in forward ? graph.OutOf(node) : graph.InOf(node))
                    if (own.TryAdd((int)neighbour, distance))
                    {
                        next.Add((int)neighbour);
                        if (other.TryGetValue((int)neighbour, out int rest))
                            best = Math.Min(best, distance + rest);
                    }
            }
            if (!complete)
                break;
            if (forward)
                front = next;
            else
                back = next;
        }
        if (best == int.MaxValue)
            return new PathSearch([], complete && !(front.Count > 0 && back.Count > 0), ahead.Count + (long)behind.Count);
        var paths = new List<LinkPath>();
        // Every shortest path passes a node at each distance; take the level where both searches have been.
        int middle = ahead.Where(a => behind.TryGetValue(a.Key, out int rest) && a.Value + rest == best).Max(a => a.Value);
        foreach (int node in ahead.Where(a => a.Value == middle && behind.TryGetValue(a.Key, out int rest) && a.Value + rest == best).Select(a => a.Key).Order())
            foreach (int[] start in Ways(node, ahead, graph.InOf, Considered))
                foreach (int[] end in Ways(node, behind, graph.OutOf, Considered))
                {
                    if (paths.Count >= Considered)
                        break;
                    paths.Add(Told(authority, [.. start.Reverse(), .. end.Skip(1)]));
                }
        return new PathSearch([.. paths.OrderByDescending(p => p.Strength).Take(count)], complete, ahead.Count + (long)behind.Count);
    }

    private const int Considered = 200; // shortest paths of which the strongest are told

    private delegate ReadOnlySpan<uint> Row(int node);

    /// <summary>Ways from a node back to where its distances begin.</summary>
    private static IEnumerable<int[]> Ways(int node, Dictionary<int, int> distances, Row towards, int most)
    {
        var open = new Stack<int[]>();
        open.Push([node]);
        while (open.TryPop(out int[]? way) && most > 0)
        {
            int at = way[^1], distance = distances[at];
            if (distance == 0)
            {
                most--;
                yield return way;
                continue;
            }
            foreach (uint neighbour in towards(at).ToArray())
                if (distances.TryGetValue((int)neighbour, out int other) && other == distance - 1 && open.Count < 10 * Considered)
                    open.Push([.. way, (int)neighbour]);
        }
    }

    private static long Degrees(List<int> level, MappedArray<long> offsets) => level.Sum(node => offsets[node + 1L] - offsets[node]);

    /// <summary>The path by which most of one node's authority reaches another.</summary>
    public static PathSearch Strongest(RunAuthority authority, int from, int to, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(authority);
        LinkGraph graph = authority.Graph;
        double damping = authority.Solved.Damping;
        long started = Stopwatch.GetTimestamp();
        var strength = new Dictionary<int, (double Cost, int Before)> { [from] = (0, -1) };
        var settled = new HashSet<int>();
        var queue = new PriorityQueue<int, (double Cost, int Node)>();
        queue.Enqueue(from, (0, from));
        while (queue.TryDequeue(out int node, out (double Cost, int Node) at))
        {
            if (node == to)
            {
                var way = new List<int>();
                for (int step = to; step >= 0; step = strength[step].Before)
                    way.Add(step);
                way.Reverse();
                return new PathSearch([Told(authority, [.. way])], true, strength.Count);
            }
            if (!settled.Add(node))
                continue;
            cancel.ThrowIfCancellationRequested();
            if (strength.Count > MostTouched || Stopwatch.GetElapsedTime(started).TotalSeconds > MostSeconds)
                return new PathSearch([], false, strength.Count);
            for (long i = graph.OutOffsets[node]; i < graph.OutOffsets[node + 1L]; i++)
            {
                int next = (int)graph.OutLinks[i];
                double share = authority.Share(node, graph.OutWeight(i));
                if (!(share > 0) || settled.Contains(next))
                    continue;
                double cost = at.Cost - Math.Log(damping * share);
                if (!strength.TryGetValue(next, out (double Cost, int Before) known) || cost < known.Cost)
                {
                    strength[next] = (cost, node);
                    queue.Enqueue(next, (cost, next));
                }
            }
        }
        return new PathSearch([], true, strength.Count);
    }

    private static LinkPath Told(RunAuthority authority, int[] nodes)
    {
        var links = new PathLink[nodes.Length - 1];
        double strength = 1;
        for (int i = 0; i < links.Length; i++)
        {
            int place = authority.Graph.OutOf(nodes[i]).BinarySearch((uint)nodes[i + 1]);
            double weight = authority.Graph.OutWeight(authority.Graph.OutOffsets[nodes[i]] + place), share = authority.Share(nodes[i], weight);
            links[i] = new PathLink(authority.Graph.Names[nodes[i]], authority.Graph.Names[nodes[i + 1]], weight, share, authority.Solved.Damping * share * authority.Solved.Raw[nodes[i]]);
            strength *= authority.Solved.Damping * share;
        }
        return new LinkPath([.. nodes.Select(node => authority.Graph.Names[node])], links, strength);
    }
}
